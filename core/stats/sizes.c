// SPDX-License-Identifier: BSD-3-Clause
/*
 * sizes.c - packets counted by size and kind, as DPDK's virtio driver counts and
 * names them: by the bytes that leat moves, without the frame check sequence.
 */
#include "core/stats/sizes.h"

#include <leat/barrier.h>
#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MULTICAST, BROADCAST, NEITHER };

/* Up to so many bytes; the last is for all that are longer. */
static const struct {
	uint32_t	most;
	const char	*name;
} bins[LEAT_SIZES_BINS] = {
	{ 63, "undersize_packets" },
	{ 64, "size_64_packets" },
	{ 127, "size_65_127_packets" },
	{ 255, "size_128_255_packets" },
	{ 511, "size_256_511_packets" },
	{ 1023, "size_512_1023_packets" },
	{ 1518, "size_1024_1518_packets" },
	{ UINT32_MAX, "size_1519_max_packets" },
};

static const char *const kinds[] = {
	[MULTICAST] = "multicast_packets", [BROADCAST] = "broadcast_packets",
};

int leat_sizes_create(struct leat_port *port, struct leat_sizes **out)
{
	const size_t size = LEAT_ALIGN_UP(sizeof(**out), (size_t)LEAT_CACHELINE);
	struct leat_sizes *sizes = aligned_alloc(LEAT_CACHELINE, size);

	if (!sizes)
		return leat_fail(port->ctx, -ENOMEM, "%s: counters by size: out of memory",
				 port->name);
	memset(sizes, 0, size);
	*out = sizes;
	return 0;
}

void leat_sizes_destroy(struct leat_sizes *sizes)
{
	free(sizes);
}

static uint8_t bin_of(uint32_t len)
{
	uint8_t i = 0;

	while (len > bins[i].most)
		i++;
	return i;
}

static uint8_t kind_of(const struct leat_pkt *pkt)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const uint8_t *to = leat_pkt_data(pkt);

	if (pkt->len < sizeof(all) || !(to[0] & 1))
		return NEITHER;
	return memcmp(to, all, sizeof(all)) ? MULTICAST : BROADCAST;
}

static struct leat_sizes_seen look(const struct leat_pkt *pkt)
{
	return (struct leat_sizes_seen){ bin_of(pkt->total), kind_of(pkt) };
}

static void bump(uint64_t *counter)
{
	leat_store_relaxed(counter, *counter + 1);
}

static void add(struct leat_sizes *sizes, struct leat_sizes_seen seen)
{
	bump(&sizes->bin[seen.bin]);
	if (seen.kind < NEITHER)
		bump(&sizes->kind[seen.kind]);
}

void leat_sizes_look(struct leat_sizes_seen *seen, struct leat_pkt *const *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		seen[i] = look(pkts[i]);
}

void leat_sizes_add(struct leat_sizes *sizes, const struct leat_sizes_seen *seen, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		add(sizes, seen[i]);
}

void leat_sizes_count(struct leat_sizes *sizes, struct leat_pkt *const *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		add(sizes, look(pkts[i]));
}

const char *leat_sizes_name(unsigned int i)
{
	if (i < LEAT_SIZES_BINS)
		return bins[i].name;
	i -= LEAT_SIZES_BINS;
	return i < LEAT_ARRAY_LEN(kinds) ? kinds[i] : NULL;
}

uint64_t leat_sizes_value(const struct leat_sizes *sizes, unsigned int i)
{
	return leat_load_relaxed(i < LEAT_SIZES_BINS ? &sizes->bin[i] :
						       &sizes->kind[i - LEAT_SIZES_BINS]);
}
