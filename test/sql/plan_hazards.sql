-- What a step costs is measured on copies; what apply did is told step by step.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_hazards SUPERUSER;
SET ROLE regress_hazards;
CREATE SCHEMA hazards;
CREATE TABLE hazards.p (id int PRIMARY KEY);
CREATE TABLE hazards.t (
    word varchar(10), name text, small int, exact numeric(8,4), shorter varchar(20), part int, plain text, maybe int DEFAULT 1, sorted text, packed text);
INSERT INTO hazards.p VALUES (1);
INSERT INTO hazards.t SELECT 'a', 'b', i, i, 'c', 1, 'd', i, 'e', 'f' FROM generate_series(1, 1000) i;
CREATE INDEX ON hazards.t (small);
ANALYZE hazards.t;
SELECT db_adapter.expected($$
CREATE SCHEMA hazards;
CREATE TABLE hazards.p (id int PRIMARY KEY);
CREATE TABLE hazards.t (
    word text, name varchar(30), small bigint, exact numeric(8,2), shorter varchar(10), part int REFERENCES hazards.p, plain text, maybe int NOT NULL,
    sorted text COLLATE "C", packed text COMPRESSION pglz,
    fixed int DEFAULT 7, moving float8 DEFAULT random(), made int GENERATED ALWAYS AS (part * 2) STORED, CONSTRAINT big CHECK (small > 0), CONSTRAINT one UNIQUE (small));
CREATE INDEX t_small_idx ON hazards.t (small DESC);
ALTER TABLE hazards.t ALTER plain SET STORAGE EXTERNAL;
$$) AS want \gset
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT :'plan'::jsonb -> 'verified' AS verified;
SELECT step, action, object, hazards FROM db_adapter.plan_steps(:'plan');
-- A check and a foreign key are validated by steps of their own, under a lock that lets others write
SELECT regexp_replace(sql, '.* hazards.t ', '') AS sql FROM db_adapter.plan_steps(:'plan') WHERE action ~ 'constraint';
-- With how many rows and bytes each is about
SELECT s ->> 'action' AS action, s -> 'rows' AS rows, (s -> 'bytes')::int > 8192 AS bytes FROM jsonb_array_elements(:'plan'::jsonb -> 'steps') s
 WHERE s ->> 'object' IN ('hazards.t.small', 'hazards.t.big') AND s -> 'hazards' <> '[]';

-- Each step's time and log
SELECT db_adapter.apply(:'plan', confirm => true) AS done \gset
SELECT count(*) = jsonb_array_length(:'plan'::jsonb -> 'steps') AS each, bool_and(jsonb_typeof(s -> 'ms') = 'number') AS ms,
       bool_and((s -> 'wal_bytes')::int > 0) FILTER (WHERE p ->> 'action' <> 'validate_constraint') AS wal, max((s -> 'wal_bytes')::int) > 20000 AS rewrite
  FROM jsonb_array_elements(:'done'::jsonb -> 'steps') s JOIN jsonb_array_elements(:'plan'::jsonb -> 'steps') p ON p -> 'step' = s -> 'step';
SELECT * FROM db_adapter.differences(:'want');

-- Refusals
\set VERBOSITY sqlstate
SELECT db_adapter.plan(jsonb_set(:'want', '{version}', '2'));
SELECT db_adapter.apply(jsonb_set(:'plan', '{version}', '2'));
SELECT db_adapter.apply(:'plan');
ALTER TABLE hazards.t DROP COLUMN fixed;
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"ALTER TABLE hazards.t ADD COLUMN fixed text"'), confirm => true);
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps}', '[]'), confirm => true);
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"DROP TABLE hazards.t; SELECT 1"'), confirm => true);
-- One edited so that it still leads there is a plan
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"ALTER TABLE hazards.t ADD COLUMN fixed int4 DEFAULT (7)"'), confirm => true) -> 'applied' AS applied;
SELECT count(*) FROM hazards.t;

\set VERBOSITY terse
SELECT db_adapter.purge_saved_rows('0 s') > 0 AS purged;
DROP SCHEMA hazards CASCADE;
DROP OWNED BY regress_hazards;
RESET ROLE;
DROP ROLE regress_hazards;
