-- Content by natural key: the same whatever the ids, different when a value is.
\set VERBOSITY terse
SET client_min_messages = warning;
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE SCHEMA there;
SET search_path = public, tools;
-- bare names mean public: it is one place, then the other
CREATE SCHEMA tools;
CREATE FUNCTION tools.go(place text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regnamespace(place) IS NOT NULL THEN
        EXECUTE format('ALTER SCHEMA public RENAME TO %I', CASE place WHEN 'here' THEN 'there' ELSE 'here' END);
        EXECUTE format('ALTER SCHEMA %I RENAME TO public', place);
    END IF;
END $$;

-- two databases in one: the same rows under other ids, columns in another order
CREATE TABLE public.authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text, UNIQUE (user_id, slug));
CREATE TABLE public.books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, title text, price numeric,
    author_id int REFERENCES public.authors, editor_id int REFERENCES public.authors, at timestamptz, i interval, UNIQUE (user_id, slug));
CREATE TABLE public.pages (book_id int REFERENCES public.books, number int, body text, PRIMARY KEY (book_id, number));
CREATE TABLE there.authors (name text, id int PRIMARY KEY, slug text NOT NULL, user_id text NOT NULL, UNIQUE (user_id, slug));
CREATE TABLE there.books (i interval, at timestamptz, title text, price numeric, id int PRIMARY KEY, user_id text NOT NULL,
    slug text NOT NULL, editor_id int REFERENCES there.authors, author_id int REFERENCES there.authors, UNIQUE (user_id, slug));
CREATE TABLE there.pages (body text, number int, book_id int REFERENCES there.books, PRIMARY KEY (number, book_id));

INSERT INTO public.authors (user_id, slug, name) SELECT 'u' || n % 2, 'a' || n, 'Author ' || n FROM generate_series(1, 10) n;
INSERT INTO public.books (user_id, slug, title, price, author_id, editor_id, at, i)
SELECT 'u' || n % 2, 'b' || n, 'Book ' || n, n / 4.0, n % 10 + 1, CASE WHEN n % 3 = 0 THEN (n + 2) % 10 + 1 END,
       '2024-01-01 00:00+00'::timestamptz + n * interval '1 day', n * interval '1 day 1 hour'
  FROM generate_series(0, 99) n;
INSERT INTO public.pages SELECT b.id, n, b.slug || ' page ' || n FROM public.books b, generate_series(1, 3) n;
INSERT INTO there.authors SELECT name, 1000 - id, slug, user_id FROM public.authors;
INSERT INTO there.books SELECT i, at, title, price, 5000 - id, user_id, slug, 1000 - editor_id, 1000 - author_id FROM public.books;
INSERT INTO there.pages SELECT body, number, 5000 - book_id FROM public.pages;

\set schema '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id"}]}, {"name": "pages", "pk": ["book_id", "number"], "slug_field": "number", "user_field": null, "parent": {"table": "books", "field": "book_id"}}]}'

CREATE FUNCTION tools.digests(place text, schema jsonb, "table" text, user_id text, buckets int, hash text)
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tools.go(place);
    RETURN QUERY SELECT d::text FROM db_adapter.digest(schema, "table", user_id, buckets, hash) d ORDER BY 1;
    PERFORM tools.go('here');
END $$;
CREATE FUNCTION tools.same(schema jsonb, "table" text, user_id text, buckets int DEFAULT NULL, hash text DEFAULT 'fast')
RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN h = t THEN 'same' ELSE 'different' END
      FROM (SELECT array(SELECT digests('here', schema, "table", user_id, buckets, hash)) AS h,
                   array(SELECT digests('there', schema, "table", user_id, buckets, hash)) AS t) d $$;

SELECT t, same(:'schema', t, 'u1'), same(:'schema', t, 'u0', 7), same(:'schema', t, NULL), same(:'schema', t, 'u1', NULL, 'sha256')
  FROM unnest('{authors,books,pages}'::text[]) t;
SELECT go('here');
SELECT count(*) AS buckets, sum(rows), min(length(digest)), max(length(digest)), max(bucket) < 256 AS in_range
  FROM db_adapter.digest(:'schema', 'books');
SELECT count(*) AS buckets, sum(rows), min(length(digest)), max(length(digest)) FROM db_adapter.digest(:'schema', 'pages', 'u1', 1, 'sha256');
-- the hash is the published one, and settings have no part in it
SELECT digest FROM db_adapter.digest('{"tables": [{"name": "authors", "filter": "id = 1"}]}', 'authors', 'u1', 1);
SELECT digest = sha256('{"name":"Author 1","slug":"a1"}') AS sha256
  FROM db_adapter.digest('{"tables": [{"name": "authors", "filter": "id = 1"}]}', 'authors', 'u1', 1, 'sha256');
