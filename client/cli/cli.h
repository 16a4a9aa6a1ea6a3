/*
 * cli.h
 *		The db-adapter command: what each of its files stands on.
 *
 * Built on the public header of the library alone.  A command is a row of data
 * (commands.c), from which help, man page and completions are made, and a function
 * that returns the exit code.  Standard output carries the answer, standard error
 * everything else.
 *
 * The other headers: print.h, what is printed; file.h, files; command.h, the commands
 * and what several of them share.  Exported functions bear their file's noun.
 */
#ifndef DB_ADAPTER_CLI_H
#define DB_ADAPTER_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <db_adapter.h>

enum
{
	CODE_DONE = 0,				/* done, or valid */
	CODE_NO = 1,				/* the answer is no */
	CODE_USAGE = 2,				/* usage or configuration */
	CODE_CONNECT = 3,
	CODE_FAILED = 4,			/* the server refused, or the work failed */
	CODE_INTERRUPTED = 130
};

typedef struct Cli Cli;

/* One option of the command line.  This row is all there is about it: the parser, the
 * help, the man page, the completions and the hints read it, and the call of the server's
 * verb too. */
typedef struct CliOption
{
	const char *name;			/* long, without dashes; NULL ends a list */
	char		letter;			/* short, or 0 */
	const char *argument;		/* what it takes, for the help; NULL: nothing */
	const char *help;
	const char *const *words;	/* all that it may be, NULL at their end; NULL: anything */
	bool		number;			/* a number not below 0 */
	const char *verb;			/* the argument of the server's verb that it becomes, or NULL */
} CliOption;

/* What a command may be told to do, where that is its first operand. */
typedef struct CliAction
{
	const char *name;			/* NULL ends a list; the first is meant where none is named */
	const char *operands;		/* for the help; NULL: none */
	size_t		least;			/* how many there must be, and may be */
	size_t		most;
	const char *const *words;	/* known for the first of them; the server may know more */
	int (*run)(Cli *cli);
} CliAction;

typedef struct CliCommand
{
	const char *name;			/* NULL ends the table */
	const char *operand;		/* for the help, [in brackets] if it may be left out; NULL: none */
	const char *summary;
	const char *description;
	const CliOption *options;
	int (*run)(Cli *cli);		/* NULL: the action's */
	const CliAction *actions;	/* NULL: none */
} CliCommand;

#define MAX_GIVEN 32
#define MAX_OPERANDS 2 /* of jobs submit; the others take one */

struct Cli
{
	const CliCommand *commands; /* the table */
	const CliCommand *command;	/* the one that was named; NULL: none */
	const CliAction *action;
	const CliOption *given[MAX_GIVEN];
	const char *values[MAX_GIVEN];
	size_t		given_count;
	const char *operands[MAX_OPERANDS]; /* after the action, where there is one */
	size_t		operand_count;

	bool		json;
	bool		quiet;
	bool		verbose;
	bool		color;			/* on standard output */

	int			failure_code;	/* of what failure_tell said last; 0: nothing */
	cJSON	   *failure;		/* and for --json */
	cJSON	   *said;			/* the server's warnings that were shown, strings; or NULL */
	bool		interruption_said;
	bool		stdout_taken;	/* by rows: the document goes to standard error */
	const char *committed;		/* what an interruption does not undo; NULL: nothing */

	dba_config *config;
	dba_profile *profile;
	dba_client *db;
	dba_client *source;			/* the other one, of sync */
	dba_loop   *loop;			/* of both */
};

/* is the database behind PostgREST, where no SQL can be sent? */
static inline bool
cli_is_hosted(const Cli *cli)
{
	return cli->db != NULL && strcmp(dba_provider(cli->db), "supabase") == 0;
}

/* ---------------------------------------------------------------- options.c */

extern const CliOption options_global[];

/* false: a mistake, said */
extern bool options_read(Cli *cli, char **argv);

/* is --json among the arguments, be they right or not? */
extern bool options_want_json(char *const *argv);

extern const CliCommand *options_find_command(const Cli *cli, const char *name);	/* NULL: said */

extern bool options_has(const Cli *cli, const char *option);
extern const char *options_value(const Cli *cli, const char *option);

/* --option, or the setting of db.toml at key, or NULL */
extern const char *options_value_or_config(const Cli *cli, const char *option, const char *key);

/* --option as a number, or otherwise where it is not given */
extern long options_number(const Cli *cli, const char *option, long otherwise);

/* the options given that are arguments of the server's verb, as an object: what the user
 * did not say is not in it, so that the verb's own defaults hold */
