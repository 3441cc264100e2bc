# SPDX-License-Identifier: Apache-2.0
"""What scripts write reaches clients; what they do wrong harms nobody, and nothing of them stays."""
import json
import os
import pathlib
import signal
import time

import pytest

from latest import Latest
from scripts import Scripts, children
from sightline import ROOT, wait_until

EXAMPLES = ROOT / "examples"
FIGURES = [f"exec_{name}" for name in ("lines", "events", "samples", "duplicates", "malformed", "overlong", "refused",
                                       "ignored", "starts", "failures", "timeouts", "messages", "script_up")]
# A script that is well, beside one that is not.
PULSE = '''
n=0
while :; do
	n=$((n + 1))
	echo '{"type":"orders.created","payload":{"id":"pulse-'$n'","total":1.5}}'
	sleep 0.1
done
'''
QUICK = "restart_delay = 50ms\nrestart_delay_max = 200ms\nstop_timeout = 500ms"


@pytest.fixture
def scripts(make_instance):
    return Scripts(make_instance)


@pytest.fixture
def watched(scripts):
    """Runs the scripts that were added; gives their figures."""
    opened = []

    def watch(*metrics):
        scripts.start()
        latest = Latest(scripts.instance, *FIGURES, *metrics)
        opened.append(latest)
        return latest

    yield watch
    for latest in opened:
        latest.client.close()


def wait_figure(latest, name, wanted, seconds=20):
    return wait_until(lambda: latest.get(name) is not None and wanted(latest.get(name)), seconds,
                      f"{name} of {latest.values}")


def ids(stream, prefix):
    return [m["data"]["payload"]["id"] for m in stream.of_type("event")
            if str(m["data"]["payload"].get("id", "")).startswith(prefix)]


def wait_ids(stream, prefix, count, seconds=30):
    wait_until(lambda: len(ids(stream, prefix)) >= count, seconds, f"{count} events of {prefix}")


# -- formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["open_files.sh", "open_files.py", "open_files.mjs"])
def test_the_example_in_each_language_says_open_files_and_that_they_are_many(make_instance, name):
    scripts = Scripts(make_instance, catalog=(EXAMPLES / "open_files.conf").read_text(encoding="utf-8"))
    scripts.add_command("files", [str(EXAMPLES / name)], environment=["OPEN_FILES_LIMIT=10"])
    with scripts.listen("events.files.>") as ws:
        event = ws.wait("event")["data"]
        assert event["type"] == "files.limit" and event["priority"] == "high" and event["source"] == "exec"
        assert event["payload"]["over"] is True and event["payload"]["open"] > 10
        metric = lambda: scripts.instance.get("/api/v1/snapshot").json()["files"]["open_files"]
        wait_until(lambda: metric() is not None and metric() > 10)


def test_a_telegraf_execd_script_writes_once_for_each_line_on_its_stdin(scripts, watched):
    # As Telegraf's own shim: a line asks for a collection, the end of the input is the end.
    scripts.add("execd", '''
import sys
n = 0
for _ in sys.stdin:
    n += 1
    print("# a comment")
    print(f'shop,region=eu,host=a\\\\ b mrr={n * 10}i,note="x, y",open=true 1')
    print(f"shop,region=eu conversions={n}.5,unknown=1")
    print(f"active_customers value={n}u", flush=True)
print("left by itself", file=sys.stderr)
''', "/usr/bin/python3", 'format = influx\nsignal = STDIN\ninterval = 200ms')
    scripts.options += 'map "shop.mrr" { metric = mrr drop = {host} factor = 2 }\nmap "shop.open" { metric = "" }\n'
    latest = watched("mrr", "active_customers")
    assert wait_figure(latest, "mrr", lambda v: v >= 40) and latest.get("mrr") % 20 == 0
    wait_figure(latest, "active_customers", lambda v: v >= 3)
    wait_figure(latest, "exec_refused", lambda v: v >= 4)
    wait_figure(latest, "exec_ignored", lambda v: v >= 4)
    assert 'reason="shop.unknown: the catalog declares no such metric"' in scripts.log()
    scripts.process.kill(signal.SIGTERM)
    assert "left by itself" in scripts.log() and "code=0" in scripts.log()


