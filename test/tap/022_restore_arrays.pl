# Rows handed to statements as arrays, which is for tables that are elsewhere: what restore
# answers by a relation it answers so, in its own tests.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $regress = $ENV{PG_REGRESS};
plan skip_all => 'pg_regress is not there' unless defined $regress && -x $regress;

my $node = PostgreSQL::Test::Cluster->new('main');
# As the tests' answers want it, whatever the environment says.
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;

my @tests = map { m{/([^/]+)\.sql$} ? $1 : () } sort glob 'test/sql/{restore,lookups,origin,match_keys,backup_keys,delete_held,generated_refs,derived_keys,tenant,compare,replace,ledger}*.sql';
cmp_ok(scalar @tests, '>=', 15, 'the tests of restore are there');

my $dir = PostgreSQL::Test::Utils::tempdir();
local $ENV{PGOPTIONS} = '-c db_adapter.restore_transport=arrays';
is($node->safe_psql('postgres', 'SHOW db_adapter.restore_transport'), 'arrays', 'arrays are chosen');
# Up to 15 the answers are looked for where the results go.
symlink cwd() . '/expected', "$dir/expected" or die "expected: $!";
my @command = ($regress, '--inputdir=test', "--outputdir=$dir", '--host=' . $node->host,
	'--port=' . $node->port, '--dbname=contrib_regression', '--load-extension=db_adapter', @tests);
my $out = `@command 2>&1`;
is($?, 0, 'all of them pass') or diag($out, -e "$dir/regression.diffs" ? slurp_file("$dir/regression.diffs") : '');
$node->stop;
done_testing();
