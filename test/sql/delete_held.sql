-- Rows that cannot go, since rows that stay refer to them: the others go, and these are told.
\set VERBOSITY default
\set QUIET 1
SET client_min_messages = warning;
CREATE SCHEMA held;
CREATE TABLE held.users (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, rank int NOT NULL UNIQUE, chief int REFERENCES held.users);
CREATE TABLE held.posts (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, user_id int NOT NULL REFERENCES held.users ON DELETE CASCADE, editor_id bigint REFERENCES held.users ON DELETE SET NULL);
CREATE TABLE held.visits (user_id int REFERENCES held.users, day int) PARTITION BY RANGE (day);
CREATE TABLE held.visits_1 PARTITION OF held.visits FOR VALUES FROM (1) TO (10);
CREATE TABLE held.badges (user_id int REFERENCES held.users ON DELETE CASCADE);
CREATE TABLE held.fans (user_id int REFERENCES held.users ON DELETE SET NULL);
CREATE TABLE held.later (user_id int, CONSTRAINT later_key FOREIGN KEY (user_id) REFERENCES held.users DEFERRABLE INITIALLY DEFERRED);
INSERT INTO held.users (slug, rank, chief) SELECT 'u' || lpad(i::text, 2, '0'), i, CASE WHEN i = 12 THEN 3 END FROM generate_series(1, 12) i;
INSERT INTO held.posts (slug, user_id, editor_id) VALUES ('p1', 1, NULL), ('p2', 2, 4), ('p5', 12, 5), ('p6', 6, NULL);
INSERT INTO held.visits VALUES (7, 1);
INSERT INTO held.badges VALUES (8);
INSERT INTO held.fans VALUES (9);
INSERT INTO held.later VALUES (10);
\set schema '{"tables": [{"name": "held.users", "user_field": null, "optional_refs": [{"table": "held.users", "field": "chief"}]}, {"name": "held.posts", "user_field": null, "match_parents": false, "parent": {"table": "held.users", "field": "user_id"}, "optional_refs": [{"table": "held.users", "field": "editor_id"}]}]}'
CREATE VIEW held.left AS SELECT (SELECT string_agg(slug, ' ' ORDER BY slug) FROM held.users) AS users, (SELECT string_agg(slug, ' ' ORDER BY slug) FROM held.posts) AS posts;
SELECT text '{"held.users": ' || (SELECT json_agg(json_build_object('slug', slug))::text FROM held.users WHERE id < 12) || ', "held.posts": [{"slug": "p1"}, {"slug": "p6"}]}' AS keys \gset

