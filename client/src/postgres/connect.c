/*
 * connect.c
 *		From nothing to an established connection, without blocking.
 *
 * libpq looks names up inside PQconnectStart, which blocks; so names are looked
 * up in the helper thread and libpq is given addresses.  The hosts are read from
 * libpq itself (service files, PGHOST, …): PQconnectStartParams with a sslmode
 * that does not exist expands everything and stops before the network.
 *
 * The connect timeout holds for each address in turn, as libpq's own does: a
 * silent one is dropped from the list and the rest is tried.  libpq heeds its own
 * connect_timeout only where it blocks, so it is read here.
 */
#include "postgres/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/identity.h"
#include "base/mem.h"
#include "core/clock.h"

#define MAX_ADDRESSES 64
#define EXPAND_ONLY "expand only" /* a sslmode, so that libpq stops before the network */

/* What we set unless the URL or the service file does. */
typedef enum Manner
{
	KEEPALIVES_IDLE,
	KEEPALIVES_INTERVAL,
	KEEPALIVES_COUNT,
	TCP_USER_TIMEOUT,
	MANNER_COUNT
} Manner;

static const char *const manners[MANNER_COUNT] = {"keepalives_idle", "keepalives_interval",
												  "keepalives_count", "tcp_user_timeout"};

typedef struct Host
{
	char	   *name;			/* as the user said it: for TLS and .pgpass */
	char	   *address;		/* "" for a socket directory */
	char	   *port;
} Host;

struct HostList
{
	int			count;
	int			at;				/* the one being tried */
	bool		overridden;		/* libpq gets this list instead of its own */
	bool		shuffled;		/* load_balance_hosts=random: here, so that `at` is known */
	bool		given[MANNER_COUNT];
	Host		hosts[MAX_ADDRESSES];
};

typedef struct ResolveJob
{
	HelperJob	job;
	HostList   *asked;
	HostList   *found;			/* NULL: no memory */
	char		problem[256];	/* of the last name that was not found */
} ResolveJob;

static void
hosts_free(HostList *list)
{
	if (list == NULL)
		return;
	for (int i = 0; i < list->count; i++)
	{
		mem_free(list->hosts[i].name);
		mem_free(list->hosts[i].address);
		mem_free(list->hosts[i].port);
	}
	mem_free(list);
}

static bool
hosts_add(HostList *list, const char *name, const char *address, const char *port)
{
	Host	   *host = &list->hosts[list->count];

	if (list->count == MAX_ADDRESSES)
		return true;			/* enough to try */
	list->count++;
	host->name = mem_strdup(name);
	host->address = mem_strdup(address);
	host->port = mem_strdup(port);
	return host->name != NULL && host->address != NULL && host->port != NULL;
}

/* Copies the comma-separated item number n of list ("" beyond the last). */
static void
hosts_item(const char *list, int n, char *out, size_t size)
{
	size_t		len;

	while (n-- > 0 && list != NULL)
	{
		list = strchr(list, ',');
		if (list != NULL)
			list++;
	}
	len = list != NULL ? strcspn(list, ",") : 0;
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, list, len);
	out[len] = '\0';
}

/*
 * As libpq from 16 on does it for load_balance_hosts: the hosts, and of each its addresses.
 * A number below 65 needs no better source than this.
 */
static void
hosts_shuffle(HostList *list, int from)
{
	uint64_t	x = (uint64_t) clock_now() ^ (uint64_t) (uintptr_t) list;

	if (getrandom(&x, sizeof(x), GRND_NONBLOCK) != (ssize_t) sizeof(x))
		x *= UINT64_C(0x9e3779b97f4a7c15);
	for (int i = list->count - 1; i > from; i--)
	{
		int			k;
		Host		host = list->hosts[i];

		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		k = from + (int) ((x >> 33) % (uint64_t) (i - from + 1));
		list->hosts[i] = list->hosts[k];
		list->hosts[k] = host;
	}
}

static bool
host_is_address(const char *name)
{
	unsigned char ignored[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, ignored) == 1 || inet_pton(AF_INET6, name, ignored) == 1;
}

static bool
host_is_local(const char *name)
{
	return name[0] == '\0' || name[0] == '/' || name[0] == '@';
}

static bool
host_needs_lookup(const Host *host)
{
	return host->address[0] == '\0' && !host_is_local(host->name) && !host_is_address(host->name);
}

