/*
 * users.c
 *		Reads rows and prints them: the smallest whole program.
 *
 *	cc users.c $(pkg-config --cflags --libs db_adapter) && DATABASE_URL=postgres:///mydb ./a.out
 */
#include <stdio.h>

#include <db_adapter.h>

static void
on_users(dba_client *db, const dba_result *res, const dba_error *err, void *arg)
{
	int		   *failures = arg;

	(void) db;
	if (err != NULL)
	{
		fprintf(stderr, "users: %s (%s)\n", dba_error_message(err), dba_error_sqlstate(err));
		(*failures)++;
		return;					/* res and err belong to the library */
	}
	for (size_t i = 0; i < dba_result_rows(res); i++)
		printf("%s <%s>\n", dba_result_text(res, i, "name"), dba_result_text(res, i, "email"));
}

int
main(void)
{
	int			failures = 0;
	dba_error  *err = NULL;
	dba_client *db = dba_open(
		NULL,
		&err); /* db.toml, environment, lock file, DATABASE_URL; or a profile name, or a URL */

	if (db == NULL)
	{
		fprintf(stderr, "%s\n", dba_error_message(err));
		dba_error_free(err);
		return 1;
	}
	dba_select(db, "users", "id, name, email", "{\"active\": true}", "name", on_users, &failures);
	dba_run(db);				/* until every request has called back */
	dba_close(db);
	return failures ? 1 : 0;
}
