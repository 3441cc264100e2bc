/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector with valid credentials that does everything wrong, for tests
 * that the aggregator cannot be crashed, blocked or slowed by its rings.
 *
 *	hostile_collector SOCKET MODE [--name NAME] [--seconds S] [--seed N]
 *
 * Prints "attached", "refused REASON" and "closed" as the aggregator answers,
 * ends after S seconds (default 5), or as soon as the aggregator has dropped
 * it, with status 0.  Modes are the rows of the table below.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "shm/attach.h"
#include "shm/layout.h"

#define RING_BYTES (1u << 20)

/* The dictionary of 10^6 definitions wants the largest segment. */
#define DEFINITIONS 1000000u

struct hostile {
	const char *path;
	const char *name;
	uint64_t random;
	struct sl_segment segment;
	struct sl_ring_writer ring;
	struct sl_dict_writer dict;
	int doorbell;
	int fd; /* attach connection */
	bool attached;
};

static uint64_t next_random(struct hostile *hostile)
{
	/* xorshift64*: any seed but 0. */
	hostile->random ^= hostile->random >> 12;
	hostile->random ^= hostile->random << 25;
	hostile->random ^= hostile->random >> 27;
	return hostile->random * UINT64_C(2685821657736338717);
}

static void fill_random(struct hostile *hostile, void *memory, size_t len)
{
	unsigned char *at = memory;

	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word = next_random(hostile);
		memcpy(at, &word, 8);
	}
}

static void set_head(struct hostile *hostile, uint64_t head)
{
	atomic_store(&hostile->segment.header->head, head);
}

static void ring_doorbell(struct hostile *hostile)
{
	uint64_t one = 1;

	if (write(hostile->doorbell, &one, sizeof(one)) < 0 && errno != EAGAIN)
		perror("doorbell");
}

/* ---- what is done to the segment before it is offered ------------------------- */

static void define(struct hostile *hostile, const char *name)
{
	struct sl_dict_def def = {.name = {name, strlen(name)}};
	uint32_t handle;

	sl_dict_add(&hostile->dict, &def, &handle);
}

static void before_nothing(struct hostile *hostile)
{
	define(hostile, "bench_value");
}

static void before_dictionary(struct hostile *hostile)
{
	fill_random(hostile, hostile->segment.dict, hostile->segment.dict_bytes);
	atomic_store(&hostile->segment.header->dict_used, hostile->segment.dict_bytes);
}

/* As many tiny definitions as fit, and a claim of 10^6 × 24 bytes. */
static void before_definitions(struct hostile *hostile)
{
	size_t at = 0;

	for (uint32_t i = 0; at + 32 <= hostile->segment.dict_bytes && i < DEFINITIONS;
	     i++) {
		char name[9];
		struct sl_layout_def def = {.bytes = sizeof(def) + 8, .name_bytes = 8};
		snprintf(name, sizeof(name), "m%07x", i & 0xfffffffu);
		memcpy(hostile->segment.dict + at, &def, sizeof(def));
		memcpy(hostile->segment.dict + at + sizeof(def), name, 8);
		at += sizeof(def) + 8;
	}
	atomic_store(&hostile->segment.header->dict_used, (uint64_t)DEFINITIONS * 24);
}

/* Every length of a definition points outside. */
static void before_lengths(struct hostile *hostile)
{
	struct sl_layout_def def = {.bytes = UINT32_MAX,
	    .name_bytes = UINT16_MAX,
	    .unit_bytes = UINT16_MAX,
	    .kind = 200,
	    .label_count = 255};

	for (size_t at = 0; at + sizeof(def) <= hostile->segment.dict_bytes;
	     at += sizeof(def))
		memcpy(hostile->segment.dict + at, &def, sizeof(def));
	atomic_store(&hostile->segment.header->dict_used, UINT64_MAX);
}

/* ---- what is done once it is attached: one turn ------------------------------- */

static void turn_nothing(struct hostile *hostile)
{
	(void)hostile;
}

