/*
 * http.c
 *		HTTP exchanges in the client's own event loop, over libcurl's multi interface.
 *
 * Nothing of the caller's runs inside libcurl: its callbacks only keep what they
 * are told, and finished exchanges are collected when it has returned.
 */
#include "supabase/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/identity.h"
#include "core/trace.h"
#include "base/mem.h"
#include "base/pipeguard.h"
#include "core/clock.h"

#define RETRIES 3
#define BACKOFF_FIRST_MS 100
#define RETRY_AFTER_MAX_MS 60000 /* a service that wants more time has failed */
#define TEXT_MAX 4096
#define IDLE_HANDLES 32

/* a socket that libcurl wants watched */
typedef struct Sock
{
	int			fd;
	unsigned	events;
	void	   *slot;
	struct Sock *next;
} Sock;

struct HttpClient
{
	Core	   *core;
	const CurlLibrary *lib;
	CURLM	   *multi;
	Sock	   *socks;
	int64_t		due;			/* when libcurl wants to be called; CORE_NEVER */
	Http	   *started;
	CURL	   *idle[IDLE_HANDLES]; /* handles to be used again */
	size_t		idle_count;
	int64_t		open;			/* sockets, those that still connect too */
	bool		no_memory;		/* a socket could not be watched */
};

/* --- what libcurl wants of the loop */

/*
 * Called by libcurl: from now on this socket is to be watched so.  Only kept, and given to
 * the event loop when libcurl has returned.
 */
static int
client_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	HttpClient *client = arg;
	Core	   *core = client->core;
	Sock	  **link = &client->socks;
	Sock	   *sock;

	(void) easy;
	(void) unused;
	while (*link != NULL && (*link)->fd != fd)
		link = &(*link)->next;
	sock = *link;
	if (sock == NULL)
	{
		if (what == CURL_POLL_REMOVE)
			return 0;
		sock = *link = mem_zalloc(sizeof(Sock));
		if (sock == NULL)
		{
			/* -1 would leave libcurl's handle dead for ever */
			client->no_memory = true;
			return 0;
		}
		sock->fd = fd;
	}
	sock->events = what == CURL_POLL_REMOVE ? 0
											: ((what & CURL_POLL_IN) ? DBA_READ : 0) |
												  ((what & CURL_POLL_OUT) ? DBA_WRITE : 0);
	if (core->loop.watch(core->loop.data, &core->self, fd, sock->events, &sock->slot) != 0)
		client->no_memory = true;
	if (what == CURL_POLL_REMOVE)
	{
		*link = sock->next;
		mem_free(sock);
	}
	return 0;
}

/* libcurl's own deadline, among ours. */
static int
client_timer(CURLM *multi, long ms, void *arg)
{
	HttpClient *client = arg;

	(void) multi;
	client->due = ms < 0 ? CORE_NEVER : clock_now() + ms;
	if (ms >= 0)
		clock_due(client->core, client->due);
	return 0;
}

/*
 * Sockets are opened here to be counted, and not to be inherited by programs started
 * meanwhile.
 */
static curl_socket_t
client_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	HttpClient *client = arg;
	int			fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void) purpose;
	client->open += fd >= 0;
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/*
 * Ours to close, since ours to count: the pool's limits and the statistics look at open
 * sockets.
 */
static int
client_close_socket(void *arg, curl_socket_t fd)
{
	HttpClient *client = arg;

	client->open--;
	client->core->stats.closed++;
	return close(fd);
}

/*
 * libcurl is loaded when the first profile needs it (curl_library()): a client of
 * PostgreSQL alone runs without it.
 */
