/*
 * conn.h
 *		One established connection: what was sent, and what is to come back.
 *
 * A connection is in libpq's pipeline mode all its life but for COPY.  Its ring
 * of operations says what each answer of the server belongs to.
 */
#ifndef DBA_CONN_H
#define DBA_CONN_H

#include "postgres/pgcore.h"

/* from libpq 17 on a Sync need not be written at once: conn_flush does it */
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
#define conn_pipeline_sync(pg) PQsendPipelineSync(pg)
#else
#define conn_pipeline_sync(pg) PQpipelineSync(pg)
#endif

/* a connection begins: names are looked up, then libpq connects (connect.c);
 * NULL: no memory */
extern Conn *conn_new(Core *core);

/* may a request be sent on it now? */
extern bool conn_accepts(const Conn *conn);

/* sends a request, or fails it; a Sync is owed afterwards (conn_sync) */
extern void conn_send(Conn *conn, Request *request);	/* connsend.c */
extern void conn_sync(Conn *conn);

/* writes what libpq holds and sets the events wanted */
extern void conn_flush(Conn *conn);
extern void conn_watch(Conn *conn);

/* --- connreset.c: is the session reset after this request?  What is sent behind it; a
 * reset by itself, of a session that somebody left changed; what it is followed by */
extern bool conn_resets(const Conn *conn, const Request *request);
extern bool conn_send_reset(Conn *conn, Request *request);
extern void conn_reset(Conn *conn);
extern bool conn_learn_settings(Conn *conn, bool exact);

/* A step of a reset failed; the server watches from now on; did it see a change? */
extern void conn_take_reset_failure(Conn *conn, OpKind kind, const PGresult *result);
extern void conn_take_watch(Conn *conn, const PGresult *result);
extern void conn_look_changed(Conn *conn);

/* who answers; where it is who was greeted ($1, its pid), sets what values need to be
 * exact, and counts that; whether it may know watch_session() */
extern const char conn_setup_sql[];

/* a round trip without a statement, to see that it lives */
extern void conn_ping(Conn *conn);

/* the request ends or is cancelled locally: answers to come are nobody's */
extern void conn_leave(Conn *conn, Request *request);

/* the connection is lost or no longer wanted: every request on it fails with
 * `error` (taken; NULL: they are called lost) */
extern void conn_close(Conn *conn, dba_error *error);

/* --- the ring: room for so many more; its first entry or NULL; removes it */
extern bool conn_reserve(Conn *conn, unsigned more);
extern Op *conn_op(Conn *conn);
extern void conn_pop(Conn *conn);

/* notices commands that change a session in ways no reset undoes */
extern void conn_note_command(Conn *conn, const Request *request, const PGresult *result);

/* adds to the ring what was given to libpq; sets conn dead when it cannot */
extern bool conn_expect(Conn *conn, OpKind kind, Request *request, Stmt *stmt);

/* an error with the connection's own message */
extern dba_error *conn_lost_error(Conn *conn, const char *what);

/* a FATAL: what the loss of the connection is then told by */
extern void conn_note_last_words(Conn *conn, const PGresult *result);

/* --- connserve.c: its descriptor is ready, or (events 0) it should look again */
extern void conn_process(Conn *conn, unsigned events);

/* its deadline has passed */
extern void conn_deadline(Conn *conn);

/* asks the server to cancel; false when the request is not alone there */
extern bool conn_cancel(Conn *conn, Request *request);
extern void conn_free(Conn *conn);

/* --- cancel.c: conn->cancelling while it is under way; false: it could not begin */
extern bool cancel_start(Conn *conn);
extern bool cancel_process(Conn *conn, int fd); /* false: it is not its descriptor */
extern bool cancel_watched(const Conn *conn, int *fd, unsigned *events);
extern void cancel_free(Conn *conn);

/* --- connect.c */
extern void connect_start(Conn *conn);
extern void connect_process(Conn *conn);
extern void connect_deadline(Conn *conn);
extern void connect_setup_done(Conn *conn, const PGresult *result);
extern void connect_free(Conn *conn);

#endif							/* DBA_CONN_H */
