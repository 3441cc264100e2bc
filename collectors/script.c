/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "script_errors.h"
#include "script_output.h"
#include "script_report.h"

/*
 * Design notes.  A run begins when the keeper is asked and is over when the keeper
 * has told its end and its output was taken to the last line: in this order or in
 * the other.  Only then comes the next.  Whoever keeps a descriptor of a run that
 * has ended delays that by LINGER_MS.
 */

#define LINGER_MS  2000 /* for the output of a run that has ended */
#define SILENT_MS  1000 /* from the end of its output to its own */
#define GOOD_RUN_S 60   /* a run of so long makes the failures before it past */
#define STAGGER_MS 20   /* between the first starts of two scripts */

enum state {
	IDLE,     /* not begun, or ended for good */
	WAITING,  /* for its time */
	STARTING, /* the keeper was asked */
	RUNNING,
	ENDING, /* the keeper was asked to end it */
	ENDED,  /* its output is still taken */
};

static const char *const state_names[] = {
    [IDLE] = "idle",
    [WAITING] = "waiting",
    [STARTING] = "starting",
    [RUNNING] = "running",
    [ENDING] = "ending",
    [ENDED] = "ended",
};

struct col_script {
	struct col_script_world *world;
	struct col_script_settings settings;
	size_t place; /* in the section */
	void (*on_idle)(void *arg);
	void *on_idle_arg;
	enum state state;
	bool wanted;         /* to be started again */
	bool late;           /* this run was ended for its timeout or its silence */
	int in;              /* its standard input; -1: none */
	int status;          /* of the run that has ended */
	unsigned failures;   /* in a row */
	int last;            /* status of the run before; -1: none */
	int up;              /* 1, 0; -1: not known yet */
	int64_t began_ns;    /* of the run, monotonic */
	struct event *due;   /* the next start or signal */
	struct event *watch; /* the time of this run */
	struct col_script_output *output;
	struct col_script_errors *errors;
};

static void change_state(struct col_script *script, enum state state)
{
	sl_log_debug("exec", "state script=%s from=%s to=%s", script->settings.name,
	    state_names[script->state], state_names[state]);
	script->state = state;
}

static void arm(struct event *event, int64_t ms)
{
	struct timeval wait = sl_loop_ms(ms > 0 ? ms : 0);

	event_add(event, &wait);
}

static void set_up(struct col_script *script, bool up)
{
	script->up = up;
	col_script_say_up(script);
}

void col_script_say_up(const struct col_script *script)
{
	if (script->up >= 0)
		col_exec_figures_up(
		    script->world->core, script->settings.name, script->up == 1);
}

/* ---- the end of a run ------------------------------------------------------------ */

static bool ended_well(const struct col_script *script)
{
	return WIFEXITED(script->status) && WEXITSTATUS(script->status) == 0;
}

/* Says what a run came to; a oneshot that fails as before says it no more. */
static void report(struct col_script *script)
{
	int64_t ran_ms = (sl_clock_mono_ns() - script->began_ns) / SL_NS_PER_MS;
	bool well = ended_well(script) && !script->late;
	bool news = script->last != script->status || !script->settings.once;
	enum sl_log_level level = !news || (well && script->settings.once) ? SL_LOG_DEBUG
				  : well || !script->wanted                ? SL_LOG_INFO
									   : SL_LOG_WARN;

	col_script_report_end(
	    level, script->settings.name, script->status, ran_ms, script->failures);
	script->last = script->status;
}

/* Until when to wait for the next run. */
static int64_t next_ms(const struct col_script *script)
{
	int64_t ran_ms = (sl_clock_mono_ns() - script->began_ns) / SL_NS_PER_MS;

	if (!script->settings.once)
		return col_script_settings_delay_ms(
		    &script->settings, script->failures, col_script_settings_random());
	/* At the same times, however long a run took; what was missed is left out. */
	return script->settings.interval_ms - ran_ms % script->settings.interval_ms;
}

static void become_idle(struct col_script *script)
{
	change_state(script, IDLE);
	event_del(script->due);
	event_del(script->watch);
	script->on_idle(script->on_idle_arg);
}

