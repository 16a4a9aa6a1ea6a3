/*
 * database.c
 *		Configuration, connection, requests that are waited for, questions.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define WAIT_STEP 100	 /* milliseconds between looks at Ctrl-C */
#define MAX_NEAREST 1000 /* tables among which the one meant is looked for */

/* ---------------------------------------------------------------- signals */

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	(void) number;
	/* whoever asks twice does not want to wait for the server */
	if (interrupted++ > 0)
	{
		cli_output_unlink();
		_exit(CODE_INTERRUPTED);
	}
}

void
cli_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool
cli_interrupted(void)
{
	return interrupted != 0;
}

bool
cli_wait_readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	sigset_t	signals;
	sigset_t	before;

	/* A signal that comes before the wait ends the wait. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	if (!cli_interrupted())
		(void) ppoll(&ready, 1, NULL, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !cli_interrupted();
}

/* ---------------------------------------------------------------- errors */

static int
code_of(const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);

	if (cli_interrupted())
		return CODE_INTERRUPTED;
	switch (dba_error_code(error))
	{
		case DBA_INVALID:
		case DBA_PROFILE_NOT_FOUND:
		case DBA_CONFIG:
			return CODE_USAGE;
		case DBA_CONNECT:
		case DBA_TIMEOUT:
			return CODE_CONNECT;
		default:
			/* too many connections, starting up, wrong password */
			if (strncmp(state, "08", 2) == 0 || strncmp(state, "28", 2) == 0 ||
				strcmp(state, "57P03") == 0 || strcmp(state, "3D000") == 0 ||
				strcmp(state, "53300") == 0)
				return CODE_CONNECT;
			return CODE_FAILED;
	}
}

/* Is it that the extension is not there? */
static bool
lacks_extension(const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);

	return (strcmp(state, "3F000") == 0 &&
			strstr(dba_error_message(error), "\"db_adapter\"") != NULL) ||
		   (strcmp(state, "42P01") == 0 &&
			strstr(dba_error_message(error), "\"db_adapter.") != NULL);
}

static void
keep_failure(Cli *cli, const dba_error *error, const char *message, const char *hint)
{
	cJSON	   *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "code", dba_code_name(dba_error_code(error)));
	cJSON_AddStringToObject(object, "message", message);
	if (*dba_error_sqlstate(error) != '\0')
		cJSON_AddStringToObject(object, "sqlstate", dba_error_sqlstate(error));
	if (*dba_error_detail(error) != '\0')
		cJSON_AddStringToObject(object, "detail", dba_error_detail(error));
	if (*hint != '\0')
		cJSON_AddStringToObject(object, "hint", hint);
	cJSON_Delete(cli->failure);
	cli->failure = object;
}

bool
cli_is_hosted(const Cli *cli)
{
	return cli->db != NULL && strcmp(dba_provider(cli->db), "supabase") == 0;
}

int
cli_fail(Cli *cli, const dba_error *error)
{
	const char *message = dba_error_message(error);
	const char *hint = dba_error_hint(error);
	char		text[256];

	if (cli_interrupted())
	{
		cli_break_line();
		cli->interruption_said = true;
		message = cli->committed != NULL ? cli->committed
										 : "interrupted; the transaction was rolled back";
	}
	else if (lacks_extension(error))
	{
		bool		source = strncmp(message, "source: ", 8) == 0;
		const char *where = cli_value(cli, source ? "from" : "profile");

		message = source ? "the extension db_adapter is not installed in the source database"
						 : "the extension db_adapter is not installed in this database";
		snprintf(text, sizeof(text), "Install it: db-adapter%s%s install",
				 where != NULL ? " --profile " : "",
				 where == NULL				  ? ""
				 : strchr(where, ':') == NULL ? where
											  : "URL");
		hint = text;
	}
	else if (dba_error_code(error) == DBA_NOT_SUPPORTED && cli_is_hosted(cli))
	{
		message =
			"this command speaks SQL to the server, and the profile's provider is \"supabase\"";
		hint =
			"Use a postgres profile: the service gives a postgresql:// URL of the same database.";
	}
	if (cli->json)
		keep_failure(cli, error, message, hint);
	cli_warn("%s", message);
	if (*dba_error_detail(error) != '\0')
		fprintf(stderr, "DETAIL: %s\n", dba_error_detail(error));
	if (*hint != '\0')
		fprintf(stderr, "HINT: %s\n", hint);
	if (cli->verbose && *dba_error_sqlstate(error) != '\0')
		fprintf(stderr, "SQLSTATE: %s\n", dba_error_sqlstate(error));
	cli->failure_code = code_of(error);
	return cli->failure_code;
}

