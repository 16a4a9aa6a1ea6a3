-- expected: the schema that DDL text declares, by executing it and rolling back.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE TABLE live (id int PRIMARY KEY, only_live text);
INSERT INTO live VALUES (1, 'kept');

-- what a document says of tables, in short
CREATE FUNCTION brief(document jsonb) RETURNS TABLE (relation text, columns text)
LANGUAGE sql AS $$
    SELECT concat_ws('.', t->>'schema', t->>'name'),
           (SELECT string_agg(concat_ws(' ', c->>'name', c->>'type', '= ' || (c->>'default')), ', ' ORDER BY c->'position')
            FROM jsonb_array_elements(t->'columns') c)
    FROM jsonb_array_elements(document->'tables') t
    ORDER BY 1
$$;
CREATE FUNCTION passed_over(document jsonb) RETURNS TABLE (line int, n int, statement text, reason text)
LANGUAGE sql AS $$
    SELECT (i->>'line')::int, (i->>'count')::int, i->>'statement', i->>'reason'
    FROM jsonb_array_elements(document->'ignored') i
$$;

-- Two statements on one line, two columns on one line.
SELECT * FROM brief(db_adapter.expected('CREATE TABLE p(id INTEGER, d DATE); CREATE TABLE q (a text, b numeric(3,1) DEFAULT 1)'));

-- The live table is neither in the way nor in the document, and unharmed.
SELECT * FROM brief(db_adapter.expected('CREATE TABLE live (other uuid)'));
SELECT * FROM live;

-- What a file for psql holds besides DDL
SELECT db_adapter.expected($file$\set ON_ERROR_STOP on
\echo Don't stop here
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
/* a comment /* in a comment */ with 'a quote */
CREATE TABLE public.a (t text DEFAULT 'semi;colon', "Mixed Case" int, d text DEFAULT $q$\. and ; $q$);
CREATE SEQUENCE public.s;
COPY public.a (t, "Mixed Case") FROM stdin;
it's data; CREATE TABLE public.b (x int);	\N
\.
SELECT 1 \gexec
BEGIN;
INSERT INTO public.a VALUES ('x'), ('y');
INSERT INTO public.a VALUES ('z');
UPDATE public.a SET t = 1;
COMMIT;
VACUUM public.a;
ALTER TABLE public.a OWNER TO nobody_here;
GRANT SELECT ON public.a TO nobody_here;
GRANT SELECT ON public.a TO nobody_here, PUBLIC;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'x';
SELECT pg_catalog.setval('public.s', 3, true);
SELECT count(*) FROM public.a;
SET ROLE nobody_here;
SET SESSION AUTHORIZATION nobody_here;
CREATE ROLE someone_new;
CREATE PUBLICATION everything FOR TABLE public.a;
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere' PUBLICATION p;
ALTER SYSTEM SET work_mem = '1GB';
CREATE DATABASE elsewhere;
LISTEN x;
NOTIFY x;
PREPARE q AS SELECT 1;
CREATE EVENT TRIGGER et ON ddl_command_start EXECUTE FUNCTION public.f();
$file$) AS document \gset
SELECT * FROM brief(:'document');
SELECT * FROM passed_over(:'document');
SELECT p FROM jsonb_array_elements(:'document'::jsonb->'tables') t, jsonb_array_elements_text(t->'privileges') p WHERE p LIKE '=%';
SELECT count(*) FROM pg_prepared_statements;
SELECT * FROM pg_listening_channels();

