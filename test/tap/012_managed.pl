# Partitions that an extension makes and drops by itself are not extra.  The extension here
# has of pg_partman what tells which tables it manages.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($folder) = run_command([ 'pg_config', '--sharedir' ]);
$folder .= '/extension';
plan skip_all => 'no extension can be put beside the others' unless -w $folder && !-e "$folder/pg_partman.control";

append_to_file("$folder/pg_partman.control", "default_version = '0'\nrelocatable = true\n");
append_to_file("$folder/pg_partman--0.sql",
	"CREATE TABLE part_config (parent_table text PRIMARY KEY, control text);\n");
END { unlink "$folder/pg_partman.control", "$folder/pg_partman--0.sql" if defined $folder; }

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION db_adapter;
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_partman SCHEMA partman;
	CREATE SCHEMA app;
	CREATE TABLE app.events (id int, at date) PARTITION BY RANGE (at);
	CREATE TABLE app.events_p1 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') PARTITION BY LIST (id);
	CREATE TABLE app.events_p1_1 PARTITION OF app.events_p1 FOR VALUES IN (1);
	CREATE TABLE app.other (id int) PARTITION BY LIST (id);
	CREATE TABLE app.other_1 PARTITION OF app.other FOR VALUES IN (1);
	INSERT INTO app.events VALUES (1, '2026-01-05');
	INSERT INTO partman.part_config VALUES ('app.events', 'at'), ('app.nothing', 'at')});

my $want = q{db_adapter.expected('CREATE SCHEMA app;
	CREATE TABLE app.events (id int, at date, note text) PARTITION BY RANGE (at);
	CREATE TABLE app.other (id int) PARTITION BY LIST (id)', '{app}')};
my $extra = "SELECT object FROM db_adapter.differences($want) WHERE severity = 'warning'";
my $plan = "db_adapter.plan($want, allow_drop => true)";

is($node->safe_psql('postgres', $extra), 'app.other_1', 'only what nobody manages is extra');
is($node->safe_psql('postgres', qq{SELECT db_adapter.validate('{"events": ["id", "at"], "other": ["id"]}', '{app}') ->> 'extra_tables'}),
	'["app.other_1"]', 'by names too');
is($node->safe_psql('postgres', "SELECT sql FROM db_adapter.plan_steps($plan)"),
	"ALTER TABLE app.other DETACH PARTITION app.other_1\nALTER TABLE app.events ADD COLUMN note text\nDROP TABLE app.other_1",
	'nor is it dropped');
is($node->safe_psql('postgres', "SELECT p -> 'verified', db_adapter.apply(p, confirm => true) -> 'applied' FROM $plan p"),
	'true|true', 'the plan is tried and applied');
is($node->safe_psql('postgres', 'SELECT e FROM app.events e'), '(1,2026-01-05,)', 'its rows stay');
is($node->safe_psql('postgres', "SELECT count(*) FROM db_adapter.differences($want)"), '0', 'nothing is left');

# Who may not read the configuration is told of all.
$node->safe_psql('postgres', q{
	CREATE ROLE reader;
	GRANT USAGE ON SCHEMA db_adapter, app TO reader;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA db_adapter TO reader;
	CREATE TABLE app.wanted AS SELECT } . $want . q{ AS document;
	GRANT SELECT ON app.wanted TO reader});
is($node->safe_psql('postgres', "SET ROLE reader; SELECT count(*) FROM app.wanted, db_adapter.differences(document) WHERE object ~ 'events'"),
	'2', 'without the right to read its configuration they are extra');

# What stands in the extension's place gets nobody's rights.
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.trap() RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$trapped as %$$, current_user; END';
	ALTER TABLE partman.part_config ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON partman.part_config USING (public.trap());
	GRANT USAGE ON SCHEMA partman TO reader;
	GRANT SELECT ON partman.part_config TO reader});
is($node->safe_psql('postgres', "SET ROLE reader; SELECT count(*) FROM app.wanted, db_adapter.differences(document) WHERE object ~ 'events'"),
	'0', 'its policies run nothing');

done_testing();
