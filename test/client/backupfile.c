/*
 * backupfile.c
 *		Backup files checked without a server: both formats, every kind of damage.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/checksum.h"
#include "base/crc32c_table.h"
#include "db_adapter.h"
#include "oom.h"

#define SCHEMA                                                                                     \
	"{\"tables\":[{\"name\":\"a\"},{\"name\":\"b\",\"pk\":[\"id\",\"n\"],"                         \
	"\"parent\":{\"table\":\"a\",\"field\":\"a_id\"},\"optional_refs\":[{\"table\":\"b\","         \
	"\"field\":[\"up\",\"n\"]}]}]}"
#define HEADER                                                                                     \
	"{\"format\":\"db_adapter.backup\",\"version\":\"2.0\",\"metadata\":{},\"backup_"              \
	"schema\":" SCHEMA "}\n"
#define TABLE_A "{\"table\":\"a\",\"columns\":{\"id\":\"int4\",\"name\":\"text\"}}\n"
#define TABLE_B                                                                                    \
	"{\"table\":\"b\",\"columns\":{\"id\":\"int4\",\"n\":\"int4\",\"a_id\":\"int4\",\"up\":"       \
	"\"int4\"}}\n"
#define ROWS_A "{\"id\":1,\"name\":\"x\"}\n{\"id\":2}\n"
#define ROWS_B "{\"id\":1,\"n\":1,\"a_id\":1,\"up\":2}\n{\"id\":2,\"n\":1,\"a_id\":2}\n"

/* body and its right trailer */
static char *
with_trailer(const char *body, int a, int b)
{
	static char text[8192];

	snprintf(text, sizeof(text),
			 "%s{\"end\":true,\"record_counts\":{\"a\":%d,\"b\":%d},\"bytes\":%zu,\"crc32c\":\"%"
			 "08x\"}\n",
			 body, a, b, strlen(body), crc32c_finish(crc32c_add(CRC32C_INIT, body, strlen(body))));
	return text;
}

/* "FORMAT ROWS", then the errors, then the warnings, one a line */
static const char *
check(const char *schema, const char *text, size_t len, size_t cut)
{
	static char answer[8192];
	dba_error  *error = NULL;
	dba_backup_check *c = dba_backup_check_new(schema, &error);
	Buf			buf = BUF_INIT;
	bool		valid;

	if (c == NULL)
	{
		snprintf(answer, sizeof(answer), "%s", dba_error_message(error));
		dba_error_free(error);
		return answer;
	}
	for (size_t i = 0; i < len; i += cut)
		assert_true(dba_backup_check_feed(c, text + i, len - i < cut ? len - i : cut));
	valid = dba_backup_check_end(c, &error);
	assert_int_equal(valid, dba_error_code(error) == DBA_OK);
	dba_error_free(error);
	buf_printf(&buf, "%s %d", dba_backup_check_format(c), (int) dba_backup_check_rows(c, NULL));
	for (size_t i = 0; dba_backup_check_error(c, i) != NULL; i++)
		buf_printf(&buf, "\nE %s", dba_backup_check_error(c, i));
	for (size_t i = 0; dba_backup_check_warning(c, i) != NULL; i++)
		buf_printf(&buf, "\nW %s", dba_backup_check_warning(c, i));
	assert_int_equal(valid, strstr(buf_text(&buf), "\nE ") == NULL);
	snprintf(answer, sizeof(answer), "%s", buf_text(&buf));
	buf_free(&buf);
	dba_backup_check_free(c);
	return answer;
}

/* the answer must not depend on the cuts */
static const char *
verdict(const char *schema, const char *text)
{
	size_t		len = strlen(text);
	char	   *whole = strdup(check(schema, text, len, len + 1));

	for (size_t cut = 1; cut < 40; cut += 3)
		assert_string_equal(check(schema, text, len, cut), whole);
	free(whole);
	return check(schema, text, len, len + 1);
}

static void
test_good(void **state)
{
	dba_backup_check *c;
	char	   *text = with_trailer(HEADER TABLE_A ROWS_A TABLE_B ROWS_B, 2, 2);

	(void) state;
	assert_string_equal(verdict(NULL, text), "jsonl 4");
	assert_string_equal(verdict(SCHEMA, text), "jsonl 4");
	/* a row may have members of these names: the writer escapes them */
	text =
		with_trailer(HEADER TABLE_A "{\"id\":1,\"name\":\"{\\\"end\\\":true}\"}\n" TABLE_B, 1, 0);
	assert_string_equal(verdict(NULL, text), "jsonl 1");
	c = dba_backup_check_new(NULL, NULL);
	assert_true(dba_backup_check_feed(c, text, strlen(text)));
	assert_true(dba_backup_check_end(c, NULL));
	assert_string_equal(dba_backup_check_table(c, 1), "b");
	assert_null(dba_backup_check_table(c, 2));
	assert_int_equal(dba_backup_check_rows(c, "a"), 1);
	dba_backup_check_free(c);
}

