# SPDX-License-Identifier: BSD-3-Clause
# A machine whose IOMMU does not remap interrupts, and a kernel without iommufd: `leat doctor` names
# the first, opening says so, and once the risk is taken the device opens by its group.

machine=vfio
programs="leat probe-open"

host() {
	iommu=intremap=off,aw-bits=48
	words="$words initcall_blacklist=iommufd_init"
	nics virtio-net
	boot
}

guest() {
	net=$(functions 1af4:1041)
	step "vfio-pci has it" give vfio-pci "$net"
	step "no interrupt remapping: named" doctor "$net" problem interrupts allow_unsafe_interrupts
	step "no interrupt remapping: refused" opens "$net" EPERM allow_unsafe_interrupts

	echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	step "no iommufd: named" iommufd_named
	step "no iommufd: refused where it is asked for" opens "iommufd:$net" ENOENT iommufd
	step "no iommufd: the group serves" opens "$net" - "no /dev/iommu"
}

iommufd_named() {
	leat doctor "$net" >/tmp/doctor || true
	cat /tmp/doctor
	grep -q '^info *iommufd .*absent' /tmp/doctor && ! grep -q '^problem' /tmp/doctor
}
