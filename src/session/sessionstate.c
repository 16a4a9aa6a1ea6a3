/*
 * sessionstate.c
 *	  Tells a client whether a transaction left its session changed.
 *
 * A client that lends its connections must know what a request has left there, and
 * neither the statement nor its answer tells.  To undo everything each time costs more
 * than most requests.  Here it can be seen: once the last trigger has run, a look at the
 * settings and at what the hooks have met says whether anything is left.  If so, a
 * ParameterStatus goes out with the transaction's answer; if not, nothing does.
 *
 * Nothing is undone here that could fail or that the commit depends on: that is the
 * client's, who then calls watch_session() again, which makes the session as it stands
 * the clean one.  What cannot be looked at (advisory locks, the last values of sequences)
 * is dropped after each transaction, where it cannot fail.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "commands/sequence.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "nodes/parsenodes.h"
#include "session/paramtypes.h"
#include "session/sessionstate.h"
#include "storage/lock.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"

#define REPORTED_NAME "db_adapter.session"

/* A setting that the session has, and had when it was clean. */
typedef struct Known
{
	char	   *name;
	char	   *value;
} Known;

static bool watching = false;
static MemoryContext known_cxt = NULL;
static List *known = NIL;
static Oid	known_temp = InvalidOid;

/* What the hooks have met since the session was clean. */
static bool object_created = false;
static bool state_left = false;
static bool statements_changed = false;

static int	procedures = 0;
static uint32 reports = 0;

static object_access_hook_type next_access_hook = NULL;
static ProcessUtility_hook_type next_utility_hook = NULL;

/* ---- settings ---- */

/*
 * Has the session set it, or will it have once the transaction has ended?  What is set
 * for the transaction alone goes back to the value before, whose source is on the stack.
 */
static bool
setting_is_changed(const struct config_generic *setting)
{
	const GucStack *stack = setting->stack;
	bool		passes = stack != NULL && (stack->state == GUC_LOCAL || stack->state == GUC_SAVE);

	return (passes ? stack->source : setting->source) > PGC_S_OVERRIDE;
}

static const char *
setting_value(const char *name)
{
	const char *value = GetConfigOption(name, true, false);

	return value != NULL ? value : "";
}

static bool
setting_is_known(const char *name)
{
	ListCell   *lc;

	foreach(lc, known)
	{
		const Known *k = lfirst(lc);

		if (strcmp(k->name, name) == 0)
			return strcmp(k->value, setting_value(name)) == 0;
	}
	return false;
}

static int
compare_places(const void *a, const void *b)
{
	const char *left = *(char *const *) a;
	const char *right = *(char *const *) b;

	return left < right ? -1 : left > right;
}

/*
 * All of them, which is what a look costs most: in the order of their places in memory,
 * not of their names, it costs less than half.  A placeholder may give way to the setting it
 * stood for, so that their number alone tells nothing.
 */
static struct config_generic **
all_settings(int *count)
{
	static struct config_generic **seen = NULL;
	static int	seen_count = 0;
	struct config_generic **settings = compat_settings(count);
	Size		size = *count * sizeof(struct config_generic *);

	if (*count != seen_count || memcmp(seen, settings, size) != 0)
	{
		seen_count = 0;
		seen = seen == NULL ? MemoryContextAlloc(TopMemoryContext, 2 * size)
							: repalloc(seen, 2 * size);
		memcpy(seen, settings, size);
		memcpy(seen + *count, settings, size);
		qsort(seen + *count, *count, sizeof(struct config_generic *), compare_places);
		seen_count = *count;
	}
	compat_free_settings(settings);
	return seen + *count;
}

/* One that was set, and is no more, is a change as well. */
static bool
settings_are_changed(void)
{
	int			count;
	struct config_generic **settings = all_settings(&count);
	int			same = 0;
	bool		changed = false;

	for (int i = 0; i < count && !changed; i++)
	{
		if (!setting_is_changed(settings[i]))
			continue;
		if (known != NIL && setting_is_known(settings[i]->name))
			same++;
		else
			changed = true;
	}
	return changed || same != list_length(known);
}

static void
know_settings(void)
{
	int			count;
	struct config_generic **settings = all_settings(&count);
	MemoryContext oldcxt = MemoryContextSwitchTo(known_cxt);

	known = NIL;
	MemoryContextReset(known_cxt);
	for (int i = 0; i < count; i++)
		if (setting_is_changed(settings[i]))
		{
			Known	   *k = palloc(sizeof(Known));

			k->name = pstrdup(settings[i]->name);
			k->value = pstrdup(setting_value(k->name));
			known = lappend(known, k);
		}
	MemoryContextSwitchTo(oldcxt);
}

