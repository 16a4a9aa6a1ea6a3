# Preflight on a standby, whose rows say the same, and beside others who write: it waits for
# nobody but who locks a table against readers, and nobody waits for it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION db_adapter;
	CREATE TABLE p (id int PRIMARY KEY);
	CREATE TABLE t (id int PRIMARY KEY, a int, b text, ref int);
	INSERT INTO p SELECT generate_series(1, 100);
	INSERT INTO t SELECT i, nullif(i % 500, 0), CASE WHEN i % 700 = 0 THEN 'word' ELSE i::text END, CASE WHEN i = 9 THEN 1000 ELSE i % 100 + 1 END FROM generate_series(1, 20000) i;
	ANALYZE;
	CREATE TABLE kept AS SELECT db_adapter.plan(db_adapter.expected($$
		CREATE TABLE p (id int PRIMARY KEY);
		CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int CHECK (b < 19000), ref int REFERENCES p, UNIQUE (ref));$$),
		exclude => '{kept}') AS plan});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

my $ask = 'SELECT step, object, kind, problem, rows, samples, hint FROM kept, db_adapter.preflight(plan)';
my $told = $primary->safe_psql('postgres', $ask);
is(scalar(() = $told =~ /\|fails\|/g), 5, 'five steps fail') or diag($told);
is($standby->safe_psql('postgres', $ask), $told, 'a standby says the same');
is($standby->safe_psql('postgres', "BEGIN ISOLATION LEVEL REPEATABLE READ; $ask; COMMIT"), $told, 'in any transaction');
my ($code, $out, $err) = $standby->psql('postgres', 'SELECT db_adapter.apply(plan) FROM kept');
like($err, qr/cannot execute db_adapter\.apply\(\) on a standby/, 'which applies nothing');

# Who changes rows, or vacuums, or builds an index, holds up nobody who asks.
foreach my $mode ('ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'EXCLUSIVE')
{
	my $other = $primary->background_psql('postgres');
	$other->query_safe("BEGIN; LOCK TABLE t, p IN $mode MODE");
	is($primary->safe_psql('postgres', "SET lock_timeout = '100ms'; $ask"), $told, "asked beside $mode");
	$other->query_safe('ROLLBACK');
	$other->quit;
}
# And who has asked holds up nobody who writes.
my $asker = $primary->background_psql('postgres');
$asker->query_safe("BEGIN; $ask");
($code, $out, $err) = $primary->psql('postgres', "SET lock_timeout = '100ms'; UPDATE t SET a = a WHERE id = 1; LOCK TABLE t IN EXCLUSIVE MODE");
like($err, qr/LOCK TABLE can only be used in transaction blocks/, 'a write goes through');
($code, $out, $err) = $primary->psql('postgres', "BEGIN; SET lock_timeout = '100ms'; LOCK TABLE t, p IN EXCLUSIVE MODE; ROLLBACK");
is($err, '', 'whatever lets readers read');
# It sees what its snapshot sees.
$asker->query_safe('COMMIT');
$asker->query_safe("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
$primary->safe_psql('postgres', q{UPDATE t SET b = '1' WHERE b = 'word'});
is($asker->query_safe($ask), $told, 'rows of the snapshot');
$asker->query_safe('COMMIT');
unlike($asker->query_safe($ask), qr/cannot become integer/, 'and of the next');
$asker->quit;

$standby->stop;
$primary->stop;
done_testing();
