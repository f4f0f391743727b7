// SPDX-License-Identifier: BSD-3-Clause
/*
 * devices.h - the PCI functions of this machine: which there are and who uses
 * them, giving one to user space and back, and virtual functions.
 *
 * This is administration: it writes to sysfs, mostly as root, and opens no
 * device. Nothing is remembered between calls but what the kernel remembers.
 * All of it: control thread. On a machine without PCI there are no functions,
 * and that is no error.
 *
 * An @address is a function's, "0000:01:00.0" or "01:00.0", or the name of a
 * network interface, "eth0", and then means the function behind it.
 *
 * Errors of the verbs, with the sentence in leat_ctx_error(): -ENODEV no such
 * function, -EPERM, -EACCES or -EROFS not permitted, -EBUSY in use, -ENOENT a kernel
 * driver is not loaded, or what the kernel itself answered.
 */
#ifndef LEAT_DEVICES_H
#define LEAT_DEVICES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <leat/compiler.h>
#include <leat/ctx.h>

LEAT_BEGIN_DECLS

#define LEAT_PCI_ADDRESS_LEN 16		/* "0000:01:00.0" with its NUL, and room */
#define LEAT_PCI_NAME_LEN    64		/* a kernel driver's name */

/* A network interface of a function. */
struct leat_netif {
	char		name[16];
	char		mac[18];	/* "" if it has none such */
	char		state[16];	/* operstate: "up", "down", "unknown"... */
	char		master[16];	/* the bridge or bond that it is a port of, or "" */
	char		upper[16];	/* an interface on top of it (VLAN, macvlan...), or "" */
	bool		admin_up;
	bool		default_route;
	unsigned int	routes;		/* through it, but for local, link-local and multicast ones */
	unsigned int	speed;		/* Mbit/s; 0: unknown */
	char		(*addrs)[64];	/* "192.0.2.1/24"; link-local ones too */
	unsigned int	naddrs;
};

/* Another function in the same IOMMU group: the hardware cannot tell them apart. */
struct leat_pci_member {
	char		address[LEAT_PCI_ADDRESS_LEN];
	char		driver[LEAT_PCI_NAME_LEN];	/* "": none */
	uint32_t	class_code;
	bool		blocks;		/* a kernel driver keeps the group from user space */
};

/* Addresses that the IOMMU does not translate: "msi", "direct", "reserved"... */
struct leat_pci_reserved {
	uint64_t	first, last;
	char		kind[32];
};

struct leat_pci_device {
	char		address[LEAT_PCI_ADDRESS_LEN];
	uint16_t	vendor, device, subvendor, subdevice;
	uint32_t	class_code;	/* 24 bits: 0x020000 is Ethernet */
	uint8_t		revision;

	char		driver[LEAT_PCI_NAME_LEN];	/* the kernel's, bound to it; "": none */
	char		override[LEAT_PCI_NAME_LEN];	/* driver_override; "": none */
	const char	*leat_driver;	/* of the context's drivers the one for it, or NULL */
	bool		leaving;	/* unbound from VFIO, but a program still has it open */
	char		in_use[192];	/* what the kernel does with it, for people: "eth0 carries
					   192.0.2.1/24"; "": nothing that would be missed */

	int		group;		/* IOMMU group, -1: none */
	bool		noiommu;	/* the group is VFIO's stand-in where there is no IOMMU */
	struct leat_pci_member *members;	/* the others in the group */
	unsigned int	nmembers;
	struct leat_pci_reserved *reserved;
	unsigned int	nreserved;
	char		cdev[16];	/* "vfio0", below /dev/vfio/devices; "": none */

	int		node;		/* NUMA node, -1: unknown */
	unsigned int	link_speed, link_speed_max;	/* MT/s a lane, 8000; 0: unknown */
	unsigned int	link_width, link_width_max;	/* lanes; 0: unknown */
	char		resets[64];	/* the kernel's ways, first first: "flr bus"; "": none */

	unsigned int	vfs, vfs_max;	/* virtual functions there are and could be */
	char		(*vf)[LEAT_PCI_ADDRESS_LEN];	/* their addresses, vfs of them */
	char		pf[LEAT_PCI_ADDRESS_LEN];	/* whose virtual function this is, or "" */

	struct leat_netif *netifs;
	unsigned int	nnetifs;
};

/* The functions found, by address. All of it goes with leat_devices_free(). */
struct leat_devices {
	struct leat_pci_device *dev;
	unsigned int	n;
};

#define LEAT_DEVICES_ALL 0x1u		/* every PCI function, not only network controllers */

/*
 * leat_devices_scan - what there is now. @out and what it points at belong to
 * the caller until leat_devices_free(). What cannot be read (it is going away,
 * or this user may not) is left empty. -ENOMEM, or why /sys cannot be listed.
 */
LEAT_API int leat_devices_scan(struct leat_ctx *ctx, unsigned int flags, struct leat_devices *out);
LEAT_API void leat_devices_free(struct leat_devices *devices);	/* empty ones are fine */

/* The one with that address (or interface), or NULL. It lives as long as @devices. */
LEAT_API const struct leat_pci_device *leat_devices_find(const struct leat_devices *devices,
							 const char *address);

#define LEAT_BIND_FORCE 0x1u		/* also what is in use, and what is no NIC */

/*
 * leat_pci_bind - give the function to @driver (NULL: "vfio-pci") by driver_override.
 *
 * When a step fails, override and driver are put back as they were. Bound to it
 * already is success. Refused unless forced: -EBUSY an interface of it carries an
 * address or a route or is part of a bridge or bond, -EPERM it is no network
 * controller; always: -EINVAL a bridge between buses. Loads no module: -ENOENT names the
 * command. Warns if others in its IOMMU group still belong to kernel drivers.
 *
 * For this and the next two: where a program has the function open through VFIO
 * the kernel asks that program to let go and waits without end. They wait two
 * seconds; then -EBUSY, naming the program where that can be seen, and the kernel
 * goes on as asked as soon as the program lets go. The wait is in a child process
 * (forked, and gone by itself), because nothing can interrupt it; so this process must
 * not have it open itself.
 */
LEAT_API int leat_pci_bind(struct leat_ctx *ctx, const char *address, const char *driver,
			   unsigned int flags);

/*
 * leat_pci_unbind - give the function back to the kernel: no driver_override, and
 * the driver that the kernel chooses. A driver of the kernel's that has it keeps it. A
 * warning if no driver takes it. -EBUSY: it has virtual functions.
 */
LEAT_API int leat_pci_unbind(struct leat_ctx *ctx, const char *address);

/*
 * leat_pci_vfs - have @n virtual functions, 0 for none. They are in the next scan's
 * vf[]. -ENOTSUP the function cannot have any, or its driver cannot make them (vfio-pci:
 * its module parameter enable_sriov), -ERANGE more than it can have. If @n cannot be
 * made the number before is restored.
 */
LEAT_API int leat_pci_vfs(struct leat_ctx *ctx, const char *address, unsigned int n);

/*
 * leat_pci_grant - make @uid the owner of the VFIO nodes of the function (of its IOMMU
 * group, and of its own where the kernel has that), so that this user may open it.
 * -ENODEV if it has none: bind it first. Whoever owns a group's node has all of the group.
 */
LEAT_API int leat_pci_grant(struct leat_ctx *ctx, const char *address, uid_t uid);

LEAT_END_DECLS

#endif
