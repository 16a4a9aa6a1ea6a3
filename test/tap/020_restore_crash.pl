# A server that dies in the midst of a restore has nothing of it afterwards.
use strict;
use warnings;
use IPC::Run qw(start finish pump timer);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_prepared_transactions = 2");
$node->start;

$node->safe_psql('postgres', q{
CREATE EXTENSION db_adapter;
CREATE TABLE items (id serial PRIMARY KEY, user_id text, slug text, UNIQUE (user_id, slug));
INSERT INTO items (user_id, slug) SELECT 'u1', 'i' || i FROM generate_series(1, 1000) i;
CREATE TABLE file AS SELECT db_adapter.backup_document('{"tables": [{"name": "items"}]}', 'u1') AS text;
});

my ($in, $out, $err);

# A session that has restored some rows and waits for the rest of the file.
sub begin_restore
{
	($in, $out, $err) = ('', '', '');
	my $session = start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', \$err,
		timer($PostgreSQL::Test::Utils::timeout_default || 180));

	$in = "BEGIN;\nSELECT 'pid ' || pg_backend_pid();\n"
	  . "SELECT db_adapter.restore_begin(user_id => 'u2');\n"
	  . q{SELECT 'rows ' || db_adapter.restore_data(left(text, position('"i900"' IN text))) FROM file;}
	  . "\n";
	pump $session until $out =~ /rows \d+\n/ || $err =~ /ERROR/;
	like($out, qr/rows 89\d/, 'rows of the stream are restored');
	return $session;
}

sub rows { return $node->safe_psql('postgres', q{SELECT count(*) FROM items WHERE user_id = 'u2'}) }

# the backend
my $session = begin_restore();
is(rows(), '0', 'nobody sees them');
my ($pid) = $out =~ /pid (\d+)/;
is(kill('KILL', $pid), 1, 'the backend is killed');
$session->finish;
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server recovers');
is(rows(), '0', 'and has nothing of the restore');

# the postmaster
$session = begin_restore();
$node->kill9;
$session->finish;
# its other children take a moment to notice
my $deadline = time + ($PostgreSQL::Test::Utils::timeout_default || 180);
until ($node->start(fail_ok => 1) || time > $deadline)
{
	usleep(100_000);
	$node->stop('fast', fail_ok => 1);
}
is(rows(), '0', 'nor has a server that was killed as a whole');

# what is left behind is no hindrance
is($node->safe_psql('postgres',
		q{SELECT r.inserted, r.skipped FROM file, db_adapter.restore(text, user_id => 'u2') r}),
	'1000|0', 'the same restore goes through');
is(rows(), '1000', 'with all its rows');

# two-phase commit is a commit as well
my $status = $node->psql('postgres', q{
	BEGIN;
	SELECT db_adapter.restore_begin(user_id => 'u3');
	SELECT db_adapter.restore_data(text) FROM file;
	PREPARE TRANSACTION 'open';
}, stderr => \$err);
isnt($status, 0, 'a transaction with an open restore cannot be prepared');
like($err, qr/cannot commit while a restore is open/, 'because of the restore');

done_testing();
