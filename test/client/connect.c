/*
 * connect.c
 *		How a connection comes about: names looked up without blocking, TLS and
 *		SCRAM, service files, .pgpass, PGxxx variables, target_session_attrs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <libpq-fe.h>

#include "outcome.h"
#include "server.h"

static Server *server;
static char *dir;				/* certificates, service file, .pgpass */
static bool have_openssl;
static int	deaf_threads;		/* that were there before any client: a sanitizer's */

static int count_deaf_threads(void);

/* --- a resolver that answers when the test says so */

static pthread_t main_thread;
static sem_t answer;
static atomic_int asked;
static atomic_int held;			/* names wait for `answer` */
static atomic_int blocked;		/* names asked for in the test's own thread */

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
			struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **)) dlsym(
			RTLD_NEXT, "getaddrinfo");
	bool		numeric = hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0;

	if (!numeric && name != NULL)
	{
		if (pthread_equal(pthread_self(), main_thread))
			atomic_fetch_add(&blocked, 1);
		atomic_fetch_add(&asked, 1);
		if (atomic_load(&held))
			sem_wait(&answer);
		if (strcmp(name, "db.example") == 0)
			name = "127.0.0.1";
		if (strcmp(name, "nowhere.example") == 0)
			return EAI_NONAME;
	}
	return real(name, service, hints, found);
}

/* A shell command with $DIR. */
static int
sh(const char *command)
{
	const char *argv[] = {"sh", "-c", command, NULL};

	return run_program(true, argv);
}

static void
write_text(const char *name, mode_t mode, const char *format, ...)
{
	char		path[256];
	va_list		args;
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
	chmod(path, mode);
}

/* A certificate for localhost, signed by one's own authority; another authority. */
static bool
make_certificates(void)
{
	return sh("cd $DIR && openssl req -new -x509 -days 30 -nodes -newkey rsa:2048 -subj /CN=ca"
			  " -keyout ca.key -out ca.crt && openssl req -new -x509 -days 30 -nodes -newkey"
			  " rsa:2048 -subj /CN=other -keyout other.key -out other.crt &&"
			  " openssl req -new -nodes -newkey rsa:2048 -subj /CN=localhost -keyout server.key"
			  " -out server.csr && openssl x509 -req -days 30 -in server.csr -CA ca.crt -CAkey"
			  " ca.key -set_serial 1 -out server.crt && chmod 600 server.key") == 0;
}

static int
setup(void **state)
{
	char		conf[400];

	(void) state;
	main_thread = pthread_self();
	deaf_threads = count_deaf_threads();
	sem_init(&answer, 0, 0);
	unsetenv("DB_PROFILE");
	unsetenv("DATABASE_URL");
	dir = make_dir();
	setenv("DIR", dir, 1);
	setenv("PGPASSFILE", "/nonexistent", 1);
	have_openssl = make_certificates();
	snprintf(conf, sizeof(conf),
			 "ssl = on\nssl_cert_file = '%s/server.crt'\nssl_key_file = '%s/server.key'\n"
			 "listen_addresses = 'localhost'\n",
			 dir, dir);
	server = server_start(have_openssl ? conf : NULL);
	server_sql(server, "CREATE ROLE tls LOGIN PASSWORD 'tls secret'; CREATE ROLE scram LOGIN "
					   "PASSWORD 'p:\\w'");
	server_sql(server, "CREATE DATABASE other");
	server_set_hba(server, "local all,replication all trust\nhostssl all tls all scram-sha-256\n"
						   "host all tls all reject\nhost all scram all scram-sha-256\n"
						   "host all,replication all all trust\n");
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	server_free(server);
	remove_dir(dir);
	free(dir);
	return 0;
}

static Outcome
ask(const char *url, const char *sql)
{
	dba_client *db = open_client(url, NULL);
	Outcome		out = outcome_of(db, sql);

	dba_close(db);
	return out;
}

/* --- names */

