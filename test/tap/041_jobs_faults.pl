# Background jobs when things go wrong: processes, the server, databases and roles
# that go away, and a server that has no worker to give.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'\nrestart_after_crash = on");
$node->start;

my $quick = q{SELECT db_adapter.submit('validate', '{"expected": {}}')};
my $slow = q{SELECT db_adapter.submit('digest', '{"backup_schema": {"tables": [{"name": "gated"}]}, "table": "gated"}')};

# A table whose rows come only while nobody holds the gate, which is lock 7.
my $setup = q{
CREATE EXTENSION db_adapter;
CREATE FUNCTION gate() RETURNS text LANGUAGE plpgsql AS
	'BEGIN PERFORM pg_advisory_lock_shared(7); PERFORM pg_advisory_unlock_shared(7); RETURN ''u1''; END';
CREATE VIEW gated AS SELECT 1 AS id, 'x' AS slug, gate() AS user_id;
GRANT EXECUTE ON FUNCTION db_adapter.submit TO PUBLIC;
GRANT SELECT ON gated TO PUBLIC};

sub sql { my ($query, $database, @options) = @_; return $node->safe_psql($database // 'postgres', $query, @options) }

sub state_is
{
	my ($id, $state, $name, $database, $on) = @_;

	return ok(($on // $node)->poll_query_until($database // 'postgres',
			qq{SELECT state || coalesce(' ' || reason, '') = '$state' FROM db_adapter.jobs WHERE id = $id}), $name);
}

# The gate of a database, held.
sub close_gate
{
	my $gate = Session->new($node, $_[0] // 'postgres');

	$gate->query('SELECT pg_advisory_lock(7)');
	return $gate;
}

sub running
{
	my ($database) = @_;
	my $id = sql($slow, $database);

	state_is($id, 'running', 'a job runs', $database);
	return $id;
}

sub worker_pid { return sql("SELECT pid FROM db_adapter.job_progress WHERE id = $_[0]", $_[1]) }

# A server that was killed as a whole: its children take a moment to notice.
sub start_again
{
	my $deadline = time + ($PostgreSQL::Test::Utils::timeout_default || 180);

	until ($node->start(fail_ok => 1) || time > $deadline)
	{
		usleep(100_000);
		$node->stop('fast', fail_ok => 1);
	}
	return;
}

sql($setup);

# a worker is told to go
my $gate = close_gate();
my $id = running();
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM db_adapter.job_progress WHERE id = $id"), 'and shows its progress');
sql('SELECT pg_terminate_backend(' . worker_pid($id) . ')');
state_is($id, 'failed terminated', 'a job whose worker is terminated has failed');

# a worker is killed, and the server starts anew
my @jobs = (running(), running(), sql($quick));
ok($node->poll_query_until('postgres', 'SELECT count(*) = 2 FROM db_adapter.job_progress'), 'two workers are there');
kill 'KILL', worker_pid($jobs[0]);
state_is($jobs[0], 'failed server_crash', 'the job that was killed has failed');
$gate->quit;
state_is($jobs[1], 'failed server_crash', 'and so has its neighbour');
state_is($jobs[2], 'succeeded', 'the one that waited runs');

# the launcher is told to go
sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'db_adapter launcher'});
$id = sql($quick);
state_is($id, 'succeeded', 'a launcher that was terminated is back');

# the postmaster is killed
$gate = close_gate();
@jobs = (running(), running(), sql($quick));
$node->kill9;
start_again();
$gate->quit;
state_is($jobs[0], 'failed server_crash', 'the job that ran when the server was killed has failed');
state_is($jobs[2], 'succeeded', 'the one that waited runs');

# a shutdown in good order
$gate = close_gate();
@jobs = (running(), running(), sql($quick));
$node->stop('fast');
$gate->quit;
$node->start;
state_is($jobs[0], 'failed server_crash', 'a job that ran at shutdown has failed');
state_is($jobs[2], 'succeeded', 'the one that waited runs');

# a database goes while its jobs wait and run
sql('CREATE DATABASE other');
sql($setup, 'other');
$gate = close_gate('other');
@jobs = (running('other'), running('other'), sql($quick, 'other'), sql($quick, 'other'));
my $mine = sql($quick);
my (undef, undef, $err) = $node->psql('postgres', 'DROP DATABASE other');
like($err, qr/being accessed by other users/, 'a database with running jobs is not dropped');
sql('DROP DATABASE other WITH (FORCE)');
$gate->quit;
state_is($mine, 'succeeded', 'unless by force: the jobs of others then go on');
sql('CREATE DATABASE other');
sql($setup, 'other');
sql("ALTER SYSTEM SET db_adapter.max_workers = 0");
sql('SELECT pg_reload_conf()');
ok($node->poll_query_until('postgres', q{SELECT current_setting('db_adapter.max_workers') = '0'}), 'jobs are held back');
sql($quick, 'other') foreach 1 .. 3;
$mine = sql($quick);
sql('DROP DATABASE other');
sql('ALTER SYSTEM RESET db_adapter.max_workers');
sql('SELECT pg_reload_conf()');
state_is($mine, 'succeeded', 'a database whose jobs wait is dropped like any other');

# databases take turns
sql('CREATE DATABASE other');
sql($setup, 'other');
$gate = close_gate();
@jobs = (running(), running());
my @waiting = map { sql($quick) } 1 .. 3;
my $other = sql($quick, 'other');
sql("SELECT db_adapter.cancel($jobs[0])");
state_is($other, 'succeeded', 'the job of another database runs', 'other');
state_is($waiting[2], 'succeeded', 'and so do all of this one');
cmp_ok(sql("SELECT extract(epoch FROM started_at) FROM db_adapter.jobs WHERE id = $other", 'other'), '<',
	sql("SELECT extract(epoch FROM started_at) FROM db_adapter.jobs WHERE id = $waiting[0]"), 'but it had its turn first');
$gate->quit;

# a copy of a database does not run the jobs of its model
$gate = close_gate('other');
@jobs = (running('other'), running('other'), sql($quick, 'other'));
sql("ALTER SYSTEM SET db_adapter.max_workers = 0");
sql('SELECT pg_reload_conf()');
sql("SELECT db_adapter.cancel($_)", 'other') foreach @jobs[ 0, 1 ];
$gate->quit;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'other'}), 'nobody is left there');
sql('CREATE DATABASE copy TEMPLATE other');
is(sql('SELECT count(*) FROM db_adapter.jobs', 'copy'), '0', 'a copy has no jobs');
$node->restart;
ok($node->poll_query_until('copy', 'SELECT count(*) = 0 FROM db_adapter.job'), 'what it has of its model is deleted');
is(sql("SELECT state FROM db_adapter.jobs WHERE id = $jobs[2]", 'other'), 'queued', 'while the model keeps it');
sql('ALTER SYSTEM RESET db_adapter.max_workers');
sql('SELECT pg_reload_conf()');
state_is($jobs[2], 'succeeded', 'and runs it', 'other');
sql("DROP DATABASE $_ WITH (FORCE)") foreach qw(copy other);

