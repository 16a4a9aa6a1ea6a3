-- The live schema as a document: every kind of object, read completely and
-- exactly.  Where the server can print an object itself, its text is the answer.
SET client_min_messages = warning;
\set ECHO none
\i test/data/torture_roles.sql
\i test/data/torture_server.sql
\i test/data/torture.sql
SELECT current_setting('server_version_num')::int >= 150000 AS v15 \gset
\if :v15
\i test/data/torture_15.sql
\endif
\set ECHO all
SET search_path = db_adapter, pg_catalog;

CREATE TEMP TABLE doc AS SELECT introspect('{torture,"Odd Schema"}') AS d;
SELECT d ->> 'format' AS format, d ->> 'version' AS version, d -> 'schemas' AS schemas,
       d ->> 'server_version' = current_setting('server_version_num') AS this_server
FROM doc;

CREATE TEMP TABLE tables AS
    SELECT t ->> 'schema' AS schema, t ->> 'name' AS name, t,
           format('%I.%I', t ->> 'schema', t ->> 'name')::regclass AS oid
    FROM doc, jsonb_array_elements((d -> 'tables') || (d -> 'views')) t;
CREATE TEMP VIEW parts AS
    SELECT oid, key AS list, part FROM tables, jsonb_each(t) m, jsonb_array_elements(m.value) part
    WHERE key IN ('columns', 'constraints', 'indexes', 'triggers', 'policies', 'rules');

-- a proper jsonb: as if it had been read from its text
SELECT d = d::text::jsonb AS equal, d @> d::text::jsonb AND d::text::jsonb @> d AS contained,
       pg_column_size(d::text::jsonb) = pg_column_size(introspect('{torture,"Odd Schema"}')) AS size, d #> '{tables,0,name}' AS path
FROM doc;

-- what there is, against the catalogs' own counts
SELECT (SELECT count(*) FROM tables) = (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname IN ('torture', 'Odd Schema') AND relkind IN ('r', 'p', 'f', 'v', 'm')) AS all_relations;
SELECT list, count(*) = max(expected) AS complete
FROM parts JOIN (
    SELECT 'columns', count(*) FROM pg_attribute WHERE attrelid IN (SELECT oid FROM tables) AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'constraints', count(*) FROM pg_constraint c WHERE conrelid IN (SELECT oid FROM tables)
        AND contype IN ('p', 'u', 'f', 'c', 'x')
        AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
    UNION ALL SELECT 'indexes', count(*) FROM pg_index WHERE indrelid IN (SELECT oid FROM tables)
    UNION ALL SELECT 'triggers', count(*) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM tables)
        AND (NOT tgisinternal OR tgparentid <> 0 AND current_setting('server_version_num')::int < 150000)
    UNION ALL SELECT 'policies', count(*) FROM pg_policy WHERE polrelid IN (SELECT oid FROM tables)
    UNION ALL SELECT 'rules', count(*) FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM tables) AND rulename <> '_RETURN'
) want (list, expected) USING (list)
GROUP BY list ORDER BY list;

