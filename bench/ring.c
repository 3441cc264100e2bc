/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Throughput, push cost and one-way latency of the ring between two processes,
 * beside a textbook ring (two atomic indices, nothing cached, nothing batched)
 * in the same run: the variants take turns, so that noise of the machine hits
 * all of them.
 *
 * usage: bench_ring [--rounds N] [--items N] [--json]
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "shm/fence.h"
#include "shm/ring.h"

#define RING_BYTES SL_SEGMENT_RING_DEFAULT
#define BATCH      32
#define ROUNDS_MAX 99

#if defined(__x86_64__)
#define relax() __builtin_ia32_pause()
#else
#define relax() atomic_signal_fence(memory_order_seq_cst)
#endif

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* ---- the textbook ring --------------------------------------------------------- */

struct item {
	uint64_t metric;
	double value;
	int64_t time_ns;
	uint64_t seq;
};
#define TEXTBOOK_SLOTS (RING_BYTES / sizeof(struct item))

struct textbook {
	alignas(128) _Atomic uint64_t head;
	alignas(128) _Atomic uint64_t tail;
	alignas(128) struct item slots[TEXTBOOK_SLOTS];
};

static bool textbook_push(struct textbook *t, const struct item *item)
{
	uint64_t head = atomic_load_explicit(&t->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&t->tail, memory_order_acquire) == TEXTBOOK_SLOTS)
		return false;
	t->slots[head % TEXTBOOK_SLOTS] = *item;
	atomic_store_explicit(&t->head, head + 1, memory_order_release);
	return true;
}

static bool textbook_pop(struct textbook *t, struct item *item)
{
	uint64_t tail = atomic_load_explicit(&t->tail, memory_order_relaxed);

	if (tail == atomic_load_explicit(&t->head, memory_order_acquire))
		return false;
	*item = t->slots[tail % TEXTBOOK_SLOTS];
	atomic_store_explicit(&t->tail, tail + 1, memory_order_release);
	return true;
}

/* ---- what one measurement needs -------------------------------------------------- */

struct shared {
	alignas(128) _Atomic int ready;
	alignas(128) _Atomic int stop;
	double latency_us[2]; /* p50, p99: from the consumer */
	struct textbook textbook;
};

struct bench {
	struct shared *shared;
	struct sl_segment producer;
	struct sl_segment consumer; /* a mapping of its own, as in the aggregator */
	struct sl_ring_writer writer;
	struct sl_ring_reader reader;
	int doorbell;
	uint64_t items;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void bench_open(struct bench *b, uint64_t items)
{
	char reason[SL_SEGMENT_REASON] = "";

	memset(b, 0, sizeof(*b));
	b->items = items;
	b->shared = mmap(NULL, sizeof(*b->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (b->shared == MAP_FAILED ||
	    sl_segment_create(&b->producer, "bench", RING_BYTES) < 0)
		die("memory");
	int fd = dup(b->producer.fd);
	if (sl_segment_adopt(&b->consumer, fd, RING_BYTES, reason) < 0) {
		fprintf(stderr, "bench_ring: %s\n", reason);
		exit(EXIT_FAILURE);
	}
	/* Both rings begin with all their pages there. */
	memset(b->producer.ring, 0, b->producer.ring_bytes * 2);
	b->doorbell = eventfd(0, EFD_NONBLOCK);
	sl_ring_writer_init(&b->writer, &b->producer, b->doorbell);
	sl_ring_reader_init(&b->reader, &b->consumer);
}

static void bench_close(struct bench *b)
{
	close(b->doorbell);
	sl_segment_close(&b->producer);
	sl_segment_close(&b->consumer);
	munmap(b->shared, sizeof(*b->shared));
}

/* ---- throughput ------------------------------------------------------------------ */

static void produce_textbook(struct bench *b)
{
	for (uint64_t i = 0; i < b->items; i++) {
		struct item item = {
		    .metric = 1, .value = (double)i, .time_ns = 1, .seq = i};

		while (!textbook_push(&b->shared->textbook, &item))
			relax();
	}
}

static void consume_textbook(struct bench *b)
{
	for (uint64_t i = 0; i < b->items; i++) {
		struct item item;

		while (!textbook_pop(&b->shared->textbook, &item))
			relax();
		if (item.value != (double)i)
			_exit(2);
	}
}

static void produce_singles(struct bench *b)
{
	for (uint64_t i = 0; i < b->items; i++)
		while (sl_ring_push(&b->writer, 1, (double)i, 1) < 0)
			relax();
}

static void produce_fenced(struct bench *b)
{
	sl_ring_writer_set_fenced(&b->writer, true);
	produce_singles(b);
}

static void produce_batches(struct bench *b)
{
	for (uint64_t i = 0; i < b->items;) {
		size_t got;
		size_t want = b->items - i < BATCH ? b->items - i : BATCH;
		struct sl_ring_sample *to = sl_ring_claim(&b->writer, want, &got);

		if (got == 0)
			relax();
		for (size_t k = 0; k < got; k++) {
			to[k].metric = 1;
			to[k].value = (double)(i + k);
			to[k].time_ns = 1;
		}
		sl_ring_commit(&b->writer, got);
		i += got;
	}
}

static void consume_ring(struct bench *b)
{
	struct sl_ring_sample out[256];

	for (uint64_t i = 0; i < b->items;) {
		size_t n = sl_ring_read_samples(&b->reader, out, 256);

		if (n == 0) {
			if (b->reader.corrupt)
				_exit(3);
			relax();
			continue;
		}
		for (size_t k = 0; k < n; k++)
			if (out[k].value != (double)(i + k))
				_exit(2);
		i += n;
		sl_ring_release(&b->reader);
	}
}

static pid_t start_consumer(struct bench *b, void (*consume)(struct bench *))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		pin(1);
		atomic_store(&b->shared->ready, 1);
		consume(b);
		_exit(0);
	}
	pin(0);
	while (!atomic_load(&b->shared->ready))
		relax();
	return pid;
}

static void end_consumer(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "bench_ring: consumer found wrong data (status %d)\n",
		    status);
		exit(EXIT_FAILURE);
	}
}

