/*
 * plan_rebuild.c
 *	  Steps that rebuild a table, alone or with its partitions.
 *
 * Asked for by recreate_threshold, or because nothing else brings it about: a table
 * becomes partitioned, or is so by another key, or none any more.  A new table is filled
 * from the old one, takes its name, and gets back all that hung on it: what the expected
 * schema says of the table, and what the live one says where the expected is silent.
 * Whatever stands on the table makes way and comes back.  A partitioned table is rebuilt
 * with all its partitions: rows go through the whole, so that each comes to where it
 * belongs.
 *
 * A rebuild for the order of columns alone is not worth what it costs others: what
 * cannot simply follow to another table (child tables, columns of its row type) makes
 * the planner refuse, naming it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/plan_identity.h"
#include "schema/plan/plan_not_null.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define ORDER_REASON "it is rebuilt, with its columns in the declared order"
#define PARTITION_REASON "it is rebuilt: nothing else changes how a table is partitioned"
#define KIND_REASON "it is made anew: its rows are kept by someone else"

/* A table made anew; the tree's root stands for all that are made with it. */
typedef struct Rebuild
{
	Planner	   *p;
	const struct Rebuild *root;
	const char *reason;
	bool		keeps_rows;		/* neither of them is foreign */
	const SchemaTable *from;	/* actual; NULL for a new partition */
	const SchemaTable *to;		/* expected */
	SchemaTable *merged;		/* what the new table shall be */
	SchemaTable *bare;			/* the same under its first name, columns only */
} Rebuild;

static int
count_missing_columns(const SchemaTable *to, const SchemaTable *from)
{
	int			missing = 0;
	ListCell   *lc;

	foreach(lc, to->columns)
		if (schema_find_child(from->columns, ((SchemaObject *) lfirst(lc))->name) == NULL)
			missing++;
	return missing;
}

/* ---------- what stands against it ---------- */

static void
add_obstacle(StringInfo list, const char *format, const char *name)
{
	if (list->len > 0)
		appendStringInfoString(list, ", ");
	appendStringInfo(list, format, name);
}

static void
find_dependents(StringInfo list, const char *format, List *objects, const char *key,
				const SchemaTable *self)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		const SchemaObject *object = lfirst(lc);

		if (object != &self->object && schema_lists(object->depends_on, key))
			add_obstacle(list, format, schema_identity(object));
	}
}

static char *
find_obstacles(const Planner *p, const SchemaTable *table)
{
	StringInfoData list;
	char	   *key = psprintf("table %s", schema_identity(table));

	initStringInfo(&list);
	if (strcmp(table->kind, "table") != 0)
		add_obstacle(&list, "its being a %s", table->kind);
	if (table->partition_of != NULL)
		add_obstacle(&list, "its being a partition of %s", table->partition_of);
	if (table->inherits != NIL)
		add_obstacle(&list, "its inheriting from %s", linitial(table->inherits));
	if (table->of_type != NULL)
		add_obstacle(&list, "its type %s", table->of_type);
	find_dependents(&list, "the table %s that inherits from it or uses its row type",
					p->actual->tables, key, table);
	find_dependents(&list, "the routine %s", p->actual->functions, key, table);
	find_dependents(&list, "the type %s", p->actual->types, key, table);
	return list.len > 0 ? list.data : NULL;
}

static void
refuse_obstacles(const Planner *p, const SchemaTable *table)
{
	char	   *obstacles = find_obstacles(p, table);

	if (obstacles != NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("cannot rebuild table \"%s\"", schema_identity(table)),
						errdetail("A rebuild cannot keep %s.", obstacles),
						errhint("Plan with recreate_threshold => 0 to add the columns instead.")));
}

/* ---------- what the new table shall be ---------- */

/* Of two lists of children by name: the expected ones, then those that are only there. */
static List *
merge_children(const Planner *p, List *expected, List *actual)
{
	List	   *result = list_copy(expected);
	ListCell   *lc;

	if (p->options->allow_drop)
		return result;
	foreach(lc, actual)
		if (schema_find_child(expected, ((SchemaObject *) lfirst(lc))->name) == NULL)
			result = lappend(result, lfirst(lc));
	return result;
}

