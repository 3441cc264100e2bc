/* SPDX-License-Identifier: Apache-2.0 */
#include "loggrant.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "logglob.h"

bool col_loggrants_add(struct col_loggrants *grants, const char *path)
{
	char there[SL_PATHS_MAX];

	snprintf(there, sizeof(there), "%s", path);
	for (char *slash; access(there, F_OK) != 0 &&
			  (slash = strrchr(there, '/')) != NULL && slash != there;)
		*slash = '\0';
	for (size_t i = 0; i < grants->count; i++)
		if (strcmp(grants->path[i], there) == 0)
			return true;
	if (grants->count == COL_LOGGRANTS_MAX) {
		sl_log_error("config", "the files are in more than %d folders",
		    COL_LOGGRANTS_MAX - 1);
		return false;
	}
	strcpy(grants->path[grants->count++], there);
	return true;
}

static bool add_journals(
    struct col_loggrants *grants, const struct sl_config_collector *section)
{
	bool fit = true;

	for (size_t i = 0; fit && i < section->log_journal_count; i++)
		if (*section->log_journal[i].directory != '\0')
			fit =
			    col_loggrants_add(grants, section->log_journal[i].directory);
	if (section->log_journal_count == 0)
		return true;
	/* The name of the machine's folder is its id. */
	return fit && col_loggrants_add(grants, "/var/log/journal") &&
	       col_loggrants_add(grants, "/run/log/journal") &&
	       col_loggrants_add(grants, "/etc/machine-id");
}

bool col_loggrants_add_section(
    struct col_loggrants *grants, const struct sl_config_collector *section)
{
	char folder[SL_PATHS_MAX];
	bool fit = add_journals(grants, section);

	for (size_t s = 0; s < section->log_file_count; s++)
		for (size_t p = 0; fit && p < section->log_file[s].paths.count; p++) {
			col_logglob_folder(section->log_file[s].paths.name[p], folder);
			fit = col_loggrants_add(grants, folder);
		}
	return fit;
}
