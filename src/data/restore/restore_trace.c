/*
 * restore_trace.c
 *	  What became of each row of a restore, for those who ask to see it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/restore/restore_private.h"

static const char *
fate_of(const RestoreRow *row)
{
	switch (row->state)
	{
		case ROW_INSERTED:
			return "is new";
		case ROW_UPDATED:
			return row->match.made ? "takes the place of one that a trigger made" : "is updated";
		case ROW_WAITING:
			return "waits for rows that have not come yet";
		case ROW_MOVING:
		case ROW_NEW_MOVING:
			return "waits for a unique value that another row has";
		case ROW_ORPHANED:
			return "is left out: a row it belongs to is not here";
		case ROW_FAILED:
			return "has failed";
		default:
			break;
	}
	if (row->referenced)
		return row->match.found ? "is here for others to refer to"
								: "is left out: it is there for others, and is not here";
	if (row->written.suppressed)
		return "is left out: a trigger or a policy would not have it";
	if (restore_find_unchanged(row))
		return "is what the file says already";
	if (row->written.untouched)
		return "stays as it is here: no trigger, policy or view let it be updated";
	return "is skipped: it is here already";
}

/* Never a value of it: the line tells which it is. */
void
restore_trace_row(const RestoreTable *t, const RestoreRow *row)
{
	elog(DEBUG3, "restore: table \"%s\", the row of line " INT64_FORMAT " %s", t->table->name,
		 row->line, fate_of(row));
}
