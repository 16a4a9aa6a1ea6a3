# db-adapter sync between two servers: what a connection that is lost midway leaves
# behind, and servers of different majors.  OTHER_SERVER is the connection string of
# a server of another major that has the extension's files, of a superuser and
# without a database; scripts/check-majors sets it.
use strict;
use warnings;
use Cwd;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Session;

plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $top = getcwd();
my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
chdir PostgreSQL::Test::Utils::tempdir();

my $tables = q{
CREATE EXTENSION db_adapter;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE place AS (x float8, name text);
CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, friend int REFERENCES authors, UNIQUE (user_id, slug));
CREATE TABLE books (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL,
	author_id int NOT NULL REFERENCES authors, body text, UNIQUE (user_id, slug));
CREATE TABLE things (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id text NOT NULL, slug text NOT NULL, author_id int REFERENCES authors,
	n numeric, f float8, f4 float4, b bool, bytes bytea, d date, t timestamptz, i interval, r tstzrange, m int8multirange, a text[], aa int[],
	j jsonb, raw json, e mood, p place, places place[], money money, x xml, ip inet, bits bit varying, tz timetz, search tsvector,
	doubled numeric GENERATED ALWAYS AS (n * 2) STORED, UNIQUE (user_id, slug));
};
my $rows = q{
INSERT INTO authors (user_id, slug) SELECT 'u1', 'a' || g FROM generate_series(1, 50) g;
UPDATE authors SET friend = (SELECT max(id) FROM authors) - id + 1;
INSERT INTO books (user_id, slug, author_id, body) SELECT 'u1', 'b' || g, 1 + g % 50, repeat(md5(g::text), 16) FROM generate_series(1, 20000) g;
INSERT INTO things (user_id, slug, author_id, n, f, f4, b, bytes, d, t, i, r, m, a, aa, j, raw, e, p, places, money, x, ip, bits, tz, search) VALUES
	('u1', 'full', 1, 12345678901234567890.12345678900, 0.1 + 0.2, 1.1::float4 / 3, true, '\x00ff5c', '2024-02-29', '2024-02-29 12:34:56.789012+05', '1 mon -2 days 03:04:05.6',
	 '[2024-01-01 00:00+00, infinity)', '{[1,3), [7,9)}', '{a,NULL,"NULL","c \"d\" \\\\",ß,""}', '[2:3]={1,2}', '{"k": [1.50, null, "ü"]}', '{ "k" : 1.50 }', 'glad',
	 ROW(1e-300, 'a,"b"'), ARRAY[ROW(-0.0, NULL), NULL]::place[], 1234.56, '<a>ü</a>', '10.1.0.0/16', '10101', '12:34:56+05:30', 'a:1A b:2'),
	('u1', 'special', NULL, 'NaN', 'infinity', '-infinity', false, '', '-infinity', 'infinity', '-1 year', 'empty', '{}', '{}', '{}', 'null', 'null', 'sad',
	 ROW(NULL, NULL), '{}', -0.01, '', '::1', '', '00:00+00', ''),
	('u1', 'null', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
};

sub sql
{
	my ($url, $sql) = @_;
	my ($out, $err);

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $url ], '<', \$sql, '>', \$out, '2>', \$err) or die "$sql: $err";
	chomp $out;
	return $out;
}

# A database of these tables; its connection string.
sub make_database
{
	my ($server, $name, $rows) = @_;

	sql("$server dbname=postgres", "CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
	sql("$server dbname=$name", $tables . ($rows // ''));
	return "$server dbname=$name";
}

# Starts a sync of $from into $to.
sub begin_sync
{
	my ($from, $to, @options) = @_;
	my %run = (out => '', err => '');

	$run{harness} = IPC::Run::start([ 'db-adapter', 'sync', '--from', $from, '--profile', $to, @options ],
		'<', \undef, '>', \$run{out}, '2>', \$run{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default || 180));
	return \%run;
}

sub sync_is
{
	my ($from, $to, $options, $stdout, $name) = @_;
	my $run = begin_sync($from, $to, @$options);

	$run->{harness}->finish;
	is($? >> 8, 0, "$name: exit code") or diag($run->{err});
	like($run->{out}, $stdout, $name);
	return;
}

# --- a connection lost midway

my %url;					# of two databases

# As it would be derived: then comparing is the first thing that waits.
sub write_schema
{
	open(my $file, '>', 'schema.json') or die $!;
	print $file sql($url{near}, 'SELECT db_adapter.derive_backup_schema()');
	close $file;
	return;
}

sub content
{
	my ($url) = @_;

	return sql($url, q{SELECT (SELECT count(*) FROM authors), (SELECT count(*) || md5(string_agg(slug || body, '' ORDER BY slug)) FROM books), (SELECT count(*) FROM things)});
}

sub server_of
{
	my ($node) = @_;

	return 'host=' . $node->host . ' port=' . $node->port . ' user=' . sql('dbname=postgres host=' . $node->host . ' port=' . $node->port, 'SELECT current_user');
}

my %node = map { $_ => PostgreSQL::Test::Cluster->new($_) } qw(far near);
foreach my $node (values %node)
{
	$node->init;
	$node->start;
}
%url = (
	far => make_database(server_of($node{far}), 'books', $rows),
	near => make_database(server_of($node{near}), 'books', q{
		INSERT INTO authors (user_id, slug) VALUES ('u1', 'a1'), ('u1', 'here');
		INSERT INTO books (user_id, slug, author_id, body) VALUES ('u1', 'b1', 1, 'old'), ('u1', 'here', 2, 'only here')}));

# Waits for the sync's session of a node to be in a state.
sub wait_for
{
	my ($node, $condition) = @_;

	$node{$node}->poll_query_until('postgres', qq{SELECT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE application_name = 'db_adapter' AND $condition)})
	  or die "no session of $node with $condition";
	return;
}

my %loss = (
	'terminated' => sub { $node{ $_[0] }->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'db_adapter'}) },
	'server killed' => sub { $node{ $_[0] }->stop('immediate') });

