/*
 * restore_session.c
 *	  A restore whose backup comes in chunks, bound to its transaction.
 *
 * Until restore_end() has verified the whole, what was restored must not be
 * committed: a transaction that tries fails.  The session ends with an error of
 * its own and with every (sub)transaction that takes back some of its rows.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore.h"
#include "data/restore/restore_private.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define SPOOL_CHUNK (64 * 1024)

typedef struct RestoreSession
{
	Restore	   *restore;
	int			level;			/* nesting of transactions at the last call */
	SubTransactionId subid;		/* the one of the last call */
	bool		busy;			/* within a call */
	BufFile	   *spool;			/* of a dry run: it is executed as one, at the end */
} RestoreSession;

static RestoreSession session;
static bool callbacks_registered = false;

/* Memory goes with the transaction. */
static void
forget_session(void)
{
	memset(&session, 0, sizeof(session));
}

/*
 * A prepared transaction is refused as well: who commits it later knows nothing of a
 * restore.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		/* An error here still makes a rollback of the commit. */
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (session.restore != NULL)
				ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
								errmsg("cannot commit while a restore is open"),
								errdetail("What it has restored is not verified yet."),
								errhint("Call restore_begin(), restore_data() and restore_end() "
										"in one transaction.")));
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			forget_session();
			break;
		default:
			break;
	}
}

/* Our own attempts run in deeper subtransactions than the call itself. */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
					  void *arg)
{
	if (event != SUBXACT_EVENT_ABORT_SUB || session.restore == NULL)
		return;
	if (session.busy ? GetCurrentTransactionNestLevel() > session.level : session.subid < subid)
		return;
	filereader_abandon(session.restore->reader);
	if (session.spool != NULL)
		BufFileClose(session.spool);
	forget_session();
}

/* Once a backend: they stay, and do nothing while no restore is open. */
static void
register_callbacks(void)
{
	if (callbacks_registered)
		return;
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	callbacks_registered = true;
}

/*
 * busy keeps a trigger of a restored table from feeding the restore that fires it.  It is
 * left set by an error, which the end of the (sub)transaction clears.
 */
static void
enter_call(void)
{
	if (session.restore == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no restore is open"),
				 errhint("Call restore_begin() first, in the same transaction.")));
	if (session.busy)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("a restore cannot be fed from within itself")));
	session.busy = true;
	session.level = GetCurrentTransactionNestLevel();
}

/*
 * The subtransaction of the last call: if that is rolled back, rows of ours go with it, and
 * the session ends.
 */
static void
leave_call(void)
{
	session.busy = false;
	session.subid = GetCurrentSubTransactionId();
}

/*
 * Everything is kept in the memory of the transaction, whose end frees it whatever happens;
 * the session itself is one static struct, since there is one restore at a time.
 */
void
restore_begin(const RestoreOptions *options)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext oldcxt;

	if (options->mode != RESTORE_COMPARE)
		query_refuse_standby("db_adapter.restore_begin()");
	if (session.restore != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a restore is open already"), errhint("Call restore_end() or roll back.")));
	register_callbacks();
	/* What it opens outlives the statement. */
	CurrentResourceOwner = TopTransactionResourceOwner;
	session.restore = restore_create(options, TopTransactionContext);
	oldcxt = MemoryContextSwitchTo(session.restore->cxt);
	/* A replacement reads it twice. */
	if (options->dry_run || options->mode == RESTORE_REPLACE)
		/* Not interXact: it goes with the transaction. */
		session.spool = BufFileCreateTemp(false);
	MemoryContextSwitchTo(oldcxt);
	CurrentResourceOwner = owner;
	leave_call();
}

/*
 * Of a dry run the bytes are only kept: it is one subtransaction, rolled back in the end,
 * and cannot span calls.
 */
int64
restore_data(const char *bytes, size_t len)
{
	int64		rows;

	enter_call();
	if (session.spool != NULL)
		compat_buffile_write(session.spool, bytes, len);
	else
		restore_feed(session.restore, bytes, len);
	rows = filereader_rows(session.restore->reader);
	leave_call();
	return rows;
}

/* Files are UTF-8 whatever the server's encoding, and text has come in the server's. */
int64
restore_data_text(text *chunk)
{
	const char *bytes = VARDATA_ANY(chunk);
	size_t		len = VARSIZE_ANY_EXHDR(chunk);
	char	   *utf8 = pg_server_to_any(bytes, len, PG_UTF8);

	return restore_data(utf8, utf8 == bytes ? len : strlen(utf8));
}

static void
read_spool(FileReader *reader, void *arg)
{
	char	   *buffer = palloc(SPOOL_CHUNK);
	size_t		count;

	if (BufFileSeek(session.spool, 0, 0, SEEK_SET) != 0)
		elog(ERROR, "could not rewind the spooled backup");
	while ((count = BufFileRead(session.spool, buffer, SPOOL_CHUNK)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		filereader_feed(reader, buffer, count);
	}
	pfree(buffer);
}

/* As the body of an attempt that a dry run rolls back. */
static void
execute_spool(void *arg)
{
	restore_run(session.restore, read_spool, NULL);
}

/* An error on the way leaves the session to the abort of its transaction. */
void
restore_end(ReturnSetInfo *result)
{
	enter_call();
	if (session.spool != NULL && !session.restore->options.dry_run)
	{
		execute_spool(NULL);
		BufFileClose(session.spool);
	}
	else if (session.spool != NULL)
	{
		ErrorData  *error = query_attempt(execute_spool, NULL, false);

		if (error != NULL)
			ReThrowError(error);
		BufFileClose(session.spool);
	}
	else
		restore_finish(session.restore);
	restore_report(session.restore, result);
	MemoryContextDelete(session.restore->cxt);
	forget_session();
}
