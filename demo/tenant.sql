-- A tenant moves into a database where all its ids are taken.
\pset footer off
\pset null '-'
CREATE DATABASE east;
CREATE DATABASE west;

-- East: acme and globex.  West: initech, who came first and has the same ids.
\connect east
\i demo/schema.sql
INSERT INTO categories (user_id, slug, name) VALUES
    ('acme', 'tools', 'Tools'), ('globex', 'lasers', 'Lasers'), ('acme', 'garden', 'Garden');
INSERT INTO products (user_id, slug, name, category_id, related_id, price) VALUES
    ('acme', 'hammer', 'Hammer', 1, NULL, 12.50), ('globex', 'ray', 'Ray', 2, NULL, 9999),
    ('acme', 'nails', 'Nails', 1, 1, 3.20), ('acme', 'spade', 'Spade', 3, NULL, 18.00);
\connect west
\i demo/schema.sql
INSERT INTO categories (user_id, slug, name) VALUES
    ('initech', 'paper', 'Paper'), ('initech', 'ink', 'Ink'), ('initech', 'desks', 'Desks');
INSERT INTO products (user_id, slug, name, category_id) VALUES
    ('initech', 'a4', 'A4', 1), ('initech', 'cyan', 'Cyan', 2), ('initech', 'oak', 'Oak', 3),
    ('initech', 'a5', 'A5', 1);

\echo '2. A TENANT MOVES'
\echo
\echo 'Database east. The tenant acme shares its tables with others:'
\echo
\connect east
SELECT p.id, p.user_id, p.name, p.category_id, c.name AS category, p.related_id
  FROM products p JOIN categories c ON c.id = p.category_id ORDER BY p.id;
SELECT string_agg(format('%s %s %s %s', p.slug, p.price, c.slug, r.slug), '; ' ORDER BY p.slug) AS east
  FROM products p JOIN categories c ON c.id = p.category_id
  LEFT JOIN products r ON r.id = p.related_id
 WHERE p.user_id = 'acme' \gset
\! demo/tell --profile east backup --user-id acme -o acme.jsonl

\connect west
SELECT count(*) AS others FROM products \gset
SELECT md5(string_agg(p::text, ';' ORDER BY id)) AS others_before FROM products p \gset
\echo 'Restored into database west, where every one of these ids is taken:'
\echo
\! demo/tell --profile west restore acme.jsonl --yes
SELECT p.id, p.user_id, p.name, p.category_id, c.name AS category, p.related_id
  FROM products p JOIN categories c ON c.id = p.category_id ORDER BY p.id;
SELECT demo.claim('acme''s rows arrived, each under its own category',
    string_agg(format('%s %s %s %s', p.slug, p.price, c.slug, r.slug), '; ' ORDER BY p.slug)
    = :'east')
  FROM products p JOIN categories c ON c.id = p.category_id
  LEFT JOIN products r ON r.id = p.related_id
 WHERE p.user_id = 'acme' \gset
\echo :claim
SELECT demo.claim('initech''s rows are untouched, globex stayed at home',
    md5(string_agg(p::text, ';' ORDER BY id) FILTER (WHERE user_id = 'initech')) = :'others_before'
    AND bool_and(user_id <> 'globex')) FROM products p \gset
\echo :claim
SELECT md5(string_agg(p::text, ';' ORDER BY id)) AS before FROM products p \gset
\echo
\! demo/tell --profile west restore acme.jsonl --yes
SELECT demo.claim('restored a second time, nothing changes',
    md5(string_agg(p::text, ';' ORDER BY id)) = :'before') FROM products p \gset
\echo :claim
\echo

\connect east
UPDATE products SET price = 13.80 WHERE slug = 'hammer';
INSERT INTO products (user_id, slug, name, category_id, price)
    SELECT 'acme', 'saw', 'Saw', id, 24 FROM categories WHERE slug = 'tools';
DELETE FROM products WHERE slug = 'spade';
\connect west
\echo '3. WHAT HAS CHANGED SINCE'
\echo
\echo 'In east a price has risen, the saw is new and the spade is gone. What does west lack?'
\echo
\! demo/tell --profile west sync --from east --user-id acme
SELECT demo.claim('a preview changes nothing',
    md5(string_agg(p::text, ';' ORDER BY id)) = :'before') FROM products p \gset
\echo :claim
\echo
\! demo/tell --profile west sync --from east --user-id acme --confirm --delete --yes -q
SELECT demo.claim('only what differs was moved, and initech''s rows are untouched',
    string_agg(format('%s %s', slug, price), '; ' ORDER BY slug) FILTER (WHERE user_id = 'acme')
    = 'hammer 13.80; nails 3.20; saw 24.00'
    AND md5(string_agg(p::text, ';' ORDER BY id) FILTER (WHERE user_id = 'initech')) = :'others_before')
  FROM products p \gset
\echo :claim
\echo
