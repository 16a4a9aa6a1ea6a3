/*
 * server.c
 *		A PostgreSQL server of the test's own.
 *
 * A test stops, kills and promotes it as it likes, which nobody else's server would
 * bear.  Most of the care is for the end: a test that fails, crashes or is killed
 * frees nothing, and no process and no directory may be left of it (guard_dir below).
 * Calls exit when they fail: without its server a test has nothing to say.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <libpq-fe.h>

struct Server
{
	char	   *dir;			/* data and socket live here */
	char		data[256];
	char		url[256];
	char		tcp_url[256];
	char		bindir[256];
	int			port;
	bool		running;
};

static void
die(const char *what, const char *detail)
{
	fprintf(stderr, "Bail out! %s: %s\n", what, detail);
	exit(99);
}

static const struct passwd *
owner(void)
{
	const char *name = getenv("TEST_USER");
	const struct passwd *user = getpwnam(name != NULL ? name : "postgres");

	return user != NULL ? user : getpwnam("nobody");
}

int
run_program(bool as_owner, const char *const *argv)
{
	pid_t		pid = fork();
	int			status;

	if (pid == 0)
	{
		int			null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		if (getenv("TEST_VERBOSE") == NULL)
		{
			dup2(null, 1);
			dup2(null, 2);
		}
		for (int fd = 3; fd < 256; fd++)
			close(fd);
		if (as_owner && geteuid() == 0 &&
			(setgid(owner()->pw_gid) != 0 || setuid(owner()->pw_uid) != 0))
			_exit(126);
		if (chdir("/tmp") == 0)
			execvp(argv[0], (char *const *) argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Reads until the test is gone, then ends what runs in the directory $0. */
static const char guard_script[] =
	"read -r _\n"
	"for file in \"$0/data/postmaster.pid\" \"$0/pid\"; do\n"
	"	pid=$(head -n 1 \"$file\" 2>/dev/null) && kill -QUIT \"$pid\" 2>/dev/null || continue\n"
	"	tries=0\n"
	"	while kill -0 \"$pid\" 2>/dev/null && [ $((tries += 1)) -le 6000 ]; do sleep 0.05; done\n"
	"done\n"
	"[ -n \"$TEST_KEEP\" ] || rm -rf \"$0\"\n";

/*
 * A test that fails, crashes or is killed frees nothing.  So a shell of its own
 * session, which no signal to the test's group reaches, holds the other end of a
 * pipe that the kernel closes with the test, however that ends.
 */
static void
guard_dir(const char *dir)
{
	int			fds[2];
	pid_t		pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		die("guard", strerror(errno));
	if (pid == 0)
	{
		int			null = open("/dev/null", O_WRONLY);

		setsid();
		dup2(fds[0], 0);
		dup2(null, 1);
		dup2(null, 2);
		for (int fd = 3; fd < 256; fd++)
			close(fd);
		execl("/bin/sh", "sh", "-c", guard_script, dir, (char *) NULL);
		_exit(127);
	}
	close(fds[0]);				/* the other end stays open until the test ends */
}

char *
make_dir(void)
{
	char		path[] = "/tmp/dbatestXXXXXX";

	if (mkdtemp(path) == NULL)
		die("mkdtemp", strerror(errno));
	if (geteuid() == 0 && chown(path, owner()->pw_uid, owner()->pw_gid) != 0)
		die("chown", strerror(errno));
	guard_dir(path);
	return strdup(path);
}

void
remove_dir(const char *dir)
{
	const char *argv[] = {"rm", "-rf", dir, NULL};

	run_program(false, argv);
}

/*
 * A port is ours until we end, among all tests of this user: a byte of a file that all
 * of them lock.
 */
static bool
reserve_port(int port)
{
	static int	file = -1;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = port, .l_len = 1};
	char		path[64];

	if (file < 0)
	{
		snprintf(path, sizeof(path), "/tmp/dbatest-ports-%u", (unsigned) geteuid());
		file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (file < 0)
			die(path, strerror(errno));
	}
	return fcntl(file, F_SETLK, &lock) == 0;
}

/*
 * Below the range the kernel takes the ports of outgoing connections from: one of
 * those is anybody's while its server is down, even the connection's to itself.
 */
int
free_port(void)
{
	for (;;)
	{
		int			fd = socket(AF_INET, SOCK_STREAM, 0);
		struct sockaddr_in address = {.sin_family = AF_INET,
									  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		uint16_t	random;
		bool		free;

		if (fd < 0 || getrandom(&random, sizeof(random), 0) != sizeof(random))
			die("free_port", strerror(errno));
		address.sin_port = htons((uint16_t) (10000 + random % 20000));
		free = reserve_port(ntohs(address.sin_port)) &&
			   bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0;
		close(fd);
		if (free)
			return ntohs(address.sin_port);
	}
}

static void
find_bindir(char *out, size_t size)
{
	const char *config = getenv("PG_CONFIG");
	char		command[512];
	FILE	   *pipe;

	snprintf(command, sizeof(command), "%s --bindir",
			 config != NULL && *config != '\0' ? config : "pg_config");
	pipe = popen(command, "r");
	if (pipe == NULL || fgets(out, (int) size, pipe) == NULL)
		die("pg_config", command);
	pclose(pipe);
	out[strcspn(out, "\n")] = '\0';
}

static const char *
program(const Server *server, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", server->bindir, name);
	return path;
}

static void
write_file(const Server *server, const char *name, const char *mode, const char *text)
{
	char		path[512];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", server->data, name);
	file = fopen(path, mode);
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		die(path, strerror(errno));
}

static Server *
server_new(void)
{
	Server	   *server = calloc(1, sizeof(Server));

	server->dir = make_dir();
	server->port = free_port();
	find_bindir(server->bindir, sizeof(server->bindir));
	snprintf(server->data, sizeof(server->data), "%s/data", server->dir);
	snprintf(server->url, sizeof(server->url), "postgresql://postgres@/postgres?host=%s&port=%d",
			 server->dir, server->port);
	snprintf(server->tcp_url, sizeof(server->tcp_url),
			 "postgresql://postgres@127.0.0.1:%d/postgres", server->port);
	return server;
}

static void
server_configure(Server *server, const char *conf)
{
	char		text[1024];

	snprintf(
		text, sizeof(text),
		"listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = '%s'\nfsync = off\n"
		"shared_buffers = '32MB'\nmax_connections = 100\nwal_level = replica\nmax_wal_senders = 4\n"
		"superuser_reserved_connections = 3\n%s\n",
		server->port, server->dir, conf != NULL ? conf : "");
	write_file(server, "postgresql.conf", "a", text);
}

Server *
server_start(const char *conf)
{
	Server	   *server = server_new();
	const char *argv[] = {NULL,	   "-D", server->data, "-U",		"postgres",			"-A",
						  "trust", "-E", "UTF8",	   "--no-sync", "--locale=C.UTF-8", NULL};

	argv[0] = program(server, "initdb");
	if (run_program(true, argv) != 0)
		die("initdb", server->data);
	server_configure(server, conf);
	server_start_again(server);
	return server;
}

Server *
server_standby(Server *primary)
{
	Server	   *server = server_new();
	char		port[16];
	const char *argv[] = {NULL,		   "-D", server->data, "-h", primary->dir, "-p",
						  port,		   "-U", "postgres",   "-R", "-X",		   "stream",
						  "--no-sync", "-c", "fast",	   NULL};

	snprintf(port, sizeof(port), "%d", primary->port);
	argv[0] = program(server, "pg_basebackup");
	if (run_program(true, argv) != 0)
		die("pg_basebackup", server->data);
	server_configure(server, NULL);
	server_start_again(server);
	return server;
}

void
server_start_again(Server *server)
{
	char		log[300];
	const char *argv[] = {NULL, "-D", server->data, "-l", log, "-w", "-s", "start", NULL};

	snprintf(log, sizeof(log), "%s/log", server->dir);
	argv[0] = program(server, "pg_ctl");
	if (run_program(true, argv) != 0)
		die("pg_ctl start", log);
	server->running = true;
}

void
server_promote(Server *server)
{
	const char *argv[] = {NULL, "-D", server->data, "-w", "-s", "promote", NULL};

	argv[0] = program(server, "pg_ctl");
	if (run_program(true, argv) != 0)
		die("pg_ctl promote", server->data);
}

void
server_stop(Server *server, const char *mode)
{
	const char *argv[] = {NULL, "-D", server->data, "-w", "-s", "-m", mode, "stop", NULL};

	argv[0] = program(server, "pg_ctl");
	if (server->running && run_program(true, argv) != 0)
		die("pg_ctl stop", server->data);
	server->running = false;
}

void
server_free(Server *server)
{
	if (server == NULL)
		return;
	server_stop(server, "immediate");
	if (getenv("TEST_KEEP") == NULL)
		remove_dir(server->dir);
	free(server->dir);
	free(server);
}

const char *
server_url(const Server *server)
{
	return server->url;
}

const char *
server_tcp_url(const Server *server)
{
	return server->tcp_url;
}

int
server_port(const Server *server)
{
	return server->port;
}

const char *
server_dir(const Server *server)
{
	return server->dir;
}

static void
drop_notice(void *arg, const char *message)
{
	(void) arg;
	(void) message;
}

const char *
server_sql(const Server *server, const char *sql)
{
	static char value[4096];
	PGconn	   *pg = PQconnectdb(server->url);
	PGresult   *result;

	if (PQstatus(pg) != CONNECTION_OK)
		die("connect", PQerrorMessage(pg));
	PQsetNoticeProcessor(pg, drop_notice, NULL);
	result = PQexec(pg, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		die(sql, PQerrorMessage(pg));
	snprintf(value, sizeof(value), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(pg);
	return value;
}

void
server_poll(const Server *server, const char *sql, const char *value)
{
	struct timespec pause = {0, 20 * 1000 * 1000};

	for (int i = 0; i < 15000; i++)
	{
		if (strcmp(server_sql(server, sql), value) == 0)
			return;
		nanosleep(&pause, NULL);
	}
	die("waited in vain for", sql);
}

void
server_set_hba(Server *server, const char *text)
{
	const char *argv[] = {NULL, "-D", server->data, "-s", "reload", NULL};

	argv[0] = program(server, "pg_ctl");
	write_file(server, "pg_hba.conf", "w", text);
	if (run_program(true, argv) != 0)
		die("pg_ctl reload", server->data);
}
