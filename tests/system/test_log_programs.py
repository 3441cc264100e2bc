# SPDX-License-Identifier: Apache-2.0
"""collect-log with what nginx, sshd and PostgreSQL really write, rotated by Debian's logrotate."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
import requests

from postgres import Cluster
from sightline import free_port, wait_until
from test_log import Follower, section, value

NGINX = """
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
	access_log {dir}/access.log combined;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	server {{
		listen 127.0.0.1:{port};
		location /ok {{ return 200; }}
		location /broken {{ return 503; }}
		location /private {{ auth_basic "x"; auth_basic_user_file {dir}/passwords; root {dir}; }}
	}}
}}
"""

LINES = r"""
	pattern "line" {
		expression = '"GET /ok\?(?<n>\d+) '
		event = "bench.tick"
	}
"""


@pytest.fixture(name="folder")
def short_folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="log-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


class Nginx:
    def __init__(self, folder):
        self.dir = folder
        self.port = free_port()
        (folder / "passwords").write_text("ann:{PLAIN}right\n", encoding="ascii")
        (folder / "nginx.conf").write_text(NGINX.format(dir=folder, port=self.port), encoding="ascii")
        self.popen = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"],
                                      stdin=subprocess.DEVNULL, stderr=open(folder / "out", "wb"))
        wait_until(self.answers, 20, "nginx")

    def answers(self):
        assert self.popen.poll() is None, (self.dir / "out").read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path, **kwargs):
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=10, **kwargs).status_code

    def stop(self):
        self.popen.send_signal(signal.SIGQUIT)
        self.popen.wait(20)


@pytest.fixture(name="nginx")
def nginx_with_logs(folder):
    server = Nginx(folder)
    yield server
    server.stop()


def logrotate(folder, how):
    """As /etc/logrotate.d/nginx does it, for the logs of this folder."""
    config = folder / "logrotate.conf"
    reopen = f"postrotate\nkill -USR1 $(cat {folder}/nginx.pid)\nendscript\n" if how == "create 0640" else ""
    config.write_text(f"{folder}/*.log {{\nrotate 5\nmissingok\n{how}\ndelaycompress\ncompress\n"
                      f"sharedscripts\n{'su root root' if os.getuid() == 0 else ''}\n{reopen}}}\n", encoding="ascii")
    config.chmod(0o644)
    subprocess.run(["/usr/sbin/logrotate", "-f", "-s", folder / "logrotate.state", config], check=True,
                   capture_output=True, timeout=60)


def starts(instance):
    return instance.processes["collect-log"].text().count("attached source=log")


def left(instance):
    """How many files, over all starts of the collector."""
    return instance.processes["collect-log"].text().count("left path")


def followed(instance):
    text = instance.processes["collect-log"].text()
    return text.count("following path") + text.count("reading the rest") - left(instance)


@pytest.mark.parametrize("how", ["create 0640", "copytruncate"])
def test_nginx_rotated_by_logrotate_loses_and_doubles_nothing(make_instance, nginx, folder, how):
    instance = make_instance(config=section({"nginx": (["nginx_access", "line"], folder / "access.log")}, patterns=LINES))
    instance.start()
    with Follower(instance) as follower:
        instance.start_collector("log")
        wait_until(lambda: followed(instance) == 1, 20, "the log")
        for turn in range(6):
            # Two truncations between two looks at a file are one: they are an hour apart, not 0.1 s.
            wait_until(lambda: len(follower.numbers()) >= turn * 50, 20, "the lines before")
            for n in range(turn * 50, turn * 50 + 50):
                nginx.get(f"/ok?{n}")
            # Rotated while it is followed, and while nobody follows.  A rotated file that
            # is compressed before it was left would be a gap: nobody can say how it ended.
            if turn % 3 == 1:
                wait_until(lambda: len(follower.numbers()) >= turn * 50 + 50, 20, "the lines so far")
                wait_until(lambda: followed(instance) == 1 and (how == "copytruncate" or left(instance) == turn),
                           20, "the old files left")
                instance.processes["collect-log"].kill()
            logrotate(folder, how)
            if turn % 3 == 1:
                instance.start_collector("log")
                wait_until(lambda: starts(instance) == 2 + turn // 3, 20, "the collector")
        follower.wait_numbers(range(300))
        wait_until(lambda: value(instance, "system_health.log_http_requests") == 300, 20, "the requests")
    assert (folder / "access.log.2.gz").exists()
    assert "gap" not in instance.processes["collect-log"].text()


def test_nginx_feeds_requests_error_rate_and_failed_sign_ins(make_instance, nginx, folder):
    instance = make_instance(config=section({"access": (["nginx_access"], folder / "access.log"),
                                             "error": (["nginx_error"], folder / "error.log")}, patterns=""))
    instance.start()
    instance.start_collector("log")
    with Follower(instance) as follower:
        for n in range(30):
            assert nginx.get("/ok") == 200
            assert n % 3 or nginx.get("/broken") == 503
        assert nginx.get("/private", auth=("ann", "wrong")) == 401
        assert nginx.get("/private", auth=("eve", "x")) == 401
        wait_until(lambda: len(follower.payloads("auth.failed")) == 2, 20, "the failed sign-ins")
        failed = {p["sub"]: p for p in follower.payloads("auth.failed")}
        assert failed["ann"]["reason"] == "password mismatch" and failed["ann"]["ip"] == "127.0.0.1"
        assert failed["eve"]["reason"] == "was not found"
    # Readiness was asked for with a bare connection, which is no request.
    wait_until(lambda: value(instance, "security_compliance.api_requests_per_minute") == 42, 20, "the requests")
    wait_until(lambda: round(value(instance, "system_health.error_rate") or 0, 3) == round(100 * 10 / 42, 3), 20, "the rate")
    wait_until(lambda: value(instance, "security_compliance.failed_auth_attempts") == 2, 20, "the attempts")


SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {dir}/host_key
PidFile none
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile {dir}/authorized_keys
StrictModes no
PermitRootLogin yes
"""


