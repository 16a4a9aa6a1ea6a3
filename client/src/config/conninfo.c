/*
 * conninfo.c
 *		Connection strings: what kind, whether they parse, and where the secrets are.
 *
 * libpq has the last word on whether a string parses, but its messages quote what it
 * did not understand, which may be half of a password.  So a scan of our own, by the
 * same rules, finds where the secrets are and says what is wrong by position; libpq is
 * asked afterwards, and its message is thrown away.
 *
 * Where the text is not what it seems, more is hidden rather than less: everything
 * that could be a secret, were the string meant differently, counts as one.  No
 * function here sends or resolves anything.
 */
#include "config/conninfo.h"

#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/settings.h"

#define PLACEHOLDER "[YOUR-PASSWORD]"
#define MASK "***"
#define MAX_SECRETS 8

/* a part of the text */
typedef struct Span
{
	size_t		start;
	size_t		end;
} Span;

/* what a scan found; `what` and err serve its messages (what NULL: no messages) */
typedef struct Scan
{
	const char *text;
	const char *what;
	dba_error **err;
	Span		secrets[MAX_SECRETS];
	size_t		count;
	bool		open_end;		/* of keywords: the last value is missing */
	bool		has_user;		/* of URLs: user[:password]@ */
	Span		user;
	Span		password;		/* of URLs; empty when there is none */
} Scan;

static const char *const secret_keywords[] = {"password", "sslpassword", "sslkey_password"};

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

ConninfoKind
conninfo_kind(const char *text)
{
	const char *scheme = strstr(text, "://");

	if (strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0)
		return CONNINFO_URL;
	if (has_prefix(text, "http://") || has_prefix(text, "https://"))
		return CONNINFO_HTTP;
	/* Before any =, or it is a part of a value. */
	if (scheme != NULL && (strchr(text, '=') == NULL || scheme < strchr(text, '=')))
		return CONNINFO_OTHER;
	if (strchr(text, '=') != NULL)
		return CONNINFO_KEYWORDS;
	return CONNINFO_NONE;
}

bool
conninfo_has_placeholder(const char *text)
{
	return strstr(text, PLACEHOLDER) != NULL;
}

#define scan_fail(scan, ...)                                                                       \
	((scan)->what != NULL ? error_set((scan)->err, DBA_CONFIG, __VA_ARGS__) : false)

static void
add_secret(Scan *scan, size_t start, size_t end)
{
	if (scan->count < MAX_SECRETS && start < end)
		scan->secrets[scan->count++] = (Span){start, end};
	else if (start < end)
		scan->secrets[MAX_SECRETS - 1].end = end;	/* too many: hide all from there on */
}

