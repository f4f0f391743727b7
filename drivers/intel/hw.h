// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/hw.h - what the drivers of Intel's gigabit controllers share: access to
 * registers, NVM, PHY, address filters, counters, RSS. Control thread throughout,
 * but for intel_read() and intel_write().
 */
#ifndef INTEL_HW_H
#define INTEL_HW_H

#include "regs.h"

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>

enum {
#define X(name, offset, bits, xstat) INTEL_COUNT_##name,
	INTEL_COUNTERS(X)
#undef X
	INTEL_COUNTS,
};

/* Drivers embed it in their port. */
struct intel_hw {
	struct leat_mmio regs;
	struct leat_port *port;
	unsigned int	rars;		/* receive address registers, the first of them the port's */
	uint32_t	rah_more;	/* bits that go with an address */
	const uint32_t	*mta_more, *vfta_more;	/* what others want of those tables; NULL: nothing */
	uint32_t	nvm_len;	/* bytes */
	bool		identifies;	/* by its LEDs, which were so before: */
	uint32_t	leds;
	uint32_t	pause_high, pause_low;	/* bytes in the packet buffer: send XOFF, send XON */

	/* Take the PHY from the firmware and other functions, and give it back. May be NULL. */
	int	(*phy_lock)(struct intel_hw *hw);
	void	(*phy_unlock)(struct intel_hw *hw);

	uint64_t	count[INTEL_COUNTS];	/* since the port opened */
};

static inline uint32_t intel_read(const struct intel_hw *hw, uint32_t reg)
{
	return leat_mmio_read32(&hw->regs, reg);
}

static inline void intel_write(const struct intel_hw *hw, uint32_t reg, uint32_t val)
{
	leat_mmio_write32(&hw->regs, reg, val);
}

static inline void intel_update(const struct intel_hw *hw, uint32_t reg, uint32_t clear, uint32_t set)
{
	intel_write(hw, reg, (intel_read(hw, reg) & ~clear) | set);
}

/* Has what was written arrived? Posted writes are behind any read. */
static inline void intel_flush(const struct intel_hw *hw)
{
	(void)intel_read(hw, INTEL_STATUS);
}

/* ---- nvm.c: EERD; 82574 10.2.2.4, 82576 8.2.4 ---- */

/* 0; -ETIMEDOUT or -ENODEV, logged. */
int leat_intel_nvm_word(const struct intel_hw *hw, unsigned int word, uint16_t *out);
/* As leat_driver.nvm. */
/* ---- identity.c: as leat_driver.firmware, .identify ---- */

int leat_intel_firmware(const struct intel_hw *hw, char *buf, size_t size);
void leat_intel_identify(struct intel_hw *hw, bool on);

int leat_intel_nvm_read(const struct intel_hw *hw, uint32_t off, void *buf, size_t len);
/* Does the checksum over the first 64 words hold? 0, -EBADMSG, or as leat_intel_nvm_word(). Logs no -EBADMSG. */
int leat_intel_nvm_check(const struct intel_hw *hw);
/* The address that the NVM put into the first receive address at reset; -EPROTO, logged: it is none. */
int leat_intel_mac_read(const struct intel_hw *hw, uint8_t mac[6]);

/* ---- phy.c: MDIC; 82574 10.2.2.7, 82576 8.2.5 ---- */

/* 0; -ETIMEDOUT, -EIO (the PHY said so) or -ENODEV, logged. */
int leat_intel_phy_read(struct intel_hw *hw, unsigned int reg, uint16_t *out);
int leat_intel_phy_write(struct intel_hw *hw, unsigned int reg, uint16_t val);

/* ---- link.c ---- */

/*
 * leat_intel_link_setup - what port->cfg and port->link_down ask: negotiated or forced,
 * with which pause frames, or down. 0 or as leat_intel_phy_write(); -EINVAL a speed that
 * there is not, logged.
 */
int leat_intel_link_setup(struct intel_hw *hw);
/* From STATUS, a mere look. */
void leat_intel_link_read(const struct intel_hw *hw, struct leat_link *out);
/* Once the link is up: pause frames as both ends agreed (IEEE 802.3, 28B.3). */
void leat_intel_flow_ctrl_settle(struct intel_hw *hw);

/* ---- filter.c: 82574 7.1.1, 82576 7.1.1 ---- */

/*
 * Addresses, multicast and VLAN tables as port->filter and port->mac say. Returns the
 * bits of RCTL (of INTEL_RCTL_FILTERS) that go with them.
 */
