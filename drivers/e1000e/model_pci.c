// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_pci.c - the 82574 on the PCI bus: configuration space (chapter 9.2 and 9.3 there),
 * and the window to its registers in I/O space (4.4.3).
 */
#include "model.h"

#include <string.h>

#define IO_ADDR	0
#define IO_DATA	4

static const struct leat_model_pci_desc pci_desc = {
	.vendor = 0x8086, .device = EM_DEVICE,
	.subvendor = 0x8086, .subdevice = 0x0000,
	.class_code = 0x020000,		/* Ethernet */
	.bar = { [EM_IO] = LEAT_MODEL_BAR_IO },
};

int em_pci_init(struct em *v)
{
	struct leat_mdev *mdev = &v->mdev;
	int at, err;

	mdev->region[EM_BAR] = (struct leat_model_region){
		.size = E1000E_BAR0_SIZE, .map_off = E1000E_QUEUE_PAGES, .map_len = EM_QUEUES_LEN,
	};
	mdev->region[EM_FLASH].size = EM_FLASH_LEN;
	mdev->region[EM_IO].size = EM_IO_LEN;
	mdev->region[EM_MSIX].size = EM_MSIX_LEN;
	mdev->irqs[0] = 1;
	mdev->irqs[1] = 1;
	mdev->irqs[2] = E1000E_VECTORS;

	err = leat_model_pci_init(&v->pci, mdev, &pci_desc);
	if (err)
		return err;
	at = leat_model_pci_add_power(&v->pci);
	if (at >= 0)
		at = leat_model_pci_add_msi(&v->pci);
	if (at >= 0)
		at = leat_model_pci_add_express(&v->pci, false);
	if (at >= 0)
		at = leat_model_pci_add_msix(&v->pci, EM_MSIX, 0, EM_MSIX_PBA);
	if (at >= 0)
		return 0;
	leat_model_pci_fini(&v->pci);
	return at;
}

/*
 * A driver that turns bus mastering off means it; one that never did is told at start. Who
 * comes back from D3hot finds the registers as after a reset.
 */
int em_config_access(struct em *v, uint64_t off, void *buf, size_t len, bool write)
{
	bool slept = leat_model_pci_asleep(&v->pci), sleeps, master;
	int err = leat_model_pci_config(&v->pci, off, buf, len, write);

	if (!write)
		return err;
	sleeps = leat_model_pci_asleep(&v->pci);
	master = leat_model_pci_master(&v->pci);
	if (slept && !sleeps)
		em_reset(v, false);
	v->paused = (v->was_master && !master) || sleeps;
	v->was_master |= master;
	return err;
}

/* The register that IOADDR names, through IODATA; flash is not there. */
static int access_data(struct em *v, void *buf, bool write)
{
	if (v->io_addr % 4 || v->io_addr >= E1000E_BAR0_SIZE) {
		if (!write)
			memset(buf, 0, 4);
		return 0;
	}
	return leat_mdev_access(&v->mdev, EM_BAR, v->io_addr, buf, 4, write);
}

int em_io_access(struct em *v, uint64_t off, void *buf, size_t len, bool write)
{
	leat_le32 word = leat_cpu_to_le32(v->io_addr);

	if (len == 4 && off == IO_DATA)
		return access_data(v, buf, write);
	if (len == 4 && off == IO_ADDR && write) {
		memcpy(&word, buf, sizeof(word));
		v->io_addr = leat_le32_to_cpu(word);
	} else if (!write) {
		memset(buf, 0, len);
		if (len == 4 && off == IO_ADDR)
			memcpy(buf, &word, sizeof(word));
	}
	return 0;
}
