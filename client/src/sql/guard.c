/*
 * guard.c
 *		What a statement of ours asks of its table's columns before it touches a row.
 *
 * A prepared statement's parameters keep the types they had when it was prepared, also
 * after ALTER TABLE: a timestamp with its zone cut off is compared without an error.
 * So the statement itself says what its columns' types are to be.  pg_typeof of a column
 * of NULL::table reads no row and needs no privilege; of such conditions the planner
 * makes a one-time filter, so they cost nothing a row; and a plan that is out of date
 * is made anew before it runs, with the columns' types of then.
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
	guard->count++;
}

void
guard_free(SqlGuard *guard)
{
	buf_free(&guard->table);
	buf_free(&guard->columns);
	*guard = (SqlGuard){0};
}

/* System columns keep their types and are no fields of NULL::table: 0 stands for them. */
const char *
guard_query(void)
{
	return "SELECT pg_catalog.string_agg(COALESCE(a.atttypid, 0)::pg_catalog.text, ' ' ORDER BY "
		   "n.position)"
		   " FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY n (name, position)"
		   " LEFT JOIN pg_catalog.pg_attribute a"
		   " ON a.attrelid = pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid"
		   " AND a.attname = n.name::pg_catalog.name AND a.attnum > 0 AND NOT a.attisdropped"
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

bool
guard_read(const SqlGuard *guard, const char *answer, Oid *types)
{
	for (size_t i = 0; i < guard->count; i++)
	{
		char	   *end;

		types[i] = (Oid) strtoul(answer, &end, 10);
		if (end == answer)
			return false;
		answer = end;
	}
	return true;
}

static void
write_conditions(Buf *out, const SqlGuard *guard, const Oid *types)
{
	const char *name = buf_text(&guard->columns);
	const char *word = "";

	buf_puts(out, "CASE WHEN ");
	for (size_t i = 0; i < guard->count; i++, name += strlen(name) + 1)
	{
		if (types[i] == 0)
			continue;
		buf_printf(out, "%spg_catalog.pg_typeof((NULL::%s).", word, buf_text(&guard->table));
		quote_write_identifier(out, name);
		buf_printf(out, ")::pg_catalog.oid OPERATOR(pg_catalog.=) '%u'::pg_catalog.oid", types[i]);
		word = " AND ";
	}
	if (word[0] == '\0')
		buf_puts(out, "true");
	/* concat is stable, so that the planner does not make an error of it beforehand */
	buf_puts(out, " THEN true ELSE pg_catalog.concat('" REFUSAL "')::pg_catalog.bool END");
}

void
guard_write(Buf *out, const char *sql, const SqlGuard *guard, const Oid *types)
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

bool
guard_refused(const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	return message != NULL && strstr(message, REFUSAL) != NULL;
}
