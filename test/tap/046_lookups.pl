# References that lead out of a backup, between databases whose ids all collide: an id
# of one database is never taken for an id of another.  What arrives is compared by
# content, in plain SQL.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $files = 0;

sub sql { my ($db, $sql) = @_; return $node->safe_psql($db, $sql) }

# The error of a statement that is to fail.
sub refusal
{
	my ($db, $sql) = @_;
	my ($out, $err);
	my $rc = $node->psql($db, $sql, stdout => \$out, stderr => \$err);

	return $rc == 0 ? "no error: $out" : $err;
}

sub make { my ($db, $ddl) = @_; $node->safe_psql('postgres', "CREATE DATABASE $db"); sql($db, "CREATE EXTENSION db_adapter; $ddl") }

# A backup as a file of the server; its path.
sub backup
{
	my ($db, $schema, $more) = @_;
	my $path = "$dir/" . ++$files . '.jsonl';

	sql($db, "SELECT db_adapter.backup_to_file('$path', $schema" . ($more // '') . ')');
	return $path;
}

sub restore_sql { my ($path, $more, $columns) = @_; return "SELECT " . ($columns // '"table", inserted, updated, skipped, failed, nulled_refs') . " FROM db_adapter.restore_from_file('$path'" . ($more // '') . ')' }
sub restore { my ($db, @more) = @_; return sql($db, restore_sql(@more)) }
sub header { return (split /\n/, slurp_file($_[0]))[0] }

# --- accounts on plans, an organisation's orders in cities

my $shop = q{
CREATE TABLE plans (id serial PRIMARY KEY, code text NOT NULL UNIQUE, price int);
CREATE TABLE countries (id serial PRIMARY KEY, iso text NOT NULL UNIQUE);
CREATE TABLE cities (id serial PRIMARY KEY, country_id int NOT NULL REFERENCES countries, name text NOT NULL, UNIQUE (country_id, name));
CREATE TABLE units (id serial PRIMARY KEY, name text NOT NULL UNIQUE, factor int NOT NULL UNIQUE);
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE accounts (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, slug text NOT NULL, plan_id int NOT NULL REFERENCES plans, city_id int REFERENCES cities, UNIQUE (user_id, slug));
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, account_id int NOT NULL REFERENCES accounts, number int NOT NULL, city_id int NOT NULL REFERENCES cities,
	unit_factor int REFERENCES units (factor), plan_code text REFERENCES plans (code), UNIQUE (account_id, number));
};
make('shop1', $shop);
make('shop2', $shop);
sql('shop1', q{
INSERT INTO plans (code) VALUES ('free'), ('pro'), ('unused');
INSERT INTO countries (iso) VALUES ('de'), ('fr');
INSERT INTO cities (country_id, name) VALUES (1, 'Paris'), (2, 'Paris'), (1, 'Bonn');
INSERT INTO units (name, factor) VALUES ('piece', 1), ('dozen', 12);
INSERT INTO users (email) VALUES ('a@x'), ('b@x');
INSERT INTO accounts (user_id, slug, plan_id, city_id) VALUES (1, 'one', 2, 2), (1, 'two', 1, NULL), (2, 'one', 2, 1);
INSERT INTO orders (user_id, account_id, number, city_id, unit_factor, plan_code) VALUES (1, 1, 1, 2, 12, 'pro'), (1, 1, 2, 3, NULL, NULL), (1, 2, 1, 1, 1, 'free'), (2, 3, 1, 2, 12, 'pro');
});
my $there = q{
INSERT INTO plans (code) VALUES ('pro'), ('free');
INSERT INTO countries (iso) VALUES ('fr'), ('de');
INSERT INTO cities (country_id, name) VALUES (1, 'Bonn'), (2, 'Paris'), (1, 'Paris'), (2, 'Bonn');
INSERT INTO units (name, factor) VALUES ('dozen', 1), ('piece', 12);
INSERT INTO users (email) VALUES ('c@x'), ('b@x'), ('a@x');
INSERT INTO accounts (user_id, slug, plan_id) VALUES (1, 'one', 1);
};
sql('shop2', $there);
my $content = q{
SELECT u.email, a.slug, p.code, c.name, k.iso, o.number, d.name, e.iso, n.name, o.plan_code
  FROM accounts a JOIN users u ON u.id = a.user_id JOIN plans p ON p.id = a.plan_id LEFT JOIN cities c ON c.id = a.city_id LEFT JOIN countries k ON k.id = c.country_id
  LEFT JOIN orders o ON o.account_id = a.id LEFT JOIN cities d ON d.id = o.city_id LEFT JOIN countries e ON e.id = d.country_id LEFT JOIN units n ON n.factor = o.unit_factor
 WHERE u.email IN ('a@x', 'b@x') ORDER BY 1, 2, 6};
my $derived = q{db_adapter.derive_backup_schema(tables => '{accounts,orders}')};
my $path = backup('shop1', $derived);

like(header($path), qr/"version":"2\.1"/, 'lookups make a file that older readers refuse');
unlike(slurp_file($path), qr/unused/, 'only what is referred to travels');
unlike(header($path), qr/"raw":/, 'and nothing is raw');
is(restore('shop2', $path), "users|0|0|0|0|0\ncountries|0|0|0|0|0\ncities|0|0|0|0|0\nplans|0|0|0|0|0\nunits|0|0|0|0|0\naccounts|3|0|0|0|0\norders|4|0|0|0|0",
	'everything arrives');
is(sql('shop2', $content), sql('shop1', $content), 'and means the same: users, plans, cities of countries, a unique column other than the key');
is(sql('shop2', 'SELECT count(*) FROM plans'), '2', 'nothing was made of what is looked up');
is(restore('shop2', $path, q{, mode => 'overwrite'}, '"table", inserted, updated, skipped, failed, unchanged') =~ s/.*\n(accounts.*)/$1/sr, "accounts|0|0|0|0|3\norders|0|0|0|0|4", 'a second restore finds all of it again');
is(sql('shop2', $content), sql('shop1', $content), 'and changes nothing');

# One tenant, restored as another whose id is somebody else's there.
sql('shop2', 'DELETE FROM orders; DELETE FROM accounts WHERE user_id <> 1');
$path = backup('shop1', $derived, q{, user_id => '1'});
is(restore('shop2', $path, q{, user_id => '3'}) =~ s/.*\n(accounts.*)/$1/sr, "accounts|2|0|0|0|0\norders|3|0|0|0|0", 'a tenant under a name of his own here');
is(sql('shop2', $content =~ s/'a\@x', 'b\@x'/'a\@x'/r), sql('shop1', $content =~ s/'a\@x', 'b\@x'/'a\@x'/r), 'has his plans and cities');

# Parts that several workers write hold the same.
sql('shop1', "SELECT db_adapter.backup_to_file('$dir/parts', $derived, workers => 2)");
sql('shop2', 'DELETE FROM orders; DELETE FROM accounts WHERE user_id <> 1');
restore('shop2', "$dir/parts");
is(sql('shop2', $content), sql('shop1', $content), 'by several workers too');

# Rows chosen by match key bring what they refer to.
sql('shop2', 'DELETE FROM orders; DELETE FROM accounts WHERE user_id <> 1');
my $chosen = sql('shop1', qq{SELECT db_adapter.backup_document($derived, keys => '{"orders": true}')});
$node->safe_psql('shop2', "SELECT * FROM db_adapter.restore(\$f\$$chosen\$f\$)");
is(sql('shop2', $content =~ s/LEFT JOIN orders/JOIN orders/r), sql('shop1', $content =~ s/LEFT JOIN orders/JOIN orders/r), 'chosen rows bring what they look up');

# Digests agree although all ids differ; a plan that differs shows.
my $digests = qq{SELECT t, d.* FROM unnest('{accounts,orders,plans}'::text[]) t, db_adapter.digest($derived, t) d ORDER BY 1, 2};
sql('shop2', 'DELETE FROM orders; DELETE FROM accounts');
restore('shop2', backup('shop1', $derived));
is(sql('shop2', $digests), sql('shop1', $digests), 'digests know what is looked up by its name');
unlike(sql('shop1', $digests), qr/plans/, 'which is no part of what is compared itself');
sql('shop2', q{UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE code = 'free') WHERE slug = 'one'});
isnt(sql('shop2', $digests), sql('shop1', $digests), 'a row on another plan is another row');

# --- what is not there, or there twice

make('shop3', $shop =~ s/name text NOT NULL, UNIQUE \(country_id, name\)/name text NOT NULL/r);
sql('shop3', q{
INSERT INTO plans (code) VALUES ('pro');
INSERT INTO countries (iso) VALUES ('fr'), ('de');
INSERT INTO cities (country_id, name) VALUES (2, 'Bonn'), (1, 'Paris'), (1, 'Paris');
INSERT INTO units (name, factor) VALUES ('piece', 1), ('dozen', 12);
INSERT INTO users (email) VALUES ('b@x'), ('a@x');
});
$path = backup('shop1', $derived);
my $result = restore('shop3', $path, '', q{"table", inserted, skipped, failed, nulled_refs, notes ->> 'lookup_missing', notes ->> 'not_found', failure_details -> 0 ->> 'error'});
like($result, qr/^plans\|0\|0\|0\|0\|\|1\|no row of table "plans" has code "free" here$/m, 'what is not there is named');
like($result, qr/^cities\|0\|0\|0\|0\|\|2\|no row of table "cities" has country_id "1", name "Paris" here$/m, 'and counted');
like($result, qr/^accounts\|2\|1\|0\|2\|1\|\|no row of table "plans" has code "free" here$/m, 'a row that needs it is skipped, another loses its reference');
is(restore('shop3', $path, '', q{"table", failure_details #>> '{1,error}'}) =~ s/.*^(cities[^\n]*).*/$1/smr,
	'cities|several rows of table "cities" have country_id "2", name "Paris" here', 'two of a name are none');
is(sql('shop3', 'SELECT slug, plan_id, city_id FROM accounts ORDER BY user_id'), "one|1|\none|1|", 'nothing points elsewhere');

# --- made where they are not found

my $create = sql('shop1', "SELECT jsonb_set(jsonb_set(d, ARRAY['tables', i::text, 'lookup'], '\"create\"'), ARRAY['tables', j::text, 'lookup'], '\"create\"') FROM (SELECT $derived d, 2 i, 1 j) x");
like($create, qr/"plans", "lookup": "create"/, 'plans are to be made');
sql('shop3', 'DELETE FROM orders; DELETE FROM accounts; DELETE FROM cities; DELETE FROM plans');
sql('shop1', q{UPDATE plans SET price = 10 WHERE code = 'pro'});
like(restore('shop3', backup('shop1', "'$create'")), qr/^cities\|3\|.*^plans\|2\|0\|0\|0\|0\n.*^accounts\|3\|0\|0\|0\|0\norders\|4\|/sm, 'what is not found is made');
is(sql('shop3', $content), sql('shop1', $content), 'whole');
sql('shop1', q{UPDATE plans SET price = 20 WHERE code = 'pro'});
restore('shop3', backup('shop1', "'$create'"), q{, mode => 'overwrite'});
is(sql('shop3', q{SELECT code, price FROM plans ORDER BY 1}), "free|\npro|10", 'and never changed');

# --- references that nothing names

my $odd = q{
CREATE TABLE odd (id serial PRIMARY KEY, note text);
CREATE TABLE things (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, odd_id int REFERENCES odd);
};
make('odd1', $odd);
make('odd2', $odd);
sql($_, q{INSERT INTO odd (note) VALUES ('x'), ('y')}) foreach 'odd1', 'odd2';
sql('odd1', q{INSERT INTO things (slug, odd_id) VALUES ('a', 2)});
my $things = q{'{"tables": [{"name": "things", "user_field": null}]}'};
my ($out, $err);
$path = "$dir/odd.jsonl";
$node->psql('odd1', "SELECT db_adapter.backup_to_file('$path', $things)", stdout => \$out, stderr => \$err);
like($err, qr/WARNING: .*1 foreign key leads to rows that have no match key.*"things_odd_id_fkey" of table "things" to "odd"/s, 'the backup warns');
like(header($path), qr/"raw":\[\{"table":"things","columns":\["odd_id"\],"foreign_key":"things_odd_id_fkey","to":"odd"\}\]/, 'and lists them');
like(refusal('odd2', restore_sql($path)), qr/ERROR: .*foreign key "things_odd_id_fkey" of table "things" leads to "odd", whose rows have no match key\nDETAIL.*HINT: .*on_raw => 'copy'/s,
	'another database refuses them');
is(sql('odd2', 'SELECT count(*) FROM things'), '0', 'before the first row');
is(restore('odd2', $path, q{, on_raw => 'copy'}, 'inserted, notes'), '1|{"copied_references": ["odd_id"]}', 'unless told to copy');
sql('odd1', 'DELETE FROM things');
is(restore('odd1', $path, '', 'inserted'), '1', 'home again they are what they were');
$things = q{'{"tables": [{"name": "things", "user_field": null, "optional_refs": [{"table": "odd", "field": "odd_id", "raw": true}]}]}'};
sql('odd2', 'DELETE FROM things');
is(restore('odd2', backup('odd1', $things), '', 'inserted'), '1', 'a schema that says so has them copied');

# Files of old say not where they are from.
my $old = qq({"format":"db_adapter.backup","version":"2.0","metadata":{},"backup_schema":{"tables":[{"name":"accounts"},{"name":"orders","slug_field":"number","user_field":"user_id","parents":[{"table":"accounts","field":"account_id"}]}]}}\n)
  . qq({"table":"accounts","columns":{"id":"int4","user_id":"int4","slug":"text","plan_id":"int4"}}\n{"id":1,"user_id":1,"slug":"old","plan_id":1}\n);
my $old_rows = sub { return "db_adapter.restore(\$f\$$old\$f\$, accept_damaged => true$_[0])" };
like(refusal('shop2', 'SELECT * FROM ' . $old_rows->('')), qr/leads to "\w+", whose rows the backup does not name\nDETAIL:  The backup does not say which database/, 'an old file is refused');
like(refusal('shop2', 'SELECT * FROM ' . $old_rows->(q{, user_id => '1'})), qr/foreign key "accounts_\w+_fkey" of table "accounts" leads to "\w+"/, 'with a tenant too: his plan is no tenant');
is(sql('shop2', 'SELECT inserted FROM ' . $old_rows->(q{, on_raw => 'copy'}) . q{ WHERE "table" = 'accounts'}), '1', 'and is restored as ever where that is meant');
my $document = '{"metadata": {"version": "1.1"}, "things": [{"id": 9, "slug": "json", "odd_id": 1}]}';
like(refusal('odd2', "SELECT * FROM db_adapter.restore('$document', '{\"tables\": [{\"name\": \"things\", \"user_field\": null}]}')"), qr/whose rows the backup does not name/, 'the same of format json');
is(sql('odd2', "SELECT inserted FROM db_adapter.restore('$document', '{\"tables\": [{\"name\": \"things\", \"user_field\": null}]}', on_raw => 'copy')"), '1', 'which goes in as ever, too');

# --- every kind of reference, declared

my $kinds = q{
CREATE TABLE tags (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE photos (id serial PRIMARY KEY, file text NOT NULL UNIQUE);
CREATE TABLE places (region int, number int, name text NOT NULL UNIQUE, PRIMARY KEY (region, number));
CREATE TABLE notes (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, about_type text, about_id int, data jsonb, region int, place int);
};
make('kinds1', $kinds);
make('kinds2', $kinds);
sql('kinds1', q{
INSERT INTO tags (name) VALUES ('red'), ('blue');
INSERT INTO photos (file) VALUES ('one'), ('two');
INSERT INTO places VALUES (1, 1, 'here'), (1, 2, 'there');
INSERT INTO notes (slug, about_type, about_id, data, region, place) VALUES ('a', 'Tag', 1, '{"tags": [2, 1]}', 1, 2), ('b', 'Photo', 2, '{"tags": []}', 1, 1), ('c', 'Photo', 1, '{"tags": [2]}', NULL, NULL);
});
sql('kinds2', q{
INSERT INTO tags (name) VALUES ('blue'), ('red');
INSERT INTO photos (file) VALUES ('two'), ('one');
INSERT INTO places VALUES (1, 1, 'there'), (1, 2, 'here');
});
my $lookups = q({"name": "tags", "slug_field": "name", "user_field": null, "lookup": true}, {"name": "photos", "slug_field": "file", "user_field": null, "lookup": true}, {"name": "places", "pk": ["region", "number"], "slug_field": "name", "user_field": null, "lookup": true});
my $references = q({"field": "about_id", "type_field": "about_type", "map": {"Tag": "tags", "Photo": "photos"}}, {"table": "tags", "field": "data", "json_path": "$.tags[*]"}, {"table": "places", "field": ["region", "place"]});
restore('kinds2', backup('kinds1', qq{'{"tables": [$lookups, {"name": "notes", "user_field": null, "optional_refs": [$references]}]}'}));
my $named = q{SELECT slug, about_type, CASE about_type WHEN 'Tag' THEN (SELECT name FROM tags WHERE id = about_id) ELSE (SELECT file FROM photos WHERE id = about_id) END,
	(SELECT array_agg(t.name ORDER BY n) FROM jsonb_array_elements_text(data -> 'tags') WITH ORDINALITY e (id, n) JOIN tags t ON t.id = e.id::int), p.name
	FROM notes LEFT JOIN places p ON (p.region, p.number) = (notes.region, place) ORDER BY 1};
is(sql('kinds2', $named), sql('kinds1', $named), 'references by type, inside documents and over two columns are looked up');
is(sql('kinds1', $named), "a|Tag|red|{blue,red}|there\nb|Photo|two||here\nc|Photo|one|{blue}|", 'as they were');

# --- rows that are nobody's

my $own = q{
CREATE TABLE labels (id serial PRIMARY KEY, user_id text, name text NOT NULL);
CREATE TABLE notes (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, label_id int REFERENCES labels, UNIQUE (user_id, slug));
};
make('own1', $own);
make('own2', $own);
sql('own1', q{INSERT INTO labels (user_id, name) VALUES (NULL, 'urgent'), ('u1', 'mine'), ('u2', 'theirs'), (NULL, 'common'), (NULL, 'late'), (NULL, 'unused');
	INSERT INTO notes (user_id, slug, label_id) VALUES ('u1', 'a', 1), ('u1', 'b', 2), ('u1', 'c', 4), ('u1', 'd', 5), ('u2', 'x', 3)});
sql('own2', q{INSERT INTO labels (user_id, name) VALUES ('u2', 'urgent'), (NULL, 'common'), (NULL, 'urgent'), ('u1', 'common')});
my $labels = q{'{"tables": [{"name": "labels", "slug_field": "name"}, {"name": "notes", "optional_refs": [{"table": "labels", "field": "label_id"}]}]}'};
$path = backup('own1', $labels, q{, user_id => 'u1'});
unlike(slurp_file($path), qr/"leaks"|theirs|unused/, 'a reference to what is nobody\'s is no leak, and others\' rows stay');
like(slurp_file($path), qr/"referenced":3/, 'it travels as something to be looked up');
is(restore('own2', $path, '', q{"table", inserted, skipped, nulled_refs, notes}), qq(labels|1|0|0|{"not_found": 1}\nnotes|4|0|1|{}), 'what is nobody\'s is not made');
is(sql('own2', q{SELECT slug, l.user_id, l.name FROM notes LEFT JOIN labels l ON l.id = label_id ORDER BY 1}), "a||urgent\nb|u1|mine\nc|u1|common\nd||", 'the tenant\'s own comes first');

# --- a digest, and what refuses

like(refusal('own1', q{SELECT db_adapter.backup_document('{"tables": [{"name": "labels", "slug_field": "name", "lookup": true}, {"name": "notes", "optional_refs": [{"table": "labels", "field": "label_id"}]}]}', format => 'json')}),
	qr/format "json" has no place for rows that are looked up/, 'format json has no place for them');
like(refusal('own1', q{SELECT * FROM db_adapter.delete_rows('{"tables": [{"name": "labels", "slug_field": "name", "lookup": true}]}', '{"labels": [{"name": "urgent", "user_id": null}]}')}),
	qr/are looked up and are not deleted/, 'and they are not deleted');

# --- a sync between them

SKIP:
{
	skip 'the packages that the command is built with are not here', 18
	  if system('pkg-config --exists libpq libcjson smartcols zlib libzstd') != 0;

	my $prefix = PostgreSQL::Test::Utils::tempdir();
	system("make -s -C client install prefix='$prefix' DESTDIR= >&2") == 0 or die 'could not build the command';
	local $ENV{PATH} = "$prefix/bin:$ENV{PATH}";
	delete local @ENV{qw(DB_PROFILE DATABASE_URL PGDATABASE PGAPPNAME)};
	my $command = sub {
		my ($from, $to, @options) = @_;
		my ($out, $err);

		IPC::Run::run([ 'db-adapter', 'sync', '--from', $node->connstr($from), '--profile', $node->connstr($to), @options ], '<', \undef, '>', \$out, '2>', \$err);
		return ($? >> 8, $out, $err);
	};

	# The destination has a foreign key less, and means the same.
	make('shop4', $shop =~ s/plan_id int NOT NULL REFERENCES plans/plan_id int NOT NULL/r);
	sql('shop4', $there);
	append_to_file("$dir/schema.json", sql('shop4', "SELECT $derived"));
	my ($code, $out, $err) = $command->('shop1', 'shop4', '--confirm', '--backup-schema', "$dir/schema.json");
	is($code, 0, 'a sync by what the destination has derived') or diag($err);
	is(sql('shop4', $content), sql('shop1', $content), 'looks up what the source knows to be references');
	($code, $out, $err) = $command->('shop1', 'shop4', '--confirm', '--backup-schema', "$dir/schema.json");
	like($out, qr/^accounts +0 +0 +0 +3\norders +0 +0 +0 +4$/m, 'a second one changes nothing, and shows nothing of what is looked up');
	sql('shop1', q{UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE code = 'free') WHERE user_id = 2});
	($code, $out, $err) = $command->('shop1', 'shop4', '--confirm', '--backup-schema', "$dir/schema.json");
	like($out, qr/^accounts +0 +1 +0 +2\norders +0 +0 +0 +4$/m, 'another plan is a change');
	is(sql('shop4', $content), sql('shop1', $content), 'that is brought');

	# To a table whose rows are brought themselves: the source alone knows that it is a reference.
	make('shop5', $shop =~ s/plan_id int NOT NULL REFERENCES plans/plan_id int NOT NULL/r);
	sql('shop5', $there);
	my $inside = sub {
		return sprintf('{"tables": [{"name": "plans", "slug_field": "code", "user_field": null}, {"name": "users", "slug_field": "email", "user_field": null},
			{"name": "accounts", "slug_field": ["user_id", "slug"], "user_field": null, "parents": [{"table": "users", "field": "user_id"}%s]},
			{"name": "orders", "slug_field": ["account_id", "number"], "user_field": null, "parents": [{"table": "accounts", "field": "account_id"}, {"table": "users", "field": "user_id"}]}]}', $_[0]);
	};
	my $before = sql('shop5', 'SELECT * FROM accounts');
	append_to_file("$dir/inside.json", $inside->(''));
	foreach my $options ([], ['--confirm'])
	{
		($code, $out, $err) = $command->('shop1', 'shop5', '--backup-schema', "$dir/inside.json", @$options);
		is($code, 4, "a sync that would copy its ids is refused: @$options") or diag($out . $err);
		like($err, qr/source: foreign key "accounts_plan_id_fkey" of table "accounts" to "plans" is not declared.*HINT: Declare \{"field": "plan_id", "table": "plans"\}/s, 'with what to declare');
	}
	is(sql('shop5', 'SELECT * FROM accounts'), $before, 'and nothing came');
	append_to_file("$dir/declared.json", $inside->(', {"table": "plans", "field": "plan_id"}'));
	($code, $out, $err) = $command->('shop1', 'shop5', '--confirm', '--backup-schema', "$dir/declared.json");
	is($code, 0, 'declared, it is synced') or diag($out . $err);
	is(sql('shop5', $content), sql('shop1', $content), 'and means the same');

	# A plan that is not there: the row is left alone, which is said.
	sql('shop1', q{INSERT INTO accounts (user_id, slug, plan_id) VALUES (1, 'three', 3)});
	($code, $out, $err) = $command->('shop1', 'shop4', '--confirm', '--backup-schema', "$dir/schema.json");
	is($code, 1, 'a row whose plan is not there is left alone');
	like($err, qr/no row of table "plans" has code "unused" here/, 'and it is said why');
	is(sql('shop4', q{SELECT count(*) FROM accounts WHERE slug = 'three'}), '0', 'nothing of it came');

	# What nothing names is refused, in the preview too.
	append_to_file("$dir/odd.json", '{"tables": [{"name": "things", "user_field": null}]}');
	sql('odd1', q{INSERT INTO things (slug, odd_id) VALUES ('more', 1)});
	($code, $out, $err) = $command->('odd1', 'odd2', '--backup-schema', "$dir/odd.json");
	is($code, 4, 'a preview refuses what the sync would refuse') or diag($err);
	like($err, qr/source: foreign key "things_odd_id_fkey" of table "things" leads to "odd", whose rows have no match key/, 'by name');
	append_to_file("$dir/raw.json", '{"tables": [{"name": "things", "user_field": null, "optional_refs": [{"table": "odd", "field": "odd_id", "raw": true}]}]}');
	($code, $out, $err) = $command->('odd1', 'odd2', '--confirm', '--backup-schema', "$dir/raw.json");
	is($code, 0, 'a schema that says so has it copied') or diag($err);
}

$node->stop;
done_testing();