/* The column as it is. */
static const SchemaColumn *
find_source(const Rebuild *r, const SchemaColumn *column)
{
	return r->from != NULL ? schema_find_child(r->from->columns, column->object.name) : NULL;
}

static SchemaColumn *
merge_column(Rebuild *r, const SchemaColumn *expected)
{
	SchemaColumn *column = palloc(sizeof(SchemaColumn));
	const SchemaColumn *actual = find_source(r, expected);

	*column = *expected;
	if (actual != NULL)
		plan_keep_description(r->p, &column->object, &actual->object);
	else if (r->from != NULL && plan_is_left_nullable(r->p, r->from, column))
	{
		column->not_null = false;
		plan_remain_nullable(r->p, r->to, r->from, expected, column);
	}
	plan_name_not_null(r->to, column, actual);
	return column;
}

/*
 * A name nobody has, and short enough to stand whole in those of the sequences that
 * the server names after it.
 */
static char *
first_name(const Planner *p, const SchemaObject *table)
{
	const int	longest = NAMEDATALEN / 3;
	char	   *base =
		strlen(table->name) <= longest
			? psprintf("%s_new", table->name)
			: psprintf("%.*s_%08x_new", pg_mbcliplen(table->name, strlen(table->name), longest),
					   table->name,
					   hash_bytes((const unsigned char *) table->name, strlen(table->name)));
	char	   *name = base;

	for (int i = 1; planner_is_taken(p, table->schema, name); i++)
		name = psprintf("%s%d", base, i);
	return name;
}

/* What a new partition shall be, it is from the start, but for its parent's first name. */
static void
merge_children_of(Rebuild *r)
{
	SchemaTable *merged = r->merged;
	const SchemaTable *from = r->from;
	ListCell   *lc;

	merged->columns = NIL;
	foreach(lc, merge_children(r->p, r->to->columns, from->columns))
		merged->columns = lappend(merged->columns, merge_column(r, lfirst(lc)));
	merged->constraints = merge_children(r->p, r->to->constraints, from->constraints);
	merged->indexes = merge_children(r->p, r->to->indexes, from->indexes);
	merged->triggers = merge_children(r->p, r->to->triggers, from->triggers);
	merged->policies = merge_children(r->p, r->to->policies, from->policies);
	merged->rules = merge_children(r->p, r->to->rules, from->rules);
}

/* A partition that is made by itself, to be attached later, has no columns of the whole's. */
static List *
own_columns(List *columns)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, columns)
	{
		SchemaColumn *column =
			memcpy(palloc(sizeof(SchemaColumn)), lfirst(lc), sizeof(SchemaColumn));

		column->inherited = false;
		result = lappend(result, column);
	}
	return result;
}

static void
merge_table(Rebuild *r, const Rebuild *parent)
{
	r->merged = palloc(sizeof(SchemaTable));
	*r->merged = *r->to;
	plan_rank_copy(r->p, r->merged, r->to);
	if (r->from != NULL)
	{
		plan_keep_description(r->p, &r->merged->object, &r->from->object);
		merge_children_of(r);
	}
	r->bare = palloc(sizeof(SchemaTable));
	*r->bare = *r->merged;
	if (r->from != NULL)
		r->bare->object.name = first_name(r->p, &r->merged->object);
	if (parent != NULL)
		r->bare->partition_of = schema_identity(parent->bare);
	else if (r->to->partition_of != NULL)
	{
		r->bare->partition_of = r->bare->partition_bound = NULL;
		r->bare->columns = own_columns(r->bare->columns);
	}
	r->bare->constraints = NIL;
}

/* ---------- steps ---------- */

static PlanStep *
rebuild_step(const Rebuild *r, PlanPhase phase, const char *action, char *sql)
{
	/* All in the place of the root: in the order in which they are added. */
	PlanStep   *step = planner_step(r->p, phase, action, schema_identity(r->to), r->root->to, sql,
									r->root->reason);

	if (r->from != NULL)
		step->relation = &r->from->object;
	return step;
}

