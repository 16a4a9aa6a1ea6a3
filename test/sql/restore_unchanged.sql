-- Rows that hold already what the file says are left alone while overwriting: no row
-- version, no trigger, circular references included.
CREATE DOMAIN regress_note AS varchar(20);
CREATE TYPE regress_pair AS (a int, b text);
CREATE TABLE places (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, n numeric, f float8, j json, b jsonb, c char(5), d regress_note, p regress_pair, a int[], big text, gone text,
    doubled numeric GENERATED ALWAYS AS (n * 2) STORED, up int REFERENCES places, next int REFERENCES places);
CREATE TABLE lines (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, place_id int NOT NULL REFERENCES places, n int NOT NULL, note text, UNIQUE (place_id, n));
CREATE TABLE links (place_id int REFERENCES places, name text, PRIMARY KEY (place_id, name));
INSERT INTO places (slug, n, f, j, b, c, d, p, a, big) SELECT 'p' || g, g + 0.50, CASE g WHEN 1 THEN 'NaN'::float8 WHEN 2 THEN '-0'::float8 ELSE 0.1::float8 END, '{"a" : 1}', '{"a": 1}', 'x', 'note', ROW(g, NULL::text)::regress_pair, ARRAY[g, NULL], repeat('long ', 5000)
    FROM generate_series(1, 250) g;
UPDATE places SET up = id - 1, next = (SELECT max(id) FROM places) WHERE id > 1;
INSERT INTO lines (place_id, n, note) SELECT id, 1, 'l' FROM places;
INSERT INTO links SELECT id, 'a' FROM places;
CREATE TABLE fired (what text);
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (TG_TABLE_NAME || ' ' || NEW.slug); RETURN NEW; END $$;
SELECT db_adapter.derive_backup_schema(tables => '{places,lines,links}') AS schema \gset
SELECT db_adapter.backup_document(:'schema') AS file \gset
CREATE TRIGGER fires BEFORE UPDATE ON places FOR EACH ROW EXECUTE FUNCTION fires();
CREATE VIEW versions AS SELECT 'places' AS "table", max(xmin::text::bigint) AS newest FROM places UNION ALL SELECT 'lines', max(xmin::text::bigint) FROM lines;
CREATE TEMP TABLE before AS SELECT * FROM versions;

SELECT "table", inserted, updated, skipped, unchanged, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT count(*) AS fired FROM fired;
SELECT * FROM versions EXCEPT SELECT * FROM before;
-- In mode skip nothing is compared.
SELECT "table", updated, skipped, unchanged FROM db_adapter.restore(:'file');

-- What differs is updated, and no more: by its bytes, not by what = says.
UPDATE places SET n = 3.5 WHERE slug = 'p3';
UPDATE places SET f = 0 WHERE slug = 'p2';
UPDATE places SET j = '{"a":1}' WHERE slug = 'p4';
UPDATE places SET d = NULL WHERE slug = 'p5';
UPDATE places SET p = ROW(6, '') WHERE slug = 'p6';
UPDATE places SET a = '[2:3]={7,NULL}' WHERE slug = 'p7';
UPDATE places SET up = 1 WHERE slug = 'p8';
UPDATE places SET next = NULL, up = 1 WHERE slug = 'p9';
UPDATE places SET next = 1, n = 0 WHERE slug = 'p10';
UPDATE places SET up = 7 WHERE slug = 'p1';
UPDATE lines SET note = 'other' WHERE place_id = 11;
TRUNCATE fired;
SELECT "table", inserted, updated, skipped, unchanged, failed, notes - 'triggers' AS notes FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT what, count(*) FROM fired GROUP BY 1 ORDER BY length(what), 1;
SELECT "table", updated, unchanged FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT slug, n, f, j, d, p, a, up, next FROM places WHERE id <= 10 ORDER BY id;

-- Of rows that are one here the last one counts, even where it is the one that is here.
CREATE EXTENSION citext;
CREATE TABLE notes (id serial PRIMARY KEY, word citext NOT NULL UNIQUE, n int);
INSERT INTO notes (word, n) VALUES ('a', 1);
SELECT $f${"format":"db_adapter.backup","version":"2.0","metadata":{},"backup_schema":{"tables":[{"name":"notes","slug_field":"word","user_field":null}]}}
{"table":"notes","columns":{"id":"int4","word":"citext","n":"int4"}}
{"id":1,"word":"A","n":7}
{"id":2,"word":"a","n":1}
$f$ AS twice \gset
SELECT inserted, updated, skipped, unchanged, notes ->> 'repeated_match_key' AS repeated FROM db_adapter.restore(:'twice', mode => 'overwrite', accept_damaged => true);
SELECT word, n FROM notes;

-- A format without table lines: the columns that a row brings are those compared.
SELECT "table", updated, unchanged FROM db_adapter.restore('{"metadata": {"version": "1.1"}, "notes": [{"id": 1, "word": "a"}]}', '{"tables": [{"name": "notes", "slug_field": "word", "user_field": null}]}', mode => 'overwrite');
SELECT "table", updated, unchanged FROM db_adapter.restore('{"metadata": {"version": "1.1"}, "notes": [{"id": 1, "word": "a", "n": 2}]}', '{"tables": [{"name": "notes", "slug_field": "word", "user_field": null}]}', mode => 'overwrite');
SELECT word, n FROM notes;

DROP TABLE places, lines, links, fired, notes CASCADE;
DROP EXTENSION citext;
DROP FUNCTION fires();
DROP TYPE regress_pair;
DROP DOMAIN regress_note;
