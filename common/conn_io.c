/* SPDX-License-Identifier: Apache-2.0 */
#include "conn_io.h"

#include <sys/socket.h>
#include <sys/uio.h>

static ssize_t plain_read(struct sl_conn_io *io, int fd, void *buf, size_t len)
{
	(void)io;
	return recv(fd, buf, len, MSG_DONTWAIT);
}

static ssize_t plain_write(struct sl_conn_io *io, int fd, const struct iovec *iov, int n)
{
	(void)io;
	/* The hot path: one frame, and send(2) needs no message header copied. */
	if (n == 1)
		return send(
		    fd, iov[0].iov_base, iov[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void plain_end(struct sl_conn_io *io, int fd)
{
	(void)io;
	shutdown(fd, SHUT_WR);
}

static void plain_free(struct sl_conn_io *io)
{
	(void)io;
}

struct sl_conn_io *sl_conn_io_plain(void)
{
	static const struct sl_conn_io_ops ops = {
	    plain_read, plain_write, plain_end, plain_free};
	static struct sl_conn_io plain = {.ops = &ops};

	return &plain;
}
