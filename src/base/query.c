/*
 * query.c
 *	  Running SQL from C: the only door to SPI and portals.
 *
 * Each call connects to SPI and finishes before it returns, so that callers
 * may nest freely and no connection outlives an error.  Results go through a
 * DestReceiver of our own instead of an SPITupleTable: a row costs no copy, and
 * a result of any size costs no memory.
 *
 * What the SQL says, and that names in it are quoted, is its callers' matter; values
 * are parameters.  It never changes the role but where a function's name says so, and
 * never holds a plan or a portal for which no memory context or transaction answers.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/compat.h"
#include "base/query.h"
#include "base/rowarrays.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/queryenvironment.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

/* A prepared plan, kept until the memory context that it was made in is reset. */
struct QueryPlan
{
	SPIPlanPtr	plan;
	int			nargs;
	bool		listed;			/* it looks for what arrays list, and does no more */
	MemoryContextCallback on_reset;
};

/*
 * Known by its name too: an abort may have closed the portal, and another may have its
 * memory since.
 */
struct QueryCursor
{
	Portal		portal;
	char		name[NAMEDATALEN];
	MemoryContextCallback on_reset;
};

/* A DestReceiver that hands each row to a callback in a context of its own. */
typedef struct RowReceiver
{
	DestReceiver pub;
	QueryRow	row;
	void	   *arg;
	MemoryContext rowcxt;
} RowReceiver;

/*
 * Before any work, and with the verb's name: the server's own error would come from the
 * middle of it.
 */
void
query_refuse_standby(const char *verb)
{
	if (RecoveryInProgress())
		ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
						errmsg("cannot execute %s on a standby", verb),
						errhint("Connect to the primary.")));
}

/* Whoever listens may run for long, and leaves garbage: interruptible, and reset after each. */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *r = (RowReceiver *) self;
	MemoryContext oldcxt = MemoryContextSwitchTo(r->rowcxt);
	bool		go_on;

	CHECK_FOR_INTERRUPTS();
	/* false stops the executor as a LIMIT would; it is no error. */
	go_on = r->row(slot, r->arg);
	MemoryContextSwitchTo(oldcxt);
	MemoryContextReset(r->rowcxt);
	return go_on;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receive_nothing(DestReceiver *self)
{
}

/* The receiver for row; the executor's None_Receiver where nobody listens. */
static DestReceiver *
receiver_init(RowReceiver *r, QueryRow row, void *arg)
{
	if (row == NULL)
		return None_Receiver;
	r->pub.receiveSlot = receive_row;
	r->pub.rStartup = receive_startup;
	r->pub.rShutdown = receive_nothing;
	r->pub.rDestroy = receive_nothing;
	r->pub.mydest = DestNone;
	r->row = row;
	r->arg = arg;
	/*
	 * Under the current context: SPI's, which goes with it on every way out, or that of a
	 * fetch, which deletes it.
	 */
	r->rowcxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter row", ALLOCSET_DEFAULT_SIZES);
	return &r->pub;
}

/* Callers hold no connection between calls, so errors need no clean-up but the server's. */
static void
connect_spi(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the query layer");
}

/* What the text gets wrong SPI raises itself; no plan means a mistake of ours. */
static SPIPlanPtr
prepare(const char *sql, int nargs, Oid *types, int cursor_options)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, types, cursor_options);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	return plan;
}

/*
 * SPI's option structs take a ParamListInfo where its older calls took arrays.  The type
 * of each is the plan's: it was fixed when the plan was made.
 */
static ParamListInfo
make_params(SPIPlanPtr plan, int nargs, Datum *values, const char *nulls)
{
	ParamListInfo params;

	if (nargs == 0)
		return NULL;
	params = makeParamList(nargs);
	for (int i = 0; i < nargs; i++)
	{
		ParamExternData *p = &params->params[i];

		p->value = values[i];
		p->isnull = nulls != NULL && nulls[i] == 'n';
		p->pflags = PARAM_FLAG_CONST;
		p->ptype = SPI_getargtypeid(plan, i);
	}
	return params;
}

/*
 * Returns how many rows were processed; those of a callback that stopped early are not
 * counted.
 */
