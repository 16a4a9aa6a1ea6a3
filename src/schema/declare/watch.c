/*
 * watch.c
 *	  The check at commit of what DDL has done to declared schemas.
 *
 * Event triggers only note which schemas a command touched (touched.c).  When the
 * transaction is about to commit or to be prepared, each declaration concerned is
 * compared once, however much DDL there was; states in between are free.
 *
 * Two transactions may each be fine and drift together: checks of one declaration
 * run one after the other, under a lock that lasts until the transaction has ended,
 * and each reads what the one before has committed.
 *
 * What fails open.  A declaration guards against mistakes; it must not keep a
 * database from being changed, least of all repaired.  Whatever goes wrong with a
 * declaration itself (its row, its document, its schema is gone) is a warning and
 * the transaction commits.  Errors that are nobody's fault and pass by (cancel,
 * deadlock, no memory) fail the transaction, as anywhere else: to let it through
 * would make a race of the guard.  Switched off, nothing here is even read.
 *
 * Commands that commit halfway cannot be refused at commit any more; they are before
 * they begin, and nothing could mend in their transaction what they do.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "commands/async.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "schema/model/diff.h"
#include "schema/declare/touched.h"
#include "schema/catalog/validation.h"
#include "schema/declare/watch.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* How many differences a message lists. */
#define WATCH_REPORTED 10

/* A payload must stay below 8000 bytes; so much of it is for differences. */
#define WATCH_PAYLOAD_BYTES 7000
#define WATCH_CHANNEL "db_adapter"

/* How long a declaration that refuses nothing may keep a commit waiting. */
#define WATCH_IMPATIENT_TIMEOUT "100ms"

static bool enforce = true;

/* Names of declarations, not armed, that this process has been warned of. */
static List *warned = NIL;

typedef struct Check
{
	const char *name;
	Touch		touch;
	bool		binds;			/* may refuse the transaction, once it is armed */
	bool		may_notify;		/* not while a transaction is prepared */
	MemoryContext cxt;
	Declaration *declaration;	/* as read under the lock; NULL when gone or plainly not met */
	List	   *differences;
	bool		armed_now;
} Check;

/* ---- whom it binds ---- */

/* Whether any of the schemas is there, and whether owner may act for all that are. */
static void
examine_schemas(const Declaration *d, bool *any, bool *may)
{
	ListCell   *lc;

	*any = false;
	*may = OidIsValid(d->owner);
	foreach(lc, d->schemas)
	{
		Oid			namespace = get_namespace_oid(lfirst(lc), true);
		HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespace));

		if (!HeapTupleIsValid(tuple))
			continue;
		*any = true;
		if (*may)
			*may = has_privs_of_role(d->owner, ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner);
		ReleaseSysCache(tuple);
	}
}

/*
 * Why a declaration cannot hold up this transaction, or NULL.
 *
 * Its owner must still have a say over all its schemas, or a former owner could
 * freeze them.  What is done to objects elsewhere is for their owners to do, even
 * where it cascades: only who has the whole database may forbid that.
 */
static const char *
reason_not_to_bind(const Declaration *d, Touch touch)
{
	bool		any;
	bool		may;

	examine_schemas(d, &any, &may);
	if (!any && touch != TOUCH_DIRECT)
		return "Its schemas are gone since before this transaction.";
	if (!may)
		return "The owner of the declaration has no longer the privileges of the owners of its "
			   "schemas.";
	if (touch != TOUCH_DIRECT && !has_privs_of_role(d->owner, ROLE_PG_DATABASE_OWNER))
		return "It comes of a change outside of its schemas, which only a declaration of the "
			   "database's owner can refuse.";
	return NULL;
}

static const char *
reason_not_to_enforce(const Check *check)
{
	if (!check->declaration->armed)
		return "The declaration is not armed: the schema has not met it in this database yet.";
	return reason_not_to_bind(check->declaration, check->touch);
}

/* ---- comparing ---- */

/* A declaration is compared as validate does it, unless its document says otherwise. */
Expectation *
watch_expectation(const Declaration *d)
{
	return validation_expect(d->document, NIL, argument_default_strings("validate", "exclude"));
}

static List *
compare_as_validate(const Declaration *d)
{
	Expectation *expectation = watch_expectation(d);
	List	   *ignore = expectation->schema->ignore;

	return validation_compare(
		expectation, ignore != NIL ? ignore : argument_default_strings("validate", "ignore"));
}

/*
 * The command counter moves first: the last command's changes are part of what will be
 * committed.
 */
