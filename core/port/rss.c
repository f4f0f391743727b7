// SPDX-License-Identifier: BSD-3-Clause
/*
 * rss.c - how flows are spread over receive queues, and the hash that does it
 * (Microsoft, "RSS Hashing Functions").
 */
#include "core/port/config.h"

#include <errno.h>
#include <string.h>

/* The key of that document's verification suite, which everybody uses. */
static const uint8_t usual_key[LEAT_RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static int choose_types(struct leat_port *port, struct leat_rss *rss)
{
	uint32_t can = port->caps.rss_types;

	if (!rss->types)
		rss->types = can;
	if (!can)
		return leat_fail(port->ctx, -ENOTSUP, "%s: RSS: the device does not spread packets "
				 "by hash", port->name);
	if (rss->types & ~can)
		return leat_fail(port->ctx, -ENOTSUP, "%s: RSS: types 0x%x asked (LEAT_RSS_*), the "
				 "device hashes 0x%x", port->name, rss->types, can);
	return 0;
}

static int choose_table(struct leat_port *port, struct leat_rss *rss)
{
	unsigned int len = port->caps.reta_len, queues = port->cfg.rxqs;

	if (rss->reta_len && rss->reta_len != len)
		return leat_fail(port->ctx, -EINVAL, "%s: RSS: a table of %u entries given, the "
				 "device's has %u", port->name, rss->reta_len, len);
	for (unsigned int i = 0; i < len; i++) {
		if (!rss->reta_len)
			rss->reta[i] = (uint8_t)(i % queues);
		if (rss->reta[i] >= queues)
			return leat_fail(port->ctx, -EINVAL, "%s: RSS: entry %u names queue %u, the "
					 "port has %u", port->name, i, rss->reta[i], queues);
	}
	rss->reta_len = (uint16_t)len;
	return 0;
}

static int resolve(struct leat_port *port, struct leat_rss *rss)
{
	static const uint8_t zero[LEAT_RSS_KEY_LEN];
	int err = choose_types(port, rss);

	if (!err)
		err = choose_table(port, rss);
	if (!memcmp(rss->key, zero, sizeof(zero)))
		memcpy(rss->key, usual_key, sizeof(usual_key));
	return err;
}

int leat_port_resolve_rss(struct leat_port *port)
{
	struct leat_rss rss = { 0 };
	bool some = port->cfg.rss || (port->cfg.rxqs > 1 && port->caps.rss_types);
	int err;

	if (port->cfg.rss)
		rss = *port->cfg.rss;
	err = some ? resolve(port, &rss) : 0;
	if (err)
		return err;
	port->rss = rss;
	port->cfg.rss = NULL;		/* the caller's; ours is port->rss */
	return 0;
}

int leat_port_rss(struct leat_port *port, const struct leat_rss *rss)
{
	struct leat_rss old = port->rss, fresh = *rss;
	int err;

	if (!port->drv->rss)
		return leat_fail(port->ctx, -ENOTSUP, "%s: RSS: the driver %s cannot change it on a "
				 "running port", port->name, port->drv->name);
	err = resolve(port, &fresh);
	if (err)
		return err;
	port->rss = fresh;
	if (!port->started)
		return 0;
	err = port->drv->rss(port);
	if (err) {
		port->rss = old;
		(void)port->drv->rss(port);
	}
	return err;
}

void leat_port_rss_get(const struct leat_port *port, struct leat_rss *out)
{
	*out = port->rss;
}

uint32_t leat_rss_hash(const uint8_t key[LEAT_RSS_KEY_LEN], const void *input, size_t len)
{
	const uint8_t *in = input;
	uint32_t window = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 |
			  (uint32_t)key[2] << 8 | key[3];
	uint32_t hash = 0;

	for (size_t bit = 0; bit < 8 * len && bit < 8 * (LEAT_RSS_KEY_LEN - 4); bit++) {
		size_t next = bit + 32;	/* the key's bit that enters the window */

		if (in[bit / 8] & (0x80 >> bit % 8))
			hash ^= window;
		window = window << 1 | (key[next / 8] >> (7 - next % 8) & 1);
	}
	return hash;
}