static int
fail_and_free(Cli *cli, dba_error *error)
{
	int			code = cli_fail(cli, error);

	dba_error_free(error);
	return code;
}

/* ---------------------------------------------------------------- opening */

int
cli_load(Cli *cli)
{
	dba_error  *error = NULL;

	if (cli->config != NULL)
		return CODE_DONE;
	cli->config = dba_config_load(cli_value(cli, "config"), cli_value(cli, "env-prefix"), &error);
	if (cli->config == NULL)
		return fail_and_free(cli, error);
	for (size_t i = 0; dba_config_warning(cli->config, i) != NULL; i++)
		cli_note(cli, "warning: %s", dba_config_warning(cli->config, i));
	return CODE_DONE;
}

int
cli_resolve(Cli *cli)
{
	dba_error  *error = NULL;
	int			code = cli_load(cli);

	if (code != CODE_DONE || cli->profile != NULL)
		return code;
	cli->profile = dba_resolve_profile(cli->config, cli_value(cli, "profile"), &error);
	if (cli->profile == NULL)
		return fail_and_free(cli, error);
	if (*dba_profile_warning(cli->profile) != '\0')
		cli_note(cli, "warning: %s", dba_profile_warning(cli->profile));
	return CODE_DONE;
}

static void
on_notice(dba_client *db, const char *severity, const char *message, void *arg)
{
	(void) db;
	(void) arg;
	fprintf(stderr, "%s: %s\n", severity, message);
}

int
cli_open(Cli *cli)
{
	dba_error  *error = NULL;
	int			code = cli_resolve(cli);

	if (code != CODE_DONE || cli->db != NULL)
		return code;
	cli->db = dba_open_config(cli->config, cli_value(cli, "profile"), &error);
	if (cli->db == NULL)
		return fail_and_free(cli, error);
	if (cli->verbose)
		dba_on_notice(cli->db, on_notice, NULL);
	return CODE_DONE;
}

/* ---------------------------------------------------------------- requests */

void
cli_called(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	CliCall	   *call = arg;

	(void) db;
	call->done = true;
	call->result = result != NULL ? dba_result_keep(result) : NULL;
	call->error = error != NULL ? dba_error_keep(error) : NULL;
}

bool
cli_wait_quietly(Cli *cli, CliCall *call, dba_request request)
{
	bool		cancelled = false;

	if (request == 0)
		return false;
	do
	{
		/* also what is asked for after the interruption */
		if (cli_interrupted() && !cancelled && !call->done)
		{
			dba_cancel(cli->db, request);
			cancelled = true;
		}
	} while (!call->done && !dba_wait(cli->db, request, WAIT_STEP));
	return call->error == NULL;
}

int
cli_wait(Cli *cli, CliCall *call, dba_request request)
{
	if (cli_wait_quietly(cli, call, request))
		return CODE_DONE;
	if (call->error != NULL)
		return cli_fail(cli, call->error);
	cli_warn("out of memory");
	return CODE_FAILED;
}

void
cli_call_free(CliCall *call)
{
	dba_result_free(call->result);
	dba_error_free(call->error);
	*call = (CliCall){0};
}

int64_t
cli_number_at(const dba_result *result, size_t row, const char *column)
{
	int64_t		value = 0;

	dba_result_int64(result, row, column, &value);
	return value;
}

