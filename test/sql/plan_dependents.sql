-- Whatever needs what goes or is made again makes way for it and comes back: verified, applied, no difference.
\i test/data/pairs.sql

-- Tables that reference each other, by keys, policies and rules, and all go
SELECT pg_temp.pair(
    $$CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p)$$, $$CREATE TABLE z (a int)$$);
SELECT pg_temp.pair(
    $$CREATE TABLE a (id int PRIMARY KEY, z int); CREATE TABLE z (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (z) REFERENCES z;
      CREATE TABLE m (id int REFERENCES z)$$, $$CREATE TABLE k (a int)$$);
SELECT pg_temp.pair(
    $$CREATE TABLE a (id int); CREATE TABLE z (id int); CREATE POLICY p ON a USING (id IN (SELECT id FROM z)); CREATE POLICY p ON z USING (id IN (SELECT id FROM a));
      CREATE RULE r AS ON INSERT TO a DO ALSO INSERT INTO z VALUES (new.id)$$, $$CREATE TABLE k (a int)$$);
SELECT pg_temp.pair(
    $$CREATE TABLE t (id int, n int); CREATE FUNCTION f(r t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER TABLE t ALTER n SET DEFAULT f(NULL)$$, $$CREATE TABLE k (a int)$$);

-- A key under a foreign key and under a view that groups by it
SELECT pg_temp.pair(
    $$CREATE TABLE p (id int, b int, PRIMARY KEY (id)); INSERT INTO p VALUES (1, 2); CREATE TABLE c (id int REFERENCES p); INSERT INTO c VALUES (1)$$,
    $$CREATE TABLE p (id int, b int, PRIMARY KEY (id) INCLUDE (b)); CREATE TABLE c (id int REFERENCES p)$$);
SELECT pg_temp.pair(
    $$CREATE TABLE a (id int PRIMARY KEY, k int NOT NULL); CREATE TABLE g (a int REFERENCES a)$$, $$CREATE TABLE a (id int NOT NULL, k int PRIMARY KEY); CREATE TABLE g (a int REFERENCES a)$$);
SELECT pg_temp.pair(
    $$CREATE TABLE p (id int); CREATE UNIQUE INDEX u ON p (id); CREATE TABLE c (id int REFERENCES p (id))$$,
    $$CREATE TABLE p (id int); CREATE UNIQUE INDEX v ON p (id DESC); CREATE TABLE c (id int)$$);
SELECT pg_temp.pair(
    $$CREATE TABLE p (id int, b int, PRIMARY KEY (id)); CREATE VIEW v AS SELECT id, b FROM p GROUP BY id$$,
    $$CREATE TABLE p (id int, b int, PRIMARY KEY (id) INCLUDE (b)); CREATE VIEW v AS SELECT id, b FROM p GROUP BY id$$);

-- A function made again under all that may call one; with an argument renamed, and with one more that has a default
SELECT pg_temp.pair(format($$CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; %s$$, everything || operator),
                    format($$CREATE FUNCTION f(%s) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; %s$$, arguments, everything || operator))
  FROM (VALUES ('b int', ' CREATE OPERATOR ## (FUNCTION = f, RIGHTARG = int); CREATE VIEW o AS SELECT ## a AS o FROM t'), ('a int, b text DEFAULT NULL', '')) f(arguments, operator),
       (SELECT $$CREATE TABLE t (a int DEFAULT f(1), g int GENERATED ALWAYS AS (f(a)) STORED, CONSTRAINT c CHECK (f(a) > 0)); INSERT INTO t VALUES (1);
      ALTER TABLE t ALTER a SET DEFAULT f(1); COMMENT ON CONSTRAINT c ON t IS 'x';
      CREATE INDEX i ON t (f(a)); CREATE STATISTICS s ON f(a), a FROM t; CREATE POLICY p ON t USING (f(a) > 0); CREATE RULE r AS ON INSERT TO t WHERE f(1) > 2 DO ALSO NOTHING;
      CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (f(old.a) > 1) EXECUTE FUNCTION suppress_redundant_updates_trigger();
      CREATE DOMAIN d AS int CHECK (f(VALUE) > 0); CREATE TABLE x (d d); CREATE VIEW v AS SELECT f(a) AS f FROM t; GRANT SELECT ON v TO regress_pair_reader;
      ALTER VIEW v ALTER f SET DEFAULT f(3); CREATE VIEW w AS SELECT * FROM v; CREATE MATERIALIZED VIEW m AS SELECT * FROM v; CREATE UNIQUE INDEX mi ON m (f);
      CREATE FUNCTION g() RETURNS int LANGUAGE sql RETURN f(1); CREATE FUNCTION h(a int DEFAULT f(2)) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION h IS 'x';$$ AS everything) e;
SELECT pg_temp.pair(
    $$CREATE FUNCTION s(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE g (int) (SFUNC = s, STYPE = int); CREATE VIEW v AS SELECT g(1)$$,
    $$CREATE FUNCTION s(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE g (int) (SFUNC = s, STYPE = int); CREATE VIEW v AS SELECT g(1)$$);

-- Row types: of views in functions and tables, of tables in tables
SELECT pg_temp.pair(
    $$CREATE TABLE t (id int, a text); CREATE VIEW v AS SELECT id, a FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
      CREATE FUNCTION g(v[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f OWNER TO regress_pair_owner$$,
    $$CREATE TABLE t (id bigint, a text); CREATE VIEW v AS SELECT id, a FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
      CREATE FUNCTION g(v[]) RETURNS int LANGUAGE sql AS 'SELECT 1'$$);
SELECT pg_temp.pair(
    $$CREATE TABLE t (a int); CREATE TABLE u (r t, s t[]); INSERT INTO u VALUES (ROW(1), ARRAY[ROW(2), ROW(3)]::t[]); CREATE VIEW v AS SELECT r FROM u$$,
    $$CREATE TABLE t (a bigint); CREATE TABLE u (r t, s t[]); CREATE VIEW v AS SELECT r FROM u$$, probe => 'SELECT u::text FROM u');
SELECT pg_temp.pair(
    $$CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE u (r v); INSERT INTO u VALUES (ROW(1))$$,
    $$CREATE TABLE t (a bigint); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE u (r v)$$, probe => 'SELECT u::text FROM u');

-- Collations, operators, text search configurations in use
SELECT pg_temp.pair(
    $$CREATE COLLATION c (locale = 'C'); CREATE TABLE t (a text COLLATE c DEFAULT 'x', b text); INSERT INTO t VALUES ('v'); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b COLLATE c); CREATE VIEW v AS SELECT a FROM t$$,
    $$CREATE COLLATION c (locale = 'POSIX'); CREATE TABLE t (a text COLLATE c DEFAULT 'x', b text); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b COLLATE c); CREATE VIEW v AS SELECT a FROM t$$,
    probe => 'SELECT a FROM t');
SELECT pg_temp.pair(
    $$CREATE TEXT SEARCH CONFIGURATION c (COPY = simple); CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('pair.c'::regconfig, a)) STORED); CREATE INDEX i ON t USING gin (v)$$,
    $$CREATE TEXT SEARCH CONFIGURATION c (COPY = english); CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('pair.c'::regconfig, a)) STORED); CREATE INDEX i ON t USING gin (v)$$);
