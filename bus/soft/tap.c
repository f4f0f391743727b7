// SPDX-License-Identifier: BSD-3-Clause
/*
 * tap.c - the system calls behind tap ports (Linux, Documentation/networking/tuntap.rst).
 */
#include <leat/driver/tap.h>

#include <leat/driver/core.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_tun.h>

static int fail_attach(struct leat_ctx *ctx, const char *who, const char *name, unsigned int queues,
		       int err)
{
	switch (err) {
	case EPERM:
		return leat_fail(ctx, -EPERM, "%s: no permission to attach to the interface or make "
				 "it; as root, once: ip tuntap add %s mode tap user $USER vnet_hdr",
				 who, name);
	case EBUSY:
		return leat_fail(ctx, -EBUSY, "%s: another program is attached to it; end that one or "
				 "name another interface", who);
	case EINVAL:
		return leat_fail(ctx, -ENOTSUP, "%s: there is an interface of that name that is no tap "
				 "with vnet_hdr and %s; make one by: ip tuntap add %s mode tap user $USER "
				 "vnet_hdr%s", who, queues > 1 ? "several queues" : "one queue", name,
				 queues > 1 ? " multi_queue" : "");
	default:
		return leat_fail(ctx, -err, "%s: attach: %s", who, strerror(err));
	}
}

/* One queue's descriptor; 0 or an errno. An interface made for several queues wants it said. */
static int attach(int fd, const char *name, unsigned int queues)
{
	const short plain = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	struct ifreq ifr = { .ifr_flags = queues > 1 ? plain | IFF_MULTI_QUEUE : plain };

	memcpy(ifr.ifr_name, name, strlen(name));
	if (!ioctl(fd, TUNSETIFF, &ifr))
		return 0;
	if (errno != EINVAL || queues > 1)
		return errno;
	ifr.ifr_flags = plain | IFF_MULTI_QUEUE;
	return ioctl(fd, TUNSETIFF, &ifr) ? errno : 0;
}

static int open_queue(struct leat_ctx *ctx, const char *who, const char *name, unsigned int queues,
		      bool csum, struct leat_tap_fds *tap)
{
	int len = sizeof(struct leat_tap_hdr), little = 1, err;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return leat_fail(ctx, -errno, "%s: /dev/net/tun: %s (is the kernel's tun module there, "
				 "and may you open it?)", who, strerror(errno));
	tap->fd[tap->nfds++] = fd;
	err = attach(fd, name, queues);
	if (err)
		return fail_attach(ctx, who, name, queues, err);
	if (ioctl(fd, TUNSETVNETHDRSZ, &len) < 0 || ioctl(fd, TUNSETVNETLE, &little) < 0 ||
	    ioctl(fd, TUNSETOFFLOAD, csum ? TUN_F_CSUM : 0) < 0)
		return leat_fail(ctx, -ENOTSUP, "%s: the kernel refuses virtio-net headers: %s", who,
				 strerror(errno));
	return 0;
}

int leat_tap_open(struct leat_ctx *ctx, const char *who, const char *name, unsigned int queues,
		  bool csum, struct leat_tap_fds *out)
{
	struct leat_tap_fds tap = { .nfds = 0 };
	int err = 0;

	if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/ %"))
		return leat_fail(ctx, -EINVAL, "%s: an interface's name has 1 to %d characters, none of "
				 "them '/', '%%' or a blank", who, IFNAMSIZ - 1);
	for (unsigned int i = 0; !err && i < queues; i++)
		err = open_queue(ctx, who, name, queues, csum, &tap);
	if (err) {
		leat_tap_close(&tap);
		return err;
	}
	*out = tap;
	return 0;
}

void leat_tap_close(struct leat_tap_fds *tap)
{
	while (tap->nfds)
		close(tap->fd[--tap->nfds]);
}

/* What does not fit is cut off by the kernel: one byte more than there is room for tells. */
int leat_tap_read(int fd, struct leat_tap_hdr *hdr, void *data, size_t room)
{
	uint8_t more;
	struct iovec iov[] = {
		{ .iov_base = hdr, .iov_len = sizeof(*hdr) },
		{ .iov_base = data, .iov_len = room },
		{ .iov_base = &more, .iov_len = sizeof(more) },
	};
	ssize_t got;

	do
		got = readv(fd, iov, LEAT_ARRAY_LEN(iov));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (got < (ssize_t)sizeof(*hdr))
		return 0;
	got -= (ssize_t)sizeof(*hdr);
	return (size_t)got > room ? -EMSGSIZE : (int)got;
}

int leat_tap_write(int fd, const struct leat_tap_hdr *hdr, const struct leat_pkt *pkt)
{
	struct leat_tap_hdr copy = *hdr;
	struct iovec iov[1 + LEAT_TAP_SEGS_MAX] = { { .iov_base = &copy, .iov_len = sizeof(copy) } };
	int n = 1;

	for (; pkt && n <= LEAT_TAP_SEGS_MAX; pkt = pkt->next, n++)
		iov[n] = (struct iovec){ .iov_base = leat_pkt_data(pkt), .iov_len = pkt->len };
	if (pkt)
		return -EMSGSIZE;
	while (writev(fd, iov, n) < 0)
		if (errno != EINTR)
			return errno == ENOBUFS || errno == ENOMEM ? -EAGAIN : -errno;
	return 0;
}