@pytest.mark.parametrize("name, number", [("SIGHUP", "HUP"), ("SIGUSR1", "USR1"), ("SIGUSR2", "USR2")])
def test_a_daemon_is_told_by_a_signal(scripts, watched, name, number):
    scripts.add("told", f'''
n=0
trap 'n=$((n + 1)); echo "active_customers value=$n"' {number}
while :; do sleep 0.05; done
''', options=f'format = influx\nsignal = {name}\ninterval = 300ms')
    latest = watched("active_customers")
    wait_figure(latest, "active_customers", lambda v: v >= 3)


def test_a_netdata_plugin_describes_charts_and_gives_rounds(scripts, watched):
    scripts.add("netdata", '''
update_every=$1
[ "$update_every" = "$NETDATA_UPDATE_EVERY" ] || exit 1
echo "CHART shop.money '' 'Money of the shop' 'EUR' 'money' '' line 1000 $update_every '' 'plug in'"
echo "DIMENSION mrr '' absolute 1 100"
echo "DIMENSION orders 'Orders' incremental 10 1"
echo "DIMENSION other '' absolute 1 1 hidden"
echo "CLABEL region eu 1"
echo "CLABEL_COMMIT"
n=0
while :; do
	n=$((n + 1))
	echo "BEGIN shop.money 1000000"
	echo "SET mrr = 1234$((n % 10))"
	echo "SET orders = $((n * 7))"
	echo "SET other = 5"
	echo "END"
	sleep 0.2
done
''', options="format = netdata\ninterval = 1s")
    scripts.options += ('map "shop.money.mrr" { metric = mrr }\n'
                        'map "shop.money.orders" { metric = active_customers counter = rate }\n')
    latest = watched("mrr", "active_customers")
    wait_figure(latest, "mrr", lambda v: 123.4 <= v < 123.5)
    wait_figure(latest, "active_customers", lambda v: v == 70)
    wait_figure(latest, "exec_malformed", lambda v: v == 0)
    wait_figure(latest, "exec_refused", lambda v: v == 0)


def test_a_netdata_plugin_that_disables_itself_is_not_started_again(scripts, watched):
    scripts.add("netdata", "echo DISABLE\nsleep 1000\n", options=f"format = netdata\n{QUICK}")
    latest = watched()
    scripts.wait_log("disabled script=netdata")
    scripts.wait_nothing_runs()
    wait_figure(latest, "exec_script_up", lambda v: v == 0)
    wait_figure(latest, "exec_starts", lambda v: v == 1)


def test_a_oneshot_is_run_each_interval(scripts, watched):
    scripts.add("once", 'echo \'{"metric":"mrr","value":7}\'; printf \'{"metric":"active_customers","value":8}\'',
                options="mode = oneshot\ninterval = 200ms")
    latest = watched("mrr", "active_customers")
    wait_figure(latest, "exec_starts", lambda v: v >= 3)
    assert latest.get("exec_failures") == 0 and latest.get("mrr") == 7 and latest.get("exec_script_up") == 1
    wait_figure(latest, "active_customers", lambda v: v == 8)  # its line has no end


# -- what scripts do wrong ---------------------------------------------------------------------------


def test_a_script_that_floods_waits_and_nothing_of_it_is_lost(make_instance):
    # The client's own limit is not what is looked at.
    scripts = Scripts(make_instance, config={"gateway": "max_buffer_size = 10000"})
    scripts.add("flood", '''
for n in range(3000):
    print('{"type":"orders.created","payload":{"id":"flood-%d","total":1}}' % n)
''', "/usr/bin/python3", "mode = oneshot\ninterval = 1h\nlines_per_second = 2000")
    scripts.add("endless", 'while :; do echo \'{"metric":"mrr","value":1}\'; done', options="lines_per_second = 100")
    scripts.add("pulse", PULSE)
    with scripts.listen("events.orders.>") as ws, Latest(scripts.instance, *FIGURES) as latest:
        began = time.monotonic()
        wait_ids(ws, "flood-", 3000)
        assert ids(ws, "flood-") == [f"flood-{n}" for n in range(3000)]
        wait_ids(ws, "pulse-", 3)
        wait_figure(latest, "exec_samples", lambda v: v >= 150)
        # Had it been read as fast as it writes, there would be many thousands.
        assert latest.get("exec_samples") < 100 * (time.monotonic() - began) + 400


