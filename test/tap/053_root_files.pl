# What root writes into a directory where anybody may put things: traps that another user
# has really laid there.  Only root can be both, so elsewhere this is passed over; as root:
#	scripts/build, then prove -I "$(dirname "$(pg_config --pgxs)")/../../src/test/perl" this file
use strict;
use warnings;
use Cwd;
use Fcntl qw(:mode);
use File::Temp;
use IO::Socket::UNIX;
use IPC::Run;
use POSIX ();
use Test::More;

plan skip_all => 'takes root, and another user' if $> != 0 || !defined getpwnam('nobody');
plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my ($uid, $gid) = (getpwnam 'nobody')[ 2, 3 ];
my $bin = qx(\${PG_CONFIG:-pg_config} --bindir) =~ s/\n//r;
my $base = File::Temp::tempdir('/tmp/db_adapter_root_XXXX', CLEANUP => 1);

# In a process that is nobody; returns whether it went well.
sub as_nobody
{
	my ($do) = @_;
	my $pid = fork // die $!;

	if ($pid == 0)
	{
		$) = "$gid $gid";
		POSIX::setgid($gid);
		POSIX::setuid($uid);
		my $ok = eval { $do->() } // 0;
		warn $@ if $@;
		POSIX::_exit($ok ? 0 : 1);
	}
	waitpid($pid, 0);
	return $? == 0;
}

# A server of nobody's, since root may have none.
chmod 0755, $base;
mkdir "$base/server" or die;
chown $uid, $gid, "$base/server";
as_nobody(sub { chdir "$base/server"; system("'$bin/initdb' -D data -U root -A trust >log 2>&1 && '$bin/pg_ctl' -w -D data -l log -o \"-k $base/server -h ''\" start >>log 2>&1") == 0 })
  or die "no server: " . qx(cat $base/server/log);
my $url = "host=$base/server dbname=postgres user=root";
END
{
	my $status = $?;
	as_nobody(sub { chdir "$base/server"; system("'$bin/pg_ctl' -w -m immediate -D data stop >>log 2>&1") }) if defined $base && -e "$base/server/data/postmaster.pid";
	$? = $status;
}
system('psql', '-XAtq', '-d', $url, '-c', q{CREATE EXTENSION db_adapter}, '-c', q{CREATE TABLE t (id serial PRIMARY KEY, slug text UNIQUE NOT NULL)}, '-c', q{INSERT INTO t (slug) VALUES ('x')}) == 0 or die;

system("make -s -C client install prefix='$base/installed' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$base/installed/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
umask 022;

# /tmp's like: root's, sticky, for all.  What is to stay as it is stands elsewhere.
my ($sticky, $safe) = ("$base/sticky", "$base/safe");
mkdir $sticky or die;
mkdir $safe, 0700 or die;
chmod 01777, $sticky;

sub write_file
{
	my ($name, $text, $mode) = @_;

	open(my $file, '>', $name) or die "$name: $!";
	print $file $text;
	close $file;
	chmod $mode, $name;
	return;
}

sub content { open(my $file, '<', $_[0]) or return 'none'; local $/; return scalar <$file>; }

sub backup
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'db-adapter', '--profile', $url, 'backup', '--all-users', '-q', '-o', @_ ], '<', \'', '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	return ($? >> 8, $err);
}

write_file("$safe/precious", "precious\n", 0600);
my $listener;
my @traps = (
	[ 'a link to a file of root', 'link', sub { symlink("$safe/precious", "$sticky/link") }, 'a link on the way is' ],
	[ 'a link to what is not there', 'none', sub { symlink("$safe/none", "$sticky/none") }, 'a link on the way is' ],
	[ 'a link to a directory', 'way', sub { symlink($safe, "$sticky/way") }, 'a link on the way is', 'way/precious' ],
	[ 'a link to a device', 'null', sub { symlink('/dev/null', "$sticky/null") }, 'a link on the way is' ],
	[ 'a file', 'file', sub { write_file("$sticky/file", '', 0666); 1 }, 'it is' ],
	[ 'a FIFO', 'fifo', sub { POSIX::mkfifo("$sticky/fifo", 0666) }, 'it is' ],
	[ 'a socket', 'socket', sub { IO::Socket::UNIX->new(Local => "$sticky/socket", Listen => 1) }, 'it is' ]);
