/*
 * restore_key.c
 *	  The keys of restored rows: where they come from, and sequences after them.
 *
 * A row has two keys: the source, which the file says and others refer to it by, and the
 * target, which it has here.  Where a part is drawn, it is drawn before the row is
 * written, so that rows of the same batch can refer to it; a key that is drawn and not
 * used leaves a gap, as any sequence does.  Whatever kept the file's numbers moves the
 * sequences behind them at the end, only forward, and only where the column owns one.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "data/restore/restore_private.h"
#include "data/row/keyform.h"
#include "utils/memutils.h"

/* How often a key that is taken is drawn again. */
#define MAX_REDRAWS 3

/* The text points into the row's fields, and is copied where it outlives them. */
void
restore_key_source(RestoreTable *t, RestoreRow *row)
{
	row->key.has_source =
		t->key.count > 0 &&
		restore_source_key(t, row, t->key.columns, t->table->index, 0, &row->key.source);
}

/* What the row has in these columns, none of which is NULL, as a key. */
static IdKey
key_of_values(const RestoreTable *t, const RestoreRow *row, const int *columns, int count)
{
	StringInfoData parts;

	if (count == 1)
		return valuereader_make_key(t->columns.readers[columns[0]], row->values[columns[0]]);
	initStringInfo(&parts);
	for (int i = 0; i < count; i++)
	{
		IdKey key = valuereader_make_key(t->columns.readers[columns[i]], row->values[columns[i]]);
		char		buffer[IDKEY_BUFFER];
		int			len;
		const char *text = idkey_text(&key, buffer, &len);

		idkey_append_part(&parts, text, len);
	}
	return idkey_make(parts.data, parts.len);
}

/* The key the row has, or will have, here. */
void
restore_key_target(RestoreTable *t, RestoreRow *row)
{
	for (int i = 0; i < t->key.count; i++)
		if (row->nulls[t->key.columns[i]])
			row->key.has_source = false;	/* the database fills it: nobody can refer to it */
	if (row->key.has_source)
		row->key.target = key_of_values(t, row, t->key.columns, t->key.count);
}

/* The key of the row that was found, of which the slot has the values from that column on. */
void
restore_key_here(RestoreTable *t, RestoreRow *row, TupleTableSlot *slot, int column)
{
	RestoreRow	here = {ROW_READ};

	here.values = palloc(sizeof(Datum) * t->rel->ncolumns);
	here.nulls = palloc(sizeof(bool) * t->rel->ncolumns);
	here.key.has_source = true;
	for (int i = 0; i < t->key.count; i++)
	{
		int			at = t->key.columns[i];

		here.values[at] = slot_getattr(slot, column + i, &here.nulls[at]);
	}
	restore_key_target(t, &here);
	row->key.here = idkey_copy(&here.key.target);
}

