// SPDX-License-Identifier: BSD-3-Clause
/*
 * msg.c - messages over a socket pair: fragments, neighbours, descriptors out
 * of place, full sockets; and the JSON of VERSION.
 */
#include "bus/vfio_user/caps.h"
#include "bus/vfio_user/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct wire {
	int		in, out;	/* receiver, sender */
	struct vfu_rx	rx;
	struct vfu_tx	tx;
};

static int setup(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));
	int pair[2];

	assert_non_null(w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	w->in = pair[0];
	w->out = pair[1];
	leat_vfu_rx_init(&w->rx, 4096);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct wire *w = *state;

	leat_vfu_rx_fini(&w->rx);
	leat_vfu_tx_fini(&w->tx);
	close(w->in);
	close(w->out);
	free(w);
	return 0;
}

static int a_file(void)
{
	int fd = memfd_create("msg", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void send_bytes(int sock, const void *buf, size_t len, const int *fds, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(253 * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		mh.msg_control = control.room;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &mh, 0), (ssize_t)len);
}

struct small {
	struct vfu_hdr hdr;
	char text[8];
};

static struct small small(uint16_t id, const char *text)
{
	struct small m = { .hdr = { .id = id, .cmd = 4, .size = sizeof(m) } };

	strncpy(m.text, text, sizeof(m.text) - 1);
	return m;
}

static void expect(struct wire *w, uint16_t id, const char *text, unsigned int nfds)
{
	assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), 1);
	assert_int_equal(w->rx.msg.hdr.id, id);
	assert_int_equal(w->rx.msg.len, 8);
	assert_string_equal(w->rx.msg.payload, text);
	assert_int_equal(w->rx.msg.nfds, nfds);
}

/* Header and payload leave in one piece: peers that read a header at a time live of it. */
static void test_one_piece(void **state)
{
	struct wire *w = *state;
	struct vfu_hdr hdr = { .id = 3, .cmd = 9 };
	const struct iovec iov[2] = { { (char *)(uintptr_t)"left ", 5 }, { (char *)(uintptr_t)"ri", 3 } };
	int fd = a_file();
	char buf[64];

	assert_int_equal(leat_vfu_tx_send(&w->tx, w->out, &hdr, iov, 2, &fd, 1), 0);
	assert_int_equal(hdr.size, 24);
	assert_int_equal(recv(w->in, buf, sizeof(buf), 0), 24);
	assert_string_equal(buf + 16, "left ri");
	assert_int_equal(leat_vfu_tx_send(&w->tx, w->out, &hdr, iov, VFU_TX_IOV + 1, NULL, 0), -EINVAL);
	assert_int_equal(leat_vfu_tx_send(&w->tx, w->out, &hdr, iov, 0, &fd, VFU_MAX_FDS + 1), -EINVAL);
	close(fd);
}

/* Each byte alone, the descriptor on each of them. */
static void test_fragments(void **state)
{
	struct wire *w = *state;
	const struct small m = small(7, "leat");
	unsigned int before = count_fds();
	int fd = a_file();

	for (size_t with = 0; with < sizeof(m); with++) {
		for (size_t i = 0; i < sizeof(m); i++) {
			assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), 0);
			send_bytes(w->out, (const char *)&m + i, 1, &fd, i == with);
		}
		expect(w, 7, "leat", 1);
		assert_int_equal(inode(w->rx.msg.fds[0]), inode(fd));
		assert_int_not_equal(fcntl(w->rx.msg.fds[0], F_GETFD) & FD_CLOEXEC, 0);
		leat_vfu_rx_next(&w->rx);
	}
	close(fd);
	assert_int_equal(count_fds(), before);
}

/* Several messages in one send: the descriptors go to the one that carries them. */
static void test_neighbours(void **state)
{
	struct wire *w = *state;
	const struct small m[3] = { small(1, "a"), small(2, "b"), small(3, "c") };
	int fd = a_file();

	send_bytes(w->out, m, sizeof(m), NULL, 0);
	for (unsigned int i = 0; i < 3; i++) {
		expect(w, m[i].hdr.id, m[i].text, 0);
		leat_vfu_rx_next(&w->rx);
	}
	assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), 0);

	send_bytes(w->out, &m[0], sizeof(m[0]), NULL, 0);
	send_bytes(w->out, &m[1], sizeof(m[1]), &fd, 1);
	send_bytes(w->out, &m[2], sizeof(m[2]), NULL, 0);
	for (unsigned int i = 0; i < 3; i++) {
		expect(w, m[i].hdr.id, m[i].text, i == 1);
		leat_vfu_rx_next(&w->rx);
	}
	close(fd);
}