CREATE TEMP TABLE before AS SELECT * FROM db_adapter.digest(:'schema', 'books', 'u1');
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Tokyo';
SET IntervalStyle = 'sql_standard';
SELECT count(*) AS differ FROM (SELECT * FROM db_adapter.digest(:'schema', 'books', 'u1') EXCEPT SELECT * FROM before) d;
RESET DateStyle;
RESET TimeZone;
RESET IntervalStyle;

-- the backup schema alone says what the match key is, not an index that one side lacks
SELECT go('here');
ALTER TABLE there.books DROP CONSTRAINT books_user_id_slug_key;
SELECT same(:'schema', 'books', 'u1'), same(:'schema', 'pages', 'u1');
ALTER TABLE there.pages DROP CONSTRAINT pages_pkey;
ALTER TABLE there.authors DROP CONSTRAINT authors_user_id_slug_key;
SELECT same(:'schema', 'authors', 'u1'), same(:'schema', 'books', 'u1'), same(:'schema', 'pages', NULL);
CREATE TABLE public.parts (id serial PRIMARY KEY, user_id text, slug text NOT NULL, book_id int NOT NULL REFERENCES public.books, UNIQUE (book_id, slug));
CREATE TABLE there.parts (id serial PRIMARY KEY, user_id text, slug text NOT NULL, book_id int NOT NULL);
INSERT INTO public.parts (user_id, slug, book_id) SELECT b.user_id, n::text, b.id FROM public.books b, generate_series(1, 3) n;
INSERT INTO there.parts (user_id, slug, book_id) SELECT user_id, slug, 5000 - book_id FROM public.parts ORDER BY id DESC;
SELECT t #> '{match_parents}' AS derived FROM jsonb_array_elements(db_adapter.derive_backup_schema('{public.parts,public.books,public.authors}') -> 'tables') t
 WHERE t ->> 'name' LIKE '%parts';
\set parts '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}}, {"name": "parts", "parent": {"table": "books", "field": "book_id"}}]}'
SELECT "table", message FROM db_adapter.check_backup_schema(:'parts') WHERE message LIKE '%match_parents%';
SELECT count(DISTINCT match_key) FROM db_adapter.digest_rows(:'parts', 'parts', NULL, 'u1');
\set parts '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id"}]}, {"name": "parts", "match_parents": true, "parent": {"table": "books", "field": "book_id"}}]}'
SELECT count(*) FROM db_adapter.check_backup_schema(:'parts') WHERE message LIKE '%match_parents%';
SELECT count(DISTINCT match_key) FROM db_adapter.digest_rows(:'parts', 'parts', NULL, 'u1');
SELECT same(:'parts', 'parts', 'u1');
-- and a restore finds the rows by the same
SELECT db_adapter.backup_document(:'parts', 'u1') AS backup \gset
SELECT go('there');
SELECT "table", inserted, skipped, failed FROM db_adapter.restore(:'backup', :'parts', 'u1');
SELECT go('here');
ALTER TABLE there.authors ADD UNIQUE (user_id, slug);
ALTER TABLE there.books ADD UNIQUE (user_id, slug);
DROP TABLE public.parts, there.parts;

-- the rows of buckets that differ, and nothing else
UPDATE there.books SET title = 'changed' WHERE slug = 'b17';
UPDATE there.books SET editor_id = NULL WHERE slug = 'b21';
DELETE FROM there.pages WHERE book_id = (SELECT id FROM there.books WHERE slug = 'b33') AND number = 2;
INSERT INTO there.books (id, user_id, slug) VALUES (1, 'u1', 'new');
CREATE TEMP TABLE ours AS SELECT * FROM db_adapter.digest(:'schema', 'books', 'u1', 64);
CREATE TEMP TABLE our_rows AS SELECT * FROM db_adapter.digest_rows(:'schema', 'books', NULL, 'u1', 64);
CREATE TEMP TABLE our_pages AS SELECT * FROM db_adapter.digest_rows(:'schema', 'pages', NULL, 'u1');
SELECT go('there');
CREATE TEMP TABLE differing AS
    SELECT bucket FROM ours FULL JOIN db_adapter.digest(:'schema', 'books', 'u1', 64) theirs USING (bucket)
     WHERE ours.digest IS DISTINCT FROM theirs.digest;
