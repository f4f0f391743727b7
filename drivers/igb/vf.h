// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vf.h - the parts of the driver for the 82576's virtual functions. What a VF
 * has as its PF has it, queues and interrupts by queue, is igb.h's.
 *
 *   vf.c	the port: attach, configuration, start, stop, what it counts
 *   vf_filter.c	which frames the PF shall let through
 *   vf_mbx.c	the mailbox, the VF's end of it
 *   vf_irqs.c	interrupts, the link, a look now and then
 *
 * Control thread throughout.
 */
#ifndef LEAT_IGB_VF_H
#define LEAT_IGB_VF_H

#include "igb.h"

#define IGBVF_MACS   8			/* further addresses; the PF may allow less */
#define IGBVF_QUEUES IGB_VF_QUEUES

enum {
#define X(name, offset, bits, xstat) IGBVF_COUNT_##name,
	IGB_VF_COUNTERS(X)
#undef X
	IGBVF_COUNTS,
};

struct igbvf {
	struct igb	igb;		/* first: core's handle is in it */

	uint8_t		given[6];	/* the address we have unless the application wants another */

	/* vf_mbx.c */
	uint32_t	seen;		/* what reading cleared of V2PMAILBOX, and nobody has used */
	bool		lost;		/* the PF was reset, or forgot us: nothing works until it knows us again */
	bool		away;		/* it is being reset now */

	/* vf_filter.c: what the PF knows */
	uint8_t		own[6];		/* our address; zeros: none */
	uint8_t		macs[IGBVF_MACS][6];
	unsigned int	nmacs, nmcasts;
	uint32_t	promisc;	/* IGB_MSG_PROMISC_* */
	uint64_t	vids[4096 / 64];

	uint64_t	count[IGBVF_COUNTS];	/* since the port opened */
	uint32_t	last[IGBVF_COUNTS];	/* as read last: they wrap */
};

static inline struct igbvf *igbvf_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(igb_of(port), struct igbvf, igb);
}

/* ---- vf_mbx.c ---- */

/*
 * leat_igbvf_reset - the VF by its register, then the PF told of it, which answers with
 * the address that it has for us; all zeros: ours to choose. 0; -ETIMEDOUT it does not
 * answer, -EPROTO or -ENODEV, all logged.
 */
int leat_igbvf_reset(struct igbvf *v, uint8_t mac[6]);
/*
 * leat_igbvf_ask - @n words to the PF, @msg[0] holding the kind, and its agreement. 0;
 * -EPERM it refuses, not logged; otherwise as leat_igbvf_reset(). A PF that has forgotten us
 * refuses all, which is noted in v->lost.
 */
int leat_igbvf_ask(struct igbvf *v, const uint32_t *msg, unsigned int n);
/* What the PF says of its own accord; without waiting. Sets v->lost, v->away. */
void leat_igbvf_listen(struct igbvf *v);

/* ---- vf_filter.c ---- */

/* After a reset the PF knows of nothing but the address it gave us. */
void leat_igbvf_filter_forget(struct igbvf *v, const uint8_t own[6]);
/* As leat_driver.filter, on a VF that the PF knows. 0; -EPERM, logged, or as leat_igbvf_ask(). */
int leat_igbvf_filter(struct leat_port *port);

/* ---- vf_irqs.c ---- */

int leat_igbvf_irqs_open(struct igbvf *v);
/* As leat_igb_irqs_on(), of a struct igbvf's. */
int leat_igbvf_irqs_on(struct igb *g);
void leat_igbvf_irqs_off(struct igb *g);
int leat_igbvf_watch(struct igbvf *v);
void leat_igbvf_unwatch(struct igbvf *v);
/* Add up what the device counts, from begin on. */
void leat_igbvf_counters_begin(struct igbvf *v);
void leat_igbvf_counters_read(struct igbvf *v);

#endif
