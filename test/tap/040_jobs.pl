# Background jobs: from submit to result, whose they are, and what is refused.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'\nmax_prepared_transactions = 2\ndeadlock_timeout = 10ms");
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();

sub sql { return $node->safe_psql('postgres', @_) }

# What a statement that must fail says.
sub error_of
{
	my ($query, @options) = @_;
	my (undef, undef, $err) = $node->psql('postgres', $query, on_error_stop => 1, @options);

	return $err;
}

sub as { my $user = shift; return (extra_params => [ '-U', $user ]) }

sql(q{
CREATE EXTENSION db_adapter;
CREATE TABLE notes (id int PRIMARY KEY, user_id text, slug text);
INSERT INTO notes SELECT n, 'u1', 'n' || n FROM generate_series(1, 50) n;
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE watcher LOGIN IN ROLE pg_read_all_stats;
CREATE ROLE alices LOGIN IN ROLE alice;
CREATE ROLE dormant NOLOGIN;
GRANT EXECUTE ON FUNCTION db_adapter.submit TO alice, bob, dormant;
GRANT SELECT ON notes TO alice;
});
# A table whose rows come only while nobody holds the gate, which is lock 7.
sql(q{
CREATE FUNCTION gate() RETURNS text LANGUAGE plpgsql AS
	'BEGIN PERFORM pg_advisory_lock_shared(7); PERFORM pg_advisory_unlock_shared(7); RETURN ''u1''; END';
CREATE VIEW gated AS SELECT id, slug, gate() AS user_id FROM notes WHERE id = 1;
GRANT SELECT ON gated TO alice;
});
my $schema = '{"tables": [{"name": "notes"}]}';

# The state that a job ends in.
sub end_of
{
	my ($id, @options) = @_;
	my $seconds = $PostgreSQL::Test::Utils::timeout_default || 180;

	return sql("SELECT db_adapter.wait($id, '$seconds s')", @options);
}

# Runs a job to its end, returns it and its state.
sub run_job
{
	my ($command, $args, @options) = @_;
	my $id = sql("SELECT db_adapter.submit('$command', '$args')", @options);

	return ($id, end_of($id, @options));
}

# every verb
my ($id, $state) = run_job('validate', '{"expected": {"notes": ["id", "more"]}}');
is($state, 'succeeded', 'validate runs');
is(sql("SELECT result #>> '{missing_columns,0,column}' FROM db_adapter.jobs WHERE id = $id"),
	'more', 'and its result is kept');
is(sql("SELECT owner, command, attempts, started_at >= submitted_at, finished_at >= started_at
          FROM db_adapter.jobs WHERE id = $id"),
	(getpwuid($<))[0] . '|validate|1|t|t', 'with what there is to know');
($id, $state) = run_job('backup_to_file', qq{{"path": "$dir/a.jsonl", "backup_schema": $schema, "user_id": "u1"}});
is($state, 'succeeded', 'backup_to_file runs');
like(slurp_file("$dir/a.jsonl"), qr/"record_counts":\{"notes":50\}/, 'and writes the file');
($id, $state) = run_job('restore_from_file',
	qq{{"path": "$dir/a.jsonl", "user_id": "u2", "mode": "skip", "ids": "auto", "dry_run": true}});
is($state, 'succeeded', 'restore_from_file runs');
is(sql("SELECT result -> 0 ->> 'table' FROM db_adapter.jobs WHERE id = $id"), 'notes', 'with one element a table');
($id, $state) = run_job('digest', qq{{"backup_schema": $schema, "table": "notes", "buckets": 1}});
is(sql("SELECT result #>> '{0,rows}' FROM db_adapter.jobs WHERE id = $id"), '50', 'digest runs');
($id, $state) = run_job('expected', '{"schema_sql": ["CREATE TABLE a (id int);", "CREATE TABLE b (id int);"]}');
is(sql("SELECT result ->> 'tables' FROM db_adapter.jobs WHERE id = $id"), '2', 'expected runs');
is(sql('SELECT count(*) FROM db_adapter.expected_cache'), '1', 'and leaves its document in the cache');
my $plan = sql(q{SELECT db_adapter.plan('{"notes": ["id", "user_id", "slug", "body"]}', '{"notes.body": "text"}')});
($id, $state) = run_job('apply', qq{{"plan": $plan, "confirm": true}});
is($state, 'succeeded', 'apply runs');
is(sql(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'body'}),
	'1', 'and changes the schema');