-- definitions are the server's own, to the letter: no row
SET search_path = pg_catalog;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT 'constraint' AS kind, part ->> 'name' AS name, part ->> 'definition' AS ours, pg_get_constraintdef(c.oid) AS theirs
FROM pg_temp.parts p JOIN pg_constraint c ON conrelid = p.oid AND conname = part ->> 'name' AND contype <> 't'
WHERE list = 'constraints' AND part ->> 'definition' IS DISTINCT FROM pg_get_constraintdef(c.oid)
UNION ALL
SELECT 'index', part ->> 'name', part ->> 'definition', pg_get_indexdef(i.indexrelid)
FROM pg_temp.parts p JOIN pg_index i ON indrelid = p.oid JOIN pg_class c ON c.oid = indexrelid AND relname = part ->> 'name'
WHERE list = 'indexes' AND part ->> 'definition' IS DISTINCT FROM pg_get_indexdef(i.indexrelid)
UNION ALL
SELECT 'trigger', part ->> 'name', part ->> 'definition', pg_get_triggerdef(t.oid)
FROM pg_temp.parts p JOIN pg_trigger t ON tgrelid = p.oid AND tgname = part ->> 'name'
WHERE list = 'triggers' AND part ->> 'definition' IS DISTINCT FROM pg_get_triggerdef(t.oid)
UNION ALL
SELECT 'rule', part ->> 'name', part ->> 'definition', pg_get_ruledef(r.oid)
FROM pg_temp.parts p JOIN pg_rewrite r ON ev_class = p.oid AND rulename = part ->> 'name'
WHERE list = 'rules' AND part ->> 'definition' IS DISTINCT FROM pg_get_ruledef(r.oid)
UNION ALL
SELECT 'view', name, t ->> 'definition', pg_get_viewdef(oid) FROM pg_temp.tables
WHERE t ->> 'kind' LIKE '%view' AND t ->> 'definition' IS DISTINCT FROM pg_get_viewdef(oid)
UNION ALL
SELECT 'default', part ->> 'name', coalesce(part ->> 'default', part ->> 'generated'), pg_get_expr(adbin, adrelid)
FROM pg_temp.parts p JOIN pg_attribute a ON attrelid = p.oid AND attname = part ->> 'name'
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE list = 'columns' AND coalesce(part ->> 'default', part ->> 'generated') IS DISTINCT FROM pg_get_expr(adbin, adrelid);
SELECT f ->> 'name' AS function, f ->> 'definition' AS ours
FROM pg_temp.doc, jsonb_array_elements(d -> 'functions') f
JOIN pg_proc p ON p.oid = to_regprocedure(format('%I.%I(%s)', f ->> 'schema', f ->> 'name', f ->> 'signature'))
WHERE f ->> 'kind' <> 'aggregate' AND f ->> 'definition' IS DISTINCT FROM pg_get_functiondef(p.oid);

-- types of columns print short and read back as the same type: no row
SELECT part ->> 'name' AS name, part ->> 'type' AS type
FROM pg_temp.parts p JOIN pg_attribute a ON attrelid = p.oid AND attname = part ->> 'name'
WHERE list = 'columns'
  AND ((part ->> 'type')::regtype <> atttypid OR (part ->> 'not_null' IS NOT NULL) <> attnotnull);
SELECT string_agg(format('%s %s', part ->> 'name', part ->> 'type'), ', ' ORDER BY (part -> 'position')::int) AS columns
FROM pg_temp.parts WHERE oid = 'torture.everything'::regclass AND list = 'columns';

-- an aggregate's definition makes the same aggregate
SELECT f ->> 'name' AS name, f ->> 'signature' AS signature, f ->> 'definition' AS definition
FROM pg_temp.doc, jsonb_array_elements(d -> 'functions') f WHERE f ->> 'kind' = 'aggregate' ORDER BY 1;

