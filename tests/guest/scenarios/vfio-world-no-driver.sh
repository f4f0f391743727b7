# SPDX-License-Identifier: BSD-3-Clause
# A kernel without vfio-pci: `leat doctor` names it first, and opening says so.

machine=vfio
programs="leat probe-open"

host() {
	words="$words initcall_blacklist=vfio_pci_init"
	nics virtio-net
	boot
}

guest() {
	net=$(functions 1af4:1041)
	step "no vfio-pci: named" doctor "$net" problem vfio-pci "modprobe vfio-pci"
	step "no vfio-pci: refused" opens "$net" ENODEV "modprobe vfio-pci"
}
