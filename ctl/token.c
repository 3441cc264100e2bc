/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/config.h"
#include "common/crypto.h"
#include "common/error.h"
#include "common/key.h"

const struct sl_flag ctl_token_flags[] = {
    {"role", "ROLE", NULL, "Role of the catalog that the token speaks for."},
    {"sub", "NAME", NULL, "Subject: who holds the token."},
    {"ttl", "TIME", NULL, "How long it is valid: 90s, 15m, 12h, 7d (default 1h)."},
    {"tenant", "NAME", NULL, "Tenant (default \"default\")."},
    {"max-connections", "N", NULL, "Connections that the subject may hold."},
    {"key", "FILE", NULL, "Signing key instead of the instance's keys/jwt.key."},
    {0},
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "sightlinectl token: %s: %s\n", what, why);
	return EX_USAGE;
}

/* Copies a flag's value into a claim; EX_USAGE if it is missing or does not fit. */
static int copy_claim(const struct sl_args *args, const char *flag, const char *fallback,
    char out[SL_JWT_NAME_MAX + 1])
{
	const char *value = sl_args_get(args, flag);

	if (!value)
		value = fallback;
	if (!value || !value[0])
		return complain(flag, "wants a value");
	if (strlen(value) > SL_JWT_NAME_MAX)
		return complain(flag, "longer than 128 bytes");
	strcpy(out, value);
	return 0;
}

int ctl_token_sign(
    const char *key_path, const struct sl_jwt_claims *claims, struct sl_buf *out)
{
	char error[SL_KEY_ERROR];
	struct sl_key key;

	if (sl_key_load(&key, key_path, NULL, error) != 0) {
		fprintf(stderr, "sightlinectl: %s\n", error);
		return EX_NOINPUT;
	}
	int result = sl_jwt_sign(&key, claims, out);
	sl_key_clear(&key);
	if (result == SL_EDENIED)
		fprintf(stderr,
		    "sightlinectl: %s holds a public key, which cannot sign\n", key_path);
	else if (result != 0)
		fprintf(stderr, "sightlinectl: %s\n", sl_strerror(result));
	return result == 0 ? 0 : EX_DATAERR;
}

static int read_claims(const struct sl_args *args, struct sl_jwt_claims *claims)
{
	const char *ttl = sl_args_get(args, "ttl");
	int64_t ttl_ms = 3600000;
	long connections = 0;
	int code;

	*claims = (struct sl_jwt_claims){0};
	if ((code = copy_claim(args, "role", NULL, claims->role)) != 0 ||
	    (code = copy_claim(args, "sub", NULL, claims->sub)) != 0 ||
	    (code = copy_claim(args, "tenant", "default", claims->tenant)) != 0)
		return code;
	if (ttl && (sl_config_parse_duration(ttl, "s", &ttl_ms) != 0 || ttl_ms < 1000))
		return complain(
		    "ttl", "wants a time of a second or more such as 90s, 15m, 12h");
	if (sl_args_number(args, "max-connections", 1, 1000000, &connections) != 0)
		return EX_USAGE;
	claims->max_connections = (uint32_t)connections;
	claims->iat_s = sl_clock_wall_ns() / SL_NS_PER_S;
	claims->exp_s = claims->iat_s + ttl_ms / 1000;
	return 0;
}

int ctl_token(const struct sl_args *args)
{
	const char *key = sl_args_get(args, "key");
	struct sl_jwt_claims claims;
	struct sl_buf token = {0}, error = {0};
	struct sl_paths paths;
	int code = read_claims(args, &claims);

	if (code != 0)
		return code;
	if (sl_crypto_init() != 0)
		return EX_OSERR;
	if (sl_paths_init(&paths, args->dir, args->config, &error) != 0) {
		fprintf(stderr, "sightlinectl token: %s\n", sl_buf_text(&error));
		sl_buf_clear(&error);
		return EX_CONFIG;
	}
	code = ctl_token_sign(key ? key : paths.jwt_key, &claims, &token);
	if (code == 0)
		puts(sl_buf_text(&token));
	sl_buf_clear(&token);
	return code;
}
