/*
 * client.c
 *		Requests a second through libdbadapter, or through libpq alone.
 *
 *	client MODE URL IN_FLIGHT CONNECTIONS COUNT
 *
 * MODE: select, insert, update, delete (one row by key, autocommit), transaction
 * (selects inside one), execute (the select as SQL, its session reset; execute_never:
 * not reset), many (insert_many of COUNT rows; many_rls: into a table with
 * row security; many_uneven: rows that lack a column), libpq (selects, one Sync a
 * request, IN_FLIGHT over CONNECTIONS), memory and memory_libpq (bytes of the heap a
 * connection takes), stream (COUNT rows of 1 kB, row by row: the peak of the
 * process's resident memory in bytes).  Tables are pgbench's.  Prints
 * requests (rows) a second.
 */
#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <db_adapter.h>
#include <libpq-fe.h>

static const char *mode;
static long count;
static long sent;
static long received;
static long keys = 100000;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	fprintf(stderr, "client bench: %s\n", what);
	exit(1);
}

static void done(dba_client *db, const dba_result *result, const dba_error *error, void *arg);

static void
submit(dba_client *db)
{
	char		filter[64];
	char		row[96];
	long		key = 1 + (sent * 7919) % keys;

	sent++;
	snprintf(filter, sizeof(filter), "{\"aid\": %ld}", key);
	if (strcmp(mode, "select") == 0 || strcmp(mode, "transaction") == 0)
		dba_select(db, "pgbench_accounts", "abalance", filter, NULL, done, NULL);
	else if (strncmp(mode, "execute", 7) == 0)
	{
		snprintf(row, sizeof(row), "[%ld]", key);
		dba_execute(db, "SELECT abalance FROM pgbench_accounts WHERE aid = $1", row, done, NULL);
	}
	else if (strcmp(mode, "update") == 0)
		dba_update(db, "pgbench_accounts", "{\"abalance\": 1}", filter, done, NULL);
	else if (strcmp(mode, "delete") == 0)
	{
		snprintf(filter, sizeof(filter), "{\"id\": %ld}", sent);
		dba_delete(db, "bench_row", filter, done, NULL);
	}
	else
	{
		snprintf(row, sizeof(row), "{\"id\": %ld, \"v\": %ld, \"t\": \"some text\"}", sent, key);
		dba_insert(db, "bench_row", row, done, NULL);
	}
}

static void
done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	(void) result;
	(void) arg;
	if (error != NULL)
		fail(dba_error_message(error));
	received++;
	if (sent < count)
		submit(db);
}

static void
begun(dba_client *tx, const dba_result *result, const dba_error *error, void *arg)
{
	long		in_flight = *(long *) arg;

	(void) result;
	if (error != NULL)
		fail(dba_error_message(error));
	for (long i = 0; i < in_flight; i++)
		submit(tx);
}

/* The rows of insert_many, made before the clock starts as a file is for COPY;
 * of uneven ones every second lacks a column. */
static char *
many_rows(long rows, bool uneven)
{
	char	   *json = malloc((size_t) rows * 64 + 16);
	size_t		len = 0;

	json[len++] = '[';
	for (long i = 0; i < rows; i++)
		len +=
			(size_t) sprintf(json + len,
							 uneven && i % 2 ? "%s{\"id\": %ld, \"t\": \"some text\"}"
											 : "%s{\"id\": %ld, \"t\": \"some text\", \"v\": %ld}",
							 i ? "," : "", i, i);
	strcpy(json + len, "]");
	return json;
}

static void
run_client(const char *url, long in_flight, const char *connections)
{
	dba_error  *err = NULL;
	dba_client *db = dba_open(url, &err);
	double		start;
	long		rows = count;
	const char *what = mode;
	char	   *json = NULL;

	if (db == NULL)
		fail(dba_error_message(err));
	dba_set(db, "pool_size", connections, NULL);
	dba_set(db, "pool_max_overflow", "0", NULL);
	if (strcmp(what, "execute_never") == 0)
		dba_set(db, "reset", "never", NULL);
	/* connections and statements are there before the clock starts */
	mode = strncmp(what, "many", 4) == 0 ? "select" : what;
	count = in_flight * 4;
	for (long i = 0; i < in_flight; i++)
		submit(db);
	dba_run(db);
	mode = what;
	count = rows + sent;
	if (strncmp(mode, "many", 4) == 0)
	{
		json = many_rows(rows, strcmp(mode, "many_uneven") == 0);
		sent = count = 0;
	}
	start = now();
	if (json != NULL)
		dba_insert_many(db, strcmp(mode, "many_rls") == 0 ? "bench_rls" : "bench_row", json, done,
						NULL);
	else if (strcmp(mode, "transaction") == 0)
		dba_begin(db, NULL, begun, &in_flight);
	else
		for (long i = 0; i < in_flight; i++)
			submit(db);
	dba_run(db);
	printf("%.0f\n", (double) rows / (now() - start));
	dba_close(db);
	free(json);
}

