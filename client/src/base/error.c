/*
 * error.c
 *		Errors are values: a code, a message, and what the server said.
 *
 * An error that cannot be allocated is a constant one, DBA_NO_MEMORY, so reporting a
 * failure never fails.  The first error stays: error_set and error_move leave one that
 * is there alone, because what follows is most often its consequence.
 */
#include "base/error.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static const dba_error error_no_memory = {
	.code = DBA_NO_MEMORY,
	.constant = true,
	.fields = {[ERROR_MESSAGE] = (char *) "out of memory"},
};

dba_error *
error_new_va(dba_code code, const char *fmt, va_list args)
{
	dba_error  *error = mem_zalloc(sizeof(dba_error));
	Buf			message = BUF_INIT;

	if (error == NULL)
		return (dba_error *) &error_no_memory;
	buf_vprintf(&message, fmt, args);
	error->code = code;
	error->fields[ERROR_MESSAGE] = buf_take(&message);
	if (error->fields[ERROR_MESSAGE] == NULL)
	{
		mem_free(error);
		return (dba_error *) &error_no_memory;
	}
	return error;
}

dba_error *
error_new(dba_code code, const char *fmt, ...)
{
	va_list		args;
	dba_error  *error;

	va_start(args, fmt);
	error = error_new_va(code, fmt, args);
	va_end(args);
	return error;
}

bool
error_set(dba_error **err, dba_code code, const char *fmt, ...)
{
	va_list		args;

	if (err == NULL || *err != NULL)
		return false;
	va_start(args, fmt);
	*err = error_new_va(code, fmt, args);
	va_end(args);
	return false;
}

bool
error_set_no_memory(dba_error **err)
{
	if (err != NULL && *err == NULL)
		*err = (dba_error *) &error_no_memory;
	return false;
}

void
error_move(dba_error **err, dba_error *error)
{
	if (err != NULL && *err == NULL)
		*err = error;
	else
		dba_error_free(error);
}

dba_error *
error_copy(const dba_error *error)
{
	dba_error  *copy;

	if (error == NULL || error->constant)
		return (dba_error *) error;
	copy = error_new(error->code, "%s", dba_error_message(error));
	if (copy->constant)
		return copy;
	copy->retryable = error->retryable;
	for (int i = ERROR_SQLSTATE; i < ERROR_FIELDS; i++)
		error_set_field(copy, (ErrorField) i, error->fields[i]);
	return copy;
}

dba_error *
dba_error_keep(const dba_error *error)
{
	return error_copy(error);
}

void
error_set_field(dba_error *error, ErrorField field, const char *text)
{
	char	   *copy;

	if (error == NULL || error->constant || text == NULL)
		return;
	copy = mem_strdup(text);
	if (copy == NULL)
		return;
	mem_free(error->fields[field]);
	error->fields[field] = copy;
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

void
error_say_rolled_back(dba_error *error)
{
	static const char may[] = MAY_HAVE_RUN;
	static const char rolled_back[] = "; everything it did is rolled back";
	const char *message = dba_error_message(error);
	bool		unsure = ends_with(message, may);
	Buf			text = BUF_INIT;

	if (ends_with(message, rolled_back) || (!unsure && error->code != DBA_CONNECT))
		return;
	buf_append(&text, message, strlen(message) - (unsure ? strlen(may) : 0));
	buf_puts(&text, rolled_back);
	if (buf_ok(&text))
		error_set_field(error, ERROR_MESSAGE, buf_text(&text));
	buf_free(&text);
}

void
dba_error_free(dba_error *error)
{
	if (error == NULL || error->constant)
		return;
	for (int i = 0; i < ERROR_FIELDS; i++)
		mem_free(error->fields[i]);
	mem_free(error);
}

static const char *
error_field(const dba_error *error, ErrorField field)
{
	if (error == NULL || error->fields[field] == NULL)
		return "";
	return error->fields[field];
}

dba_code
dba_error_code(const dba_error *error)
{
	return error != NULL ? error->code : DBA_OK;
}

bool
dba_error_retryable(const dba_error *error)
{
	return error != NULL && error->retryable;
}

const char *
dba_error_message(const dba_error *error)
{
	return error_field(error, ERROR_MESSAGE);
}

const char *
dba_error_sqlstate(const dba_error *error)
{
	return error_field(error, ERROR_SQLSTATE);
}

const char *
dba_error_detail(const dba_error *error)
{
	return error_field(error, ERROR_DETAIL);
}

const char *
dba_error_hint(const dba_error *error)
{
	return error_field(error, ERROR_HINT);
}

const char *
dba_error_where(const dba_error *error)
{
	return error_field(error, ERROR_WHERE);
}

const char *
dba_error_schema(const dba_error *error)
{
	return error_field(error, ERROR_SCHEMA);
}

const char *
dba_error_table(const dba_error *error)
{
	return error_field(error, ERROR_TABLE);
}

const char *
dba_error_column(const dba_error *error)
{
	return error_field(error, ERROR_COLUMN);
}

const char *
dba_error_constraint(const dba_error *error)
{
	return error_field(error, ERROR_CONSTRAINT);
}

const char *
dba_code_name(dba_code code)
{
	static const char *const names[] = {
		[DBA_OK] = "ok",
		[DBA_INVALID] = "invalid",
		[DBA_PROFILE_NOT_FOUND] = "profile not found",
		[DBA_CONFIG] = "configuration",
		[DBA_CONNECT] = "connection",
		[DBA_TIMEOUT] = "timeout",
		[DBA_SERVER] = "server",
		[DBA_CANCELLED] = "cancelled",
		[DBA_CLOSED] = "closed",
		[DBA_NOT_SUPPORTED] = "not supported",
		[DBA_NO_MEMORY] = "out of memory",
	};

	if ((size_t) code >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[code];
}
