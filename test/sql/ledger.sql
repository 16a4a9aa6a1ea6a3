-- Rows known by where they were born, as far as one database can tell: files of another are
-- made by giving them its origin.  Several databases: test/tap/049_homes.pl.
SET client_min_messages = warning;
CREATE TABLE notes (id serial PRIMARY KEY, user_id text, body text);
CREATE FUNCTION of_another(file text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(file, '("origin":")[^"]*', '\1aaaaaaaa-0000-4000-8000-000000000001') $$;
CREATE FUNCTION back_up(user_id text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT db_adapter.backup_document('{"tables": [{"name": "notes", "slug_field": null, "remember": true}]}', user_id) $$;
CREATE FUNCTION restore(file text, user_id text DEFAULT NULL, mode text DEFAULT 'skip', dry_run boolean DEFAULT false, ids text DEFAULT 'auto')
RETURNS text LANGUAGE sql AS $$
    SELECT format('%s inserted, %s updated, %s unchanged, %s skipped, %s failed %s', inserted, updated, unchanged, skipped, failed, nullif(notes, '{}'))
      FROM db_adapter.restore(file, user_id => user_id, mode => mode, dry_run => dry_run, ids => ids, accept_damaged => true) $$;
SET client_min_messages = error;

-- What a backup schema may say.
SELECT db_adapter.backup_document('{"tables": [{"name": "notes", "slug_field": "body", "remember": true}]}');
SELECT db_adapter.backup_document('{"tables": [{"name": "notes", "remember": true}]}');
SELECT db_adapter.backup_document('{"tables": [{"name": "notes", "pk": null, "slug_field": null, "remember": true}]}');
SELECT message FROM db_adapter.check_backup_schema('{"tables": [{"name": "notes", "slug_field": null, "remember": true}]}');

-- Rows of another database go in once; a dry run leaves nothing.
INSERT INTO notes (user_id, body) VALUES ('u1', 'one'), ('u1', 'one'), ('u2', 'two');
SELECT of_another(back_up()) AS file, of_another(back_up('u1')) AS file1 \gset
SELECT restore(:'file', dry_run => true);
SELECT count(*) FROM db_adapter.ledger_set;
SELECT restore(:'file');
SELECT restore(:'file');
SELECT restore(:'file', mode => 'overwrite');
SELECT id, user_id, body FROM notes ORDER BY 1;
SELECT origin, "table", tenant, rows FROM db_adapter.origins;
SELECT source, key FROM db_adapter.ledger ORDER BY 1;
-- One tenant of them.
SELECT restore(:'file1');
SELECT restore(:'file1', 'u1');

-- Rolled back with its transaction, and to a savepoint.
DELETE FROM notes WHERE id > 3;
BEGIN;
SELECT restore(:'file');
ROLLBACK;
SELECT restore(:'file');
SELECT source, key::int > 6 AS again FROM db_adapter.ledger ORDER BY 1;
BEGIN;
SAVEPOINT s;
DELETE FROM notes WHERE id > 3;
SELECT restore(:'file');
ROLLBACK TO s;
SELECT restore(:'file');
COMMIT;
SELECT count(*) FROM notes n JOIN db_adapter.ledger l ON l.key = n.id::text;

-- A file of our own: rows are found by their keys, and get them back.
TRUNCATE notes;
DELETE FROM db_adapter.ledger;
INSERT INTO notes (id, user_id, body) VALUES (1, 'u1', 'one'), (2, 'u1', 'one'), (3, 'u2', 'two');
SELECT back_up() AS own, back_up('u1') AS own1 \gset
DELETE FROM notes WHERE id = 2;
SELECT restore(:'own');
SELECT id, user_id, body FROM notes ORDER BY 1;
SELECT count(*) FROM db_adapter.ledger;
-- Its key is another tenant's now, who keeps it.
UPDATE notes SET user_id = 'u2', body = 'taken' WHERE id = 2;
SELECT restore(:'own1', 'u1');
SELECT restore(:'own1', 'u1');
SELECT id > 3 AS new, user_id, body FROM notes ORDER BY id;
SELECT tenant, rows FROM db_adapter.origins WHERE tenant IS NOT NULL;
-- The row that took it is born here, and so is the copy.
SELECT regexp_matches(back_up(), '@home":"[^"]*"', 'g');

-- To another tenant: copies, which are found again, and are born here.
SELECT restore(:'own1', 'u9');
SELECT restore(:'own1', 'u9');
SELECT user_id, count(*) FROM notes GROUP BY 1 ORDER BY 1;
SELECT regexp_matches(back_up(), '@home":"[^"]*"', 'g');

-- A file of one tenant claims the homes of another's rows.
TRUNCATE notes, db_adapter.ledger, db_adapter.ledger_set;
INSERT INTO notes (user_id, body) VALUES ('u2', 'secret');
SELECT of_another(back_up()) AS theirs \gset
SELECT restore(:'theirs');
SELECT source, key FROM db_adapter.ledger \gset before_
SELECT restore(replace(replace(:'theirs', 'u2', 'u1'), 'secret', 'forged'), 'u1', 'overwrite');
SELECT restore(replace(replace(:'theirs', 'u2', 'u1'), 'secret', 'forged'), 'u1', 'overwrite');
SELECT user_id, body FROM notes ORDER BY id;
SELECT key = :'before_key' AS stays FROM db_adapter.ledger l JOIN db_adapter.ledger_set USING (set) WHERE tenant IS NULL;
SELECT restore(:'theirs');
-- Where nobody has said whose rows they are, the file's word counts: it has moved.
SELECT restore(replace(:'theirs', 'u2', 'u3'));
SELECT n.user_id FROM db_adapter.ledger l JOIN db_adapter.ledger_set USING (set) JOIN notes n ON n.id::text = l.key WHERE tenant IS NULL;

-- A key that was deleted and came again is nobody else's.
TRUNCATE notes, db_adapter.ledger, db_adapter.ledger_set;
SELECT restore(:'theirs');
SELECT id AS gone FROM notes \gset
DELETE FROM notes;
INSERT INTO notes (id, user_id, body) VALUES (:gone, 'u2', 'mine');
SELECT back_up() AS mine \gset
DELETE FROM notes;
SELECT restore(regexp_replace(:'mine', ',"@home":"[^"]*"', ''));
SELECT count(*) FROM db_adapter.ledger;

-- The sequence was set back: what is remembered may be others' now.
TRUNCATE notes, db_adapter.ledger, db_adapter.ledger_set;
SELECT restore(:'file');
TRUNCATE notes RESTART IDENTITY;
INSERT INTO notes (user_id, body) VALUES ('u1', 'new');
\set VERBOSITY terse
SELECT restore(:'file');
SET client_min_messages = warning;
SELECT back_up() !~ '"home"' AS silent;
SET client_min_messages = error;
\set VERBOSITY default
SELECT db_adapter.forget('aaaaaaaa-0000-4000-8000-000000000001', 'notes');
SELECT restore(:'file');
SELECT restore(:'file');
SELECT db_adapter.forget(), (SELECT count(*) FROM db_adapter.ledger_set);

-- What says no home is restored as ever.
SELECT restore(regexp_replace(:'file', ',"origin":"[^"]*"', ''));
SELECT restore(replace(:'file', ',"home":"@home"', ''));
-- A home that is none, and an origin that is none.
SELECT restore(regexp_replace(:'file', '("id":1,.*?)\}', '\1,"@home":"7/1"}'));
SELECT restore(regexp_replace(:'file', '("id":1,.*?)\}', '\1,"@home":"1"}'));
SELECT restore(regexp_replace(:'file', '("origin":")[^"]*', '\1nowhere'));
-- One that this database shall have had.
SELECT restore(regexp_replace(:'own', '("id":1,.*?)\}', '\1,"@home":"0/none"}'));

-- Damaged, the ledger is not guessed at.
TRUNCATE notes, db_adapter.ledger, db_adapter.ledger_set;
SELECT restore(:'file');
UPDATE db_adapter.ledger SET key = 'x' WHERE source = '1';
SELECT restore(:'file');
DELETE FROM db_adapter.ledger_set;
SELECT restore(:'file');
SELECT count(*) FROM notes;
SELECT db_adapter.forget();
SELECT restore(:'file');
SELECT restore(:'file');

-- Under row security nothing is remembered, whatever the file claims.
TRUNCATE notes, db_adapter.ledger, db_adapter.ledger_set;
SELECT restore(:'theirs');
CREATE ROLE regress_ledger_forger;
GRANT ALL ON notes, notes_id_seq TO regress_ledger_forger;
GRANT EXECUTE ON FUNCTION db_adapter.restore TO regress_ledger_forger;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO regress_ledger_forger USING (user_id = 'u1');
SET ROLE regress_ledger_forger;
SELECT restore(replace(replace(:'theirs', 'u2', 'u1'), 'secret', 'forged'), 'u1', 'overwrite');
SELECT restore(replace(replace(:'own', 'u2', 'u1'), 'one', 'forged'), 'u1', 'overwrite');
SELECT * FROM db_adapter.ledger;
SELECT * FROM db_adapter.origins;
SELECT db_adapter.forget();
SELECT db_adapter.backup_document('{"tables": [{"name": "notes", "slug_field": null, "remember": true}]}', row_security => true) !~ '@home' AS silent;
RESET ROLE;
SELECT user_id, body FROM notes ORDER BY id;
SELECT count(*) FROM db_adapter.ledger;
SELECT restore(:'theirs');

DROP TABLE notes;
REVOKE ALL ON FUNCTION db_adapter.restore FROM regress_ledger_forger;
DROP ROLE regress_ledger_forger;
DELETE FROM db_adapter.ledger_set;
DROP FUNCTION of_another, back_up, restore;
