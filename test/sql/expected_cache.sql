-- The cache of expected: when a document is served again, and when not.
SET client_min_messages = warning;
SELECT current_database() AS db \gset
CREATE ROLE regress_da_cached;
GRANT CREATE ON DATABASE :"db" TO regress_da_cached;
GRANT EXECUTE ON FUNCTION db_adapter.expected(text, name[], text, boolean) TO regress_da_cached;
CREATE SCHEMA outside;
CREATE TABLE outside.users (id int PRIMARY KEY);
CREATE SCHEMA mine AUTHORIZATION regress_da_cached;
DELETE FROM db_adapter.expected_cache;

-- A document that was changed by hand shows where it comes from.
CREATE FUNCTION mark() RETURNS void LANGUAGE sql AS $$UPDATE db_adapter.expected_cache SET document = '"kept"'$$;
\set text 'CREATE TABLE t (id int REFERENCES outside.users)'
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived;
SELECT count(*), mark() FROM db_adapter.expected_cache;
SELECT db_adapter.expected(:'text');
SELECT db_adapter.expected(:'text', allow_do => true) <> '"kept"' AS derived;
SELECT db_adapter.expected(:'text' || ' ') <> '"kept"' AS derived;
SELECT db_adapter.expected(ARRAY[:'text']) <> '"kept"' AS derived;
SELECT db_adapter.expected(:'text', search_path => 'public') <> '"kept"' AS derived;
SELECT db_adapter.expected(:'text', '{public}') <> '"kept"' AS derived;
SET DateStyle = 'SQL, DMY';
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived;
RESET DateStyle;
SET transform_null_equals = on;
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived;
RESET transform_null_equals;
SELECT db_adapter.expected(:'text');

-- It follows what the text may see elsewhere ...
ALTER TABLE outside.users ADD name text;
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived, mark();
SELECT db_adapter.expected(:'text');
ALTER SCHEMA outside RENAME TO away;
SELECT db_adapter.expected(:'text');
ALTER SCHEMA away RENAME TO outside;
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived, mark();
COMMENT ON SCHEMA public IS 'changed';
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived, mark();
COMMENT ON SCHEMA public IS 'standard public schema';
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived, mark();
CREATE EXTENSION hstore SCHEMA outside;
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived, mark();
-- ... and nothing else.
CREATE SCHEMA unrelated CREATE TABLE users (id int);
CREATE TABLE public.t (id int);
CREATE ROLE regress_da_unrelated;
SELECT db_adapter.expected(:'text');
\set owned 'CREATE TABLE t (id int); ALTER TABLE t OWNER TO regress_da_new;'
SELECT db_adapter.expected(:'owned') #>> '{tables,0,owner}' = current_user AS role_missing;
CREATE ROLE regress_da_new;
SELECT db_adapter.expected(:'owned') #>> '{tables,0,owner}';
\set like 'CREATE TABLE l (LIKE outside.users)'
SELECT jsonb_array_length(db_adapter.expected(:'like') #> '{tables,0,columns}');
ALTER TABLE outside.users ADD more text;
SELECT jsonb_array_length(db_adapter.expected(:'like') #> '{tables,0,columns}');

CREATE TYPE outside.mood AS ENUM ('glad');
\set moody 'CREATE TABLE m (a outside.mood DEFAULT ''glad'')'
SELECT db_adapter.expected(:'moody') #>> '{tables,0,columns,0,default}';
ALTER TYPE outside.mood RENAME VALUE 'glad' TO 'merry';
SELECT db_adapter.expected(:'moody');
CREATE CAST (outside.mood AS text) WITH INOUT AS IMPLICIT;
\set casting 'CREATE TABLE c (a outside.mood CHECK (a LIKE ''m%''))'
SELECT db_adapter.expected(:'casting') #>> '{tables,0,constraints,0,expression}';
DROP CAST (outside.mood AS text);
SELECT db_adapter.expected(:'casting');

-- A standby and a read-only transaction read it.
SELECT db_adapter.expected(:'text') <> '"kept"' AS derived, mark();
BEGIN READ ONLY;
SELECT db_adapter.expected(:'text');
SELECT db_adapter.expected('CREATE TABLE never_seen (id int)');
ROLLBACK;

-- Another role has its own, and rights are checked each time.
SET ROLE regress_da_cached;
SELECT * FROM db_adapter.expected_cache;
SELECT db_adapter.expected('CREATE TABLE t (a int)', '{mine}') <> '"kept"' AS derived;
RESET ROLE;
SELECT mark();
SET ROLE regress_da_cached;
SELECT db_adapter.expected('CREATE TABLE t (a int)', '{mine}');
RESET ROLE;
ALTER SCHEMA mine OWNER TO CURRENT_USER;
SET ROLE regress_da_cached;
SELECT db_adapter.expected('CREATE TABLE t (a int)', '{mine}');
RESET ROLE;
ALTER SCHEMA mine OWNER TO regress_da_cached;
REVOKE CREATE ON DATABASE :"db" FROM regress_da_cached;
SET ROLE regress_da_cached;
SELECT db_adapter.expected('CREATE TABLE t (a int)', '{mine}');
RESET ROLE;

-- It is bounded, an error leaves nothing, a rolled-back transaction neither.
SELECT count(db_adapter.expected(format('CREATE TABLE t (c%s int)', i))) FROM generate_series(1, 70) i;
SELECT count(*), count(DISTINCT key) = count(*) AS distinct FROM db_adapter.expected_cache;
DELETE FROM db_adapter.expected_cache;
SELECT db_adapter.expected('CREATE TABLE t (a nosuch)');
BEGIN;
SELECT count(db_adapter.expected('CREATE TABLE rolled_back (a int)'));
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(db_adapter.expected('CREATE TABLE in_repeatable_read (a int)'));
SELECT mark();
SELECT db_adapter.expected('CREATE TABLE in_repeatable_read (a int)');
COMMIT;
-- A serializable transaction must not fail for what others derive.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(db_adapter.expected('CREATE TABLE in_serializable (a int)'));
COMMIT;
SELECT count(*) FROM db_adapter.expected_cache;

DELETE FROM db_adapter.expected_cache;
DROP EXTENSION hstore;
DROP SCHEMA outside, unrelated, mine CASCADE;
REVOKE ALL ON FUNCTION db_adapter.expected(text, name[], text, boolean) FROM regress_da_cached;
DROP TABLE public.t;
DROP FUNCTION mark;
DROP ROLE regress_da_cached, regress_da_unrelated, regress_da_new;
