/*
 * pipeguard.c
 *		Writing where nobody may read any more, without a signal to the program.
 *
 * A library may not change the process's signal handler, which is libcurl's own way
 * against the SIGPIPE of its TLS library: so the thread blocks the signal around
 * every call that may write, and takes away the one that came meanwhile.
 */
#include "base/pipeguard.h"

#include <time.h>

void
pipeguard_begin(PipeGuard *guard)
{
	sigset_t	pipe;
	sigset_t	pending;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	guard->pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &guard->old);
}

void
pipeguard_end(const PipeGuard *guard)
{
	static const struct timespec now = {0, 0};
	sigset_t	pipe;
	sigset_t	pending;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (!guard->pending && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1)
		(void) sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &guard->old, NULL);
}
