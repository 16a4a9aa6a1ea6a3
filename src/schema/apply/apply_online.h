/*
 * apply_online.h
 *	  The online steps of a plan: indexes made while others write.
 */
#ifndef DB_ADAPTER_APPLY_ONLINE_H
#define DB_ADAPTER_APPLY_ONLINE_H

#include "utils/jsonb.h"

/* Refuses, as the current user, a plan whose online steps are sure to fail. */
extern void online_check_index(Jsonb *plan);

/*
 * Runs them in order, each in transactions of its own; outside of any, in a context
 * that outlives them.  {"created", "repaired", "present"}, each the indexes' names.
 */
extern Jsonb *online_create_index(Jsonb *plan);

#endif							/* DB_ADAPTER_APPLY_ONLINE_H */
