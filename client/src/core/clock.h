/*
 * clock.h
 *		Time as the core counts it, and when the loop is to call next.
 */
#ifndef DBA_CLOCK_H
#define DBA_CLOCK_H

#include "core/core.h"

/* milliseconds of a clock that never jumps */
extern int64_t clock_now(void);
extern int64_t clock_after(int64_t ms); /* ms <= 0: CORE_NEVER */

/* wants dba_process by then; 0: at once */
extern void clock_due(Core *core, int64_t when);

/* asks the loop for what was announced */
extern void clock_set(Core *core);

#endif							/* DBA_CLOCK_H */
