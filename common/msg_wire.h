/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of messages have in common.  Only for the files msg_*.c. */
#ifndef SL_MSG_WIRE_H
#define SL_MSG_WIRE_H

#include "msg.h"
#include "pack.h"
#include "unpack.h"

/* sl_msg_wire_begin appends the head of a message of this many more fields. */
void sl_msg_wire_begin(struct sl_buf *out, enum sl_msg_kind kind, uint32_t fields);

/* sl_msg_wire_list opens the list that ends a message; sl_msg_list_end closes it. */
void sl_msg_wire_list(struct sl_msg_list_writer *w, struct sl_buf *out);

/* sl_msg_wire_open reads it: SL_EVERSION before anything else is looked at. */
void sl_msg_wire_open(struct sl_unpack *u, const void *data, size_t len,
    enum sl_msg_kind kind, uint32_t fields);

/* sl_msg_wire_entry reads one entry and tells the bytes that it stands in. */
void sl_msg_wire_entry(
    struct sl_unpack *u, struct sl_entry *entry, struct sl_slice *packed);

#endif
