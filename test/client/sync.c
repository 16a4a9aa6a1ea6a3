/*
 * sync.c
 *		Rows of one database into another: two servers, with other settings and
 *		another encoding; what is compared, moved, deleted, and what a loss leaves.
 *
 * Skipped where the extension is not installed in the server's files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include <cmocka.h>

#include "outcome.h"
#include "server.h"

#define TABLES                                                                                     \
	"CREATE TABLE authors (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, "     \
	"name text, mentor int REFERENCES authors, UNIQUE (user_id, slug)); "                          \
	"CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT NULL, title " \
	"text, price numeric, at timestamptz, author_id int NOT NULL REFERENCES authors, UNIQUE "      \
	"(user_id, slug)); "                                                                           \
	"CREATE TABLE lines (id serial PRIMARY KEY, book_id int NOT NULL REFERENCES books, body text)"
#define SCHEMA                                                                                     \
	"{\"tables\": [{\"name\": \"authors\", \"optional_refs\": [{\"table\": \"authors\", "          \
	"\"field\": \"mentor\"}]}, {\"name\": \"books\", \"parent\": {\"table\": \"authors\", "        \
	"\"field\": \"author_id\"}}, {\"name\": \"lines\", \"slug_field\": null, \"user_field\": "     \
	"null, \"parent\": {\"table\": \"books\", \"field\": \"book_id\"}}]}"
#define OPTIONS(more) "{\"backup_schema\": " SCHEMA more "}"

static Server *servers[2];
static char there_url[512];
static dba_loop *loop;
static dba_client *here;		/* the source */
static dba_client *there;

typedef struct Synced
{
	Outcome		out;
	int			progress;
	char	   *rows;			/* JSON */
	dba_request id;
	int			cancel_at;		/* call of progress that cancels */
	const char *kill_at;		/* SQL that the source's server runs then */
} Synced;

static void
take_end(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	Synced	   *synced = arg;

	if (result != NULL)
	{
		cJSON	   *rows = dba_result_rows_json(result);

		free(synced->rows);
		synced->rows = cJSON_PrintUnformatted(rows);
		cJSON_Delete(rows);
	}
	outcome_take(client, result, error, &synced->out);
}

static void
take_progress(dba_client *client, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Synced	   *synced = arg;

	(void) table;
	(void) rows;
	(void) bytes;
	synced->progress++;
	if (synced->progress == synced->cancel_at && synced->kill_at == NULL)
		dba_cancel(client, synced->id);
	else if (synced->progress == synced->cancel_at)
		server_sql(servers[0], synced->kill_at);
}

static Synced
run_sync(const char *options, int cancel_at, const char *kill_at)
{
	Synced		synced = {.cancel_at = cancel_at, .kill_at = kill_at};

	synced.out.submitted++;
	synced.id = dba_sync(here, there, options, take_progress, take_end, &synced);
	assert_true(synced.id != 0);
	dba_loop_run(loop);
	assert_int_equal(synced.out.called, 1);
	return synced;
}

/* a count of the rows' report: table 0, 1, … */
static int
count_of(const Synced *synced, int table, const char *column)
{
	cJSON	   *rows = cJSON_Parse(synced->rows != NULL ? synced->rows : "[]");
	const cJSON *row = cJSON_GetArrayItem(rows, table);
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, column);
	int			number = value != NULL ? value->valueint : -1;

	cJSON_Delete(rows);
	return number;
}

static const char *
there_sql(const char *sql)
{
	static Outcome out;

	out = outcome_of(there, sql);
	assert_string_equal(out.message, "");
	return out.text;
}

static void
open_both(void)
{
	loop = dba_loop_new();
	here = open_client(server_url(servers[0]), NULL);
	there = open_client(there_url, NULL);
	assert_int_equal(dba_loop_add(loop, here), DBA_OK);
	assert_int_equal(dba_loop_add(loop, there), DBA_OK);
}

