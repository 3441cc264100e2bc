/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a peer: IPv4, IPv6, or a unix socket without one. */
#ifndef SL_ADDR_H
#define SL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum sl_addr_family { SL_ADDR_UNIX = 0, SL_ADDR_V4 = 4, SL_ADDR_V6 = 6 };

/*
 * A value without padding or pointers: comparable, usable as a hash key.  An
 * IPv4 address uses ip[0..4), an IPv4-mapped IPv6 address becomes IPv4; what
 * is unused is zero.
 */
struct sl_addr {
	uint8_t family; /* enum sl_addr_family */
	uint8_t reserved;
	uint16_t port; /* host byte order */
	uint8_t ip[16];
};

/* Size of a buffer for sl_addr_format: "[<ipv6>]:65535" and NUL. */
#define SL_ADDR_TEXT 64

/* sl_addr_from_sockaddr converts what accept(2) or getpeername(2) returned. */
void sl_addr_from_sockaddr(struct sl_addr *addr, const struct sockaddr *sa, size_t len);

/*
 * sl_addr_parse reads a numeric IPv4 or IPv6 address without port or brackets;
 * port becomes 0.  Returns 0 or SL_EMALFORMED.
 */
int sl_addr_parse(struct sl_addr *addr, const char *text, size_t len);

/* sl_addr_format writes "1.2.3.4:80", "[::1]:80" or "unix"; returns out. */
const char *sl_addr_format(const struct sl_addr *addr, char out[SL_ADDR_TEXT]);

/* sl_addr_format_ip writes the address without its port; returns out. */
const char *sl_addr_format_ip(const struct sl_addr *addr, char out[SL_ADDR_TEXT]);

/* sl_addr_same_ip compares two addresses without their ports. */
bool sl_addr_same_ip(const struct sl_addr *a, const struct sl_addr *b);

/*
 * sl_addr_parse_network reads "10.1.2.3" or "10.0.0.0/8" (IPv6 as well) and how
 * many bits of the address count.  Returns 0 or SL_EMALFORMED.
 */
int sl_addr_parse_network(struct sl_addr *base, int *bits, const char *text);

/* sl_addr_in_network says whether an address is in such a network; a malformed one has
 * none. */
bool sl_addr_in_network(const struct sl_addr *addr, const char *network);

/* sl_addr_is_loopback says whether the peer is on this host (127/8, ::1, unix). */
bool sl_addr_is_loopback(const struct sl_addr *addr);

#endif
