/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  Specs are kept in the order of their dependencies, so one pass
 * over what is marked is enough even where one derived metric reads another.
 * Marks are per tenant.  A module's status is never computed from its metrics:
 * how many of them have each status is counted as they change.
 */
#include "derived.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derived_order.h"
#include "error.h"

/* How many metrics of a module have each status. */
struct tally {
	char *module;
	size_t with[3];
};

struct tenant {
	char *name;
	bool *dirty; /* by place in the order */
	size_t dirty_count;
	double *last; /* what was published */
	bool *published;
	struct tally *tallies;
	size_t tally_count;
};

/* A metric of a tenant, by its number. */
struct binding {
	bool bound;
	bool counts;
	int status;
	size_t tenant;
	size_t tally;
	uint32_t *readers; /* places in the order */
	size_t reader_count;
};

struct agg_derived {
	struct agg_derived_hooks hooks;
	struct agg_derived_order order;
	struct tenant *tenants;
	size_t tenant_count;
	struct binding *bindings;
	size_t binding_count;
	uint64_t errors;
	struct agg_expr_error error;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

int agg_derived_new(const struct agg_derived_spec *specs, size_t count,
    const struct agg_derived_hooks *hooks, struct agg_derived **derived,
    char error[AGG_DERIVED_ERROR_MAX])
{
	struct agg_derived *made = must(calloc(1, sizeof(*made)));

	made->hooks = *hooks;
	if (agg_derived_order_make(specs, count, &made->order, error)) {
		agg_derived_free(made);
		return SL_EINVAL;
	}
	*derived = made;
	return 0;
}

void agg_derived_free(struct agg_derived *derived)
{
	if (!derived)
		return;
	for (size_t i = 0; i < derived->tenant_count; i++) {
		struct tenant *tenant = &derived->tenants[i];

		for (size_t t = 0; t < tenant->tally_count; t++)
			free(tenant->tallies[t].module);
		free(tenant->name);
		free(tenant->dirty);
		free(tenant->last);
		free(tenant->published);
		free(tenant->tallies);
	}
	for (size_t i = 0; i < derived->binding_count; i++)
		free(derived->bindings[i].readers);
	free(derived->tenants);
	free(derived->bindings);
	agg_derived_order_clear(&derived->order);
	free(derived);
}

void agg_derived_each_metric(const struct agg_derived *derived,
    void (*each)(void *arg, size_t spec, const char *metric), void *arg)
{
	for (size_t i = 0; i < derived->order.count; i++) {
		const struct agg_derived_item *item = &derived->order.items[i];

		for (size_t m = 0; item->expr && m < agg_expr_metric_count(item->expr);
		     m++)
			each(arg, item->spec, agg_expr_metric(item->expr, m));
	}
}

/* ---- metrics ---------------------------------------------------------------------- */

static size_t find_tenant(struct agg_derived *derived, const char *name)
{
	for (size_t i = derived->tenant_count; i--;)
		if (!strcmp(derived->tenants[i].name, name))
			return i;

	size_t count = derived->order.count + 1;
	derived->tenants = must(realloc(
	    derived->tenants, (derived->tenant_count + 1) * sizeof(*derived->tenants)));
	derived->tenants[derived->tenant_count] = (struct tenant){
	    .name = must(strdup(name)),
	    .dirty = must(calloc(count, sizeof(bool))),
	    .last = must(calloc(count, sizeof(double))),
	    .published = must(calloc(count, sizeof(bool))),
	};
	return derived->tenant_count++;
}

static size_t find_tally(struct tenant *tenant, const char *module)
{
	for (size_t i = 0; i < tenant->tally_count; i++)
		if (!strcmp(tenant->tallies[i].module, module))
			return i;
	tenant->tallies = must(realloc(
	    tenant->tallies, (tenant->tally_count + 1) * sizeof(*tenant->tallies)));
	tenant->tallies[tenant->tally_count] =
	    (struct tally){.module = must(strdup(module))};
	return tenant->tally_count++;
}

static void mark(struct tenant *tenant, size_t place)
{
	tenant->dirty_count += !tenant->dirty[place];
	tenant->dirty[place] = true;
}

void agg_derived_bind(struct agg_derived *derived, uint32_t metric_id, const char *tenant,
    const char *module, const char *metric, bool counts)
{
	if (metric_id >= derived->binding_count) {
		size_t want = derived->binding_count * 2 > metric_id + 64u
				  ? derived->binding_count * 2
				  : metric_id + 64u;

		derived->bindings =
		    must(realloc(derived->bindings, want * sizeof(*derived->bindings)));
		memset(derived->bindings + derived->binding_count, 0,
		    (want - derived->binding_count) * sizeof(*derived->bindings));
		derived->binding_count = want;
	}

	struct binding *binding = &derived->bindings[metric_id];
	free(binding->readers);
	*binding = (struct binding){
	    .bound = true,
	    .counts = counts,
	    .status = AGG_DERIVED_NO_STATUS,
	    .tenant = find_tenant(derived, tenant),
	};
	binding->tally = find_tally(&derived->tenants[binding->tenant], module);
	binding->reader_count =
	    agg_derived_order_readers(&derived->order, module, metric, &binding->readers);
}

static void count_status(struct agg_derived *derived, struct binding *binding, int status)
{
	struct tenant *tenant = &derived->tenants[binding->tenant];
	struct tally *tally = &tenant->tallies[binding->tally];

	if (binding->status >= 0)
		tally->with[binding->status]--;
	if (status >= 0)
		tally->with[status]++;
	binding->status = status;
	for (size_t i = derived->order.expr_count; i < derived->order.count; i++) {
		const struct agg_derived_item *item = &derived->order.items[i];

		if (item->kind == AGG_DERIVED_STATUS_ALL ||
		    (item->kind == AGG_DERIVED_STATUS &&
			!strcmp(item->module, tally->module)))
			mark(tenant, i);
	}
}

void agg_derived_changed(struct agg_derived *derived, uint32_t metric_id, int status)
{
	if (metric_id >= derived->binding_count || !derived->bindings[metric_id].bound)
		return;

	struct binding *binding = &derived->bindings[metric_id];
	for (size_t i = 0; i < binding->reader_count; i++)
		mark(&derived->tenants[binding->tenant], binding->readers[i]);
	if (binding->counts && status != binding->status && status <= 2)
		count_status(
		    derived, binding, status < 0 ? AGG_DERIVED_NO_STATUS : status);
}

void agg_derived_alerts_changed(struct agg_derived *derived, const char *tenant)
{
	size_t t = find_tenant(derived, tenant);

	for (size_t i = derived->order.expr_count; i < derived->order.count; i++)
		if (derived->order.items[i].kind >= AGG_DERIVED_OPEN_WARNING)
			mark(&derived->tenants[t], i);
}

/* ---- values ----------------------------------------------------------------------- */

static double fold(const struct agg_expr_result *result, enum agg_derived_fold how)
{
	double sum = 0, min = INFINITY, max = -INFINITY;

	if (result->is_scalar)
		return result->scalar;
	if (!result->count)
		return NAN;
	for (size_t i = 0; i < result->count; i++) {
		sum += result->items[i].value;
		min = fmin(min, result->items[i].value);
		max = fmax(max, result->items[i].value);
	}
	switch (how) {
	case AGG_DERIVED_SUM:
		return sum;
	case AGG_DERIVED_AVG:
		return sum / (double)result->count;
	case AGG_DERIVED_MIN:
		return min;
	case AGG_DERIVED_MAX:
		return max;
	case AGG_DERIVED_COUNT:
		return (double)result->count;
	default:
		return result->items[result->count - 1].value;
	}
}

static double evaluate(struct agg_derived *derived, const struct tenant *tenant,
    const struct agg_derived_item *item, int64_t now_ns)
{
	struct agg_expr_source source;
	struct agg_expr_result result;
	struct agg_expr_error error = {0};

	if (!derived->hooks.source(derived->hooks.arg, tenant->name, &source))
		return NAN;
	if (agg_expr_eval(item->expr, &source, now_ns, NULL, &result, &error)) {
		derived->errors++;
		derived->error = error;
		return NAN;
	}
	double value = fold(&result, item->fold);
	agg_expr_result_clear(&result);
	return value;
}

static double worst(const struct tenant *tenant, const char *module)
{
	double status = NAN;

	for (size_t i = 0; i < tenant->tally_count; i++) {
		const struct tally *tally = &tenant->tallies[i];

		if (module && strcmp(tally->module, module))
			continue;
		for (int s = 0; s < 3; s++)
			if (tally->with[s])
				status = fmax(status, s);
	}
	return status;
}

static double compute(struct agg_derived *derived, const struct tenant *tenant,
    const struct agg_derived_item *item, int64_t now_ns)
{
	switch (item->kind) {
	case AGG_DERIVED_EXPR:
		return evaluate(derived, tenant, item, now_ns);
	case AGG_DERIVED_STATUS:
		return worst(tenant, item->module);
	case AGG_DERIVED_STATUS_ALL:
		return worst(tenant, NULL);
	default:
		return (double)derived->hooks.open_alerts(derived->hooks.arg,
		    tenant->name, item->kind == AGG_DERIVED_OPEN_WARNING ? 1 : 2);
	}
}

static void update(
    struct agg_derived *derived, size_t tenant_index, size_t place, int64_t now_ns)
{
	const struct agg_derived_item *item = &derived->order.items[place];
	struct tenant *tenant = &derived->tenants[tenant_index];
	double value = compute(derived, tenant, item, now_ns);
	double *last = &tenant->last[place];
	if (tenant->published[place] &&
	    (value == *last || (isnan(value) && isnan(*last))))
		return;
	*last = value;
	tenant->published[place] = true;
	derived->hooks.publish(
	    derived->hooks.arg, tenant->name, item->spec, value, now_ns);
}

size_t agg_derived_run(struct agg_derived *derived, int64_t now_ns, bool clock)
{
	size_t evaluated = 0;

	for (size_t t = 0; t < derived->tenant_count; t++) {
		if (!derived->tenants[t].dirty_count && !clock)
			continue;
		for (size_t i = 0; i < derived->order.count; i++) {
			/* publish() may add tenants, so nothing is kept over it. */
			struct tenant *tenant = &derived->tenants[t];

			if (!tenant->dirty[i] &&
			    !(clock && derived->order.items[i].clock_driven))
				continue;
			tenant->dirty_count -= tenant->dirty[i];
			tenant->dirty[i] = false;
			update(derived, t, i, now_ns);
			evaluated++;
		}
	}
	return evaluated;
}

uint64_t agg_derived_errors(const struct agg_derived *derived, const char **text)
{
	*text = derived->error.text;
	return derived->errors;
}
