# Declarations over time: dumped and restored in every way, copied, prepared, crashed,
# read on a standby, switched off, damaged, left behind.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 5');
$node->start;

my $schema = q{
CREATE TABLE shop.customer (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customer, total numeric CHECK (total > 0));
CREATE INDEX orders_customer ON shop.orders (customer);
CREATE VIEW shop.spending AS
 SELECT c.id, c.name, sum(o.total) AS total FROM shop.customer c JOIN shop.orders o ON o.customer = c.id GROUP BY c.id;
CREATE MATERIALIZED VIEW shop.best AS SELECT id FROM shop.spending WHERE total > 10;
CREATE UNIQUE INDEX best_id ON shop.best (id);
};
# Objects enough that several sessions have something to do at once.
$schema .= "CREATE TABLE shop.t$_ (id int PRIMARY KEY, a int UNIQUE, parent int REFERENCES shop.customer);\n"
  foreach 1 .. 20;
$schema .= 'CREATE VIEW shop.every AS ' . join(' UNION ALL ', map { "SELECT a FROM shop.t$_" } 1 .. 20) . ";\n";

sub declare
{
	my ($database, $mode, $text) = @_;

	return $node->safe_psql($database,
		"SELECT db_adapter.declare('shop', \$text\$$text\$text\$, '{shop}', '$mode') -> 'armed'");
}

sub refused_ok
{
	my ($database, $sql, $name) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql);

	like($err, qr/ERROR: .*leaves the schema short of declaration "shop"/, $name);
	return;
}

# The statement goes through; returns what was said.
sub passes_ok
{
	my ($database, $sql, $name) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, on_error_die => 0);

	is($status, 0, $name);
	unlike($err, qr/ERROR/, "$name, without an error");
	return $err;
}

sub armed { return $node->safe_psql($_[0], 'SELECT name, mode, armed FROM db_adapter.declarations') }

sub database
{
	my ($name, @options) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name @options");
	return $name;
}

$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE ROLE stranger LOGIN');
database('source', 'OWNER keeper');
$node->safe_psql('source', "CREATE EXTENSION db_adapter; CREATE SCHEMA shop AUTHORIZATION keeper; SET ROLE keeper; $schema"
	  . 'INSERT INTO shop.customer SELECT i, i FROM generate_series(1, 100) i;');
is(declare('source', 'enforce', $schema), 'true', 'a declaration that is met is armed');

# ---- dump and restore ----

my $dir = $node->basedir;
my @connection = ('-h', $node->host, '-p', $node->port);

sub restored_ok
{
	my ($database, $name, @command) = @_;
	my ($out, $err) = ('', '');

	database($database);
	ok(IPC::Run::run([ @command, @connection, '-d', $database ], '>', \$out, '2>', \$err),
		"$name succeeds");
	unlike($err, qr/ERROR|error/, "$name has no error") or diag($err);
	# Each session warns at most once; several restore at once.
	my $warnings = () = $err =~ /WARNING:  schema differs/g;
	cmp_ok($warnings, '<=', 4, "$name does not warn all the time");
	is($node->safe_psql($database, 'SELECT name, mode FROM db_adapter.declarations'),
		'shop|enforce', "$name brings the declaration");
	is(armed($database), 'shop|enforce|t', "$name arms it in the end");
	is($node->safe_psql($database, q{SELECT count(*) FROM db_adapter.drift WHERE severity = 'error'}),
		0, "$name brings the schema");
	refused_ok($database, 'DROP INDEX shop.orders_customer', "$name leaves it enforced");
	return;
}

$node->command_ok([ 'pg_dump', @connection, '-U', 'keeper', '-f', "$dir/plain.sql", 'source' ],
	'the owner of the database can dump it');
$node->command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/custom.dump", 'source' ], 'dump');
$node->command_ok([ 'pg_dump', @connection, '-Fc', '-a', '-f', "$dir/data.dump", 'source' ], 'data');
restored_ok('restored_plain', 'psql', 'psql', '-Xq', '-f', "$dir/plain.sql");
restored_ok('restored_one', 'pg_restore -1', 'pg_restore', '-1', "$dir/custom.dump");
restored_ok('restored_each', 'pg_restore', 'pg_restore', "$dir/custom.dump");
restored_ok("restored_$_", "pg_restore -j, turn $_", 'pg_restore', '-j4', "$dir/custom.dump")
  foreach 1 .. 3;
is($node->safe_psql('restored_one', q{SELECT owner FROM db_adapter.declarations}),
	$node->safe_psql('source', q{SELECT owner FROM db_adapter.declarations}),
	'the owner is known by name');
