// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_dma.c - memory that only messages reach: DMA_READ and DMA_WRITE to a
 * client that answers well, badly or not at all. Ids as in server_cases.c.
 *
 * The client is this thread, so it answers before it is asked: command and
 * answers are sent together, then the server runs.
 */
#include "server_rig.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define RW (VFU_DMA_F_READ | VFU_DMA_F_WRITE)

/* What byte lies at @iova of the client's memory. */
static uint8_t byte_at(uint64_t iova)
{
	return (uint8_t)(iova * 7 + (iova >> 8));
}

/* The answer to a DMA command of the server, which comes @ahead commands from now. */
static void send_answer(struct rig *rig, uint16_t cmd, unsigned int ahead, uint64_t addr,
			uint64_t count)
{
	struct {
		struct vfu_dma_access ans;
		uint8_t data[8192];
	} msg = { .ans = { addr, count } };
	size_t len = sizeof(msg.ans) + (cmd == VFU_DMA_READ ? count : 0);

	for (uint64_t i = 0; cmd == VFU_DMA_READ && i < count; i++)
		msg.data[i] = byte_at(addr + i);
	rig_send(rig, (uint16_t)(rig->srv->dma_id + ahead), cmd, VFU_HDR_REPLY, &msg, len, NULL, 0);
}

static void check_asked(const struct vfu_msg *msg, uint16_t cmd, uint64_t addr, uint64_t count)
{
	const struct vfu_dma_access want = { addr, count };

	assert_int_equal(msg->hdr.cmd, cmd);
	assert_int_equal(msg->hdr.flags, VFU_HDR_COMMAND);
	assert_int_equal(msg->len, sizeof(want) + (cmd == VFU_DMA_WRITE ? count : 0));
	assert_memory_equal(msg->payload, &want, sizeof(want));
}

/* Have the model read or write @len bytes at @iova; its answers are to be sent next. */
static void post_dma(struct rig *rig, uint64_t reg, uint64_t iova, uint32_t len)
{
	rig_post32(rig, 0, RIG_DMA_ADDR, 0);
	rig_step(rig);
	rig->model->dma_addr = iova;
	rig->model->dma_len = len;
	rig->model->dma_result = 99;
	rig_post32(rig, 0, reg, 1);
}

static void start_small(struct rig *rig)
{
	rig_connect(rig);
	rig_negotiate(rig, "{\"capabilities\":{\"max_data_xfer_size\":1024}}");
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x1000, RW, 0, -1), 0);
	assert_int_equal(rig_dma_map(rig, 0x11000, 0x1000, VFU_DMA_F_READ, 0, -1), 0);
}

/* T13: pieces no longer than the client takes, none across two maps. */
static void test_read_in_pieces(void **state)
{
	static const uint64_t pieces[][2] = { { 0x10800, 1024 }, { 0x10c00, 1024 }, { 0x11000, 512 } };
	struct rig *rig = *state;

	start_small(rig);
	post_dma(rig, RIG_DMA_READ, 0x10800, 2560);
	for (unsigned int i = 0; i < 3; i++)
		send_answer(rig, VFU_DMA_READ, i, pieces[i][0], pieces[i][1]);
	rig_step(rig);
	for (unsigned int i = 0; i < 3; i++)
		check_asked(rig_receive(rig), VFU_DMA_READ, pieces[i][0], pieces[i][1]);
	assert_int_equal(rig->model->dma_result, 0);
	for (unsigned int i = 0; i < 2560; i++)
		assert_int_equal(rig->model->data[i], byte_at(0x10800 + i));
	rig_check_alive(rig);
	rig_disconnect(rig);
}

static void test_write(void **state)
{
	struct rig *rig = *state;
	const struct vfu_msg *msg;

	start_small(rig);
	memset(rig->model->data, 0xa5, 1500);
	post_dma(rig, RIG_DMA_WRITE, 0x10001, 1500);
	send_answer(rig, VFU_DMA_WRITE, 0, 0x10001, 1024);
	send_answer(rig, VFU_DMA_WRITE, 1, 0x10401, 476);
	rig_step(rig);
	assert_int_equal(rig->model->dma_result, 0);
	msg = rig_receive(rig);
	check_asked(msg, VFU_DMA_WRITE, 0x10001, 1024);
	assert_memory_equal((const char *)msg->payload + 16, rig->model->data, 1024);
	check_asked(rig_receive(rig), VFU_DMA_WRITE, 0x10401, 476);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* T14: the client's error is the device's, and nothing else happens. */
static void test_error_answer(void **state)
{
	const struct vfu_hdr errors[] = {
		{ .error = ENODEV }, { .error = 0 }, { .error = 99999 }, { .error = EPROTO },
		{ .error = EAGAIN },	/* to a model that would mean: again, and again */
	};
	struct rig *rig = *state;

	start_small(rig);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(errors); i++) {
		struct vfu_hdr hdr = errors[i];

		post_dma(rig, RIG_DMA_READ, 0x10000, 64);
		hdr.id = rig->srv->dma_id;
		hdr.cmd = VFU_DMA_READ;
		hdr.size = sizeof(hdr);
		hdr.flags = VFU_HDR_REPLY | VFU_HDR_ERROR;
		rig_send_raw(rig, &hdr, sizeof(hdr), NULL, 0);
		rig_step(rig);
		check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 64);
		assert_int_equal(rig->model->dma_result, i ? EIO : ENODEV);
		rig_check_alive(rig);
	}
	rig_disconnect(rig);
}