extern cJSON *options_arguments(const Cli *cli);

/* ---------------------------------------------------------------- message.c */

extern void message_note(const Cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
extern void message_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* the same, and the exit code of a mistake of usage */
extern int message_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* what was warned of last; "": nothing */
extern const char *message_last(void);

/* writes over what the terminal has echoed at Ctrl-C */
extern void message_break_line(void);

/* ---------------------------------------------------------------- signals.c */

/* standard descriptors that are closed become ones that refuse: else the server's socket
 * could get their number, and what is printed */
extern bool signals_open_standard(void);
extern void signals_catch(void);
extern bool signals_interrupted(void);

/* until there is something to be read; false: interrupted, or it was before */
extern bool signals_wait_readable(int fd);

/* the same, to be written */
extern bool signals_wait_writable(int fd);

/* the temporary file of an unfinished output, gone when the second signal ends us at once:
 * there is one output at a time.  name NULL: none; else it stays where it is. */
extern void signals_set_unfinished(int dir, const char *name);

/* ---------------------------------------------------------------- failure.c */

/* says it and returns the exit code */
extern int failure_tell(Cli *cli, const dba_error *error);
extern int failure_tell_and_free(Cli *cli, dba_error *error);

/* ---------------------------------------------------------------- opening.c */

/* Each returns CODE_DONE, or says what is wrong and returns the exit code. */
extern int opening_load(Cli *cli);
extern int opening_resolve(Cli *cli);
extern int opening_open(Cli *cli);

/* what is odd in db.toml */
extern void opening_tell_warnings(const Cli *cli);

/* adds what is not compared, by --ignore and db.toml, to the arguments of a verb; the same object */
extern cJSON *opening_compared(const Cli *cli, cJSON *arguments);

/* ---------------------------------------------------------------- tenant.c */

/* the tenant: --tenant, --user-id or the variable named in db.toml; NULL: none */
extern const char *tenant_name(const Cli *cli);
/* refuses options that contradict each other */
extern int tenant_check(const Cli *cli);

typedef enum TenantState
{
	TENANT_UNKNOWN,				/* tenants are no rows, or the server cannot tell */
	TENANT_FOUND,
	TENANT_MADE					/* not there: a restore makes him */
} TenantState;

/* whether the tenant is a row in the database, by that backup schema (JSON text or NULL) */
extern TenantState tenant_look(Cli *cli, const char *schema);
/* says so after a sync's comparison, and of a restore's result */
extern void tenant_note_sync(const Cli *cli, const dba_result *result, const char *schema);
extern void tenant_note_restored(const Cli *cli, const dba_result *result);

/* ---------------------------------------------------------------- call.c */

/* a request and what came of it */
typedef struct CliCall
{
	bool		done;
	dba_result *result;
	dba_error  *error;
} CliCall;

/* the callback of every request; arg is the CliCall */
extern void call_called(dba_client *db, const dba_result *result, const dba_error *error,
						void *arg);

/* runs until the request has called back, cancelling it at Ctrl-C; CODE_DONE or
 * what became of it, said */
extern int call_wait(Cli *cli, CliCall *call, dba_request request);

/* the same without saying anything */
extern bool call_wait_quietly(Cli *cli, CliCall *call, dba_request request);
extern void call_free(CliCall *call);

/* params: a JSON array, taken over, or NULL.  arguments: an object, taken over, or NULL;
 * its members become named arguments where the sql has an @ */
extern int call_execute_verb(Cli *cli, CliCall *call, const char *sql, cJSON *params,
							 cJSON *arguments);
extern bool call_execute_verb_quietly(Cli *cli, CliCall *call, const char *sql, cJSON *params,
									  cJSON *arguments);
extern int call_execute(Cli *cli, CliCall *call, const char *sql, cJSON *params);

/* a count, 0 where there is none, and the sum of a column of them */
extern int64_t call_number(const dba_result *result, size_t row, const char *column);
extern int64_t call_total(const dba_result *result, const char *column);

/* ---------------------------------------------------------------- question.c */

/* yes at the terminal? --yes answers; CODE_DONE, CODE_NO or CODE_USAGE (said) */
extern int question_ask(Cli *cli, const char *question);
/* whether there is a terminal to ask at */
extern bool question_possible(void);

/* ---------------------------------------------------------------- secrets.c */

/* takes passwords out of sight, before anything else reads the arguments; false: no memory,
 * or too many */
extern bool secrets_hide(char **argv);
extern void secrets_remove(char *text); /* out of a message, in place */
extern void secrets_free(void);

#endif							/* DB_ADAPTER_CLI_H */
