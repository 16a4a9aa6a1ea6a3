/*
 * json.c
 *	  Writing jsonb piece by piece, and reading option objects with care.
 *
 * The writer assumes that what it is given lives until json_finish(): strings and
 * containers go in by reference, and one copy is made at the end.  It never checks that
 * keys differ; who writes a document knows its members.  The readers take the document
 * of somebody else: whatever is not of the type asked for is an error that names the
 * member and what it belongs to, and a null is the same as a member that is not there.
 *
 * json_escape() is apart from both: rows are written as text, a gigabyte at a time, and
 * most of their bytes need no escape.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* How much is escaped at once, and room for what a vector writes too much. */
#define ESCAPE_PIECE 4096
#define ESCAPE_SPARE 32

/* A suggestion further away than this is no help. */
#define NEAREST_MAX_DISTANCE 4

static void
put(JsonWriter *w, JsonbIteratorToken token, JsonbValue *value)
{
	w->result = pushJsonbValue(&w->state, token, value);
}

/*
 * A scalar goes in as a member's value or as an array's element, whichever the
 * innermost open container asks for.
 */
static void
put_scalar(JsonWriter *w, JsonbValue *value)
{
	if (w->state == NULL)
		elog(ERROR, "JSON value outside of a container");
	/* The innermost container tells which token is meant, so callers need not. */
	put(w, w->state->contVal.type == jbvArray ? WJB_ELEM : WJB_VALUE, value);
}

/* Nothing to be freed: all is in the current context. */
void
json_init(JsonWriter *w)
{
	w->state = NULL;
	w->result = NULL;
}

void
json_begin_object(JsonWriter *w)
{
	put(w, WJB_BEGIN_OBJECT, NULL);
}

void
json_end_object(JsonWriter *w)
{
	put(w, WJB_END_OBJECT, NULL);
}

void
json_begin_array(JsonWriter *w)
{
	put(w, WJB_BEGIN_ARRAY, NULL);
}

void
json_end_array(JsonWriter *w)
{
	put(w, WJB_END_ARRAY, NULL);
}

/* By reference: the value must live until the document is finished. */
static void
set_string(JsonbValue *v, const char *value)
{
	v->type = jbvString;
	v->val.string.val = unconstify(char *, value);
	v->val.string.len = strlen(value);
}

/*
 * Keys are sorted and made unique when the document is finished; of two the last one
 * counts.
 */
void
json_key(JsonWriter *w, const char *key)
{
	JsonbValue	v;

	set_string(&v, key);
	put(w, WJB_KEY, &v);
}

/* NULL becomes null. */
void
json_string(JsonWriter *w, const char *value)
{
	JsonbValue	v;

	if (value == NULL)
	{
		json_null(w);
		return;
	}
	set_string(&v, value);
	put_scalar(w, &v);
}

void
json_bool(JsonWriter *w, bool value)
{
	JsonbValue	v;

	v.type = jbvBool;
	v.val.boolean = value;
	put_scalar(w, &v);
}

void
json_int(JsonWriter *w, int64 value)
{
	JsonbValue	v;

	v.type = jbvNumeric;
	v.val.numeric = int64_to_numeric(value);
	put_scalar(w, &v);
}

/*
 * With a fixed number of decimals: a measured time has no more, and a text that changes
 * with rounding cannot be compared.
 */
