/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/dev, /proc/net/snmp, /proc/net/sockstat, inet_diag: bytes in, structs out. */
#ifndef COL_PARSE_NET_H
#define COL_PARSE_NET_H

#include <stddef.h>
#include <stdint.h>

#include "entry.h"

#define COL_PARSE_INTERFACE_NAME 32

/* One interface; counters since it appeared. */
struct col_parse_interface {
	char name[COL_PARSE_INTERFACE_NAME];
	uint64_t receive_bytes;
	uint64_t receive_packets;
	uint64_t receive_errors;
	uint64_t receive_drops;
	uint64_t transmit_bytes;
	uint64_t transmit_packets;
	uint64_t transmit_errors;
	uint64_t transmit_drops;
};

/*
 * col_parse_interfaces reads /proc/net/dev without the loopback.  Fills at
 * most max entries and returns how many, or SL_EMALFORMED if the two header
 * lines or a number is missing.
 */
int col_parse_interfaces(
    struct sl_slice text, struct col_parse_interface *out, size_t max);

/* Counters since boot, and how many connections are established now. */
struct col_parse_snmp {
	uint64_t tcp_established;
	uint64_t tcp_active_opens;
	uint64_t tcp_passive_opens;
	uint64_t tcp_segments_out;
	uint64_t tcp_retransmits;
	uint64_t udp_receive_errors;
};

/*
 * col_parse_snmp reads /proc/net/snmp by the names in its header lines.
 * Returns 0, or SL_EMALFORMED if the Tcp lines are missing, do not match or
 * lack what is read.
 */
int col_parse_snmp(struct sl_slice text, struct col_parse_snmp *out);

/* Sockets there are now. */
struct col_parse_sockstat {
	uint64_t used;
	uint64_t tcp_orphan;
	uint64_t tcp_time_wait;
	uint64_t tcp_memory_pages;
};

/* col_parse_sockstat reads /proc/net/sockstat.  Returns 0 or SL_EMALFORMED. */
int col_parse_sockstat(struct sl_slice text, struct col_parse_sockstat *out);

/* The kernel's TCP states; number and label. */
#define COL_PARSE_TCP_TABLE(X)                                                           \
	X(COL_TCP_ESTABLISHED, 1, "established")                                         \
	X(COL_TCP_SYN_SENT, 2, "syn_sent")                                               \
	X(COL_TCP_SYN_RECV, 3, "syn_recv")                                               \
	X(COL_TCP_FIN_WAIT1, 4, "fin_wait1")                                             \
	X(COL_TCP_FIN_WAIT2, 5, "fin_wait2")                                             \
	X(COL_TCP_TIME_WAIT, 6, "time_wait")                                             \
	X(COL_TCP_CLOSE, 7, "close")                                                     \
	X(COL_TCP_CLOSE_WAIT, 8, "close_wait")                                           \
	X(COL_TCP_LAST_ACK, 9, "last_ack")                                               \
	X(COL_TCP_LISTEN, 10, "listen")                                                  \
	X(COL_TCP_CLOSING, 11, "closing")

enum col_parse_tcp_state {
#define X(name, value, text) name = (value),
	COL_PARSE_TCP_TABLE(X)
#undef X
	    COL_TCP_STATES = 12, /* array size; 0 is unused */
};

/* Sockets by state. */
struct col_parse_tcp {
	uint64_t count[COL_TCP_STATES];
};

/*
 * col_parse_diag adds the sockets of one datagram of an inet_diag dump to
 * *out.  Returns 0 if more datagrams follow, 1 at the end of the dump,
 * SL_ESYS if the kernel reports an error, SL_EMALFORMED if a length does not
 * fit.
 */
int col_parse_diag(struct sl_slice datagram, struct col_parse_tcp *out);

/*
 * col_parse_tcp adds the sockets of /proc/net/tcp or tcp6 to *out: the way
 * where inet_diag is not permitted.  Returns 0 or SL_EMALFORMED.
 */
int col_parse_tcp(struct sl_slice text, struct col_parse_tcp *out);

#endif
