-- Privileges, default privileges and objects that are made again.
SET client_min_messages = warning;
CREATE ROLE regress_boss SUPERUSER;
SET ROLE regress_boss;
CREATE SCHEMA shop;
CREATE ROLE regress_a;
ALTER default privileges grant select on tables to regress_a;
ALTER default privileges IN SCHEMA shop grant execute on functions to regress_a with grant option;
CREATE FUNCTION shop.f() returns int language sql as 'select 1'; revoke all on FUNCTION shop.f() FROM public; grant execute on FUNCTION shop.f() to regress_a;
CREATE table shop.tt(a int); grant select, insert ON shop.tt to regress_a; grant all ON shop.tt TO public; create TYPE shop.ty as enum ('x'); grant usage on TYPE shop.ty to regress_a;
CREATE COLLATION shop.c1 (provider=icu, locale='de');
SELECT db_adapter.introspect('{shop}') as want \gset
ALTER default privileges revoke select on tables from regress_a;
ALTER default privileges IN SCHEMA shop revoke execute on functions from regress_a;
drop FUNCTION shop.f(); revoke all ON shop.tt FROM public, regress_a; revoke usage on TYPE shop.ty from regress_a;
drop COLLATION shop.c1; create COLLATION shop.c1 (provider=icu, locale='fr');
SELECT object_type,object,attribute,expected,actual from db_adapter.differences(:'want');
SELECT step,sql from db_adapter.plan_steps(db_adapter.plan(:'want', ignore=>'{}'));
SELECT p->'verified',p->'verify_error',p->'remaining' from db_adapter.plan(:'want', ignore=>'{}') p;
SELECT db_adapter.apply(db_adapter.plan(:'want', ignore=>'{}'),true)->'validation';
DROP SCHEMA shop CASCADE;
DROP OWNED BY regress_a;
DROP OWNED BY regress_boss;
RESET ROLE;
DROP ROLE regress_a, regress_boss;

-- What is made again keeps its owner, whoever applies the plan: a view or function
-- that came to belong to a superuser would run with his rights.
CREATE ROLE regress_plain;
CREATE SCHEMA shop AUTHORIZATION regress_plain;
SET ROLE regress_plain;
CREATE TABLE shop.t (a int);
CREATE VIEW shop.v AS SELECT a, current_user AS who FROM shop.t;
CREATE MATERIALIZED VIEW shop.m AS SELECT a, current_user AS who FROM shop.t UNION ALL SELECT 1, current_user;
CREATE FUNCTION shop.f(a int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
GRANT SELECT ON shop.v TO PUBLIC;
REVOKE ALL ON FUNCTION shop.f FROM PUBLIC;
RESET ROLE;
SELECT db_adapter.expected($$
    CREATE SCHEMA shop;
    CREATE TABLE shop.t (a bigint);
    CREATE VIEW shop.v AS SELECT a, current_user AS who FROM shop.t;
    CREATE FUNCTION shop.f(b int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 2'; $$) AS want \gset
SELECT a #> '{validation,valid}' AS valid FROM db_adapter.apply(db_adapter.plan(:'want'), confirm => true) a;
SELECT relname, relowner::regrole, relacl::text LIKE '%=r/%' AS public FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'v', 'm') ORDER BY 1;
SELECT proname, proowner::regrole, has_function_privilege('public', oid, 'EXECUTE') AS public FROM pg_proc WHERE pronamespace = 'shop'::regnamespace;
SELECT * FROM shop.m;
DROP SCHEMA shop CASCADE;
DROP ROLE regress_plain;
