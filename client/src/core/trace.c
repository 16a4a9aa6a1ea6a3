/*
 * trace.c
 *		What a client does, a line for each event.
 *
 *		time  milliseconds since submission  request  connection  event  detail
 *
 * parted by tabs, "-" where there is none.  Each line is one write, so that several
 * clients, and processes, may share a file.  A trace never changes what a client
 * does: one that can no longer be written ends, silently, and no event waits for
 * another to be written but as long as write() itself takes.
 *
 * Values stay out unless they are asked for: of a statement its text with constants
 * masked, of an error its SQLSTATE (a message may quote a value), of a URL its path.
 * Keys and passwords are in nothing that is written here.
 */
#include "core/trace.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/pipeguard.h"
#include "core/identity.h"
#include "sql/sqlmask.h"

struct Trace
{
	int			fd;				/* -1: it could not be written any more */
	bool		owned;			/* opened here */
	bool		values;
	Buf			line;
};

/* --- opening */

void
trace_free(Trace *trace)
{
	if (trace == NULL)
		return;
	if (trace->owned && trace->fd >= 0)
		close(trace->fd);
	buf_free(&trace->line);
	mem_free(trace);
}

static bool
trace_is_number(const char *name)
{
	size_t		len = strlen(name);

	return len < 6 && strspn(name, "0123456789") == len;
}

bool
trace_open(Core *core, dba_error **err)
{
	const Settings *settings = &core->identity->profile->settings;
	const char *name = settings_text(settings, SETTING_TRACE);
	Trace	   *trace;

	trace_free(core->trace);
	core->trace = NULL;
	if (name == NULL || name[0] == '\0')
		return true;
	trace = mem_zalloc(sizeof(Trace));
	if (trace == NULL)
		return error_set_no_memory(err);
	trace->values = settings_boolean(settings, SETTING_TRACE_VALUES);
	trace->owned = !trace_is_number(name);
	/* for its owner's eyes: what is asked of a database is nobody else's business */
	trace->fd = trace->owned
					? open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600)
					: atoi(name);
	if (trace->fd < 0 || fcntl(trace->fd, F_GETFD) < 0)
	{
		error_set(err, DBA_CONFIG, "could not open the trace \"%s\": %s", name, strerror(errno));
		trace->fd = -1;
		trace_free(trace);
		return false;
	}
	core->trace = trace;
	return true;
}

/* --- writing */

static int64_t
trace_microseconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
trace_begin(Trace *trace, const Request *request, int conn, const char *event)
{
	int64_t		now = trace_microseconds(CLOCK_REALTIME);
	time_t		seconds = (time_t) (now / 1000000);
	Buf		   *line = &trace->line;
	struct tm	tm;
	char		text[32];

	buf_reset(line);
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(line, "%s.%06dZ\t", text, (int) (now % 1000000));
	if (request != NULL)
	{
		int64_t		since = trace_microseconds(CLOCK_MONOTONIC) - request->due.traced;

		buf_printf(line, "%lld.%03d\t%llu", (long long) since / 1000, (int) (since % 1000),
				   (unsigned long long) request->id);
	}
	else
		buf_puts(line, "-\t-");
	if (conn > 0)
		buf_printf(line, "\t%d\t%s\t", conn, event);
	else
		buf_printf(line, "\t-\t%s\t", event);
}

/* Text that may hold anything stays in its line, and its field. */
static void
trace_put(Buf *line, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '\n' || text[i] == '\t' || text[i] == '\\')
			buf_putc(line, '\\');
		if (text[i] == '\n' || text[i] == '\t')
			buf_putc(line, text[i] == '\n' ? 'n' : 't');
		else if (iscntrl((unsigned char) text[i]))
			buf_putc(line, '?');
		else
			buf_putc(line, text[i]);
	}
}

static void
trace_end(Trace *trace)
{
	Buf		   *line = &trace->line;
	PipeGuard	guard;
	size_t		done = 0;

	buf_putc(line, '\n');
	/* Without memory for the line the event is missing, and the client goes on. */
	if (!buf_ok(line) || trace->fd < 0)
		return;
	pipeguard_begin(&guard);
	while (trace->fd >= 0 && done < line->len)
	{
		ssize_t		n = write(trace->fd, line->data + done, line->len - done);

		if (n >= 0)
			done += (size_t) n;
		else if (errno != EINTR)
		{
			if (trace->owned)
				close(trace->fd);
			trace->fd = -1;
		}
	}
	pipeguard_end(&guard);
}

