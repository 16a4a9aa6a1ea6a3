/*
 * progress.h
 *	  How far a verb has come, told to whoever watches.
 *
 * Verbs report without asking whether anybody listens: outside of a job there is
 * no board, and a report costs one test.  A job lends a board in shared memory.
 * It has one writer, who makes `changes` odd while writing; a reader copies the
 * board and tries again if it changed meanwhile or was being changed.
 */
#ifndef DB_ADAPTER_PROGRESS_H
#define DB_ADAPTER_PROGRESS_H

#include "datatype/timestamp.h"

#define PROGRESS_PHASE_LEN 64
#define PROGRESS_TABLE_LEN (2 * NAMEDATALEN + 8)

typedef struct Progress
{
	uint32		changes;
	TimestampTz started_at;
	int64		rows_done;
	int64		rows_total;		/* 0: not known */
	int64		bytes_done;
	char		phase[PROGRESS_PHASE_LEN];
	char		table[PROGRESS_TABLE_LEN];	/* empty: of none in particular */
} Progress;

/* Where this process reports to; NULL when nobody watches. */
extern Progress *progress_board;

/* Lends a board, cleared; label leads the activity that pg_stat_activity shows.  NULL takes it back. */
extern void progress_attach(Progress *board, const char *label);
/* A consistent copy of another process's board. */
extern void progress_read(const Progress *board, Progress *copy);

extern void progress_set_phase(const char *phase, const char *table);
extern void progress_set_total(int64 rows);
extern void progress_set_done(int64 rows, int64 bytes);

/* What a verb does next, and to which table (may be NULL). */
#define progress_phase(phase, table)                                                               \
	do                                                                                             \
	{                                                                                              \
		if (progress_board != NULL)                                                                \
			progress_set_phase(phase, table);                                                      \
	} while (0)
/* The rows there will be, of all tables. */
#define progress_total(rows)                                                                       \
	do                                                                                             \
	{                                                                                              \
		if (progress_board != NULL)                                                                \
			progress_set_total(rows);                                                              \
	} while (0)
/* Those done so far, and the bytes read or written. */
#define progress_done(rows, bytes)                                                                 \
	do                                                                                             \
	{                                                                                              \
		if (progress_board != NULL)                                                                \
			progress_set_done(rows, bytes);                                                        \
	} while (0)

#endif							/* DB_ADAPTER_PROGRESS_H */
