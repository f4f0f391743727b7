# SPDX-License-Identifier: BSD-3-Clause
# What scenarios with the kernel's VFIO use inside the guest: devices, programs of ours, requests to
# the other side of QEMU. Read by guest.sh.

# --- Devices -------------------------------------------------------------------------------------

# functions VENDOR:DEVICE: their addresses, in order.
functions() {
	for path in /sys/bus/pci/devices/*; do
		[ "$(cut -c 3- "$path/vendor"):$(cut -c 3- "$path/device")" != "$1" ] || echo "${path##*/}"
	done
}

driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver" || echo none)"; }

# give DRIVER ADDRESS...: each to that driver and no other; '' gives it back to Linux's own.
give() {
	driver=$1
	shift
	# Unless they are built in; busybox heeds no soft dependencies
	[ "$driver" != vfio-pci ] || modprobe -a vfio-pci vfio_iommu_type1 2>/dev/null || true
	for bdf; do
		echo "$driver" >"/sys/bus/pci/devices/$bdf/driver_override"
		[ "$(driver_of "$bdf")" = none ] || echo "$bdf" >"/sys/bus/pci/devices/$bdf/driver/unbind"
		echo "$bdf" >/sys/bus/pci/drivers_probe
		[ "$(driver_of "$bdf")" = "${driver:-$(driver_of "$bdf")}" ] || return
	done
}

driven() { [ "$(driver_of "$1")" = "$2" ]; }

# refused WORDS leat's ARGUMENT...: status 1, for a reason with these words.
refused() {
	reason=$1
	shift
	leat "$@" 2>/tmp/leat.log && return 1
	[ $? = 1 ] && grep -q "$reason" /tmp/leat.log
}

# shown ADDRESS WORDS: by leat devices.
shown() { leat devices | grep "^$1 " | grep -q "$2"; }

# group_node and char_node ADDRESS: what stands for it in /dev.
group_node() {
	number=$(basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")")
	[ -e "/dev/vfio/$number" ] && echo "/dev/vfio/$number" || echo "/dev/vfio/noiommu-$number"
}

char_node() { echo "/dev/vfio/devices/$(basename "/sys/bus/pci/devices/$1/vfio-dev/"vfio*)"; }

# --- Programs ------------------------------------------------------------------------------------

# start NAME COMMAND...: in the background; its words are in /tmp/NAME.log.
start() {
	eval "job=$1"
	shift
	: >"/tmp/$job.log"
	"$@" >"/tmp/$job.log" 2>&1 &
	echo $! >"/tmp/$job.pid"
}

# user KIB COMMAND...: instead of the shell, as uid 1000 that may lock so much memory.
user() {
	ulimit -l "$1"
	shift
	exec su leat -c "exec $*"
}

ended() { ! grep -q '^State:.[^Z]' "/proc/$(cat "/tmp/$1.pid")/status" 2>/dev/null; }

# says NAME PATTERN [SECONDS]: waits for a line of the program's.
says() {
	until_true "${3:-20}" says_or_ended "$1" "$2" && grep -qE "$2" "/tmp/$1.log"
}
says_or_ended() { grep -qE "$2" "/tmp/$1.log" || ended "$1"; }

# stop NAME: asks it to end, and it ends well.
stop() {
	pid=$(cat "/tmp/$1.pid")
	kill -TERM "$pid" && until_true 10 ended "$1" && wait "$pid"
}

# --- The other side ------------------------------------------------------------------------------

