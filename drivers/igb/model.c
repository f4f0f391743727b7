// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model.c - Intel's 82576 and its virtual function: options, life, and what the host calls. By its datasheet,
 * whose edition doc/drivers/igb.md names.
 */
#include "model.h"

#include <leat/models.h>

#include <errno.h>
#include <string.h>

/* Interrupt kinds as VFIO numbers them. */
#define IRQ_INTX	0
#define IRQ_MSI		1
#define IRQ_MSIX	2

#define VENDOR_INTEL	0x8086
#define DEVICE_PF	0x10c9
#define DEVICE_VF	0x10ca
#define ETHERNET	0x020000

/* ---- options ---- */

static int set_mac(struct igbm *n, const char *value)
{
	if (!leat_intel_mac_parse(value, n->chip.mac))
		return 0;
	return leat_mdev_fail(&n->mdev, -EINVAL, "mac=%s: must be a unicast address like "
			      "02:00:00:00:00:01", value);
}

static int set_spoofchk(struct igbm *n, const char *value)
{
	n->spoofchk = !strcmp(value, "on");
	if (n->spoofchk || !strcmp(value, "off"))
		return 0;
	return leat_mdev_fail(&n->mdev, -EINVAL, "spoofchk=%s: must be on or off", value);
}

static int options(struct igbm *n, const struct leat_model_opt *opts)
{
	int err = 0;

	for (; opts && opts->key && !err; opts++) {
		if (!strcmp(opts->key, "mac"))
			err = set_mac(n, opts->value);
		else if (n->vf && !strcmp(opts->key, "spoofchk"))
			err = set_spoofchk(n, opts->value);
		else
			err = leat_mdev_fail(&n->mdev, -EINVAL, "no option %s; there is %s", opts->key,
					     n->vf ? "mac, spoofchk" : "mac");
	}
	return err;
}

/* ---- struct leat_model ---- */

/* A function of a NIC; a VF has MSI-X only. */
static int init_pci(struct igbm *n, uint16_t device)
{
	const struct leat_model_pci_desc desc = {
		.vendor = VENDOR_INTEL, .device = device, .subvendor = VENDOR_INTEL,
		.subdevice = device, .revision = 1, .class_code = ETHERNET,
	};
	int err = leat_model_pci_init(&n->pci, &n->mdev, &desc);

	if (err)
		return err;
	if (!n->vf)
		err = leat_model_pci_add_power(&n->pci);
	if (err >= 0 && !n->vf)
		err = leat_model_pci_add_msi(&n->pci);
	if (err >= 0)
		err = leat_model_pci_add_msix(&n->pci, IGBM_MSIX_BAR, 0, IGBM_MSIX_PBA);
	if (err >= 0)
		err = leat_model_pci_add_express(&n->pci, true);
	return err < 0 ? err : 0;
}

static int igbm_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	struct igbm *n = igbm_of(mdev);
	int err;

	n->queues = IGB_QUEUES;
	n->vectors = IGBM_VECTORS;
	n->chip = (struct intel_chip){ .mdev = mdev, .reg = n->reg, .phy_id = INTEL_PHY_IGP,
				       .rars = IGB_RARS, .ral2 = IGB_RAL2(16), .device = DEVICE_PF };
	leat_intel_mac_default(mdev->name, n->chip.mac);
	err = options(n, opts);
	if (err)
		return err;
	leat_intel_chip_init(&n->chip);
	mdev->region[IGBM_BAR] = (struct leat_model_region){
		.size = IGB_BAR0_SIZE, .map_off = IGBM_MAP, .map_len = IGBM_MAP_LEN,
	};
	mdev->region[IGBM_MSIX_BAR].size = IGBM_MSIX_LEN;
	mdev->irqs[IRQ_INTX] = mdev->irqs[IRQ_MSI] = 1;
	mdev->irqs[IRQ_MSIX] = IGBM_VECTORS;
	return init_pci(n, DEVICE_PF);
}

static int igbm_vf_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	struct igbm *n = igbm_of(mdev);
	int err;

	n->vf = true;
	n->queues = IGB_VF_QUEUES;
	n->vectors = IGB_VF_VECTORS;
	leat_intel_mac_default(mdev->name, n->chip.mac);
	err = options(n, opts);
	if (err)
		return err;
	mdev->region[IGBM_BAR] = (struct leat_model_region){
		.size = IGB_VF_BAR0_SIZE, .map_off = IGBM_VF_MAP, .map_len = IGBM_VF_MAP_LEN,
	};
	mdev->region[IGBM_MSIX_BAR].size = IGBM_MSIX_LEN;
	mdev->irqs[IRQ_MSIX] = IGB_VF_VECTORS;
	return init_pci(n, DEVICE_VF);
}

static void igbm_fini(struct leat_mdev *mdev)
{
	leat_model_pci_fini(&igbm_of(mdev)->pci);
}