/* More than a message carries: the first are kept, the others closed, and it is said. */
static void test_too_many_fds(void **state)
{
	struct wire *w = *state;
	const struct small m = small(1, "x");
	unsigned int before = count_fds();
	int fd[40];

	for (unsigned int i = 0; i < 40; i++)
		fd[i] = a_file();
	send_bytes(w->out, &m, 10, fd, 20);
	send_bytes(w->out, (const char *)&m + 10, sizeof(m) - 10, fd + 20, 20);
	expect(w, 1, "x", VFU_MAX_FDS);
	assert_true(w->rx.msg.fds_lost);
	assert_int_equal(inode(w->rx.msg.fds[15]), inode(fd[15]));
	leat_vfu_rx_next(&w->rx);
	send_bytes(w->out, &m, sizeof(m), fd, 1);
	expect(w, 1, "x", 1);
	assert_false(w->rx.msg.fds_lost);
	leat_vfu_rx_next(&w->rx);
	for (unsigned int i = 0; i < 40; i++)
		close(fd[i]);
	assert_int_equal(count_fds(), before);
}

/* Sizes that cannot be, found before anything is allocated; the stream goes on behind. */
static void test_bad_sizes(void **state)
{
	static const uint32_t sizes[] = { 0, 15, 16 + 4097, UINT32_MAX };
	struct wire *w = *state;
	const struct small m = small(9, "on");

	for (size_t i = 0; i < LEAT_ARRAY_LEN(sizes); i++) {
		const struct vfu_hdr hdr = { .id = 5, .size = sizes[i] };

		send_bytes(w->out, &hdr, sizeof(hdr), NULL, 0);
		assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), -EMSGSIZE);
		assert_int_equal(w->rx.msg.hdr.id, 5);
		leat_vfu_rx_next(&w->rx);
		send_bytes(w->out, &m, sizeof(m), NULL, 0);
		expect(w, 9, "on", 0);
		leat_vfu_rx_next(&w->rx);
	}
}

/* A header alone, and the longest payload. */
static void test_limits(void **state)
{
	static char big[4096];
	struct wire *w = *state;
	struct vfu_hdr hdr = { .id = 1 };
	const struct iovec iov = { big, sizeof(big) };

	assert_int_equal(leat_vfu_tx_send(&w->tx, w->out, &hdr, NULL, 0, NULL, 0), 0);
	assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), 1);
	assert_null(w->rx.msg.payload);
	assert_int_equal(w->rx.msg.len, 0);
	leat_vfu_rx_next(&w->rx);
	big[4095] = 'z';
	assert_int_equal(leat_vfu_tx_send(&w->tx, w->out, &hdr, &iov, 1, NULL, 0), 0);
	assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), 1);
	assert_int_equal(w->rx.msg.len, 4096);
	assert_memory_equal(w->rx.msg.payload, big, 4096);
}

static void test_hangup(void **state)
{
	struct wire *w = *state;
	struct vfu_hdr hdr = { .id = 1 };

	send_bytes(w->out, &hdr, 10, NULL, 0);
	shutdown(w->out, SHUT_WR);
	assert_int_equal(leat_vfu_rx_feed(&w->rx, w->in), -ENOTCONN);
	shutdown(w->in, SHUT_RDWR);
	assert_int_equal(leat_vfu_tx_send(&w->tx, w->out, &hdr, NULL, 0, NULL, 0), -ENOTCONN);
}

/* What the socket does not take is kept, descriptors too, and arrives whole. */
static void test_full_socket(void **state)
{
	enum { len = 4000 };
	struct wire *w = *state;
	char *data = calloc(1, len);
	struct vfu_hdr hdr = { .cmd = 9 };
	const struct iovec iov = { data, len };
	unsigned int before = count_fds(), sent = 0, got = 0;
	int fd = a_file(), err;

	assert_non_null(data);
	do {			/* until one is kept, and the next refused */
		hdr.id = (uint16_t)sent;
		data[len - 1] = (char)sent;
		err = leat_vfu_tx_send(&w->tx, w->out, &hdr, &iov, 1, &fd, 1);
		sent += !err;
	} while (!err);
	assert_int_equal(err, -EAGAIN);
	assert_true(leat_vfu_tx_pending(&w->tx));
	close(fd);
	for (; got < sent; leat_vfu_rx_next(&w->rx)) {
		err = leat_vfu_rx_feed(&w->rx, w->in);
		if (!err) {
			assert_true(leat_vfu_tx_pending(&w->tx));
			assert_true(leat_vfu_tx_flush(&w->tx, w->out) <= 0);
			err = leat_vfu_rx_feed(&w->rx, w->in);
		}
		assert_int_equal(err, 1);
		assert_int_equal(w->rx.msg.hdr.id, got);
		assert_int_equal(((char *)w->rx.msg.payload)[len - 1], (char)got);
		assert_int_equal(w->rx.msg.nfds, 1);
		got++;
	}
	assert_int_equal(leat_vfu_tx_flush(&w->tx, w->out), 0);
	assert_false(leat_vfu_tx_pending(&w->tx));
	assert_int_equal(count_fds(), before);
	free(data);
}