# a role goes while its jobs wait and run
sql('CREATE ROLE guest LOGIN');
$gate = close_gate();
my @guest = (extra_params => [ '-U', 'guest' ]);
@jobs = map { sql($slow, 'postgres', @guest) } 1 .. 3;
state_is($jobs[1], 'running', 'jobs of a role run');
sql('DROP ROLE guest');
sql("SELECT db_adapter.cancel($jobs[0])");
state_is($jobs[0], 'cancelled', 'they can be cancelled when it is gone');
state_is($jobs[2], 'failed role_dropped', 'one that waits has failed then');
$gate->query('SELECT pg_advisory_unlock(7)');
ok($node->poll_query_until('postgres', "SELECT state IN ('succeeded', 'failed') FROM db_adapter.jobs WHERE id = $jobs[1]"),
	'and one that runs comes to an end');
if (sql('SHOW server_version_num') < 170000)
{
	sql('CREATE ROLE guest LOGIN');
	$gate->query('SELECT pg_advisory_lock(7)');
	my @blocking = (running(), running());
	$id = sql($quick, 'postgres', @guest);
	sql('ALTER ROLE guest NOLOGIN');
	sql("SELECT db_adapter.cancel($_)") foreach @blocking;
	state_is($id, 'failed role_cannot_login', 'nor does a job run whose role can log in no more');
	sql('DROP ROLE guest');
}
$gate->quit;

# the extension goes and comes while its library is loaded
my $sharedir = sql(q{SELECT setting FROM pg_config WHERE name = 'SHAREDIR'});
my $version = sql(q{SELECT extversion FROM pg_extension WHERE extname = 'db_adapter'});
my $update = "$sharedir/extension/db_adapter--$version--${version}b.sql";
append_to_file($update, "COMMENT ON SCHEMA db_adapter IS 'updated';\n");
$gate = close_gate();
@jobs = (running(), running(), sql($quick));
sql("ALTER EXTENSION db_adapter UPDATE TO '${version}b'");
unlink $update;
is(sql(q{SELECT extversion FROM pg_extension WHERE extname = 'db_adapter'}), "${version}b", 'the extension is updated while jobs run');
$gate->query('SELECT pg_advisory_unlock(7)');
state_is($_, 'succeeded', 'and they go on') foreach @jobs;
$gate->query('SELECT pg_advisory_lock(7)');
@jobs = (running(), running(), sql($quick));
sql('DROP EXTENSION db_adapter');
$gate->quit;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'db_adapter job%'}),
	'jobs come to an end when the extension is dropped');
sql('CREATE EXTENSION db_adapter; GRANT EXECUTE ON FUNCTION db_adapter.submit TO PUBLIC');
state_is(sql($quick), 'succeeded', 'and when it is back, new ones run');

