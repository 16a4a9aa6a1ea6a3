/*
 * ddltext.c
 *	  DDL text as people keep it in files, read into statements.
 *
 * The server's own scanner finds where tokens end, so that quotes, dollar
 * quotes and nested comments need no care here.  A backslash outside of them
 * begins a psql meta-command, which goes to the end of its line; "COPY … FROM
 * stdin;" is followed by data up to a line of "\.".  Both are overwritten with
 * blanks before the server's parser sees the text.
 *
 * scanner.h promises the codes of the tokens that are not keywords, IDENT = 258
 * and so on; those of keywords are in the table it exports.  That is all that is
 * known of the grammar here, since its header is not installed everywhere.
 *
 * It assumes that the text is in the database's encoding, as any argument.  It never
 * changes the length of a text, so that each position in what the parser sees is one in
 * the file; and it never executes a meta-command, \i included: what it passes over is
 * listed with its line.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "parser/scansup.h"
#include "schema/ddl/ddltext.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define TOKEN_IDENT 258
#define TOKEN_SCONST 261

/* A literal this long is not a name, such as one cast to regclass. */
#define LITERAL_NAME_LENGTH (3 * NAMEDATALEN)

/* How much of a line or statement a message shows. */
#define EXCERPT_LENGTH 200

/* Where and from what a "-- renamed from" comment says something was renamed. */
typedef struct RenameNote
{
	int			location;
	char	   *old_name;
} RenameNote;

/* Something a RenameNote may be about. */
typedef struct RenameTarget
{
	int			location;		/* of its name */
	const RangeVar *relation;
	const char *column;			/* NULL for the table itself */
} RenameTarget;

typedef struct Lexer
{
	DdlText	   *ddl;
	DdlFile	   *file;
	int			length;
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	int			copy_token;
	int			from_token;
	int			stdin_token;
	int			base;			/* where in the file the scanner's text begins */
	int			token_end;		/* of the token before this one, in the file */
	int			previous;		/* its code */
	bool		fresh;			/* no token of this statement was seen yet */
	bool		copy;			/* the statement begins with COPY … */
	bool		from_stdin;		/* … and has FROM STDIN */
	List	   *starts;			/* int: where statements begin */
	List	   *notes;			/* RenameNote * */
} Lexer;

/* Codes of keywords change with every major; their names do not. */
static int
keyword_token(const char *keyword)
{
	int			index = ScanKeywordLookup(keyword, &ScanKeywords);

	Assert(index >= 0);
	return ScanKeywordTokens[index];
}

/*
 * An offset as a line and a column in characters, both from 1.  Counted from the start
 * each time: only what is reported asks.
 */
static void
locate(const char *text, int offset, int *line, int *column)
{
	const char *begin = text;

	*line = 1;
	for (const char *p = text; p < text + offset; p++)
		if (*p == '\n')
		{
			(*line)++;
			begin = p + 1;
		}
	*column = pg_mbstrlen_with_len(begin, text + offset - begin) + 1;
}

/* length bytes of text on one line: runs of white space become one blank. */
static char *
excerpt(const char *text, int length)
{
	StringInfoData out;
	bool		blank = false;
	int			cut;

	initStringInfo(&out);
	for (int i = 0; i < length && out.len <= EXCERPT_LENGTH; i++)
	{
		if (scanner_isspace(text[i]))
		{
			blank = out.len > 0;
			continue;
		}
		if (blank)
			appendStringInfoChar(&out, ' ');
		blank = false;
		appendStringInfoChar(&out, text[i]);
	}
	if (out.len > EXCERPT_LENGTH)
	{
		cut = pg_mbcliplen(out.data, out.len, EXCERPT_LENGTH);
		out.data[cut] = '\0';
		return psprintf("%s ...", out.data);
	}
	return out.data;
}

static int
line_end(const char *text, int offset)
{
	const char *end = strchr(text + offset, '\n');

	return end ? end - text : offset + (int) strlen(text + offset);
}

