/*
 * plan_options.c
 *	  Arguments of plan: column_definitions and renames.
 *
 * A definition is a type clause as it stands after ADD COLUMN name.  It comes from
 * the caller and goes into a command, so it is parsed first: what is not exactly
 * one column definition is refused.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#define PARSE_PREFIX "ALTER TABLE t ADD COLUMN c "

/*
 * The column definition a clause stands for, or NULL where it is something else.  As it
 * will stand in the command: what parses otherwise here (a second command, a list)
 * would there as well.
 */
static ColumnDef *
parse_clause(const char *clause)
{
	List	   *statements = raw_parser(psprintf(PARSE_PREFIX "%s", clause), RAW_PARSE_DEFAULT);
	AlterTableStmt *alter;
	AlterTableCmd *command;

	if (list_length(statements) != 1)
		return NULL;
	alter = (AlterTableStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(alter, AlterTableStmt) || list_length(alter->cmds) != 1)
		return NULL;
	command = linitial_node(AlterTableCmd, alter->cmds);
	if (command->subtype != AT_AddColumn || !IsA(command->def, ColumnDef))
		return NULL;
	return (ColumnDef *) command->def;
}

static bool
clause_has(const char *clause, ConstrType type)
{
	ColumnDef  *column = parse_clause(clause);
	ListCell   *lc;

	foreach(lc, column->constraints)
		if (lfirst_node(Constraint, lc)->contype == type)
			return true;
	return false;
}

bool
plan_clause_is_not_null(const char *clause)
{
	return clause_has(clause, CONSTR_NOTNULL) || clause_has(clause, CONSTR_PRIMARY);
}

/* A serial brings its default with it. */
bool
plan_clause_has_default(const char *clause)
{
	TypeName   *type = parse_clause(clause)->typeName;
	char	   *name = strVal(llast(type->names));

	return clause_has(clause, CONSTR_DEFAULT) || clause_has(clause, CONSTR_IDENTITY) ||
		   clause_has(clause, CONSTR_GENERATED) || strstr(name, "serial") != NULL;
}

/*
 * Constraints are cut out at their places in the text, the last one first.
 *
 * Blanks take their place, so that the places of the others stay true.
 */
char *
plan_clause_nullable(const char *clause)
{
	ColumnDef  *column = parse_clause(clause);
	char	   *result = pstrdup(clause);
	int			prefix = strlen(PARSE_PREFIX);
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);
		int			start = constraint->location - prefix;
		int			length = constraint->contype == CONSTR_NOTNULL	 ? 3
					 : constraint->contype == CONSTR_PRIMARY ? 7
															 : 0;
		char	   *second;

		if (length == 0)
			continue;
		/* NOT NULL, PRIMARY KEY: two words with blanks between them */
		second = result + start + length;
		while (scanner_isspace(*second))
			second++;
		length = second - (result + start) + (constraint->contype == CONSTR_NOTNULL ? 4 : 3);
		memset(result + start, ' ', length);
	}
	return result;
}

/* A place in the clause is not one in the caller's statement. */
static void
name_definition(void *key)
{
	errposition(0);
	errcontext("column definition of \"%s\"", (const char *) key);
}

static void
check_clause(const char *key, const char *clause)
{
	ErrorContextCallback context = {.previous = error_context_stack,
									.callback = name_definition,
									.arg = unconstify(char *, key)};

	error_context_stack = &context;
	if (parse_clause(clause) == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid column definition of \"%s\"", key),
						errdetail("\"%s\" is not one type with its constraints.", clause)));
	error_context_stack = context.previous;
}

/*
 * "table.column" or "schema.table.column", each part quoted as in SQL where needed.
 * Folded as SQL folds names.
 */
static List *
split_name(const char *key, const char *what)
{
	List	   *parts;

	if (!SplitIdentifierString(pstrdup(key), '.', &parts) || list_length(parts) > 3)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: \"%s\" is not a name", what, key),
						errhint("Write \"table.column\", with double quotes around names in "
								"mixed case.")));
	return parts;
}

static bool
read_definition(const char *key, JsonbValue *value, void *arg)
{
	List	  **definitions = arg;
	PlanDefinition *definition = palloc0(sizeof(PlanDefinition));
	List	   *parts = split_name(key, "column_definitions");

	if (value->type != jbvString || list_length(parts) < 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid column_definitions: member \"%s\" must be a "
							   "\"table.column\" with a type clause",
							   key)));
	definition->clause = json_value_string(value);
	check_clause(key, definition->clause);
	definition->column = llast(parts);
	definition->table = list_length(parts) == 2
							? linitial(parts)
							: quote_qualified_identifier(linitial(parts), lsecond(parts));
	*definitions = lappend(*definitions, definition);
	return true;
}

static void
check_object(Jsonb *argument, const char *what)
{
	if (!JB_ROOT_IS_OBJECT(argument))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it must be a JSON object", what)));
}

List *
plan_read_definitions(Jsonb *definitions)
{
	List	   *result = NIL;

	check_object(definitions, "column_definitions");
	json_visit(&definitions->root, read_definition, &result);
	return result;
}

/* "table": "new" or "table.column": "new", in public; or with the schema in front. */
static bool
read_rename(const char *key, JsonbValue *value, void *arg)
{
	List	  **renames = arg;
	PlanRename *rename = palloc0(sizeof(PlanRename));
	List	   *parts = split_name(key, "renames");

	if (value->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid renames: member \"%s\" must be the new name", key)));
	rename->to = json_value_string(value);
	rename->parts = parts;
	*renames = lappend(*renames, rename);
	return true;
}

/* Comments in a text are hints: they stay there when the rename has long been done. */
List *
plan_renames_of_document(List *renames)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, renames)
	{
		const SchemaRename *source = lfirst(lc);
		PlanRename *rename = palloc0(sizeof(PlanRename));

		rename->parts = split_name(source->from, "renames");
		rename->to = source->to;
		rename->is_hint = true;
		result = lappend(result, rename);
	}
	return result;
}

List *
plan_read_renames(Jsonb *renames)
{
	List	   *result = NIL;

	check_object(renames, "renames");
	json_visit(&renames->root, read_rename, &result);
	return result;
}
