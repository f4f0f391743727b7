// SPDX-License-Identifier: BSD-3-Clause
/*
 * feature.c - VFIO_DEVICE_FEATURE: VF tokens, and a device asleep.
 *
 * In low power an access to a mapped register would be a fault, and one by system call would
 * wake the device: so nothing reaches it until exit.
 */
#include "device.h"

#include "abi.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define DATA_MAX 64		/* no feature of ours has more */

/* Whoever only asks whether it can be is not to be told in the log. */
static int refuse(struct vfio_dev *v, uint32_t feature, int err)
{
	static const char *const names[] = {
		[LEAT_FEATURE_VF_TOKEN] = "a VF token",
		[LEAT_FEATURE_LOW_POWER_ENTRY] = "low power",
		[LEAT_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP] = "low power with a wakeup",
		[LEAT_FEATURE_LOW_POWER_EXIT] = "the end of low power",
	};
	uint32_t n = feature & LEAT_FEATURE_MASK;
	const char *name = n < LEAT_ARRAY_LEN(names) ? names[n] : NULL;

	if (feature & LEAT_FEATURE_PROBE)
		return err;
	return leat_fail(v->dev.ctx, err, "%s: %s (feature %u): %s", v->dev.addr,
			 name ? name : "something rare", n, err == -ENOTSUP ?
			 "this device or this kernel does not have it" : strerror(-err));
}

static int call(struct vfio_dev *v, uint32_t feature, void *buf, size_t len)
{
	union {
		char bytes[sizeof(struct vfio_device_feature) + DATA_MAX];
		struct vfio_device_feature head;
	} room = { 0 };
	char *data = room.bytes + sizeof(room.head);

	room.head.argsz = (uint32_t)(sizeof(room.head) + len);
	room.head.flags = feature;
	if (len && buf && !(feature & VFIO_DEVICE_FEATURE_GET))
		memcpy(data, buf, len);
	if (ioctl(v->fd, VFIO_DEVICE_FEATURE, &room))
		return refuse(v, feature, errno == ENOTTY ? -ENOTSUP : -errno);
	if (len && buf && (feature & VFIO_DEVICE_FEATURE_GET))
		memcpy(buf, data, len);
	return 0;
}

static void set_asleep(struct vfio_dev *v, bool asleep)
{
	pthread_mutex_lock(&v->lock);
	leat_store_relaxed(&v->asleep, asleep);
	v->told_asleep = false;
	if (asleep)
		leat_vfio_cover(v);
	pthread_mutex_unlock(&v->lock);
}

/* Registers again where the ones are. */
static int wake_windows(struct vfio_dev *v)
{
	int err;

	pthread_mutex_lock(&v->lock);
	err = leat_vfio_uncover(v);
	pthread_mutex_unlock(&v->lock);
	return err ? leat_fail(v->dev.ctx, err, "%s: its registers cannot be mapped again: %s",
			       v->dev.addr, strerror(-err)) : 0;
}

static int fall_asleep(struct vfio_dev *v, uint32_t feature, void *buf, size_t len)
{
	int err, again;

	/* The kernel's word, but it stays as it is. */
	if (v->asleep)
		return call(v, feature, buf, len);
	set_asleep(v, true);
	err = call(v, feature, buf, len);
	if (!err)
		return 0;
	again = wake_windows(v);
	set_asleep(v, false);
	return again ? again : err;
}

static int wake_up(struct vfio_dev *v, uint32_t feature, void *buf, size_t len)
{
	int err = call(v, feature, buf, len);

	if (!err && v->asleep) {
		err = wake_windows(v);
		set_asleep(v, false);
	}
	return err;
}

int leat_vfio_feature(struct leat_dev *dev, uint32_t feature, void *buf, size_t len)
{
	struct vfio_dev *v = vfio_dev(dev);
	bool set = (feature & LEAT_FEATURE_SET) && !(feature & LEAT_FEATURE_PROBE);

	if (leat_load_relaxed(&dev->dead))
		return -ENODEV;
	if (len > DATA_MAX)
		return -EINVAL;
	switch (set ? feature & LEAT_FEATURE_MASK : LEAT_FEATURE_MASK) {
	case LEAT_FEATURE_LOW_POWER_ENTRY:
	case LEAT_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return fall_asleep(v, feature, buf, len);
	case LEAT_FEATURE_LOW_POWER_EXIT:
		return wake_up(v, feature, buf, len);
	default:
		return call(v, feature, buf, len);
	}
}