static void turn_random(struct hostile *hostile)
{
	fill_random(hostile, hostile->segment.ring, hostile->segment.ring_bytes);
	set_head(hostile, hostile->segment.ring_bytes);
	ring_doorbell(hostile);
}

/* Frames that look right and lie about their length. */
static void turn_lengths(struct hostile *hostile)
{
	static const uint32_t frames[] = {SL_LAYOUT_FRAME(SL_LAYOUT_SAMPLE, 0xffffff),
	    SL_LAYOUT_FRAME(SL_LAYOUT_EVENT, 0), SL_LAYOUT_FRAME(SL_LAYOUT_EVENT, 8),
	    SL_LAYOUT_FRAME(SL_LAYOUT_EVENT, 0xfffff0),
	    SL_LAYOUT_FRAME(SL_LAYOUT_POSITION, 1), SL_LAYOUT_FRAME(0, 32),
	    SL_LAYOUT_FRAME(255, 32), UINT32_MAX};
	uint64_t choice = next_random(hostile) % (sizeof(frames) / sizeof(frames[0]));

	for (size_t at = 0; at < hostile->segment.ring_bytes; at += sizeof(uint64_t)) {
		uint64_t word = (uint64_t)UINT32_MAX << 32 | frames[choice];
		memcpy(hostile->segment.ring + at, &word, sizeof(word));
	}
	set_head(hostile, hostile->segment.ring_bytes / 2);
	ring_doorbell(hostile);
}

/* An event whose inner lengths add up to more than the record. */
static void turn_event(struct hostile *hostile)
{
	struct sl_layout_event event = {
	    .frame = SL_LAYOUT_FRAME(SL_LAYOUT_EVENT, sizeof(event) + 8),
	    .flags = UINT32_MAX,
	    .payload_bytes = UINT32_MAX,
	    .type_bytes = UINT16_MAX,
	    .audience_bytes = UINT16_MAX,
	    .audience = UINT32_MAX};

	memcpy(hostile->segment.ring, &event, sizeof(event));
	set_head(hostile, SL_LAYOUT_PADDED(sizeof(event) + 8));
	ring_doorbell(hostile);
}

static void turn_head(struct hostile *hostile)
{
	static const uint64_t jumps[] = {0, 8, 7, UINT64_MAX, UINT64_MAX - 7, RING_BYTES,
	    RING_BYTES + 8, RING_BYTES * UINT64_C(1000), UINT64_C(1) << 63};

	sl_ring_push(&hostile->ring, 0, 1.0, sl_clock_wall_ns());
	set_head(
	    hostile, jumps[next_random(hostile) % (sizeof(jumps) / sizeof(jumps[0]))]);
	ring_doorbell(hostile);
}

/* Samples and events that are well-formed and that nobody asked for. */
static void turn_unknown(struct hostile *hostile)
{
	static const char payload[] = "{\"x\":";
	struct sl_ring_event event = {.time_ns = INT64_MAX,
	    .type = {"no.such.type", 12},
	    .payload = {payload, sizeof(payload) - 1}};

	for (int i = 0; i < 100; i++)
		sl_ring_push(
		    &hostile->ring, (uint32_t)next_random(hostile), 1.0, INT64_MIN);
	sl_ring_push_event(&hostile->ring, &event);
	ring_doorbell(hostile);
}

static void turn_flood(struct hostile *hostile)
{
	static const char payload[] = "{\"flood\":true}";
	struct sl_ring_event event = {
	    .type = {"bench.flood", 11}, .payload = {payload, sizeof(payload) - 1}};
	int64_t now_ns = sl_clock_wall_ns();

	event.time_ns = now_ns;
	for (int i = 0; i < 4096; i++)
		sl_ring_push(&hostile->ring, 0, i, now_ns);
	for (int i = 0; i < 512; i++)
		sl_ring_push_event(&hostile->ring, &event);
}

