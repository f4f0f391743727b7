// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/igb.c - the port of an Intel 82576. Control thread throughout.
 *
 * Attach resets the device and reads what it is; start initialises it as chapter
 * 4.6 of its datasheet tells, after another reset, so that nothing of an earlier
 * user or of an earlier run is left; stop ends its work and takes the buffers back.
 */
#include "igb.h"

#include <leat/drivers.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdio.h>

#define OFFLOADS (LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_TX_TSO4 | LEAT_CAP_TX_TSO6 | \
		  LEAT_CAP_TX_SCTP_CSUM | LEAT_CAP_RX_VLAN | LEAT_CAP_TX_VLAN | LEAT_CAP_RX_HASH)
#define RSS_TYPES (LEAT_RSS_IPV4 | LEAT_RSS_TCP4 | LEAT_RSS_UDP4 | \
		   LEAT_RSS_IPV6 | LEAT_RSS_TCP6 | LEAT_RSS_UDP6)

static void fill_caps(struct leat_caps *caps)
{
	*caps = (struct leat_caps){
		.flags = OFFLOADS | LEAT_CAP_TX_SEGS | LEAT_CAP_RX_SCATTER | LEAT_CAP_LINK |
			 LEAT_CAP_FILTER | LEAT_CAP_VLAN_FILTER | LEAT_CAP_FLOW_CTRL |
			 LEAT_CAP_LINK_SET,
		.max_rxqs = IGB_QUEUES, .max_txqs = IGB_QUEUES,
		.min_desc = 32, .max_desc = 4096, .pow2_desc = true,
		.max_mtu = IGB_MTU_MAX, .max_segs = INTEL_SEGS_MAX, .dma_bits = 64,
		.max_ethertypes = IGB_ETQFS, .ethertype_rxqs = 8,
		.max_macs = IGB_RARS - 1, .max_mcasts = LEAT_FILTER_MCASTS,
		.rss_types = RSS_TYPES, .reta_len = INTEL_RETA_ENTRIES,
	};
}

/* ---- attach ---- */

int leat_igb_map_registers(struct igb *g, uint32_t size, uint32_t rxqs, uint32_t txqs)
{
	struct leat_dev *dev = g->port.dev;
	int err;

	if (dev->region[LEAT_REGION_BAR0].size < size)
		return leat_fail(g->port.ctx, -EPROTO, "%s: BAR0 has %llu bytes, and should have %u: "
				 "it is not the device that it says it is", g->port.name,
				 (unsigned long long)dev->region[LEAT_REGION_BAR0].size, size);
	err = leat_mmio_map(dev, LEAT_REGION_BAR0, 0, size, &g->hw.regs);
	if (err)
		return err;
	/* Windows of their own: where registers are mapped by pages, these may be, and others not. */
	err = leat_mmio_map(dev, LEAT_REGION_BAR0, rxqs, IGB_PAGE_SIZE, &g->rxqs);
	if (err)
		goto unmap_all;
	err = leat_mmio_map(dev, LEAT_REGION_BAR0, txqs, IGB_PAGE_SIZE, &g->txqs);
	if (!err)
		return 0;

	leat_mmio_unmap(&g->rxqs);
unmap_all:
	leat_mmio_unmap(&g->hw.regs);
	return err;
}

void leat_igb_unmap_registers(struct igb *g)
{
	leat_mmio_unmap(&g->txqs);
	leat_mmio_unmap(&g->rxqs);
	leat_mmio_unmap(&g->hw.regs);
}

void leat_igb_place_queues(struct igb *g)
{
	struct intel_queues *all = &g->queues;

	all->rx_at = all->tx_at = IGB_QUEUE(0, igb_hw_queue(g, 0));
	all->stride = IGB_QUEUE(0, igb_hw_queue(g, 1) - igb_hw_queue(g, 0));
	for (unsigned int i = 0; i < g->port.cfg.rxqs; i++)
		intel_rxq_of(g->port.rxq[i])->ring.at = all->rx_at + i * all->stride;
	for (unsigned int i = 0; i < g->port.cfg.txqs; i++)
		intel_txq_of(g->port.txq[i])->ring.at = all->tx_at + i * all->stride;
}

/* 8.2.3: words by powers of two, of which EERD reaches these. */
static uint32_t nvm_len(const struct igb *g)
{
	uint32_t size = LEAT_GET(IGB_EECD_SIZE, intel_read(&g->hw, INTEL_EECD));

	return 2u << LEAT_MIN(6 + size, 14u);
}

static void warn_about_nvm(struct igb *g)
{
	if (leat_intel_nvm_check(&g->hw) == -EBADMSG)
		leat_log(g->port.ctx, LEAT_LOG_WARNING, "%s: the checksum of its NVM is wrong; its "
			 "settings may be, too", g->port.name);
}

