/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load that the benchmarks put on a server: N clients in one epoll loop.
 * They count what arrives, measure how old it is, and find holes in it.  The
 * same program loads a gateway and bench/bare, so that both see the same client.
 *
 * It does what it is told on stdin, one line at a time, and answers each line
 * with one JSON object; until the next line it goes on reading its sockets.
 *
 *   connect N   opens N clients more and waits until all of them are served
 *   measure S   counts for S seconds
 *   status      what each client has seen so far
 *   close       resets all connections
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "load_client.h"

#define HANDSHAKES 256u /* under way at once */
#define CONNECT_NS (60 * SL_NS_PER_S)
#define STDIN_ID   UINT32_MAX

static struct load load = {.option.topic = "events.bench.>"};

/* ---- the loop ------------------------------------------------------------------- */

/* One round of reading; true if stdin has something to say. */
static bool turn(int timeout_ms)
{
	struct epoll_event events[512];
	int n = epoll_wait(load.epoll, events, 512, timeout_ms);
	bool told = false;

	for (int i = 0; i < n; i++) {
		uint32_t id = events[i].data.u32;
		if (id == STDIN_ID)
			told = true;
		else
			load_client_ready(&load, id);
	}
	return told;
}

static void run_connect(unsigned count)
{
	unsigned target = load.started + count, live_before = load.live,
		 gone_before = load.gone;
	int64_t began_ns = sl_clock_mono_ns();

	if (target > LOAD_CLIENTS_MAX) {
		fprintf(stderr, "load: more than %u clients\n", LOAD_CLIENTS_MAX);
		exit(64);
	}
	while (load.live + load.gone < target &&
	       sl_clock_mono_ns() - began_ns < CONNECT_NS) {
		while (load.started < target &&
		       load.started - load.live - load.gone < HANDSHAKES)
			load_client_start(&load, load.started++);
		turn(10);
	}
	printf("{\"connected\":%u,\"refused\":%u,\"seconds\":%.6f}\n",
	    load.live - live_before, load.gone - gone_before,
	    (double)(sl_clock_mono_ns() - began_ns) / (double)SL_NS_PER_S);
}

static void run_measure(double seconds)
{
	int64_t began_ns = sl_clock_mono_ns();
	int64_t end_ns = began_ns + (int64_t)(seconds * (double)SL_NS_PER_S);

	tally_begin(&load.seen);
	while (sl_clock_mono_ns() < end_ns)
		turn(5);
	load.seen.on = false;
	printf("{\"clients\":%u,\"gone\":%u,\"seconds\":%.6f,", load.live, load.gone,
	    (double)(sl_clock_mono_ns() - began_ns) / (double)SL_NS_PER_S);
	tally_print(&load.seen);
	printf("}\n");
}

static void run_status(void)
{
	int64_t least = INT64_MAX, most = -1;

	for (unsigned i = 0; i < load.started; i++) {
		if (load_client_gone(&load.client[i]))
			continue;
		least = load.client[i].last_n < least ? load.client[i].last_n : least;
		most = load.client[i].last_n > most ? load.client[i].last_n : most;
	}
	printf("{\"live\":%u,\"gone\":%u,\"least_n\":%" PRId64 ",\"most_n\":%" PRId64
	       ",\"holes\":%" PRIu64 ",\"repeats\":%" PRIu64 ",\"gaps\":%" PRIu64 "}\n",
	    load.live, load.gone, least, most, load.seen.holes, load.seen.repeats,
	    load.seen.gaps);
}

static void run_close(void)
{
	unsigned count = load.live;

	for (unsigned i = 0; i < load.started; i++)
		load_client_drop(&load, &load.client[i]);
	load.started = load.live = load.gone = 0;
	printf("{\"closed\":%u}\n", count);
}

static void obey(const char *line)
{
	if (strncmp(line, "connect ", 8) == 0)
		run_connect((unsigned)strtoul(line + 8, NULL, 10));
	else if (strncmp(line, "measure ", 8) == 0)
		run_measure(strtod(line + 8, NULL));
	else if (strcmp(line, "status\n") == 0)
		run_status();
	else if (strcmp(line, "close\n") == 0)
		run_close();
	else
		printf("{\"error\":\"unknown command\"}\n");
	fflush(stdout);
}

static void read_tokens(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[8192];

	if (!file)
		load_die(path);
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\r\n")] = '\0';
		load.option.tokens = realloc(load.option.tokens,
		    (load.option.token_count + 1) * sizeof *load.option.tokens);
		if (!load.option.tokens)
			load_die("memory");
		load.option.tokens[load.option.token_count++] = strdup(line);
	}
	fclose(file);
}

static void add_port(const char *text)
{
	if (load.option.ports == sizeof load.option.port / sizeof *load.option.port) {
		fprintf(stderr, "load: too many ports\n");
		exit(64);
	}
	load.option.port[load.option.ports++] = (uint16_t)atoi(text);
}

static void parse(int argc, char **argv)
{
	static const struct option flags[] = {{"port", required_argument, NULL, 'p'},
	    {"topic", required_argument, NULL, 't'},
	    {"tokens", required_argument, NULL, 'k'}, {"sse", no_argument, NULL, 's'},
	    {"tls", no_argument, NULL, 'T'}, {"nats", no_argument, NULL, 'n'},
	    {"path", required_argument, NULL, 'P'}, {"deflate", no_argument, NULL, 'd'},
	    {"idle", no_argument, NULL, 'i'}, {"alerts", required_argument, NULL, 'a'},
	    {"filter", required_argument, NULL, 'f'}, {0}};
	int flag;

	while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		switch (flag) {
		case 'p':
			add_port(optarg);
			break;
		case 't':
			load.option.topic = optarg;
			break;
		case 'k':
			read_tokens(optarg);
			break;
		case 's':
			load.option.sse = true;
			break;
		case 'T':
			load.option.tls = true;
			break;
		case 'n':
			load.option.nats = true;
			break;
		case 'P':
			load.option.path = optarg;
			break;
		case 'd':
			load.option.deflate = true;
			load.zip = sl_zip_new();
			break;
		case 'i':
			load.option.topic = NULL;
			break;
		case 'a':
			load.option.alerts = optarg;
			break;
		case 'f':
			if (load.option.filters == LOAD_FILTERS_MAX)
				exit(64);
			load.option.filter[load.option.filters++] = optarg;
			break;
		default:
			exit(64);
		}
	}
	if (load.option.ports == 0) {
		fprintf(stderr, "usage: bench_load --port N… [--topic T | --idle] [--sse "
				"| --deflate] "
				"[--alerts TEXT] [--filter JSON…] [--tokens FILE]\n");
		exit(64);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = STDIN_ID};
	struct rlimit files;
	char line[256];

	parse(argc, argv);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	setvbuf(stdin, NULL, _IONBF, 0);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.epoll < 0 ||
	    epoll_ctl(load.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev) != 0)
		load_die("epoll");
	for (;;) {
		while (!turn(1000))
			;
		if (!fgets(line, sizeof line, stdin))
			return 0;
		obey(line);
	}
}
