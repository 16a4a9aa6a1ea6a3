# Keys of every type that can be one: alone, as part of a key, as a parent's.  Two
# databases hold keys that their type calls equal, though they read otherwise; sync brings
# each row once and deletes what is only there, and a second restore finds everything.
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

# Of each type: a value, its equal as the other database has it, and values of the
# source alone, of both, and of the destination alone.  What is left out is as before it.
my %types = (
	'bool'         => [ 'true', 'true', undef, undef, 'false' ],
	'"char"'       => [qw(a a b c d)],
	'name'         => [qw(a a b c d)],
	'text'         => [ 'a', 'a', 'a ', 'A', 'ß' ],
	'varchar(20)'  => [ 'a', 'a', 'a ', 'A', 'ß' ],
	'char(5)'      => [ 'a', 'a  ', 'ab', 'A', 'ß' ],
	'bytea'        => [ '\x', '\x', '\x00', '\x0000', '\xff' ],
	'int2'         => [qw(1 1 -2 3 4)],
	'int4'         => [qw(1 1 -2 3 4)],
	'int8'         => [ 1, 1, -2, '9223372036854775807', '-9223372036854775808' ],
	'oid'          => [ 1, 1, 2, 3, '4294967295' ],
	'float4'       => [ '0', '-0', '1.5e+20', '1.5e+10', '0.1' ],
	'float8'       => [ '0', '-0', '1.5e+20', '1.5e+200', 'NaN' ],
	'numeric'      => [ '1.0', '1.00', '1e20', '1e200', 'NaN' ],
	'money'        => [qw(1.00 1 2.01 3 -4)],
	'date'         => [qw(2024-02-29 2024-02-29 2024-01-01 infinity -infinity)],
	'time'         => [qw(00:00 00:00:00 24:00 01:02:03.5 23:59)],
	'timetz'       => [ '10:00+00', '10:00:00+00', '11:00+01', '10:00+01', '09:00-01' ],
	'timestamp'    => [ '2024-02-29 00:00', '2024-02-29', '2024-01-01 00:00:00.000001', 'infinity', '-infinity' ],
	'timestamptz'  => [ '2024-02-29 12:00+01', '2024-02-29 11:00+00', '2024-01-01 00:00+00', 'infinity', '-infinity' ],
	'interval'     => [ '1 mon', '30 days', '1 day -1 hour', '24 hours', '-1 mon' ],
	'uuid'         => [ map { "0000000$_-0000-4000-8000-00000000abcd" } 1, 1, 2, 3, 4 ],
	'inet'         => [qw(10.0.0.1 10.0.0.1/32 10.0.0.1/24 ::1 ::1/64)],
	'cidr'         => [qw(10.0.0.0/8 10/8 10.0.0.0/9 ::/64 ::/65)],
	'macaddr'      => [ map { "08:00:2b:01:02:0$_" } 1, 1, 2, 3, 4 ],
	'macaddr8'     => [ map { "08:00:2b:01:02:03:04:0$_" } 1, 1, 2, 3, 4 ],
	'bit(4)'       => [qw(0000 0000 0001 0010 1111)],
	'varbit'       => [qw(0 0 00 000 1)],
	'tsvector'     => [ 'a b', 'b a', 'a:1', 'a:2', 'c' ],
	'tsquery'      => [ 'a & b', 'a:* & b:A', 'a', 'a | b', 'b | c' ],
	'jsonb'        => [ '{"a": 1.0, "b": [1e2]}', '{"b": [100], "a": 1.00}', 'null', '"a"', '[1.0]' ],
	'pg_lsn'       => [qw(0/1 0/01 0/2 1/0 F/0)],
	'tid'          => [ '(0,1)', '(0,1)', '(0,2)', '(1,1)', '(2,2)' ],
	'xid8'         => [qw(3 3 4 5 6)],
	'oidvector'    => [ '1 2', '1  2', '1', '2', '1 2 3' ],
	'int4range'    => [ '[1,3)', '[1,2]', '[1,4)', 'empty', '(,)' ],
	'int8range'    => [ '[1,3)', '[1,2]', '[1,4)', 'empty', '(,)' ],
	'daterange'    => [ '[2024-01-01,2024-01-03)', '[2024-01-01,2024-01-02]', '[2024-01-01,)', 'empty', '(,)' ],
	'numrange'     => [ '[1.0,2)', '[1.00,2.0)', '[1,2]', 'empty', '(,)' ],
	'tsrange'      => [ '[2024-01-01 00:00,)', '[2024-01-01,)', '[2024-01-02,)', 'empty', '(,)' ],
	'tstzrange'    => [ '[2024-01-01 01:00+01,)', '[2024-01-01 00:00+00,)', '[2024-01-02 00:00+00,)', 'empty', '(,)' ],
	'int4multirange' => [ '{[1,3), [3,5)}', '{[1,5)}', '{}', '{[1,2)}', '{(,)}' ],
	'int8multirange' => [ '{[1,3), [3,5)}', '{[1,5)}', '{}', '{[1,2)}', '{(,)}' ],
	'datemultirange' => [ '{[2024-01-01,2024-01-03)}', '{[2024-01-01,2024-01-02]}', '{}', '{[2024-01-01,)}', '{(,)}' ],
	'nummultirange' => [ '{[1.0,2)}', '{[1.00,2.0)}', '{}', '{[1,2]}', '{(,)}' ],
	'tsmultirange' => [ '{[2024-01-01 00:00,)}', '{[2024-01-01,)}', '{}', '{[2024-01-02,)}', '{(,)}' ],
	'tstzmultirange' => [ '{[2024-01-01 01:00+01,)}', '{[2024-01-01 00:00+00,)}', '{}', '{[2024-01-02 00:00+00,)}', '{(,)}' ],
	# what is made of them, and what others brought
	'mood'         => [ 'sad', 'sad', 'glad', undef, 'so, so' ],
	'citext'       => [qw(a A b Ü d)],
	'code'         => [ 'a', 'a ', 'b', 'c', 'd' ],
	'price'        => [qw(1.0 1.00 2 3 4)],
	'numeric[]'    => [ '{1.0,NULL}', '{1.00,NULL}', '{1.0}', '[0:0]={1.0}', '{}' ],
	'bpchar[]'     => [ '{a,NULL}', '{"a ",NULL}', '{b}', '{"NULL"}', '{}' ],
	'text[]'       => [ '{a,NULL}', '{a,NULL}', '{a}', '{"NULL"}', '{{a}}' ],
	'interval[]'   => [ '{1 mon}', '{30 days}', '{1 day}', '{1 hour}', '{}' ],
	'pair'         => [ '(1.0,a)', '(1.00,"a ")', '(1,b)', '(,a)', '(2,)' ],
	'pair[]'       => [ '{"(1.0,a)"}', '{"(1.00,\"a \")"}', '{"(1,b)"}', '{NULL}', '{}' ],
	'pricerange'   => [ '[1.0,2)', '[1.00,2.0)', '[1,2]', 'empty', '(,)' ],
	'text COLLATE loose'   => [qw(a A b c d)],
	'text[] COLLATE loose' => [qw({a} {A} {b} {c} {d})],
	'nick'         => [qw(a A b c d)],
	'nickpair'     => [ '(a)', '(A)', '(b)', '(c)', '(d)' ],
);

