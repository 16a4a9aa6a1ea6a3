/*
 * file.h
 *		Files: small ones read whole, and those of rows, of any size.
 */
#ifndef DB_ADAPTER_FILE_H
#define DB_ADAPTER_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "cli.h"

/* ---------------------------------------------------------------- file.c */

typedef enum Compression
{
	PLAIN,
	GZIP,
	ZSTD
} Compression;

/* the whole file (free it), with a NUL after it; NULL after saying what is wrong, and
 * without len also where it has a NUL byte of its own */
extern char *file_read(const char *path, const char *what, size_t *len);

/* the format a name asks for, as the server calls it; NULL: none.  .gz and .zst do not count */
extern const char *file_format_of(const char *path);
extern bool file_ends_with(const char *text, const char *end);

/* makes the folder a file is to stand in */
extern bool file_make_folder(const char *path);

/* whether a file of that name is there, be it a link to nowhere */
extern bool file_exists(const char *path);

/* FOLDER/NAME.ENDING, or with .2, .3 … behind NAME where those are there */
extern void file_unused_name(char *path, size_t size, const char *name, const char *ending);

/* ---------------------------------------------------------------- target.c */

/* Where an output goes; all but fd is target.c's. */
typedef struct Target
{
	int			fd;
	int			dir;			/* the directory it stands in */
	char		name[NAME_MAX + 1];
	char		temporary[NAME_MAX + 1];	/* "": there is none */
	bool		overwrite;
	bool		in_place;		/* written into */
	bool		there;			/* a file that has these: */
	mode_t		mode;
	uid_t		owner;
	gid_t		group;
} Target;

/* Each returns NULL, or why not. */
extern const char *target_open(Target *target, const char *path, bool overwrite);
extern const char *target_commit(Target *target);

/* what is not committed is gone */
extern const char *target_abandon(Target *target);

/* ---------------------------------------------------------------- output.c */

/* A file or "-", written under a temporary name until it is whole; .gz and .zst
 * compress. */
typedef struct CliOutput CliOutput;

extern CliOutput *output_open(const char *path, bool overwrite);	/* NULL: said */

/* do its bytes go where standard output goes? */
extern bool output_is_stdout(const CliOutput *output);
extern bool output_write(CliOutput *output, const char *data, size_t size);
extern bool output_failed(const CliOutput *output); /* said */
extern bool output_commit(CliOutput *output);	/* and frees it; false: said */
extern void output_abandon(CliOutput *output);	/* and frees it */

/* ---------------------------------------------------------------- input.c */

/* A file or "-", plain or compressed, known by its first bytes. */
typedef struct CliInput CliInput;

extern CliInput *input_open(const char *path);	/* NULL: said */
extern int64_t input_read(CliInput *input, char *data, size_t size);	/* 0: the end; -1: said */
extern int64_t input_size(const CliInput *input);	/* of the file; 0: not known */
extern int64_t input_consumed(const CliInput *input);	/* of the file */

/* does a plain regular file end as a backup does?  false: said */
extern bool input_check_tail(CliInput *input);
extern void input_free(CliInput *input);

#endif							/* DB_ADAPTER_FILE_H */
