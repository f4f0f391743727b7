// SPDX-License-Identifier: BSD-3-Clause
/*
 * wire.h - what an emulated NIC's cable leads to.
 *
 * Frames are pushed both ways: the NIC calls send() for what its driver
 * transmitted; the wire, in poll(), calls leat_wire_deliver() for what
 * arrives. Whoever cannot take a frame now says so by taking fewer, and the
 * other side keeps it: no frame is lost without being counted.
 *
 * A wire and its NIC are stepped by one thread.
 */
#ifndef LEAT_WIRE_H
#define LEAT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>

LEAT_BEGIN_DECLS

struct leat_mdev;

#define LEAT_FRAME_CSUM_PARTIAL	(UINT16_C(1) << 0)	/* csum_start, csum_off hold: see pkt.h */
#define LEAT_FRAME_CSUM_GOOD	(UINT16_C(1) << 1)

/* Longest frame a wire carries, without FCS: jumbo with room to spare. */
#define LEAT_FRAME_MAX 16384

/* Longest frame to be segmented (gso_size): an IP packet of 64 KiB, its Ethernet header, two tags. */
#define LEAT_FRAME_GSO_MAX 65560

/*
 * One Ethernet frame without FCS, in one piece. The bytes may lie in the
 * driver's memory: they can change under the reader, who copies what it checks.
 * Valid only during the call that shows them.
 */
struct leat_frame {
	const void	*data;
	uint32_t	len;
	uint16_t	flags;		/* LEAT_FRAME_* */
	uint16_t	csum_start, csum_off;
	uint16_t	gso_size;	/* 0: not segmented */
	uint8_t		gso_type;	/* virtio 1.2, 5.1.6: VIRTIO_NET_HDR_GSO_* */
	uint8_t		hdr_len;	/* bytes of headers, if gso_size */
};

struct leat_wire;

struct leat_wire_ops {
	const char	*name;
	/* Take up to @n frames; returns how many. */
	unsigned int	(*send)(struct leat_wire *w, const struct leat_frame *frames, unsigned int n);
	/* Deliver what has arrived; returns the frames moved. NULL: nothing ever arrives. */
	unsigned int	(*poll)(struct leat_wire *w);
	/* Is the cable plugged in at the far end? NULL: always. */
	bool		(*up)(struct leat_wire *w);
	/* The driver behind @w came (it may receive) or left. May be NULL. */
	void		(*attached)(struct leat_wire *w, bool yes);
	void		(*close)(struct leat_wire *w);
	/* Does send() take frames to be segmented? Otherwise leat_wire_send() cuts them. */
	bool		gso;
};

/* A frame of which some segments are gone, and the next was refused. */
struct leat_wire_cut {
	const void	*data;
	uint32_t	len;
	uint32_t	at;		/* segment to go next; 0: none is under way */
};

/* Wires embed it as their first member. */
struct leat_wire {
	const struct leat_wire_ops *ops;
	struct leat_mdev *nic;		/* set when the NIC is made; NULL after it is gone */
	uint64_t	dropped;	/* frames sent towards an end without a driver */
	struct leat_wire_cut out, in;	/* frames being cut, towards the wire and from it */
};

/*
 * leat_wire_deliver - frames to the NIC at this end. Returns how many it took:
 * fewer when its driver has no buffers free now. Without a driver ready to
 * receive it returns 0 (leat_wire_ready() tells the two apart). Frames to be segmented
 * are cut in software for NICs whose model cannot do it; one that was refused comes
 * first in the next call.
 */
LEAT_API unsigned int leat_wire_deliver(struct leat_wire *w, const struct leat_frame *frames,
					unsigned int n);
/*
 * leat_wire_send - frames of the NIC to the wire, as its send() takes them: those to be
 * segmented are cut in software where it does not. Frames that cannot be cut, as their
 * headers contradict them, are dropped. Returns how many were taken; the same frames
 * come first in the next call.
 */
LEAT_API unsigned int leat_wire_send(struct leat_wire *w, const struct leat_frame *frames,
				     unsigned int n);
LEAT_API bool leat_wire_ready(const struct leat_wire *w);

/*
 * leat_wire_loop - what is sent comes back. leat_wire_link - a cable with two
 * ends: what one NIC sends the other receives; a frame towards an end without
 * a driver is dropped, as on a real cable. Both ends are closed separately.
 */
LEAT_API int leat_wire_loop(struct leat_wire **out);
LEAT_API int leat_wire_link(struct leat_wire **a, struct leat_wire **b);
LEAT_API void leat_wire_close(struct leat_wire *w);

/*
 * leat_sim_wire - give a wire of the application's own a name, so that
 * "sim:MODEL,wire=NAME" finds it in this context. The device takes it over and
 * closes it. Control thread.
 */
struct leat_ctx;
LEAT_API int leat_sim_wire(struct leat_ctx *ctx, const char *name, struct leat_wire *w);

LEAT_END_DECLS

#endif
