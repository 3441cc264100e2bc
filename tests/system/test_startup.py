# SPDX-License-Identifier: Apache-2.0
"""What cannot start says so in one line and leaves nothing; what runs is not disturbed."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from sightline import program as program_path, wait_until

USAGE, NOINPUT, UNAVAILABLE, CANTCREAT, IOERR, TEMPFAIL, CONFIG = 64, 66, 69, 73, 74, 75, 78


def sockets(instance):
    run = instance.dir / "run"
    return sorted(p.name for p in run.iterdir() if p.is_socket()) if run.is_dir() else []


def refuses(instance, program, *words, code, args=()):
    """The program ends with code and one error line that has all the words; no socket is left."""
    before = sockets(instance)
    key = f"refused-{program}"
    process = instance.spawn(key, program, *args)
    ended = process.wait()
    del instance.processes[key]
    errors = [line for line in process.text().splitlines() if not line.startswith(("info ", "debug ", "warn "))]
    assert ended == code, (ended, process.text())
    assert len(errors) == 1, process.text()
    for word in words:
        assert str(word) in errors[0], (word, errors[0])
    assert sockets(instance) == before, "nothing is half-started"
    os.remove(process.log)
    return errors[0]


def line_of(instance, text, name="sightline.conf"):
    path = instance.dir / "etc" / name
    lines = path.read_text().splitlines()
    return f"{path}:{next(i for i, line in enumerate(lines, 1) if text in line)}"


# ---- configuration -----------------------------------------------------------------------------------


@pytest.mark.parametrize("section, text, words", [
    ("aggregator", "update_interval = 5parsecs", ["5parsecs", "update_interval"]),
    ("aggregator", "journal_entries = 3", ["journal_entries", "3", "100"]),
    ("gateway", "drain_timeout = 2h", ["drain_timeout", "2h"]),
    ("gateway", "prot = 8080", ["prot"]),
    ("log", "level = loud", ["loud", "error", "warn", "info", "debug"]),
    ("gateways", "port = 1", ["gateways"]),
])
def test_a_wrong_option_is_named_with_file_line_and_what_is_allowed(make_instance, section, text, words):
    instance = make_instance(config={section: text})
    where = line_of(instance, section + " {" if section == "gateways" else text)
    for program in ("aggregator", "gateway"):
        refuses(instance, program, where, *words, code=CONFIG)
    assert not os.listdir(instance.dir / "data")


@pytest.mark.parametrize("text, words", [
    ('role "boss" { modules = {no_such_module} }', ["no_such_module"]),
    ('role "boss" { modules = {all} may = {fly} }', ["fly"]),
    ('metric "nowhere.cpu" { unit = percent }', ["nowhere"]),
    ('metric "system_health.cpu_usage" { kind = guage }', ["guage"]),
    ('metric "system_health.broken" { expr = "avg_over_time(cpu_usage[5m" }', ["broken"]),
    ('metric "system_health.unknown" { expr = "no_such_metric * 2" }', ["unknown", "no_such_metric"]),
    ('metric "system_health.a" { expr = "b" }\nmetric "system_health.b" { expr = "a" }', ["system_health.a", "itself"]),
    ('event "content.moved" { priority = urgent }', ["urgent"]),
    ('metric "system_health.open" {', []),
])
def test_a_wrong_catalog_is_named_with_what_is_wrong(make_instance, text, words):
    instance = make_instance(catalog=text)
    refuses(instance, "aggregator", *words, code=CONFIG)


def test_a_missing_file_is_named(make_instance):
    instance = make_instance()
    refuses(instance, "aggregator", "/nowhere/sightline.conf", code=NOINPUT, args=("--config", "/nowhere/sightline.conf"))
    os.remove(instance.dir / "keys/jwt.pub")
    for program in ("aggregator", "gateway"):
        refuses(instance, program, instance.dir / "keys/jwt.pub", code=NOINPUT)


def test_a_wrong_key_is_named(make_instance):
    instance = make_instance()
    (instance.dir / "keys/jwt.pub").write_text("not a key\n")
    for program in ("aggregator", "gateway"):
        refuses(instance, program, instance.dir / "keys/jwt.pub", code=NOINPUT)


def test_a_wrong_flag_is_named(make_instance):
    instance = make_instance()
    refuses(instance, "aggregator", "--bogus", code=USAGE, args=("--bogus",))
    refuses(instance, "gateway", "index", "many", code=USAGE, args=("--index", "many"))


# ---- places -----------------------------------------------------------------------------------------


def test_a_port_in_use_is_named(make_instance):
    instance = make_instance()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.port))
        taken.listen()
        refuses(instance, "gateway", instance.port, "127.0.0.1", "in use", code=UNAVAILABLE)


@pytest.mark.parametrize("folder", ["run", "data", "log"])
def test_a_file_in_the_place_of_a_directory_is_named(make_instance, folder):
    instance = make_instance()
    shutil.rmtree(instance.dir / folder)
    (instance.dir / folder).write_text("in the way")
    refuses(instance, "aggregator", instance.dir / folder, code=CANTCREAT)


@pytest.fixture
def mounted():
    """mount(path, options): a tmpfs of its own, which only root can make."""
    paths = []

    def mount(path, options):
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path],
                                               capture_output=True, check=False).returncode != 0:
            pytest.skip("needs the right to mount a tmpfs")
        paths.append(path)

    yield mount
    for path in paths:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.parametrize("folder, code", [("run", CANTCREAT), ("data", IOERR)])
def test_an_unwritable_directory_is_named(mounted, make_instance, folder, code):
    instance = make_instance()
    mounted(str(instance.dir / folder), "ro,size=1m")
    refuses(instance, "aggregator", instance.dir / folder, "Read-only", code=code)


def test_a_path_too_long_for_sockets_is_named(make_instance):
    instance = make_instance()
    long = pathlib.Path(tempfile.mkdtemp(prefix="sl-")) / ("x" * 90)
    try:
        shutil.copytree(instance.dir, long)
        for program in ("aggregator", "gateway"):
            refuses(instance, program, long, "too long", "--dir", code=CONFIG, args=("--dir", str(long)))
        assert not [p for p in (long / "run").iterdir() if p.is_socket()]
        made = subprocess.run([program_path("ctl"), "init", "--dir", str(long)], capture_output=True, text=True,
                              check=False)
        assert made.returncode == CONFIG and "too long" in made.stderr
    finally:
        shutil.rmtree(long.parent)


def test_a_second_aggregator_on_a_directory_leaves_the_first_alone(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("content.updated")
        for number in range(3):
            refuses(instance, "aggregator", instance.dir / "run/aggregator.lock", code=TEMPFAIL)
            feeder.event("content.updated", contentId=f"after-{number}")
            assert ws.wait("event")["data"]["payload"]["contentId"] == f"after-{number}"
        assert not ws.of_type("gap")
    late = instance.start_feeder("late")
    late.flush()
    assert instance.source("late")["state"] == "attached", "its attach socket is still its own"
    assert instance.status()["epoch"]


# ---- reload -----------------------------------------------------------------------------------------


def refused_reloads(process):
    return [line for line in process.text().splitlines() if line.startswith("error") and "reload-refused" in line]


def test_a_wrong_reload_keeps_what_runs_and_says_so(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    conf = instance.dir / "etc/sightline.conf"
    good = conf.read_text()
    instance.configure("aggregator", "publish_interval = never")
    where = line_of(instance, "publish_interval = never")
    for name in ("aggregator", "gateway-1"):
        process = instance.processes[name]
        process.popen.send_signal(signal.SIGHUP)
        line = wait_until(lambda: refused_reloads(process), what=f"the refusal of {name}")[0]
        assert where in line and "never" in line
        assert process.alive()
    feeder.sample("cpu_usage", 41)
    wait_until(lambda: instance.get("/api/v1/snapshot").json()["systemHealth"]["cpu_usage"] == 41, what="life goes on")
    conf.write_text(good)
    instance.configure("aggregator", 'alertThresholds "cpu_usage" { warning = 10 critical = 20 }')
    aggregator = instance.processes["aggregator"]
    aggregator.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in aggregator.text(), what="the good reload")
    feeder.sample("cpu_usage", 42)
    wait_until(lambda: [a for a in instance.get("/api/v1/alerts").json()["alerts"] if a["threshold"] == 20],
               what="the new threshold in force")
    for name in ("aggregator", "gateway-1"):
        instance.processes[name].popen.send_signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in instance.processes["gateway-1"].text(), what="the gateway's reload")
    feeder.event("content.updated", contentId="after")
    assert instance.get("/api/v1/snapshot", "read_only_viewer").status_code == 200


# ---- disk full --------------------------------------------------------------------------------------


def test_a_full_disk_makes_events_wait_and_loses_none(mounted, make_instance):
    instance = make_instance(env={"MAX_BUFFER_SIZE": "1000000"})
    data = instance.dir / "data"
    mounted(str(data), "size=96m")
    instance.start()
    feeder = instance.start_feeder()
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("content.updated", "alerts", "metrics.system_health.>")
        feeder.event("content.updated", contentId="0")
        ws.wait("event")
        with open(data / "ballast", "wb") as ballast:
            try:
                while True:
                    ballast.write(bytes(1 << 20))
                    ballast.flush()
            except OSError:
                pass
        # More than the segment under way has room for; they wait in the source's ring.
        text, count = "x" * 30000, 1

        def full():
            return instance.status()["journal"]["state"] == "full"
        while not full() and count < 1500:
            for _ in range(25):
                feeder.event("content.updated", contentId=str(count), title=text)
                count += 1
            wait_until(lambda: full() or instance.source("feeder")["received"] >= count, 30, "the ring drained")
        assert full(), "the journal never was full"
        for _ in range(20):
            feeder.event("content.updated", contentId=str(count))
            count += 1
        feeder.sample("cpu_usage", 17)
        ws.wait(lambda m: m["type"] in ("system_alert", "alert_update") and m["data"]["rule"] == "journal_full", 30)
        assert instance.processes["aggregator"].alive()
        instance.start_collector("system")
        wait_until(lambda: isinstance(instance.get("/api/v1/snapshot").json()["systemHealth"]["memory_usage"], float), 30,
                   "metrics of another source going on")
        assert len(ws.of_type("event")) < count
        os.remove(data / "ballast")
        wait_until(lambda: len(ws.of_type("event")) >= count, 60, "what has waited")
        assert [int(m["data"]["payload"]["contentId"]) for m in ws.of_type("event")] == list(range(count))
        wait_until(lambda: instance.status()["journal"]["state"] == "ok", 30, "the journal's recovery")
        assert not ws.of_type("gap")
    instance.stop()
