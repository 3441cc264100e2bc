/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach, journal and release across the deaths of either side: every event of
 * a resumable source is journaled exactly once, in order.
 *
 * The collector reads events 1 to EVENTS from an upstream that it can read
 * again, writes them into its ring and attaches the same segment again when the
 * aggregator was restarted; a new collector has a new segment and resumes
 * behind the position that the acceptance carries.  The aggregator journals an
 * event together with the ring's tail, then releases the space; before it
 * accepts a source again it has drained the source's former segment.
 *
 *	RELEASE_FIRST  must be caught: space released before the event is journaled
 *	SEEK_ADVICE    must be caught: after a restart the tail in the segment,
 *	               which lags behind, is taken for the journaled one
 *	SEEK_SILENT    must be caught: after a restart the space below the journaled
 *	               tail is not released; a full ring would stay full
 */
#define EVENTS   4
#define CAPACITY 2
#define DEATHS   2	/* of each side */

/* What survives both: the journal. */
byte journaled, journal_tail, journal_segment;

/* What survives one of them: the segment. */
byte ring[CAPACITY];
byte head, advice, segment;

/* The connection. */
bool offered, attached, fresh;
byte resume;		/* position that the acceptance carried */
bool finished;

inline journal_event(v, at)
{
	atomic {
		assert(v == journaled + 1);
		journaled = v;
		journal_tail = at + 1;
		journal_segment = segment
	}
}

/* At every step the process may be killed instead. */
#define MORTAL(deaths) if :: skip :: deaths < DEATHS -> deaths++; goto died fi

active proctype aggregator()
{
	byte tail, event, deaths;

restarted:
	do
	:: offered ->
		MORTAL(deaths);
		atomic {
			offered;
			offered = false;
			tail = 0;
			if
#ifdef SEEK_ADVICE
			:: journal_segment == segment -> tail = advice
#else
			:: journal_segment == segment -> tail = journal_tail
#endif
			:: else
			fi;
#ifndef SEEK_SILENT
			advice = tail;
#endif
			if
			:: fresh -> resume = journaled; fresh = false
			:: else
			fi;
			attached = true
		}
	:: attached && tail < head ->
		event = ring[tail % CAPACITY];
		MORTAL(deaths);
#ifdef RELEASE_FIRST
		advice = tail + 1;
		MORTAL(deaths);
		journal_event(event, tail);
#else
		journal_event(event, tail);
		MORTAL(deaths);
		advice = tail + 1;
#endif
		tail++
	:: finished && attached && tail == head ->
		assert(journaled == EVENTS);
		break
	od;
	goto over;
died:
	atomic { attached = false; offered = false }
	goto restarted;
over:	skip
}

active proctype collector()
{
	byte next, deaths;

started:
	atomic {
		segment++;
		head = 0; advice = 0; ring[0] = 0; ring[1] = 0;
		next = 0;
		fresh = true
	}
	do
	:: atomic { !attached && !offered -> offered = true }
	:: attached && !fresh && next == 0 -> next = resume + 1
	:: next > 0 && next <= EVENTS && head - advice < CAPACITY ->
		ring[head % CAPACITY] = next;
		MORTAL(deaths);
		head++;
		next++
	:: next > 0 && deaths < DEATHS -> deaths++; goto died
	:: next > EVENTS && advice == head -> break
	od;
	finished = true;
	/* Stays there for an aggregator that has still to look. */
end:	do
	:: atomic { !attached && !offered -> offered = true }
	od;
died:
	/* A living aggregator drains what is there and only then accepts the
	 * next one; with a dead one the segment is gone. */
	atomic { !attached || advice == head -> attached = false; offered = false }
	goto started;
}
