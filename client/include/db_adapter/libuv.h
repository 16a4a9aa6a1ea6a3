/*
 * db_adapter/libuv.h
 *		Drives a dba_client from a libuv loop.
 *
 * Call dba_attach_libuv before the client's first request.  After dba_close the
 * loop must turn once more before uv_loop_close (libuv closes handles late).
 */
#ifndef DB_ADAPTER_LIBUV_H
#define DB_ADAPTER_LIBUV_H

#include <stdlib.h>
#include <uv.h>

#include <db_adapter.h>

/* C and C++ alike: the casts are C's, whatever the program warns of in its own code. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wuseless-cast"
#endif
#endif

typedef struct dba_uv_watch
{
	uv_poll_t	handle;
	dba_client *db;
	int			fd;
} dba_uv_watch;

typedef struct dba_uv_timer
{
	uv_timer_t	handle;
	dba_client *db;
} dba_uv_timer;

static inline void
dba_uv_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static inline void
dba_uv_ready(uv_poll_t *handle, int status, int events)
{
	dba_uv_watch *watch = (dba_uv_watch *) handle->data;
	unsigned ready = (events & UV_READABLE ? DBA_READ : 0) | (events & UV_WRITABLE ? DBA_WRITE : 0);

	/* an error shows when the library reads */
	dba_process(watch->db, watch->fd, status < 0 ? DBA_READ : ready);
}

static inline int
dba_uv_watch_fd(void *loop, dba_client *db, int fd, unsigned events, void **slot)
{
	dba_uv_watch *watch = (dba_uv_watch *) *slot;

	if (events == 0)
	{
		if (watch != NULL)
		{
			uv_poll_stop(&watch->handle);
			uv_close((uv_handle_t *) &watch->handle, dba_uv_closed);
		}
		*slot = NULL;
		return 0;
	}
	if (watch == NULL)
	{
		watch = (dba_uv_watch *) calloc(1, sizeof(dba_uv_watch));
		if (watch == NULL)
			return 1;
		if (uv_poll_init((uv_loop_t *) loop, &watch->handle, fd) != 0)
		{
			free(watch);
			return 1;
		}
		watch->handle.data = watch;
		watch->db = db;
		watch->fd = fd;
		*slot = watch;
	}
	return uv_poll_start(&watch->handle,
						 (events & DBA_READ ? UV_READABLE : 0) |
							 (events & DBA_WRITE ? UV_WRITABLE : 0),
						 dba_uv_ready);
}

static inline void
dba_uv_due(uv_timer_t *handle)
{
	dba_process(((dba_uv_timer *) handle->data)->db, -1, 0);
}

static inline int
dba_uv_set_timer(void *loop, dba_client *db, int64_t ms, void **slot)
{
	dba_uv_timer *timer = (dba_uv_timer *) *slot;

	if (ms < 0)
	{
		if (timer != NULL)
			uv_close((uv_handle_t *) &timer->handle, dba_uv_closed);
		*slot = NULL;
		return 0;
	}
	if (timer == NULL)
	{
		timer = (dba_uv_timer *) calloc(1, sizeof(dba_uv_timer));
		if (timer == NULL)
			return 1;
		uv_timer_init((uv_loop_t *) loop, &timer->handle);
		timer->handle.data = timer;
		timer->db = db;
		*slot = timer;
	}
	uv_update_time((uv_loop_t *) loop);
	return uv_timer_start(&timer->handle, dba_uv_due, (uint64_t) ms, 0);
}

/* DBA_OK, or DBA_INVALID when the client is in use */
static inline dba_code
dba_attach_libuv(dba_client *db, uv_loop_t *loop)
{
	return dba_attach(db, loop, dba_uv_watch_fd, dba_uv_set_timer);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif							/* DB_ADAPTER_LIBUV_H */
