/*
 * proxy.c
 *		A TCP proxy to a test server that splits, cuts, or falls silent.
 *
 * Faults of a network cannot be had from a server, and a test that sleeps until one may
 * have happened proves nothing.  So the fault is a number of bytes: the n-th one that
 * passes is the last.  A test that counts n upwards meets every place where a message
 * can be cut.  The proxy is a process of its own, since the client under test must not
 * have to run for its own network to work.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

#define MAX_LINKS 64

typedef struct Link
{
	int			client;
	int			server;
	long		passed;			/* bytes, in the direction that is limited */
	bool		stuck;
	bool		greeted;		/* the message without a type is through */
	bool		answered;		/* who spoke last was the server */
	unsigned char head[5];		/* of a message to the server: type and length */
	size_t		head_len;
	size_t		body_left;
} Link;

static Traffic *traffic;

static int
connect_server(const Server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.%d", server_dir(server),
			 server_port(server));
	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0)
	{
		close(fd);
		return -1;
	}
	return fd;
}

/* Pass what can be read; false when the link is to be closed. */
static bool
pass(int from, int to, ProxyMode mode, long limit)
{
	char		data[16384];
	ssize_t		n = read(from, data, mode == PROXY_BYTES ? 1 : sizeof(data));

	if (mode == PROXY_DELAY)
		usleep((useconds_t) limit * 1000);
	return n > 0 && send(to, data, (size_t) n, MSG_NOSIGNAL) == n;
}

/* Messages to the server, cut anywhere. */
static void
count_sent(Link *link, const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
	{
		size_t		first = link->greeted ? 0 : 1;

		if (link->body_left > 0)
		{
			size_t		body = link->body_left < size - i ? link->body_left : size - i;

			link->body_left -= body;
			i += body - 1;
			continue;
		}
		link->head[first + link->head_len++] = data[i];
		if (first + link->head_len < sizeof(link->head))
			continue;
		link->body_left = ((size_t) link->head[1] << 24 | (size_t) link->head[2] << 16 |
						   (size_t) link->head[3] << 8 | link->head[4]) -
						  4;
		traffic->executes += link->greeted && link->head[0] == 'E';
		link->greeted = true;
		link->head_len = 0;
	}
}

static bool
pass_counted(Link *link, bool up)
{
	unsigned char data[16384];
	ssize_t		n = read(up ? link->client : link->server, data, sizeof(data));

	if (n <= 0)
		return false;
	if (up)
	{
		traffic->trips += link->answered;
		count_sent(link, data, (size_t) n);
	}
	link->answered = !up;
	return send(up ? link->server : link->client, data, (size_t) n, MSG_NOSIGNAL) == n;
}

static bool
pass_limited(Link *link, int from, int to, ProxyMode mode, long limit)
{
	char		data[16384];
	long		left = limit - link->passed;
	ssize_t		n = read(from, data, left < (long) sizeof(data) ? (size_t) left : sizeof(data));

	if (n <= 0 || send(to, data, (size_t) n, MSG_NOSIGNAL) != n)
		return false;
	link->passed += n;
	if (link->passed < limit)
		return true;
	link->stuck = mode == PROXY_HANG;
	return mode == PROXY_HANG;
}

static void
link_close(Link *link)
{
	close(link->client);
	if (link->server >= 0)
		close(link->server);
	link->client = -1;
}

static void
serve(const Server *server, int listener, ProxyMode mode, long limit)
{
	static Link links[MAX_LINKS];
	int			count = 0;

	for (;;)
	{
		struct pollfd fds[1 + 2 * MAX_LINKS];

		fds[0] = (struct pollfd){.fd = count < MAX_LINKS ? listener : -1, .events = POLLIN};
		for (int i = 0; i < count; i++)
		{
			bool		deaf = links[i].client < 0 || mode == PROXY_SILENT;

			fds[1 + 2 * i] = (struct pollfd){.fd = deaf ? -1 : links[i].client, .events = POLLIN};
			fds[2 + 2 * i] = (struct pollfd){.fd = deaf || links[i].stuck ? -1 : links[i].server,
											 .events = POLLIN};
		}
		if (poll(fds, (nfds_t) (1 + 2 * count), -1) < 0)
			continue;
		for (int i = 0; i < count; i++)
		{
			Link	   *link = &links[i];
			bool		ok = true;

			if (link->client < 0)
				continue;
			if (fds[1 + 2 * i].revents != 0)
				ok = mode == PROXY_COUNT ? pass_counted(link, true)
					 : mode == PROXY_CUT_UP
						 ? pass_limited(link, link->client, link->server, mode, limit)
						 : pass(link->client, link->server, mode, limit);
			if (ok && fds[2 + 2 * i].revents != 0)
				ok = mode == PROXY_COUNT ? pass_counted(link, false)
					 : mode == PROXY_CUT || mode == PROXY_HANG
						 ? pass_limited(link, link->server, link->client, mode, limit)
						 : pass(link->server, link->client, mode, limit);
			if (!ok)
				link_close(&links[i]);
		}
		if (fds[0].revents != 0)
		{
			int			one = 1;
			int			slot = 0;
			Link		link = {.client = accept(listener, NULL, NULL), .server = -1};

			setsockopt(link.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			while (slot < count && links[slot].client >= 0)
				slot++;
			if (mode != PROXY_SILENT)
				link.server = connect_server(server);
			if (mode != PROXY_SILENT && link.server < 0)
				close(link.client);
			else
			{
				links[slot] = link;
				if (slot == count)
					count++;
			}
		}
	}
}

Proxy
proxy_start(const Server *server, ProxyMode mode, long limit)
{
	Proxy		proxy = {.port = free_port()};
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
								  .sin_port = htons((uint16_t) proxy.port)};
	int			one = 1;
	int			listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(listener, 64) != 0)
	{
		perror("proxy");
		exit(99);
	}
	if (mode == PROXY_COUNT)
	{
		traffic =
			mmap(NULL, sizeof(Traffic), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		proxy.traffic = traffic;
	}
	snprintf(proxy.url, sizeof(proxy.url), "postgresql://postgres@127.0.0.1:%d/postgres%s",
			 proxy.port, mode == PROXY_COUNT ? "?sslmode=disable&gssencmode=disable" : "");
	proxy.pid = fork();
	if (proxy.pid == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that fails ends without stopping it */
		serve(server, listener, mode, limit);
		_exit(0);
	}
	close(listener);
	return proxy;
}

void
proxy_stop(Proxy *proxy)
{
	if (proxy->pid > 0)
	{
		kill(proxy->pid, SIGKILL);
		waitpid(proxy->pid, NULL, 0);
	}
	proxy->pid = 0;
}
