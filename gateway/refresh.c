/* SPDX-License-Identifier: Apache-2.0 */
#include "refresh.h"

#include "admit.h"
#include "clock.h"
#include "json_out.h"
#include "pulse.h"
#include "subscription.h"
#include "uuid.h"

void gw_refresh(struct gateway *gw, struct gw_client *client, struct gw_identity *who,
    struct sl_slice id)
{
	bool other_view =
	    who->role != client->who->role || who->modules != client->who->modules;
	struct sl_buf out = {0};

	gw_identity_ref(who);
	gw_identity_unref(client->who);
	client->who = who;
	if (!gw_admit_whole(gw, client))
		return;
	gw_admit_welcome(gw, client, id, (struct sl_slice){0}, &out);
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
	gw_pulse_again(client);
	if (other_view && client->view && !client->leaving) {
		struct gw_patterns *all = gw_sub_all(client);
		gw_client_follow(client, all, NULL);
		gw_patterns_unref(all);
	}
}

void gw_refresh_op(struct gateway *gw, struct gw_client *client, struct gw_identity *who,
    const json_t *data, struct gw_outcome *out)
{
	char uuid[SL_UUID_TEXT], expires[SL_CLOCK_TEXT];

	(void)data;
	sl_uuid_format(client->id, uuid);
	sl_clock_format(who->exp_s * SL_NS_PER_S, expires);
	sl_buf_addf(&out->body,
	    "{\"connectionId\":\"%s\",\"role\":\"%s\",\"expiresAt\":\"%s\"}", uuid,
	    who->role->name, expires);
	gw_refresh(gw, client, who, (struct sl_slice){0});
}

void gw_refresh_post(struct gw_call *call)
{
	json_t *body = gw_call_body(call);
	struct sl_slice token = call->credential.token;
	const char *why = "";

	if (!body)
		return;
	struct gw_identity *who =
	    sl_json_in_string(body, "token", &token)
		? gw_auth_token(call->gw->auth, token.data, token.len, &why)
		: gw_identity_ref(call->who);
	if (!who)
		gw_call_problem(call, 400, "invalid-token", "the new token: %s", why);
	else if (who->user != call->who->user)
		gw_call_problem(
		    call, 403, "forbidden", "the new token is another user's");
	else
		gw_connection_ask(call, who, token, "refresh", NULL);
	gw_identity_unref(who);
	json_decref(body);
}
