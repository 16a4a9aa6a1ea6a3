-- Declared schemas: what DDL leaves short of a declaration is warned of, notified,
-- or refused at commit.
SET client_min_messages = warning;
CREATE SCHEMA shop;
CREATE SCHEMA other;
CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL);

-- bad arguments
SELECT db_adapter.declare(NULL, '');
SELECT db_adapter.declare('x', NULL);
SELECT db_adapter.declare('', 'CREATE SCHEMA shop;');
SELECT db_adapter.declare(repeat('x', 64), 'CREATE SCHEMA shop;');
SELECT db_adapter.declare('x', 'CREATE SCHEMA shop;', '{shop}', 'enforced');
SELECT db_adapter.declare('x', 'CREATE TABL y ();');
SELECT db_adapter.declare('x', '', '{pg_catalog}');
SELECT db_adapter.undeclare('x');
SELECT db_adapter.note_ddl();
SELECT name FROM db_adapter.declarations;

-- A schema that does not meet its declaration yet: only warned of, once a session.
SELECT jsonb_pretty(db_adapter.declare('shop', $$
    CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2));
    CREATE INDEX item_name ON shop.item (name);
    $$, '{shop}', 'enforce'));
SELECT name, owner = current_user::regrole AS own, mode, schemas, armed FROM db_adapter.declarations;
SELECT * FROM db_adapter.drift ORDER BY object;
CREATE TABLE shop.extra ();
DROP TABLE shop.extra;

-- Meeting it arms it; extra objects and comments do no harm.
ALTER TABLE shop.item ADD price numeric(10,2);
CREATE INDEX item_name ON shop.item (name);
SELECT name, armed FROM db_adapter.declarations;
SELECT * FROM db_adapter.drift;
CREATE TABLE shop.extra ();
COMMENT ON TABLE shop.item IS 'on sale';
DROP TABLE shop.extra;

-- Now drift is refused, whatever its kind, and nothing of it stays.
\set VERBOSITY sqlstate
ALTER TABLE shop.item DROP price;
\set VERBOSITY default
ALTER TABLE shop.item DROP price;
ALTER TABLE shop.item ALTER price TYPE text;
ALTER TABLE shop.item RENAME TO article;
ALTER TABLE shop.item SET SCHEMA other;
ALTER SCHEMA shop RENAME TO shoppe;
DROP INDEX shop.item_name;
DROP SCHEMA shop CASCADE;
DO 'BEGIN DROP TABLE shop.item; END';
SELECT * FROM db_adapter.drift;

-- What lies between does not matter, however much.
BEGIN;
ALTER TABLE shop.item DROP price;
SELECT object, attribute FROM db_adapter.drift;
ALTER TABLE shop.item ADD price numeric(10,2);
COMMIT;
-- A savepoint rolled back has changed nothing ...
BEGIN;
SAVEPOINT a;
ALTER TABLE shop.item DROP price;
ROLLBACK TO a;
CREATE TABLE other.x ();
COMMIT;
-- ... one released has.
BEGIN;
SAVEPOINT a;
SAVEPOINT b;
DROP INDEX shop.item_name;
RELEASE a;
SAVEPOINT b;
ROLLBACK TO b;
COMMIT;
-- A dry run of a plan is rolled back, too; applied, it counts.
CREATE TABLE other.plan AS SELECT db_adapter.plan(db_adapter.expected(
    'CREATE TABLE shop.item (id int PRIMARY KEY, name text, price numeric(10,2));', '{shop}')) AS plan;
SELECT db_adapter.apply(plan) -> 'applied' AS applied FROM other.plan;
SELECT db_adapter.apply(plan, confirm => true) -> 'applied' AS applied FROM other.plan;
DROP TABLE other.plan;

-- Each transaction of a procedure stands for itself.
CREATE PROCEDURE other.two_steps() LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE shop.item ADD note text;
    COMMIT;
    CREATE TEMP TABLE t ();
    COMMIT;
    ALTER TABLE shop.item DROP price;
    COMMIT;
