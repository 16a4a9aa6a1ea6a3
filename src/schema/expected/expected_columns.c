/*
 * expected_columns.c
 *	  The columns that DDL text declares, found by parsing alone.
 *
 * The statements that make, change and drop tables are followed on a small model:
 * relations with their columns and parents.  Columns of a query are known as far
 * as its text names them; a table made from others is left out with a warning.
 *
 * It assumes that a text is whole: what it alters it has made before.  It never asks the
 * database, takes no lock and needs no right, so that it serves in a read-only
 * transaction and on a standby; and it never executes anything.  Statements that change
 * no name of a column are passed over, whatever they are.  It raises where going on
 * would give wrong columns, with the server's own errors; it leaves out where it cannot
 * know them, with a warning.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/json.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_target.h"
#include "schema/ddl/ddltext.h"
#include "schema/expected/expected_columns.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/varlena.h"

/* Casts and COLLATE nest without bound; the server's naming recurses through them. */
#define NAMED_DEPTH 100

typedef struct ModelColumn
{
	char	   *name;
	bool		local;			/* declared here, not only inherited */
} ModelColumn;

typedef struct ModelName
{
	char		schema[NAMEDATALEN];
	char		name[NAMEDATALEN];
} ModelName;

/*
 * Relations point to each other, so a rename need not find who refers to them.  They
 * live in the current context until the result is written: none is freed.
 */
typedef struct ModelRelation
{
	ModelName	name;			/* its key in the index */
	bool		is_table;		/* else a view or a composite type: looked up, not listed */
	List	   *columns;		/* ModelColumn * */
	List	   *children;		/* ModelRelation * */
} ModelRelation;

typedef struct ModelEntry
{
	ModelName	name;
	ModelRelation *relation;
} ModelEntry;

typedef struct Model
{
	const char *schema;			/* that was asked for */
	const char *current;		/* first of search_path */
	HTAB	   *index;			/* ModelEntry */
} Model;

/* ---- relations and columns ---- */

/* Cleared to its end: it is hashed as bytes. */
static ModelName
make_name(const Model *model, const char *schemaname, const char *relname)
{
	ModelName	name;

	memset(&name, 0, sizeof(name));
	strlcpy(name.schema, schemaname ? schemaname : model->current, NAMEDATALEN);
	strlcpy(name.name, relname, NAMEDATALEN);
	return name;
}

/* NULL also for what the text has not made itself: the database is not asked. */
static ModelRelation *
find(const Model *model, const char *schemaname, const char *relname)
{
	ModelName	name = make_name(model, schemaname, relname);
	ModelEntry *entry = hash_search(model->index, &name, HASH_FIND, NULL);

	return entry ? entry->relation : NULL;
}

static void
put(Model *model, ModelRelation *relation)
{
	ModelEntry *entry = hash_search(model->index, &relation->name, HASH_ENTER, NULL);

	entry->relation = relation;
}

/* From the index alone: heirs and parents still point to it. */
static void
take_out(Model *model, ModelRelation *relation)
{
	if (relation != NULL)
		(void) hash_search(model->index, &relation->name, HASH_REMOVE, NULL);
}

/* Under another name, whatever was there before. */
static void
move(Model *model, ModelRelation *relation, const char *schemaname, const char *relname)
{
	take_out(model, relation);
	relation->name = make_name(model, schemaname, relname);
	put(model, relation);
}

/* All of them, as a list that survives changes of the index. */
static List *
list_relations(const Model *model)
{
	HASH_SEQ_STATUS scan;
	ModelEntry *entry;
	List	   *relations = NIL;

	hash_seq_init(&scan, model->index);
	while ((entry = hash_seq_search(&scan)) != NULL)
		relations = lappend(relations, entry->relation);
	return relations;
}

static ModelRelation *
find_range(const Model *model, const RangeVar *range)
{
	return find(model, range->schemaname, range->relname);
}

/* What it needs has to be made by the text, and before. */
static ModelRelation *
require(const Model *model, const RangeVar *range, const char *what)
{
	ModelRelation *relation = find_range(model, range);

	if (relation == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"%s\" is not made before by schema_sql", range->relname),
						errdetail("%s needs its columns.", what)));
	return relation;
}

