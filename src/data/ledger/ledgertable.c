/*
 * ledgertable.c
 *	  A table as the ledger names it: a number here, a name everywhere else.
 *
 * As regclass, so that a dump has the name and finds the table by it where it is restored.
 * But a name that is not there is no error: logical replication of all tables brings rows
 * of the ledger to databases that need not have the table, and they are left out only
 * after they were read.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(db_adapter_ledger_table_in);

/* A number is what a table that was dropped is called: here it would be another's. */
Datum
db_adapter_ledger_table_in(PG_FUNCTION_ARGS)
{
	char	   *name = pstrdup(PG_GETARG_CSTRING(0));
	List	   *parts;
	Oid			namespace;

	if (strspn(name, "0123456789") == strlen(name) || !SplitIdentifierString(name, '.', &parts))
		PG_RETURN_OID(InvalidOid);
	if (list_length(parts) == 1)
		PG_RETURN_OID(RelnameGetRelid(linitial(parts)));
	namespace = list_length(parts) == 2 ? get_namespace_oid(linitial(parts), true) : InvalidOid;
	PG_RETURN_OID(OidIsValid(namespace) ? get_relname_relid(lsecond(parts), namespace)
										: InvalidOid);
}

PG_FUNCTION_INFO_V1(db_adapter_ledger_table_out);

Datum
db_adapter_ledger_table_out(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(regclassout, PG_GETARG_DATUM(0));
}
