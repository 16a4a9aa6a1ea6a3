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
#include "supabase/rows.h"
#include "supabase/wire.h"

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
	struct Supabase *supa;
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

typedef struct Supabase
{
	Core	   *core;
	HttpClient *client;
	char	   *root;			/* URL, without the last slash */
	Api		   *apis;
	int			in_flight;
	Buf			authorization;	/* "Bearer …"; empty: none */
	bool		resume;			/* a stream goes on */
} Supabase;

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
	void (*answered)(Http *http, dba_error *error);
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

extern const Provider supabase_provider;

/* --- service.c: core->state, made at first need; NULL: an error */
extern Supabase *service_get(Core *core, dba_error **err);
extern void service_free(Supabase *supa);

/* the description of a schema, known or not; NULL: no memory */
extern Api *service_api(Supabase *supa, const char *schema);

/* what was asked of it is over */
extern void service_forget(Supabase *supa, Api *api);

/* the headers of every request; false: no memory */
extern bool service_headers(Supabase *supa, struct curl_slist **headers, const char *accept,
							const char *profile_header, const char *schema);

/* --- exchange.c: an exchange for a request; NULL: no memory */
extern Exchange *exchange_new(Request *request, ExchangeKind kind);
extern void exchange_free(Exchange *x);

/* writes what is to be sent, from the description on; false with an error */
extern bool exchange_send(Exchange *x, dba_error **err);

/* its request is submitted with a value, or refused where there is an error */
extern dba_request exchange_submit(Request *request, Exchange *x, const JsonValue *value,
								   dba_error *error);
extern dba_request exchange_call(Request *request, const char *function, Arena *arena,
								 const JsonValue *args, dba_error *error);

/* DBA_NOT_SUPPORTED, with what to use instead */
extern dba_error *exchange_refusal(const char *what, const char *instead);

/* the schema ("": the default) and the table it is about; NULL: not described */
extern const char *exchange_schema(const Exchange *x);
extern const ApiTable *exchange_table(const Exchange *x);
extern bool exchange_needs_description(const Exchange *x);

/* --- describe.c: is what the service says of its table known?  Asks when it is not. */
extern bool describe_ready(Exchange *x, dba_error **err);

/* --- pages.c: what came back */
extern void pages_answered(Http *http, dba_error *error);
extern void pages_go_on(Exchange *x);	/* a stream that was paused */

/* --- supabaseverbs.c */
extern dba_request supabase_backup(dba_client *db, const char *options, dba_sink_fn sink,
								   dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request supabase_restore(dba_client *db, const char *options, dba_source_fn source,
									dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request supabase_validate(dba_client *db, dba_callback cb, void *arg);

/* --- facts.c: the row that dba_test_connection gives; NULL: no memory */
extern PGresult *facts_of(const Exchange *x);

#endif							/* DBA_SUPABASE_H */