def test_a_script_that_hangs_is_ended_after_its_timeout(scripts, watched):
    scripts.add("once", "sleep 1000", options=f"mode = oneshot\ninterval = 500ms\ntimeout = 200ms\n{QUICK}")
    scripts.add("silent", "trap '' TERM\necho '{}'\nwhile :; do sleep 1000; done", options=f"timeout = 200ms\n{QUICK}")
    scripts.add("pulse", PULSE, options="timeout = 5s")
    latest = watched()
    wait_figure(latest, "exec_timeouts", lambda v: v >= 4)
    scripts.wait_log("it runs longer than its timeout")
    scripts.wait_log("it says nothing for its timeout")
    wait_until(lambda: len([c for _, _, c in scripts.running().values() if "pulse" in c]) == 1)
    wait_until(lambda: len([c for _, _, c in scripts.running().values() if "1000" in c]) <= 2)


def test_a_script_that_dies_is_started_again_later_each_time(scripts, watched):
    scripts.add("dies", "exit 3", options="restart_delay = 100ms\nrestart_delay_max = 30s")
    scripts.add("missing", "", options=QUICK)
    scripts.sections[-1] = scripts.sections[-1].replace("script-missing", "nobody-is-here")
    latest = watched()
    wait_figure(latest, "exec_failures", lambda v: v >= 6)
    assert "ended script=dies code=3" in scripts.log() and "nobody-is-here: No such file" in scripts.log()
    wait_figure(latest, "exec_script_up", lambda v: v == 0)
    wait_until(lambda: "exec_script_up" in scripts.instance.get("/api/v1/alerts").text)
    failures = scripts.log().count("ended script=dies")
    assert scripts.log().count("ended script=missing") > failures  # whose delay does not grow


def test_a_script_that_forks_away_leaves_nothing(scripts, watched):
    away = '''
( setsid sh -c 'trap "" TERM HUP; sleep 1001' </dev/null >/dev/null 2>&1 & )
setsid sh -c '( sleep 1002 & ) ; sleep 1003' &
nohup sh -c 'while :; do sleep 1004; done' >/dev/null 2>&1 &
'''
    scripts.add("away", away + "sleep 0.3", options="mode = oneshot\ninterval = 1h")
    scripts.add("stays", away + "while :; do sleep 1000; done", options=QUICK)
    latest = watched()
    wait_figure(latest, "exec_starts", lambda v: v == 2)
    wait_until(lambda: len(scripts.running()) > 5)
    # What a run has started lives as long as the run.
    wait_until(lambda: "script-away" not in str(scripts.running()))
    left = scripts.running()
    assert {p for p, _, _ in left.values()} - set(left) == set(children(scripts.keeper()))
    assert sum("1001" in c for _, _, c in left.values()) == 2, left
    os.kill(next(p for p, (_, _, c) in left.items() if "script-stays" in c), signal.SIGKILL)
    wait_until(lambda: not set(left) & set(scripts.running()))
    scripts.process.kill(signal.SIGTERM)
    scripts.wait_nothing_runs()


def test_garbage_and_endless_lines_are_counted_and_what_follows_is_taken(scripts, watched):
    scripts.add("garbage", '''
import os, sys
out = sys.stdout.buffer
for chunk in (os.urandom(200000).replace(b"\\n", b" ") + b"\\n", b"x" * 3000000 + b"\\n", b"\\xff\\xfe\\n", b"{\\n", b"\\0\\n",
              b'{"metric":"mrr"}\\n', b'{"metric":"nobody_declared_this","value":1}\\n', b'[' * 5000 + b"\\n", b"\\n \\n",
              b'{"metric":"mrr","value":99}\\n'):
    out.write(chunk)
out.flush()
import time
while True: time.sleep(1000)
''', "/usr/bin/python3", "line_bytes_max = 4KiB")
    scripts.add("influx", r"printf 'a b=\ncpu v=1 x\n\377\n,=\nmrr value=1e999\nmrr value=5\n'; sleep 1000",
                options="format = influx")
    scripts.add("netdata", r"printf 'SET a = 1\nEND\nwhat\nCHART \"\nCHART a.b\nDIMENSION\nBEGIN a.b\nSET c = 1\nEND\n'; sleep 1000",
                options="format = netdata")
    latest = watched("mrr")
    wait_figure(latest, "exec_overlong", lambda v: v == 3)
    wait_figure(latest, "mrr", lambda v: v in (99, 5))
    wait_figure(latest, "exec_malformed", lambda v: v >= 13)
    wait_figure(latest, "exec_refused", lambda v: v == 2)
    assert "not-taken script=garbage" in scripts.log()


