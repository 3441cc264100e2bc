/* SPDX-License-Identifier: Apache-2.0 */
/* One log that is followed: which file it is, and whether it still is that one. */
#ifndef COL_LOGFILE_H
#define COL_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logstate.h"

enum col_logfile_look {
	COL_LOGFILE_SAME,      /* it is what it was, perhaps longer */
	COL_LOGFILE_TRUNCATED, /* shorter than what was read, or begins otherwise */
	COL_LOGFILE_FAILED,    /* errno says how */
};

/* An open file.  The caller sets the rest; fd is -1 while it is not open. */
struct col_logfile {
	uint32_t number; /* of its record in the state */
	int fd;
	struct col_logstate_id id;
	struct col_logstate_print print;
	struct col_logstate_place place; /* where reading goes on */
	uint64_t size;                   /* as last seen */
	int64_t intact_ns;               /* wall time at which it was last the same */
	int64_t quiet_ns; /* monotonic time at which its last line was read */
	char *path;
	size_t set;    /* index of its section */
	bool rotated;  /* another file, or none, has its name */
	bool failed;   /* reading it failed; said once */
	bool partial;  /* what follows place is no whole line yet */
	bool leaving;  /* rotated and quiet: its rest is its last line */
	unsigned seen; /* number of the scan that found it last */
	int watch;     /* of inotify; -1: none */
};

/*
 * col_logfile_open opens a regular file for reading, without waiting for
 * anybody (a FIFO is refused), and gives its identity and size.  Returns the
 * descriptor, or -1 with errno (EINVAL: not a regular file).
 */
int col_logfile_open(const char *path, struct col_logstate_id *id, uint64_t *size);

/* col_logfile_identify is the same without opening it.  0, or -1 with errno. */
int col_logfile_identify(const char *path, struct col_logstate_id *id, uint64_t *size);

bool col_logfile_is(const struct col_logstate_id *a, const struct col_logstate_id *b);

/*
 * col_logfile_look checks whether the open file still begins as it did and is no
 * shorter than it was, and notes its size and when that was.  Look after reading
 * rather than before: what was read before a look that finds it the same is
 * part of the file that it was.
 */
enum col_logfile_look col_logfile_look(struct col_logfile *file, int64_t wall_ns);

/* col_logfile_ready says whether reading it may give something new. */
bool col_logfile_ready(struct col_logfile *file);

/* col_logfile_print takes the first bytes of what was read as the file's mark. */
void col_logfile_print(struct col_logfile *file);

/*
 * col_logfile_matches says whether another open file begins with the same bytes
 * as this one and goes beyond what was read of it: a copy that copytruncate made.
 */
bool col_logfile_matches(const struct col_logfile *file, int fd, uint64_t size);

/*
 * col_logfile_find looks, in the folder of path, for a file: the one of an
 * identity if id is not NULL, else a copy of like that was made at or after
 * like->intact_ns (less a second, clocks being what they are), whose name begins
 * with that of path.  Returns a descriptor and fills path, identity and size; -1
 * if there is none.  Blocks on the folder; looks at no more than 10,000 entries.
 */
struct col_logfile_found {
	char path[4096];
	struct col_logstate_id id;
	uint64_t size;
};
int col_logfile_find(const char *path, const struct col_logstate_id *id,
    const struct col_logfile *like, struct col_logfile_found *found);

#endif