-- 2: a post that stays; 3: her own table's; 4: a post's editor; 7, 8, 10: tables outside
SELECT "table", deleted, changed, outside, failed FROM db_adapter.delete_rows(:'schema', :'keys');
BEGIN;
SELECT "table", deleted, changed, outside, failed FROM db_adapter.delete_rows(:'schema', :'keys', on_error => 'record');
SELECT * FROM held.left;
COMMIT;
SELECT jsonb_pretty(d) FROM db_adapter.delete_rows(:'schema', :'keys', on_error => 'record') AS r, jsonb_array_elements(failure_details) AS d ORDER BY d -> 'match_key';
-- with cascade the badge goes
BEGIN;
SELECT "table", deleted, changed, outside, failed FROM db_adapter.delete_rows(:'schema', :'keys', cascade => true, on_error => 'record');
SELECT * FROM held.left;
ROLLBACK;
-- what is held holds what it refers to: a chain, and a circle of two tables that goes as one
INSERT INTO held.users (slug, rank, chief) VALUES ('a', 21, NULL), ('b', 22, NULL), ('c', 23, NULL), ('d', 24, NULL), ('e', 25, NULL);
UPDATE held.users u SET chief = (SELECT id FROM held.users WHERE slug = chr(ascii(u.slug) + 1)) WHERE slug < 'd';
UPDATE held.users SET chief = (SELECT id FROM held.users WHERE slug = 'd') WHERE slug = 'e';
UPDATE held.users SET chief = (SELECT id FROM held.users WHERE slug = 'e') WHERE slug = 'd';
UPDATE held.users SET chief = NULL WHERE slug = 'c';
INSERT INTO held.visits SELECT id, 2 FROM held.users WHERE slug = 'a';
BEGIN;
SELECT "table", deleted, failed, (SELECT string_agg(d #>> '{match_key,slug}' || ': ' || (d ->> 'constraint'), ', ' ORDER BY d #>> '{match_key,slug}') FROM jsonb_array_elements(failure_details) d) AS held
    FROM db_adapter.delete_rows(:'schema', '{"held.users": [{"slug": "a"}, {"slug": "b"}, {"slug": "c"}, {"slug": "d"}, {"slug": "e"}]}', on_error => 'record');
ROLLBACK;
-- who may not see what holds a row keeps the table as it is; and what others it refers to
CREATE ROLE regress_holder;
GRANT USAGE ON SCHEMA held, db_adapter TO regress_holder;
GRANT EXECUTE ON FUNCTION db_adapter.delete_rows TO regress_holder;
GRANT SELECT, DELETE ON held.users, held.posts TO regress_holder;
GRANT SELECT ON held.left TO regress_holder;
INSERT INTO held.posts (slug, user_id) SELECT 'of a', id FROM held.users WHERE slug = 'a';
SET ROLE regress_holder;
SELECT "table", deleted, failed, (SELECT string_agg(d #>> '{match_key,slug}' || ': ' || (d ->> 'constraint'), ', ' ORDER BY d #>> '{match_key,slug}') FROM jsonb_array_elements(failure_details) d) AS held
    FROM db_adapter.delete_rows(:'schema', '{"held.users": [{"slug": "a"}, {"slug": "b"}], "held.posts": [{"slug": "of a"}]}', on_error => 'record');
SELECT * FROM held.left;
RESET ROLE;
-- a table behind a table outside: nobody knows which rows, so nothing goes
CREATE TABLE held.pins (badge int PRIMARY KEY);
ALTER TABLE held.badges ADD PRIMARY KEY (user_id);
ALTER TABLE held.pins ADD FOREIGN KEY (badge) REFERENCES held.badges;
INSERT INTO held.pins VALUES (8);
SELECT "table", deleted, failed, failure_details #>> '{0,error}' AS first FROM db_adapter.delete_rows(:'schema', '{"held.users": [{"slug": "u08"}, {"slug": "d"}, {"slug": "e"}]}', cascade => true, on_error => 'record');
-- deferred under a name that is another's too, which is not: that one is not asked now, but at the end
CREATE TABLE held.other (later int CONSTRAINT later_key CHECK (later > 0));
BEGIN;
SELECT "table", deleted, failed FROM db_adapter.delete_rows(:'schema', '{"held.users": [{"slug": "u10"}]}', on_error => 'record');
COMMIT;
-- other errors are raised; the choice is checked
CREATE FUNCTION held.never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
CREATE TRIGGER never BEFORE DELETE ON held.posts FOR EACH ROW EXECUTE FUNCTION held.never();
\set VERBOSITY terse
SELECT * FROM db_adapter.delete_rows(:'schema', '{"held.posts": [{"slug": "p2"}]}', on_error => 'record');
SELECT * FROM db_adapter.delete_rows(:'schema', '{}', on_error => 'ignore');

-- Rows that are to go step aside: what finds them and what they refer to stays as it is.
CREATE TABLE held.places (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, pos int NOT NULL UNIQUE, email varchar(50) NOT NULL, note text UNIQUE, begins date NOT NULL, ends date NOT NULL,
    plus int GENERATED ALWAYS AS (pos + 1) STORED UNIQUE, user_id int UNIQUE REFERENCES held.users, EXCLUDE USING gist (daterange(begins, ends) WITH &&));
CREATE UNIQUE INDEX ON held.places (lower(email));
INSERT INTO held.places (slug, pos, email, note, begins, ends, user_id) SELECT 's' || i, i, 'E' || i, 'n' || i, date '2024-01-01' + i, date '2024-01-02' + i, i FROM generate_series(2, 5) i;
\set schema '{"tables": [{"name": "held.places", "user_field": null}]}'
SELECT * FROM db_adapter.set_aside(:'schema', '{"held.places": [{"slug": "s2"}, {"slug": "s4"}, {"slug": "none"}]}');
SELECT slug, pos, length(email) AS email, note, begins, ends, user_id FROM held.places ORDER BY slug;
-- one way or the other; or not at all
TRUNCATE held.places;
INSERT INTO held.places (slug, pos, email, note, begins, ends, user_id) SELECT 's' || i, i, 'E' || i, 'n' || i, date '2024-01-01' + i, date '2024-01-02' + i, i FROM generate_series(2, 5) i;
ALTER TABLE held.places ADD CONSTRAINT few CHECK (pos < 6);
SELECT * FROM db_adapter.set_aside(:'schema', '{"held.places": [{"slug": "s2"}, {"slug": "s4"}]}');
SELECT slug, pos, begins, ends FROM held.places ORDER BY slug;
ALTER TABLE held.places ADD CONSTRAINT none CHECK (pos BETWEEN 0 AND 5);
SELECT * FROM db_adapter.set_aside(:'schema', '{"held.places": [{"slug": "s3"}]}');
SELECT * FROM db_adapter.set_aside(:'schema', '[]');
DROP OWNED BY regress_holder;
DROP ROLE regress_holder;
DROP SCHEMA held CASCADE;
