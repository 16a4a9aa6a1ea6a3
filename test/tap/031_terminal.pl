# The db-adapter command at a terminal: what it asks and how it takes the answers,
# Ctrl-C at every stage of every long command, progress and colours.
use strict;
use warnings;
use Cwd;
use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A shell's background job ignores them, and so would what it runs.
$SIG{$_} = 'DEFAULT' foreach qw(INT HUP QUIT);
use Session;
use Terminal;

plan skip_all => 'libio-pty-perl is not installed' if !eval { require IO::Pty };
plan skip_all => 'no pseudo terminal is to be had here' if !eval { IO::Pty->new };
plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $top = getcwd();
my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME NO_COLOR)};
@ENV{qw(TERM LC_ALL)} = qw(xterm C.UTF-8);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $server = 'host=' . $node->host . ' port=' . $node->port;

sub write_file
{
	my ($name, $text) = @_;

	open(my $file, '>', $name) or die "$name: $!";
	print $file $text;
	close $file;
	return;
}

chdir PostgreSQL::Test::Utils::tempdir();
write_file('schema.sql', <<'END');
CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text, UNIQUE (user_id, slug));
CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL,
	author_id int NOT NULL REFERENCES authors, title text, UNIQUE (user_id, slug));
CREATE TABLE notes (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, body text, UNIQUE (user_id, slug));
END
my $profiles = join '', map { qq([profiles.$_]\nurl = "$server dbname=$_"\ndescription = "Bücher, $_"\n) } qw(shop other);
write_file('bare.toml', $profiles);
write_file('db.toml', qq($profiles\n[schema]\nbackup_schema = "backup-schema.json"\n));
write_file('backup-schema.json', '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}}, {"name": "notes"}]}');
foreach my $database (qw(shop other))
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, slurp_file('schema.sql') . 'CREATE EXTENSION db_adapter');
}
# Rows for several chunks, so that there is progress to be seen before the last table.
$node->safe_psql('shop', q{
	INSERT INTO authors (user_id, slug, name) SELECT 'u1', 'a' || g, repeat('Name ', 20) FROM generate_series(1, 20000) g;
	INSERT INTO books (user_id, slug, author_id, title) SELECT 'u1', 'b' || g, g, 'Title' FROM generate_series(1, 100) g;
	INSERT INTO notes (user_id, slug, body) SELECT 'u1', 'n' || g, 'Body' FROM generate_series(1, 10) g});
# Its rows are waited for when those of the tables before have come.
$node->safe_psql('shop', 'CREATE VIEW slow AS SELECT * FROM notes WHERE pg_advisory_xact_lock_shared(7) IS NOT NULL');
write_file('slow.json', '{"tables": [{"name": "authors"}, {"name": "slow"}]}');
system_or_bail('db-adapter', '-q', '--profile', 'shop', 'backup', '--all-users', '-o', 'all.jsonl');
system_or_bail('db-adapter', '-q', '--profile', 'other', 'restore', 'all.jsonl', '-y');

# Everything that could have been changed.
sub state_of
{
	return $node->safe_psql('other', q{
		SELECT (SELECT md5(string_agg(a::text, '' ORDER BY slug)) FROM authors a), (SELECT md5(string_agg(b::text, '' ORDER BY slug)) FROM books b),
		(SELECT md5(string_agg(n::text, '' ORDER BY slug)) FROM notes n), db_adapter.fingerprint()})
	  . join ' ', glob('*.tmp backups/* *.tmp');
}

sub no_query_left
{
	return $node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE datname IN ('shop', 'other') AND application_name = 'db_adapter')});
}

# Locks in both databases, taken until released.
my %session = map { $_ => Session->new($node, $_) } qw(shop other);

sub hold
{
	my ($database, $sql) = @_;

	$session{$database}->query("BEGIN; $sql");
	return;
}

sub wait_for_lock
{
	my ($database) = @_;

	$node->poll_query_until('postgres', qq{SELECT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE datname = '$database' AND application_name = 'db_adapter' AND wait_event_type = 'Lock')})
	  or die "nothing waits in $database";
	return;
}

