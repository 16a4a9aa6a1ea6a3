# Schemas drawn at random, of all kinds of objects that need each other.
#
# A schema is a list of slots.  Each draws its text by a number of its own, from what
# those before it have drawn; a schema is the list of these numbers.  Its neighbour has
# some of them changed.  The same numbers give the same text everywhere, so that a pair
# is named by one seed.
#
# Not every text can be loaded: a slot knows what others have drawn, not what the server
# thinks of it.  Whoever uses this passes those over, and counts them.
package SchemaDraw;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(draw_pair);

my $state = 1;

# A small generator of our own: rand() differs from one perl to the next.
sub draw
{
	my ($count) = @_;

	$state = ($state * 1103515245 + 12345) % 2147483648;
	return ($state >> 8) % $count;
}

sub one { return $_[ draw(scalar @_) ]; }

# One in so many times, else nothing.
sub maybe
{
	my ($times, $text) = @_;

	return draw($times) == 0 ? $text : '';
}

sub some
{
	my ($times, @texts) = @_;

	return grep { draw($times) == 0 } @texts;
}

# ---------- types, routines and what they are of ----------

sub enum
{
	my ($s) = @_;

	$s->{e} = [ one([qw(a b)], [qw(a b c)], [qw(b a)], [qw(a x b)], [qw(a)]) ];
	return 'CREATE TYPE e AS ENUM (' . join(', ', map { "'$_'" } @{ $s->{e}[0] }) . ');'
	  . maybe(6, "COMMENT ON TYPE e IS 'kinds';") . maybe(8, 'GRANT USAGE ON TYPE e TO regress_pair_reader;');
}

sub functions
{
	my ($s) = @_;
	my $body = one("AS 'SELECT 1'", "AS 'SELECT 2'", 'RETURN 1', 'BEGIN ATOMIC SELECT 1; END');
	my $sql = 'CREATE FUNCTION f(' . one('a int', 'a int', 'b int', 'a int, b int DEFAULT 2', 'a bigint') . ') RETURNS '
	  . one('int', 'int', 'int', 'bigint') . ' LANGUAGE sql IMMUTABLE ' . one('', 'STRICT ', 'PARALLEL SAFE ', 'COST 7 ', "SET work_mem = '1MB' ", 'SECURITY DEFINER ') . "$body;";

	if (draw(3) == 0)
	{
		my $result = one('int', 'e', 'e[]');

		$sql .= "CREATE FUNCTION fe(e) RETURNS $result LANGUAGE sql IMMUTABLE AS 'SELECT NULL::$result';";
	}
	$sql .= "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS '" . one('BEGIN RETURN NEW; END', 'BEGIN RETURN NULL; END', 'BEGIN RETURN OLD; END') . "';";
	$sql .= maybe(4, "CREATE PROCEDURE pr(" . one('a int', 'INOUT a int', 'a text') . ") LANGUAGE plpgsql AS 'BEGIN NULL; END';");
	$sql .= maybe(4, "CREATE FUNCTION st(s int, v int) RETURNS int LANGUAGE sql IMMUTABLE AS '" . one('SELECT 1', 'SELECT $1') . "'; CREATE AGGREGATE ag (int) (SFUNC = st, STYPE = int"
		  . maybe(2, ', INITCOND = \'0\'') . '); ' . maybe(2, "COMMENT ON AGGREGATE ag (int) IS 'sum';"));
	$sql .= maybe(8, 'CREATE AGGREGATE os (float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);');
	$sql .= maybe(5, 'GRANT EXECUTE ON FUNCTION tf() TO regress_pair_reader;') . maybe(6, 'REVOKE ALL ON FUNCTION tf() FROM PUBLIC;');
	return $sql;
}

