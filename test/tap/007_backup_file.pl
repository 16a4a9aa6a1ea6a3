# Backups to files of the server, and backups of a standby.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $schema = '{"tables": [{"name": "notes", "filter": "10 / (id - 13) < 99"}]}';

$node->safe_psql('postgres', q{
CREATE EXTENSION db_adapter;
CREATE TABLE notes (id int PRIMARY KEY, user_id text, slug text, day date);
INSERT INTO notes SELECT n, 'u1', repeat('é"', 500) || n, '2024-01-01'::date + n FROM generate_series(1, 12) n;
CREATE ROLE writer LOGIN;
CREATE ROLE reader LOGIN;
GRANT pg_write_server_files TO writer;
GRANT SELECT ON notes TO writer, reader;
GRANT EXECUTE ON FUNCTION db_adapter.backup_to_file TO writer, reader;
});

sub to_file
{
	my ($path, $more, @options) = @_;
	return $node->psql('postgres',
		"SELECT db_adapter.backup_to_file('$path', '$schema'" . ($more // '') . ')', @options);
}

sub files { return join ' ', sort map { s/.*\///r } glob("$dir/*") }

# the file is the stream, byte for byte
my ($status, $result) = to_file("$dir/a.jsonl", q{, 'u1', checksum => 'sha256'});
is($status, 0, 'a backup is written');
like($result, qr/"record_counts": \{"notes": 12\}/, 'and counted');
my $file = slurp_file("$dir/a.jsonl");
my $stream = $node->safe_psql('postgres', "SELECT db_adapter.backup('$schema', 'u1', checksum => 'sha256')");
my ($file_rows, $stream_rows) = map { (split /\n/, $_, 2)[1] =~ s/\n\{"end".*//sr } $file, $stream;
is($file_rows, $stream_rows, 'with the rows that backup streams');
like($file, qr/\n\{"end":true.*"sha256":"[0-9a-f]{64}"\}\n\z/, 'and ends with its trailer');
is(sprintf('%o', (stat "$dir/a.jsonl")[2] & 0777), '600', 'and is for its owner alone');
is(files(), 'a.jsonl', 'and nothing stands beside it');

# a file that is there
($status, undef, my $stderr) = to_file("$dir/a.jsonl");
isnt($status, 0, 'a file is not replaced');
like($stderr, qr/exists.*overwrite => true/s, 'unless that is asked for');
($status, $result) = to_file("$dir/a.jsonl", q{, format => 'json', overwrite => true});
is($status, 0, 'and then it is');
like(slurp_file("$dir/a.jsonl"), qr/\A\{"notes":\[\n.*"notes_count":12\}\}\n\z/s, 'by the whole new one');

# one that fails leaves what was there, and no half
$node->safe_psql('postgres', "INSERT INTO notes VALUES (13, 'u1', 'x')");
my $before = slurp_file("$dir/a.jsonl");
($status, undef, $stderr) = to_file("$dir/a.jsonl", ', overwrite => true');
like($stderr, qr/division by zero/, 'a backup that fails');
is(slurp_file("$dir/a.jsonl"), $before, 'leaves the old file');
is(files(), 'a.jsonl', 'and no other');
$node->safe_psql('postgres', 'DELETE FROM notes WHERE id = 13');

# who may, and where
($status, undef, $stderr) = to_file("$dir/b.jsonl", '', extra_params => [ '-U', 'reader' ]);
like($stderr, qr/permission denied to write a file of the server/, 'not everyone may');
($status) = to_file("$dir/b.jsonl", '', extra_params => [ '-U', 'writer' ]);
is($status, 0, 'who may write files may');
($status, undef, $stderr) = to_file('b.jsonl');
like($stderr, qr/relative path not allowed/, 'not to a relative path');
($status, undef, $stderr) = to_file("$dir/none/b.jsonl");
like($stderr, qr/could not create file/, 'not into a folder that is not there');
($status, undef, $stderr) = to_file($dir, ', overwrite => true');
like($stderr, qr/is not a regular file/, 'not in place of a folder');
symlink "$dir/a.jsonl", "$dir/link";
($status, undef, $stderr) = to_file("$dir/link", ', overwrite => true');
like($stderr, qr/is not a regular file/, 'not through a link');
($status, undef, $stderr) = to_file("$dir/c.jsonl", ', workers => 0');
like($stderr, qr/"workers" must be between/, 'not without a worker');

# a standby gives the same rows
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', "SELECT db_adapter.backup('$schema', 'u1')") =~ s/^.*\n//r
	  =~ s/\n\{"end".*//sr, $stream_rows, 'a standby streams the same');
is($standby->safe_psql('postgres', "SELECT count(*) FROM db_adapter.digest('$schema', 'notes')"),
	$node->safe_psql('postgres', "SELECT count(*) FROM db_adapter.digest('$schema', 'notes')"),
	'and digests');
is($standby->safe_psql('postgres', "SELECT count(*) FROM db_adapter.check_backup_schema(db_adapter.derive_backup_schema('{notes}'))"),
	'1', 'and derives and checks');
$standby->stop;
$node->stop;

done_testing();
