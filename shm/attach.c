/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets and descriptors of the attach handshake. */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "fence.h"

#define BACKLOG 64

/* Segment and doorbell, and room to notice that there are more. */
#define HELLO_FDS 2
#define FDS_MAX   8

static int unix_address(const char *path, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(addr->sun_path))
		return SL_ETOOBIG;
	memcpy(addr->sun_path, path, strlen(path));
	return SL_OK;
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int fail_closing(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return SL_ESYS;
}

static int send_message(int fd, const struct msghdr *msg)
{
	ssize_t n;

	do
		n = sendmsg(fd, msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return SL_OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ||
	    errno == ETOOMANYREFS)
		return SL_EAGAIN;
	return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? SL_ECLOSED
									  : SL_ESYS;
}

/* ---- aggregator's side ------------------------------------------------------ */

int sl_attach_listen(const char *path, mode_t mode, int *out)
{
	struct sockaddr_un addr;
	struct stat st;

	if (unix_address(path, &addr) < 0)
		return SL_ETOOBIG;
	int fd = unix_socket();
	if (fd < 0)
		return SL_ESYS;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	/* The mode of the descriptor is what bind gives the file, less the
	 * umask; so it is never more open than asked for. */
	if (fchmod(fd, mode) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0)
		return fail_closing(fd);
	*out = fd;
	return SL_OK;
}

int sl_attach_accept(int listener, int *out, struct sl_attach_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd;

	do
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? SL_EAGAIN : SL_ESYS;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return fail_closing(fd);
	*peer = (struct sl_attach_peer){cred.pid, cred.uid, cred.gid};
	*out = fd;
	return SL_OK;
}

struct packet {
	unsigned char data[SL_ATTACH_MESSAGE_MAX + 1]; /* one more: too long shows */
	size_t len;
	int fds[FDS_MAX];
	size_t fd_count;
	bool truncated;
};

