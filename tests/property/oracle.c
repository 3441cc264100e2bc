/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes
 *
 * last[] is the newest entry of each log that the client has taken or been told
 * to be past, by a gap or by a cursor.  Whatever moves it has to account for
 * everything in between: nothing in sight may lie there.  As a client resumes
 * with the cursor of the last message that it took, entries of before must not
 * come again, and last[] just goes on.
 */
#include "oracle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json_in.h"

const char *const oracle_topics[ORACLE_TOPICS] = {"events.>,alerts,metrics.>",
    "events.ea.>,metrics.a.>,alerts", "metrics.>", "events.>"};

/* ---- what is in sight ----------------------------------------------------------------
 */

static bool wants_log(unsigned topics, int log)
{
	return topics < 2 || (topics == 3 && log != SL_STREAM_ALERTS);
}

static bool wants_metric(struct sight sight, unsigned i)
{
	unsigned module = i % WORLD_MODULES;

	if (!(world_sees[sight.role] & 1u << module))
		return false;
	return sight.topics == 0 || sight.topics == 2 ||
	       (sight.topics == 1 && module == 0);
}

static bool wants_alerts(struct sight sight)
{
	return sight.topics < 2;
}

static bool in_sight(const struct client *c, int log, uint64_t seq)
{
	struct sight sight = seq < c->since[log] ? c->before : c->now;
	const struct world_epoch *epoch = world_epoch_find(client_world, c->epoch[log]);

	if (!epoch || seq >= epoch->log[log].next)
		return false;
	const struct world_truth *t = &epoch->log[log].truth[seq];
	if (!wants_log(sight.topics, log) || !(world_sees[sight.role] & 1u << t->module))
		return false;
	if (sight.topics == 1 && log != SL_STREAM_ALERTS && t->module != 0)
		return false;
	return (t->sub < 0 || t->sub == c->number % WORLD_SUBS) &&
	       (t->role < 0 || (unsigned)t->role == sight.role);
}

/* All in sight before seq must have been taken. */
static void pass(struct client *c, int log, uint64_t seq, const char *by)
{
	for (uint64_t q = c->last[log] + 1; q < seq; q++) {
		if (in_sight(c, log, q))
			fail(c,
			    "lost %s %" PRIu64 ": %s went from %" PRIu64 " to %" PRIu64,
			    sl_stream_name(log), q, by, c->last[log], seq);
	}
}

/* ---- positions ------------------------------------------------------------------------
 */

static void take_cursor(struct client *c, const json_t *message)
{
	struct sl_slice text;
	struct sl_cursor at;

	if (!sl_json_in_string(message, "cursor", &text))
		return;
	if (sl_cursor_parse(text.data, text.len, &at))
		fail(c, "a cursor that is none: %s", text.data);
	for (int log = 0; log < SL_STREAM_COUNT; log++) {
		if (!wants_log(c->now.topics, log)) {
			c->epoch[log] = at.epoch;
			c->last[log] = at.next[log] - 1;
			continue;
		}
		/* Its gap is still to come. */
		if (at.next[log] == SL_CURSOR_SEQ_MAX)
			continue;
		if (at.epoch != c->epoch[log])
			fail(c,
			    "cursor of epoch %" PRIu64 " for %s, which is at %" PRIu64,
			    at.epoch, sl_stream_name(log), c->epoch[log]);
		if (at.next[log] <= c->last[log])
			fail(c, "cursor takes %s back to %" PRIu64 " from %" PRIu64,
			    sl_stream_name(log), at.next[log], c->last[log] + 1);
		pass(c, log, at.next[log], "a cursor");
		c->last[log] = at.next[log] - 1;
	}
	c->at = at;
	memcpy(c->last_cursor, text.data, text.len + 1);
}

