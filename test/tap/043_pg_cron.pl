# Schedules of the real pg_cron that submit jobs, as docs/operations.md has them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $pkglibdir = `$ENV{PG_CONFIG} --pkglibdir` if defined $ENV{PG_CONFIG};
$pkglibdir //= `pg_config --pkglibdir`;
chomp $pkglibdir;
plan skip_all => 'pg_cron is not installed' unless -e "$pkglibdir/pg_cron.so";

my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pg_cron, db_adapter'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 20
});
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(q{
CREATE EXTENSION pg_cron;
CREATE EXTENSION db_adapter;
CREATE TABLE notes (id int PRIMARY KEY, user_id text, slug text);
INSERT INTO notes SELECT n, 'u1', 'n' || n FROM generate_series(1, 10) n;
CREATE ROLE keeper LOGIN IN ROLE pg_write_server_files;
GRANT SELECT ON notes TO keeper;
GRANT USAGE ON SCHEMA cron TO keeper;
GRANT EXECUTE ON FUNCTION db_adapter.submit, db_adapter.backup_to_file TO keeper;
});

# The schedules of the manual, at their hours; and the same commands every minute,
# which is the least that pg_cron 1.4 knows.
my $backup = qq{SELECT db_adapter.submit('backup_to_file', '{"path": "$dir/nightly.jsonl", "overwrite": true,
	"backup_schema": {"tables": [{"name": "notes"}]}}')};
my $validate = q{SELECT db_adapter.submit('validate', '{"expected": {"notes": ["id", "user_id", "slug"]}}')};
sql("SET ROLE keeper; SELECT cron.schedule('nightly backup', '0 3 * * *', \$cron\$$backup\$cron\$)");
sql("SET ROLE keeper; SELECT cron.schedule('hourly validate', '0 * * * *', \$cron\$$validate\$cron\$)");
is(sql('SELECT string_agg(schedule, \', \' ORDER BY jobid) FROM cron.job'), '0 3 * * *, 0 * * * *', 'the schedules are taken');
sql("UPDATE cron.job SET schedule = '* * * * *'");

ok($node->poll_query_until('postgres', q{SELECT count(DISTINCT command) = 2 FROM db_adapter.jobs
	WHERE state = 'succeeded' AND owner = 'keeper'::regrole}), 'both are seen to run, as the role that scheduled them')
  or diag(sql('SELECT * FROM cron.job_run_details'), sql('SELECT * FROM db_adapter.jobs'));
is(sql(q{SELECT DISTINCT result ->> 'valid' FROM db_adapter.jobs WHERE command = 'validate' AND state = 'succeeded'}), 'true',
	'the schema is found valid');
like(slurp_file("$dir/nightly.jsonl"), qr/"record_counts":\{"notes":10\}/, 'and the rows are in the file');
$node->stop;

done_testing();
