// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vfs.c - pools, and what virtual functions get of the filters.
 */
#include "igb.h"

#include <errno.h>
#include <string.h>

#define FRAME_MAX_USUAL 1522		/* CRC and a tag included */

static unsigned int own_pool(const struct igb *g)
{
	return g->vfs.n;
}

unsigned int leat_igb_vfs_count(const struct igb *g)
{
	uint32_t status = intel_read(&g->hw, INTEL_STATUS);

	if (status == UINT32_MAX || !(status & IGB_STATUS_IOV))
		return 0;
	return LEAT_GET(IGB_STATUS_VFS, status);
}

/* ---- pools ---- */

static uint32_t vmolr(uint32_t frame_max)
{
	return IGB_VMOLR_STRCRC | IGB_VMOLR_BAM | IGB_VMOLR_AUPE | IGB_VMOLR_LPE |
	       LEAT_PUT(IGB_VMOLR_RLPML, frame_max);
}

static void write_own_pool(struct igb *g)
{
	const struct leat_filter *f = &g->port.filter;

	intel_write(&g->hw, IGB_VMOLR(own_pool(g)), vmolr(g->queues.frame_max + 4) | IGB_VMOLR_ROMPE |
		    (f->promisc || f->allmulti ? IGB_VMOLR_MPE : 0) |
		    (g->port.rss.types && g->port.cfg.rxqs > 1 ? IGB_VMOLR_RSSE : 0) |
		    (igb_offloads(g) & LEAT_CAP_RX_VLAN ? IGB_VMOLR_STRVLAN : 0));
}

/* Tags are taken off, as drivers of VFs have come to expect. */
static void write_pool(struct igb *g, unsigned int vf)
{
	const struct igb_vf *v = &g->vfs.vf[vf];

	intel_write(&g->hw, IGB_VMOLR(vf), vmolr(v->frame_max) | IGB_VMOLR_STRVLAN |
		    (v->nhashes ? IGB_VMOLR_ROMPE : 0) | (v->allmulti ? IGB_VMOLR_MPE : 0) |
		    (v->spread ? IGB_VMOLR_RSSE : 0));
}

/* ---- VLANs ---- */

/* Without a filter the port is in every VLAN, named by a VF or not. */
static bool port_filters(const struct igb *g)
{
	return g->port.filter.vlan && !g->port.filter.promisc;
}

static bool port_wants(const struct igb *g, unsigned int vid)
{
	return !port_filters(g) || (g->port.filter.vids[vid / 64] >> vid % 64 & 1);
}

static int find_vid(const struct igb_vfs *vfs, unsigned int vid)
{
	for (int i = 0; i < IGB_VLVFS; i++)
		if (vfs->vid_pools[i] && vfs->vid[i] == vid)
			return i;
	return -1;
}

static void write_vlvf(struct igb *g, unsigned int i, unsigned int vid, uint32_t pools)
{
	if (pools && port_wants(g, vid))
		pools |= LEAT_BIT(own_pool(g));
	intel_write(&g->hw, IGB_VLVF(i), pools ? IGB_VLVF_ENABLE | LEAT_PUT(IGB_VLVF_VID, vid) |
		    LEAT_PUT(IGB_VLVF_POOLS, pools) : 0);
}

/* The port's own, where no VF is; they take what entries are left. */
static int write_port_vids(struct igb *g, unsigned int used)
{
	for (unsigned int vid = 0; vid < 4096 && port_filters(g); vid++) {
		if (!port_wants(g, vid) || find_vid(&g->vfs, vid) >= 0)
			continue;
		while (used < IGB_VLVFS && g->vfs.vid_pools[used])
			used++;
		if (used == IGB_VLVFS)
			return leat_fail(g->port.ctx, -ENOSPC, "%s: with virtual functions there is "
					 "room for %u VLANs; take some away", g->port.name, IGB_VLVFS);
		write_vlvf(g, used++, vid, LEAT_BIT(own_pool(g)));
	}
	for (; used < IGB_VLVFS; used++)
		if (!g->vfs.vid_pools[used])
			write_vlvf(g, used, 0, 0);
	return 0;
}

