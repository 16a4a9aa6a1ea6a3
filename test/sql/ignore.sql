-- What the argument ignore leaves alone, by kind and name.
SET client_min_messages = warning;
CREATE ROLE regress_ignore SUPERUSER;
SET ROLE regress_ignore;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('a');
CREATE TABLE shop.items (id int, extra text, price numeric(10,2), m shop.mood);
CREATE INDEX items_price ON shop.items (price);
CREATE INDEX tmp_price ON shop.items (price);
CREATE VIEW shop.v AS SELECT id, price FROM shop.items;
CREATE TABLE shop.tmp_one (a int PRIMARY KEY, m shop.mood);
CREATE TABLE shop.tmp_two (a text);
CREATE SEQUENCE shop.counter;
CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
INSERT INTO shop.items VALUES (1, 'x', 2.5);
SELECT db_adapter.expected('CREATE SCHEMA shop;
CREATE TABLE shop.items (id bigint, price numeric(12,2));
CREATE TABLE shop.tmp_two (a int);
CREATE TABLE shop.other (a int);
CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS $$SELECT 2$$', '{shop}') AS want \gset

CREATE FUNCTION pg_temp.left_over(patterns text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', d.severity || ':', d.object_type, d.object, d.attribute)
      FROM db_adapter.differences(current_setting('test.want')::jsonb, ignore => patterns) d $$;
SELECT set_config('test.want', :'want', false) IS NOT NULL AS set;
SELECT pg_temp.left_over('{owners}');
SELECT pg_temp.left_over('{owners,table:tmp_*,view:shop.v}');
SELECT pg_temp.left_over('{owners,table:*,"function:shop.f()"}');
SELECT pg_temp.left_over('{owners,extra:*}');
SELECT pg_temp.left_over('{owners,extra:table,extra:column:*.extra,extra:index:tmp_?????}');
SELECT pg_temp.left_over('{owners,*:*}');

-- What is left alone comes back where it has to make way, and keeps what it needs
SELECT split_part(s ->> 'sql', e'\n', 1) FROM jsonb_array_elements(db_adapter.plan(:'want', allow_drop => true, ignore => '{owners,extra:table,extra:column,extra:view}') -> 'steps') s;
SELECT db_adapter.apply(p, confirm => true) -> 'applied' AS applied, p -> 'verified' AS verified, p -> 'remaining' AS remaining
  FROM db_adapter.plan(:'want', allow_drop => true, ignore => '{owners,extra:table,extra:column,extra:view}') p;
SELECT v.*, pg_typeof(v.id) FROM shop.v;
SELECT pg_temp.left_over('{owners}');
-- The same for a list of names
SELECT db_adapter.validate('{"items": ["id", "gone"], "missing": ["a"]}', '{shop}', ignore => '{table:m*,column:shop.items.gone,extra:table}') - 'differences';
-- What is no pattern
SELECT db_adapter.validate(:'want', ignore => '{tabel:x}');
SELECT db_adapter.validate(:'want', ignore => '{owner}');
SELECT db_adapter.validate(:'want', ignore => '{extra:}');
SELECT db_adapter.validate(:'want', ignore => '{:x}');

SELECT db_adapter.purge_saved_rows('0 s');
DROP SCHEMA shop CASCADE;
DROP FUNCTION pg_temp.left_over(text[]);
RESET ROLE;
DROP ROLE regress_ignore;
