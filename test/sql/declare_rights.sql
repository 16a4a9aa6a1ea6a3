-- declare: whose schemas one may declare, and what a declaration can hold up.
SET client_min_messages = warning;
CREATE ROLE regress_dw_owner;
CREATE ROLE regress_dw_heir;
CREATE ROLE regress_dw_member IN ROLE regress_dw_owner;
CREATE ROLE regress_dw_other;
SELECT current_database() AS db \gset
GRANT CREATE ON DATABASE :"db" TO regress_dw_owner, regress_dw_other;
GRANT EXECUTE ON FUNCTION db_adapter.declare(text, text, name[], text, text[]), db_adapter.undeclare(text)
    TO regress_dw_owner, regress_dw_other;
CREATE SCHEMA app AUTHORIZATION regress_dw_owner;
CREATE SCHEMA lib AUTHORIZATION regress_dw_other;
GRANT USAGE ON SCHEMA app, lib TO PUBLIC;
\set VERBOSITY terse

-- Only schemas whose owner's privileges one has; the tables are nobody's.
SET ROLE regress_dw_other;
SELECT db_adapter.declare('app', 'CREATE TABLE app.t (a int);', '{app}', 'enforce');
SELECT db_adapter.declare('app', 'CREATE TABLE public.t (a int);', NULL, 'enforce');
SELECT * FROM db_adapter.declaration;
SELECT * FROM db_adapter.declaration_state;
SELECT * FROM db_adapter.declared;
SET db_adapter.enforce = off;
RESET ROLE;
SET ROLE regress_dw_heir;
SELECT db_adapter.declare('mine', 'CREATE TABLE app.t (a int);', '{app}', 'enforce');

-- DDL by a role without any rights here is checked all the same.
SET ROLE regress_dw_owner;
CREATE TABLE app.t (a int, b int);
SELECT db_adapter.declare('app', 'CREATE TABLE app.t (a int, b int);', '{app}', 'enforce') -> 'armed' AS armed;
RESET ROLE;
CREATE ROLE regress_dw_plain IN ROLE regress_dw_owner;
REVOKE EXECUTE ON FUNCTION db_adapter.differences(jsonb, name[], name[], text[]) FROM PUBLIC;
SET ROLE regress_dw_plain;
ALTER TABLE app.t DROP b;
RESET ROLE;
GRANT EXECUTE ON FUNCTION db_adapter.differences(jsonb, name[], name[], text[]) TO PUBLIC;

-- Seen, changed and lifted by the owner and by members only; superusers see all.
SET ROLE regress_dw_other;
SELECT name FROM db_adapter.declarations;
SELECT * FROM db_adapter.drift;
SELECT db_adapter.undeclare('app');
SELECT db_adapter.declare('app', 'CREATE TABLE lib.t (a int);', '{lib}', 'warn');
SET ROLE regress_dw_member;
SELECT name, owner FROM db_adapter.declarations;
SELECT db_adapter.declare('app', 'CREATE TABLE app.t (a int);', '{app}', 'enforce') -> 'armed' AS armed;
RESET ROLE;
SELECT name, owner FROM db_adapter.declarations;
-- The owner is known by oid: another role of his name is not him.
ALTER ROLE regress_dw_owner RENAME TO regress_dw_renamed;
SELECT name, owner FROM db_adapter.declarations;
ALTER ROLE regress_dw_renamed RENAME TO regress_dw_owner;

-- What depends on others' objects gives no power over them: their owner may drop and
-- rename them as before, and the declaration is only warned of.
SET ROLE regress_dw_other;
CREATE TYPE lib.mood AS ENUM ('ok');
CREATE TABLE lib.parent (id int PRIMARY KEY);
GRANT REFERENCES ON lib.parent TO regress_dw_owner;
SET ROLE regress_dw_owner;
CREATE TABLE app.hostile (id int PRIMARY KEY REFERENCES lib.parent, m lib.mood);
SELECT db_adapter.declare('app', $$
    CREATE TABLE app.t (a int, b int);
    CREATE TABLE app.hostile (id int PRIMARY KEY REFERENCES lib.parent, m lib.mood);$$, '{app}', 'enforce') -> 'armed' AS armed;
\set VERBOSITY default
SET ROLE regress_dw_other;
ALTER TABLE lib.parent RENAME TO renamed;
ALTER TABLE lib.renamed RENAME TO parent;
DROP TYPE lib.mood CASCADE;
\set VERBOSITY terse
-- The owner of the database has the say over all of it.
RESET ROLE;
SELECT db_adapter.undeclare('app');
SELECT db_adapter.declare('app', $$
    CREATE TABLE app.t (a int, b int);
    CREATE TABLE app.hostile (id int PRIMARY KEY REFERENCES lib.parent);$$, '{app}', 'enforce') -> 'armed' AS armed;
SET ROLE regress_dw_other;
ALTER TABLE lib.parent RENAME TO renamed;
DROP TABLE lib.parent CASCADE;

-- Who has lost the schema has lost its declaration.
RESET ROLE;
SELECT db_adapter.undeclare('app');
SET ROLE regress_dw_owner;
SELECT db_adapter.declare('app', 'CREATE TABLE app.t (a int, b int);', '{app}', 'enforce') -> 'armed' AS armed;
RESET ROLE;
ALTER SCHEMA app OWNER TO regress_dw_heir;
ALTER TABLE app.t OWNER TO regress_dw_heir;
\set VERBOSITY default
SET ROLE regress_dw_heir;
ALTER TABLE app.t DROP b;
RESET ROLE;

-- A role that goes leaves a declaration that binds nobody.
\set VERBOSITY terse
DROP OWNED BY regress_dw_owner;
REASSIGN OWNED BY regress_dw_owner TO regress_dw_heir;
DROP ROLE regress_dw_owner;
SELECT name, owner::text ~ '^\d+$' AS unknown, armed FROM db_adapter.declarations;
SET ROLE regress_dw_heir;
ALTER TABLE app.t DROP a;
RESET ROLE;
SELECT db_adapter.undeclare('app');

DROP SCHEMA app, lib CASCADE;
DROP OWNED BY regress_dw_other, regress_dw_heir;
DROP ROLE regress_dw_heir, regress_dw_member, regress_dw_other, regress_dw_plain;
