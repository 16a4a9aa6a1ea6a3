-- A dry run reports every step that fails, and of those that need what it was to do, that they were skipped.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_survey SUPERUSER;
SET ROLE regress_survey;
CREATE SCHEMA sur;
CREATE TABLE sur.p (id int PRIMARY KEY);
CREATE TABLE sur.t (id int PRIMARY KEY, a int, b text, c text, ref int);
INSERT INTO sur.t VALUES (1, 0, 'x', 'long enough', 7), (2, 2, '2', 'c', NULL);
SELECT db_adapter.expected($$
CREATE SCHEMA sur;
CREATE TABLE sur.p (id int PRIMARY KEY);
CREATE TABLE sur.t (id int PRIMARY KEY, a int CHECK (a > 0), b int, c varchar(4), ref int REFERENCES sur.p, d int DEFAULT 1);
CREATE INDEX t_d ON sur.t (d);
$$) AS want \gset
SELECT db_adapter.plan(:'want', preflight => true) AS plan \gset
SELECT s ->> 'step' AS step, s ->> 'status' AS status, s #>> '{error,sqlstate}' AS state, s #>> '{error,message}' AS message, p ->> 'sql' AS sql
  FROM jsonb_array_elements(db_adapter.apply(:'plan') -> 'steps') s JOIN jsonb_array_elements(:'plan'::jsonb -> 'steps') p ON p -> 'step' = s -> 'step' ORDER BY (s ->> 'step')::int;
-- The same that the rows have told
SELECT db_adapter.apply(:'plan') -> 'failed' AS failed, jsonb_agg(step ORDER BY step) AS predicted FROM db_adapter.preflight(:'plan') WHERE kind = 'fails';
SELECT a -> 'applied' AS applied, a #> '{validation,valid}' AS valid, a -> 'validation' -> 'error_count' AS errors FROM db_adapter.apply(:'plan') a;
-- Nothing is left of it
SELECT count(*) FROM sur.t WHERE b = 'x';
SELECT count(*) > 5 AS still FROM db_adapter.differences(:'want');
-- What needs a step that failed: its column, and what was to come of it
SELECT s ->> 'step' AS step, s ->> 'status' AS status, s #>> '{error,message}' AS message
  FROM jsonb_array_elements(db_adapter.apply(:'plan'::jsonb || jsonb_build_object('steps', jsonb_build_array(
    jsonb_build_object('step', 1, 'action', 'add_column', 'object', 'sur.t.e', 'table', 'sur.t', 'sql', 'ALTER TABLE sur.t ADD COLUMN e int NOT NULL'),
    jsonb_build_object('step', 2, 'action', 'add_constraint', 'object', 'sur.t.e_some', 'sql', 'ALTER TABLE sur.t ADD CONSTRAINT e_some CHECK (e > 0) NOT VALID'),
    jsonb_build_object('step', 3, 'action', 'validate_constraint', 'object', 'sur.t.e_some', 'sql', 'ALTER TABLE sur.t VALIDATE CONSTRAINT e_some'),
    jsonb_build_object('step', 4, 'action', 'create_view', 'object', 'sur.v', 'sql', 'CREATE VIEW sur.v AS SELECT nothing FROM sur.p'),
    jsonb_build_object('step', 5, 'action', 'comment', 'object', 'sur.p', 'sql', 'COMMENT ON TABLE sur.p IS ''done'''))))  -> 'steps') s ORDER BY 1;
-- With confirm the first of them is raised, as ever
SELECT db_adapter.apply(:'plan', confirm => true);
-- None
UPDATE sur.t SET a = 1, b = '1', c = 'c', ref = NULL;
SELECT a -> 'failed' AS failed, a #> '{validation,valid}' AS valid FROM db_adapter.apply(:'plan') a;
SELECT a -> 'failed' AS failed, a #> '{steps,0,status}' AS status FROM db_adapter.apply(:'plan', confirm => true) a;
SET client_min_messages = error;
SELECT db_adapter.purge_saved_rows('0 s') > 0 AS purged;
DROP SCHEMA sur CASCADE;
DROP OWNED BY regress_survey;
RESET ROLE;
DROP ROLE regress_survey;
