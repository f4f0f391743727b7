// SPDX-License-Identifier: BSD-3-Clause
/*
 * netif.c - the network interfaces of a function and whether anybody would miss
 * them: addresses by getifaddrs(), routes from /proc/net, bridges, bonds and
 * VLANs from sysfs.
 *
 * Link-local IPv6 addresses and routes come by themselves with an interface that
 * is up, so they are shown but are no use.
 */
#include "bus/pci/scan.h"
#include "bus/pci/sysfs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPV6_ROUTE_UNREACHABLE 0x00000200u	/* RTF_REJECT */
#define IPV6_ROUTE_ANYCAST     0x00100000u	/* RTF_ANYCAST */
#define IPV6_ROUTE_LOCAL       0x80000000u	/* RTF_LOCAL */
#define IPV4_ROUTE_UP	       0x0001u		/* RTF_UP */

/* ---- from sysfs ---- */

struct look {
	const char	*root;
	struct leat_pci_device *dev;
	char		folder[96];	/* below the device: "net", or "virtio2/net" */
};

static void text(const struct look *look, const char *netif, const char *file, char *buf,
		 size_t size)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s/%s", look->folder, netif, file);
	leat_sysfs_text_at(look->root, look->dev->address, name, buf, size);
}

static unsigned int number(const struct look *look, const char *netif, const char *file)
{
	char name[PATH_MAX];
	long long n;

	snprintf(name, sizeof(name), "%s/%s/%s", look->folder, netif, file);
	if (leat_sysfs_number_at(look->root, look->dev->address, name, &n) || n < 0 || n > INT_MAX)
		return 0;	/* of the speed: unknown, or the interface is down */
	return (unsigned int)n;
}

/* Entries as "upper_eth0.5"; the bridge or bond is told apart already. */
static int keep_upper(void *arg, const char *name)
{
	struct leat_netif *n = arg;

	if (strncmp(name, "upper_", 6) || !strcmp(name + 6, n->master))
		return 0;
	snprintf(n->upper, sizeof(n->upper), "%s", name + 6);
	return 1;
}

static void scan_uppers(const struct look *look, struct leat_netif *n)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/master", look->folder, n->name);
	leat_sysfs_link_at(look->root, look->dev->address, path, n->master, sizeof(n->master));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s/%s", look->dev->address,
		 look->folder, n->name);
	leat_path_each(look->root, path, keep_upper, n);
}

static int add_netif(void *arg, const char *name)
{
	struct look *look = arg;
	struct leat_pci_device *dev = look->dev;
	struct leat_netif *n;

	if (strlen(name) >= sizeof(n->name))
		return 0;
	n = leat_list_add(dev->netifs, dev->nnetifs, sizeof(*n));
	if (!n)
		return -ENOMEM;
	dev->netifs = n;
	n += dev->nnetifs++;
	memcpy(n->name, name, strlen(name) + 1);
	text(look, name, "address", n->mac, sizeof(n->mac));
	text(look, name, "operstate", n->state, sizeof(n->state));
	n->admin_up = number(look, name, "flags") & IFF_UP;
	n->speed = number(look, name, "speed");
	scan_uppers(look, n);
	return 0;
}

static int look_below(struct look *look, const char *folder)
{
	char path[PATH_MAX];

	snprintf(look->folder, sizeof(look->folder), "%s", folder);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", look->dev->address, folder);
	return leat_path_each(look->root, path, add_netif, look) == -ENOMEM ? -ENOMEM : 0;
}

/* virtio puts a device of its own between the function and the interface. */
static int look_in_virtio(void *arg, const char *name)
{
	char folder[96];

	if (strncmp(name, "virtio", 6) ||
	    snprintf(folder, sizeof(folder), "%s/net", name) >= (int)sizeof(folder))
		return 0;
	return look_below(arg, folder);
}

