/*
 * planview.c
 *		A plan, told to people: its steps, what stays, and whether it was proven.
 */
#include "print.h"
#include "command.h"

/* A list of strings, each on a line of its own. */
static void
print_list(const cJSON *list, const char *label)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item))
			printf("%s%s\n", label, item->valuestring);
	}
}

static void
print_hazards(const Cli *cli, const cJSON *step)
{
	const cJSON *hazards = cJSON_GetObjectItemCaseSensitive(step, "hazards");
	const cJSON *hazard;

	if (cJSON_GetArraySize(hazards) == 0)
		return;
	printf("     %shazards:", text_style(cli, "yellow"));
	cJSON_ArrayForEach(hazard, hazards)
		printf("%s %s", hazard != hazards->child ? "," : "", cJSON_GetStringValue(hazard));
	printf("%s\n", text_style(cli, "off"));
}

/* How large what the step works on is, as the server estimates. */
static void
print_size(const cJSON *step)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(step, "rows");
	const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(step, "bytes");

	if (!cJSON_IsNumber(bytes))
		return;
	printf("     %s: ", document_text(step, "table"));
	if (cJSON_IsNumber(rows))
		printf("about %s rows, ", text_thousands((int64_t) rows->valuedouble));
	puts(text_bytes(bytes->valuedouble));
}

void
planview_print(const Cli *cli, const cJSON *plan)
{
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(plan, "steps");
	const cJSON *remaining = cJSON_GetObjectItemCaseSensitive(plan, "remaining");
	const cJSON *step;
	const cJSON *left;
	int			number = 0;

	cJSON_ArrayForEach(step, steps)
	{
		printf("%3d. %s%s%s\n", ++number, text_style(cli, "bold"), document_text(step, "sql"),
			   text_style(cli, "off"));
		if (*document_text(step, "reason") != '\0')
			printf("     %s\n", document_text(step, "reason"));
		print_hazards(cli, step);
		print_size(step);
	}
	cJSON_ArrayForEach(left, remaining) printf(
		"stays: %s %s %s: %s\n", document_text(left, "object_type"), document_text(left, "object"),
		document_text(left, "attribute"), document_text(left, "reason"));
	print_list(cJSON_GetObjectItemCaseSensitive(plan, "notes"), "note: ");
}
