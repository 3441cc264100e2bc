# SPDX-License-Identifier: Apache-2.0
"""The API documents have every route and every message, and nothing else."""
import json
import re

import pytest

from tree import BUILD, files, run, text


def document(name):
    program = BUILD / "tests/lint/api_documents"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    return json.loads(run(program, name))


@pytest.fixture(scope="module")
def openapi():
    return document("openapi")


@pytest.fixture(scope="module")
def asyncapi():
    return document("asyncapi")


def refs(tree):
    if isinstance(tree, dict):
        if "$ref" in tree:
            yield tree["$ref"]
        for value in tree.values():
            yield from refs(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from refs(value)


def find(tree, ref):
    for part in ref.removeprefix("#/").split("/"):
        tree = tree[part.replace("~1", "/")]
    return tree


def routes():
    """(method, path) -> handler, as the table has them."""
    found = {}
    source = text("gateway/route_table.c")
    for methods, path, handler in re.findall(r"^ +\{([A-Z| ]+), \"([^\"]*)\",\s+(gw_[a-z0-9_]+),", source, re.M):
        for method in methods.split(" | "):
            found[method.lower(), path or "/api/admin/analytics/websocket"] = handler
    return found


def test_every_route_is_documented_and_nothing_else(openapi):
    documented = {(method, path) for path, item in openapi["paths"].items() for method in item}
    assert len(documented) > 20
    # /echo is in test builds only.
    assert documented | {("get", "/echo")} == set(routes())


def test_every_handler_has_a_route(openapi):
    declared = set(re.findall(r"^void (gw_api_[a-z_]+)\(struct gw_call \*call\);", text("gateway/api.h"), re.M))
    called = set()
    for path in files(".c"):
        if path.parts[0] == "gateway":
            called |= set(re.findall(r"\b(gw_api_[a-z_]+)\b(?!\(struct)", text(path)))
    assert declared and declared <= called


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_every_reference_leads_somewhere_and_every_schema_is_used(name):
    tree = document(name)
    used = set(refs(tree))
    for ref in used:
        assert find(tree, ref), ref
    schemas = {f"#/components/schemas/{schema}" for schema in tree["components"]["schemas"]}
    # The other document has the rest; both have all, so that a name means one thing.
    other = set(refs(document("asyncapi" if name == "openapi" else "openapi")))
    assert schemas <= used | other | {"#/components/schemas/Message"}


def sent_types():
    """Types of messages that the gateway's code writes."""
    found = set()
    for path in files(".c"):
        if path.parts[0] == "gateway":
            source = text(path)
            found |= set(re.findall(r"gw_render_open\(\s*[^;\"]*?\"([a-z_]+)\"", source))
            found |= set(re.findall(r"gw_frame_begin\(\s*[^;\"]*?\"([a-z_]+)\"", source))
    entry = re.search(r"gw_render_entry_type\(.*?^}", text("gateway/render.c"), re.S | re.M)
    found |= set(re.findall(r"return \"([a-z_]+)\";", entry[0]))
    # A state is sent under the name that its caller gives it.
    found |= set(re.findall(r"add_state\([^;]*?\"([a-z_]+)\"\)", text("gateway/pump.c")))
    return found


def test_every_message_is_documented_and_nothing_else(asyncapi):
    messages = asyncapi["components"]["messages"]
    from_server = {m["name"] for name, m in messages.items() if name.endswith("Message")}
    from_client = {m["name"] for name, m in messages.items() if name.endswith("Command")}
    assert len(from_server) + len(from_client) == len(messages)
    assert from_server == sent_types()
    read = re.search(r"#define GW_MESSAGE_TABLE\(X\)((?:.*\\\n)*.*)", text("gateway/message_in.h"))
    assert from_client == set(re.findall(r'X\([A-Z]+, "([a-z]+)"\)', read[1]))


def test_every_stream_and_websocket_is_a_channel(asyncapi):
    opening = {path for (_, path), handler in routes().items()
               if re.search(r"_open$|realtime_get", handler) and "poll" not in handler}
    assert {channel["address"] for channel in asyncapi["channels"].values()} | {"/echo"} == opening