# Declarations before the schema, in one transaction and not.
database('late');
$node->safe_psql('late', 'CREATE EXTENSION db_adapter');
$node->command_ok([ 'pg_restore', @connection, '-d', 'late', '-a', '-n', 'db_adapter', "$dir/data.dump" ],
	'declarations alone');
is(armed('late'), 'shop|enforce|f', 'declared, but not met');
my $said = passes_ok('late', "CREATE SCHEMA shop; CREATE TABLE shop.customer (); DROP TABLE shop.customer;",
	'DDL before it is met');
is(scalar(() = $said =~ /WARNING/g), 1, 'is warned of once a session');
passes_ok('late', "BEGIN; $schema COMMIT;", 'the schema as declared');
is(armed('late'), 'shop|enforce|t', 'met at last');
refused_ok('late', 'DROP VIEW shop.every', 'from then on it counts');

# ---- copies of the database ----

database('copy', 'TEMPLATE source');
is(armed('copy'), 'shop|enforce|t', 'a copy of the database is watched as well');
refused_ok('copy', 'DROP VIEW shop.every', 'and drift refused');
# As pg_upgrade leaves it: the state of another major.
$node->safe_psql('copy', 'UPDATE db_adapter.declaration_state SET armed_major = 9');
is(armed('copy'), 'shop|enforce|f', 'another major knows nothing of this one');
passes_ok('copy', 'DROP VIEW shop.every', 'drift is warned of');
passes_ok('copy', 'CREATE VIEW shop.every AS ' . join(' UNION ALL ', map { "SELECT a FROM shop.t$_" } 1 .. 20),
	'meeting it again');
is(armed('copy'), 'shop|enforce|t', 'arms it again');

# ---- two phases, crash, standby ----

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

refused_ok('source', q{BEGIN; DROP VIEW shop.every; PREPARE TRANSACTION 'drift';},
	'what drifts cannot be prepared');
declare('source', 'notify', $schema);
$said = passes_ok('source', q{BEGIN; DROP VIEW shop.every; PREPARE TRANSACTION 'drift'; ROLLBACK PREPARED 'drift';},
	'a prepared transaction cannot notify');
like($said, qr/WARNING: .*differs from declaration/, 'it warns instead');
declare('source', 'enforce', $schema);
$node->safe_psql('source', q{BEGIN; CREATE TABLE shop.extra (); PREPARE TRANSACTION 'fine';});
$node->stop('immediate');
$node->start;
is(armed('source'), 'shop|enforce|t', 'it is armed after a crash');
my ($status, $out, $err) = $node->psql('source', q{SET lock_timeout = '10ms'; CREATE TABLE shop.more ();});
like($err, qr/lock timeout/, 'others wait for the one that is prepared');
$node->safe_psql('source', q{SET lock_timeout = '10ms'; CREATE TEMP TABLE more (); CREATE TABLE more (); DROP TABLE more;});
$node->safe_psql('source', q{COMMIT PREPARED 'fine'});
refused_ok('source', 'DROP VIEW shop.every', 'and then go on');
passes_ok('source', 'DROP TABLE shop.extra', 'what is extra may go');

$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('source', 'SELECT name, armed FROM db_adapter.declarations'),
	'shop|t', 'a standby shows the declarations');
is($standby->safe_psql('source', q{SELECT count(*) FROM db_adapter.drift WHERE severity = 'error'}),
	'0', 'and how the schema differs');
foreach my $verb (
	q{declare('late', 'CREATE TABLE late (id int)')}, q{undeclare('shop')},
	q{restore('{}', dry_run => true)}, q{apply('{}')})
{
	($status, $out, $err) = $standby->psql('source', "SELECT db_adapter.$verb");
	like($err, qr/ERROR: +cannot execute db_adapter.\w+\(\) on a standby\nHINT: +Connect to the primary/, "$verb says where it is");
}
$standby->promote;
($status, $out, $err) = $standby->psql('source', 'DROP VIEW shop.every');
like($err, qr/leaves the schema short/, 'promoted, it enforces them');
$standby->stop('immediate');

# ---- who lifts it, and how ----

($status, $out, $err) = $node->psql('source', q{SELECT db_adapter.fingerprint(); SET db_adapter.enforce = off}, extra_params => [ '-U', 'stranger' ]);
like($err, qr/permission denied/, 'not everyone may switch it off');
# A setting of a library that is not loaded yet can be made by anyone; it does not count.
($status, $out, $err) = $node->psql('source', 'SET db_adapter.enforce = off; DROP VIEW shop.every',
	extra_params => [ '-U', 'keeper' ]);
