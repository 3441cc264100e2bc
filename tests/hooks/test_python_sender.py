# SPDX-License-Identifier: Apache-2.0
"""Every event that the Python hooks take arrives once, in order, whatever the collector answers."""
import logging
import threading

import pytest

from collector import Hostile
from sightline_hooks import sender as sender_module
from sightline_hooks.settings import Settings


def emit(sender, *numbers):
    for n in numbers:
        assert sender.emit("bench.hooks", {"n": n})


def test_events_go_in_batches_and_in_order(collector, make_sender):
    sender = make_sender(linger_s=5)
    emit(sender, *range(2000))
    assert sender.flush(20)
    assert collector.numbers() == list(range(2000)) and len(collector.requests) < 20
    assert sender.figures()["sent"] == sender.figures()["taken"] == 2000 and sender.figures()["queued"] == 0


def test_threads_share_a_sender(collector, make_sender):
    sender = make_sender()
    threads = [threading.Thread(target=emit, args=(sender, *range(lane * 1000, lane * 1000 + 500))) for lane in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sender.flush(20)
    found = collector.numbers()
    for lane in range(8):
        assert [n for n in found if n // 1000 == lane] == list(range(lane * 1000, lane * 1000 + 500))


@pytest.mark.parametrize("failure", ["cut", (503, {}, ""), (500, {}, ""), (404, {}, ""), (200, {}, ""), (401, {}, "")])
def test_what_was_not_taken_is_sent_again_with_the_same_ids(collector, make_sender, failure):
    collector.answers.extend([failure] * 3)
    sender = make_sender()
    emit(sender, 1)
    assert sender.flush(20)
    emit(sender, 2)
    assert sender.flush(20)
    assert collector.numbers() == [1, 2]
    assert len({events[0]["id"] for _, events in collector.requests[:4]}) == 1
    assert sender.figures()["retries"] >= 2 and sum(sender.figures()["dropped"].values()) == 0


def test_a_kept_connection_that_was_closed_is_opened_again_at_once(collector, make_sender):
    sender = make_sender()
    emit(sender, 1)
    assert sender.flush(20)
    collector.answers.append("cut")
    emit(sender, 2)
    assert sender.flush(20)
    assert collector.numbers() == [1, 2] and sender.figures()["retries"] == 0


def test_retry_after_is_honoured_and_firm(collector, make_sender, monkeypatch):
    sender = make_sender()
    pauses = []
    monkeypatch.setattr(sender.buffer, "pause", lambda seconds, firm: pauses.append((seconds, firm)))
    collector.answers.extend([(429, {"Retry-After": "7"}, ""), (503, {}, "")])
    emit(sender, 1)
    assert sender.flush(20)
    (asked, firm), (own, soft) = pauses
    assert 7 <= asked <= 7 * 1.25 and firm and own <= 0.02 and not soft


def test_an_event_at_fault_is_dropped_and_counted_and_the_others_arrive(collector, make_sender):
    def refuse(events):
        for place, event in enumerate(events):
            if event["payload"]["n"] in (0, 7, 8, 19):
                return 422, {}, f"events[{place}]: the catalog does not declare it"
        return None

    collector.always = refuse
    sender = make_sender(linger_s=5)
    emit(sender, *range(20))
    assert sender.flush(20)
    assert collector.numbers() == [n for n in range(20) if n not in (0, 7, 8, 19)]
    assert sender.figures()["dropped"]["refused"] == 4
    assert "does not declare" in sender.figures()["last_error"]


def test_a_type_that_the_catalog_lacks_is_asked_for_once_in_a_while(collector, make_sender, monkeypatch):
    def refuse(events):
        for place, event in enumerate(events):
            if event["type"] == "not.declared":
                return 422, {}, f"events[{place}]: the catalog does not declare the type not.declared"
        return None

    collector.always = refuse
    sender = make_sender(linger_s=5)
    for n in range(1000):
        assert sender.emit("not.declared" if n % 3 == 0 else "bench.hooks", {"n": n})
    assert sender.flush(20)
    assert collector.numbers() == [n for n in range(1000) if n % 3 != 0]
    assert sender.figures()["dropped"]["refused"] == 334 and sender.figures()["sent"] == 666
    assert len(collector.requests) < 10
    collector.always = None
    asked = len(collector.requests)
    assert sender.emit("not.declared", {"n": -1}) and sender.flush(20) and len(collector.requests) == asked
    monkeypatch.setattr(sender_module.time, "monotonic", lambda now=sender_module.time.monotonic: now() + 60)
    assert sender.emit("not.declared", {"n": -2}) and sender.flush(20)
    assert collector.numbers()[-1] == -2


def test_a_body_that_nobody_can_place_is_halved_until_it_is_found(collector, make_sender):
    collector.always = lambda events: (400, {}, "line 1") if any(e["payload"]["n"] == 5 for e in events) else None
    sender = make_sender(linger_s=5)
    emit(sender, *range(16))
    assert sender.flush(20)
    assert collector.numbers() == [n for n in range(16) if n != 5]


def test_a_batch_that_is_too_large_is_made_smaller(collector, make_sender):
    collector.always = lambda events: (413, {}, "") if len(events) > 3 else None
    sender = make_sender(linger_s=5)
    emit(sender, *range(20))
    assert sender.flush(20)
    assert collector.numbers() == list(range(20)) and sender.figures()["dropped"]["refused"] == 0


def test_with_a_clock_ahead_the_collector_stamps_the_event(collector, make_sender):
    collector.always = lambda events: (422, {}, "events[0]: its time 2099 is more than 5 s ahead") \
        if "time" in events[0] else None
    sender = make_sender()
    emit(sender, 1)
    assert sender.flush(20)
    assert collector.numbers() == [1] and "time" not in collector.taken[0]


def test_a_new_secret_is_read_from_its_file(collector, make_sender, tmp_path):
    file = tmp_path / "secret"
    file.write_text("the old secret\n", encoding="utf-8")
    sender = make_sender(secret="", secret_file=str(file))
    emit(sender, 1)
    collector.wait(lambda c: c.requests)
    file.write_text(f"{collector.secret}\n", encoding="utf-8")
    assert sender.flush(20) and collector.numbers() == [1]


def test_a_full_buffer_refuses_the_newest_counts_it_and_tells(collector, make_sender):
    collector.always = (503, {}, "")
    sender = make_sender(events_max=10, app="shop")
    assert [sender.emit("bench.hooks", {"n": n}) is not None for n in range(15)] == [True] * 10 + [False] * 5
    assert sender.figures()["dropped"]["full"] == 5 and sender.figures()["queued"] == 10
    collector.always = None
    assert sender.flush(20)
    notice = collector.wait(lambda c: [e for e in c.taken if e["type"] == "system.source_gap"])
    assert notice[0]["payload"]["source"] == "shop" and notice[0]["payload"]["reason"].startswith("5 events dropped")
    assert collector.numbers() == list(range(10))


def test_an_object_that_cannot_be_read_is_dropped_and_never_raises(collector, make_sender):
    class Evil:
        def __str__(self):
            raise RuntimeError("no")

    endless = {}
    endless["self"] = endless
    sender = make_sender()
    for values in ({"a": Evil()}, endless, {"a": "x" * 70_000}, [1], 5):
        assert sender.emit("bench.hooks", values) is None
    assert sender.emit("bench.hooks", {"n": 1}, audience=5) is None, "never to everyone"
    assert sender.emit("bench.hooks", {"n": 1}, time=Evil()) is None

    class Silent(Exception):
        def __str__(self):
            raise self

    class Broken(dict):
        def items(self):
            raise Silent

    assert sender.emit("bench.hooks", Broken(n=1)) is None, "what it raises cannot be read either"
    assert sender.emit(Evil(), {"n": 1}) is None
    assert sender.figures()["dropped"]["invalid"] == 9
    changed = {"n": 1}
    assert sender.emit("bench.hooks", changed)
    changed["n"] = 2
    assert sender.flush(20) and collector.numbers() == [1]


def test_a_log_handler_may_call_a_hook(collector, make_sender):
    sender = make_sender(events_max=1)
    collector.always = (503, {}, "")

    class Handler(logging.Handler):
        def emit(self, record):
            sender.emit("bench.hooks", {"n": record.getMessage()})

    handler = Handler()
    sender_module.log.addHandler(handler)
    try:
        for n in range(10):
            sender.emit("bench.hooks", {"n": n})
    finally:
        sender_module.log.removeHandler(handler)
    assert sender.figures()["dropped"]["full"] >= 9


def test_without_a_secret_the_hooks_are_off_and_say_so_once(caplog):
    one = sender_module.Sender(Settings())
    with caplog.at_level(logging.WARNING, "sightline_hooks"):
        assert [one.emit("bench.hooks", {}) for _ in range(3)] == [None] * 3
    assert one.figures()["dropped"]["off"] == 3 and one.thread is None and not one.figures()["enabled"]
    assert len(caplog.records) == 1 and "SIGHTLINE_HOOKS_SECRET" in caplog.text




TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("name,answer,slow", [
    ("nothing", b"", False), ("garbage", b"\x00\xff garbage\r\n\r\n", False), ("endless headers", b"HTTP/1.1 202 OK\r\nX: " + b"x" * 10**6, False),
    ("many headers", b"HTTP/1.1 202 OK\r\n" + b"X: y\r\n" * 10**5, False), ("slow", TAKEN * 10, True),
    ("half a body", b"HTTP/1.1 202 OK\r\nContent-Length: 999\r\n\r\n{", False),
    ("a foreign answer", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", False)])
def test_a_peer_that_is_no_collector_is_left_and_tried_again(make_sender, name, answer, slow):
    peer = Hostile([answer, answer, TAKEN], slow)
    sender = make_sender(url=peer.url, timeout_s=0.3, retry_max_s=0.01)
    emit(sender, 1)
    if slow:  # it never becomes better: the request ends all the same
        assert not sender.flush(1) and peer.connections >= 2
        assert sender.figures()["last_error"]
    else:
        assert sender.flush(20) and sender.figures()["retries"] >= 2, name
    peer.close()


def test_an_endless_answer_is_read_no_further_than_needed(make_sender):
    peer = Hostile([b"HTTP/1.1 202 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 10**6])
    sender = make_sender(url=peer.url, timeout_s=5)
    emit(sender, 1)
    assert sender.flush(20) and sender.figures()["sent"] == 1
    peer.close()
