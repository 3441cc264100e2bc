/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/catalog.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/error.h"
#include "common/jwt.h"
#include "common/key.h"
#include "common/uuid.h"

#define OWN_ROLE    "master_admin"
#define OWN_TTL_S   60
#define DEFAULT_TTL "1h"
#define TTL_MAX_S   (10LL * 366 * 24 * 3600)

int ctl_token_sign(
    struct ctl *ctl, const struct sl_jwt_claims *claims, struct sl_buf *out)
{
	const char *path = sl_args_get(&ctl->args, "key");
	struct sl_key key;
	char error[SL_KEY_ERROR];

	if (!path)
		path = ctl->paths.jwt_key;
	int rc = sl_key_load(&key, path, NULL, error);

	if (rc == SL_ENOTFOUND)
		return ctl_complain(EX_NOINPUT,
		    "%s: no such key: is this an instance? (sightlinectl init makes one)",
		    path);
	if (rc == SL_EDENIED || rc == SL_ESYS)
		return ctl_complain(EX_NOPERM, "%s", error);
	if (rc != 0)
		return ctl_complain(EX_DATAERR, "%s", error);
	rc = sl_jwt_sign(&key, claims, out);
	sl_key_clear(&key);
	if (rc == SL_EDENIED)
		return ctl_complain(EX_DATAERR, "%s: a public key cannot sign", path);
	if (rc != 0)
		return ctl_complain(EX_DATAERR, "token: %s", sl_strerror(rc));
	return EX_OK;
}

static void set_id(struct sl_jwt_claims *claims)
{
	uint8_t id[SL_UUID_BYTES];
	char text[SL_UUID_TEXT];

	sl_uuid_make(id);
	sl_uuid_format(id, text);
	memcpy(claims->jti, text, sizeof(text));
}

int ctl_token_own(struct ctl *ctl, struct sl_buf *out)
{
	const struct passwd *user = getpwuid(getuid());
	int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;
	struct sl_jwt_claims claims = {
	    .role = OWN_ROLE, .iat_s = now_s, .exp_s = now_s + OWN_TTL_S};

	snprintf(claims.sub, sizeof(claims.sub), "%s", user ? user->pw_name : "operator");
	set_id(&claims);
	return ctl_token_sign(ctl, &claims, out);
}

/* Copies a flag's value into a claim; an exit code if it is missing or too long. */
static int take(struct ctl *ctl, const char *flag, bool required, char *out)
{
	const char *value = sl_args_get(&ctl->args, flag);

	if (!value)
		return required ? ctl_complain(EX_USAGE, "token: --%s is missing", flag)
				: 0;
	if (strlen(value) == 0 || strlen(value) > SL_JWT_NAME_MAX)
		return ctl_complain(
		    EX_USAGE, "token: --%s: 1 to %d bytes", flag, SL_JWT_NAME_MAX);
	strcpy(out, value);
	return 0;
}

/* A bare number counts seconds. */
static int take_ttl(struct ctl *ctl, int64_t *ttl_s)
{
	const char *text = sl_args_get(&ctl->args, "ttl");
	int64_t ms = 0;

	if (!text)
		text = DEFAULT_TTL;
	if (sl_config_parse_duration(text, "s", &ms) != 0 || ms < 1000 ||
	    ms / 1000 > TTL_MAX_S)
		return ctl_complain(EX_USAGE,
		    "token: --ttl \"%s\": a time from 1s to 10 years like 30m, 12h, 7d",
		    text);
	*ttl_s = ms / 1000;
	return 0;
}

/* The role's own name: the catalog knows its aliases, too. */
static int check_role(struct ctl *ctl, const char *name)
{
	int code = ctl_load_catalog(ctl);

	if (code != 0)
		return code;
	if (sl_catalog_role(ctl->catalog, name, strlen(name)))
		return 0;
	struct sl_buf names = {0};

	for (size_t i = 0; i < sl_catalog_role_count(ctl->catalog); i++)
		sl_buf_addf(&names, "%s%s", i ? ", " : "",
		    sl_catalog_role_at(ctl->catalog, i)->name);
	code = ctl_complain(EX_USAGE, "token: --role \"%s\": the catalog has %s", name,
	    sl_buf_text(&names));
	sl_buf_clear(&names);
	return code;
}

int ctl_token(struct ctl *ctl)
{
	struct sl_jwt_claims claims = {0};
	struct sl_buf token = {0};
	int64_t ttl_s = 0;
	long max_connections = 0;
	int code;

	if ((code = take(ctl, "role", true, claims.role)) != 0 ||
	    (code = take(ctl, "sub", true, claims.sub)) != 0 ||
	    (code = take(ctl, "tenant", false, claims.tenant)) != 0 ||
	    (code = take_ttl(ctl, &ttl_s)) != 0 ||
	    (code = check_role(ctl, claims.role)) != 0)
		return code;
	if (sl_args_number(&ctl->args, "max-connections", 1, 100000, &max_connections) !=
	    0)
		return EX_USAGE;
	claims.max_connections = (uint32_t)max_connections;
	claims.iat_s = sl_clock_wall_ns() / SL_NS_PER_S;
	claims.exp_s = claims.iat_s + ttl_s;
	set_id(&claims);
	code = ctl_token_sign(ctl, &claims, &token);
	if (code == 0) {
		sl_buf_addc(&token, '\n');
		if (fputs(sl_buf_text(&token), stdout) == EOF || fflush(stdout) == EOF)
			code = ctl_complain(EX_IOERR, "stdout: %s", strerror(errno));
	}
	sl_buf_clear(&token);
	return code;
}
