/*
 * keymatch.c
 *	  Match keys of two databases that one of them calls equal: the verb match_keys.
 *
 * What two servers write alike they can compare themselves.  Texts that a collation
 * calls equal, and values of types that others brought, only a server can: the one at
 * whose rows the keys are aimed.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/digest/keymatch.h"
#include "data/row/hash128.h"
#include "data/select/naturalrow.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/tuplestore.h"

typedef struct MatchEntry
{
	Hash128		hash;
	int			number;
} MatchEntry;

static KeyForm **
create_forms(const KeyList *list)
{
	KeyForm	  **forms = palloc(sizeof(KeyForm *) * Max(list->ncolumns, 1));

	for (int i = 0; i < list->ncolumns; i++)
		forms[i] = keyform_create(keylist_type(list->columns[i].type), list->columns[i].collation);
	return forms;
}

/* Equal keys have equal hashes; NULL is equal to NULL. */
static Hash128
hash_key(const KeyList *list, KeyForm **forms, int key, StringInfo bytes)
{
	resetStringInfo(bytes);
	for (int i = 0; i < list->ncolumns; i++)
	{
		size_t		at = (size_t) key * list->ncolumns + i;
		int			begin = bytes->len;
		int			len;

		appendBinaryStringInfo(bytes, (const char *) &begin, sizeof(int));
		if (!list->nulls[at])
			keyform_append(forms[i], bytes, list->values[at]);
		len = list->nulls[at] ? -1 : bytes->len - begin;
		memcpy(bytes->data + begin, &len, sizeof(int));
	}
	return hash128(bytes->data, bytes->len);
}

static HTAB *
hash_others(const KeyList *list, KeyForm **forms, StringInfo bytes)
{
	HASHCTL		control = {
		.keysize = sizeof(Hash128), .entrysize = sizeof(MatchEntry), .hcxt = CurrentMemoryContext};
	HTAB	   *entries = hash_create("db_adapter keys to match", Max(list->nkeys, 1), &control,
									  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	for (int i = 0; i < list->nkeys; i++)
	{
		Hash128		hash = hash_key(list, forms, i, bytes);
		bool		found;
		MatchEntry *entry = hash_search(entries, &hash, HASH_ENTER, &found);

		CHECK_FOR_INTERRUPTS();
		if (!found)
			entry->number = i;
	}
	return entries;
}

static KeyList *
read_keys(Selection *s, const BackupTable *table, Jsonb *keys, const char *name)
{
	if (!JB_ROOT_IS_ARRAY(keys) || JB_ROOT_IS_SCALAR(keys))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must be a JSON array", name)));
	return naturalrow_keys(s, table, &keys->root);
}

void
keymatch_run(const KeyMatchOptions *options, ReturnSetInfo *result)
{
	Jsonb	   *document = options->backup_schema;
	BackupSchema *schema = outside_bind(&document, true, false, NULL, NULL);
	BackupTable *table = backupschema_table(schema, options->table, "argument \"table\"");
	Selection  *s = selection_create(schema, options->user_id);
	KeyList	   *keys;
	KeyForm	  **forms;
	HTAB	   *others;
	StringInfoData bytes;

	keys = read_keys(s, table, options->keys, "keys");
	if (keys->exact)
		return;
	initStringInfo(&bytes);
	forms = create_forms(keys);
	others = hash_others(read_keys(s, table, options->others, "others"), forms, &bytes);
	for (int i = 0; i < keys->nkeys; i++)
	{
		Hash128		hash = hash_key(keys, forms, i, &bytes);
		MatchEntry *entry = hash_search(others, &hash, HASH_FIND, NULL);
		Datum		values[2] = {Int32GetDatum(i)};
		bool		nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		if (entry == NULL)
			continue;
		values[1] = Int32GetDatum(entry->number);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}
