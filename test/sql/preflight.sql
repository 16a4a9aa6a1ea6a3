-- What in the rows will make steps fail, or lose values, is told before any of them runs.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_preflight SUPERUSER;
SET ROLE regress_preflight;
CREATE SCHEMA pre;
CREATE TYPE pre.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN pre.small AS int;
CREATE TABLE pre.p (id int PRIMARY KEY, code text);
CREATE TABLE pre.t (
    id int PRIMARY KEY, a int, b text, c numeric(8,4), d text, f float8, m pre.mood, ms pre.mood[], s pre.small, ref int, x int, y int, at timestamp, r int4range, tag int);
INSERT INTO pre.p SELECT i, 'c' || i FROM generate_series(1, 50) i;
INSERT INTO pre.t SELECT i, i, 'b' || i, i, i::text, i, 'ok', '{ok,happy}', i, i % 50 + 1, i, i, '2026-01-01', int4range(i * 10, i * 10 + 5), i FROM generate_series(1, 2000) i;
UPDATE pre.t SET a = NULL WHERE id IN (7, 1900);
UPDATE pre.t SET b = 'longer than ten' WHERE id = 8;
UPDATE pre.t SET c = 1.2345 WHERE id = 9;
UPDATE pre.t SET d = 'word' WHERE id IN (10, 1000, 2000);
UPDATE pre.t SET f = 1.5 WHERE id = 11;
UPDATE pre.t SET m = 'sad' WHERE id = 12;
UPDATE pre.t SET ms = '{sad,NULL}' WHERE id = 13;
UPDATE pre.t SET s = -1 WHERE id = 14;
UPDATE pre.t SET ref = 99 WHERE id = 15;
UPDATE pre.t SET x = NULL WHERE id = 16;
UPDATE pre.t SET tag = 1 WHERE id IN (17, 18);
UPDATE pre.t SET at = '2026-01-01 10:00' WHERE id = 19;
UPDATE pre.t SET r = '[191,193)' WHERE id = 20;
CREATE TABLE pre.plan (sql text, plan jsonb);

