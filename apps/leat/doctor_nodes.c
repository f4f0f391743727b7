// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_nodes.c - what has to be opened: the nodes of VFIO, with whose permission and whether
 * somebody has them already; sockets of vfio-user servers.
 *
 * A device is reached by its character device and /dev/iommu, or by its group and
 * /dev/vfio/vfio: one of the two ways is enough.
 */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAY_GROUP, WAY_CDEV, WAYS };

struct way {
	char		node[2][64];	/* what maps memory, the device; "": not a way */
	int		err[2];		/* of opening each */
};

static void look(const struct world *w, struct way *way)
{
	for (int i = 0; i < 2; i++)
		way->err[i] = way->node[0][0] ? w->probe(w, way->node[i]) : -ENOENT;
}

static void find_ways(const struct world *w, const struct leat_pci_device *d, struct way way[WAYS])
{
	memset(way, 0, WAYS * sizeof(*way));
	if (d->group >= 0) {
		snprintf(way[WAY_GROUP].node[0], sizeof(way->node[0]), "/dev/vfio/vfio");
		snprintf(way[WAY_GROUP].node[1], sizeof(way->node[1]), "/dev/vfio/%s%d",
			 d->noiommu ? "noiommu-" : "", d->group);
	}
	if (d->cdev[0] && world_has(w, "/dev/iommu")) {
		snprintf(way[WAY_CDEV].node[0], sizeof(way->node[0]), "/dev/iommu");
		snprintf(way[WAY_CDEV].node[1], sizeof(way->node[1]), "/dev/vfio/devices/%s", d->cdev);
	}
	look(w, &way[WAY_GROUP]);
	look(w, &way[WAY_CDEV]);
}

/* Busy is permitted, too. */
static bool is_open(const struct way *way)
{
	for (int i = 0; i < 2; i++)
		if (way->err[i] && way->err[i] != -EBUSY)
			return false;
	return true;
}

static void say_missing(struct world *w, const struct leat_pci_device *d, const char *node)
{
	say(w, VERDICT_PROBLEM, "%s: %s is missing: the kernel has it, this /dev does not", d->address,
	    node);
	mend(w, "sudo udevadm trigger   # in a container: start it with --device %s", node);
}

static void say_closed(struct world *w, const struct leat_pci_device *d, const struct way *way)
{
	char nodes[160] = "";

	for (int i = 0; i < 2; i++) {
		if (way->err[i] == -ENOENT || way->err[i] == -ENODEV) {
			say_missing(w, d, way->node[i]);
			return;
		}
		if (way->err[i] && way->err[i] != -EBUSY) {
			strcat(nodes, " ");
			strcat(nodes, way->node[i]);
		}
	}
	say(w, VERDICT_PROBLEM, "%s: not permitted to this user (%u):%s: %s", d->address,
	    (unsigned int)geteuid(), nodes, strerror(-way->err[way->err[1] ? 1 : 0]));
	if (d->noiommu)
		mend(w, "run as root: without an IOMMU the kernel demands CAP_SYS_RAWIO");
	else
		mend(w, "sudo chown $USER%s", nodes);
}

void check_node(struct world *w)
{
	for (const struct leat_pci_device *d = next_subject(w, NULL); d; d = next_subject(w, d)) {
		struct way way[WAYS];
		int open;

		if (!is_vfio(d) || (d->group < 0 && !d->cdev[0]))
			continue;
		find_ways(w, d, way);
		open = is_open(&way[WAY_CDEV]) ? WAY_CDEV : is_open(&way[WAY_GROUP]) ? WAY_GROUP : WAYS;
		if (open < WAYS)
			say(w, VERDICT_OK, "%s: %s and %s open for reading and writing", d->address,
			    way[open].node[0], way[open].node[1]);
		else
			say_closed(w, d, &way[d->group >= 0 ? WAY_GROUP : WAY_CDEV]);
	}
}

/* ---- who has it ---- */

struct holder {
	char		pid[16], name[32], node[64];
};

/* Does @pid hold one of the two nodes? Of others' processes only root may see that. */
static bool holds(const struct world *w, const char *pid, const char *const node[2],
		  struct holder *out)
{
	char folder[64], path[512], target[128];
	char **fds;
	bool found = false;