/*
 * Neighbours that are alike are counted in one entry, or the INSERTs of a dump would
 * make a document of their own.
 */
static void
add_ignored(DdlText *ddl, const DdlFile *file, int location, int length, const char *tag,
			const char *reason)
{
	DdlIgnored *last = ddl->ignored == NIL ? NULL : llast(ddl->ignored);
	DdlIgnored *entry;
	int			column;

	if (last != NULL && last->file == file && strcmp(last->tag, tag) == 0 &&
		strcmp(last->reason, reason) == 0)
	{
		last->count++;
		return;
	}
	entry = palloc0(sizeof(DdlIgnored));
	entry->file = file;
	entry->count = 1;
	entry->tag = tag;
	entry->reason = pstrdup(reason);
	entry->statement = excerpt(file->text + location, length);
	locate(file->text, location, &entry->line, &column);
	ddl->ignored = lappend(ddl->ignored, entry);
}

/* In the memory of the text: the statement's own is reset when it is done. */
void
ddltext_ignore(DdlText *ddl, const DdlStatement *statement, const char *reason)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(GetMemoryChunkContext(ddl));

	add_ignored(ddl, statement->file, statement->location, statement->length,
				GetCommandTagName(CreateCommandTag(statement->raw->stmt)), reason);
	MemoryContextSwitchTo(oldcxt);
}

/* ---- errors ---- */

static void
describe_place(StringInfo out, const DdlFile *file, int offset)
{
	int			line;
	int			column;

	locate(file->text, offset, &line, &column);
	appendStringInfo(out, "line %d, column %d of schema_sql", line, column);
	if (file->number > 0)
		appendStringInfo(out, "[%d]", file->number);
}

static int
byte_offset(const char *text, int characters)
{
	const char *p = text;

	while (characters-- > 0 && *p != '\0')
		p += pg_mblen(p);
	return p - text;
}

/* Runs while an error is built: it must raise no other. */
static void
error_context(void *arg)
{
	DdlErrorContext *context = arg;
	const DdlFile *file = context->file;
	int			position = geterrposition();
	int			offset = context->statement ? context->statement->location : -1;
	int			begin;
	StringInfoData out;

	/* It points into the file, which is not the statement the client sent. */
	if (position > 0)
	{
		/* Counted in what was parsed: a character that was blanked became several. */
		offset = context->base + byte_offset(file->sql + context->base, position - 1);
		errposition(0);
	}
	if (offset < 0)
		return;
	if (geterrcode() == ERRCODE_SYNTAX_ERROR && file->sql[offset] == ':')
		errhint("Variables of psql have no value here.");
	for (begin = offset; begin > 0 && file->text[begin - 1] != '\n';)
		begin--;
	initStringInfo(&out);
	describe_place(&out, file, offset);
	errcontext("%s: %s", out.data,
			   excerpt(file->text + begin, line_end(file->text, offset) - begin));
}

void
ddltext_push_context(DdlErrorContext *context, const DdlFile *file, const DdlStatement *statement)
{
	context->file = file;
	context->statement = statement;
	context->base = 0;
	context->callback.callback = error_context;
	context->callback.arg = context;
	context->callback.previous = error_context_stack;
	error_context_stack = &context->callback;
}

void
ddltext_pop_context(DdlErrorContext *context)
{
	error_context_stack = context->callback.previous;
}

/* ---- meta-commands and COPY data ---- */

/* The scanner reads extra.scanbuf as it goes: what lies ahead may be changed. */
static void
blank(Lexer *lexer, int from, int to)
{
	for (int i = from; i < to; i++)
		if (lexer->file->sql[i] != '\n')
		{
			lexer->file->sql[i] = ' ';
			lexer->extra.scanbuf[i - lexer->base] = ' ';
		}
}

/* These send the statement before them, as a semicolon would. */
static bool
meta_sends_statement(const char *word, int length)
{
	static const char *const words[] = {"g",	 "gx",			 "gexec", "gset",
										"gdesc", "crosstabview", "watch", ";"};

	for (int i = 0; i < lengthof(words); i++)
		if (strlen(words[i]) == length && strncmp(words[i], word, length) == 0)
			return true;
	return false;
}

