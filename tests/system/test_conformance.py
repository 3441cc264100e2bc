# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 and RFC 7692 through /echo, in the order of the Autobahn list's sections.

What goes over the wire is made here byte by byte; test_conformance_clients.py
has the clients that others wrote.
"""
import os
import struct
import zlib

import pytest

from rawsocket import RawSocket, frame

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
MASK = b"\x37\xfa\x21\x3d"
GREEK = "κόσμε – Hello-µ@ßöäüàá-UTF-8!!"
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


@pytest.fixture
def echo(shared_instance):
    """Opens raw sockets at /echo, and ends them."""
    if shared_instance.unix_get(1, "/echo")[0] == 404:
        pytest.skip("built without -Dtest_endpoints=true")
    opened = []

    def connect(headers=""):
        opened.append(RawSocket(shared_instance, role=None, headers=headers, path="/echo"))
        return opened[-1]

    yield connect
    for raw in opened:
        raw.close()


def refused(raw, code):
    """The next frame closes with this code, and then the connection ends."""
    assert raw.next() == (CLOSE, struct.pack("!H", code))
    assert raw.next() is None


def closes(raw, code):
    """The same, but answers to what came before may stand before it."""
    got = []
    while (now := raw.next()) and now[0] != CLOSE:
        got.append(now)
    assert now == (CLOSE, struct.pack("!H", code)), got
    return got


# ---- 1, 9: messages and their sizes ---------------------------------------------------

SIZES = (0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20)


@pytest.mark.parametrize("first", (TEXT, BINARY))
@pytest.mark.parametrize("piece", (None, 997))
def test_messages_of_every_length_come_back(echo, first, piece):
    raw = echo()
    for size in SIZES:
        payload = b"*" * size if first == TEXT else os.urandom(size)
        raw.write(frame(payload, first, MASK), piece)
        assert raw.next() == (first, payload)


@pytest.mark.parametrize("first", (TEXT, BINARY))
@pytest.mark.parametrize("headers", ("", DEFLATE), ids=("plain", "deflate"))
def test_sixteen_mebibytes_come_back_and_not_one_byte_more(echo, first, headers):
    raw = echo(headers)
    raw.socket.settimeout(60)
    payload = (b"0123456789abcdef" if first == TEXT else os.urandom(16)) * (1 << 20)
    raw.write(frame(payload, first, MASK))
    got, data = raw.next()
    assert inflate(data) if got & 0x40 else data == payload
    raw.write(bytes([first, 0xFF]) + struct.pack("!Q", (16 << 20) + 1) + MASK)
    refused(raw, 1009)


def test_lengths_have_to_be_in_their_shortest_form(echo):
    for payload, form in ((b"x", 126), (b"x", 127), (b"x" * 126, 127)):
        raw = echo()
        raw.write(frame(payload, form=form))
        refused(raw, 1002)
    raw = echo()
    raw.write(bytes([BINARY, 0xFF]) + struct.pack("!Q", 1 << 63) + MASK)
    refused(raw, 1002)


# ---- 2: pings and pongs -----------------------------------------------------------------

def test_pings_are_answered_with_what_they_carry(echo):
    raw = echo()
    for payload in (b"", b"hello", bytes(range(125)), b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"):
        raw.write(frame(payload, PING, MASK))
        assert raw.next() == (PONG, payload)
    raw.write(frame(b"x" * 125, PING, MASK), piece=1)
    assert raw.next() == (PONG, b"x" * 125)
    raw.write(b"".join(frame(b"payload-%d" % i, PING, MASK) for i in range(10)))
    assert [raw.next() for _ in range(10)] == [(PONG, b"payload-%d" % i) for i in range(10)]
    raw.write(frame(b"x" * 126, PING, MASK))
    refused(raw, 1002)


def test_unsolicited_pongs_are_passed_over(echo):
    raw = echo()
    raw.write(frame(b"", PONG) + frame(b"unsolicited", PONG, MASK) + frame(b"ping", PING))
    assert raw.next() == (PONG, b"ping")


# ---- 3, 4: reserved bits and opcodes, masks --------------------------------------------

@pytest.mark.parametrize("headers", ("", DEFLATE), ids=("plain", "deflate"))
@pytest.mark.parametrize("opcode", (TEXT, BINARY, CLOSE, PING, PONG))
def test_reserved_bits_fail_the_connection(echo, opcode, headers):
    # RSV1 means "compressed" where that was agreed on, but never on control frames.
    for bits in (0x10, 0x20, 0x30, 0x50, 0x60, 0x70) + ((0x40,) if not headers or opcode >= CLOSE else ()):
        raw = echo(headers)
        raw.write(frame(b"before") + frame(b"", opcode | bits))
        assert raw.next() == (TEXT, b"before")
        refused(raw, 1002)


def test_rsv1_on_a_continuation_fails_the_connection(echo):
    raw = echo(DEFLATE)
    raw.write(frame(b"\x00", 0x41) + frame(b"\x00", 0xC0))
    refused(raw, 1002)


@pytest.mark.parametrize("opcode", [*range(3, 8), *range(11, 16)])
def test_reserved_opcodes_fail_the_connection(echo, opcode):
    for payload in (b"", b"payload"):
        raw = echo()
        raw.write(frame(b"before") + frame(payload, 0x80 | opcode))
        assert raw.next() == (TEXT, b"before")
        refused(raw, 1002)


def test_frames_without_a_mask_fail_the_connection(echo):
    for first in (TEXT, BINARY, PING, CLOSE):
        raw = echo()
        raw.write(frame(b"", first, mask=None))
        refused(raw, 1002)


# ---- 5: fragments -----------------------------------------------------------------------

def fragments(*parts, first=TEXT):
    last = len(parts) - 1
    return [frame(part, (first & 15 if i == 0 else 0) | (0x80 if i == last else 0), MASK)
            for i, part in enumerate(parts)]


@pytest.mark.parametrize("piece", (None, 1))
def test_fragments_are_joined_whatever_stands_between_them(echo, piece):
    raw = echo()
    parts = fragments(b"fragment1", b"fragment2")
    raw.write(b"".join(parts), piece)
    assert raw.next() == (TEXT, b"fragment1fragment2")
    raw.write(parts[0] + frame(b"ping", PING) + frame(b"pong", PONG) + parts[1], piece)
    assert raw.next() == (PONG, b"ping")
    assert raw.next() == (TEXT, b"fragment1fragment2")
    raw.write(b"".join(fragments(b"", b"", b"", first=BINARY)), piece)
    assert raw.next() == (BINARY, b"")
    raw.write(b"".join(fragments(b"", b"fragment", b"")), piece)
    assert raw.next() == (TEXT, b"fragment")


def test_frames_that_do_not_fit_together_fail_the_connection(echo):
    text = fragments(b"a", b"b")
    wrong = (frame(b"x", 0x09), frame(b"x", 0x0A), frame(b"", 0x08), # fragmented control frames
             frame(b"x", 0x80), frame(b"x", 0x00), # a continuation of nothing
             frame(b"whole") + frame(b"x", 0x80),
             b"".join(text) + frame(b"x", 0x00) + b"".join(text),
             text[0] + frame(b"new", TEXT), text[0] + frame(b"new", 0x01), text[0] + frame(b"new", BINARY))
    for data in wrong:
        raw = echo()
        raw.write(data)
        closes(raw, 1002)


@pytest.mark.parametrize("first", (TEXT, BINARY))
def test_65536_fragments_are_one_message(echo, first):
    raw = echo()
    raw.socket.settimeout(60)
    raw.write(b"".join(fragments(*[b"%c" % (97 + i % 26) for i in range(65536)], first=first)))
    assert raw.next() == (first, b"abcdefghijklmnopqrstuvwxyz" * 2520 + b"abcdefghijklmnop")


def test_four_mebibytes_in_fragments_of_any_size(echo):
    payload = os.urandom(1 << 12) * (1 << 10)
    raw = echo()
    raw.socket.settimeout(60)
    for size in (64, 256, 1 << 10, 1 << 16, 1 << 20, 4 << 20):
        raw.write(b"".join(fragments(*[payload[i:i + size] for i in range(0, len(payload), size)], first=BINARY)))
        assert raw.next() == (BINARY, payload)


# ---- 6: UTF-8 --------------------------------------------------------------------------

VALID = [GREEK.encode(), "\x00".encode(), "\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff".encode(),
         "\U00010000\U0003ffff\U0010ffff\ufdd0\ufffe".encode(), "κόσμε".encode() * 1000]
INVALID = [b"\x80", b"\xbf", b"\x80\xbf\x80", bytes(range(0x80, 0xC0)), b"\xc0 ", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98",
           b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf",
           b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
           b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff",
           GREEK.encode() + b"\xed\xa0\x80" + b"edited"]


def test_utf8_may_be_cut_anywhere(echo):
    raw = echo()
    for payload in VALID:
        raw.write(frame(payload, TEXT, MASK))
        assert raw.next() == (TEXT, payload)
    payload = VALID[0]
    for cut in range(len(payload) + 1):
        raw.write(b"".join(fragments(payload[:cut], payload[cut:])))
        assert raw.next() == (TEXT, payload)
    raw.write(b"".join(fragments(*[payload[i:i + 1] for i in range(len(payload))])), piece=1)
    assert raw.next() == (TEXT, payload)


@pytest.mark.parametrize("headers", ("", DEFLATE), ids=("plain", "deflate"))
def test_text_that_is_not_utf8_fails_the_connection(echo, headers):
    for payload in INVALID:
        raw = echo(headers)
        raw.write(frame(deflate(payload), 0xC1) if headers else frame(payload, TEXT, MASK))
        refused(raw, 1007)


def test_text_that_is_not_utf8_fails_across_fragments(echo):
    for payload in INVALID:
        raw = echo()
        raw.write(b"".join(fragments(*[payload[i:i + 1] for i in range(len(payload))])))
        refused(raw, 1007)


def test_text_fails_as_soon_as_it_cannot_become_utf8(echo):
    head = "κόσμε".encode() + b"\xf4"
    raw = echo()
    raw.write(fragments(head + b"\x90", b"never sent")[0])
    refused(raw, 1007)
    # Inside of one frame, whose end never comes.
    raw = echo()
    raw.write(frame(head + b"\x90" + b"x" * 100, TEXT, MASK)[:6 + len(head) + 1])
    refused(raw, 1007)


def test_binary_may_be_anything(echo):
    raw = echo()
    for payload in INVALID:
        raw.write(frame(payload, BINARY, MASK))
        assert raw.next() == (BINARY, payload)


# ---- 7: the end ------------------------------------------------------------------------

def test_a_close_frame_is_answered_and_nothing_after_it_is_read(echo):
    raw = echo()
    raw.write(frame(b"hello") + frame(struct.pack("!H", 1000) + b"bye", CLOSE, MASK) + frame(b"late", PING)
              + frame(b"late") + frame(b"", CLOSE))
    assert raw.next() == (TEXT, b"hello")
    refused(raw, 1000)
    raw = echo()
    raw.write(fragments(b"a", b"b")[0] + frame(struct.pack("!H", 1000), CLOSE) + fragments(b"a", b"b")[1])
    refused(raw, 1000)


def test_a_close_frame_without_a_code_gets_one_without(echo):
    raw = echo()
    raw.write(frame(b"", CLOSE, MASK))
    assert raw.next() == (CLOSE, b"")
    assert raw.next() is None


@pytest.mark.parametrize("code", (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999))
def test_valid_close_codes_are_answered_with_themselves(echo, code):
    for reason in (b"", b"x" * 123, ("ü" * 61).encode()):
        raw = echo()
        raw.write(frame(struct.pack("!H", code) + reason, CLOSE, MASK))
        refused(raw, code)


@pytest.mark.parametrize("code", (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535))
def test_invalid_close_codes_are_protocol_errors(echo, code):
    raw = echo()
    raw.write(frame(struct.pack("!H", code), CLOSE, MASK))
    refused(raw, 1002)


def test_malformed_close_frames_are_protocol_errors(echo):
    for payload, code in ((b"\x03", 1002), (struct.pack("!H", 1000) + b"x" * 124, 1002),
                          (struct.pack("!H", 1000) + b"\xce\xba\xed\xa0\x80", 1007)):
        raw = echo()
        raw.write(frame(payload, CLOSE, MASK))
        refused(raw, code)


# ---- 12, 13: permessage-deflate --------------------------------------------------------

def deflate(payload, bits=15, final=False):
    packer = zlib.compressobj(9, zlib.DEFLATED, -bits)
    data = packer.compress(payload)
    if final:
        return data + packer.flush(zlib.Z_FINISH) + b"\x00"
    data += packer.flush(zlib.Z_SYNC_FLUSH)
    return data[:-4]


def inflate(data, bits=15):
    return zlib.decompressobj(-bits).decompress(data + b"\x00\x00\xff\xff")


LINES = b"".join(b'{"metric":"system_health.cpu_usage","value":%d.%d},' % (i % 97, i) for i in range(3000))


@pytest.mark.parametrize("bits", range(9, 16))
def test_compressed_messages_come_back_within_the_agreed_window(echo, bits):
    raw = echo(f"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits={bits}\r\n")
    assert f"server_max_window_bits={min(bits, 12)}" in raw.header("Sec-WebSocket-Extensions")
    for size in (0, 1, 100, 300, 5000, 60000, len(LINES)):
        raw.write(frame(deflate(LINES[:size], bits), 0xC1, MASK))
        first, data = raw.next()
        assert first in (TEXT, 0xC1) and (first == 0xC1) == (size >= 300)
        assert (inflate(data, bits) if first == 0xC1 else data) == LINES[:size]


@pytest.mark.parametrize("size", (16, 64, 256, 1 << 12, 1 << 17))
@pytest.mark.parametrize("first", (0xC1, 0xC2))
def test_a_thousand_compressed_messages_come_back(echo, first, size):
    raw = echo(DEFLATE)
    count = 1000 if size < 1 << 17 else 100
    payload = (LINES * 2)[:size]
    packed = frame(deflate(payload), first, MASK)
    for _ in range(count // 50):
        raw.write(packed * 50)
        for _ in range(50):
            got, data = raw.next()
            assert got & 15 == first & 15
            assert (inflate(data) if got & 0x40 else data) == payload


def test_compressed_messages_may_be_fragmented_anywhere(echo):
    raw = echo(DEFLATE)
    packed = deflate(LINES[:2000])
    for size in (1, 7, 100):
        parts = [packed[i:i + size] for i in range(0, len(packed), size)] + [b""]
        raw.write(b"".join(fragments(*parts, first=0xC1)).replace(b"\x01", b"\x41", 1))
        first, data = raw.next()
        assert first == 0xC1 and inflate(data) == LINES[:2000]


def test_compressed_and_plain_messages_take_turns(echo):
    raw = echo(DEFLATE)
    for i in range(20):
        payload = LINES[i:i + 1000]
        raw.write(frame(payload, BINARY) if i % 2 else frame(deflate(payload), 0xC2))
        raw.write(frame(b"between", PING))
        first, data = raw.next()
        assert first == 0xC2 and inflate(data) == payload
        assert raw.next() == (PONG, b"between")


def test_blocks_may_be_stored_or_marked_as_the_last(echo):
    raw = echo(DEFLATE)
    for packed in (b"\xf2\x48\xcd\xc9\xc9\x07\x00", b"\x00\x05\x00\xfa\xffHello\x00", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
                   b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", deflate(b"Hello", final=True)):
        raw.write(frame(packed, 0xC1, MASK))
        assert raw.next() == (TEXT, b"Hello")


def test_what_is_no_deflate_data_fails_the_connection(echo):
    for packed in (b"\x07\x00\x00", b"\x4b\x04\x12\x00", deflate(LINES)[:-10], b"\xff" * 100, b"\x05"):
        raw = echo(DEFLATE)
        raw.write(frame(packed, 0xC2, MASK))
        refused(raw, 1007)


def test_a_message_that_inflates_past_the_limit_is_too_big(echo):
    raw = echo(DEFLATE)
    raw.write(frame(deflate(b"\0" * (17 << 20)), 0xC2, MASK))
    refused(raw, 1009)


@pytest.mark.parametrize("offer, answer", (
    ("permessage-deflate", "permessage-deflate"),
    ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
    ("permessage-deflate; client_max_window_bits=8; server_no_context_takeover", "permessage-deflate"),
    ("permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=10", "server_max_window_bits=10"),
    ("permessage-deflate; server_max_window_bits", None),
    ("permessage-deflate; unknown=1", None),
    ("permessage-bzip2", None)))
def test_offers_are_answered_or_declined(echo, offer, answer):
    given = echo(f"Sec-WebSocket-Extensions: {offer}\r\n").header("Sec-WebSocket-Extensions")
    assert given is None if answer is None else answer in given