static int write_vlans(struct igb *g)
{
	struct igb_vfs *vfs = &g->vfs;

	memset(vfs->vfta, port_filters(g) ? 0 : 0xff, sizeof(vfs->vfta));
	for (unsigned int i = 0; i < IGB_VLVFS; i++) {
		if (!vfs->vid_pools[i])
			continue;
		write_vlvf(g, i, vfs->vid[i], vfs->vid_pools[i]);
		vfs->vfta[vfs->vid[i] / 32] |= LEAT_BIT(vfs->vid[i] % 32);
	}
	return write_port_vids(g, 0);
}

/* Is there an entry for a VLAN that no VF is in? Those of the port stay. */
static bool has_room(const struct igb *g, unsigned int vid)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < IGB_VLVFS; i++)
		used += g->vfs.vid_pools[i] != 0;
	for (unsigned int v = 0; v < 4096 && port_filters(g); v++)
		used += v != vid && port_wants(g, v) && find_vid(&g->vfs, v) < 0;
	return used < IGB_VLVFS;
}

static bool set_vlan(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	struct igb_vfs *vfs = &g->vfs;
	uint16_t vid = (uint16_t)(msg[1] & 0xfff);
	int i = find_vid(vfs, vid);

	if (!LEAT_GET(IGB_MSG_INFO, msg[0])) {
		if (i >= 0)
			vfs->vid_pools[i] &= (uint8_t)~(1u << vf);
		return true;
	}
	if (i < 0 && !has_room(g, vid))
		return false;
	for (int k = 0; i < 0; k++)
		if (!vfs->vid_pools[k])
			i = k;
	vfs->vid[i] = vid;
	vfs->vid_pools[i] |= (uint8_t)(1u << vf);
	return true;
}

/* ---- addresses ---- */

static void write_mac(struct igb *g, unsigned int i)
{
	const struct igb_vf_mac *m = &g->vfs.mac[i];
	unsigned int rar = IGB_PF_RARS + i;

	intel_write(&g->hw, INTEL_RAL(rar), (uint32_t)m->mac[0] | (uint32_t)m->mac[1] << 8 |
		    (uint32_t)m->mac[2] << 16 | (uint32_t)m->mac[3] << 24);
	intel_write(&g->hw, INTEL_RAH(rar), m->used ? (uint32_t)m->mac[4] | (uint32_t)m->mac[5] << 8 |
		    INTEL_RAH_AV | LEAT_PUT(IGB_RAH_POOLS, LEAT_BIT(m->vf)) : 0);
}

static void put_mac(struct igb *g, unsigned int i, unsigned int vf, const uint8_t mac[6])
{
	struct igb_vf_mac *m = &g->vfs.mac[i];

	m->used = mac != NULL;
	m->vf = (uint8_t)vf;
	memset(m->mac, 0, sizeof(m->mac));
	if (mac)
		memcpy(m->mac, mac, sizeof(m->mac));
	write_mac(g, i);
}

static void clear_macs(struct igb *g, unsigned int vf, unsigned int from)
{
	for (unsigned int i = from; i < LEAT_ARRAY_LEN(g->vfs.mac); i++)
		if (g->vfs.mac[i].used && g->vfs.mac[i].vf == vf)
			put_mac(g, i, vf, NULL);
}

/* No group's, not zero, and nobody else's. */
static bool may_have(const struct igb *g, unsigned int vf, const uint8_t mac[6])
{
	static const uint8_t zero[6];
	const struct leat_filter *f = &g->port.filter;

	if ((mac[0] & 1) || !memcmp(mac, zero, 6) || !memcmp(mac, g->port.mac, 6))
		return false;
	for (unsigned int i = 0; i < f->nmacs; i++)
		if (!memcmp(mac, f->mac[i], 6))
			return false;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(g->vfs.mac); i++)
		if (g->vfs.mac[i].used && g->vfs.mac[i].vf != vf && !memcmp(mac, g->vfs.mac[i].mac, 6))
			return false;
	return true;
}

