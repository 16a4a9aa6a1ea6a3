-- What needs what among things that are made: parts by themselves, and circles.
\i test/data/pairs.sql

-- A check and a default that need what needs their table or domain come after both, from nothing and later
SELECT pg_temp.pair('', $$CREATE TABLE a (id int, z int); CREATE FUNCTION of_a(a) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER TABLE a ADD CONSTRAINT a_c CHECK (of_a(a) > 0)$$);
SELECT pg_temp.pair('CREATE TABLE a (id int)', $$CREATE TABLE a (id int, z int); CREATE FUNCTION of_a(a) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER TABLE a ADD CONSTRAINT a_c CHECK (of_a(a) > 0)$$);
SELECT pg_temp.pair($$CREATE TABLE a (id int, z int); CREATE FUNCTION of_a(a) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER TABLE a ADD CONSTRAINT a_c CHECK (of_a(a) > 0)$$, 'CREATE TABLE b (id int)');
SELECT pg_temp.pair('CREATE TABLE a (id int, z int)', $$CREATE TABLE a (id int, z int); CREATE FUNCTION of_a() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM a; END; ALTER TABLE a ALTER z SET DEFAULT of_a()$$);
SELECT pg_temp.pair('', $$CREATE TABLE a (id int, z int); CREATE FUNCTION of_a() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM a; END; ALTER TABLE a ALTER z SET DEFAULT of_a()$$);
SELECT pg_temp.pair('', $$CREATE DOMAIN d AS int CONSTRAINT few CHECK (VALUE < 9); CREATE FUNCTION of_d(d[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER DOMAIN d ADD CONSTRAINT of_d CHECK (of_d('{}') > 0)$$);
SELECT pg_temp.pair('CREATE DOMAIN d AS int', $$CREATE DOMAIN d AS int CONSTRAINT few CHECK (VALUE < 9); CREATE FUNCTION of_d(d[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER DOMAIN d ADD CONSTRAINT of_d CHECK (of_d('{}') > 0)$$);
-- by way of others
SELECT pg_temp.pair('', $$CREATE TABLE a (id int); CREATE VIEW v AS SELECT id FROM a; CREATE FUNCTION f(v) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE TABLE b (id int DEFAULT f(NULL)); ALTER TABLE a ADD CONSTRAINT a_c CHECK (f(NULL) > 0)$$);
SELECT pg_temp.pair('', $$CREATE TABLE z (id int); CREATE FUNCTION row_of_z() RETURNS z LANGUAGE sql AS 'SELECT NULL::z'; CREATE VIEW a AS SELECT (row_of_z()).id; CREATE FUNCTION of_a() RETURNS SETOF a LANGUAGE sql AS 'SELECT NULL::a'; ALTER TABLE z ALTER id SET DEFAULT 3$$);

-- A view that groups by a key needs that key, as a rule does that names it
SELECT pg_temp.pair('CREATE TABLE t (id int, a int)', 'CREATE TABLE t (id int PRIMARY KEY, a int); CREATE VIEW v AS SELECT id, a FROM t GROUP BY id');
SELECT pg_temp.pair('CREATE TABLE t (id int NOT NULL, a int)', 'CREATE TABLE t (id int NOT NULL, a int); ALTER TABLE t ADD CONSTRAINT k UNIQUE (id); CREATE TABLE u (id int); CREATE RULE r AS ON INSERT TO u DO ALSO INSERT INTO t VALUES (1, 1) ON CONFLICT ON CONSTRAINT k DO NOTHING');
SELECT pg_temp.pair('CREATE TABLE t (id int NOT NULL, a int)', 'CREATE TABLE t (id int NOT NULL, a int); CREATE UNIQUE INDEX k ON t (id); CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (1, 1) ON CONFLICT (id) DO NOTHING; END; CREATE TABLE u (id int REFERENCES t (id))');

-- Columns, checks and types that tables get from parents that they come to, or lose with them
SELECT pg_temp.pair('CREATE TABLE pa (x bigint, CONSTRAINT pc CHECK (x > 1)); CREATE TABLE pb (w text, u int); CREATE TABLE ch (z int) INHERITS (pb); CREATE TABLE gr (x bigint) INHERITS (ch, pa); INSERT INTO gr (x) VALUES (4)',
    'CREATE TABLE pa (x int, CONSTRAINT pc CHECK (x > 0)); CREATE TABLE pb (w text); CREATE TABLE ch (z int) INHERITS (pb, pa); CREATE TABLE gr () INHERITS (ch)', probe => 'SELECT x FROM gr');
SELECT pg_temp.pair('CREATE TABLE pa (x int, CONSTRAINT pc CHECK (x > 0)); CREATE TABLE pb (w text); CREATE TABLE ch (z int) INHERITS (pb, pa); CREATE TABLE gr () INHERITS (ch); INSERT INTO gr (x) VALUES (4)',
    'CREATE TABLE pa (x bigint, CONSTRAINT pc CHECK (x > 1)); CREATE TABLE pb (w text, u int); CREATE TABLE ch (z int) INHERITS (pb); CREATE TABLE gr (x bigint) INHERITS (ch, pa)', probe => 'SELECT x FROM gr');
SELECT pg_temp.pair('CREATE TYPE c AS (x int); CREATE TABLE ty (y int, x bigint); INSERT INTO ty VALUES (1, 2)', 'CREATE TYPE c AS (x bigint, y int); CREATE TABLE ty OF c (x DEFAULT 3)', probe => 'SELECT ty::text FROM ty');
SELECT pg_temp.pair('CREATE TYPE c AS (x bigint); CREATE TABLE ty OF c; INSERT INTO ty VALUES (2)', 'CREATE TYPE c AS (x bigint, y int); CREATE TABLE ty (x bigint, y int)', probe => 'SELECT ty::text FROM ty');

-- Rows whose type columns have get no values
SELECT pg_temp.pair('CREATE TABLE t (a int); CREATE TABLE tt (q t[])', 'CREATE TABLE t (a int, b int DEFAULT 3); CREATE TABLE tt (q t[])', probe => 'INSERT INTO t VALUES (1) RETURNING t::text');
SELECT pg_temp.pair('CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TABLE tt (q t[])', 'CREATE TABLE t (a int, b int DEFAULT 3, c int); CREATE TABLE tt (q t[])');

-- What a document says of it
CREATE SCHEMA pair;
SET search_path = pair;
CREATE TABLE a (id int PRIMARY KEY, z int);
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE b (id int REFERENCES a, d int DEFAULT f(1), s serial, CONSTRAINT c CHECK (f(d) > 0));
CREATE INDEX i ON b (f(d));
CREATE POLICY p ON b USING (id IN (SELECT id FROM a));
CREATE TRIGGER t BEFORE UPDATE ON b FOR EACH ROW WHEN (f(old.d) > 0) EXECUTE FUNCTION t();
CREATE RULE r AS ON DELETE TO b DO ALSO DELETE FROM a;
CREATE STATISTICS st ON id, d FROM b;
CREATE VIEW v AS SELECT id, z FROM a GROUP BY id;
RESET search_path;
SELECT concat_ws(' ', list, t ->> 'name', part, x ->> 'name', x -> 'depends_on')
  FROM jsonb_each(db_adapter.introspect('{pair}')) AS o (list, objects),
       jsonb_array_elements(CASE WHEN jsonb_typeof(objects) = 'array' AND list <> 'schemas' THEN objects ELSE '[]' END) t,
       LATERAL (SELECT NULL AS part, t AS x UNION ALL
                SELECT key, e FROM jsonb_each(t) k, jsonb_array_elements(CASE WHEN jsonb_typeof(k.value) = 'array' THEN k.value ELSE '[]' END) e WHERE jsonb_typeof(e) = 'object') parts
 WHERE x ? 'depends_on'
 ORDER BY list, t ->> 'name', part NULLS FIRST, x ->> 'name';
DROP SCHEMA pair CASCADE;

DROP OWNED BY regress_pair_owner, regress_pair_reader;
DROP ROLE regress_pair_owner, regress_pair_reader;
DROP OWNED BY regress_pairs;
RESET ROLE;
DROP ROLE regress_pairs;
