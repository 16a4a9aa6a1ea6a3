/*
 * db_adapter/libev.h
 *		Drives a dba_client from a libev loop.
 *
 * Call dba_attach_libev before the client's first request.
 */
#ifndef DB_ADAPTER_LIBEV_H
#define DB_ADAPTER_LIBEV_H

#include <ev.h>
#include <stdlib.h>

#include <db_adapter.h>

/* C and C++ alike: the casts are C's, whatever the program warns of in its own code. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wuseless-cast"
#endif
#endif

static inline void
dba_ev_ready(struct ev_loop *loop, ev_io *io, int events)
{
	(void) loop;
	dba_process((dba_client *) io->data, io->fd,
				(events & EV_READ ? DBA_READ : 0) | (events & EV_WRITE ? DBA_WRITE : 0));
}

static inline int
dba_ev_watch_fd(void *loop, dba_client *db, int fd, unsigned events, void **slot)
{
	ev_io	   *io = (ev_io *) *slot;

	if (io != NULL)
		ev_io_stop((struct ev_loop *) loop, io);
	if (events == 0)
	{
		free(io);
		*slot = NULL;
		return 0;
	}
	if (io == NULL)
	{
		io = (ev_io *) calloc(1, sizeof(ev_io));
		if (io == NULL)
			return 1;
		ev_init(io, dba_ev_ready);
		io->data = db;
		*slot = io;
	}
	ev_io_set(io, fd, (events & DBA_READ ? EV_READ : 0) | (events & DBA_WRITE ? EV_WRITE : 0));
	ev_io_start((struct ev_loop *) loop, io);
	return 0;
}

static inline void
dba_ev_due(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void) loop;
	(void) events;
	dba_process((dba_client *) timer->data, -1, 0);
}

static inline int
dba_ev_set_timer(void *loop, dba_client *db, int64_t ms, void **slot)
{
	ev_timer   *timer = (ev_timer *) *slot;

	if (timer != NULL)
		ev_timer_stop((struct ev_loop *) loop, timer);
	if (ms < 0)
	{
		free(timer);
		*slot = NULL;
		return 0;
	}
	if (timer == NULL)
	{
		timer = (ev_timer *) calloc(1, sizeof(ev_timer));
		if (timer == NULL)
			return 1;
		ev_init(timer, dba_ev_due);
		timer->data = db;
		*slot = timer;
	}
	ev_now_update((struct ev_loop *) loop);
	ev_timer_set(timer, (double) ms / 1000.0, 0.0);
	ev_timer_start((struct ev_loop *) loop, timer);
	return 0;
}

/* DBA_OK, or DBA_INVALID when the client is in use */
static inline dba_code
dba_attach_libev(dba_client *db, struct ev_loop *loop)
{
	return dba_attach(db, loop, dba_ev_watch_fd, dba_ev_set_timer);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif							/* DB_ADAPTER_LIBEV_H */
