// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/e1000e.c - the port of an Intel 82574. Control thread throughout.
 *
 * Attach resets the device and reads what it is; start initialises it as chapter
 * 4.6 of its datasheet tells, after another reset, so that nothing of an earlier
 * user or of an earlier run is left; stop ends its work and takes the buffers back.
 */
#include "e1000e.h"

#include <leat/drivers.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdio.h>

#define OFFLOADS (LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_TX_TSO4 | LEAT_CAP_TX_TSO6 | \
		  LEAT_CAP_RX_VLAN | LEAT_CAP_TX_VLAN | LEAT_CAP_RX_HASH)
#define NVM_LEN	 (64 * 2)	/* what every 82574 has */

static void fill_caps(struct leat_caps *caps)
{
	*caps = (struct leat_caps){
		.flags = OFFLOADS | LEAT_CAP_TX_SEGS | LEAT_CAP_RX_SCATTER | LEAT_CAP_LINK |
			 LEAT_CAP_FILTER | LEAT_CAP_VLAN_FILTER | LEAT_CAP_FLOW_CTRL |
			 LEAT_CAP_LINK_SET,
		.max_rxqs = E1000E_QUEUES, .max_txqs = E1000E_QUEUES,
		.min_desc = 32, .max_desc = 4096, .pow2_desc = true,
		.max_mtu = E1000E_MTU_MAX, .max_segs = INTEL_SEGS_MAX, .dma_bits = 64,
		.max_macs = E1000E_RARS - 1, .max_mcasts = LEAT_FILTER_MCASTS,
		.rss_types = LEAT_RSS_IPV4 | LEAT_RSS_TCP4 | LEAT_RSS_IPV6 | LEAT_RSS_TCP6,
		.reta_len = INTEL_RETA_ENTRIES,
	};
}

/* ---- attach ---- */

static int map_registers(struct e1000e *e)
{
	struct leat_dev *dev = e->port.dev;
	int err;

	if (dev->region[LEAT_REGION_BAR0].size < E1000E_BAR0_SIZE)
		return leat_fail(e->port.ctx, -EPROTO, "%s: BAR0 has %llu bytes, an 82574's has %u",
				 e->port.name,
				 (unsigned long long)dev->region[LEAT_REGION_BAR0].size,
				 E1000E_BAR0_SIZE);
	err = leat_mmio_map(dev, LEAT_REGION_BAR0, 0, E1000E_BAR0_SIZE, &e->hw.regs);
	if (err)
		return err;
	/* A window of its own: where registers are mapped by pages, this page may be, and others not. */
	err = leat_mmio_map(dev, LEAT_REGION_BAR0, E1000E_QUEUE_PAGES, 0x2000, &e->queue_regs);
	if (err)
		leat_mmio_unmap(&e->hw.regs);
	return err;
}

static void unmap_registers(struct e1000e *e)
{
	leat_mmio_unmap(&e->queue_regs);
	leat_mmio_unmap(&e->hw.regs);
}

static void warn_about_nvm(struct e1000e *e)
{
	if (leat_intel_nvm_check(&e->hw) == -EBADMSG)
		leat_log(e->port.ctx, LEAT_LOG_WARNING, "%s: the checksum of its NVM is wrong; its "
			 "settings may be, too", e->port.name);
}

static int e1000e_attach(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);
	int err;

	e->hw.port = port;
	e->hw.rars = E1000E_RARS;
	e->hw.nvm_len = NVM_LEN;
	err = map_registers(e);
	if (err)
		return err;
	err = leat_e1000e_reset(e);
	if (!err)
		err = leat_intel_mac_read(&e->hw, port->mac);
	if (err) {
		unmap_registers(e);
		return err;
	}
	warn_about_nvm(e);
	fill_caps(&port->caps);
	port->mtu = 1500;
	return 0;
}

/* Back to what it was, the firmware's again. */
static void e1000e_detach(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);

	if (!leat_load_relaxed(&port->dev->dead))
		intel_update(&e->hw, INTEL_CTRL_EXT, E1000E_CTRL_EXT_DRV_LOAD, 0);
	leat_pci_irqs_close(&e->irqs);
	unmap_registers(e);
}

/* ---- configure ---- */

static void fill_queues(struct e1000e *e)
{
	const struct leat_port_config *cfg = &e->port.cfg;

	e->queues = (struct intel_queues){
		.irqs = &e->irqs,
		.rx_regs = &e->queue_regs, .tx_regs = &e->queue_regs,
		.rx_at = E1000E_RDBAL - E1000E_QUEUE_PAGES,
		.tx_at = E1000E_TDBAL - E1000E_QUEUE_PAGES,
		.stride = E1000E_QUEUE(0, 1),
		.piece_max = E1000E_TXD_LEN_MAX,
		.rx_room = leat_e1000e_buffer(leat_pool_buf_size(cfg->pool)),
		.frame_max = (uint32_t)cfg->mtu + E1000E_FRAME_ADD,
	};
}

