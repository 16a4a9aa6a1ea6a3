/*
 * restore_private.h
 *	  What the steps of a restore share.
 *
 * A row is read from the file's bytes (restore.c), waits in its table's batch,
 * has its references mapped (restore_refs.c), is looked for (restore_find.c) and
 * written (restore_write.c), both by the statements of restore_statement.c, or waits
 * (restore_waiting.c) until the tables that reference each other are complete
 * (restore_cycle.c).  Rows that fail and all counts come together in restore_report.c.
 *
 * The state of a row says what comes next; the flags beside it, what has been tried:
 *
 *	READ		its fields; as soon as it is converted and its references to complete
 *				tables are mapped, one query a batch looks for it.  -> EXISTS, NEW,
 *				WAITING, ORPHANED, FAILED; SKIPPED, if it is only there for others and
 *				nothing like it is here
 *	NEW			not found; has a key.  -> INSERTED; SKIPPED, if a trigger leaves it out;
 *				EXISTS, if a unique index refused it and a second look has found it;
 *				FAILED
 *	EXISTS		found; has the key of the row here.  -> UPDATED, if the mode overwrites
 *				and anything would change; SKIPPED; FAILED, if the mode says so
 *	WAITING		for a row of its circle; copied away, since its batch ends before.
 *				There it is NEW
 *	INSERTED, UPDATED, SKIPPED, ORPHANED, FAILED: settled, counted once, forgotten
 *
 * An attempt that fails takes back what it wrote: rows go back from EXISTS and SKIPPED
 * to READ when the lock on what was found is lost with it, and no further.
 */
#ifndef DB_ADAPTER_RESTORE_PRIVATE_H
#define DB_ADAPTER_RESTORE_PRIVATE_H

#include "base/query.h"
#include "base/relation.h"
#include "data/backupschema/backupschema.h"
#include "data/file/filereader.h"
#include "data/ledger/ledger.h"
#include "data/row/idmap.h"
#include "data/backupschema/jsonplace.h"
#include "data/restore/restore_options.h"
#include "data/row/rowreader.h"
#include "data/row/valuereader.h"
#include "data/select/keylist.h"
#include "funcapi.h"
#include "nodes/bitmapset.h"
#include "storage/itemptr.h"

/* What the statements call a batch. */
#define ROWS_NAME "db_adapter_rows"
/* Rows a batch holds: with more, one that fails costs more than it saves. */
#define BATCH_ROWS 100
/* Bytes after which a batch is written whatever its number of rows. */
#define BATCH_BYTES (1024 * 1024)
/* Failing rows reported in full, for each table. */
#define MAX_FAILURES 100
/* Tenants of one file whose rows are told apart; of any more all rows are looked for. */
#define MAX_TENANTS 16

typedef struct Restore Restore;
typedef struct RestoreTable RestoreTable;
typedef struct RestoreCycle RestoreCycle;
typedef struct RestoreSource RestoreSource;
typedef struct RestoreNullkey RestoreNullkey;
typedef struct RestoreHome RestoreHome;
typedef struct RestoreHomes RestoreHomes;
typedef struct RestoreCompare RestoreCompare;

/* Where the value of a key column comes from. */
typedef enum KeySource
{
	KEY_KEPT,					/* the file */
	KEY_MAPPED,					/* a reference, or the tenant */
	KEY_SEQUENCE,				/* drawn from the column's sequence */
	KEY_DEFAULT					/* drawn from the column's default */
} KeySource;

/* What becomes of a key column that is data, in a row that is here. */
typedef enum KeyData
{
	KEY_DATA_NONE,				/* it is an id, or what finds the row */
	KEY_DATA_WRITTEN,			/* the row is given the file's value */
	KEY_DATA_FIXED				/* nothing else leads to the row: another value is an error */
} KeyData;

typedef enum RowState
{
	ROW_READ,					/* its fields are known, no more */
	ROW_NEW,					/* to be inserted */
	ROW_EXISTS,					/* to be updated, when overwriting */
	ROW_WAITING,				/* for rows that have not come yet */
	ROW_NEW_MOVING,				/* to be inserted once another row has let a unique value go */
	ROW_MOVING,					/* the same of one that exists */
	ROW_INSERTED,
	ROW_UPDATED,
	ROW_SKIPPED,				/* it exists, or a trigger would not have it */
	ROW_ORPHANED,				/* its parent has no row here */
	ROW_FAILED
} RowState;

