# SPDX-License-Identifier: Apache-2.0
"""/openapi.json and /asyncapi.json, held against their standards."""
import json
import pathlib
import subprocess

import requests

from sightline import wait_until

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ("openapi", "asyncapi")


def test_both_documents_are_public_and_those_of_the_build(make_instance):
    instance = make_instance()
    instance.start_gateway()  # without an aggregator: nothing in them depends on a state
    wait_until(lambda: instance.unix_get(1, "/healthz")[0] == 200, what="the gateway")
    for name in NAMES:
        answer = requests.get(instance.url(f"/{name}.json"), timeout=5)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
        assert answer.json() == getattr(instance.contract, name)
        head = requests.head(instance.url(f"/{name}.json"), timeout=5)
        assert head.status_code == 200 and head.headers["Content-Length"] == str(len(answer.content))
        assert requests.post(instance.url(f"/{name}.json"), timeout=5).status_code == 405


def test_documents_name_the_configured_path_of_the_websocket(make_instance):
    instance = make_instance(env={"WEBSOCKET_PATH": "/live"}).start()
    openapi, asyncapi = (requests.get(instance.url(f"/{name}.json"), timeout=5).json() for name in NAMES)
    assert "/live" in openapi["paths"] and "/api/admin/analytics/websocket" not in openapi["paths"]
    assert asyncapi["channels"]["live"]["address"] == "/live"
    with instance.ws(path="/live") as ws:
        ws.wait("connection_established")


def test_documents_are_valid_by_the_official_meta_schemas(make_instance):
    contract = make_instance().contract
    done = subprocess.run(["node", str(HERE / "metaschemas.mjs")], capture_output=True, text=True, timeout=60,
                          input=json.dumps({name: getattr(contract, name) for name in NAMES}))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"openapi": [], "asyncapi": [], "version": "3.1"}


def test_every_get_answers_head_and_every_path_its_methods(make_instance):
    instance = make_instance().start()
    for path, operations in instance.contract.openapi["paths"].items():
        url, here = path.replace("{id}", "forbidden"), {method.upper() for method in operations}
        allow = requests.options(instance.url(url), timeout=5).headers.get("Allow")
        if path == "/":
            continue  # only a WebSocket: without a file at "/" there is nothing else
        assert set(allow.split(", ")) == here | {"OPTIONS"} | ({"HEAD"} if "GET" in here else set()), path
        if "get" not in operations:
            assert instance.get(url).status_code == 405, path
            continue
        head = requests.head(instance.url(url), headers=instance.bearer(), timeout=5)
        upgrade = "101" in operations["get"]["responses"]
        lacks = any(parameter.get("required") and parameter["in"] == "query"
                    for parameter in operations["get"].get("parameters", []))
        assert head.status_code == (426 if upgrade else 400 if lacks else 200), path
        assert head.content == b""
    for path in ("/api/v1/nothing", "/api/admin/analytics", "/api/v1/alerts/x/y/acknowledge", "/API/v1/snapshot"):
        lost = instance.get(path)
        assert lost.status_code == 404 and lost.headers["Content-Type"] == "application/problem+json", path
        assert lost.json()["type"] == "/problems/not-found"
