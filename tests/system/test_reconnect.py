# SPDX-License-Identifier: Apache-2.0
"""Reconnect tokens: a client that kept nothing else goes on where it was (rows 004.2 and 004.7)."""
import re
import socket

import pytest
import requests

from sightline import wait_until

ROUTES = {"/api/admin/analytics/stream": "/api/admin/analytics/reconnect", "/api/v1/stream": "/api/v1/reconnect"}


def event(feeder, number):
    feeder.event("content.updated", contentId=str(number))
    feeder.flush()


def numbers(stream):
    return [int(m["data"]["payload"]["contentId"]) for m in stream.of_type("event")]


def open_stream(instance, path, sub="admin", **kwargs):
    stream = instance.sse(path=path, sub=sub, **kwargs)
    assert stream.response.status_code == 200, stream.response.text
    return stream, stream.wait("connection_established")["data"]["reconnectToken"]


@pytest.mark.parametrize("route", ROUTES)
def test_row_004_2_a_token_goes_on_with_its_subscriptions(make_instance, route):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    stream, token = open_stream(instance, f"{route}?topics=events.content.updated&named=1")
    with stream:
        assert stream.response.headers["X-Reconnect-Token"] == token
        stream.wait("subscribed")
        event(feeder, 0)
        stream.wait("event")
    event(feeder, 1)
    again, other = open_stream(instance, f"{ROUTES[route]}?token={token}")
    with again:
        assert other != token
        assert again.wait("subscribed")["data"]["topics"] == ["events.content.updated"]
        event(feeder, 2)
        wait_until(lambda: numbers(again)[-2:] == [1, 2], what="what was missed and what is new")
        # What came in the last second before the cut may come twice, nothing else.
        assert numbers(again) in ([1, 2], [0, 1, 2]) and not again.of_type("gap")


def place_of(instance, index, token):
    """Where a gateway would let the token's stream begin: the cursor of "subscribed"."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(instance.dir / f"run/gateway-{index}.sock"))
        s.sendall((f"GET /api/admin/analytics/reconnect?token={token} HTTP/1.1\r\nHost: localhost\r\n"
                   f"Authorization: Bearer {instance.token('master_admin', 'admin')}\r\n\r\n").encode())
        text = b""
        while not (found := re.search(rb'"type":"subscribed".*"cursor":"([^"]+)"', text)):
            text += s.recv(65536)
    return found[1].decode()


def test_row_004_7_reported_positions_are_good_on_another_gateway(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    stream, token = open_stream(instance, "/api/admin/analytics/stream?topics=activity")
    with stream:
        stream.wait("subscribed")
        for number in range(20):
            event(feeder, number)
        wait_until(lambda: numbers(stream) == list(range(20)), what="the events")
        instance.env["SIGHTLINE_GATEWAY_PORT"] = "0"
        instance.start_gateway(2)
        instance.wait_ready(2)
        wait_until(lambda: place_of(instance, 2, token) == stream.cursor(), what="the report of its position")
        instance.processes["gateway-1"].kill()
    for number in range(20, 25):
        event(feeder, number)
    instance.env["SIGHTLINE_GATEWAY_PORT"] = str(instance.port)
    instance.start_gateway(3)
    instance.wait_ready(3)
    again, _ = open_stream(instance, f"/api/admin/analytics/reconnect?token={token}")
    with again:
        wait_until(lambda: numbers(again)[-5:] == list(range(20, 25)), what="what was missed")
        assert numbers(again) == list(range(20, 25)) and not again.of_type("gap")


def test_row_004_7_without_a_report_nothing_is_lost(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    stream, token = open_stream(instance, "/api/v1/stream?topics=activity")  # is not reported
    with stream:
        for number in range(5):
            event(feeder, number)
        wait_until(lambda: len(numbers(stream)) == 5, what="the events")
    event(feeder, 5)
    again, _ = open_stream(instance, f"/api/v1/reconnect?token={token}")
    with again:
        wait_until(lambda: numbers(again) == list(range(6)), what="all since its beginning")


def test_a_token_is_no_credential_and_good_for_its_user_only(make_instance):
    instance = make_instance().start()
    stream, token = open_stream(instance, "/api/v1/stream?topics=activity")
    stream.close()
    for path in ROUTES.values():
        assert instance.get(f"{path}?token={token}", role=None).status_code == 401
        other = requests.get(instance.url(f"{path}?token={token}"), timeout=10,
                             headers=instance.bearer("master_admin", "somebody-else"))
        assert other.status_code == 403 and other.json()["type"] == "/problems/forbidden"
        for bad in ("", "x", "AAAA", token[:-2], token[:40] + "A" + token[41:], "A" * 6000):
            refused = instance.get(f"{path}?token={bad}")
            assert refused.status_code == 400, (bad, refused.status_code)
            assert refused.json()["type"] == "/problems/bad-reconnect-token"


def test_a_token_expires_when_nothing_is_known_of_its_connection(make_instance):
    instance = make_instance(env={"CONNECTION_TIMEOUT": "1000"}).start()
    stream, token = open_stream(instance, "/api/v1/stream?topics=activity")
    stream.close()

    def expired():
        answer = requests.get(instance.url(f"/api/v1/reconnect?token={token}"), stream=True, timeout=10,
                              headers=instance.bearer("master_admin", "admin"))
        answer.close()
        return answer.status_code == 410
    wait_until(expired, what="its end")


def test_an_event_source_that_comes_back_by_itself_uses_its_own_cursor(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    stream, token = open_stream(instance, "/api/admin/analytics/stream?topics=activity")
    stream.close()
    event(feeder, 0)
    again, _ = open_stream(instance, f"/api/admin/analytics/reconnect?token={token}")
    with again:
        again.wait("event")
        cursor = again.cursor()
    event(feeder, 1)
    third, _ = open_stream(instance, f"/api/admin/analytics/reconnect?token={token}", headers={"Last-Event-ID": cursor})
    with third:
        third.wait("event")
        assert numbers(third) == [1]