def test_a_daemon_that_closes_its_standard_output_is_started_again(scripts, watched):
    scripts.add("closes", "exec >&-\nsleep 1000", options=QUICK)
    latest = watched()
    wait_figure(latest, "exec_starts", lambda v: v >= 2)
    assert "it has closed its standard output" in scripts.log()


def test_a_script_that_ignores_the_end_of_its_input_and_sigterm_is_killed_at_the_stop(scripts, watched):
    scripts.add("ignores", "trap '' TERM\necho ready >&2\nwhile :; do sleep 1000; done", options=f"{QUICK}\nsignal = STDIN")
    watched()
    scripts.wait_log('text="ready"')
    assert scripts.process.kill(signal.SIGTERM) == 0
    assert "ended script=ignores signal=9" in scripts.log() and not scripts.running()


def test_a_script_that_ignores_sigterm_is_killed_at_the_stop(scripts, watched):
    scripts.add("ignores", "trap '' TERM HUP INT\necho ready >&2\nwhile :; do sleep 1000; done", options=QUICK)
    watched()
    scripts.wait_log('text="ready"')
    assert scripts.process.kill(signal.SIGTERM) == 0
    assert "ended script=ignores signal=9" in scripts.log()
    assert not scripts.running()


def test_standard_error_is_bounded_and_has_levels(scripts, watched):
    scripts.add("speaks", '''
echo "E! it is broken" >&2
echo "D! not to be seen" >&2
i=0; while [ $i -lt 5000 ]; do echo "flood $i" >&2; i=$((i + 1)); done
head -c 100000 /dev/zero | tr '\\0' z >&2
echo '{"metric":"mrr","value":3}'
sleep 1000
''')
    latest = watched("mrr")
    wait_figure(latest, "mrr", lambda v: v == 3)
    wait_figure(latest, "exec_messages", lambda v: v >= 5002)
    assert 'error exec stderr script=speaks text="it is broken"' in scripts.log()
    assert scripts.log().count("stderr script=speaks") < 40 and "not to be seen" not in scripts.log()


def test_huge_label_sets_are_bounded_and_counted_and_known_series_go_on(make_instance):
    scripts = Scripts(make_instance, options="series_max = 40\n")
    scripts.add("labels", '''
for i in range(60):
    print(f"mrr,customer={i} value=1")
print("mrr,customer=1 value=17,%s" % ",".join(f"f{i}=1" for i in range(200)))
print("mrr," + ",".join(f"t{i}=x" for i in range(60)) + " value=1")
print("mrr,customer=" + "x" * 5000 + " value=1", flush=True)
import time
while True: time.sleep(1000)
''', "/usr/bin/python3", "format = influx")
    scripts.start()
    with Latest(scripts.instance, *FIGURES) as latest:
        wait_figure(latest, "exec_lines", lambda v: v == 63)
        assert latest.get("exec_samples") == 41
        # 20 series too many, 200 fields that nobody declared, two sets of labels.
        assert latest.get("exec_refused") == 222, latest.values
    assert "series_max" in scripts.log()


# -- what dies, and what is left of it -----------------------------------------------------------------


def nannies(scripts):
    return list(children(scripts.keeper()))


STUBBORN = '''
trap '' TERM HUP INT
( setsid sh -c 'trap "" TERM HUP INT; while :; do sleep 1001; done' </dev/null >/dev/null 2>&1 & )
while :; do sleep 1000; done
'''