static void wait_for_next(struct col_script *script)
{
	if (!script->wanted) {
		become_idle(script);
		return;
	}
	change_state(script, WAITING);
	arm(script->due, next_ms(script));
}

static void close_input(struct col_script *script)
{
	if (script->in >= 0)
		close(script->in);
	script->in = -1;
}

/* The run is over: it has ended, and so has its output, or the patience for it. */
static void finish(struct col_script *script)
{
	bool well = ended_well(script) && !script->late;
	int64_t ran_ns = sl_clock_mono_ns() - script->began_ns;

	event_del(script->watch);
	col_script_output_close(script->output, well);
	col_script_errors_close(script->errors);
	/* A daemon is not expected to end at all. */
	bool failed = script->wanted && (!script->settings.once || !well);
	if (ran_ns >= GOOD_RUN_S * SL_NS_PER_S || !failed)
		script->failures = 0;
	script->failures += failed;
	script->world->figures.failures += failed;
	report(script);
	if (script->wanted)
		set_up(script, !failed);
	wait_for_next(script);
}

/* One that reads its input may end by itself when that ends, as Telegraf's do. */
static void end_run(struct col_script *script)
{
	bool reads = script->settings.wake == COL_SCRIPT_WAKE_STDIN && script->in >= 0 &&
		     !script->late;

	close_input(script);
	event_del(script->due);
	if (script->state != RUNNING)
		return;
	change_state(script, ENDING);
	if (reads)
		arm(script->watch, script->settings.stop_timeout_ms);
	else
		col_keeper_link_ask(script->world->link, COL_KEEPER_STOP, script->place);
}

/* ---- its time -------------------------------------------------------------------- */

static void end_late(struct col_script *script, const char *reason)
{
	sl_log_warn(
	    "exec", "is-ended script=%s reason=\"%s\"", script->settings.name, reason);
	script->late = true;
	script->world->figures.timeouts++;
	end_run(script);
}

static void watch_run(struct col_script *script)
{
	int64_t now_ns = sl_clock_mono_ns();
	int64_t since_ns = script->settings.once
			       ? script->began_ns
			       : col_script_output_heard_ns(script->output);
	int64_t left_ms =
	    script->settings.timeout_ms - (now_ns - since_ns) / SL_NS_PER_MS;

	/* Who has to wait for us is not late. */
	if (col_script_output_is_held(script->output))
		arm(script->watch, script->settings.timeout_ms);
	else if (left_ms > 0)
		arm(script->watch, left_ms);
	else
		end_late(script, script->settings.once
				     ? "it runs longer than its timeout"
				     : "it says nothing for its timeout");
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct col_script *script = arg;

	(void)fd;
	(void)what;
	if (script->state == ENDED) {
		if (col_script_output_is_held(script->output) && script->wanted)
			arm(script->watch, LINGER_MS);
		else
			finish(script);
	} else if (script->state == ENDING) {
		col_keeper_link_ask(script->world->link, COL_KEEPER_STOP, script->place);
	} else if (script->state == RUNNING &&
		   col_script_output_has_ended(script->output) &&
		   !script->settings.once) {
		end_late(script, "it has closed its standard output");
	} else if (script->state == RUNNING && script->settings.timeout_ms > 0) {
		watch_run(script);
	}
}

/* Tells a daemon that it shall write its values. */
static void wake(struct col_script *script)
{
	/* One that does not read has a full pipe, and need not be told again. */
	if (script->settings.wake == COL_SCRIPT_WAKE_STDIN && script->in >= 0 &&
	    write(script->in, "\n", 1) < 0 && errno == EPIPE)
		close_input(script);
	if (script->settings.wake == COL_SCRIPT_WAKE_SIGNAL)
		col_keeper_link_ask(
		    script->world->link, COL_KEEPER_SIGNAL, script->place);
	arm(script->due, script->settings.interval_ms);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct col_script *script = arg;

	(void)fd;
	(void)what;
	if (script->state == RUNNING) {
		wake(script);
	} else if (script->state == WAITING) {
		change_state(script, STARTING);
		script->late = false;
		script->began_ns = sl_clock_mono_ns();
		if (!col_keeper_link_ask(
			script->world->link, COL_KEEPER_START, script->place))
			col_script_on_failed(script, EAGAIN);
	}
}