SELECT count(*) BETWEEN 1 AND 3 AS few FROM differing;
SELECT match_key, o.digest IS NOT NULL AS ours, t.digest IS NOT NULL AS theirs
  FROM (SELECT * FROM our_rows) o FULL JOIN
       db_adapter.digest_rows(:'schema', 'books', array(SELECT bucket FROM differing), 'u1', 64) t USING (match_key)
 WHERE t.digest IS DISTINCT FROM o.digest AND (t.digest IS NOT NULL OR match_key ->> 'slug' = 'b17') ORDER BY 1;
SELECT match_key, o.digest IS NOT NULL AS ours, t.digest IS NOT NULL AS theirs
  FROM our_pages o FULL JOIN db_adapter.digest_rows(:'schema', 'pages', NULL, 'u1') t USING (match_key)
 WHERE t.digest IS DISTINCT FROM o.digest ORDER BY 1;
-- buckets chosen by the rows: both functions choose alike
SELECT count(*) AS not_found FROM db_adapter.digest(:'schema', 'pages', 'u0') d
 WHERE d.rows <> (SELECT count(*) FROM db_adapter.digest_rows(:'schema', 'pages', ARRAY[d.bucket], 'u0'));
SELECT * FROM db_adapter.digest_rows(:'schema', 'books', '{}', 'u1');

-- references of other kinds, link tables, circles
SELECT go('here');
CREATE TABLE links (author_id int REFERENCES authors, book_id int REFERENCES books, PRIMARY KEY (author_id, book_id));
INSERT INTO links VALUES (1, 2), (2, 3);
CREATE TABLE nodes (id int PRIMARY KEY, user_id text, slug text, up int REFERENCES nodes, kind text, target int, doc jsonb, UNIQUE (user_id, slug));
INSERT INTO nodes VALUES (1, 'u1', 'root', NULL, 'Book', 2, '{"author": {"id": 1, "n": 1}, "x": 1}'), (2, 'u1', 'leaf', 1, 'Author', 2, NULL);
\set nodes '{"tables": [{"name": "authors"}, {"name": "books"}, {"name": "links", "pk": ["author_id", "book_id"], "slug_field": null, "user_field": null, "parents": [{"table": "authors", "field": "author_id"}, {"table": "books", "field": "book_id"}]}, {"name": "nodes", "optional_refs": [{"table": "nodes", "field": "up"}, {"field": "target", "type_field": "kind", "map": {"Book": "books", "Author": "authors"}}, {"table": "authors", "field": "doc", "json_path": "$.author.id"}]}]}'
SELECT match_key FROM db_adapter.digest_rows(:'nodes', 'links', NULL) ORDER BY 1;
SELECT match_key FROM db_adapter.digest_rows(:'nodes', 'nodes', NULL, 'u1') ORDER BY 1;
CREATE TEMP TABLE nodes_before AS SELECT * FROM db_adapter.digest_rows(:'nodes', 'nodes', NULL, 'u1');
ALTER TABLE nodes DROP CONSTRAINT nodes_up_fkey;
UPDATE nodes SET id = id + 100, up = up + 100;
UPDATE authors SET id = id + 100 WHERE NOT EXISTS (SELECT FROM books WHERE id IN (author_id, editor_id));
SELECT count(*) AS changed FROM (SELECT * FROM nodes_before EXCEPT SELECT * FROM db_adapter.digest_rows(:'nodes', 'nodes', NULL, 'u1')) d;
UPDATE nodes SET target = 4 WHERE slug = 'leaf';
SELECT match_key FROM (SELECT * FROM nodes_before EXCEPT SELECT * FROM db_adapter.digest_rows(:'nodes', 'nodes', NULL, 'u1')) d;
-- a key inside a document
UPDATE authors SET slug = 'was a1' WHERE slug = 'a1';
INSERT INTO authors VALUES (777, 'u1', 'a1');
UPDATE nodes SET doc = '{"author": {"id": 777, "n": 1}, "x": 1}' WHERE slug = 'root';
SELECT match_key FROM (SELECT * FROM nodes_before EXCEPT SELECT * FROM db_adapter.digest_rows(:'nodes', 'nodes', NULL, 'u1')) d;
UPDATE nodes SET doc = '{"author": {"id": 3, "n": 1}, "x": 1}' WHERE slug = 'root';
SELECT match_key FROM (SELECT * FROM nodes_before EXCEPT SELECT * FROM db_adapter.digest_rows(:'nodes', 'nodes', NULL, 'u1')) d ORDER BY 1;