HttpClient *
http_client_new(Core *core, dba_error **err)
{
	const CurlLibrary *lib = curl_library(err);
	HttpClient *client;

	if (lib == NULL)
		return NULL;
	client = mem_zalloc(sizeof(HttpClient));
	if (client != NULL)
		client->multi = lib->multi_init();
	if (client == NULL || client->multi == NULL)
	{
		mem_free(client);
		error_set_no_memory(err);
		return NULL;
	}
	client->core = core;
	client->lib = lib;
	client->due = CORE_NEVER;
	lib->multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, client_socket);
	lib->multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	lib->multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, client_timer);
	lib->multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	lib->multi_setopt(client->multi, CURLMOPT_MAXCONNECTS,
					  (long) (core->settings.pool_size + core->settings.pool_overflow));
	return client;
}

/* Stops what is under way without calling anybody back. */
void
http_client_free(HttpClient *client)
{
	PipeGuard	guard;

	if (client == NULL)
		return;
	pipeguard_begin(&guard);
	while (client->started != NULL)
		http_stop(client->started);
	while (client->idle_count > 0)
		client->lib->easy_cleanup(client->idle[--client->idle_count]);
	client->lib->multi_cleanup(client->multi);
	pipeguard_end(&guard);
	while (client->socks != NULL)
		client_socket(NULL, client->socks->fd, CURL_POLL_REMOVE, client, NULL);
	mem_free(client);
}

/* Sockets that wait for nothing are not watched. */
void
http_watches(const HttpClient *client, ProviderWatchFn fn, void *arg)
{
	for (const Sock *sock = client->socks; sock != NULL; sock = sock->next)
		if (sock->events != 0)
			fn(arg, sock->fd, sock->events);
}

/* libcurl has an idle connection's socket watched by nobody. */
PoolCounts
http_count(const HttpClient *client)
{
	PoolCounts	counts = {.connections = client->open};

	for (const Sock *sock = client->socks; sock != NULL; sock = sock->next)
		counts.busy += sock->events != 0;
	if (counts.busy > counts.connections)
		counts.busy = counts.connections;	/* libcurl's own, for a name that is looked up */
	counts.idle = counts.connections - counts.busy;
	return counts;
}

/* --- headers */

/* The list stays as it was where memory fails. */
bool
http_header(HttpClient *client, struct curl_slist **headers, const char *name, const char *value)
{
	struct curl_slist *longer = NULL;
	Buf			line = BUF_INIT;

	buf_printf(&line, "%s:%s%s", name, *value != '\0' ? " " : "", value);
	if (buf_ok(&line))
		longer = client->lib->slist_append(*headers, buf_text(&line));
	buf_free(&line);
	if (longer == NULL)
		return false;
	*headers = longer;
	return true;
}

void
http_headers_free(HttpClient *client, struct curl_slist *headers)
{
	if (headers != NULL)
		client->lib->slist_free_all(headers);
}

/* --- the reply */

/*
 * Before each attempt: nothing of the answer before is left. -1 is for what no header has
 * said.
 */
static void
reply_reset(Http *http)
{
	HttpReply  *reply = &http->reply;

	arena_free(&reply->arena);
	buf_free(&reply->text);
	json_reader_free(&http->reader);
	memset(reply, 0, sizeof(*reply));
	reply->rows = reply->total = reply->retry_after = -1;
	http->builder = (JsonBuilder){.arena = &reply->arena};
	json_reader_init(&http->reader, json_builder_token, &http->builder);
	/* the values of rows may be documents: json takes what nothing else does */
	http->builder.loose = true;
	http->builder.loose_depth = 2;
	http->reader.any_escape = true;
}

/* Cut where it is longer: these are shown or compared, never sent on. */
static void
copy_header(char *to, size_t size, const char *value, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, value, len);
	to[len] = '\0';
}

/* Content-Range: 0-9/25, or star/25, or 0-9/star */
static void
read_range(HttpReply *reply, const char *value)
{
	const char *slash = strchr(value, '/');
	char	   *end;
	long long	first;
	long long	last;

	if (slash == NULL)
		return;
	if (slash[1] >= '0' && slash[1] <= '9')
		reply->total = strtoll(slash + 1, NULL, 10);
	if (*value < '0' || *value > '9')
		return;
	first = strtoll(value, &end, 10);
	if (*end != '-' || end[1] < '0' || end[1] > '9')
		return;
	last = strtoll(end + 1, NULL, 10);
	if (last >= first && last - first < INT64_MAX)
		reply->rows = last - first + 1;
}

