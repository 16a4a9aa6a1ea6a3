/*
 * tasks.c
 *		Writes, reads and removes rows, with either provider: nothing here knows
 *		which one it is.
 *
 *	cc tasks.c $(pkg-config --cflags --libs db_adapter)
 *	./a.out postgresql:///mydb
 *	SUPABASE_KEY=… ./a.out https://xyz.supabase.co
 *
 * It needs CREATE TABLE task (id bigint PRIMARY KEY, title text, done boolean).
 */
#include <inttypes.h>
#include <stdio.h>

#include <db_adapter.h>

static void
report(const char *what, const dba_error *err, int *failures)
{
	if (err == NULL)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, dba_error_message(err), dba_error_sqlstate(err));
	(*failures)++;
}

static void
on_written(dba_client *db, const dba_result *res, const dba_error *err, void *arg)
{
	(void) db;
	report("write", err, arg);
	if (err == NULL)
		printf("%" PRId64 " rows written\n", dba_result_count(res));
}

static void
on_tasks(dba_client *db, const dba_result *res, const dba_error *err, void *arg)
{
	(void) db;
	report("read", err, arg);
	for (size_t i = 0; err == NULL && i < dba_result_rows(res); i++)
	{
		int64_t		id = 0;
		bool		done = false;

		dba_result_int64(res, i, "id", &id);
		dba_result_bool(res, i, "done", &done);
		printf("%" PRId64 " [%s] %s\n", id, done ? "x" : " ", dba_result_text(res, i, "title"));
	}
}

int
main(int argc, char **argv)
{
	int			failures = 0;
	dba_error  *err = NULL;
	dba_client *db = dba_open(argc > 1 ? argv[1] : NULL, &err);

	if (db == NULL)
	{
		fprintf(stderr, "%s\n", dba_error_message(err));
		dba_error_free(err);
		return 1;
	}
	dba_insert_many(
		db, "task",
		"[{\"id\": 1, \"title\": \"read, write\", \"done\": false},"
		" {\"id\": 9007199254740993, \"title\": \"count \\\"far\\\"\", \"done\": true}]",
		on_written, &failures);
	dba_run(db);
	dba_upsert(db, "task", "{\"id\": 1, \"title\": \"read, write\", \"done\": true}", "id",
			   on_written, &failures);
	dba_run(db);
	dba_select(db, "task", NULL, "{\"title\": {\"in\": [\"read, write\", \"count \\\"far\\\"\"]}}",
			   "title", on_tasks, &failures);
	dba_run(db);
	dba_delete(db, "task", "{\"done\": true}", on_written, &failures);
	dba_run(db);
	dba_close(db);
	return failures ? 1 : 0;
}
