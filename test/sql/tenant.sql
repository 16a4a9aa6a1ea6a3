-- Tenants that are rows of a table: how they are derived, named, saved and restored.
CREATE SCHEMA regress_tenant;
SET search_path = regress_tenant, public;
CREATE TABLE plans (id serial PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE orgs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, plan_id int NOT NULL REFERENCES plans, owner_id int, name text);
CREATE TABLE users (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, email text NOT NULL, UNIQUE (org_id, email));
ALTER TABLE orgs ADD FOREIGN KEY (owner_id) REFERENCES users;
CREATE TABLE labels (id serial PRIMARY KEY, org_id int REFERENCES orgs, name text NOT NULL, UNIQUE (org_id, name));
CREATE UNIQUE INDEX ON labels (name) WHERE org_id IS NULL;
CREATE TABLE tasks (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, title text NOT NULL, label_id int REFERENCES labels, UNIQUE (user_id, title));
INSERT INTO plans (code) VALUES ('free'), ('pro');
INSERT INTO orgs (slug, plan_id, name) VALUES ('acme', 2, 'Acme'), ('globex', 1, 'Globex');
INSERT INTO users (org_id, email) VALUES (1, 'a'), (2, 'a'), (1, 'b');
UPDATE orgs SET owner_id = id;
INSERT INTO labels (org_id, name) VALUES (NULL, 'global'), (1, 'red'), (2, 'red');
INSERT INTO tasks (user_id, title, label_id) VALUES (1, 't1', 1), (1, 't2', 2), (2, 't1', 3), (3, 't3', NULL);

SELECT db_adapter.derive_backup_schema(root => 'orgs') AS schema \gset
SELECT jsonb_pretty(:'schema');
SELECT severity, "table", message FROM db_adapter.check_backup_schema(:'schema') ORDER BY 2, 1, 3;