@pytest.mark.skipif(os.getuid() != 0 or not pathlib.Path("/usr/sbin/sshd").exists(), reason="sshd wants root")
def test_sshd_rotated_by_logrotate_feeds_failed_and_accepted_sign_ins(make_instance, folder):
    port, me = free_port(), "root"
    pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for key in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "authorized_keys").write_bytes((folder / "user_key.pub").read_bytes())
    (folder / "sshd_config").write_text(SSHD.format(port=port, dir=folder), encoding="ascii")
    askpass = folder / "askpass"
    askpass.write_text("#!/bin/sh\necho wrong\n", encoding="ascii")
    askpass.chmod(0o755)
    sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-E", folder / "sshd.log", "-f", folder / "sshd_config"],
                            stdin=subprocess.DEVNULL)
    options = ["-p", str(port), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known",
               "-o", "NumberOfPasswordPrompts=2", "-o", "IdentitiesOnly=yes"]
    env = dict(os.environ, SSH_ASKPASS=str(askpass), SSH_ASKPASS_REQUIRE="force", DISPLAY=":9")
    instance = make_instance(config=section({"ssh": (["sshd"], folder / "sshd.log")}, patterns=""))
    instance.start()
    instance.start_collector("log")
    try:
        with Follower(instance) as follower:
            wait_until(lambda: "listening" in (folder / "sshd.log").read_text(), 20, "sshd")
            for failures, user in ((2, "x from 10.0.0.1"), (4, me)):
                subprocess.run(["ssh", *options, "-o", "PubkeyAuthentication=no", "-l", user, "127.0.0.1", "true"],
                               env=env, capture_output=True, timeout=60, check=False)
                wait_until(lambda: len(follower.payloads("auth.failed")) >= failures, 30, "the failures")
                # sshd keeps its file open: only copytruncate rotates what -E writes.
                logrotate(folder, "copytruncate")
            assert len(follower.payloads("auth.failed")) == 4
            assert {(p["sub"], p["ip"], p["reason"]) for p in follower.payloads("auth.failed")} == {
                ("x from 10.0.0.1", "127.0.0.1", "password"), (me, "127.0.0.1", "password")}
            subprocess.run(["ssh", *options, "-i", folder / "user_key", "-l", me, "127.0.0.1", "true"],
                           capture_output=True, timeout=60, check=False)
            wait_until(lambda: follower.payloads("auth.succeeded"), 20, "the sign-in")
            assert follower.payloads("auth.succeeded") == [
                {"service": "sshd", "method": "publickey", "sub": me, "ip": "127.0.0.1"}]
        assert (folder / "sshd.log.1").exists() and (folder / "sshd.log.2.gz").exists()
        wait_until(lambda: value(instance, "security_compliance.failed_auth_attempts") == 4, 20, "the attempts")
    finally:
        sshd.terminate()
        sshd.wait(20)


