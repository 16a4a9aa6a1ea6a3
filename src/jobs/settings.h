/*
 * settings.h
 *	  The settings of a session, taken along by the jobs it submits.
 */
#ifndef DB_ADAPTER_JOBS_SETTINGS_H
#define DB_ADAPTER_JOBS_SETTINGS_H

#include "utils/jsonb.h"

/* What the session has set itself, search_path and all: {"name": "value"}. */
extern Jsonb *settings_capture(void);
/* Sets them again in the process that runs the job, as the current user may. */
extern void settings_apply(Jsonb *settings);

#endif							/* DB_ADAPTER_JOBS_SETTINGS_H */
