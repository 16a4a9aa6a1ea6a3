# A tenant that is a row moves with everything that is his, twice, between databases whose
# ids all collide.  What arrives is compared by content, in plain SQL; what was there
# before is the same afterwards, byte for byte.
use strict;
use warnings;
use Cwd;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = getcwd();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $files = 0;

sub sql { my ($db, $sql) = @_; return $node->safe_psql($db, $sql) }

# SQLSTATE and message of a statement that is to fail.
sub refusal
{
	my ($db, $sql) = @_;
	my ($out, $err);
	my $rc = $node->psql($db, "\\set VERBOSITY verbose\n$sql", stdout => \$out, stderr => \$err);

	return $rc == 0 ? "no error: $out" : $err;
}

sub make { my ($db, $ddl) = @_; $node->safe_psql('postgres', "CREATE DATABASE $db"); sql($db, "CREATE EXTENSION db_adapter; $ddl") }

sub backup
{
	my ($db, $schema, $tenant) = @_;
	my $path = "$dir/" . ++$files . '.jsonl';

	sql($db, "SELECT db_adapter.backup_to_file('$path', \$s\$$schema\$s\$" . (defined $tenant ? ", user_id => \$t\$$tenant\$t\$" : '') . ')');
	return $path;
}

# table: inserted/updated/skipped/failed/nulled, of those where something is not 0
sub restore
{
	my ($db, $path, $more) = @_;

	return join ' ', split /\n/, sql($db, "SELECT \"table\" || ':' || concat_ws('/', inserted, updated, skipped, failed, nulled_refs) FROM db_adapter.restore_from_file('$path'"
		. ($more // '') . ') WHERE inserted + updated + skipped + failed + nulled_refs > 0');
}

# --- a service of many organisations

my $saas = q{
CREATE TABLE plans (id serial PRIMARY KEY, code text NOT NULL UNIQUE, price int);
CREATE TABLE countries (id serial PRIMARY KEY, iso text NOT NULL UNIQUE);
CREATE TABLE roles (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE orgs (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, name text, plan_id int NOT NULL REFERENCES plans, country_id int REFERENCES countries, owner_id int, holding_id int REFERENCES orgs);
CREATE TABLE users (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE, email text NOT NULL, name text, UNIQUE (org_id, email));
ALTER TABLE orgs ADD FOREIGN KEY (owner_id) REFERENCES users;
CREATE TABLE settings (org_id int PRIMARY KEY REFERENCES orgs, theme text);
CREATE TABLE projects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, key text NOT NULL, lead_id int REFERENCES users, UNIQUE (org_id, key));
CREATE TABLE memberships (user_id int REFERENCES users, project_id bigint REFERENCES projects, role_id int NOT NULL REFERENCES roles, since date, PRIMARY KEY (user_id, project_id));
CREATE TABLE tasks (id serial PRIMARY KEY, project_id bigint NOT NULL REFERENCES projects, number int NOT NULL, title text, assignee_id int REFERENCES users, parent_id int REFERENCES tasks, UNIQUE (project_id, number));
CREATE TABLE comments (id serial PRIMARY KEY, task_id int NOT NULL REFERENCES tasks, author_id int NOT NULL REFERENCES users, n int NOT NULL, body text, UNIQUE (task_id, n));
ALTER TABLE tasks ADD pinned_id int REFERENCES comments;
CREATE TABLE labels (id serial PRIMARY KEY, org_id int REFERENCES orgs, name text NOT NULL, UNIQUE (org_id, name));
CREATE UNIQUE INDEX ON labels (name) WHERE org_id IS NULL;
CREATE TABLE task_labels (task_id int REFERENCES tasks, label_id int REFERENCES labels, PRIMARY KEY (task_id, label_id));
CREATE TABLE attachments (id serial PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL, file text NOT NULL, UNIQUE (subject_type, subject_id, file));
};
# Rows of the organisations named, all alike but for their names; what is beside them stands in the order given.
sub fill
{
	my ($db, $plans, $countries, $roles, @orgs) = @_;
	my $list = join ', ', map { "'$_'" } @orgs;

	sql($db, qq{
INSERT INTO plans (code) SELECT unnest('{$plans}'::text[]);
INSERT INTO countries (iso) SELECT unnest('{$countries}'::text[]);
INSERT INTO roles (name) SELECT unnest('{$roles}'::text[]);
INSERT INTO orgs (slug, name, plan_id, country_id) SELECT s, initcap(s), (SELECT id FROM plans ORDER BY hashtext(s || code) LIMIT 1), (SELECT id FROM countries ORDER BY hashtext(s || iso) LIMIT 1) FROM unnest(ARRAY[$list]) WITH ORDINALITY AS o (s, n) ORDER BY n;
UPDATE orgs SET holding_id = (SELECT min(id) FROM orgs) WHERE id % 2 = 0;
INSERT INTO users (org_id, email, name) SELECT o.id, 'u' || g || '\@x', o.slug || ' user ' || g FROM generate_series(1, 5) g, orgs o ORDER BY hashtext(o.slug || g);
UPDATE orgs o SET owner_id = (SELECT id FROM users u WHERE u.org_id = o.id ORDER BY email DESC LIMIT 1);
INSERT INTO settings SELECT id, 'theme of ' || slug FROM orgs;
INSERT INTO projects (org_id, key, lead_id) SELECT o.id, 'P' || g, (SELECT id FROM users u WHERE u.org_id = o.id ORDER BY hashtext(email || g) LIMIT 1) FROM generate_series(1, 3) g, orgs o ORDER BY hashtext(o.slug || g || 'p');
INSERT INTO memberships SELECT u.id, p.id, (SELECT id FROM roles ORDER BY hashtext(name || u.email || p.key) LIMIT 1), date '2026-01-01' + p.id::int FROM users u JOIN projects p USING (org_id) WHERE (hashtext(u.email || p.key) & 1) = 0;
INSERT INTO tasks (project_id, number, title, assignee_id) SELECT p.id, g, o.slug || ' ' || p.key || '-' || g, (SELECT id FROM users u WHERE u.org_id = o.id ORDER BY hashtext(email || p.key || g) LIMIT 1)
	FROM generate_series(1, 20) g, projects p JOIN orgs o ON o.id = p.org_id ORDER BY hashtext(o.slug || p.key || g);
UPDATE tasks t SET parent_id = (SELECT id FROM tasks q WHERE q.project_id = t.project_id AND q.number = t.number % 7 + 1) WHERE number > 7;
INSERT INTO comments (task_id, author_id, n, body) SELECT t.id, (SELECT u.id FROM users u JOIN projects p USING (org_id) WHERE p.id = t.project_id ORDER BY hashtext(email || number || g) LIMIT 1), g, t.title || ' comment ' || g
	FROM generate_series(1, 3) g, tasks t WHERE number % 2 = 0 ORDER BY hashtext(t.title || g);
UPDATE tasks t SET pinned_id = (SELECT c.id FROM comments c JOIN tasks o ON o.id = c.task_id WHERE o.project_id = t.project_id ORDER BY hashtext(c.body || t.title) LIMIT 1) WHERE number % 3 = 1;
INSERT INTO labels (org_id, name) SELECT id, l FROM unnest('{red,green,blue}'::text[]) l, (SELECT id FROM orgs UNION ALL SELECT NULL) o ORDER BY hashtext(l || coalesce(id, 0));
INSERT INTO task_labels SELECT t.id, l.id FROM tasks t JOIN projects p ON p.id = t.project_id JOIN labels l ON (l.org_id = p.org_id OR l.org_id IS NULL) WHERE (hashtext(l.name || number || coalesce(l.org_id, 0) / 1000000) & 7) = 0;
INSERT INTO attachments (subject_type, subject_id, file) SELECT 'Task', id, 'file of ' || title FROM tasks WHERE number % 3 = 0;
INSERT INTO attachments (subject_type, subject_id, file) SELECT 'Comment', id, 'file of ' || body FROM comments WHERE n = 1;
});
	return;
}
# All that belongs to an organisation, every reference by what it leads to, in no words but the rows' own.
sub content
{
	my ($db, $slug) = @_;

	return sql($db, qq{
WITH o AS (SELECT * FROM orgs WHERE slug = '$slug')
SELECT 'org', p.code, c.iso, w.email, o.name, (w.org_id = o.id)::text, NULL FROM o JOIN plans p ON p.id = plan_id LEFT JOIN countries c ON c.id = country_id LEFT JOIN users w ON w.id = owner_id
UNION ALL SELECT 'user', email, u.name, NULL, NULL, NULL, NULL FROM users u JOIN o ON o.id = org_id
UNION ALL SELECT 'setting', theme, NULL, NULL, NULL, NULL, NULL FROM settings s JOIN o ON o.id = org_id
UNION ALL SELECT 'project', key, l.email, (l.org_id = o.id)::text, NULL, NULL, NULL FROM projects p JOIN o ON o.id = org_id LEFT JOIN users l ON l.id = lead_id
UNION ALL SELECT 'member', u.email, p.key, r.name, since::text, (u.org_id = p.org_id)::text, NULL FROM memberships m JOIN projects p ON p.id = project_id JOIN o ON o.id = p.org_id JOIN users u ON u.id = user_id JOIN roles r ON r.id = role_id
UNION ALL SELECT 'task', p.key, t.number::text, t.title, a.email, (a.org_id = o.id)::text, q.title FROM tasks t JOIN projects p ON p.id = t.project_id JOIN o ON o.id = p.org_id LEFT JOIN users a ON a.id = assignee_id LEFT JOIN tasks q ON q.id = t.parent_id
UNION ALL SELECT 'pinned', t.title, c.body, (q.project_id = t.project_id)::text, NULL, NULL, NULL FROM tasks t JOIN projects p ON p.id = t.project_id JOIN o ON o.id = p.org_id JOIN comments c ON c.id = t.pinned_id JOIN tasks q ON q.id = c.task_id
UNION ALL SELECT 'comment', t.title, n::text, body, u.email, (u.org_id = o.id)::text, NULL FROM comments c JOIN tasks t ON t.id = task_id JOIN projects p ON p.id = t.project_id JOIN o ON o.id = p.org_id JOIN users u ON u.id = author_id
UNION ALL SELECT 'label', l.name, NULL, NULL, NULL, NULL, NULL FROM labels l JOIN o ON o.id = org_id
UNION ALL SELECT 'tagged', t.title, l.name, (l.org_id IS NULL)::text, (coalesce(l.org_id, o.id) = o.id)::text, NULL, NULL FROM task_labels k JOIN tasks t ON t.id = task_id JOIN projects p ON p.id = t.project_id JOIN o ON o.id = p.org_id JOIN labels l ON l.id = label_id
UNION ALL SELECT 'file', file, t.title, NULL, NULL, NULL, NULL FROM attachments a JOIN tasks t ON subject_type = 'Task' AND subject_id = t.id JOIN projects p ON p.id = t.project_id JOIN o ON o.id = p.org_id
UNION ALL SELECT 'note', file, c.body, NULL, NULL, NULL, NULL FROM attachments a JOIN comments c ON subject_type = 'Comment' AND subject_id = c.id JOIN tasks t ON t.id = task_id JOIN projects p ON p.id = t.project_id JOIN o ON o.id = p.org_id
ORDER BY 1, 2, 3, 4, 5, 6, 7});
}
my @tables = qw(plans countries roles orgs users settings projects memberships tasks comments labels task_labels attachments);
# Every row of those that were there, ids and all.
sub snapshot
{
	my ($db) = @_;

	sql($db, 'CREATE SCHEMA was; ' . join ' ', map { "CREATE TABLE was.$_ AS TABLE $_;" } @tables);
	return;
}
sub changed
{
	my ($db) = @_;

	return sql($db, join ' UNION ALL ', map { "SELECT '$_' FROM (TABLE was.$_ EXCEPT TABLE public.$_) x" } @tables);
}

make($_, $saas) foreach qw(here there);
fill('here', 'free,pro,team', 'de,fr,it', 'admin,guest,member', qw(initech acme globex));
fill('there', 'team,free,pro', 'it,de,fr', 'member,admin,guest', qw(umbrella hooli));
snapshot('there');
my $count = split /\n/, content('here', 'acme');
cmp_ok($count, '>', 200, 'a tenant of many rows');

my $schema = sql('here', q{SELECT jsonb_set(d, '{tables}', d -> 'tables' || '[{"name": "attachments", "slug_field": "file", "match_parents": true,
	"parents": [{"field": "subject_id", "type_field": "subject_type", "map": {"Task": "tasks", "Comment": "comments"}}]}]')
	FROM db_adapter.derive_backup_schema(root => 'orgs') d});
is(sql('here', "SELECT string_agg(t ->> 'name', ' ' ORDER BY t ->> 'name') FILTER (WHERE NOT t ? 'lookup') || '; ' || string_agg(t ->> 'name', ' ' ORDER BY t ->> 'name') FILTER (WHERE t ? 'lookup')
	FROM jsonb_array_elements(\$s\$$schema\$s\$::jsonb -> 'tables') t"),
	'attachments comments labels memberships orgs projects settings task_labels tasks users; countries plans roles', 'derived: the tables below, and lookups beside');
is(sql('here', "SELECT * FROM db_adapter.check_backup_schema(\$s\$$schema\$s\$) WHERE severity = 'error'"), '', 'nothing is wrong with it');

my $path = backup('here', $schema, 'acme');
my $file = slurp_file($path);
unlike($file, qr/initech|globex/i, 'no word of another tenant is in the file');
like($file, qr/"referenced"/, 'labels that are nobody\'s come along');
my $all = restore('there', $path);
unlike($all, qr{:\d+/[1-9]|:\d+/\d+/\d+/[1-9]}, 'all rows go in');
is(content('there', 'acme'), content('here', 'acme'), 'one tenant moved: the same content');
is(changed('there'), '', 'and nobody else\'s row was touched');
like(restore('there', $path), qr{^orgs:0/0/1/0/0( \w+:0/0/\d+/0/0)+$}, 'once more: every row is found');
like(restore('there', $path, q{, mode => 'overwrite'}), qr{^(?:orgs:0/[01]/0/0/[01])?$}, 'overwritten: no row differs');
is(content('there', 'acme'), content('here', 'acme'), 'is the same still');

# The same tenant beside itself, under other names.
foreach my $name (qw(acme-test hooli))
{
	my $made = $name eq 'hooli' ? 'found' : 'made';

	sql('there', "UPDATE users SET email = 'other ' || email WHERE org_id = (SELECT id FROM orgs WHERE slug = 'hooli'); UPDATE projects SET key = 'other ' || key WHERE org_id = (SELECT id FROM orgs WHERE slug = 'hooli');
		DELETE FROM settings WHERE org_id = (SELECT id FROM orgs WHERE slug = 'hooli')")
	  if $name eq 'hooli';
	is(sql('there', "SELECT notes ->> 'tenant' FROM db_adapter.restore_from_file('$path', user_id => '$name', backup_schema => \$s\$$schema\$s\$) WHERE \"table\" = 'orgs'"), $made, "as $name, who is $made");
	my %there = map { $_ => 1 } split /\n/, content('there', $name);
	is(join("\n", grep { !$there{$_} && !/^org/ } split /\n/, content('here', 'acme')), '', "as $name: all rows");
	is(content('there', 'acme'), content('here', 'acme'), 'the first is as it was');
}
is(content('there', 'acme-test') =~ s/^org.*\n//mr, content('here', 'acme') =~ s/^org.*\n//mr, 'a copy holds nothing else');
is(sql('there', q{SELECT name FROM orgs WHERE slug = 'hooli'}), 'Hooli', 'who was there keeps his own');

# Rows change at both places, and the tenant comes again.
sql('here', q{UPDATE tasks SET title = title || '!' WHERE number = 3; UPDATE users SET name = 'renamed' WHERE email = 'u2@x'; UPDATE orgs SET plan_id = plan_id % 3 + 1, owner_id = (SELECT id FROM users WHERE org_id = orgs.id AND email = 'u1@x');
	INSERT INTO tasks (project_id, number, title) SELECT id, 99, 'new ' || key FROM projects; UPDATE tasks t SET assignee_id = (SELECT u.id FROM users u JOIN projects p USING (org_id) WHERE p.id = t.project_id AND email = 'u4@x') WHERE number = 5});
$path = backup('here', $schema, '{"name": "Acme"}');
restore('there', $path, q{, mode => 'overwrite'});
is(content('there', 'acme') =~ s/^file.*\n|^note.*\n//mgr, content('here', 'acme') =~ s/^file.*\n|^note.*\n//mgr, 'a second move brings what has changed');
sql('here', q{UPDATE tasks SET title = 'x'});
isnt(content('there', 'acme'), content('here', 'acme'), 'the comparison sees a change');

# All tenants at once, each found by name.
$path = backup('here', $schema);
restore('there', $path, q{, mode => 'overwrite'});
is(content('there', $_) =~ s/^file.*\n|^note.*\n//mgr, content('here', $_) =~ s/^file.*\n|^note.*\n//mgr, "all at once: $_") foreach qw(acme initech globex);
like(refusal('there', "SELECT db_adapter.restore_from_file('$path', user_id => 'acme', backup_schema => \$s\$$schema\$s\$)"), qr/22023: the backup holds rows of several tenants/, 'several tenants are nobody\'s one');

# Digests, and rows deleted, of one tenant.
my $digests = join ' UNION ALL ', map { "SELECT '$_', (d).* FROM db_adapter.digest(\$s\$$schema\$s\$, '$_', user_id => 'acme') d" } @tables[3 .. 11];
is(sql('there', "$digests ORDER BY 1, 2"), sql('here', "$digests ORDER BY 1, 2"), 'digests of one tenant agree');
my $others = content('there', 'umbrella') . content('there', 'globex');
is(sql('there', "SELECT sum(deleted) FROM db_adapter.delete_rows(\$s\$$schema\$s\$, (SELECT jsonb_build_object('labels', jsonb_agg(match_key)) FROM db_adapter.digest_rows(\$s\$$schema\$s\$, 'labels', NULL, 'umbrella')), user_id => 'acme')"),
	'0', 'keys of one tenant delete no row of another');
is(content('there', 'umbrella') . content('there', 'globex'), $others, 'nor does anything else');

# --- what a file can and cannot do

sub attack
{
	my ($what, $text, $more, $tenant) = @_;
	my $bad = "$dir/bad" . ++$files . '.jsonl';
	my ($out, $err);

	append_to_file($bad, $text);
	$node->psql('there', "SELECT db_adapter.restore_from_file('$bad', user_id => '" . ($tenant // 'mallory') . "', accept_damaged => true, mode => 'overwrite'$more)", stdout => \$out, stderr => \$err);
	return $err;
}
my $argument = ", backup_schema => \$s\$$schema\$s\$";
sql('there', "CREATE SCHEMA before; " . join ' ', map { "CREATE TABLE before.$_ AS TABLE $_;" } @tables);
my $victim = sql('there', q{SELECT id FROM orgs WHERE slug = 'umbrella'});
my $project = sql('there', qq{SELECT min(id) FROM projects WHERE org_id = $victim});
my $head = (split /\n/, $file)[0];
like(attack('its own word', $file, ''), qr/does not bind rows to a tenant/, 'a file\'s own schema binds nobody');
like(attack('another table', $file =~ s/"tenant": \{"table": "orgs"\}/"tenant": {"table": "labels"}/r, ''), qr/does not bind rows|no reference leads/, 'nor one that names another table');
attack('another table', $file =~ s/"tenant": \{"table": "orgs"\}/"tenant": {"table": "labels"}/r, $argument);
attack('rows of others', qq{$head\n{"table":"orgs","columns":{"id":"int4","slug":"text","plan_id":"int4"}}\n{"id":$victim,"slug":"umbrella","plan_id":1}
{"table":"projects","columns":{"id":"int8","org_id":"int4","key":"text"}}\n{"id":$project,"org_id":$victim,"key":"P1"}
{"table":"tasks","columns":{"id":"int4","project_id":"int8","number":"int4","title":"text"}}\n{"id":1,"project_id":$project,"number":1,"title":"mallory was here"}
{"end":true}\n}, $argument);
attack('no organisation', qq{$head\n{"table":"projects","columns":{"id":"int8","org_id":"int4","key":"text"}}\n{"id":1,"org_id":$victim,"key":"P1"}
{"table":"labels","columns":{"id":"int4","org_id":"int4","name":"text"}}\n{"id":1,"name":"red"}\n{"id":2,"name":"everyone's, says mallory"}\n{"end":true}\n}, $argument);
is(sql('there', join ' UNION ALL ', map { "SELECT '$_' FROM (TABLE before.$_ EXCEPT TABLE public.$_) x" } @tables), '', 'no row of anybody was touched');
is(sql('there', q{SELECT count(*) FROM labels WHERE org_id IS NULL}), '3', 'nor was one made that is everybody\'s');
like(attack('two organisations', qq{$head\n{"table":"orgs","columns":{"id":"int4","slug":"text","plan_id":"int4"}}\n{"id":1,"slug":"a","plan_id":1}\n{"id":2,"slug":"umbrella","plan_id":1}\n{"end":true}\n}, $argument),
	qr/several tenants/, 'two organisations are refused');
# Row security hides a tenant, who is nobody then.
sql('there', q{CREATE ROLE clerk; GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk; ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON orgs USING (slug = 'acme')});
like(refusal('there', "SET ROLE clerk; SELECT db_adapter.backup_document(\$s\$$schema\$s\$, 'umbrella')"), qr/42501: row-level security would hide rows/, 'row security is an error, as ever');
like(refusal('there', "SET ROLE clerk; SELECT db_adapter.backup_document(\$s\$$schema\$s\$, 'umbrella', row_security => true)"), qr/P0002: tenant "umbrella" does not exist/, 'who is hidden does not exist');
is(sql('there', "SET ROLE clerk; SELECT count(*) FROM db_adapter.backup(\$s\$$schema\$s\$, 'acme', row_security => true)") > 0, 1, 'who is not, does');

# --- tenants of several columns, uuids, and files of before

my $shops = q{
CREATE TABLE regions (code text PRIMARY KEY);
CREATE TABLE shops (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), region text NOT NULL REFERENCES regions, slug text NOT NULL, title text, UNIQUE (region, slug));
CREATE TABLE goods (id bigserial PRIMARY KEY, shop_id uuid NOT NULL REFERENCES shops, name text NOT NULL, UNIQUE (shop_id, name));
INSERT INTO regions VALUES ('eu'), ('us');
};
make($_, $shops) foreach qw(shops1 shops2);
sql('shops1', q{INSERT INTO shops (region, slug, title) VALUES ('eu', 'main', 'Europe'), ('us', 'main', 'America'); INSERT INTO goods (shop_id, name) SELECT id, title || ' ' || g FROM shops, generate_series(1, 3) g});
$schema = sql('shops1', q{SELECT db_adapter.derive_backup_schema(root => 'shops')});
like(refusal('shops1', "SELECT db_adapter.backup_document(\$s\$$schema\$s\$, 'main')"), qr/22023: tenants in "shops" are named by several columns/, 'a name of several columns takes an object');
like(refusal('shops1', "SELECT db_adapter.backup_document(\$s\$$schema\$s\$, '{\"slug\": \"main\"}')"), qr/22023: tenant .* is not one/, 'two are not one');
$path = backup('shops1', $schema, '{"slug": "main", "region": "us"}');
is(restore('shops2', $path), 'shops:1/0/0/0/0 goods:3/0/0/0/0', 'with it a shop moves');
is(sql('shops2', q{SELECT region, title, name FROM shops s JOIN goods ON shop_id = s.id ORDER BY 3}), "us|America|America 1\nus|America|America 2\nus|America|America 3", 'the one that was meant');
$path = backup('shops1', $schema, '{"slug": "main", "region": "eu"}');
is(restore('shops2', $path, ", user_id => '{\"region\": \"us\", \"slug\": \"main\"}', backup_schema => \$s\$$schema\$s\$, mode => 'overwrite'"), 'shops:0/1/0/0/0 goods:3/0/0/0/0', 'into another shop');
is(sql('shops2', q{SELECT region, slug, title, count(*) FROM shops s JOIN goods ON shop_id = s.id GROUP BY 1, 2, 3}), 'us|main|Europe|6', 'whose name stays');
like(refusal('shops2', "SELECT db_adapter.restore_from_file('$path', user_id => '{\"region\": \"eu\", \"slug\": \"main\"}', backup_schema => \$s\$$schema\$s\$)"), qr/P0002: tenant/, 'one named by columns has to be there');
# A file of a tenant column names its tenant as a lookup, and goes to the one named here.
my $old = backup('shops1', '{"tables": [{"name": "goods", "slug_field": "name", "user_field": "shop_id"}]}', sql('shops1', q{SELECT id FROM shops WHERE region = 'eu'}));
my $into = ", user_id => '{\"region\": \"us\", \"slug\": \"main\"}', backup_schema => \$s\$$schema\$s\$";
sql('shops2', 'DELETE FROM goods');
is(restore('shops2', $old, $into), 'goods:3/0/0/0/0', 'a file of a tenant column: to the tenant named');
# One of an earlier release has no row of him: nothing is taken for his.
my $older = "$dir/older.jsonl";
append_to_file($older, slurp_file($old) =~ s/^\{"table":"(?:regions|shops)".*\n\{.*\n//mgr =~ s/"version":"2\.1"/"version":"2.0"/r);
sql('shops2', 'DELETE FROM goods');
is(sql('shops2', "SELECT inserted, skipped, notes ->> 'parent_missing' FROM db_adapter.restore_from_file('$older', accept_damaged => true$into) WHERE \"table\" = 'goods'"), '0|3|3', 'without the tenant in the file nothing is his, and that is said');

# --- Chinook: a customer, his invoices and their lines, to a database that has other numbers

SKIP:
{
	my $chinook = "$top/../shared/data/chinook.sql";
	skip 'no ../shared/data', 6 unless -r $chinook;

	foreach my $db (qw(music1 music2))
	{
		make($db, '');
		$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-f', $chinook ], "$db loads");
	}
	# all numbers of the second are others', and one customer is not there
	sql('music2', q{SET session_replication_role = replica; UPDATE track SET track_id = 9000 - track_id; UPDATE invoice_line SET track_id = 9000 - track_id; UPDATE playlist_track SET track_id = 9000 - track_id;
		UPDATE employee SET employee_id = 20 - employee_id, reports_to = 20 - reports_to; UPDATE customer SET support_rep_id = 20 - support_rep_id; DELETE FROM invoice_line WHERE invoice_id IN (SELECT invoice_id FROM invoice WHERE customer_id = 7);
		DELETE FROM invoice WHERE customer_id = 7; DELETE FROM customer WHERE customer_id = 7; UPDATE customer SET customer_id = 7 WHERE customer_id = 8; UPDATE invoice SET customer_id = 7 WHERE customer_id = 8;
		SELECT setval('customer_customer_id_seq', 100), setval('invoice_invoice_id_seq', 1000), setval('invoice_line_invoice_line_id_seq', 5000)});
	my $music = '{"tenant": {"table": "customer"}, "tables": [
		{"name": "employee", "pk": "employee_id", "slug_field": "email", "lookup": true},
		{"name": "artist", "pk": "artist_id", "slug_field": "name", "lookup": true},
		{"name": "album", "pk": "album_id", "slug_field": ["artist_id", "title"], "lookup": true, "parents": [{"table": "artist", "field": "artist_id"}]},
		{"name": "track", "pk": "track_id", "slug_field": ["name", "milliseconds", "bytes"], "lookup": true, "parents": [{"table": "album", "field": "album_id"}]},
		{"name": "customer", "pk": "customer_id", "slug_field": "email", "optional_refs": [{"table": "employee", "field": "support_rep_id"}]},
		{"name": "invoice", "pk": "invoice_id", "slug_field": ["invoice_date", "total"], "parents": [{"table": "customer", "field": "customer_id"}]},
		{"name": "invoice_line", "pk": "invoice_line_id", "slug_field": "track_id", "parents": [{"table": "invoice", "field": "invoice_id"}, {"table": "track", "field": "track_id"}]}]}';
	my $bought = q{SELECT c.first_name, c.last_name, c.address, e.email, i.invoice_date, i.billing_address, i.total, t.name, a.title, r.name, l.unit_price, l.quantity
		FROM customer c LEFT JOIN employee e ON e.employee_id = c.support_rep_id LEFT JOIN invoice i USING (customer_id) LEFT JOIN invoice_line l USING (invoice_id) LEFT JOIN track t USING (track_id) LEFT JOIN album a USING (album_id) LEFT JOIN artist r USING (artist_id)
		WHERE c.email = '%s' ORDER BY 5, 8, 9};
	my $who = sql('music1', 'SELECT email FROM customer WHERE customer_id = 7');
	my $other = sql('music2', sprintf $bought, sql('music2', 'SELECT email FROM customer WHERE customer_id = 7'));

	$path = backup('music1', $music, $who);
	like(restore('music2', $path), qr{^customer:1/0/0/0/0 invoice:7/0/0/0/0 invoice_line:38/0/0/0/0$}, 'Chinook: a customer moves');
	is(sql('music2', sprintf $bought, $who), sql('music1', sprintf $bought, $who), 'with all he bought');
	is(restore('music2', $path, q{, mode => 'overwrite'}), '', 'and is found again');
	is(sql('music2', sprintf $bought, sql('music2', 'SELECT email FROM customer WHERE customer_id = 7')), $other, 'who has his number there keeps what is his');
}

# --- Pagila: a customer, at home in a store, with rentals and payments in partitions

SKIP:
{
	my $pagila = "$top/../shared/data/pagila-schema.sql";
	skip 'no ../shared/data', 6 unless -r $pagila;
	# as it is it needs PostgreSQL 18 and pgvector
	my $ddl = slurp_file($pagila) =~ s/\) VIRTUAL$/) STORED/mgr =~ s/\buuidv7\(\)/gen_random_uuid()/gr =~ s/^(?:CREATE|COMMENT ON) EXTENSION .*?vector.*?;$//mgr
	  =~ s/\bpublic\.vector\(\d+\)/real[]/gr =~ s/^CREATE INDEX \S+ ON \S+ USING (?:hnsw|ivfflat)[^;]*;$//mgr;

	append_to_file("$dir/pagila.sql", $ddl);
	$node->psql('postgres', 'CREATE ROLE postgres');
	# n-th ids of one are the last but n of the other, but for the customers, whose are the same
	foreach my $case ([ films1 => '%s', 'ann' ], [ films2 => '7 - %s', 'eve' ])
	{
		my ($db, $form, $name) = @$case;
		my $id = sub { sprintf $form, $_[0] };

		make($db, '');
		$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-f', "$dir/pagila.sql" ], "$db loads");
		my $rows = q{SET session_replication_role = replica; SET search_path = public;
INSERT INTO country (country_id, country) SELECT <n>, 'land ' || n FROM generate_series(1, 6) n;
INSERT INTO city (city_id, city, country_id) SELECT <n>, 'city', <n> FROM generate_series(1, 6) n;
INSERT INTO language (language_id, name) VALUES (1, 'English');
INSERT INTO address (address_id, address, district, city_id, phone) SELECT <n>, 'street ' || n, 'd', <n>, n FROM generate_series(1, 6) n WHERE n < 6 OR 'NAME' = 'ann';
INSERT INTO staff (staff_id, first_name, last_name, address_id, store_id, username) SELECT <n>, 'f', 'l', <n>, <n>, 'user ' || n FROM generate_series(1, 3) n;
INSERT INTO store (store_id, manager_staff_id, address_id) SELECT <n>, <n>, <n> FROM generate_series(1, 3) n;
INSERT INTO film (film_id, title, language_id, fulltext) SELECT <n>, 'film ' || n, 1, '' FROM generate_series(1, 6) n;
INSERT INTO inventory (inventory_id, film_id, store_id) SELECT <n>, <n>, <(n % 3 + 1)> FROM generate_series(1, 6) n;
INSERT INTO customer (customer_id, store_id, first_name, last_name, email, address_id) SELECT 1, <1>, 'NAME', 'x', 'NAME@x', CASE 'NAME' WHEN 'ann' THEN <6> ELSE <5> END;
INSERT INTO rental (rental_id, rental_date, inventory_id, customer_id, staff_id) SELECT n, timestamptz '2022-01-10 10:00+00' + n * interval '10 days', <n>, 1, <(n % 3 + 1)> FROM generate_series(1, 6) n;
INSERT INTO payment (payment_id, customer_id, staff_id, rental_id, amount, payment_date) SELECT rental_id, 1, staff_id, rental_id, rental_id + 0.99, rental_date + interval '1 hour' FROM rental;
SELECT setval(s, 100) FROM unnest('{customer_customer_id_seq,rental_rental_id_seq,payment_payment_id_seq,address_address_id_seq}'::regclass[]) s};
		sql($db, $rows =~ s/<(n|\d|\(n % 3 \+ 1\))>/$id->($1)/ger =~ s/NAME/$name/gr);
	}
	my $films = '{"tenant": {"table": "customer"}, "tables": [{"name": "country", "pk": "country_id", "slug_field": "country", "lookup": true},
		{"name": "city", "pk": "city_id", "slug_field": ["country_id", "city"], "lookup": true, "parents": [{"table": "country", "field": "country_id"}]},
		{"name": "address", "pk": "address_id", "slug_field": ["address", "phone"], "lookup": "create", "parents": [{"table": "city", "field": "city_id"}]},
		{"name": "staff", "pk": "staff_id", "slug_field": "username", "lookup": true},
		{"name": "store", "pk": "store_id", "slug_field": "manager_staff_id", "lookup": true, "parents": [{"table": "staff", "field": "manager_staff_id"}]},
		{"name": "film", "pk": "film_id", "slug_field": "title", "lookup": true},
		{"name": "inventory", "pk": "inventory_id", "slug_field": ["film_id", "store_id"], "lookup": true, "parents": [{"table": "film", "field": "film_id"}, {"table": "store", "field": "store_id"}]},
		{"name": "customer", "pk": "customer_id", "slug_field": "email", "parents": [{"table": "store", "field": "store_id"}, {"table": "address", "field": "address_id"}]},
		{"name": "rental", "pk": "rental_id", "slug_field": ["rental_date", "inventory_id"], "parents": [{"table": "customer", "field": "customer_id"}, {"table": "inventory", "field": "inventory_id"}, {"table": "staff", "field": "staff_id"}]},
		{"name": "payment", "pk": ["payment_date", "payment_id"], "slug_field": ["payment_date", "amount"], "parents": [{"table": "customer", "field": "customer_id"}, {"table": "rental", "field": "rental_id"}, {"table": "staff", "field": "staff_id"}]}]}';
	my $rented = q{SELECT c.first_name, c.uuid, m.username, a.address, y.city, l.country, r.rental_date, r.uuid, f.title, im.username, rs.username, p.amount, p.payment_date, p.uuid, ps.username
		FROM customer c JOIN store s USING (store_id) JOIN staff m ON m.staff_id = s.manager_staff_id JOIN address a ON a.address_id = c.address_id JOIN city y USING (city_id) JOIN country l USING (country_id)
		JOIN rental r USING (customer_id) JOIN inventory i USING (inventory_id) JOIN film f USING (film_id) JOIN store fs ON fs.store_id = i.store_id JOIN staff im ON im.staff_id = fs.manager_staff_id JOIN staff rs ON rs.staff_id = r.staff_id
		JOIN payment p ON p.rental_id = r.rental_id AND p.customer_id = c.customer_id JOIN staff ps ON ps.staff_id = p.staff_id WHERE c.email = '%s' ORDER BY r.rental_date};
	my $eve = sql('films2', sprintf $rented, 'eve@x');

	$path = backup('films1', $films, 'ann@x');
	is(restore('films2', $path), 'address:1/0/0/0/0 customer:1/0/0/0/0 rental:6/0/0/0/0 payment:6/0/0/0/0', 'Pagila: a customer moves');
	is(sql('films2', sprintf $rented, 'ann@x'), sql('films1', sprintf $rented, 'ann@x'), 'with rentals, payments, films, staff and address');
	is(restore('films2', $path), 'customer:0/0/1/0/0 rental:0/0/6/0/0 payment:0/0/6/0/0', 'and is found again');
	is(sql('films2', sprintf $rented, 'eve@x'), $eve, 'who has the same numbers there keeps what is hers');
}

$node->stop;
done_testing();
