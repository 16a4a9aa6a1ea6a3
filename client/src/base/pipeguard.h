/*
 * pipeguard.h
 *		Writing where nobody may read any more, without a signal to the program.
 */
#ifndef DBA_PIPEGUARD_H
#define DBA_PIPEGUARD_H

#include <signal.h>
#include <stdbool.h>

typedef struct PipeGuard
{
	sigset_t	old;
	bool		pending;		/* one was, before: it is the program's */
} PipeGuard;

/* Between the two no SIGPIPE of this thread reaches the program. */
extern void pipeguard_begin(PipeGuard *guard);
extern void pipeguard_end(const PipeGuard *guard);

#endif							/* DBA_PIPEGUARD_H */
