"""stranger_peer.py - a vfio-user client (specification 0.9.2), for stranger.py."""
import json
import os
import select
import socket
import struct
import sys

VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO = 1, 2, 3, 4, 5
GET_IRQ_INFO, SET_IRQS, REGION_READ, REGION_WRITE = 7, 8, 9, 10
DMA_READ, DMA_WRITE, DEVICE_RESET = 11, 12, 13
REPLY, NO_REPLY, ERROR = 1, 0x10, 0x20
READ, WRITE, MMAP, FILE_IO = 1, 2, 4, 8
PATIENCE = 20


class Gone(Exception):
    """The server has hung up."""


class Refused(Exception):
    """The server answered with an error."""


def expect(truth, why):
    if not truth:
        sys.exit(why)


class Peer:
    """The socket: commands, their replies, and the server's questions meanwhile."""

    def __init__(self, path, hello=True, minor=0, caps=None):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.memory = []                # stretches that only messages reach
        self.asked = self.posted = 0
        self.answer_with = None         # an errno for each question; callable: does the answering
        self.next_id = 7
        if hello:
            self.hello(minor, caps)

    def hello(self, minor, caps):
        text = b'' if caps is None else json.dumps({'capabilities': caps}).encode() + b'\0'
        body = self.command(VERSION, struct.pack('=HH', 0, minor) + text)
        major, got = struct.unpack_from('=HH', body)
        expect(major == 0 and got <= minor, f'proposed 0.{minor}, answered {major}.{got}')
        expect(body[-1:] == b'\0' and 'capabilities' in json.loads(body[4:-1]), f'VERSION answered {body!r}')

    def send(self, msg_id, cmd, flags, body, error=0, fds=()):
        msg = struct.pack('=HHIII', msg_id, cmd, 16 + len(body), flags, error) + body
        try:
            sent = socket.send_fds(self.sock, [msg], list(fds))
            if sent < len(msg):
                self.sock.sendall(msg[sent:])
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None

    def exactly(self, n):
        data = b''
        while len(data) < n:
            expect(select.select([self.sock], [], [], PATIENCE)[0], 'the server stopped talking')
            try:
                part, fds, _, _ = socket.recv_fds(self.sock, n - len(data), 16)
            except ConnectionResetError:
                raise Gone from None
            for fd in fds:
                os.close(fd)
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        msg_id, cmd, size, flags, error = struct.unpack('=HHIII', self.exactly(16))
        return msg_id, cmd, flags, error, self.exactly(size - 16)

    def question(self, msg_id, cmd, body):
        """DMA_READ or DMA_WRITE of the server."""
        self.asked += 1
        addr, count = struct.unpack_from('=QQ', body)
        if callable(self.answer_with):
            self.answer_with(msg_id, cmd, addr, count)
            return
        if self.answer_with:
            self.send(msg_id, cmd, REPLY | ERROR, b'', self.answer_with)
            return
        for iova, mem in self.memory:
            if iova <= addr and addr + count <= iova + len(mem):
                break
        else:
            sys.exit(f'was asked for {count} bytes at {addr:#x}, which it never offered')
        at = addr - iova
        if cmd == DMA_READ:
            self.send(msg_id, cmd, REPLY, body[:16] + bytes(mem[at:at + count]))
        else:
            expect(len(body) == 16 + count, f'DMA_WRITE of {count} bytes came with {len(body) - 16}')
            mem[at:at + count] = body[16:]
            self.send(msg_id, cmd, REPLY, body[:16])

    def pump(self, seconds):
        """Answer questions that come within the time."""
        while select.select([self.sock], [], [], seconds)[0]:
            msg_id, cmd, flags, _, body = self.receive()
            expect(not flags & REPLY and cmd in (DMA_READ, DMA_WRITE), f'a reply out of the blue: command {cmd}')
            self.question(msg_id, cmd, body)
            seconds = 0

    def command(self, cmd, body=b'', fds=()):
        self.next_id = (self.next_id + 1) & 0xffff
        mine = self.next_id
        self.send(mine, cmd, 0, body, fds=fds)
        while True:
            msg_id, got, flags, error, body = self.receive()
            if not flags & REPLY:
                self.question(msg_id, got, body)
                continue
            expect((msg_id, got) == (mine, cmd), f'asked command {cmd} as {mine}, answered {got} as {msg_id}')
            if flags & ERROR:
                raise Refused(os.strerror(error))
            return body

    def read(self, region, off, fmt):
        body = self.command(REGION_READ, struct.pack('=QII', off, region, struct.calcsize(fmt)))
        return struct.unpack(fmt, body[16:])[0]

    def write(self, region, off, fmt, value, posted=False):
        body = struct.pack('=QII', off, region, struct.calcsize(fmt)) + struct.pack(fmt, value)
        if posted:
            self.send(0, REGION_WRITE, NO_REPLY, body)
        else:
            self.command(REGION_WRITE, body)

    def map(self, iova, size, fd=-1, offset=0, how=MMAP):
        flags = READ | WRITE | (how if fd >= 0 else 0)
        self.command(DMA_MAP, struct.pack('=IIQQQ', 32, flags, offset, iova, size), [fd] if fd >= 0 else [])

    def unmap(self, iova, size):
        self.command(DMA_UNMAP, struct.pack('=IIQQ', 24, 0, iova, size))

    def close(self):
        self.sock.close()
