# SPDX-License-Identifier: Apache-2.0
"""collect-log: files through rotation, real programs' logs, exactly once."""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from sightline import free_port, wait_until

TICKS = r"""
	pattern "tick" {
		expression = '^n=(?<n>\d+)'
		event = "bench.tick"
		count = "log_messages"
	}
"""


def section(files, patterns=TICKS, **options):
    """A section of type log; files: {title: (patterns, path…)}."""
    text = "type = log\npoll_interval = 50ms\nlinger = 300ms\nmodules = {}\n"
    text += "".join(f"{name} = {value}\n" for name, value in options.items())
    for title, (names, *paths) in files.items():
        listed = ", ".join(f'"{path}"' for path in paths)
        text += f'file "{title}" {{\npaths = {{{listed}}}\npatterns = {{{", ".join(names)}}}\nbegin = beginning\n}}\n'
    # What is asserted is that every event arrives, not how a slow client is spared.
    return {'collector "log"': text + patterns, "gateway": "max_buffer_size = 1000000\npending_bytes_max = 64MiB"}


class Follower:
    """Events of bench.tick by their number, over everything that is killed."""

    def __init__(self, instance):
        self.instance = instance
        self.client = instance.ws()
        self.client.subscribe("events.>")

    def numbers(self, kind="bench.tick"):
        return [m["data"]["payload"]["n"] for m in self.client.of_type("event") if m["data"]["type"] == kind]

    def payloads(self, kind):
        return [m["data"]["payload"] for m in self.client.of_type("event") if m["data"]["type"] == kind]

    def wait_numbers(self, wanted, seconds=30):
        wanted = sorted(wanted)
        wait_until(lambda: len(self.numbers()) >= len(wanted), seconds, f"{len(wanted)} lines")
        assert sorted(self.numbers()) == wanted

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


@pytest.fixture(name="logs")
def folder(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path


def append(path, numbers):
    with open(path, "a", encoding="ascii") as out:
        out.writelines(f"n={n} some more text of a line\n" for n in numbers)


def collector(instance):
    return instance.processes["collect-log"]


def value(instance, metric, **labels):
    """The sum of a metric's value, through a WebSocket's points."""
    with instance.ws(path="/api/v1/ws?format=points") as client:
        client.subscribe(f"metrics.{metric}")
        for message in client.messages:
            for point in message["data"].get("points", []):
                if point["metric"] == metric.split(".")[-1]:
                    return point["value"]
        return None


def test_lines_become_events_and_counts(make_instance, logs):
    path = logs / "app.log"
    append(path, range(5))
    instance = make_instance(config=section({"app": (["tick"], path)})).start()
    with Follower(instance) as follower:
        instance.start_collector("log")
        follower.wait_numbers(range(5))
        append(path, range(5, 2000))
        follower.wait_numbers(range(2000))
        wait_until(lambda: value(instance, "system_health.log_messages") == 2000, 20, "the count")