/*
 * A temporary one is followed, for others may be made like it, and not listed.
 *
 * A name that is taken is an error here as in the server: two tables under one name
 * would mix their columns.
 */
static ModelRelation *
add_relation(Model *model, const RangeVar *range, bool is_table)
{
	ModelRelation *relation;

	if (find_range(model, range) != NULL)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
						errmsg("relation \"%s\" already exists", range->relname)));
	relation = palloc0(sizeof(ModelRelation));
	relation->name = make_name(model, range->schemaname, range->relname);
	relation->is_table = is_table && range->relpersistence != RELPERSISTENCE_TEMP;
	put(model, relation);
	return relation;
}

static ModelColumn *
find_column(const ModelRelation *relation, const char *name)
{
	ListCell   *lc;

	foreach(lc, relation->columns)
		if (strcmp(((ModelColumn *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return NULL;
}

/* A column of the parent's name is merged with it. */
static void
add_column(ModelRelation *relation, char *name, bool local)
{
	ModelColumn *column = find_column(relation, name);

	if (column == NULL)
	{
		/* As the server has it; and finding one among many more would take too long. */
		if (list_length(relation->columns) >= MaxHeapAttributeNumber)
			ereport(ERROR, (errcode(ERRCODE_TOO_MANY_COLUMNS),
							errmsg("tables can have at most %d columns", MaxHeapAttributeNumber)));
		column = palloc0(sizeof(ModelColumn));
		column->name = name;
		relation->columns = lappend(relation->columns, column);
	}
	column->local |= local;
}

/* local: columns that LIKE copies are the table's own, inherited ones are not. */
static void
copy_columns(ModelRelation *to, const ModelRelation *from, bool local)
{
	ListCell   *lc;

	foreach(lc, from->columns)
		add_column(to, ((ModelColumn *) lfirst(lc))->name, local);
}

/* ---- columns of queries ---- */

static bool name_targets(const Model *model, const SelectStmt *select, List **names);

/*
 * The columns of the item of FROM called alias (of all where NULL); false if unknown.
 * USING and NATURAL merge columns of both sides, and an alias may rename columns: such
 * items are not followed, since a wrong list is worse than none.
 */
static bool
name_from(const Model *model, Node *item, const char *alias, List **names)
{
	ModelRelation *relation;
	RangeVar   *range = (RangeVar *) item;
	ListCell   *lc;

	check_stack_depth();
	if (IsA(item, JoinExpr) && ((JoinExpr *) item)->usingClause == NIL &&
		!((JoinExpr *) item)->isNatural)
		return name_from(model, ((JoinExpr *) item)->larg, alias, names) &&
			   name_from(model, ((JoinExpr *) item)->rarg, alias, names);
	if (!IsA(item, RangeVar) || (range->alias && range->alias->colnames))
		return false;
	if (alias && strcmp(alias, range->alias ? range->alias->aliasname : range->relname) != 0)
		return true;
	relation = find_range(model, range);
	if (relation == NULL)
		return false;
	foreach(lc, relation->columns)
		*names = lappend(*names, ((ModelColumn *) lfirst(lc))->name);
	return true;
}

/*
 * Only where all that stands in FROM is known; else the query's columns are not.  A name
 * in FROM might be that of WITH, which hides a table.  A star that finds nothing is
 * taken for one whose alias was not met.
 */
static bool
name_star(const Model *model, const SelectStmt *select, const ColumnRef *star, List **names)
{
	const char *alias = NULL;
	int			before = list_length(*names);
	ListCell   *lc;

	if (list_length(star->fields) > 2 || select->withClause != NULL)
		return false;
	if (list_length(star->fields) == 2)
		alias = strVal(linitial(star->fields));
	foreach(lc, select->fromClause)
		if (!name_from(model, lfirst(lc), alias, names))
			return false;
	return list_length(*names) > before;
}

/* As the server names it, or NULL where finding out could exhaust the stack. */
static char *
name_expression(Node *node)
{
	Node	   *inner = node;

	for (int depth = 0; depth < NAMED_DEPTH; depth++)
	{
		if (IsA(inner, TypeCast))
			inner = ((TypeCast *) inner)->arg;
		else if (IsA(inner, CollateClause))
			inner = ((CollateClause *) inner)->arg;
		else if (IsA(inner, A_Indirection))
			inner = ((A_Indirection *) inner)->arg;
		else
			return FigureColname(node);
	}
	return NULL;
}

/* As the server calls the columns of VALUES. */
static bool
name_values(const SelectStmt *select, List **names)
{
	int			count = list_length(linitial_node(List, select->valuesLists));

	for (int i = 1; i <= count; i++)
		*names = lappend(*names, psprintf("column%d", i));
	return true;
}

/* Of a UNION the first branch gives the names. */
static bool
name_targets(const Model *model, const SelectStmt *select, List **names)
{
	ListCell   *lc;

	while (select->op != SETOP_NONE)
		select = select->larg;
	if (select->valuesLists != NIL)
		return name_values(select, names);
	foreach(lc, select->targetList)
	{
		ResTarget  *target = lfirst_node(ResTarget, lc);

		if (target->name == NULL && IsA(target->val, ColumnRef) &&
			IsA(llast(((ColumnRef *) target->val)->fields), A_Star))
		{
			if (!name_star(model, select, (ColumnRef *) target->val, names))
				return false;
		}
		else
		{
			char	   *name = target->name ? target->name : name_expression(target->val);

			if (name == NULL)
				return false;
			*names = lappend(*names, name);
		}
	}
	return true;
}

/*
 * A table or view made from a query; aliases rename its first columns.  A view that
 * cannot be told is left out without a word, as views are not listed; a table made from
 * it is then warned of in its turn.
 */
static void
add_from_query(Model *model, RangeVar *range, List *aliases, Node *query, bool is_table)
{
	List	   *names = NIL;
	ModelRelation *relation;
	ListCell   *lc;
	int			i = 0;

	if (!IsA(query, SelectStmt) || !name_targets(model, (SelectStmt *) query, &names))
	{
		if (is_table)
			ereport(WARNING, (errmsg("columns of table \"%s\" cannot be told by parsing alone",
									 range->relname),
							  errhint("Name them in the text, or use expected().")));
		return;
	}
	relation = add_relation(model, range, is_table);
	foreach(lc, names)
	{
		add_column(relation, i < list_length(aliases) ? strVal(list_nth(aliases, i)) : lfirst(lc),
				   true);
		i++;
	}
}

/* ---- statements ---- */

/* Constraints add no column. */
static void
add_elements(Model *model, ModelRelation *relation, List *elements)
{
	ListCell   *lc;

	foreach(lc, elements)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, ColumnDef))
			add_column(relation, ((ColumnDef *) element)->colname, true);
		else if (IsA(element, TableLikeClause))
			copy_columns(relation, require(model, ((TableLikeClause *) element)->relation, "LIKE"),
						 true);
	}
}

/*
 * Partitions and heirs have the columns of their parents first.  In the order of the
 * server: columns of parents, then of the type, then its own.
 */
static void
create_table(Model *model, CreateStmt *stmt)
{
	ModelRelation *relation;
	ListCell   *lc;

	if (stmt->if_not_exists && find_range(model, stmt->relation) != NULL)
		return;
	relation = add_relation(model, stmt->relation, true);
	foreach(lc, stmt->inhRelations)
	{
		ModelRelation *parent = require(model, lfirst(lc), "INHERITS or PARTITION OF");

		parent->children = lappend(parent->children, relation);
		copy_columns(relation, parent, false);
	}
	if (stmt->ofTypename != NULL)
		copy_columns(relation,
					 require(model, makeRangeVarFromNameList(stmt->ofTypename->names), "OF"), true);
	add_elements(model, relation, stmt->tableElts);
}

static void
create_type(Model *model, CompositeTypeStmt *stmt)
{
	add_elements(model, add_relation(model, stmt->typevar, false), stmt->coldeflist);
}

/* OR REPLACE may add columns: it is made anew. */
static void
create_view(Model *model, ViewStmt *stmt)
{
	ModelRelation *relation = find_range(model, stmt->view);

	if (relation != NULL)
		take_out(model, relation);
	add_from_query(model, stmt->view, stmt->aliases, stmt->query, false);
}

static void
create_table_as(Model *model, IntoClause *into, Node *query, bool is_table, bool if_not_exists)
{
	if (if_not_exists && find_range(model, into->rel) != NULL)
		return;
	add_from_query(model, into->rel, into->colNames, query, is_table);
}

/* A child that has the column already keeps it, and so do its own. */
static void
add_everywhere(ModelRelation *relation, char *name, bool local, bool recurse)
{
	bool		merged = find_column(relation, name) != NULL;
	ListCell   *lc;

	add_column(relation, name, local);
	if (merged || !recurse)
		return;
	check_stack_depth();
	foreach(lc, relation->children)
		add_everywhere(lfirst(lc), name, false, true);
}

/*
 * In heirs it stays where they have declared it themselves.  With ONLY they keep it too,
 * as a column of their own from then on.
 */
static void
drop_everywhere(ModelRelation *relation, const char *name, bool recurse)
{
	ListCell   *lc;

	relation->columns = list_delete_ptr(relation->columns, find_column(relation, name));
	check_stack_depth();
	foreach(lc, relation->children)
	{
		ModelColumn *column = find_column(lfirst(lc), name);

		if (column == NULL)
			continue;
		if (!recurse)
			column->local = true;
		else if (!column->local)
			drop_everywhere(lfirst(lc), name, true);
	}
}

/* Heirs bear the same column: it is renamed with the parent's. */
static void
rename_everywhere(ModelRelation *relation, const char *name, char *newname)
{
	ModelColumn *column = find_column(relation, name);
	ListCell   *lc;

	if (column == NULL)
		return;
	column->name = newname;
	check_stack_depth();
	foreach(lc, relation->children)
		rename_everywhere(lfirst(lc), name, newname);
}

static void
require_column(const ModelRelation *relation, const char *name)
{
	if (find_column(relation, name) == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("column \"%s\" of relation \"%s\" does not exist", name,
							   relation->name.name)));
}

