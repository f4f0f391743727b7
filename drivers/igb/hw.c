// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/hw.c - the 82576's reset and initialisation, in the order of chapter 4.6.
 */
#include "igb.h"

#include <leat/clock.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#define MASTER_USEC 80000	/* requests under way come to their end */
#define RESET_USEC  100000
#define NVM_USEC    20000
#define QUEUE_USEC  10000
#define SYNC_USEC   200000	/* others may have the PHY or the semaphore that long */
#define DRAIN_NS    10000000	/* for frames that are half in or out */
#define LAST_NS	    200000	/* 4.6.9.2: a queue's memory is free 100 us after it is off */

/* 8.12: the gaps of copper. */
#define TIPG_COPPER (8u | 4u << 10 | 6u << 20)

static void nap(long ns)
{
	const struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

/* ---- the PHY, which firmware and the other port's driver use, too (4.7) ---- */

/* SMBI is taken by reading it as 0; somebody who died may have left it. */
static int lock_semaphore(struct intel_hw *hw)
{
	int err = leat_mmio_wait32(&hw->regs, INTEL_SWSM, INTEL_SWSM_SMBI, 0, SYNC_USEC);

	if (err == -ETIMEDOUT) {
		intel_update(hw, INTEL_SWSM, INTEL_SWSM_SMBI | INTEL_SWSM_SWESMBI, 0);
		err = leat_mmio_wait32(&hw->regs, INTEL_SWSM, INTEL_SWSM_SMBI, 0, SYNC_USEC);
	}
	if (err)
		return err;
	intel_update(hw, INTEL_SWSM, 0, INTEL_SWSM_SWESMBI);
	return leat_mmio_wait32(&hw->regs, INTEL_SWSM, INTEL_SWSM_SWESMBI, INTEL_SWSM_SWESMBI,
				SYNC_USEC);
}

static void unlock_semaphore(struct intel_hw *hw)
{
	intel_update(hw, INTEL_SWSM, INTEL_SWSM_SMBI | INTEL_SWSM_SWESMBI, 0);
}

static uint32_t phy_bit(const struct intel_hw *hw)
{
	uint32_t lan = LEAT_GET(IGB_STATUS_LAN, intel_read(hw, INTEL_STATUS));

	return IGB_SYNC_PHY(lan);
}

/* Our own bit is our predecessor's at worst; the firmware's is its word. */
static int lock_phy(struct intel_hw *hw)
{
	uint32_t bit = phy_bit(hw);
	int err = leat_mmio_wait32(&hw->regs, INTEL_SW_FW_SYNC, bit << IGB_SYNC_FIRMWARE, 0,
				   SYNC_USEC);

	if (!err)
		err = lock_semaphore(hw);
	if (err)
		return leat_fail(hw->port->ctx, err, "%s: its firmware does not let go of the PHY; "
				 "switch the machine off and on", hw->port->name);
	intel_update(hw, INTEL_SW_FW_SYNC, 0, bit);
	unlock_semaphore(hw);
	return 0;
}

static void unlock_phy(struct intel_hw *hw)
{
	if (lock_semaphore(hw))
		return;			/* gone, and nobody waits for it */
	intel_update(hw, INTEL_SW_FW_SYNC, phy_bit(hw), 0);
	unlock_semaphore(hw);
}

/* ---- reset, 4.3 and 4.6.5 ---- */

static void mask_interrupts(struct igb *g)
{
	intel_write(&g->hw, IGB_EIMC, UINT32_MAX);
	intel_write(&g->hw, IGB_IMC, UINT32_MAX);
	(void)intel_read(&g->hw, IGB_ICR);
	(void)intel_read(&g->hw, IGB_EICR);
}

static void stop_units(struct igb *g)
{
	intel_write(&g->hw, INTEL_RCTL, 0);
	intel_write(&g->hw, INTEL_TCTL, INTEL_TCTL_PSP);
	intel_flush(&g->hw);
}

/* Without this a reset may leave a request without its answer. */
static void quiet_master(struct igb *g)
{
	intel_update(&g->hw, INTEL_CTRL, 0, INTEL_CTRL_MASTER_OFF);
	(void)leat_mmio_wait32(&g->hw.regs, INTEL_STATUS, INTEL_STATUS_MASTER, 0, MASTER_USEC);
}

int leat_igb_reset(struct igb *g)
{
	int err;

	g->hw.identifies = false;
	memset(g->etqf, 0, sizeof(g->etqf));
	g->hw.phy_lock = lock_phy;
	g->hw.phy_unlock = unlock_phy;
	mask_interrupts(g);
	stop_units(g);
	quiet_master(g);		/* a device that was left in disorder may not manage */
	intel_update(&g->hw, INTEL_CTRL, 0, INTEL_CTRL_RST);
	nap(1000000);			/* 4.3.1: not a look at it for a millisecond */
	err = leat_mmio_wait32(&g->hw.regs, INTEL_CTRL, INTEL_CTRL_RST, 0, RESET_USEC);
	if (err)
		return leat_fail(g->port.ctx, err, "%s: reset: the device does not come back; switch "
				 "the machine off and on", g->port.name);
	/* Boards without a memory never say so, and work: the address decides. */
	(void)leat_mmio_wait32(&g->hw.regs, INTEL_EECD, INTEL_EECD_AUTO_RD, INTEL_EECD_AUTO_RD,
			       NVM_USEC);
	mask_interrupts(g);
	return 0;
}

/* ---- what the units share, 4.6.5 and 4.6.6 ---- */

static void tune(struct igb *g)
{
	intel_update(&g->hw, INTEL_CTRL, IGB_CTRL_ILOS, 0);
	intel_update(&g->hw, INTEL_CTRL_EXT, IGB_CTRL_EXT_EXT_VLAN, IGB_CTRL_EXT_DRV_LOAD);
}

/* When the far end shall pause: two of the longest frames still fit. */
static void share_buffer(struct igb *g)
{
	uint32_t size = LEAT_GET(IGB_RXPBS_KB, intel_read(&g->hw, IGB_RXPBS)) << 10;
	uint32_t frames = 2 * (g->queues.frame_max + 4);

	g->hw.pause_high = size > frames ? LEAT_MIN(size / 10 * 9, size - frames) & ~15u : 0;
	g->hw.pause_low = g->hw.pause_high ? g->hw.pause_high - 16 : 0;
	intel_write(&g->hw, IGB_FCRTV, 0x8000);	/* half of the time that we ask for */
}

/* ---- receive, 4.6.9 ---- */

#define BUFFER_MAX 16384

uint32_t leat_igb_buffer(uint32_t bytes)
{
	if (bytes >= 1024)
		return LEAT_MIN(bytes, (uint32_t)BUFFER_MAX) & ~1023u;	/* SRRCTL, by KB */
	return bytes >= 512 ? 512 : bytes >= 256 ? 256 : 0;		/* RCTL */
}

static uint32_t buffer_bits(uint32_t bytes)
{
	return LEAT_PUT(INTEL_RCTL_BSIZE, bytes == 256 ? 3u : bytes == 512 ? 2u : 0u);
}

static const struct {
	uint32_t	type, mrqc;
} rss_types[] = {
	{ LEAT_RSS_IPV4, IGB_MRQC_IPV4 },
	{ LEAT_RSS_TCP4, IGB_MRQC_TCP4 },
	{ LEAT_RSS_UDP4, IGB_MRQC_UDP4 },
	{ LEAT_RSS_IPV6, IGB_MRQC_IPV6 },
	{ LEAT_RSS_TCP6, IGB_MRQC_TCP6 | IGB_MRQC_TCP6_EX },
	{ LEAT_RSS_UDP6, IGB_MRQC_UDP6 },
};

int leat_igb_rss(struct leat_port *port)
{
	struct igb *g = igb_of(port);
	uint32_t mrqc = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(rss_types); i++)
		if (port->rss.types & rss_types[i].type)
			mrqc |= rss_types[i].mrqc;
	if (mrqc)
		leat_intel_rss_write(&g->hw, g->vfs.n ? IGB_RETA_POOL_SHIFT : IGB_RETA_SHIFT);
	if (g->vfs.n)
		mrqc |= mrqc ? IGB_MRQC_POOLS_RSS : IGB_MRQC_POOLS;
	else
		mrqc |= mrqc ? IGB_MRQC_RSS : 0;
	intel_write(&g->hw, INTEL_MRQC, mrqc);
	intel_flush(&g->hw);
	return 0;
}

