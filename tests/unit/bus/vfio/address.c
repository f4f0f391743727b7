// SPDX-License-Identifier: BSD-3-Clause
/*
 * address.c - addresses of kernel devices: what is taken, and what is refused with which word.
 */
#include "bus/vfio/address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define UUID "0123abcd-4567-89ab-CDEF-0123456789ab"

static struct leat_ctx *ctx;

static int open_ctx(void **state)
{
	(void)state;
	return leat_ctx_open(NULL, &ctx);
}

static int close_ctx(void **state)
{
	(void)state;
	leat_ctx_close(ctx);
	return 0;
}

static struct vfio_addr take(const char *rest, enum vfio_way way)
{
	struct vfio_addr a;

	if (leat_vfio_address(ctx, rest, rest, way, &a))
		fail_msg("%s", leat_ctx_error(ctx));
	return a;
}

static void refuse(const char *rest, enum vfio_way way, const char *why)
{
	struct vfio_addr a;

	assert_int_equal(leat_vfio_address(ctx, "x:y", rest, way, &a), -EINVAL);
	if (!strstr(leat_ctx_error(ctx), why) || strncmp(leat_ctx_error(ctx), "x:y: ", 5))
		fail_msg("\"%s\" does not say \"%s\"", leat_ctx_error(ctx), why);
}

static void plain_ones(void **state)
{
	struct vfio_addr a = take("3F:1e.7", VFIO_BY_CHOICE);

	(void)state;
	assert_string_equal(a.bdf, "0000:3f:1e.7");
	assert_string_equal(a.domain, "");
	assert_string_equal(a.token, "");
	assert_true(a.group_fd == -1 && a.container_fd == -1 && a.device_fd == -1 && a.iommu_fd == -1);
	assert_false(leat_vfio_is_passed(&a));
}

static void options_of_all_ways(void **state)
{
	static const enum vfio_way ways[] = {
		VFIO_BY_CHOICE, VFIO_BY_GROUP, VFIO_BY_IOMMUFD, VFIO_BY_NOIOMMU,
	};
	static const uint8_t bytes[16] = {
		0x01, 0x23, 0xab, 0xcd, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67,
		0x89, 0xab,
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ways); i++) {
		struct vfio_addr a = take("0000:01:00.0,domain=lan 1,token=" UUID, ways[i]);

		assert_string_equal(a.domain, "lan 1");
		assert_string_equal(a.token, UUID);
		assert_memory_equal(a.token_bytes, bytes, 16);
	}
}

static void descriptors(void **state)
{
	struct vfio_addr a = take("01:00.0,group-fd=7,container-fd=0", VFIO_BY_GROUP);

	(void)state;
	assert_true(a.group_fd == 7 && a.container_fd == 0 && a.device_fd == -1);
	assert_true(leat_vfio_is_passed(&a));
	a = take("01:00.0,device-fd=9,container-fd=8,group-fd=10,domain=d", VFIO_BY_NOIOMMU);
	assert_true(a.group_fd == 10 && a.container_fd == 8 && a.device_fd == 9);
	a = take("01:00.0,device-fd=3,iommu-fd=1048576", VFIO_BY_IOMMUFD);
	assert_true(a.device_fd == 3 && a.iommu_fd == 1048576);
	assert_true(leat_vfio_is_passed(&a));
}

static void wrong_ones(void **state)
{
	(void)state;
	refuse("eth0", VFIO_BY_GROUP, "\"eth0\" is not the address of a PCI device");
	refuse("", VFIO_BY_GROUP, "is not the address of a PCI device");
	refuse("0000:01:00.0:1", VFIO_BY_GROUP, "is not the address");
	refuse("01:00.0,", VFIO_BY_GROUP, "\"\" is no option of such an address; there are domain, "
	       "token, group-fd, container-fd, device-fd, each with =VALUE");
	refuse("01:00.0,domain", VFIO_BY_IOMMUFD, "there are domain, token, device-fd, iommu-fd, each");
	refuse("01:00.0,dom=x", VFIO_BY_CHOICE, "\"dom=x\" is no option of such an address; there are "
	       "domain, token, each");
	refuse("01:00.0,iommu-fd=3", VFIO_BY_GROUP, "is no option of such an address");
	refuse("01:00.0,group-fd=3,container-fd=4", VFIO_BY_CHOICE, "put group: or iommufd: before");
	refuse("01:00.0,domain=", VFIO_BY_CHOICE, "domain takes a NAME of 1 to 31 characters");
	refuse("01:00.0,domain=0123456789abcdef0123456789abcdef", VFIO_BY_CHOICE, "1 to 31 characters");
	refuse("01:00.0,group-fd=x,container-fd=4", VFIO_BY_GROUP, "group-fd takes a descriptor");
	refuse("01:00.0,group-fd=-1,container-fd=4", VFIO_BY_GROUP, "group-fd takes a descriptor");
	refuse("01:00.0,group-fd=,container-fd=4", VFIO_BY_GROUP, "group-fd takes a descriptor");
	refuse("01:00.0,group-fd=99999999999", VFIO_BY_GROUP, "group-fd takes a descriptor");
}

static void wrong_tokens(void **state)
{
	static const char *const tokens[] = {
		"", "0123abcd", "0123abcd-4567-89ab-cdef-0123456789a", UUID "0",
		"0123abcd-4567-89ab-cdef-0123456789ag", "0123abcd04567-89ab-cdef-0123456789ab",
		"0123abcd-456--89ab-cdef-0123456789ab",
	};
	char rest[96];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(tokens); i++) {
		snprintf(rest, sizeof(rest), "01:00.0,token=%s", tokens[i]);
		refuse(rest, VFIO_BY_GROUP, "token takes a UUID");
	}
}

static void descriptors_that_lack_their_fellows(void **state)
{
	(void)state;
	refuse("01:00.0,device-fd=3", VFIO_BY_IOMMUFD, "device-fd (the character device) and iommu-fd "
	       "(/dev/iommu) go together");
	refuse("01:00.0,iommu-fd=3", VFIO_BY_IOMMUFD, "go together");
	refuse("01:00.0,group-fd=3", VFIO_BY_GROUP, "group-fd and container-fd (/dev/vfio/vfio) go "
	       "together");
	refuse("01:00.0,container-fd=3", VFIO_BY_GROUP, "go together");
	refuse("01:00.0,device-fd=3", VFIO_BY_GROUP, "device-fd goes with both");
	refuse("01:00.0,device-fd=3,container-fd=1", VFIO_BY_NOIOMMU, "go together");
}

static void what_is_an_address(void **state)
{
	(void)state;
	assert_true(leat_vfio_is_address("0000:01:00.0"));
	assert_true(leat_vfio_is_address("01:00.0,domain=x"));
	assert_true(leat_vfio_is_address("01:00.0,nonsense"));
	assert_false(leat_vfio_is_address("group:01:00.0"));
	assert_false(leat_vfio_is_address("sim:virtio-net"));
	assert_false(leat_vfio_is_address(""));
	assert_false(leat_vfio_is_address(",01:00.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_ones),
		cmocka_unit_test(options_of_all_ways),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(wrong_ones),
		cmocka_unit_test(wrong_tokens),
		cmocka_unit_test(descriptors_that_lack_their_fellows),
		cmocka_unit_test(what_is_an_address),
	};

	return cmocka_run_group_tests_name("bus/vfio/address", tests, open_ctx, close_ctx);
}