static void
test_rows(void **state)
{
	(void) state;
	assert_string_equal(
		verdict(NULL,
				with_trailer(HEADER TABLE_A "{\"id\":1}\n{\"id\":1}\n{\"name\":\"x\"}\n" TABLE_B, 3,
							 0)),
		"jsonl 3\nE line 4: table \"a\": the row's key comes twice\n"
		"E line 5: table \"a\": the row has no key \"id\"");
	assert_string_equal(
		verdict(NULL,
				with_trailer(HEADER TABLE_A "{\"id\":1,\"nme\":2}\n{\"id\":2,\"id\":3}\n" TABLE_B,
							 2, 0)),
		"jsonl 2\nE line 3: member \"nme\" is not a column of table \"a\"\nE line 4: member \"id\" "
		"comes twice");
	assert_string_equal(
		verdict(NULL, with_trailer(HEADER TABLE_A "[1]\n{\"id\":2,}\n{\"id\":3}\n" TABLE_B, 2, 0)),
		"jsonl 2\nE line 3: table \"a\": a row must be an object\n"
		"E line 4, column 9: unexpected \"}\"");
	assert_string_equal(verdict(NULL, with_trailer(HEADER TABLE_A "\n" TABLE_B, 0, 0)),
						"jsonl 0\nE line 3, column 1: no value");
	assert_string_equal(verdict(NULL, with_trailer(HEADER "{\"id\":1}\n" TABLE_A TABLE_B, 0, 0)),
						"jsonl 0\nE line 2: a row stands before its table line");
	assert_string_equal(
		verdict(NULL, with_trailer(HEADER TABLE_A TABLE_A "{\"id\":1}\n" TABLE_B, 0, 0)),
		"jsonl 0\nE line 3: table \"a\" comes twice");
}

static void
test_references(void **state)
{
	(void) state;
	assert_string_equal(
		verdict(NULL, with_trailer(HEADER TABLE_A ROWS_A TABLE_B "{\"id\":1,\"n\":1,\"a_id\":7}\n",
								   2, 1)),
		"jsonl 3\nE line 6: table \"b\": \"a_id\" refers to a row of \"a\" that is not in the "
		"file");
	assert_string_equal(
		verdict(NULL, with_trailer(HEADER TABLE_A ROWS_A TABLE_B
								   "{\"id\":1,\"n\":1,\"a_id\":1,\"up\":9}\n",
								   2, 1)),
		"jsonl 3\nW line 6: table \"b\": \"up\" refers to a row of \"b\" that is not in the file");
	/* NULL in a reference refers to nothing */
	assert_string_equal(
		verdict(NULL, with_trailer(HEADER TABLE_A ROWS_A TABLE_B "{\"id\":1,\"n\":1}\n", 2, 1)),
		"jsonl 3");
	assert_string_equal(verdict(NULL, with_trailer(HEADER TABLE_B TABLE_A, 0, 0)),
						"jsonl 0\nE line 2: table \"b\" stands before \"a\", to which it refers");
	assert_string_equal(verdict("{\"tables\":[{\"name\":\"a\"},{\"name\":\"c\"}]}",
								with_trailer(HEADER TABLE_A TABLE_B, 0, 0)),
						"jsonl 0\nW line 3: table \"b\" is not in the backup schema\n"
						"W table \"c\" of the backup schema is not in the file");
}

