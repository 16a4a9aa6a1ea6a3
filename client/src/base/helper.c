/*
 * helper.c
 *		One thread a client, for what libpq cannot do without blocking.
 *
 * The Helper is shared by client and thread and freed by whichever leaves last.
 */
#include "base/helper.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct Helper
{
	pthread_mutex_t lock;		/* guards everything below */
	pthread_cond_t work;
	HelperJob  *todo;
	HelperJob **todo_tail;
	HelperJob  *finished;
	HelperJob **finished_tail;
	int			fd;
	bool		running;		/* the thread exists */
	bool		closing;		/* the client has left */
};

Helper *
helper_new(void)
{
	Helper	   *helper = mem_zalloc(sizeof(Helper));

	if (helper == NULL)
		return NULL;
	helper->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (helper->fd < 0)
	{
		mem_free(helper);
		return NULL;
	}
	pthread_mutex_init(&helper->lock, NULL);
	pthread_cond_init(&helper->work, NULL);
	helper->todo_tail = &helper->todo;
	helper->finished_tail = &helper->finished;
	return helper;
}

int
helper_fd(const Helper *helper)
{
	return helper->fd;
}

static void
helper_free_jobs(HelperJob *job)
{
	while (job != NULL)
	{
		HelperJob  *next = job->next;

		job->free(job);
		job = next;
	}
}

static void
helper_destroy(Helper *helper)
{
	helper_free_jobs(helper->todo);
	helper_free_jobs(helper->finished);
	pthread_cond_destroy(&helper->work);
	pthread_mutex_destroy(&helper->lock);
	close(helper->fd);
	mem_free(helper);
}

/* Takes the next job; NULL when the client has left.  Called with the lock. */
static HelperJob *
helper_take(Helper *helper)
{
	HelperJob  *job;

	while (helper->todo == NULL && !helper->closing)
		pthread_cond_wait(&helper->work, &helper->lock);
	if (helper->closing)
		return NULL;
	job = helper->todo;
	helper->todo = job->next;
	if (helper->todo == NULL)
		helper->todo_tail = &helper->todo;
	job->next = NULL;
	return job;
}

static void *
helper_main(void *arg)
{
	Helper	   *helper = arg;
	HelperJob  *job;

	pthread_mutex_lock(&helper->lock);
	while ((job = helper_take(helper)) != NULL)
	{
		uint64_t	one = 1;

		pthread_mutex_unlock(&helper->lock);
		job->run(job);
		pthread_mutex_lock(&helper->lock);
		*helper->finished_tail = job;
		helper->finished_tail = &job->next;
		if (write(helper->fd, &one, sizeof(one)) < 0)
			continue;			/* full: it is readable already */
	}
	pthread_mutex_unlock(&helper->lock);
	helper_destroy(helper);
	return NULL;
}

/* Starts the thread with every signal blocked, so that it runs no handler. */
static bool
helper_start(Helper *helper)
{
	pthread_t	thread;
	sigset_t	all;
	sigset_t	before;
	int			rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, helper_main, helper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return false;
	pthread_detach(thread);
	helper->running = true;
	return true;
}

bool
helper_submit(Helper *helper, HelperJob *job)
{
	bool		accepted;

	job->next = NULL;
	pthread_mutex_lock(&helper->lock);
	accepted = helper->running || helper_start(helper);
	if (accepted)
	{
		*helper->todo_tail = job;
		helper->todo_tail = &job->next;
		pthread_cond_signal(&helper->work);
	}
	pthread_mutex_unlock(&helper->lock);
	return accepted;
}

void
helper_forget(HelperJob *job)
{
	job->done = NULL;
}

void
helper_collect(Helper *helper)
{
	HelperJob  *job;
	uint64_t	count;

	if (read(helper->fd, &count, sizeof(count)) < 0)
		return;					/* nothing finished */
	pthread_mutex_lock(&helper->lock);
	job = helper->finished;
	helper->finished = NULL;
	helper->finished_tail = &helper->finished;
	pthread_mutex_unlock(&helper->lock);
	while (job != NULL)
	{
		HelperJob  *next = job->next;

		if (job->done != NULL)
			job->done(job, job->arg);
		job->free(job);
		job = next;
	}
}

void
helper_close(Helper *helper)
{
	bool		running;

	if (helper == NULL)
		return;
	pthread_mutex_lock(&helper->lock);
	running = helper->running;
	helper->closing = true;
	pthread_cond_signal(&helper->work);
	pthread_mutex_unlock(&helper->lock);
	if (!running)
		helper_destroy(helper);
}
