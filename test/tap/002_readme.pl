# Everything in the README that can be typed is typed here.
#
# A block marked sql is given to psql, all of them in one session from the top of
# the tree; the block marked text that follows is what psql must print.  Each line of a
# block marked sh must be one this test knows how to run.  What the README should say
# by what was seen stands in tmp_check/README.md afterwards.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file('README.md');
my $work = PostgreSQL::Test::Utils::tempdir();
my $make = "make -s -C '$work/tree' with_llvm=no PG_CONFIG='$ENV{PG_CONFIG}'";

# The commands, and how each is run as a user who may not change the system.  The one
# that runs this test is not run again, and what installs packages is looked at only.
my %commands = (
	'make demo' => sub {
	  SKIP:
		{
			skip 'the packages that it is built with are not here', 1
			  if system('scripts/deps --quiet >/dev/null 2>&1') != 0;
			run_ok("$make demo", qr/Everything shown was checked\./);
		}
	},
	'make check' => sub { pass('make check is what runs this') },
	'make deps' => sub { run_ok("$make deps", qr/nothing is missing/) },
	'make' => sub { run_ok("$make WITH_CLIENT=no all") },
	'sudo make install' =>
	  sub { run_ok("$make WITH_CLIENT=no install DESTDIR='$work/stage'") },
	'make installcheck' => sub { run_ok("$make -n WITH_CLIENT=no installcheck", qr/pg_regress/) },
	'sudo apt-get install build-essential postgresql-server-dev-15' =>
	  sub { run_ok("grep -q 'postgresql-server-dev-' scripts/deps") },
	'git clone URL db_adapter' => sub { pass('a clone is where this runs') },
	'cd db_adapter' => sub { pass('so is the directory') });

sub run_ok
{
	my ($command, $expected) = @_;
	my $output = `( $command ) 2>&1`;
	my $good = $? == 0 && (!defined $expected || $output =~ $expected);

	ok($good, $command =~ s/^\Q$make\E/make/r) or diag($output);
	return;
}

system('mkdir', "$work/tree") == 0 or die 'mkdir';
# What is built already is not built again: that all of it builds has been seen by then.
$ENV{WITH_OBJECTS} = 1;
system("bash -c 'set -o pipefail; . scripts/server-lib.sh; pack_tree | tar -xf - -C $work/tree'") == 0
  or die 'tar';

foreach my $block ($readme =~ /^```sh\n(.*?)^```$/msg)
{
	foreach my $command (grep { /\S/ && !/^#/ } split /\n/, $block)
	{
		$command =~ s/\s+#.*//;
		if (exists $commands{$command})
		{
			$commands{$command}->();
		}
		else
		{
			fail("no test runs \"$command\"");
		}
	}
}

# Two shops: acme's is the one in the east, the one in the west is initech's.
sub make_shops
{
	my ($node) = @_;
	my $schema = slurp_file('demo/schema.sql');
	my %rows = (
		east => q{INSERT INTO categories (user_id, slug, name) VALUES ('acme', 'tools', 'Tools'), ('acme', 'garden', 'Garden');
			INSERT INTO products (user_id, slug, name, category_id, related_id, price) VALUES ('acme', 'hammer', 'Hammer', 1, NULL, 12.50),
			('acme', 'nails', 'Nails', 1, 1, 3.20), ('acme', 'spade', 'Spade', 2, NULL, 18)},
		west => q{INSERT INTO categories (user_id, slug, name) SELECT 'initech', 'c' || n, 'C' FROM generate_series(1, 3) n;
			INSERT INTO products (user_id, slug, name, category_id) SELECT 'initech', 'p' || n, 'P', 1 + n % 3 FROM generate_series(1, 4) n});

	foreach my $shop (sort keys %rows)
	{
		$node->safe_psql('postgres', "CREATE DATABASE $shop");
		$node->safe_psql($shop, "CREATE EXTENSION db_adapter; $schema; $rows{$shop}");
	}
	return;
}

# What a line typed in $$place prints, standard error along with it.
sub type
{
	my ($line, $place) = @_;

	if ($line =~ /^cd (.*)/)
	{
		$$place .= "/$1";
		return '';
	}
	return `cd '$$place' && $line 2>&1` =~ s/[ \t]+$//mgr;
}

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
$node->start;

# One session; a line by \echo ends the output of each block.
my @blocks = $readme =~ /^```sql\n(.*?)^```$/msg;
my $script = join '', map { "$_\\echo ---- end of block\n" } @blocks;
my ($output, $errors) = ('', '');
IPC::Run::run(
	[ 'psql', '-X', '-q', '-d', $node->connstr('postgres') ],
	'<', \$script, '>', \$output, '2>', \$errors);
is($errors, '', 'the session meets no error');
my @seen = split /---- end of block\n/, $output;

my $number = 0;
my $now = $readme =~ s{^```sql\n(.*?)^```$(\n\n?```text\n(.*?)^```$)?}{
	my ($sql, $text) = ($1, $3);
	my $answer = ($seen[$number++] // '') =~ s/[ \t]+$//mgr =~ s/\n+\z/\n/r;
	is($answer, $text // '', 'what psql prints after: ' . (split /\n/, $sql)[0]);
	"```sql\n$sql```" . ($answer ne '' ? "\n\n```text\n$answer```" : '');
}mserg;

# The command in a project, from the top of the tree: what is typed after a $, and all
# that it prints until the next one.
SKIP:
{
	skip 'the packages that the command is built with are not here', 1
	  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

	run_ok("make -s -C '$work/tree/client' install prefix='$work/client' DESTDIR=");
	local $ENV{PATH} = "$work/client/bin:$ENV{PATH}";
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{LC_ALL} = 'C.UTF-8';
	delete local @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE)};
	make_shops($node);
	my $place = "$work/tree";
	$now =~ s{^```console\n(.*?)^```$}{
		my $block = $1;
		my $told = $block =~ s{^\$ (.*)\n((?:(?!\$ ).*\n)*)}{ '$ ' . $1 . "\n" . type($1, \$place) }mger;
		is($told, $block, 'what the command prints');
		"```console\n$told```";
	}mseg;
}
append_to_file('tmp_check/README.md', $now) if $now ne $readme;

$node->stop;
done_testing();
