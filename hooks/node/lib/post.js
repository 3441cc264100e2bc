// SPDX-License-Identifier: Apache-2.0
"use strict";
/* Requests to the collector over one kept connection, and to whoever else is asked. */
const http = require("node:http");
const https = require("node:https");
const { readFileSync } = require("node:fs");

const { secretOf } = require("./settings.js");

const ANSWER_MAX = 65536;

/** What a problem (RFC 9457) says in its detail, cut to a line. */
function detailOf(text) {
	try {
		const { detail } = JSON.parse(text);
		return typeof detail === "string" ? detail.slice(0, 300).split(/\s+/).join(" ").trim() : "";
	} catch {
		return "";
	}
}

/**
 * One request: {status, headers, text} of its answer, of which at most 64 KiB are read.
 * timeoutMs bounds all of it.
 */
function request(url, { method = "GET", headers = {}, body, timeoutMs, agent, ca, onSocket = () => {} }) {
	return new Promise((resolve, reject) => {
		const { request: make } = url.startsWith("https:") ? https : http;
		const out = make(url, { method, headers, agent, ca });
		const deadline = setTimeout(() => out.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
		deadline.unref();
		const fail = (error) => {
			clearTimeout(deadline);
			error.reused = out.reusedSocket;
			reject(error);
		};
		out.on("socket", onSocket);
		out.on("error", fail);
		out.on("response", (response) => {
			const chunks = [];
			let bytes = 0;
			const finish = () => {
				clearTimeout(deadline);
				resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
			};
			response.on("data", (chunk) => {
				bytes += chunk.length;
				chunks.push(chunk);
				if (bytes > ANSWER_MAX) { // enough to know what it says
					finish();
					out.destroy();
				}
			});
			response.on("end", finish);
			response.on("aborted", () => fail(new Error("the answer broke off")));
			response.on("error", fail);
		});
		out.end(body);
	});
}

class Post {
	constructor(settings) {
		this.settings = settings;
		this.secret = null;
		this.holding = false; // may keep the process alive
		const { Agent } = settings.url.startsWith("https:") ? https : http;
		this.agent = new Agent({ keepAlive: true, maxSockets: 1 });
		this.socket = null;
	}

	/**
	 * {status, detail, retryAfter} of the answer.  When it fails, the collector may or may
	 * not have taken the body.
	 */
	async send(body, timeoutMs) {
		try {
			return await this.once(body, timeoutMs);
		} catch (error) {
			// A kept connection may have been closed meanwhile.  Sending again is harmless:
			// events have ids.
			if (!error.reused || (error.code !== "ECONNRESET" && error.code !== "EPIPE"))
				throw error;
			return await this.once(body, timeoutMs);
		}
	}

	async once(body, timeoutMs) {
		this.secret ??= secretOf(this.settings);
		this.ca ??= this.settings.caFile ? readFileSync(this.settings.caFile) : undefined;
		const answer = await request(this.settings.url, {
			method: "POST",
			headers: {
				Authorization: `Bearer ${this.secret}`,
				"Content-Type": "application/json",
				"Content-Length": Buffer.byteLength(body),
				"User-Agent": "sightline-hooks-node",
			},
			body,
			timeoutMs,
			agent: this.agent,
			ca: this.ca,
			onSocket: (socket) => {
				this.socket = socket;
				this.hold(this.holding);
			},
		});
		return { status: answer.status, detail: detailOf(answer.text), retryAfter: answer.headers["retry-after"] };
	}

	/** Whether the connection keeps the process alive. */
	hold(on) {
		this.holding = on;
		if (on)
			this.socket?.ref();
		else
			this.socket?.unref();
	}

	/** The secret is read again from its file before the next try. */
	forgetSecret() {
		this.secret = null;
	}

	close() {
		this.agent.destroy();
	}
}

module.exports = { Post, request };
