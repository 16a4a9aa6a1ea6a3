/*
 * plan_publications.c
 *	  Steps for what publications say of tables.
 *
 * A publication that names a column in its list or its condition keeps that from being
 * changed: the table leaves it for the time being.
 *
 * It assumes that an entry is the server's text: the qualified name of a table, then a
 * list of columns in parentheses, then a condition.  An entry is never altered in
 * place, since SET TABLE would name all the others again: the table leaves and comes
 * back.  Where nothing of the expected schema speaks of publications, those that exist
 * stay as they are.
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

/*
 * The columns of a publication's entry, (a, b), NIL where it has none; *rest is what
 * follows.  A quoted name may hold the parenthesis that ends the list, so quotes are
 * passed over as a whole.
 */
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

/*
 * The table's entry of a publication where that names the column, else NULL. The blank
 * behind the name tells a table from one whose name only begins so.
 */
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

/* Whether an entry is to stay; what is expected instead has a step of its own. */
static bool
is_expected(const Planner *p, const SchemaPublication *publication, const char *entry)
{
	const SchemaPublication *expected =
		schema_find(p->expected->publications, NULL, publication->object.name, NULL);

	return expected == NULL || schema_lists(expected->tables, entry);
}

/* Entries are marked as gone by their own address: several columns of one may ask. */
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
		if (is_expected(p, publication, entry))
			planner_step(p, PHASE_DESCRIBE, "alter_publication", name, actual,
						 psprintf("ALTER PUBLICATION %s ADD TABLE %s", name,
								  stays ? entry : entry_without(&c, table, entry)),
						 REASON);
	}
}

static bool
publishes(const SchemaPublication *publication, const char *table)
{
	return publication != NULL && schema_publishes(publication, table) != NULL;
}

/*
 * One that the expectation does not know stays unless drops are allowed, and publishes
 * on.
 */