static uint64
execute_params(SPIPlanPtr plan, ParamListInfo params, bool read_only, QueryRow row, void *arg)
{
	SPIExecuteOptions options = {0};
	RowReceiver receiver;
	int			rc;

	options.params = params;
	options.read_only = read_only;
	options.dest = receiver_init(&receiver, row, arg);
	rc = SPI_execute_plan_extended(plan, &options);
	if (rc < 0)
		elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

static uint64
execute(SPIPlanPtr plan, int nargs, Datum *values, const char *nulls, bool read_only, QueryRow row,
		void *arg)
{
	return execute_params(plan, make_params(plan, nargs, values, nulls), read_only, row, arg);
}

/* A plan for once: nothing is kept, and SPI's memory goes with it. */
uint64
query_run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls, bool read_only,
		  QueryRow row, void *arg)
{
	uint64		processed;

	connect_spi();
	processed = execute(prepare(sql, nargs, types, 0), nargs, values, nulls, read_only, row, arg);
	SPI_finish();
	return processed;
}

/* Also called when the context goes, so it may come twice. */
static void
free_plan(void *arg)
{
	QueryPlan  *query = arg;

	if (query->plan != NULL)
		SPI_freeplan(query->plan);
	query->plan = NULL;
}

/* SPI keeps the plan in a place of its own, so the context only says when it goes. */
static QueryPlan *
prepare_kept(MemoryContext cxt, const char *sql, int nargs, Oid *types, int cursor_options)
{
	QueryPlan  *query = MemoryContextAllocZero(cxt, sizeof(QueryPlan));

	query->nargs = nargs;
	query->on_reset.func = free_plan;
	query->on_reset.arg = query;
	/*
	 * Registered before the plan is made: an error in between leaves a NULL, which
	 * free_plan() passes over, and nothing that is lost.
	 */
	MemoryContextRegisterResetCallback(cxt, &query->on_reset);

	connect_spi();
	query->plan = prepare(sql, nargs, types, cursor_options);
	SPI_keepplan(query->plan);
	SPI_finish();
	return query;
}

/*
 * The plan belongs to cxt.  Types of arguments are fixed; what the statement reads may
 * change, and is planned again then.
 */
QueryPlan *
query_prepare(MemoryContext cxt, const char *sql, int nargs, Oid *types)
{
	return prepare_kept(cxt, sql, nargs, types, 0);
}

/*
 * read_only takes the snapshot that is active; else one is taken anew, and sees what
 * earlier commands of the transaction have done.
 */
uint64
query_execute(QueryPlan *query, Datum *values, const char *nulls, bool read_only, QueryRow row,
			  void *arg)
{
	uint64		processed;

	connect_spi();
	processed = execute(query->plan, query->nargs, values, nulls, read_only, row, arg);
	SPI_finish();
	return processed;
}

