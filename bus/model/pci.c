// SPDX-License-Identifier: BSD-3-Clause
/*
 * pci.c - PCI configuration space for device models.
 *
 * Three images of the space: as it reads, as it reads after power-on, and
 * which bits software may change. A write is then one expression for every
 * register, BAR sizing included: the size bits of a BAR are not writable, so
 * ~0 reads back as the mask. Only what has effects is looked at: the function
 * level reset.
 */
#include <leat/model_pci.h>

#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MSIX_INDEX 2			/* interrupt index of MSI-X, as VFIO's */
#define MSI_INDEX  1
#define INTX_INDEX 0

#define VENDOR		0x00
#define DEVICE		0x02
#define COMMAND		0x04
#define  COMMAND_IO	0x0001
#define  COMMAND_MEM	0x0002
#define  COMMAND_MASTER	0x0004
#define  COMMAND_PARITY	0x0040
#define  COMMAND_SERR	0x0100
#define  COMMAND_NOINTX	0x0400
#define STATUS		0x06
#define  STATUS_CAPS	0x0010
#define REVISION	0x08
#define CACHE_LINE	0x0c
#define BAR(n)		(0x10u + 4u * (n))
#define SUBVENDOR	0x2c
#define SUBDEVICE	0x2e
#define ROM		0x30
#define CAPS		0x34
#define INT_LINE	0x3c
#define INT_PIN		0x3d
#define FIRST_CAP	0x40
#define FIRST_EXT_CAP	0x100

#define CAP_POWER	0x01
#define  POWER_CONTROL	4
#define  POWER_STATE	0x0003
#define  POWER_PME	0x0100		/* may wake */

#define CAP_MSI		0x05
#define  MSI_CONTROL	2
#define  MSI_ENABLE	0x0001
#define  MSI_64		0x0080

#define CAP_EXPRESS	0x10
#define  EXPRESS_DEVCAP_FLR_BYTE 7	/* bit 28 of the word at 4 */
#define  EXPRESS_DEVCAP_FLR	 0x10
#define  EXPRESS_DEVCTL_FLR_BYTE 9	/* bit 15 of the word at 8 */
#define  EXPRESS_DEVCTL_FLR	 0x80

#define CAP_MSIX	0x11
#define  MSIX_CONTROL	2
#define  MSIX_ENABLE	0x8000
#define  MSIX_MASK_ALL	0x4000
#define  MSIX_MAX	2048
#define  MSIX_ENTRY	16
#define  MSIX_VECTOR_CTRL 12		/* in the entry; bit 0 masks */

static void put16(uint8_t *p, uint32_t val)
{
	p[0] = (uint8_t)val;
	p[1] = (uint8_t)(val >> 8);
}

