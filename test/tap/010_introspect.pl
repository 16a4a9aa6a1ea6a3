# Reading a schema where it is not easy: on a hot standby, from a dump of itself,
# and while others create and drop what is being read.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'max_locks_per_transaction = 256');
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION db_adapter');
foreach my $file ('torture_roles', 'torture_server', 'torture',
	$primary->safe_psql('postgres', 'SHOW server_version_num') >= 150000 ? 'torture_15' : ())
{
	$primary->command_ok(
		[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'),
			'-f', "test/data/$file.sql" ],
		"$file loads");
}

my $schemas = q('{torture,"Odd Schema"}');
my $document = "md5(db_adapter.introspect($schemas)::text)";
my $fingerprint = "db_adapter.fingerprint($schemas)";

# ---------------------------------------------------------------- standby

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Both nodes, same answers.
sub same_ok
{
	my ($query, $name) = @_;
	my $there = $primary->safe_psql('postgres', $query);

	isnt($there, '', "$name: there is an answer");
	is($standby->safe_psql('postgres', $query), $there, "$name: the standby gives it too");
	return;
}

$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
same_ok("SELECT $document", 'introspect');
same_ok("SELECT $fingerprint", 'fingerprint');
same_ok("SELECT db_adapter.column_names('torture')", 'column_names');
same_ok("SELECT db_adapter.diagram($schemas)", 'diagram');
same_ok("SELECT count(*) FROM db_adapter.differences(db_adapter.introspect($schemas))",
	'differences');

# What the primary changes reaches the standby.
my $before = $standby->safe_psql('postgres', "SELECT $fingerprint");
$primary->safe_psql('postgres', 'ALTER TABLE torture.refs ADD COLUMN later int');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
isnt($standby->safe_psql('postgres', "SELECT $fingerprint"),
	$before, 'a change of the primary changes the fingerprint on the standby');
$standby->stop;

# ---------------------------------------------------------------- dump

# All that pg_dump knows to say, the document says, and nothing else.
my $folder = PostgreSQL::Test::Utils::tempdir();
$primary->command_ok(
	[ 'pg_dump', '-s', '-f', "$folder/dump.sql", '-n', 'torture', '-n', 'Odd Schema',
		$primary->connstr('postgres') ],
	'pg_dump');
$primary->safe_psql('postgres', 'CREATE DATABASE reloaded');
$primary->command_ok(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('reloaded'),
		'-f', 'test/data/torture_server.sql', '-f', "$folder/dump.sql" ],
	'the dump loads');
$primary->safe_psql('reloaded', 'CREATE EXTENSION db_adapter');
my $text = slurp_file("$folder/dump.sql");
is( $primary->safe_psql('postgres',
		"SELECT * FROM db_adapter.differences(db_adapter.expected(\$dump\$$text\$dump\$))"),
	'', 'a schema does not differ from its dump');
is( $primary->safe_psql('reloaded',
		"SELECT * FROM db_adapter.differences(db_adapter.expected(\$dump\$$text\$dump\$), ignore => '{}')"),
	'', 'nor does the database made from it');

# ---------------------------------------------------------------- storm

# Tables, views and functions come and go under the reader's hands; each round of
# the storm commits each statement by itself.
$primary->safe_psql('postgres', q{
	CREATE SCHEMA storm;
	CREATE TABLE storm.rounds (n int);
	INSERT INTO storm.rounds VALUES (0)});
my $round = q{
	CREATE TABLE storm.a (id int PRIMARY KEY, x text DEFAULT upper('x'), CHECK (id > 0));
	CREATE INDEX ON storm.a (lower(x)) WHERE id > 5;
	CREATE TABLE storm.b (id int REFERENCES storm.a, y int GENERATED ALWAYS AS (id + 1) STORED);
	CREATE VIEW storm.v AS SELECT * FROM storm.a JOIN storm.b USING (id);
	CREATE FUNCTION storm.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER t BEFORE UPDATE ON storm.a FOR EACH ROW WHEN (new.id > 1) EXECUTE FUNCTION storm.f();
	CREATE POLICY p ON storm.b USING (id IN (SELECT id FROM storm.a));
	CREATE TYPE storm.t AS (a int, b text);
	UPDATE storm.rounds SET n = n + 1;
	DROP VIEW storm.v;
	DROP TABLE storm.b;
	DROP TABLE storm.a;
	DROP FUNCTION storm.f();
	DROP TYPE storm.t;
};
append_to_file("$folder/storm.sql", $round x 150);
my $storm = IPC::Run::start(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'), '-f',
		"$folder/storm.sql" ]);
my ($reads, $failed) = (0, 0);
my $reading = q{SELECT jsonb_typeof(db_adapter.introspect('{storm}'));} x 20;

while ($storm->pumpable)
{
	my ($code, $out, $err) = $primary->psql('postgres', $reading);

	$reads++;
	if ($code != 0)
	{
		$failed++;
		diag($err);
	}
}
$storm->finish;
is($primary->safe_psql('postgres', 'SELECT n FROM storm.rounds'), '150', 'the storm is over');
is($failed, 0, "no read of $reads failed in it");

# DDL that never rests, in three sessions and many tables: the later reads lock what
# they read, and end.
$primary->safe_psql('postgres', q{
	CREATE SCHEMA mill;
	CREATE TABLE mill.stop (stop bool);
	DO $$BEGIN
		FOR i IN 1 .. 150 LOOP
			EXECUTE format('CREATE TABLE mill.t%s (a int PRIMARY KEY, b int CHECK (b > 0), c text DEFAULT %L)', i, 'x');
			EXECUTE format('CREATE INDEX ON mill.t%s (b)', i);
		END LOOP;
	END$$});
my @millers = map { IPC::Run::start(
		[ 'psql', '-Xq', '-d', $primary->connstr('postgres'), '-c', 'SET client_min_messages = error', '-c', qq{
			DO \$\$DECLARE n int; BEGIN
				WHILE NOT EXISTS (SELECT FROM mill.stop) LOOP
					n := $_ + 3 * (random() * 40)::int;
					EXECUTE format('DROP TABLE IF EXISTS mill.t%s', n);
					EXECUTE format('CREATE TABLE mill.t%s (a int PRIMARY KEY, b int CHECK (b > 0), c text DEFAULT %L)', n, 'x');
					EXECUTE format('CREATE INDEX ON mill.t%s (b)', n);
					COMMIT;
				END LOOP;
			END\$\$} ],
		'2>', '/dev/null') } 1 .. 3;
$primary->poll_query_until('postgres', q{SELECT count(*) = 3 FROM pg_stat_activity WHERE query LIKE '%DECLARE n int%' AND pid <> pg_backend_pid()})
  or die 'the mill does not turn';
foreach my $read (1 .. 3)
{
	my ($code, $out, $err) = $primary->psql('postgres', q{SELECT jsonb_typeof(db_adapter.introspect('{mill}'))});

	is("$out$err", 'object', "read $read among steady DDL ends");
}
$primary->safe_psql('postgres', 'INSERT INTO mill.stop VALUES (true)');
$_->finish foreach @millers;

$primary->stop;
done_testing();
