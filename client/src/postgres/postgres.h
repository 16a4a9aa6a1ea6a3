/*
 * postgres.h
 *		The provider over libpq.
 */
#ifndef DBA_POSTGRES_H
#define DBA_POSTGRES_H

#include "core/provider.h"

extern const Provider postgres_provider;

#endif							/* DBA_POSTGRES_H */
