// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel.c - what writes to a test's sysfs do. getifaddrs() is the test's too.
 */
#include "kernel.h"

#include "bus/pci/sysfs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DEVICES "/sys/bus/pci/devices/"
#define DRIVERS "/sys/bus/pci/drivers/"

/* ---- addresses ---- */

#define NETIFS_MAX 8

static struct fake_address {
	struct ifaddrs	ifa;
	struct sockaddr_in addr, mask;
	char		name[16];
} addresses[NETIFS_MAX];
static unsigned int naddresses;

int __wrap_getifaddrs(struct ifaddrs **out);
void __wrap_freeifaddrs(struct ifaddrs *list);

int __wrap_getifaddrs(struct ifaddrs **out)
{
	for (unsigned int i = 0; i < naddresses; i++)
		addresses[i].ifa.ifa_next = i + 1 < naddresses ? &addresses[i + 1].ifa : NULL;
	*out = naddresses ? &addresses[0].ifa : NULL;
	return 0;
}

void __wrap_freeifaddrs(struct ifaddrs *list)
{
	assert_ptr_equal(list, naddresses ? &addresses[0].ifa : NULL);
}

static void add_address(const char *name, const char *addr)
{
	struct fake_address *a = &addresses[naddresses++];

	assert_in_range(naddresses, 1, NETIFS_MAX);
	*a = (struct fake_address){ 0 };
	strcpy(a->name, name);
	a->ifa.ifa_name = a->name;
	a->addr.sin_family = a->mask.sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, addr, &a->addr.sin_addr), 1);
	a->mask.sin_addr.s_addr = htonl(0xffffff00);
	a->ifa.ifa_addr = (struct sockaddr *)&a->addr;
	a->ifa.ifa_netmask = (struct sockaddr *)&a->mask;
}

/* ---- drivers ---- */

static const char *driver_name(const struct leat_step *step)
{
	static char name[64];

	assert_int_equal(sscanf(step->path, DRIVERS "%63[^/]", name), 1);
	return name;
}

static void text_of(struct kernel *k, const char *bdf, const char *file, char buf[64])
{
	leat_sysfs_text_at(k->tree->root, bdf, file, buf, 64);
	if (!strcmp(buf, "(null)"))
		buf[0] = '\0';
}

static const char *path_of(const char *bdf, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), DEVICES "%s/%s", bdf, name);
	return path;
}

static int do_unbind(struct kernel *k, const char *driver, const char *bdf)
{
	if (strcmp(kernel_driver_of(k, bdf), driver))
		return -ENODEV;
	tree_remove(k->tree, path_of(bdf, "driver"));
	return 0;
}

/* driver_override, if there is one, is all that counts. */
static bool matches(struct kernel *k, const char *driver, const char *bdf)
{
	char override[64], native[64];

	text_of(k, bdf, "driver_override", override);
	text_of(k, bdf, "native", native);
	return !strcmp(override[0] ? override : native, driver);
}

static int do_bind(struct kernel *k, const char *driver, const char *bdf)
{
	char target[96];

	if (!matches(k, driver, bdf))
		return -ENODEV;
	if (kernel_driver_of(k, bdf)[0])
		return -EBUSY;
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	tree_link(k->tree, path_of(bdf, "driver"), target);
	return 0;
}

static int do_probe(struct kernel *k, const char *bdf)
{
	char override[64], native[64], path[128];

	if (kernel_driver_of(k, bdf)[0])
		return 0;
	text_of(k, bdf, "driver_override", override);
	text_of(k, bdf, "native", native);
	snprintf(path, sizeof(path), DRIVERS "%s", override[0] ? override : native);
	return tree_has(k->tree, path) ? do_bind(k, override[0] ? override : native, bdf) : 0;
}

