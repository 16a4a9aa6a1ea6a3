/*
 * install.c
 *		The installed library: what it shows, and that programs build against it
 *		through pkg-config and run, on every loop there is an adapter for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "httpserver.h"
#include "server.h"

static Server *server;
static Web	rest;				/* before it; pid 0: there is no PostgREST */
static char *root;				/* the prefix it is installed under */

/* A shell command with $ROOT, $SRC (the client's folder) and $DATABASE_URL. */
static int
sh(const char *command)
{
	const char *argv[] = {"sh", "-c", command, NULL};

	return run_program(false, argv);
}

static int
setup(void **state)
{
	(void) state;
	server = server_start(NULL);
	server_sql(server,
			   "CREATE TABLE users (id serial PRIMARY KEY, name text, email text, active boolean);"
			   "INSERT INTO users (name, email, active) VALUES ('b', 'b@x', true), ('a', 'a@x', "
			   "true), ('c', 'c@x', false)");
	root = make_dir();
	setenv("ROOT", root, 1);
	setenv("SRC", TEST_SOURCE_DIR "/../../client", 1);
	setenv("DATABASE_URL", server_url(server), 1);
	unsetenv("DB_PROFILE");
	unsetenv("MAKEFLAGS");
	unsetenv("MAKELEVEL");
	unsetenv("SANITIZE");		/* what is installed is the library as users have it */
	return sh("cd \"$SRC\" && make -s install prefix=\"$ROOT\"");
}

static int
teardown(void **state)
{
	(void) state;
	remove_dir(root);
	free(root);
	server_free(server);
	return 0;
}

static void
test_symbols(void **state)
{
	(void) state;
	assert_int_equal(sh("test -z \"$(nm -D --defined-only $ROOT/lib/libdbadapter.so.1 | awk '$3 !~ "
						"/^dba_|^DBADAPTER_1/')\""),
					 0);
	assert_int_equal(sh("test -z \"$(nm -g --defined-only $ROOT/lib/libdbadapter.a | awk 'NF == 3 "
						"&& $2 != \"W\" && $2 != \"V\" &&"
						" $2 != \"u\" && $3 !~ /^dba_/')\""),
					 0);
	assert_int_equal(
		sh("readelf -d $ROOT/lib/libdbadapter.so | grep -q 'soname: .libdbadapter.so.1.'"), 0);
	/* every function of the header is there, and nothing else */
	assert_int_equal(sh("nm -D --defined-only $ROOT/lib/libdbadapter.so.1 | awk '$3 ~ /^dba_/ "
						"{print $3}' | cut -d@ -f1 | sort"
						" > $ROOT/has && sed -n 's/^extern DBA_API .*[ "
						"*]\\(dba_[a-z0-9_]*\\)(.*/\\1/p; s/^\\(dba_[a-z0-9_]*\\)(.*/\\1/p' "
						"$ROOT/include/db_adapter.h"
						" | sort > $ROOT/says && cmp $ROOT/has $ROOT/says"),
					 0);
	/* a comment stands before each, or before the group it is in */
	assert_int_equal(
		sh("awk '/^$/ {said = 0} /\\*\\/$/ {said = 1} /^extern DBA_API/ && !said {bad = 1;"
		   " print} END {exit bad}' $ROOT/include/db_adapter.h"),
		0);
	/* the header stands alone, and in C++ too */
	assert_int_equal(
		sh("! grep -iE '#include.*(cjson|libpq)' $ROOT/include/db_adapter.h &&"
		   " for l in c c++; do echo '#include <db_adapter.h>' | cc -x $l -Wall -Wextra"
		   " -pedantic -Werror -fsyntax-only -I$ROOT/include - || exit 1; done"),
		0);
	/* so do those of the loops that are here, however much a program warns of */
	assert_int_equal(
		sh("warn='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual';"
		   " for loop in libev:ev.h libevent:event2/event.h libuv:uv.h glib:glib.h; do"
		   " flags=$(pkg-config --cflags $(echo ${loop%%:*} | sed 's/^glib$/glib-2.0/') "
		   "2>/dev/null);"
		   " echo \"#include <${loop#*:}>\" | cc -x c -fsyntax-only $flags - 2>/dev/null || "
		   "continue;"
		   " for cc in 'cc -x c' 'c++ -x c++ -Wold-style-cast'; do"
		   " echo \"#include <db_adapter/${loop%%:*}.h>\" |"
		   " $cc $warn -Werror -fsyntax-only $(echo $flags | sed 's/-I/-isystem /g')"
		   " -I$ROOT/include - || exit 1; done; done"),
		0);
	/* and the manual page names it */
	assert_int_equal(sh("for f in $(cat $ROOT/says); do grep -qw $f "
						"$ROOT/share/man/man3/db_adapter.3 || exit 1; done"),
					 0);
	/* the library itself never prints, ends nothing, and leaves cJSON's global state
	 * alone; the shared one may hold a C++ library that prints */
	assert_int_equal(
		sh("! nm --undefined-only $ROOT/lib/libdbadapter.a |"
		   " grep -Ew "
		   "'(__)?v?[df]?printf(_chk)?|puts|putchar|perror|p?error|stdout|stderr|_?exit|abort|"
		   "_ZSt4cout|_ZSt4cerr|v?syslog|cJSON_InitHooks|cJSON_GetErrorPtr'"),
		0);
}

