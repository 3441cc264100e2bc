/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "topic.h"

void gw_names_init(
    struct gw_names *names, const struct sl_catalog *catalog, uint64_t modules)
{
	names->catalog = catalog;
	names->modules = modules;
	names->count = 0;
	names->asked_count = 0;
	names->max_hz = 0;
	names->terms = (struct gw_terms){0};
	names->problem = "";
	names->error[0] = '\0';
}

void gw_names_clear(struct gw_names *names)
{
	gw_filter_unref(names->terms.filter);
	names->terms.filter = NULL;
}

static const char *problem_of(int error)
{
	switch (error) {
	case SL_EDENIED:
		return "forbidden";
	case SL_ENOTFOUND:
		return "unknown-topic";
	case SL_EFULL:
		return "too-many-topics";
	default:
		return "invalid-topic";
	}
}

static int refuse(struct gw_names *names, int error, const char *name, size_t len)
{
	names->problem = problem_of(error);
	const char *why = error == SL_EDENIED     ? "is outside of your role"
			  : error == SL_ENOTFOUND ? "is not known"
			  : error == SL_EFULL     ? "is one name too many"
						  : "is not a name";

	/* Cut to what is shown; what is no name at all is not repeated. */
	if (error == SL_EMALFORMED)
		snprintf(names->error, sizeof names->error,
		    "a name of %zu bytes %s: letters, digits, \"_\", \"-\", \".\", "
		    "\"*\" and \">\"",
		    len, why);
	else
		snprintf(names->error, sizeof names->error, "\"%.*s\" %s",
		    (int)(len < 128 ? len : 128), name, why);
	return error;
}

int gw_names_add(struct gw_names *names, const char *name, size_t len)
{
	struct sl_catalog_target target[SL_CATALOG_TARGETS_MAX];
	int count = sl_catalog_resolve(names->catalog, name, len, target);
	uint64_t reach = 0;

	if (count < 0)
		return refuse(names, count, name, len);
	for (int i = 0; i < count; i++)
		reach |= sl_catalog_reach(names->catalog, &target[i]);
	if (names->asked_count == GW_PATTERN_MAX)
		return refuse(names, SL_EFULL, name, len);
	if ((reach & names->modules) == 0)
		return refuse(names, SL_EDENIED, name, len);
	for (int i = 0; i < count; i++) {
		if (names->count == GW_PATTERN_MAX)
			return refuse(names, SL_EFULL, name, len);
		names->target[names->count++] = target[i];
	}
	names->asked[names->asked_count++] = (struct sl_slice){name, len};
	return SL_OK;
}

int gw_names_split(struct gw_names *names, const char *list, size_t len)
{
	const char *end = list + len;

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *stop = comma ? comma : end;
		int error = stop > list ? gw_names_add(names, list, (size_t)(stop - list))
					: SL_OK;
		if (error)
			return error;
		list = stop + 1;
	}
	return SL_OK;
}

/* What two targets have in common; false if nothing. */
static bool meet(const struct sl_catalog_target *a, const struct sl_catalog_target *b,
    struct sl_catalog_target *out)
{
	if (a->module && b->module && a->module != b->module)
		return false;
	out->module = a->module ? a->module : b->module;
	out->len = sl_pattern_meet(a->pattern, a->len, b->pattern, b->len, out->pattern);
	return out->len > 0;
}

int gw_names_within(struct gw_names *names, const struct gw_names *other)
{
	struct sl_catalog_target kept[GW_PATTERN_MAX];
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		for (size_t j = 0; j < other->count; j++) {
			if (count == GW_PATTERN_MAX)
				return refuse(names, SL_EFULL, "categories", 10);
			/* Patterns can have something in common, and the catalog not. */
			if (meet(&names->target[i], &other->target[j], &kept[count]) &&
			    (sl_catalog_reach(names->catalog, &kept[count]) &
				names->modules))
				count++;
		}
	}
	memcpy(names->target, kept, count * sizeof *kept);
	names->count = count;
	if (count > 0)
		return SL_OK;
	names->problem = "bad-request";
	snprintf(names->error, sizeof names->error,
	    "the categories have nothing in common with the sources");
	return SL_EMALFORMED;
}

static bool brings_events(const struct gw_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (sl_pattern_overlap(
			names->target[i].pattern, names->target[i].len, "events.>", 8))
			return true;
	}
	return false;
}

int gw_names_filter(struct gw_names *names, struct gw_table *home, const json_t *filter)
{
	names->problem = "bad-filter";
	int error = gw_filter_make(home, filter, &names->terms.filter, names->error);
	if (error || !names->terms.filter || brings_events(names))
		return error;
	snprintf(names->error, sizeof names->error,
	    "filter: it concerns events, and none of the names brings any");
	return SL_EMALFORMED;
}

int gw_names_rate(struct gw_names *names, double max_hz)
{
	if (!(max_hz >= GW_NAMES_HZ_MIN && max_hz <= GW_NAMES_HZ_MAX)) {
		names->problem = "bad-request";
		snprintf(names->error, sizeof names->error,
		    "max_hz is not a number from %g to %d", GW_NAMES_HZ_MIN,
		    GW_NAMES_HZ_MAX);
		return SL_EMALFORMED;
	}
	names->max_hz = max_hz;
	names->terms.interval_ms = (uint32_t)ceil(1000 / max_hz);
	return SL_OK;
}

struct gw_patterns *gw_names_patterns(const struct gw_names *names, struct gw_table *home)
{
	return gw_patterns_make(home, names->target, names->count, &names->terms);
}