like($err, qr/leaves the schema short|permission denied/, 'not by setting it before the library is there');
is($node->safe_psql('source', q{SELECT to_regclass('shop.every')}), 'shop.every', 'the view is there');
my $log_start = -s $node->logfile;
passes_ok('source', 'BEGIN; SET LOCAL db_adapter.enforce = off; DROP VIEW shop.every; COMMIT', 'a superuser may');
like(slurp_file($node->logfile, $log_start), qr/db_adapter\.enforce was switched off/, 'which is logged');
refused_ok('source', 'CREATE TABLE shop.more ()', 'drift that is there holds up what does not mend it');
passes_ok('source', 'CREATE TABLE elsewhere ()', 'but nothing elsewhere');
passes_ok('source', 'SET db_adapter.enforce = off; DROP SCHEMA shop CASCADE', 'the whole schema may go');
# Renames may show anywhere: the declaration is looked at, and is in nobody's way.
$said = passes_ok('source', 'ALTER TABLE elsewhere RENAME TO elsewhere_else', 'its absence is no reason to refuse');
like($said, qr/WARNING: .*schemas are gone/s, 'but to warn');
$node->safe_psql('source', "SET db_adapter.enforce = off; CREATE SCHEMA shop; $schema");

passes_ok('copy', 'SET session_replication_role = replica; DROP VIEW shop.every', 'event triggers that do not fire');
passes_ok('restored_1', 'ALTER EVENT TRIGGER db_adapter_drop DISABLE; ALTER EVENT TRIGGER db_adapter_ddl DISABLE;'
	  . 'DROP VIEW shop.every', 'or are disabled');
passes_ok('restored_3', 'SET event_triggers = off; DROP VIEW shop.every', 'or are switched off')
  if $node->safe_psql('postgres', 'SHOW server_version_num') >= 170000;

# ---- whose declaration keeps whom waiting ----

$node->safe_psql('source', q{
	GRANT CREATE ON DATABASE source TO stranger;
	GRANT EXECUTE ON FUNCTION db_adapter.declare(text, text, name[], text, text[]) TO stranger;
	CREATE SCHEMA strange AUTHORIZATION stranger;
	SET ROLE stranger;
	CREATE TABLE strange.t (id int);
	SELECT db_adapter.declare('strange', 'CREATE TABLE strange.t (id int);', '{strange}', 'enforce');
	BEGIN;
	SELECT db_adapter.declare('strange', 'CREATE TABLE strange.t (id int);', '{strange}', 'enforce');
	PREPARE TRANSACTION 'held';});
passes_ok('source', q{SET statement_timeout = '5min'; ALTER TABLE elsewhere_else RENAME TO elsewhere},
	'a stranger who keeps his declaration locked keeps nobody waiting who changes what is not his');
$node->safe_psql('source', q{ROLLBACK PREPARED 'held'});

# ---- what is broken holds nobody up ----

sub broken_ok
{
	my ($database, $damage, $name, $pattern) = @_;

	$node->safe_psql($database, "SET db_adapter.enforce = off; $damage");
	my $said = passes_ok($database, 'CREATE TABLE shop.more (); DROP TABLE shop.more;', $name);
	like($said, $pattern // qr/WARNING:  could not check/, "$name: a warning");
	return;
}

broken_ok('restored_2', q{UPDATE db_adapter.declaration SET document = '{"tables": 1}'}, 'no document');
broken_ok('restored_2', q{UPDATE db_adapter.declaration SET document = '[]'}, 'not even an object');
broken_ok('restored_2', q{UPDATE db_adapter.declaration SET document = '{"format": "db_adapter.schema", "version": 99}'},
	'a document of a later version');
is($node->safe_psql('restored_2', q{SELECT db_adapter.undeclare(name) FROM db_adapter.declarations}),
	'', 'it can be removed');
broken_ok('restored_3', q{DELETE FROM db_adapter.declaration_state;
	ALTER TABLE db_adapter.declaration DROP CONSTRAINT declaration_mode_check; UPDATE db_adapter.declaration SET owner = 'gone', mode = 'none'},
	'an owner and a mode that are none', qr/^(?!.*could not)/s);
is($node->safe_psql('restored_3', 'SELECT name, owner FROM db_adapter.declarations'), 'shop|', 'superusers see it');

# ---- the extension goes ----

passes_ok('restored_plain', 'BEGIN; CREATE TABLE shop.more (); DROP EXTENSION db_adapter; DROP SCHEMA shop CASCADE; COMMIT',
	'DDL and DROP EXTENSION in one transaction');
passes_ok('restored_plain', "CREATE SCHEMA shop; CREATE EXTENSION db_adapter; $schema DROP EXTENSION db_adapter;"
	  . 'CREATE EXTENSION db_adapter; DROP SCHEMA shop CASCADE', 'and again in one session');
$node->safe_psql('template1', 'CREATE EXTENSION db_adapter');
database('born');
passes_ok('born', "CREATE SCHEMA shop; $schema", 'a database from a template that has the extension');

$node->stop;
done_testing();
