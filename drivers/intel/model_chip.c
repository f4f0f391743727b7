// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/model_chip.c - NVM, PHY, link, semaphores, filters, counters.
 *
 * What takes time in hardware (reading the NVM, the PHY's management frames, negotiating)
 * is done at once.
 */
#include "model_chip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EECD_REQ	LEAT_BIT(6)	/* direct access to the NVM: asked for, */
#define EECD_GNT	LEAT_BIT(7)	/* granted */
#define EECD_SOFTWARE	(LEAT_MASK(3, 0) | EECD_REQ)

#define NVM_COMPAT	0x03
#define NVM_LEDS	0x04		/* what they mean: the default */
#define NVM_SUBDEVICE	0x0b
#define NVM_SUBVENDOR	0x0c
#define NVM_DEVICE	0x0d
#define NVM_VENDOR	0x0e
#define NVM_ALT_MAC	0x37		/* where another address is: none */
#define NVM_ERASED	0xffff
#define VENDOR_INTEL	0x8086

#define PHY_EXT_STATUS	15
#define PHY_SPECIFIC	17		/* how the link came out */
#define IGP_PAGE	31		/* where the page is chosen, in bits from 5 up */
#define BM_PAGE		22		/* and in all of them */
#define PHY_CAN		0x7949		/* status: all speeds, negotiates */
#define PHY_10_100	0x01e0		/* advertise */
#define PHY_1000	0x0300		/* 1000_CONTROL: advertise */
#define PHY_PARTNER	0x4de1		/* everything, pause frames too; acknowledged */
#define PHY_1000_GOOD	0x7c00		/* 1000_STATUS: both receivers fine, the partner can */
#define PHY_ISOLATE	LEAT_BIT(10)

#define COUNTERS	0x04000u
#define COUNTERS_END	0x04200u
#define CTRL_DUP	0x00004		/* CTRL again */
#define CRC_LEN		4

static uint32_t *reg(const struct intel_chip *c, uint32_t off)
{
	return &c->reg[off / 4];
}

/* ---- addresses ---- */

int leat_intel_mac_parse(const char *text, uint8_t mac[6])
{
	unsigned int b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || text[end] || end != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return (b[0] & 1) || !(b[0] | b[1] | b[2] | b[3] | b[4] | b[5]) ? -EINVAL : 0;
}

/* FNV-1a. */
void leat_intel_mac_default(const char *name, uint8_t mac[6])
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	mac[0] = 0x02;
	for (int i = 1; i < 6; i++)
		mac[i] = (uint8_t)(h >> (8 * i));
}

/* ---- NVM ---- */

void leat_intel_chip_init(struct intel_chip *c)
{
	uint16_t sum = INTEL_NVM_SUM;

	memset(c->nvm, 0xff, sizeof(c->nvm));
	for (unsigned int i = 0; i < 3; i++)
		c->nvm[INTEL_NVM_MAC + i] = (uint16_t)(c->mac[2 * i] | c->mac[2 * i + 1] << 8);
	c->nvm[NVM_COMPAT] = 0;
	c->nvm[NVM_LEDS] = NVM_ERASED;
	c->nvm[INTEL_NVM_VERSION] = 0x1000;
	c->nvm[NVM_SUBDEVICE] = c->nvm[NVM_DEVICE] = c->device;
	c->nvm[NVM_SUBVENDOR] = c->nvm[NVM_VENDOR] = VENDOR_INTEL;
	c->nvm[NVM_ALT_MAC] = NVM_ERASED;
	for (unsigned int i = 0; i < INTEL_NVM_CHECKSUM; i++)
		sum = (uint16_t)(sum - c->nvm[i]);
	c->nvm[INTEL_NVM_CHECKSUM] = sum;
}

static void eerd_set(struct intel_chip *c, uint32_t val)
{
	uint32_t word = LEAT_GET(INTEL_EERD_ADDR, val);
	uint16_t data = word < INTEL_CHIP_NVM_WORDS ? c->nvm[word] : NVM_ERASED;

	*reg(c, INTEL_EERD) = val & INTEL_EERD_ADDR;
	if (val & INTEL_EERD_START)
		*reg(c, INTEL_EERD) |= INTEL_EERD_DONE | LEAT_PUT(INTEL_EERD_DATA, (uint32_t)data);
}

