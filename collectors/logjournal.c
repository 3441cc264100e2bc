/* SPDX-License-Identifier: Apache-2.0 */
#include "logjournal.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "clock.h"
#include "log.h"
#include "logchunk.h"

#define SERIES_MAX 64 /* of one journal */
#define TURN_NS    (20 * SL_NS_PER_MS)
#define TURN_LINES 2048
#define CURSOR_MAX 128

struct col_logjournal {
	struct col_logread *read;
	const struct sl_config_log_journal *config;
	sd_journal *journal;
	struct event *event;
	void (*fn)(void *arg);
	void *arg;
	struct col_logfile series[SERIES_MAX]; /* id, place and number are used */
	size_t series_count;
	size_t set;
	bool again; /* the entry at hand was not taken: the ring was full */
	bool failed;
	struct sl_buf line;
};

static int fail(struct col_logjournal *journal, const char *what, int rc)
{
	if (!journal->failed)
		sl_log_warn("journal", "cannot %s journal=\"%s\" reason=\"%s\"", what,
		    journal->config->title, strerror(-rc));
	journal->failed = true;
	return rc;
}

/* ---- series --------------------------------------------------------------------------
 */

/* "s=<32 digits>;i=<digits>;…" as the name of a series and a number in it. */
static bool read_cursor(
    const char *cursor, struct col_logstate_id *id, uint64_t *sequence)
{
	unsigned long long high, low, number;

	if (sscanf(cursor, "s=%16llx%16llx;i=%llx", &high, &low, &number) != 3)
		return false;
	*id = (struct col_logstate_id){.device = high, .inode = low};
	*sequence = number;
	return true;
}

static void record_path(const struct col_logjournal *journal, char out[SL_PATHS_MAX])
{
	snprintf(out, SL_PATHS_MAX, "journal:%s", journal->config->title);
}

static struct col_logfile *add_series(struct col_logjournal *journal,
    const struct col_logstate_id *id, uint64_t sequence, uint32_t number)
{
	if (journal->series_count == SERIES_MAX)
		return NULL;
	struct col_logfile *series = &journal->series[journal->series_count++];
	*series = (struct col_logfile){.id = *id, .number = number, .set = journal->set};
	series->place.offset = sequence;
	return series;
}

/* Gives the series of an entry; a new one is noted in the state. */
static struct col_logfile *find_series(
    struct col_logjournal *journal, const struct col_logstate_id *id, uint64_t begin)
{
	struct col_logstate_file *of;
	char path[SL_PATHS_MAX];

	for (size_t i = 0; i < journal->series_count; i++)
		if (col_logfile_is(&journal->series[i].id, id))
			return &journal->series[i];
	if (journal->series_count == SERIES_MAX)
		return NULL;
	record_path(journal, path);
	of = col_logstate_add_file(journal->read->state, id, path, "");
	of->place.offset = begin;
	col_logstate_write_file(of, &journal->read->keep->pending);
	return add_series(journal, id, begin, of->number);
}

bool col_logjournal_has(const struct col_logjournal *journal, uint32_t number)
{
	for (size_t i = 0; i < journal->series_count; i++)
		if (journal->series[i].number == number)
			return true;
	return false;
}

/* ---- opening --------------------------------------------------------------------------
 */

static void resume(struct col_logjournal *journal)
{
	const struct col_logstate *state = journal->read->state;
	char path[SL_PATHS_MAX];

	record_path(journal, path);
	for (size_t i = 0; i < state->file_count; i++)
		if (!state->file[i].gone && strcmp(state->file[i].path, path) == 0)
			add_series(journal, &state->file[i].id,
			    state->file[i].place.offset, state->file[i].number);
}

/* What is there at the very first start is passed over, unless it is wanted. */
static int begin_at_end(struct col_logjournal *journal)
{
	struct col_logstate_id id;
	uint64_t sequence;
	char *cursor = NULL;
	int rc = sd_journal_seek_tail(journal->journal);

	if (rc >= 0)
		rc = sd_journal_previous(journal->journal);
	if (rc > 0 && sd_journal_get_cursor(journal->journal, &cursor) == 0 &&
	    read_cursor(cursor, &id, &sequence))
		find_series(journal, &id, sequence);
	free(cursor);
	return rc;
}

/*
 * Where the chunk lies that has to be read again, or the series that was seen
 * last; what was taken already is known by its number and passed over.
 */
static int seek(struct col_logjournal *journal)
{
	const struct col_logfile *from = NULL;
	char cursor[CURSOR_MAX];

	for (size_t i = 0; i < journal->series_count; i++)
		if (from == NULL || journal->series[i].number == journal->read->first ||
		    (from->number != journal->read->first &&
			journal->series[i].number > from->number))
			from = &journal->series[i];
	if (from == NULL && strcmp(journal->config->begin, "end") == 0)
		return begin_at_end(journal);
	if (from == NULL)
		return sd_journal_seek_head(journal->journal);
	snprintf(cursor, sizeof(cursor), "s=%016llx%016llx;i=%llx",
	    (unsigned long long)from->id.device, (unsigned long long)from->id.inode,
	    (unsigned long long)from->place.offset);
	return sd_journal_seek_cursor(journal->journal, cursor);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct col_logjournal *journal = arg;

	(void)fd;
	(void)what;
	journal->fn(journal->arg);
}

