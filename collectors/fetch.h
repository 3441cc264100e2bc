/* SPDX-License-Identifier: Apache-2.0 */
/* Gets documents by HTTP on the event loop: the home of libcurl. */
#ifndef COL_FETCH_H
#define COL_FETCH_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * http and https only, HTTP/1.1, no proxy whatever the environment says, no
 * cookies, no state but the connections that are kept open for the next time.
 * Names are asked for on the loop (resolver.h): nothing here starts a thread
 * or blocks, but for files of certificates.
 */
struct col_fetch;
struct col_fetch_transfer;

/* Strings are copied.  NULL or zero: none. */
struct col_fetch_request {
	const char *url;
	const char *accept;     /* the field Accept */
	const char *user_agent; /* the field User-Agent */
	int64_t timeout_ms;     /* for all of it, from the name to the last byte */
	int64_t bytes_max;      /* of the body, compressed and not */
	unsigned redirects_max; /* followed within the same scheme, host and port only */
	const char *bearer;     /* a token, or */
	const char *basic;      /* "user:password" */
	const char *ca_file;    /* trusted instead of the system's authorities */
	const char *certificate_file, *key_file; /* to show to the server, with its key */
	bool insecure;                           /* believe any certificate */
};

struct col_fetch_result {
	bool success;       /* status 200 and the whole body was read */
	const char *reason; /* else why not, of one line; valid during the call */
	int64_t bytes;      /* of the body, unpacked */
};

/* What a transfer calls, from the loop and never from within col_fetch_start. */
struct col_fetch_user {
	void *arg;
	/*
	 * body gets the body of a status 200, unpacked, piece by piece; type is
	 * its Content-Type or NULL.  Not 0 ends the transfer.  It may not cancel.
	 */
	int (*body)(void *arg, const char *type, const char *data, size_t len);
	/* done is called once unless the transfer is cancelled, and ends it. */
	void (*done)(void *arg, const struct col_fetch_result *result);
};

/*
 * col_fetch_init prepares the library: once, before confinement, as it reads
 * OpenSSL's configuration.  Returns 0 or SL_ESYS.  col_fetch_exit undoes it.
 */
int col_fetch_init(void);
void col_fetch_exit(void);

/*
 * col_fetch_new makes a place for transfers on a loop; NULL without memory.
 * col_fetch_free closes its connections; no transfer may run any more, and
 * the loop must not.
 */
struct col_fetch *col_fetch_new(struct event_base *loop);
void col_fetch_free(struct col_fetch *fetch);

/*
 * col_fetch_start begins a transfer, which is the library's until done or
 * col_fetch_cancel.  Never blocks, never fails: what is wrong comes with done.
 */
struct col_fetch_transfer *col_fetch_start(struct col_fetch *fetch,
    const struct col_fetch_request *request, const struct col_fetch_user *user);

/* col_fetch_cancel ends a transfer without a call. */
void col_fetch_cancel(struct col_fetch_transfer *transfer);

#endif
