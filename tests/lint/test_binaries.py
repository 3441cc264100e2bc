# SPDX-License-Identifier: Apache-2.0
"""What is linked into what: read from the built objects, not from intentions."""
import re

import pytest

from tree import BUILD, run

LIBRARIES = {
    "common/libcommon.a": ("sl_",),
    "shm/libshm.a": ("sl_", "sightline_"),
    "collectors/libcollectors.a": ("col_",),
    "aggregator/libaggregator.a": ("agg_",),
    "gateway/libgateway.a": ("gw_",),
    "ctl/libctl.a": ("ctl_",),
}


def symbols(path):
    """Names that a library or program defines for others."""
    listing = run("nm", "--defined-only", "--extern-only", path)
    names = re.findall(r"^[0-9a-f]+ [A-Z] (\S+)$", listing, re.M)
    return {name for name in names if not name.startswith(("_", "__"))}


def built(name):
    path = BUILD / name
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_symbol_tells_its_folder(library):
    odd = [name for name in symbols(built(library)) if not name.startswith(LIBRARIES[library])]
    assert not odd, f"{library}: {odd}"


def test_the_gateway_reaches_neither_ring_nor_database():
    gateway = built("gateway/sightline-gateway")
    linked = run("ldd", gateway)
    assert "libevent" in linked
    assert not re.search(r"libpq|libsqlite", linked), linked
    assert not symbols(built("shm/libshm.a")) & symbols(gateway)
    assert not symbols(built("aggregator/libaggregator.a")) & symbols(gateway)


def test_a_collector_reaches_neither_bus_nor_database():
    linked = run("ldd", built("collectors/sightline-collect-system"))
    assert not re.search(r"libpq|libsqlite", linked), linked
