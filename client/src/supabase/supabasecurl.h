/*
 * supabasecurl.h
 *		libcurl, loaded at its first use.
 *
 * Starting libcurl costs a program more than everything else here together, and
 * most programs never ask for it: so nothing links to it.
 */
#ifndef DBA_SUPABASECURL_H
#define DBA_SUPABASECURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct CurlLibrary
{
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *easy);
	void (*easy_reset)(CURL *easy);
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	const char *(*easy_strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_cleanup)(CURLM *multi);
	CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
	CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t fd, int events, int *running);
	CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
} CurlLibrary;

/* NULL with DBA_NOT_SUPPORTED, and how to get it, where there is none */
extern const CurlLibrary *curl_library(dba_error **err);

#endif							/* DBA_SUPABASECURL_H */
