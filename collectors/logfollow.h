/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are followed: by patterns of their names, through rotation. */
#ifndef COL_LOGFOLLOW_H
#define COL_LOGFOLLOW_H

#include "config.h"
#include "logcomplaint.h"
#include "logfile.h"
#include "logkeep.h"
#include "logwatch.h"

/*
 * Design notes.
 *
 * A file is its inode and the time of its birth, not its name.  One whose name
 * was given to another, or to none, is read to its end, and left once it was
 * quiet for a while.  After a restart, one that has lost its name meanwhile is
 * looked for in its folder.
 *
 * One that got shorter, or begins with other bytes than before, was truncated:
 * from now on it is another file.  If logrotate copied it first (copytruncate),
 * the copy is found by its beginning, and what had not been read yet is read
 * from there.  What the program wrote between copy and truncation is in neither:
 * nobody can have it.
 *
 * A file that is gone and was perhaps not read to its end is a gap, which is
 * told.
 */
struct col_logfollow {
	const struct sl_config_collector *section;
	struct col_logstate *state;
	struct col_logkeep *keep;
	struct col_logwatch *watch; /* NULL: polling only */
	struct col_logfile **file;
	size_t file_count;
	bool fresh; /* nothing was ever followed: files may begin at their end */
	unsigned scan;
	struct col_logcomplaints complaints;
	/* Figures. */
	uint64_t rotated, truncated, gaps;
	void (*gap)(void *arg, const char *path, const char *reason);
	void *arg;
};

/*
 * col_logfollow_resume takes up the files of the state, after
 * col_logstate_resume.
 */
void col_logfollow_resume(struct col_logfollow *follow);

/*
 * col_logfollow_scan looks for files that came and went.  Blocks on the folders.
 */
void col_logfollow_scan(struct col_logfollow *follow, int64_t mono_ns);

/*
 * col_logfollow_truncated begins anew with a file that col_logfile_look found
 * truncated.
 */
void col_logfollow_truncated(
    struct col_logfollow *follow, struct col_logfile *file, int64_t mono_ns);

/* col_logfollow_drop ends following a file, and frees it. */
void col_logfollow_drop(struct col_logfollow *follow, struct col_logfile *file);

/* col_logfollow_watch_folders watches the folders of all names. */
void col_logfollow_watch_folders(struct col_logfollow *follow);

void col_logfollow_clear(struct col_logfollow *follow);

#endif
