-- Whose rows a restore writes: the tenant's it was asked for, and no others.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;

-- A file brings its own backup schema, and whoever wrote it is not to be trusted.
CREATE TABLE docs (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, body text, UNIQUE (user_id, slug));
CREATE TABLE notes (id serial PRIMARY KEY, doc_id int NOT NULL REFERENCES docs, slug text NOT NULL, see_id int REFERENCES docs,
    body text, UNIQUE (doc_id, slug));
INSERT INTO docs (user_id, slug, body) VALUES ('alice', 'd', 'alice'), ('bob', 'd', 'bob');
INSERT INTO notes (doc_id, slug, body) VALUES (1, 'n', 'alice'), (2, 'n', 'bob');
CREATE FUNCTION file(schema text, VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"format":"db_adapter.backup","version":"2.0","metadata":{},"backup_schema":%s}', schema) || E'\n'
        || array_to_string(lines, E'\n') || E'\n'
$$;
CREATE FUNCTION docs_as(members text) RETURNS text LANGUAGE sql AS $$
    SELECT file('{"tables": [{"name": "docs"' || members || '}]}',
        '{"table":"docs","columns":{"id":"int4","user_id":"text","slug":"text","body":"text"}}',
        '{"id":9,"user_id":"alice","slug":"d","body":"bob was here"}')
$$;
\set bob 'user_id => \'bob\', mode => \'overwrite\', accept_damaged => true'
SET client_min_messages = error;
SELECT * FROM db_adapter.restore(docs_as(', "user_field": null, "slug_field": ["user_id", "slug"]'), :bob);
SELECT * FROM db_adapter.restore(docs_as(', "user_field": "body"'), :bob);
SELECT * FROM db_adapter.restore(docs_as(', "slug_field": ["user_id", "slug"]'), :bob);
-- what is a tenant's by its parents
\set notes '{"table":"notes","columns":{"id":"int4","doc_id":"int4","slug":"text","body":"text"}}'
\set note '{"id":9,"doc_id":1,"slug":"n","body":"bob was here"}'
SELECT * FROM db_adapter.restore(file('{"tables": [{"name": "notes", "user_field": null}]}', :'notes', :'note'), :bob);
SELECT * FROM db_adapter.restore(file('{"tables": [{"name": "docs"}, {"name": "notes", "user_field": null, "optional_refs": [{"table": "docs", "field": "doc_id"}]}]}',
    :'notes', :'note'), :bob);
SELECT * FROM db_adapter.restore(file('{"tables": [{"name": "docs"}, {"name": "notes", "user_field": null, "parents": [{"table": "docs", "field": "doc_id"}]}]}',
    :'notes', :'note'), :bob);
SELECT * FROM docs ORDER BY id;
SELECT * FROM notes ORDER BY id;
-- Whoever passes a schema is believed, and the tenant column written all the same.
SELECT "table", inserted, updated FROM db_adapter.restore(docs_as(', "user_field": null, "slug_field": ["user_id", "slug"]'), :bob,
    backup_schema => '{"tables": [{"name": "docs"}]}');
SELECT user_id, slug, body FROM docs ORDER BY id;
UPDATE docs SET body = user_id;
SET client_min_messages = warning;

-- The tenants themselves are rows of a table, which the tenant columns lead to: whose they are must be said.
CREATE TABLE people (id text PRIMARY KEY, slug text NOT NULL UNIQUE, secret text);
CREATE TABLE owned (id serial PRIMARY KEY, user_id text NOT NULL REFERENCES people, slug text NOT NULL);
INSERT INTO people VALUES ('alice', 'alice', 'hers'), ('bob', 'bob', 'his');
CREATE FUNCTION people_as(members text) RETURNS text LANGUAGE sql AS $$
    SELECT file('{"tables": [{"name": "people"' || members || '}]}',
        '{"table":"people","columns":{"id":"text","slug":"text","secret":"text"}}',
        '{"id":"alice","slug":"alice","secret":"bob was here"}', '{"id":"bob","slug":"bob","secret":"new"}')
$$;
SET client_min_messages = error;
SELECT * FROM db_adapter.restore(people_as(', "user_field": null'), :bob);
SELECT inserted, updated, skipped FROM db_adapter.restore(people_as(', "user_field": null'), user_id => 'bob', accept_damaged => true);
SELECT inserted, updated, failed FROM db_adapter.restore(people_as(', "user_field": "id"'), :bob);
SELECT * FROM people ORDER BY id;
-- a schema of the caller's is believed
SELECT inserted, updated FROM db_adapter.restore(people_as(''), :bob, backup_schema => '{"tables": [{"name": "people", "user_field": null}]}');
SET client_min_messages = warning;
DROP TABLE owned, people;