/* Items per second through one ring, in millions. */
static double throughput(
    uint64_t items, void (*produce)(struct bench *), void (*consume)(struct bench *))
{
	struct bench b;

	bench_open(&b, items);
	sl_ring_writer_set_fenced(
	    &b.writer, !(sl_fence_register() && sl_fence_available()));
	pid_t pid = start_consumer(&b, consume);
	int64_t begin_ns = sl_clock_mono_ns();
	produce(&b);
	end_consumer(pid);
	double seconds = (double)(sl_clock_mono_ns() - begin_ns) / SL_NS_PER_S;
	bench_close(&b);
	return (double)items / seconds / 1e6;
}

/* ---- push cost and latency ------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double q)
{
	qsort(values, n, sizeof(values[0]), compare);
	return values[(size_t)(q * (double)(n - 1) + 0.5)];
}

/* Median nanoseconds of one push while a consumer drains: groups of 64. */
static double push_cost(bool fenced)
{
	enum { GROUPS = 4096, GROUP = 64 };
	static double cost[GROUPS];
	struct bench b;

	bench_open(&b, (uint64_t)GROUPS * GROUP);
	sl_ring_writer_set_fenced(
	    &b.writer, fenced || !(sl_fence_register() && sl_fence_available()));
	pid_t pid = start_consumer(&b, consume_ring);
	for (int g = 0; g < GROUPS; g++) {
		int64_t begin_ns = sl_clock_mono_ns();

		for (int i = 0; i < GROUP; i++)
			while (sl_ring_push(&b.writer, 1, g * GROUP + i, 1) < 0)
				relax();
		cost[g] = (double)(sl_clock_mono_ns() - begin_ns) / GROUP;
	}
	end_consumer(pid);
	bench_close(&b);
	return quantile(cost, GROUPS, 0.5);
}

enum { LATENCY_ITEMS = 2000, LATENCY_GAP_US = 100 };

/* Sleeps on the doorbell when sleepy, else spins; leaves p50 and p99. */
static void consume_latency(struct bench *b, bool sleepy)
{
	static double seen_us[LATENCY_ITEMS];
	struct pollfd pfd = {.fd = b->doorbell, .events = POLLIN};
	struct sl_ring_sample sample;

	for (int i = 0; i < LATENCY_ITEMS;) {
		if (sl_ring_read_samples(&b->reader, &sample, 1) == 1) {
			seen_us[i++] =
			    (double)(sl_clock_mono_ns() - sample.time_ns) / SL_NS_PER_US;
			sl_ring_release(&b->reader);
			continue;
		}
		if (!sleepy) {
			relax();
			continue;
		}
		uint64_t rung;
		sl_ring_sleep_declare(&b->reader);
		sl_fence_heavy();
		if (sl_ring_sleep_check(&b->reader) && poll(&pfd, 1, -1) > 0 &&
		    read(b->doorbell, &rung, sizeof(rung)) < 0 && errno != EAGAIN)
			_exit(4);
		sl_ring_wake(&b->reader);
	}
	b->shared->latency_us[0] = quantile(seen_us, LATENCY_ITEMS, 0.5);
	b->shared->latency_us[1] = quantile(seen_us, LATENCY_ITEMS, 0.99);
}

static void consume_spinning(struct bench *b)
{
	consume_latency(b, false);
}

static void consume_sleeping(struct bench *b)
{
	consume_latency(b, true);
}

