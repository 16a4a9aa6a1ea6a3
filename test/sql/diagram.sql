-- Diagrams show keys and cardinalities, and hold no name that breaks them.
CREATE SCHEMA diagram;
SET search_path = diagram;
CREATE TABLE authors (id int PRIMARY KEY, slug varchar(100) UNIQUE, rating numeric(3, 1));
CREATE TABLE books (id bigint PRIMARY KEY, author_id int NOT NULL REFERENCES authors, editor_id int REFERENCES authors);
CREATE TABLE covers (book_id bigint PRIMARY KEY REFERENCES books, image bytea);
CREATE TABLE tags (book_id bigint REFERENCES books, tag text, PRIMARY KEY (book_id, tag));
CREATE TABLE passports (id int PRIMARY KEY, author_id int REFERENCES authors);
CREATE UNIQUE INDEX ON passports (author_id);
CREATE TABLE drafts (id int PRIMARY KEY, author_id int REFERENCES authors);
CREATE UNIQUE INDEX ON drafts (author_id) WHERE id > 0;
CREATE TABLE trees (id int PRIMARY KEY, parent int REFERENCES trees);
CREATE TABLE "Odd ""<Table>" ("1st & ""100%""" int PRIMARY KEY REFERENCES authors, "naïve 表" text[]);
CREATE TABLE dates (d date PRIMARY KEY);
CREATE TABLE events (at date REFERENCES dates) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events DEFAULT;
CREATE VIEW v AS SELECT * FROM books;
RESET search_path;
\pset format unaligned
\pset tuples_only on
SELECT db_adapter.diagram('{diagram}');
SELECT db_adapter.diagram('{diagram}', 'dot');
-- a reference that leaves the schemas drawn makes names qualified
CREATE SCHEMA diagram2;
CREATE TABLE diagram2.reviews (book_id bigint REFERENCES diagram.books);
SELECT db_adapter.diagram('{diagram2}', format => 'mermaid');
SELECT db_adapter.diagram('{diagram}', 'dotty');
SELECT db_adapter.diagram('{no_such}');
SET client_min_messages = warning;
DROP SCHEMA diagram, diagram2 CASCADE;
