/*
 * relation.c
 *	  Facts about one relation: its columns, keys and foreign keys.
 *
 * Read from the relation cache, so that a fact costs no query and is as fresh
 * as the lock taken when the name was resolved.
 *
 * It assumes that whoever asks holds a lock on the relation, or takes what it gets for
 * a hint: most functions lock for themselves and leave the lock to the transaction.
 * Structs are palloc'd in the current context and belong to who asked; nothing here is
 * cached.  Rights are asked only where a function says so.
 */
#include "postgres.h"

#include "utils/acl.h"
#include "miscadmin.h"
#include "commands/trigger.h"
#include "catalog/pg_trigger.h"
#include "catalog/objectaddress.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

/* How many names of a schema are compared with one that is missing. */
#define MAX_CANDIDATES 10000

/* What SELECT reads as rows of a user's: no sequence, index or composite type. */
static bool
kind_is_readable(char kind)
{
	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ||
		   kind == RELKIND_FOREIGN_TABLE || kind == RELKIND_VIEW || kind == RELKIND_MATVIEW;
}

bool
relation_is_allowed(Oid relid)
{
	Oid			namespace = get_rel_namespace(relid);
	char	   *schema = get_namespace_name(namespace);

	return namespace != PG_CATALOG_NAMESPACE && namespace != PG_TOAST_NAMESPACE &&
		   !isAnyTempNamespace(namespace) && schema != NULL &&
		   strcmp(schema, "information_schema") != 0 && strcmp(schema, "db_adapter") != 0;
}

/* Says nothing of rights: these are the server's to check, when the statement runs. */
void
relation_check_allowed(Oid relid)
{
	if (!relation_is_allowed(relid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("relation \"%s\" cannot be used here", get_rel_name(relid)),
				 errdetail("Relations in system, temporary and extension schemas are refused.")));
	if (!kind_is_readable(get_rel_relkind(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table, view or foreign table", get_rel_name(relid))));
}

/*
 * Locked before it is looked at, so that it stays what it is.  InvalidOid: there is none.
 * A schema that may not be used is the server's error.
 */
Oid
relation_find(const char *name)
{
	RangeVar   *range = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(name)));
	Oid			relid;

	/*
	 * A search_path is whoever's that set it last: a name in a document must not lead to
	 * a table that somebody has put in front.
	 */
	if (range->schemaname == NULL)
		range->schemaname = RELATION_BARE_SCHEMA;
	relid = RangeVarGetRelid(range, AccessShareLock, true);
	if (OidIsValid(relid))
		relation_check_allowed(relid);
	return relid;
}

/* Names among which the one that was meant is looked for, once it was not found. */
typedef struct Candidates
{
	const char **names;
	int			count;
	const char *elsewhere;		/* one of that very name, in whatever schema */
	MemoryContext cxt;
} Candidates;

/* Beyond the limit a better guess is not worth the names. */
static bool
take_candidate(TupleTableSlot *slot, void *arg)
{
	Candidates *c = arg;
	bool		isnull;
	MemoryContext oldcxt = MemoryContextSwitchTo(c->cxt);

	c->names[c->count++] = text_to_cstring(DatumGetTextPP(slot_getattr(slot, 1, &isnull)));
	if (DatumGetBool(slot_getattr(slot, 2, &isnull)))
		c->elsewhere = c->names[c->count - 1];
	MemoryContextSwitchTo(oldcxt);
	/* The query gives the one of that very name first. */
	return c->elsewhere == NULL && c->count < MAX_CANDIDATES;
}

/*
 * The relation whose name is nearest.  One of that very name in another schema is nearer
 * than any other: who left the schema out is told which.  A hint names only what the
 * current user could find by himself: schemas without USAGE are left out.
 */
static const char *
nearest_relation(const char *name)
{
	static const char *const sql =
		"SELECT CASE WHEN n.nspname = 'public' THEN quote_ident(c.relname)"
		"       ELSE quote_ident(n.nspname) || '.' || quote_ident(c.relname) END,"
		"       c.relname = $1"
		"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')"
		"   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'db_adapter')"
		"   AND n.nspname !~ '^pg_(toast|temp)'"
		"   AND has_schema_privilege(n.oid, 'USAGE')"
		" ORDER BY c.relname = $1 DESC, 1";
	Candidates	c = {palloc0((MAX_CANDIDATES + 1) * sizeof(char *)), 0, NULL, CurrentMemoryContext};
	List	   *parts = textToQualifiedNameList(cstring_to_text(name));
	Oid			type = TEXTOID;
	Datum		bare = CStringGetTextDatum(strVal(llast(parts)));
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 1, &type, &bare, NULL, true, take_candidate, &c);
	query_unpin(nestlevel);
	return c.elsewhere != NULL ? c.elsewhere : json_nearest(name, c.names);
}

