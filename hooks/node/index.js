// SPDX-License-Identifier: Apache-2.0
"use strict";
/* The public face; index.d.ts says what each function does. */
const { EventEmitter } = require("./lib/emitter.js");
const { unwatch, watch } = require("./lib/exit.js");
const { Sender } = require("./lib/sender.js");
const { DEFAULTS, problem, read } = require("./lib/settings.js");
const { report } = require("./lib/status.js");

/* One for the thread, also where a bundler has several copies of this file. */
const HOME = Symbol.for("sightline-hooks");

function replace(sender) {
	const former = globalThis[HOME];
	globalThis[HOME] = sender;
	watch(sender);
	former?.retire(() => unwatch(former));
	return sender;
}

function sender() {
	if (globalThis[HOME])
		return globalThis[HOME];
	try {
		return replace(new Sender(read()));
	} catch (error) {
		const made = new Sender({ ...DEFAULTS });
		made.problem = error.message;
		return replace(made);
	}
}

function configure(options) {
	const settings = read(options);
	const found = problem(settings);
	if (found)
		throw new Error(found);
	replace(new Sender(settings));
}

const emitter = new EventEmitter(sender);

module.exports = {
	EventEmitter,
	configure,
	getEventEmitter: () => emitter,
	emit: (type, payload, options) => sender().emit(type, payload ?? {}, options ?? {}),
	flush: (timeoutMs = 5000) => sender().flush(timeoutMs),
	close: (timeoutMs = 5000) => sender().close(timeoutMs),
	getAnalyticsStatus: (timeoutMs = 2000) => report(sender(), timeoutMs),
};
