/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "json_out.h"
#include "metrics.h"
#include "problem.h"
#include "stat.h"

void gw_api_healthz(struct gw_call *call)
{
	gw_call_json(call, "{\"status\":\"ok\"}", 15);
}

void gw_api_readyz(struct gw_call *call)
{
	struct gateway *gw = call->gw;
	const char *reason = NULL;
	struct sl_buf out = {0};

	if (gw->draining)
		reason = "draining";
	else if (!gw_follow_ready(gw->follow))
		reason = "waiting for the aggregator's first state";
	int status = reason ? 503 : 200;
	if (!reason && gw_follow_silent(gw->follow))
		reason = "the bus is silent: all metrics are stale";
	sl_buf_addf(&out, "{\"status\":\"%s\",\"reasons\":[",
	    status == 503 ? "unavailable"
	    : reason      ? "degraded"
			  : "ok");
	if (reason)
		sl_json_out_quote(&out, reason, strlen(reason));
	sl_buf_adds(&out, "]}");
	sl_http_response_begin(call->request, status);
	sl_http_response_header(call->request, "Cache-Control", "no-store");
	if (status == 503)
		sl_http_response_header(call->request, "Retry-After", "1");
	sl_http_response_end(call->request, "application/json", out.data, out.len);
	sl_buf_clear(&out);
}

/* ---- metrics
 * ------------------------------------------------------------------------------- */

struct scrape {
	struct gateway *gw;
	struct sl_http_request *request;
	struct gw_question *question;
};

static void answer(
    struct gateway *gw, struct sl_http_request *request, const struct sl_msg_reply *reply)
{
	struct sl_buf own = {0};
	struct sl_buf all = {0};

	gw_metrics_render(gw, &own);
	struct sl_slice texts[2] = {{own.data, own.len}};
	if (reply && reply->status == 200)
		texts[1] = reply->body;
	sl_stat_merge(&all, texts, texts[1].data ? 2 : 1);
	sl_http_response_begin(request, 200);
	sl_http_response_header(request, "Cache-Control", "no-store");
	sl_http_response_end(request, SL_STAT_CONTENT_TYPE, all.data, all.len);
	sl_buf_clear(&own);
	sl_buf_clear(&all);
}

static void on_metrics(void *arg, const struct sl_msg_reply *reply)
{
	struct scrape *s = arg;

	/* Without the aggregator a gateway still tells of itself. */
	sl_http_on_abort(s->request, NULL, NULL);
	answer(s->gw, s->request, reply);
	free(s);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct scrape *s = arg;

	(void)request;
	gw_ask_cancel(s->question);
	free(s);
}

void gw_api_metrics(struct gw_call *call)
{
	struct sl_slice none = {"", 0};
	struct scrape *s = malloc(sizeof *s);

	if (!s)
		abort();
	*s = (struct scrape){.gw = call->gw, .request = call->request};
	s->question =
	    gw_ask_send(call->gw->ask, SL_REQ_METRICS, none, none, on_metrics, s);
	if (!s->question) {
		free(s);
		answer(call->gw, call->request, NULL);
		return;
	}
	sl_http_on_abort(call->request, on_abort, s);
}

/* ---- problems
 * -------------------------------------------------------------------------------- */

void gw_api_problem_page(struct gw_call *call)
{
	const struct gw_problem *problem =
	    gw_problem_find(call->param.data, call->param.len);
	char text[512];

	if (!problem) {
		gw_call_problem(call, 404, "not-found", "no problem has this name");
		return;
	}
	int len = snprintf(text, sizeof text, "%s (HTTP %d)\n\n%s\n", problem->name,
	    problem->status, problem->text);
	sl_http_response_send(
	    call->request, 200, "text/plain; charset=utf-8", text, (size_t)len);
}
