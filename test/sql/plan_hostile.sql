-- plan and apply, given documents that somebody put more into than they show.
SET client_min_messages = warning;
CREATE TABLE public.t (a int PRIMARY KEY, b text);
INSERT INTO public.t VALUES (1, 'one');
CREATE FUNCTION pg_temp.altered(path text[], member jsonb) RETURNS jsonb LANGUAGE sql AS
    'SELECT jsonb_set(db_adapter.introspect(), path, member)';

-- A definition that is no command, several, or another one.
SELECT db_adapter.plan(pg_temp.altered('{tables,0,indexes}', '[{"name": "i", "method": "btree", "definition": ""}]'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,indexes}', '[{"name": "i", "method": "btree", "definition": "-- nothing"}]'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,indexes}', '[{"name": "i", "method": "btree", "definition": "CREATE INDEX i ON public.t (b); DROP TABLE public.t"}]'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,indexes}', '[{"name": "i", "method": "btree", "definition": "SET SESSION AUTHORIZATION postgres"}]'));
SELECT db_adapter.plan(pg_temp.altered('{functions}', '[{"schema": "public", "name": "f", "signature": "", "kind": "function", "language": "sql", "definition": "CREATE ROLE regress_da_made SUPERUSER"}]'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,columns,2}', '{"name": "c", "type": "int, DROP COLUMN b"}'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,columns,2}', '{"name": "c", "type": "int; DROP TABLE public.t"}'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,columns,2}', '{"name": "c", "type": "int", "default": "1, DROP COLUMN b"}'));
SELECT db_adapter.plan(pg_temp.altered('{tables,0,columns,2}', '{"name": "c", "type": "int", "default": "1)) (("}'));

-- Of a clause for a column there may be one.
SELECT db_adapter.plan('{"t": ["a", "b", "c"]}', '{"t.c": "int, DROP COLUMN b"}');
SELECT db_adapter.plan('{"t": ["a", "b", "c"]}', '{"t.c": "int; DROP TABLE t"}');
SELECT db_adapter.plan('{"t": ["a", "b", "c"]}', '{"t.c": "int /*"}');
SELECT db_adapter.plan('{"t": ["a", "b", "c"]}', '{"t.c": "int NOT\r\n\fNULL"}') #>> '{steps,0,sql}';

-- Names and comments are only that.
SELECT s FROM db_adapter.plan(pg_temp.altered('{tables,0,columns,2}',
    '{"name": "x\"; DROP TABLE public.t; --\n$$", "type": "int", "comment": "it''s\\ $$; DROP TABLE public.t; --"}')) p,
    jsonb_array_elements_text(jsonb_path_query_array(p, '$.steps[*].sql')) s;

-- A step that was put in by hand: what no plan is made of is not executed, not even
-- to be rolled back.
SELECT db_adapter.plan('{"t": ["a", "b"]}') AS plan \gset
\set with_step 'SELECT db_adapter.apply(:''plan''::jsonb || jsonb_build_object(''steps'', jsonb_build_array(jsonb_build_object(''step'', 1, ''sql'', '
:with_step ''))));
:with_step 'CREATE ROLE regress_da_made SUPERUSER'))));
:with_step 'SELECT pg_catalog.pg_advisory_lock(1)'))));
:with_step 'SELECT pg_catalog.setval(''x'', 1), pg_catalog.pg_advisory_lock(1)'))));
:with_step 'DELETE FROM public.t'))));
:with_step 'EXPLAIN ANALYZE DELETE FROM public.t'))));
:with_step 'ALTER DATABASE postgres SET work_mem = 64'))));
:with_step 'CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()'))));
:with_step 'CREATE TABLE public.copy AS SELECT pg_catalog.pg_advisory_lock(1)'))));
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT count(*) FROM public.t;
DROP TABLE public.t;