-- Names of a match key that are too long for a column's: cut, and told apart by a hash of the whole.
CREATE TABLE parents_of_long_names (id serial PRIMARY KEY, user_id text, the_first_part_of_a_key_whose_name_is_long text NOT NULL, the_first_part_of_a_key_whose_name_is_lengthy text NOT NULL,
    UNIQUE (user_id, the_first_part_of_a_key_whose_name_is_long, the_first_part_of_a_key_whose_name_is_lengthy));
CREATE TABLE children_of_long_names (id serial PRIMARY KEY, user_id text, "column 2" text NOT NULL, the_parent_s_identifier int NOT NULL REFERENCES parents_of_long_names, ganz_schön_lange_nämlich_übergroße_überschrift int REFERENCES parents_of_long_names);
INSERT INTO parents_of_long_names VALUES (1, 'u1', 'a', 'b'), (2, 'u1', 'b', 'a');
INSERT INTO children_of_long_names VALUES (1, 'u1', 'x', 1, 2), (2, 'u1', 'x', 2, 1);
CREATE TABLE children_as_others_have_them (ganz_schön_lange_nämlich_übergroße_überschrift int REFERENCES parents_of_long_names, the_parent_s_identifier int NOT NULL REFERENCES parents_of_long_names, "column 2" text NOT NULL, user_id text, id serial PRIMARY KEY);
INSERT INTO children_as_others_have_them SELECT ganz_schön_lange_nämlich_übergroße_überschrift, the_parent_s_identifier, "column 2", user_id FROM children_of_long_names;
\set long '{"tables": [{"name": "parents_of_long_names", "slug_field": ["the_first_part_of_a_key_whose_name_is_long", "the_first_part_of_a_key_whose_name_is_lengthy"]}, {"name": "children_of_long_names", "slug_field": "column 2", "match_parents": true, "parents": [{"table": "parents_of_long_names", "field": "the_parent_s_identifier"}, {"table": "parents_of_long_names", "field": "ganz_schön_lange_nämlich_übergroße_überschrift"}]}, {"name": "children_as_others_have_them", "slug_field": "column 2", "match_parents": true, "parents": [{"table": "parents_of_long_names", "field": "the_parent_s_identifier"}, {"table": "parents_of_long_names", "field": "ganz_schön_lange_nämlich_übergroße_überschrift"}]}]}'
SELECT jsonb_pretty(match_key) FROM db_adapter.digest_rows(:'long', 'children_of_long_names', NULL, 'u1') ORDER BY match_key LIMIT 1;
SELECT * FROM db_adapter.digest_rows(:'long', 'children_of_long_names', NULL, 'u1') EXCEPT SELECT * FROM db_adapter.digest_rows(:'long', 'children_as_others_have_them', NULL, 'u1');
SELECT deleted FROM db_adapter.delete_rows(:'long', (SELECT jsonb_build_object('children_of_long_names', jsonb_agg(match_key)) FROM db_adapter.digest_rows(:'long', 'children_as_others_have_them', NULL, 'u1')), 'u1');
-- references that begin with the same column: each member of a match key has its own name
CREATE TABLE teams (user_id text, id int, slug text NOT NULL, PRIMARY KEY (user_id, id));
CREATE TABLE rooms (user_id text, id int, slug text NOT NULL, PRIMARY KEY (user_id, id));
CREATE TABLE meetings (user_id text, team_id int, room_id int, PRIMARY KEY (user_id, team_id, room_id),
    FOREIGN KEY (user_id, team_id) REFERENCES teams, FOREIGN KEY (user_id, room_id) REFERENCES rooms);
INSERT INTO teams VALUES ('u1', 1, 't1'), ('u1', 2, 't2');
INSERT INTO rooms VALUES ('u1', 1, 'r1'), ('u1', 2, 'r2');
INSERT INTO meetings VALUES ('u1', 1, 1), ('u1', 1, 2), ('u1', 2, 1);
\set meetings '{"tables": [{"name": "teams", "pk": ["user_id", "id"]}, {"name": "rooms", "pk": ["user_id", "id"]}, {"name": "meetings", "pk": ["user_id", "team_id", "room_id"], "slug_field": null, "parents": [{"table": "teams", "field": ["user_id", "team_id"]}, {"table": "rooms", "field": ["user_id", "room_id"]}]}]}'
SELECT match_key FROM db_adapter.digest_rows(:'meetings', 'meetings', NULL) ORDER BY 1;
SELECT (SELECT count(*) FROM regexp_matches(db_adapter.backup_document(:'meetings', keys => jsonb_build_object('meetings', jsonb_agg(match_key))), '"room_id":[0-9]', 'g')) AS found
  FROM db_adapter.digest_rows(:'meetings', 'meetings', NULL);
