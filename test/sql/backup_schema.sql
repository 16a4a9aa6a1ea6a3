-- Reading, checking and deriving backup schemas.
\set VERBOSITY terse
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;

CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE authors (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text,
    UNIQUE (user_id, slug));
CREATE TABLE books (
    id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, title text,
    author_id int NOT NULL REFERENCES authors, editor_id int REFERENCES authors,
    UNIQUE (user_id, slug));
CREATE TABLE pages (
    book_id int NOT NULL REFERENCES books, number int NOT NULL, body text,
    PRIMARY KEY (book_id, number));
CREATE TABLE "Odd ""Name""" ("Id" int PRIMARY KEY, "Slug" text);

CREATE FUNCTION checks(schema jsonb) RETURNS TABLE (severity text, "table" text, message text)
LANGUAGE sql AS $$ SELECT * FROM db_adapter.check_backup_schema(schema) $$;

-- the document
SELECT checks('[]');
SELECT checks('{}');
SELECT checks('{"table": []}');
SELECT checks('{"tables": [1]}');
SELECT checks('{"tables": [{}]}');
SELECT checks('{"tables": [{"name": ""}]}');
SELECT checks('{"tables": [{"name": 1}]}');
SELECT checks('{"tables": [{"name": "authors", "slug_fields": "slug"}]}');
SELECT checks('{"tables": [{"name": "authors", "pk": 1}]}');
SELECT checks('{"tables": [{"name": "authors", "pk": []}]}');
SELECT checks('{"tables": [{"name": "authors", "user_field": ["a", "b"]}]}');
SELECT checks('{"tables": [{"name": "authors"}, {"name": "authors"}]}');
SELECT checks('{"tables": [{"name": "authors", "parent": "books"}]}');
SELECT checks('{"tables": [{"name": "authors", "parents": ["books"]}]}');
SELECT checks('{"tables": [{"name": "authors", "parent": {"table": "books"}}]}');
SELECT checks('{"tables": [{"name": "authors", "parent": {"field": "x"}}]}');
SELECT checks('{"tables": [{"name": "authors", "parent": {"field": "x", "table": "a", "type_field": "b"}}]}');
SELECT checks('{"tables": [{"name": "authors", "parent": {"field": "x", "type_field": "b", "map": {"A": 1}}}]}');
SELECT checks('{"tables": [{"name": "authors", "parent": {"field": ["x", "y"], "table": "a", "json_path": "$.b"}}]}');
SELECT checks(NULL);
SELECT checks('{"tables": []}');

-- the database: a row for everything that is wrong
SELECT * FROM checks('{"tables": [{"name": "author"}]}');
SELECT * FROM checks('{"tables": [{"name": "authors"}, {"name": "books",
    "parent": {"table": "authors", "field": "author_id"},
    "optional_refs": [{"table": "authors", "field": "editor_id"}]}]}');
SELECT * FROM checks('{"tables": [{"name": "books"}, {"name": "authors"}]}');
SELECT * FROM checks('{"tables": [{"name": "books",
    "parent": {"table": "authors", "field": "author_id"}}, {"name": "authors"}]}');
SELECT * FROM checks('{"tables": [{"name": "books"}]}');
SELECT * FROM checks('{"tables": [{"name": "users"}]}');
SELECT * FROM checks('{"tables": [{"name": "users", "slug_field": null, "user_field": null}]}');
SELECT * FROM checks('{"tables": [{"name": "authors", "slug_field": "name"}]}');
SELECT * FROM checks('{"tables": [{"name": "authors", "pk": "slug", "slug_field": "slug"}]}');
SELECT * FROM checks('{"tables": [{"name": "authors", "exclude_columns": ["nam", "slug"]}]}');
SELECT * FROM checks('{"tables": [{"name": "authors", "exclude_columns": ["name", "slug"]}]}');
SELECT * FROM checks('{"tables": [{"name": "authors", "filter": "nme IS NULL"}]}');
SELECT * FROM checks('{"tables": [{"name": "authors"}, {"name": "pages", "pk": ["book_id", "number"],
    "slug_field": "number", "user_field": null, "parent": {"table": "authors", "field": "book_id"}}]}');
SELECT * FROM checks('{"tables": [{"name": "authors"}, {"name": "books",
    "parent": {"table": "authors", "field": ["author_id", "editor_id"]},
    "optional_refs": [{"table": "autors", "field": "editor_id"}]}]}');
