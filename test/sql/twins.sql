-- Rows that hold the same, and that others refer to: where a reference leads cannot be told, which is said.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;
CREATE TABLE inv (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE line (id serial PRIMARY KEY, inv_id int NOT NULL REFERENCES inv, what text, tags json);
CREATE TABLE disc (id serial PRIMARY KEY, line_id int NOT NULL REFERENCES line, n int);
CREATE TABLE tree (id serial PRIMARY KEY, inv_id int NOT NULL REFERENCES inv, up int REFERENCES tree, what text);
SELECT db_adapter.derive_backup_schema() AS schema \gset
INSERT INTO inv (slug) VALUES ('i'), ('j');
INSERT INTO line (inv_id, what, tags) VALUES (1, 'x', '[]'), (1, 'y', NULL), (1, 'x', '[1]'), (2, 'x', '[]');
INSERT INTO disc (line_id, n) VALUES (1, 1), (2, 1);
INSERT INTO tree (inv_id, up, what) VALUES (1, NULL, 'root'), (1, 1, 'a'), (1, 1, 'b');
-- each is the only one
SELECT sum(rows) FROM db_adapter.digest(:'schema', 'line');
SELECT sum(rows) FROM db_adapter.digest(:'schema', 'tree');
SELECT match_key -> 'n' AS n FROM db_adapter.digest_rows(:'schema', 'disc', NULL) ORDER BY 1;
SELECT jsonb_build_object('disc', jsonb_agg(match_key)) AS keys FROM db_adapter.digest_rows(:'schema', 'disc', NULL) \gset
SELECT db_adapter.backup_document(:'schema', keys => :'keys') AS file \gset
TRUNCATE disc;
SELECT "table", inserted, skipped, notes FROM db_adapter.restore(:'file') WHERE "table" IN ('line', 'disc');
-- one has a twin, to which nothing refers: what does could as well
INSERT INTO line (inv_id, what, tags) VALUES (1, 'x', '[]');
SELECT sum(rows) FROM db_adapter.digest(:'schema', 'line');
SELECT sum(rows) FROM db_adapter.digest(:'schema', 'disc');
TRUNCATE disc;
SELECT "table", inserted, skipped, notes FROM db_adapter.restore(:'file') WHERE "table" IN ('line', 'disc');
-- twins to which nothing refers are nobody's affair
INSERT INTO line (inv_id, what, tags) SELECT 2, 'z', '[]' FROM generate_series(1, 2);
DELETE FROM disc WHERE line_id = (SELECT min(id) FROM line WHERE what = 'x');
SELECT sum(rows) FROM db_adapter.digest(:'schema', 'line');
-- of a tree, too
INSERT INTO tree (inv_id, up, what) VALUES (1, NULL, 'root');
SELECT sum(rows) FROM db_adapter.digest(:'schema', 'tree');

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
