/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "crypto.h"
#include "log.h"
#include "place.h"
#include "scrape_target.h"
#include "source.h"

#define FIGURES_MS 5000

/* Directories of secrets and authorities that confinement leaves readable. */
#define DIRS_MAX 12

struct scrape {
	struct col_scrape_shared shared;
	struct col_mapping *mapping;
	struct col_scrape_target **target;
	size_t count;
	struct event *figures;
	char dir[DIRS_MAX][SL_PATHS_MAX];
	size_t dir_count;
	bool tls; /* some target speaks it */
};

/* ---- start ------------------------------------------------------------------------ */

/* Two URLs of one host and port in a target would be one instance with two values. */
static bool is_repeated(const struct sl_config_target *config, size_t at)
{
	struct col_place place, other;
	const char *problem;

	if (col_place_url(config->urls.name[at], &place, &problem) != 0)
		return false;
	for (size_t i = 0; i < at; i++)
		if (col_place_url(config->urls.name[i], &other, &problem) == 0 &&
		    strcmp(place.authority, other.authority) == 0)
			return true;
	return false;
}

static int check_urls(const struct sl_process *process, struct scrape *scrape,
    const struct sl_config_target *config)
{
	for (size_t i = 0; i < config->urls.count; i++) {
		struct col_place place;
		const char *problem = NULL;

		/* Without the text: there may be a password in it. */
		if (col_place_url(config->urls.name[i], &place, &problem) == 0 &&
		    is_repeated(config, i))
			problem = "has the same host and port as another one and belongs "
				  "into another target";
		if (problem != NULL) {
			sl_log_error("config", "target \"%s\": url %zu %s file=%s",
			    config->title, i + 1, problem, process->paths.config);
			return EX_CONFIG;
		}
		scrape->tls |= place.tls;
	}
	return EX_OK;
}

/* Remembers the directory of a file that is read later, however it is replaced. */
static int keep_dir(
    const struct sl_process *process, struct scrape *scrape, const char *file)
{
	char path[SL_PATHS_MAX];

	if (*file == '\0')
		return EX_OK;
	if (sl_paths_resolve(&process->paths, file, path) != 0 ||
	    strrchr(path, '/') == NULL) {
		sl_log_error("config", "no path of a file: \"%s\"", file);
		return EX_CONFIG;
	}
	*strrchr(path, '/') = '\0';
	for (size_t i = 0; i < scrape->dir_count; i++)
		if (strcmp(scrape->dir[i], path) == 0)
			return EX_OK;
	if (scrape->dir_count == DIRS_MAX) {
		sl_log_error("config",
		    "files of secrets and authorities are in more than %d directories",
		    DIRS_MAX);
		return EX_CONFIG;
	}
	strcpy(scrape->dir[scrape->dir_count++], path[0] != '\0' ? path : "/");
	return EX_OK;
}

/* OpenSSL reads its configuration once, with the rights of whoever started it. */
static int acquire(struct sl_process *process)
{
	struct scrape *scrape = process->state;
	const struct sl_config_collector *section = col_source_section(process);
	int code = col_core_check(process, col_source_name(process), "scrape", true);

	for (size_t i = 0; code == EX_OK && i < section->target_count; i++) {
		const struct sl_config_target *config = &section->target[i];
		code = check_urls(process, scrape, config);
		if (code == EX_OK)
			code = keep_dir(process, scrape, config->bearer_file);
		if (code == EX_OK)
			code = keep_dir(process, scrape, config->basic_file);
		if (code == EX_OK)
			code = keep_dir(process, scrape, config->ca_file);
		if (code == EX_OK)
			code = keep_dir(process, scrape, config->tls_certificate);
		if (code == EX_OK)
			code = keep_dir(process, scrape, config->tls_key);
	}
	if (code == EX_OK && (sl_crypto_init() != 0 || col_fetch_init() != 0)) {
		sl_log_error("scrape", "cannot prepare libsodium or libcurl");
		code = EX_OSERR;
	}
	return code;
}

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	struct scrape *scrape = process->state;

	out->grants = SL_CONFINE_INET_CONNECT;
	sl_confine_path(out, process->paths.run, true);
	/* Who the names are. */
	sl_confine_path(out, "/etc/hosts", false);
	sl_confine_path(out, "/etc/resolv.conf", false);
	if (scrape->tls) {
		sl_confine_path(out, "/etc/ssl", false);
		sl_confine_path(out, "/usr/share/ca-certificates", false);
		sl_confine_path(out, "/usr/local/share/ca-certificates", false);
	}
	for (size_t i = 0; i < scrape->dir_count; i++)
		sl_confine_path(out, scrape->dir[i], false);
}