SELECT * FROM checks('{"tables": [{"name": "public.authors"}, {"name": "AUTHORS"}]}');
SELECT * FROM checks('{"tables": [{"name": "\"Odd \"\"Name\"\"\"", "pk": "Id", "slug_field": "Slug", "user_field": null}]}');

CREATE DOMAIN lo AS oid;
CREATE TABLE blobs (id int PRIMARY KEY, user_id text, slug text, content lo, fixed int NOT NULL,
    UNIQUE (slug));
CREATE VIEW authors_view AS SELECT * FROM authors;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT * FROM checks('{"tables": [{"name": "blobs"}]}');
SELECT * FROM checks('{"tables": [{"name": "blobs", "exclude_columns": ["content", "fixed"]}]}');
SELECT * FROM checks('{"tables": [{"name": "authors_view"}]}');

-- relations that hold nobody's data
SELECT checks('{"tables": [{"name": "pg_catalog.pg_class"}]}');
SELECT checks('{"tables": [{"name": "information_schema.tables"}]}');
CREATE TEMP TABLE passing (id int, user_id text, slug text);
SELECT checks('{"tables": [{"name": "pg_temp.passing"}]}');
SELECT checks('{"tables": [{"name": "authors_id_seq"}]}');
SELECT checks('{"tables": [{"name": "a.b.c.d"}]}');

-- derived from the catalog, parents first
SELECT jsonb_pretty(db_adapter.derive_backup_schema('{books,authors}'));
SELECT t ->> 'name' AS name, t ->> 'pk' AS pk, t ->> 'slug_field' AS slug, t ->> 'user_field' AS tenant,
       t -> 'parents' AS parents, t ->> 'comment' AS comment
  FROM jsonb_array_elements(db_adapter.derive_backup_schema(root => 'authors') -> 'tables') t;
CREATE TABLE accounts (id int PRIMARY KEY, user_ref int NOT NULL REFERENCES users, number text NOT NULL,
    UNIQUE (user_ref, number));
CREATE TABLE staff (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, boss uuid REFERENCES staff,
    department int);
CREATE TABLE departments (id serial PRIMARY KEY, name text NOT NULL UNIQUE, head uuid REFERENCES staff);
ALTER TABLE staff ADD FOREIGN KEY (department) REFERENCES departments;
SELECT t ->> 'name' AS name, t ->> 'slug_field' AS slug, t ->> 'user_field' AS tenant
  FROM jsonb_array_elements(db_adapter.derive_backup_schema(root => 'users') -> 'tables') t;
SELECT t ->> 'name' AS name, t ->> 'slug_field' AS slug, t -> 'optional_refs' AS refs
  FROM jsonb_array_elements(db_adapter.derive_backup_schema('{staff,departments}') -> 'tables') t;
-- a derived schema is sound
SELECT severity, "table", message
  FROM db_adapter.check_backup_schema(db_adapter.derive_backup_schema('{authors,books,pages}'));
SELECT db_adapter.derive_backup_schema('{authors}', 'books');
SELECT db_adapter.derive_backup_schema('{pg_class}');
SELECT jsonb_path_query_array(db_adapter.derive_backup_schema(schemas => '{public}'), '$.tables[*].name');

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;

-- A bare name means public, whatever the search_path of whoever asks.
CREATE SCHEMA regress_app;
CREATE TABLE regress_app.items (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, v text);
CREATE TABLE public.items (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, v text);
CREATE TABLE regress_app.lone (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, item_id int REFERENCES public.items);
INSERT INTO regress_app.items (slug, v) VALUES ('x', 'app');
INSERT INTO public.items (slug, v) VALUES ('x', 'public');
SET search_path = regress_app, public;
SELECT l FROM unnest(string_to_array(db_adapter.backup_document('{"tables": [{"name": "items", "user_field": null}]}'), E'\n')) l WHERE l ~ 'slug":"x';
SELECT db_adapter.backup_document('{"tables": [{"name": "lone", "user_field": null}]}');
\set VERBOSITY default
SELECT db_adapter.backup_document('{"tables": [{"name": "lone", "user_field": null}]}');
\set VERBOSITY terse
RESET search_path;
-- a file's table is found by its full name
SELECT db_adapter.backup_document('{"tables": [{"name": "items", "user_field": null}]}') AS file \gset
UPDATE public.items SET v = 'changed';
SELECT "table", updated FROM db_adapter.restore(:'file', '{"tables": [{"name": "public.items", "user_field": null}]}', mode => 'overwrite');
SELECT v FROM public.items;
SELECT db_adapter.restore(replace(replace(:'file', '{"end"', '{"table":"public.items","columns":{"id":"int4","slug":"text","v":"text"}}' || E'\n' || '{"end"'), '"record_counts":{', '"record_counts":{"public.items":0,'), accept_damaged => true);
SELECT severity, message FROM db_adapter.check_backup_schema('{"tables": [{"name": "items", "user_field": null}, {"name": "regress_app.lone", "user_field": null, "optional_refs": [{"table": "public.items", "field": "item_id"}]}]}') WHERE severity = 'error';
-- derived: all schemas but those of the system and of extensions, or those named
SET search_path = nowhere;
SELECT jsonb_path_query_array(db_adapter.derive_backup_schema(), '$.tables[*].name') @> '["items", "regress_app.items", "regress_app.lone"]' AS all_schemas,
       jsonb_path_query_array(db_adapter.derive_backup_schema(), '$.tables[*].name') @? '$[*] ? (@ like_regex "^(pg_|information_schema|db_adapter)")' AS systems;
