// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vf.c - the port of a virtual function of Intel's 82576 (its datasheet, sections 7.8
 * and 8.26 to 8.28). Control thread throughout.
 *
 * A VF has queues and interrupts of its own; whether they do anything, and with which
 * frames, is its PF's to say. So attach and start both begin with a reset that the PF
 * hears of, and tell it everything anew.
 */
#include "vf.h"

#include <leat/drivers.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OFFLOADS (LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_TX_TSO4 | LEAT_CAP_TX_TSO6 | \
		  LEAT_CAP_TX_SCTP_CSUM | LEAT_CAP_RX_VLAN | LEAT_CAP_TX_VLAN | LEAT_CAP_RX_HASH)

/* The pages of the queues' registers, and where in them they begin. */
#define RXQ_PAGE  0x2000
#define TXQ_PAGE  0x3000
#define QUEUE_AT  0x0800
#define STRIDE	  0x0100

static void fill_caps(struct leat_caps *caps)
{
	*caps = (struct leat_caps){
		.flags = OFFLOADS | LEAT_CAP_TX_SEGS | LEAT_CAP_RX_SCATTER | LEAT_CAP_LINK |
			 LEAT_CAP_FILTER | LEAT_CAP_VLAN_FILTER,
		.max_rxqs = IGBVF_QUEUES, .max_txqs = IGBVF_QUEUES,
		.min_desc = 32, .max_desc = 4096, .pow2_desc = true,
		.max_mtu = IGB_MTU_MAX, .max_segs = INTEL_SEGS_MAX, .dma_bits = 64,
		.max_macs = IGBVF_MACS, .max_mcasts = IGB_MSG_HASHES,
	};
}

/* ---- attach ---- */

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !memcmp(mac, zero, sizeof(zero));
}

static void give_mac(struct igbvf *v, const uint8_t mac[6])
{
	memcpy(v->igb.port.mac, mac, sizeof(v->given));
	memcpy(v->given, mac, sizeof(v->given));
}

static int igbvf_attach(struct leat_port *port)
{
	struct igbvf *v = igbvf_of(port);
	struct igb *g = &v->igb;
	uint8_t mac[6];
	int err;

	g->hw.port = port;
	err = leat_igb_map_registers(g, IGB_VF_BAR0_SIZE, RXQ_PAGE, TXQ_PAGE);
	if (err)
		return err;
	g->vf = true;
	err = leat_igbvf_reset(v, mac);
	if (err) {
		leat_igb_unmap_registers(g);
		return err;
	}
	if (is_zero(mac))
		leat_mac_random(mac);
	give_mac(v, mac);
	fill_caps(&port->caps);
	port->mtu = 1500;
	return 0;
}

static void igbvf_detach(struct leat_port *port)
{
	struct igbvf *v = igbvf_of(port);

	leat_pci_irqs_close(&v->igb.irqs);
	leat_igb_unmap_registers(&v->igb);
}

/* ---- configure ---- */

static void fill_queues(struct igb *g)
{
	uint32_t buf = leat_pool_buf_size(g->port.cfg.pool);

	g->queues = (struct intel_queues){
		.irqs = &g->irqs,
		.rx_regs = &g->rxqs, .tx_regs = &g->txqs,
		.rx_at = QUEUE_AT, .tx_at = QUEUE_AT, .stride = STRIDE,
		.piece_max = IGB_TXD_LEN_MAX,
		/* Smaller sizes are RCTL's to tell, which the PF has. */
		.rx_room = buf < 1024 ? 0 : leat_igb_buffer(buf),
		.frame_max = (uint32_t)g->port.cfg.mtu + IGB_FRAME_ADD,
	};
}

static void tell(struct leat_port *port)
{
	const uint8_t *m = port->mac;
	char what[64];

	snprintf(what, sizeof(what), "virtual function %02x:%02x:%02x:%02x:%02x:%02x, advanced", m[0],
		 m[1], m[2], m[3], m[4], m[5]);
	leat_intel_queues_tell(port, &igb_of(port)->queues, what);
}

static int igbvf_configure(struct leat_port *port)
{
	struct igbvf *v = igbvf_of(port);
	int err;

	fill_queues(&v->igb);
	err = leat_intel_queues_check(port, &v->igb.queues, 1024);
	if (!err)
		err = leat_igbvf_irqs_open(v);
	if (!err)
		tell(port);
	return err;
}

