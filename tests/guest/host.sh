# SPDX-License-Identifier: BSD-3-Clause
# What scenarios use outside the guest. Read by `run`, inside namespaces of the scenario's own: what
# is started or created here goes when the scenario ends, whichever way it ends.
#
# LEAT_GUEST_NIC=qemu puts QEMU's own device model in the place of leat-nicd's: a control, to tell
# a fault of the harness or of Linux from a fault of ours.

. "$here/common.sh"

TAP=leat0
BOOT_LIMIT=60		# seconds until the guest must have spoken
SCENARIO_LIMIT=240	# seconds until it must have ended

ram=256M
smp=2
memory=shared		# or `private`: the device cannot map it and asks QEMU for every byte
words=			# more for the kernel's command line
nic_args=

skip() { echo "$*" >"$dir/why"; exit "$SKIP"; }
fail() { echo "$*" >"$dir/why"; exit 1; }

# wait_for SECONDS COMMAND...
wait_for() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

alive() { kill -0 "$1" 2>/dev/null; }

# --- The wire ------------------------------------------------------------------------------------

# wire MEGABYTES: a tap with the host's address, TCP services behind it with so much data.
wire() {
	[ -w /dev/net/tun ] || skip "no access to /dev/net/tun"
	ip link set lo up
	ip tuntap add dev "$TAP" mode tap || skip "cannot create a tap"
	ip addr add "$HOST/24" dev "$TAP"
	ip link set "$TAP" up
	serve "$1"
}

serve() {
	head -c "${1}M" /dev/urandom >"$dir/data"
	md5sum <"$dir/data" | cut -d ' ' -f 1 >"$dir/sum"
	busybox nc -ll -p "$PORT_DATA" -e cat "$dir/data" &
	busybox nc -ll -p "$PORT_SUM" -e cat "$dir/sum" &
	busybox nc -ll -p "$PORT_SINK" -e md5sum &
}

# --- The NIC -------------------------------------------------------------------------------------

# nic MODEL [OPTIONS]: the emulated NIC between the wire and the guest; the options are
# leat-nicd's. Sets nic_args.
nic() {
	if [ "${LEAT_GUEST_NIC:-nicd}" = qemu ]; then
		case $1 in
		virtio-net) device=virtio-net-pci,disable-legacy=on ;;
		*) device=$1 ;;
		esac
		nic_args="-netdev tap,id=wire,ifname=$TAP,script=no,downscript=no
			-device $device,netdev=wire"
		return
	fi
	socket=$dir/nic.sock
	"$nicd" "$1:$socket,wire=tap:$TAP${2:+,$2}" >"$dir/nicd.log" 2>&1 &
	nicd_pid=$!
	wait_for 10 [ -S "$socket" ] || fail "leat-nicd does not listen"
	nic_args="-device {\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"$socket\"}}"
}

# Serving a guest must leave leat-nicd able to end well; its last words tell how memory was reached.
nic_stop() {
	[ -n "${nicd_pid:-}" ] || return 0
	alive "$nicd_pid" || fail "leat-nicd died: $(tail -n 1 "$dir/nicd.log")"
	kill -TERM "$nicd_pid"
	wait_for 10 gone "$nicd_pid" || fail "leat-nicd does not end on SIGTERM"
	wait "$nicd_pid" || fail "leat-nicd ended with status $?"
	messages=$(sed -n 's/^nic=0 .* dma_messages=\([0-9]*\).*/\1/p' "$dir/nicd.log")
	case $memory/$messages in
	shared/0 | private/[1-9]*) ;;
	*) fail "the guest's memory was $memory, and leat-nicd sent ${messages:-?} DMA messages" ;;
	esac
}

gone() { ! alive "$1"; }

# --- The guest -----------------------------------------------------------------------------------

said() { grep -q "^leat-guest: $1" "$dir/console"; }
spoke_or_ended() { said up || gone "$qemu_pid"; }

# boot [QEMU ARGUMENT...]: starts the guest and returns when it has passed.
boot() {
	case $machine/$memory in
	vfio-user/shared) set -- -object "memory-backend-memfd,id=mem,size=$ram,share=on" \
		-machine q35,memory-backend=mem "$@" ;;
	vfio-user/*) set -- -machine q35 "$@" ;;
	esac
	: >"$dir/console"
	# lists of words
	# shellcheck disable=SC2086,SC2046
	"$qemu" -accel tcg,thread=multi -cpu max -smp "$smp" -m "$ram" \
		-nodefaults -no-user-config -no-reboot -display none \
		-chardev "file,id=console,path=$dir/console" -serial chardev:console \
		$([ "$machine" = vfio-user ] || machine_args) \
		-kernel "$kernel" -initrd "$dir/initramfs.gz" -append \
		"console=ttyS0 quiet loglevel=3 panic=-1 no_timer_check leat.scenario=$name $words" \
		$nic_args "$@" >"$dir/qemu.log" 2>&1 &
	qemu_pid=$!
	[ "$machine" = vfio-user ] || start_peer

	wait_for "$BOOT_LIMIT" spoke_or_ended || exit "$SILENT"
	if ! said up; then
		wait "$qemu_pid" || fail "QEMU ended with status $?: $(tail -n 1 "$dir/qemu.log")"
		exit "$SILENT"
	fi
	wait_for "$SCENARIO_LIMIT" gone "$qemu_pid" || fail "not done after $SCENARIO_LIMIT s"
	wait "$qemu_pid" || fail "QEMU ended with status $?: $(tail -n 1 "$dir/qemu.log")"
	said pass || fail "$(sed -n 's/^leat-guest: FAIL //p' "$dir/console" | tail -n 1 |
		grep . || echo "the guest ended without a verdict")"
}

[ "$machine" = vfio-user ] || . "$here/host-vfio.sh"
