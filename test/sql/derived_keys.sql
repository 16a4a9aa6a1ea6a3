-- Which match key derive_backup_schema chooses, and rows without one: what the database makes by
-- itself, out of a sequence or of other columns, names no row.
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET client_min_messages = warning;

-- numbers drawn by an expression, by another column than the key, or made of the key
CREATE SEQUENCE numbers;
CREATE TABLE invoices (id serial PRIMARY KEY, number text NOT NULL UNIQUE DEFAULT 'INV-' || nextval('numbers'), customer text);
CREATE TABLE receipts (id serial PRIMARY KEY, number serial UNIQUE, customer text);
CREATE TABLE orders (id serial PRIMARY KEY, number text GENERATED ALWAYS AS ('ORD-' || id) STORED UNIQUE, customer text);
-- a key that names rows, beside another index that could
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL UNIQUE);
-- named by some of its parents; by its parents, whatever else is unique
CREATE TABLE pages (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE authors (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE items (id serial PRIMARY KEY, page_id int NOT NULL REFERENCES pages, author_id int NOT NULL REFERENCES authors, position int NOT NULL, UNIQUE (page_id, position));
CREATE TABLE reviews (id serial PRIMARY KEY, page_id int NOT NULL REFERENCES pages, author_id int NOT NULL REFERENCES authors, approved_by int NOT NULL REFERENCES authors, UNIQUE (page_id, author_id));
CREATE TABLE shares (page_id int REFERENCES pages, author_id int REFERENCES authors, position int NOT NULL, PRIMARY KEY (page_id, author_id), UNIQUE (page_id, position));
SELECT t ->> 'name' AS "table", t -> 'slug_field' AS slug_field, t -> 'match_parents' AS match_parents, t ->> 'comment' AS comment
  FROM jsonb_array_elements(db_adapter.derive_backup_schema() -> 'tables') t ORDER BY 1;
SELECT "table", message FROM db_adapter.check_backup_schema(db_adapter.derive_backup_schema()) WHERE message ~ 'match key' ORDER BY 1;

-- rows of another database that have the same number are other rows
INSERT INTO invoices (customer) VALUES ('theirs');
INSERT INTO receipts (customer) VALUES ('theirs');
SELECT db_adapter.backup_document(db_adapter.derive_backup_schema('{invoices,receipts}')) AS theirs \gset
UPDATE invoices SET id = 7, customer = 'ours';
UPDATE receipts SET id = 7, customer = 'ours';
SELECT "table", inserted, skipped, failed, failure_details -> 0 -> 'constraint' AS refused_by FROM db_adapter.restore(:'theirs');
SELECT match_key FROM db_adapter.digest_rows(db_adapter.derive_backup_schema('{receipts}'), 'receipts', NULL);

-- an item goes to another author, shares trade their positions: the same rows
INSERT INTO pages (slug) VALUES ('p');
INSERT INTO authors (slug) VALUES ('a'), ('b');
INSERT INTO items (page_id, author_id, position) VALUES (1, 1, 1), (1, 2, 2);
INSERT INTO reviews (page_id, author_id, approved_by) VALUES (1, 1, 1);
INSERT INTO shares VALUES (1, 1, 1), (1, 2, 2);
SELECT db_adapter.derive_backup_schema('{pages,authors,items,reviews,shares}') AS schema \gset
SELECT db_adapter.backup_document(:'schema') AS theirs \gset
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'items', NULL) ORDER BY 1;
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'shares', NULL) ORDER BY 1;
UPDATE items SET author_id = 2;
UPDATE reviews SET approved_by = 2;
UPDATE shares SET position = position + 5;
UPDATE shares SET position = 8 - position;
SELECT "table", inserted, updated, failed FROM db_adapter.restore(:'theirs', mode => 'overwrite') WHERE "table" IN ('items', 'reviews', 'shares') ORDER BY 1;
SELECT id, author_id, position FROM items ORDER BY 1;
SELECT id, approved_by FROM reviews;
SELECT author_id, position FROM shares ORDER BY 1;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
