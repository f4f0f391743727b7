# SPDX-License-Identifier: BSD-3-Clause
# Each data path of the virtio-net driver, byte for byte: split and packed queues of QEMU's, each as they come, in
# order, without mergeable buffers, without indirect descriptors, without event indexes. Pairs are of both formats.

machine=vfio
programs=leat-fwd

host() {
	jumbo=host_mtu=9000
	for change in "$jumbo" in_order=on,$jumbo indirect_desc=off,$jumbo event_idx=off,$jumbo mrg_rxbuf=off; do
		nics virtio-net,packed=off,$change virtio-net,packed=on,$change
	done
	boot
}

# path PORT PATTERN: what leat-fwd says that it chose.
path() { grep -qE "^port $1: .*, virtio-net, $2" /tmp/fwd.log; }

guest() {
	devices=$(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci $devices
	for scheme in group iommufd; do
		# shellcheck disable=SC2046
		start fwd leat-fwd $(printf "$scheme:%s " $devices)
		step "$scheme: leat-fwd is at work" says fwd '^ +1 s'
		step "$scheme: split" path 0 'split queues .*mergeable'
		step "$scheme: packed" path 1 'packed \(RING_PACKED\) .*mergeable'
		step "$scheme: split, in order" path 2 'split in-order '
		step "$scheme: packed, in order" path 3 'packed in-order '
		step "$scheme: one buffer a frame" path 8 '.*one buffer a frame'
		step "$scheme: short frames" ask exchange count=1000 sizes=60-1514 window=32 ways=8-9,9-8
		step "$scheme: all frames" ask exchange count=2000 window=32 ways=0-1,1-0,2-3,3-2,4-5,5-4,6-7,7-6
		step "$scheme: leat-fwd ends well" stop fwd
		step "$scheme: no DMA went astray" no_faults
	done
}
