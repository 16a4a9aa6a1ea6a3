-- expected: what it takes to swap a schema, and that it gives no power.
SET client_min_messages = warning;
CREATE ROLE regress_da_owner;
CREATE ROLE regress_da_attacker;
CREATE ROLE regress_da_member IN ROLE regress_da_owner;
SELECT current_database() AS db \gset
GRANT USAGE ON SCHEMA db_adapter TO regress_da_attacker;
GRANT EXECUTE ON FUNCTION db_adapter.expected(text, name[], text, boolean) TO regress_da_owner, regress_da_attacker;
CREATE SCHEMA app AUTHORIZATION regress_da_owner;
CREATE SCHEMA tools;
CREATE TABLE app.live (id int PRIMARY KEY);
CREATE TABLE tools.secret (what text);
INSERT INTO tools.secret VALUES ('nothing to see');

-- A superuser's function that looks in app: whoever could put a function there
-- would run as the superuser.
CREATE FUNCTION app.helper() RETURNS text LANGUAGE sql STABLE AS $$SELECT 'the real helper'$$;
CREATE FUNCTION tools.secdef() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = app AS $$BEGIN RETURN helper(); END$$;
GRANT USAGE ON SCHEMA app, tools TO PUBLIC;
\set attack 'CREATE FUNCTION app.helper() RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN RAISE EXCEPTION ''helper of the attacker runs as %%'', current_user; END$$;'

-- Without the owner's privileges the schema is not swapped, whatever the rest.
SET ROLE regress_da_attacker;
SELECT db_adapter.expected('CREATE SCHEMA app; ' || :'attack' || 'CREATE TABLE app.z AS SELECT tools.secdef() AS x');
SELECT db_adapter.expected(:'attack', '{app}');
SELECT db_adapter.expected('CREATE TABLE public.t (a int)');
SELECT db_adapter.expected('CREATE SCHEMA fresh', '{fresh}');
RESET ROLE;
GRANT CREATE ON DATABASE :"db" TO regress_da_attacker, regress_da_owner;
SET ROLE regress_da_attacker;
SELECT db_adapter.expected('CREATE SCHEMA app; ' || :'attack' || 'CREATE TABLE app.z AS SELECT tools.secdef() AS x');
SELECT db_adapter.expected('CREATE SCHEMA x; ALTER SCHEMA x RENAME TO app');
SELECT db_adapter.expected('DO $$BEGIN ALTER SCHEMA app RENAME TO y; END$$', '{fresh}', allow_do => true);
-- He cannot be in the way of those who may.
DO $$BEGIN EXECUTE format('CREATE SCHEMA db_adapter_swapped_%s', 'app'::regnamespace::oid); END$$;
-- His own new schema is his.
SELECT d->'schemas', d #>> '{namespaces,0,owner}' FROM db_adapter.expected('CREATE TABLE t (a int)', '{fresh}') d;
-- public is not his: it stays as it is, and nothing is made there.
SELECT db_adapter.expected('CREATE TABLE public.t (a int)', '{fresh}');

-- The owner gains nothing that ALTER SCHEMA would not give him, and what the
-- text calls is not run.
SET ROLE regress_da_owner;
SELECT d #>> '{tables,0,name}' FROM db_adapter.expected('CREATE SCHEMA app; ' || :'attack' || '
    CREATE TABLE app.z AS SELECT tools.secdef() AS x;
    CREATE MATERIALIZED VIEW app.m AS SELECT tools.secdef() AS x;
    SELECT tools.secdef();
    ALTER TABLE app.z ADD y text DEFAULT tools.secdef();', '{app}') d;
SELECT d #>> '{tables,0,owner}', d->'ignored' FROM db_adapter.expected($$
    CREATE TABLE app.t (a int);
    ALTER TABLE app.t OWNER TO postgres;
    GRANT SELECT ON app.t TO regress_da_member;$$, '{app}') d;
SET ROLE regress_da_member;
SELECT d #>> '{tables,0,owner}', d #>> '{namespaces,0,owner}' FROM db_adapter.expected('CREATE TABLE app.t (a int)', '{app}') d;
RESET ROLE;

-- Nothing of a text runs as another user, not even where its author may.
SELECT d #>> '{tables,0,owner}' = current_user, d #>> '{ignored,0,statement}'
FROM db_adapter.expected('SET SESSION AUTHORIZATION regress_da_owner; CREATE TABLE t (a int)') d;
SELECT db_adapter.expected('DO $$BEGIN SET SESSION AUTHORIZATION regress_da_owner; END$$', allow_do => true);
SELECT db_adapter.expected('DO $$BEGIN PERFORM set_config(''role'', ''regress_da_owner'', false); END$$', allow_do => true);
SELECT current_user = session_user;

-- Extensions are not installed by a text: their scripts run as a superuser.
SELECT db_adapter.expected('CREATE EXTENSION pg_trgm');
SELECT d->'ignored' FROM db_adapter.expected('DO $$BEGIN CREATE EXTENSION pg_trgm; END$$', allow_do => true) d;
SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm';

