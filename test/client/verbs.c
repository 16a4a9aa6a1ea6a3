/*
 * verbs.c
 *		Backup, restore, validation: the verbs of the server's extension as streams.
 *
 * Skipped where the extension is not installed in the server's files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"

#define SCHEMA                                                                                     \
	"{\"backup_schema\": {\"tables\": [{\"name\": \"item\", \"user_field\": null, "                \
	"\"slug_field\": \"slug\"}]}}"

typedef struct Stream
{
	Outcome		out;
	char	   *data;
	size_t		size;
	size_t		at;
	int			calls;
	int			pause_at;		/* call that pauses */
	int			stop_at;
	int			progress;
	char		table[64];
} Stream;

static void
take_end(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	outcome_take(client, result, error, &((Stream *) arg)->out);
}

static dba_flow
take_chunk(dba_client *client, const char *data, size_t size, void *arg)
{
	Stream	   *stream = arg;

	(void) client;
	assert_int_equal(data[size - 1], '\n');
	stream->data = realloc(stream->data, stream->size + size);
	memcpy(stream->data + stream->size, data, size);
	stream->size += size;
	stream->calls++;
	return stream->calls == stream->pause_at  ? DBA_PAUSE
		   : stream->calls == stream->stop_at ? DBA_STOP
											  : DBA_CONTINUE;
}

static int64_t
give_piece(dba_client *client, char *data, size_t size, void *arg)
{
	Stream	   *stream = arg;
	size_t		left = stream->size - stream->at;

	(void) client;
	stream->calls++;
	if (stream->calls == stream->pause_at)
		return DBA_SOURCE_PAUSE;
	if (stream->calls == stream->stop_at)
		return DBA_SOURCE_FAILED;
	if (size > 10007)
		size = 10007;
	if (size > left)
		size = left;
	memcpy(data, stream->data + stream->at, size);
	stream->at += size;
	return (int64_t) size;
}

static void
take_progress(dba_client *client, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Stream	   *stream = arg;

	(void) client;
	assert_true(rows >= 0 && bytes > 0);
	stream->progress++;
	snprintf(stream->table, sizeof(stream->table), "%s", table);
}

static int
setup(void **state)
{
	(void) state;
	return fixture_client("CREATE TABLE item (id serial PRIMARY KEY, slug text UNIQUE, body text);"
						  "INSERT INTO item (slug, body) SELECT 's' || i, repeat('x', 100) FROM "
						  "generate_series(1, 5000) i");
}

/* Runs db until the request has paused its stream, and sees that it stays so. */
static void
wait_until_paused(dba_request id, const Stream *stream)
{
	while (stream->calls < stream->pause_at)
		assert_false(dba_wait(db, id, 10));
	assert_false(dba_wait(db, id, 200));
	assert_int_equal(stream->calls, stream->pause_at);
}

static Stream
backup(int pause_at, int stop_at)
{
	Stream		stream = {.pause_at = pause_at, .stop_at = stop_at};
	dba_request id = dba_backup(db, SCHEMA, take_chunk, take_progress, take_end, &stream);

	if (pause_at > 0)
	{
		wait_until_paused(id, &stream);
		dba_resume(db, id);
	}
	assert_true(id != 0 && dba_wait(db, id, 300000));
	return stream;
}

static void
restore(Stream *stream, const char *options)
{
	dba_request id;

	stream->at = 0;
	stream->calls = 0;
	stream->out = (Outcome){0};
	id = dba_restore(db, options, give_piece, take_progress, take_end, stream);
	if (stream->pause_at > 0)
	{
		wait_until_paused(id, stream);
		dba_resume(db, id);
	}
	assert_true(id != 0 && dba_wait(db, id, 300000));
}

static void
test_backup_restore(void **state)
{
	Stream		stream = backup(0, 0);
	char	   *first = stream.data;

	(void) state;
	assert_string_equal(stream.out.message, "");
	assert_true(stream.out.count >= 5003);
	assert_true(stream.progress > 2);
	assert_string_equal(stream.table, "item");
	assert_int_equal(memcmp(stream.data + stream.size - 3, "\"}\n", 3), 0);
	server_sql(server, "TRUNCATE item");
	stream.pause_at = 4;
	restore(&stream, NULL);
	assert_string_equal(stream.out.message, "");
	assert_int_equal(stream.out.rows, 1);
	assert_string_equal(stream.out.text, "item");
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "5000");
	free(first);
	stream = backup(2, 0);
	assert_int_equal(stream.out.code, DBA_OK);
	free(stream.data);
}

