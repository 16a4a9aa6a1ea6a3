# Session: a psql that stays, for tests that hold a lock or a transaction open.
#
# A psql each statement, as the server's own modules start it, can hold nothing.  The end
# of an answer is told by a line of our own behind it (\echo), so nothing waits for time
# to pass; a session that says nothing for the whole timeout fails the test.  begin()
# returns at once, for statements that are to wait for another session: whether they do
# is then asked of pg_stat_activity or pg_locks, never guessed.
package Session;

use strict;
use warnings;
use IPC::Run qw(start finish pump timeout);
use PostgreSQL::Test::Utils;

sub new
{
	my ($class, $node, $database, @options) = @_;
	my $self = bless { in => '', out => '', err => '', number => 0 }, $class;

	# For each answer: the session itself may live as long as the test.
	$self->{limit} = timeout($PostgreSQL::Test::Utils::timeout_default || 180);
	$self->{psql} = start(
		[ 'psql', '-XAtq', '-d', $node->connstr($database), @options ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err},
		$self->{limit});
	return $self;
}

# Runs SQL and returns what it says; what it complains of is in {err}.
sub query
{
	my ($self, $sql) = @_;
	my $mark = 'done ' . ++$self->{number};

	$self->{out} = $self->{err} = '';
	$self->{in} .= "$sql;\n\\echo $mark\n";
	$self->{limit}->start;
	pump $self->{psql} until $self->{out} =~ s/^\Q$mark\E\n//m;
	chomp(my $answer = $self->{out});
	return $answer;
}

# Sends SQL that may take its time; collect() reads the answer.
sub begin
{
	my ($self, $sql) = @_;

	$self->{mark} = 'done ' . ++$self->{number};
	$self->{out} = $self->{err} = '';
	$self->{in} .= "$sql;\n\\echo $self->{mark}\n";
	$self->{limit}->start;
	# Not pump: with all of it sent, that would wait for an answer that may not come.
	$self->{psql}->pump_nb while length $self->{in};
	return;
}

sub collect
{
	my ($self) = @_;

	$self->{limit}->start;
	pump $self->{psql} until $self->{out} =~ s/^\Q$self->{mark}\E\n//m;
	chomp(my $answer = $self->{out});
	return $answer;
}

sub quit
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	$self->{limit}->start;
	$self->{psql}->finish;
	return;
}

1;
