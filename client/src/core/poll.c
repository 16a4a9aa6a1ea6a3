/*
 * poll.c
 *		The turns of the built-in loop, over poll().
 *
 * A turn asks each client for its descriptors and the time it wants to be called by, so
 * the loop keeps no list that could go stale.  Callbacks may close any client: after
 * each, what is looked at next is looked for first.
 */
#include <errno.h>
#include <poll.h>

#include "base/mem.h"
#include "core/clock.h"
#include "core/loop.h"
#include "core/provider.h"

typedef struct Ready
{
	Core	   *core;
	int			fd;
	unsigned	events;
} Ready;

/* --- one turn */

/* what is polled in a turn; those beyond `size` are only counted */
typedef struct Turn
{
	struct pollfd *fds;
	Ready	   *ready;
	size_t		size;
	size_t		n;
	Core	   *core;			/* whose descriptors are being added */
} Turn;

static void
loop_add_fd(void *arg, int fd, unsigned events)
{
	Turn	   *turn = arg;
	size_t		n = turn->n++;

	if (n >= turn->size)
		return;
	turn->fds[n].fd = fd;
	turn->fds[n].events =
		(short) (((events & DBA_READ) ? POLLIN : 0) | ((events & DBA_WRITE) ? POLLOUT : 0));
	turn->fds[n].revents = 0;
	turn->ready[n].core = turn->core;
	turn->ready[n].fd = fd;
}

static void
loop_collect(Core *cores, bool single, Turn *turn)
{
	turn->n = 0;
	for (Core *core = cores; core != NULL; core = single ? NULL : core->loop.next)
	{
		turn->core = core;
		if (core->helper != NULL)
			loop_add_fd(turn, helper_fd(core->helper), DBA_READ);
		core->provider->watches(core, loop_add_fd, turn);
	}
}

static int64_t
loop_timeout(const Core *cores, bool single, int64_t ms)
{
	int64_t		now = clock_now();

	for (const Core *core = cores; core != NULL; core = single ? NULL : core->loop.next)
	{
		int64_t		due = core->loop.timer_at <= now ? 0 : core->loop.timer_at - now;

		if (core->loop.timer_at != CORE_NEVER && (ms < 0 || due < ms))
			ms = due;
	}
	return ms > INT32_MAX ? INT32_MAX : ms;
}

/* Is a client still served, or closed by a callback of this turn? */
static bool
loop_has(const Core *cores, bool single, const Core *core)
{
	for (; cores != NULL; cores = single ? NULL : cores->loop.next)
		if (cores == core)
			return true;
	return false;
}

/* Serve what poll found, then what is due. */
static void
loop_serve(dba_loop *loop, Core *only, const struct pollfd *fds, const Ready *ready, size_t n,
		   const bool *gone)
{
	int64_t		now;
	Core	   *next;

	for (size_t i = 0; i < n && !*gone; i++)
		if (fds[i].revents != 0 &&
			loop_has(only != NULL ? only : loop->cores, only != NULL, ready[i].core))
			dba_process(&ready[i].core->self, ready[i].fd,
						((fds[i].revents & ~POLLOUT) ? DBA_READ : 0) |
							((fds[i].revents & POLLOUT) ? DBA_WRITE : 0));
	now = clock_now();
	for (Core *core = *gone ? NULL : only != NULL ? only : loop->cores; core != NULL; core = next)
	{
		next = only != NULL ? NULL : core->loop.next;
		if (core->loop.timer_at > now)
			continue;
		dba_process(&core->self, -1, 0);
		if (next != NULL && !loop_has(loop->cores, false, next))
			break;				/* a callback closed it; the next turn serves the rest */
	}
}

/* One turn of at most ms milliseconds; false: no memory. */
static bool
loop_turn(dba_loop *loop, Core *only, int64_t ms, const bool *gone)
{
	Core	   *cores = only != NULL ? only : loop->cores;
	bool		single = only != NULL;
	struct pollfd few_fds[32];
	Ready		few_ready[32];
	Turn		turn = {.fds = few_fds, .ready = few_ready, .size = 32};
	bool		ok;

	loop_collect(cores, single, &turn);
	/* Few descriptors are the rule and cost no allocation; more are counted first. */
	if (turn.n > turn.size)
	{
		turn.size = turn.n;
		turn.fds = mem_alloc(turn.n * sizeof(struct pollfd));
		turn.ready = mem_alloc(turn.n * sizeof(Ready));
		if (turn.fds != NULL && turn.ready != NULL)
			loop_collect(cores, single, &turn);
	}
	ok = turn.fds != NULL && turn.ready != NULL;
	if (ok)
	{
		if (poll(turn.fds, turn.n, (int) loop_timeout(cores, single, ms)) < 0)
			turn.n = 0;			/* interrupted by a signal */
		loop_serve(loop, only, turn.fds, turn.ready, turn.n, gone);
	}
	if (turn.fds != few_fds)
	{
		mem_free(turn.fds);
		mem_free(turn.ready);
	}
	return ok;
}

static bool
loop_is_busy(const dba_loop *loop)
{
	for (const Core *core = loop->cores; core != NULL; core = core->loop.next)
		if (core->requests.visible > core->requests.listeners)
			return true;
	return false;
}

dba_code
dba_loop_run(dba_loop *loop)
{
	dba_code	code = DBA_OK;
	bool		gone = false;

	if (loop->running)
		return DBA_INVALID;
	for (Core *core = loop->cores; core != NULL; core = core->loop.next)
		if (core->turn.processing)
			return DBA_INVALID;
	loop->running = true;
	while (code == DBA_OK && loop_is_busy(loop))
		if (!loop_turn(loop, NULL, -1, &gone))
			code = DBA_NO_MEMORY;
	loop->running = false;
	return code;
}

/* Serve db (and its built-in loop's other clients) until `done` says so or ms
 * have passed; ends too when a callback closes db. */
static dba_code
loop_until(Core *core, bool (*done)(Core *core, dba_request id), dba_request id, int64_t ms)
{
	int64_t		end = ms < 0 ? CORE_NEVER : clock_now() + ms;
	dba_loop   *loop = core->loop.own;
	bool	   *outer = core->turn.gone;
	bool		gone = false;
	dba_code	code = DBA_OK;

	core->turn.gone = &gone;
	while (!gone && !done(core, id))
	{
		int64_t		left = end == CORE_NEVER ? -1 : end - clock_now();

		if (end != CORE_NEVER && left <= 0)
		{
			code = DBA_TIMEOUT;
			break;
		}
		if (!loop_turn(loop, loop == NULL || core->loop.own_private ? core : NULL, left, &gone))
		{
			code = DBA_NO_MEMORY;
			break;
		}
	}
	if (!gone)
		core->turn.gone = outer;
	else if (outer != NULL)
		*outer = true;
	return code;
}

static bool
loop_request_done(Core *core, dba_request id)
{
	return request_find(core, id) == NULL;
}

static bool
loop_idle(Core *core, dba_request id)
{
	(void) id;
	if (core->loop.own != NULL)
		return !loop_is_busy(core->loop.own);
	return core->requests.visible <= core->requests.listeners;
}

dba_code
dba_run(dba_client *db)
{
	if (db->core->turn.processing)
		return DBA_INVALID;
	return loop_until(db->core, loop_idle, 0, -1);
}

bool
dba_wait(dba_client *db, dba_request request, int64_t ms)
{
	if (db->core->turn.processing)
		return request_find(db->core, request) == NULL;
	return loop_until(db->core, loop_request_done, request, ms) == DBA_OK;
}