END $$;
CALL other.two_steps();
SELECT attname FROM pg_attribute WHERE attrelid = 'shop.item'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1;
ALTER TABLE shop.item DROP note;

-- Indexes built without a transaction.
CREATE INDEX CONCURRENTLY more ON shop.item (price);
REINDEX INDEX CONCURRENTLY shop.item_name;
DROP INDEX CONCURRENTLY shop.more;
VACUUM shop.item;
-- Those of the declaration stay whole: they are refused before anything is done.
DROP INDEX CONCURRENTLY shop.item_name;
DROP INDEX CONCURRENTLY IF EXISTS shop.item_nam;
SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop.item_name'::regclass;

-- Parts of relations touch their schema.
SELECT db_adapter.undeclare('shop');
SELECT db_adapter.declare('parts', $$
    CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) DEFAULT 1);
    CREATE INDEX item_name ON shop.item (name);
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER t BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.f();
    CREATE POLICY p ON shop.item USING (true);
    CREATE RULE r AS ON INSERT TO shop.item WHERE NEW.id < 0 DO INSTEAD NOTHING;
    $$, '{shop}', 'enforce') -> 'armed' AS armed;
CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.f();
CREATE POLICY p ON shop.item USING (true);
CREATE RULE r AS ON INSERT TO shop.item WHERE NEW.id < 0 DO INSTEAD NOTHING;
ALTER TABLE shop.item ALTER price SET DEFAULT 1;
SELECT name, armed FROM db_adapter.declarations;
\set VERBOSITY terse
DROP TRIGGER t ON shop.item;
ALTER TABLE shop.item DISABLE TRIGGER t;
ALTER TRIGGER t ON shop.item RENAME TO t2;
DROP POLICY p ON shop.item;
ALTER POLICY p ON shop.item USING (false);
DROP RULE r ON shop.item;
ALTER TABLE shop.item ALTER price DROP DEFAULT;
CREATE OR REPLACE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
\set VERBOSITY default
SELECT * FROM db_adapter.drift WHERE severity = 'error';

-- Nor is a partition detached halfway.
SELECT db_adapter.declare('log', $$
    CREATE TABLE other.log (id int) PARTITION BY LIST (id);
    CREATE TABLE other.log_1 PARTITION OF other.log FOR VALUES IN (1);
    CREATE TABLE other.log_2 PARTITION OF other.log FOR VALUES IN (2);
    CREATE MATERIALIZED VIEW other.best AS SELECT 1 AS id;
    CREATE INDEX best_id ON other.best (id);$$, '{other}', 'enforce') -> 'armed' AS armed;
BEGIN;
CREATE TABLE other.log (id int) PARTITION BY LIST (id);
CREATE TABLE other.log_1 PARTITION OF other.log FOR VALUES IN (1);
CREATE TABLE other.log_2 PARTITION OF other.log FOR VALUES IN (2);
CREATE TABLE other.log_3 PARTITION OF other.log FOR VALUES IN (3);
CREATE MATERIALIZED VIEW other.best AS SELECT 1 AS id;
CREATE INDEX best_id ON other.best (id);
COMMIT;
SELECT armed FROM db_adapter.declarations WHERE name = 'log';
ALTER TABLE other.log DETACH PARTITION other.log_1 CONCURRENTLY;
ALTER TABLE other.log DETACH PARTITION other.log_3 CONCURRENTLY;
DROP INDEX CONCURRENTLY other.best_id;
SELECT inhrelid::regclass, inhdetachpending FROM pg_inherits WHERE inhparent = 'other.log'::regclass ORDER BY 1;
-- One that is damaged shows in drift, beside the others, and refuses nothing.
SET db_adapter.enforce = off;
UPDATE db_adapter.declaration SET document = '{"tables": 1}' WHERE name = 'log';
RESET db_adapter.enforce;
SELECT * FROM db_adapter.drift ORDER BY declaration, object;
SELECT name, armed, server_version FROM db_adapter.declarations WHERE name = 'log';
DROP INDEX CONCURRENTLY other.best_id;
SELECT db_adapter.undeclare('log');
DROP TABLE other.log, other.log_3;
DROP MATERIALIZED VIEW other.best;

