-- Plans: from what is there to what is expected, in steps that were tried.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_planner SUPERUSER;
SET ROLE regress_planner;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'happy');
CREATE TABLE shop.items (id serial PRIMARY KEY, name text NOT NULL, price int, old text);
INSERT INTO shop.items (name, price, old) VALUES ('a', 1, 'x'), ('b', 2, 'y');
CREATE VIEW shop.prices AS SELECT id, price FROM shop.items;
CREATE VIEW shop.dear AS SELECT * FROM shop.prices WHERE price > 1;
COMMENT ON VIEW shop.dear IS 'not cheap';
CREATE INDEX items_name ON shop.items (name);

-- The text a user keeps
SELECT db_adapter.expected($$
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'so so', 'happy');
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE shop.items (
    id serial PRIMARY KEY,
    name text NOT NULL,
    price numeric(10,2) DEFAULT 0,
    stock int NOT NULL DEFAULT 0,
    weight int NOT NULL,
    CONSTRAINT price_positive CHECK (price >= 0));
CREATE TABLE shop.orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item int NOT NULL REFERENCES shop.items,
    mood shop.mood);
CREATE INDEX items_name ON shop.items (lower(name));
CREATE INDEX ON shop.orders (item);
CREATE TRIGGER touch BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE VIEW shop.prices AS SELECT id, price FROM shop.items;
CREATE VIEW shop.dear AS SELECT * FROM shop.prices WHERE price > 1;
COMMENT ON VIEW shop.dear IS 'not cheap';
$$) AS want \gset

SELECT severity, object_type, object, attribute FROM db_adapter.differences(:'want');
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT :'plan'::jsonb -> 'verified' AS verified, :'plan'::jsonb -> 'verify_error' AS error;
SELECT step, action, object, hazards, reason FROM db_adapter.plan_steps(:'plan');
\pset format unaligned
-- 16 stopped naming the table of a column where there is but one.
SELECT step, regexp_replace(sql, '(?<!\.)\m(items|prices)\.', '', 'g') AS sql FROM db_adapter.plan_steps(:'plan');
\pset format aligned
SELECT jsonb_pretty(:'plan'::jsonb -> 'remaining') AS remaining;

-- Nothing was done, by the plan or by the dry run
SELECT a -> 'applied' AS applied, a #> '{validation,error_count}' AS errors FROM db_adapter.apply(:'plan') a;
SELECT count(*) FROM db_adapter.differences(:'want') WHERE severity = 'error';

-- Now for real: what a plan leaves is still there, all else is not
SELECT a -> 'applied' AS applied, a #> '{validation,error_count}' AS errors
  FROM db_adapter.apply(:'plan', confirm => true) a;
SELECT severity, object_type, object, attribute, expected, actual FROM db_adapter.differences(:'want');
SELECT * FROM shop.items ORDER BY id;
SELECT obj_description('shop.dear'::regclass, 'pg_class');

-- A plan is for one schema only
SELECT db_adapter.apply(:'plan');

-- What is extra goes only when asked for, and its rows are put aside
SELECT action, object, hazards FROM db_adapter.plan_steps(db_adapter.plan(:'want', allow_drop => true)) WHERE object <> 'shop.items.weight';
UPDATE shop.items SET weight = 1;
SELECT a -> 'applied' AS applied, jsonb_path_query_array(a, '$.saved[*].table') AS saved,
       a #> '{validation,differences}' AS differences
  FROM db_adapter.apply(db_adapter.plan(:'want', allow_drop => true), confirm => true) a;
SELECT "table", rows FROM db_adapter.saved_rows;
SELECT split_part(db_adapter.saved_document(id), E'\n', 3) AS line FROM db_adapter.saved_rows;
SELECT db_adapter.purge_saved_rows('0 s');
SELECT "table", rows FROM db_adapter.saved_rows;
SELECT jsonb_array_length(db_adapter.plan(:'want') -> 'steps') AS steps;

-- Column names alone, with definitions
SELECT step, sql, reason FROM db_adapter.plan_steps(db_adapter.plan(
    '{"items": ["id", "name", "colour", "size", "lost"], "tags": ["id", "label"]}',
    '{"items.colour": "text NOT NULL DEFAULT ''red''", "items.size": "int NOT NULL",
      "tags.id": "serial PRIMARY KEY", "tags.label": "varchar(20)"}', schemas => '{shop}'));
SELECT p -> 'remaining' AS remaining, p -> 'verified' AS verified
  FROM db_adapter.plan('{"items": ["id", "lost"]}', schemas => '{shop}') p;

-- What does not fit is refused
SELECT db_adapter.plan('{"items": ["a"]}', '{"items.a": "int; DROP TABLE shop.items"}', schemas => '{shop}');
SELECT db_adapter.plan('{"items": ["a"]}', '{"items.a": "int, ADD COLUMN b int"}', schemas => '{shop}');
SELECT db_adapter.plan('{"items": ["a"]}', '{"a": "int"}', schemas => '{shop}');
SELECT db_adapter.plan(:'want', ignore => '{owner}');
SELECT db_adapter.plan('{"items": "id"}');
SELECT db_adapter.apply('{"format": "db_adapter.plan", "version": 2}');
SELECT db_adapter.apply('{"steps": []}');
SELECT db_adapter.apply(jsonb_set(:'plan', '{stepps}', '[]'));

-- A plan edited by hand does not pass
ALTER TABLE shop.items DROP COLUMN stock;
SELECT db_adapter.plan(:'want') AS plan \gset
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"ALTER TABLE shop.items ADD COLUMN stock text"'));
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"COMMIT"'));
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"SET search_path = evil"'));
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"PREPARE evil AS SELECT 1"'));
SELECT count(*) FROM pg_prepared_statements WHERE name = 'evil';
SELECT db_adapter.apply(jsonb_set(:'plan', '{steps,0,sql}', '"SELECT 1; SELECT 2"'));
DROP SCHEMA shop CASCADE;
DROP OWNED BY regress_planner;
RESET ROLE;
DROP ROLE regress_planner;
