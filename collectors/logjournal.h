/* SPDX-License-Identifier: Apache-2.0 */
/* The systemd journal as a log.  The home of libsystemd. */
#ifndef COL_LOGJOURNAL_H
#define COL_LOGJOURNAL_H

#include <event2/event.h>

#include "logread.h"

/*
 * Design notes.  An entry of a journal has a sequence number within a series of
 * them that has a 128-bit name; what is one machine's is one series.  So the
 * series is the file, in the sense of logstate.h, its name the identity, and the
 * sequence number the offset.  Entries of another series (a journal that was
 * copied from elsewhere) are another file.  An entry becomes a line as syslog
 * would have written it, with the fields that the patterns for files look at.
 *
 * libsystemd rather than a child "journalctl": a daemon here starts no programs,
 * and a child would have to be restarted, and its output parsed.
 */
struct col_logjournal;

/*
 * col_logjournal_open opens the journal of a section and goes on where the state
 * says, or begins; set is the index of its rules.  fn is called from the loop
 * when there may be new entries.  Returns NULL after a log line where there is no
 * journal that can be read.
 */
struct col_logjournal *col_logjournal_open(struct col_logread *read,
    const struct sl_config_log_journal *config, size_t set, struct event_base *loop,
    void (*fn)(void *arg), void *arg);
void col_logjournal_close(struct col_logjournal *journal);

/* col_logjournal_has says whether a file of the state is a series of this journal. */
bool col_logjournal_has(const struct col_logjournal *journal, uint32_t number);

/* col_logjournal_turn reads a bounded part of what is new. */
enum col_logread_result col_logjournal_turn(struct col_logjournal *journal);

#endif
