// SPDX-License-Identifier: BSD-3-Clause
/*
 * sim.c - the backend "sim:": a device model in this process as a device.
 *
 * The host of the model is this file: registers are calls, mapped windows are
 * the model's shared memory itself, DMA is our own memory. It has no thread:
 * core steps it from the polls of its queues (dev->step). Threads that poll
 * different queues, and the control thread, meet at the hub's lock; a step that
 * finds it taken is left to the one that has it.
 */
#include "bus/sim/sim.h"

#include <leat/driver/pci.h>
#include <leat/model.h>

#include "hub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

LEAT_STATIC_ASSERT((int)LEAT_IRQS == LEAT_MODEL_IRQS && (int)LEAT_REGIONS == LEAT_MODEL_REGIONS &&
		   (int)LEAT_REGION_CONFIG == LEAT_MODEL_CONFIG, "one numbering, VFIO's");

struct vector {
	int	fd;		/* ours, a duplicate; -1: not bound */
	bool	masked, pending;
};

struct sim {
	struct leat_dev	dev;		/* first: ops get it */
	struct leat_aspace as;
	struct leat_mdev *mdev;
	struct sim_hub	*hub;
	struct vector	*vec[LEAT_IRQS];
};

static struct sim *sim_of(struct leat_dev *dev)
{
	return LEAT_CONTAINER_OF(dev, struct sim, dev);
}

static void lock(struct sim *s)
{
	pthread_mutex_lock(&s->hub->lock);
}

static void unlock(struct sim *s)
{
	pthread_mutex_unlock(&s->hub->lock);
}

/* ---- the model's host ---- */

static void fire(struct vector *v)
{
	const uint64_t one = 1;

	if (v->masked)
		v->pending = true;
	else if (v->fd >= 0 && write(v->fd, &one, sizeof(one)) < 0)
		return;		/* full: it has fired often enough */
}

/* A level, in a world of edges: masked when it fires, as by the kernel's VFIO. */
static void fire_from_device(struct vector *v, unsigned int index)
{
	fire(v);
	if (index == LEAT_IRQ_INTX && v->fd >= 0)
		v->masked = true;
}

static void host_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct sim *s = mdev->host_arg;

	fire_from_device(&s->vec[index][vector], index);
}

static bool host_pending(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct sim *s = mdev->host_arg;

	return vector < mdev->irqs[index] && s->vec[index][vector].pending;
}

static void host_log(struct leat_mdev *mdev, enum leat_log_level level, const char *message)
{
	struct sim *s = mdev->host_arg;

	leat_log(s->dev.ctx, level, "%s", message);
}

static const struct leat_model_host sim_host = {
	.raise = host_raise,
	.pending = host_pending,
	.log = host_log,
};

/* ---- memory ---- */

static int sim_dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct sim *s = LEAT_CONTAINER_OF(as, struct sim, as);
	struct leat_mdma map = {
		.iova = seg->iova, .len = seg->len, .va = seg->va, .read = true,
		.write = !seg->read_only,
	};
	int err;

	lock(s);
	err = leat_mdev_dma_add(s->mdev, &map);
	unlock(s);
	return err ? leat_fail(s->dev.ctx, err, "%s: map %zu bytes at 0x%llx: %s", s->dev.addr,
			       seg->len, (unsigned long long)seg->iova, strerror(-err)) : 0;
}

static void sim_dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct sim *s = LEAT_CONTAINER_OF(as, struct sim, as);

	lock(s);
	leat_mdev_dma_remove(s->mdev, seg->iova, seg->len);
	unlock(s);
}

static const struct leat_aspace_ops sim_aspace_ops = {
	.dma_map = sim_dma_map,
	.dma_unmap = sim_dma_unmap,
};

/* ---- the address: MODEL[,key=value...] ---- */

struct address {
	char		*text;		/* a copy, cut into pieces */
	const char	*wire;
	struct leat_model_opt *opts;	/* into text */
};

static int address_parse(struct leat_dev *dev, const char *addr, struct address *out)
{
	size_t n = 2;		/* one option, the end */
	char *rest, *piece;

	for (const char *p = addr; *p; p++)
		n += *p == ',';
	*out = (struct address){ .text = strdup(addr), .wire = "loop",
				 .opts = calloc(n, sizeof(*out->opts)) };
	if (!out->text || !out->opts)
		return leat_fail(dev->ctx, -ENOMEM, "%s: open: out of memory", dev->addr);

	rest = out->text;
	strsep(&rest, ",");	/* the model */
	n = 0;
	while ((piece = strsep(&rest, ",")) != NULL) {
		char *value = piece;
		const char *key = strsep(&value, "=");

		if (!*key)
			return leat_fail(dev->ctx, -EINVAL, "%s: an option without a name; give "
					 "key=value between commas", dev->addr);
		if (!strcmp(key, "wire"))
			out->wire = value ? value : "";
		else
			out->opts[n++] = (struct leat_model_opt){ key, value ? value : "" };
	}
	return 0;
}

