# SPDX-License-Identifier: Apache-2.0
"""A client that comes back with its cursor, anywhere, gets what it missed: each entry once, in the order of its log."""
import itertools
import signal

import pytest

from sightline import wait_until

# An event type of each log, with the payload that it needs.
KINDS = {
    "critical": ("system.error", "message"),
    "high": ("system.maintenance", "message"),
    "normal": ("content.updated", "contentId"),
    "low": ("user.logout", "userId"),
}


class Source:
    """Feeds events of every log, each with its own number, and alerts that come and go."""

    def __init__(self, instance):
        self.feeder = instance.start_feeder()
        self.sent = {log: [] for log in KINDS}
        self.numbers = itertools.count()
        self.firing = False

    def burst(self, count, pad=""):
        for _ in range(count):
            number = next(self.numbers)
            log = list(KINDS)[number % len(KINDS)]
            kind, field = KINDS[log]
            self.feeder.event(kind, **{field: f"{number}{pad}"})
            self.sent[log].append(number)
        self.firing = not self.firing
        self.feeder.sample("cpu_usage", 99 if self.firing else 1)
        self.feeder.flush()


def number_of(message):
    field = dict(KINDS.values())[message["data"]["type"]]
    return int(message["data"]["payload"][field].split(" ")[0])


def received(stream):
    got = {log: [] for log in KINDS}
    for message in stream.of_type("event"):
        got[message["log"]].append(number_of(message))
    return got


def alerts(stream):
    with stream.changed:
        return [m["seq"] for m in stream.messages if m["type"] in ("system_alert", "alert_update")]


def connect(instance, transport, index, cursor, how="since"):
    """A stream of everything, from a cursor on; index counts the gateways from 1."""
    if transport == "ws":
        ws = instance.ws(index=index, sub=f"user-{index}")
        ws.wait("connection_established")
        ws.subscribe(">", **({"since": cursor} if cursor else {}))
        return ws
    # The event stream goes through the port; with one gateway left that is the one meant.
    path = "/api/v1/stream?topics=metrics.>,alerts,activity"
    headers = {"Last-Event-ID": cursor} if cursor and how == "header" else None
    if cursor and how != "header":
        path += f"&{how}={cursor}"
    stream = instance.sse(path=path, headers=headers)
    assert stream.response.status_code == 200, stream.response.text
    stream.wait("subscribed")
    return stream


HOWS = itertools.cycle(["header", "since", "last_event_id", "lastEventId"])


@pytest.mark.parametrize("transports", [["ws"], ["sse"], ["ws", "sse"]])
def test_a_cursor_is_good_on_every_gateway_and_transport(make_instance, transports):
    instance = make_instance(gateways=2, env={"MAX_BUFFER_SIZE": "1000000"}).start()
    source = Source(instance)
    # Events of before: both gateways have them when the first stream begins.
    with connect(instance, "ws", 1, None) as one, connect(instance, "ws", 2, None) as two:
        source.burst(20)
        for stream in one, two:
            wait_until(lambda: sum(map(len, received(stream).values())) == 20, what="the events of before")
    got, alert_seqs, cursor = {log: [] for log in KINDS}, [], None
    start = {log: len(numbers) for log, numbers in source.sent.items()}
    for turn in range(8):
        transport = transports[turn % len(transports)]
        with connect(instance, transport, turn % 2 + 1, cursor, next(HOWS)) as stream:
            if turn == 0:
                start = {log: len(numbers) for log, numbers in source.sent.items()}
            source.burst(40)
            # Cut somewhere in the middle of what is under way, in some turns.
            least = sum(map(len, source.sent.values())) - sum(start.values()) if turn % 2 else 1
            wait_until(lambda: sum(map(len, received(stream).values())) + sum(map(len, got.values())) >= least, 30,
                       f"{least} events in turn {turn}")
        wait_until(lambda: stream.closed is not None, what="the end")
        assert not stream.of_type("gap"), stream.of_type("gap")
        for log, numbers in received(stream).items():
            got[log] += numbers
        alert_seqs += alerts(stream)
        cursor = stream.cursor() or cursor
        source.burst(25)  # while nobody is there
    with connect(instance, "ws", 1, cursor) as stream:
        expected = sum(map(len, source.sent.values())) - sum(start.values())
        wait_until(lambda: sum(map(len, received(stream).values())) + sum(map(len, got.values())) >= expected, 30,
                   "all that was missed")
        # Samples that one pass took together are one transition, so the journal knows how many there were.
        newest = instance.status()["journal"]["logs"]["alerts"]["next"]
        wait_until(lambda: alert_seqs + alerts(stream) == list(range(alert_seqs[0], newest)), 30,
                   "each transition of the alert once")
        for log, numbers in received(stream).items():
            assert got[log] + numbers == source.sent[log][start[log]:], log
        assert not stream.of_type("gap")


def test_order_after_a_resume_is_answer_state_missed_live(make_instance):
    instance = make_instance().start()
    source = Source(instance)
    with connect(instance, "ws", 1, None) as ws:
        source.burst(8)
        wait_until(lambda: sum(map(len, received(ws).values())) == 8 and alerts(ws), what="the first events")
        cursor = ws.cursor()
    source.burst(8)
    ws = instance.ws()
    with ws:
        ws.wait("connection_established")
        ws.subscribe(">", since=cursor)
        source.burst(8)
        wait_until(lambda: sum(map(len, received(ws).values())) == 16, what="missed and live")
        kinds = [m["type"] for m in ws.messages]
        assert kinds[:3] == ["connection_established", "subscribed", "initial_metrics"]
        for log, numbers in received(ws).items():
            assert numbers == source.sent[log][2:], log
        with_log = [m for m in ws.messages if m["type"] in ("event", "system_alert", "alert_update")]
        for log in (*KINDS, "alerts"):
            seqs = [m["seq"] for m in with_log if m["log"] == log]
            assert seqs == sorted(set(seqs)), log
        assert all(len(m["cursor"]) == len(cursor) and list(m)[-1] == "cursor" for m in with_log)