static void
test_names(void **state)
{
	char		url[200];
	dba_client *named;
	dba_client *other = open_client(server_url(server), NULL);
	Outcome		out = {0};
	Outcome		more = {0};
	dba_request id;

	(void) state;
	snprintf(url, sizeof(url), "postgresql://postgres@db.example:%d/postgres?sslmode=disable",
			 server_port(server));
	named = open_client(url, "pool_size", "1", "pool_max_overflow", "0", NULL);
	atomic_store(&held, 1);
	id = dba_execute(named, "SELECT 1", NULL, outcome_take, &out);
	while (atomic_load(&asked) == 0)
		assert_false(dba_wait(named, id, 1));
	/* the name is being looked up, and everybody goes on */
	for (int i = 0; i < 20; i++)
	{
		assert_false(dba_wait(named, id, 0));
		assert_string_equal(outcome_of(other, "SELECT 2").text, "2");
	}
	sem_post(&answer);
	outcome_wait(named, id, &out);
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "1");
	dba_close(named);

	/* closing does not wait for the answer */
	named = open_client(url, NULL);
	dba_execute(named, "SELECT 1", NULL, outcome_take, &more);
	for (int before = atomic_load(&asked); atomic_load(&asked) == before;)
		dba_wait(named, 1, 1);
	dba_close(named);
	assert_int_equal(more.code, DBA_CLOSED);
	atomic_store(&held, 0);
	sem_post(&answer);
	assert_int_equal(atomic_load(&blocked), 0);
	dba_close(other);

	out = ask("postgresql://postgres@nowhere.example/postgres", "SELECT 1");
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "nowhere.example"));
	assert_true(out.retryable);
	assert_int_equal(atomic_load(&blocked), 0);
}

/* --- TLS, SCRAM */

static void
test_tls(void **state)
{
	char		url[512];
	dba_client *db;
	Outcome		out;
	const char *root[] = {"ca.crt", "other.crt"};

	(void) state;
	if (!have_openssl)
	{
		printf("# openssl is not there to make certificates\n");
		skip();
	}
	for (int i = 0; i < 2; i++)
	{
		snprintf(url, sizeof(url),
				 "postgresql://tls:tls%%20secret@localhost:%d/postgres?sslmode=verify-full"
				 "&sslrootcert=%s/%s&channel_binding=require",
				 server_port(server), dir, root[i]);
		out = ask(url, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
		if (i == 0)
		{
			assert_string_equal(out.message, "");
			assert_string_equal(out.text, "t");
		}
		else
		{
			assert_int_equal(out.code, DBA_CONNECT);
			assert_non_null(strstr(out.message, "certificate"));
			assert_null(strstr(out.message, "tls secret"));
		}
	}
	/* the certificate is localhost's, not the address's */
	snprintf(url, sizeof(url),
			 "postgresql://tls:tls%%20secret@127.0.0.1:%d/postgres?sslmode=verify-full"
			 "&sslrootcert=%s/ca.crt",
			 server_port(server), dir);
	out = ask(url, "SELECT 1");
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "127.0.0.1"));
	/* a cancel goes the same way */
	snprintf(url, sizeof(url),
			 "postgresql://tls:tls%%20secret@localhost:%d/postgres?sslmode=require",
			 server_port(server));
	db = open_client(url, NULL);
	memset(&out, 0, sizeof(out));
	{
		dba_request id = dba_execute(db, "SELECT pg_sleep(3600)", NULL, outcome_take, &out);

		while (strcmp(server_sql(server, "SELECT count(*) FROM pg_stat_activity WHERE query = "
										 "'SELECT pg_sleep(3600)' AND state = 'active'"),
					  "1") != 0)
			dba_wait(db, id, 10);
		dba_cancel(db, id);
		outcome_wait(db, id, &out);
	}
	assert_int_equal(out.code, DBA_CANCELLED);
	assert_string_equal(outcome_of(db, "SELECT 3").text, "3");
	dba_close(db);
	/* without TLS this role is turned away */
	snprintf(url, sizeof(url),
			 "postgresql://tls:tls%%20secret@localhost:%d/postgres?sslmode=disable",
			 server_port(server));
	out = ask(url, "SELECT 1");
	assert_string_equal(out.sqlstate, "28000");
}

/* --- what libpq reads by itself */

static void
test_pgpass(void **state)
{
	char		url[256];
	char		path[256];
	Outcome		out;

	(void) state;
	snprintf(url, sizeof(url), "postgresql://scram@localhost:%d/postgres", server_port(server));
	assert_int_equal(ask(url, "SELECT 1").code, DBA_CONNECT);
	/* the name counts, though libpq is given its address */
	write_text("pgpass", 0600,
			   "# mine\n127.0.0.1:*:*:*:wrong\nlocalhost:%d:postgres:scram:p\\:\\\\w\n",
			   server_port(server));
	snprintf(path, sizeof(path), "%s/pgpass", dir);
	setenv("PGPASSFILE", path, 1);
	out = ask(url, "SELECT current_user");
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "scram");
	setenv("PGPASSFILE", "/nonexistent", 1);
	setenv("PGPASSWORD", "p:\\w", 1);
	assert_string_equal(ask(url, "SELECT current_user").text, "scram");
	unsetenv("PGPASSWORD");
}

