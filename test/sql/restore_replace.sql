-- A tenant back to what a file says: what the file does not have goes, all or nothing.
SET client_min_messages = warning;
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE TABLE projects (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, code text UNIQUE, UNIQUE (user_id, slug));
CREATE TABLE tasks (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, project_id int NOT NULL REFERENCES projects, title text, UNIQUE (user_id, slug));
CREATE TABLE notes (id serial PRIMARY KEY, task_id int NOT NULL REFERENCES tasks, body text);
\set schema '{"tables": [{"name": "projects"}, {"name": "tasks", "parents": [{"table": "projects", "field": "project_id"}]}, {"name": "notes", "slug_field": null, "user_field": null, "parents": [{"table": "tasks", "field": "task_id"}]}]}'
INSERT INTO projects (user_id, slug, code) SELECT u, 'p' || g, u || g FROM unnest('{u1,u2}'::text[]) u, generate_series(1, 3) g;
INSERT INTO tasks (user_id, slug, project_id, title) SELECT user_id, 't' || slug || g, id, 'task ' || g FROM projects, generate_series(1, 2) g;
INSERT INTO notes (task_id, body) SELECT id, 'note' FROM tasks;
SELECT db_adapter.backup_document(:'schema', 'u1') AS file \gset
-- by content, ids left out
CREATE VIEW content AS SELECT p.user_id, p.slug, p.code, t.slug AS task, t.title, n.body FROM projects p LEFT JOIN tasks t ON t.project_id = p.id LEFT JOIN notes n ON n.task_id = t.id;
CREATE TABLE before AS TABLE content;
CREATE FUNCTION differs() RETURNS TABLE (side text, user_id text, slug text, task text) LANGUAGE sql AS $$
    (SELECT 'lost', user_id, slug, task FROM (TABLE before EXCEPT ALL TABLE content) x) UNION ALL (SELECT 'more', user_id, slug, task FROM (TABLE content EXCEPT ALL TABLE before) x) ORDER BY 1, 2, 3, 4 $$;
CREATE FUNCTION replaced(file text, user_id text DEFAULT NULL) RETURNS TABLE ("table" text, inserted bigint, updated bigint, unchanged bigint, deleted bigint) LANGUAGE sql AS $$
    SELECT "table", inserted, updated, unchanged, deleted FROM db_adapter.restore(file, user_id => user_id, mode => 'replace', on_error => 'abort') $$;

-- Nothing to do; then rows of all kinds to go, with a unique value that a new one wants, and others' left alone.
SELECT * FROM replaced(:'file');
UPDATE tasks SET slug = 'my ' || slug WHERE project_id = (SELECT id FROM projects WHERE user_id = 'u1' AND slug = 'p2');
UPDATE projects SET slug = 'mine' WHERE user_id = 'u1' AND slug = 'p2';
INSERT INTO tasks (user_id, slug, project_id) SELECT user_id, 'more ' || slug, id FROM projects;
INSERT INTO notes (task_id, body) SELECT id, 'mine' FROM tasks;
DELETE FROM before WHERE user_id = 'u2';
INSERT INTO before SELECT * FROM content WHERE user_id = 'u2';
SELECT "table", new, changed, same, only_here FROM db_adapter.compare(:'file');
SELECT "table", inserted, updated, unchanged, deleted FROM db_adapter.restore(:'file', mode => 'replace', on_error => 'abort', dry_run => true);
SELECT count(*) > 0 AS still FROM differs();
SELECT * FROM replaced(:'file');
SELECT * FROM differs();
SELECT * FROM replaced(:'file');

-- A row that stays under one that goes: NO ACTION, CASCADE, SET NULL, DEFERRABLE.
CREATE TABLE fired (what text);
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (TG_OP || ' ' || OLD.slug); RETURN COALESCE(NEW, OLD); END $$;
CREATE TRIGGER fires BEFORE UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION fires();
CREATE PROCEDURE try(action text, file text) LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    EXECUTE 'ALTER TABLE tasks DROP CONSTRAINT tasks_project_id_fkey, ADD CONSTRAINT tasks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects ' || action;
    DELETE FROM fired;
    INSERT INTO projects (user_id, slug) VALUES ('u1', 'goes');
    UPDATE tasks SET project_id = currval('projects_id_seq') WHERE user_id = 'u1' AND slug = 'tp11';
    DELETE FROM fired;
    FOR r IN SELECT * FROM replaced(file) WHERE "table" IN ('projects', 'tasks') LOOP
        RAISE WARNING '% %: inserted %, updated %, deleted %', action, r."table", r.inserted, r.updated, r.deleted;
    END LOOP;
    FOR r IN SELECT string_agg(what, ', ' ORDER BY what) AS what FROM fired LOOP
        RAISE WARNING 'fired: %', r.what;
    END LOOP;
