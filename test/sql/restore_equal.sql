-- Rows of a file that are one row here, rows that nothing holds, and references that lead elsewhere than they are declared to.
SET client_min_messages = warning;
CREATE SCHEMA re;
SET search_path = re;

-- Keys that only this database calls equal: the last one stays, and all others are told.
CREATE COLLATION lax (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE tags (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, body text);
\set schema '{"tables": [{"name": "re.tags", "user_field": null}]}'
INSERT INTO tags (slug, body) VALUES ('Red', '1'), ('blue', '2'), ('RED', '3'), ('red', '4');
SELECT db_adapter.backup_document(:'schema') AS file \gset
TRUNCATE tags;
ALTER TABLE tags ALTER slug TYPE text COLLATE lax;
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT slug, body FROM tags ORDER BY 2;
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file', mode => 'overwrite');
TRUNCATE tags;
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file');
SELECT slug, body FROM tags ORDER BY 2;
-- a file whose rows are one each has nothing to tell
SELECT db_adapter.backup_document(:'schema') AS file \gset
BEGIN;
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file', mode => 'overwrite');
COMMIT;

-- Rows with a NULL in their match key are found by all they hold, and held where that is allowed.
CREATE TABLE plain (id serial PRIMARY KEY, slug text UNIQUE, body text);
\set schema '{"tables": [{"name": "re.plain", "user_field": null}]}'
INSERT INTO plain (slug, body) VALUES (NULL, '1'), ('b', '2');
SELECT db_adapter.backup_document(:'schema') AS file \gset
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file');
CREATE ROLE regress_adder;
GRANT USAGE ON SCHEMA re, db_adapter TO regress_adder;
GRANT SELECT, INSERT ON plain TO regress_adder;
GRANT EXECUTE ON FUNCTION db_adapter.restore TO regress_adder;
SET ROLE regress_adder;
SELECT inserted, updated, skipped, notes FROM db_adapter.restore(:'file');
RESET ROLE;
DROP OWNED BY regress_adder;
DROP ROLE regress_adder;

-- A foreign key is believed before the backup schema.
CREATE TABLE ones (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE twos (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE both_of (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, one_id int REFERENCES ones);
\set schema '{"tables": [{"name": "re.ones", "user_field": null}, {"name": "re.twos", "user_field": null}, {"name": "re.both_of", "user_field": null, "optional_refs": [{"table": "re.twos", "field": "one_id"}]}]}'
INSERT INTO ones (slug) VALUES ('x'), ('y');
INSERT INTO both_of (slug, one_id) VALUES ('b', 2);
SELECT severity, "table", message FROM db_adapter.check_backup_schema(:'schema') WHERE severity = 'error';
SELECT db_adapter.backup_document(:'schema') AS file \gset
SELECT "table", inserted FROM db_adapter.restore(:'file', mode => 'overwrite');

-- What knows no keys there (a view, a foreign table) is derived without references: here they are asked for.
CREATE TABLE owners (id int PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE cats (id int PRIMARY KEY, slug text UNIQUE NOT NULL, owner_id int NOT NULL REFERENCES owners);
INSERT INTO owners VALUES (1, 'ann'), (2, 'ben');
INSERT INTO cats VALUES (1, 'tom', 1);
CREATE VIEW owners_view AS SELECT * FROM owners;
CREATE VIEW cats_view AS SELECT * FROM cats;
SELECT db_adapter.derive_backup_schema('{owners_view,cats_view}') AS derived \gset
SELECT t -> 'name' AS name, t -> 'pk' AS pk, t -> 'parents' AS parents FROM jsonb_array_elements(:'derived'::jsonb -> 'tables') t;
SELECT replace(db_adapter.backup_document(:'derived'), '_view', '') AS file \gset
UPDATE owners SET slug = slug || id;
DELETE FROM cats;
SELECT "table", inserted FROM db_adapter.restore(:'file', accept_damaged => true);
-- the same where ids are kept, but rows are found by something else
SELECT "table", inserted FROM db_adapter.restore(:'file', accept_damaged => true, backup_schema =>
    '{"tables": [{"name": "re.owners", "user_field": null, "match_parents": false}, {"name": "re.cats", "user_field": null}]}');
SELECT count(*) FROM cats;

DROP SCHEMA re CASCADE;
