/*
 * backuphomes.c
 *	  Where rows of a backup were born, as its lines say it.
 *
 * A row that was born in this database under the key it has says nothing; any other has
 * one more member, "index/key", by the header's list of origins; index 0 is this database.
 * A table line that names no such member leaves open where its rows were born: so for who
 * is under row security, and must learn nothing of rows that he does not see.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/origin.h"
#include "data/backup/backuphomes.h"
#include "data/ledger/homes.h"
#include "data/ledger/ledger.h"
#include "data/select/selection.h"
#include "utils/memutils.h"

#define HOME_MEMBER "@home"

typedef struct TableHomes
{
	HomeKey	   *key;			/* NULL: homes are not told */
	int		   *columns;		/* of the key, in a row as it is selected */
	char	   *member;
} TableHomes;

struct BackupHomes
{
	List	   *origins;		/* char *, this database's first */
	TableHomes *tables;
	MemoryContext cxt;			/* of the homes of one table */
	const BackupTable *table;	/* whose they are; or NULL */
	Homes	   *homes;
	Datum	   *values;
};

/* Where the column comes among those of a row; -1: not at all. */
static int
selected_place(const BackupTable *table, const RelationColumn *column)
{
	int			place = 0;

	if (!selection_has_column(table, column))
		return -1;
	for (int i = 0; &table->rel->columns[i] != column; i++)
		place += selection_has_column(table, &table->rel->columns[i]);
	return place;
}

/* Such a column may be there: members must not meet. */
static char *
free_member(const RelationInfo *rel)
{
	char	   *member = pstrdup(HOME_MEMBER);

	for (int i = 0; i < rel->ncolumns; i++)
		if (strcmp(rel->columns[i].name, member) == 0)
		{
			member = psprintf("%s@", member);
			i = -1;
		}
	return member;
}

static void
begin_table(BackupHomes *homes, const BackupTable *table)
{
	TableHomes *t = &homes->tables[table->index];
	HomeKey	   *key;

	if (!table->remember || table->per_tenant || relation_hides_rows(table->rel->oid))
		return;
	t->columns = palloc(sizeof(int) * Max(table->npk, 1));
	for (int i = 0; i < table->npk; i++)
		if ((t->columns[i] = selected_place(table, table->pk_columns[i])) < 0)
			return;
	key = homekey_create(table->pk_columns, table->npk);
	if (key == NULL || !homes_origins(table->rel->oid, table->name, key, &homes->origins))
		return;
	t->key = key;
	t->member = free_member(table->rel);
}

BackupHomes *
backuphomes_create(const BackupSchema *schema)
{
	BackupHomes *homes = palloc0(sizeof(BackupHomes));
	char	   *origin = ledger_is_here() ? origin_find() : NULL;

	homes->tables = palloc0(sizeof(TableHomes) * Max(schema->ntables, 1));
	if (origin == NULL)
		return homes;
	homes->origins = list_make1(origin);
	for (int i = 0; i < schema->ntables; i++)
		begin_table(homes, &schema->tables[i]);
	return homes;
}

List *
backuphomes_origins(const BackupHomes *homes)
{
	return homes->origins == NIL ? NIL : list_copy_tail(homes->origins, 1);
}

const char *
backuphomes_member(const BackupHomes *homes, const BackupTable *table)
{
	return homes->tables[table->index].member;
}

/* Kept from piece to piece of one table, and from its rows for others to its own. */
void
backuphomes_open(BackupHomes *homes, const BackupTable *table)
{
	TableHomes *t = &homes->tables[table->index];
	MemoryContext oldcxt;

	if (homes->table == table)
		return;
	if (homes->cxt == NULL)
		homes->cxt = AllocSetContextCreate(GetMemoryChunkContext(homes), "db_adapter homes",
										   ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(homes->cxt);
	homes->table = table;
	homes->homes = NULL;
	if (t->key == NULL)
		return;
	oldcxt = MemoryContextSwitchTo(homes->cxt);
	homes->values = palloc(sizeof(Datum) * table->npk);
	homes->homes = homes_create(table->rel->oid, t->key, homes->origins);
	MemoryContextSwitchTo(oldcxt);
}

void
backuphomes_append(BackupHomes *homes, StringInfo out, TupleTableSlot *slot)
{
	const TableHomes *t;
	int			origin;
	char	   *source;
	char	   *text;

	if (homes->homes == NULL)
		return;
	t = &homes->tables[homes->table->index];
	for (int i = 0; i < homes->table->npk; i++)
	{
		bool		isnull;

		homes->values[i] = slot_getattr(slot, t->columns[i] + 1, &isnull);
		if (isnull)
			return;
	}
	if (!homes_find(homes->homes, homes->values, &origin, &source))
		return;
	Assert(out->data[out->len - 1] == '}');
	out->len--;
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	json_escape(out, t->member, strlen(t->member));
	appendStringInfoChar(out, ':');
	text = psprintf("%d/%s", origin, source);
	json_escape(out, text, strlen(text));
	appendStringInfoChar(out, '}');
}
