-- A value stays that value, whatever the column's type here and whatever is set.
SET client_min_messages = warning;
CREATE SCHEMA v;
SET search_path = v;
\set schema '{"tables": [{"name": "v.t", "user_field": null}]}'

-- Documents into other types, and others into documents.
CREATE TABLE v.t (id serial PRIMARY KEY, slug text UNIQUE, a json, b json, c text, d text, e int[], f jsonb, g jsonb, h jsonb, i int, j numeric);
INSERT INTO v.t (slug, a, b, c, d, e, f, g, h, i, j) VALUES
    ('object', '{"on": true}', '{"on": true}', '{"on": true}', '{"on": true}', NULL, '{"on": true}', '{"on": true}', '[1, 2]', 1, 1.50),
    ('string', '"s"', '"s"', '"s"', 's', NULL, '"s"', '"s"', '"s"', -1, 0),
    ('quoted', '"\"q\""', '"[1]"', '"[1]"', '"q"', NULL, '"[1]"', '"\"q\""', '"1"', 0, 1e3),
    ('null', 'null', 'null', 'null', 'null', NULL, 'null', 'null', 'null', NULL, NULL),
    ('absent', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT db_adapter.backup_document(:'schema') AS file \gset
CREATE TABLE v.was AS TABLE v.t;
DROP TABLE v.t;
CREATE TABLE v.t (id serial PRIMARY KEY, slug text UNIQUE, a jsonb, b text, c jsonb, d text, e jsonb, f json, g text, h jsonb, i jsonb, j jsonb);
SELECT inserted, failed FROM db_adapter.restore(:'file');
SELECT slug, t.a = was.a::jsonb AS a, t.b = was.b::text AS b, t.c = was.c::jsonb AS c, t.d = was.d AS d, t.f::jsonb = was.f AS f, t.g AS g, t.h = was.h AS h, t.i AS i, t.j AS j
    FROM t JOIN was USING (slug) ORDER BY slug;
-- what is no document fails, and is not made one
CREATE TABLE v.w (id serial PRIMARY KEY, slug text UNIQUE, a text, b text[]);
INSERT INTO v.w (slug, a, b) VALUES ('text', 'no document', NULL), ('array', NULL, '{a,b}'), ('fine', '[1]', NULL);
SELECT db_adapter.backup_document('{"tables": [{"name": "v.w", "user_field": null}]}') AS file \gset
DROP TABLE v.w;
CREATE TABLE v.w (id serial PRIMARY KEY, slug text UNIQUE, a jsonb, b jsonb);
SELECT inserted, failed, failure_details -> 0 -> 'sqlstate' AS first FROM db_adapter.restore(:'file');
SELECT slug, a, b FROM w ORDER BY 1;

-- Each setting that anybody can change, set to all it can be: files and rows stay the same.
CREATE TYPE v.place AS (x float8, at timestamptz, names text[]);
CREATE TABLE v.all_kinds (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, arr text[], n numeric[], f float8, f4 float4, m money, b bytea,
    d date, ts timestamp, tz timestamptz, i interval, j jsonb, js json, x xml, p place, ps place[], r tstzrange, cls regclass, ip inet, q tsquery, UNIQUE (user_id, slug));
INSERT INTO v.all_kinds (user_id, slug, arr, n, f, f4, m, b, d, ts, tz, i, j, js, x, p, ps, r, cls, ip, q) VALUES
    ('a', 'x', '{p,NULL,"NULL"}', '{1.50,NULL}', 0.1::float8 + 0.2, 1.1, 1234.5, '\x005c', '2024-02-03', '2024-02-03 04:05:06.7', '2024-02-03 04:05:06+07', '1 year -2 days 03:04',
     '{"a": [1.0, null]}', '{"a" : 1}', '<a>b</a>', ROW(0.1::float8 + 0.2, '2024-02-03 04:05+07', '{NULL}'), ARRAY[ROW(1, NULL, '{a}')]::place[], '[2024-02-03 00:00+01,)', 'v.w', '10.0.0.1', 'a & b');
CREATE FUNCTION v.lines(document text) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(l, E'\n') FROM regexp_split_to_table(document, E'\n') l WHERE l LIKE '{"id"%' $$;
\set schema '{"tables": [{"name": "v.all_kinds"}]}'
SELECT db_adapter.backup_document(:'schema', 'a') AS file \gset
CREATE TABLE v.file AS SELECT :'file' AS document;
CREATE FUNCTION v.try(setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    fault text;
    was text;
BEGIN
    BEGIN
        PERFORM set_config(setting, value, true);
    EXCEPTION WHEN others THEN
        RETURN NULL;            -- this server does not have it
    END;
    BEGIN
        SELECT v.lines(document) INTO STRICT was FROM v.file;
        IF was IS DISTINCT FROM v.lines(db_adapter.backup_document('{"tables": [{"name": "v.all_kinds"}]}', 'a')) THEN
            fault := 'another file';
        END IF;
        PERFORM db_adapter.restore((SELECT document FROM v.file), user_id => 'b', on_error => 'abort');
        RESET ALL;
        SET search_path = v;
        IF (SELECT count(DISTINCT k - '{id,user_id}'::text[]) FROM (SELECT to_jsonb(t) FROM v.all_kinds t) AS r (k)) <> 1 THEN
            fault := concat_ws(', ', fault, 'other rows');
        END IF;
        RAISE EXCEPTION 'undone' USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN sqlstate 'ZZ999' THEN NULL;
        WHEN read_only_sql_transaction OR object_not_in_prerequisite_state THEN NULL;
    END;
    RETURN fault;
END$$;
CREATE TABLE v.choices AS SELECT name, value FROM pg_settings, LATERAL unnest(CASE WHEN vartype = 'bool' THEN '{on,off}'::text[] ELSE enumvals END) AS value
    WHERE context IN ('user', 'superuser') AND vartype IN ('bool', 'enum') AND value <> setting AND name NOT LIKE 'transaction%' AND name NOT LIKE '%debug%'
        AND name NOT LIKE 'log_%' AND name NOT LIKE '%read_only' AND name NOT IN ('exit_on_error', 'client_min_messages', 'zero_damaged_pages', 'is_superuser', 'jit_dump_bitcode', 'ignore_checksum_failure', 'ignore_system_indexes', 'allow_system_table_mods', 'row_security', 'session_replication_role', 'allow_in_place_tablespaces')
    UNION VALUES ('DateStyle', 'SQL, DMY'), ('DateStyle', 'German'), ('DateStyle', 'Postgres, YMD'), ('TimeZone', 'America/New_York'), ('TimeZone', 'Asia/Kathmandu'),
        ('extra_float_digits', '-15'), ('extra_float_digits', '3'), ('lc_monetary', 'C.UTF-8'), ('lc_numeric', 'C.UTF-8'), ('search_path', 'v'), ('search_path', ''), ('timezone_abbreviations', 'India'), ('default_text_search_config', 'pg_catalog.german');
SELECT count(*) > 60 AS many FROM choices;
SELECT name, value, v.try(name, value) FROM choices WHERE v.try(name, value) IS NOT NULL ORDER BY 1, 2;

DROP SCHEMA v CASCADE;