# ask REQUEST WORD...: of tests/guest/peer, which has them all. Its answer is in $answer.
ask() {
	echo "$*" >&8
	IFS= read -r -t 120 answer <&8 || answer="FAIL no answer to $*"
	say "asked: $*: $answer"
	[ "${answer%% *}" = ok ] && answer=${answer#ok }
}

# forwarding TITLE SCHEME [user KIB]: leat-fwd, with $options, between
# the devices in $devices; 20,000 frames each way, at most $window under way on each. Broadcasts,
# but to virtual functions, which say what their addresses are.
forwarding() {
	title=$1 scheme=$2
	shift 2
	# shellcheck disable=SC2046,SC2086
	start fwd "$@" leat-fwd ${options:-} $(printf "$scheme%s " $devices)
	step "$title: leat-fwd is at work" says fwd '^ +1 s'
	to=$(addresses)
	step "$title: 20,000 frames each way" ask exchange ${window:+window=$window} ${to:+to=$to}
	step "$title: leat-fwd ends well" stop fwd
	step "$title: the books balance" [ "$(grep -cE 'RX-packets: 20000 .*TX-packets: 20000 ' /tmp/fwd.log)" = 2 ]
	step "$title: no DMA went astray" no_faults
}

# --- NICs that go, and come back -----------------------------------------------------------------

# leat-fwd --reopen has two pairs of them by $scheme. $port is the one that goes, of the first pair, and
# $opened counts how often it was opened again.

# poured: into the NIC that is to go, until some have come out at the other.
poured() {
	ask arrived $((1 - port)) && before=$answer && ask pour "$port" && until_true 10 more_arrived
}
more_arrived() { ask arrived $((1 - port)) && [ "$answer" -gt $((before + 1000)) ]; }

others_go_on() {
	ask pour
	step "$scheme: the port said so" [ "$(grep -c "port $port closed" /tmp/fwd.log)" = $((opened + 1)) ]
	step "$scheme: the others go on" ask exchange count=2000 ${window:+window=$window} ways=2-3,3-2
}

all_go_on() {
	opened=$((opened + 1))
	step "$scheme: leat-fwd has it again" until_true 10 opened_again
	step "$scheme: all go on" ask exchange count=2000 ${window:+window=$window} ways=0-1,1-0,2-3,3-2
}
opened_again() { [ "$(grep -c "port $port open again" /tmp/fwd.log)" = "$opened" ]; }

# replugged ADDRESS: it goes by its slot's button, and is put in again.
replugged() {
	step "$scheme: frames on the way" poured
	step "$scheme: unplug" ask unplug "nic$port"
	step "$scheme: unplugged" ask unplugged "nic$port"
	others_go_on
	step "$scheme: plug" ask plug "nic$port"
	step "$scheme: Linux sees it" until_true 10 [ -e "/sys/bus/pci/devices/$1/driver" ]
	step "$scheme: vfio-pci has it again" leat bind "$1"
	all_go_on
}

# --- NICs on one cable ----------------------------------------------------------------------------

# linux_up ADDRESS: the interface that Linux's driver makes of it, in $interface, silent but up.
linux_up() {
	interface=$(ls "/sys/bus/pci/devices/$1/net")
	echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6" 2>/dev/null || true
	up "$interface"
}

# vf_of ADDRESS: makes one virtual function of it, for nobody yet, and prints its address.
vf_of() {
	echo 0 >"/sys/bus/pci/devices/$1/sriov_drivers_autoprobe" &&
		echo 1 >"/sys/bus/pci/devices/$1/sriov_numvfs" &&
		basename "$(readlink "/sys/bus/pci/devices/$1/virtfn0")"
}

# computing ADDRESS ADDRESS ADDRESS: what the first two compute, take and wake, by what the third's
# driver, Linux's own, sends; by the group and by iommufd.
computing() {
	step "Linux's interface is up" linux_up "$3"
	step "vfio-pci has the others" give vfio-pci "$1" "$2"
	for scheme in group iommufd; do
		step "$scheme: offloads" probe-offloads "$scheme:$1" "$scheme:$2" "$interface"
		step "$scheme: filters and queues" probe-filters "$scheme:$1" "$scheme:$2"
		step "$scheme: sleepers" probe-wake "$scheme:$1" "$scheme:$2" msi
	done
	step "no DMA went astray" no_faults
}
up() { ip link set "$1" up && until_true 10 carrier "$1"; }

# living ADDRESS...: a hundred starts, and a violent death; by the group and by iommufd.
living() {
	step "vfio-pci has them" give vfio-pci "$@"
	for scheme in group iommufd; do
		# shellcheck disable=SC2046
		step "$scheme: lives" probe-lives $(printf "$scheme:%s " "$@")
	done
	step "no DMA went astray" no_faults
}

# queueing ADDRESS ADDRESS ADDRESS ADDRESS: what becomes of flows in those of queue_pairs; and that leat-fwd announces.
queueing() {
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

# addresses: of the virtual functions that leat-fwd has.
addresses() { sed -n 's/^port .*virtual function \([0-9a-f:]*\),.*/\1/p' /tmp/fwd.log | tr '\n' ,; }

# --- The kernel's log ----------------------------------------------------------------------------

faults() { dmesg | grep -c 'DMAR:.*fault'; }
no_faults() { [ "$(faults)" = 0 ]; }

# --- What is wrong with this world ---------------------------------------------------------------

under=	# words in front of the programs below: as_leat 64

# as_leat KIB COMMAND...: as uid 1000 that may lock so much memory.
as_leat() (
	ulimit -l "$1"
	shift
	exec su leat -c 'exec "$@"' sh "$@"
)

# doctor ADDRESS VERDICT CHECK REMEDY: what leat doctor names first, and a part of how to mend it.
doctor() {
	$under leat doctor "$1" >/tmp/doctor 2>&1 && status=0 || status=$?
	grep -q "^first: $2: $3: " /tmp/doctor && grep '^mend it: ' /tmp/doctor | grep -qF "$4" &&
		[ "$status" = "$([ "$2" = problem ] && echo 1 || echo 0)" ] && return
	say "leat doctor $1 ended with $status, and said"
	cat /tmp/doctor
	return 1
}

# opens ADDRESS ERROR WORDS: whether it does, and what it says; `-` for ERROR: it opens.
opens() { $under probe-open "$@"; }

# our_pfs ADDRESS...: probe-pf has them, and each a virtual function; those are in $devices, with
# what opens them behind the scheme.
TOKEN=12345678-9abc-def0-1234-56789abcdef0
our_pfs() {
	devices=
	step "vfio-pci has the physical functions" give vfio-pci "$@"
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	# shellcheck disable=SC2046
	start pf probe-pf $(printf "group:%s,token=$TOKEN " "$@")
	step "they are ours" says pf '^all are open'
	for pf; do
		vf=$(vf_of "$pf")
		step "vfio-pci has a virtual function" give vfio-pci "$vf"
		devices="$devices $vf,token=$TOKEN"
	done
	step "their ports know of them" until_true 20 all_restarted $#
}
all_restarted() { [ "$(grep -c ': started$' /tmp/pf.log)" -ge "$1" ]; }

# told COUNT WORDS: so often, or more, by leat-fwd.
told() { [ "$(grep -c "$2" /tmp/fwd.log)" -ge "$1" ]; }

# vf_cable: leat-fwd is started between the virtual functions in $devices; the cable of the first one's NIC
# is pulled and put in, which is their link, too. Their addresses are in $to then.
vf_cable() {
	# shellcheck disable=SC2046
	start fwd leat-fwd $(printf 'group:%s ' $devices)
	step "leat-fwd is at work" says fwd '^ +1 s'
	to=$(addresses)
	step "pull a cable" ask monitor set_link nic0 off
	step "the link is down" says fwd 'link down'
	step "put it in" ask monitor set_link nic0 on
	step "the link is up" until_true 20 told 3 'link up'
	step "frames flow" flow
}
flow() { ask exchange count=1000 window=32 sizes=60-1514 to="$to"; }