/* --- what libpq makes of the URL */

static const char *
option_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val != NULL ? options->val : "";
	return "";
}

static bool
hosts_split(HostList *list, const PQconninfoOption *options)
{
	const char *hosts = option_value(options, "host");
	const char *addresses = option_value(options, "hostaddr");
	const char *ports = option_value(options, "port");
	const char *counted = hosts[0] != '\0' ? hosts : addresses;
	bool		one_port = strchr(ports, ',') == NULL;
	int			count = 1;

	for (const char *p = counted; *p != '\0'; p++)
		if (*p == ',')
			count++;
	for (int i = 0; i < count; i++)
	{
		char		name[512];
		char		address[64];
		char		port[16];

		hosts_item(hosts, i, name, sizeof(name));
		hosts_item(addresses, i, address, sizeof(address));
		hosts_item(ports, one_port ? 0 : i, port, sizeof(port));
		if (!hosts_add(list, name, address, port))
			return false;
	}
	return true;
}

/* As libpq reads an integer. */
static bool
read_integer(const char *text, long *value)
{
	char	   *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	end += strspn(end, " \t\r\n\f\v");
	return end != text && *end == '\0' && errno == 0 && *value >= INT_MIN && *value <= INT_MAX;
}

/* connect_timeout of the URL, the service file or PGCONNECT_TIMEOUT, unless ours was set. */
static bool
hosts_read_timeout(Core *core, const PQconninfoOption *options, dba_error **err)
{
	const char *text = option_value(options, "connect_timeout");
	long		seconds;

	if (text[0] == '\0' ||
		settings_given(&core->identity->profile->settings, SETTING_CONNECT_TIMEOUT))
		return true;
	if (!read_integer(text, &seconds))
		return error_set(
			err, DBA_CONNECT,
			"could not connect: invalid integer value \"%.100s\" for connection option "
			"\"connect_timeout\"",
			text);
	core->settings.connect_timeout = seconds > 0 ? (int64_t) seconds * 1000 : 0;
	return true;
}

/* The options of a connection that went no further; NULL with libpq's own error, of hosts
 * and ports that do not match, a service that is not defined. */
static PQconninfoOption *
hosts_expand(Conn *conn, dba_error **err)
{
	const char *keywords[] = {"dbname", "sslmode", NULL};
	const char *values[] = {identity_conninfo(conn->core->identity), EXPAND_ONLY, NULL};
	PQconninfoOption *options = NULL;

	conn->pg = PQconnectStartParams(keywords, values, 1);
	if (conn->pg != NULL && strstr(PQerrorMessage(conn->pg), EXPAND_ONLY) == NULL)
		error_move(err, conn_lost_error(conn, "could not connect"));
	else if (conn->pg == NULL || (options = PQconninfo(conn->pg)) == NULL)
		error_set_no_memory(err);
	PQfinish(conn->pg);
	conn->pg = NULL;
	return options;
}

/* The hosts libpq would try; NULL with an error. */
static HostList *
hosts_of(Conn *conn, dba_error **err)
{
	PQconninfoOption *options = hosts_expand(conn, err);
	HostList   *list;

	if (options == NULL)
		return NULL;
	list = mem_zalloc(sizeof(HostList));
	if (list == NULL || !hosts_split(list, options))
		error_set_no_memory(err);
	else if (hosts_read_timeout(conn->core, options, err))
	{
		for (int i = 0; i < MANNER_COUNT; i++)
			list->given[i] = option_value(options, manners[i])[0] != '\0';
		list->shuffled = strcmp(option_value(options, "load_balance_hosts"), "random") == 0;
		if (list->shuffled)
			hosts_shuffle(list, 0);
		PQconninfoFree(options);
		return list;
	}
	hosts_free(list);
	PQconninfoFree(options);
	return NULL;
}

/* --- looking up */

static bool
resolve_one(ResolveJob *job, const Host *host)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;
	char		address[NI_MAXHOST];
	bool		ok = true;
	int			from = job->found->count;
	int			rc = getaddrinfo(host->name, NULL, &hints, &found);

	if (rc != 0)
		snprintf(job->problem, sizeof(job->problem),
				 "could not translate host name \"%.100s\" to address: %s", host->name,
				 gai_strerror(rc));
	for (struct addrinfo *a = found; a != NULL && ok; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0,
						NI_NUMERICHOST) == 0)
			ok = hosts_add(job->found, host->name, address, host->port);
	if (found != NULL)
		freeaddrinfo(found);
	if (job->asked->shuffled)
		hosts_shuffle(job->found, from);
	return ok;
}

