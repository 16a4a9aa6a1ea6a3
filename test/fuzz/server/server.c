/*
 * server.c
 *		As much of a server as the readers of foreign bytes need: memory, errors, lists,
 *		jsonb.  See server.h.
 *
 * A real backend starts too slowly and keeps too much from one input to the next for
 * a fuzzer.  Here palloc is malloc, so that the sanitizer guards each piece, which the
 * server's memory contexts would hide from it; an error is a jump back to the target;
 * and whatever is left when a run ends is freed.  An allocation that the server would
 * refuse is a trap: the reader should never have asked for it.
 */
#include "server.h"

#include <ctype.h>
#include <setjmp.h>

#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/resowner.h"
#include "utils/varlena.h"

#define MAX_DEPTH 200

MemoryContext CurrentMemoryContext = NULL;
ResourceOwner CurrentResourceOwner = NULL;
volatile sig_atomic_t InterruptPending = false;

/* ----- memory: every piece is remembered until the run ends ----- */

static void **pieces;
static size_t npieces;
static size_t max_pieces;

static void
remember(void *piece)
{
	if (npieces == max_pieces)
		pieces = realloc(pieces, sizeof(void *) * (max_pieces = max_pieces * 2 + 1024));
	pieces[npieces++] = piece;
}

static size_t
find_piece(const void *piece)
{
	for (size_t i = npieces; i-- > 0;)
		if (pieces[i] == piece)
			return i;
	__builtin_trap();
}

void *
palloc(Size size)
{
	void	   *piece = malloc(size);

	if (size > MaxAllocSize)
		__builtin_trap();
	remember(piece);
	return piece;
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
repalloc(void *piece, Size size)
{
	size_t		at = find_piece(piece);

	return pieces[at] = realloc(piece, size);
}

void
pfree(void *piece)
{
	size_t		at = find_piece(piece);

	free(piece);
	pieces[at] = pieces[--npieces];
}

char *
pnstrdup(const char *text, Size len)
{
	size_t		n = strnlen(text, len);
	char	   *copy = palloc(n + 1);

	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

void
MemoryContextRegisterResetCallback(MemoryContext context, MemoryContextCallback *callback)
{
}

static void
free_pieces(void)
{
	while (npieces > 0)
		free(pieces[--npieces]);
}

/* ----- errors ----- */

static jmp_buf leave;
static int	sqlstate;
static int	severity;
static bool worded;

bool
errstart(int elevel, const char *domain)
{
	severity = elevel;
	sqlstate = 0;
	worded = false;
	return elevel >= WARNING;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	bool		expected = sqlstate == ERRCODE_INVALID_TEXT_REPRESENTATION ||
					sqlstate == ERRCODE_INVALID_PARAMETER_VALUE ||
					sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
					sqlstate == ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;

	if (!worded || !expected)
	{
		fprintf(stderr, "error of %s, line %d is not one of a reader\n", funcname, lineno);
		__builtin_trap();
	}
	if (severity >= ERROR)
		longjmp(leave, 1);
}

int
errcode(int code)
{
	sqlstate = code;
	return 0;
}

/* Formatted for the sanitizers' sake. */
static void
format(const char *text, va_list args)
{
	char		buffer[1024];

	vsnprintf(buffer, sizeof(buffer), text, args);
	worded |= buffer[0] != '\0';
}

#define FORMAT(name)                                                                               \
	int name(const char *text, ...)                                                                \
	{                                                                                              \
		va_list args;                                                                              \
                                                                                                   \
		va_start(args, text);                                                                      \
		format(text, args);                                                                        \
		va_end(args);                                                                              \
		return 0;                                                                                  \
	}

FORMAT(errmsg)
FORMAT(errmsg_internal)
FORMAT(errdetail)
FORMAT(errhint)

int
server_run(void (*body)(void *arg), void *arg)
{
	volatile int result = 0;

	if (setjmp(leave) == 0)
		body(arg);
	else
		result = sqlstate;
	free_pieces();
	return result;
}

void
ProcessInterrupts(void)
{
}

void
check_stack_depth(void)
{
}

bool
IsTransactionState(void)
{
	return true;
}

/* ----- lists ----- */

List *
list_make1_impl(NodeTag type, ListCell cell)
{
	List	   *list = palloc(sizeof(List));

	list->type = type;
	list->length = 1;
	list->max_length = 1;
	list->elements = palloc(sizeof(ListCell));
	list->elements[0] = cell;
	return list;
}

List *
lappend(List *list, void *value)
{
	ListCell	cell = {.ptr_value = value};

	if (list == NIL)
		return list_make1_impl(T_List, cell);
	if (list->length == list->max_length)
		list->elements = repalloc(list->elements, sizeof(ListCell) * (list->max_length *= 2));
	list->elements[list->length++] = cell;
	return list;
}

List *
lappend_int(List *list, int value)
{
	union
	{
		void	   *pointer;
		int			number;
	} cell = {.number = value};

	return lappend(list, cell.pointer);
}

/* ----- text: the server's encoding is UTF-8 ----- */

bool
pg_verify_mbstr(int encoding, const char *text, int len, bool no_error)
{
	return pg_encoding_verifymbstr(encoding, text, len) == len;
}

char *
pg_any_to_server(const char *text, int len, int encoding)
{
	if (!pg_verify_mbstr(encoding, text, len, true))
		ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("invalid UTF-8")));
	return unconstify(char *, text);
}

