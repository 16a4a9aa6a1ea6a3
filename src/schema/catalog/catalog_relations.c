/*
 * catalog_relations.c
 *	  Tables and views with their columns: pg_class, pg_inherits, pg_attribute,
 *	  pg_attrdef, pg_foreign_table.
 *
 * Of pg_class first: the passes after it find a row's relation in the hash that it
 * fills, and what is not in the hash does not belong to a schema that is read.  An index
 * or a composite type has an entry as well, for the columns that other files want, but
 * no object of its own.  Only what differs from the default is set, so that absent means
 * "as CREATE makes it"; numbers of columns are counted anew, since dropped ones leave
 * gaps that another database does not have.
 */
#include "postgres.h"

#include "access/toast_compression.h"
#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_inherits.h"
#include "commands/tablespace.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Below this share of the database's relations they are looked up one by one. */
#define SELECTIVE_SHARE 8

/* Columns go into the list of the object, of whatever kind it is, through rel->columns. */
static void *
new_table(CatalogReader *r, CatalogRelation *rel)
{
	SchemaTable *table = schema_new(&schema_table_kind);

	table->kind = rel->relkind == RELKIND_PARTITIONED_TABLE ? "partitioned table"
				  : rel->relkind == RELKIND_FOREIGN_TABLE	? "foreign table"
															: "table";
	table->options = rel->options;
	r->schema->tables = lappend(r->schema->tables, table);
	rel->columns = &table->columns;
	return table;
}

static void *
new_view(CatalogReader *r, CatalogRelation *rel)
{
	SchemaView *view = schema_new(&schema_view_kind);

	view->kind = rel->relkind == RELKIND_MATVIEW ? "materialized view" : "view";
	view->options = rel->options;
	r->schema->views = lappend(r->schema->views, view);
	rel->columns = &view->columns;
	return view;
}

static void *
new_sequence(CatalogReader *r, CatalogRelation *rel)
{
	SchemaSequence *sequence = schema_new(&schema_sequence_kind);

	r->schema->sequences = lappend(r->schema->sequences, sequence);
	return sequence;
}

/* The object a relation becomes; NULL for what belongs to another object. */
static SchemaObject *
new_object(CatalogReader *r, CatalogRelation *rel)
{
	switch (rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
			return new_table(r, rel);
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			return new_view(r, rel);
		case RELKIND_SEQUENCE:
			return r->names_only ? NULL : new_sequence(r, rel);
		default:
			return NULL;
	}
}

/*
 * Only what differs from what CREATE TABLE makes.  A replica identity that is an index
 * is set with that index (attach_index()).
 */
static void
set_table(CatalogReader *r, SchemaTable *table, Form_pg_class form, HeapTuple tuple, TupleDesc desc)
{
	table->unlogged = form->relpersistence == RELPERSISTENCE_UNLOGGED;
	table->row_security = form->relrowsecurity;
	table->force_row_security = form->relforcerowsecurity;
	if (form->relreplident == REPLICA_IDENTITY_FULL)
		table->replica_identity = "full";
	/* A foreign table has nothing else to be. */
	else if (form->relreplident == REPLICA_IDENTITY_NOTHING &&
			 form->relkind != RELKIND_FOREIGN_TABLE)
		table->replica_identity = "nothing";
	if (OidIsValid(form->reloftype))
		table->of_type = catalog_type(r, form->reloftype, -1);
	if (OidIsValid(form->relam) && form->relam != HEAP_TABLE_AM_OID)
		table->access_method = catalog_access_method(r, form->relam);
	if (OidIsValid(form->reltablespace))
		table->tablespace = get_tablespace_name(form->reltablespace);
}

/*
 * Of a view the definition is asked for when all relations are known (set_views()):
 * deparsing may look at any.
 */
static void
set_view(CatalogReader *r, SchemaView *view, Form_pg_class form)
{
	if (form->relkind != RELKIND_MATVIEW)
		return;
	view->not_populated = !form->relispopulated;
	if (OidIsValid(form->relam) && form->relam != HEAP_TABLE_AM_OID)
		view->access_method = catalog_access_method(r, form->relam);
	if (OidIsValid(form->reltablespace))
		view->tablespace = get_tablespace_name(form->reltablespace);
}