int
cli_execute(Cli *cli, CliCall *call, const char *sql, cJSON *params)
{
	dba_request request = dba_execute_json(cli->db, sql, params, cli_called, call);

	cJSON_Delete(params);
	return cli_wait(cli, call, request);
}

/* ---------------------------------------------------------------- files and settings */

/* All that the file has; NULL: errno says why. */
static char *
read_all(int fd)
{
	size_t		size = 128 * 1024;
	size_t		len = 0;
	ssize_t		got = 1;
	char	   *text = malloc(size);

	while (text != NULL && got > 0)
	{
		char	   *larger = text;

		got = cli_wait_readable(fd) ? read(fd, text + len, size - len - 1) : -1;
		len += got > 0 ? (size_t) got : 0;
		if (got < 0 || (size - len < 64 * 1024 && (larger = realloc(text, size *= 2)) == NULL))
		{
			free(text);
			return NULL;
		}
		text = larger;
		text[len] = '\0';
	}
	return text;
}

char *
cli_read_file(Cli *cli, const char *path, const char *what)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
	char	   *text = fd >= 0 ? read_all(fd) : NULL;

	(void) cli;
	if (text == NULL && !cli_interrupted())
		cli_warn("could not read %s \"%s\": %s", what, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return text;
}

cJSON *
cli_exclude(const Cli *cli)
{
	cJSON	   *list = NULL;
	const char *name;

	for (size_t i = 0; (name = dba_config_element(cli->config, "schema.exclude", i)) != NULL; i++)
	{
		if (list == NULL)
			list = cJSON_CreateArray();
		cJSON_AddItemToArray(list, cJSON_CreateString(name));
	}
	return list;
}

const char *
cli_user_id(const Cli *cli)
{
	const char *user = cli_value(cli, "user-id");
	const char *variable = dba_config_value(cli->config, "defaults.user_id_env");

	if (user == NULL && variable != NULL)
		user = getenv(variable);
	return user != NULL && *user != '\0' ? user : NULL;
}

/* ---------------------------------------------------------------- rows */

#define EXACT_ROWS 1000000 /* beyond this the planner's estimate will do */

static const char tables_sql[] =
	"SELECT n.nspname AS schema, c.relname AS name,"
	" CASE WHEN c.relkind = 'p' THEN -1 ELSE c.reltuples::pg_catalog.int8 END AS estimate"
	"  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
	"   AND n.nspname NOT IN ('information_schema', 'db_adapter') AND n.nspname NOT LIKE 'pg\\_%'"
	"   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = "
	"'pg_catalog.pg_class'::pg_catalog.regclass"
	"                   AND d.objid = c.oid AND d.deptype = 'e')"
	" ORDER BY n.nspname <> 'public', 1, 2";

static void
quote_name(char *to, size_t size, const char *schema, const char *name)
{
	size_t		n = 0;

	for (int part = *schema != '\0' ? 0 : 1; part < 2; part++)
	{
		const char *text = part == 0 ? schema : name;

		if (n > 0)
			to[n++] = '.';
		to[n++] = '"';
		for (; *text != '\0' && n + 4 < size; text++)
		{
			if (*text == '"')
				to[n++] = '"';
			to[n++] = *text;
		}
		to[n++] = '"';
	}
	to[n] = '\0';
}

/* One table's rows: exact, or estimated when there are very many; null: not to be seen.
 * schema "": the service's default. */
