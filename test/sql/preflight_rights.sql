-- Rows are asked as the table's owner, who can change nothing by it, for whoever may do as he
-- does; and shown to whoever may see them.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_pf_super SUPERUSER;
CREATE ROLE regress_pf_owner;
CREATE ROLE regress_pf_dba IN ROLE regress_pf_owner;
CREATE ROLE regress_pf_other;
CREATE ROLE regress_pf_mallory;
GRANT EXECUTE ON FUNCTION db_adapter.plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean), db_adapter.preflight(jsonb, int)
    TO regress_pf_owner, regress_pf_dba, regress_pf_other;
CREATE SCHEMA app AUTHORIZATION regress_pf_owner;
GRANT ALL ON SCHEMA app TO regress_pf_mallory, regress_pf_other, regress_pf_super;
SET ROLE regress_pf_owner;
CREATE TABLE app.t (id int PRIMARY KEY, v int, w text);
INSERT INTO app.t VALUES (1, 1, 'a'), (2, NULL, 'b'), (3, 3, '4');
CREATE TABLE app.log (what text);
CREATE FUNCTION app.who(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it runs as % (%)', current_user, session_user = current_user; END $$;
CREATE FUNCTION app.writes(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO app.log VALUES (current_user)'; RETURN true; END $$;
CREATE FUNCTION app.leaves(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'app', false); SET transaction_read_only = off; RETURN true; END $$;
RESET ROLE;
CREATE FUNCTION app.plan_of(VARIADIC steps text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT db_adapter.plan(db_adapter.introspect('{app}'), verify => false, schemas => '{app}') ||
           jsonb_build_object('steps', (SELECT jsonb_agg(jsonb_build_object('step', n, 'action', 'alter_table', 'object', 'app.t', 'sql', s, 'hazards', '[]'::jsonb, 'reason', '') ORDER BY n)
                                          FROM unnest(steps) WITH ORDINALITY AS u (s, n))) $$;
CREATE FUNCTION app.ask(VARIADIC steps text[]) RETURNS TABLE (step int, kind text, problem text, rows bigint, samples jsonb) LANGUAGE sql AS $$
    SELECT step, kind, problem, rows, samples FROM db_adapter.preflight(app.plan_of(VARIADIC steps), 1) $$;

-- As the owner, for a member of his and for a superuser
SET ROLE regress_pf_dba;
SELECT * FROM app.ask('ALTER TABLE app.t ADD CHECK (app.who(id))', 'ALTER TABLE app.t ALTER v SET NOT NULL');
SELECT * FROM app.ask('ALTER TABLE app.t ADD CHECK (app.writes(id))', 'ALTER TABLE app.t ADD CHECK (app.leaves(id))', 'ALTER TABLE app.t ALTER w TYPE int USING w::int');
SET ROLE regress_pf_super;
SELECT * FROM app.ask('ALTER TABLE app.t ADD CHECK (app.who(id))', 'ALTER TABLE app.t ADD COLUMN x int GENERATED ALWAYS AS (app.who(id)::int) STORED');
SELECT count(*) FROM app.log;
SHOW search_path;
SHOW transaction_read_only;

-- Who may not do as the owner does is told nothing of the rows
SET ROLE regress_pf_other;
SELECT * FROM app.ask('ALTER TABLE app.t ALTER v SET NOT NULL', 'ALTER TABLE app.t ADD UNIQUE (v)', 'ALTER TABLE app.t ALTER w TYPE int USING w::int');

-- A superuser's table calls no function of others, and nothing of the server that acts
SET ROLE regress_pf_mallory;
CREATE FUNCTION app.hers(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'her code runs as %', current_user; RETURN true; END $$;
CREATE FUNCTION app.inlined(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT app.hers($1)';
SET ROLE regress_pf_super;
CREATE TABLE app.s (id int PRIMARY KEY, v int);
INSERT INTO app.s VALUES (1, 1), (2, NULL);
SELECT * FROM app.ask('ALTER TABLE app.s ADD CHECK (app.hers(v))', 'ALTER TABLE app.s ADD CHECK (app.inlined(v))', 'ALTER TABLE app.s ADD CHECK (pg_sleep(0) IS NULL)',
    'ALTER TABLE app.s ALTER v SET NOT NULL', 'CREATE UNIQUE INDEX ON app.s ((app.hers(v)))', 'ALTER TABLE app.s ADD UNIQUE (id, v)');
CREATE TABLE app.parts (id int, v int) PARTITION BY LIST (id);
CREATE TABLE app.part (id int, v int);
SELECT * FROM app.ask('ALTER TABLE app.parts ATTACH PARTITION app.part FOR VALUES IN (app.hers(1)::int)');

-- Partitions of somebody else's
CREATE TABLE app.part_2 PARTITION OF app.parts FOR VALUES IN (2);
ALTER TABLE app.part_2 OWNER TO regress_pf_owner;
SELECT * FROM app.ask('ALTER TABLE app.parts ALTER v SET NOT NULL');

-- Policies: all rows are asked, and none is shown to whom some are hidden
SET ROLE regress_pf_owner;
CREATE POLICY p ON app.t USING (id = 1);
ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
SELECT * FROM app.ask('ALTER TABLE app.t ALTER v SET NOT NULL', 'ALTER TABLE app.t ALTER w TYPE int USING w::int');
ALTER TABLE app.t FORCE ROW LEVEL SECURITY;
SELECT * FROM app.ask('ALTER TABLE app.t ALTER v SET NOT NULL', 'ALTER TABLE app.t ALTER w TYPE int USING w::int');
SET ROLE regress_pf_super;
SELECT * FROM app.ask('ALTER TABLE app.t ALTER v SET NOT NULL', 'ALTER TABLE app.t ALTER w TYPE int USING w::int');
SET ROLE regress_pf_owner;
ALTER TABLE app.t NO FORCE ROW LEVEL SECURITY;
-- A table referred to that may not be read
CREATE TABLE app.refers (id int);
INSERT INTO app.refers VALUES (7);
SELECT * FROM app.ask('ALTER TABLE app.refers ADD FOREIGN KEY (id) REFERENCES app.s');
RESET ROLE;
GRANT SELECT ON app.s TO regress_pf_owner;
SET ROLE regress_pf_owner;
SELECT * FROM app.ask('ALTER TABLE app.refers ADD FOREIGN KEY (id) REFERENCES app.s');
-- An owner who may not read his own
REVOKE SELECT ON app.t FROM regress_pf_owner;
SELECT * FROM app.ask('ALTER TABLE app.t ALTER v SET NOT NULL');
RESET ROLE;
SET client_min_messages = error;
DROP SCHEMA app CASCADE;
REVOKE ALL ON FUNCTION db_adapter.plan(jsonb, jsonb, int, boolean, boolean, name[], name[], text[], jsonb, boolean, boolean), db_adapter.preflight(jsonb, int)
    FROM regress_pf_owner, regress_pf_dba, regress_pf_other;
DROP ROLE regress_pf_super, regress_pf_owner, regress_pf_dba, regress_pf_other, regress_pf_mallory;
