/*
 * clock.c
 *		Time as the core counts it, and when the loop is to call next.
 *
 * Whoever has something to do later announces it; the loop's timer is set once,
 * when dba_process ends, to the earliest time announced.  It is only ever brought
 * forward: a call too early finds nothing to do and announces anew, which costs
 * less than asking the loop at each change.
 */
#include "core/clock.h"

#include <time.h>

int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_after(int64_t ms)
{
	return ms > 0 ? clock_now() + ms : CORE_NEVER;
}

void
clock_set(Core *core)
{
	int64_t		ms;

	if (core->loop.due_at >= core->loop.timer_at)
		return;
	ms = core->loop.due_at - clock_now();
	if (core->loop.timer(core->loop.data, &core->self, ms > 0 ? ms : 0, &core->loop.timer_slot) ==
		0)
		core->loop.timer_at = core->loop.due_at;
}

void
clock_due(Core *core, int64_t when)
{
	if (when == 0)
		core->turn.again = true;
	if (core->turn.processing)
	{
		if (when > 0 && when < core->loop.due_at)
			core->loop.due_at = when;
		return;
	}
	if (when < core->loop.due_at)
		core->loop.due_at = when;
	clock_set(core);
}