static void
resolve_run(HelperJob *base)
{
	ResolveJob *job = (ResolveJob *) base;
	bool		ok;

	job->found = mem_zalloc(sizeof(HostList));
	ok = job->found != NULL;
	for (int i = 0; ok && i < job->asked->count; i++)
	{
		const Host *host = &job->asked->hosts[i];

		if (host_needs_lookup(host))
			ok = resolve_one(job, host);
		else
			ok = hosts_add(job->found, host->name,
						   host->address[0] != '\0' || host_is_local(host->name) ? host->address
																				 : host->name,
						   host->port);
	}
	if (!ok)
	{
		hosts_free(job->found);
		job->found = NULL;
	}
}

static void
resolve_free(HelperJob *base)
{
	ResolveJob *job = (ResolveJob *) base;

	hosts_free(job->asked);
	hosts_free(job->found);
	mem_free(job);
}

static void connect_begin(Conn *conn);

static void
resolve_done(HelperJob *base, void *arg)
{
	ResolveJob *job = (ResolveJob *) base;
	Conn	   *conn = arg;
	dba_error  *error = NULL;

	conn->resolving = NULL;
	if (job->found == NULL)
		error_set_no_memory(&error);
	else if (job->found->count == 0)
		error = error_new(DBA_CONNECT, "%s", job->problem);
	if (error != NULL)
	{
		conn_close(conn, error);
		return;
	}
	conn->hosts = job->found;
	memcpy(conn->hosts->given, job->asked->given, sizeof(conn->hosts->given));
	conn->hosts->shuffled = job->asked->shuffled;
	conn->hosts->overridden = true;
	job->found = NULL;
	connect_begin(conn);
}

/* Hands the names to the helper thread; takes the list.  False: no memory. */
static bool
connect_resolve(Conn *conn, HostList *list)
{
	Helper	   *helper = core_helper(conn->core);
	ResolveJob *job = helper != NULL ? mem_zalloc(sizeof(ResolveJob)) : NULL;

	if (job == NULL)
	{
		hosts_free(list);
		return false;
	}
	job->asked = list;
	job->job =
		(HelperJob){.run = resolve_run, .free = resolve_free, .done = resolve_done, .arg = conn};
	if (!helper_submit(helper, &job->job))
	{
		resolve_free(&job->job);
		return false;
	}
	conn->resolving = &job->job;
	conn->state = CONN_RESOLVING;
	return true;
}

/* --- connecting */

static void
connect_notice(void *arg, const PGresult *result)
{
	Conn	   *conn = arg;
	Core	   *core = conn->core;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	/* one that ends a session which nobody is asking anything comes as a notice too */
	conn_note_last_words(conn, result);
	if (core->notice.fn != NULL && message != NULL)
		core->notice.fn(&core->self, severity != NULL ? severity : "NOTICE", message,
						core->notice.arg);
}

static void
connect_join(Buf *buf, const HostList *list, char *(*item)(const Host *) )
{
	for (int i = 0; i < list->count; i++)
	{
		if (i > 0)
			buf_putc(buf, ',');
		buf_puts(buf, item(&list->hosts[i]));
	}
}

static char *
host_name(const Host *host)
{
	return host->name;
}

static char *
host_address(const Host *host)
{
	return host->address;
}

static char *
host_port(const Host *host)
{
	return host->port;
}

