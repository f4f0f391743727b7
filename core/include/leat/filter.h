// SPDX-License-Identifier: BSD-3-Clause
/*
 * filter.h - which frames a port takes. A port with LEAT_CAP_FILTER takes those
 * to its own address and broadcasts, until told otherwise; a port without it
 * takes all there are.
 *
 * Control thread. What is set holds at once on a running port and stays over
 * stop, start and reconfiguration. Returns 0; -ENOTSUP, -ENOSPC or -EINVAL,
 * logged, with the number asked and the number there; or what the driver met.
 * After an error the filter is what it was.
 */
#ifndef LEAT_FILTER_H
#define LEAT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

/* Everything. True is no error for a port that takes everything anyway. */
LEAT_API int leat_port_promisc(struct leat_port *port, bool on);

/* Every multicast. */
LEAT_API int leat_port_allmulti(struct leat_port *port, bool on);

/* The port's own address: unicast, not all zeros. leat_port_mac() tells it. */
LEAT_API int leat_port_mac_set(struct leat_port *port, const uint8_t mac[6]);

/* Further unicast addresses, up to caps.max_macs. Adding one twice and removing none is nothing. */
LEAT_API int leat_port_mac_add(struct leat_port *port, const uint8_t mac[6]);
LEAT_API int leat_port_mac_remove(struct leat_port *port, const uint8_t mac[6]);

/* The multicast addresses wanted, instead of those before: up to caps.max_mcasts. */
LEAT_API int leat_port_mcast(struct leat_port *port, const uint8_t (*macs)[6], unsigned int n);

/*
 * leat_port_vlan_filter - of tagged frames only those whose VLAN was added.
 * leat_port_vlan - add or take away one, 0 to 4095. Needs LEAT_CAP_VLAN_FILTER.
 */
LEAT_API int leat_port_vlan_filter(struct leat_port *port, bool on);
LEAT_API int leat_port_vlan(struct leat_port *port, uint16_t vid, bool on);

/*
 * leat_port_ethertype - untagged frames of EtherType @type (0x600 to 0xffff) to receive queue
 * @rxq, whatever their hash says; @rxq below 0: as all others, again. Up to caps.max_ethertypes,
 * to the first caps.ethertype_rxqs queues. While the port has no such queue, as all others.
 */
LEAT_API int leat_port_ethertype(struct leat_port *port, uint16_t type, int rxq);

LEAT_END_DECLS

#endif
