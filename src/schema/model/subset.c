/*
 * subset.c
 *	  The part of a schema that some differences concern.  Pure.
 *
 * A trial builds this part alone, so that it costs what the change is worth and
 * not what the database is.  Routines and types are always taken along: they are
 * cheap, and triggers, policies and index expressions use them without saying so
 * in depends_on.
 *
 * It assumes sorted schemas on both sides.  It may take more than needed, never less of
 * what depends_on tells; what that does not tell, a trial finds out, which then takes
 * all (trial_swap.c).  It copies a table only where it takes foreign keys off.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/model/graph.h"
#include "schema/model/subset.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#define KEY_LENGTH 512

typedef struct SubsetEntry
{
	char		key[KEY_LENGTH];	/* hash key */
} SubsetEntry;

struct Subset
{
	HTAB	   *keys;			/* NULL: everything */
	bool		grown;
};

static const struct
{
	const SchemaKind *kind;
	size_t		offset;
	bool		always;
} lists[] = {{&schema_namespace_kind, offsetof(Schema, namespaces), true},
			 {&schema_type_kind, offsetof(Schema, types), true},
			 {&schema_other_kind, offsetof(Schema, others), true},
			 {&schema_sequence_kind, offsetof(Schema, sequences), false},
			 {&schema_function_kind, offsetof(Schema, functions), true},
			 {&schema_table_kind, offsetof(Schema, tables), false},
			 {&schema_view_kind, offsetof(Schema, views), false},
			 {&schema_statistics_kind, offsetof(Schema, statistics), false},
			 {&schema_table_kind, offsetof(Schema, outside), false}};

#define LIST_OF(schema, i) (*(List **) ((char *) (schema) + lists[i].offset))

/* As depends_on has it, so that its texts serve as keys. */
static char *
object_key(const SchemaKind *kind, const void *object)
{
	return psprintf("%s %s", kind->name, schema_identity(object));
}

/* Names beyond the key's length are cut: at worst an object more is taken along. */
static void
make_entry(SubsetEntry *entry, const char *key)
{
	memset(entry, 0, sizeof(SubsetEntry));
	strlcpy(entry->key, key, sizeof(entry->key));
}

static bool
contains_key(const Subset *subset, const char *key)
{
	SubsetEntry entry;

	if (subset->keys == NULL)
		return true;
	make_entry(&entry, key);
	return hash_search(subset->keys, entry.key, HASH_FIND, NULL) != NULL;
}

static bool
contains(const Subset *subset, const SchemaKind *kind, const void *object)
{
	return contains_key(subset, object_key(kind, object));
}

static void
add_key(Subset *subset, const char *key)
{
	SubsetEntry entry;
	bool		found;

	make_entry(&entry, key);
	hash_search(subset->keys, entry.key, HASH_ENTER, &found);
	if (!found)
		subset->grown = true;
}

/*
 * The tables that foreign keys of a table point at; their own keys are not followed.
 * Or a table would bring in its whole neighbourhood, and the trial cost as much as the
 * database.
 */
static void
add_referenced(Subset *subset, const SchemaTable *table)
{
	ListCell   *lc;

	foreach(lc, table->constraints)
	{
		const SchemaConstraint *constraint = lfirst(lc);

		if (constraint->referenced_table != NULL)
			add_key(subset,
					psprintf("table %s", quote_qualified_identifier(constraint->referenced_schema,
																	constraint->referenced_table)));
	}
}

static void
add_seed(Subset *subset, const SchemaKind *kind, const void *object)
{
	if (object == NULL)
		return;
	add_key(subset, object_key(kind, object));
	if (kind == &schema_table_kind)
		add_referenced(subset, object);
}

/* Both sides: what is new is in the one, what goes in the other. */
static void
add_seeds(Subset *subset, List *differences)
{
	ListCell   *lc;

	foreach(lc, differences)
	{
		const Difference *d = lfirst(lc);
		const SchemaKind *kind = d->parent_kind != NULL ? d->parent_kind : d->object_kind;

		add_seed(subset, kind, d->parent_kind != NULL ? d->parent : d->expected);
		add_seed(subset, kind, d->parent_kind != NULL ? d->parent_actual : d->actual);
	}
}

