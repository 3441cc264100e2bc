/* SPDX-License-Identifier: Apache-2.0 */
#include "cookie.h"

#include "clock.h"

void gw_cookie_set(
    const struct gw_call *call, struct sl_slice token, const struct gw_identity *who)
{
	int64_t left_s = who ? who->exp_s - sl_clock_wall_ns() / SL_NS_PER_S : 0;
	struct sl_buf value = {0};

	sl_buf_addf(&value, "%s=", gw_call_cookie(call));
	sl_buf_add(&value, token.data, token.len);
	sl_buf_addf(&value, "; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
	    (long long)(left_s > 0 ? left_s : 0), gw_call_secure(call) ? "; Secure" : "");
	sl_http_response_extra(call->request, "Set-Cookie", sl_buf_text(&value));
	sl_buf_clear(&value);
}