static bool add_mac(struct igb *g, unsigned int vf, const uint8_t mac[6])
{
	for (unsigned int i = IGB_VFS_MAX; i < LEAT_ARRAY_LEN(g->vfs.mac); i++) {
		if (g->vfs.mac[i].used)
			continue;
		put_mac(g, i, vf, mac);
		return true;
	}
	return false;
}

static bool set_mac(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	uint32_t info = LEAT_GET(IGB_MSG_INFO, msg[0]);
	uint8_t mac[6];

	if (info == IGB_MSG_MAC_CLEAR) {
		clear_macs(g, vf, IGB_VFS_MAX);
		return true;
	}
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)(msg[1 + i / 4] >> 8 * (i % 4));
	if (!may_have(g, vf, mac) || info > IGB_MSG_MAC_ADD)
		return false;
	if (info == IGB_MSG_MAC_ADD)
		return add_mac(g, vf, mac);
	put_mac(g, vf, vf, mac);
	return true;
}

/* Of the port's address, but locally administered, and another one for each. */
static void default_mac(const struct igb *g, unsigned int vf, uint8_t mac[6])
{
	memcpy(mac, g->port.mac, 6);
	mac[0] = (uint8_t)((mac[0] | 2u) + 4 * (vf + 1));
}

const uint8_t *leat_igb_vf_mac(const struct igb *g, unsigned int vf)
{
	return g->vfs.mac[vf].mac;
}

/* ---- the rest of what they ask for ---- */

static bool set_multicast(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	struct igb_vf *v = &g->vfs.vf[vf];

	v->nhashes = LEAT_MIN(LEAT_GET(IGB_MSG_INFO, msg[0]), (uint32_t)IGB_MSG_HASHES);
	for (unsigned int i = 0; i < v->nhashes; i++)
		v->hash[i] = (uint16_t)(msg[1 + i / 2] >> 16 * (i % 2)) & 0xfff;
	return true;
}

static bool set_longest(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	if (msg[1] > IGB_FRAME_MAX || msg[1] < 64)
		return false;
	g->vfs.vf[vf].frame_max = msg[1];
	return true;
}

/* What is for others stays theirs. */
static bool set_promisc(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	uint32_t info = LEAT_GET(IGB_MSG_INFO, msg[0]);

	g->vfs.vf[vf].allmulti = info & IGB_MSG_PROMISC_MULTI;
	return !(info & ~IGB_MSG_PROMISC_MULTI);
}

/* There is one table for all: without a port that spreads there is none. */
static bool set_queues(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	bool spread = LEAT_GET(IGB_MSG_INFO, msg[0]) > 1;

	g->vfs.vf[vf].spread = spread && g->port.rss.types;
	return g->vfs.vf[vf].spread == spread;
}

static const struct {
	uint32_t	kind;
	bool		(*set)(struct igb *g, unsigned int vf, const uint32_t *msg);
} messages[] = {
	{ IGB_MSG_MAC, set_mac },
	{ IGB_MSG_MULTICAST, set_multicast },
	{ IGB_MSG_VLAN, set_vlan },
	{ IGB_MSG_LPE, set_longest },
	{ IGB_MSG_PROMISC, set_promisc },
	{ IGB_MSG_QUEUES, set_queues },
};

bool leat_igb_vf_obey(struct igb *g, unsigned int vf, const uint32_t *msg)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(messages); i++) {
		bool done;

		if (messages[i].kind != (msg[0] & IGB_MSG_KIND))
			continue;
		done = messages[i].set(g, vf, msg);
		(void)leat_igb_filter(&g->port);	/* whether it fits was looked at above */
		return done;
	}
	return false;
}

/* ---- VFs come and go ---- */

