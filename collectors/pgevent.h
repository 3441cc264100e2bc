/* SPDX-License-Identifier: Apache-2.0 */
/* A change of a row as the payload of an event. */
#ifndef COL_PGEVENT_H
#define COL_PGEVENT_H

#include <stddef.h>

#include "buf.h"
#include "pgoutput.h"
#include "pgtable.h"

/*
 * col_pgevent_change writes the payload of an insert, update or delete, in
 * place of what was in the buffer, and gives the event's type: NULL if the
 * table makes no event of it.  Values longer than value_max bytes are cut and
 * named in "truncated"; a payload past SIGHTLINE_PAYLOAD_MAX is written again
 * with shorter values, and last with the key alone.  Pure but for memory.
 *
 * Fields are the columns that the table's configuration names: numbers,
 * booleans and JSON as such, all else as text.  NULL, and what the server did
 * not send, is left out.  An update of the key has the old one in old_…, one
 * of the watched column its old_… and new_….
 */
const char *col_pgevent_change(const struct col_pgtable *table,
    const struct col_pgoutput *message, size_t value_max, struct sl_buf *payload);

/* col_pgevent_truncate does the same for one table of a truncate. */
const char *col_pgevent_truncate(const struct col_pgtable *table,
    const struct col_pgoutput *message, struct sl_buf *payload);

#endif
