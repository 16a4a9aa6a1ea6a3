/*
 * bouncer.c
 *		PgBouncer before a test's server.
 */
#include "bouncer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libpq-fe.h>

static const char *
pgbouncer(void)
{
	const char *chosen = getenv("PGBOUNCER");

	if (chosen != NULL && chosen[0] != '\0')
		return chosen;
	return access("/usr/sbin/pgbouncer", X_OK) == 0 ? "/usr/sbin/pgbouncer" : "pgbouncer";
}

/* "PgBouncer 1.18.0" */
bool
bouncer_knows_prepared(void)
{
	char		command[300];
	int			major = 0;
	int			minor = 0;
	FILE	   *pipe;

	snprintf(command, sizeof(command), "%s --version 2>/dev/null", pgbouncer());
	pipe = popen(command, "r");
	if (pipe == NULL)
		return false;
	if (fscanf(pipe, "PgBouncer %d.%d", &major, &minor) != 2)
		minor = 0;
	pclose(pipe);
	return major > 1 || minor >= 21;
}

static void
write_ini(const Bouncer *bouncer, const Server *server, const char *mode, const char *more)
{
	char		path[256];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/pgbouncer.ini", bouncer->dir);
	file = fopen(path, "w");
	fprintf(file,
			"[databases]\npostgres = host=%s port=%d\n[pgbouncer]\nlisten_addr = "
			"127.0.0.1\nlisten_port = %d\n"
			"unix_socket_dir =\nauth_type = trust\nauth_file = %s/users\nlogfile = %s/log\npidfile "
			"= %s/pid\npool_mode = %s\ndefault_pool_size = 3\n%s",
			server_dir(server), server_port(server), bouncer->port, bouncer->dir, bouncer->dir,
			bouncer->dir, mode, more);
	fclose(file);
	snprintf(path, sizeof(path), "%s/users", bouncer->dir);
	file = fopen(path, "w");
	fprintf(file, "\"postgres\" \"\"\n");
	fclose(file);
}

void
bouncer_start(Bouncer *bouncer, const Server *server, const char *mode, const char *more)
{
	char		ini[256];
	const char *argv[] = {pgbouncer(), "-d", "-q", ini, NULL};
	struct timespec pause = {0, 20000000};

	bouncer->dir = make_dir();
	bouncer->port = free_port();
	write_ini(bouncer, server, mode, more);
	snprintf(ini, sizeof(ini), "%s/pgbouncer.ini", bouncer->dir);
	if (run_program(true, argv) != 0)
		abort();
	snprintf(bouncer->url, sizeof(bouncer->url), "postgresql://postgres@127.0.0.1:%d/postgres",
			 bouncer->port);
	for (int i = 0; i < 15000; i++)
	{
		PGconn	   *pg = PQconnectdb(bouncer->url);
		bool		ok = PQstatus(pg) == CONNECTION_OK;

		PQfinish(pg);
		if (ok)
			return;
		nanosleep(&pause, NULL);
	}
	abort();
}

void
bouncer_stop(Bouncer *bouncer)
{
	char		command[256];
	const char *argv[] = {"sh", "-c", command, NULL};

	snprintf(command, sizeof(command),
			 "kill $(cat %s/pid) && while kill -0 $(cat %s/pid 2>/dev/null) 2>/dev/null;"
			 " do sleep 0.05; done; rm -f %s/pid",
			 bouncer->dir, bouncer->dir, bouncer->dir);
	run_program(false, argv);
	remove_dir(bouncer->dir);
	free(bouncer->dir);
	bouncer->dir = NULL;
}

bool
bouncer_installed(void)
{
	const char *probe[] = {pgbouncer(), "--version", NULL};

	return run_program(false, probe) == 0;
}
