// SPDX-License-Identifier: BSD-3-Clause
/*
 * config.h - what port.c asks of its neighbours. Private to core.
 */
#ifndef LEAT_CORE_PORT_CONFIG_H
#define LEAT_CORE_PORT_CONFIG_H

#include <leat/driver/driver.h>

/*
 * Fill port->cfg from @cfg: what was left open is chosen, what the device cannot
 * do is refused with the number asked and the number there.
 */
int leat_port_resolve(struct leat_port *port, const struct leat_port_config *cfg);

/* The same for port->rss, from the resolved port->cfg. In rss.c. */
int leat_port_resolve_rss(struct leat_port *port);

/* A queue's descriptors: 0 is chosen, what cannot be is refused under the name @what. */
int leat_port_check_desc(struct leat_port *port, const char *what, uint16_t *n);

/* Make a queue of port->cfg, in port->rxq[id] only if that works; free all there are. In setup.c. */
int leat_port_setup_rxq(struct leat_port *port, unsigned int id);
int leat_port_setup_txq(struct leat_port *port, unsigned int id);
void leat_port_free_queues(struct leat_port *port);

/* A running port's bursts move packets, a stopped one's nothing. In queue.c. */
void leat_port_show_bursts(struct leat_port *port);
void leat_port_hide_bursts(struct leat_port *port);

/* Keep the counts of a queue that is about to go. In stats.c. */
void leat_port_past_rxq(struct leat_port *port, const struct leat_rxq *q);
void leat_port_past_txq(struct leat_port *port, const struct leat_txq *q);

#endif
