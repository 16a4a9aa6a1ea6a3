/*
 * fuzz_backup.c
 *		Backup files: the same verdict however they are cut.
 */
#include "db_adapter.h"
#include "fuzz.h"

static size_t
errors_when_cut(const char *schema, const uint8_t *data, size_t size, size_t cut)
{
	dba_backup_check *check = dba_backup_check_new(schema, NULL);
	bool		valid;
	size_t		errors;

	CHECK(check != NULL);
	for (size_t i = 0; i < size; i += cut)
		CHECK(
			dba_backup_check_feed(check, (const char *) data + i, size - i < cut ? size - i : cut));
	valid = dba_backup_check_end(check, NULL);
	errors = dba_backup_check_error_count(check);
	CHECK(valid == (errors == 0));
	CHECK(valid == (dba_backup_check_error(check, 0) == NULL));
	dba_backup_check_free(check);
	return errors;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char schema[] = "{\"tables\": [{\"name\": \"a\"}, {\"name\": \"b\", \"parent\": "
								 "{\"table\": \"a\", \"field\": \"a_id\"},"
								 " \"optional_refs\": [{\"table\": \"b\", \"field\": \"b_id\"}]}]}";
	size_t		whole = errors_when_cut(NULL, data, size, size + 1);

	CHECK(errors_when_cut(NULL, data, size, 1) == whole);
	CHECK(errors_when_cut(NULL, data, size, 7) == whole);
	whole = errors_when_cut(schema, data, size, size + 1);
	CHECK(errors_when_cut(schema, data, size, 5) == whole);
	return 0;
}
