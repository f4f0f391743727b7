// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_irqs.c - eventfds that count: assigning, firing, masking. Ids as in
 * server_cases.c.
 */
#include "server_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define INTX 0
#define MSIX 2
#define ASSIGN	(VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD)
#define FIRE	(VFU_IRQ_TRIGGER | VFU_IRQ_NONE)
#define MASK	(VFU_IRQ_MASK | VFU_IRQ_NONE)
#define UNMASK	(VFU_IRQ_UNMASK | VFU_IRQ_NONE)

static void open_eventfds(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(fds[i] >= 0);
	}
}

static void close_all(const int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

/* S25, S27, S28 */
static void test_assign_and_fire(void **state)
{
	struct rig *rig = *state;
	unsigned int before = rig_open_fds();
	int fds[2];

	open_eventfds(fds, 2);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 0, 1, &fds[0], 1), 0);
	assert_int_equal(rig_set_irqs(rig, FIRE, MSIX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fds[0]), 1);

	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 0, 1, &fds[1], 1), 0);
	leat_mdev_raise(&rig->model->mdev, MSIX, 0);
	assert_int_equal(rig_count(fds[0]), 0);
	assert_int_equal(rig_count(fds[1]), 1);
	assert_int_equal(rig_open_fds(), before + 2 + 3);	/* ours, the sockets, one kept */

	assert_int_equal(rig_set_irqs(rig, FIRE, MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(rig_set_irqs(rig, FIRE, MSIX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fds[1]), 0);
	rig_disconnect(rig);
	close_all(fds, 2);
	assert_int_equal(rig_open_fds(), before);
}

/* De-assigning a range behind others leaves those alone. */
static void test_deassign_range(void **state)
{
	struct rig *rig = *state;
	int fds[4];

	open_eventfds(fds, 4);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 4, 4, fds, 4), 0);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 6, 1, NULL, 0), 0);
	for (unsigned int v = 0; v < RIG_VECTORS; v++)
		rig_write32(rig, 0, RIG_RAISE, v);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(rig_count(fds[i]), i == 2 ? 0 : 1);
	rig_disconnect(rig);
	close_all(fds, 4);
}

/* T08: more vectors than a message carries. */
static void test_assign_in_chunks(void **state)
{
	struct rig *rig = *state;
	int fds[16];

	open_eventfds(fds, 16);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 0, 8, fds, 8), 0);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 8, 8, fds + 8, 8), 0);
	rig_write32(rig, 0, RIG_RAISE, 9);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(rig_count(fds[i]), i == 9 ? 1 : 0);
	rig_disconnect(rig);
	close_all(fds, 16);
}

/* T10: what fires while masked is delivered once; the pending bit shows it. */
static void test_mask(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_eventfds(&fd, 1);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 3, 1, &fd, 1), 0);
	assert_int_equal(rig_set_irqs(rig, MASK, MSIX, 3, 1, NULL, 0), 0);
	rig_write32(rig, 0, RIG_RAISE, 3);
	rig_write32(rig, 0, RIG_RAISE, 3);
	assert_int_equal(rig_count(fd), 0);
	assert_int_equal(rig_read32(rig, 2, RIG_PBA), 1 << 3);
	assert_int_equal(rig_set_irqs(rig, UNMASK, MSIX, 3, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fd), 1);
	assert_int_equal(rig_read32(rig, 2, RIG_PBA), 0);
	assert_int_equal(rig_set_irqs(rig, UNMASK, MSIX, 3, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fd), 0);
	rig_write32(rig, 0, RIG_RAISE, 3);
	assert_int_equal(rig_count(fd), 1);

	/* A reset forgets what waits, and keeps the eventfd. */
	assert_int_equal(rig_set_irqs(rig, MASK, MSIX, 3, 1, NULL, 0), 0);
	rig_write32(rig, 0, RIG_RAISE, 3);
	assert_int_equal(rig_command(rig, VFU_DEVICE_RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(rig_set_irqs(rig, UNMASK, MSIX, 3, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fd), 0);
	rig_write32(rig, 0, RIG_RAISE, 3);
	assert_int_equal(rig_count(fd), 1);
	rig_disconnect(rig);
	close(fd);
}

/* T11: the range means what it says. */
/* INTx is masked when the device fires it, once; what comes meanwhile waits. */
static void test_intx_masks_itself(void **state)
{
	struct vfu_irq_info ask = { .argsz = sizeof(ask), .index = INTX };
	struct vfu_irq_info info;
	struct rig *rig = *state;
	int fd;

	open_eventfds(&fd, 1);
	rig_start(rig);
	assert_int_equal(rig_command(rig, VFU_GET_IRQ_INFO, &ask, sizeof(ask), NULL, 0), 0);
	memcpy(&info, rig->rx.msg.payload, sizeof(info));
	assert_int_equal(info.flags, VFU_IRQ_F_EVENTFD | VFU_IRQ_F_MASKABLE | VFU_IRQ_F_AUTOMASKED);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, INTX, 0, 1, &fd, 1), 0);
	leat_mdev_raise(&rig->model->mdev, INTX, 0);
	leat_mdev_raise(&rig->model->mdev, INTX, 0);
	assert_int_equal(rig_count(fd), 1);
	assert_int_equal(rig_set_irqs(rig, UNMASK, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fd), 1);	/* that waited, and masked again */
	leat_mdev_raise(&rig->model->mdev, INTX, 0);
	assert_int_equal(rig_count(fd), 0);
	assert_int_equal(rig_set_irqs(rig, UNMASK, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fd), 1);
	assert_int_equal(rig_set_irqs(rig, UNMASK, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_count(fd), 0);
	rig_disconnect(rig);
	close_all(&fd, 1);
}

