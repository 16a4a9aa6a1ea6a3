# The job that builds the indexes of a plan while others write.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'\ndeadlock_timeout = 10ms\nrestart_after_crash = on");
$node->start;

sub sql { return $node->safe_psql('postgres', @_) }
sub as { my $user = shift; return (extra_params => [ '-U', $user ]) }

sub error_of
{
	my ($query, @options) = @_;
	my (undef, undef, $err) = $node->psql('postgres', $query, on_error_stop => 1, @options);

	return $err;
}

sql(q{
CREATE EXTENSION db_adapter;
CREATE ROLE maker LOGIN;
CREATE ROLE stranger LOGIN;
GRANT EXECUTE ON FUNCTION db_adapter.submit TO maker, stranger;
GRANT CREATE ON SCHEMA public TO maker;
CREATE TABLE notes (id int PRIMARY KEY, name text, code int);
INSERT INTO notes SELECT n, 'n' || n, n FROM generate_series(1, 1000) n;
ALTER TABLE notes OWNER TO maker;
});
my $want = sql(q{SELECT db_adapter.expected('CREATE TABLE notes (id int PRIMARY KEY, name text, code int, more int);
	CREATE INDEX first ON notes (name); CREATE UNIQUE INDEX second ON notes (code)', schemas => '{public}')});
my $plan = sql("SELECT db_adapter.plan('$want', online => true)");
is(sql("SELECT '$plan'::jsonb -> 'verified'"), 'true', 'a plan with online steps');
is(sql("SELECT db_adapter.apply('$plan', confirm => true) -> 'online'"), '[2, 3]', 'apply leaves them');

# What a job of the plan, maybe another than the usual, is to be run by.
sub submit
{
	my ($args, $user) = @_;

	return qq{SELECT db_adapter.submit('create_index_concurrently', '$args')}, as($user // 'maker');
}
my $job = qq{{"plan": $plan}};

sub state_of { return sql("SELECT concat_ws(' ', state, reason, sqlstate) FROM db_adapter.jobs WHERE id = $_[0]") }

sub indexes
{
	return sql(q{SELECT string_agg(indexrelid::regclass || CASE WHEN indisvalid THEN '' ELSE ' invalid' END, ', ' ORDER BY indexrelid::regclass::text)
		FROM pg_index WHERE indrelid = 'notes'::regclass AND NOT indisprimary});
}

# Whoever waits by wait() has a snapshot, which the job would wait for.
sub ends
{
	my ($id, $state, $name) = @_;

	return ok($node->poll_query_until('postgres', qq{SELECT state = '$state' FROM db_adapter.jobs WHERE id = $id}), $name);
}

# refused at once
like(error_of(submit($job, 'stranger')), qr/must be owner of table public.notes/, 'a role without the rights to the table');
sql('REVOKE CREATE ON SCHEMA public FROM maker, PUBLIC');
like(error_of(submit($job)), qr/permission denied for schema public/, 'or to its schema');
sql('GRANT CREATE ON SCHEMA public TO maker');
like(error_of(submit('{"plan": 1}')), qr/"plan" must be a JSON object/, 'what is no plan');
like(error_of(submit('{}')), qr/"plan" must be a JSON object/, 'nothing');
like(error_of(submit(qq{{"plan": $plan, "paln": 1}})), qr/paln/, 'another argument');
my $plain = sql("SELECT db_adapter.plan('$want')");
like(error_of(submit(qq{{"plan": $plain}})), qr/the plan has no online steps.*online => true/s,
	'a plan without such steps');
foreach my $command ('DROP INDEX CONCURRENTLY notes_pkey', 'CREATE INDEX first ON public.notes (name)', 'CREATE INDEX CONCURRENTLY first ON notes (name)',
	'ALTER TABLE public.notes ADD b int', 'CREATE INDEX CONCURRENTLY ON public.notes (name)')
{
	my $edited = sql("SELECT jsonb_set('$plan', '{steps,1,sql}', to_jsonb('$command'::text))");
	like(error_of(submit(qq{{"plan": $edited}})), qr/step 2 is no command that runs online/, "a step \"$command\"");
}
my $several = sql("SELECT jsonb_set('$plan', '{steps,1,sql}', '\"CREATE INDEX CONCURRENTLY a ON public.notes (id); SELECT 1\"')");
like(error_of(submit(qq{{"plan": $several}})), qr/step 2 is not one SQL command/, 'several commands');
is(sql('SELECT count(*) FROM db_adapter.jobs'), '0', 'none of them is a job');

# built while a writer goes on, killed, gone on with
my $writer = Session->new($node, 'postgres');
my $waits = q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'db_adapter job' AND wait_event_type = 'Lock' AND usename = 'maker'};
$writer->query(q{BEGIN; INSERT INTO notes VALUES (2001, 'open', 2001)});
my $id = sql(submit($job));
ok($node->poll_query_until('postgres', $waits), 'the job waits for the transaction of a writer');
sql(q{INSERT INTO notes VALUES (2002, 'meanwhile', 2002)});
is(sql(q{SELECT phase, "table" FROM db_adapter.job_progress}), 'building an index|public.first', 'others write, and its progress shows');
is(indexes(), 'first invalid', 'the index is begun');
like(error_of("SELECT db_adapter.wait($id)", as('maker')), qr/cannot wait for job $id, which waits for the transactions of others/,
	'nobody waits for it with a snapshot of his own');
sql(q{SELECT pg_terminate_backend(pid) FROM db_adapter.job_progress});
ok($node->poll_query_until('postgres', "SELECT reason = 'terminated' FROM db_adapter.jobs WHERE id = $id"), 'it is killed');
is(indexes(), 'first invalid', 'and leaves what it began');
$writer->query('COMMIT');
$id = sql(submit($job));
ends($id, 'succeeded', 'the same job again');
is(sql("SELECT result FROM db_adapter.jobs WHERE id = $id"),
	'{"created": ["public.second"], "present": [], "repaired": ["public.first"]}', 'repairs that and makes the other');
is(indexes(), 'first, second', 'both are valid');
is(sql("SELECT string_agg(object || ' ' || attribute, ', ') FROM db_adapter.differences('$want', ignore => '{owners,privileges}')"), '', 'the schema is as expected');
is(sql(q{SET enable_seqscan = off; SELECT count(*) FROM notes WHERE name IN ('open', 'meanwhile')}), '2', 'the rows written meanwhile are found by it');
is(sql(q{SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relname IN ('first', 'second')}), 'maker', 'they are the owner\'s');
$id = sql(submit($job));
ends($id, 'succeeded', 'once more');
is(sql("SELECT result FROM db_adapter.jobs WHERE id = $id"),
	'{"created": [], "present": ["public.first", "public.second"], "repaired": []}', 'there is nothing to do');

# cancelled
sql('DROP INDEX first, second');
$writer->query(q{BEGIN; INSERT INTO notes VALUES (2003, 'open', 2003)});
$id = sql(submit($job));
ok($node->poll_query_until('postgres', $waits), 'it waits again');
sql("SELECT db_adapter.cancel($id)", as('maker'));
ends($id, 'cancelled', 'it is cancelled');
is(indexes(), 'first invalid', 'and leaves what it began');
# a lock that does not come in time is tried again
$id = sql(q{SET lock_timeout = '100ms'; } . (submit($job))[0], as('maker'));
ok($node->poll_query_until('postgres', "SELECT attempts >= 2 FROM db_adapter.jobs WHERE id = $id"), 'a lock that does not come is waited for again');
$writer->query('COMMIT');
ends($id, 'succeeded', 'until it comes');
is(indexes(), 'first, second', 'both are there');

# the server goes down in the middle: the worker is killed, then all of it
foreach my $crash ('a worker that is killed', 'an immediate stop')
{
	sql('DROP INDEX first, second');
	my $open = Session->new($node, 'postgres');
	$open->query(q{BEGIN; INSERT INTO notes VALUES (3001, 'lost', 3001)});
	$id = sql(submit($job));
	ok($node->poll_query_until('postgres', $waits), "$crash: the index is being built");
	if ($crash =~ /worker/)
	{
		kill 'KILL', sql(q{SELECT pid FROM db_adapter.job_progress});
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
	ok($node->poll_query_until('postgres', "SELECT reason = 'server_crash' FROM db_adapter.jobs WHERE id = $id"), "$crash: the job has failed");
	is(indexes(), 'first invalid', "$crash: what it began is there");
	$_->quit foreach $open, $writer;
	$writer = Session->new($node, 'postgres');
	$id = sql(submit($job));
	ends($id, 'succeeded', "$crash: the same job again");
	is(sql("SELECT result FROM db_adapter.jobs WHERE id = $id"),
		'{"created": ["public.second"], "present": [], "repaired": ["public.first"]}', "$crash: repairs that and makes the other");
	is(indexes(), 'first, second', "$crash: both are valid");
	is(sql(q{SET enable_seqscan = off; SELECT count(*) FROM notes WHERE name = 'lost'}), '0', "$crash: and hold what was committed");
}

# others that have their turn after it
sub waits_behind
{
	my ($workers, @options) = @_;

	sql("ALTER SYSTEM SET db_adapter.max_workers = $workers");
	sql('SELECT pg_reload_conf()');
	ok($node->poll_query_until('postgres', "SELECT current_setting('db_adapter.max_workers') = '$workers'"), "$workers workers");
	sql('DROP INDEX first');
	$writer->query(q{BEGIN; UPDATE notes SET name = 'open' WHERE id = 2003});
	my $building = sql(submit($job));
	ok($node->poll_query_until('postgres', $waits), 'it waits for a writer');
	my $next = sql(q{SELECT db_adapter.submit('validate', '{"expected": {}}')});
	my $waiter = Session->new($node, 'postgres');
	$waiter->begin("SELECT db_adapter.wait($next)");
	return ($building, $next, $waiter);
}

my ($building, $next, $waiter) = waits_behind(1);
ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE wait_event_type = 'Extension' AND query LIKE '%wait($next)%' AND pid <> pg_backend_pid()}), 'a session waits for the one after it');
$writer->query('COMMIT');
is($waiter->collect, '', 'and, since its snapshot is what the first waits for then,');
like($waiter->{err}, qr/deadlock detected.*Job $next cannot go on.*new transaction/s, 'is told so');
ends($building, 'succeeded', 'the first goes on');
is($waiter->query("SELECT db_adapter.wait($next)"), 'succeeded', 'and so does the next');
$waiter->quit;
($building, $next, $waiter) = waits_behind(2);
is($waiter->collect, 'succeeded', 'where another worker is left nobody waits in vain');
$writer->query('COMMIT');
ends($building, 'succeeded', 'nor is it stopped');
$waiter->quit;

# rows that are not unique
sql('DROP INDEX second');
sql(q{INSERT INTO notes VALUES (2004, 'twice', 7)});
$id = sql(submit($job));
ends($id, 'failed', 'a violation fails it');
is(sql("SELECT sqlstate, error, detail FROM db_adapter.jobs WHERE id = $id"),
	'23505|could not create unique index "second"|Key (code)=(7) is duplicated.', 'and is told');
is(indexes(), 'first, second invalid', 'what is left');
sql('DELETE FROM notes WHERE id = 2004');
$id = sql(submit($job));
ends($id, 'succeeded', 'is mended');
is(sql("SELECT result FROM db_adapter.jobs WHERE id = $id"),
	'{"created": [], "present": ["public.first"], "repaired": ["public.second"]}', 'when the rows are');

# a table that goes meanwhile, and a name that another table's index has
sql('DROP INDEX first; CREATE TABLE other (a int); CREATE INDEX first ON other (a)');
$id = sql(submit($job));
ends($id, 'failed', 'a name that is taken');
is(state_of($id), 'failed error 42P07', 'is an error');
sql('DROP TABLE other, notes');
like(error_of(submit($job)), qr/relation public.notes does not exist/, 'without the table nothing is submitted');
$writer->quit;
$node->stop;

done_testing();
