# A backup that several workers write: one directory, the same rows, restorable as one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $schema = '{"tables": [{"name": "books"}, {"name": "chapters", "parent": {"table": "books", "field": "book_id"}}, {"name": "empty"}]}';

sub sql { return $node->safe_psql('postgres', $_[0]) }

# chapters takes some 35 MB, enough to be cut several times
sql(q{
CREATE EXTENSION db_adapter;
CREATE TABLE books (id int PRIMARY KEY, user_id text, slug text, UNIQUE (user_id, slug));
CREATE TABLE chapters (id serial PRIMARY KEY, user_id text, slug text, book_id int REFERENCES books, body text, UNIQUE (user_id, slug));
CREATE TABLE empty (id int PRIMARY KEY, user_id text, slug text);
INSERT INTO books SELECT n, 'u' || n % 2, 'b' || n FROM generate_series(1, 1000) n;
INSERT INTO chapters (user_id, slug, book_id, body)
	SELECT 'u' || (n % 1000 + 1) % 2, 'c' || n, n % 1000 + 1, repeat('é', 200) FROM generate_series(1, 70000) n;
ANALYZE;
});

sub to_file
{
	my ($path, $more, @options) = @_;
	return $node->psql('postgres',
		"SELECT db_adapter.backup_to_file('$path', '$schema'" . ($more // '') . ')', @options);
}

sub whole { return join '', map { slurp_file($_) } sort glob("$_[0]/*.jsonl") }

# Without what holds the time.
sub lines { return $_[0] =~ s/"created_at":"[^"]*"//r =~ s/"crc32c":"[^"]*"//r }

my ($status, $result) = to_file("$dir/parts", ', workers => 3');
is($status, 0, 'a backup by three workers is written');
like($result, qr/"record_counts": \{"books": 1000, "empty": 0, "chapters": 70000\}/, 'and counted');
cmp_ok(scalar(my @parts = glob("$dir/parts/*.jsonl")), '>', 5, 'a large table is cut into pieces');
is(to_file("$dir/one.jsonl"), 0, 'and one by one is');
is(lines(whole("$dir/parts")), lines(slurp_file("$dir/one.jsonl")), 'they are the same, line by line');
my ($crc) = whole("$dir/parts") =~ /"crc32c":"([0-9a-f]{8})"\}\n\z/;
append_to_file("$dir/joined.jsonl", whole("$dir/parts"));
is(sql("SELECT string_agg(\"table\" || inserted || skipped, ' ') FROM db_adapter.restore_from_file('$dir/joined.jsonl', dry_run => true)"),
	'books01000 chapters070000 empty00', 'joined they are a file whose checksum is right');
is(sql("SELECT string_agg(\"table\" || inserted || skipped, ' ') FROM db_adapter.restore_from_file('$dir/parts')"),
	'books01000 chapters070000 empty00', 'the directory is restored as one');
is(sql("DELETE FROM chapters WHERE id % 7 = 0; SELECT sum(inserted) FROM db_adapter.restore_from_file('$dir/parts')"),
	'10000', 'with all its rows');
is(join(' ', map { s/.*\///r } glob("$dir/*")), 'joined.jsonl one.jsonl parts', 'nothing else is left');
is(sprintf('%o', (stat "$dir/parts")[2] & 0777), '700', 'it is for its owner alone');
is(to_file("$dir/tenant", q{, 'u1', workers => 2}), 0, 'a tenant is backed up as well');
is(to_file("$dir/tenant.jsonl", q{, 'u1'}), 0, 'in one file or several');
is(lines(whole("$dir/tenant")), lines(slurp_file("$dir/tenant.jsonl")), 'they are the same');

# rows of others
sql(q{INSERT INTO chapters (user_id, slug, book_id) VALUES ('u1', 'stray', 2)});
($status, $result, my $stderr) = to_file("$dir/leak", q{, 'u1', workers => 2});
like($stderr, qr/1 row of table "chapters" references a row of another tenant/, 'a leak is reported');
like(whole("$dir/leak"), qr/"leaks":\{"chapters":1\}/, 'in the backup too');
($status, $result, $stderr) = to_file("$dir/refused", q{, 'u1', on_leak => 'error', workers => 2});
like($stderr, qr/references a row of another tenant/, 'or refused, whichever process finds it');
ok(!glob("$dir/refused*"), 'and then nothing is left');

# a directory that is there
($status, undef, $stderr) = to_file("$dir/parts", ', workers => 2');
like($stderr, qr/exists.*overwrite => true/s, 'a backup is not replaced');
is(to_file("$dir/parts", ', workers => 2, overwrite => true'), 0, 'unless that is asked for');
like(whole("$dir/parts"), qr/"record_counts":\{"books":1000,"chapters":70001,"empty":0\}/, 'and then it is');
is(join(' ', glob("$dir/parts?*")), '', 'as a whole');
mkdir "$dir/mine";
append_to_file("$dir/mine/letter", 'dear');
($status, undef, $stderr) = to_file("$dir/mine", ', workers => 2, overwrite => true');
like($stderr, qr/manifest\.json/, 'a directory of something else is left alone');
ok(-e "$dir/mine/letter", 'with what is in it');
($status, undef, $stderr) = to_file("$dir/one.jsonl", ', workers => 2, overwrite => true');
like($stderr, qr/is not a directory/, 'a file is not replaced by a directory');
($status, undef, $stderr) = to_file("$dir/parts", ', overwrite => true');
like($stderr, qr/is not a regular file/, 'nor a directory by a file');

# what is damaged
($status, undef, $stderr) = $node->psql('postgres', "SELECT db_adapter.restore_from_file('$dir/mine')");
like($stderr, qr/could not open file ".*manifest\.json"/, 'a directory without a manifest is no backup');
@parts = sort glob("$dir/tenant/*.jsonl");
unlink $parts[1];
($status, undef, $stderr) = $node->psql('postgres', "SELECT db_adapter.restore_from_file('$dir/tenant')");
like($stderr, qr/could not open file ".*00001\.jsonl"/, 'a part that is missing is named');
append_to_file($parts[1], "\n");
($status, undef, $stderr) = $node->psql('postgres', "SELECT db_adapter.restore_from_file('$dir/tenant')");
like($stderr, qr/invalid backup|damaged backup/, 'one of another content is refused');
mkdir "$dir/outside";
append_to_file("$dir/outside/manifest.json", '{"format": "db_adapter.backup.parts", "parts": [{"file": "../one.jsonl"}]}');
($status, undef, $stderr) = $node->psql('postgres', "SELECT db_adapter.restore_from_file('$dir/outside')");
like($stderr, qr/invalid manifest/, 'a manifest cannot name files elsewhere');

# what several workers cannot do
($status, undef, $stderr) = to_file("$dir/x", ", workers => 2, checksum => 'sha256'");
like($stderr, qr/not possible with this checksum/, 'not with a checksum of the whole');
($status, undef, $stderr) = to_file("$dir/x", ", workers => 2, format => 'json'");
like($stderr, qr/not possible with this format/, 'nor as one document');
($status, undef, $stderr) = to_file("$dir/x", ", workers => 2000");
like($stderr, qr/"workers" must be between 1 and 1024/, 'nor by any number');

# one snapshot, and no workers to give
$node->append_conf('postgresql.conf', 'max_parallel_workers = 0');
$node->reload;
is(to_file("$dir/alone", ', workers => 4'), 0, 'without workers one process does it all');
like(whole("$dir/alone"), qr/"chapters":70001/, 'the whole of it');
$node->stop;

done_testing();