void oracle_connected(struct client *c, const struct sl_cursor *at, bool fresh)
{
	c->changing = false;
	c->stalled = false;
	c->before = c->now;
	/* Whoever polls has what belongs to a poll's cursor. */
	c->has_state =
	    c->transport == OVER_POLL && strlen(c->last_cursor) == SL_CURSOR_LONG;
	for (int log = 0; log < SL_STREAM_COUNT; log++) {
		c->since[log] = 0;
		c->told[log] = 0;
		if (fresh)
			c->epoch[log] = at->epoch;
		if (at->epoch == c->epoch[log] && at->next[log] != SL_CURSOR_SEQ_MAX)
			c->last[log] = at->next[log] - 1;
	}
	if (!fresh)
		return;
	/* What the gateway says with "subscribed". */
	sl_cursor_format(at, c->last_cursor);
	c->last_cursor[SL_CURSOR_LEN] = '\0';
	c->has_state = c->has_alerts = false;
}

void oracle_changes(struct client *c, const struct sl_cursor *at, unsigned role)
{
	c->before = c->now;
	c->now.role = role;
	c->changing = true;
	memcpy(c->since, at->next, sizeof c->since);
}

/* ---- entries and gaps
 * ------------------------------------------------------------------ */

static void take_alert(struct client *c, const json_t *data)
{
	struct sl_slice id;
	struct sl_slice state;
	int64_t n = 0;

	if (!sl_json_in_string(data, "id", &id) || id.len != 3 ||
	    !sl_json_in_string(data, "state", &state) || !sl_json_in_int(data, "n", &n))
		fail(c, "an alert without id, state or n");
	unsigned i = (unsigned)(id.data[2] - '0');
	c->alert[i] = state.len == 6 ? (uint64_t)n : 0;
}

static void take_entry(struct client *c, const json_t *message, int log)
{
	struct sl_slice epoch;
	int64_t n = 0;

	if (log < 0 || !sl_json_in_int(message, "seq", &n) ||
	    !sl_json_in_string(message, "epoch", &epoch))
		fail(c, "an entry without log, seq or epoch");
	uint64_t seq = (uint64_t)n;
	if (strtoull(epoch.data, NULL, 16) != c->epoch[log])
		fail(c, "%s %" PRIu64 " of epoch %s instead of %" PRIx64,
		    sl_stream_name(log), seq, epoch.data, c->epoch[log]);
	if (seq <= c->last[log])
		fail(c, "%s %" PRIu64 " again: %" PRIu64 " was the last",
		    sl_stream_name(log), seq, c->last[log]);
	pass(c, log, seq, "an entry");
	if (!in_sight(c, log, seq))
		fail(c, "%s %" PRIu64 " is not for it", sl_stream_name(log), seq);
	c->last[log] = seq;
	c->entries++;
	if (log == SL_STREAM_ALERTS)
		take_alert(c, json_object_get(message, "data"));
}

static void take_epoch_gap(struct client *c, int log, const json_t *message)
{
	struct sl_slice text;
	struct sl_cursor at;

	if (!sl_json_in_string(message, "cursor", &text) ||
	    sl_cursor_parse(text.data, text.len, &at))
		fail(c, "a gap without a cursor");
	/* It may have been at a gateway of the former epoch in between. */
	if (at.epoch == c->epoch[log] && c->at.next[log] != SL_CURSOR_SEQ_MAX)
		fail(c, "a gap of %s for its own epoch", sl_stream_name(log));
	c->epoch[log] = at.epoch;
	c->last[log] = at.next[log] - 1;
	c->since[log] = 0;
}

