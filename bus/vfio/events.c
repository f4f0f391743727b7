// SPDX-License-Identifier: BSD-3-Clause
/*
 * events.c - what a device has to say as a whole: that it had an error, that the kernel wants
 * it back, that it is gone.
 *
 * The kernel does not tell of a device that was pulled without asking: its descriptor lives
 * on, and its registers read all ones. So leat_ctx_poll() looks once a second, as does
 * whoever gets an error from it.
 */
#include "device.h"

#include "abi.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOOK_NS UINT64_C(1000000000)

/* ---- its end ---- */

static void die(struct vfio_dev *v, const char *why)
{
	struct leat_dev *dev = &v->dev;
	bool news;

	pthread_mutex_lock(&v->lock);
	news = !dev->dead;
	if (news) {
		leat_store_relaxed(&dev->dead, true);
		leat_vfio_cover(v);
	}
	pthread_mutex_unlock(&v->lock);
	if (!news)
		return;
	leat_fail(dev->ctx, -ENODEV, "%s: %s; %s", dev->addr, why, v->open ?
		  "the device is gone: close it, and open it anew when it is back" :
		  "is it in its slot, and powered?");
	if (v->open && dev->event)
		dev->event(dev, LEAT_EVENT_GONE);
}

static uint32_t config32(struct vfio_dev *v, uint16_t off)
{
	uint64_t at = v->region[LEAT_REGION_CONFIG].offset + off;
	leat_le32 val;

	return pread(v->fd, &val, sizeof(val), (off_t)at) == (ssize_t)sizeof(val) ?
	       leat_le32_to_cpu(val) : UINT32_MAX;
}

/*
 * By the class and revision: the kernel makes up the ids of vendor and device, and goes on
 * doing so when nobody is there.
 */
int leat_vfio_look(struct vfio_dev *v)
{
	if (leat_load_relaxed(&v->dev.dead))
		return -ENODEV;
	if (leat_load_relaxed(&v->asleep))
		return 0;		/* to look is to wake it */
	if (config32(v, LEAT_PCI_REVISION) == UINT32_MAX)
		die(v, "it does not answer any more");
	else if (!leat_load_relaxed(&v->faulted))
		return 0;
	else if (config32(v, LEAT_PCI_COMMAND) & LEAT_PCI_COMMAND_MEM)
		die(v, "its registers could not be reached");
	else
		die(v, "its memory decoding was turned off while its registers were in use");
	return -ENODEV;
}

void leat_vfio_hang_up(struct leat_dev *dev)
{
	struct vfio_dev *v = vfio_dev(dev);
	const uint64_t one = 1;

	leat_store_relaxed(&v->faulted, true);
	(void)!write(v->event[VFIO_EVENT_FAULT].fd, &one, sizeof(one));
}

static void tick(struct leat_watch *w)
{
	(void)leat_vfio_look(LEAT_CONTAINER_OF(w, struct vfio_dev, tick));
}

/* ---- eventfds ---- */

static struct vfio_dev *drain(struct leat_watch *w)
{
	struct vfio_event *e = LEAT_CONTAINER_OF(w, struct vfio_event, watch);

	leat_eventfd_drain(e->fd);
	return e->owner;
}

static void on_error(struct leat_watch *w)
{
	struct vfio_dev *v = drain(w);

	if (leat_vfio_look(v))
		return;
	leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: the device had an error that it could not correct "
		 "itself: stop and start it", v->dev.addr);
	if (v->dev.event)
		v->dev.event(&v->dev, LEAT_EVENT_ERROR);
}

/* The kernel repeats it every few seconds, until the descriptor is closed. */
static void on_request(struct leat_watch *w)
{
	struct vfio_dev *v = drain(w);

	if (v->told_removal || !v->dev.event)
		return;
	v->told_removal = true;
	leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: the kernel wants the device back (it is being "
		 "unbound or unplugged), and waits until it is closed", v->dev.addr);
	v->dev.event(&v->dev, LEAT_EVENT_REMOVAL);
}

static void on_fault(struct leat_watch *w)
{
	(void)leat_vfio_look(drain(w));
}

static int watch(struct vfio_dev *v, struct vfio_event *e, void (*ready)(struct leat_watch *w))
{
	int fd = leat_eventfd_open();

	if (fd < 0)
		return leat_fail(v->dev.ctx, fd, "%s: eventfd: %s", v->dev.addr, strerror(-fd));
	e->fd = fd;
	e->owner = v;
	e->watch = (struct leat_watch){ .fd = fd, .ready = ready };
	return leat_watch_add(v->dev.ctx, &e->watch);
}

/* Without it the device still works; it just cannot tell. */
static int listen_to(struct vfio_dev *v, struct vfio_event *e, unsigned int index,
		     void (*ready)(struct leat_watch *w), const char *what)
{
	int err = v->dev.irqs[index] ? watch(v, e, ready) : 0;

	if (err || !v->dev.irqs[index])
		return err;
	err = leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 1, &e->fd);
	if (err)
		leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: %s will not be noticed: %s", v->dev.addr,
			 what, strerror(-err));
	return 0;
}

int leat_vfio_open_events(struct vfio_dev *v)
{
	int err = watch(v, &v->event[VFIO_EVENT_FAULT], on_fault);

	if (!err)
		err = listen_to(v, &v->event[VFIO_EVENT_ERR], LEAT_IRQ_ERR, on_error,
				"an error of the device");
	if (!err)
		err = listen_to(v, &v->event[VFIO_EVENT_REQ], LEAT_IRQ_REQ, on_request,
				"a request to give it back");
	if (err)
		return err;
	v->tick = (struct leat_watch){ .fd = -1, .tick = tick, .period_ns = LOOK_NS };
	return leat_watch_add(v->dev.ctx, &v->tick);
}

void leat_vfio_close_events(struct vfio_dev *v)
{
	static const unsigned int index[VFIO_EVENTS] = {
		[VFIO_EVENT_ERR] = LEAT_IRQ_ERR, [VFIO_EVENT_REQ] = LEAT_IRQ_REQ,
		[VFIO_EVENT_FAULT] = LEAT_IRQS,
	};

	leat_watch_remove(v->dev.ctx, &v->tick);
	for (int i = 0; i < VFIO_EVENTS; i++) {
		struct vfio_event *e = &v->event[i];

		leat_watch_remove(v->dev.ctx, &e->watch);
		if (e->fd >= 0 && index[i] < LEAT_IRQS)
			(void)leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index[i], 0, 0,
						 NULL);
		leat_eventfd_close(e->fd);
		e->fd = -1;
	}
}
