/*
 * declaration.c
 *	  Declarations as they are stored: what a schema is to be, and whether it has been.
 *
 * They stand in two tables that only the extension touches.  pg_dump takes along
 * "declaration", which says what is declared; "declaration_state" belongs to this
 * database: who the owner is, by oid, and which major of the server has seen the schema
 * meet the declaration.  Rows are read under the active snapshot.
 *
 * It assumes that who calls has checked rights: the tables are read and written as the
 * extension's owner.  A mode that makes no sense is read as the one that holds nobody
 * up, since rows come with dumps.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "schema/declare/declaration.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static const char *const mode_names[] = {
	[MODE_WARN] = "warn", [MODE_NOTIFY] = "notify", [MODE_ENFORCE] = "enforce", NULL};

DeclarationMode
declaration_parse_mode(const char *mode)
{
	return (DeclarationMode) argument_choose(mode, mode_names, "mode");
}

const char *
declaration_mode_name(DeclarationMode mode)
{
	return mode_names[mode];
}

static Oid
declaration_table(void)
{
	Oid			namespace = get_namespace_oid("db_adapter", true);

	return OidIsValid(namespace) ? get_relname_relid("declaration", namespace) : InvalidOid;
}

/*
 * They are missing in a database where the library is loaded and the extension is not
 * there, or is just being dropped.
 */
bool
declaration_tables_exist(void)
{
	return OidIsValid(declaration_table());
}

/*
 * A lock on an object of the table that has no row: nobody else locks these.  Two names
 * of one hash only wait for each other.  The lock lasts until the transaction ends.
 */
void
declaration_lock(const char *name)
{
	LockDatabaseObject(declaration_table(), hash_bytes((const unsigned char *) name, strlen(name)),
					   0, ExclusiveLock);
}

/* ---- reading ---- */

typedef struct Reading
{
	MemoryContext cxt;
	List	   *declarations;
} Reading;

static List *
take_names(Datum array)
{
	Datum	   *values;
	int			count;
	List	   *names = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &values, NULL, &count);
	for (int i = 0; i < count; i++)
		names = lappend(names, pstrdup(NameStr(*DatumGetName(values[i]))));
	return names;
}

/* One that cannot be holds nobody up. */
static DeclarationMode
mode_of_row(const char *mode)
{
	for (int i = 0; mode_names[i] != NULL; i++)
		if (strcmp(mode, mode_names[i]) == 0)
			return (DeclarationMode) i;
	return MODE_WARN;
}

/*
 * An owner that is null is a role that does not exist here: the declaration binds
 * nobody.  The document is null where it was not asked for.
 */
static bool
take_declaration(TupleTableSlot *slot, void *arg)
{
	Reading	   *reading = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(reading->cxt);
	Declaration *d = palloc0(sizeof(Declaration));

	slot_getallattrs(slot);
	d->name = TextDatumGetCString(slot->tts_values[0]);
	d->owner = slot->tts_isnull[1] ? InvalidOid : DatumGetObjectId(slot->tts_values[1]);
	d->mode = mode_of_row(TextDatumGetCString(slot->tts_values[2]));
	d->schemas = take_names(slot->tts_values[3]);
	d->relations = DatumGetInt64(slot->tts_values[4]);
	d->constraints = DatumGetInt64(slot->tts_values[5]);
	d->armed = DatumGetBool(slot->tts_values[6]);
	if (!slot->tts_isnull[7])
		d->document = DatumGetJsonbPCopy(slot->tts_values[7]);
	reading->declarations = lappend(reading->declarations, d);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

#define DECLARATION_COLUMNS "SELECT name, owner, mode, schemas, relations, constraints, armed, "

/*
 * Without the documents, which are large: this is read at each commit that had DDL. The
 * plan is kept for the session.
 */
List *
declaration_list(void)
{
	static QueryPlan *query = NULL;
	Reading		reading = {CurrentMemoryContext, NIL};

	query_read_as_owner(&query, DECLARATION_COLUMNS "NULL FROM db_adapter.declared ORDER BY name",
						take_declaration, &reading);
	return reading.declarations;
}

/* By the list's plan, which is there already. */
Declaration *
declaration_look(const char *name)
{
	ListCell   *lc;

	foreach(lc, declaration_list())
	{
		Declaration *d = lfirst(lc);

		if (strcmp(d->name, name) == 0)
			return d;
	}
	return NULL;
}

Declaration *
declaration_find(const char *name)
{
	Reading		reading = {CurrentMemoryContext, NIL};
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};

	query_run_as_owner(DECLARATION_COLUMNS "document FROM db_adapter.declared WHERE name = $1", 1,
					   types, values, NULL, true, take_declaration, &reading);
	return reading.declarations == NIL ? NULL : linitial(reading.declarations);
}

/* ---- writing ---- */

static void
run_with_name(const char *sql, const char *name)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};

	query_run_as_owner(sql, 1, types, values, NULL, false, NULL, NULL);
}

static Datum
names_to_array(List *names)
{
	Datum	   *values = palloc(sizeof(Datum) * (list_length(names) + 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, names)
	{
		Name		name = palloc(sizeof(NameData));

		namestrcpy(name, lfirst(lc));
		values[count++] = NameGetDatum(name);
	}
	return PointerGetDatum(
		construct_array(values, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

/*
 * By name for dumps, by oid for this database, where a role may be renamed.  What was
 * armed is armed no more: the new document has yet to be met.
 */
void
declaration_save(const Declaration *d)
{
	Oid types[] = {TEXTOID, OIDOID, TEXTOID, NAMEARRAYOID, TEXTOID, JSONBOID, INT8OID, INT8OID};
	Datum		values[] = {CStringGetTextDatum(d->name),
					  ObjectIdGetDatum(d->owner),
					  CStringGetTextDatum(declaration_mode_name(d->mode)),
					  names_to_array(d->schemas),
					  CStringGetTextDatum(d->schema_sql),
					  JsonbPGetDatum(d->document),
					  Int64GetDatum(d->relations),
					  Int64GetDatum(d->constraints)};

	declaration_delete(d->name);
	query_run_as_owner("INSERT INTO db_adapter.declaration"
					   " (name, owner, mode, schemas, schema_sql, document, relations, constraints)"
					   " VALUES ($1, pg_catalog.pg_get_userbyid($2), $3, $4, $5, $6, $7, $8)",
					   8, types, values, NULL, false, NULL, NULL);
	query_run_as_owner("INSERT INTO db_adapter.declaration_state (name, owner) VALUES ($1, $2)", 2,
					   types, values, NULL, false, NULL, NULL);
}

/* One that came with a dump has no state here yet: its owner is known by name. */
void
declaration_arm(const char *name)
{
	run_with_name("INSERT INTO db_adapter.declaration_state (name, owner, armed_major)"
				  " SELECT name, owner, current_setting('server_version_num')::int / 10000"
				  "   FROM db_adapter.declared WHERE name = $1"
				  " ON CONFLICT (name) DO UPDATE SET armed_major = excluded.armed_major",
				  name);
}

void
declaration_delete(const char *name)
{
	run_with_name("DELETE FROM db_adapter.declaration WHERE name = $1", name);
	run_with_name("DELETE FROM db_adapter.declaration_state WHERE name = $1", name);
}
