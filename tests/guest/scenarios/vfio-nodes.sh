# SPDX-License-Identifier: BSD-3-Clause
# Two NUMA nodes, a CPU and a pair of NICs on each: memory and workers go to the NICs' node, and where
# they cannot, one line says so.

machine=vfio
programs=leat-fwd

host() {
	two_nodes
	for node in 0 1; do
		nic_bus=node$node
		nics virtio-net virtio-net
	done
	boot
}

guest() {
	step "vfio-pci has them" give vfio-pci $(functions 1af4:1041)
	for node in 0 1; do
		step "node $node: leat-fwd is at work" works
		step "node $node: memory" memory_of "$node"
		step "node $node: worker" worker_on "$node"
		step "node $node: no warning" [ "$(warnings)" = 0 ]
		step "node $node: leat-fwd ends well" stop fwd
	done

	step "other CPU: leat-fwd is at work" works taskset 1
	step "other CPU: memory" memory_of 1
	step "other CPU: one warning" [ "$(warnings)" = 1 ]
	step "other CPU: leat-fwd ends well" stop fwd

	echo 0 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
	step "no hugepages there: leat-fwd is at work" works
	step "no hugepages there: worker" worker_on 1
	step "no hugepages there: one warning" [ "$(warnings)" = 1 ]
	step "no hugepages there: leat-fwd ends well" stop fwd
}

# Those of a node: virtio-net, by their PCI host.
pair() {
	for bdf in $(functions 1af4:1041); do
		[ "$(cat "/sys/bus/pci/devices/$bdf/numa_node")" != "$node" ] || echo "$bdf"
	done
}

works() {
	start fwd "$@" leat-fwd $(pair) && says fwd '^ +1 s'
}

# memory_of NODE: leat-fwd has hugepages, of that node only.
memory_of() {
	maps=$(grep -w huge "/proc/$(cat /tmp/fwd.pid)/numa_maps") && echo "$maps" | grep -q " N$1=" &&
		! echo "$maps" | grep " N$((1 - $1))="
}

# worker_on CPU: a thread that may run there only.
worker_on() { grep -q "^Cpus_allowed_list:	$1\$" "/proc/$(cat /tmp/fwd.pid)"/task/*/status; }

warnings() { grep -c 'on node\|from node' /tmp/fwd.log; }