static void
test_service_file(void **state)
{
	char		path[256];
	Outcome		out;

	(void) state;
	write_text("service.conf", 0644,
			   "[mine]\nhost=localhost\nport=%d\nuser=postgres\ndbname=other\n"
			   "application_name=served\n",
			   server_port(server));
	snprintf(path, sizeof(path), "%s/service.conf", dir);
	setenv("PGSERVICEFILE", path, 1);
	out = ask("postgresql://?service=mine",
			  "SELECT current_database() || ' ' || current_setting('application_name')");
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "other served");
	assert_string_equal(ask("service=mine", "SELECT current_database()").text, "other");
	setenv("PGSERVICE", "mine", 1);
	assert_string_equal(ask("postgresql:///postgres", "SELECT current_database()").text,
						"postgres");
	unsetenv("PGSERVICE");
	out = ask("service=missing", "SELECT 1");
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "missing"));
	unsetenv("PGSERVICEFILE");
	assert_int_equal(atomic_load(&blocked), 0);
}

static void
test_environment(void **state)
{
	char		port[16];
	Outcome		out;

	(void) state;
	snprintf(port, sizeof(port), "%d", server_port(server));
	setenv("PGHOST", "localhost", 1);
	setenv("PGPORT", port, 1);
	setenv("PGUSER", "postgres", 1);
	setenv("PGDATABASE", "other", 1);
	setenv("PGAPPNAME", "from the environment", 1);
	setenv("PGOPTIONS", "-c work_mem=1234kB", 1);
	out = ask("postgresql://", "SELECT current_database() || ' ' || current_setting("
							   "'application_name') || ' ' || current_setting('work_mem')");
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "other from the environment 1234kB");
	setenv("PGTARGETSESSIONATTRS", "standby", 1);
	assert_int_equal(ask("postgresql://", "SELECT 1").code, DBA_CONNECT);
	unsetenv("PGTARGETSESSIONATTRS");
	unsetenv("PGHOST");
	unsetenv("PGPORT");
	unsetenv("PGUSER");
	unsetenv("PGDATABASE");
	unsetenv("PGAPPNAME");
	unsetenv("PGOPTIONS");
	assert_int_equal(atomic_load(&blocked), 0);
}

/* How long a server may take that accepts and is silent: libpq's settings, unless ours. */
static void
test_connect_timeout(void **state)
{
	static const struct
	{
		const char *parameter;
		const char *environment;
		const char *ours;
		const char *message;	/* a part of it */
	} cases[] = {
		{"?connect_timeout=1", NULL, NULL, "timed out after 1000 ms"},
		{"", "1", NULL, "timed out after 1000 ms"},
		{"?connect_timeout=1", "50", NULL, "timed out after 1000 ms"},
		{"?connect_timeout=50", "50", "0.3", "timed out after 300 ms"},
		{"?connect_timeout=0", NULL, NULL, "no connection became free in 1500 ms"},
		{"?connect_timeout=-1", NULL, NULL, "no connection became free in 1500 ms"},
		{"?connect_timeout=2x", NULL, NULL,
		 "invalid integer value \"2x\" for connection option \"connect_timeout\""},
		{"", "soon", NULL,
		 "invalid integer value \"soon\" for connection option \"connect_timeout\""},
	};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	len = sizeof(address);
	int			listener = socket(AF_INET, SOCK_STREAM, 0);

	(void) state;
	assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &len), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		url[128];
		dba_client *db;
		Outcome		out;

		snprintf(url, sizeof(url), "postgresql://u@127.0.0.1:%d/d%s", ntohs(address.sin_port),
				 cases[i].parameter);
		if (cases[i].environment != NULL)
			setenv("PGCONNECT_TIMEOUT", cases[i].environment, 1);
		db = dba_open(url, NULL);
		assert_true(dba_set(db, "checkout_timeout_seconds",
							strstr(cases[i].message, "free") != NULL ? "1.5" : "300", NULL));
		if (cases[i].ours != NULL)
			assert_true(dba_set(db, "connect_timeout_seconds", cases[i].ours, NULL));
		out = outcome_of(db, "SELECT 1");
		if (strstr(out.message, cases[i].message) == NULL)
			fail_msg("%s, PGCONNECT_TIMEOUT %s: %s", cases[i].parameter, cases[i].environment,
					 out.message);
		dba_close(db);
		unsetenv("PGCONNECT_TIMEOUT");
	}
	close(listener);
}

