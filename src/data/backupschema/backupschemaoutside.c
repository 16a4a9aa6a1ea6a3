/*
 * backupschemaoutside.c
 *	  A backup schema that does not speak of all its tables' foreign keys: those that
 *	  lead outside get lookups, and others are refused.
 */
#include "postgres.h"

#include "data/backupschema/backupschemalookup.h"
#include "data/backupschema/backupschemaoutside.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct Completion
{
	BackupSchema *schema;
	LookupSearch *search;
	JsonWriter	w;
	BackupTable *table;			/* the one being written */
	List	  **required;		/* RelationForeignKey *, one list a table */
	List	  **optional;
	bool		added;
	List	   *raws;
} Completion;

static bool
shares_column(const RelationForeignKey *fk, RelationColumn *const *columns, int count)
{
	for (int i = 0; i < fk->ncolumns; i++)
		for (int j = 0; j < count; j++)
			if (fk->columns[i] == columns[j]->attnum)
				return true;
	return false;
}

static bool
is_declared(const BackupTable *table, const RelationForeignKey *fk)
{
	for (int i = 0; i < table->nrefs; i++)
		if (shares_column(fk, table->refs[i].columns, table->refs[i].nfields))
			return true;
	for (int i = 0; i < table->nraws; i++)
		if (shares_column(fk, table->raws[i].columns, table->raws[i].nfields))
			return true;
	return false;
}

static bool
is_excluded(const BackupTable *table, const RelationForeignKey *fk)
{
	for (int i = 0; i < fk->ncolumns; i++)
	{
		const RelationColumn *column = relation_column_by_number(table->rel, fk->columns[i]);

		if (column->generated || table->excluded[column - table->rel->columns])
			return true;
	}
	return false;
}

/* The tenant's own column on both sides: it is filled in. */
static bool
is_tenant_pair(const BackupTable *table, AttrNumber attnum, const BackupTable *target,
			   AttrNumber target_attnum)
{
	return table->user_column != NULL && table->user_column->attnum == attnum &&
		   target->user_column != NULL && target->user_column->attnum == target_attnum;
}

static bool
is_among(RelationColumn *const *columns, int count, AttrNumber attnum)
{
	for (int i = 0; i < count; i++)
		if (columns[i]->attnum == attnum)
			return true;
	return false;
}

static bool
is_reference(const BackupTable *table, AttrNumber attnum)
{
	for (int i = 0; i < table->nrefs; i++)
		if (is_among(table->refs[i].columns, table->refs[i].nfields, attnum))
			return true;
	return false;
}

bool
outside_means_same(const BackupTable *table, const RelationForeignKey *fk,
				   const BackupTable *target)
{
	for (int i = 0; i < fk->ncolumns; i++)
	{
		AttrNumber	attnum = fk->target_columns[i];

		if (is_tenant_pair(table, fk->columns[i], target, attnum))
			continue;
		if (is_reference(target, attnum))
			return false;
		if (is_among(target->slug_columns, target->nslug, attnum))
			continue;
		if (is_among(target->pk_columns, target->npk, attnum) ||
			OidIsValid(relation_column_by_number(target->rel, attnum)->sequence))
			return false;
	}
	return true;
}

static bool
is_tenant_alone(const BackupTable *table, const RelationForeignKey *fk)
{
	return table->user_column != NULL && fk->ncolumns == 1 &&
		   fk->columns[0] == table->user_column->attnum;
}

/* Whether a tenant column holds ids of rows that a restore gives others. */
static bool
maps_tenant(const BackupTable *table, const RelationForeignKey *fk, const BackupTable *target)
{
	return table->lookup == LOOKUP_NONE && is_tenant_alone(table, fk) &&
		   !outside_means_same(table, fk, target);
}

static void
note_raw(Completion *c, const BackupTable *table, const RelationForeignKey *fk)
{
	OutsideKey *raw = palloc(sizeof(OutsideKey));

	raw->table = table->name;
	raw->name = fk->name;
	raw->target = get_rel_name(fk->target);
	raw->columns = lookup_names_of(table->rel, fk->columns, fk->ncolumns);
	raw->tenant = is_tenant_alone(table, fk);
	c->raws = lappend(c->raws, raw);
}