/* What a packager does: everything lands below DESTDIR, speaks of the prefix
 * alone, builds a program from there, and goes again without a trace. */
static void
test_staged(void **state)
{
	(void) state;
	assert_int_equal(sh("cd \"$SRC\" && make -s install DESTDIR=\"$ROOT/the stage\" "
						"prefix=/opt/dba libdir=/opt/dba/lib64"),
					 0);
	assert_int_equal(sh("cd \"$ROOT/the stage\" && test \"$(ls)\" = opt &&"
						" test \"$(ls opt)\" = dba && cd opt/dba &&"
						" for f in bin/db-adapter include/db_adapter.h include/db_adapter/libuv.h "
						"lib64/libdbadapter.a lib64/libdbadapter.so.1"
						" lib64/pkgconfig/db_adapter.pc share/man/man1/db-adapter.1 "
						"share/man/man3/db_adapter.3; do test -s $f || exit 1; done &&"
						" test \"$(readlink lib64/libdbadapter.so)\" = libdbadapter.so.1 &&"
						" ! grep -rIl \"$ROOT\" ."),
					 0);
	assert_int_equal(sh("cd \"$SRC\" && make -s install DESTDIR=$ROOT/capital PREFIX=/opt/cap &&"
						" test -x $ROOT/capital/opt/cap/bin/db-adapter &&"
						" test \"$(ls $ROOT/capital/opt)\" = cap"),
					 0);
	assert_int_equal(sh("mv \"$ROOT/the stage\" $ROOT/stage && mkdir $ROOT/moved && cd $ROOT/moved"
						" && export PKG_CONFIG_SYSROOT_DIR=$ROOT/stage"
						" PKG_CONFIG_LIBDIR=$ROOT/stage/opt/dba/lib64/pkgconfig &&"
						" test \"$(pkg-config --variable=libdir db_adapter)\" = /opt/dba/lib64 -o"
						" \"$(pkg-config --variable=libdir db_adapter)\" = "
						"$ROOT/stage/opt/dba/lib64 &&"
						" cc $SRC/examples/users.c $(pkg-config --cflags --libs db_adapter) &&"
						" LD_LIBRARY_PATH=$ROOT/stage/opt/dba/lib64 ./a.out | grep -q 'a <a@x>'"),
					 0);
	/* by itself it goes to /usr/local, wherever the server is; both halves by one make */
	assert_int_equal(sh("cd \"$SRC\" && make -n install PG_CONFIG=/opt/pg/bin/pg_config |"
						" grep -q \"'/usr/local/lib/'\" && make -n -C .. install | grep -q"
						" libdbadapter.a && ! make -n -C .. WITH_CLIENT=no install | grep -q"
						" libdbadapter.a"),
					 0);
	assert_int_equal(sh("cd \"$SRC\" && make -s uninstall DESTDIR=$ROOT/stage prefix=/opt/dba"
						" libdir=/opt/dba/lib64 && test -z \"$(find $ROOT/stage ! -type d)\""),
					 0);
}

static void
test_example(void **state)
{
	(void) state;
	assert_int_equal(
		sh("mkdir $ROOT/empty && cd $ROOT/empty && cp $SRC/examples/users.c . &&"
		   " export PKG_CONFIG_PATH=$ROOT/lib/pkgconfig &&"
		   " cc -Wall -Wextra -Werror users.c $(pkg-config --cflags --libs db_adapter) &&"
		   " LD_LIBRARY_PATH=$ROOT/lib ./a.out > out && printf 'a <a@x>\\nb <b@x>\\n' | cmp - out"),
		0);
	assert_int_equal(sh("cd $ROOT/empty && export PKG_CONFIG_PATH=$ROOT/lib/pkgconfig &&"
						" cc users.c -I$ROOT/include $ROOT/lib/libdbadapter.a $(pkg-config --libs "
						"--static db_adapter |"
						" sed 's/-ldbadapter//') -o static && ./static > out && printf 'a "
						"<a@x>\\nb <b@x>\\n' | cmp - out"),
					 0);
}

