/*
 * relation_rules.c
 *	  Rules of a relation that rewrite what is written to it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "base/compat.h"
#include "base/relation.h"
#include "catalog/indexing.h"
#include "catalog/pg_rewrite.h"
#include "commands/trigger.h"
#include "rewrite/rewriteDefine.h"
#include "utils/fmgroids.h"

/* Whether it is in force where rows are written; that of a view's own query is none. */
static bool
rewrites(Form_pg_rewrite form)
{
	bool		replica = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;

	/* the events are those of CmdType, as characters */
	return (form->ev_type == '0' + CMD_INSERT || form->ev_type == '0' + CMD_UPDATE) &&
		   form->ev_enabled != RULE_DISABLED &&
		   form->ev_enabled != (replica ? RULE_FIRES_ON_ORIGIN : RULE_FIRES_ON_REPLICA);
}

List *
relation_rules(Oid relid)
{
	Relation	rel = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *names = NIL;

	ScanKeyInit(&key, Anum_pg_rewrite_ev_class, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, RewriteRelRulenameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_rewrite form = (Form_pg_rewrite) GETSTRUCT(tuple);

		if (rewrites(form))
			names = lappend(names, pstrdup(NameStr(form->rulename)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return names;
}
