/*
 * quote.h
 *		Names and array elements in double quotes, so that nothing in them means
 *		anything.
 */
#ifndef DBA_QUOTE_H
#define DBA_QUOTE_H

#include "base/buf.h"

extern void quote_write_identifier(Buf *buf, const char *name);
extern void quote_write_element(Buf *buf, const char *text, size_t len);

#endif							/* DBA_QUOTE_H */
