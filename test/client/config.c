/*
 * config.c
 *		db.toml, profiles, the lock file, settings, connection strings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <libpq-fe.h>

#include "config/conninfo.h"
#include "base/mem.h"
#include "oom.h"
#include "config/profile.h"

static const char project[] = "[profiles.zebra]\n"
							  "url = \"postgresql://user:pass@localhost:5432/mydb\"\n"
							  "description = \"Local\"\n"
							  "[profiles.production]\n"
							  "url = \"postgresql://user:[YOUR-PASSWORD]@host:5432/mydb\"\n"
							  "db_password = \"PROD_DB_PASSWORD\"\n"
							  "[profiles.production.pool]\n"
							  "size = 7\n"
							  "connect_timeout_seconds = 2.5\n"
							  "[profiles.hosted]\n"
							  "provider = \"supabase\"\n"
							  "url = \"https://xyz.supabase.co\"\n"
							  "api_key = \"SUPABASE_KEY\"\n"
							  "[profiles.literal]\n"
							  "url = \"postgresql://user@h/d\"\n"
							  "db_password = \"p@ss/word\"\n"
							  "[schema]\n"
							  "column_defs = \"sub/column-defs.json\"\n"
							  "exclude = []\n"
							  "[sync]\n"
							  "tables = [\"users\", \"orders\"]\n";

static char folder[] = "/tmp/dba-config-XXXXXX";
static char start[4096];

/* Every test begins in an empty folder and without the variables that decide. */
static int
enter(void **state)
{
	(void) state;
	strcpy(folder, "/tmp/dba-config-XXXXXX");
	assert_non_null(getcwd(start, sizeof(start)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	unsetenv("DB_PROFILE");
	unsetenv("DATABASE_URL");
	unsetenv("PROD_DB_PASSWORD");
	unsetenv("SUPABASE_KEY");
	unsetenv("X_DB_PROFILE");
	unsetenv("DB_POOL_SIZE");
	return 0;
}

static int
leave(void **state)
{
	char		command[64];

	(void) state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(chdir(start), 0);
	return system(command);
}

static void
write_file(const char *name, const char *text)
{
	FILE	   *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *
read_file(const char *name)
{
	static char text[1024];
	FILE	   *file = fopen(name, "r");
	size_t		len;

	if (file == NULL)
		return "(none)";
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static dba_config *
load(const char *text)
{
	dba_config *config;
	dba_error  *error = NULL;

	write_file("db.toml", text);
	config = dba_config_load(NULL, NULL, &error);
	assert_string_equal(dba_error_message(error), "");
	assert_non_null(config);
	return config;
}

static const char *
load_problem(const char *text)
{
	static char answer[512];
	dba_error  *error = NULL;

	write_file("db.toml", text);
	assert_null(dba_config_load(NULL, NULL, &error));
	assert_int_equal(dba_error_code(error), DBA_CONFIG);
	snprintf(answer, sizeof(answer), "%s", dba_error_message(error));
	dba_error_free(error);
	return answer;
}

/* "name source provider url warning", or what is wrong */
static const char *
resolve(dba_config *config, const char *choice)
{
	static char answer[1024];
	dba_error  *error = NULL;
	dba_profile *profile = dba_resolve_profile(config, choice, &error);

	if (profile != NULL)
		snprintf(answer, sizeof(answer), "%s|%s|%s|%s|%s", dba_profile_name(profile),
				 dba_profile_source(profile), dba_profile_provider(profile), profile->url,
				 dba_profile_warning(profile));
	else
		snprintf(answer, sizeof(answer), "%d %s HINT %s", (int) dba_error_code(error),
				 dba_error_message(error), dba_error_hint(error));
	dba_profile_free(profile);
	dba_error_free(error);
	return answer;
}

/* ---------------------------------------------------------------- the file */

static void
test_values(void **state)
{
	dba_config *config = load(project);

	(void) state;
	assert_string_equal(dba_config_profile(config, 0), "zebra");
	assert_string_equal(dba_config_profile(config, 1), "production");
	assert_string_equal(dba_config_profile(config, 3), "literal");
	assert_null(dba_config_profile(config, 4));
	assert_null(dba_config_warning(config, 0));
	assert_string_equal(dba_config_value(config, "schema.file"), "schema.sql");
	assert_string_equal(dba_config_value(config, "schema.validate_on_connect"), "true");
	assert_string_equal(dba_config_value(config, "profiles.production.pool.size"), "7");
	assert_string_equal(dba_config_value(config, "profiles.zebra.pool.size"), "5");
	assert_null(dba_config_value(config, "profiles.nobody.pool.size"));
	assert_null(dba_config_value(config, "schema.nothing"));
	assert_string_equal(dba_config_element(config, "sync.tables", 1), "orders");
	assert_null(dba_config_element(config, "sync.tables", 2));
	/* no secret comes out */
	assert_string_equal(dba_config_value(config, "profiles.zebra.url"),
						"postgresql://user:***@localhost:5432/mydb");
	assert_string_equal(dba_config_value(config, "profiles.production.db_password"),
						"PROD_DB_PASSWORD");
	assert_null(dba_config_value(config, "profiles.literal.db_password"));
	dba_config_free(config);
}

/* What stands after an array in one table is found all the same. */
static void
test_after_array(void **state)
{
	dba_config *config = load("[schema]\n"
							  "exclude = [\"a\", \"b\"]\n"
							  "file = \"mine.sql\"\n"
							  "recreate_threshold = 4\n"
							  "[sync]\n"
							  "tables = [\"t\"]\n"
							  "[defaults]\n"
							  "user_id_env = \"TENANT\"\n");

	(void) state;
	assert_string_equal(dba_config_element(config, "schema.exclude", 1), "b");
	assert_string_equal(dba_config_value(config, "schema.file"), "mine.sql");
	assert_string_equal(dba_config_value(config, "schema.recreate_threshold"), "4");
	assert_string_equal(dba_config_element(config, "sync.tables", 0), "t");
	assert_null(dba_config_element(config, "sync.tables", 1));
	assert_string_equal(dba_config_value(config, "defaults.user_id_env"), "TENANT");
	dba_config_free(config);
	/* the server has its own defaults */
	config = load("");
	assert_null(dba_config_value(config, "schema.recreate_threshold"));
	dba_config_free(config);
}

static void
test_folder(void **state)
{
	dba_config *config;

	(void) state;
	assert_int_equal(mkdir("dir", 0700), 0);
	write_file("dir/my.toml", project);
	config = dba_config_load("dir/my.toml", NULL, NULL);
	assert_string_equal(dba_config_value(config, "schema.column_defs"), "dir/sub/column-defs.json");
	assert_string_equal(dba_config_value(config, "schema.file"), "dir/schema.sql");
	assert_null(dba_config_value(config, "schema.backup_schema"));
	dba_config_free(config);
}

static void
test_missing_file(void **state)
{
	dba_config *config = dba_config_load(NULL, NULL, NULL);
	dba_error  *error = NULL;
	char		expected[256];

	(void) state;
	assert_non_null(config);
	snprintf(expected, sizeof(expected), "HINT There is no \"%s/db.toml\".", folder);
	assert_non_null(strstr(resolve(config, NULL), expected));
	assert_non_null(strstr(resolve(config, "local"),
						   "profile \"local\" (from argument) not found: there is no \""));
	dba_config_free(config);
	assert_null(dba_config_load("other.toml", NULL, &error));
	assert_string_equal(dba_error_message(error),
						"could not read \"other.toml\": No such file or directory");
	dba_error_free(error);
}

static void
test_warnings(void **state)
{
	dba_config *config = load("[profiles.a]\nurl = \"host=x\"\ndescripton = "
							  "\"x\"\n[profiles.a.pol]\nsize = 1\n[schemas]\nx = 1\n");

	(void) state;
	assert_string_equal(dba_config_warning(config, 0),
						"db.toml:3:1: unknown key \"profiles.a.descripton\" is ignored; perhaps "
						"you meant \"description\"");
	assert_string_equal(
		dba_config_warning(config, 1),
		"db.toml:4:13: unknown key \"profiles.a.pol\" is ignored; perhaps you meant \"pool\"");
	assert_string_equal(
		dba_config_warning(config, 2),
		"db.toml:6:2: unknown key \"schemas\" is ignored; perhaps you meant \"schema\"");
	assert_null(dba_config_warning(config, 3));
	dba_config_free(config);
}

static void
test_broken_files(void **state)
{
	(void) state;
	assert_string_equal(load_problem("[profiles.x]\nurl = 5\n"),
						"db.toml:2:1: profiles.x.url must be a string");
	assert_string_equal(load_problem("[profiles.x.pool]\n size = 0\n"),
						"db.toml:2:2: pool_size must be an integer between 1 and 10000, not \"0\"");
	assert_string_equal(load_problem("[profiles.x.pool]\nsize = \"5\"\n"),
						"db.toml:2:1: profiles.x.pool.size must be an integer");
	assert_string_equal(load_problem("profiles = 3\n"), "db.toml:1:1: profiles must be a table");
	assert_string_equal(load_problem("[sync]\ntables = [1]\n"),
						"db.toml:2:11: sync.tables must be an array of strings");
	assert_string_equal(load_problem("[profiles.x]\nprovider = \"mysql\"\n"),
						"db.toml:2:1: provider must be one of postgres, supabase, not \"mysql\"");
	assert_non_null(strstr(load_problem("[profiles.x\n"), "db.toml:1:12: malformed TOML: "));
	assert_string_equal(load_problem("a = 1\n[+schema]\n"),
						"db.toml:2:1: malformed TOML: not a key, a table or a comment");
	assert_non_null(strstr(load_problem("\xc3\xa9 = 1\n"), "db.toml:1:1: malformed TOML: "));
	assert_non_null(strstr(load_problem("a = \"x\\u0000y\"\n"),
						   "db.toml:1:1: malformed TOML: a string holds a NUL"));
	/* what the parser read is not shown: it may be a password */
	assert_null(strstr(load_problem("[profiles.x]\nurl = tSecretSecret\n"), "Secret"));
	assert_null(
		strstr(load_problem("[profiles.x]\ndb_password = 12345678901234567890123\n"), "12345"));
}

/* ---------------------------------------------------------------- choosing */

static void
test_passwords(void **state)
{
	dba_config *config = load(project);

	(void) state;
	assert_string_equal(resolve(config, "production"),
						"3 db.toml:6:1: environment variable PROD_DB_PASSWORD, named by "
						"db_password, is not set HINT ");
	setenv("PROD_DB_PASSWORD", "a:b/@ %", 1);
	assert_string_equal(
		resolve(config, "production"),
		"production|argument|postgres|postgresql://user:a%3Ab%2F%40%20%25@host:5432/mydb|");
	assert_string_equal(
		resolve(config, "literal"),
		"literal|argument|postgres|postgresql://user:p%40ss%2Fword@h/d|"
		"db.toml:16:1: db_password holds the secret itself; secrets belong in the environment");
	assert_string_equal(
		resolve(config, "hosted"),
		"3 db.toml:13:1: environment variable SUPABASE_KEY, named by api_key, is not set HINT ");
	setenv("SUPABASE_KEY", "k", 1);
	assert_string_equal(resolve(config, "hosted"),
						"hosted|argument|supabase|https://xyz.supabase.co|");
	dba_config_free(config);
	config = load("[profiles.x]\nurl = \"postgresql://u:[YOUR-PASSWORD]@h\"\n[profiles.y]\nurl = "
				  "\"https://h\"\n[profiles.z]\n");
	assert_string_equal(resolve(config, "x"),
						"3 db.toml:2:1: url: there is a placeholder [YOUR-PASSWORD], but no "
						"db_password to fill it HINT ");
	assert_string_equal(resolve(config, "y"),
						"3 db.toml:4:1: provider \"postgres\" needs a postgresql:// URL HINT ");
	assert_string_equal(resolve(config, "z"), "3 db.toml: profile \"z\" has no url HINT ");
	dba_config_free(config);
}

static void
test_order(void **state)
{
	dba_config *config = load(project);

	(void) state;
	assert_string_equal(resolve(config, NULL),
						"2 no database chosen: no profile was given, DB_PROFILE and DATABASE_URL "
						"are not set, and there is no"
						" lock file \".db-profile\" HINT Profiles in \"db.toml\": zebra, "
						"production, hosted, literal.");
	setenv("DATABASE_URL", "postgresql://u:p@direct/d", 1);
	assert_string_equal(resolve(config, NULL), "|DATABASE_URL|postgres|postgresql://u:p@direct/d|");
	assert_true(dba_lock_write(config, "zebra", NULL));
	assert_string_equal(resolve(config, NULL),
						"zebra|lock file|postgres|postgresql://user:pass@localhost:5432/mydb|");
	setenv("DB_PROFILE", "zebra", 1);
	assert_string_equal(resolve(config, NULL),
						"zebra|environment|postgres|postgresql://user:pass@localhost:5432/mydb|");
	assert_true(dba_lock_write(config, "hosted", NULL));
	assert_string_equal(
		resolve(config, NULL),
		"zebra|environment|postgres|postgresql://user:pass@localhost:5432/mydb|"
		"DB_PROFILE says \"zebra\", the lock file says \"hosted\"; the environment wins");
	assert_string_equal(resolve(config, "postgres://a@b/c"),
						"|argument|postgres|postgres://a@b/c|");
	assert_string_equal(resolve(config, "zebr"),
						"2 profile \"zebr\" (from argument) is not in \"db.toml\""
						" HINT Perhaps you meant \"zebra\".");
	dba_config_free(config);
	/* the prefix leads to other variables */
	config = dba_config_load(NULL, "X_", NULL);
	setenv("X_DB_PROFILE", "literal", 1);
	assert_non_null(strstr(resolve(config, NULL), "literal|environment"));
	dba_config_free(config);
}

static void
test_lock_file(void **state)
{
	dba_config *config = load(project);
	dba_error  *error = NULL;
	char	   *name;

	(void) state;
	assert_null(dba_lock_read(config, &error));
	assert_null(error);
	assert_true(dba_lock_clear(config, &error));
	assert_true(dba_lock_write(config, "zebra", &error));
	assert_string_equal(read_file(".db-profile"), "zebra\n");
	name = dba_lock_read(config, &error);
	assert_string_equal(name, "zebra");
	dba_free(name);
	assert_false(dba_lock_write(config, "two\nlines", &error));
	assert_int_equal(dba_error_code(error), DBA_INVALID);
	dba_error_free(error);
	error = NULL;
	write_file(".db-profile", "  \n");
	assert_null(dba_lock_read(config, &error));
	assert_null(error);
	write_file(".db-profile", "a\nb\n");
	assert_null(dba_lock_read(config, &error));
	assert_string_equal(dba_error_message(error),
						"lock file \".db-profile\" does not hold a profile's name");
	dba_error_free(error);
	error = NULL;
	assert_true(dba_lock_clear(config, &error));
	assert_string_equal(read_file(".db-profile"), "(none)");
	/* what cannot be written leaves nothing behind */
	assert_int_equal(mkdir(".db-profile", 0700), 0);
	assert_false(dba_lock_write(config, "zebra", &error));
	dba_error_free(error);
	assert_int_equal(system("test $(ls -A | wc -l) = 2"), 0);
	dba_config_free(config);
}

/* ---------------------------------------------------------------- settings */

static void
test_settings(void **state)
{
	dba_config *config = load(project);
	dba_profile *profile;
	Settings	settings = {0};
	dba_error  *error = NULL;

	(void) state;
	setenv("PROD_DB_PASSWORD", "x", 1);
	profile = dba_resolve_profile(config, "production", NULL);
	assert_int_equal(settings_integer(&profile->settings, SETTING_POOL_SIZE), 7);
	assert_int_equal(settings_milliseconds(&profile->settings, SETTING_CONNECT_TIMEOUT), 2500);
	assert_int_equal(settings_integer(&profile->settings, SETTING_POOL_MAX_OVERFLOW), 10);
	assert_true(settings_boolean(&profile->settings, SETTING_POOL_PRE_PING));
	dba_profile_free(profile);
	setenv("DB_POOL_SIZE", "9", 1);
	profile = dba_resolve_profile(config, "production", NULL);
	assert_int_equal(settings_integer(&profile->settings, SETTING_POOL_SIZE), 9);
	dba_profile_free(profile);
	setenv("DB_POOL_SIZE", "many", 1);
	assert_string_equal(resolve(config, "production"),
						"3 environment variable DB_POOL_SIZE: pool_size must be an integer between "
						"1 and 10000, not \"many\" HINT ");
	assert_false(settings_set(&settings, "pol_size", "1", &error));
	assert_string_equal(dba_error_hint(error), "Perhaps you meant \"pool_size\".");
	dba_error_free(error);
	error = NULL;
	assert_false(settings_set(&settings, "connect_timeout_seconds", "5s", &error));
	assert_int_equal(dba_error_code(error), DBA_INVALID);
	dba_error_free(error);
	assert_true(settings_set(&settings, "connect_timeout_seconds", "0.25", NULL));
	assert_int_equal(settings_milliseconds(&settings, SETTING_CONNECT_TIMEOUT), 250);
	settings_free(&settings);
	dba_config_free(config);
}

/* ---------------------------------------------------------------- connection strings */

#define OTHER "x: expected a postgresql:// or https:// URL or a \"key = value\" string"

static void
test_conninfo(void **state)
{
	static const struct
	{
		const char *text;
		const char *masked;
		const char *problem;	/* NULL: none */
	} cases[] = {
		{"postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d", NULL},
		{"postgres://h1,h2:5433/d?target_session_attrs=primary",
		 "postgres://h1,h2:5433/d?target_session_attrs=primary", NULL},
		{"postgresql://h/d?password=secret&user=u", "postgresql://h/d?password=***&user=u", NULL},
		{"postgresql://h/d?pass%77ord=secret", "postgresql://h/d?pass%77ord=***", NULL},
		{"host=h password='se\\'cret x' user=u", "host=h password='***' user=u", NULL},
		{"service=mydb", "service=mydb", NULL},
		{"https://x.supabase.co", "https://x.supabase.co", NULL},
		{"postgresql://u:sec/ret@h/d", "postgresql://***@h/d",
		 "x: user or password hold a \"/\"; it must be written as %2F"},
		{"postgresql://u:sec@ret@h/d", "postgresql://***@h/d",
		 "x: user or password hold a \"@\"; it must be written as %40"},
		{"postgresql://u:secret", "postgresql://***", "x: expected a port number at position 16"},
		{"postgresql://u:s%zz@h", "postgresql://u:***@h",
		 "x: \"%\" at position 17 is not followed by two hexadecimal digits of a character"},
		{"postgresql://h/d?sslmod=x", "postgresql://h/d?sslmod=x",
		 "x: unknown parameter at position 18; perhaps you meant \"sslmode\""},
		{"host=x password=my secret", "host=x password=*** ***",
		 "x: expected \"key = value\" at position 20"},
		{"host=x password='secret", "host=x password=***",
		 "x: the value at position 17 has no end"},
		{"https://u:secret@h", "https://***@h",
		 "x: an http URL takes no user and password; the key goes into api_key"},
		{"mysql://u:secret@h", "mysql://***", OTHER},
		{"postgres:/u:secret@h/d", "postgres:***@h/d", OTHER},
		{"postgres;//u:secret@h/d", "postgres;/***@h/d", OTHER},
		{"u:secret@h/d", "u:***@h/d", OTHER},
		{"me@host", "me@host", OTHER},
		{"shop", "shop", OTHER},
		{"host=h;password=secret", "host=h;password=***",
		 "x: a password stands inside of another value, at position 17"},
		{"Server=h;Pwd = secret", "Server=h;Pwd ***",
		 "x: unknown parameter at position 1; perhaps you meant \"service\""},
		{"host=h passwrd='secret x'", "host=h passwrd='***",
		 "x: unknown parameter at position 8; perhaps you meant \"password\""},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		dba_error  *error = NULL;
		char	   *masked = conninfo_mask(cases[i].text);
		bool		ok = conninfo_check(cases[i].text, "x", &error);

		assert_string_equal(masked, cases[i].masked);
		assert_int_equal(ok, cases[i].problem == NULL);
		assert_string_equal(dba_error_message(error), ok ? "" : cases[i].problem);
		assert_null(strstr(dba_error_message(error), "secret"));
		mem_free(masked);
		dba_error_free(error);
	}
}

/* Every form that libpq takes is taken, and what it refuses is refused; but for ports
 * that are no numbers and for passwords that hold a separator, which fail early here. */
static void
test_forms(void **state)
{
	static const char *const taken[] = {
		"postgres://",
		"postgresql:///",
		"postgresql:///d",
		"postgresql://h",
		"postgresql://h/",
		"postgresql://h:5433",
		"postgresql://h:5433/",
		"postgresql://h:/d",
		"postgresql://:5433/d",
		"postgresql://u@",
		"postgresql://u@/d",
		"postgresql://u@:5433/d?host=/tmp",
		"postgresql://@h",
		"postgresql://u:@h",
		"postgresql://:p@h",
		"postgresql://u:p:q@h",
		"postgresql://u%40w:p%2F%3A@h",
		"postgresql://%2Ftmp/d",
		"postgresql://%68/%64?u%73er=u",
		"postgresql://[::1]",
		"postgresql://[::1]:5433/d",
		"postgresql://[fe80::1%25eth0]/d",
		"postgresql://[2001:db8::7],[::1]:5433/d",
		"postgresql://a,b:1/d",
		"postgresql://a:1,b:2",
		"postgresql://a,b/d?port=1,2",
		"postgresql://,/d",
		"postgresql://h:54%33%33/d",
		"postgresql://h?",
		"postgresql://h/d?",
		"postgresql://h/d?sslmode=disable&",
		"postgresql://?host=/tmp&port=5433",
		"postgresql://h?hostaddr=127.0.0.1&password=a@b",
		"postgresql://h/d@e",
		"postgresql://h/d?ssl=true",
		"postgresql://h/d?requiressl=1",
		"postgresql://h/d?options=-c%20geqo%3Doff",
		"postgresql://h/d?connect_timeout=3",
		"host=h",
		"host = h  port = 5433",
		"host=a,b port=1,2",
		"host=",
		"host='a b' user='it\\'s'",
		"service=s",
		"dbname=d\tuser=u\n",
		"hostaddr=127.0.0.1 requiressl=1",
		"user=u password=' '",
	};
	static const char *const refused[] = {
		"postgre://h",
		"POSTGRES://h",
		"postgresql:/h",
		" postgresql://h",
		"postgresql://[::1",
		"postgresql://[]",
		"postgresql://[::1]x",
		"postgresql://h?user",
		"postgresql://h?a&b",
		"postgresql://h?user=a=b",
		"postgresql://h?uzer=u",
		"postgresql://h?us%65rr=u",
		"postgresql://h?&user=u",
		"postgresql://h?user=u&&port=1",
		"postgresql://%",
		"postgresql://%a",
		"postgresql://%zz",
		"postgresql://a%00b",
		"postgresql://h/d?ssl=false",
		"host",
		"host=a user",
		"=a",
		"host='a",
		"hots=a",
		"host=a ssl=true",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
	{
		dba_error  *error = NULL;
		PQconninfoOption *options = PQconninfoParse(taken[i], NULL);

		if (options == NULL || !conninfo_check(taken[i], "x", &error))
			fail_msg("%s: libpq %s, ours %s", taken[i], options != NULL ? "takes it" : "does not",
					 dba_error_message(error));
		PQconninfoFree(options);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	{
		PQconninfoOption *options = PQconninfoParse(refused[i], NULL);

		if (options != NULL || conninfo_check(refused[i], "x", NULL))
			fail_msg("%s: libpq %s", refused[i], options != NULL ? "takes it" : "does not");
	}
}

static void
test_set_password(void **state)
{
	static const struct
	{
		const char *text;
		const char *result;
	} cases[] = {
		{"postgresql://u:[YOUR-PASSWORD]@h", "postgresql://u:a%27b%5C@h"},
		{"postgresql://u:old@h/d", "postgresql://u:a%27b%5C@h/d"},
		{"postgresql://u@h/d", "postgresql://u:a%27b%5C@h/d"},
		{"host=h password=[YOUR-PASSWORD] user=u", "host=h password='a\\'b\\\\' user=u"},
		{"host=h password='[YOUR-PASSWORD]'", "host=h password='a\\'b\\\\'"},
		{"host=h user=u", "host=h user=u password='a\\'b\\\\'"},
		{"host=", "host='' password='a\\'b\\\\'"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char	   *result = conninfo_set_password(cases[i].text, "a'b\\", "x", NULL);

		assert_string_equal(result, cases[i].result);
		assert_true(conninfo_check(result, "x", NULL));
		mem_free(result);
	}
	assert_null(conninfo_set_password("postgresql://h/d", "x", "x", NULL));
	assert_null(conninfo_set_password("host=h\\", "x", "x", NULL));
}

/* ---------------------------------------------------------------- memory */

static void
test_no_memory(void **state)
{
	size_t		before = oom_outstanding();
	int			ended = 0;

	(void) state;
	write_file("db.toml", project);
	write_file(".db-profile", "production\n");
	setenv("PROD_DB_PASSWORD", "x", 1);
	for (size_t n = 1; !ended; n++)
	{
		dba_error  *error = NULL;
		dba_config *config;
		dba_profile *profile = NULL;

		oom_after(n);
		config = dba_config_load(NULL, NULL, &error);
		if (config != NULL)
			profile = dba_resolve_profile(config, NULL, &error);
		if (profile != NULL)
			(void) dba_lock_write(config, "production", &error);
		ended = !oom_hit();
		oom_after(0);
		assert_int_equal(dba_error_code(error), ended ? DBA_OK : DBA_NO_MEMORY);
		dba_error_free(error);
		dba_profile_free(profile);
		dba_config_free(config);
		assert_int_equal(oom_outstanding(), before);
	}
}

#define case_of(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_after_array),	case_of(test_values),	 case_of(test_folder),
		case_of(test_missing_file), case_of(test_warnings),	 case_of(test_broken_files),
		case_of(test_passwords),	case_of(test_order),	 case_of(test_lock_file),
		case_of(test_settings),		case_of(test_conninfo),	 case_of(test_forms),
		case_of(test_set_password), case_of(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
