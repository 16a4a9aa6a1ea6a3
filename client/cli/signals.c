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
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

static volatile sig_atomic_t interrupted;

/* The temporary file, seen from its directory; the name is set last and taken away first. */
static volatile sig_atomic_t unfinished_dir;
static const char *volatile unfinished;

void
signals_set_unfinished(int dir, const char *name)
{
	unfinished = NULL;
	unfinished_dir = dir;
	unfinished = name;
}

/* Async-signal-safe: a counter, and at the second signal unlinkat() and _exit() alone. */
static void
on_signal(int number)
{
	(void) number;
	/* whoever asks twice does not want to wait for the server */
	if (interrupted++ > 0)
	{
		const char *name = unfinished;

		if (name != NULL)
			unlinkat(unfinished_dir, name, 0);
		_exit(CODE_INTERRUPTED);
	}
}

bool
signals_open_standard(void)
{
	/* open() takes the lowest number that is free, and those below are open by then */
	static const int flags[] = {O_WRONLY, O_RDONLY, O_WRONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
	{
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags[fd]) != fd)
			return false;
	}
	return true;
}

/* What whoever started us has ignored stays ignored: nohup, a shell's background. */
static void
catch_one(int number)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;

	if (sigaction(number, NULL, &before) != 0 || before.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

void
signals_catch(void)
{
	catch_one(SIGINT);
	catch_one(SIGTERM);
	catch_one(SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	/* a file that may grow no more is an error of write() */
	signal(SIGXFSZ, SIG_IGN);
}

bool
signals_interrupted(void)
{
	return interrupted != 0;
}

static bool
wait_for(int fd, short events)
{
	struct pollfd ready = {.fd = fd, .events = events};
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

bool
signals_wait_readable(int fd)
{
	return wait_for(fd, POLLIN);
}

bool
signals_wait_writable(int fd)
{
	return wait_for(fd, POLLOUT);
}
