/*
 * result.c
 *		A dba_result is a PGresult with the type table that explains it.
 *
 * The rows stay as libpq holds them, in text, and become JSON or numbers when asked:
 * most values are looked at once.  A result of a callback is on the stack and borrows
 * the PGresult; dba_result_keep takes it over, so keeping costs no copy, but for a
 * second one of the same rows.  Other providers make PGresults of what they got, and so
 * every accessor works with all of them.
 */
#include "sql/result.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"

void
result_init(dba_result *result, PGresult *pg, Types *types, int64_t count)
{
	*result = (dba_result){.pg = pg, .types = types, .count = count};
}

bool
result_kept(const dba_result *result)
{
	return result->kept != NULL;
}

int64_t
result_count(const PGresult *pg)
{
	const char *affected = PQcmdTuples((PGresult *) pg);

	return affected[0] != '\0' ? strtoll(affected, NULL, 10) : PQntuples(pg);
}

dba_result *
dba_result_keep(const dba_result *result)
{
	dba_result *source = (dba_result *) result;
	dba_result *kept = mem_zalloc(sizeof(dba_result));

	if (kept == NULL)
		return NULL;
	*kept = (dba_result){.pg = source->pg,
						 .types = types_ref(source->types),
						 .count = source->count,
						 .owned = true,
						 .raw_null = source->raw_null};
	/* The rows have an owner already: this one gets a copy. */
	if (source->pg != NULL && (source->owned || source->kept != NULL))
	{
		kept->pg = PQcopyResult(source->pg, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
		if (kept->pg == NULL)
		{
			dba_result_free(kept);
			return NULL;
		}
	}
	else if (!source->owned)
		source->kept = kept;
	return kept;
}

void
dba_result_free(dba_result *result)
{
	if (result == NULL || !result->owned)
		return;
	PQclear(result->pg);
	types_unref(result->types);
	mem_free(result);
}

/* libpq copies what it is given: names and values need not live on. */
PGresult *
result_make(int columns, const char *const *names, const Oid *types, int rows,
			const char *const *values)
{
	PGresult   *pg = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc *attributes = mem_zalloc(sizeof(PGresAttDesc) * (size_t) (columns + 1));
	bool		ok = pg != NULL && attributes != NULL;

	for (int i = 0; ok && i < columns; i++)
	{
		attributes[i].name = (char *) names[i];
		attributes[i].typid = types[i];
		attributes[i].typlen = -1;
		attributes[i].atttypmod = -1;
	}
	ok = ok && PQsetResultAttrs(pg, columns, attributes);
	for (int row = 0; ok && row < rows; row++)
		for (int i = 0; ok && i < columns; i++)
		{
			const char *value = values[row * columns + i];

			ok = PQsetvalue(pg, row, i, (char *) value, value != NULL ? (int) strlen(value) : -1);
		}
	mem_free(attributes);
	if (ok)
		return pg;
	PQclear(pg);
	return NULL;
}

/* --- shape */

size_t
dba_result_rows(const dba_result *result)
{
	return (size_t) PQntuples(result->pg);
}

size_t
dba_result_columns(const dba_result *result)
{
	return (size_t) PQnfields(result->pg);
}

const char *
dba_result_name(const dba_result *result, size_t column)
{
	return column < dba_result_columns(result) ? PQfname(result->pg, (int) column) : NULL;
}

/* Names compare as they are; PQfnumber would fold case and strip quotes. */
int
dba_result_column(const dba_result *result, const char *name)
{
	int			columns = PQnfields(result->pg);

	for (int i = 0; i < columns; i++)
		if (strcmp(PQfname(result->pg, i), name) == 0)
			return i;
	return -1;
}

int64_t
dba_result_count(const dba_result *result)
{
	return result->count;
}

/* --- values */

static bool
result_has(const dba_result *result, size_t row, size_t column)
{
	return row < dba_result_rows(result) && column < dba_result_columns(result);
}

bool
dba_result_is_null_at(const dba_result *result, size_t row, size_t column)
{
	return !result_has(result, row, column) || PQgetisnull(result->pg, (int) row, (int) column);
}

const char *
dba_result_text_at(const dba_result *result, size_t row, size_t column)
{
	return dba_result_is_null_at(result, row, column)
			   ? NULL
			   : PQgetvalue(result->pg, (int) row, (int) column);
}

size_t
dba_result_length_at(const dba_result *result, size_t row, size_t column)
{
	return result_has(result, row, column)
			   ? (size_t) PQgetlength(result->pg, (int) row, (int) column)
			   : 0;
}

cJSON *
dba_result_json_at(const dba_result *result, size_t row, size_t column)
{
	if (!result_has(result, row, column))
		return NULL;
	if (PQgetisnull(result->pg, (int) row, (int) column))
		return cJSON_CreateNull();
	return type_to_json(result->types, PQftype(result->pg, (int) column),
						PQgetvalue(result->pg, (int) row, (int) column),
						(size_t) PQgetlength(result->pg, (int) row, (int) column),
						result->raw_null);
}

/* (size_t) -1, beyond every column, when there is none of that name */
static size_t
result_column(const dba_result *result, const char *column)
{
	return (size_t) dba_result_column(result, column);
}

bool
dba_result_is_null(const dba_result *result, size_t row, const char *column)
{
	return dba_result_is_null_at(result, row, result_column(result, column));
}

const char *
dba_result_text(const dba_result *result, size_t row, const char *column)
{
	return dba_result_text_at(result, row, result_column(result, column));
}

#define DIGITS "0123456789"

/* strtoll and strtod take more than the server writes: blanks, a plus, hex. */
static bool
result_is_integer(const char *text)
{
	text += *text == '-';
	return *text != '\0' && text[strspn(text, DIGITS)] == '\0';
}

static bool
result_is_float(const char *text)
{
	const char *number = text + (*text == '-');
	size_t		digits = strspn(number, DIGITS);

	if (digits == 0)
		return strcmp(number, "Infinity") == 0 || strcmp(text, "NaN") == 0;
	number += digits;
	if (*number == '.')
	{
		digits = strspn(++number, DIGITS);
		number += digits;
	}
	if (digits > 0 && (*number == 'e' || *number == 'E'))
	{
		number += number[1] == '+' || number[1] == '-' ? 2 : 1;
		digits = strspn(number, DIGITS);
		number += digits;
	}
	return digits > 0 && *number == '\0';
}

bool
dba_result_int64(const dba_result *result, size_t row, const char *column, int64_t *value)
{
	const char *text = dba_result_text(result, row, column);
	long long	number;

	if (text == NULL || !result_is_integer(text))
		return false;
	errno = 0;
	number = strtoll(text, NULL, 10);
	if (errno != 0)
		return false;
	*value = number;
	return true;
}

bool
dba_result_double(const dba_result *result, size_t row, const char *column, double *value)
{
	const char *text = dba_result_text(result, row, column);
	double		number;
	locale_t	c;

	if (text == NULL || !result_is_float(text))
		return false;
	/* the point is a point whatever the program's locale */
	c = newlocale(LC_NUMERIC_MASK, "C", (locale_t) 0);
	if (c == (locale_t) 0)
		return false;
	errno = 0;
	number = strtod_l(text, NULL, c);
	freelocale(c);
	if (errno == ERANGE && fabs(number) == HUGE_VAL)
		return false;
	*value = number;
	return true;
}

bool
dba_result_bool(const dba_result *result, size_t row, const char *column, bool *value)
{
	const char *text = dba_result_text(result, row, column);

	/* the server's text, or JSON's */
	if (text == NULL)
		return false;
	*value = strcmp(text, "t") == 0 || strcmp(text, "true") == 0;
	return *value || strcmp(text, "f") == 0 || strcmp(text, "false") == 0;
}

cJSON *
dba_result_json(const dba_result *result, size_t row, const char *column)
{
	return dba_result_json_at(result, row, result_column(result, column));
}

cJSON *
dba_result_row(const dba_result *result, size_t row)
{
	cJSON	   *object = row < dba_result_rows(result) ? cJSON_CreateObject() : NULL;

	for (size_t i = 0; object != NULL && i < dba_result_columns(result); i++)
	{
		cJSON	   *item = dba_result_json_at(result, row, i);

		if (item == NULL || !cJSON_AddItemToObject(object, dba_result_name(result, i), item))
		{
			cJSON_Delete(item);
			cJSON_Delete(object);
			object = NULL;
		}
	}
	return object;
}

cJSON *
dba_result_rows_json(const dba_result *result)
{
	cJSON	   *rows = cJSON_CreateArray();

	for (size_t i = 0; rows != NULL && i < dba_result_rows(result); i++)
	{
		cJSON	   *row = dba_result_row(result, i);

		if (row == NULL || !cJSON_AddItemToArray(rows, row))
		{
			cJSON_Delete(row);
			cJSON_Delete(rows);
			rows = NULL;
		}
	}
	return rows;
}
