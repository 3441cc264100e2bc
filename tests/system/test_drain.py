# SPDX-License-Identifier: Apache-2.0
"""Gateways end and are replaced; their clients go elsewhere and miss nothing."""
import signal
import socket

from crowd import Crowd
from sightline import wait_until

CLIENTS = 150


def roll(instance, index):
    """Ends a gateway by SIGTERM and starts it again, as a supervisor does."""
    assert instance.processes[f"gateway-{index}"].kill(signal.SIGTERM) == 0
    instance.start_gateway(index)
    instance.wait_ready(index)


def test_003_8_a_rolling_restart_loses_no_event_of_any_client(make_instance):
    instance = make_instance(gateways=3).start()
    collector = instance.start_collector("synthetic", "--events", "50", "--payload-bytes", "64")
    crowd = Crowd(instance, CLIENTS)
    try:
        wait_until(lambda: crowd.present == CLIENTS, 30, "all clients")
        wait_until(lambda: all(m.next for m in crowd.members), 30, "events for all")
        for index in (1, 2, 3):
            roll(instance, index)
            wait_until(lambda: crowd.present == CLIENTS, 30, "all clients again")
        collector.kill(signal.SIGTERM)
        wait_until(crowd.caught_up, 30, "the last event at every client")
        assert not crowd.faults(), crowd.faults()[:5]
        codes = [code for m in crowd.members for code in m.codes]
        assert set(codes) == {3001} and len(codes) >= CLIENTS / 2
        # One that came to a gateway before its first state was sent on, too.
        assert CLIENTS < sum(m.connects for m in crowd.members) <= CLIENTS + len(codes)
    finally:
        crowd.close()


def test_003_8_a_draining_gateway_is_not_ready_and_sends_newcomers_away(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_DRAIN_TIMEOUT": "10s"}).start()
    # One that never closes its end keeps the gateway draining.
    silent = socket.create_connection(("127.0.0.1", instance.port))
    silent.sendall((f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {instance.token()}\r\n\r\n").encode())
    silent.settimeout(10)
    assert b" 200 " in silent.recv(4096)
    gateway = instance.processes["gateway-1"]
    gateway.popen.send_signal(signal.SIGTERM)
    wait_until(lambda: instance.unix_get(1, "/readyz")[0] == 503, 5, "503 while it drains")
    status, body = instance.unix_get(1, "/readyz")
    assert status == 503 and "draining" in body
    assert instance.unix_get(1, "/healthz")[0] == 200
    bearer = f"Authorization: Bearer {instance.token()}\r\n"
    assert instance.unix_get(1, "/api/v1/stream", bearer)[0] == 503
    # The port is free for the next gateway meanwhile.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", instance.port))
    told = b""
    while chunk := silent.recv(4096):
        told += chunk
    assert b'"code":3001' in told and b'"reconnect":true' in told and b'"retry_ms":' in told
    silent.close()
    assert gateway.wait() == 0
