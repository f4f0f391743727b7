# SPDX-License-Identifier: BSD-3-Clause
# Linux's virtio_net drives packed queues of our model in memory that only messages reach.

host() {
	memory=private
	wire 2
	nic virtio-net packed=on,event-idx=on
	boot
}

guest() {
	step "virtio_net is bound" until_true 10 bound virtio_net
	step "the queues are packed, with event words" agreed 34 29
	step "interface up" net_up virtio_net
	step "ping" answers 3
	step "2 MB from the host" tcp_in
	step "2 MB to the host" tcp_out 2
	for cycle in $(seq 2); do
		step "cycle $cycle" another_life
	done
	step "2 MB from the host, again" tcp_in
	step "2 MB to the host, again" tcp_out 2
}

# agreed BIT...: these features were negotiated.
agreed() {
	features=$(cat "/sys/class/net/$(interface_of virtio_net)/device/features")
	for bit; do
		[ "$(echo "$features" | cut -c $((bit + 1)))" = 1 ] || return
	done
}

another_life() {
	virtio=$(readlink -f "/sys/class/net/$(interface_of virtio_net)/device")
	net_down virtio_net && net_up virtio_net && answers &&
		rebind virtio "${virtio##*/}" virtio_net && net_up virtio_net && answers
}