def test_outside_of_the_window_there_is_one_gap_for_each_log(make_instance):
    instance = make_instance(env={"MAX_BUFFER_SIZE": "1000000"}, config={
        "aggregator": "journal_entries = 100\njournal_time = 1s\njournal_bytes = 1MiB",
        "gateway": "window_bytes = 1MiB"}).start()
    source = Source(instance)
    with connect(instance, "ws", 1, None) as ws:
        source.burst(8)
        wait_until(lambda: sum(map(len, received(ws).values())) == 8, what="the first events")
        cursor = ws.cursor()
        first = {m["log"]: m["seq"] for m in ws.of_type("event")}
    pad = " " + "x" * 20000
    oldest = lambda: {log: row["oldest"] for log, row in instance.status()["journal"]["logs"].items()}
    for _ in range(40):
        source.burst(40, pad)
        if all(oldest()[log] > first[log] + 1 for log in KINDS):
            break
    assert all(oldest()[log] > first[log] + 1 for log in KINDS), "the journal never let go"
    instance.env["SIGHTLINE_GATEWAY_PORT"] = "0"
    # Another gateway has none of it in its own window.
    instance.start_gateway(2)
    instance.wait_ready(2)
    for index in (1, 2):
        with connect(instance, "ws", index, cursor) as ws:
            wait_until(lambda: all(numbers and numbers[-1] == source.sent[log][-1]
                                   for log, numbers in received(ws).items()), 30, "the newest of every log")
            source.burst(8)
            wait_until(lambda: all(numbers[-1] == source.sent[log][-1] for log, numbers in received(ws).items()),
                       what="live events after the gap")
            gaps = {}
            for message in ws.of_type("gap"):
                data = message["data"]
                assert data["log"] not in gaps, "one gap for each log"
                gaps[data["log"]] = data
                assert data["count"] == data["to"] - data["from"] + 1 and data["reason"] and message["cursor"]
            for log in KINDS:
                seqs = [m["seq"] for m in ws.of_type("event") if m["log"] == log]
                begin = gaps[log]["to"] + 1 if log in gaps else first[log] + 1
                assert seqs == list(range(begin, begin + len(seqs))), (log, gaps.get(log))
                assert log not in gaps or gaps[log]["from"] == first[log] + 1
            assert set(gaps) >= ({*KINDS} if index == 2 else set())


def test_a_cursor_of_a_lost_journal_is_one_gap_and_goes_on(make_instance):
    instance = make_instance().start()
    source = Source(instance)
    with connect(instance, "ws", 1, None) as ws:
        source.burst(8)
        wait_until(lambda: sum(map(len, received(ws).values())) == 8, what="the first events")
        cursor = ws.cursor()
    epoch = instance.status()["epoch"]
    assert instance.processes["aggregator"].kill(signal.SIGTERM) == 0
    for path in sorted((instance.dir / "data").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    instance.start_aggregator()
    wait_until(lambda: instance.get("/api/v1/status").status_code == 200 and instance.status()["epoch"] != epoch,
               what="another epoch")
    instance.wait_ready(1)
    with connect(instance, "ws", 1, cursor) as ws:
        wait_until(lambda: ws.of_type("gap"), what="a gap")
        source.burst(8)
        wait_until(lambda: sum(map(len, received(ws).values())) >= 8, what="events of the new epoch")
        logs = [m["data"]["log"] for m in ws.of_type("gap")]
        assert len(logs) == len(set(logs))
        assert all(m["epoch"] != cursor for m in ws.of_type("event"))


GARBAGE = ["x", "AAAA", "%00", "A" * 10000, "ä", "!!!", "0" * 64, "-" * 64]


def test_a_cursor_that_is_none_is_refused(make_instance):
    instance = make_instance().start()
    for garbage in GARBAGE:
        for where in ("since", "last_event_id", "lastEventId"):
            answer = instance.get(f"/api/v1/stream?{where}={garbage}", stream=True)
            assert answer.status_code == (414 if len(garbage) > 8192 else 400), (where, garbage)
            assert answer.headers["Content-Type"] == "application/problem+json"
            answer.close()
    with instance.ws() as ws:
        good = ws.wait("connection_established") and ws.subscribe("events.>")["cursor"]
        for garbage in [*GARBAGE, good[:-4], good + "AAAA", good[:-1] + "*", 5, ["x"], {}]:
            error = ws.request("subscribe", "error", topics=["events.>"], since=garbage)
            assert error["data"]["code"] == "bad-cursor", garbage
        assert ws.subscribe("events.>", since=good)["cursor"], "the connection lives on"
    # A well-formed cursor of elsewhere, or of a time to come, is a gap and no error.
    foreign = ("B" if good[4] == "A" else "A").join([good[:4], good[5:]])
    future = good[:-12] + "AAAAAAD_____"[:12]
    for cursor in (foreign, future):
        with instance.ws() as ws:
            ws.wait("connection_established")
            ws.send({"type": "subscribe", "data": {"topics": ["events.>"], "since": cursor}})
            answer = ws.wait(lambda m: m["type"] in ("subscribed", "error"))
            assert answer["type"] == "subscribed" or answer["data"]["code"] == "bad-cursor"
            assert ws.closed is None
