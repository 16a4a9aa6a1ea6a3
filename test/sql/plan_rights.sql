-- plan and apply on tables of somebody else: what he put into them runs with his
-- rights, never with those of who plans or applies.
SET client_min_messages = warning;
SELECT current_database() AS db \gset
CREATE ROLE regress_da_super SUPERUSER;
CREATE ROLE regress_da_owner;
CREATE ROLE regress_da_dba IN ROLE regress_da_owner;
GRANT EXECUTE ON FUNCTION db_adapter.plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean) TO regress_da_dba, regress_da_owner;
GRANT EXECUTE ON FUNCTION db_adapter.apply(jsonb, boolean, boolean, interval) TO regress_da_dba, regress_da_owner;
CREATE SCHEMA app AUTHORIZATION regress_da_owner;
CREATE SCHEMA spy AUTHORIZATION regress_da_owner;
SET ROLE regress_da_owner;
-- What no rollback undoes: it tells its author of what was read with another's rights.
CREATE SEQUENCE spy.told;
CREATE FUNCTION app.spy(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_user <> 'regress_da_owner' THEN
        PERFORM nextval('spy.told');
    END IF;
    RAISE WARNING 'spy runs as %', current_user;
    RETURN x;
END$$;
SET client_min_messages = error;
CREATE TABLE app.folded (id int, a int, g int GENERATED ALWAYS AS (app.spy(1) + a) STORED);
CREATE TABLE app.called (id int, a int, g int GENERATED ALWAYS AS (app.spy(a)) STORED);
CREATE INDEX ON app.called ((app.spy(2) + a));
CREATE TABLE app.checked (id int);
INSERT INTO app.checked VALUES (1);
ALTER TABLE app.checked ADD CONSTRAINT tells CHECK (pg_catalog.set_config('regress_da.who', current_user, false) IS NOT NULL) NOT VALID;
INSERT INTO app.folded (id, a) VALUES (1, 1);
INSERT INTO app.called (id, a) VALUES (1, 1);
CREATE TABLE app.parts (id int, a int, b int) PARTITION BY RANGE (id);
CREATE TABLE app.part PARTITION OF app.parts FOR VALUES FROM (1) TO (9);
INSERT INTO app.parts VALUES (1, 1, 1);
CREATE INDEX ON app.part ((app.spy(3) + a));
CREATE DOMAIN app.positive AS int;
CREATE TABLE app.domains (d app.positive);
INSERT INTO app.domains VALUES (1);
SET ROLE regress_da_super;
SET client_min_messages = warning;
SET regress_da.who = 'nobody';

-- The live schema, but for one member of one table.
CREATE FUNCTION pg_temp.but(name text, path text[], member jsonb, live jsonb DEFAULT db_adapter.introspect('{app}'))
RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_set(live, '{tables}', (SELECT jsonb_agg(CASE t->>'name' WHEN name THEN
        CASE WHEN member IS NULL THEN t #- path ELSE jsonb_set(t, path, member) END ELSE t END)
        FROM jsonb_array_elements(live->'tables') t)) $$;
GRANT CREATE ON SCHEMA app TO PUBLIC;

-- A superuser who plans: nothing of it is run, on copies or elsewhere.
SELECT p->'verified', p->>'verify_error' FROM db_adapter.plan(pg_temp.but('folded', '{columns,0,type}', '"int8"')) p;
SELECT p->'verified', p->>'verify_error' FROM db_adapter.plan(pg_temp.but('called', '{columns,0,type}', '"int8"')) p;
SELECT last_value, is_called FROM spy.told;

-- A superuser who applies: types, checks of NULL, copies and scans evaluate it.
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('called', '{columns,0,type}', '"int8"')) p;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('called', '{columns,0,not_null}', 'true')) p;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('called', '{columns,0,identity}', '"always"')) p;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('called', '{columns,3}', '{"name": "z", "type": "int4"}'), recreate_threshold => 1) p;
SELECT tableowner FROM pg_tables WHERE schemaname = 'app' AND tablename = 'called';
-- Functions of the server act with the rights of who calls them.
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('checked', '{constraints,0}',
    '{"name": "tells", "kind": "check", "expression": "(set_config(''regress_da.who''::text, (CURRENT_USER)::text, false) IS NOT NULL)",
      "definition": "CHECK ((set_config(''regress_da.who''::text, (CURRENT_USER)::text, false) IS NOT NULL))"}')) p;
