/*
 * verbs.c
 *	  What a job can do: which verbs, with which arguments.
 *
 * A job calls a function as its submitter would have: which arguments there are, of which
 * type, and what they are when they are not given, is asked of the catalog, for the
 * script may be of another release than the library.  Looked at twice, by the session
 * that submits, so that a mistake is told at once, and by the worker, since anything may
 * have changed meanwhile; the first look is a courtesy and never the guard.  Values go in
 * as parameters of their types: nothing of a job's arguments becomes SQL.
 *
 * It never runs a function outside of the extension's schema: the command is one of a
 * fixed list, and only with that list's word in it is the text of a call made.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/backup/backup.h"
#include "data/backup/backupfile.h"
#include "data/restore/restore.h"
#include "fmgr.h"
#include "schema/apply/apply_online.h"
#include "jobs/verbs.h"
#include "schema/plan/plan_document.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* How the answer of a call, for which %s stands, becomes one document. */
#define DOCUMENT "SELECT %s"
#define ROWS                                                                                       \
	"SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'::pg_catalog.jsonb)"        \
	" FROM %s AS r"
/* The document itself stays in the cache, which is what the job is for. */
#define CACHED                                                                                     \
	"SELECT pg_catalog.jsonb_build_object('schemas', d OPERATOR(pg_catalog.->) 'schemas',"         \
	" 'tables', pg_catalog.jsonb_array_length(d OPERATOR(pg_catalog.->) 'tables')) FROM %s AS d"

/* ---- the function behind a verb ---- */

/* An argument of the SQL function, as the catalog has it. */
typedef struct Argument
{
	char	   *name;
	Oid			type;
	bool		required;
} Argument;

/* One of the functions of that name. */
typedef struct Function
{
	Oid			oid;
	bool		executable;
	List	   *arguments;		/* Argument * */
} Function;

/* Collected in cxt, as rows of the query come sorted by function. */
typedef struct FunctionRows
{
	MemoryContext cxt;
	List	   *functions;
} FunctionRows;

/*
 * Arguments come in their order, which makes an index into the list the number that
 * argument_default() wants.
 */
static bool
take_argument(TupleTableSlot *slot, void *arg)
{
	FunctionRows *rows = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(rows->cxt);
	Argument   *argument = palloc(sizeof(Argument));
	Function   *function;

	slot_getallattrs(slot);
	if (rows->functions == NIL ||
		DatumGetObjectId(slot->tts_values[0]) != ((Function *) llast(rows->functions))->oid)
	{
		function = palloc0(sizeof(Function));
		function->oid = DatumGetObjectId(slot->tts_values[0]);
		function->executable = DatumGetBool(slot->tts_values[1]);
		rows->functions = lappend(rows->functions, function);
	}
	function = llast(rows->functions);
	argument->name = TextDatumGetCString(slot->tts_values[2]);
	argument->type = DatumGetObjectId(slot->tts_values[3]);
	argument->required = DatumGetBool(slot->tts_values[4]);
	function->arguments = lappend(function->arguments, argument);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/*
 * All of that name in the extension's schema: expected has two, of which the arguments
 * choose.  A function without arguments would give no row and look as if it were not
 * there; each verb has some.
 */
static List *
find_functions(const char *command)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(command)};
	FunctionRows rows = {CurrentMemoryContext};
	/* Operators and unnest() must be the server's. */
	int			nestlevel = query_pin(PIN_PATH);

	query_run("SELECT p.oid, has_function_privilege(p.oid, 'EXECUTE'), a.name, a.type,"
			  "       a.number <= p.pronargs - p.pronargdefaults"
			  "  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,"
			  "       unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[])"
			  "       WITH ORDINALITY a (name, type, number)"
			  " WHERE n.nspname = 'db_adapter' AND p.proname = $1"
			  " ORDER BY p.oid, a.number",
			  1, types, values, NULL, true, take_argument, &rows);
	query_unpin(nestlevel);
	if (rows.functions == NIL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("function db_adapter.%s does not exist", command),
						errhint("Update the extension with ALTER EXTENSION db_adapter UPDATE.")));
	return rows.functions;
}

/* ---- its arguments ---- */

