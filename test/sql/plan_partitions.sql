-- Tables that become partitioned, are so otherwise, or not any more; their keys and indexes.
\i test/data/pairs.sql

-- Rebuilt, with all that stands on them: rows go through the whole
SELECT pg_temp.pair($$CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES k); CREATE INDEX i ON t (b); INSERT INTO k VALUES (1); INSERT INTO t VALUES (1, 1), (2, 1); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE r (x int REFERENCES t); INSERT INTO r VALUES (2); SET CONSTRAINTS ALL IMMEDIATE$$,
    $$CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES k) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT; CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE r (x int REFERENCES t)$$, probe => 'SELECT tableoid::regclass || t::text FROM t');
SELECT pg_temp.pair($$CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES k) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT; CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE r (x int REFERENCES t); INSERT INTO k VALUES (1); INSERT INTO t VALUES (1, 1), (2, 1); INSERT INTO r VALUES (2); SET CONSTRAINTS ALL IMMEDIATE$$,
    $$CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES k); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE r (x int REFERENCES t)$$, probe => 'SELECT tableoid::regclass || t::text FROM t');
SELECT pg_temp.pair($$CREATE TABLE t (a int, b int, id serial, PRIMARY KEY (a, id)) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT; CREATE INDEX i ON t (b); INSERT INTO t VALUES (1, 1), (2, 1); CREATE TABLE o (a int NOT NULL, b int, id serial); INSERT INTO o VALUES (5, 5)$$,
    $$CREATE TABLE t (a int, b int DEFAULT 3, id serial, PRIMARY KEY (a, id)) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t (b DEFAULT 4 NOT NULL) FOR VALUES FROM (2) TO (3); CREATE TABLE t3 PARTITION OF t DEFAULT; CREATE INDEX i ON t (b); CREATE TABLE o (a int NOT NULL, b int, id serial, PRIMARY KEY (a, id)); ALTER TABLE t ATTACH PARTITION o FOR VALUES FROM (5) TO (7)$$, probe => 'SELECT tableoid::regclass || t::text FROM t');
SELECT pg_temp.pair($$CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); INSERT INTO t VALUES (1, 1)$$,
    $$CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (b); CREATE TABLE t1a PARTITION OF t1 DEFAULT; CREATE INDEX i ON t (b)$$, probe => 'SELECT tableoid::regclass || t::text FROM t');
SELECT pg_temp.pair($$CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int); INSERT INTO t (b) VALUES (1), (2)$$,
    $$CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT$$, probe => 'INSERT INTO t (b) VALUES (4) RETURNING tableoid::regclass || t::text');
-- with what goes before the rows are copied, and a type that changes
SELECT pg_temp.pair($$CREATE TYPE c AS (x int); CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE TABLE u (id int, o c[], h int DEFAULT f(3)) PARTITION BY LIST (id); CREATE TABLE u1 PARTITION OF u DEFAULT; CREATE INDEX uf ON u (f(h)); INSERT INTO u VALUES (1, '{(1)}')$$,
    $$CREATE TYPE c AS (x bigint); CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE TABLE u (id bigint, o c[], h int DEFAULT f(3)) PARTITION BY LIST (id); CREATE TABLE u1 PARTITION OF u DEFAULT; CREATE INDEX uf ON u (f(h))$$, probe => 'SELECT u::text FROM u');
-- only with leave to drop
SELECT pg_temp.pair('CREATE TABLE t (a int)', 'CREATE TABLE t (a int) PARTITION BY LIST (a)', allow_drop => false);

