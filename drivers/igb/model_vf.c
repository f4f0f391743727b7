// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_vf.c - what a virtual function has of its own: its few registers, the mailbox
 * and, behind it, a PF that answers as Linux's igb does.
 *
 * The PF answers while the VF's write is under way; it never holds the mailbox.
 */
#include "model.h"

#define FRAME_MAX_USUAL	1522		/* CRC and a tag included */

static uint32_t *reg(struct igbm *n, uint32_t off)
{
	return &n->reg[off / 4];
}

/* ---- filters ---- */

/* The bit of an address in a hash table, as VFs tell it to the PF: 82576, 7.10.3.3. */
static uint16_t hash_of(const uint8_t *p)
{
	return (uint16_t)((p[4] >> 4 | p[5] << 4) & 0xfff);
}

static bool accepts_multicast(const struct igbm *n, const uint8_t *p)
{
	for (unsigned int i = 0; i < n->nhashes; i++)
		if (n->hashes[i] == hash_of(p))
			return true;
	return n->vf_promisc;
}

static bool in_vlan(const struct igbm *n, uint32_t vid)
{
	return !vid || (n->vlan[vid / 32] >> vid % 32 & 1);
}

static bool has_mac(const struct igbm *n, const uint8_t *mac)
{
	for (unsigned int i = 0; i < n->nmacs; i++)
		if (!memcmp(mac, n->macs[i], 6))
			return true;
	return false;
}

bool igbm_vf_may_send(const struct igbm *n, const uint8_t *p, bool vle, uint16_t tag)
{
	bool tagged = p[12] == 0x81 && p[13] == 0;

	if (!n->spoofchk)
		return true;
	return has_mac(n, p + 6) && (!vle || in_vlan(n, tag & 0xfff)) &&
	       (!tagged || in_vlan(n, (uint32_t)(p[14] << 8 | p[15]) & 0xfff));
}

bool igbm_vf_accepts(const struct igbm *n, const uint8_t *p, const struct intel_frame *f)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (f->tagged && !in_vlan(n, f->tag & 0xfff))
		return false;
	if (p[0] & 1)
		return !memcmp(p, broadcast, sizeof(broadcast)) || accepts_multicast(n, p);
	return has_mac(n, p);
}

/* What the PF knows of a VF that was reset. */
static void forget(struct igbm *n)
{
	memcpy(n->macs[0], n->chip.mac, 6);
	n->nmacs = 1;
	n->nhashes = 0;
	n->vf_promisc = n->vf_spread = n->clear_to_send = false;
	n->vf_max = FRAME_MAX_USUAL;
	memset(n->vlan, 0, sizeof(n->vlan));
}

/* ---- messages; each returns whether the PF agrees ---- */

static void words_to_mac(const uint32_t *word, uint8_t mac[6])
{
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)(word[i / 4] >> 8 * (i % 4));
}

static bool set_mac(struct igbm *n, const uint32_t *msg)
{
	uint8_t mac[6];

	words_to_mac(msg + 1, mac);
	switch (LEAT_GET(IGB_MSG_INFO, msg[0])) {
	case IGB_MSG_MAC_CLEAR:
		n->nmacs = 1;
		return true;
	case IGB_MSG_MAC_ADD:
		if ((mac[0] & 1) || n->nmacs == IGBM_VF_MACS)
			return false;
		memcpy(n->macs[n->nmacs++], mac, 6);
		return true;
	case IGB_MSG_MAC_OWN:
		if ((mac[0] & 1) || !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]))
			return false;
		memcpy(n->macs[0], mac, 6);
		return true;
	}
	return false;
}

static bool set_multicast(struct igbm *n, const uint32_t *msg)
{
	n->nhashes = LEAT_MIN(LEAT_GET(IGB_MSG_INFO, msg[0]), (uint32_t)IGB_MSG_HASHES);
	for (unsigned int i = 0; i < n->nhashes; i++)
		n->hashes[i] = (uint16_t)(msg[1 + i / 2] >> 16 * (i % 2)) & 0xfff;
	return true;
}

static bool set_vlan(struct igbm *n, const uint32_t *msg)
{
	uint32_t vid = msg[1] & 0xfff, bit = UINT32_C(1) << vid % 32;

	if (LEAT_GET(IGB_MSG_INFO, msg[0]))
		n->vlan[vid / 32] |= bit;
	else
		n->vlan[vid / 32] &= ~bit;
	return true;
}

static bool set_longest(struct igbm *n, const uint32_t *msg)
{
	if (msg[1] > IGB_FRAME_MAX || msg[1] < IGBM_FRAME_MIN + 4)
		return false;
	n->vf_max = msg[1];
	return true;
}

static bool set_promisc(struct igbm *n, const uint32_t *msg)
{
	n->vf_promisc = LEAT_GET(IGB_MSG_INFO, msg[0]) & IGB_MSG_PROMISC_MULTI;
	if (n->vf_promisc)
		n->nhashes = 0;
	return !(LEAT_GET(IGB_MSG_INFO, msg[0]) & ~IGB_MSG_PROMISC_MULTI);
}

static bool set_queues(struct igbm *n, const uint32_t *msg)
{
	n->vf_spread = LEAT_GET(IGB_MSG_INFO, msg[0]) > 1;
	return true;
}

static const struct {
	uint32_t kind;
	bool (*set)(struct igbm *n, const uint32_t *msg);
} messages[] = {
	{ IGB_MSG_MAC, set_mac },
	{ IGB_MSG_MULTICAST, set_multicast },
	{ IGB_MSG_VLAN, set_vlan },
	{ IGB_MSG_LPE, set_longest },
	{ IGB_MSG_PROMISC, set_promisc },
	{ IGB_MSG_QUEUES, set_queues },
};