/* Registered first, as in prepare_kept(). */
QueryPlan *
query_prepare_hooked(MemoryContext cxt, const char *sql, ParserSetupHook setup, void *arg)
{
	QueryPlan  *query = MemoryContextAllocZero(cxt, sizeof(QueryPlan));

	query->on_reset.func = free_plan;
	query->on_reset.arg = query;
	MemoryContextRegisterResetCallback(cxt, &query->on_reset);

	connect_spi();
	query->plan = SPI_prepare_params(sql, setup, arg, 0);
	if (query->plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	SPI_keepplan(query->plan);
	SPI_finish();
	return query;
}

uint64
query_read_hooked(QueryPlan *query, ParamListInfo params, QueryRow row, void *arg)
{
	uint64		processed;

	connect_spi();
	processed = execute_params(query->plan, params, true, row, arg);
	SPI_finish();
	return processed;
}

/*
 * Rows of ours that statements read like a table (an ephemeral named relation, as triggers
 * have for their transition tables).
 */
struct QueryRows
{
	EphemeralNamedRelationData relation;
	MemoryContext cxt;			/* of the tuples: reset to clear them */
	Tuplestorestate *store;
	RowArrays  *arrays;			/* in place of the store */
};

/* expected is what the planner is told: it cannot count them. */
QueryRows *
query_rows_create(MemoryContext cxt, const char *name, TupleDesc desc, int expected)
{
	QueryRows  *rows = MemoryContextAllocZero(cxt, sizeof(QueryRows));
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);

	rows->relation.md.name = pstrdup(name);
	rows->relation.md.tupdesc = CreateTupleDescCopy(desc);
	rows->relation.md.enrtype = ENR_NAMED_TUPLESTORE;
	rows->relation.md.enrtuples = expected;
	rows->cxt = AllocSetContextCreate(cxt, "db_adapter rows", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(oldcxt);
	return rows;
}

void
query_rows_as_arrays(QueryRows *rows)
{
	rows->arrays = rowarrays_create(GetMemoryChunkContext(rows), rows->relation.md.tupdesc);
}

char *
query_rows_array(const QueryRows *rows, int column)
{
	if (rows->arrays == NULL || !OidIsValid(rowarrays_type(rows->arrays, column)))
		return NULL;
	return psprintf("$%d", column + 1);
}

static void
put_array(QueryRows *rows, Datum *values, bool *nulls)
{
	int			nestlevel = rowarrays_has_text(rows->arrays) ? query_pin(PIN_VALUES) : 0;

	rowarrays_put(rows->arrays, rows->cxt, values, nulls);
	if (nestlevel > 0)
		query_unpin(nestlevel);
}

/*
 * A store is made anew for each set of rows: every scan of a kept one would leave
 * a read pointer behind.  It may not outlive the subtransaction it was made in.
 */
void
query_rows_put(QueryRows *rows, Datum *values, bool *nulls)
{
	/* The store remembers the context it was made in, and is gone when that is reset. */
	MemoryContext oldcxt = MemoryContextSwitchTo(rows->cxt);

	if (rows->arrays != NULL)
		put_array(rows, values, nulls);
	else if (rows->store == NULL)
		rows->store = tuplestore_begin_heap(false, false, work_mem);
	if (rows->store != NULL)
		tuplestore_putvalues(rows->store, rows->relation.md.tupdesc, values, nulls);
	MemoryContextSwitchTo(oldcxt);
}

void
query_rows_clear(QueryRows *rows)
{
	/* Not tuplestore_end(): after an error its file went with the subtransaction. */
	rows->store = NULL;
	if (rows->arrays != NULL)
		rowarrays_clear(rows->arrays);
	MemoryContextReset(rows->cxt);
}

/*
 * For one connection to SPI: it has to be said before each execution.  The planner takes
 * the name from SPI's environment before the catalogs, so no table of that name can come
 * in its place.
 */
static void
register_rows(QueryRows *rows)
{
	int			rc;

	rows->relation.reldata = rows->store;
	rc = SPI_register_relation(&rows->relation);
	if (rc != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register rows: %s", SPI_result_code_string(rc));
}

/*
 * The statement with the relations that go as arrays in front of it, under their names: a
 * name of WITH comes before the catalogs' as one of SPI's environment does.
 */
static char *
with_arrays(const char *sql, List *relations)
{
	StringInfoData with;
	int			first = 1;
	ListCell   *lc;

	initStringInfo(&with);
	foreach(lc, relations)
	{
		const QueryRows *rows = lfirst(lc);

		if (rows->arrays == NULL)
			continue;
		appendStringInfo(&with, "%s %s AS (%s)", first == 1 ? "WITH" : ",", rows->relation.md.name,
						 rowarrays_select(rows->arrays, first));
		first += rowarrays_count(rows->arrays);
	}
	if (first == 1)
		return pstrdup(sql);
	if (strncmp(sql, "WITH ", 5) == 0)
		return psprintf("%s, %s", with.data, sql + 5);
	return psprintf("%s %s", with.data, sql);
}

/* How many parameters the relations are. */
static int
count_arrays(List *relations)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, relations)
	{
		const QueryRows *rows = lfirst(lc);

		count += rows->arrays != NULL ? rowarrays_count(rows->arrays) : 0;
	}
	return count;
}

/*
 * Relations are named while it is planned; their rows come with each execution.  What
 * travels as text is read under pins, wherever the planner or the executor reads it.
 */
QueryPlan *
query_prepare_over(MemoryContext cxt, const char *sql, List *relations)
{
	QueryPlan  *query = MemoryContextAllocZero(cxt, sizeof(QueryPlan));
	Oid		   *types;
	int			at = 0;
	ListCell   *lc;

	query->on_reset.func = free_plan;
	query->on_reset.arg = query;
	MemoryContextRegisterResetCallback(cxt, &query->on_reset);
	query->nargs = count_arrays(relations);
	types = palloc(sizeof(Oid) * Max(query->nargs, 1));
	foreach(lc, relations)
	{
		QueryRows  *rows = lfirst(lc);

		if (rows->arrays == NULL)
			continue;
		rowarrays_types(rows->arrays, types + at);
		at += rowarrays_count(rows->arrays);
	}
	sql = with_arrays(sql, relations);

	connect_spi();
	foreach(lc, relations)
		if (((QueryRows *) lfirst(lc))->arrays == NULL)
			register_rows(lfirst(lc));
	query->plan = prepare(sql, query->nargs, types, 0);
	query->listed =
		query->nargs > 0 &&
		((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(query->plan)))->commandTag ==
			CMDTAG_SELECT;
	SPI_keepplan(query->plan);
	SPI_finish();
	return query;
}