# many at once, more than shared memory lists; those of another database come last
sub hold_back
{
	sql('ALTER SYSTEM SET db_adapter.max_workers = 0');
	sql('SELECT pg_reload_conf()');
	ok($node->poll_query_until('postgres', q{SELECT current_setting('db_adapter.max_workers') = '0'}), 'jobs are held back');
	return;
}

# Jobs submitted in one transaction: how many, with which priority.
sub submit_many
{
	my ($database, @parts) = @_;
	my $last = sql('SELECT coalesce(max(id), 0) FROM db_adapter.jobs', $database);

	sql("SELECT count(db_adapter.submit('validate', '{\"expected\": {}}', $_->[1])) FROM generate_series(1, $_->[0])", $database)
	  foreach @parts;
	return $last;
}

# Waits for them all; returns what they say of themselves, in the order of their turns.
sub collect_many
{
	my ($database, $last) = @_;

	ok($node->poll_query_until($database, "SELECT bool_and(state NOT IN ('queued', 'running')) FROM db_adapter.jobs WHERE id > $last"),
		"all in $database come to an end");
	my $rows = sql("SELECT state, attempts, extract(epoch FROM started_at), extract(epoch FROM finished_at)
		FROM db_adapter.jobs WHERE id > $last ORDER BY priority DESC, id", $database);
	return map { my %job = (database => $database); @job{qw(state attempts start end)} = split /\|/; \%job } split /\n/, $rows;
}

# How many of the jobs run when a job starts.
sub running_then
{
	my ($job, @jobs) = @_;

	return scalar grep { $_ != $job && $_->{start} <= $job->{start} && $job->{start} < $_->{end} } @jobs;
}

# Of jobs that have their turns in this order, how many are late at worst when another one starts.
sub overtaken
{
	my @jobs = @_;
	my ($worst, @before) = (0);

	foreach my $job (@jobs)
	{
		my $late = grep { $_->{start} > $job->{start} } @before;

		$worst = $late if $late > $worst;
		push @before, $job;
	}
	return $worst;
}

sql('CREATE DATABASE other');
sql($setup, 'other');
hold_back();
my $last = submit_many('postgres', [ 800, 0 ], [ 50, 5 ]);
submit_many('other', [ 150, 0 ]);
my $count = q{SELECT count(*) FROM db_adapter.jobs WHERE state = 'queued'};
is(sql($count) + sql($count, 'other'), 1000, 'a thousand jobs wait');
sql('ALTER SYSTEM RESET db_adapter.max_workers');
sql('SELECT pg_reload_conf()');
my @mine = collect_many('postgres', $last);
my @theirs = collect_many('other', 0);
my @all = (@mine, @theirs);
is(scalar(grep { $_->{state} eq 'succeeded' && $_->{attempts} == 1 } @all), 1000, 'each of them runs, and once');
is(scalar(grep { running_then($_, @all) > 1 } @all), 0, 'never more than two at the same time');
# A worker may take its time to begin; the next one has been started by then, not the one after.
cmp_ok(overtaken(@mine), '<=', 1, 'by priority and age');
cmp_ok(overtaken(@theirs), '<=', 1, 'in the other database as well');
my ($last_turn) = sort { $b <=> $a } map { $_->{start} } @theirs;
is(scalar(grep { $_->{start} < $last_turn && running_then($_, @mine) > 0 } @mine), 0, 'each database has one of two workers while both have jobs');
sql('DROP DATABASE other WITH (FORCE)');

# no worker to give: one is left for both
$node->append_conf('postgresql.conf', 'max_worker_processes = 3');
$node->restart;
sql($setup =~ s/CREATE EXTENSION[^;]*;//r =~ s/CREATE FUNCTION/CREATE OR REPLACE FUNCTION/r =~ s/CREATE VIEW/CREATE OR REPLACE VIEW/r);
$gate = close_gate();
@jobs = (running(), sql($quick));
is(sql("SELECT state FROM db_adapter.jobs WHERE id = $jobs[1]"), 'queued', 'a job waits while the server has no worker for it');
$gate->quit;
state_is($jobs[1], 'succeeded', 'and then has its turn');

# a standby is promoted
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$gate = close_gate();
@jobs = (running(), running(), sql($quick));
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', "SELECT state FROM db_adapter.jobs WHERE id = $jobs[0]"), 'running', 'a standby shows the jobs of its primary');
is($standby->safe_psql('postgres', "SELECT db_adapter.wait($jobs[0], '1 ms') IS NULL"), 't', 'waits for them');
(undef, undef, $err) = $standby->psql('postgres', $quick);
like($err, qr/read-only/, 'and takes none');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'db_adapter%'}), '0', 'nor runs any');
$node->stop('immediate');
$gate->quit;
$standby->promote;
state_is($jobs[0], 'failed server_crash', 'promoted, it has failed what ran', 'postgres', $standby);
state_is($jobs[2], 'succeeded', 'and runs what waited', 'postgres', $standby);
$standby->stop;

done_testing();
