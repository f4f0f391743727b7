"""meddler.py LISTEN SERVER - between a vfio-user client and its server, makes trouble.

Passes messages and descriptors on, one client after the other. SIGUSR1: the virtio device of the server
"needs a reset" until it is reset, and says so by its configuration's interrupt. SIGUSR2: somebody wants
the device back (the REQ interrupt, which the meddler adds to the device).
"""
import os
import select
import signal
import socket
import struct
import sys

from stranger_peer import GET_IRQ_INFO, REGION_READ, REGION_WRITE, REPLY, SET_IRQS

MSIX, REQ = 2, 4
STATUS_BAR, STATUS_OFF, NEEDS_RESET = 0, 0x14, 0x40     # where leat's model has it


class Left(Exception):
    """One of the two has hung up."""


def exactly(sock, n):
    data, fds = b'', []
    while len(data) < n:
        try:
            part, got, _, _ = socket.recv_fds(sock, n - len(data), 64)
        except ConnectionResetError:
            raise Left from None
        fds += got
        if not part:
            raise Left
        data += part
    return data, fds


def receive(sock):
    head, fds = exactly(sock, 16)
    body, more = exactly(sock, struct.unpack_from('=I', head, 4)[0] - 16)
    return head, body, fds + more


def send(sock, msg, fds=()):
    try:
        sent = socket.send_fds(sock, [msg], list(fds))
        sock.sendall(msg[sent:])
    except (BrokenPipeError, ConnectionResetError):
        raise Left from None


class Meddler:
    def __init__(self, client, server):
        self.client, self.server = client, server
        self.config = self.req = -1     # eventfds
        self.asked = set()              # message ids of reads of the status
        self.ill = False

    def close(self):
        for fd in (self.config, self.req):
            if fd >= 0:
                os.close(fd)
        self.client.close()
        self.server.close()

    def answer(self, head, body):
        """In the server's place."""
        msg_id, cmd = struct.unpack_from('=HH', head)
        send(self.client, struct.pack('=HHIII', msg_id, cmd, 16 + len(body), REPLY, 0) + body)

    def note_irqs(self, body, fds):
        """True: not for the server."""
        _, _, index, start, count = struct.unpack_from('=IIIII', body)
        if index == REQ:
            self.req = os.dup(fds[0]) if fds else -1
            return True
        if index == MSIX and start == 0 and fds:
            self.config = os.dup(fds[0])
        return False

    def from_client(self):
        head, body, fds = receive(self.client)
        msg_id, cmd = struct.unpack_from('=HH', head)
        try:
            if cmd == GET_IRQ_INFO and struct.unpack_from('=II', body, 4)[1] == REQ:
                self.answer(head, struct.pack('=IIII', 16, 1, REQ, 1))
                return
            if cmd == SET_IRQS and self.note_irqs(body, fds):
                self.answer(head, b'')
                return
            if cmd in (REGION_READ, REGION_WRITE):
                off, region, _ = struct.unpack_from('=QII', body)
                if (region, off) == (STATUS_BAR, STATUS_OFF):
                    if cmd == REGION_READ:
                        self.asked.add(msg_id)
                    elif body[16] == 0:
                        self.ill = False
            send(self.server, head + body, fds)
        finally:
            for fd in fds:
                os.close(fd)

    def from_server(self):
        head, body, fds = receive(self.server)
        msg_id, _, _, flags, _ = struct.unpack('=HHIII', head)
        if flags & REPLY and msg_id in self.asked:
            self.asked.discard(msg_id)
            if self.ill:
                body = body[:16] + bytes([body[16] | NEEDS_RESET])
        send(self.client, head + body, fds)
        for fd in fds:
            os.close(fd)

    def meddle(self, sig):
        if sig == signal.SIGUSR1:
            self.ill = True
        os.eventfd_write(self.config if sig == signal.SIGUSR1 else self.req, 1)
        print('done', flush=True)

    def relay(self, signals):
        while True:
            ready = select.select([self.client, self.server, signals], [], [])[0]
            if signals in ready:
                self.meddle(os.read(signals, 1)[0])
            if self.client in ready:
                self.from_client()
            if self.server in ready:
                self.from_server()


def main():
    path, target = sys.argv[1:]
    signals, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for sig in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(sig, lambda *_: None)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print('ready', flush=True)
    while True:
        client = listener.accept()[0]
        server = socket.socket(socket.AF_UNIX)
        server.connect(target)
        meddler = Meddler(client, server)
        try:
            meddler.relay(signals)
        except Left:
            meddler.close()


main()
