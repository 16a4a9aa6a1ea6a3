-- What decided, told to whoever asks for it: never a value.
CREATE SCHEMA trace;
SET search_path = trace;
CREATE TABLE authors (id serial PRIMARY KEY, user_id text, slug text, UNIQUE (user_id, slug));
CREATE TABLE books (id serial PRIMARY KEY, author_id int NOT NULL REFERENCES authors, title text CHECK (title <> 'no'), UNIQUE (author_id, title));
CREATE TABLE notes (note text);
INSERT INTO authors (user_id, slug) VALUES ('u1', 'a'), ('u1', 'b');
INSERT INTO books (author_id, title) SELECT id, slug || '1' FROM authors;
INSERT INTO notes VALUES ('kept secret');
SELECT '{"tables": [{"name": "trace.authors", "slug_field": "slug", "user_field": "user_id"},
    {"name": "trace.books", "slug_field": "title", "user_field": null, "parent": {"table": "trace.authors", "field": "author_id"}}, {"name": "trace.notes", "pk": null, "slug_field": null, "user_field": null}]}' AS s \gset

-- Once in silence: what the server tells at these levels, it tells the first time.
SELECT db_adapter.backup_document(:'s') AS document \gset
BEGIN;
SELECT count(*) FROM db_adapter.restore(:'document');
ROLLBACK;
DO $$ BEGIN PERFORM db_adapter.expected('CREATE TABLE trace.t (id int, name text);', '{trace}'); END $$;

SET client_min_messages = debug1;
SELECT db_adapter.backup_document(:'s', filters => '{"trace.notes": {"note": "kept secret"}}') AS document \gset
SET client_min_messages = debug3;
SELECT "table", inserted, skipped, failed FROM db_adapter.restore(replace(:'document', '"a1"', '"a2"'), accept_damaged => true) ORDER BY 1;
RESET client_min_messages;

-- A row that a statement refuses ends the batch it is in.
SELECT replace(replace(:'document', '"a1"', '"no"'), '"b1"', '"b2"') AS document \gset
SET client_min_messages = debug1;
SELECT "table", inserted, skipped, failed FROM db_adapter.restore(:'document', accept_damaged => true) ORDER BY 1;

-- The cache and validation.
DO $$ BEGIN PERFORM db_adapter.expected('CREATE TABLE trace.t (id int);', '{trace}'); END $$;
DO $$ BEGIN PERFORM db_adapter.expected('CREATE TABLE trace.t (id int);', '{trace}'); END $$;
DO $$ BEGIN PERFORM db_adapter.validate('{"authors": ["id"]}', '{trace}'); END $$;
RESET client_min_messages;
SET client_min_messages = warning;
DROP SCHEMA trace CASCADE;
