-- What a restore would do, told before it is done: nothing is written, no number is drawn.
SET client_min_messages = warning;
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE TABLE projects (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text, lead_id int, UNIQUE (user_id, slug));
CREATE TABLE tasks (id serial PRIMARY KEY, project_id int NOT NULL REFERENCES projects, n int NOT NULL, title text, UNIQUE (project_id, n));
CREATE TABLE notes (id serial PRIMARY KEY, task_id int NOT NULL REFERENCES tasks, body text, at timestamptz DEFAULT now());
CREATE TABLE people (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, boss_id int REFERENCES people, project_id int REFERENCES projects, UNIQUE (user_id, slug));
ALTER TABLE projects ADD FOREIGN KEY (lead_id) REFERENCES people;
\set schema '{"tables": [{"name": "projects", "optional_refs": [{"table": "people", "field": "lead_id"}]}, {"name": "people", "optional_refs": [{"table": "people", "field": "boss_id"}, {"table": "projects", "field": "project_id"}]}, {"name": "tasks", "slug_field": "n", "match_parents": true, "user_field": null, "parents": [{"table": "projects", "field": "project_id"}]}, {"name": "notes", "slug_field": null, "user_field": null, "parents": [{"table": "tasks", "field": "task_id"}]}]}'
INSERT INTO projects (user_id, slug, name) SELECT u, 'p' || g, 'project ' || g FROM unnest('{u1,u2}'::text[]) u, generate_series(1, 3) g;
INSERT INTO people (user_id, slug, project_id) SELECT user_id, 'm' || right(slug, 1), id FROM projects;
UPDATE people SET boss_id = (SELECT min(id) FROM people p WHERE p.user_id = people.user_id);
UPDATE projects SET lead_id = (SELECT max(id) FROM people p WHERE p.user_id = projects.user_id);
INSERT INTO tasks (project_id, n, title) SELECT id, g, 'task ' || g FROM projects, generate_series(1, 2) g;
INSERT INTO notes (task_id, body) SELECT id, 'note' FROM tasks;
INSERT INTO notes (task_id, body) SELECT id, 'note' FROM tasks;
SELECT db_adapter.backup_document(:'schema', 'u1') AS file \gset
CREATE VIEW numbers AS SELECT sum(last_value) FROM pg_sequences WHERE schemaname = 'public';
SELECT sum AS drawn FROM numbers \gset

-- Nothing has changed; whose rows are others' has no part in it.
SELECT * FROM db_adapter.compare(:'file');
-- Another tenant, who has none: all would be made, and what refers to them too.
SELECT * FROM db_adapter.compare(:'file', user_id => 'u3');

-- Each kind of difference.
UPDATE projects SET name = 'other' WHERE user_id = 'u1' AND slug = 'p1';
UPDATE people SET boss_id = NULL WHERE user_id = 'u1' AND slug = 'm2';
UPDATE people SET project_id = (SELECT id FROM projects WHERE user_id = 'u1' AND slug = 'p1') WHERE user_id = 'u1' AND slug = 'm3';
UPDATE tasks SET title = NULL, n = 7 WHERE project_id = (SELECT id FROM projects WHERE user_id = 'u1' AND slug = 'p2') AND n = 2;
INSERT INTO projects (user_id, slug) VALUES ('u1', 'mine'), ('u2', 'theirs');
UPDATE notes SET body = 'changed' WHERE id = (SELECT min(id) FROM notes);
SELECT "table", new, changed, same, only_here, details - 'only_here' AS details,
    (SELECT jsonb_agg(d ORDER BY d) FROM jsonb_array_elements(details -> 'only_here') d) AS only_here FROM db_adapter.compare(:'file');
-- A row to be made, and rows here that would then refer to it.
BEGIN;
UPDATE people SET slug = 'was m1' WHERE user_id = 'u1' AND slug = 'm1';
SELECT "table", new, changed, same, only_here, details -> 'changed' AS changed FROM db_adapter.compare(:'file') WHERE "table" IN ('projects', 'people');
ROLLBACK;

-- What it counts is what a restore does.
SELECT c."table", new = inserted AND changed = updated AND same = unchanged AS agrees
    FROM db_adapter.compare(:'file') c JOIN db_adapter.restore(:'file', mode => 'overwrite', dry_run => true) r ON c."table" = r."table" WHERE c."table" <> 'notes' ORDER BY 1;
SELECT sum - :drawn > 0 AS drawn_by_the_dry_run FROM numbers;

-- In a transaction that is read only, of a stream, and as anybody who may read.
CREATE ROLE regress_comparer;
GRANT USAGE ON SCHEMA public TO regress_comparer;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO regress_comparer;
SET ROLE regress_comparer;
BEGIN READ ONLY;
SELECT "table", new, changed, same, only_here FROM db_adapter.compare(:'file');
COMMIT;
RESET ROLE;
BEGIN READ ONLY;
SELECT db_adapter.restore_begin(mode => 'compare');
SELECT db_adapter.restore_data(left(:'file', 1000)), db_adapter.restore_data(substr(:'file', 1001)) > 0 AS more;
SELECT "table", inserted, updated, unchanged, deleted, jsonb_array_length(notes #> '{compared,only_here}') AS listed FROM db_adapter.restore_end();
COMMIT;
-- Bad values and damaged files.
SELECT new, same, details FROM db_adapter.compare(replace(:'file', '"n":1', '"n":x'));

DROP OWNED BY regress_comparer;
DROP ROLE regress_comparer;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