sub types
{
	my ($s) = @_;
	my $sql = one('CREATE DOMAIN d AS int;', 'CREATE DOMAIN d AS int CHECK (f(VALUE::int) > 0);', 'CREATE DOMAIN d AS bigint DEFAULT 3;', 'CREATE DOMAIN d AS int NOT NULL;',
		'CREATE DOMAIN d AS int CONSTRAINT positive CHECK (VALUE > 0) CONSTRAINT small CHECK (VALUE < 100);', "CREATE TYPE d AS ENUM ('1', '2');", 'CREATE DOMAIN d AS text COLLATE "C";');

	$sql .= one('CREATE TYPE c AS (x int, y e);', 'CREATE TYPE c AS (x bigint, y e);', 'CREATE TYPE c AS (x int);', 'CREATE TYPE c AS (y text, x int, z date);', 'CREATE TYPE c AS (x int, y d[]);');
	$s->{range} = draw(3) == 0;
	$sql .= one('CREATE TYPE ra AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);', 'CREATE TYPE ra AS RANGE (SUBTYPE = float8);', 'CREATE TYPE ra AS RANGE (SUBTYPE = text, COLLATION = "C");')
	  if $s->{range};
	$s->{nested} = draw(4) == 0;
	$sql .= one('CREATE TYPE n AS (o c, p e[]);', 'CREATE TYPE n AS (o c);') if $s->{nested};
	return $sql . maybe(6, "COMMENT ON COLUMN c.x IS 'first';") . maybe(6, "COMMENT ON TYPE c IS 'pair';");
}

sub others
{
	my ($s) = @_;
	my $sql = one("CREATE COLLATION co (locale = 'C');", "CREATE COLLATION co (locale = 'POSIX');");

	$s->{operator} = draw(3) == 0;
	$sql .= one('CREATE OPERATOR ## (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);', 'CREATE OPERATOR ## (FUNCTION = int4mi, LEFTARG = int, RIGHTARG = int);',
		'CREATE OPERATOR ## (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ##);') if $s->{operator};
	$s->{opclass} = draw(4) == 0;
	$sql .= one('CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);',
		'CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(int, int);',
		'CREATE OPERATOR FAMILY fa USING btree; CREATE OPERATOR CLASS oc FOR TYPE int USING btree FAMILY fa AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);')
	  if $s->{opclass};
	$s->{search} = draw(2) == 0;
	$sql .= one('CREATE TEXT SEARCH CONFIGURATION ts (COPY = simple);', 'CREATE TEXT SEARCH CONFIGURATION ts (COPY = english);',
		"CREATE TEXT SEARCH DICTIONARY di (TEMPLATE = simple, STOPWORDS = 'english'); CREATE TEXT SEARCH CONFIGURATION ts (COPY = simple); ALTER TEXT SEARCH CONFIGURATION ts ALTER MAPPING FOR asciiword WITH di;",
		'CREATE TEXT SEARCH DICTIONARY di (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION ts (COPY = simple); ALTER TEXT SEARCH CONFIGURATION ts ALTER MAPPING FOR asciiword, word WITH di;')
	  if $s->{search};
	$s->{sequence} = draw(3) > 0;
	$sql .= one('CREATE SEQUENCE s;', 'CREATE SEQUENCE s MINVALUE 10 START 20;', 'CREATE SEQUENCE s INCREMENT -1;', 'CREATE SEQUENCE s AS int MAXVALUE 500 CYCLE CACHE 4;', 'CREATE UNLOGGED SEQUENCE s;') if $s->{sequence};
	$sql =~ s/UNLOGGED SEQUENCE/SEQUENCE/g;    # from 15 on only
	return $sql;
}

# ---------- tables ----------

# Columns of a table by name; what is drawn of them is kept for those that read them.
sub columns
{
	my ($s, $table) = @_;
	my %column = (
		id => one('int PRIMARY KEY', 'int GENERATED ALWAYS AS IDENTITY', 'int DEFAULT 4 UNIQUE', 'int GENERATED BY DEFAULT AS IDENTITY (CYCLE) PRIMARY KEY', 'serial PRIMARY KEY', 'bigint PRIMARY KEY', 'bigserial', 'int NOT NULL'),
		a => one('int', 'int DEFAULT f(1)', 'bigint NOT NULL', 'smallint DEFAULT 2', $s->{sequence} ? "int DEFAULT nextval('s')" : 'int', 'numeric(8,2)', 'text'),
		m => 'e' . one('', '', " DEFAULT 'a'", '[]'));

	$column{r} = one('c', 'c[]') if draw(2) == 0;
	$column{v} = one('d', 'd[]', 'd') if draw(2) == 0;
	$column{n} = 'n' if $s->{nested} && draw(2) == 0;
	$column{b} = 'ra' if $s->{range} && draw(2) == 0;
	$column{w} = one('text', 'text COLLATE co', 'text COLLATE "C"', 'varchar(20)', "varchar(30) DEFAULT 'w'", 'text NOT NULL') if draw(3) > 0;
	$column{g} = one('int GENERATED ALWAYS AS (f(1)) STORED', "bool GENERATED ALWAYS AS (m IS NULL) STORED") if draw(3) == 0;
	$column{x} = "tsvector GENERATED ALWAYS AS (to_tsvector('pair.ts'::regconfig, 'x')) STORED" if $s->{search} && draw(4) == 0;
	$column{o} = 'int GENERATED ALWAYS AS (1 OPERATOR(pair.##) 2) STORED' if $s->{operator} && draw(4) == 0;
	$s->{$table} = \%column;
	return join(', ', map { "$_ $column{$_}" } sort { one(0, 0, 0, 1) || $a cmp $b } sort keys %column);
}

