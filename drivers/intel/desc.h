// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/desc.h - what the descriptors of Intel's gigabit controllers have in common.
 *
 * The 82574 calls them extended (7.1.5, 7.2.10), the 82576 advanced (7.1.5, 7.2.2); who
 * writes what where is the same, and so are the bits here. The others, and the contexts,
 * are in the families' regs.h.
 */
#ifndef INTEL_DESC_H
#define INTEL_DESC_H

#include <leat/bits.h>
#include <leat/compiler.h>
#include <leat/endian.h>

#include <stddef.h>

/* clang-format off */

/* Receive descriptor: we write addr and zero, the device all of it. */
struct intel_rxd_read {
	leat_le64	addr;
	leat_le64	zero;			/* where status comes to lie */
};

struct intel_rxd_done {
	leat_le32	info;			/* INTEL_RXD_RSS_TYPE; more on the 82576 */
	leat_le32	hash;			/* RSS; or IP id and fragment checksum */
	leat_le32	status;			/* INTEL_RXD_*, read it first */
	leat_le16	len;
	leat_le16	vlan;
};

union intel_rxd {
	struct intel_rxd_read read;
	struct intel_rxd_done done;
};
LEAT_STATIC_ASSERT(sizeof(union intel_rxd) == 16, "hardware layout");
LEAT_STATIC_ASSERT(offsetof(struct intel_rxd_done, status) == 8, "hardware layout");

#define INTEL_RXD_RSS_TYPE	LEAT_MASK(3, 0)		/* info: what hash is of; 0: no hash */
#define INTEL_RXD_DD		LEAT_BIT(0)		/* done */
#define INTEL_RXD_EOP		LEAT_BIT(1)		/* the frame ends here */
#define INTEL_RXD_VP		LEAT_BIT(3)		/* a tag was taken off */
#define INTEL_RXD_UDPCS		LEAT_BIT(4)		/* the checksum of UDP was looked at */
#define INTEL_RXD_L4CS		LEAT_BIT(5)		/* of TCP or UDP; 82576: or SCTP's CRC */
#define INTEL_RXD_IPCS		LEAT_BIT(6)		/* of IP */
#define INTEL_RXD_L4E		LEAT_BIT(29)		/* checksum or CRC wrong */
#define INTEL_RXD_IPE		LEAT_BIT(30)		/* of IP wrong */
#define INTEL_RXD_RXE		LEAT_BIT(31)		/* receive error */

/* Data descriptor to send. */
struct intel_txd {
	leat_le64	addr;
	leat_le32	cmd;			/* length and INTEL_TXD_* */
	leat_le32	status;			/* for us INTEL_TXD_DONE; for the device options */
};
LEAT_STATIC_ASSERT(sizeof(struct intel_txd) == 16, "hardware layout");

#define INTEL_TXD_TYPE		LEAT_MASK(23, 20)	/* data or context: the family's */
#define INTEL_TXD_EOP		LEAT_BIT(24)
#define INTEL_TXD_IFCS		LEAT_BIT(25)		/* append the CRC */
#define INTEL_TXD_RS		LEAT_BIT(27)		/* report status */
#define INTEL_TXD_DEXT		LEAT_BIT(29)		/* no legacy descriptor */
#define INTEL_TXD_VLE		LEAT_BIT(30)		/* put the tag in */

#define INTEL_TXD_DONE		LEAT_BIT(0)		/* status: DD */
#define INTEL_TXD_IXSM		LEAT_BIT(8)		/* status: insert IP's checksum */
#define INTEL_TXD_TXSM		LEAT_BIT(9)		/* status: and that behind it */

/* clang-format on */

#endif
