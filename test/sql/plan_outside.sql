-- Triggers and policies on tables of other schemas: only what a text makes is compared.
SET client_min_messages = warning;
CREATE ROLE regress_outside_auth;
CREATE ROLE regress_outside_app;
GRANT CREATE ON DATABASE :DBNAME TO regress_outside_app, regress_outside_auth;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA db_adapter TO regress_outside_app;
SET ROLE regress_outside_auth;
CREATE SCHEMA auth;
CREATE TABLE auth.users (id int PRIMARY KEY, dropped int, email text NOT NULL DEFAULT 'x', "Sign Up" date);
ALTER TABLE auth.users DROP COLUMN dropped;
CREATE TABLE auth.objects (id int, bucket text, owner name);
CREATE FUNCTION auth.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER theirs BEFORE INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION auth.touch();
CREATE POLICY theirs ON auth.objects USING (bucket = 'theirs');
CREATE VIEW auth.v AS SELECT id FROM auth.users;
GRANT USAGE ON SCHEMA auth TO regress_outside_app;
RESET ROLE;
CREATE FUNCTION pg_temp.steps(plan jsonb) RETURNS TABLE (step int, sql text) LANGUAGE sql AS $$
    SELECT s.step, s.sql FROM db_adapter.plan_steps(plan) s ORDER BY 1 $$;
CREATE FUNCTION pg_temp.verdict(plan jsonb) RETURNS TABLE (verified text, error text, remaining jsonb) LANGUAGE sql AS $$
    SELECT plan ->> 'verified', plan ->> 'verify_error', plan -> 'remaining' $$;

SET ROLE regress_outside_app;
CREATE SCHEMA app;
SELECT $$CREATE SCHEMA app;
CREATE TABLE app.profiles (id int, email text);
CREATE FUNCTION app.new_user() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.profiles VALUES (new.id, new.email); RETURN new; END';
CREATE FUNCTION app.mine(name) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1 = current_user';
DROP TRIGGER IF EXISTS on_user ON auth.users;
CREATE TRIGGER on_user AFTER INSERT OR UPDATE OF email, "Sign Up" ON auth.users
    FOR EACH ROW WHEN (new.email <> 'auth.users') EXECUTE FUNCTION app.new_user();
COMMENT ON TRIGGER on_user ON auth.users IS 'profiles';
ALTER TABLE auth.objects ENABLE ROW LEVEL SECURITY;
CREATE POLICY "App's" ON auth.objects FOR SELECT TO regress_outside_app
    USING (bucket = 'app' AND app.mine(owner) AND auth.objects.id > 0
           AND EXISTS (SELECT FROM auth.objects o WHERE o.id = objects.id));
COMMENT ON POLICY "App's" ON auth.objects IS 'ours';$$ AS text \gset
SELECT db_adapter.expected(:'text', '{app}') AS want \gset
SELECT jsonb_pretty(:'want'::jsonb -> 'outside');
SELECT :'want'::jsonb -> 'ignored' AS ignored;
-- Nothing was locked for it
SELECT relation::regclass, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation::regclass::text LIKE 'auth.%';
-- Without a right on the tables these remain, and the rest applies
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT object_type, object, reason FROM jsonb_to_recordset(:'plan'::jsonb -> 'remaining') r (object_type text, object text, attribute text, reason text);
SELECT :'plan'::jsonb -> 'verified' AS verified;
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
-- The right to make triggers is enough for a trigger
SET ROLE regress_outside_auth;
GRANT TRIGGER ON auth.users TO regress_outside_app;
SET ROLE regress_outside_app;
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT * FROM pg_temp.steps(:'plan');
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
RESET ROLE;
-- and to put another in its place, but not to switch it off
SET ROLE regress_outside_app;
SELECT db_adapter.plan(db_adapter.expected(replace(:'text', 'INSERT OR', ''), '{app}')) AS plan \gset
SELECT * FROM pg_temp.steps(:'plan');
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
SELECT object, attribute, reason FROM jsonb_to_recordset(db_adapter.plan(db_adapter.expected(replace(:'text', 'INSERT OR', '') || 'ALTER TABLE auth.users DISABLE TRIGGER on_user', '{app}')) -> 'remaining') r (object text, attribute text, reason text) ORDER BY 1, 2;
RESET ROLE;
GRANT regress_outside_auth TO regress_outside_app;
SET ROLE regress_outside_app;
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT * FROM pg_temp.steps(:'plan');
SELECT * FROM pg_temp.verdict(:'plan');
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
SELECT * FROM db_adapter.differences(:'want', ignore => '{}');
SELECT jsonb_array_length(db_adapter.plan(:'want', allow_drop => true) -> 'steps') AS steps;
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'on_user';
-- What calls a function of the schema is part of what it is
SELECT jsonb_path_query_array(db_adapter.introspect('{app}'), '$.outside[*].*[*].name') AS introspected;

-- Changed, disabled, and the function behind them made anew
SELECT replace(replace(:'text', 'AFTER INSERT OR', 'BEFORE INSERT OR'), 'id > 0', 'id > 1')
       || 'ALTER TABLE auth.users DISABLE TRIGGER on_user;' AS text2 \gset