/* Collects every descriptor that the kernel has installed for us. */
static void collect_fds(struct packet *packet, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && packet->fd_count < FDS_MAX; i++)
			memcpy(&packet->fds[packet->fd_count++],
			    CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

static void close_fds(struct packet *packet)
{
	for (size_t i = 0; i < packet->fd_count; i++)
		close(packet->fds[i]);
	packet->fd_count = 0;
}

static int receive(int fd, struct packet *packet)
{
	/* The control buffer has exactly the space of FDS_MAX descriptors:
	 * the kernel closes what does not fit and says so. */
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec iov = {packet->data, sizeof(packet->data)};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? SL_EAGAIN : SL_ECLOSED;
	packet->len = (size_t)n;
	packet->fd_count = 0;
	packet->truncated = (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	collect_fds(packet, &msg);
	if (n == 0 && packet->fd_count == 0 && !packet->truncated)
		return SL_ECLOSED;
	return SL_OK;
}

int sl_attach_receive(
    int fd, struct sl_attach_offer *offer, char reason[SL_SEGMENT_REASON])
{
	struct packet packet;
	int err = receive(fd, &packet);

	if (err < 0)
		return err;
	if (packet.truncated || packet.len > SL_ATTACH_MESSAGE_MAX) {
		err = SL_EMALFORMED;
		snprintf(reason, SL_SEGMENT_REASON,
		    "hello is too long or has too many descriptors");
	} else if ((err = sl_attach_parse_hello(packet.data, packet.len, &offer->hello)) <
		   0) {
		snprintf(reason, SL_SEGMENT_REASON, "hello of %zu bytes: %s", packet.len,
		    sl_strerror(err));
	} else if (packet.fd_count != HELLO_FDS) {
		err = SL_EMALFORMED;
		snprintf(reason, SL_SEGMENT_REASON,
		    "hello with %zu descriptors, needs %d", packet.fd_count, HELLO_FDS);
	}
	if (err < 0) {
		close_fds(&packet);
		return err;
	}
	offer->segment_fd = packet.fds[0];
	offer->doorbell_fd = packet.fds[1];
	return SL_OK;
}

void sl_attach_offer_clear(struct sl_attach_offer *offer)
{
	if (offer->segment_fd >= 0)
		close(offer->segment_fd);
	if (offer->doorbell_fd >= 0)
		close(offer->doorbell_fd);
	offer->segment_fd = offer->doorbell_fd = -1;
}

/*
 * Is it an eventfd?  Anything else could put work into the loop that watches
 * it (an epoll set, a socket of somebody else).
 */
static int check_doorbell(int fd, char *reason)
{
	char path[48], target[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0) {
		snprintf(reason, SL_SEGMENT_REASON, "cannot check the doorbell: %s: %s",
		    path, strerror(errno));
		return SL_ESYS;
	}
	target[n] = '\0';
	if (strcmp(target, "anon_inode:[eventfd]") != 0) {
		snprintf(reason, SL_SEGMENT_REASON, "doorbell is not an eventfd");
		return SL_EINVAL;
	}
	return SL_OK;
}

int sl_attach_open(struct sl_attach_consumer *consumer, struct sl_attach_offer *offer,
    size_t ring_bytes_max, char reason[SL_SEGMENT_REASON])
{
	int err = check_doorbell(offer->doorbell_fd, reason);

	if (err == SL_OK)
		err = sl_segment_adopt(
		    &consumer->segment, offer->segment_fd, ring_bytes_max, reason);
	if (err < 0)
		return err;
	offer->segment_fd = -1;
	if (consumer->segment.id != offer->hello.segment_id) {
		snprintf(
		    reason, SL_SEGMENT_REASON, "hello and segment have different ids");
		sl_segment_close(&consumer->segment);
		return SL_EINVAL;
	}
	consumer->doorbell = offer->doorbell_fd;
	offer->doorbell_fd = -1;
	sl_ring_reader_init(&consumer->ring, &consumer->segment);
	sl_dict_reader_init(&consumer->dict, &consumer->segment);
	return SL_OK;
}

void sl_attach_close(struct sl_attach_consumer *consumer)
{
	if (consumer->segment.map_bytes == 0)
		return;
	sl_segment_close(&consumer->segment);
	close(consumer->doorbell);
	consumer->doorbell = -1;
}

static int send_answer(int fd, const struct sl_attach_answer *answer)
{
	unsigned char out[SL_ATTACH_MESSAGE_MAX];
	struct iovec iov = {out, sl_attach_pack_answer(out, answer)};

	return send_message(fd, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1});
}

int sl_attach_send_accepted(int fd, const struct sl_attach_hello *hello,
    const struct sl_attach_positions *positions)
{
	return send_answer(
	    fd, &(struct sl_attach_answer){.kind = SL_ATTACH_ACCEPTED,
		    .positions = *positions,
		    .heavy_fence = hello->registered && sl_fence_available()});
}

int sl_attach_send_refused(int fd, const char *reason)
{
	struct sl_attach_answer answer = {.kind = SL_ATTACH_REFUSED};

	snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
	return send_answer(fd, &answer);
}

int sl_attach_send_progress(int fd, const struct sl_attach_positions *positions)
{
	return send_answer(fd, &(struct sl_attach_answer){
				   .kind = SL_ATTACH_PROGRESS, .positions = *positions});
}

/* ---- collector's side ------------------------------------------------------- */

int sl_attach_connect(const char *path, int *out)
{
	struct sockaddr_un addr;

	if (unix_address(path, &addr) < 0)
		return SL_ETOOBIG;
	int fd = unix_socket();
	if (fd < 0)
		return SL_ESYS;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		/* Not there, not listening, or its backlog is full. */
		bool later = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN;

		fail_closing(fd);
		return later ? SL_EAGAIN : SL_ESYS;
	}
	*out = fd;
	return SL_OK;
}

int sl_attach_send_hello(
    int fd, const struct sl_attach_hello *hello, int segment_fd, int doorbell_fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(HELLO_FDS * sizeof(int))] = {0};
	unsigned char out[SL_ATTACH_MESSAGE_MAX];
	struct iovec iov = {out, sl_attach_pack_hello(out, hello)};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[HELLO_FDS] = {segment_fd, doorbell_fd};

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return send_message(fd, &msg);
}

int sl_attach_receive_answer(int fd, struct sl_attach_answer *answer)
{
	struct packet packet;
	int err = receive(fd, &packet);

	if (err < 0)
		return err;
	close_fds(&packet); /* none belongs to an answer */
	if (packet.truncated || packet.len > SL_ATTACH_MESSAGE_MAX)
		return SL_EMALFORMED;
	return sl_attach_parse_answer(packet.data, packet.len, answer);
}
