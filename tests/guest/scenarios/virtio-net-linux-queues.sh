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
	set -- "four pairs, spread by RSS" queues 4
	linux_has virtio_net "$@"
	traffic 20
	for stream in $(seq 12); do
		step "stream $stream" tcp_out 1
	done
	step "more than one queue receives" spread
	linux_lives virtio_net 20 5 "$@"
}

# queues N: so many receive and transmit queues are in use, and RSS was negotiated.
queues() {
	net=/sys/class/net/$(interface_of virtio_net)
	[ "$(echo "$net"/queues/rx-* | wc -w)" = "$1" ] && [ "$(echo "$net"/queues/tx-* | wc -w)" = "$1" ] &&
		negotiated virtio_net 60
}

# Interrupts of at least two receive queues were seen.
spread() { [ "$(awk '/virtio[0-9]*-input/ { n = 0; for (i = 2; i < NF; i++) n += $i; if (n > 0) c++ } END { print c }' /proc/interrupts)" -ge 2 ]; }
