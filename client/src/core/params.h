/*
 * params.h
 *		A statement's parameters: JSON values until the server has told their
 *		types, text from then on.
 */
#ifndef DBA_PARAMS_H
#define DBA_PARAMS_H

#include "core/core.h"
#include "sql/sql.h"

/* takes the parameters (and the arena) of a statement over; NULL: no memory */
extern ParamSet *params_new(SqlStatement *st);
extern void params_free(ParamSet *params);

/* how many there are; 0 for NULL */
extern size_t params_count(const ParamSet *params);

/*
 * Does the text of one depend on types that may be others by now?  Of a statement that the
 * server refuses then (vouched) only composites are in doubt, whose fields may have changed.
 */
extern bool params_in_doubt(const Request *request, bool vouched);

/* the text of a request's parameters, once their types are known: its binding */
extern bool params_bind(Request *request, dba_error **err);

#endif							/* DBA_PARAMS_H */
