/*
 * catalog_scan.c
 *	  Passes over the catalogs, and the hashes that join them.
 *
 * All passes of one read share a snapshot, given by catalog.c.  Rows are joined by
 * hashes, never by the system caches: a lookup an object costs more than the whole
 * catalog at once, and sees another moment.  Hashes live in the work context, what
 * goes into the document in the result context; text is built in a scratch context
 * first.  Rows come in the order of the heap, so no pass may count on one that belongs
 * to it having come before.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "base/compat.h"
#include "base/texts.h"
#include "catalog/indexing.h"
#include "catalog/dependency.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"

typedef struct MemberKey
{
	Oid			class;
	Oid			oid;
} MemberKey;

typedef struct CommentKey
{
	Oid			class;
	Oid			oid;
	int32		subid;
} CommentKey;

typedef struct Comment
{
	CommentKey	key;
	char	   *text;
} Comment;

static void
scan(CatalogReader *r, Relation catalog, Oid index, int nkeys, ScanKey keys, CatalogRow row)
{
	SysScanDesc scan =
		systable_beginscan(catalog, index, OidIsValid(index), r->snapshot, nkeys, keys);
	TupleDesc	desc = RelationGetDescr(catalog);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		row(r, tuple, desc);
	}
	systable_endscan(scan);
}

static void
scan_one(CatalogReader *r, Relation catalog, Oid index, AttrNumber column, Oid key, CatalogRow row)
{
	ScanKeyData scankey;

	ScanKeyInit(&scankey, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(key));
	scan(r, catalog, index, 1, &scankey, row);
}

void
catalog_scan(CatalogReader *r, Oid catalog, CatalogRow row)
{
	Relation	rel = table_open(catalog, AccessShareLock);

	scan(r, rel, InvalidOid, 0, NULL, row);
	table_close(rel, AccessShareLock);
}

void
catalog_scan_key(CatalogReader *r, Oid catalog, Oid index, AttrNumber column, Oid key,
				 CatalogRow row)
{
	Relation	rel = table_open(catalog, AccessShareLock);

	scan_one(r, rel, index, column, key, row);
	table_close(rel, AccessShareLock);
}

void
catalog_scan_key2(CatalogReader *r, Oid catalog, Oid index, AttrNumber column1, Oid key1,
				  AttrNumber column2, Oid key2, CatalogRow row)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], column1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(key1));
	ScanKeyInit(&keys[1], column2, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(key2));
	scan(r, rel, index, 2, keys, row);
	table_close(rel, AccessShareLock);
}

/* The catalog is opened once, however many relations are looked up in it. */
void
catalog_scan_relations(CatalogReader *r, Oid catalog, Oid index, AttrNumber column, CatalogRow row)
{
	Relation	rel;
	ListCell   *lc;

	if (!r->selective)
	{
		catalog_scan(r, catalog, row);
		return;
	}
	rel = table_open(catalog, AccessShareLock);
	foreach(lc, r->relation_list)
		scan_one(r, rel, index, column, ((CatalogRelation *) lfirst(lc))->oid, row);
	table_close(rel, AccessShareLock);
}

CatalogRelation *
catalog_find_relation(CatalogReader *r, Oid oid)
{
	/* Rows of one relation come together, also of one that is not read. */
	if (r->last_oid != oid)
	{
		r->last_oid = oid;
		r->last_relation = hash_search(r->relations, &oid, HASH_FIND, NULL);
	}
	return r->last_relation;
}

const char *
catalog_find_namespace(CatalogReader *r, Oid oid)
{
	CatalogNamespace *namespace = hash_search(r->namespaces, &oid, HASH_FIND, NULL);

	return namespace != NULL ? namespace->name : NULL;
}

/* What an extension owns is made by CREATE EXTENSION and is part of no document. */
bool
catalog_is_member(CatalogReader *r, Oid class, Oid oid)
{
	MemberKey	key = {class, oid};

	return hash_search(r->members, &key, HASH_FIND, NULL) != NULL;
}

static void
add_member(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);
	MemberKey	key = {depend->classid, depend->objid};

	if (depend->deptype == DEPENDENCY_EXTENSION)
		hash_search(r->members, &key, HASH_ENTER, NULL);
}

static void
add_extension(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Oid			oid = ((Form_pg_extension) GETSTRUCT(tuple))->oid;

	catalog_scan_key2(r, DependRelationId, DependReferenceIndexId, Anum_pg_depend_refclassid,
					  ExtensionRelationId, Anum_pg_depend_refobjid, oid, add_member);
}

