/* SPDX-License-Identifier: Apache-2.0 */
#include "tail.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "common/bus.h"
#include "common/catalog.h"
#include "common/error.h"
#include "common/flow.h"
#include "common/loop.h"
#include "tail_line.h"
#include "view.h"

#define STATE_MS 1000 /* the state is asked for at most this often */

struct tail {
	struct ctl *ctl;
	struct event_base *base;
	struct sl_bus_client *client;
	struct sl_flow flow;
	struct ctl_view view;
	struct ctl_tail_filter filter;
	long left; /* lines until the end; -1: no end */
	bool asking_state;
	bool asking_page;
	bool take_metrics;   /* of the batch that is being read */
	struct event *later; /* asks the state again */
	int code;
};

static void ask_state(struct tail *tail);
static void ask_page(struct tail *tail);

static void end(struct tail *tail, int code)
{
	tail->code = code;
	event_base_loopbreak(tail->base);
}

/* Ends a line; the program, too, when its reader has gone or enough are out. */
static void line_out(struct tail *tail)
{
	if (putchar('\n') == EOF || fflush(stdout) == EOF)
		end(tail, errno == EPIPE ? EX_OK : EX_IOERR);
	if (tail->left > 0 && --tail->left == 0)
		end(tail, EX_OK);
}

/* ---- following ---- */

static int on_head(void *arg, const struct sl_msg_batch_head *head)
{
	struct tail *tail = arg;
	enum sl_flow_batch verdict = sl_flow_head(&tail->flow, head);

	tail->take_metrics = verdict == SL_FLOW_FOLLOWS || verdict == SL_FLOW_LOST;
	if (verdict == SL_FLOW_LOST || verdict == SL_FLOW_APART)
		ask_state(tail);
	return verdict == SL_FLOW_APART ? SL_EAGAIN : 0;
}

static int on_def(void *arg, const struct sl_msg_metric_def *def)
{
	return ctl_view_define(&((struct tail *)arg)->view, def);
}

/* A keyframe repeats what is known: only what differs is news. */
static int on_metric(void *arg, const struct sl_msg_metric *metric)
{
	struct tail *tail = arg;
	struct sl_msg_metric old = {0};

	if (metric->id < tail->view.count)
		old = tail->view.metric[metric->id].newest;
	if (!tail->take_metrics)
		return 0;
	const struct ctl_metric *m = ctl_view_update(&tail->view, metric);

	bool news = old.ts_us != metric->ts_us || old.stale != metric->stale ||
		    old.status != metric->status;

	if (m && news && tail->left != 0 && ctl_tail_line_metric(&tail->filter, m))
		line_out(tail);
	return 0;
}

static int on_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	struct tail *tail = arg;

	(void)packed;
	switch (sl_flow_entry(&tail->flow, (int)entry->stream, entry->seq)) {
	case SL_FLOW_NEXT:
		if (tail->left != 0 && ctl_tail_line_entry(&tail->filter, entry))
			line_out(tail);
		break;
	case SL_FLOW_GAP:
		ask_page(tail);
		break;
	case SL_FLOW_DUPLICATE:
	case SL_FLOW_HELD:
		break;
	}
	return 0;
}

static void on_batch(void *arg, const void *data, size_t len)
{
	static const struct sl_msg_batch_sink sink = {
	    .head = on_head, .def = on_def, .metric = on_metric, .entry = on_entry};
	int rc = sl_msg_batch_read(data, len, &sink, arg);

	if (rc != 0 && rc != SL_EAGAIN)
		ctl_complain(0, "a batch was left out: %s", sl_strerror(rc));
}

struct join {
	struct tail *tail;
	const struct sl_msg_reply *reply;
};

static int join_head(void *arg, const struct sl_msg_batch_head *head)
{
	struct join *join = arg;
	struct tail *tail = join->tail;

	if (sl_flow_join(&tail->flow, head, join->reply->next, join->reply->control_next))
		ctl_view_clear(&tail->view);
	return 0;
}

static int join_def(void *arg, const struct sl_msg_metric_def *def)
{
	return ctl_view_define(&((struct join *)arg)->tail->view, def);
}

static int join_metric(void *arg, const struct sl_msg_metric *metric)
{
	ctl_view_update(&((struct join *)arg)->tail->view, metric);
	return 0;
}

static void on_state(void *arg, int error, const void *data, size_t len)
{
	static const struct sl_msg_batch_sink sink = {
	    .head = join_head, .def = join_def, .metric = join_metric};
	struct tail *tail = arg;
	struct sl_msg_reply reply;
	struct join join = {tail, &reply};

	tail->asking_state = false;
	if (error == SL_ECLOSED)
		return;
	if (error == 0)
		error = sl_msg_reply_read(data, len, &reply);
	if (error == 0 && reply.status < 400)
		error = sl_msg_batch_read(reply.body.data, reply.body.len, &sink, &join);
	if (error == SL_ETIMEOUT)
		ctl_complain(0, "waiting for the aggregator");
	else if (error != 0)
		end(tail, ctl_complain(EX_PROTOCOL, "the aggregator's state: %s",
			      sl_strerror(error)));
	if (!tail->flow.joined)
		ask_state(tail);
	ask_page(tail);
}