/* T14: what is no answer to the question ends the connection, with one line. */
static void test_garbage_answer(void **state)
{
	const struct {
		uint16_t cmd;
		unsigned int ahead;
		uint64_t addr, count;
	} garbage[] = {
		{ VFU_DMA_READ, 1, 0x10000, 64 },	/* id */
		{ VFU_DMA_WRITE, 0, 0x10000, 64 },	/* command */
		{ VFU_DMA_READ, 0, 0x10001, 64 },	/* address */
		{ VFU_DMA_READ, 0, 0x10000, 63 },	/* short */
		{ VFU_DMA_READ, 0, 0x10000, 65 },	/* long */
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(garbage); i++) {
		unsigned int warnings = rig->warnings, resets = rig->model->resets;

		start_small(rig);
		post_dma(rig, RIG_DMA_READ, 0x10000, 64);
		send_answer(rig, garbage[i].cmd, garbage[i].ahead, garbage[i].addr, garbage[i].count);
		rig_step(rig);
		assert_int_equal(rig->model->dma_result, EPROTO);
		check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 64);
		rig_receive_hangup(rig);
		assert_int_equal(rig->warnings, warnings + 1);
		assert_int_equal(rig->model->resets, resets + 1);
		rig_disconnect(rig);
	}
}

/* T15: no answer in time. */
static void test_no_answer(void **state)
{
	struct rig *rig = *state;
	unsigned int warnings = rig->warnings;

	start_small(rig);
	post_dma(rig, RIG_DMA_READ, 0x10000, 64);
	rig_step(rig);
	assert_int_equal(rig->model->dma_result, EIO);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 64);
	rig_receive_hangup(rig);
	assert_int_equal(rig->warnings, warnings + 1);
	assert_non_null(strstr(rig->line, "timed out"));
	rig_disconnect(rig);
}

/* It leaves while it is asked: that is no mishap, and what the model makes of it is not said. */
static void test_left_when_asked(void **state)
{
	struct rig *rig = *state;
	unsigned int warnings = rig->warnings, infos;

	start_small(rig);
	infos = rig->infos;
	post_dma(rig, RIG_DMA_READ, 0x10000, 64);
	rig_disconnect(rig);
	assert_int_equal(rig->warnings, warnings);
	assert_int_equal(rig->infos, infos + 1);
	assert_non_null(strstr(rig->line, "left"));
}

/* T16: refused here, nobody is asked. */
static void test_refused_locally(void **state)
{
	struct rig *rig = *state;
	struct leat_mdev *mdev = &rig->model->mdev;
	uint64_t asked;
	char buf[64];

	start_small(rig);
	asked = rig->srv->stats.dma_messages;
	assert_int_equal(leat_mdev_read(mdev, 0x20000, buf, 64), -EFAULT);
	assert_int_equal(leat_mdev_read(mdev, 0x11ff0, buf, 64), -EFAULT);
	assert_int_equal(leat_mdev_read(mdev, UINT64_MAX - 8, buf, 64), -EFAULT);
	assert_int_equal(leat_mdev_write(mdev, 0x11000, buf, 64), -EFAULT);
	assert_int_equal(leat_mdev_write(mdev, 0x10ff0, buf, 64), -EFAULT);
	assert_null(leat_mdev_ptr(mdev, 0x10000, 64, false));
	rig_receive_nothing(rig);
	assert_int_equal(rig->srv->stats.dma_messages, asked);
	rig_disconnect(rig);
}

