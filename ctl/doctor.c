/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "ask.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/error.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "common/jwt.h"
#include "common/key.h"
#include "common/tls.h"
#include "doctor_net.h"
#include "out.h"
#include "token.h"

#define SPACE_LOW_BYTES    (1024ULL * 1024 * 1024)
#define SPACE_NEEDED_BYTES (128ULL * 1024 * 1024)
#define FILES_WANTED       4096
#define EXPIRY_SOON_S      (14LL * 24 * 3600)

enum level { OK, NOTE, WRONG };

struct doctor {
	struct ctl *ctl;
	struct sl_buf text; /* of --json */
	struct sl_json_out json;
	int wrong;
	bool aggregator_runs;
	int gateways; /* that answer */
};

/*
 * Tells one finding: what it is about, what was found, and, unless all is well,
 * what to do ("" for nothing).
 */
static void find(struct doctor *d, enum level level, const char *about,
    const char *advice, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void find(struct doctor *d, enum level level, const char *about,
    const char *advice, const char *fmt, ...)
{
	static const char *const words[] = {"ok", "note", "wrong"};
	static const enum ctl_tone tones[] = {CTL_TONE_GOOD, CTL_TONE_WARN, CTL_TONE_BAD};
	char found[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(found, sizeof(found), fmt, args);
	va_end(args);
	d->wrong += level == WRONG;
	if (!d->ctl->json) {
		ctl_out_print(tones[level], "%-6s", words[level]);
		printf("%-14s %s\n", about, found);
		if (advice[0])
			printf("%-6s%-14s -> %s\n", "", "", advice);
		return;
	}
	sl_json_out_object_begin(&d->json);
	sl_json_out_key(&d->json, "level");
	sl_json_out_text(&d->json, words[level]);
	sl_json_out_key(&d->json, "about");
	sl_json_out_text(&d->json, about);
	sl_json_out_key(&d->json, "found");
	sl_json_out_text(&d->json, found);
	sl_json_out_key(&d->json, "advice");
	sl_json_out_text(&d->json, advice);
	sl_json_out_object_end(&d->json);
}

/* ---- files ---- */

static void check_folder(
    struct doctor *d, const char *about, const char *path, bool required)
{
	struct stat st;

	if (stat(path, &st) != 0)
		find(d, required ? WRONG : NOTE, about,
		    "sightlinectl init makes what is missing", "%s: %s", path,
		    strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		find(d, WRONG, about, "move the file away", "%s is no directory", path);
	else if (st.st_mode & S_IWOTH)
		find(d, WRONG, about, "chmod o-w it: everybody may write there", "%s",
		    path);
	else if (access(path, W_OK) != 0)
		find(d, NOTE, about,
		    "run as the instance's user to start or change something",
		    "%s is not writable for you", path);
	else
		find(d, OK, about, "", "%s", path);
}

static void check_folders(struct doctor *d)
{
	const struct sl_paths *paths = &d->ctl->paths;

	check_folder(d, "run", paths->run, true);
	check_folder(d, "data", paths->data, true);
	check_folder(d, "keys", paths->keys, true);
	check_folder(d, "etc", paths->etc, false);
}

/* Signs with the private key and verifies with the public one. */
static void check_keys(struct doctor *d)
{
	const struct sl_paths *paths = &d->ctl->paths;
	struct sl_key_set keys = {0};
	struct sl_buf token = {0};
	struct sl_jwt_claims claims;
	char error[SL_KEY_ERROR];

	if (access(paths->gateway_key, F_OK) != 0)
		find(d, WRONG, "gateway key", "sightlinectl init makes one", "%s: %s",
		    paths->gateway_key, strerror(errno));
	else
		find(d, OK, "gateway key", "", "%s", paths->gateway_key);
	if (access(paths->jwt_key, R_OK) != 0) {
		find(d, errno == EACCES ? NOTE : WRONG, "signing key",
		    errno == EACCES ? "run as the instance's user to sign tokens"
				    : "sightlinectl init makes a pair",
		    "%s: %s", paths->jwt_key, strerror(errno));
		return;
	}
	if (sl_key_set_load(&keys, paths->jwt_pub, NULL, error) != 0)
		find(d, WRONG, "signing key", "restore the pair or make a new one", "%s",
		    error);
	else if (ctl_token_own(d->ctl, &token) != EX_OK)
		find(d, WRONG, "signing key", "restore the pair or make a new one",
		    "%s does not sign", paths->jwt_key);
	else if (sl_jwt_verify(token.data, token.len, &keys, NULL, sl_clock_wall_ns(),
		     &claims) != SL_JWT_OK)
		find(d, WRONG, "signing key",
		    "they are of two pairs: restore one pair, or remove both and run "
		    "sightlinectl init",
		    "%s does not verify what %s signs", paths->jwt_pub, paths->jwt_key);
	else
		find(d, OK, "signing key", "", "%s and %s fit", paths->jwt_key,
		    paths->jwt_pub);
	sl_key_set_clear(&keys);
	sl_buf_clear(&token);
}

static void check_configuration(struct doctor *d)
{
	if (ctl_load_config(d->ctl) != EX_OK)
		find(d, WRONG, "configuration", "the line above says where and what",
		    "%s cannot be used", d->ctl->paths.config);
	else
		find(d, OK, "configuration", "", "%s", d->ctl->paths.config);
	if (ctl_load_catalog(d->ctl) != EX_OK)
		find(d, WRONG, "catalog", "the line above says where and what",
		    "%s cannot be used", d->ctl->paths.catalog);
	else
		find(d, OK, "catalog", "", "%s", d->ctl->paths.catalog);
}

/* Loads the certificate and its key as a gateway does. */
static void check_tls(struct doctor *d)
{
	const struct sl_config *config = d->ctl->config;
	char certificate[SL_PATHS_MAX], key[SL_PATHS_MAX];
	char error[SL_TLS_ERROR], until[SL_CLOCK_TEXT];

	if (!config || !config->gateway.tls_certificate[0])
		return;
	if (sl_paths_resolve(
		&d->ctl->paths, config->gateway.tls_certificate, certificate) ||
	    sl_paths_resolve(&d->ctl->paths, config->gateway.tls_key, key)) {
		find(d, WRONG, "tls", "shorten it",
		    "the path of tls_certificate or tls_key is too long");
		return;
	}
	struct sl_tls *tls = sl_tls_new("");
	if (sl_tls_load(tls, certificate, key, error) != 0) {
		find(d, access(key, R_OK) != 0 && errno == EACCES ? NOTE : WRONG, "tls",
		    "gateways do not start so; run as their user if it is theirs to read",
		    "%s", error);
	} else {
		int64_t expires_s = sl_tls_expires(tls);
		int64_t left_s = expires_s - sl_clock_wall_ns() / SL_NS_PER_S;
		enum level level = left_s <= 0              ? WRONG
				   : left_s < EXPIRY_SOON_S ? NOTE
							    : OK;
		sl_clock_format(expires_s * SL_NS_PER_S, until);
		find(d, level, "tls",
		    level == OK ? ""
				: "renew it: gateways read the files again by themselves",
		    "%s and its key fit, until %s", certificate, until);
	}
	sl_tls_free(tls);
}

static void check_space(struct doctor *d)
{
	struct statvfs fs;
	struct sl_buf text = {0};

	if (statvfs(d->ctl->paths.data, &fs) != 0)
		return;
	unsigned long long free_bytes = (unsigned long long)fs.f_bavail * fs.f_frsize;

	ctl_out_bytes(&text, (double)free_bytes);
	if (free_bytes < SPACE_NEEDED_BYTES)
		find(d, WRONG, "disk", "free some: events wait while the journal is full",
		    "%s left for %s", sl_buf_text(&text), d->ctl->paths.data);
	else if (free_bytes < SPACE_LOW_BYTES)
		find(d, NOTE, "disk", "free some soon", "%s left for %s",
		    sl_buf_text(&text), d->ctl->paths.data);
	else
		find(d, OK, "disk", "", "%s free", sl_buf_text(&text));
	sl_buf_clear(&text);
}

/* ---- processes ---- */

/* Whether somebody holds the aggregator's lock; -1 if that cannot be seen. */
static int lock_held(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	int held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	close(fd);
	return held;
}

static void check_socket(struct doctor *d, const char *about, const char *path, int type)
{
	int error = ctl_ask_connect(path, type);

	if (error == 0)
		find(d, OK, about, "", "%s answers", path);
	else if (error == EACCES)
		find(d, NOTE, about, "join its group or run as its user", "%s: %s", path,
		    strerror(error));
	else
		find(d, d->aggregator_runs ? WRONG : NOTE, about,
		    d->aggregator_runs ? "restart the aggregator; its log says more"
				       : "start the aggregator",
		    "%s: %s", path, strerror(error));
}

static void check_aggregator(struct doctor *d)
{
	const struct sl_paths *paths = &d->ctl->paths;
	int held = lock_held(paths->lock);
	struct ctl_answer answer;

	d->aggregator_runs = held == 1;
	if (held == 0)
		find(d, WRONG, "aggregator", "start it: deploy/run, or its service",
		    "not running (nobody holds %s)", paths->lock);
	else if (held == 1)
		find(d, OK, "aggregator", "", "running (holds %s)", paths->lock);
	check_socket(d, "attach", paths->attach, SOCK_SEQPACKET);
	check_socket(d, "bus pub", paths->pub, SOCK_STREAM);
	check_socket(d, "bus req", paths->req, SOCK_STREAM);
	check_socket(d, "bus push", paths->push, SOCK_STREAM);
	if (ctl_ask_connect(paths->req, SOCK_STREAM) != 0)
		return;
	if (ctl_ask(d->ctl, SL_REQ_STATE, NULL, &answer) != EX_OK) {
		find(d, WRONG, "answers", "look at the aggregator's log",
		    "the aggregator does not answer");
		return;
	}
	find(d, OK, "answers", "", "the aggregator answers (bus version %d)",
	    SL_MSG_VERSION);
	ctl_answer_clear(&answer);
}

/* The state of a source as sightlinectl status has it; "gone" of one never seen. */
static const char *source_state(const json_t *status, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(status, "sources"), i, row) {
		const char *other = json_string_value(json_object_get(row, "name"));
		const char *state = json_string_value(json_object_get(row, "state"));

		if (other && state && strcmp(other, name) == 0)
			return state;
	}
	return "gone";
}

/* A collector that ends at its start leaves no trace here but that it is missing. */
static void check_sources(struct doctor *d)
{
	const struct sl_config *config = d->ctl->config;
	struct ctl_answer answer;

	if (!config || ctl_ask_connect(d->ctl->paths.req, SOCK_STREAM) != 0 ||
	    ctl_ask(d->ctl, SL_REQ_STATUS, NULL, &answer) != EX_OK)
		return;
	json_t *status =
	    sl_json_in_parse(answer.reply.body.data, answer.reply.body.len, NULL);

	for (size_t i = 0; status && i < config->collector_count; i++) {
		const struct sl_config_collector *collector = &config->collector[i];

		if (collector->enabled && collector->start &&
		    strcmp(source_state(status, collector->title), "gone") == 0)
			find(d, NOTE, "source", "start it; if it was, its log says why",
			    "the collector \"%s\" is not attached", collector->title);
	}
	json_decref(status);
	ctl_answer_clear(&answer);
}

static void check_gateways(struct doctor *d)
{
	char path[SL_PATHS_MAX];
	int answering = 0;

	for (unsigned i = 0; i <= 64; i++) {
		if (sl_paths_gateway(&d->ctl->paths, i, path) != 0 ||
		    access(path, F_OK) != 0)
			continue;
		if (ctl_ask_connect(path, SOCK_STREAM) == 0)
			answering++;
		else
			find(d, NOTE, "gateway",
			    "start it again; the file is left from one that ended",
			    "%s: nobody answers", path);
	}
	if (answering > 0)
		find(d, OK, "gateway", "", "%d answering", answering);
	else
		find(d, WRONG, "gateway", "start one: deploy/run, or its service",
		    "none is running");
	d->gateways = answering;
}

/* A gateway may run on another port than the file's: --port, the environment. */
static void check_port(struct doctor *d)
{
	char owner[64];

	if (!d->ctl->config)
		return;
	unsigned port = (unsigned)d->ctl->config->gateway.port;
	bool held = ctl_doctor_port_owner(port, owner, sizeof(owner));

	if (d->gateways > 0 && (!held || strstr(owner, "sightline") == NULL))
		find(d, NOTE, "port", "its log names it; deploy/run --port chose it",
		    "the gateway listens elsewhere than on gateway.port %u", port);
	else if (!held)
		find(d, NOTE, "port", "a gateway listens there when it runs",
		    "nobody listens on %u", port);
	else if (strstr(owner, "sightline") != NULL)
		find(d, OK, "port", "", "%u is held by %s", port, owner);
	else if (owner[0] == '?')
		find(d, NOTE, "port", "run as root to see who",
		    "%u is held by a process of somebody else", port);
	else
		find(d, WRONG, "port", "end that program or choose another gateway.port",
		    "%u is held by %s", port, owner);
}

/* ---- the machine ---- */

static void check_kernel(struct doctor *d)
{
	struct rlimit files;
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);

	if (landlock > 0)
		find(d, OK, "landlock", "", "version %ld", landlock);
	else
		find(d, NOTE, "landlock",
		    "files are protected by users and modes only; Linux 5.13 has it",
		    "the kernel has none");
	if (access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0)
		find(d, OK, "seccomp", "", "there");
	else
		find(d, NOTE, "seccomp", "processes run with all system calls",
		    "the kernel has none");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < FILES_WANTED)
		find(d, NOTE, "descriptors", "raise the limit: each client needs one",
		    "at most %llu", (unsigned long long)files.rlim_max);
}

int ctl_doctor(struct ctl *ctl)
{
	static void (*const checks[])(struct doctor * d) = {check_folders,
	    check_configuration, check_keys, check_tls, check_space, check_aggregator,
	    check_sources, check_gateways, check_port, check_kernel};
	struct doctor d = {.ctl = ctl};

	sl_json_out_init(&d.json, &d.text);
	sl_json_out_object_begin(&d.json);
	sl_json_out_key(&d.json, "findings");
	sl_json_out_array_begin(&d.json);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&d);
	sl_json_out_array_end(&d.json);
	sl_json_out_key(&d.json, "wrong");
	sl_json_out_int(&d.json, d.wrong);
	sl_json_out_object_end(&d.json);
	if (ctl->json)
		puts(sl_buf_text(&d.text));
	else if (d.wrong)
		ctl_out_print(CTL_TONE_BAD, "%d to mend\n", d.wrong);
	else
		ctl_out_print(CTL_TONE_GOOD, "nothing to mend\n");
	sl_buf_clear(&d.text);
	return d.wrong ? 1 : EX_OK;
}
