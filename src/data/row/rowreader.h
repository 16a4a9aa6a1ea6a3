/*
 * rowreader.h
 *	  Reading JSON objects in place: one row of a backup, member by member.
 *
 * Pure: no allocation, no error raised, nothing of the server but its integer
 * types, so that a fuzzer can drive it.  Strings are unescaped and everything is
 * terminated by NUL inside the caller's buffer; a field is a slice of it.
 */
#ifndef DB_ADAPTER_ROWREADER_H
#define DB_ADAPTER_ROWREADER_H

typedef enum RowFieldKind
{
	FIELD_ABSENT,
	FIELD_NULL,
	FIELD_STRING,				/* without its quotes, unescaped */
	FIELD_LITERAL,				/* a number, true or false, digit by digit */
	FIELD_NESTED				/* an object or array as it stands; only its brackets are checked */
} RowFieldKind;

typedef struct RowField
{
	char	   *data;
	int			len;
	RowFieldKind kind;
} RowField;

/* Why a reader refused its input; member is not terminated and may be NULL. */
typedef struct RowError
{
	const char *message;
	const char *member;
	int			member_len;
} RowError;

/*
 * Members one after the other.  buffer[len] must be writable.  A value that is
 * not a string is terminated only by the next call, because the byte behind it
 * is still to be read then.
 */
typedef struct RowScanner
{
	char	   *at;
	char	   *end;
	char	   *terminate;		/* where the value before gets its NUL */
	bool		begun;
	bool		lenient;		/* takes NaN, Infinity and -Infinity, which Python writes */
	RowError	error;
} RowScanner;

extern void row_scan_begin(RowScanner *scanner, char *buffer, int len, bool lenient);
/* False at the end of the object, and with error.message set where it is none. */
extern bool row_scan_next(RowScanner *scanner, RowField *name, RowField *value);

/* The members a row may have.  Names are UTF-8 and not copied. */
typedef struct RowShape
{
	int			count;
	const char **names;
	int		   *lengths;
	bool		lenient;
	bool		drop_unknown;	/* else a member that is not here is an error */
	unsigned	mask;			/* hash table of names, for rows in another order */
	short	   *slots;
} RowShape;

#define ROW_SHAPE_MAX 1600 /* columns a table can have */

/* slots needs room for row_shape_slots(count) elements. */
extern int row_shape_slots(int count);
extern void row_shape_init(RowShape *shape, const char **names, int *lengths, int count,
						   short *slots);

/* Fills fields, one a name of shape.  Returns false with error set. */
extern bool row_read(const RowShape *shape, char *buffer, int len, RowField *fields,
					 RowError *error);

/* Whether the slice is a number by JSON's grammar. */
extern bool row_is_number(const char *data, int len);

#endif							/* DB_ADAPTER_ROWREADER_H */
