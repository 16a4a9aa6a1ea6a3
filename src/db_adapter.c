/*
 * db_adapter.c
 *	  Entry of the shared library: settings and registration.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/restore/restore_transport.h"
#include "fmgr.h"
#include "jobs/worker.h"
#include "schema/declare/watch.h"
#include "session/sessionstate.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	sessionstate_init();
	watch_init();
	launcher_init();
	restore_transport_init();
	MarkGUCPrefixReserved("db_adapter");
}
