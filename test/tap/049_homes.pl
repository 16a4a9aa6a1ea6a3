# Rows that nothing names, known by where they were born: they go from database to
# database and come back, and nothing is doubled or taken for another.  What arrives is
# compared by plain SQL, as rows with the key that each had where it was born.
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

sub restore_sql { my ($path, $more, $columns) = @_; return "SELECT " . ($columns // '"table", inserted, updated, skipped, failed') . " FROM db_adapter.restore_from_file('$path'" . ($more // '') . ')' }
sub restore { my ($db, @more) = @_; return sql($db, restore_sql(@more)) }

# --- users with lists of tasks, which nothing names

my $schema = q{
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE lists (id serial PRIMARY KEY, owner_id int NOT NULL REFERENCES users, title text NOT NULL);
CREATE TABLE tasks (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, list_id int NOT NULL REFERENCES lists ON DELETE CASCADE, body text, after_id int REFERENCES tasks);
};
my $derived = q{db_adapter.derive_backup_schema(tables => '{users,lists,tasks}')};
make($_, $schema) foreach qw(a b c x);
# Ids of no two databases agree.
sql('b', q{SELECT setval('users_id_seq', 100), setval('lists_id_seq', 200), setval('tasks_id_seq', 300)});
sql('c', q{SELECT setval('users_id_seq', 3), setval('lists_id_seq', 2), setval('tasks_id_seq', 1)});
sql('a', q{
INSERT INTO users (email) VALUES ('a@x'), ('b@x');
INSERT INTO lists (owner_id, title) VALUES (1, 'home'), (1, 'work'), (2, 'home'), (1, 'work');
INSERT INTO tasks (list_id, body) VALUES (1, 'buy milk'), (1, 'buy milk'), (2, 'call'), (3, 'sleep'), (4, 'call');
UPDATE tasks SET after_id = 1 WHERE id = 2; UPDATE tasks SET after_id = 5 WHERE id = 4});
# Each list and task by all it means, without an id.
my $content = q{
SELECT u.email, l.title, t.body, o.body, p.title FROM users u JOIN lists l ON l.owner_id = u.id LEFT JOIN tasks t ON t.list_id = l.id LEFT JOIN tasks o ON o.id = t.after_id LEFT JOIN lists p ON p.id = o.list_id ORDER BY 1, 2, 3, 4, 5};
my $ids = q{SELECT 'l', id, title FROM lists UNION ALL SELECT 't', id, body FROM tasks ORDER BY 1, 2};

like(sql('a', "SELECT jsonb_pretty(t) FROM jsonb_array_elements($derived -> 'tables') t WHERE t ->> 'name' = 'tasks'"), qr/"remember": true/, 'a table without a match key is remembered');
unlike(sql('a', "SELECT jsonb_pretty(t) FROM jsonb_array_elements($derived -> 'tables') t WHERE t ->> 'name' = 'users'"), qr/"remember"/, 'one with a match key is not');
my $path = backup('a', $derived);
like((split /\n/, slurp_file($path))[0], qr/"version":"2\.1"/, 'older readers refuse such a file');
like(slurp_file($path), qr/^\{"table":"tasks",.*"home":"\@home"\}$/m, 'its table line names the member for homes');
unlike(slurp_file($path), qr/"\@home":/, 'which no row has that was born there');

is(restore('b', $path), "users|2|0|0|0\nlists|4|0|0|0\ntasks|5|0|0|0", 'all go in');
is(sql('b', $content), sql('a', $content), 'and mean the same');
is(restore('b', $path), "users|0|0|2|0\nlists|0|0|4|0\ntasks|0|0|5|0", 'a second restore finds all of them');
is(restore('b', $path, q{, mode => 'overwrite'}), "users|0|0|0|0\nlists|0|0|0|0\ntasks|0|0|0|0", 'and one that overwrites finds nothing to change');
is(sql('b', $content), sql('a', $content), 'and changes nothing');
like(refusal('b', restore_sql($path, q{, mode => 'fail'})), qr/exists already/, 'mode fail finds them too');

# On to C, with births, edits and deletes at B.
sql('b', q{UPDATE tasks SET body = 'buy bread' WHERE id = (SELECT min(id) FROM tasks);
DELETE FROM tasks WHERE body = 'sleep';
INSERT INTO lists (owner_id, title) SELECT id, 'born in b' FROM users WHERE email = 'b@x';
INSERT INTO tasks (list_id, body) SELECT max(id), 'born in b' FROM lists});
$path = backup('b', $derived);
like(slurp_file($path), qr/"origins":\["[0-9a-f-]{36}"\]/, 'the file names the other origin');
like(slurp_file($path), qr/"body":"buy bread","\@home":"1\/1"\}/, 'and rows born there say their keys');
unlike(slurp_file($path), qr/"title":"born in b","\@home"/, 'those born here do not');
is(restore('c', $path), "users|2|0|0|0\nlists|5|0|0|0\ntasks|5|0|0|0", 'they go on to a third');
is(sql('c', $content), sql('b', $content), 'and mean the same there');

# And back to A from C: A's ids stay A's.
sql('c', q{INSERT INTO tasks (list_id, body) SELECT id, 'born in c' FROM lists WHERE title = 'born in b';
UPDATE lists SET title = 'house' WHERE title = 'home' AND owner_id = (SELECT id FROM users WHERE email = 'a@x')});
my $before = sql('a', $ids);
$path = backup('c', $derived);
is(restore('a', $path, q{, mode => 'overwrite'}), "users|0|0|0|0\nlists|1|1|0|0\ntasks|2|1|0|0", 'back home each is found');
is(sql('a', "SELECT count(*) FROM ($ids) i (kind, id, text) WHERE (kind, id) IN (('l', 1), ('l', 2), ('l', 3), ('l', 4), ('t', 1), ('t', 2), ('t', 3), ('t', 4), ('t', 5))"), '9', 'under the ids it had');
is(sql('a', 'SELECT id, body FROM tasks WHERE id = 1'), '1|buy bread', 'what was edited meanwhile is');
is(sql('a', "BEGIN; DELETE FROM tasks WHERE body = 'sleep'; $content; ROLLBACK"), sql('c', $content), 'and it has what C has, beside the one that B has deleted');
is(restore('a', $path), "users|0|0|2|0\nlists|0|0|5|0\ntasks|0|0|6|0", 'again: nothing');
is(restore('b', backup('a', $derived)) =~ s/^users.*\n//r, "lists|0|0|5|0\ntasks|2|0|5|0", 'B gets what C bore, and its deleted one back, and nothing twice');
is(restore('c', backup('a', $derived)) =~ s/^users.*\n//r, "lists|0|0|5|0\ntasks|1|0|6|0", 'C the deleted one');
is(sql('b', $content), sql('a', $content) =~ s/house/home/gr, 'all but the edit of a row that B has, and is told to skip');

# --- two origins merged

sql('x', q{INSERT INTO users (email) VALUES ('x@x'); INSERT INTO lists (owner_id, title) VALUES (1, 'x'); INSERT INTO tasks (list_id, body) VALUES (1, 'x1'), (1, 'x2')});
my $from_x = backup('x', $derived);
is(restore('b', $from_x), "users|1|0|0|0\nlists|1|0|0|0\ntasks|2|0|0|0", 'a second origin has its own keys');
is(restore('a', backup('b', $derived)) =~ s/^users.*\n//r, "lists|1|0|5|0\ntasks|2|0|7|0", 'A learns of its rows by way of B');
is(restore('a', $from_x), "users|0|0|1|0\nlists|0|0|1|0\ntasks|0|0|2|0", 'and finds them in its own file');
is(restore('x', backup('a', $derived)), "users|2|0|1|0\nlists|5|0|1|0\ntasks|7|0|2|0", 'X gets all others, and finds its own');
is(sql('x', 'SELECT id, body FROM tasks WHERE id <= 2 ORDER BY 1'), "1|x1\n2|x2", 'under the ids they have');
is(sql('a', q{SELECT count(*), sum(rows) FROM db_adapter.origins}), '5|6', 'the view tells how many of whom');
$node->stop;
done_testing();
