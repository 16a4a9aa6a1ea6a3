/*
 * server.h
 *		As much of a server as the readers of foreign bytes need, for fuzzing them.
 *
 * Memory is malloc's, each piece by itself, so that the sanitizers see its bounds; all
 * of it is freed after an input.  ereport() leaves the reader by longjmp.  What the
 * readers do not reach is not here and is dropped by the linker.
 */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include "postgres.h"

#include "base/compat.h"
#include "utils/jsonb.h"

extern int LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/*
 * Runs body.  Returns 0, or the SQLSTATE of the error that ended it, and frees what
 * was allocated meanwhile.  Traps where an error is not one of a reader: without a
 * message, or with another code than a bad file or a bad option has.
 */
extern int server_run(void (*body)(void *arg), void *arg);
/* Reads JSON as jsonb_in() would. */
extern Jsonb *server_jsonb(const char *text);

#endif							/* FUZZ_SERVER_H */
