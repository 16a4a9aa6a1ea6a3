-- Files of version 1.1, and those that Python wrote: values as the ancestors of this format spell them.
SET client_min_messages = warning;
SET datestyle = 'SQL, DMY';
SET timezone = 'Asia/Tokyo';
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE v (id serial PRIMARY KEY, user_id text, slug text, b bytea, f float8, i interval,
    a text[], aa int[], c pair, ca pair[], j json, jb jsonb, d date, ts timestamptz, p positive,
    n numeric DEFAULT 42, ja jsonb[], UNIQUE (user_id, slug));
\set schema '{"tables": [{"name": "v"}]}'
SELECT "table", inserted, failed, failure_details FROM db_adapter.restore($file$
{"metadata": {"version": "1.1"},
 "v": [
  {"id": 1, "slug": "python", "b": "b'\\x00a\\'\\n\\\\'", "f": NaN, "i": "1 day, 2:03:04", "n": "1.50"},
  {"id": 2, "slug": "infinite", "b": "\\x00ff", "f": -Infinity, "i": "-1 day, 23:00:00", "n": null},
  {"id": 3, "slug": "nested", "a": ["x", null, "y,\"z\\"], "aa": [[1, 2], [3, 4]], "c": {"b": "two", "a": 1},
   "ca": [{"a": 1, "b": "x\"y"}, {"a": null, "b": null}], "j": {"b": 1, "a": [1.0]}, "jb": {"b": 1, "a": [1.0]},
   "ja": [{"k": [1]}, "s", null]},
  {"id": 4, "slug": "text", "a": "{x,NULL}", "c": "(1,two)", "j": "plain", "jb": "plain"},
  {"id": 5, "slug": "dates", "d": "2024-02-01", "ts": "2024-02-01T03:04:05.678901+00:00"},
  {"id": 6, "slug": "domain", "p": -1}
 ]}
$file$, :'schema', user_id => 'u1');
SELECT slug, b, f, i, n FROM v WHERE id <= 2 ORDER BY id;
SELECT slug, a, aa, c, ca FROM v WHERE slug IN ('nested', 'text') ORDER BY id;
SELECT slug, j, jb, ja FROM v WHERE slug IN ('nested', 'text') ORDER BY id;
SELECT slug, d, ts, n FROM v WHERE slug = 'dates';

-- What is written in either format comes back, whatever the settings on either side.
SELECT db_adapter.backup_document(:'schema', 'u1') AS exact, db_adapter.backup_document(:'schema', 'u1', format => 'json') AS plain \gset
RESET datestyle;
RESET timezone;
SELECT inserted FROM db_adapter.restore(:'exact', user_id => 'u2');
SELECT inserted FROM db_adapter.restore(:'plain', :'schema', user_id => 'u3');
SELECT x.user_id, count(*) FROM v o JOIN v x USING (slug)
    WHERE o.user_id = 'u1' AND x.user_id <> 'u1'
      AND (to_jsonb(o) - 'id' - 'user_id') = (to_jsonb(x) - 'id' - 'user_id') GROUP BY 1 ORDER BY 1;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
