# SPDX-License-Identifier: BSD-3-Clause
# Which frames QEMU's virtio-net takes, told by its control queue; in split rings and in packed ones.

machine=vfio
programs="probe-filters leat-fwd"

host() {
	hub=0
	nics virtio-net,packed=off virtio-net,packed=off virtio-net,packed=on virtio-net,packed=on
	boot
}

guest() {
	set -- $(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci "$@"
	step "filters, split" probe-filters "group:$1" "group:$2"
	step "filters, packed" probe-filters "iommufd:$3" "iommufd:$4"
	step "no DMA went astray" no_faults
}
