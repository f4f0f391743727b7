# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between two virtio-net by VFIO's groups and by iommufd, as root and as an ordinary user.

machine=vfio
programs=leat-fwd

host() {
	nics virtio-net,host_mtu=9000 virtio-net,host_mtu=9000
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci $devices
	forwarding "group" group:
	forwarding "chosen" ""
	step "it was iommufd" grep -q 'opened by iommufd' /tmp/fwd.log

	# Nothing but the nodes, and memory for both devices' mappings
	for bdf in $devices; do
		chown leat "$(group_node "$bdf")"
	done
	forwarding "user, group" group: user 65536
	for bdf in $devices; do
		chown root "$(group_node "$bdf")"
		chown leat "$(char_node "$bdf")"
	done
	chown leat /dev/iommu
	forwarding "user, iommufd" iommufd: user 65536
}