static void
trace_put_error(Trace *trace, const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);
	const char *message = dba_error_message(error);

	buf_printf(&trace->line, "error %s", dba_code_name(dba_error_code(error)));
	if (state[0] != '\0')
		buf_printf(&trace->line, " %s", state);
	if (trace->values)
	{
		buf_puts(&trace->line, ": ");
		trace_put(&trace->line, message, strlen(message));
	}
}

/* --- a request's events */

void
trace_submitted(Request *request)
{
	static const char *const kinds[] = {
		[REQUEST_STATEMENT] = "statement", [REQUEST_BEGIN] = "begin", [REQUEST_COMMIT] = "commit",
		[REQUEST_ROLLBACK] = "rollback",   [REQUEST_COPY] = "copy",	  [REQUEST_LISTEN] = "listen",
		[REQUEST_GROUP] = "group",
	};
	Trace	   *trace = request->core->trace;

	request->due.traced = trace_microseconds(CLOCK_MONOTONIC);
	trace_begin(trace, request, 0, "submitted");
	buf_printf(&trace->line, "%s%s", kinds[request->kind], request->internal ? ", a step" : "");
	trace_end(trace);
}

void
trace_connection(const Request *request, int conn, const char *how)
{
	trace_note(request->core, request, conn, "connection", "%s", how);
}

static void
trace_put_parameters(Trace *trace, const Binding *binding)
{
	for (int i = 0; i < binding->count; i++)
	{
		const char *value = binding->values[i];

		buf_printf(&trace->line, "%s$%d=", i == 0 ? "\t" : " ", i + 1);
		if (value == NULL)
			buf_puts(&trace->line, "NULL");
		else if (binding->formats != NULL && binding->formats[i] == 1)
			buf_printf(&trace->line, "(%d bytes)", binding->lengths[i]);
		else
		{
			buf_putc(&trace->line, '\'');
			trace_put(&trace->line, value, strlen(value));
			buf_putc(&trace->line, '\'');
		}
	}
}

void
trace_sent(const Request *request, int conn, const char *how, const char *text)
{
	Trace	   *trace = request->core->trace;
	Buf			masked = BUF_INIT;

	trace_begin(trace, request, conn, "sent");
	buf_printf(&trace->line, "%s: ", how);
	if (trace->values)
		trace_put(&trace->line, text, strlen(text));
	else if (conn == 0)
		trace_put(&trace->line, text, strcspn(text, "?"));
	else
	{
		sqlmask_write(&masked, text);
		trace_put(&trace->line, buf_text(&masked), masked.len);
	}
	if (trace->values && request->state != REQUEST_DESCRIBING)
		trace_put_parameters(trace, &request->sql.binding);
	trace_end(trace);
	buf_free(&masked);
}

void
trace_answered(const Request *request, int conn, const PGresult *result)
{
	Trace	   *trace = request->core->trace;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	trace_begin(trace, request, conn, "answered");
	if (state != NULL)
		buf_printf(&trace->line, "error %s", state);
	else if (PQresultStatus(result) == PGRES_TUPLES_OK)
		buf_printf(&trace->line, "%s, %d rows", PQcmdStatus((PGresult *) result),
				   PQntuples(result));
	else if (PQcmdStatus((PGresult *) result)[0] != '\0')
		buf_puts(&trace->line, PQcmdStatus((PGresult *) result));
	else
		buf_puts(&trace->line, PQresultStatus(result) == PGRES_COMMAND_OK
								   ? "described"
								   : PQresStatus(PQresultStatus(result)));
	trace_end(trace);
}

void
trace_ended(const Request *request)
{
	Trace	   *trace = request->core->trace;

	trace_begin(trace, request, 0, "ended");
	if (request->error != NULL)
		trace_put_error(trace, request->error);
	else
		buf_printf(&trace->line, "ok, count %lld", (long long) request->count);
	trace_end(trace);
}

/* --- others */

void
trace_note(const Core *core, const Request *request, int conn, const char *event, const char *fmt,
		   ...)
{
	va_list		args;

	trace_begin(core->trace, request, conn, event);
	va_start(args, fmt);
	buf_vprintf(&core->trace->line, fmt, args);
	va_end(args);
	trace_end(core->trace);
}

void
trace_failed(const Core *core, const Request *request, int conn, const char *event,
			 const dba_error *error)
{
	trace_begin(core->trace, request, conn, event);
	trace_put_error(core->trace, error);
	trace_end(core->trace);
}
