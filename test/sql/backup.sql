-- Rows to lines: what is in a backup, how it is written, and what is refused.
\set VERBOSITY terse
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;

CREATE TABLE authors (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text,
    shout text GENERATED ALWAYS AS (upper(name)) STORED, UNIQUE (user_id, slug));
CREATE TABLE books (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, title text,
    author_id int REFERENCES authors, editor_id int REFERENCES authors, meta jsonb,
    UNIQUE (user_id, slug));
CREATE TABLE pages (
    book_id int NOT NULL REFERENCES books, number int NOT NULL, body text, at timestamptz,
    PRIMARY KEY (book_id, number));
INSERT INTO authors (user_id, slug, name) VALUES
    ('u1', 'a', E'Anna "A" \\ Ex\tample\n\u0001\u00e9'), ('u2', 'b', 'Bert'), ('u1', 'c', NULL);
INSERT INTO books (user_id, slug, title, author_id, editor_id, meta) VALUES
    ('u1', 'one', 'One', 1, 3, '{"n": 1.50, "null": null}'), ('u2', 'two', 'Two', 2, NULL, 'null'),
    ('u1', 'three', NULL, 3, NULL, NULL);
INSERT INTO pages VALUES (1, 1, 'first', '2024-02-03 04:05:06.7+02'), (1, 2, '', NULL), (2, 1, 'theirs', NULL);

\set schema '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id"}]}, {"name": "pages", "pk": ["book_id", "number"], "slug_field": "number", "user_field": null, "parent": {"table": "books", "field": "book_id"}}]}'

-- a backup without what changes from run to run
CREATE FUNCTION lines(document text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(line,
               '("created_at"|"database"|"origin"|"crc32c"|"sha256"):"[^"]*"', '\1:"..."', 'g'),
               '"(server_version|bytes)":\d+', '"\1":0', 'g')
      FROM regexp_split_to_table(document, '\n') line $$;

SELECT lines(db_adapter.backup_document(:'schema', 'u1'));
SELECT lines(db_adapter.backup_document(:'schema', 'u1', format => 'json'));
SELECT count(*) FROM lines(db_adapter.backup_document(:'schema'));
-- chunks are the same lines without the last line break
SELECT string_agg(chunk, E'\n') || E'\n' = db_adapter.backup_document(:'schema', 'u1') AS same
  FROM db_adapter.backup(:'schema', 'u1') chunk;
SELECT db_adapter.backup_document(:'schema', 'u1', format => 'json')::jsonb -> 'authors' -> 0 ->> 'name'
       = name AS same FROM authors WHERE id = 1;

-- the trailer speaks of every byte before it
WITH d AS (SELECT db_adapter.backup_document(:'schema', checksum => 'sha256') AS text),
     s AS (SELECT text, (regexp_match(text, '^(.*\n)(\{"end".*)\n$'))[1] AS head,
                  (regexp_match(text, '^(.*\n)(\{"end".*)\n$'))[2]::jsonb AS trailer FROM d)
SELECT (trailer ->> 'bytes')::int = octet_length(head) AS bytes,
       trailer ->> 'sha256' = encode(sha256(convert_to(head, 'UTF8')), 'hex') AS sha256,
       trailer -> 'record_counts' AS counts, trailer ->> 'crc32c' ~ '^[0-9a-f]{8}$' AS crc FROM s;

-- what belongs to it: filters of the schema and of the call, metadata, columns left out
SELECT lines(db_adapter.backup_document('{"tables": [{"name": "authors", "filter": "name IS NULL OR authors.id = 99"}]}'))
OFFSET 2;
SELECT lines(db_adapter.backup_document('{"tables": [{"name": "authors", "exclude_columns": ["name"]}]}', 'u2')) OFFSET 1;
SELECT lines(db_adapter.backup_document(:'schema', filters => '{"authors": {"name": null}, "books": {"id": 2}, "pages": {"body": "x"}}')) OFFSET 1;
SELECT lines(db_adapter.backup_document(:'schema', filters => '{"books": {"meta": {"null": null, "n": 1.5}, "user_id": "u1"}}')) OFFSET 5 LIMIT 2;
SELECT db_adapter.backup_document('{"tables": [{"name": "authors"}]}', metadata => '{"note": ["x"], "n": 1}') ~ '"note":\["x"\]' AS noted;

