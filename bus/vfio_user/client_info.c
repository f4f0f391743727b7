// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_info.c - what the device is made of, as its server tells it.
 *
 * What PCI rules out is refused; what merely makes mapping impossible costs the
 * mapping and one warning: the region then works by messages.
 */
#include "client_state.h"

#include <leat/bits.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No BAR is larger: the physical addresses of today's machines have 52 bits. */
#define REGION_MAX (UINT64_C(1) << 52)
#define CONFIG_MIN 256
#define CONFIG_MAX 4096

/* Room for a chain of capabilities: first enough for a few areas, at most this. */
#define REGION_ARGSZ	 (uint32_t)(sizeof(struct vfu_region_info) + \
				    sizeof(struct vfu_sparse_cap) + \
				    8 * sizeof(struct vfu_sparse_area))
#define REGION_ARGSZ_MAX 65536

int leat_vfu_get_info(struct vfu_client *c)
{
	struct vfu_info info = { .argsz = sizeof(info) };
	struct vfu_call call = {
		.cmd = VFU_GET_INFO, .nout = 1, .min_reply = sizeof(info),
		.out = { vfu_iov(&info, sizeof(info)) },
	};
	int err = leat_vfu_call(c, &call);

	if (err)
		return err;
	memcpy(&info, call.reply.payload, sizeof(info));
	leat_vfu_msg_fini(&call.reply);

	if (!(info.flags & VFU_INFO_F_PCI))
		return leat_fail(c->dev.ctx, -ENOTSUP, "%s: what is served there is not a PCI "
				 "device", c->dev.addr);
	if (info.num_regions <= LEAT_REGION_CONFIG)
		return leat_fail(c->dev.ctx, -EPROTO, "%s: the server announces a PCI device of %u "
				 "regions, without configuration space", c->dev.addr,
				 info.num_regions);
	c->dev.can_reset = info.flags & VFU_INFO_F_RESET;
	c->num_regions = LEAT_MIN(info.num_regions, (uint32_t)LEAT_REGIONS);
	c->num_irqs = LEAT_MIN(info.num_irqs, (uint32_t)LEAT_IRQS);
	return 0;
}

/* A refused question: the thing is not there. Unless the connection ended over it. */
static int absent(struct vfu_client *c, const char *what, unsigned int i, int err)
{
	if (c->dev.dead)
		return err;
	leat_log(c->dev.ctx, LEAT_LOG_WARNING, "%s: %s %u: the server announces it, but does not "
		 "describe it (%s); it is not used", c->dev.addr, what, i, strerror(-err));
	return 0;
}

static int ask_region(struct vfu_client *c, unsigned int i, uint32_t argsz, struct vfu_msg *reply)
{
	struct vfu_region_info info = { .argsz = argsz, .index = i };
	struct vfu_call call = {
		.cmd = VFU_GET_REGION_INFO, .nout = 1, .min_reply = sizeof(info),
		.quiet = i != LEAT_REGION_CONFIG,
		.out = { vfu_iov(&info, sizeof(info)) },
	};
	int err;

	snprintf(call.about, sizeof(call.about), " of region %u", i);
	err = leat_vfu_call(c, &call);
	if (!err)
		*reply = call.reply;
	return err;
}

static int check_region(struct vfu_client *c, unsigned int i, const struct vfu_region_info *info)
{
	bool config = i == LEAT_REGION_CONFIG;

	if (info->index != i)
		return leat_vfu_die(c, -EPROTO,
				    "the peer broke the protocol: asked about region %u, it answered "
				    "about region %u", i, info->index);
	if (info->size > REGION_MAX)
		return leat_fail(c->dev.ctx, -EPROTO,
				 "%s: the server announces an absurd region: number %u with 0x%llx "
				 "bytes", c->dev.addr, i, (unsigned long long)info->size);
	if (config && (info->size < CONFIG_MIN || info->size > CONFIG_MAX))
		return leat_fail(c->dev.ctx, -EPROTO,
				 "%s: the server announces a configuration space of %llu bytes; PCI "
				 "knows %u and %u", c->dev.addr, (unsigned long long)info->size,
				 CONFIG_MIN, CONFIG_MAX);
	return 0;
}

/* The first descriptor passed; others stay behind and are closed with the message. */
static int take_fd(struct vfu_msg *reply)
{
	int fd = reply->nfds ? reply->fds[0] : -1;

	if (fd >= 0)
		reply->fds[0] = -1;
	return fd;
}

static void note_seals(struct vfu_client *c, unsigned int i, int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		leat_log(c->dev.ctx, LEAT_LOG_INFO, "%s: region %u: its server could shrink the "
			 "memory behind it; leat_sigbus() survives that", c->dev.addr, i);
}

