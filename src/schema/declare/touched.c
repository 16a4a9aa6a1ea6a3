/*
 * touched.c
 *	  Which schemas the open transaction's DDL has touched.
 *
 * Notes are names of schemas, each once, so that they cost nothing however much
 * DDL a transaction runs, and nothing at all for temporary tables.  A command
 * touches the schema of its object directly.  What it may do to others, it does
 * indirectly: cascades drop objects anywhere, a new name prints anew wherever it is
 * referred to, a parent's change descends to its children, and objects without a
 * schema (publications, extensions) show in any document.  Where that cannot be
 * told cheaply, every schema counts as touched indirectly.
 *
 * Both lists come from the server's own functions, called without SQL: it is the
 * backend's notes they return, and no right on them may be missing.
 *
 * It assumes that the event triggers are there and fire; what they do not see (a
 * superuser who has disabled them) is not noted.  It never reads a declaration: whether
 * anybody cares is asked at commit.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/texts.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "schema/model/schema.h"
#include "schema/declare/touched.h"
#include "tcop/deparse_utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

typedef struct TouchedSchema
{
	char	   *name;			/* NULL: every schema */
	bool		directly;
	int			level;			/* of the subtransaction it was noted in */
} TouchedSchema;

/* Of the open transaction, in its context. */
static List *touched = NIL;

/*
 * A note that says more makes a weaker one needless, not the other way round.  The list
 * is short, so it is searched from its start.
 */
static void
note(const char *name, bool directly)
{
	TouchedSchema *entry;
	MemoryContext oldcxt;
	ListCell   *lc;

	foreach(lc, touched)
	{
		entry = lfirst(lc);
		if (entry->directly >= directly &&
			(entry->name == NULL ? name == NULL : name != NULL && strcmp(entry->name, name) == 0))
			return;
	}
	oldcxt = MemoryContextSwitchTo(TopTransactionContext);
	entry = palloc(sizeof(TouchedSchema));
	entry->name = name ? pstrdup(name) : NULL;
	entry->directly = directly;
	entry->level = GetCurrentTransactionNestLevel();
	touched = lappend(touched, entry);
	MemoryContextSwitchTo(oldcxt);
}

static void
note_everything(void)
{
	note(NULL, false);
}

static bool
is_temporary(const char *schema)
{
	return strncmp(schema, "pg_temp", 7) == 0 || strncmp(schema, "pg_toast_temp", 13) == 0;
}

static void
note_schema(const char *schema, bool directly)
{
	if (schema == NULL)
		note_everything();
	else if (!is_temporary(schema))
		note(schema, directly);
}

/* Objects that have no schema of their own but their relation's. */
static bool
is_part_of_relation(Oid class_id)
{
	return class_id == TriggerRelationId || class_id == RewriteRelationId ||
		   class_id == PolicyRelationId || class_id == AttrDefaultRelationId;
}

/* ---- the server's lists ---- */

typedef void (*NoteRow)(TupleTableSlot *slot);

/*
 * What the function returns is the server's note of the command that runs, so it is
 * called while the event trigger is; the context takes all that it leaves.
 */