-- Errors say where.
SELECT db_adapter.expected(E'CREATE TABLE ok (id int);\n\nCREATE TABL broken (id int);');
SELECT db_adapter.expected(E'CREATE TABLE ok (id int);\nCREATE TABLE bad (\n  id int,\n  x nosuchtype\n);');
SELECT db_adapter.expected(E'CREATE TABLE ok (id int);\n  -- a comment\n  DROP TABLE nosuch;');
SELECT db_adapter.expected(E'CREATE TABLE ok (id int);\nSELECT ''unterminated;\n');
SELECT db_adapter.expected(ARRAY[E'CREATE TABLE a (id int);', E'\n ALTER TABLE a ADD id int;']);
SELECT db_adapter.expected(E'CREATE TABLE ü (ä int); CREATE TABLE ö (x nosuch);');
SELECT db_adapter.expected(E'\\echo ééé\nCOPY t FROM stdin;\nü\n\\.\nCREATE TABLE t (a nosuch);');
SELECT db_adapter.expected(E'\\echo ééé\n\n  SELECT ''unterminated;\n');
SELECT * FROM brief(db_adapter.expected(U&'\FEFFCREATE TABLE marked (a int)'));
SELECT db_adapter.expected('CREATE EXTENSION nosuch_extension;');
SELECT db_adapter.expected('CREATE TABLE t (a int); CREATE POLICY p ON t TO nobody_here;');
SELECT db_adapter.expected('CREATE TABLE t (a int REFERENCES nosuch);');
SELECT db_adapter.expected('\set t 1' || E'\nCREATE TABLE :t (a int);');

-- Several files are one text.
SELECT * FROM brief(db_adapter.expected(ARRAY['CREATE TABLE a (id int);', E'INSERT INTO a VALUES (1);\nALTER TABLE a ADD b int;']));
SELECT db_adapter.expected(ARRAY['SELECT 1', E'\n\nSELECT 1'])->'ignored';
SELECT db_adapter.expected(NULL::text) IS NULL AS nothing;
SELECT db_adapter.expected('')->'schemas';

-- Renames
SELECT db_adapter.expected($$
CREATE TABLE items ( -- renamed from things
  id int, -- renamed from "Item Id"
  name text -- an ordinary comment
  , note text DEFAULT '-- renamed from nothing' -- @renamed from=remark
);
CREATE SCHEMA app;
CREATE TABLE app.one (id int); -- renamed from two
ALTER TABLE app.one ADD COLUMN x int; -- renamed from y
-- renamed from nowhere
$$) AS document \gset
SELECT jsonb_pretty(:'document'::jsonb->'renames');
SELECT * FROM passed_over(:'document');

-- Schemas: those the text creates, those named, public
CREATE SCHEMA app;
CREATE TABLE app.live (id int PRIMARY KEY);
CREATE SCHEMA other;
CREATE TABLE other.t (id int PRIMARY KEY);
COMMENT ON SCHEMA other IS 'other things';
SELECT d->'schemas', (SELECT string_agg(relation, ' ') FROM brief(d))
FROM db_adapter.expected('CREATE SCHEMA app; CREATE TABLE app.t (id int); CREATE TABLE t (id int);') d;
SELECT d->'schemas', (SELECT string_agg(relation, ' ') FROM brief(d)), d->'namespaces'
FROM db_adapter.expected('CREATE TABLE t (id int); CREATE TABLE other.u (id int)', '{other}') d;
SELECT d->'schemas', (SELECT string_agg(relation, ' ') FROM brief(d))
FROM db_adapter.expected('CREATE TABLE public.t (id int); CREATE TABLE other.u (id int)', '{other}') d;
SELECT d->'schemas' FROM db_adapter.expected('DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE public.t (a int)') d;
SELECT d->'schemas' FROM db_adapter.expected('CREATE SCHEMA a; ALTER SCHEMA a RENAME TO app; CREATE TABLE app.t (a int)') d;
SELECT * FROM brief(db_adapter.expected('CREATE TABLE t (a int)', '{app,other}', 'other'));

