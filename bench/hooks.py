#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the hooks cost an application, and how many events they bring to the collector.

	SIGHTLINE_BUILD=build-bench /usr/bin/python3 bench/hooks.py [--events N] [--rounds N]

Starts aggregator, gateway and webhook collector, and prints one JSON object, medians of
the rounds.  call_us: CPU time of one call, nothing being sent meanwhile.
events_per_second: from the first call to the last 202, cpu_us_per_event the application's CPU
time for it, all threads.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/system"))

from applications import environment, node_application  # noqa: E402
from fixtures import instances  # noqa: E402
from webhook import Webhook  # noqa: E402

PYTHON = """
import json, sys, time
import sightline_hooks as hooks
total = int(sys.argv[1])

def call(n):
    return hooks.order_completed_sync(order_id=n, staff_id=3, customer_id=17, total_amount=75.5, items_count=2)

hooks.configure(linger_s=600)
few = min(total, 9000)
call(0)
start = time.thread_time()
for n in range(few):
    call(n)
call_us = (time.thread_time() - start) / few * 1e6
assert hooks.flush(60)
hooks.configure(events_max=total, bytes_max=1 << 30)
cpu, start = time.process_time(), time.perf_counter()
for n in range(total):
    call(n)
assert hooks.flush(120)
seconds = time.perf_counter() - start
assert hooks.get_analytics_status()["events"]["sent"] == total
print(json.dumps({"call_us": call_us, "events_per_second": total / seconds,
                  "cpu_us_per_event": (time.process_time() - cpu) / total * 1e6}))
"""

NODE = """
import { configure, flush, getAnalyticsStatus, getEventEmitter } from "sightline-hooks";
const total = Number(process.argv[2]);
const events = getEventEmitter();
const call = (n) => events.emitContentUpdated({ contentId: n, title: "A new title", type: "blog", authorId: 17, updatedAt: new Date() });
configure({ lingerS: 600 });
const few = Math.min(total, 9000);
for (let n = 0; n < 500; n++)
	call(n);
let cpu = process.cpuUsage();
for (let n = 0; n < few; n++)
	call(n);
cpu = process.cpuUsage(cpu);
const call_us = (cpu.user + cpu.system) / few;
if (!await flush(60000)) process.exit(9);
configure({ eventsMax: total, bytesMax: 2 ** 30 });
cpu = process.cpuUsage();
const start = performance.now();
for (let n = 0; n < total; n++) {
	call(n);
	if (n % 500 === 0)
		await new Promise(setImmediate);
}
if (!await flush(120000)) process.exit(9);
const seconds = (performance.now() - start) / 1e3;
const used = process.cpuUsage(cpu);
if ((await getAnalyticsStatus()).events.sent !== total) process.exit(8);
console.log(JSON.stringify({ call_us, events_per_second: total / seconds,
	cpu_us_per_event: (used.user + used.system) / total }));
"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--events", type=int, default=50000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    made = instances()
    hook = Webhook(next(made)).start()
    folder = node_application(pathlib.Path(tempfile.mkdtemp(prefix="sl-", dir=hook.instance.dir)))
    (folder / "main.mjs").write_text(NODE, encoding="utf-8")
    commands = {"python": [sys.executable, "-c", PYTHON], "node": ["node", str(folder / "main.mjs")]}
    rounds = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            done = subprocess.run([*command, str(options.events)], env=environment(hook),
                                  stdout=subprocess.PIPE, check=True, text=True)
            rounds[name].append(json.loads(done.stdout))
    print(json.dumps({name: {key: round(statistics.median(one[key] for one in found), 2) for key in found[0]}
                      for name, found in rounds.items()}))
    next(made, None)


if __name__ == "__main__":
    main()
