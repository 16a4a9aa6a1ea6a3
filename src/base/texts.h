/*
 * texts.h
 *	  Strings as PostgreSQL's interfaces want them: formatted, and as arrays.
 */
#ifndef DB_ADAPTER_TEXTS_H
#define DB_ADAPTER_TEXTS_H

#include "nodes/pg_list.h"

/* What psprintf() gives, for a function that takes a format of its own. */
extern char *texts_format(const char *format, va_list args) pg_attribute_printf(1, 0);

/* A List of char * as text[], and a text[] without nulls as a List of char *. */
extern Datum texts_to_array(List *strings);
extern List *texts_from_array(Datum array);

#endif							/* DB_ADAPTER_TEXTS_H */
