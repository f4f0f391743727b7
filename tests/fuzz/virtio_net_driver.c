// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net_driver.c - a fuzzer that plays the device of the virtio-net driver, on the
 * registers of the unit tests' fake: used entries mostly plausible, headers, event words and
 * bytes anywhere in what a device may write. A queue may stop, with one line; packets must
 * all come home, which fake_fini() asserts. FUZZ_PACKED chooses the kind of ring.
 */
#include "input.h"

#include "tests/unit/drivers/virtio_net/driver_fake.h"

#include <leat/bits.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE	16
#define OPS_MAX	300

static struct fake f;

static const uint64_t extras[] = {
	VIRTIO_F_IN_ORDER, VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC,
	VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN,
	VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6, VIRTIO_F_NOTIFICATION_DATA,
	VIRTIO_F_RING_RESET,
};

/* Where the device of each queue stands in its ring. */
static struct {
	uint16_t	at, idx;
	bool		wrap;
} side[2];

static void open_port(struct input *in)
{
	struct leat_port_config cfg = { .rx_desc = SIZE, .tx_desc = SIZE };
	uint8_t bits = input8(in);

	fake_init(&f, 160, 2048);
	f.kind.mtu = 1500;
	f.kind.features |= FUZZ_PACKED ? VIRTIO_F_RING_PACKED : 0;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(extras); i++)
		if (bits & 1u << i)
			f.kind.features |= extras[i];
	if (bits & 0x80)
		f.kind.features &= ~VIRTIO_NET_F_MRG_RXBUF;
	cfg.offloads = input32(in);
	if (fake_open(&f, &cfg)) {	/* offloads that these features do not give */
		cfg.offloads = 0;
		if (fake_open(&f, &cfg)) {
			fprintf(stderr, "%s\n", f.last);
			abort();
		}
		f.errors = 0;
	}
	for (unsigned int i = 0; i < 2; i++) {
		memset(&side[i], 0, sizeof(side[i]));
		side[i].wrap = true;
	}
}

/* Memory that the device may reach, or NULL. */
static char *reach(uint64_t iova, size_t len)
{
	for (unsigned int i = 0; i < f.nsegs; i++) {
		uint64_t off = iova - f.seg[i].iova;

		if (iova >= f.seg[i].iova && off < f.seg[i].len && len <= f.seg[i].len - off)
			return (char *)f.seg[i].va + off;
	}
	return NULL;
}

/* Of a buffer to be received: the header. */
static void header(struct input *in, uint64_t addr)
{
	char *p = reach(addr, 20);

	if (p)
		input_bytes(in, p, 12);
}

static void use_packed(struct input *in, unsigned int i, bool honest)
{
	struct fake_queue *q = &f.q[i];
	struct virtio_packed_desc *d = (void *)(reach(q->desc, 16u * q->size) + 16 * side[i].at);
	uint16_t flags = side[i].wrap ? VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED : 0;

	if (!i)
		header(in, leat_le64_to_cpu(d->addr));
	if (!honest) {
		d->id = leat_cpu_to_le16(input16(in) % (q->size + 2u));
		flags ^= input8(in) & 1 ? input16(in) : 0;
	}
	d->len = leat_cpu_to_le32(i ? 0 : input16(in) % 2100u);
	d->flags = leat_cpu_to_le16(flags);
	if (++side[i].at >= q->size) {
		side[i].at = 0;
		side[i].wrap = !side[i].wrap;
	}
}

static void use_split(struct input *in, unsigned int i, bool honest)
{
	struct fake_queue *q = &f.q[i];
	struct virtio_avail *avail = (void *)reach(q->driver, VIRTIO_AVAIL_BYTES(q->size));
	struct virtio_used *used = (void *)reach(q->device, VIRTIO_USED_BYTES(q->size));
	struct virtio_desc *desc = (void *)reach(q->desc, VIRTIO_DESC_BYTES(q->size));
	uint16_t head = leat_le16_to_cpu(avail->ring[side[i].idx % q->size]);

	if (!i && head < q->size)
		header(in, leat_le64_to_cpu(desc[head].addr));
	if (!honest)
		head = input16(in) % (q->size + 2u);
	used->ring[side[i].idx % q->size] = (struct virtio_used_elem){
		leat_cpu_to_le32(head), leat_cpu_to_le32(i ? 0 : input16(in) % 2100u),
	};
	side[i].idx = (uint16_t)(side[i].idx + (honest || input8(in) ? 1 : input16(in)));
	used->idx = leat_cpu_to_le16(side[i].idx);
}

/* Anywhere in what the device may write. */
static void bytes(struct input *in, unsigned int i)
{
	struct fake_queue *q = &f.q[i];
	size_t len = FUZZ_PACKED ? 16u * q->size : VIRTIO_USED_BYTES(q->size), n = 1 + input8(in) % 16;
	char *p = reach(FUZZ_PACKED ? q->desc : q->device, len);

	input_bytes(in, p + input16(in) % (len - n), n);
}

static void receive(void)
{
	struct leat_pkt *pkts[16];
	uint16_t n = leat_rx(fake_rxq(&f), pkts, 16);

	leat_pkt_free(pkts, n);
}

static void transmit(struct input *in)
{
	struct leat_pkt *pkt;
	uint16_t len = 14 + input16(in) % 1800u;

	if (!leat_pkt_alloc(fake_txq(&f)->cache, &pkt, 1))
		return;
	memset(leat_pkt_append(pkt, len), 5, len);
	if (!leat_tx(fake_txq(&f), &pkt, 1))
		leat_pkt_free(&pkt, 1);
}

static void op(struct input *in)
{
	uint8_t what = input8(in);
	unsigned int i = what >> 4 & 1;

	switch (what % 8) {
	case 0: case 1: case 2:
		(FUZZ_PACKED ? use_packed : use_split)(in, i, true);
		break;
	case 3:
		(FUZZ_PACKED ? use_packed : use_split)(in, i, false);
		break;
	case 4:
		bytes(in, i);
		break;
	case 5:
		transmit(in);
		break;
	default:
		receive();
		leat_tx(fake_txq(&f), NULL, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	open_port(&in);
	for (unsigned int i = 0; i < OPS_MAX && in.left; i++)
		op(&in);
	if (f.errors > 2)		/* a line for each queue that stopped */
		abort();
	fake_fini(&f);
	return 0;
}
