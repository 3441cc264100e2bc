/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_prom [FILE]: lines of Prometheus's text per second and core through the
 * parser, whole and in the pieces that a connection gives, beside looking for the
 * ends of the lines alone.  FILE is what an exporter answers; without one, 1,000
 * histograms are made up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "collectors/prombody.h"

#define ROUNDS      9
#define ROUND_BYTES (256u << 20)
#define PIECE       16384u

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * SL_NS_PER_S + ts.tv_nsec;
}

static size_t samples;

static int on_sample(
    void *arg, const struct col_promtext_sample *sample, char error[COL_PROMBODY_ERROR])
{
	(void)arg;
	(void)error;
	samples++;
	(void)sample;
	return 0;
}

static size_t read_pieces(const struct sl_buf *text, size_t piece)
{
	static struct col_prombody body;

	col_prombody_begin(&body, COL_PROMTEXT_PLAIN, on_sample, NULL);
	for (size_t at = 0; at < text->len; at += piece)
		if (col_prombody_feed(&body, text->data + at,
			text->len - at < piece ? text->len - at : piece) != 0)
			break;
	if (col_prombody_end(&body) != 0) {
		fprintf(stderr, "bench_prom: %s\n", body.error);
		exit(1);
	}
	return body.line;
}

static size_t read_whole(const struct sl_buf *text)
{
	return read_pieces(text, text->len);
}

static size_t read_parts(const struct sl_buf *text)
{
	return read_pieces(text, PIECE);
}

static size_t find_ends(const struct sl_buf *text)
{
	const char *at = text->data, *end = text->data + text->len;
	size_t lines = 0;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

/* The best of the rounds: other work on the machine only ever makes it slower. */
static void measure(
    const char *what, const struct sl_buf *text, size_t (*fn)(const struct sl_buf *))
{
	size_t times = ROUND_BYTES / text->len + 1, lines = 0;
	int64_t best_ns = INT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t start_ns = cpu_ns();
		lines = 0;
		for (size_t i = 0; i < times; i++)
			lines += fn(text);
		int64_t used_ns = cpu_ns() - start_ns;
		best_ns = used_ns < best_ns ? used_ns : best_ns;
	}
	printf("%-34s %12.0f lines/s %8.0f MB/s %8.1f ns CPU each\n", what,
	    (double)lines * 1e9 / (double)best_ns,
	    (double)times * (double)text->len * 1e3 / (double)best_ns,
	    (double)best_ns / (double)lines);
}

static void make_up(struct sl_buf *text)
{
	static const char *const le[] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
	    "0.5", "1", "2.5", "5", "10", "+Inf"};

	for (int i = 0; i < 1000; i++) {
		char name[64];
		snprintf(name, sizeof(name), "http_request_duration_seconds_%d", i);
		sl_buf_addf(text, "# HELP %s Time until the answer.\n", name);
		sl_buf_addf(text, "# TYPE %s histogram\n", name);
		for (size_t k = 0; k < sizeof(le) / sizeof(le[0]); k++)
			sl_buf_addf(text,
			    "%s_bucket{method=\"GET\",path=\"/api/v1/things\",le=\"%s\"} "
			    "%zu\n",
			    name, le[k], (k + 1) * 12345 + (size_t)i);
		sl_buf_addf(text, "%s_sum %d.25\n%s_count %d\n", name, i, name, i * 100);
	}
}

static void read_file(const char *path, struct sl_buf *text)
{
	FILE *file = fopen(path, "r");
	size_t n = 0;

	do {
		text->len += n;
		n = file != NULL ? fread(sl_buf_reserve(text, PIECE), 1, PIECE, file) : 0;
	} while (n > 0);
	if (file == NULL || text->len == 0) {
		fprintf(stderr, "bench_prom: cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	struct sl_buf text = {0};

	if (argc > 1)
		read_file(argv[1], &text);
	else
		make_up(&text);
	samples = 0;
	size_t lines = read_whole(&text);
	printf("%zu bytes, %zu lines, %zu samples\n", text.len, lines, samples);
	measure("ends of lines alone", &text, find_ends);
	measure("parsed", &text, read_whole);
	measure("parsed, in pieces of 16 KiB", &text, read_parts);
	sl_buf_clear(&text);
	return 0;
}