/* Seconds; a date asks for the shortest wait we know. */
static void
read_retry_after(HttpReply *reply, const char *value)
{
	char	   *end;
	long long	seconds = strtoll(value, &end, 10);

	if (end == value || seconds < 0)
		reply->retry_after = 1000;
	else
		reply->retry_after = seconds > 86400 ? 86400000 : seconds * 1000;
}

/* From the head of an answer on it must go on coming (http_check_stall). */
static void
http_heard(Http *http)
{
	int64_t		stall = http->client->core->settings.stall_timeout;

	if (http->heard == CORE_NEVER && stall > 0)
		clock_due(http->client->core, clock_now() + stall);
	http->heard = clock_now();
}

/* HTTP/1.1 100 Continue: the answer itself comes later. */
static bool
is_interim(const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);

	return space != NULL && space + 1 < line + len && space[1] == '1';
}

/*
 * Called by libcurl for each line, also for those of answers that are not the last (100, a
 * proxy's): a status line begins anew.
 */
static size_t
http_header_line(char *data, size_t size, size_t count, void *arg)
{
	Http	   *http = arg;
	HttpReply  *reply = &http->reply;
	size_t		len = size * count;
	char		value[256];
	const char *colon = memchr(data, ':', len);
	size_t		name;
	size_t		from;

	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
	{
		reply_reset(http);		/* an interim answer came before */
		http->interim = is_interim(data, len);
	}
	if (!http->interim)
		http_heard(http);
	if (colon == NULL)
		return len;
	name = (size_t) (colon - data);
	for (from = name + 1; from < len && (data[from] == ' ' || data[from] == '\t');)
		from++;
	while (len > from && (data[len - 1] == '\r' || data[len - 1] == '\n' || data[len - 1] == ' '))
		len--;
	copy_header(value, sizeof(value), data + from, len - from);
	if (name == 12 && strncasecmp(data, "content-type", name) == 0)
		copy_header(reply->content_type, sizeof(reply->content_type), value, strlen(value));
	else if (name == 13 && strncasecmp(data, "content-range", name) == 0)
		read_range(reply, value);
	else if (name == 11 && strncasecmp(data, "retry-after", name) == 0)
		read_retry_after(reply, value);
	else if (name == 8 && strncasecmp(data, "location", name) == 0)
		copy_header(reply->location, sizeof(reply->location), value, strlen(value));
	else if (name == 6 && strncasecmp(data, "server", name) == 0)
		copy_header(reply->server, sizeof(reply->server), value, strlen(value));
	return size * count;
}

/* application/json, application/vnd.pgrst.object+json, application/openapi+json */
static bool
is_json(const char *content_type)
{
	size_t		len = strcspn(content_type, "; ");

	return (len == 16 && strncasecmp(content_type, "application/json", len) == 0) ||
		   (len > 5 && strncasecmp(content_type + len - 5, "+json", 5) == 0);
}

/* Where the answer is no JSON that we could read; its text may be a proxy's page. */
static void
reply_problem(Http *http)
{
	const char *problem = http->reader.problem;
	Buf			text = BUF_INIT;

	if (http->builder.duplicate != NULL)
		buf_printf(&text, "the name \"%s\" comes twice in an object", http->builder.duplicate);
	else
		buf_printf(&text, "%s at line %zu, column %zu",
				   problem != NULL ? problem : "it is not whole", http->reader.line,
				   http->reader.column);
	copy_header(http->reply.problem, sizeof(http->reply.problem), buf_text(&text), text.len);
	buf_free(&text);
}

/*
 * JSON is read as it comes, so that a large answer is held once, as values, and not as text
 * too.  Anything but size * count stops the exchange.
 */
