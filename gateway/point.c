/* SPDX-License-Identifier: Apache-2.0 */
#include "point.h"

#include <math.h>
#include <string.h>

#include "clock.h"
#include "json_out.h"
#include "mirror_alert.h"

static const char *const statuses[] = {"healthy", "warning", "critical"};

static void add_text(struct sl_json_out *w, const char *key, const char *text, size_t len)
{
	sl_json_out_key(w, key);
	sl_json_out_string(w, text, len);
}

static void add_time(struct sl_json_out *w, int64_t ts_us)
{
	char text[SL_CLOCK_TEXT];

	sl_json_out_key(w, "timestamp");
	if (ts_us > 0)
		sl_json_out_string(
		    w, text, (size_t)sl_clock_format(ts_us * SL_NS_PER_US, text));
	else
		sl_json_out_null(w);
}

/* "system_health.cpu_usage:1795212345678901:41.5" */
static void add_id(
    struct sl_json_out *w, const struct gw_metric *m, const char *name, int64_t ts_us)
{
	static struct sl_buf id;
	char value[SL_JSON_OUT_DOUBLE];

	sl_json_out_format_double(m->value, value);
	sl_buf_reset(&id);
	sl_buf_addf(&id, "%s:%lld:%s", name, (long long)ts_us, value);
	add_text(w, "id", id.data, id.len);
}

static void add_point(struct sl_json_out *w, const struct gw_mirror *mirror,
    const struct gw_tenant *tenant, const struct gw_metric *m)
{
	const char *module = m->topic + strlen("metrics.");
	size_t module_len = strcspn(module, ".");
	const char *name = module + module_len + 1;
	int64_t ts_us = m->ts_us > 0 ? m->ts_us : tenant->newest_us;

	sl_json_out_object_begin(w);
	add_id(w, m, module, ts_us);
	add_time(w, ts_us);
	add_text(w, "source", module, module_len);
	add_text(w, "category", name, strlen(name));
	add_text(w, "metric", name, strlen(name));
	sl_json_out_key(w, "value");
	sl_json_out_double(w, m->value);
	sl_json_out_key(w, "status");
	sl_json_out_text(w, statuses[m->status <= 2 ? m->status : 0]);
	sl_json_out_key(w, "metadata");
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "unit");
	sl_json_out_text(w, m->unit);
	sl_json_out_key(w, "stale");
	sl_json_out_bool(w, gw_mirror_metric_stale(mirror, m));
	sl_json_out_object_end(w);
	sl_json_out_key(w, "moduleAccess");
	sl_json_out_array_begin(w);
	sl_json_out_string(w, module, module_len);
	sl_json_out_array_end(w);
	sl_json_out_object_end(w);
}

static void begin(
    struct sl_json_out *w, const struct gw_tenant *tenant, struct sl_buf *out)
{
	sl_json_out_init(w, out);
	sl_json_out_object_begin(w);
	add_time(w, tenant->newest_us);
	sl_json_out_key(w, "points");
	sl_json_out_array_begin(w);
}

static bool add_seen(struct sl_json_out *w, const struct gw_sight *sight,
    const struct gw_mirror *mirror, uint32_t metric)
{
	const struct gw_metric *m = sight->tenant->metric[metric];

	if (isnan(m->value) || !gw_sight_metric(sight, m))
		return false;
	add_point(w, mirror, sight->tenant, m);
	return true;
}

void gw_point_snapshot(const struct gw_sight *sight, struct gw_mirror *mirror,
    struct sl_buf *out, bool alerts)
{
	const struct gw_tenant *tenant = sight->tenant;
	struct sl_json_out w;

	begin(&w, tenant, out);
	for (uint32_t i = 0; i < tenant->metric_count; i++)
		add_seen(&w, sight, mirror, tenant->order[i]);
	sl_json_out_array_end(&w);
	if (alerts) {
		sl_json_out_key(&w, "alerts");
		sl_json_out_array_begin(&w);
		for (const struct gw_alert *a = tenant->alert_first; a; a = a->next) {
			struct sl_slice body = gw_mirror_alert_body(a);
			if (gw_sight_alert(sight, a))
				sl_json_out_raw(&w, body.data, body.len);
		}
		sl_json_out_array_end(&w);
	}
	sl_json_out_object_end(&w);
}

bool gw_point_tell(const struct gw_sight *sight, struct gw_mirror *mirror,
    const struct gw_changes *changes, struct sl_buf *out)
{
	size_t before = out->len;
	struct sl_json_out w;
	bool any = false;

	begin(&w, sight->tenant, out);
	for (uint32_t i = 0; i < changes->count; i++)
		any |= add_seen(&w, sight, mirror, changes->metric[i]);
	sl_json_out_array_end(&w);
	sl_json_out_object_end(&w);
	if (!any)
		out->len = before;
	return any;
}
