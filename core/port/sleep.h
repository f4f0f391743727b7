// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleep.h - threads that wait for packets of a port.
 */
#ifndef LEAT_CORE_PORT_SLEEP_H
#define LEAT_CORE_PORT_SLEEP_H

#include <leat/driver/driver.h>

/* Whoever waits on a queue of the port wakes up. From any thread that may notify. */
void leat_port_wake_sleepers(struct leat_port *port);

#endif