/* In memory, and of the addresses. */
static void drop(struct igb *g, unsigned int vf)
{
	uint8_t mac[6];

	g->vfs.vf[vf] = (struct igb_vf){ .frame_max = FRAME_MAX_USUAL,
					 .spoofed = g->vfs.vf[vf].spoofed };
	for (unsigned int i = 0; i < IGB_VLVFS; i++)
		g->vfs.vid_pools[i] &= (uint8_t)~(1u << vf);
	clear_macs(g, vf, 0);
	default_mac(g, vf, mac);
	put_mac(g, vf, vf, mac);
}

void leat_igb_vf_forget(struct igb *g, unsigned int vf)
{
	intel_update(&g->hw, IGB_VFRE, LEAT_BIT(vf), 0);
	intel_update(&g->hw, IGB_VFTE, LEAT_BIT(vf), 0);
	drop(g, vf);
	(void)leat_igb_filter(&g->port);
}

void leat_igb_vf_enable(struct igb *g, unsigned int vf)
{
	g->vfs.vf[vf].clear = true;
	intel_update(&g->hw, IGB_VFRE, 0, LEAT_BIT(vf));
	intel_update(&g->hw, IGB_VFTE, 0, LEAT_BIT(vf));
}

/* ---- the whole ---- */

static int check_filter(const struct igb *g)
{
	const struct leat_filter *f = &g->port.filter;

	if (f->nmacs >= IGB_PF_RARS)
		return leat_fail(g->port.ctx, -ENOSPC, "%s: with virtual functions it has room for %u "
				 "further addresses, and %u are wanted; remove some", g->port.name,
				 IGB_PF_RARS - 1, f->nmacs);
	if (f->nethertypes)
		return leat_fail(g->port.ctx, -ENOTSUP, "%s: with virtual functions, frames go to "
				 "pools, and none to a queue by EtherType; take 0x%04x back, or have no "
				 "virtual functions", g->port.name, f->ethertype[0].type);
	return 0;
}

static void gather_hashes(struct igb *g)
{
	memset(g->vfs.mta, 0, sizeof(g->vfs.mta));
	for (unsigned int vf = 0; vf < g->vfs.n; vf++) {
		const struct igb_vf *v = &g->vfs.vf[vf];

		for (unsigned int i = 0; i < v->nhashes; i++)
			g->vfs.mta[v->hash[i] / 32] |= LEAT_BIT(v->hash[i] % 32);
	}
}

int leat_igb_vfs_filter(struct igb *g)
{
	/* Unicasts that no pool wants: the port's, if it wants what it has not named. */
	bool rest = !port_filters(g);
	int err = check_filter(g);

	if (err)
		return err;
	intel_write(&g->hw, IGB_VT_CTL, LEAT_PUT(IGB_VT_CTL_POOL, own_pool(g)) |
		    IGB_VT_CTL_REPLICATE | (rest ? 0 : IGB_VT_CTL_NO_DEFAULT));
	gather_hashes(g);
	for (unsigned int vf = 0; vf < g->vfs.n; vf++)
		write_pool(g, vf);
	write_own_pool(g);
	return write_vlans(g);
}

static int check_room(struct igb *g)
{
	const struct leat_port *port = &g->port;

	if (g->vfs.n > IGB_VFS_MAX)
		return leat_fail(port->ctx, -ENOTSUP, "%s: it has %u virtual functions, which leave it "
				 "no queues; have %u at most", port->name, g->vfs.n, IGB_VFS_MAX);
	if (port->cfg.rxqs > IGB_VF_QUEUES || port->cfg.txqs > IGB_VF_QUEUES)
		return leat_fail(port->ctx, -ENOTSUP, "%s: with virtual functions it has %u queues, "
				 "and %u were asked for; reconfigure the port", port->name,
				 IGB_VF_QUEUES, LEAT_MAX(port->cfg.rxqs, port->cfg.txqs));
	if (g->irqs.kind == LEAT_INTR_MSI || g->irqs.kind == LEAT_INTR_INTX)
		return leat_fail(port->ctx, -ENOTSUP, "%s: virtual functions need MSI-X, and %s was "
				 "chosen; reconfigure the port", port->name,
				 leat_pci_irqs_name(g->irqs.kind));
	return 0;
}