# [what, lock at, lock, loses, when]
my @moments = (
	[ 'destination compared', 'near', 'LOCK books', 'near', q{wait_event_type = 'Lock'} ],
	[ 'destination written', 'near', q{INSERT INTO books (user_id, slug, author_id) VALUES ('u1', 'b19999', 1)}, 'near', q{wait_event_type = 'Lock'} ],
	[ 'destination deleted from', 'near', q{SELECT FROM books WHERE slug = 'here' FOR UPDATE}, 'near', q{wait_event_type = 'Lock'} ],
	[ 'source compared', 'far', 'LOCK books', 'far', q{wait_event_type = 'Lock'} ],
	[ 'source read', 'near', q{INSERT INTO books (user_id, slug, author_id) VALUES ('u1', 'b2', 1)}, 'far', q{wait_event = 'ClientWrite'} ]);
my $before = content($url{near});
write_schema();

foreach my $moment (@moments)
{
	my ($what, $locked, $lock, $loser, $condition) = @$moment;

	foreach my $how (sort keys %loss)
	{
		my $session = Session->new($node{$locked}, 'books');
		$session->query("BEGIN; $lock");
		my $run = begin_sync($url{far}, $url{near}, '--backup-schema', 'schema.json', '--confirm', '--delete', '--yes');
		wait_for($loser, $condition);
		$loss{$how}->($loser);
		$session->{psql}->kill_kill;
		$run->{harness}->finish;
		is($? >> 8, 3, "$what, $how: exit code");
		like($run->{err}, qr/^db-adapter: .*(?:lost: server closed the connection unexpectedly|administrator command); /m, "$what, $how: reason");
		like($run->{err}, $loser eq 'far' ? qr/^db-adapter: source: .*; everything it did is rolled back$/m : qr/^db-adapter: (?!source).*; everything it did is rolled back$/m, "$what, $how: message");
		$node{$loser}->start if $how eq 'server killed';
		is(content($url{near}), $before, "$what, $how: the destination is untouched");
	}
}
sync_is($url{far}, $url{near}, [qw(--confirm --delete --yes)], qr/^authors +49 +1 +1 +0\nbooks +19,999 +1 +1 +0\nthings +3 +0 +0 +0$/m, 'and then it works');
is(content($url{near}), content($url{far}), 'both are the same');

# --- two majors

SKIP:
{
	skip 'OTHER_SERVER names no server of another major', 1 if !$ENV{OTHER_SERVER};

	my $other = make_database($ENV{OTHER_SERVER}, "sync_$$");
	my $major = sql($other, 'SHOW server_version_num') / 10000;
	note("the other server is PostgreSQL " . int $major);
	my $here = make_database(server_of($node{near}), 'returned');
	foreach my $way ([ 'to the other major', $url{far}, $other ], [ 'and back', $other, $here ])
	{
		my ($name, $from, $to) = @$way;

		sync_is($from, $to, ['--confirm'], qr/^authors +50 +0 +0 +0\nbooks +20,000 +0 +0 +0\nthings +3 +0 +0 +0$/m, $name);
		sync_is($from, $to, [], qr/^authors +0 +0 +50 +0\nbooks +0 +0 +20,000 +0\nthings +0 +0 +3 +0$/m, "$name: they compare the same");
		sql($from, q{UPDATE things SET n = 1, j = '{"other": 1}' WHERE slug = 'full'; DELETE FROM books WHERE slug = 'b1';
			INSERT INTO authors (user_id, slug) VALUES ('u1', 'new')});
		sync_is($from, $to, [ '--confirm', '--delete', '--yes' ], qr/^authors +1 +0 +0 +50\nbooks +0 +0 +1 +19,999\nthings +0 +1 +0 +2$/m, "$name: what has changed");
		sql($from, q{DELETE FROM authors WHERE slug = 'new'; UPDATE things SET n = 0 WHERE slug = 'full';
			INSERT INTO books (user_id, slug, author_id, body) SELECT 'u1', 'b1', id, 'again' FROM authors WHERE slug = 'a1'});
		sync_is($from, $to, [ '--confirm', '--delete', '--yes' ], qr/^authors +0 +0 +1 +50\nbooks +1 +0 +0 +19,999\nthings +0 +1 +0 +2$/m, "$name: and once more");
	}
	my $things = q{SELECT t.slug, a.slug, n, f, f4, b, bytes, d, t, i, r, m, a, aa, j, raw, e, p, places, money, x, ip, bits, tz, search, doubled
		FROM things t LEFT JOIN authors a ON a.id = t.author_id ORDER BY 1};
	is(sql($here, $things), sql($url{far}, $things), 'there and back every value is the same');
	sql("$ENV{OTHER_SERVER} dbname=postgres", "DROP DATABASE sync_$$");
}

chdir $top;
done_testing();
