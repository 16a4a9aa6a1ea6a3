-- A backup of chosen rows, with those they refer to; and a restore of it.
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
CREATE FUNCTION tools.make_tables(place text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', place, true);
    CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text, mentor int REFERENCES authors, UNIQUE (user_id, slug));
    CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text, title text, author_id int NOT NULL REFERENCES authors, editor_id int REFERENCES authors);
    CREATE TABLE chapters (id serial PRIMARY KEY, slug text NOT NULL, body text, book_id int NOT NULL REFERENCES books, UNIQUE (book_id, slug));
    CREATE TABLE links (author_id int REFERENCES authors, book_id int REFERENCES books, weight int, PRIMARY KEY (author_id, book_id));
    CREATE TABLE notes (id serial PRIMARY KEY, chapter_id int NOT NULL REFERENCES chapters, body text, extra jsonb);
    CREATE TABLE log (id serial PRIMARY KEY, message text, at date);
END $$;
SELECT make_tables('public');
SELECT make_tables('there');
\set schema '{"tables": [{"name": "authors", "optional_refs": [{"table": "authors", "field": "mentor"}]}, {"name": "books", "match_parents": true, "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id"}]}, {"name": "chapters", "user_field": null, "parent": {"table": "books", "field": "book_id"}}, {"name": "links", "pk": ["author_id", "book_id"], "slug_field": null, "user_field": null, "parents": [{"table": "authors", "field": "author_id"}, {"table": "books", "field": "book_id"}]}, {"name": "notes", "slug_field": null, "user_field": null, "parent": {"table": "chapters", "field": "chapter_id"}}, {"name": "log", "slug_field": null, "user_field": null}]}'

SELECT go('here');
SELECT setval('authors_id_seq', 100), setval('books_id_seq', 200), setval('chapters_id_seq', 300), setval('notes_id_seq', 400);
INSERT INTO authors (user_id, slug, name, mentor) VALUES ('u1', 'ann', 'Ann', NULL), ('u1', 'bob', 'Bob', 101), ('u1', 'cid', 'Cid', 102), ('u2', 'ann', 'Other', NULL);
INSERT INTO books (user_id, slug, title, author_id, editor_id) VALUES ('u1', 'x', 'X', 101, 103), ('u1', 'y', 'Y', 102, 104), ('u2', 'x', 'Z', 104, NULL);
INSERT INTO chapters (slug, body, book_id) VALUES ('one', '1', 201), ('two', '2', 201), ('one', '3', 202);
INSERT INTO links VALUES (101, 201, 1), (103, 202, 2);
INSERT INTO notes (chapter_id, body, extra) VALUES (301, 'a', '{"k": 1}'), (301, 'b', NULL), (303, NULL, NULL);
INSERT INTO log (message, at) SELECT 'm' || n, '2024-02-01'::date + n FROM generate_series(1, 3) n;

