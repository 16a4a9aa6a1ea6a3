/*
 * secrets.c
 *		Passwords among the arguments: not for ps, and not for messages that quote them.
 *
 * A URL that is spelt wrong is no URL to anybody: it is looked for as a profile, a file, a
 * command, and the message says that there is none of that name, password and all.  So
 * arguments are looked at before they mean anything.  What may hold a secret is hidden
 * where everybody on the machine can read it, and what does is put out of messages.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "print.h"

#define MAX_HIDDEN 64
#define SHOWN "***"

static char *hidden[MAX_HIDDEN];	/* copies of arguments */
static size_t hidden_count;

/* password=, passwrd =, pwd=, apikey= */
static bool
assigns_secret(const char *text)
{
	static const char *const words[] = {"pass", "word", "pwd", "secret", "key", "token"};

	for (const char *sign = strchr(text, '='); sign != NULL; sign = strchr(sign + 1, '='))
	{
		const char *end = sign;
		const char *start;

		while (end > text && strchr(" \t", end[-1]) != NULL)
			end--;
		for (start = end; start > text && strchr(" \t&?;,'\"", start[-1]) == NULL;)
			start--;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		{
			const char *word = strcasestr(start, words[i]);

			if (word != NULL && word < end)
				return true;
		}
	}
	return false;
}

/* user:password@, with or without what a URL begins with */
static bool
names_secret(const char *text)
{
	const char *scheme = strstr(text, "://");
	const char *at = strrchr(text, '@');
	const char *colon = strchr(scheme != NULL ? scheme + 3 : text, ':');

	/* a URL without an @ may have lost it; JSON and sentences are neither */
	if (scheme != NULL)
		return colon != NULL && (at == NULL ? strchr(colon, '/') == NULL : colon < at);
	return at != NULL && colon != NULL && colon < at && strpbrk(text, " \t\n\"{}") == NULL;
}

static bool
holds_secret(const char *text)
{
	return names_secret(text) || assigns_secret(text);
}

/* The value of an option that names a database may be a URL of any kind. */
static bool
may_hold_secret(const char *before, const char *text)
{
	static const char *const options[] = {"--profile", "--from", "-f"};

	if (strstr(text, "://") != NULL || strstr(text, "password") != NULL || holds_secret(text))
		return true;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
	{
		size_t		len = strlen(options[i]);

		if (strcmp(before, options[i]) == 0 && strpbrk(text, "@=") != NULL)
			return true;
		if (strncmp(text, options[i], len) == 0 && text[len] == '=' &&
			strpbrk(text + len + 1, "@=") != NULL)
			return true;
	}
	return false;
}

bool
secrets_hide(char **argv)
{
	for (int i = 1; argv[i] != NULL; i++)
	{
		char	   *copy;

		if (!may_hold_secret(argv[i - 1], argv[i]))
			continue;
		copy = hidden_count < MAX_HIDDEN ? strdup(argv[i]) : NULL;
		if (copy == NULL)
			return false;
		memset(argv[i], '*', strlen(argv[i]));
		argv[i] = copy;
		hidden[hidden_count++] = copy;
	}
	return true;
}

void
secrets_free(void)
{
	while (hidden_count > 0)
		free(hidden[--hidden_count]);
}

/* The option's name, where it is one argument with its value, is no secret. */
static const char *
value_of(const char *argument)
{
	const char *sign = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;

	return sign != NULL ? sign + 1 : argument;
}

void
secrets_remove(char *text)
{
	for (size_t i = 0; i < hidden_count; i++)
	{
		const char *secret = value_of(hidden[i]);
		size_t		len = strlen(secret);
		char	   *at = text;

		if (!holds_secret(secret) || len < sizeof(SHOWN))
			continue;
		while ((at = strstr(at, secret)) != NULL)
		{
			memcpy(at, SHOWN, sizeof(SHOWN) - 1);
			memmove(at + sizeof(SHOWN) - 1, at + len, strlen(at + len) + 1);
			at += sizeof(SHOWN) - 1;
		}
	}
}
