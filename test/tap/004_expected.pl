# Deriving a schema from text: what pg_dump writes gives back the schema it was
# written from; an owner who is no superuser can do it; too few locks are
# explained; a standby serves what was derived; a crash leaves nothing behind.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = '../shared/data';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'max_connections = 20');
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');
# Pagila's file says OWNER TO postgres; the cluster's superuser may have another name.
$node->safe_psql('postgres', q{
	DO $$BEGIN
		IF to_regrole('postgres') IS NULL THEN CREATE ROLE postgres SUPERUSER LOGIN; END IF;
	END$$});

# Text as a literal that needs no variable of psql.
sub literal
{
	my ($text) = @_;

	return "\$schema_sql\$$text\$schema_sql\$";
}

# Everything a file for an older server cannot hold.
sub adapted
{
	my ($text) = @_;
	my @statements = split(/(?<=;)\n/, $text);

	@statements =
	  grep { !/film_embedding|EXTENSION (IF NOT EXISTS )?vector|public\.vector/ } @statements;
	$text = join("\n", @statements);
	$text =~ s/\buuidv7\(\)/gen_random_uuid()/g;
	$text =~ s/ VIRTUAL\b/ STORED/g;
	return $text;
}

sub load
{
	my ($database, $text, $user) = @_;
	my $file = $node->basedir . "/$database.sql";

	append_to_file($file, $text);
	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER $user");
	$node->safe_psql($database, 'CREATE EXTENSION db_adapter');
	# From 15 on it belongs to the owner of the database.
	$node->safe_psql($database, "ALTER SCHEMA public OWNER TO $user")
	  if $node->safe_psql($database, 'SHOW server_version_num') < 150000;
	$node->command_ok(
		[ 'psql', '-XqU', $user, '-v', 'ON_ERROR_STOP=1', '-d', $database,
			'-h', $node->host, '-p', $node->port, '-f', $file ],
		"$database loads");
	return;
}

sub dump_of
{
	my ($database, @options) = @_;
	my $file = $node->basedir . "/$database.dump";

	unlink $file;
	$node->run_log(
		[ 'pg_dump', @options, '-f', $file, '-h', $node->host, '-p', $node->port, $database ]);
	return slurp_file($file);
}

# The text derived as user, against the database it describes.
sub derives_ok
{
	my ($database, $text, $user, $equal, $name) = @_;
	my $result = $node->safe_psql($database, q{
		CREATE TEMP TABLE e AS SELECT db_adapter.expected(} . literal($text) . q{) AS d;
		SELECT * FROM db_adapter.differences((SELECT d FROM e), ignore => '{}');
		SELECT 'equal' FROM e WHERE d - '{ignored,renames}'::text[] =
			db_adapter.introspect(ARRAY(SELECT jsonb_array_elements_text(d->'schemas')));},
		extra_params => [ '-U', $user ]);

	is($result, $equal ? 'equal' : '', $name);
	return;
}

my %texts;
if (-r "$data/chinook.sql" && -r "$data/pagila-schema.sql")
{
	$texts{chinook} = slurp_file("$data/chinook.sql");
	$texts{pagila} = adapted(slurp_file("$data/pagila-schema.sql"));
}
foreach my $name (sort keys %texts)
{
	load($name, $texts{$name}, 'postgres') if $name eq 'pagila';
	load($name, $texts{$name}, 'plain') if $name eq 'chinook';
	my $user = $name eq 'chinook' ? 'plain' : 'postgres';

	derives_ok($name, $texts{$name}, $user, 1, "$name: its file gives the schema loaded from it");
	derives_ok($name, dump_of($name, '-s'), $user, 1, "$name: so does a dump of the schema");
	derives_ok($name, dump_of($name), $user, 1, "$name: and a dump with rows");
	derives_ok($name, dump_of($name, '--clean', '--if-exists', '--no-owner'),
		$user, 1, "$name: and one that drops everything first");
	$node->safe_psql($name, 'DROP EXTENSION db_adapter');
}

# Every kind of object.  What an IN list on varchar prints as after a dump differs
# from before: the comparison sees through it, the texts are not equal.
my $torture = slurp_file('test/data/torture.sql');
my $version = $node->safe_psql('postgres', q{SHOW server_version_num});
$torture .= slurp_file('test/data/torture_15.sql') if $version >= 150000;
$node->safe_psql('postgres', slurp_file('test/data/torture_roles.sql'));
load('torture', slurp_file('test/data/torture_server.sql') . $torture, 'postgres');
derives_ok('torture', $torture, 'postgres', 1, 'torture: its file gives the schema loaded from it');
# What belongs to the database shows in both: an extension in a schema that is
# swapped, publications, default privileges.
$node->safe_psql('torture', q{
	CREATE EXTENSION citext;
	CREATE TABLE published (id int PRIMARY KEY, c citext);
	CREATE PUBLICATION certain FOR TABLE published;
	COMMENT ON PUBLICATION certain IS 'of a table';
	CREATE PUBLICATION whole FOR ALL TABLES;
	ALTER DEFAULT PRIVILEGES FOR ROLE plain GRANT SELECT ON TABLES TO PUBLIC;});