int
varstr_levenshtein_less_equal(const char *source, int slen, const char *target, int tlen, int ins_c,
							  int del_c, int sub_c, int max_d, bool trusted)
{
	int			distance = Max(slen, tlen);

	for (int i = 0; i < Min(slen, tlen); i++)
		distance -= source[i] == target[i];
	return distance;
}

/* ----- names ----- */

/* One part of a name, quoted or not; its end is behind it, or NULL where there is none. */
static char *
split_name(char *at, char separator, List **parts)
{
	bool		quoted = *at == '"';
	bool		open = quoted;
	char	   *start = at += quoted;
	char	   *out = start;

	for (; *at != '\0' && (open || (*at != separator && !isspace((unsigned char) *at))); at++)
	{
		if (open && *at == '"' && *++at != '"')
		{
			open = false;
			break;
		}
		*out++ = quoted ? *at : pg_tolower((unsigned char) *at);
	}
	if (out == start || open)
		return NULL;
	*parts = lappend(*parts, pnstrdup(start, out - start));
	return at;
}

bool
SplitIdentifierString(char *text, char separator, List **parts)
{
	char	   *at = text + strspn(text, " \t\n\r\f");

	*parts = NIL;
	if (*at == '\0')
		return true;
	while ((at = split_name(at, separator, parts)) != NULL)
	{
		at += strspn(at, " \t\n\r\f");
		if (*at == '\0')
			return true;
		if (*at++ != separator)
			return false;
		at += strspn(at, " \t\n\r\f");
	}
	return false;
}

/* Always within quotes: only that equal names stay equal is asked of it. */
char *
quote_qualified_identifier(const char *qualifier, const char *name)
{
	return psprintf("\"%s\".\"%s\"", qualifier, name);
}

/* ----- SHA-256, as far as the readers can tell ----- */

struct pg_cryptohash_ctx
{
	uint64		sum;
};

pg_cryptohash_ctx *
pg_cryptohash_create(pg_cryptohash_type type)
{
	return palloc0(sizeof(pg_cryptohash_ctx));
}

int
pg_cryptohash_init(pg_cryptohash_ctx *ctx)
{
	return 0;
}

int
pg_cryptohash_update(pg_cryptohash_ctx *ctx, const uint8 *data, size_t len)
{
	ctx->sum ^= hash_bytes_extended(data, len, ctx->sum);
	return 0;
}

int
pg_cryptohash_final(pg_cryptohash_ctx *ctx, uint8 *dest, size_t len)
{
	memset(dest, 0, len);
	memcpy(dest, &ctx->sum, Min(len, sizeof(ctx->sum)));
	return 0;
}

void
pg_cryptohash_free(pg_cryptohash_ctx *ctx)
{
	pfree(ctx);
}

/* ----- jsonb: containers with real headers, their values beside ----- */

typedef struct Container
{
	char	  **keys;			/* of an object */
	JsonbValue *values;
	int32		vl_len_;		/* here begins what is called a Jsonb */
	uint32		header;
} Container;

#define CONTAINER(head) ((Container *) ((char *) (head) -offsetof(Container, header)))

typedef struct Parser
{
	const char *at;
	int			depth;
} Parser;

static void parse_value(Parser *p, JsonbValue *value);

static void
refuse(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", "json")));
}

static void
skip_blank(Parser *p)
{
	while (*p->at != '\0' && strchr(" \t\r\n", *p->at) != NULL)
		p->at++;
}

static bool
take(Parser *p, char c)
{
	skip_blank(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* Escapes but \u stand for the byte behind the backslash: enough for names. */
static char *
parse_string(Parser *p, int *len)
{
	char	   *text = palloc(strlen(p->at) + 1);
	char	   *out = text;

	if (!take(p, '"'))
		refuse();
	for (; *p->at != '"'; p->at++)
	{
		if (*p->at == '\\')
			p->at++;
		if ((unsigned char) *p->at < ' ')
			refuse();
		*out++ = *p->at;
	}
	p->at++;
	*out = '\0';
	*len = out - text;
	return text;
}

static void
parse_container(Parser *p, JsonbValue *value, char close)
{
	Container  *c = palloc0(sizeof(Container));
	int			count = 0;
	int			len;

	if (++p->depth > MAX_DEPTH)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("nested too deeply")));
	c->values = palloc(sizeof(JsonbValue));
	c->keys = palloc(sizeof(char *));
	while (!take(p, close))
	{
		char	   *key = NULL;
		int			at = 0;

		if (count > 0 && !take(p, ','))
			refuse();
		skip_blank(p);
		if (close == '}')
		{
			key = parse_string(p, &len);
			if (!take(p, ':'))
				refuse();
		}
		/* The last of two members of one name counts. */
		for (at = 0; at < count && (key == NULL || strcmp(c->keys[at], key) != 0); at++)
			;
		if (at == count)
		{
			c->values = repalloc(c->values, sizeof(JsonbValue) * ++count);
			c->keys = repalloc(c->keys, sizeof(char *) * count);
		}
		c->keys[at] = key;
		parse_value(p, &c->values[at]);
	}
	c->header = count | (close == '}' ? JB_FOBJECT : JB_FARRAY);
	value->type = jbvBinary;
	value->val.binary.data = (JsonbContainer *) &c->header;
	value->val.binary.len = 0;
	p->depth--;
}

