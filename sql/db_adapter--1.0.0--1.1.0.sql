-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION db_adapter UPDATE TO '1.1.0'" to load this file. \quit

-- What sql/db_adapter.sql says differently since 1.0.0, in its order.
SET LOCAL search_path = db_adapter, pg_temp;

-- What these tables hold concerns one database.  A publication of all tables takes them
-- along, and rows of the publisher's must not meet the subscriber's.
CREATE FUNCTION stay_home()
RETURNS trigger
AS 'MODULE_PATHNAME', 'db_adapter_stay_home'
LANGUAGE C;

COMMENT ON FUNCTION stay_home() IS
    'Leaves out what logical replication brings into a table of the extension';

-- For the triggers on its tables only.
REVOKE EXECUTE ON FUNCTION stay_home() FROM PUBLIC;

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON expected_cache FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE expected_cache ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON expected_cache IS
    'Keeps rows of another database out';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON saved FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE saved ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON saved IS
    'Keeps rows of another database out';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON saved_chunk FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE saved_chunk ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON saved_chunk IS
    'Keeps rows of another database out';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON declaration FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE declaration ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON declaration IS
    'Keeps rows of another database out';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON declaration_state FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE declaration_state ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON declaration_state IS
    'Keeps rows of another database out';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON job FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE job ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON job IS
    'Keeps rows of another database out';

-- The newest of those that fit is the database's.  The others say what it was copied from,
-- so pg_dump takes them along, and whoever dumps the database must read them.
CREATE TABLE database_origin (
    origin uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid(),
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp());
GRANT SELECT ON database_origin TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('database_origin', '');

COMMENT ON TABLE database_origin IS
    'What this database is called in backups, and what it was called elsewhere; only the extension touches it, see origin()';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON database_origin FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE database_origin ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON database_origin IS
    'Keeps rows of another database out';

CREATE FUNCTION origin()
RETURNS uuid
AS 'MODULE_PATHNAME', 'db_adapter_origin'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION origin() IS
    'What this database is called in backups: made with the extension, and anew where it is found to be a copy';

CREATE FUNCTION new_origin()
RETURNS uuid
AS 'MODULE_PATHNAME', 'db_adapter_new_origin'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION new_origin() IS
    'Makes a new origin, for a physical copy, which nothing tells from the database it was copied from';

-- Backups made before are another database's from then on.
REVOKE EXECUTE ON FUNCTION new_origin() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION new_origin() TO pg_database_owner WITH GRANT OPTION;

INSERT INTO database_origin (system_identifier, database)
SELECT c.system_identifier, d.oid
  FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

COMMENT ON FUNCTION report(jsonb, text) IS
    'A result of validate, or a plan, for people to read, as text or markdown';

-- The rows can be asked what steps will ask of them.
DROP FUNCTION plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean);
DROP FUNCTION plan_steps(jsonb);

CREATE FUNCTION plan(
    expected jsonb,
    column_definitions jsonb DEFAULT '{}',
    recreate_threshold int DEFAULT 0,
    allow_drop boolean DEFAULT false,
    verify boolean DEFAULT true,
    schemas name[] DEFAULT NULL,
    exclude name[] DEFAULT '{schema_migrations,pg_stat_statements,spatial_ref_sys}',
    ignore text[] DEFAULT '{owners}',
    renames jsonb DEFAULT '{}',
    online boolean DEFAULT false,
    preflight boolean DEFAULT false)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_plan'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean) IS
    'The ordered DDL steps from the live schema to the expected one, each with its hazards, tried and rolled back';

-- Its trial executes DDL, in swapped-in schemas.
REVOKE EXECUTE ON FUNCTION plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION plan_steps(
    plan jsonb)
RETURNS TABLE (
    step int,
    action text,
    object text,
    sql text,
    hazards text[],
    reason text,
    blockers jsonb)
AS 'MODULE_PATHNAME', 'db_adapter_plan_steps'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION plan_steps(jsonb) IS
    'The steps of a plan, a row each';

CREATE FUNCTION preflight(
    plan jsonb,
    samples int DEFAULT 3)
RETURNS TABLE (
    step int,
    object text,
    kind text,
    problem text,
    rows bigint,
    samples jsonb,
    hint text)
