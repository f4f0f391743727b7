# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between two of QEMU's igb by VFIO's groups and by iommufd, polling and asleep; and what
# one of them can say of itself.

machine=vfio
programs="leat-fwd probe-nic"

host() {
	nics igb igb
	boot
}

guest() {
	devices=$(functions 8086:10c9) options="--mtu=9000 --descriptors=1024" window=32
	step "vfio-pci has them" give vfio-pci $devices
	step "it tests itself, and its queues" probe-nic "group:${devices%%
*}"
	forwarding "group" group:
	forwarding "iommufd" iommufd:
	options="--mtu=9000 --descriptors=1024 --idle=intr"
	forwarding "asleep between frames" iommufd:
}
