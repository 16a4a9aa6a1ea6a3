/*
 * pgverbs.c
 *		From a statement's parts to a request that runs it.
 */
#include "postgres/pgverbs.h"

#include "core/params.h"

dba_request
verbs_submit(Request *request, SqlStatement *st, dba_error *error)
{
	if (error == NULL)
	{
		request->sql.stmt = stmt_get(&request->core->stmts, buf_text(&st->text), st->text.len,
									 !request->sql.unprepared);
		if (request->sql.stmt != NULL)
		{
			stmt_set_guard(request->sql.stmt, &st->guard);
			request->sql.params = params_new(st);
		}
		if (request->sql.params == NULL)
			error_set_no_memory(&error);
	}
	/* What the parameters live in has gone to the request with them. */
	sql_free(st);
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}
