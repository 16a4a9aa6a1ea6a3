/*
 * sqlread.c
 *		The pieces of SQL that callers write as text: names, lists of columns,
 *		orders.
 *
 * A scanner of words, quoted words and single signs, and a parser of one function
 * a rule.  Positions in messages count bytes from 1.
 */
#include "sql/sqlread.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "json/jsonread.h"

/* functions that a column list may call, all in pg_catalog */
static const char *const known_functions[] = {
	"abs",			"array_agg", "avg",			"bit_and",	"bit_length", "bit_or",		 "bool_and",
	"bool_or",		"ceil",		 "char_length", "count",	"every",	  "floor",		 "initcap",
	"json_agg",		"jsonb_agg", "length",		"lower",	"max",		  "md5",		 "min",
	"octet_length", "round",	 "sign",		"stddev",	"stddev_pop", "stddev_samp", "sum",
	"trunc",		"upper",	 "var_pop",		"var_samp", "variance"};

typedef enum TokenType
{
	TOKEN_END,
	TOKEN_WORD,					/* folded to lower case */
	TOKEN_QUOTED,				/* a name in double quotes, without them */
	TOKEN_SIGN					/* one character */
} TokenType;

typedef struct Parser
{
	Arena	   *arena;
	const char *what;			/* for messages */
	const char *text;
	const char *next;			/* not scanned yet */
	dba_error **err;

	TokenType	type;			/* the current token */
	char		sign;
	const char *word;
	const char *start;			/* where it begins in text */
} Parser;

static bool
parser_fail(Parser *parser, const char *expected)
{
	const char *start = parser->start;
	int			len = 1;

	if (*start == '\0')
		return error_set(parser->err, DBA_INVALID, "%s: expected %s at the end of \"%s\"",
						 parser->what, expected, parser->text);
	while (((unsigned char) start[len] & 0xC0) == 0x80)
		len++;
	if (parser->type == TOKEN_WORD || parser->type == TOKEN_QUOTED)
		len = (int) (parser->next - start);
	return error_set(parser->err, DBA_INVALID,
					 "%s: expected %s, found %.*s at position %zu of \"%s\"", parser->what,
					 expected, len, start, (size_t) (start - parser->text) + 1, parser->text);
}

/* ---------------------------------------------------------------- scanning */

static bool
starts_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool
scan_word(Parser *parser)
{
	const char *p = parser->next;
	char	   *word;

	while (starts_word((unsigned char) *p) || (*p >= '0' && *p <= '9') || *p == '$')
		p++;
	word = arena_strndup(parser->arena, parser->next, (size_t) (p - parser->next));
	if (word == NULL)
		return error_set_no_memory(parser->err);
	for (char *c = word; *c != '\0'; c++)
	{
		if (*c >= 'A' && *c <= 'Z')
			*c = (char) (*c - 'A' + 'a');
	}
	parser->next = p;
	parser->type = TOKEN_WORD;
	parser->word = word;
	return true;
}

/* "a ""b""": the quotes inside are doubled. */
static bool
scan_quoted(Parser *parser)
{
	const char *p = parser->next + 1;
	char	   *word = arena_alloc(parser->arena, strlen(p) + 1);
	size_t		len = 0;
	bool		closed = false;

	if (word == NULL)
		return error_set_no_memory(parser->err);
	for (; *p != '\0'; p++)
	{
		closed = *p == '"' && *++p != '"';
		if (closed)
			break;
		word[len++] = *p;
	}
	parser->type = TOKEN_SIGN;
	if (!closed)
		return parser_fail(parser, "a closing double quote for the name that begins there");
	if (len == 0)
		return parser_fail(parser, "a name between the double quotes");
	parser->next = p;
	parser->type = TOKEN_QUOTED;
	parser->word = word;
	return true;
}

/* Go to the next token. */
static bool
parser_advance(Parser *parser)
{
	parser->next += strspn(parser->next, " \t\r\n");
	parser->start = parser->next;
	parser->word = NULL;
	parser->sign = '\0';
	if (*parser->next == '\0')
	{
		parser->type = TOKEN_END;
		return true;
	}
	if (starts_word((unsigned char) *parser->next))
		return scan_word(parser);
	if (*parser->next == '"')
		return scan_quoted(parser);
	parser->type = TOKEN_SIGN;
	parser->sign = *parser->next++;
	return true;
}

static bool
parser_start(Parser *parser, Arena *arena, const char *text, const char *what, dba_error **err)
{
	*parser = (Parser){
		.arena = arena, .what = what, .text = text, .next = text, .start = text, .err = err};
	if (!json_valid_utf8(text, strlen(text)))
		return error_set(err, DBA_INVALID, "%s: not valid UTF-8", what);
	return parser_advance(parser);
}

static bool
is_word(const Parser *parser, const char *word)
{
	return parser->type == TOKEN_WORD && strcmp(parser->word, word) == 0;
}

static bool
is_sign(const Parser *parser, char sign)
{
	return parser->type == TOKEN_SIGN && parser->sign == sign;
}

static bool
is_name(const Parser *parser)
{
	return parser->type == TOKEN_WORD || parser->type == TOKEN_QUOTED;
}

/* ---------------------------------------------------------------- rules */

