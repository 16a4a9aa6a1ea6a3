-- Whatever has been done to a tenant's rows, replacing makes them the file's, by a comparison in plain SQL, and a second
-- time finds nothing to do; rows of others stay.
SET client_min_messages = warning;
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE TABLE plans (id serial PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE orgs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, plan_id int REFERENCES plans, owner_id int);
CREATE TABLE users (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE, email text NOT NULL, boss_id int REFERENCES users ON DELETE SET NULL, UNIQUE (org_id, email));
ALTER TABLE orgs ADD FOREIGN KEY (owner_id) REFERENCES users;
CREATE TABLE projects (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, key text NOT NULL, UNIQUE (org_id, key));
CREATE TABLE tasks (id serial PRIMARY KEY, project_id int NOT NULL REFERENCES projects ON DELETE CASCADE, n int NOT NULL, title text, assignee_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED, UNIQUE (project_id, n));
CREATE TABLE comments (id serial PRIMARY KEY, task_id int NOT NULL REFERENCES tasks, author_id int REFERENCES users, body text);
CREATE TABLE watchers (task_id int REFERENCES tasks ON DELETE CASCADE, user_id int REFERENCES users ON DELETE CASCADE, PRIMARY KEY (task_id, user_id));
INSERT INTO plans (code) VALUES ('free'), ('pro');
INSERT INTO orgs (slug, plan_id) SELECT o, 1 FROM unnest('{acme,globex}'::text[]) o;
INSERT INTO users (org_id, email) SELECT id, 'u' || g FROM orgs, generate_series(1, 8) g;
UPDATE users SET boss_id = (SELECT id FROM users b WHERE b.org_id = users.org_id AND b.email = 'u1') WHERE email > 'u3';
UPDATE orgs SET owner_id = (SELECT id FROM users WHERE org_id = orgs.id AND email = 'u2');
INSERT INTO projects (org_id, key) SELECT id, 'P' || g FROM orgs, generate_series(1, 5) g;
INSERT INTO tasks (project_id, n, title, assignee_id) SELECT p.id, g, key || g, (SELECT id FROM users u WHERE u.org_id = p.org_id AND email = 'u' || g) FROM projects p, generate_series(1, 6) g;
INSERT INTO comments (task_id, author_id, body) SELECT t.id, assignee_id, repeat('c', t.id % 3) FROM tasks t, generate_series(1, 2);
INSERT INTO watchers SELECT t.id, u.id FROM tasks t JOIN projects p ON p.id = project_id JOIN users u ON u.org_id = p.org_id WHERE (t.id + u.id) % 4 = 0;
SELECT db_adapter.derive_backup_schema(root => 'orgs') AS schema \gset
SELECT db_adapter.backup_document(:'schema', 'acme') AS file \gset
CREATE VIEW content AS
    SELECT o.slug AS org, 'org' AS what, concat_ws('|', p.code, u.email) AS "is" FROM orgs o LEFT JOIN plans p ON p.id = plan_id LEFT JOIN users u ON u.id = owner_id
    UNION ALL SELECT o.slug, 'user', concat_ws('|', u.email, coalesce(b.email, '-')) FROM users u JOIN orgs o ON o.id = u.org_id LEFT JOIN users b ON b.id = u.boss_id
    UNION ALL SELECT o.slug, 'project', key FROM projects p JOIN orgs o ON o.id = p.org_id
    UNION ALL SELECT o.slug, 'task', concat_ws('|', key, n, coalesce(title, '-'), coalesce(u.email, '-')) FROM tasks t JOIN projects p ON p.id = project_id JOIN orgs o ON o.id = p.org_id LEFT JOIN users u ON u.id = assignee_id
    UNION ALL SELECT o.slug, 'comment', concat_ws('|', key, n, body, coalesce(u.email, '-')) FROM comments c JOIN tasks t ON t.id = task_id JOIN projects p ON p.id = project_id JOIN orgs o ON o.id = p.org_id LEFT JOIN users u ON u.id = author_id
    UNION ALL SELECT o.slug, 'watcher', concat_ws('|', key, n, u.email) FROM watchers w JOIN tasks t ON t.id = task_id JOIN projects p ON p.id = project_id JOIN orgs o ON o.id = p.org_id JOIN users u ON u.id = w.user_id;