static uint32_t eecd_get(const struct intel_chip *c)
{
	uint32_t val = *reg(c, INTEL_EECD);

	return val | INTEL_EECD_PRES | INTEL_EECD_AUTO_RD | c->eecd | (val & EECD_REQ ? EECD_GNT : 0);
}

/* ---- PHY and link ---- */

static bool phy_loops(const struct intel_chip *c)
{
	return c->phy[INTEL_PHY_CONTROL] & INTEL_PHY_CONTROL_LOOPBACK;
}

bool leat_intel_chip_loops(const struct intel_chip *c)
{
	return LEAT_GET(INTEL_RCTL_LBM, *reg(c, INTEL_RCTL)) || phy_loops(c);
}

static bool phy_link(const struct intel_chip *c)
{
	return (c->mdev->link_up || phy_loops(c)) &&
	       !(c->phy[INTEL_PHY_CONTROL] & (INTEL_PHY_CONTROL_POWER_DOWN | PHY_ISOLATE));
}

/* As STATUS.SPEED: 0: 10, 1: 100, 2: 1000 Mbit/s. */
static uint32_t phy_speed(const struct intel_chip *c)
{
	uint16_t control = c->phy[INTEL_PHY_CONTROL];

	if (!(control & INTEL_PHY_CONTROL_AUTONEG))
		return control & INTEL_PHY_CONTROL_SPEED_HIGH ? 2 :
		       control & INTEL_PHY_CONTROL_SPEED_LOW ? 1 : 0;
	return c->phy[INTEL_PHY_1000_CONTROL] & PHY_1000 ? 2 :
	       c->phy[INTEL_PHY_ADVERTISE] & 0x0180 ? 1 : 0;
}

/* The best that is advertised is in both duplexes, or the one. */
static bool phy_full(const struct intel_chip *c)
{
	uint16_t control = c->phy[INTEL_PHY_CONTROL];

	if (!(control & INTEL_PHY_CONTROL_AUTONEG))
		return control & INTEL_PHY_CONTROL_DUPLEX;
	switch (phy_speed(c)) {
	case 2: return c->phy[INTEL_PHY_1000_CONTROL] & 0x0200;
	case 1: return c->phy[INTEL_PHY_ADVERTISE] & 0x0100;
	}
	return c->phy[INTEL_PHY_ADVERTISE] & 0x0040;
}

static void phy_reset(struct intel_chip *c)
{
	memset(c->phy, 0, sizeof(c->phy));
	c->phy[INTEL_PHY_CONTROL] = INTEL_PHY_CONTROL_AUTONEG | INTEL_PHY_CONTROL_DUPLEX |
				    INTEL_PHY_CONTROL_SPEED_HIGH;
	c->phy[INTEL_PHY_ID1] = (uint16_t)(c->phy_id >> 16);
	c->phy[INTEL_PHY_ID2] = (uint16_t)c->phy_id;
	c->phy[INTEL_PHY_ADVERTISE] = PHY_10_100 | INTEL_PHY_ADVERTISE_PAUSE |
				      INTEL_PHY_ADVERTISE_ASYM_PAUSE | 1;
	c->phy[INTEL_PHY_1000_CONTROL] = PHY_1000;
	c->phy[PHY_EXT_STATUS] = 0x3000;
}

static uint16_t phy_status(struct intel_chip *c)
{
	bool up = phy_link(c);
	uint16_t val = PHY_CAN;

	if (up && (c->phy[INTEL_PHY_CONTROL] & INTEL_PHY_CONTROL_AUTONEG))
		val |= INTEL_PHY_STATUS_AUTONEG_DONE;
	if (up && !c->link_lost)
		val |= INTEL_PHY_STATUS_LINK;
	c->link_lost = false;		/* latched low until it was read */
	return val;
}

