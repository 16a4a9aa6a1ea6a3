/*
 * filedocument.c
 *	  The reader of json 1.1: one document, read as a stream.
 *
 * The document is an object of arrays of rows.  A state machine finds keys and
 * values by their brackets and quotes; a whole row is then read by the row
 * reader, which checks its syntax in full.
 *
 * It assumes that the file is anybody's, and that no more of it need be held than one
 * row, one key or the metadata.  There is no sum in this version: what can be told of
 * damage is that the document is not complete, and that a count is wrong.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "data/file/fileparts_private.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* The line is that of the value's first byte, for messages. */
static void
begin_capture(FileReader *r, DocumentCapture capture)
{
	r->capture = capture;
	r->capture_line = r->line;
	r->in_string = false;
	r->escaped = false;
	r->depth = 0;
}

/*
 * The key is still JSON text with its quotes.  As an object of one member, so that
 * escapes are read by the one reader there is.
 */
static char *
read_key(FileReader *r)
{
	StringInfoData object;
	RowScanner	s;
	RowField	name;
	RowField	value;

	if (!pg_verify_mbstr(PG_UTF8, r->pending.data, r->pending.len, true))
		fileparts_refuse(r->line, "it is not valid UTF-8");
	initStringInfo(&object);
	appendStringInfo(&object, "{%s:0}", r->pending.data);
	row_scan_begin(&s, object.data, object.len, true);
	if (!row_scan_next(&s, &name, &value))
		fileparts_refuse(r->line, "a member's name is not valid: it %s", s.error.message);
	return fileparts_text(name.data, name.len);
}

static void
end_capture(FileReader *r)
{
	DocumentCapture capture = r->capture;
	RowField	value = {r->pending.data, r->pending.len, FIELD_NESTED};

	r->capture = CAPTURE_NONE;
	r->state = capture == CAPTURE_KEY	? DOC_COLON
			   : capture == CAPTURE_ROW ? DOC_AFTER_ROW
										: DOC_AFTER_VALUE;
	if (capture == CAPTURE_KEY)
		r->key = read_key(r);
	else if (capture == CAPTURE_ROW)
		fileparts_row(r, r->pending.data, r->pending.len, r->capture_line);
	else if (capture == CAPTURE_METADATA)
	{
		if (!pg_verify_mbstr(PG_UTF8, value.data, value.len, true))
			fileparts_refuse(r->capture_line, "it is not valid UTF-8");
		r->header.metadata = fileparts_jsonb(&value);
	}
	resetStringInfo(&r->pending);
}

/*
 * Follows brackets and quotes to the end of a value.  Returns where it stopped;
 * *done says that the value ends there.  The byte that ends a bare word is not
 * part of it.
 */
static const char *
follow_value(FileReader *r, const char *p, const char *end, bool *done)
{
	for (*done = false; p < end && !*done; p++)
	{
		char		c = *p;

		if (c == '\n')
			r->line++;
		if (r->in_string)
		{
			if (r->escaped)
				r->escaped = false;
			else if (c == '\\')
				r->escaped = true;
			else if (c == '"')
			{
				r->in_string = false;
				*done = r->depth == 0;
			}
		}
		else if (c == '"')
			r->in_string = true;
		else if (c == '{' || c == '[')
			r->depth++;
		else if (r->depth == 0 && strchr(",}] \t\r\n", c) != NULL)
		{
			*done = true;
			/* The byte that ends a bare word is looked at again, and counted then. */
			if (c == '\n')
				r->line--;
			return p;
		}
		else if (c == '}' || c == ']')
			*done = --r->depth == 0;
	}
	return p;
}

/* What nobody reads is followed and not kept: it may be of any size. */
static const char *
continue_capture(FileReader *r, const char *p, const char *end)
{
	bool		done;
	const char *stop = follow_value(r, p, end, &done);

	if (r->capture != CAPTURE_NOTHING)
		fileparts_keep(r, p, stop - p);
	if (done)
		end_capture(r);
	return stop;
}

static void
begin_table(FileReader *r)
{
	FileSection *section = palloc0(sizeof(FileSection));

	section->name = r->key;
	section->line = r->line;
	fileparts_begin_section(r, section);
}

