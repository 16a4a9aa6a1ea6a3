/*
 * diagram.h
 *	  An entity-relationship diagram of a schema, as text for a renderer.
 */
#ifndef DB_ADAPTER_DIAGRAM_H
#define DB_ADAPTER_DIAGRAM_H

#include "schema/model/schema.h"

/* format is "mermaid" or "dot"; another one raises 22023. */
extern char *diagram_draw(const Schema *schema, const char *format);

#endif							/* DB_ADAPTER_DIAGRAM_H */
