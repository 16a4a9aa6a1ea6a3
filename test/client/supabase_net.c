/*
 * supabase_net.c
 *		The supabase provider's way to the service: TLS with an authority of one's
 *		own, HTTP/2, proxies.
 *
 * nghttpx, where it is installed, speaks TLS and HTTP/2 before the test's server.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "httpserver.h"
#include "outcome.h"
#include "server.h"

static char *dir;

static const char description[] =
	"{\"definitions\": {\"item\": {\"properties\": {"
	"\"id\": {\"format\": \"integer\", \"description\": \"<pk/>\"}}}}}";
static const char *const row[] = {
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Range: 0-0/1\r\n"
	"Content-Length: 11\r\nConnection: close\r\n\r\n[{\"id\": 1}]",
	NULL};

static Outcome
ask(dba_client *db)
{
	Outcome		out = {0};

	return outcome_wait(db, dba_select(db, "item", "id", NULL, NULL, outcome_take, &out), &out);
}

static char *
read_file(const char *path)
{
	FILE	   *file = fopen(path, "r");
	char	   *text = NULL;
	size_t		size = 0;

	if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
		text = strdup("");
	if (file != NULL)
		fclose(file);
	return text;
}

/* ---------------------------------------------------------------- TLS */

typedef struct Front
{
	pid_t		pid;			/* 0: there is no nghttpx, or no openssl */
	char		url[64];
	char		cert[300];
	char		log[300];		/* a line for each request */
} Front;

static Front
front_start(const Web *web)
{
	int			port = free_port();
	Front		front = {0};
	char		key[300];
	char		listen[64];
	char		backend[64];
	char		log[320];

	snprintf(front.url, sizeof(front.url), "https://localhost:%d", port);
	snprintf(front.cert, sizeof(front.cert), "%s/cert.pem", dir);
	snprintf(front.log, sizeof(front.log), "%s/front-%d.log", dir, port);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	snprintf(listen, sizeof(listen), "-f127.0.0.1,%d", port);
	snprintf(backend, sizeof(backend), "-b127.0.0.1,%d", web->port);
	snprintf(log, sizeof(log), "--accesslog-file=%s", front.log);
	if (run_program(false, (const char *[]){"sh", "-c",
											"PATH=$PATH:/usr/sbin command -v nghttpx >/dev/null",
											NULL}) != 0 ||
		run_program(false, (const char *[]){"openssl", "req", "-x509", "-newkey", "rsa:2048",
											"-nodes", "-subj", "/CN=localhost", "-addext",
											"subjectAltName=DNS:localhost", "-keyout", key, "-out",
											front.cert, NULL}) != 0)
	{
		puts("# passed over: TLS and HTTP/2, for which nghttpx (nghttp2-proxy) and openssl are "
			 "needed");
		return front;
	}
	front.pid = fork();
	if (front.pid == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/dev/null", "w", stdout);
		freopen("/dev/null", "w", stderr);
		setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin", 1);
		execlp("nghttpx", "nghttpx", "--conf=/dev/null", "--single-process", "--workers=1", listen,
			   backend, log, key, front.cert, (char *) NULL);
		_exit(127);
	}
	wait_for_port(port);
	return front;
}

static void
front_stop(Front *front)
{
	kill(front->pid, SIGKILL);
	waitpid(front->pid, NULL, 0);
}

/* The certificate is its own authority: only who is told trusts it. */
static void
test_tls(void **state)
{
	Web			web = web_start(dir, description, row);
	Front		front = front_start(&web);
	dba_client *db;
	Outcome		out = {0};
	char	   *log;

	(void) state;
	if (front.pid == 0)
	{
		web_stop(&web);
		skip();
	}
	db = open_client(front.url, NULL);
	out = ask(db);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "certificate"));
	dba_close(db);
	db = open_client(front.url, "ca_file", front.cert, NULL);
	out = ask(db);
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 1);
	/* many at once share the connection, and it stays */
	for (int i = 0; i < 10; i++)
		dba_select(db, "item", "id", NULL, NULL, outcome_take, &out);
	dba_run(db);
	assert_int_equal(out.failed, 0);
	assert_int_equal(out.called, 11);
	assert_int_equal(dba_pool_stats(db, "opened"), 1);
	assert_int_equal(dba_pool_stats(db, "connections"), 1);
	assert_int_equal(dba_pool_stats(db, "idle"), 1);
	assert_int_equal(dba_pool_stats(db, "busy"), 0);
	log = read_file(front.log);
	assert_non_null(strstr(log, " HTTP/2\""));
	free(log);
	dba_close(db);
	/* from the environment; a file that is not there is said */
	setenv("SUPABASE_CA_FILE", "/nowhere/ca.pem", 1);
	db = open_client(front.url, NULL);
	out = ask(db);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "/nowhere/ca.pem"));
	dba_close(db);
	unsetenv("SUPABASE_CA_FILE");
	front_stop(&front);
	web_stop(&web);
}

