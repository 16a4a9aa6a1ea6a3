-- Enums whose labels change, and what stands on them.
\i test/data/pairs.sql

-- A label that nothing uses yet is added; one that is used at once cannot be
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('ab'); CREATE TABLE t (id int, c e DEFAULT 'ab'); INSERT INTO t VALUES (1, 'ab'); CREATE TABLE was AS SELECT 'e'::regtype::oid AS o$$,
    $$CREATE TYPE e AS ENUM ('b', 'ab'); CREATE TABLE t (id int, c e); CREATE TABLE was (o oid); CREATE VIEW v AS SELECT * FROM t WHERE c = 'ab'$$, false,
    probe => $$SELECT ('e'::regtype::oid = o)::text FROM was$$);
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int, c e); INSERT INTO t VALUES (1, 'a')$$,
    $$CREATE TYPE e AS ENUM ('a', 'it''s \'); CREATE TABLE t (id int, c e DEFAULT 'it''s \')$$, false,
    probe => 'INSERT INTO t (id) VALUES (2) RETURNING c::text');
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int, c e[]); INSERT INTO t VALUES (1, '{a,a}')$$,
    $$CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int, c e[], CHECK (c <> '{b}'))$$, false,
    probe => 'SELECT t::text FROM t');

-- In another order, with all that stands on it
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (id int, c e DEFAULT 'a', d e[] DEFAULT '{a}', g e GENERATED ALWAYS AS ('a'::e) STORED, CHECK (c <> 'c'));
      CREATE INDEX ON t (id) WHERE c = 'a'; CREATE INDEX ON t (c); CREATE STATISTICS s ON id, c FROM t;
      CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT c FROM v; COMMENT ON TYPE e IS 'x'; GRANT USAGE ON TYPE e TO regress_pair_reader;
      CREATE FUNCTION f(x e) RETURNS e[] LANGUAGE sql AS 'SELECT ARRAY[x]'; COMMENT ON FUNCTION f(e) IS 'y'; CREATE VIEW w AS SELECT f('a');
      CREATE FUNCTION h() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(c) FROM t WHERE c = 'a'; END;
      CREATE FUNCTION i(a e) RETURNS e LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
      CREATE TABLE other (x int, y text); CREATE POLICY po ON other USING (y::e = 'a'); CREATE POLICY p ON t USING (c = 'a');
      CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (old.c = 'a') EXECUTE FUNCTION suppress_redundant_updates_trigger();
      CREATE RULE r AS ON INSERT TO other WHERE new.y = 'a'::e::text DO ALSO DELETE FROM t;
      CREATE TABLE k (k e PRIMARY KEY); CREATE TABLE q (k e REFERENCES k);
      INSERT INTO t VALUES (1, 'a', '{a,c}'); INSERT INTO k VALUES ('c'); INSERT INTO q VALUES ('c'); REFRESH MATERIALIZED VIEW m;
      ALTER TYPE e OWNER TO regress_pair_owner; ALTER FUNCTION f OWNER TO regress_pair_owner$$,
    $$CREATE TYPE e AS ENUM ('c', 'b', 'a'); CREATE TABLE t (id int, c e DEFAULT 'b', d e[] DEFAULT '{b}', g e GENERATED ALWAYS AS ('a'::e) STORED, CHECK (c <> 'c'));
      CREATE INDEX ON t (id) WHERE c = 'a'; CREATE INDEX ON t (c); CREATE STATISTICS s ON id, c FROM t;
      CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT c FROM v; COMMENT ON TYPE e IS 'x'; GRANT USAGE ON TYPE e TO regress_pair_reader;
      CREATE FUNCTION f(x e) RETURNS e[] LANGUAGE sql AS 'SELECT ARRAY[x]'; COMMENT ON FUNCTION f(e) IS 'y'; CREATE VIEW w AS SELECT f('a');
      CREATE FUNCTION h() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(c) FROM t WHERE c = 'a'; END;
      CREATE FUNCTION i(a e) RETURNS e LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
      CREATE TABLE other (x int, y text); CREATE POLICY po ON other USING (y::e = 'a'); CREATE POLICY p ON t USING (c = 'a');
      CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (old.c = 'a') EXECUTE FUNCTION suppress_redundant_updates_trigger();
      CREATE RULE r AS ON INSERT TO other WHERE new.y = 'a'::e::text DO ALSO DELETE FROM t;
      CREATE TABLE k (k e PRIMARY KEY); CREATE TABLE q (k e REFERENCES k)$$, false,
    probe => $$SELECT t::text || f(c)::text FROM t UNION ALL SELECT m::text FROM m UNION ALL SELECT q::text FROM q$$);
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (id int, c e DEFAULT 'a') PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t (c DEFAULT 'c') FOR VALUES FROM (1) TO (3);
      INSERT INTO t VALUES (1, 'c'); CREATE INDEX ON t (c)$$,
    $$CREATE TYPE e AS ENUM ('c', 'a'); CREATE TABLE t (id int, c e DEFAULT 'a') PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t (c DEFAULT 'a') FOR VALUES FROM (1) TO (3);
      CREATE INDEX ON t (c)$$, probe => 'SELECT t::text FROM t');
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (id int, c e, d text, extra e); CREATE TABLE extra (c e); INSERT INTO t VALUES (1, 'c', 'a', 'a')$$,
    $$CREATE TYPE e AS ENUM ('c', 'a'); CREATE TABLE t (id int, c text, d e, fresh e)$$, probe => 'SELECT t::text FROM t');
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (id int, c e, extra e); CREATE TABLE extra (c e); INSERT INTO t VALUES (1, 'c', 'a')$$,
    $$CREATE TYPE e AS ENUM ('c', 'a'); CREATE TABLE t (id int, c e)$$, false, probe => 'SELECT t::text FROM t');

-- Labels go when that is asked for and no row holds them
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (c e DEFAULT 'a'); INSERT INTO t VALUES ('a')$$, $$CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (c e DEFAULT 'a')$$, false);
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (c e DEFAULT 'a'); INSERT INTO t VALUES ('a')$$, $$CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (c e DEFAULT 'a')$$);
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (c e DEFAULT 'a'); INSERT INTO t VALUES ('c')$$, $$CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (c e DEFAULT 'a')$$);

-- What cannot be made anew with it is named
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE DOMAIN d AS e$$, $$CREATE TYPE e AS ENUM ('c', 'a'); CREATE DOMAIN d AS e$$);
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (c e) PARTITION BY LIST (c)$$, $$CREATE TYPE e AS ENUM ('c', 'a'); CREATE TABLE t (c e) PARTITION BY LIST (c)$$);
SELECT pg_temp.pair(
    $$CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS e; CREATE TABLE t (c e)$$, $$CREATE TYPE e AS ENUM ('a', 'b'); CREATE DOMAIN d AS e; CREATE TABLE t (c e DEFAULT 'b')$$);

DROP OWNED BY regress_pair_owner, regress_pair_reader;
DROP ROLE regress_pair_owner, regress_pair_reader;
DROP OWNED BY regress_pairs;
RESET ROLE;
DROP ROLE regress_pairs;
