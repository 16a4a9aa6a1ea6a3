-- Indexes that come after apply, built while others write
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_online SUPERUSER;
SET ROLE regress_online;
CREATE SCHEMA online;
CREATE TABLE online.full (id int PRIMARY KEY, name text, code int, other int, keyed int NOT NULL, kept int, sorted int);
INSERT INTO online.full SELECT i, 'n' || i, i, i, i, i, i FROM generate_series(1, 100) i;
CREATE TABLE online.empty (id int);
CREATE TABLE online.parted (id int) PARTITION BY LIST (id);
CREATE TABLE online.part PARTITION OF online.parted FOR VALUES IN (1);
INSERT INTO online.parted VALUES (1);
CREATE INDEX changes ON online.full (other);
SELECT db_adapter.expected($$
CREATE SCHEMA online;
CREATE TABLE online.full (id int PRIMARY KEY, name text, code int, other int, keyed int NOT NULL, kept int, sorted int, more int);
CREATE INDEX "Plain one" ON online.full (lower(name), code DESC) WHERE code > 1;
CREATE UNIQUE INDEX single ON online.full (code);
CREATE INDEX on_new ON online.full (more);
CREATE TABLE online.empty (id int);
CREATE INDEX on_empty ON online.empty (id);
CREATE TABLE online.fresh (id int);
CREATE INDEX on_fresh ON online.fresh (id);
CREATE TABLE online.parted (id int) PARTITION BY LIST (id);
CREATE TABLE online.part PARTITION OF online.parted FOR VALUES IN (1);
CREATE INDEX on_parted ON online.parted (id);
-- Others wait for these
CREATE UNIQUE INDEX referenced ON online.full (other);
CREATE TABLE online.child (o int REFERENCES online.full (other));
CREATE UNIQUE INDEX identity ON online.full (keyed);
ALTER TABLE online.full REPLICA IDENTITY USING INDEX identity;
CREATE INDEX told ON online.full (kept);
COMMENT ON INDEX online.told IS 'what it is for';
CREATE INDEX clustered ON online.full (sorted);
ALTER TABLE online.full CLUSTER ON clustered;
CREATE INDEX changes ON online.full (other DESC);
$$) AS want \gset
SELECT db_adapter.plan(:'want', online => true) AS plan \gset
SELECT :'plan'::jsonb -> 'verified' AS verified, :'plan'::jsonb ->> 'verify_error' AS error;
SELECT s -> 'step' AS step, s -> 'online' AS online, s ->> 'object' AS object, s ->> 'sql' AS sql, s -> 'hazards' AS hazards
  FROM jsonb_array_elements(:'plan'::jsonb -> 'steps') s WHERE s ->> 'action' = 'create_index';
SELECT max((s -> 'step')::int) FILTER (WHERE s -> 'online' IS NULL) < min((s -> 'step')::int) FILTER (WHERE s ? 'online') AS last
  FROM jsonb_array_elements(:'plan'::jsonb -> 'steps') s;
SELECT r ->> 'object' AS object, r ->> 'reason' AS reason FROM jsonb_array_elements(:'plan'::jsonb -> 'remaining') r;

-- Without it, all are steps of apply
SELECT count(*) FROM db_adapter.plan_steps(db_adapter.plan(:'want')) WHERE sql ~ 'CONCURRENTLY';

-- The trial tries them too
SELECT p -> 'verified' AS verified, p ->> 'verify_error' AS error
  FROM db_adapter.plan(jsonb_set(:'want', '{tables}', (SELECT jsonb_agg(CASE WHEN t ->> 'name' = 'full' THEN jsonb_set(t, '{indexes}',
         (SELECT jsonb_agg(CASE WHEN i ->> 'name' = 'single' THEN jsonb_set(i, '{definition}', '"CREATE UNIQUE INDEX single ON online.full USING btree (nothing)"') ELSE i END)
            FROM jsonb_array_elements(t -> 'indexes') i)) ELSE t END) FROM jsonb_array_elements(:'want'::jsonb -> 'tables') t)), online => true) p;

-- apply leaves them, and says which; what it leaves can be made by hand
SELECT db_adapter.apply(:'plan', confirm => true) AS done \gset
SELECT jsonb_array_length(:'done'::jsonb -> 'online') AS online, :'done'::jsonb -> 'validation' -> 'valid' AS valid;
SELECT object_type, object, attribute FROM db_adapter.differences(:'want');
SELECT s ->> 'sql' AS sql FROM jsonb_array_elements(:'plan'::jsonb -> 'steps') s WHERE s ? 'online' \gexec
SELECT * FROM db_adapter.differences(:'want');

-- Jobs need the preload
SELECT db_adapter.submit('create_index_concurrently', jsonb_build_object('plan', :'plan'::jsonb));

RESET ROLE;
SET client_min_messages = error;
DROP SCHEMA online CASCADE;
DROP ROLE regress_online;