-- A plan of one's own: the steps in order, for the schema as it is
CREATE FUNCTION pre.plan_of(VARIADIC steps text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT db_adapter.plan(db_adapter.introspect('{pre}'), verify => false, schemas => '{pre}') ||
           jsonb_build_object('steps', (SELECT jsonb_agg(jsonb_build_object('step', n, 'action', 'alter_table', 'object', 'pre.t', 'sql', s, 'hazards', '[]'::jsonb, 'reason', '') ORDER BY n)
                                          FROM unnest(steps) WITH ORDINALITY AS u (s, n))) $$;
CREATE FUNCTION pre.ask(VARIADIC steps text[]) RETURNS TABLE (step int, kind text, problem text, rows bigint, samples jsonb) LANGUAGE sql AS $$
    SELECT step, kind, problem, rows, samples FROM db_adapter.preflight(pre.plan_of(VARIADIC steps)) $$;

-- Each kind of step, all at once
SELECT * FROM pre.ask(
    'ALTER TABLE pre.t ALTER COLUMN a SET NOT NULL',
    'ALTER TABLE pre.t ALTER COLUMN b TYPE varchar(10)',
    'ALTER TABLE pre.t ALTER COLUMN c TYPE numeric(8,2)',
    'ALTER TABLE pre.t ALTER COLUMN d TYPE int USING d::int',
    'ALTER TABLE pre.t ALTER COLUMN f TYPE int',
    'ALTER TABLE pre.t ALTER COLUMN at TYPE date',
    'ALTER TABLE pre.t ADD CONSTRAINT y_small CHECK (y < 1999)',
    'ALTER TABLE pre.t ADD CONSTRAINT divides CHECK (10 / (y - 5) IS NOT NULL)',
    'ALTER TABLE pre.t ADD CONSTRAINT refs FOREIGN KEY (ref) REFERENCES pre.p',
    'ALTER TABLE pre.t ADD CONSTRAINT tags UNIQUE (tag)',
    'ALTER TABLE pre.t ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&)',
    'ALTER DOMAIN pre.small ADD CONSTRAINT positive CHECK (VALUE > 0)',
    'ALTER TABLE pre.t ADD COLUMN z int NOT NULL',
    'ALTER TABLE pre.t ADD COLUMN g int GENERATED ALWAYS AS (100 / (id - 30)) STORED',
    'CREATE UNIQUE INDEX ON pre.t ((tag / 2)) WHERE id < 40',
    'CREATE INDEX ON pre.t ((1 / (id - 3)))');

-- Steps see what those before them make
SELECT * FROM pre.ask(
    'ALTER TABLE pre.t RENAME COLUMN a TO amount',
    'ALTER TABLE pre.t ALTER COLUMN amount TYPE text',
    'ALTER TABLE pre.t ADD CONSTRAINT amount_some CHECK (amount <> ''1999'')',
    'ALTER TABLE pre.t ALTER COLUMN amount SET NOT NULL',
    'ALTER TABLE pre.t ADD COLUMN fresh int DEFAULT 7',
    'ALTER TABLE pre.t ADD CONSTRAINT fresh_big CHECK (fresh > id OR id > 6)',
    'ALTER TABLE pre.t ADD CONSTRAINT fresh_one UNIQUE (fresh, x)',
    'ALTER TABLE pre.t ADD COLUMN number bigserial',
    'ALTER TABLE pre.t ADD CONSTRAINT number_one PRIMARY KEY (number)',
    'ALTER TABLE pre.t ADD COLUMN chance float8 DEFAULT random()',
    'ALTER TABLE pre.t ADD CONSTRAINT chance_half CHECK (chance < 0.5)',
    'ALTER TABLE pre.t ADD CONSTRAINT late CHECK (y <> 3) NOT VALID',
    'ALTER TABLE pre.t ADD CONSTRAINT never CHECK (y <> 4) NOT VALID',
    'ALTER TABLE pre.t VALIDATE CONSTRAINT late');

-- A label taken out of an enum, of arrays too, and a domain that is made
SELECT * FROM pre.ask(
    'ALTER TYPE pre.mood RENAME TO mood_old',
    'CREATE TYPE pre.mood AS ENUM (''ok'', ''happy'')',
    'ALTER TABLE pre.t ALTER COLUMN m TYPE pre.mood USING m::text::pre.mood',
    'ALTER TABLE pre.t ALTER COLUMN ms TYPE pre.mood[] USING ms::text[]::pre.mood[]',
    'CREATE DOMAIN pre.tiny AS int CONSTRAINT tiny_check CHECK (VALUE < 1998)',
    'ALTER TABLE pre.t ALTER COLUMN y TYPE pre.tiny',
    'ALTER TABLE pre.t ADD CONSTRAINT happy CHECK (m > ''ok'')');

-- Foreign keys as their MATCH says; keys of nulls
UPDATE pre.t SET tag = NULL WHERE id IN (21, 22);
CREATE TABLE pre.p2 (a int, b int, PRIMARY KEY (a, b));
INSERT INTO pre.p2 SELECT i, i FROM generate_series(1, 2000) i;
UPDATE pre.t SET y = 77 WHERE id = 23;
SELECT * FROM pre.ask(
    'ALTER TABLE pre.t ADD CONSTRAINT simple FOREIGN KEY (x, y) REFERENCES pre.p2',
    'ALTER TABLE pre.t ADD CONSTRAINT whole FOREIGN KEY (x, y) REFERENCES pre.p2 MATCH FULL',
    'ALTER TABLE pre.t ADD CONSTRAINT nulls_differ UNIQUE (tag)');

-- A live constraint that a conversion has checked again, and a NOT VALID one that is validated
ALTER TABLE pre.t ADD CONSTRAINT c_one UNIQUE (c), ADD CONSTRAINT c_low CHECK (c < 2000.5), ADD CONSTRAINT later CHECK (id <> 30) NOT VALID;
UPDATE pre.t SET c = 24.004 WHERE id = 25;
UPDATE pre.t SET c = 2000.4999 WHERE id = 26;
SELECT * FROM pre.ask('ALTER TABLE pre.t ALTER COLUMN c TYPE numeric(8,2)', 'ALTER TABLE pre.t VALIDATE CONSTRAINT later');
SELECT * FROM pre.ask('ALTER TABLE pre.t DROP CONSTRAINT c_one', 'ALTER TABLE pre.t DROP CONSTRAINT c_low', 'ALTER TABLE pre.t ALTER COLUMN c TYPE numeric(8,2)');

-- Partitions: rows asked in each, bounds, and the default partition
CREATE TABLE pre.whole (id int, v text, w int) PARTITION BY RANGE (id);
CREATE TABLE pre.whole_1 PARTITION OF pre.whole FOR VALUES FROM (0) TO (100);
CREATE TABLE pre.whole_2 (w int, gone int, v text, id int);
ALTER TABLE pre.whole_2 DROP COLUMN gone;
ALTER TABLE pre.whole ATTACH PARTITION pre.whole_2 FOR VALUES FROM (100) TO (200);
CREATE TABLE pre.whole_rest PARTITION OF pre.whole DEFAULT;
CREATE TABLE pre.apart (id int, v text, w int);
INSERT INTO pre.whole SELECT i, CASE WHEN i % 50 <> 0 THEN i::text END, i / 2 FROM generate_series(1, 250) i;
INSERT INTO pre.apart VALUES (300, '1', 1), (400, 'x', 1), (NULL, 'y', 2);
SELECT * FROM pre.ask(
    'ALTER TABLE pre.whole ALTER COLUMN v SET NOT NULL',
    'ALTER TABLE pre.whole ALTER COLUMN v TYPE varchar(2)',
    'ALTER TABLE pre.whole ADD CONSTRAINT whole_one UNIQUE (id, w)',
    'ALTER TABLE pre.whole ADD CONSTRAINT whole_same UNIQUE (w, id)',
    'ALTER TABLE pre.whole ATTACH PARTITION pre.apart FOR VALUES FROM (300) TO (350)',
    'CREATE TABLE pre.whole_3 PARTITION OF pre.whole FOR VALUES FROM (200) TO (210)');

-- Rows copied into a table that is made anew are asked what that asks
CREATE TABLE pre.narrow (id int, v text, w int);
INSERT INTO pre.narrow VALUES (1, '1', 1), (2, 'word', NULL), (2, '3', 3);
SELECT db_adapter.expected($$
CREATE SCHEMA pre;
CREATE TABLE pre.narrow (id int PRIMARY KEY, v int, w int NOT NULL, x int DEFAULT 1, y int CHECK (y > 0), z int GENERATED ALWAYS AS (1 / (id - 1)) STORED);
$$) AS anew \gset
SELECT s.step, s.action, b.* FROM db_adapter.plan(:'anew', recreate_threshold => 1) p, db_adapter.preflight(p) b JOIN db_adapter.plan_steps(p) s USING (step) ORDER BY b.step, b.kind, b.problem;
DROP TABLE pre.narrow;

-- Rows that raise are counted one by one, and not without end
CREATE TABLE pre.many (id int PRIMARY KEY, v text, w int, filler text);
INSERT INTO pre.many SELECT i, 'word', nullif(i, 10999), repeat('x', 700) FROM generate_series(1, 11000) i;
SELECT step, kind, problem, rows < 11000 AS in_part, samples -> 0 AS sample FROM pre.ask('ALTER TABLE pre.many ALTER COLUMN v TYPE int USING v::int', 'ALTER TABLE pre.many ALTER COLUMN w SET NOT NULL');
UPDATE pre.many SET v = repeat('long ', 100) WHERE id = 1;
SELECT length(samples #>> '{0,error}'), length(samples #>> '{0,value}') FROM pre.ask('ALTER TABLE pre.many ALTER COLUMN v TYPE int USING CASE WHEN id = 1 THEN v::int END');
DROP TABLE pre.many;

-- In a plan
SELECT db_adapter.expected($$
CREATE SCHEMA pre;
CREATE TABLE pre.p (id int PRIMARY KEY, code varchar(2));
CREATE TABLE pre.apart (id int, v int, w int UNIQUE);
$$) AS want \gset
SELECT db_adapter.plan(:'want', preflight => true) AS plan \gset
SELECT step, sql, blockers FROM db_adapter.plan_steps(:'plan');
SELECT object, kind, rows, hint FROM db_adapter.preflight(:'plan', 0);
SELECT db_adapter.report(:'plan');
SELECT db_adapter.report(:'plan', 'markdown');
SELECT db_adapter.report(jsonb_set(:'plan', '{steps}', '[]'));
SELECT count(*) FROM db_adapter.plan_steps(db_adapter.plan(:'want')) WHERE blockers IS NOT NULL;
-- Read only, whatever the transaction may, and after other changes a plan is refused
BEGIN READ ONLY;
SELECT count(*) FROM db_adapter.preflight(:'plan');
SELECT DISTINCT mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid() AND c.relnamespace = 'pre'::regnamespace;
COMMIT;
\set VERBOSITY sqlstate
SELECT * FROM db_adapter.preflight(:'plan', -1);
SELECT * FROM db_adapter.preflight('{}');
ALTER TABLE pre.apart ADD COLUMN more int;
SELECT * FROM db_adapter.preflight(:'plan');
\set VERBOSITY terse
SET client_min_messages = error;
DROP SCHEMA pre CASCADE;
DROP OWNED BY regress_preflight;
RESET ROLE;
DROP ROLE regress_preflight;