-- not unnest(): to know how many lines there are, 18's planner would make a backup of its own
CREATE FUNCTION tools.lines(schema jsonb, keys jsonb, user_id text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line FROM regexp_split_to_table(db_adapter.backup_document(schema, user_id, keys => keys), E'\n') WITH ORDINALITY AS l (line, n)
     WHERE n > 1 AND line NOT LIKE '{"end"%' AND line <> '' ORDER BY n $$;

-- the match keys that hold a part
CREATE FUNCTION tools.chosen(schema jsonb, "table" text, part jsonb, user_id text DEFAULT 'u1') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object("table", jsonb_agg(match_key ORDER BY match_key)) FROM db_adapter.digest_rows(schema, "table", NULL, user_id) WHERE match_key @> part $$;
SELECT chosen(:'schema', t, '{}') FROM unnest('{authors,books,chapters,links,notes,log}'::text[]) t;

-- rows come with the rows they refer to: parents all the way, others one step
SELECT lines(:'schema', chosen(:'schema', 'chapters', '{"slug": "one", "book_id.slug": "y"}', NULL));
-- a tenant's own; a circle; a row of another tenant is not brought along
SELECT line FROM lines(:'schema', chosen(:'schema', 'books', '{"slug": "y"}') || '{"authors": [{"slug": "cid"}]}', 'u1') line WHERE line !~ '"table":"(chapters|links|notes|log)"';
-- what nothing tells apart is chosen by all it holds; a key that is all there is stays
SELECT line FROM lines(:'schema', chosen(:'schema', 'notes', '{"body": "a"}') || '{"log": [{"id": 2}]}', 'u1') line
 WHERE line ~ '"notes"|"log"|"message"|"chapter_id"';
-- each match key of digest_rows finds its row again, whatever the settings
SET DateStyle = 'SQL, DMY';
SELECT t, r.n, r.n = (SELECT count(*) FROM lines(:'schema', jsonb_build_object(t, keys), 'u1') line
                       WHERE line !~ '^{"table"') - (SELECT coalesce(sum((line::jsonb ->> 'referenced')::int), 0)
                        FROM lines(:'schema', jsonb_build_object(t, keys), 'u1') line WHERE line ~ '^{"table"') AS found
  FROM unnest('{authors,books,chapters,links,notes,log}'::text[]) t,
       LATERAL (SELECT count(*) AS n, jsonb_agg(match_key) AS keys FROM db_adapter.digest_rows(:'schema', t, NULL, 'u1')) r;
RESET DateStyle;
-- true is the whole table; a filter holds too; nothing chosen is nothing
SELECT count(*) FROM lines(:'schema', '{"authors": true, "books": true}') line WHERE line !~ '^{"table"';
SELECT count(*) FROM lines(:'schema', '{}');
SELECT l FROM unnest(string_to_array(db_adapter.backup_document(:'schema', filters => '{"log": {"id": 3}}', keys => '{"log": [{"id": 2}, {"id": 3}, {"id": 4}]}'), E'\n')) l WHERE l ~ 'message' AND l !~ 'table';

-- a match key with NULL
UPDATE books SET slug = NULL WHERE id = 202;
SELECT line FROM lines(:'schema', '{"books": [{"author_id.slug": "bob"}, {"slug": "x", "author_id.slug": "ann"}]}', 'u1') line WHERE line ~ '"title":"';
UPDATE books SET slug = 'y' WHERE id = 202;

-- restored: rows that are referred to are found and left alone, or made where they are not
CREATE TEMP TABLE file (name text, document text);
INSERT INTO file SELECT 'all', db_adapter.backup_document(:'schema', 'u1', keys => '{"authors": true, "books": true, "chapters": true, "links": true, "notes": true, "log": true}');
INSERT INTO file SELECT 'chapter', db_adapter.backup_document(:'schema', 'u1', keys => chosen(:'schema', 'chapters', '{"slug": "one", "book_id.slug": "x"}'));
INSERT INTO file SELECT 'new', db_adapter.backup_document(:'schema', 'u1', keys => chosen(:'schema', 'notes', '{"chapter_id.book_id.slug": "y"}') || '{"log": [{"id": 2}]}');
SELECT go('there');
SELECT "table", inserted, updated, skipped, failed, nulled_refs, notes FROM db_adapter.restore((SELECT document FROM file WHERE name = 'chapter'), user_id => 'u1', mode => 'overwrite');
SELECT slug, name, mentor FROM authors;
SELECT slug, title, author_id, editor_id FROM books;
SELECT "table", inserted, updated, skipped, failed, nulled_refs FROM db_adapter.restore((SELECT document FROM file WHERE name = 'all'), user_id => 'u1', mode => 'overwrite');
UPDATE authors SET name = 'kept';
UPDATE books SET title = 'kept';
UPDATE chapters SET body = 'changed';
SELECT "table", inserted, updated, skipped, failed, nulled_refs FROM db_adapter.restore((SELECT document FROM file WHERE name = 'chapter'), user_id => 'u1', mode => 'overwrite');
SELECT (SELECT string_agg(DISTINCT name, ',') FROM authors) AS authors, (SELECT string_agg(DISTINCT title, ',') FROM books) AS books,
       (SELECT string_agg(body, ',' ORDER BY body) FROM chapters) AS chapters;
-- mode fail minds the chosen rows alone
SELECT "table", inserted FROM db_adapter.restore((SELECT document FROM file WHERE name = 'new'), user_id => 'u1', mode => 'fail') WHERE inserted > 0;
DELETE FROM notes;
DELETE FROM log WHERE id = 2;
SELECT "table", inserted FROM db_adapter.restore((SELECT document FROM file WHERE name = 'new'), user_id => 'u1', mode => 'fail') WHERE inserted > 0;
SELECT id, message FROM log ORDER BY id;
SELECT c.slug, b.slug AS book FROM notes n JOIN chapters c ON c.id = n.chapter_id JOIN books b ON b.id = c.book_id;

-- rows deleted by match key, whatever order their references ask for
SELECT go('there');
SELECT * FROM db_adapter.delete_rows(:'schema', chosen(:'schema', 'chapters', '{"slug": "two"}') || '{"log": [{"id": 1}, {"id": 77}]}', 'u1');
SELECT * FROM db_adapter.delete_rows(:'schema', chosen(:'schema', 'books', '{"slug": "x"}'), 'u1');
SELECT * FROM db_adapter.delete_rows(:'schema', chosen(:'schema', 'authors', '{}') || chosen(:'schema', 'books', '{}') || chosen(:'schema', 'chapters', '{}')
    || chosen(:'schema', 'links', '{}') || chosen(:'schema', 'notes', '{}'), 'u2');
SELECT * FROM db_adapter.delete_rows(:'schema', chosen(:'schema', 'authors', '{}') || chosen(:'schema', 'books', '{}') || chosen(:'schema', 'chapters', '{}')
    || chosen(:'schema', 'links', '{}') || chosen(:'schema', 'notes', '{}'), 'u1');
SELECT (SELECT count(*) FROM authors) AS authors, (SELECT count(*) FROM notes) AS notes, (SELECT count(*) FROM log) AS log;
-- a circle of two tables, and a table without a key
CREATE TABLE a (id int PRIMARY KEY, slug text, b int NOT NULL);
CREATE TABLE b (id int PRIMARY KEY, slug text, a int NOT NULL REFERENCES a);
CREATE TABLE c (slug text, n int);
INSERT INTO a VALUES (1, 'one', 1), (2, 'two', 2);
INSERT INTO b VALUES (1, 'one', 1), (2, 'two', 2);
INSERT INTO c VALUES ('x', 1), ('y', 2), (NULL, 3);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
\set circle '{"tables": [{"name": "a", "user_field": null, "parent": {"table": "b", "field": "b"}}, {"name": "b", "user_field": null, "parent": {"table": "a", "field": "a"}}, {"name": "c", "pk": null, "user_field": null}]}'
SELECT lines(:'circle', '{"a": [{"slug": "two"}], "c": [{"slug": "y"}, {}]}');
-- wanted before it was known to be chosen: once is enough
SELECT lines(:'circle', '{"a": [{"slug": "one"}], "b": [{"slug": "one"}]}');
SELECT * FROM db_adapter.delete_rows(:'circle', '{"a": [{"slug": "one"}]}');
SELECT * FROM db_adapter.delete_rows(:'circle', '{"a": [{"slug": "one"}], "b": [{"slug": "one"}], "c": [{"slug": "x"}, {}]}');
SELECT (SELECT string_agg(slug, ',') FROM a) AS a, (SELECT string_agg(slug, ',') FROM b) AS b, (SELECT string_agg(slug, ',') FROM c) AS c;
-- a foreign key without an index is named where it costs
SET client_min_messages = notice;
CREATE TABLE heads (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE tails (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, head_id int NOT NULL REFERENCES heads ON DELETE CASCADE, other_id int REFERENCES heads, third int REFERENCES heads);
CREATE INDEX ON tails (other_id, slug);
CREATE INDEX ON tails (third) WHERE third > 0;
INSERT INTO heads (slug) SELECT 'h' || i FROM generate_series(1, 2000) i;
INSERT INTO tails (slug, head_id) SELECT 't' || i, 1 FROM generate_series(1, 6000) i;
ANALYZE tails;
\set heads '{"tables": [{"name": "heads", "user_field": null}]}'
SELECT * FROM db_adapter.delete_rows(:'heads', '{"heads": [{"slug": "h2"}]}');
SELECT jsonb_build_object('heads', jsonb_agg(match_key)) AS keys FROM db_adapter.digest_rows(:'heads', 'heads', NULL) WHERE match_key ->> 'slug' <> 'h1' \gset
SELECT * FROM db_adapter.delete_rows(:'heads', :'keys');
DROP TABLE tails, heads;
SET client_min_messages = warning;
-- a key is its row's whenever its type calls them equal
CREATE TABLE prices (slug numeric PRIMARY KEY);
INSERT INTO prices VALUES (1.00), (2);
SELECT * FROM db_adapter.delete_rows('{"tables": [{"name": "prices", "pk": "slug", "user_field": null}]}', '{"prices": [{"slug": 1.0}, {"slug": 2}]}');
SELECT * FROM db_adapter.delete_rows(:'circle', '{"a": true}');
SELECT * FROM db_adapter.delete_rows(:'circle', '{"d": []}');
SELECT * FROM db_adapter.delete_rows(:'circle', '[]');
SELECT * FROM db_adapter.delete_rows(:'circle', '{}');
SELECT * FROM db_adapter.delete_rows(NULL, '{}');

-- what is refused
SELECT go('here');
SELECT db_adapter.backup_document(:'schema', keys => '{"author": []}');
SELECT db_adapter.backup_document(:'schema', keys => '[]');
SELECT db_adapter.backup_document(:'schema', keys => '{"authors": false}');
SELECT db_adapter.backup_document(:'schema', keys => '{"authors": ["ann"]}');
SELECT db_adapter.backup_document(:'schema', keys => '{"authors": [{"slug": "ann", "nmae": "Ann"}]}');
SELECT db_adapter.backup_document(:'schema', keys => '{"log": [{"id": "x"}]}');
SELECT db_adapter.backup_document(:'schema', format => 'json', keys => '{}');
SELECT count(*) FROM lines(:'schema', '{"authors": [{"slug": "x'' OR true --"}]}');

SELECT go('here');
DROP SCHEMA public, there, tools CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