/* The program that docs/client.md begins with. */
static void
test_documented(void **state)
{
	(void) state;
	assert_int_equal(
		sh("mkdir $ROOT/fresh && cd $ROOT/fresh &&"
		   " sed -n '/^```c$/,/^```$/p;/^```$/q' $SRC/../docs/client.md | grep -v '^```' >program.c"
		   " && export PKG_CONFIG_PATH=$ROOT/lib/pkgconfig &&"
		   " cc -Wall -Wextra -Werror program.c $(pkg-config --cflags --libs db_adapter) &&"
		   " LD_LIBRARY_PATH=$ROOT/lib ./a.out > out 2> err && test ! -s err &&"
		   " printf 'a <a@x>\\nb <b@x>\\n' | cmp - out"),
		0);
	/* on an error it says so itself; the library adds nothing */
	assert_int_equal(sh("cd $ROOT/fresh && ! DATABASE_URL=postgresql://me:hidden@127.0.0.1:1/x"
						" LD_LIBRARY_PATH=$ROOT/lib ./a.out > out 2> err && test ! -s out &&"
						" test $(wc -l < err) = 1 && grep -q '^users: could not connect' err &&"
						" ! grep -q hidden err"),
					 0);
}

/* The same program with either provider. */
static void
test_loop(const char *name, const char *libs)
{
	static const char *const hosted = "SUPABASE_REST_PATH=/ DATABASE_URL=$REST_URL";
	char		command[512];

	snprintf(command, sizeof(command),
			 "cd $ROOT && export PKG_CONFIG_PATH=$ROOT/lib/pkgconfig && cc -Wall -Wextra -Werror "
			 "-Wno-strict-aliasing"
			 " $SRC/examples/%s.c -o %s $(pkg-config --cflags --libs db_adapter) %s && "
			 "LD_LIBRARY_PATH=$ROOT/lib ./%s"
			 " | sort > out && printf 'a\\nb\\nc\\n' | cmp - out",
			 name, name, libs, name);
	assert_int_equal(sh(command), 0);
	if (rest.pid == 0)
		return;
	snprintf(command, sizeof(command),
			 "cd $ROOT && %s LD_LIBRARY_PATH=$ROOT/lib ./%s | sort > out && printf 'a\\nb\\nc\\n'"
			 " | cmp - out",
			 hosted, name);
	assert_int_equal(sh(command), 0);
}

static void
test_loops(void **state)
{
	(void) state;
	if (npm_folder() != NULL)
	{
		postgrest_roles(server);
		server_sql(server, "GRANT SELECT ON users TO web_anon");
		rest = postgrest_start(server, "public");
		setenv("REST_URL", rest.url, 1);
	}
	test_loop("libuv", "-luv");
	test_loop("libev", "-lev");
	test_loop("libevent", "-levent_core");
	test_loop("glib", "$(pkg-config --cflags --libs glib-2.0)");
	web_stop(&rest);
}

/* Built without the provider, or without libcurl on the machine: a supabase profile
 * says what is missing, everything else works. */
static void
test_without_supabase(void **state)
{
	(void) state;
	assert_int_equal(sh("! readelf -d $ROOT/lib/libdbadapter.so | grep -q curl"), 0);
	assert_int_equal(sh("mkdir $ROOT/fake && cd $ROOT/fake && echo >libcurl.so.4 &&"
						" echo >libcurl-gnutls.so.4 && cp $ROOT/empty/a.out . &&"
						" ! DATABASE_URL=https://x.invalid LD_LIBRARY_PATH=$ROOT/fake:$ROOT/lib"
						" ./a.out 2>err && grep -q 'could not load libcurl' err &&"
						" LD_LIBRARY_PATH=$ROOT/fake:$ROOT/lib ./a.out | grep -q 'a <a@x>'"),
					 0);
	assert_int_equal(sh("cd \"$SRC\" && cp -a build $ROOT/without &&"
						" make -s WITH_SUPABASE=no BUILD=$ROOT/without"
						" prefix=$ROOT/without-prefix install && cd $ROOT/fake &&"
						" ! DATABASE_URL=https://x.invalid LD_LIBRARY_PATH=$ROOT/without-prefix/lib"
						" ./a.out 2>err && grep -q 'no provider \"supabase\"' err &&"
						" LD_LIBRARY_PATH=$ROOT/without-prefix/lib ./a.out | grep -q 'a <a@x>'"),
					 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols), cmocka_unit_test(test_staged),
		cmocka_unit_test(test_example), cmocka_unit_test(test_documented),
		cmocka_unit_test(test_loops),	cmocka_unit_test(test_without_supabase),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
