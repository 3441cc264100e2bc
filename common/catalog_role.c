/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of the catalog: who sees which modules and may do what. */
#include <string.h>

#include "buf.h"
#include "catalog_data.h"
#include "conf.h"
#include "error.h"

static const struct {
	const char *name;
	uint32_t bit;
} rights[] = {
#define X(id, bit, name) {name, SL_RIGHT_##id},
    SL_RIGHT_TABLE(X)
#undef X
};
#define RIGHT_COUNT (sizeof rights / sizeof *rights)

static int read_modules(const struct sl_catalog *catalog,
    const struct sl_conf_entry *entry, struct sl_catalog_role *role, struct sl_buf *error)
{
	const struct sl_conf_entry *list = sl_conf_get(entry, "modules");

	for (size_t i = 0; list && i < list->text_count; i++) {
		const char *name = list->text[i];
		const struct sl_catalog_module *module =
		    sl_catalog_module(catalog, name, strlen(name));

		if (strcmp(name, "all") == 0) {
			role->all_modules = true;
			role->modules = sl_catalog_all_modules(catalog);
		} else if (module) {
			role->modules |= module->bit;
		} else {
			return sl_catalog_fail(
			    entry, error, "there is no module \"%s\"", name);
		}
	}
	return 0;
}

static int read_rights(
    const struct sl_conf_entry *entry, struct sl_catalog_role *role, struct sl_buf *error)
{
	const struct sl_conf_entry *list = sl_conf_get(entry, "may");

	for (size_t i = 0; list && i < list->text_count; i++) {
		const char *name = list->text[i];
		bool all = strcmp(name, "all") == 0, known = all;

		for (size_t k = 0; k < RIGHT_COUNT; k++)
			if (all || strcmp(name, rights[k].name) == 0) {
				role->may |= rights[k].bit;
				known = true;
			}
		if (!known) {
			sl_catalog_fail(
			    entry, error, "may = \"%s\": must be all or one of", name);
			for (size_t k = 0; k < RIGHT_COUNT; k++)
				sl_buf_addf(error, "%s %s", k ? "," : "", rights[k].name);
			return SL_EINVAL;
		}
	}
	return 0;
}

static bool is_role_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 128 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
			    "89_.:-") == len;
}

static int add_name(struct sl_catalog *catalog, const struct sl_conf_entry *entry,
    const char *name, size_t at, struct sl_buf *error)
{
	if (!is_role_name(name))
		return sl_catalog_fail(entry, error,
		    "\"%s\": a role's name is letters, digits, \"_\", \"-\", \".\" and "
		    "\":\"",
		    name);
	sl_name_index_put(&catalog->roles, name, strlen(name), (uint32_t)at);
	return 0;
}

int sl_catalog_add_role(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error)
{
	const struct sl_conf_entry *list = sl_conf_get(entry, "aliases");
	struct sl_catalog_role read = {.name = entry->title};
	size_t at = 0;

	if (read_modules(catalog, entry, &read, error) ||
	    read_rights(entry, &read, error))
		return SL_EINVAL;
	while (at < catalog->role_count &&
	       strcmp(catalog->role[at]->name, entry->title) != 0)
		at++;
	struct sl_catalog_role *role =
	    at < catalog->role_count
		? catalog->role[at]
		: sl_catalog_add(&catalog->role, &catalog->role_count, sizeof *role);
	read.index = (unsigned)at;
	*role = read;
	if (add_name(catalog, entry, entry->title, at, error))
		return SL_EINVAL;
	for (size_t i = 0; list && i < list->text_count; i++)
		if (add_name(catalog, entry, list->text[i], at, error))
			return SL_EINVAL;
	return 0;
}
