// SPDX-License-Identifier: BSD-3-Clause
/*
 * sim.c - the backend "sim:": addresses, wires, registers, interrupts, life; then
 * ports over it, each driven by a real driver.
 */
#include <leat/driver/dev.h>
#include <leat/driver/pci.h>
#include <leat/leat.h>
#include <leat/model.h>
#include <leat/models.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define NIC "sim:virtio-net"

static struct leat_ctx *ctx;

static int open_ctx(void **state)
{
	struct leat_ctx_config cfg = {
		.page_size = 4096, .drivers = leat_drivers, .models = leat_models,
	};

	(void)state;
	return leat_ctx_open(&cfg, &ctx);
}

static int close_ctx(void **state)
{
	(void)state;
	leat_ctx_close(ctx);
	return 0;
}

static struct leat_dev *must_open(const char *addr)
{
	struct leat_dev *dev = NULL;

	if (leat_dev_open(ctx, addr, &dev))
		fail_msg("%s: %s", addr, leat_ctx_error(ctx));
	return dev;
}

static void refuse(const char *addr, int err, const char *say)
{
	struct leat_dev *dev = NULL;

	assert_int_equal(leat_dev_open(ctx, addr, &dev), err);
	assert_null(dev);
	if (!strstr(leat_ctx_error(ctx), say))
		fail_msg("%s: \"%s\" lacks \"%s\"", addr, leat_ctx_error(ctx), say);
}

static void test_addresses(void **state)
{
	(void)state;
	refuse("sim:", -EINVAL, "sim:MODEL");
	refuse("sim:e100", -EINVAL, "no model \"e100\"; known: e1000e igb igbvf virtio-net");
	refuse("sim:,wire=loop", -EINVAL, "no model \"\"");
	refuse(NIC ",wire=", -EINVAL, "no wire \"\"");
	refuse(NIC ",wire", -EINVAL, "no wire \"\"");
	refuse(NIC ",wire=link:", -EINVAL, "no wire \"link:\"");
	refuse(NIC ",wire=nobody", -EINVAL, "no wire \"nobody\"");
	refuse(NIC ",", -EINVAL, "an option without a name");
	refuse(NIC ",=3", -EINVAL, "an option without a name");
	refuse(NIC ",mtu=3", -EINVAL, "mtu=3");
	refuse(NIC ",wire=link:x,mtu=3", -EINVAL, "mtu=3");
	leat_dev_close(must_open(NIC ",mtu=9000,wire=link:x"));
}

static void test_without_models(void **state)
{
	struct leat_ctx *bare;
	struct leat_dev *dev;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &bare), 0);
	assert_int_equal(leat_dev_open(bare, NIC, &dev), -ENODEV);
	assert_non_null(strstr(leat_ctx_error(bare), ".models = leat_models"));
	leat_ctx_close(bare);
}

/* ---- wires ---- */

struct own_wire {
	struct leat_wire wire;
	unsigned int	*closed, *attached;
};

static unsigned int own_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	(void)w;
	(void)frames;
	return n;
}

static void own_attached(struct leat_wire *w, bool yes)
{
	*LEAT_CONTAINER_OF(w, struct own_wire, wire)->attached += yes;
}

static void own_close(struct leat_wire *w)
{
	struct own_wire *own = LEAT_CONTAINER_OF(w, struct own_wire, wire);

	(*own->closed)++;
	free(own);
}

static const struct leat_wire_ops own_ops = {
	.name = "own", .send = own_send, .attached = own_attached, .close = own_close,
};

static struct leat_wire *own_wire(unsigned int *closed, unsigned int *attached)
{
	struct own_wire *own = calloc(1, sizeof(*own));

	assert_non_null(own);
	own->wire.ops = &own_ops;
	own->closed = closed;
	own->attached = attached;
	return &own->wire;
}

static void test_own_wire(void **state)
{
	unsigned int closed = 0, attached = 0;
	struct leat_wire *spare = own_wire(&closed, &attached);
	struct leat_dev *dev;

	(void)state;
	assert_int_equal(leat_sim_wire(ctx, "", spare), -EINVAL);
	assert_int_equal(leat_sim_wire(ctx, "loop", spare), -EINVAL);
	assert_int_equal(leat_sim_wire(ctx, "link:a", spare), -EINVAL);
	assert_int_equal(leat_sim_wire(ctx, "a,b", spare), -EINVAL);
	assert_int_equal(leat_sim_wire(ctx, "mine", own_wire(&closed, &attached)), 0);
	assert_int_equal(leat_sim_wire(ctx, "mine", spare), -EEXIST);

	/* An open that fails leaves it waiting; the device takes it over and closes it. */
	refuse(NIC ",wire=mine,mtu=3", -EINVAL, "mtu=3");
	assert_int_equal(closed, 0);
	dev = must_open(NIC ",wire=mine");
	assert_int_equal(attached, 1);
	refuse(NIC ",wire=mine", -EINVAL, "no wire \"mine\"");
	leat_dev_close(dev);
	assert_int_equal(closed, 1);

	/* One that nobody came for is closed with the context. */
	assert_int_equal(leat_sim_wire(ctx, "mine", spare), 0);
	leat_ctx_close(ctx);
	assert_int_equal(closed, 2);
	assert_int_equal(open_ctx(state), 0);
}