/* Commands that come before the answer are executed after it, in their order. */
static void test_commands_meanwhile(void **state)
{
	const struct vfu_info info = { .argsz = sizeof(info) };
	struct rig *rig = *state;

	start_small(rig);
	post_dma(rig, RIG_DMA_READ, 0x10000, 64);
	for (uint32_t i = 0; i < 50; i++)
		rig_post32(rig, 0, RIG_LOG, i);
	rig_post32(rig, 0, RIG_DMA_READ, 1);	/* asks again, from the queue */
	rig_post32(rig, 0, RIG_LOG, 50);
	send_answer(rig, VFU_DMA_READ, 0, 0x10000, 64);
	send_answer(rig, VFU_DMA_READ, 1, 0x10000, 64);
	rig_send(rig, 321, VFU_GET_INFO, 0, &info, sizeof(info), NULL, 0);
	rig_step(rig);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 64);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 64);
	assert_int_equal(rig_receive(rig)->hdr.id, 321);
	assert_int_equal(rig->model->dma_result, 0);
	assert_int_equal(rig->model->logged, 51);
	for (uint32_t i = 0; i < 51; i++)
		assert_int_equal(rig->model->log[i], i);
	rig_receive_nothing(rig);
	rig_disconnect(rig);
}

static int assign_vector(struct rig *rig)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	assert_int_equal(rig_set_irqs(rig, VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD, 2, 0, 1, &fd, 1), 0);
	return fd;
}

/* A question of the client, who answers nothing before it is answered itself. */
static void ask(struct rig *rig)
{
	const struct vfu_info info = { .argsz = sizeof(info) };

	rig_send(rig, 321, VFU_GET_INFO, 0, &info, sizeof(info), NULL, 0);
}

/* Reads are put off, writes posted, and interrupts do not overtake them. */
static void test_question_meanwhile(void **state)
{
	struct rig *rig = *state;
	struct leat_mdev *mdev = &rig->model->mdev;
	char buf[16] = "posted";
	uint64_t asked;
	int fd;

	start_small(rig);
	fd = assign_vector(rig);
	asked = rig->srv->stats.dma_messages;
	ask(rig);
	assert_int_equal(leat_mdev_read(mdev, 0x10000, buf, 16), -EAGAIN);	/* met while waiting */
	assert_int_equal(leat_mdev_read(mdev, 0x10000, buf, 16), -EAGAIN);	/* known */
	assert_int_equal(leat_mdev_write(mdev, 0x10010, buf, 16), 0);
	assert_int_equal(rig->srv->stats.dma_messages, asked + 2);
	assert_true(leat_mdev_busy(mdev));
	leat_mdev_raise(mdev, 2, 0);

	rig_step(rig);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 16);
	check_asked(rig_receive(rig), VFU_DMA_WRITE, 0x10010, 16);
	assert_int_equal(rig_receive(rig)->hdr.id, 321);
	send_answer(rig, VFU_DMA_READ, -2u, 0x10000, 16);
	rig_step(rig);
	assert_true(leat_mdev_busy(mdev));
	assert_int_equal(rig_count(fd), 0);
	send_answer(rig, VFU_DMA_WRITE, -1u, 0x10010, 16);
	rig_step(rig);
	assert_false(leat_mdev_busy(mdev));
	assert_int_equal(rig_count(fd), 1);
	rig_check_alive(rig);
	rig_disconnect(rig);
	close(fd);
}

/* Late replies in front of the one that is waited for; and the question is not ours to hold up. */
static void test_late_replies(void **state)
{
	struct rig *rig = *state;
	struct leat_mdev *mdev = &rig->model->mdev;
	char buf[16] = "posted";
	int fd;

	start_small(rig);
	fd = assign_vector(rig);
	ask(rig);
	assert_int_equal(leat_mdev_write(mdev, 0x10010, buf, 16), 0);
	assert_int_equal(leat_mdev_write(mdev, 0x10020, buf, 16), 0);
	leat_mdev_raise(mdev, 2, 0);
	rig_step(rig);
	send_answer(rig, VFU_DMA_WRITE, -2u, 0x10010, 16);
	send_answer(rig, VFU_DMA_WRITE, -1u, 0x10020, 16);
	send_answer(rig, VFU_DMA_READ, 0, 0x10000, 16);
	assert_int_equal(leat_mdev_read(mdev, 0x10000, buf, 16), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal((uint8_t)buf[i], byte_at(0x10000 + i));
	assert_int_equal(rig_count(fd), 1);
	for (unsigned int i = 0; i < 2; i++)
		check_asked(rig_receive(rig), VFU_DMA_WRITE, 0x10010 + 16 * i, 16);
	assert_int_equal(rig_receive(rig)->hdr.id, 321);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 16);
	rig_disconnect(rig);
	close(fd);
}

/* One that leaves with replies outstanding leaves nothing behind for the next. */
static void test_left_unanswered(void **state)
{
	struct rig *rig = *state;
	struct leat_mdev *mdev = &rig->model->mdev;
	char buf[16] = "posted";

	start_small(rig);
	ask(rig);
	assert_int_equal(leat_mdev_write(mdev, 0x10010, buf, 16), 0);
	rig_disconnect(rig);
	assert_false(leat_mdev_busy(mdev));
	start_small(rig);
	send_answer(rig, VFU_DMA_READ, 0, 0x10000, 16);
	assert_int_equal(leat_mdev_read(mdev, 0x10000, buf, 16), 0);
	rig_disconnect(rig);
}

