# SPDX-License-Identifier: Apache-2.0
"""A user's connections are limited over all gateways together, whatever dies."""
import asyncio
import json
import re
import signal
import threading
import time

import websockets

from sightline import wait_until
from test_gateway_limits import counter

LIMIT = 5
GATEWAYS = 4


class Crowd:
    """Clients of one user that connect at once and then stay."""

    def __init__(self, instance, sub="crowd", sub_args=()):
        self.instance = instance
        self.token = instance.token("master_admin", sub, "1h", *sub_args)
        self.admitted = set()  # now
        self.most = 0
        self.refused = self.others = 0
        self.codes = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def one(self, gateway):
        path = str(self.instance.dir / f"run/gateway-{gateway}.sock")
        try:
            socket = await websockets.unix_connect(
                path, "ws://localhost/api/v1/ws", extra_headers={"Authorization": f"Bearer {self.token}"},
                subprotocols=["sightline.v1.json"], compression=None, ping_interval=None, close_timeout=1,
                open_timeout=30, max_size=None)
        except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
            self.others += 1
            return
        key = object()
        try:
            async for text in socket:
                kind = json.loads(text)["type"]
                if kind == "connection_established":
                    self.admitted.add(key)
                    self.most = max(self.most, len(self.admitted))
        except websockets.ConnectionClosed:
            pass
        finally:
            self.codes.append(socket.close_code)
            self.refused += key not in self.admitted and socket.close_code == 3504
            self.admitted.discard(key)

    def connect(self, count, gateways=range(1, GATEWAYS + 1)):
        gateways = list(gateways)

        async def begin():
            for i in range(count):
                asyncio.ensure_future(self.one(gateways[i % len(gateways)]))
        asyncio.run_coroutine_threadsafe(begin(), self.loop).result(60)

    def settled(self, count):
        return len(self.admitted) + self.refused + self.others == count

    def close(self):
        async def end():
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


def test_003_8_a_thousand_connects_at_once_on_four_gateways_let_in_exactly_five(make_instance):
    instance = make_instance(gateways=GATEWAYS).start()
    crowd = Crowd(instance)
    crowd.connect(1000)
    wait_until(lambda: crowd.settled(1000), 60, "an answer for everybody")
    assert (len(crowd.admitted), crowd.most, crowd.refused) == (LIMIT, LIMIT, 1000 - LIMIT)
    assert set(crowd.codes) == {3504}
    crowd.close()
    # The places are free again for the next ones.
    crowd = Crowd(instance)
    wait_until(lambda: crowd.connect(2) or len(crowd.admitted) >= LIMIT, 20, "five places again")
    wait_until(lambda: crowd.admitted and crowd.most == LIMIT, 5)
    crowd.close()


def test_003_8_places_of_a_killed_gateway_are_free_again(make_instance):
    instance = make_instance(gateways=2).start()
    crowd = Crowd(instance)
    crowd.connect(LIMIT, [1])
    wait_until(lambda: len(crowd.admitted) == LIMIT, what="five on the first gateway")
    crowd.connect(3, [2])
    wait_until(lambda: crowd.refused == 3, what="refusals on the second")
    instance.processes["gateway-1"].kill(signal.SIGKILL)
    wait_until(lambda: not crowd.admitted, what="the end of the five")
    wait_until(lambda: crowd.connect(1, [2]) or len(crowd.admitted) == LIMIT, 10, "five on the second")
    assert crowd.most == LIMIT
    crowd.close()


def test_003_8_places_of_a_gateway_that_stands_still_lapse_and_are_given_back(make_instance):
    instance = make_instance(gateways=2).start()
    still = Crowd(instance)
    still.connect(LIMIT, [1])
    wait_until(lambda: len(still.admitted) == LIMIT, what="five on the first gateway")
    gateway = instance.processes["gateway-1"]
    gateway.popen.send_signal(signal.SIGSTOP)
    crowd = Crowd(instance)
    wait_until(lambda: crowd.connect(1, [2]) or len(crowd.admitted) == LIMIT, 10, "the lapse of the lease")
    gateway.popen.send_signal(signal.SIGCONT)
    # It comes back with five connections for which there are no places any more.
    wait_until(lambda: not still.admitted, 10, "the end of the surplus")
    assert len(crowd.admitted) == LIMIT and set(still.codes) == {3504}
    still.close()
    crowd.close()