my $top = getcwd();
my $prefix = PostgreSQL::Test::Utils::tempdir();
system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
$ENV{PATH} = "$prefix/bin:$ENV{PATH}";
delete @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
chdir PostgreSQL::Test::Utils::tempdir();

my $node = PostgreSQL::Test::Cluster->new('keys');
$node->init;
$node->start;
my $server = $node->connstr;

sub sql
{
	my ($database, $sql) = @_;
	my ($out, $err);

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', "$server dbname=$database" ], '<', \$sql, '>', \$out, '2>', \$err)
	  or die substr($sql, 0, 500) . ": $err";
	chomp $out;
	return $out;
}

my $made = q{
CREATE EXTENSION db_adapter;
CREATE EXTENSION citext;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('sad', 'glad', 'so, so');
CREATE DOMAIN code AS char(4);
CREATE DOMAIN price AS numeric CHECK (value > 0);
CREATE TYPE pair AS (n numeric, c char(3));
CREATE TYPE pricerange AS RANGE (subtype = numeric);
CREATE DOMAIN nick AS text COLLATE loose;
CREATE TYPE nickpair AS (n text COLLATE loose);
};

my @types = sort keys %types;

sub quote { return "'" . ($_[0] =~ s/'/''/gr) . "'"; }

# The rows of one side: [value, number].
sub rows_of
{
	my ($type, $source) = @_;
	my ($equal, $other, $new, $same, $only) = @{ $types{$type} };

	return grep { defined $_->[0] } $source ? ([ $equal, 1 ], [ $new, 2 ], [ $same, 3 ]) : ([ $other, 9 ], [ $same, 3 ], [ $only, 4 ]);
}

sub tables_of
{
	my ($i, $source) = @_;
	my $type = $types[$i];
	my $sql = "CREATE TABLE alone$i (k $type PRIMARY KEY, v int);\n"
	  . "CREATE TABLE part$i (a int, k $type, v int, PRIMARY KEY (a, k));\n"
	  . "CREATE TABLE named$i (id serial PRIMARY KEY, k $type NOT NULL UNIQUE, v int);\n"
	  . "CREATE TABLE child$i (id serial PRIMARY KEY, p $type NOT NULL REFERENCES alone$i, slug text NOT NULL, v int, UNIQUE (p, slug));\n"
	  . "CREATE TABLE pair$i (p $type REFERENCES alone$i, q $type, v int, PRIMARY KEY (p, q));\n";

	# Ids differ from side to side.
	$sql .= "SELECT nextval('named${i}_id_seq'), nextval('child${i}_id_seq') FROM generate_series(1, 50);\n" if !$source;
	foreach my $row (rows_of($type, $source))
	{
		my $k = quote($row->[0]);

		$sql .= "INSERT INTO alone$i VALUES ($k, $row->[1]);\nINSERT INTO part$i VALUES (7, $k, $row->[1]);\n"
		  . "INSERT INTO named$i (k, v) VALUES ($k, $row->[1]);\nINSERT INTO child$i (p, slug, v) VALUES ($k, 'c', $row->[1]);\n"
		  . "INSERT INTO pair$i VALUES ($k, $k, $row->[1]);\n";
	}
	return $sql;
}

foreach my $source (1, 0)
{
	my $name = $source ? 'source' : 'destination';

	sql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
	sql($name, $made . join('', map { tables_of($_, $source) } 0 .. $#types));
}

is(sql('source', q{SELECT coalesce(string_agg(typname, ', '), '') FROM pg_type t
	WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'e', 'r', 'm') AND typname NOT LIKE 'reg%'
		AND (typelem = 0 OR typname = 'oidvector' OR typname = 'name')
		AND EXISTS (SELECT FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'btree' AND opcdefault AND opcintype = t.oid
			OR t.typtype IN ('r', 'm') AND amname = 'btree')
		AND NOT EXISTS (SELECT FROM pg_attribute k JOIN pg_class c ON c.oid = k.attrelid WHERE c.relname LIKE 'alone%' AND k.attname = 'k' AND k.atttypid = t.oid)}),
	'', 'every type of the server that can be a key is here');

sub sync
{
	my (@options) = @_;
	my ($out, $err);

	IPC::Run::run([ 'db-adapter', '-q', '--json', 'sync', '--from', "$server dbname=source", '--profile', "$server dbname=destination", '--backup-schema', 'schema.json', @options ],
		'<', \undef, '>', \$out, '2>', \$err);
	return ($out, $err, $? >> 8);
}

# Which tables count something else than %usual says: "alone3 (citext): new 1, not 0".
sub unusual
{
	my ($json, %usual) = @_;
	my $answer = decode_json($json);
	my $rows = ref $answer eq 'HASH' ? $answer->{tables} : $answer;
	my @found = ref $rows eq 'ARRAY' && @$rows == 5 * @types ? () : ('not a row for each table');

	foreach my $row (ref $rows eq 'ARRAY' ? @$rows : ())
	{
		my $type = $types[ $row->{table} =~ /(\d+)$/ ? $1 : 0 ];

		foreach my $what (sort keys %usual)
		{
			my $count = $row->{$what} // 'nothing';
			my $expected = ref $usual{$what} ? $usual{$what}->($type) : $usual{$what};

			push @found, "$row->{table} ($type): $what $count, not $expected " . encode_json($row->{failure_details} // []) if $count ne $expected;
		}
	}
	return join "\n", @found;
}

my $schema = sql('source', 'SELECT db_adapter.derive_backup_schema()');
append_to_file('schema.json', $schema);

sub has { my ($type, $i) = @_; return defined $types{$type}[$i] ? 1 : 0; }
my %first = (new => sub { has($_[0], 2) }, only_there => sub { has($_[0], 4) }, ambiguous => 0);

my ($out, $err, $code) = sync();
is($code, 0, 'the preview') or diag $err;
is(unusual($out, %first), '', 'a row is new, one only there, whatever the type');
($out, $err, $code) = sync('--confirm', '--delete', '--yes');
is($code, 0, 'the sync') or diag $err;
is(unusual($out, inserted => sub { has($_[0], 2) }, deleted => sub { has($_[0], 4) }, failed => 0, skipped => 0), '', 'it brings what is new and deletes what is only there');
($out, $err, $code) = sync('--delete');
is(unusual($out, new => 0, changed => 0, only_there => 0, ambiguous => 0), '', 'a second sync has nothing to do');

# By content, without a word of ours: keys as their type has them, and as they read.
my @differ;
foreach my $i (0 .. $#types)
{
	foreach my $columns ("alone$i: k::text, v", "part$i: a, k::text, v", "named$i: k::text, v", "child$i: slug, v", "pair$i: q::text, v")
	{
		my ($table, $list) = split /: /, $columns;
		my $query = "SELECT $list FROM $table ORDER BY 1, 2";

		push @differ, "$table ($types[$i])" if sql('source', $query) ne sql('destination', $query);
	}
	push @differ, "child$i ($types[$i]) without its parent"
	  if sql('destination', "SELECT count(*) FROM child$i c LEFT JOIN alone$i a ON a.k = c.p WHERE a.v IS DISTINCT FROM c.v") != 0;
}
is(join("\n", @differ), '', 'both hold the same rows, to the letter');

# The whole, restored into a third database, and once more.
sql('postgres', "CREATE DATABASE third TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
sql('third', $made . join('', map { tables_of($_, 0) } 0 .. $#types));
is(system('db-adapter', '-q', '--profile', "$server dbname=source", 'backup', '--all-users', '--backup-schema', 'schema.json', '-o', 'all.jsonl'), 0, 'a backup');
foreach my $mode ('overwrite', 'overwrite', 'skip')
{
	my $time = $mode eq 'skip' ? 'skipping' : 'overwriting';

	$out = sql('third', "SELECT jsonb_agg(to_jsonb(r)) FROM db_adapter.restore(pg_read_file('" . getcwd() . "/all.jsonl'), mode => '$mode') r");
	is(unusual($out, failed => 0, nulled_refs => 0), '', "a restore, $time");
}
is(unusual($out, inserted => 0, updated => 0), '', 'a restore of what is there inserts nothing');

# delete_rows takes keys as either side writes them.
foreach my $i (0 .. $#types)
{
	my $keys = quote('{"alone' . $i . '": [' . sql('source', "SELECT string_agg(match_key::text, ',') FROM db_adapter.digest_rows(" . quote($schema) . ", 'alone$i', NULL)") . ']}');

	sql('destination', "DELETE FROM child$i; DELETE FROM pair$i");
	push @differ, "alone$i ($types[$i])"
	  if sql('destination', "SELECT deleted = (SELECT count(*) FROM alone$i) FROM db_adapter.delete_rows(" . quote($schema) . ", $keys)") ne 't'
	  || sql('destination', "SELECT count(*) FROM alone$i") != 0;
}
is(join("\n", @differ), '', 'rows are deleted by the keys of the other database');

# Unique values that move between rows, and to a new row from one that is only there.
sub sync_places
{
	my ($source, $destination, @options) = @_;
	my $order = @options ? 'pos' : 'slug';	# whether orders go from place to place

	foreach my $side ([ 'source', $source ], [ 'destination', $destination ])
	{
		sql($side->[0], "DROP TABLE IF EXISTS orders, places; CREATE TABLE places (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, pos int NOT NULL UNIQUE);"
			  . "CREATE TABLE orders (id serial PRIMARY KEY, slug text NOT NULL, place_id int NOT NULL REFERENCES places ON DELETE CASCADE, UNIQUE (place_id, slug));"
			  . "INSERT INTO places (slug, pos) VALUES $side->[1]; INSERT INTO orders (slug, place_id) SELECT 'o' || $order, id FROM places");
	}
	sql('destination', 'ALTER TABLE places ADD CHECK (pos < 9)');
	unlink 'schema.json';
	append_to_file('schema.json', sql('source', "SELECT db_adapter.derive_backup_schema('{places,orders}')"));
	my ($out, $err, $code) = sync('--confirm', @options);
	return join ' ', $code, sql('destination', 'SELECT slug, pos, (SELECT count(*) FROM orders o WHERE o.place_id = p.id) FROM places p ORDER BY slug');
}

is(sync_places("('new', 1), ('a', 2), ('b', 3), ('c', 4)", "('a', 1), ('b', 2), ('c', 3)") =~ s/\n/ /gr,
	'0 a|2|1 b|3|1 c|4|1 new|1|1', 'a chain of values moves');
is(sync_places("('a', 2), ('b', 1)", "('a', 1), ('b', 2)") =~ s/\n/ /gr, '0 a|2|1 b|1|1', 'values are traded');
is(sync_places("('fresh', 1), ('a', 2)", "('old', 1), ('a', 2)", '--delete', '--yes') =~ s/\n/ /gr,
	'0 a|2|1 fresh|1|1', 'a new row takes the value of one that goes, and what refers to it');
is(sync_places("('fresh', 1), ('a', 2), ('no', 9)", "('old', 1), ('a', 2), ('older', 3)", '--delete', '--yes') =~ s/\n/ /gr,
	'1 a|2|1 old|1|1 older|3|1', 'nothing goes where rows fail all the same');

done_testing();
