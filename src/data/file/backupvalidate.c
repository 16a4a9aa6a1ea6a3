/*
 * backupvalidate.c
 *	  Whether a backup is whole and consistent, without touching a table.
 *
 * What the reader itself finds (syntax, order, counts, sums) is the last error,
 * for it cannot go on.  Beyond that the rows are held against the backup schema:
 * tables and columns that are not in it, rows without key, and references to
 * rows that the file does not hold.  Keys are remembered as hashes.
 *
 * It assumes that the backup schema is anybody's, and binds it to no table: it can be
 * asked of a file whose database is gone.  Memory holds 16 bytes and more a key, never
 * a row.  Two keys of one hash would be told as one that stands twice; of 128 bits
 * that is not to be expected.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "base/texts.h"
#include "data/backupschema/backupschema.h"
#include "data/file/backupvalidate.h"
#include "data/file/filereader.h"
#include "data/row/hash128.h"
#include "data/row/rowreader.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Of each kind; how many more there were is said at the end. */
#define MAX_MESSAGES 100

typedef struct Messages
{
	List	   *texts;			/* char * */
	int64		count;
} Messages;

typedef struct Validation
{
	const char *document;
	size_t		len;
	Jsonb	   *given;			/* the backup schema of the caller */
	BackupSchema *schema;
	FileReader *reader;
	bool		lenient;
	const FileSection *section;
	const BackupTable *table;	/* of the section, where the schema knows it */
	bool	   *seen;			/* one a table */
	HTAB	   *keys;			/* Hash128 of table and key */
	Messages	errors;
	Messages	warnings;
	MemoryContext cxt;
	MemoryContext rowcxt;
} Validation;

/* A member of a row that keys or references are made of. */
typedef struct Member
{
	const char *name;
	RowField	value;
} Member;

static void note(Validation *v, Messages *messages, const char *format, ...)
	pg_attribute_printf(3, 4);

/* Messages live in the caller's memory; what a row leaves goes with the row. */
static void
note(Validation *v, Messages *messages, const char *format, ...)
{
	MemoryContext oldcxt;
	va_list		args;

	if (messages->count++ >= MAX_MESSAGES)
		return;
	oldcxt = MemoryContextSwitchTo(v->cxt);
	va_start(args, format);
	messages->texts = lappend(messages->texts, texts_format(format, args));
	va_end(args);
	MemoryContextSwitchTo(oldcxt);
}

static void
take_header(const FileHeader *header, void *arg)
{
	Validation *v = arg;
	Jsonb	   *document = v->given != NULL ? v->given : header->backup_schema;
	ListCell   *lc;

	v->lenient = header->is_document;
	if (document == NULL)
	{
		note(v, &v->warnings, "the backup has no backup schema: a restore needs one");
		return;
	}
	v->schema = backupschema_parse(&document->root, v->given != NULL);
	foreach(lc, v->schema->unknown)
		note(v, &v->warnings, "%s", (char *) lfirst(lc));
	v->seen = palloc0(sizeof(bool) * Max(v->schema->ntables, 1));
	if (backupschema_misplaced(v->schema) != NULL)
		note(v, &v->errors, "backup schema: %s", backupschema_misplaced(v->schema));
}

/* Rows are restored in the file's order: what they reference must have come. */
static void
check_parents_came(Validation *v)
{
	const BackupTable *table = v->table;

	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].ntargets; j++)
		{
			int			target = table->refs[i].targets[j].index;

			if (target >= 0 && target != table->index && !v->seen[target] &&
				v->schema->tables[target].component != table->component)
				note(v, &v->errors,
					 "line " INT64_FORMAT ": table \"%s\" stands before table \"%s\", "
					 "which it references",
					 v->section->line, table->name, v->schema->tables[target].name);
		}
}