/* The sleep word flips all the time and the bell rings for nothing. */
static void turn_doorbell(struct hostile *hostile)
{
	uint64_t most = UINT64_MAX - 1;

	atomic_store(&hostile->segment.header->asleep, (uint32_t)next_random(hostile));
	/* A full counter: whoever rings it with a blocking descriptor hangs. */
	if (write(hostile->doorbell, &most, sizeof(most)) < 0 && errno != EAGAIN)
		perror("doorbell");
	sl_ring_push(&hostile->ring, 0, 1.0, sl_clock_wall_ns());
}

static void turn_header(struct hostile *hostile)
{
	unsigned char *header = (unsigned char *)hostile->segment.header;

	fill_random(hostile, header, sizeof(*hostile->segment.header));
	ring_doorbell(hostile);
}

/* After HELLO a collector never says anything. */
static void turn_talk(struct hostile *hostile)
{
	char noise[SL_ATTACH_MESSAGE_MAX];

	fill_random(hostile, noise, sizeof(noise));
	send(hostile->fd, noise, sizeof(noise), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- what is offered ---------------------------------------------------------- */

static int offer_segment(struct hostile *hostile)
{
	struct sl_attach_hello hello = {.line = 1, .segment_id = hostile->segment.id};

	snprintf(hello.source, sizeof(hello.source), "%s", hostile->name);
	return sl_attach_send_hello(
	    hostile->fd, &hello, hostile->segment.fd, hostile->doorbell);
}

/* A memfd like a segment, but not sealed, so that it can shrink under the reader. */
static int offer_unsealed(struct hostile *hostile)
{
	struct sl_segment copy = hostile->segment;
	size_t bytes = copy.map_bytes - copy.ring_bytes;
	int rc = SL_ESYS;

	copy.fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy.fd >= 0 && ftruncate(copy.fd, (off_t)bytes) == 0 &&
	    pwrite(copy.fd, copy.header, sizeof(*copy.header), 0) > 0) {
		struct sl_attach_hello hello = {.line = 1, .segment_id = copy.id};
		snprintf(hello.source, sizeof(hello.source), "%s", hostile->name);
		rc =
		    sl_attach_send_hello(hostile->fd, &hello, copy.fd, hostile->doorbell);
		if (ftruncate(copy.fd, 0) != 0)
			perror("ftruncate");
	}
	if (copy.fd >= 0)
		close(copy.fd);
	return rc;
}

/* A pipe where the doorbell belongs. */
static int offer_pipe(struct hostile *hostile)
{
	struct sl_attach_hello hello = {.line = 1, .segment_id = hostile->segment.id};
	int ends[2];

	if (pipe(ends) != 0)
		return SL_ESYS;
	snprintf(hello.source, sizeof(hello.source), "%s", hostile->name);
	int rc = sl_attach_send_hello(hostile->fd, &hello, hostile->segment.fd, ends[0]);
	close(ends[0]);
	close(ends[1]);
	return rc;
}

static int offer_noise(struct hostile *hostile)
{
	char noise[4096];

	fill_random(hostile, noise, sizeof(noise));
	return send(hostile->fd, noise, 1 + next_random(hostile) % (sizeof(noise) - 1),
		   MSG_NOSIGNAL) > 0
		   ? 0
		   : SL_ECLOSED;
}

/* Connects and never says HELLO. */
static int offer_silence(struct hostile *hostile)
{
	(void)hostile;
	return 0;
}

/* ---- modes -------------------------------------------------------------------- */

static const struct mode {
	const char *name;
	void (*before)(struct hostile *hostile);
	int (*offer)(struct hostile *hostile);
	void (*turn)(struct hostile *hostile);
} modes[] = {
    {"random", before_nothing, offer_segment, turn_random},
    {"lengths", before_nothing, offer_segment, turn_lengths},
    {"event", before_nothing, offer_segment, turn_event},
    {"head", before_nothing, offer_segment, turn_head},
    {"header", before_nothing, offer_segment, turn_header},
    {"dictionary", before_dictionary, offer_segment, turn_unknown},
    {"dictionary-lengths", before_lengths, offer_segment, turn_unknown},
    {"definitions", before_definitions, offer_segment, turn_unknown},
    {"unknown", before_nothing, offer_segment, turn_unknown},
    {"doorbell", before_nothing, offer_segment, turn_doorbell},
    {"flood", before_nothing, offer_segment, turn_flood},
    {"unsealed", before_nothing, offer_unsealed, turn_nothing},
    {"pipe", before_nothing, offer_pipe, turn_nothing},
    {"noise", before_nothing, offer_noise, turn_nothing},
    {"silence", before_nothing, offer_silence, turn_nothing},
    {"talk", before_nothing, offer_segment, turn_talk},
};

/* Prints what the aggregator says; false once it has hung up. */
static bool hear(struct hostile *hostile)
{
	struct sl_attach_answer answer;
	int rc;

	while ((rc = sl_attach_receive_answer(hostile->fd, &answer)) == 0) {
		hostile->attached =
		    hostile->attached || answer.kind == SL_ATTACH_ACCEPTED;
		if (answer.kind == SL_ATTACH_ACCEPTED)
			puts("attached");
		else if (answer.kind == SL_ATTACH_REFUSED)
			printf("refused %s\n", answer.reason);
		fflush(stdout);
	}
	if (rc == SL_EAGAIN)
		return true;
	puts("closed");
	fflush(stdout);
	return false;
}

static int connect_to(struct hostile *hostile)
{
	int rc;

	for (int tries = 0; tries < 500; tries++) {
		rc = sl_attach_connect(hostile->path, &hostile->fd);
		if (rc != SL_EAGAIN)
			return rc;
		poll(NULL, 0, 10);
	}
	return rc;
}

static int run(struct hostile *hostile, const struct mode *mode, double seconds)
{
	int64_t end_ns = sl_clock_mono_ns() + (int64_t)(seconds * 1e9);

	if (connect_to(hostile) != 0 || mode->offer(hostile) != 0) {
		fprintf(stderr, "hostile_collector: nobody at %s\n", hostile->path);
		return EXIT_FAILURE;
	}
	while (sl_clock_mono_ns() < end_ns && hear(hostile)) {
		if (hostile->attached)
			mode->turn(hostile);
		/* Floods do not wait; everybody else leaves the processor to others. */
		poll(NULL, 0, mode->turn == turn_flood ? 0 : 1);
	}
	close(hostile->fd);
	return EXIT_SUCCESS;
}

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct hostile hostile = {.name = "hostile", .random = 88172645463325252u};
	double seconds = 5;

	for (int i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--name") == 0)
			hostile.name = argv[i + 1];
		else if (strcmp(argv[i], "--seconds") == 0)
			seconds = strtod(argv[i + 1], NULL);
		else if (strcmp(argv[i], "--seed") == 0)
			hostile.random ^= strtoull(argv[i + 1], NULL, 10);
	}
	const struct mode *mode = argc > 2 ? find_mode(argv[2]) : NULL;
	if (mode == NULL) {
		fprintf(stderr, "usage: hostile_collector SOCKET MODE; modes:");
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			fprintf(stderr, " %s", modes[i].name);
		fprintf(stderr, "\n");
		return EXIT_FAILURE;
	}
	hostile.path = argv[1];
	hostile.doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hostile.doorbell < 0 ||
	    sl_segment_create(&hostile.segment, "hostile", RING_BYTES) != 0) {
		perror("hostile_collector");
		return EXIT_FAILURE;
	}
	sl_ring_writer_init(&hostile.ring, &hostile.segment, hostile.doorbell);
	sl_dict_writer_init(&hostile.dict, &hostile.segment);
	mode->before(&hostile);
	int code = run(&hostile, mode, seconds);
	sl_segment_close(&hostile.segment);
	close(hostile.doorbell);
	return code;
}