static void
test_damage(void **state)
{
	char	   *text = strdup(with_trailer(HEADER TABLE_A ROWS_A TABLE_B ROWS_B, 2, 2));
	size_t		len = strlen(text);

	(void) state;
	/* every cut is noticed, wherever it is */
	for (size_t cut = 1; cut < len - 1; cut++)
		assert_non_null(strstr(check(NULL, text, cut, cut), "\nE "));
	/* the newline at the end alone may be missing */
	assert_string_equal(check(NULL, text, len - 1, len), "jsonl 4");
	/* every flipped bit of the rows is noticed */
	for (size_t i = strlen(HEADER TABLE_A); i < strlen(HEADER TABLE_A ROWS_A); i++)
	{
		text[i] ^= 1;
		assert_non_null(strstr(check(NULL, text, len, len), "\nE "));
		text[i] ^= 1;
	}
	text = realloc(text, len + 16);
	/* the last line may be ended once more */
	strcpy(text + len, "\n\n");
	assert_string_equal(verdict(NULL, text), "jsonl 4");
	strcpy(text + len, "{\"id\":1}\n");
	assert_non_null(strstr(verdict(NULL, text), "E line 9: something follows the trailer"));
	free(text);
	assert_string_equal(verdict(NULL, with_trailer(HEADER TABLE_A ROWS_A TABLE_B, 3, 0)),
						"jsonl 2\nE line 6: table \"a\" has 2 rows, the trailer says 3");
	assert_non_null(
		strstr(verdict(NULL, HEADER TABLE_A
					   "{\"end\":true,\"record_counts\":{},\"bytes\":1,\"crc32c\":\"0\"}\n"),
			   "E line 3: the trailer does not count table \"a\""));
	assert_non_null(
		strstr(verdict(NULL, "{\"format\":\"db_adapter.backup\",\"version\":\"3.0\"}\n"),
			   "E line 1: version \"3.0\" is not known here"));
	assert_string_equal(
		verdict("{\"tables\":[{\"name\":\"a\",\"parent\":{\"table\":\"b\",\"field\":\"x\"}}]}", ""),
		"backup schema: table \"a\" refers to \"b\", which is not in it");
}

static void
test_sha256(void **state)
{
	static const char body[] =
		"{\"format\":\"db_adapter.backup\",\"version\":\"2.0\",\"checksum\":\"sha256\","
		"\"metadata\":{},\"backup_schema\":" SCHEMA "}\n" TABLE_A ROWS_A TABLE_B;
	unsigned char digest[SHA256_SIZE];
	Sha256		sha;
	Buf			text = BUF_INIT;

	(void) state;
	sha256_init(&sha);
	sha256_add(&sha, body, strlen(body));
	sha256_finish(&sha, digest);
	buf_puts(&text, with_trailer(body, 2, 0));
	text.len -= 2;
	buf_puts(&text, ",\"sha256\":\"");
	for (int i = 0; i < SHA256_SIZE; i++)
		buf_printf(&text, "%02x", digest[i]);
	buf_puts(&text, "\"}\n");
	assert_string_equal(verdict(NULL, buf_text(&text)), "jsonl 2");
	text.data[text.len - 4] ^= 1;
	assert_non_null(strstr(verdict(NULL, buf_text(&text)), "E line 6: the SHA-256 is "));
	buf_free(&text);
}

static void
test_document(void **state)
{
	(void) state;
	assert_string_equal(
		verdict(SCHEMA, "{\"metadata\": {\"version\": \"1.1\", \"a_count\": 2, \"b_count\": 1},\n"
						"\"a\": [{\"id\": 1, \"f\": NaN},\n{\"id\": 2, \"f\": -Infinity}],\n"
						"\"b\": [{\"id\": 1, \"n\": 1, \"a_id\": 2, \"up\": null}]}\n"),
		"json 3");
	/* metadata may come last */
	assert_string_equal(
		verdict(NULL, "{\"a\":[\n{\"id\":1}],\"metadata\":{\"version\":\"1.1\",\"a_count\":1}}"),
		"json 1");
	assert_string_equal(
		verdict(SCHEMA, "{\"b\":[{\"id\":1,\"n\":1,\"a_id\":5}],\n\"a\":[{\"id\":1}],"
						"\"metadata\":{\"version\":\"1.1\",\"a_count\":4,\"b_count\":1}}"),
		"json 2\nE line 1: table \"b\" stands before \"a\", to which it refers\n"
		"E metadata: \"a_count\" is 4, but there are 1 rows\n"
		"E line 1: table \"b\": \"a_id\" refers to a row of \"a\" that is not in the file");
	assert_string_equal(verdict(NULL, "{\"a\":[{\"id\":1}]}"),
						"json 1\nE \"metadata\" is missing: this is not a backup");
	assert_string_equal(verdict(NULL, "{\"a\":[{\"id\":1},\n{\"id"),
						"json 2\nE line 2, column 5: string without an end: the file is cut off");
	assert_string_equal(verdict(NULL, "{\"a\":{}}"),
						"json 0\nE line 1: table \"a\" must be an array of rows");
	assert_string_equal(verdict(NULL, "[]"), "json 0\nE line 1: a backup must be an object");
	assert_string_equal(verdict(NULL, ""),
						"json 0\nE line 1, column 1: no value: the file is cut off");
	assert_string_equal(verdict(NULL, "{\"metadata\":{\"version\":\"9\"}}"),
						"json 0\nE metadata: version \"9\" is not known here");
}

