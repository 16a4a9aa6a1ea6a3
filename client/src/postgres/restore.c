/*
 * restore.c
 *		A backup from the caller's source into restore_begin, restore_data and
 *		restore_end, in one transaction.
 *
 * A few pieces are under way at a time, so that the server never waits and
 * memory stays constant.
 */
#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "base/mem.h"
#include "base/pgtypes.h"
#include "core/params.h"
#include "postgres/pgverbs.h"
#include "sql/sqltenant.h"

#define PIECE_SIZE (128 * 1024)
#define PIECES_UNDER_WAY 3

typedef struct Restore
{
	Group		group;
	dba_source_fn source;
	dba_progress_fn progress;
	SqlStatement begin;			/* SELECT db_adapter.restore_begin(…) */
	int			under_way;
	bool		at_end;			/* the source has no more */
	bool		paused;			/* the source has nothing yet */
	bool		ended;			/* restore_end was sent */
	int64_t		bytes;
} Restore;

/* a piece on its way: what its request owns */
typedef struct Piece
{
	const char *value;
	int			length;
	int			format;
	Oid			type;
	char		data[];
} Piece;

static void restore_pump(Group *group);

static void
restore_release(Group *group)
{
	Restore	   *restore = (Restore *) group;

	sql_free(&restore->begin);
	mem_free(restore);
}

/* --- the end */

static void
restore_end_done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Group	   *group = arg;

	(void) db;
	if (!group_failed(group, error))
		group_take_result(group, result);
	group_end(group);
}

static void
restore_finish(Restore *restore)
{
	restore->ended = true;
	group_run(&restore->group, "SELECT * FROM db_adapter.restore_end()", 0, NULL, restore_end_done);
}

/* --- the pieces */

static void
restore_piece_done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Restore	   *restore = arg;
	Group	   *group = arg;
	const char *rows = result != NULL ? dba_result_text_at(result, 0, 0) : NULL;

	(void) db;
	restore->under_way--;
	if (!group_failed(group, error) && restore->progress != NULL)
		restore->progress(group->db, "", rows != NULL ? strtoll(rows, NULL, 10) : 0, restore->bytes,
						  group->request->arg);
	restore_pump(group);
}

/* Ask the source for a piece and send it; false when there is none now. */
static bool
restore_send_piece(Restore *restore)
{
	Group	   *group = &restore->group;
	Piece	   *piece = mem_alloc(sizeof(Piece) + PIECE_SIZE);
	Request	   *request;
	int64_t		size;

	if (piece == NULL)
		return error_set_no_memory(&group->error);
	size = restore->source(group->db, piece->data, PIECE_SIZE, group->request->arg);
	if (size <= 0 || size > PIECE_SIZE || group->error != NULL)
	{
		mem_free(piece);
		restore->at_end = size == 0;
		restore->paused = size == DBA_SOURCE_PAUSE;
		if (size != 0 && size != DBA_SOURCE_PAUSE)
			error_set(&group->error, DBA_CANCELLED,
					  "the source of the restore failed; everything it did is rolled back");
		return false;
	}
	restore->bytes += size;
	/* not the struct as a whole: its padding overlaps data */
	piece->length = (int) size;
	piece->format = 1;
	piece->type = BYTEAOID;
	piece->value = piece->data;
	request = group_step(group, REQUEST_STATEMENT, restore_piece_done);
	if (request == NULL)
	{
		mem_free(piece);
		return error_set_no_memory(&group->error);
	}
	request->owned = piece;
	request->sql.unprepared = true;
	request->sql.binding = (Binding){.count = 1,
									 .values = &piece->value,
									 .lengths = &piece->length,
									 .formats = &piece->format,
									 .types = &piece->type};
	request->sql.stmt =
		stmt_get(&request->core->stmts, "SELECT db_adapter.restore_data($1)", 34, true);
	restore->under_way++;
	if (request->sql.stmt == NULL)
		group_submitted(group, request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory")));
	else
		group_submitted(group, request_submit(request));
	return group->error == NULL;
}

static void
restore_pump(Group *group)
{
	Restore	   *restore = (Restore *) group;

	while (group->error == NULL && !restore->at_end && !restore->paused &&
		   restore->under_way < PIECES_UNDER_WAY)
		if (!restore_send_piece(restore))
			break;
	/* The last piece that comes back ends it, not the last one that was sent. */
	if (restore->under_way > 0 || restore->ended)
		return;
	if (group->error != NULL)
		group_end(group);
	else if (restore->at_end)
		restore_finish(restore);
}

/* dba_resume, or a cancel that waits for nothing else */
static void
restore_resumed(Group *group)
{
	((Restore *) group)->paused = false;
	restore_pump(group);
}

/* --- the beginning */

static void
restore_begin_done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Group	   *group = arg;

	(void) db;
	(void) result;
	if (group_failed(group, error))
		group_end(group);
	else
	{
		group->resumed = restore_resumed;
		restore_pump(group);
	}
}

static void
restore_begun(Group *group)
{
	Restore	   *restore = (Restore *) group;
	Request	   *request = group_step(group, REQUEST_STATEMENT, restore_begin_done);

	if (request == NULL)
		group_submitted(group, 0);
	else
		group_submitted(group, verbs_submit(request, &restore->begin, NULL));
}

dba_request
restore_run(dba_client *db, const char *options, dba_source_fn source, dba_progress_fn progress,
			dba_callback cb, void *arg)
{
	Restore	   *restore = mem_zalloc(sizeof(Restore));
	JsonValue  *args = NULL;
	dba_error  *error = NULL;
	dba_request id;

	if (restore == NULL)
		return 0;
	restore->source = source;
	restore->progress = progress;
	restore->group.begun = restore_begun;
	restore->group.release = restore_release;
	if (options != NULL)
		args =
			json_parse(&restore->begin.arena, options, strlen(options), "restore options", &error);
	if (args != NULL && args->type != JSON_TYPE_OBJECT)
		error_set(&error, DBA_INVALID, "restore options must be a JSON object");
	if (error == NULL && args != NULL)
		sqltenant_read(&restore->begin.arena, args, "restore options", &error);
	if (error == NULL)
		sql_call(&restore->begin, "db_adapter.restore_begin", args, &error);
	id = group_submit(&restore->group, db, cb, arg);
	if (group_goes_on(&restore->group, id, error))
		group_begin(&restore->group);
	return id;
}