static size_t
http_body(char *data, size_t size, size_t count, void *arg)
{
	Http	   *http = arg;
	HttpReply  *reply = &http->reply;
	size_t		len = size * count;

	http_heard(http);
	reply->json = is_json(reply->content_type);
	if (reply->json && reply->problem[0] == '\0')
	{
		if (!json_reader_feed(&http->reader, data, len))
		{
			if (http->builder.no_memory || http->reader.no_memory)
				return 0;
			reply_problem(http);
		}
	}
	/* What is no JSON is kept for its beginning alone: a gateway's page says who answered. */
	if ((!reply->json || reply->problem[0] != '\0') && reply->text.len < TEXT_MAX)
		buf_append(&reply->text, data, len < TEXT_MAX ? len : TEXT_MAX);
	return len;
}

/* Whether the JSON was whole is known only now. */
static void
reply_finish(Http *http)
{
	HttpReply  *reply = &http->reply;

	http->client->lib->easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &reply->status);
	if (!reply->json || reply->problem[0] != '\0')
		return;
	if (json_reader_finish(&http->reader) && http->builder.done)
	{
		reply->value = http->builder.root;
		if (http->reader.odd)
			json_mark_odd(http->builder.root);
	}
	else
		reply_problem(http);
}

/* --- sending */

/* Connections are the multi handle's; what is used again here is the memory of one exchange. */
static CURL *
client_handle(HttpClient *client)
{
	CURL	   *easy;

	if (client->idle_count == 0)
		return client->lib->easy_init();
	easy = client->idle[--client->idle_count];
	client->lib->easy_reset(easy);
	return easy;
}

/* A handle keeps its connection, and what it has learned of the host: it is used again. */
static void
http_detach(Http *http)
{
	HttpClient *client = http->client;
	PipeGuard	guard;

	if (http->easy == NULL)
		return;
	pipeguard_begin(&guard);
	client->lib->multi_remove_handle(client->multi, http->easy);
	if (client->idle_count < IDLE_HANDLES)
		client->idle[client->idle_count++] = http->easy;
	else
		client->lib->easy_cleanup(http->easy);
	pipeguard_end(&guard);
	http->easy = NULL;
}

/* What is asked. */
static void
http_set_request(Http *http)
{
	const CurlLibrary *lib = http->client->lib;
	CURL	   *easy = http->easy;

	lib->easy_setopt(easy, CURLOPT_URL, http->url);
	lib->easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	if (http->body != NULL)
	{
		lib->easy_setopt(easy, CURLOPT_POSTFIELDS, http->body);
		lib->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) http->body_size);
	}
	if (strcmp(http->method, "GET") != 0)
		lib->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, http->method);
	lib->easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_body);
	lib->easy_setopt(easy, CURLOPT_WRITEDATA, http);
	lib->easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_header_line);
	lib->easy_setopt(easy, CURLOPT_HEADERDATA, http);
	lib->easy_setopt(easy, CURLOPT_PRIVATE, http);
	lib->easy_setopt(easy, CURLOPT_ERRORBUFFER, http->message);
}

/*
 * How it is asked: no signals, our sockets, limits of time, and no redirects, which would
 * take the key along to somebody else.
 */
static void
http_set_manners(Http *http)
{
	const CurlLibrary *lib = http->client->lib;
	const CoreSettings *settings = &http->client->core->settings;
	const char *ca_file =
		settings_text(&http->client->core->identity->profile->settings, SETTING_CA_FILE);
	CURL	   *easy = http->easy;

	if (ca_file != NULL)
		lib->easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	lib->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	lib->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, client_open_socket);
	lib->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http->client);
	lib->easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, client_close_socket);
	lib->easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http->client);
	lib->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	lib->easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	lib->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	if (strncasecmp(http->url, "https:", 6) == 0)
		lib->easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	lib->easy_setopt(easy, CURLOPT_USERAGENT, "db_adapter/" DBA_VERSION);
	lib->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	lib->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) settings->connect_timeout);
	lib->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) http->timeout);
	lib->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (settings->keepalive_idle >= 1000)
		lib->easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long) (settings->keepalive_idle / 1000));
	if (settings->recycle >= 1000)
		lib->easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long) (settings->recycle / 1000));
}