List *
watch_compare(const Declaration *d)
{
	List	   *differences;

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	differences = compare_as_validate(d);
	PopActiveSnapshot();
	return differences;
}

typedef struct Look
{
	const Declaration *declaration;
	List	   *differences;
} Look;

static void
run_look(void *arg)
{
	Look	   *look = arg;

	look->differences = compare_as_validate(look->declaration);
}

/*
 * While a dump is restored, every index and key is a transaction of its own, and each
 * leaves the schema short of what will be there in the end.
 */
static bool
is_plainly_short(const Declaration *d)
{
	return !d->armed && schema_lists(warned, d->name) &&
		   !catalog_has_objects(d->schemas, d->relations, d->constraints);
}

/* A lock that does not come soon ends the check without a word. */
static void
be_impatient(void)
{
	query_set("lock_timeout", WATCH_IMPATIENT_TIMEOUT);
}

/*
 * A commit waits only for what may refuse it, or anyone who declares his own schema
 * could make others wait, by a lock that he keeps.  One that was never met is waited
 * for, so that the last of several sessions arms it, but not for tables that are
 * locked: while a dump is restored, these sessions would wait for each other.
 */
static void
run_check(void *arg)
{
	Check	   *check = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(check->cxt);
	int			nestlevel = NewGUCNestLevel();
	Declaration *d;

	if (!check->binds)
		be_impatient();
	declaration_lock(check->name);
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	d = declaration_look(check->name);
	if (d != NULL && !is_plainly_short(d))
	{
		if (!d->armed)
			be_impatient();
		check->declaration = d = declaration_find(check->name);
		check->differences = watch_compare(d);
		if (!d->armed && !XactReadOnly && diff_count_errors(check->differences) == 0)
		{
			declaration_arm(d->name);
			check->armed_now = true;
		}
	}
	PopActiveSnapshot();
	AtEOXact_GUC(true, nestlevel);
	MemoryContextSwitchTo(oldcxt);
}

List *
watch_preview(const Declaration *d, ErrorData **error)
{
	Look		look = {d};

	*error = query_attempt(run_look, &look, true);
	return look.differences;
}

/* ---- reporting ---- */

/* A dump is restored by many transactions, each of which leaves the schema short. */
static bool
warn_once(const char *name)
{
	MemoryContext oldcxt;

	if (schema_lists(warned, name))
		return false;
	oldcxt = MemoryContextSwitchTo(TopMemoryContext);
	warned = lappend(warned, pstrdup(name));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

void
watch_forget_warning(const char *name)
{
	ListCell   *lc;

	foreach(lc, warned)
		if (strcmp(lfirst(lc), name) == 0)
			warned = foreach_delete_current(warned, lc);
}

static char *
refusal_hint(const Declaration *d)
{
	return psprintf("Before COMMIT, the view db_adapter.drift shows all differences to the "
					"declaration's owner, \"%s\", who can change it by db_adapter.declare() or "
					"lift it by db_adapter.undeclare(). A superuser can set db_adapter.enforce "
					"to off.",
					GetUserNameFromId(d->owner, false));
}

static void
report_refusal(const Check *check)
{
	const Declaration *d = check->declaration;
	int			errors = diff_count_errors(check->differences);

	ereport(ERROR, (errcode(ERRCODE_INVALID_SCHEMA_DEFINITION),
					errmsg("transaction leaves the schema short of declaration \"%s\"", d->name),
					errdetail_plural("%d difference:\n%s", "%d differences:\n%s", errors, errors,
									 validation_detail(check->differences, WATCH_REPORTED)),
					errhint("%s", refusal_hint(d))));
}

static void
report_warning(const Check *check, const char *reason)
{
	int			errors = diff_count_errors(check->differences);
	char	   *detail = validation_detail(check->differences, WATCH_REPORTED);

	ereport(WARNING, (errcode(ERRCODE_WARNING),
					  errmsg("schema differs from declaration \"%s\"", check->declaration->name),
					  errdetail("%d difference%s:\n%s%s%s", errors, errors == 1 ? "" : "s", detail,
								reason ? "\n" : "", reason ? reason : ""),
					  errhint("The view db_adapter.drift shows all differences.")));
}

/* As many differences as there is room for. */
static char *
make_payload(const Check *check)
{
	JsonWriter	w;
	int			room = WATCH_PAYLOAD_BYTES;
	bool		cut = false;
	Jsonb	   *payload;
	ListCell   *lc;

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "declaration", check->declaration->name);
	json_put_int(&w, "error_count", diff_count_errors(check->differences));
	json_key(&w, "differences");
	json_begin_array(&w);
	foreach(lc, check->differences)
	{
		Difference *d = lfirst(lc);
		JsonWriter	one;
		Jsonb	   *written;

		if (!d->is_error || cut)
			continue;
		json_init(&one);
		validation_write_difference(&one, d);
		written = json_finish(&one);
		room -= strlen(JsonbToCString(NULL, &written->root, VARSIZE(written))) + 2;
		cut = room < 0;
		if (!cut)
			json_container(&w, &written->root);
	}
	json_end_array(&w);
	json_put_bool(&w, "cut", cut);
	json_put_string(&w, "see", "db_adapter.drift");
	json_end_object(&w);
	payload = json_finish(&w);
	return JsonbToCString(NULL, &payload->root, VARSIZE(payload));
}

