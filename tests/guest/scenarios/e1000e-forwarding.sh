# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between two 82574 by VFIO's groups and by iommufd.

machine=vfio
programs=leat-fwd

host() {
	nics e1000e e1000e
	boot
}

guest() {
	devices=$(functions 8086:10d3) options="--mtu=9000 --descriptors=1024" window=32
	step "vfio-pci has them" give vfio-pci $devices
	forwarding "group" group:
	forwarding "iommufd" iommufd:
}
