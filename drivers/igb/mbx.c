// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/mbx.c - the PF's end of the mailboxes (82576 sections 7.8.2.9 and 8.14): questions of
 * VFs are answered, and they are told when something changes. vf_mbx.c is the other end.
 */
#include "igb.h"

#include <string.h>

#define TRIES 10			/* a VF that keeps the memory is asked another time */

static bool take(struct igb *g, unsigned int vf)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		intel_write(&g->hw, IGB_PFMAILBOX(vf), IGB_PFMAILBOX_PFU);
		if (intel_read(&g->hw, IGB_PFMAILBOX(vf)) & IGB_PFMAILBOX_PFU)
			return true;
	}
	return false;
}

static bool hear(struct igb *g, unsigned int vf, uint32_t *msg)
{
	if (!take(g, vf))
		return false;
	for (unsigned int i = 0; i < IGB_MSG_WORDS; i++)
		msg[i] = intel_read(&g->hw, IGB_VMBMEM(vf) + 4 * i);
	intel_write(&g->hw, IGB_PFMAILBOX(vf), IGB_PFMAILBOX_ACK);
	return true;
}

/* A VF that does not let go of the memory hears nothing: it asks again, or is reset. */
static void say(struct igb *g, unsigned int vf, const uint32_t *msg, unsigned int n)
{
	if (!take(g, vf))
		return;
	for (unsigned int i = 0; i < n; i++)
		intel_write(&g->hw, IGB_VMBMEM(vf) + 4 * i, msg[i]);
	intel_write(&g->hw, IGB_PFMAILBOX(vf), IGB_PFMAILBOX_STS);
	g->vfs.vf[vf].unread = true;
}

/* There is one memory for both ends: a question or an answer that waits in it goes before news. */
static void tell(struct igb *g, unsigned int vf)
{
	struct igb_vf *v = &g->vfs.vf[vf];
	uint32_t msg = IGB_MSG_CONTROL | (v->clear ? IGB_MSG_CTS : 0);

	if (!v->news || v->unread || !take(g, vf))
		return;
	if (intel_read(&g->hw, IGB_MBVFICR) & IGB_MBVFICR_REQ(vf)) {
		intel_write(&g->hw, IGB_PFMAILBOX(vf), 0);
		return;
	}
	say(g, vf, &msg, 1);
	v->news = v->unread = false;		/* newer news may be written over it */
}

/* The VF is reset and says so: it gets its address. */
static void welcome(struct igb *g, unsigned int vf)
{
	const uint8_t *mac = leat_igb_vf_mac(g, vf);
	uint32_t msg[3] = { IGB_MSG_RESET | IGB_MSG_ACK };

	leat_igb_vf_forget(g, vf);
	leat_igb_vf_enable(g, vf);
	for (unsigned int i = 0; i < 6; i++)
		msg[1 + i / 4] |= (uint32_t)mac[i] << 8 * (i % 4);
	say(g, vf, msg, LEAT_ARRAY_LEN(msg));
}

static void answer(struct igb *g, unsigned int vf)
{
	uint32_t msg[IGB_MSG_WORDS];

	if (!hear(g, vf, msg))
		return;
	intel_write(&g->hw, IGB_MBVFICR, IGB_MBVFICR_REQ(vf));
	if (msg[0] & (IGB_MSG_ACK | IGB_MSG_NACK))
		return;			/* no question */
	if ((msg[0] & IGB_MSG_KIND) == IGB_MSG_RESET) {
		welcome(g, vf);
		return;
	}
	msg[0] &= ~IGB_MSG_CTS;
	if (g->vfs.vf[vf].clear)
		msg[0] |= IGB_MSG_CTS | (leat_igb_vf_obey(g, vf, msg) ? IGB_MSG_ACK : IGB_MSG_NACK);
	else
		msg[0] |= IGB_MSG_NACK;
	say(g, vf, msg, 1);
}

void leat_igb_mbx_serve(struct igb *g)
{
	uint32_t resets = intel_read(&g->hw, IGB_VFLRE), said = intel_read(&g->hw, IGB_MBVFICR);

	if (resets == UINT32_MAX)
		return;			/* gone */
	for (unsigned int vf = 0; vf < g->vfs.n; vf++) {
		if (resets & LEAT_BIT(vf)) {
			intel_write(&g->hw, IGB_VFLRE, LEAT_BIT(vf));
			leat_igb_vf_forget(g, vf);
		}
		if ((resets & LEAT_BIT(vf)) || (said & (IGB_MBVFICR_REQ(vf) | IGB_MBVFICR_ACK(vf))))
			g->vfs.vf[vf].unread = false;
		if (said & IGB_MBVFICR_ACK(vf))
			intel_write(&g->hw, IGB_MBVFICR, IGB_MBVFICR_ACK(vf));
		if (said & IGB_MBVFICR_REQ(vf))
			answer(g, vf);
		tell(g, vf);
	}
}

void leat_igb_mbx_ping(struct igb *g)
{
	for (unsigned int vf = 0; vf < g->vfs.n; vf++)
		g->vfs.vf[vf].news = true;
	if (g->vfs.n)
		leat_igb_mbx_serve(g);
}