/* As the type of the column has it. */
static bool
is_same(const RelationColumn *column, Datum a, Datum b)
{
	KeyForm	   *form = keyform_create(column->basetype, column->collation);
	StringInfoData x;
	StringInfoData y;

	initStringInfo(&x);
	initStringInfo(&y);
	keyform_append(form, &x, a);
	keyform_append(form, &y, b);
	return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

/* Of a row that was found: whether the value it has there is the file's. */
bool
restore_key_is_same(RestoreTable *t, const RestoreRow *row, int part, Datum here, bool isnull)
{
	int			at = t->key.columns[part];

	return isnull == row->nulls[at] &&
		   (isnull || valuereader_same(t->columns.readers[at], here, row->values[at]) ||
			is_same(&t->rel->columns[at], here, row->values[at]));
}

/*
 * A key of several parts is one text, taken apart here in the order of the key's columns.
 */
void
restore_key_values(RestoreTable *t, RestoreRow *row, const IdKey *key)
{
	const char *at = key->text;

	for (int i = 0; i < t->key.count; i++)
	{
		IdKey		part = *key;

		if (t->key.count > 1)
		{
			int			len;
			const char *text = idkey_next_part(&at, &len);

			part = idkey_make(text, len);
		}
		row->values[t->key.columns[i]] =
			valuereader_key(t->columns.readers[t->key.columns[i]], &part);
		row->nulls[t->key.columns[i]] = false;
	}
}

/*
 * What a sequence or default gave, copied into the batch before the statement's memory
 * goes.
 */
typedef struct DrawnValue
{
	ValueReader *reader;
	MemoryContext cxt;
	Datum		value;
	bool		isnull;
} DrawnValue;

/* Of one row: a default is one value. */
static bool
take_drawn(TupleTableSlot *slot, void *arg)
{
	DrawnValue *drawn = arg;
	Datum		value = slot_getattr(slot, 1, &drawn->isnull);
	MemoryContext oldcxt = MemoryContextSwitchTo(drawn->cxt);

	if (!drawn->isnull)
		drawn->value = valuereader_copy(drawn->reader, value);
	MemoryContextSwitchTo(oldcxt);
	return false;
}

/* A statement of its own for each row: a default may be anything. */
static void
draw_default(RestoreTable *t, RestoreRow *row, int part)
{
	int			at = t->key.columns[part];
	DrawnValue	drawn = {t->columns.readers[at], CurrentMemoryContext};

	if (t->key.defaults[part] == NULL)
	{
		const char *text = relation_default(t->rel, &t->rel->columns[at]);

		/* Printed without the conversion that an assignment to the column implies. */
		t->key.defaults[part] = query_prepare(
			t->cxt, psprintf("SELECT %s", restore_table_cast(t, at, text ? text : "NULL")), 0,
			NULL);
	}
	query_execute(t->key.defaults[part], NULL, NULL, false, take_drawn, &drawn);
	row->values[at] = drawn.value;
	row->nulls[at] = drawn.isnull;
}

/*
 * An identity's sequence belongs to the table: whoever may insert may draw.  A
 * sequence that refuses one row would refuse them all, so that is no row's fault.
 */
static void
draw_sequence(RestoreTable *t, RestoreRow *row, int part)
{
	RelationColumn *column = &t->rel->columns[t->key.columns[part]];
	RestoreRow *culprit = t->batch.culprit;
	IdKey		key;

	t->batch.culprit = NULL;
	key = idkey_integer(nextval_internal(column->sequence, column->identity == '\0'));
	t->batch.culprit = culprit;
	row->values[t->key.columns[part]] =
		valuereader_key(t->columns.readers[t->key.columns[part]], &key);
	row->nulls[t->key.columns[part]] = false;
}

/* Parts that are kept or mapped are there already. */
void
restore_key_draw(RestoreTable *t, RestoreRow *row)
{
	for (int i = 0; i < t->key.count; i++)
	{
		if (t->key.sources[i] == KEY_SEQUENCE)
			draw_sequence(t, row, i);
		else if (t->key.sources[i] == KEY_DEFAULT)
			draw_default(t, row, i);
	}
}

/*
 * Brings a sequence up to the numbers from low to high, in its own direction and in
 * its own steps; never back.
 */
static void
advance_sequence(Oid sequence, int64 low, int64 high)
{
	static const char *const sql =
		"SELECT setval($1, (at + div(number - at, step) * step)::int8)"
		"  FROM (SELECT coalesce(pg_sequence_last_value($1), seqstart)::numeric AS at,"
		"               pg_sequence_last_value($1) IS NULL AS fresh, seqincrement::numeric AS step,"
		"               (CASE WHEN seqincrement > 0 THEN $3 ELSE $2 END)::numeric AS number,"
		"               seqmin, seqmax"
		"          FROM pg_sequence WHERE seqrelid = $1) AS s"
		" WHERE number BETWEEN seqmin AND seqmax"
		"   AND (number - at) * step >= CASE WHEN fresh THEN 0 ELSE step * step END";
	Oid			types[] = {REGCLASSOID, INT8OID, INT8OID};
	Datum		values[] = {ObjectIdGetDatum(sequence), Int64GetDatum(low), Int64GetDatum(high)};
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 3, types, values, NULL, false, NULL, NULL);
	query_unpin(nestlevel);
}

/* The lowest and highest number that a sequence may give. */
typedef struct Bounds
{
	bool		found;
	int64		low;
	int64		high;
} Bounds;

static bool
take_bounds(TupleTableSlot *slot, void *arg)
{
	Bounds	   *bounds = arg;
	bool		isnull;

	bounds->low = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	bounds->high = DatumGetInt64(slot_getattr(slot, 2, &isnull));
	bounds->found = !isnull;
	return false;
}

