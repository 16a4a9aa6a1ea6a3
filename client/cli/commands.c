/*
 * commands.c
 *		The table of commands, their options, and the words that options may be.
 *
 * All that the command line knows stands here and nowhere else: the parser checks by it,
 * and help, man page, completions and hints are made from it.  An option that only hands a
 * value to the server's verb names the argument; it is passed when the user gave it, and
 * never otherwise, so that defaults stand in the SQL script alone (a test holds the names
 * against pg_proc).
 *
 * A description says what the command does and what its exit code means; what an option
 * does stands at the option.
 */
#include "command.h"

/* What to do with a row that is there already: restore's and sync's mode. */
static const char *const mode_words[] = {"skip", "overwrite", "fail", NULL};

/* And to make the tenant's rows what the file has: restore's alone. */
static const char *const restore_mode_words[] = {"skip", "overwrite", "fail", "replace", NULL};

/* What to do with references whose values mean other rows in another database. */
static const char *const raw_words[] = {"error", "copy", NULL};

static const char *const backup_format_words[] = {"jsonl", "json", NULL};
static const char *const introspect_format_words[] = {"json", "mermaid", "dot", NULL};

static const CliOption none[] = {{0}};

static const CliOption validate_options[] = {
	{"schema-file", 0, "FILE", .help = "compare with FILE instead of schema.file of db.toml"},
	{"ignore", 0, "A,B", .help = "what is no difference, as owners,table:tmp_*,extra:index"},
	{0}};

static const CliOption fix_options[] = {
	{"schema-file", 0, "FILE", .help = "the declared schema, instead of schema.file of db.toml"},
	{"ignore", 0, "A,B", .help = "what is no difference, as owners,table:tmp_*,extra:index"},
	{"column-defs", 0, "FILE", .help = "types of columns, {\"table.column\": \"type\"}"},
	{"confirm", 0, NULL, .help = "change the database; without it the plan is only shown"},
	{"no-backup", 0, NULL, .help = "do not save the rows to a file first"},
	{"plan-only", 0, NULL, .help = "print the plan as JSON"},
	{"yes", 'y', NULL, .help = "do not ask whether to apply a plan that could not be verified"},
	{"no-preflight", 0, NULL, .help = "do not look for rows that will make steps fail"},
	{"force", 0, NULL, .help = "apply a plan though rows are known to make steps fail"},
	{"allow-drop", 0, NULL, .help = "drop what the declared schema does not have",
	 .verb = "allow_drop"},
	{"recreate-threshold", 0, "N",
	 .help = "rebuild a table that misses N columns or more; 0: never", .number = true,
	 .verb = "recreate_threshold"},
	{0}};

static const CliOption backup_options[] = {
	{"backup-schema", 0, "FILE",
	 .help = "tables, keys and references; else db.toml's, else derived from foreign keys"},
	{"tenant", 0, "NAME", .help = "the rows of this tenant: his name, or columns as JSON",
	 .verb = "user_id"},
	{"user-id", 0, "ID", .help = "the same as --tenant", .verb = "user_id"},
	{"all-users", 0, NULL, .help = "the rows of all tenants"},
	{"output", 'o', "FILE", .help = "write to FILE, - for standard output; .gz and .zst compress"},
	{"overwrite", 0, NULL, .help = "replace FILE if it is there"},
	{"tables", 0, "A,B", .help = "these tables alone"},
	{"format", 0, "FORMAT", .help = "whatever FILE's name ends in", .words = backup_format_words,
	 .verb = "format"},
	{"validate", 0, "FILE", .help = "check FILE instead, without a database"},
	{0}};

static const CliOption restore_options[] = {
	{"backup-schema", 0, "FILE",
	 .help = "tables, keys and references, instead of those in the file"},
	{"tenant", 0, "NAME",
	 .help = "give the rows to this tenant; one who is not there is made, if tenants are rows",
	 .verb = "user_id"},
	{"user-id", 0, "ID", .help = "the same as --tenant", .verb = "user_id"},
	{"mode", 'm', "MODE",
	 .help = "where a row exists already; replace also deletes rows that the file does not have",
	 .words = restore_mode_words, .verb = "mode"},
	{"on-raw", 0, "WHAT", .help = "references that mean other rows in another database",
	 .words = raw_words, .verb = "on_raw"},
	{"dry-run", 0, NULL, .help = "do everything, then roll back", .verb = "dry_run"},
	{"yes", 'y', NULL, .help = "do not ask"},
	{0}};