static void
test_long_values(void **state)
{
	size_t		len = 3 * 1024 * 1024;
	char	   *text = malloc(len + 1024);
	size_t		before = oom_outstanding();

	(void) state;
	strcpy(text, HEADER TABLE_A "{\"id\":1,\"name\":\"");
	memset(text + strlen(HEADER TABLE_A "{\"id\":1,\"name\":\""), 'x', len);
	strcpy(text + strlen(HEADER TABLE_A "{\"id\":1,\"name\":\"") + len, "\"}\n");
	assert_string_equal(check(NULL, text, strlen(text), 1000),
						"jsonl 1\nE line 4: the file ends without its trailer: it is cut off\n"
						"W table \"b\" of the backup schema is not in the file");
	free(text);
	assert_int_equal(oom_outstanding(), before);
}

/* ---------------------------------------------------------------- the tail */

static const char *
tail_of(const char *text, size_t len)
{
	static char answer[256];
	dba_error  *error = NULL;
	FILE	   *file = tmpfile();
	bool		ok;

	fwrite(text, 1, len, file);
	fflush(file);
	ok = dba_backup_check_tail(fileno(file), &error);
	assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 0);
	assert_int_equal(ok, error == NULL);
	snprintf(answer, sizeof(answer), "%s", dba_error_message(error));
	dba_error_free(error);
	fclose(file);
	return answer;
}

static void
test_tail(void **state)
{
	char	   *text = with_trailer(HEADER TABLE_A ROWS_A TABLE_B ROWS_B, 2, 2);
	size_t		len = strlen(text);
	int			fds[2];

	(void) state;
	assert_string_equal(tail_of(text, len), "");
	assert_string_equal(tail_of(text, len - 1), "");
	for (size_t cut = 0; cut < len - 1; cut++)
		assert_string_not_equal(tail_of(text, cut), "");
	/* a hole in the middle shows too */
	memmove(text + 400, text + 401, len - 400);
	assert_string_not_equal(tail_of(text, len - 1), "");
	assert_string_equal(tail_of("{\"metadata\":{}}\n", 16), "");
	assert_string_not_equal(tail_of("{\"metadata\":{\n", 14), "");
	assert_int_equal(pipe(fds), 0);
	assert_true(dba_backup_check_tail(fds[0], NULL));
	close(fds[0]);
	close(fds[1]);
}

static void
test_checksums(void **state)
{
	uint32_t	crc = CRC32C_INIT;
	char		text[100];

	(void) state;
	assert_int_equal(crc32c_finish(crc32c_add(CRC32C_INIT, "123456789", 9)), 0xe3069283);
	for (uint32_t b = 0; b < 256; b++)
	{
		uint32_t	c = b;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? UINT32_C(0x82F63B78) : 0);
		assert_int_equal(table[0][b], c);
		for (int n = 1; n < 8; n++)
			assert_int_equal(table[n][b], table[n - 1][b] >> 8 ^ table[0][table[n - 1][b] & 0xFF]);
	}
	memset(text, 'q', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 7)
		crc = crc32c_add(crc, text + i, sizeof(text) - i < 7 ? sizeof(text) - i : 7);
	assert_int_equal(crc, crc32c_add(CRC32C_INIT, text, sizeof(text)));
	assert_int_equal(crc, crc32c_add_sliced(CRC32C_INIT, text, sizeof(text)));
}

/* ---------------------------------------------------------------- memory */

static void
test_no_memory(void **state)
{
	const char *text = with_trailer(HEADER TABLE_A ROWS_A TABLE_B ROWS_B, 2, 1);
	size_t		before = oom_outstanding();
	int			ended = 0;

	(void) state;
	for (size_t n = 1; !ended; n++)
	{
		dba_error  *error = NULL;
		dba_backup_check *c;

		oom_after(n);
		c = dba_backup_check_new(SCHEMA, &error);
		if (c != NULL && dba_backup_check_feed(c, text, strlen(text)))
			assert_false(dba_backup_check_end(c, &error));
		else if (c != NULL)
			assert_false(dba_backup_check_end(c, &error));
		ended = !oom_hit();
		oom_after(0);
		assert_int_equal(dba_error_code(error), ended ? DBA_INVALID : DBA_NO_MEMORY);
		dba_error_free(error);
		dba_backup_check_free(c);
		assert_int_equal(oom_outstanding(), before);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_references),	cmocka_unit_test(test_damage),
		cmocka_unit_test(test_sha256),		cmocka_unit_test(test_document),
		cmocka_unit_test(test_long_values), cmocka_unit_test(test_tail),
		cmocka_unit_test(test_checksums),	cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
