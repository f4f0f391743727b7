// SPDX-License-Identifier: BSD-3-Clause
/*
 * tap.c - a cable into the Linux network stack: a tap interface.
 *
 * With virtio-net headers, so that checksums the stack left open and frames to be
 * segmented cross as they are; the latter are cut on their way to NICs that cannot
 * take them. Towards the driver nothing is lost here: while it has no buffers the
 * tap is not read and the stack's queue holds the frames. Towards a full tap
 * frames stay with the NIC.
 */
#include "wires.h"

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <leat/bits.h>
#include <leat/clock.h>
#include <leat/endian.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#define BATCH	 32
#define OFFLOADS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#ifndef TUN_F_USO4			/* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#define HDR_LEN	 12	/* struct virtio_net_hdr_v1 */
#define QUIET_HZ 200000	/* looks a second at a tap that had nothing */

/* virtio 1.2, 5.1.6; ours, as the kernel's header drags in more than it gives. */
struct vnet_hdr {
	uint8_t		flags, gso_type;
	leat_le16	hdr_len, gso_size, csum_start, csum_off, num_buffers;
};
LEAT_STATIC_ASSERT(sizeof(struct vnet_hdr) == HDR_LEN, "virtio 1.2, 5.1.6");

#define VNET_NEEDS_CSUM 1
#define VNET_DATA_VALID 2

struct slot {
	struct vnet_hdr	hdr;
	uint8_t		data[LEAT_FRAME_GSO_MAX + 4];	/* one that needs the 4 is too long */
};

struct tap_wire {
	struct leat_wire base;
	int		fd;
	char		name[IFNAMSIZ];
	uint64_t	quiet_until;	/* leat_cycles() before which not to look */
	uint64_t	quiet;		/* cycles between looks */
	unsigned int	next, n;	/* frames [next, n) wait for the driver */
	uint64_t	read, written;
	uint64_t	too_long;
	struct leat_frame frames[BATCH];
	struct slot	slots[BATCH];
};

static struct tap_wire *tap_of(struct leat_wire *w)
{
	return LEAT_CONTAINER_OF(w, struct tap_wire, base);
}

static uint16_t flags_of(const struct vnet_hdr *h)
{
	return (h->flags & VNET_NEEDS_CSUM ? LEAT_FRAME_CSUM_PARTIAL : 0) |
	       (h->flags & VNET_DATA_VALID ? LEAT_FRAME_CSUM_GOOD : 0);
}

static void take_in(struct tap_wire *t, const struct slot *s, uint32_t len)
{
	t->frames[t->n++] = (struct leat_frame){
		.data = s->data,
		.len = len,
		.flags = flags_of(&s->hdr),
		.csum_start = leat_le16_to_cpu(s->hdr.csum_start),
		.csum_off = leat_le16_to_cpu(s->hdr.csum_off),
		.gso_size = leat_le16_to_cpu(s->hdr.gso_size),
		.gso_type = s->hdr.gso_type,
		.hdr_len = (uint8_t)LEAT_MIN(leat_le16_to_cpu(s->hdr.hdr_len), UINT8_MAX),
	};
	t->read++;
}

static void read_batch(struct tap_wire *t)
{
	t->next = t->n = 0;
	while (t->n < BATCH) {
		struct slot *s = &t->slots[t->n];
		ssize_t got = read(t->fd, s, HDR_LEN + sizeof(s->data));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < HDR_LEN) {	/* nothing there, or the interface is down or gone */
			t->quiet_until = leat_cycles() + t->quiet;
			return;
		}
		if (got > HDR_LEN + (s->hdr.gso_type ? LEAT_FRAME_GSO_MAX : LEAT_FRAME_MAX))
			t->too_long++;
		else
			take_in(t, s, (uint32_t)got - HDR_LEN);
	}
}

static unsigned int tap_poll(struct leat_wire *w)
{
	struct tap_wire *t = tap_of(w);
	unsigned int n;

	if (!leat_wire_ready(w))
		return 0;
	if (t->next == t->n) {
		if (leat_cycles() < t->quiet_until)
			return 0;
		read_batch(t);
		if (!t->n)
			return 0;
	}
	n = leat_wire_deliver(w, t->frames + t->next, t->n - t->next);
	t->next += n;
	return n;
}

static void fill_hdr(const struct leat_frame *f, struct vnet_hdr *h)
{
	*h = (struct vnet_hdr){
		.flags = (f->flags & LEAT_FRAME_CSUM_PARTIAL ? VNET_NEEDS_CSUM : 0) |
			 (f->flags & LEAT_FRAME_CSUM_GOOD ? VNET_DATA_VALID : 0),
		.gso_type = f->gso_type,
		.hdr_len = leat_cpu_to_le16(f->hdr_len),
		.gso_size = leat_cpu_to_le16(f->gso_size),
		.csum_start = leat_cpu_to_le16(f->csum_start),
		.csum_off = leat_cpu_to_le16(f->csum_off),
	};
}

