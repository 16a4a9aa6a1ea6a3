/*
 * supabase.c
 *		Requests a second to a PostgREST, through libdbadapter or libcurl alone.
 *
 *	supabase MODE URL IN_FLIGHT COUNT
 *
 * MODE: select (one row by key of pgbench_accounts), curl (the same requests from a
 * plain loop of libcurl's multi interface, which reads the bodies and forgets them),
 * stream (COUNT rows of bench_row in pages; stream_few: of bench_few; prints the peak of the process's
 * resident memory in bytes, or fails).  Prints requests a second.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <curl/curl.h>
#include <db_adapter.h>

#define MAX_IN_FLIGHT 100

static long count;
static long sent;
static long received;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static long
next_key(void)
{
	return 1 + (sent++ * 7919) % 100000;
}

/* --- ours */

static void on_row(dba_client *db, const dba_result *result, const dba_error *error, void *arg);

static void
ask(dba_client *db)
{
	char		filter[64];

	if (sent == count)
		return;
	snprintf(filter, sizeof(filter), "{\"aid\": %ld}", next_key());
	dba_select(db, "pgbench_accounts", "abalance", filter, NULL, on_row, NULL);
}

static void
on_row(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	(void) arg;
	if (error != NULL || dba_result_rows(result) != 1)
	{
		fprintf(stderr, "select: %s\n", dba_error_message(error));
		exit(1);
	}
	received++;
	ask(db);
}

static dba_flow
on_stream_row(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	(void) row;
	(void) arg;
	received++;
	return DBA_CONTINUE;
}

static void
on_stream_end(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	(void) db;
	(void) result;
	(void) arg;
	if (error == NULL && received == count)
		return;
	fprintf(stderr, "stream: %ld rows: %s\n", received, dba_error_message(error));
	exit(1);
}

/* --- libcurl alone */

static size_t
forget(char *data, size_t size, size_t n, void *arg)
{
	(void) data;
	(void) arg;
	return size * n;
}

static void
curl_ask(CURLM *multi, CURL *easy, const char *url)
{
	char		text[512];

	if (sent == count)
		return;
	snprintf(text, sizeof(text), "%s/pgbench_accounts?select=abalance&aid=eq.%ld&order=aid.asc",
			 url, next_key());
	curl_easy_setopt(easy, CURLOPT_URL, text);
	curl_multi_add_handle(multi, easy);
}

static void
run_curl(const char *url, int in_flight)
{
	CURLM	   *multi = curl_multi_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Prefer: count=exact");
	int			running;
	int			left;
	CURLMsg	   *message;

	headers = curl_slist_append(headers, "Accept: application/json");
	for (int i = 0; i < in_flight; i++)
	{
		CURL	   *easy = curl_easy_init();

		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, forget);
		curl_ask(multi, easy, url);
	}
	while (received < count)
	{
		curl_multi_perform(multi, &running);
		while ((message = curl_multi_info_read(multi, &left)) != NULL)
		{
			CURL	   *easy = message->easy_handle;

			if (message->data.result != CURLE_OK)
				exit(1);
			received++;
			curl_multi_remove_handle(multi, easy);
			curl_ask(multi, easy, url);
		}
		if (received < count)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
}

int
main(int argc, char **argv)
{
	dba_client *db;
	dba_error  *error = NULL;
	struct rusage usage;
	double		start;
	int			in_flight;

	if (argc != 5)
		return 2;
	in_flight = atoi(argv[3]);
	count = atol(argv[4]);
	db = dba_open(argv[2], &error);
	if (db == NULL || !dba_set(db, "rest_path", "/", NULL))
		return 1;
	start = now();
	if (strcmp(argv[1], "curl") == 0)
		run_curl(argv[2], in_flight);
	else if (strncmp(argv[1], "stream", 6) == 0)
		dba_select_stream(db, argv[1][6] == '\0' ? "bench_row" : "bench_few", NULL, NULL, NULL,
						  on_stream_row, on_stream_end, NULL);
	else
		for (int i = 0; i < in_flight; i++)
			ask(db);
	dba_run(db);
	getrusage(RUSAGE_SELF, &usage);
	if (strncmp(argv[1], "stream", 6) == 0)
		printf("%ld\n", usage.ru_maxrss * 1024);
	else
		printf("%.1f\n", (double) count / (now() - start));
	dba_close(db);
	return 0;
}