/* ---- what the keeper tells --------------------------------------------------------- */

void col_script_on_started(struct col_script *script, int out, int err, int in)
{
	script->world->figures.starts++;
	script->in = in;
	col_script_output_open(script->output, out);
	col_script_errors_open(script->errors, err);
	change_state(script, RUNNING);
	sl_log(script->settings.once ? SL_LOG_DEBUG : SL_LOG_INFO, "exec",
	    "started script=%s", script->settings.name);
	if (!script->wanted) {
		end_run(script);
		return;
	}
	if (!script->settings.once)
		set_up(script, true);
	if (script->settings.timeout_ms > 0)
		arm(script->watch, script->settings.timeout_ms);
	/* A signal would end a script that does not yet expect it. */
	if (script->settings.wake == COL_SCRIPT_WAKE_STDIN)
		wake(script);
	else if (script->settings.wake == COL_SCRIPT_WAKE_SIGNAL)
		arm(script->due, script->settings.interval_ms);
}

void col_script_on_failed(struct col_script *script, int error)
{
	sl_log_error("exec", "cannot-start script=%s reason=\"%s\"",
	    script->settings.name, strerror(error));
	script->failures++;
	script->world->figures.failures++;
	if (script->wanted)
		set_up(script, false);
	wait_for_next(script);
}

void col_script_on_ended(struct col_script *script, int status)
{
	if (script->state != RUNNING && script->state != ENDING)
		return;
	script->status = status;
	change_state(script, ENDED);
	event_del(script->due);
	close_input(script);
	if (col_script_output_has_ended(script->output))
		finish(script);
	else
		arm(script->watch, LINGER_MS);
}

/* ---- what its output tells ----------------------------------------------------------
 */

static void on_end(void *arg)
{
	struct col_script *script = arg;

	if (script->state == ENDED)
		finish(script);
	else if (script->state == RUNNING && !script->settings.once)
		arm(script->watch, SILENT_MS);
}

static void on_disable(void *arg)
{
	struct col_script *script = arg;

	sl_log_warn("exec", "disabled script=%s reason=\"it asked for it\"",
	    script->settings.name);
	script->wanted = false;
	set_up(script, false);
	end_run(script);
}

/* ---- life cycle ----------------------------------------------------------------------
 */

struct col_script *col_script_new(struct col_script_world *world, size_t place,
    const struct sl_config_script *section, void (*on_idle)(void *arg), void *arg)
{
	static const struct col_script_output_handler handler = {on_end, on_disable};
	struct col_script *script = calloc(1, sizeof(*script));

	if (script == NULL)
		abort();
	*script = (struct col_script){.world = world,
	    .place = place,
	    .on_idle = on_idle,
	    .on_idle_arg = arg,
	    .in = -1,
	    .last = -1,
	    .up = -1};
	col_script_settings_init(&script->settings, section);
	script->due = evtimer_new(world->process->loop, on_due, script);
	script->watch = evtimer_new(world->process->loop, on_watch, script);
	if (script->due == NULL || script->watch == NULL)
		abort();
	script->output =
	    col_script_output_new(world, &script->settings, &handler, script);
	script->errors = col_script_errors_new(
	    world->process->loop, script->settings.name, &world->figures.messages);
	return script;
}

void col_script_free(struct col_script *script)
{
	if (script == NULL)
		return;
	close_input(script);
	col_script_output_free(script->output);
	col_script_errors_free(script->errors);
	event_free(script->due);
	event_free(script->watch);
	col_script_settings_clear(&script->settings);
	free(script);
}

void col_script_begin(struct col_script *script)
{
	script->wanted = true;
	change_state(script, WAITING);
	arm(script->due, (int64_t)script->place * STAGGER_MS);
}

void col_script_end(struct col_script *script)
{
	script->wanted = false;
	if (script->state == RUNNING)
		end_run(script);
	else if (script->state == WAITING || script->state == IDLE)
		become_idle(script);
}

bool col_script_is_idle(const struct col_script *script)
{
	return script->state == IDLE;
}

void col_script_retry(struct col_script *script)
{
	col_script_output_retry(script->output);
}
