INSERT INTO plans (code, price) VALUES ('pro', 0), ('free', 0);
INSERT INTO orgs (slug, name, plan_id) VALUES ('mine', 'Mine', 1), ('yours', 'Yours', 2);
INSERT INTO users (org_id, email) SELECT id, 'me@' || slug || '.example' FROM orgs ORDER BY id;
INSERT INTO projects (org_id, key) SELECT id, 'WEB' FROM orgs ORDER BY id;
INSERT INTO tasks (project_id, number, title) SELECT id, 1, 'try things' FROM projects;
