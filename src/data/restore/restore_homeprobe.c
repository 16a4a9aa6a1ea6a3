/*
 * restore_homeprobe.c
 *	  The statement that finds rows by the keys they are known by, and tells whose they are.
 *
 * A row of the file belongs to the tenant that it names, or that its parent belongs to,
 * which is here and mapped already.  A row here is the same only if it belongs to that
 * one too, by whatever parent: it may have moved from one to another meanwhile.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/restore/restore_home_private.h"
#include "data/select/selection.h"
#include "miscadmin.h"
#include "utils/builtins.h"

typedef struct TenantSql
{
	const RestoreTable *t;
	Selection  *s;
	int			naliases;
	bool		as_text;		/* tenants are told by columns of several types */
	bool	   *passing;		/* one a table: the way has been there */
} TenantSql;

static void append_tenant(TenantSql *c, const BackupTable *table, const char *alias);

/* Whether the columns that refer are those that tell the tenant. */
static bool
is_tenant_key(const TenantSql *c, const BackupTable *target, const BackupRef *ref)
{
	return target == c->s->schema->tenant && ref->key == 0 && ref->nfields == 1;
}

static void
append_column(TenantSql *c, const char *alias, const RelationColumn *column)
{
	appendStringInfo(&c->s->sql, c->as_text ? "%s.%s::pg_catalog.text" : "%s.%s", alias,
					 column->quoted);
}

/* The tenant of the parent in that table; NULL where the row has none there. */
static void
append_parent_tenant(TenantSql *c, const BackupTable *target, const BackupRef *ref,
					 const char *from)
{
	char	   *alias = psprintf("t%d", ++c->naliases);

	if (is_tenant_key(c, target, ref))
	{
		append_column(c, from, ref->columns[0]);
		return;
	}
	appendStringInfoString(&c->s->sql, "(SELECT ");
	append_tenant(c, target, alias);
	appendStringInfoString(&c->s->sql, " FROM ");
	selection_table(c->s, target, alias);
	appendStringInfoString(&c->s->sql, " WHERE ");
	selection_join(c->s, alias, target, from, ref);
	appendStringInfoString(&c->s->sql, " LIMIT 1)");
}

/* A way that comes back to where it was ends there. */
static bool
leads_on(const TenantSql *c, const BackupRef *ref, int target)
{
	const BackupTable *to = &c->s->schema->tables[ref->targets[target].index];

	return to->tenant_depth >= 0 && to->lookup == LOOKUP_NONE && !c->passing[to->index];
}

/* NULL where no way leads to one. */
static void
append_ways(TenantSql *c, const BackupTable *table, const char *alias)
{
	const BackupRef *ref = table->tenant_parent;
	bool		first = true;

	check_stack_depth();
	c->passing[table->index] = true;
	for (int i = 0; i < ref->ntargets; i++)
	{
		if (!leads_on(c, ref, i))
			continue;
		if (ref->kind == REF_POLYMORPHIC)
			appendStringInfo(&c->s->sql,
							 "%s WHEN %s.%s::pg_catalog.text OPERATOR(pg_catalog.=) %s THEN ",
							 first ? "CASE" : "", alias, ref->type_column->quoted,
							 quote_literal_cstr(ref->targets[i].value));
		append_parent_tenant(c, &c->s->schema->tables[ref->targets[i].index], ref, alias);
		first = false;
	}
	if (first)
		appendStringInfoString(&c->s->sql, "NULL");
	else if (ref->kind == REF_POLYMORPHIC)
		appendStringInfoString(&c->s->sql, " END");
	c->passing[table->index] = false;
}

static void
append_tenant(TenantSql *c, const BackupTable *table, const char *alias)
{
	if (table->user_column != NULL)
		append_column(c, alias, table->user_column);
	else if (table == c->s->schema->tenant)
		append_column(c, alias, table->pk_columns[0]);
	else
		append_ways(c, table, alias);
}

/* The column that tells tenants; as_text where some way leads to another one of another type. */
static const RelationColumn *
tenant_column(TenantSql *c, const BackupTable *table)
{
	const RelationColumn *column = NULL;
	const BackupRef *ref = table->tenant_parent;

	if (table->user_column != NULL || table == c->s->schema->tenant)
		return table->user_column != NULL ? table->user_column : table->pk_columns[0];
	c->as_text |= ref->kind == REF_POLYMORPHIC;
	c->passing[table->index] = true;
	for (int i = 0; i < ref->ntargets; i++)
	{
		const BackupTable *target = &c->s->schema->tables[ref->targets[i].index];

		if (leads_on(c, ref, i))
			column = is_tenant_key(c, target, ref) ? ref->columns[0] : tenant_column(c, target);
	}
	c->passing[table->index] = false;
	return column;
}

/* x is a row here, r the one of the file. */
static void
append_same_tenant(TenantSql *c)
{
	const RestoreTable *t = c->t;
	const BackupTable *table = t->table;
	const RelationColumn *column = tenant_column(c, table);
	const char *equal = c->as_text || column == NULL ? "OPERATOR(pg_catalog.=)"
													 : relation_equality(column->basetype);

	appendStringInfoChar(&c->s->sql, '(');
	append_tenant(c, table, "x");
	appendStringInfo(&c->s->sql, " %s ", equal);
	append_tenant(c, table, "r");
	if (table->user_column != NULL)
		appendStringInfo(&c->s->sql, " OR (x.%s IS NULL AND r.%s IS NULL)",
						 table->user_column->quoted, table->user_column->quoted);
	appendStringInfoString(&c->s->sql, ") IS TRUE");
}