static int
open_clients(void **state)
{
	(void) state;
	open_both();
	server_sql(
		servers[0],
		"SET client_min_messages = warning; DROP TABLE IF EXISTS lines, books, authors; " TABLES);
	server_sql(servers[0],
			   "INSERT INTO authors (user_id, slug, name, mentor) SELECT 'u' || n % 2, 'a' || n, "
			   "'Jos\u00e9 ' || n, CASE WHEN n > 2 THEN n - 2 END FROM generate_series(1, 50) n");
	server_sql(
		servers[0],
		"INSERT INTO books (user_id, slug, title, price, at, author_id) SELECT 'u' || n % "
		"2, 'b' || n, rpad('Book ' || n, 1500), n / 4.0, '2024-02-03 04:05+00'::timestamptz + n * "
		"interval '1 hour', n % 50 + 1 + (n % 50 + 1 + n) % 2 * (CASE WHEN n % 50 = 49 THEN "
		"-1 ELSE 1 END) FROM generate_series(1, 3000) n");
	server_sql(servers[0], "INSERT INTO lines (book_id, body) SELECT id, 'l' || n FROM books, "
						   "generate_series(1, 2) n");
	there_sql("DROP TABLE IF EXISTS lines");
	there_sql("DROP TABLE IF EXISTS books");
	there_sql("DROP TABLE IF EXISTS authors");
	there_sql("CREATE TABLE authors (name text, id serial PRIMARY KEY, user_id text NOT NULL, slug "
			  "text NOT NULL, mentor int REFERENCES authors, UNIQUE (user_id, slug))");
	there_sql("CREATE TABLE books (id serial PRIMARY KEY, user_id text NOT NULL, slug text NOT "
			  "NULL, title text, price numeric, at timestamptz, author_id int NOT NULL REFERENCES "
			  "authors, UNIQUE (user_id, slug))");
	there_sql("CREATE TABLE lines (id serial PRIMARY KEY, book_id int NOT NULL REFERENCES books, "
			  "body text)");
	there_sql("INSERT INTO authors (user_id, slug, name) SELECT 'other', 'x' || n, 'X' FROM "
			  "generate_series(1, 100) n");
	return 0;
}

static int
close_clients(void **state)
{
	(void) state;
	dba_close(here);
	dba_close(there);
	dba_loop_free(loop);
	return 0;
}

static void
test_whole(void **state)
{
	Synced		synced = run_sync(OPTIONS(", \"user_id\": \"u1\", \"dry_run\": true"), 0, NULL);

	(void) state;
	assert_string_equal(synced.out.message, "");
	assert_int_equal(synced.out.rows, 3);
	assert_int_equal(count_of(&synced, 0, "new"), 25);
	assert_int_equal(count_of(&synced, 1, "new"), 1500);
	assert_int_equal(count_of(&synced, 1, "inserted"), 0);
	assert_string_equal(there_sql("SELECT count(*) FROM books"), "0");

	free(synced.rows);
	synced = run_sync(OPTIONS(", \"user_id\": \"u1\""), 0, NULL);
	assert_string_equal(synced.out.message, "");
	assert_int_equal(count_of(&synced, 0, "inserted"), 25);
	assert_int_equal(count_of(&synced, 1, "inserted"), 1500);
	assert_int_equal(count_of(&synced, 2, "inserted"), 3000);
	assert_true(synced.progress > 3);
	assert_string_equal(there_sql("SELECT count(*) FROM books b JOIN authors a ON a.id = "
								  "b.author_id WHERE a.user_id = b.user_id"),
						"1500");
	assert_string_equal(there_sql("SELECT name FROM authors WHERE slug = 'a7'"), "Jos\u00e9 7");

	/* and then there is nothing to do, whatever the ids, settings and encodings */
	free(synced.rows);
	synced = run_sync(OPTIONS(", \"user_id\": \"u1\""), 0, NULL);
	assert_int_equal(count_of(&synced, 0, "same"), 25);
	assert_int_equal(count_of(&synced, 1, "same"), 1500);
	assert_int_equal(count_of(&synced, 2, "same"), 3000);
	assert_int_equal(count_of(&synced, 1, "new") + count_of(&synced, 1, "changed"), 0);
	assert_int_equal(count_of(&synced, 1, "inserted") + count_of(&synced, 1, "updated"), 0);
	free(synced.rows);
}

