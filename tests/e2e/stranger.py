#!/usr/bin/env python3
"""stranger.py SOCKET CASE [SEED]: a vfio-user client and virtio-net driver, for tests/e2e/strangers.

Written from the two specifications alone (vfio-user 0.9.2, virtio 1.2) and sharing nothing with
leat, so that what both ends of leat believe has a second opinion. It drives a NIC whose wire leads
back to it: what is sent must come back, in order and undamaged. Ends with one sentence and status 1
when it does not.
"""
import os
import random
import select
import struct
import sys
import time

from stranger_nic import (CONFIG, INDIRECT_DESC, IOVA, MRG_RXBUF, NEEDS_RESET, PAGE, RX, STATUS, TX, VERSION_1,
                          Nic)
from stranger_peer import (DEVICE_RESET, GET_INFO, GET_IRQ_INFO, PATIENCE, SET_IRQS, VERSION, Gone, Peer, Refused,
                           expect)

RUST = {'max_msg_fds': 1, 'max_data_xfer_size': 1048576, 'migration': {'pgsize': 4096}}


def shared(path):
    nic = Nic(Peer(path))
    nic.start(256, VERSION_1 | INDIRECT_DESC)
    nic.traffic(3000, (1, 2, 3, 4))


def version01(path):
    nic = Nic(Peer(path, minor=1, caps=RUST))
    nic.start()
    nic.traffic(200)


def messages(path):
    nic = Nic(Peer(path), 'messages')
    nic.start(64, VERSION_1 | INDIRECT_DESC)
    nic.traffic(300, (1, 2, 3, 4))
    expect(nic.peer.asked > 300, 'the server did not ask for the memory')


def messages_small(path):
    """It takes no more than 100 bytes at a time."""
    nic = Nic(Peer(path, caps={'max_data_xfer_size': 100}), 'messages')
    nic.start(32)
    nic.traffic(50)


def messages_posted(path):
    """Doorbells that want no answer."""
    nic = Nic(Peer(path), 'messages', posted=True)
    nic.start()
    nic.traffic(300)


def file_io(path):
    nic = Nic(Peer(path), 'file')
    nic.start()
    nic.traffic(500)


def pages(path):
    """Thousands of maps; rings and frames lie across their edges."""
    nic = Nic(Peer(path), 'pages', 8 << 20)
    nic.start(256, VERSION_1 | INDIRECT_DESC)
    nic.traffic(1000, (1, 2, 3, 4))
    nic.mem.unmap()


def mergeable(path):
    """Buffers that are smaller than frames."""
    for how in ('shared', 'messages'):
        nic = Nic(Peer(path), how)
        nic.start(256, VERSION_1 | MRG_RXBUF, bufs=200)
        nic.traffic(300)
        nic.peer.close()


def interrupts(path):
    """Eventfds; the vectors' mask bits in the table are never touched."""
    peer = Peer(path)
    count = struct.unpack_from('=I', peer.command(GET_IRQ_INFO, struct.pack('=IIII', 16, 0, 2, 0)), 12)[0]
    expect(count >= 3, f'{count} vectors')
    fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(3)]
    peer.command(SET_IRQS, struct.pack('=IIIII', 20, 4 | 0x20, 2, 0, 3), fds)
    nic = Nic(peer)
    nic.start(64, vectors=(RX, TX))
    for i in range(100):
        nic.send(bytes([i]) * 60, 1)
        nic.q[TX].show()
        for fd in fds[1:]:
            expect(select.select([fd], [], [], PATIENCE)[0], f'no interrupt for frame {i}')
            os.eventfd_read(fd)
        nic.wait(lambda: nic.q[RX].mem.get(nic.q[RX].used + 2, '<H') != nic.q[RX].seen, 'an interrupt for nothing')
        expect(nic.arrive() == bytes([i]) * 60, f'frame {i} is damaged')
        nic.q[TX].take()
        nic.q[RX].show()


