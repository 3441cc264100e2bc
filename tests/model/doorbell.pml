/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sleep protocol of shm/ring_write.c and ring_read.c: no wake-up is lost.
 *
 * The producer's stores go through a store buffer, as on x86: head becomes
 * visible some time after it was stored, also after the load of asleep.
 *
 *	FENCED     the producer's accesses are seq_cst: it waits for its buffer
 *	HEAVY      the consumer's sl_fence_heavy empties the producer's buffer
 *	neither    must be caught: the missing fence
 *	NORECHECK  must be caught: the consumer sleeps without looking again
 *
 * A lost wake-up is a deadlock: an invalid end state.
 */
#define RECORDS 3

byte head, stored;        /* in memory; in the producer's store buffer */
bool buffered;
byte asleep;
bool rung;                /* an edge that the consumer has not seen */

active proctype store_buffer()
{
end:	do
	:: atomic { buffered -> head = stored; buffered = false }
	od
}

active proctype producer()
{
	byte n = 0;

	do
	:: n < RECORDS ->
		n++;
		atomic { !buffered -> stored = n; buffered = true }
#ifdef FENCED
		!buffered;
#endif
		if
		:: asleep ->
			/* An exchange waits for the buffer too. */
			atomic {
				!buffered;
				if
				:: asleep -> asleep = 0; rung = true
				:: else
				fi
			}
		:: else
		fi
	:: else -> break
	od
}

active proctype consumer()
{
	byte tail = 0;

	do
	:: tail == RECORDS -> break
	:: tail < RECORDS && head > tail -> tail = head
	:: tail < RECORDS && head == tail ->
		asleep = 1;
#ifdef HEAVY
		!buffered;
#endif
		if
#ifndef NORECHECK
		:: head != tail
#endif
		:: head == tail -> rung; rung = false
#ifdef NORECHECK
		:: head != tail -> rung; rung = false
#endif
		fi;
		asleep = 0
	od
}