/* names_only: nothing but names is wanted, and nothing else is read. */
static void
set_object(CatalogReader *r, CatalogRelation *rel, Form_pg_class form, HeapTuple tuple,
		   TupleDesc desc)
{
	SchemaObject *object = rel->object;
	bool		is_sequence = form->relkind == RELKIND_SEQUENCE;

	object->schema = rel->schema;
	object->name = rel->name;
	object->oid = rel->oid;
	if (r->names_only)
		return;
	object->owner = catalog_role(r, form->relowner);
	object->privileges =
		catalog_privileges(r, tuple, desc, Anum_pg_class_relacl,
						   is_sequence ? OBJECT_SEQUENCE : OBJECT_TABLE, form->relowner);
	object->comment = catalog_comment(r, RelationRelationId, rel->oid, 0);
	if (is_sequence)
		((SchemaSequence *) object)->unlogged = form->relpersistence == RELPERSISTENCE_UNLOGGED;
	else if (form->relkind == RELKIND_VIEW || form->relkind == RELKIND_MATVIEW)
		set_view(r, rel->object, form);
	else
		set_table(r, rel->object, form, tuple, desc);
}

/*
 * The entry of the hash is cleared but for its key, which the hash has set. last_oid is
 * forgotten, since the hash may have said before that this relation is not there.
 */
static CatalogRelation *
new_relation(CatalogReader *r, Form_pg_class form, HeapTuple tuple, TupleDesc desc)
{
	CatalogRelation *rel = hash_search(r->relations, &form->oid, HASH_ENTER, NULL);

	r->last_oid = InvalidOid;
	memset((char *) rel + sizeof(Oid), 0, sizeof(CatalogRelation) - sizeof(Oid));
	rel->relkind = form->relkind;
	rel->schema = unconstify(char *, catalog_find_namespace(r, form->relnamespace));
	rel->name = pstrdup(NameStr(form->relname));
	rel->natts = form->relnatts;
	rel->has_rules = form->relhasrules;
	rel->has_triggers = form->relhastriggers;
	rel->is_partition = form->relispartition;
	rel->owner = form->relowner;
	rel->access_method = form->relam;
	rel->tablespace = form->reltablespace;
	rel->toast = form->reltoastrelid;
	if (!r->names_only)
		rel->options = catalog_text_array(tuple, desc, Anum_pg_class_reloptions);
	return rel;
}

/* The options of a toast table belong to its table, which need not have come yet. */
static void
add_toast_options(CatalogReader *r, Form_pg_class form, HeapTuple tuple, TupleDesc desc)
{
	List	   *options = catalog_text_array(tuple, desc, Anum_pg_class_reloptions);
	CatalogRelation *toast;

	if (options == NIL)
		return;
	toast = palloc0(sizeof(CatalogRelation));
	toast->oid = form->oid;
	toast->options = options;
	r->toast_options = lappend(r->toast_options, toast);
}

/*
 * Tables, partitioned and foreign ones, views of both kinds, sequences, composite types,
 * and indexes, for their names.
 */
static bool
is_read(char relkind)
{
	return strchr("rpfvmSciI", relkind) != NULL;
}

/*
 * What is excluded is not read at all, with its columns, constraints and indexes.  A
 * sequence has columns in the catalog as well, which no document shows.
 */
static void
add_relation(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	CatalogRelation *rel;

	r->class_rows++;
	if (form->relkind == RELKIND_TOASTVALUE && !r->names_only)
		add_toast_options(r, form, tuple, desc);
	if (!is_read(form->relkind) || catalog_find_namespace(r, form->relnamespace) == NULL ||
		schema_lists(r->exclude, NameStr(form->relname)) ||
		catalog_is_member(r, RelationRelationId, form->oid))
		return;
	rel = new_relation(r, form, tuple, desc);
	r->relation_list = lappend(r->relation_list, rel);
	rel->object = new_object(r, rel);
	if (rel->object != NULL)
		set_object(r, rel, form, tuple, desc);
	if (form->relkind != RELKIND_SEQUENCE)
		rel->attrs = MemoryContextAllocZero(r->work, sizeof(CatalogColumn) * rel->natts);
}

