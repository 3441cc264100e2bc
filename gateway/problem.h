/* SPDX-License-Identifier: Apache-2.0 */
/* The problems that answers name: one table, a page for each. */
#ifndef GW_PROBLEM_H
#define GW_PROBLEM_H

#include <stddef.h>

/* X(name, status, what it means and what to do) */
#define GW_PROBLEM_TABLE(X)                                                              \
	X("aggregator-unavailable", 503,                                                 \
	    "The aggregator gave no answer, or could not decide, in time. What is read " \
	    "from the state goes on working; try again.")                                \
	X("bad-cursor", 400,                                                             \
	    "The cursor to resume from is not one that a gateway gave out. Connect "     \
	    "without it.")                                                               \
	X("bad-filter", 400,                                                             \
	    "The filter is not of the form of sightline-subscriptions(5), larger than "  \
	    "a filter may be, or there are no events that it could concern.")            \
	X("bad-handshake", 400,                                                          \
	    "The request is no valid WebSocket handshake (RFC 6455, section 4.2.1).")    \
	X("bad-json", 400,                                                               \
	    "A WebSocket message is not JSON; the message says at which line and "       \
	    "column.")                                                                   \
	X("bad-message", 400,                                                            \
	    "A member of the message is missing or has the wrong type; detail says "     \
	    "which.")                                                                    \
	X("body-too-large", 413, "The body is longer than gateway.body_bytes_max.")      \
	X("bad-reconnect-token", 400,                                                    \
	    "The reconnect token is missing, or is none that a gateway of this "         \
	    "instance gave out.")                                                        \
	X("bad-request", 400, "The body or a parameter has the wrong form.")             \
	X("connection-limit", 429,                                                       \
	    "The user has as many open streams as the token or the configuration "       \
	    "allows. Close one.")                                                        \
	X("expectation-failed", 417, "Only Expect: 100-continue is understood.")         \
	X("forbidden", 403, "The token is valid, but its role may not do or see this.")  \
	X("forbidden-origin", 403,                                                       \
	    "A session cookie was sent from an origin that is not listed in "            \
	    "gateway.origins. Send the token as Authorization: Bearer instead.")         \
	X("headers-too-large", 431,                                                      \
	    "The header fields are longer than gateway.header_bytes_max, or more than "  \
	    "100.")                                                                      \
	X("http-version", 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")            \
	X("invalid-token", 401,                                                          \
	    "The token was refused; detail says why. Ask for a new one.")                \
	X("invalid-topic", 400, "A topic or name has characters that none has.")         \
	X("malformed-request", 400, "The request is not valid HTTP/1.1.")                \
	X("method-not-allowed", 405, "The path exists; the Allow field says for what.")  \
	X("missing-token", 401, "Send a token as Authorization: Bearer.")                \
	X("not-found", 404, "There is nothing here, or nothing that you may see.")       \
	X("request-timeout", 408,                                                        \
	    "The request did not arrive within gateway.header_timeout.")                 \
	X("reconnect-token-expired", 410,                                                \
	    "Nothing is known any more of the connection that the token was for. Open "  \
	    "a stream anew.")                                                            \
	X("starting", 503,                                                               \
	    "The gateway has not got its first state from the aggregator yet. Try "      \
	    "again after the seconds of Retry-After.")                                   \
	X("tls-required", 400,                                                           \
	    "Clear text was sent to the port that speaks TLS: use https:// or wss://.")  \
	X("too-large", 413, "The request is too large to be passed on.")                 \
	X("too-many-requests", 429, "Slow down; RateLimit says when to go on.")          \
	X("too-many-topics", 400, "A subscription names more topics than are allowed.")  \
	X("unavailable", 503,                                                            \
	    "The gateway is full, is stopping, or streams are turned off.")              \
	X("unknown-action", 400, "The action is none of those that the path knows.")     \
	X("unknown-method", 501, "No path takes a method of this name.")                 \
	X("unknown-module", 400, "The catalog has no module of this name.")              \
	X("unknown-subscription", 404,                                                   \
	    "The connection has no subscription of this number.")                        \
	X("unknown-topic", 400,                                                          \
	    "The name is no topic, alias, event type, module or metric of the catalog.") \
	X("unknown-type", 400, "The message is of a type that is not known here.")       \
	X("unsupported", 400, "A parameter that this version does not support.")         \
	X("unsupported-transfer-coding", 501,                                            \
	    "Only the transfer coding chunked is understood.")                           \
	X("upgrade-required", 426,                                                       \
	    "This is a WebSocket: the request asks for no upgrade, or for another "      \
	    "version of the protocol than 13.")                                          \
	X("uri-too-long", 414, "The target is longer than gateway.uri_bytes_max.")

struct gw_problem {
	const char *name;
	int status;
	const char *text;
};

/* gw_problem_find returns the row of a name; NULL if there is none. */
const struct gw_problem *gw_problem_find(const char *name, size_t len);

#endif
