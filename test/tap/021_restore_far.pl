# Rows that live in another database, through postgres_fdw, on either side of a backup;
# and values of hundreds of megabytes.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $socket = $node->host;
my $port = $node->port;

my $tables = q{
CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, born date, UNIQUE (user_id, slug));
CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, author_id int NOT NULL REFERENCES authors,
    tags text[], price numeric CHECK (price < 100), read interval, UNIQUE (user_id, slug));
};
my $schema = '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}}]}';

# A far database with rows of two tenants, and a near one that sees its tables.
$node->safe_psql('postgres', 'CREATE DATABASE far; CREATE DATABASE near;');
$node->safe_psql('far', $tables . q{
INSERT INTO authors (user_id, slug, born) SELECT u, 'a' || n, '2024-02-01'::date + n FROM unnest('{u1,u2}'::text[]) u, generate_series(1, 20) n;
INSERT INTO books (user_id, slug, author_id, tags, price, read) SELECT user_id, 'b' || n, id, ARRAY['x', NULL, 'a,"b"'], n, n * interval '1 day -1 hour'
  FROM authors, generate_series(1, 15) n WHERE slug = 'a' || n;
});
$node->safe_psql('near', qq{
CREATE EXTENSION db_adapter;
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$socket', port '$port', dbname 'far');
CREATE USER MAPPING FOR CURRENT_USER SERVER far;
IMPORT FOREIGN SCHEMA public FROM SERVER far INTO public;
CREATE SEQUENCE far_ids START 1000;
ALTER TABLE authors ALTER id SET DEFAULT nextval('far_ids');
ALTER TABLE books ALTER id SET DEFAULT nextval('far_ids');
CREATE SCHEMA here;
SET search_path = here;
$tables
CREATE TABLE file AS SELECT ''::text AS text WHERE false;
});

# What a tenant has, without its ids.
sub content
{
	my ($database, $path, $user) = @_;

	return $node->safe_psql($database, qq{
		SET search_path = $path;
		SELECT a.slug, a.born, b.slug, b.tags, b.price, b.read FROM authors a LEFT JOIN books b ON b.author_id = a.id
		 WHERE a.user_id = '$user' AND coalesce(b.user_id, '$user') = '$user' ORDER BY 1, 3});
}

my $there = content('far', 'public', 'u1');
is($node->safe_psql('near', qq{INSERT INTO here.file SELECT db_adapter.backup_document('$schema', 'u1'); SELECT 1}), '1',
	'foreign tables are backed up');
# Bare names mean public: the tables here take the place of the foreign ones.
$node->safe_psql('near', 'ALTER SCHEMA public RENAME TO aside; ALTER SCHEMA here RENAME TO public');
is($node->safe_psql('near', q{SELECT string_agg(concat_ws(' ', r."table", inserted, failed), ', ') FROM file, db_adapter.restore(text, user_id => 'u1') r}),
	'authors 20 0, books 15 0', 'and restored into tables of this database');
is(content('near', 'public', 'u1'), $there, 'with the same content');
is($node->safe_psql('near', qq{
	CREATE TEMP TABLE d AS SELECT digest FROM db_adapter.digest_rows('$schema', 'books', NULL, 'u1');
	ALTER SCHEMA public RENAME TO here; ALTER SCHEMA aside RENAME TO public;
	SELECT count(*) FROM (SELECT digest FROM db_adapter.digest_rows('$schema', 'books', NULL, 'u1') INTERSECT SELECT * FROM d) x}),
	'15', 'and the same digests');

# and the other way round, beside tenants whose ids are the same
my $restore = q{SELECT string_agg(concat_ws(' ', r."table", inserted, updated, skipped, failed), ', ') FROM here.file, };
is($node->safe_psql('near', $restore . q{db_adapter.restore(text, user_id => 'u3', dry_run => true) r}),
	'authors 20 0 0 0, books 15 0 0 0', 'a dry run into foreign tables counts');
is(content('far', 'public', 'u3'), '', 'and leaves nothing there');
is($node->safe_psql('near', $restore . q{db_adapter.restore(text, user_id => 'u3') r}),
	'authors 20 0 0 0, books 15 0 0 0', 'a restore into foreign tables goes through');
is(content('far', 'public', 'u3'), $there, 'and arrives');
is($node->safe_psql('near', $restore . q{db_adapter.restore(text, user_id => 'u3') r}),
	'authors 0 0 20 0, books 0 0 15 0', 'a second one finds every row');
is($node->safe_psql('near', $restore . q{db_adapter.restore(text, user_id => 'u3', mode => 'overwrite') r}),
	'authors 0 0 0 0, books 0 0 0 0', 'or has nothing to overwrite');
$node->safe_psql('far', q{UPDATE authors SET born = NULL WHERE user_id = 'u3'; UPDATE books SET price = 0 WHERE user_id = 'u3'});
is($node->safe_psql('near', $restore . q{db_adapter.restore(text, user_id => 'u3', mode => 'overwrite') r}),
	'authors 0 20 0 0, books 0 15 0 0', 'or overwrites it');
