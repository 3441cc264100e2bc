# SPDX-License-Identifier: Apache-2.0
"""Streams that live longer than their tokens, for the short test and the long campaign."""
import concurrent.futures
import time

import requests


class Refreshed:
    """A stream whose token is refreshed in it (WebSocket) or by POST (event stream)
    each time that the gateway says it is about to expire."""

    def __init__(self, instance, stream, token):
        self.instance = instance
        self.stream = stream
        self.token = token
        self.rounds = 0
        self.id = next(m for m in stream.messages if m["type"] == "connection_established")["data"]["connectionId"]

    def go(self, seconds):
        """Waits for one token_expiring and answers it."""
        self.stream.wait("token_expiring", seconds)
        if hasattr(self.stream, "send"):
            self.stream.send({"type": "refresh", "data": {"token": self.token()}})
        else:
            answer = requests.post(self.instance.url(f"/api/v1/connections/{self.id}/refresh"), timeout=10,
                                   headers={"Authorization": f"Bearer {self.token()}"})
            assert answer.status_code == 200, answer.text
        again = self.stream.wait("connection_established", 10)["data"]
        assert again["connectionId"] == self.id, "it is the same connection"
        self.rounds += 1


def refresh_until(refreshed, end, ttl_s, report):
    """Goes on until the time is over and the token has been another one three times."""
    stream = refreshed.stream
    while time.monotonic() < end or refreshed.rounds < 3:
        refreshed.go(ttl_s + 10)
        report(f"{refreshed.rounds} refreshed, {len(stream.messages)} messages")
    stream.wait("metrics_update", 20)
    assert stream.closed is None and not stream.of_type("disconnect"), "never disconnected"
    stream.close()
    return refreshed.rounds


def wait_for_the_end(stream, ttl_s):
    """Nobody refreshes this one: it is told before, and closed."""
    stream.wait("token_expiring", ttl_s + 10)
    said = stream.wait("disconnect", ttl_s + 10)["data"]
    assert said["code"] == 3005 and said["reconnect"] is True
    assert stream.wait_closed() in (3005, "eof")
    stream.close()


def run(instance, ttl_s, seconds, report=lambda text: None):
    """Two streams are refreshed and stay, two are not and end; gives how often the former were."""
    def token():
        return instance.ctl("token", "--role", "technical_admin", "--sub", "anna", "--ttl", f"{ttl_s}s").stdout.strip()

    def pair(index):
        return (instance.ws(role=None, token=token(), index=index),
                instance.sse(None, headers={"Authorization": f"Bearer {token()}"}))
    end = time.monotonic() + seconds
    stay, go = pair(1), pair(2)
    stay[0].subscribe("metrics.>")
    stay[1].wait("initial_metrics")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ended = [pool.submit(wait_for_the_end, stream, ttl_s) for stream in go]
        rounds = [pool.submit(refresh_until, Refreshed(instance, stream, token), end, ttl_s, report) for stream in stay]
        for job in ended:
            job.result()
        return [job.result() for job in rounds]
