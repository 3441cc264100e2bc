/* SPDX-License-Identifier: Apache-2.0 */
/* What the alert suites share: an aggregator's log and table in memory. */
#ifndef TEST_ALERT_WORLD_H
#define TEST_ALERT_WORLD_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/alert.h"
#include "aggregator/alert_json.h"
#include "aggregator/alert_record.h"
#include "aggregator/recent.h"
#include "error.h"

#define S 1000000000LL

#define WORLD_ENTRIES 4096
#define WORLD_SLOTS   256

/* An entry of the alerts log. */
struct world_entry {
	enum sl_entry_kind kind;
	struct agg_alert alert;
};

struct world_slot {
	unsigned char record[AGG_ALERT_RECORD_MAX];
	size_t len; /* 0: free */
};

struct world {
	struct agg_alerts *alerts;
	struct agg_alert_options options;
	struct world_entry *log;
	size_t entries;
	struct world_slot *table;
	struct agg_recent *recent;
	struct agg_recent_view view;
	int64_t wall_ns, mono_ns;
	size_t counted;
	bool log_full;
	bool crash_in_log; /* the entry is appended, but the process dies then */
};

static uint64_t world_transition(
    void *arg, enum sl_entry_kind kind, const struct agg_alert *alert)
{
	struct world *world = arg;

	if (world->log_full)
		return 0;
	ck_assert_uint_lt(world->entries, WORLD_ENTRIES);
	world->log[world->entries++] = (struct world_entry){kind, *alert};
	return world->crash_in_log ? 0 : world->entries;
}

static int world_save(void *arg, const struct agg_alert *alert, uint32_t *slot)
{
	struct world *world = arg;

	for (uint32_t i = 0; *slot == UINT32_MAX && i < WORLD_SLOTS; i++)
		if (!world->table[i].len)
			*slot = i;
	if (*slot == UINT32_MAX)
		return SL_EFULL;
	if (!world->crash_in_log || alert->unsent)
		world->table[*slot].len =
		    agg_alert_record_pack(alert, world->table[*slot].record);
	return 0;
}

static void world_forget(void *arg, uint32_t slot)
{
	((struct world *)arg)->table[slot].len = 0;
}

static uint64_t world_published(void *arg, const struct agg_alert *alert)
{
	struct world *world = arg;
	struct sl_buf want = {0}, body = {0};
	uint64_t found = 0;

	agg_alert_json(&want, alert);
	for (size_t i = 0; i < world->entries && !found; i++) {
		sl_buf_reset(&body);
		agg_alert_json(&body, &world->log[i].alert);
		if (body.len == want.len && !memcmp(body.data, want.data, want.len))
			found = i + 1;
	}
	sl_buf_clear(&want);
	sl_buf_clear(&body);
	return found;
}

static bool world_source(void *arg, const char *tenant, struct agg_expr_source *source)
{
	struct world *world = arg;

	world->view = (struct agg_recent_view){world->recent, tenant};
	agg_recent_source(&world->view, source);
	return true;
}

static void world_counted(void *arg, const char *tenant)
{
	(void)tenant;
	((struct world *)arg)->counted++;
}

static inline void world_open(struct world *world)
{
	struct agg_alert_hooks hooks = {world, world_transition, world_save, world_forget,
	    world_published, world_source, world_counted};

	world->alerts = agg_alert_new(&world->options, &hooks);
}

static inline void world_start(struct world *world)
{
	*world = (struct world){
	    .log = calloc(WORLD_ENTRIES, sizeof(*world->log)),
	    .table = calloc(WORLD_SLOTS, sizeof(*world->table)),
	    .recent = agg_recent_new(NULL),
	    .wall_ns = 1800000000 * S,
	    .mono_ns = 5000 * S,
	};
	world_open(world);
}

static inline void world_stop(struct world *world)
{
	agg_alert_free(world->alerts);
	agg_recent_free(world->recent);
	free(world->log);
	free(world->table);
}

/* The aggregator dies and comes back after a while, with only its table and log. */
static inline void world_restart(struct world *world, int64_t away_ns)
{
	agg_alert_free(world->alerts);
	world->wall_ns += away_ns;
	world->mono_ns += away_ns;
	world->crash_in_log = false;
	world_open(world);
	for (uint32_t i = 0; i < WORLD_SLOTS; i++) {
		struct agg_alert alert;

		if (!world->table[i].len)
			continue;
		ck_assert_int_eq(agg_alert_record_read(
				     world->table[i].record, world->table[i].len, &alert),
		    0);
		ck_assert_int_eq(agg_alert_restore(world->alerts, &alert, i), 0);
	}
}

static inline void world_rules(
    struct world *world, const struct agg_rule_spec *specs, size_t count)
{
	struct agg_rule *rules[8];
	char error[AGG_RULE_ERROR_MAX];

	for (size_t i = 0; i < count; i++)
		ck_assert_msg(!agg_rule_new(&specs[i], &rules[i], error), "%s", error);
	ck_assert_int_eq(agg_alert_set_rules(
			     world->alerts, rules, count, world->wall_ns, world->mono_ns),
	    0);
}

static inline void world_pass(struct world *world, int64_t ns)
{
	world->wall_ns += ns;
	world->mono_ns += ns;
	agg_alert_tick(world->alerts, world->wall_ns, world->mono_ns);
}

static inline int world_check(struct world *world, uint32_t metric, double value)
{
	return agg_alert_check(
	    world->alerts, metric, value, world->wall_ns, world->mono_ns);
}

/* The newest entry of the log. */
static inline const struct world_entry *world_last(const struct world *world)
{
	ck_assert_uint_gt(world->entries, 0);
	return &world->log[world->entries - 1];
}

static inline void world_expect(const struct world *world, size_t entries,
    enum sl_entry_kind kind, enum agg_alert_state state, enum agg_severity severity)
{
	ck_assert_uint_eq(world->entries, entries);
	ck_assert_int_eq(world_last(world)->kind, kind);
	ck_assert_int_eq(world_last(world)->alert.state, state);
	ck_assert_int_eq(world_last(world)->alert.severity, severity);
}

#define FIRED    SL_ENTRY_ALERT_FIRED, AGG_ALERT_FIRING
#define CHANGED  SL_ENTRY_ALERT_CHANGE, AGG_ALERT_FIRING
#define PENDING  SL_ENTRY_ALERT_CHANGE, AGG_ALERT_PENDING
#define RESOLVED SL_ENTRY_ALERT_CHANGE, AGG_ALERT_RESOLVED
#define WARNING  AGG_SEVERITY_WARNING
#define CRITICAL AGG_SEVERITY_CRITICAL

#endif