-- Whatever a schema says of match keys, a row found is the tenant's: by its parents where it has no tenant column.
CREATE TABLE boxes (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, UNIQUE (user_id, slug));
CREATE TABLE things (id serial PRIMARY KEY, box_id int NOT NULL REFERENCES boxes, serial_no text UNIQUE, body text);
INSERT INTO boxes (user_id, slug) VALUES ('alice', 'b'), ('bob', 'b');
INSERT INTO things (box_id, serial_no, body) VALUES (1, 's1', 'alice'), (2, 's2', 'bob');
\set schema '{"tables": [{"name": "boxes"}, {"name": "things", "slug_field": "serial_no", "user_field": null, "match_parents": false, "parents": [{"table": "boxes", "field": "box_id"}]}]}'
SELECT db_adapter.backup_document(:'schema', 'alice') AS file \gset
SELECT "table", inserted, updated, failed, failure_details -> 0 -> 'sqlstate' AS first
    FROM db_adapter.restore(:'file', user_id => 'bob', mode => 'overwrite', backup_schema => :'schema');
SELECT * FROM things ORDER BY id;

-- Ids that each tenant counts from 1: a key declared without the tenant leads to many rows.
CREATE TABLE nodes (tenant text NOT NULL, id int NOT NULL, slug text NOT NULL, parent int, body text,
    PRIMARY KEY (tenant, id), UNIQUE (tenant, slug));
INSERT INTO nodes VALUES ('alice', 1, 'a', 2, 'alice 1'), ('alice', 2, 'b', NULL, 'alice 2'),
    ('bob', 1, 'x', NULL, 'bob 1'), ('bob', 2, 'y', 1, 'bob 2');
\set schema '{"tables": [{"name": "nodes", "user_field": "tenant", "optional_refs": [{"table": "nodes", "field": "parent"}]}]}'
SELECT db_adapter.backup_document(:'schema', 'alice') AS file \gset
SELECT inserted, updated, failed FROM db_adapter.restore(:'file', user_id => 'carol');
UPDATE nodes SET body = 'changed', parent = NULL WHERE tenant = 'alice';
SELECT inserted, updated, failed FROM db_adapter.restore(:'file', user_id => 'alice', mode => 'overwrite');
UPDATE nodes SET body = 'changed', parent = NULL WHERE tenant = 'alice';
SELECT inserted, updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT * FROM nodes ORDER BY tenant, id;

-- Without a unique index behind it nothing is updated.
CREATE TABLE loose (tenant text NOT NULL, id int NOT NULL, slug text NOT NULL, body text);
INSERT INTO loose VALUES ('alice', 1, 'a', 'alice'), ('bob', 1, 'x', 'bob');
SELECT db_adapter.backup_document('{"tables": [{"name": "loose", "user_field": "tenant"}]}', 'alice') AS file \gset
UPDATE loose SET body = 'changed' WHERE tenant = 'alice';
SELECT * FROM db_adapter.restore(:'file', user_id => 'alice', mode => 'overwrite');
SELECT inserted, skipped FROM db_adapter.restore(:'file', user_id => 'alice');
CREATE UNIQUE INDEX ON loose (tenant, slug);
UPDATE loose SET body = 'changed' WHERE tenant = 'alice';
SELECT updated FROM db_adapter.restore(:'file', user_id => 'alice', mode => 'overwrite');
SELECT * FROM loose ORDER BY tenant;
-- What policies or triggers keep as it is was not updated.
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
UPDATE loose SET body = 'changed' WHERE tenant = 'alice';
CREATE TRIGGER keep BEFORE UPDATE ON loose FOR EACH ROW EXECUTE FUNCTION keep();
SELECT updated, skipped, unchanged, notes FROM db_adapter.restore(:'file', user_id => 'alice', mode => 'overwrite');

-- A foreign key over the tenant column: rows are told apart by the tenant all the same.
CREATE TABLE a (user_id text, id int, slug text NOT NULL, PRIMARY KEY (user_id, id), UNIQUE (user_id, slug));
CREATE TABLE b (user_id text, id int, slug text NOT NULL, a_id int NOT NULL, PRIMARY KEY (user_id, id), UNIQUE (user_id, slug),
    FOREIGN KEY (user_id, a_id) REFERENCES a);
