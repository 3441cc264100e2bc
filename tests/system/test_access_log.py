# SPDX-License-Identifier: Apache-2.0
"""The access log: what happened and by whom, and never a token."""
import re
import signal
import socket

import requests

from sightline import wait_until

FIELD = re.compile(r'(\w+)=("[^"]*"|\S+)')


def lines(instance, *having):
    """The fields of the access log's lines that have these texts in them."""
    text = instance.processes["gateway-1"].text()
    return [dict((key, value.strip('"')) for key, value in FIELD.findall(line))
            for line in text.splitlines()
            if line.startswith("info access time=") and all(part in line for part in having)]


def line(instance, *having):
    return wait_until(lambda: lines(instance, *having), what=f"a line with {having}")[0]


def raw(instance, request):
    """Sends bytes to the TCP port and returns what comes until the end."""
    with socket.create_connection(("127.0.0.1", instance.port)) as s:
        s.settimeout(10)
        s.sendall(request)
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    return data


def test_requests_and_ends_of_streams_have_a_line_each(make_instance):
    instance = make_instance().start("system")
    answer = instance.get("/api/v1/snapshot?modules=system_health", "technical_admin")
    got = line(instance, 'path="/api/v1/snapshot"')
    assert got["request_id"] == answer.headers["X-Request-Id"]
    assert (got["client"], got["method"], got["status"]) == ("127.0.0.1", "GET", "200")
    assert (got["user"], got["role"], got["tenant"]) == ("technical_admin", "technical_admin", "default")
    assert int(got["bytes"]) > len(answer.content) and float(got["ms"]) >= 0 and got["transport"] == "http"
    instance.get("/api/v1/snapshot", None)
    assert line(instance, "status=401")["user"] == ""
    with instance.ws(sub="anna") as ws:
        established = ws.wait("connection_established")["data"]["connectionId"]
        ws.subscribe("metrics.>")
        ws.wait("metrics_update")
    assert line(instance, "status=101")["transport"] == "websocket"
    end = line(instance, f"connection={established}")
    assert (end["path"], end["transport"], end["user"]) == ("/api/v1/ws", "websocket", "anna")
    assert int(end["messages"]) >= 2 and int(end["bytes"]) > 100 and int(end["ms"]) >= 0
    with instance.sse("read_only_viewer") as sse:
        sse.wait("initial_metrics")
    assert line(instance, "connection=", "transport=sse")["role"] == "read_only_viewer"
    assert line(instance, 'path="/api/v1/stream"', "request_id")["transport"] == "sse"


def test_a_close_by_the_server_is_logged_with_its_code(make_instance):
    instance = make_instance(config={"gateway": "bad_messages_per_minute = 1"}).start()
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.send_until_closed("no json", 10)
        ws.wait_closed()
    assert line(instance, "connection=", "code=3501")["status"] == "closed"


def test_switch_sample_and_bound_are_followed(make_instance):
    instance = make_instance(config={"gateway": "access_log = false"}).start()
    for _ in range(3):
        instance.get("/api/v1/alerts")
    conf = instance.dir / "etc/sightline.conf"

    def reload(text):
        conf.write_text(re.sub(r"(?m)^access_log.*$", text, conf.read_text(encoding="utf-8"), count=1), encoding="utf-8")
        before = instance.processes["gateway-1"].text().count("reloaded")
        instance.processes["gateway-1"].popen.send_signal(signal.SIGHUP)
        wait_until(lambda: instance.processes["gateway-1"].text().count("reloaded") > before, what="the reload")

    assert not lines(instance)
    reload("access_log_sample = 10")
    for _ in range(40):
        instance.get("/api/v1/alerts")
    instance.get("/api/v1/alerts", None)
    assert line(instance, "status=401")
    assert len(lines(instance, "status=200", "/api/v1/alerts")) == 4
    reload("access_log_per_second = 5")
    with requests.Session() as session:
        for _ in range(400):
            session.get(instance.url("/nothing"))
    assert len(lines(instance, "status=404")) < 400
    wait_until(lambda: instance.get("/nothing").status_code == 404 and
               re.search(r"info access suppressed=[1-9]", instance.processes["gateway-1"].text()),
               what="the count of what was held back")