CREATE TABLE before AS TABLE content;
-- One thing done to the rows of the organisation: what it was, or why it could not be.
CREATE FUNCTION one(table_name text, condition text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE found int;
BEGIN
    EXECUTE format('SELECT id FROM %I WHERE %s ORDER BY random() LIMIT 1', table_name, condition) INTO found;
    RETURN found;
END $$;
CREATE FUNCTION meddle() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    u int := one('users', 'org_id = 1');
    p int := one('projects', 'org_id = 1');
    t int := one('tasks', 'project_id IN (SELECT id FROM projects WHERE org_id = 1)');
    what int := floor(random() * 15);
BEGIN
    CASE what
        WHEN 0 THEN INSERT INTO users (org_id, email) VALUES (1, md5(random()::text));
        WHEN 1 THEN INSERT INTO projects (org_id, key) VALUES (1, md5(random()::text));
        WHEN 2 THEN INSERT INTO tasks (project_id, n, assignee_id) SELECT p, max(n) + 1, u FROM tasks;
        WHEN 3 THEN INSERT INTO comments (task_id, body) VALUES (t, 'more');
        WHEN 4 THEN UPDATE tasks SET title = random()::text WHERE id = t;
        WHEN 5 THEN UPDATE tasks SET project_id = p, n = (SELECT max(n) + 1 FROM tasks) WHERE id = t;
        WHEN 6 THEN UPDATE tasks SET assignee_id = u WHERE id = t;
        WHEN 7 THEN UPDATE users SET boss_id = u WHERE org_id = 1 AND id <> u AND random() < 0.3;
        WHEN 8 THEN UPDATE users SET email = email || 'x' WHERE id = u;
        WHEN 9 THEN UPDATE projects SET key = key || 'x' WHERE id = p;
        WHEN 10 THEN DELETE FROM comments WHERE task_id = t;
        WHEN 11 THEN DELETE FROM comments WHERE task_id = t; DELETE FROM tasks WHERE id = t;
        WHEN 12 THEN UPDATE orgs SET owner_id = u, plan_id = 2 WHERE id = 1;
        WHEN 13 THEN INSERT INTO watchers VALUES (t, u) ON CONFLICT DO NOTHING;
        WHEN 14 THEN UPDATE comments SET body = 'edited', author_id = u WHERE task_id = t;
    END CASE;
    RETURN what;
EXCEPTION WHEN unique_violation OR foreign_key_violation OR not_null_violation THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION turn(file text, schema jsonb, n int) RETURNS TABLE (differed bool, differs bigint, changed_again numeric) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM meddle() FROM generate_series(1, 25);
    SET CONSTRAINTS ALL IMMEDIATE;
    differed := EXISTS (TABLE before EXCEPT ALL TABLE content) OR EXISTS (TABLE content EXCEPT ALL TABLE before);
    PERFORM FROM db_adapter.restore(file, schema, user_id => 'acme', mode => 'replace', on_error => 'abort');
    differs := (SELECT count(*) FROM (TABLE before EXCEPT ALL TABLE content) x) + (SELECT count(*) FROM (TABLE content EXCEPT ALL TABLE before) x);
    changed_again := (SELECT sum(inserted + updated + deleted + skipped + failed) FROM db_adapter.restore(file, schema, user_id => 'acme', mode => 'replace', on_error => 'abort'));
    RETURN NEXT;
END $$;
SELECT setseed(0.42);
SELECT r.* FROM generate_series(1, 12) g, turn(:'file', :'schema', g) r GROUP BY 1, 2, 3;
SELECT count(*) FILTER (WHERE org = 'acme') AS acme, count(*) FILTER (WHERE org = 'globex') AS globex FROM content;
-- an organisation that is not here is made by it
BEGIN;
SELECT "table", inserted, unchanged, deleted FROM db_adapter.restore(:'file', :'schema', user_id => 'initech', mode => 'replace', on_error => 'abort');
SELECT count(*) FROM (SELECT what, "is" FROM content WHERE org = 'initech' EXCEPT ALL SELECT what, "is" FROM before WHERE org = 'acme') x;
ROLLBACK;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