static int igb_attach(struct leat_port *port)
{
	struct igb *g = igb_of(port);
	int err;

	g->hw.port = port;
	g->hw.rars = IGB_RARS;
	err = leat_igb_map_registers(g, IGB_BAR0_SIZE, IGB_RXQ_PAGE, IGB_TXQ_PAGE);
	if (err)
		return err;
	err = leat_igb_reset(g);
	g->hw.nvm_len = nvm_len(g);
	if (!err)
		err = leat_intel_mac_read(&g->hw, port->mac);
	if (err) {
		leat_igb_unmap_registers(g);
		return err;
	}
	warn_about_nvm(g);
	fill_caps(&port->caps);
	port->mtu = 1500;
	return 0;
}

/* Back to what it was, the firmware's again. */
static void igb_detach(struct leat_port *port)
{
	struct igb *g = igb_of(port);

	if (!leat_load_relaxed(&port->dev->dead))
		intel_update(&g->hw, INTEL_CTRL_EXT,
			     IGB_CTRL_EXT_DRV_LOAD | IGB_CTRL_EXT_PFRSTD, 0);
	leat_pci_irqs_close(&g->irqs);
	leat_igb_unmap_registers(g);
}

/* ---- configure ---- */

static void fill_queues(struct igb *g)
{
	const struct leat_port_config *cfg = &g->port.cfg;

	g->queues = (struct intel_queues){
		.irqs = &g->irqs,
		.rx_regs = &g->rxqs, .tx_regs = &g->txqs,
		.rx_at = IGB_RDBAL - IGB_RXQ_PAGE, .tx_at = IGB_TDBAL - IGB_TXQ_PAGE,
		.stride = IGB_QUEUE(0, 1),
		.piece_max = IGB_TXD_LEN_MAX,
		.rx_room = leat_igb_buffer(leat_pool_buf_size(cfg->pool)),
		.frame_max = (uint32_t)cfg->mtu + IGB_FRAME_ADD,
	};
}

static int igb_configure(struct leat_port *port)
{
	struct igb *g = igb_of(port);
	int err;

	fill_queues(g);
	err = leat_intel_queues_check(port, &g->queues, 256);
	if (!err)
		err = leat_igb_irqs_open(g);
	if (!err)
		leat_intel_queues_tell(port, &g->queues, "advanced");
	return err;
}

/* ---- start and stop ---- */

static int igb_start(struct leat_port *port)
{
	struct igb *g = igb_of(port);
	int err = leat_igb_reset(g);

	if (!err)
		err = leat_igb_init(g);
	if (!err)
		err = leat_igb_irqs_on(g);
	if (err)
		return err;
	err = leat_intel_queues_start(port, leat_igb_rxq_start, leat_igb_txq_start);
	if (err)
		goto irqs_off;
	err = leat_igb_watch(g);
	if (err)
		goto stop_queues;
	/* The rings are valid: the device may reach memory from here on. */
	err = leat_pci_bus_master(port->dev, true);
	if (err)
		goto unwatch;
	leat_igb_go(g);
	return 0;

unwatch:
	leat_igb_unwatch(g);
stop_queues:
	leat_intel_queues_stop(port);
irqs_off:
	leat_igb_irqs_off(g);
	return err;
}

static void igb_stop(struct leat_port *port)
{
	struct igb *g = igb_of(port);

	leat_igb_unwatch(g);
	leat_igb_halt(g);
	leat_igb_counters_read(g);
	(void)leat_pci_bus_master(port->dev, false);
	leat_igb_irqs_off(g);
	leat_intel_queues_stop(port);
	if (g->vfs.n)
		(void)leat_igb_reset(g);	/* which tells virtual functions to wait */
}

/* ---- asking ---- */

static void igb_link(struct leat_port *port, struct leat_link *out)
{
	leat_intel_link_read(&igb_of(port)->hw, out);
}

static void igb_stats(struct leat_port *port, struct leat_stats *out)
{
	struct igb *g = igb_of(port);

	leat_igb_counters_read(g);
	leat_intel_stats(&g->hw, out);
	out->rx_missed += leat_igb_drops(g);
}

static unsigned int igb_xstats(struct leat_port *port, struct leat_xstat *out, unsigned int n)
{
	struct igb *g = igb_of(port);
	unsigned int at = leat_intel_xstats(&g->hw, out, n);

	leat_igb_counters_read(g);
	return leat_igb_drops_xstats(g, out, n, at);
}

static unsigned int igb_regs(struct leat_port *port, struct leat_reg *out, unsigned int n)
{
	static const struct intel_reg_info own[] = {
#define X(name, offset, access, what) { #name, (offset), #access },
		IGB_REGS(X)
#undef X
	};
	static const struct intel_reg_info queue[] = {
#define X(name, offset, access, what) { #name, (offset), #access },
		IGB_RXQ_REGS(X)
		IGB_TXQ_REGS(X)
#undef X
	};
	const struct intel_hw *hw = &igb_of(port)->hw;
	unsigned int at = leat_intel_regs_dump(hw, own, LEAT_ARRAY_LEN(own), out, n);

	for (unsigned int q = 0; q < IGB_QUEUES; q++)
		at = leat_intel_queue_dump(hw, queue, LEAT_ARRAY_LEN(queue), q, 0x40, out, n, at);
	return at;
}