# what is refused when it is submitted
like(error_of(q{SELECT db_adapter.submit('valdate')}),
	qr/invalid command "valdate".*validate/s, 'an unknown verb, with the nearest');
like(error_of(q{SELECT db_adapter.submit('validate', '{"expected": {}, "exclud": []}')}),
	qr/exclud.*exclude/s, 'an unknown argument, with the nearest');
like(error_of(q{SELECT db_adapter.submit('validate', '{"expected": {}, "exclude": "x"}')}),
	qr/"exclude" must be an array of strings/, 'an argument of another type');
like(error_of(q{SELECT db_adapter.submit('digest', '{"backup_schema": {}, "table": "t", "buckets": 1.5}')}),
	qr/"buckets" must be a whole number/, 'a number that is not whole');
like(error_of(q{SELECT db_adapter.submit('digest', '{"backup_schema": {}, "table": "t", "buckets": 3000000000}')}),
	qr/"3000000000" is out of range for type integer/, 'a number that is too large');
like(error_of(q{SELECT db_adapter.submit('apply', '{"plan": {}}')}), qr/invalid plan/, 'a plan that is none');
like(error_of(qq{SELECT db_adapter.submit('apply', '{"plan": $plan, "lock_timeout": "soon"}')}),
	qr/invalid input syntax for type interval: "soon"/, 'what its type cannot read');
like(error_of(qq{SELECT db_adapter.submit('restore_from_file', '{"path": "$dir/a.jsonl", "mode": "exchange"}')}),
	qr/invalid mode "exchange"/, 'a word that is no choice');