/* 1: gone into the tap. 0: refused for good. -EAGAIN: not now. */
static int write_frame(struct tap_wire *t, const struct leat_frame *f)
{
	struct vnet_hdr hdr;
	struct iovec iov[2] = {
		{ .iov_base = &hdr, .iov_len = HDR_LEN },
		{ .iov_len = f->len },
	};

	memcpy(&iov[1].iov_base, &f->data, sizeof(f->data));	/* read only, though not const */
	fill_hdr(f, &hdr);
	for (;;) {
		if (writev(t->fd, iov, 2) >= 0)
			return 1;
		if (errno == EINTR)
			continue;
		return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? -EAGAIN : 0;
	}
}

static unsigned int tap_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	struct tap_wire *t = tap_of(w);
	unsigned int i;

	for (i = 0; i < n; i++) {
		int wrote = write_frame(t, &frames[i]);

		if (wrote < 0)
			break;
		if (wrote)
			t->written++;
		else
			w->dropped++;	/* the interface is down, or the frame impossible */
	}
	return i;
}

static void tap_close(struct leat_wire *w)
{
	struct tap_wire *t = tap_of(w);

	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

static const struct leat_wire_ops tap_ops = {
	.name = "tap",
	.send = tap_send,
	.poll = tap_poll,
	.close = tap_close,
	.gso = true,
};

static int attach_failed(const char *name, int err)
{
	if (err == EPERM)
		return say_fail(-err,
				"tap %s: no permission to attach to it or make it; as root, once: "
				"ip tuntap add %s mode tap user $USER vnet_hdr",
				name, name);
	if (err == EBUSY)
		return say_fail(-err,
				"tap %s: another program is attached to it; end that one or name "
				"another tap",
				name);
	if (err == EINVAL)
		return say_fail(
			-err,
			"tap %s: there is an interface of that name that is no plain tap "
			"with vnet_hdr; make it by: ip tuntap add %s mode tap user $USER vnet_hdr",
			name, name);
	return say_fail(-err, "tap %s: attach: %s", name, strerror(err));
}

static int attach(struct tap_wire *t)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int len = HDR_LEN, little = 1;

	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return say_fail(-errno,
				"tap %s: /dev/net/tun: %s (is the kernel's tun module there, "
				"and may you open it?)",
				t->name, strerror(errno));
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		return attach_failed(t->name, errno);
	if (ioctl(t->fd, TUNSETVNETHDRSZ, &len) < 0 || ioctl(t->fd, TUNSETVNETLE, &little) < 0 ||
	    (ioctl(t->fd, TUNSETOFFLOAD, OFFLOADS | TUN_F_USO4 | TUN_F_USO6) < 0 &&
	     ioctl(t->fd, TUNSETOFFLOAD, OFFLOADS) < 0))
		return say_fail(-errno,
				"tap %s: the kernel refuses virtio-net headers with checksum "
				"offload: %s",
				t->name, strerror(errno));
	return 0;
}

static int tap_open(const struct wire_spec *spec, struct wire_house *house, struct leat_wire **out)
{
	struct tap_wire *t;
	int err;

	(void)house;
	if (!*spec->arg || strlen(spec->arg) >= IFNAMSIZ || strpbrk(spec->arg, "/ %"))
		return say_fail(-EINVAL,
				"tap:%s: an interface's name has 1 to %d characters, none of "
				"them '/', '%%' or a blank",
				spec->arg, IFNAMSIZ - 1);
	t = calloc(1, sizeof(*t));
	if (!t)
		return say_fail(-ENOMEM, "no memory for a wire");
	t->base.ops = &tap_ops;
	t->fd = -1;
	t->quiet = leat_cycles_hz() / QUIET_HZ;
	memcpy(t->name, spec->arg, strlen(spec->arg));
	err = attach(t);
	if (err) {
		tap_close(&t->base);
		return err;
	}
	*out = &t->base;
	return 0;
}

static void tap_report(const struct leat_wire *w, FILE *to)
{
	const struct tap_wire *t = (const void *)w;

	fprintf(to, "read=%" PRIu64 " written=%" PRIu64 " too_long=%" PRIu64
		" waiting=%u", t->read, t->written, t->too_long, t->n - t->next);
}

const struct wire_kind wire_tap = {
	.name = "tap",
	.open = tap_open,
	.report = tap_report,
};
