/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"
#include "msg_wire.h"

/* The lease and the list. */
#define LIST_FIELDS  2
#define CLAIM_FIELDS 6
#define GRANT_FIELDS 2

static void list_begin(struct sl_msg_list_writer *w, struct sl_buf *out,
    enum sl_msg_kind kind, uint64_t lease)
{
	sl_buf_reset(out);
	sl_msg_wire_begin(out, kind, LIST_FIELDS);
	sl_pack_uint(out, lease);
	sl_msg_wire_list(w, out);
}

/* ---- claims ------------------------------------------------------------------ */

void sl_msg_claims_begin(struct sl_msg_list_writer *w, struct sl_buf *out, uint64_t lease)
{
	list_begin(w, out, SL_MSG_CLAIMS, lease);
}

void sl_msg_claims_add(struct sl_msg_list_writer *w, const struct sl_msg_claim *claim)
{
	sl_pack_array(w->out, CLAIM_FIELDS);
	sl_pack_str(w->out, claim->tenant);
	sl_pack_str(w->out, claim->sub);
	sl_pack_uint(w->out, claim->limit);
	sl_pack_uint(w->out, claim->held);
	sl_pack_uint(w->out, claim->wanted);
	sl_pack_bin(w->out, claim->replaces);
	w->count++;
}

static void read_claim(struct sl_unpack *u, struct sl_msg_claim *claim)
{
	sl_unpack_fields(u, CLAIM_FIELDS);
	claim->tenant = sl_unpack_str(u, SL_MSG_NAME_MAX);
	claim->sub = sl_unpack_str(u, SL_MSG_NAME_MAX);
	claim->limit = (uint32_t)sl_unpack_uint(u, 0, UINT32_MAX);
	claim->held = (uint32_t)sl_unpack_uint(u, 0, INT32_MAX);
	claim->wanted = (uint32_t)sl_unpack_uint(u, 0, INT32_MAX);
	claim->replaces = sl_unpack_bin(u, SL_MSG_REPLACES_MAX * SL_MSG_CONNECTION_ID);
	if (claim->replaces.len % SL_MSG_CONNECTION_ID != 0)
		sl_unpack_fail(u, SL_EMALFORMED);
}

static int read_claims(const void *data, size_t len, uint64_t *lease,
    int (*deliver)(void *arg, const struct sl_msg_claim *claim), void *arg)
{
	struct sl_msg_claim claim;
	struct sl_unpack u;

	sl_msg_wire_open(&u, data, len, SL_MSG_CLAIMS, LIST_FIELDS);
	*lease = sl_unpack_uint(&u, 0, UINT64_MAX);
	for (uint32_t n = sl_unpack_array(&u, SL_MSG_CLAIMS_MAX); n > 0 && !u.error;
	     n--) {
		read_claim(&u, &claim);
		if (u.error == 0 && deliver)
			sl_unpack_fail(&u, deliver(arg, &claim));
	}
	return sl_unpack_end(&u);
}

int sl_msg_claims_read(const void *data, size_t len, uint64_t *lease,
    int (*claim)(void *arg, const struct sl_msg_claim *claim), void *arg)
{
	int rc = read_claims(data, len, lease, NULL, NULL);

	return rc ? rc : read_claims(data, len, lease, claim, arg);
}

/* ---- grants ------------------------------------------------------------------ */

void sl_msg_grants_begin(struct sl_msg_list_writer *w, struct sl_buf *out, uint64_t lease)
{
	list_begin(w, out, SL_MSG_GRANTS, lease);
}

void sl_msg_grants_add(struct sl_msg_list_writer *w, const struct sl_msg_grant *grant)
{
	sl_pack_array(w->out, GRANT_FIELDS);
	sl_pack_uint(w->out, grant->places);
	sl_pack_bool(w->out, grant->waiting);
	w->count++;
}

static int read_grants(const void *data, size_t len, uint64_t *lease,
    int (*deliver)(void *arg, const struct sl_msg_grant *grant), void *arg)
{
	struct sl_unpack u;

	sl_msg_wire_open(&u, data, len, SL_MSG_GRANTS, LIST_FIELDS);
	*lease = sl_unpack_uint(&u, 1, UINT64_MAX);
	for (uint32_t n = sl_unpack_array(&u, SL_MSG_CLAIMS_MAX); n > 0 && !u.error;
	     n--) {
		struct sl_msg_grant grant;
		sl_unpack_fields(&u, GRANT_FIELDS);
		grant.places = (uint32_t)sl_unpack_uint(&u, 0, UINT32_MAX);
		grant.waiting = sl_unpack_bool(&u);
		if (u.error == 0 && deliver)
			sl_unpack_fail(&u, deliver(arg, &grant));
	}
	return sl_unpack_end(&u);
}

int sl_msg_grants_read(const void *data, size_t len, uint64_t *lease,
    int (*grant)(void *arg, const struct sl_msg_grant *grant), void *arg)
{
	int rc = read_grants(data, len, lease, NULL, NULL);

	return rc ? rc : read_grants(data, len, lease, grant, arg);
}
