# SPDX-License-Identifier: BSD-3-Clause
# leat devices, bind, unbind and vfs on Linux's own sysfs: devices change hands and come back, those
# in use do not, one that a program keeps open does not keep us.

machine=vfio
programs=leat

host() {
	nics virtio-net e1000e igb e1000 e1000
	boot
}

guest() {
	virtio=$(functions 1af4:1041) e1000e=$(functions 8086:10d3) igb=$(functions 8086:10c9)
	first=$(functions 8086:100e | head -n 1) second=$(functions 8086:100e | tail -n 1)

	step "five devices of the kernel" [ "$(leat devices | grep -c ' drv=.* if=eth.* group=')" = 5 ]
	changes_hands "$virtio" virtio-pci
	changes_hands "$e1000e" e1000e
	in_use "$e1000e" e1000e
	shared_group
	users_device
	kept_open
	virtual_functions
}

netif() { ls -d "/sys/bus/pci/devices/$1"/net/* "/sys/bus/pci/devices/$1"/virtio*/net/* 2>/dev/null | sed 's|.*/||'; }

changes_hands() { # ADDRESS DRIVER
	step "$2: bind by interface" leat bind "$(netif "$1")"
	step "$2: bound" driven "$1" vfio-pci
	step "$2: shown" shown "$1" ' drv=vfio-pci group='
	step "$2: node" [ -c "$(char_node "$1")" ]
	step "$2: bind again" leat bind "$1"
	step "$2: unbind" leat unbind "$1"
	step "$2: the kernel's" driven "$1" "$2"
	step "$2: its interface is back" until_true 5 [ -n "$(netif "$1")" ]
	step "$2: no override" [ "$(cat "/sys/bus/pci/devices/$1/driver_override")" = "(null)" ]
	step "$2: unbind again" leat unbind "$1"
	step "$2: a driver that will not have it" refused 'writing' bind --driver vmxnet3 "$1"
	step "$2: still the kernel's" driven "$1" "$2"
	step "$2: its interface is back again" until_true 5 [ -n "$(netif "$1")" ]
}

in_use() { # ADDRESS DRIVER
	nic=$(netif "$1")
	step "an address" ip addr add 192.0.2.1/24 dev "$nic"
	step "refused for its address" refused "$nic carries 192.0.2.1/24 (" bind "$1"
	step "no address" ip addr del 192.0.2.1/24 dev "$nic"
	step "a default route" routed "$nic"
	step "refused for its route" refused "$nic carries the default route" bind "$1"
	step "no route" ip route del default dev "$nic"
	step "a bridge" bridged "$nic"
	step "refused for its bridge" refused "$nic is a port of br0" bind "$1"
	step "shown" shown "$1" "\*Active: $nic is a port of br0\*"
	step "still the kernel's" driven "$1" "$2"
	step "bind by force" leat bind --force "$1"
	step "forced" driven "$1" vfio-pci
	step "unbind" leat unbind "$1"
}

routed() { ip link set "$1" up && ip route add default dev "$1"; }
bridged() { brctl addbr br0 && brctl addif br0 "$1"; }

shared_group() {
	step "bind one of two" [ -n "$(leat bind "$first" 2>&1 |
		grep "group [0-9]* is shared with $second (e1000): none")" ]
	step "bind the other" [ -z "$(leat bind "$second" 2>&1 | grep shared)" ]
	step "both are shown" [ "$(leat devices | grep -c '8086:100e drv=vfio-pci')" = 2 ]
	step "the bridge is a member" [ "$(leat devices "$first" | grep -cE "with .*, $second \(vfio-pci\)")" = 1 ]
	step "unbind both" leat unbind "$first" "$second"
	step "a bridge is refused" refused 'it is a bridge' bind --force "$(leat devices "$first" |
		sed -nE 's/.*IOMMU group [0-9]+, with ([^ ]*) .*/\1/p')"
}

users_device() {
	step "bind for a user" leat bind --user 1000 "$e1000e"
	step "the group's node is his" [ "$(stat -c %u "$(group_node "$e1000e")")" = 1000 ]
	step "the character device is his" [ "$(stat -c %u "$(char_node "$e1000e")")" = 1000 ]
	step "he may not unbind it" su leat -c "leat unbind $e1000e 2>&1 | grep -q 'not permitted'"
	step "nothing changed" driven "$e1000e" vfio-pci
	step "unbind" leat unbind "$e1000e"
}

# A program has the device open and does not listen.
kept_open() {
	step "bind" leat bind "$virtio"
	sleep 60 9<>"$(char_node "$virtio")" &
	keeper=$!
	before=$(cut -d . -f 1 /proc/uptime)
	step "unbind names who keeps it" refused "still open in sleep (process $keeper)" unbind "$virtio"
	step "and returns in time" [ $(($(cut -d . -f 1 /proc/uptime) - before)) -lt 10 ]
	step "listing does not wait" shown "$virtio" '\*Leaving'
	step "once more" refused "still open in sleep (process $keeper)" unbind "$virtio"
	step "nobody else gets it" refused 'about to leave its driver' bind "$virtio"
	kill "$keeper"
	step "then Linux has it" until_true 10 driven "$virtio" virtio-pci
}

virtual_functions() {
	step "two virtual functions" [ "$(leat vfs "$igb" 2 | grep -c ': igbvf$')" = 2 ]
	vf=$(leat vfs "$igb" | head -n 1 | cut -d ' ' -f 1)
	step "one for a program" leat bind "${vf%:}"
	step "listed" [ "$(leat vfs "$igb" | grep -c ': vfio-pci$')" = 1 ]
	step "one less" [ "$(leat vfs "$igb" 1 | wc -l)" = 1 ]
	step "nine are too many" refused 'is the most it can have' vfs "$igb" 9
	step "the function stays while it has some" refused 'leat vfs' bind "$igb"
	step "none" [ -z "$(leat vfs "$igb" 0)" ]

	step "the function for a program" leat bind "$igb"
	step "vfio-pci makes none unasked" refused enable_sriov vfs "$igb" 1
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	step "vfio-pci makes one" [ "$(leat vfs "$igb" 1 | grep -c ': vfio-pci$')" = 1 ]
	step "it stays while it has some" refused 'leat vfs' unbind "$igb"
	step "none again" [ -z "$(leat vfs "$igb" 0)" ]
	step "unbind" leat unbind "$igb"
	step "igb has it" driven "$igb" igb
}