def test_postgresql_feeds_audit_events_and_failed_sign_ins(make_instance):
    cluster = Cluster(logging_collector="off", log_line_prefix="%m [%p] %q%u@%d ", log_statement="ddl")
    log = cluster.dir / "postgres.log"
    instance = make_instance(config=section({"db": (["postgresql"], log)}, patterns=""))
    try:
        cluster.stop()
        log.touch(0o666)
        log.chmod(0o666)
        cluster.settings.update(logging_collector="on", log_directory=str(cluster.dir), log_filename="postgres.log",
                                log_file_mode="0644")
        cluster.start()
        instance.start()
        instance.start_collector("log")
        with Follower(instance) as follower:
            cluster.sql("CREATE ROLE eve LOGIN PASSWORD 'secret'", "CREATE TABLE t (i int)", database="postgres")
            hba = cluster.dir / "data/pg_hba.conf"
            hba.write_text("local all eve scram-sha-256\nlocal all all trust\n", encoding="ascii")
            cluster.sql("SELECT pg_reload_conf()", database="postgres")
            env = dict(os.environ, PGPASSWORD="wrong")
            wait_until(lambda: subprocess.run(["psql", cluster.conninfo("postgres", "eve"), "-c", "SELECT 1"], env=env,
                                              capture_output=True, timeout=30, check=False).returncode != 0, 20, "a refusal")
            wait_until(lambda: follower.payloads("auth.failed"), 20, "the failed sign-in")
            assert follower.payloads("auth.failed")[0] == {"service": "postgresql", "reason": "password", "sub": "eve"}
            audited = [p["target"] for p in follower.payloads("audit.recorded")]
            assert audited[:2] == ["CREATE ROLE eve LOGIN ", "CREATE TABLE t (i int)"]
        wait_until(lambda: value(instance, "security_compliance.audit_events_today") == len(audited), 20, "the count")
    finally:
        cluster.remove()


# ---- the systemd journal ---------------------------------------------------------------------------

REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")


class Journal:
    """Files of a real journal, written by systemd-journal-remote: no test can run a journald of its own."""

    def __init__(self, folder):
        self.dir = folder / "journal"
        self.dir.mkdir()
        self.written = 0

    def write(self, *messages, identifier="sshd", unit="ssh.service"):
        text = b""
        for message in messages:
            self.written += 1
            time = 1_790_000_000_000_000 + self.written
            text += (f"__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={self.written}\n_BOOT_ID={'ab' * 16}\n"
                     f"_HOSTNAME=host\n_PID=77\nSYSLOG_IDENTIFIER={identifier}\n_SYSTEMD_UNIT={unit}\n"
                     f"MESSAGE={message}\n\n").encode()
        subprocess.run([REMOTE, "--output", self.dir / "system.journal", "-"], input=text, check=True,
                       capture_output=True, timeout=60)


@pytest.mark.skipif(not REMOTE.exists(), reason="systemd-journal-remote is not installed")
def test_the_journal_is_followed_and_each_entry_counts_once(make_instance, folder):
    journal = Journal(folder)
    journal.write("n=0")
    config = section({}, patterns=f"""
	journal "ssh" {{
		directory = "{journal.dir}"
		matches = {{"_SYSTEMD_UNIT=ssh.service"}}
		patterns = {{sshd, tick}}
		begin = beginning
	}}
	pattern "tick" {{
		expression = 'Z host sshd\\[77\\]: n=(?<n>\\d+)$'
		event = "bench.tick"
		count = "log_messages"
	}}
""")
    instance = make_instance(config=config).start()
    with Follower(instance) as follower:
        instance.start_collector("log")
        follower.wait_numbers(range(1))
        journal.write("Failed password for root from 192.0.2.7 port 4022 ssh2")
        journal.write("Failed password for ann from 192.0.2.8 port 1 ssh2", identifier="forger", unit="forger.service")
        wait_until(lambda: follower.payloads("auth.failed"), 20, "the failed sign-in")
        for turn in range(4):
            first = 1 + turn * 40
            journal.write(*[f"n={n}" for n in range(first, first + 20)])
            instance.processes["collect-log"].kill()
            if turn % 2:
                instance.processes["aggregator"].kill()
                instance.start_aggregator()
            journal.write(*[f"n={n}" for n in range(first + 20, first + 40)])
            instance.start_collector("log")
            follower.wait_numbers(range(first + 40))
        wait_until(lambda: value(instance, "system_health.log_messages") == 161, 20, "the count")
        assert [p["sub"] for p in follower.payloads("auth.failed")] == ["root"]