/* Asked of each extension by index: pg_depend is large, and these are few of its rows. */
void
catalog_load_members(CatalogReader *r)
{
	HASHCTL ctl = {.keysize = sizeof(MemberKey), .entrysize = sizeof(MemberKey), .hcxt = r->work};

	r->members = hash_create("extension members", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	catalog_scan(r, ExtensionRelationId, add_extension);
}

/*
 * The server's own objects have thousands of comments; of objects made by
 * initdb only schemas can be read here.
 */
static void
add_comment(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_description form = (Form_pg_description) GETSTRUCT(tuple);
	CommentKey	key = {form->classoid, form->objoid, form->objsubid};
	Comment	   *comment;
	MemoryContext oldcxt;

	if (form->objoid < FirstNormalObjectId && form->classoid != NamespaceRelationId)
		return;
	oldcxt = MemoryContextSwitchTo(r->result);
	comment = hash_search(r->comments, &key, HASH_ENTER, NULL);
	comment->text = catalog_text(tuple, desc, Anum_pg_description_description);
	MemoryContextSwitchTo(oldcxt);
}

void
catalog_load_comments(CatalogReader *r)
{
	HASHCTL ctl = {.keysize = sizeof(CommentKey), .entrysize = sizeof(Comment), .hcxt = r->work};

	r->comments = hash_create("comments", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	catalog_scan(r, DescriptionRelationId, add_comment);
	/* Most objects have none: then nobody need look. */
	if (hash_get_num_entries(r->comments) == 0)
		r->comments = NULL;
}

/* Shared: the text is not copied for who asks. */
char *
catalog_comment(CatalogReader *r, Oid class, Oid oid, int subid)
{
	CommentKey	key = {class, oid, subid};
	Comment	   *comment;

	if (r->comments == NULL)
		return NULL;
	comment = hash_search(r->comments, &key, HASH_FIND, NULL);
	return comment != NULL ? comment->text : NULL;
}

char *
catalog_text(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

List *
catalog_text_array(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NIL : texts_from_array(value);
}

/* A one-dimensional array without nulls, as the catalogs keep them. */
static void *
fixed_array(HeapTuple tuple, TupleDesc desc, AttrNumber column, int *count)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);
	ArrayType  *array;

	*count = 0;
	if (isnull)
		return NULL;
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array))
		return NULL;
	*count = ARR_DIMS(array)[0];
	return ARR_DATA_PTR(array);
}

int16 *
catalog_int2_array(HeapTuple tuple, TupleDesc desc, AttrNumber column, int *count)
{
	return fixed_array(tuple, desc, column, count);
}

Oid *
catalog_oid_array(HeapTuple tuple, TupleDesc desc, AttrNumber column, int *count)
{
	return fixed_array(tuple, desc, column, count);
}

/*
 * Text is put together in the scratch context and kept at its exact length: a
 * StringInfo's spare room, a hundred thousand times, would outweigh the rest.
 *
 * Nothing that deparses may be called before catalog_end_text(): it would reset the
 * scratch context under the text.
 */
void
catalog_begin_text(CatalogReader *r, StringInfo text)
{
	MemoryContextSwitchTo(r->scratch);
	initStringInfo(text);
}

char *
catalog_end_text(CatalogReader *r, StringInfo text)
{
	char	   *kept;

	MemoryContextSwitchTo(r->result);
	kept = pnstrdup(text->data, text->len);
	MemoryContextReset(r->scratch);
	return kept;
}

/*
 * Called past the function manager, since no right on it may be missing; the scratch
 * context takes what the deparser leaves.
 */
char *
catalog_call(CatalogReader *r, PGFunction function, FunctionCallInfo fcinfo)
{
	Datum		value;
	char	   *result;

	MemoryContextSwitchTo(r->scratch);
	value = function(fcinfo);
	/* They return null for an object that is gone; catalog_read() starts anew. */
	if (fcinfo->isnull)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("an object was dropped while the schema was read")));
	MemoryContextSwitchTo(r->result);
	result = TextDatumGetCString(value);
	MemoryContextReset(r->scratch);
	return result;
}

char *
catalog_deparse(CatalogReader *r, PGFunction function, Oid oid)
{
	LOCAL_FCINFO(fcinfo, 1);

	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(oid);
	fcinfo->args[0].isnull = false;
	return catalog_call(r, function, fcinfo);
}

char *
catalog_expression(CatalogReader *r, HeapTuple tuple, TupleDesc desc, AttrNumber column,
				   Oid relation)
{
	LOCAL_FCINFO(fcinfo, 2);
	bool		isnull;
	Datum		tree = heap_getattr(tuple, column, desc, &isnull);

	if (isnull)
		return NULL;
	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = tree;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = ObjectIdGetDatum(relation);
	fcinfo->args[1].isnull = false;
	return catalog_call(r, pg_get_expr, fcinfo);
}