foreach my $trap (@traps)
{
	my ($what, $name, $lay, $message, $path) = @$trap;

	ok(as_nobody($lay), "nobody lays $what");
	foreach my $overwrite ([], ['--overwrite'])
	{
		my ($code, $err) = backup("$sticky/" . ($path // $name), @$overwrite);

		# what is there is not replaced unasked, whoever's it is
		is($code, @$overwrite || $err !~ /exists; --overwrite/ ? 4 : 2, "$what: refused, @$overwrite");
		like($err, qr/: $message somebody else's, in a directory that others write to/, 'and that is said') if $code == 4;
	}
}
is(content("$safe/precious"), "precious\n", 'nothing was written through a link');
ok(!-e "$safe/none", 'and nothing made');
is(content("$sticky/file"), '', "nor into nobody's file");

# what he may read: neither what is written nor the file beside it
is((backup("$sticky/mine.jsonl"))[0], 0, 'a file of our own');
is(sprintf('%04o', (stat "$sticky/mine.jsonl")[2] & 07777), '0600', 'is for root');
ok(!as_nobody(sub { open(my $file, '<', "$sticky/mine.jsonl") }), 'nobody cannot read it');
ok(!as_nobody(sub { rename("$sticky/mine.jsonl", "$sticky/his") || unlink "$sticky/mine.jsonl" }), 'nor take it away');
link("$safe/precious", "$sticky/hard") or die;
is((backup("$sticky/hard", '--overwrite'))[0], 0, 'a second name of a file of ours');
is(content("$safe/precious"), "precious\n", 'is replaced, and the file stays');

# a name that is nothing, then a link, then a FIFO, and again, while root writes there
my $racer = fork // die $!;
if ($racer == 0)
{
	$) = "$gid $gid";
	POSIX::setgid($gid);
	POSIX::setuid($uid);
	for (my $i = 0;; $i++)
	{
		my $name = "$sticky/race";

		if ($i % 3 == 0) { symlink("$safe/precious", $name); }
		elsif ($i % 3 == 1) { symlink("$safe/none", $name); }
		else { POSIX::mkfifo($name, 0666); }
		unlink $name;
	}
}
my %codes;
my @wrong;
for (1 .. 60)
{
	my ($code, $err) = backup("$sticky/race", '--overwrite');

	$codes{$code}++;
	push @wrong, $err if $code != 0 && $code != 4;
	push @wrong, 'not whole' if $code == 0 && content("$sticky/race") !~ /\{"end":true,.*\}\n\z/;
	unlink "$sticky/race" if $code == 0;
}
kill 'KILL', $racer;
waitpid($racer, 0);
is("@wrong", '', 'in a race root writes a file of its own, or none');
note(join ', ', map { "exit $_: $codes{$_}" } sort keys %codes);
is(content("$safe/precious") . (-e "$safe/none" ? 'made' : ''), "precious\n", 'and never through what he put there');
is(join(' ', glob("$sticky/*.tmp")), '', 'nothing is left beside it');

# the lock file of a root who works in such a directory
chdir $sticky or die;
write_file('db.toml', qq([profiles.local]\nurl = "$url"\n[schema]\nvalidate_on_connect = false\n), 0600);
foreach my $trap ([ 'a link', sub { symlink("$safe/precious", "$sticky/.db-profile") } ], [ 'a FIFO', sub { POSIX::mkfifo("$sticky/.db-profile", 0666) } ], [ 'a file', sub { write_file("$sticky/.db-profile", "local\n", 0666); 1 } ])
{
	my ($out, $err) = ('', '');

	ok(as_nobody($trap->[1]), "nobody lays $trap->[0] as lock file");
	IPC::Run::run([ 'db-adapter', '--profile', 'local', 'connect', '-q' ], '<', \'', '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	like($err, qr/lock file "\.db-profile"/, 'which root does not write');
	is(content("$safe/precious"), "precious\n", 'nor what it leads to');
	unlink "$sticky/.db-profile";
}
chdir '/';

done_testing();