/* A taken message is the taker's. */
static void test_take(void **state)
{
	struct wire *w = *state;
	const struct small m[2] = { small(1, "a"), small(2, "b") };
	struct vfu_msg msg;
	int fd = a_file();

	send_bytes(w->out, m, sizeof(m), &fd, 1);
	expect(w, 1, "a", 1);
	leat_vfu_rx_take(&w->rx, &msg);
	expect(w, 2, "b", 0);
	assert_string_equal(msg.payload, "a");
	assert_int_equal(inode(msg.fds[0]), inode(fd));
	leat_vfu_msg_fini(&msg);
	leat_vfu_msg_fini(&msg);	/* twice is nothing */
	close(fd);
}

/* What one end builds the other reads. */
static void test_caps_round_trip(void **state)
{
	const struct vfu_caps caps[] = {
		{ 1, 1, 1, 4096, false, false, -1 },
		{ 16, 1 << 20, 65535, 4096, true, true, -1 },
		{ 8, UINT64_MAX, UINT64_MAX, UINT64_MAX, false, true, 7 },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(caps); i++) {
		struct vfu_caps got;
		char json[VFU_CAPS_LEN];
		int len = leat_vfu_caps_build(&caps[i], json);

		assert_true(len > 0);
		assert_int_equal(json[len - 1], '\0');
		assert_int_equal(leat_vfu_caps_parse(json, (size_t)len, &got), 0);
		assert_int_equal(got.max_fds, caps[i].max_fds);
		assert_true(got.max_xfer == caps[i].max_xfer);
		assert_true(got.max_dma_maps == caps[i].max_dma_maps);
		assert_true(got.pgsizes == caps[i].pgsizes);
		assert_int_equal(got.write_multiple, caps[i].write_multiple);
		assert_int_equal(got.twin_socket, caps[i].twin_socket);
		assert_int_equal(got.twin_index, caps[i].twin_index);
	}
}

static void test_caps_defaults(void **state)
{
	struct vfu_caps caps;

	(void)state;
	assert_int_equal(leat_vfu_caps_parse(NULL, 0, &caps), 0);
	assert_int_equal(caps.max_fds, 1);
	assert_int_equal(caps.max_xfer, 1 << 20);
	assert_int_equal(caps.max_dma_maps, 65535);
	assert_int_equal(caps.pgsizes, 4096);
	assert_false(caps.write_multiple);
	assert_false(caps.twin_socket);
	assert_int_equal(caps.twin_index, -1);
}

static void test_caps_refused(void **state)
{
	static const char *const bad[] = {
		"null", "1", "{\"capabilities\":null}", "{\"capabilities\":{\"max_msg_fds\":1.0}}",
		"{\"capabilities\":{\"max_msg_fds\":18446744073709551616}}",
		"{\"capabilities\":{\"max_msg_fds\":1,}}",
		"{\"capabilities\":{\"pgsizes\":true}}", "{\"capabilities\":{\"twin_socket\":[]}}",
		"{\"capabilities\":{\"twin_socket\":{\"fd_index\":-1}}}",
		"{\"capabilities\":{\"twin_socket\":{\"fd_index\":2147483648}}}",
		"{\"capabilities\":{\"migration\":{\"max_bitmap_size\":{}}}}",
	};
	struct vfu_caps caps;
	char deep[4096];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		print_message("[   CASE   ] %s\n", bad[i]);
		assert_int_equal(leat_vfu_caps_parse(bad[i], strlen(bad[i]) + 1, &caps), -EINVAL);
	}
	assert_int_equal(leat_vfu_caps_parse("{}\0\0", 4, &caps), -EINVAL);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(leat_vfu_caps_parse(deep, sizeof(deep), &caps), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_piece, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fragments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_neighbours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_fds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take, setup, teardown),
		cmocka_unit_test(test_caps_round_trip),
		cmocka_unit_test(test_caps_defaults),
		cmocka_unit_test(test_caps_refused),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/msg, caps", tests, NULL, NULL);
}
