/*
 * outcome.h
 *		What became of requests: every callback is counted.
 */
#ifndef TEST_OUTCOME_H
#define TEST_OUTCOME_H

#include <db_adapter.h>

typedef struct Outcome
{
	int			submitted;
	int			called;			/* must equal submitted in the end */
	int			failed;
	dba_code	code;			/* of the last one */
	bool		retryable;
	char		sqlstate[6];
	char		message[512];
	char		hint[256];
	size_t		rows;
	int64_t		count;
	char		text[256];		/* the first row's first value */
	dba_client *db;				/* the last callback's */
} Outcome;

/* a dba_callback; arg is the Outcome */
extern void outcome_take(dba_client *db, const dba_result *result, const dba_error *error,
						 void *arg);

/* runs db until the request has called back; the outcome of it */
extern Outcome outcome_of(dba_client *db, const char *sql);
extern Outcome outcome_wait(dba_client *db, dba_request id, Outcome *out);

/* a client that must open, with generous time-outs; settings: name, value, …, NULL */
extern dba_client *open_client(const char *url, ...) __attribute__((sentinel));

/* milliseconds of a steady clock */
extern long now_ms(void);

#endif							/* TEST_OUTCOME_H */