sub release
{
	$_->query('ROLLBACK') foreach values %session;
	return;
}

# The command meets a lock that is held and is interrupted there.
sub interrupt_at_lock
{
	my ($name, $database, $lock, $args, %option) = @_;
	my $before = state_of();

	hold($database, $lock);
	my $terminal = Terminal->new([ 'db-adapter', @$args ]);
	wait_for_lock($database);
	$terminal->expect($option{shows}) if defined $option{shows};
	$terminal->type("\cC");
	is($terminal->finish, 130, "$name: Ctrl-C exits with 130") or diag($terminal->printed);
	like($terminal->printed, qr/^(?:.*\r\e\[K)?db-adapter: interrupted; the transaction was rolled back$/m, "$name: and says so");
	release();
	ok(no_query_left(), "$name: no query is left");
	is(state_of(), $before, "$name: nothing has changed");
	return;
}

# --- questions

# Differences that sync --delete asks about.
$node->safe_psql('other', q{INSERT INTO notes (user_id, slug) VALUES ('u1', 'gone')});
my %question = (
	restore => [ [qw(restore all.jsonl --profile other)], qr/Restore into other \(.*\)\? \[y\/N\] / ],
	sync => [ [qw(sync --profile other --from shop --confirm --delete)], qr/Delete 1 rows that only other has\? \[y\/N\] / ]);

foreach my $command (sort keys %question)
{
	my ($args, $asked) = @{ $question{$command} };
	my $before = state_of();

	foreach my $answer ([ 'n', "n\n", 1 ], [ 'nothing', "\n", 1 ], [ 'the end of input', "\cD", 1 ], [ 'Ctrl-C', "\cC", 130 ])
	{
		my ($what, $keys, $code) = @$answer;
		my $terminal = Terminal->new([ 'db-adapter', @$args ]);

		$terminal->expect($asked);
		$terminal->type($keys);
		is($terminal->finish, $code, "$command: the answer $what exits with $code");
		like($terminal->printed, qr/^nothing done$/m, "$command: and nothing is done");
		is(state_of(), $before, "$command: really nothing");
	}
	my $terminal = Terminal->new([ 'db-adapter', @$args ]);
	$terminal->expect($asked);
	$terminal->type("y\n");
	is($terminal->finish, 0, "$command: the answer y exits with 0") or diag($terminal->printed);
}
is($node->safe_psql('other', q{SELECT count(*) FROM notes WHERE slug = 'gone'}), '0', 'the answer y deletes');

# What replacing would change is shown first, with how many rows would go.
$node->safe_psql('other', q{INSERT INTO notes (user_id, slug) VALUES ('u1', 'gone'), ('u1', 'too'); UPDATE authors SET name = 'x' WHERE slug = 'a1'});
foreach my $answer ([ "n\n", 1, 2 ], [ "y\n", 0, 0 ])
{
	my ($keys, $code, $rows) = @$answer;
	my $terminal = Terminal->new([ qw(db-adapter restore all.jsonl --profile other --mode replace) ]);

	$terminal->expect(qr/authors +0 +1 +19,999 +0\s.*notes +0 +0 +10 +2\s.*Replace rows in other \(.*\), and delete 2 rows that only it has\? \[y\/N\] /s);
	$terminal->type($keys);
	is($terminal->finish, $code, 'the answer to replacing exits with ' . $code) or diag($terminal->printed);
	is($node->safe_psql('other', q{SELECT count(*) FROM notes WHERE slug IN ('gone', 'too')}), $rows, "and leaves $rows rows");
}
like(printed([ qw(restore all.jsonl --profile other -y --mode replace) ]), qr/authors +0 +0 +20,000 /, 'and once more nothing is changed');

# Whether a tenant that is a row is there already stands in the question.
{
	write_file('rows.json', '{"tenant": {"table": "authors"}, "tables": [{"name": "authors"}]}');
	$node->safe_psql('shop', q{INSERT INTO authors (user_id, slug) VALUES ('rows', 'here'), ('rows', 'new')});
	$node->safe_psql('other', q{INSERT INTO authors (user_id, slug) VALUES ('rows', 'here')});
	is(system(qw(db-adapter backup --profile shop --backup-schema rows.json --tenant new -q -o tenant.jsonl)), 0, 'a tenant that is a row is saved');
	foreach my $case ([ here => 'who is there already' ], [ other => 'who is not there and is made' ])
	{
		my $terminal = Terminal->new([ 'db-adapter', qw(restore tenant.jsonl --profile other --backup-schema rows.json --tenant), $case->[0] ]);

		$terminal->expect(qr/Restore as tenant "$case->[0]", $case->[1] into other \(.*\)\? \[y\/N\] /);
		$terminal->type("n\n");
		is($terminal->finish, 1, "asked with: $case->[1]");
	}
	$node->safe_psql($_, q{DELETE FROM authors WHERE user_id = 'rows'}) foreach qw(shop other);
}

# References that mean other rows in another database are one more question.
$node->safe_psql($_, q{
	CREATE TABLE kinds (id serial PRIMARY KEY, note text);
	CREATE TABLE things (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, kind_id int REFERENCES kinds);
	INSERT INTO kinds (note) VALUES ('x')}) foreach 'shop', 'other';
$node->safe_psql('shop', q{INSERT INTO things (slug, kind_id) VALUES ('a', 1)});
write_file('things.json', '{"tables": [{"name": "things", "user_field": null}]}');
system_or_bail('db-adapter', '-q', '--profile', 'shop', 'backup', '--all-users', '--backup-schema', 'things.json', '-o', 'things.jsonl');
foreach my $answer ([ "n\n", 4, 0 ], [ "y\n", 0, 1 ])
{
	my ($keys, $code, $rows) = @$answer;
	my $terminal = Terminal->new([ qw(db-adapter restore things.jsonl --profile other --backup-schema things.json) ]);

	$terminal->expect(qr/Restore into other \(.*\)\? \[y\/N\] /);
	$terminal->type("y\n");
	$terminal->expect(qr/"things_kind_id_fkey".*Copy such values as they stand\? \[y\/N\] /s);
	$terminal->type($keys);
	is($terminal->finish, $code, 'the answer to copying exits with ' . $code) or diag($terminal->printed);
	is($node->safe_psql('other', 'SELECT count(*) FROM things'), $rows, "and leaves $rows rows");
}
{
	my $terminal = Terminal->new([ qw(db-adapter restore things.jsonl --profile other --backup-schema things.json --yes) ]);

	is($terminal->finish, 4, '--yes does not agree to what it has not been told');
	unlike($terminal->printed, qr/Copy such values/, 'nor is it asked');
}

# --- Ctrl-C at every stage

{
	# a server that takes connections and says nothing
	my $mute = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', Proto => 'tcp') or die $!;
	my $terminal = Terminal->new([ 'db-adapter', 'validate', '--profile', 'host=127.0.0.1 dbname=x port=' . $mute->sockport ]);
	my $connection = $mute->accept;
	sysread($connection, my $greeting, 8);
	$terminal->type("\cC");
	is($terminal->finish, 130, 'connecting: Ctrl-C exits with 130') or diag($terminal->printed);
}
{
	# a file that does not come to its end
	system_or_bail('mkfifo', 'pipe.sql');
	my $terminal = Terminal->new([qw(db-adapter validate --profile other --schema-file pipe.sql)]);
	open(my $pipe, '>', 'pipe.sql') or die $!;
	syswrite $pipe, 'CREATE TABLE';
	$terminal->type("\cC");
	is($terminal->finish, 130, 'reading a file: Ctrl-C exits with 130');
	like($terminal->printed, qr/db-adapter: interrupted$/m, 'reading a file: and says so');
	close $pipe;
}
my @sync = qw(sync --profile other --from shop --confirm);
$node->safe_psql('other', q{UPDATE notes SET body = 'old' WHERE slug = 'n1'; INSERT INTO notes (user_id, slug) VALUES ('u1', 'gone')});
interrupt_at_lock('sync, deriving the backup schema', 'other', 'LOCK notes', [ @sync, '--config', 'bare.toml' ]);
interrupt_at_lock('sync, comparing here', 'other', 'LOCK notes', \@sync);
interrupt_at_lock('sync, comparing there', 'shop', 'LOCK notes', \@sync);
interrupt_at_lock('sync, writing', 'other', 'LOCK notes IN SHARE MODE', \@sync);
interrupt_at_lock('sync, seeing what would go', 'other', q{SELECT FROM notes WHERE slug = 'gone' FOR UPDATE}, [ @sync, '--delete' ]);
interrupt_at_lock('sync, deleting', 'other', q{SELECT FROM notes WHERE slug = 'gone' FOR UPDATE}, [ @sync, '--delete', '--yes' ]);
interrupt_at_lock('backup', 'shop', 'LOCK notes', [qw(backup --profile shop --all-users -o x.jsonl)]);
interrupt_at_lock('backup under way', 'shop', 'SELECT pg_advisory_xact_lock(7)', [qw(backup --profile shop --all-users --backup-schema slow.json -o x.jsonl)], shows => qr/\r\e\[K *authors +[\d,]+ rows .*\d [kMG]?B\/s/);
interrupt_at_lock('compressed backup', 'shop', 'LOCK notes', [qw(backup --profile shop --all-users -o x.jsonl.zst)]);
interrupt_at_lock('restore', 'other', 'LOCK notes', [qw(restore all.jsonl --profile other -y --user-id u2)]);
interrupt_at_lock('restore under way', 'other', q{INSERT INTO notes (user_id, slug) VALUES ('u2', 'n1')}, [qw(restore all.jsonl --profile other -y --user-id u2)], shows => qr/\r\e\[K *[\d,]+ rows .*\e\[32m.*\xe2\x96\x91.* \d+ %.* left/);
write_file('schema.sql', slurp_file('schema.sql') =~ s/title text/title text, price numeric/r);
interrupt_at_lock('validate', 'other', 'ALTER SCHEMA public OWNER TO current_user', [qw(validate --profile other)]);
interrupt_at_lock('connect', 'other', 'ALTER SCHEMA public OWNER TO current_user', [qw(connect --profile other)]);
ok(!-e '.db-profile', 'connect wrote no lock file');
interrupt_at_lock('fix, comparing', 'other', 'ALTER SCHEMA public OWNER TO current_user', [qw(fix --profile other --confirm)]);
interrupt_at_lock('fix, saving rows', 'other', 'LOCK notes', [qw(fix --profile other --confirm)]);
interrupt_at_lock('fix, applying', 'other', 'LOCK books IN ROW SHARE MODE', [qw(fix --profile other --confirm --no-backup)]);

foreach my $args ([qw(restore - -y --profile other --user-id u2)], [qw(backup --validate -)])
{
	# typed by hand
	my $before = state_of();
	my $terminal = Terminal->new([ 'db-adapter', @$args ]);
	$terminal->type(qq({"format":\n));
	$terminal->expect(qr/ rows/) if $args->[0] eq 'backup';
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE application_name = 'db_adapter' AND state = 'idle in transaction')}) or die 'nothing waits for keys'
	  if $args->[0] eq 'restore';
	$terminal->type("\cC");
	is($terminal->finish, 130, "@$args: Ctrl-C exits with 130") or diag($terminal->printed);
	like($terminal->printed, qr/db-adapter: interrupted/, "@$args: and says so");
	is(state_of(), $before, "@$args: nothing has changed");
}

# After the plan was applied, while the schema is compared once more.
{
	my $cache = Session->new($node, 'other');
	hold('other', 'LOCK books IN ROW SHARE MODE');
	my $terminal = Terminal->new([qw(db-adapter fix --profile other --confirm --no-backup)]);
	wait_for_lock('other');
	$cache->query('BEGIN; LOCK db_adapter.expected_cache');
	release();
	$node->poll_query_until('other', q{SELECT EXISTS (SELECT 1 FROM pg_locks
		WHERE NOT granted AND relation = 'db_adapter.expected_cache'::regclass)})
	  or die 'the last comparison does not wait';
	$terminal->type("\cC");
	is($terminal->finish, 130, 'fix, comparing again: Ctrl-C exits with 130');
	like($terminal->printed, qr/interrupted; the plan was applied before that$/m, 'fix, comparing again: and does not say that nothing happened');
	$cache->query('ROLLBACK');
	$cache->quit;
	is($node->safe_psql('other', 'SELECT count(price) FROM books'), '0', 'fix, comparing again: the column is there');
}

# Twice, while the server is out of reach: the program ends, and takes its file with it.
{
	hold('shop', 'LOCK notes');
	my $terminal = Terminal->new([qw(db-adapter backup --profile shop --all-users -o x.jsonl)]);
	wait_for_lock('shop');
	my $postmaster = slurp_file($node->data_dir . '/postmaster.pid') =~ s/\n.*//sr;
	kill 'STOP', $postmaster;
	$terminal->type("\cC");
	$terminal->expect(qr/\^C/);
	# until the first has been taken: two at a time count as one
	1 while slurp_file("/proc/$terminal->{pid}/status") =~ /^ShdPnd:\s+0*[1-9a-f]/m;
	$terminal->type("\cC");
	is($terminal->finish, 130, 'Ctrl-C twice exits with 130');
	kill 'CONT', $postmaster;
	is(join(' ', glob('x.jsonl*')), '', 'and leaves no file');
	release();
	ok(no_query_left(), 'no query is left');
}

# --- colours and progress

# What it prints at a terminal, with these variables.
sub printed
{
	my ($args, %variable) = @_;
	local @ENV{ keys %variable } = values %variable;
	my $terminal = Terminal->new([ 'db-adapter', @$args ], columns => $variable{COLUMNS} // 80);

	$terminal->finish;
	return $terminal->printed;
}

my @restore = qw(restore all.jsonl --profile other -y --dry-run);
like(printed(['profiles']), qr/^\e\[1m +Profile .*\e\[0m\n\xe2\x94\x80.*B\xc3\xbccher/s, 'a terminal shows colours and lines');
like(printed(['profiles'], LC_ALL => 'C'), qr/\e\[0m\n---.*B/s, 'in the C locale it is ASCII');
unlike(printed(['profiles'], LC_ALL => 'C'), qr/[^\0-\x7f]/, 'and nothing else');
my ($head, undef, @lines) = split /\r?\n/, printed([ '--no-color', 'profiles' ], COLUMNS => 60, LC_ALL => 'C');
my ($from, $to) = (index($head, 'URL'), index($head, 'Description'));
my $urls = join '', map { substr($_ . ' ' x 60, $from, $to - $from) } @lines;
like($urls =~ s/\s//gr, qr/\Q@{[ "$server dbname=shop" =~ s{\s}{}gr ]}/, 'what is too long is broken, not cut');
like(printed(\@restore), qr/\e\[K.*rows.*\e\[32m.*\e\[1mTable/s, 'progress, then a table');
foreach my $plain ([ NO_COLOR => '1' ], [ 'option' => '1', '--no-color' ])
{
	my ($variable, $value, @option) = @$plain;
	my $text = printed([ @restore, @option ], $variable => $value);
	like($text, qr/\e\[K.* rows .*\e\[KTable/s, "@option$variable: there is progress");
	unlike($text, qr/\e\[\d*m/, "@option$variable: and no colour");
}
unlike(printed(\@restore, TERM => 'dumb'), qr/\e/, 'a dumb terminal gets no escapes');
unlike(printed([ @restore, '-q' ], NO_COLOR => '1'), qr/\e/, '-q shows no progress');

# --- a narrow terminal: nothing is broken but at spaces, nothing cut

# The widest line, in columns of this ASCII text; values without a space have no choice.
sub widest
{
	my $widest = 0;
	foreach (split /\r?\n/, $_[0])
	{
		s/\e\[[\d;]*[mK]//g;
		$widest = length if length > $widest && /\S\s+\S/ && !/^\s*\S{30,}$/;
	}
	return $widest;
}

my %narrow = (COLUMNS => 40, LC_ALL => 'C', NO_COLOR => '1');
foreach my $args (['--help'], [qw(fix --help)], [qw(help backup)], [qw(help jobs)], [qw(restore all.jsonl --profile other -y --dry-run)], [qw(status --profile shop)])
{
	my $text = printed($args, %narrow);

	# progress is one line that is written over again and again
	$text =~ s/.*\r\e\[K//s if $args->[0] eq 'restore';
	cmp_ok(widest($text), '<=', 40, "@$args at 40 columns") or diag($text);
}
my $help = printed(['--help'], %narrow);
my %words = map { $_ => 1 } split ' ', $help;
is(join(' ', grep { !$words{$_} } split ' ', printed(['--help'], %narrow, COLUMNS => 100)), '', 'help says the same at any width');
like(printed(['profiles'], %narrow), qr/^Profile +other\nProvider +postgres\nURL +\S.*\n +\S.*\nDescription  \S/ms, 'a table that does not fit is told as lists');
write_file('wide.sql', slurp_file('schema.sql') . 'CREATE TABLE extra (id int PRIMARY KEY, an_integer int, some_text text NOT NULL, another_text text);');
my $plan = printed([qw(fix --profile shop --schema-file wide.sql -q)], %narrow);
like($plan, qr/^ +1\. ALTER TABLE .*\n {5}\S/m, 'a plan goes on below its number');
cmp_ok(widest($plan =~ s/^.*?(?= +1\. )//sr), '<=', 40, 'and fits') or diag($plan);

# --- a plan that could not be verified is asked about

$node->safe_psql('other', 'CREATE SEQUENCE taken');
write_file('taken.sql', slurp_file('schema.sql') . 'CREATE INDEX taken ON notes (body);');
foreach my $answer ([ "n\n", 1 ], [ "\n", 1 ], [ "\cC", 130 ], [ "y\n", 4 ])
{
	my ($keys, $code) = @$answer;
	my $terminal = Terminal->new([qw(db-adapter fix --profile other --schema-file taken.sql --confirm --no-backup)]);

	$terminal->expect(qr/not verified: .*already exists.*Apply it all the same\? \[y\/N\] /s);
	$terminal->type($keys);
	is($terminal->finish, $code, 'the answer ' . ($keys =~ s/[^ -~]/./gr) . " gives $code");
}

# --- what others have written does not drive the terminal

my $hostile = "\e[2J\e]0;t\a\x{9b}31m\x{202e}\x{2066}\x{85}\x7f";
utf8::encode(my $bytes = $hostile);
$node->safe_psql('other', qq{CREATE DATABASE hostile});
$node->safe_psql('hostile', qq{SET client_encoding = 'UTF8'; CREATE EXTENSION db_adapter; CREATE TABLE "a$bytes" (id int PRIMARY KEY, user_id text); INSERT INTO "a$bytes" VALUES (1, 'x$bytes');
	COMMENT ON TABLE "a$bytes" IS 'c$bytes'});
write_file('hostile.json', encode_hostile($bytes));
write_file('hostile.sql', qq{CREATE TABLE "b$bytes" (id int)});
foreach my $args ([qw(status --profile), "$server dbname=hostile"], [qw(introspect --profile), "$server dbname=hostile"], [qw(validate --schema-file hostile.sql --profile), "$server dbname=hostile"],
	[qw(validate --json --schema-file hostile.sql --profile), "$server dbname=hostile"], [qw(fix --schema-file hostile.sql --profile), "$server dbname=hostile"], ["nonsense$bytes"], ["--profile", "no$bytes", 'status'],
	[qw(backup --all-users -o - --backup-schema hostile.json --profile), "$server dbname=hostile"])
{
	my $text = printed($args, NO_COLOR => '1');

	utf8::decode($text);
	$text =~ s/\r\e\[K//g;
	unlike($text, qr/[\x00-\x08\x0b-\x1f\x7f-\x9f\x{202a}-\x{202e}\x{2066}-\x{2069}]/, "$args->[0]: nothing drives the terminal");
}
like(printed([qw(introspect --profile), "$server dbname=hostile"], NO_COLOR => '1'), qr/\\u009b31m\\u202e\\u2066\\u0085\\x7f/, 'it is shown as escapes');

sub encode_hostile
{
	my ($name) = @_;

	return qq({"tables": [{"name": "a) . $name =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ger . q("}]});
}

$_->quit foreach values %session;
chdir $top;
done_testing();