/*
 * True for an array that holds nothing but the version: so it is with nearly
 * every column, and worth knowing without taking the array apart.
 */
static bool
is_version_alone(Datum value)
{
	struct varlena *array = (struct varlena *) DatumGetPointer(value);
	ArrayType	header;
	Size		fixed = ARR_OVERHEAD_NONULLS(1) - VARHDRSZ;
	Size		wanted = fixed + VARHDRSZ + strlen(COMPAT_ATTRIBUTE_VERSION);

	if (VARATT_IS_EXTERNAL(array) || VARATT_IS_COMPRESSED(array) ||
		VARSIZE_ANY_EXHDR(array) < wanted)
		return false;
	memcpy((char *) &header + VARHDRSZ, VARDATA_ANY(array), sizeof(header) - VARHDRSZ);
	if (header.ndim != 1 || header.dataoffset != 0 ||
		memcmp(VARDATA_ANY(array) + sizeof(header) - VARHDRSZ, &(int){1}, sizeof(int)) != 0)
		return false;
	return memcmp(VARDATA_ANY(array) + fixed + VARHDRSZ, COMPAT_ATTRIBUTE_VERSION,
				  strlen(COMPAT_ATTRIBUTE_VERSION)) == 0;
}

/* A column's options, but for the version that the server keeps among them. */
static List *
column_options(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_attribute_attoptions, desc, &isnull);
	List	   *options;
	ListCell   *lc;

	if (isnull || is_version_alone(value))
		return NIL;
	options = catalog_text_array(tuple, desc, Anum_pg_attribute_attoptions);
	foreach(lc, options)
		if (strncmp(lfirst(lc), COMPAT_ATTRIBUTE_VERSION, strlen(COMPAT_ATTRIBUTE_VERSION)) == 0)
			options = foreach_delete_current(options, lc);
	return options;
}

static const char *
storage_name(char storage)
{
	switch (storage)
	{
		case TYPSTORAGE_PLAIN:
			return "plain";
		case TYPSTORAGE_EXTERNAL:
			return "external";
		case TYPSTORAGE_MAIN:
			return "main";
		default:
			return "extended";
	}
}

/*
 * Storage, compression and collation where they are not the type's own.  Absent means
 * as the type has it.
 */
static void
set_column(CatalogReader *r, SchemaColumn *column, Oid owner, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);
	char		storage;
	Oid			collation;

	catalog_type_defaults(r, form->atttypid, &storage, &collation);
	column->type = catalog_type(r, form->atttypid, form->atttypmod);
	column->not_null = form->attnotnull;
	if (form->attidentity != '\0')
		column->identity = form->attidentity == ATTRIBUTE_IDENTITY_ALWAYS ? "always" : "by default";
	if (OidIsValid(form->attcollation) && form->attcollation != collation)
		column->collation = catalog_collation(r, form->attcollation);
	if (form->attstorage != storage)
		column->storage = unconstify(char *, storage_name(form->attstorage));
	if (CompressionMethodIsValid(form->attcompression))
		column->compression = form->attcompression == TOAST_LZ4_COMPRESSION ? "lz4" : "pglz";
	column->statistics = compat_statistics_target(tuple, desc, form);
	column->options = column_options(tuple, desc);
	column->fdw_options = catalog_text_array(tuple, desc, Anum_pg_attribute_attfdwoptions);
	column->inherited = !form->attislocal;
	column->object.privileges =
		catalog_privileges(r, tuple, desc, Anum_pg_attribute_attacl, OBJECT_COLUMN, owner);
	column->object.comment = catalog_comment(r, RelationRelationId, form->attrelid, form->attnum);
}

