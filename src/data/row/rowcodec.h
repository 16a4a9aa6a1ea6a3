/*
 * rowcodec.h
 *	  One row and its JSON object: what is looked up once a column.
 *
 * rowwriter.c turns rows into objects, rowreader.c objects into rows.  Together
 * with base/json.c they are the only makers of JSON.
 */
#ifndef DB_ADAPTER_ROWCODEC_H
#define DB_ADAPTER_ROWCODEC_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "data/row/keyform.h"
#include "lib/stringinfo.h"

/* How values are written. */
typedef enum RowFormat
{
	ROW_EXACT,					/* 2.0: what the type prints; NULL is an absent member */
	ROW_PLAIN					/* 1.1: nested, ISO 8601, NULL is null */
} RowFormat;

typedef struct RowWriter RowWriter;

/*
 * A writer for the first ncolumns attributes of desc, in the current memory
 * context.  Attributes given in skip (may be NULL) are passed over.
 */
extern RowWriter *rowwriter_create(TupleDesc desc, int ncolumns, RowFormat format);

/*
 * Whether some column's text depends on settings: rows must then be written
 * between query_pin(PIN_VALUES) and query_unpin().  The others may be written
 * under any settings, so that a row can be taken while the executor runs.
 */
extern bool rowwriter_needs_pins(const RowWriter *writer);

/* Appends the row as one object.  Allocates in the current memory context. */
extern void rowwriter_write(RowWriter *writer, StringInfo out, TupleTableSlot *slot);

/* Appends the columns of these indexes, as one object. */
extern void rowwriter_write_columns(RowWriter *writer, StringInfo out, TupleTableSlot *slot,
									const int  *columns, int count);

/*
 * Has rowwriter_write_columns(), and rowwriter_write() if always, write of equal values of
 * the column the one that stands for all.
 */
extern void rowwriter_use_form(RowWriter *writer, int column, KeyForm *form, bool always);

/* Appends one value, not NULL, of the column with that index. */
extern void rowwriter_value(RowWriter *writer, StringInfo out, int column, Datum value);

#endif							/* DB_ADAPTER_ROWCODEC_H */