#define INTEL_RCTL_FILTERS (INTEL_RCTL_UPE | INTEL_RCTL_MPE | INTEL_RCTL_VFE)
uint32_t leat_intel_filter_write(const struct intel_hw *hw);
/* Which bit of the multicast table an address falls on, 0 to 4095, with RCTL.MO 0. */
unsigned int leat_intel_mcast_bit(const uint8_t mac[6]);

/* ---- stats.c ---- */

/* Read, and thereby clear, all counters into hw->count. */
void leat_intel_counters_read(struct intel_hw *hw);
/* Forget what was counted before us. */
void leat_intel_counters_clear(struct intel_hw *hw);
/* Add to @out what only the device knows: missed, errors. */
void leat_intel_stats(struct intel_hw *hw, struct leat_stats *out);
/* As leat_driver.xstats. */
unsigned int leat_intel_xstats(struct intel_hw *hw, struct leat_xstat *out, unsigned int n);

/* ---- rss.c ---- */

/* The key, and the table, each entry's queue shifted left by @shift. */
void leat_intel_rss_write(const struct intel_hw *hw, unsigned int shift);

/* ---- headers.c ---- */

struct intel_headers {
	uint16_t	l3, l4;		/* where they begin */
	uint32_t	end;		/* where IP says that the packet ends */
	uint8_t		protocol;	/* of l4 */
	bool		ipv6;
};

/*
 * leat_intel_headers - the headers of a packet, behind any tags. False: it is no IP
 * packet, a later fragment of one, or its headers do not lie in the first segment.
 * IPv6's extension headers count as l4. Any thread.
 */
bool leat_intel_headers(const struct leat_pkt *pkt, struct intel_headers *out);

/* ---- tso.c ---- */

struct intel_tso {
	uint16_t	l3, l4, hdr_len;	/* where the headers begin, where they end */
	bool		ipv6;
};

/*
 * leat_intel_tso - have the headers of a LEAT_PKT_TSO packet as Intel's controllers want
 * them: no lengths in IP's, and so none in TCP's pseudo header (82574 7.3.6, 82576
 * 7.2.4). Doing it twice is doing it once. False: it is no TCP packet that can be cut,
 * or its headers do not lie in the first segment, or are shared. Any thread.
 */
bool leat_intel_tso(struct leat_pkt *pkt, struct intel_tso *out);

/* ---- page.c ---- */

/*
 * leat_intel_page_mask - the offset bits of the pages that a transmit descriptor must
 * not leave. The chips need none of this; QEMU's models of them map each descriptor's
 * buffer in one piece, and silently drop the frame if the IOMMU has it in two.
 */
uint64_t leat_intel_page_mask(const struct leat_port *port);

/* Do @len bytes (not 0) from @iova on lie in two pages? */
static inline bool intel_crosses(uint64_t page_mask, leat_iova_t iova, uint32_t len)
{
	return (iova ^ (iova + len - 1)) & ~page_mask;
}

/* ---- dump.c ---- */

struct intel_reg_info {
	const char	*name;
	uint32_t	off;
	const char	*access;	/* "RW", "RO", "WO", "RC" */
};

/* The RW and RO registers of the common table and of the family's own, as leat_driver.regs. */
unsigned int leat_intel_regs_dump(const struct intel_hw *hw, const struct intel_reg_info *own,
			     unsigned int nown, struct leat_reg *out, unsigned int n);

/* Of @regs alone, after the @at that came before. Returns how many there are now. */
unsigned int leat_intel_regs_add(const struct intel_hw *hw, const struct intel_reg_info *regs,
				 unsigned int nregs, struct leat_reg *out, unsigned int n,
				 unsigned int at);

/*
 * Those of one queue, which lie @stride bytes from those of the queue before it, after the
 * @at that came before. Returns how many there are now.
 */
unsigned int leat_intel_queue_dump(const struct intel_hw *hw, const struct intel_reg_info *regs,
				   unsigned int nregs, unsigned int queue, uint32_t stride,
				   struct leat_reg *out, unsigned int n, unsigned int at);

/* ---- selftest.c: each fills in one result ---- */

void leat_intel_verdict(struct leat_self_test *out, const char *name, enum leat_verdict verdict,
			const char *why, ...) LEAT_PRINTF(4, 5);

struct intel_reg_mask {
	uint32_t	off, mask;	/* bits that keep what is written */
};

/* Leaves the registers changed: reset the device. */
void leat_intel_test_registers(const struct intel_hw *hw, const struct intel_reg_mask *regs,
			       unsigned int n, struct leat_self_test *out);
/* Starts and stops the port meanwhile. */
void leat_intel_test_loopback(struct intel_hw *hw, struct leat_self_test *out);

#endif
