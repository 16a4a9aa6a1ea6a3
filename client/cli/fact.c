/*
 * fact.c
 *		Labelled facts of a database: a line each, or members of the document.
 *
 * The same call serves both answers, so that what people see and what programs get cannot
 * drift apart.
 */
#include "print.h"
#include "command.h"

/* What has no value has no line, rather than an empty one. */
void
fact_print(const Cli *cli, cJSON *document, const char *key, const char *label, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	if (cli->json)
		cJSON_AddStringToObject(document, key, value);
	else
	{
		printf("%s%-10s%s ", text_style(cli, "bold"), label, text_style(cli, "off"));
		text_print_value(value, 11);
	}
}

/* The rows of each table, into the document or as a table. */
void
fact_print_rows(Cli *cli, cJSON *document)
{
	cJSON	   *counts = rowcount_read(cli);

	if (counts == NULL)
		return;
	if (cli->json)
		cJSON_AddItemToObject(document, "tables", counts);
	else
	{
		putchar('\n');
		rowcount_print(cli, counts);
		cJSON_Delete(counts);
	}
}
