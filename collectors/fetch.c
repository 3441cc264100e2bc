/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "loop.h"
#include "place.h"
#include "resolver.h"

/*
 * Design notes.  libcurl says which descriptors and which moment it waits for;
 * we wait for them on the loop and tell it (curl_multi_socket_action).  It may
 * not be called from within its own calls, so a transfer ends in finish() only,
 * from the loop: when libcurl reports it, at the deadline, or when the name has
 * no address.
 *
 * libcurl asks for names in threads of its own, for which it waits when a
 * transfer is taken back: the loop would stand still.  So it is told each
 * host's addresses before it needs them (CURLOPT_RESOLVE).  For the same reason
 * redirects are not left to it: they could lead to another host, with another
 * name and with somebody else behind it.
 */

#define ADDRESSES_MAX 8

/* A file of authorities that was replaced is noticed after this. */
#define CA_CACHE_S 300

struct col_fetch {
	struct event_base *loop;
	CURLM *multi;
	struct event *timer; /* the moment libcurl waits for */
	struct col_resolver resolver;
};

enum step { BEGIN, RESOLVE, TRANSFER };

struct col_fetch_transfer {
	struct col_fetch *fetch;
	struct col_fetch_user user;
	struct col_place place;
	enum step step;
	CURL *easy;
	struct curl_slist *field;   /* of the request */
	struct curl_slist *address; /* that the host has */
	struct col_resolver_query *query;
	struct event *begin;
	struct event *deadline;
	int64_t timeout_ms;
	int64_t bytes, bytes_max;
	unsigned redirects_left;
	const char *problem;
	char error[CURL_ERROR_SIZE]; /* libcurl's words */
};

/* ---- the end of a transfer ------------------------------------------------------- */

static void free_transfer(struct col_fetch_transfer *transfer)
{
	if (transfer->query != NULL)
		col_resolver_cancel(transfer->query);
	if (transfer->step == TRANSFER)
		curl_multi_remove_handle(transfer->fetch->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->field);
	curl_slist_free_all(transfer->address);
	event_free(transfer->begin);
	event_free(transfer->deadline);
	free(transfer);
}

void col_fetch_cancel(struct col_fetch_transfer *transfer)
{
	free_transfer(transfer);
}

static void finish(struct col_fetch_transfer *transfer, const char *reason)
{
	struct col_fetch_user user = transfer->user;
	char copy[COL_PLACE_HOST + CURL_ERROR_SIZE];
	struct col_fetch_result result = {
	    .success = reason == NULL, .reason = copy, .bytes = transfer->bytes};

	snprintf(copy, sizeof(copy), "%s", reason != NULL ? reason : "");
	free_transfer(transfer);
	user.done(user.arg, &result);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct col_fetch_transfer *transfer = arg;
	curl_off_t connected_us = 0;
	const char *doing = "resolving the name";
	char reason[128];

	(void)fd;
	(void)what;
	if (transfer->step == TRANSFER) {
		curl_easy_getinfo(
		    transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
		doing = transfer->bytes > 0 ? "reading the answer"
			: connected_us > 0  ? "waiting for an answer"
					    : "connecting";
	}
	snprintf(reason, sizeof(reason), "timed out after %lld ms while %s",
	    (long long)transfer->timeout_ms, doing);
	finish(transfer, reason);
}

/* ---- libcurl on the loop ------------------------------------------------------------
 */

static bool leads_home(const char *url, const struct col_place *place)
{
	struct col_place other;
	const char *problem;

	return col_place_url(url, &other, &problem) == 0 &&
	       col_place_same_origin(&other, place);
}

/* Goes on at the place that the answer names; false if it may not. */
static bool redirect(struct col_fetch_transfer *transfer)
{
	char *url = NULL;

	if (transfer->redirects_left == 0 ||
	    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &url) != CURLE_OK ||
	    url == NULL || !leads_home(url, &transfer->place))
		return false;
	transfer->redirects_left--;
	transfer->bytes = 0;
	/* url belongs to the handle and is copied before that forgets it. */
	curl_multi_remove_handle(transfer->fetch->multi, transfer->easy);
	curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
	curl_multi_add_handle(transfer->fetch->multi, transfer->easy);
	return true;
}

