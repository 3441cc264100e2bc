/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds gateways like an aggregator would, so that they can be measured alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bus.h"
#include "clock.h"
#include "crypto.h"
#include "jwt.h"
#include "key.h"
#include "loop.h"
#include "msg.h"

/*
 * gateway-source DIR RATE BYTES SECONDS [METRICS_HZ]
 *
 * Publishes RATE events per second of BYTES payload (type bench.tick, log
 * normal) and, if asked, changes of one metric; answers state and replay.  Makes
 * keys/ and run/ in DIR when they are missing and prints a token.  Each event's
 * payload has "ts_ns" and "n".
 */
#define KEPT 100000u

struct source {
	struct sl_bus *bus;
	struct event_base *loop;
	uint64_t flush;
	uint64_t next; /* of the normal log */
	uint64_t epoch;
	size_t bytes;
	double rate;
	double metrics_hz;
	int64_t begin_ns;
	int64_t end_ns;
	int64_t batch_ns;
	int64_t metric_ns;
	double value;
	struct sl_buf kept[KEPT];
};

static struct sl_slice text(const char *s)
{
	return (struct sl_slice){s, strlen(s)};
}

static void head_of(struct source *s, struct sl_msg_batch_head *head, bool keyframe)
{
	*head = (struct sl_msg_batch_head){
	    .aggregator = 1,
	    .epoch = s->epoch,
	    .flush = s->flush,
	    .publish_us = sl_clock_wall_ns() / 1000,
	    .keyframe = keyframe,
	};
}

static void add_defs(struct sl_msg_batch_writer *w)
{
	struct sl_msg_metric_def def = {
	    .id = 0,
	    .tenant = text("default"),
	    .module = text("system_health"),
	    .name = text("cpu_usage"),
	    .field = text("cpu_usage"),
	    .unit = text("percent"),
	    .in_snapshot = true,
	};

	sl_msg_batch_add_def(w, &def);
}

static void add_metric(struct source *s, struct sl_msg_batch_writer *w)
{
	struct sl_msg_metric m = {
	    .id = 0, .value = s->value, .ts_us = sl_clock_wall_ns() / 1000};

	sl_msg_batch_add_metric(w, &m);
}

static struct sl_buf *make_event(struct source *s)
{
	struct sl_buf *packed = &s->kept[s->next % KEPT];
	struct sl_buf body = {0};
	int64_t now_ns = sl_clock_wall_ns();

	sl_buf_addf(&body,
	    "{\"id\":\"%016" PRIx64 "\",\"type\":\"bench.tick\",\"priority\":\"normal\","
	    "\"payload\":{\"ts_ns\":%" PRId64 ",\"n\":%" PRIu64 ",\"pad\":\"",
	    s->next, now_ns, s->next - 1);
	while (body.len + 3 < s->bytes)
		sl_buf_addc(&body, 'x');
	sl_buf_adds(&body, "\"}}");
	struct sl_entry entry = {
	    .stream = SL_STREAM_NORMAL,
	    .kind = SL_ENTRY_EVENT,
	    .seq = s->next,
	    .ts_us = now_ns / 1000,
	    .ingest_us = now_ns / 1000,
	    .tenant = text("default"),
	    .module = text("system_health"),
	    .topic = text("events.bench.tick"),
	    .source = text("source"),
	    .key = text("id"),
	    .body = {body.data, body.len},
	};
	sl_buf_reset(packed);
	sl_msg_entry_pack(packed, &entry);
	s->next++;
	sl_buf_clear(&body);
	return packed;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct source *s = arg;
	int64_t now_ns = sl_clock_mono_ns();
	uint64_t due = (uint64_t)((double)(now_ns - s->begin_ns) / 1e9 * s->rate);
	bool metrics =
	    s->metrics_hz > 0 && (double)(now_ns - s->metric_ns) >= 1e9 / s->metrics_hz;
	struct sl_msg_batch_writer w;
	struct sl_msg_batch_head head;
	static struct sl_buf out;

	(void)fd;
	(void)what;
	if (s->end_ns && now_ns > s->end_ns)
		event_base_loopbreak(s->loop);
	if (s->next - 1 >= due && !metrics && now_ns - s->batch_ns < SL_NS_PER_S)
		return;
	s->batch_ns = now_ns;
	s->flush++;
	head_of(s, &head, false);
	sl_msg_batch_begin(&w, &out, &head);
	if (metrics) {
		s->metric_ns = now_ns;
		s->value += 0.25;
		add_metric(s, &w);
	}
	while (s->next - 1 < due) {
		struct sl_buf *e = make_event(s);
		sl_msg_batch_add_entry(&w, e->data, e->len);
	}
	sl_msg_batch_end(&w);
	sl_bus_publish(s->bus, out.data, out.len);
}

static void add_page(
    struct source *s, const struct sl_msg_request *request, struct sl_buf *out)
{
	uint64_t from = 1;
	int stream = 0;
	struct sl_msg_page_writer w;

