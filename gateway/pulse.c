/* SPDX-License-Identifier: Apache-2.0 */
#include "pulse.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "behind.h"
#include "clock.h"
#include "fanout.h"
#include "identity.h"
#include "pump.h"
#include "view.h"

/* How soon a client with pending output is looked at again. */
#define GW_PULSE_WATCH_MS 1000

struct gw_pulse {
	struct sl_deadline_wheel *wheel;
	struct gw_pulse_options options;
};

static uint32_t now_ms(void)
{
	return (uint32_t)(sl_clock_mono_ns() / SL_NS_PER_MS);
}

static void set_in(struct gw_client *client, int64_t ms)
{
	if (ms < 1)
		ms = 1;
	sl_deadline_set(client->pulse->wheel, &client->deadline,
	    sl_clock_mono_ns() + ms * SL_NS_PER_MS);
}

static void send_ping(struct gw_client *client, struct sl_buf *out)
{
	if (client->form == GW_FORM_WS) {
		sl_ws_write(out, SL_WS_PING, NULL, 0);
		return;
	}
	struct gw_stamp stamp;
	gw_client_stamp(client, &stamp);
	sl_buf_adds(out, "id: ");
	sl_buf_add(out, stamp.cursor, SL_CURSOR_LEN);
	sl_buf_adds(out, "\n\n");
}

static void add_heartbeat(struct gw_client *client, struct sl_buf *out)
{
	enum gw_form form = (enum gw_form)client->form;
	size_t mark = gw_render_open(out, form, "heartbeat", (struct sl_slice){0}, 0);
	char text[SL_CLOCK_TEXT];
	struct gw_stamp stamp;

	gw_client_stamp(client, &stamp);
	sl_clock_format(sl_clock_wall_ns(), text);
	sl_buf_addf(out, "{\"serverTime\":\"%s\"}", text);
	gw_render_close(out, form, mark, &stamp);
}

/* Closes the client if it has to be closed; returns false then. */
static bool check(struct gw_client *client, uint32_t now)
{
	const struct gw_pulse_options *o = &client->pulse->options;

	if (!client->who) {
		if (now - client->heard_ms < (uint32_t)o->auth_ms)
			return true;
		gw_client_disconnect(client, GW_BYE_NO_TOKEN);
		return false;
	}
	int64_t left_s = client->who->exp_s - sl_clock_wall_ns() / SL_NS_PER_S;
	if (left_s <= 0) {
		gw_client_disconnect(client, GW_BYE_EXPIRED);
		return false;
	}
	if (sl_conn_stalled_ns(client->conn, sl_clock_mono_ns()) >=
	    o->slow_ms * SL_NS_PER_MS) {
		client->hub->stats.dropped++;
		gw_client_disconnect(client, GW_BYE_SLOW);
		return false;
	}
	if (now - client->heard_ms >= (uint32_t)o->pong_ms) {
		gw_client_disconnect(client, GW_BYE_NO_PONG);
		return false;
	}
	return true;
}

static void add_expiring(struct gw_client *client, struct sl_buf *out)
{
	enum gw_form form = (enum gw_form)client->form;
	size_t mark =
	    gw_render_open(out, form, "token_expiring", (struct sl_slice){0}, 0);
	char text[SL_CLOCK_TEXT];

	sl_clock_format(client->who->exp_s * SL_NS_PER_S, text);
	sl_buf_addf(out, "{\"expiresAt\":\"%s\"}", text);
	gw_render_close(out, form, mark, NULL);
}

/* An event stream's peer says nothing: that it takes what is sent is its pong. */
static void hear_stream(struct gw_client *client, uint32_t now)
{
	int unsent = 0;

	if (client->form == GW_FORM_WS)
		return;
	if (ioctl(sl_conn_fd(client->conn), SIOCOUTQ, &unsent) == 0 && unsent == 0)
		client->heard_ms = now;
}

static int64_t interval(const struct gw_client *client)
{
	const struct gw_pulse_options *o = &client->pulse->options;

	return client->form == GW_FORM_WS ? o->ping_ms : o->keepalive_ms;
}

/* What is left until a metrics_update is owed; more than any interval if none is. */
static int64_t until_update(const struct gw_client *client, uint32_t now)
{
	uint32_t waited = now - client->owed_ms;

	if (!client->updates || !client->view || !client->view->wants_metrics)
		return INT64_MAX;
	/* A flush that had no clients yet leaves a time before the client's own. */
	if (now - client->view->metrics_ms < waited)
		waited = now - client->view->metrics_ms;
	return client->pulse->options.update_ms - (int64_t)waited;
}