/* Which row it is, there and here. */
typedef struct RowKey
{
	bool		has_source;
	IdKey		source;
	IdKey		target;
	IdKey here;	 /* of a row that exists, before it is written; if the key is written */
	int			redrawn;		/* how often it has been */
	int			differs;		/* a part from 1 that is fixed here, and other in the file */
} RowKey;

/* What looking for it among the rows that exist has come to. */
typedef struct RowMatch
{
	bool		searched;
	bool		nullkey_searched;	/* and by all it holds, for a NULL in its match key */
	struct NullkeyRow *nullkey; /* what that has found; NULL: nothing */
	bool		found;
	bool		held;			/* and locked by the attempt that is being made */
	bool		made;			/* by a trigger of a table restored before: not the file's */
	bool		repeated;		/* another row of the file is this row here, and was written */
	bool		superseded;		/* a later row of the batch is the same one here */
	bool		refused;		/* by a unique index, and searched again */
	bool		ambiguous;		/* several rows here are like it */
	bool		alike;			/* several hold all it holds, and one was taken */
	bool		of_none;		/* what was found is no tenant's */
	bool		reported;		/* it was not found, and that was said */
	bool		same;			/* an update would change nothing */
	bool		has_place;
	ItemPointerData place;		/* of what was found, where rows have no key */
} RowMatch;

/* Where it was born, and what is known of that here. */
typedef struct RowHome
{
	char	   *source;			/* what it was called there; NULL where the file does not say */
	int			origin;			/* into the file's origins; 0: its own */
	bool		own;			/* born here, or where this database was copied from */
	bool		copy;			/* to another tenant than its own */
	bool		taken;			/* a row of another tenant has the key it is known by */
	bool		entered;		/* the ledger has its home */
	char	   *here;			/* the key that it is looked for by; NULL: none */
	LedgerSet  *set;			/* where that is looked up */
} RowHome;

/* What has become of its references. */
typedef struct RowRefs
{
	int			nulled;			/* set to NULL */
	int			nulled_before;	/* of them, those to complete tables */
	uint64		json_done;		/* circular ones inside json that are mapped */
	uint64		later;			/* to rows that have not come yet, a bit each */
	bool		lookup_missing; /* a row it needs was looked up, and is not here */
	uint64		fresh;			/* to rows that a comparison would have made, a bit each */
	const char *missing;		/* which; NULL where nobody remembers */
} RowRefs;

/* What the statement that wrote it told. */
typedef struct RowWritten
{
	bool		returned;		/* of this row too */
	bool		suppressed;		/* it does not: a trigger left the row out */
	bool		untouched;		/* it does not, of a row that was here */
} RowWritten;

typedef struct RestoreRow
{
	RowState	state;
	int64		index;			/* in its table, from 0 */
	int64		line;
	RowField   *fields;			/* one a member of the section's shape */
	Datum	   *values;			/* one a column, and the row's number in the batch */
	bool	   *nulls;
	bool		converted;		/* values and nulls are filled */
	bool		referenced;		/* it is there for others to refer to: only found, or made */
	bool		looked_up;		/* and found by its match key, of this tenant or of none */
	bool		found_only;		/* and never made */
	Bitmapset  *narrowed;		/* columns whose values are not what the file says */
	char	   *moving;			/* the constraint for which it waits, if it has a name */
	RowKey		key;
	RowMatch	match;
	RowHome		home;
	RowRefs		refs;
	RowWritten	written;
} RestoreRow;

typedef struct RestoreRef
{
	BackupRef  *ref;
	int		   *columns;		/* indexes into rel->columns */
	int			type_column;	/* -1 unless polymorphic */
	bool		nullable;
	JsonPlace  *place;			/* for REF_JSON */
	bool		copied;			/* its values stay as the file has them */
	QueryPlan  *later;			/* sets it alone */
	QueryPlan  *later_same;		/* finds the rows where that would change nothing */
} RestoreRef;

/* The statements for rows that bring the same columns. */
typedef struct RestoreStatements
{
	Bitmapset  *given;			/* indexes into rel->columns */
	QueryPlan  *insert;
	QueryPlan  *differing;		/* which columns; NULL until needed */
	QueryPlan  *probe;			/* says also whether an update would change anything; or NULL */
	QueryPlan  *home_probe;		/* NULL until needed */
	QueryPlan  *same;			/* finds rows of which it would change nothing; NULL until needed */
	QueryPlan  *update;			/* NULL when there is nothing to set */
	bool		update_tried;
} RestoreStatements;

