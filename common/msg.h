/* SPDX-License-Identifier: Apache-2.0 */
/* The messages on the bus between aggregator, gateways and sightlinectl. */
#ifndef SL_MSG_H
#define SL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

/*
 * Every message is one msgpack array that begins with [SL_MSG_VERSION, kind].
 * Pack and unpack of a kind are neighbours in msg_KIND.c.  Bump the version
 * whenever a kind changes its fields: a reader refuses other versions.
 *
 * Readers are strict: a declared count must fit into the bytes that are left,
 * every field has its type and bound, and the message ends exactly at its end
 * (SL_EMALFORMED, SL_ETOOBIG, SL_EVERSION otherwise).  Nothing is allocated
 * from a declared count.  Strings in a read message are slices into its bytes.
 */
#define SL_MSG_VERSION 1

/* Limits that readers enforce and NNG_OPT_RECVMAXSZ is set from. */
#define SL_MSG_MAX         (16u * 1024u * 1024u)
#define SL_MSG_PAGE_MAX    (1024u * 1024u) /* entries in one replay page */
#define SL_MSG_NAME_MAX    128u
#define SL_MSG_TOPIC_MAX   256u            /* topics and the names of audiences */
#define SL_MSG_BODY_MAX    (1024u * 1024u) /* JSON of a request or control entry */
#define SL_MSG_TOKEN_MAX   8192u
#define SL_MSG_REQUEST_ID  36u /* a UUID as text */
#define SL_MSG_METRICS_MAX 100000u

enum sl_msg_kind {
	SL_MSG_BATCH = 1,   /* pub: aggregator -> gateways */
	SL_MSG_REQUEST = 2, /* req: gateway, ctl -> aggregator */
	SL_MSG_REPLY = 3,   /* rep: aggregator -> gateway, ctl */
	SL_MSG_REPORT = 4,  /* push: gateway -> aggregator */
	SL_MSG_PAGE = 5,    /* the body of a replay's reply */
	SL_MSG_CLAIMS = 6,  /* the body of a request for places */
	SL_MSG_GRANTS = 7   /* the body of its reply */
};

/* ---- metrics -------------------------------------------------------------- */

/*
 * What a gateway has to know of a metric of a tenant.  The aggregator numbers
 * them densely from 0 in the order in which they became known; a number keeps
 * its meaning within an epoch, and a definition may be sent again.
 */
struct sl_msg_metric_def {
	uint32_t id;
	struct sl_slice tenant;
	struct sl_slice module;
	struct sl_slice name;
	struct sl_slice field; /* key in the snapshot */
	struct sl_slice unit;
	bool in_snapshot;
	bool is_status; /* value 0|1|2 shown as healthy|warning|critical */
};

enum sl_status { SL_STATUS_HEALTHY = 0, SL_STATUS_WARNING = 1, SL_STATUS_CRITICAL = 2 };

/* The newest value of a metric. */
struct sl_msg_metric {
	uint32_t id;
	double value;   /* NaN: nothing has fed it, or an expression without a value */
	int64_t ts_us;  /* collect time of the newest sample in it; 0 if never fed */
	uint8_t status; /* enum sl_status */
	bool stale;
};

/* ---- control log ----------------------------------------------------------- */

/* One thing that gateways must do; body is a JSON object. */
struct sl_msg_control {
	uint64_t seq;
	struct sl_slice kind; /* "paused", "revoke", "reload", … */
	struct sl_slice body;
};

/* ---- batch ------------------------------------------------------------------ */

/*
 * One flush of the aggregator: everything that was pending.  flush grows by 1
 * with every batch of an epoch, so that a gateway sees the loss of any batch;
 * a keyframe carries all definitions and all values.
 */
struct sl_msg_batch_head {
	uint64_t aggregator; /* names the aggregator for as long as its directory lives */
	uint64_t epoch;
	uint64_t flush;
	uint64_t metrics_seq; /* number of metric updates published before and in this */
	int64_t publish_us;   /* wall clock at the flush */
	bool keyframe;
	bool paused; /* stop-aggregator is in force */
};

