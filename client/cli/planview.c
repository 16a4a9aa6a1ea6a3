/*
 * planview.c
 *		A plan, told to people: its steps, what stays, and whether it was proven.
 *
 * Each step says why it is there and what it costs, since whoever confirms the plan
 * answers for it.  What the server could not prove by trying it is said last, right
 * before the question whether to go on.
 *
 * Steps are numbered as the server numbers them, so that an error of `fix --confirm`, which
 * names its step, is found here again.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "command.h"

#define INDENT 5

/* A labelled text, broken to fit below its label. */
static void
print_labelled(const char *label, const char *text, size_t indent)
{
	printf("%*s%s", (int) indent, "", label);
	text_print_lines(stdout, text, indent + text_width(label, strlen(label)), indent + 2);
}

/* A list of strings, each on a line of its own. */
static void
print_list(const cJSON *list, const char *label)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item))
			print_labelled(label, item->valuestring, 0);
	}
}

static void
print_hazards(const Cli *cli, const cJSON *step)
{
	const cJSON *hazards = cJSON_GetObjectItemCaseSensitive(step, "hazards");
	const cJSON *hazard;
	char		list[512] = "";
	size_t		len = 0;

	cJSON_ArrayForEach(hazard, hazards)
	{
		if (cJSON_IsString(hazard) && len < sizeof(list))
			len += (size_t) snprintf(list + len, sizeof(list) - len, "%s%s",
									 hazard != hazards->child ? ", " : "", hazard->valuestring);
	}
	if (*list == '\0')
		return;
	fputs(text_style(cli, "yellow"), stdout);
	print_labelled("hazards: ", list, INDENT);
	fputs(text_style(cli, "off"), stdout);
}

/* How large what the step works on is, as the server estimates. */
static void
print_size(const cJSON *step)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(step, "rows");
	const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(step, "bytes");
	char		about[64] = "";
	char		text[512];

	if (!cJSON_IsNumber(bytes))
		return;
	if (cJSON_IsNumber(rows))
		snprintf(about, sizeof(about), "about %s rows, ",
				 text_thousands((int64_t) rows->valuedouble));
	snprintf(text, sizeof(text), "%s: %s%s", document_text(step, "table"), about,
			 text_bytes(bytes->valuedouble));
	printf("%*s", INDENT, "");
	text_print_value(text, INDENT);
}

/* "id 7", of all columns of the key. */
static void
write_key(const cJSON *key, char *text, size_t size)
{
	const cJSON *column;
	size_t		len = 0;

	cJSON_ArrayForEach(column, key)
	{
		char	   *value = cJSON_PrintUnformatted(column);

		if (len < size)
			len += (size_t) snprintf(text + len, size - len, "%s%s %s",
									 column != key->child ? ", " : "", column->string,
									 cJSON_IsString(column) ? column->valuestring
									 : value != NULL		? value
															: "");
		free(value);
	}
}

static void
print_sample(const cJSON *sample)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(sample, "value");
	char	   *printed = value != NULL ? cJSON_PrintUnformatted(value) : NULL;
	char		key[512] = "";
	char		text[2048];

	write_key(cJSON_GetObjectItemCaseSensitive(sample, "key"), key, sizeof(key));
	snprintf(text, sizeof(text), "%s%s%s%s%s", key, printed != NULL ? ": " : "",
			 printed != NULL ? printed : "", *document_text(sample, "error") != '\0' ? ", " : "",
			 document_text(sample, "error"));
	print_labelled("", text, INDENT + 2);
	free(printed);
}

static void
print_blocker(const Cli *cli, const cJSON *blocker)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(blocker, "rows");
	const cJSON *sample;
	char		label[32];
	char		count[64] = "";
	char		text[1024];

	if (cJSON_IsNumber(rows))
		snprintf(count, sizeof(count), ", %s row%s", text_thousands((int64_t) rows->valuedouble),
				 rows->valuedouble == 1 ? "" : "s");
	snprintf(label, sizeof(label), "%s: ", document_text(blocker, "kind"));
	snprintf(text, sizeof(text), "%s%s", document_text(blocker, "problem"), count);
	fputs(text_style(cli, strcmp(document_text(blocker, "kind"), "fails") == 0 ? "red" : "yellow"),
		  stdout);
	print_labelled(label, text, INDENT);
	fputs(text_style(cli, "off"), stdout);
	cJSON_ArrayForEach(sample, cJSON_GetObjectItemCaseSensitive(blocker, "samples"))
		print_sample(sample);
}

/* What in the rows is in its way. */
static void
print_blockers(const Cli *cli, const cJSON *step)
{
	const cJSON *blocker;

	cJSON_ArrayForEach(blocker, cJSON_GetObjectItemCaseSensitive(step, "blockers"))
		print_blocker(cli, blocker);
}

static void
print_step(const Cli *cli, const cJSON *step, int number)
{
	printf("%3d. %s", number, text_style(cli, "bold"));
	text_print_lines(stdout, document_text(step, "sql"), INDENT, INDENT);
	fputs(text_style(cli, "off"), stdout);
	if (*document_text(step, "reason") != '\0')
		print_labelled("", document_text(step, "reason"), INDENT);
	print_hazards(cli, step);
	print_size(step);
	print_blockers(cli, step);
}

int
planview_failing(const cJSON *plan, int *first)
{
	const cJSON *step;
	const cJSON *blocker;
	int			count = 0;

	cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(plan, "steps"))
	{
		bool		fails = false;

		cJSON_ArrayForEach(blocker, cJSON_GetObjectItemCaseSensitive(step, "blockers")) fails =
			fails || strcmp(document_text(blocker, "kind"), "fails") == 0;
		if (fails && count++ == 0)
			*first = (int) cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(step, "step"));
	}
	return count;
}

const char *
planview_doubt(const cJSON *plan)
{
	const char *error = document_text(plan, "verify_error");

	if (!cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(plan, "verified")) ||
		cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "steps")) == 0)
		return NULL;
	return *error != '\0' ? error : "it was not tried";
}

void
planview_print(const Cli *cli, const cJSON *plan)
{
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(plan, "steps");
	const cJSON *remaining = cJSON_GetObjectItemCaseSensitive(plan, "remaining");
	const cJSON *step;
	const cJSON *left;
	int			number = 0;

	cJSON_ArrayForEach(step, steps) print_step(cli, step, ++number);
	cJSON_ArrayForEach(left, remaining)
	{
		char		text[2048];

		snprintf(text, sizeof(text), "%s %s %s: %s", document_text(left, "object_type"),
				 document_text(left, "object"), document_text(left, "attribute"),
				 document_text(left, "reason"));
		print_labelled("stays: ", text, 0);
	}
	print_list(cJSON_GetObjectItemCaseSensitive(plan, "notes"), "note: ");
	if (planview_doubt(plan) != NULL)
	{
		fputs(text_style(cli, "red"), stdout);
		print_labelled("not verified: ", planview_doubt(plan), 0);
		fputs(text_style(cli, "off"), stdout);
	}
}
