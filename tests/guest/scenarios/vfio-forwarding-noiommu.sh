# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between two virtio-net by VFIO without an IOMMU; an ordinary user is told who may.

machine=vfio
programs=leat-fwd

host() {
	iommu=none
	words="$words vfio.enable_unsafe_noiommu_mode=1"
	nics virtio-net,host_mtu=9000 virtio-net,host_mtu=9000
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci $devices
	forwarding "noiommu" noiommu:

	for bdf in $devices; do
		chown leat "$(group_node "$bdf")"
	done
	# shellcheck disable=SC2046
	start fwd user 65536 leat-fwd $(printf 'noiommu:%s ' $devices)
	step "a user: refused" until_true 10 ended fwd
	step "a user: and told why" grep -q 'as root (CAP_SYS' /tmp/fwd.log
}
