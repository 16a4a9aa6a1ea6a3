# Schemas of all kinds drawn at random, one planned from the other, each pair in
# transactions of its own: what is verified applies.  RANDOM_PLANS=5000 draws more,
# RANDOM_SEED=17 begins elsewhere; a pair is named by its number.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SchemaDraw 'draw_pair';
use Test::More;

# Numbers of pairs that were verified once and then failed.
my @kept = (8, 64, 87, 131, 1065, 1255, 1339, 1439, 3328, 100343);

my $count = $ENV{RANDOM_PLANS} // 12;
my $first = $ENV{RANDOM_SEED} // 1;
my $node = PostgreSQL::Test::Cluster->new('random');
my %became;

$node->init;
$node->append_conf('postgresql.conf', "client_min_messages = error\nmax_locks_per_transaction = 256");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE regress_pair_owner; CREATE ROLE regress_pair_reader; CREATE EXTENSION db_adapter;
	CREATE FOREIGN DATA WRAPPER regress_pair_fdw; CREATE SERVER regress_pair_server FOREIGN DATA WRAPPER regress_pair_fdw;
	CREATE TABLE kept (expected jsonb, plan jsonb)');

sub run
{
	my ($sql) = @_;
	my ($result, $out, $error) = $node->psql('postgres', $sql);

	return ($out, $result == 0 ? '' : $error);
}

# Rows may be in the way of what is expected: that is no fault of the plan.
sub is_of_rows
{
	my ($error) = @_;

	return $error =~ /^(?:psql:\S+ )?ERROR:  (?:22|23)/m;
}

# What becomes of the pair, and why.
sub try_pair
{
	my ($number) = @_;
	my ($before, $after) = draw_pair($number);
	my ($verified, $error);

	run('DROP SCHEMA IF EXISTS pair CASCADE; DROP PUBLICATION IF EXISTS regress_pair_pub; TRUNCATE kept');
	(undef, $error) = run("BEGIN; CREATE SCHEMA pair; SET LOCAL search_path = pair;\n$before\nCOMMIT");
	return ('cannot be loaded', $error) if $error;
	(undef, $error) = run("INSERT INTO kept (expected) SELECT db_adapter.expected(\$wanted\$CREATE SCHEMA pair; SET search_path = pair;\n$after\$wanted\$, '{pair}')");
	return ('is not expected', $error) if $error;
	(undef, $error) = run('UPDATE kept SET plan = db_adapter.plan(expected, allow_drop => true)');
	return ('fails to plan', $error) if $error;
	($verified, $error) = run("SELECT plan ->> 'verified', plan ->> 'verify_error' FROM kept");
	return ('is not verified', $verified) if $verified !~ /^true/;
	(undef, $error) = run("\\set VERBOSITY verbose\nSELECT db_adapter.apply(plan, confirm => true) FROM kept");
	return (is_of_rows($error) ? 'is refused by rows' : 'fails after it was verified', $error) if $error;
	my ($left) = run("SELECT d.object_type, d.object, d.attribute FROM kept, db_adapter.differences(expected, ignore => '{owners,column_order}') d
		WHERE severity = 'error' AND jsonb_array_length(plan -> 'remaining') = 0");
	return $left ne '' ? ('differs afterwards', $left) : ('applies', '');
}

foreach my $number (@kept, $first .. $first + $count - 1)
{
	my ($what, $why) = try_pair($number);

	$became{$what}++;
	unlike($what, qr/^(?:fails|differs)/, "pair $number $what") or diag($why);
}
note(join ', ', map { "$_: $became{$_}" } sort keys %became);
cmp_ok($became{applies} // 0, '>=', ($count + @kept) / 3, 'a good part of them applies');
is($became{'is not expected'} // 0, 0, 'and whatever can be loaded is expected');

$node->stop;
done_testing();
