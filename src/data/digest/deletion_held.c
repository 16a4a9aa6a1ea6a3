/*
 * deletion_held.c
 *	  Rows that cannot go, since others that stay refer to them.
 *
 * A foreign key refuses a deletion as a whole and names one row.  Where the caller wants
 * all others gone, the rows that are held are asked for: those that a row refers to which
 * stays, be it of a table that is no part of this or one held itself, until there are no
 * more.  What the current user may not see he cannot ask for: then the table that the
 * foreign key leads to is left as it is.
 *
 * It assumes one snapshot over all its statements, so that a place names the same row
 * in each.  It never deletes; what is held is remembered by table and place, and named
 * in the next statement as rows to leave alone.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "base/relation.h"
#include "base/texts.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "data/digest/deletion_private.h"
#include "data/select/naturalrow.h"
#include "data/select/rowscan.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* How many of a table's rows are told by their keys. */
#define MAX_DETAILS 100
#define FETCH_ROWS 100

/* A foreign key to a table of which rows are to go. */
typedef struct Holder
{
	char	   *schema;
	char	   *name;
	Oid			relid;
	Oid			root;			/* of a partition the whole, else the same */
	char	   *qualified;
	bool		whole;			/* rows of tables below it count as well */
	char	   *label;			/* as messages call the table */
	const BackupTable *target;
	List	   *columns;		/* char *, quoted */
	List	   *target_columns; /* RelationColumn * */
	char		on_delete;
	bool		deferred;
	bool		readable;
} Holder;

typedef struct HeldReason
{
	char	   *message;
	const char *constraint;		/* or NULL */
	const char *hint;			/* or NULL */
} HeldReason;

/* --- the foreign keys */

/* The table among those that keys name. */
static const BackupTable *
table_of(const Deletion *d, Oid relid)
{
	ListCell   *lc;

	foreach(lc, d->tables)
		if (((BackupTable *) lfirst(lc))->rel->oid == relid)
			return lfirst(lc);
	return NULL;
}

static List *
read_names(TupleTableSlot *slot, int column)
{
	bool		isnull;

	return texts_from_array(slot_getattr(slot, column, &isnull));
}

static char *
read_text(TupleTableSlot *slot, int column)
{
	bool		isnull;

	return TextDatumGetCString(slot_getattr(slot, column, &isnull));
}

