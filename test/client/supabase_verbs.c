/*
 * supabase_verbs.c
 *		The extension's verbs through a real PostgREST, and the command with such a
 *		profile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"

static char config_path[512];

/* ---------------------------------------------------------------- backup and restore */

static char backup[65536];
static size_t backup_size;
static size_t backup_read;

static dba_flow
backup_sink(dba_client *db, const char *data, size_t size, void *arg)
{
	(void) db;
	(void) arg;
	assert_true(backup_size + size < sizeof(backup));
	memcpy(backup + backup_size, data, size);
	backup_size += size;
	return DBA_CONTINUE;
}

static int64_t
backup_source(dba_client *db, char *data, size_t size, void *arg)
{
	size_t		left = backup_size - backup_read;

	(void) db;
	(void) arg;
	if (left > size)
		left = size;
	memcpy(data, backup + backup_read, left);
	backup_read += left;
	return (int64_t) left;
}

static char report[8192];		/* of the last validation */
static char reason[256];

static void
validated(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	bool		valid = true;

	(void) db;
	assert_string_equal(dba_error_message(error), "");
	assert_true(dba_result_bool(result, 0, "valid", &valid));
	assert_false(valid);
	snprintf(report, sizeof(report), "%s", dba_result_text(result, 0, "report"));
	snprintf(reason, sizeof(reason), "%s", dba_result_text(result, 0, "reason") ?: "");
	assert_false(dba_result_bool(result, 0, "lock_written", &valid) && valid);
	++*(int *) arg;
}

