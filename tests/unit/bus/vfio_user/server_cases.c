// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_cases.c - how a server answers, case by case, over a raw socket.
 *
 * The ids are those of the conformance list that other servers were measured
 * by (libvfio-user, QEMU); gaps in the numbers are cases that say nothing new.
 * Each case has a client of its own; the server lives through all of them.
 */
#include "server_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- one command, one answer ---- */

struct command_case {
	const char	*id;
	uint16_t	cmd;
	const void	*payload;
	size_t		len;
	int		error;		/* 0: success */
	unsigned int	memfds;		/* descriptors that go along: memory, */
	unsigned int	eventfds;	/* or interrupts */
	uint32_t	flags;		/* of the header */
};

#define DO(type, ...) .payload = &(const struct type){ __VA_ARGS__ }, .len = sizeof(struct type)
#define BYTES(n) .payload = (const char[n]){ 0 }, .len = (n)
#define RW (VFU_DMA_F_READ | VFU_DMA_F_WRITE)
#define TIB (UINT64_C(1) << 40)

struct write8 {
	struct vfu_region_access req;
	uint8_t data[8];
};

struct bool3 {
	struct vfu_irq_set set;
	uint8_t data[4];
};

static const struct command_case command_cases[] = {
	{ "H05 command 0", 0, BYTES(1), .error = EINVAL },
	{ "H06 command 14", 14, BYTES(1), .error = EINVAL },
	{ "H07 command 19", 19, BYTES(1), .error = EINVAL },
	{ "H08 command 999", 999, BYTES(1), .error = EINVAL },
	{ "H09 DMA_MAP without payload", VFU_DMA_MAP, NULL, 0, .error = EINVAL },
	{ "H10 DMA_UNMAP without payload", VFU_DMA_UNMAP, NULL, 0, .error = EINVAL },
	{ "H11 GET_INFO without payload", VFU_GET_INFO, NULL, 0, .error = EINVAL },
	{ "H12 GET_REGION_INFO without payload", VFU_GET_REGION_INFO, NULL, 0, .error = EINVAL },
	{ "H13 GET_IRQ_INFO without payload", VFU_GET_IRQ_INFO, NULL, 0, .error = EINVAL },
	{ "H14 SET_IRQS without payload", VFU_SET_IRQS, NULL, 0, .error = EINVAL },
	{ "H15 REGION_READ without payload", VFU_REGION_READ, NULL, 0, .error = EINVAL },
	{ "H16 REGION_WRITE without payload", VFU_REGION_WRITE, NULL, 0, .error = EINVAL },
	{ "H17 DEVICE_FEATURE without payload", VFU_DEVICE_FEATURE, NULL, 0, .error = EINVAL },
	{ "H19 unexpected descriptors are closed", VFU_GET_INFO, DO(vfu_info, .argsz = 16), 0,
	  .memfds = 2 },
	{ "H23 error bit in a command", VFU_GET_INFO, DO(vfu_info, .argsz = 16), 0,
	  .flags = VFU_HDR_ERROR },

	{ "V24 VERSION again", VFU_VERSION, BYTES(4), .error = EINVAL },

	{ "I01 GET_INFO short", VFU_GET_INFO, BYTES(8), .error = EINVAL },
	{ "I02 GET_INFO argsz 8", VFU_GET_INFO, DO(vfu_info, .argsz = 8), .error = EINVAL },

	{ "R01 GET_REGION_INFO short", VFU_GET_REGION_INFO, BYTES(16), .error = EINVAL },
	{ "R02 GET_REGION_INFO argsz 8", VFU_GET_REGION_INFO, DO(vfu_region_info, .argsz = 8), .error = EINVAL },
	{ "R03 GET_REGION_INFO index 9", VFU_GET_REGION_INFO,
	  DO(vfu_region_info, .argsz = 32, .index = 9), .error = EINVAL },

	{ "F00 GET_REGION_IO_FDS", VFU_GET_REGION_IO_FDS, DO(vfu_region_io_fds, .argsz = 16), .error = 0 },
	{ "F01 GET_REGION_IO_FDS flags", VFU_GET_REGION_IO_FDS,
	  DO(vfu_region_io_fds, .argsz = 16, .flags = 1), .error = EINVAL },
	{ "F02 GET_REGION_IO_FDS count", VFU_GET_REGION_IO_FDS,
	  DO(vfu_region_io_fds, .argsz = 16, .count = 1), .error = EINVAL },
	{ "F03 GET_REGION_IO_FDS argsz 15", VFU_GET_REGION_IO_FDS,
	  DO(vfu_region_io_fds, .argsz = 15), .error = EINVAL },
	{ "F04 GET_REGION_IO_FDS argsz huge", VFU_GET_REGION_IO_FDS,
	  DO(vfu_region_io_fds, .argsz = VFU_MAX_XFER + 1), .error = EINVAL },
	{ "F05 GET_REGION_IO_FDS index 9", VFU_GET_REGION_IO_FDS,
	  DO(vfu_region_io_fds, .argsz = 16, .index = 9), .error = EINVAL },
	{ "F06 GET_REGION_IO_FDS absent region", VFU_GET_REGION_IO_FDS,
	  DO(vfu_region_io_fds, .argsz = 16, .index = 8), .error = EINVAL },
	{ "F07 GET_REGION_IO_FDS short", VFU_GET_REGION_IO_FDS, BYTES(8), .error = EINVAL },

	{ "Q01 GET_IRQ_INFO short", VFU_GET_IRQ_INFO, BYTES(8), .error = EINVAL },
	{ "Q02 GET_IRQ_INFO argsz 8", VFU_GET_IRQ_INFO, DO(vfu_irq_info, .argsz = 8), .error = EINVAL },
	{ "Q03 GET_IRQ_INFO index 5", VFU_GET_IRQ_INFO,
	  DO(vfu_irq_info, .argsz = 16, .index = 5), .error = EINVAL },

	{ "S01 SET_IRQS short", VFU_SET_IRQS, BYTES(8), .error = EINVAL },
	{ "S02 SET_IRQS argsz 8", VFU_SET_IRQS,
	  DO(vfu_irq_set, 8, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 0, 1), .error = EINVAL },
	{ "S03 SET_IRQS index 5", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 5, 0, 1), .error = EINVAL },
	{ "S04 SET_IRQS MASK and UNMASK", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_MASK | VFU_IRQ_UNMASK | VFU_IRQ_NONE, 2, 0, 1), .error = EINVAL },
	{ "S05 SET_IRQS NONE and BOOL", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE | VFU_IRQ_BOOL, 2, 0, 1), .error = EINVAL },
	{ "S06 SET_IRQS no action", VFU_SET_IRQS, DO(vfu_irq_set, 20, VFU_IRQ_NONE, 2, 0, 1), .error = EINVAL },
	{ "S07 SET_IRQS no data", VFU_SET_IRQS, DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER, 2, 0, 1), .error = EINVAL },
	{ "S08 SET_IRQS start at the end", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, RIG_VECTORS, 1), .error = EINVAL },
	{ "S09 SET_IRQS one past the end", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 1, RIG_VECTORS), .error = EINVAL },
	{ "S10 SET_IRQS count overflows", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 1, UINT32_MAX), .error = EINVAL },
	{ "S11 SET_IRQS unknown flag", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, 0x80 | VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 0, 1), .error = EINVAL },
	{ "S12 SET_IRQS REQ mask", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_MASK | VFU_IRQ_NONE, 4, 0, 1), .error = EINVAL },
	{ "S13 SET_IRQS ERR count 2", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 3, 0, 2), .error = EINVAL },
	{ "S14 SET_IRQS count 0 start 1", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 1, 0), .error = EINVAL },
	{ "S15 SET_IRQS count 0 mask", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_MASK | VFU_IRQ_NONE, 2, 0, 0), .error = EINVAL },
	{ "S16 SET_IRQS count 0 bool", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_BOOL, 2, 0, 0), .error = EINVAL },
	{ "S18 SET_IRQS none with an fd", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 0, 1), EINVAL, .eventfds = 1 },
	{ "S19 SET_IRQS 1 vector, 2 fds", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD, 2, 0, 1), EINVAL, .eventfds = 2 },
	{ "S20 SET_IRQS argsz beyond payload", VFU_SET_IRQS,
	  DO(vfu_irq_set, 21, VFU_IRQ_TRIGGER | VFU_IRQ_BOOL, 2, 0, 1), .error = EINVAL },
	{ "S21 SET_IRQS bool longer than count", VFU_SET_IRQS,
	  DO(bool3, .set = { 24, VFU_IRQ_TRIGGER | VFU_IRQ_BOOL, 2, 0, 3 }), .error = EINVAL },
	{ "S22 SET_IRQS disable the index", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 2, 0, 0), .error = 0 },
	{ "S23 SET_IRQS bool", VFU_SET_IRQS,
	  DO(bool3, .set = { 24, VFU_IRQ_TRIGGER | VFU_IRQ_BOOL, 2, 0, 4 }), .error = 0 },
	{ "S24 SET_IRQS assign", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD, 2, 0, 1), 0, .eventfds = 1 },
	{ "S30 SET_IRQS disable MSI, which is not there", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_NONE, 1, 0, 0), .error = EINVAL },
	{ "S31 SET_IRQS resample", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_UNMASK | VFU_IRQ_EVENTFD, 0, 0, 1), 0, .eventfds = 1 },
	{ "S32 SET_IRQS something else than an eventfd", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD, 2, 0, 1), EINVAL, .memfds = 1 },
	{ "S33 SET_IRQS more fds than a message carries", VFU_SET_IRQS,
	  DO(vfu_irq_set, 20, VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD, 2, 0, VFU_MAX_FDS), EINVAL,
	  .eventfds = VFU_MAX_FDS + 1 },

	{ "A01 REGION_READ short", VFU_REGION_READ, BYTES(8), .error = EINVAL },
	{ "A02 REGION_READ region 0xdeadbeef", VFU_REGION_READ,
	  DO(vfu_region_access, 0, 0xdeadbeef, 4), .error = EINVAL },
	{ "A03 REGION_READ region 9", VFU_REGION_READ, DO(vfu_region_access, 0, 9, 4), .error = EINVAL },
	{ "A04 REGION_READ absent region", VFU_REGION_READ, DO(vfu_region_access, 0, 8, 1), .error = EINVAL },
	{ "A05 REGION_READ past the end of config", VFU_REGION_READ,
	  DO(vfu_region_access, 4096, 7, 1), .error = EINVAL },
	{ "A06 REGION_READ across the end", VFU_REGION_READ,
	  DO(vfu_region_access, RIG_BAR0_LEN - 2, 0, 4), .error = EINVAL },
	{ "A07 REGION_READ offset overflows", VFU_REGION_READ,
	  DO(vfu_region_access, UINT64_MAX - 1, 0, 4), .error = EINVAL },
	{ "A08 REGION_WRITE count above data", VFU_REGION_WRITE,
	  DO(write8, .req = { 0, 0, 12 }), .error = EINVAL },
	{ "A09 REGION_WRITE data above count", VFU_REGION_WRITE,
	  DO(write8, .req = { 0, 0, 4 }), .error = EINVAL },
	{ "A10 REGION_READ count huge", VFU_REGION_READ,
	  DO(vfu_region_access, 0, 4, VFU_MAX_XFER + 1), .error = EINVAL },
	{ "A11 REGION_WRITE count 0", VFU_REGION_WRITE, DO(vfu_region_access, 0, 0, 0), .error = 0 },
	{ "A13 REGION_READ refused by the device", VFU_REGION_READ,
	  DO(vfu_region_access, RIG_REFUSED, 0, 4), .error = EINVAL },
	{ "A20 REGION_WRITE_MULTI not offered", VFU_REGION_WRITE_MULTI,
	  DO(vfu_write_multi, .count = 0), .error = EINVAL },
	{ "A21 DMA_READ from a client", VFU_DMA_READ, DO(vfu_dma_access, 0, 4), .error = EINVAL },
	{ "A22 DMA_WRITE from a client", VFU_DMA_WRITE, DO(vfu_dma_access, 0, 0), .error = EINVAL },

	{ "D01 DMA_MAP short", VFU_DMA_MAP, BYTES(16), .error = EINVAL },
	{ "D02 DMA_MAP argsz 8", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 8, .flags = RW, .size = 4096), .error = EINVAL },
	{ "D03 DMA_MAP unknown flag", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW | 0x80, .size = 4096), .error = EINVAL },
	{ "D04 DMA_MAP by mmap without fd", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW | VFU_DMA_F_MMAP, .size = 4096), .error = EINVAL },
	{ "D04 DMA_MAP by file without fd", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW | VFU_DMA_F_FILE_IO, .size = 4096), .error = EINVAL },
	{ "D05 DMA_MAP memfd", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .size = 4096), 0, .memfds = 1 },
	{ "D06 DMA_MAP too large", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .size = 8 * TIB + 4096), ENOSPC, .memfds = 1 },
	{ "D10 DMA_MAP two fds", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .size = 4096), EINVAL, .memfds = 2 },
	{ "D12 DMA_MAP size 0", VFU_DMA_MAP, DO(vfu_dma_map, .argsz = 32, .flags = RW), .error = EINVAL },
	{ "D13 DMA_MAP wraps", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .addr = UINT64_MAX - 4095, .size = 8192), .error = EINVAL },
	{ "D14 DMA_MAP unaligned offset", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .offset = 1, .size = 4096), EINVAL, .memfds = 1 },
	{ "D16 DMA_MAP beyond the file", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .offset = 4096, .size = 65536), EINVAL,
	  .memfds = 1 },
	{ "D15 DMA_MAP of what cannot be mapped", VFU_DMA_MAP,
	  DO(vfu_dma_map, .argsz = 32, .flags = RW, .size = 4096), ENODEV, .eventfds = 1 },
	{ "D17 DMA_UNMAP argsz 8", VFU_DMA_UNMAP, DO(vfu_dma_unmap, .argsz = 8), .error = EINVAL },
	{ "D18 DMA_UNMAP argsz huge", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = VFU_MAX_XFER + 1), .error = EINVAL },
	{ "D19 DMA_UNMAP of nothing", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = 24, .addr = 0x5000, .size = 4096), .error = ENOENT },
	{ "D24 DMA_UNMAP all with an address", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = 24, .flags = VFU_UNMAP_F_ALL, .addr = 4096), .error = EINVAL },
	{ "D25 DMA_UNMAP all", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = 24, .flags = VFU_UNMAP_F_ALL), .error = 0 },
	{ "D26 DMA_UNMAP all and dirty", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = 24, .flags = VFU_UNMAP_F_ALL | VFU_UNMAP_F_DIRTY), .error = EINVAL },
	{ "D27 DMA_UNMAP dirty", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = 24, .flags = VFU_UNMAP_F_DIRTY), .error = EINVAL },
	{ "D28 DMA_UNMAP unknown flag", VFU_DMA_UNMAP,
	  DO(vfu_dma_unmap, .argsz = 24, .flags = 4), .error = EINVAL },

	{ "X01 DEVICE_RESET", VFU_DEVICE_RESET, NULL, 0, .error = 0 },
	{ "X02 DEVICE_RESET with a payload", VFU_DEVICE_RESET, BYTES(4), .error = 0 },
	{ "X04 DEVICE_FEATURE short", VFU_DEVICE_FEATURE, BYTES(4), .error = EINVAL },
	{ "X05 DEVICE_FEATURE probe 0xff", VFU_DEVICE_FEATURE,
	  DO(vfu_feature, 8, VFU_FEATURE_PROBE | 0xff), .error = EINVAL },
	{ "X07 DEVICE_FEATURE get and set", VFU_DEVICE_FEATURE,
	  DO(vfu_feature, 8, VFU_FEATURE_GET | VFU_FEATURE_SET | 2), .error = EINVAL },
	{ "X08 DEVICE_FEATURE migration", VFU_DEVICE_FEATURE,
	  DO(vfu_feature, 8, VFU_FEATURE_GET | 1), .error = EINVAL },
	{ "X10 MIG_DATA_WRITE", VFU_MIG_DATA_WRITE, BYTES(16), .error = EINVAL },
	{ "X11 DMA logging", VFU_DEVICE_FEATURE, DO(vfu_feature, 8, VFU_FEATURE_SET | 6), .error = EINVAL },
	{ "T28 MIG_DATA_READ", VFU_MIG_DATA_READ, BYTES(8), .error = EINVAL },
	{ "T28 MIG_DATA_READ short", VFU_MIG_DATA_READ, BYTES(4), .error = EINVAL },
};

