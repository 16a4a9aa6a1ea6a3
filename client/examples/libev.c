/*
 * libev.c
 *		Three selects at once on a libev loop.
 *
 *	cc libev.c $(pkg-config --cflags --libs db_adapter) -lev
 */
#include <stdio.h>

#include <ev.h>
#include <db_adapter/libev.h>

typedef struct App
{
	struct ev_loop *loop;
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
	App			app = {EV_DEFAULT, 0, 0};
	dba_error  *err = NULL;
	dba_client *db = dba_open(NULL, &err);

	if (db == NULL)
	{
		fprintf(stderr, "%s\n", dba_error_message(err));
		dba_error_free(err);
		return 1;
	}
	dba_attach_libev(db, app.loop);
	for (int i = 1; i <= 3; i++)
	{
		char		filters[32];

		snprintf(filters, sizeof(filters), "{\"id\": %d}", i);
		app.left += dba_select(db, "users", "name", filters, NULL, on_answer, &app) != 0;
	}
	ev_run(app.loop, 0);
	ev_loop_destroy(app.loop);
	return app.failures ? 1 : 0;
}