static void take_gap(struct client *c, const json_t *message, int log)
{
	const json_t *data = json_object_get(message, "data");
	const struct world_epoch *epoch = world_epoch_find(client_world, c->epoch[log]);
	struct sl_slice reason;
	int64_t from = 0, to = 0, count = 0;

	c->gaps++;
	if (log < 0 || !wants_log(c->now.topics, log) ||
	    !sl_json_in_string(data, "reason", &reason))
		fail(c, "a gap without log or reason, or of a log that is not wanted");
	if (strcmp(reason.data, "epoch") == 0) {
		take_epoch_gap(c, log, message);
		return;
	}
	if (!sl_json_in_int(data, "from", &from) || !sl_json_in_int(data, "to", &to) ||
	    !sl_json_in_int(data, "count", &count) || to < from)
		fail(c, "a gap without from, to or count");
	if ((uint64_t)from <= c->last[log])
		fail(c, "a gap of %s from %" PRId64 " behind %" PRIu64,
		    sl_stream_name(log), from, c->last[log]);
	pass(c, log, (uint64_t)from, "a gap");
	uint64_t kept = epoch ? epoch->log[log].first : 0;
	if (strcmp(reason.data, "slow") == 0) {
		int64_t skipped = 0;
		for (int64_t q = from; q <= to; q++)
			skipped += in_sight(c, log, (uint64_t)q);
		/* What has left the window meanwhile is counted unseen. */
		bool counted = count >= skipped && count <= to - from + 1;
		counted |= c->before.role != c->now.role;
		if (!c->stalled || !counted)
			fail(c,
			    "a slow gap of %s, %" PRId64 " to %" PRId64 ", count %" PRId64
			    ", in sight %" PRId64 "%s",
			    sl_stream_name(log), from, to, count, skipped,
			    c->stalled ? "" : ", but it was not slow");
	} else {
		if (count != to - from + 1)
			fail(c, "a gap counts %" PRId64, count);
		if ((uint64_t)to >= kept)
			fail(c, "a gap of %s up to %" PRId64 ", but %" PRIu64 " is kept",
			    sl_stream_name(log), to, kept);
		if (c->told[log] == (uint64_t)from && !c->has_state)
			fail(c, "two gaps of %s in one", sl_stream_name(log));
		c->told[log] = (uint64_t)to + 1;
	}
	c->last[log] = (uint64_t)to;
}

/* ---- state
 * ----------------------------------------------------------------------------- */

static void take_section(
    struct client *c, const char *key, const json_t *section, bool whole)
{
	const json_t *list = json_object_get(section, "stale");
	unsigned module = (unsigned)(key[0] - 'a');
	struct sight sight = c->changing ? c->before : c->now;

	for (unsigned i = 0; i < WORLD_METRICS; i++) {
		char field[8];
		snprintf(field, sizeof field, "m%u", i);
		const json_t *value = json_object_get(section, field);
		if (value && (i % WORLD_MODULES != module || !wants_metric(sight, i)))
			fail(c, "metric %s is not for it", field);
		if (i % WORLD_MODULES != module || !wants_metric(sight, i))
			continue;
		if (whole && !value)
			fail(c, "metric %s is not in the state", field);
		if (value) {
			c->has_value[i] = true;
			c->value[i] = json_number_value(value);
		}
		if (!list)
			continue;
		c->stale[i] = false;
		for (size_t k = 0; k < json_array_size(list); k++) {
			const char *name = json_string_value(json_array_get(list, k));
			c->stale[i] |= name && strcmp(name, field) == 0;
		}
	}
}

static void take_state(struct client *c, const json_t *data, bool whole)
{
	const json_t *alerts = json_object_get(data, "alerts");

	if (!whole && !c->has_state)
		fail(c, "metrics_update before initial_metrics");
	if (whole) {
		memset(c->has_value, 0, sizeof c->has_value);
		c->has_state = true;
	}
	for (char key[2] = "a"; key[0] <= 'c'; key[0]++) {
		const json_t *section = json_object_get(data, key);
		if (section)
			take_section(c, key, section, whole);
	}
	if (!alerts)
		return;
	memset(c->alert, 0, sizeof c->alert);
	c->has_alerts = true;
	for (size_t i = 0; i < json_array_size(alerts); i++)
		take_alert(c, json_array_get(alerts, i));
}

/* ---- messages
 * --------------------------------------------------------------------------- */

static void keep_secrets(struct client *c, const char *text, size_t len)
{
	unsigned role = c->changing ? c->before.role : c->now.role;

	for (char m = 'a'; m <= 'c'; m++) {
		char secret[4] = {'<', m, '>', '\0'};
		if (!(world_sees[role] & 1u << (m - 'a')) && memmem(text, len, secret, 3))
			fail(c, "role %s gets %.*s", world_role[role], (int)len, text);
	}
}

