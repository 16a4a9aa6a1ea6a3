-- References that lead out of a backup schema: what is derived, checked, written and refused.
CREATE SCHEMA regress_lookups;
SET search_path = regress_lookups, public;
CREATE TABLE plans (id serial PRIMARY KEY, code text NOT NULL UNIQUE, title text UNIQUE, price int);
CREATE TABLE countries (id serial PRIMARY KEY, iso text NOT NULL UNIQUE);
CREATE TABLE cities (id serial PRIMARY KEY, country_id int NOT NULL REFERENCES countries, name text NOT NULL, UNIQUE (country_id, name));
CREATE TABLE odd (id serial PRIMARY KEY, number int NOT NULL, note text UNIQUE);
CREATE TABLE files (id uuid PRIMARY KEY, name text);
CREATE TABLE loops (id serial PRIMARY KEY, up int NOT NULL REFERENCES loops, name text NOT NULL, UNIQUE (up, name));
CREATE TABLE orgs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE tasks (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, slug text NOT NULL, plan_id int NOT NULL REFERENCES plans, plan_code text REFERENCES plans (code), city_id int REFERENCES cities,
    odd_id int REFERENCES odd, file_id uuid REFERENCES files, loop_id int REFERENCES loops, UNIQUE (org_id, slug));
CREATE TABLE steps (id serial PRIMARY KEY, task_id int NOT NULL REFERENCES tasks, n int NOT NULL, plan_id int NOT NULL REFERENCES plans, UNIQUE (task_id, plan_id, n));
CREATE TABLE watchers (task_id int NOT NULL REFERENCES tasks ON DELETE CASCADE, who text NOT NULL, PRIMARY KEY (task_id, who));

SELECT jsonb_pretty(t) FROM jsonb_array_elements(db_adapter.derive_backup_schema(tables => '{tasks,steps}') -> 'tables') WITH ORDINALITY AS t (t, n) ORDER BY n;
SELECT db_adapter.derive_backup_schema(tables => '{tasks,steps}') AS derived \gset
SELECT severity, "table", message FROM db_adapter.check_backup_schema(:'derived') ORDER BY 2, 1, 3;
-- The same without lookups: what will become of each foreign key.
SELECT severity, "table", message FROM db_adapter.check_backup_schema('{"tables": [{"name": "regress_lookups.tasks", "user_field": "org_id"}]}') ORDER BY 2, 1, 3;
SELECT severity, "table", message FROM db_adapter.check_backup_schema('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null, "lookup": "create"},
    {"name": "regress_lookups.tasks", "user_field": "org_id", "optional_refs": [{"table": "odd", "field": "odd_id", "raw": true}, {"table": "regress_lookups.plans", "field": "plan_code", "to": "code"}]}]}')
    WHERE message ~ 'raw|looked up by' ORDER BY 2, 1, 3;

-- What a file has of them.
INSERT INTO plans (code, price) VALUES ('free', 0), ('pro', 9), ('unused', 99);
INSERT INTO countries (iso) VALUES ('de'), ('fr');
INSERT INTO cities (country_id, name) VALUES (1, 'Bonn'), (2, 'Paris');
INSERT INTO orgs (slug) VALUES ('a'), ('b');
INSERT INTO tasks (org_id, slug, plan_id, plan_code, city_id) VALUES (1, 'x', 2, 'pro', 2), (2, 'y', 1, 'free', 1);
INSERT INTO steps (task_id, n, plan_id) VALUES (1, 1, 2);
CREATE FUNCTION lines(document text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line FROM regexp_split_to_table(document, '\n') WITH ORDINALITY AS l (line, n) WHERE n > 1 AND line !~ '^{"end"' AND line <> '' ORDER BY n $$;
SET client_min_messages = error;
SELECT lines(db_adapter.backup_document(:'derived'));
-- Of filtered rows, what these refer to.
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "regress_lookups.tasks", "user_field": null}]}', filters => '{"regress_lookups.tasks": {"slug": "x"}}')) line WHERE line !~ '"table"';
-- Made where they are not found, they travel whole.
SELECT line FROM lines(db_adapter.backup_document('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null, "lookup": "create"}, {"name": "regress_lookups.tasks", "user_field": "org_id", "parents": [{"table": "regress_lookups.plans", "field": "plan_id"}]}]}', '1')) line WHERE line ~ 'plans|"code"';
-- A role that may not read them copies, with a warning.
RESET client_min_messages;
CREATE ROLE regress_lookups_reader;
GRANT USAGE ON SCHEMA regress_lookups TO regress_lookups_reader;
GRANT SELECT ON tasks TO regress_lookups_reader;
SET ROLE regress_lookups_reader;
SELECT count(*) FROM lines(db_adapter.backup_document('{"tables": [{"name": "regress_lookups.tasks", "user_field": "org_id"}]}', '1'));
RESET ROLE;
-- Rows that policies hide would be missing.
ALTER TABLE plans ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON plans TO regress_lookups_reader;
SET ROLE regress_lookups_reader;
SELECT db_adapter.backup_document('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null, "lookup": true}, {"name": "regress_lookups.tasks", "user_field": "org_id", "parents": [{"table": "regress_lookups.plans", "field": "plan_id"}]}]}', '1');
RESET ROLE;
ALTER TABLE plans DISABLE ROW LEVEL SECURITY;

