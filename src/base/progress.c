/*
 * progress.c
 *	  How far a verb has come, told to whoever watches.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "utils/timestamp.h"

Progress   *progress_board = NULL;

static char activity_label[NAMEDATALEN];

/* Odd from here on.  The barrier keeps what follows from being seen before it. */
static void
begin_change(void)
{
	progress_board->changes++;
	pg_write_barrier();
}

static void
end_change(void)
{
	pg_write_barrier();
	progress_board->changes++;
}

void
progress_attach(Progress *board, const char *label)
{
	progress_board = board;
	if (board == NULL)
		return;
	strlcpy(activity_label, label, sizeof(activity_label));
	/* The board was another job's before: a reader must not see half of each. */
	begin_change();
	board->started_at = GetCurrentTimestamp();
	board->rows_done = board->rows_total = board->bytes_done = 0;
	board->phase[0] = board->table[0] = '\0';
	end_change();
	pgstat_report_activity(STATE_RUNNING, activity_label);
}

/*
 * The ends of the strings are set once more: what is read without a lock is not trusted
 * to have one.
 */
void
progress_read(const Progress *board, Progress *copy)
{
	const volatile uint32 *changes = &board->changes;

	for (;;)
	{
		uint32		before = *changes;

		pg_read_barrier();
		memcpy(copy, board, sizeof(Progress));
		pg_read_barrier();
		if (before == *changes && before % 2 == 0)
			break;
		/*
		 * A writer that went halfway leaves it odd until the slot is used again: the
		 * reader can be cancelled.
		 */
		CHECK_FOR_INTERRUPTS();
	}
	copy->phase[PROGRESS_PHASE_LEN - 1] = copy->table[PROGRESS_TABLE_LEN - 1] = '\0';
}

void
progress_set_phase(const char *phase, const char *table)
{
	char		text[NAMEDATALEN + PROGRESS_PHASE_LEN + PROGRESS_TABLE_LEN];

	begin_change();
	strlcpy(progress_board->phase, phase, PROGRESS_PHASE_LEN);
	strlcpy(progress_board->table, table != NULL ? table : "", PROGRESS_TABLE_LEN);
	end_change();
	snprintf(text, sizeof(text), "%s, %s%s%s", activity_label, phase, table != NULL ? " of " : "",
			 table != NULL ? table : "");
	pgstat_report_activity(STATE_RUNNING, text);
}

void
progress_set_total(int64 rows)
{
	begin_change();
	progress_board->rows_total = rows;
	end_change();
}

void
progress_set_done(int64 rows, int64 bytes)
{
	begin_change();
	progress_board->rows_done = rows;
	progress_board->bytes_done = bytes;
	end_change();
}