SHOW regress_da.who;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(jsonb_set(db_adapter.introspect('{app}'), '{types,0,constraints}',
    '[{"name": "positive_check", "kind": "check", "expression": "(app.spy(VALUE) > 0)", "definition": "CHECK ((app.spy(VALUE) > 0))"}]')) p;
-- What is read to be saved, and what has no owner yet, is not evaluated at all.
SELECT db_adapter.apply(p, true) FROM db_adapter.plan(pg_temp.but('parts', '{columns,2}', NULL), allow_drop => true) p;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('folded', '{columns,3}', '{"name": "z", "type": "int4"}'), recreate_threshold => 1) p;

-- A superuser's own table may not call it; anybody else's may.
CREATE TABLE app.mine (id int, a int, g int);
INSERT INTO app.mine VALUES (1, 1);
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('mine', '{columns,3}', '{"name": "z", "type": "int4", "generated": "app.spy(a)", "generated_kind": "stored"}')) p;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('mine', '{columns,3}', '{"name": "z", "type": "float8", "default": "random()"}')) p;
DROP TABLE app.mine;
SELECT last_value, is_called FROM spy.told;
SET ROLE regress_da_dba;
CREATE TABLE app.mine (id int, a int, g int);
INSERT INTO app.mine VALUES (1, 1);
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('mine', '{columns,3}', '{"name": "z", "type": "int4", "generated": "app.spy(a)", "generated_kind": "stored"}')) p;

-- Somebody who may alter the tables but not swap the schema has the plan tried on
-- the tables themselves: it runs as their owner there.
SELECT p->'verified', p->>'verify_error' FROM db_adapter.plan(pg_temp.but('called', '{columns,0,type}', '"int4"')) p;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(pg_temp.but('called', '{columns,1,not_null}', 'true')) p;
SET ROLE regress_da_super;

-- A table above one of somebody else's: the whole has no owner.
CREATE TABLE app.above (id int, a int);
CREATE TABLE app.below (CHECK (app.spy(length(a::text)) > 0)) INHERITS (app.above);
SET client_min_messages = error;
INSERT INTO app.below VALUES (1, 1);
SET client_min_messages = warning;
ALTER TABLE app.below OWNER TO regress_da_owner;
SELECT db_adapter.apply(p, true)->'applied' FROM db_adapter.plan(
    pg_temp.but('above', '{columns,1,type}', '"int8"', pg_temp.but('below', '{columns,1,type}', '"int8"')), verify => false) p;

-- DDL text that is executed cannot take its guard away by applying a plan.
SELECT db_adapter.plan(db_adapter.introspect()) AS plan \gset
\set SHOW_CONTEXT never
SELECT db_adapter.expected(format('DO $$BEGIN PERFORM db_adapter.apply(%L); END$$', :'plan'), allow_do => true);

DROP FUNCTION pg_temp.but;
RESET ROLE;
SELECT db_adapter.purge_saved_rows('0 s') > 0 AS purged;
DROP SCHEMA app, spy CASCADE;
REVOKE ALL ON FUNCTION db_adapter.plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean) FROM regress_da_dba, regress_da_owner;
REVOKE ALL ON FUNCTION db_adapter.apply(jsonb, boolean, boolean, interval) FROM regress_da_dba, regress_da_owner;
DROP ROLE regress_da_dba, regress_da_owner, regress_da_super;
