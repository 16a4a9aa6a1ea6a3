-- What docs/howto tells of: a service of many organisations.
CREATE EXTENSION db_adapter;
CREATE TABLE plans (id serial PRIMARY KEY, code text NOT NULL UNIQUE, price numeric NOT NULL);
CREATE TABLE orgs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL, plan_id int NOT NULL REFERENCES plans, owner_id int);
CREATE TABLE users (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, email text NOT NULL, UNIQUE (org_id, email));
ALTER TABLE orgs ADD FOREIGN KEY (owner_id) REFERENCES users;
CREATE TABLE projects (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, key text NOT NULL, UNIQUE (org_id, key));
CREATE TABLE tasks (id serial PRIMARY KEY, project_id int NOT NULL REFERENCES projects, number int NOT NULL, title text NOT NULL, assignee_id int REFERENCES users, UNIQUE (project_id, number));
