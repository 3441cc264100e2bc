/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel over netlink how many TCP sockets are in which state. */
#ifndef COL_DIAG_H
#define COL_DIAG_H

#include "parse_net.h"

/*
 * col_diag_open opens a netlink socket for col_diag_count; the caller closes
 * it.  SL_ESYS, with errno, where the kernel or the sandbox does not allow it.
 */
int col_diag_open(void);

/*
 * col_diag_count adds the TCP sockets of both families that are in one of the
 * states (bits 1 << state) to *out.  The kernel answers at once and within
 * the call: it does not block.  Returns 0 or SL_ESYS, SL_EMALFORMED.
 */
int col_diag_count(int fd, unsigned states, struct col_parse_tcp *out);

#endif