static int igb_nvm(struct leat_port *port, uint32_t off, void *buf, size_t len)
{
	return leat_intel_nvm_read(&igb_of(port)->hw, off, buf, len);
}

static int igb_firmware(struct leat_port *port, char *buf, size_t size)
{
	return leat_intel_firmware(&igb_of(port)->hw, buf, size);
}

static void igb_identify(struct leat_port *port, bool on)
{
	leat_intel_identify(&igb_of(port)->hw, on);
}

/* What keeps what is written while receiver and transmitter are off. */
static const struct intel_reg_mask test_regs[] = {
	{ INTEL_FCAL, UINT32_MAX }, { INTEL_FCAH, 0xffff }, { INTEL_FCTTV, 0xffff },
	{ IGB_QUEUE(IGB_RDBAL, 0), 0xffffff80 }, { IGB_QUEUE(IGB_RDBAH, 0), UINT32_MAX },
	{ IGB_QUEUE(IGB_RDLEN, 0), 0x000fff80 }, { IGB_QUEUE(IGB_RDBAL, 15), 0xffffff80 },
	{ IGB_QUEUE(IGB_TDBAL, 0), 0xffffff80 }, { IGB_QUEUE(IGB_TDBAH, 0), UINT32_MAX },
	{ IGB_QUEUE(IGB_TDLEN, 0), 0x000fff80 }, { IGB_QUEUE(IGB_TDBAL, 15), 0xffffff80 },
	{ INTEL_RAL(1), UINT32_MAX }, { INTEL_RAH(1), 0x8000ffff },
	{ INTEL_MTA(0), UINT32_MAX }, { INTEL_MTA(127), UINT32_MAX },
	{ INTEL_VFTA(0), UINT32_MAX }, { INTEL_VFTA(127), UINT32_MAX },
};

static int igb_self_test(struct leat_port *port, struct leat_self_test *out, unsigned int n)
{
	struct igb *g = igb_of(port);
	struct leat_self_test results[3];
	int err = leat_igb_reset(g);

	if (err)
		return err;
	intel_write(&g->hw, IGB_QUEUE(IGB_RXDCTL, 0), 0);
	intel_write(&g->hw, IGB_QUEUE(IGB_TXDCTL, 0), 0);
	leat_intel_test_registers(&g->hw, test_regs, LEAT_ARRAY_LEN(test_regs), &results[0]);
	err = leat_igb_reset(g);
	if (err)
		return err;
	leat_igb_irqs_test(g, leat_igb_irqs_on, leat_igb_irqs_off, &results[1]);
	leat_intel_test_loopback(&g->hw, &results[2]);
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(results) && i < n; i++)
		out[i] = results[i];
	return LEAT_ARRAY_LEN(results);
}

static void igb_forget(struct leat_port *port)
{
	leat_pci_irqs_forget(&igb_of(port)->irqs);
}

static const struct leat_pci_id ids[] = {
	{ 0x8086, 0x10c9 },		/* 82576, copper */
	{ 0x8086, 0x10e8 },		/* 82576, four ports, copper */
	{ 0x8086, 0x1526 },		/* the same, ET2 */
	{ 0x8086, 0x150a },		/* 82576NS */
	{ 0, 0 },
};

const struct leat_driver leat_igb = {
	.name = "igb",
	.ids = ids,
	.port_size = sizeof(struct igb),
	.attach = igb_attach,
	.detach = igb_detach,
	.configure = igb_configure,
	.rxq_setup = leat_igb_rxq_setup,
	.rxq_free = leat_intel_rxq_free,
	.txq_setup = leat_igb_txq_setup,
	.txq_free = leat_intel_txq_free,
	.start = igb_start,
	.stop = igb_stop,
	.rxq_arm = leat_igb_rxq_arm,
	.rxq_disarm = leat_igb_rxq_disarm,
	.rxq_descs = leat_intel_rxq_descs,
	.txq_descs = leat_intel_txq_descs,
	.link = igb_link,
	.stats = igb_stats,
	.filter = leat_igb_filter,
	.rss = leat_igb_rss,
	.link_set = leat_igb_link_set,
	.rxq_start = leat_igb_rxq_resume,
	.rxq_stop = leat_igb_rxq_suspend,
	.txq_start = leat_igb_txq_resume,
	.txq_stop = leat_igb_txq_suspend,
	.xstats = igb_xstats,
	.regs = igb_regs,
	.nvm = igb_nvm,
	.firmware = igb_firmware,
	.identify = igb_identify,
	.self_test = igb_self_test,
	.forget = igb_forget,
};