static void address_free(struct address *a)
{
	free(a->opts);
	free(a->text);
}

static int find_model(struct leat_dev *dev, const char *name, const struct leat_model **out)
{
	const struct leat_model *const *m = leat_ctx_models(dev->ctx);
	char known[256] = "";

	if (!*m)
		return leat_fail(dev->ctx, -ENODEV, "%s: the context was opened without models; set "
				 ".models = leat_models", dev->addr);
	for (; *m; m++) {
		if (!strcmp((*m)->name, name)) {
			*out = *m;
			return 0;
		}
		strncat(known, " ", sizeof(known) - strlen(known) - 1);
		strncat(known, (*m)->name, sizeof(known) - strlen(known) - 1);
	}
	return leat_fail(dev->ctx, -EINVAL, "%s: no model \"%s\"; known:%s", dev->addr, name, known);
}

/* ---- life ---- */

static void sim_step(struct leat_dev *dev)
{
	struct sim *s = sim_of(dev);

	if (pthread_mutex_trylock(&s->hub->lock))
		return;
	leat_mdev_step(s->mdev);
	unlock(s);
}

static int make_vectors(struct sim *s)
{
	for (unsigned int i = 0; i < LEAT_IRQS; i++) {
		uint32_t n = s->mdev->irqs[i];

		s->dev.irqs[i] = n;
		s->dev.irq_flags[i] = n ? LEAT_IRQ_EVENTFD | LEAT_IRQ_MASKABLE : 0;
		if (n && i == LEAT_IRQ_INTX)
			s->dev.irq_flags[i] |= LEAT_IRQ_AUTOMASKED;
		s->vec[i] = calloc(n + 1, sizeof(*s->vec[i]));
		if (!s->vec[i])
			return leat_fail(s->dev.ctx, -ENOMEM, "%s: open: out of memory",
					 s->dev.addr);
		for (uint32_t k = 0; k < n; k++)
			s->vec[i][k].fd = -1;
	}
	return 0;
}

static void free_vectors(struct sim *s)
{
	for (unsigned int i = 0; i < LEAT_IRQS; i++) {
		for (uint32_t k = 0; s->vec[i] && k < s->dev.irqs[i]; k++)
			if (s->vec[i][k].fd >= 0)
				close(s->vec[i][k].fd);
		free(s->vec[i]);
	}
}

static void describe(struct sim *s)
{
	for (unsigned int i = 0; i < LEAT_REGIONS; i++) {
		const struct leat_model_region *r = &s->mdev->region[i];

		s->dev.region[i].size = r->size;
		s->dev.region[i].mapped = r->map_len;
		if (r->size)
			s->dev.region[i].flags = LEAT_REGION_READ | LEAT_REGION_WRITE |
						 (r->map_len ? LEAT_REGION_MMAP : 0) |
						 (r->map_len && r->map_len < r->size ?
						  LEAT_REGION_SPARSE : 0);
	}
	s->dev.can_reset = true;
	s->dev.step = sim_step;
	s->dev.as = &s->as;
	s->as = (struct leat_aspace){
		.ops = &sim_aspace_ops, .name = s->dev.addr, .maps_left = UINT32_MAX,
	};
}

static int make_model(struct sim *s, const struct address *a)
{
	const struct leat_model *model = NULL;
	struct leat_wire *wire;
	int err = find_model(&s->dev, a->text, &model);

	if (err)
		return err;
	err = leat_sim_wire_take(s->dev.ctx, s->dev.addr, a->wire, &wire);
	if (err)
		return err;
	err = leat_mdev_create(model, a->opts, s->dev.addr, &sim_host, s, wire, &s->mdev);
	if (err)
		leat_sim_wire_return(s->dev.ctx, a->wire, wire);
	if (err == -ENOMEM)
		leat_fail(s->dev.ctx, err, "%s: open: out of memory", s->dev.addr);
	return err;
}

static void drop_model(struct sim *s)
{
	leat_mdev_detach(s->mdev);
	leat_sim_wire_leave(s->dev.ctx, s->mdev->wire);
	leat_mdev_destroy(s->mdev);
}

static int sim_open(struct leat_dev *dev, const char *addr)
{
	struct sim *s = sim_of(dev);
	struct address a = { .text = NULL };
	int err = leat_sim_hub(dev->ctx, &s->hub);

	if (err)
		return err;
	err = address_parse(dev, addr, &a);
	if (!err)
		err = make_model(s, &a);
	address_free(&a);
	if (err)
		return err;

	describe(s);
	leat_mdev_attach(s->mdev);
	err = make_vectors(s);
	if (err)
		goto free_vectors;
	err = leat_aspace_attach(dev->ctx, &s->as);
	if (err)
		goto free_vectors;
	err = leat_pci_enable(dev);
	if (err)
		goto detach_aspace;
	return 0;

detach_aspace:
	leat_aspace_detach(&s->as);
free_vectors:
	free_vectors(s);
	drop_model(s);
	return err;
}