ALTER TABLE meetings ADD "user_id.slug" text DEFAULT 'plain', ADD UNIQUE ("user_id.slug", team_id, room_id);
SELECT match_key FROM db_adapter.digest_rows(jsonb_set(:'meetings', '{tables,2,slug_field}', '"user_id.slug"'), 'meetings', NULL) ORDER BY 1 LIMIT 1;

-- a reference to a row that nothing but its content names stands by all of that: its columns, and what it refers to
CREATE TABLE albums (id serial PRIMARY KEY, title text UNIQUE NOT NULL);
CREATE TABLE kinds (id serial PRIMARY KEY, name text UNIQUE NOT NULL);
CREATE TABLE tracks (id serial PRIMARY KEY, name text, price numeric, album_id int NOT NULL REFERENCES albums, kind_id int REFERENCES kinds, twin_id int REFERENCES tracks);
CREATE TABLE lines (id serial PRIMARY KEY, track_id int NOT NULL REFERENCES tracks, qty int);
CREATE TABLE marks (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, track_id int REFERENCES tracks);
INSERT INTO albums (title) VALUES ('a'), ('b');
INSERT INTO kinds (name) VALUES ('k'), ('l');
INSERT INTO tracks (name, price, album_id, kind_id, twin_id) VALUES
    ('one', 1.0, 1, 1, NULL), ('two', 1.0, 1, 1, NULL), ('one', 1.00, 1, 1, NULL), ('one', 1.0, 2, 1, NULL),
    ('one', 1.0, 1, 2, NULL), ('one', 1.0, 1, NULL, NULL), ('one', 1.0, 1, 1, 2), (NULL, NULL, 1, 1, NULL);
INSERT INTO lines (track_id, qty) VALUES (1, 5);
INSERT INTO marks (slug, track_id) VALUES ('m', 1), ('n', NULL);
SELECT db_adapter.derive_backup_schema('{albums,kinds,tracks,lines,marks}') AS content \gset
SELECT jsonb_pretty(match_key) FROM db_adapter.digest_rows(:'content', 'lines', NULL);
CREATE FUNCTION tools.moved(content jsonb, "table" text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seen text[];
BEGIN
    FOR i IN 1 .. 8 LOOP
        EXECUTE format('UPDATE %I SET track_id = $1 WHERE id = 1', "table") USING i;
        seen := seen || (SELECT string_agg(encode(digest, 'hex'), ' ' ORDER BY digest) FROM db_adapter.digest_rows(content, "table", NULL));
    END LOOP;
    RETURN (SELECT count(DISTINCT d) FROM unnest(seen) d) || ' of ' || cardinality(seen);
END $$;
SELECT moved(:'content', 'lines') AS lines, moved(:'content', 'marks') AS marks;
-- other ids and settings have no part in it, and the key finds the row
UPDATE lines SET track_id = 1;
CREATE TEMP TABLE first_seen AS SELECT * FROM db_adapter.digest_rows(:'content', 'lines', NULL);
ALTER TABLE lines DROP CONSTRAINT lines_track_id_fkey, ADD FOREIGN KEY (track_id) REFERENCES tracks ON UPDATE CASCADE;
UPDATE tracks SET id = 101 WHERE id = 1;
SET extra_float_digits = 0;
SELECT count(*) AS same FROM first_seen NATURAL JOIN db_adapter.digest_rows(:'content', 'lines', NULL);
RESET extra_float_digits;
SELECT deleted FROM db_adapter.delete_rows(:'content', (SELECT jsonb_build_object('lines', jsonb_agg(match_key)) FROM first_seen));
DROP TABLE first_seen;

-- what is refused
SELECT * FROM db_adapter.digest(:'schema', 'book');
SELECT * FROM db_adapter.digest(:'schema', NULL);
SELECT * FROM db_adapter.digest(NULL, 'books');
SELECT * FROM db_adapter.digest(:'schema', 'books', hash => 'md5');
SELECT * FROM db_adapter.digest(:'schema', 'books', buckets => 0);
SELECT * FROM db_adapter.digest(:'schema', 'books', buckets => 2000000);
SELECT * FROM db_adapter.digest_rows(:'schema', 'books', '{64}', buckets => 64);
SELECT * FROM db_adapter.digest_rows(:'schema', 'books', '{-1}', buckets => 64);

SELECT go('here');
DROP SCHEMA public, there, tools CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
