# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between QEMU's virtio-net of before 1.0, by the I/O ports of a machine without an IOMMU; and
# between transitional ones, whose modern side is taken.

machine=vfio
programs=leat-fwd

host() {
	iommu=none
	words="$words vfio.enable_unsafe_noiommu_mode=1"
	old=disable-legacy=off,iommu_platform=off
	nics virtio-net,$old,disable-modern=on,bus=pcie.0 \
		virtio-net,$old,disable-modern=on,mrg_rxbuf=off,ctrl_mac_addr=off,bus=pcie.0 \
		virtio-net,$old,bus=pcie.0 virtio-net,$old,bus=pcie.0
	boot
}

guest() {
	set -- $(functions 1af4:1000)
	step "vfio-pci has them" give vfio-pci "$@"
	devices="$1 $2" options=
	old_forwarding "polling" "split in-order\|split queues 256/256"
	options=--idle=intr
	old_forwarding "asleep between frames" INTx
	start fwd leat-fwd "noiommu:$3" "noiommu:$4"
	step "transitional: leat-fwd is at work" says fwd '^ +1 s'
	step "transitional: by their modern side" grep -q MSI-X /tmp/fwd.log
	step "leat-fwd ends well" stop fwd
}

old_forwarding() {
	# shellcheck disable=SC2046,SC2086
	start fwd leat-fwd $options $(printf 'noiommu:%s ' $devices)
	step "$1: leat-fwd is at work" says fwd '^ +1 s'
	step "$1: as it should be" grep -q "$2" /tmp/fwd.log
	step "$1: 20,000 frames each way" ask exchange sizes=60-1514
	step "$1: leat-fwd ends well" stop fwd
}
