-- What is renamed in place: types, labels of enums, attributes.
SET client_min_messages = warning;
-- Renamed types, labels and attributes: in place, no table is written anew
CREATE SCHEMA kinds;
CREATE TYPE kinds.mood AS ENUM ('happy', 'sad');
CREATE DOMAIN kinds.old_domain AS int CHECK (VALUE > 0);
CREATE TYPE kinds.pair AS (a int, b int);
CREATE TABLE kinds.t (id int PRIMARY KEY, m kinds.mood DEFAULT 'happy', ms kinds.mood[], d kinds.old_domain, p kinds.pair, CHECK (m <> 'sad' OR id > 1));
CREATE INDEX t_sad ON kinds.t (id) WHERE m = 'sad';
CREATE FUNCTION kinds.f(m kinds.mood) RETURNS kinds.mood LANGUAGE sql AS 'SELECT m';
CREATE VIEW kinds.v AS SELECT m, (p).a FROM kinds.t WHERE m = 'happy';
INSERT INTO kinds.t VALUES (1, 'happy', '{sad}', 3, (1, 2)), (2, 'sad', NULL, NULL, NULL);
SELECT pg_relation_filenode('kinds.t') AS filenode \gset
SELECT $want$
CREATE SCHEMA kinds;
CREATE TYPE kinds.feeling AS ENUM ('glad', 'sad', 'odd');
CREATE DOMAIN kinds.new_domain AS int CONSTRAINT old_domain_check CHECK (VALUE > 0);
CREATE TYPE kinds.pair AS (x int, b int);
CREATE TABLE kinds.t (id int PRIMARY KEY, m kinds.feeling DEFAULT 'glad', ms kinds.feeling[], d kinds.new_domain, p kinds.pair, CHECK (m <> 'sad' OR id > 1));
CREATE INDEX t_sad ON kinds.t (id) WHERE m = 'sad';
CREATE FUNCTION kinds.f(m kinds.feeling) RETURNS kinds.feeling LANGUAGE sql AS 'SELECT m';
CREATE VIEW kinds.v AS SELECT m, (p).x AS a FROM kinds.t WHERE m = 'glad';
$want$ AS want \gset
\set renames '{"kinds.mood": "feeling", "kinds.mood.happy": "glad", "kinds.old_domain": "new_domain", "kinds.pair.a": "x"}'
SELECT db_adapter.plan(db_adapter.expected(:'want'), renames => :'renames', allow_drop => true) AS plan \gset
SELECT action, object, sql, hazards FROM db_adapter.plan_steps(:'plan');
SELECT :'plan'::jsonb -> 'verified' AS verified, db_adapter.apply(:'plan', confirm => true) -> 'applied' AS applied;
SELECT * FROM db_adapter.differences(db_adapter.expected(:'want'));
SELECT * FROM kinds.t;
SELECT pg_relation_filenode('kinds.t') = :filenode AS kept;
-- Done already, and by bare names
SELECT jsonb_array_length(db_adapter.plan(db_adapter.expected(:'want'), renames => :'renames') -> 'steps') AS steps;
SELECT sql FROM db_adapter.plan_steps(db_adapter.plan(db_adapter.expected(replace(:'want', 'odd', 'even')), schemas => '{kinds}', renames => '{"feeling.odd": "even"}'));
SELECT db_adapter.plan(db_adapter.expected(:'want'), renames => '{"feeling.angry": "calm"}');
DROP SCHEMA kinds CASCADE;
