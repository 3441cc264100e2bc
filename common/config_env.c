/* SPDX-License-Identifier: Apache-2.0 */
#include "config_env.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define PREFIX "SIGHTLINE_"

static const struct {
	const char *name;
	enum sl_section section;
	const char *option, *bare;
} documents[] = {
#define X(name, section, option, bare) {name, SL_SECTION_##section, option, bare},
    SL_OPTION_ENV_TABLE(X)
#undef X
};

/* "gateway.port" -> "SIGHTLINE_GATEWAY_PORT" */
static void name_of(const char *path, char out[512])
{
	int n = snprintf(out, 512, PREFIX "%s", path);

	for (int i = 0; i < n && i < 511; i++)
		out[i] = isalnum((unsigned char)out[i])
			     ? (char)toupper((unsigned char)out[i])
			     : '_';
}

static const char *get(const char *name)
{
	const char *text = getenv(name);

	return text && *text ? text : NULL;
}

bool sl_config_env_find(
    const struct sl_option *option, const char *path, struct sl_config_env *out)
{
	name_of(path, out->name);
	out->text = get(out->name);
	out->bare = "";
	if (out->text)
		return true;
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		if (documents[i].section != option->section ||
		    strcmp(documents[i].option, option->name) != 0)
			continue;
		snprintf(out->name, sizeof out->name, "%s", documents[i].name);
		out->text = get(out->name);
		out->bare = documents[i].bare;
		if (out->text)
			return true;
	}
	return false;
}

struct search {
	const char *name;
	size_t len;
	bool found;
};

static void compare(void *arg, const struct sl_config_value *value)
{
	struct search *search = arg;
	char name[512];

	name_of(value->path, name);
	if (strlen(name) == search->len && memcmp(name, search->name, search->len) == 0)
		search->found = true;
}

static bool is_section(const char *name, size_t len)
{
	static const char *const sections[] = {
	    "LOG_", "AUTH_", "AGGREGATOR_", "GATEWAY_"};

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		size_t n = strlen(sections[i]);
		if (len > n && strncmp(name, sections[i], n) == 0)
			return true;
	}
	return false;
}

void sl_config_env_warn(const struct sl_config *config)
{
	const size_t prefix = strlen(PREFIX);

	for (char **p = environ; p && *p; p++) {
		struct search search = {*p, strcspn(*p, "="), false};

		if (search.len <= prefix || strncmp(*p, PREFIX, prefix) != 0 ||
		    !is_section(*p + prefix, search.len - prefix))
			continue;
		sl_config_visit(config, compare, &search);
		if (!search.found)
			sl_log_warn("config", "ignored-variable name=\"%.*s\"",
			    (int)search.len, *p);
	}
	if (get("REDIS_URL"))
		sl_log_info("config",
		    "ignored-variable name=REDIS_URL reason=\"no Redis is needed\"");
}