SELECT jsonb_path_query_array(db_adapter.derive_backup_schema(schemas => '{regress_app}'), '$.tables[*].name');
RESET search_path;
SELECT db_adapter.derive_backup_schema(schemas => '{regress_ap}');
SELECT db_adapter.derive_backup_schema('{regress_app.items}', schemas => '{regress_app}');
-- no table is no backup
SELECT db_adapter.backup_document('{"tables": []}');
DROP SCHEMA regress_app CASCADE;
DROP TABLE public.items;

-- Foreign keys of partitions alone, to unique columns that are no key, and to tables outside.
CREATE SCHEMA regress_refs;
SET search_path = regress_refs;
CREATE TABLE places (id serial PRIMARY KEY, region text NOT NULL, code text NOT NULL, number int UNIQUE, UNIQUE (region, code));
CREATE TABLE apart (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, region text NOT NULL, code text NOT NULL, FOREIGN KEY (region, code) REFERENCES places (region, code));
CREATE TABLE rentals (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE bills (id int NOT NULL, rental_id int NOT NULL, day date NOT NULL, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE bills_24 (day date NOT NULL, rental_id int NOT NULL, id int NOT NULL);
ALTER TABLE bills ATTACH PARTITION bills_24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
ALTER TABLE bills_24 ADD FOREIGN KEY (rental_id) REFERENCES rentals;
CREATE TABLE comments (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, about_type text, about_id int, seen_type text, seen_id int, "Odd_type" text, "Odd_id" int, kind_type text, kind_id int REFERENCES rentals);
SELECT t ->> 'name' AS "table", t -> 'parents' AS parents, t ->> 'comment' AS comment FROM jsonb_array_elements(db_adapter.derive_backup_schema(schemas => '{regress_refs}') -> 'tables') WITH ORDINALITY AS t (t, n) ORDER BY n;
SELECT jsonb_path_query_array(db_adapter.derive_backup_schema(root => 'rentals'), '$.tables[*].name') AS below;
SELECT severity, "table", message FROM db_adapter.check_backup_schema(db_adapter.derive_backup_schema(schemas => '{regress_refs}')) WHERE message !~ 'tenant' ORDER BY 2, 3;
SELECT severity, message FROM db_adapter.check_backup_schema('{"tables": [{"name": "regress_refs.apart", "user_field": null}, {"name": "regress_refs.places", "user_field": null, "slug_field": ["region", "code"]}]}') WHERE message ~ 'region_code_fkey';
SELECT severity, message FROM db_adapter.check_backup_schema('{"tables": [{"name": "regress_refs.rentals", "user_field": null}, {"name": "regress_refs.comments", "user_field": null, "optional_refs": [{"field": "about_id", "type_field": "about_type", "map": {"Rental": "regress_refs.rentals"}}]}]}') WHERE message ~ 'look like';
-- restore says of values that it copied that it did
INSERT INTO rentals (slug) VALUES ('r');
INSERT INTO bills VALUES (1, 1, '2024-02-01');
SELECT db_adapter.backup_document('{"tables": [{"name": "regress_refs.bills", "user_field": null, "pk": ["day", "id"], "slug_field": ["day", "id"]}]}') AS file \gset
SELECT notes FROM db_adapter.restore(:'file');
DELETE FROM bills;
SELECT notes FROM db_adapter.restore(:'file');
RESET search_path;
DROP SCHEMA regress_refs CASCADE;
