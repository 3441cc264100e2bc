/* SPDX-License-Identifier: Apache-2.0 */
#include "upgrade.h"

#include "http_problem.h"

static void refuse(struct gw_call *call, const struct sl_ws_handshake *shake)
{
	struct sl_http_problem problem = {
	    .status = shake->status, .name = "bad-handshake", .detail = shake->detail};

	if (shake->status == 426)
		problem.name = "upgrade-required";
	sl_http_problem_send(call->request, &problem);
}

bool gw_upgrade_check(struct gw_call *call, struct sl_ws_handshake *shake)
{
	if (!sl_ws_handshake_wanted(call->request)) {
		*shake = (struct sl_ws_handshake){
		    .status = 426, .detail = "this is a WebSocket: ask for an upgrade"};
		refuse(call, shake);
		return false;
	}
	if (sl_ws_handshake_check(call->request, shake)) {
		refuse(call, shake);
		return false;
	}
	if (!call->gw->config->deflate)
		shake->extension.deflate = false;
	return true;
}
