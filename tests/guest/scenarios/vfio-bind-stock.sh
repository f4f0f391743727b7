# SPDX-License-Identifier: BSD-3-Clause
# leat bind and unbind on Debian 12 as it is, where vfio-pci is a module and a function's override cannot
# even be read while a program keeps it: leat-fwd lets go at once when asked, and not when it is stopped.

machine=stock
programs="leat leat-fwd"

host() {
	nics virtio-net virtio-net
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	nic=$(echo "$devices" | head -n 1)
	step "vfio-pci is not there" refused '(sudo modprobe vfio-pci)' bind "$nic"
	modprobe -a vfio-pci vfio_iommu_type1
	step "bind" leat bind $devices

	at_work
	step "unbind returns" unbound_in 5 "$nic"
	step "the kernel's" driven "$nic" virtio-pci
	step "leat-fwd ends well" stop fwd
	step "bind" leat bind "$nic"

	at_work
	kill -STOP "$(cat /tmp/fwd.pid)"
	step "unbind names the program" refused "still open in leat-fwd (process $(cat /tmp/fwd.pid))" unbind "$nic"
	step "listing does not wait" shown "$nic" '\*Leaving'
	step "once more" refused 'still open in leat-fwd' unbind "$nic"
	kill -CONT "$(cat /tmp/fwd.pid)"
	step "then Linux has it" until_true 10 driven "$nic" virtio-pci
	step "leat-fwd ends well" stop fwd
}

at_work() {
	# shellcheck disable=SC2046
	start fwd leat-fwd $(printf "group:%s " $devices)
	step "leat-fwd is at work" says fwd '^ +1 s'
}

unbound_in() { # SECONDS ADDRESS: leat unbind waits two, Linux's own driver takes its time
	before=$(cut -d . -f 1 /proc/uptime)
	leat unbind "$2" && [ $(($(cut -d . -f 1 /proc/uptime) - before)) -le "$1" ]
}