static void
parse_value(Parser *p, JsonbValue *value)
{
	size_t		len;

	if (take(p, '{'))
		parse_container(p, value, '}');
	else if (take(p, '['))
		parse_container(p, value, ']');
	else if (*p->at == '"')
	{
		value->type = jbvString;
		value->val.string.val = parse_string(p, &value->val.string.len);
	}
	else
	{
		len = strspn(p->at, "-+.0123456789eEnulltruefalse");
		if (len == 0)
			refuse();
		value->type = *p->at == 'n'					   ? jbvNull
					  : *p->at == 't' || *p->at == 'f' ? jbvBool
													   : jbvNumeric;
		if (value->type == jbvNumeric)
			value->val.numeric = (Numeric) pnstrdup(p->at, len);
		else
			value->val.boolean = *p->at == 't';
		p->at += len;
	}
}

Jsonb *
server_jsonb(const char *text)
{
	Parser		p = {text, 0};
	JsonbValue	value;
	JsonbValue	array = {jbvNull};

	parse_value(&p, &value);
	skip_blank(&p);
	if (*p.at != '\0')
		refuse();
	if (value.type == jbvBinary)
		return (Jsonb *) &CONTAINER(value.val.binary.data)->vl_len_;
	/* A scalar stands in an array of one element that says so. */
	p.at = "[]";
	parse_value(&p, &array);
	CONTAINER(array.val.binary.data)->values[0] = value;
	CONTAINER(array.val.binary.data)->header = 1 | JB_FARRAY | JB_FSCALAR;
	return (Jsonb *) &CONTAINER(array.val.binary.data)->vl_len_;
}

Datum
jsonb_in(PG_FUNCTION_ARGS)
{
	return JsonbPGetDatum(server_jsonb(PG_GETARG_CSTRING(0)));
}

/* A number is the text it was read from. */
char *
numeric_normalize(Numeric number)
{
	return pstrdup((char *) number);
}

Datum
DirectFunctionCall1Coll(PGFunction function, Oid collation, Datum argument)
{
	LOCAL_FCINFO(fcinfo, 1);

	InitFunctionCallInfoData(*fcinfo, NULL, 1, collation, NULL, NULL);
	fcinfo->args[0].value = argument;
	fcinfo->args[0].isnull = false;
	return function(fcinfo);
}

struct varlena *
pg_detoast_datum(struct varlena *datum)
{
	return datum;
}

JsonbValue *
getKeyJsonValueFromContainer(JsonbContainer *container, const char *key, int len,
							 JsonbValue *result)
{
	Container  *c = CONTAINER(container);

	for (int i = 0; i < (int) JsonContainerSize(container); i++)
		if (JsonContainerIsObject(container) && (int) strlen(c->keys[i]) == len &&
			memcmp(c->keys[i], key, len) == 0)
		{
			if (result == NULL)
				result = palloc(sizeof(JsonbValue));
			*result = c->values[i];
			return result;
		}
	return NULL;
}

JsonbValue *
getIthJsonbValueFromContainer(JsonbContainer *container, uint32 i)
{
	JsonbValue *result;

	if (!JsonContainerIsArray(container))
		__builtin_trap();
	if (i >= JsonContainerSize(container))
		return NULL;
	result = palloc(sizeof(JsonbValue));
	*result = CONTAINER(container)->values[i];
	return result;
}

JsonbIterator *
JsonbIteratorInit(JsonbContainer *container)
{
	JsonbIterator *it = palloc0(sizeof(JsonbIterator));

	it->container = container;
	it->curIndex = -1;
	return it;
}

/* Never into containers, as the only caller asks. */
JsonbIteratorToken
JsonbIteratorNext(JsonbIterator **iterator, JsonbValue *value, bool skip_nested)
{
	JsonbIterator *it = *iterator;
	Container  *c = CONTAINER(it->container);
	bool		is_object = JsonContainerIsObject(it->container);
	int			size = JsonContainerSize(it->container) * (is_object ? 2 : 1);
	int			at = it->curIndex++;

	if (at < 0)
		return is_object ? WJB_BEGIN_OBJECT : WJB_BEGIN_ARRAY;
	if (at >= size)
		return at == size ? (is_object ? WJB_END_OBJECT : WJB_END_ARRAY) : WJB_DONE;
	if (is_object && at % 2 == 0)
	{
		value->type = jbvString;
		value->val.string.val = c->keys[at / 2];
		value->val.string.len = strlen(c->keys[at / 2]);
		return WJB_KEY;
	}
	*value = c->values[is_object ? at / 2 : at];
	return is_object ? WJB_VALUE : WJB_ELEM;
}
