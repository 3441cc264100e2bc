/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes
 *
 * What is reported must have reached the peer, or it would be lost to a client
 * that resumes there: a position counts once nothing is pending here and the
 * kernel's send queue is empty, that is, all has been acknowledged.  It is looked
 * at every second, so what a client gets twice is at most what came since then;
 * a proxy that keeps things back for longer is beyond what a server can see.
 *
 * A connection's own gateway keeps its trail, too, when it has gone: then a
 * client that comes back here needs no aggregator, and one that has started
 * anew is told again.
 */
#include "trail.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "clock.h"

/* A connection at rest is reported so often that the aggregator keeps it. */
#define GW_TRAIL_REPEAT_NS (60 * SL_NS_PER_S)

/* Connections in one request: parsing more would hold the aggregator up. */
#define GW_TRAIL_BATCH 500

struct gw_trail {
	struct gw_table_node node;
	struct gw_trail *next;
	struct gw_trail *prev;
	struct gw_trails *home;
	struct gw_client *client; /* NULL: gone */
	int64_t told_ns;          /* 0: not told yet */
	int64_t gone_ns;
	bool moved;
	struct sl_cursor at;
	uint8_t id[GW_CLIENT_ID];
};

struct gw_trails {
	struct gateway *gw;
	struct gw_table table;
	struct gw_trail *live;
	struct gw_trail *gone_first; /* went first */
	struct gw_trail *gone_last;
	uint32_t gone_count;
	struct sl_buf report;
	uint32_t reported;
};

void gw_trail_id(const uint8_t id[GW_CLIENT_ID], char out[GW_TRAIL_ID_TEXT])
{
	for (int i = 0; i < GW_CLIENT_ID; i++)
		snprintf(out + 2 * i, 3, "%02x", id[i]);
}

struct gw_trails *gw_trails_new(struct gateway *gw)
{
	struct gw_trails *trails = calloc(1, sizeof *trails);

	if (!trails)
		abort();
	trails->gw = gw;
	return trails;
}

static void unlink_live(struct gw_trail *t)
{
	*(t->prev ? &t->prev->next : &t->home->live) = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->next = t->prev = NULL;
}

static void drop_gone(struct gw_trails *trails)
{
	struct gw_trail *t = trails->gone_first;

	trails->gone_first = t->next;
	if (!t->next)
		trails->gone_last = NULL;
	trails->gone_count--;
	gw_table_remove(&trails->table, &t->node);
	free(t);
}

void gw_trails_free(struct gw_trails *trails)
{
	if (!trails)
		return;
	while (trails->gone_first)
		drop_gone(trails);
	gw_table_clear(&trails->table);
	sl_buf_clear(&trails->report);
	free(trails);
}

struct gw_trail *gw_trail_begin(
    struct gw_trails *trails, struct gw_client *client, const struct sl_cursor *at)
{
	struct gw_trail *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	t->home = trails;
	t->client = client;
	memcpy(t->id, client->id, sizeof t->id);
	t->at = *at;
	t->next = trails->live;
	if (t->next)
		t->next->prev = t;
	trails->live = t;
	gw_table_add(&trails->table, &t->node, gw_table_hash(0, t->id, sizeof t->id));
	return t;
}

void gw_trail_end(struct gw_trail *t)
{
	struct gw_trails *trails;

	if (!t)
		return;
	trails = t->home;
	unlink_live(t);
	t->client = NULL;
	t->gone_ns = sl_clock_mono_ns();
	*(trails->gone_last ? &trails->gone_last->next : &trails->gone_first) = t;
	trails->gone_last = t;
	if (++trails->gone_count > GW_TRAIL_GONE_MAX)
		drop_gone(trails);
}

bool gw_trail_find(
    const struct gw_trails *trails, const uint8_t id[GW_CLIENT_ID], struct sl_cursor *at)
{
	uint64_t hash = gw_table_hash(0, id, GW_CLIENT_ID);

	for (struct gw_table_node *node = gw_table_first(&trails->table, hash); node;
	     node = gw_table_next(node)) {
		const struct gw_trail *t = GW_TABLE_OBJECT(node, struct gw_trail, node);
		if (memcmp(t->id, id, GW_CLIENT_ID) == 0) {
			*at = t->at;
			return true;
		}
	}
	return false;
}

/* ---- reports --------------------------------------------------------------------- */

static void on_reported(void *arg, const struct sl_msg_reply *reply)
{
	if (!reply || reply->status != 200)
		gw_trails_again(arg);
}

static void send_report(struct gw_trails *trails)
{
	struct sl_slice none = {"", 0};

	if (trails->reported == 0)
		return;
	sl_buf_adds(&trails->report, "\"}");
	struct sl_slice body = {trails->report.data, trails->report.len};
	if (!gw_ask_send(trails->gw->ask, SL_REQ_TRAILS, none, body, on_reported, trails))
		gw_trails_again(trails);
	trails->reported = 0;
}

static void report(struct gw_trail *t, int64_t now_ns)
{
	struct gw_trails *trails = t->home;
	char id[GW_TRAIL_ID_TEXT];
	char cursor[SL_CURSOR_LEN];

	t->moved = false;
	t->told_ns = now_ns;
	if (trails->reported++ == 0) {
		sl_buf_reset(&trails->report);
		sl_buf_adds(&trails->report, "{\"trails\":\"");
	}
	gw_trail_id(t->id, id);
	sl_buf_adds(&trails->report, id);
	sl_cursor_format(&t->at, cursor);
	sl_buf_add(&trails->report, cursor, sizeof cursor);
	if (trails->reported == GW_TRAIL_BATCH)
		send_report(trails);
}

/* Whether the peer has acknowledged all that its client was handed. */
static bool has_arrived(const struct gw_client *client)
{
	int unsent = 0;

	return !client->leaving && !gw_client_is_full(client) &&
	       ioctl(sl_conn_fd(client->conn), SIOCOUTQ, &unsent) == 0 && unsent == 0;
}

static void look(struct gw_trail *t)
{
	struct sl_cursor at;

	if (!has_arrived(t->client))
		return;
	gw_client_position(t->client, &at);
	if (at.epoch == t->at.epoch && at.aggregator == t->at.aggregator &&
	    memcmp(at.next, t->at.next, sizeof at.next) == 0)
		return;
	t->at = at;
	t->moved = true;
}

void gw_trails_tick(struct gw_trails *trails)
{
	int64_t now_ns = sl_clock_mono_ns();
	int64_t kept_ns = trails->gw->config->connection_timeout_ms * SL_NS_PER_MS;

	while (trails->gone_first && now_ns - trails->gone_first->gone_ns > kept_ns)
		drop_gone(trails);
	for (struct gw_trail *t = trails->live; t; t = t->next) {
		look(t);
		if (t->moved || t->told_ns == 0 ||
		    now_ns - t->told_ns > GW_TRAIL_REPEAT_NS)
			report(t, now_ns);
	}
	for (struct gw_trail *t = trails->gone_first; t; t = t->next) {
		if (t->moved || t->told_ns == 0)
			report(t, now_ns);
	}
	send_report(trails);
}

void gw_trails_again(struct gw_trails *trails)
{
	for (struct gw_trail *t = trails->live; t; t = t->next)
		t->told_ns = 0;
	for (struct gw_trail *t = trails->gone_first; t; t = t->next)
		t->told_ns = 0;
}