/* The columns both tables have; generated ones fill themselves. */
static void
copy_rows(const Rebuild *r)
{
	StringInfoData columns;
	StringInfoData values;
	ListCell   *lc;
	PlanStep   *step;

	initStringInfo(&columns);
	initStringInfo(&values);
	foreach(lc, r->merged->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *source = find_source(r, column);
		const char *name = quote_identifier(column->object.name);
		const char *separator = columns.len > 0 ? ", " : "";

		if (source == NULL || column->generated != NULL)
			continue;
		appendStringInfo(&columns, "%s%s", separator, name);
		appendStringInfo(&values, "%s%s", separator, name);
		/* A type of the schema may be another by then, its column of text for the time. */
		if (strchr(source->type, '.') != NULL ||
			plan_find_cast(r->p, source->type, column->type) == CAST_BY_TEXT)
			appendStringInfo(&values, "::pg_catalog.text::%s", column->type);
		else if (strcmp(source->type, column->type) != 0)
			appendStringInfo(&values, "::%s", column->type);
	}
	step = rebuild_step(r, PHASE_BUILD, "copy_rows",
						psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s%s",
								 schema_identity(r->bare), columns.data, values.data,
								 r->from->partition_key != NULL ? "" : "ONLY ",
								 schema_identity(r->from)));
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	planner_hazard(step, HAZARD_TABLE_REWRITE);
}

/* An identity's sequence goes on where the old one stood. */
static void
move_identities(const Rebuild *r)
{
	ListCell   *lc;

	foreach(lc, r->merged->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *source = find_source(r, column);

		if (column->identity == NULL || source == NULL || source->identity == NULL)
			continue;
		rebuild_step(
			r, PHASE_BUILD, "set_sequence",
			psprintf("SELECT pg_catalog.setval(%s::pg_catalog.regclass, last_value, is_called) "
					 "FROM %s",
					 quote_literal_cstr(plan_identity_sequence(r->bare, column)),
					 plan_identity_sequence(r->from, source)));
	}
}

static void
rename_identities(const Rebuild *r)
{
	ListCell   *lc;

	foreach(lc, r->merged->columns)
	{
		const SchemaColumn *column = lfirst(lc);

		if (column->identity != NULL)
			rebuild_step(r, PHASE_BUILD, "rename_sequence",
						 psprintf("ALTER SEQUENCE %s RENAME TO %s",
								  plan_identity_sequence(r->bare, column),
								  quote_identifier(makeObjectName(r->merged->object.name,
																  column->object.name, "seq"))));
	}
}

/* Sequences that columns own would go with the old table. */
static void
keep_sequences(const Rebuild *r)
{
	char	   *prefix = psprintf("%s.", schema_identity(r->from));
	ListCell   *lc;

	foreach(lc, r->p->actual->sequences)
	{
		const SchemaSequence *sequence = lfirst(lc);
		const SchemaSequence *again = schema_find(
			r->p->expected->sequences, sequence->object.schema, sequence->object.name, NULL);

		if (sequence->owned_by == NULL || strncmp(sequence->owned_by, prefix, strlen(prefix)) != 0)
			continue;
		rebuild_step(r, PHASE_DETACH, "alter_sequence",
					 psprintf("ALTER SEQUENCE %s OWNED BY NONE", schema_identity(sequence)));
		/* One that goes goes by a step of its own, one that comes elsewhere too. */
		if (again == NULL
				? !r->p->options->allow_drop
				: again->owned_by != NULL && strcmp(again->owned_by, sequence->owned_by) == 0)
			plan_own_sequence(r->p, again != NULL ? again : sequence, r->root->reason);
	}
}

