# SPDX-License-Identifier: Apache-2.0
"""Takes events at any time, in any thread, and sends them in batches from one of its own.

Invariants.
- Nothing of this reaches the application: not an exception, not a wait.
- The thread is started by the first event of a process, so that a fork in between costs
  nothing.  A forked child begins with nothing: what its parent has taken, the parent sends.
- An event keeps its id from emit to the collector, whoever dies on the way, so it can be
  sent again without being doubled.
"""
import atexit
import http.client
import json
import logging
import os
import random
import sys
import threading
import time
import weakref

from . import plain
from .buffer import Buffer
from .ident import uuid7
from .post import Post
from .verdict import Verdict, backoff, judge

log = logging.getLogger("sightline_hooks")

DROPPED = ("full", "refused", "invalid", "unfinished", "off")
LOG_EVERY_S = 60.0
MUTE_S = 30.0  # how long events of a type that the catalog lacks are dropped unasked
MUTED_MAX = 100


class Sender:
    def __init__(self, settings):
        """Settings that have a problem() make one that takes nothing and says so once."""
        self.settings = settings
        self.problem = settings.problem()
        self._warned = {}
        self._begin()
        _senders.append(weakref.ref(self))

    def _begin(self):
        """The state of a process that has sent nothing yet."""
        c = self.settings
        self.buffer = Buffer(c.events_max, c.bytes_max, c.batch_events)
        self.post = Post(c)
        self.thread = None
        self.starting = threading.Lock()
        self.deadline = None  # monotonic: of the end
        self.given_up = False  # what was left then is counted
        self.count_lock = threading.RLock()
        self.counts = {"sent": 0, "requests": 0, "retries": 0}
        self.dropped = dict.fromkeys(DROPPED, 0)
        self.last_error = None
        self.last_sent_s = None
        self.limit = c.batch_events  # events of a batch: fewer after a size was refused
        self.once = None  # the same, for the next batch only
        self.tries = 0  # failed, of the batch at hand
        self.muted = {}  # a type's bytes, and until when (monotonic) nobody need be asked
        self.gap = None  # (dropped, since): for want of room, and no notice has told of it

    # -- the application's side ------------------------------------------------------------

    def emit(self, kind, values=None, time=None, audience=None, event_id=None):
        """Takes an event: its id as text, or None if it was dropped.  Never raises, never
        waits.  values may be changed as soon as this returns."""
        try:
            return self._emit(kind, {} if values is None else values, time, audience, event_id)
        except Exception as error:  # of an object's own methods, too
            self._drop("invalid", 1, f"{plain.words(kind)}: {plain.words(error)}")
            return None

    def refuse(self, reason):
        """Counts an event that could not even be made."""
        self._drop("invalid", 1, reason)

    def _emit(self, kind, values, when, audience, event_id):
        if self.problem:
            self._drop("off", 1, self.problem)
            return None
        ident = uuid7() if event_id is None else str(event_id)
        if not self.buffer.put(_event(kind, ident, values, when, audience)):
            self._drop("unfinished" if self.buffer.closed else "full", 1,
                       "the program ends" if self.buffer.closed else "too many events wait for the collector")
            return None
        if self.thread is None:
            self._start()
        return ident

    def flush(self, timeout_s):
        """True once everything taken before was sent or dropped, False after the timeout."""
        if self.thread is None and len(self.buffer):
            self._start()
        return self.buffer.wait_settled(timeout_s)

    def figures(self):
        """Counts since the start of this process."""
        with self.count_lock:
            return {**self.counts, "taken": self.buffer.put_count, "queued": len(self.buffer),
                    "queued_bytes": self.buffer.bytes,
                    "dropped": {**self.dropped, "full": self.dropped["full"] + self.buffer.late_lost},
                    "last_error": self.last_error,
                    "last_sent": None if self.last_sent_s is None else plain.moment(self.last_sent_s), "enabled": self.problem is None}

    def close(self, timeout_s):
        """Sends what there is, at most so long, then takes nothing more.  Again is harmless."""
        self.deadline = time.monotonic() + timeout_s
        self.buffer.close()
        thread = self.thread
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join(timeout_s)
        elif thread is None and len(self.buffer):
            self._run()  # no thread could be started: the interpreter ends
        left = len(self.buffer)
        if left and not self.given_up:
            self.given_up = True
            self._drop("unfinished", left, "the program ended before the collector took them")
        return left == 0

    def _start(self):
        # Not for an interruption of whoever is at it already.
        if not self.starting.acquire(blocking=False):
            return
        try:
            if self.thread is None:
                thread = threading.Thread(target=self._run, name="sightline-hooks", daemon=True)
                thread.start()
                self.thread = thread
                _close_in_multiprocessing(self)
        except RuntimeError:  # no threads any more: close sends
            pass
        finally:
            self.starting.release()

    # -- what is counted and said ------------------------------------------------------

    def _drop(self, why, count, reason):
        with self.count_lock:
            self.dropped[why] += count
            if why == "full":
                lost, since = self.gap or (0, time.time())
                self.gap = (lost + count, since)
        self._warn(why, "%d event(s) dropped (%s): %s", count, why, reason)

    def _warn(self, topic, text, *values):
        """At most once a minute a topic.  The time is noted first: a log handler may well
        call a hook."""
        now = time.monotonic()
        if now - self._warned.get(topic, -LOG_EVERY_S) < LOG_EVERY_S:
            return
        self._warned[topic] = now
        try:
            log.warning(text, *values)
        except Exception:  # a handler's fault is not ours to spread
            pass

    # -- the thread ----------------------------------------------------------------------

    def _run(self):
        while self.buffer.wait_filled(self.settings.linger_s):
            if self._time_left() <= 0:
                return
            before = self.buffer.settled_count
            try:
                self._step()
            except Exception as error:  # our fault: the same event must not be tried for ever
                if self.buffer.settled_count == before:
                    self.buffer.settle(1)
                self._drop("invalid", 1, plain.words(error))

    def _time_left(self):
        return float("inf") if self.deadline is None else self.deadline - time.monotonic()

    def _step(self):
        """One request and what follows from its answer."""
        c = self.settings
        batch = self.buffer.first(self.once or self.limit, c.batch_bytes)
        kept = [place for place, item in enumerate(batch) if not self._is_muted(item)]
        before = kept[0] if kept else len(batch)
        if before > 0:
            self._settle_muted(before, before)
            return
        with self.count_lock:
            self.counts["requests"] += 1
            self.counts["retries"] += self.tries > 0
        try:
            status, detail, field = self.post.send(b'{"events":[' + b",".join(batch[place] for place in kept) + b"]}",
                                                   max(min(c.timeout_s, self._time_left()), 0.05))
        except (OSError, ValueError, http.client.HTTPException) as error:
            verdict = Verdict("later", reason=f"{type(error).__name__}: {error}")
        else:
            verdict = judge(status, detail, len(kept), field)
        self.tries = self.tries + 1 if verdict.action == "later" else 0
        self.last_error = verdict.reason or self.last_error
        getattr(self, f"_on_{verdict.action}")(batch, kept, verdict)

    def _on_taken(self, batch, kept, _):
        with self.count_lock:
            self.counts["sent"] += len(kept)
            self.last_sent_s = time.time()
        self.once = None
        self.limit = min(self.limit * 2, self.settings.batch_events)
        self._settle_muted(len(batch), len(batch) - len(kept))
        self._notify_gap()

    def _on_drop(self, batch, _, verdict):
        self.once = None
        if verdict.of_type:
            if len(self.muted) >= MUTED_MAX:
                self.muted.clear()
            self.muted[_type_of(batch[0])] = time.monotonic() + MUTE_S
        self.buffer.settle(1)
        self._drop("refused", 1, verdict.reason)

    def _on_undate(self, batch, kept, verdict):
        event = json.loads(batch[0])
        if event.pop("time", None) is None:
            self._on_drop(batch, kept, verdict)
        else:
            self.buffer.replace_first(plain.encode(event))
            self._warn("clock", "this machine's clock is ahead of the collector's: %s", verdict.reason)

    def _on_fewer(self, _, kept, verdict):
        self.once = kept[verdict.count]
        if verdict.halved:
            self.limit = self.once

    def _on_later(self, _batch, _kept, verdict):
        c = self.settings
        self._warn("later", "events wait, %d so far: %s", len(self.buffer), verdict.reason)
        wait_s = backoff(self.tries, c.retry_min_s, c.retry_max_s)
        if verdict.secret_refused:
            self.post.forget_secret()
        if verdict.retry_after_s > 0:
            wait_s = verdict.retry_after_s * random.uniform(1.0, 1.25)
        self.buffer.pause(min(wait_s, max(self._time_left(), 0.0)), firm=verdict.retry_after_s > 0)

    def _is_muted(self, item):
        if not self.muted:
            return False
        kind = _type_of(item)
        if self.muted.get(kind, 0.0) > time.monotonic():
            return True
        self.muted.pop(kind, None)
        return False

    def _settle_muted(self, count, muted):
        """The first count events are done with, so many of them unasked."""
        self.buffer.settle(count)
        if muted > 0:
            self._drop("refused", muted, "the collector does not take their type")

    def _notify_gap(self):
        """Says in the stream of events that some are missing there."""
        with self.count_lock:
            gap, self.gap = self.gap, None
        if gap is None:
            return
        now = time.time()
        item = _event("system.source_gap", uuid7(), {
            "source": self.settings.app, "reason": f"{gap[0]} events dropped: the buffer was full",
            "from": plain.moment(gap[1]), "to": plain.moment(now)}, now, None)
        if not self.buffer.put(item):
            with self.count_lock:
                more, _ = self.gap or (0, 0.0)
                self.gap = (gap[0] + more, gap[1])


def _type_of(item):
    """The type in the bytes of an event, as _event wrote it."""
    return item[9:item.index(b'"', 9)]


def _event(kind, ident, values, when, audience):
    """An event as the collector takes it, in bytes."""
    head = {"type": str(kind), "id": ident, "time": plain.moment(time.time() if when is None else when)}
    if audience is not None:
        head["audience"] = {str(k): str(v) for k, v in audience.items()}
    return plain.encode(head)[:-1] + b',"payload":' + plain.payload(values) + b"}"


# -- processes -------------------------------------------------------------------------------

_senders = []  # weak references


def _after_fork_in_child():
    for reference in _senders:
        sender = reference()
        if sender is not None:
            sender._begin()


def close_all():
    """At the end of the program: each sender sends what it has, all at the same time."""
    there = [sender for sender in (reference() for reference in _senders) if sender is not None]
    for sender in there:
        sender.deadline = time.monotonic() + sender.settings.exit_s
        sender.buffer.close()
    for sender in there:
        sender.close(max(sender.deadline - time.monotonic(), 0.0))


def _close_in_multiprocessing(sender):
    """A child of multiprocessing ends without atexit, but runs these."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(sender, sender.close, (sender.settings.exit_s,), exitpriority=0)


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(close_all)
