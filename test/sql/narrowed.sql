-- Values that a narrower type rounds or cuts are counted and named.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SET search_path = public;
\set schema '{"tables": [{"name": "t", "user_field": null, "slug_field": null}]}'
CREATE TABLE t (id int PRIMARY KEY, num numeric, f8 float8, ts timestamp, tz timestamptz, tm time, iv interval,
  day timestamp, clock timestamp, txt text, vc varchar(20), nm text, ch text, cash numeric, zip text, arr numeric[], same numeric(10,2), digits numeric);
INSERT INTO t VALUES (1, 1.5, 0.5, '2024-01-01 10:00:00', '2024-01-01 10:00:00+00', '10:00', '1 year', '2024-01-01', '2024-01-01 10:00', 'a', 'b', 'n', 'c', 12.30, '7', '{1.5}', 1.25, 0.1),
  (2, 1.234, 0.123456789012, '2024-01-01 10:00:00.5', '2024-01-01 10:00:00.123456+00', '10:00:00.25', '1 year 3 days', '2024-01-01 12:00', '2024-01-01 10:00', 'a  ', 'bcd  ', repeat('n', 70), 'cd', 12.345, '007', '{1.234,NULL}', 1.25, 0.12345678901234567890),
  (3, 'NaN', 'Infinity', 'infinity', '-infinity', NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{NaN}', 'NaN', 'NaN'),
  (4, 1.50, -0.0, '0044-03-15 00:00 BC', '0044-03-15 00:00+00 BC', '24:00', '-1 mon', '0044-03-15 BC', NULL, '', '', '', '', -3, '-1', '{}', -0, 1e20);
SELECT db_adapter.backup_document(:'schema') AS file \gset
SELECT db_adapter.backup_document(:'schema', format => 'json') AS plain \gset
SELECT "table", inserted, failed, notes FROM db_adapter.restore(:'file');
-- into the same types nothing is asked, and nothing said
TRUNCATE t;
SELECT "table", inserted, failed, notes FROM db_adapter.restore(:'file');
DROP TABLE t;
CREATE DOMAIN cents AS numeric(10,2);
CREATE TABLE t (id int PRIMARY KEY, num cents, f8 float4, ts timestamp(0), tz timestamptz(3), tm time(0), iv interval year to month,
  day date, clock time, txt char(5), vc varchar(3), nm name, ch "char", cash money, zip int, arr numeric(10,2)[], same numeric(10,2), digits float8);
SELECT "table", inserted, failed, failure_details, jsonb_pretty(notes) FROM db_adapter.restore(:'file');
SELECT * FROM t ORDER BY id;
-- rows that are skipped are given nothing, and those overwritten are
SELECT skipped, notes FROM db_adapter.restore(:'file');
SELECT updated, unchanged, notes -> 'narrowed_values' -> 'num' AS num FROM db_adapter.restore(:'file', mode => 'overwrite');
-- a file without types
TRUNCATE t;
ALTER TABLE t DROP clock;
SELECT inserted, failed FROM db_adapter.restore(:'plain', :'schema', on_unknown => 'drop');
SELECT jsonb_pretty(notes) FROM db_adapter.restore(:'plain', :'schema', mode => 'overwrite', on_unknown => 'drop');

-- ids, references and the tenant are not the file's; rows that wait or move count once
CREATE TABLE node (id numeric(10,1) PRIMARY KEY, user_id varchar(9), slug varchar(5) NOT NULL UNIQUE, boss numeric(10,1) NOT NULL REFERENCES node, pos numeric(10,1) UNIQUE);
\set nodes '{"tables": [{"name": "node", "parent": {"table": "node", "field": "boss"}}]}'
ALTER TABLE node ALTER id TYPE numeric, ALTER boss TYPE numeric, ALTER pos TYPE numeric;
INSERT INTO node VALUES (1, 'u', 'a', 2, 1.04), (2, 'u', 'b', 1, 2.04);
SELECT db_adapter.backup_document(:'nodes', user_id => 'u') AS file \gset
TRUNCATE node;
ALTER TABLE node ALTER id TYPE numeric(10,1), ALTER boss TYPE numeric(10,1), ALTER pos TYPE numeric(10,1), ALTER user_id TYPE varchar(3);
SELECT inserted, failed, notes FROM db_adapter.restore(:'file', user_id => 'v');
UPDATE node SET pos = 9 WHERE slug = 'a';
UPDATE node SET pos = 1 WHERE slug = 'b';
UPDATE node SET pos = 2 WHERE slug = 'a';
SELECT updated, failed, failure_details, notes FROM db_adapter.restore(:'file', user_id => 'v', mode => 'overwrite');
SELECT slug, pos FROM node ORDER BY 1;

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
