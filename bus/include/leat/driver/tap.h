// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/tap.h - tap interfaces of the kernel's, for a driver that knows no operating
 * system. May change in any minor release.
 *
 * Frames come and go with a virtio-net header, so that checksums the stack left open
 * cross as they are.
 */
#ifndef LEAT_DRIVER_TAP_H
#define LEAT_DRIVER_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/endian.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

#define LEAT_TAP_SEGS_MAX 64

/* virtio 1.2, 5.1.6. */
struct leat_tap_hdr {
	uint8_t		flags, gso_type;
	leat_le16	hdr_len, gso_size, csum_start, csum_off, num_buffers;
};
LEAT_STATIC_ASSERT(sizeof(struct leat_tap_hdr) == 12, "virtio 1.2, 5.1.6");

#define LEAT_TAP_NEEDS_CSUM 1		/* flags */
#define LEAT_TAP_DATA_VALID 2

/* An interface we are attached to, by one descriptor a queue. All zeros: none. */
struct leat_tap_fds {
	unsigned int	nfds;
	int		fd[LEAT_PORT_QUEUES_MAX];
};

/*
 * leat_tap_open - attach to the tap interface @name, or make it (which takes CAP_NET_ADMIN;
 * it goes with us). @csum: the stack may leave checksums to us. Errors are logged in the
 * name of @who: -EINVAL no name of an interface, -EPERM not ours to attach to, -EBUSY
 * somebody else is, -ENOTSUP it cannot have @queues or the headers. Control thread.
 */
LEAT_API int leat_tap_open(struct leat_ctx *ctx, const char *who, const char *name,
			   unsigned int queues, bool csum, struct leat_tap_fds *out);

/* Fine for one closed or all zeros. */
LEAT_API void leat_tap_close(struct leat_tap_fds *tap);

/*
 * leat_tap_read - one frame into @room bytes at @data. Its length; 0 nothing is there now;
 * -EMSGSIZE it had no room, and is gone; another -errno the interface is. The queue's thread.
 */
LEAT_API int leat_tap_read(int fd, struct leat_tap_hdr *hdr, void *data, size_t room);

/*
 * leat_tap_write - one packet, of at most LEAT_TAP_SEGS_MAX segments. 0 gone into the tap;
 * -EAGAIN not now; another -errno the stack refuses it, or the interface is down. The
 * queue's thread.
 */
LEAT_API int leat_tap_write(int fd, const struct leat_tap_hdr *hdr, const struct leat_pkt *pkt);

LEAT_END_DECLS

#endif
