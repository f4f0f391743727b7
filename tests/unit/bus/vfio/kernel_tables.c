// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel_tables.c - the maps of a container or an IOAS: addresses, memory, how much of it.
 */
#include "kernel_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

uint64_t fake_locked_by_process, fake_locked_by_user;

/* ---- ranges ---- */

unsigned int fake_bits(const struct table *t)
{
	unsigned int bits = 64;

	for (int i = 0; i < FILES; i++) {
		const struct object *o = fake_objects[i];
		bool in = o && (o->kind == DEVICE ? o->table == t :
				o->kind == GROUP && o->in && o->in->table == t);

		if (in && o->bits < bits)
			bits = o->bits;
	}
	return bits;
}

unsigned int fake_ranges(unsigned int bits, struct iommu_iova_range out[RANGES])
{
	uint64_t last = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	uint64_t at = UINT64_C(0xfef00000);
	unsigned int n = 0;

	if (bits == 64) {
		out[n++] = (struct iommu_iova_range){ 0, UINT64_MAX };
		return n;
	}
	if (last <= UINT64_C(0xfee00000)) {
		out[n++] = (struct iommu_iova_range){ 0, last };
		return n;
	}
	out[n++] = (struct iommu_iova_range){ 0, UINT64_C(0xfedfffff) };
	for (unsigned int i = 0; i < fake.holes; i++) {
		uint64_t hole = (UINT64_C(1) << 32) + i * 4 * PAGE;

		out[n++] = (struct iommu_iova_range){ at, hole - 1 };
		at = hole + PAGE;
	}
	out[n++] = (struct iommu_iova_range){ at, last };
	return n;
}

static bool reaches(unsigned int bits, uint64_t iova, uint64_t len)
{
	struct iommu_iova_range r[RANGES];
	unsigned int n = fake_ranges(bits, r);

	for (unsigned int i = 0; i < n; i++)
		if (iova >= r[i].start && iova + (len - 1) <= r[i].last)
			return true;
	return false;
}

bool fake_conflicts(const struct table *t, unsigned int bits)
{
	for (unsigned int i = 0; i < t->nmaps; i++)
		if (!fake.careless && !reaches(bits, t->map[i].iova, t->map[i].len))
			return true;
	return false;
}

/* ---- locked memory ---- */

int fake_lock(uint64_t len, bool user)
{
	uint64_t *sum = user ? &fake_locked_by_user : &fake_locked_by_process;
	uint64_t before = user ? fake.by_user : fake.by_process;

	if (!fake.spared && before + *sum + len > fake.limit)
		return -ENOMEM;
	*sum += len;
	return 0;
}

static void unlock_map(struct map *m)
{
	if (!m->pages) {
		fake_locked_by_process -= m->len;
		return;
	}
	if (--m->pages->refs)
		return;
	fake_locked_by_user -= m->pages->len;
	free(m->pages);
}

bool fake_is_there(uint64_t va, uint64_t len)
{
	unsigned char in;

	for (uint64_t at = va; at < va + len; at += PAGE)
		if (mincore((void *)at, PAGE, &in))
			return false;
	return true;
}

int fake_check_map(const struct table *t, const struct map *m)
{
	if (!(m->prot & (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)) || !m->len ||
	    (m->iova | m->len | m->va) % PAGE || m->iova + (m->len - 1) < m->iova)
		return -EINVAL;
	for (unsigned int i = 0; i < t->nmaps; i++)
		if (m->iova <= t->map[i].iova + (t->map[i].len - 1) &&
		    t->map[i].iova <= m->iova + (m->len - 1))
			return -EEXIST;
	if (!reaches(fake_bits(t), m->iova, m->len))
		return -EINVAL;
	return 0;
}

int64_t fake_unmap(struct table *t, uint64_t iova, uint64_t len)
{
	uint64_t last = iova + (len - 1), done = 0;

	for (unsigned int i = 0; i < t->nmaps; i++) {
		uint64_t first = t->map[i].iova, end = first + (t->map[i].len - 1);

		if (first <= last && iova <= end && (first < iova || end > last))
			return -EEXIST;
	}
	for (unsigned int i = 0; i < t->nmaps;) {
		if (t->map[i].iova < iova || t->map[i].iova > last) {
			i++;
			continue;
		}
		done += t->map[i].len;
		unlock_map(&t->map[i]);
		t->map[i] = t->map[--t->nmaps];
	}
	return (int64_t)done;
}

void fake_empty(struct table *t)
{
	while (t->nmaps)
		unlock_map(&t->map[--t->nmaps]);
}
