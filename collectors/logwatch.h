/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of files and folders (inotify).  A hint, never more. */
#ifndef COL_LOGWATCH_H
#define COL_LOGWATCH_H

#include <event2/event.h>
#include <stdbool.h>

struct col_logwatch;

/*
 * col_logwatch_open begins to watch nothing; fn is called from the loop when
 * something has changed, with whether it was in a folder.  Returns NULL after a
 * log line where the kernel has none to give: then only polling sees changes.
 */
struct col_logwatch *col_logwatch_open(
    struct event_base *loop, void (*fn)(void *arg, bool folder), void *arg);

/* col_logwatch_close ends all watches; NULL is allowed. */
void col_logwatch_close(struct col_logwatch *watch);

/* Both return a number for col_logwatch_remove, or -1 (said once). */
int col_logwatch_folder(struct col_logwatch *watch, const char *path);
int col_logwatch_file(struct col_logwatch *watch, const char *path);
void col_logwatch_remove(struct col_logwatch *watch, int number);

#endif
