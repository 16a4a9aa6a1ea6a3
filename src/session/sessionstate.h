/*
 * sessionstate.h
 *	  Tells a client whether a transaction left its session changed.
 */
#ifndef DB_ADAPTER_SESSIONSTATE_H
#define DB_ADAPTER_SESSIONSTATE_H

/* Called while the library is loaded, before whatever else looks at commits: of what is
 * called before a commit, the first to register comes last. */
extern void sessionstate_init(void);

#endif							/* DB_ADAPTER_SESSIONSTATE_H */