static void latency(void (*consume)(struct bench *), double out_us[2])
{
	struct bench b;

	bench_open(&b, LATENCY_ITEMS);
	sl_ring_writer_set_fenced(
	    &b.writer, !(sl_fence_register() && sl_fence_available()));
	pid_t pid = start_consumer(&b, consume);
	for (int i = 0; i < LATENCY_ITEMS; i++) {
		int64_t due_ns = sl_clock_mono_ns() + LATENCY_GAP_US * SL_NS_PER_US;

		while (sl_clock_mono_ns() < due_ns)
			relax();
		sl_ring_push(&b.writer, 1, i, sl_clock_mono_ns());
	}
	end_consumer(pid);
	memcpy(out_us, b.shared->latency_us, sizeof(b.shared->latency_us));
	bench_close(&b);
}

/* ---- the run --------------------------------------------------------------------- */

enum row {
	TEXTBOOK,
	SINGLES,
	FENCED,
	BATCHES,
	COST,
	COST_FENCED,
	SPIN_P50,
	SPIN_P99,
	BELL_P50,
	BELL_P99,
	ROWS
};

static const struct {
	const char *key;
	const char *text;
	const char *unit;
} rows[ROWS] = {
    [TEXTBOOK] = {"textbook", "textbook ring, single pushes", "M/s"},
    [SINGLES] = {"singles", "ring, single pushes", "M/s"},
    [FENCED] = {"singles_fenced", "ring, single pushes, fence in each", "M/s"},
    [BATCHES] = {"batches", "ring, batches of 32", "M/s"},
    [COST] = {"push_ns", "one push", "ns"},
    [COST_FENCED] = {"push_fenced_ns", "one push, fence in each", "ns"},
    [SPIN_P50] = {"spin_p50_us", "one way, spinning reader, p50", "us"},
    [SPIN_P99] = {"spin_p99_us", "one way, spinning reader, p99", "us"},
    [BELL_P50] = {"doorbell_p50_us", "one way, sleeping reader, p50", "us"},
    [BELL_P99] = {"doorbell_p99_us", "one way, sleeping reader, p99", "us"},
};

static void measure_round(double figures[ROWS], uint64_t items)
{
	double us[2];

	figures[TEXTBOOK] = throughput(items, produce_textbook, consume_textbook);
	figures[SINGLES] = throughput(items, produce_singles, consume_ring);
	figures[BATCHES] = throughput(items, produce_batches, consume_ring);
	figures[FENCED] = throughput(items, produce_fenced, consume_ring);
	figures[COST] = push_cost(false);
	figures[COST_FENCED] = push_cost(true);
	latency(consume_spinning, us);
	figures[SPIN_P50] = us[0];
	figures[SPIN_P99] = us[1];
	latency(consume_sleeping, us);
	figures[BELL_P50] = us[0];
	figures[BELL_P99] = us[1];
}

static void print_json(double figures[ROWS][ROUNDS_MAX], int rounds)
{
	printf("{\"bench\":\"ring\",\"rounds\":%d", rounds);
	for (int r = 0; r < ROWS; r++) {
		printf(",\"%s\":[", rows[r].key);
		for (int i = 0; i < rounds; i++)
			printf("%s%.3f", i ? "," : "", figures[r][i]);
		printf("]");
	}
	printf("}\n");
}

static void print_table(double figures[ROWS][ROUNDS_MAX], int rounds)
{
	double textbook = quantile(figures[TEXTBOOK], (size_t)rounds, 0.5);

	printf("32-byte samples between two processes, ring of 4 MiB, %d interleaved "
	       "rounds\n\n"
	       "%-38s %10s %10s %10s  %-4s %12s\n",
	    rounds, "", "median", "min", "max", "", "/ textbook");
	for (int r = 0; r < ROWS; r++) {
		double median = quantile(figures[r], (size_t)rounds, 0.5);

		printf("%-38s %10.2f %10.2f %10.2f  %-4s", rows[r].text, median,
		    figures[r][0], figures[r][rounds - 1], rows[r].unit);
		if (r <= BATCHES)
			printf(" %12.2f", median / textbook);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	static double figures[ROWS][ROUNDS_MAX];
	int rounds = 5;
	uint64_t items = 30000000;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = atoi(argv[++i]);
		else if (strcmp(argv[i], "--items") == 0 && i + 1 < argc)
			items = strtoull(argv[++i], NULL, 10);
		else
			rounds = 0;
	}
	if (rounds < 1 || rounds > ROUNDS_MAX || items == 0) {
		fprintf(stderr,
		    "usage: bench_ring [--rounds 1..%d] [--items N] [--json]\n",
		    ROUNDS_MAX);
		return 64;
	}
	for (int round = 0; round < rounds; round++) {
		double one[ROWS];

		measure_round(one, items);
		for (int r = 0; r < ROWS; r++)
			figures[r][round] = one[r];
	}
	if (json)
		print_json(figures, rounds);
	else
		print_table(figures, rounds);
	return 0;
}
