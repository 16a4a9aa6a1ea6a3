/*
 * leave.h
 *	  What a comparison leaves alone, by kind and name.  Pure.
 *
 * Elements of the argument ignore that have a colon: KIND:PATTERN for objects that may be
 * there or not, and as they are; extra:KIND and extra:KIND:PATTERN for those that may be
 * there though nobody expects them.  KIND is what differences call it, or *.  In a PATTERN
 * * stands for any text and ? for one character; with a dot it is compared with the whole
 * name as differences show it, else with the object's own.
 */
#ifndef DB_ADAPTER_LEAVE_H
#define DB_ADAPTER_LEAVE_H

#include "schema/model/schema.h"

typedef struct LeavePattern
{
	char	   *kind;			/* or * */
	char	   *name;			/* NULL: any */
	bool		extra;			/* only what is not expected */
} LeavePattern;

/* Whether an element is a pattern; 22023 for one of a kind that there is not. */
extern bool leave_is_pattern(const char *element);
extern List *leave_parse(List *elements);

/*
 * The expectation with what is left alone as it is in the live schema: no difference, and
 * what has to make way for something comes back.  The structs that change are copies.
 */
extern Schema *leave_alone(const Schema *expected, const Schema *actual, List *patterns);

#endif							/* DB_ADAPTER_LEAVE_H */
