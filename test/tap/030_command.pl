# The installed db-adapter command: every command, its exit codes, and what it
# prints, against a real server, without one, and in a project of the Python
# library of the same name.
use strict;
use warnings;
use Cwd;
use File::Copy;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A shell's background job ignores them, and so would what it runs.
$SIG{$_} = 'DEFAULT' foreach qw(INT HUP QUIT);

plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $top = getcwd();
my $prefix = PostgreSQL::Test::Utils::tempdir();
my $secret = 'tops3cret-pass';
my $seen = '';					# all that any command printed

system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME DEV_USER_ID)};
$ENV{NO_COLOR} = '1';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(shop other old);
$node->safe_psql('postgres', "CREATE ROLE app LOGIN SUPERUSER PASSWORD '$secret'");
my $server = 'host=' . $node->host . ' port=' . $node->port . ' user=app';

sub write_file
{
	my ($name, $text) = @_;

	open(my $file, '>', $name) or die "$name: $!";
	print $file $text;
	close $file;
	return;
}

# Runs the command; compares exit code, standard output and standard error.
sub command_is
{
	my ($args, $code, $stdout, $stderr, $name, $input) = @_;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'setsid', '--wait', 'db-adapter', @$args ], '<', \($input // ''), '>', \$out, '2>', \$err);
	$run->finish;
	my $got = ($? & 127) ? "signal $?" : $? >> 8;

	$seen .= $out . $err;
	is($got, $code, "$name: exit code") or diag("$out$err");
	like($out, $stdout, "$name: standard output") if defined $stdout;
	like($err, $stderr, "$name: standard error") if defined $stderr;
	ok(eval { decode_json($out) }, "$name: standard output is one JSON document") or diag($out)
	  if grep { $_ eq '--json' } @$args;
	return $out;
}

# --- without any project

chdir PostgreSQL::Test::Utils::tempdir();
program_help_ok('db-adapter');
program_version_ok('db-adapter');
program_options_handling_ok('db-adapter');
foreach my $command (qw(connect status profiles validate fix sync backup restore install introspect jobs))
{
	command_is([ $command, '--help' ], 0, qr/^Usage:\n  db-adapter .*\b$command\b/, qr/^$/, "$command --help");
}
command_is([], 2, qr/^$/, qr/Commands:/, 'no command');
command_is(['vaildate'], 2, qr/^$/, qr/unknown command "vaildate"; perhaps you meant "validate"/, 'unknown command');
command_is([ 'validate', '--shcema-file', 'x' ], 2, undef, qr/perhaps you meant --schema-file/, 'unknown option');
command_is([ 'backup', '-o' ], 2, undef, qr/option -o needs a value: FILE/, 'option without value');
command_is([ 'status', '--json=x' ], 2, undef, qr/option --json takes no value/, 'value without need');
command_is([ 'status', 'x' ], 2, undef, qr/unexpected argument "x" of status/, 'superfluous argument');
command_is(['restore'], 2, undef, qr/restore needs an argument: FILE/, 'missing argument');
command_is(['validate'], 2, undef, qr/no database chosen.*HINT: There is no "/s, 'no project');
command_is(['status'], 0, qr/no database chosen/, qr/^$/, 'status without a project');
command_is([ '--config', 'nix.toml', 'profiles' ], 2, undef, qr/could not read "nix.toml"/, 'no such file');
foreach my $shell (qw(bash zsh))
{
	next if system("which $shell >/dev/null 2>&1") != 0;
	my $file = $shell eq 'bash' ? 'bash-completion/completions/db-adapter' : 'zsh/site-functions/_db-adapter';
	is(system($shell, '-n', "$prefix/share/$file"), 0, "completion for $shell parses");
}
like(slurp_file("$prefix/share/man/man1/db-adapter.1"), qr/^\.SS restore FILE$/m, 'the man page tells every command');

# --- a project

write_file('db.toml', <<"END");
[profiles.shop]
url = "$server dbname=shop password='$secret'"
description = "The shop"
[profiles.other]
url = "$server dbname=other password='$secret'"
[profiles.down]
url = "postgresql://app:$secret\@localhost:1/x"
[profiles.unset]
url = "postgresql://app:[YOUR-PASSWORD]\@localhost/x"
db_password = "NOT_SET_ANYWHERE"
END
write_file('schema.sql', <<'END');
CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, name text, UNIQUE (user_id, slug));
CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL,
	author_id int NOT NULL REFERENCES authors, title text, price numeric(10,2), UNIQUE (user_id, slug));
END
my $schema = slurp_file('schema.sql');
$node->safe_psql($_, $schema) foreach qw(shop other);
$node->safe_psql('shop', q{
	INSERT INTO authors (user_id, slug, name) SELECT 'u1', 'a' || g, 'Name' FROM generate_series(1, 3) g;
	INSERT INTO books (user_id, slug, author_id, title, price)
	SELECT 'u1', 'b' || g, 1 + g % 3, 'Title ' || g, g * 1.5 FROM generate_series(1, 1200) g;
	INSERT INTO authors (user_id, slug) VALUES ('u2', 'x')});