/* Whether both have the same parent: then nobody need be asked whose that is. */
static void
append_same_parent(TenantSql *c)
{
	const BackupRef *ref = c->t->table->tenant_parent;

	if (ref == NULL)
		return;
	appendStringInfoChar(&c->s->sql, '(');
	for (int i = 0; i < ref->nfields; i++)
		appendStringInfo(&c->s->sql, "%sx.%s %s r.%s", i > 0 ? " AND " : "",
						 ref->columns[i]->quoted, relation_equality(ref->columns[i]->basetype),
						 ref->columns[i]->quoted);
	if (ref->type_column != NULL)
		appendStringInfo(&c->s->sql, " AND x.%s %s r.%s", ref->type_column->quoted,
						 relation_equality(ref->type_column->basetype), ref->type_column->quoted);
	appendStringInfoString(&c->s->sql, ") IS TRUE OR ");
}

/* The key of the tenant's own row, where tenants are rows. */
static char *
tenant_text(const BackupSchema *schema)
{
	ValueReader *reader = valuereader_create(schema->tenant->pk_columns[0], false);
	IdKey		key = valuereader_make_key(reader, schema->tenant_row->keys[0][0]);
	char		buffer[IDKEY_BUFFER];
	int			len;
	const char *text = idkey_text(&key, buffer, &len);

	return pnstrdup(text, len);
}

/*
 * A parent in a circle is not mapped yet, so the tenant that was asked for has to do; where
 * none was, the caller restores whosever rows they are.
 */
static void
append_mine(TenantSql *c)
{
	const BackupTable *table = c->t->table;
	const BackupTenant *tenant = c->s->schema->tenant_row;
	const char *user_id = c->t->restore->options.user_id;

	if (table->tenant_depth < 0 ||
		(table->tenant_depth > 0 && table->tenant_parent->circular && user_id == NULL))
		appendStringInfoString(&c->s->sql, "true");
	else if (table->tenant_depth > 0 && table->tenant_parent->circular)
	{
		c->as_text = true;
		append_tenant(c, table, "x");
		if (tenant != NULL)
			user_id = tenant->found ? tenant_text(c->s->schema) : "";
		appendStringInfo(&c->s->sql, " OPERATOR(pg_catalog.=) %s", quote_literal_cstr(user_id));
	}
	else
	{
		append_same_parent(c);
		append_same_tenant(c);
	}
}

/* The row of the file under the names of its columns, which the references are told by. */
static void
append_named_row(const RestoreTable *t, StringInfo out)
{
	appendStringInfoString(out, " CROSS JOIN LATERAL (SELECT ");
	for (int i = 0; i < t->rel->ncolumns; i++)
		appendStringInfo(out, "%sb.c%d AS %s", i > 0 ? ", " : "", i + 1, t->rel->columns[i].quoted);
	appendStringInfoString(out, ") AS r");
}

QueryPlan *
restore_homeprobe_prepare(RestoreTable *t)
{
	Selection  *s = selection_create(t->restore->schema, NULL);
	TenantSql	c = {t, s};
	bool		arrays = t->sql.arrays;

	c.passing = palloc0(sizeof(bool) * t->restore->schema->ntables);
	appendStringInfoString(&s->sql, "SELECT b.n, ");
	if (!arrays)
	{
		appendStringInfoString(&s->sql, "y.* FROM " ROWS_NAME " AS b");
		append_named_row(t, &s->sql);
		appendStringInfoString(&s->sql, " CROSS JOIN LATERAL (SELECT ");
	}
	append_mine(&c);
	restore_statement_keys(&s->sql, t);
	if (t->sql.tells_origin)
		appendStringInfoString(&s->sql, ", x.xmin AS origin");
	if (restore_statement_tells_same(t))
		restore_update_same(&s->sql, t, t->sql.current->given);
	if (arrays)
	{
		appendStringInfoString(&s->sql, " FROM " ROWS_NAME " AS b");
		append_named_row(t, &s->sql);
		appendStringInfo(&s->sql, " CROSS JOIN %s AS x WHERE ", t->table->source);
	}
	else
		appendStringInfo(&s->sql, " FROM %s AS x WHERE ", t->table->source);
	for (int i = 0; i < t->key.count; i++)
	{
		const RelationColumn *column = &t->rel->columns[t->key.columns[i]];

		appendStringInfo(&s->sql, "%sx.%s %s b.c%d", i > 0 ? " AND " : "", column->quoted,
						 relation_equality(column->basetype), t->key.columns[i] + 1);
		restore_transport_narrow(&s->sql, t, t->key.columns[i], false);
	}
	restore_transport_end_probe(&s->sql, t, 1, t->sql.may_lock);
	Assert(s->nargs == 0);
	return query_prepare_over(t->cxt, s->sql.data, t->sql.relations);
}
