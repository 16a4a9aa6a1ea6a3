/*
 * argument.c
 *	  The arguments of a function of the script, read by their names.
 *
 * The catalog says where an argument stands, so that one more in the script moves no
 * other, and what its default is, so that no default is said a second time in C.  A
 * library may meet the script of an older release until the extension is updated:
 * what that does not name is an error with the way out, never a guess.
 *
 * It assumes that fn_oid is a function of the extension's script, called through it.
 * It never converts between types: what an argument is declared as decides which of
 * these functions may read it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

static HeapTuple
find_function(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	return tuple;
}

/* Only what goes in: columns of a result, which follow, may bear the same name. */
static int
find_argument(Oid function, const char *name)
{
	HeapTuple	tuple = find_function(function);
	int			count = ((Form_pg_proc) GETSTRUCT(tuple))->pronargs;
	bool		isnull;
	Datum		array = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargnames, &isnull);
	Datum	   *names = NULL;
	int			nnames = 0;
	int			found = -1;

	if (!isnull)
		deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL,
						  &nnames);
	for (int i = 0; i < Min(count, nnames) && found < 0; i++)
		if (strcmp(TextDatumGetCString(names[i]), name) == 0)
			found = i;
	ReleaseSysCache(tuple);
	if (found < 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("function %s has no argument \"%s\"", get_func_name(function), name),
						errhint("Update the extension with ALTER EXTENSION db_adapter UPDATE.")));
	return found;
}

/*
 * The function of the script that is called so.  Only superusers make functions in C: no
 * other one of that name speaks for it, be it in its schema.  Overloads are not told
 * apart: the callers ask for verbs that have one function.
 */
static Oid
find_verb(const char *verb)
{
	Oid			schema = get_namespace_oid("db_adapter", false);
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(verb));
	Oid			found = InvalidOid;

	for (int i = 0; i < list->n_members && !OidIsValid(found); i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace == schema && form->prolang == ClanguageId)
			found = form->oid;
	}
	ReleaseSysCacheList(list);
	if (!OidIsValid(found))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("function db_adapter.%s does not exist", verb),
						errhint("Update the extension with ALTER EXTENSION db_adapter UPDATE.")));
	return found;
}

Datum
argument_default(Oid function, int number, bool *isnull)
{
	HeapTuple	tuple = find_function(function);
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	bool		none;
	Datum		written = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargdefaults, &none);
	List	   *defaults = none ? NIL : stringToNode(TextDatumGetCString(written));
	int			first = form->pronargs - list_length(defaults);
	Oid			type = form->proargtypes.values[number];
	EState	   *estate;
	ExprState  *state;
	Datum		value = (Datum) 0;

	*isnull = true;
	/* The type's number and the tree of the defaults are copies by now. */
	ReleaseSysCache(tuple);
	/* Only the last arguments have defaults; the list is as long as there are such. */
	if (number < first)
		return value;
	estate = CreateExecutorState();
	state = ExecPrepareExpr(list_nth(defaults, number - first), estate);
	value = ExecEvalExprSwitchContext(state, GetPerTupleExprContext(estate), isnull);
	if (!*isnull)
		/* Out of the executor's memory, which goes with the state. */
		value = datumCopy(value, get_typbyval(type), get_typlen(type));
	FreeExecutorState(estate);
	return value;
}

/* The one way to an argument's value; *isnull is left true only where it may be. */
static Datum
get(FunctionCallInfo fcinfo, const char *name, ArgumentNull null, bool *isnull)
{
	int			number = find_argument(fcinfo->flinfo->fn_oid, name);

	*isnull = PG_ARGISNULL(number);
	if (!*isnull)
		return PG_GETARG_DATUM(number);
	if (null == ARGUMENT_DEFAULT)
		return argument_default(fcinfo->flinfo->fn_oid, number, isnull);
	if (null == ARGUMENT_REQUIRED)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" cannot be null", name)));
	return (Datum) 0;
}

/*
 * Asked where a null means another thing than any value: the functions below cannot tell
 * 0 from none.
 */
bool
argument_is_null(FunctionCallInfo fcinfo, const char *name)
{
	return PG_ARGISNULL(find_argument(fcinfo->flinfo->fn_oid, name));
}

