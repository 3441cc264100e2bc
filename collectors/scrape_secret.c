/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "error.h"

static int refuse(char error[COL_SCRAPE_SECRET_ERROR], int code, const char *why)
{
	snprintf(error, COL_SCRAPE_SECRET_ERROR, "%s", why);
	return code;
}

int col_scrape_secret_parse(struct sl_slice text, bool basic, struct sl_buf *out,
    char error[COL_SCRAPE_SECRET_ERROR])
{
	col_scrape_secret_wipe(out);
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	if (text.len > 0 && text.data[text.len - 1] == '\r')
		text.len--;
	if (text.len == 0)
		return refuse(error, SL_EINVAL, "it is empty");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c < (basic ? 0x20 : 0x21) || c > 0x7e)
			return refuse(error, SL_EINVAL,
			    basic ? "it is not one line of ASCII, user:password"
				  : "it is not one line of ASCII without blanks");
	}
	const char *colon = memchr(text.data, ':', text.len);
	if (basic && (colon == NULL || colon == text.data))
		return refuse(error, SL_EINVAL, "it is not user:password");
	sl_buf_add(out, text.data, text.len);
	return 0;
}

int col_scrape_secret_load(
    const char *path, bool basic, struct sl_buf *out, char error[COL_SCRAPE_SECRET_ERROR])
{
	char text[COL_SCRAPE_SECRET_MAX + 1];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0) {
		int code = refuse(error, SL_ESYS, strerror(errno));
		if (fd >= 0)
			close(fd);
		return code;
	}
	ssize_t n = S_ISREG(st.st_mode) ? read(fd, text, sizeof(text)) : -1;
	close(fd);
	if (n < 0 || n > COL_SCRAPE_SECRET_MAX)
		return refuse(error, SL_EINVAL, "it is no file of at most 4096 bytes");
	int rc = (st.st_mode & (S_IRWXO | S_IWGRP)) != 0
		     ? refuse(error, SL_EDENIED,
			   "others than its owner and group may read or write it: chmod "
			   "640")
		     : col_scrape_secret_parse(
			   (struct sl_slice){text, (size_t)n}, basic, out, error);
	sl_crypto_wipe(text, sizeof(text));
	return rc;
}

void col_scrape_secret_wipe(struct sl_buf *secret)
{
	if (secret->data != NULL)
		sl_crypto_wipe(secret->data, secret->cap);
	sl_buf_clear(secret);
}
