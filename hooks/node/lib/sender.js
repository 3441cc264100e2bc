// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * Takes events at any time and sends them in batches.
 *
 * Invariants.
 * - Nothing of this reaches the application: not an exception, not a wait; no timer or
 *   connection keeps its process alive before the end.
 * - At most one request is under way, so events arrive in their order.
 * - An event keeps its id from emit to the collector, whoever dies on the way, so it can
 *   be sent again without being doubled.
 */
const { writeSync } = require("node:fs");

const { event, moment, words } = require("./plain.js");
const { Post } = require("./post.js");
const { Queue } = require("./queue.js");
const { problem } = require("./settings.js");
const { uuid7 } = require("./ident.js");
const { backoff, judge } = require("./verdict.js");

const LOG_EVERY_MS = 60000;
const MUTE_MS = 30000; // how long events of a type that the catalog lacks are dropped unasked
const MUTED_MAX = 100;

/* What a verdict leads to. */
const FOLLOWS = { taken: "onTaken", drop: "onDrop", undate: "onUndate", fewer: "onFewer", later: "onLater" };

/* The type in the text of an event, as event() writes it. */
function typeOf(item) {
	return item.slice(9, item.indexOf('"', 9));
}

class Sender {
	/** Settings that have a problem make one that takes nothing and says so once. */
	constructor(settings) {
		this.settings = settings;
		this.problem = problem(settings);
		this.queue = new Queue(settings.eventsMax, settings.bytesMax);
		this.post = this.problem ? null : new Post(settings);
		this.counts = { sent: 0, requests: 0, retries: 0 };
		this.dropped = { full: 0, refused: 0, invalid: 0, unfinished: 0, off: 0 };
		this.lastError = null;
		this.lastSent = null;
		this.limit = settings.batchEvents; // events of a batch: fewer after a size was refused
		this.once = null; // the same, for the next batch only
		this.tries = 0; // failed, of the batch at hand
		this.muted = new Map(); // a type, and until when (performance.now) nobody need be asked
		this.gap = null; // {count, since}: dropped for want of room, and no notice has told of it
		this.running = false;
		this.deadline = Infinity; // of the end, by performance.now
		this.sleeping = null; // {timer, firm, wake} of the pause at hand
		this.waiting = new Set(); // {goal, done} of those who wait for the queue
		this.warned = new Map();
		this.gone = null; // what retire was given
		this.ending = false; // the process is at its end
	}

	// -- the application's side --------------------------------------------------------

	/**
	 * Takes an event: its id, or null if it was dropped.  Never throws, never waits; values
	 * may be changed as soon as this returns.
	 */
	emit(type, values = {}, options = {}) {
		try {
			const { time, audience, eventId } = options ?? {};
			if (this.problem)
				return this.drop("off", 1, this.problem);
			const id = eventId === undefined ? uuid7() : String(eventId);
			if (!this.queue.put(event(type, id, values, time, audience)))
				return this.queue.closed
					? this.drop("unfinished", 1, "the program ends")
					: this.drop("full", 1, "too many events wait for the collector");
			this.start();
			if (this.queue.length === this.settings.batchEvents)
				this.wake();
			return id;
		} catch (error) { // of an object's own methods, too
			return this.drop("invalid", 1, `${words(type)}: ${words(error)}`);
		}
	}

	/** True once everything taken before was sent or dropped, false after the timeout. */
	flush(timeoutMs) {
		const goal = this.queue.putCount;
		if (this.queue.settledCount >= goal)
			return Promise.resolve(true);
		return new Promise((resolve) => {
			const waiter = { goal };
			const timer = setTimeout(() => waiter.done(false), timeoutMs);
			waiter.done = (whole) => {
				clearTimeout(timer);
				this.waiting.delete(waiter);
				this.hold(this.waiting.size > 0);
				resolve(whole);
			};
			this.waiting.add(waiter);
			this.hold(true);
			this.start();
			this.wake();
		});
	}

	/** Sends what there is, at most so long, then takes nothing more. */
	async close(timeoutMs) {
		this.queue.closed = true;
		this.deadline = performance.now() + timeoutMs;
		const whole = await this.flush(timeoutMs);
		this.abandon(`the collector did not take them within ${timeoutMs} ms`);
		this.post?.close();
		return whole;
	}

	/** Takes nothing more; gone is called once what it has is sent. */
	retire(gone) {
		this.queue.closed = true;
		this.gone = () => {
			this.post?.close();
			gone();
		};
		if (this.queue.length === 0)
			this.gone();
	}

	/** What is left is given up, and counted. */
	abandon(reason) {
		const left = this.queue.length;
		this.queue.closed = true;
		if (left === 0)
			return;
		this.settle(left);
		this.drop("unfinished", left, reason);
	}

	figures() {
		return {
			...this.counts,
			taken: this.queue.putCount,
			queued: this.queue.length,
			queuedBytes: this.queue.bytes,
			dropped: { ...this.dropped },
			lastError: this.lastError,
			lastSent: this.lastSent,
			enabled: this.problem === null,
		};
	}

	// -- what is counted and said --------------------------------------------------------

	drop(why, count, reason) {
		this.dropped[why] += count;
		if (why === "full") {
			this.gap ??= { count: 0, since: Date.now() };
			this.gap.count += count;
		}
		this.warn(why, `${count} event(s) dropped (${why}): ${reason}`);
		return null;
	}

	/** At most once a minute a topic. */
	warn(topic, message) {
		const now = performance.now();
		if (now - (this.warned.get(topic) ?? -LOG_EVERY_MS) < LOG_EVERY_MS)
			return;
		this.warned.set(topic, now);
		try {
			if (this.ending) // nothing asynchronous happens any more
				writeSync(2, `SightlineHooksWarning: ${message}\n`);
			else
				process.emitWarning(message, "SightlineHooksWarning");
		} catch { // no standard error
		}
	}

