# What verbs that lock, declare or work in the background tell of their decisions at debug
# levels (docs/operations.md): never a value of a row, nor a declaration of somebody else's.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'db_adapter'\nlog_min_messages = debug1\ndeadlock_timeout = 10ms");
$node->start;

sub sql { return $node->safe_psql('postgres', @_) }

# What a session is told at a level; of the rest of it, nothing.
sub traces
{
	my ($level, $query, @options) = @_;
	my (undef, undef, $err) = $node->psql('postgres', "SET client_min_messages = $level;\n$query", @options);

	return join "\n", grep { s/^psql:\S+ (?=DEBUG:  (?:apply|declaration))// } split /\n/, $err;
}

# Waits until the server's log has a line.
sub logged
{
	my ($line, $name) = @_;
	my $turns = 10 * ($PostgreSQL::Test::Utils::timeout_default || 180);

	while ($turns-- > 0 && slurp_file($node->logfile) !~ $line) { usleep(100_000) }
	return like(slurp_file($node->logfile), $line, $name);
}

sql(q{
CREATE EXTENSION db_adapter;
CREATE ROLE other LOGIN;
CREATE SCHEMA app;
GRANT ALL ON SCHEMA app TO other;
CREATE TABLE app.notes (id int PRIMARY KEY, note text, code int);
INSERT INTO app.notes VALUES (1, 'kept secret', 1);
});

# --- apply

my $want = sql(q{SELECT db_adapter.expected('CREATE TABLE app.notes (id int PRIMARY KEY, code bigint)', '{app}')});
my $plan = sql("SELECT db_adapter.plan('$want', allow_drop => true)");
my $told = traces('debug2', "SELECT db_adapter.apply('$plan')");

like($told, qr/^DEBUG:  apply: rows of table app\.notes are put aside, step \d may lose some$/m, 'apply: whose rows are put aside, and for which step');
like($told, qr/^DEBUG:  apply: step 1: ALTER TABLE app\.notes .*\nDEBUG:  apply: step 2: ALTER TABLE app\.notes /m, 'the steps, one after the other');
unlike($told, qr/secret/, 'no value');

my $holder = Session->new($node, 'postgres');
$holder->query('BEGIN; LOCK TABLE app.notes IN ACCESS SHARE MODE');
$told = traces('debug1', "SELECT db_adapter.apply('$plan', confirm => true, lock_timeout => '20ms')");
like($told, qr/^DEBUG:  apply: attempt 1 of (\d+) has not got its locks: canceling statement due to lock timeout\n(?:.*\n)*.*attempt \1 of \1 /m, 'each attempt that did not get its locks');
unlike($told, qr/step 1/, 'steps are told a level below');
$holder->query('ROLLBACK');

# --- declare

sql(q{
SELECT db_adapter.declare('app', 'CREATE TABLE app.notes (id int PRIMARY KEY, note text, code int)', '{app}', 'enforce');
SELECT db_adapter.declare('app to come', 'CREATE TABLE app.later (id int)', '{app}');
});
my $ddl = "CREATE TABLE app.more (); DROP TABLE app.more;";
$told = traces('debug1', "BEGIN; $ddl COMMIT;");
like($told, qr/^DEBUG:  declaration "app" is checked and may refuse this transaction$/m, 'a declaration that a transaction concerns');
like($told, qr/^DEBUG:  declaration "app to come" is checked, not armed, and may refuse this transaction$/m, 'one that was never met');
is(traces('debug1', 'CREATE TEMP TABLE t (id int)'), '', 'none where no schema of theirs is touched');
is(traces('debug1', "BEGIN; $ddl COMMIT;", extra_params => [ '-U', 'other' ]), '', 'those of others are not named');
sql('CREATE ROLE former; GRANT CREATE ON DATABASE postgres TO former; GRANT EXECUTE ON FUNCTION db_adapter.declare, db_adapter.undeclare TO former');
sql(q{SET ROLE former; CREATE SCHEMA his; SELECT db_adapter.declare('his', 'CREATE TABLE his.t (id int)', '{his}'); RESET ROLE; ALTER SCHEMA his OWNER TO CURRENT_USER});
like(traces('debug1', 'CREATE TABLE his.t (id int)'), qr/^DEBUG:  declaration "his" is checked, not armed, and cannot refuse this transaction: The owner of the declaration has no longer the privileges/m, 'why one cannot refuse');
sql(q{SELECT db_adapter.undeclare(name) FROM db_adapter.declarations});

# --- jobs

sub submit { return sql("SELECT db_adapter.submit('$_[0]', '$_[1]')") }
sub wait_for { return sql("SELECT db_adapter.wait($_[0])") }

my $id = submit('validate', '{"expected": {"notes": ["id"]}, "schemas": ["app"]}');
is(wait_for($id), 'succeeded', 'a job runs');
logged(qr/DEBUG:  job $id of database \d+ is next: priority 0, 0 of its database and 0 in all run/, 'why it was chosen');

$holder->query('BEGIN; LOCK TABLE app.notes IN ACCESS SHARE MODE');
$id = submit('apply', qq{{"plan": $plan, "confirm": true, "lock_timeout": "10ms"}});
logged(qr/DEBUG:  job $id has failed in attempt 1 and is tried again/, 'a failure that passes');
$holder->query('ROLLBACK');
is(wait_for($id), 'succeeded', 'the job is tried again');
$id = submit('apply', qq{{"plan": $plan, "confirm": true}});
is(wait_for($id), 'failed', 'a plan of yesterday');
logged(qr/DEBUG:  job $id has failed in attempt 1 and is not tried again/, 'a failure that would come again');

sql('ALTER SYSTEM SET db_adapter.max_workers = 0');
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT current_setting('db_adapter.max_workers') = '0'}), 'jobs are held back');
$id = submit('validate', '{"expected": {"notes": ["id"]}, "schemas": ["app"]}');
$holder->query("BEGIN; SELECT FROM db_adapter.job WHERE id = $id FOR UPDATE");
sql('ALTER SYSTEM RESET db_adapter.max_workers');
$node->reload;
logged(qr/DEBUG:  job $id is left alone: another holds its row/, 'a job whose row is held');
$holder->query('ROLLBACK');
is(wait_for($id), 'succeeded', 'is taken up again');

$node->restart;
my $database = sql(q{SELECT oid FROM pg_database WHERE datname = 'postgres'});
logged(qr/DEBUG:  database $database is looked through for jobs, attempt 1/, 'a launcher that begins');
unlike(slurp_file($node->logfile), qr/DEBUG:.*kept secret/, 'no value in the log');

$node->stop;
done_testing();