/* The two PHYs count speeds alike, from 1 or from 0; the rest of the bits is theirs. */
static uint16_t phy_specific(const struct intel_chip *c)
{
	uint32_t speed = phy_speed(c);

	if (!phy_link(c))
		return 0;
	if (c->phy_id == INTEL_PHY_IGP)
		return (uint16_t)((speed + 1) << 14 | (phy_full(c) ? 0x0200 : 0) | 0x0400);
	return (uint16_t)(speed << 14 | (phy_full(c) ? 0x2000 : 0) | 0x0c00);
}

/* Registers from 16 on have pages; ours are those of page 0, the others read as 0. */
static bool phy_has(const struct intel_chip *c, unsigned int n)
{
	bool bm = c->phy_id == INTEL_PHY_BM;
	unsigned int at = bm ? BM_PAGE : IGP_PAGE;

	return n < 16 || n == at || !(bm ? c->phy[at] : c->phy[at] >> 5);
}

static uint16_t phy_get(struct intel_chip *c, unsigned int n)
{
	if (!phy_has(c, n))
		return 0;
	switch (n) {
	case INTEL_PHY_STATUS:
		return phy_status(c);
	case INTEL_PHY_PARTNER:
		return phy_link(c) ? PHY_PARTNER : 0;
	case INTEL_PHY_1000_STATUS:
		return phy_link(c) ? PHY_1000_GOOD : 0;
	case PHY_SPECIFIC:
		return phy_specific(c);
	}
	return c->phy[n];
}

static void phy_set(struct intel_chip *c, unsigned int n, uint16_t val)
{
	if (!phy_has(c, n))
		return;
	switch (n) {
	case INTEL_PHY_CONTROL:
		if (val & INTEL_PHY_CONTROL_RESET)
			phy_reset(c);
		else
			c->phy[n] = val & (uint16_t)~INTEL_PHY_CONTROL_RESTART;
		return;
	case INTEL_PHY_STATUS:
	case INTEL_PHY_ID1:
	case INTEL_PHY_ID2:
		return;
	}
	c->phy[n] = val;
}

static void mdic_set(struct intel_chip *c, uint32_t val)
{
	unsigned int n = LEAT_GET(INTEL_MDIC_REG, val);
	uint32_t op = LEAT_GET(INTEL_MDIC_OP, val);

	val = (val & ~INTEL_MDIC_ERROR) | INTEL_MDIC_READY;
	if (LEAT_GET(INTEL_MDIC_PHY, val) != 1)
		val |= INTEL_MDIC_ERROR;
	else if (op == INTEL_MDIC_OP_WRITE)
		phy_set(c, n, (uint16_t)val);
	else if (op == INTEL_MDIC_OP_READ)
		val = (val & ~INTEL_MDIC_DATA) | phy_get(c, n);
	else
		val |= INTEL_MDIC_ERROR;
	*reg(c, INTEL_MDIC) = val;
}

bool leat_intel_chip_link(struct intel_chip *c)
{
	bool up = phy_link(c) && (*reg(c, INTEL_CTRL) & INTEL_CTRL_SLU);

	if (!phy_link(c))
		c->link_lost = true;
	if (up == c->up)
		return false;
	c->up = up;
	return true;
}

static uint32_t status_get(const struct intel_chip *c)
{
	uint32_t ctrl = *reg(c, INTEL_CTRL), val = *reg(c, INTEL_STATUS);
	bool full = ctrl & INTEL_CTRL_FRCDPX ? ctrl & INTEL_CTRL_FD : phy_full(c);
	uint32_t speed = ctrl & INTEL_CTRL_FRCSPD ? LEAT_GET(INTEL_CTRL_SPEED, ctrl) : phy_speed(c);

	if (full)
		val |= INTEL_STATUS_FD;
	if (phy_link(c) && (ctrl & INTEL_CTRL_SLU))
		val |= INTEL_STATUS_LU;
	if (!(ctrl & INTEL_CTRL_MASTER_OFF))
		val |= INTEL_STATUS_MASTER;
	return val | LEAT_PUT(INTEL_STATUS_SPEED, speed);
}

