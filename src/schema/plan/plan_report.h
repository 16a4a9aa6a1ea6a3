/*
 * plan_report.h
 *	  A plan for people to read, with what rows have in its way.
 */
#ifndef DB_ADAPTER_PLAN_REPORT_H
#define DB_ADAPTER_PLAN_REPORT_H

#include "utils/jsonb.h"

/* Whether a document is a plan, by what it says of itself. */
extern bool plan_report_is_plan(Jsonb *document);
/* As "text" or "markdown". */
extern char *plan_report(Jsonb *plan, const char *format);

#endif							/* DB_ADAPTER_PLAN_REPORT_H */
