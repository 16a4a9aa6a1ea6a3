-- Tables that reference themselves and each other, and keys of every kind.
SET client_min_messages = warning;
-- bare names mean public: one of the test's own
ALTER SCHEMA public RENAME TO regress_public;
CREATE SCHEMA public;
-- self reference nullable optional, child before parent
create table cat(id serial primary key, user_id text, slug text, parent_id int references cat, unique(user_id,slug));
-- self reference not null
create table emp(id serial primary key, user_id text, slug text, boss_id int not null references emp, unique(user_id,slug));
-- not null non-deferrable cycle
create table a(id serial primary key, user_id text, slug text, b_id int not null, unique(user_id,slug));
create table b(id serial primary key, user_id text, slug text, a_id int not null references a, unique(user_id,slug));
alter table a add foreign key (b_id) references b;
insert into cat select i,'u1','c'||i, nullif(i+1,301) from generate_series(1,300) i;
insert into emp select i,'u1','e'||i, case when i=500 then 500 else least(i+1,500) end from generate_series(1,500) i;
with x as (insert into a select i,'u1','a'||i, 1000+i from generate_series(1,130) i) insert into b select 1000+i,'u1','b'||i, i from generate_series(1,130) i;
\set bs '{"tables":[{"name":"cat","optional_refs":[{"table":"cat","field":"parent_id"}]},{"name":"emp","parent":{"table":"emp","field":"boss_id"}},{"name":"a","parent":{"table":"b","field":"b_id"}},{"name":"b","parent":{"table":"a","field":"a_id"}}]}'
select setval('cat_id_seq',5000), setval('emp_id_seq',5000), setval('a_id_seq',5000), setval('b_id_seq',5000);
select db_adapter.backup_document(:'bs', 'u1') as doc \gset

select * from db_adapter.restore(:'doc', user_id => 'u2');
select * from db_adapter.restore(:'doc', user_id => 'u2');
select * from db_adapter.restore(:'doc', user_id => 'u2', mode=>'overwrite');
update cat set parent_id = null where user_id = 'u2' and id % 2 = 0;
update emp set boss_id = id where user_id = 'u2';
update a set b_id = (select min(id) from b where user_id = 'u2') where user_id = 'u2';
select * from db_adapter.restore(:'doc', user_id => 'u2', mode=>'overwrite');

select count(*) from cat x join cat p on p.id=x.parent_id join cat ox on ox.user_id='u1' and ox.slug=x.slug join cat op on op.id=ox.parent_id and op.slug=p.slug where x.user_id='u2' and p.user_id='u2';
select count(*) from emp x join emp p on p.id=x.boss_id join emp ox on ox.user_id='u1' and ox.slug=x.slug join emp op on op.id=ox.boss_id and op.slug=p.slug where x.user_id='u2' and p.user_id='u2';
select count(*) from a join b on b.id=a.b_id and b.a_id=a.id where a.user_id='u2' and substr(a.slug,2)=substr(b.slug,2);
-- break one in chain: emp 250 fails -> everyone below it is orphaned
alter table emp add check (user_id<>'u3' or slug<>'e250');
alter table a add check (user_id<>'u3' or slug<>'a50');
alter table cat add check (user_id<>'u3' or slug<>'c150');
select "table",inserted,updated,skipped,failed,nulled_refs, jsonb_path_query_array(failure_details,'$[*].old_pk') pk,jsonb_path_query_array(failure_details,'$[*].sqlstate') st, notes from db_adapter.restore(:'doc', user_id => 'u3');
-- composite, uuid, polymorphic, json
create table org(tenant text, code text, name text, primary key(tenant,code));
create table item(tenant text, no int, org_code text, name text, primary key(tenant,no), foreign key(tenant,org_code) references org);
create table doc(id int primary key, user_id text, slug text, unique(user_id,slug)); create table udoc(id uuid primary key default gen_random_uuid(), user_id text, slug text, unique(user_id,slug)); insert into udoc select ('00000000-0000-0000-0000-0000000000'||lpad(i::text,2,'0'))::uuid,'u1','d'||i from generate_series(1,10) i;
create table img(id serial primary key, user_id text, slug text, unique(user_id,slug));
create table note(id int generated always as identity primary key, user_id text, slug text, target_type text, target_id int, meta jsonb, twice int generated always as (length(slug)) stored, unique(user_id,slug));
insert into org values('u1','x','X'),('u1','y','Y');
insert into item select 'u1',i,case when i%2=0 then 'x' else 'y' end,'n'||i from generate_series(1,10) i;
insert into doc select i*1000, 'u1', 'd'||i from generate_series(1,10) i;
insert into img select i,'u1','i'||i from generate_series(1,10) i; select setval('img_id_seq',100);
insert into note(user_id,slug,target_type,target_id,meta) select 'u1','n'||i, case when i%2=0 then 'Doc' else 'Img' end, case when i%2=0 then (select id from doc where slug='d'||i) else i end, jsonb_build_object('img',i,'list',jsonb_build_array(jsonb_build_object('i',i),jsonb_build_object('i',99))) from generate_series(1,10) i;
\set bs2 '{"tables":[{"name":"org","pk":["tenant","code"],"slug_field":null,"user_field":"tenant"},{"name":"item","pk":["tenant","no"],"slug_field":null,"user_field":"tenant","parent":{"table":"org","field":["tenant","org_code"]}},{"name":"doc"},{"name":"udoc"},{"name":"img"},{"name":"note","optional_refs":[{"field":"target_id","type_field":"target_type","map":{"Doc":"doc","Img":"img"}},{"json_path":"$.img","field":"meta","table":"img"},{"json_path":"$.list[*].i","field":"meta","table":"img"}]}]}'
select db_adapter.backup_document(:'bs2', 'u1') as doc \gset
select * from db_adapter.restore(:'doc', user_id => 'u2');
select * from db_adapter.restore(:'doc', user_id => 'u2');
select count(*), count(distinct tenant) from item;
select n.slug,target_type, coalesce(d.slug,i.slug) t, i2.slug, i3.slug, meta #> '{list,1,i}' from note n left join doc d on d.id=target_id left join img i on i.id=target_id and target_type='Img' left join img i2 on i2.id=(meta->>'img')::int left join img i3 on i3.id=(meta#>>'{list,0,i}')::int where n.user_id='u2' order by n.id limit 4;
select d.slug from udoc d where user_id='u2' and exists(select from udoc e where e.id=d.id and e.user_id='u1');

-- Rows that go in by one statement, into tables whose sequences were left behind.
create table m1(id serial primary key, user_id text, slug text, o int not null, unique(user_id,slug));
create table m2(id serial primary key, user_id text, slug text, o int not null, unique(user_id,slug));
insert into m1 values(1,'u1','a',1),(2,'u1','b',2);
insert into m2 values(1,'u1','a',2),(2,'u1','b',1);
alter table m1 add foreign key(o) references m2;
alter table m2 add foreign key(o) references m1;
select db_adapter.backup_document('{"tables":[{"name":"m1","parent":{"table":"m2","field":"o"}},{"name":"m2","parent":{"table":"m1","field":"o"}}]}','u1') as doc \gset
select "table",inserted,failed,failure_details from db_adapter.restore(:'doc', user_id => 'u2');
select a.slug, b.slug, c.slug from m1 a join m2 b on a.o=b.id join m1 c on b.o=c.id where a.user_id='u2' and b.user_id='u2' and c.user_id='u2' order by 1;
DROP SCHEMA public CASCADE;
ALTER SCHEMA regress_public RENAME TO public;
