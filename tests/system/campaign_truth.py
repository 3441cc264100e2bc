# SPDX-License-Identifier: Apache-2.0
"""What was written, and who may see it: the truth that campaign_oracle.py judges by.

Naive on purpose: every entry of every log is kept, in the order of its log.
"""
import base64
import collections
import typing

LOGS = ("alerts", "critical", "high", "normal", "low")
NOWHERE = (1 << 48) - 1
MODULES = {
    "system_health": "systemHealth", "business_metrics": "businessMetrics",
    "workflow_performance": "workflowPerformance", "customer_intelligence": "customerIntelligence",
    "security_compliance": "securityCompliance", "executive_summary": "executiveSummary",
}
ROLES = {
    "master_admin": set(MODULES),
    "technical_admin": {"system_health", "workflow_performance", "security_compliance", "executive_summary"},
    "business_admin": {"business_metrics", "customer_intelligence", "executive_summary"},
    "compliance_admin": {"security_compliance", "executive_summary"},
    "operations_admin": {"workflow_performance", "system_health", "executive_summary"},
    "read_only_viewer": {"executive_summary"},
}
KEYS = ("red", "green", "blue")


class Cursor(typing.NamedTuple):
    epoch: int
    next: dict

    @classmethod
    def read(cls, text):
        raw = base64.urlsafe_b64decode(text)
        positions = {log: int.from_bytes(raw[18 + 6 * i:24 + 6 * i], "big") for i, log in enumerate(LOGS)}
        return cls(int.from_bytes(raw[10:18], "big"), positions)


class Entry(typing.NamedTuple):
    log: str
    topic: str
    module: str
    audience: tuple  # ("sub" or "role", its name), or ()
    payload: dict


# ---- what is written ------------------------------------------------------------------


class Truth:
    """All entries by log and sequence, as far as they are known."""

    def __init__(self):
        self.entry = {log: {} for log in LOGS}
        self.end = dict.fromkeys(LOGS, 0)  # newest known
        self.written = {log: collections.deque() for log in LOGS}  # and not yet known by sequence

    def begin(self, cursor):
        """What is before is nobody's."""
        self.end = {log: seq - 1 for log, seq in Cursor.read(cursor).next.items()}

    def take(self, message):
        """One entry that the reference got, which is allowed all that has no audience;
        gives what is wrong, or None."""
        log, seq = message["log"], message["seq"]
        if seq <= self.end[log]:
            return f"the reference gets {log} {seq} again"
        hidden = seq - self.end[log] - 1
        own = message["type"] == "event" and message["data"]["type"].startswith("camp.")
        while self.written[log] and hidden > 0 and self.written[log][0].audience:
            self.put(log, self.end[log] + 1, self.written[log].popleft())
            hidden -= 1
        if hidden > 0:
            return f"the reference misses {hidden} of {log} before {seq}"
        if own:
            wanted = self.written[log].popleft() if self.written[log] else None
            if wanted is None or wanted.payload["n"] != message["data"]["payload"]["n"]:
                return f"{log} {seq} is {message['data']} instead of {wanted}"
            self.put(log, seq, wanted)
        else:
            data = message["data"]
            module = data["module"] if message["type"] != "event" else "system_health"
            self.put(log, seq, Entry(log, message["topic"], module, (), data.get("payload", {})))
        return None

    def put(self, log, seq, entry):
        self.entry[log][seq] = entry
        self.end[log] = seq

    def complete(self):
        return not any(self.written.values())


# ---- what is seen ------------------------------------------------------------------------


FILTERS = {
    "": lambda p: True,
    '{"key":"red"}': lambda p: p.get("key") == "red",
    '{"key":["green","blue"]}': lambda p: p.get("key") in ("green", "blue"),
    '{"not":{"key":"blue"}}': lambda p: p.get("key") != "blue",
    '{"or":[{"key":"red"},{"size":{"gte":50}}]}': lambda p: p.get("key") == "red" or p.get("size", -1) >= 50,
    '{"and":[{"size":{"lt":30}},{"key":{"ne":"green"}}]}':
        lambda p: "size" in p and p["size"] < 30 and p.get("key") != "green",
}


def matches(pattern, topic):
    parts, words = pattern.split("."), topic.split(".")
    for i, part in enumerate(parts):
        if part == ">":
            return len(words) > i
        if i >= len(words) or part not in ("*", words[i]):
            return False
    return len(parts) == len(words)


class Subscription(typing.NamedTuple):
    topics: tuple
    filter: str = ""
    max_hz: float = 0
    preset: bool = False

    def names(self, topic, module):
        for name in self.topics:
            if name in MODULES:
                if module == name and (topic == "alerts" or topic.split(".")[0] in ("metrics", "events")):
                    return True
            elif matches("events.>" if name == "activity" else name, topic):
                return True
        return False

    def brings(self, entry):
        return self.names(entry.topic, entry.module) and \
            (entry.topic == "alerts" or FILTERS[self.filter](entry.payload))


class Sight(typing.NamedTuple):
    sub: str
    role: str
    subscriptions: tuple = ()

    def sees(self, entry):
        if entry.module not in ROLES[self.role]:
            return False
        if entry.audience and entry.audience not in (("sub", self.sub), ("role", self.role)):
            return False
        return any(s.brings(entry) for s in self.subscriptions)

    def wants(self, log):
        probe = "alerts" if log == "alerts" else "events."
        return any(name in (">", *MODULES) or (name == "activity" and probe != "alerts") or name.startswith(probe)
                   for s in self.subscriptions for name in s.topics)

    def metric(self, module, field):
        return any(s.names(f"metrics.{module}.{field}", module) for s in self.subscriptions)

    def part_of(self, snapshot):
        """What of a whole snapshot of its role this sight brings."""
        part = {}
        for module, key in MODULES.items():
            fields = snapshot.get(key, {})
            kept = {f: v for f, v in fields.items() if f != "stale" and self.metric(module, f)}
            if kept:
                part[key] = {**kept, "stale": sorted(f for f in fields["stale"] if self.metric(module, f))}
        return part
