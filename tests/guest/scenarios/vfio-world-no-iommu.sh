# SPDX-License-Identifier: BSD-3-Clause
# A machine without an IOMMU: `leat doctor` names it first, and opening says so.

machine=vfio
programs="leat probe-open"

host() {
	iommu=none
	nics virtio-net
	boot
}

guest() {
	net=$(functions 1af4:1041)
	step "no IOMMU: named" doctor "$net" problem iommu intel-iommu
	for address in "$net" "group:$net" "iommufd:$net"; do
		step "no IOMMU: $address refused" opens "$address" ENOTSUP "IOMMU"
	done
}
