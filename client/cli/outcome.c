/*
 * outcome.c
 *		What became of the rows: counts a table, and why rows failed.
 *
 * A restore that counts its failures and goes on has to show some of them: a number alone
 * sends people to the JSON, or nowhere.  Ten a table are enough to see what is wrong.
 */
#include <stdlib.h>

#include "print.h"
#include "command.h"

#define SHOWN_FAILURES 10

/* A row of the file by its key there, one here by its match key. */
static void
print_failure(const char *table, const cJSON *detail)
{
	const cJSON *key = cJSON_GetObjectItemCaseSensitive(detail, "old_pk");
	char	   *text = cJSON_PrintUnformatted(
			  key != NULL ? key : cJSON_GetObjectItemCaseSensitive(detail, "match_key"));

	fprintf(stderr, "%s, row %s: %s (%s)\n", table, text != NULL ? text : "?",
			document_text(detail, "error"), document_text(detail, "sqlstate"));
	cJSON_free(text);
}

/* Some of each table: the document has all that the server has sent. */
void
outcome_print_failures(const dba_result *result)
{
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		cJSON	   *details = dba_result_json(result, i, "failure_details");
		const cJSON *detail;
		char		hint[256] = "";
		int			shown = 0;

		cJSON_ArrayForEach(detail, details)
		{
			if (shown++ < SHOWN_FAILURES)
				print_failure(dba_result_text(result, i, "table"), detail);
			if (*document_text(detail, "hint") != '\0')
				snprintf(hint, sizeof(hint), "%s", document_text(detail, "hint"));
		}
		if (*hint != '\0')
			fprintf(stderr, "HINT: %s\n", hint);
		cJSON_Delete(details);
	}
}

/* What the notes of a table count, and what is to be said of it. */
static const struct
{
	const char *note;
	const char *text;
	bool		told;			/* and no more: the rows are as they should be */
} left_alone[] = {
	{"parent_missing", "were skipped: the row they refer to is missing", false},
	{"lookup_missing", "were skipped: a row they refer to, which is looked up, is missing", false},
	{"not_found", "were looked up and not found", false},
	{"suppressed_by_trigger", "were left out by a trigger or a policy", false},
	{"not_deleted", "were not deleted: rows that stay refer to them", false},
	{"not_updated", "were not updated: a trigger or a policy was in the way", false},
	{"alike", "hold the same as others here: what refers to one of them may lead to another", true},
};

static const struct
{
	const char *note;
	const char *text;
} other_columns[] = {
	{"dropped_columns", "is not here; its values were left out"},
	{"defaulted_columns", "is only here; new rows have its default"},
	{"copied_references",
	 "refers to a table outside of the backup; its values were copied as they stood there"},
};

/* One line each: a reader looks for his column. */
static void
print_columns(const char *table, const cJSON *names, const char *text)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, names)
	{
		if (cJSON_IsString(name))
			message_warn("column %s of table %s %s", name->valuestring, table, text);
	}
}

/* What else wrote when rows were brought. */
static void
print_writers(const char *table, const char *kind, const cJSON *names)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, names)
	{
		if (cJSON_IsString(name))
			message_warn("%s %s of table %s fired; it may have changed what was brought", kind,
						 name->valuestring, table);
	}
}

/* A line each; how many values they are. */
static int64_t
print_narrowed(const char *table, const cJSON *columns)
{
	int64_t		total = 0;
	const cJSON *count;

	cJSON_ArrayForEach(count, columns)
	{
		if (!cJSON_IsNumber(count) || count->valuedouble < 1)
			continue;
		total += (int64_t) count->valuedouble;
		message_warn("column %s of table %s: %s values were rounded or cut to fit its type",
					 count->string, table, text_thousands((int64_t) count->valuedouble));
	}
	return total;
}

/* Returns how many rows or values were not brought as they were, which decides the exit code. */
int64_t
outcome_print_notes(const dba_result *result)
{
	int64_t		total = 0;

	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		cJSON	   *notes = dba_result_json(result, i, "notes");
		const char *table = dba_result_text(result, i, "table");

		for (size_t n = 0; n < sizeof(left_alone) / sizeof(left_alone[0]); n++)
		{
			const cJSON *count = cJSON_GetObjectItemCaseSensitive(notes, left_alone[n].note);

			if (!cJSON_IsNumber(count) || count->valuedouble < 1)
				continue;
			total += left_alone[n].told ? 0 : (int64_t) count->valuedouble;
			message_warn("%s rows of table %s %s", text_thousands((int64_t) count->valuedouble),
						 table, left_alone[n].text);
		}
		for (size_t n = 0; n < sizeof(other_columns) / sizeof(other_columns[0]); n++)
			print_columns(table, cJSON_GetObjectItemCaseSensitive(notes, other_columns[n].note),
						  other_columns[n].text);
		total += print_narrowed(table, cJSON_GetObjectItemCaseSensitive(notes, "narrowed_values"));
		print_writers(table, "trigger", cJSON_GetObjectItemCaseSensitive(notes, "triggers"));
		print_writers(table, "rule", cJSON_GetObjectItemCaseSensitive(notes, "rules"));
		cJSON_Delete(notes);
	}
	return total;
}
