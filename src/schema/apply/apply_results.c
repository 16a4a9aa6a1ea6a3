/*
 * apply_results.c
 *	  What came of each step of a plan.
 *
 * A dry run goes on after a step that fails, and is to name all that fail.  A step that
 * fails only because an earlier one has not done its work is no news: it is skipped.  It is
 * run all the same, since nobody can tell before whether it needs that work; what it raises
 * is an error of structure then (something is not there, or there already, or of another
 * type), and never one of rows.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/apply/apply_results.h"
#include "utils/builtins.h"

/* Errors that a step raises for want of what another was to do. */
static bool
is_structural(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TO_CATEGORY(ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION):
		case ERRCODE_TO_CATEGORY(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST):
		case ERRCODE_TO_CATEGORY(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE):
		case ERRCODE_TO_CATEGORY(ERRCODE_FEATURE_NOT_SUPPORTED):
		case ERRCODE_TO_CATEGORY(ERRCODE_INVALID_SCHEMA_NAME):
			return error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE;
		default:
			return false;
	}
}

static bool
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

static bool
mentions(const char *sql, const char *name)
{
	size_t		length = strlen(name);

	for (const char *found = strstr(sql, name); found != NULL; found = strstr(found + 1, name))
		if ((found == sql || !is_word(found[-1])) && !is_word(found[length]))
			return true;
	return false;
}

/* The last of "schema.table.column", as quoted as it is in commands. */
static const char *
own_name(const char *object)
{
	const char *name = object;
	bool		quoted = false;

	for (const char *c = object; *c != '\0'; c++)
		if (*c == '"')
			quoted = !quoted;
		else if (*c == '.' && !quoted)
			name = c + 1;
	return name;
}

static bool
concerns(const PlannedStep *later, const PlannedStep *failed)
{
	const char *name = own_name(failed->object);

	return (later->table != NULL && failed->table != NULL &&
			strcmp(later->table, failed->table) == 0) ||
		   (*name != '\0' && mentions(later->sql, name));
}

/* The first that failed by itself and is about the same. */
static int
find_cause(List *results, const PlannedStep *step, const ErrorData *error)
{
	ListCell   *lc;

	if (!is_structural(error))
		return 0;
	foreach(lc, results)
	{
		const StepResult *result = lfirst(lc);

		if (result->error != NULL && concerns(step, result->step))
			return result->cause != 0 ? result->cause : result->step->number;
	}
	return 0;
}

List *
results_add_error(List *results, const PlannedStep *step, ErrorData *error)
{
	StepResult *result = palloc0(sizeof(StepResult));

	result->step = step;
	result->error = error;
	result->cause = find_cause(results, step, error);
	return lappend(results, result);
}

bool
results_have_error(List *results)
{
	ListCell   *lc;

	foreach(lc, results)
		if (((StepResult *) lfirst(lc))->error != NULL)
			return true;
	return false;
}

/* ---- as JSON ---- */

static void
write_error(JsonWriter *w, const ErrorData *error)
{
	json_key(w, "error");
	json_begin_object(w);
	json_put_string(w, "sqlstate", pstrdup(unpack_sql_state(error->sqlerrcode)));
	json_put_string(w, "message", error->message);
	if (error->detail != NULL)
		json_put_string(w, "detail", error->detail);
	if (error->hint != NULL)
		json_put_string(w, "hint", error->hint);
	json_end_object(w);
}

static void
write_done(JsonWriter *w, const StepResult *result)
{
	json_put_string(w, "status", "done");
	json_key(w, "ms");
	json_double(w, result->ms, 3);
	json_put_int(w, "wal_bytes", result->wal_bytes);
}

void
results_write(JsonWriter *w, List *results)
{
	ListCell   *lc;

	json_begin_array(w);
	foreach(lc, results)
	{
		const StepResult *result = lfirst(lc);

		json_begin_object(w);
		json_put_int(w, "step", result->step->number);
		if (result->error == NULL)
			write_done(w, result);
		else if (result->cause != 0)
			json_put_string(w, "status", psprintf("skipped (step %d)", result->cause));
		else
		{
			json_put_string(w, "status", "failed");
			write_error(w, result->error);
		}
		json_end_object(w);
	}
	json_end_array(w);
}

void
results_write_failed(JsonWriter *w, List *results)
{
	ListCell   *lc;

	json_begin_array(w);
	foreach(lc, results)
	{
		const StepResult *result = lfirst(lc);

		if (result->error != NULL && result->cause == 0)
			json_int(w, result->step->number);
	}
	json_end_array(w);
}