-- Members that contradict themselves.
CREATE FUNCTION refusal(schema text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text;
BEGIN
    PERFORM db_adapter.backup_document(schema::jsonb);
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' / ', SQLSTATE, message, nullif(detail, ''));
END $$;
SELECT refusal('{"tables": [{"name": "regress_lookups.plans", "slug_field": null, "user_field": null, "lookup": true}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null, "lookup": "make"}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.tasks", "user_field": null, "optional_refs": [{"field": "odd_id", "raw": true}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.tasks", "user_field": null, "optional_refs": [{"field": "odd_id", "raw": 1, "table": "x"}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": null, "optional_refs": [{"field": "plan_code", "table": "regress_lookups.plans", "to": ["code", "id"]}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": null, "optional_refs": [{"field": "plan_code", "table": "regress_lookups.plans", "to": "cod"}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.loops", "slug_field": "name", "user_field": null, "optional_refs": [{"field": "up", "table": "regress_lookups.loops", "to": "name"}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.tasks", "user_field": null, "optional_refs": [{"field": "odd_id", "table": "odd", "to": "id", "type_field": "slug", "map": {"a": "odd"}}]}]}');

-- Foreign keys between tables of the schema, of which it does not speak: ids of this database.
\set inside '{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": null}]}'
SELECT severity, "table", message FROM db_adapter.check_backup_schema(:'inside') WHERE message ~ 'plan_' ORDER BY 2, 1, 3;
SELECT db_adapter.backup_document(:'inside');
SELECT db_adapter.backup_document(:'inside', format => 'json');
SELECT db_adapter.backup_document(:'inside', keys => '{}');
SELECT * FROM db_adapter.digest(:'inside', 'regress_lookups.tasks');
SELECT * FROM db_adapter.digest_rows(:'inside', 'regress_lookups.tasks', NULL);
-- Of other tables it counts where it is part of what names their rows.
SELECT count(*) > 0 AS digested FROM db_adapter.digest(:'inside', 'regress_lookups.plans');
SELECT db_adapter.digest('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": null, "slug_field": ["plan_id", "slug"]},
    {"name": "regress_lookups.steps", "slug_field": "n", "user_field": null, "parents": [{"table": "regress_lookups.tasks", "field": "task_id"}]}]}', 'regress_lookups.steps');
-- What stands later, and what leads to its own table.
SELECT refusal('{"tables": [{"name": "regress_lookups.tasks", "user_field": null}, {"name": "regress_lookups.plans", "slug_field": "code", "user_field": null, "lookup": true}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.loops", "slug_field": "name", "user_field": null}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.loops", "slug_field": "name", "user_field": null, "lookup": "create"}]}');
-- A key that holds a reference itself is as little the same elsewhere.
CREATE TABLE holders (task_id int PRIMARY KEY REFERENCES tasks);
CREATE TABLE items (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, holder_id int REFERENCES holders);
SELECT refusal('{"tables": [{"name": "regress_lookups.tasks", "user_field": "org_id"}, {"name": "regress_lookups.holders", "pk": "task_id", "slug_field": "task_id", "user_field": null, "parents": [{"table": "regress_lookups.tasks", "field": "task_id"}]},
    {"name": "regress_lookups.items", "user_field": null}]}');
SET client_min_messages = error;
-- Declared, raw, or the tenant's: nothing is refused.  Neither is a reference by what names the row.
SELECT refusal('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": null, "parents": [{"table": "regress_lookups.plans", "field": "plan_id"}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.plans", "slug_field": "code", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": null, "optional_refs": [{"table": "regress_lookups.plans", "field": "plan_id", "raw": true}]}]}');
SELECT refusal('{"tables": [{"name": "regress_lookups.orgs", "slug_field": "slug", "user_field": null}, {"name": "regress_lookups.tasks", "user_field": "org_id"}]}');
RESET client_min_messages;

DROP SCHEMA regress_lookups CASCADE;
DROP ROLE regress_lookups_reader;
