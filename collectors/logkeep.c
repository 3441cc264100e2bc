/* SPDX-License-Identifier: Apache-2.0 */
#include "logkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "log.h"

#define RENEW_BYTES (256u * 1024u)
#define READ_MAX    (256u * 1024u * 1024u)

/* ---- reading ------------------------------------------------------------------------
 */

/* Returns 0, or -1 with errno; a file that does not exist is empty. */
static int read_all(const char *path, struct sl_buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	do {
		n = read(fd, sl_buf_reserve(out, 65536), 65536);
		if (n > 0)
			out->len += (size_t)n;
	} while ((n > 0 && out->len < READ_MAX) || (n < 0 && errno == EINTR));
	int error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

static void set_aside(const char *path)
{
	char aside[SL_PATHS_MAX + 16];

	snprintf(aside, sizeof(aside), "%s.damaged", path);
	sl_log_error("state", "damaged, kept as file=\"%s\": beginning anew", aside);
	if (rename(path, aside) != 0)
		sl_log_warn("state", "cannot rename file=\"%s\" reason=\"%s\"", path,
		    strerror(errno));
}

static int fail(struct col_logkeep *keep, const char *what)
{
	if (!keep->failing)
		sl_log_error("state", "cannot %s file=\"%s\" reason=\"%s\"", what,
		    keep->path, strerror(errno));
	keep->failing = true;
	return SL_ESYS;
}

int col_logkeep_open(
    struct col_logkeep *keep, const char *path, struct col_logstate *state, bool *fresh)
{
	struct sl_buf text = {0};
	struct stat info;

	snprintf(keep->path, sizeof(keep->path), "%s", path);
	if (stat(path, &info) == 0)
		keep->written_ns =
		    info.st_mtim.tv_sec * SL_NS_PER_S + info.st_mtim.tv_nsec;
	if (read_all(path, &text) != 0) {
		sl_buf_clear(&text);
		return fail(keep, "read");
	}
	*fresh = text.len == 0 || col_logstate_read(state, text.data, text.len) != 0;
	if (*fresh && text.len > 0)
		set_aside(path);
	sl_buf_clear(&text);
	if (*fresh) {
		uint64_t line;

		sl_crypto_random(&line, sizeof(line));
		col_logstate_init(state, line);
	}
	keep->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (keep->fd < 0)
		return fail(keep, "open");
	if (flock(keep->fd, LOCK_EX | LOCK_NB) != 0)
		return fail(keep, "lock (is another collector using it?)");
	return 0;
}

void col_logkeep_close(struct col_logkeep *keep)
{
	if (keep->fd >= 0)
		close(keep->fd);
	keep->fd = -1;
	sl_buf_clear(&keep->pending);
}

/* ---- writing ------------------------------------------------------------------------
 */

static int write_all(int fd, const char *data, size_t len, size_t *written)
{
	for (*written = 0; *written < len;) {
		ssize_t n = write(fd, data + *written, len - *written);

		if (n > 0)
			*written += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return -1;
	}
	return 0;
}

int col_logkeep_flush(struct col_logkeep *keep)
{
	size_t written;

	if (keep->pending.len == 0)
		return 0;
	int rc = write_all(keep->fd, keep->pending.data, keep->pending.len, &written);
	keep->bytes += written;
	sl_buf_drop(&keep->pending, written);
	if (rc != 0)
		return fail(keep, "write");
	if (keep->failing)
		sl_log_info("state", "written again file=\"%s\"", keep->path);
	keep->failing = false;
	return 0;
}

/* The new file is locked before it has the name, so that it is never free. */
void col_logkeep_renew(struct col_logkeep *keep, struct col_logstate *state, bool always)
{
	char next[SL_PATHS_MAX + 16];
	struct sl_buf text = {0};
	size_t written;

	if (!always && keep->bytes + keep->pending.len < RENEW_BYTES)
		return;
	col_logstate_sweep(state);
	col_logstate_write(state, &text);
	snprintf(next, sizeof(next), "%s.new", keep->path);
	int fd = open(next, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ||
	    write_all(fd, text.data, text.len, &written) != 0 || fdatasync(fd) != 0 ||
	    rename(next, keep->path) != 0) {
		fail(keep, "renew");
		if (fd >= 0)
			close(fd);
	} else {
		close(keep->fd);
		keep->fd = fd;
		keep->bytes = 0;
		sl_buf_reset(&keep->pending);
	}
	sl_buf_clear(&text);
}
