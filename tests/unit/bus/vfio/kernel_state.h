// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel_state.h - what the fake kernel is made of. Between its files.
 */
#ifndef FAKE_KERNEL_STATE_H
#define FAKE_KERNEL_STATE_H

#include "bus/vfio/abi.h"
#include "kernel.h"

#define PAGE   UINT64_C(4096)
#define FILES  64
#define MAPS   64
#define IOASES 16
#define RANGES 128

/* Memory that was locked once, however many IOASes have it. */
struct pages {
	unsigned int	refs;
	uint64_t	len;
};

struct map {
	uint64_t	iova, len, va;
	uint32_t	prot;		/* IOMMU_IOAS_MAP_* */
	struct pages	*pages;		/* NULL: a container's */
};

/* The maps of a container or an IOAS, and who is attached. */
struct table {
	bool		used;
	unsigned int	nmaps;
	struct map	map[MAPS];
	unsigned int	members;
	uint32_t	id;
};

enum kind { NONE, CONTAINER, GROUP, IOMMUFD, DEVICE };

struct object {
	enum kind	kind;
	unsigned int	refs;		/* descriptors, and devices bound to it */
	unsigned int	bits;		/* group, device */
	bool		noiommu;	/* group */
	struct object	*in;		/* group: container; device: iommufd */
	struct table	*table;		/* device: attached to; container: its own */
	uint32_t	iommu;		/* container: type set */
	struct table	ioas[IOASES];	/* iommufd */
};

extern struct object *fake_objects[FILES];
extern uint32_t fake_next_id;

/* The object behind a descriptor, if it is of that kind; NULL. */
struct object *fake_of(int fd, enum kind kind);
void fake_free(struct object *o);

/* One user less. */
void fake_release(struct object *o);

/* What is asked of each kind: what is not negative, or -errno. */
int fake_container_ioctl(struct object *c, unsigned long request, void *arg);
int fake_group_ioctl(struct object *g, unsigned long request, void *arg);
int fake_iommufd_ioctl(struct object *f, unsigned long request, void *arg);
int fake_device_ioctl(struct object *d, unsigned long request, void *arg);

/* A group leaves its container, a device its IOAS. */
int fake_unset_container(struct object *g);
void fake_detach(struct object *d);

/* ---- tables ---- */

extern uint64_t fake_locked_by_process, fake_locked_by_user;

/* The width of the narrowest member; 64: there is none. */
unsigned int fake_bits(const struct table *t);

/* What a domain of @bits takes. How many. */
unsigned int fake_ranges(unsigned int bits, struct iommu_iova_range out[RANGES]);

/* Is anything mapped where a member with @bits of addresses cannot reach? */
bool fake_conflicts(const struct table *t, unsigned int bits);

/* 0 or what is wrong with @m, but for its memory and the limits. */
int fake_check_map(const struct table *t, const struct map *m);
bool fake_is_there(uint64_t va, uint64_t len);
int fake_lock(uint64_t len, bool user);

/* Bytes unmapped, 0 for none, or -EEXIST if one would be cut. */
int64_t fake_unmap(struct table *t, uint64_t iova, uint64_t len);
void fake_empty(struct table *t);

#endif
