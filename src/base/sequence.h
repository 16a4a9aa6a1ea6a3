/*
 * sequence.h
 *	  Where a sequence stands, whoever asks.
 */
#ifndef DB_ADAPTER_SEQUENCE_H
#define DB_ADAPTER_SEQUENCE_H

/*
 * The last number that it gave: PG_INT64_MIN where it has given none, PG_INT64_MAX where
 * it counts down.
 */
extern int64 sequence_last(Oid sequence);

#endif							/* DB_ADAPTER_SEQUENCE_H */