like(error_of(q{SELECT db_adapter.submit('validate', '{"exclude": []}')}), qr/"expected" is missing/, 'one that is missing');
like(error_of(q{SELECT db_adapter.submit('validate', '[]')}), qr/must be a JSON object/, 'arguments that are none');
like(error_of(qq{SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/a.jsonl", "backup_schema": $schema}')}),
	qr/exists/, 'a file that is there');
is(sql(qq{BEGIN;
		DO \$\$ BEGIN EXECUTE replace(pg_get_functiondef('db_adapter.backup_to_file'::regproc),
			'overwrite boolean DEFAULT false', 'overwrite boolean DEFAULT true'); END \$\$;
		SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/a.jsonl", "backup_schema": $schema}') > 0;
		ROLLBACK}),
	't', 'what is not given is what the function has as its default');
like(error_of(qq{SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/b.jsonl", "format": "xml", "backup_schema": $schema}')}),
	qr/invalid format/, 'an unknown word');
like(error_of(qq{SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/b.jsonl", "backup_schema": $schema}')}, as('alice')),
	qr/permission denied for function backup_to_file/, 'a verb without the right to it');
sql('GRANT EXECUTE ON FUNCTION db_adapter.backup_to_file, db_adapter.restore_from_file TO alice');
like(error_of(qq{SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/b.jsonl", "backup_schema": $schema}')}, as('alice')),
	qr/permission denied to write a file/, 'a file without the right to it');
like(error_of(qq{SELECT db_adapter.submit('restore_from_file', '{"path": "$dir/b.jsonl"}')}, as('alice')),
	qr/permission denied to read a file/, 'nor to read one');
like(error_of(qq{SELECT db_adapter.submit('validate', '{"expected": {}}', $_)}), qr/priority must be between -100 and 100/, "priority $_")
  foreach -101, 101;
like(error_of(q{SELECT db_adapter.submit('validate')}, as('watcher')), qr/permission denied for function submit/,
	'and nobody submits who may not');
is(sql(q{SELECT count(*) FROM db_adapter.jobs WHERE state <> 'succeeded'}), '0', 'none of them is a job');
if (sql('SHOW server_version_num') < 170000)
{
	like(error_of(q{SET ROLE dormant; SELECT db_adapter.submit('validate', '{"expected": {}}')}),
		qr/role "dormant" cannot submit.*not permitted to log in/s, 'a role that cannot log in');
}
else
{
	$id = sql(q{SET ROLE dormant; SELECT db_adapter.submit('validate', '{"expected": {}}')});
	is(end_of($id), 'succeeded', 'a role that cannot log in');
}
sql('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO alice, alices, watcher, bob');
sql('CREATE ROLE guest LOGIN; GRANT EXECUTE ON FUNCTION db_adapter.submit TO guest');
like(error_of(q{SET ROLE guest; SELECT db_adapter.submit('validate', '{"expected": {}}')}),
	qr/role "guest" cannot submit.*may not connect/s, 'nor one that may not connect');

# it runs as who submitted it, with the names as they were then
($id, $state) = run_job('digest', qq{{"backup_schema": $schema, "table": "notes"}}, as('bob'));
is($state, 'failed', 'a job has no more rights than its role');
is(sql("SELECT reason, sqlstate, error FROM db_adapter.jobs WHERE id = $id"),
	'error|42501|permission denied for table notes', 'and says why it failed');
is(sql("SELECT attempts FROM db_adapter.jobs WHERE id = $id"), '1', 'at once: another attempt would fail as well');
sql('CREATE SCHEMA other; CREATE TABLE other.things (id int PRIMARY KEY, user_id text, slug text); INSERT INTO other.things VALUES (1, $$u$$, $$s$$); CREATE FUNCTION other.one() RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT 1$$');
$id = sql(q{SET search_path = other; SELECT db_adapter.submit('digest', '{"backup_schema": {"tables": [{"name": "other.things", "filter": "id = one()"}]}, "table": "other.things", "buckets": 1}')});
is(end_of($id), 'succeeded', 'the search_path comes along');
sql(q{CREATE SCHEMA shadow;
	CREATE FUNCTION shadow.arrow(jsonb, text) RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN RAISE ''shadowed''; END';
	CREATE OPERATOR shadow.-> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = shadow.arrow);});
$id = sql(q{SET search_path = shadow, pg_catalog; SELECT db_adapter.submit('expected', '{"schema_sql": "CREATE TABLE t (a int)"}')});
is(end_of($id), 'succeeded', 'nothing of a job is looked up in it');

# a gate keeps a job running
my $gate = Session->new($node, 'postgres');
my $slow = '{"backup_schema": {"tables": [{"name": "gated"}]}, "table": "gated"}';
$gate->query('SELECT pg_advisory_lock(7)');
my $running = sql("SELECT db_adapter.submit('digest', '$slow')", as('alice'));
ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'db_adapter job' AND usename = 'alice' AND wait_event_type = 'Lock'
	  AND query LIKE 'db_adapter job $running: digest%'}), 'a running job shows among the activity');
is(sql("SELECT state FROM db_adapter.jobs WHERE id = $running"), 'running', 'and in the view');
is(sql("SELECT id, pid > 0, started_at IS NOT NULL FROM db_adapter.job_progress", as('alice')),
	"$running|t|t", 'and its progress');

# whose job it is
is(sql("SELECT count(*) FROM db_adapter.jobs WHERE id = $running", as($_->[0])), $_->[1], "$_->[0] sees $_->[1]")
  foreach [ 'alice', 1 ], [ 'alices', 1 ], [ 'watcher', 1 ], [ 'bob', 0 ];
is(sql('SELECT count(*) FROM db_adapter.job_progress', as($_->[0])), $_->[1], "$_->[0] sees the progress of $_->[1]")
  foreach [ 'alices', 1 ], [ 'watcher', 1 ], [ 'bob', 0 ];
is(sql('SELECT count(*) FROM db_adapter.jobs_running()', as('bob')), '0', 'nor is there a way around the view');
like(error_of('SELECT * FROM db_adapter.job', as('alice')), qr/permission denied for table job/, 'the table is nobody\'s');
like(error_of("SELECT db_adapter.cancel($running)", as('bob')), qr/there is no job $running/, 'a stranger cannot cancel it');
like(error_of("SELECT db_adapter.wait($running)", as('bob')), qr/there is no job $running/, 'nor wait for it');
like(error_of("SELECT db_adapter.cancel($running)", as('watcher')), qr/permission denied to cancel job $running/,
	'who may only see it cannot cancel it');
# a function in a condition is not asked about rows that are not to be seen
is(sql(q{SET client_min_messages = notice;
	CREATE FUNCTION pg_temp.leak(args jsonb) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS
		'BEGIN RAISE EXCEPTION ''leaked %'', args; END';
	SELECT count(*) FROM db_adapter.jobs WHERE owner <> 'bob'::regrole AND pg_temp.leak(args)}, as('bob')), '0',
	'nor does a function in a condition see it');

# waiting
is(sql("SELECT db_adapter.wait($running, '1 ms') IS NULL"), 't', 'wait gives up in time');
my $waiter = Session->new($node, 'postgres', '-U', 'alice');
$waiter->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT state FROM db_adapter.jobs');
$waiter->begin("SELECT db_adapter.wait($running)");
ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE wait_event_type = 'Extension' AND query LIKE '%wait($running)%' AND pid <> pg_backend_pid()}), 'a session waits');
is(sql("SELECT db_adapter.cancel($running)", as('alices')), 't', 'a member of the role cancels it');
is($waiter->collect, 'cancelled', 'and the one who waits learns of it, in spite of his old snapshot');
$waiter->quit;
is(sql("SELECT state, result, error FROM db_adapter.jobs WHERE id = $running"), 'cancelled||', 'it is cancelled');
is(sql("SELECT db_adapter.cancel($running)"), 'f', 'what has ended cannot be cancelled');
like(error_of('SELECT db_adapter.wait(4711)'), qr/there is no job 4711/, 'nor waited for what is not there');

# transactions
like(error_of(qq{BEGIN; SELECT db_adapter.wait(db_adapter.submit('digest', '$slow'), '3 min');}),
	qr/cannot wait for job \d+ in the transaction that submitted it/, 'nobody waits for what he has not committed');
my $before = sql('SELECT max(id) FROM db_adapter.jobs');
sql(qq{BEGIN; SELECT db_adapter.submit('digest', '$slow'); ROLLBACK;
	BEGIN; SAVEPOINT s; SELECT db_adapter.submit('digest', '$slow'); ROLLBACK TO s; COMMIT});
is(sql('SELECT max(id) FROM db_adapter.jobs'), $before, 'what is rolled back is no job');
is($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'db_adapter job'}), 1,
	'and nobody runs it');
