/*
 * backupschemaoutside.h
 *	  Foreign keys of which a backup schema does not speak.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMAOUTSIDE_H
#define DB_ADAPTER_BACKUPSCHEMAOUTSIDE_H

#include "data/backupschema/backupschema.h"

/* A foreign key whose values are copied although they mean other rows elsewhere. */
typedef struct OutsideKey
{
	char	   *table;			/* as the schema calls it */
	char	   *name;
	char	   *target;
	List	   *columns;		/* char * */
	bool		tenant;			/* it is the tenant column alone */
} OutsideKey;

/*
 * Reads a backup schema and binds it, with a lookup or reference for each foreign key it
 * does not speak of; *document is what it says then.  *raws are the foreign keys for which
 * there is neither, OutsideKey *; only as above.
 */
extern BackupSchema *outside_bind(Jsonb **document, bool strict, bool row_security,
								  const BackupSchema *only, List **raws);

/*
 * Whether the values by which fk refers are the same in every database: no part of a key or
 * reference of the target, which get other values where they are restored.
 */
extern bool outside_means_same(const BackupTable *table, const RelationForeignKey *fk,
							   const BackupTable *target);
/*
 * For whoever reads rows of this database: 22023 where a foreign key between tables of the
 * schema is not declared, and its values would mean other rows elsewhere.  only: whose rows
 * are read, so that of the others what names their rows counts; NULL: all tables' are.
 */
extern void outside_refuse_undeclared(const BackupSchema *schema, const BackupTable *only);

#endif							/* DB_ADAPTER_BACKUPSCHEMAOUTSIDE_H */
