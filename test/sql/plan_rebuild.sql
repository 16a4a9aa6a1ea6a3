-- A rich table gets two columns: by ALTER and by a rebuild nothing of it is lost.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_planner SUPERUSER;
SET ROLE regress_planner;
CREATE ROLE regress_rich_owner;
CREATE ROLE regress_rich_reader;
CREATE SCHEMA rich;
GRANT USAGE, CREATE ON SCHEMA rich TO regress_rich_owner;
CREATE TABLE rich.shelf (id int PRIMARY KEY, label text);
CREATE FUNCTION rich.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE rich.book (
    id serial PRIMARY KEY,
    shelf int NOT NULL REFERENCES rich.shelf ON DELETE CASCADE,
    isbn text COLLATE "C" NOT NULL CONSTRAINT book_isbn UNIQUE,
    title text NOT NULL DEFAULT 'untitled',
    title_length int GENERATED ALWAYS AS (length(title)) STORED,
    number int GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5),
    pages int CONSTRAINT book_pages CHECK (pages > 0),
    during int4range,
    next int REFERENCES rich.book DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING gist (during WITH &&)) WITH (fillfactor = 70);
CREATE TABLE rich.loan (id int PRIMARY KEY, book int NOT NULL REFERENCES rich.book ON UPDATE CASCADE, note text);
CREATE INDEX book_title ON rich.book (lower(title)) INCLUDE (pages) WHERE pages > 10;
CREATE INDEX book_shelf ON rich.book (shelf);
ALTER TABLE rich.book CLUSTER ON book_shelf;
CREATE STATISTICS rich.book_stats (dependencies) ON shelf, pages FROM rich.book;
CREATE TRIGGER note BEFORE UPDATE OF title ON rich.book FOR EACH ROW WHEN (new.pages > 1) EXECUTE FUNCTION rich.note();
CREATE TRIGGER quiet AFTER INSERT ON rich.book FOR EACH STATEMENT EXECUTE FUNCTION rich.note();
ALTER TABLE rich.book DISABLE TRIGGER quiet;
CREATE RULE keep AS ON DELETE TO rich.book WHERE old.id = 1 DO INSTEAD NOTHING;
CREATE POLICY readers ON rich.book FOR SELECT TO regress_rich_reader USING (pages < 1000);
ALTER TABLE rich.book ENABLE ROW LEVEL SECURITY;
ALTER TABLE rich.book ALTER title SET STATISTICS 500, ALTER isbn SET STORAGE EXTERNAL, ALTER pages SET (n_distinct = -0.5);
ALTER TABLE rich.book REPLICA IDENTITY USING INDEX book_isbn;
CREATE VIEW rich.long_book WITH (security_barrier) AS SELECT id, title FROM rich.book WHERE pages > 100;
CREATE VIEW rich.long_title AS SELECT title FROM rich.long_book;
CREATE MATERIALIZED VIEW rich.pages AS SELECT shelf, sum(pages) AS pages FROM rich.book GROUP BY shelf;
CREATE UNIQUE INDEX pages_shelf ON rich.pages (shelf);
SET client_min_messages = error;
CREATE PUBLICATION rich_pub FOR TABLE rich.book;
SET client_min_messages = warning;
COMMENT ON TABLE rich.book IS 'all books';
COMMENT ON COLUMN rich.book.title IS 'as printed';
COMMENT ON CONSTRAINT book_pages ON rich.book IS 'no empty books';
COMMENT ON INDEX rich.book_title IS 'for search';
COMMENT ON TRIGGER note ON rich.book IS 'notes';
COMMENT ON POLICY readers ON rich.book IS 'short ones';
COMMENT ON RULE keep ON rich.book IS 'keeps';
COMMENT ON VIEW rich.long_book IS 'long ones';
GRANT SELECT ON rich.book, rich.long_book, rich.pages TO regress_rich_reader;
GRANT UPDATE (title) ON rich.book TO regress_rich_reader;
ALTER TABLE rich.book OWNER TO regress_rich_owner;
INSERT INTO rich.shelf VALUES (1, 'top'), (2, 'low');
INSERT INTO rich.book (shelf, isbn, title, pages, during)
SELECT 1 + i % 2, 'isbn ' || i, 'book ' || i, i * 50, int4range(i * 10, i * 10 + 5) FROM generate_series(1, 5) i;
INSERT INTO rich.loan SELECT i, i, 'n' FROM generate_series(1, 5) i;
REFRESH MATERIALIZED VIEW rich.pages;