static const CliOption sync_options[] = {
	{"from", 'f', "PROFILE", .help = "the profile, or URL, whose rows are brought here"},
	{"tables", 0, "A,B", .help = "these tables alone; else sync.tables of db.toml, else all"},
	{"tenant", 0, "NAME", .help = "the rows of this tenant alone"},
	{"user-id", 0, "ID", .help = "the same as --tenant"},
	{"backup-schema", 0, "FILE",
	 .help = "tables, keys and references; else db.toml's, else derived from foreign keys"},
	{"mode", 0, "MODE", .help = "where a row exists and differs", .words = mode_words,
	 .verb = "mode"},
	{"dry-run", 0, NULL, .help = "only count, even with --confirm"},
	{"confirm", 0, NULL, .help = "change the database; without it differences are only counted"},
	{"delete", 0, NULL, .help = "also delete rows that only this database has", .verb = "delete"},
	{"cascade", 0, NULL,
	 .help = "with --delete: rows of other tables may go along (ON DELETE CASCADE)",
	 .verb = "cascade"},
	{"yes", 0, NULL, .help = "do not ask before deleting"},
	{0}};

static const CliOption jobs_options[] = {
	{"priority", 0, "N", .help = "of submit: higher ones go first", .number = true,
	 .verb = "priority"},
	{"timeout", 0, "SECONDS", .help = "of wait: give up after that long", .number = true},
	{0}};

static const CliOption introspect_options[] = {{"format", 0, "FORMAT",
												.help = "what to print it as",
												.words = introspect_format_words, .verb = "format"},
											   {0}};

const CliCommand commands_table[] = {
	{"connect", NULL, "connect, compare the schema, remember the profile",
	 "Connects to the profile's database, compares it with the declared schema, shows how many "
	 "rows each table has and,"
	 " when all is well, writes the lock file, so that later commands use the same profile. "
	 "Without the extension"
	 " the comparison is left out and said so.",
	 none, .run = cmd_connect},
	{"status", NULL, "show the current profile and its database",
	 "Shows which profile is current, where that was said, and the rows of each table. Works "
	 "without the database."
	 " Always exits with 0.",
	 none, .run = cmd_status},
	{"profiles", NULL, "list the profiles of db.toml",
	 "Lists the profiles of db.toml and marks the current one. Needs no database.", none,
	 .run = cmd_profiles},
	{"validate", NULL, "compare the database with the declared schema",
	 "Compares the live schema with that of the SQL file. Exits with 1 when they differ. Where the "
	 "statements may not be"
	 " executed (a standby, or no right to), tables and columns alone are compared, and that is "
	 "said.",
	 validate_options, .run = cmd_validate},
	{"fix", NULL, "plan and apply what the declared schema needs",
	 "Shows how the database differs from the declared schema and the steps that make it conform, "
	 "with their hazards."
	 " --confirm saves the rows to a file under backups/ and applies the steps in one transaction; "
	 "the exit code is"
	 " then 0 only if the schema is valid afterwards. Rows that will make a step fail, or whose "
	 "values "
	 "it would cut short, are looked for and shown with the step; a plan with steps that will fail "
	 "exits with 1, and is not applied without --force. A plan that the server could not verify by "
	 "trying it is said to be so, exits with 1, and is applied only after a question."
	 "",
	 fix_options, .run = cmd_fix},
	{"sync", NULL, "bring what another profile's rows have that these lack",
	 "Compares the rows of another profile's database with those here, by match key, and counts "
	 "per "
	 "table what is new, changed, the same, or only here. --confirm brings what is new or changed, "
	 "in one transaction: nothing else is moved, and a failure leaves everything as it was. Exits "
	 "with 1 when rows failed or had to be left alone.",
	 sync_options, .run = cmd_sync},
	{"backup", NULL, "save a tenant's rows, or check a backup file",
	 "Streams the rows of one tenant, or of all, to a file that is complete or not there. Without "
	 "-o the file is"
	 " backups/backup-YYYY-MM-DD-HHMM-TENANT.jsonl; one that is there is never replaced without "
	 "--overwrite.",
	 backup_options, .run = cmd_backup},
	{"restore", "FILE", "put the rows of a backup into the database",
	 "Streams a backup into the database in one transaction; keys and references are mapped to "
	 "what is there. FILE may"
	 " be - for standard input, and compressed. A file that was cut off is refused before "
	 "connecting. Exits with 1"
	 " when rows failed. --mode replace makes the tenant's rows exactly the file's, all or "
	 "nothing, "
	 "shows before what that would change, and asks.",
	 restore_options, .run = cmd_restore},
	{"install", NULL, "create or update the extension",
	 "Runs CREATE EXTENSION db_adapter, or updates it, in the profile's database.", none,
	 .run = cmd_install},
	{"introspect", NULL, "print the live schema",
	 "Prints the live schema as a JSON document, or as a diagram.", introspect_options,
	 .run = cmd_introspect},
	{"jobs", NULL, "the server's background jobs",
	 "Lists the jobs of this database, shows one, cancels it, or waits for its end. submit queues "
	 "a verb with a JSON object of its arguments. show and wait exit with 1 for a job that failed "
	 "or was cancelled. The server needs db_adapter in shared_preload_libraries.",
	 jobs_options, .actions = cmd_jobs_actions},
	{"help", "[COMMAND]", "explain the program or a command",
	 "Explains the program, or the command named.", none, .run = cmd_help},
	{0}};
