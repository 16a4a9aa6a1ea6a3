/*
 * fuzz_order.c
 *		Orders: what is accepted reads the same when written again.
 */
#include "fuzz.h"
#include "sql/sql.h"

static char *
order_of(const char *text)
{
	dba_query  *query = dba_query_new("t");
	SqlStatement st = {0};
	char	   *order = NULL;

	dba_query_order(query, text);
	if (sql_select(&st, query, NULL))
		order = strdup(buf_text(&st.text) + strlen("SELECT * FROM \"t\" ORDER BY "));
	sql_free(&st);
	dba_query_free(query);
	return order;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	char	   *once = order_of(text);

	/* pg_catalog.function( is ours: the grammar takes no schema there */
	if (once != NULL && strstr(once, "pg_catalog.") == NULL)
	{
		char	   *twice = order_of(once);

		CHECK(twice != NULL && strcmp(once, twice) == 0);
		free(twice);
	}
	free(once);
	free(text);
	return 0;
}
