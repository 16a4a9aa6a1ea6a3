-- expected_columns: the columns that DDL text declares, found by parsing alone.
SELECT db_adapter.expected_columns('CREATE TABLE p(id INTEGER, d DATE)');
SELECT db_adapter.expected_columns('CREATE TABLE a (id serial PRIMARY KEY, "Mixed" text, CHECK (id > 0), UNIQUE (id)); CREATE UNLOGGED TABLE "B" (x numeric(3,1) DEFAULT 1, y int GENERATED ALWAYS AS (1) STORED);');

-- ALTER, RENAME, DROP
SELECT db_adapter.expected_columns($$
CREATE TABLE a (id int, x int, y int);
ALTER TABLE a ADD z int, DROP COLUMN x, ADD COLUMN IF NOT EXISTS y int, DROP COLUMN IF EXISTS nosuch;
ALTER TABLE a RENAME y TO why;
ALTER TABLE a RENAME TO b;
ALTER TABLE IF EXISTS gone ADD c int;
CREATE TABLE c (id int); DROP TABLE IF EXISTS c, d;
CREATE TABLE IF NOT EXISTS b (other int);
CREATE TEMP TABLE t (id int);
ALTER SEQUENCE s OWNER TO x;
ALTER TABLE v OWNER TO x;
$$);

-- LIKE, INHERITS, PARTITION OF, OF
SELECT db_adapter.expected_columns($$
CREATE TABLE base (id int, note text);
CREATE TABLE copy (before int, LIKE base INCLUDING ALL, after int);
CREATE TABLE child (id int, own int) INHERITS (base);
CREATE TABLE part (d date, id int) PARTITION BY RANGE (d);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TYPE pair AS (one int, two int);
CREATE TABLE pairs OF pair (PRIMARY KEY (one));
CREATE FOREIGN TABLE far (id int) SERVER s;
ALTER TABLE base ADD added int;
ALTER TABLE ONLY base ADD only_here int;
ALTER TABLE base DROP note;
ALTER TABLE part RENAME d TO day;
ALTER TABLE base DROP id;
$$);

-- Queries
SELECT db_adapter.expected_columns($$
CREATE TABLE a (id int, x int);
CREATE TABLE b (id int, y int);
CREATE TABLE c AS SELECT id, x + 1 AS one_more, count(*), upper('x') FROM a GROUP BY 1, 2;
CREATE TABLE d (first) AS SELECT * FROM a;
CREATE TABLE e AS SELECT b.*, a.id AS a_id FROM a JOIN b ON a.id = b.id;
CREATE TABLE f AS VALUES (1, 2);
CREATE TABLE g AS SELECT * FROM nosuch;
CREATE VIEW v AS SELECT id FROM a;
CREATE TABLE h AS SELECT * FROM v UNION SELECT 1;
CREATE MATERIALIZED VIEW m AS SELECT * FROM a;
SELECT id INTO i FROM a;
$$);

-- Schemas and search_path
\set text 'CREATE SCHEMA app CREATE TABLE x (a int); CREATE TABLE y (b int); SET search_path = "$user", app; CREATE TABLE z (c int); ALTER TABLE public.y SET SCHEMA app; CREATE TABLE public.w (d int);'
SELECT db_adapter.expected_columns(:'text'), db_adapter.expected_columns(:'text', 'app'), db_adapter.expected_columns(:'text', 'nowhere');
SELECT db_adapter.expected_columns('CREATE SCHEMA a; CREATE TABLE a.t (x int); ALTER SCHEMA a RENAME TO b; CREATE TABLE b.u (y int)', 'b');
SELECT db_adapter.expected_columns('CREATE TABLE a (x int); DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE b (x int)');

-- What pg_dump writes
SELECT db_adapter.expected_columns($$
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (
    id integer NOT NULL,
    name text DEFAULT 'a, b'::text
);
COPY public.t (id, name) FROM stdin;
1	CREATE TABLE no (x int);
\.
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
$$);

-- Errors say where.
SELECT db_adapter.expected_columns(E'CREATE TABLE a (x int);\nCREATE TABLE a (y int);');
SELECT db_adapter.expected_columns(E'CREATE TABLE a (x int);\n ALTER TABLE a DROP y;');
SELECT db_adapter.expected_columns(E'CREATE TABLE a (x int, x2 int);\nALTER TABLE a ADD x int;');
SELECT db_adapter.expected_columns('CREATE TABLE a (LIKE nosuch)');
SELECT db_adapter.expected_columns('CREATE TABLE a (x int');
SELECT db_adapter.expected_columns(NULL) IS NULL AS nothing;

-- Nothing in a text exhausts the stack or runs for ever.
SELECT db_adapter.expected_columns($$
CREATE TABLE a (); CREATE TABLE b (); ALTER TABLE a INHERIT b; ALTER TABLE b INHERIT a; ALTER TABLE a INHERIT a;
ALTER TABLE a ADD x int; ALTER TABLE b RENAME x TO y; ALTER TABLE a ADD z int; ALTER TABLE b DROP z; DROP TABLE IF EXISTS c CASCADE;
$$);
SELECT db_adapter.expected_columns('CREATE TABLE a AS SELECT 1' || repeat('::int', 100000) || ' AS named');
SELECT db_adapter.expected_columns('CREATE TABLE a AS SELECT 1' || repeat('::int', 100000));
\set VERBOSITY terse
SELECT db_adapter.expected_columns('CREATE TABLE a AS SELECT * FROM x' || repeat(' CROSS JOIN x', 100000));
\set VERBOSITY default
SELECT db_adapter.expected_columns('CREATE TABLE a (x int); DROP TABLE a; CREATE TABLE p (x int); CREATE TABLE c () INHERITS (p); DROP TABLE p CASCADE; CREATE TABLE c (y int)');

-- It changes nothing and needs no right to.
BEGIN READ ONLY;
SELECT db_adapter.expected_columns('CREATE TABLE p(id INTEGER, d DATE)');
ROLLBACK;

-- No more columns than a table can have, however long the text.
SELECT db_adapter.expected_columns('CREATE TABLE t (' || string_agg('c' || n || ' int', ', ') || ')') FROM generate_series(1, 1601) n;
