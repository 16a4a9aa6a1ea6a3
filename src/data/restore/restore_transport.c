/*
 * restore_transport.c
 *	  How a batch gets into a statement, by what the table is.
 *
 * A batch is a named relation of this backend, which costs nothing but which no other
 * server's executor can read.  For a table whose rows are elsewhere, of a foreign server or
 * distributed over several, the batch goes as arrays (query_rows_as_arrays()), and what is
 * looked for is a condition that can be sent: one of the column with all values of the
 * batch.  LATERAL with LIMIT 1, which is best here, would ask once a row there or is refused.
 *
 * db_adapter.restore_transport forces one for all tables: a way to try them against each
 * other.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "data/restore/restore_transport.h"
#include "lib/stringinfo.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

typedef enum Transport
{
	TRANSPORT_AUTO,
	TRANSPORT_RELATION,
	TRANSPORT_ARRAYS
} Transport;

static const struct config_enum_entry transports[] = {{"auto", TRANSPORT_AUTO, false},
													  {"relation", TRANSPORT_RELATION, false},
													  {"arrays", TRANSPORT_ARRAYS, false},
													  {NULL, 0, false}};

static int	transport = TRANSPORT_AUTO;

void
restore_transport_init(void)
{
	DefineCustomEnumVariable("db_adapter.restore_transport",
							 "How restore hands rows to the server's statements.",
							 "auto decides by what the table is.", &transport, TRANSPORT_AUTO,
							 transports, PGC_USERSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
}

static bool
take_one(TupleTableSlot *slot, void *arg)
{
	*(bool *) arg = true;
	return false;
}

/* Citus lists its tables in a catalog of its own. */
static bool
is_distributed(Oid relid)
{
	Oid			types[] = {REGCLASSOID};
	Datum		values[] = {ObjectIdGetDatum(relid)};
	bool		found = false;

	if (!OidIsValid(get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE)))
		return false;
	query_run("SELECT 1 FROM pg_catalog.pg_dist_partition"
			  " WHERE logicalrelid OPERATOR(pg_catalog.=) $1",
			  1, types, values, NULL, true, take_one, &found);
	return found;
}

bool
restore_transport_is_far(const RelationInfo *rel)
{
	return rel->kind == RELKIND_FOREIGN_TABLE || is_distributed(rel->oid);
}

bool
restore_transport_is_arrays(const RestoreTable *t)
{
	return transport == TRANSPORT_ARRAYS || (transport == TRANSPORT_AUTO && t->sql.far);
}

void
restore_transport_begin_probe(StringInfo out, const RestoreTable *t)
{
	appendStringInfoString(out, t->sql.arrays ? "SELECT b.n, 1"
											  : "SELECT b.n, y.* FROM " ROWS_NAME
												" AS b, LATERAL (SELECT 1");
}

void
restore_transport_probe_from(StringInfo out, const RestoreTable *t)
{
	appendStringInfo(out, " FROM %s%s AS x WHERE ", t->sql.arrays ? ROWS_NAME " AS b, " : "",
					 t->table->source);
}

void
restore_transport_narrow(StringInfo out, const RestoreTable *t, int column, bool nullable)
{
	const RelationColumn *c = &t->rel->columns[column];
	char	   *array = t->sql.arrays ? query_rows_array(t->sql.rows, column) : NULL;

	if (array == NULL)
		return;
	appendStringInfo(out, " AND %sx.%s %s ANY (%s)", nullable ? "(" : "", c->quoted,
					 relation_equality(c->basetype), array);
	if (nullable)
		appendStringInfo(out, " OR x.%s IS NULL)", c->quoted);
}

void
restore_transport_end_probe(StringInfo out, const RestoreTable *t, int limit, bool locking)
{
	if (!t->sql.arrays)
		appendStringInfo(out, " LIMIT %d", limit);
	appendStringInfoString(out, locking ? " FOR KEY SHARE OF x" : "");
	if (!t->sql.arrays)
		appendStringInfoString(out, ") AS y");
}
