/*
 * print.h
 *		What the command prints: text, documents, tables, progress.
 */
#ifndef DB_ADAPTER_PRINT_H
#define DB_ADAPTER_PRINT_H

#include "cli.h"

/* ---------------------------------------------------------------- text.c */

/* columns of the terminal that the stream is; 0: it is none */
extern size_t text_terminal_width(int fd);
extern int text_descriptor(FILE *stream);	/* also of a guarded one */

/* how many of them the first `bytes` of the text take; a newline ends it */
extern size_t text_width(const char *text, size_t bytes);

/* is TERM one whose lines can be written over and coloured? */
extern bool text_terminal_moves(void);
extern bool text_is_utf8(void);

/* text that breaks at spaces where a terminal would break it anywhere; it begins at
 * `column` and goes on below at `indent` */
extern void text_print_lines(FILE *to, const char *text, size_t column, size_t indent);

/* a value that stands beside its label, in this column, and goes on there */
extern void text_print_value(const char *text, size_t column);

/* "a, b or c"; words end with NULL */
extern void text_list(char *list, size_t size, const char *const *words, const char *last);

/* "bold", "red", "green", "yellow", "off" where colour is wanted, else "" */
extern const char *text_style(const Cli *cli, const char *style);

/* "1,234,567" and "1.2 MB"; a static buffer of several */
extern const char *text_thousands(int64_t number);
extern const char *text_bytes(double bytes);

/* ---------------------------------------------------------------- document.c */

extern void document_print(cJSON *document);	/* and deletes it */

/* one was printed as text */
extern void document_printed(void);
extern void document_print_to(FILE *to, cJSON *document);

/* {"error": error} unless a document was printed; NULL: the last message.  Deletes error. */
extern void document_print_failure(FILE *to, cJSON *error);

/* the value in a text or file; NULL: said, with line and column.  text (may be NULL) gets
 * the file's text (free it). */
extern cJSON *document_parse(const char *name, const char *text, size_t len);
extern cJSON *document_read_file(const char *path, const char *what, char **text);

/* a member that is a string; "" where there is none */
extern const char *document_text(const cJSON *object, const char *name);

/* ---------------------------------------------------------------- table.c */

/* columns: "Table|>Rows|~URL|Description", > aligns right, ~ and the last one may be
 * broken to fit the terminal; rows of as many texts */
typedef struct CliTable CliTable;

extern CliTable *table_new(const Cli *cli, const char *columns);
extern void table_add(CliTable *table, const char *const *texts);
extern void table_print(CliTable *table);	/* and frees it */

/* ---------------------------------------------------------------- progress.c */

/* rows and bytes so far, at most ten times a second, where standard error is a terminal */
typedef struct CliProgress
{
	bool		shown;
	bool		wanted;
	bool		color;
	int64_t		started;		/* milliseconds */
	int64_t		last;
	int64_t		total;			/* bytes; 0: not known */
} CliProgress;

extern void progress_begin(CliProgress *progress, const Cli *cli, int64_t total);
extern void progress_show(CliProgress *progress, const char *table, int64_t rows, int64_t bytes);
extern void progress_end(CliProgress *progress);

/* ---------------------------------------------------------------- terminal.c */

/* What the program wants of a terminal: marks that a guarded stream makes sequences of. */
#define TERMINAL_BOLD                                                                              \
	"\xFF"                                                                                         \
	"b"
#define TERMINAL_RED                                                                               \
	"\xFF"                                                                                         \
	"r"
#define TERMINAL_GREEN                                                                             \
	"\xFF"                                                                                         \
	"g"
#define TERMINAL_YELLOW                                                                            \
	"\xFF"                                                                                         \
	"y"
#define TERMINAL_DIM                                                                               \
	"\xFF"                                                                                         \
	"d"
#define TERMINAL_OFF                                                                               \
	"\xFF"                                                                                         \
	"o"
#define TERMINAL_ERASE                                                                             \
	"\xFF"                                                                                         \
	"e" /* the line that the cursor is in */

/* guards standard output and standard error where they are terminals; false: no memory */
extern bool terminal_guard(void);

/* a stream to a terminal that nothing in a text drives; NULL: no memory */
extern FILE *terminal_open(int fd);

#endif							/* DB_ADAPTER_PRINT_H */
