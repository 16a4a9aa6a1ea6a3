/*
 * worker.h
 *	  The processes that run jobs, and the one that starts them.
 */
#ifndef DB_ADAPTER_JOBS_WORKER_H
#define DB_ADAPTER_JOBS_WORKER_H

#include "fmgr.h"

/* db_adapter.max_workers, and db_adapter.job_retention in minutes (-1: for ever). */
extern int	launcher_max_workers;
extern int	launcher_job_retention;

/* Called from _PG_init: the settings, and the launcher where that may start. */
extern void launcher_init(void);

/* Where the processes begin. */
extern PGDLLEXPORT void db_adapter_launcher_main(Datum arg);
extern PGDLLEXPORT void db_adapter_worker_main(Datum slot);

#endif							/* DB_ADAPTER_JOBS_WORKER_H */
