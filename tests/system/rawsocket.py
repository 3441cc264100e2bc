# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client that does only what it is told, byte by byte."""
import base64
import json
import os
import socket
import struct


def frame(payload=b"", first=0x81, mask=b"\0\0\0\0", form=None):
    """One frame as a client sends it; mask None leaves it unmasked, form 126 or
    127 takes that form of the length although a shorter one would do."""
    length = len(payload)
    form = form or (length if length < 126 else 126 if length < 65536 else 127)
    head = bytes([first, form | (0 if mask is None else 0x80)])
    head += struct.pack("!H", length) if form == 126 else struct.pack("!Q", length) if form == 127 else b""
    if mask is None:
        return head + payload
    if any(mask):
        stream = mask * (length // 4 + 1)
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(stream[:length], "big")).to_bytes(length, "big")
    return head + mask + payload


class RawSocket:
    """No pongs, no reading, no closing but by the test."""

    def __init__(self, instance, role="master_admin", sub=None, receive_buffer=None, headers="", path="/api/v1/ws"):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(15)
        self.socket.connect(("127.0.0.1", instance.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        token = f"Authorization: Bearer {instance.token(role, sub)}\r\n" if role else ""
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                             f"{token}{headers}\r\n").encode())
        self.data = bytearray()
        while b"\r\n\r\n" not in self.data:
            more = self.socket.recv(65536)
            assert more, "the connection ended before it was answered"
            self.data += more
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        self.head = head.decode()
        assert " 101 " in self.head.split("\r\n")[0], self.head

    def header(self, name):
        """A field of the answer, None if it is not there."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def send(self, payload=b"", first=0x81, masked=True):
        self.write(frame(payload, first, b"\0\0\0\0" if masked else None))

    def write(self, data, piece=None):
        """Raw bytes, in one go or in pieces."""
        for at in range(0, len(data), piece or len(data) or 1):
            self.socket.sendall(data[at:at + (piece or len(data))])

    def write_until_closed(self, data, times):
        """The same bytes again and again; the server may end that."""
        try:
            for _ in range(times):
                self.socket.sendall(data)
        except OSError:
            pass

    def subscribe(self, *topics):
        self.send(json.dumps({"type": "subscribe", "data": {"topics": topics}}).encode())

    def _length(self):
        """Lengths of head and payload of the next frame, None while the head is not all there."""
        form = self.data[1] if len(self.data) >= 2 else 0
        head = 4 if form == 126 else 10 if form == 127 else 2
        if len(self.data) < head:
            return None
        return head, form if head == 2 else int.from_bytes(self.data[2:head], "big")

    def next(self):
        """The next frame, (first byte, payload); None when the connection has ended."""
        while True:
            known = self._length()
            if known and len(self.data) >= sum(known):
                first, payload = self.data[0], bytes(self.data[known[0]:sum(known)])
                del self.data[:sum(known)]
                return first, payload
            try:
                more = self.socket.recv(1 << 20)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.data += more

    def frames(self):
        """All frames until the end of the connection: (opcode, payload)."""
        found = []
        while got := self.next():
            found.append((got[0] & 15, got[1]))
        return found

    def close_code(self):
        closes = [p for op, p in self.frames() if op == 8]
        return struct.unpack("!H", closes[-1][:2])[0] if closes and len(closes[-1]) >= 2 else None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
