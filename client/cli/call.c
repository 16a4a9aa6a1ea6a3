/*
 * call.c
 *		Requests that are waited for, one at a time.
 *
 * The library is asynchronous; a command is not.  It waits in slices, looks at Ctrl-C
 * between them and then cancels at the server, whose answer it still waits for: only that
 * says what became of the transaction.
 */
#include <stdlib.h>

#include "cli.h"

#define WAIT_STEP 100	 /* milliseconds between looks at Ctrl-C */
#define MAX_NEAREST 1000 /* tables among which the one meant is looked for */

/* The library calls this once for each request, whatever becomes of it.  Results and errors
 * are borrowed until it returns. */
void
call_called(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	CliCall	   *call = arg;

	(void) db;
	call->done = true;
	call->result = result != NULL ? dba_result_keep(result) : NULL;
	call->error = error != NULL ? dba_error_keep(error) : NULL;
}

/* Ctrl-C is passed on once, and the answer is waited for all the same: what the server says
 * then is what became of the transaction.  A call that has ended is left alone, for it may
 * have committed. */
bool
call_wait_quietly(Cli *cli, CliCall *call, dba_request request)
{
	bool		cancelled = false;

	if (request == 0)
		return false;
	do
	{
		/* also what is asked for after the interruption */
		if (signals_interrupted() && !cancelled && !call->done)
		{
			dba_cancel(cli->db, request);
			cancelled = true;
		}
	} while (!call->done && !dba_wait(cli->db, request, WAIT_STEP));
	return call->error == NULL;
}

int
call_wait(Cli *cli, CliCall *call, dba_request request)
{
	if (call_wait_quietly(cli, call, request))
		return CODE_DONE;
	if (call->error != NULL)
		return failure_tell(cli, call->error);
	message_warn("out of memory");
	return CODE_FAILED;
}

/* Leaves it as before the call, so that one may be used for several in turn. */
void
call_free(CliCall *call)
{
	dba_result_free(call->result);
	dba_error_free(call->error);
	*call = (CliCall){0};
}

/* 0 for NULL and for a column that an older server does not send. */
int64_t
call_number(const dba_result *result, size_t row, const char *column)
{
	int64_t		value = 0;

	dba_result_int64(result, row, column, &value);
	return value;
}

/* Over all tables of a result. */
int64_t
call_total(const dba_result *result, const char *column)
{
	int64_t		total = 0;

	for (size_t i = 0; i < dba_result_rows(result); i++)
		total += call_number(result, i, column);
	return total;
}

int
call_execute(Cli *cli, CliCall *call, const char *sql, cJSON *params)
{
	dba_request request = dba_execute_json(cli->db, sql, params, call_called, call);

	cJSON_Delete(params);
	return call_wait(cli, call, request);
}

/* ---------------------------------------------------------------- verbs of the server */

/* The statement with ", name => $n" for each argument in place of its @, and their values
 * after the others; NULL: no memory.  The parameters get the types of the verb's arguments
 * from the server, so that nothing here repeats its signature. */
static char *
complete_call(const char *sql, cJSON *params, cJSON *arguments)
{
	const char *at = strchr(sql, '@');
	const char *comma = at > sql && at[-1] == '(' ? "" : ", ";
	char	   *text = NULL;
	size_t		size;
	FILE	   *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	fprintf(out, "%.*s", (int) (at - sql), sql);
	while (arguments != NULL && arguments->child != NULL)
	{
		cJSON	   *value = cJSON_DetachItemViaPointer(arguments, arguments->child);

		fprintf(out, "%s%s => $%d", comma, value->string, cJSON_GetArraySize(params) + 1);
		cJSON_AddItemToArray(params, value);
		comma = ", ";
	}
	fputs(at + 1, out);
	return fclose(out) == 0 ? text : NULL;
}

/* Takes params and arguments over in any case, so that callers have nothing to undo. */
static dba_request
begin_verb(Cli *cli, CliCall *call, const char *sql, cJSON *params, cJSON *arguments)
{
	cJSON	   *all = params != NULL ? params : cJSON_CreateArray();
	char	   *text = complete_call(sql, all, arguments);
	dba_request request =
		text != NULL ? dba_execute_json(cli->db, text, all, call_called, call) : 0;

	free(text);
	cJSON_Delete(all);
	cJSON_Delete(arguments);
	return request;
}

/*
 * What the verb's arguments are the server knows, by their names; nothing is checked here.
 */
int
call_execute_verb(Cli *cli, CliCall *call, const char *sql, cJSON *params, cJSON *arguments)
{
	return call_wait(cli, call, begin_verb(cli, call, sql, params, arguments));
}

bool
call_execute_verb_quietly(Cli *cli, CliCall *call, const char *sql, cJSON *params, cJSON *arguments)
{
	return call_wait_quietly(cli, call, begin_verb(cli, call, sql, params, arguments));
}