/* A relation without rows is still one: a statement over it finds none. */
static void
fill_empty(QueryRows *rows)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(rows->cxt);

	if (rows->store == NULL)
		rows->store = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * The values of those that go as arrays; the others are registered.  The executor opens
 * a store in any case, so one without rows is given an empty one.
 */
static bool
bring_rows(List *relations, Datum *values)
{
	bool		has_text = false;
	int			at = 0;
	ListCell   *lc;

	foreach(lc, relations)
	{
		QueryRows  *rows = lfirst(lc);

		if (rows->arrays == NULL)
		{
			fill_empty(rows);
			register_rows(rows);
			continue;
		}
		rowarrays_values(rows->arrays, values + at);
		has_text |= rowarrays_has_text(rows->arrays);
		at += rowarrays_count(rows->arrays);
	}
	return has_text;
}

uint64
query_execute_over_as(QueryPlan *query, List *relations, bool read_only, QueryRow row, void *arg)
{
	Datum	   *values;
	ListCell   *lc;
	uint64		processed;
	int			texts = 0;
	int			listed = 0;

	connect_spi();
	values = palloc(sizeof(Datum) * Max(query->nargs, 1));
	if (bring_rows(relations, values))
		texts = query_pin(PIN_TEXTS);
	/* Not where rows are written: triggers would be planned so too. */
	if (query->listed)
		listed = query_pin(PIN_PLAN_LISTED);
	processed = execute(query->plan, query->nargs, values, NULL, read_only, row, arg);
	if (listed > 0)
		query_unpin(listed);
	if (texts > 0)
		query_unpin(texts);
	SPI_finish();
	foreach(lc, relations)
	{
		QueryRows  *rows = lfirst(lc);

		/*
		 * Here no error has come, so a file of the store's is still open and has to be
		 * closed.
		 */
		if (rows->store != NULL)
			tuplestore_end(rows->store);
		query_rows_clear(rows);
	}
	return processed;
}

/* Read only, because only such a statement takes the snapshot it is given. */
uint64
query_execute_over_latest(QueryPlan *query, List *relations, QueryRow row, void *arg)
{
	uint64		processed;

	PushActiveSnapshot(GetLatestSnapshot());
	processed = query_execute_over_as(query, relations, true, row, arg);
	PopActiveSnapshot();
	return processed;
}

void
query_free(QueryPlan *query)
{
	free_plan(query);
}

/*
 * Closes the portal unless the end of its (sub)transaction has done so.  While
 * a transaction aborts, the portal manager is walking its table and drops every
 * portal itself; we must not touch it then.
 */
static void
close_portal(void *arg)
{
	QueryCursor *cursor = arg;
	Portal		portal = cursor->portal;

	cursor->portal = NULL;
	if (portal == NULL || !IsTransactionState())
		return;
	if (GetPortalByName(cursor->name) == portal)
		PortalDrop(portal, false);
}

/* The portal belongs to the transaction; the context only closes it sooner. */
QueryCursor *
query_cursor_open(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls,
				  bool read_only)
{
	QueryCursor *cursor = palloc0(sizeof(QueryCursor));

	cursor->on_reset.func = close_portal;
	cursor->on_reset.arg = cursor;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &cursor->on_reset);

	connect_spi();
	cursor->portal = SPI_cursor_open_with_args(NULL, sql, nargs, types, values, nulls, read_only,
											   CURSOR_OPT_NO_SCROLL);
	strlcpy(cursor->name, cursor->portal->name, sizeof(cursor->name));
	/* The portal outlives the connection: it belongs to the transaction. */
	SPI_finish();
	return cursor;
}

/* 0: there are no more.  The rows go through the callback, none is kept. */
uint64
query_cursor_fetch(QueryCursor *cursor, uint64 count, QueryRow row, void *arg)
{
	RowReceiver receiver;
	DestReceiver *dest = receiver_init(&receiver, row, arg);
	uint64		fetched = PortalRunFetch(cursor->portal, FETCH_FORWARD, (long) count, dest);

	if (dest != None_Receiver)
		MemoryContextDelete(receiver.rowcxt);
	return fetched;
}

TupleDesc
query_cursor_desc(const QueryCursor *cursor)
{
	return cursor->portal->tupDesc;
}

