# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between two of QEMU's igb by VFIO's groups and by iommufd.

machine=vfio
programs=leat-fwd

host() {
	nics igb igb
	boot
}

guest() {
	devices=$(functions 8086:10c9) options=--mtu=9000 window=32
	step "vfio-pci has them" give vfio-pci $devices
	forwarding "group" group:
	forwarding "iommufd" iommufd:
}
