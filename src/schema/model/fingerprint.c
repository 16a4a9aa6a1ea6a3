/*
 * fingerprint.c
 *	  A hash of a schema's content, by walking the description of its structs.
 *
 * What goes into the hash is unambiguous: each value is preceded by the name of
 * its member and its length, lists by their count, and a member that is absent
 * is not written.  So no two different schemas give the same bytes.
 */
#include "postgres.h"

#include "base/compat.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "schema/model/fingerprint.h"

/* Bytes gathered before the hash function is called. */
#define FINGERPRINT_BATCH 32768

typedef struct Fingerprint
{
	pg_cryptohash_ctx *hash;
	StringInfoData bytes;
} Fingerprint;

static void put_object(Fingerprint *f, const SchemaKind *kind, const void *object);

static void
flush(Fingerprint *f)
{
	if (pg_cryptohash_update(f->hash, (uint8 *) f->bytes.data, f->bytes.len) < 0)
		elog(ERROR, "could not compute a hash");
	resetStringInfo(&f->bytes);
}

static void
put_int(Fingerprint *f, int64 value)
{
	uint8		bytes[8];

	/* The same order on every machine. */
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8) ((uint64) value >> (8 * i));
	appendBinaryStringInfo(&f->bytes, (char *) bytes, sizeof(bytes));
}

static void
put_text(Fingerprint *f, const char *value)
{
	int			len = strlen(value);

	put_int(f, len);
	appendBinaryStringInfo(&f->bytes, value, len);
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static void
put_list(Fingerprint *f, const SchemaMember *member, List *list)
{
	ListCell   *lc;

	put_int(f, list_length(list));
	if (member->compare == COMPARE_SET)
	{
		list = list_copy(list);
		list_sort(list, compare_texts);
	}
	foreach(lc, list)
	{
		CHECK_FOR_INTERRUPTS();
		if (member->type == MEMBER_STRINGS)
			put_text(f, lfirst(lc));
		else
			put_object(f, member->child, lfirst(lc));
	}
}

static void
put_member(Fingerprint *f, const SchemaMember *member, const void *object)
{
	switch (member->type)
	{
		case MEMBER_TEXT:
			put_text(f, SCHEMA_TEXT(object, member));
			break;
		case MEMBER_BOOL:
			break;
		case MEMBER_INT:
			put_int(f, SCHEMA_INT(object, member));
			break;
		default:
			put_list(f, member, SCHEMA_LIST(object, member));
	}
}

static bool
is_hashed(const SchemaMember *member)
{
	return member->compare != COMPARE_OWNER && member->compare != COMPARE_APART &&
		   member->compare != COMPARE_NEVER;
}

static void
put_object(Fingerprint *f, const SchemaKind *kind, const void *object)
{
	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *member = &kind->members[i];

		if (!is_hashed(member) || !schema_is_present(member, object))
			continue;
		put_text(f, member->name);
		put_member(f, member, object);
	}
	put_int(f, -1);
	if (f->bytes.len > FINGERPRINT_BATCH)
		flush(f);
}

static char *
hex_digest(const uint8 *digest, int len)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "sha256:");
	for (int i = 0; i < len; i++)
		appendStringInfo(&out, "%02x", digest[i]);
	return out.data;
}

char *
fingerprint_schema(const Schema *schema)
{
	Fingerprint f;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	initStringInfo(&f.bytes);
	f.hash = pg_cryptohash_create(PG_SHA256);
	if (f.hash == NULL || pg_cryptohash_init(f.hash) < 0)
		elog(ERROR, "could not compute a hash");
	put_object(&f, &schema_kind, schema);
	flush(&f);
	if (pg_cryptohash_final(f.hash, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a hash");
	pg_cryptohash_free(f.hash);
	return hex_digest(digest, sizeof(digest));
}
