/*
 * table.c
 *		Tables: libsmartcols aligns and wraps, the rule under the head is ours.
 *
 * Columns that may be broken give way to the terminal, down to a width that still can be
 * read.  Where even that is too much, as at 40 columns, each row is told as a list of
 * labelled values instead: a table that the terminal breaks anywhere is read by nobody.
 * Where there is no terminal nothing is broken: a line is a row, for grep and awk.
 */
#include <stdlib.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "print.h"

#define MAX_COLUMNS 12
#define GAP 2		/* between columns */
#define READABLE 12 /* columns of text that can be read, one word a line */

typedef struct Column
{
	char		name[32];
	bool		right;
	bool		broken;			/* at spaces, to fit */
	size_t		width;			/* of the widest text */
} Column;

struct CliTable
{
	const Cli  *cli;
	Column		columns[MAX_COLUMNS];
	size_t		count;
	char	  **texts;			/* of all rows, one after the other */
	size_t		rows;
};

CliTable *
table_new(const Cli *cli, const char *columns)
{
	CliTable   *table = calloc(1, sizeof(CliTable));

	if (table == NULL)
	{
		message_warn("out of memory");
		return NULL;
	}
	table->cli = cli;
	while (*columns != '\0' && table->count < MAX_COLUMNS)
	{
		Column	   *column = &table->columns[table->count++];
		size_t		len;

		column->right = *columns == '>';
		column->broken = *columns == '~';
		columns += column->right || column->broken;
		len = strcspn(columns, "|");
		snprintf(column->name, sizeof(column->name), "%.*s", (int) len, columns);
		column->broken |= !column->right && columns[len] == '\0';
		column->width = text_width(column->name, strlen(column->name));
		columns += len + (columns[len] == '|');
	}
	return table;
}

/* Copies, since the callers' numbers stand in buffers that are used again. */
void
table_add(CliTable *table, const char *const *texts)
{
	char	  **larger;

	if (table == NULL)
		return;
	larger = realloc(table->texts, (table->rows + 1) * table->count * sizeof(char *));
	if (larger == NULL)
	{
		message_warn("out of memory");
		return;
	}
	table->texts = larger;
	for (size_t i = 0; i < table->count; i++)
	{
		const char *text = texts[i] != NULL ? texts[i] : "";
		size_t		width = text_width(text, strlen(text));

		table->texts[table->rows * table->count + i] = strdup(text);
		if (width > table->columns[i].width)
			table->columns[i].width = width;
	}
	table->rows++;
}

static const char *
text_at(const CliTable *table, size_t row, size_t column)
{
	const char *text = table->texts[row * table->count + column];

	return text != NULL ? text : "";
}

/* The least that the columns take side by side. */
static size_t
least_width(const CliTable *table)
{
	size_t		width = (table->count - 1) * GAP;

	for (size_t i = 0; i < table->count; i++)
	{
		const Column *column = &table->columns[i];
		size_t		head = text_width(column->name, strlen(column->name));
		size_t		least = head > READABLE ? head : READABLE;

		width += column->broken && column->width > least ? least : column->width;
	}
	return width;
}

/* ---------------------------------------------------------------- as a table */

static struct libscols_table *
build(const CliTable *table)
{
	struct libscols_table *scols = scols_new_table();
	size_t		terminal = text_terminal_width(STDOUT_FILENO);

	scols_table_set_column_separator(scols, "  ");
	if (terminal > 0)
	{
		scols_table_set_termforce(scols, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(scols, terminal);
	}
	for (size_t i = 0; i < table->count; i++)
	{
		const Column *column = &table->columns[i];

		scols_table_new_column(scols, column->name, 0,
							   column->right	? SCOLS_FL_RIGHT
							   : column->broken ? SCOLS_FL_WRAP
												: 0);
	}
	for (size_t row = 0; row < table->rows; row++)
	{
		struct libscols_line *line = scols_table_new_line(scols, NULL);

		for (size_t i = 0; line != NULL && i < table->count; i++)
			scols_line_set_data(line, i, text_at(table, row, i));
	}
	return scols;
}

static size_t
widest_line(const char *text)
{
	size_t		widest = 0;

	while (*text != '\0')
	{
		size_t		len = strcspn(text, "\n");
		size_t		width = text_width(text, len);

		widest = width > widest ? width : widest;
		text += len + (text[len] == '\n');
	}
	return widest;
}

/* libsmartcols draws no rule under the head: put one between the lines. */
static void
print_table(const CliTable *table)
{
	struct libscols_table *scols = build(table);
	const char *rule = text_is_utf8() ? "\u2500" : "-";
	char	   *text = NULL;
	char	   *head_end;

	scols_print_table_to_string(scols, &text);
	head_end = text != NULL ? strchr(text, '\n') : NULL;
	if (head_end != NULL)
	{
		size_t		width = widest_line(text);

		printf("%s%.*s%s\n", text_style(table->cli, "bold"), (int) (head_end - text), text,
			   text_style(table->cli, "off"));
		for (size_t i = 0; i < width; i++)
			fputs(rule, stdout);
		fputs(head_end, stdout);
		if (head_end[strlen(head_end) - 1] != '\n')
			putchar('\n');
	}
	free(text);
	scols_unref_table(scols);
}

/* ---------------------------------------------------------------- as lists */

static void
print_lists(const CliTable *table)
{
	size_t		label = 0;

	for (size_t i = 0; i < table->count; i++)
	{
		size_t		width = text_width(table->columns[i].name, strlen(table->columns[i].name));

		label = width > label ? width : label;
	}
	for (size_t row = 0; row < table->rows; row++)
	{
		if (row > 0)
			putchar('\n');
		for (size_t i = 0; i < table->count; i++)
		{
			const char *name = table->columns[i].name;

			if (*text_at(table, row, i) == '\0')
				continue;
			printf("%s%s%s%*s", text_style(table->cli, "bold"), name, text_style(table->cli, "off"),
				   (int) (label + GAP - text_width(name, strlen(name))), "");
			text_print_value(text_at(table, row, i), label + GAP);
		}
	}
}

void
table_print(CliTable *table)
{
	size_t		terminal = text_terminal_width(STDOUT_FILENO);

	if (table == NULL)
		return;
	if (terminal > 0 && least_width(table) > terminal)
		print_lists(table);
	else
		print_table(table);
	for (size_t i = 0; i < table->rows * table->count; i++)
		free(table->texts[i]);
	free(table->texts);
	free(table);
}