/* --- memory */

static void
run_memory(const char *url, int connections)
{
	char		size[16];
	size_t		before = mallinfo2().uordblks;
	dba_client *db = dba_open(url, NULL);

	snprintf(size, sizeof(size), "%d", connections);
	dba_set(db, "pool_size", size, NULL);
	dba_set(db, "pool_max_overflow", "0", NULL);
	mode = "select";
	/* the last connections may come when others have done all there was to do */
	for (int round = 0; round < 4 || dba_pool_stats(db, "opened") < connections; round++)
	{
		for (count = sent + connections * 4L; sent < count;)
			submit(db);
		dba_run(db);
	}
	printf("%zu\n", (mallinfo2().uordblks - before) / (size_t) connections);
	dba_close(db);
}

static void
run_memory_libpq(const char *url, int connections)
{
	size_t		before = mallinfo2().uordblks;

	for (int i = 0; i < connections; i++)
	{
		PGconn	   *pg = PQconnectdb(url);	/* ends with the process */

		PQclear(PQprepare(pg, "s", "SELECT 1", 0, NULL));
	}
	printf("%zu\n", (mallinfo2().uordblks - before) / (size_t) connections);
}

static dba_flow
stream_row(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	(void) arg;
	received += (long) strlen(dba_result_text_at(row, 0, 0));
	return DBA_CONTINUE;
}

static void
run_stream(const char *url)
{
	dba_client *db = dba_open(url, NULL);
	char		sql[100];
	char		line[256];
	long		peak = 0;
	FILE	   *status;

	snprintf(sql, sizeof(sql), "SELECT repeat('x', 1000) FROM generate_series(1, %ld)", count);
	sent = count;
	dba_execute_stream(db, sql, NULL, stream_row, done, NULL);
	dba_run(db);
	if (received != count * 1000 + 1)
		fail("not all rows came");
	status = fopen("/proc/self/status", "r");
	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		sscanf(line, "VmHWM: %ld kB", &peak);
	printf("%ld\n", peak * 1024);
	dba_close(db);
}

/* --- libpq alone */

static void
libpq_send(PGconn *pg)
{
	char		key[16];
	const char *values[1] = {key};

	snprintf(key, sizeof(key), "%ld", 1 + (sent++ * 7919) % keys);
	if (PQsendQueryPrepared(pg, "s", 1, values, NULL, NULL, 0) != 1 || PQpipelineSync(pg) != 1)
		fail(PQerrorMessage(pg));
}

static void
libpq_receive(PGconn *pg, long *outstanding)
{
	if (!PQconsumeInput(pg))
		fail(PQerrorMessage(pg));
	while (*outstanding > 0 && !PQisBusy(pg))
	{
		PGresult   *result = PQgetResult(pg);
		bool		sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC;

		PQclear(result);
		if (!sync)
			continue;
		received++;
		if (sent < count)
			libpq_send(pg);
		else
			(*outstanding)--;
	}
}

static void
run_libpq(const char *url, long in_flight, int connections)
{
	PGconn	   *pg[64];
	struct pollfd fds[64];
	long		outstanding[64] = {0};
	double		start;

	for (int i = 0; i < connections; i++)
	{
		pg[i] = PQconnectdb(url);
		PQclear(
			PQprepare(pg[i], "s", "SELECT abalance FROM pgbench_accounts WHERE aid = $1", 0, NULL));
		PQsetnonblocking(pg[i], 1);
		PQenterPipelineMode(pg[i]);
		fds[i] = (struct pollfd){.fd = PQsocket(pg[i]), .events = POLLIN};
	}
	start = now();
	for (long i = 0; i < in_flight; i++)
	{
		libpq_send(pg[i % connections]);
		outstanding[i % connections]++;
	}
	while (received < count)
	{
		poll(fds, (nfds_t) connections, -1);
		for (int i = 0; i < connections && received < count; i++)
			if (fds[i].revents != 0)
				libpq_receive(pg[i], &outstanding[i]);
	}
	printf("%.0f\n", (double) count / (now() - start));
	for (int i = 0; i < connections; i++)
		PQfinish(pg[i]);
}

int
main(int argc, char **argv)
{
	if (argc != 6)
		fail("client MODE URL IN_FLIGHT CONNECTIONS COUNT");
	mode = argv[1];
	count = atol(argv[5]);
	if (strcmp(mode, "libpq") == 0)
		run_libpq(argv[2], atol(argv[3]), atoi(argv[4]));
	else if (strcmp(mode, "memory") == 0)
		run_memory(argv[2], atoi(argv[4]));
	else if (strcmp(mode, "memory_libpq") == 0)
		run_memory_libpq(argv[2], atoi(argv[4]));
	else if (strcmp(mode, "stream") == 0)
		run_stream(argv[2]);
	else
		run_client(argv[2], atol(argv[3]), argv[4]);
	return 0;
}