END $$;
CALL try('', :'file');
CALL try('ON DELETE CASCADE', :'file');
CALL try('ON DELETE SET NULL', :'file');
CALL try('ON DELETE RESTRICT', :'file');
CALL try('DEFERRABLE INITIALLY DEFERRED', :'file');
SELECT * FROM differs();
-- Both at once cannot be: an error, and all is as it was.
BEGIN;
INSERT INTO projects (user_id, slug, code) VALUES ('u1', 'goes', 'wanted');
UPDATE tasks SET project_id = currval('projects_id_seq') WHERE user_id = 'u1' AND slug = 'tp11';
UPDATE projects SET code = NULL WHERE user_id = 'u1' AND slug = 'p1';
UPDATE projects SET code = 'u11' WHERE slug = 'goes';
SAVEPOINT s;
SELECT * FROM replaced(:'file');
ROLLBACK TO s;
SELECT count(*) FROM projects WHERE slug = 'goes';
ROLLBACK;

-- Rows of tables outside: nothing of them goes.
CREATE TABLE audit (id serial PRIMARY KEY, task_id int REFERENCES tasks ON DELETE CASCADE);
INSERT INTO tasks (user_id, slug, project_id) SELECT user_id, 'goes', id FROM projects WHERE user_id = 'u1' AND slug = 'p1';
INSERT INTO audit (task_id) VALUES (currval('tasks_id_seq'));
SELECT * FROM replaced(:'file');
ALTER TABLE audit DROP CONSTRAINT audit_task_id_fkey, ADD FOREIGN KEY (task_id) REFERENCES tasks;
SELECT * FROM replaced(:'file');
DROP TABLE audit;
-- without an index on the columns that refer, which is said where it is felt
SELECT * FROM replaced(:'file');
SELECT * FROM differs();

-- Into another tenant, and twice.
SELECT * FROM replaced(:'file', 'u3');
UPDATE projects SET code = code || '!' WHERE user_id = 'u1';
SELECT * FROM replaced(:'file', 'u3');
SELECT * FROM replaced(:'file', 'u3');
SELECT count(*), count(*) FILTER (WHERE user_id = 'u1') AS u1 FROM content;
DELETE FROM notes WHERE task_id IN (SELECT id FROM tasks WHERE user_id = 'u3');
DELETE FROM tasks WHERE user_id = 'u3';
DELETE FROM projects WHERE user_id = 'u3';
UPDATE projects SET code = rtrim(code, '!') WHERE user_id = 'u1';

-- A stream, which is kept until its end.
BEGIN;
INSERT INTO projects (user_id, slug) VALUES ('u1', 'goes');
SELECT db_adapter.restore_begin(mode => 'replace', on_error => 'abort');
SELECT db_adapter.restore_data(:'file');
SELECT count(*) FROM projects WHERE slug = 'goes';
SELECT "table", inserted, updated, unchanged, deleted FROM db_adapter.restore_end();
COMMIT;
SELECT * FROM differs();

-- What a file does not say is all of it is refused.
SELECT * FROM db_adapter.restore(:'file', mode => 'replace');
SELECT * FROM replaced(db_adapter.backup_document(:'schema', 'u1', filters => '{"tasks": {"slug": "tp11"}}'));
SELECT * FROM replaced(db_adapter.backup_document(jsonb_set(:'schema', '{tables,1,filter}', '"title <> ''x''"'), 'u1'));
SELECT * FROM replaced((SELECT string_agg(chunk, '') FROM db_adapter.backup(:'schema', 'u1', keys => '{"tasks": [{"slug": "tp11"}]}') AS chunk));
SELECT * FROM db_adapter.restore(replace(:'file', '"complete":true,', ''), mode => 'replace', on_error => 'abort', accept_damaged => true);
CREATE ROLE regress_replacer;
GRANT USAGE, CREATE ON SCHEMA public TO regress_replacer;
GRANT ALL ON ALL TABLES IN SCHEMA public TO regress_replacer;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO regress_replacer;
GRANT EXECUTE ON FUNCTION db_adapter.restore TO regress_replacer;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON notes TO regress_replacer USING (id % 2 = 0);
SET ROLE regress_replacer;
SELECT * FROM replaced(db_adapter.backup_document(:'schema', 'u1', row_security => true));
SELECT * FROM replaced(:'file');
RESET ROLE;
-- A row that would be left out, or kept from being written.
BEGIN;
ALTER TABLE tasks ADD CHECK (user_id <> 'u1' OR slug <> 'tp11') NOT VALID;
UPDATE tasks SET title = 'x' WHERE slug = 'tp12';
DELETE FROM notes;
DELETE FROM tasks WHERE user_id = 'u1';
SELECT * FROM replaced(:'file');
ROLLBACK;
CREATE OR REPLACE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
UPDATE tasks SET title = 'x' WHERE slug = 'tp11';
BEGIN;
ALTER TABLE tasks DISABLE TRIGGER fires;
UPDATE tasks SET title = 'x' WHERE slug = 'tp11' AND user_id = 'u1';
ALTER TABLE tasks ENABLE TRIGGER fires;
SELECT * FROM replaced(:'file');
ROLLBACK;
SELECT * FROM differs();
-- a file of all tenants
DROP TRIGGER fires ON tasks;
SELECT db_adapter.backup_document(:'schema') AS all \gset
INSERT INTO projects (user_id, slug) VALUES ('u1', 'goes'), ('u2', 'goes'), ('u9', 'goes');
SELECT * FROM replaced(:'all');
SELECT * FROM differs();

DROP OWNED BY regress_replacer;
DROP ROLE regress_replacer;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
