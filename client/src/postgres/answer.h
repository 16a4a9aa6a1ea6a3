/*
 * answer.h
 *		What the server sends back, given to the request it belongs to.
 */
#ifndef DBA_ANSWER_H
#define DBA_ANSWER_H

#include "postgres/pgcore.h"

/* takes every answer that has arrived completely */
extern void answer_drain(Conn *conn);

/* input on an idle connection: the server closing it, notices, notifications */
extern void answer_idle(Conn *conn);

/* the server's error, or NULL for an answer that is none */
extern dba_error *answer_error(const Request *request, const PGresult *result);

#endif							/* DBA_ANSWER_H */