/* A row that waits for a unique value. */
typedef struct RestoreMove
{
	RestoreRow	row;
	RestoreStatements *statements;
} RestoreMove;

/* What names one row here: values for the columns of an UPDATE's WHERE. */
typedef struct RestorePlace
{
	Datum	   *values;
	bool	   *nulls;
} RestorePlace;

typedef struct RestoreFailure
{
	int64		row_index;
	char	  **keys;			/* the source key, one text a part; or NULL */
	char	  **existing_keys;	/* of the row in the way, if one was found */
	int			sqlerrcode;
	char	   *message;
	char	   *constraint;
	char	   *hint;
} RestoreFailure;

/* Whether a tenant of the file had rows here before. */
typedef struct RestoreTenant
{
	char	   *text;
	int			len;
	bool		has_rows;
} RestoreTenant;

/* How the file's members become the columns of the table. */
typedef struct TableColumns
{
	ValueReader **readers;		/* one a column */
	bool		pinned;			/* some of them need pins */
	RowShape	shape;
	int		   *shape_columns;	/* index of the column, or -1: not restored */
	int		   *fields;			/* the reverse */
	Datum		tenant;
	bool		file_has_tenant;	/* the file is of one, and none was given */
	Datum		file_tenant;	/* what he is called here */
	Bitmapset  *serials;		/* those that keep the file's numbers but have a sequence */
	int64	   *narrowed;		/* one a column: values rounded, or cut to fit */
	int64	   *kept_min;		/* one a column: bounds of the file's numbers */
	int64	   *kept_max;		/* where it has a sequence */
} TableColumns;

/* The primary key, and where each part of it comes from. */
typedef struct TableKey
{
	int			count;
	int		   *columns;
	KeySource  *sources;
	QueryPlan **defaults;
	bool	   *renamed;		/* an equal key that reads otherwise is updated too */
	KeyData	   *data;			/* parts that are no ids */
	bool		written;		/* some of them are */
	bool		sequence_checked;
} TableKey;

/* Columns that lead to one row here. */
typedef struct TablePlace
{
	int			count;
	int		   *columns;		/* NULL until needed */
	bool		unique;
} TablePlace;

/* What makes a row exist. */
typedef struct TableMatch
{
	int			count;
	int		   *columns;
	bool		covered;		/* a unique index would refuse a second row */
	bool		probing;		/* always, whatever the row's tenant */
	RestoreNullkey *nullkey;	/* rows here that have a NULL in it; NULL until needed */
	List	   *tenants;		/* RestoreTenant *, those of rows so far */
} TableMatch;

typedef struct TableSql
{
	QueryRows  *rows;
	List	   *relations;		/* rows alone, as a list */
	QueryPlan  *probe;
	QueryPlan  *probe_latest;	/* without locks; NULL until needed */
	QueryPlan  *lookup;			/* of rows that are looked up; NULL until needed */
	bool		far;			/* the rows are not of this server */
	bool		arrays;			/* batches go as such (restore_transport.c) */
	bool		may_lock;		/* what is found is held */
	bool		tells_origin;	/* and says which transaction wrote it */
	bool		may_be_made;	/* by triggers of tables restored before */
	TransactionId begun;		/* the next one when the table began */
	RestoreStatements *current;
	List	   *all;			/* RestoreStatements * */
	bool		may_suppress;	/* a trigger may leave rows out */
	bool		confirms;		/* and what came in is looked up, in place of RETURNING */
	QueryPlan  *confirm;		/* NULL until needed */
} TableSql;

typedef struct TableBatch
{
	MemoryContext cxt;
	RestoreRow	rows[BATCH_ROWS];
	int			count;
	int64		next_row;		/* index of the next row in the file's table */
	size_t		bytes;
	RestoreRow *culprit;		/* whose values are being read */
	bool		writing;		/* an error now is some row's fault */
	uint32		match_hashes[BATCH_ROWS];
} TableBatch;

/* Rows that wait for unique values, until all have been read. */
typedef struct TableMoves
{
	MemoryContext cxt;			/* NULL when there are none */
	List	   *rows;			/* RestoreMove * */
	bool		closed;			/* they have had their chances */
} TableMoves;

