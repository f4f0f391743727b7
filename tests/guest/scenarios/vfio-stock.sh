# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between two virtio-net on Debian 12 as it is: no iommufd, addresses of 39 bits. An address
# alone finds the group.

machine=stock
programs="leat leat-fwd"

host() {
	nics virtio-net,host_mtu=9000 virtio-net,host_mtu=9000
	boot
}

guest() {
	step "addresses have 39 bits" sh -c 'dmesg | grep -q "Host address width 39"'
	devices=$(functions 1af4:1041)
	modprobe -a vfio-pci vfio_iommu_type1	# busybox heeds no soft dependencies
	step "leat binds them for a user" leat bind --user=leat $devices
	forwarding "chosen" ""
	step "it was the group" grep -q 'opened by group' /tmp/fwd.log
	forwarding "user" group: user 65536
}
