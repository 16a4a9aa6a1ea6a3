/*
 * jsonpack.h
 *	  Writing a large jsonb straight into its stored form.
 *
 * json.h builds a tree of values first and converts it at the end; that tree
 * takes many times the document's own size.  Here the caller says how many
 * members come and gives an object's keys in stored order (shorter first, then
 * bytewise), and the document is written once, front to back.
 *
 *	JsonFrame f;
 *	pack_begin_object(&p, &f, 2);
 *	pack_key(&p, &f, "a"); pack_key(&p, &f, "b");
 *	pack_string(&p, &f, "x"); pack_int(&p, &f, 1);
 *
 * A container inside another one is written where a value is due; then
 * pack_nested() tells the outer frame.
 */
#ifndef DB_ADAPTER_JSONPACK_H
#define DB_ADAPTER_JSONPACK_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

typedef struct JsonPack
{
	StringInfoData out;
} JsonPack;

/* An open container. */
typedef struct JsonFrame
{
	int			start;			/* of its bytes, with padding */
	int			entries;		/* where its entries begin */
	int			next;			/* entry due */
	uint32		total;			/* bytes of all entries so far */
} JsonFrame;

/* How keys of an object are stored; as qsort wants it. */
extern int pack_compare_keys(const char *a, const char *b);

extern void pack_init(JsonPack *p);
extern void pack_begin_object(JsonPack *p, JsonFrame *frame, int members);
extern void pack_begin_array(JsonPack *p, JsonFrame *frame, int elements);
extern void pack_key(JsonPack *p, JsonFrame *frame, const char *key);
extern void pack_string(JsonPack *p, JsonFrame *frame, const char *value);
extern void pack_bool(JsonPack *p, JsonFrame *frame, bool value);
extern void pack_int(JsonPack *p, JsonFrame *frame, int64 value);
/* The container that inner was stands where outer's next value is due. */
extern void pack_nested(JsonPack *p, JsonFrame *outer, const JsonFrame *inner);
extern Jsonb *pack_finish(JsonPack *p);

#endif							/* DB_ADAPTER_JSONPACK_H */