static void init_receive(struct igb *g)
{
	/* Pools have limits of their own, and virtual functions rely on sums being looked at. */
	bool csum = g->vfs.n || (igb_offloads(g) & LEAT_CAP_RX_CSUM);

	intel_write(&g->hw, IGB_RLPML, g->vfs.n ? IGB_FRAME_MAX : g->queues.frame_max + 4);
	/* The hash takes the place of the fragment checksum, which nobody needs. */
	intel_write(&g->hw, INTEL_RXCSUM, INTEL_RXCSUM_PCSD |
		    (csum ? INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL | IGB_RXCSUM_CRCOFL : 0));
	leat_igb_rss(&g->port);
}

/* What was there stays until it is another: a reset left nothing. Pools have no use for it. */
static void write_ethertypes(struct igb *g)
{
	const struct leat_filter *f = &g->port.filter;

	for (unsigned int i = 0; i < IGB_ETQFS; i++) {
		bool on = i < f->nethertypes && !g->vfs.n && f->ethertype[i].rxq < g->port.cfg.rxqs;
		uint32_t val = on ? LEAT_PUT(IGB_ETQF_TYPE, f->ethertype[i].type) |
				    LEAT_PUT(IGB_ETQF_QUEUE, f->ethertype[i].rxq) |
				    IGB_ETQF_ENABLE | IGB_ETQF_QUEUE_ENABLE : 0;

		if (val != g->etqf[i])
			intel_write(&g->hw, IGB_ETQF(i), val);
		g->etqf[i] = val;
	}
}