static int do_vfs(struct kernel *k, const char *path, unsigned int n)
{
	char link[160], folder[128];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	for (unsigned int i = 0; i < 8; i++) {
		snprintf(link, sizeof(link), "%s/virtfn%u", folder, i);
		if (tree_has(k->tree, link)) {
			if (n)
				return -EBUSY;	/* only from none to some */
			tree_remove(k->tree, link);
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		char target[32];

		snprintf(link, sizeof(link), "%s/virtfn%u", folder, i);
		snprintf(target, sizeof(target), "../0000:01:10.%u", i);
		tree_link(k->tree, link, target);
	}
	return 0;
}

static int apply(struct kernel *k, const struct leat_step *step)
{
	const char *file = strrchr(step->path, '/') + 1;
	char text[64] = "";

	sscanf(step->text, "%63s", text);
	if (!strcmp(file, "driver_override")) {
		tree_file(k->tree, step->path, text[0] ? step->text : "(null)\n");
		return 0;
	}
	if (!strcmp(file, "sriov_numvfs"))
		return do_vfs(k, step->path, (unsigned int)atoi(text));
	if (!strcmp(file, "drivers_probe"))
		return do_probe(k, text);
	if (!strcmp(file, "unbind"))
		return do_unbind(k, driver_name(step), text);
	assert_string_equal(file, "bind");
	return do_bind(k, driver_name(step), text);
}

static int run(const struct leat_pci_admin *admin, const struct leat_step *steps, unsigned int n,
	       unsigned int timeout_ms, const struct leat_step **failed)
{
	struct kernel *k = (struct kernel *)(uintptr_t)admin;
	int err = 0;

	(void)timeout_ms;
	for (unsigned int i = 0; i < n && !err; i++) {
		*failed = &steps[i];
		err = ++k->steps == k->fail_at ? k->fail_err : apply(k, &steps[i]);
	}
	return err;
}

/* The program lets go at the pause that the test says. */
static void pause_for(const struct leat_pci_admin *admin, unsigned int ms)
{
	struct kernel *k = (struct kernel *)(uintptr_t)admin;

	(void)ms;
	if (++k->pauses == k->leaves_at)
		tree_remove(k->tree, k->leaving);
}

void kernel_leaving(struct kernel *k, const char *bdf, int group, unsigned int at)
{
	snprintf(k->leaving, sizeof(k->leaving), "/sys/class/vfio/%d", group);
	k->leaves_at = at;
	tree_remove(k->tree, path_of(bdf, "driver"));
	tree_dir(k->tree, k->leaving);
}

/* ---- what there is ---- */

void kernel_driver(struct kernel *k, const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), DRIVERS "%s", driver);
	tree_dir(k->tree, path);
}

void kernel_function(struct kernel *k, const char *bdf, const char *ids, const char *class_code,
		     const char *native, int group)
{
	char text[128];

	snprintf(text, sizeof(text), "0x%.4s\n", ids);
	tree_file(k->tree, path_of(bdf, "vendor"), text);
	snprintf(text, sizeof(text), "0x%.4s\n", ids + 5);
	tree_file(k->tree, path_of(bdf, "device"), text);
	snprintf(text, sizeof(text), "0x%s\n", class_code);
	tree_file(k->tree, path_of(bdf, "class"), text);
	tree_file(k->tree, path_of(bdf, "driver_override"), "(null)\n");
	tree_file(k->tree, path_of(bdf, "modalias"), "pci:v00001AF4d00001041\n");
	tree_file(k->tree, path_of(bdf, "native"), native);
	if (native[0]) {
		kernel_driver(k, native);
		assert_int_equal(do_bind(k, native, bdf), 0);
	}
	if (group >= 0) {
		snprintf(text, sizeof(text), "../../../kernel/iommu_groups/%d", group);
		tree_link(k->tree, path_of(bdf, "iommu_group"), text);
		snprintf(text, sizeof(text), "/sys/bus/kernel/iommu_groups/%d/devices/%s", group, bdf);
		tree_file(k->tree, text, "");
	}
}

void kernel_netif(struct kernel *k, const char *bdf, const char *name, const char *addr)
{
	char file[64];

	snprintf(file, sizeof(file), "net/%s/operstate", name);
	tree_file(k->tree, path_of(bdf, file), "up\n");
	snprintf(file, sizeof(file), "net/%s/flags", name);
	tree_file(k->tree, path_of(bdf, file), "0x1003\n");
	if (addr)
		add_address(name, addr);
}

const char *kernel_driver_of(struct kernel *k, const char *bdf)
{
	static char driver[64];

	leat_sysfs_link_at(k->tree->root, bdf, "driver", driver, sizeof(driver));
	return driver;
}

const char *kernel_override_of(struct kernel *k, const char *bdf)
{
	static char override[64];

	text_of(k, bdf, "driver_override", override);
	return override;
}

/* ---- life ---- */

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	struct kernel *k = arg;

	if (level == LEAT_LOG_ERROR)
		k->errors++;
	if (level == LEAT_LOG_WARNING) {
		k->warnings++;
		snprintf(k->warning, sizeof(k->warning), "%s", message);
	}
}

int kernel_setup(void **state)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct leat_ctx_config cfg = { .log = on_log, .log_arg = k, .log_level = LEAT_LOG_WARNING };
	void *tree;

	if (tree_setup(&tree))
		return -1;
	naddresses = 0;
	k->tree = tree;
	k->admin = (struct leat_pci_admin){ k->tree->root, 1000, 1000, run, pause_for };
	tree_dir(k->tree, "/sys/bus/pci/devices");
	tree_dir(k->tree, "/sys/bus/pci/drivers");
	*state = k;
	return leat_ctx_open(&cfg, &k->ctx);
}

int kernel_teardown(void **state)
{
	struct kernel *k = *state;
	void *tree = k->tree;

	leat_ctx_close(k->ctx);
	free(k);
	return tree_teardown(&tree);
}
