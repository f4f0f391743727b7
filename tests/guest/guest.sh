# SPDX-License-Identifier: BSD-3-Clause
# What scenarios use inside the guest: busybox is all there is.

. /guest/common.sh
. /guest/guest-vfio.sh

say() { echo "leat-guest: $*"; }

finish() {
	sync
	poweroff -f
	sleep 60
}

# step WHAT COMMAND...: do it, say that it is done and when; the first that fails ends the scenario.
step() {
	what=$1
	shift
	if "$@"; then
		say "done at $(cut -d ' ' -f 1 /proc/uptime) s: $what"
		return
	fi
	dmesg | tail -n 25
	tail -n 20 /tmp/*.log 2>/dev/null || true
	say "FAIL $what"
	finish
}

# until_true SECONDS COMMAND...: wait for it.
until_true() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		usleep 50000
	done
}

quiet_log() {
	! dmesg | grep -E 'BUG|WARNING:|Call Trace|Oops|TX timeout|transmit queue.*timed out|is not a head|virtio.*(fail|error|bad|invalid)'
}

# --- One network interface, found by the driver that it is bound to ------------------------------

# interface_of DRIVER: prints the interface's name.
interface_of() {
	for path in /sys/class/net/*; do
		driver=$(readlink "$path/device/driver") || continue
		if [ "${driver##*/}" = "$1" ]; then
			echo "${path##*/}"
			return
		fi
	done
	return 1
}

bound() { interface_of "$1" >/dev/null; }
unbound() { ! bound "$1"; }
carrier() { [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = 1 ]; }

# net_up DRIVER: address and link.
net_up() {
	nic=$(interface_of "$1") || return
	ip addr flush dev "$nic" && ip addr add "$GUEST/24" dev "$nic" &&
		ip link set "$nic" up && until_true 10 carrier "$nic"
}

net_down() {
	nic=$(interface_of "$1") && ip link set "$nic" down
}

# rebind BUS DEVICE DRIVER: takes the device from its driver and gives it back.
rebind() {
	echo "$2" >"/sys/bus/$1/drivers/$3/unbind" && echo "$2" >"/sys/bus/$1/drivers/$3/bind"
}

# --- Traffic -------------------------------------------------------------------------------------

answers() { ping -c "${1:-1}" -W 5 "$HOST" >/dev/null; }

sum() { md5sum | cut -d ' ' -f 1; }

same() {
	[ -n "$1" ] && [ "$1" = "$2" ] && return
	say "checksum $1 here, $2 there"
	return 1
}

# tcp_in: all that the host has to send, compared with the host's own checksum.
tcp_in() {
	same "$(nc -w 10 "$HOST" "$PORT_DATA" </dev/null | sum)" \
		"$(nc -w 10 "$HOST" "$PORT_SUM" </dev/null)"
}

# tcp_out MEGABYTES: random data, compared with what the host says it got.
tcp_out() {
	dd if=/dev/urandom of=/tmp/out bs=1M count="$1" 2>/dev/null || return
	same "$(sum </tmp/out)" "$(nc -w 10 "$HOST" "$PORT_SINK" </tmp/out | cut -d ' ' -f 1)"
}

# traffic MEGABYTES [WORDS]: so many each way.
traffic() {
	step "$1 MB from the host${2:-}" tcp_in
	step "$1 MB to the host${2:-}" tcp_out "$1"
}

# --- Linux's driver on a NIC of the host's -------------------------------------------------------

life=another_life	# of a NIC, see linux_lives: or another_link

# linux_works DRIVER MEGABYTES LIVES [WHAT CHECK...]: it has the NIC, which moves so much each way, and again
# after so many lives. CHECK, with words for it, is true of the NIC in each of them.
linux_works() {
	linux=$1 megabytes=$2 lives=$3
	shift 3
	linux_has "$linux" "$@"
	traffic "$megabytes"
	linux_lives "$linux" "$megabytes" "$lives" "$@"
}

# linux_has DRIVER [WHAT CHECK...]: the first part of that.
linux_has() {
	linux=$1
	shift
	step "$linux is bound" until_true 10 bound "$linux"
	step "interface up" net_up "$linux"
	step "ping" answers 3
	[ $# = 0 ] || step "$@"
}

# linux_lives DRIVER MEGABYTES LIVES [WHAT CHECK...]: the last part of it.
linux_lives() {
	linux=$1 megabytes=$2 lives=$3
	shift 3
	for cycle in $(seq "$lives"); do
		step "cycle $cycle" "$life" "$linux"
		[ $# = 0 ] || step "$@"
	done
	traffic "$megabytes" ", again"
}

# another_life DRIVER: the interface goes down and up, the device is taken from its driver and comes back. So
# does then, where that is a virtio device, which this resets, its PCI function, which also gives back its interrupts.
another_life() {
	device=$(readlink -f "/sys/class/net/$(interface_of "$1")/device")
	another_link "$1" && taken_and_back "$1" "$device" || return
	[ "$(link_name "$device/subsystem")" != virtio ] || taken_and_back "$1" "${device%/*}"
}

another_link() { net_down "$1" && net_up "$1" && answers 1; }

taken_and_back() {
	rebind "$(link_name "$2/subsystem")" "${2##*/}" "$(link_name "$2/driver")" &&
		until_true 10 bound "$1" && net_up "$1" && answers 1
}

link_name() { basename "$(readlink "$1")"; }

# one_interrupt DRIVER CHIP: all that the NIC has.
one_interrupt() { [ "$(grep -c "$2.* $(interface_of "$1")\$" /proc/interrupts)" = 1 ]; }

# by_msix DRIVER: a vector for a pair of queues at least, and one for all else.
by_msix() {
	set -- "/sys/class/net/$(interface_of "$1")/device/msi_irqs"/*
	[ "$#" -ge 2 ] && [ "$(cat "$1")" = msix ]
}

# negotiated DRIVER BIT...: these features of virtio's.
negotiated() {
	features=$(cat "/sys/class/net/$(interface_of "$1")/device/features")
	shift
	for bit; do
		[ "$(echo "$features" | cut -c $((bit + 1)))" = 1 ] || return
	done
}
