# What the command leaves out, leaves alone or deletes beyond what was asked, it says: in
# its table, on standard error, and by its exit code.
use strict;
use warnings;
use Cwd;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $top = getcwd();
my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
chdir PostgreSQL::Test::Utils::tempdir();

my $node = PostgreSQL::Test::Cluster->new('silence');
$node->init;
$node->start;
my $server = $node->connstr;
$node->safe_psql('postgres', q{CREATE DATABASE tpl});
$node->safe_psql('tpl', 'CREATE EXTENSION db_adapter');

sub sql { my ($database, $sql) = @_; return $node->safe_psql($database, $sql); }

# Two databases, one with each text, or both with the first.
sub fresh
{
	my ($source, $destination) = @_;

	for (qw(source destination))
	{
		sql('postgres', "DROP DATABASE IF EXISTS $_");
		sql('postgres', "CREATE DATABASE $_ TEMPLATE tpl");
	}
	sql('source', $source);
	sql('destination', $destination // $source);
}

# The command's exit code, output and messages, "code\nout\nerr" with blanks squeezed.
sub command
{
	my ($database, @words) = @_;
	my ($out, $err);

	IPC::Run::run([ 'db-adapter', '--profile', "$server dbname=$database", @words ], '<', \'', '>', \$out, '2>', \$err);
	my $text = ($? >> 8) . "\n$out\n$err";
	$text =~ s/[ \t]+/ /g;
	return $text;
}

sub sync { return command('destination', 'sync', '--from', "$server dbname=source", '--confirm', '--yes', @_); }

# --- schemas

my $two = q{CREATE SCHEMA app; CREATE TABLE app.t (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, v text);};
fresh($two . q{ALTER DATABASE source SET search_path = app, public; CREATE TABLE public.t (LIKE app.t INCLUDING ALL);
	INSERT INTO app.t (slug, v) VALUES ('x', 'app'); INSERT INTO public.t (slug, v) VALUES ('x', 'public')},
	$two . q{CREATE TABLE t (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, v text)});
like(sync(), qr/^0\n/, 'a sync of two schemas');
is(sql('destination', q{SELECT string_agg(v, ',') FROM (SELECT v FROM public.t UNION ALL SELECT v FROM app.t) x}), 'public,app',
	'a bare name is public.t of the source too, whatever its search_path, and the other schema comes along');
like(command('source', 'backup', '--all-users', '-o', 'all.jsonl'), qr/^0\n.*2 rows/s, 'a backup saves all schemas');
like(slurp_file('all.jsonl'), qr/"record_counts":\{"t":1,"app\.t":1\}/, 'and names the tables of others in full');
fresh('SELECT 1');
like(command('destination', 'backup', '--all-users', '-o', 'none.jsonl'), qr/^2\n.*there is no table/s, 'a backup of no table is an error');
ok(!-e 'none.jsonl', 'and no file');
like(sync(), qr/^2\n.*there is no table/s, 'a sync of none as well');

# --- the rows saved before a fix

fresh('SELECT 1', q{CREATE SCHEMA s; CREATE TABLE s.b (id int PRIMARY KEY, v text); INSERT INTO s.b VALUES (1, 'keep')});
append_to_file('s.sql', 'CREATE SCHEMA s; CREATE TABLE s.b (id int PRIMARY KEY, v text, w text);');
like(command('destination', 'fix', '--schema-file', 's.sql', '--confirm'), qr/^0\n.*saved 1 rows to (backups\S+)/s, 'fix saves rows of the schema that it changes');
like(slurp_file((glob 'backups/pre-fix-*')[0]), qr/"v":"keep"/, 'they are in the file');
like(command('source', 'fix', '--schema-file', 's.sql', '--confirm'), qr/^0\n.*there is no table yet/s, 'where there are none fix goes on');

# --- rows left alone

my $tree = q{CREATE TABLE p (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
	CREATE TABLE r (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, p_id int NOT NULL%s);};
fresh(sprintf($tree, '') . q{INSERT INTO p (slug) VALUES ('a'); INSERT INTO r (slug, p_id) VALUES ('ok', 1), ('orphan', 99);
	ALTER TABLE r ADD FOREIGN KEY (p_id) REFERENCES p NOT VALID},
	sprintf($tree, ' REFERENCES p') . q{INSERT INTO p (slug) VALUES ('only here')});
like(sync(), qr/^1\n.*1 rows of table r were skipped: the row they refer to is missing/s, 'sync says which rows found no parent, and exits with 1');
like(sync('--delete'), qr/^1\n.*1 rows of table r were skipped: the row they refer to is missing/s, 'and with --delete too');
is(sql('destination', q{SELECT count(*) FROM p WHERE slug = 'only here'}), '0', 'which deletes what rows of r cannot be');
like(command('source', 'backup', '--all-users', '-o', 'orphans.jsonl'), qr/^0\n/, 'a backup of them');
like(command('destination', 'restore', 'orphans.jsonl', '--yes'), qr/^1\n.*1 rows of table r were skipped/s, 'restore says so too');

# --- references that lead nowhere

my $links = q{CREATE TABLE p (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
	CREATE TABLE r (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, p_id int%s);};
fresh(sprintf($links, '') . q{INSERT INTO p (slug) VALUES ('a'); INSERT INTO r (slug, p_id) VALUES ('ok', 1), ('none', NULL), ('dangling', 99);
	ALTER TABLE r ADD FOREIGN KEY (p_id) REFERENCES p NOT VALID},
	sprintf($links, ' REFERENCES p'));
like(sync(), qr/^1\n.*1 references of table r were set to NULL: the rows they lead to are missing/s, 'sync says which references became NULL, and exits with 1');
sql('source', 'UPDATE r SET p_id = 1 WHERE p_id = 99');
like(sync(), qr/^0\n(?!.*set to NULL)/s, 'and nothing once they lead somewhere');

# --- rows that a deletion takes along

my $users = q{CREATE TABLE usr (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, email text UNIQUE NOT NULL);
	CREATE TABLE ord (id serial PRIMARY KEY, no text UNIQUE NOT NULL, usr_id int NOT NULL REFERENCES usr ON DELETE CASCADE);};
fresh($users . q{INSERT INTO usr (slug, email) VALUES ('ann2', 'a@x'); INSERT INTO ord (no, usr_id) VALUES ('o1', 1)},
	$users . q{INSERT INTO usr (slug, email) VALUES ('ann', 'a@x'); INSERT INTO ord (no, usr_id) VALUES ('o1', 1)});
sync('--delete');
is(sql('destination', q{SELECT string_agg(slug || ' ' || no, ',') FROM usr JOIN ord ON usr.id = usr_id}), 'ann2 o1', 'a renamed row keeps what belongs to it');

fresh($users =~ s/ ON DELETE CASCADE//r . q{INSERT INTO usr (slug, email) VALUES ('ann2', 'a@x'), ('new', 'n@x'); INSERT INTO ord (no, usr_id) VALUES ('o1', 1)},
	$users =~ s/ ON DELETE CASCADE//r . q{INSERT INTO usr (slug, email) VALUES ('ann', 'a@x'); INSERT INTO ord (no, usr_id) VALUES ('o1', 1)});
like(sync('--delete'), qr/^0\n/, 'it does where nothing cascades');
is(sql('destination', q{SELECT string_agg(slug, ',' ORDER BY slug) || (SELECT string_agg(slug, ',') FROM usr JOIN ord ON usr.id = usr_id) FROM usr}), 'ann2,newann2', 'and all else is brought');

my $cascade = q{CREATE TABLE p (id serial PRIMARY KEY, slug text UNIQUE NOT NULL);
	CREATE TABLE ca (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, p_id int REFERENCES p ON DELETE CASCADE);
	CREATE TABLE nu (p_id int REFERENCES p ON DELETE SET NULL);
	INSERT INTO p (slug) VALUES ('x');};
fresh($cascade, $cascade . q{INSERT INTO p (slug) VALUES ('w'); INSERT INTO ca (slug, p_id) VALUES ('mine', 2); INSERT INTO nu VALUES (2), (2)});
my @p = ('--delete', '--tables', 'p');
like(command('destination', 'sync', '--from', "$server dbname=source", @p),
	qr/^0\n.*1 rows of table public\.ca, which is none of those synced, would be deleted with them.*2 rows of table public\.nu, .* would lose/s, 'the preview counts rows of other tables');
like(sync(@p), qr/^1\n.*rows of table "ca", which is none .*--cascade/s, 'which are not deleted unasked');
is(sql('destination', 'SELECT (SELECT count(*) FROM p) + (SELECT count(*) FROM ca)'), '3', 'so nothing is');
like(sync(@p, '--cascade'), qr/^0\n.*1 rows of table public\.ca, .* were deleted with them/s, '--cascade deletes and counts them');
is(sql('destination', 'SELECT concat((SELECT count(*) FROM p), (SELECT count(*) FROM ca), (SELECT count(*) FROM nu WHERE p_id IS NULL))'), '102', 'and no others');
sql('destination', q{INSERT INTO p (slug) VALUES ('v'); INSERT INTO ca (slug, p_id) SELECT 'his', id FROM p WHERE slug = 'v'});
like(command('destination', '--json', 'sync', '--from', "$server dbname=source", @p),
	qr/"table":\s*"public\.ca".*"deleted":\s*1,.*"outside":\s*true/s, 'the document tells tables outside from others');

# --- values that do not fit

my $narrow = q{CREATE TABLE t (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, n numeric(10,%d));};
fresh(sprintf($narrow, 3) . q{INSERT INTO t (slug, n) VALUES ('fits', 1.5), ('does not', 1.234)}, sprintf($narrow, 2));
like(sync(), qr/^1\n.*column n of table t: 1 values were rounded or cut to fit its type/s, 'sync says which values a narrower column rounds, and exits with 1');
like(command('source', 'backup', '--all-users', '-o', 'narrow.jsonl'), qr/^0\n/, 'a backup of them');
sql('destination', 'TRUNCATE t');
like(command('destination', 'restore', 'narrow.jsonl', '--yes'), qr/^1\n.*column n of table t: 1 values were rounded/s, 'restore says so too');

# --- rows that never become equal

fresh(q{CREATE TABLE t (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, x numeric(10,2)); INSERT INTO t (slug, x) VALUES ('a', 1.5);
	CREATE TABLE same (id serial PRIMARY KEY, slug text UNIQUE NOT NULL); INSERT INTO same (slug) VALUES ('a')},
	q{CREATE TABLE t (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, x numeric(10,4), active bool NOT NULL DEFAULT true);
	CREATE TABLE same (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, more text); INSERT INTO same (slug) VALUES ('a');
	CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.x := NEW.x + 0.001; RETURN NEW; END';
	CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()});
sync();
my $again = sync();
like($again, qr/table t may differ after every sync: column x is numeric\(10,4\) here and numeric\(10,2\) in the source/, 'sync says of which types a column is on both sides');
like($again, qr/table t may differ after every sync: column active is only here/, 'which column is only here');
like($again, qr/trigger touched of table t fired/, 'and which trigger fired');
sql('source', 'ALTER TABLE t ADD gone int DEFAULT 1');
like(command('destination', 'sync', '--from', "$server dbname=source"),
	qr/^0\n.*table t may differ after every sync: column gone is only in the source/s, 'the preview too, and which is only there');
unlike($again, qr/table same may differ/, 'but not of tables that are equal');

done_testing();
