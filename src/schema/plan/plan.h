/*
 * plan.h
 *	  Differences -> ordered DDL steps with their hazards.  Pure.
 *
 * plan_make() looks at two Schemas alone.  What only the live database knows
 * (has a table rows? how many bytes?) it asks through PlanFacts, so that plans
 * can be made and tested without one.
 */
#ifndef DB_ADAPTER_PLAN_H
#define DB_ADAPTER_PLAN_H

#include "schema/model/diff.h"
#include "utils/jsonb.h"

#define PLAN_FORMAT "db_adapter.plan"
#define PLAN_VERSION 1

typedef enum PlanCast
{
	CAST_BY_TEXT,  /* none, or not known: what is printed of one is read as the other */
	CAST_EXPLICIT,				/* only as value::type */
	CAST_LOSSY,					/* by assignment, though not every value survives it */
	CAST_SAFE					/* by assignment; values stay or raise an error */
} PlanCast;

/* What the plan asks about live relations; table comes from the actual schema. */
typedef struct PlanFacts
{
	bool (*has_rows)(const SchemaTable *table, void *arg);
	/* How values of one type become the other's. */
	PlanCast (*cast)(const char *from, const char *to, void *arg);
	/* The value a sequence stands at, by its quoted name; false where it is not known. */
	bool (*sequence_value)(const char *sequence, int64 *value, void *arg);
	/* How values of a type are stored where nobody said so; NULL where it is not known. */
	const char *(*storage)(const char *type, void *arg);
	/* Whether there is a foreign server, which no plan makes. */
	bool (*has_server)(const char *name, void *arg);
	/* Whether a table of another schema is the caller's to alter, or to have triggers made on. */
	bool (*may_alter)(const SchemaTable *table, bool by_trigger, void *arg);
	/* Rows and bytes of a relation by name; leaves them alone where there is none. */
	void (*measure)(const SchemaObject *relation, int64 *rows, int64 *bytes, void *arg);
	void	   *arg;
} PlanFacts;

typedef struct PlanOptions
{
	bool		allow_drop;
	int			recreate_threshold; /* 0: ALTER always */
	int			ignore;			/* DIFF_IGNORE_* */
	List	   *definitions;	/* PlanDefinition *: of columns that the expectation only names */
	List	   *rename_steps;	/* of plan_rename_steps(): actual is the schema after them */
	bool		shape_only;		/* no owners, privileges and comments of new objects */
	bool		online;			/* indexes are built while others write, where they can */
	PlanFacts	facts;
} PlanOptions;

/* "table.column": "type clause" of column_definitions. */
typedef struct PlanDefinition
{
	char	   *table;
	char	   *column;
	char	   *clause;
} PlanDefinition;

/*
 * "table": "new" or "table.column": "new", each with or without the schema in front;
 * which of them it is, the live schema decides.
 */
typedef struct PlanRename
{
	List	   *parts;			/* char *: one to three names */
	char	   *to;
	bool		is_hint;		/* from a comment in the text: it may have been done long ago */
} PlanRename;

/*
 * Steps run in this order; within a phase by the rank of the object they concern,
 * which follows dependencies (downwards where things are taken away).
 */
typedef enum PlanPhase
{
	PHASE_RENAME,
	PHASE_DETACH,				/* views, triggers, policies, … that stand in the way or change */
	PHASE_SCHEMA,
	PHASE_BUILD,				/* types, sequences, functions, tables, columns, views */
	PHASE_CONSTRAIN,
	PHASE_INDEX,
	PHASE_REFERENCE,			/* foreign keys, when all keys they point at are there */
	PHASE_ATTACH,				/* triggers, policies, rules, statistics, ownership of sequences */
	PHASE_DROP,
	PHASE_DESCRIBE,				/* owners, privileges, comments */
	PHASE_ONLINE,				/* not in apply's transaction, but after it */
	PHASE_COUNT
} PlanPhase;

/* A few steps come before or after all others of their phase, whatever they concern. */
typedef enum PlanBand
{
	BAND_FIRST,
	BAND_NORMAL,
	BAND_LAST
} PlanBand;

