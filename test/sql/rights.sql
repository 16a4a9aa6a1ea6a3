-- Nobody lends his rights to who wrote what a command evaluates, in whatever language
-- and from whatever place; and what that code sets, ends with the call.
SET client_min_messages = warning;
CREATE ROLE regress_da_other;
CREATE SCHEMA other AUTHORIZATION regress_da_other;
CREATE SCHEMA app;
GRANT ALL ON SCHEMA app TO regress_da_other;
SET ROLE regress_da_other;
CREATE FUNCTION other.tells(x int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'other''s code runs as %', current_user;
    PERFORM pg_catalog.set_config('search_path', 'other, pg_catalog', false);
    PERFORM pg_catalog.set_config('work_mem', '65kB', false);
    RETURN x;
END$$;
-- Bodies of SQL are put in the place of their calls, where no call is seen.
CREATE FUNCTION other.inlined() RETURNS int LANGUAGE sql AS $$ SELECT other.tells(1) $$;
CREATE FUNCTION other.stable() RETURNS int LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.length(pg_catalog.table_to_xml('pg_catalog.pg_authid', true, false, '')::text) $$;
CREATE FUNCTION other.volatile() RETURNS int LANGUAGE sql AS $$
    SELECT pg_catalog.length(pg_catalog.set_config('search_path', 'other, pg_catalog', false)) $$;
CREATE FUNCTION other.folded(x int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT other.tells(x) $$;
CREATE FUNCTION other.lower(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RAISE WARNING 'other''s code runs as %', current_user; RETURN $1; END$$;
RESET ROLE;

-- Steps that change app to what a text says, applied by the superuser.
CREATE FUNCTION pg_temp.change(text) RETURNS boolean LANGUAGE sql AS $$
    SELECT (db_adapter.apply(db_adapter.plan(db_adapter.expected('CREATE SCHEMA app; ' || $1, '{app}'),
        ignore => '{owners,privileges}'), true) ->> 'applied')::boolean $$;
\set VERBOSITY terse

-- ---- apply: tables of the superuser's own ----
CREATE TABLE app.mine (id int PRIMARY KEY);
INSERT INTO app.mine VALUES (1);
\set mine 'CREATE TABLE app.mine (id int PRIMARY KEY, v int '
SELECT pg_temp.change(:'mine' || 'DEFAULT other.inlined())');
SELECT pg_temp.change(:'mine' || 'DEFAULT other.stable())');
SELECT pg_temp.change(:'mine' || 'DEFAULT other.volatile())');
SELECT pg_temp.change(:'mine' || 'CHECK (other.stable() > id))');
SELECT pg_temp.change(:'mine' || '); CREATE INDEX ON app.mine ((other.folded(id)))');
SELECT pg_temp.change(:'mine' || '); CREATE INDEX ON app.mine (id) WHERE id > other.folded(1)');
SELECT pg_temp.change(:'mine' || 'GENERATED ALWAYS AS (other.folded(id)) STORED)');
-- His own may be what they like.
CREATE FUNCTION app.his() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN 7; END';
\set his 'CREATE FUNCTION app.his() RETURNS int LANGUAGE plpgsql AS ''BEGIN PERFORM pg_advisory_xact_lock(7); RETURN 7; END'';'
SELECT pg_temp.change(:'his' || :'mine' || 'DEFAULT app.his())');
SELECT * FROM app.mine;
DROP TABLE app.mine;
DROP FUNCTION app.his();

-- ---- apply: domains of others, which need no function of theirs ----
SET ROLE regress_da_other;
CREATE DOMAIN other.sets AS int CHECK (pg_catalog.set_config('search_path', 'other, pg_catalog', false) IS NOT NULL);
CREATE DOMAIN other.reads AS text DEFAULT pg_catalog.table_to_xml('pg_catalog.pg_authid', true, false, '')::text;
RESET ROLE;
CREATE FUNCTION app.powerful(int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RAISE WARNING 'called for another as %', current_user; RETURN true; END$$;
REVOKE ALL ON FUNCTION app.powerful FROM PUBLIC;
SET ROLE regress_da_other;
CREATE DOMAIN other.borrows AS int CHECK (app.powerful(VALUE));
RESET ROLE;
\set powerful 'CREATE FUNCTION app.powerful(int) RETURNS boolean LANGUAGE plpgsql AS $x$\nBEGIN RAISE WARNING ''called for another as %'', current_user; RETURN true; END$x$;'
CREATE TABLE app.mine (id int PRIMARY KEY, v int);
INSERT INTO app.mine VALUES (1, 1);
SELECT pg_temp.change('CREATE TABLE app.mine (id int PRIMARY KEY, v other.sets);' || :'powerful');
SELECT pg_temp.change('CREATE TABLE app.mine (id int PRIMARY KEY, v other.borrows);' || :'powerful');
SELECT pg_temp.change('CREATE TABLE app.mine (id int PRIMARY KEY, v int, w other.reads);' || :'powerful');
DROP TABLE app.mine;

-- ---- apply: tables of others ----
SET ROLE regress_da_other;
CREATE TABLE app.hers (id int PRIMARY KEY, v int, CHECK (other.tells(v) > 0) NOT VALID);
SET client_min_messages = error;
INSERT INTO app.hers VALUES (1, 1);
SET client_min_messages = warning;
RESET ROLE;
RESET search_path;
RESET work_mem;
\set hers 'CREATE TABLE app.hers (id int PRIMARY KEY, v int, CONSTRAINT hers_v_check CHECK (other.tells(v) > 0) NOT VALID'
-- She reads with her own rights what she has read.
SELECT pg_temp.change(:'powerful' || :'hers' || ', w text DEFAULT other.stable())');
SELECT pg_temp.change(:'powerful' || :'hers' || ', w other.reads)');
-- What she sets does not outlive the step, for the steps after it neither.
SELECT pg_temp.change(:'powerful' || :'hers' || ', CONSTRAINT two CHECK (other.tells(v) > 0))');
SHOW search_path;
SHOW work_mem;
SELECT lower('ABC'::text);
SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'app.hers'::regclass AND contype = 'c' ORDER BY 1;

-- An event trigger is a superuser's: it runs as for any other command.
CREATE TABLE other.audit (who name, tag text);
CREATE FUNCTION other.audits() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO other.audit VALUES (current_user, tg_tag); END$$;
CREATE EVENT TRIGGER regress_da_audits ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION other.audits();
SELECT pg_temp.change(:'powerful' || :'hers' || ', CONSTRAINT two CHECK (other.tells(v) > 0), x int)');
DROP EVENT TRIGGER regress_da_audits;
SELECT DISTINCT who = current_user AS as_superuser, tag FROM other.audit;
DROP TABLE other.audit;

-- ---- apply: commands that make something new ----
SET ROLE regress_da_other;
CREATE FUNCTION other.checks(x text) RETURNS boolean LANGUAGE sql AS 'SELECT other.tells(1) = 1';
CREATE DOMAIN other.checked AS text CHECK (other.checks(VALUE));
CREATE FUNCTION other.step(other.checked, int) RETURNS other.checked LANGUAGE sql AS 'SELECT $1';
RESET ROLE;
DROP TABLE app.hers;
DROP DOMAIN other.borrows;
DROP FUNCTION app.powerful;
SELECT pg_temp.change('CREATE AGGREGATE app.agg(int) (sfunc = other.step, stype = other.checked, initcond = ''x'')');
SELECT pg_temp.change('CREATE MATERIALIZED VIEW app.mv AS SELECT other.inlined() AS c');
SELECT pg_temp.change('CREATE TABLE app.p (a int) PARTITION BY LIST (a); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (other.stable())');

-- ---- functions that the server has looked up before ----
SET ROLE regress_da_other;
CREATE FUNCTION other.diff(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RAISE WARNING 'other''s ranges run as %', current_user; RETURN $1 - $2; END$$;
CREATE TYPE other.range AS RANGE (subtype = float8, subtype_diff = other.diff);
RESET ROLE;
CREATE TABLE app.ranges (id int PRIMARY KEY, v other.range);
INSERT INTO app.ranges SELECT i, other.range(i, i + 1) FROM generate_series(1, 600) i;
SELECT count(*) FROM app.ranges WHERE v && other.range(1, 2);
SELECT pg_temp.change('CREATE TABLE app.ranges (id int PRIMARY KEY, v other.range); CREATE INDEX ON app.ranges USING gist (v)');
DROP TABLE app.ranges;

-- ---- expected, declare ----
SELECT db_adapter.expected('CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (other.stable())');
SELECT db_adapter.expected('CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (other.stable())', allow_do => true);
SELECT db_adapter.expected('CREATE TABLE t (a int); CREATE INDEX ON t (a) WHERE a > other.folded(1)');
SELECT db_adapter.declare('app', 'CREATE SCHEMA app; CREATE TABLE app.p (a int) PARTITION BY LIST (a); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (other.stable())', '{app}');

-- ---- the swap leaves nothing behind in a language ----
CREATE TABLE app.t (id int PRIMARY KEY, v text);
CREATE FUNCTION other.known(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE r app.t; BEGIN r := null; RETURN x; END$$;
SELECT db_adapter.expected('CREATE SCHEMA app; CREATE TABLE app.t (other int); CREATE INDEX ON app.t (other) WHERE other > other.known(1)', '{app}') -> 'tables' -> 0 -> 'name' AS name;
SELECT other.known(1);
SELECT db_adapter.expected('CREATE SCHEMA app; CREATE TABLE app.t (other int); CREATE INDEX ON app.t (other) WHERE other > other.known(2)', '{app}') -> 'tables' -> 0 -> 'name' AS name;
SELECT other.known(1);
DROP TABLE app.t;
DROP FUNCTION other.known;

-- ---- backup, digest ----
SET ROLE regress_da_other;
CREATE TABLE app.doc (id int PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL);
INSERT INTO app.doc VALUES (1, 'u1', 's');
SET client_min_messages = error;
CREATE INDEX ON app.doc ((other.folded(1) + id));
SET client_min_messages = warning;
RESET ROLE;
RESET search_path;
RESET work_mem;
\set doc '{"tables": [{"name": "app.doc"}]}'
-- A table is data; what is constant in her index is hers to evaluate.
SELECT db_adapter.backup_document(:'doc') AS backup \gset
SELECT rows FROM db_adapter.digest(:'doc', 'app.doc') WHERE rows > 0;
SET ROLE regress_da_other;
ALTER TABLE app.doc RENAME TO kept;
CREATE VIEW app.doc AS SELECT id, user_id, slug FROM app.kept WHERE other.inlined() = 1;
RESET ROLE;
SELECT db_adapter.backup_document(:'doc');
SELECT db_adapter.backup(:'doc');
SELECT db_adapter.digest(:'doc', 'app.doc');
SELECT db_adapter.digest_rows(:'doc', 'app.doc', '{0}');
SELECT db_adapter.restore(:'backup', :'doc');
SELECT severity, message FROM db_adapter.check_backup_schema(:'doc');
-- Under a view of one's own too.
CREATE VIEW app.above AS SELECT * FROM (SELECT * FROM app.doc) d;
SELECT db_adapter.backup_document('{"tables": [{"name": "app.above"}]}');
DROP VIEW app.above;
-- One's own functions and the server's are fine in one's own view, and hers are not.
CREATE VIEW app.above AS SELECT id, user_id, now()::text AS slug FROM app.kept;
SELECT length(db_adapter.backup_document('{"tables": [{"name": "app.above"}]}')) > 0 AS backed_up;
CREATE OR REPLACE VIEW app.above AS SELECT id, user_id, other.inlined()::text AS slug FROM app.kept;
SELECT db_adapter.backup_document('{"tables": [{"name": "app.above"}]}');
SELECT db_adapter.backup_document('{"tables": [{"name": "app.kept", "filter": "other.inlined() = 1"}]}');
DROP VIEW app.above;
-- A function of his that acts is his to call, unless a view of hers may be what calls it.
CREATE FUNCTION app.acts(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RAISE WARNING 'acts as %', current_user; RETURN $1; END$$;
CREATE VIEW app.above AS SELECT id, app.acts(user_id) AS user_id, slug FROM app.kept;
SELECT length(db_adapter.backup_document('{"tables": [{"name": "app.above"}]}')) > 0 AS backed_up;
SET ROLE regress_da_other;
CREATE VIEW app.hers AS SELECT app.acts('mine');
RESET ROLE;
SELECT db_adapter.backup_document('{"tables": [{"name": "app.above"}]}');
DROP VIEW app.above, app.hers;
-- The server's functions that act are too, as long as all that is read is his.
CREATE TABLE app.his (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL);
INSERT INTO app.his (user_id, slug) VALUES ('u1', 'a');
CREATE VIEW app.locked AS SELECT * FROM app.his WHERE pg_advisory_xact_lock_shared(7) IS NOT NULL;
SELECT length(db_adapter.backup_document('{"tables": [{"name": "app.locked"}]}')) > 0 AS backed_up;
INSERT INTO app.his (user_id, slug) SELECT 'u1', repeat('b', 1000) || g FROM generate_series(1, 200) g;
SELECT count(*) > 3 AS chunks FROM (SELECT db_adapter.backup('{"tables": [{"name": "app.locked"}]}')) b;
SELECT sum(rows) FROM db_adapter.digest('{"tables": [{"name": "app.locked"}]}', 'app.locked') WHERE rows > 0;
SELECT db_adapter.backup_document('{"tables": [{"name": "app.locked"}, {"name": "app.kept"}]}');
CREATE OR REPLACE VIEW app.locked AS SELECT h.* FROM app.his h JOIN app.kept k USING (id)
  WHERE pg_advisory_xact_lock_shared(7) IS NOT NULL;
SELECT db_adapter.backup_document('{"tables": [{"name": "app.locked"}]}');
DROP VIEW app.locked;
DROP TABLE app.his;
-- She may read her own.
SET ROLE regress_da_other;
SELECT length(db_adapter.backup_document(:'doc')) > 0 AS backed_up;
RESET ROLE;
SHOW search_path;

-- ---- casts ----
SET ROLE regress_da_other;
CREATE TYPE other.e AS ENUM ('a', 'b');
CREATE FUNCTION other.e_to_text(other.e) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RAISE WARNING 'other''s cast runs as %', current_user; RETURN 'z'; END$$;
CREATE CAST (other.e AS text) WITH FUNCTION other.e_to_text(other.e);
CREATE TABLE app.parents (id other.e PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL);
INSERT INTO app.parents VALUES ('a', 'u1', 's');
CREATE TABLE app.docs (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, d jsonb);
INSERT INTO app.docs (user_id, slug, d) VALUES ('u1', 'x', '{"p": "a"}');
RESET ROLE;
\set docs '{"tables": [{"name": "app.parents"}, {"name": "app.docs", "optional_refs": [{"table": "app.parents", "field": "d", "json_path": "$.p"}]}]}'
SELECT length(db_adapter.backup_document(:'docs', user_id => 'u1')) > 0 AS backed_up;
SELECT length(db_adapter.backup_document(:'docs', user_id => 'u1', keys => '{"app.docs": true}')) > 0 AS backed_up;
SELECT rows FROM db_adapter.digest(:'docs', 'app.docs', 'u1') WHERE rows > 0;

DROP SCHEMA app, other CASCADE;
DROP ROLE regress_da_other;