	snprintf(folder, sizeof(folder), "/proc/%.16s/fd", pid);
	fds = world_list(w, folder);
	for (char **fd = fds; fd && *fd && !found; fd++) {
		ssize_t len;

		snprintf(path, sizeof(path), "%s%s/%s", w->root, folder, *fd);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = 0;
		for (int i = 0; i < 2 && !found; i++)
			found = node[i][0] && !strcmp(target, node[i]);
	}
	world_free(fds);
	if (!found)
		return false;
	snprintf(out->pid, sizeof(out->pid), "%.15s", pid);
	snprintf(out->node, sizeof(out->node), "%.63s", target);
	if (!world_text(w, out->name, sizeof(out->name), "/proc/%.16s/comm", pid))
		out->name[0] = 0;
	return true;
}

static bool find_holder(const struct world *w, const char *const node[2], struct holder *out)
{
	char **list = world_list(w, "/proc");
	bool found = false;

	for (char **pid = list; pid && *pid && !found; pid++)
		found = (*pid)[0] >= '1' && (*pid)[0] <= '9' && holds(w, *pid, node, out);
	world_free(list);
	return found;
}

static bool group_said(const struct world *w, const struct leat_pci_device *d)
{
	for (const struct leat_pci_device *e = next_subject(w, NULL); e != d; e = next_subject(w, e))
		if (e->group >= 0 && e->group == d->group)
			return true;
	return false;
}

static void say_holder(struct world *w, const struct leat_pci_device *d)
{
	struct way way[WAYS];
	struct holder holder;
	const char *nodes[2];

	find_ways(w, d, way);
	nodes[0] = way[WAY_GROUP].node[1];
	nodes[1] = way[WAY_CDEV].node[1];
	if (find_holder(w, nodes, &holder)) {
		say(w, VERDICT_PROBLEM, "%s is busy: %s has %s open (/proc/%s/fd)", d->address,
		    holder.name, holder.node, holder.pid);
		mend(w, "kill %s   # %s", holder.pid, holder.name);
	} else if (way[WAY_GROUP].err[1] == -EBUSY || way[WAY_CDEV].err[1] == -EBUSY) {
		say(w, VERDICT_PROBLEM, "%s is busy: opening %s: %s; by whom this user may not see",
		    d->address, way[WAY_GROUP].err[1] == -EBUSY ? nodes[0] : nodes[1],
		    strerror(EBUSY));
		mend(w, "sudo fuser -v %s %s   # says who; end that program", nodes[0], nodes[1]);
	} else {
		say(w, VERDICT_OK, "%s is free: nobody seen in /proc/*/fd", d->address);
	}
}

void check_busy(struct world *w)
{
	for (const struct leat_pci_device *d = next_subject(w, NULL); d; d = next_subject(w, d))
		if (is_vfio(d) && !group_said(w, d))
			say_holder(w, d);
}

/* ---- vfio-user ---- */

static void check_one_socket(struct world *w, const char *path)
{
	char full[512];
	struct stat st;

	snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? w->root : "", path);
	if (stat(full, &st)) {
		say(w, VERDICT_PROBLEM, "%s: %s: no server there", path, strerror(errno));
		mend(w, "leat-nicd virtio-net:%s   # or start the server that you want", path);
	} else if (!S_ISSOCK(st.st_mode)) {
		say(w, VERDICT_PROBLEM, "%s is no socket", path);
		mend(w, "leat-nicd virtio-net:PATH   # and give its PATH");
	} else if (access(full, W_OK)) {
		say(w, VERDICT_PROBLEM, "%s: not permitted to this user: %s", path, strerror(errno));
		mend(w, "sudo chown $USER %s", path);
	} else {
		say(w, VERDICT_OK, "%s is a socket, and permitted", path);
	}
}

void check_socket(struct world *w)
{
	static const char scheme[] = "vfio-user:";

	for (unsigned int i = 0; i < w->ntargets; i++)
		if (!strncmp(w->target[i].addr, scheme, sizeof(scheme) - 1))
			check_one_socket(w, w->target[i].addr + sizeof(scheme) - 1);
}
