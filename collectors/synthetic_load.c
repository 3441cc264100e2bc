/* SPDX-License-Identifier: Apache-2.0 */
/* The pure half of the load source: pace, payload, positions. */
#include <string.h>

#include "clock.h"
#include "synthetic.h"

/* The pad is made of this; compression finds it as easy as real text, not easier. */
static const char pad[] = "the quick brown fox jumps over the lazy dog 0123456789 ";

void col_pace_begin(struct col_pace *pace, double rate, int64_t mono_ns)
{
	*pace = (struct col_pace){.rate = rate, .since_ns = mono_ns};
}

uint64_t col_pace_due(struct col_pace *pace, int64_t mono_ns, uint64_t max)
{
	double elapsed_s = (double)(mono_ns - pace->since_ns) / (double)SL_NS_PER_S;
	double behind = pace->rate * elapsed_s - (double)pace->taken;

	if (behind > pace->rate + 1.0) {
		/* Over a second late: the pace begins anew, a second ago. */
		pace->since_ns = mono_ns - SL_NS_PER_S;
		pace->taken = 0;
		behind = pace->rate;
	}
	if (behind < 1.0)
		return 0;
	return behind < (double)max ? (uint64_t)behind : max;
}

void col_pace_take(struct col_pace *pace, uint64_t n)
{
	pace->taken += n;
}

void col_synthetic_payload(struct sl_buf *out, int64_t ts_ns, uint64_t n, size_t bytes)
{
	static const char begin[] = ",\"pad\":\"", end[] = "\"}";

	sl_buf_reset(out);
	sl_buf_addf(
	    out, "{\"ts_ns\":%lld,\"n\":%llu", (long long)ts_ns, (unsigned long long)n);
	size_t frame = sizeof(begin) - 1 + sizeof(end) - 1;
	if (out->len + frame > bytes) {
		sl_buf_addc(out, '}');
		return;
	}
	sl_buf_add(out, begin, sizeof(begin) - 1);
	for (size_t left = bytes - out->len - (sizeof(end) - 1); left > 0;) {
		size_t piece = left < sizeof(pad) - 1 ? left : sizeof(pad) - 1;
		sl_buf_add(out, pad, piece);
		left -= piece;
	}
	sl_buf_add(out, end, sizeof(end) - 1);
}

void col_synthetic_position(uint64_t n, unsigned char position[16])
{
	memset(position, 0, 16);
	for (int i = 15; i >= 8; i--, n >>= 8)
		position[i] = (unsigned char)(n & 0xff);
}

uint64_t col_synthetic_number(const unsigned char position[16])
{
	uint64_t n = 0;

	for (int i = 8; i < 16; i++)
		n = n << 8 | position[i];
	return n;
}