static int e1000e_configure(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);
	int err;

	fill_queues(e);
	err = leat_intel_queues_check(port, &e->queues, 256);
	if (!err)
		err = leat_e1000e_irqs_open(e);
	if (!err)
		leat_intel_queues_tell(port, &e->queues, "extended");
	return err;
}

/* ---- start and stop ---- */

static int e1000e_start(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);
	int err = leat_e1000e_reset(e);

	if (!err)
		err = leat_e1000e_init(e);
	if (!err)
		err = leat_e1000e_irqs_on(e);
	if (err)
		return err;
	err = leat_intel_queues_start(port, leat_e1000e_rxq_start, leat_e1000e_txq_start);
	if (err)
		goto irqs_off;
	err = leat_e1000e_watch(e);
	if (err)
		goto stop_queues;
	/* The rings are valid: the device may reach memory from here on. */
	err = leat_pci_bus_master(port->dev, true);
	if (err)
		goto unwatch;
	leat_e1000e_go(e);
	return 0;

unwatch:
	leat_e1000e_unwatch(e);
stop_queues:
	leat_intel_queues_stop(port);
irqs_off:
	leat_e1000e_irqs_off(e);
	return err;
}

static void e1000e_stop(struct leat_port *port)
{
	struct e1000e *e = e1000e_of(port);

	leat_e1000e_unwatch(e);
	leat_e1000e_halt(e);
	leat_intel_counters_read(&e->hw);
	(void)leat_pci_bus_master(port->dev, false);
	leat_e1000e_irqs_off(e);
	leat_intel_queues_stop(port);
}

/* ---- asking ---- */

static void e1000e_link(struct leat_port *port, struct leat_link *out)
{
	leat_intel_link_read(&e1000e_of(port)->hw, out);
}

static void e1000e_stats(struct leat_port *port, struct leat_stats *out)
{
	leat_intel_stats(&e1000e_of(port)->hw, out);
}

static unsigned int e1000e_xstats(struct leat_port *port, struct leat_xstat *out, unsigned int n)
{
	return leat_intel_xstats(&e1000e_of(port)->hw, out, n);
}

static unsigned int e1000e_regs(struct leat_port *port, struct leat_reg *out, unsigned int n)
{
	static const struct intel_reg_info own[] = {
#define X(name, offset, access, what) { #name, (offset), #access },
		E1000E_REGS(X)
#undef X
#define X(name, offset, access, what) { #name "0", (offset), #access },
		E1000E_QUEUE_REGS(X)
#undef X
#define X(name, offset, access, what) { #name "1", E1000E_QUEUE(offset, 1), #access },
		E1000E_QUEUE_REGS(X)
#undef X
	};

	return leat_intel_regs_dump(&e1000e_of(port)->hw, own, LEAT_ARRAY_LEN(own), out, n);
}

static int e1000e_nvm(struct leat_port *port, uint32_t off, void *buf, size_t len)
{
	return leat_intel_nvm_read(&e1000e_of(port)->hw, off, buf, len);
}

static int e1000e_firmware(struct leat_port *port, char *buf, size_t size)
{
	return leat_intel_firmware(&e1000e_of(port)->hw, buf, size);
}

static void e1000e_identify(struct leat_port *port, bool on)
{
	leat_intel_identify(&e1000e_of(port)->hw, on);
}

static void e1000e_forget(struct leat_port *port)
{
	leat_pci_irqs_forget(&e1000e_of(port)->irqs);
}

static const struct leat_pci_id ids[] = {
	{ 0x8086, 0x10d3 },		/* 82574L */
	{ 0x8086, 0x10f6 },		/* 82574LA */
	{ 0, 0 },
};

const struct leat_driver leat_e1000e = {
	.name = "e1000e",
	.ids = ids,
	.port_size = sizeof(struct e1000e),
	.attach = e1000e_attach,
	.detach = e1000e_detach,
	.configure = e1000e_configure,
	.rxq_setup = leat_e1000e_rxq_setup,
	.rxq_free = leat_intel_rxq_free,
	.txq_setup = leat_e1000e_txq_setup,
	.txq_free = leat_intel_txq_free,
	.start = e1000e_start,
	.stop = e1000e_stop,
	.rxq_arm = leat_e1000e_rxq_arm,
	.rxq_disarm = leat_e1000e_rxq_disarm,
	.rxq_descs = leat_intel_rxq_descs,
	.txq_descs = leat_intel_txq_descs,
	.link = e1000e_link,
	.stats = e1000e_stats,
	.filter = leat_e1000e_filter,
	.rss = leat_e1000e_rss,
	.link_set = leat_e1000e_link_set,
	.txq_stop = leat_e1000e_txq_pause,
	.txq_start = leat_e1000e_txq_resume,
	.xstats = e1000e_xstats,
	.regs = e1000e_regs,
	.nvm = e1000e_nvm,
	.firmware = e1000e_firmware,
	.identify = e1000e_identify,
	.self_test = leat_e1000e_self_test,
	.forget = e1000e_forget,
};
