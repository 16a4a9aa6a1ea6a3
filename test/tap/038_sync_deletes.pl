# db-adapter sync --delete: rows that are only here and in the way of those that come,
# rows that could not be brought, and rows that others hold.  Each sync is between two
# databases made for it; what is left is compared by content.
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

my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
my $top = getcwd();
chdir PostgreSQL::Test::Utils::tempdir();

my $node = PostgreSQL::Test::Cluster->new('deletes');
$node->init;
$node->start;
my $server = $node->connstr;

sub sql
{
	my ($database, $sql) = @_;
	my ($out, $err);

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', "$server dbname=$database" ], '<', \$sql, '>', \$out, '2>', \$err)
	  or die substr($sql, 0, 500) . ": $err";
	chomp $out;
	return $out =~ s/\n/ /gr;
}

# Both databases anew: the tables of both, then each side's rows.  Ids differ.
sub make_both
{
	my ($tables, $source, $destination) = @_;

	foreach my $database ('source', 'destination')
	{
		sql('postgres', "DROP DATABASE IF EXISTS $database");
		sql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
		sql($database, "CREATE EXTENSION db_adapter; $tables");
	}
	sql('destination', q{SELECT setval(oid, 50) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace});
	sql('source', $source);
	unlink 'schema.json';
	append_to_file('schema.json', sql('source', 'SELECT db_adapter.derive_backup_schema()'));
	sql('destination', $destination);
	return;
}