typedef struct TableCounts
{
	int64		inserted;
	int64		updated;
	int64		skipped;
	int64		failed;
	int64		nulled;
	int64		orphaned;
	int64		suppressed;
	int64		unmatched;		/* rows whose match key has a NULL */
	int64		made;			/* by triggers, and the file's now */
	int64		repeated;		/* rows of the file that are one here, less the first */
	int64		unheld;			/* found by all they hold, and not to be locked */
	int64		alike;			/* found by all they hold, as others here: any may be meant */
	int64		untouched;		/* no trigger, policy or view let them be updated */
	int64		lookup_missing; /* rows left out: one they need was looked up and not found */
	int64		not_found;		/* rows that were looked up */
	int64		tenants_made;	/* of the table whose rows are the tenants */
	int64		tenants_found;
	int64		unchanged;		/* rows here that hold what the file says */
	int64		deleted;		/* rows of the tenant that the file does not have */
} TableCounts;

/* A row that was looked up and is not here, for those who refer to it. */
typedef struct RestoreMissing
{
	IdKey		source;
	char	   *text;
} RestoreMissing;

/* What the report tells beside the counts. */
typedef struct TableNotes
{
	List	   *missing;		/* RestoreMissing *, the first of them */
	List	   *failures;
	List	   *repeated;		/* RestoreFailure *, of which only the row counts */
	List	   *dropped;		/* columns of the file that have no place here */
	List	   *defaulted;		/* columns the file does not have */
	List	   *triggers;
	bool		no_origin;		/* the file does not say where rows were born */
	bool		not_remembered; /* nor is it remembered here */
	List	   *rules;
	bool		had_rows;		/* of a table without a match key: each restore adds to them */
} TableNotes;

struct RestoreTable
{
	Restore	   *restore;
	BackupTable *table;
	RelationInfo *rel;
	MemoryContext cxt;
	IdMap	   *map;			/* NULL where nothing refers to the table */
	IdMap	  **others;			/* the same by each other key of the table */
	RestoreHome *home;			/* NULL where rows are not remembered */
	IdMap	   *lost;			/* keys of rows that are not here; NULL when there are none */
	BackupLookup lookup;		/* its rows are looked up */
	const FileSection *section; /* NULL unless the file has the table */
	TableColumns columns;
	RestoreRef *refs;
	bool		circular;		/* some reference is */
	TableKey	key;
	TablePlace	place;
	TableMatch	match;
	TableSql	sql;
	TableBatch	batch;
	TableMoves	moves;
	TableCounts counts;
	TableNotes	notes;
	RestoreCompare *compare;	/* NULL unless rows are only compared */
};

struct Restore
{
	MemoryContext cxt;
	RestoreOptions options;
	FileReader *reader;
	BackupSchema *schema;
	RestoreTable **tables;		/* in the schema's order; NULL until needed */
	RestoreTable *current;
	List	   *raws;			/* OutsideKey *, of which neither file nor schema speaks */
	bool	  **copied;			/* one a table: references whose values stay as they are */
	RestoreSource ***sources;	/* how keys of these tables are read; NULL until needed */
	RestoreHomes *homes;		/* what the file says of origins; NULL until needed */
	RestoreCycle *cycle;		/* what waits for others; NULL when nothing does */
	bool		closing;		/* a circle: nothing that is not here will come */
	bool		skipping;		/* the rows of a table that is not restored */
	List	   *dropped_keys;	/* foreign keys to be added again */
	List	   *immediate;		/* names of constraints to be deferred again */
	TransactionId begun;		/* the next one when the restore began */
	bool		comparing;		/* nothing is written */
	bool		frozen;			/* and the caller's snapshot is read */
	KeyList	  **goes;			/* rows that a replacement deletes, one a table; or NULL */
	int64	   *deleted;		/* how many of each */
	bool		gone;			/* they are */
};

/* Whether rows that are here become what the file says, or are compared with that. */
static inline bool
restore_overwrites(const Restore *restore)
{
	return restore->options.mode == RESTORE_OVERWRITE || restore->options.mode == RESTORE_REPLACE ||
		   restore->options.mode == RESTORE_COMPARE;
}

/* Whether all of the tenant's rows are accounted for: those without a match key by content. */
static inline bool
restore_accounts(const Restore *restore)
{
	return restore->options.mode == RESTORE_REPLACE || restore->options.mode == RESTORE_COMPARE;
}

/*
 * restore_table.c, which calls none of the stations below: restore.c calls them for a new
 * table, in the order create, refs_create, lookup_begin, begin, match_begin,
 * statement_begin, batch_init.
 */