static void sim_close(struct leat_dev *dev)
{
	struct sim *s = sim_of(dev);

	leat_aspace_detach(&s->as);
	lock(s);
	drop_model(s);
	unlock(s);
	free_vectors(s);
}

/* The wire is left as it is: the parent's, or the application's. */
static void sim_forget(struct leat_dev *dev)
{
	struct sim *s = sim_of(dev);

	free_vectors(s);
	if (pthread_mutex_trylock(&s->hub->lock))
		return;		/* a thread of the parent's was in the middle of it */
	s->mdev->wire = NULL;
	leat_mdev_destroy(s->mdev);
	unlock(s);
}

static int sim_reset(struct leat_dev *dev)
{
	struct sim *s = sim_of(dev);

	lock(s);
	leat_mdev_reset(s->mdev);
	unlock(s);
	return leat_pci_enable(dev);
}

/* ---- registers ---- */

static int sim_access(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
		      size_t len, bool write)
{
	struct sim *s = sim_of(dev);
	int err;

	lock(s);
	err = leat_mdev_access(s->mdev, region, off, buf, len, write);
	unlock(s);
	return err ? leat_fail(dev->ctx, err, "%s: %s %zu bytes at 0x%llx of region %u: the device "
			       "has no such register", dev->addr, write ? "write" : "read", len,
			       (unsigned long long)off, region) : 0;
}

static int sim_region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
			   size_t len)
{
	return sim_access(dev, region, off, buf, len, false);
}

static int sim_region_write(struct leat_dev *dev, unsigned int region, uint64_t off,
			    const void *buf, size_t len)
{
	uint64_t word;

	if (len > sizeof(word))
		return -EINVAL;
	memcpy(&word, buf, len);
	return sim_access(dev, region, off, &word, len, true);
}

static int sim_region_map(struct leat_dev *dev, struct leat_mmio *win)
{
	struct leat_mdev *m = sim_of(dev)->mdev;
	const struct leat_model_region *r = &m->region[win->region];

	if (!m->mem[win->region] || win->off < r->map_off || win->off - r->map_off > r->map_len ||
	    win->len > r->map_len - (win->off - r->map_off))
		return -ENOTSUP;
	win->base = (char *)m->mem[win->region] + (win->off - r->map_off);
	return 0;
}

static void sim_region_unmap(struct leat_dev *dev, struct leat_mmio *win)
{
	(void)dev;
	win->base = NULL;	/* the memory is the model's */
}

/* ---- interrupts ---- */

static int vector_bind(struct vector *v, int fd)
{
	int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0 && own < 0)
		return -errno;
	if (v->fd >= 0)
		close(v->fd);
	*v = (struct vector){ .fd = own };
	return 0;
}

/* @fds: bind; otherwise fire, mask or unmask. */
static int vector_set(struct vector *v, unsigned int index, enum leat_irq_action action,
		      const int *fd)
{
	bool pending = v->pending;

	switch (action) {
	case LEAT_IRQ_TRIGGER:
		if (fd)
			return vector_bind(v, *fd);
		fire(v);
		break;
	case LEAT_IRQ_MASK:
		v->masked = true;
		break;
	case LEAT_IRQ_UNMASK:
		v->masked = v->pending = false;
		if (pending)
			fire_from_device(v, index);
		break;
	}
	return 0;
}

static int sim_irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		       unsigned int start, unsigned int count, const int *fds)
{
	static const int none = -1;
	struct sim *s = sim_of(dev);
	uint32_t have = index < LEAT_IRQS ? dev->irqs[index] : 0;
	bool off = action == LEAT_IRQ_TRIGGER && !count;	/* the whole index */
	int err = 0;

	if (!have || start > have || count > have - start)
		return leat_fail(dev->ctx, -EINVAL, "%s: interrupts of index %u: %u from %u on "
				 "asked for, the device has %u", dev->addr, index, count, start, have);
	lock(s);
	for (unsigned int i = 0; i < (off ? have : count) && !err; i++)
		err = vector_set(&s->vec[index][off ? i : start + i], index, action,
				 off ? &none : fds ? &fds[i] : NULL);
	unlock(s);
	return err ? leat_fail(dev->ctx, err, "%s: bind an interrupt: %s", dev->addr,
			       strerror(-err)) : 0;
}

const struct leat_dev_ops leat_sim_ops = {
	.scheme = "sim",
	.dev_size = sizeof(struct sim),
	.open = sim_open,
	.close = sim_close,
	.reset = sim_reset,
	.region_read = sim_region_read,
	.region_write = sim_region_write,
	.region_map = sim_region_map,
	.region_unmap = sim_region_unmap,
	.irq_set = sim_irq_set,
	.forget = sim_forget,
};
