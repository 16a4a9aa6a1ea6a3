# fix and restore of the db-adapter command where something is not as it should be: a plan
# that could not be verified, a step that fails, rows that are not found again.
use strict;
use warnings;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
$ENV{NO_COLOR} = '1';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
# Something else has the name that the schema wants for an index.
$node->safe_psql('postgres', q{CREATE EXTENSION db_adapter;
	CREATE TABLE t (id serial PRIMARY KEY, name text);
	INSERT INTO t (name) VALUES ('a'), ('b');
	CREATE SEQUENCE taken});
chdir PostgreSQL::Test::Utils::tempdir();
my $url = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

sub write_file
{
	my ($name, $text) = @_;

	open(my $file, '>', $name) or die "$name: $!";
	print $file $text;
	close $file;
	return;
}

# Without a terminal, so that nothing can be asked.
sub call
{
	my (@args) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'setsid', '--wait', 'db-adapter', '--profile', $url, @args ], '<', \'', '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	return ($? >> 8, $out, $err);
}

sub indexes
{
	return $node->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass});
}

# --- a plan that could not be verified

write_file('schema.sql', 'CREATE TABLE t (id serial PRIMARY KEY, name text); CREATE INDEX taken ON t (name);');
my $step = qr/CREATE INDEX taken ON public\.t USING btree \(name\)/;
my $doubt = qr/relation "taken" already exists/;
my ($code, $out, $err) = call('fix');
is($code, 1, 'fix of what could not be verified: the answer is no');
like($out, qr/^ +1\. $step\n.*^not verified: $doubt$/ms, 'the steps, and why not');
($code, $out, $err) = call(qw(fix --plan-only));
is($code, 1, 'so is it of the plan alone');
ok(!decode_json($out)->{verified}, 'which is printed');
like($err, qr/the plan is not verified: $doubt/, 'and the reason told');
($code, $out, $err) = call(qw(fix --json));
is($code, 1, 'and of the document');
like(decode_json($out)->{plan}{verify_error}, $doubt, 'which has the reason');
($code, $out, $err) = call(qw(fix --confirm --no-backup));
is($code, 2, 'without a terminal it is not applied');
like($err, qr/there is no terminal to ask; --yes says yes/, 'and that is said');

# --- a step that fails

($code, $out, $err) = call(qw(fix --confirm --no-backup --yes));
is($code, 4, 'with --yes it is, and fails as was told');
like($err, qr/^db-adapter: $doubt$/m, 'the error');
like($err, qr/^CONTEXT: .*step 1 of the plan: $step$/ms, 'with the step and its statement');
($code, $out) = call(qw(fix --confirm --no-backup --yes --json));
like(decode_json($out)->{error}{context}, qr/^step 1 of the plan: $step$/m, 'and in the document');
is(indexes(), '1', 'nothing has changed');

$node->safe_psql('postgres', 'DROP SEQUENCE taken');
{
	my $lock = $node->background_psql('postgres');
	$lock->query_safe('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
	($code, $out, $err) = call(qw(fix --confirm --no-backup));
	is($code, 4, 'a lock that is not to be had');
	like($err, qr/lock timeout.*step 1 of the plan: $step$/ms, 'names the step that wanted it');
	$lock->query_safe('ROLLBACK');
	$lock->quit;
}
is((call(qw(fix --confirm --no-backup)))[0], 0, 'a plan that is verified is applied without a question');
is(indexes(), '2', 'and is true');

# --- rows that will make steps fail

write_file('schema.sql', 'CREATE TABLE t (id serial PRIMARY KEY, name int NOT NULL); CREATE INDEX taken ON t (name);');
($code, $out, $err) = call('fix');
is($code, 1, 'fix of what rows will stop: the answer is no');
like($out, qr/TYPE int4 .*?\n +fails: a value of column "name" cannot become integer, 2 rows\n +id 1: "a", invalid input syntax for type integer: "a"\n +id 2: "b"/s, 'with the rows, at their step');
($code, $out) = call(qw(fix --plan-only));
is($code, 1, 'so is it of the plan alone');
is(decode_json($out)->{steps}[0]{blockers}[0]{rows}, 2, 'which has them');
($code, $out, $err) = call(qw(fix --confirm --no-backup --yes));
is($code, 1, 'it is not applied');
like($err, qr/rows will make step 1 fail, so nothing was changed; --force tries it all the same/, 'and that is said');
($code, $out) = call(qw(fix --confirm --no-backup --yes --json));
is($code, 1, 'with a document too');
is(decode_json($out)->{plan}{steps}[0]{blockers}[0]{kind}, 'fails', 'which says why');
($code, $out, $err) = call(qw(fix --confirm --no-backup --force));
is($code, 4, 'with --force it is tried');
like($err, qr/invalid input syntax for type integer: "a"/, 'and fails as was told');
($code, $out) = call(qw(fix --no-preflight));
is($code, 0, 'without looking nobody knows');
unlike($out, qr/fails:/, 'and nothing is told');
$node->safe_psql('postgres', 'DELETE FROM t');
is((call(qw(fix --confirm --no-backup)))[0], 0, 'without such rows it is applied');
write_file('schema.sql', 'CREATE TABLE t (id serial PRIMARY KEY, name text); CREATE INDEX taken ON t (name);');
is((call(qw(fix --confirm --no-backup)))[0], 0, 'and taken back');
$node->safe_psql('postgres', q{TRUNCATE t RESTART IDENTITY; INSERT INTO t (name) VALUES ('a'), ('b')});

# --- rows that are not found again

is((call(qw(backup --all-users --tables t -o t.jsonl)))[0], 0, 'backup of a table without a match key');
foreach my $try (1, 2)
{
	($code, $out) = call(qw(restore t.jsonl -y));
	is($code, 0, 'a restore of it');
	unlike($out, qr/no match key/, 'which knows its rows by where they were born');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM t'), 2, 'so that none is doubled');
}
$node->safe_psql('postgres', q{CREATE TABLE bare (name text); INSERT INTO bare VALUES ('a'), ('b')});
is((call(qw(backup --all-users --tables bare -o bare.jsonl)))[0], 0, 'backup of a table without any key');
foreach my $rows (4, 6)
{
	($code, $out) = call(qw(restore bare.jsonl -y));
	is($code, 0, 'a restore of it');
	like($out, qr/^bare +2 .*no match key: each restore inserts its rows again$/m, 'says that its rows are inserted again');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM bare'), $rows, 'as they are');
}
$node->safe_psql('postgres', 'CREATE TABLE u (id int PRIMARY KEY, slug text UNIQUE NOT NULL)');
is((call(qw(backup --all-users --tables u -o u.jsonl)))[0], 0, 'backup of a table with one');
unlike((call(qw(restore u.jsonl -y)))[1], qr/Note|match key/, 'says nothing');

done_testing();