extern RestoreTable *restore_table_create(Restore *restore, BackupTable *table);
extern void restore_table_begin(RestoreTable *t, const FileSection *section);
extern int restore_table_index(const RestoreTable *t, const RelationColumn *column);
/* Whether the file's value of the column is another row's key. */
extern bool restore_table_refers(const RestoreTable *t, const RelationColumn *column);
/* Whether the column is part of the key and filled by us. */
extern bool restore_table_is_drawn(const RestoreTable *t, int column);
/* The text of a column as the file has it; false where it is NULL or not there. */
extern bool restore_table_field(const RestoreTable *t, const RestoreRow *row, int column,
								const char **text, int *len);
/* Whether we fill the column, whatever the file says. */
extern bool restore_table_is_filled(const RestoreTable *t, int column);
extern bool restore_table_draws(const RestoreTable *t);
/* Whether keys are the file's, come what may. */
extern bool restore_table_keeps_ids(const RestoreTable *t);
/* Whether the column is given by the caller, whatever the file says. */
extern bool restore_table_is_tenant(const RestoreTable *t, int column);
/* The expression as the type that the column's values have here. */
extern char *restore_table_cast(const RestoreTable *t, int column, const char *expression);

/* restore_match.c */
/* By what a row is told to be here, and whether rows must be looked for at all. */
extern void restore_match_begin(RestoreTable *t);
/* Whether the row, whose values are read, may exist already. */
extern bool restore_match_may_exist(RestoreTable *t, const RestoreRow *row);
/* Whether a NULL in this column of the match key finds a NULL. */
extern bool restore_match_nulls(const RestoreTable *t, int column);

/* restore_transport.c */
extern bool restore_transport_is_far(const RelationInfo *rel);
extern bool restore_transport_is_arrays(const RestoreTable *t);
/*
 * SELECT b.n and columns of what is found, in these parts: begin, the columns, each with
 * a comma before it, from, the conditions, end.  Each row of the batch has up to limit
 * answers; where batches are arrays, all there are, in whatever order.
 */
extern void restore_transport_begin_probe(StringInfo out, const RestoreTable *t);
extern void restore_transport_probe_from(StringInfo out, const RestoreTable *t);
extern void restore_transport_end_probe(StringInfo out, const RestoreTable *t, int limit,
										bool locking);
/* " AND x.column = one of the batch's", or both NULL if nullable, where that helps. */
extern void restore_transport_narrow(StringInfo out, const RestoreTable *t, int column,
									 bool nullable);

/* restore_statement.c */
/* The batch's relation and the statement that finds rows, once the match is chosen. */
extern void restore_statement_begin(RestoreTable *t);
/* The statements for rows with these columns. */
extern void restore_statement_use(RestoreTable *t, const Bitmapset *given);
/* ", x.key AS k1, …": the key, and the other keys that rows refer by. */
extern void restore_statement_keys(StringInfo out, const RestoreTable *t);
/* "x.column = b.column AND …" for what makes a row exist, but for the tenant where asked. */
extern void restore_statement_where(StringInfo out, const RestoreTable *t, bool with_tenant);
/* An INSERT of the rows under that name. */
extern void restore_statement_insert(StringInfo out, const RestoreTable *t, const Bitmapset *given,
									 const char *name);
/* SELECT b.n of those that are there under their keys. */
extern QueryPlan *restore_statement_by_key(RestoreTable *t, bool locking);
extern QueryRows *restore_statement_rows(RestoreTable *t, const char *name);
extern QueryPlan *restore_statement_conflict(RestoreTable *t, const RelationKey *key);
extern QueryPlan *restore_statement_probe_latest(RestoreTable *t);
/* Runs a plan over the batch that changes nothing. */
extern void restore_statement_run(const RestoreTable *t, QueryPlan *plan, QueryRow row, void *arg);
/* For rows of the batch that are here, which columns differ: number, and a bool each. */
extern QueryPlan *restore_statement_differing(RestoreTable *t);
/* The one that finds rows that bring the columns in use. */
extern QueryPlan *restore_statement_probe(RestoreTable *t);
/* Whether that says of each row whether an update would change it. */
extern bool restore_statement_tells_same(const RestoreTable *t);

