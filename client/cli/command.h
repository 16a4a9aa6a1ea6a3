/*
 * command.h
 *		The commands, and what several of them share.
 */
#ifndef DB_ADAPTER_COMMAND_H
#define DB_ADAPTER_COMMAND_H

#include "cli.h"

/* ---------------------------------------------------------------- commands.c, cmd_*.c */

extern const CliCommand commands_table[];

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
extern const CliAction cmd_jobs_actions[];
extern int cmd_help(Cli *cli);

/* ---------------------------------------------------------------- help.c, completion.c */

extern void help_program(FILE *file, const CliCommand *commands);
extern void help_command(FILE *file, const CliCommand *command);
extern cJSON *help_program_document(const CliCommand *commands);
extern cJSON *help_document(const CliCommand *command);

/* for the build alone, to standard output */
extern void help_man_page(const CliCommand *commands);
extern void completion_bash(const CliCommand *commands);
extern void completion_zsh(const CliCommand *commands);

/* ---------------------------------------------------------------- comparison.c */

/* the declared schema compared with the live one */
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

/* ---------------------------------------------------------------- planview.c */

extern void planview_print(const Cli *cli, const cJSON *plan);

/* How many steps the rows that are there will make fail, and the number of the first. */
extern int planview_failing(const cJSON *plan, int *first);

/* why the plan is not proven; NULL: it is, or has nothing to do */
extern const char *planview_doubt(const cJSON *plan);

/* ---------------------------------------------------------------- backupschema.c */

/* the backup schema: --backup-schema, db.toml, or derived from the foreign keys; only
 * the tables named by --tables.  JSON text (free it); NULL, and no table at all: said */
extern char *backupschema_read(Cli *cli);

/* the same with all its tables */
extern char *backupschema_read_whole(Cli *cli);

/* for a plan: derived from the schemas that it changes; *empty: there is no table */
extern char *backupschema_read_planned(Cli *cli, const char *plan, bool *empty);

/* the exit code where that was NULL */
extern int backupschema_code(const Cli *cli);

/* ---------------------------------------------------------------- saving.c */

/* what a file has got */
typedef struct Saved
{
	int64_t		rows;
	const char *format;			/* as the server has chosen where nobody else has */
} Saved;

/* streams a backup to a file; CODE_DONE or said.  arguments: those of the server's verb but
 * the schema, an object, taken over; a format that the name tells is added where none is */
extern int saving_write(Cli *cli, const char *path, cJSON *arguments, const char *backup_schema,
						Saved *saved);

/* ---------------------------------------------------------------- fact.c, rowcount.c */

/* "Label  value", or a member of the document; nothing where there is no value */
extern void fact_print(const Cli *cli, cJSON *document, const char *key, const char *label,
					   const char *value);

/* the rows of each table, into the document or as a table */
extern void fact_print_rows(Cli *cli, cJSON *document);

/* every table with its rows, as {"table", "rows", "estimated"}; NULL: said */
extern cJSON *rowcount_read(Cli *cli);
extern void rowcount_print(Cli *cli, const cJSON *counts);

/* ---------------------------------------------------------------- shape.c */

/* warns of columns by which tables whose rows differ will go on doing so */
extern void shape_warn(Cli *cli, const dba_result *synced);

/* ---------------------------------------------------------------- outcome.c */

/* the first rows of a restore's result that failed, and why, to standard error */
extern void outcome_print_failures(const dba_result *result);

/* warnings of rows left alone and columns that one side alone has; how many such rows */
extern int64_t outcome_print_notes(const dba_result *result);

#endif							/* DB_ADAPTER_COMMAND_H */