char *
argument_text(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;
	Datum		value = get(fcinfo, name, null, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* A copy: the datum may lie in a page or in the caller's memory. */
char *
argument_name(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;
	Datum		value = get(fcinfo, name, null, &isnull);

	return isnull ? NULL : pstrdup(NameStr(*DatumGetName(value)));
}

bool
argument_bool(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;

	return DatumGetBool(get(fcinfo, name, null, &isnull));
}

int32
argument_int(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;

	return DatumGetInt32(get(fcinfo, name, null, &isnull));
}

int64
argument_bigint(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;
	Datum		value = get(fcinfo, name, null, &isnull);

	/* Where it goes by reference, a null has none. */
	return isnull ? 0 : DatumGetInt64(value);
}

Oid
argument_oid(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;

	return DatumGetObjectId(get(fcinfo, name, null, &isnull));
}

Jsonb *
argument_jsonb(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	bool		isnull;
	Datum		value = get(fcinfo, name, null, &isnull);

	return isnull ? NULL : DatumGetJsonbP(value);
}

Datum
argument_datum(FunctionCallInfo fcinfo, const char *name)
{
	bool		isnull;

	return get(fcinfo, name, ARGUMENT_REQUIRED, &isnull);
}

struct varlena *
argument_bytes(FunctionCallInfo fcinfo, const char *name)
{
	return PG_DETOAST_DATUM_PACKED(argument_datum(fcinfo, name));
}

/* ---- arrays ---- */

/* May be an array of any dimensions: only the order of its elements counts. */
static int
read_elements(Datum value, Oid *type, Datum **values, bool **nulls)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int16		len;
	bool		byval;
	char		align;
	int			count;

	*type = ARR_ELEMTYPE(array);
	get_typlenbyvalalign(*type, &len, &byval, &align);
	deconstruct_array(array, *type, len, byval, align, values, nulls, &count);
	return count;
}

/* The elements of an array, none for a null. */
static int
get_elements(FunctionCallInfo fcinfo, const char *name, ArgumentNull null, Oid *type,
			 Datum **values, bool **nulls)
{
	bool		isnull;
	Datum		value = get(fcinfo, name, null, &isnull);

	return isnull ? 0 : read_elements(value, type, values, nulls);
}

/* A null among names is nobody's name: to pass over it would read more than was asked for. */
static List *
get_strings(Oid type, const Datum *values, const bool *nulls, int count)
{
	List	   *result = NIL;

	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("array of names must not contain nulls")));
		result = lappend(result, type == NAMEOID ? pstrdup(NameStr(*DatumGetName(values[i])))
												 : TextDatumGetCString(values[i]));
	}
	return result;
}

List *
argument_strings(FunctionCallInfo fcinfo, const char *name, ArgumentNull null)
{
	Oid			type;
	Datum	   *values;
	bool	   *nulls;
	int			count = get_elements(fcinfo, name, null, &type, &values, &nulls);

	return get_strings(type, values, nulls, count);
}

List *
argument_default_strings(const char *verb, const char *name)
{
	Oid			function = find_verb(verb);
	bool		isnull;
	Datum		value = argument_default(function, find_argument(function, name), &isnull);
	Oid			type;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (isnull)
		return NIL;
	count = read_elements(value, &type, &values, &nulls);
	return get_strings(type, values, nulls, count);
}

/* A null in it is passed over, as an oid that belongs to nothing would be. */
List *
argument_oids(FunctionCallInfo fcinfo, const char *name)
{
	Oid			type;
	Datum	   *values;
	bool	   *nulls;
	int			count = get_elements(fcinfo, name, ARGUMENT_OPTIONAL, &type, &values, &nulls);
	List	   *result = NIL;

	for (int i = 0; i < count; i++)
		if (!nulls[i])
			result = lappend_oid(result, DatumGetObjectId(values[i]));
	return result;
}

List *
argument_ints(FunctionCallInfo fcinfo, const char *name)
{
	Oid			type;
	Datum	   *values;
	bool	   *nulls;
	int			count = get_elements(fcinfo, name, ARGUMENT_OPTIONAL, &type, &values, &nulls);
	List	   *result = NIL;

	for (int i = 0; i < count; i++)
		if (!nulls[i])
			result = lappend_int(result, DatumGetInt32(values[i]));
	return result;
}

/* ---- intervals ---- */

int64
argument_milliseconds(FunctionCallInfo fcinfo, const char *name, int64 max, int64 absent)
{
	bool		isnull;
	Interval   *interval = DatumGetIntervalP(get(fcinfo, name, ARGUMENT_OPTIONAL, &isnull));
	double		days;
	double		ms;

	if (isnull)
		return absent;
	/*
	 * In double precision: months times microseconds may be more than 64 bits hold, and
	 * the bound below is far from where a double loses whole milliseconds.
	 */
	days = interval->day + interval->month * 30.0;
	ms = (interval->time + days * USECS_PER_DAY) / 1000.0;
	if (ms < 0 || ms > max)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" is out of range", name)));
	return (int64) ms;
}

/* ---- words ---- */

int
argument_choose(const char *word, const char *const *words, const char *what)
{
	const char *nearest;

	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	nearest = json_nearest(word, words);
	if (nearest == NULL)
		nearest = words[0];
	/* With words[0] where none is near: a hint that names one word is better than none. */
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid %s \"%s\"", what, word),
			 errhint("Perhaps you meant \"%s\".", nearest)));
	return -1;
}
