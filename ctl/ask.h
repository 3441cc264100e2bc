/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the aggregator, and its answer. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "common/msg.h"
#include "ctl.h"

struct event_base;
struct sl_bus_client;

/* An answer; its slices point into bytes. */
struct ctl_answer {
	struct sl_buf bytes;
	struct sl_msg_reply reply;
};

/*
 * ctl_ask sends a request of its own, with a token where the request needs
 * one, and waits up to 2 s.  body is a JSON object or NULL.  Returns EX_OK with
 * an answer below 400, for ctl_answer_clear; or an exit code after one line on
 * stderr: EX_UNAVAILABLE if nobody answers, else what the problem means.
 */
int ctl_ask(struct ctl *ctl, enum sl_msg_request_kind kind, const char *body,
    struct ctl_answer *answer);
void ctl_answer_clear(struct ctl_answer *answer);

/* ctl_ask_check is EX_OK if somebody listens for requests; else as above. */
int ctl_ask_check(struct ctl *ctl);

/* ctl_ask_pack appends a request with a fresh id; an exit code as above. */
int ctl_ask_pack(
    struct ctl *ctl, enum sl_msg_request_kind kind, const char *body, struct sl_buf *out);

/*
 * ctl_ask_connect: 0 if somebody listens on a unix socket of this type
 * (SOCK_STREAM, SOCK_SEQPACKET), else errno.
 */
int ctl_ask_connect(const char *path, int type);

#endif
