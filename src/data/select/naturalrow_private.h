/*
 * naturalrow_private.h
 *	  What naturalrow.c and its siblings share.
 */
#ifndef DB_ADAPTER_NATURALROW_PRIVATE_H
#define DB_ADAPTER_NATURALROW_PRIVATE_H

#include "data/select/naturalrow.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"

typedef struct NaturalColumn
{
	char	   *name;
	char	   *expression;
	Oid			type;			/* of the expression */
	Oid			collation;
	bool		match;
	bool		linked;			/* of a row that the reference leads to */
} NaturalColumn;

/* What tells the rows of a table apart. */
typedef struct NaturalIdentity
{
	Bitmapset  *columns;		/* indexes into rel->columns */
	bool		parents;		/* and the rows they belong to */
	bool		content;		/* all they hold */
	bool		key;			/* nothing but a key that is drawn */
} NaturalIdentity;

typedef struct NaturalBuilder
{
	Selection  *s;
	const BackupTable *table;
	List	   *items;
	StringInfoData joins;
	int			njoins;
	bool		content;		/* rows are told by all they hold */
} NaturalBuilder;

/* naturalrow.c */
/* The columns of such a row, and the joins they take. */
extern void naturalrow_build(NaturalBuilder *b, Selection *s, const BackupTable *table);

/* naturalrow_identity.c */
extern NaturalIdentity naturalrow_identity(const Selection *s, const BackupTable *table);
extern bool naturalrow_in_identity(const BackupTable *table, const NaturalIdentity *id,
								   const RelationColumn *column);
/* Whether the row that the reference leads to takes part in telling rows apart. */
extern bool naturalrow_is_match_reference(const Selection *s, const BackupTable *table,
										  const NaturalIdentity *id, const BackupRef *ref);
extern bool naturalrow_shows_tenant(const Selection *s, const BackupTable *table,
									const RelationColumn *column);
extern bool naturalrow_is_among(const RelationColumn *column, RelationColumn **columns, int count);
extern bool naturalrow_is_reference(const BackupTable *table, const RelationColumn *column);
extern bool naturalrow_is_circular(const BackupTable *table, const RelationColumn *column);

#endif							/* DB_ADAPTER_NATURALROW_PRIVATE_H */