like(error_of(qq{BEGIN; SELECT db_adapter.submit('digest', '$slow'); PREPARE TRANSACTION 'p'}),
	qr/cannot PREPARE a transaction that has submitted/, 'what is submitted cannot be prepared');
$id = sql(qq{BEGIN; SAVEPOINT s; SELECT db_adapter.submit('validate', '{"expected": {}}'); RELEASE s; COMMIT});
is(end_of($id), 'succeeded', 'what a subtransaction submits is a job like any other');
$id = sql(q{BEGIN; SELECT db_adapter.submit('validate', '{"expected": {}}') AS id \gset
SELECT db_adapter.cancel(:id); COMMIT; SELECT :id}) =~ s/.*\n//sr;
is(end_of($id), 'cancelled', 'it can be cancelled before it is one');

# turns: two at a time, by priority and then by age
my @slow = map { sql("SELECT db_adapter.submit('digest', '$slow')") } 1, 2;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM db_adapter.jobs WHERE state = 'running'}), 'two run');
my @queued = map { sql(qq{SELECT db_adapter.submit('validate', '{"expected": {}}', $_)}) } 0, 0, 5, -1;
my $cancelled = sql("SELECT db_adapter.submit('digest', '$slow')");
is(sql(q{SELECT count(*) FROM db_adapter.jobs WHERE state = 'queued'}), '5', 'the others wait');
is(sql("SELECT db_adapter.cancel($cancelled)"), 't', 'one that waits is cancelled');
is(sql("SELECT state, started_at FROM db_adapter.jobs WHERE id = $cancelled"), 'cancelled|', 'and never starts');
sql("SELECT db_adapter.cancel($slow[0])");
is(end_of($_), 'succeeded', 'one that waits has its turn') foreach @queued;
is(sql("SELECT string_agg(id::text, ' ' ORDER BY started_at) FROM db_adapter.jobs WHERE id IN (" . join(', ', @queued) . ')'),
	join(' ', @queued[ 2, 0, 1, 3 ]), 'by priority, and then by age');