AS 'MODULE_PATHNAME', 'db_adapter_preflight'
LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION preflight(jsonb, int) IS
    'What in the live rows will make steps of a plan fail or lose values, or cannot be told, found by reading';

-- It reads whole tables.
REVOKE EXECUTE ON FUNCTION preflight(jsonb, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION preflight(jsonb, int) TO pg_database_owner WITH GRANT OPTION;

-- As regclass, but for a name that is not there: replication may bring one, and must go on.
CREATE TYPE ledger_table;

CREATE FUNCTION ledger_table_in(name cstring)
RETURNS ledger_table
AS 'MODULE_PATHNAME', 'db_adapter_ledger_table_in'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION ledger_table_in(cstring) IS
    'Reads a ledger_table';

CREATE FUNCTION ledger_table_out("table" ledger_table)
RETURNS cstring
AS 'MODULE_PATHNAME', 'db_adapter_ledger_table_out'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION ledger_table_out(ledger_table) IS
    'Prints a ledger_table';

CREATE TYPE ledger_table (INPUT = ledger_table_in, OUTPUT = ledger_table_out, LIKE = regclass);
COMMENT ON TYPE ledger_table IS
    'A table as regclass names it, or none where there is none of that name';

CREATE CAST (ledger_table AS oid) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (ledger_table AS oid) IS
    'Compares tables by their numbers';
CREATE CAST (ledger_table AS regclass) WITHOUT FUNCTION;
COMMENT ON CAST (ledger_table AS regclass) IS
    'Shows the table';
CREATE CAST (regclass AS ledger_table) WITHOUT FUNCTION AS ASSIGNMENT;
COMMENT ON CAST (regclass AS ledger_table) IS
    'Names the table';

-- Rows born elsewhere, of tables whose backup schema says "remember".  A set is made of
-- origin, table and tenant.  pg_dump takes both along, but no set of a table that is gone:
-- its number would be some other table's.
CREATE TABLE ledger_set (
    set uuid PRIMARY KEY,
    origin uuid NOT NULL,
    "table" ledger_table NOT NULL,
    tenant text,
    masked boolean NOT NULL DEFAULT false,
    high bigint,
    kept bigint);
CREATE UNIQUE INDEX ledger_set_table_idx ON ledger_set USING btree ("table", origin, (tenant IS NULL), (coalesce(tenant, '')));
GRANT SELECT ON ledger_set TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('ledger_set', 'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ledger_set."table")');

COMMENT ON TABLE ledger_set IS
    'Which database rows of a table came from: high is the highest key that is remembered, kept the last one that this database was copied with; only the extension touches it, see origins';
COMMENT ON INDEX ledger_set_table_idx IS
    'Finds the sets of a table';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON ledger_set FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE ledger_set ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON ledger_set IS
    'Keeps rows of another database out';

-- A row has one home, and a home has one row here.
CREATE TABLE ledger (
    set uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (set, source),
    CONSTRAINT ledger_key_key UNIQUE (set, key));
GRANT SELECT ON ledger TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('ledger', '');

COMMENT ON TABLE ledger IS
    'The key that a row had where it was born, and the one it has here; only the extension touches it';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE ledger ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON ledger IS
    'Keeps rows of another database out';

CREATE VIEW origins AS
SELECT s.origin, CAST(s."table" AS regclass) AS "table", s.tenant, l.rows, s.masked
  FROM db_adapter.ledger_set s
 CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS rows FROM db_adapter.ledger e WHERE e.set OPERATOR(pg_catalog.=) s.set) l;
GRANT SELECT ON origins TO pg_database_owner;

COMMENT ON VIEW origins IS
    'The databases from which rows of this one are known to have come, and how many are remembered';