static void
move_publications(const Rebuild *r)
{
	char	   *name = schema_identity(r->from);
	int			length = strlen(name);
	ListCell   *lc;

	foreach(lc, r->p->actual->publications)
	{
		const SchemaPublication *publication = lfirst(lc);
		ListCell   *lct;

		foreach(lct, publication->tables)
		{
			const char *entry = lfirst(lct);

			if (strncmp(entry, name, length) == 0 &&
				(entry[length] == '\0' || entry[length] == ' '))
				rebuild_step(r, PHASE_DESCRIBE, "alter_publication",
							 psprintf("ALTER PUBLICATION %s ADD TABLE %s",
									  quote_identifier(publication->object.name), entry));
		}
	}
}

static void
create_bare(const Rebuild *r)
{
	rebuild_step(r, PHASE_BUILD, "create_table", ddl_create_table(r->bare));
	/* Copying evaluates what the owner chose, so it is his by then. */
	if (r->merged->object.owner != NULL)
		rebuild_step(r, PHASE_BUILD, "alter_owner",
					 psprintf("ALTER TABLE %s OWNER TO %s", schema_identity(r->bare),
							  quote_identifier(r->merged->object.owner)));
}

/* Its partitions go along. */
static void
drop_old(const Rebuild *root)
{
	PlanStep   *step =
		rebuild_step(root, PHASE_BUILD, "drop_table", ddl_drop(&schema_table_kind, root->from));

	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	if (strcmp(root->from->kind, "foreign table") != 0)
		planner_hazard(step, HAZARD_DATA_LOSS);
}

static void
take_name(const Rebuild *r)
{
	if (r->from == NULL)
		return;
	rebuild_step(r, PHASE_BUILD, "rename_table",
				 psprintf("ALTER %s %s RENAME TO %s", ddl_keyword(&schema_table_kind, r->bare),
						  schema_identity(r->bare), quote_identifier(r->merged->object.name)));
	rename_identities(r);
}

/* All that hangs on it, once it has its name. */
static void
add_contents(const Rebuild *r)
{
	ListCell   *lc;

	if (r->merged->partition_of != NULL || r->merged->of_type != NULL)
		foreach(lc, r->merged->columns)
			plan_own_column(r->p, r->merged, lfirst(lc), r->root->reason);
	plan_table_contents(r->p, r->merged, r->root->reason);
	if (r->from != NULL)
		move_publications(r);
}

/* Tables made anew together. */
typedef struct RebuildTree
{
	List	   *tables;			/* Rebuild *: the root first, each parent before its partitions */
	List	   *old;			/* SchemaTable *: those that go */
} RebuildTree;

/* All trees are known before any step is planned: foreign keys may lead from one to another. */
static List *
add_tree(Planner *p, List *trees, List *tables, List *old)
{
	RebuildTree *tree = palloc(sizeof(RebuildTree));
	ListCell   *lc;

	tree->tables = tables;
	tree->old = old;
	foreach(lc, tables)
	{
		const Rebuild *r = lfirst(lc);

		p->rebuilt = lappend(p->rebuilt, unconstify(SchemaTable *, r->to));
		p->plan->recreated = lappend(p->plan->recreated, schema_identity(r->to));
	}
	p->rebuilt = list_concat(p->rebuilt, old);
	return lappend(trees, tree);
}

static void
rebuild_all(Planner *p, const RebuildTree *tree)
{
	List	   *tables = tree->tables;
	List	   *old = tree->old;
	const Rebuild *root = linitial(tables);
	ListCell   *lc;

	foreach(lc, old)
		keep_sequences(&(Rebuild){.p = p, .root = root, .from = lfirst(lc), .to = root->to});
	foreach(lc, tables)
		create_bare(lfirst(lc));
	if (root->keeps_rows)
		copy_rows(root);
	move_identities(root);
	drop_old(root);
	foreach(lc, tables)
		take_name(lfirst(lc));
	/* Their own children, which are not asked, are among those that the new tables get. */
	foreach(lc, old)
		dependents_recreate_object(p, &schema_table_kind, lfirst(lc), NULL,
								   "the table it stands on is rebuilt");
	foreach(lc, tables)
		add_contents(lfirst(lc));
	if (root->to->partition_of != NULL)
		planner_hazard(plan_attach_partition(root->p, root->to, root->reason), HAZARD_TABLE_SCAN);
	if (root->keeps_rows)
		rebuild_step(root, PHASE_DESCRIBE, "analyze",
					 psprintf("ANALYZE %s", schema_identity(root->to)));
}

