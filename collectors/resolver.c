/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver.h"

#include <event2/dns.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* libevent calls back later even after a cancel: only then it may be freed. */
struct col_resolver_query {
	col_resolver_fn *fn; /* NULL: nobody waits any more */
	void *arg;
	struct evdns_getaddrinfo_request *request;
	bool asking; /* still within col_resolver_ask */
	bool answered;
};

static void on_answer(int error, struct evutil_addrinfo *found, void *arg)
{
	struct col_resolver_query *query = arg;

	query->answered = true;
	if (query->fn != NULL)
		query->fn(query->arg, error, found);
	else if (found != NULL)
		evutil_freeaddrinfo(found);
	if (!query->asking)
		free(query);
}

struct col_resolver_query *col_resolver_ask(struct col_resolver *resolver,
    const char *host, uint16_t port, col_resolver_fn *fn, void *arg)
{
	struct evutil_addrinfo *found = NULL;
	struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_protocol = IPPROTO_TCP,
	    .ai_flags = EVUTIL_AI_NUMERICHOST};
	char service[8];

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (evutil_getaddrinfo(host, service, &hints, &found) == 0) {
		fn(arg, 0, found);
		return NULL;
	}
	if (resolver->base == NULL)
		resolver->base = evdns_base_new(resolver->loop,
		    EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (resolver->base == NULL) {
		fn(arg, EVUTIL_EAI_FAIL, NULL);
		return NULL;
	}
	struct col_resolver_query *query = calloc(1, sizeof(*query));
	if (query == NULL)
		abort();
	query->fn = fn;
	query->arg = arg;
	query->asking = true;
	hints.ai_flags = 0;
	query->request =
	    evdns_getaddrinfo(resolver->base, host, service, &hints, on_answer, query);
	query->asking = false;
	if (query->answered) {
		free(query);
		return NULL;
	}
	return query;
}

void col_resolver_cancel(struct col_resolver_query *query)
{
	query->fn = NULL;
	evdns_getaddrinfo_cancel(query->request);
}

void col_resolver_clear(struct col_resolver *resolver)
{
	if (resolver->base != NULL)
		evdns_base_free(resolver->base, 0);
	resolver->base = NULL;
}