static void
take_table(const FileSection *section, void *arg)
{
	Validation *v = arg;

	v->section = section;
	v->table = v->schema != NULL ? backupschema_find_meant(v->schema, section->name) : NULL;
	if (v->schema != NULL && v->table == NULL)
		note(v, &v->errors, "line " INT64_FORMAT ": table \"%s\" is not in the backup schema",
			 section->line, section->name);
	if (v->table == NULL)
		return;
	if (v->seen[v->table->index])
		note(v, &v->errors,
			 "line " INT64_FORMAT ": table \"%s\" stands in it twice, once as \"%s\"",
			 section->line, v->table->name, section->name);
	check_parents_came(v);
	v->seen[v->table->index] = true;
}

static bool
is_named(const RowField *name, const char *column)
{
	return name->len == strlen(column) && memcmp(name->data, column, name->len) == 0;
}

/* In version 1.1 no line names columns, so none is unknown. */
static bool
section_has(const FileSection *section, const RowField *name)
{
	for (int i = 0; i < section->ncolumns; i++)
		if (is_named(name, section->columns[i].utf8))
			return true;
	return section->ncolumns == 0;
}

/* The hash of a table and the texts of its key; false when a part is NULL. */
static bool
hash_key(const Validation *v, const BackupTable *table, int key, char **names, List *members,
		 Hash128 *hash)
{
	int			count = table->keys[key].count;
	StringInfoData text;

	initStringInfo(&text);
	/*
	 * The parts are separated by zeros, which no text of a file can hold: "a", "bc" is
	 * not "ab", "c".
	 */
	appendBinaryStringInfo(&text, table->name, strlen(table->name) + 1);
	appendBinaryStringInfo(&text, (char *) &key, sizeof(key));
	for (int i = 0; i < count; i++)
	{
		const RowField *found = NULL;
		ListCell   *lc;

		foreach(lc, members)
			if (strcmp(((Member *) lfirst(lc))->name, names[i]) == 0)
				found = &((Member *) lfirst(lc))->value;
		if (found == NULL || found->kind == FIELD_NULL)
			return false;
		appendBinaryStringInfo(&text, found->data, found->len);
		appendStringInfoChar(&text, '\0');
	}
	*hash = hash128(text.data, text.len);
	return count > 0;
}

/* What is looked up may come without what else its row refers to. */
static bool
has_members(const FileSection *section, const BackupRef *ref)
{
	for (int i = 0; section->lookup != LOOKUP_NONE && i < ref->nfields; i++)
	{
		RowField	name = {ref->fields[i], strlen(ref->fields[i]), FIELD_STRING};

		if (!section_has(section, &name))
			return false;
	}
	return true;
}

/*
 * Circular ones may lead to rows that come later, and places inside json or a choice of
 * tables say nothing by their columns alone: only what is sure is told.
 */
static void
check_reference(Validation *v, const BackupRef *ref, List *members, int64 line)
{
	const BackupTable *target;
	Hash128		hash;

	if (ref->kind != REF_COLUMNS || ref->circular || ref->targets[0].index < 0)
		return;
	target = &v->schema->tables[ref->targets[0].index];
	if (ref->nfields != target->keys[ref->key].count ||
		!hash_key(v, target, ref->key, ref->fields, members, &hash) ||
		hash_search(v->keys, &hash, HASH_FIND, NULL) != NULL)
		return;
	note(v, &v->warnings,
		 "line " INT64_FORMAT ": the row of table \"%s\" references a row of \"%s\" through \"%s\" "
		 "that is not in the backup: %s",
		 line, v->table->name, target->name, ref->fields[0],
		 ref->required ? "it will be skipped" : "the reference will be NULL");
}

