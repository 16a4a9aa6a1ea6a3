-- Which rows are the same: what derived match keys hold, and what they must not take for one.
-- Tables that inherit from one another: keys are unique in each alone.
SET client_min_messages = warning;
CREATE SCHEMA here;
CREATE SCHEMA there;
SET search_path = here;
CREATE TABLE places (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, size int);
CREATE TABLE capitals (seat text, PRIMARY KEY (id), UNIQUE (slug)) INHERITS (places);
CREATE TABLE visits (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, place_id int REFERENCES places);
INSERT INTO places (id, slug, size) VALUES (1, 'a', 1), (2, 'b', 2);
INSERT INTO capitals (id, slug, size, seat) VALUES (1, 'b', 10, 'x'), (2, 'a', 20, 'y'), (3, 'c', 30, 'z');
INSERT INTO visits (slug, place_id) VALUES ('to a', 1), ('to none', NULL);
SELECT db_adapter.derive_backup_schema('{here.capitals,here.places,here.visits}') AS schema \gset
SELECT db_adapter.backup_document(:'schema') AS file \gset
SELECT "table", count(*), count(DISTINCT match_key::text) FROM (VALUES ('here.capitals'), ('here.places'), ('here.visits')) t ("table"),
    db_adapter.digest_rows(:'schema', "table", NULL) GROUP BY 1 ORDER BY 1;

CREATE FUNCTION rows_of() RETURNS TABLE (what text, slug text, size int, more text) LANGUAGE sql AS $$
    SELECT p.tableoid::regclass::text, p.slug, p.size, c.seat FROM places p LEFT JOIN capitals c ON c.tableoid = p.tableoid AND c.id = p.id
    UNION ALL SELECT 'visits', v.slug, p.size, p.slug FROM visits v LEFT JOIN ONLY places p ON p.id = v.place_id ORDER BY 1, 2 $$;
CREATE TABLE before AS SELECT * FROM rows_of();
TABLE before;

-- a row of an heir with the same key is another row
BEGIN;
TRUNCATE places, visits;
INSERT INTO capitals (slug, size, seat) VALUES ('b', 10, 'x'), ('a', 20, 'y'), ('c', 30, 'z');
SELECT "table", inserted, updated, skipped, failed FROM db_adapter.restore(:'file');
SELECT * FROM rows_of() EXCEPT ALL TABLE before;
UPDATE places SET size = size + 1;
UPDATE visits SET place_id = NULL;
SELECT "table", inserted, updated, skipped, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT * FROM rows_of() EXCEPT ALL TABLE before;
DELETE FROM visits;
SELECT * FROM db_adapter.delete_rows(:'schema', '{"here.places": [{"slug": "a"}]}');
SELECT what, slug, size FROM rows_of();
ROLLBACK;

-- an heir that the schema does not name: its rows come as the parent's
SELECT db_adapter.backup_document('{"tables": [{"name": "here.places", "user_field": null}]}') AS file \gset
SELECT "table", inserted, skipped, failed FROM db_adapter.restore(:'file');
DROP SCHEMA here CASCADE;

-- A key that is unique by itself stays the row's under another parent.
SET search_path = there;
CREATE TABLE shelves (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE books (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, shelf_id int NOT NULL REFERENCES shelves);
CREATE TABLE pages (id serial PRIMARY KEY, book_id int NOT NULL REFERENCES books, n int NOT NULL, UNIQUE (book_id, n));
CREATE TABLE links (id serial PRIMARY KEY, a int NOT NULL REFERENCES books, b int NOT NULL REFERENCES books, UNIQUE (a, b));
CREATE TABLE loans (id serial PRIMARY KEY, book_id int NOT NULL REFERENCES books, at date);
CREATE TABLE cards (id int PRIMARY KEY, book_id int NOT NULL REFERENCES books);
INSERT INTO shelves (slug) VALUES ('low'), ('high');
INSERT INTO books (slug, shelf_id) VALUES ('a', 1), ('b', 2);
SELECT db_adapter.derive_backup_schema('{shelves,books,pages,links,loans,cards}') AS schema \gset
SELECT t ->> 'name' AS "table", t -> 'slug_field' AS slug, t -> 'match_parents' AS match_parents, t ->> 'comment' AS comment
    FROM jsonb_array_elements(:'schema'::jsonb -> 'tables') t ORDER BY 1;
SELECT "table", message FROM db_adapter.check_backup_schema(:'schema') WHERE message !~ 'no tenant' ORDER BY 1, 2;
SELECT message FROM db_adapter.check_backup_schema('{"tables": [{"name": "there.shelves", "user_field": null},
    {"name": "there.books", "user_field": null, "parent": {"table": "there.shelves", "field": "shelf_id"}}]}') WHERE message !~ 'no tenant';
SELECT db_adapter.backup_document(:'schema') AS file \gset
UPDATE books SET shelf_id = 3 - shelf_id;
SELECT "table", inserted, updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT slug, shelf_id FROM books ORDER BY slug;
DROP SCHEMA there CASCADE;

