/*
 * profile.c
 *		Which database: a profile resolved.
 *
 * Asked in this order: the caller, {prefix}DB_PROFILE, the lock file,
 * {prefix}DATABASE_URL.  The first that answers decides; what it says must exist.
 */
#include "config/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/conninfo.h"
#include "base/mem.h"

/* a choice, before it is looked at */
typedef struct Choice
{
	const char *text;			/* a profile's name or a connection string */
	const char *source;
	char	   *lock;			/* what the lock file says, to be freed */
	bool		is_url;
} Choice;

/* ---------------------------------------------------------------- choosing */

/* Nobody answered: say whom we asked. */
static void
fail_no_choice(const dba_config *config, dba_error **err)
{
	const char *prefix = config->env_prefix;
	dba_error  *error;
	Buf			hint = BUF_INIT;

	error = error_new(DBA_PROFILE_NOT_FOUND,
					  "no database chosen: no profile was given, %sDB_PROFILE and %sDATABASE_URL "
					  "are not set, and there is no lock file \"%s\"",
					  prefix, prefix, config_text(config, SETTING_LOCK_FILE));
	if (config->missing)
		buf_printf(&hint, "There is no \"%s\".", config->path);
	else if (config->profiles == NULL)
		buf_printf(&hint, "\"%s\" has no profiles.", config->path);
	else
	{
		buf_printf(&hint, "Profiles in \"%s\":", config->path);
		for (const ConfigProfile *p = config->profiles; p != NULL; p = p->next)
			buf_printf(&hint, "%s %s", p != config->profiles ? "," : "", p->name);
		buf_putc(&hint, '.');
	}
	if (buf_ok(&hint))
		error_hint(error, buf_text(&hint));
	buf_free(&hint);
	error_move(err, error);
}

static bool
choose(const dba_config *config, const char *explicit_choice, Choice *choice, dba_error **err)
{
	dba_error  *error = NULL;
	const char *value;
	bool		known;

	memset(choice, 0, sizeof(*choice));
	/*
	 * The nearest choice wins: what the caller says, then the environment, the lock file that
	 * the last connect left, and at last a URL that is there for every program.
	 */
	if (explicit_choice != NULL && *explicit_choice != '\0')
	{
		*choice = (Choice){explicit_choice, "argument", NULL,
						   conninfo_kind(explicit_choice) != CONNINFO_NONE};
		return true;
	}
	value = config_environment(config, "DB_PROFILE", &known);
	if (!known)
		return error_set_no_memory(err);
	choice->lock = dba_lock_read(config, &error);
	/* a broken lock file matters only to those who need it */
	if (value != NULL)
	{
		dba_error_free(error);
		choice->text = value;
		choice->source = "environment";
		return true;
	}
	if (error != NULL)
	{
		error_move(err, error);
		return false;
	}
	if (choice->lock != NULL)
	{
		choice->text = choice->lock;
		choice->source = "lock file";
		return true;
	}
	choice->text = config_environment(config, "DATABASE_URL", &known);
	choice->source = "DATABASE_URL";
	choice->is_url = true;
	if (choice->text != NULL)
		return true;
	if (!known)
		error_set_no_memory(err);
	else
		fail_no_choice(config, err);
	return false;
}

/* There is no profile of that name: which one was meant? */
static void
fail_unknown_profile(const dba_config *config, const Choice *choice, dba_error **err)
{
	const char *nearest = NULL;
	dba_error  *error;
	Buf			hint = BUF_INIT;
	char	   *shown = conninfo_mask(choice->text);	/* perhaps it was to be a URL */

	if (config->missing)
		error = error_new(DBA_PROFILE_NOT_FOUND,
						  "profile \"%s\" (from %s) not found: there is no \"%s\"",
						  shown != NULL ? shown : "", choice->source, config->path);
	else
		error = error_new(DBA_PROFILE_NOT_FOUND, "profile \"%s\" (from %s) is not in \"%s\"",
						  shown != NULL ? shown : "", choice->source, config->path);
	mem_free(shown);
	for (const ConfigProfile *p = config->profiles; p != NULL; p = p->next)
	{
		const char *pair[2] = {nearest, p->name};
		const char *better = dba_nearest(choice->text, pair, 2);

		nearest = better != NULL ? better : nearest;
	}
	if (nearest != NULL)
		buf_printf(&hint, "Perhaps you meant \"%s\".", nearest);
	else if (config->profiles != NULL)
	{
		for (const ConfigProfile *p = config->profiles; p != NULL; p = p->next)
			buf_printf(&hint, "%s%s", p != config->profiles ? ", " : "Profiles are: ", p->name);
		buf_putc(&hint, '.');
	}
	if (hint.len > 0 && buf_ok(&hint))
		error_hint(error, buf_text(&hint));
	buf_free(&hint);
	error_move(err, error);
}

/* ---------------------------------------------------------------- secrets */

/* One line each. */
static void
add_warning(Buf *warnings, const char *text)
{
	if (warnings->len > 0)
		buf_putc(warnings, '\n');
	buf_puts(warnings, text);
}