/* Of what is looked up only the match key counts. */
static bool
concerns(const BackupTable *table, const RelationForeignKey *fk)
{
	return table->lookup != LOOKUP_FIND || shares_column(fk, table->slug_columns, table->nslug) ||
		   (table->user_column != NULL && shares_column(fk, &table->user_column, 1));
}

/* The table of the schema that is meant; or NULL. */
static const BackupTable *
table_of(const BackupSchema *schema, Oid relid)
{
	for (int i = 0; i < schema->ntables; i++)
		if (schema->tables[i].rel->oid == relid)
			return &schema->tables[i];
	return NULL;
}

static void
sort_references(Completion *c, const BackupTable *table)
{
	ListCell   *lc;

	foreach(lc, relation_references(table->rel))
	{
		RelationForeignKey *fk = lfirst(lc);
		const BackupTable *target = table_of(c->schema, fk->target);
		OutsideKind kind;

		if (is_declared(table, fk) || is_excluded(table, fk) || !concerns(table, fk) ||
			(target != NULL &&
			 (target->index >= table->index ||
			  (target->lookup == LOOKUP_NONE && !maps_tenant(table, fk, target)))))
			continue;
		kind = target != NULL ? OUTSIDE_LOOKUP : lookup_kind(c->search, fk);
		if (kind == OUTSIDE_RAW)
			note_raw(c, table, fk);
		if (kind != OUTSIDE_LOOKUP)
			continue;
		if (target == NULL)
			lookup_use(c->search, fk);
		c->added = true;
		if (lookup_is_required(table->rel, fk))
			c->required[table->index] = lappend(c->required[table->index], fk);
		else
			c->optional[table->index] = lappend(c->optional[table->index], fk);
	}
}

/* To a lookup that the schema has, whatever it calls its key. */
static void
write_declared(Completion *c, const RelationForeignKey *fk)
{
	const BackupTable *target = table_of(c->schema, fk->target);

	json_put_string(&c->w, "table", target->name);
	lookup_write_names(&c->w, "field", lookup_names_of(c->table->rel, fk->columns, fk->ncolumns));
	lookup_write_names(&c->w, "to", lookup_names_of(target->rel, fk->target_columns, fk->ncolumns));
}

/* The references under one member, as the document has them, and those it lacks. */
static void
write_references(Completion *c, JsonbContainer *table, const char *member, List *more)
{
	JsonbValue	v;
	ListCell   *lc;

	if (more == NIL)
		return;
	json_key(&c->w, member);
	json_begin_array(&c->w);
	if (json_get(table, member, &v) && v.type == jbvBinary)
	{
		JsonbContainer *list = v.val.binary.data;

		if (JsonContainerIsObject(list))
			json_container(&c->w, list);
		for (uint32 i = 0; !JsonContainerIsObject(list) && i < JsonContainerSize(list); i++)
			json_value(&c->w, getIthJsonbValueFromContainer(list, i));
	}
	foreach(lc, more)
	{
		json_begin_object(&c->w);
		if (table_of(c->schema, ((RelationForeignKey *) lfirst(lc))->target) != NULL)
			write_declared(c, lfirst(lc));
		else
			lookup_write_reference(&c->w, c->table->rel, lfirst(lc));
		json_end_object(&c->w);
	}
	json_end_array(&c->w);
}

static bool
copy_member(const char *key, JsonbValue *value, void *arg)
{
	Completion *c = arg;
	int			index = c->table->index;

	if ((strcmp(key, "parents") == 0 && c->required[index] != NIL) ||
		(strcmp(key, "optional_refs") == 0 && c->optional[index] != NIL))
		return true;
	json_key(&c->w, pstrdup(key));
	json_value(&c->w, value);
	return true;
}

static bool
copy_table(const char *key, JsonbValue *value, void *arg)
{
	Completion *c = arg;
	JsonbContainer *table = value->val.binary.data;

	json_begin_object(&c->w);
	json_visit(table, copy_member, c);
	write_references(c, table, "parents", c->required[c->table->index]);
	write_references(c, table, "optional_refs", c->optional[c->table->index]);
	json_end_object(&c->w);
	c->table++;
	return true;
}

