# Books: the rows of the data benches: authors, books of authors, chapters of
# books, 1 : 10 : 100, with names, texts of some length, dates, money and JSON.
#
# One shape for all data benches, so that their numbers can be set side by side.  It has
# what makes rows hard to move, in usual proportions: a serial key on each table, a
# reference that must be mapped and one that may be NULL, unique slugs a tenant, texts
# with quotes, backslashes and newlines.  Rows are made from their number alone, so two
# runs measure the same bytes.
package Books;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw($backup_schema @tables make_books fill_tenant);

our @tables = ('authors', 'books', 'chapters');

our $backup_schema = <<'JSON';
{"tables": [
  {"name": "authors"},
  {"name": "books", "parent": {"table": "authors", "field": "author_id"},
   "optional_refs": [{"table": "authors", "field": "editor_id"}]},
  {"name": "chapters", "parent": {"table": "books", "field": "book_id"}}
]}
JSON

my $ddl = <<'SQL';
CREATE EXTENSION db_adapter;
CREATE TABLE authors (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text,
    born date, UNIQUE (user_id, slug));
CREATE TABLE books (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, title text,
    author_id int NOT NULL REFERENCES authors, editor_id int REFERENCES authors,
    price numeric(10,2), tags jsonb, UNIQUE (user_id, slug));
CREATE TABLE chapters (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, title text,
    book_id int NOT NULL REFERENCES books, number int, body text, words int,
    written timestamptz, score float8, draft boolean, UNIQUE (user_id, slug));
CREATE INDEX ON books (author_id);
CREATE INDEX ON chapters (book_id);
SQL

# An empty database of that shape.
sub make_books
{
	my ($database) = @_;

	Bench::psql('postgres', "CREATE DATABASE $database;");
	Bench::psql($database, $ddl);
	return;
}

# $rows chapters of tenant $user, with the books and authors they need.
sub fill_tenant
{
	my ($database, $user, $rows) = @_;
	my ($books, $authors) = (int($rows / 10) || 1, int($rows / 100) || 1);

	Bench::psql($database, <<"SQL");
INSERT INTO authors (user_id, slug, name, born)
SELECT '$user', 'author-' || n, 'Author "' || n || '" of many', '1900-01-01'::date + n % 36500
  FROM generate_series(1, $authors) n;
INSERT INTO books (user_id, slug, title, author_id, editor_id, price, tags)
SELECT '$user', 'book-' || n, 'Book number ' || n,
       (SELECT min(id) FROM authors WHERE user_id = '$user') + n % $authors,
       CASE WHEN n % 3 = 0 THEN (SELECT min(id) FROM authors WHERE user_id = '$user') + n % $authors END,
       n % 10000 / 100.0, jsonb_build_object('tags', jsonb_build_array('a', n % 7), 'n', n)
  FROM generate_series(1, $books) n;
INSERT INTO chapters (user_id, slug, title, book_id, number, body, words, written, score, draft)
SELECT '$user', 'chapter-' || n, 'Chapter ' || n,
       (SELECT min(id) FROM books WHERE user_id = '$user') + n % $books,
       n % 40, repeat(md5(n::text) || E' said "so"\\n', 6), n % 5000,
       '2020-01-01'::timestamptz + n * interval '1 minute', n / 7.0, n % 5 = 0
  FROM generate_series(1, $rows) n;
VACUUM ANALYZE;
SQL
	return;
}

1;
