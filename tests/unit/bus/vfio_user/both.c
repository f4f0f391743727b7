// SPDX-License-Identifier: BSD-3-Clause
/*
 * both.c - our client and our server, together: what each believes of the
 * protocol must fit. The server runs on a thread of its own.
 */
#include "server_rig.h"

#include <leat/ctx.h>
#include <leat/driver/aspace.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

struct both {
	struct rig	*rig;
	struct leat_ctx	*ctx;
	struct leat_dev	*dev;
	pthread_t	thread;
	bool		stop;
	bool		gone;
};

static void *serve(void *arg)
{
	struct both *b = arg;
	struct pollfd p = { .fd = leat_server_fd(b->rig->srv), .events = POLLIN };

	while (!__atomic_load_n(&b->stop, __ATOMIC_RELAXED)) {
		poll(&p, 1, 1);
		leat_server_poll(b->rig->srv);
	}
	return NULL;
}

static void start_server(struct both *b)
{
	b->stop = false;
	assert_int_equal(pthread_create(&b->thread, NULL, serve, b), 0);
}

/* From here on the server and its model are the test's thread's. */
static void stop_server(struct both *b)
{
	__atomic_store_n(&b->stop, true, __ATOMIC_RELAXED);
	pthread_join(b->thread, NULL);
}

static void on_event(struct leat_dev *dev, enum leat_event event)
{
	struct both *b = dev->owner;

	b->gone |= event == LEAT_EVENT_GONE;
}

static void open_dev(struct both *b)
{
	char addr[128];

	snprintf(addr, sizeof(addr), "vfio-user:%s", b->rig->path);
	if (leat_dev_open(b->ctx, addr, &b->dev))
		fail_msg("%s", leat_ctx_error(b->ctx));
	b->dev->owner = b;
	b->dev->event = on_event;
}

static void start(struct both *b, void **state)
{
	struct leat_ctx_config cfg = { .page_size = 4096 };

	memset(b, 0, sizeof(*b));
	b->rig = *state;
	b->rig->srv->reply_ns = UINT64_C(5000000000);
	assert_int_equal(leat_ctx_open(&cfg, &b->ctx), 0);
	start_server(b);
	open_dev(b);
}

static void finish(struct both *b)
{
	if (b->dev->dead) {
		leat_dev_close(b->dev);
	} else {
		start_server(b);	/* closing says good-bye */
		leat_dev_close(b->dev);
		stop_server(b);
	}
	leat_ctx_close(b->ctx);
}

static void what_the_device_is(void **state)
{
	struct both b;
	struct leat_dev *dev;

	start(&b, state);
	dev = b.dev;
	assert_int_equal(dev->region[0].size, RIG_BAR0_LEN);
	assert_int_equal(dev->region[0].flags,
			 LEAT_REGION_READ | LEAT_REGION_WRITE | LEAT_REGION_MMAP |
			 LEAT_REGION_SPARSE);
	assert_int_equal(dev->region[0].mapped, 4096);
	assert_int_equal(dev->as->pgsizes & 0xfff, 0);
	assert_true(dev->as->pgsizes & dev->as->page_size);
	assert_true(dev->as->maps_left > 0);
	assert_int_equal(dev->region[2].size, RIG_BAR2_LEN);
	assert_true(dev->region[4].size == RIG_BAR4_LEN);
	assert_int_equal(dev->region[7].size, 4096);
	assert_int_equal(dev->irqs[LEAT_IRQ_MSIX], RIG_VECTORS);
	assert_int_equal(leat_pci_read16(dev, LEAT_PCI_VENDOR), 0x1af4);
	assert_int_equal(leat_pci_cap(dev, LEAT_PCI_CAP_EXPRESS, 0), b.rig->model->express);
	assert_int_equal(leat_pci_ext_cap(dev, 3, 0), b.rig->model->dsn);

	/* Programmed, decoding, not mastering. */
	assert_int_equal(leat_pci_read16(dev, LEAT_PCI_COMMAND) & 7, LEAT_PCI_COMMAND_MEM);
	assert_int_not_equal(leat_pci_read32(dev, LEAT_PCI_BAR(0)), 0);
	assert_true(leat_pci_read32(dev, LEAT_PCI_BAR(5)) >= 2);	/* above 8 GiB */
	stop_server(&b);
	finish(&b);
}