-- options and names that are none
SELECT db_adapter.backup(NULL);
SELECT db_adapter.backup(:'schema', format => 'jsonlines');
SELECT db_adapter.backup(:'schema', on_leak => 'fail');
SELECT db_adapter.backup(:'schema', checksum => 'md5');
SELECT db_adapter.backup(:'schema', filters => '[]');
SELECT db_adapter.backup(:'schema', filters => '{"author": {}}');
SELECT db_adapter.backup(:'schema', filters => '{"authors": 1}');
SELECT db_adapter.backup(:'schema', filters => '{"authors": {"nam": 1}}');
SELECT db_adapter.backup(:'schema', filters => '{"authors": {"id": "x"}}');
SELECT db_adapter.backup(:'schema', filters => '{"authors": {"id": [1]}}');
SELECT db_adapter.backup(:'schema', metadata => '{"user_id": "u9"}');
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT db_adapter.backup('{"tables": [{"name": "author"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "pk": "idd"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "slug_field": "slug", "user_field": "user"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "pages", "pk": "number"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "books", "parent": {"table": "authors", "field": "author_id"}}, {"name": "authors"}]}');
\set VERBOSITY terse
SELECT db_adapter.backup('{"tables": [{"name": "books", "parent": {"table": "authors", "field": "author_id"}}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "exclude_columns": ["slug"]}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors"}, {"name": "public.authors"}]}');

-- the filter is one expression, whatever it is made of
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true FROM pg_class"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true; DROP TABLE authors"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true, true"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true AS x"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "id"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "count(*) > 1"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true) OR (true"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true UNION SELECT 1"}]}');
SELECT db_adapter.backup('{"tables": [{"name": "authors", "filter": "true --"}]}') ~ 'Bert' AS comment;

-- a row of the tenant that leads to another tenant's
INSERT INTO books (user_id, slug, author_id, editor_id) VALUES ('u1', 'stolen', 2, NULL), ('u1', 'edited', 1, 2);
\set VERBOSITY default
SELECT lines(db_adapter.backup_document(:'schema', 'u1', on_leak => 'report')) OFFSET 5;
SELECT lines(db_adapter.backup_document(:'schema', 'u1', on_leak => 'drop')) OFFSET 5;
SELECT db_adapter.backup_document(:'schema', 'u1', on_leak => 'error');
\set VERBOSITY terse
-- the same when the database must be asked, and through documents and types
SELECT lines(db_adapter.backup_document(:'schema', 'u1', filters => '{"authors": {"slug": "none"}}', on_leak => 'drop')) OFFSET 3;
CREATE TABLE marks (id int PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL,
    what text, target int, doc jsonb, boss int REFERENCES marks);
INSERT INTO marks VALUES (1, 'u1', 'm1', 'Author', 1, '{"book": {"id": 1}}', NULL),
    (2, 'u1', 'm2', 'Author', 2, NULL, NULL), (3, 'u1', 'm3', 'Book', 2, NULL, NULL),
    (4, 'u1', 'm4', 'Book', 1, '{"book": {"id": 2}}', NULL), (5, 'u2', 'm5', NULL, NULL, NULL, NULL),
    (6, 'u1', 'm6', 'Else', 2, '{"book": {"id": 77}}', 5), (7, 'u1', 'm7', NULL, NULL, NULL, 1);
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id", "raw": true}]},
    {"name": "marks", "optional_refs": [
        {"field": "target", "type_field": "what", "map": {"Author": "authors", "Book": "books"}},
        {"field": "doc", "json_path": "$.book.id", "table": "books"}, {"field": "boss", "table": "marks"}]}]}',
    'u1', on_leak => 'drop')) line WHERE line ~ '"m[0-9]"|"end"';
