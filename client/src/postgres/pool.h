/*
 * pool.h
 *		Which connection a request goes to, and when there are more or fewer.
 */
#ifndef DBA_POOL_H
#define DBA_POOL_H

#include "core/provider.h"

/* core->state */
extern bool pool_open(Core *core, dba_error **err);

/* gives waiting requests to connections, opening some as needed */
extern void pool_dispatch(Core *core);

/* ends what is too late; announces what will be (clock_due) */
extern void pool_timers(Core *core, int64_t now);

/* frees connections that are dead */
extern void pool_sweep(Core *core);
extern void pool_close(Core *core);
extern PoolCounts pool_count(const Core *core);

#endif							/* DBA_POOL_H */