/* What waits for the client is tried again, and what is owed is sent. */
static void push(struct gw_client *client, uint32_t now)
{
	if (sl_conn_pending_bytes(client->conn) > 0)
		return;
	if (!client->behind && until_update(client, now) <= 0) {
		gw_fanout_leave(client);
		if (!client->behind)
			gw_behind_begin(client, client->hub->end);
		client->behind->missed_metrics = true;
		client->owed_ms = now;
	}
	if (client->behind)
		gw_pump_run(client);
}

static void schedule(struct gw_client *client, uint32_t now)
{
	const struct gw_pulse_options *o = &client->pulse->options;
	int64_t next = interval(client) - (int32_t)(now - client->told_ms);

	if (!client->who) {
		set_in(client, o->auth_ms - (int32_t)(now - client->heard_ms));
		return;
	}
	int64_t left_ms = client->who->exp_s * 1000 - sl_clock_wall_ns() / SL_NS_PER_MS;
	if (!client->warned)
		left_ms -= o->warning_ms;
	if (left_ms < next)
		next = left_ms;
	int64_t silence = o->pong_ms - (int32_t)(now - client->heard_ms);
	if (silence < next)
		next = silence;
	if (client->heartbeats) {
		int64_t beat = o->heartbeat_ms - (int32_t)(now - client->beat_ms);
		if (beat < next)
			next = beat;
	}
	int64_t update = until_update(client, now);
	if (!client->behind && update < next)
		next = update;
	if (client->behind && o->flush_ms < next)
		next = o->flush_ms;
	if (sl_conn_pending_bytes(client->conn) > 0) {
		int64_t watch = o->slow_ms / 4 < GW_PULSE_WATCH_MS ? o->slow_ms / 4
								   : GW_PULSE_WATCH_MS;
		if (watch < next)
			next = watch;
	}
	set_in(client, next);
}

static void beat(void *arg, struct sl_deadline *deadline)
{
	static struct sl_buf out;
	struct gw_client *client = GW_TABLE_OBJECT(deadline, struct gw_client, deadline);
	uint32_t now = now_ms();

	(void)arg;
	if (client->leaving)
		return;
	hear_stream(client, now);
	if (!check(client, now))
		return;
	sl_buf_reset(&out);
	/* Whoever does not take what is pending needs no ping to be found out. */
	if (client->who && sl_conn_pending_bytes(client->conn) == 0) {
		const struct gw_pulse_options *o = &client->pulse->options;
		int64_t left_ms =
		    client->who->exp_s * 1000 - sl_clock_wall_ns() / SL_NS_PER_MS;
		if (!client->warned && left_ms <= o->warning_ms) {
			add_expiring(client, &out);
			client->warned = true;
		}
		if (client->heartbeats && now - client->beat_ms >= o->heartbeat_ms) {
			add_heartbeat(client, &out);
			client->beat_ms = now;
		}
		if (now - client->told_ms >= interval(client)) {
			send_ping(client, &out);
			client->told_ms = now;
		}
		if (out.len > 0)
			gw_client_send(client, out.data, out.len);
	} else if (now - client->told_ms >= interval(client)) {
		client->told_ms = now;
	}
	if (client->who)
		push(client, now);
	if (!client->leaving)
		schedule(client, now);
}

struct gw_pulse *gw_pulse_new(
    struct event_base *loop, const struct gw_pulse_options *options)
{
	struct gw_pulse *pulse = calloc(1, sizeof *pulse);

	if (!pulse)
		abort();
	pulse->options = *options;
	pulse->wheel = sl_deadline_wheel_new(loop, beat, pulse);
	return pulse;
}

void gw_pulse_free(struct gw_pulse *pulse)
{
	if (!pulse)
		return;
	sl_deadline_wheel_free(pulse->wheel);
	free(pulse);
}

void gw_pulse_set(struct gw_pulse *pulse, const struct gw_pulse_options *options)
{
	pulse->options = *options;
}

void gw_pulse_start(struct gw_pulse *pulse, struct gw_client *client)
{
	client->pulse = pulse;
	schedule(client, now_ms());
}

void gw_pulse_stop(struct gw_client *client)
{
	sl_deadline_clear(client->pulse->wheel, &client->deadline);
	client->pulse = NULL;
}

void gw_pulse_watch(struct gw_client *client)
{
	schedule(client, now_ms());
}

void gw_pulse_heard(struct gw_client *client)
{
	client->heard_ms = now_ms();
}

void gw_pulse_again(struct gw_client *client)
{
	client->warned = false;
	schedule(client, now_ms());
}