-- Names that are unique under an optional reference, and in a tree.
CREATE SCHEMA here;
CREATE SCHEMA there;
SET search_path = here;
CREATE TABLE shelves (id int PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE books (id serial PRIMARY KEY, name text NOT NULL, shelf_id int REFERENCES shelves, UNIQUE (shelf_id, name));
CREATE TABLE folders (id serial PRIMARY KEY, name text NOT NULL, parent_id int REFERENCES folders, UNIQUE (parent_id, name));
CREATE TABLE badges (id serial PRIMARY KEY, shelf_id int UNIQUE REFERENCES shelves, at date);
CREATE TABLE there.shelves (LIKE shelves INCLUDING ALL);
CREATE TABLE there.books (LIKE books INCLUDING ALL, FOREIGN KEY (shelf_id) REFERENCES there.shelves);
INSERT INTO shelves VALUES (1, 'low'), (2, 'high');
INSERT INTO books (name, shelf_id) VALUES ('a', 1), ('a', 2), ('b', 1), ('a', NULL);
INSERT INTO folders (name, parent_id) VALUES ('root', NULL), ('a', 1), ('b', 1), ('a', 2), ('a', 3);
SELECT db_adapter.derive_backup_schema('{shelves,books,folders,badges}') AS schema \gset
SELECT t ->> 'name' AS "table", t -> 'slug_field' AS slug FROM jsonb_array_elements(:'schema'::jsonb -> 'tables') t ORDER BY 1;
SELECT db_adapter.backup_document(:'schema') AS file \gset
BEGIN;
TRUNCATE shelves, books, folders, badges;
INSERT INTO shelves VALUES (1, 'high'), (2, 'low');
SELECT "table", inserted, skipped, failed, notes FROM db_adapter.restore(:'file');
SELECT b.name, s.slug FROM books b LEFT JOIN shelves s ON s.id = b.shelf_id ORDER BY 1, 2;
WITH RECURSIVE r (id, path) AS (SELECT id, name FROM folders WHERE parent_id IS NULL
    UNION ALL SELECT f.id, r.path || '/' || f.name FROM folders f JOIN r ON r.id = f.parent_id) SELECT path FROM r ORDER BY path;
ROLLBACK;
-- a reference in a match key stands by the row that it leads to
INSERT INTO there.shelves VALUES (1, 'high'), (2, 'low');
INSERT INTO there.books (name, shelf_id) VALUES ('a', 1), ('b', 2);
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'here.books', NULL) ORDER BY match_key::text;
SET search_path = there;
SELECT db_adapter.derive_backup_schema('{shelves,books}') AS schema \gset
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'there.books', NULL) ORDER BY match_key::text;
SELECT * FROM db_adapter.delete_rows(:'schema', '{"there.books": [{"name": "a", "shelf_id.slug": "high"}]}');
SELECT name, shelf_id FROM there.books;

-- Rows of a file that share their match key are said to.
SELECT db_adapter.backup_document('{"tables": [{"name": "here.books", "user_field": null, "slug_field": "name"}]}') AS file \gset
SELECT inserted, updated, skipped, failed, notes FROM db_adapter.restore(:'file');
TRUNCATE here.books;
SELECT inserted, updated, skipped, failed, notes FROM db_adapter.restore(:'file');
TRUNCATE here.books;
CREATE UNIQUE INDEX ON here.books (name);
SELECT inserted, updated, skipped, failed, notes FROM db_adapter.restore(:'file', mode => 'overwrite');

-- Chosen rows that refer to rows which nothing but all they hold tells apart.
SET search_path = here;
CREATE TABLE spots (id serial PRIMARY KEY, shelf_id int NOT NULL REFERENCES shelves, note text);
CREATE TABLE items (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, spot_id int NOT NULL REFERENCES spots ON UPDATE CASCADE,
    other_id int REFERENCES spots ON UPDATE CASCADE);
INSERT INTO spots (shelf_id, note) VALUES (1, 'left'), (1, NULL), (1, NULL), (2, 'left'), (2, 'gone');
INSERT INTO items (slug, spot_id, other_id) VALUES ('a', 1, 3), ('b', 2, NULL), ('c', 4, 1), ('d', 5, 1), ('e', 1, 5);
-- Known by all they hold alone, not by where they were born.
SELECT db_adapter.derive_backup_schema('{shelves,spots,items}') #- '{tables,1,remember}' AS schema \gset
SELECT db_adapter.backup_document(:'schema', keys => '{"here.items": true}') AS file \gset
UPDATE spots SET id = 16 - id;
UPDATE items SET spot_id = 12, other_id = NULL;
UPDATE spots SET note = 'elsewhere' WHERE note = 'gone';
SELECT "table", inserted, updated, skipped, nulled_refs, notes FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT i.slug, s.shelf_id, s.note, o.shelf_id AS other_shelf, o.note AS other, i.spot_id <> i.other_id AS two
    FROM items i JOIN spots s ON s.id = i.spot_id LEFT JOIN spots o ON o.id = i.other_id ORDER BY 1;
SELECT count(*) FROM spots;
SET client_min_messages = error;
DROP SCHEMA here, there CASCADE;
