// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * The end of a process or of a worker thread.  Where it ends because nothing is left to
 * do, it waits for what is still to be sent.  After process.exit or an exception only
 * synchronous work is possible: then another Node sends it, while this one waits.
 */
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const LAST = join(__dirname, "last.js");
const START_MS = 2000; // how long another Node may take to start

const senders = new Set();
const gaveUp = new WeakSet();

function finish() {
	for (const sender of senders) {
		if (sender.queue.length === 0 || gaveUp.has(sender))
			continue;
		sender.flush(sender.settings.exitS * 1000).then((whole) => {
			if (!whole)
				gaveUp.add(sender); // or this would be the end for ever
		});
	}
}

function hand(sender) {
	if (gaveUp.has(sender) || sender.settings.exitS <= 0 || !existsSync(LAST))
		return;
	const items = sender.queue.first(Infinity, Infinity);
	const done = spawnSync(process.execPath, [LAST], {
		input: JSON.stringify({ settings: sender.settings, items }),
		timeout: sender.settings.exitS * 1000 + START_MS,
		// What it says for this process (an inspector's port) is not for that one.
		env: { ...process.env, NODE_OPTIONS: "" },
		stdio: ["pipe", "pipe", "ignore"],
		encoding: "utf8",
		windowsHide: true,
	});
	const left = Number(done.stdout);
	if (done.status === 0 && Number.isInteger(left))
		sender.settle(items.length - left);
}

function end() {
	for (const sender of senders) {
		sender.ending = true;
		try {
			if (sender.queue.length > 0)
				hand(sender);
		} catch { // no processes here: what is left is counted
		}
		sender.abandon("the program ended before the collector took them");
	}
}

/** A sender whose queue is to be sent before the end. */
function watch(sender) {
	senders.add(sender);
}

/** One that has nothing any more. */
function unwatch(sender) {
	senders.delete(sender);
}

process.on("beforeExit", finish);
process.on("exit", end);

module.exports = { unwatch, watch };
