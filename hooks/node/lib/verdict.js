// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * What an answer of the collector means for the batch that was sent.  Pure functions.
 *
 * The collector takes a request whole (202) or not at all.  When one event is at fault,
 * its answer names the place ("events[3]: …"); everything before that place is good.
 */

const RETRY_AFTER_MAX_S = 300;

/** Seconds of a Retry-After field, 0 where it has none (RFC 9110, 10.2.3). */
function retryAfter(field, nowMs = Date.now()) {
	const text = (field ?? "").trim();
	if (/^\d+$/.test(text))
		return Math.min(Number(text), RETRY_AFTER_MAX_S);
	// Only the one form that a server may make: Date.parse takes nearly anything.
	const when = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(text) ? Date.parse(text) : NaN;
	return Number.isNaN(when) ? 0 : Math.min(Math.max((when - nowMs) / 1000, 0), RETRY_AFTER_MAX_S);
}

/* Whatever an event of this type carries, it is refused until somebody changes the catalog. */
const OF_TYPE = /does not declare the type|may not write the module/;

function atFault(status, detail, count) {
	const place = /^\s*(?:items|events)\[(\d{1,9})\]/.exec(detail);
	const index = place ? Number(place[1]) : count;
	if (index < count) {
		if (index > 0)
			return { action: "fewer", count: index, halved: false, reason: detail };
		// Our clock is ahead of the collector's: it can stamp the event itself.
		return { action: detail.includes("s ahead") ? "undate" : "drop", reason: detail,
			ofType: OF_TYPE.test(detail) };
	}
	if (count > 1)
		return { action: "fewer", count: Math.floor(count / 2), halved: true, reason: detail };
	return { action: "drop", reason: detail || `answer ${status}` };
}

/**
 * The verdict on a batch of count events.  action: taken (all of it), drop or undate (the
 * first event; ofType: so would be every event of its type), fewer (send only so many;
 * halved: their size was at fault), later.
 * Whatever is no clear word on the events themselves (another server at this address, a
 * proxy without its upstream) means later.
 */
function judge(status, detail, count, retryAfterField) {
	if (status === 202 || status === 409) // 409: a delivery that was taken before
		return { action: "taken" };
	if (status === 400 || status === 413 || status === 422)
		return atFault(status, detail, count);
	return { action: "later", reason: `answer ${status}${detail ? `: ${detail}` : ""}`,
		retryAfterS: retryAfter(retryAfterField), secretRefused: status === 401 || status === 403 };
}

/**
 * Seconds before the next try after so many failed ones (1, 2, …): doubling, and a random
 * half of it, so that many programs do not come back at the same moment.
 */
function backoff(tries, leastS, mostS, chance = Math.random) {
	const whole = Math.min(leastS * 2 ** Math.min(tries - 1, 30), mostS);
	return whole / 2 + (whole / 2) * chance();
}

module.exports = { RETRY_AFTER_MAX_S, backoff, judge, retryAfter };