-- Indexes and keys of partitions serve the whole otherwise than before
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX i ON m (id); INSERT INTO m VALUES (1, 1)$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX m1_id_idx ON m1 (id)$$, probe => 'SELECT tableoid::regclass || m::text FROM m');
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX m1_id_idx ON m1 (id)$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX i ON m (id)$$);
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); ALTER TABLE m1 ADD PRIMARY KEY (foo, id); CREATE UNIQUE INDEX i ON m (foo, id)$$,
    $$CREATE TABLE m (foo int, id int, PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1)$$);
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int, PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE z (x int, y int, FOREIGN KEY (x, y) REFERENCES m); INSERT INTO m VALUES (1, 1); INSERT INTO z VALUES (1, 1); SET CONSTRAINTS ALL IMMEDIATE$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); ALTER TABLE m1 ADD CONSTRAINT mine PRIMARY KEY (foo, id); CREATE UNIQUE INDEX i ON m (foo, id); CREATE TABLE z (x int, y int, FOREIGN KEY (x, y) REFERENCES m (foo, id))$$);
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE UNIQUE INDEX m1_pkey ON m1 (foo, id); INSERT INTO m VALUES (1, 1)$$,
    $$CREATE TABLE m (foo int, id int, PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE z (x int, y int, FOREIGN KEY (x, y) REFERENCES m)$$);
-- keys that come with the whole's are named
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1)$$,
    $$CREATE TABLE m (foo int, id int, PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 (foo int NOT NULL, id int NOT NULL, CONSTRAINT mine PRIMARY KEY (foo, id)); ALTER TABLE m ATTACH PARTITION m1 FOR VALUES IN (1);
      CREATE TABLE m2 (foo int NOT NULL, id int NOT NULL, CONSTRAINT mine2 PRIMARY KEY (foo, id)); ALTER TABLE m ATTACH PARTITION m2 FOR VALUES IN (2)$$);
-- a table comes to the whole, without a column that it has too much; another leaves
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 (foo int, id int, extra int); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2)$$,
    $$CREATE TABLE m (foo int, id int, PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 (foo int NOT NULL, id int NOT NULL); ALTER TABLE m ATTACH PARTITION m1 FOR VALUES IN (1); CREATE TABLE m2 (foo int, id int)$$);
-- an index that lacks a part is whole once that is attached
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX i ON ONLY m (id); CREATE INDEX j ON m1 (id)$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX i ON ONLY m (id); CREATE INDEX j ON m1 (id); ALTER INDEX i ATTACH PARTITION j$$);
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX i ON m (id)$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE INDEX i ON ONLY m (id); CREATE INDEX j ON m1 (id)$$);
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); CREATE INDEX i ON m (id); CREATE INDEX x ON m (foo, id); INSERT INTO m VALUES (1, 1)$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); CREATE INDEX i ON ONLY m (id); CREATE INDEX m1_id_idx ON m1 (id); CREATE INDEX j ON m2 (id); ALTER INDEX i ATTACH PARTITION j; CREATE INDEX x ON m (foo, id)$$);
-- a key that not all partitions have: from nothing, from one that all have, and back
SELECT pg_temp.pair('', $$CREATE TABLE m (foo int NOT NULL, id int NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); ALTER TABLE ONLY m ADD CONSTRAINT k PRIMARY KEY (foo, id);
      ALTER TABLE m1 ADD CONSTRAINT k1 PRIMARY KEY (foo, id); ALTER INDEX k ATTACH PARTITION k1$$);
SELECT pg_temp.pair($$CREATE TABLE m (foo int NOT NULL, id int NOT NULL, CONSTRAINT k PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); INSERT INTO m VALUES (1, 1)$$,
    $$CREATE TABLE m (foo int NOT NULL, id int NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); ALTER TABLE ONLY m ADD CONSTRAINT k PRIMARY KEY (foo, id);
      ALTER TABLE m1 ADD CONSTRAINT m1_pkey PRIMARY KEY (foo, id); ALTER INDEX k ATTACH PARTITION m1_pkey; CREATE UNIQUE INDEX m2_pkey ON m2 (foo, id)$$, probe => 'SELECT m::text FROM m');
