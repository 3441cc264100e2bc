# SPDX-License-Identifier: Apache-2.0
"""/echo with the clients that others wrote: Node's ws and Python's websockets."""
import asyncio
import json
import os
import shutil
import subprocess

import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from sightline import ROOT


@pytest.fixture
def url(shared_instance):
    if shared_instance.unix_get(1, "/echo")[0] == 404:
        pytest.skip("built without -Dtest_endpoints=true")
    return shared_instance.url("/echo", "ws")


def test_everything_comes_back_to_node_ws(url):
    if not shutil.which("node") or not (ROOT / "tests/node_modules/ws").exists():
        pytest.skip("the tests' npm packages are not installed")
    done = subprocess.run(["node", str(ROOT / "tests/system/echo_client.mjs"), url],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"offers": 7, "returned": 2 * 20 + 5 * 18}


OFFERS = [None, {}, {"server_no_context_takeover": True, "client_no_context_takeover": True},
          {"client_max_window_bits": True}, {"client_max_window_bits": 9}, {"client_max_window_bits": 12},
          *({"server_max_window_bits": bits} for bits in range(9, 16)),
          {"server_max_window_bits": 12, "client_max_window_bits": 12}]


@pytest.mark.parametrize("offer", OFFERS, ids=str)
def test_everything_comes_back_to_python_websockets(url, offer):
    extensions = None if offer is None else [ClientPerMessageDeflateFactory(**offer)]

    async def run():
        async with websockets.connect(url, extensions=extensions, compression=None, max_size=None) as ws:
            assert bool(ws.extensions) == (offer is not None)
            for size in (0, 1, 125, 126, 4095, 65536, 1 << 20):
                for message in ("κόσμε"[:1] * (size // 2), '{"value":1.25},' * (size // 15), os.urandom(size)):
                    await ws.send(message)
                    assert await ws.recv() == message
            await ws.send("piece " for _ in range(1000))
            assert await ws.recv() == "piece " * 1000
            await (await ws.ping(b"data"))
        assert ws.close_code == 1000

    asyncio.run(asyncio.wait_for(run(), 120))
