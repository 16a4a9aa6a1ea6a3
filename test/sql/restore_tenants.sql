-- Files of all tenants whose ids repeat: a reference leads to the row of its own tenant, or is refused.
SET client_min_messages = warning;
CREATE SCHEMA ts;
SET search_path = ts;

-- The key is unique with the tenant, and declared without it.
CREATE TABLE lists (tenant text NOT NULL, id int NOT NULL, slug text NOT NULL, above int, PRIMARY KEY (tenant, id), UNIQUE (tenant, slug),
    FOREIGN KEY (tenant, above) REFERENCES lists);
CREATE TABLE items (id serial PRIMARY KEY, tenant text NOT NULL, list_id int NOT NULL, slug text NOT NULL, UNIQUE (tenant, slug),
    FOREIGN KEY (tenant, list_id) REFERENCES lists);
CREATE TABLE marks (id serial PRIMARY KEY, tenant text NOT NULL, slug text NOT NULL, kind text, ref_id int, UNIQUE (tenant, slug));
\set schema '{"tables": [{"name": "ts.lists", "user_field": "tenant", "optional_refs": [{"table": "ts.lists", "field": "above"}]}, {"name": "ts.items", "user_field": "tenant", "parents": [{"table": "ts.lists", "field": "list_id"}]}, {"name": "ts.marks", "user_field": "tenant", "optional_refs": [{"map": {"list": "ts.lists", "item": "ts.items"}, "type_field": "kind", "field": "ref_id"}]}]}'
\set lists 'SELECT tenant, id, slug, above FROM lists ORDER BY 1, 2'
\set items 'SELECT i.tenant, i.slug, l.slug AS list, i.list_id FROM items i LEFT JOIN lists l ON l.tenant = i.tenant AND l.id = i.list_id ORDER BY 1, 2'
INSERT INTO lists VALUES ('a', 1, 'a one', 2), ('a', 2, 'a two', NULL), ('b', 1, 'b one', NULL), ('b', 2, 'b two', 1), ('c', 3, 'c three', NULL);
INSERT INTO items (tenant, list_id, slug) VALUES ('a', 1, 'i'), ('a', 2, 'j'), ('b', 1, 'k'), ('b', 2, 'l');
INSERT INTO marks (tenant, slug, kind, ref_id) VALUES ('a', 'm', 'list', 1), ('b', 'm', 'list', 1), ('b', 'n', 'item', 3), ('b', 'o', 'list', 3);
SELECT db_adapter.backup_document(:'schema') AS file \gset
TRUNCATE lists, items, marks;
-- The tenants have other ids here.
INSERT INTO lists VALUES ('a', 71, 'a one', NULL), ('b', 81, 'b one', NULL), ('b', 82, 'b two', NULL);
SELECT "table", inserted, updated, skipped, failed, nulled_refs FROM db_adapter.restore(:'file', mode => 'overwrite');
:lists;
:items;
-- the list 3 of tenant c is no list of b's
SELECT m.tenant, m.slug, kind, coalesce(l.slug, i.slug) AS leads_to, coalesce(l.tenant, i.tenant) AS of
    FROM marks m LEFT JOIN lists l ON kind = 'list' AND l.tenant = m.tenant AND l.id = ref_id
    LEFT JOIN items i ON kind = 'item' AND i.id = ref_id ORDER BY 1, 2;
SELECT "table", inserted, updated, skipped, failed, nulled_refs FROM db_adapter.restore(:'file');
-- Digests and chosen rows go the same ways.
SELECT match_key FROM db_adapter.digest_rows(:'schema', 'ts.items', NULL) ORDER BY 1;
SELECT db_adapter.backup_document(:'schema', keys => '{"ts.items": [{"tenant": "b", "slug": "k"}]}') AS chosen \gset
SELECT line FROM regexp_split_to_table(:'chosen', E'\n') WITH ORDINALITY AS l (line, n) WHERE line ~ '^{"(table|id|tenant)"' ORDER BY n;
-- All of them given to one tenant: what they refer to is still told by whose they were.
TRUNCATE lists, items, marks;
INSERT INTO lists VALUES ('z', 5, 'a one', NULL), ('z', 6, 'a two', NULL), ('z', 7, 'b one', NULL), ('z', 8, 'b two', NULL), ('z', 9, 'c three', NULL);
SELECT "table", inserted, updated, skipped, failed, nulled_refs FROM db_adapter.restore(:'file', user_id => 'z', mode => 'overwrite');
:lists;
SELECT i.slug, l.slug AS list FROM items i JOIN lists l ON l.id = list_id ORDER BY 1;

-- The standard layout: every foreign key holds the tenant column.
CREATE TABLE accounts (account_id bigint NOT NULL, id bigint NOT NULL, name text NOT NULL, PRIMARY KEY (account_id, id), UNIQUE (account_id, name));
CREATE TABLE campaigns (account_id bigint NOT NULL, id bigint NOT NULL, owner_id bigint NOT NULL, name text NOT NULL, PRIMARY KEY (account_id, id),
    UNIQUE (account_id, name), FOREIGN KEY (account_id, owner_id) REFERENCES accounts);
