// SPDX-License-Identifier: BSD-3-Clause
/*
 * filter.c - which frames a port takes: kept here, checked against what the device
 * can, followed by the driver as a whole. A change that fails is taken back.
 */
#include <leat/driver/driver.h>

#include <leat/bits.h>

#include <errno.h>
#include <string.h>

#define MULTICAST 0x01		/* in an address's first byte */

/* What a change may touch. */
struct wish {
	struct leat_filter filter;
	uint8_t		mac[6];
};

static struct wish now(const struct leat_port *port)
{
	struct wish w = { .filter = port->filter };

	memcpy(w.mac, port->mac, sizeof(w.mac));
	return w;
}

static void put(struct leat_port *port, const struct wish *w)
{
	port->filter = w->filter;
	memcpy(port->mac, w->mac, sizeof(port->mac));
}

/* A stopped port follows when it starts. */
static int apply(struct leat_port *port, const struct wish *w)
{
	struct wish old = now(port);
	int err;

	put(port, w);
	if (!port->started)
		return 0;
	err = port->drv->filter(port);
	if (err) {
		put(port, &old);
		(void)port->drv->filter(port);
	}
	return err;
}

static bool can(const struct leat_port *port, uint32_t cap)
{
	return port->drv->filter && (port->caps.flags & cap);
}

static int refuse(struct leat_port *port, const char *what)
{
	bool filters = can(port, LEAT_CAP_FILTER);

	return leat_fail(port->ctx, -ENOTSUP, "%s: %s: the device cannot%s; look at them after leat_rx()",
			 port->name, what, filters ? "" : " and takes every frame");
}

static int take_all(struct leat_port *port, const char *what, size_t flag, bool on)
{
	struct wish w = now(port);

	if (!can(port, LEAT_CAP_FILTER))
		return on ? 0 : refuse(port, what);
	*(bool *)((char *)&w.filter + flag) = on;
	return apply(port, &w);
}

int leat_port_promisc(struct leat_port *port, bool on)
{
	return take_all(port, "leave promiscuous mode", offsetof(struct leat_filter, promisc), on);
}

int leat_port_allmulti(struct leat_port *port, bool on)
{
	return take_all(port, "filter multicasts", offsetof(struct leat_filter, allmulti), on);
}

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !memcmp(mac, zero, sizeof(zero));
}

