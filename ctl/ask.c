/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/error.h"
#include "common/loop.h"
#include "common/uuid.h"
#include "token.h"

int ctl_ask_connect(const char *path, int type)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;

	if (strlen(path) >= sizeof(addr.sun_path))
		error = ENAMETOOLONG;
	else
		strcpy(addr.sun_path, path);
	if (fd < 0)
		return errno;
	if (error == 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		error = errno;
	close(fd);
	return error;
}

int ctl_ask_check(struct ctl *ctl)
{
	int error = ctl_ask_connect(ctl->paths.req, SOCK_STREAM);

	if (error == 0)
		return EX_OK;
	if (error == EACCES || error == EPERM)
		return ctl_complain(EX_NOPERM,
		    "%s: not permitted: be root, its user, or in its group",
		    ctl->paths.req);
	return ctl_complain(EX_UNAVAILABLE,
	    "the aggregator is not running (%s: %s); `sightlinectl doctor` tells more",
	    ctl->paths.req, strerror(error));
}

static bool needs_token(enum sl_msg_request_kind kind)
{
	switch (kind) {
#define X(name, value, text, token)                                                      \
	case name:                                                                       \
		return token;
		SL_MSG_REQUEST_TABLE(X)
#undef X
	}
	return true;
}

int ctl_ask_pack(
    struct ctl *ctl, enum sl_msg_request_kind kind, const char *body, struct sl_buf *out)
{
	uint8_t id[SL_UUID_BYTES];
	char text[SL_UUID_TEXT];
	struct sl_buf token = {0};
	int code = EX_OK;

	sl_uuid_make(id);
	sl_uuid_format(id, text);
	if (needs_token(kind))
		code = ctl_token_own(ctl, &token);
	if (code == EX_OK) {
		struct sl_msg_request request = {.kind = kind,
		    .id = {text, strlen(text)},
		    .peer = {"ctl", 3},
		    .token = {token.data, token.len},
		    .body = {body, body ? strlen(body) : 0}};

		sl_msg_request_pack(out, &request);
	}
	sl_buf_clear(&token);
	return code;
}

struct wait {
	struct event_base *base;
	struct sl_buf *bytes;
	int error;
};

static void on_done(void *arg, int error, const void *data, size_t len)
{
	struct wait *wait = arg;

	wait->error = error;
	if (error == 0)
		sl_buf_add(wait->bytes, data, len);
	event_base_loopbreak(wait->base);
}

/* Sends what is packed and turns the loop until it is answered or given up. */
static int exchange(struct ctl *ctl, const struct sl_buf *packed, struct sl_buf *bytes)
{
	struct wait wait = {.base = sl_loop_new(), .bytes = bytes, .error = SL_ETIMEOUT};
	struct sl_bus_client_options options = {
	    .base = wait.base, .run_dir = ctl->paths.run};
	struct sl_bus_client *client = NULL;

	if (!wait.base)
		return SL_ENOMEM;
	int rc = sl_bus_client_open(&client, &options);

	if (rc == 0)
		rc = sl_bus_client_request(client, packed->data, packed->len,
		    SL_BUS_TIMEOUT_MS, on_done, &wait, NULL);
	if (rc == 0) {
		event_base_dispatch(wait.base);
		rc = wait.error;
	}
	sl_bus_client_close(client);
	event_base_free(wait.base);
	return rc;
}

static int complain_problem(const struct sl_msg_reply *reply)
{
	static const struct {
		int status, code;
	} codes[] = {{400, EX_USAGE}, {401, EX_NOPERM}, {403, EX_NOPERM},
	    {404, EX_NOINPUT}, {503, EX_TEMPFAIL}};
	int code = EX_SOFTWARE;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].status == reply->status)
			code = codes[i].code;
	return ctl_complain(code, "the aggregator answers %u %.*s: %.*s", reply->status,
	    (int)reply->problem.len, reply->problem.data, (int)reply->detail.len,
	    reply->detail.data);
}

int ctl_ask(struct ctl *ctl, enum sl_msg_request_kind kind, const char *body,
    struct ctl_answer *answer)
{
	struct sl_buf packed = {0};
	int code = ctl_ask_check(ctl);

	*answer = (struct ctl_answer){0};
	if (code == EX_OK)
		code = ctl_ask_pack(ctl, kind, body, &packed);
	if (code != EX_OK) {
		sl_buf_clear(&packed);
		return code;
	}
	int rc = exchange(ctl, &packed, &answer->bytes);

	sl_buf_clear(&packed);
	if (rc == 0)
		rc = sl_msg_reply_read(
		    answer->bytes.data, answer->bytes.len, &answer->reply);
	if (rc == SL_ETIMEOUT)
		code = ctl_complain(EX_UNAVAILABLE,
		    "the aggregator does not answer within %d s",
		    SL_BUS_TIMEOUT_MS / 1000);
	else if (rc != 0)
		code = ctl_complain(
		    EX_PROTOCOL, "the aggregator's answer: %s", sl_strerror(rc));
	else if (answer->reply.status >= 400)
		code = complain_problem(&answer->reply);
	if (code != EX_OK)
		ctl_answer_clear(answer);
	return code;
}

void ctl_answer_clear(struct ctl_answer *answer)
{
	sl_buf_clear(&answer->bytes);
}
