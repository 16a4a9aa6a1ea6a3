# The files that the db-adapter command writes and reads: whose they are and who may read
# them, what is replaced and what is written into, and what others may have laid in the way.
use strict;
use warnings;
use Cwd;
use Fcntl qw(:mode F_SETFL F_GETFL O_NONBLOCK O_RDONLY O_WRONLY);
use IO::Socket::UNIX;
use IPC::Run;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A shell's background job ignores them, and so would what it runs.
$SIG{$_} = 'DEFAULT' foreach qw(INT HUP QUIT);

plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
$ENV{NO_COLOR} = '1';
umask 022;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION db_adapter;
	CREATE TABLE t (id serial PRIMARY KEY, user_id text, slug text, j jsonb, a int[], UNIQUE (user_id, slug));
	INSERT INTO t (user_id, slug, j, a) VALUES ('A', 'x', 'null', '[0:1]={7,8}'), ('B', 'y', '{"n": 1}', NULL);
	CREATE TABLE loose (id serial PRIMARY KEY, name text);
	INSERT INTO loose (name) VALUES ('a'), ('b')});
chdir PostgreSQL::Test::Utils::tempdir();
my $url = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres user=' . getpwuid($>);

sub write_file
{
	my ($name, $text, $mode) = @_;

	open(my $file, '>', $name) or die "$name: $!";
	print $file $text;
	close $file;
	chmod $mode, $name if defined $mode;
	return;
}

# (exit code, standard output, standard error)
sub call
{
	my (@args) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'db-adapter', @args ], '<', \'', '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	return ($? >> 8, $out, $err);
}

sub backup
{
	return call('--profile', $url, 'backup', '--all-users', '-q', @_);
}

sub mode_of { return sprintf '%04o', (lstat($_[0]))[2] & 07777; }
sub whole { return slurp_file($_[0]) =~ /\{"end":true,.*\}\n\z/; }

write_file('db.toml', qq([profiles.local]\nurl = "$url"\n[profiles.two]\nurl = "$url"\n));

# --- names

