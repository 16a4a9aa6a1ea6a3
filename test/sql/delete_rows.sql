-- What foreign keys take along when rows are deleted by match key.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE SCHEMA gone;
CREATE TABLE gone.users (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE gone.posts (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, user_id int NOT NULL REFERENCES gone.users ON DELETE CASCADE, editor_id bigint REFERENCES gone.users ON DELETE SET NULL);
CREATE TABLE gone.notes (id serial PRIMARY KEY, post_id int REFERENCES gone.posts ON DELETE CASCADE, up int REFERENCES gone.notes ON DELETE CASCADE);
CREATE TABLE gone.visits (user_id int REFERENCES gone.users ON DELETE SET NULL, note_id int, day int) PARTITION BY RANGE (day);
CREATE TABLE gone.visits_1 PARTITION OF gone.visits FOR VALUES FROM (1) TO (10);
CREATE TABLE gone.visits_2 PARTITION OF gone.visits FOR VALUES FROM (10) TO (20);
ALTER TABLE gone.visits_2 ADD FOREIGN KEY (note_id) REFERENCES gone.notes ON DELETE CASCADE;
INSERT INTO gone.users (slug) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO gone.posts (slug, user_id, editor_id) VALUES ('a1', 1, NULL), ('b1', 2, 3), ('b2', 2, NULL);
INSERT INTO gone.notes (post_id, up) VALUES (1, NULL), (NULL, 1), (NULL, 2);
INSERT INTO gone.visits VALUES (2, NULL, 1), (1, 1, 11), (1, 3, 12);
\set whole '{"tables": [{"name": "gone.users", "user_field": null}, {"name": "gone.posts", "user_field": null, "match_parents": false, "parent": {"table": "gone.users", "field": "user_id"}, "optional_refs": [{"table": "gone.users", "field": "editor_id"}]}]}'
\set part '{"tables": [{"name": "gone.users", "user_field": null}]}'

-- rows of the schema that stay do not go, and lose nothing
SELECT * FROM db_adapter.delete_rows(:'whole', '{"gone.users": [{"slug": "bob"}]}');
SELECT * FROM db_adapter.delete_rows(:'whole', '{"gone.users": [{"slug": "bob"}]}', cascade => true);
SELECT * FROM db_adapter.delete_rows(:'whole', '{"gone.users": [{"slug": "cid"}]}');
SELECT count(*) FROM gone.posts;
-- for who brings rows again those that go along are counted; if others are in the way nothing goes
BEGIN;
SELECT * FROM db_adapter.delete_rows('{"tables": [{"name": "gone.users", "user_field": null}, {"name": "gone.posts", "user_field": null}, {"name": "gone.notes", "slug_field": null, "user_field": null}]}', '{"gone.users": [{"slug": "ann"}]}', cascade => true, brought_again => true);
ROLLBACK;
SELECT * FROM db_adapter.delete_rows(:'whole', '{"gone.users": [{"slug": "cid"}]}', brought_again => true);
SELECT count(*) FROM gone.users;
-- those that go as well are in nobody's way
BEGIN;
SELECT * FROM db_adapter.delete_rows(:'whole', '{"gone.users": [{"slug": "bob"}, {"slug": "cid"}], "gone.posts": [{"slug": "b1"}, {"slug": "b2"}]}');
ROLLBACK;
-- tables outside: counted, named, and only if asked for; partitions by their whole
SELECT * FROM db_adapter.delete_rows(:'part', '{"gone.users": [{"slug": "ann"}]}');
SELECT * FROM db_adapter.delete_rows(:'part', '{"gone.users": [{"slug": "ann"}]}', dry_run => true);
SELECT * FROM db_adapter.delete_rows(:'whole', '{"gone.posts": [{"slug": "a1"}]}');
SELECT (SELECT count(*) FROM gone.users) AS users, (SELECT count(*) FROM gone.posts) AS posts, (SELECT count(*) FROM gone.notes) AS notes, (SELECT count(*) FROM gone.visits) AS visits;
-- counted whatever is counted otherwise, and what the role may not see
CREATE ROLE regress_deleter;
GRANT USAGE ON SCHEMA gone, db_adapter TO regress_deleter;
GRANT EXECUTE ON FUNCTION db_adapter.delete_rows TO regress_deleter;
GRANT SELECT, DELETE ON gone.users TO regress_deleter;
SET track_counts = off;
SET ROLE regress_deleter;
SELECT * FROM db_adapter.delete_rows(:'part', '{"gone.users": [{"slug": "ann"}]}');
RESET ROLE;
SHOW track_counts;
RESET track_counts;
BEGIN;
SELECT * FROM db_adapter.delete_rows(:'part', '{"gone.users": [{"slug": "ann"}]}', cascade => true);
SELECT (SELECT count(*) FROM gone.users) AS users, (SELECT count(*) FROM gone.posts) AS posts, (SELECT count(*) FROM gone.notes) AS notes, (SELECT count(*) FROM gone.visits) AS visits;
ROLLBACK;
-- a trial says what stands in its way
ALTER TABLE gone.posts DROP CONSTRAINT posts_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES gone.users;
SELECT * FROM db_adapter.delete_rows(:'part', '{"gone.users": [{"slug": "ann"}]}', dry_run => true);
DROP OWNED BY regress_deleter;
DROP ROLE regress_deleter;
DROP SCHEMA gone CASCADE;
