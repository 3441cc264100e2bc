/* SPDX-License-Identifier: Apache-2.0 */
#include "logfollow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "logglob.h"

/* ---- the list ------------------------------------------------------------------------
 */

static struct col_logfile *find_id(
    const struct col_logfollow *follow, const struct col_logstate_id *id)
{
	for (size_t i = 0; i < follow->file_count; i++)
		if (col_logfile_is(&follow->file[i]->id, id))
			return follow->file[i];
	return NULL;
}

static void set_path(struct col_logfile *file, const char *path)
{
	free(file->path);
	file->path = strdup(path);
	if (file->path == NULL)
		abort();
}

/* Takes fd; the record in the state is the caller's. */
static struct col_logfile *add(struct col_logfollow *follow, int fd, const char *path,
    const struct col_logstate_id *id, uint64_t size)
{
	struct col_logfile *file = calloc(1, sizeof(*file));

	follow->file = reallocarray(
	    follow->file, follow->file_count + 1, sizeof(struct col_logfile *));
	if (file == NULL || follow->file == NULL)
		abort();
	follow->file[follow->file_count++] = file;
	*file = (struct col_logfile){.fd = fd, .id = *id, .size = size};
	file->intact_ns = sl_clock_wall_ns();
	file->quiet_ns = sl_clock_mono_ns();
	file->seen = follow->scan;
	set_path(file, path);
	file->watch = col_logwatch_file(follow->watch, path);
	return file;
}

static const char *set_title(const struct col_logfollow *follow, size_t set)
{
	return follow->section->log_file[set].title;
}

/* Gives a file that was added a record, and a number, of its own. */
static void record(struct col_logfollow *follow, struct col_logfile *file)
{
	struct col_logstate_file *of = col_logstate_add_file(
	    follow->state, &file->id, file->path, set_title(follow, file->set));

	of->print = file->print;
	of->place = file->place;
	file->number = of->number;
	col_logstate_write_file(of, &follow->keep->pending);
}

static void forget(struct col_logfollow *follow, uint32_t number)
{
	struct col_logstate_file *of = col_logstate_find_file(follow->state, number);

	if (of == NULL)
		return;
	of->gone = true;
	col_logstate_write_gone(of, &follow->keep->pending);
}

void col_logfollow_drop(struct col_logfollow *follow, struct col_logfile *file)
{
	for (size_t i = 0; i < follow->file_count; i++)
		if (follow->file[i] == file) {
			follow->file[i] = follow->file[--follow->file_count];
			break;
		}
	forget(follow, file->number);
	col_logwatch_remove(follow->watch, file->watch);
	close(file->fd);
	free(file->path);
	free(file);
}

void col_logfollow_clear(struct col_logfollow *follow)
{
	for (size_t i = 0; i < follow->file_count; i++) {
		close(follow->file[i]->fd);
		free(follow->file[i]->path);
		free(follow->file[i]);
	}
	free(follow->file);
	col_logcomplaints_clear(&follow->complaints);
	*follow = (struct col_logfollow){0};
}

/* ---- complaints -----------------------------------------------------------------------
 */

static void tell_gap(struct col_logfollow *follow, const char *path, const char *reason)
{
	follow->gaps++;
	sl_log_warn("file", "gap path=\"%s\" reason=\"%s\"", path, reason);
	follow->gap(follow->arg, path, reason);
}

/* ---- truncation
 * ------------------------------------------------------------------------ */

/* The rest that was not read stands in a copy, if logrotate made one. */
static void follow_copy(
    struct col_logfollow *follow, const struct col_logfile *file, int64_t mono_ns)
{
	struct col_logfile_found *found = malloc(sizeof(*found));

	if (found == NULL)
		abort();
	int fd = col_logfile_find(file->path, NULL, file, found);
	if (fd >= 0 && find_id(follow, &found->id) == NULL) {
		struct col_logfile *copy =
		    add(follow, fd, found->path, &found->id, found->size);

		copy->set = file->set;
		copy->print = file->print;
		copy->place = file->place;
		copy->rotated = true;
		copy->quiet_ns = mono_ns;
		sl_log_info("file", "reading the rest path=\"%s\" from=%llu of=\"%s\"",
		    found->path, (unsigned long long)file->place.offset, file->path);
		record(follow, copy);
	} else if (fd >= 0) {
		close(fd);
	}
	free(found);
}

