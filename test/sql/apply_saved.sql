-- Rows put aside by apply come back by restore.
SET client_min_messages = warning;
CREATE ROLE regress_saver;
CREATE SCHEMA saved AUTHORIZATION regress_saver;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA db_adapter TO regress_saver;
SET ROLE regress_saver;
CREATE TABLE saved.item (id int PRIMARY KEY, label text, price numeric);
INSERT INTO saved.item VALUES (1, 'a', 1.50), (2, NULL, 2);
SELECT db_adapter.introspect('{saved}') AS want \gset
ALTER TABLE saved.item ADD stock int;
UPDATE saved.item SET stock = id * 10;
SELECT a #> '{saved,0,rows}' AS saved FROM db_adapter.apply(db_adapter.plan(:'want', allow_drop => true), confirm => true) a;
SELECT * FROM saved.item ORDER BY id;
SELECT "table", rows, owner FROM db_adapter.saved_rows;
SELECT max(id) AS id FROM db_adapter.saved_rows \gset
ALTER TABLE saved.item ADD stock int;
SELECT "table", updated, failed FROM db_adapter.restore((SELECT string_agg(chunk, e'\n') FROM db_adapter.saved_document(:id) chunk), mode => 'overwrite');
SELECT * FROM saved.item ORDER BY id;

-- A plan without losses, or without backup, saves nothing
SELECT db_adapter.apply(db_adapter.plan(:'want', allow_drop => true), confirm => true, backup => false) -> 'saved' AS saved;

-- Others see nothing of it
RESET ROLE;
CREATE ROLE regress_nosy;
SET ROLE regress_nosy;
SELECT count(*) FROM db_adapter.saved_rows;
\set VERBOSITY terse
SELECT db_adapter.saved_document(0);
SELECT set_config('regress.saved', :'id', false) AS id \gset
DO $$
BEGIN
    PERFORM db_adapter.saved_document(current_setting('regress.saved')::bigint);
EXCEPTION WHEN undefined_object THEN
    RAISE WARNING 'those of others are not there either';
END$$;
SELECT db_adapter.purge_saved_rows('-1 day');
SELECT * FROM db_adapter.saved;
SELECT * FROM db_adapter.saved_chunk;
RESET ROLE;
SET ROLE regress_saver;
SELECT db_adapter.purge_saved_rows('0 s');
RESET ROLE;
DROP SCHEMA saved CASCADE;
DROP OWNED BY regress_saver;
DROP ROLE regress_saver, regress_nosy;
