// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_hostile_rig.c - a port under a device that lies, and what must come of it.
 */
#include "driver_hostile_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char frame[64];

void hostile_open(struct fake *f, uint64_t rings)
{
	const struct leat_port_config cfg = { .rx_desc = 16, .tx_desc = 16 };

	fake_init(f, 1024, 2048);	/* the queues' caches keep up to 256 each */
	f->kind.features |= rings;
	assert_int_equal(fake_open(f, &cfg), 0);
}

uint16_t hostile_rx(struct fake *f, struct leat_pkt **pkts)
{
	return leat_rx(fake_rxq(f), pkts, 16);
}

uint16_t hostile_tx(struct fake *f)
{
	struct leat_pkt *pkt;
	uint16_t n;

	assert_int_equal(leat_pkt_alloc(fake_txq(f)->cache, &pkt, 1), 1);
	memcpy(leat_pkt_append(pkt, sizeof(frame)), frame, sizeof(frame));
	n = leat_tx(fake_txq(f), &pkt, 1);
	if (!n)
		leat_pkt_free(&pkt, 1);
	return n;
}

static void restart(struct fake *f)
{
	leat_port_stop(f->port);
	assert_int_equal(leat_port_start(f->port), 0);
}

void hostile_stopped(struct fake *f, const char *words)
{
	struct leat_pkt *pkts[16];
	char buf[FAKE_FRAME_MAX];
	struct virtio_net_hdr hdr;

	assert_int_equal(f->errors, 1);
	if (!strstr(f->last, words))
		fail_msg("\"%s\" does not say \"%s\"", f->last, words);
	fake_poll(f);
	assert_int_equal(f->events[LEAT_EVENT_ERROR], 1);
	for (int i = 0; i < 3; i++) {
		hostile_rx(f, pkts);
		leat_tx(fake_txq(f), NULL, 0);
	}
	assert_int_equal(f->errors, 1);

	restart(f);
	assert_true(fake_deliver(f, frame, sizeof(frame), 0, 0, 0));
	assert_int_equal(hostile_rx(f, pkts), 1);
	leat_pkt_free(pkts, 1);
	assert_int_equal(hostile_tx(f), 1);
	assert_int_equal(fake_collect(f, &hdr, buf), sizeof(frame));
	fake_fini(f);
}

/* ---- receive ---- */

void hostile_rx_lie(struct fake *f, uint64_t rings, unsigned int good, uint32_t id, uint32_t len,
		    const char *words)
{
	struct leat_pkt *pkts[16];

	hostile_open(f, rings);
	for (unsigned int i = 0; i < good; i++)
		assert_true(fake_deliver(f, frame, sizeof(frame), 0, 0, 0));
	fake_push(f, &f->q[0], id, len);
	fake_publish(f, &f->q[0]);
	assert_int_equal(hostile_rx(f, pkts), good);
	leat_pkt_free(pkts, (uint16_t)good);
	hostile_stopped(f, words);
}

/* Frames of @n buffers of which @there arrive. */
static void merge_lie(struct fake *f, uint64_t rings, uint16_t n, unsigned int there,
		      const char *words)
{
	struct leat_pkt *pkts[16];
	struct virtio_net_hdr hdr = { .num_buffers = leat_cpu_to_le16(n) };

	hostile_open(f, rings);
	for (unsigned int i = 0; i < there; i++) {
		int head = fake_pop(f, &f->q[0]);

		fake_scatter(f, &f->q[0], (uint16_t)head, &hdr, sizeof(hdr));
		fake_push(f, &f->q[0], (uint32_t)head, 100);
	}
	fake_publish(f, &f->q[0]);
	assert_int_equal(hostile_rx(f, pkts), 0);
	hostile_stopped(f, words);
}

void hostile_rx_merged(struct fake *f, uint64_t rings)
{
	merge_lie(f, rings, 0, 1, "absurd number of buffers (0)");
	merge_lie(f, rings, 17, 16, "absurd number of buffers (17)");
	merge_lie(f, rings, UINT16_MAX, 16, "absurd number of buffers");
	merge_lie(f, rings, 2, 1, "all buffers of a frame at once (2)");
	merge_lie(f, rings, 16, 15, "all buffers of a frame at once (16)");
}

/* ---- transmit ---- */

void hostile_tx_lie(struct fake *f, uint64_t rings, uint32_t id, bool twice, const char *words)
{
	hostile_open(f, rings);
	for (int i = 0; i < 3; i++)
		assert_int_equal(hostile_tx(f), 1);
	fake_push(f, &f->q[1], id, 0);
	if (twice)
		fake_push(f, &f->q[1], id, 0);
	fake_publish(f, &f->q[1]);
	leat_tx(fake_txq(f), NULL, 0);
	hostile_stopped(f, words);
}

void hostile_tx_jump(struct fake *f, uint64_t rings, uint16_t used)
{
	hostile_open(f, rings);
	assert_int_equal(hostile_tx(f), 1);
	f->q[1].used = used;
	fake_publish(f, &f->q[1]);
	leat_tx(fake_txq(f), NULL, 0);
	hostile_stopped(f, "used->idx too far");
}

void hostile_tx_inside(struct fake *f, uint64_t rings)
{
	struct leat_pkt *pkts[2];

	hostile_open(f, rings);
	assert_int_equal(leat_pkt_alloc(fake_txq(f)->cache, pkts, 2), 2);
	leat_pkt_append(pkts[0], 60);
	leat_pkt_append(pkts[1], 60);
	assert_int_equal(leat_pkt_chain(pkts[0], pkts[1]), 0);
	assert_int_equal(leat_tx(fake_txq(f), pkts, 1), 1);
	fake_push(f, &f->q[1], 1, 0);
	fake_publish(f, &f->q[1]);
	leat_tx(fake_txq(f), NULL, 0);
	hostile_stopped(f, "descriptor that it does not have (1)");
}

/* ---- at random ---- */

void hostile_traffic(struct fake *f, uint32_t most)
{
	struct leat_pkt *pkts[16];
	uint16_t n = hostile_rx(f, pkts);

	for (uint16_t i = 0; i < n; i++)
		assert_in_range(pkts[i]->total, 14, most);
	leat_pkt_free(pkts, n);
	for (int i = 0; i < 4; i++)
		hostile_tx(f);
	if (f->errors) {
		f->errors = 0;
		restart(f);
	}
}