/*
 * As text names a relation to the server; a bare name means RELATION_BARE_SCHEMA whatever
 * the search_path, so that a document means the same for everybody.
 */
Oid
relation_resolve(const char *name)
{
	Oid			relid = relation_find(name);
	const char *nearest;

	if (OidIsValid(relid))
		return relid;
	nearest = nearest_relation(name);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table \"%s\" does not exist", name),
					nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	return InvalidOid;
}

/*
 * The sequence of a default that is nextval() and at most a cast; or InvalidOid.  In all
 * but bigint columns a cast to the column's type stands around the call.
 */
static Oid
default_sequence(Node *expr)
{
	while (expr != NULL)
	{
		if (IsA(expr, NextValueExpr))
			return ((NextValueExpr *) expr)->seqid;
		if (IsA(expr, FuncExpr) && list_length(((FuncExpr *) expr)->args) >= 1)
		{
			FuncExpr   *func = (FuncExpr *) expr;
			Node	   *arg = linitial(func->args);

			if (func->funcid == F_NEXTVAL)
				return IsA(arg, Const) && !((Const *) arg)->constisnull
						   ? DatumGetObjectId(((Const *) arg)->constvalue)
						   : InvalidOid;
			if (func->funcformat != COERCE_EXPLICIT_CAST &&
				func->funcformat != COERCE_IMPLICIT_CAST)
				return InvalidOid;
			expr = arg;
		}
		else if (IsA(expr, RelabelType))
			expr = (Node *) ((RelabelType *) expr)->arg;
		else if (IsA(expr, CoerceToDomain))
			expr = (Node *) ((CoerceToDomain *) expr)->arg;
		else
			return InvalidOid;
	}
	return InvalidOid;
}

/* Whether a sequence has a part in it, as in 'No. ' || nextval('s'). */
static bool
draws(Node *expr, void *context)
{
	if (expr == NULL)
		return false;
	if (IsA(expr, NextValueExpr) ||
		(IsA(expr, FuncExpr) && ((FuncExpr *) expr)->funcid == F_NEXTVAL))
		return true;
	return expression_tree_walker(expr, draws, context);
}

/*
 * A generated column has an expression where others have a default; it is no default that
 * could be drawn.
 */
static void
read_column(Relation rel, Form_pg_attribute attr, RelationColumn *column)
{
	column->name = pstrdup(NameStr(attr->attname));
	column->quoted = pstrdup(quote_identifier(column->name));
	column->attnum = attr->attnum;
	column->type = attr->atttypid;
	column->basetype = getBaseType(attr->atttypid);
	column->typmod = attr->atttypmod;
	column->collation = attr->attcollation;
	column->not_null = attr->attnotnull;
	column->generated = attr->attgenerated != '\0';
	column->identity = attr->attidentity;
	if (!column->generated)
	{
		Node	   *expr = build_column_default(rel, attr->attnum);

		column->has_default = expr != NULL;
		column->sequence = default_sequence(expr);
		column->made = draws(expr, NULL);
		column->varies = contain_volatile_functions(expr);
	}
	else
		column->made = true;
}

/* Dropped columns are left out, so an index into the list is no attribute number. */
static void
read_columns(RelationInfo *info, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	info->columns = palloc0(sizeof(RelationColumn) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (!attr->attisdropped)
			read_column(rel, attr, &info->columns[info->ncolumns++]);
	}
}

