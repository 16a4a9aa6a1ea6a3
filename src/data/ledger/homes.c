/*
 * homes.c
 *	  The homes of a table's rows, for those who write rows out.
 *
 * Sets are read once into a map, as the extension's owner: a join with the rows would
 * cost three times the reading of them.  Memory is that map, 20 to 30 bytes a row born
 * elsewhere where keys are numbers.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/sequence.h"
#include "data/ledger/homes.h"
#include "data/ledger/ledger.h"
#include "data/row/idmap.h"
#include "fmgr.h"

typedef struct HomeSet
{
	int			origin;			/* into the list of origins */
	int64		kept;
	IdMap	   *homes;			/* from the key here to the one there */
} HomeSet;

struct Homes
{
	HomeKey	   *key;
	int			nsets;
	HomeSet	   *sets;			/* those with the lowest kept first */
};

static int
find_origin(const List *origins, const char *origin)
{
	int			at = 0;
	ListCell   *lc;

	foreach(lc, origins)
	{
		if (strcmp(lfirst(lc), origin) == 0)
			return at;
		at++;
	}
	return -1;
}

static void
warn_reused(const char *name, const char *origin)
{
	ereport(WARNING,
			(errmsg("keys of table \"%s\" remembered from %s may be others' now", name, origin),
			 errdetail("The sequence of the key was set back, so rows are saved without their "
					   "homes."),
			 errhint("SELECT db_adapter.forget('%s', '%s') forgets them.", origin, name)));
}

bool
homes_origins(Oid table, const char *name, HomeKey *key, List **origins)
{
	Oid			sequence;
	int64		last = PG_INT64_MAX;
	ListCell   *lc;

	(void) homekey_sequence(key, &sequence);
	foreach(lc, ledger_sets(table, false))
	{
		const LedgerSet *set = lfirst(lc);

		if (OidIsValid(sequence) && last == PG_INT64_MAX)
			last = sequence_last(sequence);
		if (last < Max(set->high, set->kept))
		{
			warn_reused(name, set->origin);
			return false;
		}
		if (find_origin(*origins, set->origin) < 0)
			*origins = lappend(*origins, set->origin);
	}
	return true;
}

static bool
take_entry(TupleTableSlot *slot, void *arg)
{
	IdMap	   *map = arg;
	bool		isnull;
	text	   *source = DatumGetTextPP(slot_getattr(slot, 1, &isnull));
	text	   *here = DatumGetTextPP(slot_getattr(slot, 2, &isnull));
	IdKey		from = idkey_make(VARDATA_ANY(here), VARSIZE_ANY_EXHDR(here));
	IdKey		to = idkey_make(VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source));

	(void) idmap_put(map, &from, &to);
	return true;
}

Homes *
homes_create(Oid table, HomeKey *key, List *origins)
{
	Homes	   *homes = palloc0(sizeof(Homes));
	List	   *sets = ledger_sets(table, false);
	ListCell   *lc;

	homes->key = key;
	homes->sets = palloc(sizeof(HomeSet) * Max(list_length(sets), 1));
	foreach(lc, sets)
	{
		const LedgerSet *set = lfirst(lc);
		HomeSet	   *home = &homes->sets[homes->nsets++];

		home->origin = find_origin(origins, set->origin);
		if (home->origin < 0)
			elog(ERROR, "origin %s has come since the backup began", set->origin);
		home->kept = set->kept;
		home->homes = idmap_create(CurrentMemoryContext);
		ledger_read(set, take_entry, home->homes);
	}
	return homes;
}

static char *
copy_text(const IdKey *key)
{
	char		buffer[IDKEY_BUFFER];
	int			len;
	const char *text = idkey_text(key, buffer, &len);

	return pnstrdup(text, len);
}

bool
homes_find(Homes *homes, const Datum *values, int *origin, char **source)
{
	char	   *text;
	IdKey		key;
	IdKey		home;
	int64		number;

	if (homes->nsets == 0)
		return false;
	text = homekey_text(homes->key, values);
	key = idkey_make(text, strlen(text));
	for (int i = 0; i < homes->nsets; i++)
	{
		*origin = homes->sets[i].origin;
		if (!idmap_get(homes->sets[i].homes, &key, &home))
			continue;
		*source = copy_text(&home);
		return true;
	}
	number = homekey_number(homes->key, values);
	for (int i = 0; i < homes->nsets; i++)
	{
		*origin = homes->sets[i].origin;
		*source = text;
		if (number != PG_INT64_MIN && number <= homes->sets[i].kept)
			return *origin > 0;
	}
	return false;
}
