/*
 * outcome.c
 *		What became of requests: every callback is counted.
 *
 * The promise of the library is one callback for each request accepted, with a result
 * or an error and never both.  So that no suite has to ask for it, it is checked here,
 * in the callback that all of them use: a breach aborts the program on the spot.
 */
#include "outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
outcome_take(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;

	out->called++;
	out->db = db;
	out->code = dba_error_code(error);
	out->retryable = dba_error_retryable(error);
	out->rows = 0;
	out->count = 0;
	out->text[0] = '\0';
	snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", dba_error_sqlstate(error));
	snprintf(out->message, sizeof(out->message), "%s", dba_error_message(error));
	snprintf(out->hint, sizeof(out->hint), "%s", dba_error_hint(error));
	if ((result == NULL) == (error == NULL))
		abort();				/* exactly one of them */
	if (error != NULL)
	{
		out->failed++;
		return;
	}
	out->rows = dba_result_rows(result);
	out->count = dba_result_count(result);
	if (out->rows > 0 && dba_result_columns(result) > 0 && dba_result_text_at(result, 0, 0) != NULL)
		snprintf(out->text, sizeof(out->text), "%s", dba_result_text_at(result, 0, 0));
}

Outcome
outcome_wait(dba_client *db, dba_request id, Outcome *out)
{
	if (id == 0)
	{
		fprintf(stderr, "request not accepted\n");
		abort();
	}
	out->submitted++;
	if (!dba_wait(db, id, 300000))
	{
		fprintf(stderr, "request not called back in five minutes\n");
		abort();
	}
	return *out;
}

Outcome
outcome_of(dba_client *db, const char *sql)
{
	Outcome		out = {0};

	return outcome_wait(db, dba_execute(db, sql, NULL, outcome_take, &out), &out);
}

dba_client *
open_client(const char *url, ...)
{
	dba_error  *err = NULL;
	dba_client *db = dba_open(url, &err);
	const char *name;
	va_list		args;

	if (db == NULL)
	{
		fprintf(stderr, "dba_open: %s\n", dba_error_message(err));
		abort();
	}
	/* what is to succeed may take long on a busy machine */
	dba_set(db, "connect_timeout_seconds", "240", NULL);
	dba_set(db, "checkout_timeout_seconds", "250", NULL);
	va_start(args, url);
	while ((name = va_arg(args, const char *)) != NULL)
		if (!dba_set(db, name, va_arg(args, const char *), &err))
		{
			fprintf(stderr, "dba_set: %s\n", dba_error_message(err));
			abort();
		}
	va_end(args);
	return db;
}

long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