	// -- waiting ---------------------------------------------------------------------------

	/** Whether waiting and sending keep the process alive. */
	hold(on) {
		this.post?.hold(on);
		if (on)
			this.sleeping?.timer.ref();
		else
			this.sleeping?.timer.unref();
	}

	/** Ends the pause at hand, unless it is firm. */
	wake() {
		if (this.sleeping && !this.sleeping.firm)
			this.sleeping.wake();
	}

	pause(ms, firm) {
		return new Promise((resolve) => {
			const wake = () => {
				clearTimeout(this.sleeping.timer);
				this.sleeping = null;
				resolve();
			};
			this.sleeping = { timer: setTimeout(() => wake(), ms), firm, wake };
			this.hold(this.waiting.size > 0);
		});
	}

	settle(count) {
		this.queue.settle(count);
		for (const waiter of [...this.waiting])
			if (this.queue.settledCount >= waiter.goal)
				waiter.done(true);
		if (this.queue.length === 0)
			this.gone?.();
	}

	// -- sending ----------------------------------------------------------------------------

	start() {
		if (this.running)
			return;
		this.running = true;
		this.run().catch((error) => this.warn("internal", words(error))).finally(() => {
			this.running = false;
			if (this.queue.length > 0 && this.timeLeft() > 0)
				this.start();
		});
	}

	timeLeft() {
		return this.deadline - performance.now();
	}

	async run() {
		if (this.waiting.size === 0)
			await this.pause(this.settings.lingerS * 1000, false);
		while (this.queue.length > 0 && this.timeLeft() > 0) {
			const before = this.queue.settledCount;
			try {
				await this.step();
			} catch (error) { // our fault: the same event must not be tried for ever
				if (this.queue.settledCount === before && this.queue.length > 0)
					this.settle(1);
				this.drop("invalid", 1, String(error));
			}
		}
	}

	/** One request and what follows from its answer. */
	async step() {
		const c = this.settings;
		const batch = this.queue.first(this.once ?? this.limit, c.batchBytes);
		const kept = [...batch.keys()].filter((place) => !this.isMuted(batch[place]));
		const before = kept[0] ?? batch.length;
		if (before > 0) {
			this.settleMuted(before, before);
			return;
		}
		this.counts.requests++;
		this.counts.retries += this.tries > 0 ? 1 : 0;
		let verdict;
		try {
			const timeoutMs = Math.max(Math.min(c.timeoutS * 1000, this.timeLeft()), 50);
			const answer = await this.post.send(`{"events":[${kept.map((place) => batch[place]).join(",")}]}`, timeoutMs);
			verdict = judge(answer.status, answer.detail, kept.length, answer.retryAfter);
		} catch (error) {
			verdict = { action: "later", reason: String(error), retryAfterS: 0, secretRefused: false };
		}
		if (this.queue.length === 0)
			return; // given up meanwhile
		this.tries = verdict.action === "later" ? this.tries + 1 : 0;
		this.lastError = verdict.reason ?? this.lastError;
		await this[FOLLOWS[verdict.action]](batch, kept, verdict);
	}

	onTaken(batch, kept) {
		this.counts.sent += kept.length;
		this.lastSent = new Date().toISOString();
		this.once = null;
		this.limit = Math.min(this.limit * 2, this.settings.batchEvents);
		this.settleMuted(batch.length, batch.length - kept.length);
		this.tellGap();
	}

	onDrop(batch, _, verdict) {
		this.once = null;
		if (verdict.ofType) {
			if (this.muted.size >= MUTED_MAX)
				this.muted.clear();
			this.muted.set(typeOf(batch[0]), performance.now() + MUTE_MS);
		}
		this.settle(1);
		this.drop("refused", 1, verdict.reason);
	}

	onUndate(batch, kept, verdict) {
		const found = JSON.parse(batch[0]);
		if (found.time === undefined)
			return this.onDrop(batch, kept, verdict);
		delete found.time;
		this.queue.replaceFirst(JSON.stringify(found));
		this.warn("clock", `this machine's clock is ahead of the collector's: ${verdict.reason}`);
		return undefined;
	}

	onFewer(_, kept, verdict) {
		this.once = kept[verdict.count];
		if (verdict.halved)
			this.limit = this.once;
	}

	onLater(_batch, _kept, verdict) {
		const c = this.settings;
		this.warn("later", `events wait, ${this.queue.length} so far: ${verdict.reason}`);
		if (verdict.secretRefused)
			this.post.forgetSecret();
		const firm = verdict.retryAfterS > 0;
		const waitS = firm ? verdict.retryAfterS * (1 + Math.random() / 4)
			: backoff(this.tries, c.retryMinS, c.retryMaxS);
		return this.pause(Math.max(Math.min(waitS * 1000, this.timeLeft()), 0), firm);
	}

	isMuted(item) {
		if (this.muted.size === 0)
			return false;
		const type = typeOf(item);
		if (this.muted.get(type) > performance.now())
			return true;
		this.muted.delete(type);
		return false;
	}

	/** The first count events are done with, so many of them unasked. */
	settleMuted(count, muted) {
		this.settle(count);
		if (muted > 0)
			this.drop("refused", muted, "the collector does not take their type");
	}

	/** Says in the stream of events that some are missing there. */
	tellGap() {
		if (this.gap === null)
			return;
		const item = event("system.source_gap", uuid7(), {
			source: this.settings.app,
			reason: `${this.gap.count} events dropped: the buffer was full`,
			from: moment(this.gap.since),
			to: moment(Date.now()),
		});
		if (this.queue.put(item))
			this.gap = null;
	}
}

module.exports = { Sender };
