"""stranger_nic.py - a virtio-net driver (virtio 1.2, over PCI), for stranger.py."""
import mmap
import os
import random
import struct
import time

from stranger_peer import FILE_IO, MMAP, PATIENCE, expect

CONFIG = 7
PAGE = 4096
IOVA = 0x7f12_3400_0000

# Common configuration of virtio over PCI (4.1.4.3): offset and format.
DEVICE_FEATURE_SELECT, DEVICE_FEATURE = (0x00, '<I'), (0x04, '<I')
DRIVER_FEATURE_SELECT, DRIVER_FEATURE = (0x08, '<I'), (0x0c, '<I')
NUM_QUEUES, STATUS, QUEUE_SELECT = (0x12, '<H'), (0x14, '<B'), (0x16, '<H')
QUEUE_SIZE, QUEUE_VECTOR, QUEUE_ENABLE, QUEUE_NOTIFY = (0x18, '<H'), (0x1a, '<H'), (0x1c, '<H'), (0x1e, '<H')
QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE = (0x20, '<Q'), (0x28, '<Q'), (0x30, '<Q')
ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET = 1, 2, 4, 8, 0x40
INDIRECT_DESC, MRG_RXBUF, VERSION_1 = 1 << 28, 1 << 15, 1 << 32
NEXT, DEVICE_WRITES, INDIRECT = 1, 2, 4
HDR = 12
RX, TX = 0, 1