/* Those of them that end in another way than this one command would be wrong on. */
static void run_command(struct rig *rig, const struct command_case *c)
{
	int fds[VFU_MAX_FDS + 1];
	unsigned int nfds = c->memfds + c->eventfds;
	const struct vfu_hdr *hdr;

	for (unsigned int i = 0; i < nfds; i++)
		fds[i] = c->memfds ? rig_memfd(8192) : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rig_send(rig, 77, c->cmd, c->flags, c->payload, c->len, fds, nfds);
	for (unsigned int i = 0; i < nfds; i++)
		close(fds[i]);
	rig_step(rig);
	hdr = &rig_receive(rig)->hdr;
	assert_int_equal(hdr->id, 77);
	assert_int_equal(hdr->cmd, c->cmd);
	assert_int_equal(hdr->flags, VFU_HDR_REPLY | (c->error ? VFU_HDR_ERROR : 0));
	assert_int_equal(hdr->error, c->error);
	if (c->error)
		assert_int_equal(hdr->size, sizeof(*hdr));
	assert_int_equal(rig->rx.msg.nfds, 0);
}

static void test_commands(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(command_cases); i++) {
		unsigned int fds = rig_open_fds(), maps = rig_mappings();

		print_message("[   CASE   ] %s\n", command_cases[i].id);
		rig_start(rig);
		run_command(rig, &command_cases[i]);
		rig_check_alive(rig);
		rig_disconnect(rig);
		assert_int_equal(rig_open_fds(), fds);
		assert_int_equal(rig_mappings(), maps);
	}
}

