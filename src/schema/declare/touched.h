/*
 * touched.h
 *	  Which schemas the open transaction's DDL has touched.
 */
#ifndef DB_ADAPTER_TOUCHED_H
#define DB_ADAPTER_TOUCHED_H

#include "access/xact.h"
#include "nodes/parsenodes.h"

typedef enum Touch
{
	TOUCH_NONE,
	TOUCH_INDIRECT,				/* by what was done to objects elsewhere */
	TOUCH_DIRECT				/* a command was about an object in it, or about itself */
} Touch;

/* What the event triggers call: at the end of a command, and where it has dropped something. */
extern void touched_note_command(Node *stmt);
extern void touched_note_drops(void);

/* Whether any DDL is noted at all, and how it concerns these schemas (List of char *). */
extern bool touched_any(void);
extern Touch touched_how(List *schemas);

/* What a subtransaction that rolls back has touched, it has not; then the whole ends. */
extern void touched_end_subtransaction(SubXactEvent event);
extern void touched_forget(void);

#endif							/* DB_ADAPTER_TOUCHED_H */