static bool
copy_top(const char *key, JsonbValue *value, void *arg)
{
	Completion *c = arg;

	json_key(&c->w, pstrdup(key));
	if (strcmp(key, "tables") != 0)
	{
		json_value(&c->w, value);
		return true;
	}
	json_begin_array(&c->w);
	lookup_write_tables(c->search, &c->w);
	c->table = c->schema->tables;
	json_visit(value->val.binary.data, copy_table, c);
	json_end_array(&c->w);
	return true;
}

/* The one table that the tenants' columns lead to, if it is one. */
static Oid
find_root(const BackupSchema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];
		RelationForeignKey *fk =
			table->user_column == NULL
				? NULL
				: relation_foreign_key_over(table->rel, &table->user_column->attnum, 1, InvalidOid);

		if (fk != NULL)
			return fk->target;
	}
	return InvalidOid;
}

/* The tenants' own table has its key for a tenant column, and other tables have one too. */
static bool
is_own_key(const BackupTable *table)
{
	return table->npk == 1 && table->pk_columns[0] == table->user_column;
}

static void
begin_completion(Completion *c, BackupSchema *schema, bool row_security, const BackupSchema *only)
{
	List	   *inside = NIL;
	List	   *tenants = NIL;

	for (int i = 0; i < schema->ntables; i++)
	{
		inside = lappend_oid(inside, schema->tables[i].rel->oid);
		if (schema->tables[i].user_column != NULL && !is_own_key(&schema->tables[i]))
			tenants = lappend(tenants, schema->tables[i].user_column->quoted);
	}
	c->schema = schema;
	c->search = lookup_search(inside, tenants, find_root(schema), row_security, only);
	c->required = palloc0(sizeof(List *) * Max(schema->ntables, 1));
	c->optional = palloc0(sizeof(List *) * Max(schema->ntables, 1));
	for (int i = 0; i < schema->ntables; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sort_references(c, &schema->tables[i]);
	}
}

BackupSchema *
outside_bind(Jsonb **document, bool strict, bool row_security, const BackupSchema *only,
			 List **raws)
{
	Completion	c = {NULL};
	BackupSchema *schema = backupschema_parse(&(*document)->root, strict);

	backupschema_bind(schema);
	begin_completion(&c, schema, row_security, only);
	if (raws != NULL)
		*raws = c.raws;
	if (!c.added)
		return schema;
	json_init(&c.w);
	json_begin_object(&c.w);
	json_visit(&(*document)->root, copy_top, &c);
	json_end_object(&c.w);
	*document = json_finish(&c.w);
	schema = backupschema_parse(&(*document)->root, strict);
	backupschema_bind(schema);
	return schema;
}

/* --- foreign keys between tables of the schema, of which it does not speak */

/* The reference as a backup schema has it, for people to copy. */
static char *
declaration(const BackupTable *table, const RelationForeignKey *fk)
{
	JsonWriter	w;
	Jsonb	   *jsonb;

	json_init(&w);
	json_begin_object(&w);
	lookup_write_reference(&w, table->rel, fk);
	json_end_object(&w);
	jsonb = json_finish(&w);
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

static void
refuse_undeclared(const BackupTable *table, const RelationForeignKey *fk, const BackupTable *target)
{
	bool		late = target->index > table->index;

	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("foreign key \"%s\" of table \"%s\" to \"%s\" is not declared in the backup "
				"schema",
				fk->name, table->name, target->name),
		 errdetail("Its values would not be mapped, and mean other rows in another database."),
		 late ? errhint("Declare %s under \"parents\" or \"optional_refs\" of a table that stands "
						"after \"%s\"; with \"raw\": true where ids are to be kept.",
						declaration(table, fk), target->name)
			  : errhint("Declare %s under \"parents\" or \"optional_refs\"; with \"raw\": true "
						"where ids are to be kept.",
						declaration(table, fk))));
}

void
outside_refuse_undeclared(const BackupSchema *schema, const BackupTable *only)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, relation_references(table->rel))
		{
			const RelationForeignKey *fk = lfirst(lc);
			const BackupTable *target = table_of(schema, fk->target);

			if (target != NULL && !is_declared(table, fk) && !is_excluded(table, fk) &&
				concerns(table, fk) &&
				(only == NULL || only == table ||
				 shares_column(fk, table->slug_columns, table->nslug)) &&
				!outside_means_same(table, fk, target))
				refuse_undeclared(table, fk, target);
		}
	}
}
