// SPDX-License-Identifier: BSD-3-Clause
/*
 * dev.c - devices by address: SCHEME:REST. The scheme picks the backend from a
 * table, the backend does the rest.
 */
#include <leat/driver/dev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "vfio_user/client.h"

static const struct scheme {
	const struct leat_dev_ops *ops;
	const char *rest;		/* what follows the colon, for messages */
} schemes[] = {
	{ &leat_vfio_user_ops, "PATH" },
	{ &leat_sim_ops, "MODEL" },
};

static const struct scheme *find_scheme(const char *addr)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(schemes); i++) {
		size_t len = strlen(schemes[i].ops->scheme);

		if (!strncmp(addr, schemes[i].ops->scheme, len) && addr[len] == ':')
			return &schemes[i];
	}
	return NULL;
}

static int fail_unknown(struct leat_ctx *ctx, const char *addr)
{
	char known[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(schemes); i++) {
		const char *part[] = { i ? ", " : "", schemes[i].ops->scheme, ":",
				       schemes[i].rest };

		for (size_t k = 0; k < LEAT_ARRAY_LEN(part); k++) {
			strncpy(known + len, part[k], sizeof(known) - 1 - len);
			len = strlen(known);
		}
	}
	return leat_fail(ctx, -EINVAL, "%s: no such kind of device; known: %s", addr, known);
}

int leat_dev_open(struct leat_ctx *ctx, const char *addr, struct leat_dev **out)
{
	const struct scheme *scheme = find_scheme(addr);
	const char *rest;
	struct leat_dev *dev;
	int err;

	if (!scheme)
		return fail_unknown(ctx, addr);
	rest = addr + strlen(scheme->ops->scheme) + 1;
	if (!*rest)
		return leat_fail(ctx, -EINVAL, "%s: nothing behind the colon; give %s:%s", addr,
				 scheme->ops->scheme, scheme->rest);

	dev = calloc(1, scheme->ops->dev_size);
	if (!dev)
		return leat_fail(ctx, -ENOMEM, "%s: open: out of memory", addr);
	dev->ops = scheme->ops;
	dev->ctx = ctx;
	dev->node = -1;
	dev->addr = strdup(addr);
	if (!dev->addr) {
		err = leat_fail(ctx, -ENOMEM, "%s: open: out of memory", addr);
		goto free_dev;
	}

	err = dev->ops->open(dev, rest);
	if (err)
		goto free_addr;
	*out = dev;
	return 0;

free_addr:
	free(dev->addr);
free_dev:
	free(dev);
	return err;
}

void leat_dev_close(struct leat_dev *dev)
{
	if (!dev)
		return;
	dev->ops->close(dev);
	free(dev->addr);
	free(dev);
}

const struct leat_region *leat_dev_region(const struct leat_dev *dev, unsigned int index)
{
	const struct leat_region *r = NULL;

	if (index < LEAT_REGIONS)
		r = &dev->region[index];
	else if (index - LEAT_REGIONS < dev->nmore)
		r = &dev->more[index - LEAT_REGIONS];
	return r && r->size ? r : NULL;
}

int leat_dev_find_region(const struct leat_dev *dev, uint32_t type, uint32_t subtype,
			 unsigned int *index)
{
	for (unsigned int i = 0; i < LEAT_REGIONS + dev->nmore; i++) {
		const struct leat_region *r = leat_dev_region(dev, i);

		if (r && r->type && r->type == type && r->subtype == subtype) {
			*index = i;
			return 0;
		}
	}
	return -ENOENT;
}
