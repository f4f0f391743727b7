// SPDX-License-Identifier: BSD-3-Clause
/*
 * tree.h - a file system of the test's own, below a temporary folder, that looks like the
 * parts of /sys, /proc and /dev that a PCI function shows in.
 */
#ifndef LEAT_TESTS_PCI_TREE_H
#define LEAT_TESTS_PCI_TREE_H

#include <stdbool.h>

struct tree {
	char	root[64];
};

/* cmocka setup and teardown: *state is a struct tree. */
int tree_setup(void **state);
int tree_teardown(void **state);

/* Paths start with "/sys/..."; missing folders are made. Failing fails the test. */
void tree_file(struct tree *t, const char *path, const char *text);
void tree_link(struct tree *t, const char *path, const char *target);
void tree_dir(struct tree *t, const char *path);
void tree_remove(struct tree *t, const char *path);

/* The file's text, in a static buffer; "(none)" without one. */
const char *tree_text(struct tree *t, const char *path);
bool tree_has(struct tree *t, const char *path);

#endif
