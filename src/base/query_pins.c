/*
 * query_pins.c
 *	  Settings under which our own statements run, whatever the caller's are.
 *
 * They are set for a GUC nest level, so that an error undoes them with its
 * (sub)transaction.
 */
#include "postgres.h"

#include "base/query.h"
#include "utils/guc.h"

static const struct
{
	const char *name;
	const char *value;
} pinned_settings[] = {
	/*
	 * pg_temp is named so that it comes last: unnamed it would be searched first, and a
	 * temporary table could stand in a catalog's place.
	 */
	{"search_path", "pg_catalog, pg_temp"}, /* first: the only one of PIN_PATH */
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"bytea_output", "hex"},
	/* Shortest text that reads back as the same number. */
	{"extra_float_digits", "1"},
	{"TimeZone", "UTC"},
	/* money is printed and read by it. */
	{"lc_monetary", "C"},
	{"xmloption", "content"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
	{"array_nulls", "on"},
};

/* GUC_ACTION_SAVE: it ends with the nest level that the caller has opened, and on error. */
void
query_set(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}

/*
 * Opens a nest level that query_unpin() closes; on error the server does it.  The pins say
 * for what: a look at catalogs, values to and from text, a plan.
 */
int
query_pin(QueryPins pins)
{
	int			nestlevel = NewGUCNestLevel();

	switch (pins)
	{
		case PIN_PATH:
			query_set(pinned_settings[0].name, pinned_settings[0].value);
			break;
		case PIN_VALUES:
			for (int i = 0; i < lengthof(pinned_settings); i++)
				query_set(pinned_settings[i].name, pinned_settings[i].value);
			break;
		case PIN_PLAN_ALL_ROWS:
			/*
			 * Not that policies are passed over: a statement that would meet one fails,
			 * where it would otherwise give fewer rows without a word.
			 */
			query_set("row_security", "off");
			/* FALLTHROUGH */
		case PIN_PLAN:
			/* Compiling costs more than a plain scan with few expressions can gain. */
			query_set("jit", "off");
			break;
		case PIN_PLAN_LISTED:
			/* Never each row with each: the planner knows too little of what is ours. */
			query_set("enable_nestloop", "off");
			break;
		case PIN_TEXTS:
			/* Triggers run under them too, so there are no more than must be. */
			query_set("array_nulls", "on");
			query_set("lc_monetary", "C");
			query_set("xmloption", "content");
			break;
		case PIN_COUNTED:
			/* A superuser's to turn off: what would be lost unseen is no matter of speed. */
			(void) set_config_option("track_counts", "on", PGC_SUSET, PGC_S_SESSION,
									 GUC_ACTION_SAVE, true, 0, false);
			break;
		case PIN_SCAN:
			/*
			 * A scan that begins in the middle, where another one is, would give the same
			 * rows in another order.
			 */
			query_set("synchronize_seqscans", "off");
			break;
	}
	return nestlevel;
}

/* false: what was set in the level is rolled back. */
void
query_unpin(int nestlevel)
{
	AtEOXact_GUC(false, nestlevel);
}