void col_logfollow_truncated(
    struct col_logfollow *follow, struct col_logfile *file, int64_t mono_ns)
{
	follow->truncated++;
	sl_log_info("file", "truncated path=\"%s\" read=%llu size=%llu", file->path,
	    (unsigned long long)file->place.offset, (unsigned long long)file->size);
	follow_copy(follow, file, mono_ns);
	forget(follow, file->number);
	file->place = (struct col_logstate_place){0};
	file->print = (struct col_logstate_print){0};
	file->partial = false;
	file->size = 0;
	file->intact_ns = sl_clock_wall_ns();
	record(follow, file);
}

/* ---- after a restart
 * -------------------------------------------------------------------- */

static size_t find_set(const struct col_logfollow *follow, const char *title)
{
	size_t i = 0;

	while (i < follow->section->log_file_count &&
	       strcmp(follow->section->log_file[i].title, title) != 0)
		i++;
	return i;
}

/* Opens the file of a record, where it is or where it was moved to; -1 if it is gone. */
static int reopen(const struct col_logstate_file *of, struct col_logfile_found *found)
{
	int fd = col_logfile_open(of->path, &found->id, &found->size);

	snprintf(found->path, sizeof(found->path), "%s", of->path);
	if (fd >= 0 && col_logfile_is(&found->id, &of->id))
		return fd;
	if (fd >= 0)
		close(fd);
	return col_logfile_find(of->path, &of->id, NULL, found);
}

/* It was intact when the former run wrote its state: a copy was made after that. */
static void resume_one(struct col_logfollow *follow, uint32_t number, int64_t mono_ns,
    struct col_logfile_found *found)
{
	struct col_logstate_file *of = col_logstate_find_file(follow->state, number);
	size_t set = find_set(follow, of->set);

	if (of->path[0] != '/')
		return; /* a journal's */

	if (set == follow->section->log_file_count) {
		sl_log_info(
		    "file", "no section follows it any more path=\"%s\"", of->path);
		forget(follow, number);
		return;
	}
	errno = 0;
	int fd = reopen(of, found);
	if (fd < 0 && errno == EACCES) {
		col_logcomplaints_add(
		    &follow->complaints, follow->scan, of->path, strerror(errno));
		return;
	}
	if (fd < 0) {
		tell_gap(follow, of->path,
		    "gone since the last run, and perhaps not read to its end");
		forget(follow, number);
		return;
	}
	struct col_logfile *file = add(follow, fd, found->path, &found->id, found->size);
	file->number = number;
	file->set = set;
	file->print = of->print;
	file->place = of->place;
	file->rotated = strcmp(found->path, of->path) != 0;
	file->intact_ns = follow->keep->written_ns;
	file->quiet_ns = mono_ns;
	file->size = file->place.offset;
	if (col_logfile_look(file, sl_clock_wall_ns()) == COL_LOGFILE_TRUNCATED)
		col_logfollow_truncated(follow, file, mono_ns);
	file->size = file->place.offset;
}

void col_logfollow_resume(struct col_logfollow *follow)
{
	struct col_logfile_found *found = malloc(sizeof(*found));
	size_t count = follow->state->file_count, n = 0;
	uint32_t *number = calloc(count + 1, sizeof(*number));
	int64_t mono_ns = sl_clock_mono_ns();

	if (found == NULL || number == NULL)
		abort();
	col_logstate_sweep(follow->state);
	for (size_t i = 0; i < follow->state->file_count; i++)
		number[n++] = follow->state->file[i].number;
	for (size_t i = 0; i < n; i++)
		resume_one(follow, number[i], mono_ns, found);
	free(number);
	free(found);
}

/* ---- looking for files
 * --------------------------------------------------------------------- */

static const struct col_logstate_file *find_record(
    const struct col_logfollow *follow, const struct col_logstate_id *id)
{
	for (size_t i = 0; i < follow->state->file_count; i++)
		if (!follow->state->file[i].gone &&
		    col_logfile_is(&follow->state->file[i].id, id))
			return &follow->state->file[i];
	return NULL;
}