/* 4.6.11: switching between pools, and who may send as whom. */
static void begin_pools(struct igb *g)
{
	uint32_t vfs = LEAT_BIT(g->vfs.n) - 1;

	intel_write(&g->hw, IGB_QDE, UINT16_MAX);	/* a VF that sleeps holds up nobody */
	intel_write(&g->hw, IGB_RPLOLR, IGB_RPLOLR_STRVLAN | IGB_RPLOLR_STRCRC);
	intel_write(&g->hw, IGB_DTXSWC, IGB_DTXSWC_LOOPBACK | LEAT_PUT(IGB_DTXSWC_MAC_SPOOF, vfs) |
		    LEAT_PUT(IGB_DTXSWC_VLAN_SPOOF, vfs));
	intel_write(&g->hw, IGB_VFRE, LEAT_BIT(own_pool(g)));
	intel_write(&g->hw, IGB_VFTE, LEAT_BIT(own_pool(g)));
	for (unsigned int vf = 0; vf < g->vfs.n; vf++)
		drop(g, vf);
}

int leat_igb_vfs_begin(struct igb *g)
{
	int err;

	memset(&g->vfs, 0, sizeof(g->vfs));
	g->vfs.n = leat_igb_vfs_count(g);
	g->hw.rars = g->vfs.n ? IGB_PF_RARS : IGB_RARS;
	g->hw.rah_more = g->vfs.n ? LEAT_PUT(IGB_RAH_POOLS, LEAT_BIT(own_pool(g))) : 0;
	g->hw.mta_more = g->vfs.n ? g->vfs.mta : NULL;
	g->hw.vfta_more = g->vfs.n ? g->vfs.vfta : NULL;
	if (!g->vfs.n) {
		leat_igb_place_queues(g);
		return 0;
	}
	err = check_room(g);
	if (err)
		return err;
	leat_igb_place_queues(g);
	begin_pools(g);
	return leat_igb_vfs_filter(g);
}

void leat_igb_vfs_go(struct igb *g)
{
	intel_write(&g->hw, IGB_MBVFIMR, LEAT_BIT(g->vfs.n) - 1);
	intel_update(&g->hw, INTEL_CTRL_EXT, 0, IGB_CTRL_EXT_PFRSTD);
	for (unsigned int vf = 0; vf < g->vfs.n; vf++)
		g->vfs.vf[vf].unread = false;	/* whatever it was, the reset took it */
	leat_igb_mbx_ping(g);
}

void leat_igb_vfs_halt(struct igb *g)
{
	leat_igb_mbx_serve(g);
	intel_write(&g->hw, IGB_VFRE, 0);
	intel_write(&g->hw, IGB_VFTE, 0);
	for (unsigned int vf = 0; vf < g->vfs.n; vf++)
		g->vfs.vf[vf].clear = g->vfs.vf[vf].unread = false;	/* the end does not wait */
	leat_igb_mbx_ping(g);
}

void leat_igb_vfs_look(struct igb *g)
{
	uint32_t wrong = intel_read(&g->hw, IGB_WVBR);

	for (unsigned int vf = 0; vf < g->vfs.n && wrong != UINT32_MAX; vf++) {
		if (!(wrong & (LEAT_BIT(vf) | LEAT_BIT(vf + 8))))	/* by either of its queues */
			continue;
		if (!g->vfs.vf[vf].spoofed)
			leat_log(g->port.ctx, LEAT_LOG_WARNING, "%s: virtual function %u sends from "
				 "addresses or to VLANs that are not its own; these frames are dropped",
				 g->port.name, vf);
		g->vfs.vf[vf].spoofed = true;
	}
}