/* One attempt. false: no memory, and nothing has been started. */
static bool
http_send(Http *http)
{
	HttpClient *client = http->client;
	PipeGuard	guard;
	bool		ok;

	reply_reset(http);
	http->message[0] = '\0';
	http->retry_at = CORE_NEVER;
	http->heard = CORE_NEVER;
	pipeguard_begin(&guard);
	http->easy = client_handle(client);
	ok = http->easy != NULL;
	if (ok)
	{
		http_set_manners(http);
		http_set_request(http);
		ok = client->lib->multi_add_handle(client->multi, http->easy) == CURLM_OK;
	}
	pipeguard_end(&guard);
	if (!ok)
		http_detach(http);
	return ok;
}

/*
 * The exchange is the caller's; it is in the list of started ones until it is done or
 * stopped.
 */
bool
http_start(HttpClient *client, Http *http)
{
	http->client = client;
	http->attempts = 0;
	http->sent = false;
	if (!http_send(http))
		return false;
	http->prev = NULL;
	http->next = client->started;
	if (client->started != NULL)
		client->started->prev = http;
	client->started = http;
	return true;
}

/* Its handle goes back first: libcurl would otherwise go on with it. */
static void
http_unlink(Http *http)
{
	http_detach(http);
	if (http->prev != NULL)
		http->prev->next = http->next;
	else if (http->client->started == http)
		http->client->started = http->next;
	if (http->next != NULL)
		http->next->prev = http->prev;
	http->next = http->prev = NULL;
}

void
http_stop(Http *http)
{
	if (http->client == NULL)
		return;
	http_unlink(http);
	json_reader_free(&http->reader);
	arena_free(&http->reply.arena);
	buf_free(&http->reply.text);
	memset(&http->reply, 0, sizeof(http->reply));
	http->client = NULL;
}

/* --- ends */

static bool
is_network_failure(CURLcode code)
{
	switch (code)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_CONNECT:
		case CURLE_GOT_NOTHING:
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
		case CURLE_PARTIAL_FILE:
		case CURLE_HTTP2:
		case CURLE_HTTP2_STREAM:
			return true;
		default:
			return false;
	}
}

/* Try a reading request again, after a while; false: it has had its chances. */
static bool
http_retry(Http *http, CURLcode code)
{
	long		status = http->reply.status;
	int64_t		wait = BACKOFF_FIRST_MS << http->attempts;

	/* What writes may have been done although no answer came. */
	if (http->attempts >= RETRIES ||
		(strcmp(http->method, "GET") != 0 && strcmp(http->method, "HEAD") != 0))
		return false;
	if (code == CURLE_OK ? status != 503 && status != 520 : !is_network_failure(code))
		return false;
	if (code == CURLE_OK && http->reply.retry_after >= 0)
		wait = http->reply.retry_after;
	if (wait > RETRY_AFTER_MAX_MS)
		return false;
	http->attempts++;
	http->client->core->stats.retried++;
	if (code == CURLE_OK)
		TRACE(http->client->core,
			  trace_note(http->client->core, NULL, 0, "retried", "status %ld", status));
	else
		TRACE(http->client->core,
			  trace_note(http->client->core, NULL, 0, "retried", "curl error %d", (int) code));
	http_detach(http);
	http->retry_at = clock_now() + wait;
	clock_due(http->client->core, http->retry_at);
	return true;
}

static dba_error *
http_error(const Http *http, CURLcode code)
{
	const char *text =
		http->message[0] != '\0' ? http->message : http->client->lib->easy_strerror(code);
	bool		writing = strcmp(http->method, "GET") != 0;
	dba_error  *error;

	if (code == CURLE_OUT_OF_MEMORY || http->builder.no_memory || http->reader.no_memory)
		return error_new(DBA_NO_MEMORY, "out of memory");
	error = error_new(code == CURLE_OPERATION_TIMEDOUT ? DBA_TIMEOUT : DBA_CONNECT, "%s: %s%s",
					  http->sent ? "the connection to the service was lost"
								 : "could not connect to the service",
					  text, http->sent && writing ? "; the request may have run" : "");
	if (!error->constant)
		error->retryable = !http->sent;
	return error;
}

