-- Files that are damaged, altered or made to do harm: a precise error, and nothing restored.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE TABLE t (id serial PRIMARY KEY, user_id text, slug text, n int, j jsonb, UNIQUE (user_id, slug));
CREATE TABLE u (id serial PRIMARY KEY, user_id text, slug text, t_id int REFERENCES t, UNIQUE (user_id, slug));
\set schema '{"tables": [{"name": "t"}, {"name": "u", "parent": {"table": "t", "field": "t_id"}}]}'

-- A file of these lines, without its sums.
CREATE FUNCTION lines(VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(line || E'\n', '' ORDER BY n) FROM unnest(
        ARRAY['{"format":"db_adapter.backup","version":"2.0","metadata":{},"backup_schema":{"tables":[{"name":"t"},{"name":"u","parent":{"table":"t","field":"t_id"}}]}}'] || lines
        ) WITH ORDINALITY AS l(line, n)
$$;
CREATE FUNCTION try(document text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; hint text; answer text;
BEGIN
    SELECT string_agg(format('%s: %s in, %s failed %s', "table", inserted, failed, failure_details -> 0 ->> 'sqlstate'), '; ')
        INTO answer FROM db_adapter.restore(document, user_id => 'x', accept_damaged => true);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' ', state, message, hint);
END$$;
SET client_min_messages = error;
\set t '{"table":"t","columns":{"id":"int4","user_id":"text","slug":"text","n":"int4","j":"jsonb"}}'
\set u '{"table":"u","columns":{"id":"int4","user_id":"text","slug":"text","t_id":"int4"}}'

SELECT try(lines(:'t', '{"id":1,"slug":"a"}', :'u', '{"id":1,"slug":"a","t_id":1}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b"'));
SELECT try(lines(:'t', '{"id":2,"slug":"b}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b\x"}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b\u00"}'));
SELECT try(lines(:'t', '{"id":2,"slug":"\u0000"}'));
SELECT try(lines(:'t', '{"id":2,"slug":"\ud800"}'));
SELECT try(lines(:'t', '{"id":2,"slug":"\ud83d\ude00\u00e9\/"}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b"}}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b",}'));
SELECT try(lines(:'t', '{"id":2 "slug":"b"}'));
SELECT try(lines(:'t', '{"id":02,"slug":"b"}'));
SELECT try(lines(:'t', '{"id":+2,"slug":"b"}'));
SELECT try(lines(:'t', '{"id":NaN,"slug":"b"}'));
SELECT try(lines(:'t', '{"id":2,"id":3}'));
SELECT try(lines(:'t', '{"id":2,"Slug":"b"}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b","j":{"a":[}]}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b","j":{"a":tru}}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b","n":99999999999}'));
SELECT try(lines(:'t', '{"id":2,"slug":"b","n":"7; DROP TABLE d.t"}'));
SET max_stack_depth = '200kB';
SELECT try(lines(:'t', '{"id":2,"slug":"b","j":' || repeat('[', 16000) || repeat(']', 16000) || '}'));
RESET max_stack_depth;
SELECT try(lines(:'t', '{"id":2,"slug":"b","j":' || repeat('[', 100000) || repeat(']', 100000) || '}'));
SELECT try(lines(:'t', '[1]'));
SELECT try(lines(:'t', ''));
SELECT try(lines('{"id":1}'));
SELECT try(lines(:'t', :'t'));
SELECT try(lines(:'u', :'t'));
SELECT try(lines('{"table":"pg_authid","columns":{"oid":"oid"}}'));
SELECT try(lines('{"table":"t\"; DROP TABLE d.t; --","columns":{}}'));
SELECT try(lines('{"table":"t","columns":{"id\") SELECT 1; --":"int4"}}'));
SELECT try(lines('{"table":"t","columns":{"id":"int4","id":"int4"}}'));
SELECT try(lines('{"table":"t","columns":["id"]}'));
SELECT try(lines('{"table":7,"columns":{}}'));
SELECT try('{"format":"db_adapter.backup","version":"3.0"}' || E'\n');
SELECT try('{"format":"other","version":"2.0"}' || E'\n');
SELECT try('{"format":"db_adapter.backup","version":"2.0","backup_schema":{"tables":[{"name":"pg_catalog.pg_authid","pk":"oid","slug_field":"rolname","user_field":null}]}}' || E'\n');
SELECT try('{"format":"db_adapter.backup","version":"2.0","backup_schema":{"tables":7}}' || E'\n');
SELECT try('');
SELECT try('hello');

-- Sums.
INSERT INTO t (user_id, slug, n) SELECT 'u1', 's' || i, i FROM generate_series(1, 5) i;
SELECT db_adapter.backup_document(:'schema', 'u1', checksum => 'sha256') AS file \gset
CREATE FUNCTION try_sound(document text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SELECT string_agg(inserted::text, ' ') INTO answer FROM db_adapter.restore(document, user_id => 'y');
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END$$;
SELECT try_sound(replace(:'file', '"n":3', '"n":4'));
SELECT try_sound(regexp_replace(:'file', '[^\n]*"slug":"s3"[^\n]*\n', ''));
SELECT try_sound(regexp_replace(:'file', '[^\n]*"end":true[^\n]*\n$', ''));
SELECT try_sound(regexp_replace(:'file', '"sha256":"........', '"sha256":"00000000'));
SELECT try_sound(:'file' || E'{}\n');
SELECT try_sound(left(:'file', position('"s3"' IN :'file')));
SELECT try_sound(rtrim(:'file', E'\n'));
-- two lines that have changed places, and one that stands there twice
SELECT try_sound(regexp_replace(:'file', '([^\n]*"slug":"s2"[^\n]*\n)([^\n]*"slug":"s3"[^\n]*\n)', '\2\1'));
SELECT try_sound(regexp_replace(:'file', '([^\n]*"slug":"s2"[^\n]*\n)', '\1\1'));
SELECT count(*) FROM t WHERE user_id = 'y';

-- Bytes that are no UTF-8, half a character among them; cut anywhere a whole one is none.
CREATE FUNCTION try_bytes(VARIADIC chunks bytea[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
    chunk bytea;
BEGIN
    PERFORM db_adapter.restore_begin(user_id => 'w', accept_damaged => true);
    FOREACH chunk IN ARRAY chunks LOOP
        PERFORM db_adapter.restore_data(chunk);
    END LOOP;
    SELECT string_agg(inserted::text, ' ') INTO answer FROM db_adapter.restore_end();
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END$$;
SELECT try_bytes(convert_to(rtrim(lines(:'t', '{"id":1,"slug":"'), E'\n'), 'UTF8'), tail, convert_to(E'"}\n', 'UTF8'))
    FROM unnest('{"\\xc328","\\xe282","\\xc080","\\xeda080","\\xff","\\x00"}'::bytea[]) tail;
SELECT try_bytes(convert_to(rtrim(lines(:'t', '{"id":1,"slug":"'), E'\n'), 'UTF8'), '\xe2', '\x82', '\xac', convert_to(E'"}\n', 'UTF8'));
SELECT try_bytes(convert_to(lines(VARIADIC '{}'), 'UTF8'), convert_to('{"table":"', 'UTF8'), '\xff', convert_to(E'","columns":{}}\n', 'UTF8'));

-- One document, version 1.1.
CREATE FUNCTION try_plain(document text, backup_schema jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SELECT string_agg(format('%s: %s in, %s failed %s', "table", inserted, failed, failure_details -> 0 ->> 'error'), '; ')
        INTO answer FROM db_adapter.restore(document, backup_schema, user_id => 'z');
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END$$;
SELECT try_plain('{"metadata": {"version": "1.1", "t_count": 2}, "t": [{"id": 1, "slug": "a", "n": null, "j": [1, "x", {"y": null}]}, {"id": 2, "slug": "b"}], "u": [{"id": 1, "slug": "c", "t_id": 2}]}', :'schema');
SELECT slug, n, j FROM t WHERE user_id = 'z' ORDER BY slug;
SELECT try_plain(E'{\n"t": [\n{"id": 1, "slug": "a"}\n],\n"note": {"x": [1]},\n"metadata": {"t_count": 1}\n}', :'schema');
SELECT try_plain('{"metadata": {"t_count": 2}, "t": [{"id": 1, "slug": "a"}]}', :'schema');
SELECT try_plain('{"metadata": {"t_count": 1e30}, "t": [{"id": 1, "slug": "a"}]}', :'schema');
SELECT try_plain('{"metadata": {}, "t": [{"id": 1, "slug": "a"}]', :'schema');
SELECT try_plain('{"metadata": {}, "t": [7]}', :'schema');
SELECT try_plain('{"metadata": {}, "u": [], "t": []}', :'schema');
SELECT try_plain('{"metadata": {}, "t": [], "t": []}', :'schema');
SELECT try_plain('{"metadata": {}, "v": [{"id": 1}]}', :'schema');
SELECT try_plain('{"metadata": {}, "t": [{"id": 1, "slug": "a", "colour": 1}]}', :'schema');
SELECT try_plain('{"metadata": {}, "t": [{"id": 9, "slug": "k", "n": "x"}]}', :'schema');
SELECT try_plain('{"t": []}', :'schema');
SELECT try_plain('{"metadata": {}} x', :'schema');
SELECT try_plain('{"metadata": {}}', NULL);

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