/* In the words of JSON, for who wrote the args. */
static const char *
type_wanted(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return "a boolean";
		case INT4OID:
		case INT8OID:
			return "a whole number";
		case NAMEARRAYOID:
		case TEXTARRAYOID:
			return "an array of strings";
		case JSONBOID:
			return "a JSON value";
		default:
			return "a string";
	}
}

/* As json_visit() asks: arg is what is left of the claim that all are strings. */
static bool
check_element(const char *key, JsonbValue *value, void *arg)
{
	if (value->type != jbvString)
		*(bool *) arg = false;
	return true;
}

/* As the caller wrote it, without going through a double. */
static char *
numeric_text(const JsonbValue *value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
}

/*
 * 1.0 is not: who writes so may mean something else.  Digits alone, whatever their
 * number: what is too large for the type its input function refuses.
 */
static bool
is_whole(const JsonbValue *value)
{
	const char *digits;

	if (value->type != jbvNumeric)
		return false;
	digits = numeric_text(value);
	return digits[strspn(digits, "-0123456789")] == '\0';
}

/*
 * Whether the JSON is of the kind that the type is written in; whether its text is a
 * value of the type is seen when it is read. null fits every type: it is an SQL NULL,
 * which the function itself answers for.
 */
static bool
type_fits(Oid type, const JsonbValue *value)
{
	bool		strings = true;

	if (value->type == jbvNull)
		return true;
	switch (type)
	{
		case BOOLOID:
			return value->type == jbvBool;
		case INT4OID:
		case INT8OID:
			return is_whole(value);
		case NAMEARRAYOID:
		case TEXTARRAYOID:
			if (!json_is_array(value))
				return false;
			json_visit(value->val.binary.data, check_element, &strings);
			return strings;
		case JSONBOID:
			return true;
		default:
			return value->type == jbvString;
	}
}

/* An array while its elements are read. */
typedef struct Elements
{
	Oid			type;
	ArrayBuildState *state;
} Elements;

/*
 * From its text, as the type reads it.  An error is raised as it is, since it names the
 * value and the type.
 */
static Datum
read_text(Oid type, const char *text)
{
	Oid			input;
	Oid			ioparam;

	getTypeInputInfo(type, &input, &ioparam);
	return OidInputFunctionCall(input, unconstify(char *, text), ioparam, -1);
}

/*
 * The element types are name and text (type_fits()), and each element is a string by
 * then, so none is null.
 */
static bool
take_element(const char *key, JsonbValue *value, void *arg)
{
	Elements   *elements = arg;

	elements->state =
		accumArrayResult(elements->state, read_text(elements->type, json_value_string(value)),
						 false, elements->type, CurrentMemoryContext);
	return true;
}

/* By the type's input function, as a text would be; json as it is. */
static Datum
argument_value(Oid type, JsonbValue *value)
{
	Elements	elements = {get_element_type(type)};

	if (type == JSONBOID)
		return JsonbPGetDatum(JsonbValueToJsonb(value));
	if (value->type == jbvBool)
		return BoolGetDatum(value->val.boolean);
	/*
	 * Through its text, so that a number of any size reaches the type's own check of the
	 * range.
	 */
	if (value->type == jbvNumeric)
		return read_text(type, numeric_text(value));
	if (!json_is_array(value))
		return read_text(type, json_value_string(value));
	json_visit(value->val.binary.data, take_element, &elements);
	return elements.state == NULL ? PointerGetDatum(construct_empty_array(elements.type))
								  : makeArrayResult(elements.state, CurrentMemoryContext);
}

/*
 * An unknown name is an error with the nearest one: an option that fell away unseen would
 * make another job.
 */
static void
check_names(const Function *function, JsonbContainer *args)
{
	const char **names = palloc0((list_length(function->arguments) + 1) * sizeof(char *));
	ListCell   *lc;

	foreach(lc, function->arguments)
		names[foreach_current_index(lc)] = ((Argument *) lfirst(lc))->name;
	json_check_members(args, names, "args");
}

/*
 * The name of the first argument that does not fit, or NULL.  Which names there are has
 * been asked before: here an absent member fits.
 */
static const Argument *
find_misfit(const Function *function, JsonbContainer *args)
{
	ListCell   *lc;

	foreach(lc, function->arguments)
	{
		Argument   *argument = lfirst(lc);
		JsonbValue	value;

		if (json_find(args, argument->name, &value) && !type_fits(argument->type, &value))
			return argument;
	}
	return NULL;
}

