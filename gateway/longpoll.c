/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes
 *
 * A poll is a client of the hub as any other, with the same views, positions
 * and pump, whose socket takes exactly one write: the answer.  It is behind
 * from its cursor on until the pump has found nothing for it; then it is live,
 * and the next flush that its view sees answers it.  The cursor is the long
 * form (cursor.h), so that coming back costs no state.
 *
 * The answer may be given from the middle of a flush over the view's members:
 * the client leaves its view only in the loop's next turn.
 */
#include "longpoll.h"

#include <event2/event.h>
#include <stdlib.h>

#include "admit.h"
#include "clock.h"
#include "loop.h"
#include "route.h"
#include "subscription.h"
#include "view.h"

struct gw_longpoll {
	struct gw_client client;
	struct gateway *gw;
	struct sl_http_request *request; /* NULL: answered, or gone */
	struct event *timer;
};

static void end(struct gw_longpoll *poll)
{
	struct gateway *gw = poll->gw;

	event_free(poll->timer);
	gw_client_clear(&poll->client);
	free(poll);
	gw->count.polls--;
	gw_gateway_left(gw);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	(void)request;
	end(arg);
}

void gw_longpoll_answer(struct gw_client *client, const void *data, size_t len)
{
	static struct sl_buf body;
	struct gw_longpoll *poll = GW_TABLE_OBJECT(client, struct gw_longpoll, client);
	char cursor[SL_CURSOR_LONG];
	struct sl_cursor at;

	if (client->leaving)
		return;
	client->leaving = true;
	gw_client_position(client, &at);
	at.view = gw_view_sign(client->view);
	sl_cursor_format_long(&at, cursor);
	sl_buf_reset(&body);
	sl_buf_adds(&body, "{\"messages\":[");
	/* Each message ends with a comma. */
	if (len > 0)
		sl_buf_add(&body, data, len - 1);
	sl_buf_adds(&body, "],\"cursor\":\"");
	sl_buf_add(&body, cursor, sizeof cursor);
	sl_buf_adds(&body, "\"}");
	sl_http_on_abort(poll->request, NULL, NULL);
	sl_http_response_begin(poll->request, 200);
	sl_http_response_header(poll->request, "Cache-Control", "no-store");
	sl_http_response_end(poll->request, "application/json", body.data, body.len);
	poll->request = NULL;
	event_active(poll->timer, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct gw_longpoll *poll = arg;

	(void)fd;
	(void)what;
	if (poll->client.leaving)
		end(poll);
	else if (poll->client.who->exp_s * SL_NS_PER_S <= sl_clock_wall_ns())
		gw_client_disconnect(&poll->client, GW_BYE_EXPIRED);
	else
		gw_longpoll_answer(&poll->client, NULL, 0);
}

/* Reads ?wait= as milliseconds; false after it has answered 400. */
static bool read_wait(struct gw_call *call, int64_t *wait_ms)
{
	struct sl_buf text = {0};
	char *rest = NULL;
	double seconds = GW_LONGPOLL_WAIT_S;

	if (gw_call_query(call, "wait", &text))
		seconds = strtod(sl_buf_text(&text), &rest);
	bool good = !rest || (*rest == '\0' && seconds >= 0);
	sl_buf_clear(&text);
	if (!good) {
		gw_call_problem(call, 400, "bad-request",
		    "wait is not a number of seconds from 0 to %d",
		    GW_LONGPOLL_WAIT_S_MAX);
		return false;
	}
	if (!(seconds < GW_LONGPOLL_WAIT_S_MAX))
		seconds = GW_LONGPOLL_WAIT_S_MAX;
	*wait_ms = (int64_t)(seconds * 1000);
	return true;
}

static void start(struct gw_call *call, const struct gw_wish *w, int64_t wait_ms)
{
	struct gateway *gw = call->gw;
	struct gw_patterns *set = gw_names_patterns(&w->names, &gw->hub.patterns);
	struct gw_longpoll *poll = calloc(1, sizeof *poll);
	int64_t left_ms = call->who->exp_s * 1000 - sl_clock_wall_ns() / SL_NS_PER_MS;

	if (!poll || !set)
		abort();
	poll->gw = gw;
	poll->request = call->request;
	poll->timer = evtimer_new(gw->process->loop, on_timer, poll);
	if (!poll->timer)
		abort();
	gw->count.polls++;
	gw->count.polls_opened++;
	sl_http_on_end(call->request, on_abort, poll);
	gw_client_init(&poll->client, &gw->hub, NULL, GW_FORM_POLL, call->who);
	poll->client.route = gw_route_number(call->route);
	gw_admit_take(call, &poll->client);
	poll->client.points = w->points;
	gw_sub_add(&poll->client, set);
	gw_client_follow(&poll->client, set, w->has_since ? &w->since : NULL);
	gw_patterns_unref(set);
	if (!poll->client.leaving) {
		if (left_ms < wait_ms)
			wait_ms = left_ms;
		struct timeval wait = sl_loop_ms(wait_ms > 0 ? wait_ms : 0);
		event_add(poll->timer, &wait);
	}
}

void gw_longpoll_open(struct gw_call *call)
{
	static struct gw_wish wish;
	int64_t wait_ms;

	if (read_wait(call, &wait_ms) &&
	    gw_admit_request(call, "application/json", &wish)) {
		/* How often it asks is how often it gets: nothing is held back. */
		wish.names.terms.interval_ms = 0;
		start(call, &wish, wait_ms);
	}
	gw_wish_clear(&wish);
}
