-- Unique values that move from row to row.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;
\set schema '{"tables": [{"name": "li", "user_field": null}]}'
CREATE TABLE li (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, pos int NOT NULL UNIQUE CHECK (pos > 0), note text);
CREATE FUNCTION places() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(slug || pos, ' ' ORDER BY pos) FROM public.li $$;

-- A chain, in the worst order and in the best: one at the top moves all others down.
INSERT INTO li (slug, pos) VALUES ('new', 1), ('a', 2), ('b', 3), ('c', 4);
SELECT db_adapter.backup_document(:'schema') AS file \gset
TRUNCATE li;
INSERT INTO li (slug, pos) VALUES ('a', 1), ('b', 2), ('c', 3);
SELECT inserted, updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT places();
DELETE FROM li WHERE slug = 'new';
UPDATE li SET pos = pos + 10;
UPDATE li SET pos = pos - 8;
UPDATE li SET pos = 10 WHERE slug = 'c';
SELECT inserted, updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT places();
-- long ones, both ways, and more than a batch
TRUNCATE li;
INSERT INTO li (slug, pos) SELECT 's' || lpad(i::text, 4, '0'), i FROM generate_series(1, 250) i;
SELECT db_adapter.backup_document(:'schema') AS long \gset
UPDATE li SET pos = pos + 5000;
UPDATE li SET pos = pos - 4999;
SELECT updated, failed FROM db_adapter.restore(:'long', mode => 'overwrite');
UPDATE li SET pos = pos + 5000;
UPDATE li SET pos = pos - 5000 + 1 WHERE slug < 's0250';
UPDATE li SET pos = 1 WHERE slug = 's0250';
SELECT updated, failed FROM db_adapter.restore(:'long', mode => 'overwrite');
UPDATE li SET pos = pos + 5000;
UPDATE li SET pos = 5251 - pos;
SELECT updated, failed FROM db_adapter.restore(:'long', mode => 'overwrite');
SELECT count(*) FROM li WHERE slug <> 's' || lpad(pos::text, 4, '0');

-- Values traded in a circle: no order does it.
SELECT db_adapter.backup_document(:'schema', filters => '{"li": {"slug": "none"}}') IS NOT NULL AS none;
TRUNCATE li;
INSERT INTO li (slug, pos) VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4);
SELECT db_adapter.backup_document(:'schema') AS file \gset
UPDATE li SET pos = 9 WHERE slug = 'a';
UPDATE li SET pos = 1 WHERE slug = 'b';
UPDATE li SET pos = 2 WHERE slug = 'c';
UPDATE li SET pos = 3 WHERE slug = 'a';
SELECT places();
SELECT inserted, updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT places();
-- beside one whose value somebody has who does not move: it fails alone, and keeps what it had
UPDATE li SET pos = pos + 10 WHERE slug IN ('a', 'b');
UPDATE li SET pos = 2 WHERE slug = 'a';
UPDATE li SET pos = 1 WHERE slug = 'b';
UPDATE li SET pos = 9 WHERE slug = 'd';
INSERT INTO li (slug, pos) VALUES ('mine', 4);
SELECT inserted, updated, failed, failure_details -> 0 -> 'sqlstate' AS first FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT places();
-- in the other modes nothing moves
UPDATE li SET pos = 20 WHERE slug = 'mine';
DELETE FROM li WHERE slug = 'a';
UPDATE li SET pos = 1 WHERE slug = 'b';
SELECT inserted, skipped, failed FROM db_adapter.restore(:'file');
SELECT places();

-- Other types, keys of several columns, an index without a constraint, a check that likes no other value.
CREATE TABLE li2 (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, list int NOT NULL, pos int NOT NULL, name varchar(8) NOT NULL UNIQUE, code char(3) NOT NULL UNIQUE,
    day date NOT NULL UNIQUE, at timestamptz NOT NULL UNIQUE, n numeric(6,2) NOT NULL UNIQUE, f float8 NOT NULL UNIQUE, u uuid NOT NULL UNIQUE, maybe text UNIQUE,
    during int4range NOT NULL, UNIQUE (list, pos), EXCLUDE USING gist (during WITH &&));
CREATE UNIQUE INDEX partly ON li2 (f) WHERE list = 1;
INSERT INTO li2 (slug, list, pos, name, code, day, at, n, f, u, maybe, during)
    SELECT 's' || i, 1, i, 'n' || i, 'c' || i, date '2024-01-01' + i, timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', i + 0.5, i * 1.5,
        ('00000000-0000-4000-8000-00000000000' || i)::uuid, 'm' || i, int4range(i * 10, i * 10 + 10) FROM generate_series(1, 4) i;