static void put32(uint8_t *p, uint32_t val)
{
	put16(p, val);
	put16(p + 2, val >> 16);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* ---- describing ---- */

static bool bar_is_sane(const struct leat_mdev *mdev, unsigned int n, uint8_t type)
{
	uint64_t size = mdev->region[n].size;
	uint64_t min = type & LEAT_MODEL_BAR_IO ? 4 : 16;

	if (!leat_is_pow2(size) || size < min)
		return false;
	if (!(type & LEAT_MODEL_BAR_64))
		return size <= UINT64_C(1) << 31;
	return n < 5 && !mdev->region[n + 1].size && !(type & LEAT_MODEL_BAR_IO);
}

static void put_bar(struct leat_model_pci *pci, unsigned int n, uint8_t type, uint64_t size)
{
	uint32_t flags = type & LEAT_MODEL_BAR_IO ? 0x3 : 0xf;
	uint64_t mask = ~(size - 1);

	put32(pci->power_on + BAR(n), type);
	put32(pci->writable + BAR(n), (uint32_t)mask & ~flags);
	if (type & LEAT_MODEL_BAR_64)
		put32(pci->writable + BAR(n + 1), (uint32_t)(mask >> 32));
}

static int put_bars(struct leat_model_pci *pci, const struct leat_model_pci_desc *desc)
{
	struct leat_mdev *mdev = pci->mdev;
	uint64_t rom = mdev->region[6].size;

	for (unsigned int n = 0; n < 6; n++) {
		if (!mdev->region[n].size)
			continue;
		if (!bar_is_sane(mdev, n, desc->bar[n]))
			return leat_mdev_fail(mdev, -EINVAL, "BAR %u of %#llx bytes cannot be; "
					      "the model is wrong", n,
					      (unsigned long long)mdev->region[n].size);
		put_bar(pci, n, desc->bar[n], mdev->region[n].size);
	}
	if (rom)
		put32(pci->writable + ROM, ((uint32_t)~(rom - 1) & ~UINT32_C(0x7ff)) | 1);
	return 0;
}

int leat_model_pci_init(struct leat_model_pci *pci, struct leat_mdev *mdev,
			const struct leat_model_pci_desc *desc)
{
	memset(pci, 0, sizeof(*pci));
	pci->mdev = mdev;
	pci->cap_end = FIRST_CAP;
	pci->ext_end = FIRST_EXT_CAP;
	mdev->region[LEAT_MODEL_CONFIG].size = FIRST_EXT_CAP;

	put16(pci->power_on + VENDOR, desc->vendor);
	put16(pci->power_on + DEVICE, desc->device);
	put16(pci->power_on + SUBVENDOR, desc->subvendor);
	put16(pci->power_on + SUBDEVICE, desc->subdevice);
	put32(pci->power_on + REVISION, desc->class_code << 8 | desc->revision);
	pci->power_on[INT_PIN] = mdev->irqs[INTX_INDEX] ? 1 : 0;
	put16(pci->writable + COMMAND, COMMAND_IO | COMMAND_MEM | COMMAND_MASTER | COMMAND_PARITY |
				       COMMAND_SERR | COMMAND_NOINTX);
	pci->writable[CACHE_LINE] = 0xff;
	pci->writable[INT_LINE] = 0xff;
	return put_bars(pci, desc);
}

void leat_model_pci_fini(struct leat_model_pci *pci)
{
	free(pci->table);
	pci->table = NULL;
}

static void put_body(struct leat_model_pci *pci, unsigned int off, const void *body,
		     const void *writable, size_t len)
{
	memcpy(pci->power_on + off, body, len);
	if (writable)
		memcpy(pci->writable + off, writable, len);
}

int leat_model_pci_add_cap(struct leat_model_pci *pci, uint8_t id, const void *body,
			   const void *writable, size_t len)
{
	uint16_t off = pci->cap_end;

	if (off > FIRST_EXT_CAP - 2u || len > FIRST_EXT_CAP - 2u - off)
		return -ENOSPC;
	pci->power_on[pci->cap_last ? pci->cap_last + 1 : CAPS] = (uint8_t)off;
	pci->power_on[STATUS] |= STATUS_CAPS;
	pci->power_on[off] = id;
	put_body(pci, off + 2u, body, writable, len);
	if (id == CAP_EXPRESS) {
		pci->express = off;
		pci->mdev->region[LEAT_MODEL_CONFIG].size = LEAT_MODEL_PCI_CONFIG_LEN;
	}
	pci->cap_last = off;
	pci->cap_end = (uint16_t)LEAT_ALIGN_UP(off + 2u + len, (size_t)4);
	return off;
}

int leat_model_pci_add_ext_cap(struct leat_model_pci *pci, uint16_t id, uint8_t version,
			       const void *body, const void *writable, size_t len)
{
	uint16_t off = pci->ext_end;

	if (off > LEAT_MODEL_PCI_CONFIG_LEN - 4u || len > LEAT_MODEL_PCI_CONFIG_LEN - 4u - off)
		return -ENOSPC;
	if (pci->ext_last)	/* next: bits 31 to 20 */
		put16(pci->power_on + pci->ext_last + 2,
		      (uint32_t)(pci->power_on[pci->ext_last + 2] & 0xf) | (uint32_t)off << 4);
	put32(pci->power_on + off, id | (uint32_t)(version & 0xf) << 16);
	put_body(pci, off + 4u, body, writable, len);
	pci->mdev->region[LEAT_MODEL_CONFIG].size = LEAT_MODEL_PCI_CONFIG_LEN;
	pci->ext_last = off;
	pci->ext_end = (uint16_t)LEAT_ALIGN_UP(off + 4u + len, (size_t)4);
	return off;
}

static bool msix_is_sane(const struct leat_mdev *mdev, unsigned int bar, uint64_t table,
			 uint64_t pba, unsigned int nvec)
{
	uint64_t size = bar < 6 ? mdev->region[bar].size : 0;

	return nvec && nvec <= MSIX_MAX && table % 8 == 0 && pba % 8 == 0 &&
	       table + (uint64_t)nvec * MSIX_ENTRY <= size && pba + (nvec + 63) / 64 * 8 <= size;
}

int leat_model_pci_add_msix(struct leat_model_pci *pci, unsigned int bar, uint32_t table,
			    uint32_t pba)
{
	unsigned int nvec = pci->mdev->irqs[MSIX_INDEX];
	uint8_t body[10], writable[10] = { 0 };
	int off;

	if (!msix_is_sane(pci->mdev, bar, table, pba, nvec))
		return leat_mdev_fail(pci->mdev, -EINVAL, "%u MSI-X vectors do not fit BAR %u; "
				      "ask for fewer", nvec, bar);
	pci->table = calloc(nvec, MSIX_ENTRY);
	if (!pci->table)
		return -ENOMEM;
	put16(body, nvec - 1);
	put32(body + 2, table | bar);
	put32(body + 6, pba | bar);
	put16(writable, MSIX_ENABLE | MSIX_MASK_ALL);
	off = leat_model_pci_add_cap(pci, CAP_MSIX, body, writable, sizeof(body));
	if (off < 0)
		return off;
	pci->msix = (uint16_t)off;
	pci->msix_bar = (uint8_t)bar;
	pci->msix_table = table;
	pci->msix_pba = pba;
	pci->nvec = nvec;
	return off;
}

/* PCI Power Management 1.2, 3.2: version 1.1 of it, no D1, no D2, and no PME from anywhere. */
int leat_model_pci_add_power(struct leat_model_pci *pci)
{
	static const uint8_t body[6] = { 2 }, writable[6] = { [2] = POWER_STATE, [3] = POWER_PME >> 8 };
	int off = leat_model_pci_add_cap(pci, CAP_POWER, body, writable, sizeof(body));

	if (off > 0)
		pci->power = (uint16_t)off;
	return off;
}

/* PCI Local Bus 3.0, 6.8.1: control, address, data. */
int leat_model_pci_add_msi(struct leat_model_pci *pci)
{
	unsigned int nvec = pci->mdev->irqs[MSI_INDEX], log2 = 0;
	uint8_t body[12] = { 0 };
	uint8_t writable[12] = { MSI_ENABLE | 0x70, 0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				 0xff, 0xff };
	int off;

	if (!leat_is_pow2(nvec) || nvec > 32)
		return leat_mdev_fail(pci->mdev, -EINVAL, "%u MSI vectors cannot be; ask for a power "
				      "of two up to 32", nvec);
	while (1u << log2 < nvec)
		log2++;
	put16(body, MSI_64 | log2 << 1);
	off = leat_model_pci_add_cap(pci, CAP_MSI, body, writable, 12);
	if (off > 0)
		pci->msi = (uint16_t)off;
	return off;
}

/*
 * PCI Express 1.0a, 7.8. Errors are reported by role; the link says what it is made of, and
 * that it could save power: software turns that off and on.
 */
int leat_model_pci_add_express(struct leat_model_pci *pci, bool flr)
{
	uint8_t body[18] = { 0 }, writable[18] = { 0 };

	put16(body, 0x0001);			/* version 1, endpoint */
	put32(body + 2, 0x00008cc1 | (flr ? (uint32_t)EXPRESS_DEVCAP_FLR << 24 : 0));
	put16(body + 6, 0x2810);		/* ordering relaxed, reads of 512 bytes */
	put32(body + 10, 0x00036c11);		/* x1, 2.5 GT/s, L0s and L1 */
	put16(body + 16, 0x1011);		/* so it is now; the clock is the slot's */
	put16(writable + 6, 0x7fff);
	put16(writable + 14, 0x01fb);
	return leat_model_pci_add_cap(pci, CAP_EXPRESS, body, writable, sizeof(body));
}

/* ---- at work ---- */

void leat_model_pci_reset(struct leat_model_pci *pci)
{
	memcpy(pci->cfg, pci->power_on, sizeof(pci->cfg));
	if (!pci->nvec)
		return;
	memset(pci->table, 0, (size_t)pci->nvec * MSIX_ENTRY);
	for (unsigned int i = 0; i < pci->nvec; i++)
		pci->table[i * MSIX_ENTRY + MSIX_VECTOR_CTRL] = 1;
}

/* PCI Express 3.0, 6.6.2: declared in device capabilities, asked for in device control. */
static bool asks_for_flr(const struct leat_model_pci *pci, uint64_t off, const uint8_t *buf,
			 size_t len)
{
	uint64_t at = pci->express + EXPRESS_DEVCTL_FLR_BYTE;

	return pci->express &&
	       (pci->power_on[pci->express + EXPRESS_DEVCAP_FLR_BYTE] & EXPRESS_DEVCAP_FLR) &&
	       at >= off && at - off < len && (buf[at - off] & EXPRESS_DEVCTL_FLR);
}

int leat_model_pci_config(struct leat_model_pci *pci, uint64_t off, void *buf, size_t len,
			  bool write)
{
	const uint8_t *from = buf;

	if (!write) {
		memcpy(buf, pci->cfg + off, len);
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t may = pci->writable[off + i];

		pci->cfg[off + i] = (uint8_t)((pci->cfg[off + i] & ~may) | (from[i] & may));
	}
	if (asks_for_flr(pci, off, from, len))
		pci->mdev->model->reset(pci->mdev);
	return 0;
}

static void access_table(struct leat_model_pci *pci, uint64_t off, uint8_t *buf, size_t len,
			 bool write)
{
	if (!write) {
		memcpy(buf, pci->table + off, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned int field = (off + i) % MSIX_ENTRY;
		uint8_t may = field < MSIX_VECTOR_CTRL ? 0xff : field == MSIX_VECTOR_CTRL ? 1 : 0;

		pci->table[off + i] = buf[i] & may;
	}
}

static void read_pba(struct leat_model_pci *pci, uint64_t off, uint8_t *buf, size_t len)
{
	memset(buf, 0, len);
	for (unsigned int bit = 0; bit < len * 8; bit++)
		if (leat_mdev_pending(pci->mdev, MSIX_INDEX, (unsigned int)off * 8 + bit))
			buf[bit / 8] |= (uint8_t)(1u << bit % 8);
}

bool leat_model_pci_msix(struct leat_model_pci *pci, unsigned int region, uint64_t off, void *buf,
			 size_t len, bool write)
{
	if (!pci->nvec || region != pci->msix_bar)
		return false;
	if (off >= pci->msix_table && off - pci->msix_table < (uint64_t)pci->nvec * MSIX_ENTRY) {
		access_table(pci, off - pci->msix_table, buf, len, write);
		return true;
	}
	if (off >= pci->msix_pba && off - pci->msix_pba < (pci->nvec + 63) / 64 * 8) {
		if (!write)
			read_pba(pci, off - pci->msix_pba, buf, len);
		return true;
	}
	return false;
}

bool leat_model_pci_master(const struct leat_model_pci *pci)
{
	return get16(pci->cfg + COMMAND) & COMMAND_MASTER;
}

bool leat_model_pci_asleep(const struct leat_model_pci *pci)
{
	return pci->power &&
	       (get16(pci->cfg + pci->power + POWER_CONTROL) & POWER_STATE) == POWER_STATE;
}

bool leat_model_pci_msi_on(const struct leat_model_pci *pci)
{
	return pci->msi && (get16(pci->cfg + pci->msi + MSI_CONTROL) & MSI_ENABLE);
}

bool leat_model_pci_msix_on(const struct leat_model_pci *pci)
{
	return pci->msix && (get16(pci->cfg + pci->msix + MSIX_CONTROL) & MSIX_ENABLE);
}

bool leat_model_pci_intx_on(const struct leat_model_pci *pci)
{
	return pci->cfg[INT_PIN] && !(get16(pci->cfg + COMMAND) & COMMAND_NOINTX);
}