void
json_double(JsonWriter *w, double value, int decimals)
{
	JsonbValue	v;
	char	   *text = psprintf("%.*f", decimals, value);

	v.type = jbvNumeric;
	v.val.numeric = DatumGetNumeric(DirectFunctionCall3(
		numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	put_scalar(w, &v);
}

void
json_null(JsonWriter *w)
{
	JsonbValue	v;

	v.type = jbvNull;
	put_scalar(w, &v);
}

/* Another document, whole, as a value. */
void
json_container(JsonWriter *w, JsonbContainer *container)
{
	JsonbValue	v;

	v.type = jbvBinary;
	v.val.binary.data = container;
	/* pushJsonbValue unpacks what it is given and reads no length. */
	v.val.binary.len = 0;
	put_scalar(w, &v);
}

void
json_value(JsonWriter *w, const JsonbValue *value)
{
	JsonbValue	v = *value;

	put_scalar(w, &v);
}

void
json_put_string(JsonWriter *w, const char *key, const char *value)
{
	json_key(w, key);
	json_string(w, value);
}

void
json_put_bool(JsonWriter *w, const char *key, bool value)
{
	json_key(w, key);
	json_bool(w, value);
}

void
json_put_int(JsonWriter *w, const char *key, int64 value)
{
	json_key(w, key);
	json_int(w, value);
}

void
json_put_strings(JsonWriter *w, const char *key, List *values)
{
	ListCell   *lc;

	json_key(w, key);
	json_begin_array(w);
	foreach(lc, values)
		json_string(w, (char *) lfirst(lc));
	json_end_array(w);
}

/* One copy, in the current context; the writer's own memory goes with that. */
Jsonb *
json_finish(JsonWriter *w)
{
	if (w->result == NULL || w->state != NULL)
		elog(ERROR, "JSON document is not closed");
	return JsonbValueToJsonb(w->result);
}

/* A member that is null is found; see json_get(). */
bool
json_find(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return object != NULL && JsonContainerIsObject(object) &&
		   getKeyJsonValueFromContainer(object, key, strlen(key), value) != NULL;
}

/* A member that is null is as good as absent. */
bool
json_get(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return json_find(object, key, value) && value->type != jbvNull;
}

/* A scalar document is stored as an array too, of one element: that is none. */
bool
json_is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		   !JsonContainerIsScalar(value->val.binary.data);
}

const char *
json_type_name(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "string";
		case jbvNumeric:
			return "number";
		case jbvBool:
			return "boolean";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ? "array" : "object";
		case jbvArray:
			return "array";
		case jbvObject:
			return "object";
		default:
			return "string";
	}
}

/* what is the document's name for people: "plan", "backup schema". */
static void
raise_type(const char *what, const char *key, const char *wanted, const JsonbValue *value)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid %s: member \"%s\" must be %s", what, key, wanted),
					errdetail("It is a JSON %s.", json_type_name(value))));
}

/* Terminated, and a copy: jsonb's strings are neither. */
char *
json_value_string(const JsonbValue *value)
{
	Assert(value->type == jbvString);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* NULL: absent or null. */
char *
json_get_string(JsonbContainer *object, const char *key, const char *what)
{
	JsonbValue	v;

	if (!json_get(object, key, &v))
		return NULL;
	if (v.type != jbvString)
		raise_type(what, key, "a string", &v);
	return json_value_string(&v);
}

/* A copy of otherwise, so that the caller owns the result in both cases. */
char *
json_get_string_or(JsonbContainer *object, const char *key, const char *otherwise, const char *what)
{
	char	   *value = json_get_string(object, key, what);

	return value != NULL ? value : pstrdup(otherwise);
}

bool
json_get_bool(JsonbContainer *object, const char *key, bool otherwise, const char *what)
{
	JsonbValue	v;

	if (!json_get(object, key, &v))
		return otherwise;
	if (v.type != jbvBool)
		raise_type(what, key, "a boolean", &v);
	return v.val.boolean;
}

int64
json_get_int(JsonbContainer *object, const char *key, int64 otherwise, const char *what)
{
	JsonbValue	v;

	if (!json_get(object, key, &v))
		return otherwise;
	if (v.type != jbvNumeric)
		raise_type(what, key, "an integer", &v);
	/* Rounded where it is no whole number, and out of range an error of the server's. */
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(v.val.numeric)));
}

JsonbContainer *
json_get_object(JsonbContainer *object, const char *key, const char *what)
{
	JsonbValue	v;

	if (!json_get(object, key, &v))
		return NULL;
	if (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data))
		raise_type(what, key, "an object", &v);
	return v.val.binary.data;
}

JsonbContainer *
json_get_array(JsonbContainer *object, const char *key, const char *what)
{
	JsonbValue	v;

	if (!json_get(object, key, &v))
		return NULL;
	if (v.type != jbvBinary || !JsonContainerIsArray(v.val.binary.data))
		raise_type(what, key, "an array", &v);
	return v.val.binary.data;
}

/*
 * One string stands for a list of one, as people write it; what is no string among them
 * is refused, null too.
 */
List *
json_get_strings(JsonbContainer *object, const char *key, const char *what)
{
	JsonbValue	v;
	List	   *result = NIL;
	int			count;

	if (!json_get(object, key, &v))
		return NIL;
	if (v.type == jbvString)
		return list_make1(json_value_string(&v));
	if (v.type != jbvBinary || !JsonContainerIsArray(v.val.binary.data))
		raise_type(what, key, "a string or an array of strings", &v);
	count = JsonContainerSize(v.val.binary.data);
	for (int i = 0; i < count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(v.val.binary.data, i);

		if (element->type != jbvString)
			raise_type(what, key, "a string or an array of strings", element);
		result = lappend(result, json_value_string(element));
	}
	return result;
}

