# SPDX-License-Identifier: BSD-3-Clause
# Linux's virtio_net drives our virtio-net model in shared memory: traffic, and twenty lives.

host() {
	wire 20
	nic virtio-net
	boot
}

guest() {
	step "virtio_net is bound" until_true 10 bound virtio_net
	step "interface up" net_up virtio_net
	step "ping" answers 3
	step "20 MB from the host" tcp_in
	step "20 MB to the host" tcp_out 20
	for cycle in $(seq 20); do
		step "cycle $cycle" another_life
	done
	step "20 MB from the host, again" tcp_in
	step "20 MB to the host, again" tcp_out 20
}

# The interface goes down and up, the driver is taken away and comes back: once from the virtio
# device, which resets it, and once from the PCI function, which also gives back its interrupts.
another_life() {
	virtio=$(readlink -f "/sys/class/net/$(interface_of virtio_net)/device")
	pci=${virtio%/*}
	net_down virtio_net && net_up virtio_net && answers &&
		rebind virtio "${virtio##*/}" virtio_net && net_up virtio_net && answers &&
		rebind pci "${pci##*/}" virtio-pci && net_up virtio_net && answers
}
