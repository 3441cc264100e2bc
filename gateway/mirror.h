/* SPDX-License-Identifier: Apache-2.0 */
/* The state as the aggregator told it: newest values and open alerts, by tenant. */
#ifndef GW_MIRROR_H
#define GW_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "catalog.h"
#include "msg.h"
#include "snapshot.h"
#include "table.h"

/* One metric of a tenant. */
struct gw_metric {
	struct gw_table_node node;
	uint32_t index;
	char *topic; /* "metrics.system_health.cpu_usage" */
	char *field; /* its key in its section */
	char *unit;
	uint16_t topic_len;
	uint16_t section;
	uint64_t module; /* bit in the catalog; 0: a module that it does not know */
	bool in_snapshot;
	bool is_status;
	uint8_t status; /* enum sl_status */
	bool stale;
	bool value_changed; /* since gw_mirror_settle */
	bool stale_changed;
	bool value_told; /* changed before it: what is being told */
	bool stale_told;
	double value; /* NaN: none */
	int64_t ts_us;
	uint64_t changed_at; /* gw_mirror_stand's time */
};

/* A section of the snapshot: metrics order[first .. first + count). */
struct gw_section {
	char *key;
	char *notice; /* NULL: none */
	uint64_t module;
	uint32_t first;
	uint32_t count;
	bool summary; /* has "open_alerts" */
};

/* A pending or firing alert. */
struct gw_alert {
	struct gw_table_node node;
	struct gw_alert *next; /* in order of arrival */
	struct gw_alert *prev;
	uint64_t mark; /* of the whole state that told it last */
	uint64_t module;
	bool firing;
	bool critical;
	size_t id_len;
	size_t body_len;
	char text[]; /* id, then body */
};

struct gw_tenant {
	struct gw_table_node node;
	char *name;
	size_t name_len;
	struct gw_metric **metric;
	struct gw_table metrics; /* by topic */
	uint32_t metric_count;
	uint32_t metric_cap;
	struct gw_section *section; /* in the catalog's order of modules */
	uint32_t section_count;
	uint32_t *order;     /* metrics by section, settled */
	uint32_t generation; /* grows when metrics came */
	bool unordered;
	uint32_t *changed; /* metrics with value_changed or stale_changed */
	uint32_t changed_count;
	uint32_t changed_cap;
	uint32_t *told; /* those with value_told or stale_told, by section */
	uint32_t told_count;
	uint32_t told_cap;
	uint64_t version; /* grows with every change of what a snapshot shows */
	int64_t newest_us;
	struct gw_table alerts;
	struct gw_alert *alert_first;
	struct gw_alert *alert_last;
	uint32_t open_warning; /* firing */
	uint32_t open_critical;
	bool open_changed; /* since gw_mirror_settle */
	bool open_told;
	uint64_t open_at; /* gw_mirror_stand's time of the last change */
};

struct gw_mirror;

/*
 * gw_mirror_new makes an empty mirror over a catalog (a reference is taken).
 * Every tenant has the catalog's metrics from the beginning, without values.
 */
struct gw_mirror *gw_mirror_new(const struct sl_catalog *catalog);
void gw_mirror_free(struct gw_mirror *mirror);

const struct sl_catalog *gw_mirror_catalog(const struct gw_mirror *mirror);

/* gw_mirror_tenant returns a tenant by name, made if it is new. */
struct gw_tenant *gw_mirror_tenant(
    struct gw_mirror *mirror, const char *name, size_t len);

/* gw_mirror_module returns the bit of a module by name, 0 if it is unknown. */
uint64_t gw_mirror_module(const struct gw_mirror *mirror, struct sl_slice name);

/*
 * gw_mirror_begin prepares for a whole state: gw_mirror_end then drops the
 * alerts that were not told again in between.  anew: numbers of metrics are
 * void (another epoch).
 */
void gw_mirror_begin(struct gw_mirror *mirror, bool anew);
void gw_mirror_end(struct gw_mirror *mirror);

/* gw_mirror_def, _metric and _alert take one part of a batch or state. */
void gw_mirror_def(struct gw_mirror *mirror, const struct sl_msg_metric_def *def);
void gw_mirror_metric(struct gw_mirror *mirror, const struct sl_msg_metric *metric);
void gw_mirror_alert(struct gw_mirror *mirror, const struct sl_entry *entry);

/*
 * gw_mirror_stand says that what follows left the aggregator at that time (µs,
 * wall clock; it is made to grow).  complete: together with what came before it
 * is all that there was until then.
 */
void gw_mirror_stand(struct gw_mirror *mirror, int64_t publish_us, bool complete);

/*
 * gw_mirror_position is where a reader stands that has been handed everything:
 * a number for cursors, good on any gateway, never 0.  gw_mirror_since turns
 * one into the time after which changes are news to its holder; false when the
 * whole state is needed.
 */
uint64_t gw_mirror_position(const struct gw_mirror *mirror);
bool gw_mirror_since(const struct gw_mirror *mirror, uint64_t position, uint64_t *since);

/* gw_mirror_silence shows every metric as stale (the bus is silent), or no more. */
void gw_mirror_silence(struct gw_mirror *mirror, bool silent);
bool gw_mirror_silent(const struct gw_mirror *mirror);

/* gw_mirror_metric_stale is what the snapshot says of a metric. */
bool gw_mirror_metric_stale(
    const struct gw_mirror *mirror, const struct gw_metric *metric);

/* gw_mirror_prepare puts tenant->order in order, for reading. */
void gw_mirror_prepare(struct gw_tenant *tenant);

/* gw_mirror_sort puts metrics into the order in which they are shown. */
void gw_mirror_sort(const struct gw_tenant *tenant, uint32_t *metric, uint32_t count);

/*
 * gw_mirror_settle makes what has changed what is told, of all tenants, until it is
 * called again; what changes from now on is told next.
 */
void gw_mirror_settle(struct gw_mirror *mirror);

#endif
