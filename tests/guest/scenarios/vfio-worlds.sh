# SPDX-License-Identifier: BSD-3-Clause
# Worlds in which something is wrong with one device or one user: `leat doctor` names it first, with
# its remedy, and so does the open where it fails. Machines that are wrong are in vfio-world-*.

machine=vfio
programs="leat probe-open"

host() {
	hub=0
	nics virtio-net virtio-net e1000 e1000
	boot
}

guest() {
	set -- $(functions 1af4:1041)
	net=$1
	set -- $(functions 8086:100e)
	first=$1 second=$2

	step "a kernel driver has it: named" doctor "$net" problem device "leat bind $net"
	step "a kernel driver has it: refused" opens "$net" EBUSY "leat bind $net"

	step "vfio-pci has some" give vfio-pci "$net" "$first"
	step "group shared: named" doctor "$first" problem group "leat bind $second"
	for way in group iommufd; do
		step "group shared: refused by $way" opens "$way:$first" EBUSY "$second"
	done

	under="as_leat 65536"
	step "node not permitted: named" doctor "$net" problem node chown
	for way in group iommufd; do
		step "node not permitted: refused by $way" opens "$way:$net" EACCES permitted
	done

	chown leat "$(group_node "$net")" "$(char_node "$net")" /dev/iommu
	chmod 666 /dev/vfio/vfio
	for way in group iommufd; do
		step "permitted by $way" opens "$way:$net" - "opened by"
	done
	under="as_leat 64"
	step "memory limit too low: named" doctor "$net" problem memlock limits
	for way in group iommufd; do
		step "memory limit too low: refused by $way" \
			opens "$way:$net" ENOMEM "bytes must be locked"
	done

	under=
	sleep 1000 7<>"$(group_node "$net")" &
	step "busy: named" doctor "$net" problem busy kill
	step "busy: refused by group" opens "group:$net" EBUSY "in use"
	step "busy: refused by iommufd" opens "iommufd:$net" EBUSY "in use"
	kill $!
	wait $! || true

	step "nothing is wrong" leat doctor "$net"
	under="taskset -c 0"
	step "one CPU: named" doctor "$net" warning cpu cpuset
	step "one CPU: opens" opens "$net" - "opened by"
	under=
	echo 0 >/proc/sys/vm/nr_hugepages
	step "no hugepages: named" doctor "$net" warning hugepages nr_hugepages
	step "no hugepages: opens" opens "$net" - "opened by"
}