is(content('far', 'public', 'u3'), $there, 'with what the file says');
is($node->safe_psql('near', $restore . q{db_adapter.restore(replace(text, '"price":7,', '"price":700,'), user_id => 'u4', accept_damaged => true) r}),
	'authors 20 0 0 0, books 14 0 0 1', 'a row that the other side refuses fails alone');
is(content('far', 'public', 'u1'), $there, 'and nothing of the first tenant has changed');

# What happens there is seen here: rows that a trigger leaves out, and keys that it changes.
$node->safe_psql('far', q{
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.user_id = 'u5' AND NEW.slug = 'b8' THEN RETURN NULL; END IF;
	IF NEW.user_id = 'u5' AND NEW.slug = 'a7' THEN NEW.id := NEW.id + 100000; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER meddle BEFORE INSERT ON authors FOR EACH ROW EXECUTE FUNCTION meddle();
CREATE TRIGGER meddle BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION meddle();
});
is($node->safe_psql('near', $restore . q{db_adapter.restore(text, user_id => 'u5') r}),
	'authors 19 0 1 0, books 13 0 2 0', 'rows left out there are counted as skipped, and what refers to them');
is($node->safe_psql('far', q{SELECT count(*) FROM books b JOIN authors a ON a.id = b.author_id AND a.user_id = b.user_id WHERE b.user_id = 'u5'}),
	'13', 'and no reference leads elsewhere');
$node->safe_psql('far', 'DROP FUNCTION meddle CASCADE');

# Statements go there by the batch: few for many rows, whatever the verb.
$node->safe_psql('near', q{ALTER SERVER far OPTIONS (ADD batch_size '100')});
$node->safe_psql('far', q{
INSERT INTO authors (id, user_id, slug) SELECT 500000 + n, 'many', 'a' || n FROM generate_series(1, 1000) n;
INSERT INTO books (id, user_id, slug, author_id) SELECT id, 'many', slug, id FROM authors WHERE user_id = 'many';
});
$node->safe_psql('near', qq{DELETE FROM here.file; INSERT INTO here.file SELECT db_adapter.backup_document('$schema', 'many')});
$node->append_conf('postgresql.conf', "log_statement = 'all'");
$node->reload;
my $asked = sub {
	my ($name, $mode, $expected, $most) = @_;
	my $before = -s $node->logfile;

	is($node->safe_psql('near', $restore . "db_adapter.restore(text, user_id => 'more', mode => '$mode') r"), $expected, "$name: 2,000 rows");
	my $log = substr(slurp_file($node->logfile), $before);
	my $statements = () = $log =~ /postgres_fdw LOG:/g;
	cmp_ok($statements, '<=', $most, "$name: in $statements statements there");
	return;
};
$asked->('new', 'skip', 'authors 1000 0 0 0, books 1000 0 0 0', 400);
$asked->('found', 'skip', 'authors 0 0 1000 0, books 0 0 1000 0', 200);
$node->append_conf('postgresql.conf', "log_statement = 'none'");
$node->reload;
is($node->safe_psql('far', q{SELECT count(*) FROM books b JOIN authors a ON a.id = b.author_id AND a.slug = b.slug AND a.user_id = b.user_id WHERE b.user_id = 'more'}),
	'1000', 'each refers to its own');

# values that no small buffer holds
$node->safe_psql('near', q{
CREATE TABLE here.large (id serial PRIMARY KEY, user_id text, slug text, t text, b bytea, UNIQUE (user_id, slug));
ALTER TABLE here.large ALTER t SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
INSERT INTO here.large (user_id, slug, t) VALUES ('u1', 'text', repeat(E'0123456789\t"\\\\\303\251 abcdefghijklmn', 9500000));
INSERT INTO here.large (user_id, slug, b) SELECT 'u1', 'bytes', decode(repeat(md5('x'), 500000), 'hex');
});
my $large = '{"tables": [{"name": "here.large"}]}';
my $sums = q{SELECT string_agg(concat_ws(' ', slug, octet_length(t), md5(t), octet_length(b), md5(b)), ', ' ORDER BY slug) FROM here.large WHERE user_id = };
my $expected = $node->safe_psql('near', "$sums 'u1'");
cmp_ok((split / /, ($expected =~ s/.*text //r))[0], '>', 280_000_000, 'a text of some three hundred megabytes');
$node->safe_psql('near', "SELECT db_adapter.backup_to_file('$dir/large', '$large', 'u1')");
cmp_ok(-s "$dir/large", '>', 300_000_000, 'is in a backup');
is($node->safe_psql('near', "SELECT inserted, failed FROM db_adapter.restore_from_file('$dir/large', user_id => 'u2')"),
	'2|0', 'which restores');
is($node->safe_psql('near', "$sums 'u2'"), $expected, 'to the same bytes');
unlink "$dir/large";

$node->stop;
done_testing();
