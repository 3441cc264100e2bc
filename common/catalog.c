/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog_data.h"
#include "conf.h"
#include "error.h"
#include "paths.h"
#include "topic.h"

char *sl_catalog_pool(struct sl_catalog *catalog, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	catalog->pool =
	    reallocarray(catalog->pool, catalog->pool_count + 1, sizeof *catalog->pool);
	if (n < 0 || !catalog->pool)
		abort();
	catalog->pool[catalog->pool_count++] = text;
	return text;
}

/* ---- life ---------------------------------------------------------------------- */

static struct sl_catalog *new_catalog(void)
{
	struct sl_catalog *catalog = calloc(1, sizeof *catalog);

	if (!catalog)
		abort();
	atomic_init(&catalog->refs, 1);
	return catalog;
}

static void add_conf(struct sl_catalog *catalog, struct sl_conf *conf)
{
	catalog->conf =
	    reallocarray(catalog->conf, catalog->conf_count + 1, sizeof *catalog->conf);
	if (!catalog->conf)
		abort();
	catalog->conf[catalog->conf_count++] = conf;
}

struct sl_catalog *sl_catalog_ref(const struct sl_catalog *catalog)
{
	struct sl_catalog *own = (struct sl_catalog *)(uintptr_t)catalog;

	atomic_fetch_add_explicit(&own->refs, 1, memory_order_relaxed);
	return own;
}

static void free_catalog(struct sl_catalog *catalog)
{
	for (size_t i = 0; i < catalog->module_count; i++)
		free(catalog->module[i]);
	for (size_t i = 0; i < catalog->metric_count; i++)
		free(catalog->metric[i]);
	for (size_t i = 0; i < catalog->event_count; i++) {
		free(catalog->event[i]->field);
		free(catalog->event[i]);
	}
	for (size_t i = 0; i < catalog->alias_count; i++)
		free(catalog->alias[i]);
	for (size_t i = 0; i < catalog->role_count; i++)
		free(catalog->role[i]);
	for (size_t i = 0; i < catalog->conf_count; i++)
		sl_conf_free(catalog->conf[i]);
	for (size_t i = 0; i < catalog->pool_count; i++)
		free(catalog->pool[i]);
	struct sl_name_index *index[] = {&catalog->modules, &catalog->metrics,
	    &catalog->by_name, &catalog->events, &catalog->families, &catalog->aliases,
	    &catalog->roles};
	for (size_t i = 0; i < sizeof index / sizeof *index; i++)
		sl_name_index_clear(index[i]);
	free(catalog->module);
	free(catalog->metric);
	free(catalog->event);
	free(catalog->alias);
	free(catalog->role);
	free(catalog->conf);
	free(catalog->pool);
	free(catalog);
}

void sl_catalog_unref(const struct sl_catalog *catalog)
{
	struct sl_catalog *own = (struct sl_catalog *)(uintptr_t)catalog;

	/* The last one sees all that the others did before they let go. */
	if (own && atomic_fetch_sub_explicit(&own->refs, 1, memory_order_acq_rel) == 1)
		free_catalog(own);
}

/* ---- loading ------------------------------------------------------------------- */

static int finish(
    struct sl_catalog *catalog, int rc, struct sl_catalog **out, struct sl_buf *error)
{
	if (rc == 0)
		rc = sl_catalog_build(catalog, error);
	if (rc)
		sl_catalog_unref(catalog);
	else
		*out = catalog;
	return rc;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	       strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int read_folder(
    struct sl_catalog *catalog, const char *folder, struct sl_buf *error)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, is_conf, alphasort);
	int rc = 0;

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0) {
		sl_buf_addf(error, "cannot read \"%s\": %s", folder, strerror(errno));
		return SL_ESYS;
	}
	for (int i = 0; i < n; i++) {
		char path[SL_PATHS_MAX + sizeof entry[i]->d_name + 1];
		struct sl_conf *conf;

		snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
		if (rc == 0) {
			rc = sl_conf_read(path, sl_catalog_rules, &conf, error);
			if (rc == 0)
				add_conf(catalog, conf);
		}
		free(entry[i]);
	}
	free(entry);
	return rc;
}

