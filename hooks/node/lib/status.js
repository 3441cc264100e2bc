// SPDX-License-Identifier: Apache-2.0
"use strict";
/* What getAnalyticsStatus says: the hooks of this process, and what the gateway tells. */
const { readFileSync } = require("node:fs");

const { request } = require("./post.js");

async function ask(settings, timeoutMs, found) {
	const ca = settings.caFile ? readFileSync(settings.caFile) : undefined;
	const get = (base, path, headers = {}) => request(new URL(path, base).href, { headers, timeoutMs, ca });
	const asked = {
		async collector() {
			const { status } = await get(settings.url, "/healthz");
			found.collector = status === 200 ? "ok" : `answer ${status}`;
		},
		async gateway() {
			const { status, text } = await get(settings.gateway, "/readyz");
			found.gateway = status === 200 ? JSON.parse(text).status : `answer ${status}`;
		},
		async health() {
			if (!settings.token)
				return;
			const { status, text } = await get(settings.gateway, "/analytics/health", { Authorization: `Bearer ${settings.token}` });
			if (status === 200)
				found.health = JSON.parse(text);
			else
				found.error = `/analytics/health: answer ${status}`;
		},
	};
	await Promise.all(Object.entries(asked).map(([name, question]) =>
		question().catch((error) => { found.error = `${name}: ${error}`; })));
}

/**
 * Connection counts, event metrics and system health in one object.  Takes at most
 * timeoutMs, never rejects; what nobody told is null or "unknown".
 */
async function report(sender, timeoutMs) {
	const found = { collector: "unknown", gateway: "unknown", error: sender.problem, health: {} };
	if (!sender.problem)
		await ask(sender.settings, timeoutMs, found).catch((error) => { found.error = String(error); });
	const { health } = found;
	const events = sender.figures();
	const whole = found.gateway === "ok" && found.error === null && (health.status ?? "healthy") === "healthy";
	return {
		status: found.collector !== "ok" ? "error" : whole ? "healthy" : "degraded",
		totalConnections: health.connections?.totalConnections ?? null,
		activeSubscriptions: health.connections?.activeSubscriptions ?? null,
		eventsProcessed: health.events?.processed ?? null,
		failedEvents: Object.values(events.dropped).reduce((sum, count) => sum + count, 0),
		connections: health.connections ?? null,
		events,
		system: { collector: found.collector, gateway: found.gateway, errorRate: health.errorRate ?? null },
		error: found.error,
		lastCheck: new Date().toISOString(),
	};
}

module.exports = { report };