static void
visit_rows(Oid function, NoteRow visit)
{
	LOCAL_FCINFO(fcinfo, 0);
	MemoryContext cxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter touched", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	ReturnSetInfo result = {.type = T_ReturnSetInfo, .allowedModes = SFRM_Materialize};
	TupleTableSlot *slot;
	FmgrInfo	flinfo;

	fmgr_info(function, &flinfo);
	result.econtext = CreateStandaloneExprContext();
	InitFunctionCallInfoData(*fcinfo, &flinfo, 0, InvalidOid, NULL, (fmNodePtr) &result);
	(void) FunctionCallInvoke(fcinfo);

	slot = MakeSingleTupleTableSlot(result.setDesc, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(result.setResult, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		visit(slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(result.setResult);
	FreeExprContext(result.econtext, true);
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cxt);
}

static Datum
column(TupleTableSlot *slot, int number)
{
	return slot->tts_isnull[number - 1] ? (Datum) 0 : slot->tts_values[number - 1];
}

static char *
column_text(TupleTableSlot *slot, int number)
{
	Datum		value = column(slot, number);

	return value == (Datum) 0 ? NULL : TextDatumGetCString(value);
}

/* ---- commands ---- */

/* Columns of pg_event_trigger_ddl_commands(). */
enum
{
	COMMAND_CLASS = 1,
	COMMAND_OBJECT = 2,
	COMMAND_SCHEMA = 6,
	COMMAND_ITSELF = 9
};

/*
 * A command about a schema itself.  A rename touches both names, and everything that
 * prints the old one.
 */
static void
note_schema_command(const CollectedCommand *command, Oid schema)
{
	if (IsA(command->parsetree, RenameStmt))
	{
		note_schema(((RenameStmt *) command->parsetree)->subname, true);
		note_everything();
	}
	note_schema(get_namespace_name(schema), true);
}

/* The server's identity of a part begins with its relation's schema. */
static void
note_part_of_relation(Oid class_id, Oid object_id)
{
	ObjectAddress address;
	List	   *names = NIL;
	List	   *args = NIL;

	ObjectAddressSet(address, class_id, object_id);
	if (getObjectIdentityParts(&address, &names, &args, true) != NULL)
		note_schema(linitial(names), true);
}

/* An object in a schema, and what else may be touched with it. */
static void
note_object_command(const CollectedCommand *command, Oid class_id, Oid object_id,
					const char *schema)
{
	note_schema(schema, true);
	if (is_temporary(schema))
		return;
	/* SET SCHEMA: the one it came from. */
	if (command->type == SCT_Simple &&
		command->d.simple.secondaryObject.classId == NamespaceRelationId)
		note_schema(get_namespace_name(command->d.simple.secondaryObject.objectId), true);
	if (IsA(command->parsetree, RenameStmt) || IsA(command->parsetree, AlterObjectSchemaStmt) ||
		(class_id == RelationRelationId && has_subclass(object_id)))
		note_everything();
}

/* Privileges have no object in the list, and no error-level difference. */
static void
note_command(TupleTableSlot *slot)
{
	const CollectedCommand *command =
		(CollectedCommand *) DatumGetPointer(column(slot, COMMAND_ITSELF));
	Oid			class_id = DatumGetObjectId(column(slot, COMMAND_CLASS));
	Oid			object_id = DatumGetObjectId(column(slot, COMMAND_OBJECT));
	char	   *schema = column_text(slot, COMMAND_SCHEMA);

	if (schema != NULL)
		note_object_command(command, class_id, object_id, schema);
	else if (class_id == NamespaceRelationId)
		note_schema_command(command, object_id);
	else if (is_part_of_relation(class_id))
		note_part_of_relation(class_id, object_id);
	else if (OidIsValid(class_id))	/* else privileges */
		note_everything();
}

/* What changes no more than owners, privileges, comments or rows: never an error. */
static bool
is_harmless(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_GrantStmt:
		case T_AlterDefaultPrivilegesStmt:
		case T_AlterOwnerStmt:
		case T_CommentStmt:
		case T_SecLabelStmt:
		case T_RefreshMatViewStmt:
		case T_ReindexStmt:
			return true;
		case T_CreateStmt:
			return ((CreateStmt *) stmt)->relation->relpersistence == RELPERSISTENCE_TEMP;
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) stmt)->into->rel->relpersistence == RELPERSISTENCE_TEMP;
		default:
			return false;
	}
}

void
touched_note_command(Node *stmt)
{
	if (!is_harmless(stmt))
		visit_rows(F_PG_EVENT_TRIGGER_DDL_COMMANDS, note_command);
}

/* ---- drops ---- */

/* Columns of pg_event_trigger_dropped_objects(). */
enum
{
	DROP_CLASS = 1,
	DROP_ORIGINAL = 4,
	DROP_TEMPORARY = 6,
	DROP_SCHEMA = 8,
	DROP_NAME = 9,
	DROP_ADDRESS = 11
};

/* The first of an object's names: for a part of a relation, the schema. */
static char *
first_name(Datum names)
{
	List	   *list = names != (Datum) 0 ? texts_from_array(names) : NIL;

	return list != NIL ? linitial(list) : NULL;
}

/*
 * Only what the command named itself is touched directly; what a cascade takes along is
 * not.
 */
static void
note_drop(TupleTableSlot *slot)
{
	Oid			class_id = DatumGetObjectId(column(slot, DROP_CLASS));
	char	   *schema = column_text(slot, DROP_SCHEMA);

	if (DatumGetBool(column(slot, DROP_TEMPORARY)))
		return;
	if (class_id == NamespaceRelationId)
		schema = column_text(slot, DROP_NAME);
	else if (schema == NULL && is_part_of_relation(class_id))
		schema = first_name(column(slot, DROP_ADDRESS));
	note_schema(schema, DatumGetBool(column(slot, DROP_ORIGINAL)));
}

void
touched_note_drops(void)
{
	visit_rows(F_PG_EVENT_TRIGGER_DROPPED_OBJECTS, note_drop);
}

/* ---- answers ---- */

bool
touched_any(void)
{
	return touched != NIL;
}

/* Direct wins: then nothing has to be looked at further. */
Touch
touched_how(List *schemas)
{
	Touch		how = TOUCH_NONE;
	ListCell   *lc;

	foreach(lc, touched)
	{
		TouchedSchema *entry = lfirst(lc);

		if (entry->name != NULL && !schema_lists(schemas, entry->name))
			continue;
		if (entry->directly)
			return TOUCH_DIRECT;
		how = TOUCH_INDIRECT;
	}
	return how;
}

/*
 * On commit a note becomes the parent's, so that it goes if that one rolls back.  The
 * level is still that of the subtransaction which ends.
 */
void
touched_end_subtransaction(SubXactEvent event)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *lc;

	foreach(lc, touched)
	{
		TouchedSchema *entry = lfirst(lc);

		if (entry->level < level)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			entry->level = level - 1;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
			touched = foreach_delete_current(touched, lc);
	}
}

/* The memory goes with the transaction's context. */
void
touched_forget(void)
{
	touched = NIL;
}