/*
 * sl_msg_batch_begin starts a batch in out (emptied first); the _add_
 * functions append to it, in the order def*, metric*, entry*, control*;
 * sl_msg_batch_end completes it.  A writer keeps counts patched in place, so
 * the caller need not know them before.
 */
struct sl_msg_batch_writer {
	struct sl_buf *out;
	int section;
	size_t count_at;
	uint32_t count;
};
void sl_msg_batch_begin(struct sl_msg_batch_writer *w, struct sl_buf *out,
    const struct sl_msg_batch_head *head);
void sl_msg_batch_add_def(
    struct sl_msg_batch_writer *w, const struct sl_msg_metric_def *def);
void sl_msg_batch_add_metric(
    struct sl_msg_batch_writer *w, const struct sl_msg_metric *m);
/* Appends an entry that sl_msg_entry_pack made, e.g. straight from the journal. */
void sl_msg_batch_add_entry(
    struct sl_msg_batch_writer *w, const void *packed, size_t len);
void sl_msg_batch_add_control(
    struct sl_msg_batch_writer *w, const struct sl_msg_control *c);
void sl_msg_batch_end(struct sl_msg_batch_writer *w);

/*
 * What sl_msg_batch_read calls, in the order of the message; each returns 0 or
 * an error that ends the reading.  packed is the entry as it stands in the
 * message.  Any member may be NULL.
 */
struct sl_msg_batch_sink {
	int (*head)(void *arg, const struct sl_msg_batch_head *head);
	int (*def)(void *arg, const struct sl_msg_metric_def *def);
	int (*metric)(void *arg, const struct sl_msg_metric *metric);
	int (*entry)(void *arg, const struct sl_entry *entry, struct sl_slice packed);
	int (*control)(void *arg, const struct sl_msg_control *control);
};

/*
 * sl_msg_batch_read checks a whole batch first and then hands its parts to
 * sink, so that a malformed message has no effect at all.  Returns 0, an error
 * of the message, or what a sink function returned.
 */
int sl_msg_batch_read(
    const void *data, size_t len, const struct sl_msg_batch_sink *sink, void *arg);

/* ---- entries ---------------------------------------------------------------- */

/*
 * sl_msg_entry_pack appends the packed form of an entry: journal, batch and page
 * share it.  A reader refuses one whose packed form is over SL_ENTRY_MAX, whose
 * topic or audience_name is over SL_MSG_TOPIC_MAX or whose other names are over
 * SL_MSG_NAME_MAX bytes: who makes an entry from outside input checks that first.
 */
void sl_msg_entry_pack(struct sl_buf *out, const struct sl_entry *entry);

/* sl_msg_entry_read reads one packed entry of exactly len bytes. */
int sl_msg_entry_read(const void *data, size_t len, struct sl_entry *entry);

/* ---- lists -------------------------------------------------------------------- */

/* A message whose last field is a list of any length: begun and added to below. */
struct sl_msg_list_writer {
	struct sl_buf *out;
	size_t count_at;
	uint32_t count;
};
void sl_msg_list_end(struct sl_msg_list_writer *w);

/* ---- requests --------------------------------------------------------------- */

/*
 * name, needs a token.  What a request asks; its body is a JSON object (empty
 * slice for {}), the reply's body is a JSON text unless the row says otherwise.
 */
