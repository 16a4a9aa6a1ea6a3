/*
 * expected_outside.c
 *	  A fingerprint of what DDL text may see outside of its own schemas.
 *
 * A row of a catalog that was not rewritten has not changed: oid and xmin stand
 * for its content.  This says "changed" too often, after an ALTER that changed
 * nothing that matters, and never too seldom.
 *
 * A text can only see what it can name.  So of all other schemas those count that its
 * words or its search_path name, and of the rest what has no schema: casts, servers,
 * languages, roles.  The server's own objects change with its version alone, which is
 * part of the cache's key.  An xmin is read raw, so that freezing a row changes nothing;
 * a catalog that is rewritten, as by VACUUM FULL, costs a miss.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "schema/expected/expected_outside.h"
#include "schema/model/schema.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/varlena.h"

typedef struct Outside
{
	List	   *schemas;		/* char *: swapped */
	List	   *words;			/* char *, sorted */
	List	   *path;			/* char *: names in search_path */
	List	   *reachable;		/* oids of the schemas outside that the text may see */
	StringInfoData in;			/* what is hashed */
} Outside;

/* Catalogs of objects that live in a schema. */
static const struct
{
	Oid			catalog;
	AttrNumber	namespace;
	AttrNumber	oid;
} catalogs[] = {
	{RelationRelationId, Anum_pg_class_relnamespace, Anum_pg_class_oid},
	{TypeRelationId, Anum_pg_type_typnamespace, Anum_pg_type_oid},
	{ProcedureRelationId, Anum_pg_proc_pronamespace, Anum_pg_proc_oid},
	{OperatorRelationId, Anum_pg_operator_oprnamespace, Anum_pg_operator_oid},
	{OperatorClassRelationId, Anum_pg_opclass_opcnamespace, Anum_pg_opclass_oid},
	{CollationRelationId, Anum_pg_collation_collnamespace, Anum_pg_collation_oid},
	{TSConfigRelationId, Anum_pg_ts_config_cfgnamespace, Anum_pg_ts_config_oid},
	{TSDictionaryRelationId, Anum_pg_ts_dict_dictnamespace, Anum_pg_ts_dict_oid},
};

/* words may be many: they are sorted. */
static bool
is_word(const Outside *outside, const char *name)
{
	int			low = 0;
	int			high = list_length(outside->words);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = strcmp(list_nth(outside->words, middle), name);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* With its place, since a transaction may write several versions of a row. */
static void
put_row(Outside *outside, Oid oid, HeapTuple tuple)
{
	TransactionId xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);

	appendBinaryStringInfo(&outside->in, (char *) &oid, sizeof(oid));
	appendBinaryStringInfo(&outside->in, (char *) &xmin, sizeof(xmin));
	appendBinaryStringInfo(&outside->in, (char *) &tuple->t_self, sizeof(tuple->t_self));
}

static void
put_text(Outside *outside, const char *text)
{
	if (text != NULL)
		appendStringInfoString(&outside->in, text);
	appendStringInfoChar(&outside->in, '\0');
}

/*
 * The rows that belong to an object: columns of a table, labels of an enum.  They change
 * without a new version of the row that they belong to: renaming a column writes
 * pg_attribute alone.
 */
static void
put_parts(Outside *outside, Oid catalog, Oid index, AttrNumber column, Oid whole)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(whole));
	scan = systable_beginscan(rel, index, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		put_row(outside, whole, tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * The rows of one catalog whose schema the text may see.  The catalog is scanned as a
 * whole, for not all of these have an index by schema; nothing but rows of the schemas
 * reached goes into the hash.
 */
static void
put_catalog(Outside *outside, Oid catalog, AttrNumber namespace, AttrNumber oid)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		isnull;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			schema =
			DatumGetObjectId(heap_getattr(tuple, namespace, RelationGetDescr(rel), &isnull));
		Oid			object;

		if (!list_member_oid(outside->reachable, schema))
			continue;
		CHECK_FOR_INTERRUPTS();
		object = DatumGetObjectId(heap_getattr(tuple, oid, RelationGetDescr(rel), &isnull));
		put_row(outside, object, tuple);
		if (catalog == RelationRelationId)
			put_parts(outside, AttributeRelationId, AttributeRelidNumIndexId,
					  Anum_pg_attribute_attrelid, object);
		else if (catalog == TypeRelationId)
			put_parts(outside, EnumRelationId, EnumTypIdLabelIndexId, Anum_pg_enum_enumtypid,
					  object);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* Every row of a small catalog. */
static void
put_whole(Outside *outside, Oid catalog)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		put_row(outside, catalog, tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* Schemas: those swapped go in themselves, the others the text may see are noted. */
static void
put_schemas(Outside *outside)
{
	Relation	rel = table_open(NamespaceRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_namespace form = (Form_pg_namespace) GETSTRUCT(tuple);
		const char *name = NameStr(form->nspname);

		if (schema_lists(outside->schemas, name))
			/*
			 * The empty schema that takes its place is made with owner, privileges and
			 * comment of this one.  The comment stands in a row of its own.
			 */
			put_text(outside, GetComment(form->oid, NamespaceRelationId, 0));
		else if (IsCatalogNamespace(form->oid) || isAnyTempNamespace(form->oid) ||
				 (!is_word(outside, name) && !schema_lists(outside->path, name)))
			continue;
		else
			outside->reachable = lappend_oid(outside->reachable, form->oid);
		put_row(outside, form->oid, tuple);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * Whether an ALTER OWNER or a GRANT of the text is carried out depends on which of the
 * roles named are there and what the caller may do as them.  Memberships are asked for
 * and not read from their catalog: they may be indirect.
 */
static void
put_roles(Outside *outside)
{
	Relation	rel = table_open(AuthIdRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_authid form = (Form_pg_authid) GETSTRUCT(tuple);

		if (!is_word(outside, NameStr(form->rolname)) && form->oid != GetUserId())
			continue;
		put_text(outside, NameStr(form->rolname));
		appendStringInfo(&outside->in, "%u %d %d", form->oid, form->rolsuper,
						 compat_may_become(GetUserId(), form->oid));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

static bytea *
hash(const StringInfo in)
{
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (uint8 *) in->data, in->len) < 0 ||
		pg_cryptohash_final(context, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a hash");
	pg_cryptohash_free(context);
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	return result;
}

bytea *
outside_fingerprint(List *schemas, List *words, const char *search_path)
{
	Outside		outside = {schemas, words, NIL, NIL};

	initStringInfo(&outside.in);
	/* One that does not parse is refused when it is set. */
	if (!SplitIdentifierString(pstrdup(search_path), ',', &outside.path))
		outside.path = NIL;
	put_schemas(&outside);
	/* With nothing reached, the usual case, no large catalog is read at all. */
	if (outside.reachable != NIL)
		for (int i = 0; i < lengthof(catalogs); i++)
			put_catalog(&outside, catalogs[i].catalog, catalogs[i].namespace, catalogs[i].oid);
	put_whole(&outside, CastRelationId);
	put_whole(&outside, ForeignServerRelationId);
	put_whole(&outside, LanguageRelationId);
	put_roles(&outside);
	return hash(&outside.in);
}
