/*
 * supabaseverbs.c
 *		The verbs that need the extension behind the service, through /rpc.
 *
 * The service must expose the schema db_adapter (db-schemas).  Each is one
 * request, and so one transaction; a document travels in it whole, which limits
 * its size.  Only a comparison by columns alone, where the right to a whole one is
 * lacking, takes two more: what the schema file declares, then the comparison.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "core/identity.h"
#include "base/mem.h"
#include "core/verdict.h"
#include "supabase/supabase.h"

#define PIECE_SIZE (64 * 1024)
#define DOCUMENT_MAX_MB 200

/* --- steps of a group */

/* {"name": value, …} begun; the caller closes it */
static void
put_argument(Buf *args, const char *name, const char *text, size_t len)
{
	buf_putc(args, args->len == 0 ? '{' : ',');
	json_write_string(args, name, strlen(name));
	buf_putc(args, ':');
	json_write_string(args, text, len);
}

static void
group_call(Group *group, const char *function, const Buf *args, dba_callback cb)
{
	Request	   *request = group_step(group, REQUEST_STATEMENT, cb);
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	JsonValue  *value;

	if (request == NULL)
	{
		group_submitted(group, 0);
		return;
	}
	if (!buf_ok(args))
		error_set_no_memory(&error);
	value =
		error == NULL ? json_parse(&arena, buf_text(args), args->len, "arguments", &error) : NULL;
	group_submitted(group, exchange_call(request, function, &arena, value, error));
}

/* --- connect and validate */

typedef struct Validation
{
	Group		group;
	Identity   *identity;
	Buf			schema;
	Buf			args;
	Buf			reason;
	char	   *report;
	const char *valid;			/* "t", "f", NULL */
} Validation;

static void
validation_release(Group *group)
{
	Validation *v = (Validation *) group;

	buf_free(&v->schema);
	buf_free(&v->args);
	buf_free(&v->reason);
	mem_free(v->report);
	mem_free(v);
}

static void
validation_finish(Validation *v)
{
	verdict_end(&v->group, v->identity, v->valid, v->report,
				v->reason.len > 0 ? buf_text(&v->reason) : NULL);
}

static void
validation_compared(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;
	const JsonValue *valid;
	Arena		arena = {NULL};

	(void) db;
	if (!group_failed(&v->group, error))
	{
		const char *text = dba_result_text_at(result, 0, 0);

		v->report = mem_strdup(text != NULL ? text : "{}");
		if (v->report == NULL)
			error_set_no_memory(&v->group.error);
		else
		{
			valid = json_member(json_parse(&arena, v->report, strlen(v->report), "report", NULL),
								"valid");
			v->valid = valid != NULL && valid->boolean ? "t" : "f";
		}
		arena_free(&arena);
	}
	validation_finish(v);
}

/* Does an error mean that the extension is not there, or not to be reached?  It is
 * PostgREST's own then: the server's may be about the schema file's statements. */
static bool
lacks_extension(const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);

	return strncmp(dba_error_where(error), "PGRST", 5) == 0 &&
		   (strcmp(state, "3F000") == 0 || strcmp(state, "42883") == 0);
}

/* The schema file's text as an argument, or, in its stead, what became of it. */
static void
validation_call(Validation *v, const char *function, const char *expected, bool exclude,
				dba_callback cb)
{
	buf_reset(&v->args);
	if (expected != NULL)
		buf_printf(&v->args, "{\"expected\":%s", expected);
	else
		put_argument(&v->args, "schema_sql", buf_text(&v->schema), v->schema.len);
	if (exclude && v->identity->exclude != NULL)
		buf_printf(&v->args, ",\"exclude\":%s", v->identity->exclude);
	if (exclude && v->identity->ignore != NULL)
		buf_printf(&v->args, ",\"ignore\":%s", v->identity->ignore);
	buf_putc(&v->args, '}');
	group_call(&v->group, function, &v->args, cb);
}

static void
validation_flat(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;
	const char *columns = dba_result_text_at(result, 0, 0);

	(void) db;
	if (group_failed(&v->group, error))
		group_end(&v->group);
	else
		validation_call(v, "db_adapter.validate", columns != NULL ? columns : "{}", true,
						validation_compared);
}

/* What the right to execute the file's statements, or a standby, does not allow is
 * read from its text. */