/*
 * A member's value begins with c.  Tables are what holds a list; a member that holds
 * anything else is passed over.
 */
static void
begin_value(FileReader *r, char c)
{
	if (c == '[' && strcmp(r->key, "metadata") != 0)
		r->state = DOC_FIRST_ROW;
	else
		begin_capture(r, c == '{' && strcmp(r->key, "metadata") == 0 ? CAPTURE_METADATA
																	 : CAPTURE_NOTHING);
	if (r->state == DOC_FIRST_ROW)
		begin_table(r);
}

static void
expect(FileReader *r, bool found, const char *what)
{
	if (!found)
		fileparts_refuse(r->line, "%s is missing", what);
}

/*
 * One byte between values that is no blank.  Returns whether it is used up; the
 * first byte of a value is left to continue_capture().
 */
static bool
step(FileReader *r, char c)
{
	switch (r->state)
	{
		case DOC_START:
			expect(r, c == '{', "the object's opening brace");
			r->state = DOC_FIRST_KEY;
			if (r->events->header != NULL)
				r->events->header(&r->header, r->arg);
			return true;
		case DOC_FIRST_KEY:
		case DOC_KEY:
			if (c == '}' && r->state == DOC_FIRST_KEY)
			{
				r->state = DOC_END;
				return true;
			}
			expect(r, c == '"', "a member's name");
			begin_capture(r, CAPTURE_KEY);
			return false;
		case DOC_COLON:
			expect(r, c == ':', "the colon behind a member's name");
			r->state = DOC_VALUE;
			return true;
		case DOC_VALUE:
			begin_value(r, c);
			return r->state == DOC_FIRST_ROW;
		case DOC_FIRST_ROW:
		case DOC_ROW:
			if (c == ']' && r->state == DOC_FIRST_ROW)
			{
				r->state = DOC_AFTER_VALUE;
				return true;
			}
			if (c != '{')
				fileparts_refuse(r->line, "a row of table \"%s\" is not an object", r->key);
			begin_capture(r, CAPTURE_ROW);
			return false;
		case DOC_AFTER_ROW:
			expect(r, c == ',' || c == ']', "a comma or the end of the rows");
			r->state = c == ',' ? DOC_ROW : DOC_AFTER_VALUE;
			return true;
		case DOC_AFTER_VALUE:
			expect(r, c == ',' || c == '}', "a comma or the end of the document");
			r->state = c == ',' ? DOC_KEY : DOC_END;
			return true;
		default:
			fileparts_refuse(r->line, "something follows the document");
	}
}

void
document_feed(FileReader *r, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end)
	{
		CHECK_FOR_INTERRUPTS();
		if (r->capture != CAPTURE_NONE)
			p = continue_capture(r, p, end);
		else if (*p == '\n' || *p == ' ' || *p == '\t' || *p == '\r')
			r->line += *p++ == '\n';
		else if (step(r, *p))
			p++;
	}
}

/* Where metadata counts the rows of a table, the count must be right. */
static void
check_counts(FileReader *r)
{
	ListCell   *lc;

	foreach(lc, r->sections)
	{
		FileSection *section = lfirst(lc);
		JsonbValue	v;
		char	   *member = psprintf("%s_count", section->name);
		char	   *expected;

		if (!json_get(&r->header.metadata->root, member, &v) || v.type != jbvNumeric)
			continue;
		/* As text: it may be larger than any integer. */
		expected = numeric_normalize(v.val.numeric);
		if (strcmp(expected, psprintf(INT64_FORMAT, section->nrows)) != 0)
			fileparts_damage(r, "table \"%s\" has " INT64_FORMAT " rows, but \"%s\" says %s",
							 section->name, section->nrows, member, expected);
	}
}

void
document_finish(FileReader *r)
{
	if (r->state == DOC_START)
		fileparts_refuse(r->line, "it is empty");
	if (r->state != DOC_END)
		fileparts_damage(r, "the document ends before it is complete");
	if (r->header.metadata != NULL)
		check_counts(r);
	else
		fileparts_damage(r, "the document has no object \"metadata\"");
}
