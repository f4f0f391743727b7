// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vf_filter.c - addresses, multicasts and VLANs of a virtual function: all by asking
 * its PF, which has the filters and may refuse.
 *
 * A PF lets tagged frames through only of VLANs that the VF named, whether the VF filters
 * or not, and multicasts by a hash of 12 bits or all of them.
 */
#include "vf.h"

#include <errno.h>
#include <string.h>

void leat_igbvf_filter_forget(struct igbvf *v, const uint8_t own[6])
{
	memcpy(v->own, own, sizeof(v->own));
	memset(v->vids, 0, sizeof(v->vids));
	v->nmacs = v->nmcasts = 0;
	v->promisc = 0;
}

/* The PF's no, in words. */
static int refused(const struct igbvf *v, int err, const char *what)
{
	if (err != -EPERM)
		return err;
	return leat_fail(v->igb.port.ctx, err, "%s: its physical function %s: ask its administrator, "
			 "or stop and start the port", v->igb.port.name,
			 v->lost ? "has forgotten it" : what);
}

static int ask_mac(struct igbvf *v, uint32_t info, const uint8_t mac[6])
{
	uint32_t msg[3] = { IGB_MSG_MAC | LEAT_PUT(IGB_MSG_INFO, info) };

	for (unsigned int i = 0; i < 6; i++)
		msg[1 + i / 4] |= (uint32_t)mac[i] << 8 * (i % 4);
	return leat_igbvf_ask(v, msg, LEAT_ARRAY_LEN(msg));
}

/* An address that the PF's administrator chose may not even be named again. */
static int set_own(struct igbvf *v)
{
	const uint8_t *mac = v->igb.port.mac;
	int err = 0;

	if (memcmp(v->own, mac, sizeof(v->own)))
		err = refused(v, ask_mac(v, IGB_MSG_MAC_OWN, mac), "does not let it have that address");
	if (!err)
		memcpy(v->own, mac, sizeof(v->own));
	return err;
}

static int set_macs(struct igbvf *v)
{
	const struct leat_filter *f = &v->igb.port.filter;
	int err = 0;

	if (v->nmacs == f->nmacs && !memcmp(v->macs, f->mac, v->nmacs * sizeof(v->macs[0])))
		return 0;
	if (v->nmacs)
		err = ask_mac(v, IGB_MSG_MAC_CLEAR, v->own);
	for (v->nmacs = 0; !err && v->nmacs < f->nmacs; v->nmacs += !err) {
		memcpy(v->macs[v->nmacs], f->mac[v->nmacs], sizeof(v->macs[0]));
		err = ask_mac(v, IGB_MSG_MAC_ADD, f->mac[v->nmacs]);
	}
	return refused(v, err, "does not let it have that many addresses");
}

/*
 * Everything is what no PF of the kernel's allows. A port that asked for it beforehand
 * starts with less; who asks a running one is refused.
 */
static int set_promisc(struct igbvf *v)
{
	const struct leat_port *port = &v->igb.port;
	const struct leat_filter *f = &port->filter;
	uint32_t want = (f->promisc ? IGB_MSG_PROMISC_UNICAST | IGB_MSG_PROMISC_MULTI : 0) |
			(f->allmulti ? IGB_MSG_PROMISC_MULTI : 0);
	uint32_t msg = IGB_MSG_PROMISC | LEAT_PUT(IGB_MSG_INFO, want);
	int err;

	if (want == v->promisc)
		return 0;
	v->promisc = want;		/* refused, it may hold in part */
	err = leat_igbvf_ask(v, &msg, 1);
	if (err != -EPERM || port->started || v->lost)
		return refused(v, err, "does not let it hear everything");
	leat_log(port->ctx, LEAT_LOG_WARNING, "%s: its physical function does not let it hear "
		 "everything: what comes is for its own addresses", port->name);
	return 0;
}

/* By their hashes; behind set_promisc(), for all multicasts may end a list. */
static int set_multicasts(struct igbvf *v)
{
	const struct leat_filter *f = &v->igb.port.filter;
	uint32_t msg[IGB_MSG_WORDS] = { IGB_MSG_MULTICAST |
					LEAT_PUT(IGB_MSG_INFO, (uint32_t)f->nmcasts) };

	if (!f->nmcasts && !v->nmcasts)
		return 0;
	for (unsigned int i = 0; i < f->nmcasts; i++)
		msg[1 + i / 2] |= leat_intel_mcast_bit(f->mcast[i]) << 16 * (i % 2);
	v->nmcasts = f->nmcasts;
	return refused(v, leat_igbvf_ask(v, msg, LEAT_ARRAY_LEN(msg)),
		       "does not let it have multicasts");
}

static int set_vlan(struct igbvf *v, unsigned int vid, bool on)
{
	const uint32_t msg[2] = { IGB_MSG_VLAN | LEAT_PUT(IGB_MSG_INFO, (uint32_t)on), vid };
	int err = refused(v, leat_igbvf_ask(v, msg, LEAT_ARRAY_LEN(msg)),
			  "does not let it into that VLAN");

	if (!err)
		v->vids[vid / 64] ^= UINT64_C(1) << vid % 64;
	return err;
}

static int set_vlans(struct igbvf *v)
{
	const uint64_t *want = v->igb.port.filter.vids;
	int err = 0;

	for (unsigned int vid = 0; vid < 4096 && !err; vid++) {
		uint64_t bit = UINT64_C(1) << vid % 64;

		if ((want[vid / 64] ^ v->vids[vid / 64]) & bit)
			err = set_vlan(v, vid, want[vid / 64] & bit);
	}
	return err;
}

int leat_igbvf_filter(struct leat_port *port)
{
	struct igbvf *v = igbvf_of(port);
	int err = set_own(v);

	if (!err)
		err = set_macs(v);
	if (!err)
		err = set_promisc(v);
	if (!err)
		err = set_multicasts(v);
	if (!err)
		err = set_vlans(v);
	return err;
}
