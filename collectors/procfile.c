/* SPDX-License-Identifier: Apache-2.0 */
#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

#define CHUNK 8192u

static int fail(struct col_procfile *file, int error)
{
	int code = error == ENOENT || error == ENODEV ? SL_ENOTFOUND : SL_ESYS;

	if (!file->failed)
		sl_log(code == SL_ENOTFOUND ? SL_LOG_INFO : SL_LOG_WARN, "read",
		    "cannot read path=%s error=\"%s\"", file->path, strerror(error));
	file->failed = true;
	/* What it was opened on may be gone for good; a new file may have its name. */
	col_procfile_close(file);
	return code;
}

int col_procfile_read(
    struct col_procfile *file, struct sl_buf *buf, struct sl_slice *text)
{
	if (file->fd < 0) {
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
		if (file->fd < 0)
			return fail(file, errno);
	}
	sl_buf_reset(buf);
	for (;;) {
		char *at = sl_buf_reserve(buf, CHUNK);
		ssize_t n = pread(file->fd, at, buf->cap - buf->len, (off_t)buf->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(file, errno);
		if (n == 0)
			break;
		buf->len += (size_t)n;
		if (buf->len > COL_PROCFILE_MAX) {
			fail(file, EFBIG);
			return SL_ETOOBIG;
		}
	}
	*text = (struct sl_slice){buf->data, buf->len};
	return 0;
}

void col_procfile_reject(struct col_procfile *file)
{
	if (!file->failed)
		sl_log_warn("read", "contents not understood path=%s", file->path);
	file->failed = true;
}

void col_procfile_close(struct col_procfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
