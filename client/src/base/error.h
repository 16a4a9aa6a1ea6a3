/*
 * error.h
 *		Errors are values: a code, a message, and what the server said.
 *
 * A function that can fail takes `dba_error **err` last.  On failure it stores
 * one error there (when err is not NULL) and says so by its return value;
 * on success it leaves *err alone.  When there is no memory for an error, a
 * constant one is stored, which dba_error_free knows and leaves alone.
 */
#ifndef DBA_ERROR_H
#define DBA_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "db_adapter.h"

/* what a server adds to an error; the order of dba_error's fields[] */
typedef enum ErrorField
{
	ERROR_MESSAGE,
	ERROR_SQLSTATE,
	ERROR_DETAIL,
	ERROR_HINT,
	ERROR_WHERE,
	ERROR_SCHEMA,
	ERROR_TABLE,
	ERROR_COLUMN,
	ERROR_CONSTRAINT,
	ERROR_FIELDS				/* how many there are */
} ErrorField;

struct dba_error
{
	dba_code	code;
	bool		retryable;		/* nothing was sent to the server */
	bool		constant;		/* static storage: not to be freed */
	char	   *fields[ERROR_FIELDS];	/* NULL where absent */
};

/* a new error; never NULL */
extern dba_error *error_new(dba_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
extern dba_error *error_new_va(dba_code code, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* stores a new error in *err (err may be NULL; an error already there is
 * kept) and returns false, so that `return error_set(…)` reads well */
extern bool error_set(dba_error **err, dba_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
extern bool error_set_no_memory(dba_error **err);

/* hands error (may be NULL) to *err, or frees it when err is NULL */
extern void error_move(dba_error **err, dba_error *error);

/* a copy that lives on its own; the constant error when there is no memory */
extern dba_error *error_copy(const dba_error *error);

/* replaces a field's text; ignored when there is no memory or text is NULL */
extern void error_set_field(dba_error *error, ErrorField field, const char *text);

#define MAY_HAVE_RUN "; the statement may have run"

/* of a statement whose transaction is over: it may have run, but nothing came of it;
 * changes a lost connection's message, and those that say so */
extern void error_say_rolled_back(dba_error *error);

/* adds detail or hint text to an error in the making */
#define error_hint(error, text) error_set_field(error, ERROR_HINT, text)
#define error_detail(error, text) error_set_field(error, ERROR_DETAIL, text)

#endif							/* DBA_ERROR_H */
