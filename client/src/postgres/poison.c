/*
 * poison.c
 *		The first failure in a transaction: nothing but its end runs after it.
 *
 * The server would answer every later statement with the same 25P02.  The client
 * keeps the reason, so that each of them is told what went wrong first.
 */
#include "postgres/poison.h"

#include <string.h>

dba_error *
poison_error(const Tx *tx)
{
	dba_error  *error = error_new(
		 DBA_SERVER, "transaction is aborted by an earlier failure and must be rolled back: %s",
		 tx->poison != NULL ? dba_error_message(tx->poison) : "unknown");

	error_set_field(error, ERROR_SQLSTATE, "25P02");
	if (!error->constant)
		error->retryable = false;
	return error;
}

void
poison_note(Tx *tx, const Request *request)
{
	if (tx->poison != NULL || request->kind == REQUEST_BEGIN || request->kind == REQUEST_COMMIT ||
		request->kind == REQUEST_ROLLBACK || request->kind == REQUEST_LISTEN)
		return;
	/* the server was asked to cancel it, and says no more than that */
	if (request->abort_code != DBA_OK && strcmp(dba_error_sqlstate(request->error), "57014") == 0)
		tx->poison = error_new(request->abort_code, request->abort_code == DBA_TIMEOUT
														? "a request timed out"
														: "a request was cancelled");
	else
		tx->poison = error_copy(request->error);
}