/* Our keywords around the user's: defaults before it, what must hold after. */
static PGconn *
connect_libpq(Conn *conn)
{
	const CoreSettings *settings = &conn->core->settings;
	const HostList *list = conn->hosts;
	const char *keywords[16];
	const char *values[16];
	char		idle[24];
	char		user_timeout[24];
	const char *const ours[MANNER_COUNT] = {idle, "5", "4", user_timeout};
	Buf			names = BUF_INIT;
	Buf			addresses = BUF_INIT;
	Buf			ports = BUF_INIT;
	PGconn	   *pg = NULL;
	int			n = 0;

	snprintf(idle, sizeof(idle), "%lld", (long long) (settings->keepalive_idle / 1000));
	snprintf(user_timeout, sizeof(user_timeout), "%lld", (long long) settings->tcp_user_timeout);
#define OPTION(k, v) (keywords[n] = (k), values[n++] = (v))
	OPTION("fallback_application_name", settings->application_name);
	for (int i = 0; i < MANNER_COUNT; i++)
		if (!list->given[i])
			OPTION(manners[i], ours[i]);
	OPTION("dbname", identity_conninfo(conn->core->identity));
	OPTION("client_encoding", "UTF8");
	if (list->overridden)
	{
		connect_join(&names, list, host_name);
		connect_join(&addresses, list, host_address);
		connect_join(&ports, list, host_port);
		OPTION("host", buf_text(&names));
		OPTION("hostaddr", buf_text(&addresses));
		OPTION("port", buf_text(&ports));
	}
	if (list->shuffled)
		OPTION("load_balance_hosts", "disable");
	keywords[n] = values[n] = NULL;
#undef OPTION
	if (buf_ok(&names) && buf_ok(&addresses) && buf_ok(&ports))
		pg = PQconnectStartParams(keywords, values, 1);
	buf_free(&names);
	buf_free(&addresses);
	buf_free(&ports);
	return pg;
}

/* Which address libpq is at; a new one gets a new deadline. */
static void
connect_note_host(Conn *conn)
{
	const char *address = PQhostaddr(conn->pg);
	const char *port = PQport(conn->pg);
	HostList   *list = conn->hosts;

	if (address == NULL || port == NULL)
		return;
	for (int i = list->at; i < list->count; i++)
		if (strcmp(list->hosts[i].address, address) == 0 && strcmp(list->hosts[i].port, port) == 0)
		{
			if (i == list->at)
				return;
			list->at = i;
			conn->time.deadline = clock_after(conn->core->settings.connect_timeout);
			clock_due(conn->core, conn->time.deadline);
			return;
		}
}

/*
 * libpq keeps the SQLSTATE of a refused connection to itself but prints it at
 * verbosity VERBOSE ("FATAL:  28P01: …", then a LOCATION line): it is taken out
 * of the text, whatever the language.
 */