/*
 * Blanks the meta-command at location; returns where scanning goes on.
 *
 * What follows a backslash and a semicolon goes on in the same line; the rest of any
 * other command is its arguments.  Where it sends the statement, a semicolon takes its
 * place and is scanned.
 */
static int
take_meta_command(Lexer *lexer, int location)
{
	const char *text = lexer->file->text;
	int			end = line_end(text, location);
	int			word = location + 1;
	bool		sends;

	if (text[word] == ';')
		end = word + 1;
	else
		while (word < end && !scanner_isspace(text[word]))
			word++;
	sends = meta_sends_statement(text + location + 1, Max(word - location - 1, 1));
	add_ignored(lexer->ddl, lexer->file, location, end - location,
				pnstrdup(text + location, word - location), "psql meta-command");
	blank(lexer, location, end);
	if (sends)
		lexer->file->sql[location] = ';';
	return sends ? location : end;
}

/*
 * Blanks the data that follow the COPY ending at location.  The data are not SQL, and a
 * quote in them would swallow the rest of the file.  Where the end mark is missing, all
 * the rest is data, as for psql.
 */
static void
take_copy_data(Lexer *lexer, int location)
{
	const char *text = lexer->file->text;
	int			begin = line_end(text, location);
	int			at = begin;

	while (at < lexer->length)
	{
		const char *line = text + at + 1;
		const char *end;

		at = line_end(text, at + 1);
		end = text + at;
		if (strncmp(line, "\\.", 2) == 0 &&
			(line + 2 == end || (line[2] == '\r' && line + 3 == end)))
			break;
	}
	if (begin < at)
		blank(lexer, begin + 1, at);
}

/* ---- comments that rename ---- */

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Reads word, whatever its case, and the blanks behind it; NULL where it is not there. */
static const char *
skip_word(const char *p, const char *end, const char *word)
{
	int			length = strlen(word);

	if (end - p < length || pg_strncasecmp(p, word, length) != 0)
		return NULL;
	return skip_blanks(p + length, end);
}