-- What is there, as one row a property, and the same with two columns more
CREATE FUNCTION pg_temp.properties(OUT object text, OUT property text, OUT value jsonb) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT concat_ws(' ', k.key, o ->> 'name', x.list, c ->> 'name'), p.key, p.value
      FROM jsonb_each(db_adapter.introspect('{rich}')) k
     CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(k.value) = 'array' AND k.key <> 'schemas' THEN k.value ELSE '[]' END) o
     CROSS JOIN LATERAL (SELECT NULL AS list, NULL::jsonb c, o AS d
              UNION ALL SELECT m.key, e, e FROM jsonb_each(o) m, jsonb_array_elements(CASE WHEN jsonb_typeof(m.value) = 'array' AND m.value -> 0 ? 'name' THEN m.value ELSE '[]' END) e) x
     CROSS JOIN LATERAL jsonb_each(x.d) p
     WHERE p.key <> 'position' AND NOT coalesce(p.value -> 0 ? 'name', false)
    UNION ALL SELECT 'rows book', id::text, to_jsonb(b) - '{blurb,price}'::text[] FROM rich.book b
    UNION ALL SELECT 'rows pages', shelf::text, to_jsonb(p) FROM rich.pages p
    UNION ALL SELECT 'sequence', sequencename, to_jsonb(last_value) FROM pg_sequences WHERE schemaname = 'rich' $$;
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.properties();
SELECT count(*) > 250 AS many FROM before;
BEGIN;
ALTER TABLE rich.book ADD blurb text, ADD price numeric(8,2) NOT NULL DEFAULT 0;
SELECT db_adapter.introspect('{rich}') AS want \gset
ROLLBACK;
-- the declared order has them in the middle
SELECT jsonb_set(:'want', '{tables}', (SELECT jsonb_agg(CASE WHEN t ->> 'name' = 'book' THEN jsonb_set(t, '{columns}',
           (SELECT jsonb_agg(c - 'position' ORDER BY CASE c ->> 'name' WHEN 'blurb' THEN 2.1 WHEN 'price' THEN 2.2 ELSE (c ->> 'position')::numeric END)
              FROM jsonb_array_elements(t -> 'columns') c)) ELSE t END) FROM jsonb_array_elements(:'want'::jsonb -> 'tables') t)) AS want \gset

-- By ALTER
BEGIN;
SELECT p -> 'verified' AS verified, p -> 'verify_error' AS error, jsonb_array_length(p -> 'steps') AS steps, p -> 'tables_to_recreate' AS recreated
  FROM db_adapter.plan(:'want') p;
SELECT a #> '{validation,valid}' AS valid FROM db_adapter.apply(db_adapter.plan(:'want'), confirm => true) a;
SELECT count(*) FILTER (WHERE value IS NOT NULL) > 250 AS many, (SELECT count(*) FROM (SELECT * FROM before EXCEPT SELECT * FROM pg_temp.properties()) x) AS lost FROM before;
SELECT object, property FROM before EXCEPT SELECT object, property FROM pg_temp.properties() ORDER BY 1, 2;
SELECT object, property, b.value AS before, a.value AS after
  FROM before b JOIN pg_temp.properties() a USING (object, property) WHERE a.value IS DISTINCT FROM b.value ORDER BY 1, 2;
ROLLBACK;

-- By a rebuild
SELECT db_adapter.plan(:'want', recreate_threshold => 2) AS plan \gset
SELECT p -> 'verified' AS verified, p -> 'verify_error' AS error, p -> 'tables_to_recreate' AS recreated FROM (SELECT :'plan'::jsonb) x(p);
-- 16 stopped naming the table of a column where there is but one, and 18 names NOT NULL.
SELECT step, action, object, regexp_replace(sql, '(?<!\.)\m(book|long_book)\.| CONSTRAINT book_number_not_null NOT NULL| CONSTRAINT \w+_not_null(?= NOT NULL)', '', 'g') AS sql
FROM db_adapter.plan_steps(:'plan');
SELECT a #> '{validation,valid}' AS valid, a #> '{validation,differences}' AS differences FROM db_adapter.apply(:'plan', confirm => true) a;
SELECT count(*) FILTER (WHERE value IS NOT NULL) > 250 AS many, (SELECT count(*) FROM (SELECT * FROM before EXCEPT SELECT * FROM pg_temp.properties()) x) AS lost FROM before;
SELECT object, property FROM before EXCEPT SELECT object, property FROM pg_temp.properties() ORDER BY 1, 2;
SELECT object, property, b.value AS before, a.value AS after
  FROM before b JOIN pg_temp.properties() a USING (object, property) WHERE a.value IS DISTINCT FROM b.value ORDER BY 1, 2;
SELECT string_agg(attname, ', ' ORDER BY attnum) AS columns FROM pg_attribute WHERE attrelid = 'rich.book'::regclass AND attnum > 0 AND NOT attisdropped;
INSERT INTO rich.book (shelf, isbn) VALUES (1, 'new') RETURNING id, number;

-- What cannot follow is named, and nothing done
CREATE TABLE rich.big_book (weight int) INHERITS (rich.book);
CREATE TABLE rich.crate (favourite rich.book);
ALTER TABLE rich.book DROP blurb, DROP price;
SELECT db_adapter.plan(:'want', recreate_threshold => 2);
\set VERBOSITY default
SELECT db_adapter.plan(:'want', recreate_threshold => 2);

DROP PUBLICATION rich_pub;
DROP SCHEMA rich CASCADE;
DROP ROLE regress_rich_owner, regress_rich_reader;
DROP OWNED BY regress_planner;
RESET ROLE;
DROP ROLE regress_planner;