static Rebuild *
new_rebuild(Planner *p, const Rebuild *root, const SchemaTable *to, const SchemaTable *from)
{
	Rebuild	   *r = palloc0(sizeof(Rebuild));

	r->p = p;
	r->root = root != NULL ? root : r;
	r->from = from;
	r->to = to;
	r->keeps_rows = true;
	return r;
}

static List *
rebuild_table(Planner *p, List *trees, const SchemaTable *to, const SchemaTable *from)
{
	Rebuild	   *r = new_rebuild(p, NULL, to, from);

	refuse_obstacles(p, from);
	r->reason = ORDER_REASON;
	merge_table(r, NULL);
	return add_tree(p, trees, list_make1(r), list_make1(unconstify(SchemaTable *, from)));
}

/* ---------- trees ---------- */

static List *
partitions_of(const Schema *schema, const SchemaTable *table)
{
	char	   *name = schema_identity(table);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, schema->tables)
	{
		SchemaTable *part = lfirst(lc);

		if (part->partition_of != NULL && strcmp(part->partition_of, name) == 0)
			result = lappend(result, part);
	}
	return result;
}

/* A live partition of it goes along, unless it is to be another's, or nobody's. */
static List *
old_tables(const Planner *p, const SchemaTable *table)
{
	List	   *result = list_make1(unconstify(SchemaTable *, table));
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, partitions_of(p->actual, table))
	{
		const SchemaTable *part = lfirst(lc);
		const SchemaTable *to = planner_find_table(p, schema_identity(part));

		if (to == NULL || planner_follows_parent(to, part))
			result = list_concat(result, old_tables(p, part));
	}
	return result;
}

/* What is a table by itself today is attached later. */
static List *
new_tables(Planner *p, const Rebuild *r, List *old)
{
	List	   *result = list_make1(unconstify(Rebuild *, r));
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, partitions_of(p->expected, r->to))
	{
		const SchemaTable *to = lfirst(lc);
		SchemaTable *from = planner_find_live(p, schema_identity(to));
		Rebuild	   *part;

		if (from != NULL && !list_member_ptr(old, from))
			continue;
		part = new_rebuild(p, r->root, to, from);
		merge_table(part, r);
		result = list_concat(result, new_tables(p, part, old));
	}
	return result;
}

static bool
is_foreign(const SchemaTable *table)
{
	return strcmp(table->kind, "foreign table") == 0;
}

/* Rows are not sent to where a foreign partition keeps them, nor fetched from there. */
static bool
has_foreign(List *old, List *tables)
{
	ListCell   *lc;

	foreach(lc, old)
		if (is_foreign(lfirst(lc)))
			return true;
	foreach(lc, tables)
		if (is_foreign(((const Rebuild *) lfirst(lc))->to))
			return true;
	return false;
}

static bool
changes_key_type(const SchemaTable *to, const SchemaTable *from)
{
	ListCell   *lc;

	foreach(lc, to->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *live = schema_find_child(from->columns, column->object.name);

		if (live != NULL && expression_mentions(from->partition_key, column->object.name) &&
			(strcmp(live->type, column->type) != 0 ||
			 !expression_equal(live->collation, column->collation)))
			return true;
	}
	return false;
}

/* Whether columns that come are behind those that stay, as these stand. */
static bool
keeps_order(const SchemaTable *to, const SchemaTable *from)
{
	int			place = 0;
	ListCell   *lc;

	foreach(lc, from->columns)
	{
		const SchemaObject *column = lfirst(lc);

		if (schema_find_child(to->columns, column->name) == NULL)
			continue;
		if (strcmp(((const SchemaObject *) list_nth(to->columns, place))->name, column->name) != 0)
			return false;
		place++;
	}
	return true;
}

