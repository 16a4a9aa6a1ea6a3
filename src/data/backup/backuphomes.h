/*
 * backuphomes.h
 *	  Where rows of a backup were born, as its lines say it.
 */
#ifndef DB_ADAPTER_BACKUPHOMES_H
#define DB_ADAPTER_BACKUPHOMES_H

#include "data/backupschema/backupschema.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"

typedef struct BackupHomes BackupHomes;

/* In the current context and on the active snapshot. */
extern BackupHomes *backuphomes_create(const BackupSchema *schema);
/* Other databases, char *, in the order of their indexes, which begin with 1. */
extern List *backuphomes_origins(const BackupHomes *homes);
/* The member by which rows of the table say it; NULL: they do not. */
extern const char *backuphomes_member(const BackupHomes *homes, const BackupTable *table);
/* Rows of the table come. */
extern void backuphomes_open(BackupHomes *homes, const BackupTable *table);
/* Adds the member to the object that out ends with, for a row born elsewhere. */
extern void backuphomes_append(BackupHomes *homes, StringInfo out, TupleTableSlot *slot);

#endif							/* DB_ADAPTER_BACKUPHOMES_H */
