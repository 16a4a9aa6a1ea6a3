/*
 * db_adapter/libevent.h
 *		Drives a dba_client from a libevent base.
 *
 * Call dba_attach_libevent before the client's first request.
 */
#ifndef DB_ADAPTER_LIBEVENT_H
#define DB_ADAPTER_LIBEVENT_H

#include <event2/event.h>

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
dba_event_ready(evutil_socket_t fd, short events, void *arg)
{
	dba_process((dba_client *) arg, (int) fd,
				(events & EV_READ ? DBA_READ : 0) | (events & EV_WRITE ? DBA_WRITE : 0));
}

static inline int
dba_event_watch_fd(void *base, dba_client *db, int fd, unsigned events, void **slot)
{
	struct event *event;

	if (*slot != NULL)
		event_free((struct event *) *slot);
	*slot = NULL;
	if (events == 0)
		return 0;
	event = event_new((struct event_base *) base, fd,
					  (short) (EV_PERSIST | (events & DBA_READ ? EV_READ : 0) |
							   (events & DBA_WRITE ? EV_WRITE : 0)),
					  dba_event_ready, db);
	if (event == NULL || event_add(event, NULL) != 0)
	{
		if (event != NULL)
			event_free(event);
		return 1;
	}
	*slot = event;
	return 0;
}

static inline void
dba_event_due(evutil_socket_t fd, short events, void *arg)
{
	(void) fd;
	(void) events;
	dba_process((dba_client *) arg, -1, 0);
}

static inline int
dba_event_set_timer(void *base, dba_client *db, int64_t ms, void **slot)
{
	struct event *event = (struct event *) *slot;
	struct timeval after;

	if (ms < 0)
	{
		if (event != NULL)
			event_free(event);
		*slot = NULL;
		return 0;
	}
	if (event == NULL)
	{
		event = event_new((struct event_base *) base, -1, 0, dba_event_due, db);
		if (event == NULL)
			return 1;
		*slot = event;
	}
	after.tv_sec = (time_t) (ms / 1000);
	after.tv_usec = (suseconds_t) (ms % 1000 * 1000);
	return event_add(event, &after);
}

/* DBA_OK, or DBA_INVALID when the client is in use */
static inline dba_code
dba_attach_libevent(dba_client *db, struct event_base *base)
{
	return dba_attach(db, base, dba_event_watch_fd, dba_event_set_timer);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif							/* DB_ADAPTER_LIBEVENT_H */