/* A table of a type has its columns in the order of the type's attributes. */
static bool
has_to_be_rebuilt(const SchemaTable *to, const SchemaTable *from)
{
	if (to->of_type != NULL && !expression_equal(to->of_type, from->of_type) &&
		!keeps_order(to, from))
		return true;
	return strcmp(to->kind, from->kind) != 0 || !expression_equal(to->server, from->server) ||
		   !expression_equal(to->partition_key, from->partition_key) || changes_key_type(to, from);
}

/* Whether one of those that stay its partitions has. */
static bool
tree_has_to_be_rebuilt(const Planner *p, const SchemaTable *to)
{
	const SchemaTable *from = planner_find_live(p, schema_identity(to));
	ListCell   *lc;

	check_stack_depth();
	if (from != NULL && has_to_be_rebuilt(to, from))
		return true;
	foreach(lc, partitions_of(p->expected, to))
	{
		const SchemaTable *part = lfirst(lc);
		const SchemaTable *live = planner_find_live(p, schema_identity(part));

		if (live != NULL && planner_follows_parent(part, live) && tree_has_to_be_rebuilt(p, part))
			return true;
	}
	return false;
}

/* The table on top of the partitions among which a table stays. */
static void
find_root(const Planner *p, const SchemaTable **to, const SchemaTable **from)
{
	while ((*to)->partition_of != NULL && planner_follows_parent(*to, *from))
	{
		const SchemaTable *parent = planner_find_table(p, (*to)->partition_of);
		const SchemaTable *live = planner_find_live(p, (*from)->partition_of);

		if (parent == NULL || live == NULL)
			break;
		*to = parent;
		*from = live;
	}
}

bool
plan_will_rebuild(const Planner *p, const SchemaTable *to, const SchemaTable *from)
{
	if (has_to_be_rebuilt(to, from))
		return true;
	find_root(p, &to, &from);
	return tree_has_to_be_rebuilt(p, to);
}

static List *
rebuild_tree(Planner *p, List *trees, const SchemaTable *to, const SchemaTable *from)
{
	Rebuild	   *root;
	List	   *old;
	List	   *tables;

	find_root(p, &to, &from);
	if (planner_is_rebuilt(p, to))
		return trees;
	root = new_rebuild(p, NULL, to, from);
	root->reason = is_foreign(to) || is_foreign(from) ? KIND_REASON : PARTITION_REASON;
	merge_table(root, NULL);
	/* Or it would go with the whole that it leaves, if that is rebuilt before. */
	if (from->partition_of != NULL)
		(void) plan_detach_partition(p, from, root->reason);
	old = old_tables(p, from);
	tables = new_tables(p, root, old);
	root->keeps_rows = !has_foreign(old, tables);
	if (root->keeps_rows || (list_length(old) == 1 && list_length(tables) == 1))
		trees = add_tree(p, trees, tables, old);
	return trees;
}

void
plan_find_rebuilt(Planner *p)
{
	int			threshold = p->options->recreate_threshold;
	List	   *trees = NIL;
	ListCell   *lc;

	if (p->is_flat)
		return;
	foreach(lc, p->expected->tables)
	{
		const SchemaTable *to = lfirst(lc);
		const SchemaTable *from = schema_find_table(p->actual, to->object.schema, to->object.name);

		if (from == NULL)
			continue;
		if (p->options->allow_drop && has_to_be_rebuilt(to, from))
			trees = rebuild_tree(p, trees, to, from);
		else if (threshold > 0 && count_missing_columns(to, from) >= threshold)
			trees = rebuild_table(p, trees, to, from);
	}
	foreach(lc, trees)
		rebuild_all(p, lfirst(lc));
}

/* A table that is made anew is made as expected. */
bool
plan_is_of_rebuilt(const Planner *p, const Difference *d)
{
	const void *table = d->parent_kind == &schema_table_kind   ? d->parent
						: d->object_kind != &schema_table_kind ? NULL
						: d->expected != NULL				   ? d->expected
															   : d->actual;

	return table != NULL && planner_is_rebuilt(p, table);
}
