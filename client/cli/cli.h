/*
 * cli.h
 *		The db-adapter command: what its files share.
 *
 * Built on the public header of the library alone.  A command is a row of data
 * (commands.c), from which help, man page and completions are made, and a function
 * that returns the exit code.  Standard output carries the answer, standard error
 * everything else.
 */
#ifndef DB_ADAPTER_CLI_H
#define DB_ADAPTER_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

typedef struct CliOption
{
	const char *name;			/* long, without dashes; NULL ends a list */
	char		letter;			/* short, or 0 */
	const char *argument;		/* what it takes, for the help; NULL: nothing */
	const char *help;
} CliOption;

typedef struct CliCommand
{
	const char *name;			/* NULL ends the table */
	const char *operand;		/* for the help, [in brackets] if it may be left out; NULL: none */
	const char *summary;
	const char *description;
	const CliOption *options;
	int (*run)(Cli *cli);
} CliCommand;

#define MAX_GIVEN 32
#define MAX_OPERANDS 3 /* of jobs; the others take one */

struct Cli
{
	const CliCommand *command;
	const CliOption *given[MAX_GIVEN];
	const char *values[MAX_GIVEN];
	char	   *hidden[MAX_GIVEN];	/* copies of values that are masked where they stood */
	size_t		given_count;
	const char *operand;		/* the first, and those after it */
	const char *operands[MAX_OPERANDS];
	size_t		operand_count;

	bool		json;
	bool		quiet;
	bool		verbose;
	bool		color;			/* on standard output */

	int			failure_code;	/* of what cli_fail said last; 0: nothing */
	cJSON	   *failure;		/* and for --json */
	bool		interruption_said;
	const char *committed;		/* what an interruption does not undo; NULL: nothing */

	dba_config *config;
	dba_profile *profile;
	dba_client *db;
	dba_client *source;			/* the other one, of sync */
	dba_loop   *loop;			/* of both */
};

extern const CliOption cli_global_options[];
extern const CliCommand cli_commands[];

/* ---------------------------------------------------------------- main.c */

extern bool cli_has(const Cli *cli, const char *option);
extern const char *cli_value(const Cli *cli, const char *option);

/* --option, or the setting of db.toml at key, or NULL */
extern const char *cli_value_or_config(const Cli *cli, const char *option, const char *key);

/* --option as a number not below 0; false after saying what is wrong */
extern bool cli_number(const Cli *cli, const char *option, long *value);

/* ---------------------------------------------------------------- database.c */

/* Each returns CODE_DONE, or says what is wrong and returns the exit code. */
extern int cli_load(Cli *cli);
extern int cli_resolve(Cli *cli);
extern int cli_open(Cli *cli);

/* a request and what came of it */
typedef struct CliCall
{
	bool		done;
	dba_result *result;
	dba_error  *error;
} CliCall;

/* the callback of every request; arg is the CliCall */
extern void cli_called(dba_client *db, const dba_result *result, const dba_error *error, void *arg);

/* runs until the request has called back, cancelling it at Ctrl-C; CODE_DONE or
 * what became of it, said */
extern int cli_wait(Cli *cli, CliCall *call, dba_request request);

/* the same without saying anything */
extern bool cli_wait_quietly(Cli *cli, CliCall *call, dba_request request);
extern void cli_call_free(CliCall *call);

/* a count; 0 where there is none */
extern int64_t cli_number_at(const dba_result *result, size_t row, const char *column);

/* params: a JSON array, taken over, or NULL */
extern int cli_execute(Cli *cli, CliCall *call, const char *sql, cJSON *params);
extern bool cli_interrupted(void);

/* until there is something to be read; false: interrupted, or it was before */
extern bool cli_wait_readable(int fd);
extern void cli_catch_signals(void);
extern int cli_fail(Cli *cli, const dba_error *error);

/* is the database behind PostgREST, where no SQL can be sent? */
extern bool cli_is_hosted(const Cli *cli);

/* the whole file as text (free it); NULL after saying what is wrong */
extern char *cli_read_file(Cli *cli, const char *path, const char *what);

/* schema.exclude as an array of strings; NULL when db.toml does not say */
extern cJSON *cli_exclude(const Cli *cli);

/* every table with its rows, as {"table", "rows", "estimated"}; NULL: said */
extern cJSON *cli_count_rows(Cli *cli);
extern void cli_print_rows(Cli *cli, const cJSON *counts);

/* the backup schema: --backup-schema, db.toml, or derived from the foreign keys;
 * only the tables named by --tables.  JSON text (free it); NULL: said */
extern char *cli_backup_schema(Cli *cli);

/* the exit code where that was NULL */
extern int cli_schema_code(const Cli *cli);

/* the same with all its tables */
extern char *cli_whole_backup_schema(Cli *cli);

/* the tenant: --user-id or the variable named in db.toml; NULL: none */
extern const char *cli_user_id(const Cli *cli);

