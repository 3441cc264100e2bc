/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random clients of real gateways over a model of the aggregator, judged by an
 * oracle: usage: property [--steps N] [--seed S].
 *
 * Everything that happens is a step, and every step is drawn from one seed.
 * After each few thousand the world comes to rest, and then every client must
 * have everything.  A failure prints the seed, the step and the steps before.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "gateway/pump.h"
#include "log.h"
#include "loop.h"
#include "oracle.h"

#define CLIENTS     12
#define REST_STEPS  4000 /* from one rest to the next */
#define TRAIL       60   /* steps that are remembered */
#define REST_ROUNDS 20000
#define READ_MAX    (1u << 20)

static struct world world;
static struct gate gates[GATES];
static struct client clients[CLIENTS];
static struct event_base *loop;
static uint64_t seed;
static uint64_t step;
static uint64_t killed, restarted, lost, refreshed, dropped;
static char trail[TRAIL][80];

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	char *line = trail[step % TRAIL];
	va_list ap;

	int n = snprintf(line, sizeof trail[0], "%" PRIu64 " ", step);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof trail[0] - (size_t)n, fmt, ap);
	va_end(ap);
}

void fail(const struct client *c, const char *fmt, ...)
{
	va_list ap;

	for (uint64_t i = step >= TRAIL ? step - TRAIL + 1 : 0; i <= step; i++)
		fprintf(stderr, "  %s\n", trail[i % TRAIL]);
	fprintf(stderr,
	    "seed %" PRIu64 " step %" PRIu64 " client %d (%s role %s topics %u): ", seed,
	    step, c->number,
	    c->transport == OVER_WS    ? "ws"
	    : c->transport == OVER_SSE ? "sse"
				       : "poll",
	    world_role[c->now.role], c->now.topics);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nagain: property --seed %" PRIu64 " --steps %" PRIu64 "\n",
	    seed, step + 1);
	exit(EXIT_FAILURE);
}

static uint64_t dice(uint64_t n)
{
	return world_dice(&world, n);
}

static void turn(void)
{
	event_base_loop(loop, EVLOOP_NONBLOCK);
	client_sweep();
	for (int i = 0; i < CLIENTS; i++)
		client_note_stall(&clients[i]);
}

/* ---- steps ------------------------------------------------------------------------ */

static void publish(bool keyframe, unsigned losses)
{
	static struct sl_buf batch;

	world_batch(&world, &batch, keyframe);
	for (int i = 0; i < GATES; i++) {
		if (losses && dice(losses) == 0)
			note("batch lost on the way to gateway %d", i);
		else
			gate_send(&gates[i], &batch);
	}
}

static void start_gate(struct gate *g)
{
	gate_start(g, 20000 + dice(200000), 5 + (uint32_t)dice(100));
	note("gateway %d starts", (int)(g - gates));
}

static void kill_gate(struct gate *g)
{
	note("gateway %d dies", (int)(g - gates));
	killed++;
	client_sweep();
	for (int i = 0; i < CLIENTS; i++) {
		/* What was in the socket may still arrive, or not. */
		if (clients[i].gate == g && dice(2))
			client_drop(&clients[i]);
	}
	gate_kill(g);
}

static void come(struct client *c)
{
	struct gate *g = &gates[dice(GATES)];
	struct sight sight = c->now;

	if (!g->up || !gw_follow_ready(g->follow))
		return;
	if (dice(4) == 0)
		sight = (struct sight){
		    (unsigned)dice(WORLD_ROLES), (unsigned)dice(ORACLE_TOPICS)};
	if (dice(30) == 0)
		c->last_cursor[0] = '\0'; /* a page that was loaded anew */
	enum transport transport = (enum transport)dice(TRANSPORTS);
	note("client %d comes to gateway %d by %d as %u/%u", c->number, (int)(g - gates),
	    (int)transport, sight.role, sight.topics);
	client_connect(c, g, transport, sight, dice(3) == 0);
}

/* A role is changed only where the oracle knows the positions of the change. */
static void change_role(struct client *c)
{
	struct sl_cursor at;

	if (c->changing || !c->gate || !c->gate->up || !client_position(c, &at))
		return;
	for (int log = 0; log < SL_STREAM_COUNT; log++) {
		if (at.epoch != c->epoch[log] || at.next[log] == SL_CURSOR_SEQ_MAX)
			return;
	}
	unsigned role = (unsigned)dice(WORLD_ROLES);
	if (role == c->now.role)
		return;
	note("client %d becomes %s", c->number, world_role[role]);
	refreshed++;
	client_refresh(c, role);
}

static void lead(struct client *c)
{
	uint64_t chance = dice(100);

	if (!c->gate) {
		come(c);
	} else if (chance < 3) {
		note("client %d is cut", c->number);
		dropped++;
		client_drop(c);
	} else if (chance < 5) {
		change_role(c);
	} else if (c->transport == OVER_POLL) {
		note("client %d polls", c->number);
		client_read(c, READ_MAX);
		client_poll(c);
	} else {
		size_t max = c->slow ? 1 + (size_t)dice(3000) : READ_MAX;
		note("client %d reads", c->number);
		client_read(c, max);
	}
}