/*
 * What db_password or api_key stand for: the value of the variable they name, or,
 * with a warning, themselves.  NULL: a variable is missing, or there is no memory.
 */
static const char *
read_secret(const dba_config *config, const ConfigItem *item, Buf *warnings, dba_error **err)
{
	const char *value = *item->value != '\0' ? getenv(item->value) : NULL;
	Buf			text = BUF_INIT;

	if (value != NULL && *value != '\0')
		return value;
	config_write_where(&text, config, item);
	if (!buf_ok(&text))
		error_set_no_memory(err);
	else if (*item->value == '\0')
		error_set(err, DBA_CONFIG, "%s: %s is empty", buf_text(&text),
				  setting_table[item->id].name);
	else if (config_is_variable(item->value))
		error_set(err, DBA_CONFIG, "%s: environment variable %s, named by %s, is not set",
				  buf_text(&text), item->value, setting_table[item->id].name);
	else
	{
		value = item->value;
		buf_printf(&text, ": %s holds the secret itself; secrets belong in the environment",
				   setting_table[item->id].name);
		add_warning(warnings, buf_text(&text));
	}
	buf_free(&text);
	return value != NULL && *value != '\0' ? value : NULL;
}

/* ---------------------------------------------------------------- filling */

/* NULL: no memory.  An absent text is "", so that readers need not ask. */
static const char *
copy_text(char **to, const char *text)
{
	*to = mem_strdup(text != NULL ? text : "");
	return *to;
}

/* The URL with its password in place. */
static bool
fill_url(dba_profile *profile, const dba_config *config, const ConfigItem *url, Buf *warnings,
		 dba_error **err)
{
	const ConfigItem *password = config_find(config, SETTING_DB_PASSWORD, profile->name);
	const char *secret;
	Buf			where = BUF_INIT;
	bool		ok;

	config_write_where(&where, config, url);
	buf_puts(&where, ": url");
	if (!buf_ok(&where))
		ok = error_set_no_memory(err);
	else if (password != NULL && strcmp(profile->provider, "supabase") != 0)
	{
		secret = read_secret(config, password, warnings, err);
		if (secret != NULL)
			profile->url = conninfo_set_password(url->value, secret, buf_text(&where), err);
		ok = profile->url != NULL;
	}
	else if (conninfo_has_placeholder(url->value))
		ok = error_set(err, DBA_CONFIG,
					   "%s: there is a placeholder [YOUR-PASSWORD], but no db_password to fill it",
					   buf_text(&where));
	else
		ok = copy_text(&profile->url, url->value) != NULL || error_set_no_memory(err);
	ok = ok && conninfo_check(profile->url, buf_text(&where), err);
	buf_free(&where);
	return ok;
}

/* The provider must be able to use the URL. */
static bool
check_provider(const dba_profile *profile, const dba_config *config, const ConfigItem *url,
			   dba_error **err)
{
	bool		http = conninfo_kind(url->value) == CONNINFO_HTTP;
	bool		supabase = strcmp(profile->provider, "supabase") == 0;
	Buf			where = BUF_INIT;

	if (http == supabase)
		return true;
	config_write_where(&where, config, url);
	if (!buf_ok(&where))
		error_set_no_memory(err);
	else
		error_set(err, DBA_CONFIG, "%s: provider \"%s\" needs %s URL", buf_text(&where),
				  profile->provider, supabase ? "an https://" : "a postgresql://");
	buf_free(&where);
	return false;
}

/* Of the profile's own section; the environment comes after it, and wins. */
static bool
fill_settings(dba_profile *profile, const dba_config *config, dba_error **err)
{
	Buf			where = BUF_INIT;
	bool		ok = true;

	for (const ConfigItem *item = config->items; item != NULL && ok; item = item->next)
	{
		if (item->id >= SETTING_CLIENT_COUNT || item->profile == NULL ||
			strcmp(item->profile, profile->name) != 0)
			continue;
		buf_reset(&where);
		config_write_where(&where, config, item);
		ok = buf_ok(&where)
				 ? settings_put(&profile->settings, item->id, item->shown, buf_text(&where), err)
				 : error_set_no_memory(err);
	}
	buf_free(&where);
	return ok;
}

/* A profile of db.toml: what it lacks is told with the file's name. */
static bool
fill_named(dba_profile *profile, const dba_config *config, const Choice *choice, Buf *warnings,
		   dba_error **err)
{
	const ConfigItem *url = config_find(config, SETTING_URL, choice->text);
	const ConfigItem *provider = config_find(config, SETTING_PROVIDER, choice->text);
	const ConfigItem *description = config_find(config, SETTING_DESCRIPTION, choice->text);
	const ConfigItem *key = config_find(config, SETTING_API_KEY, choice->text);
	const char *secret;

	if (config_find_profile(config, choice->text) == NULL)
	{
		fail_unknown_profile(config, choice, err);
		return false;
	}
	if (url == NULL || *url->value == '\0')
		return error_set(err, DBA_CONFIG, "%s: profile \"%s\" has no url", config->path,
						 choice->text);
	profile->provider =
		provider != NULL && strcmp(provider->value, "supabase") == 0 ? "supabase" : "postgres";
	if (copy_text(&profile->name, choice->text) == NULL ||
		copy_text(&profile->description, description != NULL ? description->value : "") == NULL)
		return error_set_no_memory(err);
	if (!check_provider(profile, config, url, err) ||
		!fill_url(profile, config, url, warnings, err) || !fill_settings(profile, config, err))
		return false;
	if (key == NULL || strcmp(profile->provider, "supabase") != 0)
		return true;
	secret = read_secret(config, key, warnings, err);
	return secret != NULL &&
		   (copy_text(&profile->api_key, secret) != NULL || error_set_no_memory(err));
}