/* VLANs sort frames into pools only where they are filtered. */
static uint32_t filters(struct igb *g)
{
	write_ethertypes(g);
	return leat_intel_filter_write(&g->hw) | (g->vfs.n ? INTEL_RCTL_VFE : 0);
}

/* RCTL but for EN. */
static uint32_t rctl(struct igb *g)
{
	return filters(g) | buffer_bits(g->queues.rx_room) | INTEL_RCTL_BAM |
	       INTEL_RCTL_SECRC | INTEL_RCTL_DPF |
	       (g->vfs.n || g->queues.frame_max > 1518 ? INTEL_RCTL_LPE : 0);
}

int leat_igb_filter(struct leat_port *port)
{
	struct igb *g = igb_of(port);
	int err = g->vfs.n ? leat_igb_vfs_filter(g) : 0;

	if (err)
		return err;
	intel_update(&g->hw, INTEL_RCTL, INTEL_RCTL_FILTERS, filters(g));
	intel_flush(&g->hw);
	return 0;
}

/* ---- transmit, 4.6.10 ---- */

static uint32_t tctl(void)
{
	return INTEL_TCTL_PSP | INTEL_TCTL_RTLC | LEAT_PUT(INTEL_TCTL_CT, 15u) |
	       LEAT_PUT(INTEL_TCTL_COLD, 0x3fu);
}

/* ---- queues ---- */

static int await_ring(const struct intel_ring *r, uint32_t want)
{
	return leat_mmio_wait32(r->regs, r->at + INTEL_QUEUE_DCTL, IGB_DCTL_ENABLE, want,
				QUEUE_USEC);
}

int leat_igb_ring_on(const struct leat_port *port, const struct intel_ring *r, const char *which,
		     unsigned int id)
{
	uint32_t dctl = intel_ring_read(r, INTEL_QUEUE_DCTL);
	int err;

	intel_ring_write(r, INTEL_QUEUE_DCTL, dctl | IGB_DCTL_ENABLE);
	err = await_ring(r, IGB_DCTL_ENABLE);
	if (err)
		return leat_fail(port->ctx, err, "%s: %s queue %u does not begin; stop and start "
				 "the port", port->name, which, id);
	return 0;
}

void leat_igb_ring_off(const struct intel_ring *r)
{
	uint32_t dctl = intel_ring_read(r, INTEL_QUEUE_DCTL);

	intel_ring_write(r, INTEL_QUEUE_DCTL, dctl & ~IGB_DCTL_ENABLE);
	(void)await_ring(r, 0);
	nap(LAST_NS);
}

/* ---- the whole ---- */

int leat_igb_link_set(struct leat_port *port)
{
	return leat_intel_link_setup(&igb_of(port)->hw);
}

int leat_igb_init(struct igb *g)
{
	bool strip = igb_offloads(g) & LEAT_CAP_RX_VLAN;
	int err = leat_igb_vfs_begin(g);

	if (err)
		return err;
	tune(g);
	share_buffer(g);
	intel_update(&g->hw, INTEL_CTRL, INTEL_CTRL_VME, strip ? INTEL_CTRL_VME : 0);
	leat_intel_counters_clear(&g->hw);
	init_receive(g);
	intel_write(&g->hw, INTEL_TIPG, TIPG_COPPER);
	return leat_intel_link_setup(&g->hw);
}

void leat_igb_go(struct igb *g)
{
	intel_write(&g->hw, INTEL_TCTL, tctl() | INTEL_TCTL_EN);
	intel_write(&g->hw, INTEL_RCTL, rctl(g) | INTEL_RCTL_EN);
	for (unsigned int i = 0; i < g->port.cfg.rxqs; i++)
		leat_igb_rxq_offer(g->port.rxq[i]);
	if (g->vfs.n)
		leat_igb_vfs_go(g);
	intel_flush(&g->hw);
}

void leat_igb_halt(struct igb *g)
{
	if (g->vfs.n)
		leat_igb_vfs_halt(g);
	mask_interrupts(g);
	stop_units(g);
	nap(DRAIN_NS);
}
