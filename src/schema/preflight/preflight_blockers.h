/*
 * preflight_blockers.h
 *	  What is found in the rows, by step, and as JSON.
 */
#ifndef DB_ADAPTER_PREFLIGHT_BLOCKERS_H
#define DB_ADAPTER_PREFLIGHT_BLOCKERS_H

#include "base/json.h"
#include "schema/plan/plan_document.h"

typedef enum PreflightKind
{
	PREFLIGHT_FAILS,			/* the step will raise */
	PREFLIGHT_LOSES,			/* it will not, and a value comes out shorter or rounded */
	PREFLIGHT_UNKNOWN			/* it cannot be told before the step runs */
} PreflightKind;

/* What is said of a problem that cannot be told: the problem, and why. */
#define PREFLIGHT_UNKNOWN_TEXT "it is not known whether %s: %s"

/* A value of a row as text; text is NULL for a null. */
typedef struct SampleValue
{
	char	   *name;
	char	   *text;
	bool		plain;			/* a number or a boolean: not quoted */
} SampleValue;

typedef struct Sample
{
	List	   *key;			/* SampleValue *: the primary key, or the row's place */
	List	   *values;			/* SampleValue *: the offending value, or several */
	char	   *error;			/* what it raises */
} Sample;

typedef struct Blocker
{
	int			step;
	char	   *object;
	PreflightKind kind;
	char	   *problem;
	int64		rows;			/* -1: not counted */
	List	   *samples;		/* Sample * */
	char	   *hint;
} Blocker;

/* The one of that step and problem in the list, added where there is none. */
extern Blocker *blockers_add(List **blockers, const PlannedStep *step, PreflightKind kind,
							 char *problem, char *hint);
/* Adds rows and samples that were found somewhere else, up to so many samples. */
extern void blockers_extend(Blocker *blocker, const Blocker *found, int samples);

extern const char *blockers_kind_name(PreflightKind kind);
/* NULL for none. */
extern Jsonb *blockers_write_samples(const Blocker *blocker);
/* [{"kind", "problem", "rows", "samples", "hint"}] of one step, which may be none. */
extern Jsonb *blockers_write_step(List *blockers, int step);

#endif							/* DB_ADAPTER_PREFLIGHT_BLOCKERS_H */