-- What lies outside is neither dropped nor altered nor made.
SELECT db_adapter.expected('DROP TABLE other.t');
SELECT db_adapter.expected('DROP TABLE IF EXISTS other.nosuch')->'schemas';
SELECT db_adapter.expected('ALTER TABLE other.t ADD x int');
SELECT db_adapter.expected('ALTER TABLE other.t RENAME TO u');
SELECT db_adapter.expected('DROP SCHEMA other CASCADE');
SELECT db_adapter.expected('DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app')->'schemas';
SELECT db_adapter.expected('ALTER SCHEMA other RENAME TO another');
SELECT db_adapter.expected('CREATE TABLE other.u (a int)');
SELECT db_adapter.expected('CREATE FUNCTION other.f() RETURNS int LANGUAGE sql AS ''SELECT 1''');
SELECT db_adapter.expected('CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA other');
SELECT db_adapter.expected('DROP FUNCTION pg_catalog.now()');
SELECT db_adapter.expected('DROP OWNED BY CURRENT_USER');
SELECT db_adapter.expected('REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER');
SELECT db_adapter.expected('ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default');
SELECT db_adapter.expected('DROP TABLE nosuch, other.t');
SELECT * FROM passed_over(db_adapter.expected($$
CREATE INDEX ON other.t (id);
COMMENT ON TABLE other.t IS 'x';
GRANT SELECT ON other.t TO PUBLIC;
GRANT USAGE ON SCHEMA other TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA other GRANT SELECT ON TABLES TO PUBLIC;
CREATE TRIGGER tr AFTER INSERT ON other.t EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE POLICY p ON other.t;
CREATE SCHEMA db_adapter;
CREATE TABLE t (a int REFERENCES other.t);
$$));
SELECT * FROM other.t;

-- Code runs only where it is asked for.
CREATE TABLE trace (what text);
CREATE SCHEMA code;
CREATE FUNCTION code.volatile_one() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'volatile function was run'; END$$;
CREATE FUNCTION code.stable_one() RETURNS int LANGUAGE plpgsql STABLE AS $$BEGIN RAISE EXCEPTION 'stable function was run'; END$$;
SELECT db_adapter.expected('DO $$BEGIN CREATE TABLE t (a int); END$$');
SELECT db_adapter.expected('SELECT code.volatile_one()');
SELECT db_adapter.expected('CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (code.volatile_one()) TO (10)');
SELECT db_adapter.expected('CALL code.nosuch()');
SELECT * FROM brief(db_adapter.expected($$
SELECT code.stable_one();
CREATE TABLE t AS SELECT code.stable_one() AS a, code.volatile_one() AS b;
SELECT code.volatile_one() AS c INTO u;
CREATE MATERIALIZED VIEW m AS SELECT code.stable_one() AS a;
REFRESH MATERIALIZED VIEW m;
ALTER TABLE t ADD c int NOT NULL DEFAULT code.stable_one(), ADD d int DEFAULT code.volatile_one() CHECK (d > code.stable_one());
ALTER TABLE t ADD e uuid DEFAULT gen_random_uuid(), ADD f serial;
ALTER TABLE t ADD CHECK (a > code.volatile_one());
CREATE INDEX ON t (a) WHERE a > 0;
$$));
CREATE FUNCTION code.made() RETURNS void LANGUAGE sql AS 'CREATE TABLE public.made (a int)';
SELECT * FROM brief(db_adapter.expected('DO $$BEGIN CREATE TABLE t (a int); END$$; SELECT code.made(); CREATE TABLE u (b int)', allow_do => true));
SELECT * FROM brief(db_adapter.expected('DO $$BEGIN CREATE ROLE nobody_here; CREATE TABLE other.x (a int); END$$', allow_do => true));
SELECT db_adapter.expected('DO $$BEGIN DROP TABLE other.t; END$$', allow_do => true);
SELECT db_adapter.expected('DO $$BEGIN SET ROLE pg_monitor; END$$', allow_do => true);
SELECT db_adapter.expected('DO $$BEGIN PERFORM db_adapter.expected(''SELECT 1''); END$$', allow_do => true);

-- Nothing is left behind: objects, settings, locks, temporary schemas, enum values
SET search_path = other, public;
SELECT count(*) FROM db_adapter.expected('SET search_path = nowhere; CREATE TEMP TABLE tmp (a int); CREATE TYPE public.mood AS ENUM (''a'')');
SHOW search_path;
SHOW check_function_bodies;
SHOW lock_timeout;
RESET search_path;
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1;
SELECT count(*) FROM pg_class WHERE relname IN ('t', 'tmp', 'made', 'p', 'a') AND relnamespace <> 'other'::regnamespace;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode NOT IN ('AccessShareLock', 'ExclusiveLock');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM live;
PREPARE by_id AS SELECT only_live FROM live WHERE id = $1;
EXECUTE by_id(1);
SELECT * FROM brief(db_adapter.expected('CREATE TABLE live (id text)'));
EXECUTE by_id(1);
FETCH c;
SAVEPOINT s;
SELECT db_adapter.expected('CREATE TABLE');
ROLLBACK TO s;
FETCH c;
EXECUTE by_id(1);
COMMIT;

