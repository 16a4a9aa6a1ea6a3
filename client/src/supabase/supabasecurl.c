/*
 * supabasecurl.c
 *		libcurl, loaded at its first use.
 */
#include "supabase/supabasecurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static CurlLibrary library;
static char reason[256];		/* why there is none; "" when there is */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
library_load(void)
{
	/* object and function pointers are of one size wherever dlsym exists */
	const struct
	{
		const char *name;
		void	   *to;
	} symbols[] = {
		{"curl_global_init", &library.global_init},
		{"curl_easy_init", &library.easy_init},
		{"curl_easy_cleanup", &library.easy_cleanup},
		{"curl_easy_reset", &library.easy_reset},
		{"curl_easy_setopt", &library.easy_setopt},
		{"curl_easy_getinfo", &library.easy_getinfo},
		{"curl_easy_strerror", &library.easy_strerror},
		{"curl_slist_append", &library.slist_append},
		{"curl_slist_free_all", &library.slist_free_all},
		{"curl_multi_init", &library.multi_init},
		{"curl_multi_cleanup", &library.multi_cleanup},
		{"curl_multi_add_handle", &library.multi_add_handle},
		{"curl_multi_remove_handle", &library.multi_remove_handle},
		{"curl_multi_setopt", &library.multi_setopt},
		{"curl_multi_socket_action", &library.multi_socket_action},
		{"curl_multi_info_read", &library.multi_info_read},
	};
	void	   *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		handle = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; handle != NULL && i < sizeof(symbols) / sizeof(symbols[0]); i++)
	{
		void	   *address = dlsym(handle, symbols[i].name);

		if (address == NULL)
			handle = NULL;
		else
			memcpy(symbols[i].to, &address, sizeof(address));
	}
	if (handle == NULL)
	{
		const char *text = dlerror();

		snprintf(reason, sizeof(reason), "%s", text != NULL ? text : "libcurl.so.4 is missing");
	}
	else if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		snprintf(reason, sizeof(reason), "libcurl could not be initialised");
}

const CurlLibrary *
curl_library(dba_error **err)
{
	dba_error  *error;

	pthread_once(&once, library_load);
	if (reason[0] == '\0')
		return &library;
	error = error_new(DBA_NOT_SUPPORTED, "the provider \"supabase\" could not load libcurl: %s",
					  reason);
	error_hint(error, "Install it; in Debian the package is libcurl4.");
	error_move(err, error);
	return NULL;
}
