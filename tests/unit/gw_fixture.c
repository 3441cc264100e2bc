/* SPDX-License-Identifier: Apache-2.0 */
#include "gw_fixture.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "gateway/names.h"
#include "gateway/pump.h"
#include "gateway/subscription.h"
#include "json_in.h"
#include "msg.h"
#include "zip.h"

const char gw_fixture_catalog[] =
    "module \"a\" { title = \"A\" }\n"
    "module \"b\" { title = \"B\" }\n"
    "module \"c\" { title = \"C\" }\n"
    "metric \"a.load\" { title = \"Load\" }\n"
    "metric \"a.hidden\" { title = \"Hidden\" snapshot = false }\n"
    "metric \"b.load\" { title = \"Load\" }\n"
    "event \"ea.>\" { module = a priority = normal }\n"
    "event \"eb.>\" { module = b priority = normal }\n"
    "event \"ec.>\" { module = c priority = normal }\n"
    "role \"all\" { modules = {all} may = {acknowledge} }\n"
    "role \"ra\" { modules = {a} }\n"
    "role \"rab\" { modules = {a, b} }\n";

void gw_fixture_init(struct gw_fixture *f, size_t window_bytes)
{
	struct sl_buf error = {0};

	memset(f, 0, sizeof *f);
	f->loop = sl_loop_new();
	f->conns = sl_conn_set_new(f->loop);
	ck_assert_msg(
	    sl_catalog_parse("test", gw_fixture_catalog, &f->catalog, &error) == 0, "%s",
	    sl_buf_text(&error));
	f->users = gw_users_new();
	gw_hub_init(&f->hub, f->loop, f->catalog, window_bytes);
	f->hub.aggregator = 7;
	f->hub.epoch = 9;
	f->hub.limits =
	    (struct gw_hub_limits){.lag_messages = 100, .pending_bytes_max = 1u << 20};
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		f->next[s] = 1;
	sl_buf_clear(&error);
}

void gw_fixture_clear(struct gw_fixture *f)
{
	sl_conn_set_free(f->conns);
	gw_hub_clear(&f->hub);
	gw_users_free(f->users);
	sl_catalog_unref(f->catalog);
	event_base_free(f->loop);
}

static struct sl_slice text(const char *s)
{
	return (struct sl_slice){s, s ? strlen(s) : 0};
}

static uint64_t module_of(void *arg, const struct sl_entry *entry)
{
	return gw_mirror_module(arg, entry->module);
}

uint64_t gw_fixture_publish(struct gw_fixture *f, const struct gw_publish *what)
{
	struct sl_buf packed = {0};
	struct sl_buf body = {0};
	uint64_t seq = f->next[what->stream]++;

	sl_buf_addf(&body, "{\"secret\":\"<%s>\",\"n\":%" PRIu64 ",\"pad\":\"",
	    what->module, seq);
	for (size_t i = 0; i < what->pad; i++)
		sl_buf_addc(&body, 'x');
	sl_buf_adds(&body, "\"}");
	struct sl_entry entry = {
	    .stream = what->stream,
	    .kind =
		what->stream == SL_STREAM_ALERTS ? SL_ENTRY_ALERT_CHANGE : SL_ENTRY_EVENT,
	    .seq = seq,
	    .ts_us = 1,
	    .ingest_us = 1,
	    .tenant = text("default"),
	    .module = text(what->module),
	    .topic = text(what->topic),
	    .source = text("test"),
	    .key = text("id"),
	    .audience = what->sub    ? SL_AUDIENCE_SUB
			: what->role ? SL_AUDIENCE_ROLE
				     : SL_AUDIENCE_ALL,
	    .audience_name = text(what->sub    ? what->sub
				  : what->role ? what->role
					       : ""),
	    .body = {body.data, body.len},
	};
	sl_msg_entry_pack(&packed, &entry);
	ck_assert_int_eq(gw_window_add(f->hub.window, packed.data, packed.len, module_of,
			     f->hub.mirror),
	    0);
	if (f->keep)
		f->keep(what->stream, seq, &packed);
	sl_buf_clear(&packed);
	sl_buf_clear(&body);
	return seq;
}

void gw_fixture_run(struct gw_fixture *f)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(f->loop, EVLOOP_NONBLOCK);
}

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	(void)conn, (void)owner, (void)data, (void)len;
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	struct gw_peer *p = owner;

	(void)conn;
	gw_pump_run(&p->client);
}

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct gw_peer *p = owner;

	(void)conn, (void)reason;
	gw_client_clear(&p->client);
	p->closed = true;
}

static const struct sl_conn_handler handler = {
    .on_read = on_read, .on_drain = on_drain, .on_close = on_close};

