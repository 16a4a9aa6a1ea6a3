/*
 * catalog_fingerprint.c
 *	  The fingerprint of the live schema, remembered while nothing changes.
 *
 * Reading a large schema takes a second; seeing that no catalog row has changed
 * since takes a small part of that.  A row version is known by the transaction
 * that made it and the place it stands in, so the sum of a hash of both over all
 * rows of all catalogs that a document can show is a state: any DDL changes it,
 * whoever does it and whether it has committed or is only visible to us.
 *
 * It assumes that a place in a catalog and the transaction that filled it never come
 * together again with other content; what moves rows without changing them, as VACUUM
 * FULL does, only costs a read.  It remembers for this backend alone and never says
 * "unchanged" of something that it has not seen as a whole.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_tablespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "schema/model/fingerprint.h"
#include "storage/itemptr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Sets of schemas remembered at a time; the oldest makes room. */
#define REMEMBERED_SETS 8

/* What the passes of catalog_*.c and the server's deparsers read. */
static const Oid catalogs[] = {
	RelationRelationId,
	AttributeRelationId,
	AttrDefaultRelationId,
	ConstraintRelationId,
	IndexRelationId,
	InheritsRelationId,
	TriggerRelationId,
	PolicyRelationId,
	RewriteRelationId,
	ProcedureRelationId,
	AggregateRelationId,
	TypeRelationId,
	EnumRelationId,
	RangeRelationId,
	SequenceRelationId,
	DependRelationId,
	DescriptionRelationId,
	NamespaceRelationId,
	StatisticExtRelationId,
	DefaultAclRelationId,
	ForeignTableRelationId,
	ForeignServerRelationId,
	CastRelationId,
	OperatorRelationId,
	OperatorClassRelationId,
	OperatorFamilyRelationId,
	AccessMethodRelationId,
	AccessMethodOperatorRelationId,
	AccessMethodProcedureRelationId,
	CollationRelationId,
	ConversionRelationId,
	LanguageRelationId,
	TSConfigRelationId,
	TSConfigMapRelationId,
	TSDictionaryRelationId,
	TSParserRelationId,
	TSTemplateRelationId,
	AuthIdRelationId,
	TableSpaceRelationId,
};

/* Two sums of independent hashes: 128 bits leave nothing to chance. */
typedef struct CatalogState
{
	uint64		first;
	uint64		second;
} CatalogState;

typedef struct Remembered
{
	char	   *schemas;		/* NULL while unused */
	char	   *fingerprint;
	CatalogState state;
} Remembered;

static MemoryContext remembered_context = NULL;
static Remembered remembered[REMEMBERED_SETS];
static int	next_remembered = 0;

/* A finalizer that spreads every bit over all others. */
static uint64
mix(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/*
 * Sums, so that the order of the scan does not matter; the catalog is part of the hash,
 * or two could exchange rows.
 */
static void
add_version(CatalogState *state, Oid catalog, HeapTuple tuple)
{
	uint64		place = ((uint64) ItemPointerGetBlockNumber(&tuple->t_self) << 16) |
				   ItemPointerGetOffsetNumber(&tuple->t_self);
	uint64		maker = ((uint64) catalog << 32) | HeapTupleHeaderGetRawXmin(tuple->t_data);
	uint64		hash = mix(mix(place) + maker);

	state->first += hash;
	state->second += mix(hash);
}

static void
add_catalog(CatalogState *state, Oid catalog, Snapshot snapshot)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		add_version(state, catalog, tuple);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * Under one snapshot, which also sees what this transaction has done: a fingerprint
 * after DDL of one's own is that of the new state.
 */
static CatalogState
read_state(void)
{
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	CatalogState state = {0, 0};

	for (int i = 0; i < lengthof(catalogs); i++)
		add_catalog(&state, catalogs[i], snapshot);
	UnregisterSnapshot(snapshot);
	return state;
}

static char *
join_names(List *names)
{
	StringInfoData out;
	ListCell   *lc;

	/* A name holds no newline that another could not hold too: lengths decide. */
	initStringInfo(&out);
	foreach(lc, names)
		appendStringInfo(&out, "%zu:%s", strlen(lfirst(lc)), (char *) lfirst(lc));
	return out.data;
}

static Remembered *
find_remembered(const char *schemas)
{
	for (int i = 0; i < REMEMBERED_SETS; i++)
		if (remembered[i].schemas != NULL && strcmp(remembered[i].schemas, schemas) == 0)
			return &remembered[i];
	return NULL;
}

/*
 * The new texts are made before the old are freed: where memory runs out the slot is as
 * it was.
 */
static void
remember(const char *schemas, const char *fingerprint, CatalogState state)
{
	Remembered *slot = find_remembered(schemas);
	char	   *key;
	char	   *value;

	if (remembered_context == NULL)
		remembered_context = AllocSetContextCreate(TopMemoryContext, "db_adapter fingerprints",
												   ALLOCSET_SMALL_SIZES);
	if (slot == NULL)
	{
		slot = &remembered[next_remembered];
		next_remembered = (next_remembered + 1) % REMEMBERED_SETS;
	}
	key = MemoryContextStrdup(remembered_context, schemas);
	value = MemoryContextStrdup(remembered_context, fingerprint);
	if (slot->schemas != NULL)
	{
		pfree(slot->schemas);
		pfree(slot->fingerprint);
	}
	*slot = (Remembered){key, value, state};
}

char *
catalog_fingerprint(List *schemas)
{
	char	   *key = join_names(schemas);
	CatalogState state = read_state();
	Remembered *known = find_remembered(key);
	Schema	   *schema;
	char	   *fingerprint;

	if (known != NULL && known->state.first == state.first && known->state.second == state.second)
		return pstrdup(known->fingerprint);
	schema = catalog_read_comparable(schemas, NIL, NULL);
	fingerprint = fingerprint_schema(schema);
	schema_free(schema);
	/* The state was read first: what came in between makes the next call read again. */
	remember(key, fingerprint, state);
	return fingerprint;
}

void
catalog_check_fingerprint(List *schemas, const char *fingerprint)
{
	Schema	   *live = catalog_read_comparable(schemas, NIL, NULL);

	if (strcmp(fingerprint_schema(live), fingerprint) != 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("the schema is not the one the plan was made for"),
						errdetail("It has changed since, or it is another database's."),
						errhint("Plan again with db_adapter.plan().")));
}
