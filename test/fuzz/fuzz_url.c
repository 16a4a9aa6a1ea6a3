/*
 * fuzz_url.c
 *		Connection strings: libpq takes what we take, and masks hide the password.
 */
#include <libpq-fe.h>

#include "config/conninfo.h"
#include "fuzz.h"
#include "base/mem.h"

/* what libpq makes of a secret; "" when there is none */
static char *
option_of(const char *text, const char *keyword)
{
	PQconninfoOption *options = PQconninfoParse(text, NULL);
	char	   *value = NULL;

	CHECK(options != NULL);
	for (PQconninfoOption *o = options; o->keyword != NULL; o++)
	{
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL)
			value = strdup(o->val);
	}
	PQconninfoFree(options);
	return value != NULL ? value : strdup("");
}

/* Of a text with more secrets than are told apart all is hidden from the last on,
 * and no longer read by libpq. */
static size_t
count_of(const char *text, const char *word)
{
	size_t		count = 0;

	while ((text = strstr(text, word)) != NULL)
	{
		count++;
		text += strlen(word);
	}
	return count;
}

static void
check_masked(const char *text, const char *keyword)
{
	char	   *masked;
	char	   *secret;
	char	   *shown;

	if (count_of(text, "password") + count_of(text, "%") >= 8)
		return;
	masked = conninfo_mask(text);
	secret = option_of(text, keyword);
	shown = option_of(masked, keyword);

	CHECK(strcmp(shown, *secret == '\0' ? "" : "***") == 0 ||
		  (*secret == '\0' && strcmp(shown, "***") == 0));
	free(secret);
	free(shown);
	mem_free(masked);
}

static void
check_password(const char *text)
{
	static const char password[] = "p@:/ w'\\%?#&=";
	char	   *with = conninfo_set_password(text, password, "text", NULL);

	if (with != NULL && !conninfo_has_placeholder(text))
	{
		char	   *found = option_of(with, "password");

		/* a password among the parameters of a URL wins over that of its user */
		CHECK(strcmp(found, password) == 0 || strstr(text, "://") != NULL);
		free(found);
	}
	mem_free(with);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	ConninfoKind kind = conninfo_kind(text);

	mem_free(conninfo_mask(text));
	if (conninfo_check(text, "text", NULL) && (kind == CONNINFO_URL || kind == CONNINFO_KEYWORDS))
	{
		check_masked(text, "password");
		check_masked(text, "sslpassword");
		check_password(text);
	}
	free(text);
	return 0;
}