-- tables without a tenant column belong through their parents
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "authors"}, {"name": "books", "user_field": null, "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id", "raw": true}]},
    {"name": "pages", "pk": ["book_id", "number"], "slug_field": "number", "user_field": null, "parent": {"table": "books", "field": "book_id"}}]}',
    'u2')) line WHERE line ~ '^."(book_)?id"';

-- names that need quotes, and rows seen through partitions, children and views
CREATE TABLE "Odd.""Name" ("Id" int PRIMARY KEY, "SLUG" text, "uSer" text);
INSERT INTO "Odd.""Name" VALUES (1, 's', 'u1'), (2, 's', 'u2');
SELECT lines(db_adapter.backup_document('{"tables": [{"name": "public.\"Odd.\"\"Name\"", "pk": "Id", "slug_field": "SLUG", "user_field": "uSer"}]}', 'u1')) OFFSET 1;
CREATE TABLE parted (id int, user_id text, slug text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
INSERT INTO parted SELECT n, 'u1', 's' || n FROM generate_series(12, 8, -2) n;
CREATE TABLE base (id int, user_id text, slug text);
CREATE TABLE derived (extra text) INHERITS (base);
INSERT INTO base VALUES (1, 'u1', 'in base');
INSERT INTO derived VALUES (2, 'u1', 'in derived', 'x');
CREATE VIEW names AS SELECT id, user_id, slug FROM authors;
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "parted"}, {"name": "base"}, {"name": "names"}]}', 'u1')) line WHERE line ~ '^."(id|table)"';
-- no row twice
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "base"}, {"name": "derived"}]}', 'u1')) line WHERE line ~ '^."id"';

-- large objects stay where they are
CREATE DOMAIN lo AS oid;
CREATE TABLE blobs (id int, user_id text, slug text, content lo);
SELECT db_adapter.backup('{"tables": [{"name": "blobs"}]}');
SELECT lines(db_adapter.backup_document('{"tables": [{"name": "blobs", "exclude_columns": ["content"]}]}')) OFFSET 1;

-- rows that policies hide
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA public TO regress_reader;
GRANT SELECT ON authors, names TO regress_reader;
GRANT EXECUTE ON FUNCTION lines TO regress_reader;
ALTER TABLE authors ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON authors USING (slug = 'a');
CREATE VIEW seen WITH (security_barrier) AS SELECT id, user_id, slug FROM authors;
GRANT SELECT ON seen TO regress_reader;
ALTER VIEW seen OWNER TO regress_reader;
SET ROLE regress_reader;
SELECT db_adapter.backup('{"tables": [{"name": "authors"}]}');
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "authors"}]}', row_security => true)) line WHERE line ~ '^."id"';
SELECT db_adapter.backup('{"tables": [{"name": "seen"}]}');
-- and those that grants do
SELECT db_adapter.backup('{"tables": [{"name": "books"}]}');
SELECT db_adapter.backup_to_file('/tmp/x', '{"tables": [{"name": "authors"}]}');
RESET ROLE;
ALTER TABLE authors DISABLE ROW LEVEL SECURITY;

-- the values' settings are the backup's own, and the policies' the caller's
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Tokyo';
SET extra_float_digits = 0;
SET bytea_output = 'escape';
SET IntervalStyle = 'sql_standard';
CREATE FUNCTION style() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('DateStyle') || current_setting('search_path') $$;
CREATE VIEW told AS SELECT 1 AS id, 'u1' AS user_id, style() AS slug, interval '1 day -1 hour' AS i,
    '2024-02-03'::date AS d, '2024-02-03 10:00+09'::timestamptz AS t, 0.1::float8 + 0.2::float8 AS f, '\x00ff'::bytea AS b,
    daterange('2024-02-03', '2024-03-04') AS r, ARRAY['2024-02-03'::date] AS a;
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "told"}]}', 'u1')) line WHERE line ~ '^."id"';
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "told"}]}', 'u1', format => 'json')) line WHERE line ~ '^."id"';
SELECT style();

