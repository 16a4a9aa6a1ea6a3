# Bench: measure two ways of doing the same thing on the same server, fairly.
#
# The ways take turns (A B A B ...), because a machine that others share is never
# equally fast for long; the first turn of each is a warm-up and does not count.
# Printed are the medians, and the ratio of the medians with the smallest and
# largest ratio of any one turn.
#
# A script that uses this module runs alone: private_server() starts it again
# beside a server of its own unless it is there already.
package Bench;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use IPC::Open2;
use Time::HiRes 'time';

our @EXPORT = qw(compare private_server psql setting);

# Environment variables set sizes: ROWS=1000000 bench/backup
sub setting
{
	my ($name, $default) = @_;

	return $ENV{$name} // $default;
}

sub private_server
{
	return if $ENV{BENCH_SERVER};

	local $ENV{BENCH_SERVER} = 1;
	local $ENV{SERVER_CONF} = join "\n", 'shared_buffers = 1GB', 'max_wal_size = 8GB',
	  'max_locks_per_transaction = 1024', 'autovacuum = off', 'jit = off',
	  $ENV{SERVER_CONF} // ();
	exec "$FindBin::Bin/../scripts/private-server", 'bash', '-c', 'scripts/build && exec "$@"',
	  'bash', "bench/$FindBin::Script"
	  or die "private-server: $!";
}

# One command to psql, from SQL text; dies if it fails.
sub psql
{
	my ($database, $sql) = @_;

	open(my $psql, '|-', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-o', '/dev/null')
	  or die "psql: $!";
	print $psql $sql;
	close $psql or die "psql failed on: " . substr($sql, 0, 200) . "\n";
	return;
}

# Builds the command; its path.
sub build_command
{
	system("make -s -C '$FindBin::Bin/../client' CFLAGS=-O2 all") == 0 or die 'could not build the command';
	$ENV{LD_LIBRARY_PATH} = "$FindBin::Bin/../client/build";
	return "$FindBin::Bin/../client/build/db-adapter";
}

# A session whose results go to /dev/null and whose commands can be timed.
sub new
{
	my ($class, $database) = @_;
	my $self = bless { database => $database }, $class;

	$self->{pid} = open2($self->{out}, $self->{in}, 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1',
		'-v', 'FETCH_COUNT=0', '-d', $database);
	$self->{in}->autoflush(1);
	print { $self->{in} } "SELECT pg_backend_pid();\n";
	chomp($self->{backend} = readline($self->{out}) // die "no session in $database\n");
	print { $self->{in} } "\\o /dev/null\n";
	return $self;
}

# Runs SQL or psql's commands, returns seconds on the clock and of the backend's CPU.
sub run
{
	my ($self, $sql) = @_;
	my $cpu = $self->cpu;
	my $start = time;

	print { $self->{in} } "$sql\n\\echo finished\n";
	my $answer = readline($self->{out}) // die "$self->{database}: session ended in: $sql\n";
	my $wall = time - $start;
	return ($wall, $self->cpu - $cpu);
}

# One value, of a query that has one.
sub value
{
	my ($self, $sql) = @_;

	print { $self->{in} } "\\o\n$sql;\n\\o /dev/null\n";
	chomp(my $value = readline($self->{out}) // die "$self->{database}: no answer to: $sql\n");
	return $value;
}

sub close_session
{
	my ($self) = @_;

	close $self->{in};
	close $self->{out};
	waitpid $self->{pid}, 0;
	return;
}

# utime and stime of the backend, in seconds.
sub cpu
{
	my ($self) = @_;

	open(my $stat, '<', "/proc/$self->{backend}/stat") or return 0;
	my ($user, $system) = (split ' ', (<$stat> =~ s/.*\) //r))[ 11, 12 ];
	close $stat;
	return ($user + $system) / 100;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;

	return ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2;
}

# compare(what, peer's name, unit => what the figures are if not seconds, ours => sub, peer => sub, goal => text): the subs return
# what run() returns, the second figure only where there is one backend to ask.
# Prints one row of a table: what, peer, both medians, ratio by the clock, ratio by CPU.
sub compare
{
	my ($what, $peer_name, %option) = @_;
	my $turns = setting(TURNS => 5);
	my (@ours, @peer);

	foreach my $turn (0 .. $turns)
	{
		my @a = $option{ours}->();
		my @b = $option{peer}->();
		next if $turn == 0;
		push @ours, \@a;
		push @peer, \@b;
	}
	my $unit = $option{unit} // 's';
	my $format = $unit eq 's' ? '%.3f s' : "%.0f $unit";
	printf "| %s | %s | $format | $format | %s | %s | %s |\n", $what, $peer_name,
	  median(map { $_->[0] } @ours), median(map { $_->[0] } @peer),
	  ratio(\@ours, \@peer, 0), ratio(\@ours, \@peer, 1), $option{goal} // '';
	return;
}

# The ratio of the medians of one figure, and between what it lay.
sub ratio
{
	my ($ours, $peer, $figure) = @_;

	return '' if grep { !$_->[$figure] } @$peer, @$ours;
	my @each = sort { $a <=> $b }
	  map { $ours->[$_][$figure] / $peer->[$_][$figure] } 0 .. $#$ours;
	return sprintf '%.2f (%.2f-%.2f)',
	  median(map { $_->[$figure] } @$ours) / median(map { $_->[$figure] } @$peer), @each[ 0, -1 ];
}

1;
