# SPDX-License-Identifier: Apache-2.0
"""Keys of every kind, in PEM and in sets, against tokens that another program signed; their rotation."""
import base64
import json
import os
import pathlib
import subprocess

import pytest
import requests

import jwt
from sightline import wait_until

SET = 'key "own" { file = "keys/jwt.pub" alg = EdDSA }\nkey "issuer" { file = "keys/issuer.jwks" alg = JWKS }'


class Issuer:
    def __init__(self):
        self.node = subprocess.Popen(["node", pathlib.Path(__file__).with_name("issuer.mjs")], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        self.node.stdin.write(json.dumps(request) + "\n")
        self.node.stdin.flush()
        return json.loads(self.node.stdout.readline())

    def make(self, name, alg):
        return self.ask(make={"name": name, "alg": alg})

    def sign(self, name, alg, payload=None, der=False, **header):
        return self.ask(sign={"name": name, "header": {"alg": alg, "typ": "JWT", **header},
                              "payload": payload or jwt.claims(), "der": der})["token"]

    def close(self):
        self.node.stdin.close()
        self.node.stdout.close()
        self.node.wait(10)


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.close()


def write_set(instance, *keys):
    """Puts a new file in the place of the old one, as those do who never show half of it."""
    path = instance.dir / "keys/issuer.jwks"
    path.with_suffix(".new").write_text(json.dumps({"keys": [key["jwk"] for key in keys]}))
    os.replace(path.with_suffix(".new"), path)


def status(instance, token):
    return instance.get("/api/v1/snapshot", None, {"Authorization": f"Bearer {token}"}).status_code


def forced(instance, token):
    """What the aggregator itself says to a token."""
    return requests.post(instance.url("/api/v1/control"), json={"action": "force-aggregation"}, timeout=10,
                         headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_gateway_and_aggregator_verify_what_another_program_signs(make_instance, issuer, alg):
    instance = make_instance(config={"auth": f'key "issuer" {{ file = "keys/issuer.pub" alg = {alg} kid = "one" }}'})
    (instance.dir / "keys/issuer.pub").write_text(issuer.make("one", alg)["pem"])
    instance.start()
    for token in (issuer.sign("one", alg, kid="one"), issuer.sign("one", alg)):
        assert status(instance, token) == 200
        assert forced(instance, token) == 200
    issuer.make("two", alg)
    public = (instance.dir / "keys/issuer.pub").read_bytes()
    wrong = [
        issuer.sign("two", alg, kid="one"),
        issuer.sign("one", alg, kid="two"),
        issuer.sign("one", "none", kid="one"),
        issuer.sign("one", "PS256", kid="one"),
        jwt.sign(jwt.claims(), public, kid="one"),
        jwt.sign(jwt.claims(), public, alg, kid="one"),
        *([issuer.sign("one", alg, der=True)] if alg == "ES256" else []),
        *[issuer.sign("one", other, kid="one") for other in ("RS256", "ES256", "EdDSA", "HS256") if other != alg],
    ]
    for token in wrong:
        assert status(instance, token) == 401, jwt.decode(token.split(".")[0])


def test_a_revoked_token_stays_refused_under_its_other_signature(make_instance, issuer):
    instance = make_instance(config={"auth": SET})
    write_set(instance, issuer.make("one", "ES256"))
    instance.start()
    token = issuer.sign("one", "ES256", kid="one")
    text, signature = token.rsplit(".", 1)
    signature = base64.urlsafe_b64decode(signature + "==")
    # ECDSA: (r, n - s) holds where (r, s) does.
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = signature[:32] + (n - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    twin = f"{text}.{jwt.encode(other)}"
    assert status(instance, token) == 200 and status(instance, twin) == 200
    assert requests.delete(instance.url("/api/v1/session"), headers={"Authorization": f"Bearer {token}"},
                           timeout=10).status_code == 200
    wait_until(lambda: status(instance, token) == 401, what="the revocation")
    assert status(instance, twin) == 401
    assert forced(instance, twin) == 401


def test_a_key_rotates_through_its_set_without_a_restart(make_instance, issuer):
    instance = make_instance(gateways=2, config={"auth": SET})
    old, new = issuer.make("2025", "RS256"), issuer.make("2026", "ES256")
    write_set(instance, old)
    instance.start()
    first = issuer.sign("2025", "RS256", kid="2025")
    second = issuer.sign("2026", "ES256", kid="2026")
    assert status(instance, first) == 200 and status(instance, second) == 401
    with instance.ws(role=None, token=first, index=1) as one, instance.ws(role=None, token=first, index=2) as two, \
            instance.ws(index=1) as own:
        for stream in (one, two, own):
            stream.wait("connection_established")
        write_set(instance, old, new)
        wait_until(lambda: status(instance, second) == 200 and forced(instance, second) == 200, what="the new key")
        assert one.request("ping", "pong") and two.request("ping", "pong"), "both keys are in force"
        write_set(instance, new)
        for stream in (one, two):
            assert stream.wait("disconnect")["data"]["code"] == 3503
            assert stream.wait_closed() == 3503
        assert status(instance, first) == 401
        wait_until(lambda: forced(instance, first) == 401, what="the aggregator's refusal")
        assert own.request("ping", "pong"), "other keys' clients stay"
    assert status(instance, second) == 200


def test_a_broken_set_leaves_the_former_keys_and_says_so(make_instance, issuer):
    instance = make_instance(config={"auth": SET})
    key = issuer.make("k", "ES256")
    write_set(instance, key)
    instance.start()
    token = issuer.sign("k", "ES256", kid="k")
    with instance.ws(role=None, token=token) as ws:
        ws.wait("connection_established")
        (instance.dir / "keys/issuer.jwks").write_text('{"keys":[')
        for process in ("gateway-1", "aggregator"):
            wait_until(lambda: "the former keys stay" in instance.processes[process].text(), what="the log line")
            assert "issuer.jwks: line 1" in instance.processes[process].text()
        assert status(instance, token) == 200 and ws.request("ping", "pong")
    write_set(instance, issuer.make("l", "RS256"))
    wait_until(lambda: status(instance, token) == 401, what="the repaired set")


@pytest.mark.parametrize("text, words", [
    ("{}", "\"keys\" is no array"),
    ('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', "no key of the set"),
])
def test_a_set_without_keys_is_a_clear_line_at_the_start(make_instance, text, words):
    instance = make_instance(config={"auth": SET})
    (instance.dir / "keys/issuer.jwks").write_text(text)
    for process in (instance.start_gateway(), instance.start_aggregator()):
        assert process.wait() == 66
        assert words in process.text()
    instance.processes.clear()