/* One that is not valid yet, or excludes by other operators, tells no rows apart. */
static RelationKey *
read_key(Oid indexid)
{
	Relation	index = relation_open(indexid, AccessShareLock);
	Form_pg_index form = index->rd_index;
	RelationKey *key = NULL;

	if (form->indisunique && form->indisvalid && form->indislive && !form->indisexclusion)
	{
		key = palloc0(sizeof(RelationKey));
		key->index = indexid;
		key->name = pstrdup(RelationGetRelationName(index));
		key->primary = form->indisprimary;
		key->deferrable = !form->indimmediate;
		key->partial = !heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
		key->nulls_not_distinct = compat_nulls_not_distinct(form);
		key->ncolumns = form->indnkeyatts;
		key->columns = palloc(sizeof(AttrNumber) * key->ncolumns);
		key->equality = palloc(sizeof(Oid) * key->ncolumns);
		for (int i = 0; i < key->ncolumns; i++)
		{
			Oid			type = index->rd_opcintype[i];

			key->columns[i] = form->indkey.values[i];
			key->expressions |= key->columns[i] == InvalidAttrNumber;
			key->equality[i] =
				get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);
		}
	}
	relation_close(index, NoLock);
	return key;
}

/* The primary key first: who looks for any that fits takes the first. */
static void
read_keys(RelationInfo *info, Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		RelationKey *key = read_key(lfirst_oid(lc));

		if (key == NULL)
			continue;
		if (key->primary)
		{
			info->primary_key = key;
			info->keys = lcons(key, info->keys);
		}
		else
			info->keys = lappend(info->keys, key);
	}
	list_free(indexes);
}

/*
 * Whether the constraint repeats, for one partition of the table it leads to, what
 * another one of the same table says of the whole.
 */
static bool
repeats_constraint(Form_pg_constraint form)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(form->conparentid));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid == form->conrelid;
	ReleaseSysCache(tuple);
	return result;
}

/* NULL for one that only repeats another. */
static RelationForeignKey *
read_foreign_key(ForeignKeyCacheInfo *cached)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(cached->conoid));
	Form_pg_constraint form;
	RelationForeignKey *fk = palloc0(sizeof(RelationForeignKey));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", cached->conoid);
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (repeats_constraint(form))
	{
		ReleaseSysCache(tuple);
		return NULL;
	}
	fk->constraint = cached->conoid;
	fk->name = pstrdup(NameStr(form->conname));
	fk->target = cached->confrelid;
	fk->deferrable = form->condeferrable;
	fk->validated = form->convalidated;
	fk->on_delete = form->confdeltype;
	fk->match_full = form->confmatchtype == FKCONSTR_MATCH_FULL;
	fk->ncolumns = cached->nkeys;
	fk->columns = palloc(sizeof(AttrNumber) * fk->ncolumns);
	fk->target_columns = palloc(sizeof(AttrNumber) * fk->ncolumns);
	memcpy(fk->columns, cached->conkey, sizeof(AttrNumber) * fk->ncolumns);
	memcpy(fk->target_columns, cached->confkey, sizeof(AttrNumber) * fk->ncolumns);
	ReleaseSysCache(tuple);
	return fk;
}

/* The cache has them in the order of their oids, which another database does not share. */
static int
compare_foreign_keys(const ListCell *a, const ListCell *b)
{
	return strcmp(((RelationForeignKey *) lfirst(a))->name,
				  ((RelationForeignKey *) lfirst(b))->name);
}

static void
read_foreign_keys(RelationInfo *info, Relation rel)
{
	ListCell   *lc;

	/* A copy: the cached list may go while we look up the constraints. */
	foreach(lc, copyObject(RelationGetFKeyList(rel)))
	{
		RelationForeignKey *fk = read_foreign_key(lfirst(lc));

		if (fk != NULL)
			info->foreign_keys = lappend(info->foreign_keys, fk);
	}
	list_sort(info->foreign_keys, compare_foreign_keys);
}

/* Names aside: two constraints may say the same. */
static bool
same_foreign_key(const RelationForeignKey *a, const RelationForeignKey *b)
{
	bool		same = a->target == b->target && a->ncolumns == b->ncolumns;

	for (int i = 0; same && i < a->ncolumns; i++)
		same = a->columns[i] == b->columns[i] && a->target_columns[i] == b->target_columns[i];
	return same;
}

/* Each partition may repeat what its siblings and the whole have. */
static bool
has_foreign_key(List *keys, const RelationForeignKey *key)
{
	ListCell   *lc;

	foreach(lc, keys)
		if (same_foreign_key(lfirst(lc), key))
			return true;
	return false;
}

/* Columns of a partition stand in any order: by name they are those of the whole. */
static void
add_partition_key(RelationInfo *info, Oid partition, RelationForeignKey *fk)
{
	for (int i = 0; i < fk->ncolumns; i++)
		fk->columns[i] = get_attnum(info->oid, get_attname(partition, fk->columns[i], false));
	if (!has_foreign_key(info->foreign_keys, fk) && !has_foreign_key(info->partition_keys, fk))
		info->partition_keys = lappend(info->partition_keys, fk);
}