static void
test_failures(void **state)
{
	Stream		stream = backup(0, 2);
	dba_request id;

	(void) state;
	assert_int_equal(stream.out.code, DBA_CANCELLED);
	free(stream.data);
	stream = backup(0, 0);
	server_sql(server, "TRUNCATE item");
	stream.stop_at = 5;
	restore(&stream, NULL);
	assert_int_equal(stream.out.code, DBA_CANCELLED);
	stream.stop_at = 0;
	stream.size -= 100;			/* truncated: nothing is committed */
	restore(&stream, NULL);
	assert_string_equal(stream.out.sqlstate, "22P02");
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "0");
	stream.size += 100;
	restore(&stream, "{\"mod\": \"skip\"}");
	assert_int_equal(stream.out.failed, 1);
	restore(&stream, "[]");
	assert_int_equal(stream.out.code, DBA_INVALID);
	/* cancelled while it waits for its source */
	stream.at = 0;
	stream.calls = 0;
	stream.pause_at = 3;
	id = dba_restore(db, NULL, give_piece, NULL, take_end, &stream);
	wait_until_paused(id, &stream);
	dba_cancel(db, id);
	assert_true(dba_wait(db, id, 300000));
	assert_int_equal(stream.out.code, DBA_CANCELLED);
	stream.pause_at = 0;
	restore(&stream, "{\"mode\": \"skip\"}");
	assert_int_equal(stream.out.code, DBA_OK);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "5000");
	free(stream.data);
}

static void
test_connect_and_validate(void **state)
{
	char	   *dir = make_dir();
	char		path[256];
	FILE	   *file;
	dba_error  *err = NULL;
	dba_config *config;
	dba_client *client;
	Outcome		out = {0};
	char	   *name;
	char	   *home = getcwd(NULL, 0);

	(void) state;
	assert_int_equal(chdir(dir), 0);
	unsetenv("DB_PROFILE");
	file = fopen("db.toml", "w");
	fprintf(file, "[profiles.local]\nurl = \"%s\"\n[schema]\nfile = \"schema.sql\"\n",
			server_url(server));
	fclose(file);
	file = fopen("schema.sql", "w");
	fprintf(file, "CREATE TABLE item (id serial PRIMARY KEY, slug text UNIQUE, body text);\n");
	fclose(file);
	snprintf(path, sizeof(path), "%s/db.toml", dir);
	config = dba_config_load(path, NULL, &err);
	assert_non_null(config);
	client = dba_get(config, "local", &err);
	assert_non_null(client);
	assert_ptr_equal(client, dba_get(config, "local", &err));
	outcome_wait(client, dba_test_connection(client, outcome_take, &out), &out);
	assert_string_equal(out.text, "postgres");
	outcome_wait(client, dba_connect_and_validate(client, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "local");
	name = dba_lock_read(config, &err);
	assert_string_equal(name, "local");
	dba_free(name);
	assert_true(dba_lock_clear(config, &err));
	server_sql(server, "ALTER TABLE item DROP COLUMN body");
	outcome_wait(client, dba_connect_and_validate(client, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_OK);
	assert_null(dba_lock_read(config, &err));
	dba_config_free(config);

	/* what is no difference */
	file = fopen("db.toml", "a");
	fprintf(file, "exclude = [\"nix\"]\nignore = [\"owners\", \"column:item.bod?\"]\n");
	fclose(file);
	config = dba_config_load(path, NULL, &err);
	assert_non_null(config);
	client = dba_get(config, "local", &err);
	assert_non_null(client);
	outcome_wait(client, dba_connect_and_validate(client, outcome_take, &out), &out);
	assert_string_equal(out.text, "local");
	assert_true(dba_lock_clear(config, &err));
	dba_config_free(config);
	assert_int_equal(chdir(home), 0);
	free(home);
	remove_dir(dir);
	free(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backup_restore),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_connect_and_validate),
	};

	if (fixture_without_extension())
		return 0;
	server_sql(server, "CREATE EXTENSION db_adapter");
	return cmocka_run_group_tests(tests, setup, fixture_end);
}