CREATE FUNCTION lines(document text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line FROM regexp_split_to_table(document, '\n') WITH ORDINALITY AS l (line, n) WHERE n > 1 AND line !~ '^{"end"' AND line <> '' ORDER BY n $$;
CREATE FUNCTION content(name text) RETURNS TABLE (plan text, owner text, email text, title text, label text, label_of text) LANGUAGE sql AS $$
    SELECT p.code, w.email, u.email, t.title, l.name, lo.slug = o.slug FROM orgs o JOIN plans p ON p.id = plan_id LEFT JOIN users w ON w.id = owner_id
      LEFT JOIN users u ON u.org_id = o.id LEFT JOIN tasks t ON t.user_id = u.id LEFT JOIN labels l ON l.id = label_id LEFT JOIN orgs lo ON lo.id = l.org_id
     WHERE o.slug = content.name ORDER BY 1, 2, 3, 4 $$;

-- A tenant is called by the match key, or by columns that are unique.
SELECT lines(db_adapter.backup_document(:'schema', 'acme'));
SELECT db_adapter.backup_document(:'schema', 'acme')::text ~ '"version":"2.1","metadata":{[^}]*"user_id":"acme"' AS "2.1";
SELECT count(*) FROM lines(db_adapter.backup_document(:'schema', '{"id": 1}')) AS l, lines(db_adapter.backup_document(:'schema', 'acme')) AS m WHERE l = m;
SELECT db_adapter.backup_document(:'schema', '{"id": 1}')::text ~ '"user_id":"acme"' AS "by its name";
SELECT db_adapter.backup_document(:'schema', 'nobody');
SELECT db_adapter.backup_document(:'schema', '1');
SELECT db_adapter.backup_document(:'schema', '{"id": 99}');
SELECT db_adapter.backup_document(:'schema', '{"name": "Acme"}') <> '' AS saved;
UPDATE orgs SET name = 'Acme';
SELECT db_adapter.backup_document(:'schema', '{"name": "Acme"}');
UPDATE orgs SET name = 'Globex' WHERE slug = 'globex';
SELECT db_adapter.backup_document(:'schema', '{"nam": "Acme"}');
SELECT db_adapter.backup_document(:'schema', '{}');
SELECT db_adapter.backup_document(:'schema', '{"id": 1');
SELECT db_adapter.backup_document(:'schema', 'acme', format => 'json');
SELECT db_adapter.delete_rows(:'schema', '{}', 'nobody');

-- A row that refers to another tenant's.
BEGIN;
UPDATE tasks SET label_id = 3 WHERE title = 't3';
UPDATE orgs SET owner_id = 2 WHERE id = 1;
SELECT line FROM lines(db_adapter.backup_document(:'schema', 'acme', on_leak => 'drop')) AS line WHERE line ~ 't3|acme';
SELECT db_adapter.backup_document(:'schema', 'acme') ~ '"leaks":{"regress_tenant.orgs":1,"regress_tenant.tasks":1}' AS counted;
SELECT db_adapter.backup_document(:'schema', 'acme', on_leak => 'error');
ROLLBACK;

-- Digests, of a tenant who is not there too.
SELECT t, match_key FROM unnest('{orgs,users,labels,tasks}'::text[]) AS t, db_adapter.digest_rows(:'schema', 'regress_tenant.' || t, NULL, 'acme') ORDER BY 1, 2::text;
SELECT count(*) FROM unnest('{orgs,users,labels,tasks}'::text[]) AS t, db_adapter.digest_rows(:'schema', 'regress_tenant.' || t, NULL, 'nobody');
SELECT count(*) FROM unnest('{orgs,users,labels,tasks}'::text[]) AS t, db_adapter.digest(:'schema', 'regress_tenant.' || t, 'nobody');

-- A tenant is made under the name asked for, and found again.
SELECT db_adapter.backup_document(:'schema', 'acme') AS file \gset
SELECT "table", inserted, skipped, failed, nulled_refs, notes FROM db_adapter.restore(:'file', user_id => 'initech', backup_schema => :'schema');
SELECT * FROM content('initech');
SELECT "table", inserted, updated, skipped, failed, nulled_refs, notes FROM db_adapter.restore(:'file', user_id => 'initech', backup_schema => :'schema', mode => 'overwrite');
SELECT "table", inserted, skipped, failed, nulled_refs, notes FROM db_adapter.restore(:'file');
SELECT * FROM content('initech');
SELECT slug, name FROM orgs ORDER BY id;
-- Into one who is here: his own columns change in mode overwrite alone, and never what names him.
BEGIN;
SELECT "table", inserted, skipped, failed, notes FROM db_adapter.restore(:'file', user_id => '{"id": 2}', backup_schema => :'schema');
SELECT slug, plan_id, owner_id, name FROM orgs WHERE id = 2;
SELECT "table", inserted, updated, skipped, failed, notes FROM db_adapter.restore(:'file', user_id => '{"id": 2}', backup_schema => :'schema', mode => 'overwrite');
SELECT slug, plan_id, name, owner_id = (SELECT id FROM users WHERE org_id = 2 AND email = 'a') AS owned FROM orgs WHERE id = 2;
SELECT count(*) FROM (SELECT * FROM content('acme') EXCEPT SELECT * FROM content('globex')) AS missing;
ROLLBACK;
SELECT * FROM db_adapter.restore(:'file', user_id => '{"id": 99}', backup_schema => :'schema');
-- A plan that is missing here costs a new tenant his rows, and one who is found nothing.
BEGIN;
UPDATE plans SET code = 'other' WHERE code = 'pro';
SELECT "table", inserted, updated, skipped, failed, notes FROM db_adapter.restore(:'file', user_id => 'globex', backup_schema => :'schema', mode => 'overwrite');
SELECT "table", inserted, updated, skipped, failed, notes FROM db_adapter.restore(:'file', user_id => 'umbrella', backup_schema => :'schema');
ROLLBACK;
-- Rows that are nobody's are only found.
BEGIN;
UPDATE labels SET name = 'everyone''s' WHERE org_id IS NULL;
SELECT "table", inserted, skipped, nulled_refs, notes, failure_details -> 0 ->> 'error' AS first FROM db_adapter.restore(:'file', user_id => 'umbrella', backup_schema => :'schema') WHERE "table" ~ 'labels|tasks';
SELECT * FROM content('umbrella');
ROLLBACK;

-- Several tenants, and a file whose own schema says who they are.
SELECT db_adapter.backup_document(:'schema') AS all \gset
SELECT * FROM db_adapter.restore(:'all', user_id => 'umbrella', backup_schema => :'schema');
SELECT * FROM db_adapter.restore(:'file', user_id => 'umbrella');
SELECT "table", inserted, skipped, failed, notes FROM db_adapter.restore(:'all');

-- A tenant column that holds ids of an ordinary table's rows: mapped, not copied.
CREATE SCHEMA regress_tenant2;
CREATE TABLE regress_tenant2.orgs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE regress_tenant2.members (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES regress_tenant2.orgs, slug text NOT NULL, UNIQUE (org_id, slug));
CREATE TABLE regress_tenant2.notes (id serial PRIMARY KEY, member_id int REFERENCES regress_tenant2.members, slug text NOT NULL UNIQUE);
INSERT INTO regress_tenant2.orgs (slug) VALUES ('one'), ('two');
INSERT INTO regress_tenant2.members (org_id, slug) VALUES (1, 'm'), (2, 'm');
INSERT INTO regress_tenant2.notes (member_id, slug) VALUES (1, 'of one'), (2, 'of two'), (NULL, 'nobody''s');
\set users '{"tables": [{"name": "regress_tenant2.orgs", "user_field": null}, {"name": "regress_tenant2.members", "user_field": "org_id"}, {"name": "regress_tenant2.notes", "user_field": null, "optional_refs": [{"table": "regress_tenant2.members", "field": "member_id"}]}]}'
-- Rows of another tenant that reach theirs by an optional reference stay away.
SELECT line FROM lines(db_adapter.backup_document(:'users', '1')) AS line WHERE line ~ 'of |nobody';
SELECT severity, "table", message FROM db_adapter.check_backup_schema(:'users') ORDER BY 2, 1, 3;
SELECT db_adapter.backup_document(:'users') AS file \gset
SELECT jsonb_path_query(split_part(:'file', E'\n', 1)::jsonb, '$.backup_schema.tables[1].parents');
SELECT match_key FROM db_adapter.digest_rows(:'users', 'regress_tenant2.members', NULL) ORDER BY match_key::text;
SELECT match_key FROM db_adapter.digest_rows(:'users', 'regress_tenant2.members', NULL, '1') ORDER BY match_key::text;
TRUNCATE regress_tenant2.orgs, regress_tenant2.members, regress_tenant2.notes RESTART IDENTITY;
INSERT INTO regress_tenant2.orgs (slug) VALUES ('other'), ('two');
SELECT "table", inserted, skipped, failed, nulled_refs FROM db_adapter.restore(:'file');
SELECT o.slug, m.slug, n.slug FROM regress_tenant2.orgs o LEFT JOIN regress_tenant2.members m ON org_id = o.id FULL JOIN regress_tenant2.notes n ON member_id = m.id ORDER BY 1, 2, 3;
-- The caller's word goes before the file's; the row goes to none but him.
SELECT "table", inserted, skipped, failed FROM db_adapter.restore(:'file', user_id => '1', backup_schema => :'users');
SELECT o.slug, m.slug FROM regress_tenant2.members m JOIN regress_tenant2.orgs o ON o.id = org_id ORDER BY 1, 2;
-- What cannot be mapped is refused.
SELECT db_adapter.backup_document('{"tables": [{"name": "regress_tenant2.members", "user_field": "org_id"}, {"name": "regress_tenant2.orgs", "user_field": null}]}');
ALTER TABLE regress_tenant2.orgs ADD owner_id int REFERENCES regress_tenant2.members;
SELECT db_adapter.backup_document('{"tables": [{"name": "regress_tenant2.orgs", "user_field": null, "optional_refs": [{"table": "regress_tenant2.members", "field": "owner_id"}]}, {"name": "regress_tenant2.members", "user_field": "org_id"}]}');
SELECT db_adapter.backup_document('{"tables": [{"name": "regress_tenant2.orgs", "user_field": "id"}, {"name": "regress_tenant2.members", "user_field": "org_id"}]}');
SELECT severity, message FROM db_adapter.check_backup_schema('{"tables": [{"name": "regress_tenant2.orgs", "user_field": "id"}]}') WHERE severity = 'error';

-- Members that contradict themselves.
CREATE FUNCTION refusal(schema text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; hint text;
BEGIN
    PERFORM db_adapter.backup_document(schema::jsonb);
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' / ', SQLSTATE, message, nullif(hint, ''));
END $$;
SELECT refusal('{"tenant": "orgs", "tables": [{"name": "regress_tenant.orgs"}]}');
SELECT refusal('{"tenant": {}, "tables": [{"name": "regress_tenant.orgs"}]}');
SELECT refusal('{"tenant": {"table": "regress_tenant.orgs", "field": "id"}, "tables": [{"name": "regress_tenant.orgs"}]}');
SELECT refusal('{"tenant": {"table": "regress_tenant.org"}, "tables": [{"name": "regress_tenant.orgs"}]}');
SELECT refusal('{"tenant": {"table": "regress_tenant.orgs"}, "tables": [{"name": "regress_tenant.orgs", "slug_field": null}]}');
SELECT refusal('{"tenant": {"table": "regress_tenant.orgs"}, "tables": [{"name": "regress_tenant.orgs", "lookup": true}]}');
SELECT refusal('{"tenant": {"table": "regress_tenant.orgs"}, "tables": [{"name": "regress_tenant.orgs"}, {"name": "regress_tenant.users", "slug_field": "email", "user_field": "org_id"}]}');
\set astray '{"tenant": {"table": "regress_tenant.orgs"}, "tables": [{"name": "regress_tenant.plans", "slug_field": "code"}, {"name": "regress_tenant.orgs", "parents": [{"table": "regress_tenant.plans", "field": "plan_id"}]}]}'
SELECT refusal(:'astray');
SELECT severity, "table", message FROM db_adapter.check_backup_schema(:'astray') WHERE severity = 'error';

DROP SCHEMA regress_tenant2 CASCADE;
DROP SCHEMA regress_tenant CASCADE;
