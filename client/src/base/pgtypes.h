/*
 * pgtypes.h
 *		The OIDs of built-in types, by the server's own names for them
 *		(catalog/pg_type_d.h, which no client package has).
 */
#ifndef DBA_PGTYPES_H
#define DBA_PGTYPES_H

#define BOOLOID 16
#define BYTEAOID 17
#define INT8OID 20
#define INT2OID 21
#define INT4OID 23
#define TEXTOID 25
#define JSONOID 114
#define JSONARRAYOID 199
#define FLOAT4OID 700
#define FLOAT8OID 701
#define NUMERICARRAYOID 1231
#define NUMERICOID 1700
#define JSONBOID 3802

#endif							/* DBA_PGTYPES_H */