/* yes at the terminal? --yes answers; CODE_DONE, CODE_NO or CODE_USAGE (said) */
extern int cli_ask(Cli *cli, const char *question);

/* ---------------------------------------------------------------- output.c */

extern void cli_note(const Cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
extern void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern void cli_print_json(cJSON *document);	/* and deletes it */

/* {"error": error} unless a document was printed; NULL: the last message.  Deletes error. */
extern void cli_print_failure(cJSON *error);

/* writes over what the terminal has echoed at Ctrl-C */
extern void cli_break_line(void);

/* is TERM one whose lines can be written over and coloured? */
extern bool cli_terminal_moves(void);

/* a value that stands beside its label, in this column, and goes on there */
extern void cli_print_value(const char *text, size_t column);

/* text in bold or a colour where that is wanted */
extern const char *cli_style(const Cli *cli,
							 const char *style);	/* "bold", "red", "green", "yellow", "off" */

/* "1,234,567"; a static buffer of several */
extern const char *cli_thousands(int64_t number);
extern const char *cli_bytes(double bytes);

/* columns: "Table|>Rows|~URL|Description", > aligns right, ~ and the last one may be
 * broken to fit the terminal; rows of as many texts */
typedef struct CliTable CliTable;

extern CliTable *cli_table_new(const Cli *cli, const char *columns);
extern void cli_table_add(CliTable *table, const char *const *texts);
extern void cli_table_print(CliTable *table);	/* and frees it */

/* rows and bytes so far, at most ten times a second, where standard error is a terminal */
typedef struct CliProgress
{
	bool		shown;
	bool		wanted;
	bool		color;
	int64_t		started;		/* milliseconds */
	int64_t		last;
	int64_t		total;			/* bytes; 0: not known */
} CliProgress;

extern void cli_progress_begin(CliProgress *progress, const Cli *cli, int64_t total);
extern void cli_progress(CliProgress *progress, const char *table, int64_t rows, int64_t bytes);
extern void cli_progress_end(CliProgress *progress);

/* ---------------------------------------------------------------- file.c */

/* A file or "-", written under a temporary name until it is whole; .gz and .zst
 * compress. */
typedef struct CliOutput CliOutput;

extern CliOutput *cli_output_open(const char *path);	/* NULL: said */
extern bool cli_output_write(CliOutput *output, const char *data, size_t size);
extern bool cli_output_commit(CliOutput *output);	/* and frees it; false: said */
extern void cli_output_abandon(CliOutput *output);	/* and frees it */
extern void cli_output_unlink(void);	/* its temporary file alone, in a signal handler */

/* A file or "-", plain or compressed, known by its first bytes. */
typedef struct CliInput CliInput;

extern CliInput *cli_input_open(const char *path);	/* NULL: said */
extern int64_t cli_input_read(CliInput *input, char *data, size_t size); /* 0: the end; -1: said */
extern int64_t cli_input_size(const CliInput *input);	/* of the file; 0: not known */
extern int64_t cli_input_consumed(const CliInput *input);	/* of the file */

/* does a plain regular file end as a backup does?  false: said */
extern bool cli_input_check_tail(CliInput *input);
extern void cli_input_free(CliInput *input);

/* the format a name asks for: "json" for NAME.json, else "jsonl"; .gz and .zst do not count */
extern const char *cli_format_of(const char *path);

/* makes the folder a file is to stand in */
extern bool cli_make_folder(const char *path);

/* ---------------------------------------------------------------- help.c */

extern void help_program(FILE *file);
extern void help_command(FILE *file, const CliCommand *command);
extern bool help_generate(const char *what);	/* "man", "bash", "zsh" */

/* ---------------------------------------------------------------- commands */

extern int cmd_connect(Cli *cli);
extern int cmd_status(Cli *cli);
extern int cmd_profiles(Cli *cli);
extern int cmd_validate(Cli *cli);
extern int cmd_fix(Cli *cli);
extern int cmd_backup(Cli *cli);
extern int cmd_restore(Cli *cli);
extern int cmd_install(Cli *cli);
extern int cmd_introspect(Cli *cli);
extern int cmd_sync(Cli *cli);
extern int cmd_jobs(Cli *cli);

/* cmd_validate.c: the declared schema compared with the live one */
typedef struct Comparison
{
	char	   *schema_sql;
	bool		valid;
	char	   *validation;		/* JSON */
	char	   *report;			/* text */
	const char *limited;		/* why only columns were compared; NULL: all was */
} Comparison;

extern int comparison_run(Cli *cli, Comparison *comparison);
extern void comparison_free(Comparison *comparison);

/* cmd_restore.c: the first rows of restore's result that failed, and why, to standard error */
extern void cli_print_failures(const dba_result *result);

/* cmd_backup.c: streams a backup to a file; CODE_DONE or said */
extern int backup_to(Cli *cli, const char *path, const char *format, const char *backup_schema,
					 const char *user_id, int64_t *rows);

#endif							/* DB_ADAPTER_CLI_H */