/* Errors stay silent when no reply is wanted (H21). */
static void test_no_reply(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(command_cases); i++) {
		const struct command_case *c = &command_cases[i];

		if (c->error && !c->memfds && !c->eventfds)
			rig_send(rig, 1, c->cmd, VFU_HDR_NO_REPLY, c->payload, c->len, NULL, 0);
		rig_step(rig);
	}
	rig_receive_nothing(rig);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* ---- headers and fragments ---- */

static void send_in_pieces(struct rig *rig, const void *buf, size_t len, size_t piece)
{
	for (size_t off = 0; off < len; off += piece) {
		rig_send_raw(rig, (const char *)buf + off, len - off < piece ? len - off : piece,
			     NULL, 0);
		rig_step(rig);
	}
}

struct info_msg {
	struct vfu_hdr hdr;
	struct vfu_info info;
};

static const struct info_msg info_msg = {
	{ .id = 5, .cmd = VFU_GET_INFO, .size = sizeof(struct info_msg) }, { .argsz = 16 },
};

/* V25, V26, H24: every split of the first message and of a later one. */
static void test_fragments(void **state)
{
	const struct {
		struct vfu_hdr hdr;
		struct vfu_version ver;
		char json[3];
		char pad;
	} version = { { .id = 1, .cmd = VFU_VERSION, .size = 23 }, { 0, 0 }, "{}", 0 };
	struct rig *rig = *state;

	for (size_t piece = 1; piece < sizeof(info_msg); piece++) {
		rig_connect(rig);
		send_in_pieces(rig, &version, version.hdr.size, piece);
		assert_int_equal(rig_receive(rig)->hdr.flags, VFU_HDR_REPLY);
		send_in_pieces(rig, &info_msg, sizeof(info_msg), piece);
		assert_int_equal(rig_receive(rig)->hdr.id, 5);
		rig_receive_nothing(rig);
		rig_disconnect(rig);
	}
}