const SchemaPublication *
plan_find_publisher(const Planner *p, const SchemaTable *table)
{
	char	   *name = schema_identity(table);
	ListCell   *lc;

	foreach(lc, p->actual->publications)
	{
		const SchemaPublication *publication = lfirst(lc);
		const SchemaPublication *to =
			schema_find(p->expected->publications, NULL, publication->object.name, NULL);

		if (publishes(publication, name) &&
			(to == NULL ? p->expected->publications == NIL || !p->options->allow_drop
						: publishes(to, name)))
			return publication;
	}
	return NULL;
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

/* ---------- publications that differ ---------- */

/*
 * The name of the table that an entry begins with, quoted as it stands there.  DROP
 * TABLE takes no list and no condition.
 */
static char *
entry_table(const char *entry)
{
	const char *end = entry;

	while (*end != '\0' && *end != ' ')
		if (*end++ == '"')
		{
			while (*end != '\0' && *end != '"')
				end++;
			end += *end == '"';
		}
	return pnstrdup(entry, end - entry);
}

static PlanStep *
alter_publication(Planner *p, PlanPhase phase, const SchemaPublication *publication,
				  const char *clause, const char *reason)
{
	const char *name = quote_identifier(publication->object.name);

	return planner_step(p, phase, "alter_publication", name, publication,
						psprintf("ALTER PUBLICATION %s %s", name, clause), reason);
}

static char *
publication_options(const SchemaPublication *publication)
{
	StringInfoData operations;
	ListCell   *lc;

	initStringInfo(&operations);
	foreach(lc, publication->operations)
		appendStringInfo(&operations, "%s%s", operations.len > 0 ? ", " : "", (char *) lfirst(lc));
	return psprintf("(publish = %s, publish_via_partition_root = %s)",
					quote_literal_cstr(operations.data), publication->via_root ? "true" : "false");
}

/* Tables leave before anything changes, and come when all is there. */
static void
change_published(Planner *p, const SchemaPublication *to, const SchemaPublication *from)
{
	const char *reason = "what it publishes differs";
	ListCell   *lc;

	foreach(lc, from->tables)
	{
		if (schema_lists(to->tables, lfirst(lc)) || planner_is_gone(p, lfirst(lc)))
			continue;
		planner_set_gone(p, lfirst(lc),
						 alter_publication(p, PHASE_DETACH, to,
										   psprintf("DROP TABLE %s", entry_table(lfirst(lc))),
										   reason));
	}
	foreach(lc, to->tables)
		if (!schema_lists(from->tables, lfirst(lc)))
			alter_publication(p, PHASE_DESCRIBE, to, psprintf("ADD TABLE %s", (char *) lfirst(lc)),
							  reason);
}

static void
change_published_schemas(Planner *p, const SchemaPublication *to, const SchemaPublication *from)
{
	const char *reason = "the schemas it publishes differ";
	ListCell   *lc;

	foreach(lc, from->schemas)
		if (!schema_lists(to->schemas, lfirst(lc)))
			alter_publication(p, PHASE_DETACH, to,
							  psprintf("DROP TABLES IN SCHEMA %s", quote_identifier(lfirst(lc))),
							  reason);
	foreach(lc, to->schemas)
		if (!schema_lists(from->schemas, lfirst(lc)))
			alter_publication(p, PHASE_DESCRIBE, to,
							  psprintf("ADD TABLES IN SCHEMA %s", quote_identifier(lfirst(lc))),
							  reason);
}

/* Owner and comment are kept. */
static void
replace_publication(Planner *p, const SchemaPublication *to, const SchemaPublication *from)
{
	const char *reason = "no command changes whether it is for all tables";
	SchemaPublication *merged = palloc(sizeof(SchemaPublication));

	planner_step(p, PHASE_DETACH, "drop_publication", quote_identifier(from->object.name), from,
				 ddl_drop(&schema_publication_kind, from), reason);
	*merged = *to;
	plan_keep_description(p, &merged->object, &from->object);
	plan_create_publication(p, merged, reason);
}

/* A table of another schema that is to be published, and is not the caller's; or NULL. */
static const SchemaTable *
find_foreign(const Planner *p, const SchemaPublication *publication)
{
	ListCell   *lc;

	foreach(lc, p->actual->outside)
		if (publishes(publication, schema_identity(lfirst(lc))) &&
			!planner_may_alter(p, lfirst(lc), false))
			return lfirst(lc);
	return NULL;
}

bool
plan_may_publish(Planner *p, const Difference *d)
{
	const SchemaTable *table = find_foreign(p, d->expected);

	if (table != NULL)
		planner_remain(p, d,
					   psprintf("the current role does not own table %s", schema_identity(table)));
	return table == NULL;
}

/* All options are set by one command, whichever of them differs. */
void
plan_change_publication(Planner *p, const Difference *d)
{
	const SchemaPublication *to = d->expected;

	if (to->all_tables != ((const SchemaPublication *) d->actual)->all_tables)
	{
		if (!p->options->allow_drop)
			planner_remain(p, d, "it is made anew, for all tables or not, only with allow_drop");
		else if (!planner_was_handled(p, to))
			replace_publication(p, to, d->actual);
	}
	else if (difference_is(d, SchemaPublication, tables))
	{
		if (plan_may_publish(p, d))
			change_published(p, to, d->actual);
	}
	else if (difference_is(d, SchemaPublication, schemas))
		change_published_schemas(p, to, d->actual);
	else if (!planner_was_handled(p, to))
		alter_publication(p, PHASE_DESCRIBE, to, psprintf("SET %s", publication_options(to)),
						  "its options differ");
}

/* In the describe phase: every table that it names is there by then. */
void
plan_create_publication(Planner *p, const SchemaPublication *publication, const char *reason)
{
	const char *name = quote_identifier(publication->object.name);
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE PUBLICATION %s", name);
	if (publication->all_tables)
		appendStringInfoString(&sql, " FOR ALL TABLES");
	foreach(lc, publication->tables)
		appendStringInfo(&sql, "%s%s", lc == list_head(publication->tables) ? " FOR TABLE " : ", ",
						 (char *) lfirst(lc));
	foreach(lc, publication->schemas)
		appendStringInfo(&sql, "%s%s",
						 lc != list_head(publication->schemas) ? ", "
						 : publication->tables != NIL		   ? ", TABLES IN SCHEMA "
															   : " FOR TABLES IN SCHEMA ",
						 quote_identifier(lfirst(lc)));
	appendStringInfo(&sql, " WITH %s", publication_options(publication));
	planner_step(p, PHASE_DESCRIBE, "create_publication", name, publication, sql.data, reason);
	plan_describe_new(p, &schema_publication_kind, NULL, NULL, publication);
}
