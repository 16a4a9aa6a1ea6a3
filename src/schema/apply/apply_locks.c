/*
 * apply_locks.c
 *	  The locks of a plan's steps, taken before the first.
 *
 * Steps stand in the order of their dependencies, so they would lock tables in an
 * order of their own.  A dump locks every table too, by oid: each would hold what the
 * other waits for, and one would be chosen to die.  Whoever takes strong locks by oid
 * as well, before he holds any, waits and is waited for, and no more.  Rows that a step
 * may lose are then put aside when nobody can write any more.
 *
 * What is not known here is locked by its step, as it always was: an order that is
 * missed costs no more than it did.  A relation that the current user has no right to
 * alter is left to the step, which refuses before it locks.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "schema/apply/apply_locks.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

typedef struct WantedLock
{
	Oid			relid;
	LOCKMODE	mode;
	int			command;		/* the first that wants it so; set by locks_take() */
} WantedLock;

/*
 * Asked before any lock, as the server does: who has no right on a table must not be
 * able to hold up others who use it.
 */
static bool
may_alter(Oid relid, char *kind)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		result = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		*kind = form->relkind;
		result = has_privs_of_role(GetUserId(), form->relowner);
		ReleaseSysCache(tuple);
	}
	return result;
}

/*
 * One lock a relation, the strongest that a command wants.  Modes are no ladder: where
 * a weaker number does not lie within a greater one (SHARE UPDATE EXCLUSIVE in SHARE)
 * the step takes it in addition.  The member command is -1 until locks_take() knows
 * whose wish it was.
 */
static void
want(List **wanted, Oid relid, LOCKMODE mode)
{
	WantedLock *lock;
	ListCell   *lc;
	char		kind;

	if (!OidIsValid(relid) || !may_alter(relid, &kind))
		return;
	/* An index goes with its table, which is what others lock. */
	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
		relid = IndexGetRelation(relid, true);
	if (!OidIsValid(relid))
		return;					/* dropped in between: the step will tell */
	foreach(lc, *wanted)
	{
		lock = lfirst(lc);
		if (lock->relid == relid)
		{
			if (mode > lock->mode)
			{
				lock->mode = mode;
				lock->command = -1;
			}
			return;
		}
	}
	lock = palloc(sizeof(WantedLock));
	lock->relid = relid;
	lock->mode = mode;
	lock->command = -1;
	*wanted = lappend(*wanted, lock);
}

/*
 * Without a lock, so the answer may be outdated when the lock comes: then the step
 * finds out.
 */
static Oid
find(const RangeVar *name)
{
	return name != NULL ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
}

/* With all tables below it, as ALTER TABLE goes down. */
static void
want_tree(List **wanted, Oid relid, LOCKMODE mode)
{
	ListCell   *lc;

	if (!OidIsValid(relid))
		return;
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		want(wanted, lfirst_oid(lc), mode);
}

/*
 * A foreign key that goes takes its triggers from both tables.  The relation is locked
 * in the weakest mode, and only for the look at its keys.
 */
static void
want_referenced(List **wanted, Oid relid)
{
	Relation	rel;
	ListCell   *lc;

	if (!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_INDEX)
		return;
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return;
	foreach(lc, RelationGetFKeyList(rel))
		want(wanted, ((ForeignKeyCacheInfo *) lfirst(lc))->confrelid, AccessExclusiveLock);
	relation_close(rel, AccessShareLock);
}

/*
 * A foreign key that is added takes its lock on both tables; columns and constraints
 * that go may take foreign keys along.
 */
static void
want_for_alter(List **wanted, AlterTableStmt *stmt)
{
	Oid			relid = find(stmt->relation);
	ListCell   *lc;

	want_tree(wanted, relid, AlterTableGetLockLevel(stmt->cmds));
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddConstraint && IsA(cmd->def, Constraint))
			want(wanted, find(((Constraint *) cmd->def)->pktable), ShareRowExclusiveLock);
		else if (cmd->subtype == AT_DropConstraint || cmd->subtype == AT_DropColumn)
			want_referenced(wanted, relid);
		else if (cmd->subtype == AT_AttachPartition || cmd->subtype == AT_DetachPartition)
			want_tree(wanted, find(((PartitionCmd *) cmd->def)->name), AccessExclusiveLock);
	}
}

static void
want_for_drop(List **wanted, DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		Oid			relid;

		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_INDEX:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
				relid = find(makeRangeVarFromNameList(lfirst(lc)));
				want_referenced(wanted, relid);
				want_tree(wanted, relid, AccessExclusiveLock);
				break;
			case OBJECT_TRIGGER:
			case OBJECT_POLICY:
			case OBJECT_RULE:
				want(wanted,
					 find(makeRangeVarFromNameList(
						 list_truncate(list_copy(lfirst(lc)), list_length(lfirst(lc)) - 1))),
					 AccessExclusiveLock);
				break;
			default:
				return;
		}
	}
}

static void
want_for(List **wanted, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			want_for_alter(wanted, (AlterTableStmt *) stmt);
			break;
		case T_DropStmt:
			want_for_drop(wanted, (DropStmt *) stmt);
			break;
		case T_RenameStmt:
			want_tree(wanted, find(((RenameStmt *) stmt)->relation), AccessExclusiveLock);
			break;
		case T_AlterObjectSchemaStmt:
			want(wanted, find(((AlterObjectSchemaStmt *) stmt)->relation), AccessExclusiveLock);
			break;
		case T_IndexStmt:
			want_tree(wanted, find(((IndexStmt *) stmt)->relation), ShareLock);
			break;
		case T_CreateTrigStmt:
			want_tree(wanted, find(((CreateTrigStmt *) stmt)->relation), ShareRowExclusiveLock);
			break;
		case T_RuleStmt:
			want(wanted, find(((RuleStmt *) stmt)->relation), AccessExclusiveLock);
			break;
		case T_CreatePolicyStmt:
			want(wanted, find(((CreatePolicyStmt *) stmt)->table), AccessExclusiveLock);
			break;
		case T_AlterPolicyStmt:
			want(wanted, find(((AlterPolicyStmt *) stmt)->table), AccessExclusiveLock);
			break;
		case T_RefreshMatViewStmt:
			want(wanted, find(((RefreshMatViewStmt *) stmt)->relation), AccessExclusiveLock);
			break;
		default:
			break;
	}
}

static int
compare_oids(const ListCell *a, const ListCell *b)
{
	Oid			left = ((WantedLock *) lfirst(a))->relid;
	Oid			right = ((WantedLock *) lfirst(b))->relid;

	return left < right ? -1 : left > right;
}

/*
 * A relation that was dropped since is locked all the same, by an oid that nobody uses;
 * its step says that it is gone.
 */
void
locks_take(List *commands, int *wanting)
{
	List	   *wanted = NIL;
	ListCell   *lc;

	foreach(lc, commands)
	{
		ListCell   *new;

		want_for(&wanted, lfirst(lc));
		foreach(new, wanted)
			if (((WantedLock *) lfirst(new))->command < 0)
				((WantedLock *) lfirst(new))->command = foreach_current_index(lc);
	}
	list_sort(wanted, compare_oids);
	foreach(lc, wanted)
	{
		const WantedLock *lock = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		*wanting = lock->command;
		LockRelationOid(lock->relid, lock->mode);
	}
}