\set schema '{"tables": [{"name": "li2", "user_field": null}]}'
SELECT db_adapter.backup_document(:'schema') AS file \gset
CREATE TABLE was AS TABLE li2;
UPDATE li2 SET slug = 'x' || slug;
UPDATE li2 SET slug = 's' || (5 - right(slug, 1)::int);
SELECT count(*) AS moved FROM li2 JOIN was USING (slug) WHERE (li2.pos, li2.name, li2.code, li2.day, li2.at, li2.n, li2.f, li2.u, li2.maybe, li2.during)
    <> (was.pos, was.name, was.code, was.day, was.at, was.n, was.f, was.u, was.maybe, was.during);
SELECT updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT count(*) AS moved FROM li2 JOIN was USING (slug) WHERE (li2.pos, li2.name, li2.code, li2.day, li2.at, li2.n, li2.f, li2.u, li2.maybe, li2.during)
    IS DISTINCT FROM (was.pos, was.name, was.code, was.day, was.at, was.n, was.f, was.u, was.maybe, was.during);
CREATE TABLE flags (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, rank int NOT NULL UNIQUE CHECK (rank IN (1, 2)));
INSERT INTO flags (slug, rank) VALUES ('a', 1), ('b', 2);
\set schema '{"tables": [{"name": "flags", "user_field": null}]}'
SELECT db_adapter.backup_document(:'schema') AS file \gset
UPDATE flags SET slug = 'c' WHERE slug = 'a';
UPDATE flags SET slug = 'a' WHERE slug = 'b';
UPDATE flags SET slug = 'b' WHERE slug = 'c';
SELECT updated, failed, failure_details -> 0 -> 'constraint' AS first FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT slug, rank FROM flags ORDER BY slug;

-- Rows that others refer to, of the same table and of one that follows, and one that is new.
CREATE TABLE nodes (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, pos int NOT NULL UNIQUE, up int REFERENCES nodes);
CREATE TABLE leaves (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, node_id int NOT NULL REFERENCES nodes);
INSERT INTO nodes (slug, pos, up) VALUES ('new', 1, NULL), ('a', 2, 1), ('b', 3, 2);
INSERT INTO leaves (slug, node_id) VALUES ('of new', 1), ('of a', 2), ('of b', 3);
\set schema '{"tables": [{"name": "nodes", "user_field": null, "optional_refs": [{"table": "nodes", "field": "up"}]}, {"name": "leaves", "user_field": null, "parent": {"table": "nodes", "field": "node_id"}, "match_parents": false}]}'
SELECT db_adapter.backup_document(:'schema') AS file \gset
TRUNCATE nodes, leaves;
INSERT INTO nodes (slug, pos) VALUES ('a', 3), ('b', 1);
SELECT "table", inserted, updated, failed, nulled_refs FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT n.slug, n.pos, u.slug AS up, l.slug AS leaf FROM nodes n LEFT JOIN nodes u ON u.id = n.up LEFT JOIN leaves l ON l.node_id = n.id ORDER BY n.pos;

-- Periods given by their ends, which an expression reads: traded, in a partitioned table too.
CREATE TABLE stays (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, begins timestamptz NOT NULL, ends timestamptz NOT NULL CHECK (ends > begins),
    EXCLUDE USING gist (tstzrange(begins, ends) WITH &&));
CREATE TABLE shifts (slug text NOT NULL, day int NOT NULL, place int NOT NULL, ordinal numeric(4) NOT NULL, UNIQUE (slug, day), UNIQUE (day, place)) PARTITION BY RANGE (day);
CREATE TABLE shifts_1 (place int NOT NULL, day int NOT NULL, ordinal numeric(4) NOT NULL, slug text NOT NULL);
ALTER TABLE shifts ATTACH PARTITION shifts_1 FOR VALUES FROM (1) TO (10);
CREATE UNIQUE INDEX ON shifts (day, (ordinal + 1));
INSERT INTO stays (slug, begins, ends) SELECT 's' || i, timestamptz '2024-01-01 00:00+00' + i * interval '1 day', timestamptz '2024-01-02 00:00+00' + i * interval '1 day' FROM generate_series(1, 3) i;
INSERT INTO shifts (slug, day, place, ordinal) SELECT 's' || i, 1, i, 10 * i FROM generate_series(1, 3) i;
\set schema '{"tables": [{"name": "stays", "user_field": null}, {"name": "shifts", "pk": null, "slug_field": ["slug", "day"], "user_field": null}]}'
SELECT db_adapter.backup_document(:'schema') AS file \gset
UPDATE stays SET slug = 'x' || slug;
UPDATE stays SET slug = 's' || (4 - right(slug, 1)::int);
UPDATE shifts SET slug = 'x' || slug;
UPDATE shifts SET slug = 's' || (4 - right(slug, 1)::int);
SELECT "table", updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT slug, begins AT TIME ZONE 'UTC' AS begins, ends AT TIME ZONE 'UTC' AS ends FROM stays ORDER BY slug;
SELECT slug, place, ordinal FROM shifts ORDER BY slug;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
