/*
 * fuzz_schema.c
 *		The reader of the backup schema, as an argument and as a file's header has it:
 *		whatever the document, it is refused, or its references lead to its tables.
 */
#include "server.h"

#include "data/backupschema/backupschema.h"

typedef struct Run
{
	char	   *text;
	bool		strict;
} Run;

static void
check_ref(const BackupSchema *schema, const BackupTable *table, const BackupRef *ref)
{
	if (ref->nfields < 1 || ref->ntargets < 0)
		__builtin_trap();
	for (int i = 0; i < ref->ntargets; i++)
	{
		const BackupRefTarget *target = &ref->targets[i];

		if (target->index < -1 || target->index >= schema->ntables)
			__builtin_trap();
		if (target->index >= 0 &&
			backupschema_find_meant(schema, target->table) != &schema->tables[target->index])
			__builtin_trap();
		if (target->index >= 0 && !ref->circular &&
			schema->tables[target->index].component == table->component)
			__builtin_trap();
	}
}

static void
read_schema(void *arg)
{
	Run		   *run = arg;
	Jsonb	   *document = server_jsonb(run->text);
	BackupSchema *schema = backupschema_parse(&document->root, run->strict);

	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];

		if (table->index != i || table->component < 0 || table->component >= schema->ncomponents ||
			table->tenant_depth >= schema->ntables)
			__builtin_trap();
		if (backupschema_find(schema, table->name) != table)
			__builtin_trap();
		for (int j = 0; j < table->nrefs; j++)
			check_ref(schema, table, &table->refs[j]);
	}
	(void) backupschema_misplaced(schema);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	Run			run;

	if (size < 1)
		return 0;
	run.strict = data[0] & 1;
	run.text = malloc(size);
	memcpy(run.text, data + 1, size - 1);
	run.text[size - 1] = '\0';
	(void) server_run(read_schema, &run);
	free(run.text);
	return 0;
}