@pytest.mark.parametrize("victim", ["collector", "keeper", "nanny", "script", "collector and keeper"])
def test_nothing_is_left_whoever_is_killed(scripts, watched, victim):
    scripts.add("stubborn", STUBBORN, options=QUICK)
    scripts.add("pulse", PULSE, options=QUICK)
    watched()
    wait_until(lambda: "1001" in str(scripts.running()))
    before = set(scripts.running())
    keeper, collector = scripts.keeper(), scripts.process.pid
    pids = {"collector": [collector], "keeper": [keeper], "nanny": nannies(scripts), "collector and keeper": [keeper, collector],
            "script": [p for p, (_, _, c) in scripts.running().items() if "script-" in c]}[victim]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not before & set(scripts.running()), 20, f"the end of {before}")
    if victim in ("nanny", "script"):
        wait_until(lambda: len(children(keeper)) == 2, what="both scripts again")
        assert scripts.process.kill(signal.SIGTERM) == 0
    elif victim == "keeper":
        assert scripts.process.wait() == 70 and "the keeper has ended" in scripts.log()
    else:
        scripts.process.wait()
    scripts.wait_nothing_runs()
    assert not pathlib.Path(f"/proc/{keeper}").exists() or "Z" in pathlib.Path(f"/proc/{keeper}/stat").read_text()


def test_a_script_that_stops_the_process_around_it_is_ended_all_the_same(scripts, watched):
    stops = "trap '' TERM\n( while :; do kill -STOP $PPID; sleep 0.05; done ) &\nwhile :; do kill -STOP $PPID; sleep 0.05; done"
    scripts.add("stops", stops, options=QUICK)
    scripts.add("once", "kill -STOP $PPID\nsleep 1000", options=f"mode = oneshot\ninterval = 1h\ntimeout = 200ms\n{QUICK}")
    latest = watched()
    wait_figure(latest, "exec_timeouts", lambda v: v == 1)
    wait_until(lambda: "script-once" not in str(scripts.running()))
    scripts.process.kill()
    scripts.wait_nothing_runs()


def test_no_zombies_are_left_by_many_runs(scripts, watched):
    scripts.add("once", "( sleep 0.01 & ) ; ( : & ) ; exit 0", options="mode = oneshot\ninterval = 100ms")
    latest = watched()
    wait_figure(latest, "exec_starts", lambda v: v >= 10)
    keeper = scripts.keeper()
    wait_until(lambda: "Z" not in children(keeper).values() and "Z" not in children(scripts.process.pid).values())
    fds = len(os.listdir(f"/proc/{scripts.process.pid}/fd"))
    wait_figure(latest, "exec_starts", lambda v: v >= 20)
    wait_until(lambda: len(os.listdir(f"/proc/{scripts.process.pid}/fd")) <= fds + 2)


def test_events_survive_the_aggregator_and_come_once(scripts):
    scripts.add("numbers", '''
import time
n = 0
while True:
    n += 1
    print('{"type":"orders.created","payload":{"id":"n-%d","total":1}}' % n, flush=True)
    time.sleep(0.005)
''', "/usr/bin/python3")
    with scripts.listen("events.orders.>") as ws:
        wait_ids(ws, "n-", 20)
        for _ in range(3):
            seen = len(ids(ws, "n-"))
            scripts.instance.processes["aggregator"].kill()
            scripts.instance.start_aggregator()
            wait_ids(ws, "n-", seen + 100)
        found = ids(ws, "n-")
        assert found == [f"n-{n}" for n in range(1, len(found) + 1)]


def test_a_script_begins_before_there_is_an_aggregator_and_loses_nothing(scripts):
    scripts.add("early", '''
import sys
for n in range(50):
    print('{"type":"orders.created","payload":{"id":"early-%d","total":1}}' % n)
print("all said", file=sys.stderr)
''', "/usr/bin/python3", "mode = oneshot\ninterval = 1h\ntimeout = 300ms")
    scripts.configure()
    scripts.instance.start_collector("exec")
    scripts.wait_log("cannot reach the attach socket")
    scripts.wait_log("all said")
    scripts.wait_nothing_runs()
    scripts.instance.start()
    with Latest(scripts.instance, *FIGURES) as latest:
        wait_figure(latest, "exec_events", lambda v: v == 50)
        assert latest.get("exec_timeouts") == 0
    assert "lost" not in scripts.log()


