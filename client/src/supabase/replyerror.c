/*
 * replyerror.c
 *		From a PostgREST answer to an error.
 *
 * PostgREST gives {"code", "details", "hint", "message"}, where the code is the
 * server's SQLSTATE or PostgREST's own.  Its own ones become the SQLSTATE that
 * the server would have given for the same mistake, and stand in `where`.
 */
#include <stdio.h>
#include <string.h>

#include "supabase/rows.h"

/* PostgREST's own codes; the first that fits counts */
static const struct
{
	const char *prefix;
	dba_code	code;
	const char *sqlstate;
} own_codes[] = {
	{"PGRST000", DBA_CONNECT, "08006"}, /* no connection to the database */
	{"PGRST001", DBA_CONNECT, "08006"},
	{"PGRST002", DBA_CONNECT, "57P03"}, /* it reads the schema */
	{"PGRST003", DBA_TIMEOUT, "53300"}, /* no connection free in its pool */
	{"PGRST100", DBA_SERVER, "42601"},	/* a parameter it cannot read */
	{"PGRST102", DBA_SERVER, "22P02"},	/* a body it cannot read */
	{"PGRST106", DBA_SERVER, "3F000"},	/* the schema is not exposed */
	{"PGRST108", DBA_SERVER, "42P01"},
	{"PGRST118", DBA_SERVER, "42703"},
	{"PGRST122", DBA_NOT_SUPPORTED, "0A000"},	/* a preference it does not know */
	{"PGRST123", DBA_NOT_SUPPORTED, "0A000"},	/* aggregates are off */
	{"PGRST202", DBA_SERVER, "42883"},
	{"PGRST203", DBA_SERVER, "42725"},
	{"PGRST204", DBA_SERVER, "42703"},
	{"PGRST205", DBA_SERVER, "42P01"},
	{"PGRST3", DBA_CONNECT, "28000"},	/* the key: not valid, expired, missing */
};

static const char *
member_text(const JsonValue *object, const char *name)
{
	const JsonValue *value = json_member(object, name);

	return value != NULL && value->type == JSON_TYPE_STRING && value->len > 0 ? value->text : NULL;
}

/* The name in quotes after a word of the server's message: constraint "x". */
static void
set_named(dba_error *error, ErrorField field, const char *message, const char *word)
{
	const char *start = message != NULL ? strstr(message, word) : NULL;
	const char *end;
	char		name[128];

	if (start == NULL)
		return;
	start += strlen(word);
	end = strchr(start, '"');
	if (end == NULL || (size_t) (end - start) >= sizeof(name))
		return;
	memcpy(name, start, (size_t) (end - start));
	name[end - start] = '\0';
	error_set_field(error, field, name);
}

static bool
is_sqlstate(const char *code)
{
	return strlen(code) == 5 && strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5;
}

static dba_error *
postgrest_error(const HttpReply *reply, const char *code)
{
	const char *message = member_text(reply->value, "message");
	const char *sqlstate = is_sqlstate(code) ? code : "";
	dba_code	kind = DBA_SERVER;
	dba_error  *error;

	for (size_t i = 0; sqlstate[0] == '\0' && i < sizeof(own_codes) / sizeof(own_codes[0]); i++)
		if (strncmp(own_codes[i].prefix, code, strlen(own_codes[i].prefix)) == 0)
		{
			kind = own_codes[i].code;
			sqlstate = own_codes[i].sqlstate;
		}
	error = error_new(kind, "%s", message != NULL ? message : "the service gave no message");
	if (error->constant)
		return error;
	if (sqlstate[0] != '\0')
		error_set_field(error, ERROR_SQLSTATE, sqlstate);
	if (strcmp(sqlstate, code) != 0)
		error_set_field(error, ERROR_WHERE, code);
	error_set_field(error, ERROR_DETAIL, member_text(reply->value, "details"));
	error_set_field(error, ERROR_HINT, member_text(reply->value, "hint"));
	set_named(error, ERROR_CONSTRAINT, message, "constraint \"");
	set_named(error, ERROR_COLUMN, message, "column \"");
	set_named(error, ERROR_TABLE, message, "relation \"");
	set_named(error, ERROR_TABLE, message, " on table \"");
	return error;
}

/* Not PostgREST's answer: a gateway's, a proxy's, a wrong address's. */
static dba_error *
gateway_error(const HttpReply *reply)
{
	long		status = reply->status;
	const char *text = member_text(reply->value, "message");
	dba_error  *error;

	if (status >= 300 && status < 400)
	{
		error =
			error_new(DBA_CONNECT, "the service redirects to \"%s\"; redirects are not followed",
					  reply->location);
		error_hint(error, "Give the address where the service is as the URL.");
		return error;
	}
	if (text == NULL)
		text = member_text(reply->value, "msg");
	error = error_new(status == 401 || status == 403 ? DBA_CONNECT : DBA_SERVER,
					  "the service answered with HTTP status %ld%s%s", status,
					  text != NULL ? ": " : "", text != NULL ? text : "");
	if (status == 401 || status == 403)
	{
		error_set_field(error, ERROR_SQLSTATE, "28000");
		error_hint(error, "Look at the profile's api_key.");
	}
	else if (status == 429)
	{
		error_set_field(error, ERROR_SQLSTATE, "53000");
		error_hint(error, "It limits the rate of requests; try again later.");
	}
	else if (status == 404)
		error_hint(error, "Look at the URL and at rest_path, where PostgREST is below it.");
	return error;
}

dba_error *
reply_error(const HttpReply *reply)
{
	const char *code;

	if (reply->status >= 200 && reply->status < 300)
		return NULL;
	code = member_text(reply->value, "code");
	return code != NULL ? postgrest_error(reply, code) : gateway_error(reply);
}

bool
reply_malformed(const HttpReply *reply, const char *what, dba_error **err)
{
	dba_error  *error;

	if (reply->problem[0] != '\0')
		error = error_new(DBA_SERVER, "%s is not valid JSON: %s", what, reply->problem);
	else
		error = error_new(DBA_SERVER, "%s is not JSON (content type \"%s\")", what,
						  reply->content_type);
	error_set_field(error, ERROR_SQLSTATE, "08P01");
	error_hint(error, "Is there a PostgREST at the profile's URL?");
	error_move(err, error);
	return false;
}
