/*
 * fuzz_filters.c
 *		Filters and rows as JSON: every parameter has its $n, quotes close.
 */
#include "fuzz.h"
#include "sql/sql.h"

static void
check_statement(const SqlStatement *st)
{
	const char *text = buf_text(&st->text);
	bool		quoted = false;
	size_t		params = 0;
	Buf			buf = BUF_INIT;
	static const Oid types[] = {0, 3802, 3807, 1007, 603, 1020};

	for (; *text != '\0'; text++)
	{
		quoted ^= *text == '"';
		params += !quoted && *text == '$';
		CHECK(quoted || (*text != '\'' && *text != ';' && *text != '-' && *text != '\\'));
	}
	CHECK(!quoted && params == st->params.count);
	for (size_t i = 0; i < st->params.count; i++)
	{
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		{
			SqlParamType type = sql_param_type(NULL, types[t]);

			sql_param_write(&buf, st->params.items[i], &type);
		}
	}
	buf_free(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	dba_query  *query = dba_query_new("t");
	SqlStatement st = {0};
	JsonValue  *value;
	JsonValue  *columns;
	bool		even;

	dba_query_filters(query, text);
	dba_query_where(query, "a", "=", text);
	if (sql_select(&st, query, NULL))
		check_statement(&st);
	sql_free(&st);
	dba_query_free(query);

	query = dba_query_new("t");
	value = json_parse(&st.arena, text, strlen(text), "rows", NULL);
	if (value != NULL && sql_insert(&st, query, value, NULL))
		check_statement(&st);
	sql_free(&st);
	value = json_parse(&st.arena, text, strlen(text), "rows", NULL);
	columns = value != NULL ? sql_rows_columns(&st.arena, value, &even, NULL) : NULL;
	if (columns != NULL && sql_insert_values(&st, query, columns, value->first, value->count, NULL))
		check_statement(&st);
	sql_free(&st);
	dba_query_free(query);
	free(text);
	return 0;
}
