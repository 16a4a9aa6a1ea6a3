/*
 * filereader.h
 *	  The bytes of a backup, cut anywhere, as its parts: header, tables, rows.
 *
 * Reads both formats and says which.  The reader checks what can be said without
 * a database: syntax, order of the parts, counts, size and checksums.  Whatever
 * is wrong raises 22P02 naming the line.
 */
#ifndef DB_ADAPTER_FILEREADER_H
#define DB_ADAPTER_FILEREADER_H

#include "data/file/fileparts.h"
#include "nodes/pg_list.h"

/*
 * In the current memory context and of the current resource owner.  tolerant turns wrong sums and a missing end
 * into warnings; syntax errors stay errors.
 */
extern FileReader *filereader_create(const FileEvents *events, void *arg, bool tolerant);
/* bytes are UTF-8, cut anywhere. */
extern void filereader_feed(FileReader *reader, const char *bytes, size_t len);
/*
 * Gives up what is not memory.  Needed only where the reader is left to its
 * context though the transaction, and with it the resource owner, goes on.
 */
extern void filereader_abandon(FileReader *reader);
/* The end of the file: raises when something is missing or does not add up. */
extern void filereader_finish(FileReader *reader);

extern const FileHeader *filereader_header(const FileReader *reader);
/* FileSection *, in the file's order. */
extern List *filereader_sections(const FileReader *reader);
extern int64 filereader_line(const FileReader *reader);
extern int64 filereader_rows(const FileReader *reader);

#endif							/* DB_ADAPTER_FILEREADER_H */
