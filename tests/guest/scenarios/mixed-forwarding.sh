# SPDX-License-Identifier: BSD-3-Clause
# From virtio-net to an 82574 to an 82576 and back, in one process, which may not touch what it forwards.
# By the group and by iommufd.

machine=vfio
programs=probe-mixed

host() {
	nics virtio-net,host_mtu=9000 e1000e igb
	boot
}

guest() {
	devices=$(functions 1af4:1041; functions 8086:10d3; functions 8086:10c9)
	step "vfio-pci has them" give vfio-pci $devices
	for scheme in group iommufd; do
		# shellcheck disable=SC2046
		start mixed probe-mixed $(printf "$scheme:%s " $devices)
		step "$scheme: it forwards" says mixed '^ok it forwards'
		step "$scheme: 20,000 frames each way" ask exchange window=32 ways=0-1,1-2,2-0
		step "$scheme: it ends well" stop mixed
		grep behind /tmp/mixed.log
	done
	step "no DMA went astray" no_faults
}
