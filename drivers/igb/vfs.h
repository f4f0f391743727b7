// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vfs.h - what a PF does for its virtual functions (82576 sections 7.8.2 and 7.10).
 *
 * With VFs the device sorts frames into pools of two queues each: VF n has pool n, with the
 * queues n and n + 8, and the port the first one behind them. Which frames a pool takes is
 * told by addresses (RAH), VLANs (VLVF) and VMOLR. Frames between pools are switched inside
 * the device; a VF sends from its own addresses and to its own VLANs only.
 *
 * Control thread throughout.
 */
#ifndef LEAT_IGB_VFS_H
#define LEAT_IGB_VFS_H

#include "regs.h"

#include <leat/driver/driver.h>

#include <stdbool.h>
#include <stdint.h>

#define IGB_VFS_MAX 7			/* the eighth pool is the port's */
#define IGB_PF_RARS 8			/* receive addresses that stay the port's */

struct igb;

/* What a VF has been allowed. */
struct igb_vf {
	bool		clear;		/* it was reset and has said so: it may ask */
	bool		unread;		/* the last answer */
	bool		news;		/* to be told when it has read that */
	bool		spread;		/* by RSS, over both queues */
	bool		allmulti;
	bool		spoofed;	/* told once a start */
	uint32_t	frame_max;	/* CRC included */
	unsigned int	nhashes;
	uint16_t	hash[IGB_MSG_HASHES];
};

/* A receive address; the first one of a VF is its own. */
struct igb_vf_mac {
	bool		used;
	uint8_t		vf;
	uint8_t		mac[6];
};

struct igb_vfs {
	unsigned int	n;		/* VFs that there are; 0: no pools */
	struct igb_vf	vf[IGB_VFS_MAX];
	struct igb_vf_mac mac[IGB_RARS - IGB_PF_RARS];	/* VF i's own is mac[i] */
	uint16_t	vid[IGB_VLVFS];
	uint8_t		vid_pools[IGB_VLVFS];	/* VFs in that VLAN; 0: free */
	uint32_t	mta[INTEL_MTA_SIZE], vfta[INTEL_VFTA_SIZE];	/* what they want of the tables */
	struct leat_watch watch;	/* where no interrupt tells of the mailbox */
};

/* ---- vfs.c: all but the first two for a port with VFs (n not 0) ---- */

/* How many VFs the device has now; more than IGB_VFS_MAX is possible. */
unsigned int leat_igb_vfs_count(const struct igb *g);
/*
 * leat_igb_vfs_begin - on a device that was reset: pools, if there are VFs, which are told
 * nothing yet. Settles where the port's queues are. 0; -ENOTSUP, logged, if the port's
 * configuration leaves no room for them.
 */
int leat_igb_vfs_begin(struct igb *g);
/*
 * leat_igb_vfs_filter - pools and their VLANs as port->filter and the VFs want, and into
 * mta and vfta what the VFs want of those. 0; -ENOSPC, logged: too much is wanted.
 */
int leat_igb_vfs_filter(struct igb *g);
/* The port runs, or ends: VFs hear of it, and while it does not run they are cut off. */
void leat_igb_vfs_go(struct igb *g);
void leat_igb_vfs_halt(struct igb *g);
/* A VF was reset: it has nothing any more. */
void leat_igb_vf_forget(struct igb *g, unsigned int vf);
/* Its queues may run, or not; @mac has its address, which is zeros if it has none. */
void leat_igb_vf_enable(struct igb *g, unsigned int vf);
const uint8_t *leat_igb_vf_mac(const struct igb *g, unsigned int vf);
/* What a VF asks for, from @msg[0] on. Does it get it? */
bool leat_igb_vf_obey(struct igb *g, unsigned int vf, const uint32_t *msg);
/* Has one sent what is not its own? */
void leat_igb_vfs_look(struct igb *g);

/* ---- mbx.c ---- */

/* Whatever VFs have said, or that they were reset. */
void leat_igb_mbx_serve(struct igb *g);
/* Tell all that there is news: the link, or that the port goes. Who has not read an answer is told later. */
void leat_igb_mbx_ping(struct igb *g);

#endif
