# SPDX-License-Identifier: BSD-3-Clause
# What devices may reach, by group and by iommufd: not what is not mapped, not each other's rings
# unless they share a domain, not what is mapped read-only. Memory of the application's own, children,
# sleepers. The ports hang on one cable inside QEMU. And virtio without ACCESS_PLATFORM is refused.

machine=vfio
programs="probe-isolation probe-share probe-mapped probe-fork probe-wake probe-open"

host() {
	hub=0
	nics virtio-net,host_mtu=9000 virtio-net,host_mtu=9000 virtio-net,host_mtu=9000 \
		virtio-net,iommu_platform=off
	boot
}

guest() {
	set -- $(functions 1af4:1041)
	bypass=$4
	step "vfio-pci has them" give vfio-pci "$@"
	for way in group iommufd; do
		step "refused without ACCESS_PLATFORM by $way" \
			probe-open "$way:$bypass" ENOTSUP iommu_platform
		step "isolation by $way" probe-isolation "$way:$1" "$way:$2" "$way:$3"
		step "domains by $way" probe-share "$way:$1" "$way:$2"
		step "own memory by $way" probe-mapped "$way:$1" "$way:$2"
		step "children by $way" probe-fork "$way:$1" "$way:$2"
		step "sleepers by $way" probe-wake "$way:$1" "$way:$2"
	done
}
