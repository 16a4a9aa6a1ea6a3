INSERT INTO plans (code, price) VALUES ('free', 0), ('pro', 19);
INSERT INTO orgs (slug, name, plan_id) VALUES ('initech', 'Initech', 1), ('acme', 'Acme Inc.', 2), ('globex', 'Globex', 2);
INSERT INTO users (org_id, email) SELECT o.id, u || '@' || slug || '.example' FROM orgs o, unnest('{ann,ben}'::text[]) u ORDER BY u, o.id;
UPDATE orgs SET owner_id = (SELECT min(id) FROM users WHERE org_id = orgs.id);
INSERT INTO projects (org_id, key) SELECT id, k FROM unnest('{WEB,OPS}'::text[]) k, orgs ORDER BY k, id;
INSERT INTO tasks (project_id, number, title, assignee_id) SELECT p.id, n, key || '-' || n, u.id FROM projects p JOIN users u USING (org_id), generate_series(1, 5) n WHERE u.email LIKE 'ben%' ORDER BY n, p.id;
