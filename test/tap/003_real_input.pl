# The main job on databases that others designed: Chinook with its rows and
# Pagila's schema, from ../shared/data.  Passed over where they are not.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = '../shared/data';
plan skip_all => "no $data" unless -r "$data/chinook.sql" && -r "$data/pagila-schema.sql";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
# The owner in Pagila's file; may be there already.
$node->psql('postgres', 'CREATE ROLE postgres');

# Pagila as it is needs PostgreSQL 18 and pgvector; here it is for every server.
my $pagila = slurp_file("$data/pagila-schema.sql");
$pagila =~ s/\) VIRTUAL$/) STORED/mg;
$pagila =~ s/\buuidv7\(\)/gen_random_uuid()/g;
$pagila =~ s/^(?:CREATE|COMMENT ON) EXTENSION .*?vector.*?;$//mg;
$pagila =~ s/\bpublic\.vector\(\d+\)/real[]/g;
$pagila =~ s/^CREATE INDEX \S+ ON \S+ USING (?:hnsw|ivfflat)[^;]*;$//mg;
my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/pagila.sql", $pagila);

# Creates a database with the extension, loaded with a file as psql loads it.
sub load
{
	my ($database, $file) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->command_ok(
		[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', $file ],
		"$database: $file loads");
	$node->safe_psql($database, 'CREATE EXTENSION db_adapter');
	return;
}

# The text of a file as a literal that needs no variable of psql.
sub literal
{
	my ($file) = @_;
	my $text = slurp_file($file);

	return "\$file\$$text\$file\$";
}

# ---------------------------------------------------------------- schemas

foreach my $name ('chinook', 'pagila')
{
	my $file = $name eq 'chinook' ? "$data/chinook.sql" : "$folder/pagila.sql";
	my $expected = 'db_adapter.expected(' . literal($file) . ')';

	load($name, $file);
	is($node->safe_psql($name, "SELECT * FROM db_adapter.differences($expected)"),
		'', "$name: a database loaded from the file does not differ from it");
	is( $node->safe_psql(
			$name, qq{SELECT db_adapter.validate($expected) ->> 'valid',
				jsonb_array_length(db_adapter.plan($expected) -> 'steps')}),
		'true|0',
		"$name: it is valid, and there is nothing to do");

	# Drift of several kinds, found and repaired, and the rows are still there.
	my $drift = $name eq 'chinook'
	  ? 'ALTER TABLE track DROP COLUMN composer; ALTER TABLE album DROP COLUMN title; DROP TABLE invoice_line'
	  : 'ALTER TABLE address DROP COLUMN district; ALTER TABLE film DROP COLUMN original_language_id;
		DROP TABLE film_embedding; DROP DOMAIN year CASCADE';
	my $table = $name eq 'chinook' ? 'track' : 'address';
	my $rows = $node->safe_psql($name, "SELECT count(*) FROM $table");

	$node->safe_psql($name, $drift);
	is($node->safe_psql($name, "SELECT db_adapter.validate($expected) ->> 'valid'"),
		'false', "$name: drift is found");
	my $missing = $node->safe_psql($name,
		"SELECT count(*) FROM db_adapter.differences($expected) WHERE severity = 'error'");
	cmp_ok($missing, '>', 0, "$name: it is listed");

	# Chinook's album.title is NOT NULL without a default: it cannot be put back as it was
	# while there are rows, and the plan has to say so rather than fail.
	my $applied = $node->safe_psql(
		$name, qq{SELECT r ->> 'applied' FROM db_adapter.plan($expected) p,
			LATERAL db_adapter.apply(p, confirm => true) r});
	is($applied, 'true', "$name: the plan is applied");
	is($node->safe_psql($name, "SELECT count(*) FROM $table"), $rows, "$name: no row is lost");
	is( $node->safe_psql(
			$name, "SELECT string_agg(t || '.' || c, ' ' ORDER BY t, c)
				FROM (SELECT e ->> 'table' AS t, e ->> 'column' AS c
				FROM jsonb_array_elements(db_adapter.validate($expected) -> 'missing_columns') e) s"),
		'', "$name: no column is missing");
}

# ---------------------------------------------------------------- rows

my $schema = literal('demo/chinook-backup-schema.json');
my $content = q{
	SELECT count(*), md5(string_agg(concat_ws('|', r.name, b.title, t.name, t.milliseconds,
	        g.name, m.name, t.unit_price, t.composer, t.bytes), e'\n'
	        ORDER BY (r.name, b.title, t.name, t.milliseconds)::text COLLATE "C"))
	  FROM track t JOIN album b USING (album_id) JOIN artist r USING (artist_id)
	  JOIN genre g USING (genre_id) JOIN media_type m USING (media_type_id)
	 WHERE r.name NOT LIKE 'West %'};

load('east', "$data/chinook.sql");
load('west', "$data/chinook.sql");
$node->safe_psql('west', <<'SQL');
UPDATE artist SET name = 'West ' || name;
UPDATE album SET title = 'West ' || title;
UPDATE track SET name = 'West ' || name;
UPDATE genre g SET name = o.name
  FROM genre o WHERE o.genre_id = 1 + g.genre_id % (SELECT count(*) FROM genre);
SQL

my $others = q{SELECT count(*), md5(string_agg(t::text, ';' ORDER BY track_id))
	FROM track t WHERE name LIKE 'West %'};
my $before = $node->safe_psql('west', $others);
my $there = $node->safe_psql('east', $content);
my $file = "$folder/chinook";

foreach my $format ('jsonl', 'json')
{
	# As the documentation says a backup is written: chunks are whole lines.
	$node->command_ok(
		[ 'psql', '-XAtq', '-d', $node->connstr('east'), '-v', 'FETCH_COUNT=16',
			'-o', "$file.$format",
			'-c', "SELECT db_adapter.backup($schema, format => '$format')" ],
		"$format: backup");
	is( $node->safe_psql(
			'west', "SELECT v ->> 'valid', v -> 'errors' FROM db_adapter.validate_backup("
			  . "pg_read_file('$file.$format'), $schema) v"),
		'true|[]', "$format: the file is valid");

	my $restore = "FROM db_adapter.restore(pg_read_file('$file.$format'), $schema)";
	my $tried = $node->safe_psql('west',
		qq{SELECT sum(inserted), sum(failed) FROM db_adapter.restore(pg_read_file('$file.$format'), $schema, dry_run => true)});
	is($node->safe_psql('west', $content) =~ s/\|.*//r,
		'0', "$format: a dry run leaves nothing behind");
	my $done = $node->safe_psql('west', "SELECT sum(inserted), sum(failed) $restore");
	is($done, $tried, "$format: and counts as the restore does");
	is($done, 275 + 347 + 3503 . '|0', "$format: every row arrives");

	is($node->safe_psql('west', $content),
		$there, "$format: every track is on its album, every album under its artist");
	is($node->safe_psql('west', $others), $before, "$format: the others are as they were");
	is($node->safe_psql('west', "SELECT sum(inserted), sum(updated), sum(failed) $restore"),
		'0|0|0', "$format: a second restore changes nothing");
	$node->safe_psql('west', <<'SQL');
DELETE FROM track WHERE name NOT LIKE 'West %';
DELETE FROM album WHERE title NOT LIKE 'West %';
DELETE FROM artist WHERE name NOT LIKE 'West %';
SQL
}

$node->stop;
done_testing();
