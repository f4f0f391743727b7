#!/usr/bin/env python3
"""bad-peer.py SOCKET KIND: a vfio-user server that misbehaves, for tests/e2e/badinput.

hangup   closes every connection at once         garbage  answers noise
mute     never answers                           absurd   announces regions that cannot be
half     hangs up in the middle of an answer     version  speaks another major version
"""
import os
import socket
import struct
import sys

path, kind = sys.argv[1:]
REPLY = 1


def receive(conn):
    head = b''
    while len(head) < 16:
        part = conn.recv(16 - len(head))
        if not part:
            return None
        head += part
    msg, cmd, size, _flags, _err = struct.unpack('<HHIII', head)
    body = b''
    while len(body) < size - 16:
        body += conn.recv(size - 16 - len(body))
    return msg, cmd, body


def answer(conn, msg, cmd, body):
    conn.sendall(struct.pack('<HHIII', msg, cmd, 16 + len(body), REPLY, 0) + body)


def absurd(conn):
    """A good negotiation, then 2^63-byte regions with areas beyond their end."""
    while True:
        got = receive(conn)
        if not got:
            return
        msg, cmd, body = got
        if cmd == 1:
            answer(conn, msg, cmd, struct.pack('<HH', 0, 0) + b'{}\0')
        elif cmd == 4:
            answer(conn, msg, cmd, struct.pack('<IIII', 16, 3, 0xffffffff, 0xffffffff))
        elif cmd == 5:
            answer(conn, msg, cmd, struct.pack('<IIIIQQ', 0xfffffff0, 0xf, 0, 0xffffff00, 1 << 63, 1 << 62))
        else:
            answer(conn, msg, cmd, body)


def serve(conn):
    if kind == 'hangup':
        return
    if kind == 'absurd':
        absurd(conn)
        return
    got = receive(conn)
    if not got or kind == 'mute':
        conn.recv(1)
        return
    msg, cmd, _ = got
    if kind == 'garbage':
        conn.sendall(os.urandom(4096))
        conn.recv(1)
    elif kind == 'half':
        conn.sendall(struct.pack('<HHIII', msg, cmd, 64, REPLY, 0))
    elif kind == 'version':
        answer(conn, msg, cmd, struct.pack('<HH', 999, 0) + b'{}\0')
        conn.recv(1)


listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(4)
print('ready', flush=True)
while True:
    peer, _ = listener.accept()
    try:
        serve(peer)
    except OSError:
        pass
    peer.close()