/* A URL instead of a profile: its form says which provider is meant. */
static bool
fill_direct(dba_profile *profile, const dba_config *config, const Choice *choice, dba_error **err)
{
	bool		known;
	const char *what =
		strcmp(choice->source, "argument") == 0 ? "connection string" : choice->source;

	profile->provider = conninfo_kind(choice->text) == CONNINFO_HTTP ? "supabase" : "postgres";
	if (strcmp(profile->provider, "supabase") == 0)
	{
		/* a URL holds no key: it may be in the environment, and need not be */
		const char *key = config_environment(config, "SUPABASE_KEY", &known);

		if (!known || (key != NULL && copy_text(&profile->api_key, key) == NULL))
			return error_set_no_memory(err);
	}
	if (copy_text(&profile->name, "") == NULL || copy_text(&profile->description, "") == NULL ||
		copy_text(&profile->url, choice->text) == NULL)
		return error_set_no_memory(err);
	if (conninfo_has_placeholder(choice->text))
		return error_set(err, DBA_CONFIG, "%s: the placeholder [YOUR-PASSWORD] was not replaced",
						 what);
	return conninfo_check(choice->text, what, err);
}

/* DB_PROFILE wins over the lock file: say so when they differ. */
static void
warn_about_lock(const Choice *choice, const dba_config *config, Buf *warnings)
{
	Buf			text = BUF_INIT;
	char	   *shown = NULL;
	char	   *locked = NULL;

	if (strcmp(choice->source, "environment") != 0 || choice->lock == NULL ||
		strcmp(choice->lock, choice->text) == 0)
		return;
	/* either may be a URL, or was to be one */
	shown = conninfo_mask(choice->text);
	locked = conninfo_mask(choice->lock);
	buf_printf(&text, "%sDB_PROFILE says \"%s\", the lock file says \"%s\"; the environment wins",
			   config->env_prefix, shown != NULL ? shown : "", locked != NULL ? locked : "");
	mem_free(shown);
	mem_free(locked);
	if (buf_ok(&text))
		add_warning(warnings, buf_text(&text));
	else
		warnings->failed = true;
	buf_free(&text);
}

static bool
profile_fill(dba_profile *profile, const dba_config *config, const Choice *choice, dba_error **err)
{
	Buf			warnings = BUF_INIT;
	bool		ok;

	profile->source = choice->source;
	warn_about_lock(choice, config, &warnings);
	ok = choice->is_url ? fill_direct(profile, config, choice, err)
						: fill_named(profile, config, choice, &warnings, err);
	ok = ok && settings_read_environment(&profile->settings, config->env_prefix, err);
	if (ok)
	{
		profile->masked_url = conninfo_mask(profile->url);
		profile->warning = buf_take(&warnings);
		if (profile->masked_url == NULL || profile->warning == NULL)
			ok = error_set_no_memory(err);
	}
	buf_free(&warnings);
	return ok;
}

/* Without connecting: what comes of it may be shown, and asked about, before. */
dba_profile *
dba_resolve_profile(dba_config *config, const char *explicit_choice, dba_error **err)
{
	dba_profile *profile = mem_zalloc(sizeof(dba_profile));
	Choice		choice = {0};
	bool		ok;

	if (profile == NULL)
	{
		error_set_no_memory(err);
		return NULL;
	}
	ok = choose(config, explicit_choice, &choice, err) &&
		 profile_fill(profile, config, &choice, err);
	mem_free(choice.lock);
	if (!ok)
	{
		dba_profile_free(profile);
		return NULL;
	}
	return profile;
}

void
dba_profile_free(dba_profile *profile)
{
	if (profile == NULL)
		return;
	mem_free(profile->name);
	mem_free(profile->url);
	mem_free(profile->masked_url);
	mem_free(profile->api_key);
	mem_free(profile->description);
	mem_free(profile->warning);
	settings_free(&profile->settings);
	mem_free(profile);
}

const char *
dba_profile_name(const dba_profile *profile)
{
	return profile->name;
}

const char *
dba_profile_source(const dba_profile *profile)
{
	return profile->source;
}

const char *
dba_profile_provider(const dba_profile *profile)
{
	return profile->provider;
}

const char *
dba_profile_url(const dba_profile *profile)
{
	return profile->masked_url;
}

const char *
dba_profile_description(const dba_profile *profile)
{
	return profile->description;
}

const char *
dba_profile_warning(const dba_profile *profile)
{
	return profile->warning;
}