/* ---- registers ---- */

void leat_intel_chip_reset(struct intel_chip *c, bool phy)
{
	const uint8_t *m = c->mac;

	if (phy)
		phy_reset(c);
	*reg(c, INTEL_CTRL) = INTEL_CTRL_FD;
	*reg(c, INTEL_STATUS) = INTEL_STATUS_PHYRA;
	*reg(c, INTEL_VET) = 0x8100;
	*reg(c, INTEL_MDIC) = INTEL_MDIC_READY;
	*reg(c, INTEL_RAL(0)) = (uint32_t)m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 |
				(uint32_t)m[3] << 24;
	*reg(c, INTEL_RAH(0)) = (uint32_t)m[4] | (uint32_t)m[5] << 8 | INTEL_RAH_AV;
	c->up = false;
	(void)leat_intel_chip_link(c);
}

static bool is_wide(uint32_t off)
{
	off &= ~UINT32_C(4);
	return off == INTEL_GORC || off == INTEL_GOTC || off == INTEL_TOR || off == INTEL_TOT;
}

/* Cleared by reading; of a pair the high half clears both. */
static uint32_t counter_get(struct intel_chip *c, uint32_t off)
{
	uint32_t val = *reg(c, off);

	if (is_wide(off) && !(off & 4))
		return val;
	*reg(c, off) = 0;
	if (is_wide(off))
		*reg(c, off - 4) = 0;
	return val;
}

uint32_t leat_intel_chip_get(struct intel_chip *c, uint32_t off)
{
	uint32_t val;

	if (off >= COUNTERS && off < COUNTERS_END)
		return counter_get(c, off);
	switch (off) {
	case CTRL_DUP:
		return *reg(c, INTEL_CTRL);
	case INTEL_STATUS:
		return status_get(c);
	case INTEL_EECD:
		return eecd_get(c);
	case INTEL_SWSM:
		val = *reg(c, off);
		*reg(c, off) |= INTEL_SWSM_SMBI;	/* who reads it as 0 has it */
		return val;
	}
	return *reg(c, off);
}

static void ctrl_set(struct intel_chip *c, uint32_t val)
{
	if (val & INTEL_CTRL_PHY_RST) {
		phy_reset(c);
		*reg(c, INTEL_STATUS) |= INTEL_STATUS_PHYRA;
	}
	*reg(c, INTEL_CTRL) = val & ~INTEL_CTRL_RST;
}

void leat_intel_chip_set(struct intel_chip *c, uint32_t off, uint32_t val)
{
	if (off >= COUNTERS && off < COUNTERS_END)
		return;
	switch (off) {
	case INTEL_CTRL:
	case CTRL_DUP:
		ctrl_set(c, val);
		return;
	case INTEL_STATUS:	/* PHYRA is for software to clear */
		*reg(c, off) &= val | ~INTEL_STATUS_PHYRA;
		return;
	case INTEL_EECD:
		*reg(c, off) = val & EECD_SOFTWARE;
		return;
	case INTEL_EERD:
		eerd_set(c, val);
		return;
	case INTEL_MDIC:
		mdic_set(c, val);
		return;
	case INTEL_FWSM:
		return;
	}
	*reg(c, off) = val;
}

/* ---- filters ---- */

static uint32_t ral(const struct intel_chip *c, unsigned int i)
{
	return i < 16 ? (uint32_t)INTEL_RAL(i) : c->ral2 + 8 * (i - 16);
}

static bool accepts_exact(const struct intel_chip *c, const uint8_t *p)
{
	uint32_t low = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		       (uint32_t)p[3] << 24;
	uint32_t high = (uint32_t)p[4] | (uint32_t)p[5] << 8;

	for (unsigned int i = 0; i < c->rars; i++) {
		uint32_t rah = *reg(c, ral(c, i) + 4);

		if ((rah & INTEL_RAH_AV) && (rah & 0xffff) == high && *reg(c, ral(c, i)) == low)
			return true;
	}
	return false;
}

