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
		request->stmt = stmt_get(&request->core->stmts, buf_text(&st->text), st->text.len,
								 !request->unprepared);
		if (request->stmt != NULL)
			request->params = params_new(st);
		if (request->params == NULL)
			error_set_no_memory(&error);
	}
	sql_free(st);
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}
