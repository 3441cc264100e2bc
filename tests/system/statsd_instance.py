# SPDX-License-Identifier: Apache-2.0
"""The StatsD collector of an instance, and senders on each of its sockets."""
import signal
import socket
import time

from sightline import free_port, wait_until

FIGURES = ("datagrams", "dropped", "metrics", "malformed", "unknown", "denied", "left_out", "overflow",
           "events", "events_lost", "turned_away", "series")

# What the collector counts of itself is looked for in the snapshot, too.
CATALOG = """
module "app" { title = "Application" }
module "foreign" { title = "Somebody else's" }
metric "app.hits"      { kind = counter aggregate = sum }
metric "app.hit_rate"  { aggregate = sum }
metric "app.hit_count" { aggregate = sum }
metric "app.level"     { aggregate = last }
metric "app.latency"       { unit = ms kind = timer aggregate = max }
metric "app.latency_min"   { unit = ms aggregate = max }
metric "app.latency_max"   { unit = ms aggregate = max }
metric "app.latency_sum"   { unit = ms aggregate = max }
metric "app.latency_p50"   { unit = ms aggregate = max }
metric "app.latency_p99"   { unit = ms aggregate = max }
metric "app.latency_count" { kind = counter aggregate = sum }
metric "app.visitors"  { aggregate = sum }
metric "app.tagged"    { aggregate = count }
metric "app.checkout"  { unit = ms kind = timer aggregate = max }
metric "foreign.secret" { aggregate = sum }
""" + "".join(f'metric "system_health.statsd_{name}" {{ kind = counter aggregate = sum }}\n' for name in FIGURES)


class Statsd:
    """An instance with a StatsD collector; options go into its section."""

    def __init__(self, make_instance, options="", start=True, **kwargs):
        self.port = free_port()
        self.instance = make_instance(catalog=CATALOG, config={
            'collector "statsd"': f"port = {self.port}\ntcp = true\nsocket = \"run/statsd.sock\"\n{options}"}, **kwargs)
        conf = self.instance.dir / "etc/sightline.conf"
        text = conf.read_text(encoding="utf-8")
        head, tail = text.split('\ncollector "statsd" {', 1)
        shipped = tail[tail.index("\tmodules = "):].splitlines()[0]
        conf.write_text(head + '\ncollector "statsd" {' + tail.replace(shipped, "\tmodules = {app, system_health}", 1),
                        encoding="utf-8")
        self.path = str(self.instance.dir / "run/statsd.sock")
        if start:
            self.instance.start("statsd")
            self.wait()

    @property
    def process(self):
        return self.instance.processes["collect-statsd"]

    def wait(self):
        wait_until(lambda: (self.instance.source("statsd") or {}).get("state") == "attached", what="the collector")
        wait_until(lambda: self.figure("datagrams") is not None, what="its figures")

    # -- what was seen -----------------------------------------------------------

    def snapshot(self):
        return self.instance.get("/api/v1/snapshot").json()

    def value(self, name):
        return self.snapshot()["app"][name]

    def figure(self, name):
        return self.snapshot()["systemHealth"][f"statsd_{name}"]

    def figures(self):
        health = self.snapshot()["systemHealth"]
        return {name: health[f"statsd_{name}"] for name in FIGURES}

    def wait_value(self, name, value, seconds=20):
        wait_until(lambda: self.value(name) == value, seconds, f"{name} = {value} (it is {self.value(name)})")

    def wait_figures(self, seconds=30, **wanted):
        try:
            wait_until(lambda: wanted.items() <= self.figures().items(), seconds)
        except AssertionError:
            raise AssertionError(f"wanted {wanted}, there is {self.figures()}") from None

    # -- senders -----------------------------------------------------------------

    def udp(self, *lines):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(joined(lines), ("127.0.0.1", self.port))

    def flood(self, datagram, count):
        """The same datagram so many times, as fast as it goes: how many the kernel took from us."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", self.port))
            for _ in range(count):
                s.send(datagram)
        return count

    def unix(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect(self.path)
        return s

    def tcp(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def pause(self):
        """Stops the process where it is, and waits until it is."""
        self.process.popen.send_signal(signal.SIGSTOP)
        stat = f"/proc/{self.process.pid}/stat"
        while open(stat, encoding="utf-8").read().rsplit(")", 1)[1].split()[0] != "T":
            time.sleep(0.005)

    def go_on(self):
        self.process.popen.send_signal(signal.SIGCONT)


def joined(lines):
    return b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