static void
write_file(const char *name, const char *text, char *path, size_t size)
{
	FILE	   *file;

	snprintf(path, size, "%s/%s", server_dir(server), name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int
setup(void **state)
{
	char		path[512];
	char		text[512];

	(void) state;
	unsetenv("SUPABASE_KEY");
	fixture_postgrest(
		"CREATE EXTENSION db_adapter; CREATE TABLE pair2 (id int PRIMARY KEY, slug text UNIQUE);"
		"INSERT INTO pair2 VALUES (1, 'a'), (2, 'b'); GRANT ALL ON pair2 TO web_anon;"
		"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA db_adapter TO web_anon;"
		"CREATE TABLE hidden (id int); GRANT INSERT ON hidden TO web_anon",
		"public,db_adapter");
	/* the schema file names a table that is not there */
	write_file("schema.sql", "CREATE TABLE absent (id int);", path, sizeof(path));
	write_file("backup-schema.json",
			   "{\"tables\": [{\"name\": \"pair2\", \"pk\": \"id\", \"user_field\": null, "
			   "\"slug_field\": \"slug\"}]}",
			   path, sizeof(path));
	snprintf(text, sizeof(text),
			 "[profiles.hosted]\nprovider = \"supabase\"\nurl = \"%s\"\nrest_path = \"/\"\n",
			 rest.url);
	write_file("db.toml", text, config_path, sizeof(config_path));
	return 0;
}

static void
test_backup_restore(void **state)
{
	static const char options[] = "{\"backup_schema\": {\"tables\": [{\"name\": \"pair2\", \"pk\": "
								  "\"id\", \"user_field\": null, \"slug_field\": "
								  "\"slug\"}]}}";
	dba_client *db = open_client(rest.url, "rest_path", "/", NULL);
	Outcome		out = {0};

	(void) state;
	outcome_wait(db, dba_backup(db, options, backup_sink, NULL, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_non_null(strstr(backup, "\"b\""));
	assert_true(out.count > 2);
	server_sql(server, "DELETE FROM pair2");
	outcome_wait(db, dba_restore(db, options, backup_source, NULL, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 1);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM pair2"), "2");
	dba_close(db);
}

/* ---------------------------------------------------------------- validation */

static void
test_validation(void **state)
{
	dba_config *config = dba_config_load(config_path, NULL, NULL);
	dba_client *db = dba_open_config(config, "hosted", NULL);
	int			calls = 0;

	(void) state;
	assert_non_null(db);
	/* by the right to it and what it takes: constraints and indexes too */
	server_sql(server, "GRANT CREATE ON DATABASE postgres TO web_anon; ALTER SCHEMA public OWNER "
					   "TO web_anon");
	dba_wait(db, dba_connect_and_validate(db, validated, &calls), 300000);
	assert_string_equal(reason, "");
	assert_non_null(strstr(report, "absent"));
	assert_non_null(strstr(report, "\"differences\""));
	assert_non_null(strstr(report, "pair2"));
	server_sql(server, "REVOKE EXECUTE ON FUNCTION db_adapter.validate_text FROM web_anon");
	dba_wait(db, dba_connect_and_validate(db, validated, &calls), 300000);
	assert_string_equal(reason, "compared by columns only: no right to execute the schema's "
								"statements");
	assert_non_null(strstr(report, "absent"));
	assert_int_equal(calls, 2);
	server_sql(server, "GRANT EXECUTE ON FUNCTION db_adapter.validate_text TO web_anon");
	dba_close(db);
	dba_config_free(config);
}

/* ---------------------------------------------------------------- the command */

/* Exit status, and parts of what the command says; $DIR is the server's folder. */
static void
check_command(const char *arguments, int status, const char *const *says)
{
	const char *build = getenv("BUILD");
	char		command[1024];
	char		text[4096];
	FILE	   *file;
	size_t		len;
	int			got;

	snprintf(command, sizeof(command),
			 "LD_LIBRARY_PATH=%s DIR=%s; export LD_LIBRARY_PATH DIR; cd $DIR &&"
			 " %s/db-adapter --config %s --profile hosted %s 2>&1",
			 build, server_dir(server), build, config_path, arguments);
	file = popen(command, "r");
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	got = WEXITSTATUS(pclose(file));
	if (got != status)
		fail_msg("%s: status %d: %s", arguments, got, text);
	for (; *says != NULL; says++)
		if (strstr(text, *says) == NULL)
			fail_msg("%s: no \"%s\": %s", arguments, *says, text);
}

static void
test_command(void **state)
{
	static const struct
	{
		const char *arguments;
		int			status;
		const char *says[5];
	} commands[] = {
		{"profiles", 0, {"supabase"}},
		{"status", 0, {"PostgREST 12.0.2", "pair2", "2", "no right to read"}},
		{"status --json", 0, {"\"pair2\"", "\"rows\":\t2"}},
		{"connect", 1, {"the schema differs", "pair2"}},
		{"backup --all-users --backup-schema $DIR/backup-schema.json -o $DIR/b.jsonl",
		 0,
		 {"2 rows"}},
		{"restore --yes --backup-schema $DIR/backup-schema.json $DIR/b.jsonl", 0, {"pair2"}},
		{"introspect", 4, {"postgresql:// URL of the same database"}},
		{"sync --from postgresql:///elsewhere --yes",
		 4,
		 {"postgresql:// URL of the same database"}},
	};
	char		path[512];

	(void) state;
	snprintf(path, sizeof(path), "%s/db-adapter", getenv("BUILD") != NULL ? getenv("BUILD") : "");
	if (access(path, X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
	{
		if (strncmp(commands[i].arguments, "restore", 7) == 0)
			server_sql(server, "DELETE FROM pair2");
		check_command(commands[i].arguments, commands[i].status, commands[i].says);
		if (strncmp(commands[i].arguments, "restore", 7) == 0)
			assert_string_equal(
				server_sql(server, "SELECT string_agg(slug, ',' ORDER BY slug) FROM pair2"), "a,b");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backup_restore),
		cmocka_unit_test(test_validation),
		cmocka_unit_test(test_command),
	};

	if (fixture_without_npm())
		return 0;
	return cmocka_run_group_tests(tests, setup, fixture_end);
}
