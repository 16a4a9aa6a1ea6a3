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
RESET client_min_messages;
-- What a trigger says of a row is no part of a trace.
INSERT INTO notes VALUES ('one');
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it says %', NEW.note; END $$;
CREATE TRIGGER tell BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION tell();
SELECT db_adapter.backup_document(:'s') AS document \gset
SET client_min_messages = debug1;
SELECT "table", inserted, skipped, failed FROM db_adapter.restore(:'document') ORDER BY 1;
RESET client_min_messages;
DROP TRIGGER tell ON notes;
SET client_min_messages = debug1;

-- The cache and validation.
DO $$ BEGIN PERFORM db_adapter.expected('CREATE TABLE trace.t (id int);', '{trace}'); END $$;
DO $$ BEGIN PERFORM db_adapter.expected('CREATE TABLE trace.t (id int);', '{trace}'); END $$;
DO $$ BEGIN PERFORM db_adapter.validate('{"authors": ["id"]}', '{trace}'); END $$;
RESET client_min_messages;

-- What deletion and digests read and reach.
CREATE TABLE reviews (id int PRIMARY KEY, author_id int REFERENCES authors ON DELETE CASCADE);
SET client_min_messages = debug1;
SELECT * FROM db_adapter.delete_rows(:'s', '{"trace.authors": [{"slug": "b", "user_id": "u1"}]}', dry_run => true);
SELECT * FROM db_adapter.delete_rows(:'s', '{"trace.authors": [{"slug": "b", "user_id": "u1"}]}', cascade => true, dry_run => true);
SELECT count(*) FROM db_adapter.digest(:'s', 'trace.authors');
SELECT count(*) FROM db_adapter.digest_rows(:'s', 'trace.authors', '{0}', buckets => 64);
SELECT count(*) FROM db_adapter.digest_rows(:'s', 'trace.authors', '{0,1}', buckets => 2);
RESET client_min_messages;
DROP TABLE reviews;

-- The order of a plan: a table goes early, as a view of whose type it has a column is in the way.
CREATE VIEW titles AS SELECT title FROM books;
CREATE TABLE of_titles (title titles);
SELECT db_adapter.expected($$
    CREATE TABLE trace.authors (id serial PRIMARY KEY, user_id text, slug text, UNIQUE (user_id, slug));
    CREATE TABLE trace.books (id serial PRIMARY KEY, author_id int NOT NULL REFERENCES trace.authors,
        title varchar(9) CHECK (title <> 'no'), UNIQUE (author_id, title));
    CREATE TABLE trace.notes (note text);
    $$, '{trace}') AS expected \gset
SET client_min_messages = debug2;
SELECT db_adapter.plan(:'expected', allow_drop => true, verify => false) AS plan \gset
RESET client_min_messages;
SET client_min_messages = warning;
DROP SCHEMA trace CASCADE;
