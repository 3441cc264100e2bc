# SPDX-License-Identifier: Apache-2.0
"""What collectors take from senders outside."""
import json

from harness import LOAD, BenchError, Process, cpu_s, free_port, wait_until
from measures import at, median, row


def webhook(bench):
    """Events that collect-webhook accepts by HTTP, by its CPU time."""
    connections, secret = 32, "a secret of the benchmarks"
    port, seconds = free_port(), bench.seconds(6)
    instance = bench.instance(config={'collector "webhook"': f"	port = {port}"})
    file = instance.dir / "keys/webhook.secret"
    file.write_text(secret + "\n", encoding="ascii")
    file.chmod(0o600)
    instance.start()
    pid = instance.run("collect-webhook").pid
    wait_until(lambda: instance.source("webhook"), 10, "the webhook collector")
    rates = {1: [], 10: [], 100: []}
    notes = {batch: [] for batch in rates}
    for _ in range(bench.rounds()):
        for batch in rates:
            before, received = cpu_s(pid), instance.source("webhook")["received"]
            sender = Process("post", port, secret, connections, batch, seconds, cpu=LOAD, log=instance.dir / "post.log")
            bench.started.append(sender)
            done = json.loads(sender.summary())
            rates[batch].append(done["accepted"] / (cpu_s(pid) - before))
            notes[batch].append((done["accepted"] / done["seconds"], at(done, .99), done["put_off"]))
            # Its own figures are among what the aggregator receives.
            wait_until(lambda: instance.source("webhook")["received"] - received >= done["accepted"], 10, "what was accepted")
            got = instance.source("webhook")
            if done["duplicates"] or any(got[lost] for lost in ("dropped", "refused", "ignored", "shed")):
                raise BenchError(f"accepted {done}, but the aggregator has {got}")
    instance.stop()
    return [row(f"webhook, {'single events' if batch == 1 else f'batches of {batch}'}", "events per CPU s", rates[batch],
                "20,000", "", median(rates[batch]) >= 20000,
                note="{:,.0f} accepted/s, p99 {:.1f} ms, {:,.0f} times put off".format(
                    *(median(column) for column in zip(*notes[batch]))))
            for batch in rates]
