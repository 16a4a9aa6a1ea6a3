# A backup in the background when the disk is full: a small one of its own, which
# takes a name space where an ordinary user may mount.
use strict;
use warnings;
use File::Temp;
use Test::More;

# Before the modules of PostgreSQL, which turn the output elsewhere.
BEGIN
{
	if (!defined $ENV{SMALL_DISK})
	{
		my $group = (split ' ', $))[0];
		my @enter = ('unshare', '--map-root-user', '--mount', 'sh', '-c',
			'mount -t tmpfs -o size=256k,mode=777 small "$SMALL_DISK" && '
			  . "exec unshare --user --map-user=$> --map-group=$group " . '"$@"', 'sh');

		$ENV{SMALL_DISK} = File::Temp::tempdir('small_disk_XXXX', TMPDIR => 1);
		if (system("unshare --map-root-user --mount true 2>/dev/null") != 0 || system(@enter, 'true') != 0)
		{
			rmdir $ENV{SMALL_DISK};
			plan skip_all => 'nothing can be mounted here';
		}
		exec @enter, $^X, (map { "-I$_" } @INC), $0 or die "unshare: $!";
	}
}
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

my $disk = $ENV{SMALL_DISK};
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'db_adapter'});
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION db_adapter;
CREATE TABLE notes (id int PRIMARY KEY, user_id text, slug text);
INSERT INTO notes SELECT n, 'u1', repeat('x', 100) || n FROM generate_series(1, 10000) n;
});

sub run_backup
{
	my ($more) = @_;
	my $id = $node->safe_psql('postgres', qq{SELECT db_adapter.submit('backup_to_file',
		'{"path": "$disk/notes.jsonl", "backup_schema": {"tables": [{"name": "notes"}]}, "overwrite": true$more}')});

	$node->safe_psql('postgres', "SELECT db_adapter.wait($id, '3 min')");
	return $node->safe_psql('postgres', qq{SELECT state || coalesce(' ' || sqlstate, '') FROM db_adapter.jobs WHERE id = $id});
}

is(run_backup(q{, "filters": {"notes": {"id": 1}}}), 'succeeded', 'a small backup fits');
my $before = slurp_file("$disk/notes.jsonl");
is(run_backup(''), 'failed 53100', 'one that does not has failed: disk full');
is(slurp_file("$disk/notes.jsonl"), $before, 'the old file is what it was');
is(join(' ', glob("$disk/*")), "$disk/notes.jsonl", 'and nothing is left beside it');
is(run_backup(q{, "filters": {"notes": {"id": 2}}}), 'succeeded', 'there is room for others');
$node->stop;

done_testing();
