#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Latency of a well-behaved source, without and with a hostile one beside it.

usage: bench/hostile.py [--build DIR] [--pairs N] [--seconds S] [--json] [MODE…]

For each mode of hostile_collector: N interleaved pairs of S seconds.  Latency
is from the write of an event into its ring (ts_ns in its payload) to a
WebSocket client.  Reported is the median over the pairs of the ratio of
medians, with / without.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODES = ("random lengths event head header dictionary dictionary-lengths definitions unknown "
         "doorbell flood unsealed pipe noise silence talk").split()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("mode", nargs="*", default=MODES)
    return parser.parse_args()


class Client:
    """Keeps the latency in ms of each event that comes."""

    def __init__(self, instance):
        self.latencies = []
        self.stream = instance.ws()
        self.stream.subscribe("events.bench.tick")
        arrived = self.stream._arrived

        def note(message):
            if message["type"] == "event":
                self.latencies.append((time.time_ns() - message["data"]["payload"]["ts_ns"]) / 1e6)
            else:
                arrived(message)
        self.stream._arrived = note

    def window(self, seconds):
        begin = len(self.latencies)
        time.sleep(seconds)
        found = sorted(self.latencies[begin:])
        return statistics.median(found), found[int(len(found) * 0.99)]


def keep_attacking(path, build, mode, seconds, ending):
    """Comes again as soon as it has been thrown out, as an attacker would."""
    while not ending.is_set():
        subprocess.run([f"{build}/tests/system/hostile_collector", path, mode, "--name", "hostile",
                        "--seconds", str(seconds)], stdout=subprocess.DEVNULL, check=False)
        ending.wait(0.05)


def measure(instance, client, mode, options):
    pairs = []
    for _ in range(options.pairs):
        without = client.window(options.seconds)
        ending = threading.Event()
        attacker = threading.Thread(target=keep_attacking, args=(
            str(instance.dir / "run/attach"), options.build, mode, options.seconds, ending))
        attacker.start()
        pairs.append((without, client.window(options.seconds)))
        ending.set()
        attacker.join()
    median = [statistics.median(pair[side][0] for pair in pairs) for side in (0, 1)]
    tail = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
    return {"mode": mode, "p50_ms": median, "p99_ms": tail,
            "ratio_p50": statistics.median(pair[1][0] / pair[0][0] for pair in pairs),
            "ratio_p99": statistics.median(pair[1][1] / pair[0][1] for pair in pairs)}


def main():
    options = arguments()
    os.environ["SIGHTLINE_BUILD"] = options.build
    sys.path.insert(0, str(ROOT / "tests/system"))
    from sightline import Instance

    with tempfile.TemporaryDirectory(prefix="sl-") as directory:
        instance = Instance(directory, checked=False)
        instance.start()
        instance.start_collector("synthetic", "--events", "200", "--metrics", "10", "--rate", "200")
        client = Client(instance)
        client.window(1)
        if not options.json:
            print(f"{'mode':20} {'p50 without':>12} {'with':>8} {'ratio':>6}   {'p99 without':>12} {'with':>8} {'ratio':>6}")
        for mode in options.mode:
            row = measure(instance, client, mode, options)
            if options.json:
                print(json.dumps(row), flush=True)
            else:
                print(f"{mode:20} {row['p50_ms'][0]:9.2f} ms {row['p50_ms'][1]:5.2f} ms {row['ratio_p50']:6.2f}   "
                      f"{row['p99_ms'][0]:9.2f} ms {row['p99_ms'][1]:5.2f} ms {row['ratio_p99']:6.2f}", flush=True)
        client.stream.close()
        instance.stop()


if __name__ == "__main__":
    main()
