# SPDX-License-Identifier: Apache-2.0
"""sightlinectl against real processes."""
import base64
import json
import os
import re
import signal
import socket
import subprocess

import pytest

from sightline import program, wait_until
from tls import make_certificate, serve_tls

USAGE, DATAERR, NOINPUT, UNAVAILABLE, NOPERM, CONFIG = 64, 65, 66, 69, 77, 78


@pytest.fixture
def running(make_instance):
    """An aggregator that reads the machine; no gateway."""
    instance = make_instance()
    instance.start_aggregator()
    wait_until(lambda: instance.ctl("status", check=False).returncode == 0, what="an answer")
    instance.start_collector("system")
    wait_until(lambda: snapshot(instance)["systemHealth"]["cpu_usage"] is not None,
               what="a value of cpu_usage")
    return instance


def snapshot(instance):
    return json.loads(instance.ctl("snapshot", "--json").stdout)


def payload(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def tail(instance, *args):
    return subprocess.Popen([program("ctl"), "tail", *args, "--dir", str(instance.dir)],
                            env=instance.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# -- without a running instance -------------------------------------------------

def test_commands_say_that_the_aggregator_is_not_running(make_instance):
    instance = make_instance()
    for command in (["status"], ["snapshot"], ["alerts"], ["ack", "x"], ["tail"]):
        done = instance.ctl(*command, check=False)
        assert done.returncode == UNAVAILABLE, command
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert "aggregator is not running" in done.stderr


def test_token_prints_the_token_and_nothing_else(make_instance):
    instance = make_instance()
    done = instance.ctl("token", "--role", "technical_admin", "--sub", "ann", "--ttl", "90s",
                        "--tenant", "acme", "--max-connections", "3")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    assert done.stderr == ""
    claims = payload(done.stdout)
    assert claims["role"] == "technical_admin"
    assert claims["sub"] == "ann"
    assert claims["tenant"] == "acme"
    assert claims["max_connections"] == 3
    assert claims["exp"] - claims["iat"] == 90
    again = instance.ctl("token", "--role", "technical_admin", "--sub", "ann").stdout
    assert payload(again)["jti"] != claims["jti"]


@pytest.mark.parametrize("args,code,words", [
    (["--sub", "a"], USAGE, "--role"),
    (["--role", "master_admin"], USAGE, "--sub"),
    (["--role", "emperor", "--sub", "a"], USAGE, "master_admin"),
    (["--role", "master_admin", "--sub", "a", "--ttl", "soon"], USAGE, "soon"),
    (["--role", "master_admin", "--sub", "a", "--ttl", "0"], USAGE, "ttl"),
    (["--role", "master_admin", "--sub", "a" * 129], USAGE, "--sub"),
    (["--role", "master_admin", "--sub", "a", "--max-connections", "-1"], USAGE, "max-connections"),
    (["--role", "master_admin", "--sub", "a", "--key", "/nonexistent"], NOINPUT, "/nonexistent"),
])
def test_a_wrong_token_command_is_one_clear_line(make_instance, args, code, words):
    done = make_instance().ctl("token", *args, check=False)
    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_a_public_key_cannot_sign(make_instance):
    instance = make_instance()
    done = instance.ctl("token", "--role", "master_admin", "--sub", "a",
                        "--key", str(instance.dir / "keys/jwt.pub"), check=False)
    assert done.returncode == DATAERR
    assert "cannot sign" in done.stderr


def test_a_key_that_others_may_read_is_refused(make_instance):
    instance = make_instance()
    os.chmod(instance.dir / "keys/jwt.key", 0o644)
    done = instance.ctl("token", "--role", "master_admin", "--sub", "a", check=False)
    assert done.returncode == NOPERM
    assert "jwt.key" in done.stderr


def test_config_prints_effective_values_and_where_they_come_from(make_instance):
    instance = make_instance()
    rows = {row["option"]: row for row in json.loads(instance.ctl("config", "--json").stdout)}
    assert rows["gateway.port"]["value"] == str(instance.port)
    assert "SIGHTLINE_GATEWAY_PORT" in rows["gateway.port"]["origin"]
    assert rows["gateway.port"]["default"] == "8080"
    shown = instance.ctl("config", "gateway.port").stdout
    assert str(instance.port) in shown and "gateway.bind" not in shown
    assert "gateway.tls_port" in instance.ctl("config", "gateway.tls").stdout
    assert instance.ctl("config", "gateway.prot", check=False).returncode == USAGE


def test_a_broken_configuration_is_named_with_its_line(make_instance):
    instance = make_instance(config={"gateway": "max_buffer_size = many"})
    done = instance.ctl("config", check=False)
    assert done.returncode == CONFIG
    assert "sightline.conf:" in done.stderr


# -- with one ---------------------------------------------------------------------

def test_status_shows_sources_and_counts_in_both_forms(running):
    status = json.loads(running.ctl("status", "--json").stdout)
    assert status["isRunning"] is True
    assert [s["name"] for s in status["sources"]] == ["system"]
    assert status["sources"][0]["received"] > 0
    text = running.ctl("status").stdout
    assert re.search(r"system +attached", text)
    assert "\033" not in text


def test_snapshot_has_the_requirements_keys(running):
    shot = snapshot(running)
    assert set(shot) >= {"timestamp", "systemHealth", "businessMetrics", "workflowPerformance",
                         "customerIntelligence", "securityCompliance", "executiveSummary", "alerts"}
    assert 0 <= shot["systemHealth"]["memory_usage"] <= 100
    assert shot["businessMetrics"]["revenue_today"] is None
    assert isinstance(shot["executiveSummary"]["open_alerts"], dict)
    assert "cpu_usage" in running.ctl("snapshot").stdout


def test_tail_prints_what_was_asked_for_and_ends_after_count(running):
    process = tail(running, "--json", "--count", "3", "cpu_usage")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 3
    assert {line["topic"] for line in lines} == {"metrics.system_health.cpu_usage"}
    assert lines[0]["ts"] < lines[1]["ts"] < lines[2]["ts"]


def test_tail_prints_every_event_once_and_in_order(running):
    process = tail(running, "--json", "--count", "200", "events.bench.>")
    try:
        running.start_collector("synthetic", "--events", "100", "--metrics", "1", "--rate", "1",
                                "--seconds", "30")
        out, err = process.communicate(timeout=40)
    finally:
        process.kill()
    assert process.returncode == 0, err
    numbers = [json.loads(line)["data"]["payload"]["n"] for line in out.splitlines()]
    assert numbers == list(range(numbers[0], numbers[0] + 200))


def test_tail_survives_a_restart_of_the_aggregator(running):
    process = tail(running, "--json", "--count", "6", "memory_usage")
    try:
        assert process.stdout.readline()
        running.processes["aggregator"].kill(signal.SIGKILL)
        running.start_aggregator()
        out, err = process.communicate(timeout=40)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 5


def test_tail_ends_cleanly_when_interrupted_and_when_its_reader_goes(running):
    process = tail(running)
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()
    process = tail(running)
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 0


def test_an_unknown_topic_is_one_clear_line(running):
    done = running.ctl("tail", "no.such.topic.at.all!", check=False)
    assert done.returncode == USAGE
    assert "no.such.topic" in done.stderr


def test_an_alert_is_listed_and_acknowledged(make_instance):
    instance = make_instance(config={
        "aggregator": 'alertThresholds "memory_usage" { warning = 0.0001  critical = 0.0002 }'})
    instance.start_aggregator()
    wait_until(lambda: instance.ctl("status", check=False).returncode == 0, what="an answer")
    instance.start_collector("system")

    def memory():
        found = json.loads(instance.ctl("alerts", "--json").stdout)["alerts"]
        return next((a for a in found if a["metric"] == "memory_usage"), None)

    alert = wait_until(memory, what="the alert")
    assert alert["acknowledged"] is False
    assert instance.ctl("ack", alert["id"], "--note", "on it").stdout == f"acknowledged {alert['id']}\n"
    assert memory()["acknowledged"] is True
    assert memory()["note"] == "on it"
    assert instance.ctl("ack", alert["id"]).returncode == 0
    assert instance.ctl("ack", "no-such-alert", check=False).returncode == NOINPUT
    assert instance.ctl("ack", check=False).returncode == USAGE


# -- doctor -------------------------------------------------------------------------

def findings(instance, check=False):
    done = instance.ctl("doctor", "--json", check=check)
    report = json.loads(done.stdout)
    assert done.returncode == (1 if report["wrong"] else 0)
    return {f["about"]: f for f in report["findings"] if f["level"] == "wrong"}


def test_doctor_finds_nothing_wrong_with_a_whole_instance(instance):
    assert findings(instance) == {}
    assert "nothing to mend" in instance.ctl("doctor").stdout


def test_doctor_loads_the_certificate_as_a_gateway_does(make_instance):
    instance = make_instance()
    serve_tls(instance)
    assert "tls" not in findings(instance)
    assert "and its key fit, until" in instance.ctl("doctor", check=False).stdout
    make_certificate(instance.dir / "keys", name="other")
    (instance.dir / "keys/other.key").rename(instance.dir / "keys/tls.key")
    assert str(instance.dir / "keys/tls.key") in findings(instance)["tls"]["found"]
    (instance.dir / "keys/tls.crt").unlink()
    assert str(instance.dir / "keys/tls.crt") in findings(instance)["tls"]["found"]


def test_doctor_explains_what_is_wrong(make_instance):
    instance = make_instance()
    assert set(findings(instance)) == {"aggregator", "gateway"}
    (instance.dir / "keys/gateway.key").unlink()
    other = make_instance()
    (instance.dir / "keys/jwt.pub").write_bytes((other.dir / "keys/jwt.pub").read_bytes())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.port))
        taken.listen()
        found = findings(instance)
    assert set(found) == {"aggregator", "gateway", "gateway key", "signing key", "port"}
    assert "python" in found["port"]["found"]
    assert all(f["advice"] for f in found.values())
