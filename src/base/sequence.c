/*
 * sequence.c
 *	  Where a sequence stands, whoever asks.
 *
 * Who may insert into a table draws from its identity's sequence without a right to it, so
 * none is asked for here: the number is compared, and told to nobody.  Read as the server
 * itself reads it, and not by SQL, which would call functions where none may be called.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/compat.h"
#include "base/sequence.h"
#include "catalog/pg_class.h"
#include "catalog/pg_sequence.h"
#include "commands/sequence.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/syscache.h"

static bool
counts_down(Oid sequence)
{
	HeapTuple	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_sequence) GETSTRUCT(tuple))->seqincrement < 0;
	ReleaseSysCache(tuple);
	return result;
}

/* A sequence is a relation of one row. */
static int64
read_last(Relation rel)
{
	Buffer		buffer = ReadBuffer(rel, 0);
	HeapTupleHeader header;
	Form_pg_sequence_data data;
	int64		last;
	Page		page;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	header = (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, FirstOffsetNumber));
	data = (Form_pg_sequence_data) ((char *) header + header->t_hoff);
	last = data->is_called ? data->last_value : PG_INT64_MIN;
	UnlockReleaseBuffer(buffer);
	return last;
}

int64
sequence_last(Oid sequence)
{
	Relation	rel = try_relation_open(sequence, AccessShareLock);
	int64		last = PG_INT64_MIN;

	if (rel == NULL)
		return last;
	if (rel->rd_rel->relkind == RELKIND_SEQUENCE && !RELATION_IS_OTHER_TEMP(rel))
		last = counts_down(sequence) ? PG_INT64_MAX : read_last(rel);
	relation_close(rel, AccessShareLock);
	return last;
}