-- members of each kind but for lists and definitions
CREATE FUNCTION pg_temp.facts(object jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(key || '=' || (value #>> '{}'), ' ' ORDER BY key COLLATE "C") FROM jsonb_each(object)
    WHERE key NOT IN ('schema', 'name', 'owner', 'definition', 'columns', 'constraints', 'indexes', 'triggers',
                      'policies', 'rules', 'depends_on')
$$;
SELECT name, pg_temp.facts(t) FROM pg_temp.tables WHERE name <> 'invoker' ORDER BY schema COLLATE "C", name COLLATE "C";
SELECT name, list, part ->> 'name' AS part, pg_temp.facts(part)
FROM pg_temp.parts JOIN pg_temp.tables USING (oid)
WHERE list <> 'columns' AND part ->> 'name' NOT IN ('keys_nulls', 'keys_nulls_index', 'refs_part')
ORDER BY name COLLATE "C", list, part ->> 'name' COLLATE "C";
SELECT key, o ->> 'name' AS name, pg_temp.facts(o - 'parallel')
FROM pg_temp.doc, jsonb_each(d - 'tables' - 'views') m, jsonb_array_elements(m.value) o
WHERE jsonb_typeof(m.value) = 'array' AND key NOT IN ('schemas', 'extensions', 'others')
ORDER BY key, o ->> 'name' COLLATE "C", o ->> 'signature' COLLATE "C";
SELECT part ->> 'name' AS name, pg_temp.facts(part)
FROM pg_temp.parts WHERE oid IN ('torture.identities'::regclass, 'torture.child'::regclass, 'torture.simple'::regclass,
    'torture.remote'::regclass, '"Odd Schema"."Mixed Case ""Table"'::regclass) AND list = 'columns'
ORDER BY oid::regclass::text COLLATE "C", (part -> 'position')::int;

-- what is compared is read back: the document differs from nothing
RESET search_path;
SELECT v ->> 'valid' AS valid, v -> 'differences' AS differences
FROM doc, db_adapter.validate(d, ignore => '{}') v;

-- the order of output follows bytes, whatever order things were made in
SELECT bool_and(before <= name COLLATE "C") AS sorted
FROM (SELECT t ->> 'schema' || '.' || (t ->> 'name') AS name,
             lag(t ->> 'schema' || '.' || (t ->> 'name')) OVER (ORDER BY n) AS before
      FROM doc, jsonb_array_elements(d -> 'tables') WITH ORDINALITY x (t, n)) s;

-- nor do the caller's settings change it
SET quote_all_identifiers = on;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = -5;
SET standard_conforming_strings = off;
SET search_path = torture, "Odd Schema";
SELECT db_adapter.introspect('{torture,"Odd Schema"}') = d AS same FROM pg_temp.doc;
RESET ALL;
SET client_min_messages = warning;

-- nor how much else there is: few relations among many are looked up one by one
CREATE SCHEMA filler;
DO $$ BEGIN FOR i IN 1 .. 2000 LOOP EXECUTE format('CREATE TYPE filler.t%s AS (a int)', i); END LOOP; END $$;
SELECT db_adapter.introspect('{torture,"Odd Schema"}') = d AS same FROM doc;
DROP SCHEMA filler CASCADE;

-- nor who asks: the catalogs are open to everyone
GRANT SELECT ON doc TO regress_torture_reader;
SET ROLE regress_torture_reader;
SELECT db_adapter.introspect('{torture,"Odd Schema"}') = d AS same FROM doc;
RESET ROLE;

-- exclude, absent schemas, nulls
SELECT count(*) FROM jsonb_array_elements(db_adapter.introspect('{torture}', '{everything,keys,simple}') -> 'tables') t
WHERE t ->> 'name' IN ('everything', 'keys', 'simple');
SELECT db_adapter.introspect('{no_such_schema}') - 'server_version' - 'extensions';
SELECT db_adapter.introspect(NULL) -> 'schemas' AS schemas;
SELECT db_adapter.introspect(ARRAY['torture', NULL]::name[]);

-- members of an extension are left out
SELECT db_adapter.introspect('{db_adapter}') -> 'tables' AS tables, db_adapter.introspect('{db_adapter}') -> 'functions' AS functions;

-- column_names: the flat form
SELECT db_adapter.column_names('Odd Schema');
SELECT n -> 'identities' AS identities, n ? 'simple' AS views, n ? 'refs' AS excluded
FROM db_adapter.column_names('torture', '{refs}') n;

-- read-only transactions
BEGIN TRANSACTION READ ONLY;
SELECT jsonb_array_length(db_adapter.introspect('{torture}') -> 'types') AS types;
SELECT length(db_adapter.fingerprint('{torture}'));
COMMIT;

-- one's own uncommitted work shows
BEGIN;
CREATE TABLE torture.uncommitted (a int);
SELECT db_adapter.column_names('torture') -> 'uncommitted' AS own;
ROLLBACK;

DROP SCHEMA torture, "Odd Schema" CASCADE;
DROP OWNED BY regress_torture_owner, regress_torture_reader, "Regress Torture" CASCADE;
DROP FOREIGN DATA WRAPPER regress_torture_fdw CASCADE;
DROP ROLE regress_torture_owner, regress_torture_reader, "Regress Torture";
