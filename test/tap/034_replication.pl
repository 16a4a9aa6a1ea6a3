# Logical replication of all tables: what the extension's tables hold concerns one
# database, so nothing of a publisher's gets into a subscriber's, and nothing stops.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @tables = map { "db_adapter.$_" }
  qw(expected_cache saved saved_chunk declaration declaration_state job database_origin ledger_set ledger);

my $pub = PostgreSQL::Test::Cluster->new('publisher');
$pub->init(allows_streaming => 'logical');
$pub->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'");
$pub->start;
my $sub = PostgreSQL::Test::Cluster->new('subscriber');
$sub->init(allows_streaming => 'logical');
$sub->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'");
$sub->start;

# Everything that fills a table of the extension.
sub use_all
{
	my ($node, $name, $value) = @_;

	$node->safe_psql(
		'postgres', qq{
		SELECT db_adapter.expected('CREATE TABLE $name (id int)');
		SELECT db_adapter.declare('shop', 'CREATE TABLE shop.t (id int PRIMARY KEY, v text)', '{shop}', 'warn');
		SELECT db_adapter.submit('validate', jsonb_build_object('expected', '{"t": ["id"]}'::jsonb));
		ALTER TABLE shop.t ADD IF NOT EXISTS lost text;
		UPDATE shop.t SET lost = '$value';
		SELECT db_adapter.apply(db_adapter.plan(db_adapter.expected(
			'CREATE TABLE shop.t (id int PRIMARY KEY, v text)', '{shop}'), allow_drop => true), true);
		CREATE UNLOGGED TABLE shop.notes (id serial PRIMARY KEY, body text);
		INSERT INTO shop.notes (body) VALUES ('$value');
		SELECT * FROM db_adapter.restore(regexp_replace(db_adapter.backup_document(db_adapter.derive_backup_schema(tables => '{shop.notes}')),
			'("origin":")[^"]*"', '\\1' || gen_random_uuid() || '"'), accept_damaged => true);
		DROP TABLE shop.notes;});
	$node->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM db_adapter.job WHERE state IN ('queued', 'running')")
	  or die 'the job does not end';
	return;
}

# What a database has in the extension's tables, to the last row.
sub content
{
	my ($node) = @_;

	return join "\n", map {
		$node->safe_psql('postgres', "SELECT '$_', md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')), count(*) FROM $_ t")
	} @tables;
}

sub make
{
	my ($node) = @_;

	$node->safe_psql('postgres', q{
		CREATE EXTENSION db_adapter;
		CREATE SCHEMA shop;
		CREATE TABLE shop.t (id int PRIMARY KEY, v text)});
	return;
}

make($pub);
make($sub);
$pub->safe_psql('postgres', "INSERT INTO shop.t VALUES (1, 'before')");
# Both have used the extension before they meet: the numbers of their rows are the same.
use_all($pub, 'of_publisher', 'published');
$pub->safe_psql('postgres', 'ALTER TABLE shop.t DROP COLUMN IF EXISTS lost');
use_all($sub, 'of_subscriber', 'subscribed');
$sub->safe_psql('postgres', 'ALTER TABLE shop.t DROP COLUMN IF EXISTS lost');
unlike(content($pub), qr/\|0$/m, 'every table of the publisher has rows');
my $before = content($sub);

$pub->safe_psql('postgres', 'CREATE PUBLICATION everything FOR ALL TABLES');
is( $pub->safe_psql('postgres', q{SELECT count(*) FROM pg_publication_tables WHERE schemaname = 'db_adapter'}),
	scalar(@tables), 'the publication has the extension\'s tables in it');
my $connstr = $pub->connstr . ' dbname=postgres';
$sub->safe_psql('postgres',
	"CREATE SUBSCRIPTION everything CONNECTION '$connstr' PUBLICATION everything");
$sub->wait_for_subscription_sync($pub, 'everything')
  if $sub->can('wait_for_subscription_sync');
$sub->poll_query_until('postgres',
	q{SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')})
  or die 'tables are not synchronized';
is($sub->safe_psql('postgres', 'SELECT id, v FROM shop.t'), '1|before', 'the first copy arrives');
is(content($sub), $before, 'and leaves the extension\'s tables alone');

# Rows, and their changes and ends, on the publisher; new rows on both.
$sub->safe_psql('postgres', 'ALTER TABLE shop.t ADD lost text');
$before = content($sub);
use_all($pub, 'later', 'published');
$pub->safe_psql('postgres', q{
	SELECT db_adapter.undeclare('shop');
	SELECT db_adapter.purge_saved_rows('0');
	DELETE FROM db_adapter.job;
	DELETE FROM db_adapter.expected_cache});
$sub->safe_psql('postgres', q{SELECT db_adapter.expected('CREATE TABLE at_the_same_number (id int)')});
$before = content($sub);
$pub->safe_psql('postgres', "INSERT INTO shop.t VALUES (2, 'after')");
ok($sub->poll_query_until('postgres', 'SELECT EXISTS (SELECT FROM shop.t WHERE id = 2)'),
	'the apply worker goes on');
is($sub->safe_psql('postgres', 'SELECT id, v FROM shop.t ORDER BY id'), "1|before\n2|after",
	'changes arrive after those of the extension\'s tables');
is(content($sub), $before, 'which are left out');
is($sub->safe_psql('postgres', q{SELECT name FROM db_adapter.declarations}), 'shop',
	'a declaration of the subscriber\'s outlives that of the publisher');
unlike(slurp_file($sub->logfile), qr/ERROR:.*db_adapter/, 'no worker has failed');

# The verbs work on the subscriber, and in a session that sets the role of replicas itself.
use_all($sub, 'on_subscriber', 'again');
is( $sub->safe_psql('postgres', q{
	SET session_replication_role = replica;
	SELECT db_adapter.declare('of_a_loader', 'CREATE TABLE shop.t (id int PRIMARY KEY, v text)', '{shop}', 'warn') ->> 'name';
	SELECT count(*) FROM db_adapter.declarations WHERE name = 'of_a_loader'}),
	"of_a_loader\n1", 'a session that is no apply worker writes');

# An upgrade turns round: the subscriber takes over, with declarations from a dump.
$sub->safe_psql('postgres', 'DROP SUBSCRIPTION everything');
is($sub->safe_psql('postgres', q{SELECT count(*) FROM shop.t}), '2', 'the subscriber has every row');

$sub->stop;
$pub->stop;
done_testing();