my $undecided = Session->new($node, 'postgres');
push @slow, sql("SELECT db_adapter.submit('digest', '$slow')");
ok($node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM db_adapter.jobs WHERE state = 'running'}), 'two run again');
@queued = map { sql(q{SELECT db_adapter.submit('validate', '{"expected": {}}')}) } 1, 2;
is($undecided->query("BEGIN; SELECT db_adapter.cancel($queued[0])"), 't', 'a session is about to cancel one that waits');
sql("SELECT db_adapter.cancel($slow[2])");
is(end_of($queued[1]), 'succeeded', 'the next one has its turn meanwhile');
$undecided->query('ROLLBACK');
$undecided->quit;
is(end_of($queued[0]), 'succeeded', 'and the other one after all');
$gate->query('SELECT pg_advisory_unlock(7)');
is(end_of($slow[1]), 'succeeded', 'the gate opens, and the last one goes through');

# whoever waits may hold what the job waits for
$gate->query('BEGIN; LOCK TABLE notes');
$id = sql(qq{SELECT db_adapter.submit('digest', '{"backup_schema": $schema, "table": "notes"}')});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'db_adapter job' AND wait_event_type = 'Lock'}), 'a job waits for a lock');
is($gate->query("SELECT db_adapter.wait($id, '50 ms') IS NULL"), 't', 'whoever holds it waits until his time is over');
is($gate->query("SELECT db_adapter.wait($id)"), '', 'or');
like($gate->{err}, qr/deadlock detected.*Job $id cannot go on before this transaction ends/s, 'is told that he waits for himself');
$gate->query('ROLLBACK');
is(end_of($id), 'succeeded', 'and then the job gets it');

# a role may limit its transactions, but jobs take the time that they need
SKIP:
{
	skip 'transaction_timeout came with PostgreSQL 17', 2 if sql('SHOW server_version_num') < 170000;
	local $ENV{PGOPTIONS} = '-c transaction_timeout=0';
	sql(q{ALTER ROLE alice SET transaction_timeout = '50 ms'});
	$gate->query('BEGIN; LOCK TABLE notes');
	$id = sql(qq{SELECT db_adapter.submit('digest', '{"backup_schema": $schema, "table": "notes"}')}, as('alice'));
	ok($node->poll_query_until('postgres', qq{SELECT state = 'failed' OR EXISTS (SELECT FROM pg_stat_activity
		WHERE backend_type = 'db_adapter job' AND wait_event_type = 'Lock' AND clock_timestamp() - xact_start > '100 ms')
		FROM db_adapter.jobs WHERE id = $id}), 'a job waits for longer than a transaction may take');
	$gate->query('COMMIT');
	is(end_of($id), 'succeeded', 'and is not stopped');
	sql('ALTER ROLE alice RESET transaction_timeout');
}