/* What one partition's rows refer by, the table's rows refer by. */
static void
read_partition_keys(RelationInfo *info)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(info->oid, AccessShareLock, NULL))
	{
		Relation	part = relation_open(lfirst_oid(lc), NoLock);
		ListCell   *key;

		foreach(key, lfirst_oid(lc) != info->oid ? copyObject(RelationGetFKeyList(part)) : NIL)
		{
			RelationForeignKey *fk = read_foreign_key(lfirst(key));

			if (fk != NULL)
				add_partition_key(info, lfirst_oid(lc), fk);
		}
		relation_close(part, NoLock);
	}
	list_sort(info->partition_keys, compare_foreign_keys);
}

/* Those of the partitions too, which the whole does not enforce but its rows may hold. */
List *
relation_references(const RelationInfo *rel)
{
	return list_concat_copy(rel->foreign_keys, rel->partition_keys);
}

/*
 * Triggers of people, not those that implement foreign keys.  Whether one fires is
 * another matter: see relation_triggers().
 */
static bool
has_user_triggers(const TriggerDesc *triggers)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal)
			return true;
	return false;
}

/* One visit while the relation is open: what is read belongs to one moment. */
RelationInfo *
relation_read(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	RelationInfo *info = palloc0(sizeof(RelationInfo));

	info->oid = relid;
	info->namespace = RelationGetNamespace(rel);
	info->schema = get_namespace_name(info->namespace);
	info->name = pstrdup(RelationGetRelationName(rel));
	info->qualified = quote_qualified_identifier(info->schema, info->name);
	info->kind = rel->rd_rel->relkind;
	info->has_children = rel->rd_rel->relhassubclass && info->kind != RELKIND_PARTITIONED_TABLE;
	/* Not every access method knows places as the heap does. */
	info->has_places = info->kind == RELKIND_RELATION && !info->has_children &&
					   rel->rd_tableam != NULL && rel->rd_tableam->scan_set_tidrange != NULL;
	info->has_triggers = has_user_triggers(rel->trigdesc);
	/* Before anything plans over the table. */
	relation_fold_indexes(rel);
	read_columns(info, rel);
	read_keys(info, rel);
	read_foreign_keys(info, rel);
	if (info->kind == RELKIND_PARTITIONED_TABLE)
		read_partition_keys(info);
	/* The lock stays until the end of the transaction: the facts hold as long. */
	relation_close(rel, NoLock);
	return info;
}

static RelationColumn *
column_named(const RelationInfo *rel, const char *name)
{
	for (int i = 0; i < rel->ncolumns; i++)
		if (strcmp(rel->columns[i].name, name) == 0)
			return &rel->columns[i];
	return NULL;
}

/* As it is, or as SQL would write it: both are how people name a column. */
RelationColumn *
relation_find_column(const RelationInfo *rel, const char *name)
{
	RelationColumn *column = column_named(rel, name);
	List	   *parts;

	/*
	 * As it is comes first: a name that has quotes in it is itself before it is another's
	 * spelling.
	 */
	if (column != NULL || *name == '\0')
		return column;
	if (!SplitIdentifierString(pstrdup(name), '.', &parts) || list_length(parts) != 1)
		return NULL;
	return column_named(rel, linitial(parts));
}

RelationColumn *
relation_column(const RelationInfo *rel, const char *name)
{
	RelationColumn *column = relation_find_column(rel, name);
	const char **candidates;
	const char *nearest;

	if (column != NULL)
		return column;
	candidates = palloc0(sizeof(char *) * (rel->ncolumns + 1));
	for (int i = 0; i < rel->ncolumns; i++)
		candidates[i] = rel->columns[i].name;
	nearest = json_nearest(name, candidates);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("column \"%s\" of table \"%s\" does not exist", name, rel->name),
					nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	return NULL;
}

/* For numbers that the catalog gave; one that is not there cannot happen. */
RelationColumn *
relation_column_by_number(const RelationInfo *rel, AttrNumber attnum)
{
	for (int i = 0; i < rel->ncolumns; i++)
		if (rel->columns[i].attnum == attnum)
			return &rel->columns[i];
	elog(ERROR, "relation %u has no column %d", rel->oid, attnum);
	return NULL;
}

