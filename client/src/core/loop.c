/*
 * loop.c
 *		The built-in event loop, over poll().
 *
 * It keeps no state of its own: the clients know their descriptors and the time
 * they want to be called, so each turn asks them.  The same turn serves a single
 * client of a foreign loop in dba_run and dba_wait.
 */
#include "core/loop.h"

#include <errno.h>
#include <poll.h>

#include "base/mem.h"
#include "core/provider.h"

static int
loop_watch(void *loop, dba_client *db, int fd, unsigned events, void **slot)
{
	(void) loop;
	(void) db;
	(void) fd;
	(void) events;
	(void) slot;
	return 0;
}

static int
loop_timer(void *loop, dba_client *db, int64_t ms, void **slot)
{
	(void) loop;
	(void) db;
	(void) ms;
	(void) slot;
	return 0;
}

static void
loop_enter(dba_loop *loop, Core *core, bool private)
{
	core->loop.data = loop;
	core->loop.watch = loop_watch;
	core->loop.timer = loop_timer;
	core->loop.own = loop;
	core->loop.own_private = private;
	core->loop.next = loop->cores;
	loop->cores = core;
}

bool
loop_make_private(Core *core)
{
	dba_loop   *loop = dba_loop_new();

	if (loop == NULL)
		return false;
	loop_enter(loop, core, true);
	return true;
}

void
loop_leave(Core *core)
{
	dba_loop   *loop = core->loop.own;
	Core	  **link;

	if (loop == NULL)
		return;
	for (link = &loop->cores; *link != core;)
		link = &(*link)->loop.next;
	*link = core->loop.next;
	core->loop.own = NULL;
	if (core->loop.own_private)
		dba_loop_free(loop);
}

/* --- the calls */

dba_loop *
dba_loop_new(void)
{
	return mem_zalloc(sizeof(dba_loop));
}

void
dba_loop_free(dba_loop *loop)
{
	mem_free(loop);
}

dba_code
dba_loop_add(dba_loop *loop, dba_client *db)
{
	if (db->tx != NULL || db->core->turn.used)
		return DBA_INVALID;
	/* It has a loop of its own from the beginning, which nobody has to think of. */
	loop_leave(db->core);
	loop_enter(loop, db->core, false);
	return DBA_OK;
}

dba_code
dba_attach(dba_client *db, void *loop, dba_watch_fn watch, dba_timer_fn timer)
{
	if (db->tx != NULL || db->core->turn.used || watch == NULL || timer == NULL)
		return DBA_INVALID;
	loop_leave(db->core);
	db->core->loop.data = loop;
	db->core->loop.watch = watch;
	db->core->loop.timer = timer;
	return DBA_OK;
}