static void disturb(void)
{
	struct gate *g = &gates[dice(GATES)];

	switch (dice(12)) {
	case 0:
		note("the aggregator dies and comes back");
		restarted++;
		world_restart(&world);
		for (int i = 0; i < GATES; i++) {
			if (gates[i].up)
				gate_forget(&gates[i]);
		}
		publish(true, 4);
		break;
	case 1:
		if (dice(6))
			break;
		note("the journal is lost");
		lost++;
		world_lose(&world);
		break;
	case 2:
	case 3:
		note("a burst");
		for (uint64_t n = dice(2 * world.keep); n > 0; n--)
			world_write(&world);
		break;
	default:
		if (!g->up)
			start_gate(g);
		else if (dice(2))
			kill_gate(g);
	}
}

static void one_step(void)
{
	struct gate *g = &gates[dice(GATES)];
	uint64_t chance = dice(1000);

	if (chance < 200) {
		note("writes");
		for (uint64_t n = dice(6); n > 0; n--)
			world_write(&world);
		for (uint64_t n = dice(3); n > 0; n--)
			world_measure(&world);
	} else if (chance < 320) {
		note("publishes");
		publish(dice(20) == 0, 100);
	} else if (chance < 560) {
		note("gateway %d takes", (int)(g - gates));
		for (uint64_t n = 1 + dice(3); g->up && n > 0 && gate_take(g); n--)
			;
	} else if (chance < 680) {
		note("gateway %d is answered", (int)(g - gates));
		if (g->up && !gate_answer(g, dice(20) == 0) && dice(4) == 0)
			gw_follow_tick(g->follow);
	} else if (chance < 997) {
		lead(&clients[dice(CLIENTS)]);
	} else {
		disturb();
	}
	turn();
}

/* ---- rest ---------------------------------------------------------------------------
 */

static bool gates_at_rest(void)
{
	bool rest = true;

	for (int i = 0; i < GATES; i++) {
		if (!gates[i].up)
			start_gate(&gates[i]);
		while (gate_take(&gates[i]))
			rest = false;
		while (gate_answer(&gates[i], false))
			rest = false;
		gw_follow_tick(gates[i].follow);
	}
	return rest;
}

static bool clients_at_rest(void)
{
	bool rest = true;

	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &clients[i];
		if (!c->gate)
			come(c);
		client_read(c, READ_MAX);
		client_poll(c);
		rest &= client_is_idle(c);
	}
	return rest;
}

static void come_to_rest(void)
{
	bool rest = false;

	note("comes to rest");
	publish(false, 0);
	for (int round = 0; !rest; round++) {
		if (round == REST_ROUNDS)
			fail(&clients[0], "the world does not come to rest");
		/* As the aggregator's heartbeats: a loss before it shows. */
		if (round % 50 == 10)
			publish(round % 100 == 10, 0);
		rest = gates_at_rest();
		turn();
		rest &= clients_at_rest();
		turn();
	}
	for (int i = 0; i < CLIENTS; i++)
		oracle_final(&clients[i]);
}

/* ---- the whole ------------------------------------------------------------------------
 */

static struct sl_catalog *catalog;

static void begin(void)
{
	struct sl_buf error = {0};

	loop = sl_loop_new();
	if (sl_catalog_parse("world", world_catalog, &catalog, &error)) {
		fprintf(stderr, "%s\n", sl_buf_text(&error));
		exit(EXIT_FAILURE);
	}
	world_init(&world, seed, 50 + seed % 400);
	client_world = &world;
	for (int i = 0; i < GATES; i++) {
		gates[i] =
		    (struct gate){.world = &world, .loop = loop, .catalog = catalog};
		start_gate(&gates[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		clients[i].fd = -1;
		clients[i].now = (struct sight){(unsigned)i % WORLD_ROLES, 0};
	}
}

static void end(void)
{
	uint64_t entries = 0, gaps = 0, resumes = 0;

	for (int i = 0; i < CLIENTS; i++) {
		entries += clients[i].entries;
		gaps += clients[i].gaps;
		resumes += clients[i].resumes;
		client_drop(&clients[i]);
		sl_buf_clear(&clients[i].in);
	}
	client_sweep();
	for (int i = 0; i < GATES; i++) {
		if (gates[i].up)
			gate_kill(&gates[i]);
	}
	printf("seed %" PRIu64 ": %" PRIu64 " steps, %" PRIu64
	       " entries written, %" PRIu64 " delivered, %" PRIu64 " gaps, %" PRIu64
	       " resumes, %" PRIu64 " gateways killed, %" PRIu64
	       " aggregator restarts, %" PRIu64 " epochs, %" PRIu64
	       " roles changed, %" PRIu64 " cuts\n",
	    seed, step, world.entries, entries, gaps, resumes, killed, restarted,
	    lost + 1, refreshed, dropped);
	world_clear(&world);
	sl_catalog_unref(catalog);
	event_base_free(loop);
}

int main(int argc, char **argv)
{
	uint64_t steps = 20000;

	seed = (uint64_t)time(NULL);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--steps") == 0)
			steps = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	signal(SIGPIPE, SIG_IGN);
	sl_log_set_level(SL_LOG_ERROR);
	begin();
	for (step = 0; step < steps; step++) {
		one_step();
		if ((step + 1) % REST_STEPS == 0)
			come_to_rest();
	}
	end();
	return EXIT_SUCCESS;
}