/* Rows put in without the sequence have left it behind: once a table it is brought up. */
static void
catch_up(RestoreTable *t, int part)
{
	RelationColumn *column = &t->rel->columns[t->key.columns[part]];
	Bounds		bounds = {false};

	if (t->key.sequence_checked)
		return;
	t->key.sequence_checked = true;
	query_run(psprintf("SELECT pg_catalog.min(x.%s)::pg_catalog.int8,"
					   " pg_catalog.max(x.%s)::pg_catalog.int8 FROM %s AS x",
					   column->quoted, column->quoted, t->rel->qualified),
			  0, NULL, NULL, NULL, false, take_bounds, &bounds);
	if (bounds.found)
		advance_sequence(column->sequence, bounds.low, bounds.high);
}

/*
 * Another key for a row whose own is taken.  False when the constraint is not
 * the key, or when the key is to be kept.
 */
bool
restore_key_redraw(RestoreTable *t, RestoreRow *row, const char *constraint)
{
	RelationKey *key = t->rel->primary_key;
	bool		drawn = false;

	if (restore_table_keeps_ids(t) || key == NULL || row->key.redrawn++ >= MAX_REDRAWS)
		return false;
	/* A partition has the constraint under another name. */
	if (t->rel->kind == RELKIND_RELATION &&
		(constraint == NULL || strcmp(constraint, key->name) != 0))
		return false;
	for (int i = 0; i < t->key.count; i++)
	{
		RelationColumn *column = &t->rel->columns[t->key.columns[i]];

		if (t->key.sources[i] == KEY_SEQUENCE)
		{
			catch_up(t, i);
			draw_sequence(t, row, i);
		}
		else if (t->key.sources[i] != KEY_MAPPED && column->has_default &&
				 !backupschema_is_key_data(t->table, column))
			draw_default(t, row, i);
		else
			continue;
		drawn = true;
	}
	if (drawn)
		restore_key_target(t, row);
	return drawn;
}

/* The row in whose way another row here stands, by one unique index. */
typedef struct Conflict
{
	RestoreTable *t;
	const RestoreRow *row;
	const RelationKey *key;
	RestoreRow	other;			/* with the key of the row in the way */
} Conflict;

/* Only the key of the other row is read: the report names it, and no more of it. */
static bool
take_conflict(TupleTableSlot *slot, void *arg)
{
	Conflict   *c = arg;
	RestoreTable *t = c->t;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->batch.cxt);

	c->other.values = palloc0(sizeof(Datum) * t->rel->ncolumns);
	c->other.nulls = palloc0(sizeof(bool) * t->rel->ncolumns);
	for (int i = 0; i < t->key.count; i++)
	{
		int			at = t->key.columns[i];
		Datum		value = slot_getattr(slot, i + 2, &c->other.nulls[at]);

		if (!c->other.nulls[at])
			c->other.values[at] = valuereader_copy(t->columns.readers[at], value);
	}
	c->other.key.has_source = true;
	restore_key_target(t, &c->other);
	MemoryContextSwitchTo(oldcxt);
	return false;
}

/*
 * As the body of an attempt: it is asked after a failure, and one of its own must not hide
 * that.
 */
static void
find_conflict(void *arg)
{
	Conflict   *c = arg;
	QueryPlan  *plan = restore_statement_conflict(c->t, c->key);

	query_rows_clear(c->t->sql.rows);
	query_rows_put(c->t->sql.rows, c->row->values, c->row->nulls);
	query_execute_over(plan, c->t->sql.relations, take_conflict, c);
	query_free(plan);
}

/*
 * The key of the row because of which a unique index refuses this one.  False
 * when it cannot be told: it is no more than a help, so an error is no answer.
 */
bool
restore_key_conflict(RestoreTable *t, const RestoreRow *row, const char *constraint, IdKey *key)
{
	Conflict	c = {t, row};
	ListCell   *lc;

	foreach(lc, t->rel->keys)
	{
		RelationKey *candidate = lfirst(lc);

		if (constraint != NULL && strcmp(candidate->name, constraint) == 0)
			c.key = candidate;
	}
	if (c.key == NULL || c.key->partial || c.key->expressions || t->key.count == 0 ||
		row->values == NULL)
		return false;
	if (query_attempt(find_conflict, &c, true) != NULL || !c.other.key.has_source)
		return false;
	*key = c.other.key.target;
	return true;
}

