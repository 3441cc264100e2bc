# SPDX-License-Identifier: Apache-2.0
"""The collectors alone: what they write into their rings, read by ring_tail."""
import collections
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from sightline import BUILD, ROOT, program, wait_until


class Tail:
    """ring_tail at an attach socket: keeps what sources write."""

    def __init__(self, directory, *args):
        self.directory = pathlib.Path(directory)
        self.lock = threading.Lock()
        self.lines, self.names = [], {}
        self.samples = collections.defaultdict(list)
        self.events = []
        self.popen = subprocess.Popen(
            [str(BUILD / "tests/system/ring_tail"), str(self.directory / "run/attach"), *args],
            stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        wait_until(lambda: self.seen("listening"), what="ring_tail")

    def read(self):
        for line in self.popen.stdout:
            record = json.loads(line)
            with self.lock:
                self.lines.append(record)
                if "attached" in record:
                    self.names = {}
                elif "def" in record:
                    labels = tuple(sorted(record["labels"].items()))
                    self.names[record["def"]] = (record["name"], labels)
                elif "sample" in record:
                    self.samples[self.names[record["sample"]]].append(record["value"])
                elif "event" in record:
                    self.events.append(record)

    def seen(self, key):
        with self.lock:
            return [line for line in self.lines if key in line]

    def values(self, metric, **labels):
        with self.lock:
            return list(self.samples[(metric, tuple(sorted(labels.items())))])

    def latest(self, metric, **labels):
        return wait_until(lambda: self.values(metric, **labels), what=f"a sample of {metric}")[-1]

    def numbers(self):
        with self.lock:
            return [event["payload"]["n"] for event in self.events]

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
        self.popen.wait(20)
        self.thread.join(20)


@pytest.fixture
def place():
    """A directory of an instance in which only collectors run; everything ends with the test."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sl-"))
    for name in ("etc", "run", "data", "log"):
        (directory / name).mkdir()
    shutil.copy(ROOT / "etc/catalog.conf", directory / "etc")
    started = []

    class Place:
        dir = directory

        @staticmethod
        def configure(text):
            (directory / "etc/sightline.conf").write_text(text, encoding="utf-8")

        @staticmethod
        def tail(*args):
            started.append(Tail(directory, *args))
            return started[-1]

        @staticmethod
        def collector(kind, *args):
            popen = subprocess.Popen(
                [program(f"collect-{kind}"), "--dir", str(directory), *args],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            started.append(popen)
            return popen

    Place.configure('collector "system" { type = system }\n'
                    'collector "synthetic" { type = synthetic }\n')
    yield Place
    for one in reversed(started):
        if isinstance(one, Tail):
            one.stop()
        else:
            if one.poll() is None:
                one.kill()
            one.communicate()
    shutil.rmtree(directory)


def meminfo():
    text = pathlib.Path("/proc/meminfo").read_text()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()}


def cpu_times():
    words = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    times = [int(word) for word in words]
    return sum(times), sum(times) - times[3] - times[4]


def test_figures_agree_with_an_independent_reading(place):
    tail = place.tail()
    total_before, busy_before = cpu_times()
    place.collector("system")
    wait_until(lambda: len(tail.values("cpu_usage")) >= 4, 40, "four readings")
    total, busy = cpu_times()
    mine = 100 * (busy - busy_before) / (total - total_before)
    theirs = tail.values("cpu_usage")
    assert min(theirs) >= 0 and max(theirs) <= 100
    assert abs(sum(theirs) / len(theirs) - mine) < 35
    modes = [tail.values("cpu_mode", mode=mode) for mode in
             ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")]
    for turn in zip(*modes):
        assert abs(sum(turn) - 100) < 0.01

    memory = meminfo()
    assert tail.latest("memory_total_bytes") == memory["MemTotal"]
    used = 100 * (memory["MemTotal"] - memory["MemAvailable"]) / memory["MemTotal"]
    assert abs(tail.latest("memory_usage") - used) < 10

    root = os.statvfs("/")
    used = root.f_blocks - root.f_bfree
    assert abs(tail.latest("filesystem_usage", mount="/") -
               100 * used / (used + root.f_bavail)) < 3
    fullest = max(values[-1] for (name, _), values in list(tail.samples.items())
                  if name == "filesystem_usage" and values)
    assert tail.latest("disk_usage") == pytest.approx(fullest)

    load = float(pathlib.Path("/proc/loadavg").read_text().split()[0])
    assert abs(tail.latest("load_1m") - load) < 2 + load / 2
    processes = sum(entry.isdigit() for entry in os.listdir("/proc"))
    assert abs(tail.latest("processes") - processes) < 20 + processes / 5
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    assert abs(tail.latest("uptime_seconds") - uptime) < 30


def test_an_interval_of_zero_turns_a_group_off(place):
    place.configure('collector "system" { type = system  memory_interval = 0\n'
                    ' cpu_interval = 200ms }\n')
    tail = place.tail()
    place.collector("system")
    wait_until(lambda: len(tail.values("cpu_usage")) >= 3, what="readings")
    assert not tail.values("memory_usage")


def test_says_which_services_run_and_which_do_not(place):
    place.configure('collector "system" { type = system  service_interval = 200ms\n'
                    ' service "this" { process = "sightline-collect-system" }\n'
                    ' service "other" { process = "no-such-program-anywhere" } }\n')
    tail = place.tail()
    place.collector("system")
    assert tail.latest("service_up", service="this") == 1
    assert tail.latest("service_up", service="other") == 0
    assert tail.latest("active_services") == 1
    assert tail.latest("failed_services") == 1


def test_a_pid_file_anywhere_names_a_service(place):
    pidfile = place.dir / "data" / "x.pid"
    pidfile.write_text(f"{os.getpid()}\n")
    place.configure('collector "system" { type = system  service_interval = 200ms\n'
                    f' service "this" {{ pidfile = "{pidfile}" }} }}\n')
    tail = place.tail()
    place.collector("system")
    assert tail.latest("service_up", service="this") == 1
    pidfile.unlink()
    wait_until(lambda: tail.latest("service_up", service="this") == 0, what="its end")


def test_a_slow_or_dead_url_is_measured_and_counted(place):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        port = listener.getsockname()[1]
        place.configure('collector "system" { type = system  probe_interval = 100ms\n'
                        f' probe "up" {{ socket = "127.0.0.1:{port}" }}\n'
                        f' probe "mute" {{ url = "http://127.0.0.1:{port}/" timeout = 50ms }} }}\n')
        tail = place.tail()
        place.collector("system")
        assert tail.latest("probe_success", probe="up") == 1
        assert tail.latest("response_time", probe="up") > 0
        assert tail.latest("probe_success", probe="mute") == 0
        assert not tail.values("response_time", probe="mute")
        # The probe that has never succeeded does not count yet.
        assert tail.latest("uptime_percentage") == 100


def test_events_are_numbered_without_holes_and_carry_their_position(place):
    tail = place.tail()
    collector = place.collector("synthetic", "--events", "500", "--seconds", "1",
                                "--metrics", "3", "--rate", "300")
    out, _ = collector.communicate(timeout=30)
    summary = json.loads(out)
    assert collector.returncode == 0 and summary["flushed"]
    wait_until(lambda: tail.seen("detached"), what="the end")
    numbers = tail.numbers()
    assert numbers == list(range(summary["events_written"])) and numbers
    for event in tail.events:
        assert int(event["position"], 16) == event["payload"]["n"]
        assert event["event"] == "bench.tick"
        assert len(json.dumps(event["payload"], separators=(",", ":"))) == 100
    for n in range(3):
        values = tail.values("bench_value", n=str(n))
        assert values == list(range(len(values))) and values


def test_n_goes_on_behind_what_has_been_journaled(place):
    tail = place.tail("--journaled", "41")
    place.collector("synthetic", "--events", "100")
    wait_until(lambda: len(tail.numbers()) >= 10, what="events")
    numbers = tail.numbers()
    assert numbers == list(range(42, 42 + len(numbers)))


def test_an_event_waits_for_space_and_n_is_never_skipped(place):
    place.configure('collector "synthetic" { type = synthetic  ring_bytes = 64KiB }\n')
    tail = place.tail("--hold")
    collector = place.collector("synthetic", "--events", "5000", "--payload-bytes", "1000")
    wait_until(lambda: tail.seen("attached"), what="attachment")
    # The ring holds about sixty; one event waits for a second before it is tried again.
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() - begun > 2.2, what="a second try of one event")
    tail.popen.send_signal(signal.SIGUSR1)
    wait_until(lambda: len(tail.numbers()) >= 300, what="events after the pause")
    collector.terminate()
    out, _ = collector.communicate(timeout=30)
    wait_until(lambda: tail.seen("detached"), what="the end")
    assert tail.numbers() == list(range(json.loads(out)["events_written"]))


def test_samples_are_dropped_and_counted_when_nobody_reads(place):
    place.configure('collector "synthetic" { type = synthetic  ring_bytes = 64KiB }\n')
    place.tail("--hold")
    collector = place.collector("synthetic", "--metrics", "10", "--rate", "0", "--seconds", "0.5")
    out, _ = collector.communicate(timeout=30)
    summary = json.loads(out)
    assert summary["samples_dropped"] > 0 and summary["samples_pushed"] <= 65536 // 32


def test_a_collector_attaches_again_to_a_new_aggregator(place):
    first = place.tail()
    place.configure('collector "system" { type = system  cpu_interval = 100ms }\n')
    place.collector("system")
    first.latest("cpu_usage")
    first.stop()
    second = place.tail()
    second.latest("cpu_usage")


@pytest.mark.parametrize("config, kind, args, code, words", [
    ("", "system", [], 78, ['no section collector "system"', "sightline.conf"]),
    ('collector "system" { type = synthetic }', "system", [], 78,
     ["has type synthetic", "this program is system"]),
    ('collector "system" { type = system enabled = false }', "system", [], 78, ["not enabled"]),
    ('collector "x" { type = system }', "synthetic", ["--rate", "fast"], 64,
     ["--rate", '"fast"', "allowed are 0 to"]),
    ('collector "x" { type = system }', "synthetic", ["--metrics", "70000"], 64, ["65536"]),
    ('collector "x" { type = system }', "synthetic", ["--name", "a/b"], 78, ["a/b"]),
])
def test_a_wrong_start_is_one_clear_line(place, config, kind, args, code, words):
    place.configure(config + "\n")
    collector = place.collector(kind, *args)
    _, error = collector.communicate(timeout=30)
    assert collector.returncode == code, error
    lines = [line for line in error.splitlines() if line.startswith("error ")]
    assert len(lines) == 1, error
    for word in words:
        assert word in lines[0]


def test_a_refusal_is_logged_once_with_its_reason(place):
    tail = place.tail("--refuse", "no such source here")
    collector = place.collector("system")
    wait_until(lambda: len(tail.seen("refused")) >= 3, 40, "three tries")
    collector.terminate()
    _, error = collector.communicate(timeout=30)
    assert error.count('reason="no such source here"') == 1, error
