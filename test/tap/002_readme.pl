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
system("tar -cf - --exclude=./tmp_check --exclude='*.o' --exclude='*.so' . | tar -xf - -C '$work/tree'") == 0
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
append_to_file('tmp_check/README.md', $now) if $now ne $readme;

$node->stop;
done_testing();
