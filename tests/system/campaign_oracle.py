# SPDX-License-Identifier: Apache-2.0
"""Judges what a client of the campaign got, against everything that was ever written.

Naive on purpose: it goes through all entries whenever a client says that it has
passed some.  A client's messages are judged later than they come, when the truth
about them is complete.

In a ledger, frontier is the newest entry of each log that the client has taken or
was told to be past, by a gap or a cursor; whatever moves it has to account for all
in between.  got and said are what was taken, or called lost, beyond a frontier
that a subscription with an older cursor has set back.
"""
import collections
import json

from campaign_truth import LOGS, MODULES, NOWHERE, ROLES, Cursor, Entry

FAULTS_KEPT = 5
HISTORY = 60


class Ledger:
    def __init__(self, name, truth, kept):
        self.name = name
        self.truth = truth
        self.kept = kept  # newest entries of each log that are never lost
        self.records = collections.deque()
        self.history = collections.deque(maxlen=HISTORY)
        self.faults = []
        self.frontier = None  # by log, of the epoch
        self.epoch = None
        self.got = {log: set() for log in LOGS}
        self.said = {log: set() for log in LOGS}
        self.sight = None
        self.former = ()       # in force beside sight until the next cursor
        self.asked = collections.deque()  # (what, Sight, since) of requests that are not answered
        self.connected = False
        self.established = False
        self.state = self.alerts = None
        self.narrowed = False
        self.known_alerts = None  # (Sight, alerts) of the connection before
        self.expired = []      # (log, last) of gaps that are still to be judged
        self.told = {}         # behind the gap that came just before
        self.entries = self.gaps = self.slow_gaps = self.resumes = 0

    def note(self, kind, *what):
        self.records.append((kind, *what))

    def fault(self, text):
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(f"{self.name}: {text}\n    sight {self.sight}\n    frontier {self.frontier}\n    "
                               + "\n    ".join(self.history))

    def settle(self):
        """Judges what has come, as far as the truth about it is known."""
        while self.records:
            kind, *what = self.records[0]
            if kind == "message":
                what.append(json.loads(what[0]))
                if self.ahead(what[1]):
                    return
            self.records.popleft()
            self.history.append(" ".join([kind, *map(brief, what)] if kind != "message" else [brief(what[0], 300), place_of(what[1])]))
            getattr(self, f"on_{kind}")(*what)

    def ahead(self, message):
        if "cursor" not in message:
            return False
        at = Cursor.read(message["cursor"])
        return any(self.truth.end[log] < seq - 1 < NOWHERE - 1 for log, seq in at.next.items())

    # -- connections ------------------------------------------------------------------

    def on_open(self, transport, gateway, how, cursor, sight):
        """how: fresh, resume (at cursor) or token (at what "subscribed" will say)."""
        former, self.sight, self.told = self.sight, sight, {}
        # Its gateway has seen the token's connection pass what was hidden then.
        self.former = (former,) if how == "token" and former else ()
        self.asked.clear()
        self.connected, self.established, self.how = True, transport == "poll", how
        if how == "fresh":
            self.frontier = None
        elif how == "resume":
            self.resumes += 1
            self.rewind(Cursor.read(cursor))
        # Whoever polls keeps the state that its cursor stands for.
        keeps = transport == "poll" and how == "resume" and len(cursor) > 64
        if not keeps:
            self.state = None
        self.known_alerts = (former, self.alerts) if how == "resume" else None
        if not (keeps and former == sight):
            self.alerts = None

    def on_closed(self, why):
        self.connected = False

    def rewind(self, at):
        if self.epoch not in (None, at.epoch):
            self.fault(f"epoch {at.epoch:x} after {self.epoch:x}")
        self.epoch = at.epoch
        self.frontier = {log: seq - 1 for log, seq in at.next.items()}
        for log in LOGS:
            self.got[log] = {q for q in self.got[log] if q <= self.frontier[log]}
            self.said[log] = {q for q in self.said[log] if q <= self.frontier[log]}

    def on_asked(self, what, sight, since=None):
        self.asked.append((what, sight, since))

    # -- positions ------------------------------------------------------------------------

    def sees(self, log, seq):
        entry = self.truth.entry[log].get(seq)
        return entry is not None and self.sight.sees(entry)

    def must(self, log, seq):
        entry = self.truth.entry[log].get(seq)
        if entry is None or seq in self.got[log] or seq in self.said[log]:
            return False
        wanted = self.sight.sees(entry) and all(sight.sees(entry) for sight in self.former)
        # A narrower one is in force some time before its answer.
        return wanted and all(sight.sees(entry) for what, sight, _ in self.asked if what == "unsubscribe")

    def passes(self, log, seq, by):
        for q in range(self.frontier[log] + 1, seq):
            if self.must(log, q):
                self.fault(f"lost {log} {q} {self.truth.entry[log][q]}: {by} leads from {self.frontier[log]} to {seq}")
                return

    def take_cursor(self, text, by):
        at = Cursor.read(text)
        if self.frontier is None:
            self.rewind(at)
            return
        if at.epoch != self.epoch:
            self.fault(f"{by} is of epoch {at.epoch:x} instead of {self.epoch:x}")
            return
        for log, seq in at.next.items():
            if self.sight.wants(log):
                if seq == NOWHERE or seq <= self.frontier[log]:
                    self.fault(f"{by} takes {log} back to {seq} from {self.frontier[log] + 1}")
                    continue
                self.passes(log, seq, by)
            self.frontier[log] = seq - 1
        self.former = ()

    def on_cursor(self, text):
        self.take_cursor(text, "an idle cursor")

    # -- messages ------------------------------------------------------------------------------

    def on_message(self, raw, message):
        for module in set(MODULES) - ROLES[self.sight.role]:
            if f"<<{module}>>" in raw or f'"{MODULES[module]}"' in raw or f'"module":"{module}"' in raw:
                self.fault(f"{self.sight.role} gets {raw[:600]}")
        handler = getattr(self, f"take_{message['type']}", None)
        if handler is None:
            self.fault(f"a message of type {message['type']}: {raw[:600]}")
            return
        handler(message)
        if "cursor" in message and message["type"] not in ("subscribed", "gap"):
            self.take_cursor(message["cursor"], message["type"])
        if message["type"] not in ("gap", "connection_established"):
            self.told = {}

    def on_answered(self, cursor):
        """The cursor of a poll's answer."""
        self.take_cursor(cursor, "an answer")

    def take_connection_established(self, message):
        if self.established:
            # In the stream: another role; all before it was of the former one.
            former, self.sight = self.sight, self.sight._replace(role=message["data"]["role"])
            if former != self.sight:
                self.former = (*self.former, former)
                self.state = None
        self.established = True

    def take_subscribed(self, message):
        at = Cursor.read(message["cursor"])
        if not self.asked:
            if self.how == "token" and self.frontier is not None:
                for log, seq in at.next.items():
                    self.passes(log, seq, "the token's cursor")
            elif self.how == "resume" and any(seq != self.frontier[log] + 1 for log, seq in at.next.items()):
                self.fault(f"resumes elsewhere: {at}")
            self.rewind(at)
            self.former = ()
            return
        _, sight, since = self.asked.popleft()
        if self.frontier is None:
            self.rewind(at)
        elif since:
            if at != Cursor.read(since):
                self.fault(f"subscribes elsewhere: {at}")
            if sight != self.sight:
                self.alerts = None
        else:
            self.take_cursor(message["cursor"], "subscribed")
        self.frontier = {log: seq - 1 for log, seq in at.next.items()}
        self.sight, self.former = sight, ()

    def take_unsubscribed(self, message):
        if self.asked:
            self.sight = self.asked.popleft()[1]
            self.narrowed = True
            # What went may be asked for anew, from a cursor that was set back since it came.
            for log in LOGS:
                for kept in (self.got[log], self.said[log]):
                    kept.difference_update([q for q in kept if not self.sees(log, q)])

    def take_entry(self, message):
        log, seq = message["log"], message["seq"]
        entry = self.truth.entry[log].get(seq)
        if entry is None:
            self.fault(f"{log} {seq} was never written: {message}")
            return
        if entry.payload.get("n") != message["data"].get("payload", {}).get("n") or entry.topic != message["topic"]:
            self.fault(f"{log} {seq} is {message} instead of {entry}")
        self.entries += 1
        if self.frontier is not None:
            if seq <= self.frontier[log] or seq in self.got[log]:
                self.fault(f"{log} {seq} again, {self.frontier[log]} was the last: {entry}")
                return
            self.passes(log, seq, "an entry")
            self.frontier[log] = seq
        self.got[log].add(seq)
        if not self.sight.sees(entry):
            self.fault(f"{log} {seq} is not for it: {entry}")

    take_event = take_entry

    def take_system_alert(self, message):
        self.take_entry(message)
        if self.alerts is None:
            return
        data = message["data"]
        if data["state"] == "firing":
            self.alerts[data["id"]] = data
        else:
            self.alerts.pop(data["id"], None)

    take_alert_update = take_system_alert

    def take_gap(self, message):
        data, log = message["data"], message["log"]
        self.gaps += 1
        if data["reason"] == "epoch" or self.frontier is None or not self.sight.wants(log):
            self.fault(f"a gap that cannot be: {message}")
            return
        first, last, count = data["from"], data["to"], data["count"]
        if first <= self.frontier[log] or last < first:
            self.fault(f"a gap behind {self.frontier[log]}: {message}")
        self.passes(log, first, "a gap")
        skipped = sum(self.must(log, q) for q in range(first, last + 1))
        if not skipped <= count <= last - first + 1:
            self.fault(f"a gap of {skipped} in sight: {message}")
        if data["reason"] == "slow":
            self.slow_gaps += 1
        elif self.told.get(log) == first:
            self.fault(f"two gaps in one: {message}")
        elif data["reason"] == "expired":
            self.expired.append((log, last))
        self.told[log] = last + 1
        self.said[log].update(range(first, last + 1))
        self.frontier[log] = last
        self.take_cursor(message["cursor"], "a gap")

    def take_initial_metrics(self, message):
        self.state, self.narrowed = {}, False
        merge(self.state, message["data"])
        if "alerts" in message["data"]:
            self.alerts = {a["id"]: a for a in message["data"]["alerts"]}
        elif self.known_alerts and self.known_alerts[0] == self.sight:
            # It goes on from those it knew; the log has what has changed since.
            self.alerts = self.known_alerts[1]
        self.known_alerts = None

    def take_metrics_update(self, message):
        if self.state is None:
            self.fault(f"metrics_update before initial_metrics: {str(message)[:600]}")
            return
        merge(self.state, message["data"])

    def take_disconnect(self, message):
        if message["data"]["code"] not in (3001, 3008):
            self.fault(f"disconnected: {message['data']}")

    def take_heartbeat(self, message):
        pass

    # -- at rest -----------------------------------------------------------------------------------

    def missing(self):
        """What has not come that must, of all that was written; the end of the logs is known."""
        for log, last in self.expired:
            if last > self.truth.end[log] - self.kept:
                self.fault(f"a gap of what is kept: {log} to {last}, and the end is {self.truth.end[log]}")
        self.expired.clear()
        if self.frontier is None:
            return ["its first cursor"]
        return [f"{log} {q} {self.truth.entry[log][q]}" for log in LOGS
                for q in range(self.frontier[log] + 1, self.truth.end[log] + 1) if self.must(log, q)]

    def difference(self, snapshot):
        """Where the merged state is not what the snapshot of its role says; "" if nowhere."""
        if self.state is None:
            return "no state yet"
        # What is no longer subscribed to stays as it was.
        mine = self.sight.part_of(self.state) if self.narrowed else {
            key: {**fields, "stale": sorted(fields.get("stale", []))}
            for key, fields in self.state.items() if key in MODULES.values()}
        theirs = self.sight.part_of(snapshot)
        for key in mine.keys() | theirs.keys():
            if mine.get(key) != theirs.get(key):
                return f"{key} is {mine.get(key)} instead of {theirs.get(key)}"
        if self.alerts is not None and self.sight.wants("alerts"):
            probe = Entry("alerts", "alerts", "", (), {})
            open_alerts = {a["id"]: a for a in snapshot["alerts"]
                           if self.sight.sees(probe._replace(module=a["module"]))}
            known = {i: a["severity"] for i, a in self.alerts.items() if self.sight.sees(probe._replace(module=a["module"]))}
            if known != {i: a["severity"] for i, a in open_alerts.items()}:
                return f"the open alerts are {self.alerts} instead of {open_alerts}"
        return ""


def brief(what, most=500):
    text = str(what)
    return text if len(text) <= most else f"{text[:most]}…"


def place_of(message):
    """The positions of a message's cursor, to be read."""
    return " ".join(str(seq) for seq in Cursor.read(message["cursor"]).next.values()) if "cursor" in message else ""


def merge(into, overlay):
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
