/*
 * transaction.c
 *		The calls that begin and end a transaction: their options are read here,
 *		what they do is the provider's.
 */
#include <string.h>

#include "core/provider.h"
#include "json/json.h"

static bool
begin_isolation(BeginOptions *options, const JsonValue *value)
{
	static const char *const levels[] = {"read uncommitted", "read committed", "repeatable read",
										 "serializable"};

	if (value->type != JSON_TYPE_STRING)
		return false;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(value->text, levels[i]) == 0)
		{
			options->isolation = levels[i];
			return true;
		}
	return false;
}

static bool
begin_option(BeginOptions *options, const JsonValue *option, dba_error **err)
{
	if (strcmp(option->name, "isolation") == 0)
	{
		if (!begin_isolation(options, option))
			return error_set(
				err, DBA_INVALID,
				"isolation must be \"read committed\", \"repeatable read\" or \"serializable\"");
		return true;
	}
	if (strcmp(option->name, "read_only") != 0 && strcmp(option->name, "deferrable") != 0)
		return error_set(err, DBA_INVALID, "unknown transaction option \"%s\"", option->name);
	if (option->type != JSON_TYPE_BOOL)
		return error_set(err, DBA_INVALID, "transaction option \"%s\" must be true or false",
						 option->name);
	if (strcmp(option->name, "read_only") == 0)
		options->read_only = option->boolean;
	else
		options->deferrable = option->boolean;
	return true;
}

static void
begin_read(BeginOptions *options, const char *text, dba_error **err)
{
	Arena		arena = {NULL};
	const JsonValue *value = json_parse(&arena, text, strlen(text), "transaction options", err);
	bool		ok = true;

	if (value != NULL && value->type != JSON_TYPE_OBJECT)
		error_set(err, DBA_INVALID, "transaction options must be a JSON object");
	else if (value != NULL)
	{
		json_foreach(option, value) ok = ok && begin_option(options, option, err);
	}
	arena_free(&arena);
}

dba_request
dba_begin(dba_client *db, const char *options, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_BEGIN, cb, arg);
	BeginOptions begin = {.read_only = -1, .deferrable = -1};
	dba_error  *error = NULL;

	if (request == NULL)
		return 0;
	/* A savepoint is begun like a transaction, but it has the outer one's isolation. */
	if (options != NULL && db->tx != NULL)
		error_set(&error, DBA_INVALID, "a savepoint takes no options");
	else if (options != NULL)
		begin_read(&begin, options, &error);
	return db->core->provider->begin(request, &begin, error);
}

/*
 * The kind says which end it is; the pool's own handle has none, and its request is no
 * end of anything.
 */
static dba_request
transaction_end(dba_client *db, RequestKind kind, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, db->tx != NULL ? kind : REQUEST_STATEMENT, cb, arg);

	if (request == NULL)
		return 0;
	if (db->tx == NULL)
		return request_refuse(
			request,
			error_new(DBA_INVALID,
					  "there is no transaction to end: this is not a client of dba_begin"));
	return db->core->provider->end(request);
}

dba_request
dba_commit(dba_client *tx, dba_callback cb, void *arg)
{
	return transaction_end(tx, REQUEST_COMMIT, cb, arg);
}

dba_request
dba_rollback(dba_client *tx, dba_callback cb, void *arg)
{
	return transaction_end(tx, REQUEST_ROLLBACK, cb, arg);
}