/* ---- start and stop ---- */

/* Frames with CRC, and whether RSS may spread them. */
static int ask_for_frames(struct igbvf *v)
{
	const struct leat_port *port = &v->igb.port;
	const uint32_t lpe[2] = { IGB_MSG_LPE, v->igb.queues.frame_max + 4 };
	const uint32_t queues = IGB_MSG_QUEUES | LEAT_PUT(IGB_MSG_INFO, (uint32_t)port->cfg.rxqs);
	int err = leat_igbvf_ask(v, lpe, LEAT_ARRAY_LEN(lpe));

	if (err == -EPERM)
		return leat_fail(port->ctx, -EINVAL, "%s: its physical function refuses frames of %u "
				 "bytes; ask for a smaller MTU", port->name, lpe[1]);
	if (err || port->cfg.rxqs == 1)
		return err;
	err = leat_igbvf_ask(v, &queues, 1);
	if (err != -EPERM)
		return err;
	leat_log(port->ctx, LEAT_LOG_WARNING, "%s: its physical function does not spread frames "
		 "over queues: all come by queue 0", port->name);
	return 0;
}

/* The PF knows us, and all that we want of it. */
static int introduce(struct igbvf *v)
{
	struct leat_port *port = &v->igb.port;
	uint8_t mac[6];
	int err = leat_igbvf_reset(v, mac);

	if (err)
		return err;
	if (!is_zero(mac) && !memcmp(v->given, port->mac, sizeof(mac)))
		give_mac(v, mac);	/* the administrator's choice, the application has none */
	tell(port);
	err = ask_for_frames(v);
	return err ? err : leat_igbvf_filter(port);
}

static int igbvf_start(struct leat_port *port)
{
	struct igbvf *v = igbvf_of(port);
	int err = introduce(v);

	if (!err)
		err = leat_igbvf_irqs_on(&v->igb);
	if (err)
		return err;
	leat_igbvf_counters_begin(v);
	err = leat_intel_queues_start(port, leat_igb_rxq_start, leat_igb_txq_start);
	if (err)
		goto irqs_off;
	err = leat_igbvf_watch(v);
	if (err)
		goto stop_queues;
	/* The rings are valid: the device may reach memory from here on. */
	err = leat_pci_bus_master(port->dev, true);
	if (err)
		goto unwatch;
	for (unsigned int i = 0; i < port->cfg.rxqs; i++)
		leat_igb_rxq_offer(port->rxq[i]);
	intel_flush(&v->igb.hw);
	return 0;

unwatch:
	leat_igbvf_unwatch(v);
stop_queues:
	leat_intel_queues_stop(port);
irqs_off:
	leat_igbvf_irqs_off(&v->igb);
	return err;
}

static void igbvf_stop(struct leat_port *port)
{
	struct igbvf *v = igbvf_of(port);

	leat_igbvf_unwatch(v);
	leat_igbvf_counters_read(v);
	leat_igbvf_irqs_off(&v->igb);
	for (unsigned int i = 0; i < port->cfg.txqs; i++)
		leat_igb_ring_off(&intel_txq_of(port->txq[i])->ring);
	for (unsigned int i = 0; i < port->cfg.rxqs; i++)
		leat_igb_ring_off(&intel_rxq_of(port->rxq[i])->ring);
	(void)leat_pci_bus_master(port->dev, false);
	leat_intel_queues_stop(port);
}

/* ---- asking ---- */

static void igbvf_link(struct leat_port *port, struct leat_link *out)
{
	struct igbvf *v = igbvf_of(port);

	if (!v->lost)
		leat_intel_link_read(&v->igb.hw, out);
}

static void igbvf_stats(struct leat_port *port, struct leat_stats *out)
{
	struct igbvf *v = igbvf_of(port);

	leat_igbvf_counters_read(v);
	out->rx_missed += leat_igb_drops(&v->igb);
}

static unsigned int igbvf_xstats(struct leat_port *port, struct leat_xstat *out, unsigned int n)
{
	static const char *const names[] = {
#define X(name, offset, bits, xstat) xstat,
		IGB_VF_COUNTERS(X)
#undef X
	};
	struct igbvf *v = igbvf_of(port);

	leat_igbvf_counters_read(v);
	for (unsigned int i = 0; i < IGBVF_COUNTS && i < n; i++) {
		snprintf(out[i].name, sizeof(out[i].name), "%s", names[i]);
		out[i].value = v->count[i];
	}
	return leat_igb_drops_xstats(&v->igb, out, n, IGBVF_COUNTS);
}

