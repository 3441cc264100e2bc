# SPDX-License-Identifier: Apache-2.0
"""Live connections get new tokens: in the stream, and by POST to any gateway."""
import socket
import json
import signal

import pytest

import tokens
from sightline import wait_until


def request(instance, index, method, path, token, body=None):
    """A request to one gateway by its own socket: (status, parsed body)."""
    text = json.dumps(body) if body is not None else ""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(instance.dir / f"run/gateway-{index}.sock"))
        s.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
                  f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body or b"null")


@pytest.mark.parametrize("gateway", [1, 2])
def test_post_refreshes_a_connection_on_whichever_gateway_it_is(make_instance, gateway):
    instance = make_instance(gateways=2).start("system")
    old, new = (instance.token("technical_admin", "anna", ttl) for ttl in ("90s", "2h"))
    other = instance.token("technical_admin", "bert")
    foreign = instance.token("technical_admin", "anna", "1h", "--tenant", "acme")
    wider = instance.token("master_admin", "anna")
    with instance.ws(role=None, token=old, index=1) as ws:
        first = ws.wait("connection_established")["data"]
        ws.subscribe(">")
        assert "businessMetrics" not in ws.wait("initial_metrics")["data"]
        path = f"/api/v1/connections/{first['connectionId']}/refresh"
        status, answer = request(instance, gateway, "POST", path, new)
        assert status == 200 and answer["connectionId"] == first["connectionId"], answer
        again = ws.wait("connection_established")["data"]
        assert again["expiresAt"] == answer["expiresAt"] > first["expiresAt"]
        assert again["connectionId"] == first["connectionId"]
        for token in (other, foreign):
            status, answer = request(instance, gateway, "POST", path, token)
            assert status == 404 and answer["type"] == "/problems/not-found", answer
        assert request(instance, gateway, "POST", path, old, {"token": other})[0] == 403
        assert request(instance, gateway, "POST", path, old, {"token": new + "x"})[0] == 400
        assert len(ws.of_type("initial_metrics")) == 1, "the same role sees the same"
        status, answer = request(instance, gateway, "POST", path, old, {"token": wider})
        assert status == 200 and answer["role"] == "master_admin"
        assert "businessMetrics" in ws.wait("initial_metrics")["data"], "a new role gets what it sees"
        assert ws.closed is None


def test_a_connection_that_is_not_there_is_404(make_instance):
    instance = make_instance(gateways=2).start()
    with instance.ws(index=1) as ws:
        gone = ws.wait("connection_established")["data"]["connectionId"]
    wait_until(lambda: instance.status()["gateways"] and
               sum(g["websockets"] for g in instance.status()["gateways"]) == 0, what="the end of the connection")
    for connection in (gone, "00000000-0000-4000-8000-000000000000", "nonsense"):
        for gateway in (1, 2):
            path = f"/api/v1/connections/{connection}/refresh"
            assert request(instance, gateway, "POST", path, instance.token())[0] == 404


def test_a_connection_of_a_gateway_that_stands_still_is_503_not_404(make_instance):
    instance = make_instance(gateways=2).start()
    still = instance.processes["gateway-2"].popen
    with instance.ws(index=2) as ws:
        path = f"/api/v1/connections/{ws.wait('connection_established')['data']['connectionId']}/refresh"
        wait_until(lambda: len(instance.status()["gateways"]) == 2, what="two gateways")
        still.send_signal(signal.SIGSTOP)
        try:
            status, answer = request(instance, 1, "POST", path, instance.token())
        finally:
            still.send_signal(signal.SIGCONT)
        assert status == 503 and answer["type"] == "/problems/unavailable", answer
        wait_until(lambda: request(instance, 1, "POST", path, instance.token())[0] == 200, what="its gateway's answer")


def test_a_refreshed_stream_outlives_its_tokens_and_others_end_with_3005(make_instance):
    instance = make_instance(gateways=2, config={"gateway": "token_warning = 4s"},
                             env={"MAX_CONNECTIONS_PER_USER": "10"}).start("system")
    assert min(tokens.run(instance, ttl_s=8, seconds=15)) >= 3