/* H01, H02: the claimed size is nonsense; the next message is read as one. */
static void test_sizes(void **state)
{
	const uint32_t sizes[] = { 0, 15, VFU_MAX_PAYLOAD + 17, 2u << 20, UINT32_MAX };
	struct vfu_hdr hdr = { .cmd = VFU_GET_INFO };
	struct rig *rig = *state;

	rig_start(rig);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(sizes); i++) {
		hdr.size = sizes[i];
		hdr.id = (uint16_t)i;
		rig_send_raw(rig, &hdr, sizeof(hdr), NULL, 0);
		rig_step(rig);
		assert_int_equal(rig_receive(rig)->hdr.error, EINVAL);
		assert_int_equal(rig->rx.msg.hdr.id, i);
		rig_check_alive(rig);
	}
	rig_disconnect(rig);
}

/* H03: a reply to nothing. */
static void test_unsolicited_reply(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	rig_send(rig, 9, VFU_GET_INFO, VFU_HDR_REPLY, &info_msg.info, 16, NULL, 0);
	rig_step(rig);
	assert_int_equal(rig_receive(rig)->hdr.error, EINVAL);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* H18, H20: ids come back, in the order of the commands. */
static void test_ids_and_order(void **state)
{
	static const uint16_t ids[] = { 0, 0xffff, 0xffff, 7, 0 };
	struct info_msg burst[LEAT_ARRAY_LEN(ids)];
	struct rig *rig = *state;

	rig_start(rig);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ids); i++) {
		burst[i] = info_msg;
		burst[i].hdr.id = ids[i];
	}
	rig_send_raw(rig, burst, sizeof(burst), NULL, 0);
	rig_step(rig);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ids); i++)
		assert_int_equal(rig_receive(rig)->hdr.id, ids[i]);
	rig_receive_nothing(rig);
	rig_disconnect(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_no_reply),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_unsolicited_reply),
		cmocka_unit_test(test_ids_and_order),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: cases", tests, rig_setup,
					   rig_teardown);
}