-- more rows than a chunk, and than is fetched at once; a value larger than a chunk
RESET ALL;
SET search_path = public;
CREATE TABLE many (id int PRIMARY KEY, user_id text, slug text, i interval);
INSERT INTO many SELECT n, 'u1', CASE WHEN n = 500 THEN repeat('"', 300000) ELSE n || repeat('x', 100) END, '1 day'
  FROM generate_series(1, 5000) n;
SELECT count(*) AS chunks, min(length(chunk)) > 60000 AS filled,
       count(*) FILTER (WHERE length(chunk) > 70000) AS larger
  FROM (SELECT chunk, lead(chunk) OVER () IS NULL AS last FROM db_adapter.backup('{"tables": [{"name": "many"}]}') chunk) c WHERE NOT last;
SELECT count(*), sum((line::jsonb ->> 'id')::int), sum(length(line::jsonb ->> 'slug')) = (SELECT sum(length(slug)) FROM many) AS whole
  FROM lines(db_adapter.backup_document('{"tables": [{"name": "many"}]}')) line WHERE line ~ '^."id"';
SELECT left(db_adapter.backup('{"tables": [{"name": "many"}]}'), 12) LIMIT 1;
-- read only, and in the middle of a transaction that goes on
BEGIN READ ONLY;
SELECT count(*) > 5 AS streamed FROM (SELECT db_adapter.backup('{"tables": [{"name": "many"}]}')) s;
DECLARE c CURSOR FOR SELECT length(db_adapter.backup('{"tables": [{"name": "many"}]}')) > 60000 AS full;
FETCH 2 FROM c;
CLOSE c;
SELECT 1 AS still_here;
COMMIT;

-- filters of a table restrict those below it, with the tenant and without
RESET search_path;
CREATE TABLE cust (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, user_id text);
CREATE TABLE ord (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, user_id text, cust_id int NOT NULL REFERENCES cust);
CREATE TABLE line (id serial PRIMARY KEY, ord_id int NOT NULL REFERENCES ord, no int, UNIQUE (ord_id, no));
CREATE TABLE tag (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, of_type text, of_id int);
INSERT INTO cust (slug, user_id) VALUES ('c1', 'u'), ('c2', 'u');
INSERT INTO ord (slug, user_id, cust_id) VALUES ('o1', 'u', 1), ('o2', 'u', 2);
INSERT INTO line (ord_id, no) VALUES (1, 1), (2, 1);
INSERT INTO tag (slug, of_type, of_id) VALUES ('t1', 'C', 1), ('t2', 'C', 2), ('t3', 'O', 2), ('t4', NULL, NULL);
\set family '{"tables": [{"name": "cust"}, {"name": "ord", "parent": {"table": "cust", "field": "cust_id"}}, {"name": "line", "slug_field": "no", "user_field": null, "parent": {"table": "ord", "field": "ord_id"}}, {"name": "tag", "user_field": null, "parent": {"field": "of_id", "type_field": "of_type", "map": {"C": "cust", "O": "ord"}}}]}'
CREATE FUNCTION rows_in(file text) RETURNS text LANGUAGE sql AS $$ SELECT substring(file FROM '"record_counts":([^}]*})') $$;
SELECT rows_in(db_adapter.backup_document(:'family', filters => '{"cust": {"slug": "c1"}}')) AS all_tenants,
       rows_in(db_adapter.backup_document(:'family', user_id => 'u', filters => '{"cust": {"slug": "c1"}}')) AS one,
       rows_in(db_adapter.backup_document(:'family', filters => '{"ord": {"slug": "o2"}}')) AS below,
       rows_in(db_adapter.backup_document(:'family', filters => '{"cust": {"user_id": null}}')) AS none;
SELECT rows_in(db_adapter.backup_document(:'family', filters => '{"cust": {"slug": "c1"}}', keys => '{"ord": true, "line": true}')) AS chosen;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
DROP ROLE regress_reader;