/* rows only here, only there, and changed: exactly these are counted and touched */
static void
make_differences(void)
{
	free(run_sync(OPTIONS(""), 0, NULL).rows);
	there_sql("CREATE TABLE IF NOT EXISTS touched (what text)");
	there_sql("TRUNCATE touched");
	there_sql("CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
			  "INSERT INTO touched VALUES (TG_TABLE_NAME || TG_OP); RETURN NULL; END'");
	there_sql("CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE ON authors FOR EACH ROW EXECUTE "
			  "FUNCTION touch()");
	there_sql("CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE ON books FOR EACH ROW EXECUTE "
			  "FUNCTION touch()");
	server_sql(servers[0], "UPDATE books SET title = 'changed' WHERE slug IN ('b5', 'b6')");
	server_sql(servers[0], "INSERT INTO books (user_id, slug, author_id) SELECT user_id, 'new', id "
						   "FROM authors WHERE slug = 'a9'");
	server_sql(servers[0], "UPDATE lines SET body = 'other' WHERE body = 'l1' AND book_id = "
						   "(SELECT id FROM books WHERE slug = 'b8')");
	server_sql(servers[0], "DELETE FROM lines WHERE book_id = (SELECT id FROM books WHERE slug = "
						   "'b10')");
	server_sql(servers[0], "DELETE FROM books WHERE slug = 'b10'");
}

static void
test_differences(void **state)
{
	Synced		synced;

	(void) state;
	make_differences();
	synced = run_sync(OPTIONS(", \"mode\": \"fail\""), 0, NULL);
	assert_int_equal(synced.out.code, DBA_SERVER);
	assert_string_equal(synced.out.sqlstate, "23505");
	synced = run_sync(OPTIONS(", \"mode\": \"skip\", \"dry_run\": true"), 0, NULL);
	assert_int_equal(count_of(&synced, 0, "same"), 50);
	assert_int_equal(count_of(&synced, 0, "only_there"), 100);
	assert_int_equal(count_of(&synced, 1, "new"), 1);
	assert_int_equal(count_of(&synced, 1, "changed"), 2);
	assert_int_equal(count_of(&synced, 1, "only_there"), 1);
	assert_int_equal(count_of(&synced, 2, "new"), 1);
	assert_int_equal(count_of(&synced, 2, "only_there"), 3);
	assert_string_equal(there_sql("SELECT count(*) FROM touched"), "0");
	free(synced.rows);
	synced = run_sync(OPTIONS(", \"mode\": \"skip\""), 0, NULL);
	assert_int_equal(count_of(&synced, 1, "inserted"), 1);
	assert_string_equal(there_sql("SELECT string_agg(what, ',') FROM touched"), "booksINSERT");
	free(synced.rows);
	synced = run_sync(OPTIONS(", \"delete\": true"), 0, NULL);
	assert_string_equal(synced.out.message, "");
	assert_int_equal(count_of(&synced, 1, "updated"), 2);
	assert_int_equal(count_of(&synced, 0, "deleted"), 100);
	assert_int_equal(count_of(&synced, 1, "deleted"), 1);
	assert_int_equal(count_of(&synced, 2, "deleted"), 3);
	assert_string_equal(
		there_sql(
			"SELECT string_agg(what || n, ',' ORDER BY what) FROM (SELECT what, count(*) AS n "
			"FROM touched GROUP BY 1) t"),
		"authorsDELETE100,booksDELETE1,booksINSERT1,booksUPDATE2");
	free(synced.rows);
	synced = run_sync(OPTIONS(", \"delete\": true, \"dry_run\": true"), 0, NULL);
	assert_int_equal(count_of(&synced, 2, "same"), 5998);
	assert_int_equal(count_of(&synced, 2, "only_there") + count_of(&synced, 2, "new"), 0);
	free(synced.rows);
}

