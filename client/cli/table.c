/*
 * table.c
 *		Tables: libsmartcols aligns and wraps, the rule under the head is ours.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "print.h"

struct CliTable
{
	const Cli  *cli;
	struct libscols_table *scols;
	size_t		columns;
};

CliTable *
table_new(const Cli *cli, const char *columns)
{
	CliTable   *table = calloc(1, sizeof(CliTable));
	char		name[64];

	if (table == NULL)
	{
		message_warn("out of memory");
		return NULL;
	}
	table->cli = cli;
	table->scols = scols_new_table();
	scols_table_set_column_separator(table->scols, "  ");
	if (text_terminal_width(STDOUT_FILENO) > 0)
	{
		scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table->scols, text_terminal_width(STDOUT_FILENO));
	}
	while (*columns != '\0')
	{
		bool		right = *columns == '>';
		bool		broken = *columns == '~';
		size_t		len = strcspn(columns += right || broken, "|");

		snprintf(name, sizeof(name), "%.*s", (int) len, columns);
		scols_table_new_column(table->scols, name, 0,
							   right							? SCOLS_FL_RIGHT
							   : broken || columns[len] == '\0' ? SCOLS_FL_WRAP
																: 0);
		table->columns++;
		columns += len + (columns[len] == '|');
	}
	return table;
}

void
table_add(CliTable *table, const char *const *texts)
{
	struct libscols_line *line = table != NULL ? scols_table_new_line(table->scols, NULL) : NULL;

	for (size_t i = 0; line != NULL && i < table->columns; i++)
		scols_line_set_data(line, i, texts[i] != NULL ? texts[i] : "");
}

/* libsmartcols draws no rule under the head: put one between the lines. */
void
table_print(CliTable *table)
{
	bool		utf8 = text_is_utf8();
	char	   *text = NULL;
	char	   *head_end;
	size_t		width = 0;

	if (table == NULL)
		return;
	scols_print_table_to_string(table->scols, &text);
	head_end = text != NULL ? strchr(text, '\n') : NULL;
	if (head_end != NULL)
	{
		for (const char *line = text; line != NULL && *line != '\0';
			 line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			width = text_width(line, strlen(line)) > width ? text_width(line, strlen(line)) : width;
		printf("%s%.*s%s\n", text_style(table->cli, "bold"), (int) (head_end - text), text,
			   text_style(table->cli, "off"));
		for (size_t i = 0; i < width; i++)
			fputs(utf8 ? "\u2500" : "-", stdout);
		fputs(head_end, stdout);
		if (head_end[strlen(head_end) - 1] != '\n')
			putchar('\n');
	}
	free(text);
	scols_unref_table(table->scols);
	free(table);
}
