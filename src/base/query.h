/*
 * query.h
 *	  Running SQL from C: the only door to SPI and portals.
 *
 * Rows reach the caller one at a time through a QueryRow callback fed by a
 * DestReceiver, so nothing is materialised on the way.  The callback runs in a
 * context that is reset after each row; what must outlive it is copied.
 *
 * Settings.  Statements on user relations run under the caller's settings; they
 * are safe by qualified names.  Catalog reads and value conversions run between
 * query_pin() and query_unpin().  Pins are undone by an error as well, because
 * an error ends the GUC nest level with its (sub)transaction.
 */
#ifndef DB_ADAPTER_QUERY_H
#define DB_ADAPTER_QUERY_H

#include "executor/tuptable.h"
#include "nodes/params.h"
#include "nodes/pg_list.h"

/* Return false to stop early; the statement then ends as if LIMIT had been reached. */
typedef bool (*QueryRow)(TupleTableSlot *slot, void *arg);

typedef struct QueryPlan QueryPlan; /* a prepared statement kept across calls */
typedef struct QueryCursor QueryCursor; /* an open portal */

/* Which settings are pinned. */
typedef enum QueryPins
{
	PIN_PATH,					/* search_path = pg_catalog, pg_temp: catalog reads */
	PIN_VALUES,					/* and all that values' text form depends on */
	PIN_PLAN,					/* how a scan of whole tables is planned */
	PIN_SCAN,					/* where a scan begins: at the first block */
	PIN_PLAN_ALL_ROWS,			/* and planning raises where policies would hide rows */
	PIN_PLAN_LISTED,			/* how a join with a list of ours is planned */
	PIN_TEXTS,					/* what a text of PIN_VALUES means, and nothing but that */
	PIN_COUNTED					/* what a statement does to each table is counted */
} QueryPins;

/* What others set meanwhile, by set_config() say, is undone with the pins. */
extern int query_pin(QueryPins pins);
extern void query_unpin(int nestlevel);

/*
 * Sets one more, as the caller may, until the GUC nest level ends that is open: of
 * query_pin(), of NewGUCNestLevel(), or else of the (sub)transaction.
 */
extern void query_set(const char *name, const char *value);

/* Raises 25006 on a standby: verb, say "db_adapter.declare()", is for the primary. */
extern void query_refuse_standby(const char *verb);

/*
 * One statement.  values and nulls as for SPI ('n' is NULL; nulls may be NULL).
 * read_only statements see the caller's snapshot: use it for STABLE verbs.
 * Returns the number of rows processed.
 */
extern uint64 query_run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls,
						bool		read_only, QueryRow row, void *arg);

/* A command that takes no values and whose rows, if there are any, nobody wants. */
extern void query_command(const char *sql);

/* A plan that lives until query_free() or, when not freed, until cxt goes. */
extern QueryPlan *query_prepare(MemoryContext cxt, const char *sql, int nargs, Oid *types);
extern uint64 query_execute(QueryPlan *query, Datum *values, const char *nulls, bool read_only,
							QueryRow	row, void *arg);
extern void query_free(QueryPlan *query);

/*
 * A plan in whose text hooks of the parser, set by setup(), say what stands for names and
 * parameters; arg is kept for as long as the plan, which may be made again.  Values of
 * parameters that are left to the execution come as params, or NULL for none; a run reads
 * only, under the active snapshot.
 */
extern QueryPlan *query_prepare_hooked(MemoryContext cxt, const char *sql, ParserSetupHook setup,
									   void *arg);
extern uint64 query_read_hooked(QueryPlan *query, ParamListInfo params, QueryRow row, void *arg);

/*
 * Rows of our own that a statement reads like a table, under a name that needs
 * no schema.  The rows put are copied.  A statement that succeeds uses them up;
 * query_rows_clear() throws away what one that failed has left.
 */
typedef struct QueryRows QueryRows;
extern QueryRows *query_rows_create(MemoryContext cxt, const char *name, TupleDesc desc,
									int expected);