/* A model that asks from its own round leaves work that the descriptor shows. */
static void test_queue_wakes(void **state)
{
	struct rig *rig = *state;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };
	char buf[16];

	start_small(rig);
	rig_post32(rig, 0, RIG_LOG, 7);
	send_answer(rig, VFU_DMA_READ, 0, 0x10000, 16);
	assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x10000, buf, 16), 0);
	assert_int_equal(rig->model->logged, 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	rig_step(rig);
	assert_int_equal(rig->model->logged, 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 16);
	rig_disconnect(rig);
}

/* A client that sends on and on instead of answering is stopped. */
static void test_queue_is_bounded(void **state)
{
	const struct vfu_hdr hdr = { .cmd = VFU_DEVICE_RESET, .size = sizeof(hdr),
				     .flags = VFU_HDR_NO_REPLY };
	struct vfu_hdr *flood = calloc(5000, sizeof(hdr));
	struct rig *rig = *state;
	char buf[16];

	assert_non_null(flood);
	for (unsigned int i = 0; i < 5000; i++)
		flood[i] = hdr;
	start_small(rig);
	rig_send_raw(rig, flood, 5000 * sizeof(hdr), NULL, 0);
	free(flood);
	assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x10000, buf, 16), -EIO);
	assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x10000, buf, 16), -EIO);
	rig_step(rig);
	assert_int_equal(rig->srv->stats.maps, 0);
	check_asked(rig_receive(rig), VFU_DMA_READ, 0x10000, 16);
	rig_receive_hangup(rig);
	rig_disconnect(rig);
}

static void start_twin(struct rig *rig, int *twin)
{
	const struct vfu_msg *msg = &rig->rx.msg;

	rig_connect(rig);
	rig_negotiate(rig, "{\"capabilities\":{\"twin_socket\":{\"supported\":true}}}");
	assert_int_equal(msg->nfds, 1);
	assert_non_null(strstr((const char *)msg->payload + 4,
			       "\"twin_socket\":{\"supported\":true,\"fd_index\":0}"));
	*twin = dup(msg->fds[0]);
	assert_true(*twin >= 0);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x1000, RW, 0, -1), 0);
}

/* T17: on a socket of its own, past whatever else the client sends. */
static void test_twin_socket(void **state)
{
	const struct {
		struct vfu_hdr hdr;
		struct vfu_dma_access ans;
		char data[16];
	} answer = {
		.hdr = { ((struct rig *)*state)->srv->dma_id, VFU_DMA_READ, sizeof(answer),
			 VFU_HDR_REPLY, 0 },
		.ans = { 0x10000, 16 }, .data = "by the back way",
	};
	struct rig *rig = *state;
	struct vfu_rx rx;
	char buf[16];
	int twin;

	start_twin(rig, &twin);
	rig_post32(rig, 0, RIG_LOG, 1);
	assert_int_equal(write(twin, &answer, sizeof(answer)), sizeof(answer));
	assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x10000, buf, 16), 0);
	assert_string_equal(buf, "by the back way");
	rig_receive_nothing(rig);
	leat_vfu_rx_init(&rx, VFU_MAX_PAYLOAD);
	assert_int_equal(leat_vfu_rx_feed(&rx, twin), 1);
	check_asked(&rx.msg, VFU_DMA_READ, 0x10000, 16);
	leat_vfu_rx_fini(&rx);
	rig_disconnect(rig);
	assert_int_equal(read(twin, buf, 1), 0);	/* its other end is closed */
	close(twin);
}

/* Nothing but answers belongs there. */
static void test_twin_command(void **state)
{
	const struct vfu_hdr hdr = { .cmd = VFU_DEVICE_RESET, .size = sizeof(hdr) };
	struct rig *rig = *state;
	char buf[16];
	int twin;

	start_twin(rig, &twin);
	assert_int_equal(write(twin, &hdr, sizeof(hdr)), sizeof(hdr));
	assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x10000, buf, 16), -EIO);
	rig_step(rig);
	rig_receive_hangup(rig);
	rig_disconnect(rig);
	close(twin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_in_pieces),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_error_answer),
		cmocka_unit_test(test_garbage_answer),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_left_when_asked),
		cmocka_unit_test(test_refused_locally),
		cmocka_unit_test(test_commands_meanwhile),
		cmocka_unit_test(test_question_meanwhile),
		cmocka_unit_test(test_late_replies),
		cmocka_unit_test(test_left_unanswered),
		cmocka_unit_test(test_queue_wakes),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_twin_socket),
		cmocka_unit_test(test_twin_command),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: DMA by messages", tests, rig_setup,
					   rig_teardown);
}