static void
alter_column(ModelRelation *relation, AlterTableCmd *cmd, bool recurse)
{
	if (cmd->subtype == AT_AddColumn)
	{
		char	   *name = ((ColumnDef *) cmd->def)->colname;

		if (find_column(relation, name) != NULL && !cmd->missing_ok)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
							errmsg("column \"%s\" of relation \"%s\" already exists", name,
								   relation->name.name)));
		add_everywhere(relation, name, true, recurse);
		return;
	}
	if (!cmd->missing_ok)
		require_column(relation, cmd->name);
	if (find_column(relation, cmd->name) != NULL)
		drop_everywhere(relation, cmd->name, recurse);
}

/* The columns are the same already, or the server would refuse it. */
static void
attach(const Model *model, ModelRelation *parent, RangeVar *range, bool is_child)
{
	ModelRelation *child = find_range(model, range);

	if (parent == NULL || child == NULL)
		return;
	if (is_child)
		parent->children = lappend(parent->children, child);
	else
		parent->children = list_delete_ptr(parent->children, child);
}

/* Whatever changes no name of a column is passed over. */
static void
alter_table(Model *model, AlterTableStmt *stmt)
{
	ModelRelation *relation = find_range(model, stmt->relation);
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		switch (cmd->subtype)
		{
			case AT_AddColumn:
			case AT_DropColumn:
				/* IF EXISTS: the text may clean up what only older databases have. */
				if (relation == NULL && stmt->missing_ok)
					break;
				relation = require(model, stmt->relation, "ALTER TABLE");
				alter_column(relation, cmd, stmt->relation->inh);
				break;
			case AT_AttachPartition:
			case AT_DetachPartition:
				attach(model, relation, ((PartitionCmd *) cmd->def)->name,
					   cmd->subtype == AT_AttachPartition);
				break;
			case AT_AddInherit:
			case AT_DropInherit:
				attach(model, find_range(model, (RangeVar *) cmd->def), stmt->relation,
					   cmd->subtype == AT_AddInherit);
				break;
			default:
				break;
		}
	}
}