static bool
is_secret(const char *keyword, size_t len)
{
	for (size_t i = 0; i < sizeof(secret_keywords) / sizeof(secret_keywords[0]); i++)
	{
		if (strlen(secret_keywords[i]) == len && strncmp(secret_keywords[i], keyword, len) == 0)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- keywords */

/* Does libpq know the keyword?  The answer names the nearest one. */
static bool
check_keyword(Scan *scan, const char *keyword, size_t len, PQconninfoOption *options)
{
	const char *names[64];
	const char *nearest;
	size_t		count = 0;
	char		given[64];

	/* An old name for sslmode=require, which libpq takes but does not list. */
	if (len == 10 && strncmp(keyword, "requiressl", len) == 0)
		return true;
	for (PQconninfoOption *o = options; o->keyword != NULL; o++)
	{
		if (strlen(o->keyword) == len && strncmp(o->keyword, keyword, len) == 0)
			return true;
		if (count < sizeof(names) / sizeof(names[0]))
			names[count++] = o->keyword;
	}
	if (len >= sizeof(given))
		return scan_fail(scan, "%s: unknown parameter at position %zu", scan->what,
						 (size_t) (keyword - scan->text) + 1);
	memcpy(given, keyword, len);
	given[len] = '\0';
	nearest = dba_nearest(given, names, count);
	/* what stands there may be half of a password: it is not shown */
	if (nearest == NULL)
		return scan_fail(scan, "%s: unknown parameter at position %zu", scan->what,
						 (size_t) (keyword - scan->text) + 1);
	return scan_fail(scan, "%s: unknown parameter at position %zu; perhaps you meant \"%s\"",
					 scan->what, (size_t) (keyword - scan->text) + 1, nearest);
}

/* The end of a value, quoted or not; NULL when its quote is not closed or it ends
 * with the backslash that escapes what follows. */
static const char *
skip_value(const char *p)
{
	bool		quoted = *p == '\'';

	if (quoted)
		p++;
	for (; *p != '\0'; p++)
	{
		if (*p == '\\')
		{
			if (*++p == '\0')
				return NULL;
		}
		else if (quoted ? *p == '\'' : strchr(" \t\r\n\f\v", *p) != NULL)
			return quoted ? p + 1 : p;
	}
	return quoted ? NULL : p;
}

/* key = value {key = value} */
static bool
scan_keywords(Scan *scan, PQconninfoOption *options)
{
	static const char space[] = " \t\r\n\f\v";
	const char *text = scan->text;
	const char *p = text + strspn(text, space);

	while (*p != '\0')
	{
		const char *keyword = p;
		size_t		len = strcspn(p, " \t\r\n\f\v=");
		const char *value;

		p += len;
		p += strspn(p, space);
		if (*p != '=' || len == 0)
		{
			add_secret(scan, (size_t) (keyword - text), strlen(text));
			return scan_fail(scan, "%s: expected \"key = value\" at position %zu", scan->what,
							 (size_t) (keyword - text) + 1);
		}
		p++;
		value = p + strspn(p, space);
		p = skip_value(value);
		scan->open_end = *value == '\0';
		if (p != NULL && is_secret(keyword, len))
			add_secret(scan, (size_t) (value + (*value == '\'') - text),
					   (size_t) (p - (*value == '\'') - text));
		else if (p == NULL)
			add_secret(scan, (size_t) (value - text), strlen(text));
		if (p == NULL)
			return scan_fail(scan, "%s: the value at position %zu has no end", scan->what,
							 (size_t) (value - text) + 1);
		if (options != NULL && !check_keyword(scan, keyword, len, options))
			return false;
		p += strspn(p, space);
	}
	return true;
}

/* ---------------------------------------------------------------- URLs */

static bool
is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

static bool
check_percent(Scan *scan)
{
	for (const char *p = strchr(scan->text, '%'); p != NULL; p = strchr(p + 1, '%'))
	{
		if (!is_hex(p[1]) || !is_hex(p[2]) || (p[1] == '0' && p[2] == '0'))
			return scan_fail(scan,
							 "%s: \"%%\" at position %zu is not followed by two hexadecimal digits "
							 "of a character",
							 scan->what, (size_t) (p - scan->text) + 1);
	}
	return true;
}

/* [user[:password]@], as libpq finds it; what looks like one but is not is a secret too.
 * Without a colon before it an @ is one of the database's name. */
static const char *
scan_credentials(Scan *scan, const char *start)
{
	const char *text = scan->text;
	const char *at = start + strcspn(start, "@/");
	const char *last = strrchr(start, '@');
	const char *colon;

	if (*at != '@')
	{
		if (last == NULL || last > start + strcspn(start, "?") ||
			start[strcspn(start, ":/")] != ':')
			return start;
		add_secret(scan, (size_t) (start - text), (size_t) (last - text));
		scan_fail(scan, "%s: user or password hold a \"/\"; it must be written as %%2F",
				  scan->what);
		return NULL;
	}
	colon = memchr(start, ':', (size_t) (at - start));
	scan->has_user = true;
	scan->user = (Span){(size_t) (start - text), (size_t) ((colon != NULL ? colon : at) - text)};
	scan->password = (Span){(size_t) (at - text), (size_t) (at - text)};
	if (colon != NULL)
		scan->password.start = (size_t) (colon + 1 - text);
	/*
	 * libpq takes the first @ as the end, so the rest of the password would be a host name,
	 * and stand in messages.
	 */
	if (last > at && last < at + strcspn(at, "/?"))
	{
		add_secret(scan, scan->user.start, (size_t) (last - text));
		scan_fail(scan, "%s: user or password hold a \"@\"; it must be written as %%40",
				  scan->what);
		return NULL;
	}
	add_secret(scan, scan->password.start, scan->password.end);
	return at + 1;
}

/* The digits at p, which may be percent-encoded. */
static size_t
port_digits(const char *p, size_t *length)
{
	const char *start = p;
	size_t		digits;

	for (digits = 0;; digits++)
	{
		if (*p >= '0' && *p <= '9')
			p++;
		else if (p[0] == '%' && p[1] == '3' && p[2] >= '0' && p[2] <= '9')
			p += 3;
		else
			break;
	}
	*length = (size_t) (p - start);
	return digits;
}

/* host[:port]{,host[:port]}: ports are numbers, IPv6 addresses stand in brackets */
static const char *
scan_hosts(Scan *scan, const char *p)
{
	const char *end = p + strcspn(p, "/?");

	while (p < end)
	{
		if (*p == '[')
		{
			const char *bracket = memchr(p, ']', (size_t) (end - p));

			if (bracket == NULL)
			{
				scan_fail(scan, "%s: \"[\" at position %zu is not closed", scan->what,
						  (size_t) (p - scan->text) + 1);
				return NULL;
			}
			p = bracket + 1;
		}
		p += strcspn(p, ":,/?");
		if (*p == ':')
		{
			size_t		length;
			size_t		digits = port_digits(p + 1, &length);

			p += 1 + length;
			if (digits > 5 || (p < end && *p != ','))
			{
				scan_fail(scan, "%s: expected a port number at position %zu", scan->what,
						  (size_t) (p - length - scan->text) + 1);
				return NULL;
			}
		}
		if (p < end)
			p++;
	}
	return end;
}

/* ?key=value{&key=value}; libpq lets the last ? or & stand alone, but not "?&" */
static bool
scan_parameters(Scan *scan, const char *p, PQconninfoOption *options)
{
	const char *text = scan->text;
	bool		ok = true;

	while (*p == '?' || *p == '&')
	{
		const char *keyword = p + 1;
		size_t		len = strcspn(keyword, "=&");
		const char *value = keyword + len;

		if (*keyword == '\0')
			break;
		if (*value != '=')
		{
			add_secret(scan, (size_t) (keyword - text), (size_t) (value - text));
			return scan_fail(scan, "%s: expected \"key=value\" at position %zu", scan->what,
							 (size_t) (keyword - text) + 1);
		}
		value++;
		p = value + strcspn(value, "&");
		/* a key may be percent-encoded: then nobody here knows what it is */
		if (is_secret(keyword, len) || memchr(keyword, '%', len) != NULL)
			add_secret(scan, (size_t) (value - text), (size_t) (p - text));
		/* two that only URLs know: ssl=true and, for JDBC's sake, nothing else */
		if (ok && options != NULL && !(len == 3 && strncmp(keyword, "ssl", 3) == 0) &&
			memchr(keyword, '%', len) == NULL)
			ok = check_keyword(scan, keyword, len, options);
	}
	return ok;
}

static bool
scan_url(Scan *scan, PQconninfoOption *options)
{
	const char *p = strstr(scan->text, "://") + 3;

	p = scan_credentials(scan, p);
	if (p == NULL || (scan->what != NULL && !check_percent(scan)))
		return false;
	p = scan_hosts(scan, p);
	if (p == NULL)
	{
		/* whatever stands where a port should may be a misplaced secret */
		add_secret(scan,
				   scan->has_user ? scan->password.end + 1
								  : (size_t) (strstr(scan->text, "://") + 3 - scan->text),
				   strlen(scan->text));
		return false;
	}
	p += strcspn(p, "?");
	return scan_parameters(scan, p, options);
}

static bool
scan_http(Scan *scan)
{
	const char *start = strstr(scan->text, "://") + 3;
	const char *end = start + strcspn(start, "/?#");
	const char *at = strrchr(start, '@');

	if (at != NULL)
	{
		add_secret(scan, (size_t) (start - scan->text), (size_t) (at - scan->text));
		return scan_fail(scan,
						 "%s: an http URL takes no user and password; the key goes into api_key",
						 scan->what);
	}
	if (*end == '?' || *end == '#' || strpbrk(end, "?#") != NULL)
	{
		add_secret(scan, (size_t) (strpbrk(start, "?#") - scan->text), strlen(scan->text));
		return scan_fail(scan, "%s: an http URL takes no parameters", scan->what);
	}
	if (start == end || strpbrk(start, " \t\r\n\"\\<>") != NULL)
		return scan_fail(scan, "%s: not a valid http URL", scan->what);
	return true;
}

/* ---------------------------------------------------------------- what the scan did not see */

static bool
starts_secret(const Scan *scan, size_t start)
{
	for (size_t i = 0; i < scan->count; i++)
		if (scan->secrets[i].start <= start && start < scan->secrets[i].end)
			return true;
	return false;
}

/* From where on all is hidden: behind the first "password =", "passwrd=" or "pwd=" that the
 * scan took for something else. */
static size_t
mask_from(const Scan *scan)
{
	static const char *const words[] = {"pass", "pwd"};
	size_t		cut = strlen(scan->text);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (const char *at = strcasestr(scan->text, words[i]); at != NULL;
			 at = strcasestr(at + 1, words[i]))
		{
			const char *sign =
				at + strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
			size_t		start;

			sign += strspn(sign, " \t");
			if (*sign != '=')
				continue;
			sign += 1 + strspn(sign + 1, " \t");
			sign += *sign == '\'';
			start = (size_t) (sign - scan->text);
			if (*sign != '\0' && *sign != '\'' && !starts_secret(scan, start) && start < cut)
				cut = start;
		}
	return cut;
}

/* ---------------------------------------------------------------- checking */

/* libpq's own opinion; its message is not shown. */
static bool
check_by_libpq(Scan *scan)
{
	char	   *message = NULL;
	PQconninfoOption *options = PQconninfoParse(scan->text, &message);
	bool		ok = options != NULL;

	PQconninfoFree(options);
	if (!ok && message == NULL)
		return error_set_no_memory(scan->err);
	PQfreemem(message);
	return ok || scan_fail(scan, "%s: the connection string is not valid", scan->what);
}

bool
conninfo_check(const char *text, const char *what, dba_error **err)
{
	Scan		scan = {.text = text, .what = what, .err = err};
	ConninfoKind kind = conninfo_kind(text);
	PQconninfoOption *options;
	bool		ok;

	if (kind == CONNINFO_HTTP)
		return scan_http(&scan);
	if (kind != CONNINFO_URL && kind != CONNINFO_KEYWORDS)
		return error_set(err, DBA_CONFIG,
						 "%s: expected a postgresql:// or https:// URL or a \"key = value\" string",
						 what);
	options = PQconndefaults();
	if (options == NULL)
		return error_set_no_memory(err);
	ok = kind == CONNINFO_URL ? scan_url(&scan, options) : scan_keywords(&scan, options);
	PQconninfoFree(options);
	/* a host of that name would be told in messages */
	if (ok && kind == CONNINFO_KEYWORDS && mask_from(&scan) < strlen(text))
		return scan_fail(&scan, "%s: a password stands inside of another value, at position %zu",
						 what, mask_from(&scan) + 1);
	return ok && check_by_libpq(&scan);
}

/* What is no connection string, but perhaps was to be one: a URL of another kind, one whose
 * beginning is spelt wrong. */
static void
mask_other(Scan *scan)
{
	const char *text = scan->text;
	const char *scheme = strstr(text, "://");
	const char *at = strrchr(text, '@');
	const char *from = strpbrk(text, ":/");

	if (scheme != NULL)
		add_secret(scan, (size_t) (scheme + 3 - text), strlen(text));
	else if (at != NULL && from != NULL && from < at)
		add_secret(scan, (size_t) (from + 1 - text), (size_t) (at - text));
}

char *
conninfo_mask(const char *text)
{
	Scan		scan = {.text = text};
	Buf			masked = BUF_INIT;
	size_t		done = 0;
	size_t		cut;

	switch (conninfo_kind(text))
	{
		case CONNINFO_URL:
			(void) scan_url(&scan, NULL);
			break;
		case CONNINFO_KEYWORDS:
			(void) scan_keywords(&scan, NULL);
			break;
		case CONNINFO_HTTP:
			(void) scan_http(&scan);
			break;
		default:
			mask_other(&scan);
			break;
	}
	cut = mask_from(&scan);
	for (size_t i = 0; i < scan.count; i++)
	{
		if (scan.secrets[i].end <= done || scan.secrets[i].start >= cut)
			continue;
		if (scan.secrets[i].start > done)
			buf_append(&masked, text + done, scan.secrets[i].start - done);
		buf_puts(&masked, MASK);
		done = scan.secrets[i].end;
	}
	if (cut > done)
		buf_append(&masked, text + done, cut - done);
	if (cut < strlen(text) && cut >= done)
		buf_puts(&masked, MASK);
	return buf_take(&masked);
}

/* ---------------------------------------------------------------- passwords */

static void
write_percent_encoded(Buf *buf, const char *text)
{
	for (; *text != '\0'; text++)
	{
		unsigned char c = (unsigned char) *text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-._~", c) != NULL)
			buf_putc(buf, (char) c);
		else
			buf_printf(buf, "%%%02X", c);
	}
}

/* A value of a key=value string; quotes are wanted unless they are there already. */
static void
write_quoted(Buf *buf, const char *text, bool quotes)
{
	if (quotes)
		buf_putc(buf, '\'');
	for (; *text != '\0'; text++)
	{
		if (*text == '\'' || *text == '\\')
			buf_putc(buf, '\\');
		buf_putc(buf, *text);
	}
	if (quotes)
		buf_putc(buf, '\'');
}

/* Every placeholder becomes the password. */
static void
replace_placeholder(Buf *buf, const char *text, const char *password, bool url)
{
	const char *found;

	while ((found = strstr(text, PLACEHOLDER)) != NULL)
	{
		buf_append(buf, text, (size_t) (found - text));
		if (url)
			write_percent_encoded(buf, password);
		else
			write_quoted(buf, password, buf->len == 0 || buf_text(buf)[buf->len - 1] != '\'');
		text = found + strlen(PLACEHOLDER);
	}
	buf_puts(buf, text);
}

/* Of two passwords libpq takes the last. */
static bool
append_password(Buf *buf, const char *text, const char *password, const char *what, dba_error **err)
{
	Scan		scan = {.text = text, .what = what, .err = err};

	if (!scan_keywords(&scan, NULL))
		return false;
	buf_puts(buf, text);
	buf_puts(buf, scan.open_end ? "'' password=" : " password=");
	write_quoted(buf, password, true);
	return true;
}

/* user:OLD@host or user@host becomes user:NEW@host. */
static bool
replace_url_password(Buf *buf, const char *text, const char *password, const char *what,
					 dba_error **err)
{
	Scan		scan = {.text = text, .what = what, .err = err};

	if (scan_credentials(&scan, strstr(text, "://") + 3) == NULL)
		return false;
	if (!scan.has_user)
		return error_set(err, DBA_CONFIG,
						 "%s: a password is given, but the URL has no user to whom it belongs",
						 what);
	buf_append(buf, text, scan.user.end);
	buf_putc(buf, ':');
	write_percent_encoded(buf, password);
	buf_puts(buf, text + scan.password.end);
	return true;
}

char *
conninfo_set_password(const char *text, const char *password, const char *what, dba_error **err)
{
	bool		url = conninfo_kind(text) == CONNINFO_URL;
	Buf			buf = BUF_INIT;
	bool		ok = true;
	char	   *result;

	if (conninfo_has_placeholder(text))
		replace_placeholder(&buf, text, password, url);
	else if (url)
		ok = replace_url_password(&buf, text, password, what, err);
	else
		ok = append_password(&buf, text, password, what, err);
	if (!ok)
	{
		buf_free(&buf);
		return NULL;
	}
	result = buf_take(&buf);
	if (result == NULL)
		error_set_no_memory(err);
	return result;
}