static void request(
    struct tail *tail, enum sl_msg_request_kind kind, const char *body, sl_bus_done done)
{
	struct sl_buf packed = {0};
	int code = ctl_ask_pack(tail->ctl, kind, body, &packed);

	if (code != EX_OK || sl_bus_client_request(tail->client, packed.data, packed.len,
				 SL_BUS_TIMEOUT_MS, done, tail, NULL) != 0)
		end(tail, code ? code : EX_OSERR);
	sl_buf_clear(&packed);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct tail *tail = arg;

	(void)fd;
	(void)what;
	tail->asking_state = true;
	request(tail, SL_REQ_STATE, NULL, on_state);
}

static void ask_state(struct tail *tail)
{
	const struct timeval delay = sl_loop_ms(STATE_MS);

	if (!tail->asking_state && !event_pending(tail->later, EV_TIMEOUT, NULL))
		event_add(tail->later, &delay);
}

static void on_page(void *arg, int error, const void *data, size_t len)
{
	struct tail *tail = arg;
	struct sl_msg_reply reply;
	struct sl_msg_page_head head;

	tail->asking_page = false;
	if (error == 0)
		error = sl_msg_reply_read(data, len, &reply);
	if (error != 0 || reply.status >= 400)
		return;
	error = sl_msg_page_read(reply.body.data, reply.body.len, &head, NULL, NULL);
	if (error != 0 || head.epoch != tail->flow.epoch)
		return;
	uint64_t lost = sl_flow_skip(&tail->flow, (int)head.stream, head.oldest);

	if (lost > 0)
		ctl_complain(0, "%llu entries of log %s are no longer kept",
		    (unsigned long long)lost, sl_stream_name((int)head.stream));
	sl_msg_page_read(reply.body.data, reply.body.len, &head, on_entry, tail);
	ask_page(tail);
}

/* Asks for the first range that is missing; one page at a time. */
static void ask_page(struct tail *tail)
{
	uint64_t from, to;
	char body[128];

	for (int log = 0; log < SL_STREAM_COUNT && !tail->asking_page; log++) {
		if (!sl_flow_missing(&tail->flow, log, &from, &to))
			continue;
		snprintf(body, sizeof(body), "{\"stream\":%d,\"from\":%llu,\"to\":%llu}",
		    log, (unsigned long long)from, (unsigned long long)to);
		tail->asking_page = true;
		request(tail, SL_REQ_REPLAY, body, on_page);
	}
}

/* ---- beginning and end ---- */

static int take_topics(struct tail *tail)
{
	struct ctl *ctl = tail->ctl;
	struct sl_catalog_target found[SL_CATALOG_TARGETS_MAX];
	int code = ctl_load_catalog(ctl);

	for (int i = 0; i < ctl->args.operand_count && code == EX_OK; i++) {
		const char *name = ctl->args.operand[i];
		int n = sl_catalog_resolve(ctl->catalog, name, strlen(name), found);

		if (n < 0)
			return ctl_complain(EX_USAGE,
			    "tail: \"%s\": no topic, alias, event type, module or metric "
			    "of the catalog",
			    name);
		if (tail->filter.target_count + (size_t)n > CTL_TAIL_TARGETS_MAX)
			return ctl_complain(EX_USAGE, "tail: too many topics");
		memcpy(&tail->filter.target[tail->filter.target_count], found,
		    (size_t)n * sizeof(found[0]));
		tail->filter.target_count += (size_t)n;
	}
	return code;
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end(arg, EX_OK);
}

static int follow(struct tail *tail)
{
	struct sl_bus_client_options options = {.base = tail->base,
	    .run_dir = tail->ctl->paths.run,
	    .batch = on_batch,
	    .arg = tail};
	struct event *interrupt = evsignal_new(tail->base, SIGINT, on_signal, tail);
	struct event *terminate = evsignal_new(tail->base, SIGTERM, on_signal, tail);

	tail->later = evtimer_new(tail->base, on_later, tail);
	if (!interrupt || !terminate || !tail->later)
		return EX_OSERR;
	event_add(interrupt, NULL);
	event_add(terminate, NULL);
	if (sl_bus_client_open(&tail->client, &options) == 0) {
		on_later(-1, 0, tail);
		event_base_dispatch(tail->base);
		sl_bus_client_close(tail->client);
	} else {
		tail->code = EX_OSERR;
	}
	event_free(interrupt);
	event_free(terminate);
	event_free(tail->later);
	return tail->code;
}

int ctl_tail(struct ctl *ctl)
{
	const char *tenant = sl_args_get(&ctl->args, "tenant");
	struct tail tail = {.ctl = ctl, .left = -1, .filter.json = ctl->json};

	tail.filter.tenant.data = tenant ? tenant : "default";
	tail.filter.tenant.len = strlen(tail.filter.tenant.data);
	sl_flow_init(&tail.flow);
	if (sl_args_number(&ctl->args, "count", 1, 1000000000, &tail.left) != 0)
		return EX_USAGE;
	int code = take_topics(&tail);

	if (code == EX_OK)
		code = ctl_ask_check(ctl);
	if (code != EX_OK)
		return code;
	signal(SIGPIPE, SIG_IGN);
	tail.base = sl_loop_new();
	if (!tail.base)
		return ctl_complain(EX_OSERR, "no event loop");
	code = follow(&tail);
	event_base_free(tail.base);
	ctl_view_clear(&tail.view);
	return code;
}