-- Each in its way: run plainly, or passed over
CREATE TEMP TABLE shadow (session int);
CREATE ROLE regress_da_default;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_da_default GRANT SELECT ON TABLES TO PUBLIC;
SELECT db_adapter.expected($$
CREATE TABLE shadow (a int);
ALTER TABLE shadow ADD b int;
CREATE INDEX CONCURRENTLY shadow_a ON shadow (a);
CREATE INDEX shadow_b ON shadow (b);
DROP INDEX CONCURRENTLY shadow_b;
CLUSTER shadow USING shadow_a;
REINDEX TABLE shadow;
LOCK TABLE shadow;
CREATE TABLE parent (a int) PARTITION BY LIST (a);
CREATE TABLE one PARTITION OF parent FOR VALUES IN (1);
CREATE TABLE two PARTITION OF parent FOR VALUES IN (2);
ALTER TABLE parent DETACH PARTITION one CONCURRENTLY;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_da_default GRANT INSERT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE nobody_here GRANT INSERT ON TABLES TO PUBLIC;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW n AS SELECT 1 AS a WITH NO DATA;
REFRESH MATERIALIZED VIEW m;
EXPLAIN ANALYZE SELECT pg_sleep(100);
SELECT lo_create(12345);
SELECT pg_notify('x', 'y');
SELECT set_config('work_mem', '1GB', false), pg_advisory_lock(1);
SET LOCAL default_table_access_method = heap;
$$) AS document \gset
SELECT * FROM brief(:'document');
SELECT * FROM passed_over(:'document');
SELECT v->>'name', v->'not_populated' FROM jsonb_array_elements(:'document'::jsonb->'views') v;
SELECT i->>'name', i->'clustered' FROM jsonb_array_elements(:'document'::jsonb->'tables') t, jsonb_array_elements(t->'indexes') i;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT db_adapter.expected('CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; IMPORT FOREIGN SCHEMA x FROM SERVER s INTO public');
SELECT db_adapter.expected('CREATE TABLE t AS EXECUTE q');
SELECT db_adapter.expected('CREATE TABLE t PARTITION OF other.t DEFAULT');
SELECT db_adapter.expected('ALTER FUNCTION code.stable_one() VOLATILE');
CREATE TYPE other.color AS ENUM ('red');
SELECT db_adapter.expected('ALTER TYPE other.color ADD VALUE $$blue$$');
SELECT db_adapter.expected('ALTER TYPE other.color RENAME TO colour');
DROP TABLE shadow;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_da_default REVOKE SELECT ON TABLES FROM PUBLIC;
DROP ROLE regress_da_default;

-- An enum value may be used in the text that adds it.
SELECT * FROM brief(db_adapter.expected($$
CREATE TYPE mood AS ENUM ('sad');
ALTER TYPE mood ADD VALUE 'happy';
CREATE TABLE person (m mood DEFAULT 'happy');
$$));

-- Extensions stay what they are, in whatever schema.
CREATE SCHEMA ext;
CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION citext;
SELECT * FROM brief(db_adapter.expected($$
CREATE SCHEMA ext;
CREATE EXTENSION hstore WITH SCHEMA ext;
CREATE EXTENSION citext;
CREATE TABLE t (h ext.hstore DEFAULT 'a=>1', c citext DEFAULT 'X');
CREATE INDEX ON t USING gin (h);
CREATE TABLE u (c citext CHECK (c = 'a'));
$$));
SELECT d->'schemas' FROM db_adapter.expected('DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE t (c citext)') d;
SELECT db_adapter.expected('DROP FUNCTION citext_eq(citext, citext)');
SELECT 'a'::citext = 'A'::citext AS citext, ext.hstore('a', 'b') AS hstore;