/* restore_update.c */
/* Prepares the UPDATE of rows that bring the columns in use. */
extern void restore_update_use(RestoreTable *t);
/* ", … AS same": whether an update of x by b would change nothing. */
extern void restore_update_same(StringInfo out, RestoreTable *t, const Bitmapset *given);
/* Whether an update sets the column. */
extern bool restore_update_sets(const RestoreTable *t, int column);
/* The plan that finds rows by key of which an update would change nothing. */
extern QueryPlan *restore_update_find_same(RestoreTable *t);
/* The plan that sets one reference of rows here, and that which finds those that have it. */
extern QueryPlan *restore_update_later(RestoreTable *t, int ref);
extern QueryPlan *restore_update_later_same(RestoreTable *t, int ref);
extern bool restore_update_renames(const RestoreTable *t, int part);
extern KeyData restore_update_data(const RestoreTable *t, int part);
extern RestorePlace restore_update_place(RestoreTable *t, const RestoreRow *row);
extern void restore_update_put(const RestoreTable *t, RestoreRow *row, const RestorePlace *place);
/* Receives the rows that are the same; arg is a bool for each. */
extern bool restore_update_take_same(TupleTableSlot *slot, void *arg);
/* Receives what either returns; arg is a bool for each row. */
extern bool restore_update_take(TupleTableSlot *slot, void *arg);

/* An UPDATE of the rows, told by number, that sets this. */
extern char *restore_update_sql(RestoreTable *t, const char *set);

/* restore_moves.c */
/* Whether a row that was refused so may wait for the value to become free. */
extern bool restore_moves_may(const RestoreTable *t, const ErrorData *error);
extern void restore_moves_refused(RestoreTable *t, RestoreRow *row, const ErrorData *error);
extern void restore_moves_keep(RestoreTable *t, const RestoreRow *row);
extern List *restore_moves_take(RestoreTable *t, MemoryContext *cxt);

/* restore_retry.c */
extern void restore_retry_moves(RestoreTable *t);

/* restore_tenant.c */
/* Refuses a file's own backup schema that does not leave the tenant where it is. */
extern void restore_tenant_check(Restore *restore);
/* Refuses a table whose rows would lead to others than they led to there. */
extern void restore_tenant_check_keys(const RestoreTable *t);
/* Waits for other restores of the tenant. */
extern void restore_tenant_lock(Restore *restore);

/* restore_named.c */
/* Looks for the tenant that the caller has named, where tenants are rows. */
extern void restore_named_find(Restore *restore);
/* Whether the table's one row is that tenant, and whether it is here. */
extern bool restore_named_is(const RestoreTable *t);
extern bool restore_named_found(const RestoreTable *t);
/* Whether the caller's name stands in the column, whatever the file says. */
extern bool restore_named_gives(const RestoreTable *t, const RelationColumn *column);
/* Refuses a second row of the table. */
extern void restore_named_count(RestoreTable *t, const RestoreRow *row);
/* Puts the name, and the key of the row that is here, into a row whose references are mapped. */
extern void restore_named_fill(RestoreTable *t, RestoreRow *row);
/* A row that is settled; what the report says of all. */
extern void restore_named_note(RestoreTable *t, const RestoreRow *row);
extern const char *restore_named_told(const RestoreTable *t);

/* restore_batch.c */
extern void restore_batch_add(RestoreTable *t, const char *object, int len, int64 line);
extern void restore_batch_flush(RestoreTable *t);
/* A row that has waited: its values are read and its key is drawn. */
extern void restore_batch_put(RestoreTable *t, const RestoreRow *row,
							  RestoreStatements *statements);
/* Counts a row that is settled and lets others refer to it. */
extern void restore_batch_finish_row(RestoreTable *t, RestoreRow *row);
extern void restore_batch_init(RestoreTable *t);

/* restore_find.c */
/* Everything but the writing, of rows for which it is not done. */
extern void restore_find_prepare(RestoreTable *t, int from, int to);
/* Looks for the rows that have not been looked for. */
extern void restore_find_existing(RestoreTable *t, int from, int to);
/* Whether the row, which is here, is to be given what the file says, and is not that yet. */
extern bool restore_find_updates(const RestoreTable *t, const RestoreRow *row);
/* Whether the row, which is settled, was to be updated and is what the file says already. */
extern bool restore_find_unchanged(const RestoreRow *row);
/* The row, or what an attempt that failed held, is looked for again. */
extern void restore_find_release(RestoreTable *t, RestoreRow *row);
extern void restore_find_release_range(RestoreTable *t, int from, int to);

/* restore_write.c */
extern void restore_write_range(RestoreTable *t, int from, int to);
/* The rows that were written. */
extern void restore_write_settle(RestoreTable *t, int from, int to);