/* All that stands in it moves; references are pointers and need nothing. */
static void
rename_schema(Model *model, const char *name, const char *newname)
{
	ListCell   *lc;

	foreach(lc, list_relations(model))
	{
		ModelRelation *relation = lfirst(lc);

		if (strcmp(relation->name.schema, name) == 0)
			move(model, relation, newname, relation->name.name);
	}
}

/* Of relations that the text has not made nothing is known, and nothing is changed. */
static void
rename_object(Model *model, RenameStmt *stmt)
{
	ModelRelation *relation = stmt->relation ? find_range(model, stmt->relation) : NULL;

	switch (stmt->renameType)
	{
		case OBJECT_SCHEMA:
			rename_schema(model, stmt->subname, stmt->newname);
			break;
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_VIEW:
			if (relation != NULL)
				move(model, relation, relation->name.schema, stmt->newname);
			break;
		case OBJECT_COLUMN:
		case OBJECT_ATTRIBUTE:
			if (relation == NULL)
				break;
			require_column(relation, stmt->subname);
			rename_everywhere(relation, stmt->subname, stmt->newname);
			break;
		default:
			break;
	}
}

/*
 * With CASCADE its heirs and partitions go too; views that read it are left, as they
 * are not listed.  One that is found under its name no more has gone before, by another
 * parent, or another has taken the name since.
 */