/*
 * Where a step stands unless it has to wait for another: compared member by member, in
 * this order.
 */
typedef struct PlanPlace
{
	PlanPhase	phase;
	PlanBand	band;
	int			rank;			/* of the object it concerns */
	bool		late;			/* after the other steps of its object */
	int			sequence;		/* of adding */
} PlanPlace;

/* What a step may mean to others, in the order in which a plan names them. */
typedef enum PlanHazard
{
	HAZARD_SHARE_UPDATE_EXCLUSIVE_LOCK,
	HAZARD_SHARE_LOCK,
	HAZARD_SHARE_ROW_EXCLUSIVE_LOCK,
	HAZARD_ACCESS_EXCLUSIVE_LOCK,
	HAZARD_TABLE_REWRITE,
	HAZARD_TABLE_SCAN,
	HAZARD_INDEX_BUILD,
	HAZARD_NOT_NULL_BACKFILL,
	HAZARD_DATA_LOSS,
	HAZARD_IRREVERSIBLE
} PlanHazard;

#define PLAN_HAZARDS (HAZARD_IRREVERSIBLE + 1)
#define PLAN_HAZARD(hazard) (1U << (hazard))

typedef struct PlanStep
{
	PlanPlace	place;
	int			number;			/* 1, 2, … once the plan is ordered */
	const char *action;			/* "add_column" */
	char	   *object;			/* "public.items.price" */
	char	   *sql;			/* one command, no semicolon */
	uint32		hazards;		/* bits: PLAN_HAZARD(HAZARD_DATA_LOSS) … */
	char	   *reason;
	const SchemaObject *relation;	/* the table or view it concerns, or NULL */
	int64		rows;			/* of that table, estimated; -1 where not asked */
	int64		bytes;			/* the same, with indexes */
	bool		bounds;			/* it sets the bounds of a sequence, which may be outside of them */
	bool		online;			/* apply leaves it: it makes transactions of its own */
	Jsonb	   *blockers;		/* what in the rows is in its way; NULL where nobody looked */
	List	   *after;			/* PlanStep *: those that it has to wait for */
	List *takes;	 /* GraphNode *: of the live schema, what is there no more after it */
	List	   *makes;			/* char *: of the expected schema, by schema_key() */
	List	   *needs;			/* char *: the same of what has to be made before */
} PlanStep;

/* A difference that no step mends, and why. */
typedef struct PlanRemainder
{
	const Difference *difference;
	char	   *reason;
} PlanRemainder;

typedef struct SchemaPlan
{
	List	   *differences;	/* of the expectation from the live schema */
	List	   *steps;			/* PlanStep *, in order */
	List	   *remaining;		/* PlanRemainder * */
	List	   *notes;			/* char *: what the reader should know */
	List	   *recreated;		/* char *: tables rebuilt */
	List	   *concerned;		/* GraphNode *: what needs live things that go or change */
	List	   *obstacles;		/* char *: why it will not apply, whatever a trial says */
} SchemaPlan;

/*
 * The plan from actual to expected; both sorted.  expected_is_flat: it names tables
 * and columns only, as diff_names compares them.
 */
extern SchemaPlan *plan_make(const Schema *expected, const Schema *actual, bool expected_is_flat,
							 const PlanOptions *options);

/*
 * The steps that rename (PlanStep *), for those whose old name is there.  22023 when
 * neither the old nor the new name of one that the caller told is there.
 */
extern List *plan_rename_steps(const Schema *actual, List *renames);

/* Adds a hazard to a step, or takes it away. */
extern void plan_set_hazard(PlanStep *step, PlanHazard hazard, bool present);
/* As documents have it. */
extern const char *plan_hazard_name(PlanHazard hazard);
/* Whether the plan says of a difference that it remains. */
extern bool plan_leaves(const SchemaPlan *plan, const Difference *difference);

/* Readers of the arguments of the same name; 22023 where they are malformed. */
extern List *plan_read_definitions(Jsonb *definitions);
extern List *plan_read_renames(Jsonb *renames);
/* The same of a schema document: List of SchemaRename *. */
extern List *plan_renames_of_document(List *renames);

#endif							/* DB_ADAPTER_PLAN_H */
