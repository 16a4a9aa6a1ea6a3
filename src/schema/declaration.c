/*
 * declaration.c
 *	  Declarations as they are stored: what a schema is to be, and whether it has been.
 *
 * They stand in two tables that only the extension touches.  pg_dump takes along
 * "declaration", which says what is declared; "declaration_state" belongs to this
 * database: who the owner is, by oid, and which major of the server has seen the
 * schema meet the declaration.  Rows are read under the active snapshot.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "schema/declaration.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static const char *const mode_names[] = {"warn", "notify", "enforce", NULL};

DeclarationMode
declaration_parse_mode(const char *mode)
{
	return (DeclarationMode) json_choose(mode, mode_names, "mode");
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

bool
declaration_tables_exist(void)
{
	return OidIsValid(declaration_table());
}

/* A lock on an object of the table that has no row: nobody else locks these. */
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

static bool
take_declaration(TupleTableSlot *slot, void *arg)
{
	Reading	   *reading = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(reading->cxt);
	Declaration *d = palloc0(sizeof(Declaration));

	slot_getallattrs(slot);
	d->name = TextDatumGetCString(slot->tts_values[0]);
	d->owner = slot->tts_isnull[1] ? InvalidOid : DatumGetObjectId(slot->tts_values[1]);
	d->mode = declaration_parse_mode(TextDatumGetCString(slot->tts_values[2]));
	d->schemas = take_names(slot->tts_values[3]);
	d->armed = DatumGetBool(slot->tts_values[4]);
	if (!slot->tts_isnull[5])
		d->document = DatumGetJsonbPCopy(slot->tts_values[5]);
	reading->declarations = lappend(reading->declarations, d);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

#define DECLARATION_COLUMNS "SELECT name, owner, mode, schemas, armed, "

List *
declaration_list(void)
{
	Reading		reading = {CurrentMemoryContext, NIL};

	query_run_as_owner(DECLARATION_COLUMNS "NULL FROM db_adapter.declared ORDER BY name", 0, NULL,
					   NULL, NULL, true, take_declaration, &reading);
	return reading.declarations;
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

void
declaration_save(const Declaration *d)
{
	Oid			types[] = {TEXTOID, OIDOID, TEXTOID, NAMEARRAYOID, TEXTOID, JSONBOID};
	Datum		values[] = {CStringGetTextDatum(d->name),
					  ObjectIdGetDatum(d->owner),
					  CStringGetTextDatum(declaration_mode_name(d->mode)),
					  names_to_array(d->schemas),
					  CStringGetTextDatum(d->schema_sql),
					  JsonbPGetDatum(d->document)};

	declaration_delete(d->name);
	query_run_as_owner("INSERT INTO db_adapter.declaration"
					   " (name, owner, mode, schemas, schema_sql, document)"
					   " VALUES ($1, pg_catalog.pg_get_userbyid($2), $3, $4, $5, $6)",
					   6, types, values, NULL, false, NULL, NULL);
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