/* Columns of an index have only what ALTER INDEX and operator classes' options set. */
static void
set_index_column(CatalogRelation *rel, CatalogColumn *attr, Form_pg_attribute form, HeapTuple tuple,
				 TupleDesc desc)
{
	attr->statistics = compat_statistics_target(tuple, desc, form);
	if (column_options(tuple, desc) != NIL)
		rel->has_class_options = true;
}

/* System columns have numbers below 1; of a dropped one only the gap is left. */
static void
add_attribute(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);
	CatalogRelation *rel;
	CatalogColumn *attr;

	if (form->attnum <= 0 || form->attisdropped)
		return;
	rel = catalog_find_relation(r, form->attrelid);
	/*
	 * natts is the size of the array: nothing is written beyond it, whatever the
	 * catalog says.
	 */
	if (rel == NULL || rel->attrs == NULL || form->attnum > rel->natts)
		return;
	attr = &rel->attrs[form->attnum - 1];
	attr->type = form->atttypid;
	attr->collation = form->attcollation;
	if (rel->relkind == RELKIND_INDEX || rel->relkind == RELKIND_PARTITIONED_INDEX)
	{
		set_index_column(rel, attr, form, tuple, desc);
		return;
	}
	attr->generated = form->attgenerated;
	attr->column = schema_new(&schema_column_kind);
	attr->column->object.name = pstrdup(NameStr(form->attname));
	attr->column->attnum = form->attnum;
	if (!r->names_only)
		set_column(r, attr->column, rel->owner, tuple, desc);
}

/* Columns in their order, numbered without the gaps that dropped ones left. */
static void
collect_columns(CatalogReader *r)
{
	ListCell   *lc;

	foreach(lc, r->relation_list)
	{
		CatalogRelation *rel = lfirst(lc);
		int			position = 0;

		for (int i = 0; rel->columns != NULL && i < rel->natts; i++)
		{
			SchemaColumn *column = rel->attrs[i].column;

			if (column == NULL)
				continue;
			column->position = ++position;
			*rel->columns = lappend(*rel->columns, column);
		}
	}
}

/* For a generated column the same row holds its expression. */
static void
add_default(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_attrdef form = (Form_pg_attrdef) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->adrelid);
	CatalogColumn *attr;

	if (rel == NULL || rel->columns == NULL || form->adnum > rel->natts)
		return;
	attr = &rel->attrs[form->adnum - 1];
	if (attr->column == NULL)
		return;
	/* Only generated columns refer to others, and only references ask for the table. */
	if (attr->generated == '\0')
	{
		attr->column->default_value =
			catalog_expression(r, tuple, desc, Anum_pg_attrdef_adbin, InvalidOid);
		return;
	}
	attr->column->generated = catalog_expression(r, tuple, desc, Anum_pg_attrdef_adbin, rel->oid);
	attr->column->generated_kind =
		attr->generated == ATTRIBUTE_GENERATED_STORED ? "stored" : "virtual";
}

/* Gathered first: parents have an order, rows of the catalog have none. */
static void
add_parent(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_inherits form = (Form_pg_inherits) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->inhrelid);
	CatalogParent *parent;

	if (rel == NULL)
		return;
	parent = MemoryContextAlloc(r->work, sizeof(CatalogParent));
	parent->parent = form->inhparent;
	parent->seqno = form->inhseqno;
	rel->parents = lappend(rel->parents, parent);
}

static int
compare_parents(const ListCell *a, const ListCell *b)
{
	return ((CatalogParent *) lfirst(a))->seqno - ((CatalogParent *) lfirst(b))->seqno;
}

/* Of partitions alone: the others have none. */
static void
add_bound(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->oid);

	((SchemaTable *) rel->object)->partition_bound =
		catalog_expression(r, tuple, desc, Anum_pg_class_relpartbound, form->oid);
}

/*
 * A partition has one parent, which its bound goes with; an heir may have several.  The
 * parent may stand in a schema that is not read.
 */
