# What is typed in docs/howto is typed here: each page in a folder of its own, with two
# databases, production and laptop, of test/data/howto.
#
# A block marked toml becomes db.toml; of a block marked console each line after a $ is
# run, and all that it prints must stand up to the next one.  What the pages should say by
# what was seen stands in tmp_check/howto afterwards.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the packages that the command is built with are not here'
  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

my $top = getcwd();
my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
$ENV{LC_ALL} = 'C.UTF-8';

my $node = PostgreSQL::Test::Cluster->new('howto');
$node->init;
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

sub type
{
	my ($line, $place) = @_;

	return `cd '$place' && $line 2>&1` =~ s/[ \t]+$//mgr;
}

foreach my $page (sort glob 'docs/howto/*.md')
{
	my $text = slurp_file($page);
	my $place = PostgreSQL::Test::Utils::tempdir();
	my ($name) = $page =~ m{([^/]+)\.md$};
	append_to_file("$place/since.sql", slurp_file('test/data/howto/since.sql'));

	foreach my $db (qw(production laptop))
	{
		$node->safe_psql('postgres', "DROP DATABASE IF EXISTS $db");
		$node->safe_psql('postgres', "CREATE DATABASE $db");
		$node->safe_psql($db, slurp_file("test/data/howto/$_.sql")) foreach 'service', $db;
	}
	my $now = $text =~ s{^```(toml|console)\n(.*?)^```$}{
		my ($kind, $block) = ($1, $2);
		my $told = $block;
		if ($kind eq 'toml')
		{
			append_to_file("$place/db.toml", $block);
		}
		else
		{
			$told =~ s{^\$ (.*)\n((?:(?!\$ ).*\n)*)}{ '$ ' . $1 . "\n" . type($1, $place) }mge;
			is($told, $block, "$name: " . ($block =~ /^\$ (.{1,60})/)[0]);
		}
		"```$kind\n$told```";
	}mserg;
	if ($now ne $text)
	{
		mkdir 'tmp_check/howto';
		append_to_file("tmp_check/howto/$name.md", $now);
	}
}

$node->stop;
done_testing();