static void igbm_power_on(struct leat_mdev *mdev)
{
	struct igbm *n = igbm_of(mdev);

	leat_model_pci_reset(&n->pci);
	igbm_rings_init(n);
	if (n->vf)
		igbm_vf_reset(n);
	else
		igbm_reset(n, true);
}

/* What was written into shared memory since the last round is seen in its order. */
static void look_at_rings(struct igbm *n)
{
	for (unsigned int i = 0; i < n->queues; i++) {
		(void)igbm_ring_look(n, &n->rx[i]);
		(void)igbm_ring_look(n, &n->txr[i]);
	}
}

static int access_word(struct igbm *n, uint64_t off, void *buf, bool write)
{
	leat_le32 word;

	if (write) {
		memcpy(&word, buf, sizeof(word));
		igbm_set(n, (uint32_t)off, leat_le32_to_cpu(word));
	} else {
		word = leat_cpu_to_le32(igbm_get(n, (uint32_t)off));
		memcpy(buf, &word, sizeof(word));
	}
	return 0;
}

/* Registers are words; a narrower read gets its part of one, a narrower write is refused. */
static int access_bar(struct igbm *n, uint64_t off, char *buf, size_t len, bool write)
{
	char word[4];

	if (len < 4) {
		if (write)
			return -EINVAL;
		access_word(n, off & ~UINT64_C(3), word, false);
		memcpy(buf, word + (off & 3), len);
		return 0;
	}
	look_at_rings(n);
	for (size_t i = 0; i < len; i += 4)
		access_word(n, off + i, buf + i, write);
	look_at_rings(n);
	return 0;
}

static int igbm_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		       size_t len, bool write)
{
	struct igbm *n = igbm_of(mdev);

	switch (region) {
	case LEAT_MODEL_CONFIG:
		leat_model_pci_config(&n->pci, off, buf, len, write);
		igbm_irq_look(n);
		return 0;
	case IGBM_BAR:
		return access_bar(n, off, buf, len, write);
	case IGBM_MSIX_BAR:
		if (!leat_model_pci_msix(&n->pci, region, off, buf, len, write) && !write)
			memset(buf, 0, len);
		return 0;
	}
	return -EINVAL;
}

static bool may_send(const struct igbm *n)
{
	if (!leat_model_pci_master(&n->pci) || leat_model_pci_asleep(&n->pci))
		return false;
	return n->vf ? n->clear_to_send :
	       (n->reg[INTEL_TCTL / 4] & INTEL_TCTL_EN) &&
		       !(n->reg[INTEL_CTRL / 4] & INTEL_CTRL_MASTER_OFF);
}

static unsigned int igbm_poll(struct leat_mdev *mdev)
{
	struct igbm *n = igbm_of(mdev);
	unsigned int frames = 0;
	bool again;

	if (may_send(n))
		for (unsigned int i = 0; i < n->queues; i++)
			frames += igbm_tx(n, &n->txr[i]);
	if (n->waiting)
		igbm_irq_look(n);
	again = n->again;
	n->again = false;
	return frames ? frames : again || n->waiting;
}

static bool igbm_ready(const struct leat_mdev *mdev)
{
	return igbm_rx_ready((const struct igbm *)(const void *)mdev);	/* mdev is first */
}

static unsigned int igbm_receive(struct leat_mdev *mdev, const struct leat_frame *frames,
				 unsigned int count)
{
	return LEAT_LIKELY(igbm_ready(mdev)) ? igbm_rx(igbm_of(mdev), frames, count) : 0;
}

static void igbm_dma_changed(struct leat_mdev *mdev)
{
	struct igbm *n = igbm_of(mdev);

	for (unsigned int i = 0; i < n->queues; i++)
		n->rx[i].mapped = n->txr[i].mapped = false;
}

static void igbm_link(struct leat_mdev *mdev, bool up)
{
	(void)up;		/* shown by mdev->link_up */
	igbm_link_look(igbm_of(mdev));
}

const struct leat_model leat_model_igb = {
	.name = "igb",
	.help = "mac=ADDRESS",
	.size = sizeof(struct igbm),
	.init = igbm_init,
	.fini = igbm_fini,
	.reset = igbm_power_on,
	.access = igbm_access,
	.poll = igbm_poll,
	.receive = igbm_receive,
	.ready = igbm_ready,
	.dma_changed = igbm_dma_changed,
	.link = igbm_link,
};

const struct leat_model leat_model_igbvf = {
	.name = "igbvf",
	.help = "mac=ADDRESS,spoofchk=on|off",
	.size = sizeof(struct igbm),
	.init = igbm_vf_init,
	.fini = igbm_fini,
	.reset = igbm_power_on,
	.access = igbm_access,
	.poll = igbm_poll,
	.receive = igbm_receive,
	.ready = igbm_ready,
	.dma_changed = igbm_dma_changed,
	.link = igbm_link,
};