static void
http_finish(Http *http, CURLcode code)
{
	HttpClient *client = http->client;
	long		request_size = 0;
	long		connects = 0;
	curl_off_t	began = 0;
	dba_error  *error = NULL;

	client->lib->easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &request_size);
	client->lib->easy_getinfo(http->easy, CURLINFO_NUM_CONNECTS, &connects);
	client->core->stats.opened += connects;
	/* what asked a proxy for a way to the service is counted too, but comes before */
	client->lib->easy_getinfo(http->easy, CURLINFO_PRETRANSFER_TIME_T, &began);
	http->sent = http->sent || (request_size > 0 && began > 0);
	if (code == CURLE_OK)
		reply_finish(http);
	if (http_retry(http, code))
		return;
	if (code != CURLE_OK)
		error = http_error(http, code);
	http_unlink(http);
	http->done(http, error);
}

/* Give finished exchanges back; their owners may start others meanwhile. */
static void
client_collect(HttpClient *client)
{
	CURLMsg	   *message;
	int			left;

	while ((message = client->lib->multi_info_read(client->multi, &left)) != NULL)
	{
		char	   *http = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		client->lib->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &http);
		http_finish((Http *) (void *) http, message->data.result);
	}
}

/* An exchange that could not be sent again, or whose socket nobody watches. */
static void
http_give_up(Http *http)
{
	http_unlink(http);
	http->done(http, error_new(DBA_NO_MEMORY, "out of memory"));
}

/* Sockets that are not watched would be waited for without end. */
static void
client_check_memory(HttpClient *client)
{
	while (client->no_memory)
	{
		client->no_memory = false;
		while (client->started != NULL)
			http_give_up(client->started);
	}
}

static void
client_action(HttpClient *client, int fd, int events)
{
	PipeGuard	guard;
	int			running;

	pipeguard_begin(&guard);
	client->lib->multi_socket_action(client->multi, fd, events, &running);
	pipeguard_end(&guard);
	client_collect(client);
	client_check_memory(client);
}

void
http_serve(HttpClient *client, int fd, unsigned events)
{
	client_action(client, fd,
				  ((events & DBA_READ) ? CURL_CSELECT_IN : 0) |
					  ((events & DBA_WRITE) ? CURL_CSELECT_OUT : 0));
}

/*
 * A service may take any time to answer, but an answer that has begun and stops is one
 * whose length was a lie, or whose sender is gone.
 */
static void
http_check_stall(Http *http, int64_t now)
{
	int64_t		stall = http->client->core->settings.stall_timeout;
	dba_error  *error;

	if (stall <= 0 || http->heard == CORE_NEVER)
		return;
	if (http->heard + stall > now)
	{
		clock_due(http->client->core, http->heard + stall);
		return;
	}
	error = error_new(DBA_TIMEOUT, "the service stopped in the middle of its answer for %lld ms%s",
					  (long long) stall,
					  strcmp(http->method, "GET") != 0 ? "; the request may have run" : "");
	http_unlink(http);
	http->done(http, error);
}

void
http_timers(HttpClient *client, int64_t now)
{
	Http	   *next;

	if (client->due <= now)
	{
		client->due = CORE_NEVER;
		client_action(client, CURL_SOCKET_TIMEOUT, 0);
	}
	for (Http *http = client->started; http != NULL; http = next)
	{
		next = http->next;
		if (http->easy != NULL)
			http_check_stall(http, now);
		else if (http->retry_at > now)
			clock_due(client->core, http->retry_at);
		else if (!http_send(http))
			http_give_up(http);
	}
	client_check_memory(client);
	if (client->due != CORE_NEVER)
		clock_due(client->core, client->due);
}
