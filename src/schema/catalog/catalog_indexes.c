/*
 * catalog_indexes.c
 *	  Indexes: pg_index.
 *
 * The definition is the text of pg_get_indexdef().  For an index on plain
 * columns it is put together here from what has been read already: the server
 * would look up each part again, and there are as many indexes as tables.
 *
 * It assumes that relations and columns have been read.  What has an expression, a
 * predicate, options or options of an operator class is asked of the server, whose text
 * it is; an index that is not live is being dropped and is none.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/tablespace.h"
#include "nodes/nodeFuncs.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"

/* One index while it is read. */
typedef struct IndexSource
{
	Form_pg_index form;
	CatalogRelation *rel;		/* of the index */
	CatalogRelation *table;		/* on which it stands */
	Oid		   *collations;
	Oid		   *classes;
	int16	   *options;
	List	   *expressions;	/* nodes */
} IndexSource;

/* The n-th key as the server prints it, without collation, class and order. */
static char *
deparse_key(CatalogReader *r, Oid index, int n)
{
	LOCAL_FCINFO(fcinfo, 3);

	InitFunctionCallInfoData(*fcinfo, NULL, 3, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(index);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = Int32GetDatum(n);
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = BoolGetDatum(false);
	fcinfo->args[2].isnull = false;
	return catalog_call(r, pg_get_indexdef_ext, fcinfo);
}

/* Ascending with nulls last is the default, descending with nulls first. */
static void
append_order(StringInfo out, int16 option)
{
	if (option & INDOPTION_DESC)
	{
		appendStringInfoString(out, " DESC");
		if (!(option & INDOPTION_NULLS_FIRST))
			appendStringInfoString(out, " NULLS LAST");
	}
	else if (option & INDOPTION_NULLS_FIRST)
		appendStringInfoString(out, " NULLS FIRST");
}

/*
 * Collation, class and order of a key, where they are not what its type brings.
 * Columns that are only included have none of the three.
 */
static void
append_options(CatalogReader *r, StringInfo out, IndexSource *source, int n, Oid type,
			   Oid collation)
{
	if (n >= source->form->indnkeyatts)
		return;
	if (OidIsValid(source->collations[n]) && source->collations[n] != collation)
		appendStringInfo(out, " COLLATE %s", catalog_collation(r, source->collations[n]));
	appendStringInfoString(out, catalog_operator_class(r, source->classes[n], type));
	append_order(out, source->options[n]);
}

/*
 * A key in full, as in CREATE INDEX; options of classes show in the definition alone.
 * Expressions stand in a list of their own, one for each key whose column is 0, so the
 * cell moves on with every one that is met.
 */
static char *
index_key(CatalogReader *r, IndexSource *source, int n, ListCell **expression)
{
	AttrNumber	attnum = source->form->indkey.values[n];
	CatalogColumn *attr;
	StringInfoData out;
	char	   *key;
	Node	   *node;

	if (attnum != 0)
	{
		attr = &source->table->attrs[attnum - 1];
		catalog_begin_text(r, &out);
		appendStringInfoString(&out, quote_identifier(attr->column->object.name));
		append_options(r, &out, source, n, attr->type, attr->collation);
		return catalog_end_text(r, &out);
	}
	node = lfirst(*expression);
	*expression = lnext(source->expressions, *expression);
	key = deparse_key(r, source->rel->oid, n + 1);
	catalog_begin_text(r, &out);
	appendStringInfoString(&out, key);
	append_options(r, &out, source, n, exprType(node), exprCollation(node));
	return catalog_end_text(r, &out);
}

static void
set_keys(CatalogReader *r, IndexSource *source, SchemaIndex *index)
{
	ListCell   *expression = list_head(source->expressions);

	for (int n = 0; n < source->form->indnatts; n++)
	{
		char	   *key = index_key(r, source, n, &expression);

		if (n < source->form->indnkeyatts)
			index->columns = lappend(index->columns, key);
		else
			index->include = lappend(index->include, key);
	}
}

static void
append_names(StringInfo out, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
		appendStringInfo(out, "%s%s", lc == list_head(names) ? "" : ", ", (char *) lfirst(lc));
}

/*
 * ONLY is what the server prints for the index of a partitioned table: those of the
 * partitions are made, and attached, by themselves.
 */
static char *
plain_definition(CatalogReader *r, IndexSource *source, SchemaIndex *index)
{
	StringInfoData out;

	catalog_begin_text(r, &out);
	appendStringInfo(&out, "CREATE %sINDEX %s ON %s%s USING %s (",
					 index->is_unique ? "UNIQUE " : "", quote_identifier(index->object.name),
					 source->rel->relkind == RELKIND_PARTITIONED_INDEX ? "ONLY " : "",
					 quote_qualified_identifier(source->table->schema, source->table->name),
					 quote_identifier(index->method));
	append_names(&out, index->columns);
	appendStringInfoChar(&out, ')');
	if (index->include != NIL)
	{
		appendStringInfoString(&out, " INCLUDE (");
		append_names(&out, index->include);
		appendStringInfoChar(&out, ')');
	}
	if (index->nulls_not_distinct)
		appendStringInfoString(&out, " NULLS NOT DISTINCT");
	return catalog_end_text(r, &out);
}

static void
set_statistics(CatalogRelation *rel, SchemaIndex *index)
{
	for (int i = 0; i < rel->natts; i++)
		if (rel->attrs[i].statistics != SCHEMA_UNSET)
			index->statistics = lappend(
				index->statistics, psprintf("%d=" INT64_FORMAT, i + 1, rel->attrs[i].statistics));
}

/*
 * Invalid is shown and not hidden: a build that failed leaves such an index behind, and
 * it serves nobody.
 */
static void
set_index(CatalogReader *r, IndexSource *source, SchemaIndex *index, HeapTuple tuple,
		  TupleDesc desc)
{
	Form_pg_index form = source->form;
	CatalogRelation *rel = source->rel;

	index->object.name = rel->name;
	index->object.oid = rel->oid;
	index->object.comment = catalog_comment(r, RelationRelationId, rel->oid, 0);
	index->method = catalog_access_method(r, rel->access_method);
	index->is_unique = form->indisunique;
	index->nulls_not_distinct = compat_nulls_not_distinct(form);
	index->invalid = !form->indisvalid;
	index->clustered = form->indisclustered;
	index->options = rel->options;
	if (OidIsValid(rel->tablespace))
		index->tablespace = get_tablespace_name(rel->tablespace);
	if (rel->parents != NIL)
	{
		index->inherited = true;
		index->parent =
			catalog_relation_name(r, ((CatalogParent *) linitial(rel->parents))->parent);
	}
	index->predicate = catalog_expression(r, tuple, desc, Anum_pg_index_indpred, form->indrelid);
	set_keys(r, source, index);
	set_statistics(rel, index);
	if (source->expressions == NIL && index->predicate == NULL && index->options == NIL &&
		!rel->has_class_options)
		index->definition = plain_definition(r, source, index);
	else
		index->definition = catalog_deparse(r, pg_get_indexdef, rel->oid);
}

/* Which index identifies rows to replication is known here alone. */
static void
attach_index(CatalogRelation *table, SchemaIndex *index, Form_pg_index form)
{
	if (table->relkind == RELKIND_MATVIEW)
	{
		SchemaView *view = table->object;

		view->indexes = lappend(view->indexes, index);
	}
	else
	{
		SchemaTable *object = table->object;

		object->indexes = lappend(object->indexes, index);
		if (form->indisreplident)
			object->replica_identity = psprintf("index %s", index->object.name);
	}
}

static Oid *
oid_vector(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return ((oidvector *) DatumGetPointer(value))->values;
}

static int16 *
int2_vector(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return ((int2vector *) DatumGetPointer(value))->values;
}

static void
add_index(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	IndexSource source = {.form = (Form_pg_index) GETSTRUCT(tuple)};
	SchemaIndex *index;
	char	   *expressions;

	source.table = catalog_find_relation(r, source.form->indrelid);
	source.rel = catalog_find_relation(r, source.form->indexrelid);
	if (source.table == NULL || source.table->object == NULL || source.rel == NULL ||
		!source.form->indislive)
		return;
	source.collations = oid_vector(tuple, desc, Anum_pg_index_indcollation);
	source.classes = oid_vector(tuple, desc, Anum_pg_index_indclass);
	source.options = int2_vector(tuple, desc, Anum_pg_index_indoption);
	expressions = catalog_text(tuple, desc, Anum_pg_index_indexprs);
	if (expressions != NULL)
		source.expressions = (List *) stringToNode(expressions);
	index = schema_new(&schema_index_kind);
	source.rel->object = index;
	set_index(r, &source, index, tuple, desc);
	attach_index(source.table, index, source.form);
}

void
catalog_read_indexes(CatalogReader *r)
{
	catalog_scan_relations(r, IndexRelationId, IndexIndrelidIndexId, Anum_pg_index_indrelid,
						   add_index);
}
