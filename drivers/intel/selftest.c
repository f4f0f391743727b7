// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/selftest.c - what a device can show without a cable: that its registers keep
 * what is written, that a frame sent comes back through the PHY's loopback.
 */
#include "hw.h"

#include <leat/pool.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FRAME	  200
#define ETHERTYPE 0x88b5	/* IEEE 802, for experiments of one's own */
#define LINK_USEC 3000000	/* negotiation takes that long at worst */
#define BACK_MSEC 200

void leat_intel_verdict(struct leat_self_test *out, const char *name, enum leat_verdict verdict,
			const char *why, ...)
{
	va_list args;

	snprintf(out->name, sizeof(out->name), "%s", name);
	out->verdict = verdict;
	va_start(args, why);
	vsnprintf(out->why, sizeof(out->why), why, args);
	va_end(args);
}

/* ---- registers ---- */

void leat_intel_test_registers(const struct intel_hw *hw, const struct intel_reg_mask *regs,
			       unsigned int n, struct leat_self_test *out)
{
	static const uint32_t patterns[] = { 0x5a5a5a5a, 0xa5a5a5a5, 0, UINT32_MAX };

	leat_intel_verdict(out, "registers", LEAT_TEST_PASSED, "%s", "");
	for (unsigned int i = 0; i < n; i++) {
		for (size_t k = 0; k < LEAT_ARRAY_LEN(patterns); k++) {
			uint32_t want = patterns[k] & regs[i].mask, got;

			intel_write(hw, regs[i].off, want);
			got = intel_read(hw, regs[i].off) & regs[i].mask;
			if (got == want)
				continue;
			leat_intel_verdict(out, "registers", LEAT_TEST_FAILED,
					   "0x%05x: 0x%08x written, 0x%08x read", regs[i].off, want,
					   got);
			return;
		}
	}
}

/* ---- loopback ---- */

/* False: the pool's buffers are too short. */
static bool fill(struct leat_pkt *pkt, const uint8_t mac[6])
{
	uint8_t *data = leat_pkt_append(pkt, FRAME);

	if (!data)
		return false;
	memcpy(data, mac, 6);
	memcpy(data + 6, mac, 6);
	data[12] = ETHERTYPE >> 8;
	data[13] = ETHERTYPE & 0xff;
	for (unsigned int i = 14; i < FRAME; i++)
		data[i] = (uint8_t)(i * 7);
	return true;
}

static bool same(const struct leat_pkt *pkt, const uint8_t mac[6])
{
	const uint8_t *data = leat_pkt_data(pkt);

	if (pkt->len != FRAME || memcmp(data, mac, 6) || data[12] != ETHERTYPE >> 8)
		return false;
	for (unsigned int i = 14; i < FRAME; i++)
		if (data[i] != (uint8_t)(i * 7))
			return false;
	return true;
}

/* Until our frame is back; others, from before the loop was closed, are nobody's. */
static bool comes_back(struct leat_port *port)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct leat_rxq *q = port->rxq[0];
	struct leat_pkt *pkt;

	for (unsigned int i = 0; i < BACK_MSEC; i++) {
		if (port->stepped)
			port->end->step(port->dev);
		while (q->direct(q, &pkt, 1)) {
			bool ours = same(pkt, port->mac);

			leat_pkt_free(&pkt, 1);
			if (ours)
				return true;
		}
		nanosleep(&ms, NULL);
	}
	return false;
}

static bool round_trip(struct leat_port *port, struct leat_pool_cache *cache)
{
	struct leat_txq *q = port->txq[0];
	struct leat_pkt *pkt;

	if (!leat_pkt_alloc(cache, &pkt, 1))
		return false;
	if (!fill(pkt, port->mac) || !q->direct(q, &pkt, 1)) {
		leat_pkt_free(&pkt, 1);
		return false;
	}
	return comes_back(port);
}

/* IEEE 802.3, 22.2.4.1.2: the PHY sends back what the MAC gives it. */
static bool close_loop(struct intel_hw *hw)
{
	(void)leat_mmio_wait32(&hw->regs, INTEL_STATUS, INTEL_STATUS_LU, INTEL_STATUS_LU, LINK_USEC);
	intel_update(hw, INTEL_CTRL, INTEL_CTRL_SPEED, LEAT_PUT(INTEL_CTRL_SPEED, 2u) |
		     INTEL_CTRL_FD | INTEL_CTRL_FRCSPD | INTEL_CTRL_FRCDPX | INTEL_CTRL_SLU);
	if (leat_intel_phy_write(hw, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_LOOPBACK |
				 INTEL_PHY_CONTROL_DUPLEX | INTEL_PHY_CONTROL_SPEED_HIGH))
		return false;
	return !leat_mmio_wait32(&hw->regs, INTEL_STATUS, INTEL_STATUS_LU, INTEL_STATUS_LU,
				 LINK_USEC / 3);
}

static void try_loop(struct intel_hw *hw, struct leat_pool_cache *cache, struct leat_self_test *out)
{
	if (!close_loop(hw))
		leat_intel_verdict(out, "loopback", LEAT_TEST_SKIPPED, "no link in loopback");
	else if (round_trip(hw->port, cache))
		leat_intel_verdict(out, "loopback", LEAT_TEST_PASSED, "%s", "");
	else
		leat_intel_verdict(out, "loopback", LEAT_TEST_FAILED,
				   "the frame that was sent did not come back");
}

void leat_intel_test_loopback(struct intel_hw *hw, struct leat_self_test *out)
{
	struct leat_port *port = hw->port;
	struct leat_rxq *rxq = port->rxq[0];
	struct leat_txq *txq = port->txq[0];
	struct leat_pool_cache *cache, *rx_own = rxq->cache, *tx_own = txq->cache;

	/* The queues' caches are other threads'. */
	if (leat_pool_cache_create(port->cfg.pool, 0, &cache)) {
		leat_intel_verdict(out, "loopback", LEAT_TEST_SKIPPED, "no memory");
		return;
	}
	if (port->drv->start(port)) {
		leat_intel_verdict(out, "loopback", LEAT_TEST_FAILED, "it does not start");
	} else {
		rxq->cache = txq->cache = cache;
		try_loop(hw, cache, out);
		port->drv->stop(port);
		rxq->cache = rx_own;
		txq->cache = tx_own;
	}
	leat_pool_cache_destroy(cache);
}