CREATE FUNCTION forget(
    origin uuid DEFAULT NULL,
    "table" regclass DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'db_adapter_forget'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION forget(uuid, regclass) IS
    'Forgets where rows came from, of one origin or table or of all, and returns how many: a restore makes them anew';

-- What it forgets, the next restore doubles.
REVOKE EXECUTE ON FUNCTION forget(uuid, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget(uuid, regclass) TO pg_database_owner WITH GRANT OPTION;

-- All schemas, or those named.
DROP FUNCTION derive_backup_schema(regclass[], regclass);

CREATE FUNCTION derive_backup_schema(
    tables regclass[] DEFAULT NULL,
    root regclass DEFAULT NULL,
    schemas name[] DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_derive_backup_schema'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION derive_backup_schema(regclass[], regclass, name[]) IS
    'A backup schema from the foreign keys of the catalog, parents first';

-- What a declaration leaves alone.
DROP FUNCTION declare(text, text, name[], text);

CREATE FUNCTION declare(
    name text,
    schema_sql text,
    schemas name[] DEFAULT NULL,
    mode text DEFAULT 'warn',
    ignore text[] DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_declare'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION declare(text, text, name[], text, text[]) IS
    'Has schemas watched: DDL that leaves them short of schema_sql is warned of, notified, or refused at commit';

-- It executes DDL text as expected does, and can hold up the DDL of others.
REVOKE EXECUTE ON FUNCTION declare(text, text, name[], text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION declare(text, text, name[], text, text[]) TO pg_database_owner WITH GRANT OPTION;

CREATE OR REPLACE VIEW declarations WITH (security_barrier) AS
SELECT name, owner::regrole AS owner, mode, schemas, armed, declared_at, schema_sql,
       document->>'server_version' AS server_version,
       coalesce(document->'ignore', '["owners"]') AS ignore
  FROM declared
 WHERE owner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
    OR pg_catalog.pg_has_role(coalesce(owner, 10), 'USAGE');

-- They begin subtransactions, which no parallel plan allows.
ALTER FUNCTION check_backup_schema(jsonb) PARALLEL UNSAFE;
ALTER FUNCTION validate_backup(text, jsonb) PARALLEL UNSAFE;

-- What becomes of references that mean other rows in another database is said.
DROP FUNCTION restore(text, jsonb, text, text, boolean, text, text, text, text, boolean);
DROP FUNCTION restore_from_file(text, jsonb, text, text, boolean, text, text, text, text, boolean);
DROP FUNCTION restore_end();
DROP FUNCTION restore_begin(jsonb, text, text, boolean, text, text, text, text, boolean);

CREATE FUNCTION restore(
    document text,
    backup_schema jsonb DEFAULT NULL,
    user_id text DEFAULT NULL,
    mode text DEFAULT 'skip',
    dry_run boolean DEFAULT false,
    ids text DEFAULT 'auto',
    on_error text DEFAULT 'record',
    constraints text DEFAULT 'keep',
    on_unknown text DEFAULT 'error',
    accept_damaged boolean DEFAULT false,
    on_raw text DEFAULT 'error')
RETURNS TABLE (
    "table" text,
    inserted bigint,
    updated bigint,
    skipped bigint,
    failed bigint,
    nulled_refs bigint,
    failure_details jsonb,
    notes jsonb,
    unchanged bigint,
    deleted bigint)
AS 'MODULE_PATHNAME', 'db_adapter_restore'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION restore(text, jsonb, text, text, boolean, text, text, text, text, boolean, text) IS
    'Restores a backup: ids and foreign keys remapped, failing rows set aside, counts per table';

-- It writes rows in bulk.
REVOKE EXECUTE ON FUNCTION restore(text, jsonb, text, text, boolean, text, text, text, text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restore(text, jsonb, text, text, boolean, text, text, text, text, boolean, text) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION restore_from_file(
    path text,
    backup_schema jsonb DEFAULT NULL,
    user_id text DEFAULT NULL,
    mode text DEFAULT 'skip',
    dry_run boolean DEFAULT false,
    ids text DEFAULT 'auto',
    on_error text DEFAULT 'record',
    constraints text DEFAULT 'keep',
    on_unknown text DEFAULT 'error',
    accept_damaged boolean DEFAULT false,
    on_raw text DEFAULT 'error')
RETURNS TABLE (
    "table" text,
    inserted bigint,
    updated bigint,
    skipped bigint,
    failed bigint,
    nulled_refs bigint,
    failure_details jsonb,
    notes jsonb,
    unchanged bigint,
    deleted bigint)
AS 'MODULE_PATHNAME', 'db_adapter_restore_from_file'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION restore_from_file(text, jsonb, text, text, boolean, text, text, text, text, boolean, text) IS
    'Restores a backup from a file of the server; needs the rights of pg_read_server_files';

-- It reads a file of the server.
REVOKE EXECUTE ON FUNCTION restore_from_file(text, jsonb, text, text, boolean, text, text, text, text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restore_from_file(text, jsonb, text, text, boolean, text, text, text, text, boolean, text) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION restore_begin(
    backup_schema jsonb DEFAULT NULL,
    user_id text DEFAULT NULL,
    mode text DEFAULT 'skip',
    dry_run boolean DEFAULT false,
    ids text DEFAULT 'auto',
    on_error text DEFAULT 'record',
    constraints text DEFAULT 'keep',
    on_unknown text DEFAULT 'error',
    accept_damaged boolean DEFAULT false,
    on_raw text DEFAULT 'error')
RETURNS void
AS 'MODULE_PATHNAME', 'db_adapter_restore_begin'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION restore_begin(jsonb, text, text, boolean, text, text, text, text, boolean, text) IS
    'Begins a restore whose backup comes in chunks within this transaction';

-- It writes rows in bulk.
REVOKE EXECUTE ON FUNCTION restore_begin(jsonb, text, text, boolean, text, text, text, text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restore_begin(jsonb, text, text, boolean, text, text, text, text, boolean, text) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION restore_end()
RETURNS TABLE (
    "table" text,
    inserted bigint,
    updated bigint,
    skipped bigint,
    failed bigint,
    nulled_refs bigint,
    failure_details jsonb,
    notes jsonb,
    unchanged bigint,
    deleted bigint)
AS 'MODULE_PATHNAME', 'db_adapter_restore_end'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION restore_end() IS
    'Ends a restore: verifies the whole and returns the counts per table';

-- It writes rows in bulk.
REVOKE EXECUTE ON FUNCTION restore_end() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restore_end() TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION compare(
    document text,
    backup_schema jsonb DEFAULT NULL,
    user_id text DEFAULT NULL)
RETURNS TABLE (
    "table" text,
    new bigint,
    changed bigint,
    same bigint,
    only_here bigint,
    details jsonb)
AS 'MODULE_PATHNAME', 'db_adapter_compare'
LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION compare(text, jsonb, text) IS
    'What a restore that overwrites would do, and which rows only this database has';

CREATE FUNCTION match_keys(
    backup_schema jsonb,
    "table" text,
    keys jsonb,
    others jsonb,
    user_id text DEFAULT NULL)
RETURNS TABLE (
    key int,
    other int)
AS 'MODULE_PATHNAME', 'db_adapter_match_keys'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION match_keys(jsonb, text, jsonb, jsonb, text) IS
    'Which match keys equal one of others, as this database compares them: both by their place, from 0';

-- Rows that foreign keys take along are counted, and may be refused.
DROP FUNCTION delete_rows(jsonb, jsonb, text);

CREATE FUNCTION delete_rows(
    backup_schema jsonb,
    keys jsonb,
    user_id text DEFAULT NULL,
    cascade boolean DEFAULT false,
    brought_again boolean DEFAULT false,
    dry_run boolean DEFAULT false,
    on_error text DEFAULT 'abort')
RETURNS TABLE (
    "table" text,
    deleted bigint,
    changed bigint,
    outside boolean,
    failed bigint,
    failure_details jsonb)
AS 'MODULE_PATHNAME', 'db_adapter_delete_rows'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION delete_rows(jsonb, jsonb, text, boolean, boolean, boolean, text) IS
    'Deletes the rows that have one of the match keys given, as digest_rows returns them, in one statement';

-- It deletes rows in bulk.
REVOKE EXECUTE ON FUNCTION delete_rows(jsonb, jsonb, text, boolean, boolean, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_rows(jsonb, jsonb, text, boolean, boolean, boolean, text) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION set_aside(
    backup_schema jsonb,
    keys jsonb,
    user_id text DEFAULT NULL)
RETURNS TABLE (
    "table" text,
    rows bigint)
AS 'MODULE_PATHNAME', 'db_adapter_set_aside'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION set_aside(jsonb, jsonb, text) IS
    'Gives rows that are to go unique values that nobody has, for rows that come before they can';

-- It changes rows in bulk.
REVOKE EXECUTE ON FUNCTION set_aside(jsonb, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_aside(jsonb, jsonb, text) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION watch_session() RETURNS void
AS 'MODULE_PATHNAME', 'db_adapter_watch_session'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION watch_session() IS
    'Tells the client, from now on, when a transaction left its session changed; what is there now is not';
