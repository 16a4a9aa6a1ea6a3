/*
 * guard.c
 *		What a statement of ours asks of its table's columns before it touches a row.
 *
 * A prepared statement's parameters keep the types they had when it was prepared, also
 * after ALTER TABLE: a timestamp with its zone cut off is compared without an error.
 * So the statement itself says what its columns' types are to be.  A column of NULL::table
 * reads no row and needs no privilege, and a plan that is out of date is made anew before
 * it runs, with the columns' types of then.
 *
 * For types of the server's own, which are the most, the planner itself compares two rows of
 * NULLs (record_image_eq, immutable): while the types are the same nothing of that is left
 * in the plan, so an execution costs no more than without a guard; where one differs,
 * planning fails.  Such types cannot be renamed, dropped or hidden.  Types that people have
 * made can, and their checks, if they are domains, are not to be run: of these the number
 * is compared when the statement is executed, by a one-time filter.
 *
 * A type's name may hide a table's (a table "date" beside pg_catalog.date): then NULL::table
 * is not the table's row, the query below says so, and there is no guard.
 */
#include "sql/guard.h"

#include <stdlib.h>
#include <string.h>

#include "sql/quote.h"

#define REFUSAL "db_adapter: the type of a column has changed"
#define FEW 8

void
guard_add(SqlGuard *guard, const char *column)
{
	const char *name = buf_text(&guard->columns);

	/* Twice does no harm, looking through all of a wide row would. */
	for (size_t i = 0; i < guard->count && i < FEW; i++, name += strlen(name) + 1)
		if (strcmp(name, column) == 0)
			return;
	buf_append(&guard->columns, column, strlen(column) + 1);
	/* As many names as are there, or they are looked for behind its end. */
	if (buf_ok(&guard->columns))
		guard->count++;
}

void
guard_free(SqlGuard *guard)
{
	buf_free(&guard->table);
	buf_free(&guard->columns);
	*guard = (SqlGuard){0};
}

/*
 * A name is of a type in pg_catalog that initdb made, a number any other's.  System columns
 * keep their types and are no fields of NULL::table: 0 stands for them.
 */
const char *
guard_query(void)
{
	return "SELECT pg_catalog.string_agg(COALESCE(t.typname::pg_catalog.text,"
		   " a.atttypid::pg_catalog.text, '0'::pg_catalog.text), ' ' ORDER BY n.position)"
		   " FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY n (name, position)"
		   " LEFT JOIN pg_catalog.pg_attribute a"
		   " ON a.attrelid = pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid"
		   " AND a.attname = n.name::pg_catalog.name AND a.attnum > 0 AND NOT a.attisdropped"
		   " LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
		   " AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid"
		   " AND t.oid < '16384'::pg_catalog.oid AND t.typtype <> 'p'::pg_catalog.\"char\""
		   " WHERE pg_catalog.to_regtype($1::pg_catalog.text)::pg_catalog.oid = (SELECT c.reltype "
		   "FROM "
		   "pg_catalog.pg_class c"
		   " WHERE c.oid = pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid)";
}

bool
guard_params(const SqlGuard *guard, const char *values[2], Buf *columns)
{
	const char *name = buf_text(&guard->columns);

	for (size_t i = 0; i < guard->count; i++, name += strlen(name) + 1)
	{
		buf_putc(columns, i == 0 ? '{' : ',');
		quote_write_element(columns, name, strlen(name));
	}
	buf_putc(columns, '}');
	values[0] = buf_text(&guard->table);
	values[1] = buf_text(columns);
	return buf_ok(columns);
}

/* The next type of an answer: its length, at its beginning; 0 at the end. */
static size_t
next_type(const char **answer)
{
	*answer += strspn(*answer, " ");
	return strcspn(*answer, " ");
}

static bool
is_number(const char *type)
{
	return *type >= '0' && *type <= '9';
}

bool
guard_fits(const SqlGuard *guard, const char *answer)
{
	size_t		count = 0;
	size_t		len;

	for (; (len = next_type(&answer)) > 0; answer += len)
		count++;
	return count == guard->count;
}

/* "(NULL::table).column" */
static void
write_column(Buf *out, const SqlGuard *guard, const char *name)
{
	buf_printf(out, "(NULL::%s).", buf_text(&guard->table));
	quote_write_identifier(out, name);
}

/* What the planner compares: rows of NULLs, for the columns whose types have names. */
static bool
write_planned(Buf *out, const SqlGuard *guard, const char *types)
{
	const char *name = buf_text(&guard->columns);
	Buf			expected = BUF_INIT;
	size_t		len;

	for (; (len = next_type(&types)) > 0; types += len, name += strlen(name) + 1)
	{
		if (is_number(types))
			continue;
		buf_puts(out, expected.len == 0 ? "pg_catalog.record_image_eq(ROW(" : ", ");
		write_column(out, guard, name);
		buf_puts(&expected, expected.len == 0 ? "" : ", ");
		buf_puts(&expected, "NULL::pg_catalog.");
		quote_write_element(&expected, types, len);
	}
	if (expected.len > 0)
		buf_printf(out, "), ROW(%s))", buf_text(&expected));
	if (!buf_ok(&expected))
		out->failed = true;
	len = expected.len;
	buf_free(&expected);
	return len > 0;
}

/* What the executor compares: the numbers of types that people have made. */
static bool
write_executed(Buf *out, const SqlGuard *guard, const char *types, const char *word)
{
	const char *name = buf_text(&guard->columns);
	bool		any = false;
	size_t		len;

	for (; (len = next_type(&types)) > 0; types += len, name += strlen(name) + 1)
	{
		if (!is_number(types) || *types == '0')
			continue;
		buf_printf(out, "%spg_catalog.pg_typeof(", any ? " AND " : word);
		write_column(out, guard, name);
		buf_printf(out, ")::pg_catalog.oid OPERATOR(pg_catalog.=) '%.*s'::pg_catalog.oid",
				   (int) len, types);
		any = true;
	}
	/* concat is stable, so that the planner does not make an error of it beforehand */
	if (any)
		buf_puts(out, " THEN true ELSE pg_catalog.concat('" REFUSAL "')::pg_catalog.bool END");
	return any;
}

static void
write_conditions(Buf *out, const SqlGuard *guard, const char *types)
{
	bool		planned = write_planned(out, guard, types);
	bool executed = write_executed(out, guard, types, planned ? " AND CASE WHEN " : "CASE WHEN ");

	if (!planned && !executed)
		buf_puts(out, "true");
}

void
guard_write(Buf *out, const char *sql, const SqlGuard *guard, const char *types)
{
	buf_append(out, sql, guard->from);
	buf_puts(out, guard->word != NULL ? guard->word : "CASE WHEN ");
	write_conditions(out, guard, types);
	if (guard->word == NULL)
	{
		buf_puts(out, " THEN ");
		buf_append(out, sql + guard->from, guard->to - guard->from);
		buf_puts(out, " END");
	}
	buf_puts(out, sql + guard->to);
}

/* The planner's refusal is told by the function that speaks: its words are translated. */
bool
guard_refused(const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	if (message != NULL && strstr(message, REFUSAL) != NULL)
		return true;
	return state != NULL && strcmp(state, "42804") == 0 && function != NULL &&
		   strcmp(function, "record_image_eq") == 0;
}
