/*
 * supabase.h
 *		The provider over PostgREST: an exchange is what a request is there.
 *
 * A request waits in the core's fair queue until the service's description is
 * known and one of the pool's places is free.  Then it is written, sent, and,
 * where it is a select, sent again for each page the service makes of it.
 */
#ifndef DBA_SUPABASE_H
#define DBA_SUPABASE_H

#include "core/provider.h"
#include "supabase/supabaseread.h"
#include "supabase/supabasewrite.h"

typedef enum ExchangeKind
{
	EXCHANGE_SELECT,
	EXCHANGE_COUNT,				/* of a select's rows */
	EXCHANGE_INSERT,
	EXCHANGE_INSERT_MANY,
	EXCHANGE_UPDATE,
	EXCHANGE_DELETE,
	EXCHANGE_CALL,
	EXCHANGE_TEST				/* the description itself */
} ExchangeKind;

typedef enum ApiState
{
	API_UNKNOWN,
	API_LOADING,
	API_KNOWN					/* also that there is none to be had */
} ApiState;

/* the description of one schema */
typedef struct Api
{
	Supabase   *supa;
	ApiState	state;
	char	   *schema;			/* "": the service's default */
	Arena		arena;
	ApiTable   *tables;
	int64_t		loaded_at;
	Buf			url;
	Http		http;
	struct curl_slist *headers;
	struct Api *next;
} Api;

struct Supabase
{
	Core	   *core;
	HttpClient *client;
	char	   *root;			/* URL, without the last slash */
	Api		   *apis;
	int			in_flight;
	Buf			authorization;	/* "Bearer …"; empty: none */
};

struct Exchange
{
	Request	   *request;
	Supabase   *supa;			/* NULL until it is first looked at */
	ExchangeKind kind;
	dba_query	query;			/* a copy; its arena holds everything below */
	const JsonValue *value;		/* a row, rows, arguments */
	const JsonValue *columns;	/* of rows */
	bool		even;
	SqlName		function;

	Wire		wire;
	size_t		base;			/* of its URL, without what each page adds */
	bool		base_parameters;
	Buf			url;
	struct curl_slist *headers;
	Http		http;
	bool		flying;			/* counted in in_flight */

	/* a select's pages */
	int64_t		got;			/* rows so far */
	int64_t		total;			/* what the service counted; -1 not yet */
	int64_t		wanted;			/* of these */
	bool		by_key;			/* pages follow the key, not an offset */
	const JsonValue *last;		/* of the page before */
	PGresult   *rows;

	/* a stream: the page being given out */
	const JsonValue *next;
	PGresult   *head;			/* its columns */
	bool		page_open;
	bool		resumed;
};

/* --- supabase.c */

/* an exchange for a request; NULL: no memory */
extern Exchange *exchange_new(Request *request, ExchangeKind kind);
extern void exchange_free(Exchange *x);

/* writes what is to be sent, from the description on; false with an error */
extern bool exchange_send(Exchange *x, dba_error **err);

/* DBA_NOT_SUPPORTED, with what to use instead */
extern dba_error *supabase_refusal(const char *what, const char *instead);

extern dba_request supabase_call(Request *request, const char *function, Arena *arena,
								 const JsonValue *args, dba_error *error);

/* the table an exchange is about; NULL: not described */
extern const ApiTable *exchange_table(const Exchange *x);

/* --- supabasepages.c: what came back */
extern void exchange_answered(Http *http, dba_error *error);
extern void exchange_go_on(Exchange *x);	/* a stream that was paused */

/* --- supabaseverbs.c */
extern dba_request supabase_backup(dba_client *db, const char *options, dba_sink_fn sink,
								   dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request supabase_restore(dba_client *db, const char *options, dba_source_fn source,
									dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request supabase_validate(dba_client *db, dba_callback cb, void *arg);

/* the row that dba_test_connection gives; NULL: no memory */
extern PGresult *supabase_facts(const Exchange *x);

#endif							/* DBA_SUPABASE_H */
