/*
 * validation.h
 *	  The result of comparing the live schema with an expected one.
 */
#ifndef DB_ADAPTER_VALIDATION_H
#define DB_ADAPTER_VALIDATION_H

#include "base/json.h"
#include "schema/model/diff.h"
#include "utils/jsonb.h"

/* An expectation as the caller gave it, read. */
typedef struct Expectation
{
	Schema	   *schema;
	List	   *schemas;		/* names of the schemas compared */
	List	   *exclude;		/* relation names left out, on both sides */
	bool		is_flat;		/* {"table": ["column", …]}: names alone */
} Expectation;

/*
 * Reads either form.  schemas NIL means those of the document (public for the
 * flat form).  Excluded relations are taken out.  Raises 22P02 or 0A000.
 */
extern Expectation *validation_expect(Jsonb *expected, List *schemas, List *exclude);

/* Takes out of a schema what stands in none of schemas or is named in exclude. */
extern void validation_filter(Schema *schema, List *schemas, List *exclude);

/*
 * The differences of the live schema from an expectation; ignore is the argument of that
 * name (char *): names of diff.h and patterns of leave.h.
 */
extern List *validation_compare(const Expectation *expectation, List *ignore);
/* A schema expected, with what is left alone as it is live: by ignore, or managed by extensions. */
extern Schema *validation_leave_alone(const Schema *expected, Schema *actual, List *ignore);

/* {"valid", "missing_tables", "missing_columns", "extra_tables", "differences", "error_count"} */
extern Jsonb *validation_write(List *differences);

/* One difference as the list of them has it. */
extern void validation_write_difference(JsonWriter *w, const Difference *difference);

/* The first errors for people, a line each, texts cut: what an error message has room for. */
extern char *validation_detail(List *differences, int most);

/* A result of validation_write for people; format is "text" or "markdown". */
extern char *validation_report(Jsonb *validation, const char *format);

#endif							/* DB_ADAPTER_VALIDATION_H */