command_is(['profiles'], 0, qr/Profile.*\n.*\n *shop +postgres .*password='\*\*\*'.*The shop/, qr/^$/, 'profiles');
command_is([ 'profiles', '--json' ], 0, qr/"name":\t"shop"/, qr/^$/, 'profiles --json');
command_is([ '--profile', 'shpo', 'validate', '--json' ], 2, qr/"code":\t"profile not found"/, undef, 'unknown profile --json');
command_is([ '--profile', 'shpo', 'validate' ], 2, undef, qr/"shpo" .*not in "db.toml"\nHINT: Perhaps you meant "shop"/s, 'unknown profile');
command_is([ '--profile', 'unset', 'validate' ], 2, undef, qr/db.toml:10:1: .*NOT_SET_ANYWHERE/, 'missing variable');
command_is([ '--profile', 'down', 'validate' ], 3, qr/^$/, qr/could not connect/, 'no server');
command_is([ 'status', '--profile', 'down' ], 0, qr/Connection +could not connect/, qr/^$/, 'status without a server');

# without the extension
command_is([ '--profile', 'shop', 'validate' ], 4, qr/^$/, qr/not installed.*HINT: Install it: db-adapter --profile shop install/s, 'validate without the extension');
command_is([ '--profile', 'shop', 'connect' ], 0, qr/validation skipped: .*not installed.*books +1,200/s, undef, 'connect without the extension');
is(slurp_file('.db-profile'), "shop\n", 'connect wrote the lock file');
copy("$top/test/data/project/backup.json", 'old.json') or die $!;
foreach my $args ([qw(fix --confirm)], [qw(backup --all-users -o x.jsonl)], [qw(restore old.json --yes)], ['introspect'], ['jobs'], [qw(sync --from other)])
{
	command_is($args, 4, qr/^$/, qr/not installed.*HINT: Install it: db-adapter install/s, "$args->[0] without the extension");
}
ok(!-e 'x.jsonl', 'and leaves no file');
command_is(['install'], 0, qr/created/, undef, 'install');
command_is(['install'], 0, qr/already installed/, undef, 'install again');
command_is([ 'install', '--profile', 'other', '-q' ], 0, qr/created/, qr/^$/, 'install elsewhere');

command_is(['connect'], 0, qr/Chosen by +lock file.*as expected/s, qr/"shop" is the current one/, 'connect');
command_is(['status'], 0, qr/Extension +\d.*authors +4\nbooks +1,200\n/s, qr/^$/, 'status');

# Whoever may create in public offers operators that fit closer than the server's own.
my @traps = ('!~~ (name, name)', '= (oid, regclass)', '= (regtype, oid)', '= (oid, int4)');
foreach my $trap (@traps)
{
	my ($name, $left, $right) = $trap =~ /(\S+) \((\w+), (\w+)\)/;
	$node->safe_psql('shop', qq{
		CREATE FUNCTION public.trap($left, $right) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION \$\$trapped\$\$; END';
		CREATE OPERATOR public.$name (LEFTARG = $left, RIGHTARG = $right, FUNCTION = public.trap);});
}
command_is(['status'], 0, qr/authors +4\nbooks +1,200\n/, qr/^$/, 'status takes no operator of others');
$node->safe_psql('shop', "DROP OPERATOR public.$_; ") foreach @traps;
$node->safe_psql('shop', 'DROP FUNCTION public.trap(name, name), public.trap(oid, regclass), public.trap(regtype, oid), public.trap(oid, int4)');
command_is([ 'status', '--json' ], 0, qr/"connected":\ttrue/, qr/^$/, 'status --json');
command_is(['validate'], 0, qr/as expected/, qr/^$/, 'validate');
command_is([ 'connect', '--json' ], 0, qr/"valid":\ttrue,.*"lock_written":\ttrue/s, qr/^$/, 'connect --json');
command_is([ 'install', '--json' ], 0, qr/"action":\t"already installed"/, qr/^$/, 'install --json');
command_is([ 'introspect', '--json', '--format', 'dot' ], 0, qr/digraph/, qr/^$/, 'introspect --json as a diagram');
command_is([ 'validate', '--json' ], 0, qr/"valid": *true/, qr/^$/, 'validate --json');
command_is([ 'introspect', '--format', 'mermaid' ], 0, qr/^erDiagram/, qr/^$/, 'introspect as a diagram');
command_is(['introspect'], 0, qr/"format": "db_adapter.schema"/, qr/^$/, 'introspect');
command_is([ 'introspect', '--format', 'png' ], 2, undef, qr/must be json, mermaid or dot/, 'introspect as what is not known');
{
	local $ENV{DB_PROFILE} = 'other';
	command_is(['validate'], 0, undef, qr/DB_PROFILE says "other", the lock file says "shop"; the environment wins/, 'environment before lock file');
}

# --- without the right to execute the schema's statements, or where nothing can be written

$node->safe_psql('shop', q{CREATE ROLE plain LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain;
	CREATE ROLE reader LOGIN SUPERUSER; ALTER ROLE reader SET default_transaction_read_only = on});
