/*
 * rowscan.h
 *	  The rows of a selection, handed to who writes them under the right settings.
 */
#ifndef DB_ADAPTER_ROWSCAN_H
#define DB_ADAPTER_ROWSCAN_H

#include "base/query.h"
#include "data/row/rowcodec.h"
#include "data/select/selection.h"

typedef struct RowScan
{
	QueryCursor *cursor;
	RowFormat	format;
	int			extra;			/* columns at the end that are not the writer's */
	int			ncolumns;		/* the writer's */
	RowWriter  *writer;			/* made when the first row shows its descriptor; so is desc */
	TupleDesc	desc;
	bool		begun;
	bool		exhausted;

	MemoryContext cxt;
	MemoryContext rowcxt;
	MemoryContext asidecxt;
	List	   *aside;			/* MinimalTuple */
	int			next_aside;
	TupleTableSlot *slot;		/* for the rows set aside */

	QueryRow	sift;
	QueryRow	visit;
	void	   *arg;
	bool		full;			/* visit wants no more for now */
} RowScan;

/*
 * Runs the statement of s, in the current memory context and on the active
 * snapshot.  Unless row_security, it fails where policies would hide rows.  The
 * last `extra` columns are left to the callbacks.
 *
 * sift, which may be NULL, sees each row as it comes, under the caller's
 * settings; false leaves the row out.  visit sees what remains, under pinned
 * settings if some column's text depends on them; false ends this advance, and
 * the rows that came with that one wait.
 */
extern RowScan *rowscan_open(Selection *s, RowFormat format, int extra, bool row_security,
							 QueryRow sift, QueryRow visit, void *arg);

/* Goes on with rows that wait, or else with up to count new ones; false at the end. */
extern bool rowscan_advance(RowScan *scan, uint64 count);

/* Whether its statement reads one table from end to end. */
extern bool rowscan_is_sequential(const RowScan *scan);

extern void rowscan_close(RowScan *scan);

#endif							/* DB_ADAPTER_ROWSCAN_H */
