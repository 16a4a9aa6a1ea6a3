-- restore: rows of one tenant into a database that holds others.
\set VERBOSITY default
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;

CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL,
    name text, born date, meta jsonb, tags text[], UNIQUE (user_id, slug));
CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL,
    author_id int NOT NULL REFERENCES authors, editor_id int REFERENCES authors,
    price numeric(6,2), UNIQUE (user_id, slug));
INSERT INTO authors (user_id, slug, name, born, meta, tags)
    SELECT 'u1', 'a' || i, E'Name "' || i || E'" \\ é \n', date '2000-01-01' + i,
           jsonb_build_object('i', i), ARRAY['x', NULL, 'y,' || i]
    FROM generate_series(1, 150) i;
INSERT INTO books (user_id, slug, author_id, editor_id, price)
    SELECT 'u1', 'b' || i, 1 + i % 150, CASE WHEN i % 3 = 0 THEN 1 + (i + 7) % 150 END, i
    FROM generate_series(1, 450) i;
\set schema '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}, "optional_refs": [{"table": "authors", "field": "editor_id"}]}]}'

-- The same books under the same authors as the first tenant's, by names.
CREATE FUNCTION agreeing(tenant text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM books b JOIN authors a ON a.id = b.author_id AND a.user_id = tenant
        LEFT JOIN authors e ON e.id = b.editor_id AND e.user_id = tenant
        JOIN books b1 ON b1.user_id = 'u1' AND b1.slug = b.slug AND b1.price = b.price
        JOIN authors a1 ON a1.id = b1.author_id AND (a1.slug, a1.name, a1.born, a1.meta, a1.tags)
            = (a.slug, a.name, a.born, a.meta, a.tags)
        LEFT JOIN authors e1 ON e1.id = b1.editor_id
    WHERE b.user_id = tenant AND e.slug IS NOT DISTINCT FROM e1.slug
$$;

SELECT db_adapter.backup_document(:'schema', 'u1') AS file \gset

-- Ids that are taken are drawn anew, and references follow.
SELECT * FROM db_adapter.restore(:'file', user_id => 'u2');
SELECT agreeing('u2');
SELECT min(id) > 150 AS new_ids FROM authors WHERE user_id = 'u2';

-- A second time changes nothing.
CREATE TEMP TABLE before AS SELECT * FROM books;
SELECT * FROM db_adapter.restore(:'file', user_id => 'u2');
SELECT count(*) FROM (TABLE before EXCEPT TABLE books) x;
SELECT count(*) = (SELECT count(*) FROM before) AS same FROM books;

-- overwrite sets all but the key; fail raises.
UPDATE authors SET name = 'changed' WHERE user_id = 'u2';
UPDATE books SET price = 0, editor_id = NULL WHERE user_id = 'u2';
SELECT * FROM db_adapter.restore(:'file', user_id => 'u2', mode => 'overwrite');
SELECT agreeing('u2');
SELECT count(*) FROM (TABLE before EXCEPT TABLE books) x;
SELECT * FROM db_adapter.restore(:'file', user_id => 'u2', mode => 'fail');

-- A dry run counts what it would do, and leaves nothing.
SELECT * FROM db_adapter.restore(:'file', user_id => 'u3', dry_run => true);
SELECT count(*) FROM authors WHERE user_id = 'u3';

-- Rows that fail cost themselves alone, wherever in a batch they stand.
ALTER TABLE books ADD CONSTRAINT cheap CHECK (price % 100 <> 0) NOT VALID;
SELECT "table", inserted, skipped, failed, jsonb_pretty(failure_details) AS failures, notes
    FROM db_adapter.restore(:'file', user_id => 'u3');
SELECT agreeing('u3');
SELECT * FROM db_adapter.restore(:'file', user_id => 'u4', on_error => 'abort');
SELECT count(*) FROM authors WHERE user_id = 'u4';
ALTER TABLE books DROP CONSTRAINT cheap;

-- A value the type refuses is that row's fault too; its books have no parent then.
ALTER SCHEMA public RENAME TO aside;
CREATE SCHEMA public;
CREATE TABLE authors (LIKE aside.authors INCLUDING ALL);
ALTER TABLE authors ALTER slug TYPE varchar(3);
CREATE TABLE books (LIKE aside.books INCLUDING ALL,
    FOREIGN KEY (author_id) REFERENCES authors);
SELECT "table", inserted, skipped, failed, nulled_refs, failure_details -> 0 AS first, notes
    FROM db_adapter.restore(:'file', user_id => 'u1');
DROP SCHEMA public CASCADE;
ALTER SCHEMA aside RENAME TO public;

-- Keys: kept, or drawn whatever the file says.
SELECT max(id) AS high FROM authors \gset
ALTER SCHEMA public RENAME TO aside;
CREATE SCHEMA public;
CREATE TABLE authors (id serial PRIMARY KEY, user_id text, slug text, name text, born date,
    meta jsonb, tags text[], UNIQUE (user_id, slug));
\set authors '{"tables": [{"name": "authors"}]}'
SELECT db_adapter.restore(:'file', :'authors', user_id => 'u9', ids => 'keep');
SELECT table_name, inserted FROM (SELECT "table" AS table_name, inserted
    FROM db_adapter.restore(:'file', :'authors', user_id => 'u9', ids => 'keep', on_unknown => 'drop')) x;
SELECT min(id), max(id) FROM authors;
INSERT INTO authors (user_id, slug) VALUES ('u9', 'next') RETURNING id;
SELECT inserted, failed, failure_details -> 0 AS first
    FROM db_adapter.restore(:'file', :'authors', user_id => 'u8', ids => 'keep', on_unknown => 'drop');
-- A sequence that was left behind catches up.
SELECT setval('authors_id_seq', 1);
SELECT inserted, failed FROM db_adapter.restore(:'file', :'authors', user_id => 'u8', on_unknown => 'drop');
DROP SCHEMA public CASCADE;
ALTER SCHEMA aside RENAME TO public;

-- Columns that one side alone has.
ALTER TABLE authors ADD extra int DEFAULT 7, ADD twice text GENERATED ALWAYS AS (slug || slug) STORED;
SELECT "table", inserted, notes FROM db_adapter.restore(:'file', user_id => 'u5');
SELECT DISTINCT extra, twice = slug || slug AS computed FROM authors WHERE user_id = 'u5';
ALTER TABLE authors DROP extra, DROP twice, DROP tags;
SELECT * FROM db_adapter.restore(:'file', user_id => 'u6');
SELECT "table", inserted, notes FROM db_adapter.restore(:'file', user_id => 'u6', on_unknown => 'drop');

-- A unique index other than the match key is reported as what it is.
ALTER TABLE authors ADD UNIQUE (name, user_id);
INSERT INTO authors (user_id, slug, name) SELECT 'u7', 'other', name FROM authors WHERE user_id = 'u1' AND slug = 'a5';
SELECT inserted, failed, failure_details -> 0 ->> 'constraint' AS violated
    FROM db_adapter.restore(:'file', user_id => 'u7', on_unknown => 'drop') WHERE "table" = 'authors';

-- Triggers fire, and are named; a row that one leaves out is not mapped.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF NEW.slug = 'a1' AND NEW.user_id = 'u10' THEN RETURN NULL; END IF; RETURN NEW; END$$;
CREATE TRIGGER gate BEFORE INSERT ON authors FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT "table", inserted, skipped, failed, nulled_refs, notes
    FROM db_adapter.restore(:'file', user_id => 'u10', on_unknown => 'drop');

-- Bad arguments.
SELECT * FROM db_adapter.restore(:'file', mode => 'overwite');
SELECT * FROM db_adapter.restore(:'file', ids => 'none');
SELECT * FROM db_adapter.restore(:'file', '{"tables": [{"name": "authrs"}]}');
SELECT * FROM db_adapter.restore(:'file', '{"tables": [{"name": "authors", "slug_field": "slgu"}]}');
SELECT * FROM db_adapter.restore(NULL);

-- Foreign keys may be checked once, at the end.
SELECT "table", inserted FROM db_adapter.restore(:'file', user_id => 'u11', constraints => 'revalidate', on_unknown => 'drop');
SELECT conname, convalidated FROM pg_constraint
    WHERE conrelid = 'books'::regclass AND contype = 'f' ORDER BY 1;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
