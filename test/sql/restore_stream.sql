-- A restore whose file comes in chunks, and what ends it.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
CREATE TABLE items (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, note text,
    UNIQUE (user_id, slug));
INSERT INTO items (user_id, slug, note) SELECT 'u1', 'i' || i, 'é' || i FROM generate_series(1, 500) i;
CREATE TABLE file AS SELECT db_adapter.backup_document('{"tables": [{"name": "items"}]}', 'u1') AS text;

CREATE FUNCTION feed(size int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    bytes bytea := (SELECT convert_to(text, 'UTF8') FROM file);
    rows bigint := 0;
BEGIN
    FOR i IN 0 .. length(bytes) / size LOOP
        rows := db_adapter.restore_data(substring(bytes FROM i * size + 1 FOR size));
    END LOOP;
    RETURN rows;
END$$;

-- Cut anywhere.
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u2');
SELECT feed(1);
SELECT * FROM db_adapter.restore_end();
COMMIT;
SELECT count(*) FROM items a JOIN items b USING (slug, note) WHERE a.user_id = 'u1' AND b.user_id = 'u2';
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u3');
SELECT feed(997);
SELECT inserted FROM db_adapter.restore_end();
COMMIT;
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data(text) FROM file;
SELECT inserted FROM db_adapter.restore_end();
ROLLBACK;

-- The last line may be ended twice; nothing else may follow.
SELECT inserted FROM file, db_adapter.restore(text || E'\n\n', user_id => 'u5', dry_run => true);
SELECT db_adapter.validate_backup(text || E'\n\n') ->> 'valid' AS valid FROM file;
SELECT inserted FROM file, db_adapter.restore(text || E'\n \n', user_id => 'u5', dry_run => true);

-- A dry run leaves nothing.
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4', dry_run => true);
SELECT feed(10000);
SELECT inserted FROM db_adapter.restore_end();
COMMIT;
SELECT count(*) FROM items WHERE user_id = 'u4';

-- What is not complete is not committed.
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data(left(text, position('"i200"' IN text))) > 0 AS some FROM file;
COMMIT;
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data(left(text, position('"i200"' IN text))) > 0 AS some FROM file;
SELECT * FROM db_adapter.restore_end();
COMMIT;
SELECT count(*) FROM items WHERE user_id = 'u4';
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data('x');
SELECT * FROM db_adapter.restore_end();

-- Altered on the way.
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data(replace(text, 'é77"', 'e777"')) FROM file;
SELECT * FROM db_adapter.restore_end();
COMMIT;
SELECT count(*) FROM items WHERE user_id = 'u4';

-- Savepoints: what is rolled back ends the restore, what is released does not.
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SAVEPOINT a;
SELECT db_adapter.restore_data(left(text, position('"i200"' IN text))) > 0 AS some FROM file;
RELEASE a;
SAVEPOINT b;
ROLLBACK TO b;
SELECT db_adapter.restore_data(substr(text, position('"i200"' IN text) + 1)) FROM file;
SELECT inserted FROM db_adapter.restore_end();
ROLLBACK;
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SAVEPOINT a;
SELECT db_adapter.restore_data(left(text, position('"i200"' IN text))) > 0 AS some FROM file;
ROLLBACK TO a;
SELECT db_adapter.restore_data(substr(text, position('"i200"' IN text) + 1)) FROM file;
ROLLBACK;
BEGIN;
SAVEPOINT a;
SELECT db_adapter.restore_begin(user_id => 'u4');
SAVEPOINT b;
SELECT db_adapter.restore_data(E'{"format": "x",\n');
ROLLBACK TO b;
SELECT * FROM db_adapter.restore_end();
ROLLBACK;
BEGIN;
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_begin(user_id => 'u4');
ROLLBACK;

-- What a savepoint takes back leaves nothing open behind: the sum of the bytes, the spool.
CREATE TABLE summed AS SELECT db_adapter.backup_document('{"tables": [{"name": "items"}]}', 'u1', checksum => 'sha256') AS text;
BEGIN;
SAVEPOINT a;
SELECT db_adapter.restore_begin(user_id => 'u4', dry_run => true);
SELECT db_adapter.restore_data(text) FROM summed;
ROLLBACK TO a;
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data(left(text, 20000)) > 0 AS some FROM summed;
ROLLBACK TO a;
SELECT db_adapter.restore_begin(user_id => 'u4', dry_run => true);
SELECT db_adapter.restore_data(text) FROM summed;
SELECT inserted FROM db_adapter.restore_end();
SELECT db_adapter.restore_begin(user_id => 'u4');
SELECT db_adapter.restore_data(text) FROM summed;
SELECT inserted FROM db_adapter.restore_end();
COMMIT;
SELECT count(*) FROM items WHERE user_id = 'u4';

DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
