/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection's bytes get through its socket: as they are, or as TLS. */
#ifndef SL_CONN_IO_H
#define SL_CONN_IO_H

#include <stdbool.h>
#include <sys/types.h>

struct iovec;
struct sl_conn_io;

/*
 * read and write behave like recv(2) and sendmsg(2) on a non-blocking socket: -1
 * with errno EAGAIN when nothing can be done now.  Bytes that write did not take
 * are offered again, first, with the same contents, wherever they lie then.
 * end tells the peer that nothing more follows; free gives the io's own memory
 * back, not the socket.
 */
struct sl_conn_io_ops {
	ssize_t (*read)(struct sl_conn_io *io, int fd, void *buf, size_t len);
	ssize_t (*write)(struct sl_conn_io *io, int fd, const struct iovec *iov, int n);
	void (*end)(struct sl_conn_io *io, int fd);
	void (*free)(struct sl_conn_io *io);
};

/* First member of whatever state an io has. */
struct sl_conn_io {
	const struct sl_conn_io_ops *ops;
	bool wants_write; /* read cannot go on before the socket takes something */
};

/* sl_conn_io_plain returns the io of clear text, which all such connections share. */
struct sl_conn_io *sl_conn_io_plain(void);

#endif
