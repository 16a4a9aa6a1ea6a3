# Tables, rows and steps drawn at random: what preflight says will fail is what fails when
# each step is run alone by plain SQL; and of steps in a row, the first that it says will fail is the
# first that does.  RANDOM_PREFLIGHTS=500 draws more, RANDOM_SEED=17 begins elsewhere.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $count = $ENV{RANDOM_PREFLIGHTS} // 8;
my $first = $ENV{RANDOM_SEED} // 1;
my $node = PostgreSQL::Test::Cluster->new('random');

$node->init;
$node->append_conf('postgresql.conf', "client_min_messages = error\nmax_locks_per_transaction = 256");
$node->start;
my $has_nulls_equal = $node->safe_psql('postgres', 'SHOW server_version_num') >= 150000;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION db_adapter;
-- A plan of these steps for the schema as it is.
CREATE FUNCTION plan_of(steps text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT db_adapter.plan(db_adapter.introspect('{r}'), verify => false, schemas => '{r}') ||
		jsonb_build_object('steps', (SELECT jsonb_agg(jsonb_build_object('step', n, 'object', '', 'sql', s, 'hazards', '[]'::jsonb) ORDER BY n)
			FROM unnest(steps) WITH ORDINALITY AS u (s, n))) $$;
-- What plain SQL makes of each step alone: its SQLSTATE, or nothing.
CREATE FUNCTION run_alone(step text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE step;
		SET CONSTRAINTS ALL IMMEDIATE;
		RAISE SQLSTATE 'ZZZZZ';
	EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN RETURN '';
	WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
	END;
END $$;
-- And of all of them in a row: the number of the first that fails, and why.
CREATE FUNCTION run_all(steps text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	number int := 0;
BEGIN
	BEGIN
		FOR number IN 1 .. array_length(steps, 1) LOOP
			BEGIN
				EXECUTE steps[number];
			EXCEPTION WHEN OTHERS THEN RAISE SQLSTATE 'ZZZZZ' USING MESSAGE = number || ' ' || SQLSTATE || ' ' || SQLERRM;
			END;
		END LOOP;
		RAISE SQLSTATE 'ZZZZZ' USING MESSAGE = '';
	EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN RETURN SQLERRM;
	END;
END $$;
SQL

# ---------- drawing ----------

my $state = 1;

sub draw
{
	my ($among) = @_;

	$state = ($state * 1103515245 + 12345) % 2147483648;
	return ($state >> 8) % $among;
}

sub one { return $_[ draw(scalar @_) ]; }

# Each column: its type, and the values that its rows are drawn from.
my %columns = (
	a => [ 'int', 1 .. 12, 7, -3, 40000, 2000000000 ],
	b => [ 'text', (map { "'$_'" } 1 .. 6, 'word', 'longer text', '007', ' 8', '1.5', '', 'true', '2026-01-31', '99999999999', 'ok', '{1,2}', 'a  ') ],
	c => [ 'numeric(10,4)', qw(1 2 1.5 2.005 2.0049 3.9999 70000 -1), "'NaN'" ],
	d => [ 'varchar(20)', (map { "'$_'" } 1 .. 5, 'ok', 'sad', 'happy', 'sad  ', '2026-02-30', 'x') ],
	e => [ 'float8', qw(1 2 0.1 1.5 1e300 16777217 3000000000), "'NaN'", "'Infinity'" ],
	f => [ 'timestamp', map { "'$_'" } '2026-01-01', '2026-01-01 10:00', '2026-01-02 10:00:00.123456', '1900-06-01' ],
	g => [ 'int4range', map { "'$_'" } '[1,3)', '[3,5)', '[4,8)', '[10,11)', 'empty', '(,2)', '[20,)' ],
	h => [ 'r.mood', map { "'$_'" } qw(sad ok happy) ],
	i => [ 'int[]', map { "'$_'" } '{1,2}', '{}', '{NULL}', '{70000}' ],
	k => [ 'char(6)', map { "'$_'" } 'a', 'ab', 'abcdef', '12' ],
	l => [ 'r.small', -1, 0, 1 .. 9 ],
	m => [ 'bigint', 1 .. 9, 5000000000, -9223372036854775807 ],
	n => [ 'date', map { "'$_'" } '2026-01-01', '2026-01-02', 'infinity' ],
	o => [ 'jsonb', map { "'$_'" } '1', '"x"', '{"a": 1}', 'true', 'null' ]);

sub column { return one(sort keys %columns); }

# Of rows, as many as there are at times none of a kind, so that steps pass as well.
sub values_of
{
	my ($name, $rows, $nulls) = @_;
	my ($type, @values) = @{ $columns{$name} };
	my $some = 1 + draw(scalar @values);
	my $distinct = draw(3) == 0;

	return map {
		$nulls && draw($nulls) == 0 ? 'NULL'
		  : $distinct && $type =~ /^(?:int$|bigint|numeric)/ ? $_ * 3
		  : $values[ draw($some) ]
	} 1 .. $rows;
}

sub table
{
	my ($rows) = @_;
	my @names = sort keys %columns;
	my %values = map { $_ => [ values_of($_, $rows, one(0, 0, 5, 30)) ] } @names;
	my $sql = 'CREATE TABLE r.t (' . join(', ', ('id int') x draw(2), map { "$_ $columns{$_}[0]" } @names) . ');';
	my $numbered = $sql =~ /\(id int/;

	$sql .= 'ALTER TABLE r.t ADD PRIMARY KEY (id);' if $numbered && draw(2);
	$sql .= 'INSERT INTO r.t VALUES ' . join(', ', map { my $row = $_; '(' . join(', ', $numbered ? $row : (), map { $values{$_}[ $row - 1 ] } @names) . ')' } 1 .. $rows) . ';' if $rows;
	return $sql;
}

# What is there before, where the rows allow it.
sub guarded { return map { "DO \$g\$BEGIN $_; EXCEPTION WHEN OTHERS THEN NULL; END\$g\$;" } @_; }

sub schema
{
	my $rows = one(0, 1, 3, 10, 40);
	my $sql = "CREATE SCHEMA r; CREATE TYPE r.mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN r.small AS int;"
	  . "CREATE DOMAIN r.low AS int CHECK (VALUE < 8) NOT NULL; CREATE DOMAIN r.word AS text CHECK (length(VALUE) < 9);"
	  . 'CREATE TABLE r.p (id int PRIMARY KEY, w text UNIQUE); CREATE TABLE r.p2 (x int, y bigint, PRIMARY KEY (x, y));'
	  . 'CREATE TABLE r.none (id int PRIMARY KEY);'
	  . 'CREATE FUNCTION r.f(int) RETURNS int IMMUTABLE LANGUAGE sql AS $f$SELECT 60 / (7 - $1)$f$;';

	$sql .= "INSERT INTO r.p SELECT i, i::text FROM generate_series(1, " . one(4, 12, 60) . ') i; INSERT INTO r.p2 SELECT i, i FROM generate_series(1, ' . one(3, 40) . ') i;';
	$sql .= table($rows);
	$sql .= join '', guarded(map { draw(4) == 0 ? $_ : () } 'CREATE UNIQUE INDEX t_c ON r.t (c)', 'ALTER TABLE r.t ADD CONSTRAINT c_low CHECK (c < 3.99995 OR c > 10)',
		'ALTER TABLE r.t ADD CONSTRAINT f_one UNIQUE (f)', 'ALTER TABLE r.t ADD CONSTRAINT a_p FOREIGN KEY (a) REFERENCES r.p', 'CREATE INDEX t_e ON r.t ((10 / (e - 2)))',
		'ALTER TABLE r.t ADD CONSTRAINT later CHECK (a < 9) NOT VALID', 'ALTER TABLE r.t ADD CONSTRAINT e_one UNIQUE (e, a)', 'CREATE UNIQUE INDEX t_k ON r.t (k) WHERE a > 3');
	$sql .= 'CREATE TABLE r.whole (LIKE r.t) PARTITION BY ' . one('RANGE (a)', 'LIST (a)', 'RANGE (c, a)') . ';';
	$sql .= 'CREATE TABLE r.rest PARTITION OF r.whole DEFAULT; ' . join('', guarded('INSERT INTO r.rest SELECT * FROM r.t')) if draw(2);
	return $sql;
}

# ---------- steps ----------

my @types = split / /, 'int bigint smallint text varchar(4) varchar(30) char(3) numeric numeric(6,2) numeric(12,6) float4 float8 date timestamp timestamp(0) timestamptz boolean jsonb r.mood r.word r.low r.small int[] bigint[] smallint[] text[] time name';

sub conversion
{
	my $column = column();
	my $type = one(@types);

	return "ALTER TABLE r.t ALTER COLUMN $column TYPE $type" . one('', '', " USING $column\::$type", " USING $column\::text::$type", " USING nullif($column\::text, '1')::$type");
}

sub condition
{
	return one("a < 9", 'a <> 5', '10 / (a - 7) < 5', 'length(b) < 8', 'b::int < 5', "c > 1 OR a IS NULL", "e = e", "f < '2026-01-02'", 'NOT isempty(g)', "h <> 'sad'", "h > 'sad'",
		'i[1] = 1', 'r.f(a) > 0', 'num_nulls(a, b, c) = 0', "d::r.mood <> 'ok'", 'm::int > 0', 'l > 0', "o ->> 'a' IS NULL", 'a IS NOT NULL AND b IS NOT NULL', 'k::int = 12', 'now() > n');
}

sub key
{
	my @key = (column(), map { draw(2) ? () : column() } 1 .. 2);
	my %seen;

	return join ', ', grep { !$seen{$_}++ } @key;
}

sub step
{
	my $nulls = $has_nulls_equal ? one('', ' NULLS NOT DISTINCT') : '';

	return one(
		sub { 'ALTER TABLE r.t ALTER COLUMN ' . column() . ' SET NOT NULL' },
		\&conversion, \&conversion, \&conversion,
		sub { 'ALTER TABLE r.t ADD CHECK (' . condition() . ')' }, sub { 'ALTER TABLE r.t ADD CHECK (' . condition() . ')' },
		sub { "ALTER TABLE r.t ADD UNIQUE$nulls (" . key() . ')' },
		sub { 'CREATE UNIQUE INDEX ON r.t (' . one(key(), 'lower(b)', 'abs(a), b', '(a / 2)', 'b COLLATE "C"', '(r.f(a))') . ')' . one('', $nulls) . one('', ' WHERE ' . condition()) },
		sub { 'CREATE INDEX ON r.t (' . one('(b::int)', '(10 / (a - 5))', '(d::r.low)', 'a') . ')' . one('', ' WHERE ' . condition()) },
		sub { 'ALTER TABLE r.t ADD FOREIGN KEY (' . one('a) REFERENCES r.p', 'm) REFERENCES r.p (id)', 'b) REFERENCES r.p (w)', 'a, m) REFERENCES r.p2', 'a, m) REFERENCES r.p2 MATCH FULL', 'a) REFERENCES r.none', 'l) REFERENCES r.p MATCH FULL', 'c) REFERENCES r.p') },
		sub { 'ALTER TABLE r.t ADD EXCLUDE USING ' . one('gist (g WITH &&)', 'gist (g WITH &&) WHERE (a > 3)', 'btree (a WITH =)', 'btree (a WITH =, b WITH =)', 'gist (g WITH -|-)', 'hash (b WITH =)') },
		sub { 'ALTER TABLE r.t ADD COLUMN z ' . one('int NOT NULL', 'int NOT NULL DEFAULT 4', 'r.low', 'r.low DEFAULT 3', 'r.low DEFAULT 9', 'int GENERATED ALWAYS AS (60 / (a - 6)) STORED', 'int GENERATED ALWAYS AS (r.f(a)) STORED NOT NULL',
			'text GENERATED ALWAYS AS (left(b, 3)) STORED UNIQUE', 'int DEFAULT 3 CHECK (z < a)', 'bigserial', 'int GENERATED ALWAYS AS IDENTITY', 'int REFERENCES r.none', 'int DEFAULT 1 REFERENCES r.none', 'int UNIQUE DEFAULT 4', 'int PRIMARY KEY', 'r.low GENERATED ALWAYS AS (a) STORED') },
		sub { 'ALTER DOMAIN r.small ' . one('ADD CHECK (VALUE > 0)', 'ADD CHECK (10 / VALUE > 1)', 'SET NOT NULL', 'ADD CHECK (VALUE < 100)') },
		sub { 'ALTER TABLE r.whole ATTACH PARTITION r.t ' . one('FOR VALUES FROM (1) TO (20)', 'FOR VALUES IN (1, 2, 3, 4, 5, 6, 7)', 'FOR VALUES IN (NULL, 7, -3)', 'FOR VALUES FROM (1, MINVALUE) TO (4, 5)', 'FOR VALUES FROM (MINVALUE) TO (MAXVALUE)', 'DEFAULT') },
		sub { 'CREATE TABLE r.part PARTITION OF r.whole FOR VALUES ' . one('FROM (1) TO (4)', 'IN (7, 8)', 'IN (NULL)', 'FROM (2, 2) TO (2, 9)', 'FROM (100000) TO (200000)') },
		sub { 'ALTER TABLE r.t VALIDATE CONSTRAINT later' })->();
}

# ---------- what is compared ----------

# The structure is the trial's to tell of: a cast that there is not, a name that is taken.
sub is_of_rows { my ($error) = @_; return $error =~ /^2[123]/; }

my %became;

sub compare_alone
{
	my ($round, @steps) = @_;
	my $list = join ', ', map { "\$s\$$_\$s\$" } @steps;
	my $rows = $node->safe_psql('postgres', "SELECT n, coalesce((SELECT string_agg(DISTINCT kind, ',' ORDER BY kind) FROM db_adapter.preflight(plan_of(ARRAY[s]))), '') || '|' || run_alone(s)
		FROM unnest(ARRAY[$list]) WITH ORDINALITY AS u (s, n) ORDER BY n");

	foreach (split /\n(?=\d+\|)/, $rows)
	{
		my ($number, $kinds, $error) = /^(\d+)\|([a-z,]*)\|(.*)$/s or die "round $round: $_";
		my $says = $kinds =~ /fails/ ? 'fails' : $kinds =~ /unknown/ ? 'unknown' : 'passes';
		my $does = $error eq '' ? 'passes' : is_of_rows($error) ? 'fails' : 'cannot';

		$became{"$says and $does"}++;
		next if $does eq 'cannot' || $says eq 'unknown' || $says eq $does;
		fail("round $round: $steps[$number - 1] $says");
		diag("but $does: $error");
	}
	return;
}

# Steps that each make sense alone, one after the other.
sub compare_all
{
	my ($round, @steps) = @_;
	my $list = join ', ', map { "\$s\$$_\$s\$" } @steps;
	my ($fails, $unknown, $does) = split /\|/, $node->safe_psql('postgres',
		"SELECT coalesce(min(step) FILTER (WHERE kind = 'fails'), 0), coalesce(min(step) FILTER (WHERE kind = 'unknown'), 0), run_all(ARRAY[$list]) FROM db_adapter.preflight(plan_of(ARRAY[$list]))"), 3;
	my ($number) = ($does // '') =~ /^(\d+) /;

	$number //= 0;
	# What structure forbids ends the comparison there.
	return $became{'row that cannot'}++ if $number && !is_of_rows($does =~ s/^\d+ //r) && ($fails == 0 || $fails >= $number);
	return $became{'row that is unknown'}++ if $unknown && ($number == 0 || $unknown <= $number);
	$became{'row told'}++;
	return if $fails == $number;
	fail("round $round: of the steps in a row, $fails is told to fail");
	diag(join("\n", @steps, "but it is $number: " . ($does // '')));
	return;
}

foreach my $round ($first .. $first + $count - 1)
{
	$state = $round * 7919;
	draw(2) foreach 1 .. 5;
	$node->safe_psql('postgres', 'DROP SCHEMA IF EXISTS r CASCADE; ' . schema());
	my @steps = map { step() } 1 .. 24;

	compare_alone($round, @steps);
	compare_all($round, @steps[ 3 * $_ .. 3 * $_ + 2 ]) foreach 0 .. 7;
}
note(join ', ', map { "$_: $became{$_}" } sort keys %became);
cmp_ok($became{'fails and fails'} // 0, '>=', $count, 'steps that fail were among them');
cmp_ok($became{'passes and passes'} // 0, '>=', $count, 'and steps that do not');
cmp_ok(($became{'unknown and fails'} // 0) + ($became{'unknown and passes'} // 0), '<=', $count * 24 / 12, 'few are not known');
cmp_ok($became{'row told'} // 0, '>=', $count, 'and steps in a row');

$node->stop;
done_testing();
