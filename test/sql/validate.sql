-- The live schema against an expected one.
SET client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.items (id int PRIMARY KEY, name varchar(20) CHECK (name IN ('a', 'b')), price numeric DEFAULT 1);
CREATE TABLE shop."Mixed" (a int, b int);
CREATE INDEX items_price ON shop.items (price);
COMMENT ON TABLE shop.items IS 'things';
SELECT db_adapter.introspect('{shop}') AS want \gset
SELECT db_adapter.validate(:'want');

-- One of each: missing, changed, extra, order, comment, privileges
ALTER TABLE shop.items ALTER name TYPE varchar(30), ALTER price DROP DEFAULT, ALTER price SET NOT NULL, ADD extra int;
DROP INDEX shop.items_price;
ALTER TABLE shop."Mixed" RENAME a TO c;
ALTER TABLE shop."Mixed" ADD a int;
COMMENT ON TABLE shop.items IS 'other things';
GRANT SELECT ON shop.items TO PUBLIC;
CREATE TABLE shop.added (a int);
SELECT * FROM db_adapter.differences(:'want');
SELECT v -> 'valid' AS valid, v -> 'error_count' AS errors, v -> 'missing_tables' AS missing_tables, v -> 'missing_columns' AS missing_columns,
       v -> 'extra_tables' AS extra_tables, jsonb_array_length(v -> 'differences') AS differences
  FROM db_adapter.validate(:'want') v;

-- What to pass over
SELECT DISTINCT severity, object_type, attribute FROM db_adapter.differences(:'want', ignore => '{owners,privileges,comments,column_order,extra_objects}') ORDER BY 1, 2, 3;
SELECT count(*) FROM db_adapter.differences(:'want', exclude => '{items,Mixed,added}');
SELECT count(*) FROM db_adapter.differences(:'want', schemas => '{nowhere}');
DROP TABLE shop.items;
SELECT v -> 'missing_tables' AS missing FROM db_adapter.validate(:'want') v;

-- Names alone
SELECT db_adapter.validate('{"Mixed": ["a", "b", "z"], "lost": ["id"]}', schemas => '{shop}');
SELECT db_adapter.validate(db_adapter.column_names('shop'), schemas => '{shop}') -> 'valid' AS valid;

-- For people
\pset format unaligned
SELECT db_adapter.report(db_adapter.validate(:'want'));
SELECT db_adapter.report(db_adapter.validate(:'want'), 'markdown');
SELECT db_adapter.report(db_adapter.validate('{}', schemas => '{nowhere}'));
SELECT db_adapter.report('{"valid": false, "error_count": 1, "differences": [{"severity": "error", "object_type": "table", "object": "a|b", "expected": "x", "actual": null, "attribute": null}]}', 'markdown');
\pset format aligned

-- A check on a varchar prints in another way once it comes from a dump; it is the same
CREATE TABLE shop.once (s varchar CONSTRAINT c CHECK (s IN ('a', 'b')));
CREATE TABLE shop.again (s varchar CONSTRAINT c CHECK ((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])));
SELECT count(DISTINCT pg_get_constraintdef(oid)) AS prints FROM pg_constraint WHERE conname = 'c' AND connamespace = 'shop'::regnamespace;
SELECT replace(db_adapter.introspect('{shop}', '{again,Mixed,added}')::text, '"once"', '"again"') AS once \gset
SELECT count(*) FROM db_adapter.differences(:'once', exclude => '{once,Mixed,added}');

-- It writes nothing, and reads what the transaction itself did
BEGIN TRANSACTION READ ONLY;
SELECT db_adapter.validate('{"Mixed": ["a"]}', schemas => '{shop}') -> 'valid' AS valid;
COMMIT;
BEGIN;
DROP TABLE shop."Mixed";
SELECT db_adapter.validate('{"Mixed": ["a"]}', schemas => '{shop}') -> 'missing_tables' AS missing;
ROLLBACK;

-- From the text in one call: the same as in two
\set text 'CREATE TABLE shop."Mixed" (c int, b int NOT NULL); CREATE TABLE shop.lost (id int PRIMARY KEY);'
SELECT db_adapter.validate_text(:'text', '{shop}') = db_adapter.validate(db_adapter.expected(:'text', '{shop}'), '{shop}') AS same;
SELECT db_adapter.validate_text(:'text', '{shop}', '{Mixed}') -> 'error_count' AS errors,
       db_adapter.validate_text(:'text', '{shop}', '{lost}', '{owners,extra_objects}') -> 'missing_tables' AS missing;
SELECT db_adapter.validate_text('') -> 'valid' AS valid;
SELECT db_adapter.validate_text(NULL);
CREATE ROLE regress_da_validator;
GRANT USAGE ON SCHEMA db_adapter TO regress_da_validator;
SET ROLE regress_da_validator;
SELECT db_adapter.validate_text('');
RESET ROLE;
REVOKE USAGE ON SCHEMA db_adapter FROM regress_da_validator;
DROP ROLE regress_da_validator;
BEGIN TRANSACTION READ ONLY;
SELECT db_adapter.validate_text('CREATE TABLE t (a int)');
ROLLBACK;

-- What does not fit is refused
\set VERBOSITY default
SELECT db_adapter.validate('[]');
SELECT db_adapter.validate('{"items": [1]}');
SELECT db_adapter.validate('{"items": ["a"]}', schemas => '{a,b}');
SELECT db_adapter.validate(jsonb_set(:'want', '{version}', '2'));
SELECT db_adapter.validate(jsonb_set(:'want', '{tabels}', '[]'));
SELECT db_adapter.validate(jsonb_set(:'want', '{tables}', '{}'));
SELECT db_adapter.validate(jsonb_set(:'want', '{tables,0,columns,0,type}', '1'));
SELECT db_adapter.validate(:'want', ignore => '{colum_order}');
SELECT db_adapter.validate(NULL);
SELECT db_adapter.report('{}', 'html');
SELECT db_adapter.report('[]');
DROP SCHEMA shop CASCADE;