static int by_name(const void *a, const void *b)
{
	const struct leat_netif *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int leat_scan_netifs(const char *root, struct leat_pci_device *dev)
{
	struct look look = { .root = root, .dev = dev };
	char path[PATH_MAX];
	int err = look_below(&look, "net");

	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", dev->address);
	err = leat_path_each(root, path, look_in_virtio, &look);
	if (dev->nnetifs)
		qsort(dev->netifs, dev->nnetifs, sizeof(*dev->netifs), by_name);
	return err == -ENOMEM ? err : 0;
}

/* ---- addresses ---- */

static struct leat_netif *find_netif(struct leat_devices *devices, const char *name)
{
	for (unsigned int i = 0; i < devices->n; i++)
		for (unsigned int k = 0; k < devices->dev[i].nnetifs; k++)
			if (!strcmp(devices->dev[i].netifs[k].name, name))
				return &devices->dev[i].netifs[k];
	return NULL;
}

static const unsigned char *address_bytes(const struct sockaddr *sa, size_t *len)
{
	if (sa && sa->sa_family == AF_INET) {
		*len = sizeof(struct in_addr);
		return (const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	}
	if (sa && sa->sa_family == AF_INET6) {
		*len = sizeof(struct in6_addr);
		return (const unsigned char *)
			&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	}
	return NULL;
}

static unsigned int count_bits(const unsigned char *bytes, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += (unsigned int)__builtin_popcount(bytes[i]);
	return n;
}

static int add_address(struct leat_netif *n, const struct ifaddrs *ifa)
{
	char name[INET6_ADDRSTRLEN];
	size_t len = 0, mask_len = 0;
	const unsigned char *bytes = address_bytes(ifa->ifa_addr, &len);
	const unsigned char *mask = address_bytes(ifa->ifa_netmask, &mask_len);
	void *more;

	if (!bytes || !inet_ntop(ifa->ifa_addr->sa_family, bytes, name, sizeof(name)))
		return 0;
	more = leat_list_add(n->addrs, n->naddrs, sizeof(*n->addrs));
	if (!more)
		return -ENOMEM;
	n->addrs = more;
	snprintf(n->addrs[n->naddrs++], sizeof(*n->addrs), "%s/%u", name,
		 mask ? count_bits(mask, mask_len) : (unsigned int)len * 8);
	return 0;
}

int leat_scan_addrs(struct leat_devices *devices)
{
	struct ifaddrs *list;
	int err = 0;

	if (getifaddrs(&list))
		return errno == ENOMEM ? -ENOMEM : 0;
	for (struct ifaddrs *ifa = list; ifa && !err; ifa = ifa->ifa_next) {
		struct leat_netif *n = find_netif(devices, ifa->ifa_name);

		if (n)
			err = add_address(n, ifa);
	}
	freeifaddrs(list);
	return err;
}

/* ---- routes ---- */

static void count_route(struct leat_devices *devices, const char *netif, bool is_default)
{
	struct leat_netif *n = find_netif(devices, netif);

	if (!n)
		return;
	n->routes++;
	n->default_route |= is_default;
}

/* "eth0 0002000A 00000000 0001 0 0 0 00FFFFFF 0 0 0": name, destination, ..., flags, ..., mask. */
static void ipv4_route(struct leat_devices *devices, const char *line)
{
	unsigned int to, flags, mask;
	char netif[32];

	if (sscanf(line, "%31s %x %*x %x %*d %*d %*d %x", netif, &to, &flags, &mask) == 4 &&
	    flags & IPV4_ROUTE_UP)
		count_route(devices, netif, !to && !mask);
}

/* Destination, length, source, length, next hop, metric, references, use, flags, name. */
static void ipv6_route(struct leat_devices *devices, const char *line)
{
	char to[33], netif[32];
	unsigned int len, flags;

	if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %x %31s", to, &len, &flags, netif) != 4 ||
	    flags & (IPV6_ROUTE_UNREACHABLE | IPV6_ROUTE_ANYCAST | IPV6_ROUTE_LOCAL))
		return;
	if (!strncmp(to, "fe8", 3) || !strncmp(to, "ff", 2))
		return;
	count_route(devices, netif, !len);
}

static void read_routes(const char *root, const char *path, struct leat_devices *devices,
			void (*route)(struct leat_devices *devices, const char *line))
{
	char full[PATH_MAX], line[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		route(devices, line);
	fclose(f);
}

void leat_scan_routes(const char *root, struct leat_devices *devices)
{
	read_routes(root, "/proc/net/route", devices, ipv4_route);
	read_routes(root, "/proc/net/ipv6_route", devices, ipv6_route);
}

/* ---- who would miss it ---- */

static const char *first_address(const struct leat_netif *n)
{
	for (unsigned int i = 0; i < n->naddrs; i++)
		if (strncmp(n->addrs[i], "fe80:", 5))
			return n->addrs[i];
	return NULL;
}

static void describe_use(const struct leat_netif *n, char *buf, size_t size)
{
	const char *addr = first_address(n);

	if (n->master[0])
		snprintf(buf, size, "%s is a port of %s", n->name, n->master);
	else if (n->upper[0])
		snprintf(buf, size, "%s carries the interface %s", n->name, n->upper);
	else if (addr)
		snprintf(buf, size, "%s carries %s%s", n->name, addr,
			 n->default_route ? " and the default route" : "");
	else if (n->default_route)
		snprintf(buf, size, "%s carries the default route", n->name);
	else if (n->routes)
		snprintf(buf, size, "%s carries %u route%s", n->name, n->routes,
			 n->routes > 1 ? "s" : "");
}

void leat_scan_uses(struct leat_pci_device *dev)
{
	for (unsigned int i = 0; i < dev->nnetifs && !dev->in_use[0]; i++)
		describe_use(&dev->netifs[i], dev->in_use, sizeof(dev->in_use));
}