SELECT pg_temp.pair($$CREATE TABLE m (foo int NOT NULL, id int NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); ALTER TABLE ONLY m ADD CONSTRAINT k PRIMARY KEY (foo, id);
      ALTER TABLE m1 ADD CONSTRAINT k1 PRIMARY KEY (foo, id); ALTER INDEX k ATTACH PARTITION k1; CREATE UNIQUE INDEX k2 ON m2 (foo, id); INSERT INTO m VALUES (2, 1)$$,
    $$CREATE TABLE m (foo int NOT NULL, id int NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 (foo int NOT NULL, id int NOT NULL, CONSTRAINT k1 PRIMARY KEY (foo, id)); CREATE TABLE m2 (foo int NOT NULL, id int NOT NULL, CONSTRAINT k2 PRIMARY KEY (foo, id));
      ALTER TABLE m ATTACH PARTITION m1 FOR VALUES IN (1); ALTER TABLE m ATTACH PARTITION m2 FOR VALUES IN (2); ALTER TABLE m ADD CONSTRAINT k PRIMARY KEY (foo, id); CREATE TABLE z (x int, y int, FOREIGN KEY (x, y) REFERENCES m)$$, probe => 'SELECT m::text FROM m');
-- a column of theirs gets another type
SELECT pg_temp.pair($$CREATE TABLE m (foo int NOT NULL, id int NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); CREATE INDEX i ON ONLY m (id); CREATE INDEX j ON m2 (id); ALTER INDEX i ATTACH PARTITION j$$,
    $$CREATE TABLE m (foo int NOT NULL, id bigint NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); CREATE INDEX i ON ONLY m (id); CREATE INDEX j ON m2 (id); ALTER INDEX i ATTACH PARTITION j$$);
-- the key of the whole becomes an index, which a partition's own key serves
SELECT pg_temp.pair($$CREATE TABLE m (foo int NOT NULL, id int NOT NULL, CONSTRAINT k PRIMARY KEY (foo, id)) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1)$$,
    $$CREATE TABLE m (foo int NOT NULL, id int NOT NULL) PARTITION BY LIST (foo); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); ALTER TABLE m1 ADD PRIMARY KEY (foo, id); CREATE UNIQUE INDEX k ON m (foo, id)$$);
-- the server would take the index that was there before
SELECT pg_temp.pair($$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 (foo int, id int); CREATE INDEX own ON m1 (id); COMMENT ON INDEX own IS 'mine'; CREATE INDEX i ON m (id)$$,
    $$CREATE TABLE m (foo int, id int) PARTITION BY LIST (foo); CREATE TABLE m1 (foo int, id int); CREATE INDEX i ON m (id); ALTER TABLE m ATTACH PARTITION m1 FOR VALUES IN (1); CREATE INDEX own ON m1 (id); COMMENT ON INDEX own IS 'mine'$$);
-- a foreign key needs nothing of the partitions of the table it points to: copies of these are made in their order
SELECT pg_temp.pair($$CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t (PRIMARY KEY (a, b)) FOR VALUES IN (1); CREATE UNIQUE INDEX i ON t (a, b);
      CREATE TABLE f (a int, b int) PARTITION BY LIST (a); CREATE TABLE f1 PARTITION OF f (PRIMARY KEY (a, b)) FOR VALUES IN (1); CREATE UNIQUE INDEX j ON f (a, b);
      ALTER TABLE f ADD CONSTRAINT ft FOREIGN KEY (a, b) REFERENCES t (a, b); ALTER TABLE t ADD CONSTRAINT tf FOREIGN KEY (a, b) REFERENCES f (a, b)$$,
    $$CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE UNIQUE INDEX i ON t (a, b); CREATE TABLE f (a int, b int) PARTITION BY LIST (a); CREATE UNIQUE INDEX j ON f (a, b);
      ALTER TABLE f ADD CONSTRAINT ft FOREIGN KEY (a, b) REFERENCES t (a, b); ALTER TABLE t ADD CONSTRAINT tf FOREIGN KEY (a, b) REFERENCES f (a, b)$$);

-- A check that is not valid for the whole, and is for partitions and children that came later
SELECT pg_temp.pair($$CREATE TABLE m (a int, CONSTRAINT c CHECK (a > 0)) PARTITION BY LIST (a); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE p (a int, CONSTRAINT c CHECK (a > 0)); CREATE TABLE q () INHERITS (p); INSERT INTO m VALUES (1)$$,
    $$CREATE TABLE m (a int) PARTITION BY LIST (a); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); ALTER TABLE m ADD CONSTRAINT c CHECK (a > -1) NOT VALID; CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1);
      CREATE TABLE p (a int); ALTER TABLE p ADD CONSTRAINT c CHECK (a > -1) NOT VALID; CREATE TABLE q () INHERITS (p); CREATE TABLE r () INHERITS (p)$$);

