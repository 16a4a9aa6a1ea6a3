-- A server whose encoding is not the file's: what it cannot hold costs its row alone.
SET client_min_messages = warning;
DROP DATABASE IF EXISTS db_adapter_latin1;
CREATE DATABASE db_adapter_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SELECT current_database() AS old_database \gset
-- The same rows in both: one digest, one line of a backup, whatever the encoding.
SELECT 'CREATE TABLE signs (id int PRIMARY KEY, user_id text, slug text, "caf\u00e9" text, UNIQUE (user_id, slug));
    INSERT INTO signs VALUES (1, ''u1'', U&''\00fc'', U&''\00e9\00df''), (2, ''u1'', ''plain'', NULL)' AS signs \gset
\set signs_schema '{"tables": [{"name": "signs"}]}'
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
SELECT replace(:'signs', '\u00e9', U&'\00e9') AS sql \gset
:sql;
SELECT string_agg(encode(digest, 'hex'), ' ' ORDER BY bucket) AS fast FROM db_adapter.digest(:'signs_schema', 'signs', 'u1', 64) \gset
SELECT string_agg(encode(digest, 'hex'), ' ' ORDER BY bucket) AS sha FROM db_adapter.digest(:'signs_schema', 'signs', 'u1', 64, 'sha256') \gset
SELECT regexp_replace(regexp_replace(db_adapter.backup_document(:'signs_schema', 'u1'), '^.*?\n', ''), '\n\{"end.*', '') AS lines \gset
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
RESET search_path;
\c db_adapter_latin1
SET client_min_messages = error;
SET client_encoding = 'UTF8';
CREATE EXTENSION db_adapter;
CREATE TABLE words (id text PRIMARY KEY, user_id text, slug text, UNIQUE (user_id, slug));
INSERT INTO words VALUES (U&'\00e9', 'u0', 'taken');
SELECT inserted, failed, f ->> 'old_pk' IS NULL AS without_key, convert_to(f ->> 'existing_pk', 'LATIN1') AS existing,
    f ->> 'sqlstate' AS sqlstate
FROM db_adapter.restore($file${"format":"db_adapter.backup","version":"2.0","metadata":{},"backup_schema":{"tables":[{"name":"words"}]}}
{"table":"words","columns":{"id":"text","slug":"text"}}
{"id":"a","slug":"one"}
{"id":"\u20ac","slug":"two"}
{"id":"b","slug":"\u20ac"}
{"id":"\u00e9","slug":"three"}
{"id":"\u00fc","slug":"\u00fc"}
$file$, user_id => 'u1', accept_damaged => true), jsonb_array_elements(failure_details) AS f;
SELECT convert_to(id, 'LATIN1') AS id, convert_to(slug, 'LATIN1') AS slug FROM words WHERE user_id = 'u1' ORDER BY id;
SELECT replace(:'signs', '\u00e9', U&'\00e9') AS sql \gset
:sql;
SELECT string_agg(encode(digest, 'hex'), ' ' ORDER BY bucket) = :'fast' AS fast FROM db_adapter.digest(:'signs_schema', 'signs', 'u1', 64);
SELECT string_agg(encode(digest, 'hex'), ' ' ORDER BY bucket) = :'sha' AS sha FROM db_adapter.digest(:'signs_schema', 'signs', 'u1', 64, 'sha256');
SELECT regexp_replace(regexp_replace(db_adapter.backup_document(:'signs_schema', 'u1'), '^.*?\n', ''), '\n\{"end.*', '') = :'lines' AS lines;
\c :old_database
DROP DATABASE db_adapter_latin1;
