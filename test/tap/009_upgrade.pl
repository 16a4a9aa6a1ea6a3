# An installation of the oldest release, updated, is in every member what a fresh one
# is: definitions, rights, comments, what a dump takes along.  Its rows stay.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my ($version) = slurp_file('db_adapter.control') =~ /^default_version *= *'(.*)'/m;

# One line a fact, so that a difference names what differs.
my $facts = q{
	WITH member AS (
		SELECT classid, objid FROM pg_depend
		 WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
		   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'db_adapter')),
	relation AS (
		SELECT c.* FROM pg_class c, member m
		 WHERE m.classid = 'pg_class'::regclass AND c.oid = m.objid)
	SELECT 'member ' || pg_describe_object(classid, objid, 0) FROM member
	UNION ALL
	SELECT 'comment on ' || pg_describe_object(m.classid, m.objid, d.objsubid) || ' ' || d.description
	  FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
	UNION ALL
	SELECT 'function ' || pg_get_functiondef(p.oid) || p.procost || ' ' || p.prorows
	  FROM pg_proc p, member m
	 WHERE m.classid = 'pg_proc'::regclass AND p.oid = m.objid AND p.prokind <> 'a'
	UNION ALL
	SELECT 'function ' || p.oid::regprocedure || ' rights ' || coalesce(a, 'built-in')
	  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	  LEFT JOIN LATERAL unnest(p.proacl::text[]) a ON true
	UNION ALL
	SELECT 'relation ' || r.oid::regclass || ' ' || r.relkind::text || ' ' || r.relpersistence::text ||
	       ' ' || coalesce(r.reloptions::text, '') || coalesce(pg_get_viewdef(r.oid), '')
	  FROM relation r
	UNION ALL
	SELECT 'relation ' || r.oid::regclass || ' rights ' || coalesce(a, 'built-in')
	  FROM relation r LEFT JOIN LATERAL unnest(r.relacl::text[]) a ON true
	UNION ALL
	SELECT 'column ' || r.oid::regclass || '.' || a.attname || ' ' ||
	       format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attidentity::text ||
	       ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || coalesce(a.attacl::text, '') ||
	       ' ' || row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum)
	  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
	  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
	UNION ALL
	SELECT 'constraint ' || r.oid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
	  FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
	UNION ALL
	SELECT 'index ' || pg_get_indexdef(i.indexrelid)
	  FROM relation r JOIN pg_index i ON i.indrelid = r.oid
	UNION ALL
	SELECT 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
	  FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
	UNION ALL
	SELECT 'policy ' || p.polname || ' ' || p.polrelid::regclass
	  FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
	UNION ALL
	SELECT 'event trigger ' || e.evtname || ' ' || e.evtevent || ' ' || e.evtenabled::text || ' ' ||
	       coalesce(e.evttags::text, '') || ' ' || e.evtfoid::regprocedure
	  FROM pg_event_trigger e, member m
	 WHERE m.classid = 'pg_event_trigger'::regclass AND e.oid = m.objid
	UNION ALL
	SELECT 'dumped ' || config.relation::regclass || ' ' || config.condition
	  FROM pg_extension e, unnest(e.extconfig, e.extcondition) config (relation, condition)
	 WHERE e.extname = 'db_adapter'
	UNION ALL
	SELECT 'schema rights ' || a
	  FROM pg_namespace n, unnest(n.nspacl::text[]) a WHERE n.nspname = 'db_adapter'
	ORDER BY 1};

sub facts_of
{
	my ($database) = @_;

	return $node->safe_psql($database, $facts);
}

# What one list has and the other lacks, by whole facts.
sub only_in
{
	my ($here, $there) = @_;
	my %there = map { $_ => 1 } split /\n/, $there;

	return join "\n", grep { !$there{$_} } split /\n/, $here;
}

$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION db_adapter');
my $fresh = facts_of('fresh');
cmp_ok(scalar(split /\n/, $fresh), '>', 100, 'a fresh installation says much of itself');

my @old = map { m{--([0-9.]+)\.sql$} ? $1 : () } glob('sql/db_adapter--*.sql');
@old = grep { $_ ne $version } @old;
ok(scalar(grep { $_ eq '1.0.0' } @old), 'the first release can still be installed');

foreach my $from (@old)
{
	my $database = "from_$from" =~ tr/./_/r;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql(
		$database, qq{
		CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL);
		CREATE EXTENSION db_adapter VERSION '$from';
		SELECT db_adapter.declare('shop', 'CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL)');});
	$node->safe_psql($database, 'ALTER EXTENSION db_adapter UPDATE');
	is( $node->safe_psql($database, q{SELECT extversion FROM pg_extension WHERE extname = 'db_adapter'}),
		$version, "$from is updated to $version");

	my $updated = facts_of($database);
	is(only_in($fresh, $updated), '', "updated from $from it lacks nothing");
	is(only_in($updated, $fresh), '', "updated from $from it has nothing else");
	is($node->safe_psql($database, 'SELECT name FROM db_adapter.declarations'),
		'shop', "what was declared under $from still is");
	is($node->safe_psql($database, 'SELECT count(*) FROM db_adapter.drift'),
		'0', "and is compared as before");
	$node->safe_psql($database, 'DROP EXTENSION db_adapter');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_namespace WHERE nspname = 'db_adapter'}),
		'0', "updated from $from it goes without a trace");
}

$node->stop;
done_testing();
