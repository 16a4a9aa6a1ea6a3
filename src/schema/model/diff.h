/*
 * diff.h
 *	  Two Schemas -> the differences between them.  Pure: no catalog, no I/O.
 */
#ifndef DB_ADAPTER_DIFF_H
#define DB_ADAPTER_DIFF_H

#include "schema/model/schema.h"

typedef enum DifferenceKind
{
	DIFFERENCE_MISSING,			/* expected, but not there */
	DIFFERENCE_EXTRA,			/* there, but not expected */
	DIFFERENCE_CHANGED			/* one member of an object that is on both sides */
} DifferenceKind;

typedef struct Difference
{
	DifferenceKind kind;
	bool		is_error;		/* else a warning */
	const SchemaKind *object_kind;
	const SchemaKind *parent_kind;	/* NULL on top */
	const void *parent;			/* the table, view or type it is in, expected side; NULL on top */
	const void *parent_actual;	/* the same, actual side */
	const void *expected;		/* NULL for extra objects */
	const void *actual;			/* NULL for missing objects */
	const SchemaMember *member; /* of DIFFERENCE_CHANGED; position stands for the column order */
} Difference;

/* What to pass over, as bits. */
#define DIFF_IGNORE_OWNERS 0x01
#define DIFF_IGNORE_PRIVILEGES 0x02
#define DIFF_IGNORE_COMMENTS 0x04
#define DIFF_IGNORE_COLUMN_ORDER 0x08
#define DIFF_IGNORE_EXTRA 0x10

/* The bits for names like 'owners' (List of char *), less the patterns of leave.h; 22023 for one
 * that is not known. */
extern int diff_parse_ignore(List *names);

/*
 * The differences as a List of Difference *, in the order of the document.  Both
 * schemas must be sorted.  The content of a missing or extra object is not
 * listed on its own.
 */
extern List *diff_schemas(const Schema *expected, const Schema *actual, int ignore);

/* The same for a bare list of tables and columns: names alone are compared. */
extern List *diff_names(const Schema *expected, const Schema *actual);

/* Whether two objects of a kind are the same but for names, comments and the like. */
extern bool diff_same_but_name(const SchemaKind *kind, const void *a, const void *b);

extern int diff_count_errors(List *differences);

/* How a difference is shown: "public.items.price", "column", "type". */
extern char *difference_object(const Difference *difference);
extern const char *difference_object_type(const Difference *difference);
extern const char *difference_attribute(const Difference *difference);
/* The two sides in words; NULL for a side that has nothing. */
extern char *difference_expected(const Difference *difference);
extern char *difference_actual(const Difference *difference);

/* Whether it is a change of a member of a struct: difference_is(d, SchemaColumn, type). */
#define difference_is(d, struct_name, field)                                                       \
	((d)->member != NULL && (d)->object_kind == &KIND_OF_##struct_name &&                          \
	 (d)->member->offset == offsetof(struct_name, field))

#define KIND_OF_SchemaTable schema_table_kind
#define KIND_OF_SchemaView schema_view_kind
#define KIND_OF_SchemaColumn schema_column_kind
#define KIND_OF_SchemaConstraint schema_constraint_kind
#define KIND_OF_SchemaIndex schema_index_kind
#define KIND_OF_SchemaTrigger schema_trigger_kind
#define KIND_OF_SchemaRule schema_rule_kind
#define KIND_OF_SchemaFunction schema_function_kind
#define KIND_OF_SchemaType schema_type_kind
#define KIND_OF_SchemaSequence schema_sequence_kind
#define KIND_OF_SchemaStatistics schema_statistics_kind
#define KIND_OF_SchemaOther schema_other_kind
#define KIND_OF_SchemaPublication schema_publication_kind

/* All that tells one difference of two schemas from others, in one text. */
extern char *difference_key(const Difference *difference);

#endif							/* DB_ADAPTER_DIFF_H */