static void test_unmask_range(void **state)
{
	struct rig *rig = *state;
	int fds[4];

	open_eventfds(fds, 4);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 0, 4, fds, 4), 0);
	assert_int_equal(rig_set_irqs(rig, MASK, MSIX, 0, 4, NULL, 0), 0);
	for (unsigned int v = 0; v < 4; v++)
		rig_write32(rig, 0, RIG_RAISE, v);
	assert_int_equal(rig_set_irqs(rig, UNMASK, MSIX, 2, 1, NULL, 0), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(rig_count(fds[i]), i == 2 ? 1 : 0);
	rig_disconnect(rig);
	close_all(fds, 4);
}

static int set_bools(struct rig *rig, uint32_t action, uint32_t start, const char *bools)
{
	struct {
		struct vfu_irq_set set;
		char bools[8];
	} req = { .set = { 0, action | VFU_IRQ_BOOL, MSIX, start, (uint32_t)strlen(bools) } };

	for (uint32_t i = 0; i < req.set.count; i++)
		req.bools[i] = bools[i] == '1';
	req.set.argsz = (uint32_t)sizeof(req.set) + req.set.count;
	return rig_command(rig, VFU_SET_IRQS, &req, req.set.argsz, NULL, 0);
}

/* A byte for each vector: for firing, masking and unmasking. */
static void test_bools(void **state)
{
	struct rig *rig = *state;
	int fds[4];

	open_eventfds(fds, 4);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 10, 4, fds, 4), 0);
	assert_int_equal(set_bools(rig, VFU_IRQ_TRIGGER, 10, "1010"), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(rig_count(fds[i]), i % 2 ? 0 : 1);
	assert_int_equal(set_bools(rig, VFU_IRQ_MASK, 11, "101"), 0);
	assert_int_equal(set_bools(rig, VFU_IRQ_TRIGGER, 10, "1111"), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(rig_count(fds[i]), i % 2 ? 0 : 1);
	assert_int_equal(set_bools(rig, VFU_IRQ_UNMASK, 10, "0100"), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(rig_count(fds[i]), i == 1 ? 1 : 0);
	rig_disconnect(rig);
	close_all(fds, 4);
}

/* Vectors are unmasked for a client that never touches the table's mask bits. */
static void test_table_does_not_mask(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_eventfds(&fd, 1);
	rig_start(rig);
	assert_int_equal(rig_read32(rig, 2, 5 * 16 + 12), 1);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 5, 1, &fd, 1), 0);
	rig_write32(rig, 0, RIG_RAISE, 5);
	assert_int_equal(rig_count(fd), 1);
	rig_disconnect(rig);
	close(fd);
}

/* A client that never reads its eventfd cannot stop the server. */
static void test_full_eventfd(void **state)
{
	const uint64_t most = UINT64_MAX - 1;
	struct rig *rig = *state;
	int fd = eventfd(0, EFD_CLOEXEC);	/* blocking */

	rig_start(rig);
	assert_int_equal(write(fd, &most, sizeof(most)), sizeof(most));
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 0, 1, &fd, 1), 0);
	rig_write32(rig, 0, RIG_RAISE, 0);
	rig_check_alive(rig);
	assert_int_equal(rig_count(fd), most);
	rig_disconnect(rig);
	close(fd);
}

/* A socket as an interrupt would raise SIGPIPE once its other end is closed. */
static void test_socket_is_no_eventfd(void **state)
{
	struct rig *rig = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	rig_start(rig);
	assert_int_equal(rig_set_irqs(rig, ASSIGN, MSIX, 0, 1, &pair[0], 1), EINVAL);
	rig_write32(rig, 0, RIG_RAISE, 0);
	rig_disconnect(rig);
	close(pair[0]);
}

/* Vectors out of range, and without an eventfd, do nothing. */
static void test_raise_in_vain(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	rig_write32(rig, 0, RIG_RAISE, 0);
	rig_write32(rig, 0, RIG_RAISE, RIG_VECTORS);
	rig_write32(rig, 0, RIG_RAISE, UINT32_MAX);
	assert_int_equal(rig->model->mdev.stats.interrupts, 1);
	rig_disconnect(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assign_and_fire),
		cmocka_unit_test(test_deassign_range),
		cmocka_unit_test(test_assign_in_chunks),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_intx_masks_itself),
		cmocka_unit_test(test_unmask_range),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_table_does_not_mask),
		cmocka_unit_test(test_full_eventfd),
		cmocka_unit_test(test_socket_is_no_eventfd),
		cmocka_unit_test(test_raise_in_vain),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: interrupts", tests, rig_setup,
					   rig_teardown);
}