static bool
take_holder(TupleTableSlot *slot, void *arg)
{
	Deletion   *d = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(d->cxt);
	Holder	   *h = palloc0(sizeof(Holder));
	bool		isnull;
	ListCell   *lc;

	h->schema = read_text(slot, 1);
	h->name = read_text(slot, 2);
	h->relid = DatumGetObjectId(slot_getattr(slot, 3, &isnull));
	h->root = DatumGetObjectId(slot_getattr(slot, 4, &isnull));
	h->target = table_of(d, DatumGetObjectId(slot_getattr(slot, 5, &isnull)));
	h->qualified = read_text(slot, 6);
	h->label = read_text(slot, 7);
	h->whole = DatumGetChar(slot_getattr(slot, 8, &isnull)) == RELKIND_PARTITIONED_TABLE;
	h->on_delete = DatumGetChar(slot_getattr(slot, 9, &isnull));
	h->deferred = DatumGetBool(slot_getattr(slot, 10, &isnull));
	h->columns = read_names(slot, 11);
	foreach(lc, read_names(slot, 12))
		h->target_columns = lappend(h->target_columns, relation_column(h->target->rel, lfirst(lc)));
	h->readable = DatumGetBool(slot_getattr(slot, 13, &isnull));
	d->holders = lappend(d->holders, h);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* Those that partitions have from their wholes are the wholes'. */
static void
read_holders(Deletion *d)
{
	static const char *const sql =
		"SELECT kn.nspname::text, k.conname::text, k.conrelid,"
		" coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid,"
		" coalesce(pg_partition_root(k.confrelid), k.confrelid)::oid,"
		" format('%I.%I', n.nspname, c.relname),"
		" CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname,"
		" c.relkind, k.confdeltype, k.condeferred AND NOT EXISTS (SELECT FROM pg_constraint o"
		"  WHERE o.conname = k.conname AND o.connamespace = k.connamespace AND NOT o.condeferred),"
		" (SELECT array_agg(quote_ident(a.attname) ORDER BY u.o)"
		"    FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, o)"
		"    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),"
		" (SELECT array_agg(a.attname::text ORDER BY u.o)"
		"    FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, o)"
		"    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),"
		" has_schema_privilege(n.oid, 'USAGE') AND NOT row_security_active(c.oid)"
		"   AND (SELECT bool_and(has_column_privilege(k.conrelid, u.attnum, 'SELECT'))"
		"          FROM unnest(k.conkey) AS u (attnum))"
		"  FROM pg_constraint k JOIN pg_namespace kn ON kn.oid = k.connamespace"
		"  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE k.contype = 'f' AND k.conparentid = 0"
		"   AND coalesce(pg_partition_root(k.confrelid), k.confrelid) = ANY ($1) ORDER BY k.oid";
	Datum	   *oids = palloc(sizeof(Datum) * list_length(d->tables));
	Oid			type = OIDARRAYOID;
	Datum		array;
	int			nestlevel;
	ListCell   *lc;

	if (d->holders_known)
		return;
	d->holders_known = true;
	foreach(lc, d->tables)
		oids[foreach_current_index(lc)] = ObjectIdGetDatum(((BackupTable *) lfirst(lc))->rel->oid);
	array = PointerGetDatum(
		construct_array(oids, list_length(d->tables), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	nestlevel = query_pin(PIN_PATH);
	query_run(sql, 1, &type, &array, NULL, true, take_holder, d);
	query_unpin(nestlevel);
}

/* Of a partition its whole is asked for: the backup schema names wholes. */
static bool
is_inside(const Deletion *d, const Holder *h)
{
	for (int i = 0; i < d->schema->ntables; i++)
		if (d->schema->tables[i].rel->oid == h->root)
			return true;
	return false;
}

/*
 * Whether rows that refer by it keep what they refer to from going.  A foreign key of a
 * table in the schema holds whatever its ON DELETE says: rows that stay must lose
 * nothing.
 */
static bool
holds(const Deletion *d, const Holder *h)
{
	if (is_inside(d, h))
		return true;
	if (h->on_delete == FKCONSTR_ACTION_CASCADE)
		return !d->options->cascade;
	return h->on_delete == FKCONSTR_ACTION_NOACTION || h->on_delete == FKCONSTR_ACTION_RESTRICT;
}

/* --- the rows */

static HeldTable *
held_of(const Deletion *d, const BackupTable *table)
{
	return &d->held[table->index];
}

/* By table and place together: partitions may have rows of one place each. */
void
deletion_held_except(const Deletion *d, Selection *s, const BackupTable *table)
{
	const HeldTable *held = held_of(d, table);
	Datum	   *tables;
	Datum	   *places;
	char	   *first;
	char	   *second;

	if (held->count == 0)
		return;
	tables = palloc_extended(sizeof(Datum) * held->count, MCXT_ALLOC_HUGE);
	places = palloc_extended(sizeof(Datum) * held->count, MCXT_ALLOC_HUGE);
	for (int i = 0; i < held->count; i++)
	{
		tables[i] = ObjectIdGetDatum(held->tables[i]);
		places[i] = PointerGetDatum(&held->places[i]);
	}
	first = selection_add(s, OIDARRAYOID,
						  PointerGetDatum(construct_array(tables, held->count, OIDOID, sizeof(Oid),
														  true, TYPALIGN_INT)));
	second = selection_add(
		s, TIDARRAYOID,
		PointerGetDatum(construct_array(places, held->count, TIDOID, sizeof(ItemPointerData), false,
										TYPALIGN_SHORT)));
	appendStringInfo(&s->sql,
					 " AND NOT EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(%s),"
					 " pg_catalog.unnest(%s)) AS h (o, p) WHERE h.o OPERATOR(pg_catalog.=)"
					 " t.tableoid AND h.p OPERATOR(pg_catalog.=) t.ctid)",
					 first, second);
}

/* "t.tableoid AS o, t.ctid AS p FROM … WHERE …": the rows that are to go. */
static void
append_going(const Deletion *d, Selection *s, const BackupTable *table)
{
	appendStringInfoString(&s->sql, "SELECT t.tableoid AS o, t.ctid AS p");
	closure_from_chosen(d->closure, s, table);
	deletion_held_except(d, s, table);
}

typedef struct HeldTake
{
	Deletion   *d;
	const BackupTable *table;
	int			reason;
	int			count;
} HeldTake;

/* In the deletion's own context, which outlives the query. */
static bool
take_held(TupleTableSlot *slot, void *arg)
{
	HeldTake   *take = arg;
	HeldTable  *held = held_of(take->d, take->table);
	MemoryContext oldcxt = MemoryContextSwitchTo(take->d->cxt);
	bool		isnull;

	if (held->count == held->max)
	{
		bool		first = held->max == 0;

		held->max = first ? 16 : held->max * 2;
		held->tables = first ? palloc(sizeof(Oid) * held->max)
							 : repalloc_huge(held->tables, sizeof(Oid) * held->max);
		held->places = first ? palloc(sizeof(ItemPointerData) * held->max)
							 : repalloc_huge(held->places, sizeof(ItemPointerData) * held->max);
		held->reasons = first ? palloc(sizeof(int) * held->max)
							  : repalloc_huge(held->reasons, sizeof(int) * held->max);
	}
	held->tables[held->count] = DatumGetObjectId(slot_getattr(slot, 1, &isnull));
	held->places[held->count] = *(ItemPointer) DatumGetPointer(slot_getattr(slot, 2, &isnull));
	held->reasons[held->count++] = take->reason;
	take->count++;
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* The reason's place among those there are. */
static int
add_reason(Deletion *d, const char *message, const char *constraint, const char *hint)
{
	MemoryContext oldcxt;
	HeldReason *reason;

	for (int i = 0; i < list_length(d->reasons); i++)
	{
		reason = list_nth(d->reasons, i);
		/*
		 * Constraints by pointer: each is the name of one holder, and two may bear one
		 * name.
		 */
		if (reason->constraint == constraint && strcmp(reason->message, message) == 0)
			return i;
	}
	oldcxt = MemoryContextSwitchTo(d->cxt);
	reason = palloc(sizeof(HeldReason));
	*reason = (HeldReason){pstrdup(message), constraint, hint};
	d->reasons = lappend(d->reasons, reason);
	MemoryContextSwitchTo(oldcxt);
	return list_length(d->reasons) - 1;
}

static int
reason_of(Deletion *d, const Holder *h)
{
	bool		along = h->on_delete == FKCONSTR_ACTION_CASCADE && !is_inside(d, h);

	return add_reason(d,
					  psprintf("rows of table \"%s\"%s refer to it", h->label,
							   along ? ", which is none of the backup schema's," : " that stay"),
					  h->name,
					  along ? "Pass cascade => true, or --cascade to the command, to have them "
							  "deleted."
							: NULL);
}

/* --- those that others refer to */

/* AND a row that stays refers to t. */
static void
append_referred(const Deletion *d, Selection *s, const Holder *h)
{
	const BackupTable *child = table_of(d, h->root);
	ListCell   *a;
	ListCell   *b;

	appendStringInfo(&s->sql, " AND EXISTS (SELECT FROM %s%s AS x WHERE true",
					 h->whole ? "" : "ONLY ", h->qualified);
	forboth(a, h->columns, b, h->target_columns)
	{
		const RelationColumn *column = lfirst(b);

		appendStringInfo(&s->sql, " AND t.%s %s x.%s", column->quoted,
						 relation_equality(column->type), (char *) lfirst(a));
	}
	/* A row that is to go itself holds nobody. */
	if (child != NULL)
	{
		appendStringInfoString(&s->sql, " AND NOT EXISTS (SELECT FROM (");
		append_going(d, s, child);
		appendStringInfoString(&s->sql, ") AS g WHERE g.o OPERATOR(pg_catalog.=) x.tableoid"
										" AND g.p OPERATOR(pg_catalog.=) x.ctid)");
	}
	appendStringInfoChar(&s->sql, ')');
}

/* Holds the table's rows that are to go, those alone that h holds where there is one. */
static int
hold_rows(Deletion *d, const BackupTable *table, const Holder *h, int reason)
{
	HeldTake	take = {d, table, reason, 0};
	Selection  *s = selection_create(d->schema, d->options->user_id);

	append_going(d, s, table);
	if (h != NULL)
		append_referred(d, s, h);
	closure_run(s, true, true, take_held, &take);
	return take.count;
}

bool
deletion_held_find(Deletion *d)
{
	int			total = 0;
	int			before;

	read_holders(d);
	/*
	 * Again until nothing new is held: a row that is held now stays, and so may hold
	 * others.
	 */
	do
	{
		ListCell   *lc;

		before = total;
		foreach(lc, d->holders)
		{
			const Holder *h = lfirst(lc);

			CHECK_FOR_INTERRUPTS();
			/* What cannot be read is left to the error that names it: deletion_held_by(). */
			if (h->readable && holds(d, h))
				total += hold_rows(d, h->target, h, reason_of(d, h));
		}
	} while (total > before);
	return total > 0;
}

/* --- those that an error is about */

/* NULL: the constraint is of a table below those named, or none of theirs. */
static const Holder *
holder_named(const Deletion *d, const ErrorData *error)
{
	ListCell   *lc;

	foreach(lc, d->holders)
	{
		const Holder *h = lfirst(lc);

		if (error->constraint_name != NULL && error->schema_name != NULL &&
			strcmp(h->name, error->constraint_name) == 0 &&
			strcmp(h->schema, error->schema_name) == 0)
			return h;
	}
	return NULL;
}

void
deletion_held_by(Deletion *d, const ErrorData *error)
{
	const Holder *h = holder_named(d, error);
	int			count = 0;
	ListCell   *lc;

	if (h != NULL)
		count = hold_rows(d, h->target, NULL,
						  add_reason(d, psprintf("rows of table \"%s\" may refer to it", h->label),
									 h->name, NULL));
	if (count > 0)
		return;
	/* Nobody knows which table's rows they are, so all that was named stays. */
	foreach(lc, d->tables)
		count += hold_rows(d, lfirst(lc), NULL, add_reason(d, error->message, NULL, NULL));
	/*
	 * Every row stays already and it fails still: another cause, which the caller has to
	 * see.
	 */
	if (count == 0)
		ReThrowError((ErrorData *) error);
}

/*
 * Deferred, they would take all along at the end of the transaction.  SET CONSTRAINTS
 * takes names alone: one that others share which are not deferred is left as it is.
 */
void
deletion_held_check(Deletion *d)
{
	ListCell   *lc;

	read_holders(d);
	foreach(lc, d->holders)
	{
		const Holder *h = lfirst(lc);
		char	   *name = quote_qualified_identifier(h->schema, h->name);

		/* The others have been asked at the end of the statement. */
		if (!h->deferred)
			continue;
		query_command(psprintf("SET CONSTRAINTS %s IMMEDIATE", name));
		query_command(psprintf("SET CONSTRAINTS %s DEFERRED", name));
	}
}

/* --- what is told of them */

typedef struct HeldKeys
{
	RowScan	   *scan;
	NaturalRow *row;
	bool		formed;
	List	   *keys;			/* Jsonb * */
	MemoryContext cxt;
} HeldKeys;

static bool
take_key(TupleTableSlot *slot, void *arg)
{
	HeldKeys   *k = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(k->cxt);
	StringInfoData text;

	for (int i = 0; !k->formed && i < k->row->ncolumns; i++)
		if (k->row->forms[i] != NULL)
			rowwriter_use_form(k->scan->writer, i, k->row->forms[i], k->row->linked[i]);
	k->formed = true;
	initStringInfo(&text);
	rowwriter_write_columns(k->scan->writer, &text, slot, k->row->match, k->row->nmatch);
	k->keys =
		lappend(k->keys, DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data))));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* The match keys of the table's rows that are held for that reason, Jsonb *. */
static List *
read_keys(const Deletion *d, const BackupTable *table, int reason)
{
	const HeldTable *held = held_of(d, table);
	Selection  *s = selection_create(d->schema, d->options->user_id);
	HeldKeys	k = {.cxt = CurrentMemoryContext};
	/*
	 * Of partitions a place may name several rows; the detail is for people, and its
	 * count comes from elsewhere.
	 */
	ItemPointerData places[MAX_DETAILS];
	int			count = 0;

	for (int i = 0; i < held->count && count < MAX_DETAILS; i++)
		if (held->reasons[i] == reason)
			places[count++] = held->places[i];
	if (count == 0)
		return NIL;
	k.row = naturalrow_select_keys(s, table);
	selection_places(s, places, count);
	k.scan = rowscan_open(s, ROW_EXACT, 1, true, NULL, take_key, &k);
	while (rowscan_advance(k.scan, FETCH_ROWS))
		CHECK_FOR_INTERRUPTS();
	rowscan_close(k.scan);
	return k.keys;
}

static void
put_details(JsonWriter *w, const HeldReason *reason, List *keys)
{
	ListCell   *lc;

	foreach(lc, keys)
	{
		json_begin_object(w);
		json_key(w, "match_key");
		json_container(w, &((Jsonb *) lfirst(lc))->root);
		json_put_string(w, "sqlstate", "23503");
		json_put_string(w, "error", reason->message);
		json_put_string(w, "constraint", reason->constraint);
		if (reason->hint != NULL)
			json_put_string(w, "hint", reason->hint);
		json_end_object(w);
	}
}

Jsonb *
deletion_held_details(const Deletion *d, const BackupTable *table)
{
	JsonWriter	w;

	json_init(&w);
	json_begin_array(&w);
	for (int i = 0; table != NULL && i < list_length(d->reasons); i++)
		put_details(&w, list_nth(d->reasons, i), read_keys(d, table, i));
	json_end_array(&w);
	return json_finish(&w);
}