void gw_peer_open(struct gw_peer *p, struct gw_fixture *f, const char *role,
    const char *sub, int send_buffer)
{
	struct sl_jwt_claims claims = {.tenant = "default", .exp_s = INT64_C(1) << 40};
	uint8_t hash[SL_JWT_HASH] = {0};
	int fds[2];

	memset(p, 0, sizeof *p);
	p->fixture = f;
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	if (send_buffer)
		setsockopt(
		    fds[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
	p->fd = fds[1];
	strcpy(claims.role, role);
	strcpy(claims.sub, sub);
	struct gw_identity *who = gw_identity_new(f->hub.mirror, f->users, &claims, hash);
	ck_assert_ptr_nonnull(who);
	gw_client_init(&p->client, &f->hub, sl_conn_open(f->conns, fds[0], &handler, p),
	    GW_FORM_WS, who);
	gw_identity_unref(who);
}

void gw_peer_subscribe(struct gw_peer *p, const char *list, const struct sl_cursor *since)
{
	struct gw_names *names = malloc(sizeof *names);

	gw_names_init(names, p->fixture->catalog, p->client.who->modules);
	ck_assert_msg(gw_names_split(names, list, strlen(list)) == 0, "%s", names->error);
	struct gw_patterns *set = gw_names_patterns(names, &p->fixture->hub.patterns);
	gw_sub_add(&p->client, set);
	gw_patterns_unref(set);
	set = gw_sub_all(&p->client);
	gw_client_follow(&p->client, set, since);
	gw_patterns_unref(set);
	free(names);
}

bool gw_peer_read(struct gw_peer *p, size_t max)
{
	char *into = sl_buf_reserve(&p->in, max);
	ssize_t n = read(p->fd, into, max);

	if (n <= 0)
		return false;
	p->in.len += (size_t)n;
	return true;
}

bool gw_peer_next(struct gw_peer *p, struct sl_buf *out)
{
	for (;;) {
		const uint8_t *b = (const uint8_t *)p->in.data;
		size_t head = 2;
		size_t len;
		if (p->in.len < 2)
			return false;
		len = b[1];
		if (len == 126)
			head = 4;
		else if (len == 127)
			head = 10;
		if (p->in.len < head)
			return false;
		if (head > 2) {
			len = 0;
			for (size_t i = 2; i < head; i++)
				len = len << 8 | b[i];
		}
		if (p->in.len < head + len)
			return false;
		bool deflated = b[0] == 0xc1;
		bool is_text = b[0] == 0x81 || deflated;
		sl_buf_reset(out);
		if (deflated) {
			if (!p->zip)
				p->zip = sl_zip_new();
			ck_assert_int_eq(
			    sl_zip_inflate(p->zip, p->in.data + head, len, 1u << 24, out),
			    0);
			p->deflated++;
		} else {
			sl_buf_add(out, p->in.data + head, len);
		}
		sl_buf_text(out);
		sl_buf_drop(&p->in, head + len);
		if (is_text)
			return true;
	}
}

bool gw_peer_take(struct gw_peer *p, struct gw_got *out)
{
	struct sl_buf text = {0};
	struct sl_slice s;
	int64_t n = 0;

	memset(out, 0, sizeof *out);
	out->stream = -1;
	if (!gw_peer_next(p, &text)) {
		sl_buf_clear(&text);
		return false;
	}
	json_t *tree = sl_json_in_parse(text.data, text.len, NULL);
	ck_assert_msg(tree != NULL, "not JSON: %s", text.data);
	snprintf(out->text, sizeof out->text, "%s", text.data);
	ck_assert(sl_json_in_string(tree, "type", &s));
	snprintf(out->type, sizeof out->type, "%s", s.data);
	if (sl_json_in_string(tree, "log", &s))
		out->stream = sl_stream_parse(s.data, s.len);
	if (sl_json_in_int(tree, "seq", &n))
		out->seq = (uint64_t)n;
	const json_t *data = json_object_get(tree, "data");
	if (sl_json_in_int(data, "from", &n))
		out->from = (uint64_t)n;
	if (sl_json_in_int(data, "to", &n))
		out->to = (uint64_t)n;
	if (sl_json_in_string(tree, "cursor", &s)) {
		/* The last member, of fixed length. */
		ck_assert_uint_eq(s.len, SL_CURSOR_LEN);
		ck_assert_int_eq(
		    memcmp(text.data + text.len - 2 - s.len, s.data, s.len), 0);
		ck_assert_int_eq(sl_cursor_parse(s.data, s.len, &out->cursor), 0);
		out->has_cursor = true;
	}
	json_decref(tree);
	sl_buf_clear(&text);
	return true;
}

void gw_peer_close(struct gw_peer *p)
{
	close(p->fd);
	for (int i = 0; i < 1000 && !p->closed; i++)
		event_base_loop(p->fixture->loop, EVLOOP_NONBLOCK);
	ck_assert(p->closed);
	sl_zip_free(p->zip);
	sl_buf_clear(&p->in);
}