/* ---------------------------------------------------------------- proxies */

/* An http URL is asked of the proxy itself: here the server that answers. */
static void
test_proxy(void **state)
{
	Web			web = web_start(dir, description, row);
	dba_client *db;
	Outcome		out;
	char	   *log;

	(void) state;
	setenv("http_proxy", web.url, 1);
	db = open_client("http://db.invalid", NULL);
	out = ask(db);
	assert_string_equal(out.message, "");
	dba_close(db);
	log = web_log(&web);
	assert_non_null(strstr(log, "GET http://db.invalid/rest/v1/item?"));
	free(log);
	setenv("no_proxy", "db.invalid", 1);
	db = open_client("http://db.invalid", NULL);
	out = ask(db);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "resolve"));
	dba_close(db);
	unsetenv("no_proxy");
	unsetenv("http_proxy");
	web_stop(&web);
}

static int
tunnel_open(char *head)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const char *colon = strchr(head, ':');
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_port = htons((uint16_t) (colon != NULL ? atoi(colon + 1) : 0));
	return connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0 ? fd : -1;
}

/* Passes bytes both ways until one side ends. */
static void
tunnel_pass(int client, int server)
{
	struct pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
	char		data[16384];

	while (poll(fds, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
		{
			ssize_t		n = fds[i].revents != 0 ? read(fds[i].fd, data, sizeof(data)) : -1;

			if (fds[i].revents != 0 && (n <= 0 || write(fds[1 - i].fd, data, (size_t) n) != n))
				return;
		}
}

/* A proxy that knows CONNECT, for one client at a time; it logs what it is asked. */
static pid_t
tunnel_start(int port, const char *log)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
								  .sin_port = htons((uint16_t) port)};
	int			listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t		pid;

	assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	pid = fork();
	if (pid != 0)
	{
		close(listener);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (;;)
	{
		static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";
		int			client = accept(listener, NULL, NULL);
		char		head[4096] = "";
		ssize_t		n = read(client, head, sizeof(head) - 1);
		FILE	   *file = fopen(log, "a");
		int			server;

		fprintf(file, "%.*s\n", (int) (n > 0 ? strcspn(head, "\r") : 0), head);
		fclose(file);
		server = tunnel_open(head);
		if (server >= 0 && write(client, ok, sizeof(ok) - 1) > 0)
			tunnel_pass(client, server);
		close(client);
		close(server);
	}
}

static void
test_tunnel(void **state)
{
	Web			web = web_start(dir, description, row);
	Front		front = front_start(&web);
	int			port = free_port();
	char		log_path[300];
	char		url[64];
	char		line[1024];
	char	   *log;
	pid_t		pid;
	dba_client *db;
	Outcome		out = {0};

	(void) state;
	if (front.pid == 0)
	{
		web_stop(&web);
		skip();
	}
	snprintf(log_path, sizeof(log_path), "%s/tunnel.log", dir);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	snprintf(line, sizeof(line), "CONNECT %s HTTP/1.1\n", front.url + strlen("https://"));
	pid = tunnel_start(port, log_path);
	setenv("https_proxy", url, 1);
	/* through it, and then past it: the log has one line */
	for (int i = 0; i < 2; i++)
	{
		db = open_client(front.url, "ca_file", front.cert, NULL);
		out = ask(db);
		assert_string_equal(out.message, "");
		assert_int_equal(out.rows, 1);
		dba_close(db);
		setenv("no_proxy", "localhost", 1);
	}
	log = read_file(log_path);
	assert_string_equal(log, line);
	free(log);
	unsetenv("no_proxy");
	/* what the proxy was sent is nothing of the request */
	db = open_client(front.url, NULL);
	outcome_wait(db, dba_call(db, "f", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "could not connect"));
	assert_null(strstr(out.message, "may have run"));
	dba_close(db);
	unsetenv("https_proxy");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	front_stop(&front);
	web_stop(&web);
}

static int
setup(void **state)
{
	(void) state;
	dir = make_dir();
	for (size_t i = 0; i < 6; i++)
		unsetenv((const char *[]){"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
								  "no_proxy", "NO_PROXY"}[i]);
	setenv("SUPABASE_KEY", "key", 1);
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	remove_dir(dir);
	free(dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_tunnel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