INSERT INTO a VALUES ('u1', 1, 'x'), ('u2', 1, 'x');
INSERT INTO b VALUES ('u1', 1, 'y', 1), ('u2', 1, 'y', 1);
SELECT db_adapter.derive_backup_schema('{a,b}') AS schema \gset
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'b', NULL) ORDER BY 1;
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'b', NULL, 'u1') ORDER BY 1;
BEGIN;
SELECT * FROM db_adapter.delete_rows(:'schema', '{"b": [{"slug": "y"}]}');
SELECT * FROM db_adapter.delete_rows(:'schema', '{"b": [{"slug": "y", "user_id": "u1"}]}');
SELECT * FROM b ORDER BY 1;
ROLLBACK;
SELECT * FROM db_adapter.delete_rows(:'schema', '{"b": [{"slug": "y"}]}', 'u2');
SELECT * FROM b;
-- A tenant column that holds another row's id stands by that row's match key.
CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE NOT NULL);
CREATE TABLE cards (id serial PRIMARY KEY, user_id int REFERENCES people, slug text NOT NULL, UNIQUE (user_id, slug));
INSERT INTO people (name) VALUES ('ann'), ('ben');
INSERT INTO cards (user_id, slug) VALUES (1, 'c'), (2, 'c');
SELECT match_key FROM db_adapter.digest_rows('{"tables": [{"name": "people", "slug_field": "name", "user_field": null},
    {"name": "cards", "parents": [{"table": "people", "field": "user_id"}]}]}', 'cards', NULL) ORDER BY 1;

-- Nothing is NULL in a tenant column but by the file's own word.
CREATE TABLE c (id serial PRIMARY KEY, user_id text, slug text, a_id int, UNIQUE (user_id, slug),
    FOREIGN KEY (user_id, a_id) REFERENCES a);
SELECT inserted, nulled_refs FROM db_adapter.restore(file('{"tables": [{"name": "a", "pk": ["user_id", "id"]}, {"name": "c", "optional_refs": [{"table": "a", "field": ["user_id", "a_id"]}]}]}',
    '{"table":"c","columns":{"id":"int4","user_id":"text","slug":"text","a_id":"int4"}}',
    '{"id":1,"user_id":"u1","slug":"c","a_id":7}', '{"end":true}'), user_id => 'u2', accept_damaged => true) WHERE "table" = 'c';
SELECT user_id, slug, a_id FROM c;

-- Rows that triggers of other tables made meanwhile are the file's, in every mode.
CREATE TABLE users (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE profiles (id serial PRIMARY KEY, user_id int NOT NULL UNIQUE REFERENCES users, bio text);
CREATE FUNCTION make_profile() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO public.profiles (user_id) VALUES (new.id); RETURN NULL; END';
CREATE TRIGGER make AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION make_profile();
INSERT INTO users (slug) VALUES ('a'), ('b');
UPDATE profiles SET bio = 'hello ' || user_id;
\set schema '{"tables": [{"name": "users", "user_field": null}, {"name": "profiles", "slug_field": null, "user_field": null, "parents": [{"table": "users", "field": "user_id"}]}]}'
SELECT db_adapter.backup_document(:'schema') AS file \gset
DELETE FROM profiles WHERE user_id = 2;
DELETE FROM users WHERE id = 2;
UPDATE profiles SET bio = 'mine';
SELECT "table", inserted, updated, skipped, notes - 'triggers' AS notes FROM db_adapter.restore(:'file');
SELECT slug, bio FROM profiles JOIN users ON users.id = user_id ORDER BY 1;
TRUNCATE users, profiles;
SELECT "table", inserted, updated, skipped, notes - 'triggers' AS notes FROM db_adapter.restore(:'file', mode => 'fail');
SELECT slug, bio FROM profiles JOIN users ON users.id = user_id ORDER BY 1;
-- those of the transaction before are not
BEGIN;
TRUNCATE users, profiles;
INSERT INTO users (slug) VALUES ('a');
SELECT "table", inserted, updated, skipped, notes - 'triggers' AS notes FROM db_adapter.restore(:'file');
SELECT slug, bio FROM profiles JOIN users ON users.id = user_id ORDER BY 1;
ROLLBACK;

-- A table without a column to write.
CREATE TABLE og (a int GENERATED ALWAYS AS (1) STORED);
INSERT INTO og SELECT FROM generate_series(1, 3);
SELECT db_adapter.backup_document('{"tables": [{"name": "og", "pk": null, "slug_field": null, "user_field": null}]}') AS file \gset
SELECT inserted, failed FROM db_adapter.restore(:'file');
SELECT count(*) FROM og;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
