/* SPDX-License-Identifier: Apache-2.0 */
#include "admit.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/loop.h"
#include "source_life.h"

#define HANDSHAKE_NS     (5 * SL_NS_PER_S)
#define HANDSHAKE_MAX    64 /* at once: a flood of connections gets no further */
#define ACCEPTS_PER_TURN 16 /* then everybody else has a turn */
#define STORM_LOG_NS     (1 * SL_NS_PER_S)

/* A connection whose HELLO is awaited, or that waits for its name to be free. */
struct handshake {
	LIST_ENTRY(handshake) link;
	struct agg_admit *admit;
	int fd;
	struct event *event;
	struct sl_attach_peer peer;
	int64_t began_mono_ns;
	bool has_offer;
	struct sl_attach_offer offer;
};

struct agg_admit {
	struct agg_sources *sources;
	struct event_base *loop;
	const struct sl_config *config;
	struct agg_ingest *ingest;
	gid_t bus_group;
	int listener;
	struct event *accept_event;
	size_t count;
	LIST_HEAD(, handshake) handshakes; /* newest first */
	uint64_t crowded_out, crowded_out_said;
	int64_t storm_mono_ns; /* when that was last said */
};

static void end_handshake(struct handshake *shake)
{
	LIST_REMOVE(shake, link);
	shake->admit->count--;
	if (shake->event)
		event_free(shake->event);
	if (shake->has_offer)
		sl_attach_offer_clear(&shake->offer);
	if (shake->fd >= 0)
		close(shake->fd);
	free(shake);
}

static void refuse(struct handshake *shake, const char *reason)
{
	sl_log_warn("attach", "refused source=\"%s\" pid=%d uid=%u reason=\"%s\"",
	    shake->has_offer ? shake->offer.hello.source : "", (int)shake->peer.pid,
	    (unsigned)shake->peer.uid, reason);
	sl_attach_send_refused(shake->fd, reason);
	end_handshake(shake);
}

static const struct sl_config_collector *section_of(
    const struct agg_admit *admit, const char *name)
{
	return sl_config_collector_find(admit->config, name);
}

void agg_admit_rights(
    const struct agg_admit *admit, const char *name, struct agg_source_rights *rights)
{
	const struct sl_config_collector *section = section_of(admit, name);
	const struct sl_catalog *catalog = admit->ingest->catalog;

	*rights = (struct agg_source_rights){
	    .tenant = "default",
	    .modules = sl_catalog_all_modules(catalog),
	    .stale_after_ns = 15 * SL_NS_PER_S,
	    .series_max = (size_t)admit->config->aggregator.source_series_max,
	    .events_per_second = admit->config->aggregator.event_rate_limit,
	};
	if (!section)
		return;
	snprintf(rights->tenant, sizeof rights->tenant, "%s", section->tenant);
	rights->stale_after_ns = section->stale_after_ms * SL_NS_PER_MS;
	rights->declared = true;
	rights->expected = section->enabled && section->start;
	if (section->modules.count == 0)
		return;
	rights->modules = 0;
	for (size_t i = 0; i < section->modules.count; i++) {
		const char *module_name = section->modules.name[i];
		const struct sl_catalog_module *module =
		    sl_catalog_module(catalog, module_name, strlen(module_name));
		if (module)
			rights->modules |= module->bit;
		else
			sl_log_warn("attach", "unknown module source=%s module=\"%s\"",
			    name, module_name);
	}
}

const char *agg_admit_denied(
    const struct agg_admit *admit, const char *name, const struct sl_attach_peer *peer)
{
	const struct sl_config_collector *section = section_of(admit, name);
	uid_t uid = peer->uid;
	bool ours =
	    uid == geteuid() || peer->gid == getegid() || peer->gid == admit->bus_group;

	if (section && !section->enabled)
		return "the source is disabled in the configuration";
	if (section && section->user[0]) {
		const struct passwd *user = getpwnam(section->user);
		return user && uid == user->pw_uid ? NULL
						   : "the source belongs to another user";
	}
	return ours || uid == 0 ? NULL : "neither the aggregator's user nor its group";
}

/* Judges a complete offer; it may have to wait until its name is free. */
static void judge(struct handshake *shake)
{
	struct agg_admit *admit = shake->admit;
	const char *name = shake->offer.hello.source;
	const char *why = agg_admit_denied(admit, name, &shake->peer);
	struct agg_source_rights rights;
	char reason[SL_SEGMENT_REASON];

	if (why) {
		refuse(shake, why);
		return;
	}
	struct agg_source *source = agg_sources_make(admit->sources, name);
	if (!source) {
		refuse(shake, "too many sources");
		return;
	}
	agg_source_life_check(admit->sources, source);
	if (source->state == AGG_SOURCE_ATTACHED) {
		refuse(shake, "a source of this name is attached");
		return;
	}
	if (source->state == AGG_SOURCE_DRAINING)
		return; /* agg_admit_retry comes when the former segment is drained */
	if (sl_clock_mono_ns() < source->barred_until_mono_ns) {
		refuse(shake, "barred for a while: its last ring was corrupt");
		return;
	}
	agg_admit_rights(admit, name, &rights);
	event_free(shake->event);
	shake->event = NULL;
	if (agg_source_life_take(
		admit->sources, source, shake->fd, &shake->offer, &rights, reason) != 0) {
		refuse(shake, reason);
		return;
	}
	sl_log_info("attach", "accepted source=%s pid=%d uid=%u tenant=%s", name,
	    (int)shake->peer.pid, (unsigned)shake->peer.uid, rights.tenant);
	source->peer = shake->peer;
	shake->has_offer = false;
	shake->fd = -1;
	end_handshake(shake);
}