/* Hosts, addresses and ports that do not match end as they do in libpq, whether names
 * are looked up or not. */
static void
test_counts(void **state)
{
	static const char *const wrong[] = {
		"host=localhost port=1,2",
		"host=localhost,127.0.0.1 port=1,2,3",
		"host=localhost,127.0.0.1 hostaddr=127.0.0.1 port=1",
		"postgresql://localhost,127.0.0.1/d?port=1,2,3",
		"postgresql://localhost:1,127.0.0.1:2/d?port=1,2,3",
		"hostaddr=127.0.0.1 port=1,2",
		"host=127.0.0.1,127.0.0.1 port=x,1",
		"host=127.0.0.1 port=70000",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PGconn	   *pg = PQconnectdb(wrong[i]);
		char		expected[256];
		const char *shown;
		Outcome		out = ask(wrong[i], "SELECT 1");

		snprintf(expected, sizeof(expected), "%s", PQerrorMessage(pg));
		expected[strcspn(expected, "\n")] = '\0';
		/* libpq may name the host that it came to */
		shown = strstr(expected, "could not match");
		if (shown == NULL)
			shown = strstr(expected, "invalid ");
		if (shown == NULL || out.code != DBA_CONNECT || strstr(out.message, shown) == NULL)
			fail_msg("%s: \"%s\", libpq: \"%s\"", wrong[i], out.message, expected);
		PQfinish(pg);
	}
	atomic_store(&blocked, 0);	/* libpq's own look-ups */
}

static bool
is_to_server(int fd)
{
	struct sockaddr_in peer;
	socklen_t	len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *) &peer, &len) == 0 && peer.sin_family == AF_INET &&
		   ntohs(peer.sin_port) == server_port(server);
}

/* Of TCP's settings those of the URL and of the service file hold, then ours. */
static void
test_manners(void **state)
{
	static const struct
	{
		const char *url;
		const char *idle;
		const char *count;
	} cases[] = {
		{"postgresql://localhost:%d/postgres?user=postgres", "60", "4"},
		{"postgresql://localhost:%d/postgres?user=postgres&keepalives_idle=7", "7", "4"},
		{"postgresql://localhost:%d/postgres?user=postgres&service=slow", "77", "9"},
	};
	char		path[256];

	(void) state;
	write_text("slow.conf", 0644, "[slow]\nkeepalives_idle=77\nkeepalives_count=9\n");
	snprintf(path, sizeof(path), "%s/slow.conf", dir);
	setenv("PGSERVICEFILE", path, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		url[128];
		dba_client *db;
		int			found = 0;

		snprintf(url, sizeof(url), cases[i].url, server_port(server));
		db = open_client(url, NULL);
		assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
		for (int fd = 3; fd < 256; fd++)
		{
			int			idle = 0;
			int			count = 0;
			socklen_t	len = sizeof(idle);

			if (!is_to_server(fd))
				continue;
			found++;
			assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &len), 0);
			assert_int_equal(idle, atoi(cases[i].idle));
			assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, &len), 0);
			assert_int_equal(count, atoi(cases[i].count));
		}
		assert_int_equal(found, 1);
		dba_close(db);
	}
	unsetenv("PGSERVICEFILE");
}

static void
test_target_session_attrs(void **state)
{
	static const struct
	{
		const char *attrs;
		const char *recovery;	/* "": nobody fits */
	} cases[] = {{"any", "t"},	   {"primary", "f"},   {"read-write", "f"},
				 {"standby", "t"}, {"read-only", "t"}, {"prefer-standby", "t"}};
	Server	   *standby = server_standby(server);
	char		url[256];

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Outcome		out;

		/* the standby first, by name; the primary by address */
		snprintf(url, sizeof(url),
				 "postgresql://postgres@localhost:%d,127.0.0.1:%d/postgres?target_session_attrs=%s",
				 server_port(standby), server_port(server), cases[i].attrs);
		out = ask(url, "SELECT pg_is_in_recovery()");
		assert_string_equal(out.message, "");
		assert_string_equal(out.text, cases[i].recovery);
	}
	snprintf(url, sizeof(url),
			 "postgresql://postgres@localhost:%d/postgres?target_session_attrs=standby",
			 server_port(server));
	assert_int_equal(ask(url, "SELECT 1").code, DBA_CONNECT);
	server_free(standby);
}