static void
add_count(Cli *cli, cJSON *counts, const char *schema, const char *name, int64_t estimate)
{
	cJSON	   *entry = cJSON_CreateObject();
	CliCall		call = {0};
	int64_t		rows = estimate;
	bool		is_public = *schema == '\0' || strcmp(schema, "public") == 0;
	char		quoted[600];

	snprintf(quoted, sizeof(quoted), "%s%s%s", is_public ? "" : schema, is_public ? "" : ".", name);
	cJSON_AddStringToObject(entry, "table", quoted);
	quote_name(quoted, sizeof(quoted), schema, name);
	if (estimate <= EXACT_ROWS && (!cli_wait_quietly(cli, &call,
													 dba_select(cli->db, quoted, "count(*) as n",
																NULL, NULL, cli_called, &call)) ||
								   !dba_result_int64(call.result, 0, "n", &rows)))
		cJSON_AddNullToObject(entry, "rows");
	else
		cJSON_AddNumberToObject(entry, "rows", (double) rows);
	cJSON_AddBoolToObject(entry, "estimated", estimate > EXACT_ROWS);
	cJSON_AddItemToArray(counts, entry);
	cli_call_free(&call);
}

/* PostgREST describes tables without their sizes. */
static cJSON *
count_hosted_rows(Cli *cli)
{
	CliCall		call = {0};
	cJSON	   *counts = NULL;
	cJSON	   *tables;
	const cJSON *table;

	if (cli_wait(cli, &call, dba_test_connection(cli->db, cli_called, &call)) == CODE_DONE)
	{
		counts = cJSON_CreateArray();
		tables = dba_result_json(call.result, 0, "tables");
		cJSON_ArrayForEach(table, tables)
		{
			if (!cli_interrupted())
				add_count(cli, counts, "", table->valuestring, 0);
		}
		cJSON_Delete(tables);
	}
	cli_call_free(&call);
	return counts;
}

cJSON *
cli_count_rows(Cli *cli)
{
	CliCall		call = {0};
	cJSON	   *counts = NULL;

	if (cli_is_hosted(cli))
		return count_hosted_rows(cli);
	if (cli_execute(cli, &call, tables_sql, NULL) == CODE_DONE)
	{
		counts = cJSON_CreateArray();
		for (size_t i = 0; i < dba_result_rows(call.result) && !cli_interrupted(); i++)
		{
			int64_t		estimate = -1;

			dba_result_int64(call.result, i, "estimate", &estimate);
			add_count(cli, counts, dba_result_text(call.result, i, "schema"),
					  dba_result_text(call.result, i, "name"), estimate);
		}
	}
	cli_call_free(&call);
	return counts;
}

void
cli_print_rows(Cli *cli, const cJSON *counts)
{
	CliTable   *table;
	const cJSON *entry;

	if (cJSON_GetArraySize(counts) == 0)
	{
		puts("no tables");
		return;
	}
	table = cli_table_new(cli, "Table|>Rows");
	cJSON_ArrayForEach(entry, counts)
	{
		const cJSON *rows = cJSON_GetObjectItemCaseSensitive(entry, "rows");
		bool		estimated = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "estimated"));
		char		text[64] = "no right to read";

		if (cJSON_IsNumber(rows))
			snprintf(text, sizeof(text), "%s%s", estimated ? "~" : "",
					 cli_thousands((int64_t) rows->valuedouble));
		cli_table_add(
			table,
			(const char *[]){cJSON_GetObjectItemCaseSensitive(entry, "table")->valuestring, text});
	}
	cli_table_print(table);
}

/* ---------------------------------------------------------------- backup schema */

/* Is the name in "a,b, c"? */
static bool
is_listed(const char *list, const char *name)
{
	while (*list != '\0')
	{
		size_t		len;

		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (len > 0 && len == strlen(name) && memcmp(list, name, len) == 0)
			return true;
		list += len;
	}
	return false;
}

static const char *
table_name(const cJSON *table)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(table, "name"));

	return name != NULL ? name : "";
}

/* Is a table of that name among them?  False: said, with the nearest one. */
static bool
has_table(const cJSON *tables, const char *name)
{
	const char *names[MAX_NEAREST];
	const char *nearest;
	const cJSON *table;
	size_t		count = 0;

	cJSON_ArrayForEach(table, tables)
	{
		if (strcmp(table_name(table), name) == 0)
			return true;
		if (count < MAX_NEAREST)
			names[count++] = table_name(table);
	}
	nearest = dba_nearest(name, names, count);
	cli_usage("table \"%s\" is not in the backup schema%s%s%s", name,
			  nearest != NULL ? "; perhaps you meant \"" : "", nearest != NULL ? nearest : "",
			  nearest != NULL ? "\"" : "");
	return false;
}

