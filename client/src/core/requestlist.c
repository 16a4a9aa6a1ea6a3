/*
 * requestlist.c
 *		Doubly linked lists of requests.
 *
 * A request has a pair of links for each kind of list it can be in, so putting it
 * somewhere never needs memory, and it leaves from anywhere at once.
 */
#include "core/core.h"

void
list_append(RequestList *list, RequestLink link, Request *request)
{
	request->links[link].next = NULL;
	request->links[link].prev = list->tail;
	if (list->tail != NULL)
		list->tail->links[link].next = request;
	else
		list->head = request;
	list->tail = request;
	list->count++;
	if (link == LINK_QUEUE)
		request->queue = list;
}

void
list_prepend(RequestList *list, RequestLink link, Request *request)
{
	request->links[link].prev = NULL;
	request->links[link].next = list->head;
	if (list->head != NULL)
		list->head->links[link].prev = request;
	else
		list->tail = request;
	list->head = request;
	list->count++;
	if (link == LINK_QUEUE)
		request->queue = list;
}

void
list_remove(RequestList *list, RequestLink link, Request *request)
{
	Request	   *next = request->links[link].next;
	Request	   *prev = request->links[link].prev;

	if (prev != NULL)
		prev->links[link].next = next;
	else
		list->head = next;
	if (next != NULL)
		next->links[link].prev = prev;
	else
		list->tail = prev;
	list->count--;
	if (link == LINK_QUEUE)
		request->queue = NULL;
}
