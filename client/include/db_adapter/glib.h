/*
 * db_adapter/glib.h
 *		Drives a dba_client from a GLib main context.
 *
 * Call dba_attach_glib before the client's first request.
 */
#ifndef DB_ADAPTER_GLIB_H
#define DB_ADAPTER_GLIB_H

#include <glib-unix.h>

#include <db_adapter.h>

/* C and C++ alike: the casts are C's, whatever the program warns of in its own code. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wuseless-cast"
#endif
#endif

/* The sources hold the client in their data; slot is the source, owned. */
static inline gboolean
dba_glib_ready(gint fd, GIOCondition condition, gpointer data)
{
	unsigned	events = (unsigned) condition;
	unsigned	writable = (unsigned) G_IO_OUT;
	unsigned	ready = (events & ~writable ? DBA_READ : 0) | (events & writable ? DBA_WRITE : 0);

	dba_process((dba_client *) data, fd, ready);
	return G_SOURCE_CONTINUE;	/* a source destroyed meanwhile stays so */
}

static inline void
dba_glib_drop(void **slot)
{
	if (*slot != NULL)
	{
		g_source_destroy((GSource *) *slot);
		g_source_unref((GSource *) *slot);
	}
	*slot = NULL;
}

static inline int
dba_glib_watch_fd(void *context, dba_client *db, int fd, unsigned events, void **slot)
{
	GSource	   *source;

	dba_glib_drop(slot);
	if (events == 0)
		return 0;
	source = g_unix_fd_source_new(
		fd, (GIOCondition) ((events & DBA_READ ? G_IO_IN | G_IO_HUP | G_IO_ERR : 0) |
							(events & DBA_WRITE ? G_IO_OUT : 0)));
	g_source_set_callback(source, (GSourceFunc) (void (*)(void)) dba_glib_ready, db, NULL);
	g_source_attach(source, (GMainContext *) context);
	*slot = source;
	return 0;
}

static inline gboolean
dba_glib_due(gpointer data)
{
	dba_process((dba_client *) data, -1, 0);
	return G_SOURCE_REMOVE;
}

static inline int
dba_glib_set_timer(void *context, dba_client *db, int64_t ms, void **slot)
{
	GSource	   *source;

	dba_glib_drop(slot);
	if (ms < 0)
		return 0;
	source = g_timeout_source_new((guint) (ms > G_MAXINT ? G_MAXINT : ms));
	g_source_set_callback(source, dba_glib_due, db, NULL);
	g_source_attach(source, (GMainContext *) context);
	*slot = source;
	return 0;
}

/* context: NULL is the default one.  DBA_OK, or DBA_INVALID when the client is in use. */
static inline dba_code
dba_attach_glib(dba_client *db, GMainContext *context)
{
	return dba_attach(db, context, dba_glib_watch_fd, dba_glib_set_timer);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif							/* DB_ADAPTER_GLIB_H */