/* At its end, or inside its last line. */
static void begin_at_end(struct col_logfile *file)
{
	char before = '\n';

	file->place.offset = file->size;
	if (file->size > 0 && pread(file->fd, &before, 1, (off_t)file->size - 1) == 1 &&
	    before != '\n')
		file->place.skip = true;
	col_logfile_print(file);
}

static void take(struct col_logfollow *follow, size_t set, const char *path)
{
	struct col_logstate_id id;
	uint64_t size;
	int fd = col_logfile_open(path, &id, &size);

	if (fd < 0) {
		if (errno != ENOENT)
			col_logcomplaints_add(&follow->complaints, follow->scan, path,
			    errno == EINVAL ? "not a file" : strerror(errno));
		return;
	}
	if (follow->file_count >= (size_t)follow->section->logs.files_max) {
		col_logcomplaints_add(
		    &follow->complaints, follow->scan, path, "more than files_max");
		close(fd);
		return;
	}
	col_logcomplaints_drop(&follow->complaints, path);
	struct col_logfile *file = add(follow, fd, path, &id, size);
	const struct col_logstate_file *known = find_record(follow, &id);
	const struct sl_config_log_file *config = &follow->section->log_file[set];
	file->set = set;
	if (known != NULL) {
		/* It could not be opened when the collector began. */
		file->number = known->number;
		file->place = known->place;
		file->print = known->print;
		file->size = 0;
		return;
	}
	if (follow->fresh && strcmp(config->begin, "end") == 0)
		begin_at_end(file);
	sl_log_info("file", "following path=\"%s\" from=%llu", path,
	    (unsigned long long)file->place.offset);
	record(follow, file);
	if (file->place.offset == 0)
		file->size = 0;
}

static void see(struct col_logfollow *follow, size_t set, const char *path)
{
	struct col_logstate_id id;
	uint64_t size;

	if (col_logfile_identify(path, &id, &size) != 0) {
		if (errno != ENOENT)
			col_logcomplaints_add(&follow->complaints, follow->scan, path,
			    errno == EINVAL ? "not a file" : strerror(errno));
		return;
	}
	struct col_logfile *file = find_id(follow, &id);
	if (file == NULL) {
		take(follow, set, path);
		return;
	}
	file->seen = follow->scan;
	file->rotated = file->leaving = false;
	if (strcmp(file->path, path) != 0)
		set_path(file, path);
}

/* Those that no name leads to any more. */
static void look_for_rotated(struct col_logfollow *follow, int64_t mono_ns)
{
	int64_t linger_ns = follow->section->logs.linger_ms * SL_NS_PER_MS;

	for (size_t i = 0; i < follow->file_count; i++) {
		struct col_logfile *file = follow->file[i];

		if (file->seen == follow->scan)
			continue;
		if (!file->rotated) {
			file->rotated = true;
			file->quiet_ns = mono_ns;
			follow->rotated++;
			sl_log_info("file", "rotated path=\"%s\" read=%llu", file->path,
			    (unsigned long long)file->place.offset);
		}
		file->leaving = mono_ns - file->quiet_ns >= linger_ns;
	}
}

struct looking {
	struct col_logfollow *follow;
	size_t set;
};

static void on_path(void *arg, const char *path)
{
	struct looking *looking = arg;

	see(looking->follow, looking->set, path);
}

void col_logfollow_scan(struct col_logfollow *follow, int64_t mono_ns)
{
	const struct sl_config_collector *section = follow->section;
	struct looking looking = {.follow = follow};

	follow->scan++;
	for (; looking.set < section->log_file_count; looking.set++) {
		const struct sl_config_log_file *file = &section->log_file[looking.set];

		for (size_t p = 0; p < file->paths.count; p++)
			col_logglob_find(file->paths.name[p], on_path, &looking);
	}
	look_for_rotated(follow, mono_ns);
	follow->fresh = false;
}

void col_logfollow_watch_folders(struct col_logfollow *follow)
{
	const struct sl_config_collector *section = follow->section;
	char folder[SL_PATHS_MAX];

	for (size_t s = 0; s < section->log_file_count; s++)
		for (size_t p = 0; p < section->log_file[s].paths.count; p++) {
			col_logglob_folder(section->log_file[s].paths.name[p], folder);
			col_logwatch_folder(follow->watch, folder);
		}
}