/* Whether rows come from a plain scan of one table, for those who cut it into ranges. */
bool
query_cursor_is_sequential(const QueryCursor *cursor)
{
	PlannedStmt *stmt = linitial_node(PlannedStmt, cursor->portal->stmts);

	return stmt->planTree != NULL && IsA(stmt->planTree, SeqScan);
}

void
query_cursor_close(QueryCursor *cursor)
{
	close_portal(cursor);
}

void
query_command(const char *sql)
{
	query_run(sql, 0, NULL, NULL, NULL, false, NULL, NULL);
}

/*
 * As REINDEX runs what belongs to a table's owner: nothing that it calls can give rights
 * back, and its settings end.
 */
void
query_run_as_other(const char *sql, Oid user)
{
	Oid			caller;
	int			context;
	int			nestlevel = query_pin(PIN_PATH);

	GetUserIdAndSecContext(&caller, &context);
	/* An error need not set it back: the end of the (sub)transaction does. */
	SetUserIdAndSecContext(user,
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	query_command(sql);
	SetUserIdAndSecContext(caller, context);
	query_unpin(nestlevel);
}

/*
 * Policies are no matter of who owns the table, forced or not: what is read stands for
 * what a command of his would meet.
 */
void
query_read_as_other(Oid user, QueryBody body, void *arg)
{
	Oid			caller;
	int			context;
	int			nestlevel = query_pin(PIN_PATH);
	bool		read_only = XactReadOnly;

	query_set("standard_conforming_strings", "on");
	query_set("max_parallel_workers_per_gather", "0");
	query_set("row_security", "off");
	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(user, context | SECURITY_LOCAL_USERID_CHANGE |
									 SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	/* No setting for a nest level: releases from 16 on refuse that. */
	XactReadOnly = true;
	body(arg);
	XactReadOnly = read_only;
	SetUserIdAndSecContext(caller, context);
	query_unpin(nestlevel);
}

/* As a client's command runs, in a portal: its memory outlives the command's transactions. */
void
query_run_nontransactional(Node *command, const char *sql)
{
	MemoryContext cxt = CurrentMemoryContext;
	PlannedStmt *stmt = makeNode(PlannedStmt);
	List	   *stmts = list_make1(stmt);
	Portal		portal;

	stmt->commandType = CMD_UTILITY;
	stmt->canSetTag = true;
	stmt->utilityStmt = command;
	stmt->stmt_location = -1;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	portal = CreatePortal("", true, true);
	/* As exec_simple_query() does it: nobody is to see it in pg_cursors. */
	portal->visible = false;
	PortalDefineQuery(portal, NULL, sql, CreateCommandTag(command), stmts, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	compat_portal_run(portal, None_Receiver);
	PortalDrop(portal, false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(cxt);
}

/*
 * Errors that say nothing of what was tried: the same may succeed a moment later, or the
 * whole has to end.  They are not taken for a row's or a step's fault.
 */
bool
query_error_is_foreign(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK):
		case ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES):
		case ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION):
		case ERRCODE_TO_CATEGORY(ERRCODE_SYSTEM_ERROR):
			return true;
		default:
			return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
	}
}

/*
 * Runs body in a subtransaction.  NULL: it succeeded; keep says whether what it did stays.
 * Errors that are foreign go on.
 */
ErrorData *
query_attempt(QueryBody body, void *arg, bool keep)
{
	return query_attempt_catching(body, arg, keep, 0);
}

/*
 * sqlerrcode names one more error that is to be returned though it would go on; 0: none.
 * The error is a copy in the caller's context.
 */
ErrorData *
query_attempt_catching(QueryBody body, void *arg, bool keep, int sqlerrcode)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	/*
	 * ALTER DOMAIN … DROP CONSTRAINT leaves invalidations that no command takes along, and
	 * while there are some, the server lets nothing be done in a subtransaction.
	 */
	CommandEndInvalidationMessages();
	/*
	 * Locks that the body takes go with a rollback, what it has put into memory of the
	 * caller's context stays.
	 */
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		body(arg);
		if (keep)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(cxt);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cxt);
	/*
	 * The end of the subtransaction leaves its parent's, which need not be the caller's:
	 * a portal has its own.
	 */
	CurrentResourceOwner = owner;
	/* Only now: whoever catches it expects the subtransaction to be his own. */
	if (error != NULL && error->sqlerrcode != sqlerrcode &&
		query_error_is_foreign(error->sqlerrcode))
		ReThrowError(error);
	return error;
}
