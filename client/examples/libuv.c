/*
 * libuv.c
 *		Three selects at once on a libuv loop.
 *
 *	cc libuv.c $(pkg-config --cflags --libs db_adapter) -luv
 */
#include <stdio.h>

#include <uv.h>
#include <db_adapter/libuv.h>

typedef struct App
{
	uv_loop_t  *loop;
	int			left;			/* requests not called back */
	int			failures;
} App;

static void
on_answer(dba_client *db, const dba_result *res, const dba_error *err, void *arg)
{
	App		   *app = arg;

	if (err != NULL)
	{
		fprintf(stderr, "%s\n", dba_error_message(err));
		app->failures++;
	}
	else
		printf("%s\n", dba_result_rows(res) > 0 ? dba_result_text(res, 0, "name") : "nobody");
	if (--app->left == 0)
		dba_close(db);			/* takes effect after this callback; the loop then ends by itself */
}

int
main(void)
{
	App			app = {uv_default_loop(), 0, 0};
	dba_error  *err = NULL;
	dba_client *db = dba_open(NULL, &err);

	if (db == NULL)
	{
		fprintf(stderr, "%s\n", dba_error_message(err));
		dba_error_free(err);
		return 1;
	}
	dba_attach_libuv(db, app.loop);
	for (int i = 1; i <= 3; i++)
	{
		char		filters[32];

		snprintf(filters, sizeof(filters), "{\"id\": %d}", i);
		app.left += dba_select(db, "users", "name", filters, NULL, on_answer, &app) != 0;
	}
	uv_run(app.loop, UV_RUN_DEFAULT);
	uv_loop_close(app.loop);
	return app.failures ? 1 : 0;
}
