-- References whose row is missing, and that cannot be NULL: their row is left out, never led elsewhere.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;
CREATE TABLE p (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
CREATE TABLE r (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, p_id int NOT NULL, peer int NOT NULL, kind text, subject int NOT NULL);
\set schema '{"tables": [{"name": "p", "user_field": null}, {"name": "r", "user_field": null, "optional_refs": [{"table": "p", "field": "p_id"}, {"table": "r", "field": "peer"}, {"field": "subject", "type_field": "kind", "map": {"p": "p"}}]}]}'
INSERT INTO p (slug) VALUES ('a');
INSERT INTO r (slug, p_id, peer, kind, subject) VALUES ('whole', 1, 1, 'p', 1), ('no p', 99, 1, 'p', 1), ('no peer', 1, 99, 'p', 1), ('no subject', 1, 1, 'p', 99), ('unknown', 1, 1, 'q', 1);
SELECT db_adapter.backup_document(:'schema') AS file \gset
TRUNCATE p, r;
SELECT setval('p_id_seq', 98), setval('r_id_seq', 98);
INSERT INTO p (slug) VALUES ('victim');
INSERT INTO r (slug, p_id, peer, kind, subject) VALUES ('victim', 99, 99, 'p', 99), ('no p', 99, 99, 'p', 99);
SELECT "table", inserted, skipped, nulled_refs, jsonb_pretty(failure_details) AS details, notes FROM db_adapter.restore(:'file');
SELECT r.slug, p.slug AS p, peer.slug AS peer, r.kind, subject.slug AS subject FROM r LEFT JOIN p ON p.id = p_id LEFT JOIN r peer ON peer.id = r.peer LEFT JOIN p subject ON subject.id = r.subject ORDER BY 1;
-- overwritten they stay as they were
SELECT "table", updated, unchanged, skipped, failed, nulled_refs FROM db_adapter.restore(:'file', mode => 'overwrite');
SELECT r.slug, p.slug AS p, peer.slug AS peer, r.kind, subject.slug AS subject FROM r LEFT JOIN p ON p.id = p_id LEFT JOIN r peer ON peer.id = r.peer LEFT JOIN p subject ON subject.id = r.subject ORDER BY 1;
-- where NULL will do it is NULL
ALTER TABLE r ALTER p_id DROP NOT NULL, ALTER peer DROP NOT NULL, ALTER subject DROP NOT NULL;
TRUNCATE r;
SELECT "table", inserted, skipped, nulled_refs, failure_details, notes FROM db_adapter.restore(:'file');

-- of several columns the tenant's does not become NULL: it is no way to refer to nothing
CREATE TABLE docs (tenant text, id int, slug text NOT NULL, UNIQUE (tenant, id), UNIQUE (tenant, slug));
CREATE TABLE parts (tenant text, slug text NOT NULL, doc_id int NOT NULL, UNIQUE (tenant, slug));
\set docs '{"tables": [{"name": "docs", "pk": ["tenant", "id"], "user_field": "tenant"}, {"name": "parts", "pk": null, "user_field": "tenant", "optional_refs": [{"table": "docs", "field": ["tenant", "doc_id"]}]}]}'
INSERT INTO docs VALUES ('t', 1, 'x');
INSERT INTO parts VALUES ('t', 'whole', 1), ('t', 'no doc', 9);
SELECT db_adapter.backup_document(:'docs', user_id => 't') AS file \gset
INSERT INTO docs VALUES ('u', 9, 'theirs');
SELECT "table", inserted, skipped, nulled_refs, failure_details -> 0 ->> 'error' AS error FROM db_adapter.restore(:'file', user_id => 'u');
SELECT parts.*, docs.slug AS doc FROM parts LEFT JOIN docs USING (tenant) WHERE tenant = 'u' AND docs.id = doc_id;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