/* rows with a NULL in their match key are told apart by all they hold */
static void
test_unnamed(void **state)
{
	static const char options[] = "{\"backup_schema\": {\"tables\": [{\"name\": \"notes\"}]}}";
	static const char table[] = "CREATE TABLE notes (id serial PRIMARY KEY, user_id text NOT NULL, "
								"slug text, body text, UNIQUE (user_id, slug))";
	Synced		synced;

	(void) state;
	server_sql(servers[0], table);
	there_sql(table);
	server_sql(servers[0], "INSERT INTO notes (user_id, body) VALUES ('u1', 'a'), ('u1', 'b')");
	free(run_sync(options, 0, NULL).rows);
	server_sql(servers[0], "INSERT INTO notes (user_id, body) VALUES ('u1', 'c'), ('u1', 'a')");
	synced = run_sync(options, 0, NULL);
	assert_int_equal(count_of(&synced, 0, "new"), 2);
	assert_int_equal(count_of(&synced, 0, "same"), 2);
	assert_int_equal(count_of(&synced, 0, "inserted"), 2);
	assert_string_equal(there_sql("SELECT string_agg(body, '' ORDER BY body) FROM notes"), "aabc");
	free(synced.rows);
	synced = run_sync(options, 0, NULL);
	assert_int_equal(count_of(&synced, 0, "same"), 4);
	free(synced.rows);
	/* which became which nobody knows */
	server_sql(servers[0], "UPDATE notes SET body = 'd' WHERE body = 'b'");
	synced = run_sync(options, 0, NULL);
	assert_int_equal(count_of(&synced, 0, "ambiguous"), 4);
	assert_string_equal(there_sql("SELECT string_agg(body, '' ORDER BY body) FROM notes"), "aabc");
	free(synced.rows);
	server_sql(servers[0], "DROP TABLE notes");
	there_sql("DROP TABLE notes");
}

/* what happens midway leaves the destination as it was */
static void
test_losses(void **state)
{
	static const char kill[] =
		"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> "
		"pg_backend_pid() AND backend_type = 'client backend'";
	Synced		synced;

	(void) state;
	for (int at = 1; at < 8; at += 3)
	{
		synced = run_sync(OPTIONS(""), at, NULL);
		assert_int_equal(synced.out.code, DBA_CANCELLED);
		assert_string_equal(there_sql("SELECT count(*) FROM books"), "0");
		synced = run_sync(OPTIONS(""), at, kill);
		assert_int_not_equal(synced.out.code, DBA_OK);
		assert_non_null(strstr(synced.out.message, "source: "));
		assert_string_equal(there_sql("SELECT count(*) FROM books"), "0");
	}
	/* closing the destination ends it; the source is none the worse */
	synced = (Synced){.out.submitted = 1};
	synced.id = dba_sync(here, there, OPTIONS(""), NULL, take_end, &synced);
	assert_false(dba_wait(there, synced.id, 1));
	dba_close(there);
	assert_int_equal(synced.out.code, DBA_CLOSED);
	dba_run(here);
	assert_string_equal(outcome_of(here, "SELECT 1").text, "1");
	dba_close(here);
	dba_loop_free(loop);
	open_both();
	assert_string_equal(there_sql("SELECT count(*) FROM books"), "0");
}