Bitmapset *
relation_generated_from(const RelationInfo *rel, const RelationColumn *column)
{
	Relation	relation = relation_open(rel->oid, AccessShareLock);
	Bitmapset  *from = NULL;

	pull_varattnos(build_column_default(relation, column->attnum), 1, &from);
	relation_close(relation, NoLock);
	return from;
}

static bool
contains(const AttrNumber *columns, int ncolumns, AttrNumber column)
{
	for (int i = 0; i < ncolumns; i++)
		if (columns[i] == column)
			return true;
	return false;
}

/* A partial index, or one over expressions, says nothing of all rows by their columns. */
bool
relation_key_within(const RelationKey *key, const AttrNumber *columns, int ncolumns)
{
	if (key->partial || key->expressions)
		return false;
	for (int i = 0; i < key->ncolumns; i++)
		if (!contains(columns, ncolumns, key->columns[i]))
			return false;
	return true;
}

/* A key of exactly these columns, in whatever order. */
RelationKey *
relation_key_over(const RelationInfo *rel, const AttrNumber *columns, int ncolumns)
{
	ListCell   *lc;

	foreach(lc, rel->keys)
	{
		RelationKey *key = lfirst(lc);

		if (key->ncolumns == ncolumns && relation_key_within(key, columns, ncolumns))
			return key;
	}
	return NULL;
}

/* In any order of the columns: which goes to which the constraint says itself. */
RelationForeignKey *
relation_foreign_key_over(const RelationInfo *rel, const AttrNumber *columns, int ncolumns,
						  Oid target)
{
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		RelationForeignKey *fk = lfirst(lc);
		bool same = fk->ncolumns == ncolumns && (!OidIsValid(target) || fk->target == target);

		for (int i = 0; same && i < fk->ncolumns; i++)
			same = contains(columns, ncolumns, fk->columns[i]);
		if (same)
			return fk;
	}
	return NULL;
}

/* An identity is drawn from its sequence, as INSERT would do. */
char *
relation_default(const RelationInfo *rel, const RelationColumn *column)
{
	Relation	open = relation_open(rel->oid, AccessShareLock);
	Node	   *expr = column->generated ? NULL : build_column_default(open, column->attnum);
	char	   *text = NULL;

	if (expr != NULL && IsA(expr, NextValueExpr))
		text = psprintf("pg_catalog.nextval(%u::pg_catalog.oid::pg_catalog.regclass)",
						((NextValueExpr *) expr)->seqid);
	else if (expr != NULL)
	{
		/*
		 * The deparser leaves out a schema that the search_path would find: under the pin
		 * that is the server's alone.
		 */
		int			nestlevel = query_pin(PIN_PATH);

		text = deparse_expression(expr, deparse_context_for(rel->name, rel->oid), false, false);
		query_unpin(nestlevel);
	}
	relation_close(open, NoLock);
	return text;
}

static bool
is_named(const List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/*
 * Those that fire in this backend, as the executor would choose them. *before: whether
 * one fires before a row, and may change the row or leave it out.
 */
static List *
add_triggers(List *names, Oid relid, bool *before)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *desc = rel->trigdesc;

	for (int i = 0; desc != NULL && i < desc->numtriggers; i++)
	{
		Trigger	   *trigger = &desc->triggers[i];
		bool		replica = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;

		if (trigger->tgisinternal || trigger->tgenabled == TRIGGER_DISABLED ||
			trigger->tgenabled == (replica ? TRIGGER_FIRES_ON_ORIGIN : TRIGGER_FIRES_ON_REPLICA))
			continue;
		if (!TRIGGER_FOR_INSERT(trigger->tgtype) && !TRIGGER_FOR_UPDATE(trigger->tgtype))
			continue;
		/* A partition has a copy of what the whole has, under the same name. */
		if (!is_named(names, trigger->tgname))
			names = lappend(names, pstrdup(trigger->tgname));
		*before |= TRIGGER_FOR_ROW(trigger->tgtype) && !TRIGGER_FOR_AFTER(trigger->tgtype);
	}
	relation_close(rel, NoLock);
	return names;
}

/* Rows of a partitioned table fire those of the partition that they go to. */
List *
relation_triggers(Oid relid, bool *before)
{
	List	   *names;
	ListCell   *lc;

	*before = false;
	names = add_triggers(NIL, relid, before);
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
			names = add_triggers(names, lfirst_oid(lc), before);
	return names;
}

