/*
 * coreprocess.c
 *		dba_process and what surrounds it: the helper, closing.
 *
 * dba_process is where everything happens.  It serves what is ready, then alternates
 * between calling back and dispatching, so that what callbacks submit goes out in the
 * same turn; after some rounds it returns all the same, lest a callback that always
 * submits keep the loop's other descriptors waiting.
 */
#include "core/core.h"

#include "core/clock.h"
#include "core/identity.h"
#include "core/loop.h"
#include "base/mem.h"
#include "core/provider.h"
#include "core/trace.h"

#define ROUNDS 16 /* of callbacks before the loop has its turn again */

Core *
core_new(dba_error **err)
{
	Core	   *core = mem_zalloc(sizeof(Core));

	if (core != NULL)
		core->types = types_new();
	if (core == NULL || core->types == NULL || !loop_make_private(core))
	{
		if (core != NULL)
			types_unref(core->types);
		mem_free(core);
		error_set_no_memory(err);
		return NULL;
	}
	core->self.core = core;
	core->loop.timer_at = CORE_NEVER;
	core->loop.due_at = CORE_NEVER;
	return core;
}

/* --- the helper thread's eventfd is one more descriptor of the client */

Helper *
core_helper(Core *core)
{
	if (core->helper != NULL)
		return core->helper;
	core->helper = helper_new();
	if (core->helper != NULL &&
		core->loop.watch(core->loop.data, &core->self, helper_fd(core->helper), DBA_READ,
						 &core->loop.helper_slot) != 0)
	{
		helper_close(core->helper);
		core->helper = NULL;
	}
	return core->helper;
}

static void
core_close_helper(Core *core)
{
	if (core->helper == NULL)
		return;
	core->loop.watch(core->loop.data, &core->self, helper_fd(core->helper), 0,
					 &core->loop.helper_slot);
	helper_close(core->helper);
	core->helper = NULL;
}

/* --- processing */

/* Call back what has finished by now; what finishes meanwhile waits its turn. */
static void
core_call_back(Core *core)
{
	size_t		count = core->requests.done.count;

	while (count-- > 0 && core->requests.done.head != NULL)
		request_call_back(core->requests.done.head);
}

static void
core_work(Core *core)
{
	int			rounds = 0;

	do
	{
		core_call_back(core);
		core->turn.again = false;
		core->provider->dispatch(core);
	} while ((core->turn.again || core->requests.done.head != NULL) && ++rounds < ROUNDS);
	core->provider->sweep(core);
}

static void
core_serve(Core *core, int fd, unsigned events)
{
	if (core->helper != NULL && helper_fd(core->helper) == fd)
		helper_collect(core->helper);
	else
		core->provider->serve(core, fd, events);
}

static void
core_process(Core *core, int fd, unsigned events)
{
	core->turn.processing = true;
	if (fd >= 0)
		core_serve(core, fd, events);
	/*
	 * A loop may call for a socket although the time is past: both are served then, or a
	 * busy socket would put off every deadline.
	 */
	if (fd < 0 || clock_now() >= core->loop.timer_at)
	{
		core->loop.timer_at = CORE_NEVER;
		core->loop.due_at = CORE_NEVER;
		core->provider->timers(core, clock_now());
	}
	core_work(core);
	core->turn.processing = false;
	if (core->turn.close_later)
	{
		core_close(core);
		return;
	}
	if (core->turn.again || core->requests.done.head != NULL)
		clock_due(core, 0);
	else
		clock_set(core);
}

void
dba_process(dba_client *db, int fd, unsigned events)
{
	Core	   *core = db->core;

	if (!core->turn.processing)
		core_process(core, fd, events);
}

/* --- closing */

static void
core_free(Core *core)
{
	if (core->turn.gone != NULL)
		*core->turn.gone = true;
	core->loop.timer(core->loop.data, &core->self, -1, &core->loop.timer_slot);
	core_close_helper(core);
	loop_leave(core);
	stmt_cache_free(&core->stmts);
	types_unref(core->types);
	trace_free(core->trace);
	identity_free(core->identity);
	dba_error_free(core->connect_error);
	mem_free(core->requests.hash);
	mem_free(core);
}

/* Fail what is outstanding; groups after what they wait for. */
static void
core_fail_all(Core *core)
{
	Request	   *next;
	bool		groups_only = false;

	while (core->requests.live.head != NULL)
	{
		for (Request *r = core->requests.live.head; r != NULL; r = next)
		{
			next = r->links[LINK_LIVE].next;
			if (r->state != REQUEST_DONE && (r->kind != REQUEST_GROUP || groups_only))
				request_abort(r, DBA_CLOSED);
			if (r->state != REQUEST_DONE && groups_only)
				request_fail(r, error_new(DBA_CLOSED, "client was closed"));
		}
		groups_only = core->requests.done.head == NULL;
		core_call_back(core);
	}
}

void
core_close(Core *core)
{
	/*
	 * Callbacks still run, and may call anything: closing makes them be refused, processing
	 * makes dba_process and dba_run return.
	 */
	core->turn.closing = true;
	core->turn.processing = true;	/* a callback's dba_process or dba_run does nothing */
	core_fail_all(core);
	core->provider->close(core);
	core_free(core);
}

void
dba_close(dba_client *db)
{
	if (db == NULL)
		return;
	if (db->tx != NULL)
		db->core->provider->abandon(db);
	else if (db->core->turn.processing)
		db->core->turn.close_later = db->core->turn.closing = true;
	else
		core_close(db->core);
}
