// SPDX-License-Identifier: BSD-3-Clause
/*
 * maps.c - memory into a domain and out again, with the same answers whatever its kind.
 *
 * The kernel's two interfaces differ in what they say and say little: EINVAL has eight causes.
 * So the rules are checked here first, each with a sentence of its own; and what was mapped is
 * written down, ascending, because iommufd does not tell "nothing is there" from "that would
 * cut a map", and TYPE1 calls the former success.
 */
#include "kind.h"

#include "memlock.h"
#include "ranges.h"
#include "reason.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long ull;

/* ---- the list ---- */

static uint64_t last_of(const struct vfio_map *m)
{
	return m->iova + (m->len - 1);
}

/* The first map that ends at or behind @iova; space->nmaps if none does. */
static unsigned int first_from(const struct vfio_space *space, uint64_t iova)
{
	unsigned int lo = 0, hi = space->nmaps;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (last_of(&space->maps[mid]) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool overlaps(const struct vfio_space *space, uint64_t iova, uint64_t len)
{
	unsigned int i = first_from(space, iova);

	return i < space->nmaps && space->maps[i].iova <= iova + (len - 1);
}

struct vfio_map *leat_vfio_map_find(struct vfio_space *space, uint64_t iova, uint64_t len)
{
	unsigned int i = first_from(space, iova);

	if (i == space->nmaps || space->maps[i].iova != iova || space->maps[i].len != len)
		return NULL;
	return &space->maps[i];
}

static int make_room(struct vfio_space *space)
{
	unsigned int room = space->room ? 2 * space->room : 8;
	struct vfio_map *maps;

	if (space->nmaps < space->room)
		return 0;
	maps = reallocarray(space->maps, room, sizeof(*maps));
	if (!maps)
		return leat_fail(space->ctx, -ENOMEM, "%s: map memory: out of memory", space->name);
	space->maps = maps;
	space->room = room;
	return 0;
}

static void insert(struct vfio_space *space, const struct vfio_map *map)
{
	unsigned int i = first_from(space, map->iova);

	memmove(&space->maps[i + 1], &space->maps[i], (space->nmaps - i) * sizeof(*map));
	space->maps[i] = *map;
	space->nmaps++;
	if (map->pins)
		space->pinned += map->len;
}

/* Another domain in the same iommufd where the same memory is. */
static struct vfio_space *peer_of(const struct vfio_space *space, const struct vfio_map *map,
				  struct vfio_map **theirs)
{
	for (struct vfio_space *s = leat_vfio_spaces(space->ctx); s; s = s->next) {
		struct vfio_map *m;

		if (s == space || s->kind != VFIO_IOMMUFD || space->kind != VFIO_IOMMUFD ||
		    s->file != space->file)
			continue;
		m = leat_vfio_map_find(s, map->iova, map->len);
		if (m && m->va == map->va && m->read_only == map->read_only) {
			*theirs = m;
			return s;
		}
	}
	return NULL;
}

struct vfio_space *leat_vfio_map_peer(const struct vfio_space *space, const struct vfio_map *map)
{
	struct vfio_map *theirs;

	return peer_of(space, map, &theirs);
}

/* The memory stays locked as long as a copy of the map is there: that one counts then. */
static void unpin(struct vfio_space *space, const struct vfio_map *map)
{
	struct vfio_map *theirs;
	struct vfio_space *peer = peer_of(space, map, &theirs);

	space->pinned -= map->len;
	if (peer && !theirs->pins) {
		theirs->pins = true;
		peer->pinned += map->len;
	}
}

static void drop_within(struct vfio_space *space, uint64_t iova, uint64_t len)
{
	unsigned int first = first_from(space, iova), end = first;

	for (; end < space->nmaps && last_of(&space->maps[end]) <= iova + (len - 1); end++)
		if (space->maps[end].pins)
			unpin(space, &space->maps[end]);
	memmove(&space->maps[first], &space->maps[end],
		(space->nmaps - end) * sizeof(*space->maps));
	space->nmaps -= end - first;
}

/* ---- rules ---- */

static bool in_pages(const struct vfio_space *space, uint64_t n)
{
	return n % space->as.page_size == 0;
}

static int check_pages(struct vfio_space *space, const struct vfio_map *map)
{
	const struct {
		const char *what;
		uint64_t n;
	} parts[] = {
		{ "device address", map->iova },
		{ "memory address", (uintptr_t)map->va },
		{ "length", map->len },
	};

	for (size_t i = 0; i < LEAT_ARRAY_LEN(parts); i++)
		if (!in_pages(space, parts[i].n))
			return leat_fail(space->ctx, -EINVAL, "%s: map memory: the %s %#llx is no "
					 "multiple of the IOMMU's smallest page, %zu bytes",
					 space->name, parts[i].what, (ull)parts[i].n,
					 space->as.page_size);
	return 0;
}

static int check_place(struct vfio_space *space, const struct vfio_map *map)
{
	char text[160];

	if (!map->len || map->iova + (map->len - 1) < map->iova)
		return leat_fail(space->ctx, -EINVAL, "%s: map memory: %#llx bytes at %#llx: there "
				 "must be some, and they must end before the last address",
				 space->name, (ull)map->len, (ull)map->iova);
	if (!leat_vfio_ranges_hold(&space->as, map->iova, map->len))
		return leat_fail(space->ctx, -EINVAL, "%s: map memory: %#llx-%#llx does not lie in "
				 "one of the IOMMU's ranges (%s)", space->name, (ull)map->iova,
				 (ull)last_of(map),
				 leat_aspace_ranges(&space->as, text, sizeof(text)));
	if (overlaps(space, map->iova, map->len))
		return leat_fail(space->ctx, -EEXIST, "%s: map memory: something is mapped within "
				 "%#llx-%#llx already; unmap it first", space->name, (ull)map->iova,
				 (ull)last_of(map));
	return 0;
}

/* ---- locked memory ---- */

static bool look_at_limit(const struct vfio_space *space, struct vfio_memlock *lock)
{
	uint64_t ours = 0;

	for (const struct vfio_space *s = leat_vfio_spaces(space->ctx); s; s = s->next)
		if (s->kind == space->kind)
			ours += s->pinned;
	return leat_vfio_memlock(space->kind == VFIO_IOMMUFD ? VFIO_PER_USER : VFIO_PER_PROCESS,
				 ours, lock);
}

static int fail_lock(struct vfio_space *space, uint64_t need, const struct vfio_memlock *lock)
{
	ull want = lock->locked + need;

	return leat_fail(space->ctx, -ENOMEM, "%s: map memory: %llu bytes must be locked%s and "
			 "%llu are, which makes %llu, but the limit is %llu: raise it (\"ulimit -l "
			 "%llu\" before the start, \"prlimit --memlock=%llu --pid %ld\" as root, "
			 "or LimitMEMLOCK=%llu of the service)", space->name, (ull)need,
			 space->kind == VFIO_IOMMUFD ? ", counted over all processes of the user,"
			 : "", (ull)lock->locked, want, (ull)lock->limit, (want + 1023) / 1024,
			 want, (long)getpid(), want);
}

static int check_limit(struct vfio_space *space, const struct vfio_map *map)
{
	struct vfio_memlock lock;

	if (!look_at_limit(space, &lock) || lock.locked + map->len <= lock.limit)
		return 0;
	return fail_lock(space, map->len, &lock);
}

/* ---- the kernel's turn ---- */

static const struct vfio_reason map_reasons[] = {
	{ EEXIST, "something else is mapped there; if the container is another device's too, name "
		  "one domain for both (,domain=NAME)" },
	{ ENOSPC, "the container has no map left; use larger pages, or raise the limit for new "
		  "ones: echo 1000000 > /sys/module/vfio_iommu_type1/parameters/dma_entry_limit" },
	{ EFAULT, "the process has no memory there, or none that can stay in place: device memory "
		  "and files of ordinary filesystems cannot" },
	{ EPERM,  "the memory may not be written; map it for reading only" },
	{ EINVAL, "the kernel does not take these addresses, although it reported them as usable" },
	{ 0, NULL },
};

static int fail_map(struct vfio_space *space, const struct vfio_map *map, int err)
{
	struct vfio_memlock lock;

	/* The limit may be reached by what we cannot see: the user's other processes. */
	if (err == -ENOMEM && look_at_limit(space, &lock))
		return leat_fail(space->ctx, err, "%s: map memory: %llu bytes at %#llx: the kernel "
				 "is out of memory, or of locked memory: we have %llu bytes of the "
				 "%llu allowed%s (ulimit -l raises it)", space->name, (ull)map->len,
				 (ull)map->iova, (ull)lock.locked, (ull)lock.limit,
				 space->kind == VFIO_IOMMUFD ?
				 ", which count over all processes of the user" : "");
	return leat_fail(space->ctx, err, "%s: map memory: %llu bytes at %#llx: %s", space->name,
			 (ull)map->len, (ull)map->iova, leat_vfio_why(map_reasons, err));
}

int leat_vfio_map(struct vfio_space *space, const struct vfio_map *map)
{
	struct vfio_map m = *map;
	int err = check_pages(space, map);

	if (!err)
		err = check_place(space, map);
	if (!err)
		err = make_room(space);
	m.pins = !leat_vfio_map_peer(space, map);
	if (!err && m.pins)
		err = check_limit(space, map);
	if (err)
		return err;
	err = leat_vfio_kind(space)->map(space, &m);
	if (err)
		return fail_map(space, map, err);
	insert(space, &m);
	return 0;
}

int leat_vfio_unmap(struct vfio_space *space, uint64_t iova, uint64_t len)
{
	uint64_t done = 0;
	int err;

	if (!len || iova + (len - 1) < iova || !in_pages(space, iova) || !in_pages(space, len))
		return -EINVAL;
	err = leat_vfio_kind(space)->unmap(space, iova, len, &done);
	if (!err && !done)
		err = -ENOENT;
	else if (err == -ENOENT && overlaps(space, iova, len))
		err = -EINVAL;
	if (!err)
		drop_within(space, iova, len);
	return err;
}

/* ---- for core ---- */

static int dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct vfio_space *space = LEAT_CONTAINER_OF(as, struct vfio_space, as);
	const struct vfio_map map = {
		.iova = seg->iova, .len = seg->len, .va = seg->va, .read_only = seg->read_only,
	};

	return as->phys ? 0 : leat_vfio_map(space, &map);
}

static const struct vfio_reason unmap_reasons[] = {
	{ ENOENT, "nothing was mapped there" },
	{ EINVAL, "that would cut a map in two" },
	{ 0, NULL },
};

static void dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct vfio_space *space = LEAT_CONTAINER_OF(as, struct vfio_space, as);
	int err = as->phys ? 0 : leat_vfio_unmap(space, seg->iova, seg->len);

	if (err)
		leat_log(space->ctx, LEAT_LOG_WARNING, "%s: unmap memory: %llu bytes at %#llx: %s",
			 space->name, (ull)seg->len, (ull)seg->iova,
			 leat_vfio_why(unmap_reasons, err));
}

const struct leat_aspace_ops leat_vfio_aspace_ops = {
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
};