-- Whose a sequence is, its table is
SELECT pg_temp.pair($$CREATE SEQUENCE s; CREATE TABLE t (id int); ALTER TABLE t OWNER TO regress_pair_owner$$,
    $$CREATE SEQUENCE s; CREATE TABLE t (id int); ALTER SEQUENCE s OWNED BY t.id$$);
SELECT pg_temp.pair('CREATE TABLE t (id serial)', $$CREATE TABLE t (id serial); ALTER TABLE t OWNER TO regress_pair_owner$$);

-- A step after ALTER DOMAIN … DROP CONSTRAINT that runs by itself
SELECT pg_temp.pair($$CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE TABLE u (b int, z d); ALTER TABLE u OWNER TO regress_pair_owner$$,
    $$CREATE DOMAIN d AS int; CREATE TABLE u (b int, z d, y int); ALTER TABLE u OWNER TO regress_pair_owner$$);

-- Triggers and foreign keys of the whole, where a partition leaves or comes; a sequence, where its table goes
SELECT pg_temp.pair($$CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES k) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()$$,
    $$CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES k); CREATE TABLE t1 (a int REFERENCES k); CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER tr BEFORE UPDATE ON t1 FOR EACH ROW EXECUTE FUNCTION f()$$);
SELECT pg_temp.pair($$CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES k); CREATE TABLE t1 (a int REFERENCES k); CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER tr BEFORE UPDATE ON t1 FOR EACH ROW EXECUTE FUNCTION f()$$,
    $$CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES k) PARTITION BY LIST (a); CREATE TABLE t1 (a int REFERENCES k); ALTER TABLE t ATTACH PARTITION t1 DEFAULT; CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()$$);
SELECT pg_temp.pair($$CREATE TABLE k (id int UNIQUE) PARTITION BY LIST (id); CREATE TABLE k1 PARTITION OF k DEFAULT; CREATE TABLE t (a int UNIQUE) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT; ALTER TABLE t ADD CONSTRAINT tk FOREIGN KEY (a) REFERENCES k (id); ALTER TABLE k ADD CONSTRAINT kt FOREIGN KEY (id) REFERENCES t (a)$$,
    $$CREATE TABLE k (id int UNIQUE); CREATE TABLE t (a int UNIQUE); ALTER TABLE t ADD CONSTRAINT tk FOREIGN KEY (a) REFERENCES k (id); ALTER TABLE k ADD CONSTRAINT kt FOREIGN KEY (id) REFERENCES t (a)$$);
SELECT pg_temp.pair('CREATE TABLE t (a int); CREATE TABLE u (b int); CREATE SEQUENCE s OWNED BY t.a', 'CREATE TABLE u (b int); CREATE SEQUENCE s OWNED BY u.b');

-- Foreign tables keep their rows elsewhere
CREATE FOREIGN DATA WRAPPER regress_pair_fdw;
CREATE SERVER regress_pair_server FOREIGN DATA WRAPPER regress_pair_fdw;
SELECT pg_temp.pair('CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1)', 'CREATE FOREIGN TABLE t (a int, b text, c int) SERVER regress_pair_server');
SELECT pg_temp.pair('CREATE FOREIGN TABLE t (a int, b text, c int) SERVER regress_pair_server; CREATE VIEW v AS SELECT a FROM t', 'CREATE TABLE t (a int PRIMARY KEY, b text); CREATE VIEW v AS SELECT a FROM t');
DROP FOREIGN DATA WRAPPER regress_pair_fdw CASCADE;

DROP OWNED BY regress_pair_owner, regress_pair_reader;
DROP ROLE regress_pair_owner, regress_pair_reader;
RESET ROLE;
DROP OWNED BY regress_pairs;
DROP ROLE regress_pairs;
