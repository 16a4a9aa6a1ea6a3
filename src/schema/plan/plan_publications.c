/*
 * plan_publications.c
 *	  Steps for what publications say of tables.
 *
 * A publication that names a column in its list or its condition keeps that from being
 * changed: the table leaves it for the time being.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#define REASON "a column it reads changes"

typedef struct Published
{
	const SchemaTable *actual;
	const char *column;
} Published;

/* The columns of a publication's entry, (a, b), NIL where it has none; *rest is what follows. */
static List *
published_columns(const char *entry, const char **rest)
{
	const char *p = *rest = entry;
	List	   *names;
	char	   *list;

	if (strncmp(p, " (", 2) != 0)
		return NIL;
	for (p += 2; *p != '\0' && *p != ')'; p++)
		if (*p == '"')
			while (*++p != '\0' && *p != '"')
				;
	list = pnstrdup(entry + 2, p - entry - 2);
	*rest = *p == ')' ? p + 1 : p;
	return SplitIdentifierString(list, ',', &names) ? names : NIL;
}

/*
 * The entry without the column; NULL where there would be nothing left of its
 * list, or where its condition needs the column.
 */
static char *
entry_without(const Published *c, const char *table, const char *entry)
{
	const char *rest;
	List	   *columns = published_columns(entry + strlen(table), &rest);
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		if (strcmp(lfirst(lc), c->column) != 0)
			left = lappend(left, lfirst(lc));
	if (expression_mentions(rest, c->column) || (columns != NIL && left == NIL))
		return NULL;
	return psprintf("%s%s%s", table, left != NIL ? psprintf(" (%s)", ddl_names(left)) : "", rest);
}

/* The table's entry of a publication where that names the column, else NULL. */
static const char *
find_entry(const Published *c, const SchemaPublication *publication, const char *table)
{
	int			length = strlen(table);
	ListCell   *lc;

	foreach(lc, publication->tables)
	{
		const char *entry = lfirst(lc);

		if (strncmp(entry, table, length) == 0 && entry[length] == ' ' &&
			expression_mentions(entry + length, c->column))
			return entry;
	}
	return NULL;
}

void
plan_republish(Planner *p, const SchemaTable *actual, const char *column, bool stays)
{
	Published	c = {actual, column};
	char	   *table = schema_identity(actual);
	ListCell   *lc;

	foreach(lc, p->actual->publications)
	{
		const SchemaPublication *publication = lfirst(lc);
		const char *name = quote_identifier(publication->object.name);
		const char *entry = find_entry(&c, publication, table);

		if (entry == NULL || planner_is_gone(p, entry))
			continue;
		planner_set_gone(p, entry, NULL);
		planner_step(p, PHASE_DETACH, "unpublish_table", name, actual,
					 psprintf("ALTER PUBLICATION %s DROP TABLE %s", name, table), REASON)
			->relation = &actual->object;
		planner_step(p, PHASE_DESCRIBE, "alter_publication", name, actual,
					 psprintf("ALTER PUBLICATION %s ADD TABLE %s", name,
							  stays ? entry : entry_without(&c, table, entry)),
					 REASON);
	}
}

const SchemaPublication *
plan_find_publication(const Planner *p, const SchemaTable *table, const char *column)
{
	Published	c = {table, column};
	char	   *name = schema_identity(table);
	ListCell   *lc;

	foreach(lc, p->actual->publications)
	{
		const char *entry = find_entry(&c, lfirst(lc), name);

		if (entry != NULL && entry_without(&c, name, entry) == NULL)
			return lfirst(lc);
	}
	return NULL;
}