-- Members of an extension move and come back, whoever owns them.
CREATE EXTENSION citext SCHEMA app;
SET ROLE regress_da_owner;
SELECT d #> '{tables,0,columns,0,type}' FROM db_adapter.expected('CREATE TABLE app.t (c app.citext)', '{app}') d;
RESET ROLE;
SELECT DISTINCT n.nspname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE e.extname = 'citext' AND deptype = 'e';

-- Event triggers do not fire, neither for the text nor for what it calls.
CREATE FUNCTION tools.loud() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'event trigger fired'; END$$;
CREATE EVENT TRIGGER loud_start ON ddl_command_start EXECUTE FUNCTION tools.loud();
CREATE EVENT TRIGGER loud_end ON ddl_command_end EXECUTE FUNCTION tools.loud();
CREATE EVENT TRIGGER loud_drop ON sql_drop EXECUTE FUNCTION tools.loud();
CREATE EVENT TRIGGER loud_rewrite ON table_rewrite EXECUTE FUNCTION tools.loud();
SELECT jsonb_array_length(d->'tables') FROM db_adapter.expected($$
CREATE TABLE t (a int, b int);
ALTER TABLE t ALTER a TYPE text;
ALTER TABLE t DROP b;
CREATE TABLE u (a int);
DROP TABLE t;
DO 'BEGIN CREATE TABLE v (a int); ALTER TABLE v ALTER a TYPE text; DROP TABLE u; END';
$$, allow_do => true) d;
ALTER EVENT TRIGGER loud_start DISABLE;
ALTER EVENT TRIGGER loud_drop DISABLE;
ALTER EVENT TRIGGER loud_rewrite DISABLE;
CREATE OR REPLACE FUNCTION tools.loud() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'commands: %', (SELECT string_agg(object_identity, ', ') FROM pg_event_trigger_ddl_commands());
END$$;
-- Called within DDL, that DDL's event triggers see nothing of it.
CREATE TABLE tools.documents AS SELECT db_adapter.expected('CREATE TABLE t (a int); DROP TABLE t') AS d;
CREATE FUNCTION tools.louder() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'fired by %', tg_event; END$$;
CREATE EVENT TRIGGER louder_rewrite ON table_rewrite EXECUTE FUNCTION tools.louder();
CREATE EVENT TRIGGER louder_drop ON sql_drop EXECUTE FUNCTION tools.louder();
CREATE TABLE tools.more AS SELECT db_adapter.expected('CREATE TABLE t (a int); ALTER TABLE t ALTER a TYPE text; DROP TABLE t') AS d;
ALTER TABLE tools.more ALTER d TYPE text;
DROP TABLE tools.more;
DROP EVENT TRIGGER louder_rewrite;
DROP EVENT TRIGGER louder_drop;
DROP EVENT TRIGGER loud_start;
DROP EVENT TRIGGER loud_end;
DROP EVENT TRIGGER loud_drop;
DROP EVENT TRIGGER loud_rewrite;

-- A PL/pgSQL handler may catch any error of it.
DO $$
BEGIN
    BEGIN
        PERFORM db_adapter.expected('CREATE TABLE app.t (a nosuch)', '{app}');
    EXCEPTION WHEN undefined_object THEN
        RAISE WARNING 'caught: %', SQLERRM;
    END;
    PERFORM count(*) FROM app.live;
    PERFORM db_adapter.expected('CREATE TABLE app.t (a int)', '{app}');
END$$;
SELECT count(*) FROM app.live;

-- A publication of the database is not there in a new one: what changes it is passed
-- over, what makes one of its name runs.
SET client_min_messages = error;
CREATE PUBLICATION regress_da_live FOR TABLE app.live WITH (publish = 'insert');
SET client_min_messages = warning;
SELECT d->'publications', d->'ignored' FROM db_adapter.expected($$
    CREATE TABLE t (a int);
    ALTER PUBLICATION regress_da_live ADD TABLE t;
    COMMENT ON PUBLICATION regress_da_live IS 'x';
    DROP PUBLICATION regress_da_live;
    CREATE PUBLICATION regress_da_live FOR TABLE t WITH (publish = 'insert');
    ALTER PUBLICATION regress_da_live SET (publish = 'update');$$) d;
SELECT pubname, pubinsert, pubupdate, obj_description(oid) FROM pg_publication;
SELECT schemaname, tablename FROM pg_publication_tables;
DROP PUBLICATION regress_da_live;

-- Default privileges of the database are none of a new one.
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_da_member;
SELECT d #> '{tables,0,privileges}' FROM db_adapter.expected('CREATE TABLE t (a int)') d;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM regress_da_member;

DO $$BEGIN EXECUTE format('DROP SCHEMA db_adapter_swapped_%s', 'app'::regnamespace::oid); END$$;
DROP SCHEMA app, tools CASCADE;
REVOKE ALL ON SCHEMA db_adapter FROM regress_da_attacker;
REVOKE ALL ON FUNCTION db_adapter.expected(text, name[], text, boolean) FROM regress_da_owner, regress_da_attacker;
REVOKE CREATE ON DATABASE :"db" FROM regress_da_attacker, regress_da_owner;
DROP ROLE regress_da_member, regress_da_attacker, regress_da_owner;
