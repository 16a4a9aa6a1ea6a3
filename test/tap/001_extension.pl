# What holds for the extension as a whole: it comes and goes without a trace, its
# version is said in one place, everything is explained, and nobody may call what
# is withheld.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# EXECUTE on these is for those to whom the owner of the database gives it.
my @withheld = qw(apply declare expected validate_text plan restore restore_begin restore_data
  restore_end restore_from_file backup_to_file submit undeclare delete_rows set_aside new_origin
  forget preflight);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my $control = slurp_file('db_adapter.control');
my ($version) = $control =~ /^default_version *= *'(.*)'/m;

# Rows of a query as one string, so that a failure shows which.
sub rows_ok
{
	my ($query, $expected, $name) = @_;

	is($node->safe_psql('postgres', $query), $expected, $name);
}

my $catalog_counts = q{
	SELECT (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_class),
		(SELECT count(*) FROM pg_type), (SELECT count(*) FROM pg_namespace),
		(SELECT count(*) FROM pg_event_trigger)};
my $before = $node->safe_psql('postgres', $catalog_counts);

$node->safe_psql('postgres', 'CREATE EXTENSION db_adapter');
rows_ok(q{SELECT extversion FROM pg_extension WHERE extname = 'db_adapter'},
	$version, 'the version installed is that of the control file');

# From every older version there is a way to this one.
rows_ok(
	q{SELECT source, target FROM pg_extension_update_paths('db_adapter')
	   WHERE path IS NULL AND target = '} . $version . q{'},
	'', 'every older version can be updated');

rows_ok(
	q{SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
	    FROM pg_depend d
	   WHERE d.refclassid = 'pg_extension'::regclass
	     AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'db_adapter')
	     AND d.deptype = 'e'
	     AND d.classid <> 'pg_type'::regclass
	     AND obj_description(d.objid, d.classid::regclass::name) IS NULL
	   ORDER BY 1},
	'', 'every member has a comment');

rows_ok(
	q{SELECT p.oid::regprocedure
	    FROM pg_proc p
	   WHERE p.pronamespace = 'db_adapter'::regnamespace
	     AND (p.prosecdef OR p.proconfig IS NOT NULL)
	   ORDER BY 1},
	'', 'every function runs with the rights and settings of its caller');

my $names = join ', ', map { "'$_'" } @withheld;
rows_ok(
	qq{SELECT p.oid::regprocedure
	     FROM pg_proc p,
	          aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
	    WHERE p.pronamespace = 'db_adapter'::regnamespace
	      AND p.proname IN ($names)
	      AND a.grantee = 0
	    ORDER BY 1},
	'', 'what is withheld is not executable by PUBLIC');
rows_ok(
	qq{SELECT p.oid::regprocedure
	     FROM pg_proc p
	    WHERE p.pronamespace = 'db_adapter'::regnamespace
	      AND p.proname IN ($names)
	      AND NOT EXISTS (
	          SELECT FROM aclexplode(p.proacl) a
	           WHERE a.grantee = 'pg_database_owner'::regrole
	             AND a.is_grantable)
	    ORDER BY 1},
	'', 'the owner of the database can hand it on');
rows_ok(
	qq{SELECT p.oid::regprocedure
	     FROM pg_proc p
	    WHERE p.pronamespace = 'db_adapter'::regnamespace
	      AND p.proname NOT IN ($names)
	      AND p.prorettype NOT IN ('event_trigger'::regtype, 'trigger'::regtype)
	      AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
	    ORDER BY 1},
	'', 'all else is executable by PUBLIC');
rows_ok(
	q{SELECT c.oid::regclass
	    FROM pg_class c,
	         aclexplode(c.relacl) a
	   WHERE c.relnamespace = 'db_adapter'::regnamespace
	     AND a.grantee = 0
	     AND (c.relkind <> 'v' OR a.privilege_type <> 'SELECT')
	   ORDER BY 1},
	'', 'the tables are nobody\'s but the extension\'s');
rows_ok(
	q{SELECT nspacl::text LIKE '%=U/%' FROM pg_namespace WHERE nspname = 'db_adapter'},
	't', 'the schema can be used by all');

# Arguments have names, or nobody could write name => value.
rows_ok(
	q{SELECT p.oid::regprocedure
	    FROM pg_proc p
	   WHERE p.pronamespace = 'db_adapter'::regnamespace
	     AND p.pronargs > 0
	     AND (p.proargnames IS NULL OR '' = ANY (p.proargnames))
	   ORDER BY 1},
	'', 'every argument has a name');

# No function crashes or misbehaves on a bare NULL.
my @functions = split /\n/, $node->safe_psql(
	'postgres',
	q{SELECT format('%s(%s)', p.oid::regproc,
	         (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n)
	            FROM unnest(p.proargtypes) WITH ORDINALITY u(t, n)))
	    FROM pg_proc p
	   WHERE p.pronamespace = 'db_adapter'::regnamespace
	     AND p.prorettype NOT IN ('event_trigger'::regtype, 'trigger'::regtype)
	   ORDER BY 1});
my @lost;
foreach my $function (@functions)
{
	my ($status, $out, $err) =
	  $node->psql('postgres', "BEGIN; SELECT * FROM $function; ROLLBACK;");
	push @lost, "$function: $err" if $err =~ /server closed|XX000|internal error/;
}
is(join("\n", @lost), '', 'NULL for every argument is answered, not fatal');
ok($node->safe_psql('postgres', 'SELECT true'), 'and the server is still there');

$node->safe_psql('postgres', 'DROP EXTENSION db_adapter');
is($node->safe_psql('postgres', $catalog_counts), $before, 'dropped, it leaves nothing behind');

# Another schema, a schema of somebody else's and an untrusted installer are refused.
$node->safe_psql('postgres', 'CREATE SCHEMA s; CREATE ROLE plain');
my ($status, $out, $err) = $node->psql('postgres', 'CREATE EXTENSION db_adapter SCHEMA s');
like($err, qr/must be installed in schema/, 'its schema is its own');
($status, $out, $err) = $node->psql('postgres', 'SET ROLE plain; CREATE EXTENSION db_adapter');
like($err, qr/permission denied to create extension/, 'only a superuser installs it');
$node->safe_psql('postgres', 'CREATE SCHEMA db_adapter AUTHORIZATION plain');
($status, $out, $err) = $node->psql('postgres', 'CREATE EXTENSION db_adapter');
like($err, qr/schema "db_adapter" already exists/, 'a schema laid out beforehand is refused');

$node->stop;
done_testing();