/* The bounds of the numbers that a column with a sequence was given from the file. */
void
restore_key_note(RestoreTable *t, const RestoreRow *row)
{
	int			i = -1;

	while ((i = bms_next_member(t->columns.serials, i)) >= 0)
	{
		IdKey		key;

		if (row->nulls[i])
			continue;
		key = valuereader_make_key(t->columns.readers[i], row->values[i]);
		if (key.kind != ID_INTEGER)
			continue;
		t->columns.kept_min[i] = Min(t->columns.kept_min[i], key.number);
		t->columns.kept_max[i] = Max(t->columns.kept_max[i], key.number);
	}
}

/* A table without a row that kept its number leaves the sequence as it is. */
void
restore_key_advance(RestoreTable *t)
{
	int			i = -1;

	while ((i = bms_next_member(t->columns.serials, i)) >= 0)
		if (t->columns.kept_max[i] >= t->columns.kept_min[i])
			advance_sequence(t->rel->columns[i].sequence, t->columns.kept_min[i],
							 t->columns.kept_max[i]);
}

/*
 * What refers to the key of two rows could mean either.  That comes of a key that is not
 * unique in the file, and is no row's fault.
 */
static void
refuse_repeated(const RestoreTable *t, const RestoreRow *row)
{
	bool		tenants = t->table->user_column != NULL;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the key of table \"%s\" does not tell its rows apart in the backup",
					t->table->name),
			 errdetail("The row of line " INT64_FORMAT " has the key of another row, so rows that "
					   "refer to it could be led to either.",
					   row->line),
			 tenants ? errhint("Declare a \"pk\" with the tenant column \"%s\" in it, or back up "
							   "and restore one tenant at a time.",
							   t->table->user_column->name)
					 : errhint("Declare a \"pk\" that is unique.")));
}

/* --- other keys, that references mean by "to" */

/* Indexes of the key's columns; the caller frees nothing. */
static int *
other_columns(const RestoreTable *t, int key)
{
	const BackupKey *other = &t->table->keys[key];
	int		   *columns = palloc(sizeof(int) * other->count);

	for (int i = 0; i < other->count; i++)
		columns[i] = other->columns[i] - t->rel->columns;
	return columns;
}

/* A row that is to be updated has what the file gives it. */
int
restore_key_take_others(RestoreTable *t, RestoreRow *row, TupleTableSlot *slot, int column)
{
	bool		given = row->state == ROW_EXISTS && !row->referenced &&
				 (restore_overwrites(t->restore) || row->match.made);

	for (int i = 1; i < t->table->nkeys; i++)
		for (int j = 0; j < t->table->keys[i].count; j++, column++)
		{
			int			at = t->table->keys[i].columns[j] - t->rel->columns;
			Datum		value;

			if (given && t->columns.fields[at] >= 0)
				continue;
			value = slot_getattr(slot, column, &row->nulls[at]);
			if (!row->nulls[at])
				row->values[at] = valuereader_copy(t->columns.readers[at], value);
		}
	return column;
}

/* What refers to the row by its other keys leads to it as well. */
static void
lead_others(RestoreTable *t, const RestoreRow *row)
{
	for (int i = 1; i < t->table->nkeys; i++)
	{
		int		   *columns = other_columns(t, i);
		IdKey		source;
		IdKey		target;
		bool		has_null = false;

		for (int j = 0; j < t->table->keys[i].count; j++)
			has_null |= row->nulls[columns[j]];
		if (has_null || row->fields == NULL ||
			!restore_source_key(t, row, columns, t->table->index, i, &source))
			continue;
		target = key_of_values(t, row, columns, t->table->keys[i].count);
		if (!idmap_put(t->others[i - 1], &source, &target))
			refuse_repeated(t, row);
	}
}

/*
 * The second row with one source key is refused, whether the first is here or not: what
 * refers to that key would lead to either.
 */
void
restore_key_lead(RestoreTable *t, const RestoreRow *row, bool here)
{
	IdKey		other;

	if (here)
		lead_others(t, row);
	if (!row->key.has_source || t->map == NULL)
		return;
	if (here)
	{
		if (!idmap_put(t->map, &row->key.source, &row->key.target) ||
			(t->lost != NULL && idmap_get(t->lost, &row->key.source, &other)))
			refuse_repeated(t, row);
		return;
	}
	if (idmap_get(t->map, &row->key.source, &other))
		refuse_repeated(t, row);
	if (t->lost == NULL)
		t->lost = idmap_create(t->cxt);
	(void) idmap_put(t->lost, &row->key.source, &row->key.source);
}
