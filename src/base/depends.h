/*
 * depends.h
 *	  What depends on one object, as pg_depend has it.
 */
#ifndef DB_ADAPTER_DEPENDS_H
#define DB_ADAPTER_DEPENDS_H

#include "catalog/pg_depend.h"

/* Return false to stop early. */
typedef bool (*DependsVisit)(const FormData_pg_depend *depend, void *arg);

extern void depends_visit(Oid class_id, Oid object_id, DependsVisit visit, void *arg);

#endif							/* DB_ADAPTER_DEPENDS_H */
