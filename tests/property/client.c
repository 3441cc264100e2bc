/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/behind.h"
#include "gateway/identity.h"
#include "gateway/names.h"
#include "gateway/pump.h"
#include "gateway/subscription.h"
#include "gateway/view.h"
#include "oracle.h"

struct world *client_world;

/* The gateway's side; outlives the client's interest in it. */
struct served {
	struct gw_client client;
	struct client *owner; /* NULL: it has gone */
	struct served *next_answered;
};

static struct served *answered;

/* ---- the gateway's side ------------------------------------------------------------ */

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	(void)conn, (void)owner, (void)data, (void)len;
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	struct served *s = owner;

	(void)conn;
	gw_pump_run(&s->client);
}

static void end_served(struct served *s)
{
	if (s->owner)
		s->owner->served = NULL;
	gw_client_clear(&s->client);
	free(s);
}

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	(void)conn, (void)reason;
	end_served(owner);
}

static const struct sl_conn_handler handler = {
    .on_read = on_read, .on_drain = on_drain, .on_close = on_close};

void client_answer(struct gw_client *client, const void *data, size_t len)
{
	struct served *s = (struct served *)(void *)client;
	char cursor[SL_CURSOR_LONG];
	struct sl_cursor at;

	client->leaving = true;
	s->next_answered = answered;
	answered = s;
	if (!s->owner)
		return;
	/* The same bytes as longpoll.c's. */
	gw_client_position(client, &at);
	at.view = gw_view_sign(client->view);
	sl_cursor_format_long(&at, cursor);
	sl_buf_reset(&s->owner->in);
	sl_buf_adds(&s->owner->in, "{\"messages\":[");
	if (len > 0)
		sl_buf_add(&s->owner->in, data, len - 1);
	sl_buf_addf(&s->owner->in, "],\"cursor\":\"%.*s\"}", SL_CURSOR_LONG, cursor);
}

void client_sweep(void)
{
	while (answered) {
		struct served *s = answered;
		answered = s->next_answered;
		end_served(s);
	}
}

void client_lost(struct gw_client *client)
{
	struct served *s = (struct served *)(void *)client;

	if (s->owner) {
		sl_buf_reset(&s->owner->in);
		s->owner->gate = NULL;
	}
	end_served(s);
}

/* ---- connecting -------------------------------------------------------------------- */

static struct gw_identity *identify(struct gate *g, const struct client *c, unsigned role)
{
	struct sl_jwt_claims claims = {.tenant = "default", .exp_s = INT64_C(1) << 40};
	uint8_t hash[SL_JWT_HASH] = {0};

	strcpy(claims.role, world_role[role]);
	strcpy(claims.sub, "u0");
	claims.sub[1] = (char)('0' + c->number % WORLD_SUBS);
	return gw_identity_new(g->hub.mirror, g->users, &claims, hash);
}

static struct sl_conn *make_sockets(struct client *c, struct gate *g, struct served *s)
{
	int small = 4096;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds)) {
		perror("socketpair");
		exit(EXIT_FAILURE);
	}
	if (c->slow)
		setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	c->fd = fds[1];
	return sl_conn_open(g->conns, fds[0], &handler, s);
}

static struct gw_patterns *subscribe(struct client *c, struct served *s)
{
	struct gw_names *names = malloc(sizeof *names);
	const char *list = oracle_topics[c->now.topics];

	if (!names)
		abort();
	gw_names_init(
	    names, gw_mirror_catalog(s->client.hub->mirror), s->client.who->modules);
	if (gw_names_split(names, list, strlen(list)))
		fail(c, "subscription refused: %s", names->error);
	struct gw_patterns *set = gw_names_patterns(names, &s->client.hub->patterns);
	gw_sub_add(&s->client, set);
	gw_names_clear(names);
	free(names);
	return set;
}

static enum gw_form form_of(enum transport transport)
{
	return transport == OVER_WS    ? GW_FORM_WS
	       : transport == OVER_SSE ? GW_FORM_SSE
				       : GW_FORM_POLL;
}

void client_connect(struct client *c, struct gate *g, enum transport transport,
    struct sight sight, bool slow)
{
	struct served *s = calloc(1, sizeof *s);
	bool fresh = !c->last_cursor[0];
	struct sl_cursor at;

	if (!s)
		abort();
	s->owner = c;
	c->served = s;
	c->gate = g;
	c->transport = transport;
	c->slow = slow && transport != OVER_POLL;
	c->fd = -1;
	sl_buf_reset(&c->in);
	if (c->changing || c->now.role != sight.role || c->now.topics != sight.topics)
		c->has_alerts = false;
	c->now = sight;
	struct gw_identity *who = identify(g, c, sight.role);
	gw_client_init(&s->client, &g->hub,
	    transport == OVER_POLL ? NULL : make_sockets(c, g, s), form_of(transport),
	    who);
	gw_identity_unref(who);
	struct gw_patterns *set = subscribe(c, s);
	gw_client_position(&s->client, &at);
	if (!fresh && sl_cursor_parse(c->last_cursor, strlen(c->last_cursor), &at))
		fail(c, "its own cursor is refused");
	oracle_connected(c, &at, fresh);
	gw_client_follow(&s->client, set, fresh ? NULL : &at);
	gw_patterns_unref(set);
	c->resumes += !fresh;
}

