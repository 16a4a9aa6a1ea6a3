/*
 * relation_owner.c
 *	  Who owns what, by the catalogs' own word.
 *
 * Apart from the facts about relations, because the guard on calls asks it too, and
 * reading the facts asks the guard.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/syscache.h"

/* InvalidOid for one that is gone: it may have been dropped while we were told of it. */
Oid
relation_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/* InvalidOid: they are several roles', so that no one of them can be acted as. */
Oid
relation_tree_owner(Oid relid)
{
	Oid			owner = relation_owner(relid);
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
		if (relation_owner(lfirst_oid(lc)) != owner)
			return InvalidOid;
	return owner;
}

Oid
relation_type_owner(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	return owner;
}

Oid
relation_operator_owner(Oid oper)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(oper));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", oper);
	owner = ((Form_pg_operator) GETSTRUCT(tuple))->oprowner;
	ReleaseSysCache(tuple);
	return owner;
}