static void on_hello(int fd, short what, void *arg)
{
	struct handshake *shake = arg;
	struct sl_attach_offer offer;
	char reason[SL_SEGMENT_REASON] = "";

	(void)what;
	int error = sl_attach_receive(fd, &offer, reason);
	if (error == SL_EAGAIN)
		return;
	if (error == 0 && shake->has_offer) {
		sl_attach_offer_clear(&offer);
		refuse(shake, "a second HELLO on one connection");
	} else if (error == 0) {
		shake->offer = offer;
		shake->has_offer = true;
		judge(shake);
	} else if (error == SL_ECLOSED) {
		end_handshake(shake);
	} else {
		refuse(shake, reason[0] ? reason : sl_strerror(error));
	}
}

/*
 * Makes room for one more: whoever has not said HELLO for the longest time goes,
 * so that a storm of silent connections does not keep a collector out, which
 * says HELLO at once.  False if everybody has said it.
 */
static bool make_room(struct agg_admit *admit, int64_t mono_ns)
{
	struct handshake *shake, *longest = NULL;

	if (admit->count < HANDSHAKE_MAX)
		return true;
	LIST_FOREACH (shake, &admit->handshakes, link)
		if (!shake->has_offer)
			longest = shake;
	admit->crowded_out++;
	if (admit->crowded_out_said == 0 ||
	    mono_ns - admit->storm_mono_ns > STORM_LOG_NS) {
		sl_log_warn("attach",
		    "refused pid=%d reason=\"too many handshakes\" count=%llu",
		    longest ? (int)longest->peer.pid : 0,
		    (unsigned long long)(admit->crowded_out - admit->crowded_out_said));
		admit->crowded_out_said = admit->crowded_out;
		admit->storm_mono_ns = mono_ns;
	}
	if (longest)
		end_handshake(longest);
	return longest != NULL;
}

static void begin_handshake(
    struct agg_admit *admit, int fd, const struct sl_attach_peer *peer)
{
	int64_t mono_ns = sl_clock_mono_ns();
	struct handshake *shake =
	    make_room(admit, mono_ns) ? calloc(1, sizeof *shake) : NULL;

	if (!shake) {
		close(fd);
		return;
	}
	*shake = (struct handshake){
	    .admit = admit, .fd = fd, .peer = *peer, .began_mono_ns = mono_ns};
	LIST_INSERT_HEAD(&admit->handshakes, shake, link);
	admit->count++;
	shake->event = event_new(admit->loop, fd, EV_READ | EV_PERSIST, on_hello, shake);
	if (!shake->event)
		abort();
	event_add(shake->event, NULL);
}

static void on_accept(int listener, short what, void *arg)
{
	struct agg_admit *admit = arg;
	struct sl_attach_peer peer;
	int fd, error = 0;

	(void)what;
	for (int n = 0; n < ACCEPTS_PER_TURN; n++) {
		error = sl_attach_accept(listener, &fd, &peer);
		if (error != 0)
			break;
		begin_handshake(admit, fd, &peer);
	}
	if (error == 0 || error == SL_EAGAIN)
		return;
	sl_log_error("attach", "accept failed error=\"%s\"", strerror(errno));
	event_del(admit->accept_event); /* until agg_admit_tick: it would spin */
}

struct agg_admit *agg_admit_new(
    struct agg_sources *sources, const struct agg_sources_options *options)
{
	struct agg_admit *admit = calloc(1, sizeof *admit);

	if (!admit)
		return NULL;
	*admit = (struct agg_admit){
	    .sources = sources,
	    .loop = options->loop,
	    .config = options->config,
	    .ingest = options->ingest,
	    .bus_group = options->bus_group,
	    .listener = options->listener,
	};
	LIST_INIT(&admit->handshakes);
	admit->accept_event = event_new(
	    options->loop, options->listener, EV_READ | EV_PERSIST, on_accept, admit);
	if (!admit->accept_event || event_add(admit->accept_event, NULL) != 0) {
		agg_admit_free(admit);
		return NULL;
	}
	return admit;
}

void agg_admit_free(struct agg_admit *admit)
{
	if (!admit)
		return;
	while (!LIST_EMPTY(&admit->handshakes))
		end_handshake(LIST_FIRST(&admit->handshakes));
	if (admit->accept_event)
		event_free(admit->accept_event);
	free(admit);
}

void agg_admit_configure(struct agg_admit *admit, const struct sl_config *config)
{
	admit->config = config;
}

void agg_admit_retry(struct agg_admit *admit, const char *name)
{
	struct handshake *shake, *next;

	if (!admit)
		return;
	for (shake = LIST_FIRST(&admit->handshakes); shake; shake = next) {
		next = LIST_NEXT(shake, link);
		if (shake->has_offer && strcmp(shake->offer.hello.source, name) == 0)
			judge(shake); /* the first one gets the name */
	}
}

void agg_admit_tick(struct agg_admit *admit, int64_t mono_ns)
{
	struct handshake *shake, *next;

	event_add(admit->accept_event, NULL);
	for (shake = LIST_FIRST(&admit->handshakes); shake; shake = next) {
		next = LIST_NEXT(shake, link);
		if (!shake->has_offer && mono_ns - shake->began_mono_ns > HANDSHAKE_NS)
			refuse(shake, "no HELLO within 5 s");
	}
}