static void
drop_relation(Model *model, ModelRelation *relation, bool cascade)
{
	ListCell   *lc;

	if (relation == NULL || find(model, relation->name.schema, relation->name.name) != relation)
		return;
	take_out(model, relation);
	if (!cascade)
		return;
	check_stack_depth();
	foreach(lc, relation->children)
		drop_relation(model, lfirst(lc), true);
}

/*
 * Without CASCADE the server would refuse it while something is in it, so nothing is
 * lost by always going down.
 */
static void
drop_schema(Model *model, const char *name)
{
	ListCell   *lc;

	foreach(lc, list_relations(model))
	{
		ModelRelation *relation = lfirst(lc);

		if (strcmp(relation->name.schema, name) == 0)
			drop_relation(model, relation, true);
	}
}

static void
drop_objects(Model *model, DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		List	   *names = lfirst(lc);

		switch (stmt->removeType)
		{
			case OBJECT_SCHEMA:
				drop_schema(model, strVal(lfirst(lc)));
				continue;
			case OBJECT_TYPE:
				names = ((TypeName *) lfirst(lc))->names;
				break;
			case OBJECT_TABLE:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_VIEW:
				break;
			default:
				return;
		}
		drop_relation(model, find_range(model, makeRangeVarFromNameList(names)),
					  stmt->behavior == DROP_CASCADE);
	}
}

/* ---- search_path ---- */

/*
 * The first schema of a list as SET search_path takes it; "$user" is nobody here.
 * Creation goes into the first schema of the list that exists; which do is not known
 * here, so the first counts.
 */
static void
set_path(Model *model, List *names)
{
	ListCell   *lc;

	model->current = model->schema;
	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (name[0] != '\0' && strcmp(name, "$user") != 0 && strcmp(name, "pg_catalog") != 0)
		{
			model->current = name;
			return;
		}
	}
}

/* search_path decides where what has no schema is made; nothing else matters here. */
static void
set_variable(Model *model, VariableSetStmt *stmt)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (stmt->name == NULL || pg_strcasecmp(stmt->name, "search_path") != 0)
		return;
	foreach(lc, stmt->args)
		if (IsA(lfirst(lc), A_Const) && compat_const_is_string(lfirst_node(A_Const, lc)))
			names = lappend(names, strVal(&lfirst_node(A_Const, lc)->val));
	set_path(model, names);
}

static void
set_config(Model *model, const SelectStmt *stmt)
{
	char	   *name;
	char	   *value;
	List	   *names;

	if (ddltext_set_config(stmt, &name, &value) && pg_strcasecmp(name, "search_path") == 0 &&
		SplitIdentifierString(pstrdup(value), ',', &names))
		set_path(model, names);
}

