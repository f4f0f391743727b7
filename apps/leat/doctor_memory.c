// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_memory.c - memory for devices: how much of it may be locked, and hugepages.
 */
#include "doctor.h"

#include <leat/bits.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

/*
 * What default settings lock: the context's pool, and each port's rings. A container is
 * charged for all that it maps, so each port by its group pays for the pool again; IOASes
 * of one process share it (doc/vfio.md).
 */
#define POOL_LOCKS (16 * MIB)
#define PORT_LOCKS (2 * MIB)
#define PORTS_MIN  2		/* leat-fwd needs a pair */

/* Below this much in free hugepages a context falls back to 4 KiB pages. */
#define HUGE_ENOUGH (32 * MIB)

static unsigned int ports(const struct world *w)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->ntargets; i++)
		n += w->target[i].dev != NULL;
	return LEAT_MAX(n, PORTS_MIN);
}

/* Will all of them be reached by character devices? */
static bool by_iommufd(const struct world *w)
{
	const struct leat_pci_device *d = next_subject(w, NULL);

	if (!d || !world_has(w, "/dev/iommu"))
		return false;
	for (; d; d = next_subject(w, d))
		if (!d->cdev[0])
			return false;
	return true;
}

void check_memlock(struct world *w)
{
	unsigned int n = ports(w);
	uint64_t need = (by_iommufd(w) ? 1 : n) * POOL_LOCKS + n * PORT_LOCKS;
	char now[64];

	if (w->ipc_lock || w->memlock == UINT64_MAX) {
		say(w, VERDICT_OK, "no limit of locked memory (%s)", w->ipc_lock ? "CAP_IPC_LOCK" :
		    "RLIMIT_MEMLOCK");
		return;
	}
	if (w->memlock >= need) {
		say(w, VERDICT_OK, "RLIMIT_MEMLOCK %" PRIu64 " KiB; %u ports with default pools lock "
		    "%" PRIu64 " KiB", w->memlock / KIB, n, need / KIB);
		return;
	}
	say(w, vfio_verdict(w), "this user may lock %" PRIu64 " KiB of memory (RLIMIT_MEMLOCK, ulimit "
	    "-l); %u ports of VFIO with default pools lock %" PRIu64 " KiB. Emulated NICs lock none",
	    w->memlock / KIB, n, need / KIB);
	if (w->memlock_max >= need)
		snprintf(now, sizeof(now), "ulimit -l %" PRIu64, need / KIB);
	else
		snprintf(now, sizeof(now), "sudo prlimit --pid $$ --memlock=%" PRIu64, need);
	mend(w, "%s   # for good: echo \"$USER - memlock %" PRIu64 "\" | sudo tee "
	     "/etc/security/limits.d/leat.conf, and log in again; a service: LimitMEMLOCK=%" PRIu64 "M",
	     now, need / KIB, need / MIB);
}

/* ---- hugepages ---- */

struct huge {
	uint64_t	size;		/* bytes of a page */
	uint64_t	all, free;	/* pages */
};

static unsigned int huge_sizes(const struct world *w, struct huge *out, unsigned int max)
{
	char **list = world_list(w, "/sys/kernel/mm/hugepages");
	unsigned int n = 0;

	for (char **name = list; name && *name && n < max; name++) {
		uint64_t kib = strtoull(*name + strcspn(*name, "0123456789"), NULL, 10);

		if (!kib)
			continue;
		out[n++] = (struct huge){
			.size = kib * KIB,
			.all = (uint64_t)world_number(w, 0, "/sys/kernel/mm/hugepages/%s/nr_hugepages",
						      *name),
			.free = (uint64_t)world_number(w, 0, "/sys/kernel/mm/hugepages/%s/free_hugepages",
						       *name),
		};
	}
	world_free(list);
	return n;
}

/* Where hugetlbfs is mounted, and may this user make files there? Only the evidence needs it. */
static void describe_mounts(const struct world *w, char *text, size_t size)
{
	char mounts[16384], *rest = mounts, *line;
	size_t len = 0;

	snprintf(text, size, "no hugetlbfs mounted (none needed)");
	if (!world_text(w, mounts, sizeof(mounts), "/proc/self/mounts"))
		return;
	while ((line = strsep(&rest, "\n")) != NULL && len < size) {
		char *field = line, full[512];
		const char *where, *kind;

		strsep(&field, " ");
		where = strsep(&field, " ");
		kind = strsep(&field, " ");
		if (!kind || strcmp(kind, "hugetlbfs"))
			continue;
		snprintf(full, sizeof(full), "%s%s", w->root, where);
		len += (size_t)snprintf(text + len, size - len, "%s%s %s", len ? ", " : "mounted: ", where,
					access(full, W_OK) ? "not writable (none needed)" : "writable");
	}
}

void check_hugepages(struct world *w)
{
	char text[256] = "", mounts[192];
	struct huge huge[8];
	unsigned int n = huge_sizes(w, huge, LEAT_ARRAY_LEN(huge));
	uint64_t bytes = 0, small = 0;
	size_t len = 0;

	describe_mounts(w, mounts, sizeof(mounts));
	for (unsigned int i = 0; i < n; i++) {
		bytes += huge[i].size * huge[i].free;
		if (huge[i].size == 2 * MIB)
			small = huge[i].all - huge[i].free;
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%" PRIu64 " of %" PRIu64
						" free of %" PRIu64 " KiB", i ? ", " : "", huge[i].free,
						huge[i].all, huge[i].size / KIB);
	}
	if (!n) {
		say(w, VERDICT_WARNING, "this kernel has no hugepages (/sys/kernel/mm/hugepages): memory "
		    "comes in 4 KiB pages, which works, more slowly");
		mend(w, "boot a kernel with CONFIG_HUGETLBFS: sudo apt-get install linux-image-amd64");
	} else if (bytes < HUGE_ENOUGH) {
		say(w, VERDICT_WARNING, "too few free hugepages: %s (/sys/kernel/mm/hugepages); %s. "
		    "Memory comes in 4 KiB pages, which works, more slowly", text, mounts);
		mend(w, "sudo sysctl vm.nr_hugepages=%" PRIu64, small + 2 * HUGE_ENOUGH / (2 * MIB));
	} else {
		say(w, VERDICT_OK, "%s (/sys/kernel/mm/hugepages); %s", text, mounts);
	}
}
