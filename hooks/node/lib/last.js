// SPDX-License-Identifier: Apache-2.0
"use strict";
/* Sends what another process could not before its end (exit.js): {settings, items} on
 * stdin; prints how many are left. */
const { readFileSync } = require("node:fs");

const { Sender } = require("./sender.js");

const { settings, items } = JSON.parse(readFileSync(0, "utf8"));
const sender = new Sender({ ...settings, lingerS: 0 });
for (const item of items)
	sender.queue.put(item);
sender.deadline = performance.now() + settings.exitS * 1000;
sender.flush(settings.exitS * 1000).then(() => {
	process.stdout.write(String(sender.queue.length), () => process.exit(0));
});