def window(path):
    """Registers through configuration space (4.1.4.9): the driver maps no BAR at all."""
    nic = Nic(Peer(path))
    mac = []
    for i in range(6):
        nic.peer.write(CONFIG, nic.window + 4, '<B', nic.bar)
        nic.peer.write(CONFIG, nic.window + 8, '<I', nic.device + i)
        nic.peer.write(CONFIG, nic.window + 12, '<I', 1)
        mac.append(nic.peer.read(CONFIG, nic.window + 16, '<B'))
    expect(mac == [nic.peer.read(nic.bar, nic.device + i, '<B') for i in range(6)] and any(mac),
           f'the window shows another address: {mac}')
    nic.peer.write(CONFIG, nic.window + 8, '<I', 0xfffffffc)
    nic.peer.write(CONFIG, nic.window + 12, '<I', 4)
    nic.peer.read(CONFIG, nic.window + 16, '<I')
    nic.start()
    nic.traffic(50)


def resets(path):
    """Resets in the middle of traffic, by either way, and other sizes after it."""
    nic = Nic(Peer(path))
    for i in range(100):
        nic.start(random.choice((2, 4, 16, 64, 256)))
        if nic.size > 8:
            nic.traffic(random.randrange(20))
        while nic.send(bytes(60), 1):
            pass
        nic.q[TX].show()
        if i % 2:
            nic.peer.command(DEVICE_RESET)
            nic.peer.write(CONFIG, 4, '<H', 6)
    nic.start()
    nic.traffic(100)


def reset_messages(path):
    """The same where memory takes messages: none may come once the reset is done."""
    nic = Nic(Peer(path), 'messages')
    for _ in range(20):
        nic.start(64)
        while nic.send(bytes(60), 1):
            pass
        nic.q[TX].show()
        nic.peer.pump(0.002)
        nic.reset()
        asked = nic.peer.asked
        nic.peer.pump(0.005)
        expect(nic.peer.asked == asked, 'it was asked for memory after the reset')


def unmap(path):
    """The rings' memory goes under traffic, comes back, and the rings go on."""
    for how in ('shared', 'messages', 'file'):
        nic = Nic(Peer(path), how)
        nic.start(64)
        for _ in range(5):
            while nic.send(bytes(60), 1):
                pass
            nic.q[TX].show()
            nic.mem.unmap()
            nic.peer.write(nic.bar, nic.q[TX].bell, '<H', TX)
            nic.mem.map()
            nic.peer.write(nic.bar, nic.q[TX].bell, '<H', TX)
            nic.wait(lambda: not nic.q[TX].chains or nic.q[TX].take(), f'{how}: it does not go on')
            while nic.q[TX].chains:
                nic.wait(nic.q[TX].take, f'{how}: it does not go on')
            while nic.arrive() is not None:
                pass
            nic.q[RX].show()
        nic.start(64)
        nic.traffic(100)
        nic.peer.close()


def truncate(path):
    """Memory that was passed gets shorter under traffic: the client is dropped, the server lives."""
    for to in (0, PAGE, 1 << 19):       # before the rings, among them, among the buffers
        nic = Nic(Peer(path))
        nic.start(256)
        nic.traffic(100)
        while nic.send(bytes(1500), 1):
            pass
        os.ftruncate(nic.mem.fd, to)
        if to > nic.q[TX].end:
            nic.q[TX].show()
        end = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < end:
                nic.peer.pump(0.05)
                nic.peer.read(CONFIG, 0, '<I')
        except Gone:
            nic.peer.close()
            continue
        sys.exit(f'the server did not mind memory of {to} bytes')


def truncate_file(path):
    """The same with memory by pread and pwrite: the device asks for a reset."""
    nic = Nic(Peer(path), 'file')
    nic.start(64)
    nic.traffic(50)
    os.ftruncate(nic.mem.fd, 0)
    nic.peer.write(nic.bar, nic.q[TX].bell, '<H', TX)
    nic.wait(lambda: nic.get(STATUS) & NEEDS_RESET, 'the device does not ask for a reset')