static void drop_targets(struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->count; i++)
		col_scrape_target_free(scrape->target[i]);
	free(scrape->target);
	col_mapping_free(scrape->mapping);
	scrape->target = NULL;
	scrape->mapping = NULL;
	scrape->count = 0;
}

static void make_targets(struct scrape *scrape, const struct sl_process *process)
{
	const struct sl_config_collector *section = col_source_section(process);
	size_t all = 0;

	scrape->mapping = col_mapping_new(section, process->catalog, "");
	scrape->shared.mapping = scrape->mapping;
	for (size_t i = 0; i < section->target_count; i++)
		all += section->target[i].urls.count;
	scrape->target = calloc(all + 1, sizeof(struct col_scrape_target *));
	if (scrape->target == NULL)
		abort();
	for (size_t i = 0; i < section->target_count; i++) {
		const struct sl_config_target *config = &section->target[i];
		/* After a reload a wrong one is left out. */
		if (check_urls(process, scrape, config) != EX_OK)
			continue;
		for (size_t k = 0; k < config->urls.count; k++)
			scrape->target[scrape->count++] = col_scrape_target_new(
			    &scrape->shared, config, config->urls.name[k]);
	}
	sl_log_info("scrape", "targets urls=%zu", scrape->count);
}

static void on_figures(evutil_socket_t fd, short what, void *arg)
{
	struct scrape *scrape = arg;

	(void)fd;
	(void)what;
	col_scrape_figures_push(&scrape->shared.figures, scrape->shared.core);
}

static int start(struct sl_process *process)
{
	struct scrape *scrape = process->state;
	struct timeval every = sl_loop_ms(FIGURES_MS);

	scrape->shared.process = process;
	int code = col_core_open(
	    process, col_source_name(process), "scrape", true, &scrape->shared.core);
	if (code != EX_OK)
		return code;
	scrape->shared.fetch = col_fetch_new(process->loop);
	scrape->figures = event_new(process->loop, -1, EV_PERSIST, on_figures, scrape);
	if (scrape->shared.fetch == NULL || scrape->figures == NULL ||
	    event_add(scrape->figures, &every) != 0)
		return EX_OSERR;
	make_targets(scrape, process);
	return EX_OK;
}

/* ---- end -------------------------------------------------------------------------- */

/* Series that were defined keep their handles, so everything can be made anew. */
static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct scrape *scrape = process->state;

	(void)old_config;
	(void)old_catalog;
	drop_targets(scrape);
	if (col_source_section(process) == NULL) {
		sl_log_error("config", "collector \"%s\" has no section any more",
		    col_source_name(process));
		sl_process_end(process, EX_CONFIG);
		return;
	}
	make_targets(scrape, process);
}

static void stop(struct sl_process *process)
{
	struct scrape *scrape = process->state;

	drop_targets(scrape);
	if (scrape->figures != NULL)
		event_free(scrape->figures);
	col_fetch_free(scrape->shared.fetch);
	col_core_close(scrape->shared.core);
	col_fetch_exit();
}

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("scrape"),
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-scrape",
	    .prose = "Scrapes Prometheus and OpenMetrics exporters.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "scrape",
    .user = col_source_user,
    .acquire = acquire,
    .confine = confine,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int col_scrape_main(int argc, char **argv)
{
	struct scrape scrape = {.count = 0};

	return sl_process_run(&spec, argc, argv, &scrape);
}
