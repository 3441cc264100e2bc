# SPDX-License-Identifier: Apache-2.0
"""Where a token may be, and which of several counts; tickets, cookies and other origins."""
import concurrent.futures
import os
import signal

import pytest
import requests

import jwt
from sightline import wait_until


def ticket_of(instance, token):
    answer = requests.post(instance.url("/api/v1/ticket"), headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", answer.text
    assert 0 < answer.json()["expiresIn"] <= 30
    return answer.json()["ticket"]


def session(instance, **headers):
    """Whom a request is taken for, or the reason of its refusal."""
    query = headers.pop("query", "")
    answer = requests.get(instance.url("/api/v1/session" + query), headers=headers, timeout=10)
    return answer.json()["sub"] if answer.status_code == 200 else answer.json()["detail"]


def test_the_first_place_that_is_present_decides_and_none_after_it(make_instance):
    instance = make_instance(config={"gateway": "query_token = true"}).start()
    tokens = {place: instance.token("master_admin", place) for place in ("header", "protocol", "ticket", "query", "cookie")}
    cookie = f"sightline-{instance.port}={tokens['cookie']}"
    header = {"Authorization": f"Bearer {tokens['header']}"}
    protocol = {"Sec-WebSocket-Protocol": f"sightline.v1.json, bearer.{tokens['protocol']}"}

    def query(ticket=None):
        return f"?ticket={ticket or ticket_of(instance, tokens['ticket'])}&token={tokens['query']}"
    assert session(instance, query=query(), Cookie=cookie, **protocol, **header) == "header"
    assert session(instance, query=query(), Cookie=cookie, **protocol) == "protocol"
    assert session(instance, query=query()) == "ticket"
    assert session(instance, query=query(), Cookie=cookie) == "ticket"
    assert session(instance, query=f"?token={tokens['query']}", Cookie=cookie) == "query"
    assert session(instance, Cookie=cookie) == "cookie"
    # What is present and wrong is refused, whatever comes after it.
    assert session(instance, query=query(), Cookie=cookie, Authorization="Bearer x") == "not a JSON Web Token"
    assert session(instance, query=query(), Cookie=cookie, Authorization="Basic x") == "not a JSON Web Token"
    wrong = {"Sec-WebSocket-Protocol": "sightline.v1.json, bearer.x.y.z"}
    assert session(instance, query=query(), Cookie=cookie, **wrong) not in tokens
    assert session(instance, query=query("nonsense")) == "the ticket is unknown, over, or was used already"
    assert session(instance, query="?token=x", Cookie=cookie) == "not a JSON Web Token"


def test_a_ticket_opens_one_stream_on_any_gateway_and_no_other(make_instance):
    instance = make_instance(gateways=2, env={"MAX_CONNECTIONS_PER_USER": "50"}).start()
    token = instance.token("technical_admin", "anna")
    for index in (1, 2):
        ticket = ticket_of(instance, token)
        with instance.ws(role=None, path=f"/api/v1/ws?ticket={ticket}", index=index) as ws:
            assert ws.wait("connection_established")["data"]["role"] == "technical_admin"
        with instance.ws(role=None, path=f"/api/v1/ws?ticket={ticket}", index=3 - index) as again:
            assert "used already" in again.wait("error")["data"]["message"]
            assert again.wait_closed() == 3500
    with instance.sse(None, f"/api/v1/stream?ticket={ticket_of(instance, token)}") as stream:
        stream.wait("initial_metrics")
    ticket = ticket_of(instance, token)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        url = instance.url(f"/api/v1/session?ticket={ticket}")
        answers = list(pool.map(lambda _: requests.get(url, timeout=10).status_code, range(64)))
    assert answers.count(200) == 1 and answers.count(401) == 63, "spent once by 64 at a time"
    for process in instance.processes.values():
        assert ticket not in process.text() and token not in process.text()


def test_a_forged_ticket_is_refused_without_asking_the_aggregator(make_instance):
    instance = make_instance().start()
    ticket = ticket_of(instance, instance.token("technical_admin", "anna"))
    changed = "BA"[ticket[5] == "B"]
    forged = ("", "nonsense", "A" * 43, ticket[:-2], ticket + "A", ticket[:5] + changed + ticket[6:], "A" * 4000)
    aggregator = instance.processes["aggregator"].pid
    os.kill(aggregator, signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            storm = list(pool.map(lambda n: session(instance, query=f"?ticket={forged[n % len(forged)]}"), range(600)))
    finally:
        os.kill(aggregator, signal.SIGCONT)
    assert set(storm) == {"the ticket is unknown, over, or was used already"}
    assert session(instance, query=f"?ticket={ticket}") == "anna", "and what was made here is still good"


def test_an_event_source_goes_on_with_the_cookie_of_its_ticket(make_instance):
    instance = make_instance(gateways=2).start("system")
    path = f"/api/v1/stream?ticket={ticket_of(instance, instance.token('technical_admin', 'anna'))}"
    with instance.sse(None, path) as stream:
        stream.wait("metrics_update")
        cookie = stream.response.headers["Set-Cookie"]
        last = stream.last_id
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    # The browser connects again to the same address, ticket and all.
    again = {"Cookie": cookie.split(";")[0], "Last-Event-ID": last}
    with instance.sse(None, path, headers=again) as stream:
        assert stream.wait("connection_established")["data"]["role"] == "technical_admin"
    with instance.sse(None, path, headers={"Cookie": cookie.split(";")[0]}) as stream:
        stream.wait("connection_established")
    assert requests.get(instance.url(path), headers={"Last-Event-ID": last}, timeout=10).status_code == 401


@pytest.mark.parametrize("fields", [
    {"Sec-Fetch-Mode": "navigate"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_a_ticket_signs_nobody_in_through_another_page(make_instance, fields):
    instance = make_instance().start()
    ticket = ticket_of(instance, instance.token())
    with instance.sse(None, f"/api/v1/stream?ticket={ticket}", headers=fields) as stream:
        assert stream.response.status_code == 200 and "Set-Cookie" not in stream.response.headers


def test_tickets_are_bounded_for_each_user_and_need_the_aggregator(make_instance):
    instance = make_instance().start()
    headers = [{"Authorization": f"Bearer {instance.token('master_admin', sub)}"} for sub in ("anna", "bert")]
    answers = [requests.post(instance.url("/api/v1/ticket"), headers=headers[0], timeout=10).status_code
               for _ in range(101)]
    assert answers == [200] * 100 + [429]
    answer = requests.post(instance.url("/api/v1/ticket"), headers=headers[1], timeout=10)
    assert answer.status_code == 200
    instance.processes["aggregator"].kill(signal.SIGTERM)
    assert requests.post(instance.url("/api/v1/ticket"), headers=headers[1], timeout=10).status_code == 503
    assert requests.get(instance.url("/api/v1/session?ticket=" + answer.json()["ticket"]), timeout=10).status_code == 503


def test_a_long_token_fits_into_the_cookie_whole_or_is_refused(make_instance):
    instance = jwt.accept(make_instance(config={"auth": jwt.KEYS})).start()
    for size, status in ((1500, 200), (2600, 200), (4000, 400)):
        token = jwt.sign(jwt.claims(more="x" * size))
        answer = requests.post(instance.url("/api/v1/session"), headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == status, size
        if status == 200:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
            assert cookie.partition("=")[2] == token
            assert session(instance, Cookie=cookie) == "somebody"


def test_user_id_is_compared_with_the_first_message_too(make_instance):
    instance = make_instance().start()
    path = "/api/admin/analytics/websocket?userId=anna"
    for sub, wanted in (("anna", "connection_established"), ("bert", "error")):
        with instance.ws(role=None, path=path) as ws:
            answer = ws.request("auth", wanted, token=instance.token("master_admin", sub))
            if wanted == "error":
                assert answer["data"]["code"] == "forbidden"
                assert ws.wait_closed() == 3507


LISTED, OWN, OTHER = "https://admin.example", None, "https://evil.example"


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "any"])
def test_origins_read_answers_as_they_are_listed(make_instance, listed):
    second = ', "*"'
    instance = make_instance(config={"gateway": f'origins = {{"{LISTED}"{"" if listed else second}}}'}).start()
    cookie = {"Cookie": f"sightline-{instance.port}={instance.token()}"}

    def cors(answer):
        return (answer.headers.get("Access-Control-Allow-Origin"), answer.headers.get("Access-Control-Allow-Credentials"))
    for origin in (LISTED, instance.url("")):
        answer = requests.get(instance.url("/api/v1/snapshot"), headers={**cookie, "Origin": origin}, timeout=10)
        assert cors(answer) == (origin, "true") and "Origin" in answer.headers["Vary"]
        refused = requests.get(instance.url("/api/v1/snapshot"), headers={"Origin": origin}, timeout=10)
        assert refused.status_code == 401 and cors(refused) == (origin, "true"), "pages may read why"
        preflight = requests.options(instance.url("/api/v1/control"), timeout=10, headers={
            "Origin": origin, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,last-event-id"})
        assert preflight.status_code == 204 and cors(preflight) == (origin, "true")
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        assert "Last-Event-ID" in preflight.headers["Access-Control-Allow-Headers"]
        assert int(preflight.headers["Access-Control-Max-Age"]) > 0
        with instance.sse(None, "/api/v1/stream", headers={**cookie, "Origin": origin}) as stream:
            assert cors(stream.response) == (origin, "true")
    answer = requests.get(instance.url("/api/v1/snapshot"), headers={"Origin": OTHER, **instance.bearer()}, timeout=10)
    assert cors(answer) == ((None, None) if listed else ("*", None))
    preflight = requests.options(instance.url("/api/v1/control"), timeout=10, headers={
        "Origin": OTHER, "Access-Control-Request-Method": "POST"})
    assert cors(preflight) == ((None, None) if listed else ("*", None))
    assert ("Access-Control-Allow-Methods" in preflight.headers) is not listed
    for request in (requests.post, requests.delete):
        answer = request(instance.url("/api/v1/session"), headers={**cookie, "Origin": OTHER}, timeout=10)
        assert answer.status_code == 403, "a cookie is for listed origins only"
    with instance.ws(role=None, headers={**cookie, "Origin": OTHER}) as ws:
        assert ws.wait_closed() == 3507
    assert "Vary" not in requests.get(instance.url("/healthz"), timeout=10).headers


def test_the_end_of_a_session_is_seen_by_other_gateways(make_instance):
    instance = make_instance(gateways=2).start()
    begun = instance.post("/api/v1/session", {})
    cookie = {"Cookie": begun.headers["Set-Cookie"].split(";")[0]}
    ended = requests.delete(instance.url("/api/v1/session"), headers={**cookie, "Origin": instance.url("")}, timeout=10)
    assert ended.status_code == 200 and "Max-Age=0" in ended.headers["Set-Cookie"]
    wait_until(lambda: all(requests.get(instance.url("/api/v1/session"), headers=cookie, timeout=10).status_code == 401
                           for _ in range(8)), what="the refusal by both gateways")
