/*
 * fuzz_json.c
 *		JSON: the same however it is cut, and the same when written and read again.
 */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "json/json.h"

static bool
count_token(void *arg, JsonToken token, const char *text, size_t len)
{
	uint64_t   *sum = arg;

	*sum = *sum * 31 + (uint64_t) token;
	for (size_t i = 0; i < len; i++)
		*sum = *sum * 31 + (unsigned char) text[i];
	return true;
}

/* Acceptance and tokens of the text fed in pieces of `cut` bytes. */
static bool
read_cut(const char *text, size_t size, size_t cut, uint64_t *sum)
{
	JsonReader	reader;
	bool		ok = true;

	*sum = 0;
	json_reader_init(&reader, count_token, sum);
	for (size_t i = 0; i < size && ok; i += cut)
		ok = json_reader_feed(&reader, text + i, size - i < cut ? size - i : cut);
	ok = ok && json_reader_finish(&reader);
	json_reader_free(&reader);
	return ok;
}

static void
check_again(const JsonValue *value)
{
	Arena		arena = {0};
	Buf			once = BUF_INIT;
	Buf			twice = BUF_INIT;
	JsonValue  *again;
	cJSON	   *tree = json_to_cjson(value);

	json_write(&once, value);
	again = json_parse(&arena, buf_text(&once), once.len, "again", NULL);
	CHECK(again != NULL);
	json_write(&twice, again);
	CHECK(strcmp(buf_text(&once), buf_text(&twice)) == 0);
	CHECK(tree != NULL && json_from_cjson(&arena, tree, "cJSON", NULL) != NULL);
	cJSON_Delete(tree);
	buf_free(&once);
	buf_free(&twice);
	arena_free(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	Arena		arena = {0};
	uint64_t	whole;
	uint64_t	cut;
	bool		ok = read_cut(text, size, size + 1, &whole);
	JsonValue  *value;

	CHECK(read_cut(text, size, 1, &cut) == ok && (!ok || cut == whole));
	CHECK(read_cut(text, size, 3, &cut) == ok && (!ok || cut == whole));
	value = json_parse(&arena, text, size, "text", NULL);
	CHECK(value == NULL || ok); /* a name that comes twice is refused only here */
	if (value != NULL)
		check_again(value);
	arena_free(&arena);
	return 0;
}
