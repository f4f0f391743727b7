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