-- Superusers can switch it off; nothing is checked then.
SET db_adapter.enforce = off;
SELECT db_adapter.declare('shop', 'CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL); CREATE INDEX item_name ON shop.item (name);',
    '{shop}', 'enforce') -> 'armed' AS armed;
DROP INDEX CONCURRENTLY shop.item_name;
SELECT db_adapter.undeclare('parts');
RESET db_adapter.enforce;
SELECT severity, object FROM db_adapter.drift;
-- Drift that is there is refused as well until it is mended; not what does not touch it.
CREATE TABLE shop.extra ();
BEGIN;
SAVEPOINT a;
CREATE TABLE shop.extra ();
ROLLBACK TO a;
COMMIT;
BEGIN;
CREATE TABLE shop.extra ();
CREATE INDEX item_name ON shop.item (name);
COMMIT;
DROP TABLE shop.extra;

-- Declared anew: no longer in the old way.
SELECT db_adapter.declare('shop', 'CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL);',
    '{shop}', 'warn') -> 'armed' AS armed;
ALTER TABLE shop.item DROP price;
ALTER TABLE shop.item DROP name;
ALTER TABLE shop.item ADD name text NOT NULL;

-- What validate leaves out and ignores by default is said once, in the script.
CREATE TABLE shop.left_out (id int);
SELECT db_adapter.declare('left_out', $$
    CREATE TABLE shop.left_out (id int);
    COMMENT ON TABLE shop.left_out IS 'as declared';
    $$, '{shop}', 'warn') -> 'valid' AS valid;
BEGIN;
DROP TABLE shop.left_out;
SELECT object FROM db_adapter.drift
 WHERE declaration = 'left_out' AND object = 'shop.left_out';
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('db_adapter.validate'::regproc), '{schema_migrations', '{left_out,schema_migrations');
END $$;
SELECT object FROM db_adapter.drift
 WHERE declaration = 'left_out' AND object = 'shop.left_out';
ROLLBACK;
BEGIN;
SELECT object, attribute FROM db_adapter.drift
 WHERE declaration = 'left_out' AND object = 'shop.left_out';
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('db_adapter.validate'::regproc), '{owners}', '{owners,comments}');
END $$;
SELECT object, attribute FROM db_adapter.drift
 WHERE declaration = 'left_out' AND object = 'shop.left_out';
ROLLBACK;
SELECT db_adapter.undeclare('left_out');

-- What a declaration leaves alone it says itself.
SELECT db_adapter.declare('some', 'CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL); CREATE TABLE shop.part_p1 (id int, gone int); COMMENT ON TABLE shop.item IS ''x''',
    '{shop}', 'enforce', '{owners,comments,table:part_*,extra:index}') - 'validation' AS declared;
SELECT name, ignore FROM db_adapter.declarations ORDER BY name;
CREATE INDEX more ON shop.item (name);
CREATE TABLE shop.part_p2 ();
SELECT severity, object_type, object FROM db_adapter.drift WHERE declaration = 'some' ORDER BY 3;
ALTER TABLE shop.item DROP COLUMN name;
DROP TABLE shop.part_p2;
DROP INDEX shop.more;
SELECT db_adapter.declare('some', '', '{shop}', ignore => '{tabel:x}');
SELECT db_adapter.undeclare('some');

-- Undone.
SELECT db_adapter.undeclare('shop');
SELECT * FROM db_adapter.declarations;
DROP SCHEMA shop CASCADE;
DROP SCHEMA other CASCADE;
