# SPDX-License-Identifier: Apache-2.0
"""https and wss, served by the gateway itself."""
import json
import os
import signal
import socket
import ssl
import subprocess

import pytest
import requests

from sightline import free_port, wait_until
from tls import make_certificate, serve_tls, trusting


@pytest.fixture
def secure(make_instance):
    """An instance with TLS; .certificate is what a client has to trust."""
    def make(options="", **kwargs):
        instance = make_instance(**kwargs)
        instance.certificate = serve_tls(instance, options)
        return instance.start()
    return make


def https(instance, path, role="master_admin", **kwargs):
    return requests.get(f"https://localhost:{instance.tls_port}{path}", verify=str(instance.certificate), timeout=10,
                        headers={**instance.bearer(role), **kwargs.pop("headers", {})}, **kwargs)


def connect(instance, context, host="localhost"):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", instance.tls_port), 10), server_hostname=host)


def serial(instance):
    """What tells one certificate from another: its bytes, as a new client gets them."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with connect(instance, context) as s:
        return s.getpeercert(binary_form=True)


def log(instance, index=1):
    return instance.processes[f"gateway-{index}"].text()


# ---- what is served ----------------------------------------------------------------------------


def test_003_8_snapshot_stream_and_websocket_over_tls(secure):
    instance = secure()
    assert https(instance, "/api/v1/snapshot").json().keys() == instance.get("/api/v1/snapshot").json().keys()
    with instance.ws(url=f"wss://localhost:{instance.tls_port}/api/v1/ws", ssl=trusting(instance.certificate)) as ws:
        ws.wait("connection_established")
        ws.subscribe("metrics.>")
        assert ws.wait("initial_metrics")["data"]
    with https(instance, "/api/v1/stream", stream=True) as stream:
        first = next(line for line in stream.iter_lines(chunk_size=1) if line.startswith(b"data:"))
    assert json.loads(first[5:])["type"] == "connection_established"


def test_curl_speaks_tls_1_3_with_every_suite(secure):
    instance = secure()
    for suite in "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256":
        done = subprocess.run(["curl", "-sv", "--cacert", instance.certificate, "--tls13-ciphers", suite,
                               f"https://localhost:{instance.tls_port}/healthz"], capture_output=True, text=True)
        assert done.stdout == '{"status":"ok"}', done.stderr
        assert f"TLSv1.3 / {suite}" in done.stderr


def test_a_large_answer_and_a_large_request_pass(secure):
    instance = secure()
    body = requests.post(f"https://localhost:{instance.tls_port}/api/v1/control", verify=str(instance.certificate),
                         headers=instance.bearer(), data=b'{"action":"' + b"x" * 900000 + b'"}', timeout=20)
    assert body.status_code == 400 and body.json()["type"] == "/problems/unknown-action"
    assert https(instance, "/openapi.json").content == instance.get("/openapi.json").content


def test_the_session_cookie_is_secure_and_bound_to_the_host(secure):
    instance = secure()
    url = f"https://localhost:{instance.tls_port}/api/v1/session"
    made = requests.post(url, headers=instance.bearer(), verify=str(instance.certificate), timeout=10)
    cookie = made.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sightline=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    assert https(instance, "/api/v1/session", None, headers={"Cookie": cookie.split(";")[0]}).status_code == 200


def test_hsts_is_said_where_it_is_configured_and_over_tls_only(secure):
    instance = secure("hsts = 365d\n")
    assert https(instance, "/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in instance.get("/healthz").headers
    assert "Strict-Transport-Security" not in https(secure(), "/healthz").headers


def test_a_ticket_of_one_gateway_is_taken_by_another(secure):
    instance = secure(gateways=2, env={"SIGHTLINE_GATEWAY_REUSEPORT": "true"})
    context = trusting(instance.certificate)
    session, resumed = None, {1: 0, 2: 0}

    def taken(index):
        _, text = instance.unix_get(index, "/metrics")
        return int(float(text.split("gateway_tls_resumed_total{")[1].split("} ")[1].split()[0]))

    for _ in range(40):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", instance.tls_port)),
                                 server_hostname="localhost", session=session) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert s.recv(1000).startswith(b"HTTP/1.1 200")
            assert session is None or s.session_reused
            session = s.session
        resumed = {i: taken(i) for i in (1, 2)}
        if all(resumed.values()):
            return
    raise AssertionError(resumed)


# ---- who is not served --------------------------------------------------------------------------


def test_tls_1_2_is_not_offered(secure):
    instance = secure()
    old = trusting(instance.certificate)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="protocol version"):
        connect(instance, old)
    with connect(instance, trusting(instance.certificate)) as s:
        assert s.version() == "TLSv1.3"


def test_clear_text_at_the_port_of_tls_is_told_so(secure):
    instance = secure()
    answer = requests.get(f"http://localhost:{instance.tls_port}/", timeout=5)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/tls-required"
    assert https(instance, answer.json()["type"]).status_code == 200


def ended(s, data=b""):
    """Sends and reads until the server ends the connection, politely or by a reset."""
    try:
        s.sendall(data)
        while s.recv(65536):
            pass
    except ConnectionError:
        pass


def test_tls_at_the_port_of_clear_text_and_garbage_at_that_of_tls_end_at_once(secure):
    instance = secure()
    with pytest.raises(ssl.SSLError):
        trusting(instance.certificate).wrap_socket(
            socket.create_connection(("127.0.0.1", instance.port), 10), server_hostname="localhost")
    for garbage in b"\0\1\2\3", b"\x16\3\1\0\x05\1\0\0\1x", b"\x80\x2e\1\0\2", os.urandom(500).lower():
        with socket.create_connection(("127.0.0.1", instance.tls_port), 10) as s:
            ended(s, garbage)
    assert https(instance, "/healthz").status_code == 200


def test_slow_handshakes_end_with_the_header_timeout(secure):
    instance = secure("header_timeout = 400ms\n")
    hello = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = hello.read()
    waiting = []
    for part in b"", hello[:1], hello[:100], hello:
        s = socket.create_connection(("127.0.0.1", instance.tls_port), 10)
        s.sendall(part)
        waiting.append(s)
    assert https(instance, "/healthz").status_code == 200
    for s in waiting:
        ended(s)
        s.close()


def test_a_flood_of_handshakes_is_bounded_and_lets_others_in(secure):
    instance = secure()
    sockets = []
    try:
        for _ in range(2500):
            s = socket.create_connection(("127.0.0.1", instance.tls_port), 10)
            s.sendall(b"\x16\3\1\2\0\1\0\1\xfc\3\3")
            sockets.append(s)
        assert https(instance, "/healthz").status_code == 200
        _, text = instance.unix_get(1, "/metrics")
        assert int(float(text.split("gateway_tls_under_way{")[1].split("} ")[1].split()[0])) <= 2000
    finally:
        for s in sockets:
            s.close()


# ---- certificates ----------------------------------------------------------------------------------


def test_a_changed_certificate_is_used_without_dropping_a_connection(secure):
    instance = secure()
    before = serial(instance)
    with instance.ws(url=f"wss://localhost:{instance.tls_port}/api/v1/ws", ssl=trusting(instance.certificate)) as ws:
        ws.wait("connection_established")
        make_certificate(instance.dir / "keys")
        wait_until(lambda: serial(instance) != before, what="the new certificate")
        ws.subscribe("metrics.>")
        assert ws.closed is None
    assert log(instance).count("certificate-loaded") >= 2


def test_a_link_that_is_turned_to_a_renewed_certificate_is_followed(make_instance):
    instance = make_instance()
    archive, live = instance.dir / "archive", instance.dir / "live"
    archive.mkdir()
    live.mkdir()
    make_certificate(archive, "one")
    for suffix in "crt", "key":
        (live / f"tls.{suffix}").symlink_to(archive / f"one.{suffix}")
    instance.tls_port = free_port()
    instance.configure("gateway", f'tls_certificate = "{live}/tls.crt"\ntls_key = "{live}/tls.key"\n'
                                  f"tls_port = {instance.tls_port}\n")
    instance.start()
    before = serial(instance)
    make_certificate(archive, "two")
    for suffix in "crt", "key":
        (live / "new").symlink_to(archive / f"two.{suffix}")
        (live / "new").rename(live / f"tls.{suffix}")
    wait_until(lambda: serial(instance) != before, what="the renewed certificate")


def test_wrong_files_at_a_reload_keep_the_running_certificate(secure):
    instance = secure()
    before = serial(instance)
    (instance.dir / "keys/tls.crt").write_text("nothing of the kind\n")
    instance.processes["gateway-1"].popen.send_signal(signal.SIGHUP)
    wait_until(lambda: "certificate-refused" in log(instance), what="the refusal")
    refusal = next(line for line in log(instance).splitlines() if "certificate-refused" in line)
    assert "keys/tls.crt" in refusal and "running=unchanged" in refusal
    assert serial(instance) == before
    make_certificate(instance.dir / "keys")
    wait_until(lambda: serial(instance) != before, what="the certificate that is right again")


@pytest.mark.parametrize("break_it, named", [
    (lambda keys: (keys / "tls.crt").unlink(), "tls.crt: No such file"),
    (lambda keys: (keys / "tls.key").write_text("x"), "tls.key"),
    (lambda keys: (keys / "tls.key").chmod(0o644), "chmod 0600"),
    (lambda keys: os.replace(make_certificate(keys, "other")[1], keys / "tls.key"), "mismatch"),
])
def test_the_gateway_does_not_start_with_wrong_files_and_names_them(make_instance, break_it, named):
    instance = make_instance()
    serve_tls(instance)
    break_it(instance.dir / "keys")
    gateway = instance.start_gateway()
    assert gateway.wait() == 66
    assert named in gateway.text()


def test_a_certificate_without_its_key_is_a_configuration_error(make_instance):
    instance = make_instance(config={"gateway": 'tls_certificate = "keys/tls.crt"\n'})
    gateway = instance.start_gateway()
    assert gateway.wait() == 78
    assert "tls_certificate and tls_key need each other" in gateway.text()
    assert "sightline.conf:" in gateway.text()
