/*
 * replica.c
 *	  The extension's tables under logical replication.
 *
 * A publication of all tables has them in it, and no release can leave tables out.
 * Their rows concern one database: its cached documents, jobs, declarations, rows put
 * aside.  Those of a publisher must not change what a subscriber has, nor stop its
 * apply worker when numbers meet.  So a trigger that fires for replicas only leaves
 * out what an apply worker brings.  Whoever sets session_replication_role himself,
 * to load a dump or to call a verb, is no apply worker: his rows get through.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "replication/logicalworker.h"
#include "replication/origin.h"

/* Appliers that are not the server's own name the origin of what they apply. */
static bool
is_applying(void)
{
	return IsLogicalWorker() || replorigin_session_origin != InvalidRepOriginId;
}

PG_FUNCTION_INFO_V1(db_adapter_stay_home);

Datum
db_adapter_stay_home(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("db_adapter.stay_home() can only be called by a trigger")));
	if (is_applying())
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple
																   : data->tg_trigtuple);
}
