# SPDX-License-Identifier: BSD-3-Clause
# QEMU's virtio-net with four pairs of packed queues, on taps of Linux's: flows spread, hashed, slept for; sums
# and segments left to the other end; single queues stopped and resized. Announcing, when it is asked for.

machine=vfio
programs="probe-queues probe-segments probe-filters leat-fwd"

host() {
	taps=4
	each=packed=on,mq=on,rss=on,hash=on,vectors=10,queue_reset=on,guest_uso4=on,guest_uso6=on
	plain=packed=on,mq=on,vectors=10,queue_reset=on,in_order=on,indirect_desc=off
	nics virtio-net,$each virtio-net,$each virtio-net,$plain virtio-net,$plain,mrg_rxbuf=off,event_idx=off
	boot
}

guest() {
	set -- $(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci "$@"
	step "sums and segments" probe-segments "group:$1" "group:$2"
	step "filters, hashes and their queues" probe-filters "iommufd:$1" "iommufd:$2"
	step "four queues, spread by hash" probe-queues "iommufd:$1" "iommufd:$2" 4
	step "four queues, spread by the device, in order" probe-queues "group:$3" "group:$4" 4
	step "the same the other way" probe-queues "group:$4" "group:$3" 4
	start fwd leat-fwd "group:$1" "group:$2"
	step "leat-fwd is at work" says fwd '^ +1 s'
	step "the network changed" ask monitor announce_self
	step "it is asked to announce itself" says fwd 'asked to announce itself'
	step "leat-fwd ends well" stop fwd
	step "no DMA went astray" no_faults
}