static uint16_t link_status(struct leat_dev *dev)
{
	struct leat_mmio win;
	uint16_t status;

	assert_int_equal(leat_mmio_map(dev, LEAT_REGION_BAR0, 0x1100, 12, &win), 0);
	assert_null(win.base);
	dev->step(dev);
	status = leat_mmio_read16(&win, 6);
	leat_mmio_unmap(&win);
	return status;
}

static void test_link(void **state)
{
	struct leat_dev *a = must_open(NIC ",wire=link:x"), *b, *c;

	(void)state;
	assert_int_equal(link_status(a), 0);
	b = must_open(NIC ",wire=link:x");
	c = must_open(NIC ",wire=link:y");
	assert_int_equal(link_status(a), 1);
	assert_int_equal(link_status(b), 1);
	assert_int_equal(link_status(c), 0);
	refuse(NIC ",wire=link:x", -EBUSY, "both ends of link x are in use");

	/* Either end may leave and come back. */
	leat_dev_close(a);
	assert_int_equal(link_status(b), 0);
	a = must_open(NIC ",wire=link:x");
	assert_int_equal(link_status(b), 1);
	leat_dev_close(b);
	assert_int_equal(link_status(a), 0);
	b = must_open(NIC ",wire=link:x");
	assert_int_equal(link_status(a), 1);
	leat_dev_close(c);
	leat_dev_close(b);
	leat_dev_close(a);
	a = must_open(NIC ",wire=link:x");
	assert_int_equal(link_status(a), 0);
	leat_dev_close(a);
}

/* ---- registers and interrupts ---- */

static void test_registers(void **state)
{
	struct leat_dev *dev = must_open(NIC);
	struct leat_mmio shared, trapped, both;
	uint8_t word[16];

	(void)state;
	assert_int_equal(leat_pci_read16(dev, LEAT_PCI_VENDOR), 0x1af4);
	assert_true(leat_pci_read16(dev, LEAT_PCI_COMMAND) & LEAT_PCI_COMMAND_MEM);
	assert_false(leat_pci_read16(dev, LEAT_PCI_COMMAND) & LEAT_PCI_COMMAND_MASTER);
	assert_int_equal(leat_mmio_map(dev, LEAT_REGION_BAR0, 0x3000, 0x1000, &shared), 0);
	assert_non_null(shared.base);
	assert_int_equal(leat_mmio_map(dev, LEAT_REGION_BAR0, 0, 0x40, &trapped), 0);
	assert_null(trapped.base);
	assert_int_equal(leat_mmio_map(dev, LEAT_REGION_BAR0, 0x2800, 0x1000, &both), 0);
	assert_null(both.base);
	leat_mmio_write16(&shared, 0x800, 0xbeef);
	assert_int_equal(leat_mmio_read16(&both, 0x1000 - 2), 0);
	assert_int_equal(leat_mmio_read16(&trapped, 0x12), 3);	/* queues */
	assert_int_equal(dev->ops->region_write(dev, LEAT_REGION_BAR0, 0, word, 16), -EINVAL);
	assert_int_equal(dev->ops->region_read(dev, LEAT_REGION_BAR0, 0x4000, word, 4), -EINVAL);
	assert_int_equal(dev->ops->region_read(dev, LEAT_REGION_BAR5, 0, word, 4), -EINVAL);

	leat_mmio_write8(&trapped, 0x14, 1);
	assert_int_equal(leat_mmio_read8(&trapped, 0x14), 1);
	assert_true(dev->can_reset);
	assert_int_equal(leat_dev_reset(dev), 0);
	assert_int_equal(leat_mmio_read8(&trapped, 0x14), 0);
	assert_int_equal(leat_dev_hot_reset(dev), -ENOTSUP);
	assert_int_equal(leat_dev_sleep(dev, -1), -ENOTSUP);
	assert_int_equal(leat_dev_wake(dev), -ENOTSUP);
	assert_int_equal(leat_mmio_read16(&shared, 0x800), 0);
	assert_true(leat_pci_read16(dev, LEAT_PCI_COMMAND) & LEAT_PCI_COMMAND_MEM);
	leat_mmio_unmap(&both);
	leat_mmio_unmap(&trapped);
	leat_mmio_unmap(&shared);
	leat_dev_close(dev);
}