/* RCTL.MO says which twelve of the last sixteen bits choose one of the table's. */
static bool accepts_multicast(const struct intel_chip *c, const uint8_t *p)
{
	static const unsigned int shift[] = { 4, 3, 2, 0 };
	uint32_t last = (uint32_t)p[4] | (uint32_t)p[5] << 8;
	uint32_t bit = last >> shift[LEAT_GET(INTEL_RCTL_MO, *reg(c, INTEL_RCTL))] & 0xfff;

	return *reg(c, INTEL_MTA(bit / 32)) >> bit % 32 & 1;
}

static bool accepts_address(const struct intel_chip *c, const uint8_t *p)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint32_t rctl = *reg(c, INTEL_RCTL);

	if (!memcmp(p, broadcast, sizeof(broadcast)) && (rctl & INTEL_RCTL_BAM))
		return true;
	if (p[0] & 1)
		return (rctl & INTEL_RCTL_MPE) || accepts_multicast(c, p) || accepts_exact(c, p);
	return (rctl & INTEL_RCTL_UPE) || accepts_exact(c, p);
}

bool leat_intel_chip_accepts(const struct intel_chip *c, const uint8_t *p,
			     const struct intel_frame *f)
{
	uint32_t vid = f->tag & 0xfff;

	if (f->tagged && (*reg(c, INTEL_RCTL) & INTEL_RCTL_VFE) &&
	    !(*reg(c, INTEL_VFTA(vid / 32)) >> vid % 32 & 1))
		return false;
	return accepts_address(c, p);
}

/* ---- counters ---- */

void leat_intel_chip_count(struct intel_chip *c, enum intel_reg counter, uint32_t n)
{
	uint32_t *r = reg(c, counter);
	uint64_t sum;

	if (!is_wide(counter)) {
		*r = n > UINT32_MAX - *r ? UINT32_MAX : *r + n;
		return;
	}
	sum = ((uint64_t)r[1] << 32 | r[0]) + n;
	r[0] = (uint32_t)sum;
	r[1] = (uint32_t)(sum >> 32);
}

/* Sizes with CRC: 64, to 127, 255, 511, 1023, longer; six registers in a row. */
static enum intel_reg size_class(enum intel_reg first, uint32_t len)
{
	uint32_t step = 0;

	for (uint32_t top = 64; step < 5 && len > (step ? top - 1 : top); top *= 2)
		step++;
	return (enum intel_reg)(first + 4 * step);
}

static bool is_broadcast(const uint8_t *p)
{
	return (p[0] & p[1] & p[2] & p[3] & p[4] & p[5]) == 0xff;
}

void leat_intel_chip_count_rx(struct intel_chip *c, const uint8_t *p, uint32_t len)
{
	leat_intel_chip_count(c, INTEL_GPRC, 1);
	leat_intel_chip_count(c, INTEL_TPR, 1);
	leat_intel_chip_count(c, INTEL_GORC, len + CRC_LEN);
	leat_intel_chip_count(c, INTEL_TOR, len + CRC_LEN);
	leat_intel_chip_count(c, size_class(INTEL_PRC64, len + CRC_LEN), 1);
	if (p[0] & 1)
		leat_intel_chip_count(c, is_broadcast(p) ? INTEL_BPRC : INTEL_MPRC, 1);
}

void leat_intel_chip_count_tx(struct intel_chip *c, const uint8_t *p, uint32_t len)
{
	leat_intel_chip_count(c, INTEL_GPTC, 1);
	leat_intel_chip_count(c, INTEL_TPT, 1);
	leat_intel_chip_count(c, INTEL_GOTC, len + CRC_LEN);
	leat_intel_chip_count(c, INTEL_TOT, len + CRC_LEN);
	leat_intel_chip_count(c, size_class(INTEL_PTC64, len + CRC_LEN), 1);
	if (p[0] & 1)
		leat_intel_chip_count(c, is_broadcast(p) ? INTEL_BPTC : INTEL_MPTC, 1);
}