/*
 * Before a statement is prepared: rows go into it as arrays, which also reach an executor
 * that is not this backend's.  query_rows_array() is then how such a statement calls the
 * array of a column where rows is the first of its relations; NULL where it has none.
 */
extern void query_rows_as_arrays(QueryRows *rows);
extern char *query_rows_array(const QueryRows *rows, int column);
extern void query_rows_put(QueryRows *rows, Datum *values, bool *nulls);
extern void query_rows_clear(QueryRows *rows);
/*
 * A plan over those relations (QueryRows *), and a run of it over what they hold now;
 * read_only as for query_run().
 */
extern QueryPlan *query_prepare_over(MemoryContext cxt, const char *sql, List *relations);
extern uint64 query_execute_over_as(QueryPlan *query, List *relations, bool read_only, QueryRow row,
									void *arg);
static inline uint64
query_execute_over(QueryPlan *query, List *relations, QueryRow row, void *arg)
{
	return query_execute_over_as(query, relations, false, row, arg);
}
/* The same for a SELECT that sees what is committed by now, in any isolation level. */
extern uint64 query_execute_over_latest(QueryPlan *query, List *relations, QueryRow row, void *arg);

/*
 * A cursor hands out rows in steps; the portal is closed with the context it was
 * opened in or by query_cursor_close(), whichever comes first.
 */
extern QueryCursor *query_cursor_open(const char *sql, int nargs, Oid *types, Datum *values,
									  const char *nulls, bool read_only);
/* Fetches up to `count` rows; returns how many came: fewer means the end. */
extern uint64 query_cursor_fetch(QueryCursor *cursor, uint64 count, QueryRow row, void *arg);
/* What its rows look like, names included, which a row itself may lack. */
extern TupleDesc query_cursor_desc(const QueryCursor *cursor);
/* Whether it reads one table from end to end, and does no more than that. */
extern bool query_cursor_is_sequential(const QueryCursor *cursor);
extern void query_cursor_close(QueryCursor *cursor);

/*
 * A statement as another user whose rights the current one has, in an operation that
 * cannot get his own back and defers nothing until it is over; its settings end with it.
 */
extern void query_run_as_other(const char *sql, Oid user);

/*
 * The same for reading: body may change nothing, meets no policy of user's own tables, and
 * parallel workers, which have no watch, do nothing of it.
 */
typedef void (*QueryBody)(void *arg);
extern void query_read_as_other(Oid user, QueryBody body, void *arg);

/*
 * Statements on the extension's own tables run as the extension's owner, for
 * that one statement only.  An error restores the user with the transaction.
 */
extern uint64 query_run_as_owner(const char *sql, int nargs, Oid *types, Datum *values,
								 const char *nulls, bool read_only, QueryRow row, void *arg);
/* One that is run again and again: its plan is kept in *query, NULL before the first time. */
extern uint64 query_execute_as_owner(QueryPlan **query, const char *sql, int nargs, Oid *types,
									 Datum *values, const char *nulls, bool read_only, QueryRow row,
									 void *arg);
/* The same for one that only reads and takes no values. */
extern uint64 query_read_as_owner(QueryPlan **query, const char *sql, QueryRow row, void *arg);

/*
 * A command that makes transactions of its own, outside of any: for a process that
 * has nobody else's.  Nodes and text must outlive transactions.
 */
extern void query_run_nontransactional(Node *command, const char *sql);

/*
 * Runs body in a subtransaction.  With keep its effects stay when it succeeds;
 * without, they are rolled back in any case: a trial.  Returns NULL, or the error
 * that ended it, copied into the caller's context.  Errors that are nobody's data
 * (cancel, shutdown, out of memory or disk, serialization failure, deadlock) are
 * not caught: see query_error_is_foreign().
 */
extern ErrorData *query_attempt(QueryBody body, void *arg, bool keep);
/* The same, but it also catches errors of this SQLSTATE: a lock timeout, to try again. */
extern ErrorData *query_attempt_catching(QueryBody body, void *arg, bool keep, int sqlerrcode);
/* True for errors that say nothing about the statement that met them. */
extern bool query_error_is_foreign(int sqlerrcode);

#endif							/* DB_ADAPTER_QUERY_H */