/*
 * Top-level members alone, nested containers as jbvBinary.  In an array key is NULL.  The
 * key is a copy, the value points into the container.
 */
void
json_visit(JsonbContainer *container, JsonMember visit, void *arg)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbValue	v;
	JsonbIteratorToken token = JsonbIteratorNext(&it, &v, true);
	char	   *key = NULL;

	(void) token;
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = json_value_string(&v);
		else if (token == WJB_VALUE || token == WJB_ELEM)
		{
			if (!visit(key, &v, arg))
				return;
		}
	}
}

bool
json_is_known(const char *key, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(*known, key) == 0)
			return true;
	return false;
}

static bool
check_member(const char *key, JsonbValue *value, void *arg)
{
	const char *const *known = ((void **) arg)[0];
	const char *what = ((void **) arg)[1];
	const char *nearest;

	if (json_is_known(key, known))
		return true;
	nearest = json_nearest(key, known);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid %s: there is no member \"%s\"", what, key),
					nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	return false;
}

void
json_check_members(JsonbContainer *object, const char *const *known, const char *what)
{
	const void *arg[2] = {known, what};

	if (!JsonContainerIsObject(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it must be a JSON object", what)));
	json_visit(object, check_member, (void *) arg);
}

/*
 * NULL where nothing is near enough to be a help.  Half of the word's length at most, or
 * short words would all be near one another.
 */
const char *
json_nearest(const char *word, const char *const *candidates)
{
	const char *best = NULL;
	int			len = strlen(word);
	int			distance = Min(NEAREST_MAX_DISTANCE, len / 2) + 1;

	/* varstr_levenshtein refuses longer words */
	if (len > NAMEDATALEN)
		return NULL;
	for (; *candidates != NULL; candidates++)
	{
		int d = varstr_levenshtein_less_equal(word, len, *candidates, strlen(*candidates), 1, 1, 1,
											  distance, true);

		if (d < distance)
		{
			distance = d;
			best = *candidates;
		}
	}
	return best;
}

/* Bytes that may not stand in a JSON string as they are. */
static inline bool
must_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* Writes the escape of c at out, which has room for six bytes; returns the end. */
static char *
put_escape(char *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = "btn?fr"; /* of 0x08 to 0x0d; VT has none */

	*out++ = '\\';
	if (c == '"' || c == '\\')
		*out++ = c;
	else if (c >= '\b' && c <= '\r' && c != '\v')
		*out++ = letters[c - '\b'];
	else
	{
		memcpy(out, "u00", 3);
		out += 3;
		*out++ = hex[c >> 4];
		*out++ = hex[c & 0xf];
	}
	return out;
}

/*
 * Escapes what lies between p and end to out, which has room for six times as
 * much and a vector more.  Most text needs no escape: 16 bytes at a time are
 * copied first and looked at after, and the copy stands up to the first byte
 * that needs one.
 */
static char *
escape_piece(char *out, const unsigned char *p, const unsigned char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	while (end - p >= (ptrdiff_t) sizeof(__m128i))
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) p);
		__m128i		hits =
			_mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
						 _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		int			mask = _mm_movemask_epi8(hits);
		int			clean = mask == 0 ? (int) sizeof(__m128i) : pg_rightmost_one_pos32(mask);

		_mm_storeu_si128((__m128i *) out, v);
		p += clean;
		out += clean;
		if (mask != 0)
			out = put_escape(out, *p++);
	}
#endif
	for (; p < end; p++)
	{
		if (must_escape(*p))
			out = put_escape(out, *p);
		else
			*out++ = *p;
	}
	return out;
}

void
json_escape(StringInfo out, const char *value, int len)
{
	const unsigned char *p = (const unsigned char *) value;
	const unsigned char *end = p + len;

	appendStringInfoCharMacro(out, '"');
	while (p < end)
	{
		const unsigned char *stop = p + Min(end - p, ESCAPE_PIECE);

		/*
		 * In pieces, so that the room asked for is six times a piece and not six times a
		 * value of many megabytes.
		 */
		enlargeStringInfo(out, 6 * (stop - p) + ESCAPE_SPARE);
		out->len = escape_piece(out->data + out->len, p, stop) - out->data;
		p = stop;
	}
	appendStringInfoCharMacro(out, '"');
	out->data[out->len] = '\0';
}
