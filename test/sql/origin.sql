-- What a database is called in backups: once made, kept, and made anew where it is a copy.
CREATE TABLE things (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
INSERT INTO things (slug) VALUES ('a');

SELECT db_adapter.origin() AS origin \gset
SELECT db_adapter.origin() = :'origin' AS kept;
SELECT count(*) FROM db_adapter.database_origin;

-- Files name it.
CREATE FUNCTION origin_of_backup() RETURNS text LANGUAGE sql AS $$
    SELECT split_part(db_adapter.backup_document(db_adapter.derive_backup_schema(tables => '{things}')), E'\n', 1)::jsonb ->> 'origin' $$;
SELECT origin_of_backup() = :'origin' AS named;

-- A copy has the table, and another identifier or oid.
UPDATE db_adapter.database_origin SET database = 1;
SELECT origin_of_backup() IS NULL AS unnamed;
BEGIN READ ONLY;
SELECT db_adapter.origin() IS NULL AS unnamed;
COMMIT;
SELECT db_adapter.origin() AS renewed \gset
SELECT :'renewed' <> :'origin' AS other, db_adapter.origin() = :'renewed' AS kept;
SELECT origin_of_backup() = :'renewed' AS named;
SELECT origin = :'renewed' AS newest FROM db_adapter.database_origin ORDER BY made_at DESC;

-- A physical copy says so itself.
SELECT db_adapter.new_origin() AS newest \gset
SELECT :'newest' <> :'renewed' AS other, db_adapter.origin() = :'newest' AS kept;

-- Anybody may ask; making one is for the owner of the database, and the table for nobody.
CREATE ROLE regress_origin_asker;
SET ROLE regress_origin_asker;
SELECT db_adapter.origin() = :'newest' AS told;
SELECT db_adapter.new_origin();
SELECT * FROM db_adapter.database_origin;
RESET ROLE;
UPDATE db_adapter.database_origin SET database = 1;
SET ROLE regress_origin_asker;
SELECT db_adapter.origin() IS NOT NULL AS made;
RESET ROLE;

DROP ROLE regress_origin_asker;
DROP FUNCTION origin_of_backup();
DROP TABLE things;
