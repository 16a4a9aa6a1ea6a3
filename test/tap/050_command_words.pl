# The words of the db-adapter command: what its table says is what the parser takes, the
# help shows, the completions offer and the server's verbs know.
use strict;
use warnings;
use Cwd;
use IPC::Run;
use JSON::PP;
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
$ENV{NO_COLOR} = '1';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'\nlog_statement = 'all'");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION db_adapter; CREATE TABLE t (id int PRIMARY KEY, slug text UNIQUE)});
chdir PostgreSQL::Test::Utils::tempdir();

sub write_file
{
	my ($name, $text) = @_;

	open(my $file, '>', $name) or die "$name: $!";
	print $file $text;
	close $file;
	return;
}

sub call
{
	my (@args) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'db-adapter', @args ], '<', \'', '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

my $url = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
write_file('db.toml', qq([profiles.local]\nurl = "$url"\n[profiles."a b"]\nurl = "$url"\n['profiles'.'it\$(touch x)']\nurl = "$url"\n));
write_file('schema.sql', 'CREATE TABLE t (id int PRIMARY KEY, slug text UNIQUE);');

# --- help, in every form

my ($code, $out) = call(qw(help --json));
my $table = decode_json($out);
my @commands = @{ $table->{commands} };
is($code, 0, 'help --json');
cmp_ok(scalar(@commands), '>', 10, 'tells every command');
my $program = (call('--help'))[1];
is((call('help'))[1], $program, 'help is --help');
like($program, qr/^  \Q$_->{command}\E +\Q$_->{summary}\E/m, "help lists $_->{command}") foreach @commands;
foreach my $command (@commands)
{
	my $name = $command->{command};
	my ($code, $out, $err) = call('help', $name);

	is("$code $err", '0 ', "help $name");
	is($out, (call($name, '--help'))[1], "is $name --help");
	is_deeply(decode_json((call('help', $name, '--json'))[1]), $command, "and with --json its row of the table");
	foreach my $option (@{ $command->{options} })
	{
		next unless $option->{words};
		my @words = @{ $option->{words} };
		my $list = join(', ', @words[ 0 .. $#words - 1 ]) . " or $words[-1]";
		my @args = ($name, "--$option->{name}", 'nix');

		like($out =~ s/\s+/ /gr, qr/--$option->{name} $option->{argument} .*\Q$list\E/, "help $name names the words of --$option->{name}");
		like((call(@args))[2], qr/--$option->{name} must be \Q$list\E, not "nix"$/m, "so does what is said of others");
		like((call($name, "--$option->{name}", "$words[0]x"))[2], qr/perhaps you meant "$words[0]"/, 'with the nearest');
		like(slurp_file("$prefix/share/man/man1/db-adapter.1"), qr/^\Q$option->{help}: $list\E\.$/m, 'and the man page');
	}
}
is_deeply([ (call(qw(help bakcup)))[ 0, 2 ] ], [ 2, qq(db-adapter: unknown command "bakcup"; perhaps you meant "backup"\n) ], 'help for what is not known');

# --- --json answers in every way

foreach my $args ([], ['--nix'], ['backup'], [qw(backup --nix)], [qw(nix)], [qw(restore)], [qw(jobs show)], [qw(jobs nix)], [qw(jobs show x)],
	[qw(fix --recreate-threshold x)], [qw(help nix)], [qw(--profile)], [qw(restore nix.jsonl)], [qw(validate --profile nix)],
	[qw(sync)], [qw(validate --schema-file nix.sql --profile local)], [qw(jobs submit apply [] --profile local)])
{
	foreach my $all ([ '--json', @$args ], [ @$args, '--json' ])
	{
		my ($code, $out, $err) = call(@$all);
		my $document = eval { decode_json($out) };

		# an option that takes a value takes this one too
		next if @$args && $args->[-1] eq '--profile' && $all->[-1] eq '--json';
		ok($document && length $document->{error}{message}, "@$all answers with a document") or diag("$out$err");
		cmp_ok($code, '>=', 2, 'and its exit code');
	}
}
write_file('bad.toml', "[profiles\n");
foreach my $broken ([ 'nix.toml', qr/could not read "nix.toml": No such file/ ], [ 'bad.toml', qr/bad.toml:1:\d+: malformed TOML/ ])
{
	my ($file, $said) = @$broken;

	is_deeply([ (call('--config', $file, 'status'))[ 0, 2 ] ], [ 0, '' ], "status of $file");
	like((call('--config', $file, 'status'))[1], qr/^Settings +.*$said/, 'says what is wrong');
	like(decode_json((call('--config', $file, 'status', '--json'))[1])->{config_error}, $said, 'and so with --json');
	like((call('--config', $file, 'profiles'))[2], $said, 'as the others do');
}
is_deeply([ sort keys %{ decode_json((call(qw(--version --json)))[1]) } ], ['version'], '--version --json');

# --- options against the arguments of the server's verbs

my %verb = (fix => 'plan', backup => 'backup', restore => 'restore', introspect => 'diagram', jobs => 'submit');
foreach my $command (@commands)
{
	foreach my $option (grep { $_->{verb_argument} } @{ $command->{options} })
	{
		# sync is the library's verb, and tells the server's restore the mode alone; deleting is delete_rows'
		my $verb = $verb{ $command->{command} } // 'restore';
		next if $command->{command} eq 'sync' && $option->{verb_argument} =~ /^(delete|cascade)$/;
		is($node->safe_psql('postgres', qq{SELECT count(*) > 0 FROM pg_proc
			WHERE pronamespace = 'db_adapter'::regnamespace AND proname = '$verb' AND '$option->{verb_argument}' = ANY (proargnames)}),
			't', "$command->{command} --$option->{name} is an argument of $verb");
		unlike($option->{help}, qr/default/, 'and its help repeats no default');
	}
}
my $seen = -s $node->logfile;
is((call(qw(fix --plan-only --profile local --no-preflight)))[0], 0, 'fix without options');
like(slurp_file($node->logfile, $seen), qr/db_adapter\.plan\(db_adapter\.expected\(\$1::pg_catalog\.text\)\)/, 'passes no argument to the verb');
$seen = -s $node->logfile;
is((call(qw(fix --plan-only --profile local --allow-drop --recreate-threshold 1 --recreate-threshold 3)))[0], 0, 'fix with options');
like(slurp_file($node->logfile, $seen), qr/\)\@?, allow_drop => \$2, recreate_threshold => \$3, preflight => \$4\).*'t', \$3 = '3', \$4 = 't'/s, 'passes those, the last of each');
write_file('more.toml', slurp_file('db.toml') . qq([schema]\nrecreate_threshold = 4\nexclude = ["nix", "nichts"]\nignore = ["owners", "table:tmp_*"]\n));
$seen = -s $node->logfile;
is((call(qw(fix --plan-only --profile local --config more.toml)))[0], 0, 'fix with settings');
like(slurp_file($node->logfile, $seen), qr/\), exclude => \$2, ignore => \$3, preflight => \$4, recreate_threshold => \$5\).*'\{nix,nichts\}', \$3 = '\{owners,table:tmp_\*\}', \$4 = 't', \$5 = '4'/s, 'passes what db.toml says');
$seen = -s $node->logfile;
is((call(qw(fix --plan-only --profile local --config more.toml --ignore), 'owners,,function:f(int4, text),view:"a,b"'))[0], 0, 'fix with an option instead');
like(slurp_file($node->logfile, $seen), qr/ignore => \$3.*'\{owners,"function:f\(int4, text\)","view:\\"a,b\\""\}'/s, 'passes the list of it');
$seen = -s $node->logfile;
is((call(qw(validate --profile local --config more.toml --ignore tabel:x)))[0], 4, 'validate with a kind that there is not');
like(slurp_file($node->logfile, $seen), qr/Perhaps you meant "table"/, 'is told the right one');

