/*
 * connreset.c
 *		A session is given back as it was lent.
 *
 * What a statement does to its session cannot be told from its text: a function of any
 * name may call set_config or lock.  Nor can the server be asked: pg_settings takes a
 * millisecond and does not show settings like app.user_id.  So after the caller's own
 * SQL all is undone that DISCARD ALL undoes, but for prepared statements, which are the
 * library's.
 *
 * It leaves together with the statement, behind its Sync: a transaction of its own in
 * the same round trip, and the same server behind a pooler that changes them between
 * transactions.  The request ends with the answer to both, so that a connection is
 * either in use or clean.  Without the Sync between them the statement's deferred
 * triggers would run after the reset, under other settings and another role.  A
 * transaction is followed by it once, if one of its statements was the caller's.
 *
 * RESET goes back to what the session began with.  Behind a pooler that is the pooler's
 * connection: what it set on our behalf, encoding first, is set again.
 */
#include "postgres/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* SESSION AUTHORIZATION takes a role along that the session began with. */
static const char *const reset_sql[] = {
	"CLOSE ALL",
	"SET SESSION AUTHORIZATION DEFAULT",
	"RESET ROLE",
	"RESET ALL",
};

/* What RESET ALL set back can no longer be in the way of these. */
static const char *const reset_rest_sql[] = {
	"UNLISTEN *",
	"SELECT pg_catalog.pg_advisory_unlock_all()",
	"DISCARD TEMP",
	"DISCARD SEQUENCES",
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What the server reports and a pooler sets for its client. */
static const char *const reported[] = {
	"client_encoding",	"DateStyle", "TimeZone", "IntervalStyle", "standard_conforming_strings",
	"application_name",
};

/*
 * Settings under which a value read would not be the value stored (digits left out), or one
 * written not the one given (NULL in an array as the word).  A pooler does not follow them,
 * so they are set only where what answers is what was greeted, and where they differ.
 */
#define EXACT_SETTINGS(X)                                                                          \
	X("extra_float_digits", "1")                                                                   \
	X("array_nulls", "on")

#define EXACT_MEMBER(name, value) {name, value},
#define EXACT_ROW(name, value) ", ('" name "', '" value "')"

static const struct
{
	const char *name;
	const char *value;
} exact_settings[] = {EXACT_SETTINGS(EXACT_MEMBER)};

const char	conn_setup_sql[] =
	"SELECT pg_catalog.pg_backend_pid(), (SELECT"
	" pg_catalog.count(pg_catalog.set_config(s.name, s.value, false)) FROM"
	" (VALUES (NULL, NULL)" EXACT_SETTINGS(
		EXACT_ROW) ") s (name, value)"
				   " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) $1::pg_catalog.int4"
				   " AND pg_catalog.current_setting(s.name, true) OPERATOR(pg_catalog.<>) s.value),"
				   " pg_catalog.to_regprocedure('db_adapter.watch_session()') IS NOT NULL";

/*
 * Anybody may have made a function of that name, which would run as us: it counts if the
 * extension has it, and is not named in a statement before that is known.
 */
static const char watch_check_sql[] =
	"SELECT EXISTS (SELECT FROM pg_catalog.pg_proc p"
	" JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=)"
	" 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) p.oid"
	" AND d.deptype OPERATOR(pg_catalog.=) 'e'"
	" JOIN pg_catalog.pg_extension e ON d.refclassid OPERATOR(pg_catalog.=)"
	" 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) e.oid"
	" WHERE p.oid OPERATOR(pg_catalog.=) pg_catalog.to_regprocedure('db_adapter.watch_session()')"
	" AND e.extname OPERATOR(pg_catalog.=) 'db_adapter'"
	" AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
	" AND pg_catalog.has_schema_privilege(p.pronamespace, 'USAGE'))";

static const char watch_sql[] = "SELECT db_adapter.watch_session()";

/* each step prepared and run, the watch, and the Sync */
#define MAX_OPS                                                                                    \
	(2 * (LENGTH(reset_sql) + LENGTH(reset_rest_sql) + LENGTH(reported) +                          \
		  LENGTH(exact_settings)) +                                                                \
	 2)

/* --- what it is followed by */

static bool
restore_add(Conn *conn, const char *name, const char *value)
{
	char	   *literal = PQescapeLiteral(conn->pg, value, strlen(value));

	if (literal == NULL)
		return false;
	buf_printf(&conn->restore, "SET %s = %s", name, literal);
	buf_putc(&conn->restore, '\0');
	PQfreemem(literal);
	return buf_ok(&conn->restore);
}

/* Called when the session is as it should be, and nobody has used it.  That the date
 * style was set, the server tells only later.  exact: those above were set too. */
bool
conn_learn_settings(Conn *conn, bool exact)
{
	const char *value;

	if (conn->restyled && !restore_add(conn, "DateStyle", "ISO"))
		return false;
	for (size_t i = 0; exact && i < LENGTH(exact_settings); i++)
		if (!restore_add(conn, exact_settings[i].name, exact_settings[i].value))
			return false;
	for (size_t i = 0; conn->pool->pooler && i < LENGTH(reported); i++)
	{
		if (conn->restyled && strcmp(reported[i], "DateStyle") == 0)
			continue;
		value = PQparameterStatus(conn->pg, reported[i]);
		if (value != NULL && !restore_add(conn, reported[i], value))
			return false;
	}
	return true;
}

/* --- sending */

bool
conn_resets(const Conn *conn, const Request *request)
{
	ResetMode	mode = conn->core->settings.reset;

	if (mode == RESET_NEVER || conn->dedicated != NULL || request->kind == REQUEST_LISTEN)
		return false;
	if (mode == RESET_SMART && conn->watch == WATCH_ON)
		return false;			/* where it is needed, it follows by itself */
	if (conn->tx == NULL)
		return mode == RESET_ALWAYS || request->sql.caller_sql;
	return conn->dirty && request->tx.ends && request->db->tx->depth == 0;
}

/* Steps come again and again: to parse them costs more than to run them. */
static bool
reset_is_prepared(const Conn *conn)
{
	return conn->core->settings.prepare != 0 && !conn->pool->pooler && !conn->pool->prepare_off;
}

static bool
reset_step(Conn *conn, const char *sql, int number)
{
	char		name[32];

	if (!reset_is_prepared(conn))
		return PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1 &&
			   conn_expect(conn, OP_RESET, NULL, NULL);
	snprintf(name, sizeof(name), "dba_reset_%d", number);
	if (!conn->reset_prepared && (PQsendPrepare(conn->pg, name, sql, 0, NULL) != 1 ||
								  !conn_expect(conn, OP_RESET_PREPARE, NULL, NULL)))
		return false;
	return PQsendQueryPrepared(conn->pg, name, 0, NULL, NULL, NULL, 0) == 1 &&
		   conn_expect(conn, OP_RESET, NULL, NULL);
}

/* In the order of WatchState; with `always` each request is followed by a reset anyway. */
static bool
reset_watch(Conn *conn)
{
	if (conn->watch == WATCH_NONE || conn->pool->pooler ||
		conn->core->settings.reset != RESET_SMART)
		return true;
	return PQsendQueryParams(conn->pg, conn->watch == WATCH_THERE ? watch_check_sql : watch_sql, 0,
							 NULL, NULL, NULL, NULL, 0) == 1 &&
		   conn_expect(conn, OP_WATCH, NULL, NULL);
}

static bool
reset_steps(Conn *conn)
{
	const char *sql = buf_text(&conn->restore);
	const char *end = sql + conn->restore.len;
	bool		sent = conn_reserve(conn, MAX_OPS);
	int			number = 0;

	for (size_t i = 0; sent && i < LENGTH(reset_sql); i++)
		sent = reset_step(conn, reset_sql[i], number++);
	for (; sent && sql < end; sql += strlen(sql) + 1)
		sent = reset_step(conn, sql, number++);
	for (size_t i = 0; sent && i < LENGTH(reset_rest_sql); i++)
		sent = reset_step(conn, reset_rest_sql[i], number++);
	conn->reset_prepared = true;
	return sent && reset_watch(conn);
}

/* request: whom its end ends, or NULL */
bool
conn_send_reset(Conn *conn, Request *request)
{
	conn->dirty = false;
	if (request != NULL)
		request->wire.resetting = true;
	return reset_steps(conn) && conn_pipeline_sync(conn->pg) == 1 &&
		   conn_expect(conn, OP_SYNC, request, NULL);
}

void
conn_reset(Conn *conn)
{
	if (!conn_send_reset(conn, NULL))
	{
		conn_close(conn, NULL);
		return;
	}
	conn->shared = false;
	conn->time.deadline = clock_after(conn->core->settings.connect_timeout);
	clock_due(conn->core, conn->time.deadline);
	conn_flush(conn);
}

/* --- answers */

/*
 * A cancel that was meant for the statement may come when its reset has begun: that is
 * sent again.  What was to be prepared is then lost, and the connection with it.
 */
void
conn_take_reset_failure(Conn *conn, OpKind kind, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (kind == OP_RESET_PREPARE)
		conn->doomed = true;
	else if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return;					/* the step that failed has spoken */
	else if (conn->cancel_check && state != NULL && strcmp(state, "57014") == 0)
	{
		conn->dirty = true;
		conn->watch = conn->watch == WATCH_ON ? WATCH_TRUSTED : conn->watch;
	}
	else
		conn->doomed = true;
}

/* "3 changed": the third time that a transaction left something */
static unsigned
changes_told(const Conn *conn, bool *statements)
{
	const char *told = PQparameterStatus(conn->pg, "db_adapter.session");

	*statements = told != NULL && strstr(told, "statements") != NULL;
	return told != NULL ? (unsigned) strtoul(told, NULL, 10) : 0;
}

void
conn_take_watch(Conn *conn, const PGresult *result)
{
	bool		statements;

	if (conn->watch != WATCH_THERE)
		conn->watch = WATCH_ON;
	else if (PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0)
		conn->watch = WATCH_TRUSTED;
	else
		conn->watch = WATCH_NONE;
	conn->changes = changes_told(conn, &statements);
}

/* The server tells it with the end of each transaction that leaves something, also what
 * one before has left; of those that are not the caller's SQL nobody asks. */
void
conn_look_changed(Conn *conn)
{
	bool		statements;
	unsigned	changes;

	if (conn->watch != WATCH_ON)
		return;
	changes = changes_told(conn, &statements);
	if (changes == conn->changes)
		conn->dirty = false;
	else if (conn->dirty && statements)
		conn->tainted = true;
	conn->changes = changes;
}