static Subset *
new_subset(void)
{
	Subset	   *subset = palloc0(sizeof(Subset));
	HASHCTL		ctl = {.keysize = sizeof(SubsetEntry), .entrysize = sizeof(SubsetEntry)};

	ctl.hcxt = CurrentMemoryContext;
	subset->keys =
		hash_create("db_adapter subset", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return subset;
}

static bool
contains_table(const Subset *subset, const char *identity)
{
	return contains_key(subset, psprintf("table %s", identity));
}

static bool
descends(const Subset *subset, const SchemaTable *table)
{
	ListCell   *lc;

	if (table->partition_of != NULL && contains_table(subset, table->partition_of))
		return true;
	foreach(lc, table->inherits)
		if (contains_table(subset, lfirst(lc)))
			return true;
	return false;
}

/*
 * With their partitions and other children, as far down as they go: what is done to a table
 * is done to these, which may differ from it in what they have of their own.
 */
static void
add_touched(Subset *subset, const Schema *actual, List *touched)
{
	Subset	   *reached = new_subset();
	ListCell   *lc;

	foreach(lc, touched)
		add_key(reached, object_key(&schema_table_kind, lfirst(lc)));
	do
	{
		reached->grown = false;
		foreach(lc, actual->tables)
		{
			CHECK_FOR_INTERRUPTS();
			if (descends(reached, lfirst(lc)))
				add_key(reached, object_key(&schema_table_kind, lfirst(lc)));
		}
	} while (reached->grown);
	foreach(lc, actual->tables)
		if (contains(reached, &schema_table_kind, lfirst(lc)))
			add_seed(subset, &schema_table_kind, lfirst(lc));
}

/* What has to be there for a trial to find out that it is in the way. */
static void
add_concerned(Subset *subset, List *concerned)
{
	ListCell   *lc;

	foreach(lc, concerned)
		add_seed(subset, graph_top_kind(lfirst(lc)), graph_top(lfirst(lc)));
}

/* A sequence goes with the table whose column owns it. */
static bool
is_owned_in(const Subset *subset, const SchemaSequence *sequence)
{
	const char *dot = sequence->owned_by != NULL ? strrchr(sequence->owned_by, '.') : NULL;

	return dot != NULL &&
		   contains_key(subset, psprintf("table %.*s", (int) (dot - sequence->owned_by),
										 sequence->owned_by));
}

static bool
belongs(const Subset *subset, int list, const SchemaObject *object)
{
	if (lists[list].always || contains(subset, lists[list].kind, object))
		return true;
	if (lists[list].kind == &schema_sequence_kind)
		return is_owned_in(subset, (const SchemaSequence *) object);
	if (lists[list].kind == &schema_statistics_kind)
		return contains_key(subset,
							psprintf("table %s", ((const SchemaStatistics *) object)->table));
	return false;
}

/* Whether it must make room when something of the subset changes. */
static bool
stands_on(const Subset *subset, const SchemaObject *object)
{
	ListCell   *lc;

	foreach(lc, object->depends_on)
		if (contains_key(subset, lfirst(lc)))
			return true;
	return false;
}

/*
 * One round: what objects of the subset need, and views that read its tables.  Until
 * nothing more comes, see below: each round may bring what another list's objects need.
 */
static void
grow(Subset *subset, const Schema *schema)
{
	for (int i = 0; i < lengthof(lists); i++)
	{
		ListCell   *lc;

		foreach(lc, LIST_OF(schema, i))
		{
			SchemaObject *object = lfirst(lc);
			ListCell   *lcd;

			CHECK_FOR_INTERRUPTS();
			if (lists[i].kind == &schema_view_kind && stands_on(subset, object))
				add_key(subset, object_key(lists[i].kind, object));
			if (!belongs(subset, i, object))
				continue;
			foreach(lcd, object->depends_on)
				add_key(subset, lfirst(lcd));
		}
	}
}

Subset *
subset_of_differences(const Schema *expected, const Schema *actual, List *differences,
					  List *touched, List *concerned)
{
	Subset	   *subset = new_subset();

	add_seeds(subset, differences);
	add_touched(subset, actual, touched);
	add_concerned(subset, concerned);
	do
	{
		subset->grown = false;
		grow(subset, actual);
		grow(subset, expected);
	} while (subset->grown);
	return subset;
}

/* NULL keys contain everything. */
Subset *
subset_of_all(void)
{
	return palloc0(sizeof(Subset));
}

/* The table itself, or a copy without the foreign keys that lead out of the subset. */
static void *
restrict_table(const Subset *subset, SchemaTable *table)
{
	SchemaTable *copy = palloc(sizeof(SchemaTable));
	ListCell   *lc;

	*copy = *table;
	copy->constraints = NIL;
	foreach(lc, table->constraints)
	{
		SchemaConstraint *constraint = lfirst(lc);

		if (constraint->referenced_table == NULL ||
			contains_key(subset, psprintf("table %s", quote_qualified_identifier(
														  constraint->referenced_schema,
														  constraint->referenced_table))))
			copy->constraints = lappend(copy->constraints, constraint);
	}
	return copy;
}

Schema *
subset_restrict(const Subset *subset, const Schema *schema)
{
	Schema	   *result = schema_new(&schema_kind);

	result->schemas = schema->schemas;
	for (int i = 0; i < lengthof(lists); i++)
	{
		ListCell   *lc;

		foreach(lc, LIST_OF(schema, i))
		{
			void	   *object = lfirst(lc);

			if (!belongs(subset, i, object))
				continue;
			if (lists[i].kind == &schema_table_kind)
				object = restrict_table(subset, object);
			LIST_OF(result, i) = lappend(LIST_OF(result, i), object);
		}
	}
	return result;
}
