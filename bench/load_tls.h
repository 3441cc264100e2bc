/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of a load's client; whoever answers is trusted. */
#ifndef BENCH_LOAD_TLS_H
#define BENCH_LOAD_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct load_tls;

/* load_tls_new begins a connection on a non-blocking socket. */
struct load_tls *load_tls_new(int fd);

/* load_tls_free ends it.  Accepts NULL. */
void load_tls_free(struct load_tls *tls);

/* load_tls_shake goes on with the handshake: 1 done, 0 not yet, -1 failed. */
int load_tls_shake(struct load_tls *tls);

/* load_tls_read and load_tls_write are recv(2) and send(2). */
ssize_t load_tls_read(struct load_tls *tls, void *data, size_t len);
ssize_t load_tls_write(struct load_tls *tls, const void *data, size_t len);

#endif