static unsigned int igbvf_regs(struct leat_port *port, struct leat_reg *out, unsigned int n)
{
	static const struct intel_reg_info own[] = {
#define X(name, offset, access, what) { #name, (offset), #access },
		IGB_VF_REGS(X)
#undef X
	};
	static const struct intel_reg_info queue[] = {
#define X(name, offset, access, what) { #name, IGB_QUEUE_ALIAS(offset, 0), #access },
		IGB_RXQ_REGS(X)
		IGB_TXQ_REGS(X)
#undef X
	};
	const struct intel_hw *hw = &igb_of(port)->hw;
	unsigned int at = leat_intel_regs_add(hw, own, LEAT_ARRAY_LEN(own), out, n, 0);

	for (unsigned int q = 0; q < IGBVF_QUEUES; q++)
		at = leat_intel_queue_dump(hw, queue, LEAT_ARRAY_LEN(queue), q, STRIDE, out, n, at);
	return at;
}

/* What keeps what is written while the queues are off. */
static const struct intel_reg_mask test_regs[] = {
	{ IGB_QUEUE_ALIAS(IGB_RDBAL, 0), 0xffffff80 }, { IGB_QUEUE_ALIAS(IGB_RDBAH, 0), UINT32_MAX },
	{ IGB_QUEUE_ALIAS(IGB_RDLEN, 0), 0x000fff80 }, { IGB_QUEUE_ALIAS(IGB_RDBAL, 1), 0xffffff80 },
	{ IGB_QUEUE_ALIAS(IGB_TDBAL, 0), 0xffffff80 }, { IGB_QUEUE_ALIAS(IGB_TDBAH, 0), UINT32_MAX },
	{ IGB_QUEUE_ALIAS(IGB_TDLEN, 0), 0x000fff80 }, { IGB_QUEUE_ALIAS(IGB_TDBAL, 1), 0xffffff80 },
};

static int igbvf_self_test(struct leat_port *port, struct leat_self_test *out, unsigned int n)
{
	struct igbvf *v = igbvf_of(port);
	struct leat_self_test results[2];
	uint8_t mac[6];
	int err = leat_igbvf_reset(v, mac);

	if (err)
		return err;
	leat_intel_test_registers(&v->igb.hw, test_regs, LEAT_ARRAY_LEN(test_regs), &results[0]);
	leat_igb_irqs_test(&v->igb, leat_igbvf_irqs_on, leat_igbvf_irqs_off, &results[1]);
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(results) && i < n; i++)
		out[i] = results[i];
	return LEAT_ARRAY_LEN(results);
}

static void igbvf_forget(struct leat_port *port)
{
	leat_pci_irqs_forget(&igb_of(port)->irqs);
}

static const struct leat_pci_id ids[] = {
	{ 0x8086, 0x10ca },		/* of an 82576 */
	{ 0x8086, 0x152d },		/* the same, for Hyper-V */
	{ 0, 0 },
};

const struct leat_driver leat_igbvf = {
	.name = "igbvf",
	.ids = ids,
	.port_size = sizeof(struct igbvf),
	.attach = igbvf_attach,
	.detach = igbvf_detach,
	.configure = igbvf_configure,
	.rxq_setup = leat_igb_rxq_setup,
	.rxq_free = leat_intel_rxq_free,
	.txq_setup = leat_igb_txq_setup,
	.txq_free = leat_intel_txq_free,
	.start = igbvf_start,
	.stop = igbvf_stop,
	.rxq_arm = leat_igb_rxq_arm,
	.rxq_disarm = leat_igb_rxq_disarm,
	.rxq_descs = leat_intel_rxq_descs,
	.txq_descs = leat_intel_txq_descs,
	.link = igbvf_link,
	.stats = igbvf_stats,
	.filter = leat_igbvf_filter,
	.rxq_start = leat_igb_rxq_resume,
	.rxq_stop = leat_igb_rxq_suspend,
	.txq_start = leat_igb_txq_resume,
	.txq_stop = leat_igb_txq_suspend,
	.xstats = igbvf_xstats,
	.regs = igbvf_regs,
	.self_test = igbvf_self_test,
	.forget = igbvf_forget,
};
