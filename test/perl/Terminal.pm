# Terminal: a program at a pseudo terminal of its own, which shows what it prints
# and hears keys, Ctrl-C among them.  Needs IO::Pty.
#
# What a program does at a terminal (questions, progress, colours, Ctrl-C) it
# does nowhere else, so pipes cannot test it.  A test types when it has seen what it
# waits for, and each expect() goes on behind the match before it: the order of what is
# printed is part of the test.  Nothing here sleeps.
package Terminal;

use strict;
use warnings;
use Carp 'croak';
use IO::Select;
use Test::More;

# new(\@command, columns => 80): what it is started with is in %ENV.
sub new
{
	my ($class, $command, %option) = @_;
	my $pty = IO::Pty->new or die "no pseudo terminal: $!";
	my $self = bless { pty => $pty, seen => '', all => '' }, $class;

	$pty->slave->set_winsize(24, $option{columns} // 80);
	$self->{pid} = fork // die "fork: $!";
	return $self->_opened if $self->{pid};
	$pty->make_slave_controlling_terminal;
	my $slave = $pty->slave;
	close $pty;
	open(STDIN, '<&', $slave) && open(STDOUT, '>&', $slave) && open(STDERR, '>&', $slave) or die "terminal: $!";
	exec @$command or die "$command->[0]: $!";
}

sub _opened
{
	my ($self) = @_;

	$self->{pty}->close_slave;
	$self->{select} = IO::Select->new($self->{pty});
	return $self;
}

sub _fail
{
	my ($self, $what) = @_;

	diag("$what: " . $self->printed);
	croak 'the terminal shows something else';
}

# More of what it prints; false when it has ended.
sub _read
{
	my ($self) = @_;

	$self->{select}->can_read($PostgreSQL::Test::Utils::timeout_default || 180)
	  or $self->_fail('nothing came for too long after');
	sysread($self->{pty}, my $piece, 65536) or return 0;
	$self->{seen} .= $piece;
	$self->{all} .= $piece;
	return 1;
}

# Waits until it has printed that, not counting what was expected before.
sub expect
{
	my ($self, $pattern) = @_;

	my $end;

	# What a match leaves behind is gone with the scope that it stands in.
	until (defined $end)
	{
		$end = $+[0] if $self->{seen} =~ $pattern;
		defined $end or $self->_read or $self->_fail("it ended without printing $pattern");
	}
	$self->{seen} = substr $self->{seen}, $end;
	return;
}

# Keys: "\cC" interrupts, "\cD" ends a line or the input.
sub type
{
	my ($self, $keys) = @_;

	syswrite($self->{pty}, $keys) // croak "terminal: $!";
	return;
}

# Waits for its end; the exit code, or "signal N".
sub finish
{
	my ($self) = @_;

	1 while $self->_read;
	waitpid $self->{pid}, 0;
	close $self->{pty};
	return $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
}

# All that it has printed, lines ended as in files.
sub printed
{
	my ($self) = @_;

	return $self->{all} =~ s/\r\n/\n/gr;
}

1;
