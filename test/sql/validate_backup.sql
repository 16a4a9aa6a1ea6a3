-- Whether a backup is whole, said without touching a table.
SET client_min_messages = warning;
CREATE TABLE authors (id int PRIMARY KEY, user_id text, slug text);
CREATE TABLE books (id int PRIMARY KEY, user_id text, slug text, author_id int, editor_id int);
INSERT INTO authors VALUES (1, 'u1', 'a'), (2, 'u1', 'b'), (3, 'u2', 'c');
INSERT INTO books VALUES (1, 'u1', 'one', 1, NULL), (2, 'u1', 'two', 2, 1);
\set schema '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id"}]}]}'
SELECT db_adapter.backup_document(:'schema', 'u1') AS lines,
       db_adapter.backup_document(:'schema', 'u1', format => 'json') AS document \gset

SELECT db_adapter.validate_backup(:'lines');
SELECT db_adapter.validate_backup(:'lines', :'schema');
SELECT db_adapter.validate_backup(:'document', :'schema');
SELECT db_adapter.validate_backup(:'document');

-- what was done to it on the way
CREATE FUNCTION validation(document text, schema jsonb DEFAULT NULL) RETURNS TABLE (valid boolean, messages text)
LANGUAGE sql AS $$
    SELECT (v -> 'valid')::boolean, regexp_replace(concat_ws(' / ', nullif(v ->> 'errors', '[]'), nullif(v ->> 'warnings', '[]')),
               '[0-9a-f]{8}', '...', 'g')
      FROM db_adapter.validate_backup(document, schema) v $$;
SELECT * FROM validation('');
SELECT * FROM validation('hello');
SELECT * FROM validation(left(:'lines', -200));
SELECT * FROM validation(replace(:'lines', '"two"', '"TWO"'));
SELECT * FROM validation(replace(:'lines', '{"id":2,"user_id":"u1","slug":"b"}' || E'\n', ''));
SELECT * FROM validation(:'lines' || '{}');

-- what it lacks, and what it should not have
SELECT * FROM validation(:'document', '{"tables": [{"name": "books"}]}');
SELECT * FROM validation(:'document', '{"tables": [{"name": "authors"}, {"name": "books"}, {"name": "pages"}]}');
SELECT * FROM validation('{"books":[{"id":1,"author_id":1}],"authors":[{"id":1}],"metadata":{"version":"1.1"}}', :'schema');
SELECT * FROM validation('{"authors":[{"id":1},{"slug":"x"},{"id":null},{"id":1}],"books":[{"id":1,"author_id":7,"editor_id":8},{"id":2,"author_id":1,"editor_id":null}],"metadata":{"version":"1.1"}}', :'schema');
SELECT * FROM validation('{"authors":[{"id":1,}],"metadata":{"version":"1.1"}}', :'schema');
SELECT jsonb_array_length(db_adapter.validate_backup('{"authors":[' || string_agg('{}', ',') || '],"metadata":{"version":"1.1"}}', :'schema') -> 'errors') AS capped
  FROM generate_series(1, 300);
SELECT * FROM validation(:'lines', '{"tables": 1}');
SELECT db_adapter.validate_backup(NULL);
BEGIN READ ONLY;
SELECT * FROM validation(:'lines');
COMMIT;

-- very many tables in a header: a long line of parents, pairs in a circle, each named by the file
SELECT '{"format":"db_adapter.backup","version":"2.0","backup_schema":{"tables":[' || string_agg(format(
           '{"name":"t%s","user_field":%s,"parent":{"table":"t%s","field":"a"},"optional_refs":[{"table":"t%s","field":"b"}]}',
           n, CASE WHEN n = 1 THEN '"u"' ELSE 'null' END, greatest(n - 1, 1), ((n - 1) # 1) + 1), ',' ORDER BY n) || E']}}\n' ||
       string_agg(format(E'{"table":"t%s","columns":{"id":"int4"}}\n', n), '' ORDER BY n) AS huge
  FROM generate_series(1, 20000) n \gset
SELECT * FROM validation(:'huge');
SELECT * FROM validation(:'huge' || '{"table":"t777","columns":{}}' || E'\n');
SELECT * FROM validation(replace(:'huge', '"name":"t20000"', '"name":"t19999"'));
SELECT pg_cancel_backend(pg_backend_pid()), db_adapter.validate_backup(:'huge');
DROP FUNCTION validation;
DROP TABLE authors, books;