# --- keys of db.toml, all on one page

{
	my $settings = slurp_file("$top/client/src/config/settings.c");
	my $page = slurp_file("$top/docs/db-toml.md");
	my ($all) = $settings =~ /setting_table\[SETTING_COUNT\] = \{\n(.*?)\n\};/s;
	my $count = 0;

	$all =~ s/\s+/ /g;
	while ($all =~ /\[SETTING_\w+\] = \{"\w+", SETTING_(\w+), (NULL|"[^"]*"), (NULL|(?:POOL )?"[^"]*"), (NULL|"[^"]*"),/g)
	{
		my ($type, $default, $key, $variable) = ($1, $2, $3, $4);
		next if $key eq 'NULL';
		$key =~ s/^POOL "/"profiles.*.pool./;
		$_ = $_ eq 'NULL' ? '' : s/^"(.*)"$/`$1`/r foreach ($key, $default, $variable);
		$key =~ s/\*/NAME/;
		like($page, qr/^\| \Q$key\E \| [^|]+ \| \Q$default\E *\| \Q$variable\E *\| [^|]+ \|$/m, "docs/db-toml.md tells of $key");
		$count++;
	}
	is($count, () = $page =~ /^\| `/mg, 'and of no other');
	cmp_ok($count, '>', 25, 'which are many');
}

# --- verbs of jobs

my ($jobs) = grep { $_->{command} eq 'jobs' } @commands;
my ($submit) = grep { $_->{name} eq 'submit' } @{ $jobs->{actions} };
foreach my $verb ('nix', @{ $submit->{words} })
{
	my ($code, undef, $said) = call(qw(jobs submit), $verb, '{"nothing": 1}', qw(--profile local));

	is($code, 4, "the server refuses these arguments of $verb");
	is($said =~ /invalid command/, $verb eq 'nix', 'the verb itself only where it has none of that name');
}

# --- completion in bash

SKIP:
{
	skip 'there is no bash', 1 if system('bash -c true 2>/dev/null') != 0;
	my $script = "$prefix/share/bash-completion/completions/db-adapter";
	my $complete = sub {
		my (@words) = @_;
		my $got = '';

		IPC::Run::run([ 'bash', '-c', 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _db_adapter; printf "%s\n" "${COMPREPLY[@]}"', 'bash', $script, @words ],
			'>', \$got);
		return join ' ', split /\n/, $got;
	};
	my $names = join ' ', map { $_->{command} } @commands;
	is($complete->('db-adapter', ''), $names, 'completion of commands');
	is($complete->('db-adapter', '--json', 'ba'), 'backup', 'after an option too');
	is($complete->('db-adapter', '--config', 'fix', 'ba'), 'backup', 'what an option takes is no command');
	is($complete->('db-adapter', 'help', 'intro'), 'introspect', 'of help');
	is($complete->('db-adapter', 'fix', '--rec'), '--recreate-threshold', 'of options');
	is($complete->('db-adapter', 'jobs', ''), 'list show cancel wait submit', 'of actions');
	is($complete->('db-adapter', 'jobs', 'submit', 'back'), 'backup_to_file', 'of verbs');
	is($complete->('db-adapter', 'jobs', 'submit', 'validate', 'x'), '', 'and nothing after them');
	is($complete->('db-adapter', '--profile', ''), 'local a\ b it\$\(touch\ x\)', 'of profiles, quoted');
	is($complete->('db-adapter', 'sync', '--from', '=', 'l'), 'local', 'of profiles after =');
	is($complete->('db-adapter', '--config', 'nix.toml', '--profile', ''), '', 'of those of the file named');
	is($complete->('db-adapter', 'restore', 'sch'), 'schema.sql', 'of files');
	foreach my $command (@commands)
	{
		foreach my $option (grep { $_->{words} } @{ $command->{options} })
		{
			is($complete->('db-adapter', $command->{command}, "--$option->{name}", ''), "@{ $option->{words} }", "of $command->{command} --$option->{name}");
		}
	}
	ok(!-e 'x', 'and nothing was executed');
}

done_testing();
