# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd and DPDK's testpmd by turns, each between two NICs of the same model: how many frames of
# 60 bytes a second pass, and how many with one write to a doorbell. Read by scenarios/versus/*.sh,
# which set nic and id; no tests, so `run all` has none of them. `versus` runs them.

machine=vfio
pmds=/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0
programs="leat-fwd /usr/bin/dpdk-testpmd $pmds/librte_mempool_ring.so.23.0
	$pmds/librte_net_virtio.so.23.0 $pmds/librte_net_e1000.so.23.0"
rounds=${LEAT_VERSUS_ROUNDS:-10}

host() {
	SCENARIO_LIMIT=$((120 + 15 * rounds))
	words="$words leat.rounds=$rounds"
	nics "$nic" "$nic" "$nic" "$nic"
	boot -D "$dir/trace.log"
}

# Both: queues of 256, bursts of 32, CPU 1. The other one stands still meanwhile.
start_leat() {
	# shellcheck disable=SC2086
	start leat leat-fwd --cpus=1 $1
	says leat '^ +1 s'
}

start_dpdk() {
	# shellcheck disable=SC2046
	start dpdk dpdk-testpmd --in-memory --no-telemetry --iova-mode=va --lcores=0@0,1@1 \
		$(for pmd in /bin/librte_*; do echo "-d $pmd"; done) $(printf -- '-a %s ' $1) \
		-- --forward-mode=io --nb-cores=1 --rxd=256 --txd=256 --burst=32 \
		--total-num-mbufs=4096 --disable-link-check --stats-period=5
	says dpdk 'Port statistics' 60
}

tell() { kill "-$1" "$(cat "/tmp/$2.pid")"; }

# turn WHO WIRES
turn() {
	tell CONT "$1" && ask flood "$1" "$2" && tell STOP "$1"
}

# half LEAT'S-WIRES DPDK'S-WIRES LEAT'S-NICS DPDK'S-NICS
half() {
	step "leat-fwd between $3" start_leat "$3"
	tell STOP leat
	step "testpmd between $4" start_dpdk "$4"
	tell STOP dpdk
	for round in $(seq "$rounds"); do
		step "round $round: leat" turn leat "$1"
		step "round $round: dpdk" turn dpdk "$2"
	done
	for who in leat dpdk; do
		tell CONT "$who"
		step "$who ends" stop "$who"
	done
}

guest() {
	rounds=$(sed -n 's/.*leat\.rounds=\([0-9]*\).*/\1/p' /proc/cmdline)
	devices=$(functions "$id")
	step "vfio-pci has them" give vfio-pci $devices
	# shellcheck disable=SC2086
	set -- $devices
	half 0,1 2,3 "$1 $2" "$3 $4"
	half 2,3 0,1 "$3 $4" "$1 $2"
}
