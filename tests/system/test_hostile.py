# SPDX-License-Identifier: Apache-2.0
"""Processes with valid credentials that do everything wrong, beside one that works.

A collector writes numbered events all the time; two clients follow them and
must see neither hole nor repeat, whatever is done to the aggregator's sockets.
"""
import os
import pathlib
import random
import re
import socket
import struct
import subprocess

import pytest

from followers import Swarm
from sightline import BUILD, wait_until

# Mode of hostile_collector: what the log has to say about it; nothing if it harms nobody.
MODES = {
    "random": "corrupt", "lengths": "corrupt", "event": "corrupt", "head": "corrupt", "header": "corrupt",
    "dictionary": "refused", "dictionary-lengths": "refused", "definitions": "refused", "unknown": "refused",
    "doorbell": None, "flood": "throttled", "talk": "dropped",
    "unsealed": "lacks seals", "pipe": "not an eventfd", "noise": "hello", "silence": "no HELLO",
}
NAMELESS = ("noise", "silence")  # they never say who they are
DOORS = {"pub": 0x21, "req": 0x30, "push": 0x50}  # the socket, and the protocol that it expects
STORM = 300
HELD = 100
GROWTH_MAX_KIB = 32 * 1024
SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name  # their memory says nothing about ours


class Line:
    """A working line, and what must not change about its aggregator."""

    def __init__(self, make_instance):
        self.instance = make_instance(gateways=2, config={'collector "load"': "type = synthetic\nstart = false"})
        self.instance.start_aggregator()
        self.instance.start_gateway(1)
        self.instance.wait_ready(1)
        self.instance.start_collector("synthetic", "--name", "load", "--metrics", "5", "--rate", "100",
                                      "--events", "100", key="load")
        self.instance.gateways = 1  # those that followers may go to
        self.swarm = Swarm(self.instance, "hostile", 1, 1)
        self.swarm.wait_for(1, 30)
        self.aggregator = self.instance.processes["aggregator"]
        # A gateway that was started before the doors were open dials them again, each in its time.
        wait_until(self.gateway_connected, what="the gateway's three connections")
        self.fds, self.rss = self.open_files(), self.memory()

    def gateway_connected(self):
        status = self.instance.status()
        return status["bus"]["subscribers"] and status["gateways"]

    def run_dir(self, name):
        return str(self.instance.dir / "run" / name)

    def open_files(self):
        return len(os.listdir(f"/proc/{self.aggregator.pid}/fd"))

    def memory(self):
        text = pathlib.Path(f"/proc/{self.aggregator.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def check(self):
        """Nothing died, nothing grew, and events still come to everybody."""
        for process in self.instance.processes.values():
            assert process.alive(), process.text()[-3000:]
        goes_on = max(follower.next for follower in self.swarm.followers) + 20
        self.swarm.wait_for(goes_on, 30)
        assert not self.swarm.faults(), "\n".join(self.swarm.faults())
        assert all(follower.connects == 1 for follower in self.swarm.followers), "a client lost its connection"
        wait_until(lambda: self.open_files() <= self.fds, 15, "the return of descriptors")
        if not SANITIZED:
            assert self.memory() - self.rss < GROWTH_MAX_KIB

    def new_gateway_joins(self):
        self.instance.start_gateway(2)
        self.instance.wait_ready(2)


@pytest.fixture
def line(make_instance):
    line = Line(make_instance)
    yield line
    line.swarm.stop()


def warnings(text):
    return [row for row in text.splitlines() if row.startswith(("warn ", "error "))]


@pytest.mark.parametrize("mode", MODES)
def test_hostile_collector_is_dropped_or_throttled_and_others_go_on(line, mode):
    done = subprocess.run([str(BUILD / "tests/system/hostile_collector"), line.run_dir("attach"), mode,
                           "--name", "hostile", "--seconds", "7" if mode == "silence" else "2"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    line.check()
    said = [row for row in warnings(line.aggregator.text()) if mode in NAMELESS or "hostile" in row]
    if MODES[mode]:
        assert any(MODES[mode] in row for row in said), f"{mode} {done.stdout}: {said}"
    assert len(said) < 50, "the log is flooded"
    if MODES[mode] not in ("refused", "throttled", None):
        assert "closed" in done.stdout, "the aggregator kept it"
    # The name is free again, for one that behaves.
    row = line.instance.source("hostile")
    assert row is None or row["state"] == "gone"


def visit(path, *pieces, kind=socket.SOCK_STREAM):
    """Connects and says something; the peer may hang up meanwhile."""
    peer = socket.socket(socket.AF_UNIX, kind)
    peer.settimeout(5)
    try:
        peer.connect(path)
        for piece in pieces:
            peer.sendall(piece)
    except OSError:
        pass
    return peer


def hello(protocol):
    return b"\0SP\0" + struct.pack(">HH", protocol, 0)


def framed(message):
    return b"\1" + struct.pack(">Q", len(message)) + message


def attack(line, door, protocol):
    """All that a peer may try at one door; gives the connections that it keeps open."""
    path = line.run_dir(door)
    noise = random.Random(door)
    bombs = [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
             b"\x91" * 4096, b"", b"\xc1", noise.randbytes(4096)]
    for _ in range(STORM):
        visit(path).close()
    for _ in range(50):
        visit(path, noise.randbytes(512)).close()
    for bomb in bombs:
        # Requests carry their id before the message.
        visit(path, hello(protocol), framed(bomb), framed(b"\x80\0\0\1" + bomb)).close()
    for length in (b"\xff" * 8, b"\x7f" + b"\xff" * 7, struct.pack(">Q", 1 << 32)):
        visit(path, hello(protocol), b"\1" + length, b"x" * 1000).close()
    kept = [visit(path, hello(protocol)[:4]) for _ in range(HELD // 2)]
    return kept + [visit(path, hello(protocol), b"\1\0\0") for _ in range(HELD // 2)]


def test_hostile_peers_of_the_bus_harm_nobody_and_a_new_gateway_joins(line):
    kept = [peer for door, protocol in DOORS.items() for peer in attack(line, door, protocol)]
    line.new_gateway_joins()
    for peer in kept:
        peer.close()
    line.instance.processes["gateway-2"].kill(15)
    line.instance.processes.pop("gateway-2")
    line.check()
    assert len(warnings(line.aggregator.text())) < 500, "the log is flooded"


def test_storm_of_silent_connections_keeps_no_collector_out(line):
    path = line.run_dir("attach")
    for _ in range(STORM):
        visit(path, kind=socket.SOCK_SEQPACKET).close()
    for _ in range(50):
        visit(path, random.randbytes(2000), kind=socket.SOCK_SEQPACKET).close()
    kept = [visit(path, kind=socket.SOCK_SEQPACKET) for _ in range(HELD)]
    line.instance.start_collector("synthetic", "--name", "late", "--metrics", "1", "--rate", "10", key="late")
    wait_until(lambda: (line.instance.source("late") or {}).get("state") == "attached", what="the collector's turn")
    for peer in kept:
        peer.close()
    line.instance.processes.pop("late").kill(15)
    line.check()
    assert len(warnings(line.aggregator.text())) < 200, "the log is flooded"
