# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote, straight and through proxies: all see the same events."""
import json
import os
import subprocess
import threading

import pytest

from proxies import make_proxy, start_gateway  # noqa: F401
from sightline import ROOT, wait_until
from tls import serve_tls, trusting

CLIENTS = ROOT / "tests/system/clients"
TOPIC = "events.content.*"
STREAM = f"/api/v1/stream?topics={TOPIC}"
EVENTS = 40


class Program:
    """A client in a process of its own: what it prints are messages."""

    def __init__(self, directory, name, *command, certificate=None):
        env = dict(os.environ, NODE_EXTRA_CA_CERTS=str(certificate)) if certificate else None
        self.name = name
        self.messages = []
        self.errors = open(directory / f"{name}.err", "wb")
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=env)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.popen.stdout:
            if line.startswith("data:"):
                line = line[5:]
            if line.lstrip().startswith("{"):
                self.messages.append(json.loads(line))

    def close(self):
        self.popen.kill()
        self.popen.wait()
        self.thread.join(5)
        self.popen.stdout.close()
        self.errors.close()


def seen(client):
    return [m["data"]["payload"]["contentId"] for m in list(client.messages) if m["type"] == "event"]


def is_ready(client):
    # A WebSocket is when it has subscribed, a stream from its beginning.
    kinds = {m["type"] for m in list(client.messages)}
    return "subscribed" in kinds or ("connection_established" in kinds and client.name not in ("ws", "python"))


@pytest.fixture(params=["http", "https", "nginx", "haproxy", "caddy"])
def way(request, make_instance, make_proxy):  # noqa: F811
    """(instance, base of URLs, certificate or None)"""
    options = "max_connections_per_user = 100\n"
    if request.param == "http":
        instance = make_instance(config={"gateway": options}).start()
        return instance, instance.url(""), None
    if request.param == "https":
        instance = make_instance()
        certificate = serve_tls(instance, options)
        instance.start()
        return instance, f"https://localhost:{instance.tls_port}", certificate
    proxy = make_proxy(request.param, options)
    return proxy.instance, proxy.url(""), proxy.certificate


def start_all(instance, base, certificate):
    token, ws = instance.token(), "ws" + base.removeprefix("http")
    trust = ["--cacert", str(certificate)] if certificate else []
    yield Program(instance.dir, "ws", "node", str(CLIENTS / "ws.mjs"), f"{ws}/api/v1/ws", token, TOPIC,
                  certificate=certificate)
    yield Program(instance.dir, "eventsource", "node", str(CLIENTS / "eventsource.mjs"), base + STREAM, token,
                  certificate=certificate)
    yield Program(instance.dir, "curl", "curl", "-sN", *trust, "-H", f"Authorization: Bearer {token}", base + STREAM)
    python = instance.ws(url=f"{ws}/api/v1/ws", ssl=trusting(certificate) if certificate else None)
    python.name = "python"
    python.subscribe(TOPIC)
    yield python


def test_node_python_and_curl_see_every_event_once_and_in_order(way):
    instance, base, certificate = way
    feeder = instance.start_feeder()
    clients = []
    try:
        for client in start_all(instance, base, certificate):
            clients.append(client)
        for client in clients:
            wait_until(lambda client=client: is_ready(client), what=f"{client.name} connected")
        for n in range(EVENTS):
            feeder.event("content.updated", contentId=str(n))
        expected = [str(n) for n in range(EVENTS)]
        for client in clients:
            wait_until(lambda client=client: len(seen(client)) >= EVENTS, what=f"all events at {client.name}")
            assert seen(client) == expected, client.name
    finally:
        for client in clients:
            client.close()


def test_node_eventsource_resumes_by_itself_when_its_gateway_goes(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    client = Program(instance.dir, "eventsource", "node", str(CLIENTS / "eventsource.mjs"),
                     instance.url(STREAM), instance.token())
    try:
        wait_until(lambda: is_ready(client), what="eventsource connected")
        for n in range(10):
            feeder.event("content.updated", contentId=str(n))
        wait_until(lambda: len(seen(client)) == 10, what="the first events")
        instance.processes["gateway-1"].kill()
        for n in range(10, 20):
            feeder.event("content.updated", contentId=str(n))
        instance.start_gateway()
        instance.wait_ready()
        wait_until(lambda: len(seen(client)) >= 20, what="the events of the time between")
        assert seen(client) == [str(n) for n in range(20)]
        assert not [m for m in client.messages if m["type"] == "gap"]
    finally:
        client.close()