static void
set_parents(CatalogReader *r, CatalogRelation *rel, SchemaTable *table)
{
	ListCell   *lc;

	list_sort(rel->parents, compare_parents);
	foreach(lc, rel->parents)
	{
		char	   *name = catalog_relation_name(r, ((CatalogParent *) lfirst(lc))->parent);

		if (rel->is_partition)
			table->partition_of = name;
		else
			table->inherits = lappend(table->inherits, name);
	}
	if (rel->is_partition)
		catalog_scan_key(r, RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, rel->oid,
						 add_bound);
}

static void
add_foreign_table(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_foreign_table form = (Form_pg_foreign_table) GETSTRUCT(tuple);
	SchemaTable *table = catalog_find_relation(r, form->ftrelid)->object;

	table->server = GetForeignServer(form->ftserver)->servername;
	table->fdw_options = catalog_text_array(tuple, desc, Anum_pg_foreign_table_ftoptions);
}

/*
 * Those of its toast table stand behind a table's own, marked as in WITH ().  A walk
 * over few: only tables whose toast table has options of its own are in the list.
 */
static void
set_toast_options(CatalogReader *r, CatalogRelation *rel, SchemaTable *table)
{
	ListCell   *lc;
	ListCell   *option;

	foreach(lc, r->toast_options)
	{
		CatalogRelation *toast = lfirst(lc);

		if (toast->oid != rel->toast)
			continue;
		foreach(option, toast->options)
			table->options = lappend(table->options, psprintf("toast.%s", (char *) lfirst(option)));
	}
}

/* When all relations are there: parents and types print by their names. */
static void
set_tables(CatalogReader *r)
{
	ListCell   *lc;

	foreach(lc, r->relation_list)
	{
		CatalogRelation *rel = lfirst(lc);
		SchemaTable *table = rel->object;

		CHECK_FOR_INTERRUPTS();
		if (rel->columns == NULL || rel->relkind == RELKIND_VIEW || rel->relkind == RELKIND_MATVIEW)
			continue;
		if (rel->parents != NIL)
			set_parents(r, rel, table);
		if (rel->relkind == RELKIND_PARTITIONED_TABLE)
			table->partition_key = catalog_deparse(r, pg_get_partkeydef, rel->oid);
		if (rel->relkind == RELKIND_FOREIGN_TABLE)
			catalog_scan_key(r, ForeignTableRelationId, ForeignTableRelidIndexId,
							 Anum_pg_foreign_table_ftrelid, rel->oid, add_foreign_table);
		if (OidIsValid(rel->toast) && r->toast_options != NIL)
			set_toast_options(r, rel, table);
	}
}

/*
 * The server's own text, pretty-printed or not as its major does.  After all relations,
 * as the deparser looks at any that the query names.
 */
static void
set_views(CatalogReader *r)
{
	ListCell   *lc;

	foreach(lc, r->schema->views)
	{
		SchemaView *view = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		view->definition = catalog_deparse(r, pg_get_viewdef, view->object.oid);
	}
}

/*
 * selective: few relations are wanted of many, so that what belongs to them is read by
 * index and not by a scan of the whole catalog.
 */
void
catalog_read_relations(CatalogReader *r)
{
	HASHCTL ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(CatalogRelation), .hcxt = r->work};

	r->relations = hash_create("relations", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	catalog_scan(r, RelationRelationId, add_relation);
	r->selective = list_length(r->relation_list) < r->class_rows / SELECTIVE_SHARE;

	catalog_scan_relations(r, AttributeRelationId, AttributeRelidNumIndexId,
						   Anum_pg_attribute_attrelid, add_attribute);
	collect_columns(r);
	if (r->names_only)
		return;
	catalog_scan_relations(r, AttrDefaultRelationId, AttrDefaultIndexId, Anum_pg_attrdef_adrelid,
						   add_default);
	catalog_scan_relations(r, InheritsRelationId, InheritsRelidSeqnoIndexId,
						   Anum_pg_inherits_inhrelid, add_parent);
	set_tables(r);
	set_views(r);
}
