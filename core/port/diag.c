// SPDX-License-Identifier: BSD-3-Clause
/*
 * diag.c - what only the driver can tell or do, for a port that allows it: its
 * registers, memory, tests; one queue of it, its link.
 */
#include <leat/driver/driver.h>

#include <leat/barrier.h>

#include <errno.h>

static int cannot(struct leat_port *port, const char *what)
{
	return leat_fail(port->ctx, -ENOTSUP, "%s: %s: the driver %s cannot", port->name, what,
			 port->drv->name);
}

static int check_there(struct leat_port *port, const char *what)
{
	if (!leat_port_gone(port))
		return 0;
	return leat_fail(port->ctx, -ENODEV, "%s: %s: the device is gone; close the port",
			 port->name, what);
}

/* There, and not asleep. */
static int check_awake(struct leat_port *port, const char *what)
{
	if (port->suspended)
		return leat_fail(port->ctx, -EBUSY, "%s: %s: the device sleeps; resume the port",
				 port->name, what);
	return check_there(port, what);
}

unsigned int leat_port_regs(struct leat_port *port, struct leat_reg *out, unsigned int n)
{
	if (!port->drv->regs || port->suspended || leat_port_gone(port))
		return 0;
	return port->drv->regs(port, out, n);
}

int leat_port_nvm(struct leat_port *port, uint32_t off, void *buf, size_t len)
{
	int err = check_awake(port, "read its memory");

	if (err)
		return err;
	return port->drv->nvm ? port->drv->nvm(port, off, buf, len)
			      : cannot(port, "read its memory");
}

int leat_port_firmware(struct leat_port *port, char *buf, size_t size)
{
	int err = port->drv->firmware ? check_awake(port, "tell its firmware's version") : -ENOTSUP;

	return err ? err : port->drv->firmware(port, buf, size);
}

int leat_port_identify(struct leat_port *port, bool on)
{
	int err = check_awake(port, "identify itself");

	if (err)
		return err;
	if (!port->drv->identify)
		return cannot(port, "identify itself");
	port->drv->identify(port, on);
	return 0;
}

int leat_port_self_test(struct leat_port *port, struct leat_self_test *out, unsigned int n)
{
	int err = check_awake(port, "test itself");

	if (err)
		return err;
	if (!port->drv->self_test)
		return cannot(port, "test itself");
	if (port->started)
		return leat_fail(port->ctx, -EBUSY, "%s: test itself: stop the port first",
				 port->name);
	return port->drv->self_test(port, out, n);
}

int leat_port_link_set(struct leat_port *port, bool up)
{
	bool old = port->link_down;
	int err = check_there(port, "set the link");

	if (err)
		return err;
	if (!port->drv->link_set || !(port->caps.flags & LEAT_CAP_LINK_SET))
		return up ? 0 : cannot(port, "take the link down");
	port->link_down = !up;
	err = port->started ? port->drv->link_set(port) : 0;
	if (err)
		port->link_down = old;
	return err;
}
