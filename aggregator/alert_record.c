/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A version byte, the numbers in a fixed order and machine byte
 * order (a state directory does not move between machines), then the texts,
 * each with a two-byte length.  Pack and read go through one list of fields, so
 * they cannot drift apart.
 */
#include "alert_record.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error.h"

#define RECORD_VERSION 2

/* Member and largest length of every text. */
#define TEXTS(X)                                                                         \
	X(id, AGG_ALERT_ID)                                                              \
	X(tenant, AGG_ALERT_NAME)                                                        \
	X(rule, AGG_ALERT_NAME)                                                          \
	X(metric, AGG_ALERT_NAME)                                                        \
	X(module, AGG_ALERT_NAME)                                                        \
	X(labels, AGG_ALERT_LABELS)                                                      \
	X(message, AGG_ALERT_MESSAGE)                                                    \
	X(acknowledged_by, AGG_ALERT_NAME)                                               \
	X(note, AGG_ALERT_NOTE)

struct numbers {
	double value;
	double threshold;
	int64_t started_ns;
	int64_t fired_ns;
	int64_t resolved_ns;
	int64_t acknowledged_ns;
	int64_t acknowledged_until_ns;
	int64_t silenced_until_ns;
	int64_t level_since_ns[2];
	uint64_t seq;
	uint8_t severity;
	uint8_t state;
	uint8_t acknowledged;
	uint8_t condition;
	uint8_t unsent;
	uint8_t spare[3];
};

#define SIZE(name, max) +2 + (max)
static_assert(1 + sizeof(struct numbers) TEXTS(SIZE) <= AGG_ALERT_RECORD_MAX,
    "the largest alert fits into a record");
#undef SIZE

static unsigned char *put_text(unsigned char *at, const char *text)
{
	uint16_t len = (uint16_t)strlen(text);

	memcpy(at, &len, sizeof(len));
	memcpy(at + sizeof(len), text, len);
	return at + sizeof(len) + len;
}

size_t agg_alert_record_pack(
    const struct agg_alert *alert, unsigned char out[AGG_ALERT_RECORD_MAX])
{
	struct numbers numbers = {
	    .value = alert->value,
	    .threshold = alert->threshold,
	    .started_ns = alert->started_ns,
	    .fired_ns = alert->fired_ns,
	    .resolved_ns = alert->resolved_ns,
	    .acknowledged_ns = alert->acknowledged_ns,
	    .acknowledged_until_ns = alert->acknowledged_until_ns,
	    .silenced_until_ns = alert->silenced_until_ns,
	    .level_since_ns = {alert->level_since_ns[0], alert->level_since_ns[1]},
	    .seq = alert->seq,
	    .severity = (uint8_t)alert->severity,
	    .state = (uint8_t)alert->state,
	    .acknowledged = alert->acknowledged,
	    .condition = alert->condition,
	    .unsent = alert->unsent,
	};
	unsigned char *at = out;

	*at++ = RECORD_VERSION;
	memcpy(at, &numbers, sizeof(numbers));
	at += sizeof(numbers);
#define X(name, max) at = put_text(at, alert->name);
	TEXTS(X)
#undef X
	return (size_t)(at - out);
}

/* Takes one text off data; false if it is not whole, too long or holds a NUL. */
static bool get_text(
    const unsigned char **at, const unsigned char *end, char *out, size_t max)
{
	uint16_t len;

	if ((size_t)(end - *at) < sizeof(len))
		return false;
	memcpy(&len, *at, sizeof(len));
	*at += sizeof(len);
	if (len > max || (size_t)(end - *at) < len || memchr(*at, '\0', len))
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len;
	return true;
}

static bool valid_numbers(const struct numbers *numbers)
{
	return numbers->state <= AGG_ALERT_RESOLVED &&
	       (numbers->severity == AGG_SEVERITY_WARNING ||
		   numbers->severity == AGG_SEVERITY_CRITICAL) &&
	       numbers->acknowledged <= 1 && numbers->condition <= 1 &&
	       numbers->unsent <= 1 + SL_ENTRY_ALERT_CHANGE;
}

int agg_alert_record_read(const void *data, size_t len, struct agg_alert *alert)
{
	const unsigned char *at = data, *end = at + len;
	struct numbers numbers;

	memset(alert, 0, sizeof(*alert));
	if (len < 1)
		return SL_ECORRUPT;
	if (*at++ != RECORD_VERSION)
		return SL_EVERSION;
	if ((size_t)(end - at) < sizeof(numbers))
		return SL_ECORRUPT;
	memcpy(&numbers, at, sizeof(numbers));
	at += sizeof(numbers);
	if (!valid_numbers(&numbers))
		return SL_ECORRUPT;
	alert->value = numbers.value;
	alert->threshold = numbers.threshold;
	alert->started_ns = numbers.started_ns;
	alert->fired_ns = numbers.fired_ns;
	alert->resolved_ns = numbers.resolved_ns;
	alert->acknowledged_ns = numbers.acknowledged_ns;
	alert->acknowledged_until_ns = numbers.acknowledged_until_ns;
	alert->silenced_until_ns = numbers.silenced_until_ns;
	alert->level_since_ns[0] = numbers.level_since_ns[0];
	alert->level_since_ns[1] = numbers.level_since_ns[1];
	alert->seq = numbers.seq;
	alert->severity = (enum agg_severity)numbers.severity;
	alert->state = (enum agg_alert_state)numbers.state;
	alert->acknowledged = numbers.acknowledged;
	alert->condition = numbers.condition;
	alert->unsent = numbers.unsent;
#define X(name, max)                                                                     \
	if (!get_text(&at, end, alert->name, max))                                       \
		return SL_ECORRUPT;
	TEXTS(X)
#undef X
	return at == end && alert->id[0] && alert->rule[0] ? 0 : SL_ECORRUPT;
}
