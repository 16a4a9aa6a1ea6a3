-- Parts of a key that nothing draws and nothing refers to are data.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;

CREATE TABLE orders (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE lines (order_id int REFERENCES orders, line_no int, sku text NOT NULL, note text,
                    PRIMARY KEY (order_id, line_no), UNIQUE (order_id, sku));
\set schema '{"tables": [{"name": "orders", "user_field": null}, {"name": "lines", "pk": ["order_id", "line_no"], "slug_field": "sku", "user_field": null, "parent": {"table": "orders", "field": "order_id"}}]}'
CREATE FUNCTION lines() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(':', o.slug, l.line_no, l.sku, l.note), ' ' ORDER BY o.slug, l.sku)
    FROM public.lines l JOIN public.orders o ON o.id = l.order_id $$;
INSERT INTO orders (slug) VALUES ('o');
INSERT INTO lines SELECT 1, i, sku, 'n' FROM unnest('{a,b,c,d}'::text[]) WITH ORDINALITY AS u (sku, i);
SELECT db_adapter.backup_document(:'schema') AS file \gset
CREATE TABLE before AS SELECT * FROM db_adapter.digest_rows(:'schema', 'lines', NULL);

-- numbers traded, one gone, one new: seen by a digest, and written
UPDATE lines SET line_no = line_no + 10;
UPDATE lines SET line_no = 13 - line_no WHERE sku IN ('a', 'b');
UPDATE lines SET line_no = 3 WHERE sku = 'd';
DELETE FROM lines WHERE sku = 'c';
ALTER TABLE lines DROP CONSTRAINT lines_order_id_fkey, ADD FOREIGN KEY (order_id) REFERENCES orders ON UPDATE CASCADE;
UPDATE orders SET id = 7;
SELECT lines();
SELECT match_key, r.digest <> b.digest AS other FROM before b JOIN db_adapter.digest_rows(:'schema', 'lines', NULL) r USING (match_key) ORDER BY 1;
SELECT "table", inserted, updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT lines();
SELECT count(*) FROM before b JOIN db_adapter.digest_rows(:'schema', 'lines', NULL) r USING (match_key, digest);
-- a row that does not move keeps its number, and the other fails
INSERT INTO lines VALUES (7, 9, 'mine');
UPDATE lines SET line_no = 20 WHERE sku = 'a';
UPDATE lines SET line_no = 1 WHERE sku = 'mine';
SELECT "table", updated, failed, failure_details -> 0 ->> 'constraint' AS "constraint" FROM db_adapter.restore(:'file', mode => 'overwrite') WHERE "table" = 'lines';
SELECT lines();
-- skipping changes nothing
SELECT "table", updated, skipped FROM db_adapter.restore(:'file') WHERE "table" = 'lines';
SELECT lines();
-- rows to go let their numbers go
SELECT * FROM db_adapter.set_aside(:'schema', '{"lines": [{"sku": "mine", "order_id.slug": "o"}]}');
SELECT "table", updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite') WHERE "table" = 'lines';
DELETE FROM lines WHERE sku = 'mine';
SELECT lines();
-- two rows of the file that are one here
SELECT db_adapter.backup_document(:'schema') AS once \gset
ALTER TABLE lines DROP CONSTRAINT lines_order_id_sku_key;
INSERT INTO lines VALUES (7, 5, 'a', 'twice');
SELECT db_adapter.backup_document(:'schema') AS twice \gset
DELETE FROM lines WHERE line_no = 5;
ALTER TABLE lines ADD UNIQUE (order_id, sku);
SELECT "table", inserted, updated, failed, notes FROM db_adapter.restore(:'twice', mode => 'overwrite') WHERE "table" = 'lines';
SELECT lines();

-- where another value of the key cannot be written, as nothing else leads to the row: it says so
TRUNCATE lines;
SELECT "table", inserted FROM db_adapter.restore(:'file');
ALTER TABLE lines DROP CONSTRAINT lines_order_id_sku_key;
UPDATE lines SET line_no = 30, note = 'kept' WHERE sku = 'c';
SELECT "table", updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite') WHERE "table" = 'lines';
SELECT lines();
-- by a NULL in the match key, too; all the file has is updated
ALTER TABLE lines ADD UNIQUE (order_id, sku), ALTER sku DROP NOT NULL;
SELECT "table", updated, failed, failure_details -> 0 ->> 'error' AS error FROM db_adapter.restore(:'file', mode => 'overwrite') WHERE "table" = 'lines';

-- what refers to it, from in the schema or from outside, makes it an id again
TRUNCATE lines;
ALTER TABLE lines ALTER sku SET NOT NULL;
SELECT "table", inserted FROM db_adapter.restore(:'file');
UPDATE lines SET line_no = 30 WHERE sku = 'c';
CREATE TABLE outside (a int, b int, FOREIGN KEY (a, b) REFERENCES lines);
SELECT count(*) FROM before b JOIN db_adapter.digest_rows(:'schema', 'lines', NULL) r USING (match_key);
SELECT count(*) FROM before b JOIN db_adapter.digest_rows(:'schema', 'lines', NULL) r USING (match_key, digest);
SELECT "table", updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite') WHERE "table" = 'lines';
SELECT lines();
DROP TABLE outside;
SELECT "table", updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite') WHERE "table" = 'lines';
SELECT lines();