def test_a_reload_changes_what_names_become_and_says_what_it_cannot_change(scripts, watched):
    scripts.add("mapped", 'while :; do echo "foreign value=6"; sleep 0.1; done', options="format = influx")
    latest = watched("mrr")
    wait_figure(latest, "exec_refused", lambda v: v > 0)
    path = scripts.instance.dir / "etc/sightline.conf"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('script "mapped" {', 'map "foreign" { metric = mrr }\n'
                                 'script "another" { command = {"/bin/true"} }\nscript "mapped" {\ninterval = 3s'),
                    encoding="utf-8")
    os.kill(scripts.process.pid, signal.SIGHUP)
    wait_figure(latest, "mrr", lambda v: v == 6)
    assert "needs-restart option=collector.exec.script.mapped.interval" in scripts.log()
    assert "needs-restart option=collector.exec.script\n" in scripts.log() and "started script=another" not in scripts.log()


# -- what a script is given ----------------------------------------------------------------------------


def test_a_script_gets_three_descriptors_a_clean_environment_and_no_new_privileges(scripts):
    scripts.instance.env["SECRET_OF_THE_COLLECTOR"] = "x"
    scripts.add("looks", '''
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
text = json.dumps({"fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
                   "env": sorted(os.environ), "privileges": status["NoNewPrivs"].strip(), "blocked": int(status["SigBlk"], 16),
                   "ignored": int(status["SigIgn"], 16) & ~(1 << 12 | 1 << 24), "directory": os.getcwd(), "words": __import__("sys").argv[1:]})
print(json.dumps({"type": "orders.created", "payload": {"id": text}}), flush=True)
import time
while True: time.sleep(1000)
''', "/usr/bin/python3", 'directory = "/tmp"', args=["a, b", " $HOME "])
    with scripts.listen("events.orders.>") as ws:
        wait_ids(ws, "{", 1)
        found = json.loads(ids(ws, "{")[0])
    assert found["fds"] == [0, 1, 2] and found["privileges"] == "1" and found["blocked"] == found["ignored"] == 0
    assert found["env"] == ["LANG", "LC_CTYPE", "PATH", "SIGHTLINE_INTERVAL_MS", "SIGHTLINE_SCRIPT", "SIGHTLINE_SOURCE",
                            "SIGHTLINE_TEST_MARK"] or "LC_CTYPE" not in found["env"]
    assert "SECRET_OF_THE_COLLECTOR" not in found["env"]
    assert found["directory"] == "/tmp" and found["words"] == ["a, b", " $HOME "]


def test_the_collector_itself_cannot_start_a_program(scripts, watched):
    scripts.add("pulse", PULSE)
    watched()
    status = pathlib.Path(f"/proc/{scripts.process.pid}/status").read_text(encoding="ascii")
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    keeper = pathlib.Path(f"/proc/{scripts.keeper()}/status").read_text(encoding="ascii")
    assert "NoNewPrivs:\t1" in keeper and "Seccomp:\t0" in keeper


@pytest.mark.parametrize("text, reason", [
    ("", "needs command"), ('command = {"relative"}', "full path"), ('command = {"/bin/true"} directory = "x"', "directory"),
    ('command = {"/bin/true"} mode = oneshot signal = STDIN', "only a daemon"),
    ('command = {"/bin/true"} environment = {"X"}', "NAME=value"),
    ('command = {"/bin/true"} restart_delay = 10s restart_delay_max = 1s', "shorter"),
    ('command = {"/bin/true"} format = xml', "json|influx|netdata")])
def test_a_wrong_section_says_what_is_wrong(make_instance, text, reason):
    instance = make_instance()
    instance.configure('collector "exec"', f'type = exec\nscript "wrong" {{ {text} }}')
    process = instance.start_collector("exec")
    assert process.wait() == 78 and reason in process.text() and "sightline.conf:" in process.text()
