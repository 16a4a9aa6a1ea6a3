/*
 * verdict.c
 *		What dba_connect_and_validate compares, and the one row it answers: with
 *		any provider.
 *
 * That a database cannot be checked is no failure: the row says why, and the
 * profile is the current one all the same.  Only a database known to differ does
 * not become it.
 */
#include "core/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/pgtypes.h"
#include "sql/result.h"

bool
verdict_read_schema(const Identity *identity, Buf *schema, Buf *reason, dba_error **err)
{
	const char *path = identity->schema_file;
	FILE	   *file = NULL;
	char		data[16384];
	size_t		n;

	if (!identity->validate_on_connect)
		buf_puts(reason, "validate_on_connect is off");
	else if (path == NULL)
		buf_puts(reason, "no schema file is configured");
	else if ((file = fopen(path, "re")) == NULL)
		buf_printf(reason, "schema file \"%s\" could not be read: %s", path, strerror(errno));
	else
	{
		while ((n = fread(data, 1, sizeof(data), file)) > 0)
			buf_append(schema, data, n);
		if (ferror(file))
			error_set(err, DBA_CONFIG, "could not read \"%s\": %s", path, strerror(errno));
		fclose(file);
	}
	if (!buf_ok(schema) || !buf_ok(reason))
		error_set_no_memory(err);
	return *err == NULL && reason->len == 0;
}

static bool
verdict_write_lock(const Identity *identity, dba_error **err)
{
	const char *name = dba_profile_name(identity->profile);

	return name[0] != '\0' && identity->lock_file != NULL &&
		   lockfile_write(identity->lock_file, name, err);
}

void
verdict_end(Group *group, const Identity *identity, const char *valid, const char *report,
			const char *reason)
{
	static const char *const names[] = {"profile", "source", "connected",	"valid",
										"report",  "reason", "lock_written"};
	static const Oid types[] = {TEXTOID, TEXTOID, BOOLOID, BOOLOID, JSONBOID, TEXTOID, BOOLOID};
	const char *values[] = {dba_profile_name(identity->profile),
							dba_profile_source(identity->profile),
							"t",
							valid,
							report,
							reason,
							"f"};

	/* A database that was not checked is no reason against the profile; one that differs is. */
	if (group->error == NULL && (valid == NULL || valid[0] == 't') &&
		verdict_write_lock(identity, &group->error))
		values[6] = "t";
	group->result = result_make(7, names, types, 1, values);
	group->count = 1;
	if (group->result == NULL)
		error_set_no_memory(&group->error);
	group_end(group);
}
