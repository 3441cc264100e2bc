// SPDX-License-Identifier: Apache-2.0
// Runs a snippet of a requirement document as it stands, as a browser would that is
// signed in: {"file","origin","cookie","aggregator","call"} from stdin.
// A relative URL is the instance's, and so is localhost, whatever its port: the
// documents know neither.  What the snippet calls but does not define (updateDashboard,
// showAlert) is recorded.  Prints ["what", …] lines until it is killed.
import { readFileSync } from "node:fs";
import { EventSource as NodeEventSource } from "eventsource";
import { transform } from "esbuild";
import NodeWebSocket from "ws";

const job = JSON.parse(readFileSync(0, "utf8"));

function say(what, ...values) {
	console.log(JSON.stringify([what, ...values]));
}

function here(url) {
	const absolute = new URL(url, job.origin);
	if (absolute.hostname === "localhost")
		absolute.host = new URL(job.origin).host;
	return absolute;
}

const identity = { Cookie: job.cookie, Origin: job.origin };

class EventSource extends NodeEventSource {
	constructor(url) {
		super(here(url), {
			fetch: async (input, init) => {
				const response = await fetch(input, { ...init, headers: { ...init.headers, ...identity } });
				say("response", response.status, Object.fromEntries(response.headers));
				return response;
			},
		});
		this.addEventListener("message", (event) => say("message", JSON.parse(event.data), event.lastEventId));
		this.addEventListener("error", () => say("error"));
	}
}

class WebSocket extends NodeWebSocket {
	constructor(url) {
		super(here(url.replace(/^ws/, "http")).href.replace(/^http/, "ws"), { headers: identity });
		this.addEventListener("message", (event) => say("message", JSON.parse(event.data)));
		this.addEventListener("close", (event) => say("close", event.code));
	}
}

async function request(method, path, body) {
	const response = await fetch(here(path), { method, body: body && JSON.stringify(body),
		headers: { ...identity, ...(body ? { "Content-Type": "application/json" } : {}) } });
	return response.json();
}

const realtime = "/api/admin-dashboard/realtime";
const adminDashboardDataAggregator = {
	getSystemStatus: () => job.status,
	getActiveAlerts: () => job.alerts,
	forceAggregation: () => request("POST", realtime, { action: "force-aggregation" }),
};
if (job.aggregator) {
	job.status = await request("GET", `${realtime}?action=system-status`);
	job.alerts = await request("GET", `${realtime}?action=alerts`);
}
if (job.statistics)
	job.statistics = (await request("GET", "/api/admin/analytics/websocket-stats")).data;

// What the snippets import.
const modules = { "@/lib/websocket": { getWebSocketServer: () => ({ getStats: () => job.statistics }) } };

const { code } = await transform(readFileSync(job.file, "utf8"), { loader: "ts" });
const globals = {
	EventSource,
	WebSocket,
	adminDashboardDataAggregator,
	modules,
	updateDashboard: (data) => say("updateDashboard", data),
	showAlert: (data) => say("showAlert", data),
	console: { log: (...values) => say("log", ...values), error: (...values) => say("log error", String(values[0])) },
};
const AsyncFunction = (async () => {}).constructor;
const body = code.replace(/^import (\{[^}]*\}) from (".*?");$/gm, "const $1 = modules[$2];");
await new AsyncFunction(...Object.keys(globals), `${body}\n${job.call ?? ""}`)(...Object.values(globals));