/* Whatever was before the change of role has come before its mark. */
static void take_mark(struct client *c)
{
	c->changing = false;
	c->has_state = c->has_alerts = false;
	for (int log = 0; log < SL_STREAM_COUNT; log++) {
		pass(c, log, c->since[log], "a change of role");
		if (c->last[log] + 1 < c->since[log])
			c->last[log] = c->since[log] - 1;
	}
}

static void judge(struct client *c, const json_t *message)
{
	const json_t *data = json_object_get(message, "data");
	struct sl_slice type;
	struct sl_slice name;
	int log = -1;

	if (!sl_json_in_string(message, "type", &type))
		fail(c, "a message without type");
	if (sl_json_in_string(message, "log", &name))
		log = sl_stream_parse(name.data, name.len);
	if (strcmp(type.data, "event") == 0 || strcmp(type.data, "system_alert") == 0 ||
	    strcmp(type.data, "alert_update") == 0) {
		take_entry(c, message, log);
	} else if (strcmp(type.data, "gap") == 0) {
		take_gap(c, message, log);
		take_cursor(c, message);
		return;
	} else if (strcmp(type.data, "initial_metrics") == 0) {
		take_state(c, data, true);
	} else if (strcmp(type.data, "metrics_update") == 0) {
		take_state(c, data, false);
	} else if (strcmp(type.data, "connection_established") == 0) {
		take_mark(c);
	} else if (strcmp(type.data, "disconnect") != 0) {
		fail(c, "a message of type %s", type.data);
	}
	take_cursor(c, message);
	/* More may go while what is left is sent: then a further gap is right. */
	memset(c->told, 0, sizeof c->told);
}

static json_t *parse(struct client *c, const char *text, size_t len)
{
	json_t *tree = sl_json_in_parse(text, len, NULL);

	if (!tree)
		fail(c, "not JSON: %.*s", (int)len, text);
	return tree;
}

void oracle_message(struct client *c, const char *text, size_t len)
{
	json_t *tree = parse(c, text, len);

	keep_secrets(c, text, len);
	judge(c, tree);
	json_decref(tree);
}

void oracle_answer(struct client *c, const char *text, size_t len)
{
	json_t *tree = parse(c, text, len);
	const json_t *messages = json_object_get(tree, "messages");

	keep_secrets(c, text, len);
	for (size_t i = 0; i < json_array_size(messages); i++)
		judge(c, json_array_get(messages, i));
	take_cursor(c, tree);
	json_decref(tree);
}

void oracle_final(struct client *c)
{
	const struct world *w = client_world;
	const struct world_epoch *now = world_now(w);

	for (int log = 0; log < SL_STREAM_COUNT; log++) {
		if (!wants_log(c->now.topics, log))
			continue;
		if (c->epoch[log] != now->epoch)
			fail(c, "was never told of another epoch of %s",
			    sl_stream_name(log));
		pass(c, log, now->log[log].next, "the end");
	}
	if (!c->has_state)
		fail(c, "never got its state");
	for (unsigned i = 0; i < WORLD_METRICS; i++) {
		if (!wants_metric(c->now, i))
			continue;
		if (!c->has_value[i] || c->value[i] != w->value[i] ||
		    c->stale[i] != w->stale[i])
			fail(c, "metric m%u is %g%s instead of %g%s", i, c->value[i],
			    c->stale[i] ? " stale" : "", w->value[i],
			    w->stale[i] ? " stale" : "");
	}
	for (unsigned i = 0; c->has_alerts && wants_alerts(c->now) && i < WORLD_ALERTS;
	     i++) {
		uint64_t open =
		    world_sees[c->now.role] & 1u << i % WORLD_MODULES ? w->alert[i] : 0;
		if (c->alert[i] != open)
			fail(c, "alert al%u is at %" PRIu64 " instead of %" PRIu64, i,
			    c->alert[i], open);
	}
}
