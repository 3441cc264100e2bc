/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output of a script's run: read as fast as it may be, taken line by line. */
#ifndef COL_SCRIPT_OUTPUT_H
#define COL_SCRIPT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "script_settings.h"
#include "script_world.h"

struct col_script_output;

/*
 * col_script_output_new makes the reader of a script's runs.  on_end is called
 * from the loop when a run's output has ended and every complete line of it was
 * taken, on_disable when the
 * script asked not to be started again.
 */
struct col_script_output_handler {
	void (*on_end)(void *arg);
	void (*on_disable)(void *arg);
};
struct col_script_output *col_script_output_new(struct col_script_world *world,
    const struct col_script_settings *settings,
    const struct col_script_output_handler *handler, void *arg);
void col_script_output_free(struct col_script_output *output);

/* col_script_output_open begins a run and takes the descriptor over. */
void col_script_output_open(struct col_script_output *output, int fd);

/*
 * col_script_output_close ends a run, also where the output has not ended.  A
 * last line without an end is taken if the script ended well; else it may have
 * been cut off, and counts as malformed.
 */
void col_script_output_close(struct col_script_output *output, bool well);

/* col_script_output_has_ended: the script has closed it, and all was taken. */
bool col_script_output_has_ended(const struct col_script_output *output);

/*
 * col_script_output_is_held says whether the script may have to wait for us: for
 * room in the ring, an aggregator, or its lines_per_second.
 */
bool col_script_output_is_held(const struct col_script_output *output);

/* col_script_output_heard_ns is when the last line came, or the run began. */
int64_t col_script_output_heard_ns(const struct col_script_output *output);

/* col_script_output_retry: there may be room now for what is held. */
void col_script_output_retry(struct col_script_output *output);

#endif
