-- Rows handed to statements as arrays: types whose arrays unnest() would flatten or spread.
CREATE SCHEMA far;
SET search_path = far;
CREATE TYPE far.pair AS (a int, b text[]);
CREATE DOMAIN far.some AS int[] CHECK (cardinality(VALUE) < 9);
CREATE DOMAIN far.small AS int CHECK (VALUE < 1000);
CREATE TABLE far.things (id serial PRIMARY KEY, user_id text NOT NULL, slug text COLLATE "C" NOT NULL, m int[][], p far.pair, ps far.pair[],
    d far.some, s far.small, c money[], x xml, xs xml[], t text[], n numeric(8, 3), f float8[], r int4range, rs int4range[], v varchar(4), b bit(3)[],
    i interval[], UNIQUE (user_id, slug));
INSERT INTO far.things (user_id, slug, m, p, ps, d, s, c, x, xs, t, n, f, r, rs, v, b, i) VALUES
    ('u1', 'full', '{{1,2},{3,NULL}}', '(1,"{x,NULL,""a,b""}")', '{"(1,{x})",NULL}', '{1,2}', 7, '{1234.5,NULL}', '<a/>', '{<b/>,t}',
     '{NULL,"NULL","",a\"b}', 1.5, '{0.1,1e300,NaN,-0}', '[1,5)', '{"[1,2)",empty}', 'abc', '{101,NULL}', '{1 day -02:00,-1 year}'),
    ('u1', 'bounds', '[0:1][5:6]={{1,2},{3,4}}', NULL, '{}', '{}', NULL, '{}', NULL, '{}', '[3:4]={a,b}', NULL, '{}', 'empty', NULL, '', '{}', '{}'),
    ('u1', 'none', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT db_adapter.backup_document('{"tables": [{"name": "far.things"}]}', 'u1') AS file \gset
SET db_adapter.restore_transport = arrays;
SET array_nulls = off;
SET IntervalStyle = sql_standard;
SET DateStyle = 'SQL, DMY';
SET xmloption = document;
SET extra_float_digits = -10;
SELECT "table", inserted, failed, notes FROM db_adapter.restore(:'file', user_id => 'u2');
UPDATE far.things SET m = NULL, p = NULL, ps = NULL, d = NULL, s = 1, c = NULL, x = NULL, xs = NULL, t = NULL, n = NULL, f = NULL, r = NULL, rs = NULL, v = NULL, b = NULL, i = NULL WHERE user_id = 'u2';
SELECT "table", updated, failed FROM db_adapter.restore(:'file', user_id => 'u2', mode => 'overwrite');
RESET ALL;
SET search_path = far;
SELECT a.slug, record_image_eq(ROW(a.m, a.p, a.ps, a.d, a.s, a.c, a.x, a.xs, a.t, a.n, a.f, a.r, a.rs, a.v, a.b, a.i),
                               ROW(b.m, b.p, b.ps, b.d, b.s, b.c, b.x, b.xs, b.t, b.n, b.f, b.r, b.rs, b.v, b.b, b.i)) AS same
  FROM far.things a JOIN far.things b USING (slug) WHERE a.user_id = 'u1' AND b.user_id = 'u2' ORDER BY a.id;
SET db_adapter.restore_transport = 'else';
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA far CASCADE;
