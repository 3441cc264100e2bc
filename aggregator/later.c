/* SPDX-License-Identifier: Apache-2.0 */
#include "later.h"

#include <string.h>

#include "common/error.h"

static struct agg_later_request *find(struct agg_later *later, struct sl_slice id)
{
	for (size_t i = 0; later->count > 0 && i < AGG_LATER_MAX; i++) {
		struct agg_later_request *request = &later->request[i];
		if (id.len > 0 && strlen(request->id) == id.len &&
		    memcmp(request->id, id.data, id.len) == 0)
			return request;
	}
	return NULL;
}

int agg_later_add(struct agg_later *later, struct sl_slice id, struct sl_bus_route route,
    int64_t mono_ns)
{
	struct agg_later_request *request = find(later, id);

	if (id.len == 0 || id.len > SL_MSG_REQUEST_ID)
		return SL_EINVAL;
	if (request) {
		request->route = route;
		return 1;
	}
	if (later->count == AGG_LATER_MAX)
		return SL_EFULL;
	request = later->request;
	while (request->id[0])
		request++;
	*request = (struct agg_later_request){.route = route, .mono_ns = mono_ns};
	memcpy(request->id, id.data, id.len);
	later->count++;
	return 0;
}

bool agg_later_take(
    struct agg_later *later, struct sl_slice id, struct sl_bus_route *route)
{
	struct agg_later_request *request = find(later, id);

	if (!request)
		return false;
	*route = request->route;
	request->id[0] = '\0';
	later->count--;
	return true;
}

void agg_later_absent(struct agg_later *later, struct sl_slice id, uint32_t peer)
{
	struct agg_later_request *request = find(later, id);

	if (request && peer < AGG_LATER_PEERS)
		request->absent[peer / 64] |= UINT64_C(1) << peer % 64;
}

bool agg_later_is_absent(const struct agg_later_request *request, uint32_t peer)
{
	return peer < AGG_LATER_PEERS && request->absent[peer / 64] >> peer % 64 & 1;
}

void agg_later_expire(struct agg_later *later, int64_t mono_ns, int64_t wait_ns,
    void (*fn)(void *arg, const struct agg_later_request *request), void *arg)
{
	for (size_t i = 0; later->count > 0 && i < AGG_LATER_MAX; i++) {
		struct agg_later_request *request = &later->request[i];
		if (!request->id[0] || mono_ns - request->mono_ns < wait_ns)
			continue;
		struct agg_later_request gone = *request;
		request->id[0] = '\0';
		later->count--;
		fn(arg, &gone);
	}
}