/* restore_lookup.c */
/* What the file has of the table: rows of its own, or those that are looked up. */
extern void restore_lookup_begin(RestoreTable *t, const FileSection *section);
/* Whether, and how, the row, whose fields are read, is looked up. */
extern void restore_lookup_mark(const RestoreTable *t, RestoreRow *row);
extern void restore_lookup_find(RestoreTable *t, int from, int to);
/* Those that were not found and are not to be made. */
extern void restore_lookup_pass_over(RestoreTable *t, int from, int to);
/* What is known of a row that was not found under that key of the file; or NULL. */
extern const char *restore_lookup_missing(const RestoreTable *t, const IdKey *source);

/* restore_home.c */
/* Whether rows of the table are known by their homes, of which the file tells. */
extern void restore_home_begin(RestoreTable *t);
/* Whether rows are looked for by them. */
extern bool restore_home_searches(const RestoreTable *t);
/* A hash of a row's home as the file has it: one batch holds no home twice. */
extern uint32 restore_home_hash(const RestoreTable *t, const RestoreRow *row);
/* Looks for the rows by their homes; take receives those that are here, as a probe finds them. */
extern void restore_home_find(RestoreTable *t, int from, int to, QueryRow take);
/* Gives a new row that was born here the key it had; false: it has to get another. */
extern bool restore_home_key(RestoreTable *t, RestoreRow *row);
/* What the row keeps of its home when its batch goes, in the current context. */
extern void restore_home_copy(RowHome *home);

/* restore_homeentry.c */
/* A row that is here now is remembered, with the others of its batch. */
extern void restore_homeentry_add(RestoreTable *t, const RestoreRow *row);
extern void restore_homeentry_write(RestoreTable *t);
/* After all rows. */
extern void restore_homeentry_finish(RestoreTable *t);

/* restore_homeprobe.c */
/* The statement that finds rows by their keys, and says whether they are of the row's tenant. */
extern QueryPlan *restore_homeprobe_prepare(RestoreTable *t);

/* restore_raw.c */
/* Finds the schema of document in this database, with the lookups that the file has. */
extern void restore_raw_bind(Restore *restore, const FileHeader *header, Jsonb *document);
/* Marks references to rows that are looked up, of which the file has nothing: copied. */
extern void restore_raw_mark(Restore *restore, const FileHeader *header);
/* Refuses references whose values mean other rows here, unless they are to be copied. */
extern void restore_raw_check(Restore *restore, const FileHeader *header);

/* restore_source.c */
/* What the file has in these columns as a key of that table; false where a part is NULL. */
extern bool restore_source_key(const RestoreTable *t, const RestoreRow *row, const int *columns,
							   int table, int key, IdKey *result);
/* The same for a text inside a document. */
extern void restore_source_text(const RestoreTable *t, const char *text, int table, IdKey *key);
/* Whether a key here equals one of the file. */
extern bool restore_source_is(const RestoreTable *t, int table, int key, const IdKey *source,
							  const IdKey *target);
/* What a row is called there less the tenant, where that is part of it. */
extern IdKey restore_source_bare(Restore *restore, int table, const IdKey *key);
/* Whether keys of the table are told by their texts alone. */
extern bool restore_source_is_plain(Restore *restore, int table, int key);

/* restore_key.c */
extern void restore_key_source(RestoreTable *t, RestoreRow *row);
/* The reverse of restore_key_target(): the key as the row's values. */
extern void restore_key_values(RestoreTable *t, RestoreRow *row, const IdKey *key);
extern void restore_key_here(RestoreTable *t, RestoreRow *row, TupleTableSlot *slot, int column);
extern bool restore_key_is_same(RestoreTable *t, const RestoreRow *row, int part, Datum here,
								bool isnull);
extern void restore_key_draw(RestoreTable *t, RestoreRow *row);
/* The key of the row in whose way a unique index found this one; false if unknown. */
extern bool restore_key_conflict(RestoreTable *t, const RestoreRow *row, const char *constraint,
								 IdKey *key);
extern bool restore_key_redraw(RestoreTable *t, RestoreRow *row, const char *constraint);
extern void restore_key_target(RestoreTable *t, RestoreRow *row);
extern void restore_key_note(RestoreTable *t, const RestoreRow *row);
extern void restore_key_advance(RestoreTable *t);
/* What refers to the row's key leads to the row from now on; or to none, where it is not here. */
extern void restore_key_lead(RestoreTable *t, const RestoreRow *row, bool here);
/* Where the statement that found the row gives its other keys, from that column on. */
extern int restore_key_take_others(RestoreTable *t, RestoreRow *row, TupleTableSlot *slot,
								   int column);