foreach my $user (qw(A B A), '../../x y')
{
	my ($code, $out) = call('--profile', $url, 'backup', '--user-id', $user, '-q');

	is($code, 0, "backup of $user");
	ok(-f $out =~ s/\n//r, "makes a file");
}
my @made = glob('backups/*');
cmp_ok(scalar(@made), '==', 4, 'each has a name of its own') or diag("@made");
cmp_ok(scalar(grep { m{^backups/backup-\d{4}-\d\d-\d\d-\d{4}-A(\.2)?\.jsonl$} } @made), '==', 2, 'with its tenant in it');
cmp_ok(scalar(grep { m{-\.\._\.\._x_y\.jsonl$} } @made), '==', 1, 'which cannot lead out of the folder');
is(mode_of('backups'), '0700', 'the folder is for its owner');
is(join(' ', grep { mode_of($_) ne '0600' } @made), '', 'and so are the files');

# --- the default format brings back what was there

$node->safe_psql('postgres', 'CREATE TABLE before AS SELECT * FROM t');
my ($file) = (call('--profile', $url, 'backup', '--all-users', '--tables', 't', '-q'))[1] =~ /(.*)\n/;
$node->safe_psql('postgres', 'DELETE FROM t');
is((call('--profile', $url, 'restore', $file, '-y', '-q'))[0], 0, 'a restore of the usual file');
is($node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT slug, j::text, a::text FROM before EXCEPT SELECT slug, j::text, a::text FROM t) d'), '0', 'brings every value back');

# --- a file that is there

write_file('there.jsonl', "precious\n", 0640);
is_deeply([ backup(qw(-o there.jsonl)) ], [ 2, '', qq(db-adapter: "there.jsonl" exists; --overwrite replaces it\n) ], 'a file that is there is not replaced');
is(slurp_file('there.jsonl'), "precious\n", 'and has what it had');
is((backup(qw(-o there.jsonl --overwrite)))[0], 0, 'with --overwrite it is');
ok(whole('there.jsonl'), 'by the backup');
is(mode_of('there.jsonl'), '0640', 'with the mode it had');
is((backup(qw(-o new.jsonl)))[0], 0, 'a new one');
is(mode_of('new.jsonl'), '0600', 'is for its owner');
mkdir 'folder';
is_deeply([ (backup(qw(-o folder --overwrite)))[ 0, 2 ] ], [ 4, qq(db-adapter: could not write "folder": Is a directory\n) ], 'a folder is no file');
is((backup('-o', 'n' x 251 . '.gz'))[0], 0, 'a name as long as can be');

# one that comes up while the backup waits
write_file('only.json', '{"tables": [{"name": "t", "slug_field": "slug"}]}');
{
	my ($out, $err) = ('', '');
	my $lock = $node->background_psql('postgres');
	$lock->query_safe('BEGIN; LOCK TABLE t');
	my $run = IPC::Run::start([ 'db-adapter', '--profile', $url, 'backup', '--all-users', '-o', 'late.jsonl', '--backup-schema', 'only.json' ], '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'db_adapter' AND wait_event_type = 'Lock')})
	  or die 'the backup did not wait';
	my ($temporary) = glob('late.jsonl.*.tmp');
	is(mode_of($temporary), '0600', 'the temporary file is for its owner');
	write_file('late.jsonl', "theirs\n");
	$lock->query_safe('ROLLBACK');
	$lock->quit;
	$run->finish;
	is($? >> 8, 4, 'a file that comes up meanwhile is not replaced');
	like($err, qr/could not write "late.jsonl": it exists, and is replaced with --overwrite only/, 'and that is said');
	is(slurp_file('late.jsonl'), "theirs\n", 'it has what it had');
	is(join(' ', glob('late.jsonl.*')), '', 'and nothing else is left');
}

# --- links

mkdir 'store';
write_file('store/real.jsonl', "old\n", 0604);
symlink('store/real.jsonl', 'link.jsonl');
symlink('link.jsonl', 'second.jsonl');
is((backup(qw(-o second.jsonl --overwrite)))[0], 0, 'a link to a link to a file');
ok(-l 'second.jsonl' && -l 'link.jsonl' && !-l 'store/real.jsonl', 'stays a link');
ok(whole('store/real.jsonl'), 'to the backup');
is(mode_of('store/real.jsonl'), '0604', 'with the mode of the file');
is(join(' ', glob('store/*.tmp *.tmp')), '', 'and nothing is left');
symlink('store/none.jsonl', 'dangling.jsonl');
is((backup(qw(-o dangling.jsonl)))[0], 0, 'a link to what is not there');
ok(-l 'dangling.jsonl' && whole('store/none.jsonl'), 'makes it');
symlink('b.jsonl', 'a.jsonl');
symlink('a.jsonl', 'b.jsonl');
is((backup(qw(-o a.jsonl --overwrite)))[2], qq(db-adapter: could not write "a.jsonl": Too many levels of symbolic links\n), 'links in a circle');

# --- what is written into

foreach my $device (qw(/dev/null /dev/stderr /dev/fd/2))
{
	my @before = lstat($device);

	is((backup('-o', $device))[0], 0, "backup into $device");
	is_deeply([ (lstat($device))[ 2, 4, 5 ] ], [ @before[ 2, 4, 5 ] ], 'which stays what it is');
}
symlink('/dev/null', 'null.jsonl');
is((backup(qw(-o null.jsonl)))[0], 0, 'a link to a device');
ok(-l 'null.jsonl' && -c '/dev/null', 'both stay');
foreach my $name ('-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1')
{
	my ($code, $out, $err) = backup('-o', $name, '--json');

	is($code, 0, "backup to $name");
	like($out, qr/\A\{"format".*\{"end":true,.*\}\n\z/s, 'gives rows alone');
	is(decode_json($err)->{rows}, 6, 'and the document elsewhere');
}
{
	# what a shell has begun to write
	my $status = system('sh', '-c', 'exec >shell.txt; echo first; db-adapter --profile "$1" backup --all-users -q -o /dev/stdout; echo last', 'sh', $url);
	like(slurp_file('shell.txt'), qr/\Afirst\n\{"format".*\}\nlast\n\z/s, 'a file that standard output is goes on');
}
{
	my $got = '';
	POSIX::mkfifo('fifo', 0600) or die;
	my $reader = IPC::Run::start([ 'cat', 'fifo' ], '>', \$got);
	is((backup(qw(-o fifo)))[0], 0, 'backup into a FIFO');
	$reader->finish;
	like($got, qr/\{"end":true,.*\}\n\z/, 'whose reader gets all');
	ok(-p 'fifo', 'and it stays one');
}
{
	my $listener = IO::Socket::UNIX->new(Local => 'socket', Listen => 1) or die "socket: $!";
	my ($out, $err, $got) = ('', '', '');
	my $run = IPC::Run::start([ 'db-adapter', '--profile', $url, 'backup', '--all-users', '-q', '-o', 'socket' ], '>', \$out, '2>', \$err);
	my $peer = $listener->accept;
	$got .= $_ while <$peer>;
	$run->finish;
	is($? >> 8, 0, 'backup into a socket') or diag($err);
	like($got, qr/\{"end":true,.*\}\n\z/, 'whose listener gets all');
}

# --- traps of others in a sticky directory that is not theirs.  Only root could lay them for
# us; so the command is told that it is somebody else, and ours are those of another.

SKIP:
{
	my $sticky = '/tmp';
	my ($mode, $owner) = (stat $sticky)[ 2, 4 ];
	skip 'there is no sticky directory of others', 9 if !($mode & S_ISVTX) || $owner == $>;
	write_file('me.c', "#include <unistd.h>\nuid_t geteuid(void) { return 54321; }\n");
	skip 'there is no compiler', 9 if system('cc -shared -fPIC -o me.so me.c') != 0;
	my $name = "$sticky/db_adapter_trap.$$";
	my @traps = map { "$name.$_" } qw(link way file fifo);
	write_file('precious', "precious\n", 0600);
	symlink(getcwd() . '/precious', "$name.link") or die;
	symlink(getcwd(), "$name.way") or die;
	write_file("$name.file", '', 0666);
	POSIX::mkfifo("$name.fifo", 0666) or die;
	foreach my $trap ([ 'link', 'a link on the way is' ], [ 'way/x', 'a link on the way is' ], [ 'file', 'it is' ], [ 'fifo', 'it is' ])
	{
		local $ENV{LD_PRELOAD} = getcwd() . '/me.so';
		my ($code, undef, $err) = backup('-o', "$name.$trap->[0]", '--overwrite');

		is($code, 4, "a trap is refused: $trap->[0]");
		like($err, qr/: $trap->[1] somebody else's, in a directory that others write to/, 'and that is said');
	}
	is(slurp_file('precious'), "precious\n", 'nothing was written');
	is((backup('-o', "$name.link", '--overwrite'))[0], 0, 'what is ours is followed');
	unlink @traps;
}

# --- closed descriptors, full pipes, nohup

my $shell = sub {
	my ($script) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sh', '-c', $script, 'sh', $url ], '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	return ($? >> 8, $out, $err);
};
is_deeply([ $shell->('db-adapter --profile "$1" backup --all-users -o - >&-') ],
	[ 4, '', qq(db-adapter: could not write "standard output": it is closed, or cannot be written to\n) ], 'closed standard output: no row goes anywhere');
is_deeply([ $shell->('db-adapter --profile "$1" backup --all-users -o /dev/stdout >&-') ]->[0], 4, 'under its other name too');
is_deeply([ $shell->('db-adapter --profile "$1" profiles >&-') ], [ 4, '', "db-adapter: could not write to standard output: Bad file descriptor\n" ], 'nor does an answer');
$node->safe_psql('postgres', q{CREATE TABLE room (id int PRIMARY KEY, t text); INSERT INTO room SELECT g, repeat('y', 100) FROM generate_series(1, 2000) g});
is_deeply([ $shell->('ulimit -f 16; db-adapter --profile "$1" backup --all-users -o large.jsonl; exit $?') ],
	[ 4, '', "db-adapter: could not write \"large.jsonl\": File too large\n" ], 'a file that may grow no more: nothing about statements');
is(join(' ', glob('large.jsonl*')), '', 'and nothing stays');
SKIP:
{
	skip 'there is no /dev/full', 1 if !-c '/dev/full';
	is_deeply([ $shell->('db-adapter --profile "$1" backup --all-users -o /dev/full') ],
		[ 4, '', "db-adapter: could not write \"/dev/full\": No space left on device\n" ], 'a full disk');
}
$node->safe_psql('postgres', 'DROP TABLE room');

# --- passwords in what was to be a URL

foreach my $typed ('u:hunter2@h/d', 'postgres:/u:hunter2@h/d', 'postgre://u:hunter2@h/d', 'postgresql://u:hunter2 @h/d', 'host=h;password=hunter2', 'host=h pwd=hunter2')
{
	foreach my $args ([ '--profile', $typed, 'status' ], [ "--profile=$typed", 'status' ], [ $typed ], [ 'status', $typed ], [ '--config', $typed, 'status' ], [ '--config', $typed, '--json', 'validate' ], [ 'restore', $typed, '-y' ], [ '-o', "/nowhere/$typed", 'backup', '--all-users', '--profile', $url ])
	{
		my ($out, $err) = ('', '');

		IPC::Run::run([ 'db-adapter', @$args ], '>', \$out, '2>', \$err, IPC::Run::timeout(180));
		unlike("$out$err", qr/hunter/, "@$args: no password is told");
	}
}
is([ $shell->('db-adapter --profile "$1" restore - -y <&-') ]->[0], 2, 'closed standard input: nothing is read');
is_deeply([ $shell->('db-adapter --profile "$1" backup --all-users -q -o closed.jsonl <&- 2>&-') ], [ 0, "closed.jsonl\n", '' ], 'what needs none works');
ok(whole('closed.jsonl'), 'and the file is whole');

$node->safe_psql('postgres', q{CREATE TABLE big (id int PRIMARY KEY, t text); INSERT INTO big SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g});
{
	# a pipe that does not block, and is full long before the end
	pipe(my $read, my $write) or die;
	fcntl($write, F_SETFL, fcntl($write, F_GETFL, 0) | O_NONBLOCK);
	my $pid = fork;
	if ($pid == 0)
	{
		open(STDOUT, '>&', $write) or die;
		close $read;
		exec 'db-adapter', '--profile', $url, 'backup', '--all-users', '-q', '--tables', 'big', '-o', '-';
	}
	close $write;
	my ($ready, $got) = ('', '');
	vec($ready, fileno $read, 1) = 1;
	select($ready, undef, undef, 180);
	# it has met the full pipe when it sleeps in poll
	for (1 .. 18000)
	{
		last if slurp_file("/proc/$pid/stat") =~ /\) S / && slurp_file("/proc/$pid/syscall") =~ /^(?:271|73|7) /;
		select(undef, undef, undef, 0.01);
	}
	while (sysread($read, my $piece, 65536)) { $got .= $piece; }
	waitpid($pid, 0);
	is($? >> 8, 0, 'a pipe that takes no more for now is waited for');
	like($got, qr/\{"end":true,.*\}\n\z/, 'and gets all');
}
{
	my ($out, $err) = ('', '');
	my $lock = $node->background_psql('postgres');
	$lock->query_safe('BEGIN; LOCK TABLE t');
	my $run = IPC::Run::start([ 'sh', '-c', 'trap "" HUP; exec db-adapter --profile "$1" backup --all-users -o hup.jsonl', 'sh', $url ], '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'db_adapter' AND wait_event_type = 'Lock')})
	  or die 'the backup did not wait';
	$run->signal('HUP');
	$lock->query_safe('ROLLBACK');
	$lock->quit;
	$run->finish;
	is($? >> 8, 0, 'SIGHUP that is ignored stays ignored') or diag($err);
	ok(whole('hup.jsonl'), 'and the backup goes on');
}

# --- the lock file

sub connect_to { return call('--profile', $_[0], 'connect', '-q', '--config', 'lock.toml'); }

write_file('lock.toml', slurp_file('db.toml') . "[schema]\nvalidate_on_connect = false\n");
is((connect_to('local'))[0], 0, 'connect');
is(mode_of('.db-profile'), '0600', 'makes a lock file for its owner');
chmod 0644, '.db-profile';
is((connect_to('two'))[0], 0, 'connect again');
is(mode_of('.db-profile') . slurp_file('.db-profile'), "0644two\n", 'keeps its mode');
rename('.db-profile', 'store/lock');
symlink('store/lock', '.db-profile');
is((connect_to('local'))[0], 0, 'connect by a link');
ok(-l '.db-profile', 'which stays one');
is(slurp_file('store/lock'), "local\n", 'to the lock file');
unlink '.db-profile';
symlink('/dev/null', '.db-profile');
is((connect_to('local'))[0], 0, 'connect where the lock file is a device');
ok(-l '.db-profile' && -c '/dev/null', 'which stays one');
unlink '.db-profile';
POSIX::mkfifo('.db-profile', 0600);
like((connect_to('local'))[2], qr/could not write lock file "\.db-profile"/, 'connect where it is a FIFO that nobody reads does not hang');
like((call('validate'))[2], qr/no database chosen/, 'and nothing is read from it');
unlink '.db-profile';

# --- a FIFO as db.toml

POSIX::mkfifo('fifo.toml', 0600);
like((call(qw(--config fifo.toml profiles)))[2], qr/could not read "fifo.toml": No data available/, 'a FIFO as db.toml that nobody writes into does not hang');
SKIP:
{
	skip 'there is no bash', 1 if system('bash -c true 2>/dev/null') != 0;
	my $out = '';
	IPC::Run::run([ 'bash', '-c', 'db-adapter profiles -q --config <(cat db.toml)' ], '>', \$out);
	like($out, qr/local.*two/s, 'one that somebody writes into is read');
}

# --- damaged and hostile documents

my %broken = (
	"{\"tables\": [\n  {\"name\": \"t\",}]}" => qr/broken\.json:2:1[67]: malformed JSON$/,
	"{\"tables\": []} x" => qr/broken\.json:1:16: malformed JSON$/,
	"{\"tables\": [{\"name\": \"\xc3\xa4\xff\"}]}" => qr/broken\.json:1:24: not UTF-8$/,
	"{\"tables\": []\0}" => qr/broken\.json:1:14: malformed JSON: a NUL byte$/,
	'{"tables": [], "tables": [{"name": "t"}]}' => qr/broken\.json: "tables" stands twice in one object$/,
	'[' x 100000 => qr/broken\.json:1:\d+: malformed JSON$/,
	'' => qr/broken\.json:1:1: malformed JSON$/,
	'[]' => qr/backup schema "broken\.json" is not a JSON object with an array "tables"$/);
foreach my $text (sort keys %broken)
{
	my $shown = substr($text, 0, 30) =~ s/[^ -~]/./gr;

	write_file('broken.json', $text);
	my ($code, undef, $err) = backup(qw(-o never.jsonl --backup-schema broken.json));
	is($code, 2, "a document that is refused: $shown");
	like($err, $broken{$text}, 'and where');
}
ok(!-e 'never.jsonl', 'and no file is made');
write_file('broken.json', "{\n\"t.a\": }");
like((call('--profile', $url, 'fix', '--column-defs', 'broken.json', '--schema-file', 'empty.sql'))[2], qr/empty\.sql/, 'the schema file is read first');
write_file('empty.sql', '');
like((call('--profile', $url, 'fix', '--column-defs', 'broken.json', '--schema-file', 'empty.sql'))[2], qr/broken\.json:2:8: malformed JSON$/m, 'column definitions');
write_file('nul.sql', "SELECT 1;\n\0DROP TABLE t;");
like((call('--profile', $url, 'validate', '--schema-file', 'nul.sql'))[2], qr/nul\.sql:2: a NUL byte/, 'a schema file with a NUL byte');
like((call(qw(--profile x jobs submit digest), '{"a":'))[2], qr/arguments of the job:1:6: malformed JSON$/m, 'arguments of a job');

done_testing();