foreach my $limit ([ 'plain', qr/only tables and columns were compared: no right to/ ], [ 'reader', qr/only tables and columns were compared: the server is read-only/ ])
{
	my ($role, $said) = @$limit;
	my $url = $server =~ s/user=app/user=$role/r . ' dbname=shop';

	command_is([ 'validate', '--profile', $url ], 0, qr/as expected/, $said, "$role: validate");
	write_file('more.sql', $schema . 'ALTER TABLE books ADD COLUMN more int;');
	command_is([ 'validate', '--profile', $url, '--schema-file', 'more.sql' ], 1, qr/books\.more is missing/, $said, "$role: validate finds drift");
}
command_is([ 'validate', '--schema-file', 'nix.sql' ], 2, qr/^$/, qr/could not read schema file "nix.sql": No such file/, 'validate with what is not there');
write_file('typo.toml', slurp_file('db.toml') . "[schema]\nfiel = 'schema.sql'\n");
command_is([ 'profiles', '--config', 'typo.toml' ], 0, undef, qr/warning: .*fiel.*"?file"?/, 'a key that is not known');

# --- drift and its repair

$node->safe_psql('other', 'ALTER TABLE books DROP COLUMN price; ANALYZE books');
command_is([ '--profile', 'other', 'validate' ], 1, qr/books.price is missing/, undef, 'validate finds drift');
command_is([ '--profile', 'other', 'connect' ], 1, qr/books.price is missing/, undef, 'connect finds drift');
is(slurp_file('.db-profile'), "shop\n", 'and leaves the lock file alone');
my $plan = command_is([ 'fix', '--profile', 'other', '--plan-only' ], 0, qr/^\{\s.*"db_adapter.plan"/s, qr/^$/, 'fix --plan-only');
command_is([ 'fix', '--profile', 'other' ], 0, qr/1\. ALTER TABLE public.books ADD COLUMN price numeric\(10,2\).*hazards: access_exclusive_lock\n +public\.books: about \d+ rows, \d+\.\d kB\n/s, qr/looking at other .*nothing was changed/s, 'fix shows');
command_is([ 'fix', '--profile', 'other', '--confirm' ], 0, qr/as expected/, qr/changing other .*saved 0 rows to backups\/pre-fix-other-\d{8}-\d{6}\.jsonl/s, 'fix --confirm');
command_is([ 'fix', '--profile', 'other', '--confirm', '--no-backup', '--json' ], 0, qr/"plan":/, undef, 'fix with nothing to do');
command_is([ '--profile', 'other', 'validate' ], 0, undef, undef, 'the schema is repaired');
$node->safe_psql('other', 'ALTER TABLE books ADD COLUMN extra int');
command_is([ 'fix', '--profile', 'other', '--confirm', '--no-backup' ], 0, qr/books.extra is not expected/, undef, 'fix leaves what the schema does not have');
command_is([ 'fix', '--profile', 'other', '--allow-drop' ], 0, qr/1\. ALTER TABLE public.books DROP COLUMN extra/, undef, 'fix --allow-drop');
{
	# no folder where the rows are to be saved
	rename('backups', 'kept') or die;
	write_file('backups', '');
	command_is([ 'fix', '--profile', 'other', '--allow-drop', '--confirm' ], 4, undef, qr/the rows could not be saved, so nothing was changed; --no-backup does without/, 'fix without a place for the rows');
	is($node->safe_psql('other', 'SELECT count(extra) FROM books'), '0', 'and the column is still there');
	unlink 'backups';
	rename('kept', 'backups') or die;
}
command_is([ 'fix', '--profile', 'other', '--allow-drop', '--confirm', '--no-backup' ], 0, qr/as expected/, undef, 'fix --allow-drop --confirm');
write_file('strict.sql', $schema =~ s/name text/name text, born date NOT NULL/r);
$node->safe_psql('other', q{INSERT INTO authors (user_id, slug) VALUES ('u0', 'x')});
command_is([ 'fix', '--profile', 'other', '--schema-file', 'strict.sql', '--confirm', '--no-backup' ], 1, qr/^stays: .*born.*:.*drifted/ms, undef, 'fix of what cannot be: says what stays, and why');
$node->safe_psql('other', q{ALTER TABLE authors DROP COLUMN born; DELETE FROM authors});
command_is([ 'fix', '--recreate-threshold', 'x' ], 2, undef, qr/--recreate-threshold needs a number, not "x"/, 'fix: no number');
$node->safe_psql('other', 'ALTER TABLE books DROP COLUMN title, DROP COLUMN price');
command_is([ 'fix', '--profile', 'other', '--recreate-threshold', '2', '--plan-only' ], 0, qr/"tables_to_recreate": \[\s*"[^"]*books"/, undef, 'fix --recreate-threshold');
write_file('defs.json', '{"books.price": "numeric(12,4)"}');
command_is([ 'fix', '--profile', 'other', '--column-defs', 'defs.json' ], 0, qr/ADD COLUMN price numeric\(10,2\)/, undef, 'fix --column-defs: what the schema itself says goes before');
write_file('defs.json', '[]');
command_is([ 'fix', '--profile', 'other', '--column-defs', 'defs.json' ], 2, undef, qr/column definitions "defs.json" are not a JSON object/, 'fix: column definitions that are none');
command_is([ 'fix', '--profile', 'other', '--confirm', '--no-backup' ], 0, qr/as expected/, undef, 'and whole again');

# --- backup

command_is(['backup'], 2, qr/^$/, qr/whose rows\?/, 'backup of nobody');
command_is([ 'backup', '--json' ], 2, qr/"message":\t"whose rows\?/, undef, 'backup of nobody --json');
command_is([ 'backup', '--user-id', 'u1', '--all-users' ], 2, undef, qr/exclude each other/, 'backup of one and all');
command_is([ 'backup', '--tenant', 'u1', '--all-users' ], 2, undef, qr/exclude each other/, 'backup of one and all');
command_is([ 'backup', '--tenant', 'u1', '--user-id', 'u1' ], 2, undef, qr/--tenant and --user-id are one option/, 'one tenant under two names');
command_is([ 'backup' ], 2, undef, qr/whose rows\? --tenant NAME, or --all-users/, 'backup of nobody');
command_is([ 'backup', '--tenant', 'u1', '-o', '-', '-q' ], 0, qr/"user_id":"u1".*"authors":3/s, qr/^$/, 'backup --tenant');
command_is([ 'backup', '--all-users', '--format', 'xml' ], 2, undef, qr/must be jsonl or json/, 'backup as what is not known');
command_is([ 'backup', '--all-users', '--tables', 'authors,nix' ], 2, undef, qr/table "nix" is not in the backup schema$/m, 'backup of what is not there');
command_is([ 'backup', '--all-users', '--tables', 'book' ], 2, undef, qr/table "book" is not in the backup schema; perhaps you meant "books"/, 'backup of what is nearly there');
command_is([ 'backup', '--user-id', 'u1', '-o', 'u1.jsonl' ], 0, qr/^u1.jsonl\n$/, qr/1,203 rows/, 'backup');
command_is([ 'backup', '--user-id=u1', "-o$_", '-q' ], 0, qr/^\Q$_\E\n$/, qr/^$/, "backup to $_") foreach qw(u1.jsonl.gz u1.jsonl.zst u1.json);
command_is([ 'backup', '--all-users', '--json' ], 0, qr/"file":\t"backups\/backup-\d{4}-\d\d-\d\d-\d{4}\.jsonl",\s+"format":\t"jsonl",\s+"rows":\t1204/, qr/^$/, 'backup of all to the usual place');
my $stream = command_is([ 'backup', '--all-users', '-o', '-', '--tables', 'authors' ], 0, qr/\A\{"format":"db_adapter.backup".*\{"end":true,.*\}\n\z/s, qr/^$/, 'backup to standard output');
command_is([ 'backup', '--validate', $_ ], 0, qr/^\Q$_\E: valid, format \w+, 1,203 rows$/m, qr/^$/, "$_ is valid") foreach qw(u1.jsonl u1.jsonl.gz u1.jsonl.zst u1.json);
command_is([ 'backup', '--validate', '-', '--json' ], 0, qr/"valid":\ttrue/, qr/^$/, 'a stream is valid', $stream);
command_is([ 'backup', '--validate', 'nix.jsonl', '--json' ], 2, qr/"message":\t"could not read \\"nix.jsonl\\"/, undef, 'a file that is not there --json');
command_is([ 'backup', '--user-id', 'u1', '-o', 'nowhere/x.jsonl' ], 4, undef, qr/could not write "nowhere\/x.jsonl": No such file/, 'backup to nowhere');

command_is([ 'backup', '--user-id', 'u1', '-o', 'u1.doc.json', '--format', 'jsonl', '-q' ], 0, undef, undef, 'backup --format');
command_is([ 'backup', '--validate', 'u1.doc.json' ], 0, qr/valid, format jsonl/, undef, 'overrides the name');

# Where neither the name nor an option tells the format it is the server's default, whatever that is.
sub default_format
{
	my ($from, $to) = @_;

	$node->safe_psql('shop', "DO \$\$ BEGIN EXECUTE replace(pg_get_functiondef('db_adapter.backup'::regproc), '''$from''::text', '''$to''::text'); END \$\$");
	return;
}
command_is([ 'backup', '--user-id', 'u1', '-o', 'u1.plain', '--json' ], 0, qr/"format":\t"jsonl",\s+"rows":\t1203/, qr/^$/, 'backup to a name that tells no format');
default_format('jsonl', 'json');
command_is([ 'backup', '--user-id', 'u1', '-o', 'u1.other', '--json' ], 0, qr/"format":\t"json",\s+"rows":\t1203/, qr/^$/, 'the default of the server');
command_is([ 'backup', '--user-id', 'u1', '-o', 'u1.named.jsonl', '--json' ], 0, qr/"format":\t"jsonl",\s+"rows":\t1203/, qr/^$/, 'a name that tells one');
default_format('json', 'jsonl');
SKIP:
{
	skip 'there is no /dev/full', 2 if !-e '/dev/full';
	my $err = '';
	IPC::Run::run([ 'db-adapter', 'backup', '--all-users', '-o', '-' ], '>', '/dev/full', '2>', \$err);
	is($? >> 8, 4, 'a disk that is full: exit code');
	like($err, qr/could not write "standard output": No space left on device/, 'a disk that is full: message');
}

my $text = slurp_file('u1.jsonl');
write_file('cut.jsonl', substr($text, 0, length($text) / 2));
write_file('altered.jsonl', $text =~ s/Title 7"/Title 8"/r);
command_is([ 'backup', '--validate', 'cut.jsonl' ], 1, qr/error .*the file ends without its trailer.*not valid/s, qr/^$/, 'a cut file is not valid');
command_is([ 'backup', '--validate', 'altered.jsonl' ], 1, qr/the CRC-32C is/, qr/^$/, 'an altered file is not valid');
command_is([ 'backup', '--validate', 'nix.jsonl' ], 2, undef, qr/could not read "nix.jsonl"/, 'a file that is not there');

# --- restore

sub rows
{
	return $node->safe_psql('other', q{SELECT string_agg(user_id || ' ' || n, ', ' ORDER BY user_id)
		FROM (SELECT user_id, count(*) AS n FROM books GROUP BY 1) t});
}

command_is([ 'restore', 'cut.jsonl', '--profile', 'down', '--yes' ], 1, undef, qr/cut off or was changed/, 'a cut file is refused before anybody connects');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '--mode', 'merge', '--yes' ], 2, undef, qr/--mode must be/, 'restore in what mode?');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other' ], 2, undef, qr/no terminal to ask; --yes/, 'restore without a terminal');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '--dry-run' ], 0, qr/books +1,200 /, qr/rolled back/, 'restore --dry-run');
is(rows(), '', 'and nothing is there');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y' ], 0, qr/authors +3 .*books +1,200 /s, qr/^$/, 'restore');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y' ], 0, qr/books +0 +0 +1,200 /, qr/^$/, 'restore again skips');
$node->safe_psql('other', q{UPDATE books SET title = title || '?'});
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '-m', 'overwrite' ], 0, qr/books +0 +1,200 +0 +0 /, qr/^$/, 'restore again overwrites');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '-m', 'overwrite' ], 0, qr/Updated +Unchanged +Skipped.*books +0 +0 +1,200 /s, qr/^$/, 'and once more leaves all as it is');
$node->safe_psql('other', q{INSERT INTO authors (user_id, slug) VALUES ('u1', 'only here'), ('u2', 'of another')});
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-m', 'replace' ], 2, undef, qr/no terminal to ask; --yes/, 'restore --mode replace without a terminal');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-m', 'replace', '--dry-run' ], 0, qr/Deleted.*authors +0 +0 +1 +3 /s, qr/rolled back/, 'restore --mode replace --dry-run');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '-m', 'replace' ], 0, qr/Deleted.*authors +0 +0 +1 +3 .*books +0 +0 +0 +1,200 /s, qr/^$/, 'restore --mode replace deletes what the file does not have');
is($node->safe_psql('other', q{SELECT string_agg(DISTINCT user_id, ' ') FROM authors WHERE slug IN ('only here', 'of another')}), 'u2', 'of its tenant');
$node->safe_psql('other', q{DELETE FROM authors WHERE user_id = 'u2'});
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '-m', 'fail' ], 4, undef, undef, 'restore again fails');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '-m', 'fail', '-v' ], 4, undef, qr/^SQLSTATE: 23505$/m, 'and -v says with which SQLSTATE');
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '-m', 'fail', '--json' ], 4, qr/"sqlstate":\t"23505"/, undef, 'restore again fails --json');
command_is([ 'restore', 'cut.jsonl', '--profile', 'down', '-y', '--json' ], 1, qr/"message":\t"\\"cut.jsonl\\": /, undef, 'a cut file --json');
command_is([ 'restore', 'u1.jsonl.gz', '--profile', 'other', '-y', '--user-id', 'gz' ], 0, undef, undef, 'restore from gzip');
command_is([ 'restore', 'u1.jsonl.zst', '--profile', 'other', '-y', '--user-id', 'zst' ], 0, undef, undef, 'restore from zstd');
command_is([ 'restore', '-', '--profile', 'other', '-y', '--user-id', 'pipe', '--json' ], 0, qr/"table":\t"books",\s+"inserted":\t1200/, qr/^$/, 'restore from standard input', $text);
command_is([ 'restore', 'u1.json', '--profile', 'other', '-y', '--user-id', 'doc' ], 0, qr/books +1,200 /, undef, 'restore of a json backup');
is(rows(), 'doc 1200, gz 1200, pipe 1200, u1 1200, zst 1200', 'all rows are there');
command_is([ 'restore', 'altered.jsonl', '--profile', 'other', '-y', '--user-id', 'bad' ], 4, undef, undef, 'an altered file is noticed at its end');
unlike(rows(), qr/bad/, 'and nothing stays');
$node->safe_psql('other', q{ALTER TABLE books ADD CONSTRAINT unlucky CHECK (title <> 'Title 7') NOT VALID});
command_is([ 'restore', 'u1.jsonl', '--profile', 'other', '-y', '--user-id', 'check' ], 1, qr/books +1,199 +0 +0 +1 /, qr/books, row 7: .*"unlucky" \(23514\)/, 'a failing row costs itself');
$node->safe_psql('other', 'ALTER TABLE books DROP CONSTRAINT unlucky');

# --- sync

sub books
{
	return $node->safe_psql('other', q{SELECT string_agg(slug || ' ' || title, ', ' ORDER BY slug COLLATE "C") FROM books
		WHERE user_id = 'u1' AND slug IN ('b1', 'b2', 'gone', 'new')});
}

$node->safe_psql('other', q{DELETE FROM books WHERE user_id <> 'u1'; DELETE FROM authors WHERE user_id <> 'u1';
	UPDATE books SET title = 'old' WHERE slug = 'b1'; DELETE FROM books WHERE slug = 'b2';
	INSERT INTO books (user_id, slug, author_id, title) SELECT 'u1', 'gone', min(id), 'Gone' FROM authors});
$ENV{DB_PROFILE} = 'other';
command_is(['sync'], 2, qr/^$/, qr/from where\? --from PROFILE/, 'sync from nowhere');
command_is([ 'sync', '-f', 'shpo' ], 2, undef, qr/"shpo" .*Perhaps you meant "shop"/s, 'sync from an unknown profile');
command_is([ 'sync', '--from', 'other' ], 2, undef, qr/other and other are the same database/, 'sync with itself');
command_is([ 'sync', '--from', 'shop', '--mode', 'merge' ], 2, undef, qr/--mode must be/, 'sync in what mode?');
command_is([ 'sync', '--from', 'shop', '--tables', 'book' ], 2, undef, qr/table "book" is not in the backup schema; perhaps you meant "books"/, 'sync of what is not there');
command_is([ 'sync', '--from', 'down' ], 3, undef, qr/source: could not connect/, 'sync from a server that is down');
command_is([ 'sync', '--from', 'shop', '--user-id', 'u1' ], 0, qr/^Table +New +Changed +Same +Only here\n.+\nauthors +0 +0 +3 +0\nbooks +1 +1 +1,198 +1\n$/,
	qr/warning: .*the lock file says "shop".*looking at other \(.*chosen by environment\)\nfrom shop \(.*warning: .*no backup schema is known.*nothing was changed; --confirm brings the 2 rows.*--delete/s, 'sync shows');
is(books(), 'b1 old, gone Gone', 'and changes nothing');
write_file('sync.toml', slurp_file('db.toml') . "[sync]\ntables = ['authors']\n");
command_is([ 'sync', '--from', 'shop', '--config', 'sync.toml' ], 0, qr/^authors .*\n\z/m, undef, 'sync of the tables of db.toml');
command_is([ 'sync', '--from', 'shop', '--config', 'sync.toml', '--tables', 'books' ], 0, qr/^-+\nbooks .*\n\z|\nbooks .*\n\z/m, undef, '--tables goes before them');
command_is([ 'sync', '--from', 'shop', '--confirm', '--dry-run', '--json' ], 0, qr/"source":\t"shop",\s+"destination":\t"other",\s+"dry_run":\ttrue,\s+"tables":.*"table":\t"authors",\s+"source_rows":\t4,.*"new":\t1,/s, undef, 'sync --json');
command_is([ 'sync', '--from', 'shop', '--user-id', 'u1', '--mode', 'fail', '--confirm' ], 4, undef, qr/exists already/, 'sync --mode fail');
command_is([ 'sync', '--from', 'shop', '--user-id', 'u1', '--mode', 'skip', '--confirm', '-q' ], 0, qr/books +1 +0 +0 /, qr/^$/, 'sync --mode skip');
is(books(), 'b1 old, b2 Title 2, gone Gone', 'brings what is new');
command_is([ 'sync', '--from', 'shop', '--user-id', 'u1', '--tables', 'books', '--confirm' ], 0, qr/^Table.*\n.+\nbooks +0 +1 +0 +1,199\n$/, qr/changing other/, 'sync --tables');
is(books(), 'b1 Title 1, b2 Title 2, gone Gone', 'brings what has changed');
command_is([ 'sync', '--from', 'shop', '--user-id', 'u1', '--confirm', '--delete' ], 2, undef, qr/no terminal to ask; --yes/, 'sync --delete asks');
command_is([ 'sync', '--from', 'shop', '--confirm', '--delete', '--yes' ], 0, qr/authors +1 +0 +0 +3\nbooks +0 +0 +1 +1,200\n$/, undef, 'sync --delete --yes');
is(books(), 'b1 Title 1, b2 Title 2', 'and both are the same');
command_is([ 'sync', '--from', 'shop', '--confirm', '--delete' ], 0, qr/authors +0 +0 +0 +4\nbooks +0 +0 +0 +1,200\n$/, undef, 'sync again has nothing to do');
command_is([ 'sync', '--from', 'shop' ], 0, undef, qr/^there is nothing to bring$/m, 'and says so');
write_file('backup-schema.json', '{"tables": [{"name": "authors"}, {"name": "books", "parent": {"table": "authors", "field": "author_id"}}]}');
command_is([ 'sync', '--from', 'shop', '--backup-schema', 'backup-schema.json', '--json' ], 0, qr/"same":\t1200/, qr/^((?!no backup schema).)*$/s, 'sync --backup-schema');
$node->safe_psql('shop', q{UPDATE books SET title = 'Title 8b' WHERE slug = 'b8'});
$node->safe_psql('other', q{ALTER TABLE books ADD CONSTRAINT unlucky CHECK (title <> 'Title 8b')});
command_is([ 'sync', '--from', 'shop', '--confirm' ], 1, qr/books +0 +0 +0 +1,199 +1\n/, qr/books, row \d+: .*"unlucky" \(23514\)/, 'a row that fails costs itself');
$node->safe_psql('other', 'ALTER TABLE books DROP CONSTRAINT unlucky');
$node->safe_psql('shop', q{UPDATE books SET title = 'Title 8' WHERE slug = 'b8'});
{
	my ($out, $err) = ('', '');
	my $lock = $node->background_psql('other');
	$lock->query_safe('BEGIN; LOCK TABLE books');
	my $run = IPC::Run::start([ 'db-adapter', 'sync', "-f$server dbname=shop password='$secret'", '--confirm', "--profile=$server dbname=other password='$secret'" ], '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = 'other' AND wait_event_type = 'Lock')})
	  or die 'the sync did not wait';
	my $seen_by_all = slurp_file("/proc/$run->{KIDS}[0]{PID}/cmdline");
	like($seen_by_all, qr/sync\0\*+\0--confirm\0\*+\0/, 'the arguments of sync are to be seen, but for their URLs');
	$run->signal('INT');
	$run->finish;
	is($? >> 8, 130, 'an interrupted sync exits with 130');
	like($err, qr/interrupted; the transaction was rolled back/, 'and says what became of it');
	$lock->query_safe('ROLLBACK');
	$lock->quit;
	$seen .= $out . $err;
}
$node->safe_psql('other', 'DROP EXTENSION db_adapter CASCADE');
command_is([ 'sync', '--from', 'shop' ], 4, undef, qr/not installed in this database.*HINT: Install it: db-adapter install/s, 'sync without the extension here');
command_is([ 'sync', '--profile', 'shop', '--from', 'other' ], 4, undef, qr/not installed in the source database.*HINT: Install it: db-adapter --profile other install/s, 'sync without the extension there');
command_is(['install'], 0, undef, undef, 'install again here');
delete $ENV{DB_PROFILE};

# --- jobs

command_is(['jobs'], 0, qr/^no jobs\n$/, qr/^$/, 'no jobs');
command_is([ 'jobs', 'lits' ], 2, undef, qr/unknown action "lits" of jobs; perhaps you meant "list"/, 'jobs: unknown action');
command_is([ 'jobs', 'show' ], 2, undef, qr/jobs show needs an argument: N/, 'jobs: of which?');
command_is([ 'jobs', 'show', 'x' ], 2, undef, qr/"x" is not the number of a job/, 'jobs: no number');
command_is([ 'jobs', 'list', 'x' ], 2, undef, qr/unexpected argument "x" of jobs list/, 'jobs: superfluous');
command_is([ 'jobs', 'submit', 'validate', '[1]' ], 2, undef, qr/are a JSON object/, 'jobs: arguments that are none');
command_is([ 'jobs', 'show', '7' ], 1, qr/^$/, qr/there is no job 7/, 'jobs: no such job');
command_is([ 'jobs', 'submit', 'validate' ], 4, undef, qr/HINT: .*shared_preload_libraries/, 'jobs without the preload');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'");
$node->restart;
command_is([ 'jobs', 'submit', 'valdate' ], 4, undef, qr/HINT: .*"validate"/, 'jobs: unknown verb');
my ($job) = command_is([ 'jobs', 'submit', 'validate', '{"expected": {"authors": ["id"]}}', '--priority', '3' ], 0, qr/^\d+\n$/, qr/^$/, 'jobs submit') =~ /(\d+)/;
command_is([ 'jobs', 'wait', $job ], 0, qr/^state +succeeded$/m, qr/^$/, 'jobs wait');
command_is([ 'jobs', 'show', $job ], 0, qr/^command +validate\n.*^priority +3\n.*^result +\{.*"valid": true/ms, qr/^$/, 'jobs show');
command_is([ 'jobs', 'show', $job, '--json' ], 0, qr/"state":\t"succeeded"/, qr/^$/, 'jobs show --json');
command_is(['jobs'], 0, qr/^Job +State +Command +Owner +Submitted +Progress\n.+\n +$job +succeeded +validate +app +20/, qr/^$/, 'jobs');
command_is([ 'jobs', 'list', '--json' ], 0, qr/"jobs":\t\[\{\s+"id":\t$job,/, qr/^$/, 'jobs --json');
command_is([ 'jobs', 'cancel', $job ], 1, qr/ended already/, qr/^$/, 'jobs cancel of one that has ended');
{
	my $lock = $node->background_psql('shop');
	$lock->query_safe('BEGIN; LOCK TABLE authors');
	my $dump = $node->basedir . '/job.jsonl';
	my ($waiting) = command_is([ 'jobs', 'submit', 'backup_to_file', qq({"path": "$dump", "backup_schema": {"tables": [{"name": "authors"}]}}), '--json' ], 0, qr/"id":\t\d+/, qr/^$/, 'jobs submit --json') =~ /(\d+)/;
	command_is([ 'jobs', 'wait', $waiting, '--timeout', '0' ], 1, qr/^$/, qr/job $waiting has not ended yet/, 'jobs wait --timeout');
	command_is([ 'jobs', 'cancel', $waiting ], 0, qr/^cancelled\n$/, qr/^$/, 'jobs cancel');
	command_is([ 'jobs', 'wait', $waiting ], 1, qr/^state +cancelled$/m, qr/^$/, 'jobs wait of one that was cancelled');
	$lock->query_safe('ROLLBACK');
	$lock->quit;
}

# --- Ctrl-C: the source says nothing more, the restore is under way

{
	my ($in, $out, $err) = (substr($text, 0, length($text) / 2), '', '');
	my $run = IPC::Run::start([ 'db-adapter', 'restore', '-', '--profile', 'other', '-y', '--user-id', 'int' ], '<', \$in, '>', \$out, '2>', \$err);
	$run->pump while length $in;
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = 'other' AND state = 'idle in transaction')})
	  or die 'the restore did not begin';
	$run->signal('INT');
	$run->finish;
	is($? >> 8, 130, 'an interrupted restore exits with 130');
	like($err, qr/interrupted; the transaction was rolled back/, 'and says what became of it');
	unlike(rows(), qr/int/, 'and it is true');
	$seen .= $out . $err;
}

# --- Ctrl-C while a backup waits for a lock: no file is left behind

{
	my ($out, $err) = ('', '');
	my $lock = $node->background_psql('shop');
	$lock->query_safe('BEGIN; LOCK TABLE books');
	my $run = IPC::Run::start([ 'db-adapter', 'backup', '--all-users', '-o', 'int.jsonl', '--profile', "$server dbname=shop password='$secret'" ], '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = 'shop' AND wait_event_type = 'Lock')})
	  or die 'the backup did not wait';
	my $seen_by_all = slurp_file("/proc/$run->{KIDS}[0]{PID}/cmdline");
	like($seen_by_all, qr/int\.jsonl/, 'the arguments are to be seen');
	unlike($seen_by_all, qr/\Q$secret\E/, 'but no password among them');
	$run->signal('INT');
	$run->finish;
	is($? >> 8, 130, 'an interrupted backup exits with 130');
	is(join(' ', glob('int.jsonl*')), '', 'and leaves no file');
	$lock->query_safe('ROLLBACK');
	$lock->quit;
	$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE datname = 'shop' AND application_name = 'db_adapter' AND state = 'active')})
	  or die 'the backup goes on at the server';
	$seen .= $out . $err;
}

# --- a prefix leads to other variables

{
	local $ENV{APP_DB_PROFILE} = 'other';
	command_is([ '--env-prefix', 'APP_', 'status' ], 0, qr/Profile +other\nChosen by +environment/, undef, '--env-prefix');
	local $ENV{APP_DATABASE_URL} = "$server dbname=shop password='$secret'";
	delete local $ENV{APP_DB_PROFILE};
	rename('.db-profile', 'lock') or die;
	command_is([ 'status', '--env-prefix=APP_' ], 0, qr/Chosen by +DATABASE_URL.*password='\*\*\*'/s, undef, 'DATABASE_URL');
	rename('lock', '.db-profile') or die;
}

# --- a project of the Python library

my $project = PostgreSQL::Test::Utils::tempdir();
copy("$top/test/data/project/$_", "$project/$_") or die $_ foreach qw(db.toml schema.sql column-defs.json backup-schema.json .db-profile backup.json);
chdir $project;
my $toml = slurp_file('db.toml');
my ($host, $port) = ($node->host =~ s{/}{%2F}gr, $node->port);
$toml =~ s{\@localhost:5432/mydb}{\@/old?host=$host&port=$port};
write_file('db.toml', $toml);
$ENV{LOCAL_DB_PASSWORD} = $secret;
$ENV{DEV_USER_ID} = 'u1';
$node->safe_psql('old', slurp_file('schema.sql') . '; ALTER TABLE books DROP COLUMN tags');
command_is(['profiles'], 0, qr/\* +local .*Local development/, qr/^$/, 'project: profiles');
command_is(['install'], 0, undef, undef, 'project: install');
command_is(['validate'], 1, qr/books.tags is missing/, undef, 'project: validate');
command_is([ 'fix', '--confirm' ], 0, undef, undef, 'project: fix');
command_is(['connect'], 0, qr/as expected/, undef, 'project: connect');
command_is([ 'backup', '--validate', 'backup.json' ], 0, qr/valid, format json, 4 rows/, undef, 'project: its backup is valid');
command_is([ 'restore', 'backup.json', '--yes' ], 0, qr/authors +2 .*books +2 /s, undef, 'project: its backup is restored');
is($node->safe_psql('old', q{SELECT b.title, a.slug, e.slug, price, tags, meta FROM books b JOIN authors a ON a.id = author_id
	LEFT JOIN authors e ON e.id = editor_id ORDER BY b.slug}),
	'One é|bob|ann|12345678.50|{a,"b c"}|{"n": 12345678901234567890, "x": null}' . "\n" . 'Two|ann||||', 'project: every value is there');
command_is(['backup'], 0, qr/^backups\/backup-.*-u1\.jsonl$/m, qr/4 rows/, 'project: backup of the default tenant');
command_is([ 'backup', '--validate', glob('backups/backup-*-u1.jsonl') ], 0, qr/4 rows/, undef, 'project: and that is valid');

unlike($seen, qr/\Q$secret\E/, 'no output holds a password');
chdir $top;
done_testing();
