/*
 * cancel.c
 *		Asking the server to cancel, without blocking.
 *
 * From libpq 17 on the loop carries a connection of its own for it; before,
 * PQcancel blocks and runs in the helper thread.  Either way a failure shows in
 * the statement going on until its deadline.
 */
#include "postgres/conn.h"

#include "base/mem.h"

#ifdef LIBPQ_HAS_ASYNC_CANCEL

struct Cancel
{
	PGcancelConn *pg;
	int			fd;
	unsigned	watched;
	void	   *slot;			/* the loop adapter's */
};

static bool
cancel_watch(Conn *conn, unsigned events)
{
	Core	   *core = conn->core;
	Cancel	   *cancel = conn->cancelling;

	if (cancel->fd < 0 || cancel->watched == events)
		return cancel->fd >= 0;
	if (core->loop.watch(core->loop.data, &core->self, cancel->fd, events, &cancel->slot) != 0)
		return false;
	cancel->watched = events;
	return true;
}

void
cancel_free(Conn *conn)
{
	if (conn->cancelling == NULL)
		return;
	cancel_watch(conn, 0);
	PQcancelFinish(conn->cancelling->pg);
	mem_free(conn->cancelling);
	conn->cancelling = NULL;
}

bool
cancel_start(Conn *conn)
{
	Cancel	   *cancel = mem_zalloc(sizeof(Cancel));

	if (cancel == NULL)
		return false;
	conn->cancelling = cancel;
	cancel->fd = -1;
	cancel->pg = PQcancelCreate(conn->pg);
	if (cancel->pg != NULL && PQcancelStart(cancel->pg) == 1)
		cancel->fd = PQcancelSocket(cancel->pg);
	/* A connection in its own right, beside the one whose statement is cancelled. */
	if (cancel_watch(conn, DBA_WRITE))
		return true;
	cancel_free(conn);
	return false;
}

/* The socket may be another after each step, as while connecting. */
bool
cancel_process(Conn *conn, int fd)
{
	Cancel	   *cancel = conn->cancelling;
	PostgresPollingStatusType status;

	if (cancel == NULL || cancel->fd != fd)
		return false;
	cancel_watch(conn, 0);
	status = PQcancelPoll(cancel->pg);
	cancel->fd = PQcancelSocket(cancel->pg);
	if ((status == PGRES_POLLING_READING && cancel_watch(conn, DBA_READ)) ||
		(status == PGRES_POLLING_WRITING && cancel_watch(conn, DBA_WRITE)))
		return true;
	cancel_free(conn);
	conn->pool->news->changed(conn);
	return true;
}

bool
cancel_watched(const Conn *conn, int *fd, unsigned *events)
{
	if (conn->cancelling == NULL || conn->cancelling->watched == 0)
		return false;
	*fd = conn->cancelling->fd;
	*events = conn->cancelling->watched;
	return true;
}

#else

struct Cancel
{
	HelperJob	job;
	PGcancel   *cancel;
};

static void
cancel_run(HelperJob *job)
{
	char		message[256];

	PQcancel(((Cancel *) job)->cancel, message, sizeof(message));
}

static void
cancel_free_job(HelperJob *job)
{
	PQfreeCancel(((Cancel *) job)->cancel);
	mem_free(job);
}

static void
cancel_done(HelperJob *job, void *arg)
{
	Conn	   *conn = arg;

	(void) job;
	conn->cancelling = NULL;
	conn->pool->news->changed(conn);
}

bool
cancel_start(Conn *conn)
{
	Helper	   *helper = core_helper(conn->core);
	Cancel	   *cancel = helper != NULL ? mem_zalloc(sizeof(Cancel)) : NULL;

	if (cancel == NULL)
		return false;
	cancel->cancel = PQgetCancel(conn->pg);
	cancel->job =
		(HelperJob){.run = cancel_run, .free = cancel_free_job, .done = cancel_done, .arg = conn};
	if (cancel->cancel == NULL || !helper_submit(helper, &cancel->job))
	{
		cancel_free_job(&cancel->job);
		return false;
	}
	conn->cancelling = cancel;
	return true;
}

/* The thread ends it, and frees it. */
void
cancel_free(Conn *conn)
{
	if (conn->cancelling != NULL)
		helper_forget(&conn->cancelling->job);
	conn->cancelling = NULL;
}

bool
cancel_process(Conn *conn, int fd)
{
	(void) conn;
	(void) fd;
	return false;
}

bool
cancel_watched(const Conn *conn, int *fd, unsigned *events)
{
	(void) conn;
	(void) fd;
	(void) events;
	return false;
}

#endif							/* LIBPQ_HAS_ASYNC_CANCEL */
