/*
 * session.c
 *		Is the database there, and is it what schema.file says?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "core/identity.h"
#include "base/mem.h"
#include "postgres/verbs.h"

#define TEXT_OID 25
#define BOOL_OID 16
#define JSONB_OID 3802

static const char test_sql[] =
	"SELECT pg_catalog.current_database() AS database, CURRENT_USER::pg_catalog.text AS username,"
	" pg_catalog.current_setting('server_version') AS server_version,"
	" (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'db_adapter') AS "
	"extension_version,"
	" pg_catalog.pg_is_in_recovery() AS in_recovery,"
	" COALESCE((SELECT s.ssl FROM pg_catalog.pg_stat_ssl s WHERE s.pid = "
	"pg_catalog.pg_backend_pid()), false) AS ssl";

dba_request
verbs_test(dba_client *db, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);

	if (request == NULL)
		return 0;
	request->unprepared = true;
	request->stmt = stmt_get(&request->core->stmts, test_sql, sizeof(test_sql) - 1, false);
	if (request->stmt == NULL)
		return request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory"));
	return request_submit(request);
}

/* --- connect and validate */

typedef struct Validation
{
	Group		group;
	Identity   *identity;
	Buf			schema;			/* what schema.file holds */
	const char *values[2];
	char	   *report;
	char	   *reason;			/* why it was not checked, or only in part; constant or owned */
	const char *valid;			/* "t", "f", NULL */
	const char *why;
} Validation;

static void
validation_release(Group *group)
{
	Validation *v = (Validation *) group;

	buf_free(&v->schema);
	mem_free(v->report);
	mem_free(v->reason);
	mem_free(v);
}

static bool
verbs_write_lock(const Identity *identity, dba_error **err)
{
	const char *name = dba_profile_name(identity->profile);

	return name[0] != '\0' && identity->lock_file != NULL &&
		   lockfile_write(identity->lock_file, name, err);
}

void
verbs_end_validation(Group *group, const Identity *identity, const char *valid, const char *report,
					 const char *reason)
{
	static const char *const names[] = {"profile", "source", "connected",	"valid",
										"report",  "reason", "lock_written"};
	static const Oid types[] = {TEXT_OID,  TEXT_OID, BOOL_OID, BOOL_OID,
								JSONB_OID, TEXT_OID, BOOL_OID};
	const char *values[] = {dba_profile_name(identity->profile),
							dba_profile_source(identity->profile),
							"t",
							valid,
							report,
							reason,
							"f"};

	if (group->error == NULL && (valid == NULL || valid[0] == 't') &&
		verbs_write_lock(identity, &group->error))
		values[6] = "t";
	group->result = result_make(7, names, types, 1, values);
	group->count = 1;
	if (group->result == NULL)
		error_set_no_memory(&group->error);
	group_end(group);
}

static void
validation_finish(Validation *v)
{
	verbs_end_validation(&v->group, v->identity, v->valid, v->report,
						 v->reason != NULL ? v->reason : v->why);
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

/* By columns alone: what the right to `expected` or a standby does not allow is
 * read from the text. */
static void
validation_run_flat(Validation *v)
{
	group_run(
		&v->group,
		"SELECT r.report, r.report ->> 'valid' AS valid FROM (SELECT CASE WHEN "
		"$2::pg_catalog.jsonb IS NULL"
		" THEN db_adapter.validate(db_adapter.expected_columns($1))"
		" ELSE db_adapter.validate(db_adapter.expected_columns($1),"
		" exclude => ARRAY(SELECT pg_catalog.jsonb_array_elements_text($2))) END AS report) r",
		2, v->values, validation_reported);
}

static void
validation_checked(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;
	const char *state = dba_error_sqlstate(error);

	if (strcmp(state, "42501") == 0 || strcmp(state, "25006") == 0)
	{
		v->why = strcmp(state, "42501") == 0
					 ? "compared by columns only: no right to execute the schema's statements"
					 : "compared by columns only: the server is read-only";
		validation_run_flat(v);
		return;
	}
	validation_reported(db, result, error, arg);
}

static void
validation_run(Validation *v)
{
	v->values[0] = buf_text(&v->schema);
	v->values[1] = v->identity->exclude;
	group_run(&v->group,
			  "SELECT r.report, r.report ->> 'valid' AS valid FROM (SELECT CASE WHEN "
			  "$2::pg_catalog.jsonb IS NULL"
			  " THEN db_adapter.validate(db_adapter.expected($1::pg_catalog.text))"
			  " ELSE db_adapter.validate(db_adapter.expected($1::pg_catalog.text),"
			  " exclude => ARRAY(SELECT "
			  "pg_catalog.jsonb_array_elements_text($2)::pg_catalog.name)) END AS report) r",
			  2, v->values, validation_checked);
}

/* Reads the schema file; false with a reason when there is none, or an error. */
static bool
validation_read_schema(Validation *v)
{
	const char *path = v->identity->schema_file;
	FILE	   *file = path != NULL ? fopen(path, "re") : NULL;
	char		data[16384];
	size_t		n;
	Buf			reason = BUF_INIT;

	if (file == NULL)
	{
		if (path != NULL)
			buf_printf(&reason, "schema file \"%s\" could not be read: %s", path, strerror(errno));
		else
			buf_puts(&reason, "no schema file is configured");
		v->reason = buf_take(&reason);
		return false;
	}
	while ((n = fread(data, 1, sizeof(data), file)) > 0)
		buf_append(&v->schema, data, n);
	if (ferror(file))
		error_set(&v->group.error, DBA_CONFIG, "could not read \"%s\": %s", path, strerror(errno));
	if (!buf_ok(&v->schema))
		error_set_no_memory(&v->group.error);
	fclose(file);
	return v->group.error == NULL;
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
	if (!v->identity->validate_on_connect)
		v->why = "validate_on_connect is off";
	else if (dba_result_is_null(result, 0, "extension_version"))
		v->why = "the extension db_adapter is not installed in this database";
	else if (validation_read_schema(v))
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
verbs_validate(dba_client *db, dba_callback cb, void *arg)
{
	Validation *v = mem_zalloc(sizeof(Validation));
	dba_request id;

	if (v == NULL)
		return 0;
	v->identity = db->core->identity;
	v->group.begun = validation_begun;
	v->group.release = validation_release;
	id = group_submit(&v->group, db, cb, arg);
	if (id != 0)
		validation_begun(&v->group);
	return id;
}