	sscanf(request->body.data, "{\"stream\":%d,\"from\":%" SCNu64, &stream, &from);
	uint64_t oldest = s->next > KEPT ? s->next - KEPT : 1;
	struct sl_msg_page_head head = {.aggregator = 1,
	    .epoch = s->epoch,
	    .stream = (enum sl_stream)stream,
	    .oldest = oldest,
	    .next = stream == SL_STREAM_NORMAL ? s->next : 1};
	sl_msg_page_begin(&w, out, &head);
	if (from < oldest)
		from = oldest;
	for (; stream == SL_STREAM_NORMAL && from < s->next &&
	       out->len < SL_MSG_PAGE_MAX - SL_ENTRY_MAX;
	     from++)
		sl_msg_page_add(&w, s->kept[from % KEPT].data, s->kept[from % KEPT].len);
	sl_msg_page_end(&w);
}

static void on_request(void *arg, struct sl_bus_route route, const void *data, size_t len)
{
	struct source *s = arg;
	struct sl_msg_request request;
	struct sl_buf body = {0};
	struct sl_buf packed = {0};

	if (sl_msg_request_read(data, len, &request))
		return;
	struct sl_msg_reply reply = {.id = request.id, .status = 200, .control_next = 1};
	if (request.kind == SL_REQ_STATE) {
		struct sl_msg_batch_writer w;
		struct sl_msg_batch_head head;
		head_of(s, &head, true);
		sl_msg_batch_begin(&w, &body, &head);
		add_defs(&w);
		add_metric(s, &w);
		sl_msg_batch_end(&w);
	} else if (request.kind == SL_REQ_REPLAY) {
		add_page(s, &request, &body);
	} else {
		reply.status = 404;
		reply.problem = text("not-found");
		reply.detail = text("this is a load source");
	}
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		reply.next[i] = i == SL_STREAM_NORMAL ? s->next : 1;
	reply.body = (struct sl_slice){body.data, body.len};
	sl_msg_reply_pack(&packed, &reply);
	sl_bus_reply(s->bus, route, packed.data, packed.len);
	sl_buf_clear(&packed);
	sl_buf_clear(&body);
}

static void on_report(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
}

static void print_token(const char *dir)
{
	char key_path[512];
	char pub_path[512];
	char error[SL_KEY_ERROR];
	struct sl_key key;
	struct sl_buf token = {0};
	struct sl_jwt_claims claims = {.sub = "bench",
	    .role = "master_admin",
	    .tenant = "default",
	    .exp_s = sl_clock_wall_ns() / SL_NS_PER_S + 86400,
	    .max_connections = 1000000};

	snprintf(key_path, sizeof key_path, "%s/keys", dir);
	mkdir(key_path, 0700);
	snprintf(key_path, sizeof key_path, "%s/run", dir);
	mkdir(key_path, 0700);
	snprintf(key_path, sizeof key_path, "%s/keys/jwt.key", dir);
	snprintf(pub_path, sizeof pub_path, "%s/keys/jwt.pub", dir);
	if (sl_key_load(&key, key_path, NULL, error)) {
		sl_key_generate(&key);
		if (sl_key_write_pair(&key, key_path, pub_path, error)) {
			fprintf(stderr, "gateway-source: %s\n", error);
			exit(1);
		}
	}
	sl_jwt_sign(&key, &claims, &token);
	printf("%s\n", sl_buf_text(&token));
	fflush(stdout);
	sl_buf_clear(&token);
}

int main(int argc, char **argv)
{
	static struct source s;
	struct sl_bus_handler handler = {.request = on_request, .report = on_report};
	struct timeval tick = sl_loop_ms(1);
	char run[512];

	if (argc < 5) {
		fprintf(stderr,
		    "usage: gateway-source DIR RATE BYTES SECONDS [METRICS_HZ]\n");
		return 64;
	}
	s.rate = atof(argv[2]);
	s.bytes = (size_t)atol(argv[3]);
	s.metrics_hz = argc > 5 ? atof(argv[5]) : 0;
	s.next = 1;
	if (sl_crypto_init())
		return 1;
	sl_crypto_random(&s.epoch, sizeof s.epoch);
	mkdir(argv[1], 0700);
	print_token(argv[1]);
	s.loop = sl_loop_new();
	snprintf(run, sizeof run, "%s/run", argv[1]);
	struct sl_bus_options options = {.base = s.loop, .run_dir = run};
	if (sl_bus_open(&s.bus, &options, &handler, &s))
		return 1;
	s.begin_ns = s.batch_ns = sl_clock_mono_ns();
	s.end_ns = atol(argv[4]) ? s.begin_ns + atol(argv[4]) * SL_NS_PER_S : 0;
	struct event *timer = event_new(s.loop, -1, EV_PERSIST, on_tick, &s);
	event_add(timer, &tick);
	event_base_dispatch(s.loop);
	event_free(timer);
	sl_bus_close(s.bus);
	event_base_free(s.loop);
	fprintf(stderr, "events=%" PRIu64 "\n", s.next - 1);
	return 0;
}
