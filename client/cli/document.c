/*
 * document.c
 *		The one JSON document of --json, and documents that are read.

A file from outside may be damaged or hostile.  It is an error, told with line and column,
when it is not JSON to its end, not UTF-8, or has a NUL byte where C would see the end;
and an object with one name twice is refused, since we and the server would not read the
same of it.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "file.h"

static bool printed;

/*
 * For documents that are put out by hand: main prints one for a failure only where none
 * was.
 */
void
document_printed(void)
{
	printed = true;
}

void
document_print(cJSON *document)
{
	document_print_to(stdout, document);
}

/* Takes the document over. */
void
document_print_to(FILE *to, cJSON *document)
{
	char	   *text = cJSON_Print(document);

	if (text != NULL)
		fprintf(to, "%s\n", text);
	printed = true;
	cJSON_free(text);
	cJSON_Delete(document);
}

/* A command that printed its answer and then failed has said what there is: a second
 * document would break whoever reads one. */
void
document_print_failure(FILE *to, cJSON *error)
{
	cJSON	   *document = cJSON_CreateObject();

	if (error == NULL)
	{
		error = cJSON_CreateObject();
		cJSON_AddStringToObject(error, "message", message_last());
	}
	cJSON_AddItemToObject(document, "error", error);
	if (printed)
		cJSON_Delete(document);
	else
		document_print_to(to, document);
}

/* "" where it is absent or no text: for what is shown, not for what is decided. */
const char *
document_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "";
}

/* ---------------------------------------------------------------- reading */

/* "NAME:3:14: WHAT", at that byte of the text; columns are characters. */
static cJSON *
fail_at(const char *name, const char *text, const char *at, const char *what)
{
	size_t		line = 1;
	size_t		column = 1;

	for (const char *c = text; c < at; c++)
	{
		if (*c == '\n')
		{
			line++;
			column = 1;
		}
		else if (((unsigned char) *c & 0xC0) != 0x80)
			column++;
	}
	message_usage("%s:%zu:%zu: %s", name, line, column, what);
	return NULL;
}

/* The first byte that is not UTF-8; NULL: all are.  The text ends with a NUL. */
static const char *
find_not_utf8(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *) text;
	const unsigned char *end = c + len;

	while (c < end)
	{
		int			more = *c < 0x80 ? 0 : *c < 0xC2 ? -1 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : 3;

		/* what is left of surrogates, of longer forms than needed, and beyond U+10FFFF */
		if (more < 0 || *c > 0xF4 || (*c == 0xE0 && c[1] < 0xA0) || (*c == 0xED && c[1] > 0x9F) ||
			(*c == 0xF0 && c[1] < 0x90) || (*c == 0xF4 && c[1] > 0x8F))
			return (const char *) c;
		for (int i = 1; i <= more; i++)
		{
			if ((c[i] & 0xC0) != 0x80)
				return (const char *) c;
		}
		c += more + 1;
	}
	return NULL;
}

/* Sorted, equal names stand together. */
static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *) a)->string, (*(const cJSON *const *) b)->string);
}

/* The name that stands twice in one object of it; NULL: none does. */
static const char *
find_twice(const cJSON *value)
{
	size_t		count = cJSON_IsObject(value) ? (size_t) cJSON_GetArraySize(value) : 0;
	const cJSON **members = count > 1 ? malloc(count * sizeof(cJSON *)) : NULL;
	const cJSON *member;
	const char *found = NULL;
	size_t		n = 0;

	cJSON_ArrayForEach(member, value)
	{
		if (members != NULL)
			members[n++] = member;
		if (found == NULL)
			found = find_twice(member);
	}
	if (members != NULL)
		qsort(members, count, sizeof(cJSON *), compare_names);
	for (size_t i = 1; i < n && found == NULL; i++)
	{
		if (strcmp(members[i - 1]->string, members[i]->string) == 0)
			found = members[i]->string;
	}
	free(members);
	return found;
}

/* All of it or nothing.  The first thing wrong is told, with its place in the file. */
cJSON *
document_parse(const char *name, const char *text, size_t len)
{
	const char *nul = memchr(text, '\0', len);
	const char *wrong = find_not_utf8(text, len);
	const char *twice;
	const char *end = NULL;
	cJSON	   *value;

	if (wrong != NULL && (nul == NULL || wrong < nul))
		return fail_at(name, text, wrong, "not UTF-8");
	if (nul != NULL)
		return fail_at(name, text, nul, "malformed JSON: a NUL byte");
	value = cJSON_ParseWithLengthOpts(text, len + 1, &end, true);
	if (value == NULL)
		return fail_at(name, text, end != NULL ? end : text + len, "malformed JSON");
	twice = find_twice(value);
	if (twice == NULL)
		return value;
	message_usage("%s: \"%s\" stands twice in one object", name, twice);
	cJSON_Delete(value);
	return NULL;
}

/* *text, if asked for, is what was read, to be passed on as it stands. */
cJSON *
document_read_file(const char *path, const char *what, char **text)
{
	size_t		len;
	char	   *all = file_read(path, what, &len);
	cJSON	   *value = all != NULL ? document_parse(path, all, len) : NULL;

	if (text != NULL && value != NULL)
		*text = all;
	else
		free(all);
	return value;
}