# a lock that does not come in time is tried again; the setting comes along
$gate->query('BEGIN; LOCK TABLE notes');
$id = sql(qq{SET lock_timeout = '1ms'; SELECT db_adapter.submit('digest', '{"backup_schema": $schema, "table": "notes"}')});
ok($node->poll_query_until('postgres', "SELECT attempts >= 2 FROM db_adapter.jobs WHERE id = $id"), 'a job is tried again');
$gate->query('COMMIT');
is(end_of($id), 'succeeded', 'until it succeeds');
$gate->query('BEGIN; LOCK TABLE notes');
$id = sql(qq{SET lock_timeout = '1ms'; SELECT db_adapter.submit('digest', '{"backup_schema": $schema, "table": "notes"}')});
is(end_of($id), 'failed', 'or not, if the lock does not come at all');
$gate->query('COMMIT');
is(sql("SELECT sqlstate, attempts, finished_at - submitted_at >= '7.5 s' FROM db_adapter.jobs WHERE id = $id"), '55P03|5|t',
	'five times, each later than the one before');

# how far a backup is
sql(q{CREATE TABLE many (id int PRIMARY KEY, user_id text, slug text);
	INSERT INTO many SELECT n, 'u1', repeat('x', 100) || n FROM generate_series(1, 5000) n; ANALYZE many});
$gate->query('SELECT pg_advisory_lock(7)');
$id = sql(qq{SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/c.jsonl", "backup_schema": {"tables": [{"name": "many"}, {"name": "gated"}]}}')});
ok($node->poll_query_until('postgres', q{SELECT "table" = 'gated' FROM db_adapter.job_progress}), 'a backup comes to a table');
is(sql(q{SELECT phase, rows_done > 4000, rows_total >= 5000, bytes_done > 400000, estimated_end > started_at FROM db_adapter.job_progress}),
	'writing rows|t|t|t|t', 'and shows how far it is');
is(sql(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'db_adapter job %: backup_to_file, writing rows of gated%'}), '1',
	'as the activity does');
$gate->query('SELECT pg_advisory_unlock(7)');
is(end_of($id), 'succeeded', 'before it ends');
$gate->quit;
is(sql(q{SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'db_adapter launcher'}), 'DbAdapterLauncherMain', 'the launcher sleeps')
  if sql('SHOW server_version_num') >= 170000;

# old jobs go
my $nobody = q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'db_adapter job'};
my $kept = sql('SELECT count(*) FROM db_adapter.jobs');
sql('ALTER SYSTEM SET db_adapter.job_retention = -1');
sql('SELECT pg_reload_conf()');
run_job('validate', '{"expected": {}}');
ok($node->poll_query_until('postgres', $nobody), 'nobody works');
is(sql('SELECT count(*) FROM db_adapter.jobs'), $kept + 1, 'ended jobs can be kept for ever');
sql("ALTER SYSTEM SET db_adapter.job_retention = 0");
sql('SELECT pg_reload_conf()');
sql(q{SELECT db_adapter.submit('validate', '{"expected": {}}')});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM db_adapter.jobs WHERE state = 'cancelled'}), 'ended jobs are kept no longer than the setting says');

# without the preload
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
like(error_of(q{SELECT db_adapter.submit('validate', '{"expected": {}}')}), qr/need db_adapter to be preloaded.*shared_preload_libraries/s,
	'without the preload there are no jobs');
like(error_of('SELECT db_adapter.cancel(1)'), qr/need db_adapter to be preloaded/, 'nor are they cancelled');
like(error_of('SELECT db_adapter.wait(1)'), qr/need db_adapter to be preloaded/, 'nor waited for');
like(error_of('SELECT * FROM db_adapter.job_progress'), qr/need db_adapter to be preloaded/, 'nor watched');
is(sql(q{SELECT db_adapter.validate('{"notes": ["id"]}') ->> 'valid'}), 'true', 'all else works');
$node->stop;

done_testing();