static bool
is_name_char(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/*
 * A name as SQL reads it, or NULL. As the scanner would: folded to lower case, and cut
 * to the length of a name, unless quoted.
 */
static char *
read_name(const char *p, const char *end)
{
	const char *begin = p;
	StringInfoData out;

	if (p < end && *p == '"')
	{
		initStringInfo(&out);
		for (p++; p < end; p++)
		{
			if (*p == '"' && (p + 1 >= end || *++p != '"'))
				return out.len > 0 ? out.data : NULL;
			appendStringInfoChar(&out, *p);
		}
		return NULL;
	}
	while (p < end && is_name_char(*p))
		p++;
	return p > begin ? downcase_truncate_identifier(begin, p - begin, false) : NULL;
}

/* "-- renamed from OLD", or "-- @renamed from=OLD", in the text of one comment. */
static char *
read_rename(const char *p, const char *end)
{
	p = skip_blanks(p, end);
	if (p < end && *p == '@')
		p++;
	p = skip_word(p, end, "renamed");
	if (p == NULL)
		return NULL;
	p = skip_word(p, end, "from");
	if (p == NULL)
		return NULL;
	if (p < end && *p == '=')
		p = skip_blanks(p + 1, end);
	return read_name(p, end);
}

/*
 * Between two tokens there are white space and comments only.  A "--" within a comment
 * of the other kind is taken for one as well: the scanner does not say which it passed
 * over.
 */
static void
read_comments(Lexer *lexer, int from, int to)
{
	const char *text = lexer->file->text;

	for (int i = from; i + 1 < to; i++)
	{
		char	   *old_name;
		RenameNote *note;

		if (text[i] != '-' || text[i + 1] != '-')
			continue;
		old_name = read_rename(text + i + 2, text + Min(line_end(text, i), to));
		if (old_name != NULL)
		{
			note = palloc(sizeof(RenameNote));
			note->location = i;
			note->old_name = old_name;
			lexer->notes = lappend(lexer->notes, note);
		}
		i = line_end(text, i);
	}
}

/* ---- scanning ---- */

/*
 * Only FROM right before STDIN makes it a COPY that data follow: the words may be names
 * elsewhere.
 */
static void
note_token(Lexer *lexer, int token, int location)
{
	if (lexer->fresh)
	{
		lexer->starts = lappend_int(lexer->starts, location);
		lexer->copy = token == lexer->copy_token;
		lexer->from_stdin = false;
		lexer->fresh = false;
	}
	if (token == lexer->stdin_token && lexer->previous == lexer->from_token)
		lexer->from_stdin = true;
	lexer->previous = token;
	if (token != ';')
		return;
	if (lexer->copy && lexer->from_stdin)
		take_copy_data(lexer, location);
	lexer->fresh = true;
}

/*
 * Scans from base to the end of the file or to a meta-command, after which the scanner
 * has to start again.  Returns where, or -1 at the end.
 *
 * The scanner works on a copy of its text, which is why blank() writes to both.
 */
static int
scan_from(Lexer *lexer, int base)
{
	core_YYSTYPE value;
	YYLTYPE		location;
	int			token;
	int			restart = -1;

	lexer->base = base;
	lexer->scanner =
		scanner_init(lexer->file->sql + base, &lexer->extra, &ScanKeywords, ScanKeywordTokens);
	while ((token = core_yylex(&value, &location, lexer->scanner)) != 0)
	{
		CHECK_FOR_INTERRUPTS();
		location += base;
		read_comments(lexer, lexer->token_end, location);
		if (token == '\\')
		{
			restart = take_meta_command(lexer, location);
			lexer->token_end = restart;
			break;
		}
		/* The scanner has put an end of string behind the token. */
		lexer->token_end = location + strlen(lexer->extra.scanbuf + (location - base));
		note_token(lexer, token, location);
	}
	if (token == 0)
		read_comments(lexer, lexer->token_end, lexer->length);
	scanner_finish(lexer->scanner);
	return restart;
}

/* ---- parsing ---- */

/*
 * The parser's location may lie at white space or a comment before the statement: the
 * first token that the scanner saw after it is where the statement begins.
 */
static void
add_statements(Lexer *lexer, List *raw)
{
	ListCell   *start = list_head(lexer->starts);
	ListCell   *lc;

	foreach(lc, raw)
	{
		DdlStatement *statement = palloc0(sizeof(DdlStatement));
		int			end;

		statement->raw = lfirst_node(RawStmt, lc);
		statement->file = lexer->file;
		statement->location = statement->raw->stmt_location;
		end = statement->raw->stmt_len > 0 ? statement->location + statement->raw->stmt_len
										   : lexer->length;
		while (start != NULL && lfirst_int(start) < statement->location)
			start = lnext(lexer->starts, start);
		if (start != NULL)
			statement->location = lfirst_int(start);
		statement->length = Max(end - statement->location, 0);
		lexer->ddl->statements = lappend(lexer->ddl->statements, statement);
	}
}

static List *
add_target(List *targets, int location, const RangeVar *relation, const char *column)
{
	RenameTarget *target = palloc(sizeof(RenameTarget));

	target->location = location;
	target->relation = relation;
	target->column = column;
	return lappend(targets, target);
}

/* Tables created and columns declared by a statement, in the order of the text. */
static List *
list_targets(List *targets, Node *stmt)
{
	RangeVar   *relation;
	ListCell   *lc;

	if (IsA(stmt, CreateStmt))
	{
		relation = ((CreateStmt *) stmt)->relation;
		targets = add_target(targets, relation->location, relation, NULL);
		foreach(lc, ((CreateStmt *) stmt)->tableElts)
			if (IsA(lfirst(lc), ColumnDef))
				targets = add_target(targets, lfirst_node(ColumnDef, lc)->location, relation,
									 lfirst_node(ColumnDef, lc)->colname);
	}
	else if (IsA(stmt, AlterTableStmt))
	{
		relation = ((AlterTableStmt *) stmt)->relation;
		foreach(lc, ((AlterTableStmt *) stmt)->cmds)
		{
			AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

			if (cmd->subtype == AT_AddColumn)
				targets = add_target(targets, ((ColumnDef *) cmd->def)->location, relation,
									 ((ColumnDef *) cmd->def)->colname);
		}
	}
	return targets;
}

/*
 * What a comment is about: the last thing named before it on its line.  Behind the end
 * of a CREATE TABLE it is the table.  One that is about nothing is listed among what
 * was passed over, not dropped: a rename that is missed would become a drop and an add.
 */
static void
bind_rename(Lexer *lexer, RenameNote *note, List *targets)
{
	const char *text = lexer->file->text;
	RenameTarget *found = NULL;
	DdlRename  *rename;
	ListCell   *lc;

	foreach(lc, targets)
	{
		RenameTarget *target = lfirst(lc);

		if (target->location < note->location && line_end(text, target->location) > note->location)
			found = target;
	}
	if (found == NULL)
	{
		add_ignored(lexer->ddl, lexer->file, note->location,
					line_end(text, note->location) - note->location, "--",
					"it stands behind no column or table of its line");
		return;
	}
	rename = palloc0(sizeof(DdlRename));
	rename->schema = found->relation->schemaname;
	rename->table = found->relation->relname;
	rename->column = unconstify(char *, found->column);
	rename->old_name = note->old_name;
	lexer->ddl->renames = lappend(lexer->ddl->renames, rename);
}

static void
bind_renames(Lexer *lexer, List *statements)
{
	List	   *targets = NIL;
	ListCell   *lc;

	if (lexer->notes == NIL)
		return;
	foreach(lc, statements)
	{
		DdlStatement *statement = lfirst(lc);
		int			end = statement->location + statement->length;
		Node	   *stmt = statement->raw->stmt;

		if (statement->file != lexer->file)
			continue;
		targets = list_targets(targets, stmt);
		/* Behind its semicolon a comment is about the table. */
		if (IsA(stmt, CreateStmt))
			targets = add_target(targets, end, ((CreateStmt *) stmt)->relation, NULL);
	}
	foreach(lc, lexer->notes)
		bind_rename(lexer, lfirst(lc), targets);
}

/* The text means the same whatever the session's lexical settings are. */
static int
pin_syntax(void)
{
	static const char *const settings[][2] = {{"standard_conforming_strings", "on"},
											  {"escape_string_warning", "off"},
											  {"backslash_quote", "safe_encoding"}};
	int			nestlevel = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		query_set(settings[i][0], settings[i][1]);
	return nestlevel;
}

/*
 * The whole is scanned before it is parsed, since a meta-command in the last line would
 * fail the parser at the first.
 */
static void
read_file(DdlText *ddl, DdlFile *file)
{
	Lexer		lexer = {0};
	DdlErrorContext context;
	int			from = 0;

	lexer.ddl = ddl;
	lexer.file = file;
	lexer.length = strlen(file->text);
	lexer.fresh = true;
	lexer.copy_token = keyword_token("copy");
	lexer.from_token = keyword_token("from");
	lexer.stdin_token = keyword_token("stdin");

	ddltext_push_context(&context, file, NULL);
	/* The mark some editors begin a file with, as psql passes it over. */
	if (GetDatabaseEncoding() == PG_UTF8 && strncmp(file->sql, "\xef\xbb\xbf", 3) == 0)
		memset(file->sql, ' ', 3);
	while (from >= 0)
	{
		context.base = from;
		from = scan_from(&lexer, from);
	}
	context.base = 0;
	add_statements(&lexer, raw_parser(file->sql, RAW_PARSE_DEFAULT));
	bind_renames(&lexer, ddl->statements);
	ddltext_pop_context(&context);
}

DdlText *
ddltext_read(List *texts, bool numbered)
{
	DdlText	   *ddl = palloc0(sizeof(DdlText));
	int			nestlevel = pin_syntax();
	int			number = 0;
	ListCell   *lc;

	foreach(lc, texts)
	{
		DdlFile	   *file = palloc0(sizeof(DdlFile));

		file->number = numbered ? ++number : 0;
		file->text = lfirst(lc);
		file->sql = pstrdup(file->text);
		ddl->files = lappend(ddl->files, file);
		read_file(ddl, file);
	}
	AtEOXact_GUC(true, nestlevel);
	return ddl;
}

static char *
constant_string(Node *node)
{
	if (node == NULL || !IsA(node, A_Const) || !compat_const_is_string((A_Const *) node))
		return NULL;
	return strVal(&((A_Const *) node)->val);
}

/* Only constants: what a call would compute is not known by parsing. */
bool
ddltext_set_config(const SelectStmt *stmt, char **name, char **value)
{
	FuncCall   *call;

	if (list_length(stmt->targetList) != 1 || stmt->fromClause != NIL)
		return false;
	call = (FuncCall *) linitial_node(ResTarget, stmt->targetList)->val;
	if (call == NULL || !IsA(call, FuncCall) || list_length(call->args) != 3 ||
		strcmp(strVal(llast(call->funcname)), "set_config") != 0)
		return false;
	*name = constant_string(linitial(call->args));
	*value = constant_string(lsecond(call->args));
	return *name != NULL && *value != NULL;
}

/* ---- words ---- */

static int
compare_words(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The names in a literal: it may be one in a search_path, or of a regclass.  Too many
 * words cost a miss of the cache, too few a wrong document: so whatever could be a name
 * counts.
 */
static void
add_literal_words(HTAB *seen, char *literal)
{
	char	   *end;

	if (strlen(literal) > LITERAL_NAME_LENGTH)
		return;
	for (char *p = literal; *p != '\0'; p = end)
	{
		for (end = p; is_name_char(*end);)
			end++;
		if (end > p)
			(void) hash_search(seen, pnstrdup(p, end - p), HASH_ENTER, NULL);
		while (*end != '\0' && !is_name_char(*end))
			end++;
	}
}

static void
add_words(HTAB *seen, const DdlFile *file)
{
	core_yy_extra_type extra;
	core_yyscan_t scanner = scanner_init(file->sql, &extra, &ScanKeywords, ScanKeywordTokens);
	core_YYSTYPE value;
	YYLTYPE		location;
	int			first_keyword = keyword_token("abort");
	int			token;

	extra.standard_conforming_strings = true;
	extra.escape_string_warning = false;
	while ((token = core_yylex(&value, &location, scanner)) != 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == TOKEN_IDENT)
			(void) hash_search(seen, value.str, HASH_ENTER, NULL);
		else if (token == TOKEN_SCONST)
			add_literal_words(seen, value.str);
		else if (token >= first_keyword)	/* it may be a name too */
			(void) hash_search(seen, value.keyword, HASH_ENTER, NULL);
	}
	scanner_finish(scanner);
}

/* The table cuts longer words at its keys' length; no name of the server's is longer. */
List *
ddltext_words(const DdlText *ddl)
{
	HASHCTL		control = {0};
	HTAB	   *seen;
	HASH_SEQ_STATUS scan;
	List	   *words = NIL;
	char	   *word;
	ListCell   *lc;

	control.keysize = NAMEDATALEN;
	control.entrysize = NAMEDATALEN;
	control.hcxt = CurrentMemoryContext;
	seen = hash_create("db_adapter words", 1024, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	foreach(lc, ddl->files)
		add_words(seen, lfirst(lc));
	hash_seq_init(&scan, seen);
	while ((word = hash_seq_search(&scan)) != NULL)
		words = lappend(words, pstrdup(word));
	hash_destroy(seen);
	list_sort(words, compare_words);
	return words;
}
