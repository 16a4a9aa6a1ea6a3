/*
 * json.c
 *		The one JSON document of --json, and members of documents that are read.
 */
#include "print.h"

static bool json_printed;

void
json_print(cJSON *document)
{
	char	   *text = cJSON_Print(document);

	if (text != NULL)
		puts(text);
	json_printed = true;
	cJSON_free(text);
	cJSON_Delete(document);
}

void
json_print_failure(cJSON *error)
{
	cJSON	   *document = cJSON_CreateObject();

	if (error == NULL)
	{
		error = cJSON_CreateObject();
		cJSON_AddStringToObject(error, "message", message_last());
	}
	cJSON_AddItemToObject(document, "error", error);
	if (json_printed)
		cJSON_Delete(document);
	else
		json_print(document);
}

const char *
json_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "";
}