def test_what_clients_send_cannot_make_a_line(make_instance):
    instance = make_instance().start()
    forged = "info access time=2020-01-01T00:00:00Z forged"
    for path in (f"/a%0a{forged.replace(' ', '%20')}", f"/b%0d%0a{forged.replace(' ', '%20')}", "/c%22%20status=200",
                 "/d%1b[31m", "/e%ff%fe", "/f%00x"):
        raw(instance, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    user = instance.token("technical_admin", 'eve" status=1')
    assert requests.get(instance.url("/api/v1/alerts"), headers={"Authorization": f"Bearer {user}"},
                        timeout=10).status_code == 200
    raw(instance, b"GE\nT / HTTP/1.1\r\n\r\n")
    assert line(instance, 'path="/c')["status"] == "404"
    assert line(instance, "eve")["status"] == "200", "the first of a name"
    assert lines(instance, r"eve\x22 status=1")
    text = instance.processes["gateway-1"].text()
    assert not [found for found in text.splitlines() if found.startswith(forged[:40])]
    assert all(c == "\n" or 0x20 <= ord(c) < 0x7f for c in text)
    assert not lines(instance, 'path="/c"'), "a quote ends no value"


def test_no_log_has_a_token_wherever_it_was_sent(make_instance):
    instance = make_instance(gateways=2, config={"gateway": "query_token = true", "log": 'level = "debug"'}).start("system")
    tokens = {sub: instance.token("technical_admin", sub) for sub in (
        "header", "query", "cookie", "protocol", "message", "refresh", "post", "session", "ticket", "path", "body")}
    get = lambda path, **kw: requests.get(instance.url(path), timeout=10, **kw)  # noqa: E731
    bearer = lambda sub: {"Authorization": f"Bearer {tokens[sub]}"}  # noqa: E731
    cookie = lambda sub: {"Cookie": f"sightline-{instance.port}={tokens[sub]}"}  # noqa: E731

    assert get("/api/v1/alerts", headers=bearer("header")).status_code == 200
    assert get(f"/api/v1/alerts?token={tokens['query']}").status_code == 200
    assert get("/api/v1/alerts", headers=cookie("cookie")).status_code == 200
    get(f"/{tokens['path']}")
    get(f"/api/v1/connections/{tokens['path']}/refresh")
    requests.post(instance.url("/api/v1/session"), headers=bearer("session"), timeout=10)
    ticket = requests.post(instance.url("/api/v1/ticket"), headers=bearer("ticket"), timeout=10).json()["ticket"]
    with get(f"/api/v1/stream?ticket={ticket}", stream=True) as stream:
        assert stream.status_code == 200
        set_cookie = stream.headers.get("Set-Cookie", "")
    for wrong in ("x", ".x.y"):
        get("/api/v1/alerts", headers={"Authorization": f"Bearer {tokens['header']}{wrong}"})
        get(f"/api/v1/stream?token={tokens['query']}{wrong}")
    with instance.ws(role=None, token=None, path=f"/api/v1/ws?token={tokens['query']}") as ws:
        ws.wait("connection_established")
    with instance.ws(role=None, subprotocols=("sightline.v1.json", f"bearer.{tokens['protocol']}")) as ws:
        ws.wait("connection_established")
    with instance.ws(role=None) as ws:
        ws.send({"type": "auth", "data": {"token": tokens["message"] + "x"}})
        ws.wait_closed()
    with instance.ws(role=None) as ws:
        ws.send({"type": "auth", "data": {"token": tokens["message"]}})
        connection = ws.wait("connection_established")["data"]["connectionId"]
        ws.send({"type": "refresh", "data": {"token": tokens["refresh"]}})
        ws.wait("error")
        requests.post(instance.url(f"/api/v1/connections/{connection}/refresh"), headers=bearer("message"),
                      json={"token": tokens["body"]}, timeout=10)
    requests.delete(instance.url("/api/v1/session"), headers=bearer("post"), timeout=10)
    raw(instance, f"GET /api/v1/alerts?token={tokens['query']} HTTP/1.1\r\nBad Header\r\n\r\n".encode())
    wait_until(lambda: "access" in instance.processes["gateway-1"].text(), what="a line")
    secrets = [part for token in tokens.values() for part in (token, token.split(".")[2])] + [ticket]
    if "=" in set_cookie:
        secrets.append(set_cookie.split("=", 1)[1].split(";")[0])
    for log in instance.dir.glob("*.log"):
        text = log.read_text(errors="replace")
        for secret in secrets:
            assert secret not in text, f"{log.name}: {secret[:12]}…"
