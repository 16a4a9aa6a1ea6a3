-- Renames keep the rows: told by the caller, or in the text.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE schema shop;
CREATE table shop.items(id int primary key, title text, "Old Col" int);
CREATE table shop."Odd"(a int references shop.items(id));
CREATE view shop.v as select title from shop.items;
INSERT INTO shop.items values (1,'x');
SELECT db_adapter.expected($$
CREATE schema shop;
CREATE table shop.items(id int primary key, name text, "New Col" int);
CREATE table shop.even(a int references shop.items(id));
CREATE view shop.v as select name as title from shop.items;
$$) as want \gset
SELECT p->'notes' from db_adapter.plan(:'want') p;
SELECT * from db_adapter.plan_steps(db_adapter.plan(:'want', renames => '{"shop.items.title":"name","shop.items.\"Old Col\"":"New Col","shop.\"Odd\"":"even"}'));
SELECT p->'verified', p->'verify_error' from db_adapter.plan(:'want', renames => '{"shop.items.title":"name","shop.items.\"Old Col\"":"New Col","shop.\"Odd\"":"even"}') p;
SELECT db_adapter.apply(db_adapter.plan(:'want', renames => '{"shop.items.title":"name","shop.items.\"Old Col\"":"New Col","shop.\"Odd\"":"even"}'), true)->'validation';
SELECT * from shop.items;
SELECT db_adapter.plan(:'want', renames => '{"shop.items.titel":"nam"}');
SELECT db_adapter.expected($$
CREATE schema shop;
CREATE table shop.items(id int primary key, label text, -- renamed from name
 "New Col" int);
CREATE table shop.even(a int references shop.items(id));
CREATE view shop.v as select label as title from shop.items;
$$) as want \gset
SELECT :'want'::jsonb->'renames';
SELECT * from db_adapter.plan_steps(db_adapter.plan(:'want'));
DROP SCHEMA shop CASCADE;
