-- Foreign keys over generated columns: what they are computed from must be mapped, or the ids stay.
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET client_min_messages = warning;
CREATE TABLE posts (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE photos (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE comments (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, subject_type text NOT NULL, subject_id int NOT NULL,
    post_id int GENERATED ALWAYS AS (CASE WHEN subject_type = 'Post' THEN subject_id END) STORED REFERENCES posts,
    photo_id int GENERATED ALWAYS AS (CASE WHEN subject_type = 'Photo' THEN subject_id END) STORED REFERENCES photos);
INSERT INTO posts (slug) VALUES ('p1'), ('p2');
INSERT INTO photos (slug) VALUES ('f1');
INSERT INTO comments (slug, subject_type, subject_id) VALUES ('1', 'Post', 2), ('2', 'Photo', 1);
\set declared '{"tables": [{"name": "posts", "user_field": null}, {"name": "photos", "user_field": null}, {"name": "comments", "user_field": null, "match_parents": false, "parent": {"field": "subject_id", "type_field": "subject_type", "map": {"Post": "posts", "Photo": "photos"}}}]}'
SELECT db_adapter.backup_document(db_adapter.derive_backup_schema()) AS derived, db_adapter.backup_document(:'declared') AS declared \gset
DELETE FROM comments;
UPDATE posts SET slug = 'ours ' || slug;
UPDATE photos SET slug = 'ours ' || slug;

SELECT "table", inserted FROM db_adapter.restore(:'derived');
SELECT "table", inserted FROM db_adapter.restore(:'declared') ORDER BY 1;
SELECT c.slug, p.slug AS post, f.slug AS photo FROM comments c LEFT JOIN posts p ON p.id = post_id LEFT JOIN photos f ON f.id = photo_id ORDER BY 1;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
