// SPDX-License-Identifier: BSD-3-Clause
/*
 * model.h - the device side of the contract: what a device model is and what
 * it may ask of its host.
 *
 * A model is an emulated PCI device: registers, DMA, interrupts, a wire. It
 * knows neither sockets nor who drives it; the vfio-user server, "sim:" and
 * the tests host the same model. One thread steps a model: access(), poll()
 * and receive() never run at once.
 *
 * The driver is not trusted: addresses are checked by leat_mdev_ptr(), and
 * what lies in shared memory is read once.
 */
#ifndef LEAT_MODEL_H
#define LEAT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/log.h>
#include <leat/wire.h>

LEAT_BEGIN_DECLS

#define LEAT_MODEL_REGIONS 9		/* as VFIO: BAR0-5, ROM, configuration, VGA */
#define LEAT_MODEL_CONFIG  7
#define LEAT_MODEL_IRQS	   5		/* as VFIO: INTx, MSI, MSI-X, ERR, REQ */

struct leat_mdev;

/*
 * A region as the model declares it. [map_off, map_off + map_len), whole 4 KiB
 * pages, is memory shared with the driver, mdev->mem[]. Writes there reach
 * access() only from drivers that do not map it, and are stored first; reads
 * are served from the memory. The rest is trapped: every access reaches access().
 */
struct leat_model_region {
	uint64_t	size;		/* bytes; 0: no such region */
	uint64_t	map_off, map_len;
};

/* "key=value" from the address or the command line. Ends with key NULL. */
struct leat_model_opt {
	const char	*key;
	const char	*value;		/* "" for a key alone */
};

struct leat_model {
	const char	*name;		/* "virtio-net" */
	const char	*help;		/* one line of its options */
	size_t		size;		/* the model's struct, struct leat_mdev first, zeroed */

	/*
	 * init: read options, fill mdev->region[] and mdev->irqs[]. A wrong option is
	 * -EINVAL with the sentence by leat_mdev_fail(). Memory behind regions is there
	 * from the first reset() on.
	 */
	int	(*init)(struct leat_mdev *mdev, const struct leat_model_opt *opts);
	void	(*fini)(struct leat_mdev *mdev);

	/*
	 * Power-on state; also when a driver leaves. Shared memory is zero again, but
	 * after a function level reset. DMA and interrupts are the host's.
	 */
	void	(*reset)(struct leat_mdev *mdev);

	/*
	 * One register access of 1, 2, 4 or 8 bytes inside the region, little-endian in
	 * @buf; longer ones are split by the host, naturally aligned where possible.
	 * Returns 0 or -EINVAL for an access that the device refuses.
	 */
	int	(*access)(struct leat_mdev *mdev, unsigned int region, uint64_t off,
			  void *buf, size_t len, bool write);

	/*
	 * Do the transmit work that is due. Returns the frames moved, and not 0 while
	 * another round is needed: after a round of nothing the host may sleep.
	 */
	unsigned int (*poll)(struct leat_mdev *mdev);

	/* Frames from the wire to the driver. Returns how many were taken. */
	unsigned int (*receive)(struct leat_mdev *mdev, const struct leat_frame *frames,
				unsigned int n);

	/* Would receive() take frames, if the driver has buffers? */
	bool	(*ready)(const struct leat_mdev *mdev);

	/* The DMA map changed: forget pointers from leat_mdev_ptr(). */
	void	(*dma_changed)(struct leat_mdev *mdev);

	/* The wire went up or down: mdev->link_up. May be NULL. */
	void	(*link)(struct leat_mdev *mdev, bool up);

	/* Does receive() take frames to be segmented? Otherwise they are cut before. */
	bool	gso;
};

/* A stretch of the driver's memory. @va is NULL if only messages reach it. */
struct leat_mdma {
	uint64_t	iova, len;
	char		*va;
	bool		read, write;	/* what the device may do */
};

/* What hosts offer; called through the functions below. */
struct leat_model_host {
	void	(*raise)(struct leat_mdev *mdev, unsigned int index, unsigned int vector);
	/* Did it fire while masked, and still waits? NULL: never. */
	bool	(*pending)(struct leat_mdev *mdev, unsigned int index, unsigned int vector);
	/* DMA to memory without @va: as leat_mdev_read() and leat_mdev_write(). 0 or -errno. */
	int	(*dma)(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write);
	/* Are writes still on their way there? NULL: never. */
	bool	(*busy)(struct leat_mdev *mdev);
	void	(*log)(struct leat_mdev *mdev, enum leat_log_level level, const char *message);
};

/* Counters a model keeps; hosts and tools read them. Reset when a driver comes. */
struct leat_mdev_stats {
	uint64_t	tx_frames, tx_bytes;	/* from the driver to the wire */
	uint64_t	rx_frames, rx_bytes;	/* from the wire to the driver */
	uint64_t	rx_refused;	/* deliveries put off: no buffer */
	uint64_t	rx_dropped;	/* frames too long for any buffer chain */
	uint64_t	tx_dropped;	/* descriptors without a valid frame */
	uint64_t	interrupts;	/* raised */
	uint64_t	doorbells;	/* noticed */
};

/*
 * struct leat_mdev - a model at work. Models embed it as their first member.
 * The upper part is the model's to fill in init(), the lower the host's.
 */