def errors(path):
    """The client does not hand out its memory: the device asks for a reset, works after it."""
    for error in (14, 11, 5, 99999):
        nic = Nic(Peer(path), 'messages')
        nic.start()
        nic.traffic(20)
        nic.peer.answer_with = error
        nic.send(bytes(60), 1)
        nic.q[TX].show()
        nic.wait(lambda: nic.get(STATUS) & NEEDS_RESET, f'errno {error}: the device does not ask for a reset')
        nic.peer.answer_with = None
        nic.start()
        nic.traffic(20)
        nic.peer.close()


def mute(path):
    """It never answers for its memory: dropped after two seconds or so."""
    nic = Nic(Peer(path), 'messages')
    nic.start()
    nic.peer.answer_with = lambda *_: None
    nic.send(bytes(60), 1)
    nic.q[TX].show()
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            nic.peer.pump(0.1)
    except Gone:
        return
    sys.exit('the server waits for ever')


def vanish(path):
    """Gone in the middle of whatever it was doing."""
    for how in ('shared', 'messages', 'file', 'pages'):
        for seconds in (0, 0.001, 0.01):
            nic = Nic(Peer(path), how)
            nic.start(64)
            while nic.send(bytes(60), 1):
                pass
            nic.q[TX].show()
            if seconds:
                time.sleep(seconds)
            nic.peer.close()


def hello(path):
    """Silent or trickling before VERSION: dropped within seconds, and the next has its turn."""
    head = struct.pack('=HHIII', 1, VERSION, 20, 0, 0)
    for trickle in (b'', head[:15]):
        first = Peer(path, hello=False)
        begin = time.monotonic()
        for i in range(len(trickle)):
            try:
                first.sock.sendall(trickle[i:i + 1])
            except BrokenPipeError:
                break
            time.sleep(0.02)
        Peer(path).command(GET_INFO, struct.pack('=IIII', 16, 0, 0, 0))
        took = time.monotonic() - begin
        expect(1 < took < 10, f'the next was served after {took:.1f} s')
        expect(first.sock.recv(1) == b'', 'not a hang-up')


def wild(path):
    """Any register gets any value, any memory goes and comes, while rings are at work."""
    peer = Peer(path)
    nic = Nic(peer)
    nic.start(16)
    for i in range(20000):
        what = random.randrange(100)
        try:
            if what < 80:
                fmt = random.choice(('<B', '<H', '<I', '<Q'))
                region = random.choice((nic.bar, nic.bar, nic.bar, CONFIG))
                off = random.randrange(0x60 if random.random() < 0.8 else 0x4000)
                value = random.choice((0, 1, 2, 15, IOVA, IOVA + 0x8000, random.getrandbits(64)))
                peer.write(region, off, fmt, value & ((1 << 8 * struct.calcsize(fmt)) - 1))
            elif what < 90:
                peer.read(nic.bar, random.randrange(0x3ff8), '<Q')
            elif what < 96:
                at = random.randrange(0x8000)
                nic.mem.mem[at:at + 8] = random.randbytes(8)
            elif what == 97:
                peer.unmap(IOVA, nic.mem.size)
            elif what == 98:
                nic.mem.map()
            elif i % 5 == 0:
                nic.start(16)
        except (Refused, SystemExit):
            pass
    peer.close()
    shared(path)


CASES = {f.__name__.replace('_', '-'): f for f in (
    shared, version01, messages, messages_small, messages_posted, file_io, pages, mergeable, interrupts,
    window, resets, reset_messages, unmap, truncate, truncate_file, errors, mute, vanish, hello, wild)}

if __name__ == '__main__':
    if len(sys.argv) < 2:
        print(*CASES)
        sys.exit(0)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    print(f'seed {seed}', file=sys.stderr)
    random.seed(seed)
    try:
        CASES[sys.argv[2]](sys.argv[1])
    except Gone:
        sys.exit('the server hung up')
    except Refused as why:
        sys.exit(f'the server refused: {why}')
