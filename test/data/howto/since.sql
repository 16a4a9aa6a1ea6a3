-- What happens to acme after last night, and to others.
DELETE FROM tasks WHERE number <= 2 AND project_id IN (SELECT id FROM projects WHERE org_id = 2);
UPDATE tasks SET title = 'oops' WHERE number = 3;
INSERT INTO projects (org_id, key) VALUES (2, 'SPAM'), (1, 'NEW');
INSERT INTO tasks (project_id, number, title) SELECT id, 1, 'spam' FROM projects WHERE key IN ('SPAM', 'NEW');
UPDATE tasks SET project_id = (SELECT id FROM projects WHERE key = 'SPAM'), number = 9 WHERE number = 5 AND project_id = (SELECT min(id) FROM projects WHERE org_id = 2);