# Its exit code, what it says, and the document of --json.
sub sync
{
	my (@options) = @_;
	my ($out, $err);

	IPC::Run::run([ 'db-adapter', '-q', '--json', 'sync', '--from', "$server dbname=source", '--profile', "$server dbname=destination",
			'--backup-schema', 'schema.json', '--confirm', '--delete', '--yes', @options ],
		'<', \undef, '>', \$out, '2>', \$err);
	my $code = $? >> 8;
	my $answer = eval { decode_json($out) } // {};
	return ($code, $err, { map { $_->{table} => $_ } @{ $answer->{tables} // [] } });
}

# --- a new row wants the unique value of one that goes, and that one's children

sub places_of { my ($children) = @_; return "CREATE TABLE places (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, pos int NOT NULL UNIQUE); $children"; }
my $fill = "INSERT INTO orders (slug, place_id) SELECT 'o' || pos, id FROM places";
my $here = 'SELECT o.id, o.slug, p.slug, p.pos FROM orders o JOIN places p ON p.id = place_id ORDER BY o.slug';

foreach my $action ('', 'ON DELETE CASCADE', 'ON DELETE RESTRICT')
{
	make_both(places_of("CREATE TABLE orders (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, place_id int NOT NULL REFERENCES places $action)"),
		"INSERT INTO places (slug, pos) VALUES ('fresh', 1), ('a', 2); $fill",
		"INSERT INTO places (slug, pos) VALUES ('old', 1), ('a', 2); $fill;
		CREATE TABLE notes (order_id int REFERENCES orders ON DELETE CASCADE); INSERT INTO notes SELECT id FROM orders;");
	my ($code, $err, $tables) = sync();
	is("$code$err", '0', "children move, $action: the sync");
	is(sql('destination', $here), '51|o1|fresh|1 52|o2|a|2', "children move, $action: the same rows under the new parent");
	is(sql('destination', "SELECT count(*) FROM notes; SELECT slug FROM places ORDER BY 1"), '2 a fresh', "children move, $action: nothing went along");
	is(join(' ', map { "$tables->{$_}{inserted} $tables->{$_}{updated} $tables->{$_}{deleted}" } 'places', 'orders'), '1 0 1 0 1 0', "children move, $action: counted once");
	($code, $err, $tables) = sync();
	is(join(' ', $code, map { $tables->{$_}{new} + $tables->{$_}{changed} + $tables->{$_}{only_there} } 'places', 'orders'), '0 0 0', "children move, $action: a second sync has nothing to do");
}
# values that no row can step aside to: the old parent goes first, and its children are brought again
make_both(places_of('CREATE TABLE orders (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, place_id int NOT NULL REFERENCES places ON DELETE CASCADE)'),
	"INSERT INTO places (slug, pos) VALUES ('fresh', 1), ('a', 2); $fill", "INSERT INTO places (slug, pos) VALUES ('old', 1), ('a', 2); $fill; ALTER TABLE places ADD CHECK (pos IN (1, 2))");
my ($code, $err, $tables) = sync();
is("$code$err " . sql('destination', $here), '0 53|o1|fresh|1 52|o2|a|2', 'no value to step aside to: deleted first');
# where that would lose something, nothing goes
make_both(places_of('CREATE TABLE orders (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, place_id int NOT NULL REFERENCES places)'),
	"INSERT INTO places (slug, pos) VALUES ('fresh', 1), ('a', 2); $fill", "INSERT INTO places (slug, pos) VALUES ('old', 1), ('a', 2); $fill; ALTER TABLE places ADD CHECK (pos IN (1, 2))");
($code, $err, $tables) = sync();
is("$code " . sql('destination', $here), '1 51|o1|old|1 52|o2|a|2', 'no way at all: all stays as it was');
like($err, qr/^places, row 1: duplicate key value .*\n(?:.*\n)*.*1 rows of table places that only .* has were not deleted: not all rows of this table, or of one it refers to, could be brought/m, 'and that is said');

# a number in the key that nothing draws is data: traded, taken over from a row that goes, both ways
make_both('CREATE TABLE orders (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
	CREATE TABLE lines (order_id int REFERENCES orders, line_no int, sku text NOT NULL, PRIMARY KEY (order_id, line_no), UNIQUE (order_id, sku))',
	"INSERT INTO orders (slug) VALUES ('o'); INSERT INTO lines VALUES (1, 1, 'a'), (1, 2, 'b'), (1, 3, 'c'), (1, 4, 'fresh')",
	"INSERT INTO orders (slug) VALUES ('o'); INSERT INTO lines VALUES (51, 2, 'a'), (51, 1, 'b'), (51, 4, 'c'), (51, 3, 'old')");
my $lines = 'SELECT line_no, sku FROM lines ORDER BY sku';
($code, $err, $tables) = sync();
is("$code$err " . sql('destination', $lines), '0 1|a 2|b 3|c 4|fresh', 'numbers of lines move');
is(join(' ', map { $tables->{lines}{$_} } 'inserted', 'updated', 'deleted'), '1 3 1', 'and are counted');
sql('source', 'UPDATE lines SET line_no = line_no + 10; UPDATE lines SET line_no = 15 - line_no');
($code, $err) = sync();
is("$code$err " . sql('destination', $lines), '0 4|a 3|b 2|c 1|fresh', 'once more, the other way round');

# one that steps aside and cannot go after all has its own values again, and what wanted them fails;
# other tables, and rows that fail for other reasons, have no part in that
my $three = "CREATE TABLE %s (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, pos int NOT NULL UNIQUE);";
make_both(join('', map { sprintf $three, $_ } 'firsts', 'seconds', 'thirds') . 'CREATE TABLE below (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, third_id int NOT NULL REFERENCES thirds);',
	join('', map { "INSERT INTO $_ (slug, pos) VALUES ('fresh', 1), ('a', 2);" } 'firsts', 'seconds', 'thirds') . "INSERT INTO seconds (slug, pos) VALUES ('bad', -1); INSERT INTO below (slug, third_id) VALUES ('b', 1)",
	join('', map { "INSERT INTO $_ (slug, pos) VALUES ('old', 1), ('a', 2);" } 'firsts', 'seconds', 'thirds') . "INSERT INTO below (slug, third_id) VALUES ('b', 51);
	ALTER TABLE seconds ADD CHECK (pos > 0); CREATE TABLE audit (first_id int REFERENCES firsts); INSERT INTO audit VALUES (51)");
($code, $err, $tables) = sync();
is("$code " . sql('destination', join ';', map { "SELECT string_agg(slug || pos, ' ' ORDER BY pos, slug) FROM $_" } 'firsts', 'seconds', 'thirds'), '1 old1 a2 old1 a2 fresh1 a2',
	'values move where they can, and elsewhere all stays as it was');
is(sql('destination', 'SELECT b.id, p.slug FROM below b JOIN thirds p ON p.id = third_id'), '51|fresh', 'with what refers to it');
is(join(' ', map { "$tables->{$_}{inserted} $tables->{$_}{failed} $tables->{$_}{deleted}" } 'firsts', 'seconds', 'thirds'), '0 1 0 0 2 0 1 0 1', 'and is counted so');

# --- what rows that could not be brought hold back

make_both(q{
	CREATE TABLE roots (id serial PRIMARY KEY, slug text NOT NULL UNIQUE);
	CREATE TABLE mids (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, root_id int NOT NULL REFERENCES roots, n int NOT NULL);
	CREATE TABLE leaves (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, mid_id int NOT NULL REFERENCES mids);
	CREATE TABLE twigs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, leaf_id int REFERENCES leaves);
	CREATE TABLE others (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, root_id int REFERENCES roots)},
	q{INSERT INTO roots (slug) VALUES ('r1'), ('r2'); INSERT INTO mids (slug, root_id, n) VALUES ('m1', 1, 1), ('bad', 2, -1)},
	q{INSERT INTO roots (slug) VALUES ('r1'), ('old'), ('gone'); ALTER TABLE mids ADD CHECK (n > 0);
	INSERT INTO mids (slug, root_id, n) VALUES ('m1', 51, 1), ('m2', 52, 2); INSERT INTO leaves (slug, mid_id) VALUES ('l1', 51); INSERT INTO twigs (slug) VALUES ('t1'); INSERT INTO others (slug, root_id) VALUES ('o1', 53)});
($code, $err, $tables) = sync();
is($code, 1, 'a row that fails: exit code');
is(sql('destination', 'SELECT string_agg(slug, \' \' ORDER BY slug) FROM (SELECT slug FROM roots UNION ALL SELECT slug FROM mids UNION ALL SELECT slug FROM leaves UNION ALL SELECT slug FROM twigs UNION ALL SELECT slug FROM others) s'),
	'l1 m1 m2 old r1 r2 t1', 'rows of its table and of those below stay, and what they refer to; the others go');
is(join(' ', map { "$_ $tables->{$_}{deleted}" } sort keys %$tables), 'leaves 0 mids 0 others 1 roots 1 twigs 0', 'deleted rows are counted');
is_deeply([ $tables->{roots}{notes}{not_deleted}, $tables->{roots}{failure_details}[0]{match_key}, $tables->{roots}{failure_details}[0]{constraint} ], [ 1, { slug => 'old' }, 'mids_root_id_fkey' ], 'the one that is held is told by its key');
like($err, qr/1 rows of table $_ that only .* has were not deleted: not all rows/, "$_: that rows stay is said") foreach qw(mids leaves twigs);
like($err, qr/^roots, row \{"slug":"old"\}: rows of table "mids" that stay refer to it \(23503\)$/m, 'roots: why a row stays is said');
like($err, qr/1 rows of table roots were not deleted: rows that stay refer to them/, 'roots: and how many');

# --- rows of other tables that hold rows which would go

make_both(q{CREATE TABLE users (id serial PRIMARY KEY, slug text NOT NULL UNIQUE); CREATE TABLE posts (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, owner_id int NOT NULL REFERENCES users)},
	q{INSERT INTO users (slug) VALUES ('new')},
	q{INSERT INTO users (slug) SELECT 'u' || i FROM generate_series(1, 5) i; INSERT INTO posts (slug, owner_id) SELECT 'p' || i, 50 + i FROM generate_series(1, 5) i;
	CREATE TABLE audit (user_id int REFERENCES users); CREATE TABLE logins (user_id int REFERENCES users ON DELETE CASCADE); CREATE TABLE likes (post_id int REFERENCES posts);
	CREATE TABLE bills (user_id int, FOREIGN KEY (user_id) REFERENCES users DEFERRABLE INITIALLY DEFERRED);
	INSERT INTO audit VALUES (51); INSERT INTO logins VALUES (52), (52); INSERT INTO likes VALUES (53); INSERT INTO bills VALUES (54);});
my $left = q{SELECT (SELECT string_agg(slug, ' ' ORDER BY slug) FROM users), (SELECT string_agg(slug, ' ' ORDER BY slug) FROM posts)};
($code, $err, $tables) = sync();
is("$code " . sql('destination', $left), '1 new u1 u2 u3 u4|p3', 'rows that others hold stay, with what they refer to; all else is done');
foreach my $row ([ 'users', 'u1', '"audit" that stay refer to it' ], [ 'users', 'u2', '"logins", which is none of the backup schema\'s, refer to it' ],
	[ 'users', 'u3', '"posts" that stay refer to it' ], [ 'users', 'u4', '"bills" that stay refer to it' ], [ 'posts', 'p3', '"likes" that stay refer to it' ])
{
	like($err, qr/^$row->[0], row \{"slug":"$row->[1]"\}: rows of table \Q$row->[2]\E \(23503\)$/m, "$row->[1] is told");
}
like($err, qr/^HINT: Pass cascade => true, or --cascade to the command, to have them deleted\.$/m, 'and what would let one go');
($code, $err, $tables) = sync('--cascade');
is("$code " . sql('destination', "$left; SELECT count(*) FROM logins"), '1 new u1 u3 u4|p3 0', 'with --cascade it goes');
like($err, qr/2 rows of table public.logins, which is none of those synced, were deleted with them/, 'with those of the other table');
sql('destination', 'DELETE FROM audit; DELETE FROM likes; DELETE FROM bills');
($code, $err, $tables) = sync();
is("$code$err " . sql('destination', $left), '0 new|', 'when nothing holds them the rest goes');

# --- rows that refer to one that only its content names

my $albums = q{CREATE TABLE albums (id serial PRIMARY KEY, title text UNIQUE NOT NULL);
	CREATE TABLE tracks (id serial PRIMARY KEY, name text, album_id int NOT NULL REFERENCES albums);
	CREATE TABLE lines (id serial PRIMARY KEY, track_id int NOT NULL REFERENCES tracks, qty int);
	CREATE TABLE marks (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, track_id int NOT NULL REFERENCES tracks);
	CREATE TABLE notes (id serial PRIMARY KEY, line_id int NOT NULL REFERENCES lines, body text);};
my $filled = q{INSERT INTO albums (title) VALUES ('a'); INSERT INTO tracks (name, album_id) SELECT n, id FROM albums, unnest('{one,two,three}'::text[]) n ORDER BY n %s;
	INSERT INTO lines (track_id, qty) SELECT id, 5 FROM tracks WHERE name IN ('one', 'three'); INSERT INTO marks (slug, track_id) SELECT 'm', id FROM tracks WHERE name = 'one';
	INSERT INTO notes (line_id, body) SELECT l.id, 'n' FROM lines l JOIN tracks t ON t.id = track_id WHERE name = 'one';};
my $led = q{SELECT t.name, qty FROM lines JOIN tracks t ON t.id = track_id ORDER BY 1, 2; SELECT slug, t.name FROM marks JOIN tracks t ON t.id = track_id;
	SELECT body, t.name FROM notes JOIN lines l ON l.id = line_id JOIN tracks t ON t.id = track_id; SELECT name FROM tracks ORDER BY 1};
make_both($albums, sprintf($filled, 'ASC'), sprintf($filled, 'DESC'));
my $counts = sub { my ($tables) = @_; return join ' ', map { my $t = $_; join '/', map { $tables->{$t}{$_} } 'new', 'changed', 'only_there', 'ambiguous' } 'tracks', 'lines', 'marks', 'notes' };
($code, $err, $tables) = sync();
is("$code$err " . $counts->($tables), '0 0/0/0/0 0/0/0/0 0/0/0/0 0/0/0/0', 'content alone: the same under other ids');
sql('source', "UPDATE lines SET track_id = (SELECT id FROM tracks WHERE name = 'two') WHERE track_id = (SELECT id FROM tracks WHERE name = 'one'); UPDATE marks SET track_id = (SELECT id FROM tracks WHERE name = 'two')");
($code, $err, $tables) = sync();
is("$code$err " . $counts->($tables), '0 0/0/0/0 1/0/1/0 0/1/0/0 1/0/1/0', 'content alone: what moves to another row of the same parent is brought');
is(sql('destination', $led), sql('source', $led), 'content alone: and leads where it does at the source');
sql('source', "UPDATE tracks SET name = 'Two' WHERE name = 'two'");
($code, $err) = sync();
is("$code$err " . sql('destination', $led), '0 ' . sql('source', $led), 'content alone: the row itself holds something else');
($code, $err, $tables) = sync();
is("$code$err " . $counts->($tables), '0 0/0/0/0 0/0/0/0 0/0/0/0 0/0/0/0', 'content alone: nothing is left to do');

# Chinook, whose tables have no key but drawn ones: those of tracks, invoices and their lines are others here
SKIP:
{
	my $file = "$top/../shared/data/chinook.sql";
	skip 'no ../shared/data', 4 unless -r $file;
	my $chinook = slurp_file($file);
	my $all = q{SELECT md5(string_agg(r::text, e'\n' ORDER BY r::text COLLATE "C")), count(*) FROM (%s) r;};
	my $track = q{t.name, t.composer, t.milliseconds, t.bytes, t.unit_price, t.genre_id, t.media_type_id, t.album_id};
	my $invoice = q{i.customer_id, i.invoice_date, i.billing_address, i.total};
	my $rows = join '', map { sprintf $all, $_ } "SELECT $track FROM track t", "SELECT $invoice FROM invoice i",
	  "SELECT l.unit_price, l.quantity, $track, $invoice FROM invoice_line l JOIN track t USING (track_id) JOIN invoice i USING (invoice_id)",
	  "SELECT p.playlist_id, $track FROM playlist_track p JOIN track t USING (track_id)",
	  map { "SELECT * FROM $_" } qw(artist album genre media_type playlist employee customer);

	make_both('', $chinook, $chinook);
	sql('destination', q{SET session_replication_role = replica; UPDATE track SET track_id = 20000 - track_id; UPDATE invoice SET invoice_id = 9000 - invoice_id;
		UPDATE invoice_line SET track_id = 20000 - track_id, invoice_id = 9000 - invoice_id, invoice_line_id = 9000 - invoice_line_id; UPDATE playlist_track SET track_id = 20000 - track_id;
		SELECT setval('track_track_id_seq', 20000), setval('invoice_invoice_id_seq', 9000), setval('invoice_line_invoice_line_id_seq', 9000)});
	($code, $err, $tables) = sync();
	is(join(' ', "$code$err", grep { my $t = $tables->{$_}; $t->{new} + $t->{changed} + $t->{only_there} > 0 } sort keys %$tables), '0', 'Chinook: the same under other ids');
	sql('source', q{UPDATE invoice_line l SET track_id = n.track_id FROM (SELECT track_id AS was, lead(track_id) OVER (PARTITION BY album_id ORDER BY track_id) AS track_id FROM track) n
		WHERE was = l.track_id AND n.track_id IS NOT NULL AND invoice_line_id % 3 = 0
		AND NOT EXISTS (SELECT FROM invoice_line o WHERE o.invoice_id = l.invoice_id AND o.track_id = n.track_id);
		UPDATE track SET composer = 'nobody' WHERE track_id % 50 = 0; DELETE FROM playlist_track WHERE track_id % 70 = 1; UPDATE invoice SET billing_address = 'gone' WHERE invoice_id % 40 = 0});
	($code, $err, $tables) = sync();
	is("$code$err", '0', 'Chinook: lines that moved to the next track, tracks and invoices that are others');
	is(sql('destination', $rows), sql('source', $rows), 'Chinook: the same content');
	($code, $err, $tables) = sync();
	is(join(' ', "$code$err", grep { my $t = $tables->{$_}; $t->{new} + $t->{changed} + $t->{only_there} > 0 } sort keys %$tables), '0', 'Chinook: nothing is left to do');
}

# --- rows at random: unique values, periods and parents move every way, rows come and go

make_both(q{CREATE TABLE orgs (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, rank int UNIQUE NOT NULL);
	CREATE TABLE places (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, org_id int NOT NULL REFERENCES orgs, pos int NOT NULL, twin int REFERENCES places, UNIQUE (org_id, pos));
	CREATE TABLE orders (id serial PRIMARY KEY, slug text UNIQUE NOT NULL, place_id int NOT NULL REFERENCES places ON DELETE CASCADE, no int UNIQUE, at int4range, EXCLUDE USING gist (at WITH &&))},
	'', 'CREATE TABLE audit (place_id int REFERENCES places, order_id int REFERENCES orders)');
my $content = q{SELECT 'g', slug, rank FROM orgs ORDER BY 2; SELECT 'p', p.slug, g.slug, p.pos, t.slug FROM places p JOIN orgs g ON g.id = p.org_id LEFT JOIN places t ON t.id = p.twin ORDER BY 2;
	SELECT 'o', o.slug, p.slug, no, at FROM orders o JOIN places p ON p.id = place_id ORDER BY 2};

sub some { my ($most, @of) = @_; my @shuffled = map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } @of; return @shuffled[ 0 .. ($most < @of ? $most : @of) - 1 ]; }

# Ranks and numbers up to those.
sub rows_at_random
{
	my ($ranks, $numbers) = @_;
	my @orgs = some(1 + int rand 4, 'A' .. 'D');
	my @rank = some(scalar @orgs, 1 .. $ranks);
	my ($sql, %taken, @places) = ('');

	$sql .= "INSERT INTO orgs (slug, rank) VALUES ('$_', " . shift(@rank) . ');' foreach @orgs;
	foreach my $place (some(int rand 7, 'p' .. 'u'))
	{
		my ($org, $pos) = ($orgs[ rand @orgs ], 1 + int rand 4);

		next if $taken{"$org $pos"}++;
		$sql .= "INSERT INTO places (slug, org_id, pos, twin) SELECT '$place', id, $pos, (SELECT id FROM places WHERE slug = '" . (@places ? $places[ rand @places ] : '') . "') FROM orgs WHERE slug = '$org';";
		push @places, $place;
	}
	my @orders = @places ? some(int rand 9, 'a' .. 'h') : ();
	my @no = some(scalar @orders, 1 .. $numbers);
	my @at = some(scalar @orders, 1 .. 11);
	$sql .= "INSERT INTO orders (slug, place_id, no, at) SELECT '$_', id, " . shift(@no) . ", int4range(" . ($at[0]) . ", " . (shift(@at) + 1) . ") FROM places WHERE slug = '$places[rand @places]';" foreach @orders;
	return $sql;
}

srand 20;
my @wrong;
foreach my $round (1 .. 12)
{
	my $checked = $round > 6;	# then some rows fail, and some are held
	my %rows = (source => rows_at_random(5, 11), destination => rows_at_random($checked ? (4, 9) : (5, 11)));
	my (%before, %after, %source);

	sql('destination', 'TRUNCATE orgs, places, orders CASCADE; ALTER TABLE orgs ADD CHECK (rank < 5); ALTER TABLE orders ADD CHECK (no < 10)') if $round == 7;
	sql($_, "SET client_min_messages = error; TRUNCATE orgs, places, orders RESTART IDENTITY CASCADE;"
		  . ($_ eq 'destination' ? "SELECT setval('orgs_id_seq', 1 + $round), setval('places_id_seq', 2 * $round), setval('orders_id_seq', 7);" : '') . $rows{$_}) foreach keys %rows;
	sql('destination', 'INSERT INTO audit SELECT id FROM places WHERE pos = 1 LIMIT 1; INSERT INTO audit (order_id) SELECT id FROM orders WHERE no = 3') if $checked;
	%before = map { /^(\S\|\w)/ => $_ } split / /, sql('destination', $content);
	%source = map { /^(\S\|\w)/ => $_ } split / /, sql('source', $content);
	($code, $err) = sync();
	%after = map { /^(\S\|\w)/ => $_ } split / /, sql('destination', $content);
	my $same = join(' ', map { $after{$_} } sort keys %after) eq join(' ', map { $source{$_} } sort keys %source);
	push @wrong, "round $round: exit $code, " . ($same ? 'same' : 'other') . " $err" if $code > 1 || ($code == 0) != $same || (!$checked && !$same);
	push @wrong, map { "round $round: lost $_" } grep { $source{$_} && !$after{$_} } keys %before;
	push @wrong, map { "round $round: changed $before{$_} to $after{$_}" } grep { !$source{$_} && $after{$_} && $after{$_} ne $before{$_} } keys %before;
}
is(join("\n", @wrong), '', 'both are the same after a sync, or it says otherwise: no row is lost, and none that stays is changed');

chdir $top;
done_testing();