CREATE TABLE clicks (account_id bigint NOT NULL, id bigint NOT NULL, campaign_id bigint NOT NULL, url text NOT NULL, PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, campaign_id) REFERENCES campaigns);
INSERT INTO accounts SELECT a, i, 'n' || i FROM generate_series(1, 2) a, generate_series(1, 2) i;
INSERT INTO campaigns SELECT a, i, a, 'c' || i FROM generate_series(1, 2) a, generate_series(1, 2) i;
INSERT INTO clicks SELECT a, i, i, 'u' || a || i FROM generate_series(1, 2) a, generate_series(1, 2) i;
SELECT replace(db_adapter.derive_backup_schema('{accounts,campaigns,clicks}')::text, '"user_field": null', '"user_field": "account_id"') AS derived \gset
SELECT t -> 'name' AS name, t -> 'pk' AS pk, t -> 'parents' AS parents FROM jsonb_array_elements(:'derived'::jsonb -> 'tables') t;
SELECT db_adapter.backup_document(:'derived') AS file \gset
\set joined 'SELECT account_id, k.id, url, c.name, owner_id FROM clicks k JOIN campaigns c USING (account_id) WHERE c.id = campaign_id'
CREATE TEMP TABLE before AS :joined;
TRUNCATE accounts, campaigns, clicks;
SELECT "table", inserted, failed, nulled_refs FROM db_adapter.restore(:'file');
SELECT count(*) FROM (:joined INTERSECT SELECT * FROM before) AS same;
SELECT "table", inserted, skipped, failed, nulled_refs FROM db_adapter.restore(:'file');
\set bare '{"tables": [{"name": "ts.accounts", "slug_field": "name", "user_field": "account_id"}, {"name": "ts.campaigns", "slug_field": "name", "user_field": "account_id", "parents": [{"table": "ts.accounts", "field": "owner_id"}]}, {"name": "ts.clicks", "slug_field": "url", "user_field": "account_id", "parents": [{"table": "ts.campaigns", "field": "campaign_id"}]}]}'
SELECT db_adapter.backup_document(:'bare') AS file \gset
TRUNCATE accounts, campaigns, clicks;
SELECT "table", inserted, failed, nulled_refs FROM db_adapter.restore(:'file');
SELECT count(*) FROM (:joined INTERSECT SELECT * FROM before) AS same;

-- What refers to such a key without a tenant of its own could mean either row: the whole is refused.
CREATE TABLE notes (id serial PRIMARY KEY, list_id int NOT NULL, slug text UNIQUE NOT NULL);
\set either '{"tables": [{"name": "ts.lists", "user_field": "tenant", "optional_refs": [{"table": "ts.lists", "field": "above"}]}, {"name": "ts.notes", "user_field": null, "parents": [{"table": "ts.lists", "field": "list_id"}]}]}'
TRUNCATE lists, items;
INSERT INTO lists VALUES ('a', 1, 'a', NULL), ('b', 1, 'b', NULL), ('c', 2, 'c', NULL);
INSERT INTO notes (list_id, slug) VALUES (1, 'n');
SELECT db_adapter.backup_document(:'either') AS file \gset
TRUNCATE lists, items, notes;
INSERT INTO lists VALUES ('a', 1, 'a', NULL), ('b', 7, 'b', NULL);
SELECT "table", inserted FROM db_adapter.restore(:'file');
SELECT count(*) FROM notes;
-- Keys that only the file repeats, and a row that this database refuses because of it.
CREATE TABLE docs (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, UNIQUE (user_id, slug));
CREATE TABLE lines (id serial PRIMARY KEY, user_id text NOT NULL, doc_id int NOT NULL REFERENCES docs, slug text NOT NULL, UNIQUE (user_id, slug));
\set docs '{"tables": [{"name": "ts.docs"}, {"name": "ts.lines", "parents": [{"table": "ts.docs", "field": "doc_id"}]}]}'
INSERT INTO docs (user_id, slug) VALUES ('a', 'd'), ('b', 'd');
INSERT INTO lines (user_id, doc_id, slug) VALUES ('a', 1, 'l'), ('b', 2, 'l');
SELECT replace(replace(db_adapter.backup_document(:'docs'), '{"id":2,', '{"id":1,'), '"doc_id":2', '"doc_id":1') AS file \gset
TRUNCATE docs, lines;
SELECT "table", inserted FROM db_adapter.restore(:'file', accept_damaged => true);
SELECT "table", inserted FROM db_adapter.restore(:'file', ids => 'keep', accept_damaged => true);
SELECT count(*) FROM docs;

DROP SCHEMA ts CASCADE;
