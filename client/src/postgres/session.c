/*
 * session.c
 *		Is the database there, and is it what schema.file says?
 *
 * The comparison itself is the server's; this reads the schema file, asks, and falls
 * back to columns alone where the role may not execute the file's statements.
 */
#include <string.h>

#include "core/group.h"
#include "core/identity.h"
#include "base/mem.h"
#include "core/verdict.h"
#include "postgres/pgverbs.h"

static const char test_sql[] =
	"SELECT pg_catalog.current_database() AS database, CURRENT_USER::pg_catalog.text AS username,"
	" pg_catalog.current_setting('server_version') AS server_version,"
	" (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'db_adapter') AS "
	"extension_version,"
	" pg_catalog.pg_is_in_recovery() AS in_recovery,"
	" COALESCE((SELECT s.ssl FROM pg_catalog.pg_stat_ssl s WHERE s.pid = "
	"pg_catalog.pg_backend_pid()), false) AS ssl";

dba_request
session_test(dba_client *db, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);

	if (request == NULL)
		return 0;
	request->sql.unprepared = true;
	request->sql.stmt = stmt_get(&request->core->stmts, test_sql, sizeof(test_sql) - 1, false);
	if (request->sql.stmt == NULL)
		return request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory"));
	return request_submit(request);
}

/* --- connect and validate */

typedef struct Validation
{
	Group		group;
	Identity   *identity;
	Buf			schema;			/* what schema.file holds */
	Buf			sql;			/* the comparison */
	const char *values[3];
	char	   *report;
	Buf			reason;			/* why it was not checked, or only in part */
	const char *valid;			/* "t", "f", NULL */
} Validation;

static void
validation_release(Group *group)
{
	Validation *v = (Validation *) group;

	buf_free(&v->schema);
	buf_free(&v->sql);
	mem_free(v->report);
	buf_free(&v->reason);
	mem_free(v);
}

static void
validation_finish(Validation *v)
{
	verdict_end(&v->group, v->identity, v->valid, v->report,
				v->reason.len > 0 ? buf_text(&v->reason) : NULL);
}

static void
validation_reported(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;

	(void) db;
	if (!group_failed(&v->group, error))
	{
		v->report = mem_strdup(dba_result_text(result, 0, "report"));
		v->valid = strcmp(dba_result_text(result, 0, "valid"), "true") == 0 ? "t" : "f";
		if (v->report == NULL)
			error_set_no_memory(&v->group.error);
	}
	validation_finish(v);
}

/* What db.toml does not say is not passed: defaults are the verb's. */
static void
validation_ask(Validation *v, const char *expected, dba_callback cb)
{
	const Identity *identity = v->identity;

	v->values[0] = buf_text(&v->schema);
	v->values[1] = identity->exclude;
	v->values[2] = identity->ignore;
	buf_reset(&v->sql);
	buf_printf(&v->sql,
			   "SELECT r.report, r.report ->> 'valid' AS valid FROM (SELECT db_adapter.validate(%s"
			   "%s%s) AS report, $2::pg_catalog.jsonb, $3::pg_catalog.jsonb) r",
			   expected,
			   identity->exclude == NULL
				   ? ""
				   : ", exclude => ARRAY(SELECT "
					 "pg_catalog.jsonb_array_elements_text($2)::pg_catalog.name)",
			   identity->ignore == NULL
				   ? ""
				   : ", ignore => ARRAY(SELECT pg_catalog.jsonb_array_elements_text($3))");
	if (buf_text(&v->sql) == NULL)
	{
		error_set_no_memory(&v->group.error);
		group_end(&v->group);
		return;
	}
	group_run(&v->group, buf_text(&v->sql), 3, v->values, cb);
}

/* By columns alone: what the right to `expected` or a standby does not allow is
 * read from the text. */
static void
validation_run_flat(Validation *v)
{
	validation_ask(v, "db_adapter.expected_columns($1)", validation_reported);
}

static void
validation_checked(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;
	const char *state = dba_error_sqlstate(error);

	/*
	 * Executing the file's statements, even to roll them back, takes the right to, and a
	 * server that writes; reading column lists takes neither.
	 */
	if (strcmp(state, "42501") == 0 || strcmp(state, "25006") == 0)
	{
		buf_printf(&v->reason, "compared by columns only: %s",
				   strcmp(state, "42501") == 0 ? "no right to execute the schema's statements"
											   : "the server is read-only");
		validation_run_flat(v);
		return;
	}
	validation_reported(db, result, error, arg);
}

static void
validation_run(Validation *v)
{
	validation_ask(v, "db_adapter.expected($1::pg_catalog.text)", validation_checked);
}

static void
validation_connected(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;

	(void) db;
	if (group_failed(&v->group, error))
	{
		group_end(&v->group);
		return;
	}
	if (v->identity->validate_on_connect && dba_result_is_null(result, 0, "extension_version"))
		buf_puts(&v->reason, "the extension db_adapter is not installed in this database");
	else if (verdict_read_schema(v->identity, &v->schema, &v->reason, &v->group.error))
	{
		validation_run(v);
		return;
	}
	validation_finish(v);
}

static void
validation_begun(Group *group)
{
	group_run(group, test_sql, 0, NULL, validation_connected);
}

dba_request
session_validate(dba_client *db, dba_callback cb, void *arg)
{
	Validation *v = mem_zalloc(sizeof(Validation));
	dba_request id;

	if (v == NULL)
		return 0;
	v->identity = db->core->identity;
	v->group.begun = validation_begun;
	v->group.release = validation_release;
	id = group_submit(&v->group, db, cb, arg);
	if (id != 0 && db->tx != NULL)
		group_begin(&v->group);
	else if (id != 0)
		validation_begun(&v->group);
	return id;
}
