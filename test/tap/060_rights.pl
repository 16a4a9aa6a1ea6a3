# The table of docs/internals/rights.md, row by row: each names a verb, what others may
# have put in its way, and what happens.  Mallory puts it there, a superuser comes by.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'db_adapter'");
$node->start;

my $directory = $node->basedir;

# What every attack finds: a superuser's database, and mallory in it.  Her code says as
# whom it runs; what is not rolled back with a refusal is the sequence.
$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN; CREATE ROLE reader LOGIN; CREATE DATABASE base');
$node->safe_psql(
	'base', q{
	CREATE EXTENSION db_adapter;
	CREATE EXTENSION file_fdw;
	CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
	CREATE SCHEMA att AUTHORIZATION mallory;
	CREATE SCHEMA app;
	GRANT ALL ON SCHEMA app TO mallory;
	GRANT USAGE ON SCHEMA app, att TO reader;
	CREATE TABLE app.mine (id int PRIMARY KEY, v int);
	INSERT INTO app.mine VALUES (1, 1);
	SET ROLE mallory;
	CREATE TABLE app.hers (id int PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, v int);
	INSERT INTO app.hers VALUES (1, 'u1', 's', 1);
	CREATE FUNCTION att.tells(x int) RETURNS int LANGUAGE plpgsql AS $$
	BEGIN
		RAISE WARNING 'her code runs as %', current_user;
		PERFORM pg_catalog.set_config('search_path', 'att, pg_catalog', false);
		RETURN x;
	END$$;
	CREATE FUNCTION att.sql(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT att.tells(x)';
	CREATE FUNCTION att.fixed(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT att.tells(x)';
	CREATE FUNCTION att.lower(text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN RAISE WARNING 'her code runs as %', current_user; RETURN $1; END$$;
	CREATE FUNCTION att.fires() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN PERFORM att.tells(1); RETURN coalesce(NEW, OLD); END$$;
	CREATE DOMAIN att.dom AS int CHECK (att.sql(VALUE) > 0);
	CREATE DOMAIN att.sets AS int CHECK (pg_catalog.set_config('search_path', 'att, pg_catalog', false) IS NOT NULL);
	CREATE FUNCTION att.step(att.dom, int) RETURNS att.dom LANGUAGE sql AS 'SELECT $1';
	RESET ROLE;
	RESET search_path;});

# A schema text about app, one object of it replaced.
my $mine = 'CREATE TABLE app.mine (id int PRIMARY KEY, v int';
my $hers = 'CREATE TABLE app.hers (id int PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, v int';
sub text { my ($text) = @_; return "'CREATE SCHEMA app; $text', '{app}'" }

sub planned
{
	my ($text) = @_;

	return 'db_adapter.plan(db_adapter.expected(' . text($text) . "), ignore => '{owners,privileges}', allow_drop => true)";
}
sub preflight { return 'SELECT kind FROM db_adapter.preflight(' . planned(@_) . ')' }
sub apply { return "SELECT db_adapter.apply(" . planned(@_) . ", true) ->> 'applied'" }

# Code of hers at every place of a table that takes some.
my $everywhere = q{
	SET ROLE mallory;
	SET client_min_messages = error;
	ALTER TABLE app.hers ADD w int DEFAULT att.tells(1);
	ALTER TABLE app.hers ADD g int GENERATED ALWAYS AS (att.fixed(v)) STORED;
	ALTER TABLE app.hers ADD d att.dom;
	ALTER TABLE app.hers ADD CHECK (att.sql(v) > 0);
	CREATE INDEX ON app.hers (att.fixed(v));
	CREATE INDEX ON app.hers (v) WHERE att.fixed(v) > 0;
	CREATE STATISTICS app.st ON (att.fixed(v)), id FROM app.hers;
	CREATE TRIGGER fires BEFORE INSERT OR UPDATE OR DELETE ON app.hers FOR EACH ROW EXECUTE FUNCTION att.fires();
	CREATE POLICY p ON app.hers USING (att.tells(1) = 1);
	CREATE VIEW app.view AS SELECT att.tells(1) AS t;
	CREATE RULE r AS ON DELETE TO app.view DO INSTEAD SELECT att.tells(1);};
my $view = q{
	SET ROLE mallory;
	ALTER TABLE app.hers RENAME TO kept;
	CREATE VIEW app.hers AS SELECT id, user_id, slug, v + att.tells(0) AS v FROM app.kept;};
# What an update shall change back.
my $differ = 'UPDATE app.hers SET v = -1;';
my $triggers = q{
	SET ROLE mallory;
	CREATE TRIGGER fires BEFORE INSERT OR UPDATE OR DELETE ON app.hers FOR EACH ROW EXECUTE FUNCTION att.fires();};
my $cast = q{
	SET ROLE mallory;
	CREATE TYPE att.e AS ENUM ('a', 'b');
	CREATE FUNCTION att.e_to_text(x att.e) RETURNS text LANGUAGE sql AS 'SELECT att.tells(1)::text';
	CREATE CAST (att.e AS text) WITH FUNCTION att.e_to_text(att.e);
	CREATE TABLE app.parents (id att.e PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL);
	INSERT INTO app.parents VALUES ('a', 'u1', 's');
	CREATE TABLE app.docs (id int PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, d jsonb);
	INSERT INTO app.docs VALUES (1, 'u1', 'x', '{"p": "a"}');};
my $schema = q{'{"tables": [{"name": "app.hers"}]}'};
my $filter = q{'{"tables": [{"name": "app.hers", "filter": "att.sql(v) = 1"}]}'};
my $docs = q{'{"tables": [{"name": "app.parents"}, {"name": "app.docs", "optional_refs": [{"table": "app.parents", "field": "d", "json_path": "$.p"}]}]}'};
my $catalogs = 'anything stored in the catalogs';
my $text = 'a function that the text uses';
my $in_view = 'a view in the place of a table';
my $partition = 'CREATE TABLE app.p (a int) PARTITION BY LIST (a); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (att.sql(1))';
my $expected = 'db_adapter.expected(' . text('CREATE TABLE app.t (a int)') . ')';

# The superuser's own function, which anybody may call: it acts as its arguments say.
my $acts = q{
	CREATE SCHEMA lib; GRANT USAGE ON SCHEMA lib TO mallory;
	CREATE FUNCTION lib.acts(int, text) RETURNS int LANGUAGE plpgsql AS $$
	BEGIN RAISE WARNING 'her code runs as %', current_user; RETURN 1; END$$;
	SET ROLE mallory;
	CREATE OPERATOR att.### (LEFTARG = int, RIGHTARG = text, FUNCTION = lib.acts);
	CREATE DOMAIN att.by_operator AS int CHECK (VALUE OPERATOR(att.###) 'as she says' > 0);
	CREATE VIEW att.view AS SELECT 1 OPERATOR(att.###) 'as she says' AS a;
	RESET ROLE;};
# One that calls hers, in workers soonest, and a table that workers share.
my $under = q{
	CREATE SCHEMA lib;
	ALTER FUNCTION att.tells PARALLEL SAFE;
	CREATE FUNCTION lib.calls(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
	BEGIN
		IF x = 100000 OR pg_backend_pid() <> current_setting('lib.leader')::int THEN
			RETURN (SELECT att.tells(x));
		END IF;
		RETURN x;
	END$$;
	DELETE FROM app.mine;
	INSERT INTO app.mine SELECT x, x FROM generate_series(1, 100000) x;
	ANALYZE app.mine;};
my $parallel = "SELECT set_config('lib.leader', pg_backend_pid()::text, false) IS NULL; "
  . 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; ';

# Such a job waits for the transactions of others, so nobody waits for it in one.
my $ended = q{SET statement_timeout = '3min';
	DO $$BEGIN
		WHILE EXISTS (SELECT FROM db_adapter.jobs WHERE state IN ('queued', 'running')) LOOP
			PERFORM pg_sleep(0.02);
			COMMIT;
		END LOOP;
	END$$};

# verb: what is in its way => [mallory's part, the superuser's]
my %attacks = (
	"introspect: $catalogs"   => [ $everywhere, "SELECT count(db_adapter.introspect('{app,att}'))" ],
	"column_names: $catalogs" => [ $everywhere, "SELECT count(db_adapter.column_names('app'))" ],
	"fingerprint: $catalogs"  => [ $everywhere, "SELECT count(db_adapter.fingerprint('{app,att}'))" ],
	"diagram: $catalogs"      => [ $everywhere, "SELECT count(db_adapter.diagram('{app}'))" ],
	"validate: $catalogs"     => [ $everywhere, "SELECT count(db_adapter.validate($expected))" ],
	"differences: $catalogs"  => [ $everywhere, "SELECT count(*) FROM db_adapter.differences($expected)" ],
	'report: a document'      => [ $everywhere, "SELECT count(db_adapter.report(db_adapter.validate($expected)))" ],
	"expected: $text"         => [ '', 'SELECT db_adapter.expected(' . text($partition) . ')' ],
	"expected: $text, with allow_do" => [ '', 'SELECT db_adapter.expected(' . text($partition) . ', allow_do => true)' ],
	'expected: a domain that the text uses' => [ '',
		"SELECT db_adapter.expected('CREATE TABLE p (a att.dom) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)')" ],
	"expected_columns: $text" => [ '', "SELECT count(db_adapter.expected_columns('CREATE TABLE t (a int DEFAULT att.tells(1))'))" ],
	"validate_text: $text"    => [ '', 'SELECT db_adapter.validate_text(' . text($partition) . ')' ],
	'plan: functions in a table of theirs' => [ $everywhere, 'SELECT count(' . planned("$mine); $hers, x bigint)") . ')' ],
	"plan: a function in a table of the caller's" => [ '', 'SELECT count(' . planned("$mine, w int DEFAULT att.sql(1))") . ')' ],
	'plan_steps: a document'  => [ '', 'SELECT count(*) FROM db_adapter.plan_steps(' . planned("$mine, w int DEFAULT att.sql(1))") . ')' ],
	'preflight: functions in a table of theirs' => [ '', preflight("$mine); $hers, CONSTRAINT c CHECK (att.sql(v) > 0))") ],
	"preflight: a function in a table of the caller's" => [ '', preflight("$mine, CONSTRAINT c CHECK (att.sql(v) > 0)); $hers)") ],
	"preflight: a domain over the server's own functions, in a table of the caller's" => [ '', preflight("$mine, CONSTRAINT c CHECK (v::att.sets > 0)); $hers)") ],
	"preflight: a function in the bounds of a partition of the caller's table" => [ 'CREATE TABLE app.parts (id int) PARTITION BY LIST (id); CREATE TABLE app.part (id int)',
		"SELECT kind FROM db_adapter.preflight((SELECT jsonb_set(p, '{steps,0,sql}', to_jsonb('ALTER TABLE app.parts ATTACH PARTITION app.part FOR VALUES IN (att.tells(1))'::text)) FROM "
		  . planned("$mine, w int); $hers); CREATE TABLE app.parts (id int) PARTITION BY LIST (id); CREATE TABLE app.part (id int)") . ' p))' ],
	'preflight: a function in a key that a table of theirs gets' => [ '', preflight("$mine); $hers); CREATE UNIQUE INDEX told ON app.hers (att.fixed(v))") ],
	'apply: functions in a table of theirs' => [ '', apply("$mine); $hers, CONSTRAINT c CHECK (att.sql(v) > 0))") ],
	'apply: functions in a table of theirs, where rows are put aside' => [
		'SET ROLE mallory; SET client_min_messages = error; CREATE INDEX hers_told ON app.hers ((att.fixed(1) + v));',
		apply("$mine); CREATE TABLE app.hers (id int PRIMARY KEY, user_id text NOT NULL, v int)") ],
	"apply: a function in a table of the caller's" => [ '', apply("$mine, w int DEFAULT att.sql(1)); $hers)") ],
	"apply: a domain over the server's own functions, in a table of the caller's" => [ '', apply("$mine, CONSTRAINT c CHECK (v::att.sets > 0)); $hers)") ],
	'apply: a function in a view that is filled' => [ '', apply("$mine); $hers); CREATE MATERIALIZED VIEW app.m AS SELECT att.sql(1) AS a") ],
	"apply: a function of the caller's, by an operator in a domain" => [ $acts, apply("$mine, CONSTRAINT c CHECK (v::att.by_operator > 0)); $hers)") ],
	"apply: a function of the caller's, in a view that is filled" => [ "$acts SET ROLE mallory; DROP DOMAIN att.by_operator; CREATE OR REPLACE VIEW att.view AS SELECT lib.acts(1, 'as she says') AS a",
		apply("$mine); $hers); CREATE MATERIALIZED VIEW app.m AS SELECT * FROM att.view") ],
	"apply: a function under one of the caller's, in a parallel scan" => [ $under,
		$parallel . apply("$mine); $hers); CREATE MATERIALIZED VIEW app.m AS SELECT count(*) FROM app.mine WHERE lib.calls(v) > 0") ],
	"apply: a function under one of the caller's, in an index built in parallel" => [ $under,
		$parallel . apply("$mine); $hers); CREATE INDEX told ON app.mine (lib.calls(v))") ],
	"apply: a domain of an aggregate's first value" => [ '',
		"SELECT db_adapter.apply(jsonb_set(p, '{steps,0,sql}', to_jsonb('CREATE AGGREGATE app.agg(int) (sfunc = att.step, stype = att.dom, initcond = ''7'')'::text)), true) FROM "
		  . planned("$mine); $hers); COMMENT ON TABLE app.mine IS ''x''") . ' p' ],
	"apply: an event trigger's function" => [ q{
		SET ROLE mallory;
		CREATE FUNCTION att.event() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN PERFORM att.tells(1); END$$;
		RESET ROLE;
		CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION att.event();
		ALTER EVENT TRIGGER e ENABLE ALWAYS;}, apply("$mine, w int); $hers)") ],
	'saved_document: the rows put aside' => [ $everywhere, 'SELECT count(*) FROM db_adapter.saved_rows r, db_adapter.saved_document(r.id)' ],
	'origin: the table it is kept in' => [ $everywhere, 'SELECT db_adapter.origin()' ],
	'new_origin: the table it is kept in' => [ $everywhere, 'SELECT db_adapter.new_origin()' ],
	'forget: the tables it is kept in' => [ $everywhere, 'SELECT db_adapter.forget()' ],
	'purge_saved_rows: the rows put aside' => [ $everywhere, "SELECT db_adapter.purge_saved_rows('0')" ],
	"declare: $text"          => [ '', q{SELECT db_adapter.declare('app', } . text($partition) . ')' ],
	"declared_differences: $catalogs" => [
		"SELECT db_adapter.declare('app', 'CREATE TABLE app.mine (id int)', '{app}');$everywhere", 'SELECT count(*) > 0 FROM db_adapter.drift' ],
	"undeclare: $catalogs" => [
		"SELECT db_adapter.declare('app', 'CREATE TABLE app.mine (id int)', '{app}');$everywhere", "SELECT db_adapter.undeclare('app')" ],
	"derive_backup_schema: $catalogs" => [ $everywhere, 'SELECT count(db_adapter.derive_backup_schema())' ],
	"check_backup_schema: $in_view"   => [ $view, "SELECT count(*) FROM db_adapter.check_backup_schema($schema)" ],
	'check_backup_schema: a function in a filter' => [ '', "SELECT count(*) FROM db_adapter.check_backup_schema($filter)" ],
	'backup: triggers, defaults, checks, policies of a table' => [
		"$everywhere ALTER TABLE app.hers ENABLE ROW LEVEL SECURITY; ALTER TABLE app.hers FORCE ROW LEVEL SECURITY;",
		"SELECT count(*) FROM db_adapter.backup($schema, 'u1')" ],
	'backup: a constant part of an index expression' => [
		'SET ROLE mallory; SET client_min_messages = error; CREATE INDEX ON app.hers ((att.fixed(1) + v));',
		"SELECT count(*) FROM db_adapter.backup($schema, 'u1')" ],
	'backup: a constant predicate of an index' => [
		'SET ROLE mallory; SET client_min_messages = error; CREATE INDEX ON app.hers (v) WHERE att.fixed(2) > 0;',
		"SELECT count(*) FROM db_adapter.backup($schema, 'u1')" ],
	"backup: $in_view" => [ $view, "SELECT db_adapter.backup($schema)" ],
	"backup: a view under a view of the caller's" => [
		"$view RESET ROLE; CREATE VIEW app.above AS SELECT * FROM (SELECT * FROM app.hers) h WHERE id IN (SELECT id FROM app.hers);",
		q{SELECT db_adapter.backup('{"tables": [{"name": "app.above"}]}')} ],
	'backup: a foreign table below a table' => [ q{
		CREATE TABLE app.parts (id int, user_id text, slug text) PARTITION BY RANGE (id);
		CREATE FOREIGN TABLE app.part PARTITION OF app.parts FOR VALUES FROM (1) TO (9) SERVER files OPTIONS (program 'echo 1,u1,s', format 'csv');
		ALTER FOREIGN TABLE app.part OWNER TO mallory;}, q{SELECT db_adapter.backup('{"tables": [{"name": "app.parts"}]}')} ],
	'backup: a function in a filter' => [ '', "SELECT db_adapter.backup($filter)" ],
	"backup: a domain over the server's own functions, in a view of the caller's" => [
		'CREATE VIEW app.casts AS SELECT id, v::att.sets AS v FROM app.mine',
		q{SELECT db_adapter.backup('{"tables": [{"name": "app.casts", "user_field": null, "slug_field": null}]}')} ],
	"backup: a domain over the server's own functions, in a filter" => [ 'CREATE TYPE app.holds AS (s att.sets)',
		q{SELECT db_adapter.backup('{"tables": [{"name": "app.mine", "user_field": null, "slug_field": null, "filter": "(''('' || v || '')'')::app.holds IS NOT NULL"}]}')} ],
	'backup: a view in a filter' => [ "SET ROLE mallory; CREATE VIEW app.sets AS SELECT set_config('search_path', 'att, pg_catalog', false)",
		q{SELECT db_adapter.backup('{"tables": [{"name": "app.mine", "user_field": null, "slug_field": null, "filter": "EXISTS (SELECT FROM app.sets)"}]}')} ],
	'backup: a domain in a filter, planned before' => [ qq{$acts
		SET ROLE mallory;
		CREATE FUNCTION att.inlined(int) RETURNS int LANGUAGE sql AS 'SELECT lib.acts(\$1, ''as she says'')';
		CREATE DOMAIN att.by_body AS int CHECK (att.inlined(VALUE) > 0);},
		'EXPLAIN SELECT FROM app.mine WHERE v::att.by_body > 0; SELECT db_adapter.backup(\'{"tables": [{"name": "app.mine", "user_field": null, "slug_field": null, "filter": "v::att.by_body > 0"}]}\')' ],
	'backup: a domain in a filter, planned between two chunks' => [ q{
		CREATE SCHEMA lib; GRANT USAGE ON SCHEMA lib TO mallory;
		CREATE FUNCTION lib.does(int, text) RETURNS int LANGUAGE plpgsql AS $$
		BEGIN RAISE WARNING 'her code runs as %', current_user; RETURN 1; END$$;
		SET ROLE mallory;
		CREATE FUNCTION att.inlined(int) RETURNS int LANGUAGE sql AS 'SELECT lib.does($1, ''as she says'')';
		CREATE DOMAIN att.by_body AS int CHECK (att.inlined(VALUE) > 0);
		RESET ROLE;
		INSERT INTO app.mine SELECT i, i FROM generate_series(2, 9000) i;},
		q[BEGIN; DECLARE c CURSOR FOR SELECT length(db_adapter.backup('{"tables": [{"name": "app.mine", "user_field": null, "slug_field": null, "filter": "id < 9000 OR (''{'' || v || ''}'')::att.by_body[] IS NOT NULL"}]}')); FETCH c; CREATE TABLE app.other (id int CHECK (id > 0)); EXPLAIN SELECT FROM app.mine WHERE v::att.by_body > 0; FETCH ALL FROM c] ],
	'backup: a function of the server in a view of hers, begun as her' => [ q{
		SET ROLE mallory;
		CREATE VIEW app.late AS
		 SELECT i AS id, CASE WHEN i = 9000 THEN set_config('search_path', 'att, pg_catalog', false) ELSE repeat('x', 20) END AS v
		   FROM generate_series(1, 9000) i;
		GRANT USAGE ON SCHEMA db_adapter TO mallory;},
		q[BEGIN; SET ROLE mallory; DECLARE c CURSOR FOR SELECT length(db_adapter.backup('{"tables": [{"name": "app.late", "user_field": null, "slug_field": null}]}')); FETCH c; RESET ROLE; FETCH ALL FROM c] ],
	'backup: a cast to text' => [ $cast, "SELECT count(*) FROM db_adapter.backup($docs, 'u1')" ],
	'backup: policies, with row_security, for who is no superuser' => [ q{
		SET ROLE mallory;
		GRANT SELECT ON app.hers TO reader;
		ALTER TABLE app.hers ENABLE ROW LEVEL SECURITY;
		CREATE POLICY p ON app.hers USING (att.tells(1) = 1);}, "SET ROLE reader; SELECT count(*) FROM db_adapter.backup($schema, row_security => true)" ],
	"backup_document: $in_view" => [ $view, "SELECT db_adapter.backup_document($schema)" ],
	"backup_to_file: $in_view"  => [ $view, "SELECT db_adapter.backup_to_file('$directory/view', $schema)" ],
	'backup_to_file: a function in a filter, with workers' => [ '',
		"SELECT db_adapter.backup_to_file('$directory/parts', $filter, workers => 2)" ],
	'validate_backup: a document' => [ $everywhere, "SELECT db_adapter.validate_backup(db_adapter.backup_document($schema)) ->> 'valid'" ],
	"digest: $in_view"      => [ $view, "SELECT * FROM db_adapter.digest($schema, 'app.hers')" ],
	'digest: a cast to text' => [ $cast, "SELECT count(*) FROM db_adapter.digest($docs, 'app.docs', 'u1')" ],
	"digest_rows: $in_view" => [ $view, "SELECT * FROM db_adapter.digest_rows($schema, 'app.hers', '{0}')" ],
	"match_keys: $in_view" => [ $view, q{SELECT * FROM db_adapter.match_keys('{"tables": [{"name": "app.hers"}]}', 'app.hers', '[{"slug": "s", "user_id": "u1"}]', '[{"slug": "s", "user_id": "u1"}]')} ],
	"compare: $in_view" => [ "SELECT db_adapter.backup_to_file('$directory/compare_view', $schema, overwrite => true);$view",
		"SELECT same FROM db_adapter.compare(pg_read_file('$directory/compare_view'))" ],
	'compare: triggers of a table' => [ "SELECT db_adapter.backup_to_file('$directory/compare', $schema, overwrite => true);$differ$triggers",
		"SELECT changed FROM db_adapter.compare(pg_read_file('$directory/compare'))" ],
	'restore: triggers of a table' => [ "SELECT db_adapter.backup_to_file('$directory/restore', $schema, overwrite => true);$differ$triggers",
		"SELECT inserted FROM db_adapter.restore(pg_read_file('$directory/restore'), mode => 'overwrite')" ],
	"restore: $in_view" => [ "SELECT db_adapter.backup_to_file('$directory/restore_view', $schema, overwrite => true);$view",
		"SELECT * FROM db_adapter.restore(pg_read_file('$directory/restore_view'))" ],
	'restore_from_file: triggers of a table' => [ "SELECT db_adapter.backup_to_file('$directory/triggers', $schema, overwrite => true);$differ$triggers",
		"SELECT inserted FROM db_adapter.restore_from_file('$directory/triggers', mode => 'overwrite')" ],
	"restore_begin: $in_view" => [ "SELECT db_adapter.backup_to_file('$directory/begin', $schema, overwrite => true);$view",
		"BEGIN; SELECT db_adapter.restore_begin($schema); SELECT db_adapter.restore_data(pg_read_file('$directory/begin'))" ],
	'restore_data: triggers of a table' => [ "SELECT db_adapter.backup_to_file('$directory/chunks', $schema, overwrite => true);$differ$triggers",
		"BEGIN; SELECT db_adapter.restore_begin(mode => 'overwrite'); SELECT db_adapter.restore_data(pg_read_file('$directory/chunks')); SELECT updated FROM db_adapter.restore_end(); COMMIT" ],
	'restore_end: triggers of a table' => [ "SELECT db_adapter.backup_to_file('$directory/end', $schema, overwrite => true);$differ$triggers",
		"BEGIN; SELECT db_adapter.restore_begin(mode => 'overwrite'); SELECT db_adapter.restore_data(pg_read_file('$directory/end')); SELECT updated FROM db_adapter.restore_end(); COMMIT" ],
	'delete_rows: triggers of a table' => [ $triggers,
		qq{SELECT * FROM db_adapter.delete_rows($schema, '{"app.hers": [{"slug": "s", "user_id": "u1"}]}')} ],
	"delete_rows: $in_view" => [ $view,
		qq{SELECT * FROM db_adapter.delete_rows($schema, '{"app.hers": [{"slug": "s", "user_id": "u1"}]}')} ],
	'set_aside: triggers of a table' => [ "$triggers; RESET ROLE; ALTER TABLE app.hers ADD UNIQUE (v)",
		qq{SELECT * FROM db_adapter.set_aside($schema, '{"app.hers": [{"slug": "s", "user_id": "u1"}]}')} ],
	"set_aside: $in_view" => [ $view,
		qq{SELECT * FROM db_adapter.set_aside($schema, '{"app.hers": [{"slug": "s", "user_id": "u1"}]}')} ],
	"submit: $in_view, for the job" => [ $view,
		"SELECT db_adapter.submit('backup_to_file', jsonb_build_object('path', '$directory/job', 'backup_schema', $schema\::jsonb)) AS job \\gset\n"
		  . "SELECT db_adapter.wait(:job);\nSELECT sqlstate || ' ' || error FROM db_adapter.jobs WHERE id = :job" ],
	"submit: a function in an index made online, on a table of the caller's" => [ q{
		TRUNCATE app.mine;
		CREATE INDEX told ON app.mine (att.fixed(id));
		CREATE TABLE public.want AS SELECT db_adapter.introspect('{app}') AS document;
		DROP INDEX app.told;
		INSERT INTO app.mine VALUES (1, 1);},
		"SELECT db_adapter.plan(document, online => true, verify => false) AS plan FROM want \\gset\n"
		  . "SELECT db_adapter.submit('create_index_concurrently', jsonb_build_object('plan', :'plan'::jsonb)) AS job \\gset\n$ended;\nSELECT sqlstate || ' ' || error FROM db_adapter.jobs WHERE id = :job" ],
	'cancel: a job' => [ $everywhere, "SELECT db_adapter.submit('validate', '{\"expected\": {\"t\": [\"id\"]}}') AS job \\gset\nSELECT db_adapter.wait(:job);\nSELECT db_adapter.cancel(:job)" ],
	'wait: a job'   => [ $everywhere, "SELECT db_adapter.submit('validate', '{\"expected\": {\"t\": [\"id\"]}}') AS job \\gset\nSELECT db_adapter.wait(:job)" ],
	'jobs_running: a job' => [ $everywhere, 'SELECT count(*) FROM db_adapter.jobs_running()' ],
	'watch_session: anything stored in the catalogs' => [ $everywhere, 'SELECT db_adapter.watch_session()' ]);

# What was seen of an attack, in the words of the page.
sub outcome
{
	my ($out, $err, $caller) = @_;
	my %ran = map { $_ => 1 } $err =~ /her code runs as (\w+)/g;

	return 'her code runs as another: ' . join(', ', sort keys %ran)
	  if grep { $_ ne 'mallory' && $_ ne $caller } keys %ran;
	return 'as the caller' if $ran{$caller};
	return 'refused' if "$out\n$err" =~ /42501/;
	return "failed: $err" if $err =~ /ERROR/;
	return $ran{mallory} ? 'as its owner' : 'nothing runs';
}

my %verbs;
my $number = 0;

foreach my $line (split /\n/, slurp_file('docs/internals/rights.md'))
{
	my ($verb, $place, $happens) = $line =~ /^\| (\w+) \| (.+?) \| (\w[\w ]*?) \|$/ or next;
	next if $verb eq 'verb';
	my $attack = delete $attacks{"$verb: $place"};
	my $database = 'attack_' . ++$number;

	$verbs{$verb} = 1;
	ok(defined $attack, "$verb: $place is attacked") or next;
	my ($prepare, $try) = @$attack;
	my $caller = $try =~ /SET ROLE (\w+)/ ? $1 : $node->safe_psql('postgres', 'SELECT current_user');

	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE base");
	$node->psql($database, $prepare, on_error_die => 1) if $prepare ne '';
	my ($out, $err) = ('', '');
	$node->psql($database,
		"\\set VERBOSITY verbose\n$try;\nROLLBACK;\nRESET ROLE;\n\\echo after\nSHOW search_path;\nSELECT lower('ABC'::text);\n",
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	my $after = $out =~ s/after\n(.*)//s ? $1 : '';

	is(outcome($out, $err, $caller), $happens, "$verb: $place");
	is($after, qq{"\$user", public\nabc}, "$verb: $place: the session is as it was");
	$node->safe_psql('postgres', "DROP DATABASE $database WITH (FORCE)");
}
is(join("\n", sort keys %attacks), '', 'every attack has its row');
is( join("\n", grep { !$verbs{$_} } split /\n/, $node->safe_psql('base', q{
		SELECT DISTINCT proname FROM pg_proc
		 WHERE pronamespace = 'db_adapter'::regnamespace AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
		   AND proname NOT LIKE 'ledger\_table\_%'
		 ORDER BY 1})),
	'', 'every verb has a row');

$node->stop;
done_testing();
