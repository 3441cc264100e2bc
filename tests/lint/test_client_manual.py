# SPDX-License-Identifier: Apache-2.0
"""sightline-client(7) has every close code and every message that there is."""
import re

from tree import text

MANUAL = "man/sightline-client.7"


def test_the_manual_for_clients_has_every_close_code():
    codes = re.findall(r"X\(SL_WS_[A-Z_]+, (\d{4}),", text("common/ws.h"))
    section = text(MANUAL).split(".Sh CLOSE CODES")[1].split(".Sh ")[0]
    assert len(codes) > 10, "the pattern finds nothing any more"
    assert re.findall(r"^\.It Li (\d{4})$", section, re.M) == codes


def test_the_manual_for_clients_has_every_message():
    table = re.findall(r'^    \{"([a-z_]+)", (true|false),', text("gateway/message_table.c"), re.M)
    section = text(MANUAL).split(".Sh MESSAGES")[1].split(".Sh ")[0]
    assert len(table) > 15, "the pattern finds nothing any more"
    tags = " , ".join(re.findall(r"^\.It Li (.*)$", section, re.M)).split(" , ")
    assert sorted(tags) == sorted(name for name, asked in table if asked == "false")
    sent = re.search(r"^A client sends\n(.*?)\n\.Pa ", section, re.M | re.S)[1]
    sent = set(re.findall(r"[a-z]+", sent.replace(".Li", " "))) - {"and"}
    assert sent == {name for name, asked in table if asked == "true"}