static void
test_transaction_and_arguments(void **state)
{
	dba_client *alone = open_client(there_url, NULL);
	Synced		synced = {.out.submitted = 0};

	(void) state;
	synced = run_sync("{}", 0, NULL);
	assert_int_equal(synced.out.code, DBA_INVALID);
	assert_int_equal(run_sync(NULL, 0, NULL).out.code, DBA_INVALID);
	assert_int_equal(run_sync("[]", 0, NULL).out.code, DBA_INVALID);
	assert_int_equal(run_sync(OPTIONS(", \"mode\": \"mirror\""), 0, NULL).out.code, DBA_INVALID);
	assert_int_equal(run_sync(OPTIONS(", \"dryrun\": true"), 0, NULL).out.code, DBA_INVALID);
	assert_int_equal(run_sync(OPTIONS(", \"user_id\": 1"), 0, NULL).out.code, DBA_INVALID);
	synced = run_sync("{\"backup_schema\": {\"tables\": [{\"name\": \"nobody\"}]}}", 0, NULL);
	assert_int_equal(synced.out.code, DBA_SERVER);
	assert_string_equal(synced.out.sqlstate, "42P01");
	/* not on one loop */
	synced = (Synced){.out.submitted = 1};
	synced.id = dba_sync(here, alone, OPTIONS(""), NULL, take_end, &synced);
	dba_run(alone);
	assert_int_equal(synced.out.code, DBA_INVALID);
	synced.id = dba_sync(here, here, OPTIONS(""), NULL, take_end, &synced);
	dba_run(here);
	assert_int_equal(synced.out.code, DBA_INVALID);
	dba_close(alone);
}

#define ORGS                                                                                       \
	"CREATE TABLE orgs (id serial PRIMARY KEY, region text NOT NULL, slug text NOT NULL, name "    \
	"text, UNIQUE (region, slug))"
#define MEMBERS                                                                                    \
	"CREATE TABLE members (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, slug text " \
	"NOT NULL, UNIQUE (org_id, slug))"
#define ROWS_SCHEMA                                                                                \
	"{\"tenant\": {\"table\": \"orgs\"}, \"tables\": [{\"name\": \"orgs\", \"slug_field\": "       \
	"[\"region\", \"slug\"]}, {\"name\": \"members\", \"parents\": [{\"table\": \"orgs\", "        \
	"\"field\": \"org_id\"}]}]}"
#define ROWS_OPTIONS(more) "{\"backup_schema\": " ROWS_SCHEMA more "}"
#define EU "{\"region\": \"eu\", \"slug\": \"acme\"}"

typedef struct Kept
{
	Outcome		out;			/* first: outcome_take() gets it */
	char		text[8192];
} Kept;

static dba_flow
keep_backup(dba_client *client, const char *data, size_t size, void *arg)
{
	Kept	   *kept = arg;

	(void) client;
	strncat(kept->text, data, size);
	return DBA_CONTINUE;
}

