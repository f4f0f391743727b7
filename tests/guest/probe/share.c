// SPDX-License-Identifier: BSD-3-Clause
/*
 * share.c - probe-share A B: two devices on one cable, each with memory of its own, then with
 * the same.
 *
 * Private domains: what is in use by both is pinned for each, and one device's rings are out
 * of the other's reach. A shared domain (",domain=NAME"): one map for both, and no such wall.
 */
#include <stdio.h>
#include <string.h>

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>

#include "bus/vfio/space.h"
#include "core/mem/pseg.h"
#include "ports.h"

#define MEM_SIZE ((size_t)32 << 20)
#define JUMBO	 8000	/* more than QEMU lends of its own for an address that leads nowhere */

static struct ear ear;
static const struct leat_port_config jumbo = { .mtu = 9000 };

static const struct vfio_space *space_of(const struct end *end)
{
	return LEAT_CONTAINER_OF(end->port->dev->as, struct vfio_space, as);
}

static uint64_t locked_kib(void)
{
	return status_kib("VmLck") + status_kib("VmPin");
}

/* A sends what lies at the address of B's rings. */
static void send_rings(struct end *a, const struct end *b, struct leat_pkt **pkt, leat_iova_t *home)
{
	check(leat_pkt_alloc(a->txq->cache, pkt, 1), "a packet to spare");
	leat_pkt_append(*pkt, 1500);
	(*pkt)->len = JUMBO;
	(*pkt)->total = JUMBO;
	*home = (*pkt)->iova;
	(*pkt)->iova = b->port->dev->as->priv->seg.iova;
	check_num(leat_tx(a->txq, pkt, 1), 1, "a packet made of the other's rings is taken");
}

static void try_private(struct leat_ctx *ctx, char **addr)
{
	uint64_t locked = locked_kib();
	size_t log = kernel_log_calm();
	struct leat_pkt *pkt;
	leat_iova_t home;
	struct end a, b;
	unsigned int times;

	end_open(&a, ctx, &ear, addr[0], &jumbo);
	end_open(&b, ctx, &ear, addr[1], &jumbo);
	check(space_of(&a) != space_of(&b), "private: two domains");

	/* IOASes of one /dev/iommu copy each other's maps, which pins nothing anew. */
	times = space_of(&a)->kind == VFIO_GROUP ? 2 : 1;
	check(locked_kib() - locked >= times * MEM_SIZE / 1024, "private: what the kernel pins");
	check(frames_pass(&a, &b, 20, 1), "private: frames pass");

	send_rings(&a, &b, &pkt, &home);
	check(event_comes(ctx, &a, LEAT_EVENT_ERROR, COMES_MS),
	      "private: the device asks for a reset");
	check(kernel_log_comes(log, "fault addr"), "private: the kernel logs the fault");
	check(!leat_rx(b.rxq, &pkt, 1), "private: the other port receives nothing");
	leat_port_stop(a.port);
	pkt->iova = home;
	need(leat_port_start(a.port), ear.error, "private: starts again");
	check(frames_pass(&a, &b, 20, 2) && frames_pass(&b, &a, 20, 3),
	      "private: frames pass again");
	end_close(&a);
	end_close(&b);
}

/* What B received A sends on, as it is, and B receives it again. */
static bool hand_over(struct end *a, struct end *b)
{
	struct leat_pkt *pkt;
	uint64_t until = leat_now_ns() + COMES_MS * UINT64_C(1000000);

	if (!frame_send(a, a->txq->cache, 700, 9))
		return false;
	while (!leat_rx(b->rxq, &pkt, 1))
		if (leat_now_ns() > until)
			return false;
	return frame_is(pkt, 700, 9) && leat_tx(a->txq, &pkt, 1) == 1 &&
	       frame_comes(b, 700, 9, COMES_MS);
}

static void try_shared(struct leat_ctx *ctx, char **addr)
{
	uint64_t first, locked = locked_kib();
	char name[2][64];
	struct end a, b;

	for (unsigned int i = 0; i < 2; i++)
		snprintf(name[i], sizeof(name[i]), "%s,domain=both", addr[i]);
	end_open(&a, ctx, &ear, name[0], NULL);
	first = locked_kib();
	end_open(&b, ctx, &ear, name[1], NULL);
	check(space_of(&a) == space_of(&b), "shared: one domain");
	check_num(space_of(&a)->users, 2, "shared: of two");
	check(first - locked >= MEM_SIZE / 1024, "shared: memory is pinned with the first");
	check(locked_kib() - first < MEM_SIZE / 1024, "shared: and not again with the second");
	check(frames_pass(&a, &b, 20, 4), "shared: frames pass");
	check(hand_over(&a, &b), "shared: what one received the other sends on");
	end_close(&a);
	check(frame_send(&b, b.txq->cache, 60, 5), "shared: one closes, the other goes on");
	end_close(&b);
	check_num(locked_kib(), locked, "shared: nothing stays locked");
}

int main(int argc, char **argv)
{
	struct leat_ctx *ctx;

	if (argc != 3) {
		fprintf(stderr, "usage: probe-share SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, MEM_SIZE, false);
	try_private(ctx, argv + 1);
	try_shared(ctx, argv + 1);
	leat_ctx_close(ctx);
	return check_end();
}
