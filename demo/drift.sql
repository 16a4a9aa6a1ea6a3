-- A database that deviates from its declared schema: found out, planned, tried,
-- repaired, proven.
CREATE DATABASE shop;
\connect shop

-- What is live: an older products table, with rows.
CREATE TABLE categories (
    id serial PRIMARY KEY, user_id varchar(50) NOT NULL, slug varchar(100) NOT NULL,
    name varchar(200) NOT NULL, UNIQUE (user_id, slug));
CREATE TABLE products (
    id serial PRIMARY KEY, user_id varchar(50) NOT NULL, slug varchar(100) NOT NULL,
    name varchar(200) NOT NULL, category_id integer NOT NULL REFERENCES categories (id),
    related_id integer REFERENCES products (id), price numeric(12,2) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, slug));
INSERT INTO categories (user_id, slug, name)
    SELECT 'acme', 'c' || n, 'Category ' || n FROM generate_series(1, 10) n;
INSERT INTO products (user_id, slug, name, category_id)
    SELECT 'acme', 'p' || n, 'Product ' || n, 1 + n % 10 FROM generate_series(1, 1000) n;

\set schema `cat demo/schema.sql`

\echo
\echo '1. DRIFT'
\echo
\echo 'A live database and its declared schema, demo/schema.sql, have grown apart:'
\echo
\! demo/tell --profile shop validate
SELECT db_adapter.expected(:'schema') AS expected \gset
SELECT db_adapter.fingerprint() AS before \gset
SELECT demo.claim('the differences were found',
    NOT (db_adapter.validate(:'expected') ->> 'valid')::boolean) \gset
\echo :claim
\echo
\echo 'What repairs it, proven by trying it out of sight:'
\echo
\! demo/tell --profile shop fix
SELECT db_adapter.plan(:'expected') AS plan \gset
SELECT demo.claim('the trial reached the declared schema, and nothing was changed',
    (:'plan'::jsonb ->> 'verified')::boolean AND db_adapter.fingerprint() = :'before') \gset
\echo :claim
\echo
\! demo/tell --profile shop fix --confirm --no-backup -q
SELECT demo.claim('applied in one transaction, and validated again in it',
    (db_adapter.validate(:'expected') ->> 'valid')::boolean) \gset
\echo :claim
SELECT demo.claim('all 1000 rows are still there, with the new columns filled',
    count(*) = 1000 AND bool_and(price = 0 AND active)) FROM products \gset
\echo :claim

\set VERBOSITY terse
\set ON_ERROR_STOP off
SELECT db_adapter.apply(:'plan', confirm => true) AS again \gset
\set ON_ERROR_STOP on
SELECT demo.claim('the same plan again is refused, the schema is another now (55000)',
    :'LAST_ERROR_SQLSTATE' = '55000') \gset
\echo :claim
\echo
