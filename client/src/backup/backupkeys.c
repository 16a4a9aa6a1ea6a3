/*
 * backupkeys.c
 *		The key of a row, as a hash of its columns' texts.
 */
#include "backup/backupkeys.h"

#include <string.h>

#include "base/hash.h"

void
backupkey_clear(BackupKey *key)
{
	memset(key->present, 0, key->count * sizeof(key->present[0]));
}

void
backupkey_set(BackupKey *key, const char *column, const char *text, size_t len)
{
	for (size_t i = 0; i < key->count; i++)
	{
		if (strcmp(key->columns[i], column) != 0)
			continue;
		key->present[i] = text != NULL;
		key->values[i] = text != NULL ? hash_text(text, len) : 0;
	}
}

bool
backupkey_hash(const BackupKey *key, uint64_t *hash)
{
	*hash = UINT64_C(0x2545F4914F6CDD1D);
	for (size_t i = 0; i < key->count; i++)
	{
		if (!key->present[i])
			return false;
		*hash = hash_mix(*hash + key->values[i]);
	}
	*hash |= *hash == 0;
	return true;
}
