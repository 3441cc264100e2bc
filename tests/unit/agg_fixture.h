/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites of the aggregator's core share: a small catalog, storage, a state. */
#ifndef TESTS_AGG_FIXTURE_H
#define TESTS_AGG_FIXTURE_H

#include "journal_fixture.h"

#include "aggregator/state.h"

#define SLICE(text) ((struct sl_slice){.data = (text), .len = strlen(text)})
#define START_WALL  (1000000 * SL_NS_PER_S)
#define START_MONO  (5000 * SL_NS_PER_S)

static const char agg_catalog_text[] =
    "module \"system_health\" { title = \"System\" }\n"
    "module \"business_metrics\" { title = \"Business\" }\n"
    "metric \"cpu\" { module = system_health aggregate = avg }\n"
    "metric \"errors\" { module = system_health aggregate = sum }\n"
    "metric \"low\" { module = system_health aggregate = min }\n"
    "metric \"high\" { module = system_health aggregate = max }\n"
    "metric \"newest\" { module = system_health aggregate = last }\n"
    "metric \"hosts\" { module = system_health aggregate = count }\n"
    "metric \"brief\" { module = system_health stale_after = 2s }\n"
    "metric \"sales\" { module = business_metrics aggregate = sum }\n"
    "metric \"twice\" { module = system_health expr = \"cpu * 2\" }\n"
    "metric \"own\" { module = system_health }\n"
    "event \"orders.placed\" { module = business_metrics priority = high }\n"
    "event \"orders.viewed\" { module = business_metrics priority = low "
    "rate_limit = 2 fields = {\"n:integer\"} }\n"
    "event \"bench.>\" { module = system_health priority = low }\n"
    "role \"master_admin\" { modules = {all} }\n";

static struct sl_catalog *agg_catalog;
static struct agg_table *agg_table;
static struct agg_recent *agg_recent;
static struct agg_state *agg_state;
static size_t agg_series_max = 1000;

/* What the state's hooks were told. */
static struct {
	size_t tenants;
	size_t changes;
	const struct agg_metric *last;
} agg_told;

static inline void told_tenant(void *arg, struct agg_tenant *tenant)
{
	(void)arg, (void)tenant;
	agg_told.tenants++;
}

static inline int told_changed(void *arg, struct agg_metric *metric, int64_t mono_ns)
{
	(void)arg, (void)mono_ns;
	agg_told.changes++;
	agg_told.last = metric;
	return metric->value > 90 ? SL_STATUS_CRITICAL : SL_STATUS_HEALTHY;
}

/* Opens the table and a state over it; agg_fixture_close ends both, as a stop does. */
static inline void agg_fixture_open(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/state", journal_dir);
	struct agg_table_options options = {.series_max = 4096};
	ck_assert_int_eq(agg_table_open(path, &options, &agg_table, NULL), 0);
	agg_recent = agg_recent_new(NULL);
	agg_recent_want(agg_recent, "cpu");
	agg_recent_want(agg_recent, "twice");
	struct agg_state_options state = {
	    .catalog = agg_catalog,
	    .table = agg_table,
	    .recent = agg_recent,
	    .tenant_series_max = agg_series_max,
	};
	struct agg_state_hooks hooks = {.tenant = told_tenant, .changed = told_changed};
	agg_state = agg_state_new(&state, &hooks);
}

static inline void agg_fixture_close(void)
{
	agg_state_free(agg_state);
	agg_recent_free(agg_recent);
	agg_table_close(agg_table);
}

static inline void agg_fixture_setup(void)
{
	struct sl_buf error = {0};

	fixture_setup();
	sl_clock_fake(START_WALL, START_MONO);
	ck_assert_msg(
	    sl_catalog_parse("test", agg_catalog_text, &agg_catalog, &error) == 0, "%s",
	    sl_buf_text(&error));
	memset(&agg_told, 0, sizeof agg_told);
	agg_series_max = 1000;
	agg_fixture_open();
}

static inline void agg_fixture_teardown(void)
{
	agg_fixture_close();
	sl_catalog_unref(agg_catalog);
	fixture_teardown();
}

static inline struct agg_tenant *tenant_of(const char *name)
{
	struct agg_tenant *tenant;

	ck_assert_int_eq(agg_state_tenant(agg_state, name, &tenant), 0);
	return tenant;
}

static inline const struct agg_metric *metric_of(const char *tenant, const char *name)
{
	const struct sl_catalog_metric *def =
	    sl_catalog_metric(agg_catalog, NULL, name, strlen(name));
	const struct agg_metric *metric =
	    agg_state_metric(agg_state, tenant, def->module->name, name);

	ck_assert_ptr_nonnull(metric);
	return metric;
}

#endif
