/*
 * expression.h
 *	  Comparing expressions as the server prints them, and finding names in them.
 */
#ifndef DB_ADAPTER_EXPRESSION_H
#define DB_ADAPTER_EXPRESSION_H

/*
 * Whether two printed expressions (or other texts; NULL is absent) mean the same.
 * They are compared as text, but for one form that prints differently after a
 * dump and reload: see expression.c.
 */
extern bool expression_equal(const char *a, const char *b);

/* Whether a name stands in a printed expression or command: as a whole word, in no literal. */
extern bool expression_mentions(const char *text, const char *name);

/* Whether 'value'::type stands in it, or an array of that type that may hold the value. */
extern bool expression_has_constant(const char *text, const char *value, const char *type);

#endif							/* DB_ADAPTER_EXPRESSION_H */
