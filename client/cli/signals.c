/*
 * signals.c
 *		Ctrl-C and its relatives, and the file that must not be left behind.
 *
 * The handler only counts.  Whoever waits looks at the count; whoever blocks in a read
 * waits by ppoll() with the signals let in there alone, so that none is missed between
 * the look and the wait.  The second signal ends the program at once: then the handler
 * itself removes the unfinished file, which is why its name is kept here.
 */
#include <pthread.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

static volatile sig_atomic_t interrupted;

/* The temporary file, for whoever ends at once: there is one output at a time. */
const char *volatile signals_unfinished;

void
signals_unlink_unfinished(void)
{
	const char *path = signals_unfinished;

	if (path != NULL)
		unlink(path);
}

static void
on_signal(int number)
{
	(void) number;
	/* whoever asks twice does not want to wait for the server */
	if (interrupted++ > 0)
	{
		signals_unlink_unfinished();
		_exit(CODE_INTERRUPTED);
	}
}

void
signals_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool
signals_interrupted(void)
{
	return interrupted != 0;
}

bool
signals_wait_readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	sigset_t	signals;
	sigset_t	before;

	/* A signal that comes before the wait ends the wait. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	if (!signals_interrupted())
		(void) ppoll(&ready, 1, NULL, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !signals_interrupted();
}
