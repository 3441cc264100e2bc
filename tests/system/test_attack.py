# SPDX-License-Identifier: Apache-2.0
"""What an attacker tried and got through with, once."""
import pytest
import requests

import jwt


def held(make_instance, **options):
    return jwt.accept(make_instance(config={"auth": jwt.KEYS}, **options))


@pytest.mark.parametrize("expiry", [9223372037, 253402300799, 1e308])
def test_a_token_that_never_seems_to_expire_can_still_be_signed_out(make_instance, expiry):
    instance = held(make_instance).start()
    token = jwt.sign({**jwt.claims(jti="for-ever"), "exp": expiry})
    headers = {"Authorization": f"Bearer {token}"}
    session = requests.get(instance.url("/api/v1/session"), headers=headers, timeout=10)
    assert session.status_code == 200 and session.json()["expiresAt"] > "2200"
    with instance.ws(role=None, token=token) as ws:
        assert ws.wait("connection_established")["data"]["expiresAt"] > "2200"
        done = requests.delete(instance.url("/api/v1/session"), headers=headers, timeout=10)
        assert done.status_code == 200, done.text
        assert ws.wait_closed() == 3503
    # The journal keeps what is not over: a gateway that starts later knows it too.
    instance.processes["gateway-1"].kill()
    instance.start_gateway()
    instance.wait_ready()
    assert requests.get(instance.url("/api/v1/session"), headers=headers, timeout=10).status_code == 401


def test_a_session_behind_a_proxy_with_tls_is_found_again(make_instance):
    instance = make_instance(config={"gateway": 'trusted_proxies = {"127.0.0.1"}'}).start()
    tls = {"X-Forwarded-Proto": "https"}
    begun = instance.post("/api/v1/session", {}, headers=tls)
    cookie = begun.headers["Set-Cookie"].split(";")[0]
    assert cookie.startswith("__Host-sightline=") and "; Secure" in begun.headers["Set-Cookie"]
    assert instance.get("/api/v1/session", role=None, headers={**tls, "Cookie": cookie}).status_code == 200
    # In the clear, where any neighbour could have set it, it is no session.
    assert instance.get("/api/v1/session", role=None, headers={"Cookie": cookie}).status_code == 401
    origin = {**tls, "Cookie": cookie, "Origin": f"https://127.0.0.1:{instance.port}"}
    with instance.ws(role=None, headers=origin) as ws:
        ws.wait("connection_established")
    assert requests.delete(instance.url("/api/v1/session"), headers=origin, timeout=10).status_code == 200