def test_003_8_a_restart_of_the_aggregator_forgets_no_place(make_instance):
    instance = make_instance(gateways=GATEWAYS).start()
    crowd = Crowd(instance)
    crowd.connect(3, [1, 2, 3])
    wait_until(lambda: len(crowd.admitted) == 3, what="three on three gateways")
    instance.processes["aggregator"].kill()
    crowd.connect(200)
    instance.start_aggregator()
    wait_until(lambda: crowd.settled(203), 30, "an answer for everybody")
    assert (len(crowd.admitted), crowd.most) == (LIMIT, LIMIT)
    crowd.close()


def test_003_8_without_an_aggregator_gateways_let_in_and_reconcile_when_it_is_back(make_instance):
    instance = make_instance(gateways=2).start()
    instance.processes["aggregator"].kill()
    crowd = Crowd(instance)
    crowd.connect(20, [1, 2])
    # Each by its own count, after two seconds without an answer.
    wait_until(lambda: crowd.settled(20), 20, "an answer for everybody")
    assert len(crowd.admitted) == 2 * LIMIT
    instance.start_aggregator()
    wait_until(lambda: len(crowd.admitted) == LIMIT, 20, "the surplus's end")
    time_of_calm = time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > time_of_calm)
    assert len(crowd.admitted) == LIMIT
    crowd.close()


def test_003_8_who_is_let_in_while_the_aggregator_is_asked_stays(make_instance):
    instance = make_instance().start()
    aggregator = instance.processes["aggregator"]
    crowds = [Crowd(instance, sub=f"user-{i}") for i in range(5)]
    aggregator.popen.send_signal(signal.SIGSTOP)
    for crowd in crowds:
        crowd.connect(1, [1])
    wait_until(lambda: counter(instance, "places_alone") == len(crowds), 10, "connections without the aggregator")
    for crowd in crowds:
        crowd.close()
    # What is asked from now on says that nobody is there ...
    wait_until(lambda: re.search(r"^sightline_gateway_websockets{.*} 0$", instance.unix_get(1, "/metrics")[1], re.M),
               what="their end")
    asked = counter(instance, "places_asked")
    wait_until(lambda: counter(instance, "places_asked") > asked, 10, "the next question")
    crowds = [Crowd(instance, sub=f"user-{i}") for i in range(5)]
    for crowd in crowds:
        crowd.connect(1, [1])
    wait_until(lambda: all(crowd.admitted for crowd in crowds), 10, "connections again")
    # ... and is answered when they are.
    aggregator.popen.send_signal(signal.SIGCONT)
    wait_until(lambda: "the aggregator answers again" in instance.processes["gateway-1"].text(), 10, "its answer")
    asked = counter(instance, "places_asked")
    wait_until(lambda: counter(instance, "places_asked") > asked + 1, 10, "two more questions")
    assert all(crowd.admitted for crowd in crowds) and counter(instance, "places_surplus") == 0
    for crowd in crowds:
        crowd.close()


def test_003_8_the_token_may_say_how_many(make_instance):
    instance = make_instance(gateways=2).start()
    crowd = Crowd(instance, "many", ("--max-connections", "7"))
    crowd.connect(30, [1, 2])
    wait_until(lambda: crowd.settled(30), what="an answer for everybody")
    assert (len(crowd.admitted), crowd.most) == (7, 7)
    crowd.close()


def test_003_8_a_stream_over_the_limit_is_429_with_a_problem(make_instance):
    instance = make_instance(env={"MAX_CONNECTIONS_PER_USER": "1"}).start()
    with instance.sse() as sse:
        sse.wait("initial_metrics")
        refused = instance.get("/api/v1/stream")
        assert refused.status_code == 429
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/connection-limit" and "Retry-After" in refused.headers
    wait_until(lambda: instance.get("/api/v1/stream", stream=True).status_code == 200, 10, "the free place")


def test_003_8_what_comes_right_behind_auth_waits_for_the_place(make_instance):
    instance = make_instance().start()
    with instance.ws(role=None) as ws:
        async def both():
            for message in ({"type": "auth", "data": {"token": instance.token()}},
                            {"type": "subscribe", "id": 7, "data": {"topics": ["alerts"]}}, {"type": "ping"}):
                await ws.socket.send(json.dumps(message))
        ws._run(both())
        assert [m["type"] for m in (ws.wait(lambda m: True), ws.wait(lambda m: True))] == [
            "connection_established", "subscribed"]
        ws.wait("pong")