class Memory:
    """@size bytes at IOVA, offered in one of four ways."""

    def __init__(self, peer, size, how):
        self.peer, self.size, self.how, self.fd = peer, size, how, -1
        if how == 'messages':
            self.mem = bytearray(size)
            peer.memory.append((IOVA, self.mem))
        else:
            self.fd = os.memfd_create('stranger', os.MFD_CLOEXEC)
            os.ftruncate(self.fd, size)
            self.mem = mmap.mmap(self.fd, size)
        self.words = memoryview(self.mem).cast('H')
        self.map()

    def map(self):
        if self.how == 'pages':         # one map for each page: rings and frames lie in several
            for off in range(0, self.size, PAGE):
                self.peer.map(IOVA + off, PAGE, self.fd, off)
        else:
            self.peer.map(IOVA, self.size, self.fd, 0, FILE_IO if self.how == 'file' else MMAP)

    def unmap(self):
        step = PAGE if self.how == 'pages' else self.size
        for off in range(0, self.size, step):
            self.peer.unmap(IOVA + off, step)

    def get(self, off, fmt):
        return struct.unpack_from(fmt, self.mem, off)[0]

    def publish(self, off, value):
        """In one store: pack_into() writes zeros first, which the device would see."""
        self.words[off // 2] = value

    def put(self, off, fmt, *values):
        struct.pack_into(fmt, self.mem, off, *values)


class Queue:
    def __init__(self, nic, index, size, at):
        self.nic, self.mem, self.index, self.size = nic, nic.mem, index, size
        self.desc = at
        self.avail = at + 16 * size
        self.used = (self.avail + 6 + 2 * size + 3) & ~3
        self.end = self.used + 6 + 8 * size
        self.free = list(range(size))
        self.chains = {}                # head: its descriptors
        self.shown = self.seen = 0
        self.mem.mem[at:self.end] = bytes(self.end - at)
        for reg, value in ((QUEUE_SELECT, index), (QUEUE_SIZE, size), (QUEUE_DESC, IOVA + self.desc),
                           (QUEUE_DRIVER, IOVA + self.avail), (QUEUE_DEVICE, IOVA + self.used)):
            nic.set(reg, value)
        expect(nic.get(QUEUE_SIZE) == size, f'queue {index} does not take a size of {size}')
        self.bell = nic.notify + nic.get(QUEUE_NOTIFY) * nic.multiplier
        nic.set(QUEUE_ENABLE, 1)

    def add(self, pieces, flags, table=None):
        """Pieces (offset, length) as a chain; in a table at that offset if given."""
        n = 1 if table else len(pieces)
        if len(self.free) < n:
            return None
        heads = [self.free.pop() for _ in range(n)]
        for i, (off, length) in enumerate(pieces):
            more = NEXT if i + 1 < len(pieces) else 0
            where = table + 16 * i if table else self.desc + 16 * heads[i]
            following = (i + 1 if table else heads[i + 1]) if more else 0
            self.mem.put(where, '<QIHH', IOVA + off, length, flags | more, following)
        if table:
            self.mem.put(self.desc + 16 * heads[0], '<QIHH', IOVA + table, 16 * len(pieces), INDIRECT, 0)
        self.chains[heads[0]] = heads
        self.mem.put(self.avail + 4 + 2 * (self.shown % self.size), '<H', heads[0])
        self.shown = (self.shown + 1) & 0xffff
        return heads[0]

    def show(self):
        self.mem.publish(self.avail + 2, self.shown)
        if not self.mem.get(self.used, '<H') & 1:       # VIRTQ_USED_F_NO_NOTIFY
            self.nic.peer.write(self.nic.bar, self.bell, '<H', self.index, self.nic.posted)

    def take(self):
        """The next used chain: (head, bytes), or None."""
        if self.mem.get(self.used + 2, '<H') == self.seen:
            return None
        head, length = struct.unpack_from('<II', self.mem.mem, self.used + 4 + 8 * (self.seen % self.size))
        self.seen = (self.seen + 1) & 0xffff
        expect(head in self.chains, f'queue {self.index}: head {head} came back, which was not out')
        self.free += self.chains.pop(head)
        return head, length


class Nic:
    """The device as a driver sees it: by REGION_READ and REGION_WRITE only."""

    def __init__(self, peer, how='shared', size=2 << 20, posted=False):
        self.peer, self.posted = peer, False
        self.find()
        peer.write(CONFIG, 4, '<H', 6)          # memory, bus master
        self.mem = Memory(peer, size, how)
        self.posted = posted

    def find(self):
        expect(self.peer.read(CONFIG, 0, '<I') == 0x10411af4, 'this is no virtio-net device')
        at = self.peer.read(CONFIG, 0x34, '<B')
        while at:
            cap, following = self.peer.read(CONFIG, at, '<B'), self.peer.read(CONFIG, at + 1, '<B')
            if cap == 9:
                kind, off = self.peer.read(CONFIG, at + 3, '<B'), self.peer.read(CONFIG, at + 8, '<I')
                self.bar = self.peer.read(CONFIG, at + 4, '<B') if kind == 1 else getattr(self, 'bar', 0)
                name = {1: 'common', 2: 'notify', 3: 'isr', 4: 'device', 5: 'window'}[kind]
                setattr(self, name, at if kind == 5 else off)
                if kind == 2:
                    self.multiplier = self.peer.read(CONFIG, at + 16, '<I')
            at = following

    def get(self, reg):
        return self.peer.read(self.bar, self.common + reg[0], reg[1])

    def set(self, reg, value):
        self.peer.write(self.bar, self.common + reg[0], reg[1], value, self.posted)

    def reset(self):
        self.set(STATUS, 0)
        self.wait(lambda: self.get(STATUS) == 0, 'the reset does not end')

    def negotiate(self, features):
        offered = 0
        for i in (0, 1):
            self.set(DEVICE_FEATURE_SELECT, i)
            offered |= self.get(DEVICE_FEATURE) << (32 * i)
        expect(offered & features == features, f'features {features & ~offered:#x} are not offered')
        for i in (0, 1):
            self.set(DRIVER_FEATURE_SELECT, i)
            self.set(DRIVER_FEATURE, features >> (32 * i) & 0xffffffff)
        self.set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK)
        expect(self.get(STATUS) & FEATURES_OK, f'features {features:#x} were refused')

    def start(self, size=64, features=VERSION_1, bufs=2048, vectors=None):
        self.reset()
        self.set(STATUS, ACKNOWLEDGE)
        self.set(STATUS, ACKNOWLEDGE | DRIVER)
        self.negotiate(features)
        self.bufs, self.size, self.features = bufs, size, features
        self.q = [Queue(self, RX, size, 0)]
        self.q.append(Queue(self, TX, size, (self.q[0].end + 15) & ~15))
        for index in vectors or ():
            self.set(QUEUE_SELECT, index)
            self.set(QUEUE_VECTOR, 1 + index)
        self.rx_at = (self.q[1].end + 100) & ~1         # nothing of this is aligned to a page
        self.tx_at = self.rx_at + size * bufs
        self.rx = {}
        self.sent = self.received = 0
        self.set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)
        for i in range(size):
            self.give(self.rx_at + i * bufs)
        self.q[RX].show()

    def give(self, at):
        self.rx[self.q[RX].add([(at, self.bufs)], DEVICE_WRITES)] = at

    def send(self, frame, shape):
        """One frame in one of the shapes that a driver may choose; False: no room."""
        q = self.q[TX]
        step = 2048 + 64
        at = self.tx_at + self.sent % self.size * step
        expect(at + step <= self.mem.size, 'the test has too little memory')
        self.mem.mem[at:at + HDR] = bytes(HDR)
        self.mem.mem[at + HDR:at + HDR + len(frame)] = frame
        pieces = {1: [(at, HDR + len(frame))],
                  2: [(at, HDR), (at + HDR, len(frame))],
                  3: [(at, 7), (at + 7, 15), (at + 22, len(frame) - 10)]}[shape if shape < 4 else 3]
        table = at + 2048 if shape == 4 else None
        if q.add(pieces, 0, table) is None:
            return False
        self.sent += 1
        return True

    def arrive(self):
        """The next frame that arrived, or None; its buffers are given back."""
        got, need = b'', 1
        while need:
            used = self.q[RX].take()
            if not used:
                expect(not got, 'the buffers of a frame did not come at once')
                return None
            head, length = used
            at = self.rx.pop(head)
            expect(length <= self.bufs, f'{length} bytes in a buffer of {self.bufs}')
            if not got:
                need = self.mem.get(at + 10, '<H')
                expect(need == 1 or self.features & MRG_RXBUF, f'a frame in {need} buffers')
            got += bytes(self.mem.mem[at:at + length])
            self.give(at)
            need -= 1
        self.received += 1
        return got[HDR:]

    def wait(self, done, why, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not done():
            expect(time.monotonic() < end, why)
            self.peer.pump(0.0005)

    def traffic(self, n, shapes=(1, 2, 3), longest=1514):
        """Send n frames, see each come back."""
        out = []
        left = n
        end = time.monotonic() + 3 * PATIENCE
        while left or out:
            before = len(out), left
            while left and len(out) < self.size // 4:
                frame = bytes(random.getrandbits(8) for _ in range(32)) * (longest // 32 + 1)
                frame = frame[:random.randint(60, longest)]
                if not self.send(frame, shapes[left % len(shapes)]):
                    break
                out.append(frame)
                left -= 1
            if before[1] != left:
                self.q[TX].show()
            while self.q[TX].take():
                pass
            frame = self.arrive()
            while frame is not None:
                expect(out and frame == out[0], f'frame {self.received} came back damaged, late or twice')
                out.pop(0)
                frame = self.arrive()
            if before != (len(out), left):
                self.q[RX].show()
            else:
                expect(time.monotonic() < end, f'{len(out)} frames of {n} did not come back, {left} were not sent')
                self.peer.pump(0.0005)
