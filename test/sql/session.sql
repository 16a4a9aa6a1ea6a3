-- What a session has set, or how a query is planned, changes nothing that a verb does.
SET client_min_messages = warning;
CREATE SCHEMA s;
SET search_path = s;

-- Steps are read as they are written, whatever a backslash means to the session.
SET standard_conforming_strings = off;
SET escape_string_warning = off;
CREATE TABLE t (id int PRIMARY KEY, v text);
SELECT db_adapter.plan(db_adapter.expected($$CREATE TABLE s.t (id int PRIMARY KEY, v text DEFAULT E'\\',
    w text DEFAULT 'don''t', CONSTRAINT c CHECK (v ~ '^\d\\+$'));
    COMMENT ON TABLE s.t IS 'a\b'; COMMENT ON COLUMN s.t.v IS '\';$$, '{s}')) AS plan \gset
SELECT (:'plan'::jsonb) -> 'verified' AS verified;
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
RESET standard_conforming_strings;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass AND conname = 'c';
SELECT obj_description('t'::regclass), col_description('t'::regclass, 2);
DROP TABLE t;

-- What begins a subtransaction is not planned into parallel workers, nor beside them.
CREATE TABLE docs (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, UNIQUE (user_id, slug));
INSERT INTO docs (user_id, slug) VALUES ('a', 'x');
CREATE TABLE backups AS SELECT i AS id, db_adapter.backup_document('{"tables": [{"name": "s.docs"}]}') AS doc FROM generate_series(1, 200) i;
ANALYZE backups;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT id FROM backups WHERE id < 4;
SELECT id, db_adapter.validate_backup(doc) ->> 'valid' AS valid FROM backups WHERE id < 3;
SELECT id, (SELECT count(*) FROM db_adapter.check_backup_schema('{"tables": [{"name": "s.docs", "filter": "nope("}]}')) FROM backups WHERE id < 2;
-- The others may stand beside workers.
SELECT id, db_adapter.introspect('{s}') -> 'tables' -> 0 ->> 'name' AS introspected,
       length(db_adapter.backup_document('{"tables": [{"name": "s.docs"}]}')) > 0 AS backed_up,
       (SELECT sum(rows) FROM db_adapter.digest('{"tables": [{"name": "s.docs"}]}', 's.docs')) AS digested
  FROM backups WHERE id < 2;
-- Every function that C code serves is marked for what it does: these begin subtransactions.
SELECT p.proname FROM pg_proc p WHERE pronamespace = 'db_adapter'::regnamespace AND provolatile = 's' AND proparallel = 'u' ORDER BY 1;

DROP SCHEMA s CASCADE;