static dba_error *
connect_error(Conn *conn)
{
	dba_error  *error = conn_lost_error(conn, "could not connect");
	char	   *message = error->constant ? NULL : error->fields[ERROR_MESSAGE];
	char		state[6];
	char	   *p = message;

	while (p != NULL && (p = strstr(p, ":  ")) != NULL)
	{
		p += 3;
		if (strspn(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || strncmp(p + 5, ": ", 2) != 0)
			continue;
		memcpy(state, p, 5);
		state[5] = '\0';
		error_set_field(error, ERROR_SQLSTATE, state);
		memmove(p, p + 7, strlen(p + 7) + 1);
		break;
	}
	if (p != NULL && (p = strstr(p, "; LOCATION:")) != NULL)
		*p = '\0';
	return error;
}

/* Start libpq on the list of hosts. */
static void
connect_begin(Conn *conn)
{
	dba_error  *error = NULL;

	conn->state = CONN_CONNECTING;
	conn->hosts->at = 0;
	conn->time.deadline = clock_after(conn->core->settings.connect_timeout);
	clock_due(conn->core, conn->time.deadline);
	conn->pg = connect_libpq(conn);
	if (conn->pg == NULL)
	{
		error_set_no_memory(&error);
		conn_close(conn, error);
		return;
	}
	PQsetNoticeReceiver(conn->pg, connect_notice, conn);
	/* For the SQLSTATE in the text, until the connection stands (connect_error). */
	PQsetErrorVerbosity(conn->pg, PQERRORS_VERBOSE);
	if (PQstatus(conn->pg) == CONNECTION_BAD)
	{
		conn_close(conn, connect_error(conn));
		return;
	}
	conn->socket.fd = PQsocket(conn->pg);
	conn->socket.wanted = DBA_WRITE;
	conn_watch(conn);
}

void
connect_start(Conn *conn)
{
	dba_error  *error = NULL;
	HostList   *list = hosts_of(conn, &error);
	bool		lookup = false;

	conn->time.deadline = clock_after(conn->core->settings.connect_timeout);
	clock_due(conn->core, conn->time.deadline);
	if (list == NULL)
	{
		conn_close(conn, error);
		return;
	}
	for (int i = 0; i < list->count; i++)
		lookup = lookup || host_needs_lookup(&list->hosts[i]);
	if (lookup)
	{
		if (!connect_resolve(conn, list))
		{
			error_set_no_memory(&error);
			conn_close(conn, error);
		}
		return;
	}
	/* A single address needs no list of ours: libpq keeps its own reading of the URL. */
	list->overridden = list->count > 1;
	conn->hosts = list;
	connect_begin(conn);
}

/* The first question to a new server: who are you, behind what?  The date style
 * is set where it is not ISO, which poolers follow. */
static void
connect_setup(Conn *conn)
{
	const char *style = PQparameterStatus(conn->pg, "DateStyle");
	const char *values[1];
	char		pid[16];

	snprintf(pid, sizeof(pid), "%d", PQbackendPID(conn->pg));
	values[0] = pid;
	conn->state = CONN_SETUP;
	PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
	if (PQsetnonblocking(conn->pg, 1) != 0 || PQenterPipelineMode(conn->pg) != 1)
	{
		conn_close(conn, NULL);
		return;
	}
	if (style != NULL && strncmp(style, "ISO", 3) != 0)
	{
		if (PQsendQueryParams(conn->pg, "SET datestyle = ISO", 0, NULL, NULL, NULL, NULL, 0) != 1 ||
			!conn_expect(conn, OP_IGNORED, NULL, NULL))
		{
			conn_close(conn, NULL);
			return;
		}
		conn->restyled = true;
	}
	if (PQsendQueryParams(conn->pg, conn_setup_sql, 1, NULL, values, NULL, NULL, 0) != 1 ||
		!conn_expect(conn, OP_SETUP, NULL, NULL))
	{
		conn_close(conn, NULL);
		return;
	}
	conn_sync(conn);
	conn_flush(conn);
}

void
connect_setup_done(Conn *conn, const PGresult *result)
{
	char		pid[16];

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return;
	snprintf(pid, sizeof(pid), "%d", PQbackendPID(conn->pg));
	/* What answers is another process than the one that was greeted: a pooler is between. */
	if (strcmp(pid, PQgetvalue(result, 0, 0)) != 0)
		conn->pool->pooler = true;
	else if (strcmp(PQgetvalue(result, 0, 2), "t") == 0)
		conn->watch = WATCH_THERE;
	if (!conn_learn_settings(conn, strcmp(PQgetvalue(result, 0, 1), "0") != 0))
	{
		conn_close(conn, error_new(DBA_NO_MEMORY, "out of memory"));
		return;
	}
	conn->pool->news->opened(conn);
}

/*
 * libpq may close the socket and open another under the same number inside
 * PQconnectPoll, so it is watched anew each time.
 */
void
connect_process(Conn *conn)
{
	PostgresPollingStatusType status;

	conn->socket.wanted = 0;
	conn_watch(conn);
	status = PQconnectPoll(conn->pg);
	conn->socket.fd = PQsocket(conn->pg);
	switch (status)
	{
		case PGRES_POLLING_OK:
			connect_setup(conn);
			return;
		case PGRES_POLLING_READING:
		case PGRES_POLLING_WRITING:
			connect_note_host(conn);
			conn->socket.wanted = status == PGRES_POLLING_READING ? DBA_READ : DBA_WRITE;
			conn_watch(conn);
			return;
		default:
			conn_close(conn, connect_error(conn));
	}
}

/* The address being tried is silent: go on without it. */
void
connect_deadline(Conn *conn)
{
	HostList   *list = conn->hosts;
	bool		resolving = conn->state == CONN_RESOLVING;

	/* No address is left to try. */
	if (conn->state != CONN_CONNECTING || list->count - list->at <= 1)
	{
		conn_close(conn, error_new(DBA_TIMEOUT,
								   resolving ? "looking up the server's name timed out"
											 : "connecting to the server timed out after %d ms",
								   (int) conn->core->settings.connect_timeout));
		return;
	}
	conn->socket.wanted = 0;
	conn_watch(conn);
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->socket.fd = -1;
	for (int i = 0; i <= list->at; i++)
	{
		mem_free(list->hosts[i].name);
		mem_free(list->hosts[i].address);
		mem_free(list->hosts[i].port);
	}
	list->count -= list->at + 1;
	memmove(list->hosts, list->hosts + list->at + 1, sizeof(Host) * (size_t) list->count);
	connect_begin(conn);
}

void
connect_free(Conn *conn)
{
	if (conn->resolving != NULL)
		helper_forget(conn->resolving);
	hosts_free(conn->hosts);
	conn->hosts = NULL;
}