/* A notification cannot be part of a prepared transaction: then it is a warning. */
static void
report(const Check *check)
{
	const Declaration *d = check->declaration;
	const char *reason;

	if (d == NULL || diff_count_errors(check->differences) == 0)
		return;
	reason = d->mode == MODE_ENFORCE ? reason_not_to_enforce(check) : NULL;
	if (!d->armed)
	{
		if (warn_once(d->name))
			report_warning(check, reason);
	}
	else if (d->mode == MODE_ENFORCE && reason == NULL)
		report_refusal(check);
	else if (d->mode == MODE_NOTIFY && check->may_notify)
		Async_Notify(WATCH_CHANNEL, make_payload(check));
	else
		report_warning(check, reason);
}

/* ---- at the end of a transaction ---- */

static void
read_list(void *arg)
{
	MemoryContext oldcxt = CurrentMemoryContext;

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	MemoryContextSwitchTo(oldcxt);
	*(List **) arg = declaration_list();
	PopActiveSnapshot();
}

static void
warn_broken(const char *what, ErrorData *error)
{
	ereport(WARNING, (errcode(ERRCODE_WARNING), errmsg("could not check %s", what),
					  errdetail("%s", error->message),
					  errhint("The transaction is not held up by it. Declare it anew with "
							  "db_adapter.declare() or remove it with db_adapter.undeclare().")));
}

/* Not of the declarations of others, whose names are nobody's concern while they are met. */
static void
trace_check(const Declaration *d, const char *reason_not)
{
	if (message_level_is_interesting(DEBUG1) && OidIsValid(d->owner) &&
		has_privs_of_role(GetUserId(), d->owner))
		elog(DEBUG1, "declaration \"%s\" is checked%s and %s refuse this transaction%s%s", d->name,
			 d->armed ? "" : ", not armed,", reason_not == NULL ? "may" : "cannot",
			 reason_not == NULL ? "" : ": ", reason_not == NULL ? "" : reason_not);
}

/*
 * Whether to wait is decided by the row as listed, before the lock; whether to refuse,
 * by the row as it is under it.
 */
static void
check_declaration(const Declaration *listed, Touch touch, bool may_notify)
{
	Check		check = {.name = listed->name, .touch = touch, .may_notify = may_notify};
	const char *reason;
	bool		patient;
	ErrorData  *error;

	check.cxt = CurrentMemoryContext;
	reason = reason_not_to_bind(listed, touch);
	check.binds = reason == NULL;
	trace_check(listed, reason);
	patient = check.binds && listed->armed;
	error =
		query_attempt_catching(run_check, &check, true, patient ? 0 : ERRCODE_LOCK_NOT_AVAILABLE);
	if (error == NULL && check.armed_now)
		watch_forget_warning(listed->name);
	else if (error == NULL)
		report(&check);
	else if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		warn_broken(psprintf("declaration \"%s\"", listed->name), error);
}

/*
 * Declarations come sorted by name, so that two transactions take their locks in one
 * order.
 */
static void
check_all(bool may_notify)
{
	MemoryContext cxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter watch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	List	   *declarations = NIL;
	ErrorData  *error = query_attempt(read_list, &declarations, true);
	ListCell   *lc;

	if (error != NULL)
		warn_broken("declarations", error);
	foreach(lc, declarations)
	{
		Declaration *d = lfirst(lc);
		Touch		touch = touched_how(d->schemas);

		CHECK_FOR_INTERRUPTS();
		if (touch != TOUCH_NONE)
			check_declaration(d, touch, may_notify);
	}
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cxt);
}

