// SPDX-License-Identifier: BSD-3-Clause
/*
 * power.c - a port whose device sleeps. Stopped, so nothing of it is in use; the next start
 * sets it up from a reset, so nothing that it forgets in its sleep is missed.
 */
#include "core/ctx.h"

#include <leat/driver/driver.h>

#include <errno.h>

int leat_port_suspend(struct leat_port *port, int wakeup)
{
	int err;

	if (leat_port_gone(port))
		return leat_fail(port->ctx, -ENODEV, "%s: suspend: the device is gone; close the port",
				 port->name);
	if (port->started)
		return leat_fail(port->ctx, -EBUSY, "%s: suspend: stop the port first", port->name);
	if (port->suspended)
		return leat_fail(port->ctx, -EINVAL, "%s: suspend: it is suspended already",
				 port->name);
	if (!port->end->sleep)
		return leat_fail(port->ctx, -ENOTSUP, "%s: suspend: its device cannot", port->name);
	err = port->end->sleep(port->dev, wakeup);
	port->suspended = !err;
	return err;
}

int leat_port_resume(struct leat_port *port)
{
	int err;

	if (!port->suspended)
		return 0;
	if (leat_port_gone(port))
		return leat_fail(port->ctx, -ENODEV, "%s: resume: the device is gone; close the port",
				 port->name);
	err = port->end->wake(port->dev);
	port->suspended = err != 0;
	return err;
}