/* restore_refs.c */
extern void restore_refs_create(RestoreTable *t);
/* Maps the references to complete tables, or else the circular ones. */
extern void restore_refs_map(RestoreTable *t, RestoreRow *row, bool circular);
/* What one reference says in the file, and of which table; false when it is NULL. */
extern bool restore_refs_source(const RestoreTable *t, const RestoreRow *row, int ref,
								IdKey	   *source, int *table);
extern void restore_refs_set(RestoreTable *t, RestoreRow *row, int ref, const IdKey *target);

/* restore_compare.c */
extern void restore_compare_begin(RestoreTable *t);
/* Whether a row of the file that is to be made has that key there. */
extern bool restore_compare_is_fresh(const RestoreTable *t, const IdKey *source);
/* Whether what makes the row exist refers to a row that is to be made. */
extern bool restore_compare_must_be_new(const RestoreTable *t, const RestoreRow *row);
/* A row that is settled. */
extern void restore_compare_note(RestoreTable *t, const RestoreRow *row);
/* The same, a batch of them: which columns differ. */
extern void restore_compare_columns(RestoreTable *t, int from, int to);
/* A reference of a row that is here was found to differ when all rows were read. */
extern void restore_compare_note_later(RestoreTable *t, int64 index, int ref, const IdKey *source);
/* Counts the rows of the tenant that the file does not have. */
extern void restore_compare_finish(Restore *restore);
/* "details" of a table, or NULL where the file does not have it. */
extern Jsonb *restore_compare_details(const RestoreTable *t);
extern void restore_compare_report(const Restore *restore, ReturnSetInfo *result);

/* How many those are; their keys, unless the caller's snapshot is read. */
extern int64 restore_compare_only_here(const RestoreTable *t);
extern KeyList *restore_compare_goes(const RestoreTable *t);

/* restore_replace.c */
/* Refuses a file that does not hold all of the tenant's rows, and tables that hide some. */
extern void restore_replace_check(const Restore *compared);
/* Deletes the rows that go, unless rows that stay refer to them still; then, for good. */
extern void restore_replace_before(Restore *restore);
extern void restore_replace_after(Restore *restore);

/* restore_waiting.c */
extern void restore_waiting_add(RestoreTable *t, RestoreRow *row);
extern void restore_waiting_remember(RestoreTable *t, RestoreRow *row);
/* The key that a row will have that is written by the same statement. */
extern bool restore_waiting_target(const Restore *restore, int table, const IdKey *source,
								   IdKey *target);

/* restore_cycle.c */
extern void restore_cycle_close(Restore *restore);

/* restore_nullkey.c */
/* Whether the row has a NULL in what makes it exist, so that no other is like it. */
extern bool restore_nullkey_is(const RestoreTable *t, const RestoreRow *row);
/* Looks for such rows of the batch by all they hold. */
extern void restore_nullkey_find(RestoreTable *t, int from, int to);
/* What was found for the row is another's to find. */
extern void restore_nullkey_release(RestoreTable *t, RestoreRow *row);

/* restore_constraints.c */
extern void restore_constraints_drop(Restore *restore);
extern void restore_constraints_add(Restore *restore);
/* Constraints that are deferred are checked with each statement, until deferred again. */
extern void restore_constraints_check(Restore *restore);
extern void restore_constraints_defer(Restore *restore);

/* restore_trace.c */
/* A row that is settled, at DEBUG3. */
extern void restore_trace_row(const RestoreTable *t, const RestoreRow *row);

/* restore_report.c */
extern void restore_report_failure(RestoreTable *t, RestoreRow *row, ErrorData *error);
/* A row that is left out, or looked up, because something is not here. */
extern void restore_report_missing(RestoreTable *t, const RestoreRow *row, const char *message);
/* Keeps in mind that another row of the file is the same row here. */
extern void restore_report_repeated(RestoreTable *t, const RestoreRow *row);
/* While replacing, a row that is settled and not as the file has it is an error. */
extern void restore_report_demand(const RestoreTable *t, const RestoreRow *row);
extern void restore_report(Restore *restore, ReturnSetInfo *result);

/* restore.c: what restore_session.c needs besides */
extern Restore *restore_create(const RestoreOptions *options, MemoryContext cxt);
extern void restore_feed(Restore *restore, const char *bytes, size_t len);
extern void restore_finish(Restore *restore);
/* All bytes of a file to a reader, each time it is called; and a restore of them. */
typedef void (*RestoreRead)(FileReader *reader, void *arg);
extern void restore_run(Restore *restore, RestoreRead read, void *arg);

#endif							/* DB_ADAPTER_RESTORE_PRIVATE_H */