static void transfer_done(struct col_fetch_transfer *transfer, CURLcode code)
{
	char reason[64];
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->problem != NULL) {
		finish(transfer, transfer->problem);
	} else if (code != CURLE_OK) {
		finish(transfer, transfer->error[0] != '\0' ? transfer->error
							    : curl_easy_strerror(code));
	} else if (status == 200) {
		finish(transfer, NULL);
	} else if (status / 100 != 3 || !redirect(transfer)) {
		snprintf(reason, sizeof(reason), "status %ld%s", status,
		    status / 100 == 3 ? ": redirects are not followed there" : "");
		finish(transfer, reason);
	}
}

static void look_for_done(struct col_fetch *fetch)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetch->multi, &left)) != NULL) {
		char *transfer = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer_done((struct col_fetch_transfer *)(void *)transfer, code);
	}
}

static void on_socket_event(evutil_socket_t fd, short what, void *arg)
{
	struct col_fetch *fetch = arg;
	int running, mask = 0;

	mask |= what & EV_READ ? CURL_CSELECT_IN : 0;
	mask |= what & EV_WRITE ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(fetch->multi, fd, mask, &running);
	look_for_done(fetch);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct col_fetch *fetch = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	look_for_done(fetch);
}

/* libcurl wants to know when this descriptor is ready (CURLMOPT_SOCKETFUNCTION). */
static int set_socket(
    CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_event)
{
	struct col_fetch *fetch = arg;
	short events = EV_PERSIST;

	(void)easy;
	if (socket_event != NULL)
		event_free(socket_event);
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(fetch->multi, fd, NULL);
		return 0;
	}
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	struct event *event = event_new(fetch->loop, fd, events, on_socket_event, fetch);
	curl_multi_assign(fetch->multi, fd, event);
	return event != NULL && event_add(event, NULL) == 0 ? 0 : -1;
}

/* libcurl wants to be called after this time (CURLMOPT_TIMERFUNCTION). */
static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct col_fetch *fetch = arg;
	struct timeval after = sl_loop_ms(timeout_ms);

	(void)multi;
	if (timeout_ms < 0)
		event_del(fetch->timer);
	else
		event_add(fetch->timer, &after);
	return 0;
}

/* ---- the body ------------------------------------------------------------------------
 */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct col_fetch_transfer *transfer = arg;
	size_t len = size * count;
	char *type = NULL;
	long status = 0;

	transfer->bytes += (int64_t)len;
	if (transfer->bytes > transfer->bytes_max) {
		transfer->problem = "the answer is larger than its limit";
		return 0;
	}
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return len;
	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
	if (transfer->user.body(transfer->user.arg, type, data, len) == 0)
		return len;
	transfer->problem = "the answer cannot be read";
	return 0;
}

/* ---- the request
 * ----------------------------------------------------------------------- */

static void add_to_multi(struct col_fetch_transfer *transfer)
{
	transfer->step = TRANSFER;
	if (curl_multi_add_handle(transfer->fetch->multi, transfer->easy) != CURLM_OK) {
		transfer->step = BEGIN;
		finish(transfer, "out of memory");
	}
}

/* Tells libcurl the addresses: "+host:port:address,address". */
static void use_addresses(
    struct col_fetch_transfer *transfer, const struct evutil_addrinfo *found)
{
	struct sl_buf text = {0};
	int count = 0;

	sl_buf_addf(&text, "+%s:%u:", transfer->place.host, transfer->place.port);
	for (; found != NULL && count < ADDRESSES_MAX; found = found->ai_next) {
		char address[64];
		const void *bytes =
		    found->ai_family == AF_INET6
			? (const void *)&(
			      (const struct sockaddr_in6 *)(const void *)found->ai_addr)
			      ->sin6_addr
			: (const void *)&(
			      (const struct sockaddr_in *)(const void *)found->ai_addr)
			      ->sin_addr;
		if (evutil_inet_ntop(found->ai_family, bytes, address, sizeof(address)) ==
		    NULL)
			continue;
		sl_buf_addf(&text, count++ == 0 ? "%s" : ",%s", address);
	}
	transfer->address = curl_slist_append(NULL, sl_buf_text(&text));
	sl_buf_clear(&text);
	curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->address);
}