#define SL_MSG_REQUEST_TABLE(X)                                                            \
	/* reply body: a batch with keyframe set, positions in the reply */                \
	X(SL_REQ_STATE, 1, "state", false)                                                 \
	/* body {"stream":n,"from":seq,"to":seq}; reply body: a page */                    \
	X(SL_REQ_REPLAY, 2, "replay", false)                                               \
	/* body {"alertId","note"?,"expiresAt"?}; reply: the alert */                      \
	X(SL_REQ_ACKNOWLEDGE, 3, "acknowledge", true)                                      \
	X(SL_REQ_FORCE_AGGREGATION, 4, "force-aggregation", true)                          \
	X(SL_REQ_START_AGGREGATOR, 5, "start-aggregator", true)                            \
	X(SL_REQ_STOP_AGGREGATOR, 6, "stop-aggregator", true)                              \
	X(SL_REQ_STATUS, 7, "status", true)                                                \
	/* body {"state"?:["pending",…]}; reply {"alerts":[…]} of the caller's modules \
	 */                                                                                \
	X(SL_REQ_ALERTS, 8, "alerts", true)                                                \
	/* body {"exp"}; the token itself is what is revoked */                            \
	X(SL_REQ_SIGN_OUT, 9, "sign-out", true)                                            \
	/* OpenMetrics text of the aggregator, for the gateways' /metrics */               \
	X(SL_REQ_METRICS, 10, "metrics", false)                                            \
	/* body {"jti" | "token" | "sub", "tenant"?, "exp"?}; reply: what is revoked */    \
	X(SL_REQ_REVOKE, 11, "revoke", true)                                               \
	/* body {"ticket"}: keeps the token until the ticket is spent or over */           \
	X(SL_REQ_TICKET, 12, "ticket", true)                                               \
	/* body {"ticket"}; reply {"token"}, once */                                       \
	X(SL_REQ_TICKET_SPEND, 13, "ticket-spend", false)                                  \
	/* body {"connection","do","data"?}: for a live client of the caller on any        \
	 * gateway, by a "connection" entry of the control log; the reply is what that     \
	 * gateway says with the next request, or 404 */                                   \
	X(SL_REQ_CONNECTION, 14, "connection", true)                                       \
	/* body {"request","status","problem"?,"detail"?,"body"?}: a gateway has done      \
	 * what a "connection" entry asked for; or {"request","here":false} */             \
	X(SL_REQ_CONNECTION_DONE, 15, "connection-done", false)                            \
	/* body: claims of places for users' connections; reply body: grants */            \
	X(SL_REQ_PLACES, 16, "places", false)                                              \
	/* body {"do","data"?}: asks all gateways, by a "census" entry of the control      \
	 * log; reply {"gateways":[…],"missing":[…]} */                                \
	X(SL_REQ_CENSUS, 17, "census", true)                                               \
	/* body {"request","gateway","result"}: one gateway's answer */                    \
	X(SL_REQ_CENSUS_DONE, 18, "census-done", false)                                    \
	/* body {"trails"}: an id (32 hex digits) and a cursor for each connection,        \
	 * one behind the other; where it stands */                                        \
	X(SL_REQ_TRAILS, 19, "trails", false)                                              \
	/* body {"id"}; reply {"cursor"}, or 404 */                                        \
	X(SL_REQ_TRAIL, 20, "trail", true)

enum sl_msg_request_kind {
#define X(name, value, text, token) name = (value),
	SL_MSG_REQUEST_TABLE(X)
#undef X
};

/* sl_msg_request_name returns "acknowledge", …; "?" if unknown. */
const char *sl_msg_request_name(int kind);

/*
 * A request.  id makes it idempotent: the aggregator remembers the answers of
 * the last minutes by it.  token is the client's JWT as it came, which the
 * aggregator verifies itself; empty where the table says that none is needed.
 */
struct sl_msg_request {
	enum sl_msg_request_kind kind;
	struct sl_slice id;
	struct sl_slice peer; /* who sends it: "gateway-1", "ctl" */
	struct sl_slice token;
	struct sl_slice body;
};
void sl_msg_request_pack(struct sl_buf *out, const struct sl_msg_request *request);
int sl_msg_request_read(const void *data, size_t len, struct sl_msg_request *request);

/*
 * A reply.  status is an HTTP status (200, 400, 401, 403, 404, 409, 410, 503);
 * from 400 on problem is the name behind "/problems/" and detail says what was
 * wrong.  next[] are the sequences that the next entry of each log gets: with
 * SL_REQ_STATE they join the state to the stream.
 */
struct sl_msg_reply {
	struct sl_slice id;
	uint16_t status;
	struct sl_slice problem;
	struct sl_slice detail;
	uint64_t next[SL_STREAM_COUNT];
	uint64_t control_next;
	struct sl_slice body;
};
void sl_msg_reply_pack(struct sl_buf *out, const struct sl_msg_reply *reply);
int sl_msg_reply_read(const void *data, size_t len, struct sl_msg_reply *reply);

