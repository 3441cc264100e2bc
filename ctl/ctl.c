/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "alerts.h"
#include "common/buf.h"
#include "common/catalog.h"
#include "common/config.h"
#include "common/crypto.h"
#include "doctor.h"
#include "init.h"
#include "options.h"
#include "revoke.h"
#include "snapshot.h"
#include "status.h"
#include "tail.h"
#include "token.h"

static const struct sl_flag program_flags[] = {
    {"json", NULL, NULL, "print JSON"},
    {"key", "FILE", NULL, "key that signs tokens instead of keys/jwt.key"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag token_flags[] = {
    {"role", "ROLE", NULL, "role of the token (required)"},
    {"sub", "NAME", NULL, "whom it is for (required)"},
    {"ttl", "TIME", NULL, "how long it is valid: 90s, 30m, 12h, 7d; default: 1h"},
    {"tenant", "NAME", NULL, "tenant; default: default"},
    {"max-connections", "N", NULL, "connections that it may hold at a time"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag revoke_flags[] = {
    {"token", "TOKEN", NULL, "this token; - reads it from standard input"},
    {"jti", "ID", NULL, "the token with this jti"},
    {"sub", "NAME", NULL, "all tokens of this user that were issued until now"},
    {"tenant", "NAME", NULL, "tenant of jti or sub; default: default"},
    {"keep", "TIME", NULL, "how long jti or sub stay revoked; default: ten years"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag snapshot_flags[] = {
    {"tenant", "NAME", NULL, "tenant; default: default"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag tail_flags[] = {
    {"tenant", "NAME", NULL, "tenant; default: default"},
    {"count", "N", NULL, "end after N lines"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag alerts_flags[] = {
    {"state", "STATES", NULL, "pending,firing,resolved; default: pending,firing"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag ack_flags[] = {
    {"note", "TEXT", NULL, "why, for those who look later"},
    {NULL, NULL, NULL, NULL},
};

static int run_init(struct ctl *ctl)
{
	return ctl_init(&ctl->args);
}

/* X(name, operands, prose, flags, function) */
#define COMMANDS(X)                                                                      \
	X("init", "", "make a directory into an instance", NULL, run_init)               \
	X("status", "", "what runs, and how it is", NULL, ctl_status)                    \
	X("snapshot", "", "the newest value of every metric", snapshot_flags,            \
	    ctl_snapshot)                                                                \
	X("tail", "[topic…]", "events, alerts and metrics as they come", tail_flags,     \
	    ctl_tail)                                                                    \
	X("token", "", "sign a token and print it", token_flags, ctl_token)              \
	X("revoke", "", "cut tokens off before they expire", revoke_flags, ctl_revoke)   \
	X("alerts", "", "alerts that need somebody", alerts_flags, ctl_alerts)           \
	X("ack", "ID…", "acknowledge alerts", ack_flags, ctl_ack)                        \
	X("config", "[option…]", "options with their effective values", NULL,            \
	    ctl_options)                                                                 \
	X("doctor", "", "find and explain what is wrong with the installation", NULL,    \
	    ctl_doctor)

static const struct sl_command commands[] = {
#define X(name, operands, prose, flags, function) {name, operands, prose, flags},
    COMMANDS(X)
#undef X
	{NULL, NULL, NULL, NULL},
};

static int (*const functions[])(struct ctl *ctl) = {
#define X(name, operands, prose, flags, function) function,
    COMMANDS(X)
#undef X
};

static const struct sl_program program = {
    .name = "sightlinectl",
    .prose = "look at a Sightline instance and operate it",
    .operands = "",
    .flag = program_flags,
    .command = commands,
};

int ctl_complain(int code, const char *fmt, ...)
{
	va_list args;

	fputs("sightlinectl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

int ctl_load_config(struct ctl *ctl)
{
	struct sl_buf error = {0};
	int code = 0;

	if (!ctl->config &&
	    sl_config_load(&ctl->paths, NULL, 0, &ctl->config, &error) != 0)
		code = ctl_complain(EX_CONFIG, "%s", sl_buf_text(&error));
	sl_buf_clear(&error);
	return code;
}

int ctl_load_catalog(struct ctl *ctl)
{
	struct sl_buf error = {0};
	int code = 0;

	if (!ctl->catalog && sl_catalog_load(&ctl->paths, &ctl->catalog, &error) != 0)
		code = ctl_complain(EX_CONFIG, "%s", sl_buf_text(&error));
	sl_buf_clear(&error);
	return code;
}

int ctl_ctl_main(int argc, char **argv)
{
	struct ctl ctl = {0};
	struct sl_buf error = {0};
	int code;

	switch (sl_args_parse(&ctl.args, &program, argc, argv)) {
	case 0:
		break;
	case 1:
		return EX_OK;
	default:
		return EX_USAGE;
	}
	ctl.json = sl_args_get(&ctl.args, "json") != NULL;
	if (sl_crypto_init() != 0)
		return ctl_complain(EX_OSERR, "the kernel gives no random numbers");
	if (sl_paths_init(&ctl.paths, ctl.args.dir, ctl.args.config, &error) != 0) {
		code = ctl_complain(EX_CONFIG, "%s", sl_buf_text(&error));
		sl_buf_clear(&error);
		return code;
	}
	code = functions[ctl.args.command - commands](&ctl);
	sl_config_free(ctl.config);
	if (ctl.catalog)
		sl_catalog_unref(ctl.catalog);
	return code;
}