static bool obey(struct igbm *n, const uint32_t *msg)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(messages) && n->clear_to_send; i++)
		if (messages[i].kind == (msg[0] & IGB_MSG_KIND))
			return messages[i].set(n, msg);
	return false;
}

/* ---- the mailbox ---- */

/* The PF has written: an interrupt, and until the VF has read it nothing else. */
static void tell(struct igbm *n)
{
	n->mailbox |= IGB_V2PMAILBOX_PFSTS;
	n->unread = true;
	igbm_irq_other(n, 0);
}

static void answer(struct igbm *n)
{
	uint32_t *mem = reg(n, IGB_VF_VMBMEM), msg[IGB_MSG_WORDS];
	const uint8_t *mac = n->chip.mac;

	memcpy(msg, mem, sizeof(msg));
	n->mailbox = (n->mailbox & ~IGB_V2PMAILBOX_VFU) | IGB_V2PMAILBOX_PFACK;
	if (msg[0] & (IGB_MSG_ACK | IGB_MSG_NACK)) {	/* no question */
		igbm_irq_other(n, 0);
		return;
	}
	if ((msg[0] & IGB_MSG_KIND) == IGB_MSG_RESET) {
		forget(n);
		n->clear_to_send = true;
		mem[0] = IGB_MSG_RESET | IGB_MSG_ACK;
		mem[1] = (uint32_t)mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
			 (uint32_t)mac[3] << 24;
		mem[2] = (uint32_t)mac[4] | (uint32_t)mac[5] << 8;
	} else {
		mem[0] = msg[0] | (obey(n, msg) ? IGB_MSG_ACK : IGB_MSG_NACK) |
			 (n->clear_to_send ? IGB_MSG_CTS : 0);
	}
	tell(n);
}

void igbm_vf_ping(struct igbm *n)
{
	n->ping_due = n->unread || (n->mailbox & IGB_V2PMAILBOX_VFU);
	if (n->ping_due)
		return;
	*reg(n, IGB_VF_VMBMEM) = IGB_MSG_CONTROL | (n->clear_to_send ? IGB_MSG_CTS : 0);
	tell(n);
}

static void mailbox_set(struct igbm *n, uint32_t val)
{
	n->mailbox = (n->mailbox & ~IGB_V2PMAILBOX_VFU) | (val & IGB_V2PMAILBOX_VFU);
	if (val & IGB_V2PMAILBOX_ACK)
		n->unread = false;
	if (val & IGB_V2PMAILBOX_REQ)
		answer(n);
	if (n->ping_due)
		igbm_vf_ping(n);
}

static uint32_t mailbox_get(struct igbm *n)
{
	uint32_t val = n->mailbox;

	n->mailbox &= ~(IGB_V2PMAILBOX_PFSTS | IGB_V2PMAILBOX_PFACK | IGB_V2PMAILBOX_RSTD);
	return val;
}

/* ---- registers ---- */

/* How the PF spreads, in the registers that it has for it: by every hash, evenly, with the usual key. */
static void reset_spreading(struct igbm *n)
{
	static const uint32_t key[] = {
		0xda565a6d, 0xc20e5b25, 0x3d256741, 0xb08fa343, 0xcb2bcad0,
		0xb4307bae, 0xa32dcb77, 0x0cf23080, 0x3bb7426a, 0xfa01acbe,
	};

	*reg(n, INTEL_MRQC) = IGB_MRQC_POOLS_RSS | IGB_MRQC_TCP4 | IGB_MRQC_IPV4 | IGB_MRQC_TCP6 |
			      IGB_MRQC_IPV6 | IGB_MRQC_UDP4 | IGB_MRQC_UDP6;
	*reg(n, INTEL_RXCSUM) = INTEL_RXCSUM_PCSD;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(key); i++)
		*reg(n, INTEL_RSSRK(i)) = key[i];
	for (unsigned int i = 0; i < INTEL_RETA_ENTRIES / 4; i++)
		*reg(n, INTEL_RETA(i)) = 0x01000100;
}

void igbm_vf_reset(struct igbm *n)
{
	memset(n->reg, 0, sizeof(n->reg));
	reset_spreading(n);
	*reg(n, INTEL_VET) = 0x8100;
	n->mailbox = IGB_V2PMAILBOX_RSTD;
	n->unread = n->ping_due = false;
	forget(n);
	igbm_rings_reset(n);
	igbm_irq_reset(n);
}

static bool is_read_only(uint32_t off)
{
	return off == IGB_VTSTATUS || off == IGB_VTFRTIMER || off - IGB_VFGPRC < 0x100;
}

uint32_t igbm_vf_get(struct igbm *n, uint32_t off)
{
	uint32_t val;

	if (igbm_irq_get(n, off, &val))
		return val;
	switch (off) {
	case IGB_VTSTATUS:
		return INTEL_STATUS_FD | LEAT_PUT(INTEL_STATUS_SPEED, 2u) |
		       (n->mdev.link_up ? INTEL_STATUS_LU : 0);
	case IGB_V2PMAILBOX:
		return mailbox_get(n);
	}
	return *reg(n, off);
}

void igbm_vf_set(struct igbm *n, uint32_t off, uint32_t val)
{
	if (is_read_only(off) || igbm_irq_set(n, off, val))
		return;
	if (off == IGB_V2PMAILBOX)
		mailbox_set(n, val);
	else if (off == IGB_VTCTRL && (val & IGB_VTCTRL_RST))
		igbm_vf_reset(n);
	else
		*reg(n, off) = val;
}
