// SPDX-License-Identifier: BSD-3-Clause
/*
 * address.c - addresses of kernel devices, taken apart. Options are a table.
 */
#include "address.h"

#include <leat/bits.h>
#include <leat/driver/core.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option;

/* @text, of @len bytes, is the value. false: it cannot be that. */
typedef bool parse_fn(const struct option *opt, const char *text, size_t len,
		      struct vfio_addr *out);

struct option {
	const char *name, *value;	/* value: what it looks like, for messages */
	unsigned int ways;		/* enum vfio_way, those that know it */
	parse_fn *parse;
	size_t at;			/* offset in struct vfio_addr */
};

static bool parse_name(const struct option *opt, const char *text, size_t len,
		       struct vfio_addr *out)
{
	char *to = (char *)out + opt->at;

	if (!len || len >= sizeof(out->domain))
		return false;
	memcpy(to, text, len);
	to[len] = '\0';
	return true;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

	return c && at ? (int)(at - digits) : -1;
}

/* Bytes in the order of the digits, as the kernel's uuid_t has them. */
static bool parse_uuid(const struct option *opt, const char *text, size_t len,
		       struct vfio_addr *out)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	unsigned int n = 0;

	(void)opt;
	if (len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (form[i] == '-' ? text[i] != '-' : digit < 0)
			return false;
		if (form[i] == '-')
			continue;
		out->token_bytes[n / 2] = (uint8_t)(out->token_bytes[n / 2] << 4 | digit);
		n++;
	}
	memcpy(out->token, text, len);
	out->token[len] = '\0';
	return true;
}

static bool parse_fd(const struct option *opt, const char *text, size_t len,
		     struct vfio_addr *out)
{
	long fd = 0;

	if (!len || len > 7)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		fd = fd * 10 + (text[i] - '0');
	}
	*(int *)(void *)((char *)out + opt->at) = (int)fd;
	return true;
}

#define BY_ALL    (VFIO_BY_CHOICE | VFIO_BY_GROUP | VFIO_BY_IOMMUFD | VFIO_BY_NOIOMMU)
#define BY_GROUPS (VFIO_BY_GROUP | VFIO_BY_NOIOMMU)
#define OPTION(name, value, ways, parse, field) \
	{ name, value, ways, parse, offsetof(struct vfio_addr, field) }

static const struct option options[] = {
	OPTION("domain", "NAME of 1 to 31 characters", BY_ALL, parse_name, domain),
	OPTION("token", "UUID", BY_ALL, parse_uuid, token),
	OPTION("group-fd", "descriptor", BY_GROUPS, parse_fd, group_fd),
	OPTION("container-fd", "descriptor", BY_GROUPS, parse_fd, container_fd),
	OPTION("device-fd", "descriptor", BY_GROUPS | VFIO_BY_IOMMUFD, parse_fd, device_fd),
	OPTION("iommu-fd", "descriptor", VFIO_BY_IOMMUFD, parse_fd, iommu_fd),
};

static const struct option *find_option(const char *text, size_t len)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(options); i++)
		if (strlen(options[i].name) == len && !memcmp(options[i].name, text, len))
			return &options[i];
	return NULL;
}

/* "domain, token, device-fd and iommu-fd". */
static void list_options(enum vfio_way way, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < LEAT_ARRAY_LEN(options) && used < size; i++)
		if (options[i].ways & way)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
						 used ? ", " : "", options[i].name);
}

/* @text: name=value, of @len bytes. */
static int take_option(struct leat_ctx *ctx, const char *addr, const char *text, size_t len,
		       enum vfio_way way, struct vfio_addr *out)
{
	const char *eq = memchr(text, '=', len);
	const struct option *opt = eq ? find_option(text, (size_t)(eq - text)) : NULL;
	char known[96];

	if (!opt || (!(opt->ways & way) && way != VFIO_BY_CHOICE)) {
		list_options(way, known, sizeof(known));
		return leat_fail(ctx, -EINVAL, "%s: \"%.*s\" is no option of such an address; "
				 "there are %s, each with =VALUE", addr, (int)len, text, known);
	}
	if (!(opt->ways & way))
		return leat_fail(ctx, -EINVAL, "%s: %s goes with a way that is named: put group: or "
				 "iommufd: before the address", addr, opt->name);
	if (!opt->parse(opt, eq + 1, len - (size_t)(eq + 1 - text), out))
		return leat_fail(ctx, -EINVAL, "%s: \"%.*s\": %s takes a %s", addr, (int)len, text,
				 opt->name, opt->value);
	return 0;
}

static int check_fds(struct leat_ctx *ctx, const char *addr, enum vfio_way way,
		     const struct vfio_addr *a)
{
	if (way == VFIO_BY_IOMMUFD && (a->device_fd < 0) != (a->iommu_fd < 0))
		return leat_fail(ctx, -EINVAL, "%s: device-fd (the character device) and iommu-fd "
				 "(/dev/iommu) go together: give both, or none", addr);
	if ((way & BY_GROUPS) && ((a->group_fd < 0) != (a->container_fd < 0) ||
				  (a->device_fd >= 0 && a->group_fd < 0)))
		return leat_fail(ctx, -EINVAL, "%s: group-fd and container-fd (/dev/vfio/vfio) go "
				 "together, and device-fd goes with both", addr);
	return 0;
}

/* The part before the first comma, if it is an address of a PCI function. */
static int parse_bdf(const char *text, char bdf[LEAT_BDF_LEN])
{
	size_t len = strcspn(text, ",");
	char copy[LEAT_BDF_LEN];

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return leat_pci_parse(copy, bdf);
}

bool leat_vfio_is_address(const char *addr)
{
	char bdf[LEAT_BDF_LEN];

	return !parse_bdf(addr, bdf);
}

int leat_vfio_address(struct leat_ctx *ctx, const char *addr, const char *rest, enum vfio_way way,
		      struct vfio_addr *out)
{
	int err = 0;

	*out = (struct vfio_addr){
		.group_fd = -1, .container_fd = -1, .device_fd = -1, .iommu_fd = -1,
	};
	if (parse_bdf(rest, out->bdf))
		return leat_fail(ctx, -EINVAL, "%s: \"%.*s\" is not the address of a PCI device; "
				 "they look like 0000:01:00.0 (`leat devices` lists them)", addr,
				 (int)strcspn(rest, ","), rest);
	rest += strcspn(rest, ",");
	while (*rest && !err) {
		size_t len = strcspn(++rest, ",");

		err = take_option(ctx, addr, rest, len, way, out);
		rest += len;
	}
	return err ? err : check_fds(ctx, addr, way, out);
}
