/* SPDX-License-Identifier: Apache-2.0 */
#include "diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"

/* The kernel fills datagrams of at most 32 KiB. */
#define DATAGRAM_MAX 32768

int col_diag_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? SL_ESYS : fd;
}

static int ask(int fd, int family, unsigned states)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
	    .header = {.nlmsg_len = sizeof(message),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .request = {.sdiag_family = (unsigned char)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = states},
	};

	return send(fd, &message, sizeof(message), 0) == (ssize_t)sizeof(message)
		   ? 0
		   : SL_ESYS;
}

static int count_family(int fd, int family, unsigned states, struct col_parse_tcp *out)
{
	_Alignas(struct nlmsghdr) char datagram[DATAGRAM_MAX];
	int rc = ask(fd, family, states);

	while (rc == 0) {
		/* A dump is produced while it is read, so nothing to read is an error. */
		ssize_t n = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return SL_ESYS;
		rc = col_parse_diag((struct sl_slice){datagram, (size_t)n}, out);
	}
	return rc > 0 ? 0 : rc;
}

int col_diag_count(int fd, unsigned states, struct col_parse_tcp *out)
{
	int rc = count_family(fd, AF_INET, states, out);

	return rc != 0 ? rc : count_family(fd, AF_INET6, states, out);
}