static int open_journal(struct col_logjournal *journal, struct event_base *loop)
{
	const struct sl_config_log_journal *config = journal->config;
	int rc = *config->directory != '\0'
		     ? sd_journal_open_directory(&journal->journal, config->directory, 0)
		     : sd_journal_open(
			   &journal->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

	for (size_t i = 0; rc >= 0 && i < config->matches.count; i++)
		rc = sd_journal_add_match(journal->journal, config->matches.name[i], 0);
	if (rc < 0)
		return fail(journal, "open", rc);
	sd_journal_set_data_threshold(journal->journal, journal->read->line_max + 256);
	resume(journal);
	rc = seek(journal);
	if (rc < 0)
		return fail(journal, "seek in", rc);
	int fd = sd_journal_get_fd(journal->journal);
	if (fd < 0)
		return fail(journal, "watch", fd);
	journal->event = event_new(loop, fd, EV_READ | EV_PERSIST, on_ready, journal);
	if (journal->event == NULL || event_add(journal->event, NULL) != 0)
		abort();
	return 0;
}

struct col_logjournal *col_logjournal_open(struct col_logread *read,
    const struct sl_config_log_journal *config, size_t set, struct event_base *loop,
    void (*fn)(void *arg), void *arg)
{
	struct col_logjournal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		abort();
	journal->read = read;
	journal->config = config;
	journal->set = set;
	journal->fn = fn;
	journal->arg = arg;
	if (open_journal(journal, loop) == 0) {
		sl_log_info("journal", "following journal=\"%s\"", config->title);
		return journal;
	}
	col_logjournal_close(journal);
	return NULL;
}

void col_logjournal_close(struct col_logjournal *journal)
{
	if (journal == NULL)
		return;
	if (journal->event != NULL)
		event_free(journal->event);
	sd_journal_close(journal->journal);
	sl_buf_clear(&journal->line);
	free(journal);
}

/* ---- entries
 * --------------------------------------------------------------------------- */

/* The value of a field, empty where the entry has none. */
static struct sl_slice field(struct col_logjournal *journal, const char *name)
{
	const void *data;
	size_t len, skip = strlen(name) + 1;

	if (sd_journal_get_data(journal->journal, name, &data, &len) != 0 || len < skip)
		return (struct sl_slice){"", 0};
	return (struct sl_slice){(const char *)data + skip, len - skip};
}

static void add_word(struct sl_buf *out, struct sl_slice word, const char *otherwise)
{
	if (word.len == 0)
		word = sl_slice_text(otherwise);
	for (size_t i = 0; i < word.len; i++)
		sl_buf_addc(out, word.data[i] > ' ' ? word.data[i] : '_');
}

/* "2026-01-02T03:04:05.678Z host program[12]: message" */
static void make_line(struct col_logjournal *journal)
{
	struct sl_buf *line = &journal->line;
	char time[SL_CLOCK_TEXT];
	uint64_t usec = 0;

	sd_journal_get_realtime_usec(journal->journal, &usec);
	sl_clock_format((int64_t)usec * SL_NS_PER_US, time);
	sl_buf_reset(line);
	sl_buf_addf(line, "%s ", time);
	add_word(line, field(journal, "_HOSTNAME"), "-");
	sl_buf_addc(line, ' ');
	struct sl_slice name = field(journal, "SYSLOG_IDENTIFIER");
	add_word(line, name.len > 0 ? name : field(journal, "_COMM"), "-");
	struct sl_slice pid = field(journal, "_PID");
	if (pid.len > 0) {
		sl_buf_addc(line, '[');
		add_word(line, pid, "");
		sl_buf_addc(line, ']');
	}
	sl_buf_adds(line, ": ");
	struct sl_slice message = field(journal, "MESSAGE");
	sl_buf_add(line, message.data, message.len);
	if (line->len > journal->read->line_max) {
		line->len = journal->read->line_max;
		journal->read->figures->too_long++;
	}
}

/* Gives the entry at hand its place; false if it was taken already, or has none. */
static bool locate(
    struct col_logjournal *journal, struct col_logfile **series, uint64_t *sequence)
{
	struct col_logstate_id id;
	char *cursor = NULL;
	bool right = sd_journal_get_cursor(journal->journal, &cursor) == 0 &&
		     read_cursor(cursor, &id, sequence);

	free(cursor);
	*series = right ? find_series(journal, &id, *sequence - 1) : NULL;
	return *series != NULL && *sequence > (*series)->place.offset;
}

enum col_logread_result col_logjournal_turn(struct col_logjournal *journal)
{
	struct col_logread *read = journal->read;
	struct col_logchunk chunk = {.mono_ns = sl_clock_mono_ns()};
	enum col_logread_result result = COL_LOGREAD_MORE;
	struct col_logfile *series;
	uint64_t sequence;

	if (read->state->chunk_count >= COL_LOGREAD_CHUNKS_MAX)
		return COL_LOGREAD_BLOCKED;
	if (!journal->again)
		sd_journal_process(journal->journal);
	for (unsigned n = 0; n < TURN_LINES; n++) {
		if (n % 64 == 63 && sl_clock_mono_ns() - chunk.mono_ns > TURN_NS)
			break;
		int rc = journal->again ? 1 : sd_journal_next(journal->journal);
		if (rc <= 0) {
			result = COL_LOGREAD_IDLE;
			if (rc < 0)
				(void)fail(journal, "read", rc);
			break;
		}
		journal->again = false;
		if (!locate(journal, &series, &sequence))
			continue;
		if (chunk.file != series) {
			col_logchunk_end(read, &chunk);
			chunk.file = series;
			chunk.record = NULL;
		}
		make_line(journal);
		if (!col_logchunk_line(read, &chunk,
			(struct sl_slice){journal->line.data, journal->line.len},
			sequence)) {
			journal->again = true;
			result = COL_LOGREAD_BLOCKED;
			break;
		}
		series->place.offset = sequence;
		read->figures->bytes += journal->line.len;
	}
	col_logchunk_end(read, &chunk);
	return col_logread_settle(read, result);
}