/*
 * On the whole table, or else on every column that is used.  With the server's own error,
 * so that it reads as the statement's would.
 */
void
relation_check_privilege(const RelationInfo *rel, const AttrNumber *columns, int ncolumns,
						 AclMode mode)
{
	if (pg_class_aclcheck(rel->oid, GetUserId(), mode) == ACLCHECK_OK)
		return;
	for (int i = 0; i < ncolumns; i++)
		if (pg_attribute_aclcheck(rel->oid, columns[i], GetUserId(), mode) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(rel->kind), rel->name);
}

/*
 * As the server decides it for the current role: not for owners, unless forced, nor for who
 * bypasses.
 */
bool
relation_hides_rows(Oid relid)
{
	return check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED;
}

/*
 * With its schema, since the statement runs under a search_path that anybody may have set.
 */
char *
relation_operator_text(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	text = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

/*
 * The default equality of the type's btree or hash class; NULL: it has none, and cannot be
 * looked for.  Of a domain it is the base type's, which the caller passes.
 */
char *
relation_equality(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR);

	return OidIsValid(entry->eq_opr) ? relation_operator_text(entry->eq_opr) : NULL;
}

char *
relation_collation_text(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	text = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return text;
}

/*
 * Whether the left type's equality is defined with the right type too, by implicit casts if
 * need be: else both sides are compared as text.
 */
bool
relation_comparable(Oid left, Oid right)
{
	TypeCacheEntry *entry = lookup_type_cache(left, TYPECACHE_EQ_OPR);
	HeapTuple	tuple;
	Form_pg_operator form;
	List	   *name;

	if (left == right || !OidIsValid(entry->eq_opr))
		return true;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(entry->eq_opr));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", entry->eq_opr);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = list_make2(makeString(get_namespace_name(form->oprnamespace)),
					  makeString(pstrdup(NameStr(form->oprname))));
	ReleaseSysCache(tuple);
	/*
	 * By name, since an operator between two types is another one than that of the left
	 * type alone; the schema is that of the left type's own, whatever the search_path.
	 */
	tuple = oper(NULL, name, left, right, true, -1);
	if (tuple == NULL)
		return false;
	ReleaseSysCache(tuple);
	return true;
}

/*
 * Whether there may be a row at all, without reading one.  Of foreign tables nobody knows,
 * so they count.
 */
bool
relation_has_pages(Oid relid)
{
	List	   *relids = find_all_inheritors(relid, AccessShareLock, NULL);
	ListCell   *lc;

	foreach(lc, relids)
	{
		Relation	rel = relation_open(lfirst_oid(lc), AccessShareLock);
		bool		found =
			rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE ||
			(RELKIND_HAS_STORAGE(rel->rd_rel->relkind) && RelationGetNumberOfBlocks(rel) > 0);

		relation_close(rel, AccessShareLock);
		if (found)
			return true;
	}
	return false;
}

/* The lock stays: the caller cuts the table into ranges of what it was told. */
BlockNumber
relation_pages(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	BlockNumber pages = RelationGetNumberOfBlocks(rel);

	relation_close(rel, NoLock);
	return pages;
}

/* An estimate, the catalog's: never a scan.  Not analyzed counts as none. */
void
relation_measure(Oid relid, int64 *rows, int64 *bytes)
{
	Relation	rel = relation_open(relid, AccessShareLock);

	/* -1: never vacuumed or analyzed. */
	*rows = Max(0, (int64) rel->rd_rel->reltuples);
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		*bytes =
			DatumGetInt64(DirectFunctionCall1(pg_total_relation_size, ObjectIdGetDatum(relid)));
	relation_close(rel, AccessShareLock);
}

/*
 * Whether adding the column writes every row: a volatile default is called for each, a
 * domain's check too.
 */
bool
relation_fills_last_column(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	int			attnum = RelationGetNumberOfAttributes(rel);
	Form_pg_attribute att = attnum > 0 ? TupleDescAttr(RelationGetDescr(rel), attnum - 1) : NULL;
	bool		result = false;

	if (att != NULL && !att->attisdropped && !att->attgenerated)
	{
		Node	   *value = build_column_default(rel, attnum);

		result = (value != NULL && contain_volatile_functions(value)) ||
				 DomainHasConstraints(att->atttypid);
	}
	table_close(rel, AccessShareLock);
	return result;
}