/*
 * null is as good as absent.  The executor would say so too, but for a missing argument
 * with the words "function does not exist".
 */
static void
check_required(const Function *function, JsonbContainer *args, const char *command)
{
	ListCell   *lc;
	JsonbValue	value;

	foreach(lc, function->arguments)
	{
		Argument   *argument = lfirst(lc);

		if (argument->required && !json_get(args, argument->name, &value))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("invalid args: \"%s\" is missing", argument->name),
							errdetail("%s needs it.", command)));
	}
}

/*
 * What their types refuse to read.  Read and thrown away: the worker reads them again,
 * from the row.
 */
static void
check_values(const Function *function, JsonbContainer *args)
{
	ListCell   *lc;
	JsonbValue	value;

	foreach(lc, function->arguments)
	{
		Argument   *argument = lfirst(lc);

		if (json_get(args, argument->name, &value))
			(void) argument_value(argument->type, &value);
	}
}

/* The function of that name which takes these arguments. */
static Function *
choose_function(const char *command, JsonbContainer *args)
{
	List	   *functions = find_functions(command);
	const Argument *misfit = NULL;
	ListCell   *lc;

	/*
	 * By the first: those of one name, as expected's two, name their arguments alike and
	 * differ in types.
	 */
	check_names(linitial(functions), args);
	foreach(lc, functions)
	{
		misfit = find_misfit(lfirst(lc), args);
		if (misfit == NULL)
			break;
	}
	if (lc == NULL)
	{
		misfit = find_misfit(linitial(functions), args);
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid args: \"%s\" must be %s", misfit->name,
							   type_wanted(misfit->type))));
	}
	check_required(lfirst(lc), args, command);
	check_values(lfirst(lc), args);
	/* The executor asks for the right again when the job runs. */
	if (!((Function *) lfirst(lc))->executable)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for function %s", command)));
	return lfirst(lc);
}

/* ---- what is sure to fail later ---- */

/* A call as it will be made: with what was given, and else the function's own defaults. */
typedef struct VerbCall
{
	const Function *function;	/* NULL for a verb that has none */
	JsonbContainer *args;
} VerbCall;

/*
 * What was given, else what the script has by default.  A null that was given is taken
 * for absent here.
 */
static Datum
call_value(const VerbCall *call, const char *name)
{
	Datum		value = (Datum) 0;
	bool		isnull = true;
	JsonbValue	given;
	ListCell   *lc;

	foreach(lc, call->function->arguments)
	{
		Argument   *argument = lfirst(lc);

		if (strcmp(argument->name, name) != 0)
			continue;
		if (json_get(call->args, name, &given))
			return argument_value(argument->type, &given);
		value = argument_default(call->function->oid, foreach_current_index(lc), &isnull);
	}
	if (isnull)
		elog(ERROR, "argument \"%s\" of a verb has no default", name);
	return value;
}

static char *
call_text(const VerbCall *call, const char *name)
{
	return TextDatumGetCString(call_value(call, name));
}

/* What the verb itself would refuse before it reads a row. */
static void
check_backup(const VerbCall *call)
{
	BackupOptions options;

	backup_options_set(&options, call_text(call, "format"), call_text(call, "on_leak"),
					   call_text(call, "checksum"));
	backup_check_path(call_text(call, "path"), DatumGetBool(call_value(call, "overwrite")),
					  DatumGetInt32(call_value(call, "workers")));
}

/* The same.  The file is not opened: it may yet be written when the job's turn comes. */
static void
check_restore(const VerbCall *call)
{
	RestoreOptions options;

	restore_options_set(&options, call_text(call, "mode"), call_text(call, "ids"),
						call_text(call, "on_error"), call_text(call, "constraints"),
						call_text(call, "on_unknown"), call_text(call, "on_raw"));
	restore_check_rights();
}

static Jsonb *
get_plan(JsonbContainer *args)
{
	JsonbValue	value;

	if (!json_get(args, "plan", &value) || value.type != jbvBinary)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid args: \"plan\" must be a JSON object")));
	return JsonbValueToJsonb(&value);
}

/* The plan of a verb that takes nothing else. */
static Jsonb *
plan_argument(JsonbContainer *args)
{
	static const char *const names[] = {"plan", NULL};

	json_check_members(args, names, "args");
	return get_plan(args);
}

