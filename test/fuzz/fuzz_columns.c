/*
 * fuzz_columns.c
 *		Lists of columns: what is accepted gives a statement whose quotes close.
 */
#include "fuzz.h"
#include "sql/sql.h"

/* Outside double quotes a statement holds only what the grammar writes. */
static void
check_statement(const char *text)
{
	bool		quoted = false;

	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			quoted = !quoted;
		else if (!quoted)
			CHECK((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
				  (*text >= '0' && *text <= '9') || strchr(" ,.()*_", *text) != NULL);
	}
	CHECK(!quoted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	dba_query  *query = dba_query_new("t");
	SqlStatement st = {0};

	dba_query_columns(query, text);
	if (sql_select(&st, query, NULL))
		check_statement(buf_text(&st.text));
	sql_free(&st);
	dba_query_free(query);

	/* the same text as a table's name and as columns of conflict */
	query = dba_query_new(text);
	dba_query_conflict(query, text);
	if (sql_select(&st, query, NULL))
		check_statement(buf_text(&st.text));
	sql_free(&st);
	dba_query_free(query);
	free(text);
	return 0;
}
