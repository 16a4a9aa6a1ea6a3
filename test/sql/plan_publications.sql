-- Columns that publications name change their type or go.  From 15 on they can name any.
SELECT current_setting('server_version_num')::int < 150000 AS old \gset
\if :old
\quit
\endif
\i test/data/pairs.sql

SELECT pg_temp.pair(
    $$CREATE TABLE t (id int PRIMARY KEY, "C d" int, w int); INSERT INTO t VALUES (1, 2, 5);
      CREATE PUBLICATION regress_pair FOR TABLE t WHERE (id > 3)$$,
    $$CREATE TABLE t (id bigint PRIMARY KEY, "C d" bigint, w int)$$,
    probe => $$SELECT concat_ws(' ', pubname, pg_get_expr(prqual, prrelid)) FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid$$);
SELECT pg_temp.pair(
    $$CREATE TABLE t (id int PRIMARY KEY, "C d" int, w int); CREATE PUBLICATION regress_pair FOR TABLE t (id, "C d")$$,
    $$CREATE TABLE t (id bigint PRIMARY KEY, "C d" bigint, w int)$$,
    probe => $$SELECT attnames::text FROM pg_publication_tables$$);
SELECT pg_temp.pair(
    $$CREATE TABLE t (id int PRIMARY KEY, c int, "D, (" int); CREATE PUBLICATION regress_pair FOR TABLE t (id, c, "D, (") WHERE (id > 3)$$,
    $$CREATE TABLE t (id int PRIMARY KEY, "D, (" int)$$,
    probe => $$SELECT concat_ws(' ', attnames, rowfilter) FROM pg_publication_tables$$);
SELECT pg_temp.pair(
    $$CREATE TABLE t (id int PRIMARY KEY, c int); ALTER TABLE t REPLICA IDENTITY FULL; CREATE PUBLICATION regress_pair FOR TABLE t WHERE (c > 3)$$,
    $$CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY FULL$$);
DROP OWNED BY regress_pair_owner, regress_pair_reader;
DROP ROLE regress_pair_owner, regress_pair_reader;
DROP OWNED BY regress_pairs;
RESET ROLE;
DROP ROLE regress_pairs;

-- Columns and conditions of a table outside of the schemas
SET client_min_messages = error;
CREATE SCHEMA regress_auth;
CREATE TABLE regress_auth.users (id int PRIMARY KEY, email text, secret text);
SELECT db_adapter.expected('CREATE SCHEMA regress_app; CREATE PUBLICATION regress_outside FOR TABLE regress_auth.users (id, email) WHERE (id > 3)', '{regress_app}') AS want \gset
SELECT regexp_replace(sql, ' WITH .*', '') FROM db_adapter.plan_steps(db_adapter.plan(:'want')) ORDER BY step;
SELECT db_adapter.apply(db_adapter.plan(:'want'), confirm => true) #> '{validation,valid}' AS valid;
SELECT tablename, attnames, rowfilter FROM pg_publication_tables WHERE pubname = 'regress_outside';
DROP PUBLICATION regress_outside;
DROP SCHEMA regress_auth, regress_app CASCADE;
RESET client_min_messages;