static int check_unicast(struct leat_port *port, const uint8_t mac[6])
{
	if (!(mac[0] & MULTICAST) && !is_zero(mac))
		return 0;
	return leat_fail(port->ctx, -EINVAL, "%s: address %02x:%02x:%02x:%02x:%02x:%02x: it is not "
			 "one of a station (its first byte is odd, or all is zero)", port->name,
			 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

int leat_port_mac_set(struct leat_port *port, const uint8_t mac[6])
{
	struct wish w = now(port);
	int err = check_unicast(port, mac);

	if (err)
		return err;
	if (!can(port, LEAT_CAP_FILTER))
		return refuse(port, "change its address");
	memcpy(w.mac, mac, sizeof(w.mac));
	return apply(port, &w);
}

/* Where @mac stands among the further addresses; their number if it does not. */
static unsigned int find(const struct leat_filter *f, const uint8_t mac[6])
{
	unsigned int i = 0;

	while (i < f->nmacs && memcmp(f->mac[i], mac, 6))
		i++;
	return i;
}

static unsigned int most(unsigned int device, unsigned int ours)
{
	return LEAT_MIN(device, ours);
}

int leat_port_mac_add(struct leat_port *port, const uint8_t mac[6])
{
	unsigned int max = most(port->caps.max_macs, LEAT_FILTER_MACS);
	struct wish w = now(port);
	int err = check_unicast(port, mac);

	if (err)
		return err;
	if (!can(port, LEAT_CAP_FILTER))
		return refuse(port, "filter by further addresses");
	if (find(&w.filter, mac) < w.filter.nmacs || !memcmp(mac, w.mac, 6))
		return 0;
	if (w.filter.nmacs >= max)
		return leat_fail(port->ctx, -ENOSPC, "%s: %u addresses besides its own asked for, "
				 "the device has room for %u; use promiscuous mode", port->name,
				 w.filter.nmacs + 1u, max);
	memcpy(w.filter.mac[w.filter.nmacs++], mac, 6);
	return apply(port, &w);
}

int leat_port_mac_remove(struct leat_port *port, const uint8_t mac[6])
{
	struct wish w = now(port);
	unsigned int i = find(&w.filter, mac);

	if (i == w.filter.nmacs)
		return 0;
	w.filter.nmacs--;
	memmove(w.filter.mac[i], w.filter.mac[i + 1], 6 * (size_t)(w.filter.nmacs - i));
	return apply(port, &w);
}

int leat_port_mcast(struct leat_port *port, const uint8_t (*macs)[6], unsigned int n)
{
	unsigned int max = most(port->caps.max_mcasts, LEAT_FILTER_MCASTS);
	struct wish w = now(port);

	if (!can(port, LEAT_CAP_FILTER))
		return n ? 0 : refuse(port, "filter multicasts");
	if (n > max)
		return leat_fail(port->ctx, -ENOSPC, "%s: %u multicast addresses asked for, the "
				 "device has room for %u; use leat_port_allmulti()", port->name, n,
				 max);
	for (unsigned int i = 0; i < n; i++) {
		if (!(macs[i][0] & MULTICAST))
			return leat_fail(port->ctx, -EINVAL, "%s: multicast address %u: its first "
					 "byte is even: it is one station's", port->name, i);
		memcpy(w.filter.mcast[i], macs[i], 6);
	}
	w.filter.nmcasts = (uint16_t)n;
	return apply(port, &w);
}

int leat_port_vlan_filter(struct leat_port *port, bool on)
{
	struct wish w = now(port);

	if (!can(port, LEAT_CAP_VLAN_FILTER))
		return on ? refuse(port, "filter by VLAN") : 0;
	w.filter.vlan = on;
	return apply(port, &w);
}

int leat_port_vlan(struct leat_port *port, uint16_t vid, bool on)
{
	struct wish w = now(port);
	uint64_t bit = LEAT_BIT64(vid % 64);

	if (vid >= 4096)
		return leat_fail(port->ctx, -EINVAL, "%s: VLAN %u: there are 0 to 4095",
				 port->name, vid);
	if (!can(port, LEAT_CAP_VLAN_FILTER))
		return refuse(port, "filter by VLAN");
	if (on)
		w.filter.vids[vid / 64] |= bit;
	else
		w.filter.vids[vid / 64] &= ~bit;
	return apply(port, &w);
}

/* Where @type stands; their number if it does not. */
static unsigned int find_ethertype(const struct leat_filter *f, uint16_t type)
{
	unsigned int i = 0;

	while (i < f->nethertypes && f->ethertype[i].type != type)
		i++;
	return i;
}

int leat_port_ethertype(struct leat_port *port, uint16_t type, int rxq)
{
	unsigned int max = most(port->caps.max_ethertypes, LEAT_FILTER_ETHERTYPES), i;
	int rxqs = LEAT_MIN(port->cfg.rxqs, port->caps.ethertype_rxqs);
	struct wish w = now(port);
	struct leat_filter *f = &w.filter;

	if (!port->drv->filter || !max)
		return refuse(port, "sort frames by EtherType");
	if (type < 0x600 || rxq >= rxqs)
		return leat_fail(port->ctx, -EINVAL, "%s: EtherType 0x%04x to receive queue %d: types are "
				 "0x0600 and up, queues 0 to %d", port->name, type, rxq, rxqs - 1);
	i = find_ethertype(f, type);
	if (rxq < 0) {
		if (i == f->nethertypes)
			return 0;
		f->ethertype[i] = f->ethertype[--f->nethertypes];
		return apply(port, &w);
	}
	if (i == max)
		return leat_fail(port->ctx, -ENOSPC, "%s: %u EtherTypes asked for, the device sorts by "
				 "%u", port->name, max + 1, max);
	f->ethertype[i].type = type;
	f->ethertype[i].rxq = (uint16_t)rxq;
	f->nethertypes = (uint16_t)LEAT_MAX(f->nethertypes, i + 1);
	return apply(port, &w);
}
