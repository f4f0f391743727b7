// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor.h - what the files of `leat doctor` share.
 *
 * A check looks at the world and says findings: a verdict, the evidence (what was read and
 * where), and the exact command that mends it. The world is a struct, so that tests build
 * one of their own: another root for /sys, /proc and /dev, another user, other functions.
 *
 * doctor.c		the command, the table of checks
 * doctor_world.c	the machine that we are on; reading its files
 * doctor_report.c	findings: said, sorted, printed
 * doctor_iommu.c	IOMMU, interrupt remapping, no-IOMMU mode
 * doctor_vfio.c	vfio-pci, iommufd
 * doctor_nics.c	the functions asked about, their groups, all NICs
 * doctor_nodes.c	device nodes: permission, who holds them; sockets of vfio-user
 * doctor_memory.c	locked memory, hugepages
 * doctor_cpu.c		CPUs, NUMA nodes, tuning
 * doctor_host.c	lockdown, SELinux, KVM, QEMU
 */
#ifndef LEAT_APPS_LEAT_DOCTOR_H
#define LEAT_APPS_LEAT_DOCTOR_H

#include <leat/compiler.h>
#include <leat/devices.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Ascending: how much it matters. */
enum verdict { VERDICT_OK, VERDICT_INFO, VERDICT_WARNING, VERDICT_PROBLEM, VERDICTS };

struct finding {
	const char	*check;
	enum verdict	verdict;
	char		evidence[640];
	char		remedy[480];	/* "": there is nothing to mend */
};

/* An address given on the command line. */
struct target {
	const char	*addr;
	const struct leat_pci_device *dev;	/* NULL: not of the PCI bus, or not there */
};

#define TARGETS_MAX 32

struct world {
	const char	*root;		/* before /sys, /proc, /dev: "" */
	bool		ipc_lock;	/* CAP_IPC_LOCK: no limit of locked memory */
	uint64_t	memlock, memlock_max;	/* RLIMIT_MEMLOCK, bytes; UINT64_MAX: unlimited */
	const int	*cpus;		/* allowed, ascending */
	unsigned int	ncpus;
	struct leat_devices devices;	/* network controllers of the PCI bus */
	struct target	target[TARGETS_MAX];
	unsigned int	ntargets;	/* 0: the whole machine is looked at */
	const char	*path;		/* $PATH */
	const char	*cache;		/* where tests/guest keeps its QEMU; NULL: nowhere */

	/* Could this user open it for reading and writing? 0 or -errno. @path without root. */
	int		(*probe)(const struct world *w, const char *path);
	/* The first line that "@program --version" prints. False: none. */
	bool		(*version)(const char *program, char *line, size_t size);

	/* What was found. */
	const char	*check;		/* under way */
	struct finding	*finding;
	unsigned int	nfindings, room;
	bool		lost;		/* out of memory: findings are missing */
};

/* ---- doctor_world.c ---- */

/* The world that we are in, but for devices and targets. False: out of memory, said. */
bool world_open(struct world *w);
void world_close(struct world *w);

/* A file's text without the last newline, cut to @size. False: it cannot be read. */
bool world_text(const struct world *w, char *buf, size_t size, const char *fmt, ...)
	LEAT_PRINTF(4, 5);
/* A file's number, or @none. */
long long world_number(const struct world *w, long long none, const char *fmt, ...)
	LEAT_PRINTF(3, 4);
bool world_has(const struct world *w, const char *fmt, ...) LEAT_PRINTF(2, 3);
/* Does a line of the file contain @needle? */
bool world_says(const struct world *w, const char *path, const char *needle);
/* What a folder holds, sorted; NULL-terminated, to be freed by world_free(). Empty if absent. */
char **world_list(const struct world *w, const char *path);
void world_free(char **list);
/* Is @word one of the kernel's command line, or, ending with '=', the start of one? */
bool world_booted(const struct world *w, const char *word);
/* Is there a module of that name, as "vfio-pci", for the running kernel? */
bool world_has_module(const struct world *w, const char *name);

/* ---- doctor_report.c ---- */

/* A finding of the check under way, and how to mend the last one said. */
void say(struct world *w, enum verdict verdict, const char *fmt, ...) LEAT_PRINTF(3, 4);
void mend(struct world *w, const char *fmt, ...) LEAT_PRINTF(2, 3);

/* What matters most first; checks keep their order otherwise. */
void report_sort(struct world *w);
bool report_has(const struct world *w, enum verdict verdict);
void report_print(const struct world *w, FILE *out);
void report_json(const struct world *w, FILE *out);

/* ---- the checks ---- */

#define CHECK_MACHINE 0x1u	/* when no address was given */
#define CHECK_PCI     0x2u	/* for a function of the PCI bus */
#define CHECK_SOCKET  0x4u	/* for a vfio-user: address */
#define CHECK_ANY     0x8u	/* for any address */

struct check {
	const char	*name;
	void		(*run)(struct world *w);
	unsigned int	when;
};

/* The table, ending with NULL: causes before what they cause. */
extern const struct check doctor_checks[];

/* Run those of the table that concern the addresses given; findings are sorted. */
void doctor_examine(struct world *w);

void check_iommu(struct world *w);
void check_interrupts(struct world *w);
void check_noiommu(struct world *w);
void check_vfio_pci(struct world *w);
void check_iommufd(struct world *w);
void check_device(struct world *w);
void check_group(struct world *w);
void check_nic(struct world *w);
void check_node(struct world *w);
void check_busy(struct world *w);
void check_socket(struct world *w);
void check_memlock(struct world *w);
void check_hugepages(struct world *w);
void check_cpu(struct world *w);
void check_numa(struct world *w);
void check_tuning(struct world *w);
void check_security(struct world *w);
void check_kvm(struct world *w);
void check_qemu(struct world *w);

/* Is it bound to a driver of VFIO's? */
bool is_vfio(const struct leat_pci_device *d);
/* Is there an IOMMU at work? */
bool has_iommu(const struct world *w);
/* Are there NICs here for which VFIO matters? Without, what it lacks is no problem. */
bool wants_vfio(const struct world *w);
/* How bad a lack is that only devices of the kernel's suffer from. */
enum verdict vfio_verdict(const struct world *w);

/*
 * The next function after @prev (NULL: the first) that VFIO is to reach: those asked about,
 * or else all that are bound to vfio-pci. NULL: no more.
 */
const struct leat_pci_device *next_subject(const struct world *w,
					   const struct leat_pci_device *prev);

#endif