/* Objects of other kinds have no range, and no columns. */
static void
take_relation(Model *model, RangeVar *range, const char *newschema)
{
	ModelRelation *relation = range ? find_range(model, range) : NULL;

	if (relation != NULL)
		move(model, relation, newschema, relation->name.name);
}

static void follow(Model *model, Node *stmt);

/* What it holds is made in it. */
static void
create_schema(Model *model, CreateSchemaStmt *stmt)
{
	const char *current = model->current;
	ListCell   *lc;

	if (stmt->schemaname != NULL)
		model->current = stmt->schemaname;
	foreach(lc, stmt->schemaElts)
		follow(model, lfirst(lc));
	model->current = current;
}

/* Statements of other kinds change no columns. */
static void
follow(Model *model, Node *stmt)
{
	CreateTableAsStmt *as = (CreateTableAsStmt *) stmt;

	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			create_table(model, (CreateStmt *) stmt);
			break;
		case T_CreateForeignTableStmt:
			create_table(model, &((CreateForeignTableStmt *) stmt)->base);
			break;
		case T_CompositeTypeStmt:
			create_type(model, (CompositeTypeStmt *) stmt);
			break;
		case T_ViewStmt:
			create_view(model, (ViewStmt *) stmt);
			break;
		case T_CreateTableAsStmt:
			create_table_as(model, as->into, as->query, as->objtype == OBJECT_TABLE,
							as->if_not_exists);
			break;
		case T_SelectStmt:
			if (((SelectStmt *) stmt)->intoClause != NULL)
				create_table_as(model, ((SelectStmt *) stmt)->intoClause, stmt, true, false);
			else
				set_config(model, (SelectStmt *) stmt);
			break;
		case T_CreateSchemaStmt:
			create_schema(model, (CreateSchemaStmt *) stmt);
			break;
		case T_AlterTableStmt:
			alter_table(model, (AlterTableStmt *) stmt);
			break;
		case T_RenameStmt:
			rename_object(model, (RenameStmt *) stmt);
			break;
		case T_AlterObjectSchemaStmt:
			take_relation(model, ((AlterObjectSchemaStmt *) stmt)->relation,
						  ((AlterObjectSchemaStmt *) stmt)->newschema);
			break;
		case T_DropStmt:
			drop_objects(model, (DropStmt *) stmt);
			break;
		case T_VariableSetStmt:
			set_variable(model, (VariableSetStmt *) stmt);
			break;
		default:
			break;
	}
}

/* Tables of the schema that was asked for, with their columns in order. */
static Jsonb *
write_model(const Model *model)
{
	JsonWriter	w;
	ListCell   *lc;
	ListCell   *column;

	json_init(&w);
	json_begin_object(&w);
	foreach(lc, list_relations(model))
	{
		ModelRelation *relation = lfirst(lc);

		if (!relation->is_table || strcmp(relation->name.schema, model->schema) != 0)
			continue;
		json_key(&w, relation->name.name);
		json_begin_array(&w);
		foreach(column, relation->columns)
			json_string(&w, ((ModelColumn *) lfirst(column))->name);
		json_end_array(&w);
	}
	json_end_object(&w);
	return json_finish(&w);
}

Jsonb *
expected_columns(const char *sql, const char *schema)
{
	DdlText	   *ddl = ddltext_read(list_make1(pstrdup(sql)), false);
	Model		model = {schema, schema};
	HASHCTL		control = {0};
	ListCell   *lc;

	control.keysize = sizeof(ModelName);
	control.entrysize = sizeof(ModelEntry);
	control.hcxt = CurrentMemoryContext;
	model.index = hash_create("db_adapter declared relations", 1024, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, ddl->statements)
	{
		DdlStatement *statement = lfirst(lc);
		DdlErrorContext context;

		CHECK_FOR_INTERRUPTS();
		ddltext_push_context(&context, statement->file, statement);
		follow(&model, statement->raw->stmt);
		ddltext_pop_context(&context);
	}
	return write_model(&model);
}