/*
 * At PRE_COMMIT an error still rolls back.  Nothing is read where nothing was touched,
 * so that a transaction without DDL pays for one look at an empty list.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (touched_any() && enforce && declaration_tables_exist())
				check_all(event == XACT_EVENT_PRE_COMMIT);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			touched_forget();
			break;
		default:
			break;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
					  void *arg)
{
	if (touched_any())
		touched_end_subtransaction(event);
}

/* ---- commands that commit halfway ---- */

/* What such a command takes away, and who says that it is to be there. */
typedef struct Halfway
{
	RangeVar   *name;
	bool		is_index;		/* else a partition */
	const Declaration *broken;	/* NULL: nobody */
} Halfway;

static bool
lists_index(const Schema *schema, const char *nspname, const char *relname)
{
	ListCell   *lc;

	foreach(lc, schema->tables)
	{
		const SchemaTable *table = lfirst(lc);

		if (strcmp(table->object.schema, nspname) == 0 &&
			schema_find_child(table->indexes, relname) != NULL)
			return true;
	}
	foreach(lc, schema->views)
	{
		const SchemaView *view = lfirst(lc);

		if (strcmp(view->object.schema, nspname) == 0 &&
			schema_find_child(view->indexes, relname) != NULL)
			return true;
	}
	return false;
}

static bool
lists_partition(const Schema *schema, const char *nspname, const char *relname)
{
	const SchemaTable *table = schema_find_table(schema, nspname, relname);

	return table != NULL && table->partition_of != NULL;
}

/*
 * Only what would be refused at commit is refused here: the same modes, the same
 * arming, the same owners.
 */
static void
find_broken(void *arg)
{
	Halfway	   *halfway = arg;
	Oid			relation = RangeVarGetRelid(halfway->name, NoLock, true);
	char *nspname = OidIsValid(relation) ? get_namespace_name(get_rel_namespace(relation)) : NULL;
	char	   *relname = OidIsValid(relation) ? get_rel_name(relation) : NULL;
	ListCell   *lc;

	if (nspname == NULL || relname == NULL)
		return;
	foreach(lc, declaration_list())
	{
		const Declaration *d = lfirst(lc);
		const Schema *schema;

		if (d->mode != MODE_ENFORCE || !d->armed || !schema_lists(d->schemas, nspname) ||
			reason_not_to_bind(d, TOUCH_DIRECT) != NULL)
			continue;
		schema = watch_expectation(declaration_find(d->name))->schema;
		if (halfway->is_index ? lists_index(schema, nspname, relname)
							  : lists_partition(schema, nspname, relname))
			halfway->broken = d;
	}
}

/* False for commands that can be refused at commit. */
static bool
read_halfway(Node *stmt, Halfway *halfway)
{
	ListCell   *lc;

	if (IsA(stmt, DropStmt))
	{
		DropStmt   *drop = (DropStmt *) stmt;

		halfway->is_index = true;
		halfway->name = makeRangeVarFromNameList(linitial(drop->objects));
		return drop->concurrent;
	}
	if (!IsA(stmt, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
	{
		AlterTableCmd *cmd = lfirst(lc);

		if (cmd->subtype != AT_DetachPartition)
			continue;
		halfway->name = ((PartitionCmd *) cmd->def)->name;
		return ((PartitionCmd *) cmd->def)->concurrent;
	}
	return false;
}

/* What is broken itself is warned of at commit. */
void
watch_refuse_halfway(Node *stmt)
{
	Halfway		halfway = {0};

	if (!enforce || !read_halfway(stmt, &halfway) || !declaration_tables_exist())
		return;
	(void) query_attempt(find_broken, &halfway, true);
	if (halfway.broken != NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_SCHEMA_DEFINITION),
			 errmsg("command leaves the schema short of declaration \"%s\"", halfway.broken->name),
			 errdetail("It declares %s %s, and the command commits before that is checked.",
					   halfway.is_index ? "index" : "partition",
					   quote_identifier(halfway.name->relname)),
			 errhint("%s", refusal_hint(halfway.broken))));
}

/* ---- the setting ---- */

/* Whoever reads the server's log afterwards shall know. */
static bool
check_enforce(bool *value, void **extra, GucSource source)
{
	if (!*value && source > PGC_S_FILE && source != PGC_S_TEST)
		ereport(LOG, (errmsg("db_adapter.enforce was switched off for a session")));
	return true;
}

void
watch_init(void)
{
	DefineCustomBoolVariable("db_adapter.enforce",
							 "Compares schemas with their declarations when DDL commits.",
							 "Off, no declaration is looked at.", &enforce, true, PGC_SUSET, 0,
							 check_enforce, NULL, NULL);
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
