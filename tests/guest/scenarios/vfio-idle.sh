# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd that sleeps until packets come, by group and by iommufd: by MSI-X, and by INTx where a NIC
# has no MSI-X. Few frames are under way at a time, so that it sleeps again and again.

machine=vfio
programs=leat-fwd

host() {
	nics virtio-net virtio-net virtio-net,vectors=0 virtio-net,vectors=0
	boot
}

guest() {
	all=$(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci $all
	# shellcheck disable=SC2086
	set -- $all
	for idle in adaptive intr; do
		sleeping "$idle, MSI-X" $idle group: MSI-X 0-1,1-0 "$1" "$2"
		sleeping "$idle, INTx" $idle "" INTx 2-3,3-2 "$3" "$4"
	done
	latency=20
	options="--pipeline --wake-latency $latency"
	sleeping "adaptive, pipeline" adaptive "" MSI-X 0-1,1-0 "$1" "$2"
}

# sleeping TITLE IDLE SCHEME INTERRUPT WAYS DEVICE DEVICE
sleeping() {
	title=$1
	start fwd leat-fwd --idle "$2" ${options:-} "$3$6" "$3$7"
	step "$title: leat-fwd is at work" says fwd '^ +1 s'
	step "$title: so it is" [ "$(grep -cE "^port .*, $4\$" /tmp/fwd.log)" = 2 ]
	[ -z "${latency:-}" ] || step "$title: the kernel keeps its wake-up latency" keeps "$latency"
	step "$title: one frame at a time" ask exchange count=300 window=1 sizes=60-1514 ways="$5"
	step "$title: many" ask exchange count=3000 sizes=60-1514 ways="$5"
	step "$title: it needs no CPU" rests
	step "$title: it ends well" stop fwd
	step "$title: it slept" grep -qE '^CPU share.*, asleep [0-9]{3,} times$' /tmp/fwd.log
	step "$title: the books balance" [ "$(grep -cE 'RX-packets: 3300 .*TX-packets: 3300 ' /tmp/fwd.log)" = 2 ]
}

# keeps USEC: as long as leat-fwd asks for it.
keeps() { [ "$(hexdump -n 4 -e '"%d"' /dev/cpu_dma_latency)" = "$1" ]; }

# At most a tenth of a CPU in three seconds without a frame: a poller takes all of it each time, but a
# guest whose host is busy at times counts as ours what it did not get.
rests() {
	for _ in 1 2 3 4 5; do
		before=$(ticks)
		sleep 3
		after=$(ticks)
		say "$((after - before)) hundredths of a second"
		[ $((after - before)) -gt 30 ] || return 0
	done
	return 1
}
ticks() { awk '{ print $14 + $15 }' "/proc/$(cat /tmp/fwd.pid)/stat"; }
