/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exporters answer: the first byte chooses the format and how the text is
 * cut into pieces, which must make no difference; or that it is a secret or a URL.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/keyhash.h"
#include "collectors/place.h"
#include "collectors/prombody.h"
#include "collectors/scrape_secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that comes out, in its order. */
static uint64_t digest;

static void mix(const void *data, size_t len)
{
	digest = col_keyhash(data, len, digest);
}

static int on_sample(
    void *arg, const struct col_promtext_sample *sample, char error[COL_PROMBODY_ERROR])
{
	struct sl_buf out = {0};

	(void)arg;
	(void)error;
	if (sample->label_count > COL_PROMTEXT_LABELS_MAX || sample->name.len == 0 ||
	    sample->series.len < sample->name.len ||
	    memcmp(sample->series.data, sample->name.data, sample->name.len) != 0)
		abort();
	mix(sample->series.data, sample->series.len);
	mix(&sample->value, sizeof(sample->value));
	mix(&sample->cumulative, sizeof(sample->cumulative));
	if (sample->has_time)
		mix(&sample->time_ns, sizeof(sample->time_ns));
	for (size_t i = 0; i < sample->label_count; i++) {
		const struct col_promtext_label *label = &sample->label[i];
		sl_buf_reset(&out);
		col_promtext_unescape(label, &out);
		if (out.len > label->value.len ||
		    (!label->escaped && out.len != label->value.len))
			abort();
		mix(label->key.data, label->key.len);
		mix(out.data, out.len);
	}
	sl_buf_clear(&out);
	return 0;
}

static uint64_t read_body(
    enum col_promtext_form form, const char *text, size_t len, size_t step)
{
	struct col_prombody body = {0};

	digest = 1;
	col_prombody_begin(&body, form, on_sample, NULL);
	for (size_t at = 0; at < len; at += step) {
		/* A copy of exactly this size, so that a read past its end is seen. */
		size_t n = len - at < step ? len - at : step;
		char *piece = malloc(n);
		if (piece == NULL)
			abort();
		memcpy(piece, text + at, n);
		col_prombody_feed(&body, piece, n);
		free(piece);
	}
	int code = col_prombody_end(&body);
	if ((code != 0) != (body.error[0] != '\0'))
		abort();
	mix(&code, sizeof(code));
	mix(body.error, strlen(body.error));
	col_prombody_clear(&body);
	return digest;
}

static void fuzz_secret(const char *text, size_t len, bool basic)
{
	char error[COL_SCRAPE_SECRET_ERROR];
	struct sl_buf out = {0};

	if (col_scrape_secret_parse((struct sl_slice){text, len}, basic, &out, error) ==
	    0)
		for (size_t i = 0; i < out.len; i++)
			if (out.data[i] < 0x20 || out.data[i] == 0x7f)
				abort();
	col_scrape_secret_wipe(&out);
}

static void fuzz_url(const char *text, size_t len)
{
	char url[4096];
	const char *problem;
	struct col_place place;

	len = len < sizeof(url) - 1 ? len : sizeof(url) - 1;
	memcpy(url, text, len);
	url[len] = '\0';
	if (col_place_url(url, &place, &problem) != 0 ? problem == NULL
						      : place.host[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const char *text = (const char *)data + 1;
	size_t len = size - 1, step = 1 + data[0] / 4;

	switch (data[0] % 4) {
	case 0:
	case 1:
		if (read_body(data[0] % 4, text, len, len) !=
		    read_body(data[0] % 4, text, len, step))
			abort();
		break;
	case 2:
		fuzz_secret(text, len, data[0] & 4);
		break;
	default:
		fuzz_url(text, len);
		break;
	}
	return 0;
}
