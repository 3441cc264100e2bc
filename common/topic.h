/* SPDX-License-Identifier: Apache-2.0 */
/* Topics ("metrics.system_health.cpu_usage") and patterns over them. */
#ifndef SL_TOPIC_H
#define SL_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Segments of [A-Za-z0-9_-]+ joined by dots.  In a pattern a segment may be
 * "*", one segment, and the last one may be ">", one segment or more.
 */
#define SL_TOPIC_MAX          255
#define SL_TOPIC_SEGMENTS_MAX 16

/* sl_topic_valid tells whether text is a topic, without wildcards. */
bool sl_topic_valid(const char *text, size_t len);

/* sl_pattern_valid tells whether text is a topic or a pattern. */
bool sl_pattern_valid(const char *text, size_t len);

/* sl_pattern_match tells whether a valid pattern matches a valid topic. */
bool sl_pattern_match(
    const char *pattern, size_t pattern_len, const char *topic, size_t topic_len);

/* sl_pattern_overlap tells whether some topic matches both valid patterns. */
bool sl_pattern_overlap(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * sl_pattern_meet writes the pattern of exactly the topics that both valid
 * patterns match, and returns its length; 0 if there are none.
 */
size_t sl_pattern_meet(
    const char *a, size_t a_len, const char *b, size_t b_len, char out[SL_TOPIC_MAX + 1]);

#endif