struct leat_mdev {
	struct leat_model_region region[LEAT_MODEL_REGIONS];
	uint32_t	irqs[LEAT_MODEL_IRQS];	/* vectors of each kind */
	struct leat_mdev_stats stats;

	const struct leat_model *model;
	const struct leat_model_host *host;
	void		*host_arg;
	struct leat_wire *wire;			/* NULL: nothing is plugged in */
	bool		link_up;		/* the wire's */
	void		*mem[LEAT_MODEL_REGIONS];	/* shared part of each region, or NULL */
	int		mem_fd[LEAT_MODEL_REGIONS];	/* a memfd, the region's offsets; or -1 */
	char		name[64];		/* for messages */

	struct leat_mdma *dma;			/* ascending, not overlapping */
	unsigned int	ndma, dma_room;
	unsigned int	dma_last;		/* where the last look-up ended */
};

/*
 * leat_mdev_ptr - @len bytes of the driver's memory at @iova that the device
 * may read (and write). NULL if not wholly inside one mapped stretch, or if
 * that stretch can be reached by messages only. Good until dma_changed().
 */
LEAT_API void *leat_mdev_ptr_slow(struct leat_mdev *mdev, uint64_t iova, uint64_t len, bool write);

LEAT_INLINE void *leat_mdev_ptr(struct leat_mdev *mdev, uint64_t iova, uint64_t len, bool write)
{
	if (LEAT_LIKELY(mdev->dma_last < mdev->ndma)) {
		const struct leat_mdma *m = &mdev->dma[mdev->dma_last];

		if (LEAT_LIKELY(iova - m->iova < m->len && len <= m->len - (iova - m->iova) &&
				m->va && (write ? m->write : m->read)))
			return m->va + (iova - m->iova);
	}
	return leat_mdev_ptr_slow(mdev, iova, len, write);
}

/*
 * Copy from or to the driver's memory, however it is reached. 0, or -EFAULT: not
 * mapped. A read may also say -EAGAIN: the driver's side waits for an answer of
 * the device first; have the model return, and try again in a later round. Writes
 * are posted and in order; interrupts raised after them arrive after them.
 */
LEAT_API int leat_mdev_read(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len);
LEAT_API int leat_mdev_write(struct leat_mdev *mdev, uint64_t iova, const void *buf, size_t len);

/* Are posted writes still on their way? A reset is not complete while they are. */
LEAT_API bool leat_mdev_busy(struct leat_mdev *mdev);

/*
 * Fire a vector (LEAT_IRQ_* index numbers as VFIO's). Masked ones stay pending. INTx
 * is fired when the line goes up: hosts mask it then, until the driver unmasks it.
 */
LEAT_API void leat_mdev_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector);
LEAT_API bool leat_mdev_pending(struct leat_mdev *mdev, unsigned int index, unsigned int vector);

LEAT_API void leat_mdev_log(struct leat_mdev *mdev, enum leat_log_level level,
			    const char *fmt, ...) LEAT_PRINTF(3, 4);
/* Log an error and return @err. */
LEAT_API int leat_mdev_fail(struct leat_mdev *mdev, int err, const char *fmt, ...)
	LEAT_PRINTF(3, 4);

/* ---- for hosts: the vfio-user server, "sim:", tests ---- */

/*
 * leat_mdev_create - make a model's device: zeroed struct, init(), shared
 * memory behind regions, reset(). Takes @wire over, on success only. @host
 * must outlive it.
 */
LEAT_API int leat_mdev_create(const struct leat_model *model, const struct leat_model_opt *opts,
			      const char *name, const struct leat_model_host *host, void *host_arg,
			      struct leat_wire *wire, struct leat_mdev **out);
LEAT_API void leat_mdev_destroy(struct leat_mdev *mdev);

/* One round: link, the wire's arrivals, then the driver's. Returns the frames moved. */
LEAT_API unsigned int leat_mdev_step(struct leat_mdev *mdev);

/* Zero the shared memory, reset the model. DMA maps stay. */
LEAT_API void leat_mdev_reset(struct leat_mdev *mdev);

/*
 * leat_mdev_attach - a driver came: counters start at zero, the wire is told.
 * leat_mdev_detach - it left: the model is reset, its DMA maps are forgotten, the
 * wire is told. The host unmaps the memory afterwards.
 */
LEAT_API void leat_mdev_attach(struct leat_mdev *mdev);
LEAT_API void leat_mdev_detach(struct leat_mdev *mdev);

/*
 * leat_mdev_access - an access of any length within a region; the shared part
 * is stored or read first. 0 or -EINVAL.
 */
LEAT_API int leat_mdev_access(struct leat_mdev *mdev, unsigned int region, uint64_t off,
			      void *buf, size_t len, bool write);

/*
 * leat_mdev_dma_add / _remove - keep the table of the driver's memory.
 * -EEXIST overlap, -EINVAL empty or wrapping, -ENOENT no such map, -ENOMEM.
 */
LEAT_API int leat_mdev_dma_add(struct leat_mdev *mdev, const struct leat_mdma *map);
LEAT_API int leat_mdev_dma_remove(struct leat_mdev *mdev, uint64_t iova, uint64_t len);
LEAT_API void leat_mdev_dma_clear(struct leat_mdev *mdev);

LEAT_END_DECLS

#endif
