/* SPDX-License-Identifier: Apache-2.0 */
#include "selftest.h"

#include <event2/event.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "census.h"
#include "census_row.h"
#include "clock.h"
#include "loop.h"
#include "uuid.h"

#define TICK_MS 2
#define WAIT_MS 400

struct probe {
	uint8_t id[GW_CLIENT_ID];
	const char *transport;
	int64_t took_ns; /* -1: not arrived yet */
	bool lost;       /* the connection has ended meanwhile */
};

struct gw_selftest {
	struct gateway *gw;
	struct gw_selftest *next;
	struct event *tick;
	int64_t begun_ns;
	uint64_t number; /* in the pings */
	char request[SL_MSG_REQUEST_ID + 1];
	size_t count;
	struct probe probe[GW_SELFTEST_CLIENTS];
};

static void write_probe(
    struct sl_json_out *w, const struct gateway *gw, const struct probe *probe)
{
	char id[SL_UUID_TEXT];

	sl_uuid_format(probe->id, id);
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "connectionId");
	sl_json_out_text(w, id);
	sl_json_out_key(w, "gateway");
	sl_json_out_text(w, gw->name);
	sl_json_out_key(w, "transport");
	sl_json_out_text(w, probe->transport);
	sl_json_out_key(w, "delivered");
	sl_json_out_bool(w, probe->took_ns >= 0);
	sl_json_out_key(w, "roundTrip_ms");
	if (probe->took_ns >= 0)
		sl_json_out_double(w, (double)(probe->took_ns / SL_NS_PER_US) / 1000);
	else
		sl_json_out_null(w);
	sl_json_out_object_end(w);
}

static void answer(const struct gw_selftest *test)
{
	struct sl_buf out = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "connections");
	sl_json_out_array_begin(&w);
	for (size_t i = 0; i < test->count; i++)
		write_probe(&w, test->gw, &test->probe[i]);
	sl_json_out_array_end(&w);
	sl_json_out_object_end(&w);
	gw_census_tell(test->gw, test->request, &out);
	sl_buf_clear(&out);
}

static void end(struct gw_selftest *test)
{
	struct gw_selftest **at = &test->gw->selftests;

	while (*at != test)
		at = &(*at)->next;
	*at = test->next;
	event_free(test->tick);
	free(test);
}

/* Whether an event stream's peer has acknowledged everything. */
static bool is_acknowledged(const struct gw_client *client)
{
	int unsent = 0;

	return sl_conn_pending_bytes(client->conn) == 0 &&
	       ioctl(sl_conn_fd(client->conn), SIOCOUTQ, &unsent) == 0 && unsent == 0;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gw_selftest *test = arg;
	int64_t took_ns = sl_clock_mono_ns() - test->begun_ns;
	struct timeval tick = sl_loop_ms(TICK_MS);
	bool open = false;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < test->count; i++) {
		struct probe *probe = &test->probe[i];
		if (probe->took_ns >= 0 || probe->lost)
			continue;
		struct gw_client *client = gw_client_find(&test->gw->hub, probe->id);
		probe->lost = !client;
		if (client && client->form != GW_FORM_WS && is_acknowledged(client))
			probe->took_ns = took_ns;
		open |= client && probe->took_ns < 0;
	}
	if (open && took_ns < WAIT_MS * SL_NS_PER_MS) {
		event_add(test->tick, &tick);
		return;
	}
	answer(test);
	end(test);
}

static void send_probe(struct gw_selftest *test, struct gw_client *client)
{
	struct probe *probe = &test->probe[test->count++];
	enum gw_form form = (enum gw_form)client->form;
	char time[SL_CLOCK_TEXT];
	struct sl_buf out = {0};
	size_t mark =
	    gw_render_open(&out, form, "connection_test", (struct sl_slice){0}, 0);

	*probe = (struct probe){.transport = gw_census_transport(client), .took_ns = -1};
	memcpy(probe->id, client->id, sizeof probe->id);
	sl_clock_format(sl_clock_wall_ns(), time);
	sl_buf_addf(
	    &out, "{\"testId\":\"%s\",\"serverTime\":\"%s\"}", test->request, time);
	gw_render_close(&out, form, mark, NULL);
	if (form == GW_FORM_WS)
		sl_ws_write(
		    &out, SL_WS_PING, (const char *)&test->number, sizeof test->number);
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
}

static bool concerns(const struct gw_client *client, const char *tenant, const char *sub,
    const json_t *data)
{
	struct sl_slice transport;

	return client->who && client->conn && !client->leaving &&
	       strcmp(client->who->tenant->name, tenant) == 0 &&
	       strcmp(gw_user_sub(client->who->user), sub) == 0 &&
	       (!sl_json_in_string(data, "transport", &transport) ||
		   strcmp(transport.data, gw_census_transport(client)) == 0);
}

void gw_selftest_start(struct gateway *gw, const char *request, const char *tenant,
    const char *sub, const json_t *data)
{
	static uint64_t last;
	struct gw_selftest *test = calloc(1, sizeof *test);
	struct timeval now = {0};
	size_t under_way = 0;

	if (!test)
		abort();
	for (const struct gw_selftest *t = gw->selftests; t; t = t->next)
		under_way++;
	test->gw = gw;
	test->number = ++last;
	test->begun_ns = sl_clock_mono_ns();
	snprintf(test->request, sizeof test->request, "%s", request);
	test->tick = evtimer_new(gw->process->loop, on_tick, test);
	if (!test->tick)
		abort();
	test->next = gw->selftests;
	gw->selftests = test;
	for (struct gw_client *c = gw->hub.client_first, *next;
	     c && under_way < GW_SELFTEST_OPEN && test->count < GW_SELFTEST_CLIENTS;
	     c = next) {
		next = c->next;
		if (concerns(c, tenant, sub, data))
			send_probe(test, c);
	}
	event_add(test->tick, &now);
}

void gw_selftest_pong(
    struct gateway *gw, const struct gw_client *client, const char *data, size_t len)
{
	for (struct gw_selftest *test = gw->selftests; test; test = test->next) {
		if (len != sizeof test->number || memcmp(data, &test->number, len) != 0)
			continue;
		for (size_t i = 0; i < test->count; i++) {
			struct probe *probe = &test->probe[i];
			if (probe->took_ns < 0 &&
			    memcmp(probe->id, client->id, sizeof probe->id) == 0)
				probe->took_ns = sl_clock_mono_ns() - test->begun_ns;
		}
	}
}

void gw_selftest_clear(struct gateway *gw)
{
	while (gw->selftests)
		end(gw->selftests);
}
