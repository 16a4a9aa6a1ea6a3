/*
 * settings.c
 *	  The settings of a session, taken along by the jobs it submits.
 *
 * A job begins like a new session of its role: with the server's settings, and
 * those of the database and the role.  Names must mean what they meant to whoever
 * submitted it, so what the session has set itself comes along, as far as any user
 * may set it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "jobs/settings.h"
#include "utils/builtins.h"
#include "utils/guc.h"

typedef struct Capture
{
	MemoryContext cxt;
	List	   *names;
	List	   *values;
} Capture;

/*
 * In the caller's context: names and values are needed when the document is made, after
 * the query.
 */
static bool
take_setting(TupleTableSlot *slot, void *arg)
{
	Capture	   *capture = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(capture->cxt);

	slot_getallattrs(slot);
	capture->names = lappend(capture->names, TextDatumGetCString(slot->tts_values[0]));
	capture->values = lappend(capture->values, TextDatumGetCString(slot->tts_values[1]));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/*
 * Not pinned: a pin would be among what the session has set.  What transactions set for
 * themselves (transaction_isolation and its kind) is meant for this one alone, and the
 * encoding of a client no job has.  A setting that only superusers may set stays out,
 * whoever submits: settings_apply() sets with any user's rights.
 */
static void
read_settings(Capture *capture)
{
	query_run("SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings"
			  " WHERE source OPERATOR(pg_catalog.=) 'session'"
			  "   AND context OPERATOR(pg_catalog.=) 'user'"
			  "   AND name OPERATOR(pg_catalog.!~) '^(transaction_|client_encoding$)'",
			  0, NULL, NULL, NULL, true, take_setting, capture);
}

Jsonb *
settings_capture(void)
{
	Capture		capture = {CurrentMemoryContext};
	JsonWriter	w;

	read_settings(&capture);
	json_init(&w);
	json_begin_object(&w);
	for (int i = 0; i < list_length(capture.names); i++)
		json_put_string(&w, list_nth(capture.names, i), list_nth(capture.values, i));
	json_end_object(&w);
	return json_finish(&w);
}

/* What cannot be set any more is worth a warning, not the job. */
static bool
apply_setting(const char *key, JsonbValue *value, void *arg)
{
	(void) set_config_option(key, json_value_string(value), PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, WARNING, false);
	return true;
}

/*
 * As the job's role with the rights of any user: a document that had something else in it
 * would only bring warnings.  Without a nest level, since the process ends with its job.
 */
void
settings_apply(Jsonb *settings)
{
	json_visit(&settings->root, apply_setting, NULL);
}
