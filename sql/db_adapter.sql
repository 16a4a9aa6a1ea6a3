-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION db_adapter" to load this file. \quit

-- Sections stand in the order of the verbs: introspect, expected, validate,
-- plan, apply, declare; origin, backup, restore, digest.  Every function is SECURITY INVOKER.
-- A withheld function can be handed on by the owner of the database.

-- Made here and not by the control file, so that a schema somebody else owns is
-- refused (its owner could replace what is in it) and DROP EXTENSION takes it along.
CREATE SCHEMA db_adapter;
SET LOCAL search_path = db_adapter, pg_temp;

GRANT USAGE ON SCHEMA db_adapter TO PUBLIC;
COMMENT ON SCHEMA db_adapter IS
    'Keeps schemas true to a declaration and moves rows between databases without breaking references';

-- --------------------------------------------------------------------------
-- introspect: the live schema
-- --------------------------------------------------------------------------

CREATE FUNCTION introspect(
    schemas name[] DEFAULT '{public}',
    exclude name[] DEFAULT '{schema_migrations,pg_stat_statements,spatial_ref_sys}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_introspect'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION introspect(name[], name[]) IS
    'The live schema as one document: tables, types, functions and all that belongs to them';

CREATE FUNCTION fingerprint(
    schemas name[] DEFAULT '{public}')
RETURNS text
AS 'MODULE_PATHNAME', 'db_adapter_fingerprint'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION fingerprint(name[]) IS
    'A hash of the content of the schemas: the same on two databases with the same schema';

CREATE FUNCTION column_names(
    schema name DEFAULT 'public',
    exclude name[] DEFAULT '{schema_migrations,pg_stat_statements,spatial_ref_sys}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_column_names'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION column_names(name, name[]) IS
    'The columns of each table of a schema: {"table": ["column", ...]}';

CREATE FUNCTION diagram(
    schemas name[] DEFAULT '{public}',
    format text DEFAULT 'mermaid')
RETURNS text
AS 'MODULE_PATHNAME', 'db_adapter_diagram'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION diagram(name[], text) IS
    'An entity-relationship diagram of the schemas, as mermaid or dot';

-- --------------------------------------------------------------------------
-- expected: the schema that DDL text declares
-- --------------------------------------------------------------------------

CREATE FUNCTION expected(
    schema_sql text,
    schemas name[] DEFAULT NULL,
    search_path text DEFAULT NULL,
    allow_do boolean DEFAULT false)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_expected'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION expected(text, name[], text, boolean) IS
    'The schema document of a database built from schema_sql: executed in swapped-in schemas, introspected and rolled back';

-- It executes DDL text, under a schema of the caller, and rolls it back.
REVOKE EXECUTE ON FUNCTION expected(text, name[], text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expected(text, name[], text, boolean) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION expected(
    schema_sql text[],
    schemas name[] DEFAULT NULL,
    search_path text DEFAULT NULL,
    allow_do boolean DEFAULT false)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_expected_files'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION expected(text[], name[], text, boolean) IS
    'The schema document of a database built from several files, in order';

-- It executes DDL text, under a schema of the caller, and rolls it back.
REVOKE EXECUTE ON FUNCTION expected(text[], name[], text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expected(text[], name[], text, boolean) TO pg_database_owner WITH GRANT OPTION;

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

-- Its content can be derived again at any time, so pg_dump leaves it out.
CREATE TABLE expected_cache (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL,
    schemas text[] NOT NULL,
    words text[] NOT NULL,
    fingerprint bytea NOT NULL,
    size int NOT NULL,
    document jsonb NOT NULL);
-- Not unique: sessions that derive the same text do not wait for each other.
CREATE INDEX expected_cache_key_idx ON expected_cache USING btree (key, id);

COMMENT ON SEQUENCE expected_cache_id_seq IS
    'Numbers of documents kept';
COMMENT ON TABLE expected_cache IS
    'Schema documents derived by expected(), the newest 64; only the extension touches it';
COMMENT ON INDEX expected_cache_key_idx IS
    'Finds a document by the hash of what it was derived from';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON expected_cache FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE expected_cache ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON expected_cache IS
    'Keeps rows of another database out';

CREATE FUNCTION expected_columns(
    schema_sql text,
    schema name DEFAULT 'public')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_expected_columns'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION expected_columns(text, name) IS
    'The columns of each table that schema_sql declares, found by parsing alone';

-- --------------------------------------------------------------------------
-- validate: live against expected
-- --------------------------------------------------------------------------

CREATE FUNCTION validate(
    expected jsonb,
    schemas name[] DEFAULT NULL,
    exclude name[] DEFAULT '{schema_migrations,pg_stat_statements,spatial_ref_sys}',
    ignore text[] DEFAULT '{owners}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_validate'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION validate(jsonb, name[], name[], text[]) IS
    'Compares the live schema with an expected one, a schema document or {"table": ["column", ...]}';

CREATE FUNCTION validate_text(
    schema_sql text,
    schemas name[] DEFAULT NULL,
    exclude name[] DEFAULT '{schema_migrations,pg_stat_statements,spatial_ref_sys}',
    ignore text[] DEFAULT '{owners}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_validate_text'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION validate_text(text, name[], name[], text[]) IS
    'Compares the live schema with the one that schema_sql declares: expected and validate in one call';

-- It executes DDL text as expected does.
REVOKE EXECUTE ON FUNCTION validate_text(text, name[], name[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION validate_text(text, name[], name[], text[]) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION differences(
    expected jsonb,
    schemas name[] DEFAULT NULL,
    exclude name[] DEFAULT '{schema_migrations,pg_stat_statements,spatial_ref_sys}',
    ignore text[] DEFAULT '{owners}')
RETURNS TABLE (
    severity text,
    object_type text,
    object text,
    attribute text,
    expected text,
    actual text)
AS 'MODULE_PATHNAME', 'db_adapter_differences'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION differences(jsonb, name[], name[], text[]) IS
    'The differences between the live schema and an expected one, a row each';

CREATE FUNCTION report(
    validation jsonb,
    format text DEFAULT 'text')
RETURNS text
AS 'MODULE_PATHNAME', 'db_adapter_report'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION report(jsonb, text) IS
    'A result of validate, or a plan, for people to read, as text or markdown';

-- --------------------------------------------------------------------------
-- plan: the steps from live to expected
-- --------------------------------------------------------------------------

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

-- --------------------------------------------------------------------------
-- apply: a plan executed in one transaction
-- --------------------------------------------------------------------------

CREATE FUNCTION apply(
    plan jsonb,
    confirm boolean DEFAULT false,
    backup boolean DEFAULT true,
    lock_timeout interval DEFAULT '5s')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_apply'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION apply(jsonb, boolean, boolean, interval) IS
    'Executes a plan, re-validates, and raises unless the promised schema is reached; without confirm everything is rolled back';

-- It changes the schema.
REVOKE EXECUTE ON FUNCTION apply(jsonb, boolean, boolean, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION apply(jsonb, boolean, boolean, interval) TO pg_database_owner WITH GRANT OPTION;

-- Rows put aside before a step that may lose them, as lines of a backup.
CREATE TABLE saved (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    saved_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    owner regrole NOT NULL,
    "table" text NOT NULL,
    rows bigint);

COMMENT ON SEQUENCE saved_id_seq IS
    'Numbers of rows put aside';
COMMENT ON TABLE saved IS
    'Tables whose rows were put aside; only the extension touches it, see the view saved_rows';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON saved FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE saved ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON saved IS
    'Keeps rows of another database out';

CREATE TABLE saved_chunk (
    saved bigint NOT NULL REFERENCES saved ON DELETE CASCADE,
    number int NOT NULL,
    lines text NOT NULL,
    PRIMARY KEY (saved, number));

COMMENT ON TABLE saved_chunk IS
    'The lines of rows put aside; only the extension touches it, see saved_document()';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON saved_chunk FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE saved_chunk ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON saved_chunk IS
    'Keeps rows of another database out';

CREATE VIEW saved_rows WITH (security_barrier) AS
SELECT id, saved_at, owner, "table", rows
  FROM saved
 WHERE owner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
    OR pg_catalog.pg_has_role(owner, 'USAGE');

COMMENT ON VIEW saved_rows IS
    'Rows that apply put aside before steps that may lose them: your own, and those of roles you are a member of';
GRANT SELECT ON saved_rows TO PUBLIC;

CREATE FUNCTION saved_document(
    id bigint)
RETURNS SETOF text
AS 'MODULE_PATHNAME', 'db_adapter_saved_document'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION saved_document(bigint) IS
    'Rows that were put aside, as the chunks of a backup that restore takes';

CREATE FUNCTION purge_saved_rows(
    older_than interval)
RETURNS bigint
AS 'MODULE_PATHNAME', 'db_adapter_purge_saved_rows'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION purge_saved_rows(interval) IS
    'Deletes rows that were put aside longer ago than that; returns how many sets there were';

-- --------------------------------------------------------------------------
-- declare: a schema watched at commit
-- --------------------------------------------------------------------------

-- pg_dump takes the declarations along; whoever dumps the database must read them.
CREATE TABLE declaration (
    name text PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 63),
    owner name NOT NULL,
    mode text NOT NULL CHECK (mode IN ('warn', 'notify', 'enforce')),
    schemas name[] NOT NULL,
    schema_sql text NOT NULL,
    document jsonb NOT NULL,
    relations bigint NOT NULL,
    constraints bigint NOT NULL,
    declared_at timestamptz NOT NULL DEFAULT pg_catalog.now());
GRANT SELECT ON declaration TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('declaration', '');

COMMENT ON TABLE declaration IS
    'What schemas are declared to be; only the extension touches it, see the view declarations';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON declaration FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE declaration ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON declaration IS
    'Keeps rows of another database out';

-- Stays behind in a dump: the owner by oid, and the major of the server under which
-- the schema has met its declaration.
CREATE TABLE declaration_state (
    name text PRIMARY KEY,
    owner oid,
    armed_major int);

COMMENT ON TABLE declaration_state IS
    'Which declarations are armed in this database; only the extension touches it';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON declaration_state FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE declaration_state ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON declaration_state IS
    'Keeps rows of another database out';

CREATE VIEW declared AS
SELECT d.name, coalesce(s.owner, r.oid) AS owner, d.mode, d.schemas, d.relations, d.constraints,
       s.armed_major IS NOT DISTINCT FROM current_setting('server_version_num')::int / 10000 AS armed,
       d.declared_at, d.schema_sql, d.document
  FROM declaration d
  LEFT JOIN declaration_state s ON s.name = d.name
  LEFT JOIN pg_catalog.pg_roles r ON s.owner IS NULL AND r.rolname = d.owner;

COMMENT ON VIEW declared IS
    'Declarations with their state, for the extension itself; see the view declarations';

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

CREATE FUNCTION undeclare(
    name text)
RETURNS void
AS 'MODULE_PATHNAME', 'db_adapter_undeclare'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION undeclare(text) IS
    'Removes a declaration; for its owner';

-- It lifts a guard.
REVOKE EXECUTE ON FUNCTION undeclare(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION undeclare(text) TO pg_database_owner WITH GRANT OPTION;

-- One whose owner is no role of this cluster belongs to its superusers (10 is the first).
CREATE VIEW declarations WITH (security_barrier) AS
SELECT name, owner::regrole AS owner, mode, schemas, armed, declared_at, schema_sql,
       document->>'server_version' AS server_version,
       coalesce(document->'ignore', '["owners"]') AS ignore
  FROM declared
 WHERE owner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
    OR pg_catalog.pg_has_role(coalesce(owner, 10), 'USAGE');

COMMENT ON VIEW declarations IS
    'What is declared, and whether it is armed: your own, and those of roles you are a member of';
GRANT SELECT ON declarations TO PUBLIC;

CREATE FUNCTION declared_differences(
    declaration text,
    document jsonb)
RETURNS TABLE (
    severity text,
    object_type text,
    object text,
    attribute text,
    expected text,
    actual text)
AS 'MODULE_PATHNAME', 'db_adapter_declared_differences'
LANGUAGE C STABLE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION declared_differences(text, jsonb) IS
    'The differences of a declaration, or the error of one that is damaged; read by the view drift';

CREATE VIEW drift WITH (security_barrier) AS
SELECT d.name AS declaration, x.*
  FROM declared d
 CROSS JOIN LATERAL declared_differences(d.name, d.document) x
 WHERE d.owner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
    OR pg_catalog.pg_has_role(coalesce(d.owner, 10), 'USAGE');

COMMENT ON VIEW drift IS
    'The differences between the live schema and each declaration, as of now';
GRANT SELECT ON drift TO PUBLIC;

CREATE FUNCTION note_ddl()
RETURNS event_trigger
AS 'MODULE_PATHNAME', 'db_adapter_note_ddl'
LANGUAGE C;

COMMENT ON FUNCTION note_ddl() IS
    'Notes which schemas a command has touched, for the check at commit';

-- For the event triggers below only.
REVOKE EXECUTE ON FUNCTION note_ddl() FROM PUBLIC;

CREATE EVENT TRIGGER db_adapter_ddl ON ddl_command_end EXECUTE FUNCTION note_ddl();
COMMENT ON EVENT TRIGGER db_adapter_ddl IS
    'Notes the schemas that DDL touches, for declarations';
CREATE EVENT TRIGGER db_adapter_drop ON sql_drop EXECUTE FUNCTION note_ddl();
COMMENT ON EVENT TRIGGER db_adapter_drop IS
    'Notes the schemas that something is dropped from, for declarations';
CREATE EVENT TRIGGER db_adapter_start ON ddl_command_start WHEN TAG IN ('DROP INDEX', 'ALTER TABLE')
    EXECUTE FUNCTION note_ddl();
COMMENT ON EVENT TRIGGER db_adapter_start IS
    'Refuses what would break a declaration and commits before it can be checked';

-- --------------------------------------------------------------------------
-- origin: which database rows come from
-- --------------------------------------------------------------------------

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

-- --------------------------------------------------------------------------
-- backup: rows to lines
-- --------------------------------------------------------------------------

CREATE FUNCTION derive_backup_schema(
    tables regclass[] DEFAULT NULL,
    root regclass DEFAULT NULL,
    schemas name[] DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_derive_backup_schema'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION derive_backup_schema(regclass[], regclass, name[]) IS
    'A backup schema from the foreign keys of the catalog, parents first';

CREATE FUNCTION check_backup_schema(
    backup_schema jsonb)
RETURNS TABLE (
    severity text,
    "table" text,
    message text)
AS 'MODULE_PATHNAME', 'db_adapter_check_backup_schema'
LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION check_backup_schema(jsonb) IS
    'What could go wrong with a backup schema in this database, a row each';

CREATE FUNCTION backup(
    backup_schema jsonb,
    user_id text DEFAULT NULL,
    filters jsonb DEFAULT '{}',
    metadata jsonb DEFAULT '{}',
    format text DEFAULT 'jsonl',
    row_security boolean DEFAULT false,
    on_leak text DEFAULT 'report',
    checksum text DEFAULT 'crc32c',
    keys jsonb DEFAULT NULL)
RETURNS SETOF text
AS 'MODULE_PATHNAME', 'db_adapter_backup'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION backup(jsonb, text, jsonb, jsonb, text, boolean, text, text, jsonb) IS
    'The rows of a tenant, or all, or those with the match keys given, in chunks of whole lines of about 64 KB; streams when called in the SELECT list';

CREATE FUNCTION backup_document(
    backup_schema jsonb,
    user_id text DEFAULT NULL,
    filters jsonb DEFAULT '{}',
    metadata jsonb DEFAULT '{}',
    format text DEFAULT 'jsonl',
    row_security boolean DEFAULT false,
    on_leak text DEFAULT 'report',
    checksum text DEFAULT 'crc32c',
    keys jsonb DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'db_adapter_backup_document'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION backup_document(jsonb, text, jsonb, jsonb, text, boolean, text, text, jsonb) IS
    'The same as backup in one value, for small sets';

CREATE FUNCTION backup_to_file(
    path text,
    backup_schema jsonb,
    user_id text DEFAULT NULL,
    filters jsonb DEFAULT '{}',
    metadata jsonb DEFAULT '{}',
    format text DEFAULT 'jsonl',
    row_security boolean DEFAULT false,
    on_leak text DEFAULT 'report',
    checksum text DEFAULT 'crc32c',
    overwrite boolean DEFAULT false,
    workers int DEFAULT 1)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_backup_to_file'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION backup_to_file(text, jsonb, text, jsonb, jsonb, text, boolean, text, text, boolean, int) IS
    'Writes a backup to a file of the server; needs the rights of pg_write_server_files';

-- It writes a file of the server.
REVOKE EXECUTE ON FUNCTION backup_to_file(text, jsonb, text, jsonb, jsonb, text, boolean, text, text, boolean, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION backup_to_file(text, jsonb, text, jsonb, jsonb, text, boolean, text, text, boolean, int) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION validate_backup(
    document text,
    backup_schema jsonb DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'db_adapter_validate_backup'
LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION validate_backup(text, jsonb) IS
    'Whether a backup is whole and consistent: {"valid", "errors", "warnings"}';

-- --------------------------------------------------------------------------
-- restore: lines to rows
-- --------------------------------------------------------------------------

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

CREATE FUNCTION restore_data(
    chunk bytea)
RETURNS bigint
AS 'MODULE_PATHNAME', 'db_adapter_restore_data'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION restore_data(bytea) IS
    'The next bytes of the backup, cut anywhere; returns the rows so far';

-- It writes rows in bulk.
REVOKE EXECUTE ON FUNCTION restore_data(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restore_data(bytea) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION restore_data(
    chunk text)
RETURNS bigint
AS 'MODULE_PATHNAME', 'db_adapter_restore_data_text'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION restore_data(text) IS
    'The next characters of the backup; returns the rows so far';

-- It writes rows in bulk.
REVOKE EXECUTE ON FUNCTION restore_data(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restore_data(text) TO pg_database_owner WITH GRANT OPTION;

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

-- --------------------------------------------------------------------------
-- digest: rows to hashes by natural key
-- --------------------------------------------------------------------------

CREATE FUNCTION digest(
    backup_schema jsonb,
    "table" text,
    user_id text DEFAULT NULL,
    buckets int DEFAULT NULL,
    hash text DEFAULT 'fast')
RETURNS TABLE (
    bucket int,
    rows bigint,
    digest bytea)
AS 'MODULE_PATHNAME', 'db_adapter_digest'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION digest(jsonb, text, text, int, text) IS
    'Bucket digests of the content of a table by natural key, independent of ids';

CREATE FUNCTION digest_rows(
    backup_schema jsonb,
    "table" text,
    bucket int[],
    user_id text DEFAULT NULL,
    buckets int DEFAULT NULL,
    hash text DEFAULT 'fast')
RETURNS TABLE (
    match_key jsonb,
    digest bytea)
AS 'MODULE_PATHNAME', 'db_adapter_digest_rows'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION digest_rows(jsonb, text, int[], text, int, text) IS
    'The digest of each row in the given buckets';

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

-- --------------------------------------------------------------------------
-- jobs: the verbs in background workers
-- --------------------------------------------------------------------------

-- Jobs belong to the server they were submitted on, so pg_dump leaves them out.
CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    database oid NOT NULL,
    owner regrole NOT NULL,
    command text NOT NULL,
    args jsonb NOT NULL,
    priority int NOT NULL,
    settings jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued'
        CONSTRAINT job_state_check CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    submitted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    not_before timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    result jsonb,
    reason text,
    sqlstate text,
    error text,
    detail text,
    hint text);
CREATE INDEX job_queued_idx ON job (priority DESC, id) WHERE state = 'queued';
CREATE INDEX job_finished_idx ON job (finished_at) WHERE finished_at IS NOT NULL;

COMMENT ON SEQUENCE job_id_seq IS
    'Numbers of background jobs';
COMMENT ON TABLE job IS
    'Background jobs; only the extension touches it, see the view jobs';
COMMENT ON INDEX job_queued_idx IS
    'Finds the jobs that wait, in the order of their turns';
COMMENT ON INDEX job_finished_idx IS
    'Finds the jobs that ended long ago';

CREATE TRIGGER stay_home BEFORE INSERT OR UPDATE OR DELETE ON job FOR EACH ROW EXECUTE FUNCTION stay_home();
ALTER TABLE job ENABLE REPLICA TRIGGER stay_home;
COMMENT ON TRIGGER stay_home ON job IS
    'Keeps rows of another database out';

CREATE VIEW jobs WITH (security_barrier) AS
SELECT id, owner, command, args, state, priority, submitted_at, started_at, finished_at,
       attempts, result, reason, sqlstate, error, detail, hint
  FROM job
 WHERE database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND (pg_catalog.pg_has_role(owner, 'USAGE')
        OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));

COMMENT ON VIEW jobs IS
    'Background jobs of this database: your own, and those of roles you are a member of; all for pg_read_all_stats';
GRANT SELECT ON jobs TO PUBLIC;

CREATE FUNCTION submit(
    command text,
    args jsonb DEFAULT '{}',
    priority int DEFAULT 0)
RETURNS bigint
AS 'MODULE_PATHNAME', 'db_adapter_submit'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION submit(text, jsonb, int) IS
    'Queues a verb to run in the background, as the current role, once this transaction has committed; returns the number of the job';

-- It occupies processes of the server.
REVOKE EXECUTE ON FUNCTION submit(text, jsonb, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION submit(text, jsonb, int) TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION cancel(
    job bigint)
RETURNS boolean
AS 'MODULE_PATHNAME', 'db_adapter_cancel'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION cancel(bigint) IS
    'Stops a job that waits or runs; false if it has ended already';

CREATE FUNCTION wait(
    job bigint,
    timeout interval DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'db_adapter_wait'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION wait(bigint, interval) IS
    'Waits for the end of a job and returns its state, or NULL if that takes longer than timeout';

CREATE FUNCTION jobs_running()
RETURNS TABLE (
    id bigint,
    pid int,
    phase text,
    "table" text,
    rows_done bigint,
    rows_total bigint,
    bytes_done bigint,
    started_at timestamptz,
    estimated_end timestamptz)
AS 'MODULE_PATHNAME', 'db_adapter_jobs_running'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;

COMMENT ON FUNCTION jobs_running() IS
    'How far the jobs that run have come, as far as you may see them; read by the view job_progress';

CREATE VIEW job_progress AS
SELECT id, pid, phase, "table", rows_done, rows_total, bytes_done, started_at, estimated_end
  FROM jobs_running();

COMMENT ON VIEW job_progress IS
    'How far the jobs that run have come: your own, and those of roles you are a member of; all for pg_read_all_stats';
GRANT SELECT ON job_progress TO PUBLIC;

CREATE FUNCTION watch_session() RETURNS void
AS 'MODULE_PATHNAME', 'db_adapter_watch_session'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION watch_session() IS
    'Tells the client, from now on, when a transaction left its session changed; what is there now is not';