/*
 * A page of entries, the body of a replay's reply: entries of one log with
 * rising sequences from first on, as many as fit into SL_MSG_PAGE_MAX.  oldest
 * is the first that is still kept: oldest > from tells how many are gone.
 */
struct sl_msg_page_head {
	uint64_t aggregator;
	uint64_t epoch;
	enum sl_stream stream;
	uint64_t oldest;
	uint64_t next; /* sequence that the next entry of the log gets */
};
void sl_msg_page_begin(struct sl_msg_list_writer *w, struct sl_buf *out,
    const struct sl_msg_page_head *head);
void sl_msg_page_add(struct sl_msg_list_writer *w, const void *packed, size_t len);
int sl_msg_page_read(const void *data, size_t len, struct sl_msg_page_head *head,
    int (*entry)(void *arg, const struct sl_entry *entry, struct sl_slice packed),
    void *arg);

/* ---- places ----------------------------------------------------------------- */

#define SL_MSG_CONNECTION_ID 16u   /* bytes of a connection's id */
#define SL_MSG_CLAIMS_MAX    4096u /* in one message */
#define SL_MSG_REPLACES_MAX  64u   /* in one claim */

/*
 * What a gateway holds and wants of the places that a user has for connections
 * on all gateways together.  The numbers are absolute, so that a claim can be
 * sent again: held are its connections of this user, wanted those that wait to
 * be let in under limit.  Both 0: the user has left it.
 */
struct sl_msg_claim {
	struct sl_slice tenant;
	struct sl_slice sub;
	uint32_t limit;
	uint32_t held;
	uint32_t wanted;
	/* Ids of connections that wanted ones take over from, one after the other. */
	struct sl_slice replaces;
};

/* lease is the one of the newest answer, 0 before the first. */
void sl_msg_claims_begin(
    struct sl_msg_list_writer *w, struct sl_buf *out, uint64_t lease);
void sl_msg_claims_add(struct sl_msg_list_writer *w, const struct sl_msg_claim *claim);

/*
 * sl_msg_claims_read checks a whole message first and then hands over its
 * claims; returns 0, an error of the message, or what claim returned.
 */
int sl_msg_claims_read(const void *data, size_t len, uint64_t *lease,
    int (*claim)(void *arg, const struct sl_msg_claim *claim), void *arg);

/*
 * The answer: for each claim in order how many places the gateway now has.
 * waiting: more may come soon (the aggregator has just started, or connections
 * that are taken over from are being ended), so ask again.  Another lease than
 * the claims named: everything that was granted before is void and has to be
 * claimed anew.
 */
struct sl_msg_grant {
	uint32_t places;
	bool waiting;
};
void sl_msg_grants_begin(
    struct sl_msg_list_writer *w, struct sl_buf *out, uint64_t lease);
void sl_msg_grants_add(struct sl_msg_list_writer *w, const struct sl_msg_grant *grant);
int sl_msg_grants_read(const void *data, size_t len, uint64_t *lease,
    int (*grant)(void *arg, const struct sl_msg_grant *grant), void *arg);

/* ---- reports ---------------------------------------------------------------- */

/* What a gateway tells of itself, every second and when it ends. */
struct sl_msg_report {
	struct sl_slice gateway; /* "gateway-1" */
	uint32_t pid;
	bool ready;
	bool draining;
	uint32_t connections_ws;
	uint32_t connections_sse;
	uint32_t subscriptions;
	uint64_t messages; /* delivered to clients so far */
	uint64_t bytes;
	uint64_t requests; /* HTTP requests answered so far */
	uint64_t auth_failures;
	uint64_t server_errors; /* answers of 500 and above */
	uint64_t bus_gaps;      /* times it had to ask for a replay or the state */
	uint64_t rss_bytes;
};
void sl_msg_report_pack(struct sl_buf *out, const struct sl_msg_report *report);
int sl_msg_report_read(const void *data, size_t len, struct sl_msg_report *report);

#endif