/* ---- what the hooks meet ---- */

static void
meet_object(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (next_access_hook)
		next_access_hook(access, class_id, object_id, sub_id, arg);
	if (access == OAT_POST_CREATE)
		object_created = true;
}

/*
 * Whose effects outlive the transaction and show nowhere.  A client hears of prepared
 * statements that it changes itself, or does so on purpose; of those that a function
 * changes it does not.
 */
static void
meet_statement(const Node *statement, bool inside)
{
	switch (nodeTag(statement))
	{
		case T_ListenStmt:
			state_left = true;
			break;
		case T_DeclareCursorStmt:
			if (((const DeclareCursorStmt *) statement)->options & CURSOR_OPT_HOLD)
				state_left = true;
			break;
		case T_PrepareStmt:
		case T_DeallocateStmt:
		case T_LoadStmt:
			if (inside)
				statements_changed = true;
			break;
		default:
			break;
	}
}

static void
run_utility(PlannedStmt *pstmt, const char *sql, bool read_only_tree, ProcessUtilityContext context,
			ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest,
			QueryCompletion *completion)
{
	if (next_utility_hook)
		next_utility_hook(pstmt, sql, read_only_tree, context, params, environment, dest,
						  completion);
	else
		standard_ProcessUtility(pstmt, sql, read_only_tree, context, params, environment, dest,
								completion);
}

/* A procedure may end transactions that are not the end of the request. */
static void
meet_utility(PlannedStmt *pstmt, const char *sql, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			 DestReceiver *dest, QueryCompletion *completion)
{
	Node	   *statement = pstmt->utilityStmt;

	meet_statement(statement, context != PROCESS_UTILITY_TOPLEVEL);
	if (!IsA(statement, CallStmt) && !IsA(statement, DoStmt))
	{
		run_utility(pstmt, sql, read_only_tree, context, params, environment, dest, completion);
		/* Somebody lends the session to others, who have not asked for this. */
		if (IsA(statement, DiscardStmt) && ((DiscardStmt *) statement)->target == DISCARD_ALL)
			watching = false;
		return;
	}
	procedures++;
	PG_TRY();
	{
		run_utility(pstmt, sql, read_only_tree, context, params, environment, dest, completion);
	}
	PG_FINALLY();
	{
		procedures--;
	}
	PG_END_TRY();
}

/* ---- the end of a transaction ---- */

/* What was created in the session's own schema cannot be told from what was not: once
 * there is one, all that is created counts. */
static bool
temporary_is_changed(void)
{
	Oid			temp;
	Oid			toast;

	GetTempNamespaceState(&temp, &toast);
	return OidIsValid(temp) && (temp != known_temp || object_created);
}

/* A value that the client has not had: it is told apart from the one before. */
static void
report(void)
{
	StringInfoData message;
	char		value[32];

	if (whereToSendOutput != DestRemote)
		return;
	snprintf(value, sizeof(value), "%u %s", ++reports,
			 statements_changed ? "statements" : "changed");
	pq_beginmessage(&message, 'S');
	pq_sendstring(&message, REPORTED_NAME);
	pq_sendstring(&message, value);
	pq_endmessage(&message);
}

static void
transaction_event(XactEvent event, void *arg)
{
	if (!watching)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (state_left || statements_changed || temporary_is_changed() ||
				settings_are_changed())
				report();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			/* Prepared statements stay also when the transaction does not. */
			if (event == XACT_EVENT_ABORT && (state_left || statements_changed))
				report();
			if (procedures > 0)
				break;
			LockReleaseSession(USER_LOCKMETHOD);
			ResetSequenceCaches();
			break;
		default:
			break;
	}
}

void
sessionstate_init(void)
{
	RegisterXactCallback(transaction_event, NULL);
}

/* They are never taken out again: whoever has hooked in since holds pointers to them. */
static void
install_hooks(void)
{
	static bool installed = false;

	if (installed)
		return;
	next_access_hook = object_access_hook;
	object_access_hook = meet_object;
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = meet_utility;
	installed = true;
}

PG_FUNCTION_INFO_V1(db_adapter_watch_session);

/* From now on; called again, the session as it stands is clean. */
Datum
db_adapter_watch_session(PG_FUNCTION_ARGS)
{
	Oid			toast;

	if (known_cxt == NULL)
		known_cxt =
			AllocSetContextCreate(TopMemoryContext, "db_adapter session", ALLOCSET_SMALL_SIZES);
	install_hooks();
	paramtypes_watch();
	know_settings();
	GetTempNamespaceState(&known_temp, &toast);
	object_created = state_left = statements_changed = false;
	watching = true;
	PG_RETURN_VOID();
}
