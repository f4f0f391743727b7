// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_pci.h - PCI configuration space for device models: ids, BAR sizing,
 * command register, capabilities, power states, MSI, MSI-X, function level reset.
 *
 * A model embeds a struct leat_model_pci, describes itself in init(), and
 * forwards accesses:
 *
 *	init	region[], irqs[]; leat_model_pci_init(), then the _add_ functions
 *	fini	leat_model_pci_fini()
 *	reset	leat_model_pci_reset()
 *	access	region LEAT_MODEL_CONFIG: leat_model_pci_config();
 *		a BAR: leat_model_pci_msix() first, its own registers if that says no
 *
 * PCI Local Bus 3.0, chapter 6; PCI Express 3.0, chapter 7.
 */
#ifndef LEAT_MODEL_PCI_H
#define LEAT_MODEL_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/model.h>

LEAT_BEGIN_DECLS

#define LEAT_MODEL_PCI_CONFIG_LEN 4096	/* 256 without PCI Express */

#define LEAT_MODEL_BAR_IO	0x1
#define LEAT_MODEL_BAR_64	0x4	/* takes the next BAR as well */
#define LEAT_MODEL_BAR_PREFETCH 0x8

struct leat_model_pci_desc {
	uint16_t	vendor, device, subvendor, subdevice;
	uint8_t		revision;
	uint32_t	class_code;	/* 24 bits; 0x020000 is Ethernet */
	uint8_t		bar[6];		/* LEAT_MODEL_BAR_*; sizes are in mdev->region[] */
};

/* The struct is the model's storage; it reads @cfg, and leaves the rest alone. */
struct leat_model_pci {
	struct leat_mdev *mdev;
	uint8_t		cfg[LEAT_MODEL_PCI_CONFIG_LEN];		/* as it reads now */
	uint8_t		power_on[LEAT_MODEL_PCI_CONFIG_LEN];	/* as it reads after reset */
	uint8_t		writable[LEAT_MODEL_PCI_CONFIG_LEN];	/* bits software may change */
	uint16_t	cap_end, ext_end;	/* where the next capability goes */
	uint16_t	cap_last, ext_last;	/* the last of each list; 0: none */
	uint16_t	express;		/* offset of the PCI Express capability; 0: none */
	uint16_t	power;			/* offset of the power management capability; 0: none */
	uint16_t	msi;			/* offset of the MSI capability; 0: none */
	uint16_t	msix;			/* offset of the MSI-X capability; 0: none */
	uint8_t		msix_bar;
	uint32_t	msix_table, msix_pba;	/* offsets in that BAR */
	unsigned int	nvec;
	uint8_t		*table;			/* 16 bytes a vector */
};

/*
 * leat_model_pci_init - header and BARs from @desc and mdev->region[]; sets the
 * configuration region's size; an interrupt pin if mdev->irqs[0]. -EINVAL if a
 * BAR cannot be: its size is no power of two, or its second half is in use.
 */
LEAT_API int leat_model_pci_init(struct leat_model_pci *pci, struct leat_mdev *mdev,
				 const struct leat_model_pci_desc *desc);
LEAT_API void leat_model_pci_fini(struct leat_model_pci *pci);

/*
 * leat_model_pci_add_cap - a capability of @len bytes behind the id and the next
 * pointer: @body, of which software may change the bits set in @writable (NULL:
 * none). Returns where it lies, or -ENOSPC. An Express capability (id 0x10)
 * makes configuration space 4096 bytes; if its device capabilities declare
 * function level reset, writing the bit resets the model.
 */
LEAT_API int leat_model_pci_add_cap(struct leat_model_pci *pci, uint8_t id, const void *body,
				    const void *writable, size_t len);

/* The same for an extended capability, behind its four-byte header. */
LEAT_API int leat_model_pci_add_ext_cap(struct leat_model_pci *pci, uint16_t id, uint8_t version,
					const void *body, const void *writable, size_t len);

/*
 * leat_model_pci_add_msix - the MSI-X capability for mdev->irqs[2] vectors, its
 * table and pending bits in @bar. Returns where it lies; -EINVAL if they do
 * not fit there, -ENOMEM, -ENOSPC.
 */
LEAT_API int leat_model_pci_add_msix(struct leat_model_pci *pci, unsigned int bar, uint32_t table,
				     uint32_t pba);

/*
 * leat_model_pci_add_power - power management: D0 and D3hot. What a model does there is
 * its own affair, see leat_model_pci_asleep(). leat_model_pci_add_msi - MSI, 64-bit, of
 * mdev->irqs[1] vectors (a power of two, 32 at most). leat_model_pci_add_express - an
 * endpoint's PCI Express capability of the first version: one lane of 2.5 GT/s, function
 * level reset as told. Return where they lie; -ENOSPC, -EINVAL as above.
 */
LEAT_API int leat_model_pci_add_power(struct leat_model_pci *pci);
LEAT_API int leat_model_pci_add_msi(struct leat_model_pci *pci);
LEAT_API int leat_model_pci_add_express(struct leat_model_pci *pci, bool flr);

/* Back to power-on values. */
LEAT_API void leat_model_pci_reset(struct leat_model_pci *pci);

/* An access to configuration space, within it. Returns 0. May reset the model. */
LEAT_API int leat_model_pci_config(struct leat_model_pci *pci, uint64_t off, void *buf, size_t len,
				   bool write);

/*
 * leat_model_pci_msix - an access to a BAR: if it lies in the MSI-X table or the
 * pending bits, do it and return true. Mask bits are kept for software to read
 * back only: delivery is masked by the host (VFIO_DEVICE_SET_IRQS), because VMMs
 * keep the table to themselves.
 */
LEAT_API bool leat_model_pci_msix(struct leat_model_pci *pci, unsigned int region, uint64_t off,
				  void *buf, size_t len, bool write);

/* What software has turned on. */
LEAT_API bool leat_model_pci_master(const struct leat_model_pci *pci);
LEAT_API bool leat_model_pci_asleep(const struct leat_model_pci *pci);	/* in D3hot: no DMA */
LEAT_API bool leat_model_pci_msi_on(const struct leat_model_pci *pci);
LEAT_API bool leat_model_pci_msix_on(const struct leat_model_pci *pci);
LEAT_API bool leat_model_pci_intx_on(const struct leat_model_pci *pci);

LEAT_END_DECLS

#endif