static void registers(void **state)
{
	struct leat_mmio regs, page;
	struct both b;

	start(&b, state);
	assert_int_equal(leat_mmio_map(b.dev, 0, 0, RIG_PAGE, &regs), 0);
	assert_int_equal(leat_mmio_map(b.dev, 0, RIG_PAGE, 0x1000, &page), 0);
	assert_null(regs.base);
	assert_non_null(page.base);
	leat_mmio_write32(&regs, RIG_SCRATCH, 0x12345678);
	assert_int_equal(leat_mmio_read32(&regs, RIG_SCRATCH), 0x12345678);
	for (uint32_t i = 0; i < 1000; i++)
		leat_mmio_write32(&regs, RIG_LOG, i);
	assert_int_equal(leat_mmio_read32(&regs, RIG_REFUSED), UINT32_MAX);
	leat_mmio_write32(&page, 0x10, 0xfeed);
	assert_int_equal(leat_mmio_read32(&regs, RIG_SCRATCH), 0x12345678);
	assert_int_equal(b.dev->ops->reset(b.dev), 0);
	assert_int_equal(leat_mmio_read32(&regs, RIG_SCRATCH), 0);
	assert_int_equal(leat_pci_read16(b.dev, LEAT_PCI_COMMAND) & 7, LEAT_PCI_COMMAND_MEM);
	leat_mmio_unmap(&page);
	stop_server(&b);
	/* What was posted arrived in order; what was mapped made no message. */
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(b.rig->model->log[i], i);
	assert_int_equal(b.rig->model->page_writes, 0);
	finish(&b);
}

