// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/hw.c - the 82574's reset and initialisation, in the order of chapter 4.6.
 */
#include "e1000e.h"

#include <leat/clock.h>

#include <errno.h>
#include <time.h>

#define MASTER_USEC 80000	/* 3.1.3.10: requests under way come to their end */
#define RESET_USEC  100000
#define DRAIN_NS    10000000	/* for frames that are half in or out */

#define RX_BUFFER     (20u << 10)	/* of them for received frames */
#define JUMBO_BUFFER  (26u << 10)	/* so that two of the longest fit */

#define ETHERTYPE_VLAN 0x8100

/* 10.2.6.3: the gaps of copper. */
#define TIPG_COPPER (8u | 8u << 10 | 6u << 20)

static void nap(long ns)
{
	const struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

/* ---- reset, 4.2 and 4.6.1 ---- */

static void mask_interrupts(struct e1000e *e)
{
	intel_write(&e->hw, E1000E_IMC, UINT32_MAX);
	(void)intel_read(&e->hw, E1000E_ICR);
}

static void stop_units(struct e1000e *e)
{
	intel_write(&e->hw, INTEL_RCTL, 0);
	intel_write(&e->hw, INTEL_TCTL, INTEL_TCTL_PSP);
	intel_flush(&e->hw);
}

/* Without this a reset may leave a request without its answer (3.1.3.10). */
static int quiet_master(struct e1000e *e)
{
	intel_update(&e->hw, INTEL_CTRL, 0, INTEL_CTRL_MASTER_OFF);
	return leat_mmio_wait32(&e->hw.regs, INTEL_STATUS, INTEL_STATUS_MASTER, 0, MASTER_USEC);
}

/* The PHY belongs to firmware and software in turns (4.6.2). */
static int lock_phy(struct intel_hw *hw)
{
	intel_update(hw, E1000E_EXTCNF_CTRL, 0, E1000E_EXTCNF_MDIO_SW);
	if (!leat_mmio_wait32(&hw->regs, E1000E_EXTCNF_CTRL, E1000E_EXTCNF_MDIO_SW,
			      E1000E_EXTCNF_MDIO_SW, RESET_USEC))
		return 0;
	return leat_fail(hw->port->ctx, -EBUSY, "%s: its firmware does not let go of the PHY; switch "
			 "the machine off and on", hw->port->name);
}

static void unlock_phy(struct intel_hw *hw)
{
	intel_update(hw, E1000E_EXTCNF_CTRL, E1000E_EXTCNF_MDIO_SW, 0);
}

int leat_e1000e_reset(struct e1000e *e)
{
	int err;

	e->hw.identifies = false;
	e->hw.phy_lock = lock_phy;
	e->hw.phy_unlock = unlock_phy;
	mask_interrupts(e);
	stop_units(e);
	(void)quiet_master(e);		/* a device that was left in disorder may not manage */
	intel_write(&e->hw, INTEL_CTRL, intel_read(&e->hw, INTEL_CTRL) | INTEL_CTRL_RST);
	nap(1000000);			/* 4.2.1.6: not a look at it for a microsecond */
	err = leat_mmio_wait32(&e->hw.regs, INTEL_CTRL, INTEL_CTRL_RST, 0, RESET_USEC);
	if (!err)
		err = leat_mmio_wait32(&e->hw.regs, INTEL_EECD, INTEL_EECD_AUTO_RD,
				       INTEL_EECD_AUTO_RD, RESET_USEC);
	if (err)
		return leat_fail(e->port.ctx, err, "%s: reset: the device does not come back; switch "
				 "the machine off and on", e->port.name);
	mask_interrupts(e);
	return 0;
}

/* ---- what the silicon wants, 10.2 and the errata ---- */

static void tune(struct e1000e *e)
{
	intel_update(&e->hw, INTEL_CTRL_EXT, 0, E1000E_CTRL_EXT_DRV_LOAD);
	intel_update(&e->hw, E1000E_GCR, 0, E1000E_GCR_ERRATUM);
	/* Specification update, erratum 20: completions that come too late. */
	intel_update(&e->hw, E1000E_GCR2, 0, 1);
}

/* How much of the packet buffer is for frames that come, and when the far end shall pause. */
static void share_buffer(struct e1000e *e)
{
	uint32_t frame = e->queues.frame_max + 4;
	uint32_t rx = frame > 2048 ? JUMBO_BUFFER : RX_BUFFER;

	intel_write(&e->hw, E1000E_PBA, rx >> 10);
	e->hw.pause_high = LEAT_MIN(rx / 10 * 9, rx - frame) & ~7u;
	e->hw.pause_low = e->hw.pause_high - 8;
}

/* ---- receive, 4.6.5 ---- */

static const struct {
	uint32_t	bytes, rctl;
} buffers[] = {			/* 10.2.5.1, largest first */
	{ 16384, INTEL_RCTL_BSEX | LEAT_PUT(INTEL_RCTL_BSIZE, 1u) },
	{ 8192, INTEL_RCTL_BSEX | LEAT_PUT(INTEL_RCTL_BSIZE, 2u) },
	{ 4096, INTEL_RCTL_BSEX | LEAT_PUT(INTEL_RCTL_BSIZE, 3u) },
	{ 2048, LEAT_PUT(INTEL_RCTL_BSIZE, 0u) },
	{ 1024, LEAT_PUT(INTEL_RCTL_BSIZE, 1u) },
	{ 512, LEAT_PUT(INTEL_RCTL_BSIZE, 2u) },
	{ 256, LEAT_PUT(INTEL_RCTL_BSIZE, 3u) },
};

uint32_t leat_e1000e_buffer(uint32_t bytes)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(buffers); i++)
		if (buffers[i].bytes <= bytes)
			return buffers[i].bytes;
	return 0;
}