/* name {. name}; the first part is the current token */
static bool
parse_name(Parser *parser, size_t max_parts, const char *expected, SqlName *name)
{
	name->count = 0;
	for (;;)
	{
		if (!is_name(parser))
			return parser_fail(parser, expected);
		name->parts[name->count++] = parser->word;
		if (!parser_advance(parser))
			return false;
		if (!is_sign(parser, '.'))
			return true;
		if (name->count == max_parts)
			return parser_fail(parser,
							   max_parts == 1 ? "a plain name without \".\"" : "no further \".\"");
		if (!parser_advance(parser))
			return false;
	}
}

static bool
parse_function_name(Parser *parser, SqlExpr *expr)
{
	size_t		count = sizeof(known_functions) / sizeof(known_functions[0]);
	const char *name = expr->columns[0].parts[0];

	for (size_t i = 0; i < count && expr->columns[0].count == 1; i++)
	{
		if (strcmp(known_functions[i], name) == 0)
		{
			expr->function = known_functions[i];
			expr->count = 0;
			return parser_advance(parser);
		}
	}
	error_set(parser->err, DBA_INVALID,
			  "%s: function \"%s\" is not one that a column list may call", parser->what, name);
	return false;
}

/* the rest of function(…), from after the parenthesis */
static bool
parse_arguments(Parser *parser, SqlExpr *expr)
{
	if (is_sign(parser, '*') && strcmp(expr->function, "count") == 0)
	{
		expr->star = true;
		if (!parser_advance(parser))
			return false;
	}
	else
	{
		if (is_word(parser, "distinct"))
		{
			expr->distinct = true;
			if (!parser_advance(parser))
				return false;
		}
		for (;;)
		{
			if (expr->count == SQL_MAX_ARGUMENTS)
				return parser_fail(parser, "fewer arguments");
			if (!parse_name(parser, 2, "a column", &expr->columns[expr->count++]))
				return false;
			if (!is_sign(parser, ','))
				break;
			if (!parser_advance(parser))
				return false;
		}
	}
	if (!is_sign(parser, ')'))
		return parser_fail(parser, "\")\"");
	return parser_advance(parser);
}

static bool
parse_expr(Parser *parser, SqlExpr *expr)
{
	bool		word = parser->type == TOKEN_WORD;

	expr->count = 1;
	if (!parse_name(parser, 2, "a column", &expr->columns[0]))
		return false;
	if (!word || !is_sign(parser, '('))
		return true;
	return parse_function_name(parser, expr) && parse_arguments(parser, expr);
}

/* expr [[AS] name] */
static bool
parse_column(Parser *parser, SqlItem *item)
{
	if (is_sign(parser, '*'))
	{
		item->expr.star = true;
		return parser_advance(parser);
	}
	if (!parse_expr(parser, &item->expr))
		return false;
	if (is_word(parser, "as"))
	{
		if (!parser_advance(parser))
			return false;
		if (!is_name(parser))
			return parser_fail(parser, "a name after AS");
	}
	if (!is_name(parser))
		return true;
	item->alias = parser->word;
	return parser_advance(parser);
}

static bool
parse_plain_column(Parser *parser, SqlItem *item)
{
	item->expr.count = 1;
	return parse_name(parser, 1, "a column", &item->expr.columns[0]);
}

/* expr [ASC|DESC] [NULLS FIRST|LAST] */
static bool
parse_order(Parser *parser, SqlItem *item)
{
	if (!parse_expr(parser, &item->expr))
		return false;
	item->descending = is_word(parser, "desc");
	if ((item->descending || is_word(parser, "asc")) && !parser_advance(parser))
		return false;
	if (!is_word(parser, "nulls"))
		return true;
	if (!parser_advance(parser))
		return false;
	item->nulls = is_word(parser, "first") ? 1 : is_word(parser, "last") ? 2 : 0;
	if (item->nulls == 0)
		return parser_fail(parser, "FIRST or LAST");
	return parser_advance(parser);
}

/* rule {, rule} and then the end */
static SqlItem *
parse_list(Parser *parser, bool (*rule)(Parser *, SqlItem *))
{
	SqlItem	   *first = NULL;
	SqlItem	  **tail = &first;

	for (;;)
	{
		*tail = arena_alloc(parser->arena, sizeof(SqlItem));
		if (*tail == NULL)
		{
			error_set_no_memory(parser->err);
			return NULL;
		}
		if (!rule(parser, *tail))
			return NULL;
		tail = &(*tail)->next;
		if (parser->type == TOKEN_END)
			return first;
		if (!is_sign(parser, ','))
		{
			parser_fail(parser, "\",\"");
			return NULL;
		}
		if (!parser_advance(parser))
			return NULL;
	}
}

bool
sql_read_name(Arena *arena, const char *text, const char *what, size_t max_parts, SqlName *name,
			  dba_error **err)
{
	Parser		parser;

	if (!parser_start(&parser, arena, text, what, err) ||
		!parse_name(&parser, max_parts, "a name", name))
		return false;
	return parser.type == TOKEN_END || parser_fail(&parser, "the end");
}

SqlItem *
sql_read_columns(Arena *arena, const char *text, const char *what, dba_error **err)
{
	Parser		parser;

	return parser_start(&parser, arena, text, what, err) ? parse_list(&parser, parse_column) : NULL;
}

SqlItem *
sql_read_order(Arena *arena, const char *text, dba_error **err)
{
	Parser		parser;

	return parser_start(&parser, arena, text, "order", err) ? parse_list(&parser, parse_order)
															: NULL;
}

SqlItem *
sql_read_names(Arena *arena, const char *text, const char *what, dba_error **err)
{
	Parser		parser;

	return parser_start(&parser, arena, text, what, err) ? parse_list(&parser, parse_plain_column)
														 : NULL;
}
