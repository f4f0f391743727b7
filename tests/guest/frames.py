# SPDX-License-Identifier: BSD-3-Clause
"""Frames over QEMU's `-netdev stream`: 4 bytes of length, big endian, then the frame.

exchange() sends numbered frames of random sizes and contents from wire to wire, through whatever
forwards between them, and compares what arrives byte for byte, in order, none lost. What is under
way is bounded by a window, so that a slow forwarder is no broken one.
"""
import collections
import random
import select
import socket
import struct
import time

STALL = 15      # seconds without a frame arriving: it is lost
SLICE = 1 << 20
HEADER = bytes.fromhex("ffffffffffff 020000000000 88b5")
IDLE = bytes.fromhex("ffffffffffff 020000000000 88b6") + bytes(46)  # no part of an exchange


class Lost(Exception):
    """Why an exchange failed, in one sentence."""


def connect(path):
    """To one of QEMU's sockets, as soon as it is there."""
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
            return sock
        except (FileNotFoundError, ConnectionRefusedError):
            sock.close()
            time.sleep(0.05)


class Wire:
    """One NIC's end of a stream: whole frames in, whole frames out, never blocking."""

    def __init__(self, path):
        self.sock = connect(path)
        self.sock.setblocking(False)
        self.unsent = bytearray()
        self.received = bytearray()

    def fileno(self):
        return self.sock.fileno()

    def send(self, frame):
        self.unsent += struct.pack(">I", len(frame)) + frame

    def flush(self):
        try:
            del self.unsent[:self.sock.send(self.unsent)]
        except BlockingIOError:
            pass

    def take(self):
        """The frames that have arrived; EOFError when QEMU is gone."""
        try:
            data = self.sock.recv(SLICE)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        self.received += data
        at = 0
        while len(self.received) >= at + 4:
            end = at + 4 + struct.unpack_from(">I", self.received, at)[0]
            if len(self.received) < end:
                break
            yield bytes(self.received[at + 4:end])
            at = end
        del self.received[:at]


class Flood:
    """Frames of @size bytes into all wires, as many as they take; what comes out is counted only."""

    CHUNK = 1024            # a multiple of all bursts, which no end of one then cuts short

    def __init__(self, wires, size):
        self.wires = wires
        self.each = 4 + size
        frame = HEADER + bytes(size - len(HEADER))
        self.chunk = (struct.pack(">I", size) + frame) * self.CHUNK
        self.at = 0             # bytes of a frame that has come in part, of all wires

    def run(self, seconds):
        """How many came meanwhile."""
        end = time.monotonic() + seconds
        size = self.at
        while True:
            left = end - time.monotonic()
            if left <= 0:
                break
            ready, writable, _ = select.select(self.wires, self.wires, [], left)
            for wire in writable:
                if not wire.unsent:
                    wire.unsent += self.chunk
                wire.flush()
            for wire in ready:
                data = wire.sock.recv(SLICE)
                if not data:
                    raise EOFError
                size += len(data)
        self.at = size % self.each
        return size // self.each


class Way:
    """Frames from one wire to another: those to come, those under way."""

    def __init__(self, src, dst, name, count, sizes, seed, to=None):
        self.src, self.dst, self.name, self.count, self.sizes = src, dst, name, count, sizes
        self.header = (to or HEADER[:6]) + HEADER[6:]
        self.random = random.Random(f"{seed} {name}")
        self.noise = self.random.randbytes(1 << 18)
        self.under_way = collections.deque()
        self.sent = self.arrived = self.size = 0

    def frame(self):
        size = self.random.randint(*self.sizes)
        start = self.random.randrange(len(self.noise) - size)
        head = self.header + struct.pack(">I", self.sent)
        return head + self.noise[start:start + size - len(head)]

    def fill(self, window):
        while self.sent < self.count and len(self.under_way) < window:
            self.under_way.append(self.frame())
            self.src.send(self.under_way[-1])
            self.sent += 1

    def got(self, frame):
        if not self.under_way:
            raise Lost(f"{self.name}: {len(frame)} bytes that nobody sent: {frame[:64].hex()}")
        want = self.under_way.popleft()
        if frame != want:
            raise Lost(f"{self.name}: {self.difference(frame, want)}")
        self.arrived += 1
        self.size += len(frame)

    def difference(self, frame, want):
        if frame in self.under_way:
            return f"frame {self.arrived} did not arrive, or later than the one behind it"
        same = min(len(frame), len(want))
        at = next((i for i in range(same) if frame[i] != want[i]), same)
        return (f"frame {self.arrived} of {len(want)} bytes came as {len(frame)} bytes, differing "
                f"from byte {at} on: {frame[at:at + 32].hex()} for {want[at:at + 32].hex()}")


def exchange(wires, ways, count, sizes=(60, 9018), seed=0, window=64, to=()):
    """
    @ways: pairs of indices of @wires; @to: an address for each way, or broadcasts. What comes on others is dropped, for QEMU stands still when
    nobody reads. Returns a line on what was done; raises Lost.
    """
    to = dict(zip(ways, to))
    ways = [Way(wires[a], wires[b], f"wire {a} to wire {b}", count, sizes, seed, to.get((a, b)))
            for a, b in ways]
    used = {wire for way in ways for wire in (way.src, way.dst)}
    start = last = time.monotonic()
    while any(way.arrived < count for way in ways):
        for way in ways:
            way.fill(window)
        ready, writable, _ = select.select(wires, [w for w in wires if w.unsent], [], STALL)
        for wire in writable:
            wire.flush()
        for wire in ready:
            for frame in wire.take():
                if frame == IDLE or wire not in used:
                    continue
                way = next((way for way in ways if way.dst is wire), None)
                if not way:
                    raise Lost(f"{len(frame)} bytes where nobody sends to: {frame[:64].hex()}")
                way.got(frame)
                last = time.monotonic()
        if time.monotonic() - last > STALL:
            raise Lost("; ".join(f"{way.name}: {way.sent} sent, {way.arrived} arrived"
                                 for way in ways))
    seconds = time.monotonic() - start
    return (f"{sum(way.arrived for way in ways)} frames, {sum(way.size for way in ways)} bytes, "
            f"{seconds:.1f} s, seed {seed}")
