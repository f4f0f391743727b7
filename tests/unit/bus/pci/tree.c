// SPDX-License-Identifier: BSD-3-Clause
/*
 * tree.c - a file system of the test's own.
 */
#include "tree.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void full_path(const struct tree *t, const char *path, char full[PATH_MAX])
{
	int len = snprintf(full, PATH_MAX, "%s%s", t->root, path);

	assert_in_range(len, 1, PATH_MAX - 1);
}

static void make_folders(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

int tree_setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	strcpy(t->root, "/tmp/leat-tree-XXXXXX");
	*state = t;
	return mkdtemp(t->root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

int tree_teardown(void **state)
{
	struct tree *t = *state;
	int err = nftw(t->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(t);
	return err;
}

void tree_file(struct tree *t, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *f;

	full_path(t, path, full);
	make_folders(full, strlen(t->root) + 1);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

void tree_link(struct tree *t, const char *path, const char *target)
{
	char full[PATH_MAX];

	full_path(t, path, full);
	make_folders(full, strlen(t->root) + 1);
	unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

void tree_dir(struct tree *t, const char *path)
{
	char full[PATH_MAX];

	full_path(t, path, full);
	make_folders(full, strlen(t->root) + 1);
	mkdir(full, 0755);
}

void tree_remove(struct tree *t, const char *path)
{
	char full[PATH_MAX];

	full_path(t, path, full);
	assert_int_equal(remove(full), 0);
}

const char *tree_text(struct tree *t, const char *path)
{
	static char text[4096];
	char full[PATH_MAX];
	FILE *f;

	full_path(t, path, full);
	f = fopen(full, "r");
	if (!f)
		return "(none)";
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

bool tree_has(struct tree *t, const char *path)
{
	struct stat st;
	char full[PATH_MAX];

	full_path(t, path, full);
	return !lstat(full, &st);
}