/* A network that is cut without a word is noticed by the kernel. */
static void
test_sockets(void **state)
{
	dba_client *db = open_client(server_tcp_url(server), "tcp_user_timeout_seconds", "7", NULL);
	int			found = 0;

	(void) state;
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	for (int fd = 3; fd < 256; fd++)
	{
		int			value = 0;
		socklen_t	len = sizeof(value);

		if (!is_to_server(fd))
			continue;
		found++;
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len), 0);
		assert_true(value != 0);
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len), 0);
		assert_int_equal(value, 7000);
	}
	assert_int_equal(found, 1);
	dba_close(db);
}

/* How many threads of this process no signal of a program reaches.  The files are read here and
 * not by a command: this thread too is deaf until popen() has returned. */
static int
count_deaf_threads(void)
{
	DIR		   *tasks = opendir("/proc/self/task");
	struct dirent *task;
	int			threads = 0;

	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL)
	{
		char		path[300];
		char		line[256];
		FILE	   *status;
		unsigned long long mask;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		status = fopen(path, "r");
		if (status == NULL)
			continue;			/* it has ended, or is no thread */
		while (fgets(line, sizeof(line), status) != NULL)
			if (sscanf(line, "SigBlk: %llx", &mask) == 1)
				threads += (~mask & (1ull << (SIGTERM - 1) | 1ull << (SIGINT - 1) |
									 1ull << (SIGUSR1 - 1))) == 0;
		fclose(status);
	}
	closedir(tasks);
	return threads;
}

/* The program's signals are not for the helper thread.  Those of clients that were
 * closed before end when they have noticed. */
static void
test_helper_signals(void **state)
{
	char		url[256];
	dba_client *db;
	int			threads;

	(void) state;
	snprintf(url, sizeof(url), "postgresql://postgres@localhost:%d/postgres", server_port(server));
	db = open_client(url, NULL);
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	for (long start = now_ms(); (threads = count_deaf_threads() - deaf_threads) > 1;)
		assert_true(now_ms() - start < 300000);
	assert_int_equal(threads, 1);
	dba_close(db);
}

/* Where libpq knows it, connections spread over the hosts; elsewhere it is refused. */
static void
test_load_balance(void **state)
{
	Proxy proxies[2] = {proxy_start(server, PROXY_COUNT, 0), proxy_start(server, PROXY_COUNT, 0)};
	char		url[256];
	dba_error  *error = NULL;
	dba_client *db;

	(void) state;
	snprintf(url, sizeof(url),
			 "postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&"
			 "gssencmode=disable&load_balance_hosts=random",
			 proxies[0].port, proxies[1].port);
	db = dba_open(url, &error);
	if (PQlibVersion() < 160000)
	{
		assert_null(db);
		assert_int_equal(dba_error_code(error), DBA_CONFIG);
		assert_non_null(strstr(dba_error_message(error), "unknown parameter"));
		dba_error_free(error);
	}
	for (int i = 0; db != NULL && i < 200; i++)
	{
		dba_close(db);
		db = open_client(url, NULL);
		outcome_of(db, "SELECT 1");
		if (proxies[0].traffic->executes > 0 && proxies[1].traffic->executes > 0)
			break;
	}
	if (db != NULL)
		assert_true(proxies[0].traffic->executes > 0 && proxies[1].traffic->executes > 0);
	dba_close(db);
	proxy_stop(&proxies[0]);
	proxy_stop(&proxies[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),		 cmocka_unit_test(test_tls),
		cmocka_unit_test(test_pgpass),		 cmocka_unit_test(test_service_file),
		cmocka_unit_test(test_environment),	 cmocka_unit_test(test_connect_timeout),
		cmocka_unit_test(test_counts),		 cmocka_unit_test(test_manners),
		cmocka_unit_test(test_load_balance), cmocka_unit_test(test_target_session_attrs),
		cmocka_unit_test(test_sockets),		 cmocka_unit_test(test_helper_signals),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
