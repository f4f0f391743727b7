// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model.c - an Intel 82574 by the letter of its datasheet: options, life, and what the
 * host calls.
 */
#include "model.h"

#include <leat/models.h>

#include <errno.h>
#include <string.h>

/* ---- what the parts ask of the device ---- */

void em_link_update(struct em *v)
{
	if (leat_intel_chip_link(&v->chip))
		em_irq_set(v, E1000E_ICR_LSC);
}

void em_reset(struct em *v, bool phy)
{
	em_regs_reset(v, phy);
	em_rings_reset(v);
	v->told = 0;
	v->refused = false;
}

/* ---- options ---- */

static int option(struct em *v, const struct leat_model_opt *opt)
{
	if (strcmp(opt->key, "mac"))
		return leat_mdev_fail(&v->mdev, -EINVAL, "no option %s; there is mac", opt->key);
	if (leat_intel_mac_parse(opt->value, v->chip.mac))
		return leat_mdev_fail(&v->mdev, -EINVAL, "mac=%s: must be a unicast address like "
				      "02:00:00:00:00:01", opt->value);
	return 0;
}

/* ---- struct leat_model ---- */

static int em_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	struct em *v = em_of(mdev);

	v->chip = (struct intel_chip){
		.mdev = mdev, .reg = v->reg, .phy_id = INTEL_PHY_BM, .rars = E1000E_RARS,
		.device = EM_DEVICE,
	};
	leat_intel_mac_default(mdev->name, v->chip.mac);
	for (; opts && opts->key; opts++) {
		int err = option(v, opts);

		if (err)
			return err;
	}
	em_rings_init(v);
	return em_pci_init(v);
}

static void em_fini(struct leat_mdev *mdev)
{
	leat_model_pci_fini(&em_of(mdev)->pci);
}

static void em_power_on(struct leat_mdev *mdev)
{
	struct em *v = em_of(mdev);

	leat_model_pci_reset(&v->pci);
	v->was_master = false;
	v->paused = false;
	v->io_addr = 0;
	leat_intel_chip_init(&v->chip);
	em_reset(v, true);
}

static int em_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		     size_t len, bool write)
{
	struct em *v = em_of(mdev);

	switch (region) {
	case LEAT_MODEL_CONFIG:
		return em_config_access(v, off, buf, len, write);
	case EM_BAR:
		return em_bar_access(v, off, buf, len, write);
	case EM_FLASH:
		if (!write)
			memset(buf, 0xff, len);		/* erased */
		return 0;
	case EM_IO:
		return em_io_access(v, off, buf, len, write);
	case EM_MSIX:
		if (!leat_model_pci_msix(&v->pci, region, off, buf, len, write) && !write)
			memset(buf, 0, len);
		return 0;
	}
	return -EINVAL;
}

static unsigned int em_poll(struct leat_mdev *mdev)
{
	struct em *v = em_of(mdev);
	unsigned int n = 0;

	for (unsigned int i = 0; i < E1000E_QUEUES && em_tx_on(v); i++)
		n += em_tx(v, &v->tx[i]);
	return n;
}

static bool em_ready(const struct leat_mdev *mdev)
{
	return em_rx_on((const struct em *)(const void *)mdev);	/* mdev is first */
}

static unsigned int em_receive(struct leat_mdev *mdev, const struct leat_frame *frames,
			       unsigned int n)
{
	struct em *v = em_of(mdev);

	return LEAT_LIKELY(em_rx_on(v)) ? em_rx(v, frames, n) : 0;
}

static void em_dma_changed(struct leat_mdev *mdev)
{
	em_rings_stale(em_of(mdev));
}

static void em_link(struct leat_mdev *mdev, bool up)
{
	(void)up;		/* it is mdev->link_up */
	em_link_update(em_of(mdev));
}

const struct leat_model leat_model_e1000e = {
	.name = "e1000e",
	.help = "mac=ADDRESS",
	.size = sizeof(struct em),
	.init = em_init,
	.fini = em_fini,
	.reset = em_power_on,
	.access = em_access,
	.poll = em_poll,
	.receive = em_receive,
	.ready = em_ready,
	.dma_changed = em_dma_changed,
	.link = em_link,
};