-- numbers of each tenant's own that children refer to stay ids; a name for a key is data
CREATE TABLE docs (tenant text, id int, slug text NOT NULL, PRIMARY KEY (tenant, id), UNIQUE (tenant, slug));
CREATE TABLE parts (tenant text, doc_id int, slug text, FOREIGN KEY (tenant, doc_id) REFERENCES docs, UNIQUE (tenant, doc_id, slug));
CREATE TABLE codes (code text PRIMARY KEY, label text UNIQUE NOT NULL);
\set docs '{"tables": [{"name": "docs", "pk": ["tenant", "id"], "user_field": "tenant"}, {"name": "parts", "pk": null, "user_field": "tenant", "match_parents": true, "parent": {"table": "docs", "field": ["tenant", "doc_id"]}}, {"name": "codes", "pk": "code", "slug_field": "label", "user_field": null}]}'
INSERT INTO docs VALUES ('t', 1, 'x'), ('t', 2, 'y');
INSERT INTO parts VALUES ('t', 1, 'px'), ('t', 2, 'py');
INSERT INTO codes VALUES ('A', 'one'), ('B', 'two');
SELECT db_adapter.backup_document(:'docs') AS file \gset
TRUNCATE docs, parts, codes;
INSERT INTO docs VALUES ('t', 2, 'x'), ('t', 1, 'y');
INSERT INTO codes VALUES ('A', 'two'), ('B', 'one');
SELECT "table", inserted, updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT d.id, d.slug, p.slug AS part FROM docs d JOIN parts p ON p.doc_id = d.id ORDER BY 1;
SELECT * FROM codes ORDER BY 1;

-- partitions, with columns in another order
CREATE TABLE split (k int, line_no int, sku text NOT NULL, PRIMARY KEY (k, line_no), UNIQUE (k, sku)) PARTITION BY LIST (k);
CREATE TABLE split1 (sku text NOT NULL, line_no int NOT NULL, k int NOT NULL);
ALTER TABLE split ATTACH PARTITION split1 FOR VALUES IN (1);
\set split '{"tables": [{"name": "split", "pk": ["k", "line_no"], "slug_field": ["k", "sku"], "user_field": null}]}'
INSERT INTO split VALUES (1, 1, 'a'), (1, 2, 'b');
SELECT db_adapter.backup_document(:'split') AS file \gset
TRUNCATE split;
INSERT INTO split VALUES (1, 2, 'a'), (1, 1, 'b');
SELECT "table", updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT * FROM split ORDER BY 1, 2;
CREATE TABLE outside (k int, line_no int, FOREIGN KEY (k, line_no) REFERENCES split1 (k, line_no));
TRUNCATE split, outside;
INSERT INTO split VALUES (1, 2, 'a'), (1, 1, 'b');
SELECT "table", updated, failed, failure_details FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT * FROM split ORDER BY 1, 2;

-- ids that something refers to and nothing draws, taken by another row: it says what would help
CREATE TABLE heads (id int PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE tails (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, head int NOT NULL REFERENCES heads);
\set heads '{"tables": [{"name": "heads", "user_field": null}, {"name": "tails", "user_field": null, "parent": {"table": "heads", "field": "head"}}]}'
INSERT INTO heads VALUES (1, 'a');
INSERT INTO tails (slug, head) VALUES ('t', 1);
SELECT db_adapter.backup_document(:'heads') AS file \gset
TRUNCATE heads, tails;
INSERT INTO heads VALUES (1, 'other');
SELECT "table", inserted, skipped, failed, failure_details -> 0 ->> 'hint' AS hint FROM db_adapter.restore(:'file');
ALTER TABLE heads ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
SELECT "table", inserted, skipped, failed, failure_details FROM db_adapter.restore(:'file');
-- rules write beside what is brought: they are named as triggers are
CREATE TABLE log (m text);
CREATE RULE also AS ON INSERT TO heads DO ALSO INSERT INTO log VALUES (NEW.slug);
CREATE RULE off AS ON UPDATE TO heads DO ALSO INSERT INTO log VALUES (NEW.slug);
ALTER TABLE heads DISABLE RULE off;
DELETE FROM tails;
DELETE FROM heads WHERE slug = 'a';
SELECT "table", inserted, notes FROM db_adapter.restore(:'file');
SELECT * FROM log;

-- and triggers of partitions, which the whole does not have
CREATE TABLE parted (k int PRIMARY KEY, v int) PARTITION BY LIST (k);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES IN (1);
CREATE FUNCTION adds() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := NEW.v + 100; RETURN NEW; END $$;
CREATE TRIGGER whole AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION adds();
\set parted '{"tables": [{"name": "parted", "pk": "k", "slug_field": null, "user_field": null}]}'
INSERT INTO parted VALUES (1, 1);
SELECT db_adapter.backup_document(:'parted') AS file \gset
TRUNCATE parted;
CREATE TRIGGER part BEFORE INSERT ON parted1 FOR EACH ROW EXECUTE FUNCTION adds();
SELECT inserted, notes FROM db_adapter.restore(:'file');
SELECT * FROM parted;

-- of a view nobody knows whether its keys are drawn
CREATE TABLE behind (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, v int);
CREATE VIEW seen AS SELECT * FROM behind;
\set seen '{"tables": [{"name": "seen", "user_field": null}]}'
INSERT INTO behind (slug, v) VALUES ('a', 1);
SELECT db_adapter.backup_document(:'seen') AS file \gset
UPDATE behind SET id = 5, v = 2;
SELECT updated, failed FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT * FROM behind;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