derives_ok('torture', dump_of('torture', '-s'), 'postgres', 0, 'torture: so does a dump of it');

# ---------------------------------------------------------------- crash

$node->safe_psql('postgres', q{
	CREATE EXTENSION db_adapter;
	CREATE TABLE survivor (id int);
	CREATE SCHEMA hold;
	CREATE FUNCTION hold.pause() RETURNS void LANGUAGE plpgsql SET lock_timeout = 0 AS
		$$BEGIN PERFORM pg_advisory_lock(1); END$$;});
my $holder = IPC::Run::start(
	[ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', 'SELECT pg_advisory_lock(1)',
		'-c', 'SELECT pg_sleep(600)' ], '>', \my $out1, '2>', \my $err1);
$node->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND granted})
  or die 'the lock is not taken';
my $deriver = IPC::Run::start(
	[ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c',
		q{SELECT db_adapter.expected('CREATE TABLE t (id int); DO $$BEGIN PERFORM hold.pause(); END$$', allow_do => true)} ],
	'>', \my $out2, '2>', \my $err2);
$node->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted})
  or die 'nothing is being derived';
$node->stop('immediate');
$holder->finish;
$deriver->finish;
$node->start;
is( $node->safe_psql('postgres',
		q{SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_';
		  SELECT count(*) FROM public.survivor}),
	"db_adapter hold information_schema public\n0",
	'a crash in the middle leaves the schemas as they were');

# ---------------------------------------------------------------- standby

my $text = 'CREATE TABLE survivor (id int, more text)';
$node->safe_psql('postgres', "SELECT db_adapter.expected('$text')");
unlike(dump_of('postgres'), qr/expected_cache/, 'pg_dump leaves the cache out');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is( $standby->safe_psql('postgres',
		"SELECT db_adapter.expected('$text') -> 'tables' -> 0 ->> 'name'"),
	'survivor', 'a standby serves what was derived on the primary');
my ($ret, $stdout, $stderr) =
  $standby->psql('postgres', "SELECT db_adapter.expected('$text ')", on_error_stop => 0,
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($stderr, qr/ERROR:  25006: .*HINT:  .*cache/s, 'what was not is refused there');
is( $standby->safe_psql('postgres', "SELECT db_adapter.expected_columns('$text')"),
	'{"survivor": ["id", "more"]}', 'parsing alone works there');
foreach my $verb ("db_adapter.declare('d', '$text')",
	q{db_adapter.restore(db_adapter.backup_document('{"tables": [{"name": "survivor", "slug_field": null, "user_field": null}]}'), dry_run => true)},
	q{db_adapter.delete_rows('{"tables": [{"name": "survivor", "slug_field": null, "user_field": null}]}', '{}', dry_run => true)})
{
	my ($name) = $verb =~ /db_adapter\.(\w+)/;

	($ret, $stdout, $stderr) = $standby->psql('postgres', "SELECT $verb", on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($stderr, qr/ERROR:  25006: .*$name\(\).*standby/, "$name says that this is a standby");
}
$standby->stop;

# ---------------------------------------------------------------- locks

$node->append_conf('postgresql.conf', 'max_locks_per_transaction = 10');
$node->restart;
my $many = join('', map { "CREATE TABLE t$_ (id int PRIMARY KEY, t text);\n" } 1 .. 400);
($ret, $stdout, $stderr) = $node->psql('postgres', 'SELECT db_adapter.expected(' . literal($many) . ')',
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($stderr, qr/ERROR:  53200: /, 'too few locks are an error of their own');
like($stderr, qr/line \d+, column 1 of schema_sql: CREATE TABLE t\d+/, 'it says where they ran out');
my ($needed) = $stderr =~ /HINT:  Set max_locks_per_transaction to about (\d+)/;
ok($needed, 'it names the setting and a number');
$node->append_conf('postgresql.conf', "max_locks_per_transaction = $needed");
$node->restart;
is( $node->safe_psql('postgres',
		'SELECT jsonb_array_length(db_adapter.expected(' . literal($many) . ") -> 'tables')"),
	400, 'with that number it works');

$node->stop;
done_testing();