SELECT pg_temp.pair(
    $$CREATE FUNCTION f(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR ### (FUNCTION = f, LEFTARG = int, RIGHTARG = int); CREATE TABLE t (a int CHECK (a ### 1))$$,
    $$CREATE FUNCTION f(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR ### (FUNCTION = f, LEFTARG = int, RIGHTARG = int, RESTRICT = eqsel); CREATE TABLE t (a int CHECK (a ### 1))$$);

-- A partial index and a check that would not be understood with the new type
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e CHECK (x <> 'b'), y int); INSERT INTO t VALUES ('a', 1); CREATE INDEX i ON t (y) WHERE x = 'a'$$,
    $$CREATE TABLE t (x text CHECK (x <> 'b'), y int); CREATE INDEX i ON t (y) WHERE x = 'a'$$);

-- What the schemas planned do not hold is named before it is in the way
CREATE SCHEMA one;
CREATE SCHEMA two;
CREATE TABLE one.t (id int PRIMARY KEY, a int, b int);
CREATE VIEW two.v AS SELECT a FROM one.t;
CREATE TABLE two.r (t int REFERENCES one.t);
SELECT p -> 'verified', p ->> 'verify_error' FROM db_adapter.plan(db_adapter.expected('CREATE SCHEMA one; CREATE TABLE one.t (id int PRIMARY KEY, a bigint, b int)', '{one}')) p;
SELECT p -> 'verified', p ->> 'verify_error' FROM db_adapter.plan(db_adapter.expected('CREATE SCHEMA one; CREATE TABLE one.t (id int PRIMARY KEY, a int, b bigint)', '{one}')) p;
SELECT p -> 'verified', p ->> 'verify_error' FROM db_adapter.plan(db_adapter.expected('CREATE SCHEMA one; CREATE TABLE one.t (id int NOT NULL, a int, b int)', '{one}'), allow_drop => true) p;
SELECT p -> 'verified', p ->> 'verify_error' FROM db_adapter.plan(db_adapter.expected('CREATE SCHEMA one; CREATE TABLE one.t (id int PRIMARY KEY, b int)', '{one}'), allow_drop => true) p;
SELECT p -> 'verified', p ->> 'verify_error' FROM db_adapter.plan(db_adapter.expected('CREATE SCHEMA one; CREATE TABLE one.t (id int PRIMARY KEY, a int)', '{one}'), allow_drop => true) p;
DROP SCHEMA one, two CASCADE;

DROP OWNED BY regress_pair_owner, regress_pair_reader;
DROP ROLE regress_pair_owner, regress_pair_reader;
DROP OWNED BY regress_pairs;
RESET ROLE;
DROP ROLE regress_pairs;
