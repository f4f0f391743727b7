// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_host.c - what else the kernel forbids; QEMU and KVM, for the tests.
 */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void check_security(struct world *w)
{
	char lockdown[64], *at, *end;
	long long enforce = world_number(w, -1, "/sys/fs/selinux/enforce");

	if (world_text(w, lockdown, sizeof(lockdown), "/sys/kernel/security/lockdown") &&
	    (at = strchr(lockdown, '[')) != NULL && (end = strchr(at, ']')) != NULL) {
		*end = 0;
		say(w, VERDICT_OK, "kernel lockdown: %s (/sys/kernel/security/lockdown); VFIO works "
		    "under all of its modes", at + 1);
	}
	if (enforce == 1) {
		say(w, VERDICT_INFO, "SELinux enforces (/sys/fs/selinux/enforce): a confined program may "
		    "be refused nodes that it owns");
		mend(w, "sudo ausearch -m avc -ts recent   # says what was refused");
	}
}

void check_kvm(struct world *w)
{
	int err = w->probe(w, "/dev/kvm");

	if (!err) {
		say(w, VERDICT_OK, "/dev/kvm opens; the tests do not need it");
		return;
	}
	say(w, VERDICT_INFO, "/dev/kvm: %s; nothing is lost, the tests run without", strerror(-err));
	if (err == -EACCES || err == -EPERM)
		mend(w, "sudo usermod -aG kvm $USER   # then log in again");
}

/* The tests in the guest need QEMU 11, see tests/guest/README.md. @prefix: before the number. */
static bool is_new(const char *text, const char *prefix)
{
	const char *at = strstr(text, prefix);
	int major = 0;

	return at && sscanf(at + strlen(prefix), "%d.", &major) == 1 && major >= 11;
}

/* The machine's own, from $PATH. */
static bool find_own(const struct world *w, char *program, size_t size)
{
	char *paths = strdup(w->path ? w->path : ""), *rest = paths, *folder;
	bool found = false;

	while (paths && !found && (folder = strsep(&rest, ":")) != NULL) {
		snprintf(program, size, "%s%s/qemu-system-x86_64", w->root, folder);
		found = *folder && !access(program, X_OK);
	}
	free(paths);
	return found;
}

/* What tests/guest/qemu unpacked. */
static bool find_kept(const struct world *w, char *program, size_t size)
{
	char **list = w->cache ? world_list(w, w->cache) : NULL;
	bool found = false;

	for (char **name = list; name && *name && !found; name++) {
		if (!is_new(*name, "qemu-"))
			continue;
		snprintf(program, size, "%s%s/%s/qemu-system-x86_64", w->root, w->cache, *name);
		found = !access(program, X_OK);
	}
	world_free(list);
	return found;
}

void check_qemu(struct world *w)
{
	char program[512], line[128] = "";

	if (find_own(w, program, sizeof(program)) && w->version(program, line, sizeof(line)) &&
	    is_new(line, "version ")) {
		say(w, VERDICT_OK, "%s: %s", program, line);
		return;
	}
	if (find_kept(w, program, sizeof(program))) {
		say(w, VERDICT_OK, "%s, kept by tests/guest", program);
		return;
	}
	say(w, VERDICT_INFO, "no QEMU for tests/guest, which need version 11%s%s", line[0] ? ": " : "",
	    line);
	mend(w, "tests/guest/qemu   # in the source tree: unpacks one into the user's cache");
}
