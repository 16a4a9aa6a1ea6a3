/*
 * trace.h
 *		What a client does, a line for each event: the settings trace and trace_values.
 *
 * Without a trace each place costs one comparison: TRACE(core, trace_…).  Functions
 * write nothing that is a value of the caller's, unless trace_values asks for it.
 */
#ifndef DBA_TRACE_H
#define DBA_TRACE_H

#include "core/core.h"

#define TRACE(core, call)                                                                          \
	do                                                                                             \
	{                                                                                              \
		if ((core)->trace != NULL)                                                                 \
			call;                                                                                  \
	} while (0)

/* begins, ends or changes it, as the settings say; false with an error */
extern bool trace_open(Core *core, dba_error **err);
extern void trace_free(Trace *trace);

/* --- a request's events; conn: the number of its connection, 0 where there are none */
extern void trace_submitted(Request *request);
extern void trace_connection(const Request *request, int conn, const char *how);

/* a statement ("execute"), or a path and its parameters ("GET") */
extern void trace_sent(const Request *request, int conn, const char *how, const char *text);
extern void trace_answered(const Request *request, int conn, const PGresult *result);
extern void trace_ended(const Request *request);

/* any other event, of a request or (NULL) of the client; fmt holds no values */
extern void trace_note(const Core *core, const Request *request, int conn, const char *event,
					   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
extern void trace_failed(const Core *core, const Request *request, int conn, const char *event,
						 const dba_error *error);

#endif							/* DBA_TRACE_H */
