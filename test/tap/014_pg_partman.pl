# The real pg_partman: partitions that it makes are no extra tables, and a declared schema
# stays true while it makes and drops them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sharedir = defined $ENV{PG_CONFIG} ? `$ENV{PG_CONFIG} --sharedir` : `pg_config --sharedir`;
chomp $sharedir;
plan skip_all => 'pg_partman is not installed' unless -e "$sharedir/extension/pg_partman.control";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

my $schema = q{CREATE SCHEMA app;
CREATE TABLE app.events (id bigint NOT NULL, at timestamptz NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX events_what ON app.events (what);};
sql(qq{
CREATE EXTENSION db_adapter;
CREATE SCHEMA partman;
CREATE EXTENSION pg_partman SCHEMA partman;
$schema
CREATE TABLE want AS SELECT db_adapter.expected(\$\$$schema\$\$, '{app}') AS document;
});
my ($major) = sql(q{SELECT extversion FROM pg_extension WHERE extname = 'pg_partman'}) =~ /^(\d+)/;
sql($major < 5
	? q{SELECT partman.create_parent('app.events', 'at', 'native', 'daily')}
	: q{SELECT partman.create_parent('app.events', 'at', '1 day')});
my $children = q{SELECT count(*) FROM pg_inherits WHERE inhparent = 'app.events'::regclass};
cmp_ok(sql($children), '>=', 5, 'partitions were made');

is(sql(q{SELECT count(*) FROM want, db_adapter.differences(document)}), '0', 'none of them is extra');
is(sql(q{SELECT p -> 'steps', p -> 'remaining' FROM want, db_adapter.plan(document, allow_drop => true) p}), '[]|[]', 'and all stay, whatever is allowed');
sql('CREATE TABLE app.other (id int)');
is(sql(q{SELECT string_agg(s ->> 'sql', '; ') FROM want, jsonb_array_elements(db_adapter.plan(document, allow_drop => true) -> 'steps') s}), 'DROP TABLE app.other',
	'other tables would go');
sql('DROP TABLE app.other');

# What the parent gets they get too.
$schema =~ s/what text/what varchar(80), more int DEFAULT 1/;
sql(qq{UPDATE want SET document = db_adapter.expected(\$\$$schema\$\$, '{app}')});
is(sql(qq{SELECT db_adapter.apply(db_adapter.plan(document, allow_drop => true), confirm => true) #> '{validation,valid}' FROM want}), 'true',
	'a change of the parent is applied');
is(sql(q{SELECT count(*) FROM pg_attribute a JOIN pg_inherits ON inhrelid = attrelid WHERE attname = 'more' AND NOT attisdropped AND inhparent = 'app.events'::regclass}),
	sql($children), 'to every partition');

# A declaration lets the maintenance go on.
sql(qq{SELECT db_adapter.declare('app', \$\$$schema\$\$, '{app}', 'enforce')});
sql(q{UPDATE partman.part_config SET premake = premake + 3, infinite_time_partitions = true});
my $before = sql($children);
sql('CALL partman.run_maintenance_proc()');
cmp_ok(sql($children), '>', $before, 'maintenance makes partitions of a declared table');
my ($code, undef, $err) = $node->psql('postgres', 'ALTER TABLE app.events DROP COLUMN more');
like($err, qr/app\.events/, 'which nobody else changes');

$node->stop;
done_testing();
