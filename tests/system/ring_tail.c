/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the aggregator: takes one source after the other at an attach
 * socket and prints what it writes as JSON lines, for tests of collectors.
 *
 *	ring_tail SOCKET [--journaled N] [--refuse REASON] [--hold]
 *
 * --journaled answers that position N has been journaled; --refuse refuses
 * everybody; --hold reads nothing before SIGUSR1, so that rings fill.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "shm/attach.h"

/* Between two looks at a ring: a test's patience, not a promise. */
#define LOOK_MS 2

static volatile sig_atomic_t holding, ending;

static struct sl_attach_consumer consumer;

static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		holding = 0;
	else
		ending = 1;
}

static void print_text(struct sl_slice text)
{
	putchar('"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c == '"' || c == '\\' || c < 0x20)
			printf("\\u%04x", (unsigned)c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_defs(void)
{
	struct sl_dict_def def;

	while (sl_dict_read(&consumer.dict, &def) == 0) {
		printf("{\"def\":%" PRIu32 ",\"name\":", def.handle);
		print_text(def.name);
		printf(",\"unit\":");
		print_text(def.unit);
		printf(",\"labels\":{");
		for (size_t i = 0; i < def.label_count; i++) {
			printf(i > 0 ? "," : "");
			print_text(def.labels[i].key);
			putchar(':');
			print_text(def.labels[i].value);
		}
		printf("}}\n");
	}
}

static void print_record(const struct sl_ring_record *record)
{
	const struct sl_ring_event *event = &record->event;

	if (record->type == SL_RING_SAMPLE) {
		printf("{\"sample\":%" PRIu32 ",\"value\":%.17g,\"time_ns\":%" PRId64
		       ",\"seq\":%" PRIu64 "}\n",
		    record->sample.metric, record->sample.value, record->sample.time_ns,
		    record->sample.seq);
	} else if (record->type == SL_RING_EVENT) {
		printf("{\"event\":");
		print_text(event->type);
		printf(",\"position\":\"");
		for (size_t i = 0; event->has_position && i < sizeof(event->position);
		     i++)
			printf("%02x", (unsigned)event->position[i]);
		printf("\",\"payload\":%.*s}\n", (int)event->payload.len,
		    event->payload.data);
	}
}

/* Prints all that is there; false once the ring is found corrupt. */
static bool drain(void)
{
	static unsigned char buf[SL_RING_RECORD_MAX];
	struct sl_ring_record record;
	int rc;

	print_defs();
	while ((rc = sl_ring_read(&consumer.ring, &record, buf)) == 0) {
		print_defs();
		print_record(&record);
	}
	sl_ring_release(&consumer.ring);
	fflush(stdout);
	if (rc == SL_ECORRUPT)
		printf("{\"corrupt\":\"%s\"}\n", consumer.ring.reason);
	return rc != SL_ECORRUPT;
}

/* Waits for the HELLO of a connection. */
static bool receive(int fd, struct sl_attach_offer *offer)
{
	char reason[SL_SEGMENT_REASON];
	int rc;

	while ((rc = sl_attach_receive(fd, offer, reason)) == SL_EAGAIN && !ending)
		poll(NULL, 0, LOOK_MS);
	return rc == 0;
}

/* Refuses only after the HELLO: closing on unread data would take the answer along. */
static void refuse_source(int fd, const char *reason)
{
	struct sl_attach_offer offer;

	if (receive(fd, &offer)) {
		sl_attach_offer_clear(&offer);
		sl_attach_send_refused(fd, reason);
	}
	printf("{\"refused\":true}\n");
	fflush(stdout);
	close(fd);
}

static bool open_source(int fd, const struct sl_attach_positions *positions)
{
	char reason[SL_SEGMENT_REASON];
	struct sl_attach_offer offer;

	if (!receive(fd, &offer))
		return false;
	printf("{\"attached\":\"%s\"}\n", offer.hello.source);
	if (sl_attach_open(&consumer, &offer, 64u << 20, reason) != 0) {
		printf("{\"unusable\":\"%s\"}\n", reason);
		sl_attach_send_refused(fd, reason);
		sl_attach_offer_clear(&offer);
		return false;
	}
	sl_attach_send_accepted(fd, &offer.hello, positions);
	fflush(stdout);
	return true;
}

static void follow(int fd, const struct sl_attach_positions *positions)
{
	if (open_source(fd, positions)) {
		char reason[SL_SEGMENT_REASON];
		struct sl_attach_offer offer;
		int rc = SL_EAGAIN;
		while (!ending && rc == SL_EAGAIN && (holding || drain())) {
			rc = sl_attach_receive(fd, &offer, reason);
			poll(NULL, 0, LOOK_MS);
		}
		drain();
		sl_attach_close(&consumer);
	}
	close(fd);
	printf("{\"detached\":true}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	/* Restarted: stdio loses what a signal interrupts on its way into a pipe. */
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sl_attach_positions positions = {0};
	const char *refuse = NULL;
	int listener, fd;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--hold") == 0) {
			holding = 1;
		} else if (strcmp(argv[i], "--refuse") == 0 && i + 1 < argc) {
			refuse = argv[++i];
		} else if (strcmp(argv[i], "--journaled") == 0 && i + 1 < argc) {
			uint64_t n = strtoull(argv[++i], NULL, 10);
			positions.has_journaled = true;
			for (int k = 15; k >= 8; k--, n >>= 8)
				positions.journaled[k] = (uint8_t)n;
		}
	}
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (argc < 2 || sl_attach_listen(argv[1], 0600, &listener) != 0) {
		fprintf(stderr, "usage: ring_tail SOCKET, which has to be free\n");
		return EXIT_FAILURE;
	}
	printf("{\"listening\":true}\n");
	fflush(stdout);
	while (!ending) {
		struct sl_attach_peer peer;
		struct pollfd wait = {.fd = listener, .events = POLLIN};
		poll(&wait, 1, LOOK_MS * 50);
		if (sl_attach_accept(listener, &fd, &peer) != 0)
			continue;
		if (refuse == NULL)
			follow(fd, &positions);
		else
			refuse_source(fd, refuse);
	}
	close(listener);
	unlink(argv[1]);
	return EXIT_SUCCESS;
}
