/* SPDX-License-Identifier: Apache-2.0 */
#include "revoke.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/json_out.h"
#include "common/jwt.h"

/* Reads a token from standard input: on a command line, everybody could see it. */
static int read_token(char token[SL_JWT_TOKEN_MAX + 2])
{
	size_t len = fread(token, 1, SL_JWT_TOKEN_MAX + 1, stdin);

	while (len > 0 && (token[len - 1] == '\n' || token[len - 1] == '\r'))
		len--;
	token[len] = '\0';
	if (len == 0 || len > SL_JWT_TOKEN_MAX)
		return ctl_complain(
		    EX_DATAERR, "revoke: there is no token on standard input");
	return EX_OK;
}

static void put(struct sl_json_out *w, const char *key, const char *text)
{
	if (!text)
		return;
	sl_json_out_key(w, key);
	sl_json_out_text(w, text);
}

/* --keep as the time until which it is kept; 0 if it is not given. */
static int take_keep(struct ctl *ctl, int64_t *exp_s)
{
	const char *text = sl_args_get(&ctl->args, "keep");
	int64_t ms = 0;

	*exp_s = 0;
	if (!text)
		return EX_OK;
	if (sl_config_parse_duration(text, "s", &ms) != 0 || ms < 1000)
		return ctl_complain(EX_USAGE,
		    "revoke: --keep \"%s\": a time from 1s like 30m, 12h, 7d", text);
	*exp_s = sl_clock_wall_ns() / SL_NS_PER_S + ms / 1000;
	return EX_OK;
}

int ctl_revoke(struct ctl *ctl)
{
	const char *jti = sl_args_get(&ctl->args, "jti");
	const char *sub = sl_args_get(&ctl->args, "sub");
	const char *given = sl_args_get(&ctl->args, "token");
	char token[SL_JWT_TOKEN_MAX + 2];
	struct ctl_answer answer;
	struct sl_buf body = {0};
	struct sl_json_out w;
	int64_t exp_s;
	int code;

	if (!jti + !sub + !given != 2)
		return ctl_complain(EX_USAGE,
		    "revoke: one of --token, --jti and --sub says what to revoke");
	if ((code = take_keep(ctl, &exp_s)) != EX_OK)
		return code;
	if (given && strcmp(given, "-") == 0) {
		if ((code = read_token(token)) != EX_OK)
			return code;
		given = token;
	}
	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	put(&w, "token", given);
	put(&w, "jti", jti);
	put(&w, "sub", sub);
	put(&w, "tenant", sl_args_get(&ctl->args, "tenant"));
	if (exp_s > 0) {
		sl_json_out_key(&w, "exp");
		sl_json_out_int(&w, exp_s);
	}
	sl_json_out_object_end(&w);
	code = ctl_ask(ctl, SL_REQ_REVOKE, sl_buf_text(&body), &answer);
	sl_buf_clear(&body);
	if (code != EX_OK)
		return code;
	if (ctl->json)
		printf("%.*s\n", (int)answer.reply.body.len, answer.reply.body.data);
	else if (sub)
		printf("revoked all tokens of %s that were issued until now\n", sub);
	else
		printf("revoked\n");
	ctl_answer_clear(&answer);
	return EX_OK;
}