int sl_catalog_load(
    const struct sl_paths *paths, struct sl_catalog **out, struct sl_buf *error)
{
	struct sl_catalog *catalog = new_catalog();
	struct sl_conf *conf;
	int rc = sl_conf_read(paths->catalog, sl_catalog_rules, &conf, error);

	if (rc == 0) {
		add_conf(catalog, conf);
		rc = read_folder(catalog, paths->catalog_dir, error);
	}
	return finish(catalog, rc, out, error);
}

int sl_catalog_parse(
    const char *name, const char *text, struct sl_catalog **out, struct sl_buf *error)
{
	struct sl_catalog *catalog = new_catalog();
	struct sl_conf *conf;
	int rc = sl_conf_read_text(name, text, sl_catalog_rules, &conf, error);

	if (rc == 0)
		add_conf(catalog, conf);
	return finish(catalog, rc, out, error);
}

/* ---- looking things up --------------------------------------------------------- */

size_t sl_catalog_module_count(const struct sl_catalog *catalog)
{
	return catalog->module_count;
}

size_t sl_catalog_metric_count(const struct sl_catalog *catalog)
{
	return catalog->metric_count;
}

size_t sl_catalog_event_count(const struct sl_catalog *catalog)
{
	return catalog->event_count;
}

size_t sl_catalog_role_count(const struct sl_catalog *catalog)
{
	return catalog->role_count;
}

const struct sl_catalog_module *sl_catalog_module_at(
    const struct sl_catalog *catalog, size_t i)
{
	return i < catalog->module_count ? catalog->module[i] : NULL;
}

const struct sl_catalog_metric *sl_catalog_metric_at(
    const struct sl_catalog *catalog, size_t i)
{
	return i < catalog->metric_count ? &catalog->metric[i]->metric : NULL;
}

const struct sl_catalog_event *sl_catalog_event_at(
    const struct sl_catalog *catalog, size_t i)
{
	return i < catalog->event_count ? &catalog->event[i]->event : NULL;
}

const struct sl_catalog_role *sl_catalog_role_at(
    const struct sl_catalog *catalog, size_t i)
{
	return i < catalog->role_count ? catalog->role[i] : NULL;
}

const struct sl_catalog_module *sl_catalog_module(
    const struct sl_catalog *catalog, const char *name, size_t len)
{
	int64_t i = sl_name_index_get(&catalog->modules, name, len);

	return i < 0 ? NULL : catalog->module[i];
}

const struct sl_catalog_metric *sl_catalog_metric(const struct sl_catalog *catalog,
    const struct sl_catalog_module *module, const char *name, size_t len)
{
	char qualified[SL_TOPIC_MAX + 1];
	int64_t i;

	if (module) {
		if (len > SL_TOPIC_MAX)
			return NULL;
		int n = snprintf(
		    qualified, sizeof qualified, "%s.%.*s", module->name, (int)len, name);
		if (n < 0 || n >= (int)sizeof qualified)
			return NULL;
		i = sl_name_index_get(&catalog->metrics, qualified, (size_t)n);
	} else {
		i = sl_name_index_get(&catalog->by_name, name, len);
		if (i < 0)
			i = sl_name_index_get(&catalog->metrics, name, len);
	}
	return i < 0 ? NULL : &catalog->metric[i]->metric;
}

const struct sl_catalog_event *sl_catalog_event(
    const struct sl_catalog *catalog, const char *name, size_t len)
{
	if (!sl_topic_valid(name, len))
		return NULL;
	int64_t exact = sl_name_index_get(&catalog->events, name, len);
	if (exact >= 0)
		return &catalog->event[exact]->event;
	for (size_t i = 0; i < catalog->event_count; i++) {
		const struct sl_catalog_event *event = &catalog->event[i]->event;

		if (event->wildcard &&
		    sl_pattern_match(event->name, strlen(event->name), name, len))
			return event;
	}
	return NULL;
}

const struct sl_catalog_role *sl_catalog_role(
    const struct sl_catalog *catalog, const char *name, size_t len)
{
	int64_t i = sl_name_index_get(&catalog->roles, name, len);

	return i < 0 ? NULL : catalog->role[i];
}

uint64_t sl_catalog_all_modules(const struct sl_catalog *catalog)
{
	return catalog->module_count == SL_CATALOG_MODULES_MAX
		   ? UINT64_MAX
		   : (UINT64_C(1) << catalog->module_count) - 1;
}