/* Keep the tables that are listed; a listed one that is not there is an error. */
static bool
keep_tables(cJSON *schema, const char *list)
{
	cJSON	   *tables = cJSON_GetObjectItemCaseSensitive(schema, "tables");
	char	   *copy = strdup(list);
	bool		ok = copy != NULL;

	for (char *name = ok ? strtok(copy, ", ") : NULL; name != NULL && ok; name = strtok(NULL, ", "))
		ok = has_table(tables, name);
	free(copy);
	for (int i = cJSON_GetArraySize(tables) - 1; i >= 0 && ok; i--)
	{
		if (!is_listed(list, table_name(cJSON_GetArrayItem(tables, i))))
			cJSON_DeleteItemFromArray(tables, i);
	}
	return ok;
}

static char *
derive_backup_schema(Cli *cli)
{
	CliCall		call = {0};
	char	   *text = NULL;

	if (cli_execute(cli, &call,
					"SELECT db_adapter.derive_backup_schema()::pg_catalog.text AS schema",
					NULL) == CODE_DONE)
		text = strdup(dba_result_text(call.result, 0, "schema"));
	cli_call_free(&call);
	return text;
}

/* list: only the tables named in it; NULL: all. */
static char *
read_backup_schema(Cli *cli, const char *list)
{
	const char *path = cli_value_or_config(cli, "backup-schema", "schema.backup_schema");
	char	   *text =
		path != NULL ? cli_read_file(cli, path, "backup schema") : derive_backup_schema(cli);
	cJSON	   *schema = text != NULL ? cJSON_Parse(text) : NULL;
	bool		ok = text != NULL;

	if (ok &&
		(schema == NULL || !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(schema, "tables"))))
	{
		cli_usage("backup schema \"%s\" is not a JSON object with an array \"tables\"",
				  path != NULL ? path : "derived");
		ok = false;
	}
	else if (ok && list != NULL)
		ok = keep_tables(schema, list);
	if (ok && list != NULL)
	{
		free(text);
		text = cJSON_PrintUnformatted(schema);
	}
	cJSON_Delete(schema);
	if (ok)
		return text;
	free(text);
	return NULL;
}

char *
cli_backup_schema(Cli *cli)
{
	return read_backup_schema(cli, cli_value(cli, "tables"));
}

int
cli_schema_code(const Cli *cli)
{
	return cli->failure_code != CODE_DONE ? cli->failure_code : CODE_USAGE;
}

char *
cli_whole_backup_schema(Cli *cli)
{
	return read_backup_schema(cli, NULL);
}

/* ---------------------------------------------------------------- questions */

int
cli_ask(Cli *cli, const char *question)
{
	FILE	   *terminal;
	char		answer[16] = "";

	if (cli_has(cli, "yes"))
		return CODE_DONE;
	if (cli_interrupted())
		return CODE_INTERRUPTED;
	terminal = fopen("/dev/tty", "r+e");
	if (terminal == NULL)
		return cli_usage("there is no terminal to ask; --yes says yes");
	fprintf(terminal, "%s [y/N] ", question);
	fflush(terminal);
	if (!cli_wait_readable(fileno(terminal)) || fgets(answer, sizeof(answer), terminal) == NULL)
	{
		answer[0] = '\0';
		fputc('\n', terminal);
	}
	fclose(terminal);
	if (answer[0] == 'y' || answer[0] == 'Y')
		return CODE_DONE;
	cli_note(cli, "nothing done");
	cli->interruption_said = true;
	return cli_interrupted() ? CODE_INTERRUPTED : CODE_NO;
}