SELECT replace(:'text2', 'app.mine(name)', 'app.mine(name, int DEFAULT 1)') AS text2 \gset
SELECT db_adapter.plan(db_adapter.expected(:'text2', '{app}'), allow_drop => true) AS plan \gset
SELECT * FROM pg_temp.steps(:'plan');
SELECT * FROM pg_temp.verdict(:'plan');
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;

-- A text without them takes nothing away, unless the function goes
SELECT db_adapter.plan(db_adapter.expected($$CREATE SCHEMA app;
CREATE TABLE app.profiles (id int, email text);
CREATE FUNCTION app.new_user() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.profiles VALUES (new.id, new.email); RETURN new; END';
CREATE FUNCTION app.mine(name, int DEFAULT 1) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1 = current_user';$$, '{app}'), allow_drop => true) -> 'steps' AS steps;
-- What has to make way for a function comes back
SELECT * FROM pg_temp.steps(db_adapter.plan(db_adapter.expected($$CREATE SCHEMA app;
CREATE TABLE app.profiles (id int, email text);
CREATE FUNCTION app.new_user() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.profiles VALUES (new.id, new.email); RETURN new; END';
CREATE FUNCTION app.mine(name, bigint DEFAULT 1) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1 = current_user';$$, '{app}'), allow_drop => true));
SELECT db_adapter.plan(db_adapter.expected('CREATE SCHEMA app; CREATE TABLE app.profiles (id int, email text)', '{app}'), allow_drop => true) AS plan \gset
SELECT * FROM pg_temp.steps(:'plan');
SELECT * FROM pg_temp.verdict(:'plan');
SELECT db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
-- One that says something of them has all that call its functions
SELECT db_adapter.apply(db_adapter.plan(db_adapter.expected(:'text2', '{app}'), allow_drop => true), confirm => true) -> 'applied' AS applied;
SELECT severity, object_type, object FROM db_adapter.differences(db_adapter.expected(replace(:'text', 'on_user', 'other_name'), '{app}')) WHERE object LIKE 'auth.%' ORDER BY 2, 3;
-- What cannot be told apart from an error
SELECT db_adapter.expected('CREATE SCHEMA app; ALTER TABLE auth.users DISABLE TRIGGER theirs', '{app}');
SELECT db_adapter.expected('CREATE SCHEMA app; ALTER TABLE auth.users ADD COLUMN x int', '{app}');
SELECT db_adapter.expected('CREATE SCHEMA app; DROP TRIGGER theirs ON auth.users', '{app}');
SELECT db_adapter.expected('CREATE SCHEMA app; ALTER POLICY theirs ON auth.objects USING (true)', '{app}');
SELECT db_adapter.expected('CREATE SCHEMA app;
CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN new; END'';
CREATE TRIGGER i INSTEAD OF INSERT ON auth.v FOR EACH ROW EXECUTE FUNCTION app.f()', '{app}') -> 'ignored' -> 0 ->> 'reason' AS view;
-- A document whose table is not here
SELECT * FROM pg_temp.verdict(db_adapter.plan(replace(:'want', 'auth', 'nowhere')::jsonb));

-- Publications: others may publish tables of theirs in it, too
SET ROLE regress_outside_auth;
CREATE TABLE auth.more (id int);
RESET ROLE;
SET client_min_messages = error;
CREATE PUBLICATION regress_outside_pub FOR TABLE auth.more;
ALTER PUBLICATION regress_outside_pub OWNER TO regress_outside_app;
SET ROLE regress_outside_app;
SELECT db_adapter.expected('CREATE SCHEMA app; CREATE TABLE app.profiles (id int, email text); CREATE PUBLICATION regress_outside_pub FOR TABLE app.profiles, auth.users', '{app}') AS want \gset
SELECT :'want'::jsonb -> 'outside' AS outside, :'want'::jsonb #> '{publications,0,tables}' AS tables;
SELECT * FROM pg_temp.steps(db_adapter.plan(:'want'));
RESET ROLE;
REVOKE regress_outside_auth FROM regress_outside_app;
SET ROLE regress_outside_app;
SELECT * FROM pg_temp.verdict(db_adapter.plan(:'want'));
RESET ROLE;
GRANT regress_outside_auth TO regress_outside_app;
SET ROLE regress_outside_app;
SELECT db_adapter.apply(db_adapter.plan(:'want', allow_drop => true), confirm => true) -> 'applied' AS applied;
SELECT * FROM db_adapter.differences(:'want') WHERE object LIKE '%pub%';
SELECT tablename FROM pg_publication_tables WHERE pubname = 'regress_outside_pub' ORDER BY 1;

RESET ROLE;
DROP PUBLICATION regress_outside_pub;
DROP SCHEMA app CASCADE;
DROP SCHEMA auth CASCADE;
DROP OWNED BY regress_outside_app, regress_outside_auth;
DROP ROLE regress_outside_app, regress_outside_auth;