static void
validation_checked(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;
	const char *state = dba_error_sqlstate(error);

	if (lacks_extension(error))
	{
		buf_puts(&v->reason, "the extension db_adapter is not installed in this database, or the "
							 "service does not expose its schema");
		validation_finish(v);
	}
	else if (strcmp(state, "42501") == 0 || strcmp(state, "25006") == 0)
	{
		buf_printf(&v->reason, "compared by columns only: %s",
				   strcmp(state, "42501") == 0 ? "no right to execute the schema's statements"
											   : "the server is read-only");
		validation_call(v, "db_adapter.expected_columns", NULL, false, validation_flat);
	}
	else
		validation_compared(db, result, error, arg);
}

static void
validation_connected(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Validation *v = arg;

	(void) db;
	(void) result;
	if (group_failed(&v->group, error))
		group_end(&v->group);
	else if (verdict_read_schema(v->identity, &v->schema, &v->reason, &v->group.error))
		validation_call(v, "db_adapter.validate_text", NULL, true, validation_checked);
	else
		validation_finish(v);
}

dba_request
supabase_validate(dba_client *db, dba_callback cb, void *arg)
{
	Validation *v = mem_zalloc(sizeof(Validation));
	Request	   *step;
	dba_request id;

	if (v == NULL)
		return 0;
	v->identity = db->core->identity;
	v->group.release = validation_release;
	id = group_submit(&v->group, db, cb, arg);
	if (id == 0)
		return 0;
	step = group_step(&v->group, REQUEST_STATEMENT, validation_connected);
	if (step == NULL)
		group_submitted(&v->group, 0);
	else if (exchange_new(step, EXCHANGE_TEST) == NULL)
		group_submitted(&v->group, request_refuse(step, error_new(DBA_NO_MEMORY, "out of memory")));
	else
		group_submitted(&v->group, request_submit(step));
	return id;
}

/* --- backup: one document, given out in pieces of whole lines */

typedef struct Backup
{
	Group		group;
	dba_sink_fn sink;
	dba_progress_fn progress;
	Buf			args;
	Buf			document;
	size_t		given;			/* bytes of it */
	bool		paused;
} Backup;

static void
backup_release(Group *group)
{
	Backup	   *backup = (Backup *) group;

	buf_free(&backup->args);
	buf_free(&backup->document);
	mem_free(backup);
}

/* The next whole lines, about a piece of them. */
static size_t
backup_piece(const Backup *backup)
{
	const char *start = backup->document.data + backup->given;
	size_t		left = backup->document.len - backup->given;
	const char *end;

	if (left <= PIECE_SIZE)
		return left;
	end = memrchr(start, '\n', PIECE_SIZE);
	if (end == NULL)
		end = memchr(start + PIECE_SIZE, '\n', left - PIECE_SIZE);
	return end != NULL ? (size_t) (end - start) + 1 : left;
}

static void
backup_give(Group *group)
{
	Backup	   *backup = (Backup *) group;
	void	   *arg = group->request->arg;

	while (group->error == NULL && backup->given < backup->document.len)
	{
		const char *start = backup->document.data + backup->given;
		size_t		size = backup_piece(backup);
		dba_flow	flow;

		for (const char *p = start; (p = memchr(p, '\n', size - (size_t) (p - start))) != NULL; p++)
			group->count++;
		backup->given += size;
		flow = backup->sink(group->db, start, size, arg);
		if (backup->progress != NULL)
			backup->progress(group->db, "", group->count, (int64_t) backup->given, arg);
		if (flow == DBA_STOP)
			error_set(&group->error, DBA_CANCELLED, "the backup was stopped by its sink");
		else if (flow == DBA_PAUSE)
			return;
	}
	group_end(group);
}

static void
backup_answered(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Backup	   *backup = arg;
	Group	   *group = arg;
	const char *text = result != NULL ? dba_result_text_at(result, 0, 0) : NULL;

	(void) db;
	if (group_failed(group, error))
	{
		group_end(group);
		return;
	}
	buf_puts(&backup->document, text != NULL ? text : "");
	if (backup->document.len > 0 && backup->document.data[backup->document.len - 1] != '\n')
		buf_putc(&backup->document, '\n');
	if (!buf_ok(&backup->document))
	{
		error_set_no_memory(&group->error);
		backup->document.len = 0;
	}
	group->resumed = backup_give;
	backup_give(group);
}