static int warn_unmappable(struct vfu_client *c, unsigned int i, const char *why)
{
	leat_log(c->dev.ctx, LEAT_LOG_WARNING, "%s: region %u cannot be mapped and works by "
		 "messages: %s", c->dev.addr, i, why);
	return 0;
}

/* What of the region can be mapped. A server that errs here costs us no more than speed. */
static int take_areas(struct vfu_client *c, unsigned int i, struct vfu_msg *reply, uint32_t asked)
{
	struct vfu_region *r = &c->region[i];
	const struct vfu_region_info *info = reply->payload;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const char *why = NULL;
	int err;

	if (!(info->flags & VFU_REGION_F_MMAP))
		return 0;
	if (info->argsz > asked)
		return warn_unmappable(c, i, "the server's description of it is cut off");
	if (!reply->nfds)
		return warn_unmappable(c, i, "the server passed no descriptor");
	err = leat_vfu_areas(reply->payload, reply->len, page, &r->areas, &r->nareas, &why);
	if (err == -ENOMEM)
		return leat_fail(c->dev.ctx, err, "%s: region %u: out of memory", c->dev.addr, i);
	if (err)
		return warn_unmappable(c, i, why);
	if (r->nareas != 1 || r->areas->len != LEAT_ALIGN_DOWN(info->size, page))
		c->dev.region[i].flags |= LEAT_REGION_SPARSE;
	r->fd = take_fd(reply);
	r->fd_off = info->offset;
	note_seals(c, i, r->fd);
	return 0;
}

/* A server may name a page twice. */
static uint64_t mapped(const struct vfu_region *r, uint64_t size)
{
	uint64_t len = 0;

	for (unsigned int i = 0; i < r->nareas; i++)
		len += r->areas[i].len;
	return LEAT_MIN(len, size);
}

static int fill_region(struct vfu_client *c, unsigned int i, struct vfu_msg *reply,
		       uint32_t asked)
{
	const struct vfu_region_info *info = reply->payload;
	int err = check_region(c, i, info);

	if (err || !info->size)
		return err;
	c->dev.region[i].size = info->size;
	c->dev.region[i].flags = info->flags & (LEAT_REGION_READ | LEAT_REGION_WRITE |
						LEAT_REGION_MMAP);
	err = take_areas(c, i, reply, asked);
	c->dev.region[i].mapped = mapped(&c->region[i], info->size);
	return err;
}

static int get_region(struct vfu_client *c, unsigned int i)
{
	uint32_t asked = REGION_ARGSZ, needed;
	struct vfu_msg reply;
	int err = ask_region(c, i, asked, &reply);

	if (err)
		return i == LEAT_REGION_CONFIG ? err : absent(c, "region", i, err);
	needed = ((const struct vfu_region_info *)reply.payload)->argsz;
	if (needed > asked && needed <= REGION_ARGSZ_MAX) {
		leat_vfu_msg_fini(&reply);
		asked = needed;
		err = ask_region(c, i, asked, &reply);
		if (err)
			return err;
	}
	err = fill_region(c, i, &reply, asked);
	leat_vfu_msg_fini(&reply);
	return err;
}

int leat_vfu_get_regions(struct vfu_client *c)
{
	int err = 0;

	for (unsigned int i = 0; i < c->num_regions && !err; i++)
		err = get_region(c, i);
	return err;
}

static int get_irq(struct vfu_client *c, unsigned int i)
{
	/* What PCI allows; a server that claims more is believed that much. */
	static const uint32_t most[LEAT_IRQS] = {
		[LEAT_IRQ_INTX] = 1, [LEAT_IRQ_MSI] = 32, [LEAT_IRQ_MSIX] = 2048,
		[LEAT_IRQ_ERR] = 1, [LEAT_IRQ_REQ] = 1,
	};
	struct vfu_irq_info info = { .argsz = sizeof(info), .index = i };
	struct vfu_call call = {
		.cmd = VFU_GET_IRQ_INFO, .nout = 1, .min_reply = sizeof(info), .quiet = true,
		.out = { vfu_iov(&info, sizeof(info)) },
	};
	int err;

	snprintf(call.about, sizeof(call.about), " of index %u", i);
	err = leat_vfu_call(c, &call);
	if (err)
		return absent(c, "interrupt index", i, err);
	memcpy(&info, call.reply.payload, sizeof(info));
	leat_vfu_msg_fini(&call.reply);
	if (info.flags & VFU_IRQ_F_EVENTFD)
		c->dev.irqs[i] = LEAT_MIN(info.count, most[i]);
	c->dev.irq_flags[i] = info.flags;
	return 0;
}

int leat_vfu_get_irqs(struct vfu_client *c)
{
	int err = 0;

	for (unsigned int i = 0; i < c->num_irqs && !err; i++)
		err = get_irq(c, i);
	return err;
}