void client_poll(struct client *c)
{
	struct gate *g = c->gate;

	client_sweep();
	if (c->transport != OVER_POLL || !g || c->served || c->in.len > 0)
		return;
	if (!g->up)
		c->gate = NULL;
	else if (gw_follow_ready(g->follow))
		client_connect(c, g, OVER_POLL, c->now, false);
}

void client_refresh(struct client *c, unsigned role)
{
	struct gw_client *client = &c->served->client;
	struct gw_identity *who = identify(c->gate, c, role);
	struct sl_buf mark = {0};
	struct sl_cursor at;

	gw_client_position(client, &at);
	oracle_changes(c, &at, role);
	/* The same steps as refresh.c's. */
	gw_identity_unref(client->who);
	client->who = who;
	enum gw_form form = (enum gw_form)client->form;
	size_t begin = gw_render_open(
	    &mark, form, "connection_established", (struct sl_slice){0}, 0);
	sl_buf_adds(&mark, "{}");
	gw_render_close(&mark, form, begin, NULL);
	gw_client_send(client, mark.data, mark.len);
	sl_buf_clear(&mark);
	struct gw_patterns *all = gw_sub_all(client);
	gw_client_follow(client, all, NULL);
	gw_patterns_unref(all);
}

bool client_position(const struct client *c, struct sl_cursor *at)
{
	if (!c->served || c->fd < 0 || c->served->client.leaving)
		return false;
	gw_client_position(&c->served->client, at);
	return true;
}

void client_drop(struct client *c)
{
	sl_buf_reset(&c->in);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->gate = NULL;
	if (!c->served)
		return;
	struct served *s = c->served;
	s->owner = NULL;
	c->served = NULL;
	if (!s->client.conn && !s->client.leaving)
		end_served(s);
}

/* ---- reading ----------------------------------------------------------------------- */

/* Takes one frame off c->in; false if none is whole.  *text is valid until the next. */
static bool next_frame(struct client *c, size_t *used, const char **text, size_t *len)
{
	const uint8_t *b = (const uint8_t *)c->in.data + *used;
	size_t have = c->in.len - *used;
	size_t head = 2;

	if (have < 2)
		return false;
	size_t n = b[1];
	if (n >= 126)
		head = n == 126 ? 4 : 10;
	if (have < head)
		return false;
	if (head > 2) {
		n = 0;
		for (size_t i = 2; i < head; i++)
			n = n << 8 | b[i];
	}
	if (have < head + n)
		return false;
	*text = b[0] == 0x81 ? (const char *)b + head : NULL;
	*len = n;
	*used += head + n;
	return true;
}

static bool next_event(struct client *c, size_t *used, const char **text, size_t *len)
{
	const char *begin = c->in.data + *used;
	const char *end = memmem(begin, c->in.len - *used, "\n\n", 2);

	if (!end)
		return false;
	*used += (size_t)(end - begin) + 2;
	*text = NULL;
	if (memcmp(begin, "data: ", 6) != 0)
		return true;
	const char *line = memchr(begin, '\n', (size_t)(end - begin));
	*text = begin + 6;
	*len = (size_t)((line ? line : end) - *text);
	return true;
}

static void judge_all(struct client *c)
{
	size_t used = 0;
	const char *text;
	size_t len;

	while (c->transport == OVER_WS ? next_frame(c, &used, &text, &len)
				       : next_event(c, &used, &text, &len)) {
		if (text)
			oracle_message(c, text, len);
	}
	sl_buf_drop(&c->in, used);
}

void client_read(struct client *c, size_t max)
{
	if (!c->gate)
		return;
	if (c->transport == OVER_POLL) {
		if (c->in.len > 0)
			oracle_answer(c, c->in.data, c->in.len);
		sl_buf_reset(&c->in);
		return;
	}
	ssize_t n = read(c->fd, sl_buf_reserve(&c->in, max), max);
	if (n > 0)
		c->in.len += (size_t)n;
	judge_all(c);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		client_drop(c);
}

void client_note_stall(struct client *c)
{
	if (c->served && gw_client_is_full(&c->served->client))
		c->stalled = true;
}

bool client_is_idle(const struct client *c)
{
	int unread = 0;

	if (!c->gate || !c->served || c->in.len > 0)
		return false;
	if (c->fd >= 0 && (ioctl(c->fd, FIONREAD, &unread) != 0 || unread > 0))
		return false;
	return !c->served->client.behind && !c->served->client.leaving &&
	       !gw_client_is_full(&c->served->client);
}
