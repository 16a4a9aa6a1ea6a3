# Plans on a schema that holds every kind of object: made from nothing, taken
# apart piece by piece, dropped whole.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('plan');
$node->init;
$node->append_conf('postgresql.conf', "max_locks_per_transaction = 256\nclient_min_messages = warning");
$node->start;

my $schemas = q{'{public,torture,"Odd Schema"}'};

sub load
{
	my ($name, @files) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION db_adapter');
	$node->safe_psql($name, slurp_file("test/data/$_.sql")) foreach @files;
}

my ($major) = $node->safe_psql('postgres', 'SHOW server_version_num') =~ /^(\d+)\d{4}$/;

load('made', 'torture_roles', 'torture_server', 'torture', $major >= 15 ? 'torture_15' : ());
load('empty', 'torture_server');

# The document goes over by way of a file: it is too long for a command line.
my $file = PostgreSQL::Test::Utils::tempdir() . '/torture.json';
$node->safe_psql('made', "COPY (SELECT db_adapter.introspect($schemas)) TO '$file' (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')");
$node->safe_psql($_, "CREATE TABLE pg_temp.x (); CREATE SCHEMA held; CREATE TABLE held.want (doc jsonb);
	COPY held.want FROM '$file' (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')")
  foreach ('made', 'empty');

sub repair
{
	my ($name, $options) = @_;

	return $node->safe_psql(
		$name, qq{SELECT p ->> 'verified', coalesce(p ->> 'verify_error', ''), p -> 'remaining',
				db_adapter.apply(p, confirm => true) #>> '{validation,valid}'
			FROM (SELECT db_adapter.plan(doc, ignore => '{column_order}'$options) AS p FROM held.want OFFSET 0) s});
}

sub differences
{
	my $name = shift;

	return $node->safe_psql($name, "SELECT d.severity, d.object_type, d.object, d.attribute FROM held.want,
		db_adapter.differences(doc, ignore => '{column_order}') d");
}

is(repair('empty', ''), 'true||[]|true', 'the whole is made from nothing, as it was tried');
is(differences('empty'), '', 'and does not differ in anything');
is( $node->safe_psql('empty', "SELECT db_adapter.plan(doc) -> 'steps' FROM held.want"),
	'[]', 'then there is nothing to do');

# Each piece taken away comes back.
my @losses = (
	'DROP VIEW torture.on_views',
	'ALTER TABLE torture.refs DROP CONSTRAINT refs_positive',
	'ALTER TABLE torture.everything DISABLE ROW LEVEL SECURITY',
	'DROP INDEX torture.events_region',
	'DROP TABLE torture.refs CASCADE',
	'ALTER DOMAIN torture.positive DROP CONSTRAINT small',
	'DROP FUNCTION torture.next_code',
	'ALTER SEQUENCE torture.free INCREMENT 3 MAXVALUE 500 CACHE 1 NO CYCLE',
	'DROP STATISTICS torture.some_stats',
	'REVOKE ALL ON torture.everything FROM regress_torture_reader',
	'COMMENT ON TABLE torture.everything IS NULL',
	'ALTER TABLE torture.events DETACH PARTITION torture.events_2023',
	'DROP AGGREGATE torture.count_all(*)',
	'DROP TEXT SEARCH CONFIGURATION torture.conf');

foreach my $loss (@losses)
{
	my ($code, $out, $err) = $node->psql('empty', $loss);

	is($code, 0, "lost: $loss") or diag $err;
	isnt(differences('empty'), '', 'it is missed');
	like(repair('empty', ''), qr/^true\|\|\[\]\|true$/, 'and comes back');
	is(differences('empty'), '', 'as it was');
}

# What is not expected goes only when that is asked for.
$node->safe_psql('empty', 'CREATE TABLE torture.extra (a int); CREATE VIEW torture.extra_view AS SELECT * FROM torture.extra;
	CREATE FUNCTION torture.extra() RETURNS int LANGUAGE sql RETURN 1; ALTER TABLE torture.refs ADD extra int');
is(repair('empty', ''), 'true||[]|true', 'what is extra stays');
is($node->safe_psql('empty', q{SELECT to_regclass('torture.extra_view') IS NOT NULL}), 't', 'all of it');
is(repair('empty', ', allow_drop => true'), 'true||[]|true', 'with allow_drop it goes');
is(differences('empty'), '', 'all of it');

$node->stop;
done_testing();
