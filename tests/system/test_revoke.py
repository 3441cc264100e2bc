# SPDX-License-Identifier: Apache-2.0
"""Revoked tokens are cut on every gateway, refused everywhere, and stay so across restarts."""
import json
import signal
import subprocess
import time

import pytest
import requests

import jwt
from sightline import program, wait_until


def status_of(instance, token):
    return instance.get("/api/v1/snapshot", None, {"Authorization": f"Bearer {token}"}).status_code


def revoke(instance, token, how):
    payload = jwt.decode(token.split(".")[1])
    if how == "token":
        done = subprocess.run([program("ctl"), "revoke", "--token", "-", "--dir", str(instance.dir)], input=token,
                              env=instance.env, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
    elif how == "session":
        assert requests.delete(instance.url("/api/v1/session"), headers={"Authorization": f"Bearer {token}"},
                               timeout=10).status_code == 200
    else:
        instance.ctl("revoke", f"--{how}", payload[how])


@pytest.mark.parametrize("how", ["session", "token", "jti", "sub"])
def test_a_revoked_token_is_cut_on_every_gateway_and_stays_refused(make_instance, how):
    instance = make_instance(gateways=2).start()
    token, other = instance.token("master_admin", "anna"), instance.token("master_admin", "bert")
    with instance.ws(role=None, token=token, index=1) as one, instance.ws(role=None, token=token, index=2) as two, \
            instance.ws(role=None, token=other, index=1) as stays:
        for stream in (one, two, stays):
            stream.wait("connection_established")
        revoke(instance, token, how)
        for stream in (one, two):
            said = stream.wait("disconnect")["data"]
            assert said["code"] == 3503 and said["reconnect"] is False
            assert stream.wait_closed() == 3503
        assert status_of(instance, token) == 401
        stays.request("ping", "pong")
    instance.processes["aggregator"].kill(signal.SIGTERM)
    instance.start_aggregator()
    instance.processes["gateway-1"].kill(signal.SIGTERM)
    instance.start_gateway(1)
    instance.wait_ready(1)
    wait_until(lambda: instance.post("/api/v1/control", {"action": "force-aggregation"}).status_code == 200,
               what="the aggregator's return")
    assert status_of(instance, token) == 401, "a gateway that starts later knows it"
    with instance.ws(role=None, token=token, index=1) as late:
        assert late.wait_closed() == 3500


def test_a_token_revoked_while_its_place_is_waited_for_does_not_get_in(make_instance):
    instance = make_instance().start()
    token = instance.token("master_admin", "anna")
    instance.processes["aggregator"].kill()
    with instance.ws(role=None, index=1) as ws:
        ws.send({"type": "auth", "data": {"token": token}})
        # Places are given out a moment after the start; tokens are revoked at once.
        instance.start_aggregator()
        wait_until(lambda: instance.ctl("revoke", "--sub", "anna", check=False).returncode == 0)
        assert ws.wait("disconnect")["data"]["code"] == 3503
        assert ws.wait_closed() == 3503
        assert not ws.of_type("connection_established")


def test_a_user_whose_tokens_were_revoked_gets_in_with_a_later_one(make_instance):
    instance = jwt.accept(make_instance(config={"auth": jwt.KEYS})).start()
    now = int(time.time())
    old, undated, later = (jwt.sign({**jwt.claims(), "iat": iat}) for iat in (now - 60, 0, now + 60))
    assert [status_of(instance, token) for token in (old, undated, later)] == [200, 200, 200]
    instance.ctl("revoke", "--sub", "somebody")
    wait_until(lambda: status_of(instance, old) == 401, what="the revocation")
    assert status_of(instance, undated) == 401
    assert status_of(instance, later) == 200
    force = requests.post(instance.url("/api/v1/control"), json={"action": "force-aggregation"}, timeout=10,
                          headers={"Authorization": f"Bearer {later}"})
    assert force.status_code == 200, "the aggregator agrees"


@pytest.mark.parametrize("args, code, words", [
    ((), 64, "one of --token, --jti and --sub"),
    (("--jti", "a", "--sub", "b"), 64, "one of --token, --jti and --sub"),
    (("--jti", "a", "--keep", "soon"), 64, "--keep"),
    (("--jti", ""), 64, "at most 128 bytes"),
    (("--jti", "a" * 129), 64, "at most 128 bytes"),
    (("--token", "a.b.c"), 64, "refused anyway"),
])
def test_a_wrong_revoke_is_one_clear_line(instance, args, code, words):
    done = instance.ctl("revoke", *args, check=False)
    assert done.returncode == code and words in done.stderr and done.stderr.count("\n") == 1, (done.returncode, done.stderr)


def test_a_revocation_says_what_it_did(instance):
    answer = json.loads(instance.ctl("revoke", "--json", "--jti", "some", "--tenant", "acme", "--keep", "1h").stdout)
    assert answer["jti"] == "some" and answer["tenant"] == "acme"
    assert 3500 < answer["exp"] - time.time() < 3700