-- A DO block that asks the catalogs by name alone finds nothing of what was swapped away
CREATE SCHEMA asks;
\set asking 'CREATE FUNCTION asks.has_mood() RETURNS bool LANGUAGE plpgsql AS $q$BEGIN RETURN EXISTS (SELECT FROM pg_enum WHERE enumlabel = $r$asked label$r$); END$q$; DO $d$ DECLARE name text; BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = $q$asked_mood$q$) THEN CREATE TYPE asks.asked_mood AS ENUM ($q$a$q$); END IF; IF NOT asks.has_mood() THEN ALTER TYPE asks.asked_mood ADD VALUE $q$asked label$q$; END IF; IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = $q$asked$q$) THEN CREATE TABLE asks.asked (m asks.asked_mood, n int); END IF; IF NOT EXISTS (SELECT FROM pg_constraint c WHERE conname = $q$asked_check$q$) THEN ALTER TABLE asks.asked ADD CONSTRAINT asked_check CHECK (n > 0); END IF; WITH p AS (SELECT * FROM pg_policies) SELECT policyname INTO name FROM p WHERE policyname = $q$asked_policy$q$; IF name IS NULL THEN CREATE POLICY asked_policy ON asks.asked; END IF; IF NOT EXISTS (SELECT FROM pg_indexes JOIN pg_description ON description = $q$asked about$q$) THEN COMMENT ON TABLE asks.asked IS $q$asked about$q$; END IF; IF (SELECT count(*) FROM pg_namespace WHERE nspname ~ $q$swapped$q$) > 0 THEN CREATE TABLE asks.too_much (); END IF; IF to_regclass($q$asks.asked$q$) IS NULL OR $q$asks.asked$q$::regclass IS NULL OR NOT EXISTS (SELECT FROM pg_attribute WHERE attname = $q$m$q$ AND attrelid = $q$asks.asked$q$::regclass) THEN CREATE TABLE asks.too_little (); END IF; END $d$'
CREATE TYPE asks.asked_mood AS ENUM ('a', 'asked label');
CREATE TABLE asks.asked (m asks.asked_mood, n int, CONSTRAINT asked_check CHECK (n > 0));
COMMENT ON TABLE asks.asked IS 'asked about';
CREATE POLICY asked_policy ON asks.asked;
CREATE FUNCTION asks.has_mood() RETURNS bool LANGUAGE plpgsql AS $q$BEGIN RETURN EXISTS (SELECT FROM pg_enum WHERE enumlabel = $r$asked label$r$); END$q$;
-- What stays is found again afterwards by plans that were made meanwhile
CREATE FUNCTION other_asks() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$BEGIN RETURN (SELECT count(*) FROM pg_class WHERE relname = 'asked'); END$$;
CREATE SCHEMA kept;
ALTER FUNCTION other_asks() SET SCHEMA kept;
SELECT object, attribute, expected, actual FROM db_adapter.differences(db_adapter.expected(:'asking' || '; DO $d$BEGIN IF kept.other_asks() <> 1 THEN RAISE EXCEPTION $q$it sees %$q$, kept.other_asks(); END IF; END$d$', '{asks}', allow_do => true));
SELECT kept.other_asks(), asks.has_mood();
DROP SCHEMA asks, kept CASCADE;

-- Bad arguments
SELECT db_adapter.expected('', '{pg_catalog}');
SELECT db_adapter.expected('', '{db_adapter}');
SELECT db_adapter.expected('', ARRAY[NULL::name]);
SELECT db_adapter.expected('', search_path => 'a,,b');

-- A read-only transaction
BEGIN READ ONLY;
SELECT db_adapter.expected('CREATE TABLE not_cached (a int)');
ROLLBACK;

DROP SCHEMA app, other, code, ext CASCADE;
DROP EXTENSION citext;
DROP TABLE live, trace;
DROP FUNCTION brief, passed_over;
