/*
 * ledger.c
 *	  Where rows were born: which key a row of another database has here.
 *
 * It assumes nothing of whom it serves but that they asked for the right: statements run
 * as the extension's owner, on tables that nobody else can write, and none of them calls
 * anything but the server's functions.  Texts that come from a file are values.
 *
 * What a set's id is made of is the same everywhere, so that entries of two databases
 * that are put together do not meet.  It is never computed to find a set: tables are
 * renamed, and another may have the name then.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/origin.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "data/ledger/ledger.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#define SET_COLUMNS "set, origin::text, tenant, high, kept"

bool
ledger_is_here(void)
{
	Oid			namespace = get_namespace_oid("db_adapter", true);

	return OidIsValid(namespace) && OidIsValid(get_relname_relid("ledger", namespace));
}

/* --- sets */

typedef struct SetSearch
{
	MemoryContext cxt;
	Oid			table;
	List	   *sets;
} SetSearch;

static int64
number_or_none(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? PG_INT64_MIN : DatumGetInt64(value);
}

static bool
take_set(TupleTableSlot *slot, void *arg)
{
	SetSearch  *search = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(search->cxt);
	LedgerSet  *set = palloc0(sizeof(LedgerSet));
	bool		isnull;
	Datum		tenant = slot_getattr(slot, 3, &isnull);

	set->table = search->table;
	set->known = true;
	set->tenant = isnull ? NULL : TextDatumGetCString(tenant);
	set->id = *DatumGetUUIDP(slot_getattr(slot, 1, &isnull));
	set->origin = TextDatumGetCString(slot_getattr(slot, 2, &isnull));
	set->high = number_or_none(slot, 4);
	set->top = PG_INT64_MIN;
	set->kept = number_or_none(slot, 5);
	search->sets = lappend(search->sets, set);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

LedgerSet *
ledger_set_find(Oid table, const char *origin, const char *tenant, bool latest)
{
	SetSearch	search = {CurrentMemoryContext, table};
	Oid			types[] = {REGCLASSOID, TEXTOID, TEXTOID};
	Datum		values[] = {ObjectIdGetDatum(table), CStringGetTextDatum(origin), (Datum) 0};
	LedgerSet  *set;

	if (tenant != NULL)
		values[2] = CStringGetTextDatum(tenant);
	query_run_as_owner("SELECT " SET_COLUMNS " FROM db_adapter.ledger_set"
					   " WHERE \"table\" = $1 AND origin = $2::uuid"
					   " AND tenant IS NOT DISTINCT FROM $3",
					   3, types, values, tenant != NULL ? NULL : "  n", !latest, take_set, &search);
	if (search.sets != NIL)
		return linitial(search.sets);
	set = palloc0(sizeof(LedgerSet));
	set->table = table;
	set->origin = pstrdup(origin);
	set->tenant = tenant != NULL ? pstrdup(tenant) : NULL;
	set->high = set->top = set->kept = PG_INT64_MIN;
	return set;
}

/* Entries without their set were not found before: what has come of their rows is not known. */
static void
refuse_entries(const LedgerSet *set)
{
	Oid			type = UUIDOID;
	Datum		value = UUIDPGetDatum(&set->id);

	if (query_run_as_owner("SELECT 1 FROM db_adapter.ledger WHERE set = $1 LIMIT 1", 1, &type,
						   &value, NULL, false, NULL, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the ledger has rows from %s of a set that it has not", set->origin),
				 errhint("SELECT db_adapter.forget() forgets where rows came from; restores make "
						 "them anew then.")));
}

/*
 * Another restore may make it at the same time: then it is that one's.  Where the id is a
 * set's of another table, which had the name before, it gets one that nothing is made of.
 */
void
ledger_set_make(LedgerSet *set)
{
	Oid			types[] = {REGCLASSOID, TEXTOID, TEXTOID};
	Datum values[] = {ObjectIdGetDatum(set->table), CStringGetTextDatum(set->origin), (Datum) 0};
	LedgerSet  *made;

	if (set->tenant != NULL)
		values[2] = CStringGetTextDatum(set->tenant);
	set->fresh =
		query_run_as_owner(
			"INSERT INTO db_adapter.ledger_set (set, origin, \"table\", tenant)"
			" SELECT CASE WHEN EXISTS (SELECT FROM db_adapter.ledger_set o WHERE o.set = n.id)"
			"             THEN gen_random_uuid() ELSE n.id END, $2::uuid, $1, $3"
			"   FROM (SELECT " ORIGIN_SET_ID("$2", "$1", "$3") ") AS n (id)"
															   " ON CONFLICT DO NOTHING",
			3, types, values, set->tenant != NULL ? NULL : "  n", false, NULL, NULL) > 0;
	made = ledger_set_find(set->table, set->origin, set->tenant, true);
	if (!made->known)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize with another restore of rows from %s", set->origin)));
	set->known = true;
	set->id = made->id;
	if (set->fresh)
		refuse_entries(set);
	set->high = made->high;
	set->kept = made->kept;
}

void
ledger_set_raise(LedgerSet *set)
{
	Oid			types[] = {UUIDOID, INT8OID};
	Datum		values[] = {UUIDPGetDatum(&set->id), Int64GetDatum(set->top)};

	if (!set->known || set->top <= set->high)
		return;
	query_run_as_owner("UPDATE db_adapter.ledger_set SET high = $2"
					   " WHERE set = $1 AND (high IS NULL OR high < $2)",
					   2, types, values, NULL, false, NULL, NULL);
	set->high = set->top;
}

List *
ledger_sets(Oid table, bool latest)
{
	SetSearch	search = {CurrentMemoryContext, table};
	Oid			type = REGCLASSOID;
	Datum		value = ObjectIdGetDatum(table);

	query_run_as_owner("SELECT " SET_COLUMNS " FROM db_adapter.ledger_set"
					   " WHERE \"table\" = $1 AND tenant IS NULL ORDER BY kept, origin",
					   1, &type, &value, NULL, !latest, take_set, &search);
	return search.sets;
}

static bool
take_number(TupleTableSlot *slot, void *arg)
{
	*(int64 *) arg = number_or_none(slot, 1);
	return false;
}

int64
ledger_highest(Oid table)
{
	Oid			type = REGCLASSOID;
	Datum		value = ObjectIdGetDatum(table);
	int64		highest = PG_INT64_MIN;

	query_run_as_owner("SELECT max(high) FROM db_adapter.ledger_set WHERE \"table\" = $1", 1, &type,
					   &value, NULL, false, take_number, &highest);
	return highest;
}

/* --- entries */

/*
 * Plans are made while the ledger is small and run while it grows: never by a scan of the
 * whole, and never anew.
 */
static int
pin_plans(void)
{
	int			nestlevel = query_pin(PIN_PATH);

	query_set("enable_seqscan", "off");
	query_set("enable_hashjoin", "off");
	query_set("enable_mergejoin", "off");
	query_set("jit", "off");
	query_set("plan_cache_mode", "force_generic_plan");
	return nestlevel;
}

static Datum
text_array(char **texts, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		values[i] = CStringGetTextDatum(texts[i]);
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

void
ledger_find(const LedgerSet *set, char **sources, int count, QueryRow row, void *arg)
{
	static QueryPlan *plan = NULL;
	Oid			types[] = {UUIDOID, TEXTARRAYOID};
	Datum		values[] = {UUIDPGetDatum(&set->id), text_array(sources, count)};
	int			nestlevel = pin_plans();

	query_execute_as_owner(&plan,
						   "SELECT source, key FROM db_adapter.ledger"
						   " WHERE set = $1 AND source = ANY ($2)",
						   2, types, values, NULL, false, row, arg);
	query_unpin(nestlevel);
}

void
ledger_read(const LedgerSet *set, QueryRow row, void *arg)
{
	Oid			type = UUIDOID;
	Datum		value = UUIDPGetDatum(&set->id);

	query_run_as_owner("SELECT source, key FROM db_adapter.ledger WHERE set = $1", 1, &type, &value,
					   NULL, true, row, arg);
}

void
ledger_put(const LedgerSet *set, char **sources, char **keys, int count)
{
	static QueryPlan *plan = NULL;
	Oid			types[] = {UUIDOID, TEXTARRAYOID, TEXTARRAYOID};
	Datum values[] = {UUIDPGetDatum(&set->id), text_array(sources, count), text_array(keys, count)};
	int			nestlevel = pin_plans();

	query_execute_as_owner(&plan,
						   "INSERT INTO db_adapter.ledger (set, source, key)"
						   " SELECT $1, e.source, e.key"
						   "   FROM unnest($2, $3) AS e (source, key)"
						   " ON CONFLICT (set, source) DO UPDATE SET key = excluded.key",
						   3, types, values, NULL, false, NULL, NULL);
	query_unpin(nestlevel);
}

void
ledger_clear(Oid table, char **keys, int count)
{
	static QueryPlan *plan = NULL;
	Oid			types[] = {REGCLASSOID, TEXTARRAYOID};
	Datum		values[] = {ObjectIdGetDatum(table), text_array(keys, count)};
	int			nestlevel = pin_plans();

	query_execute_as_owner(&plan,
						   "DELETE FROM db_adapter.ledger"
						   " WHERE set IN (SELECT s.set FROM db_adapter.ledger_set s"
						   "                WHERE s.\"table\" = $1)"
						   "   AND key = ANY ($2)",
						   2, types, values, NULL, false, NULL, NULL);
	query_unpin(nestlevel);
}

/* --- forgetting */

PG_FUNCTION_INFO_V1(db_adapter_forget);

/* A set that says which rows a copy came with goes too: they are this database's own then. */
Datum
db_adapter_forget(PG_FUNCTION_ARGS)
{
	Oid			types[] = {UUIDOID, REGCLASSOID};
	Datum		values[2];
	char		nulls[3] = "  ";
	int64		forgotten = 0;

	query_refuse_standby("db_adapter.forget()");
	for (int i = 0; i < 2; i++)
	{
		values[i] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	query_run_as_owner("WITH s AS (DELETE FROM db_adapter.ledger_set"
					   "            WHERE ($1 IS NULL OR origin = $1)"
					   "              AND ($2 IS NULL OR \"table\" = $2) RETURNING set),"
					   "     e AS (DELETE FROM db_adapter.ledger l"
					   "            WHERE l.set IN (SELECT s.set FROM s)"
					   "               OR ($1 IS NULL AND $2 IS NULL) RETURNING 1)"
					   "SELECT count(*) FROM e",
					   2, types, values, nulls, false, take_number, &forgotten);
	PG_RETURN_INT64(forgotten);
}
