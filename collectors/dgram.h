/* SPDX-License-Identifier: Apache-2.0 */
/* A socket of datagrams, UDP or unix, read many at a time; what it lost is counted. */
#ifndef COL_DGRAM_H
#define COL_DGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct event_base;
struct col_dgram;

/*
 * Called for each datagram; data holds until it returns.  Of one that is cut
 * the rest is lost: longer than COL_DGRAM_MAX, which UDP cannot be.
 */
typedef void col_dgram_fn(void *arg, const char *data, size_t len, bool cut);

#define COL_DGRAM_MAX 65536u

/* Size of the caller's buffer for one line that says what failed and where. */
#define COL_DGRAM_ERROR 256

/*
 * col_dgram_open_udp binds a numeric address (or "localhost") and port (0: any
 * free one); col_dgram_open_unix a socket's file, of mode 0666: who may send
 * is decided by its folder.  A file that nobody reads any more is replaced.
 * buffer_bytes is the kernel's receive buffer, as far as the system allows.
 * Both read on the loop of base.  Return 0, or SL_EINVAL, SL_ETOOBIG,
 * SL_EEXIST, SL_EDENIED, SL_ESYS with a line in error.
 */
int col_dgram_open_udp(struct event_base *base, const char *host, uint16_t port,
    size_t buffer_bytes, col_dgram_fn *fn, void *arg, struct col_dgram **out,
    char error[COL_DGRAM_ERROR]);
int col_dgram_open_unix(struct event_base *base, const char *path, size_t buffer_bytes,
    col_dgram_fn *fn, void *arg, struct col_dgram **out, char error[COL_DGRAM_ERROR]);

/* col_dgram_close ends it and removes a unix socket's file; NULL is ignored. */
void col_dgram_close(struct col_dgram *dgram);

/* col_dgram_port returns the UDP port, 0 of a unix socket. */
uint16_t col_dgram_port(const struct col_dgram *dgram);

/* col_dgram_buffer returns the bytes of the kernel's receive buffer. */
size_t col_dgram_buffer(const struct col_dgram *dgram);

/* col_dgram_drain takes what waits in the kernel now: before the end. */
void col_dgram_drain(struct col_dgram *dgram);

/*
 * col_dgram_dropped returns how many datagrams the kernel has dropped since the
 * socket was opened because its buffer was full: exact at any time.  Asks the
 * kernel; call it at least once in 2^32 drops.
 */
uint64_t col_dgram_dropped(struct col_dgram *dgram);

#endif
