/*
 * toml.h
 *		TOML text read by tomlplusplus, handed to a C function key by key.
 *
 * The other side, toml.cpp, is the only C++ here: nothing C++ passes this line,
 * exceptions least of all.
 */
#ifndef DBA_TOML_H
#define DBA_TOML_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C"
{
#endif

typedef enum TomlType
{
	TOML_TABLE,
	TOML_ARRAY,
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOLEAN,
	TOML_DATE					/* any of the dates and times */
} TomlType;

#define TOML_MAX_DEPTH 16 /* what lies deeper is not visited */

typedef struct TomlItem
{
	const char *path[TOML_MAX_DEPTH];	/* the keys that lead to it */
	size_t		depth;
	bool		element;		/* of the array at path, the index-th */
	size_t		index;
	TomlType	type;
	const char *text;			/* of scalars, else "" */
	size_t		line;			/* of the key, or of the element, from 1 */
	size_t		column;
} TomlItem;

typedef enum TomlAnswer
{
	TOML_CONTINUE,				/* and into the table or array */
	TOML_SKIP,					/* not into it */
	TOML_STOP
} TomlAnswer;

typedef TomlAnswer (*TomlVisitFn)(void *arg, const TomlItem *item);

typedef enum TomlStatus
{
	TOML_OK,
	TOML_STOPPED,				/* the function said TOML_STOP */
	TOML_MALFORMED,				/* problem, line and column say why */
	TOML_NO_MEMORY
} TomlStatus;

typedef struct TomlProblem
{
	char		text[160];
	size_t		line;
	size_t		column;
} TomlProblem;

/* Tables and arrays come before what is in them; the order of keys is not that of
 * the text (line and column are). */
extern TomlStatus toml_read(const char *text, size_t len, TomlVisitFn visit, void *arg,
							TomlProblem *problem);

#ifdef __cplusplus
}
#endif

#endif							/* DBA_TOML_H */
