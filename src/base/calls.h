/*
 * calls.h
 *	  Whose functions may be called, with whose rights.
 *
 * Many commands evaluate expressions that somebody else wrote: checks, defaults,
 * domains, casts, index expressions, views.  A guard stops a call before it is made
 * where it would lend its author rights that he does not have.
 */
#ifndef DB_ADAPTER_CALLS_H
#define DB_ADAPTER_CALLS_H

#include "base/compat.h"
#include "fmgr.h"

typedef enum CallRule
{
	CALLS_ANY,					/* nothing is stopped */
	CALLS_TRUSTED,				/* functions of roles without the current user's rights are */
	CALLS_READING,				/* the same, where nothing but rows is read */
	CALLS_PURE					/* and whatever is not immutable: what calls it is somebody's */
} CallRule;

/*
 * Zeroed but for its rule.  A verb that gives its result call by call keeps one over all
 * of them: what has been named to it in one holds in those that follow.
 */
typedef struct CallGuard
{
	CallRule	rule;
	Oid			user;			/* whose rights it keeps; InvalidOid before it has run */
	Oid			stopped;		/* the function that was not called; or InvalidOid */
	bool		reads_own;		/* relations whose code is all the user's have been named */
	bool		reads_others;	/* and of others */
	bool		forgot;			/* calls_forget_plans_once() was here */
} CallGuard;

/*
 * Runs body under a guard of this rule, and in a level of settings of its own: what
 * the code of others sets there ends with it.  42501 where a call was stopped, even
 * if somebody has caught that error; guard->stopped tells who asks.
 */
extern void calls_run(CallGuard *guard, void (*body)(void *arg), void *arg);

/* The same where body makes transactions of its own: settings end with these. */
extern void calls_run_alone(CallGuard *guard, void (*body)(void *arg), void *arg);

/* The same for an entry point of SQL. */
extern Datum calls_run_function(CallRule rule, PGFunction body, FunctionCallInfo fcinfo);

/*
 * Names a relation that is about to be read to the guard that is set, if any: own says
 * that it, and all that is read through it, belongs to roles with the reader's rights.
 * While nothing else is read, calls of the server's functions are such roles' too.
 */
extern void calls_name_relation(bool own);

/*
 * The mechanism beneath: while a watch is set, it meets every function before it is
 * called, be it through an expression, an index, an operator class or a cast.  The
 * planner expands none that it sees into the expression that calls it.
 */
typedef struct CallWatch
{
	bool (*sees)(Oid function, void *arg);
	void (*meets)(Oid function, void *arg);
	void	   *arg;
	int			depth;			/* functions it has met that run now, of those it sees */
} CallWatch;

/* Sets a watch, or none; returns the one before, which the caller sets again, on error too. */
extern CallWatch *calls_set_watch(CallWatch *watch);

/*
 * Forgets what was prepared earlier by this backend, when no watch was set: index
 * expressions, domains and plans with functions expanded in them, functions of ranges.
 */
extern void calls_forget_plans(void);

/*
 * The same for a guard of reading, at the first expression of users' that it meets: domains
 * and plans, but no indexes, whose expressions reading evaluates none of.
 */
extern void calls_forget_plans_once(void);

/* Code of somebody who does not have the rights of the current user. */
extern bool calls_is_foreign(Oid function);
/* A function of the server that gives a number, a time or a random value, and no more. */
extern bool calls_is_harmless(Oid function);

/* 42501: a function is stopped; is_foreign says why. */
pg_noreturn extern void calls_refuse(Oid function, bool is_foreign);

#endif							/* DB_ADAPTER_CALLS_H */
