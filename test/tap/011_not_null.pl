# NOT NULL as PostgreSQL 18 has it: a constraint with a name, which may be not valid.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('not_null');
$node->init;
$node->append_conf('postgresql.conf', 'client_min_messages = warning');
$node->start;
if ($node->safe_psql('postgres', 'SHOW server_version_num') < 180000)
{
	$node->stop;
	plan skip_all => 'NOT NULL is no constraint before PostgreSQL 18';
}
$node->safe_psql('postgres', 'CREATE EXTENSION db_adapter; CREATE SCHEMA held;
	CREATE TABLE held.doc (name text PRIMARY KEY, doc jsonb)');

# The schema that ddl makes, kept under a name.
sub describe
{
	my ($name, $ddl) = @_;

	$node->safe_psql('postgres', "BEGIN; DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s; $ddl;
		SELECT db_adapter.introspect('{s}') AS doc \\gset
		ROLLBACK; INSERT INTO held.doc VALUES ('$name', :'doc')");
}

sub make
{
	my $ddl = shift;

	$node->safe_psql('postgres', "DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s; $ddl");
}

sub columns
{
	my $name = shift;

	return $node->safe_psql('postgres', "SELECT c ->> 'name', c - '{name,position,type,identity}'::text[] FROM held.doc,
		jsonb_array_elements(doc #> '{tables,0,columns}') c WHERE name = '$name'");
}

sub differences
{
	my $name = shift;

	return $node->safe_psql('postgres', "SELECT d.severity, d.object, d.attribute FROM held.doc, db_adapter.differences(doc) d WHERE name = '$name'");
}

sub steps
{
	my ($name, $options) = @_;

	return $node->safe_psql('postgres', "SELECT regexp_replace(sql, '^ALTER TABLE s.', '') FROM held.doc, db_adapter.plan_steps(db_adapter.plan(doc" . ($options // '') . ")) WHERE name = '$name'");
}

sub apply
{
	my ($name, $options) = @_;

	return $node->safe_psql('postgres', "SELECT p -> 'verified', p -> 'verify_error', db_adapter.apply(p, confirm => true) #> '{validation,differences}'
		FROM (SELECT db_adapter.plan(doc" . ($options // '') . ") AS p FROM held.doc WHERE name = '$name' OFFSET 0) x");
}

my $odd = 'CREATE TABLE t (id int PRIMARY KEY, plain int NOT NULL, named int CONSTRAINT "Given" NOT NULL,
	local int CONSTRAINT here NOT NULL NO INHERIT, late int, i int GENERATED ALWAYS AS IDENTITY CONSTRAINT counts NOT NULL);
	ALTER TABLE t ADD CONSTRAINT t_late_not_null NOT NULL late NOT VALID';
describe('odd', $odd);
is(columns('odd') =~ s/ //gr, join("\n", map { s/ //gr } 'id|{"not_null": true}', 'plain|{"not_null": true}',
	'named|{"not_null": true, "not_null_constraint": "Given"}',
	'local|{"not_null": true, "not_null_constraint": "here", "not_null_no_inherit": true}',
	'late|{"not_null": true, "not_null_not_valid": true}', 'i|{"not_null": true, "not_null_constraint": "counts"}')) or diag columns('odd');

make('');
is(apply('odd'), 'true||[]', 'all of them are made from nothing');
is(differences('odd'), '', 'and differ in nothing');

# Names count where the expectation gives one.
make('CREATE TABLE "very long name of a table, and of one of more" (a int NOT NULL); CREATE TABLE t (a int NOT NULL, b int NOT NULL);
	ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME TO r; INSERT INTO r VALUES (1, 1)');
describe('unnamed', 'CREATE TABLE "very long name of a table, and of one of more" (a int NOT NULL); CREATE TABLE r (x int NOT NULL, b int NOT NULL)');
is(differences('unnamed'), '', 'a name that a rename left behind is no difference');
describe('named', 'CREATE TABLE "very long name of a table, and of one of more" (a int NOT NULL); CREATE TABLE r (x int CONSTRAINT chosen NOT NULL, b int NOT NULL)');
is(differences('named'), 'warning|s.r.x|not_null_constraint', 'a name that is asked for is a warning');
is(steps('named'), 'r RENAME CONSTRAINT t_a_not_null TO chosen', 'and a rename');
is(apply('named'), 'true||[]', 'that leaves nothing');

# Set, under a lock that lets others write.
make('CREATE TABLE t (a int, b int, c int, d int NOT NULL, e int, CONSTRAINT t_a_not_null CHECK (a > 0)); INSERT INTO t VALUES (1, 1, 1, 1, 1);
	ALTER TABLE t ADD CONSTRAINT old NOT NULL e NOT VALID');
describe('set', 'CREATE TABLE t (a int NOT NULL, b int CONSTRAINT b_is_there NOT NULL, c int, d int, e int NOT NULL,
	CONSTRAINT t_a_not_null CHECK (a > 0)); ALTER TABLE t ADD CONSTRAINT later NOT NULL c NOT VALID, ADD CONSTRAINT d_too NOT NULL d NOT VALID');
is(steps('set'), join("\n", 't ALTER COLUMN d DROP NOT NULL', 't ADD CONSTRAINT t_a_not_null1 NOT NULL a NOT VALID',
	't VALIDATE CONSTRAINT t_a_not_null1', 't ADD CONSTRAINT b_is_there NOT NULL b NOT VALID', 't VALIDATE CONSTRAINT b_is_there',
	't ADD CONSTRAINT later NOT NULL c NOT VALID', 't ADD CONSTRAINT d_too NOT NULL d NOT VALID', 't VALIDATE CONSTRAINT old'),
	'added not valid, then validated');
like(differences('set'), qr/^error\|s\.t\.e\|not_null_not_valid$/m, 'one that is not valid is a difference');
is(apply('set'), 'true||[]', 'and all is as expected');
describe('unset', 'CREATE TABLE t (a int NOT NULL, b int CONSTRAINT b_is_there NOT NULL NO INHERIT, c int, d int, e int NOT NULL, CONSTRAINT t_a_not_null CHECK (a > 0))');
is(steps('unset'), join("\n", 't ALTER CONSTRAINT b_is_there NO INHERIT', 't ALTER COLUMN c DROP NOT NULL', 't ALTER COLUMN d DROP NOT NULL'), 'taken back');
is(apply('unset'), 'true||[]', 'which works as well');

# A rebuild keeps names, given and default.
make('CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT given NOT NULL, b int NOT NULL, i int GENERATED ALWAYS AS IDENTITY, v int);
	INSERT INTO t VALUES (1, 1, 1); ALTER TABLE t ADD CONSTRAINT late NOT NULL v NOT VALID');
describe('wide', 'CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT given NOT NULL, x int, y int NOT NULL DEFAULT 1, b int NOT NULL, i int GENERATED ALWAYS AS IDENTITY, v int);
	ALTER TABLE t ADD CONSTRAINT late NOT NULL v NOT VALID');
is(apply('wide', ', recreate_threshold => 2'), 'true||[]', 'a rebuild goes through');
is($node->safe_psql('postgres', "SELECT string_agg(conname || CASE WHEN convalidated THEN '' ELSE '!' END, ' ' ORDER BY conkey[1]) FROM pg_constraint WHERE conrelid = 's.t'::regclass AND contype = 'n'"),
	't_id_not_null given t_y_not_null t_b_not_null t_i_not_null late!', 'and every NOT NULL has its name');

$node->stop;
done_testing();