static void
check_row(Validation *v, List *members, int64 line)
{
	const BackupTable *table = v->table;
	Hash128		hash;

	if (table->npk > 0 && !hash_key(v, table, 0, table->pk, members, &hash))
		note(v, &v->errors, "line " INT64_FORMAT ": the row of table \"%s\" has no key \"%s\"",
			 line, table->name, table->pk[0]);
	else if (table->npk > 0)
	{
		bool		found;

		(void) hash_search(v->keys, &hash, HASH_ENTER, &found);
		if (found)
			note(v, &v->errors,
				 "line " INT64_FORMAT ": the key of the row of table \"%s\" stands in "
				 "the backup twice",
				 line, table->name);
	}
	for (int i = 1; i < table->nkeys; i++)
		if (hash_key(v, table, i, table->keys[i].names, members, &hash))
			(void) hash_search(v->keys, &hash, HASH_ENTER, NULL);
	for (int i = 0; i < table->nrefs; i++)
		if (has_members(v->section, &table->refs[i]))
			check_reference(v, &table->refs[i], members, line);
}

static void
take_row(const char *object, int len, int64 line, void *arg)
{
	Validation *v = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(v->rowcxt);
	char	   *copy = palloc(len + 1);
	RowScanner	scanner;
	RowField	name;
	RowField	value;
	List	   *members = NIL;

	CHECK_FOR_INTERRUPTS();
	/* The scanner writes into what it reads, and the row belongs to the reader. */
	memcpy(copy, object, len);
	row_scan_begin(&scanner, copy, len, v->lenient);
	while (row_scan_next(&scanner, &name, &value))
	{
		Member	   *member = palloc(sizeof(Member));

		member->name = pnstrdup(name.data, name.len);
		member->value = value;
		members = lappend(members, member);
		if (!section_has(v->section, &name))
			note(v, &v->errors,
				 "line " INT64_FORMAT ": member \"%s\" is not among the columns of "
				 "table \"%s\"",
				 line, member->name, v->section->name);
	}
	if (scanner.error.message != NULL)
		note(v, &v->errors, "line " INT64_FORMAT ": %s", line, scanner.error.message);
	else if (v->table != NULL)
		check_row(v, members, line);
	MemoryContextSwitchTo(oldcxt);
	MemoryContextReset(v->rowcxt);
}

static void
read_document(void *arg)
{
	static const FileEvents events = {take_header, take_table, take_row};
	Validation *v = arg;

	v->reader = filereader_create(&events, v, false);
	filereader_feed(v->reader, v->document, v->len);
	/*
	 * Sums and counts are asked last, and raise: what the rows were short of is noted by
	 * then.
	 */
	filereader_finish(v->reader);
	for (int i = 0; v->schema != NULL && i < v->schema->ntables; i++)
		if (!v->seen[i])
			note(v, &v->warnings, "table \"%s\" of the backup schema is not in the backup",
				 v->schema->tables[i].name);
}

static void
write_messages(JsonWriter *w, const char *key, Messages *messages)
{
	if (messages->count > MAX_MESSAGES)
		messages->texts = lappend(
			messages->texts, psprintf("and " INT64_FORMAT " more", messages->count - MAX_MESSAGES));
	json_put_strings(w, key, messages->texts);
}

Jsonb *
backup_validate(const char *document, size_t len, Jsonb *backup_schema)
{
	Validation	v = {document, len, backup_schema};
	HASHCTL		control = {.keysize = sizeof(Hash128), .entrysize = sizeof(Hash128)};
	ErrorData  *error;
	JsonWriter	w;

	v.cxt = control.hcxt = CurrentMemoryContext;
	v.rowcxt = AllocSetContextCreate(v.cxt, "db_adapter validate row", ALLOCSET_DEFAULT_SIZES);
	v.keys = hash_create("db_adapter backup keys", 1024, &control,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	error = query_attempt(read_document, &v, true);
	if (error != NULL)
		note(&v, &v.errors, "%s%s%s", error->message, error->detail ? ": " : "",
			 error->detail ? error->detail : "");

	json_init(&w);
	json_begin_object(&w);
	json_put_bool(&w, "valid", v.errors.count == 0);
	write_messages(&w, "errors", &v.errors);
	write_messages(&w, "warnings", &v.warnings);
	json_end_object(&w);
	return json_finish(&w);
}
