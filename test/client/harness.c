/*
 * harness.c
 *		What the tests stand on: a test that is killed leaves no server behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "server.h"

/* What the killed test had: its server's directory and process. */
typedef struct Left
{
	char		dir[256];
	pid_t		postmaster;
} Left;

static void
be_killed(int out)
{
	Left		left = {0};
	Server	   *server = server_start(NULL);

	snprintf(left.dir, sizeof(left.dir), "%s", server_dir(server));
	left.postmaster = atoi(
		server_sql(server, "SELECT split_part(pg_read_file('postmaster.pid', 0, 20), chr(10), 1)"));
	if (write(out, &left, sizeof(left)) == sizeof(left))
		kill(getpid(), SIGKILL);
	_exit(1);
}

static void
test_killed(void **state)
{
	Left		left;
	int			fds[2];
	int			status;
	pid_t		pid;
	struct timespec pause = {0, 20 * 1000 * 1000};

	(void) state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		be_killed(fds[1]);
	close(fds[1]);
	assert_int_equal(read(fds[0], &left, sizeof(left)), sizeof(left));
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	for (int i = 0; i < 15000 && access(left.dir, F_OK) == 0; i++)
		nanosleep(&pause, NULL);
	assert_int_equal(access(left.dir, F_OK), -1);
	assert_int_equal(kill(left.postmaster, 0), -1);
	assert_int_equal(errno, ESRCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