static void interrupts(void **state)
{
	struct leat_mmio regs;
	struct both b;
	int fds[12];

	start(&b, state);
	for (int i = 0; i < 12; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(leat_mmio_map(b.dev, 0, 0, RIG_PAGE, &regs), 0);
	assert_int_equal(leat_pci_msix_bind(b.dev, 3, 12, fds), 0);
	for (uint32_t i = 0; i < 12; i++)
		leat_mmio_write32(&regs, RIG_RAISE, 3 + i);
	leat_mmio_write32(&regs, RIG_RAISE, 5);
	leat_mmio_read32(&regs, RIG_SCRATCH);
	for (int i = 0; i < 12; i++)
		assert_int_equal(rig_count(fds[i]), i == 2 ? 2 : 1);
	leat_pci_msix_off(b.dev);
	leat_mmio_write32(&regs, RIG_RAISE, 3);
	leat_mmio_read32(&regs, RIG_SCRATCH);
	assert_int_equal(rig_count(fds[0]), 0);
	for (int i = 0; i < 12; i++)
		close(fds[i]);
	stop_server(&b);
	finish(&b);
}

/* Have the model copy @len bytes between memory at @iova and its own. */
static uint32_t copy(const struct leat_mmio *regs, uint64_t iova, uint32_t len, uint32_t verb)
{
	leat_mmio_write64(regs, RIG_DMA_ADDR, iova);
	leat_mmio_write32(regs, RIG_DMA_LEN, len);
	leat_mmio_write32(regs, verb, 1);
	return leat_mmio_read32(regs, RIG_DMA_RESULT);
}

static void check_dma(struct both *b, char *va, uint64_t iova)
{
	struct leat_mmio regs;

	assert_int_equal(leat_mmio_map(b->dev, 0, 0, RIG_PAGE, &regs), 0);
	assert_int_equal(leat_pci_bus_master(b->dev, true), 0);
	strcpy(va, "there and back");
	assert_int_equal(copy(&regs, iova, 4096, RIG_DMA_READ), 0);
	assert_int_equal(copy(&regs, iova + 4096, 4096, RIG_DMA_WRITE), 0);
	assert_string_equal(va + 4096, "there and back");
	assert_int_equal(copy(&regs, UINT64_C(1) << 40, 1, RIG_DMA_READ), EFAULT);
}

static void memory_by_descriptor(void **state)
{
	struct leat_server_stats stats;
	struct leat_mem mem;
	struct both b;

	start(&b, state);
	assert_int_equal(leat_aspace_alloc(b.dev->as, 8192, 4096, &mem), 0);
	check_dma(&b, mem.va, mem.iova);
	leat_aspace_free(b.dev->as, &mem);
	stop_server(&b);
	leat_server_stats(b.rig->srv, &stats);
	assert_int_equal(stats.dma_messages, 0);
	finish(&b);
}

static void memory_by_messages(void **state)
{
	static char memory[8192];
	struct leat_seg seg = { .va = memory, .iova = 0x100000, .len = sizeof(memory), .fd = -1,
				.page_size = 4096, .node = -1 };
	struct leat_server_stats stats;
	struct both b;

	start(&b, state);
	assert_int_equal(b.dev->as->ops->dma_map(b.dev->as, &seg), 0);
	check_dma(&b, memory, seg.iova);
	b.dev->as->ops->dma_unmap(b.dev->as, &seg);
	assert_false(b.dev->dead);
	stop_server(&b);
	leat_server_stats(b.rig->srv, &stats);
	assert_int_equal(stats.maps, 0);
	assert_true(stats.dma_messages >= 2);
	finish(&b);
}

static void the_applications_memory(void **state)
{
	static _Alignas(4096) char memory[8192], sent[4096];
	struct leat_server_stats stats;
	struct leat_mem mem, only;
	struct leat_mmio regs;
	struct both b;

	start(&b, state);
	assert_int_equal(leat_dma_map(b.ctx, memory, sizeof(memory), 0, &mem), 0);
	check_dma(&b, memory, mem.iova);

	/* What may only be read is refused to be written, by the server and by us. */
	assert_int_equal(leat_dma_map(b.ctx, sent, sizeof(sent), LEAT_DMA_READ_ONLY, &only), 0);
	strcpy(sent, "as it was");
	assert_int_equal(leat_mmio_map(b.dev, 0, 0, RIG_PAGE, &regs), 0);
	assert_int_equal(copy(&regs, only.iova, 4096, RIG_DMA_READ), 0);
	assert_int_equal(copy(&regs, mem.iova + 4096, 4096, RIG_DMA_WRITE), 0);
	assert_string_equal(memory + 4096, "as it was");
	memory[0] = 'X';
	assert_int_equal(copy(&regs, mem.iova, 4096, RIG_DMA_READ), 0);
	assert_int_equal(copy(&regs, only.iova, 4096, RIG_DMA_WRITE), EFAULT);
	assert_string_equal(sent, "as it was");

	leat_dma_unmap(b.ctx, &mem);
	assert_int_equal(copy(&regs, only.iova, 4096, RIG_DMA_READ), 0);
	assert_false(b.dev->dead);
	stop_server(&b);
	leat_server_stats(b.rig->srv, &stats);
	assert_true(stats.dma_messages >= 4);
	finish(&b);
}

static void one_client_after_the_other(void **state)
{
	struct leat_server_stats stats;
	struct both b;

	start(&b, state);
	for (int i = 0; i < 20; i++) {
		leat_dev_close(b.dev);
		open_dev(&b);
		assert_int_equal(leat_pci_read16(b.dev, LEAT_PCI_VENDOR), 0x1af4);
	}
	stop_server(&b);
	leat_server_stats(b.rig->srv, &stats);
	assert_int_equal(stats.clients, 21);
	assert_int_equal(b.rig->errors + b.rig->warnings, 0);
	finish(&b);
}

static void the_server_goes(void **state)
{
	struct leat_server_config cfg = { .path = ((struct rig *)*state)->path,
					  .model = &rig_model };
	struct leat_mmio page;
	struct both b;

	start(&b, state);
	assert_int_equal(leat_mmio_map(b.dev, 0, RIG_PAGE, 0x1000, &page), 0);
	stop_server(&b);
	leat_server_close(b.rig->srv);
	leat_ctx_hurry(b.ctx);
	assert_int_equal(leat_ctx_poll(b.ctx), 0);
	assert_true(b.gone);
	assert_true(b.dev->dead);
	assert_int_equal(leat_mmio_read32(&page, 0), UINT32_MAX);
	leat_mmio_unmap(&page);
	finish(&b);
	assert_int_equal(leat_server_open(&cfg, &b.rig->srv), 0);	/* for the teardown */
}

#define both_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both_test(what_the_device_is),
		both_test(registers),
		both_test(interrupts),
		both_test(memory_by_descriptor),
		both_test(memory_by_messages),
		both_test(the_applications_memory),
		both_test(one_client_after_the_other),
		both_test(the_server_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