sub reads_int { my ($definition) = @_; return $definition =~ /^(int|bigint|smallint|serial|bigserial)\b/ && $definition !~ /\[/; }

# All that hangs on a table.
sub contents
{
	my ($s, $table) = @_;
	my $c = $s->{$table};
	my $sql = '';
	my @parts = ("CREATE INDEX ${table}_i ON $table (id);", "CREATE INDEX ${table}_i ON $table (f(id::int)) WHERE id > 3;", "CREATE INDEX ${table}_m ON $table (m);", "CREATE INDEX ${table}_m ON $table USING hash (id);",
		"CREATE UNIQUE INDEX ${table}_u ON $table (id, m);", "ALTER TABLE $table ADD CONSTRAINT ${table}_u UNIQUE (id, m);", "ALTER TABLE $table ADD CONSTRAINT ${table}_u UNIQUE (id, a);",
		"ALTER TABLE $table ADD CONSTRAINT ${table}_ch CHECK (f(id::int) > 0);", "ALTER TABLE $table ADD CONSTRAINT ${table}_ch CHECK (m IS NOT NULL) NO INHERIT;", "ALTER TABLE $table ADD CONSTRAINT ${table}_ch CHECK (id > 0) NOT VALID;",
		"ALTER TABLE $table ADD CONSTRAINT ${table}_ex EXCLUDE USING btree (id WITH =);",
		"CREATE POLICY ${table}_p ON $table USING (f(id::int) = 1);", "CREATE POLICY ${table}_p ON $table FOR INSERT TO regress_pair_reader WITH CHECK (m IS NULL);", "ALTER TABLE $table ENABLE ROW LEVEL SECURITY;",
		"CREATE TRIGGER ${table}_t BEFORE UPDATE ON $table FOR EACH ROW WHEN (f(old.id::int) > 2) EXECUTE FUNCTION tf();", "CREATE TRIGGER ${table}_t AFTER INSERT OR UPDATE OF m ON $table FOR EACH STATEMENT EXECUTE FUNCTION tf();",
		"CREATE CONSTRAINT TRIGGER ${table}_ct AFTER INSERT ON $table DEFERRABLE FOR EACH ROW EXECUTE FUNCTION tf();",
		"CREATE RULE ${table}_r AS ON DELETE TO $table DO INSTEAD NOTHING;", "CREATE RULE ${table}_r AS ON INSERT TO $table WHERE new.id > 10 DO ALSO UPDATE $table SET m = new.m WHERE id = 1;",
		"CREATE STATISTICS ${table}_s ON id, m FROM $table;", "CREATE STATISTICS ${table}_s (ndistinct) ON id, a FROM $table;", "CREATE STATISTICS ${table}_s ON f(id::int), m FROM $table;",
		"ALTER TABLE $table SET (fillfactor = 70);", "ALTER TABLE $table SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);",
		"ALTER TABLE $table ALTER a SET STATISTICS 50;", "ALTER TABLE $table REPLICA IDENTITY FULL;", "COMMENT ON TABLE $table IS 'about $table';", "COMMENT ON COLUMN $table.m IS 'm';",
		"GRANT SELECT (id), UPDATE ON $table TO regress_pair_reader;", "GRANT SELECT, INSERT (a) ON $table TO regress_pair_reader WITH GRANT OPTION;", "ALTER TABLE $table OWNER TO regress_pair_owner;");
	my %seen;

	push @parts, "ALTER TABLE $table ALTER w SET STORAGE external;", "ALTER TABLE $table ALTER w SET COMPRESSION pglz;", "CREATE INDEX ${table}_w ON $table (w, lower(w) DESC NULLS LAST);" if $c->{w};
	push @parts, "CREATE INDEX ${table}_oc ON $table (id oc);" if $s->{opclass} && $c->{id} =~ /^(int|serial)/;
	push @parts, "ALTER TABLE $table ADD CONSTRAINT ${table}_g CHECK (id::int OPERATOR(pair.##) 1 < 1000);" if $s->{operator};
	push @parts, "CREATE INDEX ${table}_r ON $table ((r));", "ALTER TABLE $table ADD CONSTRAINT ${table}_rc CHECK ((r).x IS NOT NULL);" if ($c->{r} // '') eq 'c';
	foreach (some(5, @parts))
	{
		my ($name) = /(\w+_(?:[a-z]+))/;

		$sql .= $_ unless $seen{ $name // $_ }++;
	}
	$sql .= maybe(3, "CREATE INDEX ${table}_k ON $table (id); ALTER TABLE $table CLUSTER ON ${table}_k;");
	return $sql;
}

sub key_table
{
	my ($s) = @_;

	my $key = one('PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE', 'NOT NULL UNIQUE');

	return 'CREATE TABLE k (id ' . one('int', 'int', 'bigint', 'smallint') . " $key, w text COLLATE co" . maybe(3, ', z int') . ');'
	  . maybe(5, 'CREATE UNIQUE INDEX k_w ON k (w);') . ($key eq 'PRIMARY KEY' ? maybe(5, "COMMENT ON CONSTRAINT k_pkey ON k IS 'key';") : '');
}

sub table
{
	my ($s) = @_;

	return '' if draw(8) == 0;
	$s->{unlogged} = draw(6) == 0;
	return 'CREATE ' . ($s->{unlogged} ? 'UNLOGGED ' : '') . 'TABLE t (' . columns($s, 't') . ', ref ' . one('int', 'bigint', 'int REFERENCES k (id)', 'bigint REFERENCES k (id) ON DELETE CASCADE', 'int REFERENCES k (id) DEFERRABLE INITIALLY DEFERRED') . ');' . contents($s, 't');
}

sub second
{
	my ($s) = @_;

	return '' if draw(3) == 0;
	my $sql = 'CREATE TABLE q (' . columns($s, 'q') . ');' . contents($s, 'q');

	return $sql . ($s->{t} ? maybe(3, 'ALTER TABLE q ADD CONSTRAINT q_self FOREIGN KEY (id) REFERENCES k (id);') : '')
	  . maybe(3, 'ALTER SEQUENCE s OWNED BY q.id;') x ($s->{sequence} && $sql !~ / OWNER TO / ? 1 : 0);
}

sub children
{
	my ($s) = @_;

	return one('', '', 'CREATE TABLE pa (x int, y int); CREATE TABLE ch (y int, z int) INHERITS (pa);', 'CREATE TABLE pa (x int NOT NULL DEFAULT f(1)); CREATE TABLE ch (y int, z bigint) INHERITS (pa);',
		'CREATE TABLE pa (x int, CONSTRAINT pc CHECK (x > 0)); CREATE TABLE pb (w text); CREATE TABLE ch (z int) INHERITS (pa, pb); CREATE TABLE gr () INHERITS (ch);',
		'CREATE TABLE pa (x bigint, CONSTRAINT pc CHECK (x > 1)); CREATE TABLE pb (w text, u e); CREATE TABLE ch (z int) INHERITS (pb); CREATE TABLE gr (x bigint) INHERITS (ch, pa);',
		'CREATE TABLE pa (x int); CREATE TABLE ch (x int, z int); CREATE TABLE gr () INHERITS (ch);');
}

# A table that is partitioned, or is not, with what partitions have for themselves.
sub partitioned
{
	my ($s) = @_;
	my ($by, @bounds) = @{ one(['LIST (id)', 'IN (1)', 'IN (2, 3)', 'DEFAULT'], ['LIST (id)', 'IN (1, 2)', 'IN (3)', 'DEFAULT'], ['RANGE (id)', 'FROM (1) TO (5)', 'FROM (5) TO (9)', 'DEFAULT'],
			['HASH (id)', 'WITH (MODULUS 3, REMAINDER 0)', 'WITH (MODULUS 3, REMAINDER 1)', 'WITH (MODULUS 3, REMAINDER 2)'], ['RANGE (id, p)', 'FROM (1, 1) TO (5, 1)', 'FROM (5, 1) TO (9, 1)', 'DEFAULT'], ['', '', '', '']) };
	my $columns = 'id ' . one('int', 'int', 'bigint') . one('', ' NOT NULL') . ', p int' . one('', ' NOT NULL', ' DEFAULT 3') . ', o ' . one('int', 'text', 'e') . maybe(4, ', h int DEFAULT f(3)');
	my $key = one('', '', 'PRIMARY KEY (id, p)', 'UNIQUE (id, p)', 'CONSTRAINT u_key PRIMARY KEY (id, p)');
	$columns =~ s/^(id \w+), p int/$1 NOT NULL, p int/ if $key =~ /PRIMARY/;
	$columns =~ s/p int(?! NOT)/p int NOT NULL/ if $key =~ /PRIMARY/;
	my $sql = "CREATE TABLE u ($columns" . ($key && draw(2) ? ", $key" : '') . ')' . ($by ? " PARTITION BY $by" : '') . ';';
	my $count = one(0, 1, 1, 2, 2, 3);
	my $early = draw(2);
	my $whole = '';

	return '' if draw(6) == 0;
	$whole = "ALTER TABLE u ADD $key;" if $key && $sql !~ /\Q$key/;
	$whole .= maybe(3, one('CREATE INDEX u_i ON u (p);', 'CREATE INDEX u_i ON u (p, o);', 'CREATE UNIQUE INDEX u_i ON u (id, p);')) . maybe(4, 'CREATE INDEX u_f ON u (f(p));')
	  . maybe(5, 'CREATE TRIGGER u_t AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION tf();') . ($early ? '' : maybe(5, 'ALTER TABLE u ADD CONSTRAINT u_ch CHECK (p > 0);')) . maybe(6, 'ALTER TABLE u ADD FOREIGN KEY (p) REFERENCES k (id);')
	  . maybe(8, 'GRANT SELECT ON u TO regress_pair_reader;');
	$sql .= $whole if $early;
	foreach my $i (1 .. $count)
	{
		my $bound = $bounds[ $i - 1 ];
		my $for = $bound eq 'DEFAULT' ? 'DEFAULT' : "FOR VALUES $bound";
		my $by_itself = "CREATE TABLE u$i ($columns);";

		if (!$by) { $sql .= maybe(2, $by_itself . maybe(3, "CREATE INDEX u${i}_p ON u$i (p);")); next; }
		if (draw(5) == 0 && $bound ne 'DEFAULT')
		{
			$sql .= "CREATE TABLE u$i PARTITION OF u $for PARTITION BY LIST (p);" . maybe(2, "CREATE TABLE u${i}a PARTITION OF u$i FOR VALUES IN (1);") . maybe(2, "CREATE TABLE u${i}b PARTITION OF u$i DEFAULT;");
			next;
		}
		$sql .= one("CREATE TABLE u$i PARTITION OF u $for;", "CREATE TABLE u$i PARTITION OF u $for;", "CREATE TABLE u$i PARTITION OF u (p DEFAULT 9) $for;", "CREATE TABLE u$i PARTITION OF u (o NOT NULL) $for;",
			"${by_itself}ALTER TABLE u ATTACH PARTITION u$i $for;", "${by_itself}ALTER TABLE u$i ADD CONSTRAINT own$i " . ($key =~ /UNIQUE/ ? 'UNIQUE' : 'PRIMARY KEY') . " (id, p); ALTER TABLE u ATTACH PARTITION u$i $for;",
			"${by_itself}CREATE INDEX mine$i ON u$i (p); ALTER TABLE u ATTACH PARTITION u$i $for;", $by_itself);
		$sql .= maybe(6, "CREATE INDEX u${i}_l ON u$i (o);") . maybe(8, "CREATE UNIQUE INDEX u${i}_q ON u$i (id, p);") . maybe(8, "ALTER TABLE u$i ADD CONSTRAINT u${i}_c CHECK (id < 100);")
		  . maybe(8, "CREATE TRIGGER u${i}_t BEFORE UPDATE ON u$i FOR EACH ROW EXECUTE FUNCTION tf();");
	}
	$sql .= $whole if !$early;
	$sql .= maybe(5, one('CREATE TABLE uf (x int, y int, FOREIGN KEY (x, y) REFERENCES u (id, p));', 'CREATE INDEX u_only ON ONLY u (o);')) if $key && $by;
	$s->{u} = 1;
	return $sql;
}

# ---------- what reads tables ----------

sub views
{
	my ($s) = @_;
	my $sql = '';

	if ($s->{t})
	{
		my $v = one('', 'CREATE VIEW v AS SELECT id, f(id::int) AS f, m FROM t;', 'CREATE VIEW v AS SELECT * FROM t;', 'CREATE VIEW v WITH (security_barrier) AS SELECT id, a FROM t;',
			'CREATE MATERIALIZED VIEW v AS SELECT id, f(1) AS f FROM t; CREATE INDEX v_i ON v (id);', 'CREATE VIEW v AS SELECT id, m, count(*) AS n FROM t GROUP BY id, m;', 'CREATE MATERIALIZED VIEW v AS SELECT m, id FROM t WITH NO DATA;',
			($s->{t}{id} =~ /PRIMARY/ ? 'CREATE VIEW v AS SELECT id, a, m FROM t GROUP BY id;' : ''));

		$sql .= $v;
		if ($v)
		{
			$sql .= one('', '', 'CREATE VIEW w AS SELECT id FROM v;', "CREATE FUNCTION vf() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';", 'CREATE TABLE vt (q v);', 'CREATE VIEW w AS SELECT v.id, t.m FROM v JOIN t USING (id);');
			$sql .= maybe(3, 'GRANT SELECT ON v TO regress_pair_reader;') . maybe(4, "COMMENT ON VIEW v IS 'v';") x ($v !~ /MATERIALIZED/) . maybe(4, "ALTER VIEW v ALTER id SET DEFAULT f(1);") x ($v !~ /MATERIALIZED/);
			$sql .= maybe(4, 'CREATE TRIGGER v_t INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION tf();') . maybe(4, 'CREATE RULE v_r AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE id = old.id;') if $v !~ /MATERIALIZED/;
		}
		$sql .= one('', '', 'CREATE TABLE tt (q t, z t[]);', "CREATE FUNCTION ttf(t) RETURNS SETOF t LANGUAGE sql AS 'SELECT \$1';", 'CREATE FUNCTION tc() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(m) FROM t; END;');
		$sql .= maybe(5, 'CREATE POLICY t_x ON t USING (id IN (SELECT id FROM k));');
	}
	$sql .= maybe(4, 'CREATE VIEW uv AS SELECT id, p FROM u;') if $s->{u};
	$sql .= maybe(4, 'CREATE VIEW op AS SELECT 1 OPERATOR(pair.##) 2 AS o;') if $s->{operator};
	return $sql;
}

sub typed
{
	my ($s) = @_;

	return one('', '', 'CREATE TABLE ty OF c;', 'CREATE TABLE ty OF c (x DEFAULT 3);', 'CREATE TABLE ty OF c (PRIMARY KEY (x));', 'CREATE TABLE ty (x int, y e);');
}

sub foreign
{
	my ($s) = @_;

	return one('', '', "CREATE FOREIGN TABLE ft (id int, w text) SERVER regress_pair_server OPTIONS (a '1');", "CREATE FOREIGN TABLE ft (id int OPTIONS (k 'v') NOT NULL, w text, m e) SERVER regress_pair_server OPTIONS (a '2', b '3');",
		'CREATE FOREIGN TABLE ft (id bigint, CONSTRAINT fc CHECK (id > 0)) SERVER regress_pair_server;', 'CREATE TABLE ft (id int, w text);');
}

sub circles
{
	my ($s) = @_;

	return one('', '', 'CREATE TABLE a (id int PRIMARY KEY, z int); CREATE TABLE z (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (z) REFERENCES z;', 'CREATE TABLE a (id int, z int PRIMARY KEY); CREATE TABLE z (id int PRIMARY KEY, a int REFERENCES a);',
		"CREATE TABLE a (id int, z int); CREATE FUNCTION of_a(a) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER TABLE a ADD CONSTRAINT a_c CHECK (of_a(a) > 0);",
		"CREATE TABLE a (id int, z int); CREATE FUNCTION of_a() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM a; END; ALTER TABLE a ALTER z SET DEFAULT of_a();",
		"CREATE TABLE z (id int); CREATE FUNCTION row_of_z() RETURNS z LANGUAGE sql AS 'SELECT NULL::z'; CREATE VIEW a AS SELECT (row_of_z()).id; CREATE FUNCTION of_a() RETURNS SETOF a LANGUAGE sql AS 'SELECT NULL::a';");
}

sub published
{
	my ($s) = @_;

	return '' if !$s->{t} || $s->{unlogged};
	return one('', '', '', 'CREATE PUBLICATION regress_pair_pub FOR TABLE t;', "CREATE PUBLICATION regress_pair_pub FOR TABLE k WITH (publish = 'insert');", 'CREATE PUBLICATION regress_pair_pub FOR TABLE t, k;');
}

sub privileges
{
	my ($s) = @_;

	return join '', some(6, 'ALTER DEFAULT PRIVILEGES IN SCHEMA pair GRANT SELECT ON TABLES TO regress_pair_reader;', 'GRANT USAGE ON SCHEMA pair TO regress_pair_reader;', 'GRANT ALL ON TABLE k TO regress_pair_reader;', 'ALTER TABLE k OWNER TO regress_pair_owner;',
		'GRANT SELECT ON ALL TABLES IN SCHEMA pair TO regress_pair_reader;', 'ALTER FUNCTION tf() OWNER TO regress_pair_owner;', 'ALTER TYPE e OWNER TO regress_pair_owner;');
}

# Rows where they go in; what cannot be is left out.
sub rows
{
	my ($s) = @_;
	my @rows = ('INSERT INTO k (id, w) VALUES (1, \'w\'), (2, \'x\')');

	push @rows, "INSERT INTO t (m) VALUES ('a')", 'INSERT INTO t (id) VALUES (5)' if $s->{t};
	push @rows, 'INSERT INTO u (id, p) VALUES (1, 1)', 'INSERT INTO u (id, p) VALUES (3, 2)' if $s->{u};
	push @rows, 'INSERT INTO pa (x) VALUES (2)', 'INSERT INTO ch (x) VALUES (3)', 'INSERT INTO ty (x) VALUES (1)';
	return join '', map { "DO \$r\$ BEGIN $_; EXCEPTION WHEN OTHERS THEN NULL; END \$r\$;" } @rows;
}

my @slots = (\&enum, \&functions, \&types, \&others, \&key_table, \&table, \&second, \&children, \&partitioned, \&views, \&typed, \&foreign, \&circles, \&published, \&privileges);

sub draw_schema
{
	my (@numbers) = @_;
	my %drawn;
	my $sql = '';

	foreach my $i (0 .. $#slots)
	{
		$state = $numbers[$i];
		draw(2) foreach 1 .. 3;
		$sql .= $slots[$i]->(\%drawn) . "\n";
	}
	return ($sql, rows(\%drawn));
}

# Two schemas, the first with rows, by the number of the pair.
sub draw_pair
{
	my ($seed) = @_;
	my $first = $seed * 7919 % 2147483648;
	my @before = map { ($first + $_ * 104729) % 2147483648 } 1 .. @slots;
	my @after;
	my $times;

	$state = $first;
	draw(2) foreach 1 .. 5;
	$times = one(1, 2, 3, 6);
	@after = map { draw($times) == 0 ? ($before[$_] + 15485863) % 2147483648 : $before[$_] } 0 .. $#before;
	my ($sql, $rows) = draw_schema(@before);
	my ($wanted) = draw_schema(@after);
	return ($sql . $rows, $wanted);
}

1;