/* Options are the verb's arguments, in a JSON object. */
static bool
read_options(const char *options, const char *what, Buf *args, dba_error **err)
{
	Arena		arena = {NULL};
	JsonValue  *value = json_parse(&arena, options, strlen(options), what, err);
	bool		ok = value != NULL;

	if (ok && value->type != JSON_TYPE_OBJECT)
		ok = error_set(err, DBA_INVALID, "%s must be a JSON object", what);
	if (ok)
		json_write(args, value);
	if (ok && !buf_ok(args))
		ok = error_set_no_memory(err);
	arena_free(&arena);
	return ok;
}

dba_request
supabase_backup(dba_client *db, const char *options, dba_sink_fn sink, dba_progress_fn progress,
				dba_callback cb, void *arg)
{
	Backup	   *backup = mem_zalloc(sizeof(Backup));
	dba_error  *error = NULL;
	dba_request id;

	if (backup == NULL)
		return 0;
	backup->sink = sink;
	backup->progress = progress;
	backup->group.release = backup_release;
	if (options == NULL)
		error_set(&error, DBA_INVALID, "backup needs options with a backup_schema");
	else
		read_options(options, "backup options", &backup->args, &error);
	id = group_submit(&backup->group, db, cb, arg);
	if (group_goes_on(&backup->group, id, error))
		group_call(&backup->group, "db_adapter.backup_document", &backup->args, backup_answered);
	return id;
}

/* --- restore: the source's document in one request */

typedef struct Restore
{
	Group		group;
	dba_source_fn source;
	dba_progress_fn progress;
	Buf			args;
	Buf			document;
} Restore;

static void
restore_release(Group *group)
{
	Restore	   *restore = (Restore *) group;

	buf_free(&restore->args);
	buf_free(&restore->document);
	mem_free(restore);
}

static void
restore_answered(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Restore	   *restore = arg;
	Group	   *group = arg;

	(void) db;
	if (!group_failed(group, error))
		group_take_result(group, result);
	if (group->error == NULL && restore->progress != NULL)
		restore->progress(group->db, "", group->count, (int64_t) restore->document.len,
						  group->request->arg);
	group_end(group);
}

static void
restore_send(Restore *restore)
{
	Buf		   *args = &restore->args;

	/* the options' closing brace makes room for one argument more */
	if (args->len > 2)
		args->data[--args->len] = '\0';
	else
		buf_reset(args);
	put_argument(args, "document", buf_text(&restore->document), restore->document.len);
	buf_putc(args, '}');
	group_call(&restore->group, "db_adapter.restore", args, restore_answered);
	buf_reset(args);
}

/* Take what the source has; false: it pauses. */
static bool
restore_take(Restore *restore)
{
	Group	   *group = &restore->group;
	Buf		   *document = &restore->document;
	int64_t		size;

	while (group->error == NULL)
	{
		if (!buf_reserve(document, PIECE_SIZE))
			return error_set_no_memory(&group->error);
		size = restore->source(group->db, document->data + document->len, PIECE_SIZE,
							   group->request->arg);
		if (size == 0)
			return true;
		if (size == DBA_SOURCE_PAUSE)
			return false;
		if (size < 0 || size > PIECE_SIZE)
			return error_set(&group->error, DBA_CANCELLED,
							 "the source of the restore failed; nothing was sent");
		document->len += (size_t) size;
		document->data[document->len] = '\0';
		if (document->len > (size_t) DOCUMENT_MAX_MB * 1024 * 1024)
		{
			error_set(&group->error, DBA_NOT_SUPPORTED,
					  "a restore through the provider \"supabase\" is one request of at most %d MB",
					  DOCUMENT_MAX_MB);
			error_hint(group->error, "Use a postgres profile, which streams it.");
		}
	}
	return false;
}

static void
restore_pump(Group *group)
{
	Restore	   *restore = (Restore *) group;

	if (restore_take(restore))
	{
		group->resumed = NULL;
		restore_send(restore);
	}
	else if (group->error != NULL)
		group_end(group);
}

dba_request
supabase_restore(dba_client *db, const char *options, dba_source_fn source,
				 dba_progress_fn progress, dba_callback cb, void *arg)
{
	Restore	   *restore = mem_zalloc(sizeof(Restore));
	dba_error  *error = NULL;
	dba_request id;

	if (restore == NULL)
		return 0;
	restore->source = source;
	restore->progress = progress;
	restore->group.release = restore_release;
	if (options != NULL)
		read_options(options, "restore options", &restore->args, &error);
	id = group_submit(&restore->group, db, cb, arg);
	if (group_goes_on(&restore->group, id, error))
	{
		/* never the caller's source from inside the submitting call */
		restore->group.resumed = restore_pump;
		group_wake(&restore->group);
	}
	return id;
}
