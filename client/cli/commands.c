/*
 * commands.c
 *		The table of commands: help, man page and completions are made from it.
 */
#include "command.h"

static const CliOption none[] = {{0}};

static const CliOption validate_options[] = {
	{"schema-file", 0, "FILE", "compare with FILE instead of schema.file of db.toml"}, {0}};

static const CliOption fix_options[] = {
	{"schema-file", 0, "FILE", "the declared schema, instead of schema.file of db.toml"},
	{"column-defs", 0, "FILE", "types of columns, {\"table.column\": \"type\"}"},
	{"confirm", 0, NULL, "change the database; without it the plan is only shown"},
	{"no-backup", 0, NULL, "do not save the rows to a file first"},
	{"plan-only", 0, NULL, "print the plan as JSON"},
	{"allow-drop", 0, NULL, "drop what the declared schema does not have"},
	{"recreate-threshold", 0, "N", "rebuild a table that misses N columns or more; 0: never"},
	{0}};

static const CliOption backup_options[] = {
	{"backup-schema", 0, "FILE",
	 "tables, keys and references; else db.toml's, else derived from foreign keys"},
	{"user-id", 0, "ID", "the rows of this tenant"},
	{"all-users", 0, NULL, "the rows of all tenants"},
	{"output", 'o', "FILE", "write to FILE, - for standard output; .gz and .zst compress"},
	{"tables", 0, "A,B", "these tables alone"},
	{"format", 0, "FORMAT", "jsonl or json; a name ending in .json means json"},
	{"validate", 0, "FILE", "check FILE instead, without a database"},
	{0}};

static const CliOption restore_options[] = {
	{"backup-schema", 0, "FILE", "tables, keys and references, instead of those in the file"},
	{"user-id", 0, "ID", "give the rows to this tenant"},
	{"mode", 'm', "MODE", "skip, overwrite or fail where a row exists already"},
	{"dry-run", 0, NULL, "do everything, then roll back"},
	{"yes", 'y', NULL, "do not ask"},
	{0}};

static const CliOption sync_options[] = {
	{"from", 'f', "PROFILE", "the profile, or URL, whose rows are brought here"},
	{"tables", 0, "A,B", "these tables alone; else sync.tables of db.toml, else all"},
	{"user-id", 0, "ID", "the rows of this tenant alone"},
	{"backup-schema", 0, "FILE",
	 "tables, keys and references; else db.toml's, else derived from foreign keys"},
	{"mode", 0, "MODE", "overwrite (default), skip or fail where a row exists and differs"},
	{"dry-run", 0, NULL, "only count, even with --confirm"},
	{"confirm", 0, NULL, "change the database; without it differences are only counted"},
	{"delete", 0, NULL, "also delete rows that only this database has"},
	{"yes", 0, NULL, "do not ask before deleting"},
	{0}};

static const CliOption jobs_options[] = {
	{"priority", 0, "N", "of submit: higher ones go first"},
	{"timeout", 0, "SECONDS", "of wait: give up after that long"},
	{0}};

static const CliOption introspect_options[] = {{"format", 0, "FORMAT", "json, mermaid or dot"},
											   {0}};

const CliCommand commands_table[] = {
	{"connect", NULL, "connect, compare the schema, remember the profile",
	 "Connects to the profile's database, compares it with the declared schema, shows how many "
	 "rows each table has and,"
	 " when all is well, writes the lock file, so that later commands use the same profile. "
	 "Without the extension"
	 " the comparison is left out and said so.",
	 none, cmd_connect},
	{"status", NULL, "show the current profile and its database",
	 "Shows which profile is current, where that was said, and the rows of each table. Works "
	 "without the database."
	 " Always exits with 0.",
	 none, cmd_status},
	{"profiles", NULL, "list the profiles of db.toml",
	 "Lists the profiles of db.toml and marks the current one. Needs no database.", none,
	 cmd_profiles},
	{"validate", NULL, "compare the database with the declared schema",
	 "Compares the live schema with that of the SQL file. Exits with 1 when they differ. Where the "
	 "statements may not be"
	 " executed (a standby, or no right to), tables and columns alone are compared, and that is "
	 "said.",
	 validate_options, cmd_validate},
	{"fix", NULL, "plan and apply what the declared schema needs",
	 "Shows how the database differs from the declared schema and the steps that make it conform, "
	 "with their hazards."
	 " --confirm saves the rows to a file under backups/ and applies the steps in one transaction; "
	 "the exit code is"
	 " then 0 only if the schema is valid afterwards.",
	 fix_options, cmd_fix},
	{"sync", NULL, "bring what another profile's rows have that these lack",
	 "Compares the rows of another profile's database with those here, by match key, and counts "
	 "per "
	 "table what is new, changed, the same, or only here. --confirm brings what is new or changed, "
	 "in one transaction: nothing else is moved, and a failure leaves everything as it was. Exits "
	 "with 1 when rows failed or had to be left alone.",
	 sync_options, cmd_sync},
	{"backup", NULL, "save a tenant's rows, or check a backup file",
	 "Streams the rows of one tenant, or of all, to a file that is complete or not there. Without "
	 "-o the file is"
	 " backups/backup-YYYY-MM-DD-HHMM.json.",
	 backup_options, cmd_backup},
	{"restore", "FILE", "put the rows of a backup into the database",
	 "Streams a backup into the database in one transaction; keys and references are mapped to "
	 "what is there. FILE may"
	 " be - for standard input, and compressed. A file that was cut off is refused before "
	 "connecting. Exits with 1"
	 " when rows failed.",
	 restore_options, cmd_restore},
	{"install", NULL, "create or update the extension",
	 "Runs CREATE EXTENSION db_adapter, or updates it, in the profile's database.", none,
	 cmd_install},
	{"introspect", NULL, "print the live schema",
	 "Prints the live schema as a JSON document, or as a diagram.", introspect_options,
	 cmd_introspect},
	{"jobs", "[list|show N|cancel N|wait N|submit VERB [ARGS]]", "the server's background jobs",
	 "Lists the jobs of this database, shows one, cancels it, or waits for its end. submit queues "
	 "a "
	 "verb (backup_to_file, restore_from_file, validate, apply, digest, expected) with a JSON "
	 "object "
	 "of its arguments. show and wait exit with 1 for a job that failed or was cancelled. The "
	 "server "
	 "needs db_adapter in shared_preload_libraries.",
	 jobs_options, cmd_jobs},
	{0}};