/* Only that it is a plan at all; whether it still fits is known when it is applied. */
static void
check_apply(const VerbCall *call)
{
	(void) plan_read(get_plan(call->args));
}

static void
check_indexes(const VerbCall *call)
{
	online_check_index(plan_argument(call->args));
}

/* ---- the verbs ---- */

typedef struct Verb
{
	const char *name;
	const char *answer;
	void (*check)(const VerbCall *call);	/* may be NULL */
	Jsonb *(*run_nontransactional)(Jsonb *plan);	/* NULL for a function of that name */
} Verb;

/*
 * Those that take long and need nobody's answer meanwhile.  None hands rows to a client
 * as they come, for there is none; the answer is one document.
 */
static const Verb verbs[] = {
	{"apply", DOCUMENT, check_apply},
	{"backup_to_file", DOCUMENT, check_backup},
	{"create_index_concurrently", NULL, check_indexes, online_create_index},
	{"digest", ROWS},
	{"expected", CACHED},
	{"restore_from_file", ROWS, check_restore},
	{"validate", DOCUMENT},
};

/* An unknown word is an error with the nearest one. */
static const Verb *
find_verb(const char *command)
{
	const char *names[lengthof(verbs) + 1] = {NULL};

	for (int i = 0; i < lengthof(verbs); i++)
		names[i] = verbs[i].name;
	return &verbs[argument_choose(command, names, "command")];
}

void
verbs_check(const char *command, Jsonb *args)
{
	const Verb *verb = find_verb(command);
	VerbCall	call = {NULL, &args->root};

	if (!JB_ROOT_IS_OBJECT(args))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid args: it must be a JSON object"),
						errhint("Its members are the arguments of %s.", command)));
	if (verb->run_nontransactional == NULL)
		call.function = choose_function(command, &args->root);
	if (verb->check != NULL)
		verb->check(&call);
}

typedef struct VerbResult
{
	MemoryContext cxt;
	Jsonb	   *document;
} VerbResult;

/* The document stays in the caller's context; a verb that gives null leaves NULL. */
static bool
take_result(TupleTableSlot *slot, void *arg)
{
	VerbResult *result = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(result->cxt);
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (!isnull)
		result->document = DatumGetJsonbPCopy(value);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* Runs under the settings of the job: only names that it puts there itself are qualified. */
Jsonb *
verbs_run(const char *command, Jsonb *args)
{
	const Verb *verb = find_verb(command);
	Function   *function = choose_function(command, &args->root);
	int			max = list_length(function->arguments);
	Oid		   *types = palloc(max * sizeof(Oid));
	Datum	   *values = palloc(max * sizeof(Datum));
	char	   *nulls = palloc(max);
	int			count = 0;
	VerbResult	result = {CurrentMemoryContext};
	StringInfoData call;
	ListCell   *lc;

	initStringInfo(&call);
	appendStringInfo(&call, "db_adapter.%s(", command);
	foreach(lc, function->arguments)
	{
		Argument   *argument = lfirst(lc);
		JsonbValue	value;

		/*
		 * What was not given is not passed, so that the default is the function's own at
		 * the time it runs.
		 */
		if (!json_find(&args->root, argument->name, &value))
			continue;
		types[count] = argument->type;
		nulls[count] = value.type == jbvNull ? 'n' : ' ';
		values[count] = value.type == jbvNull ? (Datum) 0 : argument_value(argument->type, &value);
		appendStringInfo(&call, "%s%s => $%d", count > 0 ? ", " : "",
						 quote_identifier(argument->name), count + 1);
		count++;
	}
	appendStringInfoChar(&call, ')');
	query_run(psprintf(verb->answer, call.data), count, types, values, nulls, false, take_result,
			  &result);
	return result.document;
}

/*
 * A word that another release of the library has queued, and this one does not know, is
 * an error: in a worker that job's.
 */
bool
verbs_is_nontransactional(const char *command)
{
	return find_verb(command)->run_nontransactional != NULL;
}

/* Called outside of a transaction: the verb makes its own, and leaves none open. */
Jsonb *
verbs_run_nontransactional(const char *command, Jsonb *args)
{
	return find_verb(command)->run_nontransactional(plan_argument(&args->root));
}
