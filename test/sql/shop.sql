-- A small shop, by its files alone: demo/schema.sql, demo/column-defs.json and
-- demo/backup-schema.json.  First a database that lacks columns is brought to the flat
-- form with the column definitions, then to the whole schema; then a tenant moves.
\set schema `cat demo/schema.sql`
\set column_defs `cat demo/column-defs.json`
\set backup_schema `cat demo/backup-schema.json`

CREATE TABLE categories (
    id serial PRIMARY KEY, user_id varchar(50) NOT NULL, slug varchar(100) NOT NULL,
    name varchar(200) NOT NULL, UNIQUE (user_id, slug));
CREATE TABLE products (
    id serial PRIMARY KEY, user_id varchar(50) NOT NULL, slug varchar(100) NOT NULL,
    name varchar(200) NOT NULL, category_id integer NOT NULL REFERENCES categories (id),
    related_id integer REFERENCES products (id),
    created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, slug));
INSERT INTO categories (user_id, slug, name) VALUES
    ('acme', 'tools', 'Tools'), ('globex', 'tools', 'Their tools'), ('acme', 'garden', 'Garden');
INSERT INTO products (user_id, slug, name, category_id, related_id) VALUES
    ('acme', 'hammer', 'Hammer', 1, NULL), ('globex', 'hammer', 'Their hammer', 2, NULL),
    ('acme', 'nails', 'Nails', 1, 1), ('acme', 'spade', 'Spade', 3, 2);

-- The flat form, found by parsing
SELECT db_adapter.expected_columns(:'schema') AS flat \gset
SELECT jsonb_pretty(:'flat');
SELECT v -> 'valid' AS valid, v -> 'missing_tables' AS tables,
       jsonb_path_query_array(v, '$.missing_columns[*].column') AS columns, v -> 'error_count' AS errors
  FROM db_adapter.validate(:'flat') v;

-- Without definitions a column's type is not known; with them it is
SELECT action, object, sql FROM db_adapter.plan_steps(db_adapter.plan(:'flat')) ORDER BY step;
SELECT db_adapter.plan(:'flat', column_definitions => :'column_defs') AS plan \gset
SELECT action, object, sql FROM db_adapter.plan_steps(:'plan') ORDER BY step;
SELECT r -> 'applied' AS applied, r -> 'validation' -> 'valid' AS valid
  FROM db_adapter.apply(:'plan', confirm => true) r;
SELECT slug, price, active FROM products ORDER BY user_id, slug;

-- A definition for a column that is not missing is not an error; one that is no
-- definition, or more than one, is
SELECT db_adapter.plan(:'flat', column_definitions => '{"products.price": "NUMERIC(10,2)"}') -> 'steps' AS steps;
SELECT db_adapter.plan(:'flat', column_definitions => '{"products.price": "NUMERIC("}');
SELECT db_adapter.plan(:'flat', column_definitions => '{"products.price": "int, DROP COLUMN name"}');

-- The whole schema has an index and a check more
SELECT object_type, object, attribute FROM db_adapter.differences(db_adapter.expected(:'schema'))
 WHERE severity = 'error' ORDER BY object;
SELECT r -> 'applied' AS applied, r -> 'validation' -> 'valid' AS valid
  FROM db_adapter.plan(db_adapter.expected(:'schema')) p, db_adapter.apply(p, confirm => true) r;
SELECT db_adapter.validate(db_adapter.expected(:'schema')) -> 'valid' AS valid;

-- The backup schema suits this database
SELECT * FROM db_adapter.check_backup_schema(:'backup_schema') ORDER BY 1, 2, 3;

-- A tenant's rows, given to another: the spade's relation is to a row of globex
SELECT db_adapter.backup_document(:'backup_schema', user_id => 'acme') AS document \gset
SELECT "table", inserted, updated, skipped, failed, nulled_refs
  FROM db_adapter.restore(:'document', user_id => 'initech');
SELECT p.user_id, p.slug, c.user_id AS of, c.slug AS category, r.user_id AS of, r.slug AS related
  FROM products p JOIN categories c ON c.id = p.category_id
  LEFT JOIN products r ON r.id = p.related_id
 ORDER BY p.user_id, p.slug;

-- Changed rows come back by overwriting, and nothing else does
UPDATE products SET name = 'Broken', price = 1 WHERE user_id = 'initech' AND slug = 'hammer';
SELECT "table", inserted, updated, skipped, failed
  FROM db_adapter.restore(:'document', user_id => 'initech', mode => 'skip');
SELECT name, price FROM products WHERE user_id = 'initech' AND slug = 'hammer';
SELECT "table", inserted, updated, skipped, failed
  FROM db_adapter.restore(:'document', user_id => 'initech', mode => 'overwrite', dry_run => true);
SELECT name, price FROM products WHERE user_id = 'initech' AND slug = 'hammer';
SELECT "table", inserted, updated, skipped, failed
  FROM db_adapter.restore(:'document', user_id => 'initech', mode => 'overwrite');
SELECT name, price FROM products WHERE user_id = 'initech' AND slug = 'hammer';

DROP TABLE products, categories;