static uint32_t buffer_bits(uint32_t bytes)
{
	size_t i = 0;

	while (buffers[i].bytes != bytes)
		i++;
	return buffers[i].rctl;
}

static const struct {
	uint32_t	type, mrqc;
} rss_types[] = {
	{ LEAT_RSS_IPV4, E1000E_MRQC_IPV4 },
	{ LEAT_RSS_TCP4, E1000E_MRQC_TCP4 },
	{ LEAT_RSS_IPV6, E1000E_MRQC_IPV6 },
	{ LEAT_RSS_TCP6, E1000E_MRQC_TCP6 },
};

int leat_e1000e_rss(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);
	uint32_t mrqc = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(rss_types); i++)
		if (port->rss.types & rss_types[i].type)
			mrqc |= rss_types[i].mrqc;
	if (mrqc)
		leat_intel_rss_write(&e->hw, E1000E_RETA_SHIFT);
	intel_write(&e->hw, INTEL_MRQC, mrqc ? mrqc | E1000E_MRQC_RSS : 0);
	intel_flush(&e->hw);
	return 0;
}

static void init_receive(struct e1000e *e)
{
	bool csum = e1000e_offloads(e) & LEAT_CAP_RX_CSUM;

	intel_write(&e->hw, INTEL_RFCTL, E1000E_RFCTL_EXTEN | E1000E_RFCTL_NFSW_DIS |
					 E1000E_RFCTL_NFSR_DIS);
	intel_write(&e->hw, E1000E_RDTR, 0);		/* who waits, waits by EITR */
	intel_write(&e->hw, E1000E_RADV, 0);
	intel_write(&e->hw, E1000E_RSRPD, 0);
	intel_write(&e->hw, E1000E_PSRCTL, 0);
	/* The hash takes the place of the fragment checksum, which nobody needs. */
	intel_write(&e->hw, INTEL_RXCSUM, INTEL_RXCSUM_PCSD |
		    (csum ? INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL : 0));
	leat_e1000e_rss(&e->port);
}

/* RCTL but for EN. */
static uint32_t rctl(struct e1000e *e)
{
	return leat_intel_filter_write(&e->hw) | buffer_bits(e->queues.rx_room) | INTEL_RCTL_BAM |
	       INTEL_RCTL_SECRC | INTEL_RCTL_DPF |
	       (e->queues.frame_max > 1518 ? INTEL_RCTL_LPE : 0);
}

int leat_e1000e_filter(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);

	intel_update(&e->hw, INTEL_RCTL, INTEL_RCTL_FILTERS, leat_intel_filter_write(&e->hw));
	intel_flush(&e->hw);
	return 0;
}

/* ---- transmit, 4.6.6 ---- */

static void init_transmit(struct e1000e *e)
{
	intel_write(&e->hw, E1000E_TIDV, 0);
	intel_write(&e->hw, E1000E_TADV, 0);
	intel_write(&e->hw, INTEL_TIPG, TIPG_COPPER);
}

static uint32_t tctl(void)
{
	return INTEL_TCTL_PSP | INTEL_TCTL_RTLC | LEAT_PUT(INTEL_TCTL_CT, 15u) |
	       LEAT_PUT(INTEL_TCTL_COLD, 0x3fu);
}

/* ---- the whole ---- */

int leat_e1000e_link_set(struct leat_port *port)
{
	return leat_intel_link_setup(&e1000e_of(port)->hw);
}

int leat_e1000e_init(struct e1000e *e)
{
	bool strip = e1000e_offloads(e) & LEAT_CAP_RX_VLAN;

	tune(e);
	share_buffer(e);
	intel_write(&e->hw, INTEL_VET, ETHERTYPE_VLAN);		/* QEMU's reset leaves zero */
	intel_update(&e->hw, INTEL_CTRL, INTEL_CTRL_VME, strip ? INTEL_CTRL_VME : 0);
	leat_intel_counters_clear(&e->hw);
	init_receive(e);
	init_transmit(e);
	return leat_intel_link_setup(&e->hw);
}

void leat_e1000e_go(struct e1000e *e)
{
	intel_write(&e->hw, INTEL_TCTL, tctl() | INTEL_TCTL_EN);
	intel_write(&e->hw, INTEL_RCTL, rctl(e) | INTEL_RCTL_EN);
	intel_flush(&e->hw);
}

void leat_e1000e_halt(struct e1000e *e)
{
	mask_interrupts(e);
	stop_units(e);
	nap(DRAIN_NS);
}
