/*
 * glib.c
 *		Three selects at once on a GLib loop.
 *
 *	cc glib.c $(pkg-config --cflags --libs db_adapter) \
 *		$(pkg-config --cflags --libs glib-2.0)
 */
#include <stdio.h>

#include <glib.h>
#include <db_adapter/glib.h>

typedef struct App
{
	GMainContext *context;
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
		dba_close(db);			/* takes effect after this callback; main then returns */
}

int
main(void)
{
	App			app = {g_main_context_new(), 0, 0};
	dba_error  *err = NULL;
	dba_client *db = dba_open(NULL, &err);

	if (db == NULL)
	{
		fprintf(stderr, "%s\n", dba_error_message(err));
		dba_error_free(err);
		return 1;
	}
	dba_attach_glib(db, app.context);
	for (int i = 1; i <= 3; i++)
	{
		char		filters[32];

		snprintf(filters, sizeof(filters), "{\"id\": %d}", i);
		app.left += dba_select(db, "users", "name", filters, NULL, on_answer, &app) != 0;
	}
	while (app.left > 0)
		g_main_context_iteration(app.context, TRUE);
	g_main_context_unref(app.context);
	return app.failures ? 1 : 0;
}