/* A tenant that is a row, and not there: he is made, and his own go with him alone. */
static void
test_tenant_rows(void **state)
{
	static Kept kept = {.out.submitted = 1};
	Synced		synced;

	(void) state;
	server_sql(servers[0], ORGS "; " MEMBERS);
	there_sql(ORGS);
	there_sql(MEMBERS);
	server_sql(servers[0],
			   "INSERT INTO orgs (region, slug, name) VALUES ('us', 'acme', 'America'), "
			   "('eu', 'acme', 'Europe'); INSERT INTO members (org_id, slug) SELECT id, "
			   "name || n FROM orgs, generate_series(1, 3) n");
	there_sql("INSERT INTO orgs (region, slug, name) VALUES ('eu', 'other', 'Other')");
	there_sql("INSERT INTO members (org_id, slug) VALUES (1, 'theirs')");
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": " EU ", \"dry_run\": true"), 0, NULL);
	assert_string_equal(synced.out.message, "");
	assert_int_equal(count_of(&synced, 0, "new"), 1);
	assert_int_equal(count_of(&synced, 1, "new"), 3);
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": " EU ", \"delete\": true"), 0, NULL);
	assert_string_equal(synced.out.message, "");
	assert_string_equal(there_sql("SELECT string_agg(m.slug, ' ' ORDER BY m.slug) FROM orgs o JOIN "
								  "members m ON org_id = o.id WHERE region = 'eu'"),
						"Europe1 Europe2 Europe3 theirs");
	/* a change, and rows only there: the tenant's own go */
	server_sql(servers[0], "UPDATE orgs SET name = 'new' WHERE region = 'eu'");
	there_sql("INSERT INTO members (org_id, slug) SELECT id, 'only there' FROM orgs");
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": " EU ", \"delete\": true"), 0, NULL);
	assert_string_equal(synced.out.message, "");
	assert_int_equal(count_of(&synced, 0, "updated"), 1);
	assert_int_equal(count_of(&synced, 1, "deleted"), 1);
	assert_string_equal(
		there_sql("SELECT string_agg(o.name || ' ' || m.slug, ', ' ORDER BY m.id) FROM "
				  "orgs o JOIN members m ON org_id = o.id"),
		"Other theirs, new Europe1, new Europe2, new Europe3, Other only there");
	/* an id is another tenant's there; who is not here is nobody */
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": {\"id\": 1}"), 0, NULL);
	assert_int_equal(synced.out.code, DBA_INVALID);
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": {\"region\": \"eu\", \"slug\": \"x\"}"), 0, NULL);
	assert_string_equal(synced.out.sqlstate, "P0002");
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": \"a\", \"user_id\": \"a\""), 0, NULL);
	assert_int_equal(synced.out.code, DBA_INVALID);
	synced = run_sync(ROWS_OPTIONS(", \"tenant\": 1"), 0, NULL);
	assert_int_equal(synced.out.code, DBA_INVALID);
	/* a backup takes an object, too */
	assert_true(dba_backup(here, ROWS_OPTIONS(", \"tenant\": {\"id\": 1}"), keep_backup, NULL,
						   outcome_take, &kept) != 0);
	dba_loop_run(loop);
	assert_string_equal(kept.out.message, "");
	assert_non_null(strstr(kept.text, "America1"));
	assert_null(strstr(kept.text, "Europe1"));
	server_sql(servers[0], "DROP TABLE members, orgs");
	there_sql("DROP TABLE members, orgs");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, open_clients, close_clients),
		cmocka_unit_test_setup_teardown(test_differences, open_clients, close_clients),
		cmocka_unit_test_setup_teardown(test_unnamed, open_clients, close_clients),
		cmocka_unit_test_setup_teardown(test_losses, open_clients, close_clients),
		cmocka_unit_test_setup_teardown(test_tenant_rows, open_clients, close_clients),
		cmocka_unit_test_setup_teardown(test_transaction_and_arguments, open_clients,
										close_clients),
	};
	int			failed;

	servers[0] = server_start(NULL);
	if (strcmp(server_sql(servers[0],
						  "SELECT count(*) FROM pg_available_extensions WHERE name = 'db_adapter'"),
			   "1") != 0)
	{
		server_free(servers[0]);
		printf("1..1\nok 1 # skip the extension is not installed\n");
		return 0;
	}
	servers[1] = server_start("DateStyle = 'SQL, DMY'\nTimeZone = 'Asia/Tokyo'\n"
							  "IntervalStyle = 'sql_standard'\nextra_float_digits = -3\n");
	server_sql(servers[0], "CREATE EXTENSION db_adapter");
	server_sql(servers[1], "CREATE DATABASE other ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
	snprintf(there_url, sizeof(there_url), "host=%s port=%d dbname=other user=postgres",
			 server_dir(servers[1]), server_port(servers[1]));
	open_both();
	there_sql("CREATE EXTENSION db_adapter");
	close_clients(NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_free(servers[1]);
	server_free(servers[0]);
	return failed;
}