static void on_resolved(void *arg, int error, struct evutil_addrinfo *found)
{
	struct col_fetch_transfer *transfer = arg;
	char reason[COL_PLACE_HOST + 128];

	transfer->query = NULL;
	if (error != 0 || found == NULL) {
		snprintf(reason, sizeof(reason), "resolving %s: %s", transfer->place.host,
		    evutil_gai_strerror(error));
		finish(transfer, reason);
		return;
	}
	use_addresses(transfer, found);
	evutil_freeaddrinfo(found);
	add_to_multi(transfer);
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return evutil_inet_pton(AF_INET, host, bytes) == 1 ||
	       evutil_inet_pton(AF_INET6, host, bytes) == 1;
}

static void on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct col_fetch_transfer *transfer = arg;

	(void)fd;
	(void)what;
	if (transfer->problem != NULL) {
		finish(transfer, transfer->problem);
		return;
	}
	if (is_address(transfer->place.host)) {
		add_to_multi(transfer);
		return;
	}
	transfer->step = RESOLVE;
	/* It may answer at once, and that may end the transfer. */
	struct col_resolver_query *query = col_resolver_ask(&transfer->fetch->resolver,
	    transfer->place.host, transfer->place.port, on_resolved, transfer);
	if (query != NULL)
		transfer->query = query;
}

static void add_field(
    struct col_fetch_transfer *transfer, const char *name, const char *value)
{
	struct sl_buf text = {0};

	if (value == NULL)
		return;
	sl_buf_addf(&text, "%s: %s", name, value);
	transfer->field = curl_slist_append(transfer->field, sl_buf_text(&text));
	sl_buf_clear(&text);
}

static void set_trust(CURL *easy, const struct col_fetch_request *request)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
	if (request->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
	if (request->certificate_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, request->certificate_file);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, request->key_file);
	}
	/* No directory of them, with which a file alone would not decide, and
	 * libcurl would read the file again for each connection. */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
	if (request->bearer != NULL) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request->bearer);
	} else if (request->basic != NULL) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERPWD, request->basic);
	}
}

static void set_request(
    struct col_fetch_transfer *transfer, const struct col_fetch_request *request)
{
	CURL *easy = transfer->easy;

	add_field(transfer, "Accept", request->accept);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->field);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, request->user_agent);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Should it ever ask for a name by itself: don't wait for its thread. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->bytes_max);
	/* Of several addresses none may use up all the time. */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	set_trust(easy, request);
}

struct col_fetch_transfer *col_fetch_start(struct col_fetch *fetch,
    const struct col_fetch_request *request, const struct col_fetch_user *user)
{
	struct col_fetch_transfer *transfer = calloc(1, sizeof(*transfer));
	struct timeval now = {0}, deadline = sl_loop_ms(request->timeout_ms);

	if (transfer == NULL)
		abort();
	transfer->fetch = fetch;
	transfer->user = *user;
	transfer->timeout_ms = request->timeout_ms;
	transfer->bytes_max = request->bytes_max;
	transfer->redirects_left = request->redirects_max;
	transfer->easy = curl_easy_init();
	transfer->begin = evtimer_new(fetch->loop, on_begin, transfer);
	transfer->deadline = evtimer_new(fetch->loop, on_deadline, transfer);
	if (transfer->easy == NULL || transfer->begin == NULL ||
	    transfer->deadline == NULL)
		abort();
	col_place_url(request->url, &transfer->place, &transfer->problem);
	set_request(transfer, request);
	event_add(transfer->begin, &now);
	event_add(transfer->deadline, &deadline);
	return transfer;
}

/* ---- life cycle
 * ---------------------------------------------------------------------------- */

int col_fetch_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : SL_ESYS;
}

void col_fetch_exit(void)
{
	curl_global_cleanup();
}

struct col_fetch *col_fetch_new(struct event_base *loop)
{
	struct col_fetch *fetch = calloc(1, sizeof(*fetch));

	if (fetch == NULL)
		return NULL;
	fetch->loop = loop;
	fetch->resolver.loop = loop;
	fetch->multi = curl_multi_init();
	fetch->timer = evtimer_new(loop, on_timer, fetch);
	if (fetch->multi == NULL || fetch->timer == NULL) {
		col_fetch_free(fetch);
		return NULL;
	}
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
	return fetch;
}

void col_fetch_free(struct col_fetch *fetch)
{
	if (fetch == NULL)
		return;
	if (fetch->multi != NULL)
		curl_multi_cleanup(fetch->multi);
	if (fetch->timer != NULL)
		event_free(fetch->timer);
	col_resolver_clear(&fetch->resolver);
	free(fetch);
}
