# SPDX-License-Identifier: BSD-3-Clause
# Linux's virtio_net drives four queue pairs of our model, spread by RSS: traffic, and lives; the
# receive mode, VLANs and announcing by the control queue.

host() {
	smp=4
	wire 20
	nic virtio-net queues=4,rss=on,hash=on,event-idx=on
	boot
}

guest() {
	step "virtio_net is bound" until_true 10 bound virtio_net
	step "four pairs, spread by RSS" queues 4
	step "interface up" net_up virtio_net
	step "ping" answers 3
	step "20 MB from the host" tcp_in
	step "20 MB to the host" tcp_out 20
	for stream in $(seq 12); do
		step "stream $stream" tcp_out 1
	done
	step "more than one queue receives" spread
	for cycle in $(seq 5); do
		step "cycle $cycle" another_life
	done
	step "20 MB from the host, again" tcp_in
}

# queues N: so many receive and transmit queues are in use, and RSS was negotiated.
queues() {
	net=/sys/class/net/$(interface_of virtio_net)
	[ "$(echo "$net"/queues/rx-* | wc -w)" = "$1" ] && [ "$(echo "$net"/queues/tx-* | wc -w)" = "$1" ] &&
		[ "$(cut -c 61 <"$net/device/features")" = 1 ]
}

# Interrupts of at least two receive queues were seen.
spread() { [ "$(awk '/virtio[0-9]*-input/ { n = 0; for (i = 2; i < NF; i++) n += $i; if (n > 0) c++ } END { print c }' /proc/interrupts)" -ge 2 ]; }

another_life() {
	virtio=$(readlink -f "/sys/class/net/$(interface_of virtio_net)/device")
	net_down virtio_net && net_up virtio_net && answers &&
		rebind virtio "${virtio##*/}" virtio_net && net_up virtio_net && answers
}