static uint64_t signals(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void test_interrupts(void **state)
{
	struct leat_dev *dev = must_open(NIC);
	int fd[3], none = -1;
	int (*set)(struct leat_dev *, unsigned int, enum leat_irq_action, unsigned int,
		   unsigned int, const int *) = dev->ops->irq_set;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true((fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) >= 0);
	assert_int_equal(dev->irqs[LEAT_IRQ_MSIX], 4);
	assert_int_equal(leat_pci_msix_bind(dev, 0, 3, fd), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 2, NULL), 0);
	assert_int_equal(signals(fd[0]), 0);
	assert_int_equal(signals(fd[1]), 1);
	assert_int_equal(signals(fd[2]), 1);

	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_MASK, 1, 1, NULL), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 1, NULL), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 1, NULL), 0);
	assert_int_equal(signals(fd[1]), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_UNMASK, 1, 1, NULL), 0);
	assert_int_equal(signals(fd[1]), 1);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_UNMASK, 1, 1, NULL), 0);
	assert_int_equal(signals(fd[1]), 0);

	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 1, &none), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, 3, NULL), 0);
	assert_int_equal(signals(fd[1]), 0);
	assert_int_equal(signals(fd[2]), 1);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, 0, NULL), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, 3, NULL), 0);
	assert_int_equal(signals(fd[2]), 0);
	assert_int_equal(set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 3, 2, NULL), -EINVAL);
	assert_int_equal(set(dev, LEAT_IRQ_MSI, LEAT_IRQ_TRIGGER, 0, 1, NULL), -EINVAL);
	assert_int_equal(set(dev, 99, LEAT_IRQ_TRIGGER, 0, 1, NULL), -EINVAL);
	leat_dev_close(dev);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

/* ---- ports ---- */

static void fill(struct leat_pkt *pkt, uint16_t len, unsigned int number)
{
	unsigned char *p = leat_pkt_append(pkt, len);

	assert_non_null(p);
	for (unsigned int i = 0; i < len; i++)
		p[i] = (unsigned char)(i * 7 + number);
}

static void check(const struct leat_pkt *pkt, uint16_t len, unsigned int number)
{
	unsigned char p[2048];

	assert_int_equal(pkt->total, len);
	assert_int_equal(leat_pkt_read(pkt, 0, p, len), len);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(p[i], (unsigned char)(i * 7 + number));
}

/* @total frames from one port to another (or itself), in bursts of all lengths, in order. */
static void carry(struct leat_port *from, struct leat_port *to, unsigned int total)
{
	unsigned int sent = 0, made = 0, got = 0, idle = 0;
	struct leat_pkt *waiting[32], *in[32];
	struct leat_pool_cache *cache = leat_port_txq(from, 0)->cache;

	while (got < total && idle < 1000) {
		uint16_t n = (uint16_t)(1 + sent % 31), k;

		n = (uint16_t)LEAT_MIN(n, total - sent);
		for (; made < sent + n; made++) {
			assert_int_equal(leat_pkt_alloc(cache, &waiting[made - sent], 1), 1);
			fill(waiting[made - sent], (uint16_t)(60 + made % 1400), made);
		}
		k = leat_tx(leat_port_txq(from, 0), waiting, n);
		memmove(waiting, waiting + k, (made - sent - k) * sizeof(waiting[0]));
		sent += k;
		k = leat_rx(leat_port_rxq(to, 0), in, 32);
		for (uint16_t i = 0; i < k; i++, got++)
			check(in[i], (uint16_t)(60 + got % 1400), got);
		leat_pkt_free(in, k);
		idle = k ? 0 : idle + 1;
	}
	assert_int_equal(got, total);
}

static struct leat_port *must_port(const char *addr)
{
	struct leat_port *port = NULL;

	if (leat_port_open(ctx, addr, NULL, &port))
		fail_msg("%s: %s", addr, leat_ctx_error(ctx));
	assert_int_equal(leat_port_promisc(port, true), 0);
	return port;
}

static void test_port_loop(void **state)
{
	struct leat_port *port = must_port(NIC);

	(void)state;
	carry(port, port, 5000);
	leat_port_stop(port);
	assert_int_equal(leat_port_start(port), 0);
	carry(port, port, 1000);
	leat_port_close(port);
}

static void test_port_link(void **state)
{
	struct leat_port *a = must_port(NIC ",wire=link:p,mrg=off");
	struct leat_port *b = must_port(NIC ",wire=link:p,queue-size=64,indirect=off");

	(void)state;
	carry(a, b, 3000);
	carry(b, a, 3000);
	leat_port_close(b);
	b = must_port(NIC ",wire=link:p");
	carry(a, b, 500);
	leat_port_close(b);
	leat_port_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, open_ctx, close_ctx),
		cmocka_unit_test(test_without_models),
		cmocka_unit_test_setup_teardown(test_own_wire, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(test_link, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(test_registers, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(test_interrupts, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(test_port_loop, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(test_port_link, open_ctx, close_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
