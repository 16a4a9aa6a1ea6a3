/*
 * loop.h
 *		The built-in event loop, over poll().
 */
#ifndef DBA_LOOP_H
#define DBA_LOOP_H

#include "core/core.h"

struct dba_loop
{
	Core	   *cores;
	bool		running;
};

/* a loop of its own for a new client; false: no memory */
extern bool loop_make_private(Core *core);

/* the client leaves its loop, which is freed when it was made for it */
extern void loop_leave(Core *core);

#endif							/* DBA_LOOP_H */
